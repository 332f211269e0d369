"""What signing and verifying give back: frozen values, from which reports are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from jitsuin.formats.verdict import SubIndication, Verdict, worst

if TYPE_CHECKING:
    from cryptography import x509

    from jitsuin.formats.base import SignatureFinding, TimestampFinding
    from jitsuin.formats.profiles import Profile

    from .revocation_status import RevocationAnswer
    from .validity import Judgement

_WRONG_TIME = frozenset((SubIndication.HASH_FAILURE, SubIndication.SIG_CRYPTO_FAILURE))


@dataclass(frozen=True)
class Notice:
    """Something the person should know that decides nothing: a code and its facts; the sentence is made at the edge."""

    code: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class TimestampReport:
    """One timestamp: what the format found, and the verdict over the token and its authority. Trusted, if it passed."""

    finding: TimestampFinding
    verdict: Verdict
    anchor: str | None = None
    """The anchor for timestamps that the authority's certificate leads to."""
    revocation: RevocationAnswer | None = None
    """Of the authority's certificates; None where it was not asked for, because the token or the chain had failed."""


@dataclass(frozen=True)
class SignatureReport:
    """One signature: what the format found, what the certificate is worth, and the verdict over both."""

    finding: SignatureFinding
    judgement: Judgement | None
    """None where there was no certificate to judge, or the document had failed before."""
    timestamps: tuple[TimestampReport, ...] = ()
    """Those over it, and the document timestamps that came after it, oldest first."""
    document_timestamp: TimestampReport | None = None
    """There where this is no signature but a document timestamp."""
    proof_required: bool = False
    """The destination asks for a timestamp, so that one which is not trusted is not enough."""

    @property
    def proven(self) -> datetime | None:
        """By when a trusted timestamp proves the signature to have existed."""
        times = (stamp.finding.latest for stamp in self.timestamps if stamp.verdict.passed)
        return min((time for time in times if time is not None), default=None)

    @property
    def verdict(self) -> Verdict:
        """The document's verdict where it did not pass, else the certificate's.

        A timestamp that nobody trusts, or can read, proves nothing and takes nothing away. One over something else, or
        altered, is there to deceive.
        """
        if not self.finding.verdict.passed:
            return self.finding.verdict
        if self.document_timestamp is not None:
            return self.document_timestamp.verdict
        if self.judgement is None:
            return self.finding.verdict
        stamps = [stamp.verdict for stamp in self.timestamps]
        counting = [verdict for verdict in stamps if verdict.sub_indication in _WRONG_TIME]
        if self.proof_required and self.proven is None:
            counting += stamps
        return worst((self.judgement.verdict, *counting))


@dataclass(frozen=True)
class VerifyReport:
    """What is known about the signatures of one document at one time."""

    path: Path
    format: str
    sha256: str
    """Of the document as read, in hexadecimal."""
    at: datetime
    """The time for which the certificates were judged."""
    signatures: tuple[SignatureReport, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of the signatures' verdicts."""
        return worst(signature.verdict for signature in self.signatures)

    @property
    def unreal(self) -> tuple[Notice, ...]:
        """That a signature is of the test hierarchy, which whoever shows the verdict has to say with it."""
        judgements = (signature.judgement for signature in self.signatures)
        notices = [notice for judgement in judgements if judgement is not None for notice in judgement.notices]
        return tuple(notice for notice in notices if notice.code == "test-hierarchy")[:1]


@dataclass(frozen=True)
class SignResult:
    """A document that was signed, verified and written."""

    source: Path
    target: Path
    profile: Profile
    source_sha256: str
    target_sha256: str
    at: datetime
    scheme: str
    signature_ids: tuple[str, ...]
    """Of the signatures made, in their order: XML Ids, or names of signature fields."""
    certificate: x509.Certificate
    judgement: Judgement
    notices: tuple[Notice, ...]
    timestamp: TimestampReport | None = None
    """That of an authority over the signature. Not trusted where no anchor for timestamps was named."""

    @property
    def signatures_made(self) -> int:
        """How many: more than one where attachments were signed, too."""
        return len(self.signature_ids)


@dataclass(frozen=True)
class Rehearsal:
    """A document that can be signed as far as can be told without a key."""

    source: Path
    target: Path
    profile: Profile
    source_sha256: str


@dataclass(frozen=True)
class ExtendResult:
    """A signed document that was extended, verified and written."""

    source: Path
    target: Path
    profile: Profile
    """The level that every signature in it reaches."""
    source_sha256: str
    target_sha256: str
    at: datetime
    added: tuple[str, ...]
    """In this order: `timestamp`, `validation-data`, `archive-timestamp`."""
    timestamps: tuple[TimestampReport, ...]
    """Those that were added. Not trusted where no anchor for timestamps was named."""
    notices: tuple[Notice, ...]


@dataclass(frozen=True)
class SignOutcome:
    """One document of several: its result, or the error that it met."""

    source: Path
    result: SignResult | None = None
    error: Exception | None = None
