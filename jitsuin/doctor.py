"""What is installed for signing with a card, what is missing, and how it looks to the program: one check after another.

A check finds facts and a code; `sentences.doctor` has the words, among them what to do. Nothing is changed, nothing is
sent over the network, no other program is ended, and cards are only looked at, shared with whoever else uses them.
"""

from __future__ import annotations

import locale
import platform
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from importlib import metadata
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from jitsuin.signer import pcsc
from jitsuin.signer.base import SignerOptions
from jitsuin.signer.errors import (
    CardUnresponsiveError,
    NotMyNumberCardError,
    PcscLibraryMissingError,
    PcscServiceError,
    SignerError,
    TokenInUseError,
)
from jitsuin.signer.jpki import JpkiSigner
from jitsuin.signer.trace import TracedTransport

from .architecture import architectures, python_architecture
from .config import configuration_path
from .errors import ConfigurationError, JitsuinError
from .language import language
from .messages import JST, error_sentence
from .surroundings import Surroundings
from .trust import JPKI_PINS, remembered

if TYPE_CHECKING:
    from jitsuin.signer.base import TokenFacts

RELEASED: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""The year of the first release. A clock that shows less is wrong."""
_LOOK_SECONDS: Final = 5
"""How long a card may take for a command, and another program is waited for."""
_SECURITY_VIOLATION: Final = 0x8010006A
"""SCARD_W_SECURITY_VIOLATION: pcscd asks polkit, which serves only who sits at the machine."""
_PHONES: Final = ("JPKIAPGPSETOKEN", "JPKIAPIOSTOKEN")


class State(StrEnum):
    """How a check ended."""

    OK = "ok"
    MISSING = "missing"
    """Something without which `card:` does not work."""
    ATTENTION = "attention"
    """Something that may be in the way, or could not be found out."""


@dataclass(frozen=True)
class Check:
    """One line of the diagnosis."""

    subject: str
    """What was looked at. Stable."""
    state: State
    code: str
    """What was found. Stable."""
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Of its sentence, and of the advice where the state is not `ok`."""
        return f"{self.subject}.{self.code}"


@dataclass(frozen=True)
class Diagnosis:
    """All checks, and the trace of each card that was looked at (`signer.trace`), My Number cards first."""

    checks: tuple[Check, ...]
    traces: tuple[tuple[str, ...], ...]


def diagnose(
    at: datetime,
    load_configuration: Callable[[], object],
    surroundings: Surroundings | None = None,
    list_readers: Callable[[], tuple[pcsc.ReaderState, ...]] = pcsc.list_readers,
) -> Diagnosis:
    """Look at everything. `load_configuration` reads the configuration file and raises ConfigurationError."""
    here = surroundings or Surroundings.here()
    cards = CardChecks(at, here, list_readers)
    checks = (
        _program(),
        _platform(here),
        *cards.checks(),
        *_pkcs11_modules(here),
        _python_pkcs11(),
        _fonts(here),
        _clock(at),
        _configuration(load_configuration),
        _language(),
        _anchors(),
    )
    return Diagnosis(checks, (*cards.my_number_traces, *cards.other_traces))


class CardChecks:
    """pyscard, the PC/SC service, readers and cards: each needs the one before."""

    def __init__(
        self, at: datetime, here: Surroundings, list_readers: Callable[[], tuple[pcsc.ReaderState, ...]]
    ) -> None:
        self._at = at
        self._here = here
        self._list_readers = list_readers
        self._busy = False
        self.my_number_traces: list[tuple[str, ...]] = []
        self.other_traces: list[tuple[str, ...]] = []

    def checks(self) -> Iterator[Check]:
        packages = self._here.packages
        service = packages.service if packages else ""
        try:
            readers = self._list_readers()
        except PcscLibraryMissingError as error:
            yield self._pyscard_missing(str(error.facts["detail"]))
            code = "not-tried" if service else "not-tried-here"
            yield Check("pcsc-service", State.ATTENTION, code, {"command": service})
            return
        except PcscServiceError as error:
            yield _pyscard()
            code = "not-running" if service else "not-running-here"
            if error.facts["hresult"] == _SECURITY_VIOLATION:
                code = "denied"
            facts = {"hresult": f"{error.facts['hresult']:08X}", "command": service}
            yield Check("pcsc-service", State.MISSING, code, facts)
            return
        yield _pyscard()
        yield Check("pcsc-service", State.OK, "running")
        if not readers:
            yield Check("reader", State.MISSING, "none")
            return
        for reader in readers:
            yield Check("reader", State.OK, "found", {"reader": reader.name})
        cards = [reader.name for reader in readers if reader.card_present]
        if not cards:
            yield Check("card", State.MISSING, "none")
        for reader_name in cards:
            yield self._card(reader_name)
        self._busy = self._busy or any(reader.in_use for reader in readers)
        yield self._other_programs()

    def _pyscard_missing(self, detail: str) -> Check:
        packages = self._here.packages
        command = f"{_python_command(self._here)} -m pip install pyscard"
        if _version("pyscard") is not None:
            return Check(
                "pyscard", State.MISSING, "not-loadable", {"detail": detail, "command": f"{command} --force-reinstall"}
            )
        if packages is None:
            return Check("pyscard", State.MISSING, "absent-elsewhere", {"command": command})
        if not packages.build:
            return Check("pyscard", State.MISSING, "absent-ready-made", {"command": command})
        return Check("pyscard", State.MISSING, "absent", {"packages": packages.build, "command": command})

    def _card(self, reader: str) -> Check:
        """A look at a card, traced: recorded as it is scrubbed, so that a bundle costs no second look."""
        lines: list[str] = []
        try:
            facts = self._look(reader, lines)
        except NotMyNumberCardError as error:
            check = Check("card", State.ATTENTION, "other-card", {"reader": reader, "sw": _hex(error.facts["sw"])})
        except TokenInUseError:
            self._busy = True
            check = Check("card", State.ATTENTION, "in-use", {"reader": reader})
        except CardUnresponsiveError:
            check = Check("card", State.ATTENTION, "unresponsive", {"reader": reader})
        except SignerError as error:
            kind = type(error).__name__
            check = Check("card", State.ATTENTION, "failed", {"reader": reader, "error": kind})
        else:
            self.my_number_traces.append(tuple(lines))
            return _my_number_card(reader, facts)
        if lines:
            self.other_traces.append(tuple(lines))
        return check

    def _look(self, reader: str, lines: list[str]) -> TokenFacts:
        options = SignerOptions(pin=None, at=self._at)
        address = f"card:{quote(reader, safe='')}?timeout={_LOOK_SECONDS}&wait={_LOOK_SECONDS}"
        transport = TracedTransport(pcsc.open_transport(address, options), lines.append)
        with JpkiSigner(transport, options) as signer:
            return signer.describe()

    def _other_programs(self) -> Check:
        running = self._here.card_programs()
        state = State.ATTENTION if self._busy else State.OK
        code = ("in-use" if self._busy else "idle") if running else ("in-use-unnamed" if self._busy else "none")
        return Check("other-programs", state, code, {"programs": running})


