"""PDFs on their way through the pipeline: options, several signers, and files that are large."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pikepdf
import pytest

import jitsuin
from jitsuin import pipeline
from jitsuin.errors import ProfileMismatchError
from jitsuin.formats.errors import FormatError, UnsupportedDocumentError
from jitsuin.rehearsal import SigningOptions
from jitsuin.samples.pdf_documents import childcare_application, employment_certificate
from jitsuin.signer.simulator import SIGNATURE_PASSWORD

CardMaker = Callable[..., str]
PROFILES = ["pades-b-b", "agency-pdf", "moj-pdf"]


def crls(uri: str) -> list[Path]:
    return [Path(uri.removeprefix("simulator:")) / "crl"]


@pytest.fixture
def forms(tmp_path: Path) -> Path:
    """A folder with the two unsigned sample PDFs."""
    (tmp_path / "childcare.pdf").write_bytes(childcare_application())
    (tmp_path / "employment.pdf").write_bytes(employment_certificate())
    return tmp_path


@pytest.fixture
def sign(card: CardMaker, person, at: datetime) -> Callable[..., jitsuin.SignResult]:
    """Sign with a simulated card, with revocation checked."""

    def call(source: Path, target: Path, persona: str = "valid", **options) -> jitsuin.SignResult:
        uri = card(persona)
        with jitsuin.open_signer(uri, pin=person, at=at) as signer:
            return jitsuin.sign_file(
                source, target, signer=signer, trust=["simulator"], crls=crls(card()), at=at, **options
            )

    return call


@pytest.fixture
def verify(card: CardMaker, at: datetime) -> Callable[..., jitsuin.VerifyReport]:
    def call(path: Path, **options) -> jitsuin.VerifyReport:
        return jitsuin.verify_file(path, trust=["simulator"], crls=crls(card()), at=at, **options)

    return call


@pytest.mark.parametrize("profile", PROFILES)
def test_every_destination(profile: str, forms: Path, sign, verify, person, at: datetime, pdf_judges) -> None:
    source, target = forms / "employment.pdf", forms / "signed.pdf"
    before = source.read_bytes()
    result = sign(source, target, profile=profile, reason="就労の証明", location="見本市")
    assert (result.profile.name, result.signatures_made, result.notices) == (profile, 1, ())
    assert len(person.asked) == 1
    signed = target.read_bytes()
    assert signed.startswith(before)
    pdf_judges.accept(target, ["EmployerSignature"], at)
    report = verify(target, profile=profile)
    assert report.verdict.passed, report.verdict
    (signature,) = report.signatures
    assert signature.finding.claimed_at == at
    assert signature.finding.covers == ("/",)
    with pikepdf.open(target) as pdf:
        value = next(field.V for field in pdf.Root.AcroForm.Fields if field.get("/FT") == "/Sig")
        assert (str(value.Reason), str(value.Location)) == ("就労の証明", "見本市")
        assert str(value.get("/Name", "")) == ("" if profile == "pades-b-b" else "見本　花子")


def test_the_destination_of_another_form_is_told(forms: Path, sign, verify) -> None:
    sign(forms / "employment.pdf", forms / "pades.pdf")
    assert verify(forms / "pades.pdf").verdict.passed
    verdict = verify(forms / "pades.pdf", profile="moj-pdf").verdict
    assert (verdict.sub_indication, verdict.reason) == ("SIG_CONSTRAINTS_FAILURE", "not-the-form")
    assert verify(forms / "pades.pdf", profile="etax").verdict.reason == "wrong-format"


def test_a_key_that_the_destination_does_not_take(forms: Path, sign) -> None:
    """What kind of key it is shows only behind the PIN; then it is an error of its own, and nothing is written."""
    source, target = forms / "employment.pdf", forms / "out.pdf"
    with pytest.raises(UnsupportedDocumentError) as caught:
        sign(source, target, "p384", profile="moj-pdf")
    assert caught.value.facts == {"reason": "scheme-not-for-profile", "detail": "ecdsa-sha384", "profile": "moj-pdf"}
    assert not target.exists()
    assert sign(source, target, "p384", profile="agency-pdf").scheme == "ecdsa-sha384"


def test_two_guardians(forms: Path, sign, verify, at: datetime, pdf_judges) -> None:
    sign(forms / "childcare.pdf", forms / "one.pdf", field="Guardian1Signature")
    result = sign(forms / "one.pdf", forms / "both.pdf", "spouse", field="Guardian2Signature")
    assert result.notices == ()
    pdf_judges.accept(forms / "both.pdf", ["Guardian1Signature", "Guardian2Signature"], at)
    first, second = verify(forms / "both.pdf").signatures
    assert first.verdict.passed
    assert second.verdict.passed
    assert {change.code for change in first.finding.changes} >= {"signature-added"}
    assert all(change.permitted for change in first.finding.changes)
    assert first.finding.certificate != second.finding.certificate


def test_options_of_pdf_are_refused_for_xml(desk: Path, sign, person) -> None:
    for option in ("field", "reason", "location"):
        with pytest.raises(ProfileMismatchError) as caught:
            sign(desk / "income.xtx", desk / "out.xtx", **{option: "x"})
        assert caught.value.facts["found"] == f"--{option}"
    assert person.asked == []
    sign(desk / "income.xtx", desk / "out.xtx")


def test_normalizing_is_asked_for_and_said(forms: Path, sign, verify, person, at: datetime, pdf_judges) -> None:
    good = forms / "employment.pdf"
    broken = forms / "broken.pdf"
    broken.write_bytes(b"junk before the header\n" + good.read_bytes())
    target = forms / "out.pdf"
    with pytest.raises(FormatError) as caught:
        sign(broken, target)
    assert person.asked == []
    result = sign(broken, target, normalize=True)
    assert [(n.code, n.facts["reason"]) for n in result.notices] == [("normalized", caught.value.facts["reason"])]
    assert verify(target).verdict.passed
    pdf_judges.accept(target, ["EmployerSignature"], at)
    # What reads strictly is not rewritten.
    untouched = sign(good, forms / "good.pdf", normalize=True)
    assert untouched.notices == ()
    assert (forms / "good.pdf").read_bytes().startswith(good.read_bytes())


def test_several_documents_are_normalized_alike(forms: Path, card: CardMaker, person, at: datetime, verify) -> None:
    """Of several, each is opened again after the rehearsal: rewritten again where it was rewritten then."""
    uri = card()
    jobs = []
    for name in ("childcare", "employment"):
        broken = forms / f"{name}-broken.pdf"
        broken.write_bytes(b"junk\n" + (forms / f"{name}.pdf").read_bytes())
        jobs.append((broken, forms / f"{name}-out.pdf"))
    jobs.append((forms / "employment.pdf", forms / "good.pdf"))
    options = SigningOptions(trust=["simulator"], crls=crls(uri), normalize=True, field="1/0,0,0,0/Another")
    with jitsuin.open_signer(uri, pin=person, at=at) as signer:
        outcomes = pipeline.sign_files(jobs, signer=signer, options=options, at=at)
    assert [outcome.error for outcome in outcomes] == [None] * 3
    assert [len(outcome.result.notices) for outcome in outcomes if outcome.result] == [1, 1, 0]
    assert all(verify(target).verdict.passed for _, target in jobs)
    assert len(person.asked) == 1


def test_a_damaged_earlier_signature_is_said(forms: Path, sign, verify) -> None:
    sign(forms / "childcare.pdf", forms / "one.pdf", field="Guardian1Signature")
    data = bytearray((forms / "one.pdf").read_bytes())
    at = data.index(b"/Reason") if b"/Reason" in data else data.index(b"000-0000")
    data[at + 1] ^= 1
    (forms / "damaged.pdf").write_bytes(data)
    result = sign(forms / "damaged.pdf", forms / "both.pdf", "spouse", field="Guardian2Signature")
    assert [notice.code for notice in result.notices] == ["earlier-signature-fails"]
    assert [s.verdict.passed for s in verify(forms / "both.pdf").signatures] == [False, True]


def large_pdf(path: Path, size: int) -> None:
    """One page and streams of noise: nothing that compresses."""
    noise = bytes(range(256)) * 4096
    pdf = pikepdf.new()
    pdf.add_blank_page()
    pdf.Root.Ballast = pikepdf.Array([pdf.make_indirect(pikepdf.Stream(pdf, noise)) for _ in range(size // len(noise))])
    pdf.save(path, compress_streams=False, deterministic_id=True)


_SIGN_AND_VERIFY = f"""
import resource, sys
from datetime import datetime
import jitsuin
source, target, uri, crl, at = sys.argv[1:]
at = datetime.fromisoformat(at)
with jitsuin.open_signer(uri, pin=lambda request: {SIGNATURE_PASSWORD!r}, at=at) as signer:
    jitsuin.sign_file(source, target, signer=signer, trust=["simulator"], crls=[crl], at=at)
