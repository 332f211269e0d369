"""What a card is left as by runs through OpenSC that end in every way, and where their password can be read."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from folders import written
from jitsuin import verify_file
from jitsuin.samples.documents import income_tax_return
from jitsuin.signer.simulator import SIGNATURE_PASSWORD
from opensc import OpenSc
from pcsc_stack import PcscStack
from pkcs11_front import Front

MODULE = "opensc-pkcs11.so"
SELECT_JPKI = bytes.fromhex("00A4040C0AD392F000260100000001")
DONE = 0x9000
NOT_VERIFIED = 0x6982
LEFT_OPEN = "could not be powered off"
LONG = 60
SIGN_MS = 3000

Folder = Callable[..., Path]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "JITSUIN_KEY", "JITSUIN_CONFIG", "OPENSC_CONF"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("JITSUIN_LANG", "en")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the command at one document, or two."""
    started: list[subprocess.Popen[str]] = []

    def run(key: str = "pkcs11:", documents: int = 1, password: str = SIGNATURE_PASSWORD) -> subprocess.Popen[str]:
        paths = [tmp_path / f"{name}.xtx" for name in "ab"[:documents]]
        for path in paths:
            path.write_bytes(income_tax_return())
        call = [sys.executable, "-m", "jitsuin", "sign", *paths, "--output-dir", tmp_path / "out", "--key", key]
        call += ["--trust", "simulator", "--pin-source", "env:SECRET", "--quiet"]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        merged = os.environ | {"SECRET": password}
        started.append(subprocess.Popen(call, **pipes, env=merged, text=True))  # type: ignore[call-overload]
        return started[-1]

    yield run
    for process in started:
        with process:
            process.kill()


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit code and complaints, in which there is no traceback."""
    _, complaints = process.communicate(timeout=LONG)
    assert "Traceback" not in complaints, complaints
    return process.returncode, complaints


def wait_for_verify(trace: Path) -> None:
    """Until the card has been presented the password: with two slow signatures there are seconds to the end."""
    limit = time.monotonic() + LONG
    while '[secret]", "response": "", "sw": "9000"' not in trace.read_text():
        assert time.monotonic() < limit
        time.sleep(0.02)


def module_process(pid: int) -> int:
    """The child that the module is loaded in."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    (found,) = [child for child in children if b"pkcs11_process" in Path(f"/proc/{child}/cmdline").read_bytes()]
    return found


def assert_closed(other: Callable, slot: int = 0, tries: int = 5) -> None:
    """At once: the card signs for nobody."""
    program = other(slot)
    assert program.connect() == 0
    assert program.sign() == NOT_VERIFIED
    assert program.tries_left() == tries
    program.close()


def outputs(folder: Path) -> list[str]:
    """The names of the outputs, each of which is whole."""
    paths = written(folder / "out")
    for path in paths:
        assert verify_file(path, trust=["simulator"], revocation="off").verdict.passed
    return [path.name for path in paths]


# Ends


@pytest.mark.parametrize(
    ("persona", "password", "code", "tries"),
    [("valid", SIGNATURE_PASSWORD, 0, 5), ("valid", "WRONG98765", 6, 4), ("expired", SIGNATURE_PASSWORD, 10, 5)],
)
def test_an_ordinary_end(
    pcsc: PcscStack,
    folder: Folder,
    other: Callable,
    start: Callable,
    persona: str,
    password: str,
    code: int,
    tries: int,
) -> None:
    with pcsc.insert(folder(persona)):
        assert end(start(password=password))[0] == code
        assert_closed(other, tries=tries)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)])
def test_a_signal_while_the_card_is_open(
    pcsc: PcscStack,
    folder: Folder,
    other: Callable,
    start: Callable,
    tmp_path: Path,
    number: signal.Signals,
    code: int,
) -> None:
    """The module's process brings the signature to its end, is told to stop, and powers the card off."""
    with pcsc.insert(folder(), trace=tmp_path / "trace", sign_ms=SIGN_MS):
        process = start(documents=2)
        wait_for_verify(tmp_path / "trace")
        process.send_signal(number)
        assert end(process)[0] == code
        assert_closed(other)
    assert outputs(tmp_path) in ([], ["a.signed.xtx"])


