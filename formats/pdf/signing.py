"""Signing a PDF: the revision that follows the original, all of it but the signature value itself.

Everything is known before the key is touched: the CMS has a known size, so /Contents takes exactly as much, and
/ByteRange is final at once. The original is never changed, nor read here other than for its digest.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import BinaryIO

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import FloatObject, NameObject, NumberObject

from ..base import SigningIdentity
from ..cms import CmsForm, cms_form
from ..errors import TargetNotFoundError, UnsupportedDocumentError
from ..profiles import Profile, SubFilter
from ..signature_value import hash_name
from ..source import Source
from .fields import Field, NewField, choose_field, signature_fields
from .permissions import check_permissions, check_seed_values, field_lock
from .reading import PdfDocument
from .structure import array, dictionary, entry, find_page, integer, visible_area
from .update import Update, indirect, stream, text_string

TIMESTAMP_ROOM = 16 * 1024
"""For a token: those of public authorities have 2 to 8 kB, with all the certificates that came with them."""
_JAPAN = timezone(timedelta(hours=9))
_APPEND_ONLY = 3
"""SigFlags: signatures exist, and the file may only grow (table 225)."""
_PRINT_AND_LOCKED = 132
"""Annotation flags: PDF/A wants Print; Locked keeps the widget where it is (table 167)."""


@dataclass(frozen=True)
class PreparedPdf:
    """A PDF with a place for its signature value: plain data, can be pickled where the source can."""

    source: Source
    before: bytes
    """The new revision up to the `<` of /Contents."""
    after: bytes
    """And from behind its `>`."""
    cms: CmsForm
    signature_id: str
    """The fully qualified name of the signature field."""
    last: bool = True

    @property
    def scheme(self) -> str:
        """What the certificate's key calls for."""
        return self.cms.scheme

    @cached_property
    def digest(self) -> bytes:
        """Of the byte range; computed when it is asked for, because a rehearsal never asks."""
        state = self.source.hasher(hash_name(self.scheme))
        state.update(self.before)
        state.update(self.after)
        return state.digest()

    @property
    def to_be_signed(self) -> bytes:
        """The signed attributes in DER (RFC 5652, 5.4)."""
        return self.cms.signed_attributes(self.digest)

    @property
    def timestamp_room(self) -> int:
        """How many bytes a timestamp token may have."""
        return self.cms.timestamp_room

    def timestamp_digest(self, signature: bytes) -> bytes:
        """SHA-256 of the signature value (EN 319 122-1, 5.3: of the field's contents, without tag and length)."""
        return hashlib.sha256(signature).digest()

    def embed(self, signature: bytes, out: BinaryIO, timestamp: bytes | None = None) -> None:
        """Write the signed document, straight through: `out` need not be seekable."""
        if timestamp is not None and len(timestamp) > self.timestamp_room:
            raise ValueError("no room for this timestamp")
        value = self.cms.content_info(self.digest, signature, timestamp)
        self.source.copy_to(out)
        out.write(self.before)
        out.write(b"<" + value.ljust(self.cms.size, b"\0").hex().upper().encode() + b">")
        out.write(self.after)


def prepare(document: PdfDocument, identity: SigningIdentity, profile: Profile, at: datetime) -> PreparedPdf:
    """One revision with the signature in it. Raises FormatError where the document cannot or must not be signed."""
    signing_time = at if profile.subfilter == SubFilter.PKCS7 else None
    room = TIMESTAMP_ROOM if profile.timestamp_over else 0
    cms = cms_form(identity, profile.chain, signing_time=signing_time, timestamp_room=room)
    if profile.schemes and cms.scheme not in profile.schemes:
        raise UnsupportedDocumentError(reason="scheme-not-for-profile", detail=cms.scheme, profile=profile.name)
    document_id = _document_id(document, identity, at)
    known = signature_fields(document)
    field = choose_field(document, known, profile.field, f"Signature-{document_id[1].hex()[:8]}")
    check_permissions(document, known, field)
    update = Update(document)
    signature = update.reserve()
    entries = _signature_entries(identity, profile, at)
    if isinstance(field, Field):
        check_seed_values(field, profile, hash_name(cms.scheme))
        lock = field_lock(document, field)
        entries += b"" if lock is None else b"\n/Reference " + lock
        _fill(update, field, signature)
        _register(update, document, None)
    else:
        _register(update, document, _make(update, document, field, signature))
    return _assemble(document, update, signature, entries, cms, document_id, field.name)


