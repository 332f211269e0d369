"""Sign every PDF of a folder by the whole of Jitsuin, and let pdfsig and our own verifier judge what came out.

    python tests/wild/survey.py FOLDER [--write docs/wild.md]

Each document is worked on in a process of its own time and memory: what hangs or crashes is an outcome as well.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import logging
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, pkcs12

from fetch import fetch

AT = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)
PASSPHRASE = "wild"
SECONDS = 60
MEMORY = 4 << 30
SIGNED = "signed"


@dataclass(frozen=True)
class Outcome:
    """What became of one document."""

    name: str
    strict: str
    """SIGNED, or why it was refused as it is."""
    normalized: str
    """The same with --normalize."""
    wrong: str = ""
    """What must not be: a traceback, a hang, a judge who does not accept."""
    seconds: float = 0.0


def survey(folder: Path, names: Sequence[str], workers: int = 2) -> list[Outcome]:
    """The outcomes of these documents."""
    left = iter(names)
    lock = threading.Lock()
    outcomes: list[Outcome] = []

    def work() -> None:
        worker = _Worker(folder)
        while True:
            with lock:
                name = next(left, None)
            if name is None:
                break
            outcome = worker.outcome(name)
            with lock:
                outcomes.append(outcome)
        worker.stop()

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes, key=lambda outcome: outcome.name)


class _Worker:
    """A process that is replaced when it does not answer."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._folder), daemon=True)
        self._process.start()
        theirs.close()

    def outcome(self, name: str) -> Outcome:
        self._pipe.send(name)
        try:
            if self._pipe.poll(SECONDS):
                return Outcome(**self._pipe.recv())
            wrong = f"no answer within {SECONDS} s"
        except (EOFError, ConnectionResetError):
            wrong = "the process died"
        self.stop()
        self._start()
        return Outcome(name, "", "", wrong)

    def stop(self) -> None:
        self._process.kill()
        self._process.join()
        self._pipe.close()


def _serve(pipe: Connection, folder: Path) -> None:
    faulthandler.enable()
    logging.disable(logging.CRITICAL)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with tempfile.TemporaryDirectory() as work:
        bench = _Bench(Path(work))
        while True:
            try:
                name = pipe.recv()
            except EOFError:
                return
            start = time.monotonic()
            outcome = asdict(bench.outcome(folder / name))
            pipe.send(outcome | {"seconds": time.monotonic() - start})


class _Bench:
    def __init__(self, work: Path) -> None:
        from jitsuin.signer.simulator.personas import PERSONAS
        from jitsuin.signer.simulator.pki import ca_certificate, private_key, signature_certificate

        self._work = work
        self._key = work / "signer.p12"
        persona = PERSONAS["valid"]
        self._certificate = signature_certificate(persona, AT)
        issuer = ca_certificate(persona.ca)
        quick = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(1).build(PASSPHRASE.encode())
        self._key.write_bytes(
            pkcs12.serialize_key_and_certificates(b"signer", private_key("valid"), self._certificate, [issuer], quick)
        )
        self._database = f"sql:{work}"
        self._run("certutil", "-N", "-d", self._database, "--empty-password")
        add = ("certutil", "-A", "-d", self._database, "-n", "anchor", "-t", "CT,CT,CT", "-a")
        self._run(*add, stdin=issuer.public_bytes(Encoding.PEM))

    @staticmethod
    def _run(*command: str, stdin: bytes = b"") -> str:
        done = subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=SECONDS)
        return (done.stdout + done.stderr).decode(errors="replace")

    def outcome(self, path: Path) -> Outcome:
        target = self._work / "signed.pdf"
        target.unlink(missing_ok=True)
        reasons = []
        for normalize in (False, True):
            try:
                reason = self._sign(path, target, normalize=normalize)
            except Exception as error:  # noqa: BLE001 - that is what is looked for
                return Outcome(path.name, "", "", f"{type(error).__name__}: {error}"[:300])
            reasons.append(reason)
            if reason == SIGNED:
                break
        strict, normalized = reasons[0], reasons[-1]
        wrong = self._judged(target) if normalized == SIGNED else ""
        return Outcome(path.name, strict, normalized, wrong)

    def _sign(self, path: Path, target: Path, *, normalize: bool) -> str:
        """SIGNED or the reason for refusing."""
        import jitsuin
        from jitsuin.errors import EXPECTED_ERRORS, SelfVerificationError

        try:
            with jitsuin.open_signer(f"file:{self._key}", pin=lambda _: PASSPHRASE, at=AT) as signer:
                jitsuin.sign_file(path, target, signer=signer, trust=["simulator"], normalize=normalize, at=AT)
        except SelfVerificationError:
            raise
        except EXPECTED_ERRORS as error:
            facts = getattr(error, "facts", {})
            return str(facts.get("reason") or type(error).__name__)
        return SIGNED

    def _judged(self, signed: Path) -> str:
        """What is wrong with the newest signature, in the eyes of our verifier (once more, by file) or of pdfsig."""
        import jitsuin

        report = jitsuin.verify_file(signed, trust=["simulator"], revocation="off", at=AT)
        ours = [one.verdict for one in report.signatures if one.finding.certificate == self._certificate]
        if not any(verdict.passed for verdict in ours):
            return f"our verifier: {', '.join(verdict.reason for verdict in ours)}"
        clock = ("env", "TZ=UTC0", "faketime", "-f", f"@{AT:%Y-%m-%d %H:%M:%S}")
        said = self._run(*clock, "pdfsig", "-nssdir", self._database, str(signed))
        newest = [block for block in said.split("Signature #")[1:] if "- Total document signed" in block]
        if not any("Signature is Valid." in block and "Certificate is Trusted." in block for block in newest):
            return "pdfsig: " + " ".join(said.split())[-200:]
        return ""


