"""The checks of a signature for the terminal and as JSON: one line of them all, or each with its evidence."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from .checks import SIGNS, Check, Outcome, checks_of
from .language import say
from .report import about_document, iso, padded, printable, verify_json, verify_text
from .results import SignatureReport, VerifyReport
from .sentences.checks import OUTCOMES, SUBJECTS

_INDENT = " " * 14
"""To the column of values in `verify_text`."""


def verification_text(report: VerifyReport, *, redact: bool = False, verbose: bool = False) -> str:
    """A verification for a person: how its checks ended, and with `verbose` each of them with its evidence."""
    lines = partial(_lines, report, redact=redact, verbose=verbose)
    return verify_text(report, redact=redact, more=lines)


def verification_json(report: VerifyReport, *, redact: bool = False) -> dict[str, object]:
    """A verification as JSON values, with the checks of every signature."""
    values = verify_json(report, redact=redact)
    signatures = values["signatures"]
    if isinstance(signatures, list):
        for signature, told in zip(report.signatures, signatures, strict=True):
            checks = () if about_document(signature) else checks_of(report, signature, redact=redact)
            told["checks"] = [_check_json(report, check) for check in checks]
    return values


def _lines(report: VerifyReport, signature: SignatureReport, *, redact: bool, verbose: bool) -> Iterator[str]:
    checks = checks_of(report, signature, redact=redact)
    label = padded(say("checks", "確認項目"))
    if not verbose:
        yield label + _summary(checks)
        return
    for number, check in enumerate(checks):
        first, *rest = check.evidence or ("",)
        outcome, subject = say(*OUTCOMES[check.outcome]), say(*SUBJECTS[check.subject])
        told = f"{SIGNS[check.outcome]} {subject}: {outcome}" + (f" - {printable(first)}" if first else "")
        yield (_INDENT if number else label) + told
        yield from (f"{_INDENT}    {printable(evidence)}" for evidence in rest)


def _summary(checks: tuple[Check, ...]) -> str:
    """How many passed, and which did not."""
    passed = sum(check.outcome is Outcome.PASSED for check in checks)
    told = [say(f"{passed} passed", f"合格{passed}件")]
    for outcome in Outcome:
        if outcome is not Outcome.PASSED and (of := [check.subject for check in checks if check.outcome is outcome]):
            names = dict.fromkeys(say(*SUBJECTS[subject]) for subject in of)
            told.append(say(*OUTCOMES[outcome]) + ": " + ", ".join(names))
    return "; ".join(told)


def _check_json(report: VerifyReport, check: Check) -> dict[str, object]:
    answer = check.answer
    produced = answer.produced if answer else None
    return {
        "subject": check.subject.value,
        "outcome": check.outcome.value,
        "reason": check.reason or None,
        "evidence": list(check.evidence),
        "source": (answer.source or None) if answer else None,
        "produced": iso(produced) if produced else None,
        "age_seconds": int((report.at - produced).total_seconds()) if produced else None,
    }
