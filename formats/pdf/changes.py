"""What a revision changed, object by object, in words, and whether that may follow a signature: the strict policy.

After a signature only further signatures, what is needed to check them, and document timestamps may come
(docs/adr/0011). An object that is there already may therefore grow in the few entries that these need, by objects that
are new, and change in nothing else; a new object must belong to what is permitted; nothing may be freed, hidden between
objects or slipped under a reference that led nowhere before. No rule asks what an object is used for besides: growing
in those entries and by those objects is harmless wherever else it may be referred to.

1. Read the revision's objects; its bytes are these and nothing else. 2. Compare the trailers. 3. Compare every object
that was there before. 4. Take in what the permitted additions consist of. 5. Refuse the rest.
"""

from __future__ import annotations

from collections.abc import Iterator

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import Reference

from ..base import Change
from .comparison import Comparison, Key, key_of
from .objects import same
from .reading import PdfDocument
from .revisions import Revision

_FIELD_ENTRIES = ("/FT", "/T", "/TU", "/TM", "/V", "/Ff", "/Lock", "/SV")
_WIDGET_ENTRIES = (
    "/Type",
    "/Subtype",
    "/F",
    "/Rect",
    "/P",
    "/AP",
    "/AS",
    "/MK",
    "/DA",
    "/BS",
    "/Border",
    "/NM",
    "/M",
    "/H",
)
_NEW_FIELD = frozenset((*_FIELD_ENTRIES, *_WIDGET_ENTRIES))
"""What a new signature field may have, which is its own widget. No actions among it."""
_SHOWN_ENTRIES = frozenset(("/AP", "/AS", "/MK", "/BS", "/Border", "/DA"))
"""What of it may be seen."""
_NEW_FORM = frozenset(("/Fields", "/SigFlags", "/DA", "/DR"))
_STORE_LISTS = frozenset(("/Certs", "/CRLs", "/OCSPs", "/Cert", "/CRL", "/OCSP"))
_INFORMATION = frozenset(("/ModDate", "/Producer"))
"""What of the document information may change: programs write it whenever they save, and no page shows it."""
_TRAILER = frozenset(("/Size", "/Prev", "/ID"))


def changes_in(document: PdfDocument, older: Revision, newer: Revision) -> tuple[Change, ...]:
    """Everything that `newer` did to `older`. Raises RefusedSignatureError, and what unreadable objects provoke."""
    return tuple(_Update(document, older, newer).changes())


