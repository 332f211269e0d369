"""Programs that share no code with ours use the simulated card in pcscd: OpenSC's tools and its PKCS#11 module."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from jitsuin.signer.simulator import AUTHENTICATION_PIN, PERSONAS, SIGNATURE_PASSWORD, pki
from judges import OpenSsl
from opensc import OpenSc
from pcsc_stack import PcscStack

SIGNATURE = "JPKI (Digital Signature PIN)"
AUTHENTICATION = "JPKI (User Authentication PIN)"
DATA = b"a return of income tax"
DIGEST_INFO = bytes.fromhex("3031300D060960864801650304020105000420") + hashlib.sha256(DATA).digest()

Folder = Callable[..., Path]


@pytest.fixture
def certificate(at: datetime) -> x509.Certificate:
    found = pki.signature_certificate(PERSONAS["valid"], at)
    assert found is not None
    return found


def test_its_tokens(pcsc: PcscStack, folder: Folder, opensc: OpenSc) -> None:
    assert b"token label" not in opensc.pkcs11("--list-slots").stdout
    with pcsc.insert(folder()):
        listed = opensc.pkcs11("--list-slots").stdout.decode()
    assert re.findall(r"token label +: (.*)", listed) == [AUTHENTICATION, SIGNATURE]
    assert re.findall(r"pin min/max +: (.*)", listed) == ["4/4", "6/16"]


def test_the_signature_certificate_is_the_cards(
    pcsc: PcscStack, folder: Folder, opensc: OpenSc, certificate: x509.Certificate, tmp_path: Path
) -> None:
    found = tmp_path / "found"
    read = ["--token-label", SIGNATURE, "--read-object", "--type", "cert", "--id", "02", "--output-file", str(found)]
    with pcsc.insert(folder()):
        opensc.pkcs11(*read)
        assert not found.exists() or found.read_bytes() == b""  # unreadable before the password
        done = opensc.pkcs11(*read, "--login", "--pin", SIGNATURE_PASSWORD)
    assert done.returncode == 0, done.stderr
    assert found.read_bytes() == certificate.public_bytes(Encoding.DER)


@pytest.mark.parametrize(("mechanism", "given"), [("RSA-PKCS", DIGEST_INFO), ("SHA256-RSA-PKCS", DATA)])
def test_signs_what_openssl_verifies(
    pcsc: PcscStack,
    folder: Folder,
    opensc: OpenSc,
    openssl: OpenSsl,
    certificate: x509.Certificate,
    tmp_path: Path,
    mechanism: str,
    given: bytes,
) -> None:
    value = _sign(pcsc, folder(), opensc, tmp_path, given, SIGNATURE, "02", SIGNATURE_PASSWORD, mechanism)
    assert openssl.verify_value(certificate, DATA, value).ok
    assert openssl.verify_value(certificate, DATA + b".", value).invalid


def test_the_authentication_key_signs_with_its_own_pin(
    pcsc: PcscStack, folder: Folder, opensc: OpenSc, openssl: OpenSsl, at: datetime, tmp_path: Path
) -> None:
    value = _sign(pcsc, folder(), opensc, tmp_path, DATA, AUTHENTICATION, "01", AUTHENTICATION_PIN, "SHA256-RSA-PKCS")
    assert openssl.verify_value(pki.authentication_certificate(PERSONAS["valid"], at), DATA, value).ok


def _sign(
    pcsc: PcscStack, card: Path, opensc: OpenSc, work: Path, data: bytes, token: str, key: str, pin: str, mechanism: str
) -> bytes:
    source, target = work / "data", work / "value"
    source.write_bytes(data)
    call = ["--token-label", token, "--id", key, "--login", "--pin", pin, "--sign", "--mechanism", mechanism]
    with pcsc.insert(card):
        done = opensc.pkcs11(*call, "--input-file", source, "--output-file", target)
    assert done.returncode == 0, done.stderr
    return target.read_bytes()


def test_a_wrong_password_costs_a_try(pcsc: PcscStack, folder: Folder, opensc: OpenSc, other: Callable) -> None:
    with pcsc.insert(folder()):
        done = opensc.pkcs11("--token-label", SIGNATURE, "--login", "--pin", "WRONG1", "--list-objects")
        assert b"CKR_PIN_INCORRECT" in done.stderr
        program = other()
        assert program.connect() == 0
        assert program.tries_left() == 4


def test_bare_apdus(pcsc: PcscStack, folder: Folder, opensc: OpenSc) -> None:
    select, counter, read_token = (
        bytes.fromhex(apdu) for apdu in ("00A4040C0AD392F000260100000001", "0020009B", "00B0860010")
    )
    with pcsc.insert(folder(), slot=3):
        answers = opensc.apdus(3, select, counter, read_token).stdout
    assert re.findall(rb"SW1=0x(..), SW2=0x(..)", answers) == [(b"90", b"00"), (b"63", b"C5"), (b"90", b"00")]
    assert b"JPKIAPICCTOKEN2" in answers
