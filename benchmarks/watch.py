"""A command from start to end: how long it takes, what it says, and how much memory it and its workers have."""

from __future__ import annotations

import resource
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Watched:
    """A run of a command."""

    seconds: float
    cpu: float
    """Seconds of processor time, of user and system, of the command and its workers together."""
    code: int
    said: str
    """To standard output."""
    complaints: str
    """To standard error."""
    parent_kb: int
    """The most memory that the command's own process had."""
    all_kb: int
    """The most that it and its workers had together, what they share counted once."""
    tenths_kb: Sequence[int]
    """What the parent had after each tenth of the time: whether it grows."""


def watch(command: Sequence[object], work: Path, environment: Mapping[str, str], *, memory: bool) -> Watched:
    """Run it; `work` is a folder for what it says. Without `memory` nobody else works meanwhile, to look at that."""
    with (work / "said").open("w+") as said, (work / "complaints").open("w+") as complaints:
        words = [str(word) for word in command]
        begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        process = subprocess.Popen(words, stdout=said, stderr=complaints, env=dict(environment))
        seen = _Memory()
        if not memory:
            process.wait()
        while process.poll() is None:
            seen.look(process.pid)
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
        seconds, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        texts = []
        for file in (said, complaints):
            file.seek(0)
            texts.append(file.read())
    return Watched(seconds, cpu, process.returncode, *texts, seen.parent, seen.all, seen.tenths())


class _Memory:
    """What Linux says about the memory of a process and of those that it has started; elsewhere nothing."""

    def __init__(self) -> None:
        self.parent = self.all = 0
        self._sizes: list[int] = []
        self._looks = 0

    def look(self, pid: int) -> None:
        status = _proc(pid, "status")
        self.parent = max(self.parent, _field(status, "VmHWM:"))
        self._sizes.append(_field(status, "VmRSS:"))
        if self._looks % 10 == 0:  # it takes the kernel some time
            everybody = [pid, *_descendants(pid)]
            self.all = max(self.all, sum(_field(_proc(one, "smaps_rollup"), "Pss:") for one in everybody))
        self._looks += 1

    def tenths(self) -> list[int]:
        sizes = [size for size in self._sizes if size]
        return [sizes[min(len(sizes) - 1, len(sizes) * tenth // 10)] for tenth in range(1, 10)] if sizes else []


def _proc(pid: int, name: str) -> str:
    try:
        return Path("/proc", str(pid), name).read_text()
    except OSError:
        return ""


def _field(text: str, name: str) -> int:
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith(name)), 0)


def _descendants(pid: int) -> Iterator[int]:
    for child in map(int, _proc(pid, f"task/{pid}/children").split()):
        yield child
        yield from _descendants(child)