def _signature_entries(identity: SigningIdentity, profile: Profile, at: datetime) -> bytes:
    """The signature dictionary (table 255) without /ByteRange and /Contents."""
    subfilter = profile.subfilter or SubFilter.CADES
    lines = [b"/Type /Sig", b"/Filter /Adobe.PPKLite", b"/SubFilter /" + subfilter.encode()]
    name = (identity.name or _common_name(identity.certificate)) if profile.signer_name else None
    lines += [
        b"/%b %b" % (key, text_string(value))
        for key, value in ((b"Name", name), (b"Reason", profile.reason), (b"Location", profile.location))
        if value is not None
    ]
    lines.append(b"/M (D:%b+09'00')" % at.astimezone(_JAPAN).strftime("%Y%m%d%H%M%S").encode())
    return b"\n".join(lines)


def _common_name(certificate: x509.Certificate) -> str | None:
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(names[0].value) if names else None


def _make(update: Update, document: PdfDocument, new: NewField, signature: generic.Reference) -> generic.Reference:
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
    _show(update, field)
    reference = update.add(field)
    _append(update, page.reference, page.get_object(), "/Annots", reference)
    return reference


def _check_on_page(page: generic.IndirectObject, new: NewField) -> None:
    """Whether any of a field that is meant to be seen can be. Raises TargetNotFoundError."""
    area = visible_area(page.get_object())
    left, bottom, right, top = new.box or (0, 0, 0, 0)
    if right <= area[0] or left >= area[2] or top <= area[1] or bottom >= area[3]:
        raise TargetNotFoundError(reason="pdf-field-outside", target=new.name, area=[f"{side:g}" for side in area])


def _fill(update: Update, field: Field, signature: generic.Reference) -> None:
    """An existing field gets its value; its widgets stay as they are."""
    changed = generic.DictionaryObject(field.dictionary)
    changed["/V"] = indirect(signature)
    _show(update, changed)
    update.put(field.reference, changed)


def _show(update: Update, field: generic.DictionaryObject) -> None:
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


def _register(update: Update, document: PdfDocument, field: generic.Reference | None) -> None:
    """Make the form say that there are signatures, and list the new field. Only what must change is written."""
    root = document.reader.root
    holder = dict.get(root, "/AcroForm") if entry(root, "/AcroForm") is not None else None
    form = dictionary(root, "/AcroForm")
    changed = generic.DictionaryObject(form)
    if field is not None:
        _append(update, None, changed, "/Fields", field)
    changed["/SigFlags"] = NumberObject(integer(form, "/SigFlags") | _APPEND_ONLY)
    if isinstance(holder, generic.IndirectObject):
        if dict(form) != dict(changed):
            update.put(holder.reference, changed)
    elif holder is None or dict(form) != dict(changed):
        catalog = generic.DictionaryObject(root)
        catalog["/AcroForm"] = indirect(update.add(changed)) if holder is None else changed
        update.put(document.reader.root_ref, catalog)


def _append(
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


def _assemble(
    document: PdfDocument,
    update: Update,
    signature: generic.Reference,
    entries: bytes,
    cms: CmsForm,
    document_id: tuple[bytes, bytes],
    name: str,
) -> PreparedPdf:
    """Write the signature dictionary last, so that what follows /Contents is as short as can be; cut there."""
    hole = 2 * cms.size + 2
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
    return PreparedPdf(document.source, before, revision[start + hole :], cms, name)


def _document_id(document: PdfDocument, identity: SigningIdentity, at: datetime) -> tuple[bytes, bytes]:
    """The file identifiers (14.4): the first stays, the second is new, and the same for the same signature."""
    try:
        old = [part.original_bytes for part in document.reader.trailer["/ID"]]
    except KeyError:
        old = []
    seed = hashlib.sha256()
    for part in (*old, document.source.size.to_bytes(8), at.astimezone(_JAPAN).isoformat().encode()):
        seed.update(len(part).to_bytes(4) + part)
    first = old[0] if old else seed.digest()[:16]
    seed.update(identity.certificate.fingerprint(hashes.SHA256()))
    return first, seed.digest()[:16]
