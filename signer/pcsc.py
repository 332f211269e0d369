"""Card readers over PC/SC: finds the card and carries APDUs to it. The only module that knows pyscard.

A session that will present a PIN holds the card exclusively and leaves it without power; a look shares it with other
programs and leaves it as it is. Below the status words everything that PC/SC says becomes a typed error. Nothing is
logged here at any level, and pyscard's observers, which would see a PIN, are not attached.
"""

from __future__ import annotations

import atexit
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote

from .apdu import Ins
from .base import SignerOptions, TokenEvent
from .deadline import Caller, DeadlineError
from .errors import (
    CardRemovedError,
    CardResetError,
    CardTimeoutError,
    CardUnresponsiveError,
    KeyUriError,
    NoCardError,
    NoReaderError,
    NotMyNumberCardError,
    PcscLibraryMissingError,
    PcscServiceError,
    SeveralCardsError,
    TokenError,
    TokenInUseError,
    TransportError,
)
from .jpki import JpkiSigner
from .jpki_application import JpkiApplication

if TYPE_CHECKING:
    from types import ModuleType

APDU_SECONDS: Final = 10.0
"""How long a card may take for one command. A contactless signature has been seen to be given five."""
WAIT_SECONDS: Final = 60.0
"""How long another program is waited for."""
_POLL_SECONDS: Final = 0.05
_NOTICE_SECONDS: Final = 1.0
"""Who waits for less than this need not be told. Programs that only look at a card have done by then."""
_LINGER_SECONDS: Final = 5.0
"""How long the end of the program waits for a mute card to wake up."""
_GONE_SECONDS: Final = 1.0
"""How long the service may take to notice that a card is gone; pcscd looks every 0.4 s."""


@dataclass(frozen=True)
class ReaderState:
    """A reader as PC/SC shows it, without touching the card."""

    name: str
    card_present: bool
    atr: bytes | None
    in_use: bool
    """Another program is connected to the card."""


@dataclass(frozen=True)
class _Patience:
    """The parameters of a key URI, in seconds."""

    timeout: float = APDU_SECONDS
    wait: float = WAIT_SECONDS
    poll: float = _POLL_SECONDS


def open_signer(uri: str, options: SignerOptions) -> JpkiSigner:
    """Open the card of `card:` or `card:READER`, where READER is any part of the reader's name, in either case.

    `?timeout=SECONDS` is how long the card may take for a command, `&wait=SECONDS` how long another program is waited
    for. Of several readers with a My Number card `options.choose` picks one. Raises KeyUriError (reason `query`),
    PcscLibraryMissingError, PcscServiceError, NoReaderError, NoCardError, SeveralCardsError, NotMyNumberCardError,
    TokenInUseError, CardUnresponsiveError or TransportError.
    """
    return JpkiSigner(open_transport(uri, options), options)


def open_transport(uri: str, options: SignerOptions) -> PcscTransport:
    """The card of `open_signer` alone, before anything was said to it. Raises what that does."""
    wanted, patience = _parse(uri)
    reader = _chosen([state.name for state in _with_card(wanted)], options, patience)
    return _connect(reader, options, patience)


def list_readers() -> tuple[ReaderState, ...]:
    """The readers of this system. Raises PcscLibraryMissingError or PcscServiceError; no reader at all is no error."""
    with _context() as context:
        return _states(context)


def power_off(reader: str, seconds: float) -> None:
    """Wait for the card to be let go of, and power it off: for a card that was mute when its session ended."""
    with suppress(TokenError):
        PcscTransport(reader, exclusive=True, patience=_Patience(seconds, seconds, poll=0.005)).close()


