"""What stands on the certificate of employment: one page, fourteen numbered items, filled in by an employer."""

from __future__ import annotations

from datetime import date

from ._pdf_pages import Box, Check, Choice, Entry, Page, Part, Signature, cell, head
from ._people import HANAKO

TITLE = "就労証明書"
ISSUED = date(2026, 2, 16)

_X, _WIDTH = 15.0, 180.0
_NUMBER, _LABEL = 7.0, 29.0
_REST = _WIDTH - _NUMBER - _LABEL
_FOOTER = "見本：この様式と記入内容は架空のものです。人物・事業所・住所・番号は実在しません。実際の証明には使えません。"
_TRADES = (
    "農業・林業",
    "漁業",
    "建設業",
    "製造業",
    "情報通信業",
    "運輸業・郵便業",
    "卸売業・小売業",
    "金融業・保険業",
    "宿泊業・飲食サービス業",
    "教育・学習支援業",
    "医療・福祉",
    "公務",
    "その他",
)
_KINDS = (
    "正社員",
    "パート・アルバイト",
    "派遣社員",
    "契約社員",
    "会計年度任用職員",
    "非常勤・臨時職員",
    "役員",
    "自営業主",
    "自営業専従者",
    "家族従業者",
    "内職",
    "業務委託",
    "その他",
)


def pages() -> list[Page]:
    page = Page()
    page.text(_X, 13, "見本市様式第２号", 7)
    page.centred(19, "就 労 証 明 書", 16)
    page.text(_X, 25.5, "（あて先）　見本市長", 9)
    y = _employer(page, 28)
    page.text(_X, y + 4, "下記の内容について、事実であることを証明します。", 8)
    page.text(88, y + 4, "※　証明する内容を就労先に無断で作り、又は書き換えたときは、罪に問われることがあります。", 6.5)
    y += 5.5
    top = y
    y = page.row(
        _X,
        y,
        4.5,
        (_NUMBER, head("No.", size=6.5)),
        (_LABEL, head("項　目", size=7)),
        (_REST, head("記　入　欄", size=7)),
    )
    y = _person(page, y)
    y = _hours(page, y)
    y = _leaves(page, y)
    y = _remarks(page, y)
    page.frame(Box(_X, top, _WIDTH, y - top))
    y = _guardian(page, y + 2)
    page.footer(_FOOTER, "１／１")
    return [page]


def _when(name: str, when: date | None = None, *, day: bool = True) -> tuple[Part, ...]:
    year, month, number = (str(when.year), str(when.month), str(when.day)) if when else ("", "", "")
    parts: tuple[Part, ...] = (
        Entry(f"{name}.year", year, 9.5, "center", 8),
        "年",
        Entry(f"{name}.month", month, 6, "center", 8),
        "月",
    )
    return (*parts, Entry(f"{name}.day", number, 6, "center", 8), "日") if day else parts


def _span(name: str, start: date | None = None, end: date | None = None) -> tuple[Part, ...]:
    return (*_when(f"{name}.from", start), "～", *_when(f"{name}.until", end))


def _clock(name: str, hour: str = "", minute: str = "") -> tuple[Part, ...]:
    return (
        Entry(f"{name}.hour", hour, 7, "center", 8),
        "時",
        Entry(f"{name}.minute", minute, 7, "center", 8),
        "分",
    )


def _item(page: Page, y: float, height: float, number: str, label: tuple[str, ...], *lines: tuple[Part, ...]) -> float:
    return page.row(
        _X,
        y,
        height,
        (_NUMBER, head(number, size=7.5)),
        (_LABEL, head(*label, size=7)),
        (_REST, cell(*lines, size=7.25)),
    )


