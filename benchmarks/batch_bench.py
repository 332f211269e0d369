"""The benchmark of folders: `jitsuin sign` and `jitsuin verify` of many files, beside loops over other libraries.

Jitsuin is measured as the whole command from start to end, with rehearsal, journal, self-verification and durable
writes; of the others only the loop is timed.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import statistics
import sys
import sysconfig
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import batch_tables
from bench import HERE, PASSPHRASE, Bench
from watch import Watched, watch

render = batch_tables.render
MARKER = "benchmarks/run.py batch"
"""Of the part of the page that is written from these measurements."""
COMMAND = Path(sysconfig.get_path("scripts"), "jitsuin")
SAMPLED = 200
"""Outputs that other programs judge."""
BROKEN = "broken-"  # as in batch_documents.py, which is not imported: this process stays small
SIGNATURE_MS = 350


@dataclass(frozen=True)
class Folder:
    """What is signed, and in how many rounds."""

    name: str
    kind: str
    count: int
    size: int = 0
    broken: int = 0
    rounds: int = 1


FOLDERS = {
    folder.name: folder
    for folder in (
        Folder("mass", "mixed", 10_000, broken=50),
        Folder("pdf", "pdf", 1_000, 50_000, rounds=5),
        Folder("xml", "xml", 1_000, 20_000, rounds=5),
        Folder("slow", "mixed", 200),
    )
}
CONTENDERS = {"pdf": ("floor", "pyhanko", "pyhanko+"), "xml": ("floor", "signxml", "signxml+")}


class BatchBench(Bench):
    """The folders, the key as a file and as a card, and how a run is watched."""

    children = "batch_contenders.py"

    def __init__(self, work: Path, folders: Sequence[Folder]) -> None:
        super().__init__(work)
        self.prepare(*(f"{one.name}:{one.kind}:{one.count}:{one.size}:{one.broken}" for one in folders))
        self.environment |= {"PASSWORD": PASSPHRASE}
        self.judging = ["--trust", work / "ca.der", "--crl", work / "crl", "--revocation", "require", "--offline"]

    def sign(self, folder: Path, target: Path, *options: object, key: str = "", memory: bool = False) -> Watched:
        key = key or f"file:{self.work / 'identity.p12'}"
        words = [folder, "--output-dir", target, "--recursive", "--yes", "--key", key, "--pin-source", "env:PASSWORD"]
        return self.watch(["sign", *words, "--chain", "leaf", *self.judging, *options], memory)

    def verify(self, folder: Path, *options: object, memory: bool = False) -> Watched:
        return self.watch(["verify", folder, "--recursive", *self.judging, *options], memory)

    def watch(self, words: Sequence[object], memory: bool) -> Watched:
        watched = watch([COMMAND, *words], self.work, self.environment, memory=memory)
        if watched.code not in (0, 1, 9):
            raise SystemExit(f"jitsuin {words[0]} ended with {watched.code}:\n{watched.complaints[-2000:]}")
        return watched

    @contextmanager
    def slow_card(self) -> Iterator[str]:
        """The simulated card in a real pcscd, as slow as real ones; the key URI, or the end where there is none."""
        sys.path.append(str(HERE.parent / "tests" / "judges"))
        from jitsuin.signer.simulator import SIGNATURE_PASSWORD
        from pcsc_stack import PcscStack
        from programs import JudgeMissingError

        try:
            stack = PcscStack()
        except JudgeMissingError as missing:
            raise LookupError(str(missing)) from None
        before = self.environment
        self.environment = before | stack.environment | {"PASSWORD": SIGNATURE_PASSWORD}
        try:
            with stack.insert(self.work / "card", sign_ms=SIGNATURE_MS):
                yield f"card:{stack.readers[0]}"
        finally:
            self.environment = before
            stack.close()


def files_of(watched: Watched) -> Iterator[dict[str, Any]]:
    """The JSON Lines about files."""
    lines = map(json.loads, watched.said.splitlines())
    return (line for line in lines if line["type"] == "file")


def measure_mass(bench: BatchBench, folder: Folder) -> dict[str, Any]:
    """Sign all with the simulated card, verify all, and have a sample judged by others."""
    from jitsuin.signer.simulator import SIGNATURE_PASSWORD

    source, target = bench.work / folder.name, bench.work / "mass-signed"
    broken = {path.relative_to(source).as_posix() for path in source.rglob(f"*.{BROKEN}*")}
    environment = bench.environment
    bench.environment = environment | {"PASSWORD": SIGNATURE_PASSWORD}
    signed = bench.sign(source, target, "--json", key=f"simulator:{bench.work / 'card'}", memory=True)
    bench.environment = environment
    failed = {line["name"]: line["error"] for line in files_of(signed) if line["state"] == "failed"}
    done = [Path(line["target"]) for line in files_of(signed) if line["state"] == "signed"]
    if failed.keys() != broken or len(done) != folder.count - len(broken):
        raise SystemExit(
            f"{len(failed)} failed, {len(done)} signed; {len(broken)} are broken: {failed.keys() ^ broken}"
        )
    if not all(error["message"] for error in failed.values()):
        raise SystemExit("a file failed without a reason")
    verified = bench.verify(target, "--json", memory=True)
    verdicts = Counter(line.get("verdict") for line in files_of(verified))
    if verdicts != {"VALID": len(done)}:
        raise SystemExit(f"of {len(done)} outputs: {verdicts}")
    judged = judge(bench, done)
    sizes = sum(path.stat().st_size for path in source.rglob("*") if path.is_file())
    shutil.rmtree(target)
    kinds = Counter(f"{error['kind']}.{error['facts'].get('reason', '')}".rstrip(".") for error in failed.values())
    return {
        "files": folder.count,
        "bytes": sizes,
        "broken": len(broken),
        "reasons": dict(kinds.most_common()),
        "judged": judged,
        "runs": {name: _facts(run, folder.count) for name, run in (("sign", signed), ("verify", verified))},
    }


def judge(bench: BatchBench, documents: Sequence[Path]) -> dict[str, int]:
    """How many of a sample were accepted, by program; the program ends where one refuses, or where one accepts all."""
    found = {}
    for program, suffix in (("pdfsig", ".pdf"), ("xmlsec1", ".xtx")):
        if program in bench.absent:
            continue
        mine = [path for path in documents if path.suffix == suffix]
        chosen = random.Random(0).sample(mine, min(len(mine), SAMPLED // 2))
        if not chosen:
            continue
        altered = bench.work / f"altered{suffix}"
        data = bytearray(chosen[0].read_bytes())
        # Within what is signed: an image, or the letter before the end of an element.
        data[len(data) // 3 if suffix == ".pdf" else data.index(b"</KOA") - 1] ^= 1
        altered.write_bytes(data)
        *good, bad = bench.python("check", bench.work, *chosen, altered)["valid"]
        if not all(good) or bad:
            raise SystemExit(
                f"{program} accepts {sum(good)} of {len(good)}, and {'accepts' if bad else 'refuses'} a change"
            )
        found[program] = len(good)
    return found


def measure_speed(bench: BatchBench, folder: Folder, keep: Path) -> dict[str, Any]:
    """Every tool once in each round, in an order that is rotated. The outputs of the last run are kept."""
    others = [tool for tool in CONTENDERS[folder.kind] if tool.removesuffix("+") not in bench.absent]
    tools = ["jitsuin", "jitsuin-1", *others]
    source = bench.work / folder.name

    def run(tool: str) -> tuple[float, float]:
        target = bench.work / "out"
        if tool.startswith("jitsuin"):
            options = ["--jobs", "1"] if tool == "jitsuin-1" else []
            watched = bench.sign(source, target, "--quiet", *options)
            shutil.rmtree(keep, ignore_errors=True)
            target.rename(keep)
            if sum(path.suffix in (".pdf", ".xtx") for path in keep.rglob("*.*")) != folder.count:
                raise SystemExit(f"{folder.name}: not all files were signed")
            return watched.seconds, watched.cpu
        answer = bench.python("loop", bench.work, tool, source, target)
        shutil.rmtree(target)
        return answer["seconds"], answer["cpu"]

    tools_measured = in_turns(tools, folder.rounds, run, folder.name)
    judged = judge(bench, sorted(path for path in keep.rglob("*.*") if path.suffix in (".pdf", ".xtx")))
    return {"files": folder.count, "rounds": folder.rounds, "tools": tools_measured, "judged": judged}


def measure_verifying(bench: BatchBench, folders: Sequence[Path], rounds: int) -> dict[str, Any]:
    """The signed files of the measurements before, on one core and on all."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    count = sum(path.suffix in (".pdf", ".xtx") for folder in folders for path in folder.rglob("*.*"))
    together = bench.work / "signed"
    together.mkdir()
    for folder in folders:
        folder.rename(together / folder.name)

    def run(tool: str) -> tuple[float, float]:
        options = ["--jobs", "1"] if tool == "one" else []
        if tool == "one" and cores:
            os.sched_setaffinity(0, cores[:1])
        try:
            watched = bench.verify(together, "--quiet", *options)
        finally:
            if cores:
                os.sched_setaffinity(0, cores)
        if watched.code != 0:
            raise SystemExit(f"verifying ended with {watched.code}")
        return watched.seconds, watched.cpu

    return {"files": count, "rounds": rounds, "tools": in_turns(["one", "all"], rounds, run, "verify")}


