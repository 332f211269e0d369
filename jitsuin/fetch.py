"""Fetching evidence over HTTP, guarded: the only module that opens a connection to another computer.

What is fetched is named by certificates and by options. So nothing that is not public is reached unless that is
allowed, no credentials, cookies or proxies are used, and size, time and redirects have limits. What comes is believed
for its signature alone, so TLS adds privacy and no trust.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Final, Self
from urllib.parse import SplitResult, urljoin, urlsplit

from .errors import FetchError

_REDIRECTS: Final = 3
_PORTS: Final = {"http": 80, "https": 443}
_MOVED: Final = frozenset({301, 302, 303, 307, 308})


def fetch(
    url: str,
    *,
    data: bytes | None = None,
    content_type: str = "",
    accept: str = "*/*",
    limit: int,
    seconds: float,
    allow_private: bool = False,
    offline: bool = False,
) -> bytes:
    """The body of the answer to a GET, or a POST of `data`; at most `limit` bytes, within `seconds` in all.

    Raises FetchError (url, reason): `offline` before anything is tried, `scheme` (not http or https, or with
    credentials), `private` (an address that is not public, unless allowed), `unreachable`, `timeout`, `too-large`,
    `status` (fact `status`), `redirects` (too many, or of a POST), `encoding`.
    """
    if offline:
        raise FetchError(url=url, reason="offline")
    deadline = time.monotonic() + seconds
    headers = {"Accept": accept, "Accept-Encoding": "identity", "User-Agent": "jitsuin", "Connection": "close"}
    if data is not None:
        headers["Content-Type"] = content_type
    address = url
    for _ in range(_REDIRECTS + 1):
        parts = _understood(address)
        try:
            with _Connection(parts, deadline, address, allow_private=allow_private) as connection:
                connection.request("GET" if data is None else "POST", _target(parts), body=data, headers=headers)
                with connection.getresponse() as answer:
                    if answer.status in _MOVED and data is None and (moved := answer.getheader("Location")):
                        address = urljoin(address, moved)
                        continue
                    return _body(answer, address, limit)
        except (OSError, http.client.HTTPException):
            reason = "timeout" if time.monotonic() >= deadline else "unreachable"
            raise FetchError(url=address, reason=reason) from None
    raise FetchError(url=url, reason="redirects")


class _Connection(http.client.HTTPConnection):
    """To an address that was looked up once and found to be allowed, so that a second look-up cannot differ."""

    def __init__(self, parts: SplitResult, deadline: float, url: str, *, allow_private: bool) -> None:
        host = parts.hostname or ""
        super().__init__(host, parts.port or _PORTS[parts.scheme])
        self._alarm: threading.Timer | None = None
        self._line: socket.socket
        self._tls = parts.scheme == "https"
        self._url = url
        self._deadline = deadline
        self._allow_private = allow_private

    def connect(self) -> None:
        *others, last = self._addresses()
        for address in others:
            with suppress(OSError):
                self._connect(address)
                break
        else:
            self._connect(last)
        # A server that sends a byte now and then would never let a read time out.
        self._alarm = threading.Timer(self._left(), self._hang_up)
        self._alarm.daemon = True
        self._alarm.start()
        if self._tls:
            self.sock = self._line = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """Not `close`, which http.client calls as soon as it has read the headers: the alarm is for the body, too."""
        if self._alarm is not None:
            self._alarm.cancel()
        self.close()

    def _hang_up(self) -> None:
        with suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)

    def _connect(self, address: str) -> None:
        self.sock = self._line = socket.create_connection((address, self.port), self._left())

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _addresses(self) -> list[str]:
        found = [str(entry[4][0]) for entry in socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)]
        if not self._allow_private and not all(map(_public, found)):
            raise FetchError(url=self._url, reason="private")
        return found


def _understood(url: str) -> SplitResult:
    with suppress(ValueError):
        parts = urlsplit(url)
        plain = parts.username is None and parts.password is None and all("!" <= letter <= "~" for letter in url)
        if parts.scheme in _PORTS and parts.hostname and parts.port != 0 and plain:
            return parts
    raise FetchError(url=url, reason="scheme")


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _public(address: str) -> bool:
    """Whether anybody could reach it: no loopback, private, link-local or multicast address, mapped or not."""
    number = ipaddress.ip_address(address.partition("%")[0])
    number = getattr(number, "ipv4_mapped", None) or number
    return number.is_global and not number.is_multicast


def _body(answer: http.client.HTTPResponse, url: str, limit: int) -> bytes:
    if answer.status != 200:
        raise FetchError(url=url, reason="redirects" if answer.status in _MOVED else "status", status=answer.status)
    if answer.getheader("Content-Encoding", "identity").lower() != "identity":
        raise FetchError(url=url, reason="encoding")
    body = answer.read(limit + 1)
    if len(body) > limit:
        raise FetchError(url=url, reason="too-large")
    if answer.length:  # it was to be longer
        raise http.client.IncompleteRead(body)
    return body
