"""The benchmark of XML: an e-Tax return of several sizes, signed and verified by every tool."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import xml_tables
from bench import HERE, PASSPHRASE, Bench, in_rounds, java_version, whole_processes

render = xml_tables.render
MARKER = "benchmarks/run.py xml"
"""Of the part of the page that is written from these measurements."""
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


class XmlBench(Bench):
    """The returns, and how each tool is started on one."""

    children = "xml_contenders.py"

    def __init__(self, work: Path, sizes: Sequence[Size]) -> None:
        super().__init__(work)
        self.prepare(*sorted({size.target for size in sizes} | {size.jdk_warm_up_size for size in sizes}))
        if (version := java_version()) is None:
            self.absent["jdk"] = self.absent["jdk-cold"] = "javac or java is not installed"
            return
        subprocess.run(["javac", "-encoding", "UTF-8", "-d", self.work, HERE / "JdkContender.java"], check=True)
        self.versions["JDK"] = version

    def java(self, *arguments: object) -> dict[str, Any]:
        return self.run(["java", "-cp", self.work, "JdkContender", *arguments])

    def unsigned(self, size: Size) -> Path:
        return self.work / f"{size.target}.xtx"

    def signed_by(self, tool: str, size: Size) -> Path:
        return self.work / f"{size.target}.{tool}.xtx"

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


def check_all(bench: XmlBench, sizes: Sequence[Size]) -> dict[str, str]:
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


def measure_all(bench: XmlBench, sizes: Sequence[Size]) -> dict[str, Any]:
    """The summaries by size, operation and tool."""
    found: dict[str, Any] = {}
    for size in sizes:
        if size.jdk_warm_up_size != size.target and "jdk" not in bench.absent:
            warm_up = Size("warm-up", size.jdk_warm_up_size, 1, 1, 0, size.jdk_warm_up_size)
            bench.measure("sign", "jitsuin", warm_up)
        found[size.name] = {"bytes": bench.unsigned(size).stat().st_size}
        for operation, tools in (("sign", SIGNERS), ("verify", VERIFIERS)):
            found[size.name][operation] = in_rounds(
                bench.present(tools),
                size.rounds,
                lambda tool, operation=operation, size=size: bench.measure(operation, tool, size),
                ("floor", "signxml"),
                f"{size.name} {operation}",
            )
    return found


def measure_start_up(bench: XmlBench, size: Size, runs: int) -> dict[str, dict[str, float]]:
    """Whole processes: wall time, and CPU time of user and system."""
    command = Path(sysconfig.get_path("scripts")) / "jitsuin"
    target = bench.work / "start-up.xtx"
    sign: list[object] = [command, "sign", bench.unsigned(size), "-o", target, "--overwrite", "--quiet"]
    sign += ["--key", f"file:{bench.work / 'identity.p12'}", "--pin-source", "env:BENCHMARK_PASSPHRASE"]
    sign += ["--trust", bench.work / "ca.der", "--crl", bench.work / "crl", "--revocation", "require"]
    imports = "import lxml.etree, cryptography.x509, cryptography.hazmat.primitives.serialization.pkcs12"
    commands: dict[str, list[object]] = {
        "`python -c pass`": [sys.executable, "-c", "pass"],
        "`jitsuin --version`": [command, "--version"],
        "`jitsuin --help`": [command, "--help"],
        "Python importing lxml and cryptography": [sys.executable, "-c", imports],
        f"`jitsuin sign` of the {size.name} return": sign,
    }
    return whole_processes(commands, runs, bench.environment | {"BENCHMARK_PASSPHRASE": PASSPHRASE})


def run(work: Path, given: Mapping[str, int], names: Sequence[str]) -> dict[str, Any]:
    """Everything that xml_tables puts on the page. `given` overrides rounds, repetitions and warm_ups of the sizes."""
    instead = {"jdk_warm_ups" if name == "warm_ups" else name: number for name, number in given.items()}
    sizes = [replace(SIZES[name], **instead) for name in names or SIZES]
    bench = XmlBench(work, sizes)
    return {
        "results": measure_all(bench, sizes),
        "start_up": measure_start_up(bench, sizes[0], given.get("rounds", 21)),
        "judges": check_all(bench, sizes),
        "versions": bench.versions,
        "absent": bench.absent,
    }
