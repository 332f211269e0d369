"""`--report` of a folder on the command line: written for people, refused before any work, never over another file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from folders import fill, outputs
from jitsuin.errors import OutputError
from jitsuin.html_page import GENERATOR
from jitsuin.signer.simulator import SIGNATURE_PASSWORD
from pages import read

TRUST = ("--trust", "simulator", "--revocation", "warn")


@pytest.fixture
def sign(jitsuin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., object]:
    """`jitsuin sign` of `in` into `out`, with these options."""
    fill(tmp_path / "in", 4)
    key = ("--key", f"simulator:{tmp_path / 'card'}", "--pin-source", "env:SECRET", "--yes", *TRUST)

    def run(*options: object, pin: str = SIGNATURE_PASSWORD) -> object:
        monkeypatch.setenv("SECRET", pin)
        return jitsuin("sign", tmp_path / "in", "--recursive", "--output-dir", tmp_path / "out", *key, *options)

    return run


def test_signing_and_verifying(sign, jitsuin, tmp_path: Path) -> None:
    page = tmp_path / "signing.html"
    assert sign("--report", page, "--quiet").code == 0
    text = read(page.read_text()).text
    assert "sub/n0002.xml" in text
    assert all(digest in text for digest in outputs(tmp_path / "out").values())
    page = tmp_path / "verdicts.html"
    run = jitsuin("verify", tmp_path / "out", "--recursive", *TRUST, "--report", page, "--redact", "--quiet")
    assert (run.code, run.out, run.err) == (0, "", "")
    text = read(page.read_text()).text
    assert "n0002" not in text
    assert str(tmp_path) not in text
    assert all(digest in text for digest in outputs(tmp_path / "out").values())


def test_what_is_there_is_not_replaced(sign, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("somebody's")
    assert sign("--report", page).code == 8
    assert not (tmp_path / "out").exists()
    assert page.read_text() == "somebody's"


@pytest.mark.parametrize("folder", ["in", "in/sub", "out"])
def test_it_lies_outside_the_folders(sign, tmp_path: Path, folder: str) -> None:
    run = sign("--report", tmp_path / folder / "page.html")
    assert run.code == 2
    assert "outside" in run.err
    assert not (tmp_path / "out").exists()


def test_a_run_that_is_resumed_replaces_its_page_and_nothing_else(sign, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    run = sign("--report", page, pin="WRONG123")
    assert run.code == 6
    stopped = page.read_text()
    assert "NOT ATTEMPTED" in stopped
    other = tmp_path / "other.html"
    other.write_text(f"somebody's {GENERATOR}")
    assert sign("--report", other, "--resume").code == 8
    assert sign("--report", page, "--resume").code == 0
    assert read(page.read_text()).text.count("NOT ATTEMPTED") == 0
    assert sign("--report", page).code == 8  # no resuming, no replacing


def test_one_file_has_none(jitsuin, tmp_path: Path) -> None:
    fill(tmp_path / "in", 1)
    assert jitsuin("sign", tmp_path / "in" / "n0000.xml", "--report", tmp_path / "page.html").code == 2


def test_json_lines_stay_clean(sign, tmp_path: Path) -> None:
    run = sign("--report", tmp_path / "page.html", "--json")
    assert [json.loads(line)["type"] for line in run.out.splitlines()] == ["file"] * 4 + ["summary"]


@pytest.mark.parametrize("broken", [False, True])
def test_a_page_that_cannot_be_written_in_the_end_is_told(
    sign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: bool
) -> None:
    """The disk became full, say, while the files were signed. What became of them is told, too."""

    def full(path: Path, *_: object, **__: object) -> None:
        raise OutputError(path=str(path), reason="os", detail="No space left on device")

    if broken:
        (tmp_path / "in/broken.pdf").write_bytes(b"no PDF")
    monkeypatch.setattr("jitsuin.batch_page.write_batch_page", full)
    run = sign("--report", tmp_path / "page.html")
    assert run.code == (9 if broken else 8)
    assert "page.html" in run.err
    assert "signed 4" in run.out
