"""The broker of revocation against live CRL and OCSP servers: what each answer comes to; nothing else is good."""

from __future__ import annotations

import socket
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import crl as asn1_crl
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from authority import UNKNOWN_EXTENSION, Authority, Credential, Entry, damaged, name_of, sign
from jitsuin.revocation import EvidenceOptions, Revocation, Source
from jitsuin.revocation_status import RevocationAnswer, RevocationStatus
from pki_faults import big, body, cut, endless, hang_up, header, redirect, redirect_chain, slow, status, zipped
from pki_servers import PkiServer
from responders import OcspResponder

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
LOCAL = EvidenceOptions(allow_private_network=True)
REASONS = [reason for reason in x509.ReasonFlags if reason not in (x509.ReasonFlags.remove_from_crl,)]

Ask = Callable[..., RevocationAnswer]


@pytest.fixture
def ask(authority: Authority) -> Ask:
    """The broker's answer about a certificate of the authority."""

    def about(
        signer: Credential,
        *crls: x509.CertificateRevocationList | Path,
        at: datetime = NOW,
        options: EvidenceOptions = LOCAL,
        embedded: tuple[bytes, ...] = (),
        sources: tuple[Source, ...] = (),
        cache: Path | None = None,
        issuer: x509.Certificate | None = None,
    ) -> RevocationAnswer:
        given = [crl if isinstance(crl, Path) else listed(crl) for crl in crls]
        broker = Revocation(given, options, NOW, sources, cache)
        return broker.answer(signer.certificate, issuer or authority.certificate, at, embedded)

    return about


def listed(crl: x509.CertificateRevocationList) -> object:
    from jitsuin.crl import Crl

    return Crl(crl, "list")


def said(answer: RevocationAnswer) -> tuple[str, str]:
    return answer.status.value, answer.why


GOOD, NOTHING = ("good", ""), ("not-checked", "no-evidence")


def test_two_reasons_for_one_revocation(authority: Authority, ask: Ask) -> None:
    """It is listed, whatever the library makes of the line."""
    signer = authority.issue()
    authority.revoke(signer, NOW - DAY, x509.ReasonFlags.key_compromise)
    assert (ask(signer, authority.crl(NOW)).status, ask(signer, authority.crl(NOW)).reason) == (
        "revoked",
        "keyCompromise",
    )
    raw = asn1_crl.CertificateList.load(authority.crl(NOW).public_bytes(Encoding.DER))
    extensions = raw["tbs_cert_list"]["revoked_certificates"][0]["crl_entry_extensions"]
    extensions.append(extensions[0].copy())
    raw["signature"] = sign(authority.key, raw["tbs_cert_list"].dump(force=True))
    answer = ask(signer, x509.load_der_x509_crl(raw.dump()))
    assert (answer.status, answer.reason) == ("revoked", "unspecified")


def test_lists_for_some_reasons(authority: Authority, ask: Ask) -> None:
    """They can say that it is revoked (RFC 5280, 6.3.3), and never alone that it is not."""
    here = x509.UniformResourceIdentifier("http://127.0.0.1:9/a.crl")
    some = frozenset([x509.ReasonFlags.key_compromise])
    limited = authority.issue(crl=x509.DistributionPoint([here], None, some, None))
    plain = authority.issue(crl=here.value)
    for signer, crl in (
        (limited, lambda: authority.crl(NOW, point=here.value)),
        (plain, lambda: authority.crl(NOW, point=here.value, only_reasons=some)),
    ):
        assert said(ask(signer, crl())) == ("not-checked", "some-reasons")
        assert said(ask(signer, crl(), authority.crl(NOW))) == GOOD, "one for all of them"
        authority.revoke(signer, NOW - DAY, x509.ReasonFlags.key_compromise)
        assert ask(signer, crl()).status == "revoked"
    assert said(ask(authority.issue(crl=here.value), authority.crl(NOW, point=here.value))) == GOOD, "the control"


# CRLs by HTTP


