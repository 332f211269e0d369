"""Is a certificate good for a document signature at this time? Kind, chain, period and revocation, in one verdict.

The same judgement is the gate before signing and the last step of verifying.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cryptography import x509

from jitsuin.formats.verdict import PASSED, SubIndication, Verdict

from .certificate import YOUNG, CertificateKind, holder_of, kind_of, may_sign_documents, renewal_opens
from .results import Notice
from .revocation import NOT_ASKED, Evidence, RevocationAnswer, RevocationStatus, check
from .trust import Chain, TrustStore, build_chain


class RevocationMode(StrEnum):
    """What to make of a certificate whose revocation could not be checked."""

    REQUIRE = "require"
    """Not good enough: INDETERMINATE, and no signing."""
    WARN = "warn"
    """Say so and go on."""
    OFF = "off"
    """Do not look; the report still says "not checked"."""


@dataclass(frozen=True)
class Judgement:
    """The verdict on a certificate, with what it rests on."""

    kind: CertificateKind
    chain: Chain
    revocation: RevocationAnswer
    verdict: Verdict
    notices: tuple[Notice, ...] = ()


def judge(
    certificate: x509.Certificate,
    hints: Iterable[x509.Certificate],
    store: TrustStore,
    evidence: Sequence[Evidence],
    at: datetime,
    mode: RevocationMode,
) -> Judgement:
    """Judge a signing certificate. The first thing that is wrong decides; what could not be checked comes after it."""
    kind = kind_of(certificate)
    chain = build_chain(certificate, hints, store, at)
    revocation = NOT_ASKED
    if mode is not RevocationMode.OFF and len(chain.certificates) > 1:
        revocation = check(certificate, chain.certificates[1], evidence, at)
    elif mode is not RevocationMode.OFF:
        revocation = RevocationAnswer(RevocationStatus.NOT_CHECKED, "no-chain")
    verdict = _kind(certificate, kind)
    for step in (chain.verdict, _revocation(revocation, mode)):
        verdict = step if verdict.passed else verdict
    return Judgement(kind, chain, revocation, verdict, tuple(_notices(certificate, revocation, at)))


def _kind(certificate: x509.Certificate, kind: CertificateKind) -> Verdict:
    if may_sign_documents(certificate):
        return PASSED
    return Verdict(SubIndication.CHAIN_CONSTRAINTS_FAILURE, "wrong-kind", {"kind": kind.value})


def _revocation(answer: RevocationAnswer, mode: RevocationMode) -> Verdict:
    if answer.status in (RevocationStatus.REVOKED, RevocationStatus.ON_HOLD):
        facts = {"revoked_at": answer.revoked_at, "crl_reason": answer.reason}
        return Verdict(SubIndication.REVOKED_NO_POE, answer.status.value, facts)
    if answer.status is RevocationStatus.NOT_CHECKED and mode is RevocationMode.REQUIRE:
        return Verdict(SubIndication.TRY_LATER, "revocation-not-checked", {"why": answer.why})
    return PASSED


def _notices(certificate: x509.Certificate, revocation: RevocationAnswer, at: datetime) -> Iterable[Notice]:
    if revocation.status is RevocationStatus.NOT_CHECKED:
        yield Notice("revocation-not-checked", {"why": revocation.why})
    if kind_of(certificate) is CertificateKind.OTHER:
        return
    if certificate.not_valid_before_utc <= at < certificate.not_valid_before_utc + YOUNG:
        yield Notice("certificate-young", {"since": certificate.not_valid_before_utc})
    if renewal_opens(certificate) <= at <= certificate.not_valid_after_utc:
        yield Notice("renewal-window", {"until": certificate.not_valid_after_utc})
    holder = holder_of(certificate)
    if holder is not None and holder.substituted:
        yield Notice("characters-substituted", {})
