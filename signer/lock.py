"""One at a time: a lock on a file that the operating system lets go of when its holders die."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import KeyFileError, TokenInUseError

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    def _unlock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def _open(path: Path) -> int:
    """Neither behind a link nor waiting for the other end of a pipe, where others can write to the folder."""
    careful = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | careful, 0o666)


class Lock:
    """A lock that is held, until the `with` block ends. A child that inherits `descriptor` holds it, too."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._held = True

    @property
    def descriptor(self) -> int:
        return int(self._file.fileno())

    def release(self) -> None:
        """Let go of it early, for all who hold it by this descriptor."""
        if self._held:
            self._held = False
            _unlock(self.descriptor)


@contextmanager
def held(path: Path, token: str) -> Iterator[Lock]:
    """Hold the lock file. Raises TokenInUseError (token) at once if anybody else does, this process included."""
    try:
        file = os.fdopen(_open(path), "ab")
    except OSError as error:
        raise KeyFileError(path=path, reason=error.strerror or type(error).__name__) from None
    with file:
        try:
            _lock(file.fileno())
        except OSError:
            raise TokenInUseError(token=token) from None
        yield Lock(file)
