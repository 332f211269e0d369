"""A trace of the APDUs that pass, safe to hand to a stranger: scrubbed as it is recorded, so nothing else is ever kept.

What may stay is a list; whatever is not on it goes. A trace is text in UTF-8, JSON Lines. Its first line is

    {"format": "jitsuin-apdu-trace", "version": 1, "atr": "3BE000FF8131FE4514"}

where `atr` is null if the reader told none. Each further line is one exchange, in the order in which they took place:

    {"command": "00B0000004", "response": "308204F2", "sw": "9000", "ms": 12}

`command` and `response` (the data field; the status word is `sw`) are hexadecimal. What was scrubbed is replaced by its
number of bytes in brackets, or by `[secret]` where not even that is kept: `0020009B[secret]` is a VERIFY that carried a
PIN, `802A009A33[51]00` a signature command, `308204F2[252]` the beginning of a certificate. `ms` are the milliseconds
until the answer. An exchange without an answer has `failed`, the name of the error, in place of `response` and `sw`.

What stays of a command: the header and Le; the data of SELECT; the length of what is to be signed. What stays of an
answer: its length and status word; of the certificate files the first four bytes, of EF 0006 the token's name (a serial
number comes after it), of EF 0008 its three bytes. The historical bytes of an ATR that is not known to be shared by
many cards become zeros, since some readers put the card's own number there.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import Final, Self

from .apdu import CLA_ISO, CLA_JPKI, P1_SELECT_BY_NAME, P1_SELECT_EF, SW, CommandApdu, Ins, Response, Transport
from .errors import SignerError
from .jpki_application import JPKI_AID, Ef

FORMAT: Final = "jitsuin-apdu-trace"
VERSION: Final = 1
BUNDLE_FORMAT: Final = "jitsuin-doctor"
"""The format in the first line of a file in which other lines precede a trace: the bundle of `jitsuin doctor`."""

KNOWN_ATRS: Final = frozenset(
    bytes.fromhex(atr)
    for atr in (
        "3BE000FF8131FE4514",
        "3BDA13FF8131FB468012392F31C173C601C03B",
        "3BC5FF8131FB458073C6010000",
        "3BF59100FF918171FE400042000100D1D6",
        "3BF59100FF918171FE4000420001B3A115",
        "3B888001000005E0B381A1007F",
        "3B888001000041E0B381A1003B",
        "3B888001004B51FF0081D100BC",
        "3B888001004B51FFB381D1000F",
    )
)
"""Of My Number cards, as OpenSC lists them: each belongs to many cards, so it says nothing about one."""

_CERTIFICATES = frozenset(
    {
        Ef.SIGNATURE_CERTIFICATE,
        Ef.SIGNATURE_CA_CERTIFICATE,
        Ef.AUTHENTICATION_CERTIFICATE,
        Ef.AUTHENTICATION_CA_CERTIFICATE,
    }
)
_DER_HEADER_LENGTH = 4
_TOKEN_NAME = re.compile(rb"JPKI[A-Z0-9]*[ \0]*")
_TOKEN_NAME_LENGTH = 32
_AVAILABILITY_LENGTH = 3
_MAX_AID_LENGTH = 16
_MAX_LENGTH = 65536
_SW1_MORE_DATA = 0x61
_NOTATION = re.compile(r"((?:[0-9A-F]{2})*)(?:\[(secret|[0-9]{1,5})\]((?:[0-9A-F]{2})*))?")


@dataclass(frozen=True)
class Scrubbed:
    """Bytes of which a part may be missing."""

    head: bytes
    dropped: int | None = 0
    """How many bytes are missing after the head; None where not even that is told."""
    tail: bytes = b""

    def __str__(self) -> str:
        if self.dropped == 0:
            return self.head.hex().upper()
        dropped = "secret" if self.dropped is None else self.dropped
        return f"{self.head.hex().upper()}[{dropped}]{self.tail.hex().upper()}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The inverse of `str`. Raises ValueError."""
        match = _NOTATION.fullmatch(text)
        if match is None:
            raise ValueError("not the notation of scrubbed bytes")
        head, dropped, tail = match.groups(default="")
        length = None if dropped == "secret" else int(dropped or 0)
        if length is not None and length > _MAX_LENGTH:
            raise ValueError("longer than any APDU")
        return cls(bytes.fromhex(head), length, bytes.fromhex(tail))

    def matches(self, raw: bytes | bytearray) -> bool:
        """Whether these could be the bytes before they were scrubbed."""
        kept = len(self.head) + len(self.tail)
        fits = len(raw) > kept if self.dropped is None else len(raw) == kept + self.dropped
        return fits and raw.startswith(self.head) and raw.endswith(self.tail)

    def filled(self) -> bytes:
        """The bytes with zeros for what is missing."""
        return self.head + bytes(self.dropped or 0) + self.tail


