"""The benchmark still runs: one round on the smallest document, with the tools that are installed."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from pcsc_stack import PcscStack
from softhsm import SoftHsm

RUN = Path(__file__).parents[2] / "benchmarks" / "run.py"


@pytest.fixture
def command(tmp_path: Path) -> list[str | Path]:
    """No time is looked at; the page and the folder of work are the test's own."""
    options = ["--rounds", "1", "--repetitions", "1", "--warm-ups", "1"]
    paths = ["--work", tmp_path / "work", "--output", tmp_path / "page.md", "--json", tmp_path / "numbers.json"]
    return [sys.executable, RUN, "--here", *options, *paths]


def page_with_markers(part: str) -> str:
    return f"before\n<!-- benchmarks/run.py {part}: begin -->\nstale\n<!-- benchmarks/run.py {part}: end -->\nafter\n"


def test_one_round_of_xml(command: list[str | Path], tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(page_with_markers("xml"))
    done = subprocess.run([*command, "--only", "xml", "--sizes", "20KB"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    facts = json.loads((tmp_path / "numbers.json").read_text())["xml"]
    signed, verified = (facts["results"]["20KB"][operation] for operation in ("sign", "verify"))
    assert {"floor", "jitsuin", "jitsuin-checked", "jitsuin-file", "jitsuin-file-crl"} <= signed.keys()
    assert {"floor", "jitsuin", "jitsuin-file", "jitsuin-file-crl"} <= verified.keys()
    for name in ("signxml", "xmlsec"):
        present = find_spec(name) is not None
        assert (name in signed, name in verified) == (present, present) or name in facts["absent"]
    assert facts["judges"].keys() == signed.keys()
    check_page(page)


def test_one_round_of_pdf(command: list[str | Path], tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(page_with_markers("pdf"))
    done = subprocess.run([*command, "--only", "pdf", "--sizes", "50KB"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    facts = json.loads((tmp_path / "numbers.json").read_text())["pdf"]
    measured = facts["results"]["50KB"]
    signed, verified = measured["sign"], measured["verify"]
    assert {"floor", "jitsuin", "jitsuin-checked", "jitsuin-file", "pyhanko", "pyhanko-reserved"} <= signed.keys()
    assert {"floor", "jitsuin", "jitsuin-file", "pyhanko"} <= verified.keys()
    for name in ("endesive", "rustpdf", "pdfsignerpy", "pdfbox", "pdfsig"):
        accounted_for = (signed, verified, facts["absent"], measured["failed"])
        assert any(name in place for place in accounted_for)
    assert signed.keys() <= facts["judges"].keys()
    check_page(page)


def test_one_round_of_the_card(command: list[str | Path], tmp_path: Path, pcsc: PcscStack) -> None:
    """It has a pcscd of its own; the fixture says what is missing for that."""
    page = tmp_path / "page.md"
    page.write_text(page_with_markers("card"))
    done = subprocess.run([*command, "--only", "card", "--sizes", "zero"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    facts = json.loads((tmp_path / "numbers.json").read_text())["card"]
    tools = facts["results"]["zero"]["tools"]
    assert {"card", "jitsuin"} <= tools.keys()
    assert all(tool in tools or tool in facts["absent"] for tool in ("opensc", "opensc-jpki"))
    # These are no times, and the page promises them.
    for name in ("command", "library-known"):
        assert facts["apdus"][name] == {"first": 13, "further": 1}
    assert facts["judges"].keys() == tools.keys()
    text = page.read_text()
    assert "stale" not in text
    assert "### Goals" in text


def test_one_round_of_pkcs11(command: list[str | Path], tmp_path: Path, softhsm: SoftHsm) -> None:
    """It has stores of its own; the fixture says what is missing for that."""
    page = tmp_path / "page.md"
    page.write_text(page_with_markers("pkcs11"))
    done = subprocess.run([*command, "--only", "pkcs11"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    facts = json.loads((tmp_path / "numbers.json").read_text())["pkcs11"]
    for key in ("RSA-2048", "P-384"):
        assert facts["values"][key]["tools"].keys() == {"bare", "jitsuin"}
    measured = facts["pdf"]["50KB"]
    assert {"floor", "jitsuin", "jitsuin-file"} <= measured["sign"].keys()
    for tool in ("pyhanko", "pyhanko-reserved"):
        assert tool in measured["sign"] or tool in facts["absent"]
    text = page.read_text()
    assert "### Values, P-384" in text
    check_page(page)


def test_one_round_of_folders(command: list[str | Path], tmp_path: Path) -> None:
    """Of few files; the slow card has a test of its own."""
    page = tmp_path / "page.md"
    page.write_text(page_with_markers("batch"))
    few = ["--only", "batch", "--sizes", "pdf,xml,mass", "--repetitions", "20"]
    done = subprocess.run([*command, *few], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    facts = json.loads((tmp_path / "numbers.json").read_text())["batch"]
    for name, contender in (("pdf", "pyhanko"), ("xml", "signxml")):
        tools = facts["results"][name]["tools"]
        assert {"floor", "jitsuin", "jitsuin-1"} <= tools.keys()
        assert contender in tools or contender in facts["absent"]
    assert facts["results"]["verify"]["files"] == 40
    mass = facts["results"]["mass"]
    assert (mass["files"], mass["broken"]) == (20, 4)
    assert sum(mass["reasons"].values()) == 4
    for program in ("pdfsig", "xmlsec1"):
        assert program in mass["judged"] or program in facts["absent"]
    text = page.read_text()
    assert "### Goals" in text
    assert "stale" not in text


def test_one_round_of_the_slow_card(command: list[str | Path], tmp_path: Path, pcsc: PcscStack) -> None:
    page = tmp_path / "page.md"
    page.write_text(page_with_markers("batch"))
    few = ["--only", "batch", "--sizes", "slow", "--repetitions", "3"]
    done = subprocess.run([*command, *few], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    slow = json.loads((tmp_path / "numbers.json").read_text())["batch"]["results"]["slow"]
    assert slow["files"] == 3
    assert slow["seconds"] > 3 * slow["signature_ms"] / 1000


def check_page(page: Path) -> None:
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "### Signing " in text
    assert "### Goals" in text
    assert "stale" not in text


def test_a_page_without_markers_is_left_alone(command: list[str | Path], tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("by hand\n")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "no markers" in done.stderr
    assert page.read_text() == "by hand\n"
