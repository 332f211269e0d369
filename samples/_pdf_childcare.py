"""What stands on the application for a place in childcare: two pages, filled in by the invented Hanako."""

from __future__ import annotations

from datetime import date

from ._pdf_pages import Box, Check, Choice, Entry, Page, Part, Signature, cell, head
from ._people import HANAKO

TITLE = "教育・保育給付認定申請書 兼 保育所等入所申込書"
FILED = date(2026, 2, 16)

_X, _WIDTH = 15.0, 180.0
_FOOTER = "見本：この様式と記入内容は架空のものです。人物・住所・番号・施設は実在しません。実際の申請には使えません。"
_FACILITIES = (
    "見本市立みほん保育所",
    "見本市立ひなた保育所",
    "見本こども園",
    "架空の森保育園",
    "小規模保育室れいじ",
)
_REASONS = (
    ("work", "就労"),
    ("birth", "妊娠・出産"),
    ("illness", "疾病・障害"),
    ("care", "同居親族の介護・看護"),
    ("disaster", "災害復旧"),
    ("seeking", "求職活動"),
    ("study", "就学・職業訓練"),
    ("other", "その他"),
)


def pages() -> list[Page]:
    return [_first(), _second()]


def _reiwa(name: str, when: date | None) -> tuple[Part, ...]:
    """Year, month and day in three fields."""
    year, month, day = (when.year - 2018, when.month, when.day) if when else ("", "", "")
    return (
        "令和",
        Entry(f"{name}.year", str(year), 7, "center"),
        "年",
        Entry(f"{name}.month", str(month), 7, "center"),
        "月",
        Entry(f"{name}.day", str(day), 7, "center"),
        "日",
    )


def _era(name: str, era: str, when: date, year: int) -> tuple[Part, ...]:
    return (
        Choice(f"{name}.era", era, ("昭和", "平成", "令和"), 11),
        Entry(f"{name}.year", str(year), 7, "center"),
        "年",
        Entry(f"{name}.month", str(when.month), 7, "center"),
        "月",
        Entry(f"{name}.day", str(when.day), 7, "center"),
        "日",
    )


def _yes_no(name: str, *, yes: bool) -> tuple[Part, ...]:
    return (Check(f"{name}.yes", "有", yes), Check(f"{name}.no", "無", not yes))


def _section(page: Page, y: float, title: str, note: str = "") -> float:
    page.text(_X, y + 5.2, title, 9)
    if note:
        page.text(_X + 62, y + 5.2, note, 6.5)
    return y + 6.4


def _first() -> Page:
    page = Page()
    page.text(_X, 14, "見本市様式第１号", 7)
    page.row(149, 9, 6, (20, head("受付番号", size=7)), (26, cell()))
    page.centred(25, "教育・保育給付認定申請書", 15)
    page.centred(32, "兼　保育所等入所申込書（令和８年度）", 12)
    page.text(_X, 41, "（あて先）　見本市長", 10)
    page.row(137, 36, 7, (15, head("申込日")), (43, cell(_reiwa("filed", FILED))))
    page.notes(
        _X,
        43.5,
        "子ども・子育て支援法による教育・保育給付の認定を申請し、あわせて、保育所等への入所を次のとおり申し込みます。",
        size=8,
        leading=4.5,
    )
    y = _guardian(page, _section(page, 49.5, "１　保護者（申請者）"))
    y = _child(page, _section(page, y + 2, "２　入所を希望する児童"))
    y = _wishes(page, _section(page, y + 2, "３　希望する施設と期間", "施設は、希望する順に一覧から選んでください。"))
    y = _reasons(page, _section(page, y + 2, "４　保育を必要とする理由", "あてはまるものすべてに印を付けてください。"))
    page.notes(
        _X,
        y + 0.5,
        "※　就労のときは就労証明書を、ほかの理由のときはそれを示す書類を添えてください。",
        "※　個人番号の確認は、市が窓口又はマイナポータルで行います。この見本の番号は、すべて０です。",
    )
    page.footer(_FOOTER, "１／２")
    return page


