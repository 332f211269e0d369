"""Is a certificate good for a document signature at this time? Kind, chain, period and revocation, in one verdict.

The same judgement is the gate before signing and the last step of verifying.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

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
    require_readable(certificate)
    kind = kind_of(certificate)
    chain = build_chain(certificate, hints, store, at)
    revocation = NOT_ASKED if mode is RevocationMode.OFF else _checked(chain, evidence, at)
    verdict = _kind(certificate, kind)
    for step in (chain.verdict, _revocation(revocation, mode)):
        verdict = step if verdict.passed else verdict
    return Judgement(kind, chain, revocation, verdict, tuple(_notices(certificate, revocation, at)))


def require_readable(certificate: x509.Certificate) -> None:
    """Raise, with whatever error the library has, where a field of the certificate cannot be read; it parses late."""
    _ = certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string(), list(certificate.extensions)
    _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc, certificate.serial_number
    _ = holder_of(certificate)


def _checked(chain: Chain, evidence: Sequence[Evidence], at: datetime) -> RevocationAnswer:
    """The worst answer along the chain, up to the anchor, which is trusted as it is."""
    if len(chain.certificates) < 2:
        return RevocationAnswer(RevocationStatus.NOT_CHECKED, "no-chain")
    answers = [check(subject, issuer, evidence, at) for subject, issuer in pairwise(chain.certificates)]
    for revoked in answers[1:]:
        if revoked.status in (RevocationStatus.REVOKED, RevocationStatus.ON_HOLD):
            return replace(revoked, of_ca=True)
    return max(answers, key=lambda answer: _GRAVITY.index(answer.status))


_GRAVITY = (
    RevocationStatus.GOOD,
    RevocationStatus.NOT_CHECKED,
    RevocationStatus.ON_HOLD,
    RevocationStatus.REVOKED,
)


def _kind(certificate: x509.Certificate, kind: CertificateKind) -> Verdict:
    if may_sign_documents(certificate):
        return PASSED
    return Verdict(SubIndication.CHAIN_CONSTRAINTS_FAILURE, "wrong-kind", {"kind": kind.value})


def _revocation(answer: RevocationAnswer, mode: RevocationMode) -> Verdict:
    if answer.status in (RevocationStatus.REVOKED, RevocationStatus.ON_HOLD):
        facts = {"revoked_at": answer.revoked_at, "crl_reason": answer.reason}
        reason = "ca-revoked" if answer.of_ca else answer.status.value
        return Verdict(SubIndication.REVOKED_NO_POE, reason, facts)
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
