"""The page of `jitsuin verify --report`: for every document and signature who, what, when, and each check's outcome.

The facts are those of the text and of the JSON object. Everything that comes from documents is escaped (`html_page`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .checks import SIGNS, Check, Outcome, Subject, checks_of
from .errors import OutputError
from .html_page import Markup, code, definitions, element, joined, lines, page, time_element
from .language import language, say
from .messages import error_sentence, notice_sentence, verdict_sentence
from .report import (
    about_document,
    certificate_json,
    part_in_words,
    revocation_text,
    signature_kind,
    signer_label,
    signer_rows,
)
from .results import SignatureReport, VerifyReport
from .revocation_status import RevocationStatus
from .sentences.checks import ACCEPTANCE, LEGEND, NO_PROOF, OUTCOMES, REDACTED, REVOCATION_MODES, SUBJECTS
from .storage import check_output, write_atomically
from .validity import RevocationMode

if TYPE_CHECKING:
    from cryptography import x509

    from jitsuin.formats.verdict import Verdict

    from .validity import Judgement

Result = VerifyReport | tuple[Path, Exception]
_ERROR: Final = "ERROR"
_ORDER: Final = ("INVALID", _ERROR, "INDETERMINATE", "VALID")
"""Of the summary: what needs a person first."""

# Never by colour alone: a class for the colour, a sign and a word each.
_VERDICTS: Final = {
    "VALID": ("valid", "✓", ("", "有効")),
    "INVALID": ("invalid", "✗", ("", "無効")),
    "INDETERMINATE": ("indeterminate", "?", ("", "判定不能")),
    _ERROR: ("unreadable", "✗", ("not verified", "検証できず")),
}


@dataclass(frozen=True)
class Conditions:
    """How the documents were verified, as far as it mattered."""

    made: datetime
    """When."""
    at: datetime
    """The time for which certificates were judged, where no timestamp proves another."""
    revocation: RevocationMode
    options: tuple[str, ...]
    """Those of the command line that bear on the verdicts, as they are written there."""
    redact: bool = False


def check_report(path: Path, inputs: Iterable[Path]) -> None:
    """Refuse before any work what could not be written after it. Raises OutputError; a file is never replaced."""
    check_output(path, inputs, overwrite=True)
    if path.exists():
        raise OutputError(path=str(path), reason="bundle-exists")


def write_report(path: Path, results: Sequence[Result], conditions: Conditions) -> None:
    """Write the page. Raises OutputError."""
    pieces = (piece.encode() for piece in report_page(results, conditions))
    write_atomically(path, lambda file: file.writelines(pieces), overwrite=False)


def report_page(results: Sequence[Result], conditions: Conditions) -> Iterator[str]:
    """The page, piece by piece."""
    documents = [_Document(number, result, conditions) for number, result in enumerate(results, 1)]
    return page(say("Signature verification report", "署名検証レポート"), _body(documents, conditions))


def _body(documents: Sequence[_Document], conditions: Conditions) -> Iterator[Markup]:
    count = len(documents)
    yield Markup('<header id="top">')
    yield element("h1", say("Signature verification report", "署名検証レポート"))
    several = say(f"{count} documents", f"{count}件の文書") if count != 1 else say("1 document", "1件の文書")
    yield element("p", several, say(", verified ", "、検証日時: "), time_element(conditions.made), class_="faint")
    yield _totals(documents)
    yield element("p", say(*LEGEND), class_="faint")
    if conditions.redact:
        yield element("p", say(*REDACTED))
    yield Markup("</header>\n<main>")
    yield from _summary(documents)
    for document in documents:
        yield document.section()
    yield Markup("</main>")
    yield _foot(conditions)


def _totals(documents: Sequence[_Document]) -> Markup:
    counted = Counter(document.word for document in documents)
    items = [element("li", _verdict_badge(word, f" × {counted[word]}", link=True)) for word in _ORDER if counted[word]]
    return element("ul", *items, class_="totals")


def _summary(documents: Sequence[_Document]) -> Iterator[Markup]:
    headings = (
        say("No.", "番号"),
        say("Document", "文書"),
        say("Signatures", "署名数"),
        say("Verdict", "判定"),
        say("Why", "理由"),
    )
    yield Markup('<table class="summary">')
    yield element("thead", element("tr", *(element("th", heading, scope="col") for heading in headings)))
    yield Markup("<tbody>")
    seen: set[str] = set()
    for document in sorted(documents, key=lambda document: _ORDER.index(document.word)):
        first = {} if document.word in seen else {"id": _group(document.word)}
        seen.add(document.word)
        yield document.summary(first)
    yield Markup("</tbody>\n</table>")


class _Document:
    """One document's row in the summary and its section."""

    def __init__(self, number: int, result: Result, conditions: Conditions) -> None:
        self.report = result if isinstance(result, VerifyReport) else None
        self.error = result[1] if isinstance(result, tuple) else Exception()
        self.path = result[0] if isinstance(result, tuple) else result.path
        self.word = _ERROR if self.report is None else self.report.verdict.indication.word
        self.number = number
        self.redact = conditions.redact
        self.id = f"d{number}"

    def summary(self, attributes: Mapping[str, str]) -> Markup:
        """The row that leads to the section."""
        link = element("a", str(self.path), href=f"#{self.id}")
        count = "–" if self.report is None else str(sum(not about_document(one) for one in self.report.signatures))
        cells = (str(self.number), link, count, _verdict_badge(self.word), self._why())
        return element("tr", *(element("td", cell) for cell in cells), **attributes)

    def _why(self) -> str:
        """The reason of the verdict; of a good one, what was not checked all the same."""
        if self.report is None:
            return error_sentence(self.error)
        if self.report.verdict.passed:
            unreal = [notice_sentence(notice.code, notice.facts) for notice in self.report.unreal]
            return " ".join(filter(None, (*unreal, _unchecked(self.report))))
        return _sentence(self.report.verdict)

    def section(self) -> Markup:
        """All that is known about the document."""
        heading = element(
            "div",
            element("h2", f"{self.number}. {self.path.name or self.path}"),
            _verdict_badge(self.word, size="big"),
            class_="heading",
        )
        top = element("p", element("a", say("↑ back to the summary", "↑ 一覧へ戻る"), href="#top"), class_="top")
        return element("section", heading, *self._content(), top, id=self.id, class_="document")

    def _content(self) -> Iterator[Markup]:
        rows: list[tuple[str, str]] = [(say("file", "ファイル"), str(self.path))]
        if self.report is None:
            said = joined((error_sentence(self.error), " ", code(type(self.error).__name__)))
            yield definitions([*rows, (say("error", "エラー"), said)])
            return
        report = self.report
        rows += [("SHA-256", code(report.sha256)), (say("format", "形式"), report.format)]
        if len(report.signatures) > 1 or about_document(report.signatures[0]):
            yield element("p", *_reason(report.verdict))
        for notice in report.unreal if report.verdict.passed else ():
            yield element("p", _outcome_badge(Outcome.NOTE), " ", notice_sentence(notice.code, notice.facts))
        if report.verdict.passed and (unchecked := _unchecked(report)):
            yield element("p", _outcome_badge(Outcome.NOT_CHECKED), " ", unchecked)
        yield definitions(rows)
        for number, signature in enumerate(report.signatures, 1):
            if about_document(signature):
                if signature.verdict != report.verdict:
                    yield element(
                        "p", _verdict_badge(signature.verdict.indication.word), " ", *_reason(signature.verdict)
                    )
                continue
            yield self._signature(report, number, signature)

    def _signature(self, report: VerifyReport, number: int, signature: SignatureReport) -> Markup:
        heading = element(
            "div",
            element("h3", f"{signature_kind(signature)} {number}: ", element("bdi", signature.finding.place)),
            _verdict_badge(signature.verdict.indication.word),
            class_="heading",
        )
        rows = list(self._signature_facts(signature))
        return element(
            "article",
            heading,
            element("p", *_reason(signature.verdict)),
            *([definitions(rows)] if rows else []),
            _checks_table(checks_of(report, signature, redact=self.redact)),
            id=f"{self.id}s{number}",
            class_="signature",
        )

    def _signature_facts(self, signature: SignatureReport) -> Iterator[tuple[str, str]]:
        finding = signature.finding
        if finding.certificate is not None and signature.judgement is not None:
            yield from self._signer(finding.certificate, signature.judgement)
        if finding.covers:
            yield say("covers", "署名対象"), lines(map(part_in_words, finding.covers))
        if finding.uncovered:
            yield say("not covered", "対象外"), lines(map(part_in_words, finding.uncovered))
        if finding.claimed_at and signature.document_timestamp is None:
            unproved = say(" (by the signer's word)", " (署名者による)")
            yield say("claimed time", "署名日時"), joined((time_element(finding.claimed_at), unproved))
        if signature.proven:
            proven = (say("it existed by ", "存在の証明: "), time_element(signature.proven))
            yield say("proven time", "証明時刻"), joined(proven)

    def _signer(self, certificate: x509.Certificate, judgement: Judgement) -> Iterator[tuple[str, str]]:
        (_, name), *rest = signer_rows(certificate, redact=self.redact)
        yield signer_label(judgement), name
        yield from rest
        values = certificate_json(certificate, redact=self.redact)
        labels = (
            ("issuer", say("issuer", "発行者")),
            ("serial", say("serial number", "シリアル番号")),
            ("sha256", say("certificate SHA-256", "証明書のSHA-256")),
        )
        for key, label in labels:
            if values.get(key):
                yield label, str(values[key]) if key == "issuer" else code(str(values[key]))


