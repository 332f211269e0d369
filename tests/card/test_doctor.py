"""The diagnosis over a real pcscd: readers, cards, the trace of a look at them, and its replay."""

from __future__ import annotations

import getpass
import json
import platform
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from jitsuin.signer.simulator import PERSONAS, pki
from pcsc_stack import PcscStack

Folder = Callable[..., Path]


def jitsuin(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = Path(sysconfig.get_path("scripts"), "jitsuin")
    return subprocess.run(
        [command, *map(str, arguments)], capture_output=True, encoding="utf-8", check=False, timeout=60
    )


def doctor(*arguments: object) -> list[dict[str, Any]]:
    done = jitsuin("doctor", "--json", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    found: list[dict[str, Any]] = json.loads(done.stdout)["checks"]
    return found


def of(subject: str, checks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [check for check in checks if check["subject"] == subject]


@contextmanager
def replayed(pcsc: PcscStack, bundle: Path, slot: int) -> Iterator[None]:
    """The recorded card in a slot."""
    command = str(Path(sysconfig.get_path("scripts"), "jitsuin"))
    call = [command, "simulator", "serve", "--replay", str(bundle), "--reader-port", str(pcsc.ports[slot])]
    with subprocess.Popen(call, stdout=subprocess.PIPE, encoding="utf-8") as process:
        try:
            assert process.stdout is not None
            assert str(bundle) in process.stdout.readline()
            pcsc.wait(pcsc.readers[slot], present=True)
            yield
        finally:
            process.terminate()
    pcsc.wait(pcsc.readers[slot], present=False)


def test_readers_without_a_card(pcsc: PcscStack) -> None:
    checks = doctor()
    assert [check["state"] for check in of("pyscard", checks) + of("pcsc-service", checks)] == ["ok", "ok"]
    assert [check["facts"]["reader"] for check in of("reader", checks)] == list(pcsc.readers)
    [card] = of("card", checks)
    assert (card["state"], card["code"]) == ("missing", "none")


@pytest.mark.parametrize(
    ("persona", "state", "code"),
    [
        ("valid", "ok", "my-number-card"),
        ("no-signature", "attention", "no-signature-certificate"),
        ("phone", "attention", "phone"),
    ],
)
def test_a_card_is_known_for_what_it_is(pcsc: PcscStack, folder: Folder, persona: str, state: str, code: str) -> None:
    with pcsc.insert(folder(persona), slot=1):
        [card] = of("card", doctor())
    assert (card["state"], card["code"], card["facts"]["reader"]) == (state, code, pcsc.readers[1])
    assert card["facts"]["signature_tries_left"] == 5


def test_traces_of_several_cards_come_in_the_order_of_readers(pcsc: PcscStack, folder: Folder, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.jsonl"
    with pcsc.insert(folder("phone"), slot=1), pcsc.insert(folder("valid"), slot=3):
        cards = of("card", doctor("--bundle", bundle))
    assert [card["facts"]["reader"] for card in cards] == [pcsc.readers[1], pcsc.readers[3]]
    lines = bundle.read_text(encoding="utf-8").splitlines()
    names = [line for line in lines if line.startswith('{"command": "00B086')]
    kinds = [bytes.fromhex(json.loads(line)["response"][:64]).rstrip().decode() for line in names]
    assert kinds == [card["facts"]["kind"] for card in cards]


def test_a_card_held_by_another_program(pcsc: PcscStack, folder: Folder) -> None:
    hold = (
        "import sys; from smartcard import scard as s; _, c = s.SCardEstablishContext(0);"
        "r, h, p = s.SCardConnect(c, sys.argv[1], s.SCARD_SHARE_EXCLUSIVE, 3); print(r, flush=True); sys.stdin.read();"
        "s.SCardDisconnect(h, s.SCARD_LEAVE_CARD)"
    )
    with pcsc.insert(folder()):
        call = [sys.executable, "-c", hold, pcsc.readers[0]]
        with subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8") as other:
            assert other.stdout is not None
            assert other.stdout.readline() == "0\n"
            checks = doctor()
            other.communicate()
        [card] = of("card", checks)
        assert (card["state"], card["code"]) == ("attention", "in-use")
        [programs] = of("other-programs", checks)
        assert programs["state"] == "attention"
        [card] = of("card", doctor())
        assert card["state"] == "ok"


def test_a_bundle_has_nobody_in_it_and_plays(pcsc: PcscStack, folder: Folder, tmp_path: Path, at: Any, other) -> None:
    place, bundle = folder(), tmp_path / "bundle.jsonl"
    with pcsc.insert(place):
        guess = other()
        guess.connect()
        assert guess.verify(b"WRONGONE") == 0x63C4
        guess.close()
        doctor("--bundle", bundle)
        before = json.loads(jitsuin("card", "--json").stdout)
    content = bundle.read_bytes()

    persona = PERSONAS["valid"]
    certificates = [
        pki.authentication_certificate(persona, at),
        pki.signature_certificate(persona, at),
        pki.ca_certificate(persona.ca),
        pki.ca_certificate("auth-ca-03"),
    ]
    for certificate in certificates:
        assert certificate is not None
        der = certificate.public_bytes(Encoding.DER)
        pieces = [der[start : start + 6] for start in range(4, len(der) - 6)]
        serial = f"{certificate.serial_number:x}"
        assert not any(piece.hex().upper().encode() in content.upper() for piece in pieces)
        assert len(serial) < 6 or serial.upper().encode() not in content.upper()
    for word in (persona.person, persona.address, str(Path.home()), str(tmp_path), platform.node()):
        assert word.encode() not in content
    assert not any(getpass.getuser() in str(json.loads(line).get("facts", "")) for line in content.splitlines())

    with replayed(pcsc, bundle, slot=2):
        again = json.loads(jitsuin("card", "--json").stdout)
        [card] = of("card", doctor())
    assert card["facts"]["reader"] == pcsc.readers[2]
    for name in ("kind", "signature_certificate_present", "signature_tries_left", "authentication_tries_left"):
        assert again[name] == before[name], name
    assert again["signature_tries_left"] == 4
    assert again["authentication_certificate"] is None
    assert before["authentication_certificate"] is not None
