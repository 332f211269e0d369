"""What makes a signature last: the evidence by which it can be judged when nobody can be asked, and later timestamps.

Gathered for every certificate below an anchor: the signer's chain, at the time that a trusted timestamp proves, and
those of the authorities behind the timestamps. What cannot be had is named, certificate by certificate, and then
nothing is claimed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from jitsuin.formats.base import ValidationData, VerificationPolicy

from .errors import LongTermError, ProfileMismatchError, SelfVerificationError
from .proof import TimestampAnchors, harmless
from .results import Notice
from .revocation import EvidenceOptions, Revocation
from .revocation_status import RevocationAnswer, RevocationStatus
from .trust import TrustStore, build_chain
from .validity import RevocationMode
from .verification import Judging

if TYPE_CHECKING:
    from pathlib import Path

    from jitsuin.formats.base import Extends, TimestampFinding
    from jitsuin.formats.profiles import Profile
    from jitsuin.formats.source import Source

    from .results import SignatureReport, TimestampReport
    from .timestamp import Stamp, TimestampAuthority
    from .validity import Judgement


@dataclass(frozen=True)
class Lack:
    """Something without which a level cannot be claimed."""

    role: str
    """Whose it is: `signer`, `ca`, `timestamp-authority` or `timestamp-ca`; `timestamp` is about the time itself."""
    why: str
    """A reason of a verdict, or why revocation is not known."""
    name: str = ""
    """The subject, where it is nobody's personal data."""
    facts: Mapping[str, object] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return f"{self.role} {self.name}: {self.why}".replace(" :", ":")


def check_claimable(profile: Profile, timestamp_trust: Sequence[object], timestamp: str) -> None:
    """Raise what can be foreseen about a long-term profile from the options alone."""
    if not profile.validation_data:
        return
    if timestamp != "require":
        raise ProfileMismatchError(profile=profile.name, found=f"--timestamp {timestamp}")
    if not timestamp_trust:
        raise ProfileMismatchError(profile=profile.name, reason="no-timestamp-trust")


def check_hopeful(profile: Profile, broker: Revocation, *, jpki: bool) -> None:
    """Raise where no source can have evidence about the signer's certificate: before a password is spent on it."""
    if profile.validation_data and broker.hopeless(jpki=jpki):
        why = "offline" if broker.offline else "no-evidence"
        raise LongTermError(profile=profile.name, lacking=(Lack("signer", why),))


def check_known(profile: Profile, chain: Sequence[x509.Certificate], broker: Revocation, at: datetime) -> None:
    """Raise where nothing is known about a certificate of the signer's chain: before a signature is made."""
    lacks = _unknown(chain, broker, at) if profile.validation_data else []
    if lacks:
        raise LongTermError(profile=profile.name, lacking=tuple(lacks))


def _unknown(chain: Sequence[x509.Certificate], broker: Revocation, at: datetime) -> list[Lack]:
    answers = [(subject, broker.answer(subject, issuer, at)) for subject, issuer in pairwise(chain)]
    return [
        _lack("signer" if subject is chain[0] else "ca", subject, answer)
        for subject, answer in answers
        if answer.status is RevocationStatus.NOT_CHECKED
    ]


