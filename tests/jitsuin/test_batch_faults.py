"""Nothing is lost: a batch that is killed, a disk that is full or fails, and what a resumed run makes of it.

Whatever happens, no half file appears, what was signed is not signed again, and in the end every file has exactly one
signed output and the journal tells of all.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sysconfig
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from folders import fill, journal, outputs, placed, signatures_in
from jitsuin.batch_results import FileState
from jitsuin.batch_verification import verify_journal
from jitsuin.journal import LOCK, NAME
from jitsuin.signer.simulator import SIGNATURE_PASSWORD, create_card

COMMAND = str(Path(sysconfig.get_path("scripts"), "jitsuin"))


class Runs:
    """Runs of one batch, from `in` to `out`."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder, self.count = folder, count
        self.output = folder / "out"
        fill(folder / "in", count)
        create_card(folder / "card", "valid", datetime.now(UTC).replace(microsecond=0))
        self.seen: dict[str, str] = {}

    def start(self, *before: object, jobs: int = 2) -> subprocess.Popen[bytes]:
        call = [*before, COMMAND, "sign", "in", "--recursive", "--yes", "--resume", "--output-dir", "out"]
        key = ["--key", "simulator:card", "--pin-source", "env:SECRET", "--trust", "simulator", "--quiet"]
        environment = {**os.environ, "SECRET": SIGNATURE_PASSWORD}
        return subprocess.Popen(
            [*map(str, call), *key, "--jobs", str(jobs)], cwd=self.folder, env=environment, stderr=subprocess.PIPE
        )

    def run(self, *before: object) -> tuple[int, str]:
        process = self.start(*before)
        _, err = process.communicate(timeout=120)
        return process.returncode, err.decode()

    def check(self) -> None:
        """What must be true at any moment: outputs are whole, and stay what they were."""
        now = {name: sha for name, sha in outputs(self.output).items() if not Path(name).name.startswith(".jitsuin-")}
        assert {**now, **self.seen} == now
        for name in now.keys() - self.seen.keys():
            assert signatures_in((self.output / name).read_bytes()) == 1
        self.seen = now

    def check_end(self) -> None:
        """What must be true at the end."""
        self.check()
        assert set(outputs(self.output)) == set(self.seen)  # no temporary file is left
        result = verify_journal(self.output, trust=["simulator"], revocation="off")
        assert result.counts == {FileState.VERIFIED: self.count}
        told = {line["name"]: line for line in journal(self.output) if line["event"] == "file"}
        assert {line["state"] for line in told.values()} <= {"signed", "skipped"}
        signed = {line["name"]: line for line in journal(self.output) if line.get("state") == "signed"}
        assert {line["target"]: line["target_sha256"] for line in signed.values()} == self.seen


@pytest.fixture
def runs(tmp_path: Path) -> Callable[[int], Runs]:
    return lambda count: Runs(tmp_path, count)


def test_killed_at_30_random_moments(runs: Callable[[int], Runs], xmlsec1, pdf_judges) -> None:
    batch, moments = runs(60), random.Random(17)  # noqa: S311 - no secret
    for _ in range(30):
        process = batch.start()
        wanted = len(placed(batch.output)) + moments.randint(0, 3)
        while process.poll() is None and len(placed(batch.output)) < wanted:
            time.sleep(0.001)
        time.sleep(moments.random() * 0.02)
        process.kill()
        process.communicate()
        batch.check()
    assert batch.run()[0] == 0
    batch.check_end()
    killed = sum(line["event"] == "run" for line in journal(batch.output)) - sum(
        line["event"] == "end" for line in journal(batch.output)
    )
    assert killed > 10  # the others were killed before they began to write
    now = datetime.now(UTC)
    for name in moments.sample(sorted(batch.seen), 10):
        if name.endswith(".pdf"):
            assert pdf_judges.by_name["pdfsig"].verify(batch.output / name, now).ok
        else:
            assert xmlsec1.verify(batch.output / name).verdict == "valid"


FAULTS = [
    # The first fsyncs of a worker are of its first output, those of the parent of the journal.
    *(f"fsync:error=EIO:when={number}" for number in (1, 2, 3, 5, 8)),
    "link,linkat:error=EIO:when=2",
    "link,linkat:error=ENOSPC:when=3",
    # A file system without hard links: outputs are renamed.
    "link,linkat:error=EOPNOTSUPP:when=1+",
    "link,linkat:error=EOPNOTSUPP:when=1+;rename,renameat,renameat2:error=EIO:when=2",
    *(f"write:error=ENOSPC:when={number}" for number in (12, 16, 23, 31)),
    *(f"write:error=EIO:when={number}" for number in (14, 19, 40)),
]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_system_call_that_fails(runs: Callable[[int], Runs], fault: str, strace: str) -> None:
    """In every process of the run, each counting for itself; by writes they also talk to each other."""
    batch = runs(12)
    faults = fault.split(";")
    calls = ",".join(one.partition(":")[0] for one in faults)
    injections = [argument for one in faults for argument in ("-e", f"inject={one}")]
    code, err = batch.run(strace, "-f", "-qq", "-o", "trace", "-e", f"trace={calls}", *injections)
    assert "Traceback" not in err
    batch.check()
    injected = "(INJECTED)" in (batch.folder / "trace").read_text(errors="replace")
    assert injected
    assert code != 0 or len(batch.seen) == 12
    assert batch.run()[0] == 0
    batch.check_end()


@pytest.fixture
def strace() -> str:
    found = shutil.which("strace")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("strace is missing: Debian package strace", pytrace=False)
        pytest.skip("strace is missing: Debian package strace")
    return found


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Makes `out` a file system of so many bytes."""
    out = tmp_path / "out"

    def mount(size: int) -> Path:
        out.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", out], capture_output=True)
        if done.returncode != 0:
            if os.environ.get("CI"):
                pytest.fail(f"no right to mount: {done.stderr!r}", pytrace=False)
            pytest.skip("no right to mount")
        return out

    yield mount
    subprocess.run(["umount", out], capture_output=True)


@pytest.mark.parametrize("kilobytes", [4, 12, 64, 128])
def test_a_disk_that_is_full(runs: Callable[[int], Runs], small_disk: Callable[[int], Path], kilobytes: int) -> None:
    batch, out = runs(20), small_disk(kilobytes * 1024)
    code, err = batch.run()
    assert code == 8
    assert "No space left on device" in err
    assert "To go on: jitsuin sign in" in err
    batch.check()
    assert len(batch.seen) < 20
    assert {path.name for path in out.rglob(".jitsuin-*")} <= {NAME, LOCK}
    subprocess.run(["mount", "-o", "remount,size=16m", out], check=True)
    assert batch.run()[0] == 0
    batch.check_end()
