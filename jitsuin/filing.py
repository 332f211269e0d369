"""Whether a certificate will still be good on the day for which a document is signed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time

from cryptography import x509

from .lifetime import japanese_day
from .messages import JST
from .results import Notice


def filing_notices(certificate: x509.Certificate, filing_date: date, at: datetime) -> Iterator[Notice]:
    """What to know about a filing date, which is a day in Japan, when signing at that time.

    A receiver looks at the certificate when the document arrives, so it has to be good to the end of that day.
    """
    today = japanese_day(at)
    if filing_date < today:
        yield Notice("filing-date-past", {"filing_date": filing_date, "today": today})
    end = certificate.not_valid_after_utc
    if end < datetime.combine(filing_date, time(23, 59, 59), JST):
        yield Notice("expires-before-filing", {"until": end, "filing_date": filing_date})
