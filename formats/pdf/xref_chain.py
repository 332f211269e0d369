"""From `startxref` through all cross-reference sections to the oldest (ISO 32000-2, 7.5.5 to 7.5.8), strictly.

Everything that two readers could resolve in two ways is refused, with the defect named: what is signed must be one
document only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, NoReturn, cast

from pyhanko.pdf_utils.generic import DictionaryObject, Reference, StreamObject, TrailerReference
from pyhanko.pdf_utils.rw_common import PdfHandler
from pyhanko.pdf_utils.xref import (
    ObjStreamRef,
    TrailerDictionary,
    XRefCache,
    XRefSection,
    XRefSectionData,
    XRefSectionMetaInfo,
    XRefSectionType,
)

from ..errors import FormatError, MalformedDocumentError, UnsupportedDocumentError
from .parsing import read_object, read_value
from .xrefs import MAX_ENTRIES, CompactSection, read_table, stream_section

MAX_SECTIONS = 1000
_MAX_COMPARISONS = 3_000_000  # of entries of one section with those of another: some seconds
_TAIL = 1024
_STARTXREF = re.compile(rb"startxref[\s\0]*[\r\n][\s\0]*(\d{1,19})[ \t\0]*(?:\r\n?|\n)[\s\0]*%%EOF")
_OBJECT = re.compile(rb"[\s\0]*(\d{1,10})[\s\0]+(\d{1,5})[\s\0]+obj[\s\0]*(?=<<)")


class CompactXRefCache(XRefCache):
    """pyHanko's cache of sections over ours."""

    def __init__(self, reader: PdfHandler, sections: list[XRefSection]) -> None:
        super().__init__(reader, sections)
        self._compact = [compact(section) for section in sections]

    def get_historical_ref(self, ref: Reference, revision: int) -> int | ObjStreamRef | None:
        """Where the object is in this revision; None where it is freed or was never defined."""
        for index in range(revision, -1, -1):
            found = self._compact[index].find(ref.idnum, ref.generation)
            if found is not False:
                return found
        return None


@dataclass
class XRefChain:
    """All sections, oldest first, and the trailers."""

    startxref: int
    sections: list[XRefSection]
    trailer: TrailerDictionary

    @property
    def newest_is_stream(self) -> bool:
        """Whether there is a cross-reference stream; updates then are written as streams, too."""
        return any(section.meta_info.xref_section_type is XRefSectionType.STREAM for section in self.sections)


def compact(section: XRefSection) -> CompactSection:
    """The section's data, which are ours."""
    return cast(CompactSection, section.xref_data)


def find_startxref(stream: BinaryIO, size: int) -> int:
    """The offset that the last `startxref` names."""
    start = max(size - _TAIL, 0)
    stream.seek(start)
    tail = stream.read(_TAIL)
    word = tail.rfind(b"startxref")
    if b"%%EOF" not in tail:
        raise MalformedDocumentError(reason="pdf-end-missing", size=size)
    if word < 0:
        raise MalformedDocumentError(reason="pdf-startxref-missing")
    match = _STARTXREF.match(tail, word)
    if not match:
        raise MalformedDocumentError(reason="pdf-startxref-malformed", offset=start + word)
    return int(match[1])


def read_chain(stream: BinaryIO, size: int, handler: PdfHandler) -> XRefChain:
    """All cross-reference sections and trailers. Raises FormatError."""
    startxref = find_startxref(stream, size)
    trailer = TrailerDictionary()
    trailer.container_ref = TrailerReference(handler)
    sections: list[XRefSection] = []
    entries = 0
    seen: set[int] = set()
    at: int | None = startxref
    while at is not None:
        if at in seen:
            raise MalformedDocumentError(reason="pdf-startxref-loop", offset=at)
        if len(seen) == MAX_SECTIONS:
            raise UnsupportedDocumentError(reason="pdf-limit", what="xref-sections", limit=MAX_SECTIONS)
        seen.add(at)
        section, dictionary = _read_section(stream, size, at, handler)
        entries += len(compact(section).rows.types)
        if entries > MAX_ENTRIES:
            raise UnsupportedDocumentError(reason="pdf-limit", what="xref-entries", limit=MAX_ENTRIES)
        if not sections and "/Root" not in dictionary:  # of which other readers would repair the file
            raise MalformedDocumentError(reason="pdf-catalog", detail="/Root")
        sections.append(section)
        trailer.add_trailer_revision(dictionary)
        at = _previous(dictionary, at)
    sections.reverse()
    _check_consistency(sections)
    return XRefChain(startxref, sections, trailer)


def _previous(dictionary: DictionaryObject, at: int) -> int | None:
    previous = dictionary.get("/Prev")
    if previous is None:
        return None
    if not isinstance(previous, int):
        raise MalformedDocumentError(reason="pdf-trailer", offset=at, detail="/Prev")
    return previous


def _read_section(stream: BinaryIO, size: int, at: int, handler: PdfHandler) -> tuple[XRefSection, DictionaryObject]:
    if not 0 < at < size:
        raise MalformedDocumentError(reason="pdf-startxref-wrong", offset=at)
    stream.seek(at)
    head = stream.read(64)
    start = at + len(head) - len(head.lstrip(b" \t\r\n\f\0"))
    if head[start - at :].startswith(b"xref"):
        return _read_table(stream, at, start, handler)
    if match := _OBJECT.match(head):
        reference = Reference(int(match[1]), int(match[2]), handler)
        return _read_stream(stream, at, start, at + match.end(), reference)
    raise MalformedDocumentError(reason="pdf-startxref-wrong", offset=at)


