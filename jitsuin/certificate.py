"""What a certificate says: its kind in the JPKI, its holder's four attributes, and where its validity stands.

A signature certificate is personal data: these values go to the holder's screen and to reports, never to a log.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat import asn1

_T = TypeVar("_T", bound=x509.ExtensionType)
_POLICY_ARC = "1.2.392.200149.8.5.1."
_HOLDER_ARC = "1.2.392.200149.8.5.5."
_ERAS = "12345"  # Meiji to Reiwa
YOUNG = timedelta(hours=24)
"""After a renewal, online services may not know the new certificate for about a day."""
RENEWAL_MONTHS = 3


class CertificateKind(StrEnum):
    """What a certificate was issued for, by its policy."""

    JPKI_SIGNATURE = "jpki-signature"
    JPKI_TEST_SIGNATURE = "jpki-test-signature"
    JPKI_AUTHENTICATION = "jpki-authentication"
    OTHER = "other"


_BRANCHES = {"1": CertificateKind.JPKI_SIGNATURE, "0": CertificateKind.JPKI_TEST_SIGNATURE}


@dataclass(frozen=True)
class Holder:
    """The attributes of a JPKI signature certificate's holder (subjectAltName otherNames)."""

    name: str | None
    address: str | None
    birth_date: str | None
    """ISO 8601, with `?` for unknown digits; None where it is absent or of another form."""
    sex: str | None
    """`male`, `female` or `unknown`."""
    name_substitutions: int
    """How many characters of the name stand in for ones that certificates cannot hold."""
    address_substitutions: int

    @property
    def substituted(self) -> bool:
        """Whether any character of the name or address is not the one on the register."""
        return bool(self.name_substitutions or self.address_substitutions)


def kind_of(certificate: x509.Certificate) -> CertificateKind:
    """The kind by certificatePolicies; an authentication certificate never signs documents."""
    for policy in _policies(certificate):
        if policy.startswith(_POLICY_ARC):
            branch = policy[len(_POLICY_ARC) :].partition(".")[0]
            return _BRANCHES.get(branch, CertificateKind.JPKI_AUTHENTICATION)
    return CertificateKind.OTHER


def may_sign_documents(certificate: x509.Certificate) -> bool:
    """Whether kind and keyUsage allow document signatures.

    JPKI: a signature certificate that asserts nonRepudiation. Others: no CA, and digitalSignature or nonRepudiation
    where keyUsage is there at all (RFC 5280, 4.2.1.3). Raises ValueError where the extensions cannot be read.
    """
    kind = kind_of(certificate)
    usage = _extension(certificate, x509.KeyUsage)
    constraints = _extension(certificate, x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        return False
    if kind in (CertificateKind.JPKI_SIGNATURE, CertificateKind.JPKI_TEST_SIGNATURE):
        return usage is not None and usage.content_commitment
    return kind is CertificateKind.OTHER and (usage is None or usage.digital_signature or usage.content_commitment)


def holder_of(certificate: x509.Certificate) -> Holder | None:
    """The holder's attributes; None for a certificate that carries none. Raises ValueError for a malformed one."""
    names = _extension(certificate, x509.SubjectAlternativeName)
    found: dict[str, str] = {}
    for other in names.get_values_for_type(x509.OtherName) if names is not None else ():
        oid = other.type_id.dotted_string
        if oid.startswith(_HOLDER_ARC):
            try:
                found[oid[len(_HOLDER_ARC) :]] = asn1.decode_der(str, other.value)
            except ValueError:
                continue
    if not found:
        return None
    return Holder(
        name=found.get("1"),
        address=found.get("5"),
        birth_date=_birth_date(found.get("4")),
        sex={"1": "male", "2": "female", "3": "unknown", "9": "unknown"}.get(found.get("3", "")),
        name_substitutions=found.get("2", "").count("1"),
        address_substitutions=found.get("6", "").count("1"),
    )


def renewal_opens(certificate: x509.Certificate) -> datetime:
    """When renewal becomes possible: three calendar months before notAfter."""
    end = certificate.not_valid_after_utc
    year, month = divmod(end.year * 12 + end.month - 1 - RENEWAL_MONTHS, 12)
    day = min(end.day, (date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1) - timedelta(days=1)).day)
    return end.replace(year=year, month=month + 1, day=day)


def _birth_date(value: str | None) -> str | None:
    """EYYYYMMDD: an era digit that says nothing more, then the Gregorian date, in which parts may be unknown."""
    if value is None or len(value) != 9 or value[0] not in "0" + _ERAS:
        return None
    year, month, day = (part if part.strip("0") else "?" * len(part) for part in (value[1:5], value[5:7], value[7:9]))
    return f"{year}-{month}-{day}"


def _policies(certificate: x509.Certificate) -> tuple[str, ...]:
    policies = _extension(certificate, x509.CertificatePolicies)
    return tuple(policy.policy_identifier.dotted_string for policy in policies or ())


def _extension(certificate: x509.Certificate, kind: type[_T]) -> _T | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
