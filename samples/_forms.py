"""What stands on each form, in the order of the paper form: a label for the reader, and a value."""

from __future__ import annotations

from datetime import date

from ._markup import Group, Node, Parts, Ref, Rows, Value, day, kubun, month, month_day, year
from ._people import ACCOUNTANT, YEAR, Taxpayer
from ._sums import SPECIAL_DEDUCTION, Business, ConsumptionTax, IncomeTax, spread

_HEAD: tuple[Node, ...] = (
    ("年分", Ref("NENBUN")),
    ("利用者識別番号", Ref("NOZEISHA_ID")),
    ("住所", Ref("NOZEISHA_ADR")),
    ("フリガナ", Ref("NOZEISHA_NM_KN")),
    ("氏名", Ref("NOZEISHA_NM")),
    ("屋号", Ref("NOZEISHA_YAGO")),
)


def percent(part: int, whole: int = 100) -> str:
    return f"{part * 100 / whole:.2f}"


def income_tax_return_page_1(tax: IncomeTax) -> list[Node]:
    """確定申告書 第一表."""
    business = tax.business
    return [
        Group(
            "申告者",
            [
                ("提出先税務署", Ref("ZEIMUSHO")),
                ("提出年月日", Ref("TEISYUTSU_DAY")),
                ("申告の種類", Ref("SHINKOKU_KBN")),
                *_HEAD,
                ("郵便番号", Ref("NOZEISHA_ZIP")),
                ("電話番号", Ref("NOZEISHA_TEL")),
                ("個人番号", Ref("NOZEISHA_BANGO")),
                ("生年月日", Ref("BIRTHDAY")),
                ("職業", Ref("SHOKUGYO")),
                ("世帯主の氏名", Ref("SETAINUSHI_NM")),
                ("世帯主との続柄", Ref("ZOKUGARA")),
                ("青色申告", kubun(1)),
            ],
        ),
        Group(
            "収入金額等",
            [
                ("事業 営業等 区分", kubun(5)),
                ("事業 営業等", business.sales),
                ("事業 農業", None),
                ("不動産", None),
                ("配当", None),
                ("給与", None),
                ("雑 公的年金等", None),
                ("雑 業務", None),
                ("雑 その他", None),
            ],
        ),
        Group(
            "所得金額等",
            [
                ("事業 営業等", tax.income),
                ("事業 農業", None),
                ("不動産", None),
                ("利子", None),
                ("給与", None),
                ("雑", None),
                ("合計", tax.income),
            ],
        ),
        Group(
            "所得から差し引かれる金額",
            [
                ("社会保険料控除", tax.social),
                ("小規模企業共済等掛金控除", tax.taxpayer.deductions.mutual_aid),
                ("生命保険料控除", tax.life),
                ("地震保険料控除", tax.earthquake),
                ("寡婦、ひとり親控除", None),
                ("勤労学生、障害者控除", None),
                ("配偶者(特別)控除", None),
                ("扶養控除", tax.dependants),
                ("特定親族特別控除", None),
                ("基礎控除", tax.basic),
                ("小計", tax.deductions_without_receipts),
                ("雑損控除", None),
                ("医療費控除", tax.medical or None),
                ("寄附金控除", tax.donation),
                ("合計", tax.deductions),
            ],
        ),
        Group(
            "税金の計算",
            [
                ("課税される所得金額", tax.taxable),
                ("上の金額に対する税額", tax.tax),
                ("配当控除", None),
                ("住宅借入金等特別控除", None),
                ("政党等寄附金等特別控除", None),
                ("差引所得税額", tax.tax),
                ("災害減免額", None),
                ("再差引所得税額(基準所得税額)", tax.tax),
                ("復興特別所得税額", tax.surtax),
                ("所得税及び復興特別所得税の額", tax.total),
                ("外国税額控除等", None),
                ("源泉徴収税額", 0),
                ("申告納税額", tax.due),
                ("予定納税額(第1期分・第2期分)", tax.taxpayer.books.interim_income_tax),
                ("第3期分の税額 納める税金", tax.to_pay),
                ("第3期分の税額 還付される税金", None),
            ],
        ),
        Group(
            "その他",
            [
                ("公的年金等以外の合計所得金額", None),
                ("配偶者の合計所得金額", None),
                ("専従者給与(控除)額の合計額", tax.taxpayer.books.family_worker.total),
                ("青色申告特別控除額", SPECIAL_DEDUCTION),
                ("源泉徴収税額の合計額", None),
                ("未納付の源泉徴収税額", None),
                ("平均課税対象金額", None),
            ],
        ),
    ]


