"""Which certificates issued which: the chain above a certificate, among those that lie beside it."""

from __future__ import annotations

from collections.abc import Iterable

from cryptography import x509
from cryptography.exceptions import InvalidSignature


def chain_above(certificate: x509.Certificate, candidates: Iterable[x509.Certificate]) -> list[x509.Certificate]:
    """The issuers found among the candidates, nearest first, by name and signature: JPKI's CAs all share one name."""
    remaining = list(candidates)
    chain: list[x509.Certificate] = []
    current = certificate
    while True:
        remaining = [candidate for candidate in remaining if candidate != current]
        issuer = next((candidate for candidate in remaining if _issued(candidate, current)), None)
        if issuer is None:
            return chain
        chain.append(issuer)
        current = issuer


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True
