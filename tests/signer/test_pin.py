"""The card's PIN rules, and the holder that is wiped."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jitsuin.signer.errors import PinRuleError
from jitsuin.signer.pin import Secret, normalise_signature_password, passphrase, signature_password


@pytest.mark.parametrize(
    ("typed", "sent"),
    [("JITSUIN123", "JITSUIN123"), ("jitsuin123", "JITSUIN123"), ("123456", "123456"), ("a" * 16, "A" * 16)],
)
def test_accepts_and_upper_cases(typed: str, sent: str) -> None:
    assert normalise_signature_password(typed) == sent
    with signature_password(typed) as secret:
        assert secret.buffer == sent.encode()


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "empty"),
        ("ABC12", "length"),
        ("A" * 17, "length"),
        ("JITSUIN 123", "characters"),
        ("JITSUIN123\n", "characters"),
        ("ＪＩＴＳＵＩＮ１２３", "characters"),  # full width: NFKC would make it right, and is not applied
        ("straße1", "characters"),  # upper() would make it STRASSE1
        ("ıstanbul", "characters"),  # upper() would make it ISTANBUL
        ("パスワード12", "characters"),
        ("１２３４５６", "characters"),
    ],
)
def test_refuses_what_cannot_be_right(typed: str, reason: str) -> None:
    with pytest.raises(PinRuleError) as caught:
        signature_password(typed)
    assert caught.value.facts == {"reason": reason}


@given(st.text())
def test_what_passes_is_what_the_card_allows(typed: str) -> None:
    try:
        sent = normalise_signature_password(typed)
    except PinRuleError as error:
        assert not typed or typed not in str(error)
    else:
        assert 6 <= len(sent) <= 16
        assert set(sent) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


def test_a_passphrase_passes_unchanged() -> None:
    with passphrase("ひみつ の ｺﾄﾊﾞ ") as secret:
        assert secret.buffer.decode() == "ひみつ の ｺﾄﾊﾞ "
    with passphrase("") as secret:
        assert secret.buffer == b""


def test_is_wiped_at_the_end_of_the_block_even_after_an_error() -> None:
    secret = Secret("JITSUIN123")
    buffer = secret.buffer
    with pytest.raises(RuntimeError), secret:
        assert buffer == b"JITSUIN123"
        raise RuntimeError
    assert buffer == b""
    secret.wipe()


def test_wiping_overwrites_before_it_frees() -> None:
    secret = Secret("JITSUIN123")
    with memoryview(secret.buffer) as view, pytest.raises(BufferError):
        # A view keeps the memory from being given back, so what is left in it can be seen.
        secret.wipe()
    assert secret.buffer == bytes(10)


def test_does_not_show_or_copy_itself() -> None:
    secret = Secret("JITSUIN123")
    assert repr(secret) == str(secret) == f"{secret}" == "<Secret>"
    for take in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError):
            take(secret)
