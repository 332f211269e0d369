"""`--offline` opens no socket: whole runs in a network namespace without routes, every system call written down."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from authority import Authority
from no_network import NoNetwork, Watched
from ungated import signed, unsigned

NOW = datetime.now(UTC).replace(microsecond=0)
OCSP, CRL, TSA = "http://ocsp.jitsuin.invalid/", "http://192.0.2.1/ca.crl", "http://192.0.2.1/tsa"
"""A name that does not exist (RFC 6761), and an address that nobody has (RFC 5737)."""


@pytest.fixture
def run(nowhere: NoNetwork, authority: Authority, tmp_path: Path) -> Callable[..., Watched]:
    """A command on a document of this kind, by a key whose certificate says where OCSP and CRL are to be had."""
    signer = authority.issue(ocsp=OCSP, crl=CRL)
    (tmp_path / "ca.pem").write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "id.p12").write_bytes(signer.pkcs12("secret"))
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment = kept | {"LC_ALL": "C.UTF-8", "SECRET": "secret"}

    def command(name: str, kind: str, *options: str) -> Watched:
        document = tmp_path / f"a.{kind}"
        document.write_bytes(signed(kind, signer, NOW) if name == "verify" else unsigned(kind))
        if name == "sign":
            target = ("-o", str(tmp_path / f"b.{kind}"), "--overwrite")
            options = (*options, *target, "--key", f"file:{tmp_path / 'id.p12'}", "--pin-source", "env:SECRET")
        trust = ("--trust", str(tmp_path / "ca.pem"), "--allow-private-network")
        call = (sys.executable, "-m", "jitsuin", name, str(document), *trust, *options)
        return nowhere.run(call, tmp_path / "strace.log", environment)

    return command


@pytest.mark.parametrize("kind", ["xml", "pdf"])
def test_verify(run: Callable, kind: str) -> None:
    offline = run("verify", kind, "--offline")
    assert (offline.code, offline.calls) == (3, ())
    assert "it would have to be fetched (--offline)" in offline.out
    online = run("verify", kind)
    assert (online.code, "its address cannot be reached" in online.out) == (3, True)
    assert any("socket(AF_INET" in call for call in online.calls), "the control: without the option it does try"
    assert any("connect(" in call and "192.0.2.1" in call for call in online.calls)


@pytest.mark.parametrize("kind", ["xml", "pdf"])
def test_sign(run: Callable, tmp_path: Path, kind: str) -> None:
    target = tmp_path / f"b.{kind}"
    refused = run("sign", kind, "--offline", "--revocation", "require")
    assert (refused.code, refused.calls, target.exists()) == (10, (), False)
    offline = run("sign", kind, "--offline")
    assert (offline.code, offline.calls, target.exists()) == (0, (), True), offline.err
    assert "it would have to be fetched (--offline)" in offline.out
    online = run("sign", kind)
    assert (online.code, "its address cannot be reached" in online.out) == (0, True)
    assert any("socket(AF_INET" in call for call in online.calls)


def test_no_timestamp_is_asked_for(run: Callable, tmp_path: Path) -> None:
    asked = ("--timestamp-url", TSA)
    offline = run("sign", "pdf", "--offline", *asked)
    assert (offline.code, offline.calls, (tmp_path / "b.pdf").exists()) == (11, (), False), offline.err
    online = run("sign", "pdf", "--revocation", "off", *asked)
    assert online.code == 11
    assert any("connect(" in call and "192.0.2.1" in call for call in online.calls)


def test_a_list_in_hand_is_enough(run: Callable, authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "ca.crl").write_bytes(authority.crl(NOW, point=CRL).public_bytes(Encoding.DER))
    offline = run("verify", "xml", "--offline", "--crl", str(tmp_path / "ca.crl"))
    assert (offline.code, offline.calls) == (0, ())


def test_such_a_namespace_leads_nowhere(nowhere: NoNetwork, tmp_path: Path) -> None:
    """The judge itself: a program that only looks for a way is seen, and finds none."""
    looking = "import socket; socket.create_connection(('192.0.2.1', 80), 5)"
    done = nowhere.run([sys.executable, "-c", looking], tmp_path / "log", dict(os.environ))
    assert (done.code, "unreachable" in done.err) == (1, True)
    assert len(done.calls) >= 2
    quiet = nowhere.run([sys.executable, "-c", "import socket"], tmp_path / "log", dict(os.environ))
    assert (quiet.code, quiet.calls) == (0, ())
