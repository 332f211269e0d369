"""The documentation keeps up with the code: generated parts, examples, links, and the tests that it cites."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("samples/*.md")])
LINK = re.compile(r"\[[^]]*\]\(([^)\s]+)\)", re.DOTALL)
CITED = re.compile(r"`((?:tests|signer|formats|jitsuin|docs)/[\w/.]*\.py)(?:::(\w+))?`")


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, arguments)], capture_output=True, encoding="utf-8", check=False, timeout=300
    )


def test_generated_parts_are_up_to_date() -> None:
    done = run(ROOT / "docs/generate.py", "--check")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["README.ja.md", "docs/simulator.md"])
def test_examples_run(name: str) -> None:
    """Those of README.md are run by tox -e readme."""
    done = run(ROOT / "tests/readme/check.py", ROOT / name)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        path, _, heading = target.partition("#")
        if ":" in path:
            continue
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        if heading:
            assert heading in slugs(there), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_is_cited_exists(page: Path) -> None:
    for path, name in CITED.findall(page.read_text(encoding="utf-8")):
        assert (ROOT / path).is_file(), path
        if name:
            source = (ROOT / path).read_text(encoding="utf-8")
            assert re.search(rf"^\s*(?:def|class) {name}\b", source, re.MULTILINE), f"{path}::{name}"


def slugs(page: Path) -> set[str]:
    """The anchors of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}
