"""Documents that other programs signed: xmlsec1, the JDK and signxml. Right ones are VALID here, changed ones are not.

A digest that another program computed is also the measure of our canonical octets: VALID means that they are the same.
"""

from __future__ import annotations

import base64
import re
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from jitsuin.samples.documents import income_tax_return, pension_certificate

DSIG = "http://www.w3.org/2000/09/xmldsig#"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
C14N_11 = "http://www.w3.org/2006/12/xml-c14n11"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = DSIG + "enveloped-signature"
ALGORITHMS = {"1.0": C14N, "1.0 with comments": C14N + "#WithComments", "1.1": C14N_11, "exclusive": EXCLUSIVE}

INCOME = income_tax_return()
CERTIFICATE = pension_certificate()


def changed(signed: bytes, identifier: str) -> bytes:
    """Another attribute on the element with this Id."""
    tree = etree.fromstring(signed)
    (element,) = tree.xpath("//*[@*[. = $identifier][not(name() = 'URI')]]", identifier=identifier)
    element.set("neu", "")
    return etree.tostring(tree, encoding="UTF-8")


# Canonical octets


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_octets_are_those_of_the_jdk(algorithm, markup, identifier, desk, jdk, xmlsec1, party) -> None:
    """SignedInfo and an element by Id, canonicalised by the JDK in a document that the JDK has written out again."""
    name = identifier(markup)
    transforms = "enveloped" if name in etree.fromstring(markup).attrib.values() else "c14n"
    options = {"transforms": transforms, "c14n": ALGORITHMS[algorithm]}
    signed = jdk.sign(markup, party("valid").pkcs12, "secret", uris=["#" + quote(name)], **options)
    verdict = desk.verdict(signed, "xmldsig")
    if re.search(rb"xmlnsa|xmlns:xml=", markup):  # the JDK takes these for namespace declarations when it writes
        assert verdict.reason == "not-well-formed" or verdict.passed is xmlsec1.verify(signed).ok
        return
    if algorithm == "1.1" and b"xml:base" in markup:
        assert verdict.reason == "canonicalization", "not handled, and said so"
        return
    if algorithm == "1.1" and b"xml:neu" in markup:
        assert xmlsec1.verify(signed).invalid, "the JDK inherits it, against Canonical XML 1.1, section 2.4"
        assert verdict.reason == "digest-differs"
        return
    assert verdict.passed, verdict
    assert not desk.verdict(changed(signed, name), "xmldsig").passed


def test_octets_of_a_document_whose_xml_id_is_no_name(desk, jdk, party) -> None:
    """Other parsers refuse such an attribute; the signature is judged all the same, by whatever canonicalisation."""
    data = b'<r xml:id="1"><t id="T" xml:id="2 3">x</t></r>'
    for algorithm in ALGORITHMS.values():
        signed = jdk.sign(data, party("valid").pkcs12, "secret", uris=["#T"], transforms="c14n", c14n=algorithm)
        assert desk.verdict(signed, "xmldsig").passed
        assert desk.verdict(signed.replace(b">x<", b">y<"), "xmldsig").reason == "digest-differs"


NAMESPACES = (
    '<r xmlns="urn:r" xmlns:a="urn:a" xmlns:b="urn:b" xmlns:c="urn:c" xml:lang="ja"><m xmlns:c="urn:c2">'
    '<a:t id="T" a:x="1"><u><v xmlns=""><b:w c:y=""/></v></u><!-- c --></a:t></m></r>'
)
PREFIX_LISTS = ["", "b", "c a", "#default", "#default b nowhere", "ds xml"]


def template(uri: str, *, c14n: str = C14N, transforms: tuple[str, ...] = (C14N,), prefixes: str | None = None) -> str:
    """An unsigned Signature for xmlsec1 to fill, pretty-printed."""
    inclusive = "" if prefixes is None else f'<ec:InclusiveNamespaces xmlns:ec="{EXCLUSIVE}" PrefixList="{prefixes}"/>'
    steps = "".join(
        f'\n<ds:Transform Algorithm="{one}">{inclusive if one == EXCLUSIVE else ""}</ds:Transform>'
        for one in transforms
    )
    listed = f"<ds:Transforms>{steps}\n</ds:Transforms>" if transforms else ""
    for_signed_info = inclusive if c14n == EXCLUSIVE else ""
    return f"""
      <ds:Signature xmlns:ds="{DSIG}" Id="20260131120000">
        <ds:SignedInfo>
          <ds:CanonicalizationMethod Algorithm="{c14n}">{for_signed_info}</ds:CanonicalizationMethod>
          <ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>
          <ds:Reference URI="{uri}">{listed}
            <ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue/>
          </ds:Reference>
        </ds:SignedInfo>
        <ds:SignatureValue/>
        <ds:KeyInfo><ds:X509Data/></ds:KeyInfo>
      </ds:Signature>
    """


