"""Ctrl-C and SIGTERM as a wish to stop, so that what is in hand is finished; the second one ends it at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Self

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


class Interruption:
    """Takes the signals while its `with` block runs, in the main thread; elsewhere they are the caller's business."""

    def __init__(self) -> None:
        self.asked: BaseException | None = None
        """A KeyboardInterrupt, or a SystemExit with the status that shells give to an end by SIGTERM."""
        self._before: dict[int, Any] = {}
        self.wake, self._told = os.pipe()
        """Readable when somebody has asked."""

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
            self._before = {number: signal.getsignal(number) for number in numbers}
            self._take()
        return self

    def __exit__(self, *_: object) -> None:
        self._give_back()
        os.close(self.wake)
        os.close(self._told)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """While a person is asked something: Ctrl-C is then an answer."""
        self._give_back()
        try:
            yield
        finally:
            self._take()

    def _take(self) -> None:
        for number, before in self._before.items():
            if before is not signal.SIG_IGN:  # as under nohup
                signal.signal(number, self._note)

    def _give_back(self) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if self.asked is not None:
            raise self.asked
        self.asked = KeyboardInterrupt() if number == signal.SIGINT else SystemExit(128 + signal.SIGTERM)
        os.write(self._told, b".")
