"""When a signature is proven to have existed: timestamps, the authorities behind them, and the time that counts.

A timestamp proves a time only where its authority's certificate leads to an anchor that was named for timestamps. Those
anchors are a set of their own: that of the signing certificates, JPKI's pins among them, vouches for no clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from jitsuin.formats.verdict import PASSED, SubIndication, Verdict

from .results import TimestampReport
from .revocation_status import NOT_ASKED, RevocationAnswer, RevocationStatus
from .trust import TrustNames, TrustStore, build_chain, read_certificates, read_set
from .trust_sets import TrustSet
from .validity import RevocationMode, require_readable

if TYPE_CHECKING:
    from jitsuin.formats.base import TimestampFinding

    from .revocation import Revocation

_PURPOSE = ExtendedKeyUsageOID.TIME_STAMPING
_HARMLESS = frozenset(("affiliationChanged", "superseded", "cessationOfOperation"))
"""Reasons for revoking an authority that leave what it had stamped before as it is (RFC 3161, 4)."""
_GONE = frozenset((RevocationStatus.REVOKED, RevocationStatus.ON_HOLD))
_PERIODS = frozenset(("signer-not-yet-valid", "signer-expired", "ca-not-yet-valid", "ca-expired"))


class TimestampAnchors(TrustStore):
    """Anchors for timestamps, and nothing else: no pins, nothing imported or remembered."""

    def name_of(self, certificate: x509.Certificate) -> str | None:
        """The anchor's name if the certificate is one of those that were named for timestamps, else None."""
        return certificate.subject.rfc4514_string() if certificate in self.anchors else None


@dataclass(frozen=True)
class Brought:
    """What the document brings for judging: certificates for chains, and CRLs and OCSP responses."""

    certificates: tuple[x509.Certificate, ...] = ()
    evidence: tuple[bytes, ...] = ()


NOTHING = Brought()


def load_timestamp_trust(names: TrustNames) -> TimestampAnchors:
    """Anchors from files (PEM or DER), by set, or as certificates. Raises TrustFileError."""
    anchors: list[x509.Certificate] = []
    for name in names:
        if isinstance(name, TrustSet):
            anchors += read_set(name)
            continue
        anchors += [name] if isinstance(name, x509.Certificate) else read_certificates(Path(name))
    return TimestampAnchors(tuple(anchors))


def judge_timestamps(
    findings: Sequence[TimestampFinding],
    store: TimestampAnchors,
    broker: Revocation | None,
    at: datetime,
    mode: RevocationMode,
    brought: Brought,
) -> tuple[TimestampReport, ...]:
    """Judge the timestamps over one thing, which are in their order, the newest first.

    A trusted document timestamp proves those that it covers to be older than itself, and so from before anything that
    befell their authorities later (EN 319 102-1, 5.6.2.4).
    """
    known, reports = at, []
    for finding in reversed(findings):
        report = judge_timestamp(finding, store, broker, known, mode, brought)
        reports.append(report)
        if report.verdict.passed and finding.place and finding.latest is not None:
            known = min(known, finding.latest)
    return tuple(reversed(reports))


def judge_timestamp(
    finding: TimestampFinding,
    store: TimestampAnchors,
    broker: Revocation | None,
    at: datetime,
    mode: RevocationMode,
    brought: Brought = NOTHING,
) -> TimestampReport:
    """Judge a timestamp that is known to have existed `at`: what was found out about the token, then its authority."""
    if not finding.verdict.passed or finding.certificate is None or finding.at is None:
        return TimestampReport(finding, finding.verdict)
    try:
        return _judged(finding, finding.certificate, finding.at, store, broker, max(at, finding.at), mode, brought)
    except Exception as error:  # noqa: BLE001 - a hostile certificate must not stop the report, and proves nothing
        facts = {"error": type(error).__name__}
        return TimestampReport(
            finding, Verdict(SubIndication.CHAIN_CONSTRAINTS_FAILURE, "certificate-malformed", facts)
        )


