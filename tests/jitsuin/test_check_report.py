"""Every check of `verify` in text and JSON: its outcome, why, and the evidence with source and age."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from authority import Authority, Credential
from jitsuin.checks import Outcome, Subject
from jitsuin.samples.documents import income_tax_return
from jitsuin.signer.simulator import PERSONAS, SIGNATURE_PASSWORD
from ungated import signed

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
FIELDS = {"subject", "outcome", "reason", "evidence", "source", "produced", "age_seconds"}


class Case:
    """A signed document, the authority that its signer's certificate is from, and a CRL of three days ago."""

    def __init__(self, folder: Path, run: Callable, authority: Authority, kind: str) -> None:
        self.folder, self.run, self.authority, self.kind = folder, run, authority, kind
        (folder / "ca.pem").write_bytes(authority.certificate.public_bytes(Encoding.PEM))
        self.document = folder / f"a.{kind}"
        self.signer = authority.issue("Taro Mihon")
        self.sign(self.signer)
        self.crl(NOW - 3 * DAY)

    def sign(self, signer: Credential) -> None:
        self.document.write_bytes(signed(self.kind, signer, NOW))

    def crl(self, at: datetime) -> None:
        (self.folder / "ca.crl").write_bytes(self.authority.crl(at).public_bytes(Encoding.DER))

    def verify(self, *options: object) -> object:
        there = ("--trust", self.folder / "ca.pem", "--crl", self.folder / "ca.crl", "--offline")
        return self.run("verify", self.document, *there, *options)

    def checks(self, *options: object) -> dict[str, dict[str, object]]:
        (file,) = self.verify("--json", *options).json["files"]
        (signature,) = file["signatures"]
        assert all(check.keys() == FIELDS for check in signature["checks"])
        return {check["subject"]: check for check in signature["checks"]}


@pytest.fixture(params=["xml", "pdf"])
def case(request: pytest.FixtureRequest, jitsuin: Callable, authority: Authority, tmp_path: Path) -> Case:
    return Case(tmp_path, jitsuin, authority, request.param)


def outcomes(checks: dict[str, dict[str, object]]) -> dict[str, object]:
    return {subject: check["outcome"] for subject, check in checks.items()}


