"""Verdicts in the words of ETSI EN 319 102-1: three indications, a sub-indication each, and the reason as a code.

Where this differs from the standard: SIG_CONSTRAINTS_FAILURE and CHAIN_CONSTRAINTS_FAILURE make a document INVALID here
(clause 5.1.3 files them under INDETERMINATE), because our constraints are the format's own rules, and breaking one is
wrong rather than unchecked (docs/adr/0004).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Indication(StrEnum):
    """The three values. They are never mixed: "wrong" and "could not be checked" are different answers."""

    TOTAL_PASSED = "TOTAL_PASSED"
    INDETERMINATE = "INDETERMINATE"
    TOTAL_FAILED = "TOTAL_FAILED"

    @property
    def word(self) -> str:
        """VALID, INDETERMINATE or INVALID: the word shown to people."""
        return {"TOTAL_PASSED": "VALID", "TOTAL_FAILED": "INVALID"}.get(self.value, self.value)


class SubIndication(StrEnum):
    """Why a verdict is not TOTAL_PASSED (EN 319 102-1, tables 5 and 6)."""

    FORMAT_FAILURE = "FORMAT_FAILURE"
    HASH_FAILURE = "HASH_FAILURE"
    SIG_CRYPTO_FAILURE = "SIG_CRYPTO_FAILURE"
    SIG_CONSTRAINTS_FAILURE = "SIG_CONSTRAINTS_FAILURE"
    CHAIN_CONSTRAINTS_FAILURE = "CHAIN_CONSTRAINTS_FAILURE"
    NOT_YET_VALID = "NOT_YET_VALID"
    REVOKED = "REVOKED"
    CRYPTO_CONSTRAINTS_FAILURE = "CRYPTO_CONSTRAINTS_FAILURE"
    SIGNED_DATA_NOT_FOUND = "SIGNED_DATA_NOT_FOUND"
    NO_SIGNING_CERTIFICATE_FOUND = "NO_SIGNING_CERTIFICATE_FOUND"
    NO_CERTIFICATE_CHAIN_FOUND = "NO_CERTIFICATE_CHAIN_FOUND"
    OUT_OF_BOUNDS_NO_POE = "OUT_OF_BOUNDS_NO_POE"
    REVOKED_NO_POE = "REVOKED_NO_POE"
    TRY_LATER = "TRY_LATER"

    @property
    def indication(self) -> Indication:
        """The indication that this sub-indication belongs to."""
        return Indication.TOTAL_FAILED if self in _WRONG else Indication.INDETERMINATE


_WRONG = frozenset(
    {
        SubIndication.FORMAT_FAILURE,
        SubIndication.HASH_FAILURE,
        SubIndication.SIG_CRYPTO_FAILURE,
        SubIndication.SIG_CONSTRAINTS_FAILURE,
        SubIndication.CHAIN_CONSTRAINTS_FAILURE,
        SubIndication.NOT_YET_VALID,
        SubIndication.REVOKED,
    }
)


@dataclass(frozen=True)
class Verdict:
    """One answer: the sub-indication (None when all passed), a reason code and the facts that its sentence needs."""

    sub_indication: SubIndication | None = None
    reason: str = "passed"
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def indication(self) -> Indication:
        """TOTAL_PASSED without a sub-indication, else what the sub-indication belongs to."""
        return Indication.TOTAL_PASSED if self.sub_indication is None else self.sub_indication.indication

    @property
    def passed(self) -> bool:
        """Whether the indication is TOTAL_PASSED."""
        return self.sub_indication is None


PASSED = Verdict()


class RefusedSignatureError(Exception):
    """The signature cannot be processed further; carries the verdict. Never leaves the verifying modules."""

    def __init__(self, sub_indication: SubIndication, reason: str, **facts: object) -> None:
        super().__init__(reason)
        self.verdict = Verdict(sub_indication, reason, facts)


_SEVERITY = (Indication.TOTAL_PASSED, Indication.INDETERMINATE, Indication.TOTAL_FAILED)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The first of the worst verdicts: a document is as good as its worst signature. Needs at least one."""
    return max(verdicts, key=lambda verdict: _SEVERITY.index(verdict.indication))