def landlord_return_page_1(rents: int) -> list[Node]:
    """確定申告書 第一表 of somebody with rents only, as far as the benchmarks need it."""
    return [
        Group("申告者", [("提出先税務署", Ref("ZEIMUSHO")), ("提出年月日", Ref("TEISYUTSU_DAY")), *_HEAD]),
        Group(
            "収入金額等", [("事業 営業等 区分", None), ("事業 営業等", None), ("事業 農業", None), ("不動産", rents)]
        ),
        Group(
            "所得金額等",
            [
                ("事業 営業等", None),
                ("事業 農業", None),
                ("不動産", rents),
                ("利子", None),
                ("給与", None),
                ("雑", None),
                ("合計", rents),
            ],
        ),
    ]


def income_tax_return_page_2(tax: IncomeTax) -> list[Node]:
    """確定申告書 第二表."""
    deductions = tax.taxpayer.deductions
    worker = tax.taxpayer.books.family_worker
    return [
        Group("申告者", [*_HEAD]),
        Rows(
            "所得の内訳",
            ("所得の種類", "種目", "支払者の名称及び所在地", "収入金額", "源泉徴収税額"),
            [("営業等", "商品売上", "店頭売上ほか", tax.business.sales, 0)],
        ),
        Rows(
            "社会保険料控除",
            ("保険料等の種類", "支払保険料等の計", "うち年末調整等以外"),
            [
                ("国民健康保険", deductions.health_insurance, deductions.health_insurance),
                ("国民年金", deductions.pension, deductions.pension),
            ],
        ),
        Rows(
            "小規模企業共済等掛金控除",
            ("掛金の種類", "支払掛金の計", "うち年末調整等以外"),
            [("個人型確定拠出年金", deductions.mutual_aid, deductions.mutual_aid)],
        ),
        Group(
            "生命保険料控除",
            [
                ("新生命保険料", deductions.life_insurance),
                ("旧生命保険料", None),
                ("新個人年金保険料", deductions.pension_insurance),
                ("旧個人年金保険料", None),
                ("介護医療保険料", None),
            ],
        ),
        Group("地震保険料控除", [("地震保険料", deductions.earthquake), ("旧長期損害保険料", None)]),
        Group(
            "寄附金控除に関する事項",
            [("寄附先の名称等", "見本県見本市（ふるさと納税）"), ("寄附金", deductions.donation)],
        ),
        Group(
            "医療費控除",
            [
                ("支払った医療費", deductions.medical if tax.medical else None),
                ("保険金などで補填される金額", 0 if tax.medical else None),
                ("控除の基準となる額", tax.medical_threshold if tax.medical else None),
            ],
        ),
        Rows(
            "配偶者や親族に関する事項",
            ("氏名", "個人番号", "続柄", "生年月日", "同居の別", "住民税"),
            [(deductions.child, "000000000000", "子", day(deductions.child_born), kubun(1), kubun(1))],
        ),
        Rows(
            "事業専従者に関する事項",
            ("事業専従者の氏名", "個人番号", "続柄", "生年月日", "従事月数・程度・仕事の内容", "専従者給与(控除)額"),
            [(worker.name, "000000000000", worker.relation, day(worker.born), "12月　販売・経理", worker.total)],
        ),
        Group(
            "住民税・事業税に関する事項",
            [
                ("住民税 自分で納付", kubun(1)),
                ("住民税 都道府県、市区町村への寄附", deductions.donation),
                ("事業税 非課税所得など", None),
                ("事業税 前年中の開(廃)業", None),
                ("特例適用条文等", None),
            ],
        ),
    ]


