"""Signing a PDF: the revision that follows the original, all of it but the signature value itself.

Everything is known before the key is touched: the CMS has a known size, so /Contents takes exactly as much, and
/ByteRange is final at once. The original is never changed, nor read here other than for its digest.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import BinaryIO

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from pyhanko.pdf_utils import generic

from ..base import SigningIdentity
from ..cms import CmsForm, cms_form
from ..errors import UnsupportedDocumentError
from ..profiles import Profile, SubFilter
from ..signature_value import hash_name
from ..source import Source
from .fields import Field, choose_field, signature_fields
from .permissions import check_permissions, check_seed_values, field_lock
from .placing import Hole, dig, make_field, new_document_id, pdf_time, register, show
from .reading import PdfDocument
from .update import Update, indirect, text_string

TIMESTAMP_ROOM = 16 * 1024
"""For a token: those of public authorities have 2 to 8 kB, with all the certificates that came with them."""


@dataclass(frozen=True)
class PreparedPdf:
    """A PDF with a place for its signature value: plain data, can be pickled where the source can."""

    hole: Hole
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
        return self.hole.digest(hash_name(self.scheme))

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
        revision = self._revision(signature, timestamp)
        self.hole.source.copy_to(out)
        out.write(revision)

    def signed(self, signature: bytes, timestamp: bytes | None = None) -> Source:
        """The signed document as `embed` writes it, to go on with; a large original is read where it lies."""
        return self.hole.source.followed_by(self._revision(signature, timestamp))

    def _revision(self, signature: bytes, timestamp: bytes | None) -> bytes:
        if timestamp is not None and len(timestamp) > self.timestamp_room:
            raise ValueError("no room for this timestamp")
        value = self.cms.content_info(self.digest, signature, timestamp)
        return self.hole.filled(value)


def prepare(document: PdfDocument, identity: SigningIdentity, profile: Profile, at: datetime) -> PreparedPdf:
    """One revision with the signature in it. Raises FormatError where the document cannot or must not be signed."""
    signing_time = at if profile.subfilter == SubFilter.PKCS7 else None
    room = TIMESTAMP_ROOM if profile.timestamp_over else 0
    cms = cms_form(identity, profile.chain, signing_time=signing_time, timestamp_room=room)
    if profile.schemes and cms.scheme not in profile.schemes:
        raise UnsupportedDocumentError(reason="scheme-not-for-profile", detail=cms.scheme, profile=profile.name)
    document_id = new_document_id(document, at, identity.certificate.fingerprint(hashes.SHA256()))
    known = signature_fields(document)
    field = choose_field(document, known, profile.field, f"Signature-{document_id[1].hex()[:8]}")
    check_permissions(document, known, field)
    update = Update(document, signed=any(one.value is not None for one in known))
    signature = update.reserve()
    entries = _signature_entries(identity, profile, at)
    if isinstance(field, Field):
        check_seed_values(field, profile, hash_name(cms.scheme))
        lock = field_lock(document, field)
        entries += b"" if lock is None else b"\n/Reference " + lock
        _fill(update, field, signature)
        register(update, document, None)
    else:
        register(update, document, make_field(update, document, field, signature))
    hole = dig(update, document, signature, entries, cms.size, document_id)
    return PreparedPdf(hole, cms, field.name)


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
    lines.append(b"/M " + pdf_time(at))
    return b"\n".join(lines)


def _common_name(certificate: x509.Certificate) -> str | None:
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(names[0].value) if names else None


def _fill(update: Update, field: Field, signature: generic.Reference) -> None:
    """An existing field gets its value; its widgets stay as they are."""
    changed = generic.DictionaryObject(field.dictionary)
    changed["/V"] = indirect(signature)
    show(update, changed)
    update.put(field.reference, changed)