class _Update(Comparison):
    """One incremental update under examination."""

    def __init__(self, document: PdfDocument, older: Revision, newer: Revision) -> None:
        super().__init__(document, older, newer)
        self._fields: dict[Key, str] = {}
        """New signature fields, by name."""

    def changes(self) -> Iterator[Change]:
        yield from self._read()  # 1
        yield from self._trailer()  # 2
        yield from self._catalog()  # 3
        yield from self._others()
        yield from self._rest()  # 5

    # 2. The trailer

    def _trailer(self) -> Iterator[Change]:
        trailer = self._reader.trailer
        before, after = trailer.flatten(self._older.section), trailer.flatten(self._newer.section)
        for key in sorted(before.keys() | after.keys()):
            old, new = dict.get(before, key), dict.get(after, key)
            if key in _TRAILER or (old is not None and new is not None and same(old, new)):
                continue
            if key == "/Info" and old is None and isinstance(new, generic.IndirectObject):
                yield from self._new_information(new)
                continue
            yield Change("trailer-changed", False, self._at(key=str(key)))
        first_ids = [_first_identifier(each) for each in (before, after)]
        if first_ids[0] is not None and first_ids[0] != first_ids[1]:
            yield Change("trailer-changed", False, self._at(key="/ID"))
        self._root = key_of(dict.get(after, "/Root"))
        self._information = key_of(dict.get(before, "/Info"))

    def _new_information(self, reference: generic.IndirectObject) -> Iterator[Change]:
        key = reference.idnum, reference.generation
        value = self._after.get(key)
        if key in self._before or type(value) is not generic.DictionaryObject or not value.keys() <= _INFORMATION:
            yield Change("trailer-changed", False, self._at(key="/Info"))
            return
        self._taken.add(key)
        yield Change("information-updated", True, self._at(key))

    # 3. What was there before

    def _catalog(self) -> Iterator[Change]:
        """The catalog, the form and its list of fields, wherever each of them is written anew."""
        if self._root is None:
            return
        before, after = self._former(self._root), self._value(self._root)
        if not isinstance(before, generic.DictionaryObject) or not isinstance(after, generic.DictionaryObject):
            yield Change("catalog-changed", False, self._at(self._root, key="/Root"))
            return
        for key in _differing(before, after):
            if key not in ("/AcroForm", "/DSS", "/Extensions", "/Version") or key not in after:
                yield Change("catalog-changed", False, self._at(self._root, key=str(key)))
        if self._root in self._before:
            yield self._extended_or_rewritten(self._root, before, after)
            self._before.pop(self._root)
        yield from self._form(dict.get(before, "/AcroForm"), dict.get(after, "/AcroForm"))
        yield from self._security_store(dict.get(before, "/DSS"), dict.get(after, "/DSS"))
        for key in ("/Extensions", "/Version"):
            yield from self._declaration(key, dict.get(before, key), dict.get(after, key))

    def _extended_or_rewritten(self, key: Key, before: generic.PdfObject, after: generic.PdfObject) -> Change:
        if same(before, after):
            return Change("object-rewritten", True, self._at(key))
        return Change("object-extended", True, self._at(key))

    def _declaration(
        self, key: str, before: generic.PdfObject | None, after: generic.PdfObject | None
    ) -> Iterator[Change]:
        """The PDF version and extensions that a revision says to use: they show nothing and hide nothing."""
        if after is None or (before is not None and same(before, after)):
            return
        value = self._resolved(after)
        self._take(after)
        if not isinstance(value, generic.NameObject if key == "/Version" else generic.DictionaryObject):
            yield Change("catalog-changed", False, self._at(self._root, key=key))

    def _form(self, before: generic.PdfObject | None, after: generic.PdfObject | None) -> Iterator[Change]:
        if after is None:
            return
        old, new = self._resolved_former(before), self._resolved(after)
        where = self._own_key(after, self._root)
        self._take_number(after)
        kinds = {type(new)} if before is None else {type(old), type(new)}
        if not isinstance(new, generic.DictionaryObject) or kinds != {generic.DictionaryObject}:
            yield Change("form-changed", False, self._at(where, key="/AcroForm"))
            return
        former = old if isinstance(old, generic.DictionaryObject) else generic.DictionaryObject()
        permitted = frozenset(("/Fields", "/SigFlags")) if before is not None else _NEW_FORM
        for key in _differing(former, new):
            flags_lost = key == "/SigFlags" and not _grown_flags(dict.get(former, key), dict.get(new, key))
            if key not in permitted or key not in new or flags_lost:
                yield Change("form-changed", False, self._at(where, key=str(key)))
            elif key == "/DR":
                self._take(dict.get(new, key))
        if where is not None and where in self._before:
            yield self._extended_or_rewritten(where, former, new)
            self._before.pop(where)
        yield from self._field_list(dict.get(former, "/Fields"), dict.get(new, "/Fields"), where)

    def _field_list(
        self, before: generic.PdfObject | None, after: generic.PdfObject | None, holder: Key | None
    ) -> Iterator[Change]:
        added = self._growth(before, after)
        where = self._own_key(after, holder)
        if added is None:
            yield Change("form-changed", False, self._at(where, key="/Fields"))
            return
        for item in added:
            yield from self._new_field(item, where)
        if after is not None and where is not None and where != holder and where in self._before:
            yield self._extended_or_rewritten(where, self._before[where], self._after[where])
            self._before.pop(where)

    # 4. What may be added

    def _new_field(self, item: generic.PdfObject, where: Key | None) -> Iterator[Change]:
        key = key_of(item)
        field = self._after.get(key) if key is not None else None
        if key is None or key in self._before or type(field) is not generic.DictionaryObject:
            yield Change("form-changed", False, self._at(where, key="/Fields"))
            return
        self._taken.add(key)
        name = str(self._resolved(dict.get(field, "/T")) or "")
        if dict.get(field, "/FT") != "/Sig" or not field.keys() <= _NEW_FIELD or key in self._fields:
            yield Change("field-added", False, self._at(key, field=name))
            return
        self._fields[key] = name
        for part in ("/Lock", "/SV", "/MK", "/BS", "/TU", "/TM"):
            self._take(dict.get(field, part))
        shown = bool(field.keys() & _SHOWN_ENTRIES) or not self._is_without_area(dict.get(field, "/Rect"))
        if "/V" not in field:
            yield Change("signature-field-added", not shown, self._at(key, field=name))
        yield from self._signature(name, key, dict.get(field, "/V"), shown=shown)
        yield from self._appearance(name, key, dict.get(field, "/AP"))

    def _signature(
        self, name: str, field: Key, reference: generic.PdfObject | None, *, shown: bool
    ) -> Iterator[Change]:
        """The value of a field, which shows something new or not: an authority stamps whatever it is sent."""
        if reference is None:
            return
        key = key_of(reference)
        value = self._after.get(key) if key is not None else None
        if key is None or key in self._before or key in self._taken or type(value) is not generic.DictionaryObject:
            yield Change("field-changed", False, self._at(field, field=name, key="/V"))
            return
        self._take(reference)
        if dict.get(value, "/Type") == "/DocTimeStamp" or dict.get(value, "/SubFilter") == "/ETSI.RFC3161":
            yield Change("timestamp-added", not shown, self._at(key, field=name))
        else:
            yield Change("signature-added", True, self._at(key, field=name))

    def _appearance(self, name: str, field: Key, appearance: generic.PdfObject | None) -> Iterator[Change]:
        """What a visible signature shows. It may lie over the page, so that it is worth a word of its own."""
        if appearance is not None:
            self._take(appearance)
            yield Change("appearance-added", True, self._at(field, field=name))

    def _security_store(self, before: generic.PdfObject | None, after: generic.PdfObject | None) -> Iterator[Change]:
        """The DSS (ISO 32000-2, 12.8.4.3): certificates, CRLs and OCSP answers, which nothing shows."""
        changed = [False]
        if after is not None and not self._store(before, after, changed):
            yield Change("validation-data-changed", False, self._at(self._own_key(after, self._root)))
        elif changed[0]:
            yield Change("validation-data-added", True, self._at(self._own_key(after, self._root)))

    def _store(self, before: generic.PdfObject | None, after: generic.PdfObject, changed: list[bool]) -> bool:
        """Whether a DSS, or one entry of its VRI, only grew."""
        old, new = self._resolved_former(before), self._resolved(after)
        former = old if isinstance(old, generic.DictionaryObject) else generic.DictionaryObject()
        if type(new) is not generic.DictionaryObject or not former.keys() <= new.keys():
            return False
        self._settle(after, changed)
        for key in new:
            was, is_ = dict.get(former, key), dict.__getitem__(new, key)
            if key in _STORE_LISTS:
                added = self._growth(was, is_)
                if added is None or not all(self._evidence(item) for item in added):
                    return False
                self._settle(is_, changed)
                changed[0] |= bool(added)
            elif key == "/VRI":
                if not self._vri(was, is_, changed):
                    return False
            elif key == "/TS" and was is None:
                if not self._evidence(is_):
                    return False
            elif key not in ("/Type", "/TU") or (was is not None and not same(was, is_)):
                return False
        return True

    def _vri(self, before: generic.PdfObject | None, after: generic.PdfObject, changed: list[bool]) -> bool:
        old, new = self._resolved_former(before), self._resolved(after)
        former = old if isinstance(old, generic.DictionaryObject) else generic.DictionaryObject()
        if type(new) is not generic.DictionaryObject or not former.keys() <= new.keys():
            return False
        self._settle(after, changed)
        return all(
            key == "/Type" or self._store(dict.get(former, key), dict.__getitem__(new, key), changed) for key in new
        )

    def _evidence(self, item: generic.PdfObject) -> bool:
        """A new stream, or one that is there already and stays as it is."""
        key = key_of(item)
        if key is None or key in self._before:
            return False
        if key in self._after:
            self._taken.add(key)
        return isinstance(self._value(key), generic.StreamObject)

    def _settle(self, item: generic.PdfObject, changed: list[bool]) -> None:
        """An object of the DSS that is new, or had been there and was compared."""
        key = key_of(item)
        if key in self._after:
            changed[0] = True
            self._before.pop(key, None)
            self._taken.add(key)

    # 3, again: pages, fields and lists outside the catalog

    def _others(self) -> Iterator[Change]:
        for key, before in sorted(self._before.items(), key=lambda pair: pair[0]):
            after = self._after[key]
            if same(before, after):
                yield Change("object-rewritten", True, self._at(key))
            elif isinstance(before, generic.ArrayObject) and isinstance(after, generic.ArrayObject):
                yield from self._annotations(key, before, after)
            elif type(before) is not generic.DictionaryObject or type(after) is not generic.DictionaryObject:
                yield Change("object-changed", False, self._at(key))
            elif key == self._information:
                yield from self._information_changed(key, before, after)
            elif self._is_signature_field(before):
                yield from self._signed_field(key, before, after)
            elif dict.get(before, "/Type") == "/Page":
                yield from self._page(key, before, after)
            elif "/FT" in before or "/V" in before:
                name = self._resolved_former(dict.get(before, "/T"))
                yield Change("field-changed", False, self._at(key, field=str(name or ""), key=_first(before, after)))
            else:
                yield Change("object-changed", False, self._at(key))

    def _annotations(self, key: Key, before: generic.ArrayObject, after: generic.ArrayObject) -> Iterator[Change]:
        added = self._growth(before, after)
        if added is None or not all(key_of(item) in self._fields for item in added):
            yield Change("annotations-changed", False, self._at(key))
        else:
            yield Change("object-extended", True, self._at(key))

    def _page(self, key: Key, before: generic.DictionaryObject, after: generic.DictionaryObject) -> Iterator[Change]:
        for entry in _differing(before, after):
            if entry != "/Annots" or entry not in after:
                yield Change("page-changed", False, self._at(key, key=str(entry)))
                return
        added = self._growth(dict.get(before, "/Annots"), dict.get(after, "/Annots"))
        if added is None or not all(key_of(item) in self._fields for item in added):
            yield Change("annotations-changed", False, self._at(key))
        else:
            yield Change("object-extended", True, self._at(key))

    def _signed_field(
        self, key: Key, before: generic.DictionaryObject, after: generic.DictionaryObject
    ) -> Iterator[Change]:
        """An empty signature field was signed."""
        name = str(self._resolved_former(dict.get(before, "/T")) or "")
        for entry in _differing(before, after):
            if entry not in ("/V", "/AP") or entry not in after or "/V" not in after:
                yield Change("field-changed", False, self._at(key, field=name, key=str(entry)))
                return
        shown = "/AP" in _differing(before, after)
        yield from self._signature(name, key, dict.get(after, "/V"), shown=shown)
        if shown:
            yield from self._appearance(name, key, dict.get(after, "/AP"))

    def _is_without_area(self, rectangle: generic.PdfObject | None) -> bool:
        box = self._resolved(rectangle)
        if box is None:
            return True
        if not isinstance(box, generic.ArrayObject) or len(box) != 4:
            return False
        left, bottom, right, top = list.__iter__(box)
        numbers = all(isinstance(side, generic.NumberObject | generic.FloatObject) for side in list.__iter__(box))
        return numbers and bool(left == right or bottom == top)

    def _is_signature_field(self, field: generic.DictionaryObject) -> bool:
        """Whether it is an empty signature field, the type perhaps handed down (12.7.4.2)."""
        for _ in range(32):
            if not isinstance(dict.get(field, "/V"), type(None) | generic.NullObject):
                return False
            if "/FT" in field:
                return bool(dict.__getitem__(field, "/FT") == "/Sig")
            parent = self._resolved_former(dict.get(field, "/Parent"))
            if not isinstance(parent, generic.DictionaryObject):
                return False
            field = parent
        return False

    def _information_changed(
        self, key: Key, before: generic.DictionaryObject, after: generic.DictionaryObject
    ) -> Iterator[Change]:
        for entry in _differing(before, after):
            if entry not in _INFORMATION:
                yield Change("information-changed", False, self._at(key, key=str(entry)))
                return
        yield Change("information-updated", True, self._at(key))

    # 5. The rest

    def _rest(self) -> Iterator[Change]:
        for key in sorted(self._after.keys() - self._taken):
            ref = Reference(key[0], key[1], self._reader)
            if self._reader.xrefs.get_historical_ref(ref, self._older.section) is None:
                yield Change("object-added", False, self._at(key))


def _differing(before: generic.DictionaryObject, after: generic.DictionaryObject) -> list[str]:
    """Keys whose values are not the same."""
    keys = sorted(before.keys() | after.keys())
    null = generic.NullObject()
    return [key for key in keys if not same(dict.get(before, key, null), dict.get(after, key, null))]


def _first(before: generic.DictionaryObject, after: generic.DictionaryObject) -> str:
    return next(iter(_differing(before, after)), "")


def _grown_flags(before: generic.PdfObject | None, after: generic.PdfObject | None) -> bool:
    """Whether SigFlags (table 225) lost nothing."""
    old = int(before) if isinstance(before, generic.NumberObject) else 0
    return isinstance(after, generic.NumberObject) and 0 <= after <= 3 and int(after) & old == old


def _first_identifier(trailer: generic.DictionaryObject) -> bytes | None:
    value = dict.get(trailer, "/ID")
    value = None if value is None else value.get_object()
    if not isinstance(value, generic.ArrayObject) or not value:
        return None
    return bytes(getattr(value[0], "original_bytes", b""))
