"""Unsigned sample documents, as bytes: two returns, an issuer's certificate, and returns of any size.

They imitate the published structure of e-Tax documents: envelope, catalogue, IT, forms that point at IT, attachments,
namespaces, and the order of it all. The names of the fields on the forms (ABA00010, …) are made up in the published
manner, and nothing here was validated against the tax agency's schemas, which are not bundled. People, addresses and
numbers are invented; the amounts follow the rules for 令和7年分 and add up.

Every function returns the same bytes for the same arguments. There is no clock here and no randomness.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from . import _forms as forms
from ._markup import Codes, Node, Parts, day, kubun, render_nodes, render_value, year
from ._people import ACCOUNTANT, HANAKO, JIRO, YEAR, Taxpayer
from ._sums import ConsumptionTax, IncomeTax

__all__ = [
    "HANAKO",
    "JIRO",
    "Taxpayer",
    "consumption_tax_return",
    "income_tax_return",
    "iter_sized_return",
    "pension_certificate",
    "sized_return",
]

_XSD = "http://xml.e-tax.nta.go.jp/XSD/"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="no" ?>\n'
_SOFTWARE = "Jitsuin samples"
_FILED = date(2026, 2, 16)
_ISSUED = date(2025, 10, 20)


@dataclass(frozen=True)
class _Form:
    """One form in CONTENTS or TENPU: its pages, and the letters its field names begin with."""

    code: str
    version: str
    letters: str
    pages: tuple[list[Node], ...]
    creator: str

    @property
    def instance(self) -> str:
        return f"{self.code}-1"

    def lines(self, indent: str) -> Iterator[str]:
        codes = Codes(self.letters)
        yield f"{indent}<{self.code}{_form_attributes(self.version, self.instance, self.creator)}>"
        for page, nodes in enumerate(self.pages, 1):
            yield f'{indent}  <{self.code}-{page} page="{page}">'
            yield from render_nodes(nodes, codes, indent + "    ")
            yield f"{indent}  </{self.code}-{page}>"
        yield f"{indent}</{self.code}>"


def _form_attributes(version: str, instance: str, creator: str, made: date = _FILED) -> str:
    return f' VR="{version}" id="{instance}" page="1" sakuseiDay="{made}" sakuseiNM="{creator}" softNM="{_SOFTWARE}"'


def _catalog(forms: Iterable[str], attachments: Iterable[str] = (), slip: str | None = None) -> Iterator[str]:
    def section(name: str, ids: Iterable[str]) -> Iterator[str]:
        items = [f'            <rdf:li><rdf:description about="#{item}"/></rdf:li>' for item in ids]
        if not items:
            yield f"          <{name}/>"
            return
        yield f"          <{name}><rdf:Seq>"
        yield from items
        yield f"          </rdf:Seq></{name}>"

    yield '    <CATALOG id="CATALOG">'
    yield f'      <rdf:RDF xmlns:rdf="{_RDF}">'
    yield '        <rdf:description id="REPORT">'
    yield "          <SEND_DATA/>"
    yield '          <IT_SEC><rdf:description about="#IT"/></IT_SEC>'
    yield from section("FORM_SEC", forms)
    yield from section("TENPU_SEC", attachments)
    yield "          <XBRL_SEC/>"
    yield "          <XBRL2_1_SEC/>"
    if slip:
        yield f'          <SOFUSHO_SEC><rdf:description about="#{slip}"/></SOFUSHO_SEC>'
    else:
        yield "          <SOFUSHO_SEC/>"
    yield "          <ATTACH_SEC/>"
    yield "          <CSV_SEC/>"
    yield "        </rdf:description>"
    yield "      </rdf:RDF>"
    yield "    </CATALOG>"


def _it(taxpayer: Taxpayer, procedure: str, procedure_name: str, *, agent: bool, period: bool) -> Iterator[str]:
    """What the forms point at, each item once."""

    def post_code(pair: tuple[str, str]) -> Parts:
        return Parts((("gen:zip1", pair[0]), ("gen:zip2", pair[1])))

    items: list[tuple[str, str | Parts]] = [
        ("ZEIMUSHO", Parts((("gen:zeimusho_CD", taxpayer.office[0]), ("gen:zeimusho_NM", taxpayer.office[1])))),
        ("TEISYUTSU_DAY", day(_FILED)),
        ("NOZEISHA_ID", taxpayer.user_id),
        ("NOZEISHA_BANGO", Parts((("gen:kojinbango", "0" * 12),))),
        ("NOZEISHA_NM_KN", taxpayer.kana),
        ("NOZEISHA_NM", taxpayer.name),
        ("NOZEISHA_ZIP", post_code(taxpayer.post_code)),
        ("NOZEISHA_ADR_KN", taxpayer.address_kana),
        ("NOZEISHA_ADR", taxpayer.address),
        ("NOZEISHA_TEL", forms.telephone(taxpayer.telephone)),
        ("NOZEISHA_YAGO", taxpayer.trade_name),
        ("BIRTHDAY", day(taxpayer.born)),
        ("SHOKUGYO", taxpayer.occupation),
        ("SETAINUSHI_NM", taxpayer.name),
        ("ZOKUGARA", "本人"),
    ]
    if agent:
        items += [
            ("DAIRI_ID", ACCOUNTANT.user_id),
            ("DAIRI_NM", ACCOUNTANT.name),
            ("DAIRI_ZIP", post_code(ACCOUNTANT.post_code)),
            ("DAIRI_ADR", ACCOUNTANT.address),
            ("DAIRI_TEL", forms.telephone(ACCOUNTANT.telephone)),
        ]
    items.append(("TETSUZUKI", Parts((("procedure_CD", procedure), ("procedure_NM", procedure_name)))))
    if period:
        items += [("KAZEI_KIKAN_FROM", day(date(YEAR, 1, 1))), ("KAZEI_KIKAN_TO", day(date(YEAR, 12, 31)))]
    items += [("NENBUN", year(YEAR)), ("SHINKOKU_KBN", kubun(1))]
    yield '      <IT VR="1.5" id="IT">'
    for name, value in items:
        yield "        " + render_value(name, value, attributes=f' ID="{name}"')
    yield "      </IT>"


def _open(namespace: str, procedure: str, version: str) -> Iterator[str]:
    yield (
        f'<DATA id="DATA" xmlns="{_XSD}{namespace}" xmlns:gen="{_XSD}general" xmlns:kyo="{_XSD}kyotsu"'
        ' xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    )
    yield f'  <{procedure} VR="{version}" id="{procedure}">'


def _close(procedure: str) -> Iterator[str]:
    yield "    </CONTENTS>"
    yield f"  </{procedure}>"
    yield "</DATA>"


def _slip(creator: str) -> str:
    """送信票."""
    return f'      <SOFUSHO fid="TEA060"{_form_attributes("15.0", "TEA060-1", creator)} xmlns="{_XSD}kyotsu"/>'


def _encode(lines: Iterable[str]) -> bytes:
    return (_DECLARATION + "".join(f"{line}\n" for line in lines)).encode()


_INCOME_TAX = "所得税及び復興特別所得税申告"


def income_tax_return(taxpayer: Taxpayer = HANAKO) -> bytes:
    """RKO0010: 確定申告書 (two pages) and 青色申告決算書 (four pages) for 令和7年分."""
    tax = IncomeTax(taxpayer)
    business = tax.business
    contents = (
        _Form(
            "KOA020",
            "23.0",
            "AB",
            (forms.income_tax_return_page_1(tax), forms.income_tax_return_page_2(tax)),
            taxpayer.name,
        ),
        _Form(
            "KOA210",
            "11.0",
            "AM",
            (
                forms.statement_page_1(business),
                forms.statement_page_2(business),
                forms.statement_page_3(business),
                forms.statement_page_4(business),
            ),
            taxpayer.name,
        ),
    )

    def lines() -> Iterator[str]:
        yield from _open("shotoku", "RKO0010", "25.0.0")
        yield from _catalog((form.instance for form in contents), slip="TEA060-1")
        yield '    <CONTENTS id="CONTENTS">'
        yield from _it(taxpayer, "RKO0010", _INCOME_TAX, agent=False, period=False)
        for form in contents:
            yield from form.lines("      ")
        yield _slip(taxpayer.name)
        yield from _close("RKO0010")

    return _encode(lines())


def consumption_tax_return(taxpayer: Taxpayer = HANAKO) -> bytes:
    """RSH0010: the return by the general method, two schedules, and the tax accountant's 税務代理権限証書 in TENPU."""
    tax = ConsumptionTax(taxpayer.books)
    contents = tuple(
        _Form(code, version, letters, pages, ACCOUNTANT.name)
        for code, version, letters, pages in (
            ("SHA010", "10.0", "AA", (forms.consumption_return_page_1(tax), forms.consumption_return_page_2(tax))),
            ("SHB017", "2.0", "DS", (forms.consumption_schedule_1(tax),)),
            ("SHB033", "2.0", "DT", (forms.consumption_schedule_2(tax),)),
        )
    )

    def lines() -> Iterator[str]:
        yield from _open("shohi", "RSH0010", "23.2.0")
        yield from _catalog((form.instance for form in contents), ("SOZ074-1",))
        yield '    <CONTENTS id="CONTENTS">'
        yield from _it(taxpayer, "RSH0010", "消費税及び地方消費税申告（一般・個人）", agent=True, period=True)
        for form in contents:
            yield from form.lines("      ")
        yield '      <TENPU id="TENPU">'
        attributes = _form_attributes("1.0", "SOZ074-1", ACCOUNTANT.name)
        yield f'        <som:SOZ074 xmlns:som="{_XSD}somu"{attributes}>'
        yield from render_nodes(forms.power_of_attorney(taxpayer, _FILED), Codes("AT"), "          ", prefix="som:")
        yield "        </som:SOZ074>"
        yield "      </TENPU>"
        yield from _close("RSH0010")

    return _encode(lines())


