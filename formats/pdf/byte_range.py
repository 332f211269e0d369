"""What a signature covers, to the byte: /ByteRange, and the hex string of /Contents that it must leave out exactly.

ISO 32000-2, 12.8.1; the rules against universal forgery, signature wrapping and incremental saving.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyhanko.pdf_utils import generic

from ..source import Source
from ..verdict import RefusedSignatureError, SubIndication
from .objects import PlacedObject, contents_span
from .reading import PdfDocument
from .revisions import Revision


@dataclass(frozen=True)
class Coverage:
    """The bytes [0, gap_start) and [gap_end, end), which reach to the end of a revision."""

    gap_start: int
    gap_end: int
    end: int
    revision: Revision


def read_coverage(document: PdfDocument, signature: PlacedObject, revisions: Sequence[Revision]) -> Coverage:
    """The byte range, checked against where /Contents stands and where revisions end. Raises RefusedSignatureError."""
    numbers = _four_numbers(signature.value)
    start, length, gap_end, rest = numbers
    gap_start, end = start + length, gap_end + rest
    if start != 0 or not 0 < gap_start < gap_end < end <= document.source.size:
        raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "byte-range-malformed")
    contents = contents_span(document.reader, signature)
    if contents is None:
        raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "pdf-entry-malformed", entry="/Contents")
    if contents != (gap_start, gap_end):
        raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "byte-range-gap")
    for revision in revisions:
        if end in (revision.marker_end, revision.end):
            return Coverage(gap_start, gap_end, end, revision)
    raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "byte-range-not-a-revision")


def _four_numbers(signature: generic.PdfObject) -> tuple[int, int, int, int]:
    value = dict.get(signature, "/ByteRange") if isinstance(signature, generic.DictionaryObject) else None
    if value is None or isinstance(value, generic.NullObject):
        raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "pdf-entry-missing", entry="/ByteRange")
    items = list(list.__iter__(value)) if isinstance(value, generic.ArrayObject) else []
    if len(items) != 4 or not all(isinstance(item, generic.NumberObject) and item >= 0 for item in items):
        raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "byte-range-malformed")
    first, second, third, fourth = map(int, items)
    return first, second, third, fourth


def digest(source: Source, hash_name: str, coverage: Coverage) -> bytes:
    """The hash of the covered bytes. Raises EOFError where the file has become shorter."""
    state = source.hasher(hash_name, end=coverage.gap_start)
    source.update(state, coverage.gap_end, coverage.end)
    return state.digest()
