"""The server of the rig for revocation and time: what it serves, how it fails, what it remembers, that it ends."""

from __future__ import annotations

import gzip
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from authority import Authority
from pki_faults import (
    BIG,
    FAULTS,
    GARBAGE,
    Answer,
    Fault,
    Request,
    content_type,
    header,
    in_turn,
    redirect,
    redirect_chain,
    slow,
    status,
    zipped,
)
from pki_servers import PkiServer, ask
from responders import OcspResponder

AT = datetime(2026, 3, 2, 3, 4, 5, tzinfo=UTC)
CONTENT = b"something of thirty-two bytes..."


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    """A bare socket on which a GET has been sent."""
    parts = urlsplit(url)
    with closing(socket.create_connection((parts.hostname, parts.port), timeout=10)) as line:
        line.sendall(f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
        yield line


# What it serves and remembers


def test_crls_and_certificates(pki_server: PkiServer, authority: Authority) -> None:
    crl = authority.crl(AT)
    got = ask(pki_server.crl("/a.crl", crl))
    assert (got.status, got.content_type) == (200, "application/pkix-crl")
    assert got.body == crl.public_bytes(Encoding.DER)
    got = ask(pki_server.certificate("/a.cer", authority.certificate))
    assert (got.content_type, got.body) == ("application/pkix-cert", authority.certificate.public_bytes(Encoding.DER))
    assert ask(pki_server.crl("/bytes.crl", b"bytes")).body == b"bytes"
    assert ask(pki_server.url("/nothing")).status == 404


def test_what_is_served_may_change(pki_server: PkiServer) -> None:
    url = pki_server.crl("/a.crl", lambda request: f"{request.method} {len(pki_server.requests)}".encode())
    assert [ask(url).body for _ in range(2)] == [b"GET 1", b"GET 2"]
    pki_server.serve("/a.crl", lambda _: Answer(b"gone", "text/plain", 410))
    assert ask(url).status == 410
    pki_server.routes["/a.crl"].fault = status(503)
    assert ask(url).status == 503
    del pki_server.routes["/a.crl"]
    assert ask(url).status == 404


def test_what_was_sent(pki_server: PkiServer, authority: Authority) -> None:
    crl, ocsp = pki_server.crl("/a.crl", b"-"), pki_server.ocsp("/ocsp", OcspResponder(authority, AT))
    ask(crl + "?x=1")
    ask(ocsp, b"request", "application/ocsp-request")
    line = http.client.HTTPConnection(urlsplit(crl).netloc, timeout=20)
    with closing(line):
        line.request("GET", "/elsewhere", headers={"Cookie": "a=b", "Authorization": "Basic eDp5", "Accept": "*/*"})
        line.getresponse().read()
    got = [(one.method, one.path, one.body) for one in pki_server.requests]
    assert got == [("GET", "/a.crl?x=1", b""), ("POST", "/ocsp", b"request"), ("GET", "/elsewhere", b"")]
    assert pki_server.requests[1].headers["content-type"] == "application/ocsp-request"
    assert [len(one.credentials) for one in pki_server.requests] == [0, 0, 2]


def test_it_is_strict(pki_server: PkiServer, authority: Authority) -> None:
    crl, ocsp = pki_server.crl("/a.crl", b"-"), pki_server.ocsp("/ocsp", OcspResponder(authority, AT))
    assert ask(crl, b"x", "application/ocsp-request").status == 405
    assert ask(ocsp, b"x", "text/plain").status == 415
    assert ask(pki_server.tsa("/tsa", OcspResponder(authority, AT))).status == 405


# How it fails


def fetched(pki_server: PkiServer, fault: Fault, timeout: float = 20) -> tuple[int, bytes]:
    got = ask(pki_server.crl("/a.crl", CONTENT, fault), timeout=timeout)
    return got.status, got.body


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        ("big", (200, CONTENT + bytes(BIG - len(CONTENT)))),
        ("garbage", (200, GARBAGE)),
        ("empty", (200, b"")),
        ("html", (200, b"<!DOCTYPE html><title>Sorry</title>")),
        ("not-found", (404, b"<!DOCTYPE html><title>Sorry</title>")),
        ("unauthorized", (401, b"<!DOCTYPE html><title>Sorry</title>")),
        ("server-error", (500, b"<!DOCTYPE html><title>Sorry</title>")),
    ],
)
def test_wrong_answers(pki_server: PkiServer, fault: str, answer: tuple[int, bytes]) -> None:
    assert fetched(pki_server, FAULTS[fault]) == answer


@pytest.mark.parametrize("name", ["redirect-to-itself", "redirect-to-file", "redirect-to-link-local"])
def test_redirects(pki_server: PkiServer, name: str) -> None:
    got = ask(pki_server.crl("/a.crl", CONTENT, FAULTS[name]))
    places = {
        "redirect-to-itself": "/a.crl",
        "redirect-to-file": "file:///etc/passwd",
        "redirect-to-link-local": "http://169.254.169.254/latest/meta-data/",
    }
    assert (got.status, got.headers["Location"]) == (302, places[name])