def power_off_described(description: str, seconds: float) -> bool:
    """Power off the card of the reader that a PKCS#11 module describes so; whether that was done.

    The description is the reader's name, cut off after 64 bytes. Where it is no reader's, the only card there is is
    meant. A card that is gone is powered off. False without pyscard, or if others hold the card for all the time.
    """
    try:
        readers = list_readers()
        # Exactly first: with more than ten readers one name begins another.
        named = [state for state in readers if state.name == description]
        named = named or [state for state in readers if description and state.name.startswith(description)]
        meant = [state.name for state in named or readers if state.card_present]
        if not meant:
            return True
        if len(meant) > 1:
            return False
        PcscTransport(meant[0], exclusive=True, patience=_Patience(seconds, seconds)).close()
    except (CardRemovedError, NoCardError):
        return True
    except TokenError:
        return False
    return True


class PcscTransport:
    """A card in a reader (a `Transport`). Making one connects, waiting for another program that holds the card."""

    def __init__(
        self, reader: str, *, exclusive: bool, patience: _Patience = _Patience(), options: SignerOptions | None = None
    ) -> None:
        self._scard = _library()
        self._name = reader
        self._exclusive = exclusive
        self._patience = patience
        self._caller = Caller()
        self._context: Any = None
        self._card: Any = None
        self._protocol = 0
        self._in_transaction = False
        self._atr: bytes | None = None
        self._closed = False
        atexit.register(self.close)
        try:
            self._open(options)
        except BaseException:
            self.close()
            raise

    @property
    def name(self) -> str:
        return self._name

    @property
    def atr(self) -> bytes | None:
        return self._atr

    def transmit(self, command: bytes | bytearray) -> bytes:
        if self._closed:
            raise TransportError(token=self._name, reason="closed")
        # From VERIFY on, also what holds the card exclusively is in a transaction. Not on Windows, which resets a card
        # whose transaction is idle for five seconds, and we may be busy with a document for longer.
        if command[1] == Ins.VERIFY and len(command) > 5 and not self._in_transaction and sys.platform != "win32":
            self._begin_transaction()
        apdu = list(command)
        try:
            answer = self._call(self._scard.SCardTransmit, self._card, self._protocol, apdu)
        finally:
            apdu[:] = bytes(len(apdu))
        if answer[0] or len(answer) < 2 or not answer[1]:
            raise self._failure(answer[0])
        return bytes(answer[1])

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self.close)
        if self._caller.stuck and self._exclusive:
            _power_off_later(self._name)
            # pcscd only resets the card of a program that is gone, and a reset leaves open what the PIN has opened. So
            # stay for a while, after everything has been said, to power it off ourselves if it wakes up soon.
            atexit.register(self._caller.linger, _LINGER_SECONDS)
        self._caller.finish(self._patience.timeout, self._disconnect)

    def _open(self, options: SignerOptions | None) -> None:
        result, self._context = self._call(self._scard.SCardEstablishContext, self._scard.SCARD_SCOPE_USER)
        if result:
            raise _service_error(result)
        self._connect(options)
        result, _, _, _, atr = self._call(self._scard.SCardStatus, self._card)
        if result:
            raise self._failure(result)
        self._atr = bytes(atr) or None
        if not self._exclusive:
            self._begin_transaction()

    def _connect(self, options: SignerOptions | None) -> None:
        """Connect, trying again while another program holds the card."""
        scard = self._scard
        mode = scard.SCARD_SHARE_EXCLUSIVE if self._exclusive else scard.SCARD_SHARE_SHARED
        protocols = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        begun, told = time.monotonic(), False
        while True:
            answer = self._call(scard.SCardConnect, self._context, self._name, mode, protocols)
            if answer[0] != scard.SCARD_E_SHARING_VIOLATION:
                break
            waited = time.monotonic() - begun
            if waited >= self._patience.wait:
                raise TokenInUseError(token=self._name)
            if waited >= _NOTICE_SECONDS and not told and options is not None and options.notify is not None:
                options.notify(TokenEvent.IN_USE, self._name)
                told = True
            time.sleep(self._patience.poll)
        if answer[0]:
            raise self._failure(answer[0])
        _, self._card, self._protocol = answer

    def _begin_transaction(self) -> None:
        # Others begin and end transactions, too: that much patience must be.
        seconds = max(self._patience.wait, _NOTICE_SECONDS)
        try:
            result = self._caller.call(seconds, self._scard.SCardBeginTransaction, self._card)
        except DeadlineError:
            raise TokenInUseError(token=self._name) from None
        if result:
            raise self._failure(result)
        self._in_transaction = True

    def _disconnect(self) -> None:
        """Let go of everything, in the caller's thread, as nobody else may use the connection meanwhile."""
        scard = self._scard
        leave = scard.SCARD_UNPOWER_CARD if self._exclusive else scard.SCARD_LEAVE_CARD
        if self._card is not None:
            if self._in_transaction:
                scard.SCardEndTransaction(self._card, scard.SCARD_LEAVE_CARD)
            scard.SCardDisconnect(self._card, leave)
        if self._context is not None:
            scard.SCardReleaseContext(self._context)

    def _call(self, function: Any, *args: object) -> Any:
        try:
            return self._caller.call(self._patience.timeout, function, *args)
        except DeadlineError:
            raise CardTimeoutError(token=self._name, seconds=round(self._patience.timeout, 1)) from None

    def _failure(self, result: int) -> TokenError:
        """What a failed call means. A card that is pulled out shows first as one that does not answer."""
        scard = self._scard
        if result in (scard.SCARD_S_SUCCESS, scard.SCARD_E_NOT_TRANSACTED, scard.SCARD_F_COMM_ERROR):
            result = self._status_soon() or result
        return _error(result, self._name)

    def _status_soon(self) -> int:
        """The error that SCardStatus has for our card within a moment; 0 if the card is still there."""
        if self._card is None:
            return 0
        end = time.monotonic() + _GONE_SECONDS
        while True:
            result = int(self._call(self._scard.SCardStatus, self._card)[0])
            if result or time.monotonic() >= end:
                return result
            time.sleep(_POLL_SECONDS)


