"""The CMS that we build, judged by programs that share no code with us: OpenSSL, asn1crypto, pyHanko, cryptography."""

from __future__ import annotations

import asyncio
import hashlib
import pickle
from datetime import UTC, datetime, timedelta, timezone

import pytest
from asn1crypto import cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.sign.validation import generic_cms
from pyhanko_certvalidator import ValidationContext

from jitsuin.formats.base import SigningIdentity
from jitsuin.formats.cms import cms_form
from jitsuin.formats.cms_reading import check_signed_data, read_signed_data
from jitsuin.formats.errors import UnsupportedDocumentError
from jitsuin.formats.profiles import Chain

CONTENT = "契約書\r\n".encode() * 1000
AT = datetime(2026, 6, 1, 3, 0, 59, tzinfo=UTC)
PEOPLE = ["valid", "second", "p384", "p256", "p521"]
ORDERS = {
    "p256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "p384": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    "p521": (1 << 521) - 0x5AE79787C40D069948033FEB708F65A2FC44A36477663B851449048E16EC79BF7,
}
"""Of the curves' groups (SP 800-186): r and s are below it."""


def signed(who, chain=Chain.FULL, signing_time=None, content=CONTENT) -> bytes:
    form = cms_form(who.identity, chain, signing_time=signing_time)
    digest = hashlib.new(form.scheme.rpartition("-")[2], content).digest()
    return form.content_info(digest, who.sign(form.signed_attributes(digest), form.scheme))


def parsed(der: bytes) -> tuple[cms.SignedData, cms.SignerInfo]:
    signed_data = cms.ContentInfo.load(der, strict=True)["content"]
    (signer_info,) = signed_data["signer_infos"]
    return signed_data, signer_info


def attributes(signer_info: cms.SignerInfo) -> dict[str, core.Asn1Value]:
    found = {}
    for attribute in signer_info["signed_attrs"]:
        (found[attribute["type"].native],) = attribute["values"]
    return found


@pytest.mark.parametrize("name", PEOPLE)
@pytest.mark.parametrize("chain", Chain)
@pytest.mark.parametrize("time", [None, AT])
def test_openssl_accepts_it_with_its_chain(name, chain, time, party, openssl_cms) -> None:
    who = party(name)
    der = signed(who, chain, time)
    result = openssl_cms.verify(der, CONTENT, who)
    assert result.ok, result.detail
    assert openssl_cms.verify(der, CONTENT + b"\n", who).invalid


@pytest.mark.parametrize("bits", [2049, 3072, 4096])
def test_rsa_keys_of_other_lengths(bits, certify, openssl_cms) -> None:
    who = certify(rsa.generate_private_key(65537, bits))
    der = signed(who)
    assert openssl_cms.verify(der, CONTENT, who).ok
    assert len(der) == cms_form(who.identity, Chain.FULL, signing_time=None).size


@pytest.mark.parametrize("name", PEOPLE)
@pytest.mark.parametrize("time", [None, AT])
def test_pyhanko_accepts_it(name, time, party) -> None:
    who = party(name)
    signed_data, signer_info = parsed(signed(who, Chain.FULL, time))
    certificate = asn1_x509.Certificate.load(who.certificate.public_bytes(Encoding.DER))

    def verdict(content: bytes) -> tuple[bool, bool]:
        digest = hashlib.new(signer_info["digest_algorithm"]["algorithm"].native, content).digest()
        return generic_cms.validate_sig_integrity(
            signer_info, certificate, expected_content_type="data", actual_digest=digest
        )

    assert verdict(CONTENT) == (True, True)
    assert verdict(CONTENT[1:]) == (False, True)
    assert generic_cms.extract_certs_for_validation(signed_data).signer_cert.dump() == certificate.dump()


def test_pyhanko_accepts_it_as_detached_cms(party) -> None:
    who = party("valid")
    root = asn1_x509.Certificate.load(who.issuers[-1].public_bytes(Encoding.DER))
    signed_data, _ = parsed(signed(who))

    def status(content: bytes):
        context = ValidationContext(trust_roots=[root], moment=AT, allow_fetching=False)
        return asyncio.run(
            generic_cms.async_validate_detached_cms(content, signed_data, signer_validation_context=context)
        )

    assert status(CONTENT).bottom_line
    assert not status(CONTENT[1:]).bottom_line


@pytest.mark.parametrize("name", PEOPLE)
@pytest.mark.parametrize("time", [None, AT])
def test_every_byte_is_der(name, time, party) -> None:
    """asn1crypto reads it to the last value, and writes the same bytes again from what it understood."""
    der = signed(party(name), Chain.FULL, time)
    read = cms.ContentInfo.load(der, strict=True)
    assert read.native["content_type"] == "signed_data"
    assert read.dump(force=True) == der


