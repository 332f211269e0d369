"""Hostile signatures and documents: never an exception out of verifying, never VALID, and the reason is the right one.

The signatures are written here by hand and signed with a real key, so that nothing but the trick itself is wrong.
"""

# ruff: noqa: E501 - the tables have one case a line

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import resource
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa, utils
from cryptography.x509.oid import NameOID

DSIG = "http://www.w3.org/2000/09/xmldsig#"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
ENC = "http://www.w3.org/2001/04/xmlenc#"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = DSIG + "enveloped-signature"
TARGET = '<t id="T">x</t>'


def sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def reference(
    uri: str | None = "#T",
    *,
    transforms: Sequence[str] = (C14N,),
    algorithm: str = ENC + "sha256",
    digest: str | None = None,
    inside: str = "",
) -> str:
    """One Reference in canonical form; `transforms` are algorithms or whole elements."""
    steps = "".join(
        one if one.startswith("<") else f'<ds:Transform Algorithm="{one}"></ds:Transform>' for one in transforms
    )
    listed = f"<ds:Transforms>{steps}</ds:Transforms>" if steps else ""
    attribute = "" if uri is None else f' URI="{uri}"'
    return (
        f'<ds:Reference{attribute}>{listed}<ds:DigestMethod Algorithm="{algorithm}"></ds:DigestMethod>'
        f"<ds:DigestValue>{digest or sha256(TARGET)}</ds:DigestValue>{inside}</ds:Reference>"
    )


@dataclass(frozen=True)
class Craft:
    """A document `<r><t id="T">x</t>…</r>` with one Signature, written by hand."""

    references: Sequence[str] = field(default_factory=lambda: (reference(),))
    canonicalization: str = f'<ds:CanonicalizationMethod Algorithm="{C14N}"></ds:CanonicalizationMethod>'
    method: str = f'<ds:SignatureMethod Algorithm="{MORE}rsa-sha256"></ds:SignatureMethod>'
    inside: str = ""
    """At the end of SignedInfo."""
    sign: Callable[[bytes], bytes] | None = None
    key_info: str | None = None
    behind: str = ""
    """At the end of Signature."""
    body: str = TARGET

    def write(self, who) -> bytes:
        content = self.canonicalization + self.method + "".join(self.references) + self.inside
        octets = f'<ds:SignedInfo xmlns:ds="{DSIG}">{content}</ds:SignedInfo>'.encode()
        value = (self.sign or (lambda data: who.sign(data, "rsa-sha256")))(octets)
        key_info = self.key_info if self.key_info is not None else x509_data(who)
        return (
            f'<r>{self.body}<ds:Signature xmlns:ds="{DSIG}" Id="S"><ds:SignedInfo>{content}</ds:SignedInfo>'
            f"<ds:SignatureValue>{base64.b64encode(value).decode()}</ds:SignatureValue>"
            f"{key_info}{self.behind}</ds:Signature></r>"
        ).encode()


def x509_data(*parties) -> str:
    texts = (base64.b64encode(p.certificate.public_bytes(serialization.Encoding.DER)).decode() for p in parties)
    inside = "".join(f"<ds:X509Certificate>{text}</ds:X509Certificate>" for text in texts)
    return f"<ds:KeyInfo><ds:X509Data>{inside}</ds:X509Data></ds:KeyInfo>"


# Controls: what the builder writes is right, and the judges say so


GOOD = {
    "plain": Craft(),
    "no Transforms": Craft([reference(transforms=())]),
    "twice the same reference": Craft([reference(), reference()]),
    "100 references": Craft([reference()] * 100),
    "KeyName beside the certificate": Craft(behind=""),
    "Object": Craft(behind="<ds:Object>x</ds:Object>"),
    "Type and Id": Craft([reference().replace(' URI="#T"', ' Id="R" Type="urn:x" URI="#T"')]),
    "with comments": Craft([reference(transforms=(C14N + "#WithComments",))]),
    "exclusive": Craft([reference(transforms=(EXCLUSIVE,))]),
    "exclusive with an empty PrefixList": Craft(
        [
            reference(
                transforms=(
                    f'<ds:Transform Algorithm="{EXCLUSIVE}"><ec:InclusiveNamespaces xmlns:ec="{EXCLUSIVE}"'
                    ' PrefixList=""></ec:InclusiveNamespaces></ds:Transform>',
                )
            )
        ]
    ),
    "comment beside SignedInfo": Craft(behind="<!-- c -->"),
    "empty-element target elsewhere": Craft(body=TARGET + "<u/>"),
}


