"""Workers and the parent's answers, with desks that do on purpose what documents do by chance."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from jitsuin.errors import UnsentError
from jitsuin.workers import Parent, Pool


class Unloadable:
    """It can be pickled, and nobody can read it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return int, ("no number",)


class Scripted:
    """A desk whose tasks say what to ask the parent for, and after how many seconds."""

    def work(self, task: tuple[str, float], parent: Parent) -> object:
        what, seconds = task
        time.sleep(seconds)
        match what:
            case "sign":
                return parent.sign(b"to be signed", "rsa-sha256")
            case "place":
                return parent.place("sha256")
            case "unpicklable":
                return lambda: None
            case "unloadable":
                return Unloadable()
        return what


@dataclass
class Recorder:
    """A clerk that grants everything, the first signature slowly."""

    asked: list[tuple[str, int]] = field(default_factory=list)
    stopped: bool = False

    def place(self, requests: Sequence[tuple[int, str]]) -> bool:
        self.asked += [("place", number) for number, _ in requests]
        return True

    def sign(self, number: int, to_be_signed: bytes, scheme: str) -> bytes:
        assert (to_be_signed, scheme) == (b"to be signed", "rsa-sha256")
        self.asked.append(("sign", number))
        time.sleep(0 if number else 0.5)
        return b"value"


def run(tasks: Sequence[tuple[str, float]], clerk: Recorder, *, jobs: int = 4) -> dict[int, object]:
    with Pool(partial(Scripted)) as pool:
        return dict(pool.run(tasks, jobs, clerk, lambda _: None))


@pytest.mark.parametrize("what", ["unpicklable", "unloadable"])
def test_a_result_that_cannot_be_sent_is_that_files_error(what: str) -> None:
    results = run([("a", 0), (what, 0), ("b", 0), ("c", 0)], Recorder(), jobs=1)
    assert isinstance(results[1], UnsentError)
    assert {number: result for number, result in results.items() if number != 1} == {0: "a", 2: "b", 3: "c"}


def test_what_waits_for_its_place_does_not_wait_for_the_key() -> None:
    """While the key takes half a second, one worker asks for a place, another one for a signature."""
    clerk = Recorder()
    results = run([("sign", 0), ("place", 0.2), ("sign", 0.2)], clerk)
    assert results == {0: b"value", 1: None, 2: b"value"}
    assert clerk.asked == [("sign", 0), ("place", 1), ("sign", 2)]