@dataclass(frozen=True)
class Preserving:
    """Extends documents by one revision each, in memory. `judging` says what is trusted, and where evidence is from."""

    adapter: Extends
    judging: Judging
    profile: Profile
    """The level that is claimed in the end."""
    target: Path
    """Where it is meant to be written."""

    def reports(self, source: Source, judging: Judging | None = None) -> list[SignatureReport]:
        """All signatures and document timestamps as they are judged."""
        findings = self.adapter.verify(self.adapter.open(source), VerificationPolicy())
        return [(judging or self.judging).judge(finding, proof_required=False) for finding in findings]

    def with_evidence(self, source: Source, names: Collection[str] | None = None) -> tuple[Source, tuple[Notice, ...]]:
        """The document with all evidence about the signatures of these names, or all, and about their timestamps.

        Raises LongTermError for what is lacking, FormatError, and SelfVerificationError where what was put in does not
        make the signatures VALID to somebody who has the document and the anchors, and no connection.
        """
        wanted = [report for report in self.reports(source) if names is None or report.finding.signature_id in names]
        gathering = _Gathering(self.judging)
        for report in wanted:
            gathering.add(report)
        if gathering.lacks:
            raise self._lacking(gathering.lacks)
        extended = self.adapter.with_validation_data(self.adapter.open(source), gathering.data(), self.judging.at)
        self._check(extended, {report.finding.signature_id for report in wanted})
        return extended, tuple(gathering.notices)

    def check_lasting(self, reports: Iterable[SignatureReport]) -> None:
        """Raise LongTermError for signatures that no timestamp of today can help: before an authority is asked."""
        lacks: list[Lack] = []
        for report in unproven(reports):
            if report.judgement is None:
                continue
            if report.judgement.verdict.passed:
                lacks += _unknown(report.judgement.chain.certificates, self.judging.broker, self.judging.at)
            else:
                lacks.append(_lack_of_signer(report.judgement))
        if lacks:
            raise self._lacking(lacks)

    def _lacking(self, lacks: Iterable[Lack]) -> LongTermError:
        return LongTermError(profile=self.profile.name, lacking=tuple(dict.fromkeys(lacks)))

    def stamped(self, source: Source, authority: TimestampAuthority) -> tuple[Source, Stamp]:
        """The document with a timestamp over all of it. Raises TimestampError or FormatError."""
        prepared = self.adapter.prepare_timestamp(self.adapter.open(source), self.judging.at)
        stamp = authority.stamp(prepared.timestamp_digest(), prepared.timestamp_room, self.judging.at)
        return prepared.stamped(stamp.token), stamp

    def _check(self, extended: Source, names: Collection[str | None]) -> None:
        alone = Revocation((), EvidenceOptions(offline=True), self.judging.broker.now)
        stranger = replace(self.judging, broker=alone, mode=RevocationMode.REQUIRE)
        for report in self.reports(extended, stranger):
            if report.finding.signature_id in names and not report.verdict.passed:
                raise SelfVerificationError(
                    **{"path": str(self.target), "reason": report.verdict.reason, **report.verdict.facts}
                )


