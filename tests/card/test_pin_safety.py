"""What a card is left as by real processes that end in every way, and where their password can be read meanwhile."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from folders import written
from jitsuin.samples.documents import income_tax_return
from jitsuin.signer.pcsc import list_readers
from jitsuin.signer.simulator import SIGNATURE_PASSWORD
from pcsc_stack import PcscStack
from terminal import Terminal

Folder = Callable[..., Path]
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ENDS = {0, 130, 143}
KILLED = {-signal.SIGINT: 130}
"""CPython ends by the signal itself when Ctrl-C was caught while it ran a program's text, as making a dataclass does; a
shell says 130 to both.
"""
REFUSED = {0x6982, 0x6A82}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two documents, and a home of its own."""
    (tmp_path / "a.xtx").write_bytes(income_tax_return())
    (tmp_path / "b.xtx").write_bytes(income_tax_return())
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("JITSUIN_LANG", "en")
    return tmp_path


def signing(desk: Path, *options: str) -> list[str]:
    documents = [str(desk / name) for name in ("a.xtx", "b.xtx")]
    return ["sign", *documents, "--output-dir", str(desk / "out"), "--overwrite", "--trust", "simulator", *options]


def start(arguments: Sequence[str], password: str | None = SIGNATURE_PASSWORD) -> subprocess.Popen[str]:
    """The command as a process, which reads its password from a descriptor."""
    reading, writing = os.pipe()
    os.write(writing, (password or "").encode() + b"\n")
    os.close(writing)
    call = [sys.executable, "-m", "jitsuin", *arguments, "--pin-source", f"fd:{reading}"]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(call, **pipes, pass_fds=[reading], text=True)  # type: ignore[call-overload]
    os.close(reading)
    return process  # type: ignore[no-any-return]


def wait_for_our_handlers(pid: int) -> None:
    """Until then a signal is the interpreter's own affair, and no card has been touched."""
    end = time.monotonic() + 30
    while not caught(pid) >> (signal.SIGTERM - 1) & 1:
        assert time.monotonic() < end
        time.sleep(0.01)


