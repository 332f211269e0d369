"""What is on the simulated card: the elementary files of the JPKI application and the card's own peculiarities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa

CERTIFICATE_FILE_SIZE: Final = 3808
"""Bytes allocated for a certificate, as measured on a real card; what the DER leaves over is filler."""
FILLER: Final = b"\xff"

NOBODY: Final = -1
"""In place of a PIN's file identifier: no PIN of the holder opens this."""


@dataclass(frozen=True)
class TransparentEf:
    """Bytes to be read."""

    content: bytes
    pin: int | None = None
    """The file identifier of the PIN that must have been verified; None is free to read."""

    @classmethod
    def of_certificate(cls, der: bytes, pin: int | None = None) -> TransparentEf:
        return cls(der.ljust(CERTIFICATE_FILE_SIZE, FILLER), pin)


@dataclass(frozen=True)
class KeyEf:
    """A private key, to be used and never read."""

    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    pin: int


@dataclass
class PinEf:
    """A PIN with its retry counter, the only thing on the card that changes."""

    value: bytes
    tries_left: int
    tries: int
    """What a right PIN restores the counter to."""
    lengths: range


Ef = TransparentEf | KeyEf | PinEf
FileSystem = Mapping[int, Ef]


class Interface(Enum):
    """How the card meets the reader. It shows only in the ATR."""

    CONTACT = "contact"
    CONTACTLESS = "contactless"
    CONTACTLESS_PUPI = "contactless-pupi"
    """Through a reader that puts the card's random identifier into the ATR: another one at every power-up."""


@dataclass(frozen=True)
class Quirks:
    """What single real cards and readers do differently. All of it is legal, and a signer must live with it."""

    interface: Interface = Interface.CONTACT
    first_command_fails: bool = False
    """The first command after power-up is answered 6F00, whatever it is."""
    silent_counter: bool = False
    """The retry query is answered 9000 while the PIN is verified."""
    short_identifiers: bool = True
    """Commands may name a file by its short identifier; else they are refused with 6A86."""


@dataclass(frozen=True)
class Contents:
    """A personalised card: its files and its peculiarities."""

    files: FileSystem
    quirks: Quirks = field(default_factory=Quirks)
