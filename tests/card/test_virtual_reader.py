"""The simulated card in a real pcscd: inserted, powered, reset, taken out, put in again, as any program sees it."""

from __future__ import annotations

import json
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from smartcard import scard

from jitsuin.signer.simulator import SIGNATURE_PASSWORD, SimulatedCard
from jitsuin.signer.simulator.applet import CONTACT_ATR, CONTACTLESS_ATR
from pcsc_stack import PcscStack

PASSWORD = SIGNATURE_PASSWORD.encode()
SELECT_JPKI = bytes.fromhex("00A4040C0AD392F000260100000001")
DONE = 0x9000
NOT_VERIFIED = 0x6982
STALL_MS = 44
"""What each APDU costs where one end waits for the acknowledgement that the other delays."""
SERVE = [sys.executable, "-m", "jitsuin", "simulator", "serve"]

Folder = Callable[..., Path]


class Connected:
    """A program with a card, that says how it connects and leaves."""

    def __init__(self, reader: str) -> None:
        _, self._context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
        result, self._card, self._protocol = scard.SCardConnect(self._context, reader, scard.SCARD_SHARE_EXCLUSIVE, 3)
        assert result == scard.SCARD_S_SUCCESS, scard.SCardGetErrorMessage(result)

    def send(self, command: bytes) -> bytes:
        """The answer; empty where there is none.

        That is what vpcd makes of a card that leaves in mid-command: success and nothing. Afterwards there is an error.
        """
        result, answer = scard.SCardTransmit(self._card, self._protocol, list(command))
        return bytes(answer) if result == scard.SCARD_S_SUCCESS else b""

    def reconnect(self, initialization: int) -> None:
        result, _ = scard.SCardReconnect(self._card, scard.SCARD_SHARE_EXCLUSIVE, 3, initialization)
        assert result == scard.SCARD_S_SUCCESS, scard.SCardGetErrorMessage(result)

    @property
    def atr(self) -> bytes:
        return bytes(scard.SCardStatus(self._card)[4])

    def close(self) -> None:
        scard.SCardDisconnect(self._card, scard.SCARD_UNPOWER_CARD)
        scard.SCardReleaseContext(self._context)


@contextmanager
def connected(pcsc: PcscStack, slot: int = 0) -> Iterator[Connected]:
    with closing(Connected(pcsc.readers[slot])) as program:
        yield program


def verify(program: Connected) -> int:
    assert program.send(SELECT_JPKI) == b"\x90\x00"
    return int.from_bytes(program.send(bytes.fromhex("0020009B0A") + PASSWORD))


def sign(program: Connected) -> int:
    """The status word of a signature, after selecting the application; 0 where the card is gone."""
    program.send(SELECT_JPKI)
    digest_info = bytes.fromhex("3031300D060960864801650304020105000420") + bytes(32)
    return int.from_bytes(program.send(bytes.fromhex("802A009A33") + digest_info + b"\x00")[-2:])


# Power


@pytest.mark.parametrize("slot", range(4))
def test_every_slot_takes_a_card_and_gives_it_back(pcsc: PcscStack, folder: Folder, slot: int) -> None:
    for _ in range(2):
        with pcsc.insert(folder(), slot=slot) as card:
            with connected(pcsc, slot) as program:
                assert program.atr == CONTACT_ATR
                assert program.send(SELECT_JPKI) == b"\x90\x00"
            card.take_out()
            with pytest.raises(AssertionError, match="No smart card inserted"):
                Connected(pcsc.readers[slot])


@pytest.mark.parametrize(("interface", "same"), [("contact", True), ("contactless", True), ("contactless-pupi", False)])
def test_the_atr(pcsc: PcscStack, folder: Folder, interface: str, same: bool) -> None:
    with pcsc.insert(folder(), options=["--interface", interface]):
        atrs = []
        for _ in range(2):
            with connected(pcsc) as program:
                atrs.append(program.atr)
                program.reconnect(scard.SCARD_UNPOWER_CARD)
    assert {len(atr) for atr in atrs} == {len(CONTACT_ATR if interface == "contact" else CONTACTLESS_ATR)}
    assert (atrs[0] == atrs[1]) is same


