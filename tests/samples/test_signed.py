"""The signed XML samples hold at their recorded time: by our verifier, and by programs that share no code with it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from lxml import etree

import jitsuin
from jitsuin.samples.make import SIGNED_AT

SAMPLES = Path(__file__).parents[2] / "samples"
SIGNED = sorted((SAMPLES / "signed").glob("*.x*"))
TRUST = sorted((SAMPLES / "trust").iterdir())
SCHEMAS = {
    "income-tax-return.signed.xtx": "income-tax-return.xsd",
    "consumption-tax-return.signed.xtx": "consumption-tax-return.xsd",
    "pension-certificate.signed.xml": "pension-certificate.xsd",
}
every_sample = pytest.mark.parametrize("path", SIGNED, ids=lambda path: path.name)


@every_sample
def test_our_verifier(path: Path) -> None:
    report = jitsuin.verify_file(path, trust=TRUST, crls=[SAMPLES / "crl"], at=SIGNED_AT)
    assert report.verdict.passed
    assert len(report.signatures) == (3 if "consumption" in path.name else 1)
    later = jitsuin.verify_file(path, trust=TRUST, crls=[SAMPLES / "crl"], at=SIGNED_AT + timedelta(days=31))
    assert later.verdict.sub_indication == "TRY_LATER"


@every_sample
def test_the_jdk(path: Path, jdk) -> None:
    opinion = jdk.verify(path)
    assert opinion.ok, opinion.detail


@every_sample
def test_xmlsec1_with_chain_and_time(path: Path, xmlsec1) -> None:
    trusted = [x509.load_pem_x509_certificate(file.read_bytes()) for file in TRUST]
    opinion = xmlsec1.verify(path, trusted=trusted, at=SIGNED_AT)
    assert opinion.ok, opinion.detail
    assert not xmlsec1.verify(path, trusted=trusted, at=SIGNED_AT + timedelta(days=365 * 8)).ok


@every_sample
def test_tampered_copies_are_refused_by_all(path: Path, jdk, xmlsec1, tmp_path: Path) -> None:
    copy = tmp_path / path.name
    data = path.read_bytes()
    assert data.count("見本".encode()) > 1
    copy.write_bytes(data.replace("見本".encode(), "見木".encode(), 1))
    assert jitsuin.verify_file(copy, trust=TRUST, at=SIGNED_AT).verdict.sub_indication == "HASH_FAILURE"
    assert jdk.verify(copy).invalid
    assert xmlsec1.verify(copy).invalid


@every_sample
def test_the_schemas(path: Path, schema) -> None:
    assert schema.verify(path).ok
    rules = etree.XMLSchema(etree.parse(SAMPLES / "schemas" / SCHEMAS[path.name]))
    assert rules.validate(etree.parse(path)), rules.error_log


@every_sample
def test_taking_the_signatures_out_gives_the_unsigned_sample(path: Path) -> None:
    unsigned = (SAMPLES / "unsigned" / path.name.replace(".signed", "")).read_bytes()
    data = path.read_bytes()
    while (start := data.find(b"<dsig:Signature ")) >= 0:
        end = data.index(b"</dsig:Signature>", start) + len(b"</dsig:Signature>")
        data = data[:start] + data[end:]
    assert data == unsigned
