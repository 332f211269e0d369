"""The client at a live authority on loopback: every way in which its answer can be wrong has an error of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from jitsuin.errors import ExitCode, TimestampError, exit_code
from jitsuin.formats.timestamp_token import judge_token
from jitsuin.messages import error_sentence
from jitsuin.proof import load_timestamp_trust
from jitsuin.revocation import EvidenceOptions, Revocation
from jitsuin.timestamp import Stamp, TimestampAuthority
from jitsuin.validity import RevocationMode
from pki_faults import big, body, cut, endless, hang_up, in_turn, redirect, slow, status

if TYPE_CHECKING:
    from authority import Authority
    from pki_servers import PkiServer
    from responders import Tsa

LOOPBACK = EvidenceOptions(allow_private_network=True)
DIGEST = hashlib.sha256(b"value").digest()
ROOM = 16 * 1024
OFF = RevocationMode.OFF


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def ask(authority: Authority, now: datetime) -> Callable[..., Stamp]:
    """One token from an address. `slept` is how long the client has waited between its tries."""

    def call(url: str, *, anchors: Any = None, options: EvidenceOptions = LOOPBACK, room: int = ROOM) -> Stamp:
        call.slept = []
        trusted = load_timestamp_trust([authority.certificate] if anchors is None else anchors)
        client = TimestampAuthority(url, trusted, None, options, OFF, sleep=call.slept.append)
        return client.stamp(DIGEST, room, now)

    return call


@pytest.fixture
def refusal(ask) -> Callable[..., tuple[object, ...]]:
    """The reason of the error, which has a sentence and the exit code of the network, and the verdict within."""

    def call(url: str, **options: Any) -> tuple[object, ...]:
        with pytest.raises(TimestampError) as caught:
            ask(url, **options)
        facts = caught.value.facts
        assert facts["url"] == url
        assert exit_code(caught.value) is ExitCode.NETWORK
        sentence = error_sentence(caught.value)
        assert url in sentence
        assert "<" not in sentence.replace(url, ""), "a fact is missing"
        return facts["reason"], *([facts["verdict"]] if "verdict" in facts else [])

    return call


def test_a_token(ask, pki_server: PkiServer, tsa: Tsa, now: datetime) -> None:
    stamp = ask(pki_server.tsa("/tsa", tsa))
    assert stamp.report.verdict.passed
    assert stamp.report.anchor == tsa.authority.certificate.subject.rfc4514_string()
    assert abs(stamp.report.finding.at - now) < timedelta(minutes=1)
    assert judge_token(stamp.token, lambda name: hashlib.new(name, b"value").digest()).verdict.passed
    (request,) = pki_server.requests
    assert (request.method, request.headers["Content-Type"]) == ("POST", "application/timestamp-query")
    assert request.headers["Accept"] == "application/timestamp-reply"
    assert request.credentials == {}


def test_each_request_has_a_nonce_of_its_own(ask, pki_server: PkiServer, tsa: Tsa) -> None:
    url = pki_server.tsa("/tsa", tsa)
    ask(url)
    ask(url)
    first, second = (request.body for request in pki_server.requests)
    assert first != second


def test_an_old_answer(ask, refusal, pki_server: PkiServer, tsa: Tsa) -> None:
    """Played again, it is for another nonce."""
    url = pki_server.tsa("/tsa", tsa)
    stamp = ask(url)
    old = bytes.fromhex("3003020100")
    size = len(old) + len(stamp.token)
    pki_server.tsa("/tsa", tsa, body(b"\x30\x82" + size.to_bytes(2, "big") + old + stamp.token))
    assert refusal(url) == ("wrong-nonce",)


@pytest.mark.parametrize(
    ("knobs", "reason"),
    [
        ({"nonce": "wrong"}, ("wrong-nonce",)),
        ({"nonce": "none"}, ("wrong-nonce",)),
        ({"wrong_digest": True}, ("wrong-imprint",)),
        ({"certificates": False}, ("no-certificate",)),
        ({"bad_signature": True}, ("invalid", "timestamp-altered")),
    ],
)
def test_false_tokens(knobs: dict[str, Any], reason: tuple[str, ...], refusal, pki_server, tsa: Tsa) -> None:
    for name, value in knobs.items():
        setattr(tsa, name, value)
    assert refusal(pki_server.tsa("/tsa", tsa)) == reason


def test_any_policy_is_taken(ask, pki_server: PkiServer, tsa: Tsa) -> None:
    """None was asked for; the report says which it is."""
    tsa.policy = "1.3.6.1.4.1.32473.1.2"
    assert ask(pki_server.tsa("/tsa", tsa)).report.finding.policy == tsa.policy


TWO_PURPOSES = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING])


@pytest.mark.parametrize(
    ("credential", "verdict"),
    [
        (lambda ca: ca.tsa("No purpose", purpose=False), "timestamp-purpose"),
        (lambda ca: ca.tsa("Not critical", critical=False), "timestamp-purpose"),
        (lambda ca: ca.tsa("Two", purpose=False, extra=[(TWO_PURPOSES, True)]), "timestamp-purpose"),
        (lambda ca: ca.tsa("For keys", usage=["key_encipherment"]), "timestamp-purpose"),
        (lambda ca: ca.tsa("Old", until=datetime(2025, 1, 1, tzinfo=UTC)), "timestamp-authority-period"),
        (lambda ca: ca.tsa("Young", since=datetime(2035, 1, 1, tzinfo=UTC)), "timestamp-authority-period"),
        (lambda ca: type(ca)(ca.keys, "Another CA").tsa(), "timestamp-authority-unknown"),
        (lambda ca: ca.look_alike().tsa(), "timestamp-authority-unknown"),
    ],
)
def test_authorities_that_are_none(
    credential: Callable[[Any], Any], verdict: str, refusal, pki_server: PkiServer, tsa: Tsa
) -> None:
    tsa.signer = credential(tsa.authority)
    assert refusal(pki_server.tsa("/tsa", tsa)) == ("untrusted", verdict)


def test_without_anchors(ask, refusal, pki_server: PkiServer, tsa: Tsa) -> None:
    """Nobody vouches for it, and the report says so; but it has to be an authority's."""
    url = pki_server.tsa("/tsa", tsa)
    report = ask(url, anchors=[]).report
    assert (report.verdict.reason, report.anchor) == ("timestamp-authority-unknown", None)
    tsa.signer = tsa.authority.tsa("No purpose", purpose=False)
    assert refusal(url, anchors=[]) == ("untrusted", "timestamp-purpose")


