"""Reading documents and writing results so that nothing is lost: never over the input, never a half file."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from .errors import InputError, OutputError

MAX_INPUT_BYTES = 512 * 1024 * 1024


def read_document(path: Path) -> bytes:
    """The bytes of a regular file of at most 512 MiB. Raises InputError."""
    try:
        # Without blocking, or a named pipe would keep us waiting for a writer before it can be refused.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise InputError(path=str(path), reason="not-a-file")
            if status.st_size > MAX_INPUT_BYTES:
                raise InputError(path=str(path), reason="too-large")
            return file.read()
    except FileNotFoundError:
        raise InputError(path=str(path), reason="absent") from None
    except OSError as error:
        reason = "not-a-file" if path.is_dir() else "os"
        raise InputError(path=str(path), reason=reason, detail=error.strerror) from None


def check_output(source: Path, target: Path, *, overwrite: bool, make_folder: bool = False) -> None:
    """Refuse before any work what could not be written after it. Raises OutputError.

    The same file is recognised through links and other spellings of its path.
    """
    if make_folder and not target.parent.exists():
        return
    if not target.parent.is_dir():
        raise OutputError(path=str(target), reason="no-folder")
    if target.exists():
        if target.samefile(source):
            raise OutputError(path=str(target), reason="is-input")
        if not target.is_file():
            raise OutputError(path=str(target), reason="not-a-file")
        if not overwrite:
            raise OutputError(path=str(target), reason="exists")
    elif target.is_symlink():
        raise OutputError(path=str(target), reason="not-a-file")
    if not os.access(target.parent, os.W_OK):
        raise OutputError(path=str(target), reason="os", detail="folder not writable")


def write_atomically(target: Path, write: Callable[[BinaryIO], object], *, overwrite: bool) -> None:
    """Write through a temporary file in the target's folder, fsync, put it in place, fsync the folder.

    Without `overwrite` the file is put in place by a hard link, which fails if something has appeared there meanwhile.
    On any error the temporary file is removed and the target is as it was. Raises OutputError.
    """
    try:
        descriptor, name = tempfile.mkstemp(prefix=".jitsuin-", dir=target.parent)
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            temporary.chmod(0o666 & ~_umask())
            if overwrite:
                temporary.replace(target)
            else:
                _place_new(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
        _sync_folder(target.parent)
    except FileExistsError:
        raise OutputError(path=str(target), reason="exists") from None
    except OSError as error:
        raise OutputError(path=str(target), reason="os", detail=error.strerror) from None


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, where they are missing. Raises OutputError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(path=str(folder), reason="os", detail=error.strerror) from None


def _place_new(temporary: Path, target: Path) -> None:
    try:
        target.hardlink_to(temporary)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links: look, then rename
        if target.exists():
            raise FileExistsError from None
        temporary.replace(target)


def _umask() -> int:
    """The process's umask; it can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return  # Windows has no handle on a folder to sync
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network file systems refuse
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
