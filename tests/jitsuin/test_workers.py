"""Workers and the parent's answers, forked and as new Pythons, with desks that misbehave on purpose."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from desks import Errand, ScriptedDesk, wait_for

from jitsuin.errors import UnsentError
from jitsuin.workers import Pool


@pytest.fixture(params=["as they come", "new Pythons"])
def workers(request: pytest.FixtureRequest) -> Iterator[None]:
    """Forked where this process has no thread of some other test's; with a thread of ours they never are."""
    if request.param == "as they come":
        yield
        return
    ended = threading.Event()
    thread = threading.Thread(target=ended.wait)
    thread.start()
    yield
    ended.set()
    thread.join()


@dataclass
class Clerk:
    """It grants everything. Of the first signature it says when it begins, and then waits for files."""

    begins: Path | None = None
    waits_for: Sequence[Path] = ()
    asked: list[tuple[str, int]] = field(default_factory=list)
    stopped: bool = False

    def place(self, requests: Sequence[tuple[int, str]]) -> bool:
        self.asked += [("place", number) for number, _ in requests]
        return True

    def sign(self, number: int, to_be_signed: bytes, scheme: str) -> bytes:
        assert (to_be_signed, scheme) == (b"to be signed", "rsa-sha256")
        self.asked.append(("sign", number))
        if self.begins is not None and number == 0:
            self.begins.touch()
            wait_for(*self.waits_for)
            time.sleep(0.2)  # from leaving the file to the question
        return b"value"


def run(tasks: Sequence[Errand], clerk: Clerk, *, jobs: int) -> dict[int, object]:
    with Pool(ScriptedDesk) as pool:
        return dict(pool.run(tasks, jobs, clerk, lambda _: None))


@pytest.mark.usefixtures("workers")
@pytest.mark.parametrize("what", ["unpicklable", "unloadable"])
def test_a_result_that_cannot_be_sent_is_that_files_error(what: str) -> None:
    results = run([Errand("a"), Errand(what), Errand("b"), Errand("c")], Clerk(), jobs=1)
    assert isinstance(results[1], UnsentError)
    assert {number: result for number, result in results.items() if number != 1} == {0: "a", 2: "b", 3: "c"}


@pytest.mark.usefixtures("workers")
def test_what_waits_for_its_place_does_not_wait_for_the_key(tmp_path: Path) -> None:
    """While the key is busy, one worker asks for a place, and another one for a signature."""
    busy, place, sign = (tmp_path / name for name in ("busy", "place", "sign"))
    clerk = Clerk(begins=busy, waits_for=(place, sign))
    results = run([Errand("sign"), Errand("place", busy, place), Errand("sign", busy, sign)], clerk, jobs=4)
    assert results == {0: b"value", 1: None, 2: b"value"}
    assert clerk.asked == [("sign", 0), ("place", 1), ("sign", 2)]