class _Gathering:
    """Certificates and evidence for several signatures, each piece once."""

    def __init__(self, judging: Judging) -> None:
        self._judging = judging
        self._certificates: dict[x509.Certificate, None] = {}
        self._responses: dict[bytes, None] = {}
        self._crls: dict[bytes, None] = {}
        self._answers: dict[tuple[x509.Certificate, x509.Certificate, datetime, datetime], RevocationAnswer] = {}
        self.lacks: list[Lack] = []
        self.notices: list[Notice] = []

    def data(self) -> ValidationData:
        certificates = tuple(one.public_bytes(Encoding.DER) for one in self._certificates)
        return ValidationData(certificates, tuple(self._responses), tuple(self._crls))

    def add(self, report: SignatureReport) -> None:
        """A signature or a document timestamp."""
        finding = report.finding
        stamps = report.timestamps
        if report.document_timestamp is not None:
            stamps = (report.document_timestamp, *stamps)
        elif report.judgement is None or not finding.verdict.passed:
            self.lacks.append(Lack("signer", report.verdict.reason, facts=report.verdict.facts))
        elif report.proven is None:
            self._lack_of_proof(stamps)
        elif not report.judgement.verdict.passed:
            self.lacks.append(_lack_of_signer(report.judgement))
        else:
            stamped = min(one.finding.at for one in stamps if one.verdict.passed and one.finding.at)
            self._signer(report.judgement.chain.certificates, report.proven, stamped, finding.evidence)
        self._stamps(stamps, report)

    def _lack_of_proof(self, stamps: Sequence[TimestampReport]) -> None:
        """The newest tells why no timestamp proves the time."""
        verdict = stamps[-1].verdict if stamps else None
        self.lacks.append(
            Lack("timestamp", verdict.reason, facts=verdict.facts) if verdict else Lack("timestamp", "no-timestamp")
        )

    def _signer(
        self, chain: Sequence[x509.Certificate], proven: datetime, stamped: datetime, brought: Sequence[bytes]
    ) -> None:
        answers = self._chain(("signer", "ca"), chain, proven, stamped, brought)
        produced = answers[0].produced if answers else None
        if produced is not None and produced < _second(stamped):
            self.notices.append(Notice("evidence-before-signature", {"produced": produced, "proven": proven}))

    def _stamps(self, stamps: Sequence[TimestampReport], report: SignatureReport) -> None:
        """The newest first, as in proof.py: it shows that the others are older than itself."""
        known = self._judging.at
        for stamp in reversed(stamps):
            finding = stamp.finding
            if not stamp.verdict.passed or finding.certificate is None or finding.at is None:
                continue  # it proves nothing, and takes nothing away
            covered = known < self._judging.at
            at = max(known, finding.at)
            # Nobody answers for the newest but its authority, as of now; what a later one covers it leaves as it was.
            self._authority(finding, finding.certificate, at, finding.at if covered else at, report)
            if finding.place and finding.latest is not None:
                known = min(known, finding.latest)

    def _authority(
        self,
        finding: TimestampFinding,
        certificate: x509.Certificate,
        at: datetime,
        since: datetime,
        report: SignatureReport,
    ) -> None:
        stamped = finding.at or at
        hints = (*finding.embedded, *report.finding.embedded)
        chain = build_chain(certificate, hints, self._judging.timestamp_store, stamped)
        roles = ("timestamp-authority", "timestamp-ca")
        self._chain(roles, chain.certificates, at, since, report.finding.evidence, stamped=stamped)

    def _chain(
        self,
        roles: tuple[str, str],
        chain: Sequence[x509.Certificate],
        at: datetime,
        since: datetime,
        brought: Sequence[bytes],
        *,
        stamped: datetime | None = None,
    ) -> list[RevocationAnswer]:
        """Take in the chain, its anchor included, with evidence about all below it.

        `roles` are those of the first certificate and of the others; `stamped` is when the first one stamped.
        """
        self._certificates.update(dict.fromkeys(chain))
        answers: list[RevocationAnswer] = []
        for subject, issuer in pairwise(chain):
            answer = self._answer(subject, issuer, at, since, brought)
            closed = stamped is not None and not answers and harmless(answer, stamped)
            if answer.status is RevocationStatus.GOOD or closed:
                self._take(answer)
            else:
                self.lacks.append(_lack(roles[bool(answers)], subject, answer))
            answers.append(answer)
        return answers

    def _answer(
        self,
        subject: x509.Certificate,
        issuer: x509.Certificate,
        at: datetime,
        since: datetime,
        brought: Sequence[bytes],
    ) -> RevocationAnswer:
        """Asked for once: signatures have their authorities in common."""
        key = (subject, issuer, at, since)
        if key not in self._answers:
            self._answers[key] = self._judging.broker.collect(subject, issuer, at, brought, since=since)
        return self._answers[key]

    def _take(self, answer: RevocationAnswer) -> None:
        for one in answer.evidence:
            data = one.public_bytes(Encoding.DER)
            if isinstance(one, x509.CertificateRevocationList):
                self._crls[data] = None
            else:
                self._responses[data] = None
                self._certificates.update(dict.fromkeys(one.certificates))


def _lack_of_signer(judgement: Judgement) -> Lack:
    return Lack("signer", judgement.verdict.reason, facts=judgement.verdict.facts)


def _lack(role: str, subject: x509.Certificate, answer: RevocationAnswer) -> Lack:
    name = "" if role == "signer" else subject.subject.rfc4514_string()
    facts = {"revoked_at": answer.revoked_at, "crl_reason": answer.reason} if answer.revoked_at else {}
    return Lack(role, answer.why or answer.status.value, name, facts)


def _second(moment: datetime) -> datetime:
    """Evidence tells its time in whole seconds."""
    return moment.replace(microsecond=0)


def judging_for(
    store: TrustStore, timestamp_store: TimestampAnchors, broker: Revocation, at: datetime, now: datetime
) -> Judging:
    """How to judge what is to be extended: what could not be checked shows as a lack later, and not here."""
    return Judging(store, timestamp_store, broker.renewed(now), at, RevocationMode.WARN)


def unproven(reports: Iterable[SignatureReport]) -> list[SignatureReport]:
    """The signatures over which there is no trusted timestamp."""
    return [report for report in reports if report.document_timestamp is None and report.proven is None]
