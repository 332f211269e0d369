"""Documents signed with any certificate at all: what `jitsuin sign` refuses to make has to be verified, too."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from typing import Literal

from authority import Credential, sign
from jitsuin.formats.base import FormatAdapter, SigningIdentity
from jitsuin.formats.etax import EtaxAdapter
from jitsuin.formats.pdf.adapter import PdfAdapter
from jitsuin.formats.profiles import PROFILES
from jitsuin.formats.source import Source
from jitsuin.samples.documents import income_tax_return

DocumentKind = Literal["xml", "pdf"]
_FORM = Path(__file__).parents[2] / "samples" / "unsigned" / "employment-certificate.pdf"


def unsigned(kind: DocumentKind) -> bytes:
    """An e-Tax return, or a form."""
    return income_tax_return() if kind == "xml" else _FORM.read_bytes()


def signed(kind: DocumentKind, signer: Credential, at: datetime) -> bytes:
    """The same signed, with the chain, and nothing asked of the certificate."""
    adapter: FormatAdapter = EtaxAdapter() if kind == "xml" else PdfAdapter()
    profile = PROFILES["etax" if kind == "xml" else "pades-b-b"]
    document = adapter.open(Source.of(unsigned(kind)))
    prepared = adapter.prepare(document, SigningIdentity(signer.certificate, signer.issuers), profile, at)
    out = io.BytesIO()
    prepared.embed(sign(signer.key, prepared.to_be_signed), out)
    return out.getvalue()
