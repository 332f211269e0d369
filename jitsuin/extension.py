"""Making the signatures of a document last, later: a timestamp, evidence, an archive timestamp, each in a revision.

What is there stays as it is, byte for byte. A timestamp comes first where no trusted one covers a signature yet: over
the whole document, as EN 319 142-1 permits for level B-T, because a signature has no room in itself that is sure to be
free. Then evidence, and another timestamp over all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from jitsuin.formats.base import Extends, SignatureFinding
from jitsuin.formats.source import Source
from jitsuin.formats.verdict import Indication

from . import clock, registry
from .documents import adapter_for
from .errors import (
    ExtensionRefusedError,
    InvalidSignatureError,
    ProfileMismatchError,
    SelfVerificationError,
)
from .long_term import Preserving, check_claimable, judging_for, unproven
from .proof import load_timestamp_trust
from .results import ExtendResult, Notice, SignatureReport, TimestampReport
from .revocation import ONLINE, EvidenceOptions, open_broker
from .storage import check_output, open_document, write_atomically
from .timestamp import TimestampAuthority
from .trust import TrustNames, load_trust
from .validity import Mode, RevocationMode

Level = Literal["pades-b-t", "pades-b-lt", "pades-b-lta"]


def extend_file(
    source: str | Path,
    target: str | Path,
    *,
    to: Level = "pades-b-lta",
    timestamp_url: str | None = None,
    timestamp_trust: TrustNames = (),
    trust: TrustNames = (),
    crls: Sequence[str | Path] = (),
    revocation: Mode = "warn",
    evidence: EvidenceOptions = ONLINE,
    overwrite: bool = False,
    at: datetime | None = None,
) -> ExtendResult:
    """Extend a signed PDF into `target`, so that every signature in it reaches the level `to`.

    A document of level pades-b-lta is renewed: evidence about its newest timestamp, and a timestamp over that.
    Raises JitsuinError or FormatError; then nothing is written. LongTermError says what is lacking.
    """
    source, target, at = Path(source), Path(target), at or clock.now()
    given = [Path(name) for name in (*trust, *timestamp_trust, *crls) if isinstance(name, str | Path)]
    check_output(target, [source, *given], overwrite=overwrite)
    profile = registry.profile_named(to)
    if not profile.timestamp_over:
        raise ProfileMismatchError(profile=to, found="extend")
    timestamp_store, mode = load_timestamp_trust(timestamp_trust), RevocationMode(revocation)
    broker = open_broker(crls, evidence, at)
    document = open_document(source)
    adapter = adapter_for(source, document, to)
    if not isinstance(adapter, Extends):
        raise ProfileMismatchError(profile=to, found=adapter.name)
    check_claimable(profile, timestamp_trust, "require")
    authority = None
    if timestamp_url is not None:
        authority = TimestampAuthority(timestamp_url, timestamp_store, broker, evidence, mode)
    judging = judging_for(load_trust(trust), timestamp_store, broker, at, clock.now())
    extending = _Extending(Preserving(adapter, judging, profile, target), authority)
    extended = extending.extend(source, document)
    sha256: list[str] = []
    write_atomically(
        target,
        extended.source.copy_to,
        overwrite=overwrite,
        check=lambda written: sha256.append(extending.check(document, extended, open_document(written))),
    )
    return ExtendResult(
        source=source,
        target=target,
        profile=profile,
        source_sha256=document.hasher("sha256").hexdigest(),
        target_sha256=sha256[0],
        at=at,
        added=extended.added,
        timestamps=extended.timestamps,
        notices=extended.notices,
    )


@dataclass(frozen=True)
class _Extended:
    """A document with what was added, in that order."""

    source: Source
    before: Sequence[SignatureReport]
    """How it was judged."""
    added: tuple[str, ...] = ()
    timestamps: tuple[TimestampReport, ...] = ()
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True)
class _Extending:
    preserving: Preserving
    authority: TimestampAuthority | None

    def extend(self, path: Path, document: Source) -> _Extended:
        """All that is to be added, in memory. Raises what `extend_file` does."""
        profile = self.preserving.profile
        reports = self.preserving.reports(document)
        _check_extensible(path, reports)
        first = bool(unproven(reports))
        if profile.validation_data:
            self.preserving.check_lasting(reports)
        if first or profile.archive_timestamp:
            self._check_authority()
        extended = _Extended(document, reports)
        if first:
            extended = self._stamped(extended, "timestamp")
        if profile.validation_data:
            source, notices = self.preserving.with_evidence(extended.source)
            added = ("validation-data",) if source.size > extended.source.size else ()
            extended = _Extended(
                source, reports, (*extended.added, *added), extended.timestamps, (*extended.notices, *notices)
            )
        if profile.archive_timestamp:
            extended = self._stamped(extended, "archive-timestamp")
        if not extended.added:
            raise ExtensionRefusedError(path=str(path), reason="already", profile=profile.name)
        return extended

    def _check_authority(self) -> None:
        if self.authority is None:
            raise ProfileMismatchError(profile=self.preserving.profile.name, reason="no-timestamp-url")
        self.authority.check_address()

    def _stamped(self, extended: _Extended, what: str) -> _Extended:
        assert self.authority is not None  # noqa: S101 - for the type checker: `_check_authority` saw to it
        source, stamp = self.preserving.stamped(extended.source, self.authority)
        notices = () if stamp.report.verdict.passed else (Notice("timestamp-not-vouched-for"),)
        return _Extended(
            source,
            extended.before,
            (*extended.added, what),
            (*extended.timestamps, stamp.report),
            (*extended.notices, *notices),
        )

    def check(self, original: Source, extended: _Extended, written: Source) -> str:
        """Whether what was written begins with the original and is judged no worse; gives its SHA-256.

        Raises SelfVerificationError.
        """
        target = str(self.preserving.target)
        if written.hasher("sha256", original.size).digest() != original.hasher("sha256").digest():
            raise SelfVerificationError(path=target, reason="missing")
        after = {report.finding.signature_id: report for report in self.preserving.reports(written)}
        for before in extended.before:
            now = after.get(before.finding.signature_id)
            if now is None:
                raise SelfVerificationError(path=target, reason="missing")
            if not now.finding.verdict.passed or (before.verdict.passed and not now.verdict.passed):
                raise SelfVerificationError(**{"path": target, "reason": now.verdict.reason, **now.verdict.facts})
        wanting = [] if not self.preserving.judging.timestamp_store.anchors else unproven(after.values())
        if wanting:
            raise SelfVerificationError(path=target, reason="no-proof")
        return written.hasher("sha256").hexdigest()


def _check_extensible(path: Path, reports: Sequence[SignatureReport]) -> None:
    for report in reports:
        finding, verdict = report.finding, report.verdict
        if verdict.reason == "no-signature":
            raise ExtensionRefusedError(path=str(path), reason="unsigned")
        if verdict.indication is Indication.TOTAL_FAILED or _unreadable(finding):
            facts = {**verdict.facts, "reason": verdict.reason, "place": finding.place, "path": str(path)}
            raise InvalidSignatureError(**facts)


def _unreadable(finding: SignatureFinding) -> bool:
    """Whether it could not even be told what the document has."""
    return not finding.verdict.passed and finding.signature_id is None
