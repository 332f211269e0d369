"""The revisions of a PDF: where each ends, and that each begins where the one before ended (ISO 32000-2, 7.5.6)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.xref import XRefSectionMetaInfo, XRefSectionType

from ..verdict import RefusedSignatureError, SubIndication
from .parsing import read_value

if TYPE_CHECKING:
    pass

MAX_REVISIONS = 500
_WHITE = rb"[\0\t\n\f\r ]"
_BLANK = rb"(?:" + _WHITE + rb"++|%(?!%EOF)[^\r\n]*+)*+"  # comments are common here
_TAIL = re.compile(
    _BLANK
    + (rb"(?:endobj(?=" + _WHITE + rb"|%))?" + _BLANK)
    + (rb"startxref" + _WHITE + rb"+(\d{1,19})" + _WHITE + rb"+%%EOF(\r\n|\n|\r)?")
)
_LONGEST_TAIL = 1024


@dataclass(frozen=True)
class Revision:
    """A complete PDF within the file: from its first byte to this revision's end of file marker."""

    number: int
    """From 1, the original."""
    section: int
    """The newest cross-reference section in it, by pyHanko's count from 0."""
    xref_start: int
    """Where the cross-reference section begins that was written last."""
    marker_end: int
    """Offset behind %%EOF."""
    end: int
    """Offset behind the end of line that follows, if one does."""


def divide(reader: PdfFileReader) -> tuple[Revision, ...]:
    """All revisions, the oldest first. Raises RefusedSignatureError."""
    count = reader.xrefs.total_revisions
    if count > MAX_REVISIONS:
        raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "pdf-too-many-revisions", limit=MAX_REVISIONS)
    sections = [reader.xrefs.get_xref_container_info(index) for index in range(count)]
    if any(section.xref_section_type == XRefSectionType.HYBRID_MAIN for section in sections):
        raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "pdf-revisions", detail="hybrid")
    revisions: list[Revision] = []
    index = 0
    while index < count:
        last = written_last = index
        if index == 0 and count > 1 and sections[1].start_location < sections[0].start_location:
            last = 1  # a linearised original: its first-page section stands first, and is the newer one (F.3)
        revisions.append(_revision(reader, len(revisions) + 1, sections, last, written_last))
        if len(revisions) > 1 and revisions[-1].xref_start < revisions[-2].marker_end:
            raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "pdf-revisions", detail="order")
        index = last + 1
    return tuple(revisions)


def _revision(
    reader: PdfFileReader, number: int, sections: list[XRefSectionMetaInfo], last: int, written_last: int
) -> Revision:
    written = sections[written_last]
    stream, position = reader.stream, written.end_location
    if written.xref_section_type == XRefSectionType.STANDARD:
        _, position = read_value(stream, position, generic.TrailerReference(reader))
    stream.seek(position)
    tail = _TAIL.match(stream.read(_LONGEST_TAIL))
    if tail is None or int(tail[1]) != sections[last].declared_startxref:
        raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "pdf-revisions", detail="startxref")
    end = position + tail.end()
    return Revision(number, last, written.start_location, end - len(tail[2] or b""), end)
