"""A simulated card in a folder: `card.json` says whose it is and keeps PINs and counters; the rest follows from it.

Counters are written before the card's answer leaves, so that they hold across processes. A card is in one reader at a
time: while it is inserted, nobody else can use or re-issue it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ..errors import KeyFileError
from ..jpki_application import Ef
from ..lock import held
from . import pki
from .applet import Applet
from .filesystem import NOBODY, FileSystem, KeyEf, PinEf, Quirks, TransparentEf
from .personas import PERSONAS, Persona

SIGNATURE_PASSWORD: Final = "JITSUIN123"  # noqa: S105 - the published password of every simulated card
AUTHENTICATION_PIN: Final = "1234"
STATE_FILE: Final = "card.json"

OWN_NAMES: Final = frozenset({STATE_FILE, ".lock", "ca", "crl"})
"""What a card's folder holds, and nothing else."""

_FORMAT: Final = 1
_LOCK_FILE: Final = ".lock"
_PINS: Final[dict[int, PinEf]] = {
    Ef.SIGNATURE_PIN: PinEf(SIGNATURE_PASSWORD.encode(), tries_left=5, tries=5, lengths=range(6, 17)),
    Ef.AUTHENTICATION_PIN: PinEf(AUTHENTICATION_PIN.encode(), tries_left=3, tries=3, lengths=range(4, 5)),
}
"""The PINs of a new card."""


