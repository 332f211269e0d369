"""Signing through PKCS#11 with real modules: SoftHSM2, and a module of ours in front of it that limits it or fails."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from jitsuin.signer.base import PinRequest, SecretKind, SignatureScheme, SignerOptions, TokenEvent
from jitsuin.signer.errors import (
    CardRemovedError,
    CardStateLostError,
    DigestInfoError,
    LastTryRefusedError,
    NoCertificateError,
    NoKeyError,
    NoTokenError,
    PinBlockedError,
    PinCancelledError,
    PinIncorrectError,
    PinRuleError,
    PinSourceError,
    Pkcs11CallError,
    Pkcs11ModuleError,
    SeveralKeysError,
    SeveralTokensError,
    SignatureValueError,
    SignerError,
    TokenInUseError,
    TransportError,
    UnsupportedKeyError,
)
from jitsuin.signer.pkcs11_key import Pkcs11Key
from jitsuin.signer.pkcs11_opening import open_signer
from jitsuin.signer.pkcs11_signer import Pkcs11Signer
from jitsuin.signer.pkcs11_token import Pkcs11Token
from jitsuin.signer.simulator import PERSONAS, pki
from judges import OpenSsl
from pkcs11_front import Front, TokenFlag
from softhsm import MODULE, PIN, SoftHsm, StoredCertificate, StoredKey, of_persona

AT = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)
DATA = b"a return of income tax"
RSA = SignatureScheme.RSA_SHA256
URI = f"pkcs11:{MODULE}"


class Person:
    """Who is asked for the PIN, and remembers what was said."""

    def __init__(self, pin: str = PIN) -> None:
        self.pin = pin
        self.requests: list[PinRequest] = []
        self.told: list[tuple[TokenEvent, str]] = []

    def ask(self, request: PinRequest) -> str:
        self.requests.append(request)
        return self.pin

    def notify(self, event: TokenEvent, token: str) -> None:
        self.told.append((event, token))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No other test's lock."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CACHE_HOME", "COVERAGE_PROCESS_START"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def person() -> Person:
    return Person()


@pytest.fixture
def opened(person: Person) -> Iterator[Callable[..., Pkcs11Signer]]:
    """A signer that is left at the end of the test."""
    with ExitStack() as ending:

        def make(uri: str = URI, **options: Any) -> Pkcs11Signer:
            chosen = {"pin": person.ask, "at": AT, "notify": person.notify} | options
            return ending.enter_context(open_signer(uri, SignerOptions(**chosen)))

        yield make


@pytest.fixture
def certificate() -> x509.Certificate:
    found = pki.signature_certificate(PERSONAS["valid"], AT)
    assert found is not None
    return found


def children() -> set[int]:
    """The processes that this one has started and that are still there."""
    listed = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return {int(pid) for one in listed for pid in one.read_text().split()}


# Signing


def test_an_rsa_key(softhsm: SoftHsm, opened: Callable, openssl: OpenSsl, certificate: x509.Certificate) -> None:
    softhsm.token(objects=of_persona("valid", AT))
    signer = opened()
    assert signer.certificate == certificate
    assert signer.issuers == (pki.ca_certificate(PERSONAS["valid"].ca),)
    assert openssl.verify_value(certificate, DATA, signer.sign(DATA, RSA)).ok
    assert openssl.verify_value(certificate, DATA + b".", signer.sign(DATA, RSA)).invalid


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()], ids=lambda curve: curve.name)
def test_an_elliptic_key(softhsm: SoftHsm, opened: Callable, openssl: OpenSsl, curve: ec.EllipticCurve) -> None:
    """SoftHSM offers CKM_ECDSA alone, so the hash is ours, and the value comes as r and s."""
    key = ec.generate_private_key(curve)
    certificate = self_signed(key)
    softhsm.token(objects=[StoredKey(key), StoredCertificate(certificate)])
    signer = opened()
    scheme = SignatureScheme.for_key(certificate.public_key())
    for number in range(8):  # now and then r or s begins with a zero
        value = signer.sign(bytes([number]), scheme)
        assert openssl.verify_value(certificate, bytes([number]), value, scheme.hash.name).ok


def test_the_card_of_the_next_generation(softhsm: SoftHsm, opened: Callable, openssl: OpenSsl) -> None:
    softhsm.token(objects=of_persona("p384", AT))
    signer = opened()
    value = signer.sign(DATA, SignatureScheme.ECDSA_SHA384)
    assert openssl.verify_value(signer.certificate, DATA, value, "sha384").ok
    assert len(signer.issuers) == 1


def test_only_the_keys_own_scheme(softhsm: SoftHsm, opened: Callable) -> None:
    softhsm.token(objects=of_persona("valid", AT))
    with pytest.raises(UnsupportedKeyError):
        opened().sign(DATA, SignatureScheme.ECDSA_SHA384)


def test_the_official_modules_stand_in(
    softhsm: SoftHsm, front: Callable[..., Front], opened: Callable, openssl: OpenSsl, person: Person, certificate: Any
) -> None:
    """One slot, CKM_RSA_PKCS only, certificate `USERCERT`, a key without label: the rules are those of the card."""
    softhsm.token(objects=of_persona("valid", AT), pin="JITSUIN123")
    made = front(MODULE, official=True)
    person.pin = "jitsuin123"
    signer = opened(f"pkcs11:{made.path}")
    assert openssl.verify_value(certificate, DATA, signer.sign(DATA, RSA)).ok
    assert [call.facts["mechanism"] for call in made.calls("C_SignInit")] == ["0x1"]
    assert [request.kind for request in person.requests] == [SecretKind.SIGNATURE_PASSWORD]
    assert made.logins == [1]
    by_label = opened(f"pkcs11:object=USERCERT?module-path={made.path}&wait=0.1", pin=None)
    assert [one.label for one in by_label.describe_module().tokens] == ["JPKI"]


def test_a_mechanism_that_hashes_is_preferred(softhsm: SoftHsm, front: Callable[..., Front], opened: Callable) -> None:
    softhsm.token(objects=of_persona("valid", AT))
    made = front(MODULE)
    opened(f"pkcs11:{made.path}").sign(DATA, RSA)
    assert [call.facts["mechanism"] for call in made.calls("C_SignInit")] == ["0x40"]


@pytest.mark.parametrize(
    ("persona", "mechanisms", "chosen"),
    [
        ("valid", {0x0001, 0x0040}, 0x0040),  # CKM_RSA_PKCS, CKM_SHA256_RSA_PKCS
        ("valid", {0x0001}, 0x0001),
        ("p384", {0x1041, 0x1045}, 0x1045),  # CKM_ECDSA, CKM_ECDSA_SHA384
        ("p384", {0x1041, 0x1044}, 0x1041),  # that of another hash does not do
        ("valid", {0x1041}, None),
        ("p384", {0x0001, 0x0040}, None),
    ],
)
def test_the_mechanism_follows_from_what_the_token_offers(
    persona: str, mechanisms: set[int], chosen: int | None
) -> None:
    """Without a module: SoftHSM has no CKM_ECDSA_SHA384."""
    certificate = pki.signature_certificate(PERSONAS[persona], AT)
    assert certificate is not None
    token = Pkcs11Token(0, "", "", removable=False, label="", mechanisms=frozenset(mechanisms))
    key = Pkcs11Key(0, token, certificate, [])
    if chosen is None:
        with pytest.raises(UnsupportedKeyError):
            key.request(DATA)
        return
    mechanism, given = key.request(DATA)
    assert mechanism == chosen
    assert (given == DATA) is (chosen in (0x0040, 0x1045))


@pytest.mark.parametrize("persona", ["valid", "p384"])
def test_a_digest_alone(softhsm: SoftHsm, opened: Callable, openssl: OpenSsl, persona: str) -> None:
    softhsm.token(objects=of_persona(persona, AT))
    signer = opened()
    scheme = SignatureScheme.for_key(signer.certificate.public_key())
    value = signer.sign_digest(hashlib.new(scheme.hash.name, DATA).digest(), scheme)
    assert openssl.verify_value(signer.certificate, DATA, value, scheme.hash.name).ok
    with pytest.raises(DigestInfoError):
        signer.sign_digest(hashlib.sha1(DATA).digest(), scheme)  # noqa: S324 - to be refused


def test_a_key_object_signs_a_request(softhsm: SoftHsm, opened: Callable, openssl: OpenSsl, tmp_path: Path) -> None:
    """The builder of `cryptography` takes the key as one of its own; OpenSSL judges what comes of it."""
    softhsm.token(objects=of_persona("valid", AT))
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test")])
    request = x509.CertificateSigningRequestBuilder(name).sign(opened().private_key(), hashes.SHA256())
    (tmp_path / "request.pem").write_bytes(request.public_bytes(Encoding.PEM))
    judged = openssl.run("req", "-in", tmp_path / "request.pem", "-noout", "-verify")
    assert b"OK" in judged.stdout + judged.stderr


# Which token, which key


def test_the_only_token_is_meant(softhsm: SoftHsm, opened: Callable, person: Person) -> None:
    """SoftHSM always shows one more that was never initialised."""
    softhsm.token("mine", objects=of_persona("valid", AT))
    opened().sign(DATA, RSA)
    assert person.requests[0].token.startswith("mine (SoftHSM slot ID")


def test_of_several_tokens_one_is_named_or_picked(softhsm: SoftHsm, opened: Callable, certificate: Any) -> None:
    first = softhsm.token("first", objects=of_persona("valid", AT))
    softhsm.token("second", objects=of_persona("renewal-window", AT))
    with pytest.raises(SeveralTokensError) as several:
        opened(f"{URI}?wait=5")
    assert {name.split()[0] for name in several.value.facts["tokens"]} == {"first", "second"}
    for attributes in ("token=first", f"slot-id={first.slot}", f"serial={first.serial}"):
        with open_signer(f"pkcs11:{attributes}?module-path={MODULE}", options()) as signer:
            assert signer.certificate == certificate
    with open_signer(URI, options(choose=lambda names: next(n for n in names if n.startswith("first")))) as signer:
        assert signer.certificate == certificate
    with pytest.raises(NoTokenError) as none:
        opened(f"pkcs11:token=third?module-path={MODULE}")
    assert none.value.facts["reason"] == "name"


def test_the_signature_token_is_preferred_and_the_other_refused(
    softhsm: SoftHsm, opened: Callable, person: Person, certificate: Any
) -> None:
    """By OpenSC's labels. The key for user authentication never signs documents, and no PIN is asked for it."""
    softhsm.token("JPKI (Digital Signature PIN)", pin="JITSUIN123", objects=of_persona("valid", AT))
    softhsm.token("JPKI (User Authentication PIN)", pin="1234")
    person.pin = "JITSUIN123"
    with open_signer(URI, options(person)) as signer:
        assert signer.certificate == certificate
    with pytest.raises(NoTokenError) as refused:
        opened(f"pkcs11:token=JPKI%20%28User%20Authentication%20PIN%29?module-path={MODULE}")
    assert refused.value.facts["reason"] == "authentication"
    assert len(person.requests) == 1


