"""Simulated cards as files: URIs, persistence across processes, one reader at a time, and cards that are damaged."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import platformdirs
import pytest
from cryptography import x509

from jitsuin.signer.base import SignatureScheme, SignerOptions
from jitsuin.signer.errors import KeyFileError, KeyUriError, PinIncorrectError, TokenInUseError, TransportError
from jitsuin.signer.jpki import JpkiSigner
from jitsuin.signer.simulator import (
    AUTHENTICATION_PIN,
    PERSONAS,
    SIGNATURE_PASSWORD,
    SimulatedCard,
    SimulatedReader,
    create_card,
    open_signer,
)
from jitsuin.signer.simulator.make_keys import make_keys


@pytest.fixture
def options(at: datetime) -> SignerOptions:
    return SignerOptions(lambda _: SIGNATURE_PASSWORD, at)


def holder(signer: JpkiSigner) -> str:
    with signer:
        return signer.describe().token


# URIs


@pytest.mark.parametrize(("query", "persona"), [("", "valid"), ("?card=second", "second")])
def test_a_card_is_issued_where_there_is_none(tmp_path: Path, options: SignerOptions, query: str, persona: str) -> None:
    folder = tmp_path / "deep" / "card"
    assert persona in holder(open_signer(f"simulator:{folder}{query}", options))
    assert SimulatedCard.load(folder) == SimulatedCard(folder, PERSONAS[persona], options.at)
    # From now on it is this card, with and without being named, at any later time.
    later = SignerOptions(options.pin, options.at + timedelta(days=100))
    for again in ("", f"?card={persona}"):
        assert persona in holder(open_signer(f"simulator:{folder}{again}", later))
    assert SimulatedCard.load(folder).issued_at == options.at


def test_the_default_folder_has_room_for_everyone(
    tmp_path: Path, options: SignerOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platformdirs, "user_data_path", lambda name: tmp_path / name)
    for uri, persona in (("simulator:", "valid"), ("simulator:?card=expired", "expired"), ("simulator:", "valid")):
        assert persona in holder(open_signer(uri, options))
        assert (tmp_path / "jitsuin" / "simulator" / persona / "card.json").exists()


def test_home_is_expanded(tmp_path: Path, options: SignerOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    holder(open_signer("simulator:~/card", options))
    assert (tmp_path / "card" / "card.json").exists()


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("card:", "scheme"),
        ("simulators:", "scheme"),
        ("simulator", "scheme"),
        ("simulator:{}?", "query"),
        ("simulator:{}?persona=valid", "query"),
        ("simulator:{}?card=valid&card=second", "query"),
        ("simulator:{}?card=", "unknown-persona"),
        ("simulator:{}?card=nobody", "unknown-persona"),
    ],
)
def test_uris_that_mean_nothing(tmp_path: Path, options: SignerOptions, uri: str, reason: str) -> None:
    with pytest.raises(KeyUriError) as caught:
        open_signer(uri.format(tmp_path / "card"), options)
    assert caught.value.reason == reason
    if reason == "unknown-persona":
        assert caught.value.known == tuple(PERSONAS)
    assert not (tmp_path / "card").exists()


def test_somebody_elses_card(card: Callable[..., SimulatedCard], options: SignerOptions) -> None:
    folder = card("second").folder
    with pytest.raises(KeyFileError) as caught:
        open_signer(f"simulator:{folder}?card=valid", options)
    assert (caught.value.reason, caught.value.persona) == ("other-persona", "second")


def test_no_card_is_strewn_among_other_files(tmp_path: Path, options: SignerOptions) -> None:
    (tmp_path / "letter.pdf").touch()
    for place in (tmp_path, tmp_path / "letter.pdf"):
        with pytest.raises(KeyFileError):
            open_signer(f"simulator:{place}", options)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.pdf"]
    # Control: an empty folder, and what an interrupted issuing leaves, will do.
    (tmp_path / "empty" / "ca").mkdir(parents=True)
    holder(open_signer(f"simulator:{tmp_path / 'empty'}", options))


def test_names_the_system_does_not_take(tmp_path: Path, options: SignerOptions) -> None:
    with pytest.raises(KeyFileError) as caught:
        open_signer(f"simulator:{tmp_path / ('long' * 100)}", options)
    assert caught.value.reason == "File name too long"


def test_a_folder_that_has_gone(card: Callable[..., SimulatedCard]) -> None:
    of = card()
    shutil.rmtree(of.folder)
    with pytest.raises(KeyFileError):
        SimulatedReader(of)


# Issuing


def test_what_a_card_folder_holds(card: Callable[..., SimulatedCard], at: datetime) -> None:
    folder = card().folder
    assert {path.name for path in folder.iterdir()} == {"card.json", ".lock", "ca", "crl"}
    for path in (folder / "ca").glob("*.cer"):
        x509.load_der_x509_certificate(path.read_bytes())
    revoked = x509.load_der_x509_crl((folder / "crl" / "sign-ca-03-tameshi-cho.crl").read_bytes())
    assert revoked.last_update_utc == at
    assert len(list((folder / "ca").iterdir())) == 5
    assert len(list((folder / "crl").iterdir())) == 6
    state = json.loads((folder / "card.json").read_text())
    assert state["pins"] == {
        "001B": {"value": SIGNATURE_PASSWORD, "tries_left": 5},
        "0018": {"value": AUTHENTICATION_PIN, "tries_left": 3},
    }


def test_issuing_again_restores_the_counters_and_nothing_else(
    card: Callable[..., SimulatedCard], spend: Callable[..., None]
) -> None:
    def content(folder: Path) -> dict[str, bytes]:
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    first = card()
    before = content(first.folder)
    spend(first, 5)
    assert content(first.folder) != before
    assert card() == first
    assert content(first.folder) == before


def test_the_time_is_kept_in_utc_seconds(tmp_path: Path, at: datetime) -> None:
    japan = at.astimezone(timezone(timedelta(hours=9))).replace(microsecond=999_999)
    assert create_card(tmp_path, "valid", japan).issued_at == at
    with pytest.raises(ValueError, match="time zone"):
        create_card(tmp_path, "valid", at.replace(tzinfo=None))


def test_unknown_persona(tmp_path: Path, at: datetime) -> None:
    with pytest.raises(KeyFileError) as caught:
        create_card(tmp_path / "card", "nobody", at)
    assert (caught.value.reason, caught.value.known) == ("unknown-persona", tuple(PERSONAS))
    assert not (tmp_path / "card").exists()


def test_a_folder_that_cannot_be_written(tmp_path: Path, at: datetime) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KeyFileError):
        create_card(tmp_path / "file" / "card", "valid", at)


@pytest.mark.parametrize("persona", list(PERSONAS))
def test_every_persona_has_a_card_that_works_or_says_why(
    card: Callable[..., SimulatedCard], options: SignerOptions, persona: str
) -> None:
    with JpkiSigner(SimulatedReader(card(persona)), options) as signer:
        assert signer.describe().authentication_tries_left == 3
        if persona != "no-signature":
            scheme = SignatureScheme.for_key(signer.certificate.public_key())
            assert signer.sign(b"to be signed", scheme)
            assert len(signer.issuers) == 1


# Files that are not as they were


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"[]",
        b"null",
        b'{"format": 2}',
        lambda state: state.pop("persona"),
        lambda state: state.update(persona="nobody"),
        lambda state: state.update(persona=["valid"]),
        lambda state: state.update(issued_at="yesterday"),
        lambda state: state.update(pins={}),
        lambda state: state["pins"]["001B"].update(tries_left=6),
        lambda state: state["pins"]["001B"].update(tries_left=-1),
        lambda state: state["pins"]["001B"].update(value=None),
        lambda state: state["pins"]["001B"].update(value="暗証番号"),
    ],
)
def test_damaged_state(card: Callable[..., SimulatedCard], options: SignerOptions, damage) -> None:
    path = card().folder / "card.json"
    SimulatedCard.load(path.parent)  # control
    state = json.loads(path.read_text())
    if callable(damage):
        damage(state)
        path.write_text(json.dumps(state))
    else:
        path.write_bytes(damage)
    with pytest.raises(KeyFileError) as caught:
        open_signer(f"simulator:{path.parent}", options)
    assert (caught.value.path, caught.value.reason) == (path, "damaged")


def test_no_card(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError) as caught:
        SimulatedCard.load(tmp_path)
    assert caught.value.reason == "no-card"


# Readers and processes


def test_a_card_is_in_one_reader_at_a_time(card: Callable[..., SimulatedCard], at: datetime) -> None:
    of = card()
    reader = SimulatedReader(of)
    with pytest.raises(TokenInUseError) as caught:
        SimulatedReader(of)
    assert caught.value.token == "Jitsuin Simulator (valid)"
    with pytest.raises(TokenInUseError):
        create_card(of.folder, "second", at)
    reader.close()
    reader.close()
    with pytest.raises(TransportError):
        reader.transmit(bytes.fromhex("00200080"))
    SimulatedReader(of).close()


def test_a_card_that_was_replaced_meanwhile(card: Callable[..., SimulatedCard], at: datetime) -> None:
    of = card()
    create_card(of.folder, "second", at)
    with pytest.raises(KeyFileError) as caught:
        SimulatedReader(of)
    assert caught.value.reason == "replaced"
    SimulatedReader(SimulatedCard.load(of.folder)).close()


PROGRAM = textwrap.dedent(
    """
    import sys
    from datetime import datetime
    from jitsuin.signer.base import SignerOptions
    from jitsuin.signer.errors import SignerError
    from jitsuin.signer.simulator import open_signer

    uri, pin, at = sys.argv[1:]
    try:
        with open_signer(uri, SignerOptions(lambda request: pin, datetime.fromisoformat(at))) as signer:
            print(signer.certificate.serial_number)
    except SignerError as error:
        print(type(error).__name__, error)
    """
)


def elsewhere(folder: Path, pin: str, at: datetime) -> str:
    """Open the card and its certificate in another process."""
    command = [sys.executable, "-c", PROGRAM, f"simulator:{folder}", pin, at.isoformat()]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder.parent).stdout.strip()


def test_counters_hold_across_processes(card: Callable[..., SimulatedCard], options: SignerOptions) -> None:
    folder = card().folder
    assert elsewhere(folder, "WRONG123", options.at) == "PinIncorrectError tries_left=4"
    with open_signer(f"simulator:{folder}", SignerOptions(lambda _: "WRONG123", options.at)) as signer:
        with pytest.raises(PinIncorrectError) as caught:
            _ = signer.certificate
        assert caught.value.tries_left == 3
        assert elsewhere(folder, "WRONG123", options.at).startswith("TokenInUseError")
    assert elsewhere(folder, "WRONG123", options.at) == "PinIncorrectError tries_left=2"
    assert elsewhere(folder, "jitsuin123", options.at).isdigit()
    assert json.loads((folder / "card.json").read_text())["pins"]["001B"]["tries_left"] == 5


def test_a_counter_is_saved_before_the_answer(card: Callable[..., SimulatedCard]) -> None:
    of = card()
    with of.inserted() as applet:
        applet.power_on()
        applet.transmit(bytes.fromhex("00A4040C0AD392F000260100000001"))
        assert applet.transmit(bytes.fromhex("0020009B06") + b"WRONG0") == b"\x63\xc4"
        assert json.loads((of.folder / "card.json").read_text())["pins"]["001B"]["tries_left"] == 4


def test_a_changed_pin_stays_changed(card: Callable[..., SimulatedCard]) -> None:
    of = card()
    select, verify = bytes.fromhex("00A4040C0AD392F000260100000001"), bytes.fromhex("0020009B0A") + b"JITSUIN123"
    with of.inserted() as applet:
        applet.power_on()
        for command in (select, verify, bytes.fromhex("0024019B08") + b"NEWPIN12"):
            assert applet.transmit(command) == b"\x90\x00"
    with of.inserted() as applet:
        applet.power_on()
        applet.transmit(select)
        assert applet.transmit(verify) == b"\x63\xc4"
        assert applet.transmit(bytes.fromhex("0020009B08") + b"NEWPIN12") == b"\x90\x00"


# The maker of the keys


def test_make_keys_only_adds_what_is_missing(tmp_path: Path) -> None:
    made = make_keys(tmp_path)
    assert {"sign-ca-03", "authentication", "valid", "p384"} < set(made)
    (tmp_path / "valid.der").unlink()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert make_keys(tmp_path) == ["valid"]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.name != "valid.der"} == before