@pytest.mark.parametrize("case", GOOD)
def test_control(case, bench, party) -> None:
    document = GOOD[case].write(party("valid"))
    if case == "100 references":  # the JDK stops at 30
        assert bench.xmlsec1.verify(document).ok
        assert bench.desk.verdict(document, "xmldsig").passed
        return
    bench.accept(document, "xmldsig")


# Hostile signatures


def transform(algorithm: str, inside: str = "") -> str:
    return f'<ds:Transform Algorithm="{algorithm}">{inside}</ds:Transform>'


def method(algorithm: str, inside: str = "") -> str:
    return f'<ds:SignatureMethod Algorithm="{algorithm}">{inside}</ds:SignatureMethod>'


XSLT = '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"></xsl:stylesheet>'
FORMAT, CONSTRAINTS, CRYPTO = "FORMAT_FAILURE", "SIG_CONSTRAINTS_FAILURE", "CRYPTO_CONSTRAINTS_FAILURE"
NOT_FOUND = "SIGNED_DATA_NOT_FOUND"

HOSTILE: dict[str, tuple[Craft, str, str]] = {
    # what: the signature, sub-indication, reason
    "XSLT": (Craft([reference(transforms=[transform("http://www.w3.org/TR/1999/REC-xslt-19991116", XSLT)])]), FORMAT, "transform-refused"),
    "XPath": (
        Craft([reference(transforms=[transform("http://www.w3.org/TR/1999/REC-xpath-19991116", "<ds:XPath>self::x</ds:XPath>")])]),
        FORMAT,
        "transform-refused",
    ),
    "XPath filter 2": (Craft([reference(transforms=["http://www.w3.org/2002/06/xmldsig-filter2"])]), FORMAT, "transform-refused"),
    "base64 transform": (Craft([reference(transforms=[DSIG + "base64"])]), FORMAT, "transform-refused"),
    "unknown transform": (Craft([reference(transforms=["urn:x"])]), FORMAT, "transform-refused"),
    "transform without Algorithm": (Craft([reference(transforms=["<ds:Transform></ds:Transform>"])]), FORMAT, "transform-refused"),
    "empty Transforms": (Craft([reference().replace(transform(C14N), "")]), FORMAT, "missing-element"),
    "two canonicalisations": (Craft([reference(transforms=[C14N, C14N])]), FORMAT, "transform-after-canonicalization"),
    "enveloped last": (Craft([reference("", transforms=[C14N, ENVELOPED])]), FORMAT, "transform-after-canonicalization"),
    "enveloped twice": (Craft([reference("", transforms=[ENVELOPED, ENVELOPED, C14N])]), FORMAT, "transform-after-canonicalization"),
    "enveloped beside": (Craft([reference(transforms=[ENVELOPED, C14N])]), FORMAT, "enveloped-outside"),
    "PrefixList on inclusive C14N": (
        Craft([reference(transforms=[transform(C14N, f'<ec:InclusiveNamespaces xmlns:ec="{EXCLUSIVE}" PrefixList="a"></ec:InclusiveNamespaces>')])]),
        FORMAT,
        "unexpected-element",
    ),
    "unknown canonicalisation": (
        Craft(canonicalization='<ds:CanonicalizationMethod Algorithm="urn:x"></ds:CanonicalizationMethod>'),
        FORMAT,
        "transform-refused",
    ),
    "HMAC": (Craft(method=method(DSIG + "hmac-sha1")), CRYPTO, "algorithm-refused"),
    "HMAC-SHA256 cut to no bits": (
        Craft(method=method(MORE + "hmac-sha256", "<ds:HMACOutputLength>0</ds:HMACOutputLength>"), sign=lambda _: b""),
        CRYPTO,
        "algorithm-refused",
    ),
    "DSA": (Craft(method=method(DSIG + "dsa-sha1")), CRYPTO, "algorithm-refused"),
    "RSA-MD5": (Craft(method=method(MORE + "rsa-md5")), CRYPTO, "algorithm-refused"),
    "no algorithm": (Craft(method="<ds:SignatureMethod></ds:SignatureMethod>"), CRYPTO, "algorithm-refused"),
    "MD5": (Craft([reference(algorithm=MORE + "md5")]), CRYPTO, "algorithm-refused"),
    "SHA-1": (Craft([reference(algorithm=DSIG + "sha1")]), CRYPTO, "sha1-refused"),
    "RSA-SHA1": (Craft(method=method(DSIG + "rsa-sha1")), CRYPTO, "sha1-refused"),
    "elements in SignatureMethod": (Craft(method=method(MORE + "rsa-sha256", "<x></x>")), FORMAT, "unexpected-element"),
    "RSA key, ECDSA named": (Craft(method=method(MORE + "ecdsa-sha256")), "SIG_CRYPTO_FAILURE", "value-differs"),
    "RSA-SHA512 named": (Craft(method=method(MORE + "rsa-sha512")), "SIG_CRYPTO_FAILURE", "value-differs"),
    "SHA-512 named": (Craft([reference(algorithm=ENC + "sha512")]), "HASH_FAILURE", "digest-differs"),
    "http": (Craft([reference("http://127.0.0.1:9/x")]), CONSTRAINTS, "external-uri"),
    "https": (Craft([reference("https://example.invalid/")]), CONSTRAINTS, "external-uri"),
    "file": (Craft([reference("file:///etc/hostname")]), CONSTRAINTS, "external-uri"),
    "path": (Craft([reference("/etc/hostname")]), CONSTRAINTS, "external-uri"),
    "parent folder": (Craft([reference("../x")]), CONSTRAINTS, "external-uri"),
    "parent folder alone": (Craft([reference("..")]), CONSTRAINTS, "external-uri"),
    "Windows path": (Craft([reference("C:\\x")]), CONSTRAINTS, "external-uri"),
    "encoded path": (Craft([reference("..%2Fx")]), CONSTRAINTS, "external-uri"),
    "query": (Craft([reference("?x")]), CONSTRAINTS, "external-uri"),
    "document and fragment": (Craft([reference("x.xml#T")]), CONSTRAINTS, "external-uri"),
    "file that was not given": (Craft([reference("x.csv", transforms=())]), NOT_FOUND, "file-not-given"),
    "no URI": (Craft([reference(None)]), FORMAT, "reference-without-uri"),
    "dangling": (Craft([reference("#U")]), NOT_FOUND, "reference-dangling"),
    "dangling for an empty Id": (Craft([reference("#")], body='<t id="">x</t>'), NOT_FOUND, "reference-dangling"),
    "other letters": (Craft([reference("#t")]), NOT_FOUND, "reference-dangling"),
    "XPointer": (Craft([reference("#xpointer(id('T'))")]), NOT_FOUND, "reference-dangling"),
    "an Id that reads like an XPointer": (
        Craft([reference("#xpointer(/)", digest=sha256('<t id="xpointer(/)">x</t>'))], body='<t id="xpointer(/)">x</t>'),
        NOT_FOUND,
        "reference-dangling",
    ),
    "an attribute that is no Id": (
        Craft([reference(digest=sha256('<t iD="T">x</t>'))], body='<t iD="T">x</t>'), NOT_FOUND, "reference-dangling"
    ),
    "itself": (Craft([reference("#S")]), "HASH_FAILURE", "digest-differs"),
    "its SignedInfo": (Craft([reference("#R").replace("<ds:Reference", '<ds:Reference Id="R"')]), FORMAT, "reference-to-itself"),
    "no reference": (Craft([]), FORMAT, "missing-element"),
    "101 references": (Craft([reference()] * 101), FORMAT, "too-many-references"),
    "one of 100 is wrong": (Craft([reference()] * 99 + [reference(digest=sha256(""))]), "HASH_FAILURE", "digest-differs"),
    "comment in DigestValue": (
        Craft([reference(digest=sha256(TARGET)[:8] + "<!-- x -->" + sha256(TARGET)[8:])]), FORMAT, "comment-or-instruction"
    ),
    "forged digest before a comment": (Craft([reference(digest=sha256("forged") + "<!-- -->" + sha256(TARGET))]), FORMAT, "comment-or-instruction"),
    "instruction in SignedInfo": (Craft(inside="<?x?>"), FORMAT, "comment-or-instruction"),
    "comment in a method": (Craft(method=method(MORE + "rsa-sha256", "<!--x-->")), FORMAT, "comment-or-instruction"),
    "text in SignedInfo": (Craft(inside="x"), FORMAT, "stray-text"),
    "element in SignedInfo": (Craft(inside="<ds:X></ds:X>"), FORMAT, "unexpected-element"),
    "element in a reference": (Craft([reference(inside="<ds:X></ds:X>")]), FORMAT, "unexpected-element"),
    "element in DigestValue": (Craft([reference(digest="<x></x>")]), FORMAT, "unexpected-element"),
    "no base64": (Craft([reference(digest="?")]), FORMAT, "not-base64"),
    "base64 with ideographic spaces": (Craft([reference(digest=sha256(TARGET) + "\u3000")]), FORMAT, "not-base64"),
    "digest cut short": (Craft([reference(digest=sha256(TARGET)[:4])]), "HASH_FAILURE", "digest-differs"),
    "no KeyInfo": (Craft(key_info=""), "NO_SIGNING_CERTIFICATE_FOUND", "no-certificate"),
    "KeyName only": (Craft(key_info="<ds:KeyInfo><ds:KeyName>x</ds:KeyName></ds:KeyInfo>"), "NO_SIGNING_CERTIFICATE_FOUND", "no-certificate"),
    "certificate that is none": (
        Craft(key_info="<ds:KeyInfo><ds:X509Data><ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"),
        FORMAT,
        "certificate-unreadable",
    ),
    "KeyInfo twice": (Craft(behind="<ds:KeyInfo></ds:KeyInfo>"), FORMAT, "unexpected-element"),
    "strange element in Signature": (Craft(behind="<x/>"), FORMAT, "unexpected-element"),
    "text in Signature": (Craft(behind="x"), FORMAT, "stray-text"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_signature(case, desk, party) -> None:
    craft, sub_indication, reason = HOSTILE[case]
    document = craft.write(party("valid"))
    verdict = desk.verdict(document, "xmldsig")
    assert (verdict.sub_indication, verdict.reason) == (sub_indication, reason)


def test_key_value_only(desk, party) -> None:
    """Anybody's key: without a certificate there is nobody behind it."""
    numbers = party("valid").key.public_key().public_numbers()
    modulus = base64.b64encode(numbers.n.to_bytes(256, "big")).decode()
    value = f"<ds:RSAKeyValue><ds:Modulus>{modulus}</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue>"
    document = Craft(key_info=f"<ds:KeyInfo><ds:KeyValue>{value}</ds:KeyValue></ds:KeyInfo>").write(party("valid"))
    assert desk.verdict(document, "xmldsig").sub_indication == "NO_SIGNING_CERTIFICATE_FOUND"


def test_hmac_with_the_public_key(desk, party) -> None:
    """The classic: the public key taken for the secret of an HMAC."""
    public = party("valid").key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )  # fmt: skip
    craft = Craft(method=method(MORE + "hmac-sha256"), sign=lambda data: hmac.digest(public, data, "sha256"))
    assert desk.verdict(craft.write(party("valid")), "xmldsig").reason == "algorithm-refused"


@pytest.mark.parametrize(
    ("build", "accepted"),
    [
        (("valid", "valid CA"), True),
        (("valid CA", "valid"), True),
        (("valid", "valid"), True),
        (("valid", "second"), False),
    ],
)
def test_which_certificate_is_the_signers(build, accepted, bench, certify, party) -> None:
    """The order says nothing; two people are one too many."""
    issuer = type(party("valid"))(party("valid").key, party("valid").issuers[0])
    named = {"valid": party("valid"), "second": party("second"), "valid CA": issuer}
    document = Craft(key_info=x509_data(*(named[name] for name in build))).write(party("valid"))
    if accepted:
        bench.accept(document, "xmldsig")
    else:
        assert bench.desk.verdict(document, "xmldsig").reason == "signer-ambiguous"
        assert bench.jdk.verify(document).error


def test_too_many_certificates(desk, party) -> None:
    allowed, over = (Craft(key_info=x509_data(*[party("valid")] * count)).write(party("valid")) for count in (20, 21))
    assert desk.verdict(allowed, "xmldsig").passed
    assert desk.verdict(over, "xmldsig").reason == "too-many-certificates"


@pytest.mark.parametrize(("bits", "passes"), [(1024, False), (2040, False), (2048, True)])
def test_short_keys(bits, passes, bench, certify) -> None:
    who = certify(rsa.generate_private_key(65537, bits))
    document = Craft().write(who)
    assert bench.xmlsec1.verify(document).ok, "the arithmetic is right"
    verdict = bench.desk.verdict(document, "xmldsig")
    assert verdict.passed == passes
    assert passes or (verdict.sub_indication, verdict.reason) == (CRYPTO, "key-too-short")


@pytest.mark.parametrize("make", [ed25519.Ed25519PrivateKey.generate, lambda: dsa.generate_private_key(2048)])
def test_other_kinds_of_keys(make, desk, party) -> None:
    """A certificate of a kind of key that no allowed method takes."""
    key = make()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, desk.at, desk.at.replace(year=2030))
    certificate = builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    who = type(party("valid"))(party("valid").key, certificate)
    assert desk.verdict(Craft().write(who), "xmldsig").sub_indication == "SIG_CRYPTO_FAILURE"


