"""XAdES B-B: others accept what we write, we what others write, and no property counts that is not signed."""

from __future__ import annotations

import base64
import hashlib
import io
import pickle
import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml import CanonicalizationMethod
from signxml.xades import XAdESDataObjectFormat, XAdESSignaturePolicy

from jitsuin.formats.cms import issuer_serial
from jitsuin.formats.errors import WouldBreakSignatureError
from jitsuin.formats.profiles import PROFILES, Chain
from jitsuin.samples.documents import income_tax_return, pension_certificate

DSIG = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
B_B, B_T = PROFILES["xades-b-b"], PROFILES["xades-b-t"]
ORDER = '<注文 xmlns:x="urn:x"><品目 id="T">見本</品目><x:u id="U"/></注文>'
PLAIN = b'<r xmlns="urn:r"><t id="T">x</t><u id="U">y</u></r>'
FILES = {"tenpu-1.csv": b"1,2\r\n\x00\xff", "b.pdf": b"", "c": b"<not/>&xml"}


def said(verdict) -> str:
    return f"{verdict.sub_indication} {verdict.reason}"


# Written by us


@pytest.mark.parametrize("by_id", [False, True])
def test_accepted_by_everybody(by_id, markup, identifier, desk, bench, signxml, party) -> None:
    """Hard documents: JDK and xmlsec1 compute the digest of the properties in their place, too."""
    references = (identifier(markup),) if by_id else ()
    signed = desk.sign(markup, party("valid"), "xades-b-b", references=references)
    (finding,) = bench.accept(signed, "xmldsig")
    assert (finding.claimed_at, finding.timestamps) == (desk.at, ())
    plain = desk.sign(markup, party("valid"), "xmldsig", references=references)
    (control,) = desk.findings(plain, "xmldsig")
    assert (finding.covers, finding.uncovered) == (control.covers, control.uncovered), "its own properties are no data"
    judged = signxml.verify(signed, party("valid").certificate, at=desk.at)
    assert judged.ok or judged.verdict == "cannot", judged.detail
    assert desk.verdict(signed, "xmldsig", profile=B_B).passed
    assert said(desk.verdict(signed, "xmldsig", profile=B_T)) == "SIG_CONSTRAINTS_FAILURE not-the-form"


NAMESPACES = {
    "prefix taken": '<xades:r xmlns:xades="urn:1"><xades:t id="T" xades:a=""/></xades:r>',
    "prefix declared": f'<r xmlns:xades="{XADES}"><t id="T"/></r>',
    "another prefix": f'<r xmlns:x="{XADES}"><t id="T"/></r>',
    "default": f'<r xmlns="{XADES}"><t id="T"/></r>',
    "default, and the signature's": f'<r xmlns="{DSIG}" xmlns:ds="{XADES}"><t id="T"/></r>',
    "properties of nobody": f'<r><t id="T"/><x:QualifyingProperties xmlns:x="{XADES}" Target="#T"/></r>',
}


@pytest.mark.parametrize("prefix", ["ds", None])
@pytest.mark.parametrize("case", NAMESPACES)
def test_namespaces_that_are_taken(case, prefix, desk, bench, signxml, party) -> None:
    for references in ((), ("T",)):
        options = {"references": references, "prefix": prefix}
        signed = desk.sign(NAMESPACES[case].encode(), party("valid"), "xades-b-b", **options)
        bench.accept(signed, "xmldsig")
        assert signxml.verify(signed, party("valid").certificate, at=desk.at).verdict == (
            "valid" if prefix else "cannot"
        )
        assert desk.verdict(signed, "xmldsig", profile=B_B).passed


def test_signxml_judges_most_of_them(desk, signxml, party) -> None:
    """A control of the one above: that it cannot is the exception."""
    signed = desk.sign(PLAIN, party("valid"), "xades-b-b", references=("T",))
    assert signxml.verify(signed, party("valid").certificate, at=desk.at).ok
    assert signxml.verify(signed, party("second").certificate, at=desk.at).invalid
    changed = re.sub(rb"<xades:SigningTime>2026", b"<xades:SigningTime>2025", signed)
    assert signxml.verify(changed, party("valid").certificate, at=desk.at).invalid
    without = re.sub(rb"<xades:CertDigest>.*?</xades:CertDigest>", b"", signed)
    assert "schema" in signxml.verify(without, party("valid").certificate, at=desk.at).detail


@pytest.mark.parametrize("who", ["valid", "p256", "p384", "p521"])
@pytest.mark.parametrize("chain", Chain)
def test_keys_and_chains(who, chain, desk, bench, schema, signxml, party) -> None:
    signed = desk.sign(PLAIN, party(who), "xades-b-b", chain=chain)
    bench.accept(signed, "xmldsig")
    assert schema.verify(signed).ok
    assert signxml.verify(signed, party(who).certificate, at=desk.at).ok


@pytest.mark.parametrize("prefix", ["ds", "dsig", None])
@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16", "UTF-16BE", "Shift_JIS", "Windows-31J", "EUC-JP"])
def test_encodings(encoding, prefix, desk, bench, party, without_signature) -> None:
    """Every other byte of the document is the original's."""
    codec = {"Windows-31J": "cp932"}.get(encoding, encoding)
    data = f'<?xml version="1.0" encoding="{encoding}"?>\r\n{ORDER}\r\n'.encode(codec)
    signed = desk.sign(data, party("valid"), "xades-b-b", references=("T", "U"), prefix=prefix)
    (finding,) = bench.accept(signed, "xmldsig")
    assert finding.covers == ("/注文/品目", "/注文/u")
    assert desk.verdict(signed, "xmldsig", profile=B_B).passed
    codec = "utf-16-le" if encoding == "UTF-16" else codec
    assert without_signature(signed, codec, prefix) == data


def test_references_and_files(desk, bench, signxml, party) -> None:
    """Each has its DataObjectFormat; of files by their names."""
    signed = desk.sign(PLAIN, party("p384"), "xades-b-b", references=("U", "T"), files=FILES)
    (finding,) = bench.accept(signed, "xmldsig", files=FILES)
    assert finding.covers == ("/r/u", "/r/t", *FILES)
    assert desk.verdict(signed, "xmldsig", profile=B_B, files=FILES).passed
    assert signxml.verify(signed, party("p384").certificate, at=desk.at, files=FILES).ok
    assert re.findall(rb"<xades:MimeType>([^<]*)", signed) == [
        b"text/xml",
        b"text/xml",
        b"text/csv",
        b"application/pdf",
        b"application/octet-stream",
    ]
    changed = {**FILES, "b.pdf": b"%"}
    assert said(desk.verdict(signed, "xmldsig", files=changed)) == "HASH_FAILURE digest-differs"
    assert said(desk.verdict(signed, "xmldsig")) == "SIGNED_DATA_NOT_FOUND file-not-given"


def test_several_in_one_document(desk, bench, signxml, party, without_signature) -> None:
    """One person twice, another with a plain signature between; each Id is there once."""
    signed = desk.sign(PLAIN, party("valid"), "xades-b-b", references=("T",))
    signed = desk.sign(signed, party("second"), "xmldsig", references=("T", "U"))
    signed = desk.sign(signed, party("valid"), "xades-b-b", references=("T",))
    signed = desk.sign(signed, party("p384"), "xades-b-b", references=("U",))
    findings = bench.accept(signed, "xmldsig", count=4)
    assert [finding.claimed_at is None for finding in findings] == [False, True, False, False]
    assert [finding.uncovered for finding in findings] == [("/r/u",), (), ("/r/u",), ("/r/t",)]
    by_profile = desk.findings(signed, "xmldsig", profile=B_B)
    assert [finding.verdict.facts.get("rule") for finding in by_profile] == [None, "signed-properties", None, None]
    alone = without_signature(without_signature(signed, prefix="ds", number=0), prefix="ds", number=0)
    assert signxml.verify(alone, party("valid").certificate, at=desk.at).ok
    whole = desk.sign(PLAIN, party("valid"), "xades-b-b")
    with pytest.raises(WouldBreakSignatureError):
        desk.sign(whole, party("second"), "xades-b-b", references=("T",))


def test_reproducible(desk, party) -> None:
    """Nothing of the machine's clock or of chance is in it, and it can be carried elsewhere."""
    first, second = (desk.prepare(PLAIN, party("valid"), "xades-b-b") for _ in range(2))
    assert first == second
    assert first.timestamp_room == 0
    stamped = desk.prepare(PLAIN, party("valid"), "xades-b-t")
    assert stamped.to_be_signed == first.to_be_signed
    assert stamped.timestamp_room > 0
    carried, value = pickle.loads(pickle.dumps(stamped)), bytes(256)  # noqa: S301 - our own
    assert carried == stamped
    for token in (None, b"token"):
        here, there = io.BytesIO(), io.BytesIO()
        stamped.embed(value, here, token)
        carried.embed(value, there, token)
        assert here.getvalue() == there.getvalue()
        assert (base64.b64encode(b"token") in here.getvalue()) is (token is not None)
    with pytest.raises(ValueError, match="room"):
        first.embed(value, io.BytesIO(), b"token")