def by_xmlsec1(xmlsec1, document: str, who, uri: str, **options: object) -> bytes:
    head, tag, tail = document.rpartition("</")
    return xmlsec1.sign((head + template(uri, **options) + tag + tail).encode(), who.pem, who.chain)


@pytest.mark.parametrize("prefixes", PREFIX_LISTS)
@pytest.mark.parametrize("uri", ["", "#T"])
def test_prefix_lists(prefixes, uri, desk, jdk, xmlsec1, party) -> None:
    transforms = (EXCLUSIVE,) if uri else (ENVELOPED, EXCLUSIVE)
    options = {"c14n": EXCLUSIVE, "transforms": transforms, "prefixes": prefixes}
    signed = by_xmlsec1(xmlsec1, NAMESPACES, party("valid"), uri, **options)
    assert jdk.verify(signed).ok
    assert desk.verdict(signed, "xmldsig").passed
    assert not desk.verdict(changed(signed, "T"), "xmldsig").passed


def test_prefix_lists_matter(desk, xmlsec1, party) -> None:
    """A control: the octets of the cases above are not all the same."""
    digests = set()
    for prefixes in PREFIX_LISTS:
        signed = by_xmlsec1(xmlsec1, NAMESPACES, party("valid"), "#T", transforms=(EXCLUSIVE,), prefixes=prefixes)
        digests.add(re.search(rb"DigestValue>([^<]+)", signed)[1])
    assert len(digests) == 5


# Habits of other writers

OTHERS = {
    "enveloped, 1.0": {"uri": "", "transforms": (ENVELOPED, C14N)},
    "enveloped, 1.1": {"uri": "", "transforms": (ENVELOPED, C14N_11), "c14n": C14N_11},
    "enveloped, exclusive": {"uri": "", "transforms": (ENVELOPED, EXCLUSIVE), "c14n": EXCLUSIVE},
    "enveloped, no canonicalisation named": {"uri": "", "transforms": (ENVELOPED,)},
    "by Id, 1.1": {"uri": "#RKO0010", "transforms": (C14N_11,), "c14n": C14N_11},
    "by Id, exclusive": {"uri": "#RKO0010", "transforms": (EXCLUSIVE,), "c14n": EXCLUSIVE + "WithComments"},
    "by Id, with comments": {
        "uri": "#RKO0010",
        "transforms": (C14N + "#WithComments",),
        "c14n": C14N + "#WithComments",
    },
    "by Id, no Transforms": {"uri": "#RKO0010", "transforms": ()},
}


@pytest.mark.parametrize("case", OTHERS)
def test_return_by_xmlsec1(case, desk, jdk, xmlsec1, party) -> None:
    """Pretty-printed, base64 broken into lines, an Id of digits."""
    signed = by_xmlsec1(xmlsec1, INCOME.decode(), party("valid"), **OTHERS[case])
    assert jdk.verify(signed).ok
    (finding,) = desk.findings(signed, "xmldsig")
    assert finding.verdict.passed
    assert finding.signature_id == "20260131120000"
    assert desk.verdict(signed, "etax").passed == (OTHERS[case]["uri"] != "")
    assert desk.verdict(signed.replace("花子".encode(), "花代".encode()), "xmldsig").reason == "digest-differs"


@pytest.mark.parametrize("who", ["valid", "p384", "p256"])
@pytest.mark.parametrize(
    "options",
    [
        {"uris": [""]},
        {"uris": [""], "prefix": "dsig", "signature_id": "_1"},
        {"uris": ["#RKO0010"], "transforms": "c14n", "signature_id": "20260131120000"},
        {"uris": ["#RKO0010"], "transforms": "none"},
        {"uris": ["#IT", "#CATALOG"], "transforms": "c14n", "c14n": EXCLUSIVE},
        {"uris": [""], "c14n": C14N_11},
    ],
)
def test_return_by_the_jdk(options, who, desk, xmlsec1, jdk, party) -> None:
    """Default namespace on Signature, and `&#13;` in the base64 text, inside SignedInfo too where digests are long."""
    signed = jdk.sign(INCOME, party(who).pkcs12, "secret", **options)
    assert b"&#13;" in signed
    assert xmlsec1.verify(signed).ok
    assert desk.verdict(signed, "xmldsig").passed
    assert desk.verdict(signed.replace("花子".encode(), "花代".encode()), "xmldsig").reason == "digest-differs"