def test_the_ca_is_shown_without_the_pin_where_the_token_shows_it(softhsm: SoftHsm, person: Person) -> None:
    """So that one that is not trusted costs nobody a PIN. Of other tokens nothing says which CA is above the key."""
    softhsm.token("JPKI (Digital Signature PIN)", objects=of_persona("valid", AT))
    softhsm.token("other", objects=of_persona("valid", AT))
    jpki = "token=JPKI%20%28Digital%20Signature%20PIN%29"
    with open_signer(f"pkcs11:{jpki}?module-path={MODULE}", options(person)) as signer:
        assert signer.issuer_shown() == pki.ca_certificate(PERSONAS["valid"].ca)
    with open_signer(f"pkcs11:token=other?module-path={MODULE}", options(person)) as signer:
        assert signer.issuer_shown() is None
    assert person.requests == []


def test_of_several_keys_one_is_named(softhsm: SoftHsm, opened: Callable, certificate: Any) -> None:
    token = softhsm.token(objects=of_persona("valid", AT))
    other = ec.generate_private_key(ec.SECP256R1())
    token.put(StoredKey(other, b"\x07", "other"), StoredCertificate(self_signed(other), b"\x07", "other"))
    with pytest.raises(SeveralKeysError) as several:
        opened().sign(DATA, RSA)
    assert set(several.value.facts["keys"]) == {"object=Digital Signature Key;id=%02", "object=other;id=%07"}
    for attributes in ("id=%02", "object=Digital%20Signature%20Key"):
        with open_signer(f"pkcs11:{attributes}?module-path={MODULE}", options()) as signer:
            assert signer.certificate == certificate
    with pytest.raises(NoKeyError):
        opened(f"pkcs11:object=third?module-path={MODULE}").sign(DATA, RSA)


