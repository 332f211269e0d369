"""Commands and responses as bytes, and what `exchange` does with the two procedure answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jitsuin.signer.apdu import CommandApdu, Response, exchange
from jitsuin.signer.errors import CardDataError

byte = st.integers(0, 255)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (CommandApdu(0x00, 0x20, 0x00, 0x80), "00200080"),
        (CommandApdu(0x00, 0xB0, 0x01, 0x00, le=256), "00B0010000"),
        (CommandApdu(0x00, 0xB0, 0x00, 0x00, le=4), "00B0000004"),
        (CommandApdu(0x00, 0xA4, 0x02, 0x0C, b"\x00\x1b"), "00A4020C02001B"),
        (CommandApdu(0x80, 0x2A, 0x00, 0x80, b"\x01\x02", le=256), "802A008002010200"),
    ],
    ids=["case 1", "case 2, 256", "case 2", "case 3", "case 4"],
)
def test_encodes_the_four_cases(command: CommandApdu, expected: str) -> None:
    assert command.encode() == bytes.fromhex(expected)
    assert CommandApdu.decode(bytes.fromhex(expected)) == command


@given(byte, byte, byte, byte, st.binary(max_size=255), st.none() | st.integers(1, 256))
def test_decode_is_the_inverse_of_encode(cla: int, ins: int, p1: int, p2: int, data: bytes, le: int | None) -> None:
    command = CommandApdu(cla, ins, p1, p2, data, le)
    assert CommandApdu.decode(command.encode()) == command


@pytest.mark.parametrize("raw", ["", "00A404", "00A4040C02AA", "00A4040C01AABBCC", "00A4040C000001AA", "00B000000000"])
def test_refuses_what_is_no_short_apdu(raw: str) -> None:
    with pytest.raises(ValueError, match=r"shorter|Lc"):
        CommandApdu.decode(bytes.fromhex(raw))


@pytest.mark.parametrize(("data", "le"), [(bytes(256), None), (b"", 0), (b"", 257)])
def test_cannot_be_made_longer_than_short(data: bytes, le: int | None) -> None:
    with pytest.raises(ValueError, match="short"):
        CommandApdu(0, 0, 0, 0, data, le)
    assert len(CommandApdu(0, 0, 0, 0, bytes(255), 256).encode()) == 4 + 1 + 255 + 1


@pytest.mark.parametrize("ins", [0x20, 0x24])
def test_repr_masks_secrets_and_nothing_else(ins: int) -> None:
    shown = repr(CommandApdu(0x00, ins, 0x00, 0x80, bytearray(b"JITSUIN123")))
    assert "JITSUIN" not in shown
    assert b"JITSUIN123".hex(" ").upper() not in shown
    assert "0A" not in shown  # not even the length
    assert "D3 92" in repr(CommandApdu(0x00, 0xA4, 0x04, 0x0C, bytes.fromhex("D392")))


def test_response_needs_a_status_word() -> None:
    assert Response.decode(b"\x01\x90\x00") == Response(b"\x01", 0x9000)
    with pytest.raises(CardDataError) as caught:
        Response.decode(b"\x90")
    assert caught.value.reason == "no-status-word"


def test_exchange_repeats_with_the_le_asked_for(recital) -> None:
    transport = recital(["6C04", "30820102 9000"])
    assert exchange(transport, CommandApdu(0, 0xB0, 0, 0, le=256)) == Response(bytes.fromhex("30820102"), 0x9000)
    assert transport.sent == ["00 B0 00 00 00", "00 B0 00 00 04"]


def test_exchange_collects_the_rest(recital) -> None:
    transport = recital(["AA 6102", "BBCC 6101", "DD 9000"])
    assert exchange(transport, CommandApdu(0, 0xB0, 0, 0, le=256)).data == bytes.fromhex("AABBCCDD")
    assert transport.sent[1:] == ["00 C0 00 00 02", "00 C0 00 00 01"]


def test_exchange_does_not_wait_for_ever(recital) -> None:
    transport = recital(["6101", "6101", "6101"])
    assert exchange(transport, CommandApdu(0, 0xB0, 0, 0, le=256)).sw == 0x6101
    assert len(transport.sent) == 2


def test_exchange_never_repeats_a_verify(recital) -> None:
    transport = recital(["6C00", "9000"])
    assert exchange(transport, CommandApdu(0, 0x20, 0, 0x80, b"JITSUIN123")).sw == 0x6C00
    assert len(transport.sent) == 1