def _guardian(page: Page, y: float) -> float:
    top = y
    page.row(_X, y, 16, (24, head("フリガナ", "氏　名")))
    page.row(_X + 24, y, 6, (66, cell((Entry("applicant.kana", HANAKO.kana, size=8),))))
    page.row(_X + 24, y + 6, 10, (66, cell((Entry("applicant.name", HANAKO.name, size=12),))))
    page.row(_X + 90, y, 8, (22, head("生年月日")), (68, cell(_era("applicant.born", "昭和", HANAKO.born, 55))))
    page.row(
        _X + 90, y + 8, 8, (22, head("児童との続柄")), (68, cell((Entry("applicant.relation", "母", 20, "center"),)))
    )
    y += 16
    post: tuple[Part, ...] = (
        "〒",
        Entry("applicant.post_code", "-".join(HANAKO.post_code), 20, "center"),
        Entry("applicant.address", HANAKO.address),
    )
    y = page.row(_X, y, 9.4, (24, head("住　所")), (156, cell(post)))
    telephone = "-".join(HANAKO.telephone)
    y = page.row(
        _X,
        y,
        8.6,
        (24, head("電　話")),
        (
            66,
            cell(("自宅", Entry("applicant.telephone", telephone), "携帯", Entry("applicant.mobile", "000-0000-0000"))),
        ),
        (22, head("電子メール")),
        (68, cell((Entry("applicant.mail", "hanako@example.jp"),))),
    )
    y = page.row(
        _X,
        y,
        8.6,
        (24, head("個人番号")),
        (66, cell((Entry("applicant.number", "0" * 12, comb=12),))),
        (22, head("前年の住所")),
        (
            68,
            cell(
                (
                    Check("applicant.same_address", "同じ", True),
                    Check("applicant.moved", "市外から転入"),
                    Entry("applicant.from"),
                )
            ),
        ),
    )
    page.frame(Box(_X, top, _WIDTH, y - top))
    return y


def _child(page: Page, y: float) -> float:
    top = y
    page.row(_X, y, 16, (24, head("フリガナ", "氏　名")))
    page.row(_X + 24, y, 6, (66, cell((Entry("child.kana", "ミホン　メイ", size=8),))))
    page.row(_X + 24, y + 6, 10, (66, cell((Entry("child.name", "見本　芽衣", size=12),))))
    born: tuple[Part, ...] = (*_reiwa("child.born", date(2023, 6, 20)), "生")
    page.row(_X + 90, y, 8, (22, head("生年月日")), (68, cell(born)))
    page.row(
        _X + 90,
        y + 8,
        8,
        (22, head("性　別")),
        (26, cell((Check("child.male", "男"), Check("child.female", "女", True)))),
        (18, head("年齢(4/1)")),
        (24, cell((Entry("child.age", "2", 10, "center"), "歳児"))),
    )
    y += 16
    y = page.row(
        _X,
        y,
        8.6,
        (24, head("個人番号")),
        (66, cell((Entry("child.number", "0" * 12, comb=12),))),
        (22, head("障害者手帳等")),
        (68, cell((*_yes_no("child.handicapped", yes=False), "種類・等級", Entry("child.handicap")))),
    )
    y = page.row(
        _X,
        y,
        8.6,
        (24, head("現在の保育")),
        (
            156,
            cell(
                (
                    Check("child.care.home", "家庭", True),
                    Check("child.care.facility", "認可外施設等"),
                    Check("child.care.relatives", "親族"),
                    Check("child.care.other", "その他"),
                    Entry("child.care.detail", "店舗で見ながら家庭で保育"),
                )
            ),
        ),
    )
    page.frame(Box(_X, top, _WIDTH, y - top))
    return y


def _wishes(page: Page, y: float) -> float:
    top = y
    y = page.row(_X, y, 6, (24, head("順　位")), (86, head("施設・事業者の名称")), (70, head("希望する理由")))
    reasons = ("自宅から近い", "店舗と自宅の間にある", "", "", "")
    for order, reason in enumerate(reasons, 1):
        chosen = _FACILITIES[order - 1] if order <= 3 else ""
        y = page.row(
            _X,
            y,
            7.6,
            (24, head(f"第{'１２３４５'[order - 1]}希望")),
            (86, cell((Choice(f"wish{order}.facility", chosen, ("", *_FACILITIES)),))),
            (70, cell((Entry(f"wish{order}.reason", reason),))),
        )
    period: tuple[Part, ...] = (
        *_reiwa("period.start", date(2026, 4, 1)),
        "から　",
        *_reiwa("period.end", date(2030, 3, 31)),
        "まで",
    )
    y = page.row(_X, y, 8.6, (24, head("希望する期間")), (156, cell(period)))
    page.frame(Box(_X, top, _WIDTH, y - top))
    return y


