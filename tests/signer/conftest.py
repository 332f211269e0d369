"""What the signer tests share: a clock, PIN callbacks that count, transports that record or recite, and fresh cards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from jitsuin.signer.base import PinRequest, SignerOptions
from jitsuin.signer.jpki import JpkiSigner
from jitsuin.signer.simulator import SIGNATURE_PASSWORD, Quirks, SimulatedCard, SimulatedReader, create_card

AT = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)


class Asked:
    """A PIN callback that remembers what it was asked."""

    def __init__(self, answer: str | BaseException) -> None:
        self.answer = answer
        self.requests: list[PinRequest] = []

    def __call__(self, request: PinRequest) -> str:
        self.requests.append(request)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


class Recorder:
    """A transport that notes what passes, and lets a test lie about the answer."""

    def __init__(self, inner: SimulatedReader) -> None:
        self.inner = inner
        self.sent: list[bytes] = []
        self.buffers: list[bytes | bytearray] = []
        self.closed = 0
        self.lie: Callable[[bytes, bytes], bytes] = lambda _, answer: answer

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def atr(self) -> bytes | None:
        return self.inner.atr

    def transmit(self, command: bytes | bytearray) -> bytes:
        self.sent.append(bytes(command))
        self.buffers.append(command)
        return self.lie(bytes(command), self.inner.transmit(command))

    def close(self) -> None:
        self.closed += 1
        self.inner.close()

    @property
    def verifies(self) -> list[bytes]:
        """The VERIFY commands that carry a PIN."""
        return [command for command in self.sent if command[1] == 0x20 and len(command) > 5]


class Recital:
    """A transport that answers from a list, whatever it is told."""

    name = "Recital"
    atr = None

    def __init__(self, answers: Iterable[str]) -> None:
        self.answers = [bytes.fromhex(answer) for answer in answers]
        self.sent: list[str] = []
        self.closed = False

    def transmit(self, command: bytes | bytearray) -> bytes:
        self.sent.append(bytes(command).hex(" ").upper())
        return self.answers.pop(0)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def at() -> datetime:
    return AT


@pytest.fixture
def asked() -> type[Asked]:
    return Asked


@pytest.fixture
def recital() -> type[Recital]:
    return Recital


@pytest.fixture
def recorder() -> type[Recorder]:
    return Recorder


@pytest.fixture
def card(tmp_path: Path) -> Callable[..., SimulatedCard]:
    """A fresh card of a persona."""

    def make(persona: str = "valid") -> SimulatedCard:
        return create_card(tmp_path / persona, persona, AT)

    return make


@pytest.fixture
def spend() -> Callable[[SimulatedCard, int], None]:
    """Use up tries of the signature password, as a person would who does not remember it."""

    def make(card: SimulatedCard, tries: int) -> None:
        with card.inserted() as applet:
            applet.power_on()
            applet.transmit(bytes.fromhex("00A4040C0AD392F000260100000001"))
            for _ in range(tries):
                assert applet.transmit(bytes.fromhex("0020009B06") + b"WRONG0")[0] == 0x63

    return make


@pytest.fixture
def session(card: Callable[..., SimulatedCard]) -> Callable[..., tuple[JpkiSigner, Recorder, Asked]]:
    """A signer on a recorded card with a counting callback: (signer, recorder, asked)."""

    def make(
        of: SimulatedCard | str = "valid",
        pin: str | BaseException = SIGNATURE_PASSWORD,
        quirks: Quirks = Quirks(),  # noqa: B008 - frozen
        allow_last_try: bool = False,
        known_issuers: Sequence[x509.Certificate] = (),
    ) -> tuple[JpkiSigner, Recorder, Asked]:
        inserted = card(of) if isinstance(of, str) else of
        transport, callback = Recorder(SimulatedReader(inserted, quirks)), Asked(pin)
        return (
            JpkiSigner(transport, SignerOptions(callback, AT, allow_last_try, tuple(known_issuers))),
            transport,
            callback,
        )

    return make