def test_key_and_certificate_are_paired_by_id(softhsm: SoftHsm, opened: Callable) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    token = softhsm.token(objects=[StoredKey(key, b"\x01", "key"), StoredCertificate(self_signed(key), b"\x02", "key")])
    with pytest.raises(NoCertificateError):
        opened().sign(DATA, RSA)
    token.put(StoredCertificate(self_signed(key), b"\x01", "another label"))
    with open_signer(URI, options()) as signer:
        signer.sign(DATA, SignatureScheme.ECDSA_SHA256)


def test_a_certificate_of_another_key_signs_nothing(softhsm: SoftHsm, opened: Callable, certificate: Any) -> None:
    other = of_persona("renewal-window", AT)[0]
    softhsm.token(objects=[other, StoredCertificate(certificate)])
    with pytest.raises(SignatureValueError):
        opened().sign(DATA, RSA)


# The PIN


def test_it_is_asked_late_and_once(
    softhsm: SoftHsm, front: Callable[..., Front], opened: Callable, person: Person
) -> None:
    softhsm.token(objects=of_persona("valid", AT))
    made = front(MODULE)
    signer = opened(f"pkcs11:{made.path}")
    assert (person.requests, made.logins) == ([], [])
    for _ in range(3):
        signer.sign(DATA, RSA)
    assert signer.certificate is not None
    assert [(r.kind, r.tries_left, r.tries_low) for r in person.requests] == [(SecretKind.TOKEN_PIN, None, False)]
    assert made.logins == [1]


