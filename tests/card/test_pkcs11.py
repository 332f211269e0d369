"""Signing through OpenSC with the card in a real pcscd: what is signed, what the PIN costs, which card is meant."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

import jitsuin
from folders import written
from jitsuin.signer.base import PinRequest, SignatureScheme
from jitsuin.signer.errors import CardRemovedError
from jitsuin.signer.jpki_application import Ef
from jitsuin.signer.simulator import SIGNATURE_PASSWORD, pki
from jitsuin.signer.simulator.card import STATE_FILE
from judges import Jdk, Xmlsec1
from pcsc_stack import PcscStack
from pkcs11_front import OFFICIAL, Front
from terminal import Terminal

SAMPLES = sorted((Path(__file__).parents[2] / "samples" / "unsigned").iterdir())
XML = [path for path in SAMPLES if path.suffix != ".pdf"]
FIELDS = {"childcare-application": "Guardian1Signature", "employment-certificate": "EmployerSignature"}
MODULE = "opensc-pkcs11.so"
AUTHENTICATION = "pkcs11:token=JPKI%20(User%20Authentication%20PIN)"
RSA = SignatureScheme.RSA_SHA256
WRONG = "WRONG98765"
NOT_VERIFIED = 0x6982

Folder = Callable[..., Path]
Sign = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "JITSUIN_KEY", "JITSUIN_CONFIG", "OPENSC_CONF"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("JITSUIN_LANG", "en")


@pytest.fixture
def sign(tmp_path: Path) -> Sign:
    """The command, at one sample unless told otherwise."""

    def run(
        *options: str, key: str = "pkcs11:", pin: str = SIGNATURE_PASSWORD, documents: Sequence[Path] = XML[:1]
    ) -> subprocess.CompletedProcess[str]:
        call = [sys.executable, "-m", "jitsuin", "sign", *documents, "--output-dir", tmp_path / "out", "--key", key]
        call += ["--trust", "simulator", "--pin-source", "env:SECRET", "--quiet", *options]
        environment = os.environ | {"SECRET": pin}
        return subprocess.run(
            call, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
        )

    return run


def presented(trace: Path) -> int:
    """How often the card was presented a password; the counter is asked without one."""
    commands = [json.loads(line).get("command", "") for line in trace.read_text(encoding="utf-8").splitlines()]
    return sum(command.startswith("0020") and command.endswith("[secret]") for command in commands)


def with_tries(card: Path, tries: int) -> Path:
    state = json.loads((card / STATE_FILE).read_text())
    state["pins"][f"{Ef.SIGNATURE_PIN:04X}"]["tries_left"] = tries
    (card / STATE_FILE).write_text(json.dumps(state))
    return card


def tries_of(card: Path) -> int:
    return int(json.loads((card / STATE_FILE).read_text())["pins"][f"{Ef.SIGNATURE_PIN:04X}"]["tries_left"])


# What is signed


@pytest.fixture(params=["opensc", "official", "card"])
def key(request: pytest.FixtureRequest, front: Callable[..., Front]) -> str:
    """OpenSC itself, what stands in for the official module (digests only, one token), and the card without either."""
    if request.param != "official":
        return {"opensc": "pkcs11:", "card": "card:"}[request.param]
    made = front(MODULE, official=True)
    assert made.path.name == OFFICIAL
    return f"pkcs11:{made.path}"


def test_all_samples(
    key: str, pcsc: PcscStack, folder: Folder, sign: Sign, tmp_path: Path, xmlsec1: Xmlsec1, jdk: Jdk, pdf_judges
) -> None:
    childcare, *one_run = sorted(SAMPLES, key=lambda path: path.name != "childcare-application.pdf")
    with pcsc.insert(folder(), trace=tmp_path / "trace"):
        done = sign(key=key, documents=one_run)
        assert (done.returncode, done.stderr, presented(tmp_path / "trace")) == (0, "", 1)
        # It has fields for two people, and says so.
        done = sign("--field", FIELDS[childcare.stem], key=key, documents=[childcare])
        assert (done.returncode, done.stderr, presented(tmp_path / "trace")) == (0, "", 2)
    outputs = written(tmp_path / "out")
    assert len(outputs) == len(SAMPLES) == 5
    at = datetime.now(UTC) + timedelta(minutes=5)
    for output in outputs:
        if output.suffix == ".pdf":
            pdf_judges.accept(output, [FIELDS[output.name.split(".")[0]]], at=at)
        else:
            assert xmlsec1.verify(output, trusted=pki.anchors(), at=at).ok
            assert jdk.verify(output).ok
            tampered = output.read_bytes().replace("見本".encode(), "見木".encode(), 1)
            assert xmlsec1.verify(tampered).invalid


def test_the_official_module_is_given_digests(
    pcsc: PcscStack, folder: Folder, sign: Sign, front: Callable[..., Front]
) -> None:
    made = front(MODULE, official=True)
    with pcsc.insert(folder()):
        assert sign(key=f"pkcs11:{made.path}").returncode == 0
    assert {call.facts["mechanism"] for call in made.calls("C_SignInit")} == {"0x1"}  # CKM_RSA_PKCS
    assert made.logins == [1]


def test_an_elliptic_key_is_none_for_opensc(
    pcsc: PcscStack, folder: Folder, sign: Sign, other: Callable, tmp_path: Path
) -> None:
    with pcsc.insert(folder("p384")):
        done = sign()
        assert done.returncode == 5
        assert "keys of this kind are not signed with" in done.stderr
        program = other()
        assert program.connect() == 0
        assert program.sign() == NOT_VERIFIED
    assert not written(tmp_path / "out")


# What the password costs


@pytest.mark.parametrize(
    ("tries", "password", "options", "code", "says", "costs", "left"),
    [
        (5, WRONG, [], 6, "the password is wrong", 1, 4),
        (5, "QX7ZV", [], 6, "", 0, 5),
        (2, WRONG, [], 6, "the password is wrong", 1, 1),
        (1, SIGNATURE_PASSWORD, [], 7, "one try is left", 0, 1),
        (1, SIGNATURE_PASSWORD, ["--allow-last-try"], 0, "", 1, 5),
        (1, WRONG, ["--allow-last-try"], 7, "the signature password is locked", 1, 0),
        # OpenSC shows no token then, not even the other one.
        (0, SIGNATURE_PASSWORD, ["--allow-last-try"], 5, "Its password may be locked", 0, 0),
    ],
)
def test_what_a_password_costs(
    pcsc: PcscStack,
    folder: Folder,
    sign: Sign,
    tmp_path: Path,
    other: Callable,
    tries: int,
    password: str,
    options: list[str],
    code: int,
    says: str,
    costs: int,
    left: int,
) -> None:
    card = with_tries(folder(), tries)
    with pcsc.insert(card, trace=tmp_path / "trace"):
        done = sign(*options, pin=password)
        program = other()
        assert program.connect() == 0
        assert program.sign() in {NOT_VERIFIED, 0x6984}
        assert presented(tmp_path / "trace") == costs
    assert (done.returncode, tries_of(card)) == (code, left), done.stderr
    assert says in done.stderr
    assert password not in done.stdout + done.stderr


@pytest.mark.parametrize("fault", ["reset", "select", "sw=6F00", "sw=6982", "sw=6100", "sw=6C00", "sw=63C4"])
def test_the_password_is_presented_once_whatever_the_card_answers(
    pcsc: PcscStack, folder: Folder, sign: Sign, tmp_path: Path, fault: str
) -> None:
    card = folder()
    with pcsc.insert(card, trace=tmp_path / "trace", faults=[f"{fault}@verify:1"]):
        sign(documents=XML[:2])
    assert (presented(tmp_path / "trace"), tries_of(card)) == (1, 5)


def test_opensc_repeats_a_refused_signature_command(
    pcsc: PcscStack, folder: Folder, sign: Sign, tmp_path: Path
) -> None:
    """Nobody can keep it from that. It costs nothing, and another program's card would be refused again."""
    with pcsc.insert(folder(), trace=tmp_path / "trace", faults=["sw=6982@sign:1"]):
        assert sign().returncode == 0
    assert (tmp_path / "trace").read_text().count('"802A') == 2
    assert presented(tmp_path / "trace") == 1


