"""A live HTTP server on loopback for CRLs, certificates, OCSP and timestamps; its faults are in pki_faults.py.

pki_server.crl("/a.crl", authority.crl(AT))
pki_server.ocsp("/ocsp", OcspResponder(authority, AT), fault=slow(between=0.1))
assert [one.method for one in pki_server.requests] == ["GET"]
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import socket
import socketserver
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Protocol
from urllib.parse import unquote, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pki_faults import GARBAGE, Answer, Fault, Request


class Responder(Protocol):
    """What responders.py has: the DER of an answer for the DER of a request."""

    def answer(self, request_der: bytes) -> bytes: ...


Content = bytes | x509.CertificateRevocationList | x509.Certificate


@dataclass
class Route:
    """What is at a path. The fields may be changed between two requests."""

    make: Callable[[Request], bytes | Answer]
    content_type: str
    fault: Fault | None = None
    accepts: str | None = None
    """The content type of what may be POSTed; None lets nothing be."""


class PkiServer:
    """Starts when its address is first asked for; `close` ends all connections and threads."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        """All, in the order they came, also those that no route was there for."""
        self.errors: list[Exception] = []
        """Of the rig itself, such as a responder that raises; the fixture fails the test over them."""
        self.routes: dict[str, Route] = {}
        self.stopping = threading.Event()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self._deaf: list[socket.socket] = []

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        """The address of a path, whether or not anything is there yet."""
        if self._server is None:
            self._server = _Server(("127.0.0.1", 0), _Handler)
            self._server.pki = self
            self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="pki-server")
            self._thread.start()
        return f"http://{host}:{self._server.server_address[1]}/{path.lstrip('/')}"

    def unreachable(self, path: str = "/") -> str:
        """The address of a port that is taken, so that nobody else gets it, and at which nobody listens."""
        deaf = socket.socket()
        deaf.bind(("127.0.0.1", 0))
        self._deaf.append(deaf)
        return f"http://127.0.0.1:{deaf.getsockname()[1]}/{path.lstrip('/')}"

    def serve(
        self,
        path: str,
        content: Content | Callable[[Request], bytes | Answer],
        media_type: str = "application/octet-stream",
        fault: Fault | None = None,
        accepts: str | None = None,
    ) -> str:
        """Put something at a path, in place of what was there, and return its address."""
        make = content if callable(content) else _constant(content)
        self.routes["/" + path.lstrip("/")] = Route(make, media_type, fault, accepts)
        return self.url(path)

    def crl(self, path: str, content: Content | Callable[[Request], bytes | Answer], fault: Fault | None = None) -> str:
        return self.serve(path, content, "application/pkix-crl", fault)

    def certificate(self, path: str, content: Content, fault: Fault | None = None) -> str:
        """For caIssuers."""
        return self.serve(path, content, "application/pkix-cert", fault)

    def ocsp(self, path: str, responder: Responder, fault: Fault | None = None) -> str:
        """POST to the path, and GET with the request in base64 behind it (RFC 6960, A.1)."""

        def make(request: Request) -> bytes:
            sent = request.body
            if request.method == "GET":
                text = unquote(urlsplit(request.path).path)[len(path.strip("/")) + 1 :].lstrip("/")
                with contextlib.suppress(ValueError):
                    sent = base64.b64decode(text, validate=True)
            return responder.answer(sent)

        return self.serve(path, make, "application/ocsp-response", fault, "application/ocsp-request")

    def tsa(self, path: str, responder: Responder, fault: Fault | None = None) -> str:
        def make(request: Request) -> bytes | Answer:
            return responder.answer(request.body) if request.method == "POST" else Answer(status=405)

        return self.serve(path, make, "application/timestamp-reply", fault, "application/timestamp-query")

    def answer(self, request: Request) -> Answer:
        """What to send for a request; called by the server's threads."""
        path = urlsplit(request.path).path
        behind = (one for one, route in self.routes.items() if route.accepts and path.startswith(one.rstrip("/") + "/"))
        route = self.routes.get(path) or self.routes.get(max(behind, key=len, default=""))
        if route is None:
            return Answer(b"nothing here", "text/plain", 404)
        if request.method not in ("GET", "POST") or (request.method == "POST" and route.accepts is None):
            return Answer(status=405)
        if request.method == "POST" and request.headers.get_content_type() != route.accepts:
            return Answer(status=415)
        made = route.make(request)
        answer = made if isinstance(made, Answer) else Answer(made, route.content_type)
        return route.fault(answer, request) if route.fault else answer

    def close(self) -> None:
        self.stopping.set()
        for deaf in self._deaf:
            deaf.close()
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.hang_up()
            self._server.server_close()  # waits for the threads


