"""One card, one reader: a lock on a file that the operating system lets go of when its holder dies."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import KeyFileError, TokenInUseError

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def held(path: Path, token: str) -> Iterator[None]:
    """Hold the lock file. Raises TokenInUseError (token) at once if anybody else does, this process included."""
    try:
        file = path.open("ab")
    except OSError as error:
        raise KeyFileError(path=path, reason=error.strerror or type(error).__name__) from None
    with file:
        try:
            _lock(file.fileno())
        except OSError:
            raise TokenInUseError(token=token) from None
        yield
