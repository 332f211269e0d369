"""Opening a PDF strictly: what cannot be read in one way only is refused, with the defect named."""

from __future__ import annotations

import re
import weakref
from dataclasses import dataclass
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.crypt import AuthStatus, StandardSecurityHandler
from pyhanko.pdf_utils.reader import PdfFileReader

from ..errors import FormatError, MalformedDocumentError, UnsupportedDocumentError
from ..source import Source
from ..verdict import RefusedSignatureError
from .reader import StrictReader
from .revisions import Revision, divide

_HEADER = re.compile(rb"%PDF-(\d)\.(\d)")
_MAX_DEPTH = 100  # of the page tree, down to the first page


@dataclass(frozen=True, eq=False)
class PdfDocument:
    """An open PDF. The bytes of `source` stay the truth; `reader` resolves objects in them, also historical ones."""

    source: Source
    reader: PdfFileReader
    revisions: tuple[Revision, ...]
    """The oldest first."""


def open_pdf(source: Source) -> PdfDocument:
    """Read header, cross-reference sections, trailer and catalog; raises FormatError, naming the defect."""
    try:
        return _open(source)
    except FormatError:
        raise
    except RefusedSignatureError as refused:
        raise MalformedDocumentError(reason=refused.verdict.reason, **refused.verdict.facts) from refused
    except RecursionError as error:
        raise UnsupportedDocumentError(reason="pdf-limit", what="nesting") from error
    except MemoryError as error:
        raise UnsupportedDocumentError(reason="pdf-limit", what="memory") from error
    except Exception as error:  # whatever the library says about hostile bytes
        raise MalformedDocumentError(reason="pdf-unreadable", detail=type(error).__name__) from error


def _open(source: Source) -> PdfDocument:
    stream = source.stream()
    try:
        reader = StrictReader(stream, source.size, _version(source))
        _refuse_encrypted(reader)
        _check_identifier(reader)
        _check_catalog(reader)
        revisions = divide(reader)
    except BaseException:
        stream.close()
        raise
    weakref.finalize(reader, stream.close)
    return PdfDocument(source, reader, revisions)


def _version(source: Source) -> tuple[int, int]:
    """The version in the header (7.5.2), which stands at the very beginning."""
    header = _HEADER.search(source.head)
    if not header:
        raise MalformedDocumentError(reason="pdf-header-missing")
    if header.start():
        raise MalformedDocumentError(reason="pdf-bytes-before-header", count=header.start())
    return int(header[1]), int(header[2])


def _refuse_encrypted(reader: PdfFileReader) -> None:
    if "/Encrypt" not in reader.trailer:
        return
    try:
        handler = reader.security_handler
        identifier = reader.document_id[0] if "/ID" in reader.trailer else b""
        opens = (
            isinstance(handler, StandardSecurityHandler)
            and handler.authenticate(b"", id1=identifier).status is not AuthStatus.FAILED
        )
    except Exception:  # noqa: BLE001 - it is refused in any case
        opens = False
    if opens:
        raise UnsupportedDocumentError(reason="pdf-encrypted")
    raise UnsupportedDocumentError(reason="pdf-password")


def _check_identifier(reader: PdfFileReader) -> None:
    """The file identifier (14.4): two byte strings, where there is one."""
    if "/ID" not in reader.trailer:
        return
    identifier = reader.trailer["/ID"]
    strings = generic.TextStringObject | generic.ByteStringObject
    if not isinstance(identifier, generic.ArrayObject) or not all(isinstance(one, strings) for one in identifier):
        raise MalformedDocumentError(reason="pdf-trailer", offset=reader.last_startxref, detail="/ID")


def _check_catalog(reader: PdfFileReader) -> None:
    """The catalog (7.7.2), and its page tree (7.7.3) down to the first page."""
    try:
        root = reader.trailer.raw_get("/Root")
    except KeyError:
        raise MalformedDocumentError(reason="pdf-catalog", detail="/Root") from None
    if not isinstance(root, generic.IndirectObject):
        raise MalformedDocumentError(reason="pdf-catalog", detail="/Root")
    catalog = root.get_object()
    if not isinstance(catalog, generic.DictionaryObject) or catalog.get("/Type", "/Catalog") != "/Catalog":
        raise MalformedDocumentError(reason="pdf-catalog", detail="/Type")
    node: Any = catalog.raw_get("/Pages") if "/Pages" in catalog else None
    seen: set[int] = set()
    while True:
        if not isinstance(node, generic.IndirectObject):
            raise MalformedDocumentError(reason="pdf-pages", detail="/Kids" if seen else "/Pages")
        if node.idnum in seen or len(seen) > _MAX_DEPTH:
            raise MalformedDocumentError(reason="pdf-page-tree-loop", object=node.idnum)
        seen.add(node.idnum)
        value = node.get_object()
        if not isinstance(value, generic.DictionaryObject):
            raise MalformedDocumentError(reason="pdf-pages", object=node.idnum, detail="/Type")
        if "/Kids" not in value:
            return
        kids = value["/Kids"]
        if not isinstance(kids, generic.ArrayObject):
            raise MalformedDocumentError(reason="pdf-pages", object=node.idnum, detail="/Kids")
        if not kids:
            return
        node = kids.raw_get(0)