@pytest.mark.parametrize(
    ("initialization", "answer"),
    [
        (scard.SCARD_LEAVE_CARD, DONE),
        (scard.SCARD_RESET_CARD, DONE),  # measured on real cards: a warm reset closes nothing
        (scard.SCARD_UNPOWER_CARD, NOT_VERIFIED),
    ],
)
def test_what_closes_the_card(pcsc: PcscStack, folder: Folder, initialization: int, answer: int) -> None:
    with pcsc.insert(folder()), connected(pcsc) as program:
        assert (sign(program), verify(program), sign(program)) == (NOT_VERIFIED, DONE, DONE)
        program.reconnect(initialization)
        assert sign(program) == answer


def test_a_reset_loses_the_selection(pcsc: PcscStack, folder: Folder) -> None:
    counter = bytes.fromhex("0020009B")
    with pcsc.insert(folder()), connected(pcsc) as program:
        program.send(SELECT_JPKI)
        assert program.send(counter) == bytes.fromhex("63C5")
        program.reconnect(scard.SCARD_RESET_CARD)
        assert program.send(counter) == bytes.fromhex("6A88")


# Faults over the wire; what each does to the card is tested in tests/signer/test_faults.py


@pytest.mark.parametrize("moment", ["sign:1", "after-verify:1", "apdu:3"])
def test_taken_out_and_put_in_again(pcsc: PcscStack, folder: Folder, moment: str) -> None:
    with pcsc.insert(folder(), faults=[f"remove=0.5@{moment}"]):
        with connected(pcsc) as program:
            assert verify(program) == DONE
            assert sign(program) == 0
            pcsc.wait(pcsc.readers[0], present=False)
        pcsc.wait(pcsc.readers[0], present=True)
        with connected(pcsc) as program:
            assert (sign(program), verify(program), sign(program)) == (NOT_VERIFIED, DONE, DONE)


def test_pcscd_misses_no_removal(pcsc: PcscStack, folder: Folder) -> None:
    with pcsc.insert(folder(), faults=["remove=0.01@apdu:3"]):
        with connected(pcsc) as program:
            assert verify(program) == DONE
            assert {sign(program) for _ in range(10)} == {0}
        pcsc.wait(pcsc.readers[0], present=False)
        pcsc.wait(pcsc.readers[0], present=True)
        with connected(pcsc) as program:
            assert (sign(program), verify(program), sign(program)) == (NOT_VERIFIED, DONE, DONE)


def test_taken_out_for_good(pcsc: PcscStack, folder: Folder) -> None:
    with pcsc.insert(folder(), faults=["remove=0@apdu:1"]) as card:
        with connected(pcsc) as program:
            assert program.send(SELECT_JPKI) == b""
        assert card.process.wait(10) == 0
        with SimulatedCard.load(card.folder).inserted():
            pass  # nobody holds it any more


@pytest.mark.parametrize("kind", ["reset", "unpower", "select"])
def test_behind_the_programs_back(pcsc: PcscStack, folder: Folder, kind: str) -> None:
    """PC/SC reports nothing, and what the PIN opened is lost or not as the card has it."""
    with pcsc.insert(folder(), faults=[f"{kind}@after-verify:1"]), connected(pcsc) as program:
        assert verify(program) == DONE
        assert sign(program) == (DONE if kind == "reset" else NOT_VERIFIED)


# Time


def test_an_apdu_takes_no_time_of_its_own(pcsc: PcscStack, folder: Folder) -> None:
    with pcsc.insert(folder()), connected(pcsc) as program:
        assert statistics.quantiles(_milliseconds(program, 50))[0] < STALL_MS / 2  # a stall would be in each


def test_delays(pcsc: PcscStack, folder: Folder) -> None:
    with pcsc.insert(folder(), apdu_ms=60, sign_ms=300), connected(pcsc) as program:
        assert 60 <= min(_milliseconds(program, 5)) < 60 + STALL_MS / 2
        assert verify(program) == DONE
        begin = time.monotonic()
        assert sign(program) == DONE  # SELECT and the signature
        assert time.monotonic() - begin >= 0.06 + 0.36


def _milliseconds(program: Connected, count: int) -> list[float]:
    taken = []
    for _ in range(count):
        begin = time.monotonic()
        assert program.send(SELECT_JPKI) == b"\x90\x00"
        taken.append((time.monotonic() - begin) * 1000)
    return taken


# The trace


