"""One incremental update (ISO 32000-2, 7.5.6): changed and new objects, appended as a revision of their own.

Nothing here depends on chance or on a clock: the same changes to the same document give the same bytes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from copy import copy
from itertools import groupby

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import NameObject, NumberObject
from pyhanko.pdf_utils.xref import XRefSectionType

from .parsing import Latin1Name
from .reading import PdfDocument
from .waiting_references import waiting_numbers

_OWN_ENTRIES = frozenset(
    {"/Size", "/Prev", "/ID", "/XRefStm", "/Type", "/W", "/Index", "/Length", "/Filter", "/DecodeParms"}
)
"""Entries of a trailer that belong to one section and are never taken over."""
_LOOKED_FOR = 1000
"""So many numbers: more than any update of ours needs, with all that are passed over."""
_PLAIN_NAME = re.compile(r"/[A-Za-z0-9!\"$&'*+,\-.:;=?@\\^_`|~]*")
"""A name that needs no escape (7.3.5)."""


class Update:
    """Collects what the next revision holds; `finish` gives its bytes, ready to be appended to the original.

    Objects are serialised when they are put in and may be shared with the reader: nothing here changes them. What is
    collected is plain data, which can be pickled and finished elsewhere.
    """

    def __init__(self, document: PdfDocument, *, signed: bool) -> None:
        """`signed`: earlier signatures must bear it, so that no new object may have a number that is referred to."""
        reader = document.reader
        self.base = document.source.size
        self._prev = reader.last_startxref
        inherited = ((k, v) for k, v in reader.trailer.flatten().items() if k not in _OWN_ENTRIES)
        self._trailer = b"".join(b"%b %b\n" % (serialise(key), serialise(value)) for key, value in inherited)
        newest = reader.xrefs.get_xref_container_info(reader.xrefs.total_revisions - 1)
        self._stream = newest.xref_section_type == XRefSectionType.STREAM
        self._size = int(reader.trailer["/Size"])
        self._waiting = waiting_numbers(document, range(self._size, self._size + _LOOKED_FOR)) if signed else set()
        self._offsets: dict[tuple[int, int], int] = {}
        self._body = bytearray(_separator(document))

    @property
    def position(self) -> int:
        """Where in the finished file the next object will begin."""
        return self.base + len(self._body)

    def branch(self) -> Update:
        """What has been collected, to go on with; this one stays as it is."""
        other = copy(self)
        other._offsets, other._body = dict(self._offsets), bytearray(self._body)
        return other

    def reserve(self) -> generic.Reference:
        """The number of a new object."""
        while self._size in self._waiting:
            self._size += 1
        self._size += 1
        return generic.Reference(self._size - 1, 0)

    def put(self, reference: generic.Reference, content: bytes | generic.PdfObject) -> int:
        """Write an object, new or instead of the one that the number had; gives where in the file it stands."""
        self._offsets[reference.idnum, reference.generation] = self.position
        self._body += b"%d %d obj\n" % (reference.idnum, reference.generation)
        place = self.position
        self._body += content if isinstance(content, bytes) else serialise(content)
        self._body += b"\nendobj\n"
        return place

    def add(self, content: bytes | generic.PdfObject) -> generic.Reference:
        """Write a new object."""
        reference = self.reserve()
        self.put(reference, content)
        return reference

    def finish(self, document_id: tuple[bytes, bytes]) -> bytes:
        """The revision with its cross-reference section: a table after a table, a stream after a stream (7.5.8.4)."""
        trailer: dict[str, generic.PdfObject] = {
            "/ID": generic.ArrayObject(generic.ByteStringObject(part) for part in document_id),
            "/Prev": NumberObject(self._prev),
        }
        start = self.position
        self._body += self._xref_stream(trailer) if self._stream else self._xref_table(trailer)
        self._body += b"startxref\n%d\n%%%%EOF\n" % start
        return bytes(self._body)

    def _xref_table(self, trailer: dict[str, generic.PdfObject]) -> bytes:
        section = bytearray(b"xref\n0 1\n0000000000 65535 f \n")
        for run in self._runs():
            section += b"%d %d\n" % (run[0][0], len(run))
            for number, generation in run:
                section += b"%010d %05d n \n" % (self._offsets[number, generation], generation)
        trailer["/Size"] = NumberObject(self._size)
        return bytes(section) + b"trailer\n" + self._dictionary(trailer) + b"\n"

    def _xref_stream(self, trailer: dict[str, generic.PdfObject]) -> bytes:
        own = self.reserve()
        start = self.position
        self._offsets[own.idnum, 0] = start
        width = (start.bit_length() + 7) // 8
        index: list[int] = []
        rows = bytearray()
        for run in self._runs():
            index += [run[0][0], len(run)]
            for number, generation in run:
                rows += b"\x01" + self._offsets[number, generation].to_bytes(width) + generation.to_bytes(2)
        trailer["/Type"] = NameObject("/XRef")
        trailer["/Size"] = NumberObject(self._size)
        trailer["/W"] = generic.ArrayObject(map(NumberObject, (1, width, 2)))
        trailer["/Index"] = generic.ArrayObject(map(NumberObject, index))
        trailer["/Length"] = NumberObject(len(rows))
        return b"%d 0 obj\n%b\nstream\n%b\nendstream\nendobj\n" % (own.idnum, self._dictionary(trailer), bytes(rows))

    def _dictionary(self, own: Mapping[str, generic.PdfObject]) -> bytes:
        """The entries of the earlier trailer, and those of this section."""
        return b"<<\n" + self._trailer + serialise(generic.DictionaryObject(own)).removeprefix(b"<<\n")

    def _runs(self) -> list[list[tuple[int, int]]]:
        """The objects by number, those that follow one another together."""
        numbers = sorted(self._offsets)
        runs = groupby(enumerate(numbers), key=lambda item: item[1][0] - item[0])
        return [[number for _, number in run] for _, run in runs]


def stream(entries: Mapping[str, generic.PdfObject], data: bytes) -> bytes:
    """A stream object, not compressed."""
    dictionary = generic.DictionaryObject({**entries, "/Length": NumberObject(len(data))})
    return b"%b\nstream\n%b\nendstream" % (serialise(dictionary), data)


def serialise(value: generic.PdfObject) -> bytes:
    """The object as it stands in a file. Strings keep their bytes, whatever they were guessed to mean."""
    if isinstance(value, NameObject):
        return value.encode() if _PLAIN_NAME.fullmatch(value) else _name(value)
    if isinstance(value, generic.IndirectObject):
        return b"%d %d R" % (value.idnum, value.generation)
    if isinstance(value, NumberObject):
        return b"%d" % value
    if isinstance(value, generic.StreamObject):
        raise TypeError(value)
    if isinstance(value, generic.DictionaryObject):
        entries = b"".join(b"%b %b\n" % (serialise(key), serialise(item)) for key, item in dict.items(value))
        return b"<<\n%b>>" % entries
    if isinstance(value, generic.ArrayObject):
        return b"[%b]" % b" ".join(map(serialise, list.__iter__(value)))
    if isinstance(value, generic.TextStringObject):
        return b"<%b>" % value.original_bytes.hex().encode() if value.autodetected_encoding else text_string(value)
    out = io.BytesIO()
    value.write_to_stream(out)
    return out.getvalue()


def _name(name: NameObject) -> bytes:
    """A name with escapes, in the bytes that it was read from."""
    encoding = "latin-1" if isinstance(name, Latin1Name) else "utf-8"
    return b"/" + b"".join(
        bytes([byte]) if _PLAIN_NAME.fullmatch("/" + chr(byte)) else b"#%02X" % byte
        for byte in name[1:].encode(encoding)
    )


def indirect(reference: generic.Reference) -> generic.IndirectObject:
    """A reference as it stands in another object."""
    return generic.IndirectObject(reference.idnum, reference.generation, None)


def text_string(text: str) -> bytes:
    """A text string (7.9.2.2): readable where it is ASCII, else UTF-16BE."""
    if text.isascii() and text.isprintable():
        return b"(%b)" % text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)").encode()
    return b"<FEFF%b>" % text.encode("utf-16-be").hex().upper().encode()


def _separator(document: PdfDocument) -> bytes:
    """An end of line where the original has none after its %%EOF."""
    with document.source.stream() as stream:
        stream.seek(-1, io.SEEK_END)
        return b"" if stream.read(1) in b"\r\n" else b"\n"
