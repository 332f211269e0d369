"""Signing a PDF: the revision that follows the original, all of it but the signature value itself.

Everything is known before the key is touched: the CMS has a known size, so /Contents takes exactly as much, and
/ByteRange is final at once. The original is never changed, nor read here other than for its digest.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import BinaryIO

from cryptography import x509
from pyhanko.pdf_utils import generic

from ..base import SigningIdentity
from ..cms import CmsForm, cms_form
from ..errors import UnsupportedDocumentError
from ..profiles import Chain, Profile, SubFilter
from ..signature_value import hash_name, scheme_for
from ..source import Source
from .fields import Field, choose_field, signature_fields
from .permissions import check_permissions, check_seed_values, field_lock
from .placing import Hole, Origin, dig, make_field, origin_of, pdf_time, register, show
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
    outline: PdfOutline | None = field(default=None, compare=False)
    """What another signer of the same document needs not do again."""

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


@dataclass(frozen=True)
class PdfOutline:
    """A revision but for its signature dictionary, which depends on the signer. Small plain data, no document in it."""

    update: Update
    signature: generic.Reference
    """The number kept for the signature dictionary."""
    origin: Origin
    field: str
    """Its fully qualified name."""
    entries: tuple[bytes, bytes]
    """Of the signature dictionary, before and after the signer's name."""
    scheme: str
    """By which what depends on it has been judged."""
    chain: Chain
    signing_time: datetime | None
    """What the CMS states; None where it states none."""
    timestamp_room: int
    signer_name: bool
    """The signature dictionary states the holder's name."""

    def prepared(self, source: Source, identity: SigningIdentity) -> PreparedPdf | None:
        """As `prepare`, of the same document; None for a key of another scheme."""
        if scheme_for(identity.certificate) != self.scheme:
            return None
        cms = cms_form(identity, self.chain, signing_time=self.signing_time, timestamp_room=self.timestamp_room)
        document_id = self.origin.document_id(identity.fingerprint)
        name = (identity.name or _common_name(identity.certificate)) if self.signer_name else None
        entries = (b"" if name is None else b"\n/Name " + text_string(name)).join(self.entries)
        hole = dig(self.update.branch(), source, self.signature, entries, cms.size, document_id)
        return PreparedPdf(hole, cms, self.field, outline=self)


def prepare(document: PdfDocument, identity: SigningIdentity, profile: Profile, at: datetime) -> PreparedPdf:
    """One revision with the signature in it. Raises FormatError where the document cannot or must not be signed."""
    prepared = _outline(document, scheme_for(identity.certificate), profile, at).prepared(document.source, identity)
    assert prepared is not None  # noqa: S101 - outlined for its scheme
    return prepared


def _outline(document: PdfDocument, scheme: str, profile: Profile, at: datetime) -> PdfOutline:
    if profile.schemes and scheme not in profile.schemes:
        raise UnsupportedDocumentError(reason="scheme-not-for-profile", detail=scheme, profile=profile.name)
    origin = origin_of(document, at)
    known = signature_fields(document)
    field = choose_field(document, known, profile.field, f"Signature-{origin.label}")
    check_permissions(document, known, field)
    update = Update(document, signed=any(one.value is not None for one in known))
    signature = update.reserve()
    before_name, after_name = _signature_entries(profile, at)
    if isinstance(field, Field):
        check_seed_values(field, profile, hash_name(scheme))
        lock = field_lock(document, field)
        after_name += b"" if lock is None else b"\n/Reference " + lock
        _fill(update, field, signature)
        register(update, document, None)
    else:
        register(update, document, make_field(update, document, field, signature))
    return PdfOutline(
        update,
        signature,
        origin,
        field.name,
        (before_name, after_name),
        scheme,
        profile.chain,
        signing_time=at if profile.subfilter == SubFilter.PKCS7 else None,
        timestamp_room=TIMESTAMP_ROOM if profile.timestamp_over else 0,
        signer_name=profile.signer_name,
    )


def _signature_entries(profile: Profile, at: datetime) -> tuple[bytes, bytes]:
    """The signature dictionary (table 255) before and after /Name, without /ByteRange and /Contents."""
    subfilter = profile.subfilter or SubFilter.CADES
    before = b"/Type /Sig\n/Filter /Adobe.PPKLite\n/SubFilter /" + subfilter.encode()
    after = b"".join(
        b"\n/%b %b" % (key, text_string(value))
        for key, value in ((b"Reason", profile.reason), (b"Location", profile.location))
        if value is not None
    )
    return before, after + b"\n/M " + pdf_time(at)


def _common_name(certificate: x509.Certificate) -> str | None:
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(names[0].value) if names else None


def _fill(update: Update, field: Field, signature: generic.Reference) -> None:
    """An existing field gets its value; its widgets stay as they are."""
    changed = generic.DictionaryObject(field.dictionary)
    changed["/V"] = indirect(signature)
    show(update, changed)
    update.put(field.reference, changed)
