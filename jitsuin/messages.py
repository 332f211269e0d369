"""Errors, verdicts and notices as sentences for people: what happened, why, and what to do, in the run's language.

They carry codes and facts; here, at the edge, they become text.
"""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from jitsuin.signer.errors import PinIncorrectError

from .errors import CertificateRefusedError, TimestampError
from .language import language, say
from .sentences import (
    ADVICE,
    CERTIFICATE_REMEDIES,
    CHANGES,
    ERRORS,
    FORM_RULES,
    LIFETIMES,
    NOTICES,
    REMEDIES,
    REVOCATION_WORDS,
    SKIPS,
    SYSTEM_WORDS,
    TOKEN_EVENTS,
    UNFORESEEN,
    VERDICTS,
    doctor,
)
from .sentences.long_term import ADDED, LACKS, NO_TIMESTAMP

if TYPE_CHECKING:
    from .long_term import Lack

_SENTENCE_ENDS = (". ", "。")
_SIGNATURE = ("the signature", "署名")
_HOURS_TOLD = 48
JST = timezone(timedelta(hours=9), "JST")


def verdict_sentence(reason: str, facts: Mapping[str, object]) -> str:
    """The sentence of a verdict."""
    return _filled(VERDICTS[reason], facts)


def notice_sentence(code: str, facts: Mapping[str, object]) -> str:
    """The sentence of a notice; a verdict's reason among the facts, or an error's, is told in words."""
    reason = str(facts.get("reason", ""))
    if code == "timestamp-missing":
        return _filled(NOTICES[code], {**facts, "error": error_sentence(TimestampError(**facts))})
    if reason in VERDICTS:
        facts = {**facts, "reason": verdict_sentence(reason, facts)}
    return _filled(NOTICES[code], facts)


def advice_sentence(code: str, facts: Mapping[str, object]) -> str:
    """What a card's holder should do next; a verdict's reason among the facts is told in words."""
    reason = str(facts.get("reason", ""))
    if reason in VERDICTS:
        facts = {**facts, "reason": verdict_sentence(reason, facts)}
    return _filled(ADVICE[code], facts)


def lifetime_sentence(code: str, facts: Mapping[str, object]) -> str:
    """How long a certificate is still good for, or since when it is not."""
    return _filled(LIFETIMES[code], facts)


def change_sentence(code: str, facts: Mapping[str, object]) -> str:
    """The sentence of something that was done after a signature was made."""
    return _filled(CHANGES[code], facts)


def error_sentence(error: Exception) -> str:
    """What happened, why, and what to do. For an error that nobody foresaw, its kind alone."""
    facts: Mapping[str, object] = getattr(error, "facts", {})
    name, reason = type(error).__name__, str(facts.get("reason", ""))
    if isinstance(error, PinIncorrectError) and facts.get("tries_left") is None:
        reason = "not-counted"
    if isinstance(error, OSError):
        told = error.strerror or name
        return SYSTEM_WORDS.get(told, told) if language() == "ja" else told
    entry = ERRORS.get(f"{name}.{reason}") or ERRORS.get(name)
    if entry is None:  # the text of an error that nobody foresaw may quote the document
        return _filled(UNFORESEEN, {"kind": name})
    sentence = _filled(entry, facts)
    # A refused document or certificate: the reason is one of the verdicts', and says why.
    if reason in VERDICTS and f"{name}.{reason}" not in ERRORS and "{reason}" not in entry[0]:
        sentence += ": " + verdict_sentence(reason, facts)
    if remedy := _remedy(error, reason, facts):
        sentence += _SENTENCE_ENDS[language() == "ja"] + _filled(remedy, facts)
    return sentence


def _remedy(error: Exception, reason: str, facts: Mapping[str, object]) -> tuple[str, str] | None:
    """What to do about it, where there is something."""
    if isinstance(error, CertificateRefusedError):
        particular = CERTIFICATE_REMEDIES.get(f"{reason}.{facts.get('crl_reason')}")
        return particular or CERTIFICATE_REMEDIES.get(reason)
    return REMEDIES.get(reason)