@pytest.mark.parametrize("form", ["raw", "DER", "too short", "zero", "order added", "zero before s", "zero before r"])
def test_ecdsa_value(form, bench, party) -> None:
    """r and s side by side, each 48 octets for P-384, and nothing else."""
    who = party("p384")
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973

    def sign(data: bytes) -> bytes:
        der = who.key.sign(data, ec.ECDSA(hashes.SHA384()))
        r, s = utils.decode_dss_signature(der)
        return {
            "raw": r.to_bytes(48, "big") + s.to_bytes(48, "big"),
            "DER": der,
            "too short": r.to_bytes(48, "big") + s.to_bytes(48, "big")[1:],
            "zero": bytes(96),
            "zero before s": r.to_bytes(48, "big") + s.to_bytes(49, "big"),
            "zero before r": r.to_bytes(49, "big") + s.to_bytes(48, "big"),
            "order added": r.to_bytes(49, "big") + (s + order).to_bytes(49, "big"),
        }[form]

    document = Craft(method=method(MORE + "ecdsa-sha384"), sign=sign).write(who)
    if form == "raw":
        bench.accept(document, "xmldsig")
    else:
        assert bench.refuse(document, "xmldsig").sub_indication == "SIG_CRYPTO_FAILURE"


def test_sha1_on_request(desk, xmlsec1, party) -> None:
    """Refused; computed when asked, and marked; wrong stays wrong."""

    def sign(data: bytes) -> bytes:
        return party("valid").key.sign(data, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 - that is the point

    digest = base64.b64encode(hashlib.sha1(TARGET.encode(), usedforsecurity=False).digest()).decode()
    old = reference(algorithm=DSIG + "sha1", digest=digest)
    for craft in (
        Craft([old]),
        Craft([old], method=method(DSIG + "rsa-sha1"), sign=sign),
        Craft(method=method(DSIG + "rsa-sha1"), sign=sign),
    ):
        document = craft.write(party("valid"))
        assert xmlsec1.verify(document).ok
        assert desk.verdict(document, "xmldsig").reason == "sha1-refused"
        (finding,) = desk.findings(document, "xmldsig", accept_sha1=True)
        assert finding.verdict.passed
        assert finding.weak
        (tampered,) = desk.findings(document.replace(b">x<", b">y<"), "xmldsig", accept_sha1=True)
        assert tampered.verdict.sub_indication == "HASH_FAILURE"
    (control,) = desk.findings(Craft().write(party("valid")), "xmldsig", accept_sha1=True)
    assert not control.weak


def test_signatures_are_counted(desk, party) -> None:
    one = Craft().write(party("valid"))
    signature = one[one.index(b"<ds:Signature ") : -len(b"</r>")]

    def many(count: int) -> bytes:
        copies = (signature.replace(b'Id="S"', b'Id="S%d"' % number) for number in range(count))
        return b"<r>" + TARGET.encode() + b"".join(copies) + b"</r>"

    assert [finding.verdict.passed for finding in desk.findings(many(100), "xmldsig")] == [True] * 100
    (finding,) = desk.findings(many(101), "xmldsig")
    assert finding.verdict.reason == "too-many-signatures"


# Hostile documents


def laughs() -> bytes:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE r [<!ENTITY l0 "lol">{entities}]><r>&l9;</r>'.encode()


DOCUMENTS: dict[str, tuple[bytes, set[str]]] = {
    "empty": (b"", {"not-well-formed"}),
    "a blank": (b" ", {"not-well-formed"}),
    "a mark alone": (b"\xef\xbb\xbf", {"not-well-formed"}),
    "UTF-16's mark alone": (b"\xff\xfe", {"not-well-formed"}),
    "half a character": (b"\xff\xfe<", {"not-in-its-encoding"}),
    "UTF-32": ("\ufeff<r/>".encode("utf-32-le"), {"not-well-formed"}),
    "NUL": (b"\0", {"not-well-formed"}),
    "many NULs": (bytes(10_000), {"not-well-formed"}),
    "NUL in a text": (b"<r>a\0b</r>", {"not-well-formed"}),
    "NUL after the root": (b"<r/>\0", {"not-well-formed"}),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", {"not-well-formed"}),
    "text": ("申告書".encode(), {"not-well-formed"}),
    "JSON": (b"{}", {"not-well-formed"}),
    "unclosed": (b"<r><t>", {"not-well-formed"}),
    "crossed tags": (b"<r><a></r></a>", {"not-well-formed"}),
    "two roots": (b"<r/><r/>", {"not-well-formed"}),
    "undeclared prefix": (b"<p:r/>", {"not-well-formed"}),
    "undeclared prefix of an attribute": (b'<r p:a=""/>', {"not-well-formed"}),
    "two equal attributes": (b'<r a="1" a="2"/>', {"not-well-formed"}),
    "two equal attributes by prefixes": (b'<r xmlns:a="urn:x" xmlns:b="urn:x" a:c="1" b:c="2"/>', {"not-well-formed"}),
    "undeclared entity": (b"<r>&x;</r>", {"not-well-formed"}),
    "forbidden character": (b"<r>\x01</r>", {"not-well-formed"}),
    "reference to a forbidden character": (b"<r>&#0;</r>", {"not-well-formed"}),
    "bad UTF-8": (b"<r>\xff</r>", {"not-well-formed"}),
    "overlong UTF-8": (b"<r>\xc0\xbc</r>", {"not-well-formed"}),
    "surrogates in UTF-8": (b"<r>\xed\xa0\xbd\xed\xb8\x80</r>", {"not-well-formed"}),
    "UTF-8 called Shift_JIS": ('<?xml version="1.0" encoding="Shift_JIS"?><r>見本</r>'.encode(), {"not-in-its-encoding", "no-signature"}),
    "EUC-JP called Shift_JIS": ('<?xml version="1.0" encoding="Shift_JIS"?><r>申</r>'.encode("euc_jp"), {"not-in-its-encoding", "no-signature"}),
    "Shift_JIS called EUC-JP": ('<?xml version="1.0" encoding="EUC-JP"?><r>見本</r>'.encode("shift_jis"), {"not-in-its-encoding"}),
    "UTF-8 called UTF-16": (b'<?xml version="1.0" encoding="UTF-16"?><r/>', {"not-well-formed", "not-in-its-encoding"}),
    "UTF-16 called UTF-8": ('<?xml version="1.0" encoding="UTF-8"?><r/>'.encode("utf-16-le"), {"encoding-contradicts-mark"}),
    "mark of another": (b"\xef\xbb\xbf" + b'<?xml version="1.0" encoding="EUC-JP"?><r/>', {"encoding-contradicts-mark"}),
    "unknown encoding": (b'<?xml version="1.0" encoding="x-none"?><r/>', {"encoding"}),
    "an encoding of Python's": (b'<?xml version="1.0" encoding="rot13"?><r/>', {"encoding"}),
    "UTF-7": (b'<?xml version="1.0" encoding="UTF-7"?><r/>', {"encoding"}),
    "EBCDIC": ('<?xml version="1.0" encoding="cp037"?><r/>'.encode("cp037"), {"not-well-formed"}),
    "encoding behind much white space": (b'<?xml version="1.0"' + b" " * 9_000 + b'encoding="x-none"?><r/>', {"encoding"}),
    "XML 1.1": (b'<?xml version="1.1"?><r/>', {"xml-version"}),
    "DTD": (b"<!DOCTYPE r><r/>", {"dtd"}),
    "internal DTD": (b'<!DOCTYPE r [<!ATTLIST t x ID #IMPLIED>]><r><t x="T"/></r>', {"dtd"}),
    "billion laughs": (laughs(), {"dtd"}),
    "quadratic blow-up": (b'<!DOCTYPE r [<!ENTITY a "' + b"a" * 50_000 + b'">]><r>' + b"&a;" * 50_000 + b"</r>", {"dtd"}),
    "laughs in an attribute": (laughs().replace(b"<r>", b'<r a="&l9;">'), {"dtd"}),
    "external entity": (b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]><r>&x;</r>', {"dtd"}),
    "external DTD": (b'<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd"><r/>', {"dtd"}),
    "local file for a DTD": (b'<!DOCTYPE r SYSTEM "/etc/passwd"><r/>', {"dtd"}),
    "DTD after much else": (b"<?xml version='1.0'?>" + b"<?a?><!-- b --> \n" * 9_000 + b"<!DOCTYPE r><r/>", {"dtd"}),
    "much else and no DTD": (b"<?a?><!-- b --> \n" * 9_000, {"not-well-formed"}),
    "DTD in UTF-16": ("\ufeff<!DOCTYPE r SYSTEM '/etc/passwd'><r/>".encode("utf-16-le"), {"dtd"}),
    "parameter entity": (b'<!DOCTYPE r [<!ENTITY % x SYSTEM "http://127.0.0.1:9/"> %x;]><r/>', {"dtd"}),
    "XInclude": (b'<r xmlns:x="http://www.w3.org/2001/XInclude"><x:include href="/etc/hostname" parse="text"/></r>', {"no-signature"}),
    "Ids twice": (b'<r><a id="x"/><b ID="x"/></r>', {"duplicate-id"}),
    "too deep": (b"<a>" * 20_000, {"not-well-formed"}),
    "deep and closed": (b"<a>" * 300 + b"</a>" * 300, {"not-well-formed"}),
    "a very long text": (b"<r>" + b"x" * 11_000_000 + b"</r>", {"not-well-formed"}),
    "a very long name": (b"<" + b"x" * 11_000_000 + b"/>", {"not-well-formed"}),
    "a very long attribute": (b'<r a="' + b"x" * 11_000_000 + b'"/>', {"not-well-formed"}),
}  # fmt: skip


@pytest.mark.parametrize("format_name", ["etax", "certificate-xml", "xmldsig"])
@pytest.mark.parametrize("case", DOCUMENTS)
def test_hostile_document(case, format_name, desk) -> None:
    data, reasons = DOCUMENTS[case]
    assert isinstance(desk.sniff(data, format_name), bool)
    (finding,) = desk.findings(data, format_name)
    assert finding.verdict.indication == "TOTAL_FAILED"
    if format_name == "xmldsig" or "no-signature" not in reasons:
        assert finding.verdict.reason in reasons


@pytest.mark.parametrize(
    "prolog", ["<!DOCTYPE r>", "<!DOCTYPE r [<!ATTLIST r id ID #IMPLIED>]>", '<!DOCTYPE r SYSTEM "x.dtd">']
)
def test_signed_document_with_a_dtd(prolog, bench, party) -> None:
    """The signature stays right in a document that gets a DTD; the DTD is refused all the same."""
    document = Craft().write(party("valid"))
    bench.accept(document, "xmldsig")
    assert bench.refuse(prolog.encode() + document, "xmldsig").reason == "dtd"


def test_relative_namespace_names(bench, party) -> None:
    """libxml2 cannot canonicalise them; the signature is refused, not skipped."""
    document = Craft().write(party("valid"))
    bench.accept(document, "xmldsig")
    relative = document.replace(b"</r>", b'<u xmlns:a="relative"/></r>')
    assert bench.desk.verdict(relative, "xmldsig").reason == "canonicalization"


@pytest.mark.parametrize("format_name", ["etax", "certificate-xml", "xmldsig"])
def test_signatures_all_over_the_place(format_name, desk) -> None:
    """Empty, nested, as the root: an answer for each."""
    for text in (
        "<S/>",
        "<S><S/></S>",
        "<S>" * 50 + "</S>" * 50,
        "<r><S/><S>x</S><S><SignedInfo/></S></r>",
        "<DATA><S/></DATA>",
    ):
        document = (
            text.replace("<S>", f'<S xmlns="{DSIG}">')
            .replace("<S/>", f'<S xmlns="{DSIG}"/>')
            .replace("S>", "Signature>")
        )
        document = document.replace("<S ", "<Signature ")
        findings = desk.findings(document.encode(), format_name)
        assert findings
        assert all(finding.verdict.indication == "TOTAL_FAILED" for finding in findings)


# Bounded time and memory


@pytest.mark.parametrize(("count", "crowd"), [(10, 0), (11, 0), (10, 300_000)])
@pytest.mark.timeout(120)  # ends long before, or hardly ever
def test_references_are_counted_over_all_signatures(count, crowd, desk, party) -> None:
    """A hundred signatures with ten references each, all to different elements, are judged, and soon; no more.

    Nor does it matter how many stand before them, by which their places are numbered.
    """
    places = range(100 * count)
    body = "<t/>" * crowd + "".join(f'<t id="T{n}">{n}</t>' for n in places)
    references = [reference(f"#T{n}", digest=sha256(f'<t id="T{n}">{n}</t>')) for n in places]
    signatures = b"".join(
        Craft(references[number::100]).write(party("valid"))[len(b"<r>" + TARGET.encode()) : -len(b"</r>")]
        for number in range(100)
    )
    numbers = iter(places)
    signatures = re.sub(b'Id="S"', lambda _: b'Id="S%d"' % next(numbers), signatures)
    findings = desk.findings(b"<r>" + body.encode() + signatures + b"</r>", "xmldsig")
    assert len(findings) == 100
    assert {finding.verdict.reason for finding in findings} == {"passed" if count == 10 else "too-many-references"}


@pytest.mark.timeout(120)  # ends long before, or hardly ever
def test_a_crowd_in_a_signature(desk, party) -> None:
    """A million elements where one is expected, which are read in their number and not in its square."""
    document = Craft().write(party("valid"))
    assert desk.verdict(document, "xmldsig").passed
    crowded = document.replace(b"</ds:Signature>", b"<ds:Object/>" * 1_000_000 + b"</ds:Signature>")
    (finding,) = desk.findings(crowded, "xmldsig")
    assert finding.verdict.passed
    assert len(finding.uncovered) == 51


@pytest.mark.timeout(300)  # ends long before, or hardly ever
def test_a_large_document_takes_memory_in_proportion(desk, party) -> None:
    """20 MB of elements that somebody claims to have signed; the memory is that of the tree and one canonical form."""
    line = '<f><g>見本</g><h a="1">123456789</h></f>\n'
    body = line * (20_000_000 // len(line.encode()))
    signature = Craft([reference("", transforms=[ENVELOPED])]).write(party("valid"))[len(b"<r>" + TARGET.encode()) :]
    data = b"<r>" + body.encode() + signature
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    verdict = desk.verdict(data, "xmldsig")
    assert verdict.sub_indication == "HASH_FAILURE"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000, "KiB"
