"""A card's status as text for people and as JSON for programs: the same facts in both."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ec
from rich.cells import cell_len

from .language import language, say
from .lifetime import Phase, Span
from .messages import advice_sentence, lifetime_sentence, moment, verdict_sentence
from .report import certificate_json, iso, notice_json, padded, plain, printable, revocation_json, verdict_json
from .sentences import CERTIFICATE_KINDS, ENDINGS, REVOCATION_HERE, TOKEN_KINDS

if TYPE_CHECKING:
    from cryptography import x509

    from jitsuin.formats.verdict import Verdict

    from .card_status import Advice, CardStatus, SignatureCertificate
    from .lifetime import Lifetime

_Row = tuple[str, str]
Section = tuple[str, list[_Row]]
"""A heading, and labels with what there is to say."""
_INDENT = "  "


# Text


def card_text(status: CardStatus, *, redact: bool = False, width: int | None = None) -> str:
    """A card's status for a person: what it is, what it is good for, what to do next; wrapped if a width is given."""
    sections: list[Section] = [
        (_chosen(TOKEN_KINDS[status.kind.value]), list(_summary_rows(status))),
        *([] if status.signature is None else [signature_section(status.signature, redact=redact)]),
        (say("User authentication", "利用者証明用"), list(_authentication_rows(status, redact=redact))),
        (say("Reader", "カードリーダー"), list(_token_rows(status))),
    ]
    lines = [say("What to do next", "次にすること")]
    for advice in status.advice:
        lines += _hanging("→ ", advice_sentence(advice.code, advice.facts), width)
    return "\n".join([lined_up(sections, width), "", *map(printable, lines)])


def lined_up(sections: Sequence[Section], width: int | None) -> str:
    """Sections one below the other, an empty line between them, what they say in one column."""
    column = max(cell_len(label) for _, rows in sections for label, _ in rows) + 2
    parts = [
        [heading, *(line for row in rows for line in _row_lines(row, column, width))] for heading, rows in sections
    ]
    return "\n\n".join("\n".join(map(printable, part)) for part in parts)


def _summary_rows(status: CardStatus) -> Iterator[_Row]:
    """What decides whether one can sign."""
    facts = status.facts
    present = _presence(present=facts.signature_certificate_present)
    if facts.signature_certificate_present and status.signature is None:
        present += say(" (its contents only with the password: --unlock)", "(内容の表示は--unlock、パスワードが必要)")
    yield say("signature certificate", "署名用電子証明書"), present
    # A right password restores the counter, so what was counted before it is told as such.
    before = "" if status.signature is None else say(" (before unlocking)", "(入力前)")
    yield say("signature password", "署名用パスワード"), _tries(facts.signature_tries_left) + before
    if facts.signature_issuer is not None and status.signature is None:
        known = status.signature_anchor or say("unknown CA", "未知の認証局")
        yield say("its CA", "署名用の認証局"), f"{known}; {_until(facts.signature_issuer)}"


def signature_section(signature: SignatureCertificate, *, redact: bool) -> Section:
    """The signature certificate for a person."""
    return say("Signature certificate", "署名用電子証明書"), list(_signature_rows(signature, redact=redact))


def _signature_rows(signature: SignatureCertificate, *, redact: bool) -> Iterator[_Row]:
    certificate, holder, judgement = signature.certificate, signature.holder, signature.judgement
    hidden = say("(left out: --redact)", "(非表示: --redact)")
    yield say("validity", "有効期間"), _lifetime_text(signature.lifetime, certificate)
    if redact:
        yield say("holder", "名義人"), hidden
    elif holder is not None:
        sex = {"male": say("male", "男"), "female": say("female", "女"), "unknown": say("unknown", "不明")}
        yield say("name", "氏名"), _with_count(holder.name, holder.name_substitutions)
        yield say("address", "住所"), _with_count(holder.address, holder.address_substitutions)
        yield say("date of birth", "生年月日"), holder.birth_date or "-"
        yield say("sex", "性別"), sex.get(holder.sex or "", "-")
    if not redact and signature.ending is not None:
        yield say("end", "期限の根拠"), _chosen(ENDINGS[signature.ending.value])
    yield say("revocation", "失効確認"), _chosen(REVOCATION_HERE)
    yield say("good for signing", "署名への使用"), _verdict_text(judgement.verdict)
    chain = judgement.chain
    trusted = f"{chain.anchor}; {_until(chain.certificates[-1])}" if chain.certificates else say("nothing", "なし")
    yield say("trusted via", "信頼の起点"), trusted
    yield say("kind", "種類"), f"{_chosen(CERTIFICATE_KINDS[judgement.kind.value])}, {_key_text(certificate)}"
    if not redact:
        yield say("serial number", "発行番号"), f"{certificate.serial_number:x}"
        yield say("issued by", "発行者"), certificate.issuer.rfc4514_string()
        yield say("subject", "主体者"), certificate.subject.rfc4514_string()


