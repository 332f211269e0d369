"""What is said to a time-stamping authority and what it answers, in DER (RFC 3161, 2.4); nothing is sent from here."""

from __future__ import annotations

from dataclasses import dataclass

from .cms_names import DIGESTS
from .der import (
    BIT_STRING,
    BOOLEAN,
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    UTF8_STRING,
    Fields,
    Value,
    integer,
    members,
    tlv,
)

REQUEST_TYPE, RESPONSE_TYPE = "application/timestamp-query", "application/timestamp-reply"
"""Media types of the protocol over HTTP (3.4)."""

_GRANTED = frozenset((0, 1))  # granted, grantedWithMods
_STATUS = {2: "rejection", 3: "waiting", 4: "revocationWarning", 5: "revocationNotification"}
_FAILURES = {
    0: "badAlg",
    2: "badRequest",
    5: "badDataFormat",
    14: "timeNotAvailable",
    15: "unacceptedPolicy",
    16: "unacceptedExtension",
    17: "addInfoNotAvailable",
    25: "systemFailure",
}
"""PKIFailureInfo: the bits that the RFC names."""
_MAX_TEXT = 200


@dataclass(frozen=True)
class Response:
    """A TimeStampResp."""

    granted: bool
    failure: str
    """Why not: names of PKIFailureInfo, else of the status."""
    text: str
    """What the authority says to a person: anything at all, cut short."""
    token: bytes | None


def timestamp_request(digest: bytes, nonce: int) -> bytes:
    """A TimeStampReq for a SHA-256 digest that asks for the authority's certificate (2.4.1)."""
    imprint = tlv(SEQUENCE, tlv(SEQUENCE, DIGESTS["sha256"]), tlv(OCTET_STRING, digest))
    return tlv(SEQUENCE, integer(1), imprint, integer(nonce), tlv(BOOLEAN, b"\xff"))


def read_response(encoded: bytes) -> Response:
    """The parts of a TimeStampResp (2.4.2), with nothing behind it. Raises DerError."""
    whole = Fields(encoded)
    fields = Fields(whole.take(SEQUENCE).content)
    whole.end()
    status = Fields(fields.take(SEQUENCE).content)
    number = int.from_bytes(status.take(INTEGER).content, signed=True)
    texts = members(found.content, UTF8_STRING) if (found := status.optional(SEQUENCE)) else []
    failures = _failures(status.optional(BIT_STRING))
    status.end()
    token = fields.take(SEQUENCE).encoded if fields else None
    fields.end()
    text = " ".join(one.content.decode("utf-8", "replace") for one in texts)[:_MAX_TEXT]
    failure = ", ".join(failures) or _STATUS.get(number, str(number))
    return Response(number in _GRANTED, failure, text, token)


def _failures(value: Value | None) -> list[str]:
    if value is None:
        return []
    octets = value.content[1:]  # the first one tells how many bits of the last are none
    bits = (bit for bit in range(8 * len(octets[:8])) if octets[bit // 8] & 0x80 >> bit % 8)
    return [_FAILURES.get(bit, str(bit)) for bit in bits]
