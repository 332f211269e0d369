"""A batch as a library has it: one PIN, each file by itself, and the same bytes whatever the number of workers."""

from __future__ import annotations

import gc
import hashlib
import json
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

import jitsuin
from folders import faulty_signer, fill, journal, outputs, signatures_in, small_pdf, small_xml
from jitsuin.batch import BatchOptions, rehearse_batch, sign_batch
from jitsuin.batch_desks import Rehearse, Rehearsed, SigningDesk
from jitsuin.batch_results import Event, FileBegun, FileEnded, FileReported, FileState, Phase, PhaseBegun, Summary
from jitsuin.batch_verification import verify_batch, verify_journal
from jitsuin.errors import InputChangedError, InputError, OutputError, UnknownFormatError, WorkerDiedError
from jitsuin.journal import PLACING
from jitsuin.pipeline import sign_files
from jitsuin.rehearsal import SigningOptions
from jitsuin.samples.documents import income_tax_return
from jitsuin.signer.base import SignatureScheme, SignerOptions
from jitsuin.signer.errors import CardRemovedError, PinIncorrectError
from jitsuin.signer.jpki import JpkiSigner
from jitsuin.signer.simulator import SIGNATURE_PASSWORD, SimulatedCard, SimulatedReader

TRUST = SigningOptions(trust=["simulator"], revocation="off")
Sign = Callable[..., jitsuin.BatchResult]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fill(tmp_path / "in", 6, returns=1)


@pytest.fixture
def sign(tmp_path: Path, card, person, at: datetime) -> Sign:
    """`sign_batch` from `in` to `out`, with a new card's key."""
    uri = card()

    def run(paths=(tmp_path / "in",), output=tmp_path / "out", *, options=TRUST, **how) -> jitsuin.BatchResult:
        batch = BatchOptions(recursive=True, **{k: how.pop(k) for k in list(how) if k in BatchOptions.__annotations__})
        how.setdefault("open_key", lambda: jitsuin.open_signer(uri, pin=person, trust=["simulator"], at=at))
        return sign_batch(paths, output, options=options, batch=batch, **{"at": at, **how})

    return run


def states(result: jitsuin.BatchResult) -> dict[str, str]:
    return {record.name: record.state.value for record in result.records}


def test_all_files_of_a_folder_by_one_pin(
    sign: Sign, folder: Path, tmp_path: Path, person, xmlsec1, pdf_judges, at
) -> None:
    result = sign()
    assert states(result) == {
        "d0001.pdf": "signed",
        "d0003.pdf": "signed",
        "n0004.xml": "signed",
        "r0000.xtx": "signed",
        "sub/d0005.pdf": "signed",
        "sub/n0002.xml": "signed",
    }
    assert (result.stopped, len(person.asked)) == (None, 1)
    out = tmp_path / "out"
    for record in result.records:
        assert record.target is not None
        assert record.target_sha256 == hashlib.sha256(record.target.read_bytes()).hexdigest()
        assert record.source_sha256 == hashlib.sha256(record.source.read_bytes()).hexdigest()
    assert {record.profile for record in result.records} == {"etax", "pades-b-b", "xmldsig"}
    assert set(outputs(out)) == {f"{Path(n).with_suffix('')}.signed{Path(n).suffix}" for n in states(result)}
    assert all(signatures_in((out / name).read_bytes()) == 1 for name in outputs(out))
    for name in outputs(out):
        if name.endswith(".pdf"):
            assert all(judged.ok for judged in pdf_judges.ask(out / name, at).values())
        else:
            assert xmlsec1.verify(out / name).verdict == "valid"


def test_the_journal_tells_it_all(sign: Sign, folder: Path, tmp_path: Path) -> None:
    result = sign()
    run, *lines, end = journal(tmp_path / "out")
    (key,) = (line for line in lines if line["event"] == "key")
    assert (run["event"], run["run"], run["files"]) == ("run", result.run_id, 6)
    assert key["certificate_serial"] == f"{result.certificate_serial:x}"
    assert (end["state"], end["counts"]) == ("done", {"signed": 6})
    files = [line for line in lines if line["event"] == "file"]
    for record in result.records:
        placing, signed = (line for line in files if line["name"] == record.name)
        assert (placing["state"], signed["state"]) == (PLACING, "signed")
        assert placing["target_sha256"] == signed["target_sha256"] == record.target_sha256
        assert signed["source_sha256"] == record.source_sha256
        assert (signed["profile"], signed["verdict"]) == (record.profile, "VALID")
    assert "見本" not in json.dumps(lines, ensure_ascii=False)