def test_without_signature_certificate(pcsc: PcscStack, folder: Folder, sign: Sign, tmp_path: Path) -> None:
    """OpenSC shows a token, a key and a certificate all the same. Only after the PIN is it found to be unreadable."""
    card = folder("no-signature")
    with pcsc.insert(card, trace=tmp_path / "trace"):
        done = sign()
    assert (done.returncode, done.stderr.count("\n"), presented(tmp_path / "trace"), tries_of(card)) == (5, 1, 1, 5)
    assert not (tmp_path / "out").exists()


def test_the_authentication_token_is_refused_before_its_pin(
    pcsc: PcscStack, folder: Folder, sign: Sign, tmp_path: Path
) -> None:
    with pcsc.insert(folder(), trace=tmp_path / "trace"):
        done = sign(key=AUTHENTICATION, pin="1234")
    assert (done.returncode, presented(tmp_path / "trace")) == (5, 0)
    assert "never signs documents" in done.stderr


# Which card


def test_no_card(pcsc: PcscStack, sign: Sign) -> None:
    done = sign()
    assert (done.returncode, done.stderr.count("\n")) == (5, 1)
    assert "shows no token" in done.stderr


def test_of_two_cards_the_reader_chooses(pcsc: PcscStack, folder: Folder, sign: Sign, tmp_path: Path) -> None:
    traces = tmp_path / "trace-0", tmp_path / "trace-2"
    with (
        pcsc.insert(folder(), slot=0, trace=traces[0]),
        pcsc.insert(folder("second"), slot=2, trace=traces[1]),
    ):
        done = sign()
        assert done.returncode == 5
        assert all(pcsc.readers[slot] in done.stderr for slot in (0, 2))
        assert "slot-description=" in done.stderr
        assert list(map(presented, traces)) == [0, 0]
        assert sign(key=f"pkcs11:slot-description={quote(pcsc.readers[2])}").returncode == 0
        assert list(map(presented, traces)) == [0, 1]
        done = sign(key="pkcs11:slot-description=Nobody")
        assert done.returncode == 5
        assert pcsc.readers[2] in done.stderr