def test_jpki_and_imported_anchors_vouch_for_no_clock(ask, refusal, pki_server, tsa: Tsa, tmp_path, at) -> None:
    """What was imported with --force is for documents."""
    from cryptography.hazmat.primitives.serialization import Encoding

    from jitsuin.trust import import_anchors, load_trust

    path = tmp_path / "ca.cer"
    path.write_bytes(tsa.authority.certificate.public_bytes(Encoding.DER))
    import_anchors(path, force=True)
    assert load_trust([]).name_of(tsa.authority.certificate)
    url = pki_server.tsa("/tsa", tsa)
    other = type(tsa.authority)(tsa.authority.keys, "Another").certificate
    assert refusal(url, anchors=[other]) == ("untrusted", "timestamp-authority-unknown")
    assert ask(url, anchors=[path]).report.verdict.passed, "the control"


# Answers that are none


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "garbage"),
        (b"<!DOCTYPE html>", "garbage"),
        (bytes.fromhex("30053003020100"), "garbage"),  # granted, and no token
        (bytes.fromhex("30073005020102") + b"\x05\x00", "garbage"),
        (bytes.fromhex("30053003020102"), "refused"),
        (bytes.fromhex("300930070201020302") + b"\x07\x80", "refused"),
        (bytes.fromhex("30053003020103"), "refused"),  # waiting: not in RFC 3161's protocol over HTTP
        (bytes.fromhex("300730030201003000"), "invalid"),
    ],
)
def test_bodies(answer: bytes, reason: str, refusal, pki_server: PkiServer, tsa: Tsa) -> None:
    url = pki_server.tsa("/tsa", tsa, body(answer))
    assert refusal(url)[0] == reason
    assert len(pki_server.requests) == 1, "a refusal is not asked about again"


def test_what_the_authority_says_is_told(ask, pki_server: PkiServer, tsa: Tsa) -> None:
    text = b"\x0c\x07" + "後\x1b[2J".encode()
    pki_status = b"\x02\x01\x02\x30" + bytes([len(text)]) + text + b"\x03\x02\x07\x80"
    answer = b"\x30" + bytes([2 + len(pki_status)]) + b"\x30" + bytes([len(pki_status)]) + pki_status
    with pytest.raises(TimestampError) as caught:
        ask(pki_server.tsa("/tsa", tsa, body(answer)))
    assert (caught.value.facts["failure"], caught.value.facts["text"]) == ("badAlg", "後\x1b[2J")
    assert "badAlg" in error_sentence(caught.value)


def test_too_large(refusal, pki_server: PkiServer, tsa: Tsa) -> None:
    assert refusal(pki_server.tsa("/big", tsa, big())) == ("too-large",)
    assert refusal(pki_server.tsa("/endless", tsa, endless())) == ("too-large",)
    assert refusal(pki_server.tsa("/tsa", tsa), room=500) == ("no-room",)


