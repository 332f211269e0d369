"""What a fault of the card does to a run of `jitsuin sign`, by APDUs and through OpenSC: every kind at every moment.

A cell is one run on two documents with one fault, over a real pcscd. Its judge asks afterwards what matters to the
card's holder.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from smartcard import scard

from folders import written
from jitsuin import open_signer, sign_file, verify_file
from jitsuin.errors import EXIT_CODE_MEANINGS, ExitCode
from jitsuin.samples.documents import consumption_tax_return, income_tax_return
from jitsuin.signer.simulator import SIGNATURE_PASSWORD
from pcsc_stack import PcscStack

HANG_SECONDS = 120
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


MOMENTS = {
    "select": Moment("before SELECT", "apdu:1", "apdu:1"),
    "verify": Moment("at VERIFY", "verify:1", "verify:1"),
    "after-verify": Moment("after VERIFY", "after-verify:1", "after-verify:1"),
    "signature": Moment("during the signature", "sign:1", "sign:1"),
    "between": Moment("between two files", "after-sign:1", "sign:2"),
}
_SIGNATURES = ("signature", "between")
_WITH_DATA = ("after-verify", *_SIGNATURES)
"""SELECT and VERIFY are answered with a status word alone."""
_FROM_VERIFY = ("verify", *_WITH_DATA)


@dataclass(frozen=True)
class Kind:
    """A kind of fault, as `serve` takes it, and in words."""

    spec: str
    title: str
    on_the_card: bool = False
    gone: bool = False
    """The card does not come back."""
    moments: tuple[str, ...] = tuple(MOMENTS)
    """When it makes a difference, and always the same."""
    limit: float | None = None
    """Seconds that a command of the card, or a call of the module, may take; None for the ordinary limit."""


@dataclass(frozen=True)
class Route:
    """A way to the card, what goes wrong on it, and the page that tells."""

    scheme: str
    """Of the key URI."""
    page: str
    """In docs/."""
    head: str
    notes: Mapping[str, str]
    """About the moments that it has, in their order."""
    kinds: tuple[Kind, ...]
    looks_into_all_readers: bool = False
    """Here a run is shown its own reader alone, as there are runs in all of them at once."""

    @property
    def cells(self) -> int:
        return sum(len(kind.moments) for kind in self.kinds)


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
    route: Route,
    kind: Kind,
    moment: Moment,
    stack: PcscStack,
    slot: int,
    folder: Path,
    other: Callable[[int], OtherProgram],
) -> Cell:
    """One run with one fault in a slot of its own, and the judgement."""
    folder.mkdir()
    for name, content in DOCUMENTS.items():
        (folder / f"{name}.xtx").write_bytes(content)
    reader, card = stack.readers[slot], folder / "card"
    environment = {"HOME": str(folder), "SECRET": SIGNATURE_PASSWORD, "JITSUIN_LANG": "en"}
    if route.looks_into_all_readers:
        environment |= _alone(folder / "opensc.conf", [name for name in stack.readers if name != reader])
    key = f"{route.scheme}:{reader if route is CARD else ''}"
    wrong: list[str] = []

    def run(limit: float | None, output: str, *names: str) -> tuple[int, str]:
        uri = key if limit is None else f"{key}?timeout={limit}"
        return _sign(uri, folder / output, [folder / f"{name}.xtx" for name in names], environment)

    def afterwards() -> int:
        tries_left = _other_program(other(slot), wrong)
        if route is CARD:  # in this process, which saves its start
            _sign_here(key, folder, wrong)
        elif (again := run(None, "next", "a")) != (0, "") or "".join(_outputs(folder / "next", wrong)) != "a":
            wrong.append(f"the next run: {again}")
        return tries_left

    with stack.insert(card, slot=slot, faults=[spec(kind, moment)]):
        code, complaints = run(kind.limit, "out", *DOCUMENTS)
        written = "".join(_outputs(folder / "out", wrong))
        if not kind.gone:
            stack.wait(reader, present=True)
            tries_left = afterwards()
    if kind.gone:
        with stack.insert(card, slot=slot):
            tries_left = afterwards()
    _judge(code, complaints, written, wrong)
    if tries_left != TRIES:
        wrong.append(f"{tries_left} tries left")
    complaints = re.sub(r"/\S+(?=/opensc-pkcs11\.so)", "…", complaints.replace(f"{folder}{os.sep}", ""))
    lines = complaints.replace(reader, "READER").splitlines()
    return Cell(code, lines[0] if lines else "", written, tries_left, tuple(wrong))


def _alone(configuration: Path, others: list[str]) -> dict[str, str]:
    """The environment in which OpenSC sees none of these readers."""
    names = ", ".join(f'"{name}"' for name in others)
    configuration.write_text(f"app default {{ ignored_readers = {names}; }}\n")
    return {"OPENSC_CONF": str(configuration)}


def _sign(key: str, output: Path, documents: list[Path], environment: Mapping[str, str]) -> tuple[int, str]:
    """Exit code and complaints of the command."""
    call = [sys.executable, "-m", "jitsuin", "sign", *documents, "--output-dir", output, "--key", key, "--quiet"]
    done = subprocess.run(
        [*call, "--pin-source", "env:SECRET", "--trust", "simulator"],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        env=os.environ | environment,
        encoding="utf-8",
        check=False,
        timeout=HANG_SECONDS,
    )
    return done.returncode, done.stderr


def _outputs(folder: Path, wrong: list[str]) -> Iterator[str]:
    """The names of the outputs that are there, each of which must be whole, valid and the only thing there."""
    found = {path.name for path in written(folder)}
    for name in DOCUMENTS:
        if f"{name}.signed.xtx" in found:
            yield name
            if not verify_file(folder / f"{name}.signed.xtx", trust=["simulator"], revocation="off").verdict.passed:
                wrong.append(f"the output {name} is not valid")
    if surplus := found - {f"{name}.signed.xtx" for name in DOCUMENTS}:
        wrong.append(f"left behind: {sorted(surplus)}")


def _other_program(other: OtherProgram, wrong: list[str]) -> int:
    """Tries left. Another program must not be able to sign."""
    with closing(other) as program:
        begun = time.monotonic()
        while (result := program.connect()) != scard.SCARD_S_SUCCESS:
            if time.monotonic() > begun + HANG_SECONDS:
                wrong.append(f"another program cannot connect: {result:#x}")
                return -1
            time.sleep(0.05)
        if (sw := program.sign()) != NOT_VERIFIED:
            wrong.append(f"the card signs for another program: {sw:04X}")
        return program.tries_left()


def _sign_here(key: str, folder: Path, wrong: list[str]) -> None:
    """The next ordinary run."""
    source, target = folder / "a.xtx", folder / "next.xtx"
    with open_signer(key, pin=lambda _: SIGNATURE_PASSWORD, trust=["simulator"]) as signer:
        sign_file(source, target, signer=signer, trust=["simulator"])
    if not verify_file(target, trust=["simulator"], revocation="off").verdict.passed:
        wrong.append("the next run's output is not valid")


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


def page(route: Route, table: Mapping[tuple[str, str], Cell]) -> str:
    """The page of a route."""
    parts = [_MADE + route.head.format(cells=route.cells)]
    for name, note in route.notes.items():
        title = MOMENTS[name].title
        rows = [row(kind, table[kind.spec, name]) for kind in route.kinds if (kind.spec, name) in table]
        parts.append("\n".join([f"## {title[0].upper()}{title[1:]}", "", note, "", *_COLUMNS, *rows]) + "\n")
    return "\n".join(parts)


def on_page(text: str, moment: str) -> list[str]:
    """The rows that the page has for a moment."""
    title = MOMENTS[moment].title
    (part,) = (part for part in text.split("\n## ")[1:] if part.lower().startswith(f"{title.lower()}\n"))
    return [line for line in part.splitlines() if line.startswith("| ")][len(_COLUMNS) :]


_COLUMNS = ("| What goes wrong | exit code | signed | tries left | what is said |", "| --- | --- | --- | --- | --- |")
_MADE = """\
<!-- Made by JITSUIN_FAULTS_WRITE=1 and tests/card/test_faults.py: run it again, do not change this page. -->

