"""The rig for revocation and time, judged by the openssl program; its server is in test_pki_server.py."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from cryptography.x509 import ReasonFlags, ocsp

from authority import UNKNOWN_EXTENSION, Authority, Credential, Entry, Keys, damaged, distribution_point, name_of
from judges import OpenSsl
from pki_servers import PkiServer, ask
from programs import run
from responders import OTHER_POLICY, POLICY, OcspResponder, TimeStampResp, Tsa

AT = datetime(2026, 3, 2, 3, 4, 5, tzinfo=UTC)
DAY = timedelta(days=1)
URI, OTHER_URI = "http://pki.test/a.crl", "http://pki.test/b.crl"


@pytest.fixture(autouse=True)
def programs(tsa: Tsa) -> None:
    """All of this needs openssl and faketime, as the TSA does; without them its tests are skipped."""


def at_that_time(*arguments: str | Path, at: datetime = AT) -> str:
    """What openssl prints when it is that time."""
    words = ["env", "TZ=UTC", "faketime", f"{at:%Y-%m-%d %H:%M:%S}", "openssl", *map(str, arguments)]
    done = run(words)
    return (done.stdout + done.stderr).decode(errors="replace")


def pem(folder: Path, name: str, *things: x509.Certificate | x509.CertificateRevocationList) -> Path:
    path = folder / f"{name}.pem"
    path.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in things))
    return path


def checked(
    folder: Path, leaf: Credential, root: Authority, *crls: x509.CertificateRevocationList, options: Sequence[str] = ()
) -> str:
    """`openssl verify -crl_check` at AT."""
    files = ["-CRLfile", pem(folder, "crls", *crls), "-untrusted", pem(folder, "between", *leaf.issuers)]
    trust = ["-no-CApath", "-no-CAstore", "-CAfile", pem(folder, "root", root.certificate)]
    time_of_day = ["-attime", str(int(AT.timestamp()))]
    return at_that_time(
        "verify", "-crl_check", *options, *time_of_day, *trust, *files, pem(folder, "leaf", leaf.certificate)
    )


# Certificates


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_certificates(authority_keys: Keys, openssl: OpenSsl, kind: Any) -> None:
    root = Authority(authority_keys, kind=kind)
    middle = root.intermediate(crl=URI)
    leaf = middle.issue(crl=[URI, name_of("CRLDP")], ocsp="http://pki.test/ocsp", ca_issuers="http://pki.test/a.cer")
    assert leaf.issuers == (middle.certificate, root.certificate)
    judged = {"trusted": [root.certificate], "untrusted": leaf.issuers, "strict": True}
    assert openssl.verify(leaf.certificate, at=AT, **judged).ok
    assert openssl.verify(middle.look_alike().issue().certificate, at=AT, **judged).invalid
    expired, future = middle.issue(until=AT - DAY), middle.issue(since=AT + DAY)
    assert "expired" in openssl.verify(expired.certificate, at=AT, **judged).detail
    assert "not yet valid" in openssl.verify(future.certificate, at=AT, **judged).detail


def test_keys_are_the_same_for_all_who_share_the_folder(authority_keys: Keys, tmp_path: Path) -> None:
    def numbers(keys: Keys, kind: Any) -> Any:
        return Authority(keys, kind=kind).certificate.public_key().public_numbers()

    again, elsewhere = Keys(authority_keys._folder), Keys(tmp_path)
    assert numbers(again, "rsa") == numbers(authority_keys, "rsa")
    assert numbers(elsewhere, "ec") == numbers(authority_keys, "ec")


def test_a_look_alike_differs_by_its_key_only(authority_keys: Keys) -> None:
    authority = Authority(authority_keys)
    fake = authority.look_alike()
    assert fake.certificate.subject == authority.certificate.subject
    assert fake.certificate.serial_number == authority.certificate.serial_number
    assert list(fake.certificate.extensions) == list(authority.certificate.extensions)
    assert fake.certificate.public_key() != authority.certificate.public_key()
    assert fake.issue().certificate.serial_number == authority.issue().certificate.serial_number


def test_pkcs12(authority: Authority) -> None:
    leaf = authority.issue()
    key, certificate, above = pkcs12.load_key_and_certificates(leaf.pkcs12("secret"), b"secret")
    assert (certificate, above) == (leaf.certificate, [authority.certificate])
    assert key is not None
    assert key.public_key() == leaf.certificate.public_key()


# CRLs


def test_good_and_revoked(authority: Authority, tmp_path: Path) -> None:
    leaf = authority.issue()
    assert "leaf.pem: OK" in checked(tmp_path, leaf, authority, authority.crl(AT - DAY))
    authority.revoke(leaf, AT - DAY, ReasonFlags.superseded)
    assert "certificate revoked" in checked(tmp_path, leaf, authority, authority.crl(AT))
    assert "leaf.pem: OK" in checked(tmp_path, leaf, authority, authority.crl(AT - 2 * DAY))
    assert "certificate revoked" in checked(tmp_path, leaf, authority, authority.crl(AT, life=None))


@pytest.mark.parametrize("reason", [None, *ReasonFlags])
def test_reasons(authority: Authority, openssl: OpenSsl, reason: ReasonFlags | None) -> None:
    crl = authority.crl(AT, entries=[Entry(4711, AT - DAY, reason)])
    assert openssl.verify_crl(crl, authority.certificate).ok
    (entry,) = crl
    assert (entry.serial_number, entry.revocation_date_utc) == (4711, AT - DAY)
    assert [one.value.reason for one in entry.extensions] == ([reason] if reason else [])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "OK"),
        ({"life": None}, "OK"),
        ({"point": URI}, "OK"),
        ({"only_users": True}, "OK"),
        ({"point": OTHER_URI}, "different CRL scope"),
        ({"point": name_of("CRLDP")}, "different CRL scope"),
        ({"only_cas": True}, "different CRL scope"),
        ({"only_reasons": [ReasonFlags.key_compromise]}, "unable to get certificate CRL"),
        ({"at": AT - 9 * DAY}, "CRL has expired"),
        ({"at": AT + DAY}, "CRL is not yet valid"),
        ({"extra": [(UNKNOWN_EXTENSION, True)]}, "unhandled critical CRL extension"),
        ({"extra": [(UNKNOWN_EXTENSION, False)]}, "OK"),
    ],
)
def test_what_a_crl_is_good_for(authority: Authority, tmp_path: Path, options: dict[str, Any], said: str) -> None:
    crl = authority.crl(**{"at": AT - DAY} | options)
    assert said in checked(tmp_path, authority.issue(crl=URI), authority, crl)


def test_partitions_by_directory_name(authority: Authority, tmp_path: Path) -> None:
    here, there = name_of("Mihon-shi CRLDP"), name_of("Tameshi-cho CRLDP")
    leaf = authority.issue(crl=here)
    assert "OK" in checked(tmp_path, leaf, authority, authority.crl(AT, point=here))
    assert "OK" in checked(tmp_path, leaf, authority, authority.crl(AT, point=[OTHER_URI, here]))
    assert "different CRL scope" in checked(tmp_path, leaf, authority, authority.crl(AT, point=there))


def test_crls_of_the_wrong_key(authority: Authority, openssl: OpenSsl, tmp_path: Path) -> None:
    false = authority.look_alike().crl(AT)
    assert false.issuer == authority.name
    assert openssl.verify_crl(false, authority.certificate).invalid
    assert "CRL signature failure" in checked(tmp_path, authority.issue(), authority, false)
    spoilt = x509.load_der_x509_crl(damaged(authority.crl(AT).public_bytes(Encoding.DER)))
    assert "CRL signature failure" in checked(tmp_path, authority.issue(), authority, spoilt)


def test_delta_crls(authority: Authority, tmp_path: Path) -> None:
    leaf, other = authority.issue(crl=URI), authority.issue(crl=URI)
    held = Entry(other.certificate.serial_number, AT - 3 * DAY, ReasonFlags.certificate_hold)
    base = authority.crl(AT - 2 * DAY, number=5, freshest=OTHER_URI, entries=[held])
    news = [
        Entry(leaf.certificate.serial_number, AT - DAY, ReasonFlags.key_compromise),
        Entry(other.certificate.serial_number, AT - DAY, ReasonFlags.remove_from_crl),
    ]
    delta = authority.crl(AT - DAY, number=6, base=5, entries=news)
    both = ["-use_deltas", "-extended_crl"]
    assert "leaf.pem: OK" in checked(tmp_path, leaf, authority, base)
    assert "certificate revoked" in checked(tmp_path, leaf, authority, base, delta, options=both)
    assert "certificate revoked" in checked(tmp_path, other, authority, base)
    assert "leaf.pem: OK" in checked(tmp_path, other, authority, base, delta, options=both)


def test_indirect_crls(authority: Authority, tmp_path: Path) -> None:
    teller = authority.intermediate("CRL issuer", usage=["crl_sign"])
    leaf = authority.issue(crl=distribution_point(URI, teller.name))
    number = leaf.certificate.serial_number
    for owner, said in ((authority.name, "certificate revoked"), (name_of("Another"), "leaf.pem: OK")):
        crl = teller.crl(AT, point=URI, indirect=True, entries=[Entry(number, AT - DAY, issuer=owner)])
        leaf_with = Credential(leaf.certificate, leaf.key, (*leaf.issuers, teller.certificate))
        assert said in checked(tmp_path, leaf_with, authority, crl, options=["-extended_crl"])
        assert "unable to get certificate CRL" in checked(tmp_path, leaf_with, authority, crl)


# OCSP

OCSP = ocsp.OCSPResponseStatus


def asked(folder: Path, url: str, leaf: Credential, root: Authority, digest: str = "sha1") -> str:
    """`openssl ocsp` at AT; the digest is that of the CertID."""
    trust = ["-no-CApath", "-CAfile", pem(folder, "root", root.certificate)]
    words = ["-issuer", pem(folder, "issuer", leaf.issuers[0]), f"-{digest}", "-cert"]
    leaf_file = pem(folder, "leaf", leaf.certificate)
    return at_that_time("ocsp", "-nonce", "-timeout", "20", *trust, *words, leaf_file, "-url", url)


@pytest.mark.parametrize("kind", ["ec", "rsa"])
@pytest.mark.parametrize("digest", ["sha1", "sha256"])
def test_good_revoked_unknown(
    authority_keys: Keys, pki_server: PkiServer, tmp_path: Path, kind: Any, digest: str
) -> None:
    authority = Authority(authority_keys, kind=kind)
    leaf, held, never = authority.issue(), authority.issue("Held"), authority.look_alike().issue(serial=12345)
    url = pki_server.ocsp("/ocsp", OcspResponder(authority, AT))
    authority.revoke(held, AT - DAY, ReasonFlags.certificate_hold)
    good, revoked = (asked(tmp_path, url, one, authority, digest) for one in (leaf, held))
    assert ("Response verify OK" in good, "leaf.pem: good" in good) == (True, True)
    assert "leaf.pem: revoked" in revoked
    assert "Reason: certificateHold" in revoked
    assert "Revocation Time: Mar  1 03:04:05 2026 GMT" in revoked
    never = Credential(never.certificate, never.key, (authority.certificate,))
    assert "leaf.pem: unknown" in asked(tmp_path, url, never, authority, digest)
    middle = Authority(authority_keys, "Another", kind=kind)  # the number is known here, the issuer is not
    stranger = Credential(leaf.certificate, leaf.key, (middle.certificate,))
    assert "leaf.pem: unknown" in asked(tmp_path, url, stranger, authority)
    assert [(one.method, one.headers["Content-Type"]) for one in pki_server.requests] == [
        ("POST", "application/ocsp-request")
    ] * 4


OCSP_CASES: dict[str, tuple[Callable[[Authority], dict[str, Any]], str]] = {
    "delegated": (lambda a: {"signer": a.responder()}, "Response verify OK"),
    "named by its name": (
        lambda a: {"signer": a.responder(), "named_by": ocsp.OCSPResponderEncoding.NAME},
        "Response verify OK",
    ),
    "without OCSPSigning": (lambda a: {"signer": a.responder(purpose=False)}, "missing ocspsigning usage"),
    "without its certificate": (lambda a: {"signer": a.responder(), "certificates": False}, "signer certificate not"),
    "expired responder": (lambda a: {"signer": a.responder(until=AT - DAY)}, "certificate has expired"),
    "another CA's responder": (lambda a: {"signer": Authority(a.keys, "Another").responder()}, "Verify error"),
    "look-alike": (
        lambda a: {"signer": a.look_alike().credential, "named_by": ocsp.OCSPResponderEncoding.NAME},
        "Response Verify Failure",
    ),
    "bad signature": (lambda _: {"bad_signature": True}, "Response Verify Failure"),
    "stale": (lambda _: {"at": AT - 9 * DAY}, "status expired"),
    "not yet": (lambda _: {"at": AT + DAY}, "status not yet valid"),
    "produced later": (lambda _: {"produced": AT + DAY}, "leaf.pem: good"),
    "no nextUpdate": (lambda _: {"life": None}, "leaf.pem: good"),
    "wrong nonce": (lambda _: {"nonce": "wrong"}, "Nonce Verify error"),
    "no nonce": (lambda _: {"nonce": "none"}, "no nonce in response"),
    "another's answer": (lambda a: {"about": a.issue().certificate.serial_number}, "No Status found"),
    "says good": (lambda _: {"status": ocsp.OCSPCertStatus.GOOD}, "leaf.pem: good"),
    "says revoked": (lambda _: {"status": ocsp.OCSPCertStatus.REVOKED}, "leaf.pem: revoked"),
    "says unknown": (lambda _: {"status": ocsp.OCSPCertStatus.UNKNOWN}, "leaf.pem: unknown"),
    "tryLater": (lambda _: {"error": OCSP.TRY_LATER}, "trylater (3)"),
    "internalError": (lambda _: {"error": OCSP.INTERNAL_ERROR}, "internalerror (2)"),
    "sigRequired": (lambda _: {"error": OCSP.SIG_REQUIRED}, "sigrequired (5)"),
    "unauthorized": (lambda _: {"error": OCSP.UNAUTHORIZED}, "unauthorized (6)"),
}


FINE = {"delegated", "named by its name", "produced later", "no nextUpdate", "says good"}


@pytest.mark.parametrize("case", OCSP_CASES)
def test_ocsp_answers(authority: Authority, pki_server: PkiServer, tmp_path: Path, case: str) -> None:
    turn, said = OCSP_CASES[case]
    knobs: dict[str, Any] = {"authority": authority, "at": AT} | turn(authority)
    url = pki_server.ocsp("/ocsp", OcspResponder(**knobs))
    told = asked(tmp_path, url, authority.issue(), authority)
    assert said in told
    fine = "Response verify OK" in told and "leaf.pem: good" in told and "WARNING" not in told
    assert fine == (case in FINE), told


def test_ocsp_by_get(authority: Authority, pki_server: PkiServer) -> None:
    leaf = authority.issue()
    url = pki_server.ocsp("/deep/ocsp", OcspResponder(authority, AT))
    builder = ocsp.OCSPRequestBuilder().add_certificate(leaf.certificate, authority.certificate, hashes.SHA1())  # noqa: S303
    text = base64.b64encode(builder.build().public_bytes(Encoding.DER)).decode()
    for path in (text, quote(text, safe="")):
        got = ask(f"{url}/{path}")
        assert (got.status, got.content_type) == (200, "application/ocsp-response")
        answer = ocsp.load_der_ocsp_response(got.body)
        assert (answer.serial_number, answer.produced_at_utc) == (leaf.certificate.serial_number, AT)
    answer = ocsp.load_der_ocsp_response(ask(f"{url}/bm8gcmVxdWVzdA==").body)
    assert answer.response_status is OCSP.MALFORMED_REQUEST


# Timestamps

DATA = b"a return of income tax"


def stamped(folder: Path, tsa: Tsa, *options: str, name: str = "reply") -> Path:
    """The answer to a query of `openssl ts`, with a nonce and wanting the certificate unless the options say no."""
    (folder / "data").write_bytes(DATA)
    words = ["-data", folder / "data", "-sha256", "-out", folder / "query", *(options or ("-cert",))]
    at_that_time("ts", "-query", *words)
    (folder / name).write_bytes(tsa.answer((folder / "query").read_bytes()))
    return folder / name


def timestamp_checked(folder: Path, reply: Path, root: Authority, *options: str | Path, at: datetime = AT) -> str:
    """`openssl ts -verify`, whose clock is faketime's."""
    words = ["-in", reply, "-queryfile", folder / "query", "-CAfile", pem(folder, "root", root.certificate), *options]
    return at_that_time("ts", "-verify", *words, at=at)


