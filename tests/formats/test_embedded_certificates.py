"""Certificates that issuers signed (TEG…), attached under TENPU of a return that the taxpayer signs."""

from __future__ import annotations

import re

import pytest

from jitsuin.samples.documents import income_tax_return, pension_certificate

INCOME = income_tax_return()
CERTIFICATE = pension_certificate()


def attached(*certificates: bytes) -> bytes:
    """The return with the roots of these files under TENPU, byte for byte."""
    roots = b"".join(re.search(rb"<TEG840 .*</TEG840>", one, re.DOTALL)[0] for one in certificates)
    return INCOME.replace(b"</CONTENTS>", b'<TENPU id="TENPU">' + roots + b"</TENPU></CONTENTS>")


@pytest.fixture(scope="module")
def certificate(desk, party) -> bytes:
    return desk.sign(CERTIFICATE, party("second"), "certificate-xml")


@pytest.fixture(scope="module")
def filed(certificate, desk, party) -> bytes:
    return desk.sign(attached(certificate), party("valid"), "etax")


def test_in_place_the_judges_refuse_it_and_cut_out_they_accept(certificate, filed, jdk, xmlsec1) -> None:
    """Inclusive canonicalisation pulls the namespaces of DATA into a certificate that was signed without them."""
    assert jdk.verify(filed).invalid
    assert xmlsec1.verify(filed).invalid
    alone = re.search(rb"<TEG840 .*</TEG840>", filed, re.DOTALL)[0]
    assert alone in certificate
    assert jdk.verify(alone).ok
    assert xmlsec1.verify(alone).ok


def test_embedded_certificate_is_verified_as_it_was_signed(filed, desk, party) -> None:
    embedded, own = desk.findings(filed, "etax")
    assert embedded.verdict.passed
    assert embedded.certificate == party("second").certificate
    assert embedded.covers == ("/DATA/RKO0010/CONTENTS/TENPU/TEG840",)
    assert own.verdict.passed
    assert own.covers == ("/DATA/RKO0010",)


def test_two_embedded_certificates(certificate, desk, party) -> None:
    other = CERTIFICATE.replace(b"000000000001", b"000000000002").replace("花子".encode(), "次郎".encode())
    pair = attached(certificate, desk.sign(other, party("p384"), "certificate-xml"))
    findings = desk.findings(desk.sign(pair, party("valid"), "etax"), "etax")
    assert [finding.verdict.passed for finding in findings] == [True] * 3
    assert [finding.covers[0].rpartition("/")[2] for finding in findings] == ["TEG840[1]", "TEG840[2]", "RKO0010"]
    altered = pair.replace("次郎".encode(), "三郎".encode())
    findings = desk.findings(desk.sign(altered, party("valid"), "etax"), "etax")
    assert [finding.verdict.passed for finding in findings] == [True, False, True]


def test_in_an_encoding_of_its_own(certificate, desk, party) -> None:
    """Cut out of a return in UTF-16, the certificate's characters are those that were signed."""
    text = attached(certificate).decode().replace('"UTF-8"', '"UTF-16"')
    signed = desk.sign(b"\xff\xfe" + text.encode("utf-16-le"), party("valid"), "etax")
    assert [finding.verdict.passed for finding in desk.findings(signed, "etax")] == [True, True]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("花子</", "花代</", "digest-differs"),
        (' softNM="Jitsuin samples">\n\t', ' softNM="Jitsuin samples">\n\t ', "digest-differs"),
        ("</TEG840>", "<x/></TEG840>", "signature-not-last"),
        ("<TEG840 ", '<TEG840 xml:lang="ja" ', "digest-differs"),
        ('xmlns="http://xml.e-tax.nta.go.jp/XSD/kyotsu" ', "", "signature-misplaced"),
        (' xmlns:gen="http://xml.e-tax.nta.go.jp/XSD/general"', "", "digest-differs"),
    ],
)
def test_changed_before_it_was_attached(old, new, reason, certificate, desk, party) -> None:
    assert desk.verdict(attached(certificate), "etax").reason == "return-not-signed"
    altered = certificate.decode().replace(old, new, 1)
    assert altered != certificate.decode()
    embedded, own = desk.findings(desk.sign(attached(altered.encode()), party("valid"), "etax"), "etax")
    assert embedded.verdict.reason == reason
    assert own.verdict.passed


def test_changed_after_the_return_was_signed(filed, desk) -> None:
    """The return's signature covers what is attached."""
    start = filed.index(b"<TEG840 ")
    altered = filed[:start] + filed[start:].replace("花子".encode(), "花代".encode(), 1)
    assert [finding.verdict.reason for finding in desk.findings(altered, "etax")] == ["digest-differs"] * 2


def test_its_signature_does_not_count_for_the_return(certificate, desk) -> None:
    embedded, missing = desk.findings(attached(certificate), "etax")
    assert embedded.verdict.passed
    assert missing.verdict.reason == "return-not-signed"


def test_names_that_only_the_fifth_edition_allows(certificate, desk, party) -> None:
    """libxml2 reads them; cutting a certificate out must not need another parser's consent."""
    data = attached(certificate).replace(b"</CONTENTS>", "<項目１/></CONTENTS>".encode())
    signed = desk.sign(data, party("valid"), "etax")
    assert [finding.verdict.passed for finding in desk.findings(signed, "etax")] == [True, True]
