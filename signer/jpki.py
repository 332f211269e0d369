"""The signer that drives a JPKI card: ask the counter, one VERIFY, check every answer, and leave the card closed.

It works over any transport, so the same lines serve a reader, a phone and the simulator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from .apdu import SW, Transport
from .base import PinRequest, SecretKind, SignatureScheme, SignerOptions, TokenFacts, check_value
from .digest_info import digest, digest_info
from .errors import (
    CardDataError,
    CardStateLostError,
    LastTryRefusedError,
    NoSignatureCertificateError,
    PhoneTokenError,
    PinBlockedError,
    PinCancelledError,
    SignerError,
    StatusWordError,
    TransportError,
    TriesUnknownError,
    UnsupportedKeyError,
)
from .jpki_application import Ef, JpkiApplication
from .pin import signature_password
from .private_key import OffersPrivateKey

__all__ = ["Ef", "JpkiApplication", "JpkiSigner"]

_CARD_SCHEMES = (SignatureScheme.RSA_SHA256, SignatureScheme.ECDSA_SHA384)
"""Today's card and the announced next one."""
_CLOSED_TOKENS = frozenset({"JPKIAPIOSTOKEN"})
"""Tokens that let no other program sign: the iPhone's. That of Android phones is driven as a card."""
_STATE_LOST = frozenset(
    {
        SW.SECURITY_STATUS_NOT_SATISFIED,
        SW.NO_CURRENT_EF,
        SW.FILE_NOT_FOUND,
        SW.REFERENCED_DATA_NOT_FOUND,
        SW.INSTRUCTION_NOT_SUPPORTED,
        SW.CLASS_NOT_SUPPORTED,
    }
)
"""How a card answers from then on that was reset, or in which another application was selected."""
_Value = TypeVar("_Value")