def statement_page_1(business: Business) -> list[Node]:
    """青色申告決算書(一般用) 損益計算書."""
    books = business.books
    back, put_in = business.allowance
    return [
        Group(
            "申告者",
            [
                *_HEAD,
                ("電話番号", Ref("NOZEISHA_TEL")),
                ("業種名", Ref("SHOKUGYO")),
                ("自", day(date(YEAR, 1, 1))),
                ("至", day(date(YEAR, 12, 31))),
            ],
        ),
        Group(
            "売上原価",
            [
                ("売上(収入)金額(雑収入を含む)", business.sales),
                ("期首商品(製品)棚卸高", books.stock[0]),
                ("仕入金額(製品製造原価)", business.purchases),
                ("小計", books.stock[0] + business.purchases),
                ("期末商品(製品)棚卸高", books.stock[1]),
                ("差引原価", business.cost_of_sales),
                ("差引金額", business.gross),
            ],
        ),
        Rows("経費", ("科目", "金額"), [(expense.label, expense.amount) for expense in business.expenses]),
        Group(
            "所得金額の計算",
            [
                ("経費の計", business.expenses_total),
                ("差引金額", business.gross - business.expenses_total),
                ("繰戻額等 貸倒引当金", back),
                ("繰戻額等 計", back),
                ("繰入額等 専従者給与", books.family_worker.total),
                ("繰入額等 貸倒引当金", put_in),
                ("繰入額等 計", books.family_worker.total + put_in),
                ("青色申告特別控除前の所得金額", business.net),
                ("青色申告特別控除額", SPECIAL_DEDUCTION),
                ("所得金額", business.income),
            ],
        ),
    ]


def statement_page_2(business: Business) -> list[Node]:
    """青色申告決算書 月別売上、給料賃金、専従者給与、貸倒引当金."""
    books = business.books
    months = zip(spread(business.sales), spread(business.purchases), strict=True)
    family = books.family_worker

    def worker_row(name: str, age: int, worked: int, salary: int, bonus: int, tax: int) -> tuple[Value, ...]:
        return (name, age, worked, salary, bonus, salary + bonus, tax)

    return [
        Group("申告者", [("年分", Ref("NENBUN")), ("フリガナ", Ref("NOZEISHA_NM_KN")), ("氏名", Ref("NOZEISHA_NM"))]),
        Rows(
            "月別売上(収入)金額及び仕入金額",
            ("月", "売上(収入)金額", "仕入金額"),
            [(number, sold, bought) for number, (sold, bought) in enumerate(months, 1)],
        ),
        Group(
            "月別の合計",
            [
                ("家事消費等", 0),
                ("雑収入", 0),
                ("うち軽減税率対象 売上", books.sales_reduced),
                ("うち軽減税率対象 仕入", books.purchases_reduced),
                ("売上 計", business.sales),
                ("仕入 計", business.purchases),
            ],
        ),
        Rows(
            "給料賃金の内訳",
            ("氏名", "年齢", "従事月数", "支給額 給料賃金", "支給額 賞与", "支給額 合計", "源泉徴収税額"),
            [worker_row(w.name, YEAR - w.born.year, w.months, w.salary, w.bonus, w.withheld) for w in books.staff],
        ),
        Group(
            "給料賃金の計",
            [
                ("延べ従事月数", sum(w.months for w in books.staff)),
                ("給料賃金", sum(w.salary for w in books.staff)),
                ("賞与", sum(w.bonus for w in books.staff)),
                ("合計", sum(w.total for w in books.staff)),
                ("源泉徴収税額", sum(w.withheld for w in books.staff)),
            ],
        ),
        Rows(
            "専従者給与の内訳",
            ("氏名", "続柄", "年齢", "従事月数", "支給額 給料", "支給額 賞与", "支給額 合計", "源泉徴収税額"),
            [
                (
                    family.name,
                    family.relation,
                    YEAR - family.born.year,
                    family.months,
                    family.salary,
                    family.bonus,
                    family.total,
                    family.withheld,
                )
            ],
        ),
        Group(
            "貸倒引当金繰入額の計算",
            [
                ("年末における一括評価による貸倒引当金の繰入れの対象となる貸金の合計額", books.receivable[1]),
                ("本年分繰入限度額", business.allowance[1]),
                ("本年分の貸倒引当金繰入額", business.allowance[1]),
            ],
        ),
        Group(
            "青色申告特別控除額の計算",
            [
                ("本年分の不動産所得の金額", None),
                ("青色申告特別控除前の所得金額", business.net),
                ("65万円の青色申告特別控除を受ける場合", SPECIAL_DEDUCTION),
            ],
        ),
    ]