def measure_slow(bench: BatchBench, folder: Folder) -> dict[str, Any]:
    """With a card that takes its time for each signature, the key should never wait."""
    target = bench.work / "out"
    with bench.slow_card() as key:
        watched = bench.sign(bench.work / folder.name, target, "--quiet", key=key)
    shutil.rmtree(target)
    return {"files": folder.count, "signature_ms": SIGNATURE_MS, **_facts(watched, folder.count)}


def in_turns(
    tools: Sequence[str], rounds: int, run: Callable[[str], tuple[float, float]], label: str
) -> dict[str, Any]:
    """Median seconds of each tool, on the clock and of the processors, and of the rounds' ratios to each other one."""
    seconds: dict[str, list[float]] = {tool: [] for tool in tools}
    processors: dict[str, list[float]] = {tool: [] for tool in tools}
    for number in range(rounds):
        shift = number % len(tools)
        for tool in [*tools[shift:], *tools[:shift]]:
            wall, cpu = run(tool)
            seconds[tool].append(wall)
            processors[tool].append(cpu)
        told = ", ".join(f"{tool} {times[-1]:.2f} s" for tool, times in seconds.items())
        print(f"{label}: round {number + 1}: {told}", file=sys.stderr)

    def ratio(one: str, other: str) -> float:
        return statistics.median(a / b for a, b in zip(seconds[one], seconds[other], strict=True))

    return {
        tool: {
            "seconds": statistics.median(times),
            "cpu": statistics.median(processors[tool]),
            "times": {other: ratio(tool, other) for other in tools},
        }
        for tool, times in seconds.items()
    }


