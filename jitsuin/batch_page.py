"""The page of a folder's run, `--report` of `sign` and `verify`: totals, why files failed, and the list of all.

It is made for ten thousand files: what needs a person comes first and open, what went well lies in a closed list. The
frame is that of every page (`html_page`): no script, nothing fetched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path, PurePath
from typing import Final, Literal

from .batch_results import BatchResult, FileRecord, FileState
from .errors import OutputError
from .html_page import GENERATOR, Markup, code, definitions, element, joined, lines, page, time_element
from .language import say
from .messages import error_sentence, notice_sentence, skip_sentence, verdict_sentence
from .sentences.batch_page import (
    BEFORE_ITS_TURN,
    DISCLOSURE,
    INTERRUPTED,
    ITS_OUTPUT,
    MEANINGS,
    NAMES_LEFT_OUT,
    ON_PAPER,
    OUTCOMES,
    THE_FILE,
)
from .sentences.checks import ACCEPTANCE, LEGEND, NO_PROOF, REVOCATION_MODES
from .storage import check_output, write_atomically
from .validity import RevocationMode

_SIGNS: Final = {
    # In the order of the page: what needs a person first. Never by colour alone: a sign, a word and a length each.
    "invalid": "✗",
    "failed": "✗",
    "indeterminate": "?",
    "not-attempted": "–",
    "skipped": "–",
    "signed": "✓",
    "valid": "✓",
}
_NEEDS_A_PERSON: Final = frozenset(("invalid", "failed", "indeterminate", "not-attempted"))
_OPEN_ROWS: Final = 200
"""A longer list of files that need nobody starts closed."""
_ROWS_TOGETHER: Final = 250
"""Of one table: a browser lays out those that are looked at."""
_REASONS_SHOWN: Final = 20
_HARMLESS: Final = ("--revocation", "--at", "--profile", "--offline", "--accept-sha1", "--redact", "--timestamp")
"""Options whose values name neither files nor people."""


@dataclass(frozen=True)
class RunConditions:
    """How the files were signed or verified, as far as it mattered."""

    command: Literal["sign", "verify"]
    ended: datetime
    at: datetime
    """The time for which certificates were judged, where no timestamp proves another."""
    revocation: RevocationMode
    options: tuple[str, ...]
    """Those of the command line that bear on the outcome, as they are written there."""
    redact: bool = False
    """Leave out the names of files and folders: many hold the name of a person."""


def check_batch_page(path: Path, inputs: Iterable[Path], *, again: bool) -> None:
    """Refuse before any work what could not be written after it. Raises OutputError.

    A file is never replaced, but for a page of ours by a run that is resumed (`again`).
    """
    check_output(path, inputs, overwrite=True)
    if path.exists() and not (again and _is_page(path)):
        raise OutputError(path=str(path), reason="bundle-exists")


def write_batch_page(path: Path, result: BatchResult, conditions: RunConditions, *, again: bool = False) -> None:
    """Write the page. Raises OutputError; `again` as for check_batch_page."""
    pieces = (piece.encode() for piece in batch_page(result, conditions))
    write_atomically(path, lambda file: file.writelines(pieces), overwrite=again and _is_page(path))


def _is_page(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(2_000)
    except OSError:
        return False
    return head.startswith(b"<!DOCTYPE html>") and element("meta", name="generator", content=GENERATOR).encode() in head


def batch_page(result: BatchResult, conditions: RunConditions) -> Iterator[str]:
    """The page, piece by piece."""
    return page(_title(conditions), _body(result, conditions), style=_STYLE)


def _title(conditions: RunConditions) -> str:
    if conditions.command == "sign":
        return say("Report of signing a folder", "一括署名レポート")
    return say("Report of verifying a folder", "一括検証レポート")


def _body(result: BatchResult, conditions: RunConditions) -> Iterator[Markup]:
    rows = [_Row(number, record, redact=conditions.redact) for number, record in enumerate(result.records, 1)]
    groups = {outcome: [row for row in rows if row.outcome == outcome] for outcome in _SIGNS}
    groups = {outcome: members for outcome, members in groups.items() if members}
    yield Markup("<header>")
    yield element("h1", _title(conditions))
    files = say(f"{len(rows):,} files", f"{len(rows):,}件") if len(rows) != 1 else say("1 file", "1件")
    times = (say(", begun ", "、開始: "), time_element(result.begun), say(", ended ", "、終了: "))
    yield element("p", files, *times, time_element(conditions.ended), class_="faint")
    if result.stopped is not None:
        yield _stopped(result.stopped, conditions)
    yield _chart(groups, len(rows))
    for notice in result.notices:
        yield element("p", notice_sentence(notice.code, notice.facts))
    if conditions.command == "verify":
        yield element("p", say(*LEGEND), class_="faint")
    if conditions.redact:
        yield element("p", say(*NAMES_LEFT_OUT))
    yield Markup("</header>\n<main>")
    yield from _kinds(rows, groups)
    yield from _reasons(rows)
    for outcome, members in groups.items():
        yield from _group(outcome, members)
    yield Markup("</main>")
    yield _foot(result, conditions)


class _Row:
    """One file: its outcome, and why."""

    def __init__(self, number: int, record: FileRecord, *, redact: bool) -> None:
        self.number, self.record = number, record
        self.outcome = _outcome(record)
        suffix = PurePath(record.name).suffix
        self.name = say(f"No. {number} ({suffix})", f"{number}番({suffix})") if redact else record.name
        self.target = None if redact or record.target is None else record.target.name
        self.why = self._why(redact=redact)

    def _why(self, *, redact: bool) -> str:
        """A good outcome needs none. The file is named beside it; unnamed here, equal reasons can be counted."""
        record = self.record
        change = _hiding(record) if redact else _unnamed(record)
        if record.error is not None:
            sentence = error_sentence(_changed(record.error, change))
            return sentence.removeprefix(f"{say(*THE_FILE)}: ").removeprefix(f"{say(*ITS_OUTPUT)}: ")
        if record.verdict is not None and not record.verdict.passed:
            return verdict_sentence(record.verdict.reason, _facts(record.verdict.facts, change))
        if record.state is FileState.NOT_ATTEMPTED:
            return say(*BEFORE_ITS_TURN)
        if record.reason is not None:
            return skip_sentence(record.reason)
        return "; ".join(notice_sentence(one.code, _facts(one.facts, change)) for one in record.notices)

    @property
    def kind(self) -> str:
        names = (self.record.format, self.record.profile)
        return " · ".join(dict.fromkeys(filter(None, names)))

    def markup(self) -> Markup:
        sha256 = self.record.target_sha256 or self.record.source_sha256
        target = element("p", "→ ", self.target) if self.target and self.target != self.name else Markup("")
        digest = element("p", code(sha256), class_="faint") if sha256 else Markup("")
        name = element("bdi", self.name)
        cells = [str(self.number), joined((name, target, digest)), self.kind, self.why]
        return element("tr", *(element("td", cell) for cell in cells))


def _outcome(record: FileRecord) -> str:
    """A key of `_SIGNS`: the verdict where there is one that says more than the state."""
    verdict = record.verdict
    if record.state is FileState.VERIFIED or (record.state is FileState.SIGNED and verdict and not verdict.passed):
        return verdict.indication.word.lower() if verdict is not None else "indeterminate"
    return record.state.value


def _unnamed(record: FileRecord) -> Callable[[str], str]:
    """Says “the file” for the path of this one."""
    instead = {str(record.target): say(*ITS_OUTPUT), str(record.source): say(*THE_FILE)}
    return lambda text: instead.get(text, text)


def _hiding(record: FileRecord) -> Callable[[str], str]:
    """The same, and all that the file is called by goes from any text; the longest first, as it may hold the others."""
    paths = [path for path in (record.source, record.target, PurePath(record.name)) if path is not None]
    names = {part for path in paths for part in (str(path), str(path.parent), path.name, path.stem)} - {".", "/"}
    longest_first, unnamed = sorted(names, key=len, reverse=True), _unnamed(record)

    def hidden(text: str) -> str:
        text = unnamed(text)
        for name in longest_first:
            text = text.replace(name, "…")
        return text

    return hidden


def _facts(facts: Mapping[str, object], change: Callable[[str], str]) -> dict[str, object]:
    return {name: change(fact) if isinstance(fact, str) else fact for name, fact in facts.items()}


def _changed(error: Exception, change: Callable[[str], str]) -> Exception:
    """The error with other facts."""
    if not hasattr(error, "facts"):
        return error
    changed = type(error).__new__(type(error))
    vars(changed).update(vars(error), facts=_facts(error.facts, change))
    return changed


def _stopped(reason: BaseException, conditions: RunConditions) -> Markup:
    if isinstance(reason, Exception):
        path = getattr(reason, "facts", {}).get("path")
        hide = conditions.redact and path is not None
        why = error_sentence(_changed(reason, lambda text: text.replace(str(path), "…")) if hide else reason)
    else:
        why = say(*INTERRUPTED)
    return element(
        "p",
        element("strong", say("The run ended before its end: ", "処理が途中で終わりました: ")),
        why,
        class_="stopped",
    )


def _chart(groups: Mapping[str, Sequence[_Row]], total: int) -> Markup:
    """A bar for each outcome, with its number: the picture says nothing that the text beside it does not."""
    rows = []
    for outcome, members in groups.items():
        share = 100 * len(members) / max(total, 1)
        # One file of ten thousand is to be seen, too.
        bar = element("rect", width=f"{max(share, 0.4):.2f}", height="10")
        picture = element(
            "svg", bar, viewBox="0 0 100 10", preserveAspectRatio="none", aria_hidden="true", class_=f"bar {outcome}"
        )
        rows.append(
            element(
                "tr",
                element("th", _badge(outcome, link=True), scope="row"),
                element("td", f"{len(members):,}"),
                element("td", _percent(len(members), total)),
                element("td", picture),
                element("td", say(*MEANINGS[outcome])),
            )
        )
    caption = element("caption", say("Files by outcome", "結果別の件数"))
    return element("table", caption, element("tbody", *rows), class_="chart")


def _percent(count: int, total: int) -> str:
    """Never 100 % of what is not all, nor 0 % of what is there."""
    share = 100 * count / max(total, 1)
    if count < total and share > 99.9:
        return "> 99.9 %"
    return "< 0.1 %" if share < 0.1 else f"{share:.1f} %" if count < total else "100 %"


def _kinds(rows: Sequence[_Row], groups: Mapping[str, Sequence[_Row]]) -> Iterator[Markup]:
    """How many of each kind came to what, where there are several kinds."""
    counted = Counter((row.record.format, row.outcome) for row in rows)
    formats = sorted({name for name, _ in counted}, key=lambda name: (name is None, name))
    if len(formats) < 2:
        return
    headings = [say("Kind", "種類"), *(say(*OUTCOMES[outcome]) for outcome in groups)]
    body = (
        element(
            "tr",
            element("th", name or say("not recognised", "判別不能"), scope="row"),
            *(element("td", f"{counted[name, outcome]:,}" if counted[name, outcome] else "–") for outcome in groups),
        )
        for name in formats
    )
    yield element("h2", say("By kind of document", "文書の種類別"))
    yield element("table", _head(headings), element("tbody", *body), class_="kinds")


def _reasons(rows: Sequence[_Row]) -> Iterator[Markup]:
    """The reasons counted, where that is shorter than the list."""
    counted = Counter((row.outcome, row.why) for row in rows if row.outcome in _NEEDS_A_PERSON and row.why)
    if not counted or max(counted.values()) < 2:
        return
    shown = sorted(counted.items(), key=lambda item: (list(_SIGNS).index(item[0][0]), -item[1]))[:_REASONS_SHOWN]
    body = (
        element("tr", *(element("td", cell) for cell in (_badge(outcome), f"{count:,}", why)))
        for (outcome, why), count in shown
    )
    headings = (say("Outcome", "結果"), say("Files", "件数"), say("Why", "理由"))
    yield element("h2", say("Why", "理由別"))
    yield element("table", _head(headings), element("tbody", *body), class_="reasons")
    if left := len(counted) - len(shown):
        yield element("p", say(f"{left:,} more reasons stand in the lists.", f"ほか{left:,}種の理由は一覧にあります。"))


def _group(outcome: str, rows: Sequence[_Row]) -> Iterator[Markup]:
    """The list of the files with this outcome, in tables of so many that a browser need not lay out all at once."""
    opened = " open" if outcome in _NEEDS_A_PERSON or len(rows) <= _OPEN_ROWS else ""
    heading = element("summary", element("h2", _badge(outcome), f" × {len(rows):,}"))
    yield Markup(f'<details id="{outcome}"{opened}>{heading}')
    explained = any(row.why for row in rows)
    headings = [say("No.", "番号"), say("File", "ファイル"), say("Kind", "種類"), say("Why", "理由")]
    for start in range(0, len(rows), _ROWS_TOGETHER):
        together = (row.markup() for row in rows[start : start + _ROWS_TOGETHER])
        head, body = _head(headings), element("tbody", *together)
        yield element("div", element("table", head, body, class_="files" if explained else "files unexplained"))
    yield Markup("</details>")


def _head(headings: Iterable[str]) -> Markup:
    return element("thead", element("tr", *(element("th", heading, scope="col") for heading in headings)))


def _badge(outcome: str, *, link: bool = False) -> Markup:
    text, classes = f"{_SIGNS[outcome]} {say(*OUTCOMES[outcome])}", f"badge {outcome}"
    if link:
        return element("a", text, href=f"#{outcome}", class_=classes)
    return element("span", text, class_=classes)


def _foot(result: BatchResult, conditions: RunConditions) -> Markup:
    signed = conditions.command == "sign"
    mode = conditions.revocation
    options = [option for option in conditions.options if not conditions.redact or option.startswith(_HARMLESS)]
    rows = [
        (say("run", "実行番号"), code(result.run_id)),
        (say("begun", "開始"), time_element(result.begun)),
        (say("ended", "終了"), time_element(conditions.ended)),
        (say("certificates judged as of", "証明書の判定の基準時刻"), time_element(conditions.at)),
        (say("revocation", "失効確認"), mode.value if signed else f"{mode.value}: {say(*REVOCATION_MODES[mode])}"),
        (say("options", "オプション"), lines(map(code, options or ("–",)))),
        (say("program", "プログラム"), f"jitsuin {version('jitsuin')}"),
    ]
    if result.certificate_serial is not None and not conditions.redact:
        rows.append(
            (say("certificate's serial number", "証明書のシリアル番号"), code(f"{result.certificate_serial:x}"))
        )
    heading = say("How it was signed", "署名の条件") if signed else say("How it was verified", "検証の条件")
    return element(
        "footer",
        element("h2", heading),
        definitions(rows),
        *([element("p", say(*DISCLOSURE))] if signed else []),
        element("p", say(*ACCEPTANCE)),
        element("p", say(*NO_PROOF)),
        element("p", say(*ON_PAPER), class_="faint"),
    )


_STYLE: Final = """
h2 { margin: 1.8rem 0 0; }
.signed { color: var(--good); background: var(--good-tint); }
.not-attempted { color: var(--open); background: var(--open-tint); }
.skipped { color: var(--faint); background: var(--tint); }
.stopped { border: 1.5px solid var(--bad); border-radius: .4em; padding: .5rem .8rem; background: var(--bad-tint); }
caption { display: block; white-space: nowrap; text-align: left; font-weight: 600; padding-bottom: .3rem; }
.chart th { width: 1%; white-space: nowrap; }
.chart td:nth-child(2), .chart td:nth-child(3) { width: 1%; text-align: right; white-space: nowrap; }
.chart td:nth-child(2) { font-weight: 700; }
.chart td:nth-child(4) { width: 38%; }
.chart td:nth-child(5) { font-size: .9rem; }
.chart th, .chart td { vertical-align: middle; }
.bar { display: block; width: 100%; height: 1.1rem; border-left: 1.5px solid var(--line); }
.bar rect { fill: currentColor; }
.bar.valid, .bar.signed, .bar.skipped, .bar.failed, .bar.invalid, .bar.indeterminate, .bar.not-attempted {
  background: none;
}
.kinds { width: auto; }
.kinds tbody th::first-letter { text-transform: none; }
.reasons td { vertical-align: baseline; }
.kinds td { text-align: right; }
.kinds thead th:not(:first-child) { text-align: right; }
.reasons td:first-child { width: 1%; white-space: nowrap; }
.reasons td:nth-child(2) { width: 4.5rem; text-align: right; }
.reasons th:nth-child(2) { text-align: right; }
details { margin-top: 1.8rem; }
summary { cursor: pointer; }
summary h2 { display: inline-block; margin: 0 0 0 .3rem; }
.files { table-layout: fixed; margin: 0; }
div + div > .files > thead { display: none; }
.files th:first-child, .files td:first-child { width: 4.2rem; color: var(--faint); text-align: right; }
.files th:nth-child(3) { width: 9.5rem; }
.files th:nth-child(4) { width: 34%; }
.unexplained th:nth-child(4), .unexplained td:nth-child(4) { display: none; }
.files p { margin: 0; }
.files code { font-size: .72rem; }
@media screen {
  details > div { content-visibility: auto; contain-intrinsic-size: auto 750rem; }
}
@media screen and (max-width: 42rem) {
  .chart, .chart tbody, .files, .files tbody { display: block; }
  .chart tr { display: grid; grid-template-columns: 1fr auto 4.5rem; padding: .4rem 0; }
  .chart tr, .files tr { border-top: 1px solid var(--line); }
  .chart th, .chart td { border: 0; padding: .15rem .4rem .15rem 0; width: auto; }
  .chart td:nth-child(4), .chart td:nth-child(5) { grid-column: 1 / -1; width: auto; }
  .files thead { display: none; }
  .files tr { display: grid; grid-template-columns: 3.2rem 1fr; padding: .4rem 0; }
  .files td { border: 0; padding: .1rem .6rem .1rem 0; grid-column: 2; }
  .files td:first-child { grid-column: 1; width: auto; }
  .files td:empty { display: none; }
}
@media print {
  .chart td:nth-child(4) { width: 20%; }
  summary { break-after: avoid; }
  details:not([open]) { display: none; }
  .files th:first-child, .files td:first-child { width: 3rem; }
}
"""
