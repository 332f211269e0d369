"""The page of a folder's run: safe like every page, complete, short for ten thousand files, and silent if asked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jitsuin.batch_page import RunConditions, batch_page, write_batch_page
from jitsuin.batch_results import BatchResult, FileRecord, FileState
from jitsuin.errors import InputError, OutputError, UnknownFormatError
from jitsuin.formats.errors import MalformedDocumentError
from jitsuin.formats.verdict import PASSED, SubIndication, Verdict
from jitsuin.language import language
from jitsuin.results import Notice
from jitsuin.sentences.batch_page import OUTCOMES
from jitsuin.validity import RevocationMode
from pages import Node, read

BEGUN = datetime(2026, 3, 2, 3, 4, 5, tzinfo=UTC)
FOLDER = Path("/home/hanako/書類")
HOSTILE = "山田/<script>alert(1)</script>\"'&\u202egnp\x1b[31m\n.pdf"
CHANGED = Verdict(SubIndication.HASH_FAILURE, "digest-differs", {"uri": "#R1"})
UNCHECKED = Verdict(SubIndication.TRY_LATER, "revocation-not-checked", {"why": "no-evidence"})


@pytest.fixture(params=["en", "ja"], autouse=True)
def tongue(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Each language in turn."""
    monkeypatch.setenv("JITSUIN_LANG", request.param)
    language.cache_clear()
    yield request.param
    monkeypatch.undo()
    language.cache_clear()


def conditions(command: str = "sign", *options: str, redact: bool = False) -> RunConditions:
    ended = BEGUN + timedelta(seconds=90)
    return RunConditions(command, ended, BEGUN, RevocationMode.WARN, options, redact)  # type: ignore[arg-type]


def record(name: str, state: FileState = FileState.SIGNED, **facts: object) -> FileRecord:
    digest = hashlib.sha256(name.encode()).hexdigest()
    values = {"format": "pdf", "profile": "pades-b-b", "source_sha256": digest, **facts}
    if state is FileState.SIGNED:
        values = {"target": Path("/out", name), "verdict": PASSED, "target_sha256": digest[::-1], **values}
    return FileRecord(name, FOLDER / name, state, **values)  # type: ignore[arg-type]


def result(*records: FileRecord, **facts: object) -> BatchResult:
    return BatchResult("run-1", records, BEGUN, **facts)  # type: ignore[arg-type]


def page(*records: FileRecord, given: RunConditions | None = None, **facts: object) -> Node:
    return read("".join(batch_page(result(*records, **facts), given or conditions())))


def chart(root: Node) -> dict[str, list[str]]:
    """The text of each outcome's row, without its bar."""
    (table,) = root.all("table", "chart")
    rows = [[cell.text for cell in row.all() if cell.name in {"th", "td"}] for row in table.all("tr")]
    return {row[0]: row[1:3] for row in rows}


def test_every_outcome_is_counted_in_words_and_listed(tongue: str) -> None:
    names = [f"{number}.pdf" for number in range(8)]
    root = page(
        record(names[0], FileState.VERIFIED, verdict=PASSED),
        record(names[1], FileState.VERIFIED, verdict=CHANGED),
        record(names[2], FileState.VERIFIED, verdict=UNCHECKED),
        record(names[3], FileState.FAILED, error=UnknownFormatError(path=str(FOLDER / names[3]))),
        record(names[4], FileState.SKIPPED, reason="already-signed"),
        record(names[5], FileState.NOT_ATTEMPTED),
        record(names[6]),
        record(names[7]),
        given=conditions("verify"),
    )
    words = {outcome: said[tongue == "ja"] for outcome, said in OUTCOMES.items()}
    counted = {label.split(" ", 1)[1]: cells for label, cells in chart(root).items()}
    assert counted == {
        word: ["2", "25.0 %"] if outcome == "signed" else ["1", "12.5 %"] for outcome, word in words.items()
    }
    listed = {details.attributes["id"]: details.text for details in root.all("details")}
    assert listed.keys() == OUTCOMES.keys()
    assert names[1] in listed["invalid"]
    assert "#R1" in listed["invalid"]
    assert all(sum(name in text for text in listed.values()) == 1 for name in names)


def test_a_bar_is_as_long_as_its_share_and_never_nothing() -> None:
    files = [record(f"{number}.pdf") for number in range(999)]
    root = page(*files, record("bad.pdf", FileState.FAILED, error=MalformedDocumentError(reason="x")))
    (failed, signed) = (float(bar.attributes["width"]) for bar in root.all("rect"))
    assert (failed, signed) == (0.4, 99.9)
    assert [cells[1] for cells in chart(root).values()] == ["0.1 %", "99.9 %"]


