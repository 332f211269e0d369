"""Results as text for people and as JSON for programs: the same facts in both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes

from .certificate import CertificateKind, holder_of, kind_of
from .language import language, say
from .messages import age, change_sentence, error_sentence, moment, notice_sentence, revocation_word, verdict_sentence
from .results import Notice, SignatureReport, SignOutcome, SignResult, TimestampReport, VerifyReport
from .revocation_status import RevocationAnswer, RevocationStatus

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography import x509

    from jitsuin.formats.base import Change
    from jitsuin.formats.profiles import Profile
    from jitsuin.formats.verdict import Verdict

    from .validity import Judgement

SCHEMA_VERSION = 1
"""Of every JSON object that the command line prints. Grows when a field changes its meaning or goes."""


# Text


def verify_text(
    report: VerifyReport, *, redact: bool = False, more: Callable[[SignatureReport], Iterable[str]] | None = None
) -> str:
    """A verification for a person, one block for each signature, which ends in the lines that `more` has to say."""
    lines = [f"{printable(str(report.path))}: {verdict_word(report.verdict)} [{report.format}]"]
    for number, signature in enumerate(report.signatures, 1):
        if about_document(signature):
            verdict = signature.verdict
            lines.append(f"  {printable(verdict_sentence(verdict.reason, verdict.facts))}")
            continue
        lines += [f"  {signature_kind(signature)} {number}: {printable(signature.finding.place)}"]
        lines += [
            f"    {label}{printable(text)}" for label, text in _signature_rows(signature, report.at, redact=redact)
        ]
        lines += [f"    {line}" for line in more(signature)] if more else []
    return "\n".join(lines)


def sign_text(outcome: SignOutcome) -> str:
    """The outcome for one document, with what should be known about it."""
    if outcome.result is None:
        return error_text(outcome.source, outcome.error or Exception())
    result = outcome.result
    lines = [f"{printable(str(result.source))} → {printable(str(result.target))}"]
    rows = [
        (say("profile", "プロファイル"), f"{result.profile.name} ({result.profile.status[_key()]})"),
        (say("signatures", "署名"), f"{result.signatures_made} × {result.scheme}"),
        *([(say("field", "署名欄"), ", ".join(result.signature_ids))] * (result.profile.format == "pdf")),
        (say("trusted via", "信頼の起点"), result.judgement.chain.anchor or "-"),
        (say("revocation", "失効確認"), revocation_text(result.judgement.revocation, result.at)),
        *([(say("timestamp", "タイムスタンプ"), timestamp_text(result.timestamp))] if result.timestamp else []),
        ("SHA-256", result.target_sha256),
    ]
    lines += [f"  {padded(label)}{printable(text)}" for label, text in rows]
    lines += [f"  ! {printable(notice_sentence(notice.code, notice.facts))}" for notice in result.notices]
    return "\n".join(lines)


def error_text(path: Path, error: Exception) -> str:
    """An error about one document, which is named once."""
    sentence = printable(error_sentence(error))
    name = printable(str(path))
    return sentence if sentence.startswith(name) else f"{name}: {sentence}"


def about_document(signature: SignatureReport) -> bool:
    """Whether it is a word about the document, and not about a signature in it."""
    # A hostile PDF has a field whose name is "/", too.
    return signature.finding.place == "/" and signature.finding.signature_id is None


def signature_kind(signature: SignatureReport) -> str:
    """What it is that has been found."""
    if signature.document_timestamp is not None:
        return say("document timestamp", "文書タイムスタンプ")
    return say("signature", "署名")


def printable(text: str) -> str:
    """Text from a document made safe for a terminal: control and bidirectional characters become U+FFFD."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\u3000" else "\ufffd" for c in text)


