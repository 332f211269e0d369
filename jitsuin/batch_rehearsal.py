"""The rehearsal of a batch: every file is found fit to be signed, or it is known why not, before the key is touched.

In a resumed run, what an earlier run signed is looked at instead: it must be what the journal says, and verify.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .batch_desks import Check, Checked, Rehearse, Rehearsed
from .batch_results import FileEnded, FileState, Phase, Summary
from .batch_run import Bystander, File, Run, about
from .errors import InputChangedError
from .folder import refused_targets
from .journal import PLACING, Entry
from .rehearsal import SigningOptions
from .workers import Pool


@dataclass(frozen=True)
class Conditions:
    """What a rehearsal goes by."""

    options: SigningOptions
    skip_signed: bool
    jobs: int
    known: Mapping[str, Entry]
    """By name, what an earlier run has signed."""


def known_before(run: Run, *, overwrite: bool) -> Mapping[str, Entry]:
    """What the journal says to be signed. An output that was announced and is not there was cut, and is made again."""
    if run.journal is None:
        return {}
    known: dict[str, Entry] = {}
    for file in run.files:
        entry = run.journal.history.entries.get(file.name)
        if entry is None or entry.target_sha256 is None or file.target is None:
            continue
        if entry.state == PLACING and (overwrite or not os.path.lexists(file.target)):
            continue
        if entry.state in (FileState.SIGNED, PLACING):
            known[file.name] = entry
    return known


def rehearse(run: Run, pool: Pool, conditions: Conditions) -> None:
    """Every file gets its `rehearsed`, or its record."""
    _refuse_at_once(run, conditions)
    todo = [(file, _task(file, conditions)) for file in run.files if file.record is None]
    with run.interruptible(pool) as interruption:
        clerk = Bystander(run, interruption)
        results = run.work(pool, Phase.REHEARSING, todo, clerk, jobs=conditions.jobs, interruption=interruption)
        for file, result in results:
            _note(run, file, result, conditions.known.get(file.name))
            run.progress(FileEnded(Phase.REHEARSING, file.name, file.record.state if file.record else None))


def summary(run: Run) -> Summary:
    """What would be signed, and what not."""
    ready = Counter(file.rehearsed.profile for file in run.files if file.rehearsed and not file.record)
    return Summary(dict(sorted(ready.items())), tuple(file.record for file in run.files if file.record))


def _refuse_at_once(run: Run, conditions: Conditions) -> None:
    """What needs no look into the file: links, outputs that exist."""
    for file in run.files:
        if file.found.error is not None:
            run.settle(file, FileState.FAILED, error=file.found.error)
        elif file.found.passed_over is not None:
            run.settle(file, FileState.SKIPPED, reason=file.found.passed_over)
    to_write = [file for file in run.files if file.record is None and file.name not in conditions.known]
    jobs = [(file.found, file.target) for file in to_write if file.target is not None]
    assert run.output is not None  # noqa: S101 - what is signed goes somewhere
    protected = protected_files(conditions.options)
    refused = refused_targets(jobs, run.output, protected, overwrite=conditions.options.overwrite)
    for file in to_write:
        if file.found in refused:
            run.settle(file, FileState.FAILED, error=refused[file.found])


def protected_files(options: SigningOptions) -> Sequence[Path]:
    """Files that the run reads besides the documents."""
    given = (*options.trust, *options.timestamp_trust, *options.crls, *options.files, *options.protected)
    return [Path(one) for one in given if isinstance(one, str | Path)]


def _task(file: File, conditions: Conditions) -> object:
    assert file.target is not None  # noqa: S101 - as above
    entry, source = conditions.known.get(file.name), file.found.source
    if entry is not None and entry.target_sha256 is not None:
        return Check(source, file.target, entry.source_sha256, entry.target_sha256)
    return Rehearse(source, file.target, file.profile, conditions.skip_signed, file.found.root)


def _note(run: Run, file: File, result: object, entry: Entry | None) -> None:
    facts: dict[str, Any]
    match result:
        case Rehearsed(already_signed=True):
            facts = {"format": result.format, "source_sha256": result.source_sha256}
            run.settle(file, FileState.SKIPPED, reason="already-signed", **facts)
        case Rehearsed():
            file.rehearsed = result
        case Checked() if entry is not None:
            facts = {"profile": entry.profile, "verdict": result.verdict, "source_sha256": entry.source_sha256}
            facts |= {"target_sha256": entry.target_sha256}
            if entry.state == PLACING and run.journal is not None:  # it was put in place, and nobody lived to say so
                run.journal.file(run.run_id, run.entry(file, FileState.SIGNED, **facts))
            run.settle(file, FileState.SKIPPED, reason="signed-before", format=result.format, **facts)
        case InputChangedError() if entry is not None:
            path = str(file.found.source)
            run.settle(file, FileState.FAILED, error=InputChangedError(path=path, reason="signed-before"))
        case Exception():
            run.settle(file, FileState.FAILED, error=about(result, file.found.source))
