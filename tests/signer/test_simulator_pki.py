"""The simulator's certificates and CRLs against JPKI's profile, and by openssl's word."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID as Oid
from cryptography.x509.oid import NameOID

from jitsuin.signer.simulator import PERSONAS, anchors, ca_certificate, crls
from jitsuin.signer.simulator.pki import CAS, authentication_certificate, serial_number, signature_certificate

SIGNERS = [name for name in PERSONAS if name not in ("no-signature", "authentication-only")]
REVOKED = {name: persona.revoked for name, persona in PERSONAS.items() if persona.revoked}
UTF8, PRINTABLE = 0x0C, 0x13


def extensions(certificate: x509.Certificate) -> list[tuple[x509.ObjectIdentifier, bool]]:
    return [(extension.oid, extension.critical) for extension in certificate.extensions]


def attributes(certificate: x509.Certificate) -> list[tuple[str, str]]:
    """The otherNames as (last arc, text), checking that each is a UTF8String."""
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    found = []
    for name in names:
        assert isinstance(name, x509.OtherName)
        arc, _, last = name.type_id.dotted_string.rpartition(".")
        assert arc == "1.2.392.200149.8.5.5"
        header = 3 if name.value[1] == 0x81 else 2
        assert name.value[0] == UTF8
        assert len(name.value) - header == name.value[header - 1]
        found.append((last, name.value[header:].decode()))
    return found


def fingerprint(certificate: x509.Certificate) -> bytes:
    """Of the public key."""
    return x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest


@pytest.mark.parametrize("name", SIGNERS)
def test_signature_certificate_profile(name: str, at: datetime) -> None:
    persona = PERSONAS[name]
    certificate = signature_certificate(persona, at)
    assert certificate.version is x509.Version.v3
    assert certificate.signature_hash_algorithm.name == "sha256"
    assert 0 < certificate.serial_number < 1 << 159

    assert [(attribute.oid, attribute._type.value) for attribute in certificate.subject] == [
        (NameOID.COUNTRY_NAME, PRINTABLE),
        (NameOID.LOCALITY_NAME, UTF8),
        (NameOID.LOCALITY_NAME, UTF8),
        (NameOID.COMMON_NAME, UTF8),
    ]
    assert all(len(list(rdn)) == 1 for rdn in certificate.subject.rdns)
    common_name = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    assert len(common_name) == 28
    assert common_name.startswith(f"{certificate.not_valid_before_utc + timedelta(hours=9):%Y%m%d%H%M%S}")

    assert certificate.not_valid_before_utc == at + persona.not_before
    assert f"{certificate.not_valid_after_utc:%H%M%S}" == "145959"
    assert certificate.not_valid_after_utc.date() == (at + persona.not_after).date()

    assert extensions(certificate) == [
        (Oid.AUTHORITY_KEY_IDENTIFIER, False),
        (Oid.KEY_USAGE, True),
        (Oid.SUBJECT_ALTERNATIVE_NAME, False),
        (Oid.ISSUER_ALTERNATIVE_NAME, False),
        (Oid.CRL_DISTRIBUTION_POINTS, False),
        (Oid.CERTIFICATE_POLICIES, True),
        (Oid.SUBJECT_KEY_IDENTIFIER, False),
    ]
    authority, usage, _, issuer_names, points, policies, identifier = (e.value for e in certificate.extensions)
    ca = ca_certificate(persona.ca)
    assert authority.key_identifier == ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert authority.authority_cert_issuer == [x509.DirectoryName(ca.subject)]
    assert authority.authority_cert_serial_number == ca.serial_number
    assert usage.public_bytes() == bytes.fromhex("030206C0")
    assert [type(name) for name in issuer_names] == [x509.DirectoryName]
    (point,) = points
    (full_name,) = point.full_name
    assert isinstance(full_name, x509.DirectoryName)
    assert full_name.value.rfc4514_string().startswith(f"CN={persona.municipality.name} CRLDP,OU=")
    (policy,) = policies
    assert policy.policy_identifier.dotted_string == "1.2.392.200149.8.5.1.1.20"
    assert policy.policy_qualifiers == ["http://jitsuin-simulator.invalid/cps.html"]
    assert identifier == x509.SubjectKeyIdentifier.from_public_key(certificate.public_key())

    certificate.verify_directly_issued_by(ca)
    key = certificate.public_key()
    if name == "p384":
        assert isinstance(key, ec.EllipticCurvePublicKey)
        assert key.curve.name == "secp384r1"
    else:
        assert isinstance(key, rsa.RSAPublicKey)
        assert (key.key_size, key.public_numbers().e) == (2048, 65537)


@pytest.mark.parametrize("name", SIGNERS)
def test_six_attributes_in_the_order_of_real_certificates(name: str, at: datetime) -> None:
    persona = PERSONAS[name]
    found = attributes(signature_certificate(persona, at))
    assert [arc for arc, _ in found] == ["1", "4", "3", "5", "2", "6"]
    person, birth_date, gender, address, name_flags, address_flags = (text for _, text in found)
    assert person.count("\u3000") == 1
    assert birth_date[0] in "345"
    date.fromisoformat(birth_date[1:])
    assert gender in ("1", "2")
    assert len(address) <= 200
    assert (len(name_flags), len(address_flags)) == (len(person), len(address))
    assert set(name_flags + address_flags) == ({"0", "1"} if name == "substitution" else {"0"})


@pytest.mark.parametrize("name", list(CAS))
def test_ca_certificate_profile(name: str) -> None:
    certificate = ca_certificate(name)
    assert extensions(certificate) == [
        (Oid.KEY_USAGE, True),
        (Oid.SUBJECT_ALTERNATIVE_NAME, False),
        (Oid.BASIC_CONSTRAINTS, True),
        (Oid.CRL_DISTRIBUTION_POINTS, False),
        (Oid.SUBJECT_KEY_IDENTIFIER, False),
    ]
    usage, _, constraints, _, _ = (extension.value for extension in certificate.extensions)
    assert usage.public_bytes() == bytes.fromhex("03020106")
    assert (constraints.ca, constraints.path_length) == (True, None)
    certificate.verify_directly_issued_by(certificate)
    assert "not real" in certificate.subject.rfc4514_string()
    assert "JPKI" not in [attribute.value for attribute in certificate.subject]


def test_the_generations_share_one_name() -> None:
    assert len({ca.subject for ca in anchors()}) == 1
    assert len({fingerprint(ca) for ca in anchors()}) == len(anchors()) == 3
    years = [(ca.not_valid_before_utc.year, ca.not_valid_after_utc.year) for ca in anchors()]
    assert years == [(2015, 2025), (2019, 2029), (2023, 2033)]


def test_the_look_alike_differs_in_nothing_but_the_key(at: datetime) -> None:
    genuine, look_alike = ca_certificate("sign-ca-03"), ca_certificate("look-alike-ca")
    assert look_alike not in anchors()
    assert look_alike.subject == genuine.subject
    assert look_alike.serial_number == genuine.serial_number
    assert list(look_alike.extensions) == list(genuine.extensions)
    assert look_alike.public_key() != genuine.public_key()
    signature_certificate(PERSONAS["valid"], at).verify_directly_issued_by(genuine)
    with pytest.raises(InvalidSignature):
        signature_certificate(PERSONAS["look-alike"], at).verify_directly_issued_by(genuine)


@pytest.mark.parametrize("name", ["valid", "authentication-only"])
def test_authentication_certificate_profile(name: str, at: datetime) -> None:
    offered = signature_certificate(PERSONAS["authentication-only"], at)
    certificate = authentication_certificate(PERSONAS["valid"], at) if name == "valid" else offered
    assert [attribute.oid for attribute in certificate.subject] == [NameOID.COUNTRY_NAME, NameOID.COMMON_NAME]
    assert len(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value) == 24
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.public_bytes() == bytes.fromhex("03020780")  # digitalSignature only
    assert Oid.SUBJECT_ALTERNATIVE_NAME not in [extension.oid for extension in certificate.extensions]
    certificate.verify_directly_issued_by(ca_certificate("auth-ca-03"))


def test_no_signature() -> None:
    assert signature_certificate(PERSONAS["no-signature"], datetime.max.replace(tzinfo=UTC)) is None


# The same again


@pytest.mark.parametrize("name", SIGNERS)
def test_issuing_again_gives_the_same_bytes(name: str, at: datetime) -> None:
    assert signature_certificate(PERSONAS[name], at) == signature_certificate(PERSONAS[name], at)
    later = signature_certificate(PERSONAS[name], at + timedelta(days=1))
    assert later != signature_certificate(PERSONAS[name], at)
    assert later.serial_number == serial_number(PERSONAS[name])


def test_the_bytes_are_the_same_everywhere(at: datetime) -> None:
    """Fixed keys, fixed serials, no randomness: samples and reports that quote these stay true."""
    der = signature_certificate(PERSONAS["valid"], at).public_bytes(Encoding.DER)
    assert hashlib.sha256(der).hexdigest() == "ec1900ae65bdc4f5413b54bf5ca3608c334501c19114c9f9f6dd32e2da629ba2"
    der = crls(at)["sign-ca-03-tameshi-cho"].public_bytes(Encoding.DER)
    assert hashlib.sha256(der).hexdigest() == "c2b2461eb8b009b6183095dd31b7d2d3399800b88e26c9620eeb9630690fc245"


def test_serial_numbers_differ() -> None:
    serials = [serial_number(persona) for persona in PERSONAS.values()]
    assert len(set(serials)) == len(PERSONAS)


def test_keys_differ(at: datetime) -> None:
    certificates = [signature_certificate(PERSONAS[name], at) for name in SIGNERS]
    assert len({fingerprint(certificate) for certificate in certificates}) == len(SIGNERS)


# CRLs


def test_crls_are_partitioned_by_ca_and_municipality(at: datetime) -> None:
    found = crls(at)
    assert list(found) == [
        f"{ca}-{place}"
        for ca in ("sign-ca-02", "sign-ca-03", "auth-ca-03")  # that of 2015 has gone by then
        for place in ("mihon-shi", "tameshi-cho")
    ]
    assert "sign-ca-01-mihon-shi" in crls(datetime(2025, 1, 1, tzinfo=at.tzinfo))
    for name, crl in found.items():
        ca = ca_certificate(name[:10])
        assert crl.is_signature_valid(ca.public_key())
        assert crl.issuer == ca.subject
        assert (crl.last_update_utc, crl.next_update_utc) == (at, at + timedelta(days=30))
        scope = crl.extensions.get_extension_for_class(x509.IssuingDistributionPoint)
        assert scope.critical
    point = signature_certificate(PERSONAS["valid"], at).extensions.get_extension_for_class(x509.CRLDistributionPoints)
    scope = found["sign-ca-03-mihon-shi"].extensions.get_extension_for_class(x509.IssuingDistributionPoint)
    assert scope.value.full_name == point.value[0].full_name


def test_the_reasons_of_revocation(at: datetime) -> None:
    crl = crls(at)["sign-ca-03-tameshi-cho"]
    for name, reason in REVOKED.items():
        entry = crl.get_revoked_certificate_by_serial_number(serial_number(PERSONAS[name]))
        assert entry.revocation_date_utc == at - timedelta(days=7)
        if reason is x509.ReasonFlags.unspecified:
            assert not list(entry.extensions)
        else:
            assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason is reason
    assert len(list(crl)) == len(REVOKED) == 7
    assert all(not list(other) for name, other in crls(at).items() if name != "sign-ca-03-tameshi-cho")


def test_the_time_of_revocation_can_be_chosen(at: datetime) -> None:
    crl = crls(at, revoked_at=at - timedelta(hours=1))["sign-ca-03-tameshi-cho"]
    assert {entry.revocation_date_utc for entry in crl} == {at - timedelta(hours=1)}


# The second opinion


@pytest.mark.parametrize("name", SIGNERS)
def test_openssl_agrees_on_every_persona(name: str, at: datetime, openssl) -> None:
    wrong = {"expired": "certificate has expired", "not-yet-valid": "not yet valid", "look-alike": "signature"}
    wrong |= dict.fromkeys(REVOKED, "certificate revoked")
    certificate = signature_certificate(PERSONAS[name], at)
    result = openssl.verify(certificate, trusted=anchors(), crls=list(crls(at).values()), at=at)
    if name in wrong:
        assert result.invalid
        assert wrong[name] in result.detail
    else:
        assert result.ok, result.detail
    if name in REVOKED:  # control: nothing else is wrong with it
        assert openssl.verify(certificate, trusted=anchors(), at=at, strict=True).ok


def test_openssl_agrees_on_authentication_certificates(at: datetime, openssl) -> None:
    certificate, pile = authentication_certificate(PERSONAS["valid"], at), list(crls(at).values())
    assert openssl.verify(certificate, trusted=[ca_certificate("auth-ca-03")], crls=pile, at=at).ok
    assert openssl.verify(certificate, trusted=anchors(), crls=pile, at=at).invalid


def test_openssl_agrees_on_the_crls(at: datetime, openssl) -> None:
    for name, crl in crls(at).items():
        assert openssl.verify_crl(crl, ca_certificate(name[:10])).ok
    assert openssl.verify_crl(crls(at)["sign-ca-03-mihon-shi"], ca_certificate("look-alike-ca")).invalid


def test_openssl_prints_the_profile(at: datetime, openssl) -> None:
    pem = signature_certificate(PERSONAS["valid"], at).public_bytes(Encoding.PEM)
    text = openssl.run("x509", "-noout", "-text", stdin=pem).stdout.decode()
    for line in (
        "X509v3 Key Usage: critical",
        "Digital Signature, Non Repudiation",
        "X509v3 Certificate Policies: critical",
        "Policy: 1.2.392.200149.8.5.1.1.20",
        "CPS: http://jitsuin-simulator.invalid/cps.html",
        "othername: 1.2.392.200149.8.5.5.1::見本　花子, othername: 1.2.392.200149.8.5.5.4::319800303",
        "serial:06:07:08:09",
    ):
        assert line in text
    assert "URI:" not in text
    positions = [text.index(title) for title in ("Authority Key", "Alternative Name", "CRL Dist", "Subject Key Ident")]
    assert positions == sorted(positions)
