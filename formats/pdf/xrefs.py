"""Cross-reference sections (ISO 32000-2, 7.5.4, 7.5.8) kept as bytes: an entry is decoded when it is asked for.

pyHanko makes Python objects of every entry when it opens a file, which costs 10 µs and a kilobyte for each of them.
"""

from __future__ import annotations

import re
import zlib
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from itertools import accumulate, pairwise
from operator import itemgetter
from typing import BinaryIO, Literal, NoReturn

from pyhanko.pdf_utils.decode_limits import DecodePurpose
from pyhanko.pdf_utils.generic import DictionaryObject, IndirectObject, Reference, StreamObject
from pyhanko.pdf_utils.xref import ObjStreamRef

from ..errors import MalformedDocumentError, UnsupportedDocumentError

FREE, IN_USE, COMPRESSED = 0, 1, 2
"""Types of entries (ISO 32000-2, table 18)."""

MAX_ENTRIES = 10_000_000  # in one section; annex C of ISO 32000-1 allows 8,388,607 objects
_MAX_SUBSECTIONS = 200_000
_MAX_GENERATION = 65535
_MAX_FIELD = 8  # bytes of a field of an entry
_DECODED_AT_LEAST, _DECODED_RATIO = 16 << 20, 200  # bytes that a cross-reference stream may decode to


class Rows(ABC):
    """Entries by their row number, in the order in which they are written."""

    types: bytes
    """FREE, IN_USE or COMPRESSED of every row."""

    @abstractmethod
    def fields(self, row: int) -> tuple[int, int]:
        """IN_USE: offset and generation; COMPRESSED: number of the object stream and index in it; FREE: next free
        object and next generation."""

    @abstractmethod
    def generations(self) -> Iterable[bytes]:
        """The columns of the second field, most significant first, zero where the digit is zero."""

    @abstractmethod
    def too_high(self) -> Iterator[int]:
        """Rows whose generation does not fit in 16 bits."""

    def streams(self) -> set[int]:
        """Numbers of the object streams that rows refer to; tables know none."""
        return set()

    def _where(self, kinds: bytes, columns: Iterable[bytes]) -> Iterator[int]:
        """Rows of these types that are not zero in one of the columns."""
        selected: int | None = None
        for column in columns:
            if column.count(0) == len(column):
                continue
            if selected is None:
                selected = int.from_bytes(self.types.translate(_mask(kinds)))
            if found := selected & int.from_bytes(column):
                for match in re.finditer(rb"[^\0]", found.to_bytes(len(column))):
                    yield match.start()

    def higher_generations(self) -> set[int]:
        """Rows in use whose generation is not 0."""
        return set(self._where(bytes([IN_USE]), self.generations()))


@cache
def _mask(kinds: bytes) -> bytes:
    """Translates types to ones where they are among these, else to zeros."""
    return bytes(0xFF if kind in kinds else 0 for kind in range(256))


class TableRows(Rows):
    """The 20-byte lines of a cross-reference table."""

    _DIGIT = bytes(byte - 0x30 if 0x30 <= byte <= 0x39 else 0 for byte in range(256))
    _TYPE = bytes(IN_USE if byte == ord("n") else FREE for byte in range(256))

    def __init__(self, lines: bytes) -> None:
        self._lines = lines
        self.types = lines[17::20].translate(self._TYPE)

    def fields(self, row: int) -> tuple[int, int]:
        start = 20 * row
        return int(self._lines[start : start + 10]), int(self._lines[start + 11 : start + 16])

    def generations(self) -> Iterable[bytes]:
        return (self._lines[column::20].translate(self._DIGIT) for column in range(11, 16))

    def too_high(self) -> Iterator[int]:
        rows = (match.start() for match in re.finditer(rb"[6-9]", self._lines[11::20]))
        return (row for row in rows if self.fields(row)[1] > _MAX_GENERATION)

    @staticmethod
    def are(lines: bytes, count: int) -> bool:
        """Whether these are `count` lines exactly as clause 7.5.4 demands."""
        if len(lines) != 20 * count:
            return False
        blank = lines[18::20].count(b" ")
        ends = lines[19::20]
        return (
            all(lines[column::20].isdigit() for column in (*range(10), *range(11, 16)))
            and lines[10::20].count(b" ") == lines[16::20].count(b" ") == count
            and lines[17::20].count(b"n") + lines[17::20].count(b"f") == count
            and (blank == count or (blank == 0 and lines[18::20].count(b"\r") == count))
            and ends.count(b"\n") + (ends.count(b"\r") if blank else 0) == count
        )


