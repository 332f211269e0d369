"""Signature schemes and values: what a key calls for, and whether a value is the certificate's over a digest."""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from .errors import UnsupportedDocumentError
from .verdict import RefusedSignatureError, SubIndication

HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
    "sha1": hashes.SHA1,  # read on request, never written
}
"""Hash name, which is also Python's, to the hash."""

CURVE_SCHEMES = {"secp256r1": "ecdsa-sha256", "secp384r1": "ecdsa-sha384", "secp521r1": "ecdsa-sha512"}
"""Curve to the scheme that it calls for. Signatures on other curves are refused."""

_MINIMUM_RSA_BITS = 2048


def scheme_for(certificate: x509.Certificate) -> str:
    """The scheme that the certificate's key calls for, such as `rsa-sha256`; never a constant (DESIGN, section 3).

    Raises UnsupportedDocumentError for a kind of key that we cannot sign with.
    """
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return "rsa-sha256"
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in CURVE_SCHEMES:
        return CURVE_SCHEMES[key.curve.name]
    raise UnsupportedDocumentError(reason="key", detail=type(key).__name__)


def hash_name(scheme: str) -> str:
    """`sha256` for `rsa-sha256`."""
    return scheme.rpartition("-")[2]


def hash_of(scheme: str) -> hashes.HashAlgorithm:
    """The hash of a signature scheme such as `rsa-sha256`."""
    return HASHES[hash_name(scheme)]()


def check_value(scheme: str, certificate: x509.Certificate, digest: bytes, value: bytes) -> None:
    """Whether `value` (RSA as it is; ECDSA a DER Ecdsa-Sig-Value) signs the digest with the certificate's key.

    Raises RefusedSignatureError: SIG_CRYPTO_FAILURE where it does not, CRYPTO_CONSTRAINTS_FAILURE for keys that are
    too weak to say.
    """
    prehashed = utils.Prehashed(hash_of(scheme))
    key = certificate.public_key()
    try:
        if scheme.startswith("rsa") and isinstance(key, rsa.RSAPublicKey):
            if key.key_size < _MINIMUM_RSA_BITS:
                raise RefusedSignatureError(
                    SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "key-too-short", bits=key.key_size
                )
            key.verify(value, digest, padding.PKCS1v15(), prehashed)
            return
        if scheme.startswith("ecdsa") and isinstance(key, ec.EllipticCurvePublicKey):
            if key.curve.name not in CURVE_SCHEMES:
                raise RefusedSignatureError(
                    SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "curve-refused", curve=key.curve.name
                )
            key.verify(value, digest, ec.ECDSA(prehashed))
            return
    except InvalidSignature:
        pass
    raise RefusedSignatureError(SubIndication.SIG_CRYPTO_FAILURE, "value-differs", scheme=scheme)