def test_http(refusal, pki_server: PkiServer, tsa: Tsa) -> None:
    assert refusal(pki_server.tsa("/500", tsa, status(500))) == ("status",)
    assert refusal(pki_server.tsa("/moved", tsa, redirect("/tsa"))) == ("redirects",)
    assert len(pki_server.requests) == 2


def test_addresses_that_are_not_asked(refusal, pki_server: PkiServer, tsa: Tsa) -> None:
    url = pki_server.tsa("/tsa", tsa)
    assert refusal(url, options=EvidenceOptions()) == ("private",)
    assert refusal(url, options=EvidenceOptions(offline=True, allow_private_network=True)) == ("offline",)
    assert refusal("ftp://tsa.example/") == ("scheme",)
    assert refusal(url.replace("http://", "http://user:secret@")) == ("scheme",)
    assert pki_server.requests == []


def test_customers_secrets_are_not_shown(pki_server: PkiServer, tsa: Tsa, ask) -> None:
    url = pki_server.tsa("/tsa", tsa, status(401))
    with pytest.raises(TimestampError) as caught:
        ask(f"{url}?token=secret")
    assert caught.value.facts["url"] == url
    assert "secret" not in str(caught.value)


# Patience


def test_three_tries(ask, refusal, pki_server: PkiServer, tsa: Tsa) -> None:
    stamp = ask(pki_server.tsa("/tsa", tsa, in_turn(hang_up(), cut(), None)))
    assert stamp.report.verdict.passed
    assert len(pki_server.requests) == 3
    assert ask.slept == [0.5, 2.0]
    assert refusal(pki_server.unreachable("/tsa")) == ("unreachable",)
    assert ask.slept == [0.5, 2.0]


def test_slow(ask, refusal, pki_server: PkiServer, tsa: Tsa, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jitsuin.timestamp._SECONDS", 0.3)
    assert refusal(pki_server.tsa("/slow", tsa, slow(before=5))) == ("timeout",)
    assert len(pki_server.requests) == 3


def test_drop_by_drop(refusal, pki_server: PkiServer, tsa: Tsa, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes in time, and all of them do not."""
    monkeypatch.setattr("jitsuin.timestamp._SECONDS", 0.5)
    assert refusal(pki_server.tsa("/tsa", tsa, lambda answer, _: replace(answer, body=bytes(20), pause=0.2))) == (
        "timeout",
    )


def test_later_documents_wait_no_more(pki_server: PkiServer, tsa: Tsa, now: datetime) -> None:
    """Of a folder of a thousand documents the first one waits for an authority that is down."""
    slept: list[float] = []
    url = pki_server.tsa("/tsa", tsa, in_turn(hang_up(), hang_up(), hang_up(), hang_up(), None))
    anchors = load_timestamp_trust([tsa.authority.certificate])
    client = TimestampAuthority(url, anchors, None, LOOPBACK, OFF, sleep=slept.append)
    for tries in (3, 4):
        with pytest.raises(TimestampError):
            client.stamp(DIGEST, ROOM, now)
        assert len(pki_server.requests) == tries
    assert client.stamp(DIGEST, ROOM, now).report.verdict.passed
    assert slept == [0.5, 2.0]


# The authority's certificate is revoked


@pytest.mark.parametrize("mode", [RevocationMode.REQUIRE, RevocationMode.WARN])
def test_revocation(mode: RevocationMode, pki_server: PkiServer, tsa: Tsa, now: datetime, tmp_path) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding

    url = pki_server.tsa("/tsa", tsa)
    anchors = load_timestamp_trust([tsa.authority.certificate])

    def stamp(*lists: x509.CertificateRevocationList) -> str:
        path = tmp_path / "ca.crl"
        for one in lists:
            path.write_bytes(one.public_bytes(Encoding.DER))
        broker = Revocation([path] * len(lists), LOOPBACK, now + timedelta(minutes=1))
        try:
            return (
                TimestampAuthority(url, anchors, broker, LOOPBACK, mode).stamp(DIGEST, ROOM, now).report.verdict.reason
            )
        except TimestampError as error:
            return str(error.facts["verdict"])

    made = now - timedelta(hours=1)
    assert stamp(tsa.authority.crl(made)) == "passed"
    assert stamp() == ("passed" if mode is RevocationMode.WARN else "timestamp-authority-not-checked")
    tsa.authority.revoke(tsa.credential, made - timedelta(hours=1), x509.ReasonFlags.superseded)
    assert stamp(tsa.authority.crl(made)) == "timestamp-authority-revoked"
