"""Reading documents and writing results so that nothing is lost: never over the input, never a half file."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import BinaryIO

from jitsuin.formats.source import Source

from .errors import InputChangedError, InputError, OutputError

MAX_INPUT_BYTES = 512 * 1024 * 1024
_IN_MEMORY_BYTES = 16 * 1024 * 1024
_TEMPORARY = ".jitsuin-"


def open_document(path: Path) -> Source:
    """A regular file of at most 512 MiB, read at once if it is small. Raises InputError."""
    return _read(path, whole=False)


def read_document(path: Path) -> bytes:
    """The bytes of a regular file of at most 512 MiB. Raises InputError."""
    return _read(path, whole=True).read()


def _read(path: Path, *, whole: bool) -> Source:
    try:
        # Without blocking, or a named pipe would keep us waiting for a writer before it can be refused.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise InputError(path=str(path), reason="not-a-file")
            if status.st_size > MAX_INPUT_BYTES:
                raise InputError(path=str(path), reason="too-large")
            if whole or status.st_size <= _IN_MEMORY_BYTES:
                return Source.of(file.read())
            return Source(partial(_open_again, path, _state(status)), status.st_size)
    except FileNotFoundError:
        raise InputError(path=str(path), reason="absent") from None
    except IsADirectoryError:
        raise InputError(path=str(path), reason="not-a-file") from None
    except OSError as error:
        raise InputError(path=str(path), reason="os", detail=error.strerror) from None


def _open_again(path: Path, before: tuple[int, ...]) -> BinaryIO:
    """The file as it was: what is hashed, read and copied must be one document. Raises InputChangedError."""
    file = path.open("rb")
    if _state(os.fstat(file.fileno())) != before:
        file.close()
        raise InputChangedError(path=str(path))
    return file


def _state(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def check_output(target: Path, protected: Iterable[Path], *, overwrite: bool, make_folder: bool = False) -> None:
    """Refuse before any work what could not be written after it. Raises OutputError.

    `protected` are the files that the run reads: none of them is ever written to. The same file is recognised through
    links and other spellings of its path.
    """
    try:
        _check_output(target, protected, overwrite=overwrite, make_folder=make_folder)
    except OSError as error:  # a name that is too long, a loop of links, a folder that may not be searched
        raise OutputError(path=str(target), reason="os", detail=error.strerror) from None


def _check_output(target: Path, protected: Iterable[Path], *, overwrite: bool, make_folder: bool) -> None:
    folder = target.parent
    if make_folder:
        folder = next(ancestor for ancestor in (folder, *folder.absolute().parents) if ancestor.exists())
    if not folder.is_dir():
        raise OutputError(path=str(target), reason="no-folder")
    if target.exists():
        if any(path.exists() and target.samefile(path) for path in protected):
            raise OutputError(path=str(target), reason="is-input")
        if not target.is_file():
            raise OutputError(path=str(target), reason="not-a-file")
        if not overwrite:
            raise OutputError(path=str(target), reason="exists")
    elif target.is_symlink():
        raise OutputError(path=str(target), reason="not-a-file")
    if not os.access(folder, os.W_OK):
        raise OutputError(path=str(target), reason="os", detail="folder not writable")


def write_atomically(
    target: Path,
    write: Callable[[BinaryIO], object],
    *,
    overwrite: bool,
    check: Callable[[Path], object] | None = None,
) -> None:
    """Write through a temporary file in the target's folder, fsync, put it in place, fsync the folder.

    `check` may look at the finished temporary file, and by raising keep it from its place. Without `overwrite` the file
    is put in place by a hard link, which fails if something has appeared there meanwhile. On any error the temporary
    file is removed and the target is as it was. Raises OutputError, and what `write` and `check` raise.
    """
    temporary = target.with_name(f"{_TEMPORARY}{secrets.token_hex(8)}")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        descriptor = os.open(temporary, flags, 0o666)  # less the umask, as any program's files
        try:
            with os.fdopen(descriptor, "wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            if check is not None:
                check(temporary)
            if overwrite:
                temporary.replace(target)
            else:
                _place_new(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
    except FileExistsError:
        raise OutputError(path=str(target), reason="exists") from None
    except OSError as error:
        raise OutputError(path=str(target), reason="os", detail=error.strerror, errno=error.errno) from None
    _sync_folder(target.parent)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, where they are missing. Raises OutputError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(path=str(folder), reason="os", detail=error.strerror, errno=error.errno) from None


def remove_leftovers(folders: Iterable[Path]) -> None:
    """Remove temporary files that a killed run has left in its output folders, which nobody else is writing to."""
    for folder in folders:
        with contextlib.suppress(OSError):
            for path in folder.glob(f"{_TEMPORARY}*"):
                if re.fullmatch("[0-9a-f]{16}", path.name.removeprefix(_TEMPORARY)):
                    path.unlink()


def _place_new(temporary: Path, target: Path) -> None:
    try:
        target.hardlink_to(temporary)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links: look, then rename
        if target.exists():
            raise FileExistsError from None
        temporary.replace(target)


def _sync_folder(folder: Path) -> None:
    """Make the new name durable, where the system can; the file itself is in place already."""
    if os.name != "posix":
        return  # Windows has no handle on a folder to sync
    with contextlib.suppress(OSError):  # some network file systems refuse, and folders that may not be read
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