def _parse(uri: str) -> tuple[str | None, _Patience]:
    scheme, colon, rest = uri.partition(":")
    if scheme != "card" or not colon:
        raise KeyUriError(uri=uri, reason="scheme")
    reader, _, query = rest.partition("?")
    parameters = parse_qsl(query, keep_blank_values=True)
    try:
        seconds = {name: float(value) for name, value in parameters}
    except ValueError:
        raise KeyUriError(uri=uri, reason="seconds") from None
    if not set(seconds) <= {"timeout", "wait"} or len(seconds) != len(parameters):
        raise KeyUriError(uri=uri, reason="seconds")
    if not all(0 <= value <= 3600 for value in seconds.values()) or seconds.get("timeout") == 0:
        raise KeyUriError(uri=uri, reason="seconds")
    return unquote(reader) or None, _Patience(**seconds)


def _with_card(wanted: str | None) -> list[ReaderState]:
    """The readers of that name, or all, that hold a card."""
    readers = list_readers()
    if not readers:
        raise NoReaderError(wanted=wanted, readers=())
    named = [state for state in readers if wanted is None or wanted.casefold() in state.name.casefold()]
    # A whole name means that reader alone, though it may be a part of another's.
    named = [state for state in named if state.name == wanted] or named
    if not named:
        raise NoReaderError(reason="name", wanted=wanted, readers=tuple(state.name for state in readers))
    if not any(state.card_present for state in named):
        raise NoCardError(readers=tuple(state.name for state in named))
    return [state for state in named if state.card_present]


def _chosen(readers: Sequence[str], options: SignerOptions, patience: _Patience) -> str:
    """The only reader with a card, else the only one with a My Number card, else whichever is picked."""
    if len(readers) == 1:
        return readers[0]
    candidates = [reader for reader in readers if _may_be_my_number_card(reader, patience)] or list(readers)
    if len(candidates) == 1:
        return candidates[0]
    if options.choose is None:
        raise SeveralCardsError(readers=tuple(candidates))
    return options.choose(candidates)


