"""A home of its own for every test, simulated cards at a fixed time, and the command line called in this process."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import subprocess
import sysconfig
import termios
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jitsuin import cli
from jitsuin.samples.documents import consumption_tax_return, income_tax_return, pension_certificate
from jitsuin.signer.base import PinRequest
from jitsuin.signer.simulator import SIGNATURE_PASSWORD, create_card

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
def jitsuin(capfd: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """The command line, in this process."""

    def run(*arguments: object) -> Run:
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            cli.main([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        code = end.value.code
        return Run(code if isinstance(code, int) else 0, captured.out, captured.err)

    return run


class Terminal:
    """The command in a pseudo-terminal of its own, read and typed at like a person would."""

    def __init__(self, *arguments: object) -> None:
        self.descriptor, other_side = pty.openpty()
        call = ["setsid", "--ctty", COMMAND, *map(str, arguments)]
        self.process = subprocess.Popen(call, stdin=other_side, stdout=other_side, stderr=other_side)
        os.close(other_side)
        self.screen = ""

    def read_until(self, text: str) -> str:
        deadline = time.monotonic() + 20
        while text not in self.screen:
            self.screen += self._read(deadline)
        return self.screen

    def wait_for_password_prompt(self) -> None:
        """Until the echo is off: what is typed between the prompt and that is thrown away (getpass, TCSAFLUSH)."""
        self.read_until("Password")
        deadline = time.monotonic() + 20
        while termios.tcgetattr(self.descriptor)[3] & termios.ECHO:
            assert time.monotonic() < deadline, self.screen
            time.sleep(0.01)

    def type(self, text: str) -> None:
        os.write(self.descriptor, text.encode())

    def end(self) -> int:
        deadline = time.monotonic() + 20
        with contextlib.suppress(OSError):  # the other side has closed
            while data := self._read(deadline):
                self.screen += data
        os.close(self.descriptor)
        return self.process.wait(timeout=20)

    def _read(self, deadline: float) -> str:
        ready, _, _ = select.select([self.descriptor], [], [], max(0, deadline - time.monotonic()))
        assert ready, f"nothing more came: {self.screen}"
        return os.read(self.descriptor, 4096).decode(errors="replace")


@pytest.fixture
def in_terminal() -> type[Terminal]:
    """The command line in a terminal, at which a test can type."""
    return Terminal
