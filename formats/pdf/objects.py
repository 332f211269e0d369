"""Single objects of a PDF as they stand in its bytes, with their offsets, and whether two of them are the same."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import Reference
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader

WHITE_SPACE = b"\0\t\n\f\r "
"""ISO 32000-2, 7.2.3."""
_HEADER = re.compile(rb"(\d{1,10})[\0\t\n\f\r ]+(\d{1,5})[\0\t\n\f\r ]+obj(?=[\0\t\n\f\r <\[(/%\d+.\-ntf])")
_LONGEST_HEADER = 64
_LONGEST_HEX_STRING = 32 * 1024 * 1024
_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2})*")
_CHUNK = 1 << 16


@dataclass(frozen=True, eq=False)
class PlacedObject:
    """An indirect object outside object streams, and where in the file it stands."""

    value: generic.PdfObject
    start: int
    """Offset of its number."""
    end: int
    """Offset behind `endobj`."""
    contents: tuple[int, int] | None = None
    """From `<` to behind `>` of /Contents, where that is a hex string of whole bytes and nothing else."""


def read_placed(reader: PdfFileReader, reference: Reference, offset: int) -> PlacedObject:
    """The object at an offset, by the number that is expected there. Raises pyHanko's errors and ValueError.

    A hex string behind /Contents is read in one go: pyHanko takes longer for the one of a signature, digit by digit,
    than all else in a small file takes.
    """
    stream = reader.stream
    stream.seek(offset)
    header = _HEADER.match(stream.read(_LONGEST_HEADER))
    if header is None or (int(header[1]), int(header[2])) != (reference.idnum, reference.generation):
        raise PdfReadError(f"no header of object {reference.idnum} at {offset}")
    body = offset + header.end()
    container = Reference(reference.idnum, reference.generation, reader)
    dictionary, contents = _dictionary(reader, container, body)
    value: generic.PdfObject
    if dictionary is None:
        stream.seek(body)
        _skip(reader)
        value = generic.read_object(stream, container)
    else:
        value = dictionary
    value.container_ref = container
    _skip(reader)
    if stream.read(6) != b"endobj":
        raise PdfReadError(f"no endobj after object {reference.idnum}")
    return PlacedObject(value, offset, stream.tell(), contents)


def _dictionary(
    reader: PdfFileReader, container: Reference, body: int
) -> tuple[generic.DictionaryObject | None, tuple[int, int] | None]:
    """A dictionary that is no stream's, else None."""
    stream = reader.stream
    stream.seek(body)
    _skip(reader)
    if stream.read(2) != b"<<":
        return None, None
    data: dict[generic.NameObject, generic.PdfObject] = {}
    contents = None
    while True:
        _skip(reader)
        head = stream.read(2)
        if head == b">>":
            break
        stream.seek(-len(head), 1)
        key = generic.NameObject.read_from_stream(stream)  # type: ignore[no-untyped-call]
        _skip(reader)
        if key in data:
            raise PdfReadError(f"{key} twice in object {container.idnum}")
        start = stream.tell()
        digits = _hex_digits(reader) if key == "/Contents" else None
        if digits is None:
            stream.seek(start)
            data[key] = generic.read_object(stream, container)
        else:
            data[key] = generic.ByteStringObject(bytes.fromhex(digits.decode("ascii")))
            contents = start, stream.tell()
    end = stream.tell()
    _skip(reader)
    if stream.read(6) == b"stream":
        return None, None
    stream.seek(end)
    return generic.DictionaryObject(data), contents


def _hex_digits(reader: PdfFileReader) -> bytes | None:
    """The digits of a hex string without white space and of even length; None for anything else."""
    stream = reader.stream
    start = stream.tell()
    if stream.read(1) != b"<":
        return None
    parts: list[bytes] = []
    while stream.tell() - start < _LONGEST_HEX_STRING:
        chunk = stream.read(_CHUNK)
        digits, closed, _ = chunk.partition(b">")
        parts.append(digits)
        if closed or not chunk:
            break
    text = b"".join(parts)
    stream.seek(start + len(text) + 2)
    return text if _HEX.fullmatch(text) else None


def _skip(reader: PdfFileReader) -> None:
    """To the next byte that is neither white space nor part of a comment."""
    stream = reader.stream
    while byte := stream.read(1):
        if byte == b"%":
            while (byte := stream.read(1)) not in (b"\r", b"\n", b""):
                pass
        elif byte not in WHITE_SPACE:
            stream.seek(-1, 1)
            return


def same(one: generic.PdfObject, other: generic.PdfObject) -> bool:
    """Whether two objects are equal in kind and value, references by number and not by what they refer to.

    Python's own equality would take the string (/A) for the name /A, which a viewer does not.
    """
    if isinstance(one, generic.DictionaryObject) and isinstance(other, generic.DictionaryObject):
        if type(one) is not type(other) or one.keys() != other.keys():
            return False
        if isinstance(one, generic.StreamObject) and one.encoded_data != other.encoded_data:  # type: ignore[attr-defined]
            return False
        return all(same(dict.__getitem__(one, key), dict.__getitem__(other, key)) for key in one)
    if isinstance(one, generic.ArrayObject) and isinstance(other, generic.ArrayObject):
        return len(one) == len(other) and all(map(same, list.__iter__(one), list.__iter__(other)))
    if isinstance(one, generic.IndirectObject) and isinstance(other, generic.IndirectObject):
        return (one.idnum, one.generation) == (other.idnum, other.generation)
    if isinstance(one, _STRINGS) and isinstance(other, _STRINGS):
        return bytes(one.original_bytes) == bytes(other.original_bytes)
    return type(one) is type(other) and bool(one == other)


_STRINGS = (generic.TextStringObject, generic.ByteStringObject)
