"""What a batch tells while it runs and gives back: one record for each file, and what became of the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jitsuin.formats.verdict import Verdict

    from .results import Notice


class FileState(StrEnum):
    """What became of one file of a batch."""

    SIGNED = "signed"
    VERIFIED = "verified"
    """Judged: the verdict says how."""
    SKIPPED = "skipped"
    """Left as it is, for a reason that is no failure: signed by an earlier run, for instance."""
    FAILED = "failed"
    NOT_ATTEMPTED = "not-attempted"
    """The run ended before its turn."""


@dataclass(frozen=True)
class FileRecord:
    """One file. Made of plain data, so that it can come from another process."""

    name: str
    """The path inside the folder, with `/`; of a file that was named by itself, that name."""
    source: Path
    state: FileState
    target: Path | None = None
    format: str | None = None
    profile: str | None = None
    verdict: Verdict | None = None
    """Of the signed output, or of the file that was verified."""
    reason: str | None = None
    """Why it was skipped: `already-signed`, `signed-before` (by the run that this one resumes), `symlink`,
    `not-a-file`."""
    error: Exception | None = None
    """Why it failed."""
    source_sha256: str | None = None
    target_sha256: str | None = None
    notices: tuple[Notice, ...] = ()
    """What should be known about this file; what concerns the certificate is the run's."""


@dataclass(frozen=True)
class BatchResult:
    """All files of a run."""

    run_id: str
    records: tuple[FileRecord, ...]
    """In the order of the folder, whatever the number of processes."""
    begun: datetime
    """The run's one reading of the clock."""
    stopped: BaseException | None = None
    """Why the run ended before its end: a wrong PIN, a card that was pulled, a full disk, Ctrl-C."""
    notices: tuple[Notice, ...] = ()
    """What should be known about the certificate."""
    certificate_serial: int | None = None
    """None where the key was not opened."""

    @property
    def counts(self) -> Counter[FileState]:
        """How many files are in each state."""
        return Counter(record.state for record in self.records)


@dataclass(frozen=True)
class Summary:
    """What the rehearsal of a batch has found, for a person to consent to before the PIN is asked."""

    profiles: Mapping[str, int]
    """How many files will be signed, by profile."""
    records: tuple[FileRecord, ...]
    """Those that will not: skipped, or failed with why."""

    @property
    def ready(self) -> int:
        """How many files will be signed."""
        return sum(self.profiles.values())


class Phase(StrEnum):
    """The parts of a run."""

    REHEARSING = "rehearsing"
    SIGNING = "signing"
    VERIFYING = "verifying"


@dataclass(frozen=True)
class PhaseBegun:
    """From now on files are rehearsed, signed or verified."""

    phase: Phase
    total: int


@dataclass(frozen=True)
class FileBegun:
    """A process has taken up this file."""

    phase: Phase
    name: str


@dataclass(frozen=True)
class FileEnded:
    """A file is through with this phase. Told at once, so that with several processes the order is by chance."""

    phase: Phase
    name: str
    state: FileState | None
    """None after a rehearsal that went well."""


@dataclass(frozen=True)
class FileReported:
    """What became of a file. Told once for each file of the run, in the order of the folder."""

    record: FileRecord
    text: str | None = None
    """A verification for a person, as `jitsuin verify` prints it."""
    detail: Mapping[str, object] = field(default_factory=dict)
    """A verification for programs: what `jitsuin verify --json` says of one file. Not kept in the records."""


Event = PhaseBegun | FileBegun | FileEnded | FileReported
Progress = Callable[[Event], None]
"""Told what happens, in the thread that runs the batch; what it raises ends the run."""


def untold(_event: Event) -> None:
    """The progress of a run that nobody watches."""