def test_the_number_of_workers_changes_nothing(sign: Sign, folder: Path, tmp_path: Path) -> None:
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\n")
    told: dict[int, list[tuple[str, FileState]]] = {}
    for jobs in (1, 4):
        events: list[Event] = []
        sign(output=tmp_path / f"out{jobs}", jobs=jobs, progress=events.append)
        told[jobs] = [(e.record.name, e.record.state) for e in events if isinstance(e, FileReported)]
    assert told[1] == told[4]
    assert [name for name, _ in told[1]] == sorted(name for name, _ in told[1])
    assert outputs(tmp_path / "out1") == outputs(tmp_path / "out4")


def test_outputs_are_those_of_single_documents(sign: Sign, folder: Path, tmp_path: Path, person, card, at) -> None:
    """Workers do not prepare anew what was rehearsed, unless a document has made that large."""
    ids = "".join(f'<a Id="_{number:016x}"/>' for number in range(300))
    (folder / "large.xml").write_text(f"<r>{ids}</r>")
    result = sign()
    alone = tmp_path / "alone"
    jobs = [(r.source, alone / r.target.relative_to(tmp_path / "out")) for r in result.records if r.target]
    with jitsuin.open_signer(card(), pin=person, trust=["simulator"], at=at) as signer:
        for some in (jobs[:2], *([job] for job in jobs[2:])):
            outcomes = sign_files(some, signer=signer, options=replace(TRUST, make_folder=True), at=at)
            assert all(outcome.result for outcome in outcomes)
    assert outputs(alone) == outputs(tmp_path / "out")
    assert len(outputs(alone)) == 7


def test_a_worker_lets_large_documents_go(tmp_path: Path, at: datetime) -> None:
    """Python counts objects, of which a large PDF need not have many; a reader is a cycle that holds its document."""

    def readers() -> int:
        return sum(isinstance(one, PdfFileReader) for one in gc.get_objects())

    kept = []
    for length in (9 << 20, 9):
        path = tmp_path / f"{length}.pdf"
        path.write_bytes(small_pdf("x" * length))
        desk = SigningDesk(SigningOptions(), at)
        gc.collect()
        before = readers()
        gc.disable()
        try:
            for _ in range(5):
                rehearsed = desk.work(Rehearse(path, tmp_path / "out.pdf", None, True, None), None)  # type: ignore[arg-type]
                assert isinstance(rehearsed, Rehearsed), rehearsed
            kept.append(readers() - before)
        finally:
            gc.enable()
    assert kept == [0, 5], "the control: small ones wait for the garbage collector"


def test_progress_tells_of_every_file(sign: Sign, folder: Path) -> None:
    events: list[Event] = []
    sign(progress=events.append)
    assert [e for e in events if isinstance(e, PhaseBegun)] == [
        PhaseBegun(Phase.REHEARSING, 6),
        PhaseBegun(Phase.SIGNING, 6),
    ]
    for phase in (Phase.REHEARSING, Phase.SIGNING):
        begun = [e.name for e in events if isinstance(e, FileBegun) and e.phase is phase]
        ended = [e.name for e in events if isinstance(e, FileEnded) and e.phase is phase]
        assert sorted(begun) == sorted(ended) == sorted(set(begun))
        assert len(begun) == 6


def test_one_bad_file_stops_no_other(sign: Sign, folder: Path, tmp_path: Path) -> None:
    (folder / "broken.pdf").write_bytes(small_pdf()[:-20])
    (folder / "note.txt").write_text("no document")
    (folder / "link.xml").symlink_to(folder / "n0004.xml")
    result = sign()
    assert result.counts == {FileState.SIGNED: 6, FileState.FAILED: 2, FileState.SKIPPED: 1}
    failed = {record.name: record.error for record in result.records if record.error}
    assert type(failed["broken.pdf"]).__name__ == "MalformedDocumentError"
    assert isinstance(failed["note.txt"], UnknownFormatError)
    assert len(outputs(tmp_path / "out")) == 6
    journaled = {line["name"]: line.get("reason") for line in journal(tmp_path / "out") if line["event"] == "file"}
    assert journaled["broken.pdf"] == "MalformedDocumentError.pdf-end-missing"
    assert journaled["link.xml"] == "symlink"