class StreamRows(Rows):
    """The decoded entries of a cross-reference stream. Raises ValueError for types that the standard does not know."""

    def __init__(self, data: bytes, widths: Sequence[int], count: int) -> None:
        self._data = data
        self._first, self._second = widths[0], widths[0] + widths[1]
        self._width = sum(widths)
        columns = [data[column :: self._width] for column in range(self._first)]
        self.types = columns.pop() if columns else bytes([IN_USE]) * count
        if len(self.types.translate(None, b"\0\1\2")) or any(map(any, columns)):
            raise ValueError("type of a cross-reference entry")

    def fields(self, row: int) -> tuple[int, int]:
        start = row * self._width
        second = start + self._second
        return (
            int.from_bytes(self._data[start + self._first : second]),
            int.from_bytes(self._data[second : start + self._width]),
        )

    def generations(self) -> Iterable[bytes]:
        return (self._data[column :: self._width] for column in range(self._second, self._width))

    def too_high(self) -> Iterator[int]:
        excess = list(self.generations())[:-2]
        return self._where(bytes([FREE, IN_USE]), excess)

    def streams(self) -> set[int]:
        columns = [self._data[column :: self._width] for column in range(self._first, self._second)]
        numbers = set(zip(self.types, *columns, strict=True))
        return {int.from_bytes(bytes(number)) for kind, *number in numbers if kind == COMPRESSED}


class _View(Mapping[int, "tuple[int, int]"]):
    """The fields of the entries of one type, by object number. Object 0, head of the free list, is left out."""

    def __init__(self, section: CompactSection, kind: int) -> None:
        self._section = section
        self._kind = kind

    def __getitem__(self, number: int) -> tuple[int, int]:
        row = self._section.row(number)
        if row is None or not number or self._section.rows.types[row] != self._kind:
            raise KeyError(number)
        return self._section.rows.fields(row)

    def __iter__(self) -> Iterator[int]:
        return self._section.numbers(self._kind)

    def __len__(self) -> int:
        head = self._section.row(0)
        types = self._section.rows.types
        return types.count(self._kind) - (head is not None and types[head] == self._kind)