def test_ids_that_are_taken(desk, bench, party) -> None:
    identifier = desk.prepare(PLAIN, party("valid"), "xades-b-b", references=("T",)).signature_id
    for taken in (f"{identifier}-SignedProperties", f"{identifier}-Reference-1", f"{identifier}1", identifier):
        data = PLAIN.replace(b'id="U"', f'id="{taken}"'.encode())
        bench.accept(desk.sign(data, party("valid"), "xades-b-b", references=("T",)), "xmldsig")


# Written by signxml

OTHERS = {
    "as it is": (PLAIN, {}),
    "without namespaces": (b"<r><t>x</t></r>", {}),
    "Canonical XML 1.0": (PLAIN, {"c14n_algorithm": CanonicalizationMethod.CANONICAL_XML_1_0}),
    "with roles": (PLAIN, {"claimed_roles": ["sole trader"]}),
    "with a description": (PLAIN, {"data_object_format": XAdESDataObjectFormat("order", "application/xml")}),
    "with a policy": (
        PLAIN,
        {
            "signature_policy": XAdESSignaturePolicy(
                "urn:p", "policy", "http://www.w3.org/2001/04/xmlenc#sha256", "AAAA"
            )
        },
    ),
}
BY_OTHERS = {
    "data": (rb">x<", b">y<", "HASH_FAILURE digest-differs"),
    "time": (rb"(SigningTime>)\d{4}", rb"\g<1>2020", "HASH_FAILURE digest-differs"),
    "certificate digest": (
        rb"(CertDigest>.*?DigestValue[^>]*>)....",
        rb"\1AAAA",
        "HASH_FAILURE digest-differs",
    ),
    "value": (rb"(<ds:SignatureValue>)....", rb"\1AAAA", "SIG_CRYPTO_FAILURE value-differs"),
    "type of the reference": (rb' Type="[^"]*"', b"", "SIG_CONSTRAINTS_FAILURE signed-properties-not-covered"),
    "properties": (rb"<ds:Object.*</ds:Object>", b"", "SIGNED_DATA_NOT_FOUND reference-dangling"),
    "target": (rb' Target="#', b' Target="#x', "SIG_CONSTRAINTS_FAILURE properties-of-another"),
}


@pytest.mark.parametrize("case", OTHERS)
@pytest.mark.parametrize("who", ["valid", "p384"])
def test_signed_by_signxml(who, case, desk, signxml, party) -> None:
    data, options = OTHERS[case]
    if who == "p384":
        options = {**options, "signature_algorithm": "ecdsa-sha384", "digest_algorithm": "sha384"}
    before = datetime.now(UTC).replace(microsecond=0)
    signed = signxml.sign(data, party(who).pem, party(who).chain, **options)
    (finding,) = desk.findings(signed, "xmldsig")
    assert finding.verdict.passed, finding.verdict
    # It writes SignerRole, which level B-B has given up for SignerRoleV2.
    rule = "superseded-property" if case == "with roles" else None
    assert desk.verdict(signed, "xmldsig", profile=B_B).facts.get("rule") == rule
    assert finding.certificate == party(who).certificate
    assert before <= finding.claimed_at <= datetime.now(UTC)
    assert finding.uncovered == ()
    for old, new, expected in BY_OTHERS.values():
        changed = re.sub(old, new, signed, flags=re.DOTALL)
        assert changed != signed
        assert said(desk.verdict(changed, "xmldsig")) == expected


def test_signxml_is_wrong_where_it_says_nothing(desk, jdk, xmlsec1, signxml, party) -> None:
    """It digests the properties by exclusive canonicalisation, and writes a reference without it, which is another."""
    options = {"c14n_algorithm": CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0}
    signed = signxml.sign(PLAIN, party("valid").pem, party("valid").chain, **options)
    assert jdk.verify(signed).invalid
    assert xmlsec1.verify(signed).invalid
    assert said(desk.verdict(signed, "xmldsig")) == "HASH_FAILURE digest-differs"


# Altered: each beside the control that the unaltered one passes


@pytest.fixture(scope="module")
def signed(desk, party) -> bytes:
    return desk.sign(PLAIN, party("valid"), "xades-b-b", references=("T",), chain=Chain.LEAF)