def test_strict_signs_all_or_nothing(sign: Sign, folder: Path, tmp_path: Path, person) -> None:
    (folder / "note.txt").write_text("no document")
    result = sign(strict=True)
    assert result.counts == {FileState.NOT_ATTEMPTED: 6, FileState.FAILED: 1}
    assert getattr(result.stopped, "facts", {}) == {"reason": "strict", "count": 1}
    assert (person.asked, outputs(tmp_path / "out")) == ([], {})
    (folder / "note.txt").unlink()
    assert sign(strict=True).counts == {FileState.SIGNED: 6}


def test_the_summary_comes_before_the_pin(sign: Sign, folder: Path, person) -> None:
    (folder / "note.txt").write_text("no document")
    shown: list[Summary] = []

    def confirm(summary: Summary) -> bool:
        assert person.asked == []
        shown.append(summary)
        return False

    result = sign(confirm=confirm)
    assert (shown[0].ready, shown[0].profiles) == (6, {"etax": 1, "pades-b-b": 3, "xmldsig": 2})
    assert [record.name for record in shown[0].records] == ["note.txt"]
    assert (person.asked, result.counts[FileState.NOT_ATTEMPTED]) == ([], 6)
    assert sign(confirm=lambda summary: True).counts[FileState.SIGNED] == 6


def test_a_rehearsal_writes_nothing(folder: Path, tmp_path: Path, at: datetime) -> None:
    batch = BatchOptions(recursive=True)
    summary = rehearse_batch([folder], tmp_path / "out", options=TRUST, batch=batch, at=at)
    assert summary.ready == 6
    assert not (tmp_path / "out").exists()


def test_a_wrong_pin_is_tried_once(sign: Sign, folder: Path, tmp_path: Path, person) -> None:
    person.answer = "WRONG1"
    result = sign()
    assert isinstance(result.stopped, PinIncorrectError)
    assert (len(person.asked), result.stopped.facts["tries_left"]) == (1, 4)
    assert result.counts == {FileState.NOT_ATTEMPTED: 6}
    assert not (tmp_path / "out").exists()
    person.answer = SIGNATURE_PASSWORD
    assert sign(resume=True).counts == {FileState.SIGNED: 6}


@pytest.mark.parametrize("swap", ["other content", "same content", "link", "gone"])
def test_a_file_that_is_swapped_after_its_rehearsal_is_refused(
    sign: Sign, folder: Path, tmp_path: Path, swap: str
) -> None:
    victim, elsewhere = folder / "n0004.xml", tmp_path / "elsewhere.xml"

    def confirm(summary: Summary) -> bool:
        elsewhere.write_bytes(small_xml("other") if swap == "other content" else victim.read_bytes())
        if swap == "link":
            victim.unlink()
            victim.symlink_to(elsewhere)
        elif swap == "gone":
            victim.unlink()
        else:
            elsewhere.rename(victim)
        return True

    result = sign(confirm=confirm)
    (failed,) = (record for record in result.records if record.state is FileState.FAILED)
    assert failed.name == "n0004.xml"
    assert isinstance(failed.error, InputError if swap == "gone" else InputChangedError)
    assert result.counts[FileState.SIGNED] == 5
    assert "n0004.signed.xml" not in outputs(tmp_path / "out")


def test_workers_that_die_idle_take_no_file_with_them(sign: Sign, folder: Path) -> None:
    """The rehearsal is over, and a person reads what it has found."""
    deaths: list[int] = []

    def confirm(_summary: Summary) -> bool:
        deaths.extend(workers())
        for one in deaths:
            os.kill(one, signal.SIGKILL)
        time.sleep(0.5)
        return True

    assert sign(confirm=confirm, jobs=2).counts == {FileState.SIGNED: 6}
    assert deaths