@pytest.mark.parametrize(
    ("name", "digest", "value"),
    [
        ("valid", "sha256", "rsaEncryption (1.2.840.113549.1.1.1)\n          parameter: NULL"),
        ("p256", "sha256", "ecdsa-with-SHA256 (1.2.840.10045.4.3.2)\n          parameter: <ABSENT>"),
        ("p384", "sha384", "ecdsa-with-SHA384 (1.2.840.10045.4.3.3)\n          parameter: <ABSENT>"),
        ("p521", "sha512", "ecdsa-with-SHA512 (1.2.840.10045.4.3.4)\n          parameter: <ABSENT>"),
    ],
)
def test_algorithm_identifiers_to_the_letter(name, digest, value, party, openssl) -> None:
    """As OpenSSL prints them: no parameters for SHA-2 and ECDSA, NULL for RSA (RFC 5754)."""
    done = openssl.run("cms", "-cmsout", "-print", "-noout", "-inform", "DER", stdin=signed(party(name)))
    text = done.stdout.decode()
    assert f"signatureAlgorithm: \n          algorithm: {value}" in text, text
    numbers = {"sha256": 1, "sha384": 2, "sha512": 3}
    algorithm = f"algorithm: {digest} (2.16.840.1.101.3.4.2.{numbers[digest]})"
    assert text.count(f"{algorithm}\n        parameter: <ABSENT>") == 1, text
    assert text.count(f"{algorithm}\n          parameter: <ABSENT>") == 1, text


@pytest.mark.parametrize("name", PEOPLE)
def test_structure(name, party) -> None:
    who = party(name)
    signed_data, signer_info = parsed(signed(who))
    assert signed_data["version"].native == signer_info["version"].native == "v1"
    assert signed_data["encap_content_info"].native == {"content_type": "data", "content": None}
    assert signed_data["crls"].native is None
    assert signer_info["unsigned_attrs"].native is None
    certificate = asn1_x509.Certificate.load(who.certificate.public_bytes(Encoding.DER))
    assert signer_info["sid"].name == "issuer_and_serial_number"
    assert signer_info["sid"].chosen["issuer"].dump() == certificate.issuer.dump()
    assert signer_info["sid"].chosen["serial_number"].native == who.certificate.serial_number


@pytest.mark.parametrize("name", PEOPLE)
def test_signing_certificate_v2(name, party) -> None:
    """RFC 5035: the hash of the certificate by the default algorithm, which is left out, and its issuer and number."""
    who = party(name)
    found = attributes(parsed(signed(who))[1])
    value = found["signing_certificate_v2"]
    assert isinstance(value, tsp.SigningCertificateV2)
    (cert_id,) = value["certs"]
    der = who.certificate.public_bytes(Encoding.DER)
    assert cert_id["cert_hash"].native == hashlib.sha256(der).digest()
    assert cert_id["hash_algorithm"].native["algorithm"] == "sha256"
    assert cert_id.contents.startswith(b"\x04\x20")  # no hashAlgorithm before the OCTET STRING
    (general_name,) = cert_id["issuer_serial"]["issuer"]
    assert general_name.name == "directory_name"
    issuer = asn1_x509.Certificate.load(der).issuer.dump()
    assert general_name.dump().endswith(issuer)
    assert cert_id["issuer_serial"]["serial_number"].native == who.certificate.serial_number
    assert value["policies"].native is None


@pytest.mark.parametrize(
    ("time", "kind", "text"),
    [
        (AT, "utc_time", b"260601030059Z"),
        (AT.astimezone(timezone(timedelta(hours=9))), "utc_time", b"260601030059Z"),
        (AT.replace(microsecond=999_999), "utc_time", b"260601030059Z"),
        (datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC), "utc_time", b"491231235959Z"),
        (datetime(2050, 1, 1, tzinfo=UTC), "generalized_time", b"20500101000000Z"),
        (datetime(1950, 1, 1, tzinfo=UTC), "utc_time", b"500101000000Z"),
    ],
)
def test_signing_time(time, kind, text, party, openssl_cms) -> None:
    """RFC 5652, 11.3."""
    who = party("valid")
    der = signed(who, signing_time=time)
    found = attributes(parsed(der)[1])
    assert found.keys() == {"content_type", "message_digest", "signing_certificate_v2", "signing_time"}
    assert found["signing_time"].name == kind
    assert found["signing_time"].chosen.contents == text
    assert openssl_cms.verify(der, CONTENT, who).ok
    assert read_signed_data(der, accept_sha1=False).signing_time == time.replace(microsecond=0)


def test_pades_has_no_signing_time(party) -> None:
    """EN 319 142-1, 6.3: the claimed time stands in the signature dictionary."""
    found = attributes(parsed(signed(party("valid")))[1])
    assert found.keys() == {"content_type", "message_digest", "signing_certificate_v2"}


@pytest.mark.parametrize("name", PEOPLE)
def test_certificates(name, party) -> None:
    who = party(name)
    leaf = pkcs7.load_der_pkcs7_certificates(signed(who, Chain.LEAF))
    assert leaf == [who.certificate]
    full = pkcs7.load_der_pkcs7_certificates(signed(who, Chain.FULL))
    assert set(full) == set(who.chain)
    encodings = [one.public_bytes(Encoding.DER) for one in full]
    assert encodings == sorted(encodings)  # a CertificateSet is a SET OF


