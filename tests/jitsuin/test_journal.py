"""The journal: what was written is there, what was cut off is not, and nobody else writes to it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from jitsuin import journal as journals
from jitsuin.batch_results import FileState
from jitsuin.errors import InputError, OutputError
from jitsuin.journal import LOCK, NAME, PLACING, Entry, journal_of, read_history


def write(folder: Path, *entries: Entry, end: str | None = None, **run: object) -> None:
    with journal_of(folder) as journal:
        journal.begin("run", **run)
        for entry in entries:
            journal.file("run", entry)
        if end:
            journal.end("run", end, {FileState.SIGNED: 1})
        journal.sync()


def signed(name: str, sha256: str = "aa") -> Entry:
    return Entry(name, FileState.SIGNED, target=name, source_sha256="bb", target_sha256=sha256)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    names = ["plain.pdf", "line\nbreak", "申告書.xtx", os.fsdecode(b"\xff.pdf")]
    write(tmp_path, *map(signed, names), end="done")
    history = read_history(tmp_path)
    assert list(history.entries.values()) == list(map(signed, names))
    assert (history.runs, history.ended, history.settled) == (1, True, True)


def test_no_journal_is_an_empty_one(tmp_path: Path) -> None:
    history = read_history(tmp_path)
    assert (history.entries, history.runs, history.ended, history.settled) == ({}, 0, True, False)


@pytest.mark.parametrize("torn", [b'{"event": "file", "na', b"{", b'{"event": "end", "state": "done"}', b"\0\0\0\0"])
def test_a_last_line_that_is_cut_off_is_none(tmp_path: Path, torn: bytes) -> None:
    write(tmp_path, signed("a"))
    whole = (tmp_path / NAME).read_bytes()
    (tmp_path / NAME).write_bytes(whole + torn)
    assert not read_history(tmp_path).ended
    write(tmp_path, signed("b"), end="done")
    assert (tmp_path / NAME).read_bytes().startswith(whole + b'{"event": "run"')
    assert set(read_history(tmp_path).entries) == {"a", "b"}


def test_zeros_that_a_power_failure_left_are_none(tmp_path: Path) -> None:
    write(tmp_path, signed("a"))
    with (tmp_path / NAME).open("ab") as file:
        file.write(b"\0" * 100 + b"\n")
    assert set(read_history(tmp_path).entries) == {"a"}


HOSTILE = [
    b'{"event": "file", "name": "a", "state": "signed", "target": "../a", "target_sha256": "aa"}',
    b'{"event": "file", "name": "a", "state": "signed", "target": "/etc/passwd", "target_sha256": "aa"}',
    b'{"event": "file", "name": "a", "state": "signed", "target": 1}',
    b'{"event": "file", "name": "a", "state": "signed", "target_sha256": ["aa"]}',
    b'{"event": "file", "name": {}, "state": "signed"}',
    b"[" * 100_000,
]
"""Of somebody else who can write to the folder."""


@pytest.mark.parametrize("line", [b"no json", b"[]", b'{"event": "file"}', b"\xff", *HOSTILE])
def test_anything_else_is_an_error(tmp_path: Path, line: bytes) -> None:
    write(tmp_path, signed("a"))
    whole = (tmp_path / NAME).read_bytes()
    for content, number in ((line + b"\n" + whole, 1), (whole + line + b"\n", 1 + whole.count(b"\n"))):
        (tmp_path / NAME).write_bytes(content)
        with pytest.raises(InputError) as error:
            read_history(tmp_path)
        assert error.value.facts["line"] == number
    (tmp_path / NAME).write_bytes(whole)
    assert read_history(tmp_path).entries


def test_the_last_word_counts_but_what_was_signed_stays(tmp_path: Path) -> None:
    failed = Entry("a", FileState.FAILED, reason="InputError.absent")
    write(tmp_path, Entry("a", FileState.NOT_ATTEMPTED), failed)
    assert read_history(tmp_path).entries["a"] == failed
    placing = Entry("a", PLACING, target="a", source_sha256="bb", target_sha256="aa")
    write(tmp_path, placing, failed)
    assert read_history(tmp_path).entries["a"] == placing
    write(tmp_path, signed("a"), Entry("a", FileState.SKIPPED, reason="signed-before"))
    assert read_history(tmp_path).entries["a"] == signed("a")


def test_a_run_that_overwrites_begins_anew(tmp_path: Path) -> None:
    write(tmp_path, signed("a"), signed("b"))
    write(tmp_path, signed("b", "cc"), overwrite=True)
    assert read_history(tmp_path).entries == {"b": signed("b", "cc")}
    write(tmp_path, overwrite=True, resumed=True)
    assert read_history(tmp_path).entries == {"b": signed("b", "cc")}


def test_nobody_else_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "_PATIENCE", 0)
    with journal_of(tmp_path), pytest.raises(OutputError) as error, journal_of(tmp_path):
        pass
    assert error.value.facts["reason"] == "in-use"
    with journal_of(tmp_path):
        pass


_HOLDER = """
import sys, time
from pathlib import Path
from jitsuin.journal import journal_of
with journal_of(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_lock_goes_with_its_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "_PATIENCE", 0)
    holder = subprocess.Popen([sys.executable, "-c", _HOLDER, tmp_path], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(OutputError), journal_of(tmp_path):
        pass
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with journal_of(tmp_path):
        pass


_FULL = """
import resource, signal, sys
from pathlib import Path
from jitsuin.errors import OutputError
from jitsuin.journal import Entry, journal_of
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with journal_of(Path(sys.argv[1])) as journal:
    journal.begin("run")
    journal.file("run", Entry("kept", "signed"))
    journal.sync()
    size = (Path(sys.argv[1]) / ".jitsuin-journal.jsonl").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, size + 10))
    journal.file("run", Entry("lost", "signed"))
    try:
        journal.sync()
    except OutputError as error:
        print(error.facts["reason"], error.facts["errno"])
"""


@pytest.mark.parametrize("name", [NAME, LOCK])
def test_a_pipe_in_its_place_keeps_nobody_waiting(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises((InputError, OutputError)), journal_of(tmp_path):
        pass


def test_a_lock_behind_a_link_is_not_made(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / LOCK).symlink_to(tmp_path / "victim")
    with pytest.raises(OutputError), journal_of(tmp_path / "out"):
        pass
    assert not (tmp_path / "victim").exists()


def test_a_discarded_journal_leaves_nothing(tmp_path: Path) -> None:
    for made in (False, True):
        (tmp_path / "out").mkdir(exist_ok=True)
        with journal_of(tmp_path / "out", made=made) as journal:
            journal.discarded = True
        assert list(tmp_path.rglob("*")) == ([] if made else [tmp_path / "out"])


def test_what_another_run_has_begun_is_not_discarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits for the folder while the first goes over what it leaves: many times, as moments count."""
    for number in range(20):
        folder = tmp_path / str(number)
        folder.mkdir()
        second = threading.Thread(target=write, args=(folder, signed("a")), kwargs={"end": "done"})
        with monkeypatch.context() as patch:
            patch.setattr(journals.time, "sleep", lambda _: None)  # it asks without a pause
            with journal_of(folder) as journal:
                second.start()
                journal.discarded = True
            second.join()
        assert set(read_history(folder).entries) == {"a"}
        assert (folder / LOCK).exists()


def test_a_line_that_does_not_fit_leaves_no_half(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _FULL, tmp_path], capture_output=True, check=True, text=True)
    assert done.stdout == "os 27\n"  # EFBIG
    assert (tmp_path / NAME).read_bytes().endswith(b'"state": "signed"}\n')
    assert set(read_history(tmp_path).entries) == {"kept"}


def test_a_journal_behind_a_link_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / NAME).symlink_to(tmp_path / "victim")
    with pytest.raises(OutputError), journal_of(tmp_path / "out"):
        pass
    assert (tmp_path / "victim").read_text() == ""