def _checks_table(checks: Iterable[Check]) -> Markup:
    headings = (say("Check", "確認項目"), say("Outcome", "結果"), say("Evidence", "根拠"))
    rows = (
        element(
            "tr",
            element("th", say(*SUBJECTS[check.subject]), scope="row"),
            element("td", _outcome_badge(check.outcome)),
            element("td", lines(check.evidence)),
        )
        for check in checks
    )
    head = element("thead", element("tr", *(element("th", heading, scope="col") for heading in headings)))
    return element("table", head, element("tbody", *rows), class_="checks")


def _foot(conditions: Conditions) -> Markup:
    rows = (
        (say("verified at", "検証日時"), time_element(conditions.made)),
        (say("certificates judged as of", "証明書の判定の基準時刻"), time_element(conditions.at)),
        (
            say("revocation", "失効確認"),
            f"{conditions.revocation.value}: {say(*REVOCATION_MODES[conditions.revocation])}",
        ),
        (say("options", "オプション"), lines(map(code, conditions.options or ("–",)))),
        (say("program", "プログラム"), f"jitsuin {version('jitsuin')}"),
    )
    return element(
        "footer",
        element("h2", say("How it was verified", "検証の条件")),
        definitions(rows),
        element("p", say(*ACCEPTANCE)),
        element("p", say(*NO_PROOF)),
    )


