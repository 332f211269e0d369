"""Certification authorities of the tests' own: certificates and CRLs, right ones and wrong ones in every way.

Made with cryptography, and with asn1crypto where that refuses to make a wrong one; nothing of Jitsuin is in it. An
authority remembers what it has issued and revoked: its CRLs and its OCSP responder (responders.py) tell the same story.

    leaf = authority.issue(crl=pki_server.url("/a.crl"))
    authority.revoke(leaf, AT, x509.ReasonFlags.superseded)
    pki_server.crl("/a.crl", authority.crl(AT))
"""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from asn1crypto import crl as asn1_crl
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
Kind = Literal["ec", "rsa"]
Extension = tuple[x509.ExtensionType, bool]
"""With whether it is critical."""
Point = str | x509.Name | x509.DistributionPoint
"""Where a CRL is: an http URI, a directory name as in the JPKI, or a whole distribution point."""

CA_SINCE, CA_UNTIL = datetime(2015, 1, 1, tzinfo=UTC), datetime(2045, 1, 1, tzinfo=UTC)
SINCE, UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)
ORGANIZATION = "Test rig"
DOCUMENTS = ("digital_signature", "content_commitment")
UNKNOWN_EXTENSION = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.32473.2"), b"\x05\x00")
"""One that nobody knows: `extra=[(UNKNOWN_EXTENSION, True)]`. The arc is kept free for examples (RFC 5612)."""


