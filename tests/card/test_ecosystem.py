"""The card in pcscd as the key of other people's programs: cryptography, signxml, and the real `pyhanko` command."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sysconfig
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import signxml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner

import jitsuin
from jitsuin.pyhanko_signer import JitsuinSigner
from jitsuin.samples.pdf_documents import employment_certificate
from jitsuin.signer.base import PinRequest
from jitsuin.signer.errors import CardRemovedError
from jitsuin.signer.pcsc import list_readers
from jitsuin.signer.simulator import SIGNATURE_PASSWORD, create_card
from judges import OpenSsl, Xmlsec1
from pcsc_stack import PcscStack

PYHANKO = str(Path(sysconfig.get_path("scripts"), "pyhanko"))
NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "somebody")])
WAYS = ("card:", "pkcs11:")
"""By APDUs, and through OpenSC."""
DATA = b"to be signed"
NOW = datetime.now(UTC)
"""The command knows no other time."""
Folder = Callable[..., Path]


def password(_: PinRequest) -> str:
    return SIGNATURE_PASSWORD


@pytest.mark.parametrize("uri", WAYS)
def test_an_rsa_key(uri: str, pcsc: PcscStack, folder: Folder, openssl: OpenSsl) -> None:
    with pcsc.insert(folder()), jitsuin.open_signer(uri, pin=password) as signer:
        key, certificate = signer.private_key(), signer.certificate
        assert isinstance(key, rsa.RSAPrivateKey)
        value = key.sign(DATA, padding.PKCS1v15(), hashes.SHA256())
        digest = hashes.Hash(hashes.SHA256())
        digest.update(DATA)
        assert key.sign(digest.finalize(), padding.PKCS1v15(), Prehashed(hashes.SHA256())) == value
        request = x509.CertificateSigningRequestBuilder(NAME).sign(key, hashes.SHA256())
    assert openssl.verify_value(certificate, DATA, value).ok
    assert openssl.verify_value(certificate, DATA + b".", value).invalid
    verify = ("req", "-inform", "DER", "-verify", "-noout")
    assert openssl.run(*verify, stdin=request.public_bytes(Encoding.DER)).returncode == 0


def test_an_elliptic_key(pcsc: PcscStack, folder: Folder, openssl: OpenSsl) -> None:
    with pcsc.insert(folder("p384")), jitsuin.open_signer("card:", pin=password) as signer:
        key, certificate = signer.private_key(), signer.certificate
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        value = key.sign(DATA, ec.ECDSA(hashes.SHA384()))
    assert openssl.verify_value(certificate, DATA, value, "sha384").ok
    assert openssl.verify_value(certificate, DATA + b".", value, "sha384").invalid


@pytest.mark.parametrize("uri", WAYS)
def test_signxml(uri: str, pcsc: PcscStack, folder: Folder, xmlsec1: Xmlsec1) -> None:
    with pcsc.insert(folder()), jitsuin.open_signer(uri, pin=password) as signer:
        certificate = signer.certificate
        pem = certificate.public_bytes(Encoding.PEM).decode()
        tree = etree.fromstring("<order><item>pen</item></order>")
        signed = etree.tostring(signxml.XMLSigner().sign(tree, key=signer.private_key(), cert=pem))
    assert xmlsec1.verify(signed, certificate=certificate).ok
    assert xmlsec1.verify(signed.replace(b"pen", b"pan"), certificate=certificate).invalid


@pytest.mark.parametrize("persona", ["valid", "p384"])
def test_pyhanko_in_a_program(persona: str, pcsc: PcscStack, folder: Folder, pdf_judges, at: datetime) -> None:
    meta = PdfSignatureMetadata("Seal", subfilter=SigSeedSubFilter.PADES)
    with pcsc.insert(folder(persona)), jitsuin.open_signer("card:", pin=password) as signer:
        writer = IncrementalPdfFileWriter(io.BytesIO(employment_certificate()))
        signed: io.BytesIO = PdfSigner(meta, JitsuinSigner(signer)).sign_pdf(writer)
    pdf_judges.accept(signed.getvalue(), ["Seal"], at=at + timedelta(hours=1))


def test_a_card_that_is_taken_away_gives_no_more_signatures(pcsc: PcscStack, folder: Folder) -> None:
    with pcsc.insert(folder()) as card, jitsuin.open_signer("card:", pin=password) as signer:
        key = signer.private_key()
        assert key.sign(DATA, padding.PKCS1v15(), hashes.SHA256())
        card.take_out()
        with pytest.raises(CardRemovedError):
            key.sign(DATA, padding.PKCS1v15(), hashes.SHA256())


def start_pyhanko(folder: Path, pin: str, *arguments: str) -> subprocess.Popen[str]:
    (folder / "in.pdf").write_bytes(employment_certificate())
    call = [PYHANKO, "sign", "addsig", "--field", "Seal", "--use-pades", "jpki", "--pin-source", "env:PIN"]
    call += ["--trust", "simulator", *arguments, "in.pdf", "out.pdf"]
    environment = {**os.environ, "HOME": str(folder), "JITSUIN_LANG": "en", "PIN": pin}
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(call, cwd=folder, env=environment, text=True, **pipes)  # type: ignore[call-overload, no-any-return]


def run_pyhanko(folder: Path, pin: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    process = start_pyhanko(folder, pin, *arguments)
    printed, complaints = process.communicate(timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, printed, complaints)


@pytest.mark.parametrize(("persona", "uri"), [*(("valid", way) for way in WAYS), ("p384", "card:")])
def test_the_pyhanko_command(
    persona: str, uri: str, pcsc: PcscStack, tmp_path: Path, other: Callable, pdf_judges
) -> None:
    create_card(tmp_path / "card", persona, NOW)
    with pcsc.insert(tmp_path / "card"):
        done = run_pyhanko(tmp_path, SIGNATURE_PASSWORD, "--key", uri)
        assert (done.returncode, done.stderr) == (0, "")
        pdf_judges.accept(tmp_path / "out.pdf", ["Seal"], at=NOW + timedelta(minutes=5))
        program = other()
        assert program.connect() == 0
        assert program.sign() == 0x6982  # the card was left locked


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_during_the_signature_leaves_the_card_closed(
    pcsc: PcscStack, tmp_path: Path, other: Callable, number: signal.Signals
) -> None:
    create_card(tmp_path / "card", "valid", NOW)
    with pcsc.insert(tmp_path / "card", sign_ms=2000):
        process = start_pyhanko(tmp_path, SIGNATURE_PASSWORD)
        end = time.monotonic() + 30
        while not any(state.in_use for state in list_readers()):
            assert time.monotonic() < end
            time.sleep(0.02)
        time.sleep(1)  # pyHanko prepares the document between the certificate and the signature
        process.send_signal(number)
        _, complaints = process.communicate(timeout=60)
        assert process.returncode == (1 if number is signal.SIGINT else 128 + number)  # click's way with Ctrl-C is 1
        assert "Traceback" not in complaints
        assert not (tmp_path / "out.pdf").exists()
        program = other()
        assert program.connect() == 0
        assert (program.sign(), program.tries_left()) == (0x6982, 5)


def test_the_pyhanko_command_with_a_wrong_password(pcsc: PcscStack, tmp_path: Path, other: Callable) -> None:
    create_card(tmp_path / "card", "valid", NOW)
    with pcsc.insert(tmp_path / "card"):
        done = run_pyhanko(tmp_path, "WRONG123")
        assert (done.returncode, done.stderr) == (6, "Error: the password is wrong; tries left: 4\n")
        assert not (tmp_path / "out.pdf").exists()
        program = other()
        assert program.connect() == 0
        assert (program.tries_left(), program.sign()) == (4, 0x6982)


def test_the_pyhanko_command_names_a_reader(pcsc: PcscStack, tmp_path: Path) -> None:
    for name, persona in (("card", "valid"), ("other", "second")):
        create_card(tmp_path / name, persona, NOW)
    with pcsc.insert(tmp_path / "card", slot=0), pcsc.insert(tmp_path / "other", slot=2):
        several = run_pyhanko(tmp_path, SIGNATURE_PASSWORD)
        assert several.returncode == 5
        assert pcsc.readers[2] in several.stderr
        assert run_pyhanko(tmp_path, SIGNATURE_PASSWORD, "--key", "card:second").returncode == 0
