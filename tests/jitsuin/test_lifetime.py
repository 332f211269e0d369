"""How long a certificate is good for: calendar arithmetic at its edges, and the phases of a certificate's life."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from jitsuin.card_report import span_text
from jitsuin.lifetime import (
    Ending,
    Phase,
    Span,
    add_months,
    ending,
    fifth_birthday,
    japanese_day,
    lifetime,
    span,
)

BEGIN = datetime(2021, 6, 1, 1, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def certificate() -> Callable[..., x509.Certificate]:
    """A certificate with this period and nothing else to it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([])

    def make(end: datetime, begin: datetime = BEGIN) -> x509.Certificate:
        return x509.CertificateBuilder(name, name, key.public_key(), 1, begin, end).sign(key, hashes.SHA256())

    return make


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2026-05-31", -3, "2026-02-28"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2026-01-15", -1, "2025-12-15"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 48, "2028-02-29"),
        ("2026-06-30", 0, "2026-06-30"),
    ],
)
def test_months_later(day: str, months: int, later: str) -> None:
    assert add_months(date.fromisoformat(day), months) == date.fromisoformat(later)


@pytest.mark.parametrize(
    ("first", "last", "months", "days"),
    [
        ("2026-08-25", "2026-11-29", 3, 4),
        ("2026-11-29", "2026-11-29", 0, 0),
        ("2026-11-28", "2026-11-29", 0, 1),
        ("2026-01-31", "2026-02-28", 1, 0),
        ("2026-01-31", "2026-03-01", 1, 1),
        ("2026-01-31", "2026-03-30", 1, 30),
        ("2026-01-31", "2026-03-31", 2, 0),
        ("2026-02-28", "2026-03-31", 1, 3),
        ("2028-02-29", "2029-02-28", 12, 0),
        ("2026-12-31", "2027-01-01", 0, 1),
        ("2021-06-01", "2026-06-01", 60, 0),
        ("2021-06-02", "2026-06-01", 59, 30),
        ("2026-11-24", "9999-12-31", 95677, 7),
    ],
)
def test_span(first: str, last: str, months: int, days: int) -> None:
    assert span(date.fromisoformat(first), date.fromisoformat(last)) == Span(months, days)


@given(st.dates(), st.dates())
def test_a_span_leads_from_the_first_day_to_the_last(one: date, other: date) -> None:
    first, last = sorted((one, other))
    found = span(first, last)
    assert add_months(first, found.months) + timedelta(days=found.days) == last
    assert 0 <= found.days <= 30


@pytest.mark.parametrize(
    ("months", "days", "words"),
    [
        (3, 4, "3 months 4 days"),
        (1, 0, "1 month"),
        (0, 1, "1 day"),
        (0, 0, "0 days"),
        (12, 5, "1 year"),
        (13, 0, "1 year 1 month"),
        (59, 30, "4 years 11 months"),
    ],
)
def test_a_span_in_words(months: int, days: int, words: str) -> None:
    assert span_text(Span(months, days)) == words


def test_a_day_begins_in_japan_nine_hours_early() -> None:
    assert japanese_day(datetime(2026, 3, 2, 14, 59, 59, tzinfo=UTC)) == date(2026, 3, 2)
    assert japanese_day(datetime(2026, 3, 2, 15, 0, 0, tzinfo=UTC)) == date(2026, 3, 3)
    assert japanese_day(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)) == date(9999, 12, 31)


END = datetime(2026, 11, 29, 14, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "phase", "way"),
    [
        (BEGIN - timedelta(days=40), Phase.NOT_YET_VALID, Span(1, 10)),
        (BEGIN - SECOND, Phase.NOT_YET_VALID, Span(0, 0)),
        (BEGIN, Phase.VALID, Span(65, 28)),
        (datetime(2026, 8, 29, 14, 59, 58, tzinfo=UTC), Phase.VALID, Span(3, 0)),
        (datetime(2026, 8, 29, 15, 0, 0, tzinfo=UTC), Phase.RENEWABLE, Span(2, 30)),
        (datetime(2026, 11, 28, 15, 0, 0, tzinfo=UTC), Phase.RENEWABLE, Span(0, 0)),
        (END, Phase.RENEWABLE, Span(0, 0)),
        (END + SECOND, Phase.EXPIRED, Span(0, 1)),
        (datetime(2027, 1, 29, 3, 0, 0, tzinfo=UTC), Phase.EXPIRED, Span(2, 0)),
    ],
)
def test_phases(at: datetime, phase: Phase, way: Span, certificate: Callable[..., x509.Certificate]) -> None:
    life = lifetime(certificate(END), at)
    assert (life.phase, life.span) == (phase, way)
    assert (life.first_day, life.last_day) == (date(2021, 6, 1), date(2026, 11, 29))
    assert life.renewal_day == date(2026, 8, 30)


@pytest.mark.parametrize(
    ("last", "renewal"),
    [("2026-05-31", "2026-03-01"), ("2026-02-28", "2025-11-29"), ("2027-01-01", "2026-10-02")],
)
def test_the_first_whole_day_of_renewal(last: str, renewal: str, certificate: Callable[..., x509.Certificate]) -> None:
    end = datetime.fromisoformat(last).replace(hour=14, minute=59, second=59, tzinfo=UTC)
    assert lifetime(certificate(end), BEGIN).renewal_day == date.fromisoformat(renewal)


@pytest.mark.parametrize(("hours", "young"), [(-1, False), (0, True), (23, True), (24, False)])
def test_young(hours: int, young: bool, certificate: Callable[..., x509.Certificate]) -> None:
    assert lifetime(certificate(END), BEGIN + timedelta(hours=hours)).young is young


def test_a_certificate_without_end(certificate: Callable[..., x509.Certificate]) -> None:
    life = lifetime(certificate(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)), BEGIN)
    assert (life.phase, life.last_day) == (Phase.VALID, date(9999, 12, 31))


@pytest.mark.parametrize(
    ("issued", "born", "fifth"),
    [
        ("2021-06-01", "1980-03-03", "2026-03-03"),
        ("2021-03-02", "1980-03-03", "2025-03-03"),
        ("2021-03-03", "1980-03-03", "2026-03-03"),
        ("2021-12-31", "1980-01-01", "2026-01-01"),
        ("2021-06-01", "2000-02-29", "2026-02-28"),
        ("2023-06-01", "2000-02-29", "2028-02-29"),
        ("2023-02-28", "2000-02-29", "2028-02-29"),
        ("2021-06-01", "1980-??-??", None),
        ("2021-06-01", "????-03-03", None),
    ],
)
def test_the_fifth_birthday_after_the_issue(issued: str, born: str, fifth: str | None) -> None:
    found = fifth_birthday(date.fromisoformat(issued), born)
    assert found == (date.fromisoformat(fifth) if fifth else None)


@pytest.mark.parametrize(
    ("last", "how"),
    [
        ("2026-03-03", Ending.ON_BIRTHDAY),
        ("2026-03-02", Ending.BEFORE_BIRTHDAY),
        ("2023-01-31", Ending.BEFORE_BIRTHDAY),
        ("2026-03-04", None),
    ],
)
def test_how_the_end_lies_to_the_birthday(
    last: str, how: Ending | None, certificate: Callable[..., x509.Certificate]
) -> None:
    end = datetime.fromisoformat(last).replace(hour=14, minute=59, second=59, tzinfo=UTC)
    life = lifetime(certificate(end), BEGIN)
    assert ending(life, "1980-03-03") == how
    assert ending(life, None) is None