def facts(reply: Path) -> Any:
    """TSTInfo."""
    response = TimeStampResp.load(reply.read_bytes())
    return response["time_stamp_token"]["content"]["encap_content_info"]["content"].parsed.native


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_timestamps(authority_keys: Keys, tmp_path: Path, kind: Any) -> None:
    root = Authority(authority_keys, kind=kind)
    tsa = Tsa(root.intermediate("TSA CA"), at=AT)
    reply = stamped(tmp_path, tsa)
    assert "Verification: OK" in timestamp_checked(tmp_path, reply, root)
    assert facts(reply)["gen_time"].replace(microsecond=0) - AT < timedelta(seconds=5)
    assert facts(reply)["policy"] == POLICY
    again = facts(stamped(tmp_path, tsa, "-cert", "-tspolicy", OTHER_POLICY))
    assert (again["policy"], again["serial_number"]) == (OTHER_POLICY, 2)


def test_timestamps_by_the_clock(tsa: Tsa, tmp_path: Path) -> None:
    assert abs(facts(stamped(tmp_path, tsa))["gen_time"] - datetime.now(UTC)) < timedelta(minutes=2)


TSA_CASES: dict[str, tuple[Callable[[Authority], dict[str, Any]], str]] = {
    "as it should be": (lambda _: {}, "Verification: OK"),
    "signed anew": (lambda a: {"signer": a.tsa("Another")}, "Verification: OK"),
    "certificate for sure": (lambda _: {"certificates": True}, "Verification: OK"),
    "certificate left out": (lambda _: {"certificates": False}, "signer certificate not found"),
    "another policy": (lambda _: {"policy": OTHER_POLICY}, "Verification: OK"),  # the query asked for none
    "wrong nonce": (lambda _: {"nonce": "wrong"}, "nonce mismatch"),
    "no nonce": (lambda _: {"nonce": "none"}, "nonce not returned"),
    "wrong digest": (lambda _: {"wrong_digest": True}, "message imprint mismatch"),
    "bad signature": (lambda _: {"bad_signature": True}, "signature failure"),
    "expired": (lambda a: {"signer": a.tsa(until=AT - DAY)}, "certificate has expired"),
    "without timeStamping": (lambda a: {"signer": a.tsa(purpose=False)}, "certificate purpose"),
    "not critical": (lambda a: {"signer": a.tsa(critical=False)}, "certificate purpose"),
    "another CA's": (lambda a: {"signer": Authority(a.keys, "Another").tsa()}, "certificate verify error"),
    "look-alike": (lambda a: {"signer": a.look_alike().tsa()}, "certificate verify error"),
    "rejected": (lambda _: {"reject": "system_failure"}, "failure codes: systemFailure"),
}


