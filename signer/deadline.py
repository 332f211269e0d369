"""Blocking calls with a deadline: a card that stays mute must end in an error, not hold the program for ever.

PC/SC has no timeout for a command, so the calls are made by a thread that can be left behind.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from queue import SimpleQueue
from typing import Generic, ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")


class DeadlineError(Exception):
    """The call did not return in time; it goes on behind our back, and every later one waits for it."""


class _Call(Generic[_T]):
    def __init__(self, function: Callable[[], _T]) -> None:
        self._function = function
        self.future: Future[_T] = Future()

    def __call__(self) -> None:
        try:
            self.future.set_result(self._function())
        except BaseException as error:  # noqa: BLE001 - it is raised again by whoever asks for the result
            self.future.set_exception(error)


class Caller:
    """Makes calls one after another in a thread of its own, which does not keep the program from ending.

    Ctrl-C reaches whoever waits here at once, while the call itself runs on to its end.
    """

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._stuck = False
        self._last: Future[None] | None = None
        threading.Thread(target=self._work, name="card", daemon=True).start()

    @property
    def stuck(self) -> bool:
        """Whether a call has passed its deadline."""
        return self._stuck

    def call(self, seconds: float, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Call and return, or raise DeadlineError; at once if an earlier call is stuck."""
        if self._stuck:
            raise DeadlineError
        return self._result(self._enqueued(lambda: function(*args, **kwargs)), seconds)

    def finish(self, seconds: float, function: Callable[[], None]) -> None:
        """Call whatever happens, as the last thing: behind a stuck call, too, and not to be stopped by Ctrl-C or
        a signal while there is time, which are raised again afterwards. A deadline that passes is no error here.
        """
        self._last = future = self._enqueued(function)
        self._calls.put(None)
        if self._stuck:
            return
        interruption: BaseException | None = None
        end = time.monotonic() + seconds
        while not future.done():
            try:
                self._result(future, max(0.0, end - time.monotonic()))
            except DeadlineError:
                break
            except (KeyboardInterrupt, SystemExit) as error:
                interruption = error
        if interruption is not None:
            raise interruption

    def linger(self, seconds: float) -> None:
        """Give the last call, which stands behind a stuck one, time to be made. Ctrl-C ends that."""
        if self._last is not None:
            with suppress(KeyboardInterrupt):
                wait([self._last], seconds)

    def _enqueued(self, function: Callable[[], _T]) -> Future[_T]:
        call = _Call(function)
        self._calls.put(call)
        return call.future

    def _result(self, future: Future[_T], seconds: float) -> _T:
        try:
            return future.result(seconds)
        except TimeoutError:
            if future.done():  # the call itself has raised one
                raise
            self._stuck = True
            raise DeadlineError from None

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