@pytest.mark.parametrize("phase", [Phase.REHEARSING, Phase.VERIFYING])
def test_a_folder_that_is_swapped_for_a_link_is_not_followed(
    sign: Sign, folder: Path, tmp_path: Path, phase: Phase
) -> None:
    """After it was looked through: what lies behind the link is nothing that was named."""
    private = tmp_path / "private"

    def swap(event: Event) -> None:
        if event == PhaseBegun(phase, 6):
            (folder / "sub").rename(private)
            (folder / "sub").symlink_to(private)

    if phase is Phase.REHEARSING:
        result = sign(progress=swap)
        assert result.counts[FileState.SIGNED] == len([r for r in result.records if not r.name.startswith("sub/")])
        assert not (tmp_path / "out" / "sub").exists()
    else:
        result = verify_batch([folder], recursive=True, jobs=1, revocation="off", progress=swap)
    failed = {record.name: record.error for record in result.records if record.error}
    behind = {f"sub/{path.name}" for path in private.iterdir()}
    assert behind
    assert {name for name, error in failed.items() if isinstance(error, InputChangedError)} == behind


def test_what_is_signed_already_is_passed_over(sign: Sign, folder: Path, tmp_path: Path, person) -> None:
    sign()
    again = sign([tmp_path / "out"], tmp_path / "again")
    assert {record.reason for record in again.records} == {"already-signed"}
    assert (again.counts, len(person.asked)) == ({FileState.SKIPPED: 6}, 1)
    twice = sign([tmp_path / "out"], tmp_path / "twice", skip_signed=False)
    assert twice.counts == {
        FileState.SIGNED: 4,
        FileState.FAILED: 2,
    }  # what covers a whole XML leaves room for no other
    assert {signatures_in((tmp_path / "twice" / name).read_bytes()) for name in outputs(tmp_path / "twice")} == {2}


