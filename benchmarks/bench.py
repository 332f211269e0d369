"""How measuring is done, whatever is measured: children in rotated rounds, medians, ratios within a round.

Each measurement is a fresh child process. Within a round every tool runs once, in an order that is rotated from round
to round, so that what else the machine does falls on all of them. Times are medians over all repetitions of all rounds,
ratios are medians over the rounds of the ratio within a round.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PASSPHRASE = "benchmark"  # noqa: S105 - that of child.py, which is not imported: this process stays small


@dataclass
class Sample:
    """What was measured of one tool on one document."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    rounds: list[float] = field(default_factory=list)
    """The median time of each round."""
    before_kb: list[int] = field(default_factory=list)
    peak_kb: list[int] = field(default_factory=list)

    def add(self, answer: dict[str, Any]) -> None:
        self.wall += answer["wall"]
        self.cpu += answer["cpu"]
        self.rounds.append(statistics.median(answer["wall"]))
        self.before_kb.append(answer["before_kb"])
        self.peak_kb.append(answer["peak_kb"])

    def times(self, other: Sample) -> float:
        """How many times as long as the other it took: the median of the rounds' ratios."""
        return statistics.median(own / its for own, its in zip(self.rounds, other.rounds, strict=True))

    def summary(self, others: Mapping[str, Sample]) -> dict[str, Any]:
        """`times` is how many times as long as each of the others it took."""
        return {
            "times": {name: self.times(other) for name, other in others.items()},
            "wall": statistics.median(self.wall),
            "cpu": statistics.median(self.cpu),
            "before_kb": statistics.median(self.before_kb),
            "peak_kb": statistics.median(self.peak_kb),
            "count": len(self.wall),
        }


class ChildError(SystemExit):
    """A child failed, which ends the program with what it said, unless somebody expects it."""


class Bench:
    """A folder with documents and identity, and the ways to start a child."""

    children: str
    """The script that the Python children run."""

    def __init__(self, work: Path) -> None:
        self.work = work
        shutil.rmtree(work, ignore_errors=True)
        (work / "home").mkdir(parents=True)
        # What is being developed is compiled once, as what is installed was.
        left_out = ("XDG_", "JITSUIN", "COV", "PYTHONDONTWRITEBYTECODE")
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(left_out)} | {
            "HOME": str(work / "home"),
            "LC_ALL": "C.UTF-8",
        }
        self.versions: dict[str, str] = {}
        self.absent: dict[str, str] = {}

    def prepare(self, *documents: object) -> None:
        """The documents are written by a child, too: what this process has held, its children inherit as their peak."""
        prepared = self.python("prepare", self.work, *documents)
        self.versions |= prepared["versions"]
        self.absent |= prepared["absent"]

    def python(self, *arguments: object) -> dict[str, Any]:
        return self.run([sys.executable, HERE / self.children, *arguments])

    def run(self, command: Sequence[object]) -> dict[str, Any]:
        words = [str(word) for word in command]
        done = subprocess.run(words, capture_output=True, text=True, env=self.environment, check=False)
        if done.returncode != 0:
            raise ChildError(f"{' '.join(words[1:])} failed:\n{done.stderr}")
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def present(self, tools: Iterable[str]) -> list[str]:
        return [tool for tool in tools if tool not in self.absent]


def java_version() -> str | None:
    """None where there is no JDK."""
    if shutil.which("javac") is None or shutil.which("java") is None:
        return None
    version = subprocess.run(["java", "-version"], capture_output=True, text=True, check=True).stderr
    return version.splitlines()[1] if version.count("\n") > 1 else version.strip()


def in_rounds(
    tools: Sequence[str], rounds: int, measure: Callable[[str], dict[str, Any]], baselines: Sequence[str], label: str
) -> dict[str, dict[str, Any]]:
    """Every tool once in each round; the summaries by tool, with ratios to the baselines among them."""
    samples = {tool: Sample() for tool in tools}
    for number in range(rounds):
        shift = number % len(tools)
        for tool in [*tools[shift:], *tools[:shift]]:
            samples[tool].add(measure(tool))
        print(f"{label}: round {number + 1}", file=sys.stderr)
    others = {name: samples[name] for name in baselines if name in samples}
    return {tool: sample.summary(others) for tool, sample in samples.items()}


def whole_processes(
    commands: Mapping[str, Sequence[object]], runs: int, environment: Mapping[str, str]
) -> dict[str, dict[str, float]]:
    """Wall time, and CPU time of user and system, of each command from start to end: medians over the runs."""
    samples: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for number in range(runs + 1):
        for name, words in commands.items():
            begin = time.perf_counter()
            process = subprocess.Popen(
                [str(word) for word in words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=dict(environment),
            )
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode != 0:
                raise SystemExit(f"{name} ended with exit code {process.returncode}")
            if number:  # the first round writes the bytecode
                samples[name].append((time.perf_counter() - begin, usage.ru_utime + usage.ru_stime))
    return {
        name: {"wall": statistics.median(w for w, _ in times), "cpu": statistics.median(c for _, c in times)}
        for name, times in samples.items()
    }


def machine() -> dict[str, str]:
    """What the numbers depend on; no host name."""
    processor, memory = platform.processor() or platform.machine(), ""
    if (information := Path("/proc/cpuinfo")).exists():
        found = re.search(r"^model name\s*: (.+)$", information.read_text(), re.MULTILINE)
        processor = found[1] if found else processor
    if (information := Path("/proc/meminfo")).exists():
        found = re.search(r"^MemTotal:\s*(\d+) kB", information.read_text(), re.MULTILINE)
        memory = f"{int(found[1]) / 2**20:.0f} GiB" if found else ""
    return {
        "processor": f"{processor}, {platform.machine()}",
        "cores": str(os.cpu_count()),
        "memory": memory,
        "system": platform.system(),
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
    }


def load() -> str:
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
