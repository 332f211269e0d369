"""The exact bytes that go to the card, and what each answer is taken to mean."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from jitsuin.signer.base import SignatureScheme, SignerOptions
from jitsuin.signer.digest_info import digest_info
from jitsuin.signer.errors import (
    CardDataError,
    DigestInfoError,
    NotMyNumberCardError,
    PinBlockedError,
    PinIncorrectError,
    StatusWordError,
    TransportError,
    TriesUnknownError,
)
from jitsuin.signer.jpki import Ef, JpkiApplication, JpkiSigner
from jitsuin.signer.pin import Secret
from jitsuin.signer.simulator import Quirks, anchors, ca_certificate

SELECT_JPKI = "00 A4 04 0C 0A D3 92 F0 00 26 01 00 00 00 01"
SELECT_ISD = "00 A4 04 0C 07 A0 00 00 01 51 00 00"


def test_a_whole_signature_byte_by_byte(session: Callable) -> None:
    """Selected, asked, opened, read, signed twice and left: nothing more, in this order."""
    signer, transport, _ = session()
    with signer:
        size = len(signer.certificate.public_bytes(Encoding.DER))
        ca_size = len(signer.issuers[0].public_bytes(Encoding.DER))
        signer.sign(b"one", SignatureScheme.RSA_SHA256)
        signer.sign(b"two", SignatureScheme.RSA_SHA256)

    assert [command.hex(" ").upper() for command in transport.sent] == [
        SELECT_JPKI,
        "00 B0 88 00 03",
        "00 20 00 9B",
        "00 20 00 9B 0A " + b"JITSUIN123".hex(" ").upper(),
        "00 B0 81 00 00",
        *reading_on(size),
        "00 B0 82 00 00",
        *reading_on(ca_size),
        signing(b"one", 0x9A),
        signing(b"two", 0x9A),
        SELECT_ISD,
    ]
    assert len(bytes.fromhex(signing(b"", 0x9A))) == 57
    assert transport.closed == 1


def test_on_a_card_without_short_identifiers_files_are_selected(session: Callable) -> None:
    """It is found out by a command that costs nothing, and not tried again; the PIN goes to the selected file."""
    signer, transport, _ = session(quirks=Quirks(short_identifiers=False))
    with signer:
        size = len(signer.certificate.public_bytes(Encoding.DER))
        ca_size = len(signer.issuers[0].public_bytes(Encoding.DER))
        signer.sign(b"one", SignatureScheme.RSA_SHA256)
        signer.sign(b"two", SignatureScheme.RSA_SHA256)
    assert [command.hex(" ").upper() for command in transport.sent] == [
        SELECT_JPKI,
        "00 B0 88 00 03",
        "00 A4 02 0C 02 00 08",
        "00 B0 00 00 03",
        "00 A4 02 0C 02 00 1B",
        "00 20 00 80",
        "00 A4 02 0C 02 00 1B",
        "00 20 00 80 0A " + b"JITSUIN123".hex(" ").upper(),
        "00 A4 02 0C 02 00 01",
        "00 B0 00 00 00",
        *reading_on(size),
        "00 A4 02 0C 02 00 02",
        "00 B0 00 00 00",
        *reading_on(ca_size),
        "00 A4 02 0C 02 00 1A",
        signing(b"one", 0x80),
        signing(b"two", 0x80),
        SELECT_ISD,
    ]


def test_with_the_ca_at_hand_a_signature_takes_thirteen_commands(session: Callable, card: Callable) -> None:
    """The CA certificate is recognised by one block, before the PIN is asked."""
    signer, transport, _ = session(card(), known_issuers=anchors())
    with signer:
        assert signer.issuer_shown() == ca_certificate("sign-ca-03")
        assert [command.hex(" ").upper() for command in transport.sent] == [SELECT_JPKI, "00 B0 82 FF 00"]
        assert signer.issuers == (ca_certificate("sign-ca-03"),)
        signer.sign(b"one", SignatureScheme.RSA_SHA256)
        assert len(transport.sent) == 13
        signer.sign(b"two", SignatureScheme.RSA_SHA256)
        assert len(transport.sent) == 14


def test_a_certificate_is_recognised_by_its_key(recital: type) -> None:
    """The look-alike has the real one's serial number and name, so its first bytes are the same."""
    ours, theirs = (ca_certificate(name).public_bytes(Encoding.DER) for name in ("sign-ca-03", "look-alike-ca"))
    assert ours[:256] == theirs[:256]
    known = [ca_certificate("sign-ca-02"), ca_certificate("sign-ca-03")]
    for der, expected in ((ours, known[1]), (theirs, None)):
        transport = recital([der[255:511].hex() + "9000"])
        assert JpkiApplication(transport).recognised(Ef.SIGNATURE_CA_CERTIFICATE, known) == expected
        assert transport.sent == ["00 B0 82 FF 00"]


