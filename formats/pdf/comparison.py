"""Two revisions of a PDF side by side: the objects that the newer one writes, what they were before, and what is new.

Reading already tells what an incremental update may never do, whatever its objects say: free an object, refer to one
that lies elsewhere, or hide bytes between objects.
"""

from __future__ import annotations

from collections.abc import Iterator

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import Reference

from ..base import Change
from ..verdict import RefusedSignatureError, SubIndication
from .objects import WHITE_SPACE, read_placed, same
from .reading import PdfDocument
from .revisions import Revision

MAX_OBJECTS = 10_000
_MAX_GAP = 4096
Key = tuple[int, int]
"""Number and generation of an object."""


class Comparison:
    """The base of what judges an incremental update; once `_read` has gone through, the objects are known."""

    def __init__(self, document: PdfDocument, older: Revision, newer: Revision) -> None:
        self._source = document.source
        self._reader = document.reader
        self._older, self._newer = older, newer
        self._before: dict[Key, generic.PdfObject] = {}
        """The former values of what was there and is written anew."""
        self._after: dict[Key, generic.PdfObject] = {}
        """Every object of this revision."""
        self._taken: set[Key] = set()
        """New objects that belong to something permitted."""

    def _at(self, key: Key | None = None, /, **facts: object) -> dict[str, object]:
        where = {} if key is None else {"object": key[0]}
        return {"revision": self._newer.number, **where, **facts}

    def _read(self) -> Iterator[Change]:
        xrefs, section = self._reader.xrefs, self._newer.section
        references = sorted(xrefs.explicit_refs_in_revision(section), key=lambda ref: (ref.idnum, ref.generation))
        if len(references) > MAX_OBJECTS:
            raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "pdf-too-many-changes", limit=MAX_OBJECTS)
        own = xrefs.get_xref_container_info(section).stream_ref
        spans: list[tuple[int, int]] = []
        streams = {(ref.idnum, ref.generation) for ref in xrefs.object_streams_used_in(section)}
        for ref in references:
            key = ref.idnum, ref.generation
            place = xrefs.get_historical_ref(ref, section)
            former = xrefs.get_historical_ref(ref, self._older.section)
            if own is not None and key == (own.idnum, own.generation):
                if former is not None:  # the section itself in the place of what the number meant
                    yield Change("object-changed", False, self._at(key))
                continue
            if place is None:
                if former is not None:
                    yield Change("object-freed", False, self._at(key))
                continue
            if isinstance(place, int):
                if not self._older.marker_end <= place < self._newer.xref_start:
                    yield Change("object-elsewhere", False, self._at(key))
                    continue
                placed = read_placed(self._reader, ref, place)
                spans.append((placed.start, placed.end))
                self._after[key] = placed.value
            else:
                self._after[key] = self._reader.get_object(ref, revision=section)
            if former is not None:
                self._before[key] = self._read_former(ref, former)
        if not streams <= self._after.keys():
            yield Change("object-elsewhere", False, self._at(min(streams - self._after.keys())))
        self._taken |= streams
        yield from self._hidden_bytes(spans)

    def _read_former(self, ref: Reference, place: object) -> generic.PdfObject:
        if isinstance(place, int):
            return read_placed(self._reader, ref, place).value
        former: generic.PdfObject = self._reader.get_object(ref, revision=self._older.section)
        return former

    def _hidden_bytes(self, spans: list[tuple[int, int]]) -> Iterator[Change]:
        """Between the objects there is white space only."""
        position = self._older.marker_end
        for start, end in [*sorted(spans), (self._newer.xref_start, self._newer.xref_start)]:
            self._reader.stream.seek(position)
            if not 0 <= start - position <= _MAX_GAP or self._reader.stream.read(start - position).strip(WHITE_SPACE):
                yield Change("hidden-bytes", False, self._at(offset=position))
                return
            position = end

    def _value(self, key: Key) -> generic.PdfObject | None:
        """An object as of the newer revision."""
        if key in self._after:
            return self._after[key]
        ref = Reference(key[0], key[1], self._reader)
        if self._reader.xrefs.get_historical_ref(ref, self._newer.section) is None:
            return None
        value: generic.PdfObject = self._reader.get_object(ref, revision=self._newer.section)
        return value

    def _former(self, key: Key) -> generic.PdfObject | None:
        """An object as of the older revision."""
        ref = Reference(key[0], key[1], self._reader)
        place = self._reader.xrefs.get_historical_ref(ref, self._older.section)
        return None if place is None else self._read_former(ref, place)

    def _resolved(self, item: generic.PdfObject | None) -> generic.PdfObject | None:
        key = key_of(item)
        return item if key is None else self._value(key)

    def _resolved_former(self, item: generic.PdfObject | None) -> generic.PdfObject | None:
        key = key_of(item)
        return item if key is None else self._former(key)

    def _own_key(self, item: generic.PdfObject | None, holder: Key | None) -> Key | None:
        """Which object an entry stands in: its own, or the one that holds it directly."""
        return key_of(item) or holder

    def _take_number(self, item: generic.PdfObject | None) -> None:
        key = key_of(item)
        if key is not None and key in self._after:
            self._taken.add(key)

    def _take(self, item: generic.PdfObject | None) -> None:
        """Take in an addition with all new objects that it consists of; what was there before is not followed."""
        left = [item]
        while left:
            one = left.pop()
            if isinstance(one, generic.IndirectObject):
                key = one.idnum, one.generation
                known = self._reader.xrefs.get_historical_ref(one.reference, self._older.section) is not None
                if key not in self._taken and key in self._after and not known:
                    self._taken.add(key)
                    left.append(self._after[key])
            elif isinstance(one, generic.DictionaryObject):
                left.extend(dict.values(one))
            elif isinstance(one, generic.ArrayObject):
                left.extend(list.__iter__(one))

    def _growth(
        self, before: generic.PdfObject | None, after: generic.PdfObject | None
    ) -> list[generic.PdfObject] | None:
        """What was appended to an array; None where anything else happened."""
        old = generic.ArrayObject() if before is None else self._resolved_former(before)
        new = generic.ArrayObject() if after is None else self._resolved(after)
        if not isinstance(old, generic.ArrayObject) or not isinstance(new, generic.ArrayObject):
            return None
        self._take_number(after)
        olds, news = list(list.__iter__(old)), list(list.__iter__(new))
        if len(news) < len(olds) or not all(map(same, olds, news)):
            return None
        return news[len(olds) :]


def key_of(item: generic.PdfObject | None) -> Key | None:
    """Which object a reference is to; None for what is no reference."""
    return (item.idnum, item.generation) if isinstance(item, generic.IndirectObject) else None