def _my_number_card(reader: str, facts: TokenFacts) -> Check:
    told = {
        "reader": reader,
        "kind": facts.kind,
        "signature_tries_left": facts.signature_tries_left,
        "authentication_tries_left": facts.authentication_tries_left,
    }
    if facts.kind in _PHONES:
        return Check("card", State.ATTENTION, "phone", told)
    if not facts.signature_certificate_present:
        return Check("card", State.ATTENTION, "no-signature-certificate", told)
    if facts.signature_tries_left is None:
        return Check("card", State.ATTENTION, "tries-unknown", told)
    if facts.signature_tries_left == 0:
        return Check("card", State.ATTENTION, "locked", told)
    if facts.signature_tries_left == 1:
        return Check("card", State.ATTENTION, "last-try", told)
    return Check("card", State.OK, "my-number-card", told)


def _program() -> Check:
    facts = {"version": _version("jitsuin") or "?", "python": platform.python_version()}
    return Check("program", State.OK, "version", facts)


def _platform(here: Surroundings) -> Check:
    return Check("platform", State.OK, "name", {"system": here.name, "machine": python_architecture()})


def _pyscard() -> Check:
    return Check("pyscard", State.OK, "version", {"version": _version("pyscard") or "?"})


def _pkcs11_modules(here: Surroundings) -> Iterator[Check]:
    """Modules for which another Python would be needed look like an empty token to whoever uses them."""
    mine = python_architecture()
    nothing = True
    for path in here.pkcs11_modules():
        nothing = False
        facts: dict[str, object] = {"module": str(path)}
        try:
            built_for = architectures(path)
        except (OSError, ValueError):
            yield Check("pkcs11-module", State.ATTENTION, "unreadable", facts)
            continue
        facts |= {"architectures": list(built_for), "python": mine}
        if mine in built_for:
            yield Check("pkcs11-module", State.OK, "found", facts)
        else:
            yield Check("pkcs11-module", State.ATTENTION, "architecture", facts)
    if nothing:
        yield Check("pkcs11-module", State.OK, "none")


def _python_pkcs11() -> Check:
    version = _version("python-pkcs11")
    if version is None:
        return Check("python-pkcs11", State.OK, "none")
    return Check("python-pkcs11", State.OK, "version", {"version": version})


def _fonts(here: Surroundings) -> Check:
    if count := here.japanese_fonts():
        return Check("fonts", State.OK, "found", {"count": count})
    command = here.packages.fonts if here.packages else ""
    return Check("fonts", State.ATTENTION, "none" if command else "none-here", {"command": command})


def _clock(at: datetime) -> Check:
    """Bounds of what can be: certificates of the known CAs end with them, and with them what this program is for."""
    end = max(pin.not_after for pin in JPKI_PINS)
    facts = {"local": at.astimezone().strftime("%Y-%m-%d %H:%M %z"), "jst": at.astimezone(JST).strftime("%H:%M")}
    if at < RELEASED:
        return Check("clock", State.ATTENTION, "slow", facts)
    if at > end:
        return Check("clock", State.ATTENTION, "fast", facts)
    return Check("clock", State.OK, "plausible", facts)


def _configuration(load: Callable[[], object]) -> Check:
    path = configuration_path()
    try:
        load()
    except ConfigurationError as error:
        return Check("configuration", State.ATTENTION, "refused", {"message": error_sentence(error)})
    present = path.exists()
    return Check("configuration", State.OK, "read" if present else "none", {"path": str(path)})


def _language() -> Check:
    """Whether Japanese comes out as Japanese."""
    encoding = (getattr(sys.stdout, "encoding", None) or locale.getpreferredencoding(False)).lower()
    facts = {"language": language(), "encoding": encoding}
    try:
        "実印".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return Check("language", State.ATTENTION, "not-japanese", facts)
    return Check("language", State.OK, "encoding", facts)


def _anchors() -> Check:
    facts: dict[str, object] = {"total": len(JPKI_PINS)}
    try:
        facts["count"] = len(remembered())
    except JitsuinError as error:
        return Check("anchors", State.ATTENTION, "unreadable", {"message": error_sentence(error)})
    return Check("anchors", State.OK, "remembered", facts)


def _python_command(here: Surroundings) -> str:
    return "py" if here.platform == "win32" else "python3"


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _hex(sw: object) -> str:
    return f"{sw:04X}"
