"""A home of its own for every test, simulated cards at a fixed time, and the command line called in this process."""

from __future__ import annotations

import json
import signal
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jitsuin import cli
from jitsuin.language import language
from jitsuin.samples.documents import consumption_tax_return, income_tax_return, pension_certificate
from jitsuin.signer.base import PinRequest
from jitsuin.signer.simulator import SIGNATURE_PASSWORD, create_card
from terminal import Terminal

COMMAND = str(Path(sysconfig.get_path("scripts"), "jitsuin"))
AT = datetime(2026, 3, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test sees the user's configuration, data or language, and none leaves anything there."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(folder))
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "JITSUIN_KEY", "JITSUIN_CONFIG", "JITSUIN_LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    return folder


@pytest.fixture
def at() -> datetime:
    """The time at which everything in these tests happens."""
    return AT


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with the three unsigned samples."""
    (tmp_path / "income.xtx").write_bytes(income_tax_return())
    (tmp_path / "consumption.xtx").write_bytes(consumption_tax_return())
    (tmp_path / "pension.xml").write_bytes(pension_certificate())
    return tmp_path


@pytest.fixture
def card(tmp_path: Path) -> Callable[..., str]:
    """The key URI of a new simulated card for a persona, issued at AT unless told."""

    def make(persona: str = "valid", issued: datetime = AT) -> str:
        folder = tmp_path / "cards" / persona
        if not folder.exists():
            create_card(folder, persona, issued)
        return f"simulator:{folder}"

    return make


@dataclass
class Person:
    """Somebody who types a PIN, and remembers being asked."""

    answer: str = SIGNATURE_PASSWORD
    asked: list[PinRequest] = field(default_factory=list)

    def __call__(self, request: PinRequest) -> str:
        self.asked.append(request)
        return self.answer


@pytest.fixture
def person() -> Person:
    """Knows the right password."""
    return Person()


@dataclass(frozen=True)
class Run:
    """What a call of the command line left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def jitsuin(capfd: pytest.CaptureFixture[str]) -> Iterator[Callable[..., Run]]:
    """The command line, in this process, whose handling of signals is what it was afterwards."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}

    def run(*arguments: object) -> Run:
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            cli.main([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        code = end.value.code
        return Run(code if isinstance(code, int) else 0, captured.out, captured.err)

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def in_japanese(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Called, it makes the rest of the test speak Japanese; help texts stay as they were imported."""

    def change() -> None:
        monkeypatch.setenv("JITSUIN_LANG", "ja")
        language.cache_clear()

    yield change
    monkeypatch.undo()
    language.cache_clear()


@pytest.fixture
def in_terminal() -> type[Terminal]:
    """The command line in a terminal, at which a test can type."""
    return Terminal
