"""What a batch gives back: one record for each file, in the order of the folder, and what became of the run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jitsuin.formats.verdict import Verdict


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
    """Why it was skipped."""
    error: Exception | None = None
    """Why it failed."""
    source_sha256: str | None = None
    target_sha256: str | None = None


@dataclass(frozen=True)
class BatchResult:
    """All files of a run."""

    run_id: str
    records: tuple[FileRecord, ...]
    begun: datetime
    stopped: BaseException | None = None
    """Why the run ended before its end: a wrong PIN, a card that was pulled, a full disk, Ctrl-C."""

    @property
    def counts(self) -> Counter[FileState]:
        """How many files are in each state."""
        return Counter(record.state for record in self.records)