class Keys:
    """Private keys by name: P-256 ones follow from it; RSA ones are made once for all who share the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loaded: dict[str, PrivateKey] = {}

    def get(self, name: str, kind: Kind = "ec") -> PrivateKey:
        digest = hashlib.sha256(name.encode())
        if kind == "ec":
            return ec.derive_private_key(int.from_bytes(digest.digest()[:31], "big"), ec.SECP256R1())
        if name not in self._loaded:
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._folder / f"{digest.hexdigest()[:16]}.pem"
            with path.with_suffix(".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if not path.exists():
                    path.write_bytes(pem_of(rsa.generate_private_key(65537, 2048)))
            key = load_pem_private_key(path.read_bytes(), None, unsafe_skip_rsa_key_validation=True)
            assert isinstance(key, rsa.RSAPrivateKey)
            self._loaded[name] = key
        return self._loaded[name]


@dataclass(frozen=True)
class Credential:
    """A certificate with its key and the certificates above it, nearest first, up to the root."""

    certificate: x509.Certificate
    key: PrivateKey
    issuers: tuple[x509.Certificate, ...] = ()

    def pkcs12(self, password: str) -> bytes:
        """As a file for the key `file:`, the chain included."""
        encryption = BestAvailableEncryption(password.encode())
        return pkcs12.serialize_key_and_certificates(None, self.key, self.certificate, self.issuers, encryption)


@dataclass(frozen=True)
class Entry:
    """A line of a CRL. Without a reason it says none; `issuer` is for indirect CRLs (certificateIssuer)."""

    serial: int
    at: datetime
    reason: x509.ReasonFlags | None = None
    issuer: x509.Name | None = None
    extra: Sequence[Extension] = ()


class Authority:
    """A CA: a root, or the intermediate of an `issuer`."""

    def __init__(
        self,
        keys: Keys,
        common_name: str = "Test Authority",
        *,
        kind: Kind = "ec",
        issuer: Authority | None = None,
        key_name: str | None = None,
        identifier: x509.SubjectKeyIdentifier | None = None,
        organization: str = ORGANIZATION,
        usage: Collection[str] = ("key_cert_sign", "crl_sign"),
        since: datetime = CA_SINCE,
        until: datetime = CA_UNTIL,
        **options: Any,
    ) -> None:
        """`options` as for `issue`. Authorities of one name and different `key_name` are what a renewal makes."""
        self.keys, self.kind, self.common_name = keys, kind, common_name
        self.name = name_of(common_name, organization)
        self.key = keys.get(key_name or common_name, kind)
        self.identifier = identifier or x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())
        self.issued: dict[int, x509.Certificate] = {}
        self.revoked: list[Entry] = []
        self._above: tuple[x509.Certificate, ...] = ()
        options |= {"key": self.key, "usage": usage, "since": since, "until": until, "ca": True}
        options |= {"organization": organization}
        self.credential = (issuer or self).issue(common_name, identifier=self.identifier, **options)
        self._above = (self.certificate, *(issuer._above if issuer else ()))

    @property
    def certificate(self) -> x509.Certificate:
        return self.credential.certificate

    def intermediate(self, common_name: str = "Test Intermediate", **options: Any) -> Authority:
        """A CA below this one; `options` as for the class and for `issue`."""
        return Authority(self.keys, common_name, issuer=self, **{"kind": self.kind} | options)

    def look_alike(self, key_name: str = "look-alike", **options: Any) -> Authority:
        """What an attacker makes: a root with this name, this key identifier and these serial numbers, another key."""
        options = {"kind": self.kind, "identifier": self.identifier} | options
        return Authority(self.keys, self.common_name, key_name=key_name, **options)

    def issue(
        self,
        common_name: str = "Signer",
        *,
        serial: int | None = None,
        since: datetime = SINCE,
        until: datetime = UNTIL,
        usage: Collection[str] = DOCUMENTS,
        purposes: Sequence[x509.ObjectIdentifier] = (),
        purposes_critical: bool = False,
        crl: Point | Sequence[Point] = (),
        ocsp: str | None = None,
        ca_issuers: str | None = None,
        extra: Sequence[Extension] = (),
        key: PrivateKey | None = None,
        identifier: x509.SubjectKeyIdentifier | None = None,
        ca: bool = False,
        organization: str = ORGANIZATION,
    ) -> Credential:
        """A certificate, by default for signing documents. `crl`, `ocsp` and `ca_issuers` say where those are."""
        key = key or self.keys.get(common_name, self.kind)
        serial = serial or self._next_serial()
        identifier = identifier or x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        extensions: list[Extension] = [(_usage(usage), True), (identifier, False)]
        if ca:
            extensions.append((x509.BasicConstraints(ca=True, path_length=None), True))
        if self._above:
            extensions.append((self._authority_key(), False))
        if purposes:
            extensions.append((x509.ExtendedKeyUsage(purposes), purposes_critical))
        if points := [crl] if isinstance(crl, Point) else list(crl):
            extensions.append((x509.CRLDistributionPoints([*map(distribution_point, points)]), False))
        methods = {AuthorityInformationAccessOID.OCSP: ocsp, AuthorityInformationAccessOID.CA_ISSUERS: ca_issuers}
        if access := [x509.AccessDescription(kind, _uri(where)) for kind, where in methods.items() if where]:
            extensions.append((x509.AuthorityInformationAccess(access), False))
        builder = x509.CertificateBuilder(
            self.name, name_of(common_name, organization), key.public_key(), serial, since, until
        )
        for value, critical in [*extensions, *extra]:
            builder = builder.add_extension(value, critical)
        self.issued[serial] = builder.sign(self.key, hashes.SHA256())
        return Credential(self.issued[serial], key, self._above)

    def responder(
        self, common_name: str = "OCSP Responder", *, purpose: bool = True, no_check: bool = True, **options: Any
    ) -> Credential:
        """For OCSP answers in this CA's name; without `purpose` it lacks OCSPSigning and may not give them."""
        extra = [*options.pop("extra", ()), *([(x509.OCSPNoCheck(), False)] if no_check else [])]
        purposes = [ExtendedKeyUsageOID.OCSP_SIGNING] if purpose else []
        return self.issue(common_name, usage=["digital_signature"], purposes=purposes, extra=extra, **options)

    def tsa(
        self, common_name: str = "Test TSA", *, purpose: bool = True, critical: bool = True, **options: Any
    ) -> Credential:
        """For timestamps; RFC 3161 wants timeStamping alone and critical: without `purpose` or `critical` it errs."""
        purposes = [ExtendedKeyUsageOID.TIME_STAMPING] if purpose else []
        return self.issue(common_name, purposes=purposes, purposes_critical=critical, **options)

    def revoke(self, whom: Credential | Authority | int, at: datetime, reason: x509.ReasonFlags | None = None) -> Entry:
        """From then on CRLs and OCSP answers made for `at` or later say so. `revoked` is a list and may be changed."""
        entry = Entry(whom if isinstance(whom, int) else whom.certificate.serial_number, at, reason)
        self.revoked.append(entry)
        return entry

    def crl(
        self,
        at: datetime,
        *,
        life: timedelta | None = timedelta(days=7),
        entries: Iterable[Entry] | None = None,
        number: int | None = 1,
        base: int | None = None,
        point: str | x509.Name | Sequence[str | x509.Name] = (),
        only_users: bool = False,
        only_cas: bool = False,
        only_reasons: Collection[x509.ReasonFlags] = (),
        indirect: bool = False,
        freshest: Point | None = None,
        extra: Sequence[Extension] = (),
    ) -> x509.CertificateRevocationList:
        """A CRL with thisUpdate `at`; stale when that is long ago, without nextUpdate where `life` is None.

        `entries`: otherwise what has been revoked by `at`. With `base` it is a delta CRL. `point`, `only_…` and
        `indirect` are its issuing distribution point; `freshest` tells where the delta is.
        """
        builder = x509.CertificateRevocationListBuilder(self.name, at, at + (life or timedelta(days=1)))
        for entry in entries if entries is not None else [one for one in self.revoked if one.at <= at]:
            builder = builder.add_revoked_certificate(_line(entry))
        extensions: list[Extension] = [(self._authority_key(), False)]
        if number is not None:
            extensions.append((x509.CRLNumber(number), False))
        if base is not None:
            extensions.append((x509.DeltaCRLIndicator(base), True))
        if freshest is not None:
            extensions.append((x509.FreshestCRL([distribution_point(freshest)]), False))
        names = [_general(one) for one in ([point] if isinstance(point, str | x509.Name) else point)]
        if names or only_users or only_cas or only_reasons or indirect:
            reasons = frozenset(only_reasons) or None
            scope = x509.IssuingDistributionPoint(
                names or None, None, only_users, only_cas, reasons, indirect, only_contains_attribute_certs=False
            )
            extensions.append((scope, True))
        for value, critical in [*extensions, *extra]:
            builder = builder.add_extension(value, critical)
        made = builder.sign(self.key, hashes.SHA256())
        return made if life is not None else self._without_next_update(made)

    def _without_next_update(self, made: x509.CertificateRevocationList) -> x509.CertificateRevocationList:
        """RFC 5280 demands nextUpdate, X.509 does not, and cryptography makes none without it."""
        raw = asn1_crl.CertificateList.load(made.public_bytes(Encoding.DER))
        del raw["tbs_cert_list"]["next_update"]
        raw["signature"] = sign(self.key, raw["tbs_cert_list"].dump())
        return x509.load_der_x509_crl(raw.dump())

    def _authority_key(self) -> x509.AuthorityKeyIdentifier:
        return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(self.identifier)

    def _next_serial(self) -> int:
        """By the CA's name and how many it has issued: a look-alike's certificates get the genuine numbers."""
        digest = hashlib.sha256(f"{self.common_name}/{len(self.issued)}".encode()).digest()
        return int.from_bytes(digest[:8], "big") >> 1 | 1


