"""What the tests over a real pcscd share: cards in folders, and another program that uses the same card."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from smartcard import scard

from jitsuin.signer.simulator import create_card
from pcsc_stack import PcscStack

AT = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)
SELECT_JPKI = bytes.fromhex("00A4040C0AD392F000260100000001")
DIGEST_INFO = bytes.fromhex("3031300D060960864801650304020105000420") + bytes(32)


class OtherProgram:
    """Another program at a card, without any of our manners: plain PC/SC, shared, no transaction."""

    def __init__(self, reader: str) -> None:
        _, self._context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
        self._reader = reader
        self._card: Any = None

    def connect(self) -> int:
        """The result of connecting in shared mode."""
        result, card, self._protocol = scard.SCardConnect(self._context, self._reader, scard.SCARD_SHARE_SHARED, 3)
        self._card = card if result == 0 else None
        return int(result)

    def transmit(self, command: bytes) -> bytes:
        result, answer = scard.SCardTransmit(self._card, self._protocol, list(command))
        assert result == 0, hex(result)
        return bytes(answer)

    def verify(self, password: bytes) -> int:
        """Present the signature password; the status word."""
        self.transmit(SELECT_JPKI)
        self.transmit(bytes.fromhex("00A4020C02001B"))
        return int.from_bytes(self.transmit(bytes((0, 0x20, 0, 0x80, len(password))) + password))

    def sign(self) -> int:
        """Try to sign without presenting anything; the status word."""
        self.transmit(SELECT_JPKI)
        self.transmit(bytes.fromhex("00A4020C02001A"))
        answer = self.transmit(b"\x80\x2a\x00\x80" + bytes([len(DIGEST_INFO)]) + DIGEST_INFO + b"\0")
        return int.from_bytes(answer[-2:])

    def tries_left(self) -> int:
        self.transmit(SELECT_JPKI)
        self.transmit(bytes.fromhex("00A4020C02001B"))
        return self.transmit(bytes.fromhex("00200080"))[1] & 0x0F

    def close(self) -> None:
        if self._card is not None:
            scard.SCardDisconnect(self._card, scard.SCARD_LEAVE_CARD)
        scard.SCardReleaseContext(self._context)


@pytest.fixture
def at() -> datetime:
    return AT


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """A new card's folder."""

    def make(persona: str = "valid", name: str | None = None) -> Path:
        place = tmp_path / (name or persona)
        create_card(place, persona, AT)
        return place

    return make


@pytest.fixture
def other(pcsc: PcscStack) -> Iterator[Callable[..., OtherProgram]]:
    """Another program at the card of a slot."""
    programs: list[closing[OtherProgram]] = []

    def make(slot: int = 0) -> OtherProgram:
        program = OtherProgram(pcsc.readers[slot])
        programs.append(closing(program))
        return program

    yield make
    for program in programs:
        with program:
            pass
