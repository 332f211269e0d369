"""A document's bytes, whole or in pieces: small ones are kept in memory, large ones are read where they lie."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from hashlib import _Hash

_CHUNK = 1 << 20
_BUFFER = 1 << 16


class Source:
    """The bytes of a document, which are taken not to change while it is in use.

    Can be pickled where `open_stream` can; what was read or hashed is then read or hashed again.
    """

    def __init__(self, open_stream: Callable[[], BinaryIO], size: int) -> None:
        self.size = size
        self._open_stream = open_stream
        self._data: bytes | None = None
        self._states: dict[str, tuple[int, _Hash]] = {}

    @classmethod
    def of(cls, data: bytes) -> Source:
        """A source over bytes in memory."""
        source = cls(partial(io.BytesIO, data), len(data))
        source._data = data
        return source

    def followed_by(self, tail: bytes) -> Source:
        """These bytes with others behind them: those in memory together, those of a file read where they lie.

        What was hashed of the first need not be hashed again.
        """
        if self._data is not None:
            both = Source.of(self._data + tail)
        else:
            both = Source(partial(_open_both, self._open_stream, self.size, tail), self.size + len(tail))
        both._states = dict(self._states)
        return both

    def __getstate__(self) -> dict[str, object]:
        return {"size": self.size, "_open_stream": self._open_stream, "_data": None, "_states": {}}

    @property
    def head(self) -> bytes:
        """The first kibibyte, by which most formats can be told."""
        if self._data is not None:
            return self._data[:1024]
        with self.stream() as stream:
            return stream.read(1024)

    def stream(self) -> BinaryIO:
        """A new seekable stream over the bytes, at their beginning; the caller closes it."""
        return self._open_stream()

    def read(self) -> bytes:
        """All of it, kept for the next who asks. For formats that cannot be read in pieces."""
        if self._data is None:
            with self.stream() as stream:
                self._data = stream.read()
        return self._data

    def hasher(self, algorithm: str, end: int | None = None) -> _Hash:
        """A hash object that has taken the bytes up to `end` (default: all), for the caller to go on with.

        Asked for rising ends it reads every byte once, so that the hash of a document, and the hashes of the byte
        ranges of signatures in it, cost one pass together.
        """
        end = self.size if end is None else end
        reached, state = self._states.get(algorithm, (0, hashlib.new(algorithm)))
        if reached > end:
            reached, state = 0, hashlib.new(algorithm)
        state = state.copy()
        self.update(state, reached, end)
        self._states[algorithm] = end, state.copy()
        return state

    def update(self, state: _Hash, start: int, end: int) -> None:
        """Feed the bytes [start, end) to a hash object. Raises EOFError where there are fewer."""
        if self._data is not None:
            if end > len(self._data):
                raise EOFError
            state.update(memoryview(self._data)[start:end])
            return
        buffer = memoryview(bytearray(min(_CHUNK, max(end - start, 0))))
        with self.stream() as stream:
            stream.seek(start)
            while start < end:
                count = stream.readinto(buffer[: end - start])  # type: ignore[attr-defined]
                if not count:
                    raise EOFError
                state.update(buffer[:count])
                start += count

    def copy_to(self, out: BinaryIO) -> None:
        """Write all of it to `out`."""
        if self._data is not None:
            out.write(self._data)
            return
        with self.stream() as stream:
            while chunk := stream.read(_CHUNK):
                out.write(chunk)


def _open_both(open_first: Callable[[], BinaryIO], size: int, tail: bytes) -> BinaryIO:
    return io.BufferedReader(_Both(open_first(), size, tail), _BUFFER)


class _Both(io.RawIOBase):
    """A stream of known length, and bytes behind it. Closing it closes the stream."""

    def __init__(self, first: BinaryIO, size: int, tail: bytes) -> None:
        self._first, self._size, self._tail = first, size, tail
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position}.get(whence, self._size + len(self._tail))
        if start + offset < 0:
            raise ValueError("before the beginning")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._position < self._size:
            self._first.seek(self._position)
            chunk = self._first.read(min(len(buffer), self._size - self._position))
        else:
            start = self._position - self._size
            chunk = self._tail[start : start + len(buffer)]
        buffer[: len(chunk)] = chunk
        self._position += len(chunk)
        return len(chunk)

    def close(self) -> None:
        self._first.close()
        super().close()