def _authentication_rows(status: CardStatus, *, redact: bool) -> Iterator[_Row]:
    facts, certificate = status.facts, status.facts.authentication_certificate
    present = _presence(present=facts.authentication_certificate_present)
    if certificate is not None and status.authentication is not None:
        present = _lifetime_text(status.authentication, certificate)
    elif facts.authentication_certificate_present:
        present += say(" (shown only with its PIN)", "(内容は暗証番号がないと読めません)")
    yield say("certificate", "電子証明書"), present
    yield say("PIN (4 digits)", "暗証番号(4桁)"), _tries(facts.authentication_tries_left)
    if facts.authentication_issuer is not None:
        yield say("CA", "認証局"), _until(facts.authentication_issuer)
    if certificate is not None and not redact:
        yield say("serial number", "発行番号"), f"{certificate.serial_number:x}"


def _token_rows(status: CardStatus) -> Iterator[_Row]:
    yield say("name", "名称"), status.facts.reader
    yield say("token", "トークン"), status.facts.kind or "-"
    yield "ATR", status.facts.atr.hex(" ").upper() if status.facts.atr else "-"


def _verdict_text(verdict: Verdict) -> str:
    if verdict.passed:
        return say("yes, unless it has been revoked", "可(失効していなければ)")
    return say("no: ", "不可: ") + verdict_sentence(verdict.reason, verdict.facts)


def _tries(left: int | None) -> str:
    if left is None:
        return say("the card does not tell how many tries are left", "残り回数を確認できません")
    if left == 0:
        return say("LOCKED (no try left)", "ロック済み(残り0回)")
    if left == 1:
        return say("1 try left: a wrong one locks it", "残り1回(誤るとロックされます)")
    return say(f"{left} tries left", f"残り{left}回")


def _presence(*, present: bool) -> str:
    return say("present", "あり") if present else say("absent", "なし")


def _with_count(text: str | None, substitutions: int) -> str:
    if not text or not substitutions:
        return text or "-"
    characters = say("character" if substitutions == 1 else "characters", "文字")
    return text + say(f" ({substitutions} {characters} replaced)", f" (代替{characters}: {substitutions}{characters})")


def _until(certificate: x509.Certificate) -> str:
    end = moment(certificate.not_valid_after_utc)
    return say(f"valid until {end}", f"{end}まで有効")


def _key_text(certificate: x509.Certificate) -> str:
    algorithm, bits = _key(certificate)
    return algorithm if bits is None else say(f"{algorithm}, {bits} bits", f"{algorithm} {bits}ビット")


def _key(certificate: x509.Certificate) -> tuple[str, int | None]:
    key = certificate.public_key()
    name = type(key).__name__.removesuffix("PublicKey").removeprefix("_")
    algorithm = f"ECDSA {key.curve.name}" if isinstance(key, ec.EllipticCurvePublicKey) else name
    return algorithm, getattr(key, "key_size", None)


def _lifetime_text(life: Lifetime, certificate: x509.Certificate) -> str:
    code = life.phase.value
    if life.span == Span(0, 0):
        code = {Phase.RENEWABLE: "last-day", Phase.EXPIRED: "expired-today"}.get(life.phase, code)
    facts = {
        "span": span_text(life.span),
        "last_day": life.last_day,
        "renewal_day": life.renewal_day,
        "begin": certificate.not_valid_before_utc,
    }
    return lifetime_sentence(code, facts)


def span_text(span: Span) -> str:
    """A time in words: years and months from a year on, else months and days."""
    years, months = divmod(span.months, 12)
    parts = [(years, "year", "年"), (months, "month", "か月")]
    if not years:
        parts.append((span.days, "day", "日"))
    told = [(count, en, ja) for count, en, ja in parts if count] or [(0, "day", "日")]
    if language() == "ja":
        return "".join(f"{count}{ja}" for count, _, ja in told)
    return " ".join(f"{count} {en}{'' if count == 1 else 's'}" for count, en, _ in told)


def _chosen(entry: tuple[str, str]) -> str:
    return entry[language() == "ja"]


