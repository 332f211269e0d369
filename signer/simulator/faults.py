"""Faults on command: what goes wrong between a program and its card, at which command, each of them once.

A fault is written `KIND[=VALUE]@MOMENT`, such as `remove@sign:1`, `sw=6F00@after-verify:1` or `mute=12@apdu:3`.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from ..apdu import CLA_ISO, CLA_JPKI, P1_SELECT_BY_NAME, P2_NO_FCI, CommandApdu, Ins, Response
from ..errors import FaultSpecError
from ..jpki_application import ISSUER_SECURITY_DOMAIN_AID
from .contacts import Card, CardWithdrawn
from .layers import Layer


class Kind(StrEnum):
    """What goes wrong."""

    REMOVE = "remove"
    """The card is taken out, and put in again after so many seconds (default 1; 0: never)."""
    RESET = "reset"
    """A warm reset: the selection is lost."""
    UNPOWER = "unpower"
    """The power fails for a moment: selection and verified PINs are lost."""
    SELECT = "select"
    """Another program selects another application: selection and verified PINs are lost."""
    MUTE = "mute"
    """The answer comes so many seconds late."""
    OTHER = "other"
    """A signature, genuine and by the right key, of other data. Nothing happens to other commands."""
    SW = "sw"
    """This status word, four hexadecimal digits, in place of the answer. The card has executed the command."""
    SHORT = "short"
    """The answer's data lacks its last byte. The status word stays, here and below."""
    LONG = "long"
    """It has one byte more."""
    EMPTY = "empty"
    """It is missing."""
    CORRUPT = "corrupt"
    """One bit of it is another."""


class Trigger(StrEnum):
    """The commands that are counted."""

    APDU = "apdu"
    VERIFY = "verify"
    """VERIFY with a PIN; asking the counter is none."""
    SIGN = "sign"


_ON_THE_CARD: Final = frozenset({Kind.REMOVE, Kind.RESET, Kind.UNPOWER, Kind.SELECT})
"""These happen to the card between two commands; the others to one command and its answer."""
_LONGEST: Final = 3600
_FORM: Final = re.compile(
    r"(?P<kind>[a-z]+)(=(?P<value>[^@]*))?@(?P<after>after-)?(?P<trigger>[a-z]+):(?P<number>[0-9]{1,6})"
)
_SELECT_ANOTHER: Final = CommandApdu(CLA_ISO, Ins.SELECT, P1_SELECT_BY_NAME, P2_NO_FCI, ISSUER_SECURITY_DOMAIN_AID)


@dataclass(frozen=True)
class Fault:
    """One fault. `number` counts from 1, from the moment when the card is first put in."""

    kind: Kind
    trigger: Trigger
    number: int
    after: bool = False
    """Right after that command was answered; a fault of an answer then hits the next command, whatever it is."""
    seconds: float = 0
    """Of `remove` and `mute`."""
    sw: int = 0
    """Of `sw`."""

    @classmethod
    def parse(cls, spec: str) -> Fault:
        """Raises FaultSpecError with reason `form`, `kind` or `moment` (fact `known`), or `value`."""
        parts = _FORM.fullmatch(spec)
        if parts is None:
            raise FaultSpecError(spec=spec, reason="form")
        if parts["kind"] not in {*Kind}:
            raise FaultSpecError(spec=spec, reason="kind", known=tuple(Kind))
        if parts["trigger"] not in {*Trigger} or int(parts["number"]) == 0:
            raise FaultSpecError(spec=spec, reason="moment", known=tuple(Trigger))
        kind, value = Kind(parts["kind"]), parts["value"]
        fault = cls(kind, Trigger(parts["trigger"]), int(parts["number"]), parts["after"] is not None)
        if kind is Kind.SW and re.fullmatch("[0-9A-Fa-f]{4}", value or ""):
            return replace(fault, sw=int(value, 16))
        if kind is Kind.REMOVE and value is None:
            return replace(fault, seconds=1)
        if kind in (Kind.REMOVE, Kind.MUTE) and (seconds := _seconds(value or "")) is not None:
            return replace(fault, seconds=seconds)
        if kind in (Kind.SW, Kind.REMOVE, Kind.MUTE) or value is not None:
            raise FaultSpecError(spec=spec, reason="value")
        return fault


class FaultyCard(Layer):
    """A card to which the faults happen. They are counted over power cycles and removals."""

    def __init__(self, card: Card, faults: Sequence[Fault], sleep: Callable[[float], None] = time.sleep) -> None:
        super().__init__(card)
        self._sleep = sleep
        self._waiting = list(faults)
        self._for_next: list[Fault] = []
        self._count: Counter[Trigger] = Counter()

    def transmit(self, command: bytes | bytearray) -> bytes:
        triggers = _triggers(command)
        self._count.update(triggers)
        faults = self._for_next + self._due(triggers, after=False)
        following = self._due(triggers, after=True)
        self._for_next = [fault for fault in following if fault.kind not in _ON_THE_CARD]
        for fault in faults:
            self._disturb(fault, answer=None)
        if any(fault.kind is Kind.OTHER for fault in faults):
            command = _other_data(command)
        answer = super().transmit(command)
        for fault in faults:
            answer = self._spoil(fault, answer)
        for fault in following:
            self._disturb(fault, answer)
        return answer

    def _due(self, triggers: Sequence[Trigger], *, after: bool) -> list[Fault]:
        """The faults of this moment, which are no longer waited for."""
        due = [
            fault
            for fault in self._waiting
            if fault.trigger in triggers and fault.number == self._count[fault.trigger] and fault.after is after
        ]
        self._waiting = [fault for fault in self._waiting if fault not in due]
        return due

    def _disturb(self, fault: Fault, answer: bytes | None) -> None:
        match fault.kind:
            case Kind.REMOVE:
                raise CardWithdrawn(answer, fault.seconds)
            case Kind.RESET:
                self._card.reset()
            case Kind.UNPOWER:
                self._card.power_off()
                self._card.power_on()
            case Kind.SELECT:
                self._card.transmit(_SELECT_ANOTHER.encode())

    def _spoil(self, fault: Fault, answer: bytes) -> bytes:
        data, sw = answer[:-2], answer[-2:]
        match fault.kind:
            case Kind.MUTE:
                self._sleep(fault.seconds)
            case Kind.SW:
                return Response(b"", fault.sw).encode()
            case Kind.SHORT:
                return data[:-1] + sw
            case Kind.LONG:
                return data + b"\x00" + sw
            case Kind.EMPTY:
                return sw
            case Kind.CORRUPT if data:
                middle = len(data) // 2
                return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :] + sw
        return answer


def _seconds(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,3})?", text) and float(text) <= _LONGEST else None


def _triggers(raw: bytes | bytearray) -> list[Trigger]:
    try:
        command = CommandApdu.decode(raw)
    except ValueError:
        return [Trigger.APDU]
    if command.ins == Ins.VERIFY and command.data:
        return [Trigger.APDU, Trigger.VERIFY]
    if (command.cla, command.ins) == (CLA_JPKI, Ins.COMPUTE_DIGITAL_SIGNATURE):
        return [Trigger.APDU, Trigger.SIGN]
    return [Trigger.APDU]


def _other_data(raw: bytes | bytearray) -> bytes | bytearray:
    """The signature command with another last bit in what is to be signed; other commands as they are."""
    if Trigger.SIGN not in _triggers(raw):
        return raw
    command = CommandApdu.decode(raw)
    return replace(command, data=command.data[:-1] + bytes([command.data[-1] ^ 1])).encode() if command.data else raw
