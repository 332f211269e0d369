"""The run's one reading of the clock; what it says is passed down, so that `--at` can reproduce every verdict."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The present time in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)