def test_rules_choose_profiles(sign: Sign, folder: Path, tmp_path: Path) -> None:
    (folder / "sub/d0007.pdf").write_bytes(small_pdf("7"))
    rules = (("sub/*.pdf", "moj-pdf"), ("d000[13].pdf", "agency-pdf"))
    result = sign(rules=rules)
    assert {record.name: record.profile for record in result.records if record.name.endswith("pdf")} == {
        "d0001.pdf": "agency-pdf",
        "d0003.pdf": "agency-pdf",
        "sub/d0005.pdf": "moj-pdf",
        "sub/d0007.pdf": "moj-pdf",
    }
    with pytest.raises(jitsuin.errors.UnknownNameError):
        sign(rules=(("*", "no-such"),), output=tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_an_option_for_pdfs_is_none_for_returns(sign: Sign, folder: Path, tmp_path: Path) -> None:
    options = SigningOptions(trust=["simulator"], revocation="off", reason="approval")
    assert sign(options=options).counts == {FileState.SIGNED: 6}
    assert b"approval" in (tmp_path / "out/d0001.signed.pdf").read_bytes()


def test_resuming_skips_what_is_signed_and_takes_what_is_new(sign: Sign, folder: Path, tmp_path: Path, person) -> None:
    sign()
    before = outputs(tmp_path / "out")
    resumed = sign(resume=True)
    assert {record.reason for record in resumed.records} == {"signed-before"}
    assert (outputs(tmp_path / "out"), len(person.asked)) == (before, 1)
    (folder / "new.xml").write_bytes(small_xml("new"))
    assert states(sign(resume=True))["new.xml"] == "signed"
    assert {**outputs(tmp_path / "out"), **before} == outputs(tmp_path / "out")
    assert states(sign(resume=True))["new.xml"] == "skipped"


def test_resuming_refuses_what_is_not_as_it_was(sign: Sign, folder: Path, tmp_path: Path) -> None:
    sign()
    out = tmp_path / "out"
    (folder / "d0001.pdf").write_bytes(small_pdf("changed"))
    (out / "d0003.signed.pdf").write_bytes((out / "d0003.signed.pdf").read_bytes() + b"\n")
    (out / "n0004.signed.xml").unlink()
    before = outputs(out)
    resumed = sign(resume=True)
    reasons = {record.name: record.error.facts["reason"] for record in resumed.records if record.error}  # type: ignore[attr-defined]
    assert reasons == {"d0001.pdf": "signed-before", "d0003.pdf": "output-changed", "n0004.xml": "output-missing"}
    assert outputs(out) == before
    assert states(sign(resume=True))["r0000.xtx"] == "skipped"


def test_an_unfinished_run_is_resumed_or_left(sign: Sign, folder: Path, tmp_path: Path, card, person, at) -> None:
    path = Path(card().removeprefix("simulator:"))
    options = SignerOptions(person, at)
    result = sign(open_key=lambda: faulty_signer(path, options, "remove=0@sign:3"))
    assert isinstance(result.stopped, CardRemovedError)
    with pytest.raises(OutputError) as error:
        sign()
    assert error.value.facts["reason"] == "unfinished"
    assert sign(resume=True).counts[FileState.SIGNED] == 4
    assert sign(
        overwrite := (tmp_path / "in",), options=SigningOptions(**{**vars(TRUST), "overwrite": True})
    ).counts == {FileState.SIGNED: 6}, overwrite


def test_a_journal_line_that_was_never_written_is_made_up_for(sign: Sign, folder: Path, tmp_path: Path, person) -> None:
    """A kill between putting an output in its place and saying so."""
    sign()
    path = tmp_path / "out/.jitsuin-journal.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    signed = [line for line in lines if '"state": "signed"' not in line and '"event": "end"' not in line]
    path.write_text("".join(signed))
    before = outputs(tmp_path / "out")
    (tmp_path / "out/n0004.signed.xml").unlink()  # and one between saying and doing
    resumed = sign(resume=True)
    assert resumed.counts == {FileState.SKIPPED: 5, FileState.SIGNED: 1}
    assert (outputs(tmp_path / "out"), len(person.asked)) == (before, 2)
    assert verify_journal(tmp_path / "out", trust=["simulator"], revocation="off").counts == {FileState.VERIFIED: 6}


def test_leftovers_of_a_killed_run_are_removed(sign: Sign, folder: Path, tmp_path: Path) -> None:
    sign()
    leftover, other = tmp_path / "out/sub/.jitsuin-0123456789abcdef", tmp_path / "out/.jitsuin-mine"
    leftover.write_text("half")
    other.write_text("not ours")
    sign(resume=True)
    assert (leftover.exists(), other.exists()) == (False, True)


@pytest.fixture
def pulled(tmp_path: Path, card, person, at: datetime) -> Callable[[int], Callable[[], object]]:
    """Opens a key whose card is pulled at the n-th signature after the first opening."""
    path = Path(card().removeprefix("simulator:"))

    def make(number: int) -> Callable[[], object]:
        faults = iter([f"remove=0@sign:{number}"])
        return lambda: faulty_signer(path, SignerOptions(person, at), *[fault for fault in [next(faults, "")] if fault])

    return make


@pytest.mark.parametrize("number", random.Random(7).sample(range(1, 21), 10))  # noqa: S311 - no secret
def test_a_card_pulled_at_any_signature_loses_nothing(
    sign: Sign, tmp_path: Path, person, pulled: Callable[[int], Callable[[], object]], number: int
) -> None:
    fill(tmp_path / "in", 20)
    result = sign(open_key=pulled(number))
    assert isinstance(result.stopped, CardRemovedError)
    assert result.counts == {
        FileState.SIGNED: number - 1,
        FileState.FAILED: 1,
        **({FileState.NOT_ATTEMPTED: 20 - number} if number < 20 else {}),
    }
    assert [record.state for record in result.records[:number]] == [FileState.SIGNED] * (number - 1) + [
        FileState.FAILED
    ]
    out = tmp_path / "out"
    first = outputs(out)
    assert len(first) == number - 1
    resumed = sign(resume=True)
    assert resumed.counts == {FileState.SIGNED: 21 - number, **({FileState.SKIPPED: number - 1} if number > 1 else {})}
    assert {**outputs(out), **first} == outputs(out)
    assert {signatures_in((out / name).read_bytes()) for name in outputs(out)} == {1}
    again = verify_journal(out, trust=["simulator"], revocation="off")
    assert again.counts == {FileState.VERIFIED: 20}
    assert [record.name for record in again.records] == sorted(
        (r.name for r in again.records), key=lambda n: n.split("/")
    )
    assert len(person.asked) == 2


def test_a_card_that_is_put_back_costs_one_more_pin(sign: Sign, folder: Path, tmp_path: Path, person, pulled) -> None:
    asked: list[Exception] = []

    def put_back(error: Exception) -> bool:
        asked.append(error)
        return True

    assert sign(open_key=pulled(3), put_back=put_back).counts == {FileState.SIGNED: 6}
    assert (len(asked), len(person.asked)) == (1, 2)
    assert isinstance(asked[0], CardRemovedError)
    assert sign(output=tmp_path / "other", open_key=pulled(3), put_back=lambda error: False).stopped is not None


def test_another_card_is_not_taken(sign: Sign, folder: Path, tmp_path: Path, person, pulled, card, at) -> None:
    first, second = pulled(3), card("second")
    keys: Iterator[Callable[[], object]] = iter([first, lambda: jitsuin.open_signer(second, pin=person, at=at)])
    result = sign(open_key=lambda: next(keys)(), put_back=lambda error: True)
    assert getattr(result.stopped, "facts", {}).get("reason") == "another-key"
    assert result.counts[FileState.SIGNED] == 2


def workers() -> list[int]:
    """Processes that have a file in hand, whichever way they were started."""
    spawned = [process.pid for process in multiprocessing.active_children() if process.pid is not None]
    if spawned:
        return spawned
    forked = [child for child in children(os.getpid()) if _command_line(child) == _command_line(os.getpid())]
    return [worker for nursery in forked for worker in children(nursery)]


def children(process: int) -> list[int]:
    return list(map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split()))


