"""Certificates, CRLs and OCSP responses that a document brings in its DSS (ISO 32000-2, 12.8.4.3; EN 319 142-1, 5.4.2).

No signature need cover them, so they are worth what their own signatures make of them: hints for building chains, and
evidence of revocation for whoever judges it. What cannot be read is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cryptography import x509
from pyhanko.pdf_utils import generic

from .reading import PdfDocument

MAX_STREAMS = 100
MAX_BYTES = 16 << 20
"""Of everything together."""


@dataclass(frozen=True)
class DocumentEvidence:
    """What the newest revision's DSS has."""

    certificates: tuple[x509.Certificate, ...] = ()
    revocation: tuple[bytes, ...] = ()
    """CRLs and OCSP responses in DER, taken for such on the document's word."""


def read_evidence(document: PdfDocument) -> DocumentEvidence:
    """Everything in the DSS but what belongs to single signatures (VRI), which repeats the rest. Never raises."""
    try:
        store = document.reader.root["/DSS"]
    except Exception:  # noqa: BLE001 - missing, or whatever a hostile document has there
        return DocumentEvidence()
    certificates, revocation = [], []
    left = MAX_BYTES
    for number, (kind, data) in enumerate(_streams(store)):
        left -= len(data)
        if number == MAX_STREAMS or left < 0:
            break
        if kind != "/Certs":
            revocation.append(data)
        elif (certificate := _certificate(data)) is not None:
            certificates.append(certificate)
    return DocumentEvidence(tuple(dict.fromkeys(certificates)), tuple(dict.fromkeys(revocation)))


def _streams(store: generic.PdfObject) -> Iterator[tuple[str, bytes]]:
    for kind in ("/Certs", "/OCSPs", "/CRLs"):
        try:
            items = list(store[kind]) if isinstance(store, generic.DictionaryObject) else []
        except Exception:  # noqa: BLE001, S112 - as above
            continue
        for item in items:
            try:
                yield kind, bytes(item.get_object().data)
            except Exception:  # noqa: BLE001, S112 - as above
                continue


def _certificate(data: bytes) -> x509.Certificate | None:
    try:
        certificate = x509.load_der_x509_certificate(data)
        _ = certificate.extensions, certificate.public_key()
    except Exception:  # noqa: BLE001 - several kinds of error
        return None
    return certificate
