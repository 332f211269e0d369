"""The fault language and what each fault does to a card: at which command, once, and the card goes on afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import given
from hypothesis import strategies as st

from jitsuin.signer.errors import FaultSpecError
from jitsuin.signer.simulator import Applet, create_card
from jitsuin.signer.simulator.contacts import CardWithdrawn
from jitsuin.signer.simulator.faults import Fault, FaultyCard, Kind, Trigger
from jitsuin.signer.simulator.pki import private_key

SELECT = bytes.fromhex("00A4040C0AD392F000260100000001")
COUNTER = bytes.fromhex("0020009B")
"""VERIFY without data, by the short file identifier of the signature PIN; so are the next two."""
VERIFY = bytes.fromhex("0020009B0A") + b"JITSUIN123"
DIGEST_INFO = bytes.fromhex("3031300D060960864801650304020105000420") + bytes(32)
SIGN = bytes.fromhex("802A009A33") + DIGEST_INFO + b"\x00"
OTHER_DIGEST_INFO = DIGEST_INFO[:-1] + b"\x01"
READ_TOKEN = bytes.fromhex("00B0860010")
DONE = b"\x90\x00"
FIVE_LEFT = bytes.fromhex("63C5")
NOT_SELECTED = bytes.fromhex("6A88")
NOT_VERIFIED = bytes.fromhex("6982")
PLAIN = [kind for kind in Kind if kind not in (Kind.REMOVE, Kind.MUTE, Kind.SW)]

Insert = Callable[..., FaultyCard]


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def applet(tmp_path: Path) -> Iterator[Applet]:
    with create_card(tmp_path / "card", "valid", datetime(2026, 4, 1, tzinfo=UTC)).inserted() as applet:
        yield applet


@pytest.fixture
def insert(applet: Applet, slept: list[float]) -> Iterator[Insert]:
    with ExitStack() as ending:

        def insert(*specs: str) -> FaultyCard:
            card = FaultyCard(applet, [Fault.parse(spec) for spec in specs], slept.append)
            card.power_on()
            ending.callback(card.power_off)
            return card

        yield insert


def key() -> rsa.RSAPrivateKey:
    found = private_key("valid")
    assert isinstance(found, rsa.RSAPrivateKey)
    return found


def signature(digest_info: bytes = DIGEST_INFO) -> bytes:
    """What the card must answer: PKCS#1 v1.5 is the same each time (RFC 8017, 8.2.1)."""
    numbers = key().private_numbers()
    n, length = numbers.public_numbers.n, key().key_size // 8
    block = b"\x00\x01" + b"\xff" * (length - 3 - len(digest_info)) + b"\x00" + digest_info
    return pow(int.from_bytes(block), numbers.d, n).to_bytes(length)


def opened(card: FaultyCard) -> FaultyCard:
    """Selected and with the PIN verified: two APDUs, the first VERIFY."""
    assert (card.transmit(SELECT), card.transmit(VERIFY)) == (DONE, DONE)
    return card


