"""PDFs in the wild: each is signed and accepted, or refused for a reason that has a name. Takes some minutes.

With JITSUIN_WILD_WRITE=1 the run also writes docs/wild.md.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from fetch import fetch
from jitsuin.sentences import ERRORS, REMEDIES, VERDICTS
from survey import SIGNED, Outcome, page, survey

PAGE = Path(__file__).resolve().parents[2] / "docs" / "wild.md"
Sources = Mapping[str, Mapping[str, str]]

pytestmark = pytest.mark.skipif(
    (shutil.which("apt-get") is None or sys.platform != "linux") and "CI" not in os.environ,
    reason="the PDFs come out of Debian's source packages",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the PDFs are kept from one run to the next (JITSUIN_WILD)."""
    return Path(os.environ.get("JITSUIN_WILD") or tmp_path_factory.mktemp("wild"))


@pytest.fixture(scope="module")
def sources(folder: Path) -> Sources:
    return fetch(folder)


@pytest.fixture(scope="module")
def outcomes(folder: Path, sources: Sources) -> Sequence[Outcome]:
    found = survey(folder, sorted(sources), os.cpu_count() or 1)
    if os.environ.get("JITSUIN_WILD_WRITE"):
        PAGE.write_text(page(found, sources), encoding="utf-8")
    return found


def test_they_are_many(sources: Sources) -> None:
    assert len(sources) >= 500


def test_nothing_goes_wrong(outcomes: Sequence[Outcome]) -> None:
    assert [(one.name, one.wrong) for one in outcomes if one.wrong] == []


def test_most_are_signed(outcomes: Sequence[Outcome]) -> None:
    signed = [one for one in outcomes if one.normalized == SIGNED]
    assert len(signed) >= 0.92 * len(outcomes)
    assert any(one.strict != SIGNED for one in signed), "rewriting must have healed some"


def test_every_refusal_has_its_sentence(outcomes: Sequence[Outcome]) -> None:
    reasons = {one.strict for one in outcomes} | {one.normalized for one in outcomes}
    known = {key.partition(".")[2] or key for key in ERRORS} | VERDICTS.keys()
    assert reasons - {SIGNED} - known == set()


def test_no_refusal_is_the_last_net(outcomes: Sequence[Outcome]) -> None:
    assert [one.name for one in outcomes if one.strict == "pdf-unreadable"] == []


def test_a_remedy_is_no_empty_promise(outcomes: Sequence[Outcome]) -> None:
    """Where --normalize is recommended it mostly helps."""
    recommended = [one for one in outcomes if "--normalize" in REMEDIES.get(one.strict, ("",))[0]]
    assert sum(one.normalized == SIGNED for one in recommended) >= 0.8 * len(recommended)


def test_no_document_takes_long(outcomes: Sequence[Outcome]) -> None:
    assert max(one.seconds for one in outcomes) < 30