class TraceWriter:
    """Writes the exchanges with one card. It follows which file is selected, for that decides what may be kept."""

    def __init__(self, write: Callable[[str], object], atr: bytes | None) -> None:
        """`write` is given each line with its end, as by a text file's `write` or a list's `append`."""
        self._write = write
        self._in_jpki = False
        self._current: int | None = None
        self._more: tuple[int | None, int] | None = None
        """File and offset of what GET RESPONSE fetches."""
        self._line(format=FORMAT, version=VERSION, atr=None if atr is None else scrubbed_atr(atr).hex().upper())

    def record(self, command: bytes | bytearray, answer: bytes, milliseconds: int) -> None:
        """Write one exchange. No copy is made of a command that may carry a secret."""
        sent = scrubbed_command(command)
        if len(answer) < 2:
            self._forget()
            self._line(command=str(sent), failed="no-status-word", ms=milliseconds)
            return
        response = Response.decode(answer)
        file, offset = self._read_by(sent, response.sw)
        kept = _harmless(file, offset, response.data)
        received = Scrubbed(kept, len(response.data) - len(kept))
        self._line(command=str(sent), response=str(received), sw=f"{response.sw:04X}", ms=milliseconds)

    def record_failure(self, command: bytes | bytearray, error: Exception, milliseconds: int) -> None:
        """Write that a command was not answered."""
        self._forget()
        self._line(command=str(scrubbed_command(command)), failed=type(error).__name__, ms=milliseconds)

    def _read_by(self, sent: Scrubbed, sw: int) -> tuple[int | None, int]:
        """The file and offset that an answer's data come from; None for a file or command that we do not know."""
        source: tuple[int | None, int] = (None, 0)
        more, self._more = self._more, None
        command = CommandApdu.decode(sent.head) if sent.dropped == 0 else None
        if command is None or command.cla != CLA_ISO:
            self._current = None  # a VERIFY or signature by short file identifier selects
        elif command.ins == Ins.SELECT:
            self._follow(command, sw)
        elif command.ins == Ins.READ_BINARY:
            source = self._follow_read(command, sw)
        elif command.ins == Ins.GET_RESPONSE and more is not None:
            source = more
        elif command.p2 != 0x80:
            self._current = None
        if sw >> 8 == _SW1_MORE_DATA:
            self._more = source
        return source

    def _follow(self, command: CommandApdu, sw: int) -> None:
        by_name = command.p1 == P1_SELECT_BY_NAME
        if command.p1 != P1_SELECT_EF:
            self._in_jpki = by_name and sw == SW.NO_ERROR and command.data == JPKI_AID
        found = command.p1 == P1_SELECT_EF and sw == SW.NO_ERROR and len(command.data) == 2
        self._current = int.from_bytes(command.data, "big") if found else None

    def _follow_read(self, command: CommandApdu, sw: int) -> tuple[int | None, int]:
        offset = command.p1 << 8 | command.p2
        if command.p1 & 0x80:
            self._current, offset = command.p1 & 0x1F, command.p2
        file = self._current if self._in_jpki else None
        if command.p1 & 0x80 and sw != SW.NO_ERROR:
            self._current = None  # not selected, perhaps
        return file, offset

    def _forget(self) -> None:
        self._in_jpki, self._current, self._more = False, None, None

    def _line(self, **fields: object) -> None:
        self._write(json.dumps(fields) + "\n")