def reading_on(size: int) -> list[str]:
    pieces = ((offset >> 8, offset & 0xFF, min(256, size - offset) % 256) for offset in range(256, size, 256))
    return [f"00 B0 {high:02X} {low:02X} {le:02X}" for high, low, le in pieces]


def signing(data: bytes, p2: int) -> str:
    prefix = f"80 2A 00 {p2:02X} 33 30 31 30 0D 06 09 60 86 48 01 65 03 04 02 01 05 00 04 20 "
    return prefix + hashlib.sha256(data).digest().hex(" ").upper() + " 00"


def test_first_command_answered_6f00_is_repeated_once(recital: type) -> None:
    transport = recital(["6F00", "9000"])
    JpkiApplication(transport).select()
    assert transport.sent == [SELECT_JPKI, SELECT_JPKI]
    with pytest.raises(NotMyNumberCardError) as caught:
        JpkiApplication(recital(["6F00", "6F00"])).select()
    assert caught.value.sw == 0x6F00


def test_another_card_is_left_at_once(recital: type, asked: type, at: object) -> None:
    transport, callback = recital(["6A82", "6A82"]), asked("JITSUIN123")
    with pytest.raises(NotMyNumberCardError) as caught:
        JpkiSigner(transport, SignerOptions(callback, at))
    assert caught.value.sw == 0x6A82
    assert transport.sent == [SELECT_JPKI, SELECT_ISD]
    assert transport.closed
    assert not callback.requests


@pytest.mark.parametrize(
    ("answer", "tries"), [("63C5", 5), ("63C1", 1), ("63CF", 15), ("63C0", 0), ("6983", 0), ("6984", 0)]
)
def test_the_retry_query(recital: type, answer: str, tries: int) -> None:
    transport = recital([answer])
    assert JpkiApplication(transport).tries_left(Ef.SIGNATURE_PIN) == tries
    assert transport.sent == ["00 20 00 9B"]
    transport = recital(["6A86", "9000", answer])
    assert JpkiApplication(transport).tries_left(Ef.SIGNATURE_PIN) == tries
    assert transport.sent == ["00 20 00 9B", "00 A4 02 0C 02 00 1B", "00 20 00 80"]


@pytest.mark.parametrize("answer", ["9000", "6300", "6982", "63D3"])
def test_any_other_answer_is_no_counter(recital: type, answer: str) -> None:
    with pytest.raises(TriesUnknownError) as caught:
        JpkiApplication(recital([answer])).tries_left(Ef.AUTHENTICATION_PIN)
    assert caught.value.sw == int(answer, 16)


@pytest.mark.parametrize("answer", ["6700", "6A86", "6A88", "6B00", "6985", "6986", "6F00"])
def test_a_refusal_is_asked_once_more_with_the_file_selected(recital: type, answer: str) -> None:
    with pytest.raises(TriesUnknownError) as caught:
        JpkiApplication(recital([answer, "9000", answer])).tries_left(Ef.AUTHENTICATION_PIN)
    assert caught.value.sw == int(answer, 16)


