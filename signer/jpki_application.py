"""The card's JPKI application: one method for each thing that the card can do, with the bytes of each command.

What must be done in which order, and what a citizen's card must be spared, is the business of `jpki.JpkiSigner`.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from .apdu import (
    CLA_ISO,
    CLA_JPKI,
    MAX_LE,
    P1_SELECT_BY_NAME,
    P1_SELECT_EF,
    P2_CURRENT_EF,
    P2_NO_FCI,
    SW,
    CommandApdu,
    Ins,
    Response,
    Transport,
    exchange,
)
from .digest_info import assert_digest_info
from .errors import (
    CardDataError,
    DigestInfoError,
    NotMyNumberCardError,
    PinBlockedError,
    PinIncorrectError,
    StatusWordError,
    TokenError,
    TriesUnknownError,
)
from .pin import Secret

JPKI_AID: Final = bytes.fromhex("D392F000260100000001")
ISSUER_SECURITY_DOMAIN_AID: Final = bytes.fromhex("A0000001510000")


class Ef(IntEnum):
    """The elementary files of the JPKI application."""

    SIGNATURE_CERTIFICATE = 0x0001
    SIGNATURE_CA_CERTIFICATE = 0x0002
    TOKEN_INFORMATION = 0x0006
    CERTIFICATE_AVAILABILITY = 0x0008
    AUTHENTICATION_CERTIFICATE = 0x000A
    AUTHENTICATION_CA_CERTIFICATE = 0x000B
    AUTHENTICATION_KEY = 0x0017
    AUTHENTICATION_PIN = 0x0018
    SIGNATURE_KEY = 0x001A
    SIGNATURE_PIN = 0x001B


_BLOCKED = frozenset({0x63C0, SW.AUTHENTICATION_METHOD_BLOCKED, SW.REFERENCE_DATA_BLOCKED})
_OFFSET_END = 0x8000
"""READ BINARY has 15 bits of offset."""
_BLOCK = MAX_LE
_MIDDLE = 0xFF
_P1_SHORT_IDENTIFIER = 0x80
"""In READ BINARY: P1 is `80|SFI`, and P2 the offset."""
_NO_SHORT_IDENTIFIERS = frozenset(
    {
        SW.WRONG_LENGTH,
        SW.INCOMPATIBLE_FILE_STRUCTURE,
        SW.CONDITIONS_NOT_SATISFIED,
        SW.NO_CURRENT_EF,
        SW.FILE_NOT_FOUND,
        SW.INCORRECT_P1_P2,
        SW.REFERENCED_DATA_NOT_FOUND,
        SW.WRONG_OFFSET,
        SW.INSTRUCTION_NOT_SUPPORTED,
        SW.NO_PRECISE_DIAGNOSIS,
    }
)
"""Answers by which a card may say that it does not know short file identifiers; the file is then selected instead."""


@dataclass(frozen=True)
class Availability:
    """Which certificates the card says it carries (EF 0008)."""

    signature: bool
    authentication: bool


class JpkiApplication:
    """The commands of the JPKI application. One that the card refuses raises StatusWordError unless said otherwise.

    A command names its file by the short identifier, where the card takes that: it saves the SELECT, and nobody can
    have selected another PIN's file in between. Cards that do not are found out by commands that cost nothing.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._current_ef: Ef | None = None
        self._short: dict[Ef, bool] = {}
        """The files that have answered so far: whether to their short identifiers, or only when selected."""

    @property
    def transport(self) -> Transport:
        return self._transport

    def select(self) -> None:
        """Select the application; this is how a My Number card is recognised. Raises NotMyNumberCardError."""
        select = CommandApdu(CLA_ISO, Ins.SELECT, P1_SELECT_BY_NAME, P2_NO_FCI, JPKI_AID)
        self._current_ef = None
        response = exchange(self._transport, select)
        if response.sw == SW.NO_PRECISE_DIAGNOSIS:
            # Some cards answer the first command after power-up with 6F00, whatever it is.
            response = exchange(self._transport, select)
        if response.sw != SW.NO_ERROR:
            raise NotMyNumberCardError(sw=response.sw)

    def token_information(self) -> str:
        """The token's name, in the first 32 bytes of EF 0006: `JPKIAPICCTOKEN2`, `JPKIAPGPSETOKEN`, …"""
        name = self._read_file(Ef.TOKEN_INFORMATION, 0, 32)
        if not name.isascii():
            raise CardDataError(file="0006", reason="not-ascii")
        return name.decode("ascii").rstrip(" \0")

    def availability(self) -> Availability:
        """What EF 0008 says. A byte is 8F where the certificate is there; we take only 00 to mean that it is not."""
        flags = self._read_file(Ef.CERTIFICATE_AVAILABILITY, 0, 3)
        if len(flags) < 2:
            raise CardDataError(file="0008", reason="short")
        return Availability(signature=flags[0] != 0, authentication=flags[1] != 0)

    def tries_left(self, pin: Ef) -> int:
        """Ask the retry counter with an empty VERIFY, which costs nothing; 0 is blocked.

        Raises TriesUnknownError for any other answer, 9000 (no verification required) included.
        """
        sw = self._refer(CLA_ISO, Ins.VERIFY, pin).sw
        if sw in _BLOCKED:
            return 0
        if sw & 0xFFF0 == 0x63C0:
            return sw & 0x0F
        raise TriesUnknownError(sw=sw)

    def verify(self, pin: Ef, secret: Secret) -> None:
        """Present the PIN, once, and wipe it. Raises PinIncorrectError, or PinBlockedError if no try is left now.

        Minutes may have passed at the prompt. So the command names its file, or selects it again: a card that was reset
        meanwhile answers with an error, and no other PIN can be meant.
        """
        with secret:
            if not secret.buffer:
                raise ValueError("an empty VERIFY is a question, not a try")
            if self._short.get(pin):
                sw = self._send(CLA_ISO, Ins.VERIFY, 0x00, P2_CURRENT_EF | pin, secret.buffer).sw
            else:
                self._select_ef(pin)
                sw = self._send(CLA_ISO, Ins.VERIFY, 0x00, P2_CURRENT_EF, secret.buffer).sw
        if sw == SW.NO_ERROR:
            return
        if sw in _BLOCKED:
            raise PinBlockedError(sw=sw)
        if sw & 0xFFF0 == 0x63C0:
            raise PinIncorrectError(tries_left=sw & 0x0F)
        if sw == SW.VERIFICATION_FAILED:
            raise PinIncorrectError(tries_left=None)
        raise StatusWordError(command=Ins.VERIFY.name, sw=sw)

    def recognised(self, ef: Ef, known: Iterable[x509.Certificate]) -> x509.Certificate | None:
        """Which of the certificates the file holds, by one block from its middle, to spare reading the rest.

        The block is where the public key stands: JPKI's CAs share one name. That proves nothing, as the whole file
        would not: only a signature that verifies under the key does.
        """
        block = self._read_file(ef, _MIDDLE, _BLOCK)
        if len(block) < _BLOCK:
            return None
        return next((c for c in known if c.public_bytes(Encoding.DER)[_MIDDLE : _MIDDLE + _BLOCK] == block), None)

    def read_certificate(self, ef: Ef) -> x509.Certificate:
        """Read one DER certificate by its own length: the files are longer and end in filler. Raises CardDataError."""
        der = self._read_file(ef, 0, _BLOCK)
        # Every certificate is between 256 bytes and 64 KiB, so its DER starts with SEQUENCE and a two-byte length.
        if der[:2] != b"\x30\x82" or len(der) < 4:
            raise CardDataError(file=f"{ef:04X}", reason="not-a-certificate")
        end = 4 + int.from_bytes(der[2:4], "big")
        if end > _OFFSET_END:
            raise CardDataError(file=f"{ef:04X}", reason="too-long")
        while len(der) < end:
            chunk = self._read_binary(len(der), min(_BLOCK, end - len(der)))
            if not chunk:
                raise CardDataError(file=f"{ef:04X}", reason="short")
            der += chunk
        try:
            return x509.load_der_x509_certificate(der[:end])
        except ValueError:
            raise CardDataError(file=f"{ef:04X}", reason="not-a-certificate") from None

    def exists(self, ef: Ef) -> bool:
        """Whether the file can be selected, which needs no PIN even where reading does."""
        try:
            self._select_ef(ef)
        except StatusWordError as error:
            if error.sw == SW.FILE_NOT_FOUND:
                return False
            raise
        return True

    def sign_digest_info(self, key: Ef, info: bytes) -> bytes:
        """COMPUTE DIGITAL SIGNATURE of a DER DigestInfo by an RSA key; the card pads it (RFC 8017, 9.2).

        Raises DigestInfoError before anything is sent if the card, which checks nothing, would sign something else.
        """
        assert_digest_info(info)
        return self._compute_digital_signature(key, info)

    def sign_hash_p384(self, key: Ef, sha384: bytes) -> bytes:
        """COMPUTE DIGITAL SIGNATURE of a 48-byte SHA-384 hash by a P-384 key; returns DER Ecdsa-Sig-Value.

        **Our own assumption.** The next card is announced with this algorithm, but its commands are not published. Here
        it takes the hash where today's card takes the DigestInfo, and answers r and s in 48 bytes each.
        """
        if len(sha384) != 48:
            raise DigestInfoError(length=len(sha384))
        raw = self._compute_digital_signature(key, sha384)
        if len(raw) != 96:
            raise CardDataError(file=f"{key:04X}", reason="signature-length")
        return encode_dss_signature(int.from_bytes(raw[:48], "big"), int.from_bytes(raw[48:], "big"))

    def leave(self) -> None:
        """Close what VERIFY opened, twice over: select another application, then power the card off. Never raises."""
        try:
            with suppress(TokenError):
                self._send(CLA_ISO, Ins.SELECT, P1_SELECT_BY_NAME, P2_NO_FCI, ISSUER_SECURITY_DOMAIN_AID)
        finally:
            self._transport.close()

    def step_aside(self) -> None:
        """End a look: what another program's PIN has opened stays open, but no PIN's file stays selected.

        Never raises.
        """
        try:
            with suppress(TokenError):
                self.select()
        finally:
            self._transport.close()

    def _compute_digital_signature(self, key: Ef, data: bytes) -> bytes:
        response = self._refer(CLA_JPKI, Ins.COMPUTE_DIGITAL_SIGNATURE, key, data, le=MAX_LE)
        return self._checked(Ins.COMPUTE_DIGITAL_SIGNATURE, response)

    def _refer(self, cla: int, ins: Ins, ef: Ef, data: bytes = b"", le: int | None = None) -> Response:
        """A command that refers to a file by P2, and costs nothing if it is refused."""
        if self._try_short(ef):
            response = self._send(cla, ins, 0x00, P2_CURRENT_EF | ef, data, le)
            if self._answered_to_short(ef, response):
                return response
        if self._current_ef is not ef:  # a batch signs with the same key again and again
            self._select_ef(ef)
        response = self._send(cla, ins, 0x00, P2_CURRENT_EF, data, le)
        self._short[ef] = False
        return response

    def _read_file(self, ef: Ef, offset: int, length: int) -> bytes:
        """READ BINARY of a file, which becomes the current one; the offset is at most 255."""
        if self._try_short(ef):
            response = self._send(CLA_ISO, Ins.READ_BINARY, _P1_SHORT_IDENTIFIER | ef, offset, le=length)
            if self._answered_to_short(ef, response):
                return self._read(response, length)
        self._select_ef(ef)
        data = self._read_binary(offset, length)
        self._short[ef] = False
        return data

    def _try_short(self, ef: Ef) -> bool:
        """What this file has shown; else what any has; else yes."""
        return self._short.get(ef, not self._short or any(self._short.values()))

    def _answered_to_short(self, ef: Ef, response: Response) -> bool:
        """Whether the answer stands: a refusal that may be one of the short identifier does not, the first time."""
        if response.sw in _NO_SHORT_IDENTIFIERS and not self._short.get(ef):
            return False
        self._current_ef = None  # which file is the current one now is the card's secret
        self._short[ef] = True
        return True

    def _select_ef(self, ef: Ef) -> None:
        self._current_ef = None
        response = self._send(CLA_ISO, Ins.SELECT, P1_SELECT_EF, P2_NO_FCI, ef.to_bytes(2, "big"))
        self._checked(Ins.SELECT, response)
        self._current_ef = ef

    def _read_binary(self, offset: int, length: int) -> bytes:
        """READ BINARY of the current EF; may be shorter than asked at the end of the file, and empty beyond it."""
        return self._read(self._send(CLA_ISO, Ins.READ_BINARY, offset >> 8, offset & 0xFF, le=length), length)

    def _read(self, response: Response, length: int) -> bytes:
        if len(response.data) > length:  # what follows would stand at the wrong place
            raise CardDataError(file=None, reason="long")
        if response.sw in (SW.END_OF_FILE_REACHED, SW.WRONG_OFFSET):
            return response.data
        return self._checked(Ins.READ_BINARY, response)

    def _send(
        self, cla: int, ins: Ins, p1: int, p2: int, data: bytes | bytearray = b"", le: int | None = None
    ) -> Response:
        return exchange(self._transport, CommandApdu(cla, ins, p1, p2, data, le))

    @staticmethod
    def _checked(ins: Ins, response: Response) -> bytes:
        if response.sw != SW.NO_ERROR:
            raise StatusWordError(command=ins.name, sw=response.sw)
        return response.data
