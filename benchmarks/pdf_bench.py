"""The benchmark of PDF: documents of several sizes and shapes, signed and verified by every tool."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pdf_tables
from bench import HERE, PASSPHRASE, Bench, ChildError, in_rounds, java_version, whole_processes

render = pdf_tables.render
MARKER = "benchmarks/run.py pdf"
"""Of the part of the page that is written from these measurements."""
SIGNERS = (
    "floor",
    "jitsuin",
    "jitsuin-checked",
    "jitsuin-file",
    "pyhanko",
    "pyhanko-reserved",
    "endesive",
    "rustpdf",
    "pdfsignerpy",
    "pdfbox",
    "pdfbox-cold",
)
VERIFIERS = ("floor", "jitsuin", "jitsuin-file", "pyhanko", "pdfsignerpy", "pdfsig")
JUDGES = ("pdfsig", "pyhanko", "jitsuin")
"""Who says that a tool's output is right: the first two that are installed and are not the tool itself."""
LIBRARIES = ("pdfbox2", "fontbox2", "commons-logging", "bcprov", "bcpkix", "bcutil")
JARS = [Path("/usr/share/java", f"{name}.jar") for name in LIBRARIES]
"""PDFBox and Bouncy Castle, where Debian puts them."""


@dataclass(frozen=True)
class Document:
    """What is signed, and how often: repetitions in a child, and rounds of children."""

    name: str
    kind: str
    """One of pdf_documents.MAKERS."""
    size: int
    repetitions: int
    rounds: int
    warm_ups: int
    """Small documents that PDFBox signs before it is timed."""


SMALL = Document("50KB", "few", 50_000, repetitions=15, rounds=15, warm_ups=200)
"""It also goes before every other document in each child, uncounted."""
DOCUMENTS = {
    document.name: document
    for document in (
        SMALL,
        Document("1MB", "few", 1_000_000, repetitions=8, rounds=9, warm_ups=200),
        Document("20MB", "few", 20_000_000, repetitions=2, rounds=7, warm_ups=100),
        Document("20MB-objects", "objects", 20_000_000, repetitions=1, rounds=5, warm_ups=100),
        Document("20MB-fields", "fields", 20_000_000, repetitions=1, rounds=7, warm_ups=100),
        Document("200MB", "few", 200_000_000, repetitions=1, rounds=5, warm_ups=100),
    )
}


class PdfBench(Bench):
    """The documents, and how each tool is started on one."""

    children = "pdf_contenders.py"

    def __init__(self, work: Path, documents: Sequence[Document]) -> None:
        super().__init__(work)
        needed = {document.name: document for document in (SMALL, *documents)}
        self.prepare(*(f"{one.name}:{one.kind}:{one.size}" for one in needed.values()))
        self.prepare_java()

    def prepare_java(self) -> None:
        """Compile PDFBox's side, if there is a JDK and PDFBox."""
        self.classes = ":".join(map(str, [*JARS, self.work]))
        reason = "javac or java is not installed" if java_version() is None else None
        if missing := [jar.name for jar in JARS if not jar.exists()]:
            reason = f"{', '.join(missing)} not installed (Debian: libpdfbox2-java, libbcpkix-java)"
        if reason is not None:
            self.absent["pdfbox"] = self.absent["pdfbox-cold"] = reason
            return
        source = HERE / "PdfBoxContender.java"
        subprocess.run(["javac", "-encoding", "UTF-8", "-cp", self.classes, "-d", self.work, source], check=True)
        released = [next(jar.parent.glob(f"{jar.stem}-[0-9]*.jar"), jar).stem for jar in (JARS[0], JARS[3])]
        self.versions["PDFBox"] = f"{', '.join(released)} on {java_version()}"

    def unsigned(self, document: Document) -> Path:
        return self.work / f"{document.name}.pdf"

    def signed_by(self, tool: str, document: Document) -> Path:
        return self.work / f"{document.name}.{tool}.pdf"

    def sign(self, tool: str, document: Document) -> dict[str, Any]:
        """One child. For `pdfbox-cold` the time is that of the whole process."""
        files = [self.unsigned(document), self.signed_by(tool, document)]
        small = self.unsigned(SMALL)
        if tool == "pdfbox":
            return self.java(*files, document.repetitions, document.warm_ups, small)
        if tool == "pdfbox-cold":
            begin = time.perf_counter()
            answer = self.java(*files, 1, 0, small)
            return answer | {"wall": [time.perf_counter() - begin]}
        return self.python("sign", self.work, tool, small, *files, document.repetitions)

    def java(self, *arguments: object) -> dict[str, Any]:
        return self.run(["java", "-cp", self.classes, "PdfBoxContender", "sign", self.work, *arguments])

    def verify(self, tool: str, document: Document) -> dict[str, Any]:
        signer = "floor" if tool == "floor" else "jitsuin"
        files = [self.signed_by(signer, SMALL), self.signed_by(signer, document)]
        return self.python("verify", self.work, tool, *files, document.repetitions)

    def judges(self, tool: str) -> list[str]:
        """Of a tool's output. The floor's is no PDF: it is looked at by itself."""
        family = tool.partition("-")[0]
        return [family] if family == "floor" else [one for one in self.present(JUDGES) if one != family][:2]

    def refuses(self, judge: str, path: Path) -> bool:
        return not self.python("check", self.work, judge, path)["valid"][0]