def _reasons(page: Page, y: float) -> float:
    top = y
    for who, label, detail in (
        ("mother", "母", "文房具店を営む。店頭での販売、仕入れ、帳簿。"),
        ("father", "父", "妻の店で専従者として働く（就労証明書のとおり）。"),
    ):
        checks: list[Part] = [Check(f"reason.{who}.{name}", text, name == "work") for name, text in _REASONS]
        y = page.row(
            _X,
            y,
            17,
            (24, head(label)),
            (
                156,
                cell(tuple(checks[:8]), ("具体的な状況", Entry(f"reason.{who}.detail", detail)), size=7.25),
            ),
        )
    page.frame(Box(_X, top, _WIDTH, y - top))
    return y


def _second() -> Page:
    page = Page()
    y = _household(page, _section(page, 9, "５　世帯の状況", "申込児童を除き、同居する方を全員書いてください。"))
    y = _needs(page, _section(page, y + 2, "６　利用を希望する曜日・時間"))
    y = _health(page, _section(page, y + 2, "７　児童の状況"))
    y = _consent(page, _section(page, y + 2, "８　確認と同意", "読んで、それぞれに印を付けてください。"))
    y = _signatures(page, _section(page, y + 2, "９　署　名"))
    y = _office(page, _section(page, y + 2, "（市記入欄）", "ここから下には記入しないでください。"))
    page.footer(_FOOTER, "２／２")
    return page


def _household(page: Page, y: float) -> float:
    top = y
    widths = (46, 18, 58, 40, 18)
    titles = (("フリガナ", "氏　名"), ("続柄",), ("生年月日",), ("勤務先・学校名等",), ("個人番号", "の記入"))
    y = page.row(_X, y, 8, *((width, head(*lines, size=7)) for width, lines in zip(widths, titles, strict=True)))
    people = (
        (HANAKO.name, HANAKO.kana, "母", ("昭和", HANAKO.born, 55), HANAKO.trade_name, True),
        ("見本　太郎", "ミホン　タロウ", "父", ("昭和", date(1978, 11, 23), 53), HANAKO.trade_name, True),
        (
            HANAKO.deductions.child,
            "ミホン　イチロウ",
            "兄",
            ("平成", HANAKO.deductions.child_born, 20),
            "見本県立高等学校",
            True,
        ),
        ("", "", "", None, "", False),
        ("", "", "", None, "", False),
    )
    for at, (name, kana, relation, born, place, number) in enumerate(people, 1):
        era, when, year = born or ("", None, None)
        dates: tuple[Part, ...] = (
            _era(f"member{at}.born", era, when, year)
            if when and year
            else (
                Choice(f"member{at}.born.era", "", ("昭和", "平成", "令和"), 11),
                Entry(f"member{at}.born.year", "", 7),
                "年",
                Entry(f"member{at}.born.month", "", 7),
                "月",
                Entry(f"member{at}.born.day", "", 7),
                "日",
            )
        )
        y = page.row(
            _X,
            y,
            11.5,
            (widths[0], cell((Entry(f"member{at}.kana", kana, size=6),), (Entry(f"member{at}.name", name, size=9),))),
            (widths[1], cell((Entry(f"member{at}.relation", relation, align="center"),))),
            (widths[2], cell(dates)),
            (widths[3], cell((Entry(f"member{at}.place", place),))),
            (widths[4], cell((Check(f"member{at}.number", "有", number),), align="center")),
        )
    state: tuple[Part, ...] = (
        "ひとり親世帯",
        *_yes_no("household.single", yes=False),
        "　生活保護の受給",
        *_yes_no("household.welfare", yes=False),
        "　在宅の障害者",
        *_yes_no("household.handicapped", yes=False),
        "　兄弟姉妹の同時申込み",
        *_yes_no("household.siblings", yes=False),
    )
    y = page.row(_X, y, 8.6, (24, head("世帯の状況")), (156, cell(state)))
    page.frame(Box(_X, top, _WIDTH, y - top))
    return y


