"""The signed sample PDFs hold at their recorded time: by our verifier, and by programs that share no code with it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

import jitsuin
from jitsuin.samples.make import PDF_PROFILES, SIGNED_AT

SAMPLES = Path(__file__).parents[2] / "samples"
TRUST = sorted((SAMPLES / "trust").iterdir())
FIELDS = {
    **{f"childcare-application.{profile}": ["Guardian1Signature"] for profile in PDF_PROFILES},
    **{f"employment-certificate.{profile}": ["EmployerSignature"] for profile in PDF_PROFILES},
    "childcare-application.two-guardians": ["Guardian1Signature", "Guardian2Signature"],
}
every_sample = pytest.mark.parametrize("name", FIELDS)


def signed(name: str) -> Path:
    return SAMPLES / "signed" / f"{name}.pdf"


def unsigned(name: str) -> bytes:
    return (SAMPLES / "unsigned" / f"{name.split('.')[0]}.pdf").read_bytes()


def test_these_are_all() -> None:
    assert {path.stem for path in (SAMPLES / "signed").glob("*.pdf")} == set(FIELDS)


@every_sample
def test_our_verifier(name: str) -> None:
    report = jitsuin.verify_file(signed(name), trust=TRUST, crls=[SAMPLES / "crl"], at=SIGNED_AT)
    assert report.verdict.passed
    assert [one.finding.signature_id for one in report.signatures] == FIELDS[name]
    later = jitsuin.verify_file(signed(name), trust=TRUST, crls=[SAMPLES / "crl"], at=SIGNED_AT + timedelta(days=31))
    assert later.verdict.sub_indication == "TRY_LATER"


@pytest.mark.parametrize("profile", PDF_PROFILES)
@pytest.mark.parametrize("document", ["childcare-application", "employment-certificate"])
def test_the_profile_of_its_name_and_no_other_subfilter(document: str, profile: str) -> None:
    path = signed(f"{document}.{profile}")
    another = "pades-b-b" if profile != "pades-b-b" else "moj-pdf"
    fits, differs = (
        jitsuin.verify_file(path, trust=TRUST, crls=[SAMPLES / "crl"], at=SIGNED_AT, profile=asked).verdict
        for asked in (profile, another)
    )
    assert fits.passed
    assert differs.sub_indication == "SIG_CONSTRAINTS_FAILURE"


@every_sample
def test_other_programs(name: str, pdf_judges) -> None:
    pdf_judges.accept(signed(name), FIELDS[name], at=SIGNED_AT)


@every_sample
def test_other_programs_miss_the_certificate_years_later(name: str, pdf_judges) -> None:
    results = pdf_judges.ask(signed(name), at=SIGNED_AT + timedelta(days=365 * 8))
    assert not any(results[judge].ok for judge in ("pdfsig", "pdfbox", "pyhanko", "openssl"))


@every_sample
def test_tampered_copies_are_refused_by_all(name: str, pdf_judges, tmp_path: Path) -> None:
    copy = tmp_path / "copy.pdf"
    data = signed(name).read_bytes()
    copy.write_bytes(data.replace(b"Jitsuin samples", b"Jitsuin sampleS", 1))
    assert copy.read_bytes() != data
    report = jitsuin.verify_file(copy, trust=TRUST, at=SIGNED_AT)
    assert report.verdict.sub_indication == "HASH_FAILURE"
    results = pdf_judges.ask(copy, at=SIGNED_AT)
    for judge in ("pdfsig", "pdfbox", "mutool", "pyhanko", "openssl"):
        assert not any(one.intact for one in results[judge].signatures), judge


@every_sample
def test_the_unsigned_sample_is_its_first_revision(name: str) -> None:
    assert signed(name).read_bytes().startswith(unsigned(name))


def test_the_second_guardian_signs_what_the_first_signed() -> None:
    both = signed("childcare-application.two-guardians").read_bytes()
    assert both.startswith(signed("childcare-application.agency-pdf").read_bytes())
