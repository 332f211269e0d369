"""The virtual reader's protocol against a driver that the tests play, and what stands between a card and its reader.

The real driver has its tests in tests/card/.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress

import pytest

from jitsuin.signer.errors import VirtualReaderError
from jitsuin.signer.simulator import vpcd
from jitsuin.signer.simulator.contacts import CardWithdrawn
from jitsuin.signer.simulator.layers import SlowCard, TracedCard

ATR = bytes.fromhex("3BE000FF8131FE4514")
POWER_OFF, POWER_ON, RESET, GET_ATR = (bytes([code]) for code in (0, 1, 2, 4))
SIGN = bytes.fromhex("802A009A0100")
ECHO = bytes.fromhex("00A4040C")
LEAVE = bytes.fromhex("00FF0000")
LEAVE_WITH_ANSWER = bytes.fromhex("00FF0001")
LEAVE_FOR_GOOD = bytes.fromhex("00FF0002")


class Card:
    """Answers with the command and 9000, notes what is done to it, and leaves when it is told to."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def power_on(self) -> bytes:
        self.done.append("on")
        return ATR

    def reset(self) -> bytes:
        self.done.append("reset")
        return ATR[:-1]

    def power_off(self) -> None:
        self.done.append("off")

    def transmit(self, command: bytes | bytearray) -> bytes:
        if command == LEAVE:
            raise CardWithdrawn(None, 0.01)
        if command == LEAVE_WITH_ANSWER:
            raise CardWithdrawn(b"\x90\x00", 0.01)
        if command == LEAVE_FOR_GOOD:
            raise CardWithdrawn(b"\x90\x00", 0)
        return bytes(command) + b"\x90\x00"


