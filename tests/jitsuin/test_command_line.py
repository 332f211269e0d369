"""The command line as people and scripts meet it: what is printed where, exit codes, JSON, PIN sources."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from jitsuin.signer.simulator import SIGNATURE_PASSWORD

COMMAND = str(Path(sysconfig.get_path("scripts"), "jitsuin"))
Jitsuin = Callable[..., object]
TRUST = ("--trust", "simulator")


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """`--pin-source` from a variable that holds the right password."""
    monkeypatch.setenv("SECRET", SIGNATURE_PASSWORD)
    return "--pin-source", "env:SECRET"


def key(folder: Path, persona: str = "valid") -> tuple[str, str]:
    return "--key", f"simulator:{folder / 'card'}?card={persona}"


def test_sign_and_verify(jitsuin, desk: Path, secret: tuple[str, str]) -> None:
    signed = jitsuin("sign", desk / "income.xtx", *key(desk), *TRUST, *secret)
    assert (signed.code, signed.err) == (0, "")
    assert "experimental, not confirmed by NTA" in signed.out
    assert "revocation was not checked" in signed.out
    verified = jitsuin("verify", desk / "income.signed.xtx", *TRUST, "--crl", desk / "card/crl")
    assert verified.code == 0
    assert "VALID" in verified.out
    assert "見本" in verified.out
    redacted = jitsuin("verify", desk / "income.signed.xtx", *TRUST, "--crl", desk / "card/crl", "--redact")
    assert "見本" not in redacted.out


def test_exit_codes_of_verify(jitsuin, desk: Path, secret: tuple[str, str]) -> None:
    jitsuin("sign", desk / "income.xtx", *key(desk), *TRUST, *secret)
    good, bad = desk / "income.signed.xtx", desk / "bad.xtx"
    bad.write_bytes(good.read_bytes().replace("見本文具店".encode(), "見本文具屋".encode()))
    (desk / "note.txt").write_text("no XML")
    crl = (*TRUST, "--crl", desk / "card/crl")
    cases = {
        (good,): 0,
        (bad,): 1,
        (desk / "income.xtx",): 1,
        (desk / "note.txt",): 4,
        (desk / "absent.xtx",): 4,
        (good, bad): 1,
        (good, desk / "note.txt"): 9,
    }
    assert {paths: jitsuin("verify", *paths, *crl).code for paths in cases} == cases
    assert jitsuin("verify", good, *TRUST).code == 3
    assert jitsuin("verify", good, good, *TRUST).code == 3
    assert jitsuin("verify", good, *TRUST, "--revocation", "warn").code == 0
    assert jitsuin("verify", good).code == 3


def test_exit_codes_of_sign(jitsuin, desk: Path, secret: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    source = desk / "income.xtx"
    (desk / "broken.xml").write_text("<a>")

    def code(*arguments: object) -> int:
        monkeypatch.setenv("SECRET", SIGNATURE_PASSWORD)
        return jitsuin("sign", *arguments, *TRUST, *secret).code

    assert code(desk / "broken.xml", *key(desk)) == 4
    assert code(source, "--key", "nonsense:") == 2
    assert code(source, "--key", "card:?timeout=0") == 2
    assert code(source, "--key", f"file:{desk / 'absent.p12'}") == 5
    assert code(source, "--key", f"simulator:{desk / 'c2'}?card=no-signature") == 5
    assert code(source, "--key", f"simulator:{desk / 'c3'}?card=expired") == 10
    assert code(source, *key(desk)) == 0
    assert code(source, *key(desk)) == 8
    assert code(source, desk / "broken.xml", *key(desk), "--overwrite") == 9
    monkeypatch.setenv("SECRET", SIGNATURE_PASSWORD)
    assert jitsuin("sign", source, *key(desk), "--overwrite", *secret).code == 10


def test_wrong_passwords_count_down_and_stop_before_the_last(
    jitsuin, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def attempt(password: str, *options: str) -> tuple[int, str]:
        monkeypatch.setenv("SECRET", password)
        run = jitsuin("sign", desk / "income.xtx", *key(desk), *TRUST, "--pin-source", "env:SECRET", *options)
        assert password not in run.out + run.err or not password
        return run.code, run.err

    assert attempt("short")[0] == 6
    assert attempt("")[0] == 6
    for left in (4, 3, 2, 1):
        code, message = attempt("WRONGONE")
        assert (code, re.search(r"tries left: (\d)", message)[1]) == (6, str(left))
    assert attempt("WRONGONE")[0] == 7
    assert attempt(SIGNATURE_PASSWORD)[0] == 7
    assert attempt(SIGNATURE_PASSWORD, "--allow-last-try")[0] == 0
    assert jitsuin("card", *key(desk), "--json").json["signature_tries_left"] == 5


def test_a_locked_card_says_where_to_go(jitsuin, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        monkeypatch.setenv("SECRET", "WRONGONE")
        jitsuin("sign", desk / "income.xtx", *key(desk), *TRUST, "--pin-source", "env:SECRET", "--allow-last-try")
    monkeypatch.setenv("SECRET", SIGNATURE_PASSWORD)
    run = jitsuin("sign", desk / "income.xtx", *key(desk), *TRUST, "--pin-source", "env:SECRET", "--allow-last-try")
    assert run.code == 7
    assert "municipal office" in run.err
    assert "municipal office" in jitsuin("card", *key(desk)).out


def test_json_is_one_object_with_the_same_facts(jitsuin, desk: Path, secret: tuple[str, str]) -> None:
    signed = jitsuin("sign", desk / "income.xtx", desk / "pension.xml", *key(desk), *TRUST, *secret, "--json").json
    assert (signed["schema_version"], signed["command"], len(signed["files"])) == (1, "sign", 2)
    assert signed["files"][0]["profile"]["confidence"] == "experimental"
    assert "not confirmed by NTA" in signed["files"][0]["profile"]["note"]
    path = desk / "income.signed.xtx"
    report = jitsuin("verify", path, *TRUST, "--crl", desk / "card/crl", "--json").json["files"][0]
    assert (report["verdict"], report["indication"], report["sub_indication"]) == ("VALID", "TOTAL_PASSED", None)
    (signature,) = report["signatures"]
    assert signature["covers"] == ["/DATA/RKO0010"]
    assert signature["revocation"]["status"] == "good"
    assert signature["certificate"]["holder"]["name"] == "見本　花子"
    hidden = jitsuin("verify", path, *TRUST, "--crl", desk / "card/crl", "--json", "--redact")
    assert "見本" not in hidden.out.replace(str(path), "")
    assert set(hidden.json["files"][0]["signatures"][0]["certificate"]) == {"kind", "issuer", "not_before", "not_after"}


def test_json_of_an_error(jitsuin, desk: Path) -> None:
    run = jitsuin("verify", desk / "absent.xtx", "--json")
    assert (run.code, run.json["files"][0]["error"]["kind"]) == (4, "InputError")


def test_quiet_prints_errors_only(jitsuin, desk: Path, secret: tuple[str, str]) -> None:
    assert jitsuin("sign", desk / "income.xtx", *key(desk), *TRUST, *secret, "--quiet").out == ""
    assert jitsuin("verify", desk / "absent.xtx", "--quiet").err != ""


def test_dry_run_touches_no_key_and_writes_nothing(jitsuin, desk: Path) -> None:
    before = sorted(desk.iterdir())
    run = jitsuin("sign", desk / "income.xtx", desk / "pension.xml", "--dry-run")
    assert (run.code, sorted(desk.iterdir())) == (0, before)
    assert "etax" in run.out
    (desk / "broken.xml").write_text("<a>")
    assert jitsuin("sign", desk / "broken.xml", "--dry-run").code == 4
    rows = jitsuin("sign", desk / "income.xtx", desk / "broken.xml", "--dry-run", "--json").json["files"]
    assert ["error" in row for row in rows] == [False, True]


def test_output_names(jitsuin, desk: Path, secret: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    (desk / "out").mkdir()
    assert jitsuin("sign", desk / "income.xtx", *key(desk), *TRUST, *secret, "--output-dir", desk / "out").code == 0
    assert (desk / "out/income.signed.xtx").exists()
    monkeypatch.setenv("SECRET", SIGNATURE_PASSWORD)
    assert jitsuin("sign", desk / "income.xtx", *key(desk), *TRUST, *secret, "-o", desk / "named").code == 0
    assert (desk / "named").exists()
    assert jitsuin("sign", desk / "income.xtx", desk / "pension.xml", *key(desk), "-o", desk / "x").code == 2
    assert jitsuin("sign", desk / "income.xtx", *key(desk), "-o", desk / "x", "--output-dir", desk).code == 2


@pytest.mark.parametrize("source", ["argument", "env:", "env:NOT_SET", "fd:x", "prompt:x", SIGNATURE_PASSWORD])
def test_pin_sources_that_are_none(source: str, jitsuin, desk: Path) -> None:
    assert jitsuin("sign", desk / "income.xtx", *key(desk), *TRUST, "--pin-source", source).code == 2


def run(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    call = [COMMAND, *map(str, arguments)]
    return subprocess.run(call, capture_output=True, text=True, timeout=60, check=False, **options)  # type: ignore[call-overload]


def test_pin_from_stdin_and_descriptor(desk: Path) -> None:
    base = ("sign", desk / "income.xtx", *key(desk), *TRUST, "--overwrite", "--pin-source")
    assert run(*base, "stdin", input=SIGNATURE_PASSWORD + "\r\n").returncode == 0
    assert run(*base, "stdin", input="").returncode == 6
    reading, writing = os.pipe()
    os.write(writing, SIGNATURE_PASSWORD.encode())
    os.close(writing)
    assert run(*base, f"fd:{reading}", pass_fds=[reading]).returncode == 0
    os.close(reading)


def test_a_password_in_another_encoding_is_not_sent(desk: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, "実印".encode("cp932"))
    os.close(writing)
    base = ("sign", desk / "income.xtx", *key(desk), *TRUST, "--pin-source")
    done = run(*base, f"fd:{reading}", pass_fds=[reading])
    os.close(reading)
    assert done.returncode == 6
    assert "UTF-8" in done.stderr


def test_without_a_terminal_nobody_is_asked(desk: Path) -> None:
    done = run("sign", desk / "income.xtx", *key(desk), *TRUST, stdin=subprocess.DEVNULL)
    assert done.returncode == 6
    assert not (desk / "income.signed.xtx").exists()


def test_the_prompt_tells_what_will_happen_and_hides_the_password(in_terminal, desk: Path) -> None:
    terminal = in_terminal("sign", desk / "income.xtx", *key(desk), *TRUST)
    terminal.wait_for_password_prompt()
    for words in ("income.xtx", "name, address, date of birth and sex", "Tries left: 5"):
        assert words in terminal.screen
    terminal.type(SIGNATURE_PASSWORD.lower() + "\n")
    assert terminal.end() == 0
    assert SIGNATURE_PASSWORD.lower() not in terminal.screen
    assert "taken as capitals" in terminal.screen
    assert (desk / "income.signed.xtx").exists()


@pytest.mark.parametrize("stop", ["\x03", "\x04"])
def test_giving_up_at_the_prompt_costs_nothing(stop: str, in_terminal, desk: Path, jitsuin) -> None:
    terminal = in_terminal("sign", desk / "income.xtx", *key(desk), *TRUST)
    terminal.wait_for_password_prompt()
    terminal.type(stop)
    assert terminal.end() in (130, 6)
    assert "Traceback" not in terminal.screen
    assert not (desk / "income.signed.xtx").exists()
    assert jitsuin("card", *key(desk), "--json").json["signature_tries_left"] == 5


def test_sigterm_at_the_prompt_leaves_nothing(in_terminal, desk: Path) -> None:
    terminal = in_terminal("sign", desk / "income.xtx", *key(desk), *TRUST)
    terminal.wait_for_password_prompt()
    terminal.process.terminate()
    assert terminal.end() == 143
    assert not (desk / "income.signed.xtx").exists()


def test_a_closed_pipe_ends_quietly() -> None:
    process = subprocess.Popen([COMMAND, "profiles"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.close()
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (141, "")


def test_japanese(desk: Path) -> None:
    environment = os.environ | {"JITSUIN_LANG": "ja"}
    assert "署名" in run("sign", "--help", env=environment).stdout
    failed = run("verify", desk / "absent.xtx", env=environment)
    assert "ファイルがありません" in failed.stderr
    assert "署名がありません" in run("verify", desk / "income.xtx", env=environment).stdout


def test_profiles_and_trust_list(jitsuin) -> None:
    rows = {row["name"]: row for row in jitsuin("profiles", "--json").json["profiles"]}
    assert rows["etax"]["confidence"] == "experimental"
    assert "not confirmed by NTA" in jitsuin("profiles").out
    anchors = jitsuin("trust", "list", "--json").json["anchors"]
    assert [anchor["state"] for anchor in anchors] == ["not seen"] * 3
    assert "JPKI signature CA 03 (2023)" in jitsuin("trust", "list").out


def test_trust_import_takes_only_pinned_certificates_unless_forced(
    jitsuin, desk: Path, secret: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    jitsuin("sign", desk / "income.xtx", *key(desk), *TRUST, *secret)
    pem = desk / "simulator.pem"
    cas = sorted((desk / "card/ca").glob("*.cer"))
    pem.write_bytes(next(c for c in cas if "sign-ca-03" in c.name).read_bytes())
    assert jitsuin("trust", "import", pem).code == 2
    assert jitsuin("verify", desk / "income.signed.xtx", "--revocation", "off").code == 3
    assert jitsuin("trust", "import", pem, "--force").code == 0
    assert jitsuin("verify", desk / "income.signed.xtx", "--revocation", "off").code == 0
    assert [a["state"] for a in jitsuin("trust", "list", "--json").json["anchors"]].count("own") == 1
    assert jitsuin("trust", "import", desk / "income.xtx").code == 2


def test_demo_needs_a_folder_of_its_own_and_can_be_repeated(jitsuin, desk: Path) -> None:
    assert jitsuin("demo", desk).code == 8
    for _ in range(2):
        shown = jitsuin("demo", desk / "demo")
        verdicts = re.findall(r"\b(?:IN)?VALID\b", shown.out)
        assert (shown.code, verdicts) == (0, ["VALID"] * 5 + ["INVALID"] * 2)


def test_configuration_is_below_environment_and_flags(
    jitsuin, desk: Path, home: Path, secret: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = desk / "config.toml"
    monkeypatch.setenv("JITSUIN_CONFIG", str(file))
    file.write_text(f'[sign]\nkey = "simulator:{desk / "card"}"\ntrust = ["simulator"]\n[verify]\nrevocation = "off"\n')
    assert jitsuin("sign", desk / "income.xtx", *secret).code == 0
    assert jitsuin("verify", desk / "income.signed.xtx", *TRUST).code == 0
    assert jitsuin("verify", desk / "income.signed.xtx", *TRUST, "--revocation", "require").code == 3
    monkeypatch.setenv("JITSUIN_KEY", "nonsense:")
    monkeypatch.setenv("SECRET", SIGNATURE_PASSWORD)
    assert jitsuin("sign", desk / "income.xtx", *secret, "--overwrite").code == 2
    for text in (
        "[sign]\nallow-last-try = true",
        "[sign]\noverwrite = true",
        "[verify]\njson = true",
        "[verify]\ntrust = [3]",
        "[sign]\nprofile = {a = 1}",
        "[sign]\npin = '1'",
        "[sign]\nkeyy = 'x'",
        "[sing]\n",
        "not toml",
        "[sign]\npin-source='x'\npassword='y'",
    ):
        file.write_text(text)
        assert jitsuin("verify", desk / "income.signed.xtx").code == 2, text


def test_configuration_keys_are_the_long_options(
    jitsuin, desk: Path, secret: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = desk / "config.toml"
    jitsuin("sign", desk / "income.xtx", *key(desk), *TRUST, *secret)
    monkeypatch.setenv("JITSUIN_CONFIG", str(file))
    assert jitsuin("profiles").code == 2  # it was named, and is not there
    file.write_text(f'[verify]\ncrl = "{desk / "card/crl"}"\ntrust = "simulator"\n')
    run = jitsuin("verify", desk / "income.signed.xtx", "--json")
    assert (run.code, run.json["files"][0]["verdict"]) == (0, "VALID")


def test_an_anchor_or_crl_that_is_none_is_said_once(jitsuin, desk: Path) -> None:
    for option in ("--trust", "--crl"):
        run = jitsuin("verify", desk / "income.xtx", desk / "pension.xml", option, desk / "absent")
        assert (run.code, len(run.err.splitlines()), run.out) == (2, 1, "")
    assert jitsuin("sign", desk / "income.xtx", desk / "pension.xml", "--dry-run", "--profile", "x").err.count("x") < 9


def test_a_usage_error_is_json_where_json_was_asked_for(desk: Path) -> None:
    done = run("sign", desk / "income.xtx", "--json", "--field", stdin=subprocess.DEVNULL)
    assert (done.returncode, json.loads(done.stdout)["exit_code"]) == (2, 2)


def test_an_output_folder_is_made(jitsuin, desk: Path, secret: tuple[str, str]) -> None:
    folder = desk / "new" / "folder"
    assert jitsuin("sign", desk / "income.xtx", "--dry-run", "--output-dir", folder).code == 0
    assert not folder.exists()
    assert jitsuin("sign", desk / "income.xtx", *key(desk), *TRUST, *secret, "--output-dir", folder).code == 0
    assert (folder / "income.signed.xtx").exists()


def test_text_of_a_document_cannot_drive_the_terminal(jitsuin, desk: Path) -> None:
    evil = desk / "evil.xml"
    evil.write_text('<a id="x\u202e\u009b31m"><b ID="x\u202e\u009b31m"/></a>', encoding="utf-8")
    shown = jitsuin("verify", evil)
    assert shown.code == 1
    assert "\u202e" not in shown.out
    assert "\u009b" not in shown.out


def test_an_unexpected_error_has_a_sentence_and_no_traceback(
    jitsuin, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jitsuin.verification.open_document", lambda path: 1 / 0)
    failed = jitsuin("verify", desk / "income.xtx")
    assert (failed.code, "Traceback" in failed.err) == (70, False)
    assert "report" in failed.err


def test_readable_json_even_when_python_prints_ascii(desk: Path) -> None:
    environment = os.environ | {"PYTHONIOENCODING": "utf-8"}
    done = run("profiles", "--json", env=environment | {"JITSUIN_LANG": "ja"})
    assert json.loads(done.stdout)["profiles"][0]["name"] == "etax"


def test_module_can_be_used_without_a_terminal_at_all(at: datetime) -> None:
    call = [sys.executable, "-c", "import jitsuin; print(jitsuin.__all__)"]
    assert subprocess.run(call, capture_output=True, check=True, stdin=subprocess.DEVNULL).returncode == 0


def test_one_document_does_not_silence_the_others(
    jitsuin, desk: Path, secret: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that nobody foresaw, a document of another form: the rest is reported."""
    jitsuin("sign", desk / "income.xtx", *key(desk), *TRUST, *secret)
    good, other = desk / "income.signed.xtx", desk / "other.xml"
    other.write_text("<a/>")
    options = (*TRUST, "--crl", desk / "card/crl", "--json")
    rows = jitsuin("verify", other, good, *options, "--profile", "etax").json["files"]
    assert [(row["verdict"], row["reason"]) for row in rows] == [("INVALID", "wrong-format"), ("VALID", "passed")]
    monkeypatch.setattr("jitsuin.verification.open_broker", lambda *_: 1 / 0)
    run = jitsuin("verify", good, "--json")
    assert (run.code, run.json["files"][0]["error"]["kind"]) == (70, "ZeroDivisionError")


