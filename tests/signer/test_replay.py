"""A trace played back is the same card, as far as anybody was allowed to know it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from jitsuin.signer.base import SignerOptions, TokenFacts
from jitsuin.signer.errors import CardDataError, KeyFileError
from jitsuin.signer.jpki import JpkiSigner
from jitsuin.signer.simulator import SIGNATURE_PASSWORD, SimulatedCard, SimulatedReader
from jitsuin.signer.simulator.replay import MAX_FILE_SIZE, ReplayedCard
from jitsuin.signer.trace import TracedTransport

HEADER = '{"format": "jitsuin-apdu-trace", "version": 1, "atr": "3BE000FF8131FE4514"}\n'
Card = Callable[..., SimulatedCard]
Spend = Callable[[SimulatedCard, int], None]


class ReplayReader:
    """A transport with a replayed card in it."""

    name = "Replay"

    def __init__(self, card: ReplayedCard) -> None:
        self.card = card
        self.atr = card.power_on()

    def transmit(self, command: bytes | bytearray) -> bytes:
        return self.card.transmit(command)

    def close(self) -> None:
        self.card.power_off()


def described(transport: Any, at: datetime) -> TokenFacts:
    with JpkiSigner(transport, SignerOptions(None, at)) as signer:
        return signer.describe()


def trace(path: Path, *exchanges: tuple[str, str, str]) -> Path:
    lines = [json.dumps({"command": c, "response": r, "sw": sw, "ms": 1}) for c, r, sw in exchanges]
    path.write_text(HEADER + "".join(line + "\n" for line in lines), encoding="utf-8")
    return path


@pytest.mark.parametrize("persona", ["valid", "phone", "no-signature"])
@pytest.mark.parametrize("tries_spent", [0, 3, 5])
def test_a_look_at_the_card_is_repeated(
    card: Card, spend: Spend, at: datetime, tmp_path: Path, persona: str, tries_spent: int
) -> None:
    original = card(persona)
    spend(original, tries_spent)
    with (tmp_path / "trace").open("w", encoding="utf-8") as file:
        facts = described(TracedTransport(SimulatedReader(original), file.write), at)
    replayed = ReplayedCard.load(tmp_path / "trace")
    for _ in range(2):
        again = described(ReplayReader(replayed), at)
        same = ("kind", "atr", "signature_certificate_present", "signature_tries_left", "authentication_tries_left")
        assert [getattr(again, name) for name in same] == [getattr(facts, name) for name in same]
        assert again.signature_tries_left == 5 - tries_spent
        assert again.authentication_certificate is None


def test_a_signing_session_is_repeated_up_to_the_certificate(card: Card, at: datetime, tmp_path: Path) -> None:
    options = SignerOptions(lambda _: SIGNATURE_PASSWORD, at)
    lines: list[str] = []
    with JpkiSigner(TracedTransport(SimulatedReader(card()), lines.append), options) as signer:
        assert signer.certificate
    (tmp_path / "trace").write_text("".join(lines), encoding="utf-8")
    replay = ReplayReader(ReplayedCard.load(tmp_path / "trace"))
    # Any password is right, and then EF 0001 has the right length, but nobody's name in it.
    with JpkiSigner(replay, SignerOptions(lambda _: "ANYTHING", at)) as signer, pytest.raises(CardDataError) as error:
        signer.certificate  # noqa: B018 - looks
    assert error.value.facts == {"file": "0001", "reason": "not-a-certificate"}


def test_commands_are_found_in_their_order(tmp_path: Path) -> None:
    path = trace(
        tmp_path / "trace",
        ("00A4020C02001B", "", "9000"),
        ("00200080", "", "63C5"),
        ("00A4020C020018", "", "9000"),
        ("00200080", "", "63C3"),
        ("0020009B[secret]", "", "63C4"),
        ("0020009B", "", "63C4"),
        ("802A009A33[51]00", "[256]", "9000"),
    )
    card = ReplayedCard.load(path)
    assert card.power_on() == bytes.fromhex("3BE000FF8131FE4514")

    def send(command: str) -> str:
        return card.transmit(bytes.fromhex(command)).hex().upper()

    assert [send("00200080"), send("00A4020C020018"), send("00200080")] == ["63C5", "9000", "63C3"]
    assert send("00A4020C02001B") == "9000"
    assert send("00200080") == "63C5"
    # A VERIFY with a PIN of whatever length, where one was recorded, else not.
    assert send("0020009B06" + b"SECRET".hex()) == "63C4"
    assert send("0020009804" + b"1234".hex()) == "6D00"
    assert send("802A009A33" + "55" * 51 + "00") == "00" * 256 + "9000"
    assert send("802A009A34" + "55" * 52 + "00") == "6D00"
    assert send("00CA5F5100") == "6D00"
    card.reset()
    assert send("00200080") == "63C5"
    card.power_off()
    with pytest.raises(RuntimeError):
        send("00200080")


def test_empty_traces_and_failures_play(tmp_path: Path) -> None:
    path = trace(tmp_path / "trace")
    path.write_text(path.read_text() + '{"command": "00A40000", "failed": "CardRemovedError", "ms": 4}\n')
    card = ReplayedCard.load(path)
    card.power_on()
    assert card.transmit(bytes.fromhex("00A40000")) == b"\x6d\x00"


def test_a_bundle_is_played_from_its_first_trace(tmp_path: Path) -> None:
    other = '{"command": "00A40000", "response": "", "sw": "6A86", "ms": 1}\n'
    path = tmp_path / "bundle"
    path.write_text('{"format": "jitsuin-doctor", "version": 1}\n{"subject": "clock"}\n' + HEADER + HEADER + other)
    card = ReplayedCard.load(path)
    card.power_on()
    assert card.transmit(bytes.fromhex("00A40000")) == b"\x6d\x00"
    path.write_text('{"format": "jitsuin-doctor", "version": 1}\n' + HEADER + other)
    card = ReplayedCard.load(path)
    card.power_on()
    assert card.transmit(bytes.fromhex("00A40000")) == b"\x6a\x86"


EXCHANGE = '{"command": "00A40000", "response": "", "sw": "9000", "ms": 1}'


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "not-a-trace"),
        ("\x00\x01", "not-a-trace"),
        ("[1]", "not-a-trace"),
        ('{"a": 1}', "not-a-trace"),
        ('{"format": "something else"}', "not-a-trace"),
        ("[" * 100_000, "not-a-trace"),
        ('{"format": "jitsuin-doctor"}', "no-trace"),
        (HEADER.replace("1,", "2,"), "trace-version"),
        (HEADER.replace("1,", "null,"), "trace-version"),
        (HEADER + "nonsense", "bad-trace"),
        (HEADER + "[]", "bad-trace"),
        (HEADER + "{}", "bad-trace"),
        (HEADER + EXCHANGE.replace("9000", "90"), "bad-trace"),
        (HEADER + EXCHANGE.replace("9000", "no"), "bad-trace"),
        (HEADER + EXCHANGE.replace('"9000"', "9000"), "bad-trace"),
        (HEADER + EXCHANGE.replace('""', '"[secret]"'), "bad-trace"),
        (HEADER + EXCHANGE.replace('""', '"[99999]"'), "bad-trace"),
        (HEADER + EXCHANGE.replace("00A4", "0A4"), "bad-trace"),
        (HEADER.replace("3BE000FF8131FE4514", "3B"), "bad-trace"),
        (HEADER.replace("3BE000FF8131FE4514", "3B[8]"), "bad-trace"),
        (HEADER.replace("3BE000FF8131FE4514", "3B" * 34), "bad-trace"),
        (" " * (MAX_FILE_SIZE + 1), "too-large"),
    ],
)
def test_other_files_are_refused_by_reason(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "trace"
    path.write_text(HEADER + EXCHANGE, encoding="utf-8")
    assert ReplayedCard.load(path)
    path.write_text(content, encoding="utf-8")
    with pytest.raises(KeyFileError) as error:
        ReplayedCard.load(path)
    assert error.value.facts["reason"] == reason


def test_the_damaged_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "trace"
    path.write_text(HEADER + EXCHANGE + "\n" + EXCHANGE.replace("9000", "9") + "\n", encoding="utf-8")
    with pytest.raises(KeyFileError) as error:
        ReplayedCard.load(path)
    assert (error.value.facts["reason"], error.value.facts["line"]) == ("bad-trace", 3)


def test_absent_files_and_folders_are_unreadable(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(KeyFileError) as error:
            ReplayedCard.load(path)
        assert error.value.facts["reason"] == "unreadable"
