"""What is fetched for signing and verifying, from where, and what is not. What comes of it: test_validity_table.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from authority import Authority, Credential
from jitsuin.samples.documents import income_tax_return
from pki_faults import status
from pki_servers import PkiServer
from responders import OcspResponder

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
SAMPLES = Path(__file__).parents[2] / "samples" / "unsigned"
DOCUMENTS = {"xml": "income.xtx", "pdf": "certificate.pdf"}
REFUSED, DONE, INDETERMINATE = 10, 0, 3


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
    signed = place.sign(kind, signer, "--offline", "--revocation", "require")
    assert (signed.code, "cache: " in signed.out) == (DONE, True), "for signing, too"


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
