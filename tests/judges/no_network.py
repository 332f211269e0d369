"""A network namespace without routes, in which strace writes down every system call that has to do with sockets."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from programs import TIMEOUT, JudgeMissingError, require

_CALL = re.compile(r"^\d+ +(?:\[[^]]*\] )?(\w+)\(")


@dataclass(frozen=True)
class Watched:
    """What a program left behind: its end, its output, and its calls about sockets, as strace writes them."""

    code: int
    out: str
    err: str
    calls: tuple[str, ...]


class NoNetwork:
    """Raises JudgeMissingError where that cannot be had: no right to make a namespace, or to trace."""

    def __init__(self) -> None:
        require("unshare", "util-linux")
        require("strace", "strace")
        # Root may make one at once; others as root of a user namespace of their own, where the system lets them.
        for how in (["unshare", "-n"], ["unshare", "-rn"]):
            if self._ends_well([*how, "true"]):
                self._prefix = how
                break
        else:
            raise JudgeMissingError("no right to make a network namespace (unshare -n)")
        if not self._ends_well([*self._prefix, "strace", "-f", "-o", "/dev/null", "true"]):
            raise JudgeMissingError("no right to trace a process (strace)")

    def run(self, command: Sequence[str], log: Path, environment: Mapping[str, str]) -> Watched:
        """Run to the end. `log` is written anew."""
        watch = ["strace", "-f", "-qq", "-e", "trace=%network", "-e", "signal=none", "-o", str(log)]
        done = subprocess.run(
            [*self._prefix, *watch, *command],
            capture_output=True,
            encoding="utf-8",
            stdin=subprocess.DEVNULL,
            env=environment,
            timeout=TIMEOUT,
            check=False,
        )
        calls = [line for line in log.read_text(encoding="utf-8").splitlines() if _CALL.match(line)]
        return Watched(done.returncode, done.stdout, done.stderr, tuple(calls))

    @staticmethod
    def _ends_well(command: Sequence[str]) -> bool:
        return subprocess.run(command, capture_output=True, check=False, timeout=TIMEOUT).returncode == 0
