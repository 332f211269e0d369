"""Our schemas accept a signature where the published rules want it, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from jitsuin.samples.documents import consumption_tax_return, income_tax_return, pension_certificate

SCHEMAS = Path(__file__).parents[2] / "samples" / "schemas"

SIGNATURE = """<dsig:Signature xmlns:dsig="http://www.w3.org/2000/09/xmldsig#" Id="{id}"><dsig:SignedInfo>\
<dsig:CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>\
<dsig:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>\
<dsig:Reference URI="#RKO0010"><dsig:Transforms>\
<dsig:Transform Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/></dsig:Transforms>\
<dsig:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>\
<dsig:DigestValue>AAAA</dsig:DigestValue></dsig:Reference></dsig:SignedInfo>\
<dsig:SignatureValue>AAAA</dsig:SignatureValue>\
<dsig:KeyInfo><dsig:X509Data><dsig:X509Certificate>AAAA</dsig:X509Certificate></dsig:X509Data></dsig:KeyInfo>\
{object}</dsig:Signature>"""


def signature(identifier: str = "_sig1", inside: str = "") -> str:
    return SIGNATURE.format(id=identifier, object=inside)


def valid(schema: str, document: str) -> bool:
    validator = etree.XMLSchema(file=str(SCHEMAS / f"{schema}.xsd"))
    return bool(validator.validate(etree.fromstring(document.encode())))


def before(document: bytes, tag: str, *insertions: str) -> str:
    text = document.decode()
    assert text.count(tag) == 1
    return text.replace(tag, "".join(insertions) + tag)


INCOME = income_tax_return()
CONSUMPTION = consumption_tax_return()
CERTIFICATE = pension_certificate()


def test_every_schema_loads() -> None:
    paths = sorted(SCHEMAS.glob("*.xsd"))
    assert len(paths) >= 6
    for path in paths:
        etree.XMLSchema(file=str(path))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_signatures_end_the_return(count: int) -> None:
    signatures = [signature(f"_sig{number}") for number in range(count)]
    assert valid("income-tax-return", before(INCOME, "</DATA>", *signatures))
    assert valid("consumption-tax-return", before(CONSUMPTION, "</DATA>", *signatures))


def test_signatures_end_the_attachment() -> None:
    signed = before(CONSUMPTION, "</som:SOZ074>", signature("_att1"), signature("_att2"))
    assert valid("consumption-tax-return", signed)
    assert valid("consumption-tax-return", before(signed.encode(), "</DATA>", signature()))


def test_certificate_is_signed_once_at_the_end() -> None:
    assert not valid("pension-certificate", CERTIFICATE.decode())
    assert valid("pension-certificate", before(CERTIFICATE, "</TEG840>", signature()))
    assert not valid("pension-certificate", before(CERTIFICATE, "</TEG840>", signature(), signature("_sig2")))
    assert not valid("pension-certificate", before(CERTIFICATE, "<WOA00000>", signature()))
    assert not valid("pension-certificate-unsigned", before(CERTIFICATE, "</TEG840>", signature()))


@pytest.mark.parametrize(
    "tag", ['<RKO0010 VR="25.0.0"', "</RKO0010>", "</CONTENTS>", "</KOA020>", "</IT>", "<SOFUSHO "]
)
def test_signature_elsewhere_in_a_return_is_refused(tag: str) -> None:
    assert not valid("income-tax-return", before(INCOME, tag, signature()))


def test_signature_before_the_end_of_an_attachment_is_refused() -> None:
    assert not valid("consumption-tax-return", before(CONSUMPTION, "<som:ATF00000>", signature()))
    assert not valid("consumption-tax-return", before(CONSUMPTION, "</TENPU>", signature()))


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(signature("IT"), id="Id taken by an element"),
        pytest.param(signature("NOZEISHA_NM"), id="Id taken by an item"),
        pytest.param(signature("2026021612000"), id="Id begins with a digit"),
        pytest.param(signature().replace(' Id="_sig1"', ""), id="no Id"),
        pytest.param(signature(inside="<dsig:Object><x/></dsig:Object>"), id="element in Object"),
        pytest.param(signature().replace(">AAAA</dsig:X509C", f">{'AAAA' * 8000}</dsig:X509C"), id="huge certificate"),
        pytest.param(signature() + signature(), id="two signatures with one Id"),
        pytest.param(signature() + "<dsig:Extra xmlns:dsig='urn:x'/>", id="element after the signature"),
    ],
)
def test_wrong_signature_is_refused(wrong: str) -> None:
    assert not valid("income-tax-return", before(INCOME, "</DATA>", wrong))


def test_text_in_object_and_a_signature_without_key_are_allowed() -> None:
    with_text = signature(inside="<dsig:Object>text</dsig:Object>")
    start, end = with_text.index("<dsig:KeyInfo>"), with_text.index("</dsig:KeyInfo>") + len("</dsig:KeyInfo>")
    assert valid("income-tax-return", before(INCOME, "</DATA>", with_text[:start] + with_text[end:]))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(' id="RKO0010"', "", id="procedure without id"),
        pytest.param(' VR="25.0.0"', "", id="procedure without VR"),
        pytest.param('VR="25.0.0"', 'VR="25.0.1"', id="another version"),
        pytest.param(' id="CONTENTS"', "", id="contents without id"),
        pytest.param('id="KOA210-1"', 'id="KOA020-1"', id="id used twice"),
        pytest.param('id="KOA210-1"', 'id="NENBUN"', id="id taken by an item"),
        pytest.param(
            'sakuseiDay="2026-02-16" sakuseiNM="見本　花子" softNM="Jitsuin samples" xmlns', "xmlns", id="slip"
        ),
        pytest.param("<gen:mm>12</gen:mm>", "<gen:mm>13</gen:mm>", id="thirteenth month"),
        pytest.param("ZOKUGARA", "ZOKUGARU", id="misspelt item"),
    ],
)
def test_broken_return_is_refused(old: str, new: str) -> None:
    text = INCOME.decode()
    assert old in text
    assert not valid("income-tax-return", text.replace(old, new))


def test_contents_begin_with_the_items() -> None:
    text = INCOME.decode()
    start, end = text.index("      <IT "), text.index("      <KOA020 ")
    moved = text[:start] + text[end:].replace("      <SOFUSHO ", text[start:end] + "      <SOFUSHO ")
    assert not valid("income-tax-return", moved)


def test_a_consumption_tax_return_has_no_slip_and_needs_its_catalogue() -> None:
    slip = '<SOFUSHO xmlns="http://xml.e-tax.nta.go.jp/XSD/kyotsu"/>'
    assert not valid("consumption-tax-return", before(CONSUMPTION, "</CONTENTS>", slip))
    text = CONSUMPTION.decode()
    start, end = text.index("    <CATALOG "), text.index("    <CONTENTS ")
    assert not valid("consumption-tax-return", text[:start] + text[end:])
