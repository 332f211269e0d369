"""Reading a timestamp token (RFC 3161) strictly: what it says, and whether it is about what it stands for.

The token is a CMS over a TSTInfo (2.4.2), by one signer whose certificate is named in an ESS attribute and comes with
it. Whether that certificate is a time-stamping authority's, and whose, is judged by the caller. Nothing is read from a
token whose own signature is wrong.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from cryptography import x509

from .base import TimestampFinding
from .cms_reading import check_signed_data, digest_algorithm, dotted, read_token_data
from .der import (
    BOOLEAN,
    GENERALIZED_TIME,
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    DerError,
    Fields,
    NotDerError,
    Value,
    context,
    members,
)
from .verdict import PASSED, RefusedSignatureError, SubIndication, Verdict

_MAX_INTEGER = 64  # octets; a serial number has at most 20 (RFC 3161, 2.4.2)
_TIME = re.compile(rb"(\d{14})(?:\.(\d{1,9}))?Z")
_MILLIS, _MICROS = 0x80, 0x81  # [0] and [1] IMPLICIT INTEGER


@dataclass(frozen=True, eq=False)
class Token:
    """What a token says. Its signature is right; what it is about, and whose it is, is not known yet."""

    at: datetime
    accuracy: timedelta
    policy: str
    serial: int
    nonce: int | None
    hash_name: str
    imprint: bytes
    """The hash of what was stamped."""
    certificate: x509.Certificate
    embedded: tuple[x509.Certificate, ...]


def read_token(encoded: bytes) -> Token:
    """Read the DER of a token, which only zero bytes may follow, and check its signature.

    Raises RefusedSignatureError, nothing else.
    """
    data = read_token_data(encoded)
    if not data.signing_certificate:  # RFC 3161, 2.4.2, and RFC 5816: of one version or the other
        raise RefusedSignatureError(SubIndication.SIG_CONSTRAINTS_FAILURE, "signing-certificate-missing")
    content = data.content or b""
    try:
        check_signed_data(data, hashlib.new(data.hash_name, content).digest())
    except RefusedSignatureError as refused:
        if refused.verdict.sub_indication in (SubIndication.HASH_FAILURE, SubIndication.SIG_CRYPTO_FAILURE):
            raise RefusedSignatureError(SubIndication.SIG_CRYPTO_FAILURE, "timestamp-altered") from None
        raise
    try:
        return _read_info(content, data.certificate, data.embedded)
    except RefusedSignatureError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a hostile authority writes, it is refused
        detail = str(error) if isinstance(error, DerError) else type(error).__name__
        raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "timestamp-malformed", detail=detail) from None


def judge_token(encoded: bytes, digest: Callable[[str], bytes], place: str = "") -> TimestampFinding:
    """The finding for a token over something whose digest, by the name of the hash, can be asked for."""
    try:
        token = read_token(encoded)
    except RefusedSignatureError as refused:
        return TimestampFinding(refused.verdict, place)
    finding = TimestampFinding(
        PASSED,
        place,
        at=token.at,
        accuracy=token.accuracy,
        policy=token.policy,
        serial=token.serial,
        certificate=token.certificate,
        embedded=token.embedded,
    )
    if digest(token.hash_name) != token.imprint:
        return replace(finding, verdict=Verdict(SubIndication.HASH_FAILURE, "timestamp-of-something-else"))
    return finding


def _read_info(content: bytes, certificate: x509.Certificate, embedded: tuple[x509.Certificate, ...]) -> Token:
    """TSTInfo (RFC 3161, 2.4.2). The name in `tsa` is a hint, as the RFC says; the certificate tells who it is."""
    outer = Fields(content)
    fields = Fields(outer.take(SEQUENCE).content)
    outer.end()
    if _number(fields.take(INTEGER)) != 1:
        raise DerError("version")
    policy = dotted(fields.take(OBJECT_IDENTIFIER).encoded)
    hash_name, imprint = _imprint(fields.take(SEQUENCE))
    serial = _number(fields.take(INTEGER))
    at = _time(fields.take(GENERALIZED_TIME))
    accuracy = _accuracy(fields.optional(SEQUENCE))
    fields.optional(BOOLEAN)  # ordering
    nonce = fields.optional(INTEGER)
    fields.optional(context(0))  # tsa
    _check_extensions(fields.optional(context(1)))
    fields.end()
    _ = at + accuracy  # which has to be a time
    number = None if nonce is None else _number(nonce)
    return Token(at, accuracy, policy, serial, number, hash_name, imprint, certificate, embedded)


def _imprint(value: Value) -> tuple[str, bytes]:
    fields = Fields(value.content)
    hash_name = digest_algorithm(fields.take(SEQUENCE).encoded)
    imprint = fields.take(OCTET_STRING).content
    fields.end()
    if hash_name == "sha1":
        raise RefusedSignatureError(SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "timestamp-hash-weak", hash=hash_name)
    if len(imprint) != hashlib.new(hash_name).digest_size:
        raise DerError("length of the message imprint")
    return hash_name, imprint


def _time(value: Value) -> datetime:
    """In UTC, with seconds, and with as many of their decimals as the authority likes."""
    found = _TIME.fullmatch(value.content)
    if found is None:
        raise DerError("genTime")
    fraction = (found[2] or b"").ljust(6, b"0")[:6]
    try:
        return datetime.strptime((found[1] + fraction).decode("ascii"), "%Y%m%d%H%M%S%f").replace(tzinfo=UTC)
    except ValueError:
        raise DerError("genTime") from None


def _accuracy(value: Value | None) -> timedelta:
    if value is None:
        return timedelta()
    fields = Fields(value.content)
    parts = [fields.optional(tag) for tag in (INTEGER, _MILLIS, _MICROS)]
    fields.end()
    seconds, millis, micros = (0 if part is None else _number(part) for part in parts)
    if seconds < 0 or not 0 <= millis < 1000 or not 0 <= micros < 1000:
        raise DerError("accuracy")
    return timedelta(seconds=seconds, milliseconds=millis, microseconds=micros)


def _number(value: Value) -> int:
    octets = value.content
    if not 0 < len(octets) <= _MAX_INTEGER:
        raise DerError("length of an integer")
    if len(octets) > 1 and octets[0] in (0, 0xFF) and octets[0] >> 7 == octets[1] >> 7:
        raise NotDerError("integer in a long form")
    return int.from_bytes(octets, signed=True)


def _check_extensions(value: Value | None) -> None:
    """None is known here that could be critical."""
    for extension in members(value.content, SEQUENCE) if value else []:
        fields = Fields(extension.content)
        identifier = fields.take(OBJECT_IDENTIFIER).encoded
        critical = fields.optional(BOOLEAN)
        fields.take(OCTET_STRING)
        fields.end()
        if critical is not None and critical.content != b"\0":
            raise RefusedSignatureError(
                SubIndication.SIG_CONSTRAINTS_FAILURE, "timestamp-extension", oid=dotted(identifier)
            )
