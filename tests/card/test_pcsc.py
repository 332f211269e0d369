"""The transport over a real pcscd: which card is found, who may hold it, how it is left, and what every failure is."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from smartcard import scard

from jitsuin.signer.base import PinRequest, SignatureScheme, SignerOptions, TokenEvent
from jitsuin.signer.errors import (
    CardRemovedError,
    CardTimeoutError,
    KeyUriError,
    NoCardError,
    NoReaderError,
    NoSignatureCertificateError,
    NotMyNumberCardError,
    SeveralCardsError,
    TokenInUseError,
    TransportError,
)
from jitsuin.signer.jpki import JpkiSigner
from jitsuin.signer.pcsc import list_readers, open_signer
from jitsuin.signer.simulator import SIGNATURE_PASSWORD
from jitsuin.signer.simulator.vpcd import CardWithdrawn, serve
from pcsc_stack import PcscStack

RSA = SignatureScheme.RSA_SHA256
Folder = Callable[..., Path]


def password(_: PinRequest) -> str:
    return SIGNATURE_PASSWORD


@pytest.fixture
def card(at: datetime) -> Callable[..., JpkiSigner]:
    """Open a key URI, by default to sign."""

    def make(uri: str = "card:", **options: object) -> JpkiSigner:
        return open_signer(uri, SignerOptions(**{"pin": password, "at": at, **options}))

    return make


# Which card


def test_readers_are_listed_without_touching_the_card(pcsc: PcscStack, folder: Folder, other: Callable) -> None:
    with pcsc.insert(folder(), slot=2):
        states = {state.name: state for state in list_readers()}
        assert set(states) == set(pcsc.readers)
        present = states[pcsc.readers[2]]
        assert (present.card_present, present.in_use) == (True, False)
        assert present.atr == bytes.fromhex("3BE000FF8131FE4514")
        assert not any(states[pcsc.readers[slot]].card_present for slot in (0, 1, 3))
        program = other(2)
        assert program.connect() == 0
        assert next(state for state in list_readers() if state.name == present.name).in_use


def test_the_only_card_is_found(pcsc: PcscStack, folder: Folder, card: Callable) -> None:
    with pcsc.insert(folder(), slot=3), card() as signer:
        assert signer.describe().token == f"{pcsc.readers[3]} JPKIAPICCTOKEN2"
        public_key = signer.certificate.public_key()
        assert len(signer.sign(b"", RSA)) == public_key.key_size // 8


def test_a_reader_is_named_by_any_part_of_its_name(pcsc: PcscStack, folder: Folder, card: Callable) -> None:
    with pcsc.insert(folder(), slot=0), pcsc.insert(folder("second"), slot=2):
        for uri, slot in (("card:second", 2), ("card:VIRTUAL", 0), (f"card:{pcsc.readers[2]}", 2)):
            with card(uri, pin=None) as signer:
                assert signer.describe().token.startswith(pcsc.readers[slot])
        with card("card:Second%20Reader", pin=None) as signer:
            assert signer.describe().token.startswith(pcsc.readers[2])


def test_of_several_cards_none_is_guessed(pcsc: PcscStack, folder: Folder, card: Callable) -> None:
    names = (pcsc.readers[0], pcsc.readers[2])
    with pcsc.insert(folder(), slot=0), pcsc.insert(folder("second"), slot=2):
        with pytest.raises(SeveralCardsError) as caught:
            card()
        assert caught.value.facts == {"readers": names}
        asked: list[tuple[str, ...]] = []

        def choose(readers: list[str]) -> str:
            asked.append(tuple(readers))
            return readers[1]

        with card(choose=choose, pin=None) as signer:
            assert signer.describe().token.startswith(names[1])
        assert asked == [names]


def test_a_card_of_another_kind_is_passed_over_or_named(pcsc: PcscStack, folder: Folder, card: Callable) -> None:
    with other_card(pcsc, slot=0):
        with pytest.raises(NotMyNumberCardError) as caught:
            card()
        assert caught.value.sw == 0x6A82
        with pcsc.insert(folder(), slot=2), card(pin=None) as signer:
            assert signer.describe().token.startswith(pcsc.readers[2])


@contextmanager
def other_card(pcsc: PcscStack, slot: int) -> Iterator[None]:
    """A card that knows no application of ours, until it is told to go."""

    class OtherCard:
        def power_on(self) -> bytes:
            return bytes.fromhex("3B00")

        reset = power_on

        def power_off(self) -> None: ...

        def transmit(self, command: bytes) -> bytes:
            if command[0] == 0xFF:
                raise CardWithdrawn(b"\x90\x00", 0)
            return b"\x6a\x82"

    thread = threading.Thread(target=serve, args=(OtherCard(), pcsc.ports[slot]))
    thread.start()
    pcsc.wait(pcsc.readers[slot], present=True)
    try:
        yield
    finally:
        _, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
        _, handle, protocol = scard.SCardConnect(context, pcsc.readers[slot], scard.SCARD_SHARE_SHARED, 3)
        scard.SCardTransmit(handle, protocol, [0xFF, 0, 0, 0])
        scard.SCardReleaseContext(context)
        thread.join(20)
        pcsc.wait(pcsc.readers[slot], present=False)


def test_no_card_no_such_reader(pcsc: PcscStack, folder: Folder, card: Callable) -> None:
    with pytest.raises(NoCardError) as no_card:
        card()
    assert no_card.value.readers == pcsc.readers
    with pytest.raises(NoReaderError) as no_reader:
        card("card:Sony")
    assert (no_reader.value.reason, no_reader.value.wanted, no_reader.value.readers) == ("name", "Sony", pcsc.readers)
    with pcsc.insert(folder(), slot=0):
        with pytest.raises(NoCardError) as caught:
            card("card:Second")
        assert caught.value.readers == pcsc.readers[2:]
        card("card:Virtual", pin=None).__exit__(None, None, None)


def test_a_card_without_signature_certificate(pcsc: PcscStack, folder: Folder, card: Callable) -> None:
    with pcsc.insert(folder("no-signature")), card() as signer, pytest.raises(NoSignatureCertificateError):
        _ = signer.certificate


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("card", "scheme"),
        ("card:?timeout=0", "seconds"),
        ("card:?timeout=nan", "seconds"),
        ("card:?timeout=1&timeout=2", "seconds"),
        ("card:?wait=-1", "seconds"),
        ("card:?wait=soon", "seconds"),
        ("card:X?card=valid", "seconds"),
    ],
)
def test_key_uris(card: Callable, uri: str, reason: str) -> None:
    with pytest.raises(KeyUriError) as caught:
        card(uri)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("environment", "words"),
    [({"PCSCLITE_CSOCK_NAME": "/nonexistent/pcscd.comm"}, "(PC/SC) is not running"), ({}, "no card in the reader")],
)
def test_without_the_service(pcsc: PcscStack, environment: dict[str, str], words: str) -> None:
    call = [sys.executable, "-m", "jitsuin", "card"]
    merged = os.environ | environment | {"JITSUIN_LANG": "en"}
    run = subprocess.run(call, env=merged, capture_output=True, text=True, check=False)
    assert run.returncode == 5
    assert words in run.stderr
    assert "Traceback" not in run.stderr


# Who holds it


def test_while_we_may_sign_nobody_else_gets_at_the_card(
    pcsc: PcscStack, folder: Folder, card: Callable, other: Callable
) -> None:
    program = other()
    with pcsc.insert(folder()):
        with card() as signer:
            assert program.connect() == scard.SCARD_E_SHARING_VIOLATION
            signer.sign(b"", RSA)
            assert program.connect() == scard.SCARD_E_SHARING_VIOLATION
            for pin in (password, None):
                with pytest.raises(TokenInUseError):
                    card("card:?wait=0", pin=pin)
        assert program.connect() == 0
        assert program.sign() == 0x6982
        assert program.tries_left() == 5


def test_a_look_leaves_other_programs_what_their_pin_opened(
    pcsc: PcscStack, folder: Folder, card: Callable, other: Callable
) -> None:
    with pcsc.insert(folder()):
        program = other()
        assert program.connect() == 0
        assert program.sign() == 0x6982
        assert program.verify(SIGNATURE_PASSWORD.encode()) == 0x9000
        with card(pin=None) as signer:
            assert signer.describe().signature_tries_left == 5
        # Ours left no PIN's file selected either: a VERIFY without SELECT finds none.
        assert program.transmit(bytes.fromhex("0020008006") + b"WRONG0") == b"\x69\x86"
        assert program.sign() == 0x9000


def test_a_program_that_holds_the_card_is_waited_for_and_named(
    pcsc: PcscStack, folder: Folder, card: Callable, other: Callable
) -> None:
    told: list[tuple[TokenEvent, str]] = []

    def notify(event: TokenEvent, token: str) -> None:
        told.append((event, token))

    with pcsc.insert(folder()):
        program = other()
        assert program.connect() == 0
        begun = time.monotonic()
        with pytest.raises(TokenInUseError):
            card("card:?wait=0.3", notify=notify)
        assert time.monotonic() - begun < 10
        assert told == []
        threading.Timer(2, program.close).start()
        with card(notify=notify) as signer:
            signer.sign(b"", RSA)
        assert told == [(TokenEvent.IN_USE, pcsc.readers[0])]


def test_what_forgets_to_close_is_closed_at_the_end(pcsc: PcscStack, folder: Folder, other: Callable) -> None:
    program = """
