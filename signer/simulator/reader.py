"""The simulated reader: a transport in this process, so that the code for real cards drives the simulated one too."""

from __future__ import annotations

from contextlib import ExitStack

from ..errors import TransportError
from .card import SimulatedCard
from .filesystem import Quirks


class SimulatedReader:
    """A `Transport` with one card in it, under power until `close`. Raises TokenInUseError if the card is elsewhere."""

    def __init__(self, card: SimulatedCard, quirks: Quirks = Quirks()) -> None:  # noqa: B008 - frozen
        self._card = card
        self._holding = ExitStack()
        self._applet = self._holding.enter_context(card.inserted(quirks))
        self._atr = self._applet.power_on()
        self._closed = False

    @property
    def name(self) -> str:
        return self._card.name

    @property
    def atr(self) -> bytes:
        return self._atr

    def transmit(self, command: bytes | bytearray) -> bytes:
        if self._closed:
            raise TransportError(token=self.name, reason="closed")
        return self._applet.transmit(command)

    def close(self) -> None:
        self._closed = True
        self._holding.close()