def page(outcomes: Sequence[Outcome], sources: Mapping[str, Mapping[str, str]]) -> str:
    """docs/wild.md."""
    return "".join(_page(outcomes, sources))


def _page(outcomes: Sequence[Outcome], sources: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    every = len(outcomes)
    strict = sum(one.strict == SIGNED for one in outcomes)
    with_normalize = sum(one.normalized == SIGNED for one in outcomes)
    wrong = [one for one in outcomes if one.wrong]
    never = sum(_not_to_be_signed(one.normalized) for one in outcomes)
    packages = Counter(sources[one.name]["package"] for one in outcomes)
    yield f"""<!-- Made by `JITSUIN_WILD_WRITE=1 tox -e wild`: run it again, do not change this page. -->

# PDFs in the wild

{every:,} different PDFs that nobody here wrote: the test data in {len(packages)} archives of PDF programs (below), many
of them broken on purpose. Each is signed by the whole of Jitsuin with a key in software, or refused for a named reason;
what was signed must be accepted by pdfsig (poppler, NSS) and by `jitsuin verify`.

| | PDFs | of all |
| --- | --- | --- |
| signed as they are | {strict:,} | {strict / every:.1%} |
| signed with `--normalize` | {with_normalize:,} | {with_normalize / every:.1%} |
| the same, without those that are encrypted, signed already, or no PDFs at all ({never}) | {with_normalize:,} | \
{with_normalize / (every - never):.1%} |
| wrong: not accepted, traceback, no answer | {len(wrong):,} | {len(wrong) / every:.1%} |

## Reasons

Why documents are refused as they are, what `--normalize` does for them, and why it refuses the rest
([what the reasons mean](reason-codes.md)).

| Reason | PDFs | signed with `--normalize` | else |
| --- | --- | --- | --- |
"""
    for reason, count in Counter(one.strict for one in outcomes if one.strict != SIGNED).most_common():
        those = [one for one in outcomes if one.strict == reason]
        rest = Counter(one.normalized for one in those if one.normalized != SIGNED)
        named = ", ".join(f"`{name}` {number}" for name, number in rest.most_common())
        yield f"| `{reason}` | {count} | {count - rest.total()} | {named} |\n"
    if wrong:
        yield "\n## Wrong\n\n| PDF | Where | What |\n| --- | --- | --- |\n"
        for one in wrong:
            source = sources[one.name]
            yield f"| {one.name} | {source['package']}, {source['path']} | {one.wrong.replace('|', ' ')} |\n"
    yield "\n## Packages\n\n| Package | PDFs | signed with `--normalize` |\n| --- | --- | --- |\n"
    for package, count in sorted(packages.items()):
        signed = sum(one.normalized == SIGNED for one in outcomes if sources[one.name]["package"] == package)
        yield f"| {package} | {count} | {signed} |\n"


def _not_to_be_signed(reason: str) -> bool:
    """Whether refusing is the right answer to any tool's mind: protected, signed with a lock on it, or no PDF."""
    return reason in {"pdf-encrypted", "pdf-password", "pdf-header-missing", "pdf-normalize-signed"} or (
        reason == "UnknownFormatError"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--write", type=Path, help="the page to write")
    parser.add_argument("--only", help="part of a file's name")
    parser.add_argument("--json", type=Path, help="write the outcomes there")
    options = parser.parse_args()
    sources = fetch(options.folder)
    names = sorted(name for name in sources if not options.only or options.only in name)
    outcomes = survey(options.folder, names, os.cpu_count() or 1)
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in outcomes]))
    text = page(outcomes, sources)
    if options.write:
        options.write.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
