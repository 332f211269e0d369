"""The simulated card against the observations of real ones, rule by rule, in raw APDUs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.x509 import load_der_x509_certificate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jitsuin.signer.simulator import Applet, Interface, Quirks, SimulatedCard

SELECT_JPKI = "00A4040C 0A D392F000260100000001"
SELECT_ISD = "00A4040C 07 A0000001510000"
SELECT_TEXT = "00A4040C 0A D3921000310001010408"
VERIFY_SIGNATURE = "0020009B 0A 4A49545355494E313233"
WRONG_SIGNATURE = "0020009B 06 57524F4E4730"
QUERY_SIGNATURE = "0020009B"
VERIFY_AUTHENTICATION = "00200098 04 31323334"
READ_SIGNATURE = "00B0810004"
DIGEST_INFO = "3031300D060960864801650304020105000420" + hashlib.sha256(b"to be signed").hexdigest()
SIGN = f"802A009A33{DIGEST_INFO}00"


class Card:
    """An applet spoken to in hexadecimal."""

    def __init__(self, applet: Applet) -> None:
        self.applet = applet

    def __call__(self, command: str) -> str:
        """The status word."""
        return self.applet.transmit(bytes.fromhex(command))[-2:].hex().upper()

    def data(self, command: str) -> bytes:
        answer = self.applet.transmit(bytes.fromhex(command))
        assert answer[-2:] == b"\x90\x00", answer[-2:].hex()
        return answer[:-2]

    def all(self, *commands: str) -> list[str]:
        return [self(command) for command in commands]


@pytest.fixture
def powered(card: Callable[..., SimulatedCard]) -> Iterator[Callable[..., Card]]:
    """A card under power, the application not yet selected."""
    from contextlib import ExitStack

    with ExitStack() as stack:

        def make(persona: str = "valid", quirks: Quirks = Quirks()) -> Card:  # noqa: B008 - frozen
            applet = stack.enter_context(card(persona).inserted(quirks))
            applet.power_on()
            return Card(applet)

        yield make


@pytest.fixture
def jpki(powered: Callable[..., Card]) -> Card:
    """The default card with its JPKI application selected."""
    card = powered()
    assert card(SELECT_JPKI) == "9000"
    return card


# SELECT


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        (SELECT_JPKI, "9000"),
        (SELECT_ISD, "9000"),
        (SELECT_TEXT, "9000"),
        ("00A4040C 0A D3921000310001010402", "9000"),
        ("00A4040C 0A D3921000310001010401", "9000"),
        ("00A4040C 0A D3921000310001010100", "9000"),
        ("00A4040C 05 A000000003", "6A82"),
        ("00A4040C 09 D392F0002601000000", "6A82"),
        ("00A4040C", "6A82"),
        ("00A4040F 0A D392F000260100000001", "6A86"),
        ("00A40000", "6A86"),
        ("00A4020C 02 0001", "6A82"),
    ],
)
def test_select_after_power_up(powered: Callable[..., Card], command: str, sw: str) -> None:
    assert powered()(command) == sw


@pytest.mark.parametrize(
    ("identifier", "sw"),
    [
        *((f"{number:04X}", "9000") for number in (1, 2, 6, 8, 9, 0xA, 0xB, 0x10, 0x16, 0x17, 0x18, 0x1A, 0x1B)),
        ("0003", "6A82"),
        ("3F00", "6A82"),
    ],
)
def test_the_files_that_exist(jpki: Card, identifier: str, sw: str) -> None:
    assert jpki(f"00A4020C02{identifier}") == sw


def test_select_file_wants_two_bytes(jpki: Card) -> None:
    assert jpki("00A4020C 01 01") == "6700"
    assert jpki("00A4020C 03 000100") == "6700"


def test_select_mf_says_yes_and_changes_nothing(jpki: Card) -> None:
    jpki("00A4020C020006")
    assert jpki("00A40000") == "9000"
    assert jpki("00B0000020") == "9000"


def test_a_failed_select_keeps_the_file(jpki: Card) -> None:
    jpki("00A4020C020006")
    assert jpki("00A4020C020003") == "6A82"
    assert jpki("00A4040C05A000000003") == "6A82"
    assert jpki("00B0000020") == "9000"


def test_selecting_the_application_again_forgets_the_file_only(jpki: Card) -> None:
    jpki("00A4020C020006")
    assert jpki.all(VERIFY_SIGNATURE, SELECT_JPKI, "00B0000004", READ_SIGNATURE) == ["9000", "9000", "6986", "9000"]


# READ BINARY


def test_token_information_is_a_token_info_of_160_bytes(jpki: Card) -> None:
    jpki("00A4020C020006")
    content = jpki.data("00B0000000")
    assert len(content) == 160
    assert content[:32] == b"JPKIAPICCTOKEN2".ljust(32)


@pytest.mark.parametrize(("persona", "content"), [("valid", "8F8F00"), ("no-signature", "008F00"), ("phone", "8F8F00")])
def test_availability(powered: Callable[..., Card], persona: str, content: str) -> None:
    card = powered(persona)
    card(SELECT_JPKI)
    assert card.data("00B0880000").hex().upper() == content


def test_a_certificate_file_is_3808_bytes_with_filler(jpki: Card) -> None:
    jpki("00A4020C02000A")
    content = b"".join(jpki.data(f"00B0{offset >> 8:02X}{offset & 255:02X}00") for offset in range(0, 3808, 256))
    assert len(content) == 3808
    size = 4 + int.from_bytes(content[2:4], "big")
    load_der_x509_certificate(content[:size])
    assert set(content[size:]) == {0xFF}
    with pytest.raises(ValueError, match="ExtraData"):
        load_der_x509_certificate(content)


def test_reading_ends_at_the_end_of_the_file(jpki: Card) -> None:
    jpki("00A4020C02000A")
    assert len(jpki.data("00B00ED000")) == 16  # 3808 - 3792, though 256 were asked for
    assert jpki("00B00EE000") == "6B00"
    assert jpki("00B07FFF00") == "6B00"


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        ("00B00000", "6700"),  # no Le
        ("00B0000001AA00", "6700"),  # data
        ("00B0000000", "6986"),  # no current EF
        ("00B0860020", "9000"),  # short identifier: EF 0006
        ("00B0868020", "9000"),  # and an offset of 80
        ("00B086A020", "6B00"),
        ("00B0830004", "6A82"),
        ("00B0C60004", "6A86"),
        ("00B09A0004", "6981"),  # a key
        ("00B09B0004", "6981"),  # a PIN
        ("00B0890004", "6982"),  # nobody's
    ],
)
def test_reading_by_the_rules(jpki: Card, command: str, sw: str) -> None:
    assert jpki(command) == sw


def test_a_short_identifier_selects(jpki: Card) -> None:
    assert jpki("00B0860001") == "9000"
    assert len(jpki.data("00B0000000")) == 160


# VERIFY and what it opens


def test_the_signature_files_are_closed_before_the_pin(jpki: Card) -> None:
    assert jpki.all(READ_SIGNATURE, SIGN) == ["6982", "6982"]
    assert jpki.all(VERIFY_SIGNATURE, READ_SIGNATURE, SIGN, SIGN, SIGN) == ["9000"] * 5


def test_each_pin_opens_its_own(jpki: Card) -> None:
    authenticate = SIGN.replace("009A", "0097")
    assert jpki.all("00B08A0004", authenticate) == ["9000", "6982"]
    assert jpki.all(VERIFY_AUTHENTICATION, authenticate, SIGN, READ_SIGNATURE) == ["9000", "9000", "6982", "6982"]
    assert jpki.all(VERIFY_SIGNATURE, SIGN, authenticate) == ["9000"] * 3


def test_the_phone_hides_its_authentication_certificate(powered: Callable[..., Card]) -> None:
    phone = powered("phone")
    assert phone.all(SELECT_JPKI, "00B08A0004", VERIFY_AUTHENTICATION, "00B08A0004") == ["9000", "6982", "9000", "9000"]


def test_nobodys_keys_stay_closed(jpki: Card) -> None:
    jpki.all(VERIFY_SIGNATURE, VERIFY_AUTHENTICATION)
    assert jpki.all(SIGN.replace("009A", "0090"), SIGN.replace("009A", "0096"), "00B0890004") == ["6982"] * 3


def test_the_current_file_form(jpki: Card) -> None:
    assert jpki("00200080") == "6986"
    assert jpki.all("00A4020C02001B", "00200080", "002000800A4A49545355494E313233") == ["9000", "63C5", "9000"]
    assert jpki.all("00A4020C02001A", SIGN.replace("009A", "0080")) == ["9000", "9000"]
    assert jpki.all("00A4020C020018", "00200080") == ["9000", "63C3"]


@pytest.mark.parametrize(
    "keeps",
    [
        ["00A4020C020006"],
        ["00A4020C020003"],
        [SELECT_JPKI],
        ["00A4040C05A000000003", SELECT_JPKI],
        ["00A40000"],
        [QUERY_SIGNATURE],
        ["FFFFFFFFFFFF"],
    ],
    ids=["EF", "absent EF", "JPKI again", "absent application", "MF", "query", "rubbish"],
)
def test_verification_survives(jpki: Card, keeps: list[str]) -> None:
    jpki(VERIFY_SIGNATURE)
    jpki.all(*keeps)
    assert jpki(READ_SIGNATURE) == "9000"


def test_verification_survives_a_warm_reset_but_the_selection_does_not(jpki: Card) -> None:
    jpki(VERIFY_SIGNATURE)
    atr = jpki.applet.reset()
    assert atr[0] == 0x3B
    assert jpki.all("00A4020C020001", SELECT_JPKI, READ_SIGNATURE) == ["6A82", "9000", "9000"]


@pytest.mark.parametrize("other", [SELECT_ISD, SELECT_TEXT])
def test_another_application_ends_it(jpki: Card, other: str) -> None:
    jpki.all(VERIFY_SIGNATURE, VERIFY_AUTHENTICATION)
    assert jpki.all(other, SELECT_JPKI, READ_SIGNATURE, SIGN) == ["9000", "9000", "6982", "6982"]
    assert jpki(SIGN.replace("009A", "0097")) == "6982"


def test_power_off_ends_it(jpki: Card) -> None:
    jpki(VERIFY_SIGNATURE)
    jpki.applet.power_off()
    with pytest.raises(RuntimeError, match="power"):
        jpki(SELECT_JPKI)
    assert jpki.applet.reset() == jpki.applet.power_on()  # a reset without power is a cold one
    assert jpki.all(SELECT_JPKI, READ_SIGNATURE) == ["9000", "6982"]


def test_a_cold_reset_ends_it(jpki: Card) -> None:
    jpki(VERIFY_SIGNATURE)
    jpki.applet.power_on()
    assert jpki.all(SELECT_JPKI, READ_SIGNATURE) == ["9000", "6982"]


def test_a_wrong_pin_ends_it(jpki: Card) -> None:
    assert jpki.all(VERIFY_SIGNATURE, WRONG_SIGNATURE, READ_SIGNATURE) == ["9000", "63C4", "6982"]


# The counters


def test_counts_down_and_blocks(jpki: Card) -> None:
    assert jpki.all(*[WRONG_SIGNATURE] * 5) == ["63C4", "63C3", "63C2", "63C1", "63C0"]
    assert jpki.all(WRONG_SIGNATURE, VERIFY_SIGNATURE, QUERY_SIGNATURE) == ["6984"] * 3
    assert jpki("00200098") == "63C3"  # the other PIN has its own


def test_the_authentication_pin_has_three_tries(jpki: Card) -> None:
    wrong = "0020009804 30303030"
    assert jpki.all("00200098", wrong, wrong, wrong, VERIFY_AUTHENTICATION) == ["63C3", "63C2", "63C1", "63C0", "6984"]


def test_a_right_pin_restores_the_counter(jpki: Card) -> None:
    assert jpki.all(*[WRONG_SIGNATURE] * 4, VERIFY_SIGNATURE, QUERY_SIGNATURE)[-2:] == ["9000", "63C5"]


def test_asking_costs_nothing(jpki: Card) -> None:
    assert set(jpki.all(*[QUERY_SIGNATURE] * 20)) == {"63C5"}


def test_the_silent_counter_speaks_until_verified(powered: Callable[..., Card]) -> None:
    card = powered(quirks=Quirks(silent_counter=True))
    assert card.all(SELECT_JPKI, QUERY_SIGNATURE, VERIFY_SIGNATURE, QUERY_SIGNATURE) == ["9000", "63C5", "9000", "9000"]


def test_no_folding_of_case(jpki: Card) -> None:
    assert jpki("0020009B0A" + b"jitsuin123".hex()) == "63C4"


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        ("0020009B11" + "41" * 17, "6700"),  # longer than any PIN
        ("0020009B064142434445 4600", "6700"),  # with Le
        ("0020009B00", "6700"),
        ("0020019B", "6A86"),
        ("00200000", "6A86"),
        ("002000DB", "6A86"),
        ("00200083", "6A88"),  # no such file
        ("00200086", "6981"),  # not a PIN
    ],
)
def test_malformed_verify_costs_nothing(jpki: Card, command: str, sw: str) -> None:
    assert jpki.all(command, QUERY_SIGNATURE) == [sw, "63C5"]


# CHANGE REFERENCE DATA


def test_the_pin_is_changed_after_verify(jpki: Card) -> None:
    change = "0024019B08" + b"NEWPIN12".hex()
    assert jpki(change) == "6982"
    assert jpki.all(VERIFY_SIGNATURE, change) == ["9000", "9000"]
    assert jpki.all(VERIFY_SIGNATURE, "0020009B08" + b"NEWPIN12".hex()) == ["63C4", "9000"]


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        ("0024009B064142434445 46", "6A86"),
        ("0024019B05 4142434445", "6700"),
        ("0024019B11" + "41" * 17, "6700"),
        ("0024019804 31313131", "6982"),
        ("0024018600", "6981"),
    ],
)
def test_other_changes_are_refused(jpki: Card, command: str, sw: str) -> None:
    assert jpki.all(VERIFY_SIGNATURE, command, VERIFY_SIGNATURE) == ["9000", sw, "9000"]


# COMPUTE DIGITAL SIGNATURE


@pytest.fixture
def opened(jpki: Card) -> Card:
    assert jpki(VERIFY_SIGNATURE) == "9000"
    return jpki


def public_key(card: Card) -> rsa.RSAPublicKey:
    content = b"".join(card.data(f"00B0{offset >> 8:02X}{offset & 255:02X}00") for offset in range(0, 3808, 256))
    key = load_der_x509_certificate(content[: 4 + int.from_bytes(content[2:4], "big")]).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    return key


@pytest.fixture
def key(opened: Card) -> rsa.RSAPublicKey:
    opened("00A4020C020001")
    return public_key(opened)


def padded(value: bytes, key: rsa.RSAPublicKey) -> bytes:
    return pow(int.from_bytes(value, "big"), key.public_numbers().e, key.public_numbers().n).to_bytes(256, "big")


@pytest.mark.parametrize("length", [1, 51, 245])
def test_p1_00_pads_whatever_it_gets(opened: Card, key: rsa.RSAPublicKey, length: int) -> None:
    value = opened.data(f"802A009A{length:02X}{'A5' * length}00")
    assert padded(value, key) == b"\x00\x01" + b"\xff" * (253 - length) + b"\x00" + b"\xa5" * length


MESSAGE = b"to be signed"
DIGEST = hashlib.sha256(MESSAGE).digest()


def test_p1_01_hashes_without_digest_info(opened: Card, key: rsa.RSAPublicKey) -> None:
    assert padded(opened.data(f"802A019A{len(MESSAGE):02X}{MESSAGE.hex()}00"), key).endswith(b"\xff\x00" + DIGEST)


@pytest.mark.parametrize(("p1", "data"), [(0, bytes.fromhex(DIGEST_INFO)), (2, DIGEST), (3, MESSAGE)])
def test_three_ways_to_one_signature(opened: Card, key: rsa.RSAPublicKey, p1: int, data: bytes) -> None:
    value = opened.data(f"802A{p1:02X}9A{len(data):02X}{data.hex()}00")
    key.verify(value, MESSAGE, padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize(("p1", "data"), [(4, DIGEST), (5, MESSAGE)])
def test_pss(opened: Card, key: rsa.RSAPublicKey, p1: int, data: bytes) -> None:
    value = opened.data(f"802A{p1:02X}9A{len(data):02X}{data.hex()}00")
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.AUTO)
    key.verify(value, DIGEST, pss, Prehashed(hashes.SHA256()))


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        (SIGN, "9000"),
        (SIGN[:-2], "6700"),  # no Le
        ("802A009A00", "6700"),  # no data
        (f"802A009AF6{'00' * 246}00", "6985"),
        (f"802A029A1F{'00' * 31}00", "6985"),
        (f"802A029A21{'00' * 33}00", "6985"),
        (f"802A049A33{DIGEST_INFO}00", "6985"),
        (f"802A069A33{DIGEST_INFO}00", "6A86"),
        (f"802A009933{DIGEST_INFO}00", "6A88"),
        (f"802A009B33{DIGEST_INFO}00", "6981"),
        (f"802A001A33{DIGEST_INFO}00", "6A86"),
        (f"802A009A33{DIGEST_INFO}20", "6C00"),  # an Le too small is told the right one
        (f"002A009A33{DIGEST_INFO}00", "6D00"),
    ],
)
def test_signing_by_the_rules(opened: Card, command: str, sw: str) -> None:
    assert opened(command) == sw


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        (f"802A009A30{'A5' * 48}00", "9000"),
        (f"802A009A20{'A5' * 32}00", "6985"),
        (f"802A029A30{'A5' * 48}00", "6A86"),
        (f"802A009A30{'A5' * 48}40", "6C60"),
    ],
)
def test_p384_card(powered: Callable[..., Card], command: str, sw: str) -> None:
    card = powered("p384")
    assert card.all(SELECT_JPKI, VERIFY_SIGNATURE, command) == ["9000", "9000", sw]


# The rest


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        ("", "6700"),
        ("00A404", "6700"),
        ("00A4040C0AD392", "6700"),
        ("00A4040C00000AD392F000260100000001", "6700"),  # extended
        ("00C0000000", "6D00"),
        ("00840000 08", "6D00"),
        ("80B0000004", "6D00"),
        ("0CB0000004", "6882"),
        ("08B0000004", "6882"),
        ("10A4040C", "6884"),
        ("01A4040C", "6881"),
        ("A0A40000023F00", "6E00"),
        ("FFCA000000", "6882"),
    ],
)
def test_what_is_not_understood(jpki: Card, command: str, sw: str) -> None:
    assert jpki(command) == sw


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(command=st.binary(max_size=300) | st.binary(max_size=12).map(lambda tail: b"\x00" + tail))
def test_answers_anything_and_opens_nothing(jpki: Card, command: bytes) -> None:
    answer = jpki.applet.transmit(command)
    assert 2 <= len(answer) <= 258
    jpki(SELECT_JPKI)
    assert jpki.all(READ_SIGNATURE, SIGN) == ["6982", "6982"]


def test_first_command_fails(powered: Callable[..., Card]) -> None:
    card = powered(quirks=Quirks(first_command_fails=True))
    assert card.all(SELECT_JPKI, SELECT_JPKI) == ["6F00", "9000"]
    card.applet.reset()
    assert card(SELECT_JPKI) == "9000"
    card.applet.power_on()
    assert card(SELECT_JPKI) == "6F00"


def test_the_answers_to_reset(powered: Callable[..., Card]) -> None:
    contact, contactless, pupi = (
        powered(persona, Quirks(interface=interface))
        for persona, interface in zip(("valid", "second", "phone"), Interface, strict=True)
    )
    assert contact.applet.power_on().hex().upper() == "3BE000FF8131FE4514"
    assert contactless.applet.power_on().hex().upper() == "3B888001000041E0B381A1003B"
    first, second = pupi.applet.power_on(), pupi.applet.power_on()
    assert first != second
    for atr in (first, second, contactless.applet.power_on()):
        check = 0
        for byte in atr[1:]:
            check ^= byte
        assert check == 0  # ISO/IEC 7816-3, 8.2.5: TCK makes it so


def test_the_contact_atr_without_its_first_byte(jpki: Card) -> None:
    assert b"\x3b" + jpki.data("00CA5F5100") == bytes.fromhex("3BE000FF8131FE4514")
    assert jpki("00CA9F7F00") == "6A88"
