"""The rules that keep a citizen's card safe: when the PIN is asked, when it is sent, and how the card is left."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jitsuin.signer.base import DescribesToken, SecretKind, SignatureScheme, Signer
from jitsuin.signer.errors import (
    CardDataError,
    CardStateLostError,
    LastTryRefusedError,
    NoSignatureCertificateError,
    PhoneTokenError,
    PinBlockedError,
    PinCancelledError,
    PinIncorrectError,
    PinRuleError,
    SignatureValueError,
    SignerError,
    StatusWordError,
    TransportError,
    TriesUnknownError,
    UnsupportedKeyError,
)
from jitsuin.signer.simulator import SIGNATURE_PASSWORD, Interface, Quirks, SimulatedCard, ca_certificate

RSA = SignatureScheme.RSA_SHA256


def tries(card: SimulatedCard) -> int:
    with card.inserted() as applet:
        applet.power_on()
        applet.transmit(bytes.fromhex("00A4040C0AD392F000260100000001"))
        answer = applet.transmit(bytes.fromhex("0020009B"))
    return 0 if answer == b"\x69\x84" else answer[1] & 0x0F


def test_signs_and_the_signature_verifies(session: Callable, openssl) -> None:
    signer, _, _ = session()
    assert isinstance(signer, DescribesToken)
    typed: Signer = signer
    with typed:
        value = signer.sign(b"to be signed", RSA)
        signer.certificate.public_key().verify(value, b"to be signed", padding.PKCS1v15(), hashes.SHA256())
        assert openssl.verify_value(signer.certificate, b"to be signed", value).ok
        assert openssl.verify_value(signer.certificate, b"something else", value).invalid
        assert signer.issuers == (ca_certificate("sign-ca-03"),)


def test_p384_end_to_end(session: Callable, openssl) -> None:
    signer, _, _ = session("p384")
    with signer:
        assert SignatureScheme.for_key(signer.certificate.public_key()) is SignatureScheme.ECDSA_SHA384
        value = signer.sign(b"to be signed", SignatureScheme.ECDSA_SHA384)
        signer.certificate.public_key().verify(value, b"to be signed", ec.ECDSA(hashes.SHA384()))
        assert openssl.verify_value(signer.certificate, b"to be signed", value, "sha384").ok
        assert openssl.verify_value(signer.certificate, b"something else", value, "sha384").invalid


@pytest.mark.parametrize(
    ("persona", "scheme"),
    [("valid", SignatureScheme.ECDSA_SHA256), ("p384", RSA), ("p384", SignatureScheme.ECDSA_SHA256)],
)
def test_only_the_keys_own_scheme(session: Callable, persona: str, scheme: SignatureScheme) -> None:
    signer, transport, _ = session(persona)
    with signer:
        _ = signer.certificate
        before = len(transport.sent)
        with pytest.raises(UnsupportedKeyError):
            signer.sign(b"", scheme)
        assert len(transport.sent) == before


@pytest.mark.parametrize(
    "quirks",
    [
        Quirks(first_command_fails=True),
        Quirks(interface=Interface.CONTACTLESS),
        Quirks(interface=Interface.CONTACTLESS_PUPI),
        Quirks(silent_counter=True),
    ],
    ids=lambda quirks: str(quirks),
)
def test_signs_on_peculiar_cards(session: Callable, quirks: Quirks) -> None:
    signer, _, _ = session(quirks=quirks)
    with signer:
        assert len(signer.sign(b"", RSA)) == 256


# The PIN: late, once


def test_asks_late_and_once(session: Callable) -> None:
    signer, transport, asked = session()
    with signer:
        signer.describe()
        assert not asked.requests
        _ = signer.certificate, signer.issuers
        signer.sign(b"", RSA)
        signer.sign(b"", RSA)
        signer.describe()
    (request,) = asked.requests
    assert request.kind is SecretKind.SIGNATURE_PASSWORD
    assert request.tries_left == 5
    assert request.token == "Jitsuin Simulator (valid)"
    assert len(transport.verifies) == 1


def test_lower_case_is_upper_cased(session: Callable) -> None:
    signer, transport, _ = session(pin="jitsuin123")
    with signer:
        signer.sign(b"", RSA)
    assert transport.verifies == [bytes.fromhex("0020009B0A") + b"JITSUIN123"]


def test_a_wrong_pin_costs_exactly_one_try_and_is_never_tried_again(session: Callable, card: Callable) -> None:
    of = card()
    signer, transport, asked = session(of, pin="WRONG123")
    with signer:
        for use in (lambda: signer.certificate, lambda: signer.issuers, lambda: signer.sign(b"", RSA)):
            with pytest.raises(PinIncorrectError) as caught:
                use()
            assert caught.value.tries_left == 4
        assert signer.describe().signature_tries_left == 4
    assert len(transport.verifies) == len(asked.requests) == 1
    assert tries(of) == 4


@pytest.mark.parametrize("typed", ["", "SHORT", "TOOLONGTOOLONG123", "pass word 12", "ＪＩＴＳＵＩＮ１２３"])
def test_a_pin_that_cannot_be_right_is_not_sent(session: Callable, card: Callable, typed: str) -> None:
    of = card()
    signer, transport, asked = session(of, pin=typed)
    with signer:
        for _ in range(2):
            with pytest.raises(PinRuleError):
                _ = signer.certificate
    assert not transport.verifies
    assert len(asked.requests) == 1
    assert tries(of) == 5


@pytest.mark.parametrize("interruption", [PinCancelledError(), KeyboardInterrupt(), RuntimeError("the window closed")])
def test_giving_up_at_the_prompt(session: Callable, card: Callable, interruption: BaseException) -> None:
    of = card()
    signer, transport, asked = session(of, pin=interruption)
    with signer:
        with pytest.raises(type(interruption)):
            _ = signer.certificate
        with pytest.raises((PinCancelledError, RuntimeError)):
            signer.sign(b"", RSA)
    assert len(asked.requests) == 1
    assert not transport.verifies
    assert tries(of) == 5


def test_the_last_try_needs_permission(session: Callable, card: Callable, spend: Callable) -> None:
    of = card()
    spend(of, 4)
    signer, transport, asked = session(of)
    with signer:
        for _ in range(2):
            with pytest.raises(LastTryRefusedError) as caught:
                _ = signer.certificate
            assert caught.value.tries_left == 1
    assert not asked.requests
    assert not transport.verifies
    assert tries(of) == 1

    signer, transport, asked = session(of, allow_last_try=True)
    with signer:
        signer.sign(b"", RSA)
    assert asked.requests[0].tries_left == 1
    assert tries(of) == 5


def test_two_left_are_enough(session: Callable, card: Callable, spend: Callable) -> None:
    of = card()
    spend(of, 3)
    signer, _, asked = session(of)
    with signer:
        signer.sign(b"", RSA)
    assert asked.requests[0].tries_left == 2


def test_using_up_the_last_try_says_blocked(session: Callable, card: Callable, spend: Callable) -> None:
    of = card()
    spend(of, 4)
    signer, transport, _ = session(of, pin="WRONG123", allow_last_try=True)
    with signer, pytest.raises(PinBlockedError) as caught:
        _ = signer.certificate
    assert caught.value.sw == 0x63C0
    assert len(transport.verifies) == 1

    signer, transport, asked = session(of, allow_last_try=True)
    with signer, pytest.raises(PinBlockedError):
        _ = signer.certificate
    assert not asked.requests
    assert not transport.verifies


@pytest.mark.parametrize("answer", ["9000", "6300", "6700", "6F00"])
def test_an_unknown_counter_stops(session: Callable, answer: str) -> None:
    signer, transport, asked = session(allow_last_try=True)
    transport.lie = lambda command, honest: (
        bytes.fromhex(answer) if len(command) == 4 and command[1] == 0x20 else honest
    )
    with signer, pytest.raises(TriesUnknownError) as caught:
        _ = signer.certificate
    assert caught.value.sw == int(answer, 16)
    assert not asked.requests
    assert not transport.verifies


def test_a_counter_gone_silent_stops_a_second_program(session: Callable, card: Callable) -> None:
    """Another program left the card open on a card that then answers 9000: we cannot know the counter, so we stop."""
    of = card()
    signer, transport, asked = session(of, quirks=Quirks(silent_counter=True))
    with signer:
        transport.inner.transmit(bytes.fromhex("0020009B0A") + b"JITSUIN123")
        with pytest.raises(TriesUnknownError):
            _ = signer.certificate
    assert not asked.requests


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    runs=st.lists(
        st.tuples(st.sampled_from(["JITSUIN123", "WRONG123", "", "no way"]), st.booleans(), st.integers(0, 3)),
        max_size=8,
    )
)
def test_whatever_happens_a_run_costs_at_most_one_try(session: Callable, card: Callable, runs: list) -> None:
    of = card("second")
    for pin, allow_last_try, uses in runs:
        before = tries(of)
        signer, transport, asked = session(of, pin=pin, allow_last_try=allow_last_try)
        with signer:
            for _ in range(uses):
                try:
                    signer.sign(b"", RSA)
                except SignerError:
                    signer.describe()
        after, sent = tries(of), len(transport.verifies)
        assert sent <= 1
        assert len(asked.requests) <= 1
        assert after == 5 if sent and pin == "JITSUIN123" else after == before - sent
        if before == 0 or (before == 1 and not allow_last_try):
            assert not sent
            assert not asked.requests


# No secret anywhere


def test_the_pin_is_in_no_error_log_or_repr(session: Callable, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    signer, transport, _ = session(pin="WRONGPIN1")
    with signer, pytest.raises(PinIncorrectError) as caught:
        _ = signer.certificate
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value.facts) + repr(signer) + caplog.text
    assert "WRONGPIN1" not in shown
    assert b"WRONGPIN1".hex() not in shown.lower().replace(" ", "")
    assert transport.verifies  # or there was nothing to hide


@pytest.mark.parametrize("pin", ["JITSUIN123", "WRONG123"])
def test_every_buffer_that_carried_a_command_is_wiped(session: Callable, pin: str) -> None:
    signer, transport, _ = session(pin=pin)
    with signer:
        try:
            _ = signer.certificate
        except PinIncorrectError:
            assert pin == "WRONG123"
    assert transport.verifies
    assert all(not any(buffer) for buffer in transport.buffers)


# The card: checked, and always left


def assert_left(transport) -> None:
    assert transport.sent[-1] == bytes.fromhex("00A4040C07A0000001510000")
    assert transport.closed == 1


@pytest.mark.parametrize("failure", [None, ValueError, KeyboardInterrupt])
def test_leaves_the_card_after_anything(session: Callable, failure: type[BaseException] | None) -> None:
    signer, transport, _ = session()
    if failure is None:
        with signer:
            _ = signer.certificate
    else:
        with pytest.raises(failure), signer:  # noqa: PT012 - the error comes out of the block, as it does in a program
            _ = signer.certificate
            raise failure
    assert_left(transport)
    sent = len(transport.sent)
    with pytest.raises(TransportError) as caught:
        signer.sign(b"", RSA)
    assert caught.value.reason == "closed"
    assert len(transport.sent) == sent


def test_leaving_closes_what_verify_opened(session: Callable, card: Callable) -> None:
    of = card()
    signer, transport, _ = session(of)
    with signer:
        _ = signer.certificate
        # Control: the card is open as long as we hold it.
        assert transport.inner.transmit(bytes.fromhex("00B0810004"))[-2:] == b"\x90\x00"
    with of.inserted() as applet:
        applet.power_on()
        applet.transmit(bytes.fromhex("00A4040C0AD392F000260100000001"))
        assert applet.transmit(bytes.fromhex("00B0810004")) == b"\x69\x82"


@pytest.mark.parametrize("command", ["00A4040C07A0000001510000", "00A4040C0AD3921000310001010408"])
def test_another_program_takes_the_card(session: Callable, command: str) -> None:
    signer, transport, asked = session()
    with signer:
        signer.sign(b"", RSA)
        transport.inner.transmit(bytes.fromhex(command))
        transport.inner.transmit(bytes.fromhex("00A4040C0AD392F000260100000001"))
        transport.inner.transmit(bytes.fromhex("00A4020C02001A"))
        with pytest.raises(CardStateLostError) as caught:
            signer.sign(b"", RSA)
        assert caught.value.sw == 0x6982
    assert len(asked.requests) == len(transport.verifies) == 1
    assert_left(transport)


def test_the_card_was_reset_between_verify_and_the_certificate(session: Callable) -> None:
    signer, transport, _ = session()

    def reset_after_verify(command: bytes, answer: bytes) -> bytes:
        if command[1] == 0x20 and len(command) > 5:
            transport.inner._applet.power_on()
        return answer

    transport.lie = reset_after_verify
    with signer, pytest.raises(CardStateLostError):
        _ = signer.certificate
    assert len(transport.verifies) == 1


def test_the_card_was_reset_while_the_password_was_typed(session: Callable) -> None:
    signer, transport, asked = session()

    def reset_after_question(command: bytes, answer: bytes) -> bytes:
        if command[1] == 0x20 and len(command) == 4:
            transport.inner._applet.power_on()
        return answer

    transport.lie = reset_after_question
    with signer, pytest.raises(CardStateLostError):
        _ = signer.certificate
    assert len(asked.requests) == len(transport.verifies) == 1


def test_another_refusal_of_the_key_is_not_a_lost_state(session: Callable) -> None:
    signer, transport, _ = session()
    transport.lie = lambda command, honest: b"\x6f\x00" if command[1] == 0x2A else honest
    with signer, pytest.raises(StatusWordError) as caught:
        signer.sign(b"", RSA)
    assert caught.value.facts == {"command": "COMPUTE_DIGITAL_SIGNATURE", "sw": 0x6F00}


@pytest.mark.parametrize(
    ("lie", "error"),
    [
        (lambda honest: honest[1:], CardDataError),
        (lambda honest: b"\x00" + honest, CardDataError),
        (lambda _: b"\x90\x00", CardDataError),
        (lambda honest: bytes([honest[0] ^ 1]) + honest[1:], SignatureValueError),
        (lambda _: bytes(256) + b"\x90\x00", SignatureValueError),
    ],
    ids=["short", "long", "empty", "one bit", "zeros"],
)
def test_a_false_signature_never_gets_out(session: Callable, lie: Callable, error: type[Exception]) -> None:
    signer, transport, _ = session()
    transport.lie = lambda command, honest: lie(honest) if command[1] == 0x2A else honest
    with signer, pytest.raises(error):
        signer.sign(b"", RSA)
    assert_left(transport)


# Cards that cannot sign


def test_a_card_without_signature_certificate(session: Callable) -> None:
    signer, transport, asked = session("no-signature")
    with signer:
        facts = signer.describe()
        assert not facts.signature_certificate_present
        assert facts.authentication_certificate_present
        assert facts.signature_tries_left == 5
        with pytest.raises(NoSignatureCertificateError) as caught:
            _ = signer.certificate
        assert caught.value.token == "Jitsuin Simulator (no-signature)"
    assert not asked.requests
    assert not transport.verifies


def test_absence_shows_without_the_availability_file(session: Callable) -> None:
    """Where EF 0008 does not exist, EF 0001 itself tells."""
    for persona, present in (("no-signature", False), ("valid", True)):
        signer, transport, _ = session(persona)
        no_such_file = bytes.fromhex("00A4020C020008")
        transport.lie = lambda command, honest: b"\x6a\x82" if command == no_such_file else honest  # noqa: B023
        with signer:
            assert signer.describe().signature_certificate_present is present


# describe


def test_describe_tells_without_a_pin(session: Callable, card: Callable, spend: Callable) -> None:
    of = card()
    spend(of, 2)
    signer, transport, asked = session(of)
    with signer:
        facts = signer.describe()
    assert facts.token == "Jitsuin Simulator (valid) JPKIAPICCTOKEN2"
    assert facts.kind == "JPKIAPICCTOKEN2"
    assert facts.atr == bytes.fromhex("3BE000FF8131FE4514")
    assert facts.signature_certificate_present
    assert facts.authentication_certificate_present
    assert (facts.signature_tries_left, facts.authentication_tries_left) == (3, 3)
    assert facts.authentication_certificate is not None
    assert facts.signature_issuer == ca_certificate("sign-ca-03")
    assert facts.authentication_issuer == ca_certificate("auth-ca-03")
    facts.authentication_certificate.verify_directly_issued_by(facts.authentication_issuer)
    assert not asked.requests
    assert not transport.verifies
    assert tries(of) == 3


def test_describe_a_blocked_card(session: Callable, card: Callable, spend: Callable) -> None:
    of = card()
    spend(of, 5)
    signer, _, _ = session(of)
    with signer:
        assert signer.describe().signature_tries_left == 0


def test_describe_a_phone(session: Callable) -> None:
    signer, _, _ = session("phone")
    with signer:
        facts = signer.describe()
        assert facts.kind == "JPKIAPGPSETOKEN"
        assert facts.authentication_certificate is None  # behind its PIN there
        assert facts.authentication_certificate_present
        assert len(signer.sign(b"", RSA)) == 256


def test_describe_with_an_unknown_counter(session: Callable) -> None:
    signer, transport, _ = session()
    transport.lie = lambda command, honest: b"\x90\x00" if len(command) == 4 and command[1] == 0x20 else honest
    with signer:
        facts = signer.describe()
    assert facts.signature_tries_left is None
    assert facts.authentication_tries_left is None


def test_a_phone_that_lets_nobody_sign_is_called_one(session: Callable) -> None:
    """Not by its kind alone: only where it does not do what a card does, which is all that is known of it."""

    def phone(command: bytes, honest: bytes) -> bytes:
        if command[1] == 0x20:
            return b"\x69\x85"
        return b"JPKIAPIOSTOKEN".ljust(32) + b"\x90\x00" if command[:3] == b"\x00\xb0\x86" else honest

    signer, transport, asked = session()
    transport.lie = phone
    with signer, pytest.raises(PhoneTokenError) as caught:
        _ = signer.certificate
    assert caught.value.kind == "JPKIAPIOSTOKEN"
    assert not asked.requests
    signer, transport, _ = session(pin=SIGNATURE_PASSWORD)
    transport.lie = lambda command, honest: honest if command[1] == 0x20 else phone(command, honest)
    with signer:
        assert len(signer.sign(b"", RSA)) == 256
