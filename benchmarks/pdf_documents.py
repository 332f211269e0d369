"""The PDFs that are measured, made by pikepdf: what they hold is invented, their shapes are those that cost time.

Every function writes the same bytes for the same arguments. What fills a document up is random, as compressed images
are: no tool can make it smaller or skip it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from pikepdf import Array, Dictionary, Name, ObjectStreamMode, Pdf, Stream, String

PAGE_SIZE = (595, 842)
_STREAM_BYTES = 8_000_000
"""No stream is longer: scanned pages, not films."""


def few_objects(path: Path, size: int) -> None:
    """Two pages of text and images; cross-reference table."""
    pdf, rest = _pages(2), random.Random(size)
    _fill_up(pdf, size - 3_000, rest)
    _save(pdf, path, ObjectStreamMode.disable)


def many_objects(path: Path, size: int, count: int = 170_000) -> None:
    """A long tagged document: `count` structure elements in object streams, the rest of `size` in images."""
    pdf, rest = _pages(400), random.Random(size)
    kinds = [Name.P, Name.Span, Name.TD, Name.TR, Name.L, Name.LI]
    tree = pdf.make_indirect(Dictionary(Type=Name.StructTreeRoot))
    pages = list(pdf.pages)
    elements = Array()
    for number in range(count):
        page = pages[number * len(pages) // count]
        element = Dictionary(Type=Name.StructElem, S=rest.choice(kinds), P=tree, Pg=page.obj, K=number % 1000)
        if number % 4 == 0:
            element.ID = String(f"e{rest.getrandbits(32):08x}")
        elements.append(pdf.make_indirect(element))
    tree.K = elements
    pdf.Root.StructTreeRoot = tree
    pdf.Root.MarkInfo = Dictionary(Marked=True)
    _fill_up(pdf, size - 16 * count, rest)
    _save(pdf, path, ObjectStreamMode.generate)


def many_fields(path: Path, size: int, count: int = 2_000) -> None:
    """A form of 20 pages with `count` text fields, each with its widget and appearance; cross-reference table."""
    pdf, rest = _pages(20), random.Random(size)
    font = pdf.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
    fields = Array()
    pages = list(pdf.pages)
    annotations = [Array() for _ in pages]
    for number in range(count):
        at = number % len(pages)
        row, column = divmod(number // len(pages), 4)
        left, bottom = 40 + 130 * column, 780 - 28 * row
        text = f"{rest.randrange(10**8):,}"
        appearance = Stream(pdf, f"/Tx BMC q BT /Helv 10 Tf 0 g 2 6 Td ({text}) Tj ET Q EMC".encode())
        appearance.Type, appearance.Subtype, appearance.BBox = Name.XObject, Name.Form, Array([0, 0, 120, 20])
        appearance.Resources = Dictionary(Font=Dictionary(Helv=font))
        field = Dictionary(Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, F=4, P=pages[at].obj)
        field.T, field.V, field.DA = String(f"item{number:04}"), String(text), String("/Helv 10 Tf 0 g")
        field.Rect = Array([left, bottom, left + 120, bottom + 20])
        field.AP = Dictionary(N=pdf.make_indirect(appearance))
        fields.append(pdf.make_indirect(field))
        annotations[at].append(fields[-1])
    for page, widgets in zip(pages, annotations, strict=True):
        page.Annots = widgets
    form = Dictionary(Fields=fields, DA=String("/Helv 10 Tf 0 g"), DR=Dictionary(Font=Dictionary(Helv=font)))
    pdf.Root.AcroForm = pdf.make_indirect(form)
    _fill_up(pdf, size - 480 * count, rest)
    _save(pdf, path, ObjectStreamMode.disable)


MAKERS: dict[str, Callable[[Path, int], None]] = {
    "few": few_objects,
    "objects": many_objects,
    "fields": many_fields,
}


def _pages(count: int) -> Pdf:
    """Pages with a few lines of text each."""
    pdf = Pdf.new()
    font = pdf.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
    for number in range(count):
        page = pdf.add_blank_page(page_size=PAGE_SIZE)
        page.Resources = Dictionary(Font=Dictionary(Helv=font))
        page.Contents = Stream(pdf, f"BT /Helv 12 Tf 50 800 Td (Page {number + 1} of {count}) Tj ET".encode())
    return pdf


def _fill_up(pdf: Pdf, size: int, rest: random.Random) -> None:
    """Images of random bytes on the pages in turn, `size` bytes in all."""
    pages, number = list(pdf.pages), 0
    share = min(_STREAM_BYTES, max(size // len(pages), 1))
    while size > 0:
        count = min(size, share)
        image = Stream(pdf, rest.randbytes(count))
        image.Type, image.Subtype, image.Width, image.Height = Name.XObject, Name.Image, count, 1
        image.ColorSpace, image.BitsPerComponent = Name.DeviceGray, 8
        resources = pages[number % len(pages)].Resources
        if "/XObject" not in resources:
            resources.XObject = Dictionary()
        resources.XObject[f"/Im{number}"] = pdf.make_indirect(image)
        size, number = size - count, number + 1


def _save(pdf: Pdf, path: Path, streams: ObjectStreamMode) -> None:
    pdf.save(path, object_stream_mode=streams, compress_streams=True, deterministic_id=True)