def pension_certificate(taxpayer: Taxpayer = HANAKO) -> bytes:
    """TEG840, as its issuer would sign it: 国民年金保険料控除証明書. One root, no envelope, no line break before it."""
    instance = f"TEG840{_ISSUED:%Y%m%d}{int(taxpayer.user_id) + 1:012d}"
    attributes = _form_attributes("1.0", instance, "見本年金事務センター", _ISSUED)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<?xml-stylesheet type="text/xsl" href="https://xml.e-tax.nta.go.jp/xsl/1.0/CMTEG840-001.xsl"?>'
        f'<TEG840 xmlns="{_XSD}kyotsu" xmlns:gen="{_XSD}general"{attributes}>',
        *render_nodes(forms.pension_certificate_fields(taxpayer, _ISSUED), Codes("WO"), "\t", "\t"),
        "</TEG840>",
    ]
    return "\n".join(lines).encode()


_LEASES_A_FORM = 20
_STREETS = ("見本町", "見本町東", "見本町西", "例示町", "例示町南")
_FAMILY_NAMES = ("見本", "例示", "試験", "架空", "仮名", "模擬", "参考")
_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
_GIVEN_NAMES = ("一郎", "二葉", "三枝", "四季", "五月", "六花", "七海", "八重", "九十九", "十和")


