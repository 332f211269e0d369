"""DER (ITU-T X.690), the little of it that CMS needs: values written in one call, SEQUENCEs read field by field.

Own code, because the ASN.1 module of the oldest cryptography that we run on has neither SET OF nor ANY, and asn1crypto
costs a hundred times the microseconds that this takes.
"""

from __future__ import annotations

from typing import NamedTuple

BOOLEAN = 0x01
INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
NULL = 0x05
OBJECT_IDENTIFIER = 0x06
UTF8_STRING = 0x0C
UTC_TIME = 0x17
GENERALIZED_TIME = 0x18
SEQUENCE = 0x30
SET = 0x31
MAX_MEMBERS = 1000


def context(number: int) -> int:
    """The tag [number], constructed: EXPLICIT, or IMPLICIT on a SEQUENCE or SET."""
    return 0xA0 | number


class DerError(ValueError):
    """The bytes are not the value that was expected."""


class NotDerError(DerError):
    """They are BER or might be: another reader could take them for the value, or for another one."""


# Writing


def tlv(tag: int, *contents: bytes) -> bytes:
    """One value: tag, length in its shortest form, contents."""
    content = b"".join(contents)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(octets))) + octets + content


def set_of(tag: int, members: list[bytes]) -> bytes:
    """SET OF: the encodings in ascending order (X.690, 11.6). `tag` is SET, or context() where it is IMPLICIT."""
    return tlv(tag, *sorted(members))


def integer(value: int) -> bytes:
    """A non-negative INTEGER."""
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1))


def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER from its numbers."""
    first, second, *others = map(int, dotted.split("."))
    content = bytearray()
    for number in (40 * first + second, *others):
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.append(number & 0x7F | 0x80)
        content += bytes(reversed(groups))
    return tlv(OBJECT_IDENTIFIER, bytes(content))


# Reading


class Value(NamedTuple):
    """One value that was read."""

    tag: int
    content: bytes
    encoded: bytes
    """All of it: tag, length and content."""


def read(data: bytes, start: int = 0) -> Value:
    """The value that begins at `start`; what follows it is not looked at. Raises DerError."""
    try:
        tag, size = data[start], data[start + 1]
        begin = start + 2
        if size & 0x80:
            octets = size & 0x7F
            if not octets:
                raise NotDerError("indefinite length")
            begin += octets
            if begin > len(data):
                raise DerError("truncated")
            size = int.from_bytes(data[start + 2 : begin])
            if octets > 4 or size < 0x80 or size.bit_length() <= 8 * (octets - 1):
                raise NotDerError("length in a long form")
    except IndexError:
        raise DerError("truncated") from None
    if tag & 0x1F == 0x1F:
        raise DerError("tag of several octets")
    end = begin + size
    if end > len(data):
        raise DerError("truncated")
    return Value(tag, data[begin:end], data[start:end])


class Fields:
    """The fields of a SEQUENCE (or the members of a SET), taken in their order."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def __bool__(self) -> bool:
        """Whether there is another one."""
        return self._at < len(self._content)

    def next(self) -> Value:
        """Whatever comes next. Raises DerError, also where nothing does."""
        value = read(self._content, self._at)
        self._at += len(value.encoded)
        return value

    def take(self, tag: int) -> Value:
        """The next field, which must have the tag. Raises DerError."""
        value = self.next()
        if value.tag != tag:
            raise DerError(f"tag {value.tag:02x} instead of {tag:02x}")
        return value

    def optional(self, tag: int) -> Value | None:
        """The next field if it has the tag."""
        return self.take(tag) if self and self._content[self._at] == tag else None

    def end(self) -> None:
        """Nothing may follow. Raises DerError."""
        if self:
            raise DerError("more than expected")


def members(content: bytes, tag: int | None = None) -> list[Value]:
    """All values of a SEQUENCE OF or SET OF, each of the tag unless that is None. Raises DerError."""
    fields = Fields(content)
    found: list[Value] = []
    while fields:
        if len(found) == MAX_MEMBERS:
            raise DerError("too many values")
        found.append(fields.next() if tag is None else fields.take(tag))
    return found
