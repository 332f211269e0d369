"""Building the CMS of a detached signature (RFC 5652), as PAdES baseline B-B and adbe.pkcs7.detached ask for it.

Everything but the digest, the time and the signature value is the same for every document of a key: it is encoded
once. The size is known before anything is signed, so that the room in the document is neither guessed nor built twice.

The clauses that decide the form: RFC 5652, 5 (SignedData); RFC 5035 (ESS signing-certificate-v2); RFC 5754 (SHA-2);
ETSI EN 319 122-1, 5 (attributes of CAdES); ETSI EN 319 142-1, 6.3 (PAdES baseline: signing-certificate-v2 is there,
signing-time is not, the claimed time stands in /M); ISO 32000-2, 12.8.3.3.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from .base import SigningIdentity
from .cms_names import (
    CONTENT_TYPE,
    DATA,
    DIGESTS,
    MESSAGE_DIGEST,
    RSA,
    SIGNATURE_TIME_STAMP,
    SIGNATURES,
    SIGNED_DATA,
    SIGNING_CERTIFICATE_V2,
    SIGNING_TIME,
)
from .der import (
    GENERALIZED_TIME,
    INTEGER,
    NULL,
    OCTET_STRING,
    SEQUENCE,
    SET,
    UTC_TIME,
    Fields,
    context,
    integer,
    read,
    set_of,
    tlv,
)
from .errors import UnsupportedDocumentError
from .profiles import Chain
from .signature_value import hash_name, scheme_for


@dataclass(frozen=True)
class CmsForm:
    """A CMS of which only the digest and the signature value are missing. Plain data; can be pickled."""

    scheme: str
    """The signature scheme by name, such as `rsa-sha256`."""
    size: int
    """Length of the DER in bytes: exact for RSA, the greatest possible for ECDSA, whose values vary in length.

    With room for a timestamp it is the length with a token that takes all of it.
    """
    timestamp_room: int
    """How many bytes a timestamp token may have."""
    attributes: tuple[bytes, bytes]
    """The SET OF signed attributes, before and after the message digest."""
    signed_data: bytes
    """The fields of SignedData before signerInfos."""
    signer_info: bytes
    """The fields of SignerInfo before signedAttrs."""
    signature_algorithm: bytes

    def signed_attributes(self, message_digest: bytes) -> bytes:
        """The bytes to be signed: the attributes under their own tag SET OF (RFC 5652, 5.4)."""
        before, after = self.attributes
        return before + message_digest + after

    def content_info(self, message_digest: bytes, signature: bytes, timestamp: bytes | None = None) -> bytes:
        """The whole CMS: DER of ContentInfo. RSA: the value as it is; ECDSA: a DER Ecdsa-Sig-Value.

        A timestamp token over the value stands in an unsigned attribute (EN 319 122-1, 5.3).
        """
        signer_info = tlv(
            SEQUENCE,
            self.signer_info,
            bytes((context(0),)),  # [0] IMPLICIT: another tag on the same bytes
            self.signed_attributes(message_digest)[1:],
            self.signature_algorithm,
            tlv(OCTET_STRING, signature),
            b"" if timestamp is None else tlv(context(1), _attribute(SIGNATURE_TIME_STAMP, timestamp)),
        )
        signed_data = tlv(SEQUENCE, self.signed_data, tlv(SET, signer_info))
        return tlv(SEQUENCE, SIGNED_DATA, tlv(context(0), signed_data))


def cms_form(
    identity: SigningIdentity, chain: Chain, *, signing_time: datetime | None, timestamp_room: int = 0
) -> CmsForm:
    """The form for a key. With a time (aware), the signing-time attribute states it; PAdES wants None.

    Raises UnsupportedDocumentError for a kind of key that we cannot sign with.
    """
    key = _key_parts(identity.certificate, identity.issuers if chain is Chain.FULL else ())
    blank = bytes(key.digest_size)
    attributes = [
        _attribute(CONTENT_TYPE, DATA),  # RFC 5652, 11.1; id-data, as the signed bytes are no CMS content
        _attribute(MESSAGE_DIGEST, tlv(OCTET_STRING, blank)),
        key.signing_certificate,
    ]
    if signing_time is not None:
        attributes.append(_attribute(SIGNING_TIME, _time(signing_time)))
    # The attributes differ before the digest begins, so that their order does not depend on it.
    before, found, after = set_of(SET, attributes).partition(attributes[1])
    form = CmsForm(
        key.scheme,
        0,
        timestamp_room,
        (before + found[: -len(blank)], after),
        key.signed_data,
        key.signer_info,
        key.signature_algorithm,
    )
    longest = form.content_info(blank, bytes(key.longest_signature), bytes(timestamp_room) if timestamp_room else None)
    return replace(form, size=len(longest))


def issuer_and_serial(certificate: bytes) -> tuple[bytes, bytes]:
    """The issuer's Name and the serial number of a DER certificate, both exactly as they stand. Raises DerError.

    Verifiers compare the encodings, and a Name that was decoded and encoded again may have other string types.
    """
    to_be_signed = Fields(Fields(read(certificate).content).take(SEQUENCE).content)
    to_be_signed.optional(context(0))  # version
    serial = to_be_signed.take(INTEGER)
    to_be_signed.take(SEQUENCE)  # signature algorithm
    return to_be_signed.take(SEQUENCE).encoded, serial.encoded


def issuer_serial(certificate: bytes) -> bytes:
    """IssuerSerial (RFC 5035, 4) of a DER certificate, encoded. Raises DerError."""
    issuer, serial = issuer_and_serial(certificate)
    return tlv(SEQUENCE, tlv(SEQUENCE, tlv(context(4), issuer)), serial)  # [4] EXPLICIT, since Name is a CHOICE


@dataclass(frozen=True)
class _KeyParts:
    """What is the same for every signature of a key, encoded."""

    scheme: str
    digest_size: int
    longest_signature: int
    signed_data: bytes
    signer_info: bytes
    signature_algorithm: bytes
    signing_certificate: bytes


@lru_cache(maxsize=16)
def _key_parts(certificate: x509.Certificate, others: tuple[x509.Certificate, ...]) -> _KeyParts:
    scheme = scheme_for(certificate)
    der = certificate.public_bytes(Encoding.DER)
    issuer, serial = issuer_and_serial(der)
    # RFC 5754, 2: a digest algorithm of the SHA-2 family is written without parameters.
    digest_algorithm = tlv(SEQUENCE, DIGESTS[hash_name(scheme)])
    certificates = {der, *(other.public_bytes(Encoding.DER) for other in others)}
    # RFC 5652, 5.1 and 5.3: both versions are 1 with id-data, plain certificates and issuerAndSerialNumber.
    signed_data = (
        integer(1)
        + tlv(SET, digest_algorithm)
        + tlv(SEQUENCE, DATA)  # EncapsulatedContentInfo without eContent: a detached signature
        + set_of(context(0), list(certificates))
    )
    signer_info = integer(1) + tlv(SEQUENCE, issuer, serial) + digest_algorithm
    return _KeyParts(
        scheme,
        hashlib.new(hash_name(scheme)).digest_size,
        _longest_signature(certificate),
        signed_data,
        signer_info,
        _signature_algorithm(scheme),
        _signing_certificate(der),
    )


def _signature_algorithm(scheme: str) -> bytes:
    """RSA: rsaEncryption with NULL, which every implementation must read; ECDSA: with its hash, without parameters.

    OpenSSL writes rsaEncryption, too. To read the identifiers that name RSA and the hash at once is optional
    (RFC 3370, 3.2, which RFC 5754, 3.2 leaves as it is). ECDSA: RFC 5754, 3.3.
    """
    if scheme.startswith("rsa"):
        return tlv(SEQUENCE, RSA, tlv(NULL))
    return tlv(SEQUENCE, SIGNATURES[scheme])


def _signing_certificate(certificate: bytes) -> bytes:
    """SigningCertificateV2 with one ESSCertIDv2 (RFC 5035, 3 and 4). SHA-256 is the DEFAULT, which DER leaves out."""
    digest = tlv(OCTET_STRING, hashlib.sha256(certificate).digest())
    cert_id = tlv(SEQUENCE, digest, issuer_serial(certificate))
    return _attribute(SIGNING_CERTIFICATE_V2, tlv(SEQUENCE, tlv(SEQUENCE, cert_id)))


def _attribute(kind: bytes, value: bytes) -> bytes:
    return tlv(SEQUENCE, kind, tlv(SET, value))


def _time(moment: datetime) -> bytes:
    """RFC 5652, 11.3: UTCTime through 2049, GeneralizedTime after it; in UTC, with seconds."""
    text = moment.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode("ascii")
    return tlv(UTC_TIME, text[2:]) if b"1950" <= text[:4] < b"2050" else tlv(GENERALIZED_TIME, text)


def _longest_signature(certificate: x509.Certificate) -> int:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return (key.key_size + 7) // 8
    if isinstance(key, ec.EllipticCurvePublicKey):
        longest = integer(2**key.curve.key_size - 1)  # r and s are less than the order, which is as long as that
        return len(tlv(SEQUENCE, longest, longest))
    raise UnsupportedDocumentError(reason="key", detail=type(key).__name__)