def test_a_certificate_given_twice_is_written_once(party) -> None:
    who = party("valid")
    twice = SigningIdentity(who.certificate, (*who.issuers, who.certificate, *who.issuers))
    assert cms_form(twice, Chain.FULL, signing_time=AT) == cms_form(who.identity, Chain.FULL, signing_time=AT)


def test_longer_chains(certify, openssl_cms) -> None:
    """Length fields grow with the chain: every chain of up to 12 certificates is DER, of the size foretold."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = certify(key)
    for _ in range(11):
        who = certify(key, who)
        der = signed(who, Chain.FULL, AT)
        assert cms.ContentInfo.load(der, strict=True).dump(force=True) == der
        assert openssl_cms.verify(der, CONTENT).ok
        data = read_signed_data(der, accept_sha1=False)
        assert {data.certificate, *data.embedded} == set(who.chain)


@pytest.mark.parametrize("name", ["valid", "second"])
@settings(deadline=None)
@given(digest=st.binary(min_size=32, max_size=32), value=st.binary(min_size=256, max_size=256))
def test_rsa_size_is_exact(name, party, digest, value) -> None:
    form = cms_form(party(name).identity, Chain.FULL, signing_time=None)
    der = form.content_info(digest, value)
    assert len(der) == form.size
    data = read_signed_data(der, accept_sha1=False)
    assert (data.message_digest, data.signature) == (digest, value)
    assert data.signed_attributes == form.signed_attributes(digest)


@pytest.mark.parametrize("name", ORDERS)
@settings(deadline=None)
@given(data=st.data())
def test_ecdsa_values_of_every_length_fit(name, party, data) -> None:
    form = cms_form(party(name).identity, Chain.FULL, signing_time=AT)
    digest_size = hashlib.new(form.scheme.rpartition("-")[2]).digest_size
    digest = data.draw(st.binary(min_size=digest_size, max_size=digest_size))
    # Numbers of every length in bits, not only the long ones that chance gives.
    number = st.integers(1, ORDERS[name].bit_length()).flatmap(
        lambda bits: st.integers(1 << bits - 1, min((1 << bits) - 1, ORDERS[name] - 1))
    )
    value = utils.encode_dss_signature(data.draw(number), data.draw(number))
    der = form.content_info(digest, value)
    assert len(der) <= form.size
    read = read_signed_data(der, accept_sha1=False)
    assert (read.message_digest, read.signature) == (digest, value)
    assert read.signed_attributes == form.signed_attributes(digest)


@pytest.mark.parametrize("name", ORDERS)
def test_ecdsa_size_is_no_greater_than_the_longest_value_needs(name, party) -> None:
    form = cms_form(party(name).identity, Chain.FULL, signing_time=None)
    digest = bytes(hashlib.new(form.scheme.rpartition("-")[2]).digest_size)
    longest = utils.encode_dss_signature(ORDERS[name] - 1, ORDERS[name] - 1)
    assert len(form.content_info(digest, longest)) == form.size


@pytest.mark.parametrize("name", PEOPLE)
@pytest.mark.parametrize("time", [None, AT])
def test_what_is_signed_is_what_stands_in_the_cms(name, time, party) -> None:
    who = party(name)
    form = pickle.loads(pickle.dumps(cms_form(who.identity, Chain.FULL, signing_time=time)))  # noqa: S301 - ours
    assert form == cms_form(who.identity, Chain.FULL, signing_time=time)
    digest = hashlib.new(form.scheme.rpartition("-")[2], CONTENT).digest()
    der = form.content_info(digest, who.sign(form.signed_attributes(digest), form.scheme))
    assert parsed(der)[1]["signed_attrs"].untag().dump() == form.signed_attributes(digest)
    data = read_signed_data(der + bytes(1000), accept_sha1=False)
    check_signed_data(data, digest)
    assert data.scheme == form.scheme
    assert data.certificate == who.certificate
    assert set(data.embedded) == set(who.issuers)
    assert data.signing_time == time
    assert (data.signing_certificate, data.signing_certificate_v2) == (True, True)
    assert (data.weak, data.timestamped) == (False, False)


@pytest.mark.parametrize("key", [ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256K1())])
def test_keys_that_call_for_no_scheme_of_ours(key, party, certify) -> None:
    authority = party("p256")
    public = certify(ec.generate_private_key(ec.SECP256R1()), authority)  # the control: a key like it, of another curve
    assert cms_form(public.identity, Chain.LEAF, signing_time=None).scheme == "ecdsa-sha256"
    with pytest.raises(UnsupportedDocumentError) as caught:
        cms_form(other(key, authority), Chain.LEAF, signing_time=None)
    assert caught.value.facts["reason"] == "key"


def other(key, authority) -> SigningIdentity:
    template = authority.certificate
    builder = x509.CertificateBuilder(template.issuer, template.subject, key.public_key(), 1)
    builder = builder.not_valid_before(template.not_valid_before_utc).not_valid_after(template.not_valid_after_utc)
    return SigningIdentity(builder.sign(authority.key, hashes.SHA256()))
