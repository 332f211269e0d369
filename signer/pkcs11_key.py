"""The key on a PKCS#11 token that is meant, with its certificate, and how the token signs with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from .base import SignatureScheme
from .chain import chain_above
from .digest_info import digest, digest_info
from .errors import (
    NoCertificateError,
    NoKeyError,
    SeveralKeysError,
    SignatureValueError,
    UnsupportedKeyError,
)
from .pkcs11_token import Pkcs11Object, Pkcs11Token
from .pkcs11_uri import Pkcs11Uri

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

# Mechanisms (PKCS#11 2.40, current mechanisms): those that take a digest, and those that hash.
_CKM_RSA_PKCS: Final = 0x0001
_CKM_ECDSA: Final = 0x1041
_HASHING: Final = {
    SignatureScheme.RSA_SHA256: 0x0040,
    SignatureScheme.ECDSA_SHA256: 0x1044,
    SignatureScheme.ECDSA_SHA384: 0x1045,
    SignatureScheme.ECDSA_SHA512: 0x1046,
}


class Pkcs11Key:
    """The private key on the token, its certificate, and how the token signs with it."""

    def __init__(
        self, number: int, token: Pkcs11Token, certificate: x509.Certificate, others: Sequence[x509.Certificate]
    ) -> None:
        self.number = number
        self.token = token
        self.certificate = certificate
        self.issuers = tuple(chain_above(certificate, others))
        self.public_key: PublicKeyTypes = certificate.public_key()
        self.scheme = SignatureScheme.for_key(self.public_key)
        hashing = _HASHING[self.scheme]
        plain = _CKM_RSA_PKCS if self.scheme is SignatureScheme.RSA_SHA256 else _CKM_ECDSA
        self._hashing = hashing if hashing in token.mechanisms else None
        self._plain = plain if plain in token.mechanisms else None

    def unsupported(self) -> UnsupportedKeyError:
        """That the token cannot sign with this key, or not by the scheme that was asked for."""
        return UnsupportedKeyError(key=type(self.public_key).__name__, bits=getattr(self.public_key, "key_size", None))

    def request(self, to_be_signed: bytes) -> tuple[int, bytes]:
        """A mechanism and what it is given: the bytes themselves where the token hashes. Raises UnsupportedKeyError."""
        if self._hashing is not None:
            return self._hashing, to_be_signed
        return self.request_by_digest(digest(to_be_signed, self.scheme.hash))

    def request_by_digest(self, digest: bytes) -> tuple[int, bytes]:
        """A mechanism that does not hash, and the DigestInfo (RSA) or the bare digest (ECDSA) for it.

        Raises UnsupportedKeyError if the token has no such mechanism, DigestInfoError for a digest of another length.
        """
        if self._plain is None:
            raise self.unsupported()
        info = digest_info(digest, self.scheme.hash)
        return self._plain, info if self.scheme is SignatureScheme.RSA_SHA256 else digest

    def encoded(self, value: bytes) -> bytes:
        """The value as others write it: of ECDSA the token gives r and s one after the other (PKCS#11 2.40, 2.3.1)."""
        if not isinstance(self.public_key, ec.EllipticCurvePublicKey):
            return value
        size = (self.public_key.key_size + 7) // 8
        if len(value) != 2 * size:
            raise SignatureValueError(length=len(value))
        return encode_dss_signature(int.from_bytes(value[:size], "big"), int.from_bytes(value[size:], "big"))


def chosen_key(
    token: Pkcs11Token, uri: Pkcs11Uri, found: Sequence[Pkcs11Object], shown: Sequence[Pkcs11Object]
) -> Pkcs11Key:
    """The key that is meant, with its certificate; `shown` is what else may lead to its issuers.

    Raises NoKeyError, SeveralKeysError or NoCertificateError.
    """
    keys = [one for one in found if one.kind == "private-key"]
    certificates = [one for one in found if one.certificate is not None]
    names = tuple(key.name for key in keys)
    fitting = [
        (number, key)
        for number, key in enumerate(keys)
        if key.signs and uri.id in (None, key.id) and (uri.label is None or _labelled(uri.label, key, certificates))
    ]
    if not fitting:
        raise NoKeyError(token=token.name, keys=names)
    paired = {one.id for one in certificates}
    fitting = [(number, key) for number, key in fitting if key.id in paired] or fitting
    if len(fitting) > 1:
        raise SeveralKeysError(token=token.name, keys=tuple(key.name for _, key in fitting))
    ((number, key),) = fitting
    own = next((one.certificate for one in certificates if one.id == key.id), None)
    if own is None:
        unreadable = any(one.kind == "certificate" and one.id == key.id for one in found)
        raise NoCertificateError(token=token.name, key=key.name, reason="unreadable" if unreadable else "none")
    others = [one.certificate for one in (*found, *shown) if one.certificate is not None]
    return Pkcs11Key(number, token, own, others)


def _labelled(label: str, key: Pkcs11Object, certificates: Sequence[Pkcs11Object]) -> bool:
    """Whether the key has this label; where it has none, as behind the official module, its certificate."""
    return label == key.label or (not key.label and any(c.label == label for c in certificates if c.id == key.id))