# The language


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        ("remove@sign:1", Fault(Kind.REMOVE, Trigger.SIGN, 1, seconds=1)),
        ("remove=0@apdu:12", Fault(Kind.REMOVE, Trigger.APDU, 12, seconds=0)),
        ("remove=0.25@after-verify:2", Fault(Kind.REMOVE, Trigger.VERIFY, 2, after=True, seconds=0.25)),
        ("mute=12@after-apdu:3", Fault(Kind.MUTE, Trigger.APDU, 3, after=True, seconds=12)),
        ("sw=6f00@verify:1", Fault(Kind.SW, Trigger.VERIFY, 1, sw=0x6F00)),
        *((f"{kind}@sign:1", Fault(kind, Trigger.SIGN, 1)) for kind in PLAIN),
    ],
)
def test_understood(spec: str, fault: Fault) -> None:
    assert Fault.parse(spec) == fault


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("", "form"),
        ("short", "form"),
        ("short@", "form"),
        ("short@sign", "form"),
        ("short@sign:", "form"),
        ("short@sign:-1", "form"),
        ("short@sign:1 ", "form"),
        ("short@sign:1\n", "form"),
        ("short@before-sign:1", "form"),
        ("short@sign:1@sign:2", "form"),
        ("explode@sign:1", "kind"),
        ("Short@sign:1", "form"),
        ("short@signature:1", "moment"),
        ("short@sign:0", "moment"),
        ("short=1@sign:1", "value"),
        ("short=@sign:1", "value"),
        ("sw@sign:1", "value"),
        ("sw=@sign:1", "value"),
        ("sw=90@sign:1", "value"),
        ("sw=90000@sign:1", "value"),
        ("sw=XXXX@sign:1", "value"),
        ("mute@sign:1", "value"),
        ("mute=@sign:1", "value"),
        ("mute=soon@sign:1", "value"),
        ("mute=-1@sign:1", "value"),
        ("mute=nan@sign:1", "value"),
        ("mute=1_0@sign:1", "value"),
        ("mute=1e3@sign:1", "value"),
        ("short@sign:١", "form"),
        ("mute=inf@sign:1", "value"),
        ("mute=3601@sign:1", "value"),
        ("remove=@sign:1", "value"),
        ("remove=-0.5@sign:1", "value"),
    ],
)
def test_not_understood(spec: str, reason: str) -> None:
    with pytest.raises(FaultSpecError) as caught:
        Fault.parse(spec)
    assert caught.value.facts["reason"] == reason
    assert caught.value.facts["spec"] == spec


@given(st.one_of(st.text(), st.from_regex(re.compile(r"\w+(=.*)?@(after-)?\w+:\d+"), fullmatch=True)))
def test_any_text_is_understood_or_refused(spec: str) -> None:
    with suppress(FaultSpecError):
        assert Fault.parse(spec).number >= 1


# The faults of an answer


@pytest.mark.parametrize(
    ("spec", "answer"),
    [
        ("sw=6F00@sign:1", bytes.fromhex("6F00")),
        ("sw=9000@sign:1", DONE),
        ("short@sign:1", signature()[:-1] + DONE),
        ("long@sign:1", signature() + b"\x00" + DONE),
        ("empty@sign:1", DONE),
        ("corrupt@sign:1", signature()[:128] + bytes([signature()[128] ^ 1]) + signature()[129:] + DONE),
        ("other@sign:1", signature(OTHER_DIGEST_INFO) + DONE),
        ("short@after-verify:1", signature()[:-1] + DONE),
        ("short@after-apdu:2", signature()[:-1] + DONE),
        ("short@apdu:3", signature()[:-1] + DONE),
        ("short@sign:2", signature() + DONE),
    ],
)
def test_the_first_signature(insert: Insert, spec: str, answer: bytes) -> None:
    card = opened(insert(spec))
    assert card.transmit(SIGN) == answer


def test_the_other_signature_is_genuine(insert: Insert) -> None:
    value = opened(insert("other@sign:1")).transmit(SIGN)[:-2]
    recovered = key().public_key().recover_data_from_signature(value, padding.PKCS1v15(), None)
    assert recovered == OTHER_DIGEST_INFO


@pytest.mark.parametrize("kind", ["sw=6F00", "short", "long", "empty", "corrupt", "other", "mute=1"])
@pytest.mark.parametrize("moment", ["sign:2", "after-sign:1", "apdu:4", "after-apdu:3"])
def test_each_fires_once(insert: Insert, slept: list[float], kind: str, moment: str) -> None:
    card = opened(insert(f"{kind}@{moment}"))
    good = signature() + DONE
    answers = [(card.transmit(SIGN), list(slept)) for _ in range(4)]
    assert [answer == (good, []) for answer in answers[:2]] == [True, False]
    assert [answer for answer, _ in answers[2:]] == [good, good]
    assert len(slept) == (1 if kind == "mute=1" else 0)


def test_a_fault_on_an_answer_without_data(insert: Insert) -> None:
    card = insert("short@apdu:1", "empty@apdu:2", "corrupt@apdu:3", "other@apdu:4", "long@apdu:5")
    assert [card.transmit(SELECT) for _ in range(5)] == [DONE, DONE, DONE, DONE, b"\x00" + DONE]


