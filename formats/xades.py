"""Making XAdES baseline signatures, B-B and B-T (EN 319 132-1): an XML Signature that signs properties of itself, too.

Like SignedInfo the signed properties are written in canonical form to begin with, so that their digest is known before
the document is written. A timestamp token comes last: it is about the value, and stands where nothing signs it.
"""

from __future__ import annotations

import base64
import hashlib
import mimetypes
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import BinaryIO

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from .base import SigningIdentity
from .c14n import C14N_10, escape_attribute
from .profiles import Profile
from .signature_value import hash_name
from .source import Source
from .xml_safety import XmlDocument
from .xmldsig import Draft, PreparedXml, Target, XmlOutline, outline_signature
from .xmldsig_algorithms import DIGEST_METHODS, SIGNED_PROPERTIES, XADES
from .xmldsig_writing import Writer, WrittenReference, encoded_value

_PREFIX = "xades"
_ROOM = 1024 * 1024
"""For a timestamp token. Nothing has to be kept free; this is more than any authority needs."""


@dataclass(frozen=True)
class PreparedXades(PreparedXml):
    """A document with gaps for the signature value and, at level B-T, for a timestamp token over it."""

    timestamp_room: int = 0
    """How many bytes a token may have; 0 at level B-B."""
    value_tags: tuple[str, str] = ("", "")
    """What stands around the value where ds:SignatureValue is canonicalised by itself."""
    stamp_tags: tuple[str, str] = ("", "")
    """What stands around the token in base64."""
    behind: int = 0
    """How many bytes of `tail` come after the unsigned properties."""

    def timestamp_digest(self, signature: bytes) -> bytes:
        """SHA-256 of the canonical ds:SignatureValue (EN 319 132-1, 5.3)."""
        before, after = self.value_tags
        return hashlib.sha256(f"{before}{encoded_value(self.scheme, signature)}{after}".encode()).digest()

    def embed(self, signature: bytes, out: BinaryIO, timestamp: bytes | None = None) -> None:
        """Write the signed document, with the token or without one. Raises ValueError for one that is too large."""
        if timestamp is None:
            super().embed(signature, out)
            return
        if len(timestamp) > self.timestamp_room:
            raise ValueError("no room for this timestamp")
        before, after = self.stamp_tags
        stamp = f"{before}{base64.b64encode(timestamp).decode()}{after}".encode(self.codec)
        place = len(self.tail) - self.behind
        replace(self, tail=self.tail[:place] + stamp + self.tail[place:]).embed(signature, out)


@dataclass(frozen=True)
class XadesOutline:
    """As XmlOutline, with what the properties say."""

    outline: XmlOutline
    media_types: tuple[str, ...]
    """Of what is covered, in the order of the references."""
    at: datetime
    timestamp_room: int

    def prepared(self, source: Source, identity: SigningIdentity) -> PreparedXades | None:
        """As `prepare` of the adapter; None for a key that wants other digests."""
        return self.written(source.read(), identity) if self.outline.fits(identity) else None

    def written(self, data: bytes, identity: SigningIdentity) -> PreparedXades:
        """With the signer, up to the value."""
        draft = _with_ids(self.outline.draft(data, identity))
        writer, properties = draft.writer, f"{_PREFIX}:SignedProperties"
        content = _signed_properties(draft, self.media_types, identity.certificate, self.at)
        attributes = {"Id": f"{draft.identifier}-SignedProperties"}
        apex = draft.apex(properties, attributes, {_PREFIX: XADES})
        digest = hashlib.new(hash_name(draft.scheme), f"{apex}{content}</{properties}>".encode()).digest()
        own = WrittenReference(f"#{attributes['Id']}", digest, (C14N_10,), SIGNED_PROPERTIES)
        qualifying = f'<{_PREFIX}:QualifyingProperties xmlns:{_PREFIX}="{XADES}" Target="#{draft.identifier}">'
        qualifying += _element("SignedProperties", content, attributes)
        closing = f"</{_PREFIX}:QualifyingProperties></{writer.name('Object')}></{writer.name('Signature')}>"
        objects = writer.element("Object", f"{qualifying}</{_PREFIX}:QualifyingProperties>")
        prepared = replace(draft, references=(*draft.references, own), objects=objects).prepared()
        value = writer.name("SignatureValue")
        return PreparedXades(
            **{**vars(prepared), "outline": self},
            timestamp_room=self.timestamp_room,
            value_tags=(draft.apex(value), f"</{value}>"),
            stamp_tags=_around_the_token(writer),
            behind=len(closing.encode(prepared.codec)),
        )


def prepare_xades(
    document: XmlDocument,
    parent: etree._Element,
    targets: Sequence[Target],
    identity: SigningIdentity,
    profile: Profile,
    at: datetime,
) -> PreparedXades:
    """Prepare a signature as `outline_signature` does, with the signed properties of level B-B (EN 319 132-1, 6.3).

    `at` (aware) is stated as the time of signing.
    """
    outline = outline_signature(document, parent, targets, identity, prefix=profile.prefix, chain=profile.chain)
    room = _ROOM if profile.timestamp_over else 0
    return XadesOutline(outline, tuple(map(_media_type, targets)), at, room).written(document.data, identity)


def _with_ids(draft: Draft) -> Draft:
    """What is covered gets names, by which DataObjectFormat refers to it."""
    named = (
        replace(reference, identifier=f"{draft.identifier}-Reference-{number}")
        for number, reference in enumerate(draft.references, 1)
    )
    return replace(draft, references=tuple(named))


def _signed_properties(draft: Draft, media_types: Iterable[str], certificate: x509.Certificate, at: datetime) -> str:
    """The content of SignedProperties: 5.2.1, 5.2.2 and 5.2.4."""
    time = _element("SigningTime", f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
    formats = "".join(
        _element(
            "DataObjectFormat",
            _element("MimeType", media_type),
            {"ObjectReference": f"#{reference.identifier}"},
        )
        for media_type, reference in zip(media_types, draft.references, strict=True)
    )
    signature = _element("SignedSignatureProperties", time + _signing_certificate(draft.writer, certificate))
    return signature + _element("SignedDataObjectProperties", formats)


def _signing_certificate(writer: Writer, certificate: x509.Certificate) -> str:
    """SigningCertificateV2 (5.2.2): SHA-256 of the certificate. Level B-B advises against IssuerSerialV2 (6.3, j)."""
    der = certificate.public_bytes(Encoding.DER)
    digest = writer.method("DigestMethod", DIGEST_METHODS["sha256"])
    digest += writer.element("DigestValue", base64.b64encode(hashlib.sha256(der).digest()).decode())
    return _element("SigningCertificateV2", _element("Cert", _element("CertDigest", digest)))


def _media_type(target: Target) -> str:
    """By the name of a file, as far as Python itself knows it: the machine's own list would differ elsewhere."""
    if target.file is None:
        return "text/xml"
    return mimetypes.MimeTypes().guess_type(target.uri)[0] or "application/octet-stream"


def _around_the_token(writer: Writer) -> tuple[str, str]:
    """UnsignedProperties with one SignatureTimeStamp (5.3), which names how ds:SignatureValue was canonicalised."""
    names = ("UnsignedProperties", "UnsignedSignatureProperties", "SignatureTimeStamp")
    before = "".join(f"<{_PREFIX}:{name}>" for name in names) + writer.method("CanonicalizationMethod", C14N_10)
    after = "".join(f"</{_PREFIX}:{name}>" for name in reversed(names))
    return f"{before}<{_PREFIX}:EncapsulatedTimeStamp>", f"</{_PREFIX}:EncapsulatedTimeStamp>{after}"


def _element(local: str, content: str, attributes: dict[str, str] | None = None) -> str:
    written = "".join(f' {key}="{escape_attribute(value).decode()}"' for key, value in (attributes or {}).items())
    return f"<{_PREFIX}:{local}{written}>{content}</{_PREFIX}:{local}>"