def _unchecked(report: VerifyReport) -> str:
    judgements = (signature.judgement for signature in report.signatures)
    answers = (judgement.revocation for judgement in judgements if judgement is not None)
    unchecked = (answer for answer in answers if answer.status is RevocationStatus.NOT_CHECKED)
    return next((f"{say(*SUBJECTS[Subject.REVOCATION])}: {revocation_text(answer)}" for answer in unchecked), "")


def _reason(verdict: Verdict) -> Iterator[str]:
    yield _sentence(verdict)
    if verdict.sub_indication:
        yield " "
        yield code(verdict.sub_indication.value)


def _sentence(verdict: Verdict) -> str:
    return verdict_sentence(verdict.reason, verdict.facts)


def _verdict_badge(word: str, after: str = "", *, size: str = "", link: bool = False) -> Markup:
    name, sign, words = _VERDICTS[word]
    said = say(*words)
    if said:
        said = f"({said})" if language() == "ja" else f": {said}"
    text, classes = f"{sign} {word}{said}{after}", " ".join(filter(None, ("badge", name, size)))
    return (
        element("a", text, href=f"#{_group(word)}", class_=classes) if link else element("span", text, class_=classes)
    )


def _group(word: str) -> str:
    return f"first-{_VERDICTS[word][0]}"


def _outcome_badge(outcome: Outcome) -> Markup:
    return element("span", f"{SIGNS[outcome]} {say(*OUTCOMES[outcome])}", class_=f"badge {outcome.value}")
