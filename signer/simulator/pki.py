"""The simulator's certification authorities: certificates and CRLs in JPKI's profile, under names of their own.

Everything is a function of persona and time. Keys are the fixed ones in `keys/`, RSA PKCS#1 v1.5 has no randomness,
serial numbers come from the persona's name: the same arguments give the same bytes, on every machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key
from cryptography.x509.oid import NameOID

from .personas import MIHON, PERSONAS, TAMESHI, Municipality, Persona, SignatureCertificate

AUTHENTICATION_KEY: Final = "authentication"
"""The name of the one user-authentication key that all simulated cards share: nothing here is about that key."""

SIGNATURE_POLICY: Final = x509.ObjectIdentifier("1.2.392.200149.8.5.1.1.20")
AUTHENTICATION_POLICY: Final = x509.ObjectIdentifier("1.2.392.200149.8.5.1.3.30")
ATTRIBUTE_ARC: Final = "1.2.392.200149.8.5.5"
CPS_URI: Final = "http://jitsuin-simulator.invalid/cps.html"

_SIGNATURE_OU: Final = "Simulated JPKI for digital signature - not real"
_AUTHENTICATION_OU: Final = "Simulated JPKI for user authentication - not real"
_REVOKED_BEFORE: Final = timedelta(days=7)
_CRL_LIFE: Final = timedelta(days=30)

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Ca:
    """A generation of a CA. Those of one kind share their name and differ only in their key, as JPKI's do."""

    key: str
    organizational_unit: str
    serial: int
    not_before: datetime
    not_after: datetime

    @property
    def subject(self) -> x509.Name:
        return _name(*_ca_rdns(self), (NameOID.ORGANIZATIONAL_UNIT_NAME, "Jitsuin Simulated Certification Authority"))

    def distribution_point(self, municipality: Municipality) -> x509.Name:
        """The directory name under which the CRL of one municipality is known; no address to fetch it from."""
        return _name(
            *_ca_rdns(self),
            (NameOID.ORGANIZATIONAL_UNIT_NAME, "CRL Distribution Points"),
            (NameOID.ORGANIZATIONAL_UNIT_NAME, municipality.prefecture),
            (NameOID.COMMON_NAME, f"{municipality.name} CRLDP"),
        )


def _ca(key: str, unit: str, serial: int, year: int, month: int, day: int) -> Ca:
    begin = datetime(year, month, day, 1, 2, 3, tzinfo=UTC)
    return Ca(key, unit, serial, begin, datetime(year + 10, month, day - 1, 14, 59, 59, tzinfo=UTC))


CAS: Final[Mapping[str, Ca]] = MappingProxyType(
    {
        ca.key: ca
        for ca in (
            _ca("sign-ca-01", _SIGNATURE_OU, 0x01, 2015, 10, 20),
            _ca("sign-ca-02", _SIGNATURE_OU, 0x01020304, 2019, 9, 15),
            _ca("sign-ca-03", _SIGNATURE_OU, 0x06070809, 2023, 7, 16),
            _ca("auth-ca-03", _AUTHENTICATION_OU, 0x060A0B0C, 2023, 7, 16),
            # What an attacker would make: every field of the youngest signature CA, its SKI included, but not its key.
            _ca("look-alike-ca", _SIGNATURE_OU, 0x06070809, 2023, 7, 16),
        )
    }
)
SIGNATURE_CAS: Final = ("sign-ca-01", "sign-ca-02", "sign-ca-03")


def private_key(name: str) -> PrivateKey:
    """A key of `keys/`. Its arithmetic is not checked again: that takes 50 ms, and it was right when it was shipped."""
    der = files(__package__).joinpath("keys", f"{name}.der").read_bytes()
    key = load_der_private_key(der, password=None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, PrivateKey)  # noqa: S101 - make_keys writes no other kind
    return key


@cache
def _ca_key(name: str) -> rsa.RSAPrivateKey:
    key = private_key(name)
    assert isinstance(key, rsa.RSAPrivateKey)  # noqa: S101 - as above
    return key


