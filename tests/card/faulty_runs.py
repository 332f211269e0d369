"""What a fault of the card does to a run of `jitsuin sign`: every kind at every moment, over a real pcscd.

A cell is one run on two documents with one fault. Its judge asks afterwards what matters to the card's holder.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from smartcard import scard

from jitsuin import open_signer, sign_file, verify_file
from jitsuin.errors import EXIT_CODE_MEANINGS, ExitCode
from jitsuin.samples.documents import consumption_tax_return, income_tax_return
from jitsuin.signer.simulator import SIGNATURE_PASSWORD
from pcsc_stack import PcscStack

TIMEOUT_SECONDS = 2
"""Given in the key URI: what the card is late by is then either well below it or well above."""
HANG_SECONDS = 60
TRIES = 5
NOT_VERIFIED = 0x6982
DOCUMENTS = {"a": income_tax_return(), "b": consumption_tax_return()}


@dataclass(frozen=True)
class Moment:
    """When a fault happens, in words and in the language of `simulator serve --fault`."""

    title: str
    disturbing: str
    """For what happens to the card."""
    spoiling: str
    """For what happens to an answer: which one."""
    note: str


MOMENTS = {
    "select": Moment(
        "before SELECT",
        "apdu:1",
        "apdu:1",
        "The first command, which selects the JPKI application. Before it nothing is open, so nothing can be lost.",
    ),
    "verify": Moment(
        "at VERIFY",
        "verify:1",
        "verify:1",
        "The command that presents the password. It is sent once, whatever comes back.",
    ),
    "after-verify": Moment(
        "after VERIFY",
        "after-verify:1",
        "after-verify:1",
        "Between VERIFY and the next command, or at that command: the certificate is read.",
    ),
    "signature": Moment(
        "during the signature",
        "sign:1",
        "sign:1",
        "The first signature command. A refusal that may mean that the card knows no short file identifiers is "
        "followed by the same command in the longer form, which costs nothing.",
    ),
    "between": Moment(
        "between two files",
        "after-sign:1",
        "sign:2",
        "After the first signature, or at the second one. The first file is complete.",
    ),
}
_SIGNATURES = ("signature", "between")
_WITH_DATA = ("after-verify", *_SIGNATURES)
"""SELECT and VERIFY are answered with a status word alone."""


@dataclass(frozen=True)
class Kind:
    """A kind of fault, as `serve` takes it, and in words."""

    spec: str
    title: str
    on_the_card: bool = False
    gone: bool = False
    """The card does not come back."""
    moments: tuple[str, ...] = tuple(MOMENTS)
    """When it makes a difference."""


KINDS = {
    kind.spec: kind
    for kind in (
        Kind("remove=0", "the card is taken out", on_the_card=True, gone=True),
        Kind("remove=1", "the card is taken out, and put back after a second", on_the_card=True),
        Kind("reset", "a warm reset", on_the_card=True),
        Kind("unpower", "the power fails for a moment", on_the_card=True),
        Kind("select", "another application is selected", on_the_card=True),
        Kind("mute=1", "the answer is a second late (the limit is two)"),
        Kind("mute=4", "the answer is four seconds late"),
        Kind("sw=6F00", "status word 6F00"),
        Kind("sw=6982", "status word 6982 (not verified)"),
        Kind("sw=63C4", "status word 63C4 (four tries left)"),
        Kind("sw=6100", "status word 6100 (more data)"),
        Kind("sw=6C00", "status word 6C00 (wrong Le)"),
        Kind("short", "the answer lacks a byte", moments=_WITH_DATA),
        Kind("long", "the answer has a byte more"),
        Kind("empty", "the answer has no data", moments=_WITH_DATA),
        Kind("corrupt", "one bit of the answer is another", moments=_WITH_DATA),
        Kind("other", "a signature of other data", moments=_SIGNATURES),
    )
}


def spec(kind: Kind, moment: Moment) -> str:
    return f"{kind.spec}@{moment.disturbing if kind.on_the_card else moment.spoiling}"


class OtherProgram(Protocol):
    """What of `conftest.OtherProgram` is used here."""

    def connect(self) -> int: ...
    def sign(self) -> int: ...
    def tries_left(self) -> int: ...
    def close(self) -> None: ...


@dataclass(frozen=True)
class Cell:
    """What came of one run. `written` has the names of the complete and valid outputs."""

    code: int
    message: str
    written: str
    tries_left: int
    wrong: tuple[str, ...]
    """Everything that must never be."""


def run_cell(
    kind: Kind, moment: Moment, stack: PcscStack, slot: int, folder: Path, other: Callable[[int], OtherProgram]
) -> Cell:
    """One run with one fault in a slot of its own, and the judgement."""
    folder.mkdir()
    for name, content in DOCUMENTS.items():
        (folder / f"{name}.xtx").write_bytes(content)
    reader, card = stack.readers[slot], folder / "card"
    wrong: list[str] = []
    with stack.insert(card, slot=slot, faults=[spec(kind, moment)]):
        code, complaints = _sign(folder, reader)
        written = "".join(_outputs(folder / "out", wrong))
        if not kind.gone:
            stack.wait(reader, present=True)
            tries_left = _afterwards(folder, reader, other(slot), wrong)
    if kind.gone:
        with stack.insert(card, slot=slot):
            tries_left = _afterwards(folder, reader, other(slot), wrong)
    _judge(code, complaints, written, wrong)
    if tries_left != TRIES:
        wrong.append(f"{tries_left} tries left")
    lines = [line.replace(f"{folder}{os.sep}", "").replace(reader, "READER") for line in complaints.splitlines()]
    return Cell(code, lines[0] if lines else "", written, tries_left, tuple(wrong))


def _sign(folder: Path, reader: str) -> tuple[int, str]:
    call = [sys.executable, "-m", "jitsuin", "sign", *(folder / f"{name}.xtx" for name in DOCUMENTS)]
    call += ["--output-dir", folder / "out", "--key", f"card:{reader}?timeout={TIMEOUT_SECONDS}", "--quiet"]
    call += ["--pin-source", "env:SECRET", "--trust", "simulator"]
    done = subprocess.run(
        call,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        env=os.environ | {"SECRET": SIGNATURE_PASSWORD, "HOME": str(folder), "JITSUIN_LANG": "en"},
        encoding="utf-8",
        check=False,
        timeout=HANG_SECONDS,
    )
    return done.returncode, done.stderr


def _outputs(folder: Path, wrong: list[str]) -> Iterator[str]:
    """The names of the outputs that are there, each of which must be whole, valid and the only thing there."""
    found = {path.name for path in folder.iterdir()} if folder.exists() else set()
    for name in DOCUMENTS:
        if f"{name}.signed.xtx" in found:
            yield name
            if not verify_file(folder / f"{name}.signed.xtx", trust=["simulator"], revocation="off").verdict.passed:
                wrong.append(f"the output {name} is not valid")
    if surplus := found - {f"{name}.signed.xtx" for name in DOCUMENTS}:
        wrong.append(f"left behind: {sorted(surplus)}")


def _afterwards(folder: Path, reader: str, other: OtherProgram, wrong: list[str]) -> int:
    """Tries left. Another program must not be able to sign, and the next ordinary run must."""
    with closing(other) as program:
        begun = time.monotonic()
        while (result := program.connect()) != scard.SCARD_S_SUCCESS:
            if time.monotonic() > begun + HANG_SECONDS:
                wrong.append(f"another program cannot connect: {result:#x}")
                return -1
            time.sleep(0.05)
        if (sw := program.sign()) != NOT_VERIFIED:
            wrong.append(f"the card signs for another program: {sw:04X}")
        tries_left = program.tries_left()
    source, target = folder / "a.xtx", folder / "next.xtx"
    with open_signer(f"card:{reader}", pin=lambda _: SIGNATURE_PASSWORD, trust=["simulator"]) as signer:
        sign_file(source, target, signer=signer, trust=["simulator"])
    if not verify_file(target, trust=["simulator"], revocation="off").verdict.passed:
        wrong.append("the next run's output is not valid")
    return tries_left


def _judge(code: int, complaints: str, written: str, wrong: list[str]) -> None:
    lines = complaints.splitlines()
    if code not in EXIT_CODE_MEANINGS or code == ExitCode.INTERNAL:
        wrong.append(f"exit code {code}")
    if "Traceback" in complaints:
        wrong.append("a traceback")
    if (code == ExitCode.DONE) != (set(written) == set(DOCUMENTS)) or (code == ExitCode.DONE) != (not lines):
        wrong.append(f"exit code {code} with the outputs “{written}” and the message {complaints!r}")


def row(kind: Kind, cell: Cell) -> str:
    """A line of the page, after its moment."""
    signed = {"": "none", "ab": "both"}.get(cell.written, cell.written)
    return f"| {kind.title} | {cell.code} | {signed} | {cell.tries_left} | {cell.message} |"


def rows(table: Mapping[tuple[str, str], Cell], moment: str) -> list[str]:
    return [row(kind, table[kind.spec, moment]) for kind in KINDS.values() if (kind.spec, moment) in table]


def page(table: Mapping[tuple[str, str], Cell]) -> str:
    """docs/card-faults.md."""
    parts = [_HEAD.format(cells=len(table))]
    for name, moment in MOMENTS.items():
        heading = moment.title[0].upper() + moment.title[1:]
        parts.append("\n".join([f"## {heading}", "", moment.note, "", *_COLUMNS, *rows(table, name)]) + "\n")
    return "\n".join(parts)


def on_page(text: str, moment: str) -> list[str]:
    """The rows that the page has for a moment."""
    title = MOMENTS[moment].title
    (part,) = (part for part in text.split("\n## ")[1:] if part.lower().startswith(f"{title.lower()}\n"))
    return [line for line in part.splitlines() if line.startswith("| ")][len(_COLUMNS) :]


_COLUMNS = ("| What goes wrong | exit code | signed | tries left | what is said |", "| --- | --- | --- | --- | --- |")
_HEAD = """\
<!-- Made by JITSUIN_FAULTS_WRITE=1 and tests/card/test_faults.py: run it again, do not change this page. -->

# When the card fails

`jitsuin sign a.xtx b.xtx` with one fault each, {cells} runs: every kind of fault at every moment at which it
makes a difference, as real processes on a real pcscd, with the simulated card in a virtual reader
(`jitsuin simulator serve --fault`, see [the simulated card](simulator.md)). `tests/card/test_faults.py` makes every
run again and compares it with this page. What is asked after each:

- Of each document there is a complete output that verifies as VALID, or none; nothing else lies in the folder.
- The signature password has the five tries that it had before.
- Another program that comes then, with no password, cannot sign.
- The next ordinary run signs; a card that was taken out for good is put back before.
- The exit code is one of [the table](exit-codes.md), never that of an internal error, and nothing hangs: a card may
  take two seconds for a command here (`--key 'card:?timeout=2'`), ten by default.

A fault that changes nothing ends with exit code 0, both files and no message. Exit code 9 says that some of several
files failed; with one file it would be 5. A second line, not shown, then says that the other file was not attempted.
READER stands for the reader's name.
"""