def able(bench: PdfBench, document: Document, signers: Sequence[str] = SIGNERS) -> tuple[list[str], dict[str, str]]:
    """The tools that sign this document so that their judges accept it, and why the others do not.

    A benchmark of wrong output is worthless. Only what will be verified is kept.
    """
    able, failed = [], {}
    for tool in bench.present(signers):
        signed = bench.signed_by(tool, document)
        try:
            bench.sign(tool, replace(document, repetitions=1, warm_ups=0))
        except ChildError as error:
            failed[tool] = str(error).strip().splitlines()[-1][:160]
        else:
            refused = [judge for judge in bench.judges(tool) if bench.refuses(judge, signed)]
            if refused:
                failed[tool] = f"what it writes is refused by {' and '.join(refused)}"
            else:
                able.append(tool)
        if tool not in ("floor", "jitsuin"):
            signed.unlink(missing_ok=True)
        if tool in failed and tool.startswith(("floor", "jitsuin")):
            raise SystemExit(f"{tool}: {document.name}: {failed[tool]}")
    return able, failed


def check_verifiers(bench: PdfBench) -> None:
    """Every verifier must refuse a document that was changed: one that accepts anything is fast."""
    for signer in ("floor", "jitsuin"):
        data = bytearray(bench.signed_by(signer, SMALL).read_bytes())
        data[SMALL.size // 2] ^= 1  # inside an image
        tampered = bench.work / f"tampered.{signer}.pdf"
        tampered.write_bytes(data)
        for judge in bench.present(VERIFIERS):
            if (judge == "floor") == (signer == "floor") and not bench.refuses(judge, tampered):
                raise SystemExit(f"{judge} accepts {tampered.name}")


def measure_all(bench: PdfBench, documents: Sequence[Document]) -> dict[str, Any]:
    """The summaries by document, operation and tool."""
    able(bench, SMALL)
    check_verifiers(bench)
    found: dict[str, Any] = {}
    for document in documents:
        tools, failed = able(bench, document)
        signed = in_rounds(
            tools,
            document.rounds,
            lambda tool, document=document: bench.sign(tool, document),
            ("floor", "pyhanko", "pyhanko-reserved"),
            f"{document.name} sign",
        )
        verified = in_rounds(
            bench.present(VERIFIERS),
            document.rounds,
            lambda tool, document=document: bench.verify(tool, document),
            ("floor", "pyhanko"),
            f"{document.name} verify",
        )
        found[document.name] = {
            "bytes": bench.unsigned(document).stat().st_size,
            "kind": document.kind,
            "sign": signed,
            "verify": verified,
            "failed": failed,
        }
        for tool in tools:
            if document.name != SMALL.name or tool not in ("floor", "jitsuin"):
                bench.signed_by(tool, document).unlink(missing_ok=True)
    return found


def measure_start_up(bench: PdfBench, runs: int) -> dict[str, dict[str, float]]:
    """The two command lines on the small document: the same PKCS#12 file, PAdES B-B."""
    scripts = Path(sysconfig.get_path("scripts"))
    source, target, key = bench.unsigned(SMALL), bench.work / "start-up.pdf", bench.work / "identity.p12"
    jitsuin, pyhanko, trust = scripts / "jitsuin", scripts / "pyhanko", bench.work / "ca.der"
    sign = [jitsuin, "sign", source, "-o", target, "--overwrite", "--quiet", "--key", f"file:{key}"]
    sign += ["--pin-source", "env:BENCHMARK_PASSPHRASE", "--trust", trust]
    verify = [jitsuin, "verify", bench.signed_by("jitsuin", SMALL), "--trust", trust, "--crl", bench.work / "crl"]
    commands: dict[str, list[object]] = {
        "`python -c pass`": [sys.executable, "-c", "pass"],
        "Python importing cryptography and pyhanko.pdf_utils": [
            sys.executable,
            "-c",
            "import cryptography.x509, cryptography.hazmat.primitives.serialization.pkcs12, pyhanko.pdf_utils.reader",
        ],
        "`jitsuin sign` of the 50KB document": [*sign],
        "`jitsuin verify` of the same, signed": [*verify],
    }
    if "pyhanko-cli" not in bench.absent:
        add = [pyhanko, "sign", "addsig", "--field", "Signature1", "--use-pades"]
        password = ["--passfile", bench.work / "passphrase"]
        commands["`pyhanko sign addsig pkcs12` of the 50KB document"] = [*add, "pkcs12", *password, source, target, key]
    environment = bench.environment | {"BENCHMARK_PASSPHRASE": PASSPHRASE}
    return whole_processes(commands, runs, environment)


def run(work: Path, given: Mapping[str, int], names: Sequence[str]) -> dict[str, Any]:
    """Everything that pdf_tables puts on the page. `given` overrides rounds, repetitions and warm_ups."""
    documents = [replace(DOCUMENTS[name], **given) for name in names or DOCUMENTS]
    bench = PdfBench(work, documents)
    return {
        "results": measure_all(bench, documents),
        "start_up": measure_start_up(bench, given.get("rounds", 21)),
        "judges": {tool: " and ".join(bench.judges(tool)) for tool in bench.present(SIGNERS)},
        "versions": bench.versions,
        "absent": bench.absent,
    }
