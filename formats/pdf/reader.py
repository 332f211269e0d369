"""pyHanko's reader over compact cross-reference sections, with object streams inflated once and defects named."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from io import BytesIO
from typing import Any, BinaryIO

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.crypt import SecurityHandler
from pyhanko.pdf_utils.decode_limits import DecodeContext, DecodeLimits, DecodePurpose
from pyhanko.pdf_utils.misc import PdfDecodeLimitError
from pyhanko.pdf_utils.reader import HistoricalResolver, PdfFileReader
from pyhanko.pdf_utils.xref import ObjStreamRef

from ..errors import FormatError, MalformedDocumentError, UnsupportedDocumentError
from .xref_chain import CompactXRefCache, read_chain

_OBJECT = re.compile(rb"[\s\0]*0*(\d{1,10})[\s\0]+0*(\d{1,5})[\s\0]+obj")
_KEPT = 32 << 20  # bytes of decoded object streams kept at a time
_HEADER_NUMBERS = re.compile(rb"[\d\s\0]*")


@dataclass(frozen=True)
class _ObjectStream:
    """A decoded object stream."""

    data: bytes
    places: dict[int, tuple[int, int]]
    """Index and offset by object number."""


class StrictReader(PdfFileReader):
    """A strict PdfFileReader. Whatever it cannot read it refuses with a FormatError that says which object and why."""

    def __init__(self, stream: BinaryIO, size: int, version: tuple[int, int]) -> None:
        # Not super().__init__(), which decodes every cross-reference entry: this sets what it sets.
        self._security_handler: SecurityHandler | None = None
        self.strict = True
        self._decode_context = DecodeContext(DecodeLimits(), input_size=size)
        self.resolved_objects = {}
        self._header_version = version
        self._input_version = None
        self._historical_resolver_cache: dict[int, HistoricalResolver] = {}
        self._embedded_signatures = None
        self._object_streams: OrderedDict[int, _ObjectStream] = OrderedDict()
        self.stream = stream
        chain = read_chain(stream, size, self)
        self.xrefs = CompactXRefCache(self, chain.sections)
        self.last_startxref = chain.startxref
        self.trailer = chain.trailer
        self.has_xref_stream = chain.newest_is_stream

    def _read_object(
        self,
        ref: generic.Reference,
        marker: int | ObjStreamRef | None,
        never_decrypt: bool = False,
        as_metadata_stream: bool = False,
    ) -> generic.PdfObject:
        facts = {"object": ref.idnum, "generation": ref.generation}
        if marker is None:
            raise MalformedDocumentError(reason="pdf-object-missing", **facts)
        try:
            if isinstance(marker, int):
                self._check_place(ref, marker)
            found: generic.PdfObject = super()._read_object(ref, marker, never_decrypt, as_metadata_stream)
            return found
        except FormatError:
            raise
        except PdfDecodeLimitError as error:
            raise UnsupportedDocumentError(reason="pdf-limit", what="stream", **facts) from error
        except RecursionError as error:
            raise UnsupportedDocumentError(reason="pdf-limit", what="nesting", **facts) from error
        except MemoryError as error:
            raise UnsupportedDocumentError(reason="pdf-limit", what="memory", **facts) from error
        except Exception as error:  # whatever the library says about hostile bytes
            raise MalformedDocumentError(reason="pdf-object", detail=type(error).__name__, **facts) from error

    def _check_place(self, ref: generic.Reference, offset: int) -> None:
        self.stream.seek(offset)
        found = _OBJECT.match(self.stream.read(64))
        if not found or (int(found[1]), int(found[2])) != (ref.idnum, ref.generation):
            raise MalformedDocumentError(
                reason="pdf-object-misplaced", object=ref.idnum, generation=ref.generation, offset=offset
            )

    def _get_object_from_stream(self, idnum: int, stmnum: int, idx: int) -> generic.PdfObject:
        stream = self._object_stream(stmnum)
        index, offset = stream.places.get(idnum, (None, 0))
        if index != idx:
            raise MalformedDocumentError(reason="pdf-object-stream", object=idnum, stream=stmnum)
        buffer = BytesIO(stream.data)
        buffer.seek(offset)
        found: generic.PdfObject = generic.read_object(buffer, generic.Reference(idnum, 0, self))
        if isinstance(found, generic.StreamObject | generic.IndirectObject):
            raise MalformedDocumentError(reason="pdf-object-stream", object=idnum, stream=stmnum)
        return found

    def _object_stream(self, number: int) -> _ObjectStream:
        """The object stream, from those kept if it is there."""
        if number in self._object_streams:
            self._object_streams.move_to_end(number)
            return self._object_streams[number]
        reference = generic.Reference(number, 0, self)
        marker = self.xrefs[reference]
        if not isinstance(marker, int):  # nor in another object stream
            raise MalformedDocumentError(reason="pdf-object-stream", object=number, stream=number)
        found: Any = self._read_object(reference, marker)
        found.container_ref = reference
        data = found.read_data(DecodePurpose.OBJECT_STREAM) if isinstance(found, generic.StreamObject) else None
        if data is None or found.get("/Type") != "/ObjStm":
            raise MalformedDocumentError(reason="pdf-object-stream", object=number, stream=number)
        stream = _ObjectStream(data, _places(data, found["/N"], found["/First"]))
        self._object_streams[number] = stream
        while len(self._object_streams) > 1 and sum(len(s.data) for s in self._object_streams.values()) > _KEPT:
            self._object_streams.popitem(last=False)
        return stream


def _places(data: bytes, count: int, first: int) -> dict[int, tuple[int, int]]:
    """Where the objects of an object stream are (7.5.7); raises ValueError."""
    header = data[:first]
    if not _HEADER_NUMBERS.fullmatch(header):
        raise ValueError
    numbers = [int(number) for number in header.replace(b"\0", b" ").split()]
    if count < 0 or first < 0 or len(numbers) < 2 * count:
        raise ValueError
    places: dict[int, tuple[int, int]] = {}
    for index in range(count):
        places.setdefault(numbers[2 * index], (index, first + numbers[2 * index + 1]))
    return places