def part(name: str, document: bytes) -> bytes:
    found = re.search(
        rb"<(?:ds|xades):%b[ >].*</(?:ds|xades):%b>" % (name.encode(), name.encode()), document, re.DOTALL
    )
    assert found is not None
    return found[0]


def moved(name: str, document: bytes) -> bytes:
    """The element to the end of the root, with the namespaces it needs."""
    element = part(name, document)
    declared = element
    for prefix, uri in (("ds", DSIG), ("xades", XADES)):
        if (declaration := f' xmlns:{prefix}="{uri}"').encode() not in declared.partition(b">")[0]:
            declared = re.sub(rb"^<[\w:]+", rb"\g<0>" + declaration.encode(), declared)
    return document.replace(element, b"").replace(b"</r>", declared + b"</r>")


def doubled(name: str, document: bytes) -> bytes:
    """The element twice, of two Ids."""
    element = part(name, document)
    return document.replace(element, element + re.sub(rb' Id="', b' Id="z', element))


def wrapped(document: bytes) -> bytes:
    """The signed properties beside, where their Id still finds them, and forged ones in their place."""
    forged = part("SignedProperties", document).replace(b' Id="', b' Id="z').replace(b">2026-", b">2020-")
    signature = document.replace(part("SignedProperties", document), forged)
    return signature.replace(b"</r>", moved("SignedProperties", document).split(b"</ds:Signature>")[1])


def in_two_objects(document: bytes) -> bytes:
    """The signed ones in the second."""
    element = part("Object", document)
    forged = re.sub(rb' Id="', b' Id="z', element).replace(b">2026-", b">2020-")
    return document.replace(element, forged + element)


CONSTRAINTS, FORMAT = "SIG_CONSTRAINTS_FAILURE", "FORMAT_FAILURE"
UNCOVERED = f"{CONSTRAINTS} signed-properties-not-covered"
ALTERED: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "data": (lambda s: s.replace(b">x<", b">y<"), "HASH_FAILURE digest-differs"),
    "time": (lambda s: s.replace(b">2026-", b">2025-"), "HASH_FAILURE digest-differs"),
    "MIME type": (lambda s: s.replace(b">text/xml<", b">text/css<"), "HASH_FAILURE digest-differs"),
    "signing certificate taken out": (
        lambda s: s.replace(part("SigningCertificateV2", s), b""),
        "HASH_FAILURE digest-differs",
    ),
    "property added": (
        lambda s: s.replace(
            b"</xades:SignedSignatureProperties>", b"<xades:SignerRoleV2/></xades:SignedSignatureProperties>"
        ),
        "HASH_FAILURE digest-differs",
    ),
    "property twice": (lambda s: doubled("SigningTime", s), f"{FORMAT} unexpected-element"),
    "certificate property twice": (lambda s: doubled("SigningCertificateV2", s), f"{FORMAT} unexpected-element"),
    "signed properties twice": (lambda s: doubled("SignedProperties", s), f"{FORMAT} unexpected-element"),
    "signature properties twice": (lambda s: doubled("SignedSignatureProperties", s), f"{FORMAT} unexpected-element"),
    "qualifying properties twice": (lambda s: doubled("QualifyingProperties", s), f"{FORMAT} unexpected-element"),
    "in two Objects": (in_two_objects, f"{FORMAT} unexpected-element"),
    "one Id twice": (
        lambda s: s.replace(part("SignedProperties", s), part("SignedProperties", s) * 2),
        f"{FORMAT} duplicate-id",
    ),
    "comment in the time": (lambda s: s.replace(b">2026-", b">2026<!-- -->-"), f"{FORMAT} comment-or-instruction"),
    "text among the properties": (
        lambda s: s.replace(b"<xades:SignedProperties", b"x<xades:SignedProperties"),
        f"{FORMAT} stray-text",
    ),
    "stranger in the Object": (
        lambda s: s.replace(b"</ds:Object>", b"<t/></ds:Object>"),
        f"{FORMAT} unexpected-element",
    ),
    "target of another": (lambda s: s.replace(b'Target="#', b'Target="#z'), f"{CONSTRAINTS} properties-of-another"),
    "no target": (lambda s: re.sub(rb' Target="[^"]*"', b"", s), f"{CONSTRAINTS} properties-of-another"),
    "Id of the signature": (lambda s: s.replace(b' Id="', b' Id="z', 1), f"{CONSTRAINTS} properties-of-another"),
    "Id of the properties": (
        lambda s: s.replace(b'Properties Id="', b'Properties Id="z'),
        "SIGNED_DATA_NOT_FOUND reference-dangling",
    ),
    "Object taken out": (lambda s: s.replace(part("Object", s), b""), "SIGNED_DATA_NOT_FOUND reference-dangling"),
    "Object moved": (lambda s: moved("Object", s), UNCOVERED),
    "qualifying properties moved": (lambda s: moved("QualifyingProperties", s), UNCOVERED),
    "signed properties moved": (lambda s: moved("SignedProperties", s), UNCOVERED),
    "wrapped": (wrapped, UNCOVERED),
    "type of the reference": (lambda s: re.sub(rb' Type="[^"]*"', b"", s), UNCOVERED),
    "another type": (lambda s: s.replace(b"/01903#Signed", b"/01903/v1.2.2#Signed"), UNCOVERED),
    "another namespace": (lambda s: s.replace(b"/01903/v1.3.2#", b"/01903/v1.2.2#"), UNCOVERED),
    "in an Object in the Object": (
        lambda s: s.replace(b"<ds:Object>", b"<ds:Object><ds:Object>").replace(b"</ds:Object>", b"</ds:Object>" * 2),
        UNCOVERED,
    ),
}


