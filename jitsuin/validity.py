"""Is a certificate good for a document signature at this time? Kind, chain, period and revocation, in one verdict.

The same judgement is the gate before signing and the last step of verifying.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from cryptography import x509

from jitsuin.formats.verdict import PASSED, SubIndication, Verdict

from .certificate import YOUNG, CertificateKind, holder_of, kind_of, may_sign_documents, renewal_opens
from .results import Notice
from .revocation_status import NOT_ASKED, RevocationAnswer, RevocationStatus
from .trust import Chain, TrustStore, build_chain

if TYPE_CHECKING:
    from .revocation import Revocation


Mode = Literal["require", "warn", "off"]


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
    broker: Revocation | None,
    at: datetime,
    mode: RevocationMode,
    *,
    proven: datetime | None = None,
    embedded: Sequence[bytes] = (),
) -> Judgement:
    """Judge a signing certificate. The first thing that is wrong decides; what could not be checked comes after it.

    `proven` is when the signature is known to have existed, by a trusted timestamp; what came over the certificate
    later is then past caring. Without it the time that counts is `at`. `embedded` is the document's own evidence.
    """
    require_readable(certificate)
    counts, hints = proven or at, tuple(hints)
    kind = kind_of(certificate)
    chain = build_chain(certificate, hints, store, counts)
    revocation = NOT_ASKED
    if mode is not RevocationMode.OFF and broker is not None:
        revocation = _checked(chain, broker.within(chain.certificates, hints, counts), counts, embedded)
    verdict = _kind(certificate, kind)
    for step in (chain.verdict, _revocation(revocation, mode, proven)):
        verdict = step if verdict.passed else verdict
    return Judgement(kind, chain, revocation, verdict, tuple(_notices(certificate, chain, revocation, at)))


def require_readable(certificate: x509.Certificate) -> None:
    """Raise, with whatever error the library has, where a field of the certificate cannot be read; it parses late."""
    _ = certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string(), list(certificate.extensions)
    _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc, certificate.serial_number
    _ = holder_of(certificate)


def _checked(chain: Chain, broker: Revocation, at: datetime, embedded: Sequence[bytes]) -> RevocationAnswer:
    """The worst answer along the chain, up to the anchor, which is trusted as it is."""
    if len(chain.certificates) < 2:
        return RevocationAnswer(RevocationStatus.NOT_CHECKED, "no-chain")
    pairs = pairwise(chain.certificates)
    answers = [broker.answer(subject, issuer, at, embedded) for subject, issuer in pairs]
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


def _revocation(answer: RevocationAnswer, mode: RevocationMode, proven: datetime | None) -> Verdict:
    if answer.status in (RevocationStatus.REVOKED, RevocationStatus.ON_HOLD):
        facts = {"revoked_at": answer.revoked_at, "crl_reason": answer.reason}
        reason = "ca-revoked" if answer.of_ca else answer.status.value
        # Without a proof of time the signature may be older than the revocation (EN 319 102-1, 5.5.4).
        sub_indication = SubIndication.REVOKED_NO_POE if proven is None else SubIndication.REVOKED
        return Verdict(sub_indication, reason, facts)
    if answer.status is RevocationStatus.NOT_CHECKED and mode is RevocationMode.REQUIRE:
        return Verdict(SubIndication.TRY_LATER, "revocation-not-checked", {"why": answer.why})
    return PASSED


def _notices(
    certificate: x509.Certificate, chain: Chain, revocation: RevocationAnswer, at: datetime
) -> Iterable[Notice]:
    if chain.of_test_hierarchy:
        yield Notice("test-hierarchy")
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
