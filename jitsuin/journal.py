"""The journal of a batch: what became of every file, written before and after, so that a cut run can be resumed.

One JSON object a line, appended and synced. Before an output is put in its place a line says what it will be
(`placing`, with its SHA-256); afterwards one says that it was (`signed`). Between the two a run may be cut at any
moment: what lies in that place then is either absent or has that SHA-256, and is known again by it.
"""

from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from jitsuin.signer.errors import KeyFileError, TokenInUseError
from jitsuin.signer.lock import held

from .batch_results import FileState
from .errors import InputError, OutputError
from .storage import read_document

NAME = ".jitsuin-journal.jsonl"
LOCK = ".jitsuin-lock"
PLACING = "placing"
_VERSION = 1
_PATIENCE = 3.0
"""Seconds for which the processes of a run that was killed may hold the lock after it."""
_SETTLED = frozenset({FileState.SIGNED, PLACING})
_CUT_OFF = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS})


@dataclass(frozen=True)
class Entry:
    """What the journal knows of one file."""

    name: str
    state: str
    """A FileState, or `placing`."""
    source: str | None = None
    target: str | None = None
    """Inside the output folder, with `/`."""
    source_sha256: str | None = None
    target_sha256: str | None = None
    profile: str | None = None
    verdict: str | None = None
    reason: str | None = None


@dataclass
class History:
    """A journal as read: the last word on every file, and how its last run ended."""

    entries: dict[str, Entry] = field(default_factory=dict)
    runs: int = 0
    ended: bool = True
    """The last run came to its end; else it was cut or stopped."""
    size: int = 0
    """Bytes up to the end of the last whole line."""

    @property
    def settled(self) -> bool:
        """Whether any file was signed, or was about to be."""
        return any(entry.state in _SETTLED for entry in self.entries.values())

    def add(self, line: Mapping[str, Any]) -> None:
        match line.get("event"):
            case "run":
                self.runs += 1
                self.ended = False
                if line.get("overwrite") and not line.get("resumed"):
                    self.entries.clear()  # everything was to be signed anew
            case "end":
                self.ended = line.get("state") == "done"
            case "file":
                entry = _entry(line)
                before = self.entries.get(entry.name)
                if before is None or before.state not in _SETTLED or entry.state in _SETTLED:
                    self.entries[entry.name] = entry  # what was signed stays so, whatever later runs met


def read_history(folder: Path) -> History:
    """The journal in an output folder; an empty one where there is none.

    A last line that is cut off is what a killed run leaves, and is not there. Raises InputError (`journal`) for
    anything else that is no journal, with the fact `line`.
    """
    history, path = History(), folder / NAME
    try:
        data = read_document(path)
    except InputError as error:
        if error.facts["reason"] == "absent":
            return history
        if folder.exists() and not folder.is_dir():
            raise InputError(path=str(folder), reason="not-a-folder") from None
        raise
    lines = data.split(b"\n")
    for number, text in enumerate(lines[:-1], 1):
        try:
            history.add(json.loads(text))
        except (ValueError, TypeError, AttributeError, RecursionError):
            if number == len(lines) - 1 and not text.strip(b"\0"):
                break  # a machine that lost its power can leave a last line of zeros
            raise InputError(path=str(path), reason="journal", line=number) from None
        history.size += len(text) + 1
    return history


def _entry(line: Mapping[str, Any]) -> Entry:
    """Raises ValueError or TypeError for what `Journal.file` never writes: others can write to the folder, too."""
    entry = Entry(**{name: value for name, value in line.items() if name in Entry.__dataclass_fields__})
    if not all(value is None or isinstance(value, str) for value in vars(entry).values()):
        raise TypeError
    target = PurePath(entry.target or entry.name)
    if target.anchor or ".." in target.parts:
        raise ValueError("outside the folder")
    return entry


