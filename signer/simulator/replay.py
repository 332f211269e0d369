"""A card that plays back a recorded trace (`signer.trace`), so that a fault can be looked at where the card is not.

What was scrubbed is filled with zeros: certificates cannot be read and signatures are none, but counters, files and
refusals are as they were.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final, Self

from ..apdu import SW, Response
from ..errors import KeyFileError
from ..trace import BUNDLE_FORMAT, FORMAT, VERSION, Scrubbed
from .applet import CONTACT_ATR

MAX_FILE_SIZE: Final = 16 * 1024 * 1024
_MAX_ATR_LENGTH: Final = 33  # ISO/IEC 7816-3, 8.2


@dataclass(frozen=True)
class Exchange:
    """A command that was answered."""

    command: Scrubbed
    response: Scrubbed
    sw: int

    @property
    def answer(self) -> bytes:
        return Response(self.response.filled(), self.sw).encode()


class ReplayedCard:
    """A card for a virtual reader that answers from a trace.

    A command is looked for from where the last one was found, then from the beginning, so that a session which is
    repeated runs as it ran. One that was never sent is answered 6D00. No PIN is checked: a VERIFY with data is answered
    as the one in the trace.
    """

    def __init__(self, exchanges: Iterable[Exchange], atr: bytes = CONTACT_ATR) -> None:
        self._exchanges = tuple(exchanges)
        self._atr = atr
        self._next = 0
        self._powered = False

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a trace, or a bundle of `jitsuin doctor` with one in it; of several traces the first.

        Raises KeyFileError with reason `unreadable` (and `detail`), `too-large`, `not-a-trace`, `no-trace` (a bundle
        without), `trace-version` (and `version`) or `bad-trace` (and `line`).
        """
        lines = _objects(path)
        for number, first in lines:
            if first.get("format") == FORMAT:
                break
            if number == 1 and first.get("format") != BUNDLE_FORMAT:
                raise KeyFileError(path=path, reason="not-a-trace")
        else:
            raise KeyFileError(path=path, reason="no-trace")
        if first.get("version") != VERSION:
            raise KeyFileError(path=path, reason="trace-version", version=first.get("version"))
        exchanges: list[Exchange] = []
        try:
            atr = _atr(first)
            for number, line in lines:  # noqa: B007 - told where it goes wrong
                if "format" in line:
                    break
                if "failed" not in line:  # the card was gone, or mute: nothing to play
                    exchanges.append(_exchange(line))
        except (KeyError, TypeError, ValueError):
            raise KeyFileError(path=path, reason="bad-trace", line=number) from None
        return cls(exchanges, atr)

    def power_on(self) -> bytes:
        """Cold reset; returns the ATR."""
        self._powered = True
        return self.reset()

    def reset(self) -> bytes:
        """Warm reset: back to the beginning. Returns the ATR."""
        self._next = 0
        return self._atr

    def power_off(self) -> None:
        self._powered = False

    def transmit(self, command: bytes | bytearray) -> bytes:
        """Answer a command. Raises RuntimeError without power, as the simulated card does."""
        if not self._powered:
            raise RuntimeError("the card has no power")
        count = len(self._exchanges)
        for index in chain(range(self._next, count), range(self._next)):
            if self._exchanges[index].command.matches(command):
                self._next = index + 1
                return self._exchanges[index].answer
        return Response(b"", SW.INSTRUCTION_NOT_SUPPORTED).encode()


def _objects(path: Path) -> Iterator[tuple[int, Mapping[str, object]]]:
    """An iterator over the file's lines, each a JSON object, with their numbers."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_SIZE + 1)
    except OSError as error:
        raise KeyFileError(path=path, reason="unreadable", detail=error.strerror) from None
    if len(content) > MAX_FILE_SIZE:
        raise KeyFileError(path=path, reason="too-large")
    return _parsed(path, content.split(b"\n"))


def _parsed(path: Path, lines: Iterable[bytes]) -> Iterator[tuple[int, Mapping[str, object]]]:
    for number, line in enumerate(lines, 1):
        if number > 1 and not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            reason = "not-a-trace" if number == 1 else "bad-trace"
            raise KeyFileError(path=path, reason=reason, line=number)
        yield number, value


def _atr(first: Mapping[str, object]) -> bytes:
    text = first["atr"]
    if text is None:
        return CONTACT_ATR
    atr = Scrubbed.parse(_text(text))
    if atr.dropped or not 2 <= len(atr.head) <= _MAX_ATR_LENGTH:
        raise ValueError("not an ATR")
    return atr.head


def _exchange(line: Mapping[str, object]) -> Exchange:
    sw = bytes.fromhex(_text(line["sw"]))
    if len(sw) != 2:
        raise ValueError("not a status word")
    command, response = Scrubbed.parse(_text(line["command"])), Scrubbed.parse(_text(line["response"]))
    if response.dropped is None:
        raise ValueError("an answer's length is never secret")
    return Exchange(command, response, int.from_bytes(sw, "big"))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not text")
    return value