def test_of_two_cards_a_person_chooses(pcsc: PcscStack, folder: Folder, tmp_path: Path) -> None:
    traces = tmp_path / "trace-0", tmp_path / "trace-2"
    with (
        pcsc.insert(folder(), slot=0, trace=traces[0]),
        pcsc.insert(folder("second"), slot=2, trace=traces[1]),
    ):
        terminal = Terminal("sign", XML[0], "-o", tmp_path / "out", "--key", "pkcs11:", "--trust", "simulator")
        terminal.read_until("Which one")
        assert all(pcsc.readers[slot] in terminal.screen for slot in (0, 2))
        terminal.type("2\n")
        terminal.wait_for_password_prompt()
        terminal.type(f"{SIGNATURE_PASSWORD}\n")
        assert terminal.end() == 0, terminal.screen
        assert list(map(presented, traces)) == [0, 1]


def test_a_card_that_another_program_has_to_itself_does_not_hide_the_others(
    pcsc: PcscStack, folder: Folder, sign: Sign
) -> None:
    """OpenSC fails to describe that reader, and with it the whole list of slots."""
    with (
        pcsc.insert(folder(), slot=0),
        pcsc.insert(folder("second"), slot=2),
        jitsuin.open_signer(f"card:{pcsc.readers[0]}", pin=password) as holder,
    ):
        done = sign()
        assert (done.returncode, done.stderr) == (0, "")
        assert holder.sign(b"", RSA)


# One process, several cards


def password(_: PinRequest) -> str:
    return SIGNATURE_PASSWORD


def test_taken_out_and_opened_anew(pcsc: PcscStack, folder: Folder) -> None:
    """Twice in one process: what one opening has done to the module is nothing to the next."""
    card = folder()
    for _ in range(2):
        with (
            pcsc.insert(card) as inserted,
            jitsuin.open_signer("pkcs11:", pin=password, trust=["simulator"]) as signer,
        ):
            assert signer.sign(b"", RSA)
            inserted.take_out()
            for _ in range(2):
                with pytest.raises(CardRemovedError):
                    signer.sign(b"", RSA)
    with pcsc.insert(card), jitsuin.open_signer("pkcs11:", pin=password, trust=["simulator"]) as signer:
        assert signer.sign(b"", RSA)
    assert tries_of(card) == 5
