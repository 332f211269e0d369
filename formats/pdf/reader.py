"""pyHanko's reader over compact cross-reference sections, with object streams inflated once and defects named."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, BinaryIO

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.crypt import SecurityHandler
from pyhanko.pdf_utils.decode_limits import DecodeContext, DecodeLimits, DecodePurpose
from pyhanko.pdf_utils.misc import PdfDecodeLimitError
from pyhanko.pdf_utils.reader import HistoricalResolver, PdfFileReader
from pyhanko.pdf_utils.xref import ObjStreamRef

from ..errors import FormatError, MalformedDocumentError, UnsupportedDocumentError
from .parsing import LimitError, PdfSyntaxError, parse, read_object
from .xref_chain import CompactXRefCache, read_chain

_OBJECT = re.compile(rb"[\s\0]*0*(\d{1,10})[\s\0]+0*(\d{1,5})[\s\0]+obj")
_END_OF_OBJECT = re.compile(rb"(?:[\0\t\n\f\r ]++|%[^\r\n]*+)*+endobj")
_KEPT = 32 << 20  # bytes of decoded object streams kept at a time
_HEADER_NUMBERS = re.compile(rb"[\d\t\n\f\r ]*")
_COMMENT = re.compile(rb"%[^\r\n]*")


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
        never_decrypt: bool = False,  # noqa: ARG002 - encrypted documents are refused
        as_metadata_stream: bool = False,
    ) -> generic.PdfObject:
        facts = {"object": ref.idnum, "generation": ref.generation}
        if marker is None:
            raise MalformedDocumentError(reason="pdf-object-missing", **facts)
        try:
            if isinstance(marker, int):
                return self._read_in_file(ref, marker, as_metadata_stream)
            return self._get_object_from_stream(ref.idnum, marker.obj_stream_id, marker.ix_in_stream)
        except FormatError:
            raise
        except PdfDecodeLimitError as error:
            raise UnsupportedDocumentError(reason="pdf-limit", what="stream", **facts) from error
        except LimitError as error:
            raise UnsupportedDocumentError(reason="pdf-limit", what=error.args[0], **facts) from error
        except RecursionError as error:
            raise UnsupportedDocumentError(reason="pdf-limit", what="nesting", **facts) from error
        except MemoryError as error:
            raise UnsupportedDocumentError(reason="pdf-limit", what="memory", **facts) from error
        except Exception as error:  # whatever the library says about hostile bytes
            raise MalformedDocumentError(reason="pdf-object", detail=type(error).__name__, **facts) from error

    def _read_in_file(self, ref: generic.Reference, offset: int, as_metadata_stream: bool) -> generic.PdfObject:
        """The indirect object at an offset (7.3.10)."""
        self.stream.seek(offset)
        header = _OBJECT.match(self.stream.read(64))
        if not header or (int(header[1]), int(header[2])) != (ref.idnum, ref.generation):
            raise MalformedDocumentError(
                reason="pdf-object-misplaced", object=ref.idnum, generation=ref.generation, offset=offset
            )
        stream_type = generic.StreamObject
        if as_metadata_stream:
            from pyhanko.pdf_utils.metadata.xmp_xml import MetadataStream

            stream_type = MetadataStream
        container = generic.Reference(ref.idnum, ref.generation, self)
        found, end = read_object(self.stream, offset + header.end(), container, self._length, stream_type)
        self.stream.seek(end)
        if not _END_OF_OBJECT.match(self.stream.read(64)):
            raise PdfSyntaxError("endobj")
        return found

    def _length(self, reference: generic.IndirectObject) -> generic.PdfObject:
        found: generic.PdfObject = reference.get_object()
        return found

    def _get_object_from_stream(self, idnum: int, stmnum: int, idx: int) -> generic.PdfObject:
        stream = self._object_stream(stmnum)
        index, offset = stream.places.get(idnum, (None, 0))
        if index != idx:
            raise MalformedDocumentError(reason="pdf-object-stream", object=idnum, stream=stmnum)
        found = parse(stream.data, offset, generic.Reference(idnum, 0, self))
        if isinstance(found, generic.IndirectObject):
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
    if count < 0 or first < 0:
        raise PdfSyntaxError("/First")
    header = _COMMENT.sub(b"", data[:first]).replace(b"\0", b" ")
    if not _HEADER_NUMBERS.fullmatch(header):
        raise PdfSyntaxError("header of an object stream")
    numbers = [int(number) for number in header.split()]
    if len(numbers) < 2 * count:
        raise PdfSyntaxError("header of an object stream")
    places: dict[int, tuple[int, int]] = {}
    for index in range(count):
        places.setdefault(numbers[2 * index], (index, first + numbers[2 * index + 1]))
    return places
