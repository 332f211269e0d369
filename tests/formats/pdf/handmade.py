"""PDFs made by hand, revision by revision, so that any part of them can be wrong on purpose."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

CATALOG, PAGES, PAGE = b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", 3
OBJECTS: Mapping[int, bytes] = {
    1: CATALOG,
    2: PAGES,
    3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>",
    4: b"(four)",
}
HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"


def startxref(document: bytes) -> int:
    """What the last startxref of a document says."""
    return int(document.rsplit(b"startxref", 1)[1].split()[0])


def with_table(
    objects: Mapping[int, bytes] = OBJECTS,
    before: bytes = HEADER,
    *,
    free: Mapping[int, int] | None = None,
    generations: Mapping[int, int] | None = None,
    size: int | None = None,
    trailer: bytes = b"",
    end_of_line: bytes = b" \n",
    prev: int | None = None,
    lines: Mapping[int, bytes] | None = None,
) -> bytes:
    """`before` with a revision more that ends in a cross-reference table.

    `free` are object numbers with their next generations; `lines` replace whole lines of the table.
    """
    generations, lines = generations or {}, lines or {}
    free = {0: 65535, **(free or {})} if before == HEADER else free or {}
    out = bytearray(before)
    entries: dict[int, bytes] = {number: b"0000000000 %05d f" % following for number, following in free.items()}
    for number, body in objects.items():
        generation = generations.get(number, 0)
        entries[number] = b"%010d %05d n" % (len(out), generation)
        out += b"%d %d obj\n%b\nendobj\n" % (number, generation, body)
    place = len(out)
    out += b"xref\n"
    for number in sorted(entries):
        if number - 1 not in entries:
            run = 1
            while number + run in entries:
                run += 1
            out += b"%d %d\n" % (number, run)
        out += lines.get(number, entries[number]) + end_of_line
    if not entries:
        out += b"0 0\n"
    if prev is None and before != HEADER:
        prev = startxref(before)
    size = max(entries, default=-1) + 1 if size is None else size
    out += b"trailer\n<< /Size %d /Root 1 0 R%b%b >>\n" % (
        max(size, _size(before)),
        b"" if prev is None else b" /Prev %d" % prev,
        trailer,
    )
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % place)


def _size(document: bytes) -> int:
    return int(document.rsplit(b"/Size ", 1)[1].split()[0]) if b"/Size " in document else 0


def with_stream(
    objects: Mapping[int, bytes] = OBJECTS,
    before: bytes = HEADER,
    *,
    packed: Sequence[int] = (),
    number: int = 9,
    predictor: int = 1,
    widths: tuple[int, int, int] = (1, 3, 2),
    index: bytes = b"",
    rows: Mapping[int, tuple[int, int, int]] | None = None,
    dictionary: bytes = b"",
    stream_number: int = 8,
    flate: bool = True,
) -> bytes:
    """`before` with a revision more that ends in a cross-reference stream; `packed` are in an object stream."""
    out = bytearray(before)
    entries: dict[int, tuple[int, int, int]] = {0: (0, 0, 65535)} if before == HEADER else {}
    for one, body in objects.items():
        if one not in packed:
            entries[one] = (1, len(out), 0)
            out += b"%d 0 obj\n%b\nendobj\n" % (one, body)
    if packed:
        bodies = [objects[one] + b"\n" for one in packed]
        offsets = [sum(map(len, bodies[:place])) for place in range(len(bodies))]
        header = b" ".join(b"%d %d" % pair for pair in zip(packed, offsets, strict=True)) + b"\n"
        data = zlib.compress(header + b"".join(bodies))
        entries[stream_number] = (1, len(out), 0)
        out += b"%d 0 obj\n<< /Type /ObjStm /N %d /First %d /Filter /FlateDecode /Length %d >>\nstream\n" % (
            stream_number, len(packed), len(header), len(data),
        )  # fmt: skip
        out += data + b"\nendstream\nendobj\n"
        entries.update({one: (2, stream_number, place) for place, one in enumerate(packed)})
    place = len(out)
    entries[number] = (1, place, 0)
    entries.update(rows or {})
    table = [
        b"".join(n.to_bytes(w) if w else b"" for n, w in zip(entries[one], widths, strict=True))
        for one in sorted(entries)
    ]
    if predictor != 1:
        above = [bytes(sum(widths)), *table]
        table = [
            b"\2" + bytes((a - b) & 0xFF for a, b in zip(row, over, strict=True))
            for row, over in zip(table, above[:-1], strict=True)
        ]
    data = b"".join(table)
    parameters = b"/W [%d %d %d] /Size %d /Root 1 0 R" % (*widths, max(max(entries) + 1, _size(before)))
    parameters += index or b" /Index [%b]" % b" ".join(b"%d 1" % one for one in sorted(entries))
    if before != HEADER:
        parameters += b" /Prev %d" % startxref(before)
    if flate:
        data, parameters = zlib.compress(data), parameters + b" /Filter /FlateDecode"
    if predictor != 1:
        parameters += b" /DecodeParms << /Predictor %d /Columns %d >>" % (predictor, sum(widths))
    out += b"%d 0 obj\n<< /Type /XRef %b%b /Length %d >>\nstream\n" % (number, parameters, dictionary, len(data))
    return bytes(out + data + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % place)
