"""Many documents, one PIN, nothing lost: find, rehearse all, consent, unlock once, sign, and keep a journal.

Section 2 of the design for each file; here is what the files have in common. One process, this one, owns the key and
the journal; workers do the rest (workers.py). What becomes of a file, and in which order that is told, does not depend
on the number of workers.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

from . import batch_signing, clock, registry
from .batch_desks import SigningDesk, packed
from .batch_rehearsal import Conditions, known_before, rehearse, summary
from .batch_results import BatchResult, FileState, Progress, Summary, untold
from .batch_run import File, Run
from .batch_signing import Key, OpenKey, PutBack
from .errors import BatchError, OutputError
from .folder import find_files, target_of
from .journal import History, journal_of, read_history
from .rehearsal import Rehearsing, SigningOptions
from .storage import make_folder, remove_leftovers
from .workers import Pool

_WAITING = 2
"""Processes that may wait, for the disk or for us, while all processors have work."""

Confirm = Callable[[Summary], bool]
"""Shown what would be signed, before the key is opened: whether to go on."""


@dataclass(frozen=True)
class BatchOptions:
    """How to go about a batch, besides how to sign each document."""

    recursive: bool = False
    resume: bool = False
    """Go on where the journal of the output folder ends."""
    strict: bool = False
    """Sign nothing unless everything can be signed."""
    skip_signed: bool = True
    """Leave alone what bears a signature already."""
    rules: tuple[tuple[str, str], ...] = ()
    """Pattern of names, profile: the first that fits decides, where no profile is named for all."""
    jobs: int | None = None
    """Processes that work at a time; None goes by the processors."""


def sign_batch(
    paths: Sequence[str | Path],
    output: str | Path,
    *,
    open_key: OpenKey,
    options: SigningOptions | None = None,
    batch: BatchOptions | None = None,
    confirm: Confirm | None = None,
    put_back: PutBack | None = None,
    progress: Progress = untold,
    at: datetime | None = None,
) -> BatchResult:
    """Sign all that the paths (folders, patterns, files) mean into the folder `output`, with one PIN.

    `open_key` gives the signer: once, after everything has been rehearsed, and once more each time that `put_back`
    says so. Whatever ends the run early is the result's `stopped`; what was signed stays, and `resume` goes on.

    Raises InputError (`empty`, `no-match`, `journal`), OutputError (`in-use`, `unfinished`, `os`), and for options
    that suit no file what `sign_file` raises; then nothing was begun. It starts processes: in a program of several
    threads, and outside Linux, call it from under `if __name__ == "__main__":`.
    """
    output, options, batch = Path(output), _of_a_batch(options), batch or BatchOptions()
    rehearsing = Rehearsing(options, at or clock.now())
    given = [Path(path) for path in paths]
    before = read_history(output)
    files = _find(given, output, options, batch, before)  # what is wrong with them makes no folder
    made = not output.exists()
    make_folder(output)
    with journal_of(output, made=made) as journal:
        history = journal.history
        if not (batch.resume or options.overwrite or history.ended) and history.settled:
            raise OutputError(path=str(output), reason="unfinished")
        if history != before:
            files = _find(given, output, options, batch, history)
        run = Run(files, output, journal, progress)
        facts = {"overwrite": options.overwrite, "resumed": batch.resume, "profile": options.profile}
        journal.begin(run.run_id, at=rehearsing.at.isoformat(), files=len(run.files), **facts)
        if batch.resume:
            remove_leftovers({file.target.parent for file in run.files if file.target})
        known = known_before(run, overwrite=options.overwrite) if batch.resume else {}
        conditions = Conditions(options, batch.skip_signed, jobs_of(batch.jobs, spare=_WAITING), known)
        with _pool(run, rehearsing) as pool, Key(open_key, put_back, rehearsing) as key:
            rehearse(run, pool, conditions)
            if run.stopped is None:
                run.stopped = _objection(run, batch, confirm) or _opened(run, key)
            if run.stopped is None and key.signing is not None:
                batch_signing.sign(run, pool, key, conditions.jobs)
        run.end()
        journal.discarded = not run.has_written and history.runs == 0
    return _result(run, rehearsing, key)


def rehearse_batch(
    paths: Sequence[str | Path],
    output: str | Path,
    *,
    options: SigningOptions | None = None,
    batch: BatchOptions | None = None,
    progress: Progress = untold,
    at: datetime | None = None,
) -> Summary:
    """What `sign_batch` would show for consent. Needs no key, and writes nothing."""
    output, options, batch = Path(output), _of_a_batch(options), batch or BatchOptions()
    rehearsing = Rehearsing(options, at or clock.now())
    files = _find([Path(path) for path in paths], output, options, batch, read_history(output))
    run = Run(files, output, None, progress)
    with _pool(run, rehearsing) as pool:
        rehearse(run, pool, Conditions(options, batch.skip_signed, jobs_of(batch.jobs, spare=_WAITING), {}))
    if run.stopped is not None:
        raise run.stopped
    return summary(run)


def jobs_of(jobs: int | None, *, spare: int = 0) -> int:
    """As many as were asked for, or as there are processors for this process, and `spare` ones more."""
    if jobs is not None:
        return max(jobs, 1)
    return spare + (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def _of_a_batch(options: SigningOptions | None) -> SigningOptions:
    return replace(options or SigningOptions(), make_folder=True, mixed=True)


def _find(
    paths: Sequence[Path], output: Path, options: SigningOptions, batch: BatchOptions, history: History
) -> list[File]:
    for _, profile in batch.rules:
        registry.profile_named(profile)
    ours = [output / entry.target for entry in history.entries.values() if entry.target and entry.target_sha256]
    found = find_files(paths, recursive=batch.recursive, leave_out=[output, *ours])
    return [File(one, target_of(one.name, output), _profile_for(one.name, options, batch)) for one in found]


def _profile_for(name: str, options: SigningOptions, batch: BatchOptions) -> str | None:
    """By the rules, where no profile was named for all. A pattern without `/` is about the file's own name."""
    if options.profile is not None:
        return options.profile
    own = name.rpartition("/")[2]
    fits = (profile for pattern, profile in batch.rules if fnmatchcase(name if "/" in pattern else own, pattern))
    return next(fits, None)


