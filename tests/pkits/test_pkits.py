"""Every test of NIST's PKITS on a signed document (docs/pkits.md): nothing is VALID that should not be.

With JITSUIN_PKITS_WRITE=1 the run also writes the page; without, what it finds is compared with the page.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import fill

import pytest
from pyhanko_certvalidator import PKIXValidationParams

import jitsuin
from jitsuin import certpath
from jitsuin.clock import now
from jitsuin.formats.errors import UnsupportedDocumentError
from jitsuin.formats.verdict import Verdict
from jitsuin.revocation import EvidenceOptions, Revocation
from jitsuin.trust import TrustStore, build_chain
from jitsuin.validity import RevocationMode, judge
from pkits import (
    AT,
    CERTIFICATES,
    CRLS,
    POLICY_CASES,
    Case,
    PolicyCase,
    anchor,
    cases,
    certificate,
    signed_pdf,
    unreadable_xml,
)

# Of serial numbers that are negative, which is what 4.4.14 and 4.4.15 are about.
pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")

PAGE = Path(__file__).resolve().parents[2] / "docs" / "pkits.md"
WRITE = bool(os.environ.get("JITSUIN_PKITS_WRITE"))
OFFLINE = EvidenceOptions(offline=True)
INDIRECT_TOO = EvidenceOptions(offline=True, allow_indirect_crl=True)

OF_PATHS = ("4.1", "4.2", "4.3", "4.6", "4.8", "4.9", "4.10", "4.11", "4.12", "4.13", "4.16")
"""Sections in which revocation is not what is tested: the path alone has to be what NIST says."""
SECTIONS: Mapping[str, str] = {
    "4.1": "Signature verification",
    "4.2": "Validity periods",
    "4.3": "Name chaining",
    "4.4": "Basic certificate revocation",
    "4.5": "Self-issued certificates",
    "4.6": "Basic constraints",
    "4.7": "Key usage",
    "4.8": "Certificate policies",
    "4.9": "Require explicit policy",
    "4.10": "Policy mappings",
    "4.11": "Inhibit policy mapping",
    "4.12": "Inhibit any policy",
    "4.13": "Name constraints",
    "4.14": "Distribution points",
    "4.15": "Delta-CRLs",
    "4.16": "Private certificate extensions",
}
STRICTER: Mapping[str, tuple[str, ...]] = {
    "DSA keys, of 1024 bits and with SHA-1 here, are refused. The second of these certificates takes its key's "
    "parameters from its issuer, and `cryptography` does not read it.": ("4.1.4", "4.1.5"),
    "The CRL names its issuer as the CA is called, the certificate writes that name with other capitals or spaces. "
    "For certification paths such names are equal, for finding a CRL they have to be the same.": (
        "4.3.3",
        "4.3.4",
        "4.3.5",
        "4.3.11",
    ),
    "The CA signs its CRL with another of its keys than the certificate. Here a CRL speaks only of certificates that "
    "were signed with the key that signed the CRL: JPKI's three CAs of one name are told apart by nothing else.": (
        "4.4.19",
        "4.5.1",
        "4.5.4",
        "4.5.6",
        "4.6.15",
        "4.6.17",
        "4.9.6",
        "4.11.7",
        "4.12.7",
        "4.12.9",
        "4.13.19",
    ),
    "The document is signed with the key of a CA. That key is for certificates and CRLs: the path is accepted, the "
    "certificate is one of the wrong kind.": ("4.6.8", "4.6.14", "4.8.6", "4.14.13"),
    "CRLs for some reasons of revocation alone are not put together.": ("4.14.18", "4.14.19"),
    "CRLs that are marked as indirect, or that another signs than the issuer of the certificate, are refused without "
    "`--allow-indirect-crl`; with it, see below.": (
        "4.14.22",
        "4.14.24",
        "4.14.25",
        "4.14.28",
        "4.14.29",
        "4.14.30",
        "4.14.33",
    ),
}
"""Why what should be valid is not."""
INDIRECT = tuple(f"4.14.{number}" for number in range(22, 36))
"""The tests of indirect CRLs."""
SELF_VOUCHING = ("4.14.30",)
STRICTER_PATHS = ("4.1.4", "4.1.5")


@dataclass(frozen=True)
class Found:
    """What became of a test."""

    verdict: Verdict
    path: Verdict | None
    """The chain's own verdict; None where no certificate could be judged."""

    def __str__(self) -> str:
        why = f" ({self.verdict.facts['why']})" if "why" in self.verdict.facts else ""
        return f"{self.verdict.indication.word} `{self.verdict.reason}`{why}"


