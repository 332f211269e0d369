"""What the operating system and the terminal bring into the output: in the run's language, and whole."""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import struct
import subprocess
import sysconfig
import termios
from collections.abc import Callable
from pathlib import Path

import pytest

from jitsuin.errors import InputError, OutputError
from jitsuin.messages import error_sentence

COMMAND = str(Path(sysconfig.get_path("scripts"), "jitsuin"))


def test_the_systems_reasons_are_told_in_the_language_of_the_run(in_japanese: Callable[[], None]) -> None:
    detail = os.strerror(errno.ENOSPC)
    full = OutputError(path="a", reason="os", detail=detail)
    assert detail in error_sentence(full)
    in_japanese()
    assert "空き容量" in error_sentence(full)
    assert detail not in error_sentence(full)
    assert "Odd fault" in error_sentence(InputError(path="a", reason="os", detail="Odd fault")), (
        "others pass as they are"
    )


def test_a_configuration_file_that_is_not_there(jitsuin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JITSUIN_CONFIG", str(tmp_path / "none.toml"))
    missing = jitsuin("trust", "list")
    assert (missing.code, "none.toml: no such file" in missing.err) == (2, True)
    monkeypatch.setenv("JITSUIN_CONFIG", str(tmp_path))
    folder = jitsuin("trust", "list")
    assert (folder.code, os.strerror(errno.EISDIR) in folder.err) == (2, True)


def test_a_narrow_terminal_hides_no_column(tmp_path: Path) -> None:
    """Of the demonstration that would be the verdicts."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 30, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"} | {"JITSUIN_LANG": "en"}
    with subprocess.Popen([COMMAND, "demo"], cwd=tmp_path, stdin=theirs, stdout=theirs, env=environment) as process:
        os.close(theirs)
        screen = b""
        try:
            while chunk := os.read(ours, 4096):
                screen += chunk
        except OSError:  # Linux, at the end
            pass
    os.close(ours)
    assert process.returncode == 0
    assert screen.decode().count(" VALID\r\n") == 5