def _pool(run: Run, rehearsing: Rehearsing) -> Pool:
    options = rehearsing.options
    trust, timestamp_trust = packed(options.trust), packed(options.timestamp_trust)
    ready = replace(options, trust=trust, timestamp_trust=timestamp_trust)
    return Pool(partial(SigningDesk, ready, rehearsing.at, pdf=run.expects_pdf))


def _objection(run: Run, batch: BatchOptions, confirm: Confirm | None) -> BaseException | None:
    """Why the key is not even opened: something cannot be signed and all must, or the person does not want it."""
    found = summary(run)
    failed = sum(record.state is FileState.FAILED for record in found.records)
    if batch.strict and failed:
        return BatchError(reason="strict", count=failed)
    try:
        wanted = confirm is None or confirm(found)
    except (KeyboardInterrupt, SystemExit) as error:
        return error
    return None if wanted else BatchError(reason="declined")


def _opened(run: Run, key: Key) -> BaseException | None:
    """The key opened, if there is anything to sign; or why it could not be."""
    if all(file.record is not None for file in run.files):
        return None
    assert run.journal is not None  # noqa: S101 - whoever signs keeps one
    try:
        run.journal.sync()
        names = {file.rehearsed.profile for file in run.files if file.record is None and file.rehearsed}
        signing = key.open([registry.profile_named(name) for name in sorted(names)])
        run.journal.key(run.run_id, signing.identity.certificate.serial_number)
    except (KeyboardInterrupt, SystemExit, Exception) as error:  # noqa: BLE001 - the result says why, and nothing is lost
        return error
    return None


def _result(run: Run, rehearsing: Rehearsing, key: Key) -> BatchResult:
    signing = key.signing
    return BatchResult(
        run_id=run.run_id,
        records=tuple(file.record for file in run.files if file.record),
        begun=rehearsing.at,
        stopped=run.stopped,
        notices=signing.judgement.notices if signing else (),
        certificate_serial=signing.identity.certificate.serial_number if signing else None,
    )
