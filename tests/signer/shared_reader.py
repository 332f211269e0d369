"""A reader that several programs can reach: what PC/SC lets them do to one card, and to each other.

The card in it is the simulated one, with its counters on disk. By default the reader is as good as PC/SC can be; each
of its virtues can be taken away, so that what is left is what our own rules protect.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass

from jitsuin.signer.errors import CardRemovedError, CardResetError, NoCardError, TokenInUseError, TransportError
from jitsuin.signer.simulator import Applet, Quirks, SimulatedCard
from jitsuin.signer.simulator.card import STATE_FILE

SELECT_JPKI = bytes.fromhex("00A4040C0AD392F000260100000001")
SELECT_SIGNATURE_KEY = bytes.fromhex("00A4020C02001A")
SIGN_NOTHING = bytes.fromhex("802A008033 3031300D060960864801650304020105000420") + bytes(32) + b"\0"


@dataclass(frozen=True)
class Virtues:
    """What a reader and its driver do for a program. Real ones are said to lack each of these."""

    keeps_others_out: bool = True
    """Nobody else reaches a card that is held exclusively."""
    tells_of_resets: bool = True
    """A program is told that another one has reset its card, before anything more is sent."""
    cuts_power: bool = True
    """A disconnect that asks for it powers the card off."""


@dataclass(frozen=True)
class Counters:
    """Tries left, as they are on disk."""

    signature: int
    authentication: int


class SharedReader:
    """One reader, and the card that a person puts in and takes out."""

    def __init__(self, card: SimulatedCard, virtues: Virtues, quirks: Quirks) -> None:
        self.card = card
        self.virtues = virtues
        self.applet: Applet | None = None
        self.atr = b""
        self._quirks = quirks
        self._holding = ExitStack()
        self._sessions: list[Session] = []

    @property
    def counters(self) -> Counters:
        pins = json.loads((self.card.folder / STATE_FILE).read_bytes())["pins"]
        return Counters(pins["001B"]["tries_left"], pins["0018"]["tries_left"])

    def insert(self) -> None:
        if self.applet is None:
            self.applet = self._holding.enter_context(self.card.inserted(self._quirks))
            self.atr = self.applet.power_on()

    def remove(self) -> None:
        """Whoever had the card has lost it, also when it comes back."""
        self.applet = None
        self._holding.close()
        for session in self._sessions:
            session.lost = CardRemovedError(token=self.card.name)

    def connect(self, *, exclusive: bool) -> Session:
        """Raises NoCardError, or TokenInUseError if another program holds the card or stands in the way."""
        if self.applet is None:
            raise NoCardError(readers=(self.card.name,))
        if self.virtues.keeps_others_out and any(exclusive or session.exclusive for session in self._sessions):
            raise TokenInUseError(token=self.card.name)
        session = Session(self, exclusive)
        self._sessions.append(session)
        return session

    def reset(self, by: Session, *, cold: bool) -> None:
        """A reset asked for by a program."""
        assert self.applet is not None
        self.atr = self.applet.power_on() if cold else self.applet.reset()
        for session in self._sessions:
            if session is not by and self.virtues.tells_of_resets:
                session.lost = CardResetError(token=self.card.name)

    def leave(self, session: Session) -> None:
        self._sessions.remove(session)

    def would_sign(self) -> bool:
        """Whether the signature key serves a program that has just come and knows no PIN. No card signs nothing."""
        if self.applet is None:
            return False
        for command in (SELECT_JPKI, SELECT_JPKI, SELECT_SIGNATURE_KEY):  # twice: the first command may fail
            self.applet.transmit(command)
        answer = self.applet.transmit(SIGN_NOTHING)
        assert answer[-2:] in (b"\x90\x00", b"\x69\x82"), answer[-2:].hex()
        return answer[-2:] == b"\x90\x00"


class Session:
    """One program's connection to the card (a `Transport`). To close an exclusive one takes the card's power away."""

    def __init__(self, reader: SharedReader, exclusive: bool) -> None:
        self.exclusive = exclusive
        self.lost: TransportError | None = None
        self._reader = reader
        self._closed = False

    @property
    def name(self) -> str:
        return self._reader.card.name

    @property
    def atr(self) -> bytes:
        return self._reader.atr

    def transmit(self, command: bytes | bytearray) -> bytes:
        if self._closed:
            raise TransportError(token=self.name, reason="closed")
        if self.lost is not None:
            raise self.lost
        assert self._reader.applet is not None
        return self._reader.applet.transmit(command)

    def reset(self, *, cold: bool) -> None:
        self._reader.reset(self, cold=cold)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self.exclusive and not isinstance(self.lost, CardRemovedError) and self._reader.virtues.cuts_power:
            self.reset(cold=True)
        self._reader.leave(self)

    def die(self) -> None:
        """The program is gone without a word: the service resets its card, and does not take the power away."""
        if not self._closed:
            self._closed = True
            if not isinstance(self.lost, CardRemovedError):
                self.reset(cold=False)
            self._reader.leave(self)
