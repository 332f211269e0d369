"""A timestamp over the whole document (ISO 32000-2, 12.8.5; EN 319 142-1, 5.4.3): the revision, all but the token."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..source import Source
from .fields import NewField
from .placing import Hole, dig, make_field, origin_of, register
from .reading import PdfDocument
from .signing import TIMESTAMP_ROOM
from .update import Update


@dataclass(frozen=True)
class PreparedTimestamp:
    """A document with a place for a token over all of it."""

    hole: Hole
    signature_id: str
    """The name of its field."""

    @property
    def timestamp_room(self) -> int:
        """How many bytes a token may have."""
        return self.hole.size

    def timestamp_digest(self) -> bytes:
        """SHA-256 of everything but the token itself."""
        return self.hole.digest("sha256")

    def stamped(self, token: bytes) -> Source:
        """The document with the token. Raises ValueError for one that is too large."""
        return self.hole.source.followed_by(self.hole.filled(token))


def prepare_timestamp(document: PdfDocument, at: datetime) -> PreparedTimestamp:
    """A new invisible field with a document timestamp, on the first page: empty fields are people's places to sign.

    No certification or lock forbids it (table 257). Without /M, as the token tells the time. Raises FormatError.
    """
    document_id = origin_of(document, at).document_id(b"document timestamp")
    name = f"Timestamp-{document_id[1].hex()[:8]}"
    update = Update(document, signed=True)
    timestamp = update.reserve()
    register(update, document, make_field(update, document, NewField(name), timestamp))
    entries = b"/Type /DocTimeStamp\n/Filter /Adobe.PPKLite\n/SubFilter /ETSI.RFC3161"
    return PreparedTimestamp(dig(update, document.source, timestamp, entries, TIMESTAMP_ROOM, document_id), name)
