"""The key in a PKCS#12 file: `file:PATH`, for test identities and for certificates that are issued as files."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, pkcs12

from .base import PinRequest, PrivateKey, SecretKind, SignatureScheme, SignerOptions, check_value
from .chain import chain_above
from .errors import (
    DigestInfoError,
    KeyFileError,
    KeyUriError,
    PinCancelledError,
    PinIncorrectError,
    UnsupportedKeyError,
)
from .home import expanded
from .pin import passphrase
from .private_key import OffersPrivateKey


def open_signer(uri: str, options: SignerOptions) -> SoftwareSigner:
    """Open `file:PATH`, `file:~/PATH` or `file:///PATH`; the path is taken literally, without percent-decoding.

    Raises KeyUriError for another form, and KeyFileError (path, reason) if the file cannot be read or is no PKCS#12 at
    all; whether the passphrase is right shows when the key is first used.
    """
    scheme, _, rest = uri.partition(":")
    if scheme != "file":
        raise KeyUriError(uri=uri, reason="scheme")
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        if host not in ("", "localhost"):
            raise KeyUriError(uri=uri, reason="host")
        rest = slash + path
    if not rest:
        raise KeyUriError(uri=uri, reason="path")
    return SoftwareSigner(expanded(rest, uri), options)


class SoftwareSigner(OffersPrivateKey):
    """The key, certificate and chain of one PKCS#12 file. The passphrase is asked at the first use, and only once."""

    def __init__(self, path: Path, options: SignerOptions) -> None:
        self._path = path
        self._options = options
        self._bundle: _Bundle | None = None
        self._failure: Exception | None = None
        try:
            self._content = path.read_bytes()
        except OSError as error:
            raise KeyFileError(path=path, reason=error.strerror or type(error).__name__) from None
        # Every PFX is a SEQUENCE. Saying so now keeps a passphrase from being asked for a PEM file or a photograph.
        if not self._content.startswith(b"\x30"):
            raise KeyFileError(path=path, reason="not-pkcs12")

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate of the private key. May ask for the passphrase.

        Raises PinIncorrectError (tries_left None: nothing counts), and KeyFileError with reason `not-pkcs12`,
        `unsupported-encryption`, `no-key`, `no-certificate`, `certificate-of-another-key` or `closed`.
        """
        return self._opened().certificate

    @property
    def issuers(self) -> tuple[x509.Certificate, ...]:
        """The chain above the certificate, nearest first, as far as the file's other certificates carry it."""
        return self._opened().issuers

    def sign(self, to_be_signed: bytes, scheme: SignatureScheme) -> bytes:
        """RSASSA-PKCS1-v1_5 or ECDSA (DER). Raises UnsupportedKeyError for a scheme that is not the key's own."""
        return self._sign(to_be_signed, scheme, digested=False)

    def sign_digest(self, digest: bytes, scheme: SignatureScheme) -> bytes:
        """The same, where only the digest is at hand. Raises DigestInfoError for one of another length."""
        if len(digest) != scheme.hash.digest_size:
            raise DigestInfoError(length=len(digest))
        return self._sign(digest, scheme, digested=True)

    def _sign(self, data: bytes, scheme: SignatureScheme, *, digested: bool) -> bytes:
        bundle = self._opened()
        public_key = bundle.certificate.public_key()
        if scheme is not SignatureScheme.for_key(public_key):
            raise UnsupportedKeyError(key=type(public_key).__name__, bits=bundle.key.key_size)
        algorithm = Prehashed(scheme.hash) if digested else scheme.hash
        if isinstance(bundle.key, rsa.RSAPrivateKey):
            value = bundle.key.sign(data, padding.PKCS1v15(), algorithm)
        else:
            value = bundle.key.sign(data, ec.ECDSA(algorithm))
        check_value(public_key, data, scheme, value, digested=digested)
        return value

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._bundle = None
        self._failure = self._failure or KeyFileError(path=self._path, reason="closed")

    def _opened(self) -> _Bundle:
        if self._failure is not None:
            raise self._failure
        if self._bundle is None:
            self._failure = PinCancelledError()  # stands if the callback is interrupted: it is not called twice
            try:
                self._bundle = self._open()
            except Exception as error:
                self._failure = error
                raise
            self._failure = None
        return self._bundle

    def _open(self) -> _Bundle:
        if self._options.pin is None:
            raise PinCancelledError
        request = PinRequest(SecretKind.PASSPHRASE, self._path.name, tries_left=None)
        with passphrase(self._options.pin(request)) as secret:
            try:
                # Any buffer will do, whatever the annotation says; a copy in bytes could not be wiped.
                bundle = pkcs12.load_pkcs12(self._content, secret.buffer)  # type: ignore[arg-type]
            except UnsupportedAlgorithm:
                raise KeyFileError(path=self._path, reason="unsupported-encryption") from None
            except ValueError as error:
                # The library has one exception for both; only the wrong passphrase is a matter of PINs.
                if "password" in str(error):
                    raise PinIncorrectError(tries_left=None) from None
                raise KeyFileError(path=self._path, reason="not-pkcs12") from None
        if bundle.key is None:
            raise KeyFileError(path=self._path, reason="no-key")
        if not isinstance(bundle.key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise UnsupportedKeyError(key=type(bundle.key).__name__, bits=None)
        return _Bundle(self._path, bundle.key, bundle)


class _Bundle:
    """A private key with the certificate that is its own and the chain above that."""

    def __init__(self, path: Path, key: PrivateKey, bundle: pkcs12.PKCS12KeyAndCertificates) -> None:
        certificates = [item.certificate for item in (bundle.cert, *bundle.additional_certs) if item is not None]
        if not certificates:
            raise KeyFileError(path=path, reason="no-certificate")
        # By the key itself: the file's own pairing is an attribute that some writers leave out.
        own = [certificate for certificate in certificates if _public_bytes(certificate) == _public_bytes(key)]
        if not own:
            raise KeyFileError(path=path, reason="certificate-of-another-key")
        self.key = key
        self.certificate = own[0]
        self.issuers = tuple(chain_above(own[0], certificates))


def _public_bytes(owner: x509.Certificate | PrivateKey) -> bytes:
    return owner.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
