"""The programs at the card: from opening it to the first checked signature, and on. Run in a child of its own each."""

from __future__ import annotations

import ctypes
import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from child import absent, versions
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

MODULE = "opensc-pkcs11.so"
TOKEN = "JPKI (Digital Signature PIN)"  # noqa: S105 - a label
DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
"""RFC 8017, 9.2, note 1: what stands before a SHA-256 value."""
Sign = Callable[[bytes], bytes]
Opening = Iterator[tuple[x509.Certificate, Sign] | None]
"""Yields None when all is imported and the clock may start, then the certificate and what signs; then it closes."""


def jitsuin(reader: str, password: str, issuer: str = "unread") -> Opening:
    """`issuer`: the CA certificate is not looked at, or is one that is known or unknown here and so read in whole."""
    from jitsuin.signer.base import SignatureScheme, SignerOptions
    from jitsuin.signer.pcsc import open_signer
    from jitsuin.trust import load_trust

    at = datetime.now(UTC)
    known = load_trust(["simulator"]).anchors if issuer == "known" else ()
    yield None
    options = SignerOptions(lambda _: password, at, known_issuers=known)
    with open_signer(f"card:{reader}", options) as signer:
        certificate = signer.certificate
        if issuer != "unread":
            assert signer.issuers
        yield certificate, lambda data: signer.sign(data, SignatureScheme.RSA_SHA256)


def opensc(_reader: str, password: str) -> Opening:
    import pkcs11
    from pkcs11 import Attribute, Mechanism, ObjectClass

    yield None
    token = pkcs11.lib(MODULE).get_token(token_label=TOKEN)
    with token.open(user_pin=password) as session:
        (found,) = session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE})
        certificate = x509.load_der_x509_certificate(found[Attribute.VALUE])
        (key,) = session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})

        def sign(data: bytes) -> bytes:
            value = bytes(key.sign(DIGEST_INFO + sha256(data), mechanism=Mechanism.RSA_PKCS))
            check(certificate, data, value)
            return value

        yield certificate, sign


def card(reader: str, password: str) -> Opening:
    """The card's own rate: the same signature command and nothing else, by pyscard's plain SCardTransmit, unchecked."""
    from smartcard import scard

    yield None
    _, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    result, handle, protocol = scard.SCardConnect(context, reader, scard.SCARD_SHARE_EXCLUSIVE, 3)
    assert result == 0, hex(result)

    def transmit(command: bytes) -> bytes:
        result, answer = scard.SCardTransmit(handle, protocol, list(command))
        assert result == 0, hex(result)
        assert answer[-2:] == [0x90, 0x00], bytes(answer[-2:]).hex()
        return bytes(answer[:-2])

    transmit(bytes.fromhex("00A4040C0AD392F000260100000001"))
    transmit(bytes.fromhex("0020009B") + bytes([len(password)]) + password.encode())
    der = transmit(bytes.fromhex("00B0810000"))
    while len(der) < 4 + int.from_bytes(der[2:4]):
        der += transmit(b"\x00\xb0" + len(der).to_bytes(2) + b"\x00")
    certificate = x509.load_der_x509_certificate(der[: 4 + int.from_bytes(der[2:4])])
    command = bytes.fromhex("802A009A33") + DIGEST_INFO
    yield certificate, lambda data: transmit(command + sha256(data) + b"\x00")
    scard.SCardDisconnect(handle, scard.SCARD_UNPOWER_CARD)
    scard.SCardReleaseContext(context)


CONTENDERS: dict[str, Callable[..., Opening]] = {
    "jitsuin": jitsuin,
    "opensc": opensc,
    "opensc-jpki": opensc,
    "card": card,
}


def sha256(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(data)
    return digest.finalize()


def check(certificate: x509.Certificate, data: bytes, value: bytes) -> None:
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(value, data, padding.PKCS1v15(), hashes.SHA256())


def prepare() -> dict[str, Any]:
    missing = absent(["smartcard.scard", "pkcs11"])
    try:
        ctypes.CDLL(MODULE)
    except OSError as error:
        missing["opensc"] = str(error)
    for name in ("pkcs11", "opensc"):
        if name in missing:
            missing["opensc"] = missing["opensc-jpki"] = missing[name]
    packages = {
        package: version(package)
        for package, module in (("pyscard", "smartcard.scard"), ("python-pkcs11", "pkcs11"))
        if module not in missing
    }
    return {"versions": versions() | packages, "absent": missing}


def measure(tool: str, reader: str, password: str, further: int, *options: str) -> dict[str, Any]:
    """Seconds from opening to the first signature, checked, with the certificate read; and of each one after it."""
    contender = CONTENDERS[tool](reader, password, *options)
    next(contender)
    begin = time.perf_counter()
    opened = next(contender)
    assert opened is not None
    certificate, sign = opened
    value = sign(b"document 0")
    first = time.perf_counter() - begin
    times, values = [], [value]
    for number in range(1, further + 1):
        begin = time.perf_counter()
        values.append(sign(b"document %d" % number))
        times.append(time.perf_counter() - begin)
    for number, value in enumerate(values):
        check(certificate, b"document %d" % number, value)
    assert next(contender, None) is None
    return {"first": first, "further": times}


def main() -> None:
    command, *arguments = sys.argv[1:]
    if command == "prepare":
        print(json.dumps(prepare()))
    else:
        tool, reader, password, further, *options = arguments
        print(json.dumps(measure(tool, reader, password, int(further), *options)))


if __name__ == "__main__":
    main()