class Journal:
    """A journal that is being written, by the one process that holds the lock of its folder."""

    def __init__(self, folder: Path, history: History) -> None:
        self.history = history
        self._path = folder / NAME
        self._size = history.size
        self._waiting: list[str] = []
        self.discarded = False
        """To be removed in the end, as nothing was written."""
        flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
        with self._told():
            self._descriptor = os.open(self._path, flags, 0o666)
            os.ftruncate(self._descriptor, self._size)  # a line that was cut off

    def begin(self, run_id: str, **facts: object) -> None:
        """The first line of a run."""
        self._waiting.append(_line(event="run", version=_VERSION, run=run_id, **facts))

    def key(self, run_id: str, serial: int) -> None:
        """Which certificate signs. The number alone: a journal holds nothing personal but the names of files."""
        self._waiting.append(_line(event="key", run=run_id, certificate_serial=f"{serial:x}"))

    def file(self, run_id: str, entry: Entry) -> None:
        """What became of a file, or will."""
        facts = {name: value for name, value in vars(entry).items() if value is not None}
        self._waiting.append(_line(event="file", run=run_id, **facts))

    def end(self, run_id: str, state: str, counts: Mapping[FileState, int]) -> None:
        """The last line of a run: `done` or `stopped`."""
        told = {kind.value: number for kind, number in counts.items()}
        self._waiting.append(_line(event="end", run=run_id, state=state, counts=told))

    def sync(self) -> None:
        """Make all lines durable by one write. Raises OutputError; then they are not there, nor half a line."""
        if not self._waiting:
            return
        data = "".join(self._waiting).encode()
        self._waiting.clear()
        with self._told():
            try:
                written = 0
                while written < len(data):
                    os.lseek(self._descriptor, self._size + written, os.SEEK_SET)
                    written += os.write(self._descriptor, data[written:])
                os.fsync(self._descriptor)
            except OSError:
                os.ftruncate(self._descriptor, self._size)
                raise
        self._size += len(data)

    def close(self) -> None:
        os.close(self._descriptor)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OutputError(path=str(self._path), reason="os", detail=error.strerror, errno=error.errno) from None


@contextmanager
def journal_of(folder: Path, *, made: bool = False) -> Iterator[Journal]:
    """The folder's journal, with the folder for oneself. Raises OutputError (`in-use`, `os`) and InputError.

    `made` is a folder that goes with a journal that is `discarded`.
    """
    with _alone(folder):
        journal = Journal(folder, read_history(folder))
        try:
            yield journal
        finally:
            journal.close()
            if journal.discarded:
                _discard(folder, made=made)  # before anybody else has the folder
    if journal.discarded and os.name == "nt":
        _discard(folder, made=made)  # where no file is removed that somebody holds, oneself or another


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    patience = time.monotonic() + _PATIENCE
    while True:
        lock = held(folder / LOCK, str(folder))
        try:
            if _is_at(folder / LOCK, lock.__enter__().descriptor):
                break
            lock.__exit__(None, None, None)  # its holder has discarded it, and it keeps nobody out
        except TokenInUseError:
            if time.monotonic() > patience:
                raise OutputError(path=str(folder), reason="in-use") from None
            time.sleep(0.1)
        except KeyFileError as error:
            raise OutputError(path=str(folder), reason="os", detail=str(error.facts["reason"])) from None
    try:
        yield
    finally:
        lock.__exit__(None, None, None)


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _discard(folder: Path, *, made: bool) -> None:
    """Leave nothing of a first run that has signed nothing: not even the folder, if it made that."""
    with suppress(OSError):
        for name in (NAME, LOCK):
            (folder / name).unlink(missing_ok=True)
        if made:
            folder.rmdir()


def cuts_off(error: BaseException | None) -> bool:
    """Whether it is the disk that fails, so that no further file can be written."""
    return isinstance(error, OutputError) and error.facts.get("errno") in _CUT_OFF


def _line(**facts: object) -> str:
    """ASCII, so that names which are no text pass unchanged."""
    return json.dumps(facts) + "\n"
