"""Opening a PDF strictly: what cannot be read in one way only is refused, with the defect named."""

from __future__ import annotations

from dataclasses import dataclass

from pyhanko.pdf_utils.reader import PdfFileReader

from ..source import Source


@dataclass(frozen=True, eq=False)
class PdfDocument:
    """An open PDF. The bytes of `source` stay the truth; `reader` resolves objects in them, also historical ones."""

    source: Source
    reader: PdfFileReader


def open_pdf(source: Source) -> PdfDocument:
    """Read header, cross-reference sections, trailer and catalog; raises FormatError, naming the defect."""
    return PdfDocument(source, PdfFileReader(source.stream(), strict=True))