def _rent(number: int) -> int:
    """A month's rent of one lease."""
    return 52_000 + number * 7_919 % 131 * 500


def _lease(number: int) -> str:
    """One row of 不動産所得の収入の内訳; the same fields in the same order as any table here."""
    rent = _rent(number)
    begins = 1 + number % 7
    place = f"{number % 9 + 1}－{number % 31 + 1}　第{number:06d}号室".translate(_WIDE)
    address = f"東京都千代田区{_STREETS[number % 5]}{place}"
    tenant = f"{_FAMILY_NAMES[number % 7]}　{_GIVEN_NAMES[number * 3 % 10]}"
    return (
        "          <AKB00000>\n"
        "            <AKB00010>貸家</AKB00010>\n"
        "            <AKB00020>居住用</AKB00020>\n"
        f"            <AKB00030>{address}</AKB00030>\n"
        f"            <AKB00040>{address}</AKB00040>\n"
        f"            <AKB00050>{tenant}</AKB00050>\n"
        f"            <AKB00060><gen:era>5</gen:era><gen:yy>{begins}</gen:yy><gen:mm>4</gen:mm></AKB00060>\n"
        f"            <AKB00070><gen:era>5</gen:era><gen:yy>{begins + 6}</gen:yy><gen:mm>3</gen:mm></AKB00070>\n"
        f"            <AKB00080>{18 + number % 40}.{number * 7 % 100:02d}</AKB00080>\n"
        f"            <AKB00090>{rent}</AKB00090>\n"
        f"            <AKB00100>{rent * 12}</AKB00100>\n"
        "            <AKB00110>0</AKB00110>\n"
        f"            <AKB00120>{rent}</AKB00120>\n"
        "          </AKB00000>\n"
    )


