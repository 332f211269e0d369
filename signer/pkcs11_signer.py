"""The signer behind a PKCS#11 module: the official route, with the same rules for PINs as at the card.

The module runs in a process of its own (`pkcs11_process`). Here is decided whether a PIN is presented and what the
module's answers mean, and each value is checked with the certificate: OpenSC passes on whatever a card gives back.
"""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from cryptography import x509

from .base import PinCallback, PinRequest, SecretKind, SignatureScheme, SignerOptions, TokenEvent, check_value
from .errors import (
    CardRemovedError,
    CardStateLostError,
    LastTryRefusedError,
    NoCertificateError,
    NoTokenError,
    PinBlockedError,
    PinCancelledError,
    PinIncorrectError,
    PinRuleError,
    PinSourceError,
    Pkcs11CallError,
    TransportError,
)
from .lock import Lock
from .pcsc import power_off_described
from .pin import Secret, passphrase, signature_password
from .pkcs11_key import Pkcs11Key, chosen_key
from .pkcs11_process import POWER_SECONDS, End, ModuleProcess
from .pkcs11_token import NO_FLAGS, SIGNATURE_CA, ModuleFacts, Pkcs11Object, Pkcs11Token, TokenFlag
from .pkcs11_uri import Pkcs11Uri
from .private_key import OffersPrivateKey

_GONE: Final = frozenset({"DeviceRemoved", "TokenNotPresent", "SessionHandleInvalid", "SessionClosed"})
_VAGUE: Final = frozenset({"GeneralError", "FunctionFailed", "DeviceError", "TokenNotRecognised"})
"""What modules say when a card is pulled out, or blocked, or anything."""

_NOTICED_SECONDS: Final = 1.0
"""How long a module may take to notice that a card is gone; pcscd looks every 0.4 s."""
_POLL_SECONDS: Final = 0.1


