"""The simulated card: a state machine that takes command APDUs and answers as a My Number card does.

It keeps to what was observed on real cards and, where nothing was observed, to JICSAP 1.1 and ISO/IEC 7816-4. What a
PIN has opened survives selecting files, selecting the JPKI application again and a warm reset; it ends when the power
goes and when any other application is selected. Counters are saved before the answer leaves, as in a card whose power
may fail.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable
from functools import reduce
from operator import xor
from typing import Final, TypeVar

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo, Prehashed, decode_dss_signature

from ..apdu import CLA_ISO, CLA_JPKI, MAX_LE, SW, CommandApdu, Ins, Response
from ..jpki_application import ISSUER_SECURITY_DOMAIN_AID, JPKI_AID
from .filesystem import FileSystem, Interface, KeyEf, PinEf, Quirks, TransparentEf

OTHER_APPLICATIONS: Final = frozenset(
    {
        ISSUER_SECURITY_DOMAIN_AID,
        bytes.fromhex("D3921000310001010408"),  # 券面事項入力補助, text
        bytes.fromhex("D3921000310001010402"),  # 券面事項確認, visual
        bytes.fromhex("D3921000310001010401"),  # another one of the card's face
        bytes.fromhex("D3921000310001010100"),  # common
    }
)
CONTACT_ATR: Final = bytes.fromhex("3BE000FF8131FE4514")
CONTACTLESS_ATR: Final = bytes.fromhex("3B888001000041E0B381A1003B")
TAG_CONTACT_ATR: Final = 0x5F51
MAX_PIN_LENGTH: Final = 16

_Kind = TypeVar("_Kind", TransparentEf, KeyEf, PinEf)


class _Refused(Exception):  # noqa: N818 - not an error of ours: the card's answer
    def __init__(self, sw: int) -> None:
        self.sw = sw


class Applet:
    """A card from power-up to power-down. While the power is on, `transmit` answers whatever bytes it is given."""

    def __init__(
        self,
        files: FileSystem,
        save: Callable[[], None],
        quirks: Quirks = Quirks(),  # noqa: B008 - frozen
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """`save` is called after a counter or PIN in `files` has changed and before the answer is returned."""
        self._files = files
        self._save = save
        self._quirks = quirks
        self._random = random
        self._powered = False
        self._application: bytes | None = None
        self._current: int | None = None
        self._verified: set[int] = set()
        self._fresh = False
        self._atr = b""

    # The contacts

    def power_on(self) -> bytes:
        """Cold reset; returns the ATR."""
        self.power_off()
        self._powered = self._fresh = True
        self._atr = self._answer_to_reset()
        return self._atr

    def reset(self) -> bytes:
        """Warm reset: the selection is lost, what a PIN has opened is not (measured on real cards). Returns the ATR."""
        if not self._powered:
            return self.power_on()
        self._application = self._current = None
        return self._atr

    def power_off(self) -> None:
        self._powered = False
        self._application = self._current = None
        self._verified.clear()

    def transmit(self, command: bytes | bytearray) -> bytes:
        """Answer one command APDU. Raises RuntimeError without power: a matter of the reader, not of the card."""
        if not self._powered:
            raise RuntimeError("the card has no power")
        try:
            return self._answer(command).encode()
        except _Refused as refusal:
            return Response(b"", refusal.sw).encode()

    def _answer_to_reset(self) -> bytes:
        if self._quirks.interface is Interface.CONTACT:
            return CONTACT_ATR
        if self._quirks.interface is Interface.CONTACTLESS:
            return CONTACTLESS_ATR
        body = CONTACTLESS_ATR[1:4] + self._random(4) + CONTACTLESS_ATR[8:-1]
        return CONTACTLESS_ATR[:1] + body + bytes([reduce(xor, body)])

    # The commands

    def _answer(self, raw: bytes | bytearray) -> Response:
        if self._fresh:
            self._fresh = False
            if self._quirks.first_command_fails:
                raise _Refused(SW.NO_PRECISE_DIAGNOSIS)
        try:
            command = CommandApdu.decode(raw)
        except ValueError:
            raise _Refused(SW.WRONG_LENGTH) from None
        known: dict[tuple[int, int], Callable[[CommandApdu], Response]] = {
            (CLA_ISO, Ins.SELECT): self._select,
            (CLA_ISO, Ins.READ_BINARY): self._read_binary,
            (CLA_ISO, Ins.VERIFY): self._verify,
            (CLA_ISO, Ins.CHANGE_REFERENCE_DATA): self._change_reference_data,
            (CLA_ISO, Ins.GET_DATA): self._get_data,
            (CLA_JPKI, Ins.COMPUTE_DIGITAL_SIGNATURE): self._compute_digital_signature,
        }
        if perform := known.get((command.cla, command.ins)):
            return perform(command)
        if command.cla & 0x0C:
            raise _Refused(SW.SECURE_MESSAGING_NOT_SUPPORTED)
        if command.cla & 0x10:
            raise _Refused(SW.COMMAND_CHAINING_NOT_SUPPORTED)
        if command.cla & 0x03:
            raise _Refused(SW.LOGICAL_CHANNEL_NOT_SUPPORTED)
        raise _Refused(SW.INSTRUCTION_NOT_SUPPORTED if command.cla in (CLA_ISO, CLA_JPKI) else SW.CLASS_NOT_SUPPORTED)

    def _select(self, command: CommandApdu) -> Response:
        match command.p1, command.p2:
            case 0x04, 0x0C:
                return self._select_application(bytes(command.data))
            case 0x02, 0x0C:
                return self._select_file(bytes(command.data))
            case 0x00, 0x00 if self._application is not None:
                return Response(b"", SW.NO_ERROR)  # observed: says yes and changes nothing
        raise _Refused(SW.INCORRECT_P1_P2)

    def _select_application(self, aid: bytes) -> Response:
        if aid != JPKI_AID and aid not in OTHER_APPLICATIONS:
            raise _Refused(SW.FILE_NOT_FOUND)
        if aid != JPKI_AID:
            self._verified.clear()
        self._application = aid
        self._current = None
        return Response(b"", SW.NO_ERROR)

    def _select_file(self, identifier: bytes) -> Response:
        if len(identifier) != 2:
            raise _Refused(SW.WRONG_LENGTH)
        number = int.from_bytes(identifier, "big")
        if self._application != JPKI_AID or number not in self._files:
            raise _Refused(SW.FILE_NOT_FOUND)
        self._current = number
        return Response(b"", SW.NO_ERROR)

    def _read_binary(self, command: CommandApdu) -> Response:
        if command.data or command.le is None:
            raise _Refused(SW.WRONG_LENGTH)
        offset = command.p1 << 8 | command.p2
        if command.p1 & 0x80:
            if command.p1 & 0x60:
                raise _Refused(SW.INCORRECT_P1_P2)
            self._select_short(command.p1 & 0x1F, SW.FILE_NOT_FOUND)
            offset = command.p2
        ef = self._current_ef(TransparentEf)
        self._require(ef.pin)
        if offset >= len(ef.content):
            raise _Refused(SW.WRONG_OFFSET)
        # JICSAP 6.4.1: to the end of the file, if that comes before Le.
        return Response(ef.content[offset : offset + command.le], SW.NO_ERROR)

    def _verify(self, command: CommandApdu) -> Response:
        if command.p1 != 0x00:
            raise _Refused(SW.INCORRECT_P1_P2)
        pin, number = self._referenced(command.p2, PinEf)
        if command.le is not None or len(command.data) > MAX_PIN_LENGTH:
            raise _Refused(SW.WRONG_LENGTH)
        if pin.tries_left == 0:
            raise _Refused(SW.REFERENCE_DATA_BLOCKED)
        if not command.data:
            verified = self._quirks.silent_counter and number in self._verified
            raise _Refused(SW.NO_ERROR if verified else 0x63C0 | pin.tries_left)
        # The try is spent before the comparison: pulling the card out at the right moment must not win one.
        self._verified.discard(number)
        pin.tries_left -= 1
        self._save()
        if not hmac.compare_digest(bytes(command.data), pin.value):
            raise _Refused(0x63C0 | pin.tries_left)
        pin.tries_left = pin.tries
        self._save()
        self._verified.add(number)
        return Response(b"", SW.NO_ERROR)

    def _change_reference_data(self, command: CommandApdu) -> Response:
        if command.p1 != 0x01:
            raise _Refused(SW.INCORRECT_P1_P2)
        pin, number = self._referenced(command.p2, PinEf)
        if command.le is not None or len(command.data) not in pin.lengths:
            raise _Refused(SW.WRONG_LENGTH)
        self._require(number)
        pin.value = bytes(command.data)
        self._save()
        return Response(b"", SW.NO_ERROR)

    def _get_data(self, command: CommandApdu) -> Response:
        """The contact interface's ATR without its first byte: all that a contactless reader can learn of it."""
        if command.p1 << 8 | command.p2 != TAG_CONTACT_ATR:
            raise _Refused(SW.REFERENCED_DATA_NOT_FOUND)
        return Response(CONTACT_ATR[1:], SW.NO_ERROR)

    def _compute_digital_signature(self, command: CommandApdu) -> Response:
        if command.p1 > 0x05:
            raise _Refused(SW.INCORRECT_P1_P2)
        ef, _ = self._referenced(command.p2, KeyEf)
        if not command.data or command.le is None:
            raise _Refused(SW.WRONG_LENGTH)
        self._require(ef.pin)
        data = bytes(command.data)
        if isinstance(ef.key, rsa.RSAPrivateKey):
            value = _sign_rsa(ef.key, command.p1, data)
        else:
            value = _sign_p384(ef.key, command.p1, data)
        if command.le < len(value):
            raise _Refused(0x6C00 | len(value) % MAX_LE)
        return Response(value, SW.NO_ERROR)

    # What the commands have in common

    def _referenced(self, p2: int, kind: type[_Kind]) -> tuple[_Kind, int]:
        """The file that P2 means: `80` the current EF, `80|SFI` the one of that short identifier, which it selects."""
        if not p2 & 0x80 or p2 & 0x60:
            raise _Refused(SW.INCORRECT_P1_P2)
        if short := p2 & 0x1F:
            self._select_short(short, SW.REFERENCED_DATA_NOT_FOUND)
        ef = self._current_ef(kind)
        assert self._current is not None  # noqa: S101 - or there would be no current EF
        return ef, self._current

    def _select_short(self, identifier: int, absent: SW) -> None:
        if not self._quirks.short_identifiers:
            raise _Refused(SW.INCORRECT_P1_P2)
        if self._application != JPKI_AID or identifier not in self._files:
            raise _Refused(absent)
        self._current = identifier

    def _current_ef(self, kind: type[_Kind]) -> _Kind:
        if self._current is None:
            raise _Refused(SW.NO_CURRENT_EF)
        ef = self._files[self._current]
        if not isinstance(ef, kind):
            raise _Refused(SW.INCOMPATIBLE_FILE_STRUCTURE)
        return ef

    def _require(self, pin: int | None) -> None:
        if pin is not None and pin not in self._verified:
            raise _Refused(SW.SECURITY_STATUS_NOT_SATISFIED)


