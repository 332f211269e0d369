"""The tools that sign XML, and the child process that runs one of them.

Every tool does the same job: bytes of an e-Tax return in, bytes of the signed return out (or a verdict), with one
reference to the procedure element, C14N 1.0, RSA-SHA256, an RSA-2048 key that is loaded already, and the signer's
certificate in KeyInfo. `sign_file` and `verify_file` go from file to file. See docs/performance.md.

    python xml_contenders.py prepare FOLDER BYTES...
    python xml_contenders.py sign    FOLDER TOOL DOCUMENT RESULT REPETITIONS     times and memory
    python xml_contenders.py verify  FOLDER TOOL DOCUMENT REPETITIONS            the same
    python xml_contenders.py check   FOLDER TOOL DOCUMENT...                     {"valid": [true or false, ...]}

Each prints one JSON object.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from child import PASSPHRASE, Identity, absent, accepts, measure, passed, peak_kilobytes, versions, write_identity
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree

DSIG = "http://www.w3.org/2000/09/xmldsig#"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
PROCEDURE = "RKO0010"
"""The procedure element of the sample return and its id."""

Sign = Callable[[bytes], bytes]
Verify = Callable[[bytes], bool]


# The floor: lxml and cryptography, and nothing that could be left out. It knows the document it is given.


class Floor:
    """Parse, C14N, SHA-256, RSA, splice.

    lxml canonicalises a subelement wrongly (formats/c14n.py says how), so the cheapest correct way is to
    canonicalise the whole document, cut the element out and complete its start tag.
    """

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        certificate = base64.b64encode(identity.certificate.public_bytes(Encoding.DER))
        self.key_info = (
            b"<dsig:KeyInfo><dsig:X509Data><dsig:X509Certificate>%s</dsig:X509Certificate></dsig:X509Data></dsig:KeyInfo>"
            % certificate
        )

    def sign(self, data: bytes) -> bytes:
        root = etree.fromstring(data)
        canonical = self.canonical(root)
        info = self.signed_info(self.digest(root, canonical))
        scope = b"".join(self.namespaces(root, b"dsig"))
        octets = etree.tostring(etree.fromstring(info.replace(b">", scope + b">", 1)), method="c14n")
        value = base64.b64encode(self.identity.sign(octets))
        signature = (
            b'<dsig:Signature xmlns:dsig="%s" Id="_floor">%s<dsig:SignatureValue>%s</dsig:SignatureValue>%s'
            b"</dsig:Signature>" % (DSIG.encode(), info, value, self.key_info)
        )
        end = data.rindex(b"</")
        return b"".join((memoryview(data)[:end], signature, memoryview(data)[end:]))

    def verify(self, data: bytes) -> bool:
        root = etree.fromstring(data)
        canonical = self.canonical(root)
        digest = root.findtext(f".//{{{DSIG}}}DigestValue")
        value = root.findtext(f"{{{DSIG}}}Signature/{{{DSIG}}}SignatureValue")
        if digest is None or value is None or base64.b64decode(digest) != self.digest(root, canonical):
            return False
        start = canonical.rindex(b"<dsig:SignedInfo>") + len(b"<dsig:SignedInfo")
        end = canonical.rindex(b"</dsig:SignedInfo>") + len(b"</dsig:SignedInfo>")
        octets = b"".join((b"<dsig:SignedInfo", *self.namespaces(root, b"dsig"), memoryview(canonical)[start:end]))
        self.identity.public_key.verify(base64.b64decode(value), octets, padding.PKCS1v15(), hashes.SHA256())
        return True

    @staticmethod
    def canonical(root: etree._Element) -> bytes:
        return etree.tostring(root.getroottree(), method="c14n", with_comments=False)

    @staticmethod
    def namespaces(root: etree._Element, further: bytes = b"") -> list[bytes]:
        """The declarations in scope below the root, in canonical order."""
        names = {(prefix or "").encode(): uri.encode() for prefix, uri in root.nsmap.items()}
        if further:
            names[further] = DSIG.encode()
        return [b' xmlns%s%s="%s"' % (b":" if p else b"", p, uri) for p, uri in sorted(names.items())]

    def digest(self, root: etree._Element, canonical: bytes) -> bytes:
        name = PROCEDURE.encode()
        start = canonical.index(b"<" + name) + 1 + len(name)
        end = canonical.rindex(b"</" + name + b">") + len(name) + 3
        digest = hashlib.sha256(b"<" + name + b"".join(self.namespaces(root)))
        digest.update(memoryview(canonical)[start:end])
        return digest.digest()

    @staticmethod
    def signed_info(digest: bytes) -> bytes:
        def method(local: str, uri: str) -> str:
            return f'<dsig:{local} Algorithm="{uri}"></dsig:{local}>'

        return (
            f"<dsig:SignedInfo>{method('CanonicalizationMethod', C14N)}"
            f"{method('SignatureMethod', 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256')}"
            f'<dsig:Reference URI="#{PROCEDURE}"><dsig:Transforms>{method("Transform", C14N)}</dsig:Transforms>'
            f"{method('DigestMethod', 'http://www.w3.org/2001/04/xmlenc#sha256')}"
            f"<dsig:DigestValue>{base64.b64encode(digest).decode()}</dsig:DigestValue></dsig:Reference></dsig:SignedInfo>"
        ).encode()


# Jitsuin: the adapter alone, the adapter with step 10, and the whole flow of the pipeline


class Jitsuin:
    """Open, prepare, sign with the ready key, embed: steps 1, 7, 8 and 9."""

    def __init__(self, identity: Identity) -> None:
        from jitsuin.formats.base import SigningIdentity, VerificationPolicy
        from jitsuin.formats.etax import EtaxAdapter
        from jitsuin.formats.profiles import ETAX, Chain
        from jitsuin.formats.source import Source

        self.identity = identity
        self.signing_identity = SigningIdentity(identity.certificate)
        self.profile = replace(ETAX, chain=Chain.LEAF)
        self.policy = VerificationPolicy()
        self.adapter = EtaxAdapter()
        self.open = lambda data: self.adapter.open(Source.of(data))
        self.at = datetime.now(UTC)

    def sign(self, data: bytes) -> bytes:
        prepared = self.adapter.prepare(self.open(data), self.signing_identity, self.profile, self.at)
        out = io.BytesIO()
        prepared.embed(self.identity.sign(prepared.to_be_signed), out)
        return out.getvalue()

    def verify(self, data: bytes) -> bool:
        findings = self.adapter.verify(self.open(data), self.policy)
        return all(finding.verdict.passed for finding in findings)


class JitsuinChecked(Jitsuin):
    """The same, and then step 10: what was written is read again and verified."""

    def sign(self, data: bytes) -> bytes:
        signed = super().sign(data)
        assert self.verify(signed)
        return signed


class JitsuinFile:
    """`sign_file` and `verify_file`: all twelve steps, with trust; the key is open already. Revocation off."""

    revocation: Literal["off", "require"] = "off"

    def __init__(self, identity: Identity) -> None:
        import jitsuin

        self.crls = [identity.folder / "crl"] if self.revocation != "off" else []
        self.trust = [identity.folder / "ca.der"]
        self.jitsuin = jitsuin
        self.signer = jitsuin.open_signer(f"file:{identity.folder / 'identity.p12'}", pin=lambda _request: PASSPHRASE)
        assert self.signer.certificate == identity.certificate

    def sign_file(self, source: Path, target: Path) -> None:
        self.jitsuin.sign_file(
            source,
            target,
            signer=self.signer,
            trust=self.trust,
            crls=self.crls,
            revocation=self.revocation,
            chain="leaf",
            overwrite=True,
        )

    def verify_file(self, path: Path) -> bool:
        report = self.jitsuin.verify_file(path, trust=self.trust, crls=self.crls, revocation=self.revocation)
        return bool(report.verdict.passed)


class JitsuinFileCrl(JitsuinFile):
    """The same with revocation checked against a CRL file."""

    revocation = "require"


# The others


class SignXml:
    """signxml in its enveloped mode, which alone puts the signature into the document before digesting SignedInfo.

    It adds the enveloped-signature transform, which does nothing here, the signature being outside the target.
    """

    def __init__(self, identity: Identity) -> None:
        from signxml import CanonicalizationMethod, SignatureConfiguration, XMLSigner, XMLVerifier, methods

        self.identity = identity
        c14n = CanonicalizationMethod.CANONICAL_XML_1_0
        self.signer = XMLSigner(
            method=methods.enveloped, signature_algorithm="rsa-sha256", digest_algorithm="sha256", c14n_algorithm=c14n
        )
        self.signer.namespaces = {"dsig": DSIG}
        self.config = SignatureConfiguration(location="./", default_reference_c14n_method=c14n)
        self.verifier = XMLVerifier

    def sign(self, data: bytes) -> bytes:
        signed = self.signer.sign(
            etree.fromstring(data),
            key=self.identity.key,
            cert=[self.identity.certificate],
            reference_uri=f"#{PROCEDURE}",
            id_attribute="id",
        )
        return etree.tostring(signed.getroottree(), encoding="UTF-8", xml_declaration=True)

    def verify(self, data: bytes) -> bool:
        result = self.verifier().verify(
            data, x509_cert=self.identity.certificate, id_attribute="id", expect_config=self.config
        )
        return result.signed_xml.get("id") == PROCEDURE


class XmlSec:
    """The xmlsec bindings: a template in its final place. Only the one Id that is needed is registered."""

    def __init__(self, identity: Identity) -> None:
        import xmlsec

        self.xmlsec = xmlsec
        certificate = identity.certificate.public_bytes(Encoding.PEM)
        private = identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.key = xmlsec.Key.from_memory(private, xmlsec.KeyFormat.PEM)
        self.key.load_cert_from_memory(certificate, xmlsec.KeyFormat.PEM)
        self.public_key = xmlsec.Key.from_memory(certificate, xmlsec.KeyFormat.CERT_PEM)

    def sign(self, data: bytes) -> bytes:
        xmlsec, template = self.xmlsec, self.xmlsec.template
        root = etree.fromstring(data)
        signature = template.create(root, xmlsec.Transform.C14N, xmlsec.Transform.RSA_SHA256, ns="dsig")
        root.append(signature)
        reference = template.add_reference(signature, xmlsec.Transform.SHA256, uri=f"#{PROCEDURE}")
        template.add_transform(reference, xmlsec.Transform.C14N)
        template.x509_data_add_certificate(template.add_x509_data(template.ensure_key_info(signature)))
        context = xmlsec.SignatureContext()
        context.key = self.key
        context.register_id(root[0], "id")
        context.sign(signature)
        return etree.tostring(root.getroottree(), encoding="UTF-8", xml_declaration=True)

    def verify(self, data: bytes) -> bool:
        root = etree.fromstring(data)
        context = self.xmlsec.SignatureContext()
        context.key = self.public_key
        context.register_id(root[0], "id")
        context.verify(root.find(f"{{{DSIG}}}Signature"))
        return True


TOOLS: dict[str, Callable[[Identity], Any]] = {
    "floor": Floor,
    "jitsuin": Jitsuin,
    "jitsuin-checked": JitsuinChecked,
    "jitsuin-file": JitsuinFile,
    "jitsuin-file-crl": JitsuinFileCrl,
    "signxml": SignXml,
    "xmlsec": XmlSec,
}


# The child process


def prepare(folder: Path, sizes: list[int]) -> dict[str, Any]:
    """Write the identity and the unsigned returns; say which versions are used and which tools are absent."""
    from jitsuin.samples.documents import sized_return

    write_identity(folder)
    for size in sizes:
        (folder / f"{size}.xtx").write_bytes(sized_return(size))
    missing = absent(("signxml", "xmlsec"))
    found = versions() | {"lxml": f"{version('lxml')} (libxml2 {'.'.join(map(str, etree.LIBXML_VERSION))})"}
    if "signxml" not in missing:
        found["signxml"] = version("signxml")
    if "xmlsec" not in missing:
        import xmlsec

        found["xmlsec bindings"] = f"{version('xmlsec')} (xmlsec {'.'.join(map(str, xmlsec.get_libxmlsec_version()))})"
    return {"versions": found, "absent": missing}


def sign(folder: Path, tool: str, document: Path, result: Path, repetitions: int) -> dict[str, Any]:
    contender = TOOLS[tool](Identity(folder))
    before = peak_kilobytes()
    if hasattr(contender, "sign_file"):
        return measure(lambda: contender.sign_file(document, result), repetitions, before)
    data = document.read_bytes()
    measured = measure(lambda: contender.sign(data), repetitions, before)
    result.write_bytes(contender.sign(data))
    return measured


def verify(folder: Path, tool: str, document: Path, repetitions: int) -> dict[str, Any]:
    contender = TOOLS[tool](Identity(folder))
    before = peak_kilobytes()
    if hasattr(contender, "verify_file"):
        return measure(lambda: passed(contender.verify_file(document)), repetitions, before)
    data = document.read_bytes()
    return measure(lambda: passed(contender.verify(data)), repetitions, before)


def check(folder: Path, tool: str, documents: list[Path]) -> dict[str, Any]:
    """The tool as a judge: whether it accepts each document."""
    contender = TOOLS[tool](Identity(folder))
    verify_file = getattr(contender, "verify_file", lambda path: bool(contender.verify(path.read_bytes())))
    return {"valid": [accepts(verify_file, document) for document in documents]}


def main(arguments: list[str]) -> None:
    command, folder, *rest = arguments
    answer: dict[str, Any]
    match command, rest:
        case "prepare", sizes:
            answer = prepare(Path(folder), [int(size) for size in sizes])
        case "sign", [tool, document, result, repetitions]:
            answer = sign(Path(folder), tool, Path(document), Path(result), int(repetitions))
        case "verify", [tool, document, repetitions]:
            answer = verify(Path(folder), tool, Path(document), int(repetitions))
        case "check", [tool, *documents]:
            answer = check(Path(folder), tool, [Path(document) for document in documents])
        case _:
            raise SystemExit(__doc__)
    print(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1:])