@pytest.fixture(autouse=True, scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("documents")


@cache
def found(case: Case, folder: Path) -> Found:
    """Sign and verify; where the key signs no documents here, judge the certificate."""
    path = folder / f"{case.number}.pdf"
    try:
        path.write_bytes(signed_pdf(case.files))
    except UnsupportedDocumentError:
        leaf, *hints = (certificate(one) for one in reversed(case.files))
        judgement = judge(leaf, hints, TrustStore((anchor(),)), _broker(), AT, RevocationMode.REQUIRE)
        return Found(judgement.verdict, judgement.chain.verdict)
    except ValueError:
        path = path.with_suffix(".xml")
        path.write_bytes(unreadable_xml(case.files))
    report = jitsuin.verify_file(path, trust=[anchor()], crls=[CRLS], revocation="require", evidence=OFFLINE, at=AT)
    (signature,) = report.signatures
    return Found(report.verdict, signature.judgement.chain.verdict if signature.judgement else None)


@cache
def found_with_indirect(case: Case, folder: Path) -> Verdict:
    """The same with `--allow-indirect-crl`; the CRL issuers' certificates are those of the suite."""
    path = folder / f"{case.number}-indirect.pdf"
    path.write_bytes(signed_pdf(case.files))
    crls = [CRLS, CERTIFICATES]
    return jitsuin.verify_file(
        path, trust=[anchor()], crls=crls, revocation="require", evidence=INDIRECT_TOO, at=AT
    ).verdict


@cache
def _broker() -> Revocation:
    return Revocation([CRLS], OFFLINE, now())


@pytest.mark.parametrize("case", cases().values(), ids=lambda case: case.number)
def test_of_the_suite(case: Case, folder: Path) -> None:
    outcome = found(case, folder)
    stricter = {number for numbers in STRICTER.values() for number in numbers}
    assert outcome.verdict.passed is (case.valid and case.number not in stricter), outcome
    if case.section in OF_PATHS and case.number not in STRICTER_PATHS:
        assert outcome.path is not None
        assert outcome.path.passed is case.valid, outcome.path
    if case.section == "4.13" and not case.valid:
        assert outcome.verdict.reason == "name-constraints"


@pytest.mark.parametrize("number", [number for number in cases() if number.startswith("4.14.")])
def test_of_the_suite_with_indirect_crls(number: str, folder: Path) -> None:
    """Those of the section that agree without the option agree with it, and so do all of indirect CRLs but one."""
    verdict = found_with_indirect(cases()[number], folder)
    before = found(cases()[number], folder).verdict
    if number in INDIRECT:
        assert verdict.passed is (cases()[number].valid and number not in SELF_VOUCHING), verdict
    else:
        assert (verdict.passed, verdict.reason) == (before.passed, before.reason)


@pytest.mark.parametrize("case", POLICY_CASES, ids=str)
def test_of_the_suite_with_other_policy_inputs(case: PolicyCase, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set from within: `jitsuin` takes any policy that the CAs take."""
    inputs = PKIXValidationParams(
        user_initial_policy_set=frozenset(f"2.16.840.1.101.3.2.1.48.{number}" for number in case.policies)
        or frozenset({"any_policy"}),
        initial_explicit_policy=case.explicit,
        initial_policy_mapping_inhibit=case.no_mapping,
        initial_any_policy_inhibit=case.no_any,
    )
    monkeypatch.setattr(certpath, "POLICY_INPUTS", inputs)
    leaf, *hints = (certificate(one) for one in reversed(cases()[case.number].files))
    verdict = build_chain(leaf, hints, TrustStore((anchor(),)), AT).verdict
    assert verdict.reason == ("passed" if case.valid else "certificate-policies")


def test_the_suite_is_complete() -> None:
    sizes = Counter(case.section for case in cases().values())
    assert list(sizes.values()) == [6, 8, 11, 21, 8, 17, 5, 20, 8, 14, 11, 10, 38, 35, 10, 2]
    assert list(sizes) == list(SECTIONS)


def test_the_page_says_what_is_found(folder: Path) -> None:
    outcomes = {number: found(case, folder) for number, case in cases().items()}
    text = page(outcomes, {number: found_with_indirect(cases()[number], folder) for number in INDIRECT})
    if WRITE:
        PAGE.write_text(text, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == text


def page(outcomes: Mapping[str, Found], indirect: Mapping[str, Verdict]) -> str:
    """The page, from what was found."""
    agreeing = {number for number, one in outcomes.items() if one.verdict.passed is cases()[number].valid}
    of_paths = [case for case in cases().values() if case.section in OF_PATHS]
    paths = [case for case in of_paths if (one := outcomes[case.number].path) and one.passed is case.valid]
    sections, stricter = [], []
    for section, title in SECTIONS.items():
        numbers = [case.number for case in cases().values() if case.section == section]
        refused = Counter(str(outcomes[number]) for number in numbers if not outcomes[number].verdict.passed)
        how = ", ".join(f"{count} × {what}" for what, count in refused.items())
        agree = sum(number in agreeing for number in numbers)
        sections.append(f"| {section} {title} | {len(numbers)} | {agree} | {len(numbers) - refused.total()} | {how} |")
    for why, numbers in STRICTER.items():
        rows = [f"| {number} | {cases()[number].name} | {outcomes[number]} |" for number in numbers]
        stricter.append("\n".join([fill(why, 120), "", "| Test | Name | Here |", "| --- | --- | --- |", *rows]))
    rows = [
        f"| {number} | {cases()[number].name} | {'valid' if cases()[number].valid else 'not valid'} "
        f"| {Found(verdict, None)} |"
        for number, verdict in indirect.items()
    ]
    return _PAGE.format(
        indirect="\n".join(rows),
        indirect_tests=len(indirect),
        indirect_agree=sum(verdict.passed is cases()[number].valid for number, verdict in indirect.items()),
        tests=len(outcomes),
        agree=len(agreeing),
        disagree=len(outcomes) - len(agreeing),
        of_paths=len(of_paths),
        paths=len(paths),
        policies=len(POLICY_CASES),
        at=f"{AT:%Y-%m-%d}",
        sections="\n".join(sections),
        stricter="\n\n".join(stricter),
    )


_PAGE = """\
<!-- Made by JITSUIN_PKITS_WRITE=1 and tests/pkits/test_pkits.py: run it again, do not change this page. -->

# NIST's certification path tests

The Public Key Interoperability Test Suite ([PKITS](https://csrc.nist.gov/projects/pki-testing), files of 2011: RSA of
2048 bits, SHA-256) has {tests} tests of certification path validation, each with the result that RFC 5280 (then 3280)
demands. For each, `tests/pkits/test_pkits.py` signs a PDF with the suite's own private key for the test's last
certificate, the test's other certificates within, and verifies it as `jitsuin verify` does: the suite's root as
`--trust`, its folder of CRLs as `--crl`, `--revocation require`, `--offline`, `--at {at}`. For two DSA keys,
which sign no documents here, the certificate is judged alone; for a certificate that cannot be read a document is made
that carries it.

- **{agree} of {tests} agree.** The other {disagree} should be valid and are not, for the reasons below.
- **Nothing is VALID that should not be.**
- In the sections that test paths and not revocation the path alone, without CRLs and without asking whether
  the key is one for documents, is judged as NIST says in {paths} of {of_paths} tests; the rest have DSA keys.
- The suite repeats some tests with other policies wanted, {policies} more in all. `jitsuin` has no option for that:
  whatever policy the CAs take will do. With such values set from within all {policies} agree.

Not VALID is INVALID or INDETERMINATE: what is revoked without a proof of time, or expired, may have been signed before
([ADR 0004](adr/0004-ternary-verdicts.md)). Which library validates paths, and which part is our own, is said in
[ADR 0016](adr/0016-path-validation.md).

| Section | Tests | Agree | VALID | Not VALID here |
| --- | --- | --- | --- | --- |
{sections}

## Where it is stricter

{stricter}

## Indirect CRLs

With `--allow-indirect-crl`, the suite's folder of certificates as a second `--crl`,
{indirect_agree} of the {indirect_tests} tests of indirect CRLs agree, and the other tests of section 4.14 end as above.
In 4.14.30 nothing but a CRL that the CRL issuer has signed itself says that its certificate has not been revoked.
Whoever has stolen its key could say that, too, so such a CRL is not believed.

| Test | Name | NIST | Here |
| --- | --- | --- | --- |
{indirect}
"""
