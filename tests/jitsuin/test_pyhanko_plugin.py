"""The real `pyhanko` command with our keys, and what of its plugin interface we rely on."""

from __future__ import annotations

import dataclasses
import inspect
import io
import json
import os
import re
import subprocess
import sysconfig
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from importlib.metadata import entry_points, requires, version
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from packaging.requirements import Requirement
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, Signer

import jitsuin
from jitsuin.pyhanko_signer import JitsuinSigner
from jitsuin.samples.pdf_documents import employment_certificate
from jitsuin.signer.jpki import Ef
from jitsuin.signer.simulator import PERSONAS, SIGNATURE_PASSWORD, anchors, create_card
from jitsuin.signer.simulator.pki import private_key, signature_certificate
from terminal import Terminal

PYHANKO = str(Path(sysconfig.get_path("scripts"), "pyhanko"))
NOW = datetime.now(UTC)
"""The command knows no other time."""
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where pyHanko runs: a sample PDF and a card."""
    (tmp_path / "in.pdf").write_bytes(employment_certificate())
    create_card(tmp_path / "card", "valid", NOW)
    return tmp_path


@pytest.fixture
def pyhanko(folder: Path) -> Run:
    """`pyhanko sign addsig`, in the folder."""

    def run(*arguments: str, pin: str = SIGNATURE_PASSWORD, **environment: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "PIN": pin, "JITSUIN_LANG": "en", **environment}
        call = [PYHANKO, "sign", "addsig", *arguments]
        return subprocess.run(
            call, cwd=folder, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
        )

    return run


def jpki(source: str = "in.pdf", target: str = "out.pdf", key: str = "simulator:card", *more: str) -> list[str]:
    return ["jpki", "--key", key, "--pin-source", "env:PIN", *more, source, target]


TRUST = ("--trust", "simulator")


def tries_left(folder: Path) -> int:
    state = json.loads((folder / "card" / "card.json").read_bytes())
    return int(state["pins"][f"{Ef.SIGNATURE_PIN:04X}"]["tries_left"])


def failed(done: subprocess.CompletedProcess[str], status: int, sentence: str) -> None:
    assert (done.returncode, "Traceback" in done.stderr) == (status, False), done.stderr
    assert done.stderr.startswith(("Error: ", "Usage: ")), done.stderr
    assert sentence in done.stderr


# Signing


@pytest.mark.parametrize("options", [[], ["--use-pades"]])
def test_signs_what_everybody_accepts(options: list[str], folder: Path, pyhanko: Run, pdf_judges) -> None:
    done = pyhanko("--field", "Seal", *options, *jpki(target="out.pdf"), *TRUST)
    assert (done.returncode, done.stderr) == (0, "")
    pdf_judges.accept(folder / "out.pdf", ["Seal"], at=NOW + timedelta(minutes=5))
    assert tries_left(folder) == 5


def test_signs_with_the_next_card(folder: Path, pyhanko: Run, pdf_judges) -> None:
    done = pyhanko("--field", "Seal", *jpki(key="simulator:next?card=p384"), *TRUST)
    assert (done.returncode, done.stderr) == (0, "")
    results = pdf_judges.accept(folder / "out.pdf", ["Seal"], at=NOW + timedelta(minutes=5))
    assert results["pdfsig"].signatures[0].hash == "sha384"


def test_signs_with_a_file_and_embeds_the_chain_that_is_trusted(folder: Path, pyhanko: Run, pdf_judges) -> None:
    certificate = signature_certificate(PERSONAS["valid"], NOW)
    content = pkcs12.serialize_key_and_certificates(
        None, private_key("valid"), certificate, None, BestAvailableEncryption(b"secret")
    )
    (folder / "id.p12").write_bytes(content)
    (folder / "ca.pem").write_bytes(anchors()[2].public_bytes(Encoding.PEM))
    done = pyhanko("--field", "Seal", *jpki(key="file:id.p12"), "--trust", "ca.pem", pin="secret")
    assert (done.returncode, done.stderr) == (0, "")
    pdf_judges.accept(folder / "out.pdf", ["Seal"], at=NOW + timedelta(minutes=5))


def test_signs_anything_detached(folder: Path, pyhanko: Run, openssl) -> None:
    (folder / "letter.txt").write_text("a letter")
    done = pyhanko("--detach-pem", *jpki("letter.txt", "letter.p7s"), *TRUST)
    assert (done.returncode, done.stderr) == (0, "")
    (folder / "ca.pem").write_bytes(anchors()[2].public_bytes(Encoding.PEM))
    verify = ["cms", "-verify", "-binary", "-inform", "PEM", "-in", folder / "letter.p7s", "-purpose", "any"]
    verify += ["-CAfile", folder / "ca.pem", "-content"]
    assert openssl.run(*verify, folder / "letter.txt").returncode == 0
    assert openssl.run(*verify, folder / "in.pdf").returncode != 0


@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        ({"trust": "simulator"}, 0),
        ({"trust": ["simulator"]}, 0),
        ({"trust": "simulator", "allow-last-try": True}, 0),
        ({"trust": "no such file"}, 2),
        ({"pin": SIGNATURE_PASSWORD}, 1),  # pyHanko's own: no such parameter
    ],
)
def test_an_identity(parameters: Mapping[str, object], status: int, folder: Path, pyhanko: Run, pdf_judges) -> None:
    stored = {"key": "simulator:card", "pin-source": "env:PIN", **parameters}
    # JSON is YAML
    (folder / "pyhanko.yml").write_text(json.dumps({"identities": {"me": {"plugin": "jpki", "parameters": stored}}}))
    done = pyhanko("--field", "Seal", "identity", "me", "in.pdf", "out.pdf")
    assert done.returncode == status, done.stderr
    if status:
        failed(done, status, "no such file" if "trust" in parameters else "'pin'")
    else:
        assert done.stderr == ""
        pdf_judges.accept(folder / "out.pdf", ["Seal"], at=NOW + timedelta(minutes=5))


def test_a_person_at_a_terminal_is_asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("terminal.COMMAND", PYHANKO)
    monkeypatch.setenv("JITSUIN_LANG", "en")
    monkeypatch.chdir(folder)
    terminal = Terminal("sign", "addsig", "--field", "Seal", "jpki", "--key", "simulator:card", "in.pdf", "out.pdf")
    terminal.wait_for_password_prompt()
    assert "To be signed: in.pdf" in terminal.screen
    assert "name, address, date of birth and sex" in terminal.screen
    assert "Tries left: 5" in terminal.screen
    terminal.type(SIGNATURE_PASSWORD.lower() + "\n")
    assert terminal.end() == 0
    assert SIGNATURE_PASSWORD.lower() not in terminal.screen
    assert "taken as capitals" in terminal.screen
    assert (folder / "out.pdf").exists()


def test_giving_up_at_the_prompt(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("terminal.COMMAND", PYHANKO)
    monkeypatch.chdir(folder)
    terminal = Terminal("sign", "addsig", "--field", "Seal", "jpki", "--key", "simulator:card", "in.pdf", "out.pdf")
    terminal.wait_for_password_prompt()
    terminal.type("\x03")
    assert terminal.end() == 1
    assert "Traceback" not in terminal.screen
    assert (tries_left(folder), (folder / "out.pdf").exists()) == (5, False)


def test_what_a_receiver_would_not_take_is_said(folder: Path, pyhanko: Run) -> None:
    expired = pyhanko("--field", "Seal", *jpki(key="simulator:old?card=expired"), *TRUST)
    assert expired.returncode == 0
    assert re.search(r"^Warning: .*expired", expired.stderr), expired.stderr
    unknown = pyhanko("--field", "Seal", *jpki())
    assert unknown.returncode == 0
    assert re.search(r"^Warning: .*trusted CA", unknown.stderr), unknown.stderr
    assert pyhanko("--field", "Seal", *jpki(), *TRUST).stderr == ""


# Errors


def test_a_wrong_pin(folder: Path, pyhanko: Run) -> None:
    failed(pyhanko("--field", "Seal", *jpki(), pin="WRONG123"), 6, "tries left: 4")
    assert (tries_left(folder), (folder / "out.pdf").exists()) == (4, False)
    assert pyhanko("--field", "Seal", *jpki()).returncode == 0
    assert tries_left(folder) == 5


def test_errors_are_japanese_where_the_person_is(pyhanko: Run) -> None:
    done = pyhanko("--field", "Seal", *jpki(), pin="WRONG123", JITSUIN_LANG="ja")
    failed(done, 6, "パスワード")


@pytest.mark.parametrize(
    ("key", "status", "sentence"),
    [
        ("nonsense", 2, "nonsense"),
        ("simulator:card?card=second", 5, "another simulated card"),
        ("file:absent.p12", 5, "absent.p12"),
    ],
)
def test_keys_that_are_none(key: str, status: int, sentence: str, folder: Path, pyhanko: Run) -> None:
    failed(pyhanko("--field", "Seal", *jpki(key=key)), status, sentence)
    assert not (folder / "out.pdf").exists()
    assert pyhanko("--field", "Seal", *jpki()).returncode == 0


def test_pin_sources_that_are_none(pyhanko: Run) -> None:
    call = ["--field", "Seal", "jpki", "--key", "simulator:card", "--pin-source"]
    failed(pyhanko(*call, "env:NO_SUCH", "in.pdf", "out.pdf"), 2, "NO_SUCH")
    failed(pyhanko(*call, "argument", "in.pdf", "out.pdf"), 2, "fd:N")
    failed(pyhanko(*call, "prompt", "in.pdf", "out.pdf"), 6, "no password was given")
    assert pyhanko(*call, "env:PIN", "in.pdf", "out.pdf").returncode == 0


def test_the_last_try_is_kept(folder: Path, pyhanko: Run) -> None:
    for left in (4, 3, 2, 1):
        pyhanko("--field", "Seal", *jpki(), pin="WRONG123")
        assert tries_left(folder) == left
    failed(pyhanko("--field", "Seal", *jpki()), 7, "--allow-last-try")
    stored = {"key": "simulator:card", "pin-source": "env:PIN", "allow-last-try": "no"}
    (folder / "pyhanko.yml").write_text(json.dumps({"identities": {"me": {"plugin": "jpki", "parameters": stored}}}))
    failed(pyhanko("--field", "Seal", "identity", "me", "in.pdf", "out.pdf"), 7, "--allow-last-try")
    assert tries_left(folder) == 1
    assert pyhanko("--field", "Seal", *jpki(), "--allow-last-try").returncode == 0
    assert tries_left(folder) == 5


def test_a_locked_pin_is_not_asked_for(folder: Path, pyhanko: Run) -> None:
    for _ in range(5):
        pyhanko("--field", "Seal", *jpki(), "--allow-last-try", pin="WRONG123")
    assert tries_left(folder) == 0
    failed(pyhanko("--field", "Seal", *jpki()), 7, "municipal office")


# The PIN here is wrong: were it presented, a try would be gone.


def certified(folder: Path, permissions: MDPPerm) -> bytes:
    """The sample, certified by its author."""
    meta = PdfSignatureMetadata("Author", certify=True, docmdp_permissions=permissions)
    with jitsuin.open_signer(f"simulator:{folder / 'card'}", pin=lambda _: SIGNATURE_PASSWORD) as signer:
        writer = IncrementalPdfFileWriter(io.BytesIO((folder / "in.pdf").read_bytes()))
        signed: io.BytesIO = PdfSigner(meta, JitsuinSigner(signer)).sign_pdf(writer)
    return signed.getvalue()


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["--field", "Seal", *jpki(source="text.pdf")], 1, "PDF"),
        (["--field", "Seal", *jpki(source="absent.pdf")], 2, "absent.pdf"),
        (["--field", "Seal", "--existing-only", *jpki()], 1, "Seal"),
        (["--field", "Seal", *jpki(source="final.pdf")], 1, "forbids all changes"),
        (["--field", "Seal", "--certify", *jpki(source="signed.pdf")], 1, "first signature"),
        (["--field", "9/10,10,90,90/Seal", *jpki()], 1, ""),
        (["--field", "Seal", *jpki(target="no folder/out.pdf")], 2, "no folder"),
        (["--detach", *jpki(target="no folder/out.p7s")], 2, "no folder"),
    ],
)
def test_the_pin_is_not_asked_for_what_cannot_be_signed(
    arguments: list[str], status: int, sentence: str, folder: Path, pyhanko: Run
) -> None:
    (folder / "text.pdf").write_text("not a PDF")
    for name, permissions in (("signed.pdf", MDPPerm.FILL_FORMS), ("final.pdf", MDPPerm.NO_CHANGES)):
        if name in arguments:
            (folder / name).write_bytes(certified(folder, permissions))
    done = pyhanko(*arguments, pin="WRONG123")
    assert (done.returncode, "Traceback" in done.stderr) == (status, False), done.stderr
    assert sentence in done.stderr
    assert tries_left(folder) == 5
    failed(pyhanko("--field", "Seal", *jpki(), pin="WRONG123"), 6, "tries left: 4")
    assert tries_left(folder) == 4


# The interface. Where one of these fails, look at the plugin before letting the new release in.


def test_the_installed_versions_are_those_that_are_let_in() -> None:
    (extra,) = (
        requirement
        for requirement in map(Requirement, requires("jitsuin") or [])
        if requirement.name == "pyhanko-cli"
        and requirement.marker
        and requirement.marker.evaluate({"extra": "pyhanko"})
    )
    assert extra.specifier.contains(version("pyhanko-cli"))
    assert not extra.specifier.contains("0.7.0")


def test_pyhanko_finds_the_plugin() -> None:
    from pyhanko.cli.plugin_api import SIGNING_PLUGIN_ENTRY_POINT_GROUP, SigningCommandPlugin

    assert SIGNING_PLUGIN_ENTRY_POINT_GROUP == "pyhanko.cli_plugin.signing"
    (ours,) = (one for one in entry_points(group=SIGNING_PLUGIN_ENTRY_POINT_GROUP) if one.name == "jpki")
    plugin = ours.load()()
    assert isinstance(plugin, SigningCommandPlugin)
    assert (plugin.subcommand_name, plugin.is_available()) == ("jpki", True)


def test_the_plugin_class_is_as_we_know_it() -> None:
    from pyhanko.cli.plugin_api import SigningCommandPlugin

    members = {
        name for name in {**vars(SigningCommandPlugin), **SigningCommandPlugin.__annotations__} if name[0] != "_"
    }
    assert members == {
        "subcommand_name",
        "help_summary",
        "unavailable_message",
        "click_options",
        "click_extra_arguments",
        "is_available",
        "create_signer",
    }
    assert list(inspect.signature(SigningCommandPlugin.click_options).parameters) == ["self"]
    create = inspect.signature(SigningCommandPlugin.create_signer)
    assert [(one.name, one.kind.name) for one in create.parameters.values()] == [
        ("self", "POSITIONAL_OR_KEYWORD"),
        ("context", "POSITIONAL_OR_KEYWORD"),
        ("kwargs", "VAR_KEYWORD"),
    ]


def test_the_command_is_as_we_know_it() -> None:
    from pyhanko.cli.commands.signing.plugin import command_from_plugin
    from pyhanko.cli.plugin_api import CLIContext

    from jitsuin.pyhanko_plugin import JpkiPlugin

    names = {parameter.name for parameter in command_from_plugin(JpkiPlugin()).params}
    assert {"infile", "outfile", "key", "pin_source", "allow_last_try", "trust"} <= names
    fields = {field.name for field in dataclasses.fields(CLIContext)}
    assert {"sig_settings", "new_field_spec", "existing_fields_only", "lenient", "decode_limits"} <= fields


def test_the_signer_class_is_as_we_know_it() -> None:
    assert list(inspect.signature(Signer.async_sign_raw).parameters) == ["self", "data", "digest_algorithm", "dry_run"]
    assert inspect.iscoroutinefunction(Signer.async_sign_raw)
    taken = inspect.signature(Signer).parameters.keys()
    assert {"signature_mechanism", "signing_cert", "cert_registry", "embed_roots"} <= taken
    session = inspect.signature(PdfSigner.init_signing_session)
    assert list(session.parameters) == ["self", "pdf_out", "existing_fields_only"]


def test_help(pyhanko: Run) -> None:
    done = pyhanko("jpki", "--help")
    assert done.returncode == 0
    for option in ("--key URI", "--pin-source SOURCE", "--allow-last-try", "--trust FILE|NAME"):
        assert option in done.stdout
