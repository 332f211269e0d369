"""Several programs of ours at one card: each gets its turn, each output is the right one, nobody's try is spent.

JITSUIN_ROUNDS is how many rounds there are (200 by hand; CI takes a handful).
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from smartcard import scard

from jitsuin import verify_file
from jitsuin.samples.documents import income_tax_return
from jitsuin.signer.pcsc import list_readers
from jitsuin.signer.simulator import SIGNATURE_PASSWORD
from judges import Xmlsec1
from pcsc_stack import PcscStack

TOGETHER = 4
ROUNDS = int(os.environ.get("JITSUIN_ROUNDS", "6"))
SLOT = 1
TRIES = 5
OTHER_BUSINESS = "見本文具店"
"""A name in the sample that each document has changed into its own."""
NOTICE = "Another program is using the card"
NOTICE_SECONDS = 1.0
TIMEOUT = 120

# A program that does nothing but sign: the card is handed on hundreds of times, without Python's start between.
LOOP = """
import sys
from datetime import UTC, datetime
from cryptography.hazmat.primitives import hashes
from jitsuin.signer.base import SignatureScheme, SignerOptions
from jitsuin.signer.pcsc import open_signer
for number in range(int(sys.argv[2])):
    options = SignerOptions(lambda _: sys.argv[3], datetime.now(UTC))
    with open_signer("card:", options) as signer:
        signer.sign(b"%d of %s" % (number, sys.argv[1].encode()), SignatureScheme.RSA_SHA256)
    print(number, flush=True)
"""


@dataclass
class Signing:
    """A process that signs one document, and how it ended."""

    process: subprocess.Popen[str]
    output: Path
    begun: float
    seconds: float = 0
    err: str = ""

    def wait(self) -> int:
        _, self.err = self.process.communicate(timeout=TIMEOUT)
        self.seconds = time.monotonic() - self.begun
        return self.process.returncode


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "JITSUIN_KEY", "JITSUIN_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("JITSUIN_LANG", "en")
    monkeypatch.setenv("SECRET", SIGNATURE_PASSWORD)


@pytest.fixture
def sign(pcsc: PcscStack, tmp_path: Path) -> Iterator[Callable[..., Signing]]:
    """Start `jitsuin sign` on a document of its own."""
    started: list[Signing] = []

    def start(name: str, key: str = "card:") -> Signing:
        document, output = tmp_path / f"{name}.xtx", tmp_path / f"{name}.signed.xtx"
        document.write_bytes(income_tax_return().replace(OTHER_BUSINESS.encode(), name.encode()))
        call = [sys.executable, "-m", "jitsuin", "sign", document, "-o", output, "--key", key]
        call += ["--pin-source", "env:SECRET", "--trust", "simulator", "--quiet"]
        process = subprocess.Popen(call, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8")
        started.append(Signing(process, output, time.monotonic()))
        return started[-1]

    yield start
    for one in started:
        with one.process:
            one.process.kill()


def wait_until_held() -> None:
    end = time.monotonic() + TIMEOUT
    while not any(state.in_use for state in list_readers()):
        assert time.monotonic() < end
        time.sleep(0.01)


def assert_right(xmlsec1: Xmlsec1, outputs: dict[str, Path]) -> None:
    """Each is a valid signature, as we and somebody else see it, of the document of that name."""
    for name, output in outputs.items():
        report = verify_file(output, trust=["simulator"], revocation="off")
        assert report.verdict.passed, (name, report.verdict)
        assert xmlsec1.verify(output).ok, name
        assert name.encode() in output.read_bytes()


def test_processes_at_one_card(
    pcsc: PcscStack, tmp_path: Path, sign: Callable[..., Signing], other: Callable, xmlsec1: Xmlsec1
) -> None:
    outputs: dict[str, Path] = {}
    with pcsc.insert(tmp_path / "card", slot=SLOT):
        for number in range(ROUNDS):
            together = {f"round-{number}-{one}": sign(f"round-{number}-{one}") for one in range(TOGETHER)}
            for name, signing in together.items():
                assert signing.wait() == 0, (name, signing.err)
                announced = NOTICE in signing.err
                assert signing.err.count("\n") == announced, signing.err
                assert signing.seconds > NOTICE_SECONDS or not announced
                outputs[name] = signing.output
        program = other(SLOT)
        assert program.connect() == 0
        assert program.tries_left() == TRIES
    assert_right(xmlsec1, outputs)


def test_programs_that_sign_without_a_pause(pcsc: PcscStack, tmp_path: Path, other: Callable) -> None:
    with pcsc.insert(tmp_path / "card", slot=SLOT):
        programs = [
            subprocess.Popen(
                [sys.executable, "-c", LOOP, f"program {one}", str(4 * ROUNDS), SIGNATURE_PASSWORD],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
            )
            for one in range(TOGETHER)
        ]
        ends = [
            (*program.communicate(timeout=TIMEOUT * max(1, ROUNDS // 10)), program.returncode) for program in programs
        ]
        done = "".join(f"{number}\n" for number in range(4 * ROUNDS))
        assert ends == [(done, "", 0)] * TOGETHER
        program = other(SLOT)
        assert program.connect() == 0
        assert program.tries_left() == TRIES


def test_who_waits_long_is_told(
    pcsc: PcscStack, tmp_path: Path, sign: Callable[..., Signing], xmlsec1: Xmlsec1
) -> None:
    with pcsc.insert(tmp_path / "card", slot=SLOT, sign_ms=1000 * (NOTICE_SECONDS + 1.5)):
        first = sign("first")
        wait_until_held()
        second = sign("second")
        assert (first.wait(), second.wait()) == (0, 0), first.err + second.err
        assert (NOTICE in first.err, second.err.count(NOTICE)) == (False, 1)
        assert pcsc.readers[SLOT] in second.err
    assert_right(xmlsec1, {"first": first.output, "second": second.output})


def test_who_will_not_wait_is_told_that_the_card_is_busy(
    pcsc: PcscStack, tmp_path: Path, sign: Callable[..., Signing], other: Callable, xmlsec1: Xmlsec1
) -> None:
    with pcsc.insert(tmp_path / "card", slot=SLOT, sign_ms=2000):
        first = sign("first")
        wait_until_held()
        second = sign("second", "card:?wait=0")
        assert second.wait() == 5
        assert f"another program holds the card ({pcsc.readers[SLOT]})" in second.err
        assert not second.output.exists()
        assert other(SLOT).connect() == scard.SCARD_E_SHARING_VIOLATION, "the first held it all the time"
        assert first.wait() == 0, first.err
        third = sign("third", "card:?wait=0")
        assert third.wait() == 0, third.err
    assert_right(xmlsec1, {"first": first.output, "third": third.output})
    assert not list(tmp_path.glob("*second*signed*"))