def _sha256(data: bytes) -> bytes:
    hasher = hashes.Hash(hashes.SHA256())
    hasher.update(data)
    return hasher.finalize()


def _sign_rsa(key: rsa.RSAPrivateKey, scheme: int, data: bytes) -> bytes:
    """The schemes of P1: 00 the bytes as given, 01 bare hash, 02 and 03 with DigestInfo, 04 and 05 PSS."""
    if scheme == 0x00 and len(data) > key.key_size // 8 - 11:  # RFC 8017, 9.2: at least eight bytes of padding
        raise _Refused(SW.CONDITIONS_NOT_SATISFIED)
    if scheme in (0x02, 0x04) and len(data) != hashes.SHA256.digest_size:
        raise _Refused(SW.CONDITIONS_NOT_SATISFIED)
    pkcs1, prehashed = padding.PKCS1v15(), Prehashed(hashes.SHA256())
    match scheme:
        case 0x00:
            return key.sign(data, pkcs1, NoDigestInfo())
        case 0x01:
            return key.sign(_sha256(data), pkcs1, NoDigestInfo())
        case 0x02 | 0x03:
            return key.sign(data if scheme == 0x02 else _sha256(data), pkcs1, prehashed)
        case _:
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
            return key.sign(data if scheme == 0x04 else _sha256(data), pss, prehashed)


def _sign_p384(key: ec.EllipticCurvePrivateKey, scheme: int, data: bytes) -> bytes:
    """Our own assumption of what the next card will do: P1 00 with a SHA-384 hash gives r and s, 48 bytes each."""
    if scheme != 0x00:
        raise _Refused(SW.INCORRECT_P1_P2)
    if len(data) != hashes.SHA384.digest_size:
        raise _Refused(SW.CONDITIONS_NOT_SATISFIED)
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(Prehashed(hashes.SHA384()))))
    return r.to_bytes(48, "big") + s.to_bytes(48, "big")
