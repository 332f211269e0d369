"""The table of docs/validity-table.md: every case signed and verified, XML and PDF, while live servers say all that.

Nothing ends VALID that should not, nothing is written that was refused, "not checked" is never "good". With
JITSUIN_VALIDITY_WRITE=1 (and one process, `-n 0`) the run also writes the page; without, it compares each row with it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from authority import Authority, Credential
from pki_servers import PkiServer
from responders import Tsa
from ungated import DocumentKind, signed, unsigned
from validity_cases import CASES, DONE, GROUPS, NOW, TSA_CASES, Case, World

PAGE = Path(__file__).resolve().parents[2] / "docs" / "validity-table.md"
WRITE = bool(os.environ.get("JITSUIN_VALIDITY_WRITE"))
TIMESTAMPS = "Timestamps"
KINDS: tuple[DocumentKind, ...] = ("xml", "pdf")


@dataclass(frozen=True)
class Row:
    """How a case ended."""

    sign: int
    verify: int
    verdict: str
    reason: str
    revocation: str

    def on_page(self, title: str) -> str:
        return f"| {title} | {self.sign} | {self.verify} | {self.verdict} | `{self.reason}` | {self.revocation} |"


class Desk:
    """Where somebody signs and verifies with the authority as the only anchor, and nothing fetched before."""

    def __init__(self, run: Callable, home: Path, folder: Path, world: World, signer: Credential) -> None:
        self.run, self.home, self.folder, self.world, self.signer = run, home, folder, world, signer
        (folder / "ca.cer").write_bytes(world.authority.certificate.public_bytes(Encoding.PEM))
        (folder / "id.p12").write_bytes(signer.pkcs12("secret"))

    def sign(self, kind: DocumentKind, mode: str) -> Any:
        source, target = self.folder / f"a.{kind}", self.folder / f"b.{kind}"
        source.write_bytes(unsigned(kind))
        target.unlink(missing_ok=True)
        key = ("--key", f"file:{self.folder / 'id.p12'}", "--pin-source", f"fd:{_pin('secret')}")
        done = self._call("sign", source, "-o", target, *key, "--revocation", mode)
        assert target.exists() is (done.code == DONE), done.out
        return done

    def verify(self, kind: DocumentKind) -> Any:
        path = self.folder / f"c.{kind}"
        path.write_bytes(signed(kind, self.signer, NOW))
        return self._call("verify", path, "--revocation", "require")

    def _call(self, *arguments: object) -> Any:
        shutil.rmtree(self.home / ".cache", ignore_errors=True)
        trust = ("--trust", self.folder / "ca.cer", "--allow-private-network")
        return self.run(*arguments, *trust, *self.world.options, "--json")


def _pin(text: str) -> int:
    reading, writing = os.pipe()
    os.write(writing, f"{text}\n".encode())
    os.close(writing)
    return reading


@pytest.fixture(scope="module")
def rows() -> dict[str, Row]:
    """What has been found; the page is written from it."""
    found: dict[str, Row] = {}
    return found


@pytest.mark.parametrize("name", CASES)
def test_validity(
    jitsuin: Callable,
    home: Path,
    authority: Authority,
    pki_server: PkiServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rows: dict[str, Row],
    name: str,
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr("jitsuin.revocation._SECONDS", 1.0 if "slow" in name or "byte" in name else 20.0)
    case = CASES[name]
    (tmp_path / "crls").mkdir()
    world = World(authority, pki_server, tmp_path / "crls")
    desk = Desk(jitsuin, home, tmp_path, world, case.make(world))
    outcomes = {kind: outcome(desk, case, kind) for kind in KINDS}
    row = outcomes["xml"]
    assert outcomes["pdf"] == row, "the format makes no difference"
    rows[name] = row
    if not WRITE:
        assert row.on_page(name.partition(": ")[2]) in section(name.partition(": ")[0])


def outcome(desk: Desk, case: Case, kind: DocumentKind) -> Row:
    verified = desk.verify(kind)
    (file,) = verified.json["files"]
    (signature,) = file["signatures"]
    answer = signature["revocation"]
    assert verified.code == case.verify, signature["message"]
    assert (file["verdict"] == "VALID") is (case.verify == DONE)
    if case.verify == DONE:
        assert answer["status"] == "good"
        assert {check["outcome"] for check in signature["checks"]} <= {"passed", "note"}
    else:
        assert "passed" not in {check["outcome"] for check in signature["checks"] if check["reason"]}
    refused = desk.sign(kind, "require")
    assert refused.code == case.sign, refused.out
    if case.sign != DONE:
        assert refused.json["error"]["facts"]["reason"] == signature["reason"], "signing and verifying say the same"
    if signature["reason"] == "revocation-not-checked":
        warned = desk.sign(kind, "warn")
        (made,) = warned.json["files"]
        assert (warned.code, made["revocation"]["status"]) == (DONE, "not-checked")
        assert "revocation-not-checked" in {notice["code"] for notice in made["notices"]}
    verdict = file["verdict"] + (f" `{file['sub_indication']}`" if file["sub_indication"] else "")
    said = answer["status"] + (f" ({answer['why'] or answer['reason']})" if answer["why"] or answer["reason"] else "")
    return Row(refused.code, verified.code, verdict, file["reason"], said)


@pytest.fixture(scope="module")
def stamped() -> dict[str, str]:
    """The rows about time-stamping authorities that have been found."""
    return {}


@pytest.mark.parametrize("name", TSA_CASES)
def test_timestamps(
    jitsuin: Callable,
    home: Path,
    authority: Authority,
    pki_server: PkiServer,
    tsa: Tsa,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stamped: dict[str, str],
    rows: dict[str, Row],
    name: str,
) -> None:
    if name == "slow":
        monkeypatch.setattr("jitsuin.timestamp._SECONDS", 1.0)
    monkeypatch.setattr("jitsuin.timestamp._PAUSES", ())  # how often it tries again is another test's
    case, trust = TSA_CASES[name], ("--timestamp-trust", tmp_path / "ca.cer")
    case.turn(tsa)
    url = pki_server.tsa("/tsa", tsa, case.fault) if case.there else pki_server.unreachable()
    world = World(authority, pki_server, tmp_path, ["--timestamp-url", url, *map(str, trust)])
    desk = Desk(jitsuin, home, tmp_path, world, authority.issue())
    required = desk.sign("pdf", "off")
    assert required.code == (DONE if case.good else 11), required.out
    reason = ""
    if not case.good:
        facts = required.json["files"][0]["error"]["facts"]
        reason = f"`{facts['reason']}`" + (f" (`{facts['verdict']}`)" if "verdict" in facts else "")
    world.options += ["--timestamp", "prefer"]
    preferred = desk.sign("pdf", "off")
    (made,) = preferred.json["files"]
    assert (preferred.code, (made["timestamp"] is not None)) == (DONE, case.good)
    assert ("timestamp-missing" in {notice["code"] for notice in made["notices"]}) is not case.good
    verified = jitsuin(
        "verify", tmp_path / "b.pdf", "--trust", tmp_path / "ca.cer", *trust, "--revocation", "off", "--json"
    )
    (signature,) = verified.json["files"][0]["signatures"]
    assert (verified.code, signature["proven_at"] is not None) == (DONE, case.good)
    proof = "by the timestamp" if case.good else "none"
    stamped[name] = f"| {name} | {required.code} | {preferred.code} | {reason} | {proof} |"
    if not WRITE:
        assert stamped[name] in section(TIMESTAMPS)
    elif stamped.keys() == TSA_CASES.keys() and rows.keys() == CASES.keys():
        PAGE.write_text(page(rows, stamped), encoding="utf-8")


def test_a_return_gets_no_timestamp(
    jitsuin: Callable, home: Path, authority: Authority, pki_server: PkiServer, tmp_path: Path
) -> None:
    """The option is refused before anybody is asked."""
    world = World(authority, pki_server, tmp_path, ["--timestamp-url", pki_server.url("/tsa")])
    refused = Desk(jitsuin, home, tmp_path, world, authority.issue()).sign("xml", "off")
    assert (refused.code, pki_server.requests) == (2, [])


def test_the_page_has_nothing_else() -> None:
    if WRITE:
        return
    text = PAGE.read_text(encoding="utf-8")
    assert text.count("\n## ") == len(GROUPS) + 1
    for group, cases in {**GROUPS, TIMESTAMPS: TSA_CASES}.items():
        titles = [line.split(" | ")[0].removeprefix("| ") for line in section(group).splitlines() if line[:2] == "| "]
        assert titles[2:] == list(cases)


def section(group: str) -> str:
    """The part of the page about a group."""
    return PAGE.read_text(encoding="utf-8").partition(f"\n## {group}\n")[2].partition("\n## ")[0]


def page(found: dict[str, Row], stamped: dict[str, str]) -> str:
    heading = "| Case | `sign` | `verify` | Verdict | Reason | Revocation |\n| --- | --- | --- | --- | --- | --- |"
    parts = [
        "\n".join([f"## {group}", "", heading, *(found[f"{group}: {title}"].on_page(title) for title in cases)])
        for group, cases in GROUPS.items()
    ]
    stamps = "\n".join(stamped[name] for name in TSA_CASES)
    return _PAGE.format(cases=len(found), groups="\n\n".join(parts), title=TIMESTAMPS, stamps=stamps)


_PAGE = """\
<!-- Made by JITSUIN_VALIDITY_WRITE=1 and tests/jitsuin/test_validity_table.py: run it again, change nothing here. -->