def test_a_wrong_one_is_presented_once(
    softhsm: SoftHsm, front: Callable[..., Front], opened: Callable, person: Person
) -> None:
    softhsm.token(objects=of_persona("valid", AT))
    made = front(MODULE)
    person.pin = "wrong"
    signer = opened(f"pkcs11:{made.path}")
    for _ in range(3):
        with pytest.raises(PinIncorrectError) as wrong:
            signer.sign(DATA, RSA)
        assert wrong.value.facts["tries_left"] is None
    assert (len(person.requests), made.logins) == (1, [1])
    signer.__exit__(None, None, None)
    low = Person()
    with open_signer(f"pkcs11:{made.path}", options(low)) as signer:
        signer.sign(DATA, RSA)
    assert low.requests[0].tries_low


@pytest.mark.parametrize(
    ("flag", "error"),
    [(TokenFlag.USER_PIN_LOCKED, PinBlockedError), (TokenFlag.USER_PIN_FINAL_TRY, LastTryRefusedError)],
)
def test_locked_and_last_try_stop_before_the_login(
    softhsm: SoftHsm, front: Callable[..., Front], opened: Callable, person: Person, flag: int, error: type[SignerError]
) -> None:
    softhsm.token(objects=of_persona("valid", AT))
    made = front(MODULE, token_flags=flag)
    with pytest.raises(error):
        opened(f"pkcs11:{made.path}").sign(DATA, RSA)
    assert (person.requests, made.logins) == ([], [])


def test_the_last_try_with_permission(
    softhsm: SoftHsm, front: Callable[..., Front], opened: Callable, person: Person
) -> None:
    softhsm.token(objects=of_persona("valid", AT))
    made = front(MODULE, token_flags=TokenFlag.USER_PIN_FINAL_TRY)
    opened(f"pkcs11:{made.path}", allow_last_try=True).sign(DATA, RSA)
    assert person.requests[0].tries_left == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("rv=0xA4@C_Login", PinBlockedError),  # CKR_PIN_LOCKED
        ("rv=0x5@C_Login", Pkcs11CallError),
        ("rv=0xA2@C_Login", PinRuleError),  # CKR_PIN_LEN_RANGE
        ("rv=0x50@C_Login", PinCancelledError),  # CKR_FUNCTION_CANCELED
        ("rv=0x32@C_Login", CardRemovedError),  # CKR_DEVICE_REMOVED
        ("vanish@C_Login", CardRemovedError),
    ],
)
def test_what_a_failed_login_means(
    softhsm: SoftHsm,
    front: Callable[..., Front],
    opened: Callable,
    fault: str,
    error: type[SignerError],
) -> None:
    softhsm.token(objects=of_persona("valid", AT))
    made = front(MODULE, faults=[fault])
    signer = opened(f"pkcs11:{made.path}")
    for _ in range(2):
        with pytest.raises(error):
            signer.sign(DATA, RSA)
    assert made.logins == [1]