def test_the_pin_goes_where_the_counter_was(recital: type) -> None:
    """A card may take the short identifier in one command and not in another; VERIFY goes as the query went."""
    transport = recital(["8F8F00 9000", "6A86", "9000", "63C5", "9000", "9000"])
    application = JpkiApplication(transport)
    application.availability()
    application.tries_left(Ef.SIGNATURE_PIN)
    application.verify(Ef.SIGNATURE_PIN, Secret("JITSUIN123"))
    assert transport.sent[4:] == ["00 A4 02 0C 02 00 1B", "00 20 00 80 0A " + b"JITSUIN123".hex(" ").upper()]


@pytest.mark.parametrize(
    ("answer", "error", "facts"),
    [
        ("63C4", PinIncorrectError, {"tries_left": 4}),
        ("6300", PinIncorrectError, {"tries_left": None}),
        ("63C0", PinBlockedError, {"sw": 0x63C0}),
        ("6983", PinBlockedError, {"sw": 0x6983}),
        ("6984", PinBlockedError, {"sw": 0x6984}),
        ("6700", StatusWordError, {"command": "VERIFY", "sw": 0x6700}),
    ],
)
def test_verify_answers(recital: type, answer: str, error: type[Exception], facts: dict[str, object]) -> None:
    secret = Secret("JITSUIN123")
    with pytest.raises(error) as caught:
        JpkiApplication(recital(["9000", answer])).verify(Ef.SIGNATURE_PIN, secret)
    assert caught.value.facts == facts
    assert secret.buffer == b""
    JpkiApplication(recital(["9000", "9000"])).verify(Ef.SIGNATURE_PIN, Secret("JITSUIN123"))


def test_an_empty_verify_is_never_sent_as_a_try(recital: type) -> None:
    transport = recital([])
    with pytest.raises(ValueError, match="empty"):
        JpkiApplication(transport).verify(Ef.SIGNATURE_PIN, Secret(""))
    assert not transport.sent


def test_a_card_that_was_reset_at_the_prompt_does_not_get_the_pin(recital: type) -> None:
    transport = recital(["6A82"])
    with pytest.raises(StatusWordError):
        JpkiApplication(transport).verify(Ef.SIGNATURE_PIN, Secret("JITSUIN123"))
    assert transport.sent == ["00 A4 02 0C 02 00 1B"]


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        (["FFFFFFFF 9000"], "not-a-certificate"),
        (["00000000 9000"], "not-a-certificate"),
        (["3081FF30 9000"], "not-a-certificate"),
        (["3082 9000"], "not-a-certificate"),
        (["6B00"], "not-a-certificate"),
        (["30827FFF 9000"], "too-long"),
        (["30820102 9000", "AABB 9000", "6B00"], "short"),
        (["30820102 9000", "9000"], "short"),
        (["30820004 AABBCCDD FFFF 9000"], "not-a-certificate"),
        (["30820004 9000", "AABB 6282", "6B00"], "short"),
    ],
)
def test_bad_certificate_files(recital: type, answers: list[str], reason: str) -> None:
    with pytest.raises(CardDataError) as caught:
        JpkiApplication(recital(["6A86", "9000", *answers])).read_certificate(Ef.AUTHENTICATION_CERTIFICATE)
    assert caught.value.facts == {"file": "000A", "reason": reason}


def test_more_than_was_asked_for(recital: type) -> None:
    """What follows would stand at the wrong place, and the certificate be another one that can be read."""
    with pytest.raises(CardDataError) as caught:
        JpkiApplication(recital(["8F8F0000 9000"])).availability()
    assert caught.value.reason == "long"


def test_reads_on_after_short_answers(recital: type, session: Callable) -> None:
    signer, _, _ = session()
    with signer:
        der = signer.issuers[0].public_bytes(Encoding.DER)
    pieces = [der[:4], *(der[at : at + 100] for at in range(4, len(der), 100))]
    transport = recital([*(piece.hex() + "9000" for piece in pieces)])
    assert JpkiApplication(transport).read_certificate(Ef.SIGNATURE_CA_CERTIFICATE) == signer_ca(der)


