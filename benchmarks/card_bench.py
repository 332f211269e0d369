"""The benchmark of the card: the simulated one in a real pcscd, driven by Jitsuin and by OpenSC through PKCS#11."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import card_tables
from bench import HERE, Bench

if TYPE_CHECKING:
    from pcsc_stack import PcscStack

render = card_tables.render
MARKER = "benchmarks/run.py card"
TOOLS = ("card", "jitsuin", "opensc", "opensc-jpki")
DOCUMENTS = 3
"""Signed while APDUs are counted."""
_SIGNATURE = "802A"


@dataclass(frozen=True)
class Speed:
    """How fast the card is, in milliseconds, and how often that is measured."""

    name: str
    apdu: float
    signature: float
    further: int
    """Signatures after the first, in each child."""
    rounds: int


SPEEDS = {
    speed.name: speed
    for speed in (
        Speed("zero", 0, 0, further=200, rounds=15),
        # Assumed for a real card in a real reader.
        Speed("real", 15, 350, further=10, rounds=7),
    )
}


class CardBench(Bench):
    """A pcscd of its own and the card in it; a child of either program."""

    children = "card_contenders.py"

    def __init__(self, work: Path) -> None:
        super().__init__(work)
        self.prepare()
        if (reason := self.absent.get("smartcard.scard")) is not None:
            raise SystemExit(f"the card is not measured: {reason}")
        sys.path.append(str(HERE.parent / "tests" / "judges"))
        from pcsc_stack import PcscStack
        from programs import JudgeMissingError

        try:
            self.stack: PcscStack = PcscStack()
        except JudgeMissingError as missing:
            raise SystemExit(f"the card is not measured: {missing}") from None
        self.environment |= self.stack.environment
        self.reader = self.stack.readers[0]
        self.card = work / "card"
        self.versions |= debian_versions("pcscd", "vsmartcard-vpcd", "opensc-pkcs11")
        (work / "jpki.conf").write_text("app default {\n  card_drivers = jpki;\n}\n")

    def measure(self, tool: str, further: int, *options: object) -> dict[str, Any]:
        from jitsuin.signer.simulator import SIGNATURE_PASSWORD

        self.environment["OPENSC_CONF"] = str(self.work / "jpki.conf") if tool == "opensc-jpki" else "/dev/null"
        return self.python("measure", tool, self.reader, SIGNATURE_PASSWORD, further, *options)

    def apdus(self, run: Callable[[], object]) -> dict[str, float]:
        """The commands that the card is sent up to the first signature, and then on average for each further one."""
        trace = self.work / "trace"
        trace.unlink(missing_ok=True)
        with self.stack.insert(self.card, trace=trace):
            run()
        commands = [json.loads(line).get("command", "") for line in trace.read_text().splitlines()[1:]]
        first, *_, last = (number for number, command in enumerate(commands, 1) if command.startswith(_SIGNATURE))
        return {"first": first, "further": (last - first) / (DOCUMENTS - 1)}

    def sign_documents(self, *options: object) -> None:
        """`jitsuin sign` of three returns in one run."""
        from jitsuin.samples.documents import income_tax_return
        from jitsuin.signer.simulator import SIGNATURE_PASSWORD

        sources = [self.work / f"{number}.xtx" for number in range(DOCUMENTS)]
        for source in sources:
            source.write_bytes(income_tax_return())
        command = [Path(sysconfig.get_path("scripts")) / "jitsuin", "sign", *sources, "--overwrite", "--quiet"]
        command += ["--key", f"card:{self.reader}", "--pin-source", "env:PASSWORD", *options]
        environment = self.environment | {"PASSWORD": SIGNATURE_PASSWORD}
        subprocess.run([str(word) for word in command], env=environment, stdout=subprocess.DEVNULL, check=True)


def count_apdus(bench: CardBench) -> dict[str, dict[str, float]]:
    """Of the whole command, and of each program's child."""
    counts = {"command": bench.apdus(lambda: bench.sign_documents("--trust", "simulator"))}
    for issuer in ("unread", "known", "unknown"):
        counts[f"library-{issuer}"] = bench.apdus(lambda: bench.measure("jitsuin", DOCUMENTS - 1, issuer))  # noqa: B023
    for tool in bench.present(["opensc", "opensc-jpki"]):
        counts[tool] = bench.apdus(lambda: bench.measure(tool, DOCUMENTS - 1))  # noqa: B023
    return counts


def measure_all(bench: CardBench, speeds: Sequence[Speed]) -> dict[str, Any]:
    """For each speed the medians of each tool, and of the rounds' ratios."""
    found: dict[str, Any] = {}
    tools = bench.present(TOOLS)
    for speed in speeds:
        answers: dict[str, list[dict[str, Any]]] = {tool: [] for tool in tools}
        with bench.stack.insert(bench.card, apdu_ms=speed.apdu, sign_ms=speed.signature):
            for number in range(speed.rounds):
                shift = number % len(tools)
                for tool in [*tools[shift:], *tools[:shift]]:
                    answers[tool].append(bench.measure(tool, speed.further))
                print(f"{speed.name}: round {number + 1}", file=sys.stderr)
        found[speed.name] = {
            "apdu_ms": speed.apdu,
            "signature_ms": speed.signature,
            "rounds": speed.rounds,
            "further": speed.further,
            "tools": {tool: _summary(of_tool, answers) for tool, of_tool in answers.items()},
        }
    return found


def _summary(own: Sequence[Mapping[str, Any]], answers: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    def ratio(other: str, value: Callable[[Mapping[str, Any]], float]) -> float:
        return statistics.median(value(mine) / value(its) for mine, its in zip(own, answers[other], strict=True))

    def further(one: Mapping[str, Any]) -> float:
        return statistics.median(one["further"])

    summary: dict[str, Any] = {
        "first": statistics.median(one["first"] for one in own),
        "further": statistics.median(second for one in own for second in one["further"]),
        "rate_of_card": 1 / ratio("card", further),
    }
    summary["first_times"] = {
        other: ratio(other, lambda one: float(one["first"])) for other in ("opensc", "opensc-jpki") if other in answers
    }
    return summary


def debian_versions(*packages: str) -> dict[str, str]:
    query = ["dpkg-query", "--show", "--showformat", "${Package} ${Version}\n", *packages]
    try:
        lines = subprocess.run(query, capture_output=True, text=True, check=False).stdout.splitlines()
    except OSError:  # not Debian
        return {}
    return dict(line.split(" ", 1) for line in lines)


def run(work: Path, given: Mapping[str, int], names: Sequence[str]) -> dict[str, Any]:
    """Everything that card_tables puts on the page. `repetitions` is how many signatures follow the first."""
    instead = {{"repetitions": "further"}.get(name, name): n for name, n in given.items() if name != "warm_ups"}
    speeds = [replace(SPEEDS[name], **instead) for name in names or SPEEDS]
    bench = CardBench(work)
    try:
        return {
            "apdus": count_apdus(bench),
            "results": measure_all(bench, speeds),
            "judges": dict.fromkeys(bench.present(TOOLS), "cryptography"),
            "versions": bench.versions,
            "absent": bench.absent,
        }
    finally:
        bench.stack.close()
