"""Signature fields (ISO 32000-2, 12.7.5.5): which one a signature goes into, an existing one or a new one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from pyhanko.pdf_utils import generic

from ..errors import AlreadySignedError, MalformedDocumentError, TargetNotFoundError, UnsupportedDocumentError
from .reading import PdfDocument

_SMALL_FORM = 100
"""So many fields are looked through for an empty signature field even where the form says it has none."""
_DEEPEST = 64
_SIGNATURES_EXIST = 1


@dataclass(frozen=True)
class NewField:
    """A signature field to be made, invisible without a box."""

    name: str
    page: int = 0
    """From 0; negative numbers count from the end."""
    box: tuple[int, int, int, int] | None = None


@dataclass(frozen=True, eq=False)
class Field:
    """A field of the form, with what it inherits."""

    name: str
    """Fully qualified."""
    reference: generic.Reference
    dictionary: generic.DictionaryObject
    type: str | None
    value: generic.PdfObject | None

    @property
    def is_signature(self) -> bool:
        """Whether it is a signature field, signed or empty."""
        return self.type == "/Sig"


def choose_field(document: PdfDocument, spec: str | None, name: str) -> NewField | Field:
    """The field that `spec` means: NAME, `PAGE/X1,Y1,X2,Y2/NAME` (as pyHanko has it: pages count from 1, or from the
    end by negative numbers; the box in units of the page's default user space), or None.

    None is the only empty signature field, where there is just one, else a new invisible field called `name`. A NAME
    that no field has becomes a new invisible field.

    Raises TargetNotFoundError, AlreadySignedError or UnsupportedDocumentError.
    """
    form = acro_form(document)
    if spec is None:
        empty = [field for field in _signature_fields(form) if field.value is None]
        return empty[0] if len(empty) == 1 else NewField(name)
    wanted = _parse(spec)
    found = next((field for field in walk(form, wanted.name) if field.name == wanted.name), None)
    if found is None:
        if "." in wanted.name or not wanted.name:
            raise TargetNotFoundError(reason="pdf-field-name", target=wanted.name)
        return wanted
    if not found.is_signature:
        raise TargetNotFoundError(reason="pdf-not-a-signature-field", target=wanted.name)
    if found.value is not None:
        raise AlreadySignedError(reason="pdf-field-signed", place=wanted.name)
    if wanted.box is not None:
        raise UnsupportedDocumentError(reason="pdf-field-exists", detail=wanted.name)
    return found


def _parse(spec: str) -> NewField:
    if spec.count("/") != 2:
        return NewField(spec)
    page, box, name = spec.split("/")
    try:
        number = int(page)
        x1, y1, x2, y2 = map(int, box.split(","))
    except ValueError:
        raise TargetNotFoundError(reason="pdf-field-spec", target=spec) from None
    if number == 0:
        raise TargetNotFoundError(reason="pdf-field-spec", target=spec)
    return NewField(name, number - (number > 0), (min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)))


def acro_form(document: PdfDocument) -> generic.DictionaryObject:
    """The interactive form; empty where there is none."""
    form = entry(document.reader.root, "/AcroForm", generic.DictionaryObject())
    if not isinstance(form, generic.DictionaryObject):
        raise MalformedDocumentError(reason="pdf-form")
    return form


def _signature_fields(form: generic.DictionaryObject) -> Iterator[Field]:
    """The signature fields, unless the form is large and says that there are none (SigFlags, table 225)."""
    fields = _array(form, "/Fields")
    if len(fields) > _SMALL_FORM and not flags(form, "/SigFlags") & _SIGNATURES_EXIST:
        return
    yield from (field for field in walk(form) if field.is_signature)


def walk(form: generic.DictionaryObject, towards: str | None = None) -> Iterator[Field]:
    """All fields with a name, parents before their kids; `towards` a fully qualified name, only those on the way."""
    root = Field("", generic.Reference(0), form, None, None)
    yield from _kids(root, _array(form, "/Fields"), towards, 0)


def _kids(parent: Field, references: generic.ArrayObject, towards: str | None, depth: int) -> Iterator[Field]:
    if depth > _DEEPEST:
        raise MalformedDocumentError(reason="pdf-form", detail="depth")
    for index in range(len(references)):
        item = references.raw_get(index)
        if not isinstance(item, generic.IndirectObject):
            continue
        dictionary = item.get_object()
        if not isinstance(dictionary, generic.DictionaryObject) or "/T" not in dictionary:
            continue  # a mere widget
        partial = str(dictionary["/T"])
        name = f"{parent.name}.{partial}" if parent.name else partial
        if towards is not None and towards != name and not towards.startswith(name + "."):
            continue
        type_ = entry(dictionary, "/FT", parent.type)
        field = replace(
            parent,
            name=name,
            reference=item.reference,
            dictionary=dictionary,
            type=None if type_ is None else str(type_),
            value=entry(dictionary, "/V", parent.value),
        )
        yield field
        if "/Kids" in dictionary:
            yield from _kids(field, _array(dictionary, "/Kids"), towards, depth + 1)


def entry(dictionary: generic.DictionaryObject, key: str, default: Any = None) -> Any:
    """What stands behind the key; null is nothing (7.3.7)."""
    value = dict.get(dictionary, key)
    value = None if value is None else value.get_object()
    return default if value is None or isinstance(value, generic.NullObject) else value


def flags(dictionary: generic.DictionaryObject, key: str) -> int:
    """An integer of flags, 0 where there is none."""
    value = entry(dictionary, key)
    return int(value) if isinstance(value, int) else 0


def _array(dictionary: generic.DictionaryObject, key: str) -> generic.ArrayObject:
    value = entry(dictionary, key, generic.ArrayObject())
    if not isinstance(value, generic.ArrayObject):
        raise MalformedDocumentError(reason="pdf-form", detail=key)
    return value
