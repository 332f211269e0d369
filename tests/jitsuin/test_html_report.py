"""The page of `verify --report`: well formed, self-contained and safe to open, with the facts of the JSON report."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

import jitsuin as library
from jitsuin.checks import Outcome, Subject, checks_of
from jitsuin.errors import InputError
from jitsuin.formats.base import Change, SignatureFinding, TimestampFinding
from jitsuin.formats.verdict import PASSED, SubIndication, Verdict
from jitsuin.html_report import Conditions, report_page
from jitsuin.language import language
from jitsuin.results import SignatureReport, TimestampReport, VerifyReport
from jitsuin.revocation_status import RevocationAnswer, RevocationStatus
from jitsuin.samples.make import SIGNED_AT
from jitsuin.sentences.checks import OUTCOMES, REVOCATION_MODES, SUBJECTS
from jitsuin.trust import TrustStore
from jitsuin.validity import RevocationMode, judge
from pages import Node, read

SAMPLES = Path(__file__).parents[2] / "samples"
SIGNED = sorted((SAMPLES / "signed").iterdir())
TRUST = [argument for path in sorted((SAMPLES / "trust").iterdir()) for argument in ("--trust", path)]
CRL = ("--crl", SAMPLES / "crl")
WHEN = ("--at", SIGNED_AT.isoformat())
VERDICT_CLASSES = {"VALID": "valid", "INVALID": "invalid", "INDETERMINATE": "indeterminate", "ERROR": "unreadable"}
HOSTILE = "<script>alert(1)</script>\"'&<img src=x>\u202egnp\x1b[31m\u2066"
SIGNS = {"VALID": "✓", "INVALID": "✗", "INDETERMINATE": "?"}


@pytest.fixture(params=["en", "ja"])
def tongue(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Each language in turn."""
    monkeypatch.setenv("JITSUIN_LANG", request.param)
    language.cache_clear()
    yield request.param
    monkeypatch.undo()
    language.cache_clear()


@pytest.fixture
def verified(jitsuin, tmp_path: Path):
    """Verify with a report: the page, and the JSON object of the same run."""

    def run(*arguments: object, code: int = 0) -> tuple[Node, list[dict[str, Any]]]:
        target = tmp_path / "report.html"
        target.unlink(missing_ok=True)
        done = jitsuin("verify", *arguments, "--json", "--report", target)
        assert done.code == code
        return read(target.read_text(encoding="utf-8")), done.json["files"]

    return run


def rows(node: Node) -> dict[str, list[tuple[set[str], str]]]:
    """The rows of a signature's table of checks, by their names: classes of the outcome, and all of the text."""
    (table,) = node.all("table", "checks")
    found: dict[str, list[tuple[set[str], str]]] = {}
    for row in table.all("tr"):
        if head := [th for th in row.all("th") if th.attributes["scope"] == "row"]:
            (badge,) = row.all("span", "badge")
            found.setdefault(head[0].text, []).append((badge.classes - {"badge"}, row.text))
    return found


def seconds(text: str) -> str:
    """A time of the JSON report to the minute, as the page shows it."""
    moment = datetime.fromisoformat(text) + timedelta(hours=9)
    return moment.strftime("%Y-%m-%d %H:%M JST")


def test_the_facts_of_every_sample_are_those_of_the_json_report(verified, tongue: str) -> None:
    page, files = verified(*SIGNED, *TRUST, *CRL, *WHEN)
    assert next(page.all("html")).attributes["lang"] == tongue
    assert len(files) == len(SIGNED)
    for number, facts in enumerate(files, 1):
        section = page.one(f"d{number}")
        badge = next(section.all("span", "badge"))
        assert badge.classes == {"badge", "big", VERDICT_CLASSES[facts["verdict"]]}
        assert badge.text.startswith(f"{SIGNS[facts['verdict']]} {facts['verdict']}")
        for value in (facts["path"], facts["sha256"], facts["format"]):
            assert value in section.text
        for place, signature in enumerate(facts["signatures"], 1):
            same_facts(page.one(f"d{number}s{place}"), signature)


