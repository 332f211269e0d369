"""Calls with a deadline: what returns late is left behind, what must be done last is done."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable

import pytest

from jitsuin.signer.deadline import Caller, DeadlineError


def test_results_and_errors_come_through() -> None:
    caller = Caller()
    assert caller.call(5, divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        caller.call(5, divmod, 7, 0)
    with pytest.raises(TimeoutError):  # the call's own, not ours
        caller.call(5, _raise, TimeoutError())
    assert not caller.stuck
    assert caller.call(5, int) == 0


def test_a_call_that_hangs_is_left_and_later_ones_do_not_wait() -> None:
    caller, release = Caller(), threading.Event()
    with pytest.raises(DeadlineError):
        caller.call(0.05, release.wait)
    begun = time.monotonic()
    with pytest.raises(DeadlineError):
        caller.call(60, int)
    assert time.monotonic() - begun < 30
    assert caller.stuck
    release.set()


def test_the_last_call_is_made_behind_a_stuck_one() -> None:
    caller, release, done = Caller(), threading.Event(), threading.Event()
    with pytest.raises(DeadlineError):
        caller.call(0.05, release.wait)
    caller.finish(60, done.set)
    assert not done.is_set()
    release.set()
    assert done.wait(30)


def test_the_end_can_wait_for_a_stuck_call_but_not_for_ever() -> None:
    caller, release, done = Caller(), threading.Event(), threading.Event()
    caller.linger(60)  # nothing is to be waited for
    with pytest.raises(DeadlineError):
        caller.call(0.05, release.wait)
    caller.finish(60, done.set)
    caller.linger(0.05)
    assert not done.is_set()
    threading.Timer(0.1, release.set).start()
    caller.linger(60)
    assert done.is_set()


@pytest.mark.parametrize("times", [1, 3])
def test_ctrl_c_does_not_stop_the_last_call(times: int) -> None:
    """Pressed at the very end, however often: first the card is left, then the program."""
    caller, done = Caller(), threading.Event()

    def slowly() -> None:
        for _ in range(times):
            signal.raise_signal(signal.SIGINT)
            time.sleep(0.05)
        done.set()

    with pytest.raises(KeyboardInterrupt):
        caller.finish(30, slowly)
    assert done.is_set()


def test_ctrl_c_reaches_whoever_waits_and_the_call_runs_on() -> None:
    caller, done = Caller(), threading.Event()

    def slowly() -> None:
        signal.raise_signal(signal.SIGINT)
        time.sleep(0.1)
        done.set()

    with pytest.raises(KeyboardInterrupt):
        caller.call(30, slowly)
    caller.finish(30, _expect(done.is_set))
    assert done.is_set()


def _raise(error: Exception) -> None:
    raise error


def _expect(condition: Callable[[], bool]) -> Callable[[], None]:
    def check() -> None:
        assert condition()

    return check