def _needs(page: Page, y: float) -> float:
    top = y
    days: list[Part] = [
        Check(f"need.{name}", text, name != "sat")
        for name, text in zip(("mon", "tue", "wed", "thu", "fri", "sat"), "月火水木金土", strict=True)
    ]
    times: tuple[Part, ...] = (
        Entry("need.from.hour", "8", 9, "center"),
        "時",
        Entry("need.from.minute", "30", 9, "center"),
        "分から",
        Entry("need.until.hour", "17", 9, "center"),
        "時",
        Entry("need.until.minute", "30", 9, "center"),
        "分まで",
    )
    y = page.row(_X, y, 8.6, (24, head("曜　日")), (62, cell(tuple(days))), (20, head("時　間")), (74, cell(times)))
    amount: tuple[Part, ...] = (
        Check("need.standard", "保育標準時間（１日11時間まで）", True),
        Check("need.short", "保育短時間（１日８時間まで）"),
    )
    y = page.row(_X, y, 8.6, (24, head("希望する区分")), (156, cell(amount)))
    page.frame(Box(_X, top, _WIDTH, y - top))
    return y


def _health(page: Page, y: float) -> float:
    top = y
    rows: tuple[tuple[str, str, str], ...] = (
        ("allergy", "アレルギー", "食物・薬など"),
        ("illness", "病気・けが", "病名・通院"),
        ("support", "発達の相談", "相談先"),
    )
    for name, label, detail in rows:
        line: tuple[Part, ...] = (
            *_yes_no(f"health.{name}", yes=name == "allergy"),
            f"　有のとき：{detail}",
            Entry(f"health.{name}.detail", "鶏卵（加熱したものは食べられる）" if name == "allergy" else ""),
        )
        y = page.row(_X, y, 8, (24, head(label)), (156, cell(line)))
    remark = "朝は店の支度があるため、開所の時刻から預けたい。\nかかりつけ：見本こどもクリニック（見本町）"
    y = page.row(
        _X, y, 15, (24, head("その他", "伝えたいこと")), (156, cell((Entry("health.remark", remark, multiline=True),)))
    )
    page.frame(Box(_X, top, _WIDTH, y - top))
    return y


def _consent(page: Page, y: float) -> float:
    top = y
    texts = (
        ("records", "市が、認定と利用者負担額の決定のために、世帯の住民登録と課税の記録を確かめることに同意します。"),
        ("facilities", "市が、この申込書の内容を、入所を希望する施設に必要な範囲で伝えることに同意します。"),
        ("changes", "住所、家族、就労の状況などが変わったときは、すぐに届け出ます。"),
        ("truth", "記入した内容が事実と違うときは、認定や入所が取り消されることがあると承知しています。"),
    )
    for name, text in texts:
        y = page.row(_X, y, 7.6, (180, cell((Check(f"consent.{name}", text, True),), size=8)))
    page.frame(Box(_X, top, _WIDTH, y - top))
    return y


def _signatures(page: Page, y: float) -> float:
    top = y
    y = page.row(
        _X,
        y,
        6,
        (24, head("保護者")),
        (46, head("氏　名")),
        (20, head("続　柄")),
        (90, head("電子署名（マイナンバーカードの署名用電子証明書）")),
    )
    signers = (
        ("１", "Guardian1Signature", HANAKO.name, "母", "保護者１（申請者）の電子署名"),
        ("２", "Guardian2Signature", "見本　太郎", "父", "保護者２の電子署名"),
    )
    for number, field, name, relation, about in signers:
        key = field.removesuffix("Signature").lower()
        y = page.row(
            _X,
            y,
            18,
            (24, head(f"保護者{number}")),
            (46, cell((Entry(f"{key}.name", name, size=11),))),
            (20, cell((Entry(f"{key}.relation", relation, align="center"),))),
            (90, cell((Signature(field, about),))),
        )
    page.frame(Box(_X, top, _WIDTH, y - top))
    return y


def _office(page: Page, y: float) -> float:
    top = y
    blank = cell()
    widths = (24, 36, 24, 36, 24, 36)
    for labels in (("認定番号", "認定区分", "認定日"), ("受付者", "確認者", "入力者")):
        cells = [part for label in labels for part in (head(label), blank)]
        y = page.row(_X, y, 8.6, *zip(widths, cells, strict=True))
    page.frame(Box(_X, top, _WIDTH, y - top))
    return y
