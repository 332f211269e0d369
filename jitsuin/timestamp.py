"""A time-stamping authority asked for a token over a digest (RFC 3161), and its answer checked before it is used."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from jitsuin.formats.der import DerError
from jitsuin.formats.timestamp_protocol import REQUEST_TYPE, RESPONSE_TYPE, read_response, timestamp_request
from jitsuin.formats.timestamp_token import judge_token, read_token
from jitsuin.formats.verdict import RefusedSignatureError

from .errors import FetchError, TimestampError
from .proof import TimestampAnchors, judge_timestamp
from .results import TimestampReport

if TYPE_CHECKING:
    from .revocation import EvidenceOptions, Revocation
    from .validity import RevocationMode

_NONCE_BITS = 64
_LIMIT = 1024 * 1024
_SECONDS = 20.0
_PAUSES: tuple[float, ...] = (0.5, 2.0)
"""Before the second try and the third."""
_PASSING = frozenset(("unreachable", "timeout"))
"""What may be over in a moment. An authority that has refused has answered."""


@dataclass(frozen=True)
class Stamp:
    """A token that was checked."""

    token: bytes
    report: TimestampReport


class TimestampAuthority:
    """An authority at an address. Without anchors nobody vouches for it, and the report on its stamps says so.

    Errors are TimestampErrors with `url` and `reason`: those of `fetch.FetchError`; `refused` (`failure`, `text`);
    `garbage` (`detail`); `invalid` for a token that is refused (`verdict`: the reason, with its facts);
    `wrong-imprint`; `wrong-nonce`; `no-certificate`; `untrusted` (`verdict`); `no-room` (`size`, `limit`).
    """

    def __init__(
        self,
        url: str,
        anchors: TimestampAnchors,
        broker: Revocation | None,
        options: EvidenceOptions,
        mode: RevocationMode,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url = url
        self._anchors = anchors
        self._broker = broker
        self._options = options
        self._mode = mode
        self._sleep = sleep
        self._pauses = _PAUSES

    def check_address(self) -> None:
        """Raise the TimestampError that can be foreseen without asking: before a password is spent on a signature."""
        if self._options.offline:
            raise self._error("offline")
        if not self._url.lower().startswith(("http://", "https://")):
            raise self._error("scheme")

    def stamp(self, digest: bytes, room: int, at: datetime) -> Stamp:
        """A token over a SHA-256 digest, of at most `room` bytes. Raises TimestampError."""
        nonce = secrets.randbits(_NONCE_BITS)
        response = self._ask(timestamp_request(digest, nonce))
        token = self._granted(response)
        if len(token) > room:
            raise self._error("no-room", size=len(token), limit=room)
        self._check(token, digest, nonce)
        return Stamp(token, self._judged(token, digest, at))

    def _ask(self, request: bytes) -> bytes:
        """The answer. Once the authority has kept silent, later documents of the run get one try each."""
        from .fetch import fetch

        pauses, self._pauses = self._pauses, ()
        for pause in (*pauses, None):
            try:
                answer = fetch(
                    self._url,
                    data=request,
                    content_type=REQUEST_TYPE,
                    accept=RESPONSE_TYPE,
                    limit=_LIMIT,
                    seconds=_SECONDS,
                    allow_private=self._options.allow_private_network,
                    offline=self._options.offline,
                )
            except FetchError as error:
                if pause is None or error.facts["reason"] not in _PASSING:
                    raise TimestampError(**{**error.facts, "url": self._shown}) from None
                self._sleep(pause)
            else:
                self._pauses = _PAUSES
                return answer
        raise AssertionError("the last try returns or raises")

    def _granted(self, encoded: bytes) -> bytes:
        try:
            response = read_response(encoded)
        except DerError as error:
            raise self._error("garbage", detail=str(error)) from None
        if not response.granted:
            raise self._error("refused", failure=response.failure, text=response.text)
        if response.token is None:
            raise self._error("garbage", detail="no token")
        return response.token

    def _check(self, encoded: bytes, digest: bytes, nonce: int) -> None:
        """RFC 3161, 2.2: the nonce, what was stamped, and the signature."""
        try:
            token = read_token(encoded)
        except RefusedSignatureError as refused:
            verdict = refused.verdict
            if verdict.reason == "no-certificate":
                raise self._error("no-certificate") from None
            raise self._error("invalid", **{"verdict": verdict.reason, **verdict.facts}) from None
        if (token.hash_name, token.imprint) != ("sha256", digest):
            raise self._error("wrong-imprint")
        if token.nonce != nonce:
            raise self._error("wrong-nonce")

    def _judged(self, token: bytes, digest: bytes, at: datetime) -> TimestampReport:
        finding = judge_token(token, lambda _: digest)
        report = judge_timestamp(finding, self._anchors, self._broker, at, self._mode)
        nobody_asked = not self._anchors.anchors and report.verdict.reason == "timestamp-authority-unknown"
        if not report.verdict.passed and not nobody_asked:
            raise self._error("untrusted", **{"verdict": report.verdict.reason, **report.verdict.facts})
        return report

    def _error(self, reason: str, **facts: object) -> TimestampError:
        return TimestampError(url=self._shown, reason=reason, **facts)

    @property
    def _shown(self) -> str:
        """The address without its query, where some authorities want their customer's secret."""
        return self._url.partition("?")[0]
