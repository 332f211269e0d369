"""The command in a pseudo-terminal of its own, at which a test can read and type."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import subprocess
import sysconfig
import termios
import time
from collections.abc import Callable
from pathlib import Path

COMMAND = str(Path(sysconfig.get_path("scripts"), "jitsuin"))


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

    def wait_for_password_prompt(self, prompt: str = "Password") -> None:
        """Until the echo is off and the program waits for what is typed.

        What is typed between the prompt and that is thrown away (getpass, TCSAFLUSH); a signal between Python's last
        look for signals and its waiting is seen only when something is typed.
        """
        self.read_until(prompt)
        self._wait_until(lambda: not termios.tcgetattr(self.descriptor)[3] & termios.ECHO and self._waits())

    def wait_for_question(self, text: str) -> None:
        """Until the question is there and the program waits for the answer: see above about signals."""
        self.read_until(text)
        self._wait_until(self._waits)

    def _wait_until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline, self.screen
            time.sleep(0.01)

    def _waits(self) -> bool:
        """Whether the process sleeps, by proc(5)."""
        return Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"

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
