"""What is refused before a key is touched: documents that verifiers read differently, signatures that would break."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from jitsuin.formats.errors import (
    AlreadySignedError,
    DuplicateIdError,
    ExternalFileError,
    FormatError,
    MalformedDocumentError,
    TargetNotFoundError,
    UnsupportedDocumentError,
    WouldBreakSignatureError,
)
from jitsuin.samples.documents import consumption_tax_return, income_tax_return, pension_certificate

INCOME = income_tax_return()
CONSUMPTION = consumption_tax_return()
CERTIFICATE = pension_certificate()
SMALL = b'<DATA xmlns="http://xml.e-tax.nta.go.jp/XSD/shotoku"><RKO0010 id="RKO0010"/></DATA>'


# Documents that not everyone reads alike


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'<r xml:lang="ja"><m xml:lang="en"><t id="T"/></m></r>', "canonicalization"),
        (b'<r xml:base="http://a.invalid/"><m xml:base="b"><t id="T"/></m></r>', "canonicalization"),
        (b'<r xmlns:a="relative"><t id="T"/></r>', "canonicalization"),
        (b'<r xmlns:a="urn:a?b&amp;c"><t id="T"/></r>', "canonicalization"),
        (b'<r><t id="xpointer(/)" mark="T"/></r>', "no-such-id"),
        (b'<r><t id="a b" mark="T"/></r>', "no-such-id"),
        ("<r><t id='a\u3000b' mark='T'/></r>".encode(), "no-such-id"),
    ],
)
def test_documents_that_verifiers_read_differently_are_refused(data, reason, identifier, desk, party) -> None:
    with pytest.raises(FormatError) as refused:
        desk.sign(data, party("valid"), "xmldsig", references=(identifier(data),))
    assert refused.value.facts["reason"] == reason


def test_a_return_whose_id_is_no_name_is_refused(desk, party) -> None:
    data = SMALL
    assert desk.verdict(desk.sign(data, party("valid"), "etax"), "etax").passed
    for value in (b"", b"RKO 0010", b"xpointer(/)", "申告　書".encode()):
        with pytest.raises(TargetNotFoundError) as refused:
            desk.sign(data.replace(b'id="RKO0010"', b'id="' + value + b'"'), party("valid"), "etax")
        assert refused.value.facts["reason"] == ("id-not-a-name" if value else "no-id")


def test_the_jdk_inherits_the_outermost_attribute(desk, jdk, xmlsec1, party) -> None:
    """Why an xml: attribute that differs among ancestors is refused: the JDK does not follow the standard there."""
    data = b'<r xml:lang="ja"><m xml:lang="en"><t id="T"/></m></r>'
    by_jdk = jdk.sign(data, party("valid").pkcs12, "secret", uris=["#T"], transforms="c14n")
    assert jdk.verify(by_jdk).ok
    assert xmlsec1.verify(by_jdk).invalid
    assert desk.verdict(by_jdk, "xmldsig").reason == "digest-differs"


def test_language_of_an_attachment_that_differs_from_its_return(desk, bench, party) -> None:
    """SignedInfo would stand below both."""

    def with_languages(outer: bytes, inner: bytes) -> bytes:
        data = CONSUMPTION.replace(b"<DATA ", b'<DATA xml:lang="' + outer + b'" ')
        return data.replace(b"<som:SOZ074 ", b'<som:SOZ074 xml:lang="' + inner + b'" ')

    signed = desk.sign(with_languages(b"ja", b"ja"), party("valid"), "etax", attachments=True)
    bench.accept(signed, "etax", count=2)
    with pytest.raises(UnsupportedDocumentError):
        desk.sign(with_languages(b"ja", b"en"), party("valid"), "etax", attachments=True)
    bench.accept(desk.sign(with_languages(b"ja", b"en"), party("valid"), "etax"), "etax")


# Signatures that would break others, or have no place


def test_nothing_is_added_to_what_an_earlier_signature_covers(desk, jdk, party) -> None:
    data = b'<r id="R"><t id="T">x</t></r>'
    for references in ((), ("R",)):
        first = desk.sign(data, party("valid"), "xmldsig", references=references)
        assert desk.verdict(first, "xmldsig").passed
        with pytest.raises(WouldBreakSignatureError) as refused:
            desk.sign(first, party("second"), "xmldsig", references=("T",))
        assert refused.value.facts == {"place": "/r/Signature"}
        broken = first.replace(b"</r>", b"<more/></r>")
        assert jdk.verify(broken).invalid, "why"
    beside = desk.sign(data, party("valid"), "xmldsig", references=("T",))
    assert desk.verdict(desk.sign(beside, party("second"), "xmldsig", references=("T",)), "xmldsig").passed


def test_attachments_are_not_signed_after_the_return(desk, party) -> None:
    filed = desk.sign(CONSUMPTION, party("valid"), "etax")
    with pytest.raises(WouldBreakSignatureError):
        desk.sign(filed, party("second"), "etax", attachments=True)
    assert desk.verdict(desk.sign(filed, party("second"), "etax"), "etax").passed


def test_a_certificate_is_signed_once(desk, party) -> None:
    signed = desk.sign(CERTIFICATE, party("valid"), "certificate-xml")
    with pytest.raises(AlreadySignedError) as refused:
        desk.sign(signed, party("second"), "certificate-xml")
    assert refused.value.facts == {"place": "/TEG840/Signature"}


@pytest.mark.parametrize(
    ("profile", "data", "changes", "error", "reason"),
    [
        ("etax", INCOME, {"attachments": True}, TargetNotFoundError, "no-attachments"),
        ("etax", INCOME.replace(b"</DATA>", b"<x/></DATA>"), {}, TargetNotFoundError, "beside-procedure"),
        ("etax", SMALL.replace(b' id="RKO0010"', b""), {}, TargetNotFoundError, "no-id"),
        ("etax", b"<DATA/>", {}, TargetNotFoundError, "no-procedure"),
        ("certificate-xml", CERTIFICATE.replace(b' id="', b' iD="'), {}, TargetNotFoundError, "no-id"),
        ("xmldsig", INCOME, {"references": ("IT", "nobody")}, TargetNotFoundError, "no-such-id"),
        ("xmldsig", b"<r><a id='x'/><b ID='x'/></r>", {}, DuplicateIdError, None),
        ("xmldsig", b"<!DOCTYPE r><r/>", {}, UnsupportedDocumentError, "dtd"),
        ("xmldsig", b"<r>", {}, MalformedDocumentError, "not-well-formed"),
        ("xmldsig", b"", {}, MalformedDocumentError, "not-well-formed"),
    ],
)
def test_nothing_to_sign(profile, data, changes, error, reason, desk, party) -> None:
    with pytest.raises(error) as refused:
        desk.sign(data, party("valid"), profile, **changes)
    assert refused.value.facts.get("reason") == reason


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "../a", "a b", "見本.csv", "a%20b", "a#b", "a?b", "C:\\a", "http:a"]
)
def test_names_of_files_that_not_everyone_resolves_alike(name, desk, party) -> None:
    assert desk.verdict(
        desk.sign(b"<r/>", party("valid"), "xmldsig", files={"a-1_~.csv": b""}), "xmldsig", files={"a-1_~.csv": b""}
    ).passed
    with pytest.raises(ExternalFileError) as refused:
        desk.sign(b"<r/>", party("valid"), "xmldsig", files={name: b""})
    assert refused.value.facts == {"name": name, "reason": "not-a-bare-name"}


def test_keys_that_xml_signature_has_no_name_for_here(desk, certify, party) -> None:
    odd = certify(ec.generate_private_key(ec.SECP256K1()))
    with pytest.raises(UnsupportedDocumentError) as refused:
        desk.sign(b"<r/>", odd, "xmldsig")
    assert refused.value.facts["reason"] == "key"
    assert desk.verdict(desk.sign(b"<r/>", party("p256"), "xmldsig"), "xmldsig").passed