def _facts(watched: Watched, count: int) -> dict[str, Any]:
    return {
        "seconds": watched.seconds,
        "rate": count / watched.seconds,
        "parent_kb": watched.parent_kb,
        "all_kb": watched.all_kb,
        "tenths_kb": watched.tenths_kb,
    }


def run(work: Path, given: Mapping[str, int], names: Sequence[str]) -> dict[str, Any]:
    """Everything that batch_tables puts on the page. `repetitions` is how many files each folder has."""
    instead = {{"repetitions": "count"}.get(name, name): n for name, n in given.items() if name != "warm_ups"}
    folders = {}
    for name in names or FOLDERS:
        folder = replace(FOLDERS[name], **instead)
        folders[name] = replace(folder, broken=min(folder.broken, folder.count // 5))
    bench = BatchBench(work, list(folders.values()))
    found: dict[str, dict[str, Any]] = {}
    kept = []
    for name in ("pdf", "xml"):
        if name in folders:
            kept.append(work / f"{name}-signed")
            found[name] = measure_speed(bench, folders[name], kept[-1])
    if kept:
        found["verify"] = measure_verifying(bench, kept, max(folders[name].rounds for name in folders))
    if "slow" in folders:
        try:
            found["slow"] = measure_slow(bench, folders["slow"])
        except LookupError as missing:
            bench.absent["slow card"] = str(missing)
    if "mass" in folders:
        found["mass"] = measure_mass(bench, folders["mass"])
    judges = {}
    for name, one in found.items():
        judged = [f"{program} ({n} of them)" for program, n in one.get("judged", {}).items()]
        judged += ["jitsuin"] * (name in ("verify", "mass"))
        if judged:
            judges[f"`{name}`"] = " and ".join(judged)
    return {"results": found, "judges": judges, "versions": bench.versions, "absent": bench.absent}
