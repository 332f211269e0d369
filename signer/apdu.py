"""APDUs: commands, responses and the status words of ISO/IEC 7816-4 and JICSAP, and the transport that carries them.

A transport carries bytes and knows nothing of the card's application; the application knows nothing of readers.
Only short APDUs exist here: no JPKI command or answer is longer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final, Protocol

from .errors import CardDataError

MAX_LC: Final = 255
MAX_LE: Final = 256


class Ins(IntEnum):
    """Instruction bytes. Those with CLA 80 are the JPKI application's own."""

    VERIFY = 0x20
    CHANGE_REFERENCE_DATA = 0x24
    COMPUTE_DIGITAL_SIGNATURE = 0x2A
    SELECT = 0xA4
    READ_BINARY = 0xB0
    GET_RESPONSE = 0xC0
    GET_DATA = 0xCA


CLA_ISO: Final = 0x00
CLA_JPKI: Final = 0x80

P1_SELECT_EF: Final = 0x02
P1_SELECT_BY_NAME: Final = 0x04
P2_NO_FCI: Final = 0x0C
P2_CURRENT_EF: Final = 0x80
"""In VERIFY, CHANGE REFERENCE DATA and the signature command: the EF selected before. `80|SFI` names one directly."""


class SW(IntEnum):
    """Status words, by the standard's description."""

    NO_ERROR = 0x9000
    END_OF_FILE_REACHED = 0x6282
    VERIFICATION_FAILED = 0x6300
    WRONG_LENGTH = 0x6700
    LOGICAL_CHANNEL_NOT_SUPPORTED = 0x6881
    SECURE_MESSAGING_NOT_SUPPORTED = 0x6882
    COMMAND_CHAINING_NOT_SUPPORTED = 0x6884
    INCOMPATIBLE_FILE_STRUCTURE = 0x6981
    SECURITY_STATUS_NOT_SATISFIED = 0x6982
    AUTHENTICATION_METHOD_BLOCKED = 0x6983
    REFERENCE_DATA_BLOCKED = 0x6984
    CONDITIONS_NOT_SATISFIED = 0x6985
    NO_CURRENT_EF = 0x6986
    FILE_NOT_FOUND = 0x6A82
    INCORRECT_P1_P2 = 0x6A86
    REFERENCED_DATA_NOT_FOUND = 0x6A88
    WRONG_OFFSET = 0x6B00
    INSTRUCTION_NOT_SUPPORTED = 0x6D00
    CLASS_NOT_SUPPORTED = 0x6E00
    NO_PRECISE_DIAGNOSIS = 0x6F00


_SECRET_INSTRUCTIONS = frozenset({Ins.VERIFY, Ins.CHANGE_REFERENCE_DATA})


@dataclass(frozen=True)
class CommandApdu:
    """A short command APDU, cases 1 to 4 of ISO/IEC 7816-3, 12.1.3."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes | bytearray = b""
    """0 to 255 bytes. A secret is given as a bytearray, so that its owner can wipe it after the command was sent."""
    le: int | None = None
    """Bytes expected, 1 to 256; None where the command asks for none."""

    def __post_init__(self) -> None:
        if len(self.data) > MAX_LC or not (self.le is None or 1 <= self.le <= MAX_LE):
            raise ValueError("not a short APDU")

    def encode(self) -> bytearray:
        """The bytes to transmit, in a buffer of their own that the sender can wipe."""
        apdu = bytearray((self.cla, self.ins, self.p1, self.p2))
        if self.data:
            apdu.append(len(self.data))
            apdu += self.data
        if self.le is not None:
            apdu.append(self.le % MAX_LE)
        return apdu

    @classmethod
    def decode(cls, apdu: bytes | bytearray) -> CommandApdu:
        """The inverse of `encode`. Raises ValueError for anything but a well-formed short APDU."""
        if len(apdu) < 4:
            raise ValueError("shorter than a command header")
        cla, ins, p1, p2, *body = apdu
        if not body:
            return cls(cla, ins, p1, p2)
        if len(body) == 1:
            return cls(cla, ins, p1, p2, le=body[0] or MAX_LE)
        lc, rest = body[0], bytes(body[1:])
        if lc and len(rest) == lc:
            return cls(cla, ins, p1, p2, rest)
        if lc and len(rest) == lc + 1:
            return cls(cla, ins, p1, p2, rest[:lc], le=rest[lc] or MAX_LE)
        raise ValueError("Lc does not fit the length")

    def __repr__(self) -> str:
        """Hexadecimal as in the standards, without the data of a command that carries a PIN (not even its length)."""
        header = bytes((self.cla, self.ins, self.p1, self.p2)).hex(" ").upper()
        if self.ins in _SECRET_INSTRUCTIONS and self.data:
            return f"<CommandApdu {header} [secret]>"
        return f"<CommandApdu {header} {bytes(self.data).hex(' ').upper() or '-'} le={self.le}>"


@dataclass(frozen=True)
class Response:
    """A response APDU taken apart."""

    data: bytes
    sw: int

    @classmethod
    def decode(cls, raw: bytes) -> Response:
        """Raises CardDataError for fewer than the two bytes of the status word."""
        if len(raw) < 2:
            raise CardDataError(file=None, reason="no-status-word")
        return cls(bytes(raw[:-2]), int.from_bytes(raw[-2:], "big"))

    def encode(self) -> bytes:
        return self.data + self.sw.to_bytes(2, "big")


class Transport(Protocol):
    """A card under power, held for us alone from the moment this object exists until `close`.

    Exclusive because VERIFY opens the card, not the program: whoever else reaches it in the meantime could sign,
    or select a file under our feet and make a right PIN cost a try.
    """

    @property
    def name(self) -> str:
        """The reader, as shown to a person."""

    @property
    def atr(self) -> bytes | None:
        """The answer to reset; never used to decide what the card is."""

    def transmit(self, command: bytes | bytearray) -> bytes:
        """Send one command APDU and return the whole response APDU with its status word.

        Retries nothing, keeps no copy of the command and writes it to no log. Raises TransportError.
        """

    def close(self) -> None:
        """Power the card off, which ends whatever VERIFY opened, and let it go. Never raises; may be called again."""


def exchange(transport: Transport, command: CommandApdu) -> Response:
    """Send a command, wipe the encoded copy, and follow up `6Cxx` (repeat with that Le) and `61xx` (GET RESPONSE).

    Neither is expected over T=1 or ISO/IEC 14443-4, but some readers translate. A command without Le is never repeated,
    so a VERIFY goes out once whatever comes back.
    """
    response = _transmit(transport, command)
    if response.sw >> 8 == 0x6C and command.le is not None:
        response = _transmit(transport, replace(command, le=response.sw & 0xFF or MAX_LE))
    data = response.data
    while response.sw >> 8 == 0x61:
        more = CommandApdu(CLA_ISO, Ins.GET_RESPONSE, 0, 0, le=response.sw & 0xFF or MAX_LE)
        response = _transmit(transport, more)
        if not response.data:  # a card that promises more and gives nothing would keep us here for ever
            break
        data += response.data
    return Response(data, response.sw)


def _transmit(transport: Transport, command: CommandApdu) -> Response:
    encoded = command.encode()
    try:
        return Response.decode(transport.transmit(encoded))
    finally:
        encoded[:] = bytes(len(encoded))