def same_facts(article: Node, signature: dict[str, Any]) -> None:
    text, checks = article.text, rows(article)
    certificate, revocation = signature["certificate"], signature["revocation"]
    assert signature["message"] in text
    assert signature["place"] in text
    assert signature["scheme"] in text
    for part in signature["covers"]:
        assert part == "/" or part.removeprefix("revision ") in text
    for part in signature["uncovered"]:
        assert part.removeprefix("revision ") in text
    for change in signature["changes"]:
        assert change["message"] in text
    assert {node.attributes["datetime"] for node in article.all("time")} == (
        {signature["claimed_at"]} if signature["claimed_at"] else set()
    )
    holder = certificate["holder"]
    for value in (holder["name"], holder["address"], holder["birth_date"], certificate["serial"]):
        assert " ".join(value.split()) in text
    for value in (certificate["sha256"], certificate["issuer"], signature["anchor"], revocation["source"]):
        assert value in text
    for value in (certificate["not_before"], certificate["not_after"], revocation["produced"]):
        assert seconds(value) in text
    assert {name for found in checks.values() for classes, _ in found for name in classes} == {"passed"}
    assert len(checks) >= 7
    for notice in signature["notices"]:
        assert notice["message"] in text


def test_a_bad_a_good_an_open_and_an_unreadable_one(verified, tmp_path: Path, tongue: str) -> None:
    good = SAMPLES / "signed" / "income-tax-return.signed.xtx"
    bad, empty, absent = tmp_path / "bad.xtx", tmp_path / "note.txt", tmp_path / "absent.xml"
    bad.write_bytes(good.read_bytes().replace("見本".encode(), "見木".encode(), 1))
    empty.write_text("no XML")
    page, files = verified(good, empty, bad, absent, bad, *TRUST, *CRL, *WHEN, code=1)
    totals = {badge.text: badge.classes for badge in next(page.all("ul", "totals")).all("a")}
    assert [re.search(r"[A-Z]+", text)[0] + text[-4:] for text in totals] == ["INVALID × 2", "ERROR × 2", "VALID × 1"]
    (summary,) = page.all("table", "summary")
    listed = [row.text for row in next(summary.all("tbody")).all("tr")]
    assert [int(row.split()[0]) for row in listed] == [3, 5, 2, 4, 1]
    assert files[2]["message"] in listed[0]
    assert files[1]["error"]["message"] in listed[2]
    for number in (2, 4):
        section = page.one(f"d{number}")
        assert files[number - 1]["error"]["message"] in section.text
        assert files[number - 1]["error"]["kind"] in section.text
        assert not list(section.all("article"))
    outcomes = {name: found[0][0] for name, found in rows(page.one("d3s1")).items()}
    assert list(outcomes.values()).count({"failed"}) == 1
    assert {"passed"} not in outcomes.values()
    assert "見本" not in page.one("d3s1").text  # whose certificate it is means nothing here


@pytest.mark.parametrize("mode", ["require", "warn", "off"])
def test_what_was_not_checked_never_looks_like_a_pass(mode: str, verified, tongue: str) -> None:
    path = SAMPLES / "signed" / "pension-certificate.signed.xml"
    page, files = verified(path, *TRUST, *WHEN, "--revocation", mode, "--offline", code=3 * (mode == "require"))
    assert files[0]["signatures"][0]["revocation"]["status"] == "not-checked"
    name = {"en": "revocation", "ja": "失効確認"}[tongue]
    ((classes, text),) = rows(page.one("d1s1"))[name]
    assert classes == {"not-checked"}
    words = {"en": "not checked", "ja": "未確認"}[tongue]
    assert words in text
    why = next(next(page.all("table", "summary")).all("tbody")).text
    assert words in why or files[0]["message"] in why
    footer = next(page.all("footer")).text
    for option in (f"--revocation {mode}", "--offline", f"--at {WHEN[1]}", f"--trust {TRUST[1]}"):
        assert option in footer
    assert "jitsuin 0." in footer