# Is the certificate still valid?

{cases} cases, each with live CRL and OCSP servers on loopback, for `jitsuin sign` and `jitsuin verify`, for an e-Tax
return and for a PDF: four runs a case, with a certificate of an authority of the tests' own as the only anchor, with
`--revocation require` and without a proof of time. `tests/jitsuin/test_validity_table.py` makes all of them again and
compares them with this page. What is asked of each:

- It is VALID only where it should be, and then the revocation check says `good`; XML and PDF end alike.
- Signing and verifying give the same reason. What is refused is not written.
- Where revocation could not be checked, `sign --revocation warn` signs, and says "not checked" in its result and as a
  notice.

`sign` and `verify` are [exit codes](exit-codes.md): 10 is "certificate refused", 1 INVALID, 3 INDETERMINATE. Revoked or
expired without a proof of time is INDETERMINATE, since the signature may be older; with a timestamp that proves the
time it is decided, see [the time that counts](verification.md). The reasons are [reason codes](reason-codes.md).

{groups}

## {title}

What a time-stamping authority gives to `sign --timestamp-url`, for a PDF (e-Tax returns have no timestamps, and the
option is refused there): exit codes with `--timestamp require`, which writes nothing then, and with `prefer`, which
signs without and says so. 11 is "network". The last column is what `verify` finds in what `prefer` has written.

| Case | `require` | `prefer` | Reason | Proof of time |
| --- | --- | --- | --- | --- |
{stamps}
"""