def _authority(certificate: x509.Certificate, at: datetime) -> Verdict:
    """Whether the certificate is one for timestamps, and valid when it was used."""
    if not _for_timestamps(certificate):
        return Verdict(SubIndication.CHAIN_CONSTRAINTS_FAILURE, "timestamp-purpose")
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        return Verdict(SubIndication.OUT_OF_BOUNDS_NO_POE, "timestamp-authority-period")
    return PASSED


def _judged(
    finding: TimestampFinding,
    certificate: x509.Certificate,
    stamped: datetime,
    store: TimestampAnchors,
    broker: Revocation | None,
    at: datetime,
    mode: RevocationMode,
    brought: Brought,
) -> TimestampReport:
    require_readable(certificate)
    verdict = _authority(certificate, stamped)
    hints = (*finding.embedded, *brought.certificates)
    chain = build_chain(certificate, hints, store, stamped)
    if verdict.passed:
        verdict = _of_authority(chain.verdict)
    for one in chain.certificates:
        if verdict.passed and at > one.not_valid_after_utc:
            facts = {"until": one.not_valid_after_utc}
            verdict = Verdict(SubIndication.OUT_OF_BOUNDS_NO_POE, "timestamp-authority-expired", facts)
    revocation = NOT_ASKED
    if verdict.passed and broker is not None and mode is not RevocationMode.OFF:
        broker, pairs = broker.within(chain.certificates, hints, at), pairwise(chain.certificates)
        revocation = _revocation([broker.answer(*pair, at, brought.evidence) for pair in pairs], stamped)
        verdict = _revoked(revocation, mode, stamped)
    return TimestampReport(finding, verdict, chain.anchor, revocation)


def _for_timestamps(certificate: x509.Certificate) -> bool:
    """RFC 3161, 2.3: the one purpose, critical; and a key usage, if there is any, that signs."""
    try:
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return False
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        usage = None
    signs = usage is None or usage.digital_signature or usage.content_commitment
    return purposes.critical and list(purposes.value) == [_PURPOSE] and signs


def _of_authority(verdict: Verdict) -> Verdict:
    """The chain's verdict, told as one about a time-stamping authority."""
    if verdict.reason == "issuer-unknown":
        return Verdict(SubIndication.NO_CERTIFICATE_CHAIN_FOUND, "timestamp-authority-unknown")
    if verdict.reason in _PERIODS:
        return Verdict(SubIndication.OUT_OF_BOUNDS_NO_POE, "timestamp-authority-period")
    return verdict


def _revocation(answers: Sequence[RevocationAnswer], stamped: datetime) -> RevocationAnswer:
    """The worst answer along the chain."""
    worst = RevocationAnswer(RevocationStatus.GOOD)
    for number, given in enumerate(answers):
        answer = replace(given, of_ca=number > 0)
        if answer.status in _GONE and not harmless(answer, stamped):
            return answer
        if answer.status is RevocationStatus.NOT_CHECKED or worst.status is RevocationStatus.GOOD:
            worst = answer
    return worst


def harmless(answer: RevocationAnswer, stamped: datetime) -> bool:
    """Whether the authority was closed after it had stamped, its key unharmed (RFC 3161, 4)."""
    later = answer.revoked_at is not None and answer.revoked_at > stamped
    return answer.status is RevocationStatus.REVOKED and not answer.of_ca and later and answer.reason in _HARMLESS


def _revoked(answer: RevocationAnswer, mode: RevocationMode, stamped: datetime) -> Verdict:
    if answer.status is RevocationStatus.NOT_CHECKED and mode is RevocationMode.REQUIRE:
        return Verdict(SubIndication.TRY_LATER, "timestamp-authority-not-checked", {"why": answer.why})
    if answer.status not in _GONE or harmless(answer, stamped):
        return PASSED
    facts = {"revoked_at": answer.revoked_at, "crl_reason": answer.reason}
    return Verdict(SubIndication.REVOKED_NO_POE, "timestamp-authority-revoked", facts)