def test_a_crl_from_where_the_certificate_says(authority: Authority, pki_server: PkiServer, ask: Ask) -> None:
    url = pki_server.crl("/ca.crl", authority.crl(NOW))
    signer, revoked = authority.issue(crl=url), authority.issue(crl=url)
    answer = ask(signer)
    assert (said(answer), answer.source, answer.produced) == (GOOD, url, NOW)
    authority.revoke(revoked, NOW - DAY, x509.ReasonFlags.affiliation_changed)
    pki_server.crl("/ca.crl", authority.crl(NOW))
    answer = ask(revoked)
    assert (answer.status, answer.reason, answer.revoked_at) == (
        RevocationStatus.REVOKED,
        "affiliationChanged",
        NOW - DAY,
    )
    assert said(ask(signer)) == GOOD


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason(authority: Authority, pki_server: PkiServer, ask: Ask, reason: x509.ReasonFlags) -> None:
    listed = authority.issue(crl=pki_server.url("/ca.crl"))
    asked_for = authority.issue(ocsp=pki_server.ocsp("/ocsp", OcspResponder(authority, NOW)))
    for signer in (listed, asked_for):
        authority.revoke(signer, NOW - DAY, reason)
    pki_server.crl("/ca.crl", authority.crl(NOW))
    hold = reason is x509.ReasonFlags.certificate_hold
    for answer in (ask(listed), ask(asked_for)):
        assert answer.status is (RevocationStatus.ON_HOLD if hold else RevocationStatus.REVOKED)
        assert (answer.reason, answer.revoked_at) == (reason.value, NOW - DAY)


LISTS: dict[str, tuple[Callable[[Authority], x509.CertificateRevocationList], tuple[str, str]]] = {
    "fresh": (lambda ca: ca.crl(NOW - DAY), GOOD),
    "stale": (lambda ca: ca.crl(NOW - 9 * DAY), ("not-checked", "stale")),
    "without nextUpdate": (lambda ca: ca.crl(NOW, life=None), ("not-checked", "stale")),
    "from the future": (lambda ca: ca.crl(NOW + DAY), NOTHING),
    "by the wrong key": (lambda ca: ca.look_alike().crl(NOW), NOTHING),
    "of another authority": (lambda ca: Authority(ca.keys, "Another").crl(NOW), NOTHING),
    "of another partition": (lambda ca: ca.crl(NOW, point="http://127.0.0.1/other.crl"), NOTHING),
    "for CAs only": (lambda ca: ca.crl(NOW, only_cas=True), NOTHING),
    "for users only": (lambda ca: ca.crl(NOW, only_users=True), GOOD),
    "for some reasons": (
        lambda ca: ca.crl(NOW, only_reasons=[x509.ReasonFlags.key_compromise]),
        ("not-checked", "some-reasons"),
    ),
    "indirect": (lambda ca: ca.crl(NOW, indirect=True), ("not-checked", "indirect")),
    "with an unknown critical extension": (lambda ca: ca.crl(NOW, extra=[(UNKNOWN_EXTENSION, True)]), NOTHING),
    "with an unknown extension": (lambda ca: ca.crl(NOW, extra=[(UNKNOWN_EXTENSION, False)]), GOOD),
    "a delta alone": (lambda ca: ca.crl(NOW, number=2, base=1), NOTHING),
}


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("way", ["fetched", "file", "embedded", "source"])
def test_lists(authority: Authority, pki_server: PkiServer, ask: Ask, tmp_path: Path, name: str, way: str) -> None:
    make, expected = LISTS[name]
    signer = authority.issue(crl=pki_server.url("/ca.crl") if way == "fetched" else ())
    der = make(authority).public_bytes(Encoding.DER)
    if way == "fetched":
        pki_server.crl("/ca.crl", der)
        assert said(ask(signer)) == expected
    elif way == "file":
        (tmp_path / "ca.crl").write_bytes(der)
        assert said(ask(signer, tmp_path / "ca.crl")) == said(ask(signer, tmp_path)) == expected
    elif way == "embedded":
        assert said(ask(signer, embedded=(b"garbage", der))) == expected
    else:
        assert said(ask(signer, sources=(lambda *_: [der],))) == expected