def test_files_by_the_jdk(desk, jdk, party, tmp_path) -> None:
    (tmp_path / "a.csv").write_bytes(b"1\r\n")
    signed = jdk.sign(b"<r/>", party("valid").pkcs12, "secret", uris=["", "a.csv"], folder=tmp_path)
    assert desk.verdict(signed, "xmldsig", files={"a.csv": b"1\r\n"}).passed
    assert desk.verdict(signed, "xmldsig", files={"a.csv": b"1\n"}).reason == "digest-differs"


@pytest.mark.parametrize("c14n", [C14N, C14N_11, EXCLUSIVE])
@pytest.mark.parametrize("who", ["valid", "p384"])
def test_return_by_signxml(who, c14n, desk, party) -> None:
    signxml = pytest.importorskip("signxml")
    algorithm = signxml.SignatureMethod.RSA_SHA256 if who == "valid" else signxml.SignatureMethod.ECDSA_SHA384
    signer = signxml.XMLSigner(
        signature_algorithm=algorithm, c14n_algorithm=signxml.CanonicalizationMethod(c14n)
    )  # fmt: skip
    key = party(who)
    chain = [one.public_bytes(Encoding.PEM) for one in key.chain]
    tree = signer.sign(etree.fromstring(INCOME), key=key.key, cert=chain)
    signed = etree.tostring(tree, encoding="UTF-8")
    assert desk.verdict(signed, "xmldsig").passed
    assert desk.verdict(signed.replace("花子".encode(), "花代".encode()), "xmldsig").reason == "digest-differs"


def test_our_signatures_are_read_by_signxml(desk, party) -> None:
    signxml = pytest.importorskip("signxml")
    signed = desk.sign(re.sub(rb"<.xml-stylesheet.*?>", b"", CERTIFICATE), party("valid"), "certificate-xml")
    anchor = party("valid").certificate.public_bytes(Encoding.PEM)
    assert signxml.XMLVerifier().verify(signed, x509_cert=anchor.decode(), id_attribute="id").signed_xml is not None
    with pytest.raises(signxml.InvalidDigest):
        signxml.XMLVerifier().verify(
            signed.replace("花子".encode(), "花代".encode()), x509_cert=anchor.decode(), id_attribute="id"
        )


# The certificate as its issuers write it


def test_certificate_as_in_the_published_files(desk, xmlsec1, jdk, party) -> None:
    """`&#13;` at the ends of base64 lines inside SignedInfo, an Id of digits, no issuer's certificate."""
    inside = template("#TEG84020251020000000000001", transforms=(ENVELOPED, C14N)).strip()
    document = CERTIFICATE.replace(b"</TEG840>", inside.encode() + b"</TEG840>")
    signed = xmlsec1.sign(document, party("valid").pem, [party("valid").certificate])
    assert desk.verdict(signed, "certificate-xml").passed
    digest = re.search(rb"<ds:DigestValue>([^<]+)</ds:DigestValue>", signed)[1].strip()
    lines = digest[:40] + b"&#13;\n" + digest[40:] + b"&#13;\n"
    with_returns = document.replace(b"<ds:DigestValue/>", b"<ds:DigestValue>" + lines + b"</ds:DigestValue>")
    assert with_returns != document
    resigned = resign(with_returns, party("valid"))
    assert jdk.verify(resigned).ok
    assert xmlsec1.verify(resigned).ok
    assert desk.verdict(resigned, "certificate-xml").passed
    assert desk.verdict(resigned.replace(b"&#13;\n", b"\n", 1), "certificate-xml").reason == "value-differs"


def resign(document: bytes, who) -> bytes:
    """Fill SignatureValue and the certificate; SignedInfo canonicalised by parsing it alone with what is in scope."""
    tree = etree.fromstring(document)
    signed_info = tree.find(f".//{{{DSIG}}}SignedInfo")
    alone = etree.fromstring(etree.tostring(signed_info, with_tail=False))
    value = who.sign(etree.tostring(alone, method="c14n"), "rsa-sha256")
    certificate = base64.b64encode(who.certificate.public_bytes(Encoding.DER))
    filled = document.replace(
        b"<ds:SignatureValue/>", b"<ds:SignatureValue>" + base64.b64encode(value) + b"</ds:SignatureValue>"
    )
    return filled.replace(
        b"<ds:X509Data/>", b"<ds:X509Data><ds:X509Certificate>" + certificate + b"</ds:X509Certificate></ds:X509Data>"
    )