def _lease_form(number: int, leases: range, creator: str) -> str:
    """青色申告決算書(不動産所得用), the page with the leases, as instance `number`."""
    head = "".join(
        f'            <AKA000{place}0 IDREF="{item}"/>\n'
        for place, item in enumerate(("NENBUN", "NOZEISHA_ID", "NOZEISHA_NM_KN", "NOZEISHA_NM"), 1)
    )
    total = sum(_rent(lease) for lease in leases)
    return (
        f"      <KOA220{_form_attributes('8.0', f'KOA220-{number}', creator)}>\n"
        '        <KOA220-1 page="1">\n'
        f"          <AKA00000>\n{head}          </AKA00000>\n"
        f"{''.join(_lease(lease) for lease in leases)}"
        f"          <AKC00000>\n            <AKC00010>{len(leases)}</AKC00010>\n"
        f"            <AKC00020>{total * 12}</AKC00020>\n            <AKC00030>{total}</AKC00030>\n"
        "          </AKC00000>\n"
        "        </KOA220-1>\n"
        "      </KOA220>\n"
    )


def iter_sized_return(target_bytes: int, taxpayer: Taxpayer = HANAKO) -> Iterator[bytes]:
    """`sized_return` in pieces: one for the beginning, one a form, one for the end."""
    name = taxpayer.name
    head, tail = _sized_envelope(taxpayer, 0, 0)
    row = len(_lease(1).encode())
    form = len(_lease_form(1, range(0), name).encode())
    entry = len(_catalog_entry(1))
    leases = round((target_bytes - len(head) - len(tail)) / (row + (form + entry) / _LEASES_A_FORM))
    if leases < 1:
        raise ValueError(f"a return of {target_bytes} bytes is too small to be one")
    groups = [range(start, min(start + _LEASES_A_FORM, leases)) for start in range(0, leases, _LEASES_A_FORM)]
    head, tail = _sized_envelope(taxpayer, len(groups), 12 * sum(_rent(lease) for lease in range(leases)))
    yield head
    for number, group in enumerate(groups, 1):
        yield _lease_form(number, group, name).encode()
    yield tail


def sized_return(target_bytes: int, taxpayer: Taxpayer = HANAKO) -> bytes:
    """A landlord's income tax return of about `target_bytes`, for benchmarks: one form for every twenty leases.

    Every form has an id of its own and stands in the catalogue; the rents add up to the total on page one.
    """
    return b"".join(iter_sized_return(target_bytes, taxpayer))


def _catalog_entry(number: int) -> str:
    return f'            <rdf:li><rdf:description about="#KOA220-{number}"/></rdf:li>\n'


def _sized_envelope(taxpayer: Taxpayer, count: int, rents: int) -> tuple[bytes, bytes]:
    """What stands before the lease forms and after them."""
    summary = _Form("KOA020", "23.0", "AB", (forms.landlord_return_page_1(rents),), taxpayer.name)
    ids = [summary.instance, *(f"KOA220-{number}" for number in range(1, count + 1))]
    head = [
        *_open("shotoku", "RKO0010", "25.0.0"),
        *_catalog(ids, slip="TEA060-1"),
        '    <CONTENTS id="CONTENTS">',
        *_it(taxpayer, "RKO0010", _INCOME_TAX, agent=False, period=False),
        *summary.lines("      "),
    ]
    tail = [_slip(taxpayer.name), *_close("RKO0010")]
    return _encode(head), "".join(f"{line}\n" for line in tail).encode()