@pytest.mark.parametrize("case", ALTERED)
def test_altered(case, signed, desk) -> None:
    assert desk.verdict(signed, "xmldsig").passed
    change, expected = ALTERED[case]
    altered = change(signed)
    assert altered != signed
    for profile in (None, B_B):
        assert said(desk.verdict(altered, "xmldsig", profile=profile)) == expected


def test_properties_that_nobody_signed(desk, signed, party) -> None:
    """Anybody can put them into a plain signature."""
    plain = desk.sign(PLAIN, party("valid"), "xmldsig", references=("T",), chain=Chain.LEAF)
    (control,) = desk.findings(plain, "xmldsig")
    assert control.verdict.passed
    identifier = control.signature_id.encode()
    forged = re.sub(rb'Target="#[^"]*"', b'Target="#%b"' % identifier, part("Object", signed))
    added = plain.replace(b"</ds:KeyInfo>", b"</ds:KeyInfo>" + forged)
    assert said(desk.verdict(added, "xmldsig")) == UNCOVERED


def test_another_certificate_of_the_same_key(desk, party, certify) -> None:
    """Everything that is signed stays right, but for the property that says whose it is."""
    renewed = certify(party("valid").key, certify(rsa.generate_private_key(65537, 2048)))
    encoded = [base64.b64encode(one.certificate.public_bytes(Encoding.DER)) for one in (party("valid"), renewed)]
    for profile, expected in (("xmldsig", "None passed"), ("xades-b-b", f"{CONSTRAINTS} signing-certificate-differs")):
        signed = desk.sign(PLAIN, party("valid"), profile, chain=Chain.LEAF)
        assert desk.verdict(signed, "xmldsig").passed
        assert said(desk.verdict(signed.replace(*encoded), "xmldsig")) == expected


def test_what_is_added_is_named(signed, desk) -> None:
    """Nobody signs them, so they may be there; and are not passed over in silence."""
    unsigned = "<xades:UnsignedProperties><xades:UnsignedSignatureProperties><xades:CertificateValues/>"
    unsigned += '</xades:UnsignedSignatureProperties><n xmlns="urn:n"/></xades:UnsignedProperties>'
    added = signed.replace(b"</xades:SignedProperties>", f"</xades:SignedProperties>{unsigned}".encode())
    added = added.replace(b"<ds:Object>", b"<ds:Object>x</ds:Object><ds:Object>")
    (finding,) = desk.findings(added, "xmldsig", profile=B_B)
    assert finding.verdict.passed
    properties = "/r/Signature/Object[2]/QualifyingProperties/UnsignedProperties"
    assert finding.uncovered == (
        "/r/u",
        "/r/Signature/Object[1]",
        f"{properties}/n",
        f"{properties}/UnsignedSignatureProperties/CertificateValues",
    )


def test_other_formats_stay_plain(desk, party) -> None:
    """Their form has one reference; what is added to it is refused or named, as before."""
    for data, name in ((pension_certificate(), "certificate-xml"), (income_tax_return(), "etax")):
        as_any = desk.sign(data, party("valid"), "xades-b-b", prefix="dsig")
        assert desk.verdict(as_any, "xmldsig").passed, "a control"
        assert desk.verdict(as_any, name).sub_indication == CONSTRAINTS
        plain = desk.sign(data, party("valid"), name)
        identifier = re.search(rb':Signature [^>]*Id="([^"]*)"', plain)[1]
        forged = re.sub(
            rb'Target="#[^"]*"', b'Target="#%b"' % identifier, re.search(rb"<dsig:Object>.*Object>", as_any)[0]
        )
        added = plain.replace(b"</dsig:KeyInfo>", b"</dsig:KeyInfo>" + forged)
        assert desk.verdict(plain, name).passed, "a control"
        assert said(desk.verdict(added, name)) == UNCOVERED