def _command_line(process: int) -> bytes:
    return Path(f"/proc/{process}/cmdline").read_bytes()


def test_a_worker_that_is_killed_is_one_failed_file(sign: Sign, folder: Path, tmp_path: Path, person, card, at) -> None:
    deaths: list[int] = []

    class Deadly(JpkiSigner):
        """With the third signature a worker dies."""

        signatures = 0

        def sign(self, to_be_signed: bytes, scheme: SignatureScheme) -> bytes:
            self.signatures += 1
            if self.signatures == 3 and not deaths:
                deaths.append(max(workers()))
                os.kill(deaths[0], signal.SIGKILL)
            return super().sign(to_be_signed, scheme)

    def open_key() -> Deadly:
        card_in_hand = SimulatedCard.load(Path(uri.removeprefix("simulator:")))
        return Deadly(SimulatedReader(card_in_hand), SignerOptions(person, at))

    uri = card()
    result = sign(open_key=open_key, jobs=1)
    assert result.counts == {FileState.SIGNED: 5, FileState.FAILED: 1}
    (failed,) = (record for record in result.records if record.error)
    assert isinstance(failed.error, WorkerDiedError)
    assert failed.error.facts["path"] == str(failed.source)
    assert sign(resume=True).counts == {FileState.SKIPPED: 5, FileState.SIGNED: 1}
    assert verify_journal(tmp_path / "out", trust=["simulator"], revocation="off").counts == {FileState.VERIFIED: 6}


def test_verifying_a_folder(sign: Sign, folder: Path, tmp_path: Path) -> None:
    sign()
    out = tmp_path / "out"
    (out / "d0001.signed.pdf").write_bytes((out / "d0001.signed.pdf").read_bytes() + b"x")
    (out / "note.txt").write_text("no document")
    events: list[Event] = []
    result = verify_batch([out], recursive=True, jobs=2, trust=["simulator"], revocation="off", progress=events.append)
    verdicts = {record.name: record.verdict.indication.word for record in result.records if record.verdict}
    assert verdicts.pop("d0001.signed.pdf") == "INVALID"
    assert list(verdicts.values()) == ["VALID"] * 5
    assert result.counts == {FileState.VERIFIED: 6, FileState.FAILED: 1}
    told = [event for event in events if isinstance(event, FileReported)]
    assert [event.record for event in told] == list(result.records)
    assert all(event.text and event.detail["signatures"] for event in told if event.record.verdict)