@pytest.mark.parametrize(
    ("arguments", "name", "classes"),
    [
        ((*TRUST, *CRL, "--at", "2032-01-01"), "validity period", {"undecided"}),
        ((*CRL, *WHEN), "chain to a trusted CA", {"undecided"}),
    ],
)
def test_what_is_open_has_a_row_of_its_own(
    arguments: tuple[object, ...], name: str, classes: set[str], verified
) -> None:
    page, files = verified(SAMPLES / "signed" / "pension-certificate.signed.xml", *arguments, code=3)
    ((found, text),) = rows(page.one("d1s1"))[name]
    assert found == classes
    assert files[0]["message"] in text
    assert "passed" not in rows(page.one("d1s1"))["revocation"][0][0]
    assert next(page.one("d1").all("span", "badge")).text == "? INDETERMINATE"


def test_changes_after_signing(verified, tmp_path: Path) -> None:
    both = SAMPLES / "signed" / "childcare-application.two-guardians.pdf"
    altered = tmp_path / "altered.pdf"
    altered.write_bytes(both.read_bytes() + b"x")
    page, files = verified(both, altered, *TRUST, *CRL, *WHEN, code=1)
    ((classes, text),) = rows(page.one("d1s1"))["changes after signing"]
    assert classes == {"passed"}
    assert files[0]["signatures"][0]["changes"][0]["message"] in text
    found = rows(page.one("d2s1"))
    ((classes, text),) = found["changes after signing"]
    assert classes == {"failed"}
    assert "not permitted: bytes follow the end" in text
    assert found["content unchanged (digests)"][0][0] == {"passed"}
    assert found["certificate"][0][0] == {"not-judged"}


def test_redaction_leaves_no_personal_data(verified, tmp_path: Path, tongue: str) -> None:
    plain, files = verified(*SIGNED, *TRUST, *CRL, *WHEN)
    hidden, redacted = verified(*SIGNED, *TRUST, *CRL, *WHEN, "--redact")
    personal: set[str] = set()
    for file in files:
        for signature in file["signatures"]:
            certificate = signature["certificate"]
            holder = certificate["holder"]
            personal |= {holder["name"].split()[0], holder["name"], holder["address"], holder["birth_date"]}
            personal |= {certificate["subject"], certificate["serial"], certificate["sha256"]}
    personal = {" ".join(value.split()) for value in personal}
    assert all(value in plain.text for value in personal)
    assert [value for value in personal if value in hidden.text] == []
    assert [file["sha256"] for file in redacted] == [file["sha256"] for file in files]
    assert all(file["sha256"] in hidden.text for file in files)


def test_an_existing_file_is_never_replaced(jitsuin, tmp_path: Path) -> None:
    document = tmp_path / "document.xml"
    document.write_bytes((SAMPLES / "signed" / "pension-certificate.signed.xml").read_bytes())
    other = tmp_path / "report.html"
    other.write_text("mine")
    for target in (other, document, tmp_path, tmp_path / "absent" / "report.html"):
        refused = jitsuin("verify", document, *TRUST, *CRL, *WHEN, "--report", target, "--json")
        assert (refused.code, refused.json["error"]["kind"]) == (8, "OutputError")
    assert other.read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["document.xml", "report.html"]


def test_a_wrong_option_writes_nothing(jitsuin, tmp_path: Path) -> None:
    run = jitsuin("verify", SIGNED[0], "--trust", tmp_path / "absent.cer", "--report", tmp_path / "report.html")
    assert (run.code, list(tmp_path.iterdir())) == (2, [])


# Pages of reports that no sample leads to


CONDITIONS = Conditions(SIGNED_AT, SIGNED_AT, RevocationMode.REQUIRE, (HOSTILE,))


def shown(*results: VerifyReport | tuple[Path, Exception], conditions: Conditions = CONDITIONS) -> Node:
    return read("".join(report_page(results, conditions)))


@pytest.fixture(scope="module")
def sound() -> VerifyReport:
    """A signed PDF, verified."""
    path = SAMPLES / "signed" / "employment-certificate.pades-b-b.pdf"
    trust = sorted((SAMPLES / "trust").iterdir())
    return library.verify_file(path, trust=trust, crls=[SAMPLES / "crl"], at=SIGNED_AT)