def test_what_is_answered_wrongly_was_executed(insert: Insert) -> None:
    card = insert("sw=6F00@verify:1")
    card.transmit(SELECT)
    assert card.transmit(VERIFY) == bytes.fromhex("6F00")
    assert card.transmit(SIGN) == signature() + DONE


def test_mute(insert: Insert, slept: list[float]) -> None:
    card = opened(insert("mute=12@sign:1"))
    assert slept == []
    assert card.transmit(SIGN) == signature() + DONE
    assert slept == [12]


# What happens to the card


@pytest.mark.parametrize(
    ("kind", "counter_after", "signature_after"),
    [
        ("reset", NOT_SELECTED, "still verified"),
        ("unpower", NOT_SELECTED, "forgotten"),
        ("select", NOT_SELECTED, "forgotten"),
    ],
)
@pytest.mark.parametrize("moment", ["apdu:3", "after-apdu:2", "after-verify:1"])
def test_behind_the_programs_back(
    insert: Insert, kind: str, moment: str, counter_after: bytes, signature_after: str
) -> None:
    card = opened(insert(f"{kind}@{moment}"))
    assert card.transmit(COUNTER) == counter_after
    assert card.transmit(SELECT) == DONE
    expected = signature() + DONE if signature_after == "still verified" else NOT_VERIFIED
    assert card.transmit(SIGN) == expected


def test_a_reset_before_the_signature(insert: Insert) -> None:
    card = opened(insert("reset@sign:1"))
    assert card.transmit(SIGN) == NOT_SELECTED
    assert (card.transmit(SELECT), card.transmit(SIGN)) == (DONE, signature() + DONE)


def test_removed_before_the_answer(insert: Insert) -> None:
    card = opened(insert("remove=3@sign:1"))
    with pytest.raises(CardWithdrawn) as caught:
        card.transmit(SIGN)
    assert (caught.value.answer, caught.value.seconds) == (None, 3)
    card.power_off()
    card.power_on()
    assert opened(card).transmit(SIGN) == signature() + DONE


def test_removed_after_the_answer(insert: Insert) -> None:
    card = insert("remove@after-verify:1")
    card.transmit(SELECT)
    with pytest.raises(CardWithdrawn) as caught:
        card.transmit(VERIFY)
    assert (caught.value.answer, caught.value.seconds) == (DONE, 1)


def test_removed_before_the_card_saw_the_pin(insert: Insert) -> None:
    card = insert("remove@verify:1")
    card.transmit(SELECT)
    with pytest.raises(CardWithdrawn):
        card.transmit(VERIFY[:-1] + b"4")  # a wrong one, which would have cost a try
    card.power_off()
    card.power_on()
    assert (card.transmit(SELECT), card.transmit(COUNTER)) == (DONE, FIVE_LEFT)


# What is counted


def test_asking_the_counter_is_no_verify(insert: Insert) -> None:
    card = insert("sw=6F00@verify:1")
    card.transmit(SELECT)
    assert (card.transmit(COUNTER), card.transmit(VERIFY)) == (FIVE_LEFT, bytes.fromhex("6F00"))


def test_a_command_that_is_none_is_an_apdu(insert: Insert) -> None:
    card = insert("sw=6F00@apdu:2")
    assert card.transmit(b"\x00") == bytes.fromhex("6700")
    assert card.transmit(SELECT) == bytes.fromhex("6F00")


def test_counting_goes_on_when_the_card_is_back(insert: Insert) -> None:
    card = opened(insert("short@sign:2"))
    assert card.transmit(SIGN) == signature() + DONE
    card.power_off()
    card.power_on()
    assert opened(card).transmit(SIGN) == signature()[:-1] + DONE


def test_several_at_once(insert: Insert, slept: list[float]) -> None:
    card = opened(insert("mute=2@sign:1", "short@sign:1", "reset@after-sign:1"))
    assert card.transmit(SIGN) == signature()[:-1] + DONE
    assert slept == [2]
    assert card.transmit(SIGN) == NOT_SELECTED


def test_power_and_reset_reach_the_card(insert: Insert, applet: Applet) -> None:
    card = insert()
    assert card.power_on() == applet.power_on() == card.reset()
    card.power_off()
    with pytest.raises(RuntimeError):
        applet.transmit(SELECT)
