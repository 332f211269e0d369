"""Run every tool on every size, check what they wrote, and put the tables into docs/performance.md.

Each measurement is a fresh child process. Within a round every tool runs once, in an order that is rotated from round
to round, so that what else the machine does falls on all of them. Times are medians over all repetitions of all rounds,
ratios are medians over the rounds of the ratio within a round.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tables import check_markers, render, write_between_markers

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "performance.md"
PASSPHRASE = "benchmark"  # noqa: S105 - that of contenders.py, which is not imported: this process stays small
OTHERS = ("signxml", "xmlsec", "jdk", "jdk-cold")
SIGNERS = ("floor", "jitsuin", "jitsuin-checked", "jitsuin-file", "jitsuin-file-crl", *OTHERS)
VERIFIERS = ("floor", "jitsuin", "jitsuin-file", "jitsuin-file-crl", *OTHERS)
JUDGES = {
    # Who says that a tool's output is right: somebody else, the first that is installed.
    "floor": ("jitsuin",),
    "signxml": ("xmlsec", "jdk"),  # Jitsuin refuses an enveloped transform on a target that does not envelop
    "xmlsec": ("jitsuin",),
    "jdk": ("jitsuin",),
    "jdk-cold": ("jitsuin",),
}
OF_JITSUIN = ("xmlsec", "jdk", "signxml")


@dataclass(frozen=True)
class Size:
    """How often a document of this size is measured: repetitions in a child, and rounds of children."""

    name: str
    target: int
    repetitions: int
    rounds: int
    jdk_warm_ups: int
    jdk_warm_up_size: int


SIZES = {
    size.name: size
    for size in (
        Size("20KB", 20_000, repetitions=15, rounds=15, jdk_warm_ups=300, jdk_warm_up_size=20_000),
        Size("1MB", 1_000_000, repetitions=4, rounds=11, jdk_warm_ups=40, jdk_warm_up_size=1_000_000),
        # One document in a process, as users have it; the JDK warms up on smaller ones.
        Size("50MB", 50_000_000, repetitions=1, rounds=5, jdk_warm_ups=40, jdk_warm_up_size=1_000_000),
    )
}


@dataclass
class Sample:
    """What was measured of one tool on one size."""

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

    def times(self, other: Sample | None) -> float | None:
        """How many times as long as the other it took: the median of the rounds' ratios."""
        if other is None:
            return None
        return statistics.median(own / its for own, its in zip(self.rounds, other.rounds, strict=True))

    def summary(self, samples: Mapping[str, Sample]) -> dict[str, Any]:
        return {
            "times_floor": self.times(samples["floor"]),
            "times_signxml": self.times(samples.get("signxml")),
            "wall": statistics.median(self.wall),
            "cpu": statistics.median(self.cpu),
            "before_kb": statistics.median(self.before_kb),
            "peak_kb": statistics.median(self.peak_kb),
            "count": len(self.wall),
        }


