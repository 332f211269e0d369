"""What a person at a terminal is asked and told about readers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from folders import fill, written
from jitsuin.signer.simulator import SIGNATURE_PASSWORD
from pcsc_stack import PcscStack
from terminal import Terminal


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JITSUIN_LANG", "en")
    monkeypatch.setenv("HOME", str(tmp_path))


def test_which_of_two_cards(pcsc: PcscStack, folder: Callable[..., Path]) -> None:
    with pcsc.insert(folder(), slot=0), pcsc.insert(folder("no-signature"), slot=2):
        terminal = Terminal("card", "--trust", "simulator")
        terminal.read_until("Which one")
        assert f"1  {pcsc.readers[0]}" in terminal.screen
        assert f"2  {pcsc.readers[2]}" in terminal.screen
        terminal.type("3\n")
        terminal.read_until("not in the range")
        terminal.type("2\n")
        assert terminal.end() == 0
        assert "municipal office" in terminal.screen  # the second card has no signature certificate


def test_no_choice_is_made_by_ctrl_c(pcsc: PcscStack, folder: Callable[..., Path]) -> None:
    with pcsc.insert(folder(), slot=0), pcsc.insert(folder("second"), slot=2):
        terminal = Terminal("card")
        terminal.wait_for_question("Which one")
        terminal.type("\x03")
        assert terminal.end() == 130
        assert "Traceback" not in terminal.screen


def test_a_card_that_was_pulled_is_put_back_by_the_person(
    pcsc: PcscStack, folder: Callable[..., Path], tmp_path: Path
) -> None:
    fill(tmp_path / "in", 6)
    with pcsc.insert(folder(), faults=["remove=1@sign:3"], trace=tmp_path / "trace"):
        terminal = Terminal("sign", tmp_path / "in", "--output-dir", tmp_path / "out", "--trust", "simulator")
        terminal.wait_for_password_prompt()
        terminal.type(SIGNATURE_PASSWORD + "\n")
        terminal.wait_for_question("Put the card back and go on?")
        assert len(written(tmp_path / "out")) <= 2
        pcsc.wait(pcsc.readers[0], present=True)
        terminal.screen = ""
        terminal.type("y\n")
        terminal.wait_for_password_prompt()
        terminal.type(SIGNATURE_PASSWORD + "\n")
        assert terminal.end() == 0
    assert len(written(tmp_path / "out")) == 4
    assert (tmp_path / "trace").read_text().count("[secret]") == 2


def test_who_does_not_put_it_back_is_told_how_to_go_on(
    pcsc: PcscStack, folder: Callable[..., Path], tmp_path: Path
) -> None:
    fill(tmp_path / "in", 6)
    with pcsc.insert(folder(), faults=["remove=1@sign:3"]):
        terminal = Terminal("sign", tmp_path / "in", "--output-dir", tmp_path / "out", "--trust", "simulator")
        terminal.wait_for_password_prompt()
        terminal.type(SIGNATURE_PASSWORD + "\n")
        terminal.wait_for_question("Put the card back and go on?")
        terminal.type("n\n")
        assert terminal.end() == 5
    assert "To go on: jitsuin sign" in terminal.screen
    assert len(written(tmp_path / "out")) == 2
