"""The judges of PDFs themselves, both ways: what pyHanko signed must pass, and every tampered copy must fail."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pikepdf
import pytest
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

from jitsuin.signer.simulator.personas import PERSONAS
from jitsuin.signer.simulator.pki import ca_certificate, private_key, signature_certificate
from pdf_judges import After, PdfJudges

AT = datetime(2026, 6, 1, 3, tzinfo=UTC)
CRYPTOGRAPHERS = ("pdfsig", "pdfbox", "mutool", "pyhanko", "openssl")


@pytest.fixture(scope="session")
def unsigned() -> bytes:
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(612, 792))
    out = io.BytesIO()
    pdf.save(out, static_id=True)
    return out.getvalue()


def by_pyhanko(data: bytes, persona: str, field: str, subfilter: SigSeedSubFilter, ca: str = "sign-ca-03") -> bytes:
    certificate = signature_certificate(PERSONAS[persona], AT)
    assert certificate is not None
    key = private_key(persona).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    store = SimpleCertificateStore()
    store.register(asn1_x509.Certificate.load(ca_certificate(ca).public_bytes(Encoding.DER)))
    signer = SimpleSigner(
        signing_cert=asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER)),
        signing_key=asn1_keys.PrivateKeyInfo.load(key),
        cert_registry=store,
        embed_roots=True,
    )
    digest = "sha384" if persona == "p384" else "sha256"
    metadata = PdfSignatureMetadata(field, md_algorithm=digest, subfilter=subfilter)
    out = io.BytesIO()
    PdfSigner(metadata, signer).sign_pdf(IncrementalPdfFileWriter(io.BytesIO(data)), output=out)
    return out.getvalue()


@pytest.fixture(scope="session", params=["valid", "p384", "both"])
def signed(request: pytest.FixtureRequest, unsigned: bytes) -> tuple[bytes, list[str]]:
    """A signed PDF and the names of its fields."""
    if request.param != "both":
        return by_pyhanko(unsigned, request.param, "A", SigSeedSubFilter.PADES), ["A"]
    once = by_pyhanko(unsigned, "valid", "A", SigSeedSubFilter.ADOBE_PKCS7_DETACHED)
    return by_pyhanko(once, "p384", "B", SigSeedSubFilter.PADES), ["A", "B"]


def test_signed(signed: tuple[bytes, list[str]], pdf_judges: PdfJudges) -> None:
    data, fields = signed
    results = pdf_judges.accept(data, fields, at=AT)
    for name in ("pdfsig", "pdfbox", "pyhanko"):
        assert [one.field for one in results[name].signatures] == fields, name
        assert results[name].signatures[-1].hash in ("sha256", "sha384")
    for name in CRYPTOGRAPHERS:
        expected = [After.PERMITTED] * (len(fields) - 1) + [After.NOTHING]
        assert [one.after for one in results[name].signatures] == expected, name


def test_no_signature(unsigned: bytes, pdf_judges: PdfJudges) -> None:
    with pytest.raises(AssertionError, match="0 signatures"):
        pdf_judges.accept(unsigned, ["A"], at=AT)


def flip(data: bytes, offset: int, to: bytes) -> bytes:
    assert data[offset : offset + 1] != to
    return data[:offset] + to + data[offset + 1 :]


def change_page(data: bytes) -> bytes:
    return flip(data, data.index(b"612"), b"5")


def change_value(data: bytes) -> bytes:
    """A hexadecimal digit of the last signature value, which ends the DER; all behind it is padding."""
    gap = data.rindex(b"<", 0, data.rindex(b"0" * 400 + b">"))
    end = len(data[: data.index(b">", gap)].rstrip(b"0"))
    return flip(data, end - 20, b"0" if data[end - 20 : end - 19] != b"0" else b"1")


@pytest.mark.parametrize("tamper", [change_page, change_value])
def test_tampered(tamper: Callable[[bytes], bytes], signed: tuple[bytes, list[str]], pdf_judges: PdfJudges) -> None:
    results = pdf_judges.ask(tamper(signed[0]), at=AT)
    for name in CRYPTOGRAPHERS:
        assert not results[name].ok, name
        assert len(results[name].signatures) == len(signed[1]) or name == "pyhanko", name
    assert results["qpdf"].ok, "a control: as a file there is nothing wrong with it"


def test_bytes_behind_the_end(signed: tuple[bytes, list[str]], pdf_judges: PdfJudges) -> None:
    results = pdf_judges.ask(signed[0] + b"% more\n", at=AT)
    for name in CRYPTOGRAPHERS:
        assert results[name].signatures[-1].intact, name
        assert not results[name].covered, name


@pytest.mark.parametrize("days", [-400, 365 * 4])
def test_moment(days: int, unsigned: bytes, pdf_judges: PdfJudges) -> None:
    """Those who judge the chain do it at the moment they are told."""
    signed = by_pyhanko(unsigned, "valid", "A", SigSeedSubFilter.PADES)
    results = pdf_judges.ask(signed, at=AT + timedelta(days=days))
    for name in ("pdfsig", "pdfbox", "pyhanko", "openssl"):
        assert [one.trusted for one in results[name].signatures] == [False], name


def test_stranger(unsigned: bytes, pdf_judges: PdfJudges) -> None:
    """Issued by a CA of the right name and key identifier, but with another key."""
    signed = by_pyhanko(unsigned, "look-alike", "A", SigSeedSubFilter.PADES, ca="look-alike-ca")
    results = pdf_judges.ask(signed, at=AT)
    for name in ("pdfsig", "pdfbox", "pyhanko", "openssl"):
        assert [(one.intact, one.trusted) for one in results[name].signatures] == [(True, False)], name
    assert results["mutool"].ok, "a control, for it does not judge the chain"


def test_damaged(unsigned: bytes, pdf_judges: PdfJudges) -> None:
    """Readers that repair without a word are none to ask about the file."""
    data = by_pyhanko(unsigned, "valid", "A", SigSeedSubFilter.PADES)
    at = data.rindex(b"startxref") + len(b"startxref\n")
    results = pdf_judges.ask(data[:at] + b"1" + data[at:], at=AT)
    assert [name for name in results if not results[name].readable] == ["mutool", "pyhanko", "qpdf"]