"""
CARD = Route(
    scheme="card",
    page="card-faults.md",
    head="""\
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

A fault that changes nothing ends with exit code 0, both files and no message. Further lines, not shown, then give the
command that goes on with what was not attempted (`--resume`). READER stands for the reader's name.
""",
    notes={
        "select": "The first command, which selects the JPKI application. Before it nothing is open, so nothing can be "
        "lost.",
        "verify": "The command that presents the password. It is sent once, whatever comes back.",
        "after-verify": "Between VERIFY and the next command, or at that command: the certificate is read.",
        "signature": "The first signature command. A refusal that may mean that the card knows no short file "
        "identifiers is followed by the same command in the longer form, which costs nothing.",
        "between": "After the first signature, or at the second one. The first file is complete.",
    },
    kinds=tuple(
        replace(kind, limit=2)
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
    ),
)
OPENSC = Route(
    scheme="pkcs11",
    page="card-faults-opensc.md",
    head="""\
# When the card fails, through OpenSC

The same as [When the card fails](card-faults.md), but with `--key pkcs11:`, where OpenSC's module talks to the card:
{cells} runs of `jitsuin sign a.xtx b.xtx` with one fault each. The same is asked after each run, and
`tests/card/test_faults.py` compares all with this page, too. A fault that changes nothing ends with exit code 0, both
files and no message.

