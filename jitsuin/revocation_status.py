"""What is known about the revocation of a certificate, and from where: good, revoked, on hold, or why not checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.x509 import CertificateRevocationList
    from cryptography.x509.ocsp import OCSPResponse


class RevocationStatus(StrEnum):
    """The answer."""

    GOOD = "good"
    REVOKED = "revoked"
    ON_HOLD = "on-hold"
    NOT_CHECKED = "not-checked"


@dataclass(frozen=True)
class RevocationAnswer:
    """A status and what it rests on."""

    status: RevocationStatus
    why: str = ""
    """Why it was not checked, as a code; `sentences.REVOCATION_WORDS` has them all in words."""
    source: str = ""
    """What answered: the name of a CRL file, an address, `cache: ` and an address, or `document`."""
    produced: datetime | None = None
    """thisUpdate of what answered: the age of the evidence."""
    revoked_at: datetime | None = None
    reason: str = ""
    """CRLReason by its RFC 5280 name, such as affiliationChanged; `unspecified` where none is given."""
    of_ca: bool = False
    """Whether it is about a CA certificate of the chain instead of the signer's."""
    evidence: tuple[CertificateRevocationList | OCSPResponse, ...] = field(default=(), repr=False, compare=False)
    """What was believed: an OCSP response or a CRL, or a delta CRL and the complete one that it builds upon."""


NOT_ASKED = RevocationAnswer(RevocationStatus.NOT_CHECKED, "off")