def _read_table(stream: BinaryIO, at: int, start: int, handler: PdfHandler) -> tuple[XRefSection, DictionaryObject]:
    section, position = read_table(stream, start + len("xref"))
    try:
        dictionary, _ = read_value(stream, position, TrailerReference(handler))
    except FormatError:
        raise
    except Exception as error:  # whatever the library says about hostile bytes
        raise MalformedDocumentError(reason="pdf-trailer", offset=position, detail=type(error).__name__) from error
    if not isinstance(dictionary, DictionaryObject):
        raise MalformedDocumentError(reason="pdf-trailer", offset=position, detail="<<")
    declared = dictionary.get("/Size")
    if not isinstance(declared, int) or declared < 0:
        raise MalformedDocumentError(reason="pdf-trailer", offset=position, detail="/Size")
    if "/XRefStm" in dictionary:
        raise UnsupportedDocumentError(reason="pdf-xref-hybrid", offset=start)
    if section.end > declared:
        raise MalformedDocumentError(reason="pdf-xref-size", object=section.end - 1, size=declared)
    meta = XRefSectionMetaInfo(XRefSectionType.STANDARD, declared, at, start, position, None)
    return XRefSection(meta, cast(XRefSectionData, section)), dictionary


def _read_stream(
    stream: BinaryIO, at: int, start: int, body: int, reference: Reference
) -> tuple[XRefSection, DictionaryObject]:
    def defect() -> NoReturn:
        raise MalformedDocumentError(reason="pdf-xref-stream", offset=start, object=reference.idnum)

    try:
        xref, end = read_object(stream, body, reference)
        if not isinstance(xref, StreamObject) or xref.get("/Type") != "/XRef":
            raise MalformedDocumentError(reason="pdf-startxref-wrong", offset=at)
        size = xref.get("/Size")
        if not isinstance(size, int) or size < 0:
            defect()
        section = stream_section(xref, defect)
    except FormatError:
        raise
    except Exception as error:  # whatever the library says about hostile bytes
        raise MalformedDocumentError(
            reason="pdf-xref-stream", offset=start, object=reference.idnum, detail=type(error).__name__
        ) from error
    meta = XRefSectionMetaInfo(XRefSectionType.STREAM, size, at, start, end, reference)
    dictionary = DictionaryObject(xref)  # without the data
    return XRefSection(meta, cast(XRefSectionData, section)), dictionary


# What sections must not do to each other. No less than pyHanko's own strict checks.


def _check_consistency(sections: Sequence[XRefSection]) -> None:
    """The sections, oldest first. Raises MalformedDocumentError."""
    size = comparisons = 0
    for index, section in enumerate(sections):
        data, earlier = compact(section), [compact(other) for other in sections[:index]]
        comparisons += _comparisons(data, earlier)
        if comparisons > _MAX_COMPARISONS:
            raise UnsupportedDocumentError(reason="pdf-limit", what="xref-sections", limit=_MAX_COMPARISONS)
        if section.meta_info.size < size:
            raise MalformedDocumentError(reason="pdf-xref-shrinks", size=section.meta_info.size, before=size)
        size = section.meta_info.size
        for row in data.rows.higher_generations():
            number, generation = data.number(row), data.rows.fields(row)[1]
            freed = [other.freed_entries[number][1] for other in earlier if number in other.freed_entries]
            if number and generation not in freed:
                raise MalformedDocumentError(reason="pdf-generation", object=number, generation=generation)
        if not earlier:
            continue
        _check_freed(data, earlier)
        _check_streams_kept(data, sections[:index])


def _comparisons(data: CompactSection, earlier: Sequence[CompactSection]) -> int:
    """How many entries must be looked up to check a section against the earlier ones."""
    if not earlier:
        return 0
    used, generations = len(data.in_use) + len(data.compressed), len(data.rows.higher_generations())
    return sum(min(len(other.freed_entries), used) + generations + len(other.obj_streams_used) for other in earlier)


def _check_freed(data: CompactSection, earlier: Sequence[CompactSection]) -> None:
    """An object freed earlier may come back with the next generation only; one that is dead (0) not at all."""
    for number, (_, following) in data.freed_entries.items():
        if following == 0:  # only a first section may list dead objects: what else it would mean is unclear
            raise MalformedDocumentError(reason="pdf-free-entry", object=number)
    for other in earlier:
        freed = other.freed_entries
        if not freed:
            continue
        for used, generation_in in ((data.in_use, 1), (data.compressed, None)):
            few, many = sorted((freed, used), key=len)
            for number in few:
                if number not in many:
                    continue
                following = freed[number][1]
                generation = used[number][generation_in] if generation_in else 0
                if following == 0 or generation < following:
                    raise MalformedDocumentError(reason="pdf-freed-reused", object=number, generation=generation)


def _check_streams_kept(data: CompactSection, earlier: Sequence[XRefSection]) -> None:
    """Cross-reference streams and object streams must not be replaced: old entries would mean something new."""
    for section in earlier:
        reference = section.meta_info.stream_ref
        if reference is not None and data.row(reference.idnum) is not None:
            raise MalformedDocumentError(reason="pdf-xref-stream-replaced", object=reference.idnum)
        for number in compact(section).obj_streams_used:
            if data.row(number) is not None:
                raise MalformedDocumentError(reason="pdf-object-stream-replaced", object=number)