def named(name: str) -> x509.Certificate:
    """A certificate that anybody can make for themselves."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    begin = SIGNED_AT - timedelta(days=1)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 1, begin, begin + timedelta(days=9))
    return builder.sign(key, hashes.SHA256())


def test_what_a_hostile_document_says_is_text(tongue: str) -> None:
    certificate = named("<b>&\"'\u202e")
    judgement = judge(certificate, [], TrustStore(), None, SIGNED_AT, RevocationMode.REQUIRE)
    finding = SignatureFinding(
        HOSTILE,
        PASSED,
        signature_id=HOSTILE,
        scheme=HOSTILE,
        covers=(HOSTILE,),
        uncovered=(HOSTILE,),
        changes=(Change("signature-added", True, {"revision": 2, "field": HOSTILE}),),
        certificate=certificate,
    )
    failed = Verdict(SubIndication.FORMAT_FAILURE, "missing-element", {"missing": HOSTILE, "place": HOSTILE})
    signatures = (
        SignatureReport(finding, judgement),
        SignatureReport(replace(finding, verdict=failed), None),
        SignatureReport(SignatureFinding("/", failed), None),
    )
    report = VerifyReport(Path(HOSTILE), HOSTILE, "00", SIGNED_AT, signatures)
    page = shown(report, (Path("x\udcff\n.pdf"), InputError(path=HOSTILE, reason="absent")))
    assert "<script>alert(1)</script>" in page.one("d1").text
    assert "CN=<b>&" in page.one("d1s1").text.replace("\\", "")
    assert "\ufffd" in page.one("d2").text
    hidden = shown(report, conditions=replace(CONDITIONS, redact=True))
    assert "<b>" not in hidden.one("d1s1").text  # self-issued: the issuer's name is the signer's


def test_timestamps(sound: VerifyReport) -> None:
    finding = TimestampFinding(PASSED, at=SIGNED_AT, accuracy=timedelta(seconds=1), certificate=named("Some TSA"))
    good, unasked = RevocationAnswer(RevocationStatus.GOOD), RevocationAnswer(RevocationStatus.NOT_CHECKED, "off")
    untrusted = Verdict(SubIndication.NO_CERTIFICATE_CHAIN_FOUND, "timestamp-authority-unknown")
    altered = Verdict(SubIndication.SIG_CRYPTO_FAILURE, "timestamp-altered")
    stamps = (
        TimestampReport(finding, PASSED, "An anchor", good),
        TimestampReport(finding, PASSED, "An anchor", unasked),
        TimestampReport(finding, untrusted),
        TimestampReport(replace(finding, verdict=altered, at=None, certificate=None), altered),
    )
    stamped = replace(sound.signatures[0], timestamps=stamps)
    own = replace(sound.signatures[0], judgement=None, document_timestamp=stamps[0])
    page = shown(replace(sound, signatures=(stamped, own)))
    found = rows(page.one("d1s1"))["timestamp"]
    assert [classes for classes, _ in found] == [{"passed"}, {"note"}, {"undecided"}, {"failed"}]
    assert "trusted via An anchor" in found[0][1]
    assert "proves nothing" in found[2][1]
    assert "it existed by" in page.one("d1s1").text
    assert "when a timestamp proves it" in rows(page.one("d1s1"))["validity period"][0][1]
    assert next(page.one("d1s2").all("h3")).text.startswith("document timestamp 2:")
    assert "certificate" not in rows(page.one("d1s2"))


@pytest.mark.parametrize(
    ("verdict", "subject", "outcome", "passed"),
    [
        (Verdict(SubIndication.HASH_FAILURE, "digest-differs", {"uri": "#x"}), Subject.DIGESTS, Outcome.FAILED, 0),
        (Verdict(SubIndication.SIG_CRYPTO_FAILURE, "value-differs"), Subject.VALUE, Outcome.FAILED, 0),
        (Verdict(SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "sha1-refused"), Subject.ALGORITHM, Outcome.UNDECIDED, 0),
        (Verdict(SubIndication.SIGNED_DATA_NOT_FOUND, "file-not-given"), Subject.DIGESTS, Outcome.UNDECIDED, 0),
        (
            Verdict(SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "no-certificate"),
            Subject.CERTIFICATE,
            Outcome.UNDECIDED,
            0,
        ),
        (Verdict(SubIndication.FORMAT_FAILURE, "stray-text"), Subject.FORM, Outcome.FAILED, 0),
        (Verdict(SubIndication.SIG_CONSTRAINTS_FAILURE, "signature-removed"), Subject.CHANGES, Outcome.FAILED, 0),
        (Verdict(SubIndication.SIG_CONSTRAINTS_FAILURE, "changed-after-signing"), Subject.CHANGES, Outcome.FAILED, 3),
        (
            Verdict(SubIndication.SIG_CONSTRAINTS_FAILURE, "not-the-form", {"rule": "type"}),
            Subject.FORM,
            Outcome.FAILED,
            4,
        ),
        (
            Verdict(SubIndication.CHAIN_CONSTRAINTS_FAILURE, "certificate-malformed"),
            Subject.CERTIFICATE,
            Outcome.FAILED,
            5,
        ),
    ],
    ids=lambda value: value.reason if isinstance(value, Verdict) else None,
)
def test_one_check_is_blamed_and_only_those_pass_that_are_known_to(
    verdict: Verdict, subject: Subject, outcome: Outcome, passed: int, sound: VerifyReport
) -> None:
    finding = replace(sound.signatures[0].finding, verdict=verdict)
    checks = checks_of(sound, SignatureReport(finding, None))
    assert [check.subject for check in checks if check.outcome in (Outcome.FAILED, Outcome.UNDECIDED)] == [subject]
    assert [check.outcome for check in checks if check.subject is subject] == [outcome]
    assert [check.outcome for check in checks].count(Outcome.PASSED) == passed


@pytest.mark.parametrize("status", [RevocationStatus.REVOKED, RevocationStatus.ON_HOLD])
def test_revoked_is_told_as_it_counts(status: RevocationStatus, sound: VerifyReport) -> None:
    (signature,) = sound.signatures
    assert signature.judgement is not None
    revoked = RevocationAnswer(status, source="a.crl", produced=SIGNED_AT, revoked_at=SIGNED_AT, reason="keyCompromise")
    for sub_indication, outcome in (
        (SubIndication.REVOKED, Outcome.FAILED),
        (SubIndication.REVOKED_NO_POE, Outcome.UNDECIDED),
    ):
        verdict = Verdict(sub_indication, status.value, {"revoked_at": SIGNED_AT, "crl_reason": "keyCompromise"})
        judged = replace(signature, judgement=replace(signature.judgement, revocation=revoked, verdict=verdict))
        (check,) = (c for c in checks_of(sound, judged) if c.subject is Subject.REVOCATION)
        assert check.outcome is outcome
        assert any("a.crl" in line for line in check.evidence)


def test_weak_algorithms_and_old_evidence_are_pointed_out(sound: VerifyReport) -> None:
    (signature,) = sound.signatures
    weak = replace(signature, finding=replace(signature.finding, weak=True))
    page = shown(replace(sound, signatures=(weak,), at=SIGNED_AT + timedelta(days=5)))
    found = rows(page.one("d1s1"))
    assert found["algorithms and key"][0][0] == {"note"}
    assert "SHA-1 is no longer secure" in found["algorithms and key"][0][1]
    assert "age of the evidence: 5 days" in found["revocation"][0][1]


def test_thousands_of_documents_with_totals_and_links(sound: VerifyReport) -> None:
    many = [replace(sound, path=Path(f"folder/{number}.pdf")) for number in range(2000)]
    page = shown(*many)
    assert next(page.all("ul", "totals")).text == "✓ VALID × 2000"
    (summary,) = page.all("table", "summary")
    links = [link.attributes["href"] for link in summary.all("a")]
    assert links == [f"#d{number}" for number in range(1, 2001)]
    assert len(list(page.all("section", "document"))) == 2000


def test_the_words_are_all_there() -> None:
    assert (set(OUTCOMES), set(SUBJECTS)) == (set(map(str, Outcome)), set(map(str, Subject)))
    assert set(REVOCATION_MODES) == set(map(str, RevocationMode))
