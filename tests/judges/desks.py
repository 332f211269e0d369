"""A desk for workers that does on purpose what documents do by chance. Here, where also a new Python finds it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jitsuin.workers import Parent


class Unloadable:
    """It can be pickled, and nobody can read it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return int, ("no number",)


@dataclass(frozen=True)
class Errand:
    """What to do, and which files to wait for and to leave on the way there."""

    what: str
    waits_for: Path | None = None
    leaves: Path | None = None


class ScriptedDesk:
    """Does what its tasks say."""

    def work(self, task: Errand, parent: Parent) -> object:
        if task.waits_for is not None:
            wait_for(task.waits_for)
        if task.leaves is not None:
            task.leaves.touch()
        match task.what:
            case "sign":
                return parent.sign(b"to be signed", "rsa-sha256")
            case "place":
                return parent.place("sha256")
            case "unpicklable":
                return lambda: None
            case "unloadable":
                return Unloadable()
        return task.what


def wait_for(*files: Path) -> None:
    """Until they are there; what never comes is ended by the test's timeout."""
    while not all(file.exists() for file in files):
        time.sleep(0.005)
