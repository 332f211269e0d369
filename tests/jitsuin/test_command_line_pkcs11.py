"""The command line with PKCS#11 tokens: all samples signed and judged by others, tokens shown, refusals told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from jitsuin.signer.simulator import SIGNATURE_PASSWORD
from pkcs11_front import Front, TokenFlag
from softhsm import MODULE, PIN, SoftHsm, of_persona

SAMPLES = Path(__file__).parents[2] / "samples" / "unsigned"
KEY = f"pkcs11:{MODULE}"
TRUST = ("--trust", "simulator")
PIN_SOURCE = ("--pin-source", "env:SECRET")
FIELDS = {"childcare-application.pdf": "Guardian1Signature", "employment-certificate.pdf": "EmployerSignature"}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("JITSUIN_LANG", "en")
    for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "JITSUIN_PKCS11_MODULE", "JITSUIN_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def command(jitsuin: Callable, monkeypatch: pytest.MonkeyPatch) -> Callable:
    """The command line with the PIN in SECRET, which each run takes out of the environment."""

    def run(*arguments: object, pin: str = PIN) -> object:
        monkeypatch.setenv("SECRET", pin)
        return jitsuin(*arguments)

    return run


@pytest.mark.parametrize("token", ["rsa", "p384", "official stand-in"])
def test_all_samples_are_accepted_by_others(
    softhsm: SoftHsm,
    front: Callable[..., Front],
    command: Callable,
    jdk,
    xmlsec1,
    pdf_judges,
    tmp_path: Path,
    token: str,
) -> None:
    now = datetime.now(UTC)
    key, pin = KEY, PIN
    if token == "official stand-in":
        pin = SIGNATURE_PASSWORD
        key = f"pkcs11:{front(MODULE, official=True).path}"
    softhsm.token(pin=pin, objects=of_persona("p384" if token == "p384" else "valid", now))
    for source in sorted(SAMPLES.iterdir()):
        target = tmp_path / source.name
        field = ("--field", FIELDS[source.name]) if source.name in FIELDS else ()
        signed = command("sign", source, "-o", target, "--key", key, *TRUST, *PIN_SOURCE, *field, pin=pin)
        assert (signed.code, signed.err) == (0, ""), source.name
        if field:
            pdf_judges.accept(target, [FIELDS[source.name]], at=now)
        else:
            assert jdk.verify(target).ok
            assert xmlsec1.verify(target).ok


def test_the_module_can_be_configured(softhsm: SoftHsm, command: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    softhsm.token("mine")
    assert command("card", "--key", "pkcs11:", "--pkcs11-module", MODULE, "--json").json["module"] == MODULE
    monkeypatch.setenv("JITSUIN_PKCS11_MODULE", MODULE)
    assert "Token “mine”" in command("card", "--key", "pkcs11:token=mine").out
    monkeypatch.delenv("JITSUIN_PKCS11_MODULE")
    assert "Token “mine”" in command("card", "--key", "pkcs11:?module-name=SoftHSM").out


def test_what_is_shown_without_the_pin(softhsm: SoftHsm, command: Callable) -> None:
    softhsm.token("mine", objects=of_persona("valid", datetime.now(UTC)))
    shown = command("card", "--key", KEY)
    assert (shown.code, shown.err) == (0, "")
    assert "Token “mine”" in shown.out
    assert "PIN          no wrong one since the last right one" in shown.out
    assert "signs by     RSA_PKCS, SHA256_RSA_PKCS, ECDSA" in shown.out
    assert "Digital Signature Certificate CA, id 04" in shown.out
    assert "private key" not in shown.out
    facts = command("card", "--key", KEY, "--json").json
    (mine,) = (token for token in facts["tokens"] if token["label"] == "mine")
    assert mine["flags"] == ["LOGIN_REQUIRED", "USER_PIN_INITIALIZED", "TOKEN_INITIALIZED"]
    assert mine["objects"] == [
        {
            "kind": "certificate",
            "label": "Digital Signature Certificate CA",
            "id": "04",
            "key_type": None,
            "not_after": "2033-07-15T14:59:59+00:00",
        }
    ]
    assert facts["signature_certificate"] is None
    hidden = command("card", "--key", KEY, "--json", "--redact").json
    assert {(token["serial"], *(one["label"] for one in token["objects"])) for token in hidden["tokens"]} == {
        (None,),
        (None, None),
    }


def test_what_is_shown_with_the_pin(softhsm: SoftHsm, command: Callable) -> None:
    softhsm.token(objects=of_persona("valid", datetime.now(UTC)))
    unlock = ("card", "--key", KEY, "--unlock", *PIN_SOURCE, *TRUST)
    shown = command(*unlock)
    assert (shown.code, shown.err) == (0, "")
    assert "good for signing  yes, unless it has been revoked" in shown.out
    assert "見本" in shown.out
    assert "見本" not in command(*unlock, "--redact").out
    assert command(*unlock, "--json").json["signature_judgement"]["verdict"] == "VALID"


@pytest.mark.parametrize(
    ("flag", "told"),
    [
        (TokenFlag.USER_PIN_LOCKED, "LOCKED"),
        (TokenFlag.USER_PIN_FINAL_TRY, "1 try left"),
        (TokenFlag.USER_PIN_COUNT_LOW, "a wrong one has been entered before"),
        (TokenFlag.PROTECTED_AUTHENTICATION_PATH, "at the reader's own keys"),
    ],
)
def test_the_pins_state_is_shown(
    softhsm: SoftHsm, front: Callable[..., Front], command: Callable, flag: TokenFlag, told: str
) -> None:
    softhsm.token("mine")
    made = front(MODULE, token_flags=flag)
    assert told in command("card", "--key", f"pkcs11:{made.path}").out


def test_refusals(softhsm: SoftHsm, front: Callable[..., Front], command: Callable, tmp_path: Path) -> None:
    softhsm.token(objects=of_persona("valid", datetime.now(UTC)))
    source, target = SAMPLES / "income-tax-return.xtx", tmp_path / "out.xtx"

    def refused(key: str, *options: str, pin: str = PIN) -> tuple[int, str]:
        run = command("sign", source, "-o", target, "--key", key, *TRUST, *PIN_SOURCE, *options, pin=pin)
        assert not target.exists()
        assert pin not in run.out + run.err
        return run.code, run.err

    assert refused("pkcs11:/no/module.so")[0] == 5
    code, told = refused("pkcs11:?pin-value=x")
    assert (code, "pin-source=file:" in told) == (2, True)
    assert refused("pkcs11:tokn=x")[0] == 2
    assert refused(KEY, pin="not-this-1")[0] == 6
    locked = front(MODULE, token_flags=TokenFlag.USER_PIN_LOCKED).path
    code, told = refused(f"pkcs11:{locked}")
    assert (code, "whoever administers the token" in told) == (7, True)
    last = front(MODULE, token_flags=TokenFlag.USER_PIN_FINAL_TRY).path
    assert refused(f"pkcs11:{last}")[0] == 7
    wrong = front(MODULE, faults=["corrupt@C_Sign"]).path
    assert refused(f"pkcs11:{wrong}")[0] == 5
    crash = front(MODULE, faults=["crash@C_Sign"]).path
    code, told = refused(f"pkcs11:{crash}")
    assert (code, "crashed" in told) == (5, True)
    plain = front(MODULE).path
    done = command("sign", source, "-o", target, "--key", f"pkcs11:{plain}", *TRUST, *PIN_SOURCE)
    assert (done.code, done.err) == (0, "")  # the control


def test_at_the_prompt(softhsm: SoftHsm, in_terminal: Callable, tmp_path: Path) -> None:
    softhsm.token("mine", objects=of_persona("valid", datetime.now(UTC)))
    sign = ("sign", SAMPLES / "income-tax-return.xtx", "-o", tmp_path / "out.xtx", "--key", KEY, *TRUST)
    terminal = in_terminal(*sign)
    terminal.wait_for_password_prompt("PIN:")
    terminal.type(f"{PIN}\n")
    assert terminal.end() == 0
    assert "Token: mine" in terminal.screen
    assert PIN not in terminal.screen
    terminal = in_terminal(*sign, "--overwrite")
    terminal.wait_for_password_prompt("PIN:")
    terminal.type("\x03")
    assert terminal.end() == 130
    assert "Traceback" not in terminal.screen