def statement_page_3(business: Business) -> list[Node]:
    """青色申告決算書 減価償却費、利子、報酬、地代家賃."""
    books = business.books
    assets: list[tuple[Value, ...]] = [
        (
            a.label,
            a.quantity,
            month(a.acquired),
            a.cost,
            a.cost,
            kubun(1),
            a.life,
            f"0.{a.per_mille:03d}",
            f"{a.months()}/12",
            a.depreciation(),
            a.depreciation(),
            percent(a.business_percent),
            a.deductible(),
            a.book_value(),
            None,
        )
        for a in books.assets
    ]
    small = business.small_assets_deductible
    assets.append(
        ("一括償却資産", "1台", year(YEAR), books.small_assets, books.small_assets, kubun(9), None, "1/3", None,
         small, small, percent(100), small, books.small_assets - small, "パソコン")
    )  # fmt: skip
    return [
        Group("申告者", [("年分", Ref("NENBUN")), ("フリガナ", Ref("NOZEISHA_NM_KN")), ("氏名", Ref("NOZEISHA_NM"))]),
        Rows(
            "減価償却費の計算",
            (
                "減価償却資産の名称等",
                "面積又は数量",
                "取得年月",
                "取得価額",
                "償却の基礎になる金額",
                "償却方法",
                "耐用年数",
                "償却率",
                "本年中の償却期間",
                "本年分の普通償却費",
                "本年分の償却費合計",
                "事業専用割合",
                "本年分の必要経費算入額",
                "未償却残高",
                "摘要",
            ),
            assets,
        ),
        Group(
            "減価償却費の計",
            [
                ("本年分の償却費合計", sum(a.depreciation() for a in books.assets) + small),
                ("本年分の必要経費算入額", business.depreciation),
                ("未償却残高", sum(a.book_value() for a in books.assets) + books.small_assets - small),
            ],
        ),
        Rows(
            "利子割引料の内訳(金融機関を除く)",
            ("支払先の住所・氏名", "期末現在の借入金等の金額", "本年中の利子割引料", "左のうち必要経費算入額"),
            [("東京都千代田区見本町７－７　見本　金三", books.loan[1], books.interest, books.interest)],
        ),
        Rows(
            "税理士・弁護士等の報酬・料金の内訳",
            ("支払先の住所・氏名", "本年中の報酬等の金額", "左のうち必要経費算入額", "源泉徴収税額"),
            [
                (
                    f"{ACCOUNTANT.address}　{ACCOUNTANT.name}",
                    books.accountant_fee,
                    books.accountant_fee,
                    books.accountant_fee * 100 // 110 * 1021 // 10_000,
                )
            ],
        ),
        Rows(
            "地代家賃の内訳",
            ("支払先の住所・氏名", "賃借物件", "本年中の賃借料・権利金等 権更", "本年中の賃借料 賃", "必要経費算入額"),
            [
                (
                    "東京都千代田区見本町３－３　見本不動産株式会社",
                    "店舗",
                    None,
                    books.rent_month * 12,
                    books.rent_month * 12,
                )
            ],
        ),
        Group("本年中における特殊事情", [("特殊事情", "事業関係の書籍及び資料(R&D)は消耗品費に含めた。")]),
    ]