def test_nothing_that_the_run_reads_is_overwritten(jitsuin, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["data.csv", "ca.pem", "list.crl", "id.p12"]
    jitsuin("card", *key(desk))
    (desk / "data.csv").write_text("1")
    (desk / "ca.pem").write_bytes(next((desk / "card/ca").glob("*03*.cer")).read_bytes())
    (desk / "list.crl").write_bytes(next((desk / "card/crl").glob("*.crl")).read_bytes())
    (desk / "id.p12").write_bytes(b"a key")
    before = {name: (desk / name).read_bytes() for name in names}
    reading = ("--file", desk / "data.csv", "--trust", desk / "ca.pem", "--crl", desk / "list.crl")
    for name in names:
        arguments = ("sign", desk / "pension.xml", "--profile", "xmldsig", *reading, "--key", f"file:{desk / 'id.p12'}")
        run = jitsuin(*arguments, "-o", desk / name, "--overwrite", "--dry-run")
        assert (run.code, "never overwritten" in run.err) == (8, True), name
    control = jitsuin("sign", desk / "pension.xml", "--profile", "xmldsig", *reading, "-o", desk / "new", "--dry-run")
    assert control.code == 0
    assert {name: (desk / name).read_bytes() for name in names} == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", "x" * 300),
        ("sign", "y" * 250 + ".xml", "--dry-run"),
        ("verify", "income.xtx", "--at", "0001-01-01"),
        ("verify", "income.xtx", "--at", "9999-12-31T23:59-12:00"),
        ("sign", "a/x.xml", "--file", "f/x.csv", "--file", "g/x.csv", "--dry-run"),
    ],
)
def test_odd_arguments_are_no_fault_of_ours(
    arguments: tuple[str, ...], jitsuin, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(desk)
    (desk / ("y" * 250 + ".xml")).write_text("<a/>")
    for folder in ("a", "f", "g"):
        (desk / folder).mkdir()
        (desk / folder / "x.csv").write_text(folder)
    (desk / "a" / "x.xml").write_text("<a/>")
    assert jitsuin(*arguments).code in (2, 4, 8)


def test_a_demo_folder_with_links_is_refused(jitsuin, desk: Path) -> None:
    (desk / "demo").mkdir()
    (desk / "demo" / ".jitsuin-demo").touch()
    (desk / "demo" / "income-tax-return.xtx").symlink_to(desk / "income.xtx")
    before = (desk / "income.xtx").read_bytes()
    assert jitsuin("demo", desk / "demo").code == 8
    assert (desk / "income.xtx").read_bytes() == before


def test_a_password_that_is_no_text(desk: Path) -> None:
    call = [COMMAND, "sign", desk / "income.xtx", *key(desk), *TRUST, "--pin-source", "stdin"]
    done = subprocess.run(call, input=b"\xff\xfe\n", capture_output=True, timeout=60, check=False)
    assert (done.returncode, b"Traceback" in done.stderr) == (6, False)


WHILE_A_CLASS_IS_MADE = """
import os, signal, sys
from jitsuin import cli

class Attribute:
    def __set_name__(self, owner, name):
        os.kill(os.getpid(), getattr(signal, sys.argv[1])) if sys.argv[1] != "none" else 1 / 0

cli.cli.main = lambda **_: type("Made", (), {"attribute": Attribute()})
cli.main([])
"""


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 143), ("none", 70)])
def test_a_signal_while_a_class_is_made_ends_as_at_any_other_time(name: str, code: int) -> None:
    """As in the imports of a command: until Python 3.12 a RuntimeError comes of it. The control is a real error."""
    done = subprocess.run(
        [sys.executable, "-c", WHILE_A_CLASS_IS_MADE, name], capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