@pytest.mark.parametrize("length", [0, 1, 3])
def test_redirect_chains(pki_server: PkiServer, length: int) -> None:
    path, hops = "/a.crl", 0
    pki_server.crl("/a.crl", CONTENT, redirect_chain(length, 307))
    while (got := ask(pki_server.url(path))).status == 307:
        path, hops = got.headers["Location"], hops + 1
    assert (got.body, hops) == (CONTENT, length)
    assert ask(pki_server.crl("/b.crl", CONTENT, redirect("/a.crl", 301))).headers["Location"] == "/a.crl"


def test_content_types_and_headers(pki_server: PkiServer) -> None:
    assert ask(pki_server.crl("/a.crl", CONTENT, content_type("text/html"))).content_type == "text/html"
    assert "Content-Type" not in ask(pki_server.crl("/a.crl", CONTENT, content_type(None))).headers
    assert ask(pki_server.crl("/a.crl", CONTENT, header("Set-Cookie", "a=b"))).headers["Set-Cookie"] == "a=b"


def test_zipped(pki_server: PkiServer) -> None:
    got = ask(pki_server.crl("/a.crl", CONTENT, zipped()))
    assert (got.headers["Content-Encoding"], gzip.decompress(got.body)) == ("gzip", CONTENT)
    _, bomb = fetched(pki_server, FAULTS["zip-bomb"])
    assert (len(bomb) < BIG // 500, len(gzip.decompress(bomb))) == (True, BIG)


def test_cut(pki_server: PkiServer) -> None:
    with pytest.raises(http.client.IncompleteRead) as cut:
        fetched(pki_server, FAULTS["cut"])
    assert (cut.value.partial, cut.value.expected) == (CONTENT[:16], 16)
    with pytest.raises(http.client.RemoteDisconnected):
        fetched(pki_server, FAULTS["hang-up"])


def test_slow(pki_server: PkiServer) -> None:
    begin = time.monotonic()
    assert fetched(pki_server, slow(before=0.2, between=0.01)) == (200, CONTENT)
    assert time.monotonic() - begin > 0.2 + 0.01 * len(CONTENT)
    with pytest.raises(TimeoutError):
        fetched(pki_server, FAULTS["slow-start"], timeout=0.2)
    begin, got = time.monotonic(), b""
    with connected(pki_server.crl("/a.crl", CONTENT, FAULTS["slow-body"])) as line:
        while len(got.partition(b"\r\n\r\n")[2]) < 3:
            got += line.recv(2**16)
    assert time.monotonic() - begin > 0.6


@pytest.mark.parametrize("content", [CONTENT, b""])
def test_endless(pki_server: PkiServer, content: bytes) -> None:
    with connected(pki_server.crl("/a.crl", content, FAULTS["endless"])) as line:
        got = b"".join(line.recv(2**16) for _ in range(50))
    assert len(got) > 1000
    assert got.partition(b"\r\n\r\n")[2].startswith(content)
    assert b"Content-Length" not in got


def test_in_turn(pki_server: PkiServer) -> None:
    url = pki_server.crl("/a.crl", CONTENT, in_turn(status(503), redirect(), None))
    assert [ask(url).status for _ in range(4)] == [503, 302, 200, 200]


def test_unreachable(pki_server: PkiServer) -> None:
    url = pki_server.unreachable("/a.crl")
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            ask(url)


def test_sent_to_the_byte(pki_server: PkiServer) -> None:
    with connected(pki_server.crl("/a.crl", b"body")) as line:
        got = b"".join(iter(lambda: line.recv(2**16), b""))
    fields = [b"Connection: close", b"Content-Type: application/pkix-crl", b"Content-Length: 4"]
    assert got == b"\r\n".join([b"HTTP/1.1 200 OK", *fields, b"", b"body"])


# That it ends


def test_nothing_is_started_that_is_not_needed() -> None:
    before = threading.active_count()
    PkiServer().close()
    server = PkiServer()
    assert threading.active_count() == before
    server.close()


@pytest.mark.parametrize("fault", ["slow-start", "slow-body", "endless", None])
def test_it_ends_whatever_its_clients_do(fault: str | None) -> None:
    before = threading.active_count()
    server = PkiServer()
    url = server.crl("/a.crl", CONTENT, FAULTS[fault] if fault else None)
    parts = urlsplit(url)
    with connected(url), closing(socket.create_connection((parts.hostname, parts.port), timeout=10)):
        while not server.requests:
            time.sleep(0.01)
        begin = time.monotonic()
        server.close()
        assert time.monotonic() - begin < 5
    assert threading.active_count() == before
    assert server.errors == []
    with pytest.raises(ConnectionRefusedError):
        ask(url)


def test_faults_of_the_rig_are_told() -> None:
    def broken(_: Request) -> bytes:
        raise ZeroDivisionError

    server = PkiServer()
    assert ask(server.serve("/", broken)).status == 500
    server.close()
    assert [type(one) for one in server.errors] == [ZeroDivisionError]