@pytest.mark.parametrize("case", TSA_CASES)
def test_timestamp_answers(authority: Authority, tsa: Tsa, tmp_path: Path, case: str) -> None:
    turn, said = TSA_CASES[case]
    tsa.at = AT
    for name, value in turn(authority).items():
        setattr(tsa, name, value)
    told = timestamp_checked(tmp_path, stamped(tmp_path, tsa), authority)
    assert said in told
    assert ("Verification: OK" in told) == (said == "Verification: OK")


def test_timestamps_by_another_policy_than_was_asked_for(authority: Authority, tsa: Tsa, tmp_path: Path) -> None:
    tsa.at, tsa.policy = AT, OTHER_POLICY
    reply = stamped(tmp_path, tsa, "-cert", "-tspolicy", POLICY)
    assert "policy mismatch" in timestamp_checked(tmp_path, reply, authority)


def test_timestamps_that_openssl_rejects(tsa: Tsa, tmp_path: Path) -> None:
    for options in (("-sha1",), ("-tspolicy", "1.2.3.4")):
        tsa.nonce = "wrong"
        response = TimeStampResp.load(stamped(tmp_path, tsa, *options).read_bytes())
        assert response["status"]["status"].native == "rejection"


def test_timestamps_by_http(tsa: Tsa, pki_server: PkiServer, authority: Authority, tmp_path: Path) -> None:
    tsa.at = AT
    stamped(tmp_path, tsa)
    url = pki_server.tsa("/tsa", tsa)
    query = (tmp_path / "query").read_bytes()
    got = ask(url, query, "application/timestamp-query")
    assert (got.status, got.content_type) == (200, "application/timestamp-reply")
    (tmp_path / "reply").write_bytes(got.body)
    assert "Verification: OK" in timestamp_checked(tmp_path, tmp_path / "reply", authority)
    assert pki_server.requests[0].body == query