class JpkiSigner(OffersPrivateKey):
    """The signature key of a My Number card.

    Making one selects the JPKI application and asks no secret; the first look at `certificate` or `issuers`, or the
    first `sign`, unlocks the card. Whatever becomes of that attempt, there is no second one: the PIN callback and
    VERIFY happen at most once in the life of this object, and a failure is raised again by every later use.
    """

    def __init__(self, transport: Transport, options: SignerOptions) -> None:
        """Take over the transport, closing it if this is not a My Number card (NotMyNumberCardError)."""
        self._card = JpkiApplication(transport)
        self._options = options
        self._certificate: x509.Certificate | None = None
        self._issuer: x509.Certificate | None = None
        self._failure: Exception | None = None
        self._leave = self._card.step_aside if options.pin is None else self._card.leave
        try:
            self._card.select()
        except BaseException:
            self._leave()
            raise

    @property
    def certificate(self) -> x509.Certificate:
        """The signature certificate, EF 0001. May ask for the PIN: the card shows it to nobody before.

        Raises NoSignatureCertificateError, PinBlockedError, LastTryRefusedError and TriesUnknownError without having
        asked; PinCancelledError and PinRuleError with nothing sent; PinIncorrectError after the one VERIFY.
        """
        return self._unlocked()

    @property
    def issuers(self) -> tuple[x509.Certificate, ...]:
        """The CA certificate of EF 0002, if the card carries one. Asks and raises as `certificate` does."""
        self._unlocked()
        issuer = self.issuer_shown()
        return () if issuer is None else (issuer,)

    def issuer_shown(self) -> x509.Certificate | None:
        """The CA certificate of EF 0002, which needs no PIN; None if the card carries none."""
        if self._issuer is None:
            self._issuer = _told(self._read_issuer)
        return self._issuer

    def _read_issuer(self) -> x509.Certificate:
        known = self._options.known_issuers
        recognised = self._card.recognised(Ef.SIGNATURE_CA_CERTIFICATE, known) if known else None
        return recognised or self._card.read_certificate(Ef.SIGNATURE_CA_CERTIFICATE)

    def sign(self, to_be_signed: bytes, scheme: SignatureScheme) -> bytes:
        """Hash the bytes, let the card sign, and check the value against the certificate.

        Raises UnsupportedKeyError for a scheme that is not the key's own, CardStateLostError if the card has forgotten
        the PIN, SignatureValueError if what it answered is no signature; and what `certificate` raises.
        """
        value = self._computed(digest(to_be_signed, scheme.hash), scheme)
        check_value(self.certificate.public_key(), to_be_signed, scheme, value)
        return value

    def sign_digest(self, digest: bytes, scheme: SignatureScheme) -> bytes:
        """The same, where only the digest is at hand. Raises DigestInfoError for one of another length."""
        value = self._computed(digest, scheme)
        check_value(self.certificate.public_key(), digest, scheme, value, digested=True)
        return value

    def _computed(self, digest: bytes, scheme: SignatureScheme) -> bytes:
        public_key = self.certificate.public_key()
        if scheme is not SignatureScheme.for_key(public_key) or scheme not in _CARD_SCHEMES:
            raise UnsupportedKeyError(key=type(public_key).__name__, bits=getattr(public_key, "key_size", None))
        with _state_held():
            if not isinstance(public_key, rsa.RSAPublicKey):
                return self._card.sign_hash_p384(Ef.SIGNATURE_KEY, digest)
            value = self._card.sign_digest_info(Ef.SIGNATURE_KEY, digest_info(digest, scheme.hash))
        if len(value) != public_key.key_size // 8:
            raise CardDataError(file=f"{Ef.SIGNATURE_KEY:04X}", reason="signature-length")
        return value

    def describe(self) -> TokenFacts:
        """What the card tells without a PIN. Costs no try, and works on cards that cannot sign or are blocked."""
        card = self._card
        kind = _told(card.token_information) or ""
        authentication_certificate = _told(lambda: card.read_certificate(Ef.AUTHENTICATION_CERTIFICATE))
        availability = _told(card.availability)
        return TokenFacts(
            token=self._token(kind),
            reader=card.transport.name,
            kind=kind,
            atr=card.transport.atr,
            signature_certificate_present=_told(self._has_signature_certificate) or False,
            authentication_certificate_present=authentication_certificate is not None
            or (availability is not None and availability.authentication),
            signature_tries_left=_told(lambda: card.tries_left(Ef.SIGNATURE_PIN)),
            authentication_tries_left=_told(lambda: card.tries_left(Ef.AUTHENTICATION_PIN)),
            authentication_certificate=authentication_certificate,
            signature_issuer=self.issuer_shown(),
            authentication_issuer=_told(lambda: card.read_certificate(Ef.AUTHENTICATION_CA_CERTIFICATE)),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """Leave the card: another application selected and the power off, whatever has happened.

        After a mere look it is left to the other programs that share it.
        """
        self._certificate = None
        self._failure = self._failure or TransportError(token=self._card.transport.name, reason="closed")
        self._leave()

    def _unlocked(self) -> x509.Certificate:
        if self._failure is not None:
            raise self._failure
        if self._certificate is None:
            # Whatever interrupts the unlocking, Ctrl-C included, must not leave a way to a second VERIFY.
            self._failure = PinCancelledError()
            try:
                self._certificate = self._unlock()
            except Exception as error:  # noqa: BLE001 - it is raised again, here and by every later use
                self._failure = self._explained(error)
                raise self._failure from None
            self._failure = None
        return self._certificate

    def _unlock(self) -> x509.Certificate:
        if self._options.pin is None:
            raise PinCancelledError
        token = self._card.transport.name
        if not self._has_signature_certificate():
            raise NoSignatureCertificateError(token=token)
        tries_left = self._card.tries_left(Ef.SIGNATURE_PIN)
        if tries_left == 0:
            raise PinBlockedError(sw=None)
        if tries_left == 1 and not self._options.allow_last_try:
            raise LastTryRefusedError(tries_left=tries_left)
        request = PinRequest(SecretKind.SIGNATURE_PASSWORD, token, tries_left)
        with signature_password(self._options.pin(request)) as secret, _state_held():
            self._card.verify(Ef.SIGNATURE_PIN, secret)
        with _state_held():
            return self._card.read_certificate(Ef.SIGNATURE_CERTIFICATE)

    def _explained(self, error: Exception) -> Exception:
        """The error, or that this is the token of a phone, where that is why it does not do as a card does."""
        if isinstance(error, StatusWordError | TriesUnknownError | CardStateLostError | NoSignatureCertificateError):
            with suppress(SignerError):
                kind = self._card.token_information()
                if kind in _CLOSED_TOKENS:
                    return PhoneTokenError(token=self._card.transport.name, kind=kind)
        return error

    def _has_signature_certificate(self) -> bool:
        """By EF 0008; where the card has none, by EF 0001, which can be selected though not read."""
        availability = _told(self._card.availability)
        return self._card.exists(Ef.SIGNATURE_CERTIFICATE) if availability is None else availability.signature

    def _token(self, kind: str) -> str:
        return f"{self._card.transport.name} {kind}".rstrip()


def _told(question: Callable[[], _Value]) -> _Value | None:
    """The answer, or None where this card does not give one. A card that has gone is not an answer."""
    with suppress(StatusWordError, CardDataError, TriesUnknownError):
        return question()
    return None


@contextmanager
def _state_held() -> Iterator[None]:
    """Say what it means when a card that we have talked to refuses, or knows neither file nor command any more."""
    try:
        yield
    except StatusWordError as error:
        if error.sw in _STATE_LOST:
            raise CardStateLostError(sw=error.sw) from None
        raise
