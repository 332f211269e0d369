"""What the format tests share: keys without cards, a desk that signs and verifies, and a bench of judges.

The judges share no code with Jitsuin; a document counts as accepted when all of them and our own verifier say so.
"""

# ruff: noqa: E501 - the table has one document a line

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID
from lxml import etree

from jitsuin.formats.base import (
    FormatAdapter,
    Prepared,
    SignatureFinding,
    SigningIdentity,
    VerificationPolicy,
    unreadable,
)
from jitsuin.formats.certificate_xml import CertificateXmlAdapter
from jitsuin.formats.errors import FormatError
from jitsuin.formats.etax import EtaxAdapter
from jitsuin.formats.generic_xml import GenericXmlAdapter
from jitsuin.formats.profiles import PROFILES
from jitsuin.formats.source import Source
from jitsuin.formats.verdict import Verdict, worst
from jitsuin.signer.simulator.personas import PERSONAS
from jitsuin.signer.simulator.pki import ca_certificate, private_key, signature_certificate
from judges import DSIG, Jdk, JudgeResult, OpenSsl, Xmlsec1
from judges import Verdict as JudgeVerdict

AT = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)
HASHES = {"sha1": hashes.SHA1, "sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}
ADAPTERS: Mapping[str, FormatAdapter] = {
    adapter.name: adapter for adapter in (EtaxAdapter(), CertificateXmlAdapter(), GenericXmlAdapter())
}

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Party:
    """A key in software with its certificate, and the certificates above it."""

    key: Key
    certificate: x509.Certificate
    issuers: tuple[x509.Certificate, ...] = ()

    @property
    def identity(self) -> SigningIdentity:
        return SigningIdentity(self.certificate, self.issuers)

    @property
    def chain(self) -> list[x509.Certificate]:
        return [self.certificate, *self.issuers]

    @property
    def pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def pkcs12(self) -> bytes:
        quick = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(1).build(b"secret")
        return pkcs12.serialize_key_and_certificates(b"party", self.key, self.certificate, self.issuers, quick)

    def sign(self, to_be_signed: bytes, scheme: str) -> bytes:
        """As a signer would: ECDSA values in DER."""
        algorithm = HASHES[scheme.rpartition("-")[2]]()
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(to_be_signed, padding.PKCS1v15(), algorithm)
        return self.key.sign(to_be_signed, ec.ECDSA(algorithm))


@cache
def holder(persona: str) -> Party:
    """The key and certificate of a simulated card's holder, without the card."""
    certificate = signature_certificate(PERSONAS[persona], AT)
    assert certificate is not None
    return Party(private_key(persona), certificate, (ca_certificate(PERSONAS[persona].ca),))


@cache
def curve(name: str) -> Party:
    """A self-signed certificate of the curve."""
    return issue(ec.generate_private_key({"p256": ec.SECP256R1(), "p521": ec.SECP521R1()}[name]))


def issue(key: Key, issuer: Party | None = None) -> Party:
    """A certificate for the key; without an issuer it signs itself."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{type(key).__name__} {key.key_size}")])
    builder = x509.CertificateBuilder(
        issuer.certificate.subject if issuer else name,
        name,
        key.public_key(),
        x509.random_serial_number(),
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
    )
    certificate = builder.sign(issuer.key if issuer else key, hashes.SHA256())
    return Party(key, certificate, tuple(issuer.chain) if issuer else ())


class Desk:
    """Signs and verifies through the adapters, as the pipeline does."""

    at = AT

    def prepare(self, data: bytes, who: Party, profile: str, **changes: object) -> Prepared:
        """The next signature to be made. `changes` are fields of the profile."""
        chosen = replace(PROFILES[profile], **changes)
        adapter = ADAPTERS[chosen.format]
        return adapter.prepare(adapter.open(Source.of(data)), who.identity, chosen, AT)

    def sign(self, data: bytes, who: Party, profile: str, **changes: object) -> bytes:
        """The signed document, its inner signatures first."""
        while True:
            prepared = self.prepare(data, who, profile, **changes)
            out = io.BytesIO()
            prepared.embed(who.sign(prepared.to_be_signed, prepared.scheme), out)
            data = out.getvalue()
            if prepared.last:
                return data

    def findings(self, data: bytes, format_name: str, **policy: object) -> Sequence[SignatureFinding]:
        """What the adapter finds; a document that cannot be opened gives one finding, too."""
        adapter = ADAPTERS[format_name]
        try:
            document = adapter.open(Source.of(data))
        except FormatError as error:
            return [unreadable(error)]
        return adapter.verify(document, VerificationPolicy(**policy))

    def sniff(self, data: bytes, format_name: str) -> bool:
        """Whether the adapter takes the document for one of its own."""
        return ADAPTERS[format_name].sniff(Source.of(data), "document.xml")

    def verdict(self, data: bytes, format_name: str, **policy: object) -> Verdict:
        """The worst verdict."""
        return worst(finding.verdict for finding in self.findings(data, format_name, **policy))


@pytest.fixture(scope="session")
def desk() -> Desk:
    return Desk()


@pytest.fixture(scope="session")
def party() -> Callable[[str], Party]:
    """The holder of a simulated card (`valid`, `second`, `p384`, …), or a self-signed `p256` or `p521`."""
    return lambda name: holder(name) if name in PERSONAS else curve(name)


@pytest.fixture(scope="session")
def certify() -> Callable[..., Party]:
    """A certificate for any key: `certify(key, issuer)`."""
    return issue


@pytest.fixture(scope="session")
def people(party: Callable[[str], Party]) -> list[Party]:
    """Five signers, of both kinds of key."""
    return [party(name) for name in ("valid", "second", "p384", "phone", "p256")]


@dataclass(frozen=True)
class Bench:
    """Our verifier and the judges, asked together."""

    desk: Desk
    jdk: Jdk
    xmlsec1: Xmlsec1
    folder: Path

    def accept(
        self, signed: bytes, format_name: str, *, count: int = 1, files: Mapping[str, bytes] | None = None
    ) -> Sequence[SignatureFinding]:
        """Everybody finds `count` signatures in the document, and all of them right; else the test fails."""
        findings = self.desk.findings(signed, format_name, files=files or {})
        assert [finding.verdict.passed for finding in findings] == [True] * count, findings
        by_jdk = self.jdk.verify(signed, folder=self._folder(files))
        assert by_jdk.ok, by_jdk.detail
        assert len(by_jdk.signatures) == count
        ours = [finding.certificate.fingerprint(hashes.SHA256()).hex() for finding in findings if finding.certificate]
        assert ours == [facts.certificate_sha256 for facts in by_jdk.signatures]
        # lxml, which lists the signatures for xmlsec1, knows this encoding by another name. It is no part of what is signed.
        renamed = signed.replace(b'encoding="Windows-31J"', b'encoding="CP932"', 1)
        by_xmlsec1 = self.xmlsec1.verify(renamed, folder=self._folder(files))
        # xmlsec1 does not decode percent-encoded fragments, and says so; then the JDK stands alone.
        assert by_xmlsec1.ok or by_xmlsec1.verdict == "cannot", by_xmlsec1.detail
        return findings

    def refuse(self, altered: bytes, format_name: str, **policy: object) -> Verdict:
        """Our verdict on a document that at least one judge refuses as well: it must not be VALID."""
        others = self.others(altered)
        assert not all(result.ok for result in others), "both judges find nothing wrong with it"
        verdict = self.desk.verdict(altered, format_name, **policy)
        assert not verdict.passed, verdict
        return verdict

    def others(self, document: bytes, files: Mapping[str, bytes] | None = None) -> tuple[JudgeResult, JudgeResult]:
        folder = self._folder(files)
        return self.jdk.verify(document, folder=folder), self.xmlsec1.verify(document, folder=folder)

    def _folder(self, files: Mapping[str, bytes] | None) -> Path | None:
        if not files:
            return None
        for name, content in files.items():
            (self.folder / name).write_bytes(content)
        return self.folder


@pytest.fixture
def bench(desk: Desk, jdk: Jdk, xmlsec1: Xmlsec1, tmp_path: Path) -> Bench:
    return Bench(desk, jdk, xmlsec1, tmp_path)


@pytest.fixture(scope="session")
def without_signature() -> Callable[..., bytes]:
    """Take the n-th Signature (in order of its end) out of the bytes again; a Signature holds no other one here."""

    def remove(signed: bytes, codec: str = "utf-8", prefix: str | None = "dsig", number: int = -1) -> bytes:
        name = f"{prefix}:Signature" if prefix else "Signature"
        declaration = f"xmlns:{prefix}" if prefix else "xmlns"
        opening = f'<{name} {declaration}="{DSIG}" Id="'.encode(codec)
        closing = f"</{name}>".encode(codec)
        start = [match.start() for match in re.finditer(re.escape(opening), signed)][number]
        end = signed.index(closing, start) + len(closing)
        return signed[:start] + signed[end:]

    return remove


class OpenSslCms:
    """OpenSSL's judgement on a detached CMS: digest, value, ESS attribute; with `who`, the chain at the time of AT."""

    def __init__(self, openssl: OpenSsl, folder: Path) -> None:
        self.openssl = openssl
        self._folder = folder

    def verify(self, cms: bytes, content: bytes, who: Party | None = None) -> JudgeResult:
        signature, covered, anchor = (self._folder / name for name in ("cms.der", "content", "anchor.pem"))
        signature.write_bytes(cms)
        covered.write_bytes(content)
        chain: list[str | Path] = ["-noverify"]
        if who is not None:
            anchor.write_bytes(who.chain[-1].public_bytes(Encoding.PEM))
            chain = ["-CAfile", anchor, "-no-CApath", "-no-CAstore", "-purpose", "any", "-cades"]
            chain += ["-attime", str(int(AT.timestamp()))]
        files: list[str | Path] = ["-inform", "DER", "-in", signature, "-content", covered, "-out", os.devnull]
        done = self.openssl.run("cms", "-verify", "-binary", *files, *chain)
        text = done.stderr.decode(errors="replace").strip()
        if done.returncode == 0 and "Verification successful" in text:
            return JudgeResult(JudgeVerdict.VALID, text)
        wrong = re.search("(?i)verification failure|verify error|signing certificate", text)
        return JudgeResult(JudgeVerdict.INVALID if wrong else JudgeVerdict.ERROR, text)


@pytest.fixture(scope="session")
def openssl_cms(openssl: OpenSsl, tmp_path_factory: pytest.TempPathFactory) -> OpenSslCms:
    return OpenSslCms(openssl, tmp_path_factory.mktemp("cms"))


# Documents that are hard to canonicalise or to splice

DEEP = "<d>" * 238 + "底" + "</d>" * 238
FORMS = "".join(f'<F id="F-{n}" page="{n}"><x>{n}円</x></F>' for n in range(400))

# In each of them the element with id "T" is signed by its Id, and in a second copy the whole document.
MARKUP = {
    "plain": '<r><t id="T">見本　花子</t></r>',
    "root is the target": '<r id="T">text<e/></r>',
    "root is an empty-element tag": '<r id="T"/>',
    "root is an empty-element tag with a blank": '<r id="T" />\n',
    "root is empty": '<r id="T"></r>',
    "target is an empty-element tag": '<r><t id="T"/></r>',
    "target is an empty-element tag with line feeds": '<r><t\n id="T"\n/></r>',
    "white space before the end tags": '<r><t id="T">x</t\n\t></r\n >\n',
    "white space in the start tags": "<r\n\ta = '1'   b=\"'\"><t   id='T'\tz=\"\" y='\"' >x</t></r>",
    "text around everything": '<r>a<t id="T">b<u>c</u>d</t>e</r>',
    "xml:lang on an ancestor": '<r xml:lang="ja"><m><t id="T"><u/></t></m></r>',
    "xml:lang on ancestors, one value": '<r xml:lang="ja"><m xml:lang="ja"><t id="T"><u xml:lang="fr"/></t></m></r>',
    "xml:lang on ancestor and target": '<r xml:lang="ja"><t id="T" xml:lang="en">x</t></r>',
    "xml:space on ancestors": '<r xml:space="preserve"> <m xml:lang="ja"> <t id="T" b="1" a="2"> </t></m></r>',
    "xml:base on an ancestor": '<r xml:base="http://example.invalid/a/"><m><t id="T" xml:space="default"/></m></r>',
    "xml:base on the root alone, with blanks": '<r xml:base="http://example.invalid/a b" id="T">x</r>',
    "odd characters in an inherited attribute": '<r xml:lang="&#13;&#10;&#9;&quot;&amp;&lt;>\'"><m><t id="T"/></m></r>',
    "an xml: attribute of one's own invention": '<r xml:neu="1"><m><t id="T"/></m></r>',
    "xml:id names the target": '<r><t xml:id="T">x</t></r>',
    "xml:id on an ancestor": '<r xml:id="R"><t id="T">x</t></r>',
    "ID names the target": '<r><t ID="T">x</t></r>',
    "Id names the target": '<r><t Id="T">x</t></r>',
    "namespaces on ancestors that nobody uses": '<r xmlns:a="urn:a" xmlns:c="urn:c"><m xmlns:b="urn:b"><t id="T"/></m></r>',
    "default namespace": '<r xmlns="urn:r"><t id="T"><u/></t></r>',
    "default namespace declared again": '<r xmlns="urn:r"><t xmlns="urn:r" id="T"><u xmlns="urn:r"/></t></r>',
    "default namespace changed": '<r xmlns="urn:r"><t xmlns="urn:t" id="T"><u xmlns="urn:r"><v xmlns="urn:t"/></u></t></r>',
    "default namespace undeclared inside": '<r xmlns="urn:r"><t id="T"><u xmlns=""><v><w xmlns="urn:r"/></v></u></t></r>',
    "default namespace undeclared on the target": '<r xmlns="urn:r"><t xmlns="" id="T"><u><v/></u></t></r>',
    "default namespace undeclared above": '<r xmlns="urn:r"><m xmlns=""><t id="T"><u/><v xmlns="urn:r"><w/></v></t></m></r>',
    "default namespace undeclared at several levels": '<r xmlns="urn:r"><a xmlns=""><b xmlns="urn:b"><c xmlns=""><t id="T">'
    '<d xmlns="urn:d"><e xmlns=""/></d></t></c></b></a></r>',
    "default namespace undeclared where there is none": '<r xmlns=""><t id="T" xmlns=""><u xmlns=""/></t></r>',
    "default namespace below, none above": '<r><b xmlns="urn:x"><t id="T"><d><e/></d></t></b></r>',
    "prefix bound to another URI deeper": '<p:r xmlns:p="urn:1"><p:t xmlns:p="urn:2" id="T"><p:u xmlns:p="urn:1"/></p:t></p:r>',
    "prefix bound to another URI inside the target": '<p:r xmlns:p="urn:1"><p:t id="T"><p:u xmlns:p="urn:2" p:a="1"/></p:t></p:r>',
    "two prefixes for one namespace": '<r xmlns:b="urn:x" xmlns:a="urn:x"><t id="T" b:one="1" a:two="2"><a:u b:z="1" z="0"/></t></r>',
    "attributes in the order of their namespaces": '<r xmlns:a="urn:z" xmlns:b="urn:a"><t id="T" a:x="1" b:x="2" x="3"'
    ' xml:lang="ja" b:a="4"/></r>',
    "attributes whose names begin with xmlns": '<r><t id="T" xmlnsa="1" xmlns-b="2"/></r>',
    "a prefix that begins with xmlns": '<r xmlns:xmlnsa="urn:a"><t id="T" xmlnsa:b="2"><xmlnsa:u/></t></r>',
    "the signature's prefixes are taken": '<ds:r xmlns:ds="urn:1" xmlns:dsig="urn:2"><ds:t id="T" dsig:a=""/></ds:r>',
    "the signature's namespace is declared": '<r xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><t id="T"/></r>',
    "the signature's namespace has another prefix": '<r xmlns:x="http://www.w3.org/2000/09/xmldsig#"><t id="T"/></r>',
    "xmlns:xml is declared": '<r xmlns:xml="http://www.w3.org/XML/1998/namespace" xml:lang="ja"><t id="T"/></r>',
    "instructions around the root": '<?a?><?b  c d ?>\n<!-- 注 -->\n<?e f?><r><t id="T"/></r>\n<?g?><!-- h --><?i j="&lt;"?>\n',
    "instructions inside": '<r><?a b?><t id="T"><?c?>x<?d  e  ?></t><?f?></r>',
    "comments everywhere": '<!--a--><r><!--b--><t id="T"><!--c-->x<!--d-->y<u><!--e--></u></t><!--f--></r><!--g-->',
    "end tag in a comment after the root": '<r><t id="T"/></r><!-- </r> -->',
    "end tag in a comment at the end of the root": '<r><t id="T"/><!-- </r> --></r>',
    "end tag in an instruction after the root": '<r><t id="T"/></r><?x </r> ?>',
    "CDATA": '<r><t id="T"><![CDATA[<a>&amp;]]>]]&gt;<![CDATA[]]]]><![CDATA[>]]></t></r>',
    "CDATA with brackets and end tags": '<r><t id="T"><![CDATA[ ]] ] > </t></r> <r> ]]></t><![CDATA[</r>]]></r>',
    "target in CDATA": '<r><![CDATA[<t id="T"/>]]><t id="T"/><![CDATA[<t id="T"/>]]></r>',
    "target's tag in a comment and an instruction": '<r><!-- <t id="T"> --><?x <t id="T">?><t id="T" a="<!--"/></r>'.replace(
        '"<!--"', '"&lt;!--"'
    ),
    "greater-than signs in attributes": '<r a="/>"><t b=">&lt;/t>" id=\'T\' c="]]>"/></r>',
    "CRLF": '<r>\r\n<t\r\nid="T"\r\na="1\r\n2">\r\n</t>\r\n</r>\r\n',
    "carriage returns alone": '<r>\r<t id="T" a="1\r2">\ra\r\r\nb</t>\r</r>\r',
    "character references to white space": '<r a="&#13;&#10;&#9;&#32;"><t id="T" b="&#xD;&#xA;&#x9; ">&#13;&#10;&#9;&#xD;</t>&#13;</r>',
    "tabs and line feeds in attributes": '<r><t id="T" a="x\ty\nz">\t\n</t></r>',
    "the five entities": '<r><t id="T" a="&lt;&gt;&amp;&quot;&apos;">&lt;&gt;&amp;&quot;&apos;\'"</t></r>',
    "references to letters": '<r><t id="T" a="&#x898B;&#26412;">&#x898B;&#26412;&#x1F600;&#160;&#x85;&#x2028;</t></r>',
    "supplementary planes": '<r><t id="T" a="𠮷野家😀">𠮷田　𩸽😀&#x20BB7;</t></r>',
    "marks and odd blanks": '<r><t id="T" a="\u00a0\u3000\ufeff">\u0085\u2028\u200b\ufeff\ufffd が が</t></r>',
    "Japanese names": '<申告 xmlns:税="urn:税"><税:氏名 税:ふりがな="みほん" id="T" 属性="値">花子</税:氏名></申告>'.replace(
        '"urn:税"', '"urn:zei"'
    ),
    "Japanese Id": '<r><t id="構成情報" mark="T">x</t></r>',
    "Id of punctuation": '<r><t id="_a:b.c-d" mark="T">x</t></r>',
    "Id of many planes": '<r><t id="𠮷野家・が１～" mark="T">x</t></r>',
    "Id of digits": '<r><t id="20260131120000" mark="T">x</t></r>',
    "deep": f'<r><t id="T">{DEEP}</t></r>',
    "400 forms": f'<r xmlns="urn:r" xmlns:g="urn:g"><t id="T">{FORMS}</t></r>',
    "long text": f'<r><t id="T">{"長い文章、" * 20_000}</t></r>',
    "many attributes": '<r><t id="T" {}/></r>'.format(" ".join(f'a{n * 611 % 997}="{n}"' for n in range(300))),
    "many namespaces": '<r {}><t id="T"/></r>'.format(
        " ".join(f'xmlns:n{n * 611 % 997}="urn:{n}"' for n in range(200))
    ),
}


@pytest.fixture(params=MARKUP)
def markup(request: pytest.FixtureRequest) -> bytes:
    """One document after the other."""
    return MARKUP[request.param].encode()


@pytest.fixture(scope="session")
def identifier() -> Callable[[bytes], str]:
    """The Id of the element that a document of the table means."""

    def find(data: bytes) -> str:
        tree = etree.fromstring(data)
        (value,) = tree.xpath("//@*[. = 'T']/../@*[local-name() = 'id' or local-name() = 'ID' or local-name() = 'Id']")
        return str(value)

    return find
