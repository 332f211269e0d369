"""The signature fields of a form that have a value, in any revision (ISO 32000-2, 12.7.4 and 12.7.5.5)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.rw_common import PdfHandler

from ..errors import MalformedDocumentError
from .structure import array, dictionary, entry

MAX_FIELDS = 200_000
MAX_DEPTH = 32
_WINDOW = 2048
_HEADER = re.compile(rb"(\d{1,10}) (\d{1,5}) obj")
_SUSPICIOUS = re.compile(rb"/Sig|#|%|/Kids|stream|/FT(?![\0\t\n\f\r ]*/)")
_ESCAPE = re.compile(rb"\\.", re.DOTALL)


@dataclass(frozen=True, eq=False)
class SignedField:
    """A signature field and the signature dictionary that is its value."""

    name: str
    """Fully qualified."""
    signature: generic.Reference


def signed_fields(handler: PdfHandler) -> list[SignedField]:
    """Every signature field with a value, in the order of the form. Raises MalformedDocumentError."""
    fields = array(dictionary(handler.root, "/AcroForm"), "/Fields")
    reader = handler if isinstance(handler, PdfFileReader) else None
    return list(_walk(fields, _Inherited(), reader, set(), 0))


@dataclass(frozen=True, eq=False)
class _Inherited:
    """What a field hands down."""

    name: str = ""
    type: generic.PdfObject | None = None
    value: generic.PdfObject | None = None


def _walk(
    items: generic.ArrayObject,
    above: _Inherited,
    reader: PdfFileReader | None,
    seen: set[tuple[int, int]],
    depth: int,
) -> Iterator[SignedField]:
    if depth > MAX_DEPTH:
        raise MalformedDocumentError(reason="pdf-fields", detail="depth")
    for item in list.__iter__(items):
        if not isinstance(item, generic.IndirectObject) or (item.idnum, item.generation) in seen:
            raise MalformedDocumentError(reason="pdf-fields", detail="reference")
        seen.add((item.idnum, item.generation))
        if len(seen) > MAX_FIELDS:
            raise MalformedDocumentError(reason="pdf-fields", detail="count")
        if above.type is None and reader is not None and _is_plainly_another(reader, item):
            continue
        field = item.get_object()
        if type(field) is not generic.DictionaryObject:
            raise MalformedDocumentError(reason="pdf-fields", detail="dictionary")
        yield from _field(field, above, reader, seen, depth)


def _field(
    field: generic.DictionaryObject,
    above: _Inherited,
    reader: PdfFileReader | None,
    seen: set[tuple[int, int]],
    depth: int,
) -> Iterator[SignedField]:
    partial, own_type, own_value = entry(field, "/T"), entry(field, "/FT"), dict.get(field, "/V")
    if isinstance(own_value, generic.NullObject):
        own_value = None
    here = _Inherited(
        above.name if partial is None else f"{above.name}.{partial}".lstrip("."),
        above.type if own_type is None else own_type,
        above.value if own_value is None else own_value,
    )
    news = own_value is not None or own_type is not None
    if news and isinstance(here.type, generic.NameObject) and here.type == "/Sig" and here.value is not None:
        if not isinstance(here.value, generic.IndirectObject):
            raise MalformedDocumentError(reason="pdf-entry-malformed", entry="/V")
        yield SignedField(here.name or "/", here.value.reference)
    if "/Kids" in field:
        yield from _walk(array(field, "/Kids"), here, reader, seen, depth + 1)


def _is_plainly_another(reader: PdfFileReader, item: generic.IndirectObject) -> bool:
    """Whether the bytes alone tell that it is no signature field, nor the parent of one: much quicker than parsing.

    Asked only where no type is handed down. The object must have nothing in it that could be a signature's type, an
    escape, a comment or kids, and must end where it seems to: with its brackets closed.
    """
    place = reader.xrefs[item.reference]
    if not isinstance(place, int):
        return False
    reader.stream.seek(place)
    raw = reader.stream.read(_WINDOW)
    header, end = _HEADER.match(raw), raw.find(b"endobj")
    if header is None or (int(header[1]), int(header[2])) != (item.idnum, item.generation) or end < 0:
        return False
    body = raw[header.end() : end].rstrip()
    if not body.endswith(b">>") or _SUSPICIOUS.search(body):
        return False
    plain = _ESCAPE.sub(b"", body)
    return plain.count(b"(") == plain.count(b")") and plain.count(b"<<") == plain.count(b">>")