class Driver:
    """vpcd's side of one connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        connection.settimeout(10)

    def send(self, message: bytes, *, parts: int = 1) -> None:
        whole = len(message).to_bytes(2, "big") + message
        for part in [whole] if parts == 1 else [bytes([one]) for one in whole]:
            self._connection.sendall(part)
            time.sleep(0 if parts == 1 else 0.002)

    def ask(self, message: bytes, *, parts: int = 1) -> bytes:
        self.send(message, parts=parts)
        length = int.from_bytes(self._received(2), "big")
        return self._received(length)

    def gone(self) -> bool:
        return self._connection.recv(1) == b""

    def _received(self, length: int) -> bytes:
        data = b""
        while len(data) < length:  # MSG_WAITALL does not wait on a socket with a deadline
            more = self._connection.recv(length - len(data))
            assert more, "the card has gone"
            data += more
        return data


class Reader:
    """A port of this machine, and the thread in which a card is served to it."""

    def __init__(self, listening: socket.socket, card: Card, pool: ThreadPoolExecutor) -> None:
        self._listening = listening
        self.insertions = 0
        self.serving: Future[None] = pool.submit(
            vpcd.serve, card, listening.getsockname()[1], lambda: setattr(self, "insertions", self.insertions + 1)
        )

    @contextmanager
    def inserted(self) -> Iterator[Driver]:
        connection, _ = self._listening.accept()
        with connection:
            yield Driver(connection)


@pytest.fixture
def card() -> Card:
    return Card()


@pytest.fixture
def reader(card: Card) -> Iterator[Reader]:
    """At the end the card is told to leave for good, so that its thread ends."""
    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as pool:
        listening.settimeout(10)
        reader = Reader(listening, card, pool)
        yield reader
        if not reader.serving.done():
            with reader.inserted() as driver:
                driver.send(POWER_ON)
                driver.ask(LEAVE_FOR_GOOD)
        reader.serving.result(10)


# The protocol


def test_a_session(reader: Reader, card: Card) -> None:
    with reader.inserted() as driver:
        assert driver.ask(GET_ATR) == ATR  # before any power: the driver's way to look whether there is a card
        assert card.done == ["on", "off"]
        driver.send(POWER_ON)
        assert driver.ask(GET_ATR) == ATR
        assert driver.ask(ECHO) == ECHO + b"\x90\x00"
        driver.send(RESET)
        assert driver.ask(GET_ATR) == ATR[:-1]
        driver.send(POWER_OFF)
        assert driver.ask(GET_ATR) == ATR[:-1]
    assert card.done[:5] == ["on", "off", "on", "reset", "off"]


@pytest.mark.parametrize("length", [2, 3, 261, 65533])
def test_messages_of_every_length_in_any_pieces(reader: Reader, length: int) -> None:
    message = bytes(range(256)) * 256
    with reader.inserted() as driver:
        driver.send(POWER_ON)
        assert driver.ask(message[:length]) == message[:length] + b"\x90\x00"
        if length < 300:
            assert driver.ask(message[:length], parts=length) == message[:length] + b"\x90\x00"


def test_an_unknown_control_code_is_passed_over(reader: Reader) -> None:
    with reader.inserted() as driver:
        driver.send(b"\x03")
        assert driver.ask(GET_ATR) == ATR


def test_each_insertion_is_told_once_and_when_there_is_power(reader: Reader) -> None:
    for count in (1, 2):
        with reader.inserted() as driver:
            driver.ask(GET_ATR)
            assert reader.insertions == count - 1
            for _ in range(2):
                driver.send(POWER_ON)
                driver.ask(GET_ATR)
            assert reader.insertions == count


def test_without_power_there_is_no_answer(reader: Reader) -> None:
    with reader.inserted() as driver:
        assert driver.ask(ECHO) == b""
        driver.send(POWER_ON)
        assert driver.ask(ECHO) == ECHO + b"\x90\x00"
        driver.send(POWER_OFF)
        assert driver.ask(ECHO) == b""


# Coming and going


@pytest.mark.parametrize("end", ["between two messages", "within the length", "within a message"])
def test_a_reader_that_goes_away_is_waited_for(reader: Reader, card: Card, end: str) -> None:
    with reader.inserted() as driver:
        driver.send(POWER_ON)
        driver.ask(ECHO)
        if end != "between two messages":
            driver._connection.sendall(b"\x00" if end == "within the length" else b"\x00\x05\x00")
    with reader.inserted() as driver:
        assert driver.ask(GET_ATR) == ATR
        assert card.done == ["on", "off", "on", "off", "on", "off"]  # powered off in between


def test_a_card_that_gets_no_power_comes_out_and_in_again(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """pcscd that has missed the last removal asks on and on for the ATR, and would never power the card."""
    with reader.inserted() as driver:
        driver.send(POWER_ON)  # the control: one that has had power stays, whatever comes then
        driver.send(POWER_OFF)
        monkeypatch.setattr(vpcd, "POWER_SECONDS", 0.1)
        time.sleep(0.2)
        assert driver.ask(GET_ATR) == driver.ask(GET_ATR) == ATR
    with reader.inserted() as driver:
        assert driver.ask(GET_ATR) == ATR
        time.sleep(0.2)
        assert driver.ask(GET_ATR) == ATR
        assert driver.gone()


def test_a_card_that_leaves_comes_back(reader: Reader) -> None:
    with reader.inserted() as driver:
        driver.send(POWER_ON)
        driver.send(LEAVE)
        assert driver.gone()
    with reader.inserted() as driver:
        driver.send(POWER_ON)
        assert driver.ask(LEAVE_WITH_ANSWER) == b"\x90\x00"
        assert driver.gone()
    with reader.inserted() as driver:
        driver.send(POWER_ON)
        assert driver.ask(ECHO) == ECHO + b"\x90\x00"


def test_a_card_that_leaves_for_good(reader: Reader, card: Card) -> None:
    with reader.inserted() as driver:
        driver.send(POWER_ON)
        assert driver.ask(LEAVE_FOR_GOOD) == b"\x90\x00"
        assert driver.gone()
    reader.serving.result(10)
    assert card.done[-1] == "off"


def test_nobody_listens(card: Card) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(VirtualReaderError) as caught:
        vpcd.serve(card, port)
    assert caught.value.facts == {"port": port, "reason": "absent"}


def test_somebody_listens_who_says_nothing(card: Card) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute, pytest.raises(VirtualReaderError) as caught:
        vpcd.serve(card, mute.getsockname()[1])
    assert caught.value.facts["reason"] == "silent"


def test_an_error_of_the_card_is_no_reader_that_went_away(card: Card) -> None:
    """A full disk under card.json, for instance."""

    class Broken(Card):
        def transmit(self, command: bytes | bytearray) -> bytes:
            raise OSError("no space left")

    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as pool:
        reader = Reader(listening, Broken(), pool)
        with reader.inserted() as driver:
            driver.send(POWER_ON)
            driver.send(ECHO)
            with pytest.raises(OSError, match="no space left"):
                reader.serving.result(10)


# The layers


@pytest.mark.parametrize(("command", "seconds"), [(ECHO, 0.02), (SIGN, 0.08), (LEAVE, 0.02)])
def test_a_slow_card_takes_its_time(command: bytes, seconds: float) -> None:
    assert _taken(SlowCard(Card(), apdu=0.02, signature=0.06), command) >= seconds
    assert _taken(SlowCard(Card(), 0, 0), command) < 0.02


def test_the_time_that_a_card_takes_itself_counts() -> None:
    card = SlowCard(SlowCard(Card(), 0.3, 0), 0.4, 0)
    assert 0.4 <= _taken(card, ECHO) < 0.7


def _taken(card: SlowCard, command: bytes) -> float:
    """The seconds of the quickest of three."""
    taken = []
    for _ in range(3):
        begin = time.monotonic()
        with suppress(CardWithdrawn):
            assert card.transmit(command) == command + b"\x90\x00"
        taken.append(time.monotonic() - begin)
    return min(taken)


def test_a_trace_has_every_command_once() -> None:
    lines: list[str] = []
    card = TracedCard(SlowCard(Card(), 0.01, 0), lines.append)
    assert card.power_on() == ATR
    card.transmit(ECHO)
    card.power_off()
    card.power_on()
    for leaving in (LEAVE, LEAVE_WITH_ANSWER):
        with pytest.raises(CardWithdrawn):
            card.transmit(leaving)
    first, *exchanges = map(json.loads, lines)
    assert first["atr"] == ATR.hex().upper()
    assert all(exchange.pop("ms") >= 10 for exchange in exchanges)
    assert exchanges == [
        {"command": ECHO.hex().upper(), "response": "[4]", "sw": "9000"},
        {"command": LEAVE.hex().upper(), "failed": "CardWithdrawn"},
        {"command": LEAVE_WITH_ANSWER.hex().upper(), "response": "", "sw": "9000"},
    ]