def test_reasons_are_counted_whatever_the_files_are_called() -> None:
    errors = [InputError(path=str(FOLDER / f"{number}.pdf"), reason="too-large") for number in range(3)]
    root = page(*(record(f"{n}.pdf", FileState.FAILED, error=error) for n, error in enumerate(errors)))
    (table,) = root.all("table", "reasons")
    (row,) = next(table.all("tbody")).all("tr")
    (_, count, why) = (cell.text for cell in row.all("td"))
    assert count == "3"
    assert "512 MiB" in why
    assert ".pdf" not in why


def test_hostile_names_are_text() -> None:
    root = page(
        record(HOSTILE),
        record(f"x{HOSTILE}", FileState.FAILED, error=OutputError(path=str(FOLDER / HOSTILE), reason="exists")),
        stopped=OutputError(path=HOSTILE, reason="os", detail="full"),
    )
    assert "<script>" in root.text  # as text: `read` has refused the element
    assert "\u202e" not in root.text


def test_what_stopped_the_run_is_said() -> None:
    assert "full" in page(record("a.pdf"), stopped=OutputError(path="/out/a", reason="os", detail="full")).text
    assert list(page(record("a.pdf"), stopped=KeyboardInterrupt()).all("p", "stopped"))
    assert not list(page(record("a.pdf")).all("p", "stopped"))


def test_notices_are_said() -> None:
    root = page(record("a.pdf", notices=(Notice("normalized"),)), notices=(Notice("timestamp-not-vouched-for"),))
    (details,) = root.all("details")
    assert len(details.text) > len(next(page(record("a.pdf")).all("details")).text)
    assert len(root.text) > len(page(record("a.pdf", notices=(Notice("normalized"),))).text)


def test_redacted_no_name_is_left() -> None:
    names = [f"令和8年/山田花子/申告書-{number}.pdf" for number in range(3)]
    error = OutputError(path=str(Path("/out", names[1])), reason="exists")
    other = InputError(path=str(FOLDER / names[2]), reason="os", detail=f"{names[2]} is a mess")
    records = [
        record(names[0]),
        record(names[1], FileState.FAILED, target=Path("/out", names[1]), error=error),
        record(names[2], FileState.FAILED, error=other),
        record("山田花子/印", FileState.VERIFIED, verdict=Verdict(*_about("山田花子/印"))),
    ]
    facts = {"stopped": OutputError(path="/out/山田花子", reason="os", detail="full"), "certificate_serial": 0xABCDEF}
    options = ("--trust /home/hanako/山田.pem", "--revocation warn")
    open_ = page(*records, given=conditions("sign", *options), **facts).text
    for private in ("山田", "花子", "申告書", "hanako", "abcdef", "令和8年"):
        assert private in open_
        assert private not in page(*records, given=conditions("sign", *options, redact=True), **facts).text
    redacted = page(*records, given=conditions("sign", *options, redact=True), **facts).text
    assert records[0].target_sha256 is not None
    assert records[0].target_sha256 in redacted
    assert "--revocation warn" in redacted


def _about(name: str) -> tuple[SubIndication, str, dict[str, object]]:
    return SubIndication.HASH_FAILURE, "digest-differs", {"uri": name}


def test_ten_thousand_files_stay_small_and_folded() -> None:
    files = [record(f"令和8年/田中/申告書-{number:05}.pdf") for number in range(9950)]
    bad = [record(f"bad-{n}.pdf", FileState.FAILED, error=MalformedDocumentError(reason="x")) for n in range(50)]
    text = "".join(batch_page(result(*files, *bad), conditions()))
    assert len(text.encode()) < 3_000_000
    root = read(text)
    opened = {details.attributes["id"]: "open" in details.attributes for details in root.all("details")}
    assert opened == {"failed": True, "signed": False}
    (failed, signed) = root.all("details")
    assert sum(1 for body in signed.all("tbody") for _ in body.all("tr")) == 9950
    assert sum(1 for body in failed.all("tbody") for _ in body.all("tr")) == 50


def test_an_empty_run_has_a_page() -> None:
    assert not chart(page())


def test_a_page_replaces_nothing(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    write_batch_page(target, result(record("a.pdf")), conditions())
    before = target.read_bytes()
    with pytest.raises(OutputError):
        write_batch_page(target, result(record("b.pdf")), conditions())
    assert target.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