def test_where_all_is_well(case: Case) -> None:
    checks = case.checks()
    expected = ["form", "algorithm", "digests", "value", "certificate", "chain", "period", "revocation"]
    expected[4:4] = ["changes"] if case.kind == "pdf" else []
    assert list(checks) == expected
    assert set(outcomes(checks).values()) == {"passed"}
    assert {check["reason"] for check in checks.values()} == {None}
    revocation = checks["revocation"]
    assert (revocation["source"], revocation["age_seconds"] // 86400) == ("ca.crl", 3)
    assert revocation["produced"] == (NOW - 3 * DAY).strftime("%Y-%m-%dT%H:%M:%SZ")
    shown = case.verify()
    assert f"checks        {len(expected)} passed\n" in shown.out
    assert "age 3 days" in shown.out


def test_each_with_its_evidence(case: Case, in_japanese: Callable) -> None:
    shown = case.verify("-v")
    assert "✓ algorithms and key: passed - ecdsa-sha256" in shown.out
    assert "✓ chain to a trusted CA: passed - leads to" in shown.out
    assert "✓ revocation: passed - good (ca.crl" in shown.out
    assert "SHA-256 " in shown.out
    in_japanese()
    assert "✓ 失効確認: 合格" in case.verify("--verbose").out


@pytest.mark.parametrize("reason", [x509.ReasonFlags.affiliation_changed, x509.ReasonFlags.key_compromise, None])
def test_a_revocation_in_every_report(case: Case, in_japanese: Callable, reason: x509.ReasonFlags | None) -> None:
    """Reason, time, source and age."""
    case.authority.revoke(case.signer, NOW - 20 * DAY, reason)
    case.crl(NOW - 2 * DAY)
    since = (NOW - 20 * DAY).strftime("%Y-%m-%d")
    words = {
        x509.ReasonFlags.affiliation_changed: ("moved or changed name", "住所・氏名などの変更"),
        x509.ReasonFlags.key_compromise: ("compromised", "危殆化"),
        None: ("no reason given", "理由の記載なし"),
    }[reason]
    revocation = case.checks()["revocation"]
    code = reason.value if reason else "unspecified"
    assert (revocation["outcome"], revocation["reason"], revocation["source"]) == ("undecided", code, "ca.crl")
    (file,) = case.verify("--json").json["files"]
    told = file["signatures"][0]["revocation"]
    assert (told["reason"], told["of_ca"], told["revoked_at"][:10]) == (code, False, since)
    page = case.folder / "page.html"
    shown = case.verify("--report", page)
    html = page.read_text(encoding="utf-8")
    for text in (shown.out, html):
        assert words[0] in text
        assert "ca.crl" in text
        assert "2 days" in text
    assert "since 20" in shown.out
    assert "✗" not in shown.out
    in_japanese()
    assert words[1] in case.verify().out
    assert "経過時間2日" in case.verify().out


def test_not_checked_is_said(case: Case) -> None:
    (case.folder / "ca.crl").write_bytes(case.authority.look_alike().crl(NOW).public_bytes(Encoding.DER))
    for options in ((), ("--revocation", "warn"), ("--revocation", "off")):
        revocation = case.checks(*options)["revocation"]
        why = "off" if "off" in options else "no-evidence"
        assert (revocation["outcome"], revocation["reason"], revocation["age_seconds"]) == ("not-checked", why, None)
        assert "not checked: revocation" in case.verify(*options).out
    case.crl(NOW - 30 * DAY)
    stale = case.checks()["revocation"]
    assert (stale["outcome"], stale["reason"], stale["source"]) == ("not-checked", "stale", "ca.crl")
    assert stale["age_seconds"] // 86400 == 30


def test_what_fails(case: Case) -> None:
    case.sign(case.authority.issue("Expired", until=NOW - DAY))
    checks = case.checks()
    assert (checks["period"]["outcome"], checks["period"]["reason"]) == ("undecided", "signer-expired")
    case.sign(case.authority.issue("CA", ca=True))
    checks = case.checks()
    assert (checks["certificate"]["outcome"], checks["certificate"]["reason"]) == ("failed", "wrong-kind")
    case.sign(case.authority.look_alike().issue("Forged"))
    chain = case.checks()["chain"]
    assert (chain["outcome"], chain["reason"]) == ("undecided", "issuer-unknown")
    assert "undecided: chain to a trusted CA" in case.verify().out
    case.sign(case.signer)
    data = case.document.read_bytes()
    case.document.write_bytes(
        data.replace(b"0</", b"1</", 1) if case.kind == "xml" else data[:1200] + b" " + data[1201:]
    )
    checks = case.checks()
    assert "passed" not in (checks["digests"]["outcome"], checks["certificate"]["outcome"])
    assert case.verify().code == 1


def test_redacted(jitsuin: Callable, card: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing personal in any form of the checks; the control shows that it would be found."""
    monkeypatch.setenv("SECRET", SIGNATURE_PASSWORD)
    (tmp_path / "a.xtx").write_bytes(income_tax_return())
    key = ("--key", card("valid", NOW), "--pin-source", "env:SECRET", "--trust", "simulator")
    jitsuin("sign", tmp_path / "a.xtx", "-o", tmp_path / "b.xtx", *key)
    call = ("verify", tmp_path / "b.xtx", "--trust", "simulator", "--revocation", "warn")
    person = PERSONAS["valid"]
    secrets = (person.person, person.address, "L=Mihon-shi")
    for options in (("-v",), ("--json",)):
        assert all(secret in jitsuin(*call, *options).out for secret in secrets)
        redacted = jitsuin(*call, *options, "--redact").out
        assert not any(secret in redacted for secret in secrets)
        assert "revocation" in redacted


def test_redacted_where_the_ca_is_named_after_its_owner(
    jitsuin: Callable, authority: Authority, tmp_path: Path
) -> None:
    """Who certifies themselves by a CA of their own is not told by its name either."""
    case = Case(tmp_path, jitsuin, Authority(authority.keys, "Hanako Mihon"), "xml")
    case.sign(case.authority.issue("Hanako Mihon", key=authority.keys.get("another")))
    page = tmp_path / "page.html"
    for options in ((), ("-v",), ("--json",), ("--report", page)):
        told = case.verify(*options, "--redact")
        assert told.code == 0
        assert "Hanako" not in told.out + (page.read_text(encoding="utf-8") if page.exists() else "")
        assert "(redacted)" in told.out
        page.unlink(missing_ok=True)
        assert "Hanako" in case.verify(*options).out, "the control"
        page.unlink(missing_ok=True)


def test_a_document_without_signature_has_no_checks(jitsuin: Callable, tmp_path: Path) -> None:
    (tmp_path / "a.xtx").write_bytes(income_tax_return())
    (file,) = jitsuin("verify", tmp_path / "a.xtx", "--json").json["files"]
    assert [signature["checks"] for signature in file["signatures"]] == [[]]
    assert "checks" not in jitsuin("verify", tmp_path / "a.xtx", "-v").out


def test_every_outcome_and_subject_has_words() -> None:
    from jitsuin.checks import SIGNS
    from jitsuin.sentences.checks import OUTCOMES, SUBJECTS

    assert {*OUTCOMES} == {*Outcome} == {*SIGNS}
    assert {*SUBJECTS} == {*Subject}