def statement_page_4(business: Business) -> list[Node]:
    """青色申告決算書 貸借対照表."""
    assets, liabilities = business.assets(), business.liabilities()
    return [
        Group("申告者", [("年分", Ref("NENBUN")), ("フリガナ", Ref("NOZEISHA_NM_KN")), ("氏名", Ref("NOZEISHA_NM"))]),
        Group("日付", [("期首", month_day(date(YEAR, 1, 1))), ("期末", month_day(date(YEAR, 12, 31)))]),
        Rows("資産の部", ("科目", "期首", "期末"), assets),
        Group(
            "資産の部の合計",
            [("期首", sum(start or 0 for _, start, _ in assets)), ("期末", sum(end for _, _, end in assets))],
        ),
        Rows("負債・資本の部", ("科目", "期首", "期末"), liabilities),
        Group(
            "負債・資本の部の合計",
            [("期首", sum(start or 0 for _, start, _ in liabilities)), ("期末", sum(end for _, _, end in liabilities))],
        ),
    ]


def consumption_return_page_1(tax: ConsumptionTax) -> list[Node]:
    """消費税及び地方消費税の申告書(一般用) 第一表."""
    net, books = sum(tax.sales_net), tax.books
    return [
        Group(
            "申告者",
            [
                ("提出先税務署", Ref("ZEIMUSHO")),
                ("提出年月日", Ref("TEISYUTSU_DAY")),
                ("申告区分", Ref("SHINKOKU_KBN")),
                ("納税地", Ref("NOZEISHA_ADR")),
                ("電話番号", Ref("NOZEISHA_TEL")),
                ("屋号", Ref("NOZEISHA_YAGO")),
                ("個人番号", Ref("NOZEISHA_BANGO")),
                ("フリガナ", Ref("NOZEISHA_NM_KN")),
                ("氏名", Ref("NOZEISHA_NM")),
                ("課税期間 自", Ref("KAZEI_KIKAN_FROM")),
                ("課税期間 至", Ref("KAZEI_KIKAN_TO")),
                ("税理士等の氏名", Ref("DAIRI_NM")),
                ("税理士等の電話番号", Ref("DAIRI_TEL")),
            ],
        ),
        Group(
            "この申告書による消費税の税額の計算",
            [
                ("課税標準額", sum(tax.base)),
                ("消費税額", sum(tax.tax_on_sales)),
                ("控除過大調整税額", None),
                ("控除対象仕入税額", sum(tax.tax_on_purchases)),
                ("返還等対価に係る税額", None),
                ("貸倒れに係る税額", None),
                ("控除税額小計", sum(tax.tax_on_purchases)),
                ("控除不足還付税額", None),
                ("差引税額", tax.difference),
                ("中間納付税額", books.interim_consumption_tax),
                ("納付税額", tax.to_pay),
                ("中間納付還付税額", None),
                ("課税売上割合 課税資産の譲渡等の対価の額", net),
                ("課税売上割合 資産の譲渡等の対価の額", net),
            ],
        ),
        Group(
            "この申告書による地方消費税の税額の計算",
            [
                ("控除不足還付税額", None),
                ("差引税額", tax.difference),
                ("譲渡割額 還付額", None),
                ("譲渡割額 納税額", tax.local),
                ("中間納付譲渡割額", books.interim_local_tax),
                ("納付譲渡割額", tax.local_to_pay),
                ("中間納付還付譲渡割額", None),
                ("消費税及び地方消費税の合計(納付又は還付)税額", tax.to_pay + tax.local_to_pay),
            ],
        ),
        Group(
            "付記事項・参考事項",
            [
                ("割賦基準の適用", kubun(2)),
                ("延払基準等の適用", kubun(2)),
                ("工事進行基準の適用", kubun(2)),
                ("現金主義会計の適用", kubun(2)),
                ("課税標準額に対する消費税額の計算の特例の適用", kubun(2)),
                ("控除税額の計算方法 全額控除", kubun(1)),
                ("基準期間の課税売上高", 21_480_000),
            ],
        ),
        Group("税理士法の書面", [("第30条の書面提出", kubun(1)), ("第33条の2の書面提出", kubun(2))]),
    ]


