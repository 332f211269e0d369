"""Verifying: what the format finds in a document, and what its certificates and timestamps are worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from jitsuin.formats.base import SignatureFinding, TimestampFinding, VerificationPolicy
from jitsuin.formats.verdict import SubIndication, Verdict

from . import clock, registry
from .documents import adapter_for, contents_of, findings_of
from .errors import ProfileMismatchError
from .proof import Brought, TimestampAnchors, judge_timestamps, load_timestamp_trust
from .results import SignatureReport, TimestampReport, VerifyReport
from .revocation import ONLINE, EvidenceOptions, Revocation, open_broker
from .storage import open_document
from .trust import TrustNames, TrustStore, load_trust, remember
from .validity import Mode, RevocationMode, judge


def verify_file(
    path: str | Path,
    *,
    trust: TrustNames = (),
    crls: Sequence[str | Path] = (),
    revocation: Mode = "require",
    evidence: EvidenceOptions = ONLINE,
    timestamp_trust: TrustNames = (),
    at: datetime | None = None,
    profile: str | None = None,
    accept_sha1: bool = False,
    files: Sequence[str | Path] = (),
) -> VerifyReport:
    """Verify every signature of a document, at `at` or now. `files` are those that its references may name.

    The time that counts for a certificate is the one that a timestamp proves, if its authority is one of those that
    `timestamp_trust` vouches for; else `at`.

    A bad document is a verdict, never an exception; so is one that is not of the profile's format. Raises
    InputError where the file cannot be read, UnknownFormatError where it is of no known format, UnknownNameError for a
    profile that does not exist, TrustFileError for unusable anchors or CRLs.
    """
    return Verifying(
        trust=trust,
        crls=crls,
        revocation=revocation,
        evidence=evidence,
        timestamp_trust=timestamp_trust,
        at=at,
        profile=profile,
        accept_sha1=accept_sha1,
        files=files,
    ).verify(Path(path))


class Verifying:
    """The options of `verify_file` resolved once, for any number of documents."""

    def __init__(
        self,
        *,
        trust: TrustNames = (),
        crls: Sequence[str | Path] = (),
        revocation: Mode = "require",
        evidence: EvidenceOptions = ONLINE,
        timestamp_trust: TrustNames = (),
        at: datetime | None = None,
        profile: str | None = None,
        accept_sha1: bool = False,
        files: Sequence[str | Path] = (),
    ) -> None:
        self.at, self._profile = at or clock.now(), profile
        self._expected = registry.profile_named(profile) if profile is not None else None
        self._policy = VerificationPolicy(accept_sha1, contents_of(files), self._expected)
        broker = open_broker(crls, evidence, self.at)
        stamps = load_timestamp_trust(timestamp_trust)
        self._judging = Judging(load_trust(trust), stamps, broker, self.at, RevocationMode(revocation))

    def verify(self, path: Path) -> VerifyReport:
        """Raises InputError and UnknownFormatError."""
        source = open_document(path)
        try:
            adapter = adapter_for(path, source, self._profile)
            format_name, findings = adapter.name, findings_of(adapter, source, self._policy)
        except ProfileMismatchError as error:
            verdict = Verdict(SubIndication.SIG_CONSTRAINTS_FAILURE, "wrong-format", error.facts)
            format_name, findings = str(error.facts["found"]), [SignatureFinding("/", verdict)]
        proof_required = self._expected is not None and self._expected.timestamp_over is not None
        reports = [self._judging.judge(finding, proof_required=proof_required) for finding in findings]
        return VerifyReport(path, format_name, source.hasher("sha256").hexdigest(), self.at, tuple(reports))


@dataclass(frozen=True)
class Judging:
    """What certificates and timestamps are judged by, in one verification."""

    store: TrustStore
    timestamp_store: TimestampAnchors
    broker: Revocation
    at: datetime
    mode: RevocationMode

    def judge(self, finding: SignatureFinding, *, proof_required: bool) -> SignatureReport:
        """The timestamps first, as they may tell the time that counts for the certificate."""
        if finding.document_timestamp is not None:
            own, *later = self._timestamps(finding, finding.document_timestamp, *finding.timestamps)
            return SignatureReport(finding, None, tuple(later), own)
        stamps = self._timestamps(finding, *finding.timestamps)
        report = SignatureReport(finding, None, stamps, proof_required=proof_required)
        if finding.certificate is None or not finding.verdict.passed:
            return report  # a certificate whose key did not sign this says nothing about it
        try:
            judgement = judge(
                finding.certificate,
                finding.embedded,
                self.store,
                self.broker,
                self.at,
                self.mode,
                proven=report.proven,
                embedded=finding.evidence,
            )
        except Exception as error:  # noqa: BLE001 - a hostile certificate must not stop the report, and is never good
            verdict = Verdict(
                SubIndication.CHAIN_CONSTRAINTS_FAILURE, "certificate-malformed", {"error": type(error).__name__}
            )
            return replace(report, finding=replace(finding, verdict=verdict))
        remember(judgement.chain.certificates)
        return replace(report, judgement=judgement)

    def _timestamps(self, of: SignatureFinding, *findings: TimestampFinding) -> tuple[TimestampReport, ...]:
        brought = Brought(of.embedded, of.evidence)
        return judge_timestamps(findings, self.timestamp_store, self.broker, self.at, self.mode, brought)