def _signature_rows(signature: SignatureReport, at: datetime, *, redact: bool) -> Iterator[tuple[str, str]]:
    finding, verdict = signature.finding, signature.verdict
    yield (
        padded(say("verdict", "判定")),
        f"{verdict_word(verdict)} - {verdict_sentence(verdict.reason, verdict.facts)}",
    )
    if finding.covers:
        yield padded(say("covers", "署名対象")), ", ".join(map(part_in_words, finding.covers))
    if finding.uncovered:
        yield padded(say("not covered", "対象外")), ", ".join(map(part_in_words, finding.uncovered))
    if signature.document_timestamp is not None:
        yield padded(say("timestamp", "タイムスタンプ")), timestamp_text(signature.document_timestamp)
    elif finding.claimed_at:
        unproved = say("", " (署名者による)")
        yield padded(say("claimed time", "署名日時")), moment(finding.claimed_at) + unproved
    for stamp in signature.timestamps:
        yield padded(say("timestamp", "タイムスタンプ")), timestamp_text(stamp)
    if signature.proven:
        yield padded(say("proven time", "証明時刻")), say("it existed by ", "存在の証明: ") + moment(signature.proven)
    for change in finding.changes:
        mark = say("after it", "署名後") if change.permitted else say("! after it", "! 署名後")
        yield padded(mark), change_sentence(change.code, change.facts)
    if finding.scheme:
        weak = say(" (weak: SHA-1)", "(脆弱: SHA-1)") if finding.weak else ""
        yield padded(say("algorithm", "アルゴリズム")), finding.scheme + weak
    certificate, judgement = finding.certificate, signature.judgement
    if certificate is None or judgement is None:
        return  # whose certificate it is means nothing until its key is known to have signed
    signer = ", ".join(text for _, text in signer_rows(certificate, redact=redact))
    yield padded(signer_label(judgement)), signer
    yield padded(say("certificate", "証明書")), f"{judgement.kind.value}, {period_text(certificate)}"
    yield padded(say("trusted via", "信頼の起点")), anchor_name(judgement, redact=redact) or say("nothing", "なし")
    yield padded(say("revocation", "失効確認")), revocation_text(judgement.revocation, at)
    for notice in judgement.notices:
        if notice.code != "revocation-not-checked":  # the line above has said it
            yield padded("!"), notice_sentence(notice.code, notice.facts)


def part_in_words(name: str) -> str:
    """A part of a document in words, where its name is not one that the document gave it."""
    if name == "/":
        return say("the whole document", "文書全体")
    return name.replace("revision ", "改訂") if language() == "ja" and name.startswith("revision ") else name


def signer_label(judgement: Judgement) -> str:
    """How to introduce the holder."""
    # Anybody can issue a certificate in anybody's name: without an anchor it is a claim.
    return say("signed by", "署名者") if judgement.chain.anchor else say("claims to be", "自称")


def signer_rows(certificate: x509.Certificate, *, redact: bool) -> list[tuple[str, str]]:
    """The holder's attributes with their names; of a certificate that has none, its subject."""
    if redact:
        return [("", redacted())]
    holder = holder_of(certificate)
    if holder is None:
        return [(say("subject", "主体者"), certificate.subject.rfc4514_string())]
    sex = {"male": say("male", "男"), "female": say("female", "女")}.get(holder.sex or "")
    rows = (
        (say("name", "氏名"), holder.name),
        (say("address", "住所"), holder.address),
        (say("date of birth", "生年月日"), holder.birth_date),
        (say("sex", "性別"), sex),
    )
    return [(label, text or "-") for label, text in rows]


def anchor_name(judgement: Judgement, *, redact: bool) -> str | None:
    """Whom the chain leads to; None where it leads nowhere. Who has a CA of their own may have given it their name."""
    signer, *issuers = judgement.chain.certificates or (None,)
    hidden = redact and signer is not None and any(one.subject == signer.subject for one in issuers[-1:])
    return redacted() if hidden else judgement.chain.anchor


def redacted() -> str:
    """What stands in the place of personal data."""
    return say("(redacted)", "(非表示)")


def period_text(certificate: x509.Certificate) -> str:
    """From when to when a certificate is valid."""
    return f"{moment(certificate.not_valid_before_utc)} – {moment(certificate.not_valid_after_utc)}"


def revocation_text(answer: RevocationAnswer, at: datetime | None = None) -> str:
    """Whether and when it has been revoked, why or why that is not known, by what evidence, and how old that was."""
    words = {
        RevocationStatus.GOOD: say("good", "失効していない"),
        RevocationStatus.REVOKED: say("revoked", "失効"),
        RevocationStatus.ON_HOLD: say("on hold", "一時停止"),
        RevocationStatus.NOT_CHECKED: say("not checked", "未確認"),
    }
    detail = revocation_word(answer.why or answer.reason) if answer.why or answer.reason else ""
    since = say(f"since {moment(answer.revoked_at)}", f"{moment(answer.revoked_at)}から") if answer.revoked_at else ""
    source = f"{answer.source}, {moment(answer.produced)}" if answer.produced else answer.source
    old = (
        say(f"age {age(answer.produced, at)}", f"経過時間{age(answer.produced, at)}") if answer.produced and at else ""
    )
    extra = "; ".join(part for part in (detail, since, source, old) if part)
    return words[answer.status] + (f" ({extra})" if extra else "")


