"""Several programs of ours at one card, through OpenSC and by APDUs: each gets its turn, and nobody's try is spent.

JITSUIN_ROUNDS is how many rounds there are (30 by hand; CI takes a handful).
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from jitsuin import verify_file
from jitsuin.samples.documents import income_tax_return
from jitsuin.signer.simulator import SIGNATURE_PASSWORD
from judges import Xmlsec1
from pcsc_stack import PcscStack

ROUNDS = int(os.environ.get("JITSUIN_ROUNDS", "3"))
TRIES = 5
NOT_VERIFIED = 0x6982
OTHER_BUSINESS = "見本文具店"
"""A name in the sample that each document has changed into its own."""
NOTICE = "Another program is using the card"
TIMEOUT = 120
SLOW = "mute=6@sign:1"

Sign = Callable[..., tuple[subprocess.Popen[str], Path]]


@pytest.fixture
def sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sign]:
    """Start `jitsuin sign` on a document of its own, by default in the same home as the others."""
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "JITSUIN_KEY", "JITSUIN_CONFIG", "OPENSC_CONF"):
        monkeypatch.delenv(name, raising=False)
    started: list[subprocess.Popen[str]] = []

    def start(name: str, key: str, home: str = "home") -> tuple[subprocess.Popen[str], Path]:
        document, output = tmp_path / f"{name}.xtx", tmp_path / f"{name}.signed.xtx"
        document.write_bytes(income_tax_return().replace(OTHER_BUSINESS.encode(), name.encode()))
        call = [sys.executable, "-m", "jitsuin", "sign", document, "-o", output, "--key", key, "--quiet"]
        call += ["--pin-source", "env:SECRET", "--trust", "simulator"]
        environment = {"HOME": str(tmp_path / home), "SECRET": SIGNATURE_PASSWORD, "JITSUIN_LANG": "en"}
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        process = subprocess.Popen(call, **pipes, env=os.environ | environment, text=True)  # type: ignore[call-overload]
        started.append(process)
        return process, output

    yield start
    for process in started:
        with process:
            process.kill()


def assert_right(xmlsec1: Xmlsec1, name: str, output: Path) -> None:
    """A valid signature, as we and somebody else see it, of the document of that name."""
    assert verify_file(output, trust=["simulator"], revocation="off").verdict.passed
    assert xmlsec1.verify(output).ok
    assert name.encode() in output.read_bytes()


def assert_untouched(other: Callable) -> None:
    program = other()
    assert program.connect() == 0
    assert program.sign() == NOT_VERIFIED
    assert program.tries_left() == TRIES
    program.close()


@pytest.mark.parametrize("keys", [("pkcs11:", "pkcs11:"), ("card:", "pkcs11:"), ("pkcs11:", "card:", "pkcs11:")])
def test_processes_at_one_card(
    pcsc: PcscStack, tmp_path: Path, sign: Sign, other: Callable, xmlsec1: Xmlsec1, keys: Sequence[str]
) -> None:
    """At once, so that in some rounds the one is first and in some the other."""
    with pcsc.insert(tmp_path / "card"):
        for number in range(ROUNDS):
            together = [(f"round-{number}-{one}", *sign(f"round-{number}-{one}", key)) for one, key in enumerate(keys)]
            for name, process, output in together:
                _, complaints = process.communicate(timeout=TIMEOUT)
                assert process.returncode == 0, complaints
                assert complaints.count("\n") == complaints.count(NOTICE) <= 1
                assert_right(xmlsec1, name, output)
        assert_untouched(other)


@pytest.mark.parametrize("keys", [("pkcs11:", "pkcs11:"), ("card:", "pkcs11:"), ("pkcs11:", "card:")])
def test_who_comes_second_waits_and_is_told(
    pcsc: PcscStack, tmp_path: Path, sign: Sign, other: Callable, xmlsec1: Xmlsec1, keys: Sequence[str]
) -> None:
    with pcsc.insert(tmp_path / "card", trace=tmp_path / "trace", faults=[SLOW]):
        first, first_output = sign("first", keys[0])
        wait_for_verify(tmp_path / "trace")
        second, second_output = sign("second", keys[1])
        assert (first.communicate(timeout=TIMEOUT)[1], first.returncode) == ("", 0)
        complaints = second.communicate(timeout=TIMEOUT)[1]
        # What wants a shared card to itself is made to wait by pcscd, which tells nobody, as long as a command runs.
        notices = [1] if keys[1] == "pkcs11:" else [0, 1]
        assert (second.returncode, complaints.count("\n")) == (0, complaints.count(NOTICE)), complaints
        assert complaints.count(NOTICE) in notices
        assert_right(xmlsec1, "first", first_output)
        assert_right(xmlsec1, "second", second_output)
        assert_untouched(other)


@pytest.mark.parametrize("holder", ["pkcs11:", "card:"])
def test_who_will_not_wait_is_told_that_the_card_is_busy(
    pcsc: PcscStack, tmp_path: Path, sign: Sign, other: Callable, holder: str
) -> None:
    with pcsc.insert(tmp_path / "card", trace=tmp_path / "trace", faults=[SLOW]):
        first, _ = sign("first", holder)
        wait_for_verify(tmp_path / "trace")
        second, output = sign("second", "pkcs11:?wait=0")
        complaints = second.communicate(timeout=TIMEOUT)[1]
        assert (second.returncode, complaints.count("\n")) == (5, 1)
        assert "another program holds the card" in complaints
        assert not output.exists()
        assert (first.communicate(timeout=TIMEOUT)[1], first.returncode) == ("", 0)
        assert_untouched(other)


def wait_for_verify(trace: Path) -> None:
    """Until a process has presented the password: what remains to it is a slow signature."""
    end = time.monotonic() + TIMEOUT
    while '[secret]", "response": "", "sw": "9000"' not in trace.read_text():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_two_users(pcsc: PcscStack, tmp_path: Path, sign: Sign, other: Callable, xmlsec1: Xmlsec1) -> None:
    """The turns are those of one user's processes. Another's look at the card may end a login; it costs no try."""
    with pcsc.insert(tmp_path / "card"):
        for number in range(ROUNDS):
            together = [(f"round-{number}-{one}", *sign(f"round-{number}-{one}", "pkcs11:", one)) for one in "xyz"]
            for name, process, output in together:
                _, complaints = process.communicate(timeout=TIMEOUT)
                assert "Traceback" not in complaints
                assert output.exists() == (process.returncode == 0), complaints
                assert process.returncode in (0, 5), complaints
                if output.exists():
                    assert_right(xmlsec1, name, output)
        program = other()
        assert program.connect() == 0
        assert program.tries_left() == TRIES
