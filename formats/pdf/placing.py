"""A place for a signature value in a new revision: its field, the form that lists it, and a hole as large as needed.

What goes into the hole is somebody else's: a signature (signing.py) or a timestamp over the document
(document_timestamp.py).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import FloatObject, NameObject, NumberObject

from ..errors import TargetNotFoundError
from ..source import Source
from .fields import NewField
from .reading import PdfDocument
from .structure import array, dictionary, entry, find_page, integer, visible_area
from .update import Update, indirect, stream

JAPAN = timezone(timedelta(hours=9))
_APPEND_ONLY = 3
"""SigFlags: signatures exist, and the file may only grow (table 225)."""
_PRINT_AND_LOCKED = 132
"""Annotation flags: PDF/A wants Print; Locked keeps the widget where it is (table 167)."""


@dataclass(frozen=True)
class Hole:
    """A revision with nothing in /Contents yet; /ByteRange is final. Plain data."""

    source: Source
    """The document that the revision follows."""
    before: bytes
    """The revision up to the `<` of /Contents."""
    after: bytes
    """And from behind its `>`."""
    size: int
    """How many bytes the value has, padded."""

    def digest(self, hash_name: str) -> bytes:
        """Of the byte range: everything but the hole."""
        state = self.source.hasher(hash_name)
        state.update(self.before)
        state.update(self.after)
        return state.digest()

    def filled(self, value: bytes) -> bytes:
        """The revision with the value in its place. Raises ValueError for one that is too large."""
        if len(value) > self.size:
            raise ValueError("no room for this value")
        return self.before + b"<" + value.ljust(self.size, b"\0").hex().upper().encode() + b">" + self.after


def pdf_time(at: datetime) -> bytes:
    """A date (7.9.4) in Japan's time, in its parentheses."""
    return b"(D:%b+09'00')" % at.astimezone(JAPAN).strftime("%Y%m%d%H%M%S").encode()


def make_field(update: Update, document: PdfDocument, new: NewField, signature: generic.Reference) -> generic.Reference:
    """A new field and its only widget, one object (12.7.5.5), put on its page."""
    page = find_page(document, new.page)
    box = new.box or (0, 0, 0, 0)
    if new.visible:
        _check_on_page(page, new)
    field = generic.DictionaryObject(
        {
            "/Type": NameObject("/Annot"),
            "/Subtype": NameObject("/Widget"),
            "/FT": NameObject("/Sig"),
            "/T": generic.TextStringObject(new.name),
            "/V": indirect(signature),
            "/F": NumberObject(_PRINT_AND_LOCKED),
            "/Rect": generic.ArrayObject(map(NumberObject, box)),
            "/P": indirect(page.reference),
        }
    )
    show(update, field)
    reference = update.add(field)
    append(update, page.reference, page.get_object(), "/Annots", reference)
    return reference


def _check_on_page(page: generic.IndirectObject, new: NewField) -> None:
    """Whether any of a field that is meant to be seen can be. Raises TargetNotFoundError."""
    area = visible_area(page.get_object())
    left, bottom, right, top = new.box or (0, 0, 0, 0)
    if right <= area[0] or left >= area[2] or top <= area[1] or bottom >= area[3]:
        raise TargetNotFoundError(reason="pdf-field-outside", target=new.name, area=[f"{side:g}" for side in area])


def show(update: Update, field: generic.DictionaryObject) -> None:
    """Give a field that is its own widget, has an area, and no appearance yet, a thin frame (12.5.5).

    No font and no colour, so that archives (PDF/A) take it.
    """
    box = [item.get_object() for item in array(field, "/Rect")]
    if "/AP" in field or len(box) != 4 or box[0] == box[2] or box[1] == box[3]:
        return
    width, height = abs(box[2] - box[0]), abs(box[3] - box[1])
    entries: dict[str, generic.PdfObject] = {
        "/Type": NameObject("/XObject"),
        "/Subtype": NameObject("/Form"),
        "/BBox": generic.ArrayObject([NumberObject(0), NumberObject(0), FloatObject(width), FloatObject(height)]),
        "/Resources": generic.DictionaryObject(),
    }
    frame = b"0.5 w 0.25 0.25 %.2f %.2f re S" % (float(width) - 0.5, float(height) - 0.5)
    field["/AP"] = generic.DictionaryObject({"/N": indirect(update.add(stream(entries, frame)))})


