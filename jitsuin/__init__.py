"""Jitsuin (実印): sign Japanese e-filing documents with the My Number card's signature key, and verify them.

    with jitsuin.open_signer("simulator:", pin=lambda request: "JITSUIN123") as signer:
        result = jitsuin.sign_file("return.xtx", "return.signed.xtx", signer=signer, trust=["simulator"])
    report = jitsuin.verify_file("return.signed.xtx", trust=["simulator"], revocation="warn")

Nothing is printed, results are frozen, errors are typed (`jitsuin.errors`, `jitsuin.signer.errors`,
`jitsuin.formats.errors`). Importing this module loads nothing heavy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .batch import BatchOptions, rehearse_batch, sign_batch
    from .batch_results import BatchResult
    from .batch_verification import verify_batch, verify_journal
    from .pipeline import open_signer, sign_file, sign_files
    from .rehearsal import SigningOptions
    from .results import SignOutcome, SignResult, VerifyReport
    from .verification import verify_file

__all__ = [
    "BatchOptions",
    "BatchResult",
    "SignOutcome",
    "SignResult",
    "SigningOptions",
    "VerifyReport",
    "open_signer",
    "rehearse_batch",
    "sign_batch",
    "sign_file",
    "sign_files",
    "verify_batch",
    "verify_file",
    "verify_journal",
]

_HOMES = {
    "BatchOptions": ".batch",
    "BatchResult": ".batch_results",
    "SigningOptions": ".rehearsal",
    "rehearse_batch": ".batch",
    "sign_batch": ".batch",
    "verify_batch": ".batch_verification",
    "verify_journal": ".batch_verification",
    "open_signer": ".pipeline",
    "sign_file": ".pipeline",
    "sign_files": ".pipeline",
    "verify_file": ".verification",
    "SignOutcome": ".results",
    "SignResult": ".results",
    "VerifyReport": ".results",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name], __name__), name)