def test_a_token_that_vanishes_at_the_login_may_be_locked(
    softhsm: SoftHsm, front: Callable[..., Front], opened: Callable
) -> None:
    """CKR_GENERAL_ERROR, and then no token that OpenSC would recognise: so it tells of the card's 6984."""
    softhsm.token(objects=of_persona("valid", AT))
    made = front(MODULE)
    with open_signer(f"pkcs11:{made.path}", options()) as signer:
        signer.sign(DATA, RSA)
    functions = [call.function for call in made.calls("C_GetTokenInfo", "C_Login")]
    looks = functions[: functions.index("C_Login")].count("C_GetTokenInfo")
    faults = ["rv=0x5@C_Login", *(f"rv=0xE1@C_GetTokenInfo:{looks + further}" for further in range(1, 5))]
    made = front(MODULE, faults=faults)
    with pytest.raises(NoTokenError) as none:
        opened(f"pkcs11:{made.path}").sign(DATA, RSA)
    assert none.value.facts["reason"] == "unrecognised"
    assert made.logins == [1]


def test_an_empty_one_is_not_sent(
    softhsm: SoftHsm, front: Callable[..., Front], opened: Callable, person: Person
) -> None:
    softhsm.token(objects=of_persona("valid", AT))
    made = front(MODULE)
    person.pin = ""
    with pytest.raises(PinRuleError):
        opened(f"pkcs11:{made.path}").sign(DATA, RSA)
    assert made.logins == []


def test_the_cards_rules_hold_for_jpki_tokens_only(
    softhsm: SoftHsm, front: Callable[..., Front], opened: Callable, person: Person
) -> None:
    softhsm.token("JPKI (Digital Signature PIN)", pin="JITSUIN123", objects=of_persona("valid", AT))
    made = front(MODULE)
    person.pin = "short"
    with pytest.raises(PinRuleError):
        opened(f"pkcs11:{made.path}").sign(DATA, RSA)
    assert made.logins == []


def test_it_comes_from_the_file_that_the_uri_names(
    softhsm: SoftHsm, opened: Callable, person: Person, tmp_path: Path
) -> None:
    softhsm.token(objects=of_persona("valid", AT))
    (tmp_path / "pin").write_text(f"{PIN}\nand a remark\n")
    with open_signer(f"{URI}?pin-source=file:{tmp_path}/pin", options(person)) as signer:
        signer.sign(DATA, RSA)
    assert person.requests == []
    with pytest.raises(PinSourceError):
        opened(f"{URI}?pin-source={tmp_path}/absent").sign(DATA, RSA)


def test_a_reader_with_keys_of_its_own_is_not_given_one(
    softhsm: SoftHsm, front: Callable[..., Front], opened: Callable, person: Person
) -> None:
    softhsm.token(objects=of_persona("valid", AT))
    made = front(MODULE, pin_pad=PIN)
    opened(f"pkcs11:{made.path}").sign(DATA, RSA)
    assert person.requests == []
    assert [event for event, _ in person.told] == [TokenEvent.PIN_PAD]
    assert [call.facts["pin"] for call in made.calls("C_Login")] == ["none"]


def test_the_cancel_key_of_such_a_reader(softhsm: SoftHsm, front: Callable[..., Front], opened: Callable) -> None:
    softhsm.token(objects=of_persona("valid", AT))
    made = front(MODULE, pin_pad="")
    with pytest.raises(PinCancelledError):
        opened(f"pkcs11:{made.path}").sign(DATA, RSA)
    assert made.logins == [1]