# Signed by somebody who means it: xmlsec1 computes digests and value anew


def signed_anew(document: bytes, who, xmlsec1) -> bytes:
    """The first signature of the document."""
    head, information, tail = re.split(rb"(<ds:SignedInfo>.*?</ds:SignedInfo>)", document, maxsplit=1, flags=re.DOTALL)
    information = re.sub(rb"<ds:DigestValue>[^<]*</ds:DigestValue>", b"<ds:DigestValue/>", information)
    tail = re.sub(rb"<ds:SignatureValue>[^<]*</ds:SignatureValue>", b"<ds:SignatureValue/>", tail, count=1)
    tail = re.sub(rb"<ds:X509Data>.*?</ds:X509Data>", b"<ds:X509Data/>", tail, count=1)
    return xmlsec1.sign(head + information + tail, who.pem, [who.certificate])


def certificate_property(
    name: str, certificate: bytes, *, hash_name: str = "sha256", uri: str = "2001/04/xmlenc#sha256", more: str = ""
) -> bytes:
    digest = base64.b64encode(hashlib.new(hash_name, certificate).digest()).decode()
    return (
        f'<xades:{name}><xades:Cert><xades:CertDigest><ds:DigestMethod Algorithm="http://www.w3.org/{uri}"/>'
        f"<ds:DigestValue>{digest}</ds:DigestValue></xades:CertDigest>{more}</xades:Cert></xades:{name}>"
    ).encode()


def older(certificate, number: int) -> str:
    """The rest of a Cert of SigningCertificate, with a name as no program of ours writes it."""
    name = "CN = somebody, O=written in another way"
    return (
        f"<xades:IssuerSerial><ds:X509IssuerName>{name}</ds:X509IssuerName>"
        f"<ds:X509SerialNumber>{number}</ds:X509SerialNumber></xades:IssuerSerial>"
    )


def newer(certificate: bytes) -> str:
    return f"<xades:IssuerSerialV2>{base64.b64encode(issuer_serial(certificate)).decode()}</xades:IssuerSerialV2>"


DIFFERS, NOT_THE_FORM = f"{CONSTRAINTS} signing-certificate-differs", "not-the-form"


def certificates(own, other) -> dict[str, tuple[bytes, str, str | None]]:
    """What stands for SigningCertificateV2, the verdict on it, and the rule of the form that it breaks."""
    der, others = (one.certificate.public_bytes(Encoding.DER) for one in (own, other))
    v1, v2, number = "SigningCertificate", "SigningCertificateV2", own.certificate.serial_number
    right, second = certificate_property(v2, der, more=newer(der)), certificate_property(v2, others)
    both = right.replace(b"<xades:Cert>", re.search(rb"<xades:Cert>.*</xades:Cert>", second)[0] + b"<xades:Cert>")
    wrong_number = certificate_property(v1, der, more=older(own, number + 1))
    return {
        "right": (certificate_property(v2, der), "None passed", None),
        "with issuer and number": (right, "None passed", None),
        "SHA-512": (
            certificate_property(v2, der, hash_name="sha512", uri="2001/04/xmlenc#sha512"),
            "None passed",
            None,
        ),
        "second of two": (both, "None passed", None),
        "of another": (second, DIFFERS, None),
        "number of another": (certificate_property(v2, der, more=newer(others)), DIFFERS, None),
        "digest of another": (certificate_property(v2, others, more=newer(der)), DIFFERS, None),
        "older": (certificate_property(v1, der, more=older(own, number)), "None passed", "signing-certificate-v2"),
        "older, wrong number": (wrong_number, DIFFERS, None),
        "older, of another": (certificate_property(v1, others, more=older(own, number)), DIFFERS, None),
        "both kinds": (
            certificate_property(v1, der, more=older(own, number)) + right,
            "None passed",
            "signing-certificate-v2",
        ),
        "both kinds, one wrong": (wrong_number + right, DIFFERS, None),
        "with an address": (
            right.replace(b"<xades:Cert>", b'<xades:Cert URI="urn:a">'),
            "None passed",
            "signing-certificate-v2",
        ),
        "none": (b"", "None passed", "signing-certificate-v2"),
        "empty": (b"<xades:SigningCertificateV2/>", f"{FORMAT} missing-element", None),
        "SHA-1": (
            certificate_property(v2, der, hash_name="sha1", uri="2000/09/xmldsig#sha1"),
            "CRYPTO_CONSTRAINTS_FAILURE sha1-refused",
            None,
        ),
        "MD5": (
            certificate_property(v2, der, hash_name="md5", uri="2001/04/xmldsig-more#md5"),
            "CRYPTO_CONSTRAINTS_FAILURE algorithm-refused",
            None,
        ),
        "no digest": (
            re.sub(rb"DigestValue>[^<]+<", b"DigestValue>%<", right),
            f"{FORMAT} not-base64",
            None,
        ),
    }


