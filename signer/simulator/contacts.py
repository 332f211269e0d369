"""The card's contacts: what a reader does to a card, and what a card can do to its reader."""

from __future__ import annotations

from typing import Protocol


class Card(Protocol):
    """What can be put into a reader. `applet.Applet` is one."""

    def power_on(self) -> bytes:
        """Cold reset. Returns the ATR."""

    def reset(self) -> bytes:
        """Warm reset. Returns the ATR."""

    def power_off(self) -> None: ...

    def transmit(self, command: bytes | bytearray, /) -> bytes:
        """Answer one command APDU. May raise CardWithdrawn."""


class CardWithdrawn(Exception):  # noqa: N818 - not an error of ours: somebody takes the card
    """The card leaves the reader: without an answer (None), or right after it has given one."""

    def __init__(self, answer: bytes | None, seconds: float) -> None:
        """`seconds` until it is put in again, 0 for good."""
        super().__init__()
        self.answer = answer
        self.seconds = seconds