def test_a_partition_by_directory_name(authority: Authority, ask: Ask) -> None:
    """As the JPKI has them: nothing to fetch, but a file that says the same name."""
    here, there = name_of("Municipality A CRLDP"), name_of("Municipality B CRLDP")
    signer = authority.issue(crl=here)
    assert said(ask(signer, authority.crl(NOW, point=there))) == NOTHING
    assert said(ask(signer, authority.crl(NOW, point=there), authority.crl(NOW, point=here))) == GOOD


def test_a_delta_with_its_base(authority: Authority, ask: Ask) -> None:
    signer, released = authority.issue(), authority.issue()
    hold = Entry(released.certificate.serial_number, NOW - 5 * DAY, x509.ReasonFlags.certificate_hold)
    base = authority.crl(NOW - 4 * DAY, number=5, entries=[hold])
    moved = Entry(signer.certificate.serial_number, NOW - 2 * DAY, x509.ReasonFlags.affiliation_changed)
    gone = Entry(released.certificate.serial_number, NOW - 2 * DAY, x509.ReasonFlags.remove_from_crl)
    delta = authority.crl(NOW - DAY, number=7, base=5, entries=[moved, gone])
    assert said(ask(signer, base)) == GOOD
    assert said(ask(released, base))[0] == "on-hold"
    assert said(ask(signer, base, delta))[0] == "revoked"
    assert said(ask(released, base, delta)) == GOOD
    too_old = authority.crl(NOW - DAY, number=7, base=6, entries=[moved])
    assert said(ask(signer, base, too_old)) == GOOD, "it builds upon a list that is newer than ours"


def test_a_revocation_stands_in_stale_lists_too(authority: Authority, ask: Ask) -> None:
    signer = authority.issue()
    authority.revoke(signer, NOW - 40 * DAY)
    assert said(ask(signer, authority.crl(NOW - 30 * DAY)))[0] == "revoked"
    assert said(ask(signer, authority.crl(NOW - 30 * DAY), at=NOW - 50 * DAY)) == GOOD


# OCSP


RESPONDERS: dict[str, tuple[Callable[[OcspResponder], OcspResponder], tuple[str, str]]] = {
    "good": (lambda one: one, GOOD),
    "named by name": (lambda one: replace(one, named_by=ocsp.OCSPResponderEncoding.NAME), GOOD),
    "unknown": (lambda one: replace(one, status=ocsp.OCSPCertStatus.UNKNOWN), ("not-checked", "ocsp-unknown")),
    "revoked": (lambda one: replace(one, status=ocsp.OCSPCertStatus.REVOKED), ("revoked", "")),
    "stale": (lambda one: replace(one, at=NOW - 9 * DAY), ("not-checked", "ocsp-stale")),
    "without nextUpdate": (lambda one: replace(one, life=None), GOOD),
    "old without nextUpdate": (lambda one: replace(one, at=NOW - DAY, life=None), ("not-checked", "ocsp-stale")),
    "from the future": (lambda one: replace(one, at=NOW + DAY), ("not-checked", "ocsp-future")),
    "without nonce": (lambda one: replace(one, nonce="none"), GOOD),
    "wrong nonce": (lambda one: replace(one, nonce="wrong"), ("not-checked", "ocsp-nonce")),
    "another certificate's": (lambda one: replace(one, about=4711), ("not-checked", "ocsp-other-certificate")),
    "bad signature": (lambda one: replace(one, bad_signature=True), ("not-checked", "ocsp-signer")),
    "try later": (
        lambda one: replace(one, error=ocsp.OCSPResponseStatus.TRY_LATER),
        ("not-checked", "ocsp-try-later"),
    ),
    "unauthorized": (
        lambda one: replace(one, error=ocsp.OCSPResponseStatus.UNAUTHORIZED),
        ("not-checked", "ocsp-unauthorized"),
    ),
    "internal error": (
        lambda one: replace(one, error=ocsp.OCSPResponseStatus.INTERNAL_ERROR),
        ("not-checked", "ocsp-error"),
    ),
    "delegated": (lambda one: replace(one, signer=one.authority.responder()), GOOD),
    "delegated, without certificate": (
        lambda one: replace(one, signer=one.authority.responder(), certificates=False),
        ("not-checked", "ocsp-signer"),
    ),
    "delegated, without EKU": (
        lambda one: replace(one, signer=one.authority.responder(purpose=False)),
        ("not-checked", "ocsp-signer"),
    ),
    "delegated, to be checked itself": (
        lambda one: replace(one, signer=one.authority.responder(no_check=False)),
        ("not-checked", "ocsp-signer-unchecked"),
    ),
    "delegated, expired": (
        lambda one: replace(one, signer=one.authority.responder(until=NOW - DAY)),
        ("not-checked", "ocsp-signer-expired"),
    ),
    "delegated by another authority": (
        lambda one: replace(one, signer=Authority(one.authority.keys, "Another").responder()),
        ("not-checked", "ocsp-signer"),
    ),
    "a look-alike": (
        lambda one: replace(one, signer=one.authority.look_alike().credential),
        ("not-checked", "ocsp-signer"),
    ),
    "delegated by a look-alike": (
        lambda one: replace(one, signer=one.authority.look_alike().responder()),
        ("not-checked", "ocsp-signer"),
    ),
}