def _may_be_my_number_card(reader: str, patience: _Patience) -> bool:
    """Whether a look at the card finds the JPKI application. One that another program holds may be one, too."""
    try:
        application = JpkiApplication(PcscTransport(reader, exclusive=False, patience=_Patience(patience.timeout, 0)))
    except TokenInUseError:
        return True
    except TokenError:
        return False
    try:
        application.select()
    except (NotMyNumberCardError, TransportError):
        return False
    finally:
        application.step_aside()
    return True


def _connect(reader: str, options: SignerOptions, patience: _Patience) -> PcscTransport:
    return PcscTransport(reader, exclusive=options.pin is not None, patience=patience, options=options)


# PC/SC itself


@cache
def _library() -> ModuleType:
    """pyscard's plain binding. Its comfortable one hides results and changes what a disconnect does to the card."""
    try:
        return import_module("smartcard.scard")
    except ImportError as error:
        raise PcscLibraryMissingError(detail=str(error)) from None


@contextmanager
def _context() -> Iterator[Any]:
    scard = _library()
    result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    if result:
        raise _service_error(result)
    try:
        yield context
    finally:
        scard.SCardReleaseContext(context)


def _states(context: object) -> tuple[ReaderState, ...]:
    scard = _library()
    result, names = scard.SCardListReaders(context, [])
    if result == scard.SCARD_E_NO_READERS_AVAILABLE or (result == 0 and not names):
        return ()
    if result:
        raise _service_error(result)
    result, states = scard.SCardGetStatusChange(context, 0, [(name, scard.SCARD_STATE_UNAWARE) for name in names])
    if result:
        raise _service_error(result)
    in_use = scard.SCARD_STATE_INUSE | scard.SCARD_STATE_EXCLUSIVE
    return tuple(
        ReaderState(name, bool(state & scard.SCARD_STATE_PRESENT), bytes(map(_byte, atr)) or None, bool(state & in_use))
        for name, state, atr in states
    )


def _byte(value: int) -> int:
    return value & 0xFF


def _service_error(result: int) -> PcscServiceError:
    return PcscServiceError(hresult=result & 0xFFFFFFFF)


def _error(result: int, reader: str) -> TokenError:
    """The typed error of a PC/SC result about a card or reader."""
    scard = _library()
    if result in (scard.SCARD_E_NO_SERVICE, scard.SCARD_E_SERVICE_STOPPED):
        return _service_error(result)
    if result in (scard.SCARD_E_UNKNOWN_READER, scard.SCARD_E_READER_UNAVAILABLE, scard.SCARD_W_REMOVED_CARD):
        return CardRemovedError(token=reader)
    if result == scard.SCARD_E_NO_SMARTCARD:
        return NoCardError(readers=(reader,))
    if result == scard.SCARD_W_RESET_CARD:
        return CardResetError(token=reader)
    if result == scard.SCARD_E_SHARING_VIOLATION:
        return TokenInUseError(token=reader)
    if result in (scard.SCARD_W_UNRESPONSIVE_CARD, scard.SCARD_W_UNPOWERED_CARD, scard.SCARD_W_UNSUPPORTED_CARD):
        return CardUnresponsiveError(token=reader)
    if result == scard.SCARD_E_PROTO_MISMATCH:
        return CardUnresponsiveError(token=reader)
    return TransportError(token=reader, reason="failed", hresult=result & 0xFFFFFFFF)


def _power_off_later(reader: str) -> None:
    """A mute card may wake up after we have ended, with what the PIN opened still open: have somebody wait for that."""
    program = "import sys; from jitsuin.signer.pcsc import power_off; power_off(sys.argv[1], 60)"
    with suppress(OSError):
        subprocess.Popen(  # noqa: S603 - this Python, with our own line
            [sys.executable, "-P", "-c", program, reader],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