Through a module Jitsuin sees no status words, only the module's answer, so it can tell less:

- OpenSC repeats a signature command that the card refuses, once and silently. Where the first was refused by accident
  nobody notices; VERIFY is not repeated.
- What it has no name for it calls `GeneralError` or `FunctionFailed`. Whether the card is still there Jitsuin then
  asks by itself; a card that lost power or selection looks like any other failure.
- It never looks at what the card gave back. That a signature is one is found out by checking it with the certificate.
- A call of the module may take a minute, or what `?timeout=` says, here eight seconds for the answers that are late. A
  module that takes longer is killed, and the card powered off as soon as it lets anybody at it.

Left out is what makes no difference, or not the same one each time. Before VERIFY OpenSC sends eighty commands to find
out what card this is and what is on it; what a fault there does depends on which one it hits, but nothing is open yet.
After VERIFY an answer is spoiled by status words only: the next command is a SELECT, whose answer has no data. OpenSC
cuts an answer that has a byte more. Other status words are failures to it like 6F00. A card that is put back stays out
for two seconds: pcscd, which looks every 0.4, may be busy.
""",
    notes={
        "verify": "The command that presents the password. It is sent once, whatever comes back.",
        "after-verify": "Between VERIFY and the next command, or at that one: OpenSC selects the certificate's file.",
        "signature": "The first signature command.",
        "between": "After the first signature, or at the second one. The first file is complete.",
    },
    kinds=(
        Kind("remove=0", "the card is taken out", on_the_card=True, gone=True, moments=_FROM_VERIFY),
        Kind(
            "remove=2", "the card is taken out, and put back after two seconds", on_the_card=True, moments=_FROM_VERIFY
        ),
        Kind("reset", "a warm reset", on_the_card=True, moments=_FROM_VERIFY),
        Kind("unpower", "the power fails for a moment", on_the_card=True, moments=_FROM_VERIFY),
        Kind("select", "another application is selected", on_the_card=True, moments=_FROM_VERIFY),
        Kind("mute=1", "the answer is a second late", moments=("verify", "signature")),
        Kind("mute=10", "the answer is ten seconds late (the limit is eight)", moments=_FROM_VERIFY, limit=8),
        Kind("sw=6F00", "status word 6F00", moments=_FROM_VERIFY),
        Kind("sw=6982", "status word 6982 (not verified)", moments=_FROM_VERIFY),
        Kind("sw=63C4", "status word 63C4 (four tries left)", moments=("verify",)),
        Kind("sw=6100", "status word 6100 (more data)", moments=_FROM_VERIFY),
        Kind("short", "the answer lacks a byte", moments=_SIGNATURES),
        Kind("empty", "the answer has no data", moments=_SIGNATURES),
        Kind("corrupt", "one bit of the answer is another", moments=_SIGNATURES),
        Kind("other", "a signature of other data", moments=_SIGNATURES),
    ),
    looks_into_all_readers=True,
)
ROUTES = (CARD, OPENSC)