def test_signing_certificates(signed, desk, jdk, xmlsec1, party) -> None:
    own = party("valid")
    for case, (content, expected, rule) in certificates(own, party("second")).items():
        anew = signed_anew(signed.replace(part("SigningCertificateV2", signed), content), own, xmlsec1)
        assert jdk.verify(anew).ok, case
        assert said(desk.verdict(anew, "xmldsig")) == expected, case
        formed = desk.verdict(anew, "xmldsig", profile=B_B)
        assert formed.facts.get("rule") == rule, case
        assert said(formed) == (expected if rule is None else f"{CONSTRAINTS} {NOT_THE_FORM}"), case
        if case == "SHA-1":
            (finding,) = desk.findings(anew, "xmldsig", accept_sha1=True)
            assert finding.verdict.passed
            assert finding.weak


JUNE = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)
# Text in SignedProperties, what stands for it, the verdict, the claimed time, the rule of the form that it breaks.
MEANT: dict[str, tuple[str, str, str, datetime | None, str | None]] = {
    "as it is": ("", "", "None passed", JUNE, None),
    "time in Japan": (r"03:00:00Z", "12:00:00+09:00", "None passed", JUNE, None),
    "time with fractions": (r"00Z", "00.500Z", "None passed", JUNE.replace(microsecond=500_000), None),
    "time without zone": (r"00Z", "00", "None passed", None, "claimed-time"),
    "no time": (r"<xades:SigningTime>.*</xades:SigningTime>", "", "None passed", None, "claimed-time"),
    "month 13": (r">2026-06-", ">2026-13-", f"{FORMAT} time-malformed", None, None),
    "words for a time": (r">2026-[^<]*", ">yesterday", f"{FORMAT} time-malformed", None, None),
    "element in the time": (r">2026-", "><b/>2026-", f"{FORMAT} time-malformed", None, None),
    "instruction": (r">2026-", "><?a b?>2026-", f"{FORMAT} comment-or-instruction", None, None),
    "no data object format": (
        r"<xades:SignedDataObjectProperties>.*</xades:SignedDataObjectProperties>",
        "",
        "None passed",
        JUNE,
        "data-object-format",
    ),
    "format of something else": (
        r'ObjectReference="#',
        'ObjectReference="#z',
        "None passed",
        JUNE,
        "data-object-format",
    ),
    "format without type": (r"<xades:MimeType>.*</xades:MimeType>", "", "None passed", JUNE, "data-object-format"),
    "empty": (
        r"<xades:SignedSignatureProperties>.*</xades:SignedDataObjectProperties>",
        "",
        "None passed",
        None,
        "claimed-time",
    ),
    "a policy": (
        r"</xades:SignedSignatureProperties>",
        "<xades:SignaturePolicyIdentifier><xades:SignaturePolicyImplied/></xades:SignaturePolicyIdentifier>"
        "</xades:SignedSignatureProperties>",
        "None passed",
        JUNE,
        None,
    ),
    "an older property": (
        r"</xades:SignedSignatureProperties>",
        "<xades:SignatureProductionPlace/></xades:SignedSignatureProperties>",
        "None passed",
        JUNE,
        "superseded-property",
    ),
    "its newer form": (
        r"</xades:SignedSignatureProperties>",
        "<xades:SignatureProductionPlaceV2/></xades:SignedSignatureProperties>",
        "None passed",
        JUNE,
        None,
    ),
    "something new": (
        r"</xades:SignedSignatureProperties>",
        '<n xmlns="urn:n"/></xades:SignedSignatureProperties>',
        "None passed",
        JUNE,
        None,
    ),
    "order": (
        r"<xades:SignedProperties( Id=.*?>)(<.*>)(<xades:SignedData.*)</xades:SignedProperties>",
        r"<xades:SignedProperties\1\3\2</xades:SignedProperties>",
        f"{FORMAT} unexpected-element",
        None,
        None,
    ),
}