def consumption_return_page_2(tax: ConsumptionTax) -> list[Node]:
    """第二表 課税標準額等の内訳書."""
    return [
        Group(
            "申告者", [("納税地", Ref("NOZEISHA_ADR")), ("屋号", Ref("NOZEISHA_YAGO")), ("氏名", Ref("NOZEISHA_NM"))]
        ),
        Group("課税標準額", [("課税標準額", sum(tax.base))]),
        Group(
            "課税資産の譲渡等の対価の額の合計額",
            [
                ("3%適用分", None),
                ("4%適用分", None),
                ("6.3%適用分", None),
                ("6.24%適用分", tax.sales_net[0]),
                ("7.8%適用分", tax.sales_net[1]),
                ("合計", sum(tax.sales_net)),
            ],
        ),
        Group(
            "消費税額",
            [
                ("消費税額", sum(tax.tax_on_sales)),
                ("6.24%適用分", tax.tax_on_sales[0]),
                ("7.8%適用分", tax.tax_on_sales[1]),
                ("返還等対価に係る税額", None),
            ],
        ),
        Group(
            "地方消費税の課税標準となる消費税額",
            [("合計", tax.difference), ("6.24%及び7.8%適用分", tax.difference)],
        ),
    ]


_BY_RATE = ("区分", "税率6.24%適用分", "税率7.8%適用分", "合計")


def _by_rate(label: str, pair: tuple[int, int]) -> tuple[Value, ...]:
    return (label, pair[0], pair[1], sum(pair))


def consumption_schedule_1(tax: ConsumptionTax) -> list[Node]:
    """付表1-3 税率別消費税額計算表."""
    return [
        Group("申告者", [("課税期間 自", Ref("KAZEI_KIKAN_FROM")), ("課税期間 至", Ref("KAZEI_KIKAN_TO")),
                        ("氏名", Ref("NOZEISHA_NM"))]),
        Rows(
            "税率別の計算",
            _BY_RATE,
            [
                _by_rate("課税標準額", tax.base),
                _by_rate("課税資産の譲渡等の対価の額", tax.sales_net),
                _by_rate("消費税額", tax.tax_on_sales),
                _by_rate("控除対象仕入税額", tax.tax_on_purchases),
                _by_rate("控除税額小計", tax.tax_on_purchases),
            ],
        ),
        Group(
            "納税額",
            [
                ("控除不足還付税額", None),
                ("差引税額", tax.difference),
                ("地方消費税の課税標準となる消費税額", tax.difference),
                ("譲渡割額 納税額", tax.local),
            ],
        ),
    ]  # fmt: skip


def consumption_schedule_2(tax: ConsumptionTax) -> list[Node]:
    """付表2-3 課税売上割合・控除対象仕入税額等の計算表."""
    net = sum(tax.sales_net)
    return [
        Group("申告者", [("課税期間 自", Ref("KAZEI_KIKAN_FROM")), ("課税期間 至", Ref("KAZEI_KIKAN_TO")),
                        ("氏名", Ref("NOZEISHA_NM"))]),
        Rows("課税売上額", _BY_RATE, [_by_rate("課税売上額（税抜き）", tax.sales_net)]),
        Group(
            "課税売上割合",
            [
                ("免税売上額", None),
                ("課税資産の譲渡等の対価の額", net),
                ("非課税売上額", 0),
                ("資産の譲渡等の対価の額", net),
                ("課税売上割合", percent(net, net)),
            ],
        ),
        Rows(
            "課税仕入れ",
            _BY_RATE,
            [
                _by_rate("課税仕入れに係る支払対価の額（税込み）", tax.purchases),
                _by_rate("課税仕入れに係る消費税額", tax.tax_on_purchases),
                _by_rate("課税仕入れ等の税額の合計額", tax.tax_on_purchases),
                _by_rate("課税売上高が5億円以下、かつ、課税売上割合が95%以上の場合", tax.tax_on_purchases),
                _by_rate("控除対象仕入税額", tax.tax_on_purchases),
            ],
        ),
    ]  # fmt: skip


