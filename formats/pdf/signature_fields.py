"""The signature fields of a form that have a value, in any revision (ISO 32000-2, 12.7.4 and 12.7.5.5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.rw_common import PdfHandler

from ..verdict import RefusedSignatureError, SubIndication

MAX_FIELDS = 200_000
MAX_DEPTH = 32
_ABSENT = (type(None), generic.NullObject)


@dataclass(frozen=True, eq=False)
class SignedField:
    """A signature field and the signature dictionary that is its value."""

    name: str
    """Fully qualified."""
    signature: generic.Reference


def signed_fields(handler: PdfHandler) -> list[SignedField]:
    """Every signature field with a value, in the order of the form. Raises RefusedSignatureError."""
    form = get(handler.root, "/AcroForm")
    if isinstance(form, _ABSENT):
        return []
    if not isinstance(form, generic.DictionaryObject):
        raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "pdf-entry-malformed", entry="/AcroForm")
    return list(_walk(_array(form, "/Fields"), _Inherited(), set(), 0))


@dataclass(frozen=True, eq=False)
class _Inherited:
    """What a field hands down."""

    name: str = ""
    type: generic.PdfObject | None = None
    value: generic.PdfObject | None = None


def _walk(
    items: generic.ArrayObject, above: _Inherited, seen: set[tuple[int, int]], depth: int
) -> Iterator[SignedField]:
    if depth > MAX_DEPTH:
        raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "pdf-fields", detail="depth")
    for item in list.__iter__(items):
        if not isinstance(item, generic.IndirectObject) or (item.idnum, item.generation) in seen:
            raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "pdf-fields", detail="reference")
        seen.add((item.idnum, item.generation))
        if len(seen) > MAX_FIELDS:
            raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "pdf-fields", detail="count")
        field = item.get_object()
        if type(field) is not generic.DictionaryObject:
            raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "pdf-fields", detail="dictionary")
        yield from _field(field, above, seen, depth)


def _field(
    field: generic.DictionaryObject, above: _Inherited, seen: set[tuple[int, int]], depth: int
) -> Iterator[SignedField]:
    partial = get(field, "/T")
    own_type, own_value = get(field, "/FT"), dict.get(field, "/V")
    if isinstance(own_value, generic.NullObject):
        own_value = None
    here = _Inherited(
        above.name if isinstance(partial, _ABSENT) else f"{above.name}.{partial}".lstrip("."),
        above.type if isinstance(own_type, _ABSENT) else own_type,
        above.value if own_value is None else own_value,
    )
    news = own_value is not None or not isinstance(own_type, _ABSENT)
    if news and isinstance(here.type, generic.NameObject) and here.type == "/Sig" and here.value is not None:
        if not isinstance(here.value, generic.IndirectObject):
            raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "pdf-entry-malformed", entry="/V")
        yield SignedField(here.name or "/", here.value.reference)
    if "/Kids" in field:
        yield from _walk(_array(field, "/Kids"), here, seen, depth + 1)


def get(dictionary: generic.DictionaryObject, key: str) -> generic.PdfObject | None:
    """What stands behind the key, which may be null."""
    value = dict.get(dictionary, key)
    return None if value is None else value.get_object()


def _array(dictionary: generic.DictionaryObject, key: str) -> generic.ArrayObject:
    value = get(dictionary, key)
    if isinstance(value, _ABSENT):
        return generic.ArrayObject()
    if not isinstance(value, generic.ArrayObject):
        raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "pdf-entry-malformed", entry=key)
    return value
