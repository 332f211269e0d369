"""Putting evidence into a document: the DSS (ISO 32000-2, 12.8.4.3; EN 319 142-1, 5.4.2) in a revision of its own.

What is there already stays, in its order, and nothing is put in twice. No VRI: it only says again which signature each
piece is for, which whoever validates finds out from the pieces themselves (docs/adr/0018).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import NameObject

from ..base import ValidationData
from ..errors import UnsupportedDocumentError
from ..source import Source
from .evidence import MAX_BYTES, MAX_STREAMS, stream_data
from .placing import origin_of
from .reading import PdfDocument
from .structure import array, dictionary, entry
from .update import Update, indirect, stream


def with_validation_data(document: PdfDocument, data: ValidationData, at: datetime) -> Source:
    """The document followed by a revision with what of the data it has not got yet; itself where it has all.

    No certification or lock forbids it (table 257). Raises FormatError, also for more than is read again.
    """
    store = dictionary(document.reader.root, "/DSS")
    news = {
        key: list(_missing(store, key, streams))
        for key, streams in (("/Certs", data.certificates), ("/OCSPs", data.ocsp_responses), ("/CRLs", data.crls))
    }
    if not any(news.values()):
        return document.source
    _check_size([one for key in news for one in (*_present(store, key), *news[key])])
    update = Update(document, signed=True)
    changed = generic.DictionaryObject(store)
    changed.setdefault(NameObject("/Type"), NameObject("/DSS"))
    for key, streams in news.items():
        if streams:
            _extend(update, changed, key, [update.add(stream({}, one)) for one in streams])
    _put_store(update, document, changed)
    seed = hashlib.sha256(b"".join(one for streams in news.values() for one in streams)).digest()
    return document.source.followed_by(update.finish(origin_of(document, at).document_id(seed)))


def _check_size(streams: list[bytes]) -> None:
    if len(streams) > MAX_STREAMS:
        raise UnsupportedDocumentError(reason="pdf-limit", what="validation-data", limit=MAX_STREAMS)
    if sum(map(len, streams)) > MAX_BYTES:
        raise UnsupportedDocumentError(reason="pdf-limit", what="validation-data-bytes", limit=MAX_BYTES)


def _missing(store: generic.DictionaryObject, key: str, streams: Iterable[bytes]) -> Iterator[bytes]:
    known = set(_present(store, key))
    for one in streams:
        if one not in known:
            known.add(one)
            yield one


def _present(store: generic.DictionaryObject, key: str) -> Iterator[bytes]:
    """The streams of a list that can be read; another program's that cannot are left alone."""
    items = array(store, key)
    if len(items) > MAX_STREAMS:
        raise UnsupportedDocumentError(reason="pdf-limit", what="validation-data", limit=MAX_STREAMS)
    streams = (stream_data(item, key) for item in list.__iter__(items))
    return (data for data in streams if data is not None)


def _extend(update: Update, store: generic.DictionaryObject, key: str, items: list[generic.Reference]) -> None:
    """Append to a list, where it stands: as an object of its own, or in the store."""
    longer = generic.ArrayObject([*list.__iter__(array(store, key)), *map(indirect, items)])
    raw = dict.get(store, key)
    if isinstance(raw, generic.IndirectObject) and entry(store, key) is not None:
        update.put(raw.reference, longer)
    else:
        store[NameObject(key)] = longer


def _put_store(update: Update, document: PdfDocument, store: generic.DictionaryObject) -> None:
    """Write the store where it was: an object of its own, or in the catalog; a new one is an object of its own."""
    root = document.reader.root
    raw = dict.get(root, "/DSS")
    present = entry(root, "/DSS") is not None
    if present and isinstance(raw, generic.IndirectObject):
        update.put(raw.reference, store)
        return
    catalog = generic.DictionaryObject(root)
    catalog[NameObject("/DSS")] = store if present else indirect(update.add(store))
    update.put(document.reader.root_ref, catalog)