class Bench:
    """The folder with documents and identity, and the ways to start a child."""

    def __init__(self, work: Path, sizes: Sequence[Size]) -> None:
        self.work = work
        shutil.rmtree(work, ignore_errors=True)
        (work / "home").mkdir(parents=True)
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "JITSUIN", "COV"))
        } | {"HOME": str(work / "home"), "LC_ALL": "C.UTF-8"}
        targets = {size.target for size in sizes} | {size.jdk_warm_up_size for size in sizes}
        prepared = self.python("prepare", work, *sorted(targets))
        self.versions: dict[str, str] = prepared["versions"]
        self.absent: dict[str, str] = prepared["absent"]
        self.compile_java()

    def compile_java(self) -> None:
        if shutil.which("javac") is None or shutil.which("java") is None:
            self.absent["jdk"] = self.absent["jdk-cold"] = "javac or java is not installed"
            return
        subprocess.run(["javac", "-encoding", "UTF-8", "-d", self.work, HERE / "JdkContender.java"], check=True)
        version = subprocess.run(["java", "-version"], capture_output=True, text=True, check=True).stderr
        self.versions["JDK"] = version.splitlines()[1] if version.count("\n") > 1 else version.strip()

    def python(self, *arguments: object) -> dict[str, Any]:
        return self._run([sys.executable, HERE / "contenders.py", *arguments])

    def java(self, *arguments: object) -> dict[str, Any]:
        return self._run(["java", "-cp", self.work, "JdkContender", *arguments])

    def _run(self, command: Sequence[object]) -> dict[str, Any]:
        words = [str(word) for word in command]
        done = subprocess.run(words, capture_output=True, text=True, env=self.environment, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(words[1:])} failed:\n{done.stderr}")
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def unsigned(self, size: Size) -> Path:
        return self.work / f"{size.target}.xtx"

    def signed_by(self, tool: str, size: Size) -> Path:
        return self.work / f"{size.target}.{tool}.xtx"

    def present(self, tools: Iterable[str]) -> list[str]:
        return [tool for tool in tools if tool not in self.absent]

    def measure(self, operation: str, tool: str, size: Size) -> dict[str, Any]:
        """One child. For `jdk-cold` the time is that of the whole process."""
        if operation == "sign":
            files = [self.unsigned(size), self.signed_by(tool, size)]
        else:
            files = [self.signed_by("jitsuin", size)]
        if tool == "jdk":
            warm_up = self.work / f"{size.jdk_warm_up_size}{'' if operation == 'sign' else '.jitsuin'}.xtx"
            return self.java(operation, self.work, *files, size.repetitions, size.jdk_warm_ups, warm_up)
        if tool == "jdk-cold":
            begin = time.perf_counter()
            answer = self.java(operation, self.work, *files, 1, 0, files[0])
            return answer | {"wall": [time.perf_counter() - begin]}
        return self.python(operation, self.work, tool, *files, size.repetitions)

    def check(self, judge: str, documents: Sequence[Path]) -> list[bool]:
        """What the judge says to each document."""
        if judge == "jdk":
            return list(self.java("check", self.work, *documents)["valid"])
        return list(self.python("check", self.work, judge, *documents)["valid"])


def check_all(bench: Bench, sizes: Sequence[Size]) -> dict[str, str]:
    """Every output must be valid in the eyes of another tool, and every verifier refuse a return that was changed.

    A benchmark of wrong output, or of a verifier that accepts anything, is worthless. Returns who judged whom.
    """
    judged = {}
    accepted: dict[str, list[Path]] = {tool: [] for tool in bench.present(VERIFIERS) if tool != "jdk-cold"}
    for tool in bench.present(SIGNERS):
        judge = next((one for one in JUDGES.get(tool, OF_JITSUIN) if one in accepted), None)
        if judge is None:
            raise SystemExit(f"nobody is installed who could judge what {tool} writes")
        judged[tool] = judge
        accepted[judge] += [bench.signed_by(tool, size) for size in sizes]
    tampered = tamper(bench.signed_by("jitsuin", sizes[0]))
    for judge, documents in accepted.items():
        verdicts = bench.check(judge, [*documents, tampered])
        for document, valid in zip([*documents, tampered], verdicts, strict=True):
            if valid is (document == tampered):
                raise SystemExit(f"{judge} {'accepts' if valid else 'refuses'} {document.name}")
    return judged


def tamper(signed: Path) -> Path:
    """A copy with one digit of the signed content changed."""
    data = bytearray(signed.read_bytes())
    end = data.rindex(b"<dsig:Signature ")
    at = max(data.rfind(b"%d<" % digit, 0, end) for digit in range(10))
    data[at] = ord("0") + (data[at] - ord("0") + 1) % 10
    tampered = signed.with_name("tampered.xtx")
    tampered.write_bytes(data)
    return tampered


