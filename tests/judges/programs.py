"""Running the programs that judge: calls that end, and Java programs that answer request after request."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO
from urllib.parse import quote_plus, unquote_plus

TIMEOUT = 60


class JudgeMissingError(Exception):
    """The program is not installed. Its message names the command and the Debian package."""


class JavaProgram:
    """A Java program of this folder, compiled once for all processes that share `work`, and one process of it.

    It reads a request a line and answers with a line: words parted by tabs, after the first `name=value`, URL-encoded.
    """

    def __init__(self, source: str, work: Path, class_path: Sequence[Path] = ()) -> None:
        for command in ("javac", "java"):
            require(command, "default-jdk-headless")
        self._work = work
        self._name = Path(source).stem
        classes = compile_java(Path(__file__).with_name(source), work, class_path)
        self._class_path = os.pathsep.join(map(str, [classes, *class_path]))
        self._process: subprocess.Popen[str] | None = None
        self._log: IO[bytes] | None = None

    def ask(self, verb: str, fields: Iterable[tuple[str, str]]) -> tuple[str, list[tuple[str, str]]]:
        """The status and the named values of the answer. Raises RuntimeError where there is none."""
        process = self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        watchdog = threading.Timer(TIMEOUT, process.kill)
        watchdog.start()
        try:
            process.stdin.write("\t".join([verb, *(f"{name}={quote_plus(value)}" for name, value in fields)]) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        finally:
            watchdog.cancel()
        if not line.endswith("\n"):
            raise RuntimeError(f"{self._name} ended without an answer (or took over {TIMEOUT} s); see its log")
        status, *answers = line.rstrip("\n").split("\t")
        pairs = [answer.split("=", 1) for answer in answers]
        return status, [(name, unquote_plus(value)) for name, value in pairs]

    def close(self) -> None:
        """End the Java process; the next question starts another."""
        if self._process is not None:
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                self._process.communicate(timeout=10)
            self._process.kill()
            self._process.wait()
            self._process = None
        if self._log is not None:
            self._log.close()
            self._log = None

    def _start(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._log = (self._work / f"{self._name}-{os.getpid()}.log").open("wb")
            options = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
            self._process = subprocess.Popen(
                ["java", *options, "-cp", self._class_path, self._name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                encoding="utf-8",
                env=os.environ | {"LC_ALL": "C.UTF-8"},
            )
        return self._process


def require(command: str, package: str) -> None:
    """Raise JudgeMissingError unless the command (or the file, by its path) can be found."""
    if not (Path(command).is_file() if "/" in command else shutil.which(command)):
        raise JudgeMissingError(f"{command} is not installed; on Debian: apt-get install {package}")


def compile_java(source: Path, work: Path, class_path: Sequence[Path] = ()) -> Path:
    """Compile once for all processes that share `work`."""
    classes = work / source.stem
    work.mkdir(parents=True, exist_ok=True)
    with (work / f"{source.stem}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (classes / f"{source.stem}.class").exists():
            options = ["-cp", os.pathsep.join(map(str, class_path))] if class_path else []
            done = run(["javac", "-encoding", "UTF-8", *options, "-d", str(classes), str(source)])
            if done.returncode != 0:
                raise RuntimeError(done.stderr.decode(errors="replace"))
    return classes


def run(
    command: Sequence[str], *, stdin: bytes = b"", folder: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run to the end, without a terminal and in a locale whose output is the same everywhere."""
    environment = os.environ | {"LC_ALL": "C.UTF-8"}
    return subprocess.run(
        command, input=stdin, capture_output=True, cwd=folder, env=environment, timeout=TIMEOUT, check=False
    )
