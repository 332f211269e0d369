"""Traces hold nothing that is a secret or belongs to one person, and follow the card closely enough to know."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from jitsuin.signer.base import SignatureScheme, SignerOptions
from jitsuin.signer.errors import CardRemovedError, PinIncorrectError
from jitsuin.signer.jpki import JpkiSigner
from jitsuin.signer.simulator import (
    PERSONAS,
    SIGNATURE_PASSWORD,
    Interface,
    Quirks,
    SimulatedCard,
    SimulatedReader,
)
from jitsuin.signer.trace import KNOWN_ATRS, Scrubbed, TracedTransport, TraceWriter, scrubbed_atr, scrubbed_command

SELECT_JPKI = "00A4040C0AD392F000260100000001"
CERTIFICATE = bytes.fromhex("308206D1") + bytes(range(1, 253))
Card = Callable[..., SimulatedCard]


def sign(card: SimulatedCard, write: Callable[[str], object], at: Any, password: str = SIGNATURE_PASSWORD) -> bytes:
    transport = TracedTransport(SimulatedReader(card), write)
    with JpkiSigner(transport, SignerOptions(lambda _: password, at)) as signer:
        signer.describe()
        signer.sign(b"the document that is signed", SignatureScheme.RSA_SHA256)
        return signer.certificate.public_bytes(Encoding.DER)


def exchanges(lines: list[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines[1:]]


def test_a_whole_session_shows_no_secret_and_nobody(card: Card, at: Any) -> None:
    lines: list[str] = []
    der = sign(card(), lines.append, at)
    text = "".join(lines).upper()
    persona = PERSONAS["valid"]
    for secret in (SIGNATURE_PASSWORD.encode(), persona.person.encode(), persona.address.encode()):
        assert secret.hex().upper() not in text
        assert secret not in text.encode()
    # No eight bytes of the certificate in a row, wherever they begin: serial, names, keys, all of it.
    windows = {der[start : start + 8].hex().upper() for start in range(len(der) - 7)}
    assert not any(window in text for window in windows)
    assert der[:4].hex().upper() in text


def test_what_is_kept_is_enough_to_follow_the_session(card: Card, at: Any) -> None:
    lines: list[str] = []
    sign(card(), lines.append, at)
    assert json.loads(lines[0]) == {"format": "jitsuin-apdu-trace", "version": 1, "atr": "3BE000FF8131FE4514"}
    seen = exchanges(lines)
    assert seen[0] == {"command": SELECT_JPKI, "response": "", "sw": "9000", "ms": seen[0]["ms"]}
    assert any(one["sw"] == "63C5" for one in seen)
    secrets = [one["command"] for one in seen if "[secret]" in one["command"]]
    assert secrets in (["00200080[secret]"], ["0020009B[secret]"])
    [signature] = [one for one in seen if one["command"].startswith("802A")]
    assert (signature["command"][8:], signature["response"]) == ("33[51]00", "[256]")
    assert bytes.fromhex(
        next(one["response"] for one in seen if one["response"].startswith("4A504B49"))[:64]
    ).startswith(b"JPKIAPICCTOKEN2 ")
    assert all(type(one["ms"]) is int and one["ms"] >= 0 for one in seen)


def test_a_wrong_password_is_not_kept_either(card: Card, at: Any) -> None:
    lines: list[str] = []
    with pytest.raises(PinIncorrectError):
        sign(card(), lines.append, at, "WRONGONE")
    assert b"WRONGONE".hex().upper() not in "".join(lines)
    assert any(one["sw"] == "63C4" and "[secret]" in one["command"] for one in exchanges(lines))


def test_lengths_of_secrets_do_not_show(card: Card, at: Any) -> None:
    def commands(password: str) -> list[str]:
        lines: list[str] = []
        with pytest.raises(PinIncorrectError):
            sign(card(), lines.append, at, password)
        return [one["command"] for one in exchanges(lines)]

    assert commands("WRONG0") == commands("WRONG01234567890")


@pytest.mark.parametrize(
    ("commands", "kept"),
    [
        (("00A4020C020001", "00B0000000"), "308206D1[252]"),
        (("00A4020C020002", "00B0000000"), "308206D1[252]"),
        (("00A4020C02000A", "00B0000200"), "06D1[254]"),
        (("00A4020C02000B", "00B0000400"), "[256]"),
        (("00B0810000",), "308206D1[252]"),
        (("00B0820000",), "308206D1[252]"),
        (("00B08A0000",), "308206D1[252]"),
        (("00B08B0000",), "308206D1[252]"),
        (("00B08A0400",), "[256]"),
        (("00B08A0000", "00B0010000"), "[256]"),
        # Files nobody knows, and a current file that only the card knows.
        (("00A4020C020009", "00B0000000"), "[256]"),
        (("00B0890000",), "[256]"),
        (("00B0000000",), "[256]"),
        (("00B08A0000", "0020009B", "00B0000000"), "[256]"),
        (("00B08A0000", "00A4000002000A", "00B0000000"), "[256]"),
        (("00A4040C07A0000001510000", "00B08A0000"), "[256]"),
        (("80B08A0000",), "[256]"),
        (("00CA5F5100",), "[256]"),
        (("00A4040000",), "[256]"),
    ],
)
def test_of_a_certificate_only_the_header_stays(commands: tuple[str, ...], kept: str) -> None:
    lines: list[str] = []
    writer = TraceWriter(lines.append, None)
    writer.record(bytes.fromhex(SELECT_JPKI), b"\x90\x00", 0)
    for command in commands[:-1]:
        writer.record(bytes.fromhex(command), b"\x90\x00", 0)
    offset = {"00B0000200": 2, "00B0000400": 4, "00B08A0400": 4}.get(commands[-1], 0)
    content = CERTIFICATE[offset:].ljust(256, b"\x01")
    writer.record(bytes.fromhex(commands[-1]), content + b"\x90\x00", 0)
    assert exchanges(lines)[-1]["response"] == kept


def test_what_does_not_begin_as_a_certificate_is_none() -> None:
    lines: list[str] = []
    writer = TraceWriter(lines.append, None)
    writer.record(bytes.fromhex(SELECT_JPKI), b"\x90\x00", 0)
    writer.record(bytes.fromhex("00B08A0000"), b"123456789012\x90\x00", 0)
    assert exchanges(lines)[-1]["response"] == "[12]"


def test_after_a_refusal_or_failure_nobody_knows_what_is_selected() -> None:
    lines: list[str] = []
    writer = TraceWriter(lines.append, None)
    select, read, answer = bytes.fromhex(SELECT_JPKI), bytes.fromhex("00B0000003"), b"\x8f\x8f\x00\x90\x00"

    def read_after(happening: Callable[[], object]) -> str:
        writer.record(select, b"\x90\x00", 0)
        writer.record(bytes.fromhex("00B0880003"), answer, 0)
        happening()
        writer.record(read, answer, 0)
        return str(exchanges(lines)[-1]["response"])

    assert read_after(lambda: None) == "8F8F00"
    assert read_after(lambda: writer.record(bytes.fromhex("00B0880003"), b"\x6a\x82", 0)) == "[3]"
    assert read_after(lambda: writer.record(bytes.fromhex("00A4020C020008"), b"\x6a\x82", 0)) == "[3]"
    assert read_after(lambda: writer.record(read, b"", 0)) == "[3]"
    assert read_after(lambda: writer.record_failure(read, CardRemovedError(token="Reader"), 0)) == "[3]"


def test_select_is_kept_as_far_as_it_can_be_a_name() -> None:
    for length, kept in ((16, "00A4040C10" + "41" * 16), (17, "00A4040C[secret]")):
        assert str(scrubbed_command(bytes((0, 0xA4, 4, 12, length)) + b"A" * length)) == kept
    assert str(scrubbed_command(bytes.fromhex("00A4040C05414141"))) == "00A4040C[secret]"


@pytest.mark.parametrize("select", [("00A4020C020006", "00B0000000"), ("00B0860000",)])
def test_of_token_information_only_the_name_stays(select: tuple[str, ...]) -> None:
    def kept(content: bytes) -> str:
        lines: list[str] = []
        writer = TraceWriter(lines.append, None)
        writer.record(bytes.fromhex(SELECT_JPKI), b"\x90\x00", 0)
        for command in select[:-1]:
            writer.record(bytes.fromhex(command), b"\x90\x00", 0)
        writer.record(bytes.fromhex(select[-1]), content + b"\x90\x00", 0)
        return str(exchanges(lines)[-1]["response"])

    name = b"JPKIAPICCTOKEN2".ljust(32)
    assert kept(name + b"SERIAL 123456789") == name.hex().upper() + "[16]"
    # Another program may have selected another file: what does not look like a token's name is not one.
    assert kept(CERTIFICATE) == "[256]"
    assert kept(b"123456789012".ljust(32)) == "[32]"


def test_availability_stays() -> None:
    lines: list[str] = []
    writer = TraceWriter(lines.append, None)
    writer.record(bytes.fromhex(SELECT_JPKI), b"\x90\x00", 0)
    writer.record(bytes.fromhex("00B0880000"), b"\x8f\x8f\x00SERIAL\x90\x00", 0)
    assert exchanges(lines)[-1]["response"] == "8F8F00[6]"


def test_get_response_goes_on_where_reading_stopped() -> None:
    lines: list[str] = []
    writer = TraceWriter(lines.append, None)
    writer.record(bytes.fromhex(SELECT_JPKI), b"\x90\x00", 0)
    writer.record(bytes.fromhex("00B0880000"), b"\x61\x03", 0)
    writer.record(bytes.fromhex("00C0000003"), b"\x8f\x8f\x00\x90\x00", 0)
    writer.record(bytes.fromhex("00C0000003"), b"\x8f\x8f\x00\x90\x00", 0)
    assert [one["response"] for one in exchanges(lines)][-2:] == ["8F8F00", "[3]"]


@given(st.binary(max_size=300), st.booleans())
def test_nothing_but_listed_commands_is_looked_into(tail: bytes, jpki: bool) -> None:
    """A secret may come with any instruction: unless it is one of two that we know, only the header stays."""
    for ins in set(range(256)) - {0xA4, 0x2A}:
        raw = bytes((0x80 if jpki else 0, ins, 0, 0x80)) + b"\x10\x10" + tail
        assert str(scrubbed_command(raw)) == f"{raw[:4].hex().upper()}[secret]"


@given(st.binary(max_size=3))
def test_no_header_at_all(raw: bytes) -> None:
    assert str(scrubbed_command(raw)) == "[secret]"


@given(st.binary(min_size=1, max_size=255), st.booleans())
def test_scrubbed_commands_match_what_they_were(data: bytes, le: bool) -> None:
    raw = bytes((0x80, 0x2A, 0, 0x9A, len(data))) + data + b"\x00" * le
    scrubbed = scrubbed_command(raw)
    assert Scrubbed.parse(str(scrubbed)) == scrubbed
    assert scrubbed.matches(raw)
    assert scrubbed.matches(raw[:5] + bytes(len(data)) + raw[5 + len(data) :])
    assert not scrubbed.matches(raw + b"\x00")
    assert len(scrubbed.filled()) == len(raw)


@pytest.mark.parametrize("text", ["0", "0g", "a0", "[", "[]", "[-1]", "[99999]", "[1][2]", "[0x10]", "00 [1]"])
def test_other_notations_are_refused(text: str) -> None:
    assert str(Scrubbed.parse("A0[1]")) == "A0[1]"
    with pytest.raises(ValueError, match=r"notation|longer"):
        Scrubbed.parse(text)


def test_a_card_number_in_the_atr_does_not_stay(card: Card) -> None:
    atrs = {SimulatedReader(card(), Quirks(Interface.CONTACTLESS_PUPI)).atr}
    scrubbed = {scrubbed_atr(atr) for atr in atrs}
    assert atrs & scrubbed == set()
    assert scrubbed == {bytes.fromhex("3B888001000000000000000009")}


@pytest.mark.parametrize("atr", sorted(KNOWN_ATRS))
def test_atrs_of_many_cards_stay(atr: bytes) -> None:
    assert scrubbed_atr(atr) == atr
    other = bytes([*atr[:-2], atr[-2] ^ 1, atr[-1] ^ 1])
    assert scrubbed_atr(other) != other or not atr[1] & 0x0F


@given(st.binary(max_size=40))
def test_any_atr_can_be_scrubbed(atr: bytes) -> None:
    assert len(scrubbed_atr(atr)) in (0, len(atr))


def test_a_failure_is_written_and_raised(card: Card) -> None:
    class Pulled:
        name, atr = "Pulled", None

        def transmit(self, command: bytes | bytearray) -> bytes:
            raise CardRemovedError(token=self.name)

        def close(self) -> None: ...

    lines: list[str] = []
    transport = TracedTransport(Pulled(), lines.append)
    with pytest.raises(CardRemovedError):
        transport.transmit(bytearray.fromhex("0020008006") + b"SECRET")
    [only] = exchanges(lines)
    assert (only["command"], only["failed"]) == ("00200080[secret]", "CardRemovedError")
    assert "sw" not in only


def test_an_answer_without_status_word_is_a_failure() -> None:
    lines: list[str] = []
    TraceWriter(lines.append, None).record(bytes.fromhex("00B0860000"), b"\x90", 3)
    assert exchanges(lines) == [{"command": "00B0860000", "failed": "no-status-word", "ms": 3}]


def test_a_text_file_will_do(card: Card, at: Any, tmp_path: Path) -> None:
    lines: list[str] = []
    with (tmp_path / "trace.jsonl").open("w", encoding="utf-8") as file:
        sign(card(), file.write, at)
    sign(card(), lines.append, at)
    written = (tmp_path / "trace.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)

    def without_times(trace: list[str]) -> list[dict[str, Any]]:
        return [{**json.loads(line), "ms": 0} for line in trace]

    assert without_times(written) == without_times(lines)
