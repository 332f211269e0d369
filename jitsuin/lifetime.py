"""Where a certificate stands in its life, by Japan's calendar: how long it is good for, and when it can be renewed.

A JPKI certificate ends with a Japanese day (14:59:59Z), so people count in days of Japan's time, and so does this.
Nothing here reads a clock.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum

from cryptography import x509

from .certificate import YOUNG, renewal_opens

_JAPAN = timezone(timedelta(hours=9))
_YEARS = 5
"""A JPKI certificate ends with the fifth birthday after its issue, or earlier with the card (`jpki.md` 3.4)."""


class Phase(StrEnum):
    """The part of its life that a certificate is in."""

    NOT_YET_VALID = "not-yet-valid"
    VALID = "valid"
    RENEWABLE = "renewable"
    """Still valid, and so near its end that a new one is issued."""
    EXPIRED = "expired"


class Ending(StrEnum):
    """How the last day lies to the holder's fifth birthday after the issue."""

    ON_BIRTHDAY = "on-fifth-birthday"
    BEFORE_BIRTHDAY = "before-fifth-birthday"


@dataclass(frozen=True)
class Span:
    """A time in whole calendar months and the days that are left over."""

    months: int
    days: int


@dataclass(frozen=True)
class Lifetime:
    """A certificate's period of validity as seen at one moment. All days are Japan's."""

    phase: Phase
    first_day: date
    last_day: date
    renewal_day: date
    """The first whole day on which it can be renewed."""
    span: Span
    """To the last day while it is valid, since the last day when it has expired, to the first day before it begins."""
    young: bool
    """Valid for less than 24 hours: online services may not know it yet."""


def lifetime(certificate: x509.Certificate, at: datetime) -> Lifetime:
    """Where the certificate stands at that time."""
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    opens = renewal_opens(certificate)
    first, last, today = japanese_day(begin), japanese_day(end), japanese_day(at)
    if at < begin:
        phase, way = Phase.NOT_YET_VALID, span(today, first)
    elif at > end:
        phase, way = Phase.EXPIRED, span(last, today)
    else:
        phase, way = Phase.RENEWABLE if opens <= at else Phase.VALID, span(today, last)
    # The moment is the last second of a day, like the end from which it is counted.
    renewal = japanese_day(opens + timedelta(seconds=1))
    return Lifetime(phase, first, last, renewal, way, young=begin <= at < begin + YOUNG)


def japanese_day(moment: datetime) -> date:
    """The day that it is in Japan."""
    try:
        return moment.astimezone(_JAPAN).date()
    except OverflowError:  # the end of the year 9999, which means "no expiry" (RFC 5280, 4.1.2.5), has no Japanese day
        return moment.astimezone(UTC).date()


def add_months(day: date, months: int) -> date:
    """The same day so many months later, or the last of that month where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def span(first: date, last: date) -> Span:
    """From the first day to the last, which is no earlier: `add_months(first, months)` and `days` more is `last`."""
    months = (last.year - first.year) * 12 + last.month - first.month
    if months and add_months(first, months) > last:
        months -= 1
    return Span(months, (last - add_months(first, months)).days)


def fifth_birthday(issued: date, birth_date: str) -> date | None:
    """The holder's fifth birthday after the day of issue; None where the date of birth (ISO 8601) is not fully known.

    Who was born on 29 February is taken to have the birthday on the 28th of other years.
    """
    try:
        born = date.fromisoformat(birth_date)
        first = add_months(born, (issued.year - born.year) * 12)
        years = issued.year - born.year + _YEARS - (first > issued)
        return add_months(born, years * 12)
    except ValueError:
        return None


def ending(of: Lifetime, birth_date: str | None) -> Ending | None:
    """How the end lies to the fifth birthday; None where that is not known, or the certificate ends after it."""
    birthday = fifth_birthday(of.first_day, birth_date) if birth_date else None
    if birthday is None or of.last_day > birthday:
        return None
    return Ending.ON_BIRTHDAY if of.last_day == birthday else Ending.BEFORE_BIRTHDAY