@dataclass(frozen=True)
class Got:
    """An answer as it came."""

    status: int
    headers: Message
    body: bytes

    @property
    def content_type(self) -> str:
        return self.headers.get_content_type()


def ask(url: str, post: bytes | None = None, content_type: str = "", timeout: float = 20) -> Got:
    """By http.client, which follows no redirect, unpacks nothing and raises where less came than was promised."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=timeout)
    with contextlib.closing(connection):
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        if post is None:
            connection.request("GET", path)
        else:
            connection.request("POST", path, post, {"Content-Type": content_type})
        with connection.getresponse() as response:
            return Got(response.status, response.headers, response.read())


class _Server(socketserver.ThreadingTCPServer):
    """Not http.server's, which looks up the name of its host first."""

    allow_reuse_address = True
    request_queue_size = 64
    pki: PkiServer

    def __init__(self, *arguments: object) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(*arguments)  # type: ignore[arg-type]

    def process_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]
        self._open.add(request)
        super().process_request(request, client_address)  # type: ignore[arg-type]

    def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override]
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Wake every thread that waits for a client."""
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, *_: object) -> None:  # type: ignore[override]
        """Clients may go when they like; anything else is for the test to hear of."""
        error = sys.exception()
        if isinstance(error, Exception) and not isinstance(error, OSError):
            self.pki.errors.append(error)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""

    def _respond(self) -> None:
        """One request a connection. It is written down first: a client that has its answer finds it there."""
        self.close_connection = True
        pki = self.server.pki
        with contextlib.suppress(OSError):  # the client has gone, or the server is closed
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Request(self.command, self.path, self.headers, sent)
            pki.requests.append(request)
            try:
                answer = pki.answer(request)
            except Exception as error:  # noqa: BLE001 - whatever it is, the test is to hear of it
                pki.errors.append(error)
                answer = Answer(b"the rig is broken", "text/plain", 500)
            self._write(answer)

    do_GET = do_POST = do_HEAD = do_PUT = do_OPTIONS = _respond  # noqa: N815 - http.server's names

    def _write(self, answer: Answer) -> None:
        lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}", "Connection: close"]
        lines += [f"Content-Type: {answer.content_type}"] if answer.content_type else []
        lines += [] if answer.endless else [f"Content-Length: {len(answer.body)}"]
        lines += [f"{name}: {value}" for name, value in answer.headers]
        head, body = "\r\n".join([*lines, "", ""]).encode("latin-1"), answer.body
        if answer.missing:
            head, body = head[: max(0, len(head) + min(0, len(body) - answer.missing))], body[: -answer.missing]
        stopping = self.server.pki.stopping
        if answer.wait and stopping.wait(answer.wait):
            return
        self.connection.sendall(head)
        while not stopping.is_set():
            if answer.pause:
                for place in range(len(body)):
                    if stopping.wait(answer.pause):
                        return
                    self.connection.sendall(body[place : place + 1])
            else:
                self.connection.sendall(body)
            if not answer.endless:
                return
            body = body or GARBAGE


def _constant(content: Content) -> Callable[[Request], bytes]:
    der = content if isinstance(content, bytes) else content.public_bytes(Encoding.DER)
    return lambda _: der
