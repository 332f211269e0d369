"""The judges themselves, both ways: what others signed must pass, and every tampered copy must fail."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID
from lxml import etree

from judges import DSIG, Jdk, JudgeResult, OpenSsl, Verdict, XmlDsigSchema, Xmlsec1

C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
Judge = Callable[..., JudgeResult]


# Keys and certificates


@dataclass(frozen=True)
class Party:
    """A key with its certificate, and the certificates above it."""

    key: Key
    certificate: x509.Certificate
    issuers: tuple[x509.Certificate, ...] = ()

    @property
    def pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def pkcs12(self) -> bytes:
        return pkcs12.serialize_key_and_certificates(
            b"party", self.key, self.certificate, self.issuers, BestAvailableEncryption(b"secret")
        )

    @property
    def chain(self) -> list[x509.Certificate]:
        return [self.certificate, *self.issuers]


def issue(name: str, key: Key, issuer: Party | None = None) -> Party:
    """A certificate valid through 2026. Without an issuer it is a CA and signs itself."""

    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    authority = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(issuer.certificate.subject if issuer else named(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2027, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    return Party(key, builder.sign(authority, hashes.SHA256()), tuple(issuer.chain) if issuer else ())


@dataclass(frozen=True)
class People:
    root: Party
    rsa: Party
    ec: Party
    stranger: Party
    """Under a root of its own."""
    ec_stranger: Party


@pytest.fixture(scope="module")
def people() -> People:
    def fresh() -> Key:
        return rsa.generate_private_key(65537, 2048)

    root = issue("root", fresh())
    return People(
        root,
        issue("rsa", fresh(), root),
        issue("ec", ec.generate_private_key(ec.SECP384R1()), root),
        issue("stranger", fresh(), issue("other root", fresh())),
        issue("ec stranger", ec.generate_private_key(ec.SECP384R1())),
    )


# Documents and their signers


RETURN = """<?xml version="1.0" encoding="UTF-8"?>
<?xml-stylesheet type="text/xsl" href="見本.xsl"?>
<DATA xmlns="urn:shohi" xmlns:gen="urn:general" id="DATA" xml:lang="ja"><!-- 注 -->
  <R id="R-1" VR="1"><IT ID="IT"><gen:name a="&lt;">見本　花子</gen:name><empty xmlns=""/></IT></R>