@dataclass(frozen=True)
class SimulatedCard:
    """A personalised card. `create_card` makes one, `SimulatedCard.load` finds it again."""

    folder: Path
    persona: Persona
    issued_at: datetime

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Raises KeyFileError with reason `no-card` or `damaged`."""
        state = _read_state(folder)
        return cls(folder, PERSONAS[state["persona"]], datetime.fromisoformat(state["issued_at"]))

    @property
    def name(self) -> str:
        """As a reader would show it."""
        return f"Jitsuin Simulator ({self.persona.name})"

    @contextmanager
    def inserted(self, quirks: Quirks = Quirks()) -> Iterator[Applet]:  # noqa: B008 - frozen
        """The card in a reader, not yet under power. Leaving takes it out.

        Raises TokenInUseError, or KeyFileError with reason `replaced` if another card was issued since this was loaded.
        """
        with held(self.folder / _LOCK_FILE, self.name):
            if SimulatedCard.load(self.folder) != self:
                raise KeyFileError(path=self.folder, reason="replaced")
            pins = _read_pins(_read_state(self.folder))
            applet = Applet(self._files(pins), lambda: self._save(pins), quirks)
            try:
                yield applet
            finally:
                applet.power_off()

    def _save(self, pins: dict[int, PinEf]) -> None:
        state = {
            "format": _FORMAT,
            "persona": self.persona.name,
            "issued_at": self.issued_at.isoformat(),
            "pins": {
                f"{ef:04X}": {"value": pin.value.decode("latin-1"), "tries_left": pin.tries_left}
                for ef, pin in pins.items()
            },
        }
        _replace(self.folder / STATE_FILE, json.dumps(state, indent=2).encode() + b"\n")

    def _files(self, pins: dict[int, PinEf]) -> FileSystem:
        persona, issued_at = self.persona, self.issued_at
        signature = pki.signature_certificate(persona, issued_at)
        authentication = pki.authentication_certificate(persona, issued_at)
        authentication_key = pki.private_key(pki.AUTHENTICATION_KEY)
        present, absent = b"\x8f", b"\x00"
        files: dict[int, TransparentEf | KeyEf | PinEf] = {
            Ef.SIGNATURE_CA_CERTIFICATE: _certificate_file(pki.ca_certificate(persona.ca)),
            Ef.TOKEN_INFORMATION: TransparentEf(_token_information(persona.token)),
            Ef.CERTIFICATE_AVAILABILITY: TransparentEf((present if signature else absent) + present + b"\x00"),
            # Seen on real cards; no PIN of the holder opens it.
            0x0009: TransparentEf(bytes(16), pin=NOBODY),
            Ef.AUTHENTICATION_CERTIFICATE: _certificate_file(
                authentication, Ef.AUTHENTICATION_PIN if persona.authentication_certificate_needs_pin else None
            ),
            Ef.AUTHENTICATION_CA_CERTIFICATE: _certificate_file(pki.ca_certificate("auth-ca-03")),
            # Keys of the issuer and of terminals: any key will do, since it is never used.
            0x0010: KeyEf(authentication_key, pin=NOBODY),
            0x0016: KeyEf(authentication_key, pin=NOBODY),
            Ef.AUTHENTICATION_KEY: KeyEf(authentication_key, pin=Ef.AUTHENTICATION_PIN),
            Ef.SIGNATURE_KEY: KeyEf(pki.private_key(persona.name), pin=Ef.SIGNATURE_PIN),
        }
        files.update(pins)
        if signature is not None:
            files[Ef.SIGNATURE_CERTIFICATE] = _certificate_file(signature, Ef.SIGNATURE_PIN)
        return files


def create_card(folder: Path, persona: str, at: datetime) -> SimulatedCard:
    """Issue the persona's card at that time into the folder, in place of any card there, with new PINs and counters.

    Besides `card.json` the folder gets the CA certificates (`ca/*.cer`) and the CRLs of that moment (`crl/*.crl`), all
    DER. The same persona and time give the same certificates and CRLs, byte for byte. Raises KeyFileError with reason
    `unknown-persona` (and fact `known`) or the system's reason, TokenInUseError if the card is in use.
    """
    if persona not in PERSONAS:
        raise KeyFileError(path=folder, reason="unknown-persona", known=tuple(PERSONAS))
    if at.utcoffset() is None:
        raise ValueError("the time of issue needs a time zone")
    card = SimulatedCard(folder, PERSONAS[persona], at.astimezone(UTC).replace(microsecond=0))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with held(folder / _LOCK_FILE, card.name):
            for name in pki.CAS:
                _write(folder / "ca" / f"{name}.cer", pki.ca_certificate(name).public_bytes(Encoding.DER))
            for name, crl in pki.crls(card.issued_at).items():
                _write(folder / "crl" / f"{name}.crl", crl.public_bytes(Encoding.DER))
            card._save(_PINS)  # last: a folder with this file holds a whole card
    except OSError as error:
        raise KeyFileError(path=folder, reason=error.strerror or type(error).__name__) from None
    return card


def _read_state(folder: Path) -> dict[str, Any]:
    path = folder / STATE_FILE
    try:
        state = json.loads(path.read_bytes())
        if state["format"] != _FORMAT or state["persona"] not in PERSONAS:
            raise KeyFileError(path=path, reason="damaged")
        datetime.fromisoformat(state["issued_at"])
        _read_pins(state)
    except OSError:
        raise KeyFileError(path=path, reason="no-card") from None
    except (KeyError, TypeError, ValueError, AttributeError):
        raise KeyFileError(path=path, reason="damaged") from None
    assert isinstance(state, dict)  # noqa: S101 - it has been asked for its keys
    return state


def _read_pins(state: dict[str, Any]) -> dict[int, PinEf]:
    """The PINs as they are now. Raises KeyError, TypeError or ValueError if they are not there."""
    pins: dict[int, PinEf] = {}
    for ef, new in _PINS.items():
        stored = state["pins"][f"{ef:04X}"]
        tries_left = int(stored["tries_left"])
        if not 0 <= tries_left <= new.tries:
            raise ValueError("counter out of range")
        pins[ef] = PinEf(stored["value"].encode("latin-1"), tries_left, new.tries, new.lengths)
    return pins


def _certificate_file(certificate: x509.Certificate, pin: int | None = None) -> TransparentEf:
    return TransparentEf.of_certificate(certificate.public_bytes(Encoding.DER), pin)


def _token_information(token: str) -> bytes:
    """EF 0006: PKCS #11's CK_TOKEN_INFO in 160 bytes, padded texts and big-endian numbers of four bytes."""
    texts = token.encode().ljust(32) + b"JITSUIN SIMULATOR".ljust(32) + b"not real".ljust(16) + b"0".ljust(16)
    flags, unknown = 0x0000040D, 0xFFFFFFFF
    numbers = (flags, 1, 0, 1, 0, 16, 4, unknown, unknown, unknown, unknown)
    return texts + b"".join(number.to_bytes(4, "big") for number in numbers) + b"0301" + b" " * 16


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    _replace(path, content)


def _replace(path: Path, content: bytes) -> None:
    """Write whole or not at all. The card's lock makes the temporary name ours alone."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_bytes(content)
    temporary.replace(path)