class CompactSection:
    """One cross-reference section: what pyHanko's XRefSectionData answers, without a Python object for each entry."""

    hybrid = None

    def __init__(self, subsections: Iterable[tuple[int, int]], rows: Rows) -> None:
        """`subsections` are first object number and count, in the order of the rows."""
        self.rows = rows
        first = 0
        parts = []
        for start, count in subsections:
            if count:
                parts.append((start, count, first))
            first += count
        self._by_row = parts
        self._parts = sorted(parts)
        self._starts = [start for start, _, _ in self._parts]
        end = 0
        for start, count, _ in self._parts:
            if start < end:
                raise MalformedDocumentError(reason="pdf-xref-duplicate", object=start)
            end = start + count
        self.end = end
        """One more than the highest object number."""
        if (row := next(rows.too_high(), None)) is not None:
            raise MalformedDocumentError(
                reason="pdf-generation", object=self.number(row), generation=rows.fields(row)[1]
            )

    def row(self, number: int) -> int | None:
        """The row of the object of this number."""
        part = bisect_right(self._starts, number) - 1
        if part < 0:
            return None
        start, count, first = self._parts[part]
        return first + number - start if number < start + count else None

    def number(self, row: int) -> int:
        """The object number of a row."""
        start, _, first = self._by_row[bisect_right(self._by_row, row, key=itemgetter(2)) - 1]
        return start + row - first

    def numbers(self, kind: int) -> Iterator[int]:
        """The object numbers of the entries of one type, without object 0."""
        pattern = re.compile(re.escape(bytes([kind])))
        for start, count, first in self._parts:
            for match in pattern.finditer(self.rows.types, first, first + count):
                if number := start + match.start() - first:
                    yield number

    def find(self, number: int, generation: int) -> int | ObjStreamRef | Literal[False] | None:
        """Where the object is, None where this section frees it, False where it says nothing about it."""
        row = self.row(number)
        if row is None or not number:
            return False
        kind = self.rows.types[row]
        first, second = self.rows.fields(row)
        if kind == COMPRESSED:
            return ObjStreamRef(first, second) if generation == 0 else False
        if kind == IN_USE:
            return first if generation == second else False
        return None if generation == second - 1 else False

    def try_resolve(self, ref: Reference | IndirectObject) -> int | ObjStreamRef | None:
        """Where the object is, None where this section frees it. Raises KeyError where it says nothing about it."""
        found = self.find(ref.idnum, ref.generation)
        if found is False:
            raise KeyError(ref)
        return found

    @property
    def in_use(self) -> _View:
        """Offset and generation of the objects that stand by themselves."""
        return _View(self, IN_USE)

    @property
    def compressed(self) -> _View:
        """Object stream and index of the objects in object streams."""
        return _View(self, COMPRESSED)

    @property
    def freed_entries(self) -> _View:
        """Next free object and next generation of the freed objects."""
        return _View(self, FREE)

    @cached_property
    def obj_streams_used(self) -> set[int]:
        """Numbers of the object streams that this section refers to."""
        return self.rows.streams()

    @property
    def freed(self) -> dict[int, int]:
        """The freed objects with the generation that they would have next."""
        return {number: generation for number, (_, generation) in self.freed_entries.items()}

    @property
    def standard_xrefs(self) -> dict[int, tuple[int, int]]:
        """Generation and offset of the objects that stand by themselves."""
        return {number: (generation, offset) for number, (offset, generation) in self.in_use.items()}

    @property
    def xrefs_in_objstm(self) -> dict[int, ObjStreamRef]:
        """Where the objects in object streams are."""
        return {number: ObjStreamRef(stream, index) for number, (stream, index) in self.compressed.items()}

    @property
    def explicit_refs_in_revision(self) -> set[tuple[int, int]]:
        """Number and generation of every object that this section defines or frees."""
        refs = {(number, generation) for number, (_, generation) in self.in_use.items()}
        refs.update((number, 0) for number in self.compressed)
        refs.update((number, generation - 1) for number, generation in self.freed.items())
        return refs

    def higher_generation_refs(self) -> Iterator[tuple[int, int]]:
        """Number and generation of the objects whose generation is not 0."""
        for row in self.rows.higher_generations():
            if number := self.number(row):
                yield number, self.rows.fields(row)[1]


# Tables (7.5.4)

_SUBSECTION = re.compile(rb"[\s\0]*(\d{1,10})[ \t]+(\d{1,10})[\s\0]+")
_LINE = re.compile(rb"[\r\n]*(\d{10}) (\d{5}) ([nf])[ \r\n]*")
_TRAILER = re.compile(rb"[\s\0]*trailer[\s\0]*(?=<<)")


def read_table(stream: BinaryIO, position: int) -> tuple[CompactSection, int]:
    """The table whose word `xref` ends at `position`, and where its trailer dictionary begins."""
    subsections: list[tuple[int, int]] = []
    blocks: list[bytes] = []
    entries = 0
    while True:
        stream.seek(position)
        head = stream.read(64)
        if trailer := _TRAILER.match(head):
            return CompactSection(subsections, TableRows(b"".join(blocks))), position + trailer.end()
        subsection = _SUBSECTION.match(head)
        if not subsection:
            raise MalformedDocumentError(reason="pdf-xref-entry", offset=position)
        start, count = int(subsection[1]), int(subsection[2])
        entries += count
        subsections.append((start, count))
        if entries > MAX_ENTRIES or len(subsections) > _MAX_SUBSECTIONS:
            raise UnsupportedDocumentError(reason="pdf-limit", what="xref-entries", limit=MAX_ENTRIES)
        position += subsection.end()
        stream.seek(position)
        block = stream.read(20 * count)
        if TableRows.are(block, count):
            position += len(block)
        else:
            stream.seek(position)
            block, length = _odd_lines(stream.read(22 * count), count, position)
            position += length
        blocks.append(block)


def _odd_lines(text: bytes, count: int, position: int) -> tuple[bytes, int]:
    """Lines with another end than two bytes, brought into the standard's form, and how long they were.

    Their fields have their standard width, so there is one way only to read them.
    """
    lines = []
    end = 0
    for _ in range(count):
        line = _LINE.match(text, end)
        if not line:
            raise MalformedDocumentError(reason="pdf-xref-entry", offset=position + end)
        lines.append(b"%b %b %b \n" % line.groups())
        end = line.end()
    return b"".join(lines), end


# Streams (7.5.8)


