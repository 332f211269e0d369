"""What was looked at in a signature, check by check: the outcome of each, and its evidence in words.

The verdict names the one check that decided. Here the others are told apart: those that passed, those that nobody made,
and those whose outcome means nothing because an earlier one failed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives import hashes

from jitsuin.formats.verdict import Indication, SubIndication, Verdict

from .language import say
from .messages import age, change_sentence, moment, notice_sentence, verdict_sentence
from .report import anchor_name, part_in_words, period_text, redacted, revocation_text, timestamp_text
from .results import SignatureReport, TimestampReport, VerifyReport
from .revocation_status import RevocationAnswer, RevocationStatus
from .sentences import CERTIFICATE_KINDS
from .sentences.checks import CERTIFICATE_NOT_JUDGED, CHAIN_NOT_JUDGED

if TYPE_CHECKING:
    from cryptography import x509

    from jitsuin.formats.base import SignatureFinding

    from .trust import Chain
    from .validity import Judgement


class Outcome(StrEnum):
    """How a check ended. Only the first is good news."""

    PASSED = "passed"
    FAILED = "failed"
    UNDECIDED = "undecided"
    """It was made, and what it needs to decide is not there."""
    NOT_CHECKED = "not-checked"
    NOT_JUDGED = "not-judged"
    """Another check failed, which leaves nothing to say about this one."""
    NOTE = "note"
    """Decides nothing, and should be known."""


class Subject(StrEnum):
    """What a check is about."""

    FORM = "form"
    ALGORITHM = "algorithm"
    DIGESTS = "digests"
    VALUE = "value"
    CHANGES = "changes"
    CERTIFICATE = "certificate"
    CHAIN = "chain"
    PERIOD = "period"
    REVOCATION = "revocation"
    TIMESTAMP = "timestamp"
    NOTICE = "notice"


@dataclass(frozen=True)
class Check:
    """One check of one signature."""

    subject: Subject
    outcome: Outcome
    evidence: tuple[str, ...] = ()
    """Sentences and facts, which may quote the document."""
    reason: str = ""
    """The code of what is wrong, or not known; empty where it passed."""
    answer: RevocationAnswer | None = None
    """Of a check of revocation: what it rests on."""


SIGNS: Final = {
    Outcome.PASSED: "✓",
    Outcome.FAILED: "✗",
    Outcome.UNDECIDED: "?",
    Outcome.NOT_CHECKED: "–",
    Outcome.NOT_JUDGED: "–",
    Outcome.NOTE: "!",
}
"""A sign for each outcome, beside the word."""
_BLAMED = {
    SubIndication.HASH_FAILURE: Subject.DIGESTS,
    SubIndication.SIGNED_DATA_NOT_FOUND: Subject.DIGESTS,
    SubIndication.SIG_CRYPTO_FAILURE: Subject.VALUE,
    SubIndication.CRYPTO_CONSTRAINTS_FAILURE: Subject.ALGORITHM,
    SubIndication.NO_SIGNING_CERTIFICATE_FOUND: Subject.CERTIFICATE,
    SubIndication.CHAIN_CONSTRAINTS_FAILURE: Subject.CERTIFICATE,
}
_CHANGED = frozenset(("changed-after-signing", "signature-removed"))
# Reasons that are found late: once digests and value are known to be right, once the later changes are known to be
# permitted, once all that is about the document has passed.
_SOUND = frozenset(("changed-after-signing", "not-the-form", "certificate-malformed"))
_UNCHANGED = frozenset(("not-the-form", "certificate-malformed"))
_COMPLETE = frozenset(("certificate-malformed",))
_PERIODS = frozenset(("signer-not-yet-valid", "signer-expired", "ca-not-yet-valid", "ca-expired"))
_REVOKED = frozenset(("revoked", "on-hold", "ca-revoked"))


def checks_of(report: VerifyReport, signature: SignatureReport, *, redact: bool = False) -> tuple[Check, ...]:
    """Every check of a signature, in the order in which they are made."""
    certificate, judgement = signature.finding.certificate, signature.judgement
    found = [*_of_document(report, signature)]
    if certificate is not None and judgement is not None:
        found += _of_certificate(report, signature, certificate, judgement, redact=redact)
    elif signature.document_timestamp is None and all(check.subject is not Subject.CERTIFICATE for check in found):
        found.append(Check(Subject.CERTIFICATE, Outcome.NOT_JUDGED, (say(*CERTIFICATE_NOT_JUDGED),)))
    own = () if signature.document_timestamp is None else (signature.document_timestamp,)
    found += (_of_timestamp(stamp) for stamp in (*own, *signature.timestamps))
    for notice in judgement.notices if judgement is not None else ():
        if notice.code != "revocation-not-checked":  # the check of revocation has said it
            found.append(
                Check(Subject.NOTICE, Outcome.NOTE, (notice_sentence(notice.code, notice.facts),), notice.code)
            )
    return tuple(found)


# The document


def _of_document(report: VerifyReport, signature: SignatureReport) -> Iterator[Check]:
    finding = signature.finding
    verdict, blamed = finding.verdict, None
    if not verdict.passed:
        changed = verdict.reason in _CHANGED
        blamed = Subject.CHANGES if changed else _BLAMED.get(verdict.sub_indication or SubIndication.FORMAT_FAILURE)
        blamed = blamed or Subject.FORM

    def check(subject: Subject, *evidence: str, after: frozenset[str] = _SOUND) -> Check:
        if subject is blamed:
            told = () if subject is Subject.CHANGES and evidence else (_sentence(verdict),)
            return Check(subject, _outcome(verdict), (*told, *evidence), verdict.reason)
        passed = verdict.passed or verdict.reason in after
        return Check(subject, Outcome.PASSED if passed else Outcome.NOT_JUDGED, evidence)

    yield check(Subject.FORM, report.format, after=_COMPLETE)
    algorithm = check(Subject.ALGORITHM, *((finding.scheme,) if finding.scheme else ()))
    if finding.weak and algorithm.outcome is Outcome.PASSED:
        weak = say(
            "SHA-1 is no longer secure, and was accepted on request", "安全でないSHA-1を、指定により許容しました"
        )
        algorithm = Check(Subject.ALGORITHM, Outcome.NOTE, (*algorithm.evidence, weak), "weak")
    yield algorithm
    yield check(Subject.DIGESTS, *map(part_in_words, finding.covers))
    yield check(Subject.VALUE)
    if report.format == "pdf" or finding.changes or blamed is Subject.CHANGES:
        yield check(Subject.CHANGES, *_changes(finding), after=_UNCHANGED)
    if blamed is Subject.CERTIFICATE:
        yield check(Subject.CERTIFICATE)


def _changes(finding: SignatureFinding) -> Iterator[str]:
    for change in finding.changes:
        refused = "" if change.permitted else say("not permitted: ", "認められない変更: ")
        yield refused + change_sentence(change.code, change.facts)
    if not finding.changes and (finding.verdict.passed or finding.verdict.reason in _UNCHANGED):
        yield say("nothing came after the signature", "署名後の変更はありません")


# The certificate


def _of_certificate(
    report: VerifyReport,
    signature: SignatureReport,
    certificate: x509.Certificate,
    judgement: Judgement,
    *,
    redact: bool,
) -> Iterator[Check]:
    kind = say(*CERTIFICATE_KINDS[judgement.kind.value])
    wrong = judgement.verdict.reason == "wrong-kind"
    said = (kind, _sentence(judgement.verdict)) if wrong else (kind,)
    if wrong:
        yield Check(Subject.CERTIFICATE, _outcome(judgement.verdict), said, judgement.verdict.reason)
    else:
        yield Check(Subject.CERTIFICATE, Outcome.PASSED, said)
    yield _chain(judgement, redact=redact)
    yield _period(report, signature, certificate, judgement)
    yield _revocation(report, judgement)


def _chain(judgement: Judgement, *, redact: bool) -> Check:
    chain = judgement.chain
    anchor = anchor_name(judgement, redact=redact)
    leads = say(f"leads to {anchor}", f"信頼の起点: {anchor}") if anchor else ""
    links = [line for number in range(len(chain.certificates)) for line in _link(chain, number, redact=redact)]
    if chain.verdict.passed:
        return Check(Subject.CHAIN, Outcome.PASSED, (leads, *links))
    if chain.verdict.reason in _PERIODS:  # a check of its own, after which what CAs demand is not looked at
        return Check(Subject.CHAIN, Outcome.NOT_JUDGED, (leads, say(*CHAIN_NOT_JUDGED), *links))
    return Check(
        Subject.CHAIN,
        _outcome(chain.verdict),
        (_sentence(chain.verdict), *([leads] if leads else []), *links),
        chain.verdict.reason,
    )


def _link(chain: Chain, number: int, *, redact: bool) -> Iterator[str]:
    """One certificate of the chain. The signer's fingerprint stands with its other data."""
    signer, certificate = number == 0, chain.certificates[number]
    name = certificate.subject.rfc4514_string()
    if redact and certificate.subject == chain.certificates[0].subject:
        name = say("the signer", "署名者") if signer else redacted()
    yield f"{number + 1}. {name} ({period_text(certificate)})"
    if not signer:
        yield f"SHA-256 {certificate.fingerprint(hashes.SHA256()).hex()}"