import sys
from datetime import UTC, datetime
from jitsuin.signer.base import SignatureScheme, SignerOptions
from jitsuin.signer.pcsc import open_signer
options = SignerOptions(lambda request: "JITSUIN123", datetime(2026, 6, 1, tzinfo=UTC))
signer = open_signer("card:", options)
print(len(signer.sign(b"", SignatureScheme.RSA_SHA256)))
sys.exit(3)
"""
    with pcsc.insert(folder()):
        run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        assert (run.returncode, run.stdout) == (3, "256\n"), run.stderr
        after = other()
        assert after.connect() == 0
        assert after.sign() == 0x6982


# What goes wrong


def test_taken_out_in_mid_session(pcsc: PcscStack, folder: Folder, card: Callable) -> None:
    with pcsc.insert(folder()) as inserted, card() as signer:
        signer.sign(b"", RSA)
        inserted.take_out()
        for _ in range(2):
            with pytest.raises(CardRemovedError) as caught:
                signer.sign(b"", RSA)
            assert caught.value.token == pcsc.readers[0]


def test_closed(pcsc: PcscStack, folder: Folder, card: Callable) -> None:
    with pcsc.insert(folder()):
        with card() as signer:
            _ = signer.certificate
        with pytest.raises(TransportError) as caught:
            signer.sign(b"", RSA)
        assert caught.value.reason == "closed"


def test_a_mute_card_ends_in_an_error_and_is_powered_off_when_it_wakes(
    pcsc: PcscStack, folder: Folder, card: Callable, other: Callable
) -> None:
    with pcsc.insert(folder(), sign_ms=9000):
        begun = time.monotonic()
        with card("card:?timeout=1") as signer:
            _ = signer.certificate
            with pytest.raises(CardTimeoutError) as caught:
                signer.sign(b"", RSA)
            assert (caught.value.token, caught.value.seconds) == (pcsc.readers[0], 1)
        assert time.monotonic() - begun < 8.5  # before it wakes
        program = other()
        while program.connect() == scard.SCARD_E_SHARING_VIOLATION:
            assert time.monotonic() - begun < 30
            time.sleep(0.01)
        assert program.sign() == 0x6982
        assert program.tries_left() == 5