def caught(pid: int) -> int:
    """The set of signals that a process has handlers for, signal 1 lowest."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigCgt"))


def signature_under_way() -> None:
    """Wait until the process holds the card; on a quick card with slow signatures it signs a moment later."""
    end = time.monotonic() + 30
    while not any(state.in_use for state in list_readers()):
        assert time.monotonic() < end
        time.sleep(0.02)
    time.sleep(0.4)


def assert_left(other: Callable, desk: Path, tries: int = 5) -> None:
    """At once: the card signs for nobody, the counter is what it was, and no file is half."""
    program = other()
    assert program.connect() == 0
    assert program.sign() in REFUSED
    assert program.tries_left() == tries
    program.close()
    out = desk / "out"
    assert {path.name for path in written(out)} <= {"a.signed.xtx", "b.signed.xtx"}
    for name in [path.name for path in written(out)]:
        verdict = [sys.executable, "-m", "jitsuin", "verify", str(out / name), "--trust", "simulator"]
        assert subprocess.run([*verdict, "--revocation", "off"], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_at_any_time_leaves_the_card_closed(
    pcsc: PcscStack, folder: Folder, other: Callable, desk: Path, number: signal.Signals
) -> None:
    """Every tenth of a second of a run of two: start, connection, VERIFY, certificate, both signatures, between."""
    codes: list[int] = []
    with pcsc.insert(folder(), apdu_ms=20, sign_ms=150):
        for tenths in range(14):
            process = start(signing(desk))
            wait_for_our_handlers(process.pid)
            time.sleep(tenths / 10)
            process.send_signal(number)
            _, complaints = process.communicate(timeout=60)
            codes.append(KILLED.get(process.returncode, process.returncode))
            assert "Traceback" not in complaints, complaints
            assert_left(other, desk)
    assert set(codes) <= ENDS, codes
    assert len({130, 143} & set(codes)) == 1, codes


def test_a_signal_during_the_signature_waits_for_its_end_and_closes(
    pcsc: PcscStack, folder: Folder, other: Callable, desk: Path
) -> None:
    with pcsc.insert(folder(), sign_ms=1500):
        for number in SIGNALS:
            process = start(signing(desk))
            signature_under_way()
            process.send_signal(number)
            process.communicate(timeout=60)
            assert process.returncode == (130 if number is signal.SIGINT else 143)
            assert_left(other, desk)


@pytest.mark.parametrize("end", ["\x03", "\x04", "terminate", "hang up"])
def test_an_end_at_the_prompt(pcsc: PcscStack, folder: Folder, other: Callable, desk: Path, end: str) -> None:
    with pcsc.insert(folder()):
        terminal = Terminal(*signing(desk))
        terminal.wait_for_password_prompt()
        if end == "terminate":
            terminal.process.terminate()
        elif end == "hang up":
            terminal.process.send_signal(signal.SIGHUP)
        else:
            terminal.type(end)
        assert terminal.end() in (6, 130, 143)
        assert "Traceback" not in terminal.screen
        assert_left(other, desk)
        assert not (desk / "out").exists()


@pytest.mark.parametrize(
    ("typed", "code", "tries"),
    [
        (SIGNATURE_PASSWORD, 0, 5),
        (SIGNATURE_PASSWORD.lower(), 0, 5),
        ("WRONG98765", 6, 4),
        ("", 6, 5),
        ("QX7ZV", 6, 5),
        ("QX7ZVWKQX7ZVWKQX7", 6, 5),
        ("ＪＩＴＳＵＩＮ１２３", 6, 5),
        (None, 6, 5),
    ],
)
def test_only_a_wrong_password_costs_a_try(
    pcsc: PcscStack, folder: Folder, other: Callable, desk: Path, typed: str | None, code: int, tries: int
) -> None:
    with pcsc.insert(folder()):
        if typed is None:  # the end of standard input
            call = [sys.executable, "-m", "jitsuin", *signing(desk), "--pin-source", "stdin"]
            process = subprocess.Popen(
                call, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        else:
            process = start([*signing(desk), "--json"], typed)
        printed, complaints = process.communicate(timeout=60)
        assert process.returncode == code, complaints
        assert_left(other, desk, tries)
        assert (desk / "out").exists() == (code == 0)
    if typed:
        assert not any(form in printed + complaints for form in {typed, typed.upper()})
    if typed == "WRONG98765":
        assert json.loads(printed.splitlines()[-1])["stopped"]["facts"]["tries_left"] == 4


def test_the_password_is_in_no_argument_and_no_environment_that_we_set(
    pcsc: PcscStack, folder: Folder, desk: Path
) -> None:
    """Seen from outside, while the card signs; the control finds what is there."""
    with pcsc.insert(folder(), sign_ms=1500):
        process = start(signing(desk))
        signature_under_way()
        ours = [process.pid, *children(process.pid)]
        seen = b"".join(Path(f"/proc/{pid}/{what}").read_bytes() for pid in ours for what in ("cmdline", "environ"))
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert b"a.xtx" in seen
    assert b"JITSUIN_LANG=en" in seen
    assert SIGNATURE_PASSWORD.encode() not in seen


@pytest.fixture
def core_limit() -> Iterator[int]:
    """Cores as large as this system lets them be, for us and for what we start."""
    given = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (given[1], given[1]))
    yield given[1]
    resource.setrlimit(resource.RLIMIT_CORE, given)


def test_no_core_is_written_of_a_process_that_knows_the_password(
    pcsc: PcscStack, folder: Folder, desk: Path, core_limit: int
) -> None:
    assert core_limit != 0
    with pcsc.insert(folder(), sign_ms=1500):
        process = start(signing(desk))
        assert resource.prlimit(process.pid, resource.RLIMIT_CORE)[0] == core_limit
        seen = {core_limit}
        while process.poll() is None:
            with suppress(ProcessLookupError):
                seen.add(resource.prlimit(process.pid, resource.RLIMIT_CORE)[0])
            time.sleep(0.05)
        process.communicate(timeout=60)
    assert seen == {core_limit, 0}
    assert process.returncode == 0


def children(pid: int) -> list[int]:
    return [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]


def test_a_killed_process_is_not_promised_to_leave_the_card_but_pcscd_powers_it_off(
    pcsc: PcscStack, folder: Folder, other: Callable, desk: Path
) -> None:
    """docs/pin-safety.md says how long that takes. Nobody may touch the card meanwhile, or it stays powered."""
    with pcsc.insert(folder(), sign_ms=1500):
        process = start(signing(desk))
        signature_under_way()
        process.kill()
        process.communicate(timeout=60)
        time.sleep(9)  # the rest of the signature, and pcscd's grace of five seconds
        assert_left(other, desk)