def _period(
    report: VerifyReport, signature: SignatureReport, certificate: x509.Certificate, judgement: Judgement
) -> Check:
    counts, chain = signature.proven or report.at, judgement.chain
    when = say(f"at {moment(counts)}, {_why(signature)}", f"{moment(counts)}の時点で判定({_why(signature)})")
    evidence = (period_text(certificate), when)
    if chain.verdict.reason in _PERIODS:
        return Check(
            Subject.PERIOD, _outcome(chain.verdict), (_sentence(chain.verdict), *evidence), chain.verdict.reason
        )
    inside = all(_valid(one, counts) for one in chain.certificates or (certificate,))
    return Check(Subject.PERIOD, Outcome.PASSED if inside else Outcome.UNDECIDED, evidence)


def _why(signature: SignatureReport) -> str:
    if signature.proven:
        return say("when a timestamp proves it to have existed", "タイムスタンプによる存在の証明")
    return say("the time of this verification", "検証の基準時刻")


def _valid(certificate: x509.Certificate, at: datetime) -> bool:
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def _revocation(report: VerifyReport, judgement: Judgement) -> Check:
    answer, verdict = judgement.revocation, judgement.verdict
    evidence = [revocation_text(answer), *_age(answer, report.at)]
    if answer.of_ca:
        evidence.insert(
            1, say("this is about a CA certificate of the chain", "経路上の認証局の証明書についての情報です")
        )
    if answer.status is RevocationStatus.GOOD:
        return Check(Subject.REVOCATION, Outcome.PASSED, tuple(evidence), answer=answer)
    if answer.status is RevocationStatus.NOT_CHECKED:
        said = (notice for notice in judgement.notices if notice.code == "revocation-not-checked")
        evidence += (notice_sentence(notice.code, notice.facts) for notice in said)
        return Check(Subject.REVOCATION, Outcome.NOT_CHECKED, tuple(evidence), answer.why, answer)
    decided = verdict.reason in _REVOKED
    return Check(
        Subject.REVOCATION,
        _outcome(verdict) if decided else Outcome.UNDECIDED,
        (*([_sentence(verdict)] if decided else []), *evidence),
        answer.reason,
        answer,
    )


def _age(answer: RevocationAnswer, at: datetime) -> Iterator[str]:
    """How old the evidence was at the time for which the verification was made."""
    if answer.produced is None:
        return
    told = age(answer.produced, at)
    yield say(f"age of the evidence: {told}", f"失効情報の経過時間: {told}")


# Timestamps


def _of_timestamp(stamp: TimestampReport) -> Check:
    asked = stamp.revocation
    outcome = _outcome(stamp.verdict)
    if outcome is Outcome.PASSED and (asked is None or asked.status is not RevocationStatus.GOOD):
        outcome = Outcome.NOTE
    reason = stamp.verdict.reason if not stamp.verdict.passed else asked.why or asked.reason if asked else ""
    return Check(Subject.TIMESTAMP, outcome, (timestamp_text(stamp),), reason, asked)


def _outcome(verdict: Verdict) -> Outcome:
    return {
        Indication.TOTAL_PASSED: Outcome.PASSED,
        Indication.TOTAL_FAILED: Outcome.FAILED,
        Indication.INDETERMINATE: Outcome.UNDECIDED,
    }[verdict.indication]


def _sentence(verdict: Verdict) -> str:
    return verdict_sentence(verdict.reason, verdict.facts)