def test_ctrl_c_in_a_terminal_reaches_both_processes(
    pcsc: PcscStack, folder: Folder, other: Callable, start: Callable, tmp_path: Path
) -> None:
    """The module's process is in a session of its own, and ignores the signal if somebody sends it there."""
    with pcsc.insert(folder(), trace=tmp_path / "trace", sign_ms=SIGN_MS):
        process = start(documents=2)
        wait_for_verify(tmp_path / "trace")
        for pid in (module_process(process.pid), process.pid):
            os.kill(pid, signal.SIGINT)
        assert end(process)[0] == 130
        assert_closed(other)


def test_a_killed_run_leaves_the_card_closed(
    pcsc: PcscStack, folder: Folder, other: Callable, start: Callable, tmp_path: Path
) -> None:
    """More than by APDUs: the module's process outlives ours for as long as it takes."""
    with pcsc.insert(folder(), trace=tmp_path / "trace", sign_ms=SIGN_MS):
        process = start(documents=2)
        wait_for_verify(tmp_path / "trace")
        child = module_process(process.pid)
        process.kill()
        assert process.wait(LONG) == -signal.SIGKILL
        limit = time.monotonic() + LONG
        while is_running(child):
            assert time.monotonic() < limit
            time.sleep(0.02)
        assert_closed(other)
    assert outputs(tmp_path) in ([], ["a.signed.xtx"])


def is_running(pid: int) -> bool:
    """False for a process that waits for its parent to take notice of its end."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_killed_module_process(
    pcsc: PcscStack, folder: Folder, other: Callable, start: Callable, tmp_path: Path
) -> None:
    """Ours sees its end, and powers the card off in its place."""
    with pcsc.insert(folder(), trace=tmp_path / "trace", sign_ms=SIGN_MS):
        process = start()
        wait_for_verify(tmp_path / "trace")
        os.kill(module_process(process.pid), signal.SIGKILL)
        code, complaints = end(process)
        assert code == 5
        assert "crashed" in complaints
        assert LEFT_OPEN not in complaints
        assert_closed(other)
    assert outputs(tmp_path) == []


@pytest.mark.parametrize(
    ("fault", "parameters", "code", "says"),
    [
        ("hang@C_Sign", "?timeout=8", 5, "did not answer within 8.0 seconds"),
        ("hang@C_Logout", "", 0, ""),
        ("crash@C_Sign", "", 5, "crashed"),
        ("crash@C_Logout", "", 0, ""),
        ("crash@C_Finalize", "", 0, ""),
        ("vanish@C_Sign", "", 5, "was taken away"),
        ("rv=0x6@C_Logout", "", 0, ""),
    ],
)
def test_a_module_that_fails(
    pcsc: PcscStack,
    folder: Folder,
    other: Callable,
    start: Callable,
    front: Callable[..., Front],
    tmp_path: Path,
    fault: str,
    parameters: str,
    code: int,
    says: str,
) -> None:
    with pcsc.insert(folder()):
        made = front(MODULE, faults=[fault])
        ended, complaints = end(start(f"pkcs11:{made.path}{parameters}"))
        assert (ended, complaints.count("\n")) == (code, bool(says)), complaints
        assert says in complaints
        assert made.logins == [1]
        assert_closed(other)
    assert outputs(tmp_path) == ([] if code else ["a.signed.xtx"])


def test_a_card_that_wakes_up_after_the_end(
    pcsc: PcscStack, folder: Folder, other: Callable, start: Callable, tmp_path: Path
) -> None:
    """Mute for longer than the call and all that comes after it: it is said so, and powered off when it wakes up."""
    with pcsc.insert(folder(), faults=["mute=16@sign:1"], trace=tmp_path / "trace"):
        code, complaints = end(start("pkcs11:?timeout=6"))
        assert code == 5
        assert LEFT_OPEN in complaints
        limit = time.monotonic() + LONG
        while '"802A' not in (tmp_path / "trace").read_text():  # the answer that comes late
            assert time.monotonic() < limit
            time.sleep(0.1)
        time.sleep(2)  # who comes at that very moment may be quicker, as docs/pin-safety.md says
        program = other()
        while program.connect() != 0:
            assert time.monotonic() < limit
            time.sleep(0.1)
        assert program.sign() == NOT_VERIFIED
        assert program.tries_left() == 5
    assert outputs(tmp_path) == []


# Other programs, other cards


def test_opensc_leaves_the_card_open_and_we_do_not(
    pcsc: PcscStack, folder: Folder, other: Callable, start: Callable, opensc: OpenSc, tmp_path: Path
) -> None:
    (tmp_path / "data").write_bytes(b"data")
    with pcsc.insert(folder()):
        call = ["--token-label", "JPKI (Digital Signature PIN)", "--login", "--pin", SIGNATURE_PASSWORD, "--id", "02"]
        call += ["--sign", "--mechanism", "SHA256-RSA-PKCS", "--input-file", tmp_path / "data"]
        program = other()
        assert program.connect() == 0
        assert opensc.pkcs11(*call, "--output-file", tmp_path / "value").returncode == 0
        assert program.sign() == DONE, "OpenSC has logged out"
        program.close()
        assert end(start()) == (0, "")
        assert_closed(other)


def test_a_program_that_stays_connected_keeps_the_card_open(
    pcsc: PcscStack, folder: Folder, other: Callable, start: Callable, tmp_path: Path
) -> None:
    """OpenSC shares the card, so others may be there all the time. The power cannot be cut then, and we say so."""
    with pcsc.insert(folder()):
        program = other()
        assert program.connect() == 0
        code, complaints = end(start())
        assert (code, outputs(tmp_path)) == (0, ["a.signed.xtx"])
        assert LEFT_OPEN in complaints
        assert program.sign() == DONE
        program.close()


def test_with_lock_login_nobody_comes_between(
    pcsc: PcscStack, folder: Folder, other: Callable, start: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A setting of OpenSC's, which is off: a transaction from login to logout."""
    configuration = tmp_path / "opensc.conf"
    configuration.write_text("app default { framework pkcs15 { } pkcs11 { lock_login = true; } }\n")
    monkeypatch.setenv("OPENSC_CONF", str(configuration))
    with pcsc.insert(folder(), trace=tmp_path / "trace", faults=["mute=3@sign:1"]):
        program = other()
        assert program.connect() == 0
        process = start(documents=2)
        wait_for_verify(tmp_path / "trace")
        program.transmit(SELECT_JPKI)
        lines = (tmp_path / "trace").read_text().splitlines()
        assert end(process)[0] == 0
        program.close()
    ours = lines[next(number for number, line in enumerate(lines) if "[secret]" in line) :]
    assert SELECT_JPKI.hex().upper() in ours[-1]
    assert sum('"802A' in line for line in ours) == 2, "both signatures were made before"


