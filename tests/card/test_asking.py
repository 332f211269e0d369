"""What a person at a terminal is asked and told about readers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

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