@pytest.mark.parametrize("order", [1, -1])
def test_files_of_one_name_are_told_apart(sign: Sign, folder: Path, tmp_path: Path, order: int) -> None:
    """One of them takes longer, so that it is told of when the other has long been verified."""
    sign()
    large, small = tmp_path / "large" / "a.pdf", tmp_path / "small" / "a.pdf"
    for path, data in ((large, b"%PDF-1.7\n" + b"x" * 30_000_000), (small, b"%PDF-1.7\n")):
        path.parent.mkdir()
        path.write_bytes((tmp_path / "out" / "d0001.signed.pdf").read_bytes() + data)
    events: list[Event] = []
    files = [large, small][::order]
    verify_batch(files, jobs=2, trust=["simulator"], revocation="off", progress=events.append)
    told = [event for event in events if isinstance(event, FileReported)]
    assert [event.record.source for event in told] == files
    assert [event.detail["path"] for event in told] == list(map(str, files))


def test_verifying_against_the_journal(sign: Sign, folder: Path, tmp_path: Path) -> None:
    (folder / "note.txt").write_text("no document")
    sign()
    out = tmp_path / "out"
    how = {"trust": ["simulator"], "revocation": "off"}
    assert verify_journal(out, **how).counts == {FileState.VERIFIED: 6, FileState.FAILED: 1}
    (out / "d0001.signed.pdf").unlink()
    (out / "d0003.signed.pdf").write_bytes((out / "sub/d0005.signed.pdf").read_bytes())
    (out / "stranger.pdf").write_bytes((out / "sub/d0005.signed.pdf").read_bytes())
    result = verify_journal(out, **how)
    failed = {record.name: getattr(record.error, "facts", {}) for record in result.records if record.error}
    assert {name: facts.get("reason") for name, facts in failed.items()} == {
        "d0001.pdf": "output-missing",
        "d0003.pdf": "output-changed",
        "stranger.pdf": "not-in-journal",
        "note.txt": None,
    }
    assert result.counts[FileState.VERIFIED] == 4
    with pytest.raises(InputError):
        verify_journal(folder, **how)


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o177, 0o000])
def test_outputs_have_the_modes_of_any_new_file(sign: Sign, folder: Path, tmp_path: Path, mask: int) -> None:
    before = os.umask(mask & 0o077)
    try:
        sign()
    finally:
        os.umask(before)
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "out").rglob("*.signed.*")}
    assert modes == {0o666 & ~(mask & 0o077)}


def test_outputs_inside_and_beside_the_inputs(sign: Sign, folder: Path) -> None:
    assert sign(output=folder / "out").counts == {FileState.SIGNED: 6}
    assert sign(output=folder / "out", resume=True).counts == {FileState.SKIPPED: 6}
    assert sign(output=folder, resume=True).counts[FileState.SIGNED] == 6
    assert sign(output=folder, resume=True).counts[FileState.SIGNED] == 0


def test_names_survive_signing_and_resuming(sign: Sign, tmp_path: Path) -> None:
    names = ["a  b.xml", "line\nbreak.xml", "か\u3099.xml", os.fsdecode(b"\xff.xml"), "x" * 251 + ".xml", "-o.xml"]
    (tmp_path / "in").mkdir()
    for name in names:
        (tmp_path / "in" / name).write_bytes(small_xml(repr(name)))
    assert sign().counts == {FileState.SIGNED: len(names)}
    assert sign(resume=True).counts == {FileState.SKIPPED: len(names)}
    result = verify_journal(tmp_path / "out", trust=["simulator"], revocation="off")
    assert {record.name for record in result.records if record.verdict} == set(names)


def test_options_that_suit_no_file_are_raised(sign: Sign, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(jitsuin.errors.UnknownNameError):
        sign(options=SigningOptions(profile="no-such"))
    with pytest.raises(InputError):
        sign([tmp_path / "in/*.none"])
    assert not (tmp_path / "out").exists()


def test_signed_returns_are_told_from_those_with_signed_attachments(sign: Sign, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/r.xtx").write_bytes(income_tax_return())
    assert sign().counts == {FileState.SIGNED: 1}
    assert SimulatedCard.load(tmp_path / "cards/valid").persona.name == "valid"
