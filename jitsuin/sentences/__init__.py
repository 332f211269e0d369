"""The sentences themselves, English and Japanese side by side. Data only; `messages` chooses and fills in.

Keys are a reason code, the name of an error class, or both joined by a dot, the most particular first.
"""

from __future__ import annotations

from collections.abc import Mapping

from . import batch, errors, pdf, pkcs11, timestamps, verdicts
from .batch import SKIPS
from .card import ADVICE, CERTIFICATE_KINDS, ENDINGS, LIFETIMES, REVOCATION_HERE, TOKEN_KINDS
from .errors import UNFORESEEN
from .pdf import CHANGES, FORM_RULES, REMEDIES
from .pkcs11 import TOKEN_EVENTS
from .verdicts import NOTICES, REVOCATION_WORDS

__all__ = [
    "ADVICE",
    "CERTIFICATE_KINDS",
    "CHANGES",
    "ENDINGS",
    "ERRORS",
    "FORM_RULES",
    "LIFETIMES",
    "NOTICES",
    "REMEDIES",
    "REVOCATION_HERE",
    "REVOCATION_WORDS",
    "SKIPS",
    "TOKEN_EVENTS",
    "TOKEN_KINDS",
    "UNFORESEEN",
    "VERDICTS",
]

VERDICTS: Mapping[str, tuple[str, str]] = {**verdicts.VERDICTS, **pdf.VERDICTS}
ERRORS: Mapping[str, tuple[str, str]] = {
    **errors.ERRORS,
    **pdf.ERRORS,
    **pkcs11.ERRORS,
    **timestamps.ERRORS,
    **batch.ERRORS,
}