def timestamp_text(stamp: TimestampReport) -> str:
    """When, by whom, and what it is worth."""
    finding, worth = stamp.finding, stamp.anchor or "-"
    if stamp.verdict.passed:
        worth = say(f"trusted via {worth}", f"信頼の起点: {worth}")
        if stamp.revocation is not None and stamp.revocation.status is not RevocationStatus.GOOD:
            worth += say("; revocation ", "、失効確認: ") + revocation_text(stamp.revocation)
    else:
        sentence = verdict_sentence(stamp.verdict.reason, stamp.verdict.facts)
        worth = say(f"proves nothing: {sentence}", f"証明力なし: {sentence}")
    if finding.at is None or finding.certificate is None:
        return worth
    field = f" [{finding.place}]" if finding.place else ""
    return f"{moment(finding.at)}, {finding.certificate.subject.rfc4514_string()}{field} ({worth})"


def verdict_word(verdict: Verdict) -> str:
    """VALID, INVALID or INDETERMINATE, and the sub-indication where there is one."""
    sub_indication = f" ({verdict.sub_indication})" if verdict.sub_indication else ""
    return verdict.indication.word + sub_indication


def _key() -> str:
    return say("en", "ja")


def padded(label: str, width: int = 14) -> str:
    """A label to a column's width, where a Japanese character takes two."""
    from rich.cells import cell_len

    return label + " " * max(1, width - cell_len(label))


# JSON


def verify_json(report: VerifyReport, *, redact: bool = False) -> dict[str, object]:
    """A verification as JSON values."""
    return {
        "path": str(report.path),
        "format": report.format,
        "sha256": report.sha256,
        "at": iso(report.at),
        **verdict_json(report.verdict),
        "signatures": [_signature_json(signature, redact=redact) for signature in report.signatures],
    }


def sign_json(outcome: SignOutcome) -> dict[str, object]:
    """The outcome for one document as JSON values. The holder's attributes are not repeated here."""
    if outcome.result is None:
        return {"source": str(outcome.source), "error": error_json(outcome.error or Exception())}
    result: SignResult = outcome.result
    return {
        "source": str(result.source),
        "target": str(result.target),
        "source_sha256": result.source_sha256,
        "target_sha256": result.target_sha256,
        "at": iso(result.at),
        "profile": profile_json(result.profile),
        "scheme": result.scheme,
        "signatures_made": result.signatures_made,
        "signature_ids": list(result.signature_ids),
        "anchor": result.judgement.chain.anchor,
        "revocation": revocation_json(result.judgement.revocation),
        "timestamp": timestamp_json(result.timestamp) if result.timestamp else None,
        "notices": [notice_json(notice) for notice in result.notices],
    }


def error_json(error: Exception) -> dict[str, object]:
    """An error: its class, facts and sentence."""
    facts: Mapping[str, object] = getattr(error, "facts", {})
    return {"kind": type(error).__name__, "message": error_sentence(error), "facts": plain(facts)}


def profile_json(profile: Profile) -> dict[str, object]:
    """A destination profile with how sure we are of it."""
    return {
        "name": profile.name,
        "format": profile.format,
        "title": profile.title[_key()],
        "confidence": profile.confidence.value,
        "status": profile.status[_key()],
        "note": profile.note[_key()],
    }