@pytest.mark.parametrize("case", MEANT)
def test_meant_so(case, signed, desk, xmlsec1, party) -> None:
    old, new, expected, time, rule = MEANT[case]
    changed = re.sub(old, new, signed.decode(), flags=re.DOTALL).encode() if old else signed
    assert (changed != signed) is bool(old)
    anew = signed_anew(changed, party("valid"), xmlsec1)
    (finding,) = desk.findings(anew, "xmldsig")
    assert (said(finding.verdict), finding.claimed_at) == (expected, time)
    formed = desk.verdict(anew, "xmldsig", profile=B_B)
    assert formed.facts.get("rule") == rule


def test_counter_signature(desk, jdk, xmlsec1, party) -> None:
    """A signature over the value of another: it is judged by itself, and its form asks for no type of that value."""
    first = desk.sign(PLAIN, party("second"), "xades-b-b", references=("T",), chain=Chain.LEAF)
    first = first.replace(b"<ds:SignatureValue>", b'<ds:SignatureValue Id="V">')
    second = desk.sign(PLAIN, party("valid"), "xades-b-b", references=("T",), chain=Chain.LEAF)
    counter = re.search(rb"<ds:Signature .*</ds:Signature>", second)[0].replace(b'URI="#T"', b'URI="#V"')
    counter = re.sub(rb"<xades:SignedDataObjectProperties>.*</xades:SignedDataObjectProperties>", b"", counter)
    countersigned = rb'<ds:Reference Type="http://uri.etsi.org/01903#CountersignedSignature" '
    for reference, rule in ((rb"<ds:Reference ", "data-object-format"), (countersigned, None)):
        # xmlsec1 fills in the first signature of a document.
        typed = counter.replace(b"<ds:Reference ", reference, 1)
        unfilled = first.replace(b'<u id="U">', typed + b'<u id="U">')
        anew = signed_anew(unfilled, party("valid"), xmlsec1)
        assert jdk.verify(anew).ok
        mine, theirs = desk.findings(anew, "xmldsig", profile=B_B)
        assert theirs.verdict.passed
        assert mine.verdict.facts.get("rule") == rule
        assert mine.covers == ("/r/Signature[2]/SignatureValue",)


def test_reference_of_no_type_signed_so(signed, desk, jdk, xmlsec1, party) -> None:
    """They are covered, and might be by chance: the Type says that the signature means them."""
    anew = signed_anew(re.sub(rb' Type="[^"]*"', b"", signed), party("valid"), xmlsec1)
    assert jdk.verify(anew).ok
    assert said(desk.verdict(anew, "xmldsig")) == UNCOVERED
    both = re.sub(rb"(<ds:Reference) (Id=)", rb'\1 Type="http://uri.etsi.org/01903#SignedProperties" \2', signed)
    assert said(desk.verdict(signed_anew(both, party("valid"), xmlsec1), "xmldsig")) == UNCOVERED


def test_nothing_but_itself(signed, desk, jdk, xmlsec1, party) -> None:
    """The signature is right, as others say, too; it is of no document, whoever wanted that."""
    one = re.sub(rb'<ds:Reference Id="[^"]*" URI="#T">.*?</ds:Reference>', b"", signed)
    assert one != signed
    assert desk.verdict(signed_anew(signed, party("valid"), xmlsec1), "xmldsig").passed, "the control"
    anew = signed_anew(one, party("valid"), xmlsec1)
    assert jdk.verify(anew).ok
    assert xmlsec1.verify(anew).ok
    for profile in (None, B_B):
        assert said(desk.verdict(anew, "xmldsig", profile=profile)) == f"{CONSTRAINTS} nothing-signed"


def test_canonicalised_in_another_way(signed, desk, jdk, xmlsec1, party) -> None:
    for algorithm in ("2001/10/xml-exc-c14n#", "2006/12/xml-c14n11"):
        changed = signed.replace(b"TR/2001/REC-xml-c14n-20010315", algorithm.encode())
        anew = signed_anew(changed, party("valid"), xmlsec1)
        assert jdk.verify(anew).ok
        assert desk.verdict(anew, "xmldsig", profile=B_B).passed


def test_well_formed(signed) -> None:
    """The parts that are moved about above are parts."""
    assert etree.fromstring(signed).find(f".//{{{XADES}}}SignedProperties") is not None
