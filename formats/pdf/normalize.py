"""Rewriting an unsigned PDF so that strict reading takes it: qpdf reads it, repairs included, and writes it anew."""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import Any

import pikepdf

from ..errors import FormatError, MalformedDocumentError, UnsupportedDocumentError
from ..source import Source
from .reading import open_pdf

_TRACES = (b"/ByteRange", b"/DocTimeStamp", b"/TransformMethod")
_CHUNK = 1 << 20


def normalize(source: Source) -> Source:
    """The document rewritten in one revision, content kept, the same bytes each time. Raises FormatError.

    Objects, metadata, attachments, forms and the version stay as they are; linearisation, earlier revisions and what
    nothing refers to are dropped. Refused are documents with a signature or traces of one, because rewriting would
    break it, encrypted ones, because it would strip their protection, and those that lost pages. The result is held in
    memory.
    """
    if _bears(source, _TRACES[0]):
        raise UnsupportedDocumentError(reason="pdf-normalize-signed")
    if not _bears(source, b"%%EOF"):  # cut off: nobody knows what is lost
        raise MalformedDocumentError(reason="pdf-normalize-failed", detail="pdf-end-missing")
    try:
        with (
            warnings.catch_warnings(),
            source.stream() as stream,
            pikepdf.open(stream, suppress_warnings=True, inherit_page_attributes=False) as pdf,
        ):
            warnings.simplefilter("ignore")  # what was amiss before is said by the caller
            if pdf.is_encrypted:
                raise UnsupportedDocumentError(reason="pdf-encrypted")
            _refuse_lost_pages(pdf)  # first, because looking at all objects makes qpdf forget those that are missing
            if "/Perms" in pdf.Root or any(map(_is_of_signature, pdf.objects)):
                raise UnsupportedDocumentError(reason="pdf-normalize-signed")
            rewritten = Source.of(_written(pdf))
    except FormatError:
        raise
    except pikepdf.PasswordError as error:
        raise UnsupportedDocumentError(reason="pdf-password") from error
    except Exception as error:  # whatever the library says about hostile bytes
        raise MalformedDocumentError(reason="pdf-normalize-failed", detail=type(error).__name__) from error
    try:
        open_pdf(rewritten)
    except FormatError as error:
        raise MalformedDocumentError(reason="pdf-normalize-failed", detail=error.facts["reason"]) from error
    return rewritten


def _written(pdf: pikepdf.Pdf) -> bytes:
    """The document with a cross-reference table, its streams untouched."""
    out = BytesIO()
    if "/Size" not in pdf.trailer:
        pdf.trailer["/Size"] = 0  # qpdf writes the right one, but only where there is one
    pdf.save(
        out,
        deterministic_id=True,
        object_stream_mode=pikepdf.ObjectStreamMode.disable,
        stream_decode_level=pikepdf.StreamDecodeLevel.none,
        compress_streams=False,
        fix_metadata_version=False,
    )
    return out.getvalue()


def _bears(source: Source, word: bytes) -> bool:
    """Whether the word stands anywhere in the file, even where nothing refers to it any more."""
    with source.stream() as stream:
        end = b""
        while chunk := stream.read(_CHUNK):
            if word in end + chunk:
                return True
            end = chunk[-len(word) :]
    return False


def _is_of_signature(item: Any) -> bool:
    """Whether an object is a signature dictionary or a signature field that bears one."""
    dictionary = item.stream_dict if isinstance(item, pikepdf.Stream) else item
    if not isinstance(dictionary, pikepdf.Dictionary):
        return isinstance(item, pikepdf.Array) and any(trace in item.unparse(resolved=True) for trace in _TRACES)
    if dictionary.get("/FT") == "/Sig" and "/V" in dictionary:
        return True
    return any(trace in dictionary.unparse(resolved=True) for trace in _TRACES)


def _refuse_lost_pages(pdf: pikepdf.Pdf) -> None:
    """A page that the page tree names and that is not there was lost with the damage: no repair brings it back."""
    seen: set[tuple[int, int]] = set()
    nodes: list[Any] = [pdf.Root.get("/Pages")]
    pages = 0
    while nodes:
        node = nodes.pop()
        if not isinstance(node, pikepdf.Dictionary) or (node.is_indirect and node.objgen in seen):
            raise MalformedDocumentError(reason="pdf-normalize-failed", detail="pages")
        seen.add(node.objgen)
        if "/Kids" in node:
            nodes.extend(node.Kids)
        else:
            pages += 1
    if not pages:
        raise MalformedDocumentError(reason="pdf-normalize-failed", detail="pages")
