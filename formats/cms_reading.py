"""Reading the CMS of a signature strictly (RFC 5652): one signer, DER, nothing that can be taken in two ways.

A document's signature is detached; the only content that is read inside of one is a timestamp's. What is refused, and
why, is in pdf-filing's table of attacks on the CMS level: encapsulated content, several signers, SHA-1 and MD5, a
missing messageDigest, another signing certificate. Certificates are found here, not judged.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from cryptography import x509

from . import cms_names
from .cms import issuer_and_serial
from .der import (
    GENERALIZED_TIME,
    INTEGER,
    NULL,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    SET,
    UTC_TIME,
    DerError,
    Fields,
    NotDerError,
    Value,
    context,
    integer,
    members,
    read,
    set_of,
    tlv,
)
from .signature_value import check_value, hash_name
from .verdict import RefusedSignatureError, SubIndication

MAX_BYTES = 4 * 1024 * 1024  # revocation evidence among the attributes may be long; nobody needs more
MAX_CERTIFICATES = 20

_HASH_BY_OID = {encoded: name for name, encoded in cms_names.DIGESTS.items()}
_SCHEME_BY_OID = {encoded: scheme for scheme, encoded in cms_names.SIGNATURES.items()}
_NULL = tlv(NULL)
_KEY_IDENTIFIER = 0x80  # [0] IMPLICIT OCTET STRING
_TIME = {UTC_TIME: re.compile(rb"\d{12}Z"), GENERALIZED_TIME: re.compile(rb"\d{14}Z")}


@dataclass(frozen=True, eq=False)
class SignedData:
    """A signature by one signer, as the CMS has it. Nothing in it is proven yet."""

    scheme: str
    hash_name: str
    """Hash of the message digest, as Python calls it; the scheme has the same one."""
    weak: bool
    """SHA-1 is used somewhere and had been allowed."""
    message_digest: bytes
    signed_attributes: bytes
    """What the value signs: the attributes as they stand, under the tag SET OF (RFC 5652, 5.4)."""
    signature: bytes
    certificate: x509.Certificate
    embedded: tuple[x509.Certificate, ...]
    """The other certificates, in their order."""
    signing_time: datetime | None
    """When the signer says to have signed."""
    signing_certificate: bool
    """An ESS signing-certificate attribute, of either version, is there and names the certificate."""
    signing_certificate_v2: bool
    """That of version 2 (RFC 5035) is."""
    timestamps: tuple[bytes, ...]
    """The values of unsigned signature-time-stamp attributes, which were not looked at: tokens, or anything else."""
    content: bytes | None = None
    """What is signed, where it is inside: the DER of a TSTInfo. None in a detached signature."""

    @property
    def timestamped(self) -> bool:
        """An unsigned signature-time-stamp attribute is there."""
        return bool(self.timestamps)


def read_signed_data(contents: bytes, *, accept_sha1: bool) -> SignedData:
    """Read the DER of a ContentInfo, which only zero bytes may follow. Raises RefusedSignatureError, nothing else."""
    return _guarded(contents, cms_names.DATA, accept_sha1)


def read_token_data(contents: bytes) -> SignedData:
    """The same for a timestamp token, which holds what it signs (RFC 3161, 2.4.2). Of SHA-1 only ESSCertID may be.

    That attribute is SHA-1 by definition, most authorities write it, and forging it would take a second certificate
    with the hash of the first.
    """
    return _guarded(contents, cms_names.TIMESTAMP_INFO, accept_sha1=False)


def _guarded(contents: bytes, content_type: bytes, accept_sha1: bool) -> SignedData:
    try:
        return _read(contents, content_type, accept_sha1)
    except RefusedSignatureError:
        raise
    except NotDerError as error:
        raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "cms-not-der", detail=str(error)) from None
    except DerError as error:
        raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "cms-malformed", detail=str(error)) from None
    except Exception as error:  # noqa: BLE001 - whatever a hostile CMS provokes, it is refused
        detail = type(error).__name__
        raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "cms-malformed", detail=detail) from None


def check_signed_data(data: SignedData, digest: bytes) -> None:
    """Whether the digest (of the covered bytes, with `hash_name`) and the value are right.

    Raises RefusedSignatureError: HASH_FAILURE, SIG_CRYPTO_FAILURE, or CRYPTO_CONSTRAINTS_FAILURE for a weak key.
    """
    if data.message_digest != digest:
        raise RefusedSignatureError(SubIndication.HASH_FAILURE, "digest-differs", uri="/ByteRange")
    attributes_digest = hashlib.new(data.hash_name, data.signed_attributes).digest()
    check_value(data.scheme, data.certificate, attributes_digest, data.signature)


def _read(contents: bytes, content_type: bytes, accept_sha1: bool) -> SignedData:
    info = read(contents)
    if len(info.encoded) > MAX_BYTES:
        raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "cms-too-large", limit=MAX_BYTES)
    if contents.count(0, len(info.encoded)) != len(contents) - len(info.encoded):
        raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "cms-trailing-bytes")
    digest_algorithms, content, certificates, signer_info = _signed_data_fields(info, content_type)
    signer = _SignerInfo.read(signer_info)
    if _algorithm(signer.digest_algorithm)[0] not in digest_algorithms:  # parameters may be NULL here and absent there
        raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "cms-digest-algorithms")
    hash_ = digest_algorithm(signer.digest_algorithm)
    scheme = _scheme(signer.signature_algorithm, hash_)
    attributes = _attributes(signer.signed_attributes)
    _check_content_type(attributes, content_type)
    _check_algorithm_protection(attributes, signer)
    chosen = _signing_certificate(certificates, signer.identifier)
    named_by = _check_ess(attributes, chosen)
    weak = "sha1" in ([hash_] if content_type == cms_names.TIMESTAMP_INFO else [hash_, *named_by])
    if weak and not accept_sha1:
        raise RefusedSignatureError(SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "sha1-refused")
    return SignedData(
        scheme=scheme,
        hash_name=hash_,
        weak=weak,
        message_digest=_required(attributes, cms_names.MESSAGE_DIGEST, OCTET_STRING, "messageDigest").content,
        signed_attributes=bytes((SET,)) + signer.signed_attributes.encoded[1:],
        signature=signer.signature,
        certificate=_load(chosen),
        embedded=tuple(_load(other) for other in certificates if other is not chosen),
        signing_time=_signing_time(attributes),
        signing_certificate=bool(named_by),
        signing_certificate_v2=cms_names.SIGNING_CERTIFICATE_V2 in attributes,
        timestamps=signer.timestamps,
        content=content,
    )


# Structure


def _signed_data_fields(info: Value, content_type: bytes) -> tuple[list[bytes], bytes | None, list[bytes], Value]:
    """ContentInfo and SignedData (RFC 5652, 3 and 5.1): digest algorithms, content, certificates, SignerInfo."""
    outer = Fields(_expect(info, SEQUENCE))
    if outer.take(OBJECT_IDENTIFIER).encoded != cms_names.SIGNED_DATA:
        raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "cms-not-signed-data")
    explicit = Fields(outer.take(context(0)).content)
    outer.end()
    fields = Fields(explicit.take(SEQUENCE).content)
    explicit.end()
    _check_version(fields, 1, 3, 4, 5)  # which of them says what else is inside; no reader depends on it
    digest_algorithms = [_algorithm(one.encoded)[0] for one in members(fields.take(SET).content, SEQUENCE)]
    content = _content(fields.take(SEQUENCE), content_type)
    certificates = _certificates(fields.optional(context(0)))
    fields.optional(context(1))  # crls: evidence about certificates, judged elsewhere if at all
    signers = members(fields.take(SET).content, SEQUENCE)
    fields.end()
    if len(signers) != 1:
        raise RefusedSignatureError(SubIndication.SIG_CONSTRAINTS_FAILURE, "cms-signers", count=len(signers))
    return digest_algorithms, content, certificates, signers[0]


def _content(field: Value, content_type: bytes) -> bytes | None:
    """EncapsulatedContentInfo (RFC 5652, 5.2), which is empty in a detached signature."""
    fields = Fields(field.content)
    if fields.take(OBJECT_IDENTIFIER).encoded != content_type:
        raise RefusedSignatureError(SubIndication.SIG_CONSTRAINTS_FAILURE, "cms-content-type")
    if content_type == cms_names.DATA:
        if fields:
            raise RefusedSignatureError(SubIndication.SIG_CONSTRAINTS_FAILURE, "cms-encapsulated-content")
        return None
    explicit = Fields(fields.take(context(0)).content)
    fields.end()
    content = explicit.take(OCTET_STRING).content
    explicit.end()
    return content


def _certificates(field: Value | None) -> list[bytes]:
    values = members(field.content) if field else []
    if len(values) > MAX_CERTIFICATES:
        raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "too-many-certificates", place="CMS")
    if any(value.tag != SEQUENCE for value in values):  # attribute certificates and older things (RFC 5652, 10.2.2)
        raise RefusedSignatureError(SubIndication.SIG_CONSTRAINTS_FAILURE, "cms-certificate-kind")
    return list(dict.fromkeys(value.encoded for value in values))  # one that is there twice is harmless


@dataclass(frozen=True)
class _SignerInfo:
    """RFC 5652, 5.3."""

    identifier: Value
    digest_algorithm: bytes
    signed_attributes: Value
    signature_algorithm: bytes
    signature: bytes
    timestamps: tuple[bytes, ...]

    @classmethod
    def read(cls, value: Value) -> _SignerInfo:
        fields = Fields(value.content)
        version = fields.take(INTEGER).encoded
        identifier = fields.next()
        if (identifier.tag, version) not in ((SEQUENCE, integer(1)), (_KEY_IDENTIFIER, integer(3))):
            raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "cms-version")
        digest_algorithm = fields.take(SEQUENCE).encoded
        signed = fields.optional(context(0))
        if signed is None:
            raise RefusedSignatureError(SubIndication.SIG_CONSTRAINTS_FAILURE, "cms-no-signed-attributes")
        signature_algorithm = fields.take(SEQUENCE).encoded
        signature = fields.take(OCTET_STRING).content
        unsigned = fields.optional(context(1))
        fields.end()
        attributes = members(unsigned.content, SEQUENCE) if unsigned else []
        stamps = tuple(stamp for attribute in attributes for stamp in _timestamps(attribute))
        return cls(identifier, digest_algorithm, signed, signature_algorithm, signature, stamps)


def _timestamps(attribute: Value) -> Iterator[bytes]:
    """The values of an attribute that is a signature-time-stamp (RFC 3161, appendix A; EN 319 122-1, 5.3).

    It is not signed: anybody can have put anything there, and it is not the signature that is malformed then. What
    cannot be taken apart is handed over as it is, for the reader of tokens to refuse.
    """
    fields = Fields(attribute.content)
    if fields.take(OBJECT_IDENTIFIER).encoded != cms_names.SIGNATURE_TIME_STAMP:
        return
    content = attribute.content
    try:
        content = fields.take(SET).content
        fields.end()
        values = [value.encoded for value in members(content)]
    except DerError:
        values = []
    yield from values or [content]


def _check_version(fields: Fields, *allowed: int) -> None:
    if fields.take(INTEGER).encoded not in {integer(version) for version in allowed}:
        raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "cms-version")


def _expect(value: Value, tag: int) -> bytes:
    """The content of a value that must have the tag."""
    if value.tag != tag:
        raise DerError(f"tag {value.tag:02x} instead of {tag:02x}")
    return value.content


# Algorithms


def digest_algorithm(encoded: bytes) -> str:
    """The hash. Its parameters are absent or NULL (RFC 5754, 2)."""
    identifier, parameters = _algorithm(encoded)
    if identifier not in _HASH_BY_OID or parameters not in (None, _NULL):
        raise _refused_algorithm(identifier)
    return _HASH_BY_OID[identifier]


def _scheme(encoded: bytes, hash_: str) -> str:
    """The scheme. A signature algorithm that names a hash must name the one of digestAlgorithm."""
    identifier, parameters = _algorithm(encoded)
    if identifier == cms_names.RSA_PSS:
        raise RefusedSignatureError(SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "cms-rsa-pss")
    scheme = f"rsa-{hash_}" if identifier == cms_names.RSA else _SCHEME_BY_OID.get(identifier)
    if scheme is None or parameters not in ((None, _NULL) if scheme.startswith("rsa") else (None,)):
        raise _refused_algorithm(identifier)
    if hash_name(scheme) != hash_:
        raise RefusedSignatureError(SubIndication.SIG_CONSTRAINTS_FAILURE, "cms-algorithms-differ")
    return scheme


def _algorithm(encoded: bytes) -> tuple[bytes, bytes | None]:
    """AlgorithmIdentifier: the algorithm and its parameters, both encoded."""
    fields = Fields(read(encoded).content)
    identifier = fields.take(OBJECT_IDENTIFIER).encoded
    parameters = fields.next().encoded if fields else None
    fields.end()
    return identifier, parameters


def _comparable(encoded: bytes) -> tuple[bytes, bytes]:
    """Parameters that are absent and NULL mean the same, for all algorithms that we read (RFC 5754, 2)."""
    identifier, parameters = _algorithm(encoded)
    return identifier, parameters or _NULL


def _refused_algorithm(identifier: bytes) -> RefusedSignatureError:
    return RefusedSignatureError(
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "algorithm-refused", algorithm=dotted(identifier)
    )


def dotted(identifier: bytes) -> str:
    """An OBJECT IDENTIFIER in numbers, to show it. Long ones stay hexadecimal."""
    numbers, number = [], 0
    for octet in read(identifier).content[:40]:
        number = number << 7 | octet & 0x7F
        if not octet & 0x80:
            numbers.append(number)
            number = 0
    first = min(numbers[0] // 40, 2) if numbers else 0
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:]))) if numbers else identifier[:40].hex()


# Attributes


def _attributes(field: Value) -> Mapping[bytes, Value]:
    """The signed attributes: each once, with one value, in DER's order (RFC 5652, 5.3: they must be DER).

    In another order they are no DER, and some verifiers would put them in order before hashing, others would not.
    """
    if set_of(field.tag, [value.encoded for value in members(field.content, SEQUENCE)]) != field.encoded:
        raise NotDerError("order of the signed attributes")
    attributes: dict[bytes, Value] = {}
    for attribute in members(field.content, SEQUENCE):
        fields = Fields(attribute.content)
        kind = fields.take(OBJECT_IDENTIFIER).encoded
        values = members(fields.take(SET).content)
        fields.end()
        if kind in attributes or len(values) != 1:
            raise RefusedSignatureError(
                SubIndication.SIG_CONSTRAINTS_FAILURE, "cms-attribute-not-single", attribute=dotted(kind)
            )
        attributes[kind] = values[0]
    return attributes


def _required(attributes: Mapping[bytes, Value], kind: bytes, tag: int, name: str) -> Value:
    if kind not in attributes:
        raise RefusedSignatureError(SubIndication.SIG_CONSTRAINTS_FAILURE, "cms-attribute-missing", attribute=name)
    value = attributes[kind]
    _expect(value, tag)
    return value


def _check_content_type(attributes: Mapping[bytes, Value], content_type: bytes) -> None:
    """RFC 5652, 11.1: the attribute repeats eContentType."""
    value = _required(attributes, cms_names.CONTENT_TYPE, OBJECT_IDENTIFIER, "contentType")
    if value.encoded != content_type:
        raise RefusedSignatureError(SubIndication.SIG_CONSTRAINTS_FAILURE, "cms-content-type")


def _check_algorithm_protection(attributes: Mapping[bytes, Value], signer: _SignerInfo) -> None:
    """RFC 6211: the attribute, if it is there, repeats the algorithms of the SignerInfo."""
    value = attributes.get(cms_names.ALGORITHM_PROTECTION)
    if value is None:
        return
    fields = Fields(_expect(value, SEQUENCE))
    named = fields.take(SEQUENCE).encoded, fields.take(context(1)).encoded  # [1] IMPLICIT
    fields.end()
    if [_comparable(one) for one in named] != [
        _comparable(one) for one in (signer.digest_algorithm, signer.signature_algorithm)
    ]:
        raise RefusedSignatureError(SubIndication.SIG_CONSTRAINTS_FAILURE, "cms-algorithms-differ")


def _signing_time(attributes: Mapping[bytes, Value]) -> datetime | None:
    """RFC 5652, 11.3: in UTC, with seconds, without fractions."""
    value = attributes.get(cms_names.SIGNING_TIME)
    if value is None:
        return None
    if value.tag not in _TIME or not _TIME[value.tag].fullmatch(value.content):
        raise DerError("signing time")
    text = value.content.decode("ascii")
    if value.tag == UTC_TIME:  # RFC 5280, 4.1.2.5.1
        text = ("19" if text >= "50" else "20") + text
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise DerError("signing time") from None


# The signer's certificate


def _signing_certificate(certificates: list[bytes], identifier: Value) -> bytes:
    """The certificate that SignerIdentifier names; there must be one, and no other that it names as well."""
    if identifier.tag == SEQUENCE:
        fields = Fields(identifier.content)
        wanted = fields.take(SEQUENCE).encoded, fields.take(INTEGER).encoded
        fields.end()
        found = [one for one in certificates if issuer_and_serial(one) == wanted]
    else:
        found = [one for one in certificates if _key_identifier(one) == identifier.content]
    if not found:
        raise RefusedSignatureError(SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "no-certificate")
    if len(found) > 1:
        raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "signer-ambiguous")
    return found[0]


def _key_identifier(certificate: bytes) -> bytes | None:
    try:
        extension = _load(certificate).extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound:
        return None
    return extension.value.digest


@lru_cache(maxsize=32)  # a folder of documents has few signers
def _load(certificate: bytes) -> x509.Certificate:
    """The certificate, with its key and extensions known to be readable. Raises RefusedSignatureError."""
    try:
        loaded = x509.load_der_x509_certificate(certificate)
        loaded.public_key()
        _ = loaded.extensions
    except Exception:  # noqa: BLE001 - several kinds of error, and all of them mean this
        raise RefusedSignatureError(SubIndication.FORMAT_FAILURE, "certificate-unreadable", place="CMS") from None
    return loaded


def _check_ess(attributes: Mapping[bytes, Value], certificate: bytes) -> list[str]:
    """The hashes of the ESS signing-certificate attributes; those that are there must name the certificate first.

    SigningCertificate (RFC 2634, 5.4) and SigningCertificateV2 (RFC 5035, 3) differ only in the hash: SHA-1 by
    definition, or hashAlgorithm with SHA-256 as its default.
    """
    hashes = []
    for kind, default in ((cms_names.SIGNING_CERTIFICATE, "sha1"), (cms_names.SIGNING_CERTIFICATE_V2, "sha256")):
        if kind not in attributes:
            continue
        fields = Fields(_expect(attributes[kind], SEQUENCE))
        cert_ids = members(fields.take(SEQUENCE).content, SEQUENCE)
        fields.optional(SEQUENCE)  # policies
        fields.end()
        if not cert_ids:
            raise DerError("no certificate in signing-certificate")
        fields = Fields(cert_ids[0].content)
        algorithm = fields.optional(SEQUENCE) if kind == cms_names.SIGNING_CERTIFICATE_V2 else None
        hash_ = digest_algorithm(algorithm.encoded) if algorithm else default
        hashed = fields.take(OCTET_STRING).content
        named = fields.optional(SEQUENCE)
        fields.end()
        if hashed != hashlib.new(hash_, certificate).digest() or not _issued_as(certificate, named):
            raise RefusedSignatureError(SubIndication.SIG_CONSTRAINTS_FAILURE, "signing-certificate-differs")
        hashes.append(hash_)
    return hashes


def _issued_as(certificate: bytes, issuer_serial: Value | None) -> bool:
    """Whether IssuerSerial, which is optional, is the certificate's."""
    if issuer_serial is None:
        return True
    issuer, serial = issuer_and_serial(certificate)
    return issuer_serial.content == tlv(SEQUENCE, tlv(context(4), issuer)) + serial
