"""The sentences themselves, English and Japanese side by side. Data only; `messages` chooses and fills in.

Keys are a reason code, the name of an error class, or both joined by a dot, the most particular first.
"""

from __future__ import annotations

from collections.abc import Mapping

from . import batch, errors, long_term, pdf, pkcs11, timestamps, verdicts, xades
from .batch import SKIPS
from .card import ADVICE, CERTIFICATE_KINDS, ENDINGS, LIFETIMES, REVOCATION_HERE, TOKEN_KINDS
from .certificates import CERTIFICATE_REMEDIES
from .errors import SYSTEM_WORDS, UNFORESEEN
from .pdf import CHANGES, REMEDIES
from .pkcs11 import TOKEN_EVENTS
from .verdicts import REVOCATION_WORDS

__all__ = [
    "ADVICE",
    "CERTIFICATE_KINDS",
    "CERTIFICATE_REMEDIES",
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
    "SYSTEM_WORDS",
    "TOKEN_EVENTS",
    "TOKEN_KINDS",
    "UNFORESEEN",
    "VERDICTS",
]

VERDICTS: Mapping[str, tuple[str, str]] = {**verdicts.VERDICTS, **xades.VERDICTS, **pdf.VERDICTS}
FORM_RULES: Mapping[str, tuple[str, str]] = {**pdf.FORM_RULES, **xades.FORM_RULES}
ERRORS: Mapping[str, tuple[str, str]] = {
    **errors.ERRORS,
    **pdf.ERRORS,
    **pkcs11.ERRORS,
    **timestamps.ERRORS,
    **xades.ERRORS,
    **long_term.ERRORS,
    **batch.ERRORS,
}
NOTICES: Mapping[str, tuple[str, str]] = {**verdicts.NOTICES, **long_term.NOTICES}