def _row_lines(row: _Row, column: int, width: int | None) -> list[str]:
    label, text = row
    return _hanging(_INDENT + padded(label, column), text, width)


def _hanging(head: str, text: str, width: int | None) -> list[str]:
    """The text behind its head, further lines below its own beginning. A Japanese character takes two columns."""
    indent = " " * cell_len(head)
    room = None if width is None else width - len(indent)
    first, *rest = [text] if room is None else _wrapped(text, max(room, 20))
    return [head + first, *(indent + line for line in rest)]


def _wrapped(text: str, room: int) -> list[str]:
    """Lines broken at spaces, after commas and between Japanese characters; never before what closes a phrase."""
    lines = [""]
    for piece in re.findall(r" +|[!-+\--~]*[!-~][、。)」]*|[^ -~][、。)」]*", text):
        if cell_len(lines[-1]) + cell_len(piece.rstrip(" ")) > room and lines[-1]:
            lines[-1] = lines[-1].rstrip(" ")
            lines.append("" if piece.isspace() and piece != "\u3000" else piece)
        else:
            lines[-1] += piece
    return lines


# JSON


def card_json(status: CardStatus, *, redact: bool = False) -> dict[str, object]:
    """A card's status as JSON values."""
    facts = status.facts

    def shown(certificate: x509.Certificate | None) -> dict[str, object] | None:
        return None if certificate is None else certificate_json(certificate, redact=redact)

    def issuer(certificate: x509.Certificate | None) -> dict[str, object] | None:
        return None if certificate is None else certificate_json(certificate, redact=False)

    return {
        "at": iso(status.at),
        "token": facts.token,
        "reader": facts.reader,
        "kind": facts.kind,
        "token_kind": status.kind.value,
        "atr": facts.atr.hex() if facts.atr else None,
        "signature_certificate_present": facts.signature_certificate_present,
        "authentication_certificate_present": facts.authentication_certificate_present,
        "signature_tries_left": facts.signature_tries_left,
        "authentication_tries_left": facts.authentication_tries_left,
        **signature_json(status.signature, redact=redact),
        "authentication_certificate": shown(facts.authentication_certificate),
        "authentication_lifetime": _authentication_lifetime(facts.authentication_certificate, status.authentication),
        "signature_issuer": issuer(facts.signature_issuer),
        "signature_anchor": status.signature_anchor,
        "authentication_issuer": issuer(facts.authentication_issuer),
        "advice": [_advice_json(advice) for advice in status.advice],
    }


def signature_json(signature: SignatureCertificate | None, *, redact: bool) -> dict[str, object]:
    """The fields about the signature certificate, null where it was not looked at."""
    if signature is None:
        return {"signature_certificate": None, "signature_lifetime": None, "signature_judgement": None}
    return {
        "signature_certificate": certificate_json(signature.certificate, redact=redact),
        "signature_lifetime": _signature_lifetime(signature, redact=redact),
        "signature_judgement": _judgement_json(signature),
    }


def _signature_lifetime(signature: SignatureCertificate, *, redact: bool) -> dict[str, object]:
    end = None if redact else signature.ending  # it tells the birthday
    return {**_lifetime_json(signature.lifetime, signature.certificate), "ending": end.value if end else None}


def _authentication_lifetime(certificate: x509.Certificate | None, life: Lifetime | None) -> dict[str, object] | None:
    if certificate is None or life is None:
        return None
    return {**_lifetime_json(life, certificate), "ending": None}


def _lifetime_json(life: Lifetime, certificate: x509.Certificate) -> dict[str, object]:
    return {
        "phase": life.phase.value,
        "message": _lifetime_text(life, certificate),
        "first_day": life.first_day.isoformat(),
        "last_day": life.last_day.isoformat(),
        "renewal_day": life.renewal_day.isoformat(),
        "months": life.span.months,
        "days": life.span.days,
        "young": life.young,
    }


def _judgement_json(signature: SignatureCertificate) -> dict[str, object]:
    judgement = signature.judgement
    algorithm, bits = _key(signature.certificate)
    return {
        **verdict_json(judgement.verdict),
        "anchor": judgement.chain.anchor,
        "key_algorithm": algorithm,
        "key_bits": bits,
        "revocation": revocation_json(judgement.revocation),
        "notices": [notice_json(notice) for notice in judgement.notices],
    }


def _advice_json(advice: Advice) -> dict[str, object]:
    return {"code": advice.code, "message": advice_sentence(advice.code, advice.facts), "facts": plain(advice.facts)}