def test_another_readers_card_keeps_its_power(
    pcsc: PcscStack, folder: Folder, other: Callable, start: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """When ours has been taken out, the only card that is left is not the one to power off."""
    configuration = tmp_path / "opensc.conf"  # OpenSC would look at that card, too
    configuration.write_text(f'app default {{ ignored_readers = "{pcsc.readers[2]}"; }}\n')
    monkeypatch.setenv("OPENSC_CONF", str(configuration))
    with (
        pcsc.insert(folder("second"), slot=2),
        pcsc.insert(folder(), slot=0, faults=["remove=0@sign:1"]),
    ):
        program = other(2)
        assert program.connect() == 0
        assert program.verify(SIGNATURE_PASSWORD.encode()) == DONE
        code, complaints = end(start(f"pkcs11:slot-description={quote(pcsc.readers[0])}"))
        assert (code, LEFT_OPEN in complaints) == (5, False), complaints
        assert "was taken away" in complaints
        assert program.sign() == DONE
        program.close()


# The password


def test_the_password_is_in_no_argument_and_no_environment_of_the_modules_process(
    pcsc: PcscStack, folder: Folder, start: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Seen from outside, while the card signs; the control finds what is there."""
    monkeypatch.setenv("OPENSC_DEBUG", "9")  # OpenSC would print it
    with pcsc.insert(folder(), trace=tmp_path / "trace", sign_ms=SIGN_MS):
        process = start()
        wait_for_verify(tmp_path / "trace")
        child = module_process(process.pid)
        arguments = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in (process.pid, child)]
        seen = Path(f"/proc/{child}/environ").read_bytes()
        limits = Path(f"/proc/{child}/limits").read_text()
        assert end(process) == (0, "")
    assert b"a.xtx" in arguments[0]
    assert b"JITSUIN_LANG=en" in seen
    assert SIGNATURE_PASSWORD.encode() not in b"".join([*arguments, seen])
    assert b"SECRET" not in seen
    assert b"OPENSC_DEBUG" not in seen
    assert re.search("Max core file size +0 +0 ", limits)
    assert SIGNATURE_PASSWORD.encode().hex() not in (tmp_path / "trace").read_text().lower()
