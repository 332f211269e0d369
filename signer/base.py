"""The contract of a signer backend: what it is given, what it promises, and how its answers are checked.

A backend is a factory `open_signer(uri, options) -> Signer`, registered in the entry-point group `jitsuin.signers`
under the scheme of its URIs (`simulator:`, `file:`, …).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from .errors import SignatureValueError, UnsupportedKeyError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    from .pkcs11_token import ModuleFacts

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
"""The kinds of key that are signed with."""


class SignatureScheme(StrEnum):
    """A signature algorithm with its hash. The values are the names that prepared documents use, too."""

    RSA_SHA256 = "rsa-sha256"
    """RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, 8.2); the value is as long as the modulus."""
    ECDSA_SHA256 = "ecdsa-sha256"
    """ECDSA on P-256; the value is a DER Ecdsa-Sig-Value (RFC 3279, 2.2.3), as for the next two."""
    ECDSA_SHA384 = "ecdsa-sha384"
    ECDSA_SHA512 = "ecdsa-sha512"

    @property
    def hash(self) -> hashes.HashAlgorithm:
        """The hash that the scheme applies to the bytes to be signed."""
        return _HASHES[self]()

    @classmethod
    def for_key(cls, public_key: PublicKeyTypes) -> SignatureScheme:
        """The scheme that the key itself calls for: RSA takes SHA-256, a curve the hash of its size.

        Raises UnsupportedKeyError for RSA below 2048 bits, other curves and other kinds of key.
        """
        if isinstance(public_key, rsa.RSAPublicKey) and public_key.key_size >= 2048:
            return cls.RSA_SHA256
        if isinstance(public_key, ec.EllipticCurvePublicKey) and public_key.curve.name in _CURVES:
            return _CURVES[public_key.curve.name]
        raise UnsupportedKeyError(key=type(public_key).__name__, bits=getattr(public_key, "key_size", None))


_HASHES: dict[SignatureScheme, type[hashes.SHA256 | hashes.SHA384 | hashes.SHA512]] = {
    SignatureScheme.RSA_SHA256: hashes.SHA256,
    SignatureScheme.ECDSA_SHA256: hashes.SHA256,
    SignatureScheme.ECDSA_SHA384: hashes.SHA384,
    SignatureScheme.ECDSA_SHA512: hashes.SHA512,
}
_CURVES = {
    "secp256r1": SignatureScheme.ECDSA_SHA256,
    "secp384r1": SignatureScheme.ECDSA_SHA384,
    "secp521r1": SignatureScheme.ECDSA_SHA512,
}


class SecretKind(StrEnum):
    """What a PIN callback is asked for; the rules differ."""

    SIGNATURE_PASSWORD = "signature-password"  # noqa: S105 - the name of a kind of secret, not a secret
    """The card's 署名用パスワード: 6 to 16 of A–Z and 0–9, five tries."""
    TOKEN_PIN = "token-pin"  # noqa: S105 - as above
    """The PIN of some other PKCS#11 token: its own rules, passed unchanged."""
    PASSPHRASE = "passphrase"  # noqa: S105 - as above
    """The passphrase of a PKCS#12 file: any text, no counter, passed unchanged."""


@dataclass(frozen=True)
class PinRequest:
    """What the person who is asked for the secret should know before typing it."""

    kind: SecretKind
    token: str
    """What is being opened: a reader and token name, or a file name."""
    tries_left: int | None
    """Tries before the token locks; None where the key's home does not count, or does not tell."""
    tries_low: bool = False
    """The token says that a wrong one was entered since the last right one, though not how many tries are left."""


PinCallback = Callable[[PinRequest], str]
"""Called at most once, late: the key has been found and its counter asked. To give up, it raises PinCancelledError."""


ChooseReader = Callable[[Sequence[str]], str]
"""Given the names of the readers that hold a card which could be meant, returns one of them, or raises."""


class TokenEvent(StrEnum):
    """What whoever waits for a signature should know at once."""

    IN_USE = "in-use"
    """Another program holds the token, and it will be waited for. Told once."""
    PIN_PAD = "pin-pad"
    """The PIN is now to be entered at the reader's own keys; the program does not get to see it."""
    LEFT_OPEN = "left-open"
    """The card could not be powered off at the end: until it is taken away, other programs may be able to sign."""


