"""Nothing is lost: no half file, no overwritten input, whatever the disk does."""

from __future__ import annotations

import errno
import os
import resource
import stat
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import pytest

from jitsuin.errors import InputChangedError, InputError, OutputError
from jitsuin.storage import open_document, read_document, write_atomically


def writer(data: bytes):
    return lambda out: out.write(data)


def test_a_file_is_written_whole_and_alone(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", writer(b"1"), overwrite=False)
    write_atomically(tmp_path / "a", writer(b"2"), overwrite=True)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a", b"2")]


def test_an_existing_file_is_not_replaced_even_if_it_appears_late(tmp_path: Path) -> None:
    def write(out: BinaryIO) -> None:
        out.write(b"mine")
        (tmp_path / "a").write_bytes(b"somebody else's")

    with pytest.raises(OutputError) as refused:
        write_atomically(tmp_path / "a", write, overwrite=False)
    assert refused.value.facts["reason"] == "exists"
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a", b"somebody else's")]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_write_that_fails_leaves_everything_as_it_was(tmp_path: Path, error: BaseException) -> None:
    (tmp_path / "a").write_bytes(b"old")

    def write(out: BinaryIO) -> None:
        out.write(b"half")
        raise error

    with pytest.raises((OutputError, KeyboardInterrupt)):
        write_atomically(tmp_path / "a", write, overwrite=True)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a", b"old")]


def test_a_really_full_disk(tmp_path: Path) -> None:
    """The kernel refuses to let the file grow: the same as a full disk, for the process."""
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))\n"
        "from jitsuin.storage import write_atomically; from jitsuin.errors import OutputError\n"
        "try: write_atomically(Path(sys.argv[1]) / 'a', lambda out: out.write(bytes(1000)), overwrite=False)\n"
        "except OutputError as error: print(error.facts['reason'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), list(tmp_path.iterdir())) == ("os", [])
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 100


def test_the_mode_follows_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "a", writer(b"1"), overwrite=False)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_reading_takes_regular_files_only(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_bytes(b"1")
    assert read_document(tmp_path / "file") == b"1"
    with pytest.raises(InputError) as refused:
        read_document(tmp_path)
    assert refused.value.facts["reason"] == "not-a-file"
    with pytest.raises(InputError) as refused:
        read_document(tmp_path / "pipe")
    assert refused.value.facts["reason"] == "not-a-file"
    with (tmp_path / "large").open("wb") as file:
        file.truncate(513 * 1024 * 1024)
    with pytest.raises(InputError) as refused:
        read_document(tmp_path / "large")
    assert refused.value.facts["reason"] == "too-large"


def test_a_large_file_must_stay_the_one_that_was_opened(tmp_path: Path) -> None:
    """It is read where it lies, several times: what is hashed and what is copied must be one document."""
    path, other = tmp_path / "large", tmp_path / "other"
    path.write_bytes(b"x" * (17 << 20))
    source = open_document(path)
    first = source.hasher("sha256").digest()
    with source.stream() as stream:
        assert stream.read(1) == b"x"
    other.write_bytes(b"y" * (17 << 20))
    other.replace(path)
    with pytest.raises(InputChangedError):
        source.stream()
    assert open_document(path).hasher("sha256").digest() != first