@cache
def ca_certificate(name: str) -> x509.Certificate:
    """The self-signed certificate of one of `CAS`, in the profile of JPKI's CA certificates: no AKI, no AIA."""
    ca, key = CAS[name], _ca_key(name)
    return (
        x509.CertificateBuilder(ca.subject, ca.subject, key.public_key(), ca.serial, ca.not_before, ca.not_after)
        .add_extension(_key_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.SubjectAlternativeName([_japanese_name(ca)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_distribution_points(ca.subject), critical=False)
        .add_extension(_ca_key_identifier(name), critical=False)
        .sign(key, hashes.SHA256())
    )


def _ca_key_identifier(name: str) -> x509.SubjectKeyIdentifier:
    genuine = "sign-ca-03" if name == "look-alike-ca" else name
    return x509.SubjectKeyIdentifier.from_public_key(_ca_key(genuine).public_key())


def anchors() -> tuple[x509.Certificate, ...]:
    """The signature CAs of the three generations, eldest first; neither the look-alike nor the authentication CA."""
    return tuple(ca_certificate(name) for name in SIGNATURE_CAS)


def signature_certificate(persona: Persona, issued_at: datetime) -> x509.Certificate | None:
    """What stands in EF 0001 of the persona's card; None where there is none."""
    match persona.signature_certificate:
        case SignatureCertificate.NONE:
            return None
        case SignatureCertificate.AUTHENTICATION:
            return _authentication_certificate(persona, issued_at, persona.name)
    ca, serial = CAS[persona.ca], serial_number(persona)
    not_before, not_after = _validity(persona, issued_at)
    # Request time in Japan, sequence number and desk: 28 characters, and no name of a person.
    request_time = not_before + timedelta(hours=9)
    subject = _name(
        (NameOID.LOCALITY_NAME, persona.municipality.prefecture),
        (NameOID.LOCALITY_NAME, persona.municipality.name),
        (NameOID.COMMON_NAME, f"{request_time:%Y%m%d%H%M%S}{serial % 10**8:08d}900001"),
    )
    builder = _end_entity(ca, subject, private_key(persona.name), serial, not_before, not_after)
    return _signed(
        builder.add_extension(_key_usage(digital_signature=True, content_commitment=True), critical=True)
        .add_extension(_holder(persona), critical=False)
        .add_extension(x509.IssuerAlternativeName([_japanese_name(ca)]), critical=False)
        .add_extension(_distribution_points(ca.distribution_point(persona.municipality)), critical=False)
        .add_extension(_policies(SIGNATURE_POLICY), critical=True),
        ca,
        private_key(persona.name),
    )


def authentication_certificate(persona: Persona, issued_at: datetime) -> x509.Certificate:
    """What stands in EF 000A: no personal attributes, no nonRepudiation."""
    return _authentication_certificate(persona, issued_at, AUTHENTICATION_KEY)


def _authentication_certificate(persona: Persona, issued_at: datetime, key_name: str) -> x509.Certificate:
    ca, key, serial = CAS["auth-ca-03"], private_key(key_name), serial_number(persona, "authentication/" + key_name)
    not_before, not_after = _validity(persona, issued_at)
    subject = _name((NameOID.COMMON_NAME, f"{not_before + timedelta(hours=9):%Y%m%d%H%M%S}{serial % 10**10:010d}"))
    return _signed(
        _end_entity(ca, subject, key, serial, not_before, not_after)
        .add_extension(_key_usage(digital_signature=True), critical=True)
        .add_extension(x509.IssuerAlternativeName([_japanese_name(ca)]), critical=False)
        .add_extension(_distribution_points(ca.distribution_point(persona.municipality)), critical=False)
        .add_extension(_policies(AUTHENTICATION_POLICY), critical=True),
        ca,
        key,
    )


def serial_number(persona: Persona, kind: str = "signature") -> int:
    """Eight bytes from the persona's name alone, so that a CRL fits all cards of that persona, whenever issued."""
    digest = hashlib.sha256(f"jitsuin simulator/{kind}/{persona.name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1 | 1 << 62


def crls(at: datetime, revoked_at: datetime | None = None) -> Mapping[str, x509.CertificateRevocationList]:
    """The CRLs that the CAs alive at that time would publish, one a municipality, by file name without suffix.

    Every persona with a reason of revocation is listed, from `revoked_at` on (by default a week before `at`). They are
    good for 30 days, where JPKI's are renewed daily: a simulated card should not need a daily errand.
    """
    revoked_at = revoked_at or at - _REVOKED_BEFORE
    return {
        f"{name}-{municipality.name.lower()}": _crl(name, municipality, at, revoked_at)
        for name, ca in CAS.items()
        if name != "look-alike-ca" and ca.not_before <= at <= ca.not_after
        for municipality in (MIHON, TAMESHI)
    }


def _crl(
    ca_name: str, municipality: Municipality, at: datetime, revoked_at: datetime
) -> x509.CertificateRevocationList:
    ca, key = CAS[ca_name], _ca_key(ca_name)
    at, revoked_at = (moment.astimezone(UTC).replace(microsecond=0) for moment in (at, revoked_at))
    builder = x509.CertificateRevocationListBuilder(ca.subject, at, at + _CRL_LIFE)
    for persona in PERSONAS.values():
        if persona.revoked is None or persona.ca != ca_name or persona.municipality != municipality:
            continue
        entry = x509.RevokedCertificateBuilder(serial_number(persona), revoked_at)
        # RFC 5280, 5.3.1: the reason should be absent instead of "unspecified".
        if persona.revoked is not x509.ReasonFlags.unspecified:
            entry = entry.add_extension(x509.CRLReason(persona.revoked), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    name = x509.DirectoryName(ca.distribution_point(municipality))
    scope = x509.IssuingDistributionPoint(
        [name],
        relative_name=None,
        only_contains_user_certs=False,
        only_contains_ca_certs=False,
        only_some_reasons=None,
        indirect_crl=False,
        only_contains_attribute_certs=False,
    )
    return (
        builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .add_extension(x509.CRLNumber(int(at.timestamp())), critical=False)
        .add_extension(scope, critical=True)
        .sign(key, hashes.SHA256())
    )


def _validity(persona: Persona, issued_at: datetime) -> tuple[datetime, datetime]:
    issued_at = issued_at.astimezone(UTC).replace(microsecond=0)
    last_day = issued_at + persona.not_after
    return issued_at + persona.not_before, last_day.replace(hour=14, minute=59, second=59)


def _end_entity(
    ca: Ca, subject: x509.Name, key: PrivateKey, serial: int, not_before: datetime, not_after: datetime
) -> x509.CertificateBuilder:
    """The fields that both kinds share, and their first extension."""
    issuer = x509.DirectoryName(ca.subject)
    authority = x509.AuthorityKeyIdentifier(_ca_key_identifier(ca.key).digest, [issuer], ca.serial)
    builder = x509.CertificateBuilder(ca.subject, subject, key.public_key(), serial, not_before, not_after)
    return builder.add_extension(authority, critical=False)


def _signed(builder: x509.CertificateBuilder, ca: Ca, key: PrivateKey) -> x509.Certificate:
    """Add the extension that comes last in JPKI's certificates, and sign."""
    last = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return builder.add_extension(last, critical=False).sign(_ca_key(ca.key), hashes.SHA256())


def _holder(persona: Persona) -> x509.SubjectAlternativeName:
    """The six personal attributes, in the order of real certificates."""
    attributes = (
        (1, persona.person),
        (4, persona.birth_date),
        (3, persona.gender),
        (5, persona.address),
        (2, persona.name_substitution or "0" * len(persona.person)),
        (6, persona.address_substitution or "0" * len(persona.address)),
    )
    return x509.SubjectAlternativeName(
        x509.OtherName(x509.ObjectIdentifier(f"{ATTRIBUTE_ARC}.{suffix}"), _utf8_string(text))
        for suffix, text in attributes
    )


def _utf8_string(text: str) -> bytes:
    """DER UTF8String, up to 255 bytes of content."""
    content = text.encode()
    length = bytes([len(content)]) if len(content) < 0x80 else bytes([0x81, len(content)])
    return b"\x0c" + length + content


def _name(*rdns: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name(x509.NameAttribute(oid, value) for oid, value in ((NameOID.COUNTRY_NAME, "JP"), *rdns))


def _ca_rdns(ca: Ca) -> tuple[tuple[x509.ObjectIdentifier, str], ...]:
    return (
        (NameOID.ORGANIZATION_NAME, "JITSUIN SIMULATOR"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, ca.organizational_unit),
    )


def _japanese_name(ca: Ca) -> x509.DirectoryName:
    purpose = "署名用" if ca.organizational_unit == _SIGNATURE_OU else "利用者証明用"
    return x509.DirectoryName(
        _name(
            (NameOID.ORGANIZATION_NAME, "実印シミュレータ（架空）"),
            (NameOID.ORGANIZATIONAL_UNIT_NAME, f"架空の個人認証サービス{purpose}"),
        )
    )


def _distribution_points(name: x509.Name) -> x509.CRLDistributionPoints:
    return x509.CRLDistributionPoints([x509.DistributionPoint([x509.DirectoryName(name)], None, None, None)])


def _policies(policy: x509.ObjectIdentifier) -> x509.CertificatePolicies:
    return x509.CertificatePolicies([x509.PolicyInformation(policy, [CPS_URI])])


def _key_usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature,
        content_commitment,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )
