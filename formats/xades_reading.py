"""Reading what a signature says of itself by XAdES (EN 319 132-1), and whether it is the signature that says it.

Signed properties count only where the signature's own reference of their Type leads to them. Unsigned ones are
anybody's: of them only timestamps over the value are read, which prove themselves; the others are named as uncovered.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from .c14n import C14N_10
from .cms import issuer_serial
from .verdict import RefusedSignatureError, SubIndication
from .xml_paths import path_of
from .xmldsig_algorithms import DSIG, SIGNED_PROPERTIES, XADES
from .xmldsig_reading import (
    MAX_CERTIFICATES,
    Canonicalization,
    Children,
    ResolvedReference,
    SignatureElement,
    baggage,
    malformed,
    octets_of,
    read_canonicalization,
    read_digest,
)

MAX_TIMESTAMPS = 20
_DER = (None, "http://uri.etsi.org/01903/v1.2.2#DER")
_TIME = re.compile(r"\s*(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,12}))?(Z|[+-]\d\d:\d\d)?\s*", re.ASCII)
_SUPERSEDED = ("SignerRole", "SignatureProductionPlace")


@dataclass(frozen=True)
class CertificateReference:
    """A Cert of SigningCertificate or SigningCertificateV2: a digest, and perhaps the issuer's number of it."""

    hash_name: str
    digest: bytes
    issuer_serial: bytes | None = None
    """V2: IssuerSerial (RFC 5035) in DER."""
    serial: int | None = None
    located: bool = False
    """It says where the certificate is to be had, too."""

    def names(self, certificate: x509.Certificate) -> bool:
        """Whether all that it states is the certificate's.

        X509IssuerName of the older property is not compared: programs write names in different ways, and the digest
        tells the certificate already.
        """
        der = certificate.public_bytes(Encoding.DER)
        return (
            self.digest == hashlib.new(self.hash_name, der).digest()
            and self.issuer_serial in (None, issuer_serial(der))
            and self.serial in (None, certificate.serial_number)
        )


@dataclass(frozen=True)
class SignatureTimestamp:
    """An EncapsulatedTimeStamp over ds:SignatureValue: nothing in it was looked at yet."""

    canonicalization: Canonicalization
    token: bytes


@dataclass(frozen=True, eq=False)
class Qualifying:
    """The qualifying properties of a signature, read."""

    signed: etree._Element | None
    """SignedProperties; None where there are only unsigned ones."""
    signing_time: datetime | None = None
    certificates: Mapping[str, tuple[CertificateReference, ...]] | None = None
    """By the name of the property."""
    described: frozenset[str] = frozenset()
    """Ids of the references for which a DataObjectFormat states a MIME type."""
    superseded: bool = False
    """There are signed properties that newer ones have taken the place of: SignerRole, SignatureProductionPlace."""
    timestamps: tuple[SignatureTimestamp | RefusedSignatureError, ...] = ()
    """In their order; those that cannot be taken apart by what is wrong with them."""
    crowded: bool = False
    """A SignatureTimeStamp has several tokens."""
    others: tuple[etree._Element, ...] = ()
    """Unsigned properties that were not read."""

    @property
    def weak(self) -> bool:
        """Whether the certificate is named by SHA-1."""
        return any(one.hash_name == "sha1" for named in (self.certificates or {}).values() for one in named)


NOTHING = Qualifying(None)


def read_qualifying(signature: SignatureElement) -> Qualifying:
    """The qualifying properties in the Objects of a signature. Raises RefusedSignatureError."""
    holder = _holder(signature)
    if holder is None:
        return NOTHING
    children = Children(holder, XADES)
    element = children.take("QualifyingProperties")
    children.finish()
    target = element.get("Target", "")
    if not target.startswith("#") or unquote(target[1:]) != signature.signature_id:
        place = path_of(element)
        raise RefusedSignatureError(SubIndication.SIG_CONSTRAINTS_FAILURE, "properties-of-another", place=place)
    children = Children(element, XADES)
    signed, unsigned = children.take_if("SignedProperties"), children.take_if("UnsignedProperties")
    children.finish()
    about_signature, about_data = _signed(signed)
    time = about_signature.get(f"{{{XADES}}}SigningTime")
    names = ("SigningCertificate", "SigningCertificateV2")
    named = {name: about_signature[f"{{{XADES}}}{name}"] for name in names if f"{{{XADES}}}{name}" in about_signature}
    timestamps, others, crowded = _unsigned(unsigned)
    return Qualifying(
        signed=signed,
        signing_time=None if time is None else _time(time),
        certificates={name: _certificates(one) for name, one in named.items()},
        described=frozenset(_described(about_data)),
        superseded=any(f"{{{XADES}}}{name}" in about_signature for name in _SUPERSEDED),
        timestamps=timestamps,
        crowded=crowded,
        others=others,
    )


def require_signed(qualifying: Qualifying, references: Sequence[ResolvedReference]) -> None:
    """Whether the signature's one reference of that Type leads to its own signed properties, if there are any.

    Raises RefusedSignatureError also where it leads elsewhere: properties that were moved away would go unread; and
    where it is the only one (6.3, of B-B, wants one to data): such a signature is sound and about nothing.
    """
    found = [resolved.element for resolved in references if resolved.reference.kind == SIGNED_PROPERTIES]
    expected = [] if qualifying.signed is None else [qualifying.signed]
    if len(found) != len(expected) or any(one is not other for one, other in zip(found, expected, strict=True)):
        raise RefusedSignatureError(SubIndication.SIG_CONSTRAINTS_FAILURE, "signed-properties-not-covered")
    if len(found) == len(references):
        raise RefusedSignatureError(SubIndication.SIG_CONSTRAINTS_FAILURE, "nothing-signed")


def check_signing_certificate(qualifying: Qualifying, certificate: x509.Certificate) -> None:
    """Whether each property that names the signer's certificate names this one. Raises RefusedSignatureError."""
    for named in (qualifying.certificates or {}).values():
        if not any(one.names(certificate) for one in named):
            raise RefusedSignatureError(SubIndication.SIG_CONSTRAINTS_FAILURE, "signing-certificate-differs")


def carried(signature: SignatureElement, qualifying: Qualifying) -> list[etree._Element]:
    """The baggage of a signature, less the properties that were read."""
    holder = _holder(signature)
    return [element for element in baggage(signature.element) if element is not holder] + list(qualifying.others)


def _holder(signature: SignatureElement) -> etree._Element | None:
    """The one Object that holds qualifying properties, and nothing else (4.4)."""
    holders = [one for one in signature.objects if one.find(f"{{{XADES}}}QualifyingProperties") is not None]
    if len(holders) > 1:
        raise malformed("unexpected-element", holders[1])
    return holders[0] if holders else None


_ByTag = dict[str, etree._Element]


def _signed(element: etree._Element | None) -> tuple[_ByTag, etree._Element | None]:
    """The properties of the signature by tag, and the element with those of the data."""
    if element is None:
        return {}, None
    # Comments are not signed, and would cut a text short.
    if next(element.iter(etree.Comment, etree.ProcessingInstruction), None) is not None:
        raise malformed("comment-or-instruction", element)
    children = Children(element, XADES)
    signature, data = children.take_if("SignedSignatureProperties"), children.take_if("SignedDataObjectProperties")
    children.finish()
    found: _ByTag = {}
    for one in [] if signature is None else Children(signature, XADES).rest():
        if found.setdefault(str(one.tag), one) is not one:
            raise malformed("unexpected-element", one)
    return found, data


