"""Folders on the command line: what is asked and shown, JSON Lines, exit codes, and the command to resume."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from folders import fill, outputs, placed, small_pdf, small_xml
from jitsuin.batch_telling import resume_command
from jitsuin.signer.simulator import SIGNATURE_PASSWORD

COMMAND = str(Path(sysconfig.get_path("scripts"), "jitsuin"))
TRUST = ("--trust", "simulator")


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """`--pin-source` from a variable that holds the right password."""
    monkeypatch.setenv("SECRET", SIGNATURE_PASSWORD)
    return "--pin-source", "env:SECRET"


@pytest.fixture
def sign(jitsuin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., object]:
    """`jitsuin sign` of these arguments, into `out`."""
    fill(tmp_path / "in", 6)
    key = ("--key", f"simulator:{tmp_path / 'card'}", *TRUST, "--pin-source", "env:SECRET")

    def run(*arguments: object, pin: str = SIGNATURE_PASSWORD) -> object:
        monkeypatch.setenv("SECRET", pin)
        return jitsuin("sign", *arguments, "--output-dir", tmp_path / "out", *key)

    return run


def lines(run) -> list[dict[str, object]]:
    return [json.loads(line) for line in run.out.splitlines()]


def test_a_folder(sign, jitsuin, tmp_path: Path) -> None:
    run = sign(tmp_path / "in", "--recursive", "--yes")
    assert run.code == 0
    assert "your name, address, date of birth and sex" in run.err
    assert "To be signed: 6" in run.err
    assert "sub/d0005.pdf → " in run.out
    assert run.out.endswith("signed 6\n")
    verified = jitsuin("verify", tmp_path / "out", "--recursive", *TRUST, "--revocation", "warn")
    assert (verified.code, verified.out.splitlines()[-1]) == (0, "verified 6, VALID 6")
    assert jitsuin("verify", tmp_path / "out", "--recursive", *TRUST).code == 3
    assert jitsuin("verify", "--journal", tmp_path / "out", *TRUST, "--revocation", "warn").code == 0


def test_without_a_terminal_a_folder_needs_a_yes(sign, tmp_path: Path) -> None:
    assert sign(tmp_path / "in").code == 2
    assert not (tmp_path / "out").exists()
    # Who names the files has said what to sign.
    assert sign(tmp_path / "in/n0000.xml", tmp_path / "in/d0001.pdf").code == 0


def test_some_that_fail(sign, tmp_path: Path) -> None:
    (tmp_path / "in/broken.pdf").write_bytes(small_pdf()[:-20])
    (tmp_path / "in/link.pdf").symlink_to("/etc/hostname")
    run = sign(tmp_path / "in", "--yes", "--quiet")
    assert (run.code, run.out) == (9, "")
    assert "broken.pdf: the document is malformed" in run.err
    assert len(outputs(tmp_path / "out")) == 4
    strict = sign(tmp_path / "in", "--yes", "--strict", "--resume")
    assert (strict.code, "1 of the files cannot be" in strict.err) == (9, True)
    assert "To go on" not in strict.err, "that would come to the same"


def test_an_empty_file_is_called_so(sign, tmp_path: Path) -> None:
    (tmp_path / "in/none.pdf").touch()
    assert "none.pdf: the file is empty" in sign(tmp_path / "in", "--yes", "--quiet").err


def test_folders_without_files(sign, tmp_path: Path) -> None:
    (tmp_path / "empty/below").mkdir(parents=True)
    assert "--recursive looks into its folders" in sign(tmp_path / "empty", "--yes").err
    deep = sign(tmp_path / "empty", "--yes", "--recursive")
    assert (deep.code, "nor in the folders below" in deep.err) == (4, True)


def test_a_file_in_the_place_of_the_output_folder(sign, jitsuin, tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"mine")
    for refused in (sign(tmp_path / "in", "--yes"), jitsuin("verify", "--journal", tmp_path / "out", *TRUST)):
        assert (refused.code, f"{tmp_path / 'out'} is a file" in refused.err) == (4, True)
    assert (tmp_path / "out").read_bytes() == b"mine"


def test_what_the_journal_says_not_to_be_signed(sign, jitsuin, tmp_path: Path) -> None:
    (tmp_path / "in/broken.pdf").write_bytes(small_pdf()[:-20])
    sign(tmp_path / "in", "--yes")
    told = jitsuin("verify", "--journal", tmp_path / "out", *TRUST, "--revocation", "warn").err
    assert "broken.pdf: was not signed" in told
    assert "--resume tries it again" in told


def test_json_lines(sign, jitsuin, tmp_path: Path) -> None:
    (tmp_path / "in/broken.pdf").write_bytes(small_pdf()[:-20])
    name = os.fsdecode(b"\xff\n.xml")
    (tmp_path / "in" / name).write_bytes(small_xml())
    *files, summary = lines(sign(tmp_path / "in", "--recursive", "--yes", "--json"))
    assert [line["name"] for line in files] == sorted(line["name"] for line in files)
    assert {line["state"] for line in files} == {"signed", "failed"}
    assert {line["schema_version"] for line in [*files, summary]} == {1}
    broken, odd = (next(line for line in files if line["name"] == one) for one in ("broken.pdf", name))
    assert broken["error"]["kind"] == "MalformedDocumentError"  # type: ignore[index]
    assert (odd["verdict"], odd["profile"]) == ("VALID", "xmldsig")
    assert (summary["type"], summary["counts"], summary["exit_code"]) == ("summary", {"signed": 7, "failed": 1}, 9)
    *verified, total = lines(jitsuin("verify", tmp_path / "out", *TRUST, "--revocation", "warn", "--json"))
    assert {line["verdict"] for line in verified} == {"VALID"}
    assert all(line["signatures"] for line in verified)
    assert total["counts"] == {"verified": 5}


def test_one_file_is_one_object_as_ever(jitsuin, sign, tmp_path: Path) -> None:
    run = sign(tmp_path / "in/n0000.xml", "--json")
    (file,) = run.json["files"]
    assert set(run.json) == {"schema_version", "command", "files"}
    assert file["target"] == str(tmp_path / "out/n0000.signed.xml")
    assert not (tmp_path / "out/.jitsuin-journal.jsonl").exists()


def test_a_dry_run(jitsuin, sign, tmp_path: Path) -> None:
    run = sign(tmp_path / "in", "--dry-run")
    assert (run.code, "To be signed: 4" in run.err) == (0, True)
    assert not (tmp_path / "out").exists()
    (tmp_path / "in/note.txt").write_text("no document")
    dry = sign(tmp_path / "in", "--dry-run", "--json")
    assert (dry.code, dry.json["profiles"], len(dry.json["files"])) == (9, {"pades-b-b": 2, "xmldsig": 2}, 1)


@pytest.mark.parametrize(
    "arguments", [["in", "-o", "x"], ["in"], ["in/*.pdf"], ["in/n0000.xml", "--resume"], ["none/*.pdf"], ["empty"]]
)
def test_what_makes_no_batch(jitsuin, sign, tmp_path: Path, arguments: list[str], monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    output = ("--output-dir", "out2") if arguments[0] in ("none/*.pdf", "empty") else ()
    run = jitsuin("sign", *arguments, *output, "--yes", *TRUST, "--key", "simulator:card", "--pin-source", "stdin")
    assert run.code == (4 if output else 2)
    assert not (tmp_path / "out2").exists()


def test_a_wrong_pin_is_told_with_the_command_to_resume(sign, tmp_path: Path) -> None:
    run = sign(tmp_path / "in", "--yes", pin="WRONG1")
    assert run.code == 6
    assert "tries left: 4" in run.err
    (again,) = (line.partition(": ")[2] for line in run.err.splitlines() if line.startswith("To go on: "))
    assert shlex.split(again)[:3] == ["jitsuin", "sign", str(tmp_path / "in")]
    assert shlex.split(again)[-1] == "--resume"
    assert sign(*shlex.split(again)[2:4], "--resume").code == 0


def test_the_command_to_resume_survives_a_shell() -> None:
    arguments = ["sign", "a b", "line\nbreak", "it's", os.fsdecode(b"\xff\x1b[31m"), "申告 書", "$(rm)", "-x"]
    script = resume_command(arguments).replace("jitsuin", "printf '%s\\0'", 1)
    said = subprocess.run(["bash", "-c", script], capture_output=True, check=True).stdout
    assert said.split(b"\0")[:-1] == [os.fsencode(one) for one in [*arguments, "--resume"]]
    assert "\n" not in resume_command(arguments)
    assert resume_command(["sign", "x", "--resume"]) == "jitsuin sign x --resume"


def test_rules_of_the_configuration(sign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configuration = tmp_path / "config.toml"
    monkeypatch.setenv("JITSUIN_CONFIG", str(configuration))
    configuration.write_text('[[batch.rules]]\npattern = "*1.pdf"\nprofile = "moj-pdf"\n')
    *files, _ = lines(sign(tmp_path / "in", "--yes", "--json"))
    assert {line["name"]: line["profile"] for line in files if line["name"].endswith(".pdf")} == {  # type: ignore[attr-defined]
        "d0001.pdf": "moj-pdf",
        "d0003.pdf": "pades-b-b",
    }
    for wrong in ("[batch]\nx = 1", "[[batch.rules]]\npattern = 1\nprofile = 'x'", "batch = 1", "[batch.rules]\n"):
        configuration.write_text(wrong)
        assert sign(tmp_path / "in", "--yes").code == 2
    configuration.write_text('[[batch.rules]]\npattern = "*"\nprofile = "nonsense"\n')
    run = sign(tmp_path / "in", "--yes")
    assert (run.code, str(configuration) in run.err, "nonsense" in run.err) == (2, True, True)


def test_a_second_run_meanwhile_is_refused(sign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from jitsuin import journal

    monkeypatch.setattr(journal, "_PATIENCE", 0)
    (tmp_path / "out").mkdir()
    with journal.journal_of(tmp_path / "out"):
        run = sign(tmp_path / "in", "--yes")
    assert (run.code, "another run" in run.err) == (8, True)
    assert sign(tmp_path / "in", "--yes").code == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_cleanly_and_the_rest_can_be_had(
    sign, jitsuin, tmp_path: Path, monkeypatch, number: signal.Signals
) -> None:
    for more in range(100, 160):
        (tmp_path / f"in/n{more}.xml").write_bytes(small_xml(str(more)))
    call = [COMMAND, "sign", "in", "--recursive", "--yes", "--output-dir", "out", "--key", "simulator:card", *TRUST]
    environment = {**os.environ, "SECRET": SIGNATURE_PASSWORD}
    process = subprocess.Popen(
        [*call, "--pin-source", "env:SECRET", "--json"], cwd=tmp_path, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    while len(placed(tmp_path / "out")) < 5 and process.poll() is None:
        time.sleep(0.005)
    os.killpg(process.pid, number)  # as Ctrl-C in a terminal does: to the workers, too
    out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    *files, summary = map(json.loads, out.splitlines())
    signed = {line["name"] for line in files if line["state"] == "signed"}
    assert {line["state"] for line in files} == {"signed", "not-attempted"}
    assert len(outputs(tmp_path / "out")) == len(signed) >= 5
    assert shlex.split(summary["resume"])[-1] == "--resume"
    assert "To go on: " in err
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SECRET", SIGNATURE_PASSWORD)
    assert jitsuin(*shlex.split(summary["resume"])[1:]).code == 0
    assert len(outputs(tmp_path / "out")) == 66
    assert jitsuin("verify", "--journal", "out", *TRUST, "--revocation", "warn", "--quiet").code == 0


def test_a_verification_that_was_stopped_says_so(tmp_path: Path) -> None:
    (tmp_path / "many").mkdir()
    for number in range(2000):
        (tmp_path / f"many/n{number:04}.xml").write_bytes(small_xml(str(number)))
    process = subprocess.Popen(
        [COMMAND, "verify", "many", "--jobs", "1"], cwd=tmp_path, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err.strip()) == (130, "stopped; not all files were verified")
    assert "not attempted" in out.splitlines()[-1]


def test_a_person_at_a_terminal(in_terminal, tmp_path: Path) -> None:
    fill(tmp_path / "in", 3)
    key = ("--key", f"simulator:{tmp_path / 'card'}", *TRUST)
    terminal = in_terminal("sign", tmp_path / "in", "--output-dir", tmp_path / "out", *key)
    terminal.wait_for_password_prompt()
    assert "To be signed: 2" in terminal.screen
    assert terminal.screen.count("date of birth") == 1, "what is disclosed is said once"
    terminal.type(SIGNATURE_PASSWORD + "\n")
    assert terminal.end() == 0
    assert len(outputs(tmp_path / "out")) == 2
    terminal = in_terminal("sign", tmp_path / "in", "--output-dir", tmp_path / "out2", *key)
    terminal.wait_for_password_prompt()
    terminal.type("\x03")
    assert terminal.end() == 130
    assert outputs(tmp_path / "out2") == {}
