"""Requests and answers of the tests' HTTP server (pki_servers.py), and what can go wrong with an answer on its way.

A fault takes the answer that would have been given and returns another; `FAULTS` has one of each by name.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from email.message import Message
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qs, urlsplit

BIG: Final = 10 * 1024 * 1024
GARBAGE: Final = hashlib.shake_256(b"garbage").digest(2000)


@dataclass(frozen=True)
class Request:
    """What a client has sent."""

    method: str
    path: str
    """With the query, as it was sent."""
    headers: Message
    body: bytes = b""

    @property
    def credentials(self) -> dict[str, str]:
        """The headers that tell who asks; there should be none."""
        telling = ("authorization", "proxy-authorization", "cookie", "referer", "from")
        return {name: value for name, value in self.headers.items() if name.lower() in telling}


@dataclass(frozen=True)
class Answer:
    """What is sent back, and how."""

    body: bytes = b""
    content_type: str | None = "application/octet-stream"
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    wait: float = 0
    """Seconds before the first byte."""
    pause: float = 0
    """Seconds before each byte of the body."""
    missing: int = 0
    """So many bytes at the end are promised and not sent."""
    endless: bool = False
    """The body again and again, without a length, until the client goes."""


Fault = Callable[[Answer, Request], Answer]


def slow(before: float = 0, between: float = 0) -> Fault:
    """Waits before the first byte, and before each byte of the body."""
    return lambda answer, _: replace(answer, wait=before, pause=between)


def endless() -> Fault:
    """Begins as it should and never ends."""
    return lambda answer, _: replace(answer, endless=True)


def big(size: int = BIG) -> Fault:
    """The right answer with zeros up to this size behind it, and an honest Content-Length."""
    return lambda answer, _: replace(answer, body=answer.body.ljust(size, b"\0"))


def body(instead: bytes) -> Fault:
    """Another body under the right content type."""
    return lambda answer, _: replace(answer, body=instead)


def content_type(instead: str | None) -> Fault:
    """The right body under another content type, or none."""
    return lambda answer, _: replace(answer, content_type=instead)


def status(code: int, *headers: tuple[str, str]) -> Fault:
    """An error page."""
    page = b"<!DOCTYPE html><title>Sorry</title>"
    return lambda _, __: Answer(page, "text/html", code, headers)


def header(name: str, value: str) -> Fault:
    """One header more, such as Set-Cookie."""
    return lambda answer, _: replace(answer, headers=(*answer.headers, (name, value)))


def redirect(to: str | None = None, code: int = 302) -> Fault:
    """To another place, whatever scheme it has; without one to itself."""
    return lambda _, request: Answer(b"", None, code, (("Location", to or request.path),))


def redirect_chain(length: int, code: int = 302) -> Fault:
    """So many redirects (`?hop=1`, `?hop=2`…), then the right answer. 307 keeps a POST one."""

    def fault(answer: Answer, request: Request) -> Answer:
        path, query = urlsplit(request.path).path, parse_qs(urlsplit(request.path).query)
        hop = int(query.get("hop", ["0"])[0])
        return answer if hop >= length else redirect(f"{path}?hop={hop + 1}", code)(answer, request)

    return fault


def cut() -> Fault:
    """Half of the body, then closed."""
    return lambda answer, _: replace(answer, missing=(len(answer.body) + 1) // 2)


def hang_up() -> Fault:
    """Closed without a word."""
    return lambda answer, _: replace(answer, missing=len(answer.body) + 2**16)


def zipped(instead: bytes | None = None) -> Fault:
    """With Content-Encoding gzip, which nobody has asked for; `instead` for what unpacks to much."""

    def fault(answer: Answer, _: Request) -> Answer:
        packed = gzip.compress(answer.body if instead is None else instead, mtime=0)
        return replace(answer, body=packed, headers=(*answer.headers, ("Content-Encoding", "gzip")))

    return fault


def in_turn(*faults: Fault | None) -> Fault:
    """Another for each request, the last one for ever; None is a right answer."""
    left = list(faults)

    def fault(answer: Answer, request: Request) -> Answer:
        now = left.pop(0) if len(left) > 1 else left[0]
        return now(answer, request) if now else answer

    return fault


FAULTS: Final[Mapping[str, Fault]] = MappingProxyType(
    {
        "slow-start": slow(before=60),
        "slow-body": slow(between=0.2),
        "endless": endless(),
        "big": big(),
        "garbage": body(GARBAGE),
        "empty": body(b""),
        "html": status(200),
        "not-found": status(404),
        "unauthorized": status(401, ("WWW-Authenticate", 'Basic realm="pki"')),
        "server-error": status(500),
        "redirect-to-itself": redirect(),
        "redirect-to-file": redirect("file:///etc/passwd"),
        "redirect-to-link-local": redirect("http://169.254.169.254/latest/meta-data/"),
        "redirect-without-end": redirect_chain(10_000),
        "cut": cut(),
        "hang-up": hang_up(),
        "zip-bomb": zipped(bytes(BIG)),
    }
)
"""None of these gives a usable answer: `garbage` and its like at once, others after redirects or never."""
