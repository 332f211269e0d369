"""Single objects of a PDF as they stand in its bytes, with their offsets, and whether two of them are the same."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import Reference
from pyhanko.pdf_utils.reader import PdfFileReader

from ..errors import MalformedDocumentError
from .parsing import read_object, read_value

WHITE_SPACE = b"\0\t\n\f\r "
"""ISO 32000-2, 7.2.3."""
_HEADER = re.compile(rb"(\d{1,10})[\0\t\n\f\r ]+(\d{1,5})[\0\t\n\f\r ]+obj")
_END = re.compile(rb"[\0\t\n\f\r ]*endobj")
_WINDOW = 64
_WHOLE_BYTES = re.compile(rb"<(?:[0-9A-Fa-f]{2})*>")


@dataclass(frozen=True, eq=False)
class PlacedObject:
    """An indirect object outside object streams, and where in the file it stands."""

    value: generic.PdfObject
    start: int
    """Offset of its number."""
    body: int
    """Offset behind `obj`."""
    end: int
    """Offset behind `endobj`."""


def read_placed(reader: PdfFileReader, reference: Reference, offset: int) -> PlacedObject:
    """The object at an offset, by the number that is expected there. Raises MalformedDocumentError."""
    stream = reader.stream
    stream.seek(offset)
    header = _HEADER.match(stream.read(_WINDOW))
    if header is None or (int(header[1]), int(header[2])) != (reference.idnum, reference.generation):
        raise MalformedDocumentError(
            reason="pdf-object-misplaced", object=reference.idnum, generation=reference.generation, offset=offset
        )
    body = offset + header.end()
    container = Reference(reference.idnum, reference.generation, reader)
    try:
        value, end = read_object(stream, body, container, lambda length: length.get_object())
        stream.seek(end)
        closing = _END.match(stream.read(_WINDOW))
        if closing is None:
            raise ValueError("endobj")
    except ValueError as error:
        facts = {"object": reference.idnum, "generation": reference.generation, "detail": type(error).__name__}
        raise MalformedDocumentError(reason="pdf-object", **facts) from error
    return PlacedObject(value, offset, body, end + closing.end())


def contents_span(reader: PdfFileReader, signature: PlacedObject) -> tuple[int, int] | None:
    """From `<` to behind `>` of /Contents, where that is a hex string of whole bytes and nothing else; else None.

    The offsets come from the parse itself, so that no second way of finding the string could find another one.
    """
    stream = reader.stream
    container = Reference(0, 0, reader)
    position = _next(reader, signature.body) + len(b"<<")
    while True:
        position = _next(reader, position)
        stream.seek(position)
        if stream.read(2) == b">>":
            return None
        key, position = read_value(stream, position, container)
        start = _next(reader, position)
        _, position = read_value(stream, start, container)
        if isinstance(key, generic.NameObject) and key == "/Contents":
            stream.seek(start)
            return (start, position) if _WHOLE_BYTES.fullmatch(stream.read(position - start)) else None


def _next(reader: PdfFileReader, position: int) -> int:
    """The next byte that is neither white space nor part of a comment."""
    stream = reader.stream
    stream.seek(position)
    while byte := stream.read(1):
        if byte == b"%":
            while (byte := stream.read(1)) not in (b"\r", b"\n", b""):
                pass
        elif byte not in WHITE_SPACE:
            return int(stream.tell()) - 1
    return int(stream.tell())


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
