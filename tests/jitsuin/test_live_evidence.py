"""Signing and verifying, XML and PDF, while live servers say all kinds of things: a table of what comes of each.

Nothing ends VALID that should not, "not checked" is never "good", and nothing is written that was refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from authority import Authority, Credential
from jitsuin.samples.documents import income_tax_return
from pki_faults import status
from pki_servers import PkiServer
from responders import OcspResponder

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
SAMPLES = Path(__file__).parents[2] / "samples" / "unsigned"
DOCUMENTS = {"xml": "income.xtx", "pdf": "certificate.pdf"}
REFUSED, DONE, INDETERMINATE, INVALID = 10, 0, 3, 1


@dataclass(frozen=True)
class Case:
    """What the servers say, and what `sign` and `verify` end with when revocation must be known (`require`)."""

    prepare: Callable[[Authority, PkiServer, Credential], None]
    sign: int
    verify: int
    told: str = ""
    """Part of what is said of it."""
    issue: Callable[[Authority, str, str], Credential] | None = None
    """Another certificate than an ordinary one with both addresses."""


def crl(make: Callable[[Authority], x509.CertificateRevocationList]) -> Callable[..., None]:
    return lambda authority, server, _signer: server.crl("/ca.crl", make(authority)) and None


def responder(**changes: object) -> Callable[..., None]:
    def prepare(authority: Authority, server: PkiServer, _signer: Credential) -> None:
        server.ocsp("/ocsp", replace(OcspResponder(authority, NOW), **changes))

    return prepare


def revoked(reason: x509.ReasonFlags) -> Callable[..., None]:
    def prepare(authority: Authority, server: PkiServer, signer: Credential) -> None:
        authority.revoke(signer, NOW - DAY, reason)
        server.ocsp("/ocsp", OcspResponder(authority, NOW))

    return prepare


def nothing(*_: object) -> None:
    """The addresses lead to a server that has nothing there."""


CASES = {
    "good by OCSP": Case(responder(), DONE, DONE, "good ("),
    "good by CRL": Case(crl(lambda ca: ca.crl(NOW)), DONE, DONE, "good ("),
    "revoked, moved": Case(
        revoked(x509.ReasonFlags.affiliation_changed), REFUSED, INDETERMINATE, "moved or changed name"
    ),
    "revoked, key compromise": Case(revoked(x509.ReasonFlags.key_compromise), REFUSED, INDETERMINATE, "compromised"),
    "on hold": Case(revoked(x509.ReasonFlags.certificate_hold), REFUSED, INDETERMINATE, "on hold since"),
    "unknown to OCSP": Case(responder(status=ocsp.OCSPCertStatus.UNKNOWN), REFUSED, INDETERMINATE, "does not know it"),
    "stale OCSP": Case(responder(at=NOW - 9 * DAY), REFUSED, INDETERMINATE, "out of date"),
    "stale CRL": Case(crl(lambda ca: ca.crl(NOW - 9 * DAY)), REFUSED, INDETERMINATE),
    "CRL by the wrong key": Case(crl(lambda ca: ca.look_alike().crl(NOW)), REFUSED, INDETERMINATE),
    "try later": Case(responder(error=ocsp.OCSPResponseStatus.TRY_LATER), REFUSED, INDETERMINATE, "try later"),
    "wrong nonce": Case(responder(nonce="wrong"), REFUSED, INDETERMINATE, "another request"),
    "nothing there": Case(nothing, REFUSED, INDETERMINATE, "refused"),
    "expired": Case(
        responder(), REFUSED, INDETERMINATE, "expired", lambda ca, o, c: ca.issue(ocsp=o, crl=c, until=NOW - DAY)
    ),
    "not yet valid": Case(
        responder(), REFUSED, INVALID, "valid only from", lambda ca, o, c: ca.issue(ocsp=o, crl=c, since=NOW + DAY)
    ),
    "of a look-alike": Case(
        responder(), REFUSED, INDETERMINATE, "", lambda ca, o, c: ca.look_alike().issue(ocsp=o, crl=c)
    ),
    "for authentication": Case(
        responder(),
        REFUSED,
        INVALID,
        "",
        lambda ca, o, c: ca.issue(
            ocsp=o,
            crl=c,
            usage=["digital_signature"],
            extra=[
                (
                    x509.CertificatePolicies(
                        [x509.PolicyInformation(x509.ObjectIdentifier("1.2.392.200149.8.5.1.3.30"), None)]
                    ),
                    True,
                )
            ],
        ),
    ),
}


@dataclass
class Desk:
    """Where somebody signs and verifies with this authority as the only anchor."""

    run: Callable
    folder: Path
    authority: Authority

    def sign(self, kind: str, signer: Credential, *options: str) -> object:
        (self.folder / "id.p12").write_bytes(signer.pkcs12("secret"))
        return self._run(
            "sign",
            self.folder / DOCUMENTS[kind],
            "-o",
            self.folder / f"signed.{kind}",
            "--key",
            f"file:{self.folder / 'id.p12'}",
            "--pin-source",
            f"fd:{pin('secret')}",
            "--overwrite",
            *options,
        )

    def verify(self, kind: str, *options: str) -> object:
        return self._run("verify", self.folder / f"signed.{kind}", *options)

    def _run(self, *arguments: object) -> object:
        return self.run(*arguments, "--trust", self.folder / "ca.cer", "--allow-private-network")


def pin(text: str) -> int:
    import os

    reading, writing = os.pipe()
    os.write(writing, f"{text}\n".encode())
    os.close(writing)
    return reading


@pytest.fixture
def place(jitsuin: Callable, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "ca.cer").write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    (tmp_path / DOCUMENTS["xml"]).write_bytes(income_tax_return())
    (tmp_path / DOCUMENTS["pdf"]).write_bytes((SAMPLES / "employment-certificate.pdf").read_bytes())
    return Desk(jitsuin, tmp_path, authority)


@pytest.mark.parametrize("kind", DOCUMENTS)
@pytest.mark.parametrize("name", CASES)
def test_what_becomes_of_it(place: Desk, authority: Authority, pki_server: PkiServer, name: str, kind: str) -> None:
    case, urls = CASES[name], (pki_server.url("/ocsp"), pki_server.url("/ca.crl"))
    signer = case.issue(authority, *urls) if case.issue else authority.issue(ocsp=urls[0], crl=urls[1])
    target = place.folder / f"signed.{kind}"
    if case.issue is None:
        place.sign(kind, signer, "--revocation", "off")
        case.prepare(authority, pki_server, signer)
        verified = place.verify(kind)
        assert verified.code == case.verify, verified.out
        assert case.told in verified.out
        assert case.verify == DONE or "good (" not in verified.out
        target.unlink()
    case.prepare(authority, pki_server, signer)
    signed = place.sign(kind, signer, "--revocation", "require")
    assert (signed.code, target.exists()) == (case.sign, case.sign == DONE), signed.err
    assert case.told in (signed.out if case.sign == DONE else signed.err)


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_offline_is_shown_and_kept(place: Desk, authority: Authority, pki_server: PkiServer, kind: str) -> None:
    signer = authority.issue(ocsp=pki_server.ocsp("/ocsp", OcspResponder(authority, NOW)))
    assert place.sign(kind, signer, "--offline", "--revocation", "warn").code == DONE
    offline = place.verify(kind, "--offline")
    assert (offline.code, "--offline" in offline.out) == (INDETERMINATE, True)
    assert pki_server.requests == []
    refused = place.sign(kind, signer, "--offline", "--revocation", "require")
    assert refused.code == REFUSED
    assert place.verify(kind).code == DONE
    again = place.verify(kind, "--offline")
    assert (again.code, "cache: " in again.out) == (DONE, True), "what was fetched before still counts"


def test_private_addresses_need_permission(
    place: Desk, authority: Authority, pki_server: PkiServer, jitsuin: Callable
) -> None:
    signer = authority.issue(ocsp=pki_server.ocsp("/ocsp", OcspResponder(authority, NOW)))
    place.sign("xml", signer, "--revocation", "off")
    refused = jitsuin("verify", place.folder / "signed.xml", "--trust", place.folder / "ca.cer")
    assert (refused.code, "not public" in refused.out) == (INDETERMINATE, True)
    assert pki_server.requests == []
    assert place.verify("xml").code == DONE


def test_nothing_is_fetched_for_certificates_of_strangers(
    place: Desk, authority: Authority, pki_server: PkiServer, jitsuin: Callable
) -> None:
    """A document says where its certificate can be checked; only one of a trusted CA is asked about."""
    signer = authority.issue(ocsp=pki_server.ocsp("/ocsp", OcspResponder(authority, NOW)))
    place.sign("xml", signer, "--revocation", "off")
    stranger = jitsuin("verify", place.folder / "signed.xml", "--allow-private-network")
    assert (stranger.code, pki_server.requests) == (INDETERMINATE, [])
    assert place.verify("xml").code == DONE
    assert len(pki_server.requests) == 1


def test_a_given_responder(place: Desk, authority: Authority, pki_server: PkiServer) -> None:
    signer = authority.issue(ocsp=pki_server.ocsp("/theirs", OcspResponder(authority, NOW), status(503)))
    place.sign("xml", signer)
    mine = pki_server.ocsp("/mine", OcspResponder(authority, NOW))
    assert place.verify("xml").code == INDETERMINATE
    answered = place.verify("xml", "--ocsp-url", mine)
    assert (answered.code, mine in answered.out) == (DONE, True)
