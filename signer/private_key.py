"""The signing key as an object of the package `cryptography`, for whatever takes one: signxml, X.509 builders, PKCS #7.

It is a real RSAPrivateKey or EllipticCurvePrivateKey whose `sign` is the signer's. What the signer cannot do is refused
by UnsupportedAlgorithm, which is that package's own error for it, before anything reaches the token.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, NoReturn, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from .base import PrivateKey, SignatureScheme, Signer, SignsDigest, check_value
from .errors import UnsupportedKeyError

_Buffer = bytes | bytearray | memoryview


class OffersPrivateKey:
    """Gives a signer its `private_key`; a backend of another package inherits it as ours do."""

    def private_key(self: Signer) -> PrivateKey:
        """The key as an RSAPrivateKey or EllipticCurvePrivateKey that signs through this signer, as long as it is open.

        Which of the two it is stands in the certificate, so this asks and raises as `certificate` does. Raises
        UnsupportedKeyError for a key that is not signed with.
        """
        public_key = self.certificate.public_key()
        scheme = SignatureScheme.for_key(public_key)
        if isinstance(public_key, rsa.RSAPublicKey):
            return _RsaKey(self, scheme, public_key)
        if isinstance(public_key, ec.EllipticCurvePublicKey):
            return _EllipticCurveKey(self, scheme, public_key)
        raise UnsupportedKeyError(key=type(public_key).__name__, bits=None)


class _TokenKey:
    """What keys of either kind have in common: they sign as the certificate's key calls for, and show nothing."""

    def __init__(self, signer: Signer, scheme: SignatureScheme) -> None:
        self._signer = signer
        self._scheme = scheme

    def _sign(self, data: _Buffer, algorithm: object) -> bytes:
        """Sign the data, or the digest where the algorithm says that it is one (Prehashed)."""
        own = self._scheme.hash
        prehashed = isinstance(algorithm, Prehashed)
        # Which hash a Prehashed stands for has no public name; its size alone would let SHA3-256 pass for SHA-256.
        if not isinstance(algorithm._algorithm if isinstance(algorithm, Prehashed) else algorithm, type(own)):
            raise self._unsupported(f"only with {own.name}")
        data = bytes(data)
        if not prehashed:
            value = self._signer.sign(data, self._scheme)
        elif not isinstance(self._signer, SignsDigest):
            raise self._unsupported("data, and no digest that was computed elsewhere")
        elif len(data) != own.digest_size:
            raise ValueError(f"a digest by {own.name} has {own.digest_size} bytes, and this has {len(data)}")
        else:
            value = self._signer.sign_digest(data, self._scheme)
        check_value(self.public_key(), data, self._scheme, value, digested=prehashed)
        return value

    @abstractmethod
    def public_key(self) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey: ...

    def _unsupported(self, what: str) -> UnsupportedAlgorithm:
        return UnsupportedAlgorithm(f"this key signs {what} ({self._scheme})")

    def private_numbers(self) -> NoReturn:
        raise UnsupportedAlgorithm("this key does not leave its token")

    def private_bytes(self, encoding: object, format: object, encryption_algorithm: object) -> NoReturn:  # noqa: ARG002
        raise UnsupportedAlgorithm("this key does not leave its token")

    # There is one key, and one open token: a copy is the same object, and another process can have none.

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[Any, Any]) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"cannot pickle {type(self).__name__!r} object: the key does not leave its token")


class _RsaKey(_TokenKey, rsa.RSAPrivateKey):
    def __init__(self, signer: Signer, scheme: SignatureScheme, public_key: rsa.RSAPublicKey) -> None:
        super().__init__(signer, scheme)
        self._public_key = public_key

    @property
    def key_size(self) -> int:
        return self._public_key.key_size

    def public_key(self) -> rsa.RSAPublicKey:
        return self._public_key

    def sign(self, data: _Buffer, padding: object, algorithm: object) -> bytes:
        if not isinstance(padding, PKCS1v15):
            raise self._unsupported("only with PKCS #1 v1.5 padding")
        return self._sign(data, algorithm)

    def decrypt(self, ciphertext: bytes, padding: object) -> NoReturn:  # noqa: ARG002
        raise self._unsupported("and does not decrypt")


class _EllipticCurveKey(_TokenKey, ec.EllipticCurvePrivateKey):
    def __init__(self, signer: Signer, scheme: SignatureScheme, public_key: ec.EllipticCurvePublicKey) -> None:
        super().__init__(signer, scheme)
        self._public_key = public_key

    @property
    def curve(self) -> ec.EllipticCurve:
        return self._public_key.curve

    @property
    def key_size(self) -> int:
        return self._public_key.key_size

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self._public_key

    def sign(self, data: _Buffer, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        if not isinstance(signature_algorithm, ec.ECDSA):
            raise self._unsupported("only with ECDSA")
        if signature_algorithm.deterministic_signing:
            raise self._unsupported("with a nonce of the token's own choice, not a deterministic one")
        return self._sign(data, signature_algorithm.algorithm)

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> NoReturn:  # noqa: ARG002
        raise self._unsupported("and agrees on no other key")