def signer_ca(der: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(der)


def test_a_refused_read_says_so(recital: type) -> None:
    with pytest.raises(StatusWordError) as caught:
        JpkiApplication(recital(["6982"])).read_certificate(Ef.SIGNATURE_CERTIFICATE)
    assert caught.value.facts == {"command": "READ_BINARY", "sw": 0x6982}


def test_token_information_and_availability(recital: type) -> None:
    transport = recital([b"JPKIAPICCTOKEN2".ljust(32).hex() + "9000"])
    assert JpkiApplication(transport).token_information() == "JPKIAPICCTOKEN2"
    assert transport.sent == ["00 B0 86 00 20"]
    with pytest.raises(CardDataError):
        JpkiApplication(recital(["FFFF 9000"])).token_information()

    transport = recital(["008F00 9000"])
    availability = JpkiApplication(transport).availability()
    assert (availability.signature, availability.authentication) == (False, True)
    assert transport.sent == ["00 B0 88 00 03"]
    with pytest.raises(CardDataError):
        JpkiApplication(recital(["8F 9000"])).availability()


def test_whether_a_file_exists(recital: type) -> None:
    assert JpkiApplication(recital(["9000"])).exists(Ef.SIGNATURE_CERTIFICATE)
    assert not JpkiApplication(recital(["6A82"])).exists(Ef.SIGNATURE_CERTIFICATE)
    with pytest.raises(StatusWordError):
        JpkiApplication(recital(["6F00"])).exists(Ef.SIGNATURE_CERTIFICATE)


def test_nothing_but_a_digest_info_is_sent_to_the_key(recital: type) -> None:
    transport = recital([])
    for candidate in (b"", bytes(32), b"plain text, as good as signed"):
        with pytest.raises(DigestInfoError):
            JpkiApplication(transport).sign_digest_info(Ef.SIGNATURE_KEY, candidate)
    with pytest.raises(DigestInfoError):
        JpkiApplication(transport).sign_hash_p384(Ef.SIGNATURE_KEY, bytes(32))
    assert not transport.sent


def test_a_refused_selection_is_not_taken_for_the_key(recital: type) -> None:
    transport = recital(["6A86", "9000", "00 9000", "6A82", "9000", "00 9000", "00 9000"])
    application, info = JpkiApplication(transport), digest_info(bytes(32), hashes.SHA256())
    application.sign_digest_info(Ef.SIGNATURE_KEY, info)
    assert not application.exists(Ef.SIGNATURE_CERTIFICATE)
    application.sign_digest_info(Ef.SIGNATURE_KEY, info)
    application.sign_digest_info(Ef.SIGNATURE_KEY, info)
    select, other = "00 A4 02 0C 02 00 1A", "00 A4 02 0C 02 00 01"
    assert [sent for sent in transport.sent if sent.startswith("00")] == [select, other, select]


def test_p384_takes_48_bytes_and_gives_96(recital: type) -> None:
    transport = recital(["01".rjust(96, "0") + "02".rjust(96, "0") + "9000"])
    assert JpkiApplication(transport).sign_hash_p384(Ef.SIGNATURE_KEY, bytes(48)).hex() == "3006020101020102"
    assert transport.sent[0] == "80 2A 00 9A 30 " + bytes(48).hex(" ").upper() + " 00"
    with pytest.raises(CardDataError) as caught:
        JpkiApplication(recital(["00" * 95 + "9000"])).sign_hash_p384(Ef.SIGNATURE_KEY, bytes(48))
    assert caught.value.reason == "signature-length"


def test_leaving_powers_off_whatever_the_card_says(recital: type) -> None:
    for answers in (["9000"], ["6A82"], ["90"]):
        transport = recital(answers)
        JpkiApplication(transport).leave()
        assert transport.sent == [SELECT_ISD]
        assert transport.closed


def test_leaving_a_card_that_has_gone(recital: type, monkeypatch: pytest.MonkeyPatch) -> None:
    transport = recital([])

    def gone(_: bytes) -> bytes:
        raise TransportError(token="Recital", reason="removed")

    monkeypatch.setattr(transport, "transmit", gone)
    JpkiApplication(transport).leave()
    assert transport.closed
