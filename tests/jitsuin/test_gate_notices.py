"""What the gate says before signing: warnings, and refusals with the remedy; in text and JSON, Japanese and English."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from jitsuin import sign_file
from jitsuin.filing import filing_notices
from jitsuin.lifetime import japanese_day
from jitsuin.pipeline import open_signer
from jitsuin.samples.documents import income_tax_return
from jitsuin.sentences import CERTIFICATE_REMEDIES, REVOCATION_WORDS, VERDICTS
from jitsuin.signer.simulator import PERSONAS, SIGNATURE_PASSWORD
from jitsuin.signer.simulator.pki import signature_certificate

TODAY = japanese_day(datetime.now(UTC))
NOTICES = {
    # code: persona, days to the filing date, words in both languages
    "certificate-young": ("young", None, "less than 24 hours old", "24時間以内"),
    "renewal-window": ("renewal-window", None, "it can be renewed now", "更新手続きができます"),
    "characters-substituted": ("substitution", None, "is written differently", "代替文字"),
    "expires-before-filing": ("renewal-window", 90, "before the filing date", "提出日"),
    "filing-date-past": ("valid", -1, "is past", "過去の日付"),
}
ALWAYS = {"revocation-not-checked"}
"""No CRL is given here."""


@pytest.fixture
def sign(jitsuin: Callable, card: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable:
    """Sign with a card that was issued to this persona now."""
    (tmp_path / "a.xtx").write_bytes(income_tax_return())

    def run(persona: str, *options: object, day: int | None = None) -> object:
        monkeypatch.setenv("SECRET", SIGNATURE_PASSWORD)  # it is taken out of the environment when it is read
        key = ("--key", card(persona, datetime.now(UTC)), "--pin-source", "env:SECRET", "--trust", "simulator")
        filing = () if day is None else ("--filing-date", TODAY + timedelta(day))
        return jitsuin("sign", tmp_path / "a.xtx", "-o", tmp_path / "b.xtx", "--overwrite", *key, *filing, *options)

    return run


def codes(run: object) -> set[str]:
    (file,) = run.json["files"]
    return {notice["code"] for notice in file["notices"]} - ALWAYS


@pytest.mark.parametrize("code", NOTICES)
def test_a_warning(sign: Callable, in_japanese: Callable, code: str) -> None:
    persona, day, english, japanese = NOTICES[code]
    shown = sign(persona, day=day)
    assert (shown.code, english in shown.out) == (0, True), shown.out
    printed = sign(persona, "--json", day=day)
    assert code in codes(printed)
    assert english in next(n["message"] for n in printed.json["files"][0]["notices"] if n["code"] == code)
    in_japanese()
    assert japanese in sign(persona, day=day).out


def test_no_warning_without_cause(sign: Callable) -> None:
    assert codes(sign("valid", "--json")) == set()
    assert codes(sign("valid", "--json", day=0)) == set(), "today is not past"
    assert codes(sign("renewal-window", "--json", day=30)) == {"renewal-window"}


REFUSALS = {
    # persona: reason, and the remedy in both languages
    "expired": ("signer-expired", "have it renewed", "窓口で更新"),
    "not-yet-valid": ("signer-not-yet-valid", "once it is valid", "時計"),
    "revoked-affiliation-changed": ("revoked", "a move or a change of name", "転居や氏名"),
    "revoked-superseded": ("revoked", "the newer one", "新しい証明書"),
    "revoked-key-compromise": ("revoked", "a new one is issued", "新しい証明書"),
    "revoked-certificate-hold": ("on-hold", "have the hold lifted", "解除"),
    "look-alike": ("issuer-unknown", "--trust", "--trust"),
}


@pytest.mark.parametrize("persona", REFUSALS)
def test_a_refusal_and_its_remedy(
    sign: Callable, card: Callable, in_japanese: Callable, tmp_path: Path, persona: str
) -> None:
    reason, english, japanese = REFUSALS[persona]
    crls = ("--crl", Path(card(persona, datetime.now(UTC)).removeprefix("simulator:")) / "crl")
    shown = sign(persona, *crls)
    assert (shown.code, (tmp_path / "b.xtx").exists()) == (10, False)
    assert english in shown.err.lower()
    printed = sign(persona, "--json", *crls).json
    assert (printed["exit_code"], printed["error"]["facts"]["reason"]) == (10, reason)
    in_japanese()
    assert japanese in sign(persona, *crls).err


def test_a_remedy_for_what_was_not_checked(sign: Callable, in_japanese: Callable) -> None:
    refused = sign("valid", "--revocation", "require")
    assert (refused.code, "--revocation warn" in refused.err) == (10, True)
    in_japanese()
    assert "--revocation warn" in sign("valid", "--revocation", "require").err


def test_every_remedy_is_of_a_reason() -> None:
    codes = {code.partition(".")[0] for code in CERTIFICATE_REMEDIES}
    assert codes <= VERDICTS.keys()
    assert {code.partition(".")[2] for code in CERTIFICATE_REMEDIES} - {""} <= REVOCATION_WORDS.keys()


@pytest.mark.parametrize(
    "text", ["", "soon", "2027-02-30", "2027-3-15", "20270315", "2027-W11-1", "2027-03-15T00:00", "27-03-15", "令和9年"]
)
def test_what_is_no_day(sign: Callable, tmp_path: Path, text: str) -> None:
    refused = sign("valid", "--filing-date", text)
    assert (refused.code, "YYYY-MM-DD" in refused.err, (tmp_path / "b.xtx").exists()) == (2, True, False)
    assert sign("valid", "--filing-date", "2127-03-15").code == 0


def test_to_the_end_of_the_day_in_japan(at: datetime) -> None:
    """The certificate ends at 14:59:59Z, which is the end of that day: it is good on it, and not on the next."""
    certificate = signature_certificate(PERSONAS["valid"], at)
    last = japanese_day(certificate.not_valid_after_utc)
    assert list(filing_notices(certificate, last, at)) == []
    (notice,) = filing_notices(certificate, last + timedelta(1), at)
    assert (notice.code, notice.facts["until"]) == ("expires-before-filing", certificate.not_valid_after_utc)
    assert {n.code for n in filing_notices(certificate, date(9999, 12, 31), at)} == {"expires-before-filing"}
    assert {n.code for n in filing_notices(certificate, date(1, 1, 1), at)} == {"filing-date-past"}


def test_in_the_library(card: Callable, person: Callable, tmp_path: Path, at: datetime) -> None:
    (tmp_path / "a.xtx").write_bytes(income_tax_return())
    with open_signer(card("renewal-window"), pin=person, at=at) as signer:
        result = sign_file(
            tmp_path / "a.xtx",
            tmp_path / "b.xtx",
            signer=signer,
            trust=["simulator"],
            filing_date=at.date() + timedelta(90),
            at=at,
        )
    assert "expires-before-filing" in {notice.code for notice in result.notices}