class Pkcs11Signer(OffersPrivateKey):
    """A key on a PKCS#11 token. There is one login in its life, when the certificate is first needed."""

    def __init__(
        self,
        process: ModuleProcess,
        tokens: tuple[Pkcs11Token, ...],
        token: Pkcs11Token | None,
        uri: Pkcs11Uri,
        options: SignerOptions,
        lock: Lock,
    ) -> None:
        """`token` is the one that is meant; None is for looking at all of them. `lock` is let go of when it may be."""
        self._process = process
        self._tokens = tokens
        self._token = token
        self._uri = uri
        self._options = options
        self._lock = lock
        self._ending = ExitStack()
        self._login_tried = False
        self._public: tuple[Pkcs11Object, ...] | None = None
        self._key: Pkcs11Key | None = None
        self._failure: Exception | None = None
        self._unlocking = threading.RLock()

    def at_the_end(self, ending: ExitStack) -> None:
        """What to let go of after the module."""
        self._ending = ending

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate with the key's CKA_ID. May ask for the PIN: JPKI tokens show it to nobody before.

        Raises PinBlockedError and LastTryRefusedError without having asked; PinCancelledError and PinRuleError with
        nothing sent; PinIncorrectError or PinBlockedError after the one login; NoKeyError, SeveralKeysError or
        NoCertificateError after it.
        """
        return self._unlocked().certificate

    @property
    def issuers(self) -> tuple[x509.Certificate, ...]:
        """The chain above it, as far as the token's other certificates and its neighbours' in the reader carry it."""
        return self._unlocked().issuers

    def issuer_shown(self) -> x509.Certificate | None:
        """The CA certificate above a My Number card's, which OpenSC shows without a PIN; None where none is shown."""
        if self._token is None or not self._token.is_jpki:
            return None
        shown = self._shown(self._token)
        return next((one.certificate for one in shown if one.label == SIGNATURE_CA and one.certificate), None)

    def sign(self, to_be_signed: bytes, scheme: SignatureScheme) -> bytes:
        """Let the token sign, hashing there or here as its mechanisms are, and check the value.

        Raises UnsupportedKeyError, CardRemovedError, CardStateLostError, SignatureValueError, Pkcs11ModuleError or
        Pkcs11CallError; and what `certificate` raises.
        """
        key = self._key_for(scheme)
        value = self._value(key, *key.request(to_be_signed))
        check_value(key.public_key, to_be_signed, scheme, value)
        return value

    def sign_digest(self, digest: bytes, scheme: SignatureScheme) -> bytes:
        """The same, where only the digest is at hand. Raises DigestInfoError for one of another length."""
        key = self._key_for(scheme)
        value = self._value(key, *key.request_by_digest(digest))
        check_value(key.public_key, digest, scheme, value, digested=True)
        return value

    def _key_for(self, scheme: SignatureScheme) -> Pkcs11Key:
        key = self._unlocked()
        if scheme is not key.scheme:
            raise key.unsupported()
        return key

    def _value(self, key: Pkcs11Key, mechanism: int, given: bytes) -> bytes:
        try:
            _, answer = self._process.ask("sign", given, key=key.number, mechanism=mechanism)
        except Pkcs11CallError as error:
            raise self._explained(error, key.token) from None
        return key.encoded(bytes(answer))

    def describe_module(self) -> ModuleFacts:
        """Every token of the module, with the objects that it shows without a PIN."""
        objects: dict[int, tuple[Pkcs11Object, ...]] = {}
        for token in self._tokens:
            with suppress(Pkcs11CallError):  # one that was never initialised, for instance
                objects[token.slot_id] = self._objects(token)
        return ModuleFacts(self._process.module, self._process.library, self._tokens, objects)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """Log out, end the module, and cut the card's power: with OpenSC a logged-out card would still sign."""
        self._key = None
        self._failure = self._failure or TransportError(token=self._process.module, reason="closed")
        try:
            self._leave()
        finally:
            self._ending.close()

    def _leave(self) -> None:
        """The process leaves the card when it ends. If it has died on the way, that is for us to do."""
        end, token = self._process.close(), self._token
        if not self._login_tried or token is None or not token.removable or end is End.CLOSED:
            return
        if end is End.DIED and power_off_described(token.reader, POWER_SECONDS):
            return
        self._tell(TokenEvent.LEFT_OPEN, token)

    def _unlocked(self) -> Pkcs11Key:
        with self._unlocking:  # a second thread waits for the person, too
            if self._failure is not None:
                raise self._failure
            if self._key is None:
                # Whatever interrupts the unlocking, Ctrl-C included, must not leave a way to a second login.
                self._failure = PinCancelledError()
                try:
                    self._key = self._unlock()
                except Exception as error:
                    self._failure = error
                    raise
                self._failure = None
            return self._key

    def _unlock(self) -> Pkcs11Key:
        if self._options.pin is None or self._token is None:
            raise PinCancelledError
        token = self._token
        shown = self._shown(token)
        flags = self._flags(token)
        if flags & TokenFlag.USER_PIN_LOCKED:
            raise PinBlockedError(sw=None, reason=_kind(token))
        if flags & TokenFlag.USER_PIN_FINAL_TRY and not self._options.allow_last_try:
            raise LastTryRefusedError(tries_left=1)
        with self._secret(token, flags, self._options.pin) as secret:
            self._login_tried = True
            found = self._login(token, flags, secret)
        if not token.removable:
            self._lock.release()
        try:
            return chosen_key(token, self._uri, found, shown)
        except NoCertificateError as error:
            if error.facts["reason"] == "unreadable":  # it is there: so the card has gone, or forgotten the PIN
                raise (
                    CardStateLostError(sw=None) if self._present(token) else CardRemovedError(token=token.name)
                ) from None
            raise

    def _login(self, token: Pkcs11Token, flags: TokenFlag, secret: Secret) -> list[Pkcs11Object]:
        """C_Login, once; what the token has then. `flags` are those from before."""
        keep = not token.is_opensc_jpki
        try:
            answer, _ = self._process.ask("login", secret.buffer, slot_id=token.slot_id, keep_pin=keep)
        except Pkcs11CallError as error:
            raise self._login_explained(error, token, flags) from None
        return [Pkcs11Object.of(told) for told in answer["objects"]]

    def _secret(self, token: Pkcs11Token, flags: TokenFlag, ask: PinCallback) -> Secret:
        """The PIN by the rules of its token; none at all where the reader has keys of its own for it."""
        if flags & TokenFlag.PROTECTED_AUTHENTICATION_PATH:
            self._tell(TokenEvent.PIN_PAD, token)
            return Secret("")
        kind = SecretKind.SIGNATURE_PASSWORD if token.is_jpki else SecretKind.TOKEN_PIN
        if self._uri.pin_source is not None:
            text = _read_pin(self._uri.pin_source)
        else:
            last, low = flags & TokenFlag.USER_PIN_FINAL_TRY, flags & TokenFlag.USER_PIN_COUNT_LOW
            text = ask(PinRequest(kind, token.name, tries_left=1 if last else None, tries_low=bool(low)))
        if kind is SecretKind.SIGNATURE_PASSWORD:
            return signature_password(text)
        if not text:
            raise PinRuleError(reason="empty")
        return passphrase(text)

    def _login_explained(self, error: Pkcs11CallError, token: Pkcs11Token, before: TokenFlag) -> Exception:
        """What a login that failed means, by what the module said and the token's flags before and afterwards."""
        rv = error.facts["rv"]
        if rv in ("PinLenRange", "PinInvalid"):
            return PinRuleError(reason="token-refused")
        if rv == "FunctionCancelled":
            return PinCancelledError()
        if rv in _GONE:
            return CardRemovedError(token=token.name)
        flags = NO_FLAGS
        try:
            flags = self._flags(token)
        except (CardRemovedError, Pkcs11CallError):
            if rv in _VAGUE:  # OpenSC drops a token whose PIN has become blocked
                return NoTokenError(module=self._process.module, reason="unrecognised", tokens=())
        if rv == "PinLocked" or flags & TokenFlag.USER_PIN_LOCKED:
            return PinBlockedError(sw=None, reason=_kind(token))
        if rv == "PinIncorrect" and before & TokenFlag.USER_PIN_FINAL_TRY:  # OpenSC has no flag for it then
            return PinBlockedError(sw=None, reason=_kind(token))
        if rv == "PinIncorrect":
            return PinIncorrectError(tries_left=1 if flags & TokenFlag.USER_PIN_FINAL_TRY else None)
        if rv in _VAGUE and not self._present(token):
            return CardRemovedError(token=token.name)
        return Pkcs11CallError(**{**error.facts, "token": token.name})

    def _explained(self, error: Pkcs11CallError, token: Pkcs11Token) -> Exception:
        """What a signature that failed means."""
        rv = error.facts["rv"]
        if rv == "UserNotLoggedIn":
            return CardStateLostError(sw=None)
        if rv in _GONE or (rv in _VAGUE and not self._present(token)):
            return CardRemovedError(token=token.name)
        return Pkcs11CallError(**{**error.facts, "token": token.name})

    def _present(self, token: Pkcs11Token) -> bool:
        """Whether the token is still there. The module may take a moment to notice that it is not."""
        end = time.monotonic() + _NOTICED_SECONDS
        while time.monotonic() < end:
            try:
                self._flags(token)
            except (CardRemovedError, Pkcs11CallError):
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def _flags(self, token: Pkcs11Token) -> TokenFlag:
        """As they are now. Raises CardRemovedError."""
        try:
            return TokenFlag(self._process.ask("flags", slot_id=token.slot_id)[0]["flags"])
        except Pkcs11CallError as error:
            if error.facts["rv"] in _GONE:
                raise CardRemovedError(token=token.name) from None
            raise

    def _shown(self, token: Pkcs11Token) -> tuple[Pkcs11Object, ...]:
        """What the token and the others in the same reader show without a PIN: OpenSC keeps the CA's there."""
        if self._public is None:
            same = [one for one in self._tokens if one is token or (token.removable and one.reader == token.reader)]
            self._public = tuple(one for slot in same if slot.label is not None for one in self._objects(slot))
        return self._public

    def _objects(self, token: Pkcs11Token) -> tuple[Pkcs11Object, ...]:
        answer, _ = self._process.ask("objects", slot_id=token.slot_id)
        return tuple(Pkcs11Object.of(told) for told in answer["objects"])

    def _tell(self, event: TokenEvent, token: Pkcs11Token) -> None:
        if self._options.notify is not None:
            self._options.notify(event, token.name)


def _kind(token: Pkcs11Token) -> str:
    """Whose PIN it is, for the sentence that says who can unblock it."""
    return "card" if token.is_jpki else "token"


def _read_pin(path: Path) -> str:
    """The first line of the file that a URI names. Raises PinSourceError, or PinRuleError (`encoding`)."""
    try:
        with path.open("rb") as file:
            line = file.readline(4096)
    except OSError as error:
        raise PinSourceError(path=path, reason=error.strerror or type(error).__name__) from None
    with suppress(UnicodeDecodeError):
        return line.rstrip(b"\r\n").decode("utf-8")
    raise PinRuleError(reason="encoding")  # not within, as the decoder's error quotes what was read