def test_a_key_that_wants_it_again_gets_it_for_each_signature(
    softhsm: SoftHsm, front: Callable[..., Front], opened: Callable, person: Person, openssl: OpenSsl, certificate: Any
) -> None:
    """CKA_ALWAYS_AUTHENTICATE, which SoftHSM insists on; the person is asked once all the same."""
    softhsm.token(objects=of_persona("valid", AT, always_authenticate=True))
    made = front(MODULE)
    signer = opened(f"pkcs11:{made.path}")
    for _ in range(3):
        assert openssl.verify_value(certificate, DATA, signer.sign(DATA, RSA)).ok
    assert made.logins == [1, 2, 2, 2]
    assert len(person.requests) == 1


@pytest.mark.parametrize("marked", [True, False])
def test_a_forgotten_login_is_not_mended(
    softhsm: SoftHsm, front: Callable[..., Front], opened: Callable, marked: bool
) -> None:
    """CKR_USER_NOT_LOGGED_IN once signatures have been made: another program was at the card. No second login."""
    softhsm.token(objects=of_persona("valid", AT))
    made = front(MODULE, faults=["rv=0x101@C_Sign:2"])
    signer = opened(f"pkcs11:{made.path}")
    signer.sign(DATA, RSA)
    with pytest.raises(CardStateLostError):
        signer.sign(DATA, RSA)
    assert made.logins == [1]


def test_no_pin_again_once_a_wrong_one_was_seen(
    softhsm: SoftHsm, front: Callable[..., Front], opened: Callable
) -> None:
    """A token whose flags say so after our login has met somebody else's wrong PIN; ours could be the last try."""
    softhsm.token(objects=of_persona("valid", AT, always_authenticate=True))
    made = front(MODULE, token_flags=TokenFlag.USER_PIN_COUNT_LOW)
    with pytest.raises(CardStateLostError):
        opened(f"pkcs11:{made.path}").sign(DATA, RSA)
    assert made.logins == [1]


def test_without_a_callback_nothing_is_presented(
    softhsm: SoftHsm, front: Callable[..., Front], opened: Callable
) -> None:
    softhsm.token("one", objects=of_persona("valid", AT, private=False))
    softhsm.token("two")
    made = front(MODULE)
    signer = opened(f"pkcs11:{made.path}", pin=None)
    facts = signer.describe_module()
    assert {token.label for token in facts.tokens} == {"one", "two", ""}
    (one,) = (token for token in facts.tokens if token.label == "one")
    assert {o.label for o in facts.objects[one.slot_id] if o.certificate is not None} == {
        "Digital Signature Certificate",
        "Digital Signature Certificate CA",
    }
    with pytest.raises(PinCancelledError):
        signer.sign(DATA, RSA)
    assert made.logins == []


# What a module does that it should not


@pytest.mark.parametrize("fault", ["short", "long", "empty", "corrupt", "other"])
def test_a_wrong_value_is_refused(softhsm: SoftHsm, front: Callable[..., Front], opened: Callable, fault: str) -> None:
    softhsm.token(objects=of_persona("valid", AT))
    made = front(MODULE, faults=[f"{fault}@C_Sign:1"])
    signer = opened(f"pkcs11:{made.path}")
    with pytest.raises(SignatureValueError):
        signer.sign(DATA, RSA)
    assert signer.sign(DATA, RSA)  # the control: only the first one was wrong


@pytest.mark.parametrize("fault", ["short", "long", "empty", "corrupt", "other"])
def test_a_wrong_elliptic_value_is_refused(
    softhsm: SoftHsm, front: Callable[..., Front], opened: Callable, fault: str
) -> None:
    softhsm.token(objects=of_persona("p384", AT))
    made = front(MODULE, faults=[f"{fault}@C_Sign:1"])
    signer = opened(f"pkcs11:{made.path}")
    with pytest.raises(SignatureValueError):
        signer.sign(DATA, SignatureScheme.ECDSA_SHA384)
    assert signer.sign(DATA, SignatureScheme.ECDSA_SHA384)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("rv=0x32@C_Sign:1", CardRemovedError),
        ("rv=0xB3@C_Sign:1", CardRemovedError),  # CKR_SESSION_HANDLE_INVALID
        ("vanish@C_Sign:1", CardRemovedError),
        ("rv=0x101@C_SignInit:1", CardStateLostError),
        ("rv=0x5@C_Sign:1", Pkcs11CallError),
        ("rv=0x80000001@C_Sign:1", Pkcs11CallError),  # a vendor's own
    ],
)
def test_what_a_failed_signature_means(
    softhsm: SoftHsm, front: Callable[..., Front], opened: Callable, fault: str, error: type[SignerError]
) -> None:
    softhsm.token(objects=of_persona("valid", AT))
    made = front(MODULE, faults=[fault])
    with pytest.raises(error):
        opened(f"pkcs11:{made.path}").sign(DATA, RSA)
    assert made.logins == [1]


