"""What can stand between a card and its reader: time that passes, and a trace of what was said."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..apdu import CLA_JPKI, Ins
from ..trace import TraceWriter
from .contacts import Card, CardWithdrawn

_SIGNATURE_HEADER = bytes((CLA_JPKI, Ins.COMPUTE_DIGITAL_SIGNATURE))


class Layer:
    """A card that is the one beneath it."""

    def __init__(self, card: Card) -> None:
        self._card = card

    def power_on(self) -> bytes:
        return self._card.power_on()

    def reset(self) -> bytes:
        return self._card.reset()

    def power_off(self) -> None:
        self._card.power_off()

    def transmit(self, command: bytes | bytearray) -> bytes:
        return self._card.transmit(command)


class SlowCard(Layer):
    """Takes its time: so many seconds for each APDU, and so many more for each signature."""

    def __init__(self, card: Card, apdu: float, signature: float) -> None:
        super().__init__(card)
        self._apdu = apdu
        self._signature = signature

    def transmit(self, command: bytes | bytearray) -> bytes:
        due = time.monotonic() + self._apdu + (self._signature if command.startswith(_SIGNATURE_HEADER) else 0)
        try:
            answer = super().transmit(command)
        except CardWithdrawn:
            _sleep_until(due)
            raise
        _sleep_until(due)
        return answer


class TracedCard(Layer):
    """Writes down what passes, scrubbed (`signer.trace`), as one trace over all power cycles."""

    def __init__(self, card: Card, write: Callable[[str], object]) -> None:
        """`write` is given each line with its end."""
        super().__init__(card)
        self._trace = TraceWriter(write, card.power_on())
        card.power_off()

    def transmit(self, command: bytes | bytearray) -> bytes:
        begin = time.monotonic()
        try:
            answer = super().transmit(command)
        except CardWithdrawn as withdrawn:
            if withdrawn.answer is None:
                self._trace.record_failure(command, withdrawn, _milliseconds_since(begin))
            else:
                self._trace.record(command, withdrawn.answer, _milliseconds_since(begin))
            raise
        self._trace.record(command, answer, _milliseconds_since(begin))
        return answer


def _sleep_until(due: float) -> None:
    time.sleep(max(0, due - time.monotonic()))


def _milliseconds_since(begin: float) -> int:
    return round((time.monotonic() - begin) * 1000)
