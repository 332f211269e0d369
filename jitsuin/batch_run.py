"""What the parts of a batch share: its files, the journal, who is told, and why it stopped if it did."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .batch_desks import Rehearsed
from .batch_results import FileBegun, FileRecord, FileReported, FileState, Phase, PhaseBegun, Progress
from .errors import JitsuinError, NotAttemptedError, OutputError, WorkerDiedError
from .folder import Found
from .interruption import Interruption
from .journal import Entry, Journal
from .workers import Clerk, Pool


@dataclass
class File:
    """A file on its way through the run."""

    found: Found
    target: Path | None = None
    profile: str | None = None
    """As named for it, by option or rule; None takes the one that fits."""
    rehearsed: Rehearsed | None = None
    record: FileRecord | None = None
    place: str | None = None
    """The target as the journal has it, inside the folder of the outputs."""
    told: tuple[str, Mapping[str, object]] | None = None
    """What else is to be told of it when its turn comes: a text for people, and its JSON."""

    @property
    def name(self) -> str:
        return self.found.name


class Run:
    """One run. `journal` None is a run that writes nothing."""

    def __init__(self, files: list[File], output: Path | None, journal: Journal | None, progress: Progress) -> None:
        self.run_id = secrets.token_hex(8)
        self.files = files
        self.output = output
        self.journal = journal
        self.progress = progress
        self.stopped: BaseException | None = None
        self.has_written = False
        """Some output was put in its place, or may have been."""
        self._reported = 0

    @property
    def expects_pdf(self) -> bool:
        """Whether there are PDFs, by their names: workers then load beforehand, once for all, what those take."""
        return any(file.name.lower().endswith(".pdf") for file in self.files)

    def settle(self, file: File, state: FileState, **facts: Any) -> FileRecord:
        """What has become of a file: for the result and for the journal."""
        file.record = FileRecord(file.name, file.found.source, state, file.target, **facts)
        if self.journal is not None:
            self.journal.file(self.run_id, self.entry(file, state, **facts))
        return file.record

    def entry(self, file: File, state: str, **facts: Any) -> Entry:
        """A line for the journal."""
        verdict, error = facts.get("verdict"), facts.get("error")
        if file.place is None and file.target and self.output:
            file.place = file.target.relative_to(self.output).as_posix()
        return Entry(
            name=file.name,
            state=state,
            source=str(file.found.source),
            target=file.place,
            source_sha256=facts.get("source_sha256"),
            target_sha256=facts.get("target_sha256"),
            profile=facts.get("profile"),
            verdict=verdict.indication.word if verdict else None,
            reason=error_code(error) if error else facts.get("reason"),
        )

    def report(self) -> None:
        """Tell of the files whose turn it is, in the order of the folder."""
        while self._reported < len(self.files):
            file = self.files[self._reported]
            if file.record is None:
                return
            self._reported += 1
            self.progress(FileReported(file.record, *(file.told or ())))
            file.told = None

    @contextmanager
    def interruptible(self, pool: Pool) -> Iterator[Interruption]:
        """Run a phase: at the first signal it stops when what is in hand is finished, at the second without that."""
        with Interruption() as interruption:
            try:
                yield interruption
            except (KeyboardInterrupt, SystemExit, WorkerDiedError) as error:
                pool.kill()
                self.stopped = error
        self.stopped = self.stopped or interruption.asked

    def work(
        self,
        pool: Pool,
        phase: Phase,
        todo: list[tuple[File, object]],
        clerk: Clerk,
        *,
        jobs: int,
        interruption: Interruption,
    ) -> Iterator[tuple[File, object]]:
        """Have tasks done: each file with its result, as they come. Those that nobody attempted are left out."""
        self.progress(PhaseBegun(phase, len(todo)))

        def begun(number: int) -> None:
            self.progress(FileBegun(phase, todo[number][0].name))

        for number, result in pool.run((task for _, task in todo), jobs, clerk, begun, interruption.wake):
            if not isinstance(result, NotAttemptedError):
                yield todo[number][0], result

    def end(self) -> None:
        """What has no record was not attempted. The journal's last lines; where they cannot be written, that is all."""
        for file in self.files:
            if file.record is None:
                self.settle(file, FileState.NOT_ATTEMPTED)
        if self.journal is not None:
            state = "done" if self.stopped is None else "stopped"
            self.journal.end(self.run_id, state, self.counts)
            try:
                self.journal.sync()
            except OutputError as error:
                self.stopped = self.stopped or error
        self.report()

    @property
    def counts(self) -> Counter[FileState]:
        return Counter(file.record.state for file in self.files if file.record)


class Bystander:
    """Answers for a phase that needs neither key nor journal."""

    def __init__(self, run: Run, interruption: Interruption) -> None:
        self._run = run
        self._interruption = interruption

    @property
    def stopped(self) -> bool:
        return self._run.stopped is not None or self._interruption.asked is not None

    def place(self, requests: object) -> bool:  # noqa: ARG002 - nothing is placed
        return False

    def sign(self, number: int, to_be_signed: bytes, scheme: str) -> None:  # noqa: ARG002 - nothing is signed
        return None


def error_code(error: BaseException) -> str:
    """The error by its class and reason, for the journal: nothing of a document's text."""
    reason = getattr(error, "facts", {}).get("reason")
    return f"{type(error).__name__}.{reason}" if reason else type(error).__name__


def about(error: Exception, path: Path) -> Exception:
    """The error, told of which file it is where it could not know."""
    return type(error)(path=str(path)) if isinstance(error, JitsuinError) and not error.facts else error
