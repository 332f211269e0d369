"""Write a PDF file from Python values: with a cross-reference table, or with object and cross-reference streams.

Nothing depends on the version of any library. Streams stand as they are or, in the compact form, as deflate blocks
without compression: readers meet FlateDecode, and no compressor has a say in the bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from zlib import adler32

_HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
_IN_ONE_OBJECT_STREAM = 100


class Name(str):
    """A name object, without its solidus."""

    __slots__ = ()


@dataclass(frozen=True)
class Ref:
    """An indirect reference; every generation is 0."""

    number: int


@dataclass(frozen=True)
class Stream:
    dictionary: Mapping[str, PdfObject]
    data: bytes


PdfObject = bool | int | float | str | bytes | Name | Ref | Stream | Sequence["PdfObject"] | Mapping[str, "PdfObject"]
"""str is a text string, bytes a byte string, a key of a mapping a name."""


def number(value: float) -> str:
    """Two decimals at most: a hundredth of a point is finer than any printer."""
    hundredths = round(value * 100)
    return f"{hundredths / 100:.2f}".rstrip("0").rstrip(".")


def serialize(value: PdfObject) -> bytes:
    """ISO 32000-1, 7.3, for everything but streams."""
    match value:
        case bool():
            return b"true" if value else b"false"
        case int():
            return b"%d" % value
        case float():
            return number(value).encode()
        case Name():
            return f"/{value}".encode("ascii")
        case str():
            return _text_string(value)
        case bytes():
            return b"<%s>" % value.hex().encode()
        case Ref():
            return b"%d 0 R" % value.number
        case Mapping():
            return b"<<%s>>" % b"".join(b"/%s %s" % (key.encode("ascii"), serialize(v)) for key, v in value.items())
        case Sequence():
            return b"[%s]" % b" ".join(serialize(item) for item in value)
    raise TypeError(f"{type(value).__name__} cannot be written inside another object")


def _text_string(text: str) -> bytes:
    if text.isascii():
        return b"(%s)" % "".join(f"\\{c}" if c in "()\\" else c for c in text).encode()
    return b"<FEFF%s>" % text.encode("utf-16-be").hex().upper().encode()


class PdfFile:
    """Indirect objects, numbered as they come."""

    def __init__(self) -> None:
        self._objects: list[PdfObject] = []

    def reserve(self) -> Ref:
        """A reference to what will be `put` later."""
        self._objects.append(b"")
        return Ref(len(self._objects))

    def put(self, ref: Ref, value: PdfObject) -> Ref:
        self._objects[ref.number - 1] = value
        return ref

    def add(self, value: PdfObject) -> Ref:
        return self.put(self.reserve(), value)

    def with_table(self, root: Ref, info: Ref) -> bytes:
        """The classic form: objects one after the other, streams as they are, a table, a trailer."""
        out = bytearray(_HEADER)
        offsets = []
        for at, value in enumerate(self._objects, 1):
            offsets.append(len(out))
            out += _indirect(at, value)
        size = len(offsets) + 1
        trailer: PdfObject = {"Size": size, "Root": root, "Info": info, "ID": _file_id(out)}
        start = len(out)
        out += b"xref\n0 %d\n0000000000 65535 f \n" % size
        out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
        return bytes(out) + b"trailer\n%s\nstartxref\n%d\n%%%%EOF\n" % (serialize(trailer), start)

    def compact(self, root: Ref, info: Ref) -> bytes:
        """Streams first, then the other objects in object streams, then the cross-reference stream."""
        out = bytearray(_HEADER)
        entries: dict[int, tuple[int, int, int]] = {0: (0, 0, 65535)}
        for at, value in enumerate(self._objects, 1):
            if isinstance(value, Stream):
                entries[at] = (1, len(out), 0)
                out += _indirect(at, _deflated(value))
        inside = [at for at in range(1, len(self._objects) + 1) if at not in entries]
        following = len(self._objects) + 1
        for first in range(0, len(inside), _IN_ONE_OBJECT_STREAM):
            group = inside[first : first + _IN_ONE_OBJECT_STREAM]
            entries |= {at: (2, following, index) for index, at in enumerate(group)}
            entries[following] = (1, len(out), 0)
            out += _indirect(following, _deflated(self._object_stream(group)))
            following += 1
        start = len(out)
        entries[following] = (1, start, 0)
        table = b"".join(
            kind.to_bytes(1, "big") + second.to_bytes(3, "big") + third.to_bytes(2, "big")
            for _, (kind, second, third) in sorted(entries.items())
        )
        dictionary: dict[str, PdfObject] = {"Type": Name("XRef"), "Size": following + 1, "W": [1, 3, 2]}
        dictionary |= {"Root": root, "Info": info, "ID": _file_id(out)}
        out += _indirect(following, _deflated(Stream(dictionary, table)))
        return bytes(out) + b"startxref\n%d\n%%%%EOF\n" % start

    def _object_stream(self, numbers: Sequence[int]) -> Stream:
        bodies = [serialize(self._objects[at - 1]) for at in numbers]
        offsets = [sum(len(body) + 1 for body in bodies[:index]) for index in range(len(bodies))]
        index = " ".join(f"{at} {offset}" for at, offset in zip(numbers, offsets, strict=True)).encode() + b"\n"
        return Stream({"Type": Name("ObjStm"), "N": len(numbers), "First": len(index)}, index + b"\n".join(bodies))


def _indirect(at: int, value: PdfObject) -> bytes:
    if isinstance(value, Stream):
        dictionary = serialize({**value.dictionary, "Length": len(value.data)})
        return b"%d 0 obj\n%s\nstream\n%s\nendstream\nendobj\n" % (at, dictionary, value.data)
    return b"%d 0 obj\n%s\nendobj\n" % (at, serialize(value))


def _deflated(stream: Stream) -> Stream:
    """RFC 1950 and 1951: stored blocks, which every reader takes and no compressor shapes."""
    blocks = [stream.data[first : first + 0xFFFF] for first in range(0, len(stream.data), 0xFFFF)] or [b""]
    body = b"".join(
        bytes([block is blocks[-1]])
        + len(block).to_bytes(2, "little")
        + (len(block) ^ 0xFFFF).to_bytes(2, "little")
        + block
        for block in blocks
    )
    data = b"\x78\x01" + body + adler32(stream.data).to_bytes(4, "big")
    return Stream({**stream.dictionary, "Filter": Name("FlateDecode")}, data)


def _file_id(body: bytes | bytearray) -> list[PdfObject]:
    """14.4, from the content alone: there is no clock here."""
    identifier = sha256(body).digest()[:16]
    return [identifier, identifier]