def _signature_json(signature: SignatureReport, *, redact: bool) -> dict[str, object]:
    finding, judgement = signature.finding, signature.judgement
    certificate = finding.certificate if judgement else None  # else its key is not known to have signed
    return {
        "place": finding.place,
        "id": finding.signature_id,
        **verdict_json(signature.verdict),
        "covers": list(finding.covers),
        "uncovered": list(finding.uncovered),
        "changes": [_change_json(change) for change in finding.changes],
        "claimed_at": iso(finding.claimed_at) if finding.claimed_at else None,
        "proven_at": iso(signature.proven) if signature.proven else None,
        "timestamps": [timestamp_json(stamp) for stamp in signature.timestamps],
        "document_timestamp": timestamp_json(signature.document_timestamp) if signature.document_timestamp else None,
        "scheme": finding.scheme,
        "weak": finding.weak,
        "certificate": None if certificate is None else certificate_json(certificate, redact=redact),
        "anchor": anchor_name(judgement, redact=redact) if judgement else None,
        "revocation": revocation_json(judgement.revocation) if judgement else None,
        "notices": [notice_json(notice) for notice in judgement.notices] if judgement else [],
    }


def timestamp_json(stamp: TimestampReport) -> dict[str, object]:
    """A timestamp, whose authority's name is nobody's personal data."""
    finding = stamp.finding
    authority = finding.certificate.subject.rfc4514_string() if finding.certificate else None
    return {
        "place": finding.place or None,
        **verdict_json(stamp.verdict),
        "at": iso(finding.at) if finding.at else None,
        "accuracy": finding.accuracy.total_seconds(),
        "policy": finding.policy,
        "serial": f"{finding.serial:x}" if finding.serial is not None else None,
        "authority": authority,
        "anchor": stamp.anchor,
        "revocation": revocation_json(stamp.revocation) if stamp.revocation else None,
    }


def verdict_json(verdict: Verdict) -> dict[str, object]:
    """A verdict with its sentence."""
    return {
        "verdict": verdict.indication.word,
        "indication": verdict.indication.value,
        "sub_indication": verdict.sub_indication.value if verdict.sub_indication else None,
        "reason": verdict.reason,
        "message": verdict_sentence(verdict.reason, verdict.facts),
        "facts": plain(verdict.facts),
    }


def certificate_json(certificate: x509.Certificate, *, redact: bool) -> dict[str, object]:
    """A certificate; redacted, only what says nothing about whose it is."""
    own = certificate.issuer == certificate.subject  # then the issuer's name is the person's
    values: dict[str, object] = {
        "kind": kind_of(certificate).value,
        "issuer": None if redact and own else certificate.issuer.rfc4514_string(),
        "not_before": iso(certificate.not_valid_before_utc),
        "not_after": iso(certificate.not_valid_after_utc),
    }
    if redact:
        return values
    values["subject"] = certificate.subject.rfc4514_string()
    values["serial"] = f"{certificate.serial_number:x}"
    values["sha256"] = certificate.fingerprint(hashes.SHA256()).hex()
    holder = holder_of(certificate)
    if holder is not None and kind_of(certificate) is not CertificateKind.OTHER:
        values["holder"] = {
            "name": holder.name,
            "address": holder.address,
            "birth_date": holder.birth_date,
            "sex": holder.sex,
            "substituted": holder.substituted,
            "name_substitutions": holder.name_substitutions,
            "address_substitutions": holder.address_substitutions,
        }
    return values


def revocation_json(answer: RevocationAnswer) -> dict[str, object]:
    """What is known about revocation, and from where."""
    return {
        "status": answer.status.value,
        "why": answer.why or None,
        "source": answer.source or None,
        "produced": iso(answer.produced) if answer.produced else None,
        "revoked_at": iso(answer.revoked_at) if answer.revoked_at else None,
        "reason": answer.reason or None,
        "of_ca": answer.of_ca,
    }


def notice_json(notice: Notice) -> dict[str, object]:
    """A notice with its sentence."""
    return {"code": notice.code, "message": notice_sentence(notice.code, notice.facts), "facts": plain(notice.facts)}


def _change_json(change: Change) -> dict[str, object]:
    return {
        "code": change.code,
        "permitted": change.permitted,
        "message": change_sentence(change.code, change.facts),
        "facts": plain(change.facts),
    }


def plain(facts: Mapping[str, object]) -> dict[str, object]:
    """Facts as JSON values."""

    def value(fact: object) -> object:
        if isinstance(fact, datetime):
            return iso(fact)
        if isinstance(fact, tuple):
            return [value(one) for one in fact]
        return fact if isinstance(fact, str | int | None) else str(fact)

    return {name: value(fact) for name, fact in facts.items()}


def iso(value: datetime) -> str:
    """A time as JSON has it: UTC, to the second."""
    return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"