TokenNotice = Callable[[TokenEvent, str], None]
"""Told an event and the token's name."""


@dataclass(frozen=True)
class SignerOptions:
    """What the pipeline hands to every backend."""

    pin: PinCallback | None
    """None is for looking only: no secret is asked or presented, and a card is shared with other programs."""
    at: datetime
    """The run's one reading of the clock, timezone-aware."""
    allow_last_try: bool = False
    """Present the PIN although a wrong one would lock the card."""
    known_issuers: tuple[x509.Certificate, ...] = ()
    """CA certificates that are at hand, so that a token which shows the beginning of one need not show the rest."""
    choose: ChooseReader | None = None
    """Asked where several cards could be meant; without it that is an error. Nothing is ever guessed."""
    notify: TokenNotice | None = None
    pkcs11_module: str | None = None
    """The module for a `pkcs11:` URI that names none: a path, or a name that the system's loader finds."""


class Signer(Protocol):
    """A key and its certificate. A context manager: leaving it closes the key and forgets the PIN."""

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate of the signing key. The first look may ask for the PIN: a JPKI card shows it only then."""

    @property
    def issuers(self) -> tuple[x509.Certificate, ...]:
        """The CA certificates that the token knows above it, nearest first; may be empty."""

    def sign(self, to_be_signed: bytes, scheme: SignatureScheme) -> bytes:
        """Sign the bytes, hashing them as the scheme says; the value has been checked against the certificate."""

    def private_key(self) -> PrivateKey:
        """The key as the package `cryptography` has keys. Inherited from `private_key.OffersPrivateKey`."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...


@dataclass(frozen=True)
class TokenFacts:
    """What a token tells about itself without a PIN."""

    token: str
    """Reader and token name as shown to a person."""
    reader: str
    kind: str
    """The token's own name, for a JPKI card the text of EF 0006 such as `JPKIAPICCTOKEN2`."""
    atr: bytes | None
    signature_certificate_present: bool
    authentication_certificate_present: bool
    signature_tries_left: int | None
    """None where the counter could not be told; 0 is blocked."""
    authentication_tries_left: int | None
    authentication_certificate: x509.Certificate | None
    signature_issuer: x509.Certificate | None
    """The CA certificate above the signature certificate, as the token has it; nothing says yet that it is genuine."""
    authentication_issuer: x509.Certificate | None


@runtime_checkable
class DescribesToken(Protocol):
    """What a signer may offer besides signing: a look at the token that costs no try."""

    def describe(self) -> TokenFacts: ...


@runtime_checkable
class DescribesModule(Protocol):
    """What a signer behind PKCS#11 offers: all tokens of the module, with what they show without a PIN."""

    def describe_module(self) -> ModuleFacts: ...


@runtime_checkable
class ShowsIssuer(Protocol):
    """What a signer may offer: the CA certificate above its own, without a PIN, so that an unknown CA costs no try."""

    def issuer_shown(self) -> x509.Certificate | None: ...


@runtime_checkable
class SignsDigest(Protocol):
    """What a signer may offer: signing by a digest, for programs that have only that of what they want signed."""

    def sign_digest(self, digest: bytes, scheme: SignatureScheme) -> bytes:
        """Sign what has this digest by the scheme's hash; the value has been checked against the certificate.

        Raises DigestInfoError for a digest of another length.
        """


def check_value(
    public_key: PublicKeyTypes, to_be_signed: bytes, scheme: SignatureScheme, value: bytes, *, digested: bool = False
) -> None:
    """Raise SignatureValueError unless `value` is the signature of the bytes under this key and scheme.

    `digested`: they are not what is signed but its digest.
    """
    algorithm = Prehashed(scheme.hash) if digested else scheme.hash
    try:
        if isinstance(public_key, rsa.RSAPublicKey) and scheme is SignatureScheme.RSA_SHA256:
            public_key.verify(value, to_be_signed, padding.PKCS1v15(), algorithm)
            return
        if isinstance(public_key, ec.EllipticCurvePublicKey) and scheme is not SignatureScheme.RSA_SHA256:
            public_key.verify(value, to_be_signed, ec.ECDSA(algorithm))
            return
    except InvalidSignature:
        raise SignatureValueError(length=len(value)) from None
    raise SignatureValueError(length=len(value))
