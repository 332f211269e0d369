"""The benchmark of PKCS#11: keys in SoftHSM2, driven by Jitsuin and by python-pkcs11, and PDFs signed with one."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pkcs11_tables
from bench import HERE, in_rounds
from card_bench import debian_versions
from pdf_bench import SMALL, Document, PdfBench, able, check_verifiers

render = pkcs11_tables.render
MARKER = "benchmarks/run.py pkcs11"
TOOLS = ("bare", "jitsuin")
SIGNERS = ("floor", "jitsuin", "jitsuin-file", "pyhanko", "pyhanko-reserved")
ON_PAGE = ("jitsuin", "cryptography", "python-pkcs11", "pyHanko", "pdfsig", "softhsm2")
"""Of the versions that the part about PDF tells."""


@dataclass(frozen=True)
class Values:
    """With which key values are made, and how often."""

    name: str
    files: tuple[str, str]
    """The key's and its certificate's, in the folder."""
    further: int
    """Signatures after the first, in each child."""
    rounds: int


KEYS = {
    values.name: values
    for values in (
        Values("RSA-2048", ("key.der", "certificate.der"), further=500, rounds=31),
        Values("P-384", ("p-384.der", "p-384-certificate.der"), further=200, rounds=11),
    )
}


class Pkcs11Bench(PdfBench):
    """A store with one token for each key, and children that use one."""

    children = "pkcs11_contenders.py"

    def __init__(self, work: Path, documents: Sequence[Document]) -> None:
        sys.path.append(str(HERE.parent / "tests" / "judges"))
        from programs import JudgeMissingError
        from softhsm import SoftHsm

        try:
            SoftHsm(work / "probe")
        except JudgeMissingError as missing:
            raise SystemExit(f"PKCS#11 is not measured: {missing}") from None
        super().__init__(work, documents)
        self.tokens = {name: self.token(name) for name in KEYS}
        self.versions |= debian_versions("softhsm2")

    def prepare_java(self) -> None:
        """Java has no part in this."""

    def token(self, name: str) -> tuple[str, dict[str, str]]:
        """A store of its own, with one token, for the key and its certificate: the token, and how it is found."""
        # Not above: this process stays small until the parts whose memory is measured are done.
        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import load_der_private_key
        from pkcs11_contenders import KEY_ID, Token

        from softhsm import MODULE, PIN, SoftHsm, StoredCertificate, StoredKey

        key, certificate = ((self.work / file).read_bytes() for file in KEYS[name].files)
        objects = [
            StoredKey(load_der_private_key(key, None), KEY_ID, name),
            StoredCertificate(x509.load_der_x509_certificate(certificate), KEY_ID, name, private=True),
        ]
        store = SoftHsm(self.work / "softhsm" / name)
        os.environ |= store.environment  # for the programs that fill it, which this process starts
        made = store.token(label=f"Benchmark {name}", objects=objects)
        return Token(MODULE, made.label, PIN).text(), store.environment

    def given(self, name: str) -> str:
        token, environment = self.tokens[name]
        self.environment |= environment
        return token

    def values(self, tool: str, key: Values) -> dict[str, Any]:
        token = self.given(key.name)
        return self.python("measure", self.work, tool, token, key.further, time.monotonic())

    def sign(self, tool: str, document: Document) -> dict[str, Any]:
        token, small = self.given("RSA-2048"), self.unsigned(SMALL)
        files = [small, self.unsigned(document), self.signed_by(tool, document)]
        return self.python("sign", self.work, tool, token, *files, document.repetitions)


def measure_values(bench: Pkcs11Bench, key: Values) -> dict[str, Any]:
    """The medians of each tool, and of the rounds' ratios."""
    answers: dict[str, list[dict[str, Any]]] = {tool: [] for tool in TOOLS}
    for number in range(key.rounds):
        shift = number % len(TOOLS)
        for tool in [*TOOLS[shift:], *TOOLS[:shift]]:
            answers[tool].append(bench.values(tool, key))
        print(f"{key.name}: round {number + 1}", file=sys.stderr)
    return {
        "rounds": key.rounds,
        "further": key.further,
        "tools": {tool: _summary(of_tool, answers["bare"]) for tool, of_tool in answers.items()},
        "unchecked": _unchecked(answers["jitsuin"], answers["bare"]),
    }


Answers = Sequence[Mapping[str, Any]]


def _summary(own: Answers, bare: Answers) -> dict[str, float]:
    return {
        "first": statistics.median(one["first"] for one in own),
        "from_start": statistics.median(one["from_start"] for one in own),
        "from_start_times_bare": _ratio(own, "from_start", bare, "from_start"),
        "further": statistics.median(second for one in own for second in one["further"]),
        "rate_of_bare": _ratio(bare, "further", own, "further"),
    }


def _unchecked(own: Answers, bare: Answers) -> dict[str, float]:
    """`saved` by not checking, and what the check takes when nothing else is done: parts of a signature's time."""
    return {
        "further": statistics.median(second for one in own for second in one["unchecked"]),
        "rate_of_bare": _ratio(bare, "further", own, "unchecked"),
        "saved": 1 - _ratio(own, "unchecked", own, "further"),
        "alone": _ratio(own, "checks", own, "further"),
    }


def _ratio(these: Answers, what: str, those: Answers, by_what: str) -> float:
    """The median of the rounds' ratios, between medians where a round has many times."""

    def time_of(one: Mapping[str, Any], name: str) -> float:
        return float(statistics.median(one[name]) if isinstance(one[name], list) else one[name])

    return statistics.median(time_of(a, what) / time_of(b, by_what) for a, b in zip(these, those, strict=True))


def measure_pdf(bench: Pkcs11Bench, document: Document) -> dict[str, Any]:
    """The signers whose outputs their judges accept."""
    tools, failed = able(bench, document, SIGNERS)
    check_verifiers(bench)
    baselines = ("floor", "pyhanko", "pyhanko-reserved")
    signed = in_rounds(
        tools, document.rounds, lambda tool: bench.sign(tool, document), baselines, f"{document.name} sign"
    )
    return {"bytes": bench.unsigned(document).stat().st_size, "sign": signed, "failed": failed}


def run(work: Path, given: Mapping[str, int], names: Sequence[str]) -> dict[str, Any]:
    """Everything that pkcs11_tables puts on the page. For values `repetitions` is how many follow the first."""
    document = replace(SMALL, **given)
    instead = {{"repetitions": "further"}.get(name, name): n for name, n in given.items() if name != "warm_ups"}
    keys = [replace(KEYS[name], **instead) for name in names or KEYS if name != document.name]
    bench = Pkcs11Bench(work, [document])
    values = {key.name: measure_values(bench, key) for key in keys}
    pdf = {document.name: measure_pdf(bench, document)} if not names or document.name in names else {}
    judges = {f"values of {tool}": "cryptography" for tool in TOOLS} if values else {}
    if pdf:
        judges |= {f"PDFs of {tool}": " and ".join(bench.judges(tool)) for tool in bench.present(SIGNERS)}
    return {
        "values": values,
        "pdf": pdf,
        "judges": judges,
        "versions": {name: bench.versions[name] for name in ON_PAGE if name in bench.versions},
        "absent": {name: bench.absent[name] for name in (*SIGNERS, "pdfsig") if name in bench.absent},
    }