def stream_section(xref: StreamObject, defect: Callable[[], NoReturn]) -> CompactSection:
    """The section of a cross-reference stream; calls `defect` where its dictionary or its data are wrong."""
    widths = _counts(xref.get("/W")) or defect()
    index = _counts(xref.get("/Index", [0, xref.get("/Size")]))
    if index is None or len(widths) != 3 or len(index) % 2:
        defect()
    subsections = list(zip(index[::2], index[1::2], strict=True))
    count, width = sum(index[1::2]), sum(widths)
    if not width or max(widths) > _MAX_FIELD:
        defect()
    if count > MAX_ENTRIES or len(subsections) > _MAX_SUBSECTIONS:
        raise UnsupportedDocumentError(reason="pdf-limit", what="xref-entries", limit=MAX_ENTRIES)
    if any(start + length > following for (start, length), (following, _) in pairwise(subsections)):
        defect()
    data = _decoded(xref, count * (width + 1), defect)
    if len(data) != count * width:
        defect()
    return CompactSection(subsections, StreamRows(data, widths, count))


def _counts(value: object) -> list[int] | None:
    """An array of non-negative integers, or None."""
    if isinstance(value, list) and all(isinstance(number, int) and number >= 0 for number in value):
        return [int(number) for number in value]
    return None


def _decoded(xref: StreamObject, expected: int, defect: Callable[[], NoReturn]) -> bytes:
    """The decoded data, of which there must not be more than `expected` bytes."""
    encoded = xref.encoded_data
    if expected > max(_DECODED_AT_LEAST, _DECODED_RATIO * len(encoded)):
        raise UnsupportedDocumentError(reason="pdf-limit", what="xref-stream", limit=_DECODED_RATIO)
    names, parameters = _only(xref.get("/Filter")), _only(xref.get("/DecodeParms"))
    if names != "/FlateDecode":
        return bytes(xref.read_data(DecodePurpose.XREF_STREAM, expected_size=expected))
    inflater = zlib.decompressobj()
    try:
        data = inflater.decompress(encoded, expected + 1)
    except zlib.error:
        defect()
    if len(data) > expected or not inflater.eof:
        defect()
    if not isinstance(parameters, DictionaryObject) or parameters.get("/Predictor", 1) == 1:
        return data
    columns = parameters.get("/Columns", 1)
    plain = parameters.get("/Colors", 1) == 1 and parameters.get("/BitsPerComponent", 8) == 8
    if parameters["/Predictor"] not in range(10, 16) or not isinstance(columns, int) or columns < 1 or not plain:
        defect()
    unfiltered = unfilter(data, columns)
    return unfiltered if unfiltered is not None else defect()


def _only(value: object) -> object:
    """The one value of an array of one."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def unfilter(data: bytes, columns: int) -> bytes | None:
    """Undo PNG filters (RFC 2083, section 6) on bytes; None where there is none to undo, or one of no use in tables."""
    if len(data) % (columns + 1):
        return None
    filters = data[:: columns + 1]
    out = bytearray(len(filters) * columns)
    if filters.count(0) == len(filters):
        for column in range(columns):
            out[column::columns] = data[column + 1 :: columns + 1]
    elif filters[0] in (0, 2) and filters.count(2, 1) == len(filters) - 1:
        for column in range(columns):
            out[column::columns] = _running_sums(data[column + 1 :: columns + 1])
    elif set(filters) <= {0, 1, 2}:
        above = bytes(columns)
        for row, kind in enumerate(filters):
            start = row * (columns + 1) + 1
            line = data[start : start + columns]
            if kind == 1:
                line = _running_sums(line)
            elif kind == 2:
                line = bytes((a + b) & 0xFF for a, b in zip(above, line, strict=True))
            above = out[row * columns : (row + 1) * columns] = line
    else:
        return None
    return bytes(out)


def _running_sums(differences: bytes) -> bytes:
    """The sums modulo 256."""
    if differences.count(0) * 4 < len(differences) * 3:
        return bytes(map((0xFF).__and__, accumulate(differences)))
    runs = []
    value = last = 0
    for match in re.finditer(rb"[^\0]", differences):  # few changes: run by run
        runs.append(bytes([value]) * (match.start() - last))
        last = match.start()
        value = (value + differences[last]) & 0xFF
    runs.append(bytes([value]) * (len(differences) - last))
    return b"".join(runs)