def _employer(page: Page, y: float) -> float:
    """Who certifies, and where the signature goes."""
    telephone = "-".join(HANAKO.telephone)
    left, width = 24.0, 76.0
    start = y
    rows: tuple[tuple[str, tuple[Part, ...]], ...] = (
        ("証明日", (*_when("issued", ISSUED),)),
        ("事業所名", (Entry("employer.name", HANAKO.trade_name, size=9),)),
        ("代表者名", (Entry("employer.representative", HANAKO.name, size=9),)),
        ("所在地", (Entry("employer.address", HANAKO.address, size=8),)),
        ("電話番号", (Entry("employer.telephone", telephone, size=8),)),
        (
            "担当者名",
            (
                Entry("employer.contact", HANAKO.name, 34, size=8),
                "連絡先",
                Entry("employer.contact_telephone", telephone, size=8),
            ),
        ),
    )
    for label, parts in rows:
        y = page.row(_X, y, 6.4, (left, head(label, size=7)), (width, cell(parts, size=7)))
    height = y - start
    page.row(_X + left + width, start, 6.4, (_WIDTH - left - width, head("証明者の電子署名", size=7)))
    page.row(
        _X + left + width,
        start + 6.4,
        height - 6.4,
        (_WIDTH - left - width, cell((Signature("EmployerSignature", "証明者の電子署名"),))),
    )
    page.frame(Box(_X, start, _WIDTH, height))
    return y


def _person(page: Page, y: float) -> float:
    """Items 1 to 5: who works where, and as what."""
    y = _item(
        page,
        y,
        7.2,
        "1",
        ("業　種",),
        (Choice("trade", "卸売業・小売業", _TRADES, 48, 8), "その他のとき：", Entry("trade_other", size=8)),
    )
    y = _item(
        page,
        y,
        13,
        "2",
        ("フリガナ", "本人氏名"),
        (Entry("worker.kana", "ミホン　タロウ", 58, size=7), "本人の生年月日"),
        (Entry("worker.name", "見本　太郎", 58), *_when("worker.born", date(1978, 11, 23))),
    )
    y = _item(
        page,
        y,
        7.2,
        "3",
        ("雇用（予定）期間等",),
        (
            Check("employment.unlimited", "無期", True),
            Check("employment.limited", "有期"),
            "　期間",
            *_span("employment", date(2015, 4, 1)),
        ),
    )
    y = _item(
        page,
        y,
        12.4,
        "4",
        ("本人就労先事業所",),
        ("名称", Entry("workplace.name", HANAKO.trade_name, size=8)),
        ("住所", Entry("workplace.address", HANAKO.address, size=8)),
    )
    kinds: list[Part] = [Check(f"kind.kind{at}", text, text == "自営業専従者") for at, text in enumerate(_KINDS, 1)]
    return _item(page, y, 12, "5", ("雇用の形態",), tuple(kinds[:7]), (*kinds[7:], Entry("kind.detail", size=8)))


def _hours(page: Page, y: float) -> float:
    """Items 6 to 8: how many hours, as agreed and as worked."""
    days: list[Part] = [
        Check(f"fixed.{name}", text, name in ("mon", "tue", "wed", "thu", "fri"))
        for name, text in zip(
            ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"), "月火水木金土日祝", strict=True
        )
    ]
    y = _item(
        page,
        y,
        25,
        "6",
        ("就労時間", "（固定就労の場合）"),
        (
            *days,
            "　合計",
            "月間",
            Entry("fixed.month.hours", "160", 9, "center", 8),
            "時間",
            Entry("fixed.month.minutes", "0", 7, "center", 8),
            "分",
        ),
        (
            "就労日数",
            "月間",
            Entry("fixed.days.month", "20", 9, "center", 8),
            "日",
            "一週当たり",
            Entry("fixed.days.week", "5", 9, "center", 8),
            "日",
        ),
        (
            "平日",
            *_clock("fixed.weekday.from", "9", "00"),
            "～",
            *_clock("fixed.weekday.until", "18", "00"),
            "（うち休憩",
            Entry("fixed.weekday.rest", "60", 9, "center", 8),
            "分）",
        ),
        (
            "土曜",
            *_clock("fixed.saturday.from"),
            "～",
            *_clock("fixed.saturday.until"),
            "（うち休憩",
            Entry("fixed.saturday.rest", "", 9, "center", 8),
            "分）　日祝",
            *_clock("fixed.sunday.from"),
            "～",
            *_clock("fixed.sunday.until"),
        ),
    )
    y = _item(
        page,
        y,
        12.4,
        "7",
        ("就労時間", "（変則就労の場合）"),
        (
            Check("shift.monthly", "月間"),
            Check("shift.weekly", "週間"),
            "合計",
            Entry("shift.hours", "", 9, "center", 8),
            "時間",
            Entry("shift.minutes", "", 7, "center", 8),
            "分　就労日数",
            Entry("shift.days", "", 9, "center", 8),
            "日",
        ),
        (
            "主な就労時間帯",
            *_clock("shift.from"),
            "～",
            *_clock("shift.until"),
            "（うち休憩",
            Entry("shift.rest", "", 9, "center", 8),
            "分）",
        ),
    )
    months: list[Part] = []
    worked: list[Part] = []
    for at, (year, month, count, hours) in enumerate(((2025, 11, 18, 144), (2025, 12, 22, 176), (2026, 1, 19, 152)), 1):
        months += [*_when(f"record{at}", date(year, month, 1), day=False), "　" * 4]
        worked += [
            Entry(f"record{at}.days", str(count), 8, "center", 8),
            "日",
            Entry(f"record{at}.hours", str(hours), 9, "center", 8),
            "時間",
            "　" * 2,
        ]
    return _item(page, y, 12.4, "8", ("就労実績", "（直近３か月）"), tuple(months), tuple(worked))


