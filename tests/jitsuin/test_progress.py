"""What a person sees while a batch runs: a bar on a terminal, few lines elsewhere, and a terminal left as it was."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from jitsuin.batch_results import FileBegun, FileEnded, FileState, Phase, PhaseBegun
from jitsuin.progress import PlainProgress, Progress, TerminalProgress, progress

SCRIPT = """
import sys, time
from jitsuin.batch_results import *
from jitsuin.progress import progress
with progress(quiet=False) as shown:
    shown(PhaseBegun(Phase.SIGNING, 3))
    for name in ("a\\u202e\\x1b[31m\\nb.pdf", "\\u304b\\u3099.pdf"):
        time.sleep(0.15)
        shown(FileBegun(Phase.SIGNING, name))
        shown(FileEnded(Phase.SIGNING, name, FileState.SIGNED))
        shown.echo("result of it")
    shown(FileBegun(Phase.SIGNING, "c" * 300))
    if "stop" in sys.argv:
        raise KeyboardInterrupt
    with shown.paused():
        print("PIN", file=sys.stderr)
    shown(FileEnded(Phase.SIGNING, "c", FileState.FAILED))
"""


class Time:
    """A clock that the test moves on."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def run(shown: Progress, clock: Time, count: int, seconds: float, failed: int = 0) -> None:
    shown(PhaseBegun(Phase.SIGNING, count))
    for number in range(count):
        shown(FileBegun(Phase.SIGNING, f"{number}.pdf"))
        clock.now += seconds
        state = FileState.FAILED if number < failed else FileState.SIGNED
        shown(FileEnded(Phase.SIGNING, f"{number}.pdf", state))


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err.splitlines()


def test_ten_thousand_files_make_ten_lines(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Time()
    run(PlainProgress(clock), clock, 10_000, 0.005, failed=50)
    said = lines(capsys)
    assert len(said) == 10
    assert said[0].startswith("signing: 1,000/10,000, 200 files/s, 0:45 left, 50 failed")
    assert said[-1] == "signing: 10,000/10,000, 200 files/s, took 0:50, 50 failed"


def test_a_slow_run_says_something_every_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Time()
    run(PlainProgress(clock), clock, 1_000, 0.35)
    said = lines(capsys)
    assert 30 <= len(said) <= 36
    assert ", 2.9 files/s, " in said[5]


def test_a_quick_run_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Time()
    run(PlainProgress(clock), clock, 3, 0.01)
    assert lines(capsys) == []


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Time()
    with progress(quiet=True) as shown:
        shown.clock = clock
        run(shown, clock, 1_000, 0.35)
    assert lines(capsys) == []


def test_a_run_of_no_files_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    shown = PlainProgress(Time())
    shown(PhaseBegun(Phase.VERIFYING, 0))
    assert lines(capsys) == []


@pytest.mark.parametrize(("terminal", "name"), [(True, "xterm"), (True, "dumb"), (True, ""), (False, "xterm")])
def test_a_bar_needs_a_terminal_that_can_draw(monkeypatch: pytest.MonkeyPatch, *, terminal: bool, name: str) -> None:
    monkeypatch.setenv("TERM", name) if name else monkeypatch.delenv("TERM", raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    drawn = terminal and name == "xterm"
    assert type(progress(quiet=False)) is (TerminalProgress if drawn else PlainProgress)


def at_terminal(tmp_path: Path, *arguments: str, **environment: str) -> tuple[str, str, int]:
    """What comes to the terminal of standard error, and to standard output, which is a file; and the exit code."""
    descriptor, other_side = pty.openpty()
    surroundings = {**os.environ, "TERM": "xterm", "COLUMNS": "60", "JITSUIN_LANG": "en", **environment}
    with (tmp_path / "out").open("w+") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, *arguments], stdout=out, stderr=other_side, env=surroundings
        )
        os.close(other_side)
        screen = b""
        while True:
            try:
                part = os.read(descriptor, 4096)
            except OSError:  # the other side is closed
                break
            if not part:
                break
            screen += part
        code = process.wait()
    os.close(descriptor)
    return screen.decode(), (tmp_path / "out").read_text(), code


def test_on_a_terminal_a_bar_is_drawn_and_taken_away(tmp_path: Path) -> None:
    screen, out, code = at_terminal(tmp_path)
    assert code == 0
    assert out == "result of it\n" * 2
    assert "3/3" in screen
    assert "1 failed" in screen
    # Hidden and shown again, in pairs, the last of them shown.
    assert re.findall("\x1b\\[\\?25[lh]", screen) == ["\x1b[?25l", "\x1b[?25h"] * screen.count("\x1b[?25l")
    assert "\u202e" not in screen
    assert "a\ufffd\ufffd[31m\ufffdb.pdf" in screen
    assert "c" * 60 not in screen


def test_the_bar_is_away_while_something_is_asked(tmp_path: Path) -> None:
    screen, _, _ = at_terminal(tmp_path)
    before, after = screen.split("PIN")
    assert before.rindex("\x1b[?25h") > before.rindex("\x1b[?25l")
    assert "\x1b[?25l" in after


def test_an_interrupted_run_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    screen, _, code = at_terminal(tmp_path, "stop")
    assert code != 0
    assert screen.rindex("\x1b[?25h") > screen.rindex("\x1b[?25l")


def test_without_colour_there_is_none(tmp_path: Path) -> None:
    coloured, _, _ = at_terminal(tmp_path)
    plain, _, _ = at_terminal(tmp_path, NO_COLOR="1")
    colours = re.compile("\x1b\\[[0-9;]*[39][0-9]m")
    assert colours.search(coloured)
    assert not colours.search(plain)
