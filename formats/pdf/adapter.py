"""PDF documents: application forms, certificates of employment, whatever an office sends or takes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from ..base import SignatureFinding, SigningIdentity, ValidationData, VerificationPolicy
from ..profiles import Profile
from ..source import Source

if TYPE_CHECKING:
    from .document_timestamp import PreparedTimestamp
    from .reading import PdfDocument
    from .signing import PreparedPdf


class PdfAdapter:
    """PDF. pyHanko is imported when a document is opened, not before."""

    name = "pdf"
    fallback = False
    outlines = True

    def sniff(self, source: Source, filename: str) -> bool:  # noqa: ARG002 - the content tells
        """A header within the first kibibyte, where readers look for it."""
        return b"%PDF-" in source.head

    def open(self, source: Source) -> PdfDocument:
        """Read strictly; raises FormatError, naming the defect."""
        from .loading import load_object_model

        load_object_model()
        from .reading import open_pdf

        return open_pdf(source)

    def normalize(self, source: Source) -> Source:
        """The document rewritten so that strict reading takes it; raises FormatError, also where it is signed."""
        from .normalize import normalize

        return normalize(source)

    def prepare(self, document: PdfDocument, identity: SigningIdentity, profile: Profile, at: datetime) -> PreparedPdf:
        """One signature more, in a revision of its own. Raises FormatError."""
        from .signing import prepare

        return prepare(document, identity, profile, at)

    def with_validation_data(self, document: PdfDocument, data: ValidationData, at: datetime) -> Source:
        """A DSS, in a revision of its own. Raises FormatError."""
        from .validation_data import with_validation_data

        return with_validation_data(document, data, at)

    def prepare_timestamp(self, document: PdfDocument, at: datetime) -> PreparedTimestamp:
        """A document timestamp, in a revision of its own. Raises FormatError."""
        from .document_timestamp import prepare_timestamp

        return prepare_timestamp(document, at)

    def verify(self, document: PdfDocument, policy: VerificationPolicy) -> Sequence[SignatureFinding]:
        """Every signature, and what came after it."""
        from .verify import verify

        return verify(document, policy)