def name_of(common_name: str, organization: str = ORGANIZATION) -> x509.Name:
    """The names of all who appear here."""
    parts = (
        (NameOID.COUNTRY_NAME, "JP"),
        (NameOID.ORGANIZATION_NAME, organization),
        (NameOID.COMMON_NAME, common_name),
    )
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def distribution_point(point: Point, issuer: x509.Name | None = None) -> x509.DistributionPoint:
    """With `issuer` (cRLIssuer), one whose CRL is another authority's: an indirect one."""
    if isinstance(point, x509.DistributionPoint):
        return point
    return x509.DistributionPoint([_general(point)], None, None, [x509.DirectoryName(issuer)] if issuer else None)


def sign(key: PrivateKey, data: bytes) -> bytes:
    """ECDSA or RSASSA-PKCS1-v1_5 with SHA-256, for what has been changed after it was made."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, ec.ECDSA(hashes.SHA256()))
    return key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def damaged(der: bytes) -> bytes:
    """The last bit of a signed structure turned over, which is its signature's where nothing follows that."""
    return der[:-1] + bytes([der[-1] ^ 1])


def pem_of(key: PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _general(where: str | x509.Name) -> x509.GeneralName:
    return x509.DirectoryName(where) if isinstance(where, x509.Name) else _uri(where)


def _uri(where: str) -> x509.UniformResourceIdentifier:
    return x509.UniformResourceIdentifier(where)


def _line(entry: Entry) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder(entry.serial, entry.at)
    if entry.reason is not None:
        builder = builder.add_extension(x509.CRLReason(entry.reason), critical=False)
    if entry.issuer is not None:
        builder = builder.add_extension(x509.CertificateIssuer([x509.DirectoryName(entry.issuer)]), critical=True)
    for value, critical in entry.extra:
        builder = builder.add_extension(value, critical)
    return builder.build()


_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def _usage(names: Collection[str]) -> x509.KeyUsage:
    assert set(names) <= set(_USAGES)
    return x509.KeyUsage(**{name: name in names for name in _USAGES})
