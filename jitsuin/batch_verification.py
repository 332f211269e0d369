"""Verifying many documents: every file of a folder, or a folder of outputs against the journal of its signing.

As for signing, workers do the work, and what is told comes in the order of the folder.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from . import clock
from .batch import jobs_of
from .batch_desks import Verified, Verify, VerifyingDesk, packed
from .batch_results import BatchResult, FileEnded, FileState, Phase, Progress, untold
from .batch_run import Bystander, File, Run, about
from .errors import InputError, JournaledError, OutputError
from .folder import Found, find_files
from .journal import Entry, read_history
from .verification import Verifying
from .workers import Pool

_WAITING = 1
"""Processes that may wait for us while all processors have work."""


def verify_batch(
    paths: Sequence[str | Path],
    *,
    recursive: bool = False,
    jobs: int | None = None,
    redact: bool = False,
    verbose: bool = False,
    progress: Progress = untold,
    at: datetime | None = None,
    **options: Any,
) -> BatchResult:
    """Verify every file that the paths (folders, patterns, files) mean. `options` are those of `verify_file`.

    A file that cannot be read or is of no known format has failed; all others have their verdict. `redact` leaves
    personal data out of what FileReported tells. Raises InputError (`empty`, `no-match`) and, for options that suit no
    file, what `verify_file` raises. It starts processes: see `sign_batch`.
    """
    at = at or clock.now()
    found = find_files([Path(path) for path in paths], recursive=recursive)
    run = Run([File(one) for one in found], None, None, progress)
    for file in run.files:
        if file.found.error is not None:
            run.settle(file, FileState.FAILED, error=file.found.error)
        elif file.found.passed_over is not None:
            run.settle(file, FileState.SKIPPED, reason=file.found.passed_over)
    todo: list[tuple[File, object]] = [
        (file, Verify(file.found.source, file.found.root)) for file in run.files if file.record is None
    ]
    return _verified(run, todo, options, jobs, redact=redact, verbose=verbose, at=at)


def verify_journal(
    output: str | Path,
    *,
    jobs: int | None = None,
    redact: bool = False,
    verbose: bool = False,
    progress: Progress = untold,
    at: datetime | None = None,
    **options: Any,
) -> BatchResult:
    """Verify the outputs of `sign_batch` against its journal: each is there, unchanged, and verifies; no other is.

    They come in the order of their names. What the journal says not to be signed is told as it says.
    Raises InputError (`no-journal`, `journal`).
    """
    output, at = Path(output), at or clock.now()
    history = read_history(output)
    if not history.runs:
        raise InputError(path=str(output), reason="no-journal")
    files, todo = [], []
    for name, entry in sorted(history.entries.items(), key=lambda item: item[0].split("/")):
        target = output / (entry.target or name)
        file = File(Found(name, target if entry.target_sha256 else Path(entry.source or name)), target)
        files.append(file)
        if entry.target_sha256 and os.path.lexists(target):
            todo.append((file, entry))
    known = {file.target for file in files}
    strangers = [one for one in find_files([output], recursive=True) if one.source not in known] if known else []
    run = Run(files + [File(one) for one in strangers], None, None, progress)
    _settle_by_journal(run, history.entries, {file.name for file, _ in todo})
    tasks: list[tuple[File, object]] = [(f, Verify(f.found.source, output, entry.target_sha256)) for f, entry in todo]
    return _verified(run, tasks, options, jobs, redact=redact, verbose=verbose, at=at)


def _settle_by_journal(run: Run, entries: dict[str, Entry], to_verify: set[str]) -> None:
    for file in run.files:
        entry = entries.get(file.name) if file.target else None
        if entry is None:
            error = OutputError(path=str(file.found.source), reason="not-in-journal")
            run.settle(file, FileState.FAILED, error=error)
        elif file.name in to_verify:
            continue
        elif entry.state == FileState.SIGNED:
            run.settle(file, FileState.FAILED, error=OutputError(path=str(file.target), reason="output-missing"))
        elif entry.state == FileState.FAILED:
            run.settle(file, FileState.FAILED, error=JournaledError(detail=entry.reason))
        elif entry.state == FileState.SKIPPED:
            run.settle(file, FileState.SKIPPED, reason=entry.reason)
        else:  # announced and cut, or never attempted
            run.settle(file, FileState.NOT_ATTEMPTED)


def _verified(
    run: Run,
    todo: list[tuple[File, object]],
    options: Mapping[str, Any],
    jobs: int | None,
    *,
    redact: bool,
    verbose: bool,
    at: datetime,
) -> BatchResult:
    Verifying(at=at, **options)  # what is wrong with them is raised here
    certificates = {name: packed(options.get(name, ())) for name in ("trust", "timestamp_trust")}
    options = {**options, **certificates, "at": at}
    desk = partial(VerifyingDesk, options, redact=redact, verbose=verbose, pdf=run.expects_pdf)
    with Pool(desk) as pool, run.interruptible(pool) as interruption:
        clerk = Bystander(run, interruption)
        results = run.work(
            pool, Phase.VERIFYING, todo, clerk, jobs=jobs_of(jobs, spare=_WAITING), interruption=interruption
        )
        for file, result in results:
            if isinstance(result, Verified):
                facts = {"format": result.format, "source_sha256": result.sha256, "verdict": result.verdict}
                facts["notices"] = result.notices
                run.settle(file, FileState.VERIFIED, **facts)
                file.told = result.text, result.detail
            elif isinstance(result, Exception):
                run.settle(file, FileState.FAILED, error=about(result, file.found.source))
            run.progress(FileEnded(Phase.VERIFYING, file.name, file.record.state if file.record else None))
            run.report()
    run.end()
    records = tuple(file.record for file in run.files if file.record)
    return BatchResult(run.run_id, records, at, run.stopped)
