"""Signature fields (ISO 32000-2, 12.7.5.5): which one a signature goes into, an existing one or a new one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pyhanko.pdf_utils import generic

from ..errors import AlreadySignedError, MalformedDocumentError, TargetNotFoundError
from .reading import PdfDocument
from .structure import array, dictionary, entry, integer, text

_SMALL_FORM = 100
"""So many fields are looked through even where the form says that no signature field is among them."""
_SIGNATURES_EXIST = 1
_MAX_DEPTH = 32


@dataclass(frozen=True)
class NewField:
    """A signature field to be made, invisible without a box."""

    name: str
    page: int = 0
    """From 0; negative numbers count from the end."""
    box: tuple[int, int, int, int] | None = None
    """Left, bottom, right and top, in units of the page's default user space."""

    @property
    def visible(self) -> bool:
        """Whether there is anything to be seen of it."""
        return self.box is not None and self.box[0] != self.box[2] and self.box[1] != self.box[3]


@dataclass(frozen=True, eq=False)
class Field:
    """A field of the form, with what it inherits."""

    name: str
    """Fully qualified."""
    reference: generic.Reference
    dictionary: generic.DictionaryObject
    type: str | None
    value: generic.PdfObject | None


def signature_fields(document: PdfDocument) -> list[Field]:
    """The signature fields, signed and empty ones.

    A large form is only searched where it says that it has some (SigFlags, table 225): reading thousands of fields
    takes longer than signing.
    """
    form = dictionary(document.reader.root, "/AcroForm")
    if len(array(form, "/Fields")) > _SMALL_FORM and not integer(form, "/SigFlags") & _SIGNATURES_EXIST:
        return []
    found = [field for field in _walk(form) if field.type == "/Sig"]
    for field in found:
        value = dict.get(field.dictionary, "/V")
        if not isinstance(value, generic.IndirectObject | generic.NullObject | None):
            raise MalformedDocumentError(reason="pdf-entry-malformed", entry="/V")  # nor would it verify
    return found


def choose_field(document: PdfDocument, known: list[Field], spec: str | None, name: str) -> NewField | Field:
    """The field that `spec` means, where `known` are the signature fields.

    - NAME: the empty signature field of that (fully qualified) name; in a form that has no empty one, a new invisible
      one. Where there are others the name is taken for a slip: a signature beside its place helps nobody.
    - `PAGE/X1,Y1,X2,Y2/NAME`, as pyHanko has it: a new field; pages count from 1, or from the end by negative numbers.
    - None: the only empty signature field there is; where there is none, a new invisible one called `name`.

    Raises TargetNotFoundError, AlreadySignedError or MalformedDocumentError.
    """
    empty = [field for field in known if field.value is None]
    if spec is None:
        if len(empty) > 1:
            raise TargetNotFoundError(reason="pdf-field-ambiguous", fields=[field.name for field in empty])
        return empty[0] if empty else NewField(name)
    names = {field.name: field for field in reversed(known)}
    wanted = NewField(spec) if spec in names or "/" not in spec else _parse(spec)
    found = names.get(wanted.name)
    if found is None:
        _check_free(document, wanted.name)
        if empty and wanted.box is None:
            raise TargetNotFoundError(
                reason="pdf-field-absent", target=wanted.name, fields=[field.name for field in empty]
            )
        return wanted
    if found.value is not None:
        raise AlreadySignedError(reason="pdf-field-signed", place=wanted.name)
    if wanted.box is not None:
        raise TargetNotFoundError(reason="pdf-field-exists", target=wanted.name)
    return found


def _parse(spec: str) -> NewField:
    try:
        page, box, name = spec.split("/")
        number = int(page)
        x1, y1, x2, y2 = map(int, box.split(","))
        if number == 0:
            raise ValueError("pages count from 1")
    except ValueError:
        raise TargetNotFoundError(reason="pdf-field-spec", target=spec) from None
    return NewField(name, number - (number > 0), (min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)))


def _check_free(document: PdfDocument, name: str) -> None:
    """Whether a new field may have this name: a root field's, and nobody else's."""
    if not name or "." in name or not name.replace("\u3000", "_").isprintable():
        raise TargetNotFoundError(reason="pdf-field-name", target=name)
    form = dictionary(document.reader.root, "/AcroForm")
    if any(field.name == name for field in _walk(form, depth=1)):
        raise TargetNotFoundError(reason="pdf-field-kind", target=name)


def _walk(form: generic.DictionaryObject, *, depth: int = _MAX_DEPTH) -> Iterator[Field]:
    """All fields that have a name, parents before their kids, so many levels deep."""
    pending = [(item, "", None, None, 1) for item in _items(form, "/Fields")]
    seen: set[tuple[int, int]] = set()
    while pending:
        item, above, kind, value, level = pending.pop()
        if not isinstance(item, generic.IndirectObject) or (item.idnum, item.generation) in seen or level > _MAX_DEPTH:
            raise MalformedDocumentError(reason="pdf-fields", detail="/Kids" if above else "/Fields")
        seen.add((item.idnum, item.generation))
        field = item.get_object()
        if not isinstance(field, generic.DictionaryObject):
            raise MalformedDocumentError(reason="pdf-fields", detail="/Kids" if above else "/Fields")
        if "/T" not in field:
            continue  # a mere widget
        partial = text(entry(field, "/T", generic.TextStringObject()))
        name = f"{above}.{partial}" if above else partial
        kind, value = entry(field, "/FT", kind), entry(field, "/V", value)
        yield Field(name, item.reference, field, None if kind is None else str(kind), value)
        if level < depth:
            pending += [(kid, name, kind, value, level + 1) for kid in _items(field, "/Kids")]


def _items(holder: generic.DictionaryObject, key: str) -> list[generic.PdfObject]:
    """The array's items as they stand, the last one first."""
    return list(list.__iter__(array(holder, key)))[::-1]
