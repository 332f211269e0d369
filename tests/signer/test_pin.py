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


@given(st.text() | st.text("aZ09 ", max_size=20))
def test_what_passes_is_what_the_card_allows(typed: str) -> None:
    allowed = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
    if 6 <= len(typed) <= 16 and set(typed) <= allowed:
        assert normalise_signature_password(typed) == typed.upper()
    else:
        with pytest.raises(PinRuleError):
            normalise_signature_password(typed)


def test_a_passphrase_passes_unchanged() -> None:
    with passphrase("ひみつ の ｺﾄﾊﾞ ") as secret:
        assert secret.buffer.decode() == "ひみつ の ｺﾄﾊﾞ "
    with passphrase("") as secret:
        assert secret.buffer == b""


def test_a_passphrase_that_is_no_text_is_refused_and_not_quoted() -> None:
    """What `os.environ` makes of bytes that are not UTF-8."""
    with pytest.raises(PinRuleError) as refused:
        passphrase("hidden\udcff")
    assert refused.value.facts == {"reason": "encoding"}
    assert refused.value.__context__ is None


def test_is_wiped_at_the_end_of_the_block_even_after_an_error() -> None:
    secret = Secret("JITSUIN123")
    buffer = secret.buffer
    assert buffer == b"JITSUIN123"
    with pytest.raises(ZeroDivisionError), secret:
        _ = 1 / 0
    assert buffer == b""
    secret.wipe()


def test_wiping_overwrites_before_it_frees() -> None:
    secret = Secret("JITSUIN123")
    # A view keeps the memory from being given back, so what is left in it can be seen.
    with memoryview(secret.buffer), pytest.raises(BufferError):
        secret.wipe()
    assert secret.buffer == bytes(10)


def test_does_not_show_or_copy_itself() -> None:
    secret = Secret("JITSUIN123")
    assert repr(secret) == str(secret) == f"{secret}" == "<Secret>"
    for take in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError):
            take(secret)
