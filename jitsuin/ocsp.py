"""OCSP: the request about a certificate, and what an answer says, if it may say it (RFC 6960, RFC 9654)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from .revocation_status import RevocationAnswer, RevocationStatus

REQUEST_TYPE: Final = "application/ocsp-request"
RESPONSE_TYPE: Final = "application/ocsp-response"
NONCE_BYTES: Final = 32
_SKEW: Final = timedelta(minutes=5)
"""How far a responder's clock may be ahead of ours."""
_UNDATED: Final = timedelta(hours=1)
"""How long an answer without nextUpdate is good for: it says that newer information is there at any time."""
_UNSUCCESSFUL: Final = {
    ocsp.OCSPResponseStatus.TRY_LATER: "ocsp-try-later",
    ocsp.OCSPResponseStatus.UNAUTHORIZED: "ocsp-unauthorized",
}


def request(leaf: x509.Certificate, issuer: x509.Certificate, nonce: bytes | None) -> bytes:
    """An OCSPRequest in DER. Its CertID is by SHA-1, the one hash that every responder looks certificates up by."""
    builder = ocsp.OCSPRequestBuilder().add_certificate(leaf, issuer, hashes.SHA1())  # noqa: S303 - names, not signs
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(serialization.Encoding.DER)


def ocsp_addresses(leaf: x509.Certificate) -> list[str]:
    """Where the certificate says that its issuer answers (authorityInfoAccess)."""
    try:
        access = leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return []
    places = [one.access_location for one in access if one.access_method == AuthorityInformationAccessOID.OCSP]
    return [place.value for place in places if isinstance(place, x509.UniformResourceIdentifier)]


def read_ocsp(data: bytes) -> ocsp.OCSPResponse:
    """An OCSPResponse in DER. Raises ValueError."""
    try:
        return ocsp.load_der_ocsp_response(data)
    except Exception:  # noqa: BLE001 - more than one kind of error
        raise ValueError("not an OCSP response") from None


def check_ocsp(
    leaf: x509.Certificate,
    issuer: x509.Certificate,
    response: ocsp.OCSPResponse,
    source: str,
    at: datetime,
    now: datetime,
    nonce: bytes | None = None,
) -> RevocationAnswer:
    """What the response says of the certificate at that time. Any doubt is an answer of its own: not checked, and why.

    The signer must be the issuer, or a responder that the issuer has authorised; the answer about this certificate,
    current at `at`, not from after `now`, and with our nonce if it has one at all.
    """
    try:
        return replace(_checked(leaf, issuer, response, source, at, now, nonce), evidence=(response,))
    except Exception:  # noqa: BLE001 - hostile fields raise late and in many ways, and are never good
        return _not_checked("ocsp-garbage", source)


def _checked(
    leaf: x509.Certificate,
    issuer: x509.Certificate,
    response: ocsp.OCSPResponse,
    source: str,
    at: datetime,
    now: datetime,
    nonce: bytes | None,
) -> RevocationAnswer:
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        return _not_checked(_UNSUCCESSFUL.get(response.response_status, "ocsp-error"), source)
    if (why := _unauthorised(response, issuer)) is not None:
        return _not_checked(why, source)
    answer = next((one for one in response.responses if _is_about(one, leaf, issuer)), None)
    if answer is None:
        return _not_checked("ocsp-other-certificate", source)
    if nonce is not None and _nonce(response) not in (None, nonce):
        return _not_checked("ocsp-nonce", source)
    produced, end = answer.this_update_utc, answer.next_update_utc
    if produced > now + _SKEW:
        return _not_checked("ocsp-future", source, produced)
    status = answer.certificate_status
    if status is ocsp.OCSPCertStatus.REVOKED and (revoked_at := answer.revocation_time_utc) and revoked_at <= at:
        reason = answer.revocation_reason or x509.ReasonFlags.unspecified
        hold = reason is x509.ReasonFlags.certificate_hold
        kind = RevocationStatus.ON_HOLD if hold else RevocationStatus.REVOKED
        return RevocationAnswer(kind, "", source, produced, revoked_at, reason.value)
    if (produced + _UNDATED if end is None else end) < at:
        return _not_checked("ocsp-stale", source, produced)
    if status is ocsp.OCSPCertStatus.UNKNOWN:
        return _not_checked("ocsp-unknown", source, produced)
    if produced > leaf.not_valid_after_utc + _SKEW:
        return _not_checked("after-expiry", source, produced)
    return RevocationAnswer(RevocationStatus.GOOD, source=source, produced=produced)


def _not_checked(why: str, source: str, produced: datetime | None = None) -> RevocationAnswer:
    return RevocationAnswer(RevocationStatus.NOT_CHECKED, why, source, produced)


def _is_about(answer: ocsp.OCSPSingleResponse, leaf: x509.Certificate, issuer: x509.Certificate) -> bool:
    """By all of the CertID (RFC 6960, 4.1.1): the serial number alone is that of many certificates."""
    if answer.serial_number != leaf.serial_number:
        return False
    ours = ocsp.OCSPRequestBuilder().add_certificate(leaf, issuer, answer.hash_algorithm).build()
    return (answer.issuer_name_hash, answer.issuer_key_hash) == (ours.issuer_name_hash, ours.issuer_key_hash)


def _unauthorised(response: ocsp.OCSPResponse, issuer: x509.Certificate) -> str | None:
    """Why the signer may not speak for the issuer (RFC 6960, 4.2.2.2), or None."""
    hashed = response.signature_hash_algorithm
    if hashed is None or hashed.name in ("md5", "sha1"):
        return "ocsp-weak"
    if _signed_by(response, issuer, hashed):
        return None
    signers = [one for one in response.certificates if _signed_by(response, one, hashed)]
    reasons = [_delegation(response, signer, issuer) for signer in signers]
    return None if None in reasons else next(iter(reasons), "ocsp-signer")


def _delegation(response: ocsp.OCSPResponse, certificate: x509.Certificate, issuer: x509.Certificate) -> str | None:
    """Why this signer is no responder that the issuer has authorised, or None."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return "ocsp-signer"
    if not certificate.not_valid_before_utc <= response.produced_at_utc <= certificate.not_valid_after_utc:
        return "ocsp-signer-expired"
    if ExtendedKeyUsageOID.OCSP_SIGNING not in _usages(certificate):
        return "ocsp-signer"
    # Without it the responder's own certificate would have to be checked, by whom it is about.
    if not any(isinstance(extension.value, x509.OCSPNoCheck) for extension in certificate.extensions):
        return "ocsp-signer-unchecked"
    return None


def _usages(certificate: x509.Certificate) -> Iterator[x509.ObjectIdentifier]:
    with suppress(x509.ExtensionNotFound):
        yield from certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value


def _signed_by(response: ocsp.OCSPResponse, certificate: x509.Certificate, hashed: hashes.HashAlgorithm) -> bool:
    """Whether the certificate is the one that the response names as its signer, and its key has signed."""
    if response.responder_name != certificate.subject and response.responder_key_hash != _key_hash(certificate):
        return False
    key = certificate.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(response.signature, response.tbs_response_bytes, padding.PKCS1v15(), hashed)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(response.signature, response.tbs_response_bytes, ec.ECDSA(hashed))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _key_hash(certificate: x509.Certificate) -> bytes:
    return x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest


def _nonce(response: ocsp.OCSPResponse) -> bytes | None:
    try:
        return response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        return None
