"""Certificates, CRLs and OCSP responses that a document brings in its DSS (ISO 32000-2, 12.8.4.3; EN 319 142-1, 5.4.2).

No signature need cover them, so they are worth what their own signatures make of them: hints for building chains, and
evidence of revocation for whoever judges it. What cannot be read is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cryptography import x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import DecodePurpose

from .reading import PdfDocument

MAX_STREAMS = 100
MAX_BYTES = 16 << 20
"""Of everything together."""
_PURPOSES = {"/Certs": DecodePurpose.CERTIFICATE, "/OCSPs": DecodePurpose.OCSP_RESPONSE, "/CRLs": DecodePurpose.CRL}
"""The lists, and how far pyHanko decodes streams of each."""


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
    for kind, data in _streams(store):
        if kind != "/Certs":
            revocation.append(data)
        elif (certificate := _certificate(data)) is not None:
            certificates.append(certificate)
    return DocumentEvidence(tuple(dict.fromkeys(certificates)), tuple(dict.fromkeys(revocation)))


def _streams(store: generic.PdfObject) -> Iterator[tuple[str, bytes]]:
    """Up to the limits, of which streams that cannot be read use up their share, too."""
    left, size = MAX_STREAMS, MAX_BYTES
    for kind in _PURPOSES:
        try:
            items = list.__iter__(store[kind]) if isinstance(store, generic.DictionaryObject) else iter(())
        except Exception:  # noqa: BLE001, S112 - as above
            continue
        for item in items:
            if not left:
                return
            left -= 1
            data = stream_data(item, kind)
            size -= len(data or b"")
            if size < 0:
                return
            if data is not None:
                yield kind, data


def stream_data(item: generic.PdfObject, kind: str) -> bytes | None:
    """What a stream in a list of a DSS holds; None for one that cannot be read, or would be too large."""
    try:
        return bytes(item.get_object().read_data(_PURPOSES[kind]))
    except Exception:  # noqa: BLE001 - whatever a hostile document has there
        return None


def _certificate(data: bytes) -> x509.Certificate | None:
    try:
        certificate = x509.load_der_x509_certificate(data)
        _ = certificate.extensions, certificate.public_key()
    except Exception:  # noqa: BLE001 - several kinds of error
        return None
    return certificate