@pytest.mark.parametrize("moment", ["C_Initialize", "C_GetSlotList", "C_GetTokenInfo", "C_OpenSession", "C_Login"])
def test_a_module_that_hangs_is_ended(
    softhsm: SoftHsm, front: Callable[..., Front], opened: Callable, moment: str
) -> None:
    softhsm.token(objects=of_persona("valid", AT))
    made = front(MODULE, faults=[f"hang@{moment}"])
    begun = time.monotonic()
    with pytest.raises(Pkcs11ModuleError) as hung:
        opened(f"pkcs11:{made.path}?timeout=2").sign(DATA, RSA)
    assert hung.value.facts["reason"] == "timeout"
    assert time.monotonic() - begun < 30
    with open_signer(URI, options()) as signer:  # the next one works, in this same process
        signer.sign(DATA, RSA)


def test_a_module_that_hangs_at_the_end_is_ended(
    softhsm: SoftHsm, front: Callable[..., Front], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jitsuin.signer.pkcs11_process._END_SECONDS", 1.0)
    softhsm.token(objects=of_persona("valid", AT))
    made = front(MODULE, faults=["hang@C_Finalize"])
    before = children()
    with open_signer(f"pkcs11:{made.path}", options()) as signer:
        value = signer.sign(DATA, RSA)
        assert children() != before
    assert value
    assert children() == before


@pytest.mark.parametrize("moment", ["C_Initialize", "C_GetTokenInfo", "C_Login", "C_Sign"])
def test_a_module_that_crashes_is_told_of(
    softhsm: SoftHsm, front: Callable[..., Front], opened: Callable, moment: str
) -> None:
    softhsm.token(objects=of_persona("valid", AT))
    made = front(MODULE, faults=[f"crash@{moment}"])
    with pytest.raises(Pkcs11ModuleError) as crashed:
        opened(f"pkcs11:{made.path}").sign(DATA, RSA)
    assert (crashed.value.facts["reason"], crashed.value.facts["exit"]) == ("crashed", -signal.SIGSEGV)


def test_after_a_crash_nothing_more_is_asked(softhsm: SoftHsm, front: Callable[..., Front], opened: Callable) -> None:
    softhsm.token(objects=of_persona("valid", AT))
    made = front(MODULE, faults=["crash@C_Sign:2"])
    signer = opened(f"pkcs11:{made.path}")
    signer.sign(DATA, RSA)
    for _ in range(3):
        with pytest.raises(Pkcs11ModuleError):
            signer.sign(DATA, RSA)
    assert len(made.calls("C_Sign")) == 2


@pytest.mark.parametrize(
    ("module", "reason"),
    [("/no/such/module.so", "absent"), ("no-such-module.so", "not-loadable"), (__file__, "not-loadable")],
)
def test_what_is_no_module(opened: Callable, softhsm: SoftHsm, module: str, reason: str) -> None:
    with pytest.raises(Pkcs11ModuleError) as refused:
        opened(f"pkcs11:{module}")
    assert refused.value.facts["reason"] == reason


def test_a_library_that_is_none_for_pkcs11(opened: Callable, softhsm: SoftHsm) -> None:
    with pytest.raises(Pkcs11ModuleError) as refused:
        opened("pkcs11:libc.so.6")
    assert refused.value.facts["reason"] == "not-loadable"


def test_no_token(softhsm: SoftHsm, front: Callable[..., Front], opened: Callable) -> None:
    softhsm.token(objects=of_persona("valid", AT))
    made = front(MODULE, no_token=True)
    with pytest.raises(NoTokenError) as none:
        opened(f"pkcs11:{made.path}")
    assert none.value.facts["reason"] == "none"


def test_a_card_that_is_not_recognised(softhsm: SoftHsm, front: Callable[..., Front], opened: Callable) -> None:
    softhsm.token(objects=of_persona("valid", AT))
    made = front(MODULE, faults=["rv=0xE1@C_GetTokenInfo"])
    with pytest.raises(NoTokenError) as none:
        opened(f"pkcs11:{made.path}")
    assert none.value.facts["reason"] == "unrecognised"


# Processes and threads


def test_it_can_be_used_from_several_threads(softhsm: SoftHsm, opened: Callable) -> None:
    softhsm.token(objects=of_persona("valid", AT))
    signer = opened()
    values: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: values.extend(signer.sign(DATA, RSA) for _ in range(20))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(values), len(set(values))) == (80, 1)