def test_the_trace_says_what_went_by_and_no_secret(pcsc: PcscStack, folder: Folder, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    with pcsc.insert(folder(), trace=trace, sign_ms=50, faults=["remove=0@sign:2"]) as card, connected(pcsc) as program:
        assert verify(program) == DONE
        assert sign(program) == DONE
        assert sign(program) == 0
        card.process.wait(10)
    text = trace.read_text(encoding="utf-8")
    first, *lines = map(json.loads, text.splitlines())
    select = {"command": SELECT_JPKI.hex().upper(), "response": "", "sw": "9000"}
    signature = "802A009A33[51]00"
    assert first["atr"] == CONTACT_ATR.hex().upper()
    assert [{**line, "ms": None} for line in lines] == [
        {**exchange, "ms": None}
        for exchange in (
            select,
            {"command": "0020009B[secret]", "response": "", "sw": "9000"},
            select,
            {"command": signature, "response": "[256]", "sw": "9000"},
            select,
            {"command": signature, "failed": "CardWithdrawn"},
        )
    ]
    assert lines[3]["ms"] >= 50
    assert PASSWORD.hex().upper() not in text
    with _replayed(pcsc, trace), connected(pcsc) as program:
        assert (verify(program), sign(program)) == (DONE, DONE)


@contextmanager
def _replayed(pcsc: PcscStack, trace: Path) -> Iterator[None]:
    call = [*SERVE, "--replay", str(trace), "--reader-port", str(pcsc.ports[0])]
    with subprocess.Popen(call, stdout=subprocess.DEVNULL) as process:
        pcsc.wait(pcsc.readers[0], present=True)
        yield
        process.terminate()
    pcsc.wait(pcsc.readers[0], present=False)


# The command


def serve(*arguments: object) -> tuple[int, str]:
    """Exit code and complaints."""
    call = [*SERVE, *map(str, arguments)]
    done = subprocess.run(call, capture_output=True, encoding="utf-8", check=False, timeout=60)
    return done.returncode, done.stderr


def test_ctrl_c_takes_the_card_out(pcsc: PcscStack, folder: Folder) -> None:
    with pcsc.insert(folder()) as card:
        card.process.send_signal(signal.SIGINT)
        assert card.process.wait(10) == 0
        pcsc.wait(card.reader, present=False)
        with SimulatedCard.load(card.folder).inserted():
            pass


def test_a_killed_card_is_gone(pcsc: PcscStack, folder: Folder) -> None:
    place = folder()
    with pytest.raises(RuntimeError, match="-9"), pcsc.insert(place, slot=1) as card:
        card.process.kill()
    pcsc.wait(pcsc.readers[1], present=False)
    with pcsc.insert(place, slot=1), connected(pcsc, 1) as program:
        assert verify(program) == DONE


def test_a_card_is_in_one_reader_at_a_time(pcsc: PcscStack, folder: Folder) -> None:
    place = folder()
    with pcsc.insert(place):
        code, complaint = serve("--card", place, "--reader-port", pcsc.ports[1])
        assert (code, complaint.count("\n")) == (5, 1)
        assert "Jitsuin Simulator (valid)" in complaint


def test_a_reader_takes_one_card(pcsc: PcscStack, folder: Folder) -> None:
    with pcsc.insert(folder()):
        code, complaint = serve("--card", folder("second"), "--reader-port", pcsc.ports[0])
        assert (code, complaint.count("\n")) == (5, 1)
        assert str(pcsc.ports[0]) in complaint
        with connected(pcsc) as program:
            assert verify(program) == DONE


def test_no_reader(pcsc: PcscStack, folder: Folder) -> None:
    code, complaint = serve("--card", folder(), "--reader-port", 1)
    assert code == 5
    assert all(package in complaint for package in ("pcscd", "vsmartcard-vpcd"))


@pytest.mark.parametrize("spec", ["remove@sign", "explode@sign:1", "sw=1@sign:1", "short@read:1"])
def test_no_fault(folder: Folder, spec: str) -> None:
    code, complaint = serve("--card", folder(), "--fault", spec)
    assert (code, complaint.count("\n")) == (2, 1)
    assert spec in complaint


def test_a_trace_replaces_no_file(pcsc: PcscStack, folder: Folder, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("mine")
    assert serve("--card", folder(), "--reader-port", pcsc.ports[0], "--trace", kept)[0] == 8
    assert kept.read_text() == "mine"
    assert serve("--card", folder(), "--reader-port", pcsc.ports[0], "--trace", tmp_path / "absent" / "trace")[0] == 8


def test_a_replay_is_no_card(tmp_path: Path) -> None:
    assert serve("--replay", tmp_path / "trace", "--card", tmp_path)[0] == 2
    assert serve("--replay", tmp_path / "trace", "--persona", "valid")[0] == 2
    assert serve("--replay", tmp_path / "trace")[0] == 5