</DATA>
""".encode()
KOUSEI = """<?xml version="1.0" encoding="UTF-8"?>
<DataRoot><構成情報 ID="構成情報"><手続名称>見本手続</手続名称></構成情報></DataRoot>
""".encode()


def template(
    uri: str,
    *,
    c14n: str = C14N,
    transforms: tuple[str, ...] = (C14N,),
    method: str = "rsa-sha256",
    sign_id: str = "_1",
) -> str:
    """An unsigned Signature for xmlsec1 to fill."""
    steps = "".join(f'<ds:Transform Algorithm="{one}"/>' for one in transforms)
    listed = f"<ds:Transforms>{steps}</ds:Transforms>" if transforms else ""
    return (
        f'<ds:Signature xmlns:ds="{DSIG}" Id="{sign_id}"><ds:SignedInfo>'
        f'<ds:CanonicalizationMethod Algorithm="{c14n}"/>'
        f'<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#{method}"/>'
        f'<ds:Reference URI="{uri}">{listed}'
        '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue/></ds:Reference>'
        "</ds:SignedInfo><ds:SignatureValue/><ds:KeyInfo><ds:X509Data/></ds:KeyInfo></ds:Signature>"
    )


def add_before_end(document: bytes, text: str) -> bytes:
    head, tag, tail = document.rpartition(b"</")
    return head + text.encode() + tag + tail


def by_signxml(document: bytes, party: Party, **options: object) -> bytes:
    """Enveloped, by signxml. Without what it digests wrongly: instructions outside the root, comments, xml:lang."""
    signxml = pytest.importorskip("signxml")
    method = "ECDSA_SHA384" if isinstance(party.key, ec.EllipticCurvePrivateKey) else "RSA_SHA256"
    signer = signxml.XMLSigner(
        method=signxml.methods.enveloped,
        signature_algorithm=signxml.algorithms.SignatureMethod[method],
        c14n_algorithm=signxml.algorithms.CanonicalizationMethod(options.pop("c14n", C14N)),
    )
    chain = [one.public_bytes(Encoding.PEM) for one in party.chain]
    document = re.sub(rb"<\?.*?\?>\s*|<!--.*?-->| xml:lang=.ja.", b"", document)
    return etree.tostring(
        signer.sign(etree.fromstring(document), key=party.key, cert=chain, **options), encoding="utf-8"
    )


def by_xmlsec1(xmlsec1: Xmlsec1, document: bytes, party: Party, uri: str = "#R-1", **options: object) -> bytes:
    if isinstance(party.key, ec.EllipticCurvePrivateKey):
        options = {"method": "ecdsa-sha384"} | options
    return xmlsec1.sign(add_before_end(document, template(uri, **options)), party.pem, party.chain)


def by_jdk(jdk: Jdk, document: bytes, party: Party, **options: object) -> bytes:
    return jdk.sign(document, party.pkcs12, "secret", **options)


@pytest.fixture(params=["jdk", "xmlsec1"])
def judge(request: pytest.FixtureRequest) -> Judge:
    return request.getfixturevalue(request.param).verify


SIGNED = [
    "signxml",
    "signxml ec",
    "signxml exclusive",
    "jdk",
    "jdk ec",
    "jdk comments",
    "jdk prefix",
    "jdk sibling",
    "xmlsec1",
    "xmlsec1 ec",
    "xmlsec1 comments",
    "xmlsec1 exclusive",
]


@pytest.fixture(scope="module", params=SIGNED)
def signed(request: pytest.FixtureRequest, jdk: Jdk, xmlsec1: Xmlsec1, people: People) -> bytes:
    party = people.ec if " ec" in request.param else people.rsa
    match request.param:
        case "signxml" | "signxml ec":
            return by_signxml(RETURN, party)
        case "signxml exclusive":
            return by_signxml(RETURN, party, c14n=EXC_C14N)
        case "jdk" | "jdk ec":
            return by_jdk(jdk, RETURN, party)
        case "jdk comments":
            return by_jdk(jdk, RETURN, party, c14n=C14N + "#WithComments")
        case "jdk prefix":
            return by_jdk(jdk, RETURN, party, prefix="dsig", signature_id="_1")
        case "jdk sibling":
            return by_jdk(jdk, RETURN, party, uris=["#R-1", "#IT"], transforms="c14n")
        case "xmlsec1" | "xmlsec1 ec":
            return by_xmlsec1(xmlsec1, RETURN, party)
        case "xmlsec1 comments":
            return by_xmlsec1(xmlsec1, RETURN, party, c14n=C14N + "#WithComments", transforms=(C14N + "#WithComments",))
        case "xmlsec1 exclusive":
            return by_xmlsec1(xmlsec1, RETURN, party, c14n=EXC_C14N, transforms=(EXC_C14N,))
    raise AssertionError(request.param)


def change(document: bytes, old: str, new: str) -> bytes:
    """Replace, and make sure that there was exactly one thing to replace."""
    assert document.count(old.encode()) == 1, old
    return document.replace(old.encode(), new.encode())


def flip_text(document: bytes, element: str, index: int = 0) -> bytes:
    """Change one bit of the base64 text of the index-th such element of the signature namespace."""
    places = list(re.finditer(rf"<(?:\w+:)?{element}>([^<]+)<".encode(), document))
    start, end = places[index].span(1)
    text = bytearray(base64.b64decode(document[start:end].replace(b"&#13;", b"")))
    text[len(text) // 2] ^= 1
    return document[:start] + base64.b64encode(text) + document[end:]


# One signature


def test_valid(signed: bytes, judge: Judge) -> None:
    result = judge(signed)
    assert result.ok, result.detail


def test_changed_text(signed: bytes, judge: Judge) -> None:
    assert judge(change(signed, "花子", "太郎")).invalid


def test_changed_attribute(signed: bytes, judge: Judge) -> None:
    assert judge(change(signed, 'VR="1"', 'VR="2"')).invalid


def test_changed_signature_value(signed: bytes, judge: Judge) -> None:
    assert judge(flip_text(signed, "SignatureValue")).invalid


def test_changed_digest_value(signed: bytes, judge: Judge) -> None:
    assert judge(flip_text(signed, "DigestValue")).invalid


def test_changed_signed_info(signed: bytes, judge: Judge) -> None:
    assert judge(signed.replace(b"SignedInfo>", b"SignedInfo >", 1)).ok, "a control: this is no change"
    end = signed.rindex(b"</", 0, signed.index(b"SignedInfo>", signed.index(b"SignatureMethod")))
    assert judge(signed[:end] + b" " + signed[end:]).invalid


def test_reserialised_quotes_and_order_do_not_matter(signed: bytes, judge: Judge) -> None:
    assert judge(change(signed, 'VR="1"', "VR = '1' ")).ok


def test_certificate_of_another(signed: bytes, judge: Judge, people: People) -> None:
    stranger = people.ec_stranger if b"ecdsa" in signed else people.stranger
    assert not judge(signed, certificate=stranger.certificate).ok
    der = base64.b64encode(stranger.certificate.public_bytes(Encoding.DER))
    chain = re.compile(rb"(<(?:\w+:)?X509Certificate>)[^<]+")
    assert judge(chain.sub(lambda match: match[1] + der, signed)).invalid


def test_expected_certificate(signed: bytes, judge: Judge, people: People) -> None:
    signer = people.ec if b"ecdsa" in signed else people.rsa
    assert judge(signed, certificate=signer.certificate).ok


def test_schema(signed: bytes, schema: XmlDsigSchema) -> None:
    assert schema.verify(signed).ok
    assert schema.verify(re.sub(rb"<(\w+:)?DigestMethod[^>]*(/>|>\s*</[^>]*>)", b"", signed)).invalid


# What must not pass for signed


def test_no_signature(judge: Judge) -> None:
    assert judge(RETURN).error


def test_no_signature_schema(schema: XmlDsigSchema) -> None:
    assert schema.verify(RETURN).error


def test_two_equal_ids(judge: Judge, xmlsec1: Xmlsec1, people: People) -> None:
    signed = by_xmlsec1(xmlsec1, RETURN, people.rsa)
    assert judge(change(signed, "</DATA>", '<copy Id="R-1"/></DATA>')).error


def test_missing_target(judge: Judge, xmlsec1: Xmlsec1, people: People) -> None:
    signed = by_xmlsec1(xmlsec1, RETURN, people.rsa)
    assert judge(change(signed, 'id="R-1"', 'name="R-1"')).error


def test_document_type(jdk: Jdk, people: People) -> None:
    signed = by_jdk(jdk, b"<a>text</a>", people.rsa)
    assert jdk.verify(signed).ok
    assert jdk.verify(change(signed, "<a>", "<!DOCTYPE a><a>")).error


def test_sha1(jdk: Jdk, xmlsec1: Xmlsec1, people: People) -> None:
    old = template("#R-1").replace("http://www.w3.org/2001/04/xmlenc#sha256", DSIG + "sha1")
    signed = xmlsec1.sign(add_before_end(RETURN, old), people.rsa.pem, people.rsa.chain)
    assert xmlsec1.verify(signed).ok, "xmlsec1 does not mind"
    assert jdk.verify(signed).error, "secure validation does"


def test_signature_without_certificate(judge: Judge, xmlsec1: Xmlsec1, people: People) -> None:
    signed = by_xmlsec1(xmlsec1, RETURN, people.rsa)
    assert judge(re.sub(rb"<ds:KeyInfo>.*</ds:KeyInfo>", b"", signed, flags=re.DOTALL)).error


# Several signatures


@pytest.fixture
def signed_twice(jdk: Jdk, xmlsec1: Xmlsec1, people: People) -> bytes:
    """Two independent siblings, by two programs and two keys."""
    once = by_jdk(jdk, RETURN, people.rsa, uris=["#R-1"], transforms="c14n", prefix="dsig", signature_id="_1")
    second = template("#R-1", method="ecdsa-sha384", sign_id="_2")
    # xmlsec1 fills the first Signature it meets, so the new one is put in front.
    both = once.replace(b"<dsig:Signature ", second.encode() + b"<dsig:Signature ", 1)
    return xmlsec1.sign(both, people.ec.pem, people.ec.chain)


def test_every_signature_is_judged(signed_twice: bytes, judge: Judge) -> None:
    assert judge(signed_twice).ok
    assert judge(flip_text(signed_twice, "SignatureValue", 0)).invalid
    assert judge(flip_text(signed_twice, "SignatureValue", 1)).invalid
    assert judge(change(signed_twice, "花子", "太郎")).invalid


def test_facts(signed_twice: bytes, jdk: Jdk, people: People) -> None:
    facts = jdk.verify(signed_twice).signatures
    assert [one.id for one in facts] == ["_2", "_1"]
    assert [one.references for one in facts] == [("#R-1",), ("#R-1",)]
    assert [one.certificate_sha256 for one in facts] == [
        party.certificate.fingerprint(hashes.SHA256()).hex() for party in (people.ec, people.rsa)
    ]


def test_signature_inside_what_another_covers(judge: Judge, jdk: Jdk, people: People) -> None:
    inner = by_jdk(jdk, RETURN, people.rsa, uris=["#R-1"], transforms="c14n")
    outer = by_jdk(jdk, inner, people.ec)
    assert judge(outer).ok
    assert judge(flip_text(outer, "SignatureValue", 0)).invalid


# References


def test_reference_by_each_id_attribute(judge: Judge, xmlsec1: Xmlsec1, people: People) -> None:
    for name in ("id", "ID", "Id", "xml:id"):
        document = f'<a xmlns="urn:a"><b {name}="here">text</b><c id="c" ID="d" Id="e"/></a>'.encode()
        signed = by_xmlsec1(xmlsec1, document, people.rsa, "#here")
        assert judge(signed).ok, name
        assert judge(change(signed, "text", "Text")).invalid, name


def test_id_attributes_can_be_narrowed(judge: Judge, xmlsec1: Xmlsec1, people: People) -> None:
    signed = by_xmlsec1(xmlsec1, RETURN, people.rsa)
    assert judge(signed, id_attributes=["id"]).ok
    assert judge(signed, id_attributes=["ID"]).error


def test_japanese_id(judge: Judge, xmlsec1: Xmlsec1, people: People) -> None:
    signed = by_xmlsec1(xmlsec1, KOUSEI, people.rsa, "#構成情報")
    assert judge(signed).ok
    assert judge(change(signed, "見本手続", "手続")).invalid


def test_percent_encoded_id(jdk: Jdk, xmlsec1: Xmlsec1, people: People) -> None:
    signed = by_jdk(jdk, KOUSEI, people.rsa, uris=["#%E6%A7%8B%E6%88%90%E6%83%85%E5%A0%B1"], transforms="c14n")
    assert jdk.verify(signed).ok
    assert jdk.verify(change(signed, "見本手続", "手続")).invalid
    assert xmlsec1.verify(signed).verdict is Verdict.CANNOT


@pytest.mark.parametrize(("name", "uri"), [("form.xml", "form.xml"), ("書類 1.pdf", "%E6%9B%B8%E9%A1%9E%201.pdf")])
def test_file(judge: Judge, jdk: Jdk, people: People, tmp_path: Path, name: str, uri: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    file = folder / name
    file.write_bytes(b"%PDF \x00\xff\r\n")
    signed = by_jdk(jdk, KOUSEI, people.rsa, uris=["#構成情報", uri], transforms="c14n", folder=folder)
    assert judge(signed, folder=folder).ok
    assert judge(signed).error, "no file may be read unless a folder is given"
    file.write_bytes(b"%PDF \x00\xff\n")
    assert judge(signed, folder=folder).invalid
    file.unlink()
    assert judge(signed, folder=folder).error


def test_file_outside_the_folder(jdk: Jdk, xmlsec1: Xmlsec1, people: People, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "outside.xml").write_bytes(b"<a/>")
    unsigned = add_before_end(KOUSEI, template("../outside.xml", transforms=()))
    signed = xmlsec1.sign(unsigned, people.rsa.pem, people.rsa.chain, folder=folder)
    assert jdk.verify(signed, folder=folder).error


def test_document_by_path(judge: Judge, jdk: Jdk, people: People, tmp_path: Path) -> None:
    path = tmp_path / "申告 書.xtx"
    path.write_bytes(by_jdk(jdk, RETURN, people.rsa))
    assert judge(path).ok
    path.write_bytes(change(path.read_bytes(), "花子", "太郎"))
    assert judge(path).invalid


# Certificates in KeyInfo


@pytest.mark.parametrize("order", ["leaf", "leaf, root", "root, leaf"])
def test_certificate_order(judge: Judge, jdk: Jdk, people: People, order: str) -> None:
    signed = by_jdk(jdk, RETURN, people.rsa, prefix="ds")
    texts = {
        "leaf": people.rsa.certificate.public_bytes(Encoding.DER),
        "root": people.root.certificate.public_bytes(Encoding.DER),
    }
    data = "".join(
        f"<ds:X509Certificate>{base64.b64encode(texts[one]).decode()}</ds:X509Certificate>" for one in order.split(", ")
    )
    pattern = rb"<ds:X509Data>.*</ds:X509Data>"
    reordered = re.sub(pattern, f"<ds:X509Data>{data}</ds:X509Data>".encode(), signed, flags=re.DOTALL)
    assert judge(reordered).ok
    assert judge(change(reordered, "花子", "太郎")).invalid


def test_two_end_certificates(judge: Judge, jdk: Jdk, people: People) -> None:
    signed = by_jdk(jdk, RETURN, people.rsa, prefix="ds")
    other = base64.b64encode(people.ec.certificate.public_bytes(Encoding.DER)).decode()
    text = f"<ds:X509Certificate>{other}</ds:X509Certificate></ds:X509Data>"
    assert judge(change(signed, "</ds:X509Data>", text)).error


def test_chain_by_xmlsec1(xmlsec1: Xmlsec1, jdk: Jdk, people: People) -> None:
    signed = by_jdk(jdk, RETURN, people.rsa)
    trusted = [people.root.certificate]
    assert xmlsec1.verify(signed, trusted=trusted, at=NOON).ok
    assert xmlsec1.verify(change(signed, "花子", "太郎"), trusted=trusted, at=NOON).invalid
    assert xmlsec1.verify(signed, trusted=trusted, at=NOON + timedelta(days=400)).error
    assert xmlsec1.verify(signed, trusted=trusted, at=NOON - timedelta(days=400)).error
    assert xmlsec1.verify(signed, trusted=people.stranger.issuers, at=NOON).error


# OpenSSL


def revoke(issuer: Party, serial: int) -> x509.CertificateRevocationList:
    entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOON - timedelta(days=1)).build()
    builder = (
        x509.CertificateRevocationListBuilder().issuer_name(issuer.certificate.subject).add_revoked_certificate(entry)
    )
    builder = builder.last_update(NOON - timedelta(hours=1)).next_update(NOON + timedelta(hours=1))
    return builder.sign(issuer.key, hashes.SHA256())


def test_openssl_chain(openssl: OpenSsl, people: People) -> None:
    trusted = [people.root.certificate]
    assert openssl.verify(people.rsa.certificate, trusted=trusted, at=NOON).ok
    assert openssl.verify(people.rsa.certificate, trusted=people.stranger.issuers, at=NOON).invalid
    assert openssl.verify(people.rsa.certificate, trusted=[], at=NOON).invalid
    assert openssl.verify(people.rsa.certificate, trusted=trusted, at=NOON + timedelta(days=400)).invalid
    assert openssl.verify(
        people.stranger.certificate, trusted=trusted, untrusted=people.stranger.issuers, at=NOON
    ).invalid


def test_openssl_partial_chain(openssl: OpenSsl, people: People) -> None:
    trusted = [people.rsa.certificate]
    assert openssl.verify(people.rsa.certificate, trusted=trusted, at=NOON).invalid
    assert openssl.verify(people.rsa.certificate, trusted=trusted, at=NOON, partial_chain=True).ok


def test_openssl_revocation(openssl: OpenSsl, people: People) -> None:
    trusted = [people.root.certificate]
    crl = revoke(people.root, people.ec.certificate.serial_number)
    assert openssl.verify(people.rsa.certificate, trusted=trusted, crls=[crl], at=NOON).ok
    assert openssl.verify(people.ec.certificate, trusted=trusted, crls=[crl], at=NOON).invalid
    assert openssl.verify(people.rsa.certificate, trusted=trusted, crls=[crl], at=NOON + timedelta(days=1)).invalid


def test_openssl_crl_signature(openssl: OpenSsl, people: People) -> None:
    crl = revoke(people.root, 1)
    assert openssl.verify_crl(crl, people.root.certificate).ok
    impostor = issue("root", rsa.generate_private_key(65537, 2048))
    assert openssl.verify_crl(crl, impostor.certificate).invalid


def test_openssl_value(openssl: OpenSsl, people: People) -> None:
    assert isinstance(people.rsa.key, rsa.RSAPrivateKey)
    assert isinstance(people.ec.key, ec.EllipticCurvePrivateKey)
    value = people.rsa.key.sign(b"data", padding.PKCS1v15(), hashes.SHA256())
    assert openssl.verify_value(people.rsa.certificate, b"data", value).ok
    assert openssl.verify_value(people.rsa.certificate, b"Data", value).invalid
    assert openssl.verify_value(people.stranger.certificate, b"data", value).invalid
    value = people.ec.key.sign(b"data", ec.ECDSA(hashes.SHA384()))
    assert openssl.verify_value(people.ec.certificate, b"data", value, "sha384").ok
    assert openssl.verify_value(people.ec.certificate, b"Data", value, "sha384").invalid


# The process behind the JDK judge


def test_jdk_starts_again_after_close(jdk: Jdk, people: People) -> None:
    signed = by_jdk(jdk, RETURN, people.rsa)
    jdk.close()
    assert jdk.verify(signed).ok


def test_jdk_survives_nonsense(jdk: Jdk, people: People, tmp_path: Path) -> None:
    assert jdk.verify(b"\x00\xff no XML").error
    assert jdk.verify(tmp_path / "absent.xml").error
    assert jdk.verify(b"<a>" * 20_000).error
    assert jdk.verify(by_jdk(jdk, RETURN, people.rsa)).ok