def measure_all(bench: Bench, sizes: Sequence[Size]) -> dict[str, Any]:
    """The samples by size, operation and tool."""
    found: dict[str, Any] = {}
    for size in sizes:
        if size.jdk_warm_up_size != size.target and "jdk" not in bench.absent:
            warm_up = Size("warm-up", size.jdk_warm_up_size, 1, 1, 0, size.jdk_warm_up_size)
            bench.measure("sign", "jitsuin", warm_up)
        for operation, tools in (("sign", SIGNERS), ("verify", VERIFIERS)):
            present = bench.present(tools)
            samples = {tool: Sample() for tool in present}
            for number in range(size.rounds):
                shift = number % len(present)
                for tool in [*present[shift:], *present[:shift]]:
                    samples[tool].add(bench.measure(operation, tool, size))
                print(f"{size.name} {operation}: round {number + 1}", file=sys.stderr)
            summaries = {tool: sample.summary(samples) for tool, sample in samples.items()}
            found.setdefault(size.name, {})[operation] = summaries
        found[size.name]["bytes"] = bench.unsigned(size).stat().st_size
    return found


def measure_start_up(bench: Bench, size: Size, runs: int) -> dict[str, dict[str, float]]:
    """Whole processes: wall time, and CPU time of user and system."""
    command = str(Path(sysconfig.get_path("scripts")) / "jitsuin")
    sign: list[object] = [
        command,
        "sign",
        bench.unsigned(size),
        "-o",
        bench.work / "start-up.xtx",
        "--overwrite",
        "--quiet",
    ]
    sign += ["--key", f"file:{bench.work / 'identity.p12'}", "--pin-source", "env:BENCHMARK_PASSPHRASE"]
    sign += ["--trust", bench.work / "ca.der", "--crl", bench.work / "crl", "--revocation", "require"]
    commands: dict[str, list[object]] = {
        "`python -c pass`": [sys.executable, "-c", "pass"],
        "`jitsuin --version`": [command, "--version"],
        "`jitsuin --help`": [command, "--help"],
        "Python importing lxml and cryptography": [
            sys.executable,
            "-c",
            "import lxml.etree, cryptography.x509, cryptography.hazmat.primitives.serialization.pkcs12",
        ],
        f"`jitsuin sign` of the {size.name} return": sign,
    }
    environment = bench.environment | {"BENCHMARK_PASSPHRASE": PASSPHRASE}
    samples: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for number in range(runs + 1):
        for name, words in commands.items():
            begin = time.perf_counter()
            process = subprocess.Popen(
                [str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=environment
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


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks/run.py", description=__doc__.splitlines()[0])
    # run.py takes this one.
    parser.add_argument("--here", action="store_true", help="use this environment instead of benchmarks/build/venv")
    parser.add_argument("--sizes", default=",".join(SIZES), help="default: %(default)s")
    parser.add_argument("--rounds", type=int, help="instead of each size's own number")
    parser.add_argument("--repetitions", type=int, help="in each child, instead of each size's own number")
    parser.add_argument(
        "--warm-ups", type=int, help="documents before the JDK is timed, instead of each size's own number"
    )
    parser.add_argument("--work", type=Path, default=HERE / "build" / "work", help="a folder to be emptied and filled")
    parser.add_argument("--output", type=Path, default=PAGE, help="the page with the markers; default: %(default)s")
    parser.add_argument("--json", type=Path, help="write the numbers here, too")
    options = parser.parse_args()
    instead = {"rounds": options.rounds, "repetitions": options.repetitions, "jdk_warm_ups": options.warm_ups}
    given = {name: number for name, number in instead.items() if number}
    sizes = [replace(SIZES[name], **given) for name in options.sizes.split(",")]
    check_markers(options.output)
    load_before = load()
    bench = Bench(options.work, sizes)
    results = measure_all(bench, sizes)
    facts: dict[str, Any] = {
        "at": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": machine(),
        "versions": bench.versions,
        "absent": bench.absent,
        "results": results,
        "start_up": measure_start_up(bench, sizes[0], options.rounds or 21),
        "judges": check_all(bench, sizes),
        "load": [load_before, load()],
    }
    if options.json:
        options.json.write_text(json.dumps(facts, indent=2))
    write_between_markers(options.output, render(facts))
    print(f"the tables are in {options.output}", file=sys.stderr)
    shutil.rmtree(options.work)


if __name__ == "__main__":
    main()