@pytest.mark.parametrize("name", RESPONDERS)
def test_responders(authority: Authority, pki_server: PkiServer, ask: Ask, name: str) -> None:
    make, expected = RESPONDERS[name]
    url = pki_server.ocsp("/ocsp", make(OcspResponder(authority, NOW)))
    answer = ask(authority.issue(ocsp=url))
    assert (said(answer), answer.source) == (expected, url)


def test_the_same_serial_number_of_another_authority(authority: Authority, pki_server: PkiServer, ask: Ask) -> None:
    """An answer is about a certificate of an issuer, by name and key, not about a number."""
    other = Authority(authority.keys, "Another")
    signer = authority.issue(ocsp=pki_server.url("/ocsp"), serial=77)
    other.issue(serial=77)
    genuine = OcspResponder(authority, NOW)

    class Confused:
        def answer(self, request_der: bytes) -> bytes:
            asked = ocsp.load_der_ocsp_request(request_der)
            builder = ocsp.OCSPRequestBuilder().add_certificate(
                other.issued[77], other.certificate, asked.hash_algorithm
            )
            return replace(genuine, status=ocsp.OCSPCertStatus.GOOD).answer(builder.build().public_bytes(Encoding.DER))

    pki_server.ocsp("/ocsp", Confused())
    assert said(ask(signer)) == ("not-checked", "ocsp-other-certificate")
    pki_server.ocsp("/ocsp", genuine)
    assert said(ask(signer)) == GOOD


def test_a_given_responder_is_asked_instead(authority: Authority, pki_server: PkiServer, ask: Ask) -> None:
    url = pki_server.ocsp("/mine", OcspResponder(authority, NOW))
    signer = authority.issue(ocsp=pki_server.url("/theirs"))
    assert said(ask(signer, options=replace(LOCAL, ocsp_url=url))) == GOOD
    assert {request.path for request in pki_server.requests} == {"/mine"}
    assert said(ask(authority.issue(), options=replace(LOCAL, ocsp_url=url))) == GOOD


def test_what_is_sent(authority: Authority, pki_server: PkiServer, ask: Ask) -> None:
    url = pki_server.ocsp("/ocsp", OcspResponder(authority, NOW))
    signer = authority.issue(ocsp=url)
    ask(signer)
    (request,) = pki_server.requests
    assert (request.method, request.headers["Content-Type"]) == ("POST", "application/ocsp-request")
    assert request.credentials == {}
    asked = ocsp.load_der_ocsp_request(request.body)
    assert asked.serial_number == signer.certificate.serial_number
    ask(signer)
    assert pki_server.requests[1].body != request.body, "the nonce is another one"