def skip_sentence(reason: str) -> str:
    """Why a file of a batch was passed over."""
    return _filled(SKIPS[reason], {})


def token_event_sentence(code: str, token: str) -> str:
    """What whoever waits for a signature should know at once."""
    return _filled(TOKEN_EVENTS[code], {"token": token})


def check_finding(key: str, facts: Mapping[str, object]) -> str:
    """What a check of `jitsuin doctor` found; the key is its subject and code."""
    return _filled(doctor.FINDINGS[key], {name: "?" if fact is None else fact for name, fact in facts.items()})


def check_advice(key: str, facts: Mapping[str, object]) -> str:
    """What to do about it."""
    return _filled(doctor.ADVICE[key], facts)


def bundle_notice(path: str) -> str:
    """Where the bundle of `jitsuin doctor` lies, and what is not in it."""
    return _filled(doctor.BUNDLE, {"path": path})


def moment(value: datetime) -> str:
    """A time as a person in Japan reads it."""
    try:
        shown, zone = value.astimezone(JST), "JST"
    except OverflowError:  # the year 9999, RFC 5280's "no expiry", has no Japanese time
        shown, zone = value, "UTC"
    # Not strftime, which writes the year 1 with one digit on some systems and with four on others.
    return f"{shown.replace(tzinfo=None).isoformat(' ', 'minutes')} {zone}"


def age(made: datetime, at: datetime) -> str:
    """How old something was at a time, as roughly as people ask."""
    passed = at - made
    hours = passed // timedelta(hours=1)
    if passed < timedelta():
        return say("from after that time", "基準時刻より後のもの")
    if not hours:
        return say("less than an hour", "1時間未満")
    return say(f"{hours} h", f"{hours}時間") if hours < _HOURS_TOLD else say(f"{passed.days} days", f"{passed.days}日")


def revocation_word(code: str) -> str:
    """A CRLReason, or the reason why nothing was checked, in words."""
    entry = REVOCATION_WORDS.get(code)
    return entry[language() == "ja"] if entry else code


def form_rule(rule: str) -> str:
    """What a destination asks for, in words."""
    entry = FORM_RULES.get(rule)
    return entry[language() == "ja"] if entry else rule


def lack_in_words(lack: Lack) -> str:
    """What a level for the long term wants, and why it is not there."""
    entry = REVOCATION_WORDS.get(lack.why) or VERDICTS.get(lack.why)
    why = NO_TIMESTAMP[language() == "ja"] if lack.why == "no-timestamp" else lack.why
    return _filled(LACKS[lack.role], {"name": lack.name, "why": _filled(entry, lack.facts) if entry else why})


def added_in_words(what: str) -> str:
    """What `extend` has added to a document."""
    return ADDED[what][language() == "ja"]


class _Facts(string.Formatter):
    """Fills in facts; one that is missing shows as its name rather than as an error of its own."""

    def get_value(self, key: int | str, args: Sequence[object], kwargs: Mapping[str, object]) -> object:  # noqa: ARG002
        value = kwargs.get(str(key), f"<{key}>")
        if isinstance(value, datetime):
            return moment(value)
        if key == "lacking" and isinstance(value, tuple):
            return ", ".join(map(lack_in_words, value))
        if isinstance(value, tuple | list):
            return ", ".join(map(str, value))
        if key == "sw" and isinstance(value, int):
            return f"{value:04X}"
        if key in ("detail", "reason") and language() == "ja":
            return SYSTEM_WORDS.get(str(value), value)
        if key in ("why", "crl_reason"):
            return revocation_word(str(value))
        if key == "rule":
            return form_rule(str(value))
        if key == "verdict" and value in VERDICTS:
            return verdict_sentence(str(value), kwargs)
        if key == "change" and value in CHANGES:
            return change_sentence(str(value), kwargs)
        if key == "uri" and value == "/ByteRange":  # a PDF's one reference, to nearly everything
            return _SIGNATURE[language() == "ja"]
        return value


def _filled(entry: tuple[str, str], facts: Mapping[str, object]) -> str:
    return _Facts().vformat(entry[language() == "ja"], (), facts)