class TracedTransport:
    """A `Transport` that writes down what passes through another one, scrubbed."""

    def __init__(self, transport: Transport, write: Callable[[str], object]) -> None:
        """`write` as for `TraceWriter`."""
        self._transport = transport
        self._trace = TraceWriter(write, transport.atr)

    @property
    def name(self) -> str:
        return self._transport.name

    @property
    def atr(self) -> bytes | None:
        return self._transport.atr

    def transmit(self, command: bytes | bytearray) -> bytes:
        begin = time.monotonic()
        try:
            answer = self._transport.transmit(command)
        except SignerError as error:
            self._trace.record_failure(command, error, _since(begin))
            raise
        self._trace.record(command, answer, _since(begin))
        return answer

    def close(self) -> None:
        self._transport.close()


def scrubbed_command(raw: bytes | bytearray) -> Scrubbed:
    """What may be kept of a command. Only commands that are known to carry no secret are looked into."""
    if len(raw) <= 5:
        return Scrubbed(bytes(raw)) if len(raw) >= 4 else Scrubbed(b"", None)
    header = bytes(raw[:4])
    if (header[0], header[1]) in ((CLA_ISO, Ins.SELECT), (CLA_JPKI, Ins.COMPUTE_DIGITAL_SIGNATURE)):
        try:
            command = CommandApdu.decode(raw)
        except ValueError:
            return Scrubbed(header, None)
        end = 5 + len(command.data)
        if command.ins == Ins.COMPUTE_DIGITAL_SIGNATURE:
            return Scrubbed(bytes(raw[:5]), len(command.data), bytes(raw[end:]))
        if len(command.data) <= _MAX_AID_LENGTH:
            return Scrubbed(bytes(raw))
    return Scrubbed(header, None)


def scrubbed_atr(atr: bytes) -> bytes:
    """The ATR as it is if many cards share it, else with zeros for historical bytes (ISO/IEC 7816-3, 8.2)."""
    if atr in KNOWN_ATRS or len(atr) < 2:
        return atr if atr in KNOWN_ATRS else b""
    position, indicator, checked = 2, atr[1], False
    while True:
        position += (indicator >> 4).bit_count()
        if not indicator & 0x80 or position > len(atr):
            break
        indicator = atr[position - 1]
        checked = checked or indicator & 0x0F != 0  # TCK is there unless T=0 is the only protocol
    end = len(atr) - checked
    scrubbed = atr[: min(position, end)].ljust(end, b"\0")
    return scrubbed + bytes([reduce(xor, scrubbed[1:])]) * checked


def _harmless(file: int | None, offset: int, data: bytes) -> bytes:
    """The beginning of an answer's data that may be kept. The content is looked at, too: it may be another file's,
    if another program has selected one under our feet."""
    if file in _CERTIFICATES and offset < _DER_HEADER_LENGTH and (offset > 0 or data[:1] == b"\x30"):
        return data[: _DER_HEADER_LENGTH - offset]
    if file == Ef.TOKEN_INFORMATION and offset == 0 and _TOKEN_NAME.fullmatch(data[:_TOKEN_NAME_LENGTH]):
        return data[:_TOKEN_NAME_LENGTH]
    if file == Ef.CERTIFICATE_AVAILABILITY and offset < _AVAILABILITY_LENGTH:
        return data[: _AVAILABILITY_LENGTH - offset]
    return b""


def _since(begin: float) -> int:
    return round((time.monotonic() - begin) * 1000)
