"""The sample documents: well-formed, valid by our own schemas, the same every time, and right in their sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from xml.parsers import expat

import pytest
from lxml import etree

from jitsuin.samples import make
from jitsuin.samples.documents import (
    HANAKO,
    JIRO,
    Taxpayer,
    consumption_tax_return,
    income_tax_return,
    iter_sized_return,
    pension_certificate,
    sized_return,
)

SAMPLES = Path(__file__).parents[2] / "samples"
SIZES = (20_000, 50_000, 1_000_000)
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"

RETURNS = {
    "income tax, Hanako": (income_tax_return(HANAKO), "income-tax-return"),
    "income tax, Jiro": (income_tax_return(JIRO), "income-tax-return"),
    "consumption tax, Hanako": (consumption_tax_return(HANAKO), "consumption-tax-return"),
    "consumption tax, Jiro": (consumption_tax_return(JIRO), "consumption-tax-return"),
    **{f"{size} bytes": (sized_return(size), "income-tax-return") for size in SIZES},
}
DOCUMENTS = {
    **RETURNS,
    "certificate, Hanako": (pension_certificate(HANAKO), "pension-certificate-unsigned"),
    "certificate, Jiro": (pension_certificate(JIRO), "pension-certificate-unsigned"),
}

every_document = pytest.mark.parametrize("document", [d for d, _ in DOCUMENTS.values()], ids=DOCUMENTS.keys())
every_return = pytest.mark.parametrize("document", [d for d, _ in RETURNS.values()], ids=RETURNS.keys())
both_people = pytest.mark.parametrize("taxpayer", [HANAKO, JIRO], ids=lambda person: person.slug)


def parse(document: bytes) -> etree._Element:
    return etree.fromstring(document, etree.XMLParser(resolve_entities=False, no_network=True))


def identifiers(root: etree._Element) -> list[str]:
    ids = (element.get(name) for element in root.iter("*") for name in ("id", "ID", "Id"))
    return [value for value in ids if value is not None]


def local(element: etree._Element) -> str:
    return etree.QName(element).localname


def texts(root: etree._Element, name: str) -> list[str]:
    return [element.text or "" for element in root.iter("{*}" + name)]


def amounts(root: etree._Element, name: str) -> list[int]:
    return [int(text) for text in texts(root, name)]


def amount(root: etree._Element, name: str) -> int:
    (value,) = amounts(root, name)
    return value


@every_document
def test_is_utf8_without_bom_and_well_formed_for_two_parsers(document: bytes) -> None:
    assert document.startswith(b'<?xml version="1.0" encoding="UTF-8"')
    assert b"\r" not in document
    assert document.decode().encode() == document
    assert local(parse(document)) in {"DATA", "TEG840"}
    assert expat.ParserCreate().Parse(document, True) == 1


@pytest.mark.parametrize(("document", "rules"), DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_follows_our_schema(document: bytes, rules: str) -> None:
    validator = etree.XMLSchema(file=str(SAMPLES / "schemas" / f"{rules}.xsd"))
    assert validator.validate(parse(document)), validator.error_log


@every_document
def test_has_unique_ids_in_one_space(document: bytes) -> None:
    repeated = [value for value, count in Counter(identifiers(parse(document))).items() if count > 1]
    assert not repeated


@every_return
def test_references_resolve(document: bytes) -> None:
    root = parse(document)
    defined = {element.get("ID") for element in root.iter("*") if element.get("ID")}
    used = {element.get("IDREF") for element in root.iter("*") if element.get("IDREF")}
    assert len(used) >= 4
    assert used <= defined


@every_return
def test_catalogue_lists_exactly_what_is_there(document: bytes) -> None:
    root = parse(document)
    (contents,) = root.iter("{*}CONTENTS")

    def listed(section: str) -> list[str]:
        (found,) = root.iter("{*}" + section)
        return [entry.get("about", "") for entry in found.iter(RDF + "description")]

    def present(children: Iterator[etree._Element]) -> list[str]:
        return [f"#{child.get('id')}" for child in children]

    (attachments,) = list(contents.iter("{*}TENPU")) or [etree.Element("none")]
    others = {"IT", "TENPU", "SOFUSHO"}
    assert listed("IT_SEC") == ["#IT"]
    assert listed("FORM_SEC") == present(child for child in contents if local(child) not in others)
    assert listed("TENPU_SEC") == present(iter(attachments))
    assert listed("SOFUSHO_SEC") == present(contents.iter("{*}SOFUSHO"))


@pytest.mark.parametrize("size", SIZES)
def test_sized_return_comes_near_the_size_asked_for(size: int) -> None:
    assert len(sized_return(size)) == pytest.approx(size, rel=0.1)


def test_a_return_cannot_be_too_small() -> None:
    with pytest.raises(ValueError, match="too small"):
        sized_return(1000)


def test_sized_return_comes_in_pieces_too() -> None:
    pieces = list(iter_sized_return(100_000))
    assert len(pieces) > 5
    assert b"".join(pieces) == sized_return(100_000)


@pytest.mark.parametrize("make_document", [income_tax_return, consumption_tax_return, pension_certificate])
def test_is_deterministic_and_differs_by_person(make_document: Callable[..., bytes]) -> None:
    assert make_document(HANAKO) == make_document()
    assert make_document(JIRO) != make_document(HANAKO)


def test_sizes_are_realistic() -> None:
    assert 15_000 < len(income_tax_return()) < 40_000
    assert 10_000 < len(consumption_tax_return()) < 40_000
    assert 2_000 < len(pension_certificate()) < 10_000


def test_certificate_has_no_line_break_before_its_root() -> None:
    prolog, _, _ = pension_certificate().partition(b"<TEG840 ")
    assert prolog.count(b"<?") == 2
    assert b"\n" not in prolog


@both_people
def test_profit_and_loss_adds_up(taxpayer: Taxpayer) -> None:
    root = parse(income_tax_return(taxpayer))
    sales, opening, purchases, subtotal, closing, cost, gross = (amount(root, f"AMB000{n}0") for n in range(1, 8))
    assert subtotal == opening + purchases
    assert cost == subtotal - closing
    assert gross == sales - cost
    expenses, rest, back, back_total, family, put_in, put_total, net, special, income = (
        amount(root, f"AMD00{n:02d}0") for n in range(1, 11)
    )
    assert expenses == sum(amounts(root, "AMC00020"))
    assert rest == gross - expenses
    assert back_total == back
    assert put_total == family + put_in
    assert net == rest + back_total - put_total
    assert income == net - special
    assert sales == sum(amounts(root, "AMF00020")) == amount(root, "AMG00050") == amount(root, "ABB00020")
    assert purchases == sum(amounts(root, "AMF00030")) == amount(root, "AMG00060")
    assert income == amount(root, "ABC00010")


@both_people
def test_breakdowns_agree_with_the_expenses(taxpayer: Taxpayer) -> None:
    root = parse(income_tax_return(taxpayer))
    expenses = dict(zip(texts(root, "AMC00010"), amounts(root, "AMC00020"), strict=True))
    assert expenses["給料賃金"] == sum(amounts(root, "AMH00060")) == amount(root, "AMI00040")
    assert expenses["減価償却費"] == sum(amounts(root, "AMN00130")) == amount(root, "AMO00020")
    assert expenses["利子割引料"] == sum(amounts(root, "AMP00040"))
    assert expenses["支払報酬"] == sum(amounts(root, "AMQ00030"))
    assert expenses["地代家賃"] == sum(amounts(root, "AMR00050"))


@both_people
def test_balance_sheet_balances(taxpayer: Taxpayer) -> None:
    root = parse(income_tax_return(taxpayer))
    for side, total in (("AMV", "AMW"), ("AMX", "AMY")):
        assert sum(amounts(root, f"{side}00020")) == amount(root, f"{total}00010")
        assert sum(amounts(root, f"{side}00030")) == amount(root, f"{total}00020")
    assert amount(root, "AMW00010") == amount(root, "AMY00010")
    assert amount(root, "AMW00020") == amount(root, "AMY00020")
    assets = dict(zip(texts(root, "AMV00010"), (row[-1].text for row in root.iter("{*}AMV00000")), strict=True))
    left_to_write_off = dict(zip(texts(root, "AMN00010"), texts(root, "AMN00140"), strict=True))
    assert left_to_write_off.items() <= assets.items()
    assert int(assets["事業主貸"] or 0) > 0


@both_people
def test_income_tax_is_computed_by_the_rules(taxpayer: Taxpayer) -> None:
    root = parse(income_tax_return(taxpayer))
    subtotal, total = amount(root, "ABD00110"), amount(root, "ABD00150")
    lines = [amounts(root, f"ABD00{n:02d}0") for n in range(1, 11)]
    assert subtotal == sum(value for line in lines for value in line)
    assert total == subtotal + sum(value for n in (13, 14) for value in amounts(root, f"ABD00{n}0"))
    taxable, tax = amount(root, "ABE00010"), amount(root, "ABE00020")
    assert taxable == (amount(root, "ABC00070") - total) // 1000 * 1000
    bands = [0, 1_950_000, 3_300_000, 6_950_000, 9_000_000, 18_000_000, 40_000_000]
    rates = (5, 10, 20, 23, 33, 40)
    by_bands = sum(
        max(0, min(taxable, high) - low) * rate for (low, high), rate in zip(pairwise(bands), rates, strict=True)
    )
    assert tax == by_bands // 100
    surtax, both, withheld, due, interim, to_pay = (amount(root, f"ABE00{n:02d}0") for n in (9, 10, 12, 13, 14, 15))
    assert surtax == tax * 21 // 1000
    assert both == tax + surtax
    assert due == (both - withheld) // 100 * 100
    assert to_pay == due - interim >= 0


@both_people
def test_consumption_tax_is_computed_by_the_rules(taxpayer: Taxpayer) -> None:
    root = parse(consumption_tax_return(taxpayer))
    base, tax, purchases_tax, difference, interim, to_pay = (
        amount(root, f"AAB00{n:02d}0") for n in (1, 2, 4, 9, 10, 11)
    )
    assert base == sum(amounts(root, "AAG00010"))
    assert amount(root, "AAH00060") == amount(root, "AAH00040") + amount(root, "AAH00050")
    assert tax == amount(root, "AAI00020") + amount(root, "AAI00030") == base_tax(root)
    assert difference == (tax - purchases_tax) // 100 * 100
    assert to_pay == difference - interim >= 0
    local_tax, local_interim, local_to_pay, together = (amount(root, f"AAC000{n}0") for n in (4, 5, 6, 8))
    assert local_tax == difference * 22 // 78 // 100 * 100
    assert local_to_pay == local_tax - local_interim >= 0
    assert together == to_pay + local_to_pay
    for table in ("DSB", "DTB", "DTD"):
        columns = (amounts(root, f"{table}000{n}0") for n in (2, 3, 4))
        assert all(reduced + standard == total for reduced, standard, total in zip(*columns, strict=True))


def base_tax(root: etree._Element) -> int:
    reduced, standard = amounts(root, "DSB00020")[0], amounts(root, "DSB00030")[0]
    return reduced * 624 // 10_000 + standard * 780 // 10_000


@both_people
def test_the_two_returns_tell_of_the_same_sales(taxpayer: Taxpayer) -> None:
    consumption, income = parse(consumption_tax_return(taxpayer)), parse(income_tax_return(taxpayer))
    with_tax = amount(consumption, "AAH00040") * 108 // 100 + amount(consumption, "AAH00050") * 110 // 100
    assert with_tax == amount(income, "AMB00010")


@both_people
def test_certificate_and_return_tell_of_the_same_pension_insurance(taxpayer: Taxpayer) -> None:
    certificate, income = parse(pension_certificate(taxpayer)), parse(income_tax_return(taxpayer))
    paid, expected, total = (amount(certificate, name) for name in ("WOK00000", "WOL00000", "WOM00000"))
    assert paid == sum(amounts(certificate, "WON00030"))
    assert expected == sum(amounts(certificate, "WOO00030"))
    assert total == paid + expected
    insurance = dict(zip(texts(income, "ABI00010"), amounts(income, "ABI00020"), strict=True))
    assert insurance["国民年金"] == total
    assert amount(income, "ABD00010") == sum(insurance.values())


@pytest.mark.parametrize("size", SIZES)
def test_rents_of_a_sized_return_add_up(size: int) -> None:
    root = parse(sized_return(size))
    assert sum(amounts(root, "AKB00100")) == sum(amounts(root, "AKC00020")) == amount(root, "ABB00040")
    assert len(amounts(root, "AKB00100")) == sum(amounts(root, "AKC00010"))


def test_committed_files_are_what_the_maker_makes() -> None:
    assert make.differences(SAMPLES, make.sample_files()) == []


def test_maker_writes_and_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert make.main([str(tmp_path)]) == 0
    assert make.main([str(tmp_path), "--check"]) == 0
    (tmp_path / "unsigned" / "income-tax-return.xtx").write_bytes(b"<DATA/>")
    (tmp_path / "unsigned" / "pension-certificate.xml").unlink()
    (tmp_path / "unsigned" / "stray.xml").write_bytes(b"<DATA/>")
    capsys.readouterr()
    assert make.main([str(tmp_path), "--check"]) == 1
    assert set(capsys.readouterr().out.splitlines()) == {
        "unsigned/income-tax-return.xtx: differs",
        "unsigned/pension-certificate.xml: missing",
        "unsigned/stray.xml: not made here",
    }