def test_openings_take_turns(softhsm: SoftHsm, opened: Callable, person: Person) -> None:
    """A token that is no card is let go of once it is open."""
    softhsm.token(objects=of_persona("valid", AT))
    first = opened()
    with pytest.raises(TokenInUseError):
        opened(f"{URI}?wait=0.3")
    threading.Timer(2, lambda: first.certificate).start()
    second = opened()
    assert [event for event, _ in person.told] == [TokenEvent.IN_USE]
    assert second.sign(DATA, RSA) == first.sign(DATA, RSA)


def test_leaving_ends_the_process_and_the_key(softhsm: SoftHsm) -> None:
    softhsm.token(objects=of_persona("valid", AT))
    before = children()
    signer = open_signer(URI, options())
    with signer:
        signer.sign(DATA, RSA)
        assert len(children() - before) == 1
    assert children() == before
    with pytest.raises(TransportError):
        signer.sign(DATA, RSA)
    signer.__exit__(None, None, None)  # twice does no harm


def test_a_failed_opening_leaves_no_process(softhsm: SoftHsm) -> None:
    before = children()
    with pytest.raises(NoTokenError):
        open_signer(URI, options())
    assert children() == before


PROGRAM = """
import sys
from datetime import UTC, datetime
from jitsuin.signer.base import SignatureScheme, SignerOptions
from jitsuin.signer.pkcs11_key import Pkcs11Key
from jitsuin.signer.pkcs11_opening import open_signer
signer = open_signer(sys.argv[1], SignerOptions(lambda request: sys.argv[2], datetime(2026, 6, 1, tzinfo=UTC)))
signer.sign(b"", SignatureScheme.RSA_SHA256)
print("signed", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_module_ends_with_its_parent(softhsm: SoftHsm, front: Callable[..., Front], number: signal.Signals) -> None:
    softhsm.token(objects=of_persona("valid", AT))
    made = front(MODULE)
    call = [sys.executable, "-c", PROGRAM, f"pkcs11:{made.path}", PIN]
    with subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"signed\n"
        (child,) = {call.pid for call in made.calls("C_Login")}
        assert child != parent.pid
        parent.send_signal(number)
        parent.wait(20)
    end = time.monotonic() + 20
    while Path(f"/proc/{child}").exists():
        assert time.monotonic() < end
        time.sleep(0.05)
    assert [call.function for call in made.calls("C_Logout", "C_Finalize")] == ["C_Logout", "C_Finalize"]


def test_what_the_module_prints_goes_nowhere(
    softhsm: SoftHsm, front: Callable[..., Front], opened: Callable, capfd: pytest.CaptureFixture[str]
) -> None:
    """Some print what they are given. A fault that is misspelt makes the front complain on its standard error."""
    softhsm.token(objects=of_persona("valid", AT))
    made = front(MODULE, faults=["misspelt@C_Sign:1"])
    with pytest.raises(Pkcs11ModuleError):
        opened(f"pkcs11:{made.path}")
    assert capfd.readouterr() == ("", "")


def options(person: Person | None = None, **chosen: Any) -> SignerOptions:
    given = {"pin": (person or Person()).ask, "at": AT} | chosen
    return SignerOptions(**given)


def self_signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, AT, datetime(2029, 1, 1, tzinfo=UTC))
    return builder.sign(key, hashes.SHA256())
