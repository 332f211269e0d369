"""Is a certificate revoked? Three answers from the evidence at hand: good, revoked, or not checked and why.

No ordinary holder can reach JPKI's CRL or OCSP (Act 153 of 2002, Art. 17), so "not checked" is the usual answer for a
real card, and it is never shown as good. The evidence today is CRL files; nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, cast

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from .errors import InputError, TrustFileError
from .storage import read_document
from .trust import is_ca

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes


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
    """Why it was not checked: `no-evidence`, `stale`, `after-expiry`, `no-chain`, `off`."""
    source: str = ""
    """The CRL that answered."""
    produced: datetime | None = None
    """thisUpdate of that CRL: the age of the evidence."""
    revoked_at: datetime | None = None
    reason: str = ""
    """CRLReason by its RFC 5280 name, such as affiliationChanged; `unspecified` where the CRL gives none."""
    of_ca: bool = False
    """Whether it is about a CA certificate of the chain instead of the signer's."""


NOT_ASKED = RevocationAnswer(RevocationStatus.NOT_CHECKED, "off")


@dataclass(frozen=True, eq=False)
class Evidence:
    """One CRL and where it came from."""

    crl: x509.CertificateRevocationList
    source: str


def load_crls(paths: Iterable[str | Path]) -> list[Evidence]:
    """CRLs (DER or PEM) from files, and from the `*.crl` of folders. Raises TrustFileError."""
    files: list[Path] = []
    for path in map(Path, paths):
        files += sorted(path.glob("*.crl")) if path.is_dir() else [path]
    return [Evidence(_read_crl(path), path.name) for path in files]


def check(
    leaf: x509.Certificate, issuer: x509.Certificate, evidence: Sequence[Evidence], at: datetime
) -> RevocationAnswer:
    """Look the certificate up in every CRL of its issuer's key that covers its distribution point (RFC 5280, 6.3.3).

    A revocation stands in stale CRLs too; "good" needs one whose nextUpdate is not before `at`.
    """
    stale: RevocationAnswer | None = None
    good: RevocationAnswer | None = None
    for item in evidence:
        if not _speaks_of(item.crl, leaf, issuer):
            continue
        produced = item.crl.last_update_utc
        entry = item.crl.get_revoked_certificate_by_serial_number(leaf.serial_number)
        if entry is not None and entry.revocation_date_utc <= at:
            return _revoked(entry, item.source, produced)
        if item.crl.next_update_utc is None or item.crl.next_update_utc < at:
            stale = RevocationAnswer(RevocationStatus.NOT_CHECKED, "stale", item.source, produced)
        elif produced > leaf.not_valid_after_utc:
            # CAs drop expired certificates from their CRLs: not being listed then says nothing.
            stale = RevocationAnswer(RevocationStatus.NOT_CHECKED, "after-expiry", item.source, produced)
        elif good is None or good.produced is None or produced > good.produced:
            good = RevocationAnswer(RevocationStatus.GOOD, source=item.source, produced=produced)
    return good or stale or RevocationAnswer(RevocationStatus.NOT_CHECKED, "no-evidence")


def _read_crl(path: Path) -> x509.CertificateRevocationList:
    try:
        data = read_document(path)
    except InputError as error:
        raise TrustFileError(path=str(path), reason="unreadable", detail=error.facts["reason"]) from None
    try:
        crl = x509.load_pem_x509_crl(data) if data.startswith(b"-----BEGIN") else x509.load_der_x509_crl(data)
        _ = crl.issuer, list(crl.extensions), crl.next_update_utc  # read late by the library, and malformed ones raise
    except Exception:  # noqa: BLE001 - more than one kind of error
        raise TrustFileError(path=str(path), reason="no-crl") from None
    return crl


def _speaks_of(crl: x509.CertificateRevocationList, leaf: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the CRL is complete for this certificate: for its distribution point, signed by its issuer's key."""
    if crl.issuer != leaf.issuer or not _understood(crl) or not _in_scope(crl, leaf) or not _signs_crls(issuer):
        return False
    try:
        return crl.is_signature_valid(cast("CertificateIssuerPublicKeyTypes", issuer.public_key()))
    except (TypeError, ValueError, InvalidSignature):  # a key that cannot sign certificates raises TypeError
        return False


def _in_scope(crl: x509.CertificateRevocationList, leaf: x509.Certificate) -> bool:
    """What the issuing distribution point says (RFC 5280, 5.2.5); without one the CRL is for all certificates."""
    try:
        scope = crl.extensions.get_extension_for_class(x509.IssuingDistributionPoint).value
    except x509.ExtensionNotFound:
        return True
    if scope.indirect_crl or scope.only_contains_attribute_certs or scope.only_some_reasons or scope.relative_name:
        return False
    if scope.only_contains_user_certs if is_ca(leaf) else scope.only_contains_ca_certs:
        return False
    return scope.full_name is None or bool(set(scope.full_name) & _distribution_points(leaf))


def _understood(crl: x509.CertificateRevocationList) -> bool:
    """Whether it is complete and holds no critical extension that is unknown here (RFC 5280, 5.2)."""
    extensions = list(crl.extensions)
    unknown = any(e.critical and not isinstance(e.value, x509.IssuingDistributionPoint) for e in extensions)
    return not unknown and not any(isinstance(e.value, x509.DeltaCRLIndicator) for e in extensions)


def _signs_crls(issuer: x509.Certificate) -> bool:
    try:
        return issuer.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return True


def _distribution_points(leaf: x509.Certificate) -> set[x509.GeneralName]:
    try:
        points = leaf.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return set()
    return {name for point in points for name in point.full_name or ()}


def _revoked(entry: x509.RevokedCertificate, source: str, produced: datetime) -> RevocationAnswer:
    try:
        flag = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except (x509.ExtensionNotFound, ValueError):
        flag = x509.ReasonFlags.unspecified
    status = RevocationStatus.ON_HOLD if flag is x509.ReasonFlags.certificate_hold else RevocationStatus.REVOKED
    return RevocationAnswer(status, "", source, produced, entry.revocation_date_utc, flag.value)