def _leaves(page: Page, y: float) -> float:
    """Items 9 to 14: leave, return, shorter hours, and whether the worker is a nursery teacher."""
    for number, name, label in (
        ("9", "maternity", ("産前・産後休業の取得",)),
        ("10", "childcare", ("育児休業の取得",)),
        ("11", "other_leave", ("産休・育休以外の", "休業の取得")),
    ):
        states: tuple[Part, ...] = (
            Check(f"{name}.planned", "取得予定"),
            Check(f"{name}.now", "取得中"),
            Check(f"{name}.done", "取得済み"),
            "　期間",
        )
        why: tuple[Part, ...] = ("理由", Entry("other_leave.reason", "", 15, size=8)) if name == "other_leave" else ()
        states = states[:3] + why + states[3:]
        y = _item(page, y, 7.2, number, label, (*states, *_span(name)))
    y = _item(
        page,
        y,
        7.2,
        "12",
        ("復職（予定）年月日",),
        (Check("return.planned", "復職予定"), Check("return.done", "復職済み"), "　年月日", *_when("return.date")),
    )
    y = _item(
        page,
        y,
        12.4,
        "13",
        ("育児のための", "短時間勤務制度"),
        (Check("shorter.planned", "利用予定"), Check("shorter.now", "利用中"), "　期間", *_span("shorter")),
        (
            "主な就労時間帯",
            *_clock("shorter.from"),
            "～",
            *_clock("shorter.until"),
            "（うち休憩",
            Entry("shorter.rest", "", 9, "center", 8),
            "分）",
        ),
    )
    return _item(
        page,
        y,
        7.2,
        "14",
        ("保育士等としての", "勤務実態の有無"),
        (Check("teacher.yes", "有"), Check("teacher.planned", "有（予定）"), Check("teacher.no", "無", True)),
    )


def _remarks(page: Page, y: float) -> float:
    remark = "青色事業専従者として届出済み。店舗での販売、配達及び経理を担当する。"
    return page.row(
        _X,
        y,
        16,
        (_NUMBER + _LABEL, head("備　考")),
        (_REST, cell((Entry("remarks", remark, multiline=True, size=8.5),))),
    )


def _guardian(page: Page, y: float) -> float:
    """What the guardian adds before handing it in."""
    page.text(_X, y + 3.2, "保護者記入欄（証明書を受け取った保護者が記入してください。）", 7.5)
    y += 4.6
    top = y
    y = page.row(
        _X,
        y,
        7.6,
        (24, head("児童名")),
        (62, cell((Entry("child.name", "見本　芽衣"),))),
        (24, head("生年月日")),
        (70, cell(_when("child.born", date(2023, 6, 20)))),
    )
    y = page.row(
        _X,
        y,
        7.6,
        (24, head("施　設")),
        (
            156,
            cell(
                (
                    Check("child.attending", "利用中"),
                    Check("child.applying", "申込み中（第１希望）", True),
                    Entry("child.facility", "見本市立みほん保育所"),
                )
            ),
        ),
    )
    page.frame(Box(_X, top, _WIDTH, y - top))
    return page.notes(
        _X,
        y + 0.5,
        "※　この証明書は、証明日から３か月の間に提出してください。内容について、市から就労先に尋ねることがあります。",
        "※　年は西暦で、時刻は24時間制で記入してください。No.6とNo.7は、どちらか一方に記入してください。",
    )