def power_of_attorney(taxpayer: Taxpayer, filed: date) -> list[Node]:
    """税務代理権限証書."""
    accountant = ACCOUNTANT
    return [
        Group(
            "提出", [("提出年月日", day(filed)), ("提出先", f"{taxpayer.office[1]}税務署長"), ("整理番号", "00000000")]
        ),
        Group(
            "税理士又は税理士法人",
            [
                ("氏名又は名称", accountant.name),
                ("フリガナ", accountant.kana),
                ("事務所の名称", accountant.firm),
                (
                    "事務所の郵便番号",
                    Parts((("gen:zip1", accountant.post_code[0]), ("gen:zip2", accountant.post_code[1]))),
                ),
                ("事務所の所在地", accountant.address),
                ("電話番号", telephone(accountant.telephone)),
                ("連絡先", accountant.firm),
                ("所属税理士会等", f"{accountant.association}税理士会　{accountant.branch}支部"),
                ("登録番号等", accountant.registration),
            ],
        ),
        Group(
            "委任",
            [
                (
                    "文言",
                    "上記の税理士を代理人と定め、下記の事項について、税理士法第２条第１項第１号に規定する税務代理を委任します。",
                ),
                ("過年分に関する税務代理", kubun(2)),
                ("調査の通知・終了時の手続に関する同意", kubun(1)),
                ("代理人が複数ある場合における代表する代理人の定め", kubun(2)),
                ("委任年月日", day(date(2026, 1, 15))),
            ],
        ),
        Group(
            "依頼者",
            [
                ("氏名又は名称", Ref("NOZEISHA_NM")),
                ("住所又は事務所の所在地", Ref("NOZEISHA_ADR")),
                ("電話番号", Ref("NOZEISHA_TEL")),
            ],
        ),
        Rows(
            "税務代理の対象に関する事項",
            ("税目", "税目の名称", "年分等 自", "年分等 至"),
            [
                (kubun(1), "所得税（復興特別所得税を含む）", day(date(YEAR, 1, 1)), day(date(YEAR, 12, 31))),
                (kubun(5), "消費税及び地方消費税（譲渡割）", day(date(YEAR, 1, 1)), day(date(YEAR, 12, 31))),
            ],
        ),
        Group("その他の事項", [("記載欄", "書類の作成に関する照会は、上記の事務所に願います。")]),
    ]


def telephone(numbers: tuple[str, str, str]) -> Parts:
    return Parts(tuple((f"gen:tel{place}", number) for place, number in enumerate(numbers, 1)))


def pension_certificate_fields(taxpayer: Taxpayer, issued: date) -> list[Node]:
    """社会保険料(国民年金保険料)控除証明書: paid up to the end of September, and expected for the rest of the year."""
    months = [(YEAR - 1, 12, 16_980), *((YEAR, m, 16_980 if m < 4 else 17_510) for m in range(1, 12))]
    paid, expected = months[:9], months[9:]

    def rows(part: list[tuple[int, int, int]], state: int) -> list[tuple[Value, ...]]:
        return [(month(date(y, m, 1)), kubun(state), amount) for y, m, amount in part]

    paid_total, expected_total = (sum(amount for _, _, amount in part) for part in (paid, expected))
    return [
        ("証明書の種別", kubun(1)),
        ("再交付", kubun(2)),
        ("年分", year(YEAR)),
        ("基礎年金番号", taxpayer.pension_number),
        ("氏名", taxpayer.name),
        ("住所", taxpayer.address),
        ("納付済額の対象年", year(YEAR)),
        ("納付済額の期間 自", month_day(date(YEAR, 1, 1))),
        ("納付済額の期間 至", month_day(date(YEAR, 9, 30))),
        ("見込額の有無", kubun(1)),
        ("納付済額", paid_total),
        ("見込額", expected_total),
        ("合計額", paid_total + expected_total),
        Rows("納付状況の内訳", ("対象月", "納付区分", "保険料額"), rows(paid, 1)),
        Rows("見込額の内訳", ("対象月", "納付区分", "保険料額"), rows(expected, 2)),
        ("証明年月日", day(issued)),
        ("証明者", "見本　歳入徴収官　見本省年金局見本課長"),
        ("差出人", "差出人　見本年金事務センター"),
        ("証明書番号", "NA00000000000000"),
    ]
