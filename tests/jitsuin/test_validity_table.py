"""The table of docs/validity-table.md: every case signed and verified, XML and PDF, while live servers say all that.

Nothing ends VALID that should not, nothing is written that was refused, "not checked" is never "good". With
JITSUIN_VALIDITY_WRITE=1 (and one process, `-n 0`) the run also writes the page; without, it compares each row with it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from authority import Authority, Credential
from pki_servers import PkiServer
from ungated import DocumentKind, signed, unsigned
from validity_cases import CASES, DONE, GROUPS, NOW, Case, World

PAGE = Path(__file__).resolve().parents[2] / "docs" / "validity-table.md"
WRITE = bool(os.environ.get("JITSUIN_VALIDITY_WRITE"))
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
def rows() -> Iterator[dict[str, Row]]:
    """What has been found; the page is written from it."""
    found: dict[str, Row] = {}
    yield found
    if WRITE and found.keys() == CASES.keys():
        PAGE.write_text(page(found), encoding="utf-8")


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


def test_the_page_has_nothing_else() -> None:
    if WRITE:
        return
    text = PAGE.read_text(encoding="utf-8")
    assert text.count("\n## ") == len(GROUPS)
    for group, cases in GROUPS.items():
        titles = [line.split(" | ")[0].removeprefix("| ") for line in section(group).splitlines() if line[:2] == "| "]
        assert titles[2:] == list(cases)


def section(group: str) -> str:
    """The part of the page about a group."""
    return PAGE.read_text(encoding="utf-8").partition(f"\n## {group}\n")[2].partition("\n## ")[0]


def page(found: dict[str, Row]) -> str:
    heading = "| Case | `sign` | `verify` | Verdict | Reason | Revocation |\n| --- | --- | --- | --- | --- | --- |"
    parts = [
        "\n".join([f"## {group}", "", heading, *(found[f"{group}: {title}"].on_page(title) for title in cases)])
        for group, cases in GROUPS.items()
    ]
    return _PAGE.format(cases=len(found), groups="\n\n".join(parts))


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
"""
