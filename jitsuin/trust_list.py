"""What is trusted, as `jitsuin trust list` shows it: JPKI's CAs, those of the user's own, and named sets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from .errors import TrustFileError
from .messages import error_sentence
from .report import iso
from .trust import JPKI_PINS, Pin, key_identifier, own_anchors, read_set, remembered
from .trust_sets import TrustSet

PUBLISHED = "jpki.go.jp/ca/ca_rules3.html"
"""J-LIS's page about the signature CAs, with their fingerprints (`jpki.md` 3.1)."""


def anchor_rows() -> list[dict[str, str | None]]:
    """Every pinned CA, seen or not, and the anchors that the user imported with --force."""
    seen = {_sha256(certificate) for certificate in remembered()}
    return [*(_pinned(pin, seen=pin.sha256 in seen) for pin in JPKI_PINS), *map(_own, own_anchors())]


def set_rows(sets: Iterable[TrustSet]) -> Iterator[dict[str, object]]:
    """The named sets; one that cannot be used says why, and stops no other."""
    for named in sets:
        row: dict[str, object] = {"name": named.name, "places": [str(place) for place in named.places]}
        try:
            certificates = read_set(named)
        except TrustFileError as error:
            yield {**row, "anchors": [], "error": error_sentence(error)}
            continue
        yield {**row, "anchors": [_facts(one, state="set") for one in certificates], "error": None}


def _pinned(pin: Pin, *, seen: bool) -> dict[str, str | None]:
    return {
        "name": pin.name,
        "sha256": pin.sha256,
        "key_identifier": pin.key_identifier,
        "not_before": iso(pin.not_before),
        "not_after": iso(pin.not_after),
        "state": "seen" if seen else "not seen",
        "download": None if seen else pin.download,
    }


def _own(certificate: x509.Certificate) -> dict[str, str | None]:
    return _facts(certificate, state="own")


def _facts(certificate: x509.Certificate, *, state: str) -> dict[str, str | None]:
    return {
        "name": certificate.subject.rfc4514_string(),
        "sha256": _sha256(certificate),
        "key_identifier": key_identifier(certificate),
        "not_before": iso(certificate.not_valid_before_utc),
        "not_after": iso(certificate.not_valid_after_utc),
        "state": state,
        "download": None,
    }


def _sha256(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex()
