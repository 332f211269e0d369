"""References of earlier revisions that waited in vain: what a later revision must not fill.

Such a reference shows nothing when the document is signed, and something once an object of its number is there.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator

from pyhanko.pdf_utils import generic

from ..base import Change
from .reading import PdfDocument
from .revisions import Revision

_CHUNK = 1 << 20
_OVERLAP = 1 << 17  # bytes, more than _REFERENCE looks at
_MOST_DIGITS = 10
_NUMBER, _GAP = rb"[0-9+\-.]", rb"(?:[\0\t\n\f\r ]|%[^\r\n]{0,200}[\r\n])"
_TOO_FAR = rb"(?=" + _GAP + rb"|%[^\r\n]{201})"
_GENERATION = _NUMBER + rb"{1,200}+(?:" + _NUMBER + rb"|" + _GAP + rb"{0,200}+(?:R|" + _TOO_FAR + rb"))"
_WHOLE = _NUMBER + rb"(?<!" + _NUMBER + _NUMBER + rb")" + _NUMBER + rb"*+"
"""From its first character on, which is looked at before what precedes it: so the search skips all else at once."""
_REFERENCE = re.compile(rb"(" + _WHOLE + rb")" + _GAP + rb"{0,200}+(?:" + _GENERATION + rb"|" + _TOO_FAR + rb")")
"""A reference as lenient readers take it: `12 0R`, `+12 -0 R` or `1-2 0. R`, with comments between.

Where the numbers are so far apart that looking on would take time, that is taken for a reference, too."""


def filled_references(document: PdfDocument, older: Revision, newer: Revision) -> Iterator[Change]:
    """New objects that `older` refers to already, in vain: what shows nothing when it is signed, and something later.

    Looks for the numbers in all bytes of `older`, so that no way to refer to an object is overlooked.
    """
    xrefs = document.reader.xrefs
    references = xrefs.explicit_refs_in_revision(newer.section)
    new = {ref.idnum for ref in references if xrefs.get_historical_ref(ref, older.section) is None}
    if not new:
        return
    for number in _numbers(document, older.end, older.section):
        if number in new:
            yield Change("reference-filled", False, {"revision": newer.number, "object": number})
            return


def waiting_numbers(document: PdfDocument, wanted: Container[int]) -> set[int]:
    """Those of the wanted numbers that an update must not give to new objects.

    In a large file of compressed pictures some bytes look like references by mere chance.
    """
    newest = document.reader.xrefs.total_revisions - 1
    return {number for number in _numbers(document, document.source.size, newest) if number in wanted}


def _numbers(document: PdfDocument, end: int, newest: int) -> Iterator[int]:
    """The numbers in all that may be taken for a reference, up to `end` and the cross-reference section `newest`."""
    for data in _former_bytes(document, end, newest):
        for hit in _REFERENCE.finditer(data):
            yield _number_of(hit[1])


def _number_of(text: bytes) -> int:
    """What the most lenient reader makes of an integer: signs count nowhere, nor does what follows the point."""
    digits = text.partition(b".")[0].translate(None, b"+-").lstrip(b"0")
    return int(digits) if 0 < len(digits) <= _MOST_DIGITS else 0


def _former_bytes(document: PdfDocument, end: int, newest: int) -> Iterator[bytes]:
    """The bytes in overlapping pieces, then what the object streams hold."""
    overlap, left = b"", end
    with document.source.stream() as stream:
        while left > 0 and (chunk := stream.read(min(_CHUNK, left))):
            yield overlap + chunk
            overlap = chunk[-_OVERLAP:]
            left -= len(chunk)
    for section in range(newest + 1):
        for reference in document.reader.xrefs.object_streams_used_in(section):
            held = document.reader.get_object(reference, revision=section)
            yield held.data if isinstance(held, generic.StreamObject) else b""
