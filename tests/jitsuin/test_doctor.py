"""The diagnosis without a reader: every line has its words, files are told apart by architecture, bundles are clean."""

from __future__ import annotations

import ast
import getpass
import inspect
import json
import os
import platform
import string
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from jitsuin import bundle, doctor
from jitsuin.architecture import architectures, python_architecture, read_architectures
from jitsuin.bundle import bundle_lines, check_bundle, write_bundle
from jitsuin.doctor import Check, Diagnosis, State, diagnose
from jitsuin.errors import ConfigurationError, OutputError
from jitsuin.messages import check_advice
from jitsuin.sentences.doctor import ADVICE, FINDINGS, STATES, SUBJECTS
from jitsuin.signer.errors import PcscLibraryMissingError, PcscServiceError
from jitsuin.signer.pcsc import ReaderState
from jitsuin.surroundings import PACKAGES, Surroundings

AT = datetime(2026, 6, 1, 3, tzinfo=UTC)
ELF = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 3, 183)


@dataclass(frozen=True)
class Run:
    """What a run of the command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def jitsuin(home: Path) -> Callable[..., Run]:
    """The command line in a process of its own, where no PC/SC service can be reached.

    libpcsclite looks for the service once in the life of a process: this one may need it for other tests.
    """

    def run(*arguments: object, without: Sequence[str] = (), language: str = "en", encoding: str = "utf-8") -> Run:
        program = f"import sys; sys.modules.update(dict.fromkeys({without!r})); from jitsuin.cli import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", program, *map(str, arguments)],
            env=os.environ
            | {"PCSCLITE_CSOCK_NAME": str(home / "absent"), "JITSUIN_LANG": language, "PYTHONIOENCODING": encoding},
            capture_output=True,
            encoding=encoding,
            check=False,
            timeout=60,
        )
        return Run(done.returncode, done.stdout, done.stderr)

    return run


def no_service() -> tuple[ReaderState, ...]:
    raise PcscServiceError(hresult=0x8010001D)


def diagnosed(at: datetime = AT, here: Surroundings | None = None, load: Callable[[], object] = dict) -> Diagnosis:
    return diagnose(at, load, here, no_service)


def checks(at: datetime = AT, here: Surroundings | None = None) -> dict[str, Check]:
    return {check.subject: check for check in diagnosed(at, here).checks}


# Words


def codes() -> dict[str, set[State]]:
    """Every check that the code can make: its key, and the states that go with it."""
    found: dict[str, set[State]] = {}
    for node in ast.walk(ast.parse(inspect.getsource(doctor))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Check":
            subject = ast.literal_eval(node.args[0])
            states = {State[n.attr] for n in ast.walk(node.args[1]) if isinstance(n, ast.Attribute)}
            for constant in ast.walk(node.args[2]):
                if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                    found.setdefault(f"{subject}.{constant.value}", set()).update(states)
    return found


def test_every_check_has_its_words() -> None:
    found = codes()
    assert len(found) > 30
    assert found.keys() <= FINDINGS.keys()
    assert {key for key, states in found.items() if State.OK not in states} <= ADVICE.keys()
    assert ADVICE.keys() <= FINDINGS.keys()
    assert {key.partition(".")[0] for key in FINDINGS} == SUBJECTS.keys()
    assert STATES.keys() == set(State)


@pytest.mark.parametrize("table", [SUBJECTS, STATES, FINDINGS, ADVICE])
def test_both_languages_tell_the_same_facts(table: dict[str, tuple[str, str]]) -> None:
    def fields(text: str) -> list[str | None]:
        return sorted(field for _, field, _, _ in string.Formatter().parse(text) if field is not None)

    for key, (english, japanese) in table.items():
        assert fields(english) == fields(japanese), key
        assert not any("\u3040" <= letter <= "\u9fff" for letter in english), key


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_command_prints_a_line_for_each_check(jitsuin, language: str) -> None:
    done = jitsuin("doctor", language=language)
    told = jitsuin("doctor", "--json").json["checks"]
    words = {SUBJECTS[check["subject"]][language == "ja"] for check in told}
    assert all(word in done.out for word in words)
    assert STATES["missing"][language == "ja"] in done.out
    assert "<" not in done.out
    assert "\ufffd" not in done.out


def test_json_has_advice_where_something_is_wrong(jitsuin) -> None:
    run = jitsuin("doctor", "--json")
    assert (run.code, run.err) == (0, "")
    assert {"schema_version", "command", "checks", "bundle"} == run.json.keys()
    states = {check["state"]: check["advice"] for check in run.json["checks"]}
    assert states["ok"] is None
    assert states["missing"]


# Without pyscard, without the service


def test_without_pyscard_it_says_what_to_install(jitsuin) -> None:
    found = jitsuin("doctor", "--json", without=("smartcard", "smartcard.scard")).json["checks"]
    told = {check["subject"]: check for check in found}
    assert told["pyscard"]["state"] == "missing"
    assert "-m pip install pyscard" in told["pyscard"]["advice"]
    assert told["pcsc-service"]["code"].startswith("not-tried")
    assert {"reader", "card"} & told.keys() == set()
    assert told["clock"]["state"] == "ok"


def absent_library() -> tuple[ReaderState, ...]:
    raise PcscLibraryMissingError(detail="No module named 'smartcard'")


@pytest.mark.parametrize("system", ["linux", "darwin", "win32", "plan9"])
def test_every_system_is_told_how_to_get_pyscard(system: str) -> None:
    here = Surroundings(system, {"ID": "debian"} if system == "linux" else {})
    [check] = [c for c in diagnose(AT, dict, here, absent_library).checks if c.subject == "pyscard"]
    python = "py" if system == "win32" else "python3"
    assert f"{python} -m pip install pyscard" in check_advice(check.key, check.facts)


@pytest.mark.parametrize(
    ("release", "command"),
    [
        ({"ID": "debian"}, "apt install gcc libpcsclite-dev swig python3-dev"),
        ({"ID": "linuxmint", "ID_LIKE": "ubuntu debian"}, "apt install gcc libpcsclite-dev swig python3-dev"),
        ({"ID": "fedora"}, "dnf install gcc pcsc-lite-devel swig python3-devel"),
        ({"ID": "rocky", "ID_LIKE": "rhel centos fedora"}, "dnf install gcc pcsc-lite-devel swig python3-devel"),
        ({"ID": "manjaro", "ID_LIKE": "arch"}, "pacman -S --needed gcc pcsclite swig pkgconf"),
    ],
)
def test_packages_are_named_as_the_distribution_does(release: dict[str, str], command: str) -> None:
    packages = Surroundings("linux", release).packages
    assert packages is not None
    assert command in packages.build
    assert "pcscd.socket" in packages.service


def test_packages_of_other_systems() -> None:
    assert Surroundings("darwin").packages == PACKAGES["darwin"]
    assert Surroundings("win32").packages == PACKAGES["win32"]
    assert Surroundings("linux", {"ID": "gentoo"}).packages is None


@pytest.mark.parametrize(
    ("here", "code"),
    [
        (Surroundings("linux", {"ID": "debian"}), "not-running"),
        (Surroundings("win32"), "not-running"),
        (Surroundings("darwin"), "not-running-here"),
        (Surroundings("linux", {"ID": "gentoo"}), "not-running-here"),
    ],
)
def test_a_missing_service_is_told(here: Surroundings, code: str) -> None:
    check = checks(here=here)["pcsc-service"]
    assert (check.state, check.code) == (State.MISSING, code)
    assert check.facts["hresult"] == "8010001D"


# Single checks


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (AT, "plausible"),
        (datetime(2025, 12, 31, tzinfo=UTC), "slow"),
        (datetime(1970, 1, 1, tzinfo=UTC), "slow"),
        (datetime(2033, 7, 15, tzinfo=UTC), "plausible"),
        (datetime(2033, 7, 16, tzinfo=UTC), "fast"),
    ],
)
def test_the_clock_is_held_against_what_can_be(at: datetime, code: str) -> None:
    check = checks(at)["clock"]
    assert (check.code, check.state is State.OK) == (code, code == "plausible")
    assert check.facts["jst"] == (at + timedelta(hours=9)).strftime("%H:%M")


def test_a_bad_configuration_is_reported_and_stops_nothing(jitsuin, home: Path, monkeypatch) -> None:
    path = home / "config.toml"
    monkeypatch.setenv("JITSUIN_CONFIG", str(path))
    states = []
    for content in ("", "[sign]\nkey = 'card:'\n", "[sign]\npin = 'SECRET99'\n", "nonsense"):
        path.write_text(content)
        run = jitsuin("doctor", "--json")
        assert run.code == 0
        assert "SECRET99" not in run.out
        states.append(next(c["code"] for c in run.json["checks"] if c["subject"] == "configuration"))
    assert states == ["read", "read", "refused", "refused"]
    assert jitsuin("profiles").code == 2
    path.unlink()
    monkeypatch.delenv("JITSUIN_CONFIG")
    assert jitsuin("doctor", "--json").json["checks"]
    assert jitsuin("profiles").code == 0


@pytest.mark.parametrize(
    ("encoding", "code"), [("utf-8", "encoding"), ("cp932", "encoding"), ("cp1252", "not-japanese")]
)
@pytest.mark.parametrize("language", ["en", "ja"])
def test_an_encoding_without_japanese_is_told_and_stops_nothing(
    jitsuin, encoding: str, code: str, language: str
) -> None:
    run = jitsuin("doctor", "--json", encoding=encoding, language=language)
    assert (run.code, run.err) == (0, "")
    [check] = [check for check in run.json["checks"] if check["subject"] == "language"]
    assert (check["code"], check["facts"]) == (code, {"language": language, "encoding": encoding})
    run = jitsuin("doctor", encoding=encoding, language=language)
    assert (run.code, run.err) == (0, "")
    assert encoding in run.out


def test_anchors_are_counted() -> None:
    assert checks()["anchors"].facts == {"total": 3, "count": 0}


def test_programs_that_use_cards_are_named(tmp_path: Path) -> None:
    for number, name in enumerate(("scdaemon", "bash", "firefox")):
        (tmp_path / f"proc/{number}").mkdir(parents=True)
        (tmp_path / f"proc/{number}/comm").write_text(f"{name}\n")
    assert Surroundings("linux", root=tmp_path).card_programs() == ["scdaemon", "firefox"]


# Architectures


def fat(magic: int, *cpu_types: int, size: int = 20) -> bytes:
    entries = b"".join(struct.pack(">I", cpu_type).ljust(size, b"\0") for cpu_type in cpu_types)
    return struct.pack(">II", magic, len(cpu_types)) + entries


def pe(machine: int) -> bytes:
    return b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x80) + bytes(0x40) + b"PE\0\0" + struct.pack("<H", machine)


@pytest.mark.parametrize(
    ("head", "names"),
    [
        (ELF, ("aarch64",)),
        (ELF[:18] + struct.pack("<H", 62), ("x86_64",)),
        (ELF[:18] + struct.pack("<H", 3), ("i386",)),
        (ELF[:5] + b"\x02" + ELF[6:16] + struct.pack(">HH", 3, 22), ("s390x",)),
        (ELF[:18] + struct.pack("<H", 999), ("ELF machine 999",)),
        (pe(0x8664), ("x86_64",)),
        (pe(0x014C), ("i386",)),
        (pe(0xAA64), ("aarch64",)),
        (struct.pack("<II", 0xFEEDFACF, 0x01000007), ("x86_64",)),
        (struct.pack("<II", 0xFEEDFACF, 0x0100000C), ("aarch64",)),
        (struct.pack(">II", 0xFEEDFACE, 18), ("ppc",)),
        (fat(0xCAFEBABE, 0x01000007, 0x0100000C), ("x86_64", "aarch64")),
        (fat(0xCAFEBABF, 0x01000007, 0x0100000C, size=32), ("x86_64", "aarch64")),
    ],
)
def test_architectures_of_hand_made_headers(head: bytes, names: tuple[str, ...]) -> None:
    assert read_architectures(BytesIO(head)) == names


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"#!/bin/sh\n",
        b"\x7fELF",
        ELF[:19],
        ELF[:5] + b"\x07" + ELF[6:],
        b"MZ",
        pe(0x8664)[:-2],
        pe(0x8664).replace(b"PE\0\0", b"NE\0\0"),
        b"\xfe\xed",
        fat(0xCAFEBABE, *[7] * 0x34),
        fat(0xCAFEBABE, 7)[:9],
    ],
)
def test_other_files_are_no_libraries(tmp_path: Path, head: bytes) -> None:
    (tmp_path / "library").write_bytes(ELF)
    assert architectures(tmp_path / "library") == ("aarch64",)
    (tmp_path / "library").write_bytes(head)
    with pytest.raises(ValueError, match=r"header|library|order|universal"):
        architectures(tmp_path / "library")


def test_this_python_and_its_libraries_are_for_this_machine() -> None:
    if platform.architecture()[0] == "64bit":
        same = {"amd64": "x86_64", "arm64": "aarch64"}
        assert python_architecture() == same.get(platform.machine().lower(), platform.machine().lower())
    import _ctypes

    assert python_architecture() in architectures(Path(_ctypes.__file__))


def modules(root: Path, content: bytes) -> list[Check]:
    path = root / "usr/lib/some-triplet/opensc-pkcs11.so"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    (path.parent / "pkcs11").mkdir(exist_ok=True)
    (path.parent / "pkcs11/opensc-pkcs11.so").unlink(missing_ok=True)
    (path.parent / "pkcs11/opensc-pkcs11.so").symlink_to(path)
    found = diagnosed(here=Surroundings("linux", root=root)).checks
    return [check for check in found if check.subject == "pkcs11-module"]


def test_a_module_for_another_machine_is_told(tmp_path: Path) -> None:
    [mine] = modules(tmp_path, Path(sys.executable).read_bytes())
    assert (mine.state, mine.code) == (State.OK, "found")
    [other] = modules(tmp_path, ELF[:18] + struct.pack("<H", 999))
    assert (other.state, other.code) == (State.ATTENTION, "architecture")
    assert other.facts["architectures"] == ["ELF machine 999"]
    [damaged] = modules(tmp_path, b"nothing")
    assert (damaged.state, damaged.code) == (State.ATTENTION, "unreadable")
    [none] = (c for c in diagnosed(here=Surroundings("linux", root=tmp_path / "x")).checks if "module" in c.subject)
    assert (none.state, none.code) == (State.OK, "none")


# Bundles


def personal(*facts: tuple[str, object]) -> str:
    found = Check("pyscard", State.MISSING, "not-loadable", dict(facts))
    return "".join(bundle_lines(Diagnosis((found,), ())))


def test_nobody_is_in_a_bundle(home: Path) -> None:
    user, host = getpass.getuser(), platform.node()
    text = personal(
        ("detail", f"{home}/.venv/{user}/lib.so on {host.upper()} failed"),
        ("programs", [f"{user}", f"kept {home}"]),
        ("path", "/a/path"),
        ("message", "a message"),
        ("reader", "ACS ACR39U ICC Reader [CCID Interface] (53311234567890) 00 00"),
    )
    for word in (str(home), "/a/path", "a message", "53311234567890", "CCID"):
        assert word not in text
    assert user not in text.split("facts")[1].replace("pyscard", "")
    assert host.lower() not in text.lower()
    assert "ACS ACR39U ICC Reader … … 00 00" in text
    assert "lib.so on … failed" in text


def test_what_a_bundle_may_hold_is_a_list() -> None:
    """A new fact stays out of bundles until somebody lets it in."""
    assert "new" not in personal(("new", 1), ("count", 2))
    assert '"count": 2' in personal(("new", 1), ("count", 2))
    assert {"path", "message", "command", "packages"} & bundle._SHAREABLE == set()


def test_a_bundle_replaces_no_file(jitsuin, tmp_path: Path) -> None:
    path = tmp_path / "report.jsonl"
    run = jitsuin("doctor", "--bundle", path)
    assert run.code == 0
    assert str(path) in run.out.replace("\n", "")
    first = path.read_bytes()
    assert json.loads(first.splitlines()[0]) == {"format": "jitsuin-doctor", "version": 1}
    again = jitsuin("doctor", "--bundle", path)
    assert again.code == 8
    assert "--overwrite" not in again.err
    assert path.read_bytes() == first
    with pytest.raises(OutputError) as error:
        check_bundle(path)
    assert error.value.facts["reason"] == "bundle-exists"
    with pytest.raises(OutputError):
        write_bundle(path, Diagnosis((), ()))
    assert path.read_bytes() == first


def test_a_configuration_error_does_not_reach_the_bundle() -> None:
    def load() -> object:
        raise ConfigurationError(path="/some/where", reason="unknown-option", detail="my address")

    told = "".join(bundle_lines(diagnosed(load=load)))
    assert '"refused"' in told
    assert "/some/where" not in told
    assert "my address" not in told