def test_no_credentials_and_no_proxy(
    authority: Authority, pki_server: PkiServer, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that the user keeps for other programs goes along, and a cookie that a server gives is not given back."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://me:secret@127.0.0.1:9/")
    first = pki_server.crl("/first.crl", authority.crl(NOW), header("Set-Cookie", "a=b"))
    asked = status(401, ("WWW-Authenticate", "Basic realm=x"))
    moved = pki_server.crl("/moved.crl", authority.crl(NOW), redirect("/second.crl"))
    pki_server.crl("/second.crl", authority.crl(NOW))
    assert said(ask(authority.issue(crl=first))) == GOOD
    assert said(ask(authority.issue(crl=pki_server.crl("/b.crl", authority.crl(NOW), asked)))) == (
        "not-checked",
        "fetch-status",
    )
    assert said(ask(authority.issue(crl=moved))) == GOOD
    assert [request.path for request in pki_server.requests] == ["/first.crl", "/b.crl", "/moved.crl", "/second.crl"]
    assert all(request.credentials == {} for request in pki_server.requests)


def test_by_get_where_there_is_no_post(authority: Authority, pki_server: PkiServer, ask: Ask) -> None:
    url = pki_server.ocsp("/ocsp", OcspResponder(authority, NOW))
    pki_server.routes["/ocsp"].fault = lambda answer, request: replace(
        answer, **({} if request.method == "GET" else {"status": 405})
    )
    assert said(ask(authority.issue(ocsp=url))) == GOOD
    assert [request.method for request in pki_server.requests] == ["POST", "GET"]


def test_ocsp_before_crl_and_crl_where_ocsp_fails(authority: Authority, pki_server: PkiServer, ask: Ask) -> None:
    signer = authority.issue(ocsp=pki_server.url("/ocsp"), crl=pki_server.crl("/ca.crl", authority.crl(NOW)))
    assert (said(answer := ask(signer)), answer.source) == (GOOD, pki_server.url("/ca.crl"))
    pki_server.ocsp("/ocsp", OcspResponder(authority, NOW))
    assert ask(signer).source == pki_server.url("/ocsp")


# The way there