def _time(element: etree._Element) -> datetime | None:
    """An xsd:dateTime; None where it tells no time zone, as it might be any time of a day then."""
    found = _TIME.fullmatch(element.text or "")
    if found is None or len(element):
        raise malformed("time-malformed", element)
    try:
        value = datetime.fromisoformat(f"{found[1]}.{(found[2] or '').ljust(6, '0')[:6]}{found[3] or ''}")
        return None if value.tzinfo is None else value.astimezone(UTC)
    except (ValueError, OverflowError):
        raise malformed("time-malformed", element) from None


def _certificates(element: etree._Element) -> tuple[CertificateReference, ...]:
    children = Children(element, XADES)
    found = [_certificate(children.take("Cert"))]
    found += [_certificate(one) for one in children.take_all("Cert")]
    children.finish()
    if len(found) > MAX_CERTIFICATES:
        raise malformed("too-many-certificates", element)
    return tuple(found)


def _certificate(element: etree._Element) -> CertificateReference:
    children = Children(element, XADES)
    digest = Children(children.take("CertDigest"), XADES)
    hash_name, value = read_digest(digest)
    digest.finish()
    newer, older = children.take_if("IssuerSerialV2"), children.take_if("IssuerSerial")
    children.finish()
    return CertificateReference(
        hash_name,
        value,
        issuer_serial=None if newer is None else octets_of(newer),
        serial=None if older is None else _serial(older),
        located="URI" in element.attrib,
    )


def _serial(element: etree._Element) -> int:
    children = Children(element)
    children.take("X509IssuerName")
    number = children.take("X509SerialNumber")
    children.finish()
    text = (number.text or "").strip()
    if not re.fullmatch(r"-?\d{1,60}", text, re.ASCII) or len(number):
        raise malformed("unexpected-element", number)
    return int(text)


def _described(element: etree._Element | None) -> Iterator[str]:
    for one in [] if element is None else element.iterfind(f"{{{XADES}}}DataObjectFormat"):
        reference, kind = one.get("ObjectReference", ""), one.findtext(f"{{{XADES}}}MimeType", "")
        if reference.startswith("#") and kind.strip():
            yield unquote(reference[1:])


_Stamps = tuple[SignatureTimestamp | RefusedSignatureError, ...]


def _unsigned(element: etree._Element | None) -> tuple[_Stamps, tuple[etree._Element, ...], bool]:
    """The timestamps over the value, all else, and whether several tokens stand in one property."""
    if element is None:
        return (), (), False
    children = Children(element, XADES)
    signature, others = children.take_if("UnsignedSignatureProperties"), children.rest()
    stamps: list[SignatureTimestamp | RefusedSignatureError] = []
    crowded = False
    for one in [] if signature is None else Children(signature, XADES).rest():
        if one.tag != f"{{{XADES}}}SignatureTimeStamp":
            others.append(one)
            continue
        stamps += (found := _timestamps(one))
        crowded = crowded or len(found) > 1
        if len(stamps) > MAX_TIMESTAMPS:
            raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "too-many-timestamps", limit=MAX_TIMESTAMPS)
    return tuple(stamps), tuple(others), crowded


def _timestamps(element: etree._Element) -> list[SignatureTimestamp | RefusedSignatureError]:
    """The tokens of a SignatureTimeStamp (5.3), which all are over the value.

    Anybody can have put anything there: what cannot be read is a timestamp that proves nothing, and no wrong signature.
    """
    try:
        children = Children(element, XADES)
        method = children.take_if("CanonicalizationMethod", DSIG)
        how = Canonicalization(C14N_10) if method is None else read_canonicalization(method)
        tokens = [children.take("EncapsulatedTimeStamp"), *children.take_all("EncapsulatedTimeStamp")]
        children.finish()  # Include and the like would make it one over something else; XMLTimeStamp is no token
        if any(token.get("Encoding") not in _DER for token in tokens):
            raise malformed("unexpected-element", element)
        return [SignatureTimestamp(how, octets_of(token)) for token in tokens]
    except RefusedSignatureError as refused:
        return [refused]
