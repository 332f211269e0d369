"""What the command line says about PDFs: slips, other people's signatures, and what was changed after signing."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from pathlib import Path

import pikepdf
import pytest

from jitsuin.samples.pdf_documents import childcare_application, employment_certificate
from jitsuin.signer.simulator import SIGNATURE_PASSWORD

TRUST = ("--trust", "simulator")


@pytest.fixture
def forms(tmp_path: Path) -> Path:
    """A folder with the two unsigned sample PDFs."""
    (tmp_path / "childcare.pdf").write_bytes(childcare_application())
    (tmp_path / "employment.pdf").write_bytes(employment_certificate())
    return tmp_path


@pytest.fixture
def sign(jitsuin, forms: Path, monkeypatch: pytest.MonkeyPatch):
    """Sign with a card in that folder. The password is given anew each time: the variable is used up."""

    def run(*arguments: object):
        monkeypatch.setenv("SECRET", SIGNATURE_PASSWORD)
        return jitsuin("sign", *arguments, "--key", f"simulator:{forms / 'card'}", *TRUST, "--pin-source", "env:SECRET")

    return run


def test_a_slip_in_the_name_of_a_field_is_not_signed_beside_it(forms: Path, sign) -> None:
    slip = sign(forms / "childcare.pdf", "--field", "Guardian1Signatrue")
    assert slip.code == 4
    assert "“Guardian1Signatrue”" in slip.err
    assert "Guardian1Signature, Guardian2Signature" in slip.err
    right = sign(forms / "childcare.pdf", "--field", "Guardian1Signature")
    assert (right.code, right.err) == (0, "")


@pytest.mark.parametrize("option", ["--reason", "--location"])
def test_bytes_that_are_no_text_are_wrong_usage(option: str, forms: Path) -> None:
    command = [str(Path(sysconfig.get_path("scripts"), "jitsuin")), "sign", "--dry-run", str(forms / "employment.pdf")]
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "JITSUIN_LANG": "en"}
    ends = []
    for value in (b"\xff\xfe", "申請".encode()):
        done = subprocess.run([*command, option, value], capture_output=True, env=environment, check=False)
        ends.append((done.returncode, b"encoding" in done.stderr))
    assert ends == [(2, True), (0, False)]


def test_a_sound_signature_of_another_form_is_not_said_to_fail(forms: Path, sign) -> None:
    source = forms / "childcare.pdf"
    one, both = forms / "one.pdf", forms / "both.pdf"
    assert sign(source, "-o", one, "--field", "Guardian1Signature", "--profile", "moj-pdf").code == 0
    second = sign(one, "-o", both, "--field", "Guardian2Signature")
    assert second.code == 0, second.err
    said = second.out
    assert "Guardian1Signature, which was there before, is sound, but not in the form of pades-b-b" in said
    assert "does not verify" not in said
    alike = sign(one, "-o", forms / "alike.pdf", "--field", "Guardian2Signature", "--profile", "moj-pdf")
    assert (alike.code, alike.err) == (0, "")
    said = alike.out
    assert "which was there before" not in said


def test_why_a_document_was_rewritten_is_said_in_words(forms: Path, sign) -> None:
    junk = forms / "junk.pdf"
    junk.write_bytes(b"junk\n" + (forms / "employment.pdf").read_bytes())
    assert "(--normalize), because" in (said := sign(junk, "--normalize").out)
    assert "5 bytes stand before the PDF header" in said


def test_a_field_with_the_name_of_the_whole_document_does_not_hide_its_signer(jitsuin, forms: Path, sign) -> None:
    with pikepdf.open(forms / "childcare.pdf") as pdf:
        field = next(field for field in pdf.Root.AcroForm.Fields if field.T == "Guardian1Signature")
        field.T = "/"
        pdf.save(forms / "slash.pdf")
    assert sign(forms / "slash.pdf", "--field", "/").code == 0
    shown = jitsuin("verify", forms / "slash.signed.pdf", *TRUST, "--revocation", "warn")
    assert shown.code == 0
    assert "signature 1: /" in shown.out
    assert "signed by     見本" in shown.out


def test_what_was_changed_after_signing_is_said_in_words(jitsuin, forms: Path, sign) -> None:
    assert sign(forms / "employment.pdf").code == 0
    signed = forms / "employment.signed.pdf"
    assert jitsuin("verify", signed, *TRUST, "--revocation", "warn").code == 0
    signed.write_bytes(signed.read_bytes() + b"x")
    shown = jitsuin("verify", signed, *TRUST, "--revocation", "warn")
    assert shown.code == 1
    assert "in a way that is not permitted: bytes follow the end" in shown.out
