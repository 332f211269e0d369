"""What signing and verifying give back: frozen values, from which reports are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from jitsuin.formats.verdict import Verdict, worst

if TYPE_CHECKING:
    from cryptography import x509

    from jitsuin.formats.base import SignatureFinding
    from jitsuin.formats.profiles import Profile

    from .validity import Judgement


@dataclass(frozen=True)
class Notice:
    """Something the person should know that decides nothing: a code and its facts; the sentence is made at the edge."""

    code: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class SignatureReport:
    """One signature: what the format found, what the certificate is worth, and the verdict over both."""

    finding: SignatureFinding
    judgement: Judgement | None
    """None where there was no certificate to judge, or the document had failed before."""

    @property
    def verdict(self) -> Verdict:
        """The document's verdict where it did not pass, else the certificate's."""
        if not self.finding.verdict.passed or self.judgement is None:
            return self.finding.verdict
        return self.judgement.verdict


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
class SignOutcome:
    """One document of several: its result, or the error that it met."""

    source: Path
    result: SignResult | None = None
    error: Exception | None = None