def register(update: Update, document: PdfDocument, field: generic.Reference | None) -> None:
    """Make the form say that there are signatures, and list the new field. Only what must change is written."""
    root = document.reader.root
    holder = dict.get(root, "/AcroForm") if entry(root, "/AcroForm") is not None else None
    form = dictionary(root, "/AcroForm")
    changed = generic.DictionaryObject(form)
    if field is not None:
        append(update, None, changed, "/Fields", field)
    changed["/SigFlags"] = NumberObject(integer(form, "/SigFlags") | _APPEND_ONLY)
    if isinstance(holder, generic.IndirectObject):
        if dict(form) != dict(changed):
            update.put(holder.reference, changed)
    elif holder is None or dict(form) != dict(changed):
        catalog = generic.DictionaryObject(root)
        catalog["/AcroForm"] = indirect(update.add(changed)) if holder is None else changed
        update.put(document.reader.root_ref, catalog)


def append(
    update: Update,
    owner: generic.Reference | None,
    holder: generic.DictionaryObject,
    key: str,
    item: generic.Reference,
) -> None:
    """Append to the array under `key`, where it stands: as an object of its own, or in the dictionary.

    The dictionary is then changed, or, where it is the reader's own (`owner` is its number), written anew.
    """
    longer = generic.ArrayObject([*list.__iter__(array(holder, key)), indirect(item)])
    raw = dict.get(holder, key)
    if isinstance(raw, generic.IndirectObject) and entry(holder, key) is not None:
        update.put(raw.reference, longer)
    elif owner is None:
        holder[key] = longer
    else:
        changed = generic.DictionaryObject(holder)
        changed[key] = longer
        update.put(owner, changed)


def dig(
    update: Update,
    source: Source,
    signature: generic.Reference,
    entries: bytes,
    size: int,
    document_id: tuple[bytes, bytes],
) -> Hole:
    """Write the signature dictionary last, so that what follows /Contents is as short as can be; cut there.

    `source` is the document that the update is of.
    """
    hole = 2 * size + 2
    room = len(b"[0   ]") + 3 * len(b"%d000" % (update.position + hole))  # what follows is far below 999 times as much
    head = b"<<\n%b\n/ByteRange " % entries
    tail = b"\n/Contents "
    place = update.put(signature, head + b" " * room + tail + b" " * hole + b"\n>>") + len(head)
    start = place + room + len(tail)
    revision = update.finish(document_id)
    end = update.base + len(revision)
    byte_range = b"[0 %d %d %d]" % (start, start + hole, end - start - hole)
    place, start = place - update.base, start - update.base
    before = revision[:place] + byte_range.ljust(room) + tail
    return Hole(source, before, revision[start + hole :], size)


@dataclass(frozen=True)
class Origin:
    """What the identifiers of a document's next revision are made of. Plain data."""

    first: bytes
    """The file's identifier, which stays."""
    seed: bytes
    """The same for the same document at the same time."""

    @property
    def label(self) -> str:
        """A few characters for names that must not be there yet."""
        return hashlib.sha256(self.seed).hexdigest()[:8]

    def document_id(self, seed_of: bytes) -> tuple[bytes, bytes]:
        """The file identifiers (14.4): the first stays, the second is new, and the same for the same revision.

        `seed_of` is what sets the revision apart from others of the same document at the same time.
        """
        return self.first, hashlib.sha256(self.seed + seed_of).digest()[:16]


def origin_of(document: PdfDocument, at: datetime) -> Origin:
    """Of a revision that is made at a time (aware)."""
    try:
        old = [bytes(part.original_bytes) for part in document.reader.trailer["/ID"]]  # no longer bound to the reader
    except KeyError:
        old = []
    parts = (*old, document.source.size.to_bytes(8), at.astimezone(JAPAN).isoformat().encode())
    seed = b"".join(len(part).to_bytes(4) + part for part in parts)
    return Origin(old[0] if old else hashlib.sha256(seed).digest()[:16], seed)