FAULTS = {
    "endless": (endless(), "fetch-too-large"),
    "big": (big(), "fetch-too-large"),
    "garbage": (body(b"garbage"), "ocsp-garbage"),
    "a page": (body(b"<html>login</html>"), "ocsp-garbage"),
    "empty": (body(b""), "ocsp-garbage"),
    "refused": (status(500), "fetch-status"),
    "redirect to itself": (redirect(), "fetch-redirects"),
    "cut": (cut(), "fetch-unreachable"),
    "hung up": (hang_up(), "fetch-unreachable"),
    "compressed": (zipped(), "fetch-encoding"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_on_the_way(authority: Authority, pki_server: PkiServer, ask: Ask, name: str) -> None:
    fault, why = FAULTS[name]
    url = pki_server.ocsp("/ocsp", OcspResponder(authority, NOW), fault)
    begun = time.monotonic()
    assert said(ask(authority.issue(ocsp=url))) == ("not-checked", why)
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize("fault", [slow(before=60), slow(between=2)], ids=["before", "a byte now and then"])
def test_a_slow_server(
    authority: Authority, pki_server: PkiServer, ask: Ask, fault: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jitsuin.revocation._SECONDS", 1.0)
    url = pki_server.ocsp("/ocsp", OcspResponder(authority, NOW), fault)
    begun = time.monotonic()
    assert said(ask(authority.issue(ocsp=url))) == ("not-checked", "fetch-timeout")
    assert time.monotonic() - begun < 15


def test_an_unreachable_server(authority: Authority, pki_server: PkiServer, ask: Ask) -> None:
    assert said(ask(authority.issue(ocsp=pki_server.unreachable()))) == ("not-checked", "fetch-unreachable")
    assert said(ask(authority.issue(ocsp="http://nowhere.invalid/"))) == ("not-checked", "fetch-unreachable")


def test_redirects_of_a_crl(authority: Authority, pki_server: PkiServer, ask: Ask) -> None:
    signer = authority.issue(crl=pki_server.url("/ca.crl"))
    for length, expected in ((3, GOOD), (4, ("not-checked", "fetch-redirects"))):
        pki_server.crl("/ca.crl", authority.crl(NOW), redirect_chain(length))
        assert said(ask(signer)) == expected


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("file:///etc/passwd", "fetch-scheme"),
        ("ftp://127.0.0.1/ca.crl", "fetch-scheme"),
        ("http://user:secret@127.0.0.1/ca.crl", "fetch-scheme"),
        ("http://127.0.0.1:0/", "fetch-scheme"),
    ],
)
def test_redirects_to_what_is_not_to_be_fetched(
    authority: Authority, pki_server: PkiServer, ask: Ask, target: str, why: str
) -> None:
    signer = authority.issue(crl=pki_server.url("/ca.crl"))
    pki_server.crl("/ca.crl", authority.crl(NOW), redirect(target))
    assert said(ask(signer)) == ("not-checked", why)


def test_a_redirect_to_a_private_address(
    authority: Authority, pki_server: PkiServer, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every address on the way is looked at, not the first alone: here one of loopback is taken for a public one."""
    monkeypatch.setattr("jitsuin.fetch._public", lambda address: address == "127.0.0.1")
    signer, options = authority.issue(crl=pki_server.url("/ca.crl")), EvidenceOptions()
    for host, expected in (("127.0.0.1", GOOD), ("127.0.0.2", ("not-checked", "fetch-private"))):
        there = pki_server.crl("/there.crl", authority.crl(NOW)).replace("127.0.0.1", host)
        pki_server.crl("/ca.crl", authority.crl(NOW), redirect(there))
        assert said(ask(signer, options=options)) == expected
    assert [request.path for request in pki_server.requests] == ["/ca.crl", "/there.crl", "/ca.crl"]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "10.1.2.3",
        "192.168.0.1",
        "169.254.169.254",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[fe80::1]",
    ],
)
def test_private_addresses_are_not_asked_unless_allowed(authority: Authority, ask: Ask, host: str) -> None:
    signer = authority.issue(ocsp=f"http://{host}:9/")
    assert said(ask(signer, options=EvidenceOptions())) == ("not-checked", "fetch-private")


def test_offline_opens_no_connection(
    authority: Authority, pki_server: PkiServer, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    signer = authority.issue(
        ocsp=pki_server.ocsp("/ocsp", OcspResponder(authority, NOW)), crl=pki_server.crl("/ca.crl", authority.crl(NOW))
    )
    assert said(ask(signer)) == GOOD

    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("a socket was used")

    for name in ("create_connection", "getaddrinfo", "socket"):
        monkeypatch.setattr(socket, name, forbidden)
    assert said(ask(signer, options=replace(LOCAL, offline=True))) == ("not-checked", "offline")
    with pytest.raises(AssertionError, match="a socket was used"):
        ask(signer)  # the control: the trap works


# What is kept


def test_what_was_fetched_is_kept(authority: Authority, pki_server: PkiServer, ask: Ask, tmp_path: Path) -> None:
    signer = authority.issue(
        ocsp=pki_server.ocsp("/ocsp", OcspResponder(authority, NOW)), crl=pki_server.crl("/ca.crl", authority.crl(NOW))
    )
    for _ in range(3):
        assert said(ask(signer, cache=tmp_path / "kept")) == GOOD
    assert len(pki_server.requests) == 1
    answer = ask(signer, cache=tmp_path / "kept", options=EvidenceOptions(offline=True))
    assert (said(answer), answer.source) == (GOOD, f"cache: {pki_server.url('/ocsp')}")
    assert answer.produced == NOW
    later = ask(signer, cache=tmp_path / "kept", options=EvidenceOptions(offline=True), at=NOW + 9 * DAY)
    assert said(later) == ("not-checked", "offline"), "it is out of date by then"


def test_what_is_kept_is_believed_for_its_signature(
    authority: Authority, pki_server: PkiServer, ask: Ask, tmp_path: Path
) -> None:
    url = pki_server.crl("/ca.crl", authority.crl(NOW))
    signer = authority.issue(crl=url)
    ask(signer, cache=tmp_path)
    (kept,) = tmp_path.iterdir()
    for planted in (b"garbage", authority.look_alike().crl(NOW).public_bytes(Encoding.DER), damaged(kept.read_bytes())):
        kept.write_bytes(planted)
        assert said(ask(signer, cache=tmp_path, options=EvidenceOptions(offline=True)))[0] == "not-checked"
        assert ask(signer, cache=tmp_path).source == url


def test_a_folder_that_cannot_be_written_is_no_error(
    authority: Authority, pki_server: PkiServer, ask: Ask, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    signer = authority.issue(crl=pki_server.crl("/ca.crl", authority.crl(NOW)))
    assert said(ask(signer, cache=tmp_path / "file")) == GOOD


def test_a_run_asks_once(authority: Authority, pki_server: PkiServer) -> None:
    signer = authority.issue(ocsp=pki_server.ocsp("/ocsp", OcspResponder(authority, NOW)))
    broker = Revocation([], LOCAL, NOW)
    for _ in range(3):
        assert said(broker.answer(signer.certificate, authority.certificate, NOW)) == GOOD
    assert len(pki_server.requests) == 1


# What the document brings


def der(crl: x509.CertificateRevocationList) -> bytes:
    return crl.public_bytes(Encoding.DER)


@pytest.mark.parametrize("way", ["crl", "ocsp"])
def test_old_evidence_in_the_document_hides_no_revocation(
    authority: Authority, pki_server: PkiServer, ask: Ask, way: str
) -> None:
    """Its maker chose it: what was good before the card was lost is still current, and newer is to be had."""
    old = der(authority.crl(NOW - 2 * DAY))
    url = pki_server.url("/ca")
    signer = authority.issue(crl=url if way == "crl" else (), ocsp=url if way == "ocsp" else None)
    assert said(ask(signer, embedded=(old,))) == GOOD, "nobody else tells"
    control = ask(signer, embedded=(der(authority.crl(NOW)),))
    pki_server.requests.clear()
    assert (said(control), control.source) == (GOOD, "document"), "of the time that counts: no other is asked"
    assert not pki_server.requests

    def publish() -> None:
        if way == "crl":
            pki_server.crl("/ca", authority.crl(NOW))
        else:
            pki_server.ocsp("/ca", OcspResponder(authority, NOW))

    publish()
    assert (said(answer := ask(signer, embedded=(old,))), answer.source) == (GOOD, url), "the newest that says good"
    authority.revoke(signer, NOW - DAY)
    publish()
    assert said(ask(signer, embedded=(old,))) == ("revoked", "")
    assert said(ask(signer, embedded=(old,), at=NOW - 2 * DAY)) == GOOD, "it was not, by then"
    assert said(ask(signer, embedded=(old,), options=EvidenceOptions(offline=True))) == GOOD


def test_what_a_run_keeps_of_answers_is_small(authority: Authority) -> None:
    """Not what documents brought, nor the lists: a batch may have any number of them."""
    signer = authority.issue()
    for number in range(30):
        authority.revoke(authority.issue(f"Other {number}"), NOW - DAY)
    embedded = der(authority.crl(NOW))
    broker = Revocation([], EvidenceOptions(offline=True), NOW)

    def ask_about(numbers: range) -> None:
        for number in numbers:
            brought = (embedded, b"%d" % number * 100_000)
            assert said(broker.answer(signer.certificate, authority.certificate, NOW, brought)) == GOOD

    ask_about(range(5))
    tracemalloc.start()
    try:
        ask_about(range(5, 105))
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()


# Others' sources


def test_a_source_that_fails_is_no_answer(authority: Authority, ask: Ask) -> None:
    def failing(*_: object) -> list[bytes]:
        raise RuntimeError("somebody else's")

    signer, der = authority.issue(), authority.crl(NOW).public_bytes(Encoding.DER)
    assert said(ask(signer, sources=(failing,))) == ("not-checked", "source-failed")
    assert said(ask(signer, sources=(failing, lambda *_: [der]))) == GOOD
    assert said(ask(signer, sources=(lambda *_: [b"", b"garbage"],))) == NOTHING