report = jitsuin.verify_file(target, trust=["simulator"], crls=[crl], at=at)
print(report.verdict.indication.word, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def test_a_large_file_is_not_read_into_memory(tmp_path: Path, forms: Path, card: CardMaker, at: datetime, sign) -> None:
    """Signed, verified and written, it takes little more memory than a small one does."""
    uri = card()
    large_pdf(tmp_path / "large.pdf", 150 << 20)
    peaks = []
    for source in (forms / "employment.pdf", tmp_path / "large.pdf"):
        target = tmp_path / f"{source.stem}.signed.pdf"
        arguments = [str(source), str(target), uri, str(crls(uri)[0]), at.isoformat()]
        done = subprocess.run(
            [sys.executable, "-c", _SIGN_AND_VERIFY, *arguments], capture_output=True, text=True, check=True
        )
        verdict, mebibytes = done.stdout.split()
        assert verdict == "VALID"
        peaks.append(int(mebibytes))
    assert peaks[1] < peaks[0] + 16


def test_a_large_file_is_written_whole(tmp_path: Path, sign, verify, at: datetime, pdf_judges) -> None:
    source, target = tmp_path / "large.pdf", tmp_path / "signed.pdf"
    large_pdf(source, 20 << 20)
    result = sign(source, target)
    assert target.read_bytes().startswith(source.read_bytes())
    report = verify(target)
    assert report.verdict.passed
    assert report.sha256 == result.target_sha256
    pdf_judges.accept(target, [report.signatures[0].finding.place], at)
    with target.open("r+b") as file:
        file.seek(10 << 20)
        file.write(b"!")
    verdict = verify(target).verdict
    assert (verdict.sub_indication, verdict.reason) == ("HASH_FAILURE", "digest-differs")
