"""Programs that share no code with Jitsuin and say whether what it wrote is right.

Tests get them as the fixtures `jdk`, `xmlsec1`, `openssl`, `schema` and `signxml` (tests/conftest.py). An answer has
four values, so that a control ("the tampered copy must fail") cannot pass because the judge choked on the document:

    assert jdk.verify(signed).ok
    assert jdk.verify(tampered).invalid
"""

from __future__ import annotations

import base64
import contextlib
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree

from programs import JavaProgram, JudgeMissingError, require, run

DSIG = "http://www.w3.org/2000/09/xmldsig#"
XML = "http://www.w3.org/XML/1998/namespace"
ID_ATTRIBUTES = ("id", "ID", "Id", "xml:id")
"""e-Tax uses the first three side by side."""


class Verdict(StrEnum):
    VALID = "valid"
    INVALID = "invalid"
    """A digest or a signature value is wrong."""
    ERROR = "error"
    """The judge would not have the document: no signature in it, two equal Ids, an unknown certificate…"""
    CANNOT = "cannot"
    """The judge is known not to handle this kind of document; ask another."""


@dataclass(frozen=True)
class SignatureFacts:
    """What the JDK says about one signature that it found valid."""

    id: str
    certificate_sha256: str
    references: tuple[str, ...]


@dataclass(frozen=True)
class JudgeResult:
    """The answer about a whole document: valid only if every signature in it is."""

    verdict: Verdict
    detail: str = ""
    signatures: tuple[SignatureFacts, ...] = ()
    """Filled by the JDK only."""

    @property
    def ok(self) -> bool:
        return self.verdict is Verdict.VALID

    @property
    def invalid(self) -> bool:
        return self.verdict is Verdict.INVALID

    @property
    def error(self) -> bool:
        return self.verdict is Verdict.ERROR


class Jdk:
    """XML Signature by the JDK: one Java process that answers request after request.

    Secure validation is on, so SHA-1, DTDs, more than 30 references and equal Ids are refused.
    """

    def __init__(self, work: Path) -> None:
        self._java = JavaProgram("JdkXmlDsig.java", work)

    def verify(
        self,
        document: bytes | Path,
        *,
        certificate: x509.Certificate | None = None,
        folder: Path | None = None,
        id_attributes: Sequence[str] = ID_ATTRIBUTES,
    ) -> JudgeResult:
        """Judge every signature in the document by the end certificate in its KeyInfo.

        `certificate`: it must be this one. `folder`: where the files lie that references name. The chain is not judged.
        """
        with on_disk(document) as path:
            fields = [("file", str(path)), *(("id", name) for name in id_attributes)]
            if folder is not None:
                fields.append(("folder", str(folder)))
            if certificate is not None:
                fields.append(("certificate", certificate.fingerprint(hashes.SHA256()).hex()))
            status, answer = self._java.ask("verify", fields)
        details = " ".join(value for name, value in answer if name == "detail")
        if status == "OK":
            facts = [value.split(" ") for name, value in answer if name == "signature"]
            found = tuple(SignatureFacts(one[0], one[1], tuple(one[2:])) for one in facts)
            return JudgeResult(Verdict.VALID, f"{len(found)} signatures", found)
        return JudgeResult(Verdict.INVALID if status == "FAIL" else Verdict.ERROR, f"jdk: {details}")

    def sign(
        self,
        document: bytes,
        pkcs12: bytes,
        password: str,
        *,
        uris: Sequence[str] = ("",),
        transforms: str = "enveloped",
        c14n: str | None = None,
        prefix: str | None = None,
        signature_id: str | None = None,
        folder: Path | None = None,
        id_attributes: Sequence[str] = ID_ATTRIBUTES,
    ) -> bytes:
        """Sign by the JDK, as a document that nobody here wrote. The Signature becomes the last child of the root.

        `transforms`: `enveloped` (with C14N after it), `c14n` or `none`; the algorithm follows from the key. Without
        `prefix` the Signature declares the default namespace. The JDK ends base64 lines with CR LF, hence `&#13;`.
        """
        with tempfile.TemporaryDirectory() as name:
            source, store, target = (Path(name, part) for part in ("in.xml", "key.p12", "out.xml"))
            source.write_bytes(document)
            store.write_bytes(pkcs12)
            fields = [("file", str(source)), ("out", str(target)), ("pkcs12", str(store)), ("password", password)]
            fields += [
                ("transforms", transforms),
                *(("uri", uri) for uri in uris),
                *(("id", one) for one in id_attributes),
            ]
            optional = {"c14n": c14n, "prefix": prefix, "signature-id": signature_id, "folder": folder}
            fields += [(key, str(value)) for key, value in optional.items() if value is not None]
            status, answer = self._java.ask("sign", fields)
            if status != "OK":
                raise RuntimeError(f"the JDK did not sign: {answer}")
            return target.read_bytes()

    def close(self) -> None:
        """End the Java process; the next question starts another."""
        self._java.close()


class Xmlsec1:
    """XML Signature by the xmlsec1 program (libxml2 and OpenSSL), one call for each signature of a document.

    It knows no percent-encoding in same-document references: those documents are CANNOT, for the JDK alone.
    """

    def __init__(self) -> None:
        require("xmlsec1", "xmlsec1")

    def verify(
        self,
        document: bytes | Path,
        *,
        certificate: x509.Certificate | None = None,
        trusted: Sequence[x509.Certificate] = (),
        untrusted: Sequence[x509.Certificate] = (),
        at: datetime | None = None,
        folder: Path | None = None,
        id_attributes: Sequence[str] = ID_ATTRIBUTES,
    ) -> JudgeResult:
        """Judge every signature in the document.

        With `trusted`, xmlsec1 builds and judges the chain from KeyInfo (and `untrusted`) by itself, at the time `at`;
        an untrusted signer is an ERROR. Without it the key is pinned: `certificate`, or else the end certificate in
        KeyInfo.
        `folder`: where the files lie that references name.
        """
        tree = etree.fromstring(document if isinstance(document, bytes) else document.read_bytes(), _parser())
        signatures = list(tree.iter(f"{{{DSIG}}}Signature"))
        if not signatures:
            return JudgeResult(Verdict.ERROR, "xmlsec1: no Signature element")
        uris = [str(one.get("URI", "")) for one in tree.iter(f"{{{DSIG}}}Reference")]
        if any(uri.startswith("#") and "%" in uri for uri in uris):
            return JudgeResult(Verdict.CANNOT, "xmlsec1 does not decode percent-encoded fragments")
        if any(re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|/", uri) for uri in uris):
            return JudgeResult(Verdict.ERROR, "xmlsec1: a reference to something outside the folder")
        # A bare file name counts as remote: only file:// is local to xmlsec1.
        files = ",remote" if folder is not None else ""
        common = ["--verify", "--enabled-reference-uris", "empty,same-doc" + files, *_id_options(tree, id_attributes)]
        details = []
        with on_disk(document) as path, tempfile.TemporaryDirectory() as name:
            work = Path(name)
            for index, signature in enumerate(signatures):
                place = f"(//*[local-name()='Signature' and namespace-uri()='{DSIG}'])[{index + 1}]"
                if trusted:
                    key = ["--enabled-key-data", "x509"]
                    for option, pile in (("--trusted-pem", trusted), ("--untrusted-pem", untrusted)):
                        for number, one in enumerate(pile):
                            file = work / f"{option[2:]}-{number}.pem"
                            file.write_bytes(one.public_bytes(Encoding.PEM))
                            key += [option, str(file)]
                    if at is not None:
                        key += ["--verification-gmt-time", f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"]
                else:
                    try:
                        pinned = certificate or end_certificate(signature)
                    except ValueError as error:
                        return JudgeResult(Verdict.ERROR, f"xmlsec1: signature {index}: {error}")
                    file = work / "signer.pem"
                    file.write_bytes(pinned.public_bytes(Encoding.PEM))
                    key = ["--enabled-key-data", "key-name", "--pubkey-cert-pem", str(file)]
                done = run(["xmlsec1", *common, *key, "--node-xpath", place, str(path)], folder=folder)
                text = (done.stdout + done.stderr).decode(errors="replace").strip()
                lines = text.splitlines()
                if done.returncode == 0 and "OK" in lines:
                    details.append(text)
                    continue
                verdict = Verdict.INVALID if "FAIL" in lines else Verdict.ERROR
                return JudgeResult(verdict, f"xmlsec1: signature {index}: {text}")
        return JudgeResult(Verdict.VALID, "\n".join(details))

    def sign(
        self,
        template: bytes,
        key: bytes,
        certificates: Sequence[x509.Certificate],
        *,
        folder: Path | None = None,
        id_attributes: Sequence[str] = ID_ATTRIBUTES,
    ) -> bytes:
        """Fill the first Signature of the template (empty DigestValue, SignatureValue and X509Data). `key` is PEM."""
        tree = etree.fromstring(template, _parser())
        with tempfile.TemporaryDirectory() as name:
            source, target, pem = (Path(name, part) for part in ("in.xml", "out.xml", "key.pem"))
            source.write_bytes(template)
            pem.write_bytes(key)
            files = [pem]
            for number, one in enumerate(certificates):
                files.append(Path(name, f"certificate-{number}.pem"))
                files[-1].write_bytes(one.public_bytes(Encoding.PEM))
            call = ["xmlsec1", "--sign", "--privkey-pem", ",".join(map(str, files)), *_id_options(tree, id_attributes)]
            done = run([*call, "--output", str(target), str(source)], folder=folder)
            if done.returncode != 0:
                raise RuntimeError(done.stderr.decode(errors="replace"))
            return target.read_bytes()


class OpenSsl:
    """Certificates, CRLs and bare signature values by the openssl program."""

    def __init__(self) -> None:
        require("openssl", "openssl")

    def run(self, *arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Any other command; the exit status is the caller's to look at."""
        return run(["openssl", *map(str, arguments)], stdin=stdin)

    def verify(
        self,
        certificate: x509.Certificate,
        *,
        trusted: Sequence[x509.Certificate],
        untrusted: Sequence[x509.Certificate] = (),
        crls: Sequence[x509.CertificateRevocationList] = (),
        at: datetime | None = None,
        partial_chain: bool = False,
        strict: bool = False,
    ) -> JudgeResult:
        """Judge the chain, and with `crls` the revocation of the end certificate.

        `partial_chain`: a trusted certificate need not be self-signed. `strict`: RFC 5280 to the letter.
        """
        with tempfile.TemporaryDirectory() as name:
            options = [*["-partial_chain"] * partial_chain, *["-x509_strict"] * strict]
            for option, pile in (("-CAfile", trusted), ("-untrusted", untrusted), ("-CRLfile", crls)):
                if pile:
                    file = Path(name, option)
                    file.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in pile))
                    options += [option, str(file)]
            if crls:
                options.append("-crl_check")
            if at is not None:
                options += ["-attime", str(int(at.timestamp()))]
            end = Path(name, "end.pem")
            end.write_bytes(certificate.public_bytes(Encoding.PEM))
            # Without these two, the machine's own trust store would be asked as well.
            done = self.run("verify", "-no-CApath", "-no-CAstore", *options, end)
        return _openssl_result(done, invalid=rb"error \d+ at|verification failed")

    def verify_crl(self, crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> JudgeResult:
        """Judge the signature on a CRL."""
        with tempfile.TemporaryDirectory() as name:
            ca = Path(name, "ca.pem")
            ca.write_bytes(issuer.public_bytes(Encoding.PEM))
            done = self.run("crl", "-noout", "-CAfile", ca, stdin=crl.public_bytes(Encoding.PEM))
        # The exit status of `openssl crl` is 0 whatever it found.
        text = (done.stdout + done.stderr).decode(errors="replace").strip()
        if "verify OK" in text:
            return JudgeResult(Verdict.VALID, text)
        return JudgeResult(Verdict.INVALID if "verify failure" in text else Verdict.ERROR, f"openssl: {text}")

    def verify_value(
        self, certificate: x509.Certificate, data: bytes, value: bytes, digest: str = "sha256"
    ) -> JudgeResult:
        """Judge a bare signature value: RSASSA-PKCS1-v1_5, or ECDSA in DER."""
        with tempfile.TemporaryDirectory() as name:
            key, signature, message = (Path(name, part) for part in ("key.pem", "value", "data"))
            key.write_bytes(certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
            signature.write_bytes(value)
            message.write_bytes(data)
            done = self.run("dgst", f"-{digest}", "-verify", key, "-signature", signature, message)
        return _openssl_result(done, invalid=rb"(?i)verification fail|error verifying")


class XmlDsigSchema:
    """The W3C schema of XML Signature, as signxml ships it; nothing is fetched."""

    def __init__(self) -> None:
        try:
            import signxml  # absent where only the base requirements are installed
        except ImportError:
            raise JudgeMissingError("signxml is not installed, and the XML Signature schema lies in it") from None
        path = Path(signxml.__file__).parent / "schemas" / "xmldsig-core-schema.xsd"
        self._schema = etree.XMLSchema(etree.parse(path, etree.XMLParser(no_network=True, resolve_entities="internal")))

    def verify(self, document: bytes | Path | etree._Element) -> JudgeResult:
        """Validate every Signature element in the document; there must be one."""
        if isinstance(document, Path):
            document = document.read_bytes()
        tree = etree.fromstring(document, _parser()) if isinstance(document, bytes) else document
        signatures = list(tree.iter(f"{{{DSIG}}}Signature"))
        if not signatures:
            return JudgeResult(Verdict.ERROR, "schema: no Signature element")
        for index, signature in enumerate(signatures):
            if not self._schema.validate(signature):
                return JudgeResult(Verdict.INVALID, f"schema: signature {index}: {self._schema.error_log}")
        return JudgeResult(Verdict.VALID, f"{len(signatures)} signatures")


class SignXml:
    """XAdES by signxml, which has its properties and its schemas; nothing is fetched.

    It judges the first Signature of a document only. Documents that it is known to canonicalise wrongly, or cannot
    write out again, are CANNOT (docs/adr/0006).
    """

    def __init__(self) -> None:
        try:
            import signxml.xades  # half a second; and absent where only the base requirements are installed
        except ImportError:
            raise JudgeMissingError("signxml is not installed") from None
        self._signxml = signxml
        path = Path(signxml.__file__).parent / "xades" / "schemas" / "XAdES01903v132-201601.xsd"
        self._schema = etree.XMLSchema(etree.parse(path, etree.XMLParser(no_network=True)))

    def verify(
        self,
        document: bytes,
        certificate: x509.Certificate,
        *,
        at: datetime,
        files: Mapping[str, bytes] | None = None,
    ) -> JudgeResult:
        """Judge the signature and its properties with the key pinned, by the schema of XAdES 1.3.2, too."""
        tree = etree.fromstring(document, _parser())
        signature = next(tree.iter(f"{{{DSIG}}}Signature"))
        if why := _beyond_signxml(document, tree, signature):
            return JudgeResult(Verdict.CANNOT, f"signxml: {why}")
        properties = signature.find(f"{{{DSIG}}}Object/*")
        if properties is None or not self._schema.validate(properties):
            return JudgeResult(Verdict.INVALID, f"signxml: schema: {self._schema.error_log}")
        xades = self._signxml.xades
        config = xades.XAdESSignatureConfiguration(
            expect_references=len(signature.findall(f"{{{DSIG}}}SignedInfo/{{{DSIG}}}Reference")),
            verification_time=at,
            location=".//",
        )
        try:
            found = xades.XAdESVerifier().verify(
                document, x509_cert=certificate, expect_config=config, uri_resolver=(files or {}).get
            )
        except Exception as error:  # noqa: BLE001 - of many kinds
            return JudgeResult(Verdict.INVALID, f"signxml: {error!r}")
        return JudgeResult(Verdict.VALID, f"{len(found)} references")

    def sign(self, document: bytes, key: bytes, certificates: Sequence[x509.Certificate], **options: Any) -> bytes:
        """Sign by signxml at the machine's time, enveloped. `key` is PEM; `options` are the signer's."""
        root = etree.fromstring(document, _parser())
        chain = [one.public_bytes(Encoding.PEM).decode() for one in certificates]
        signed = self._signxml.xades.XAdESSigner(**options).sign(root, key=key, cert="".join(chain))
        return bytes(etree.tostring(signed, encoding="UTF-8"))


def _beyond_signxml(document: bytes, tree: etree._Element, signature: etree._Element) -> str:
    """What keeps signxml from judging the first signature; an empty text if nothing does."""
    if signature.prefix is None:
        return "undeclares the default namespace in SignedInfo"
    uris = [str(one.get("URI")) for one in signature.iter(f"{{{DSIG}}}Reference")]
    if any("%" in uri for uri in uris):
        return "does not decode percent-encoded fragments"
    if any(str(name).startswith(f"{{{XML}}}") for above in signature.iterancestors() for name in above.attrib):
        return "forgets inherited xml: attributes"
    outside = [one for side in (True, False) for one in tree.itersiblings(etree.PI, preceding=side)]
    if "" in uris and outside:
        return "forgets instructions around the root"
    named = (one for one in tree.iter(etree.Element) if {f"#{value}" for value in one.attrib.values()} & set(uris))
    if any((one.tail or "").strip(" \t\n") for one in named):
        return "takes text behind an element for a part of it"
    names = (name for one in tree.iter(etree.Element) for name in (one.tag, one.prefix or "", *one.attrib))
    if not all(str(name).isascii() for name in names):
        return "writes names of elements in ASCII"
    return ""


def end_certificate(signature: etree._Element) -> x509.Certificate:
    """The one certificate in KeyInfo that issued none of the others. Raises ValueError unless there is just one."""
    texts = [one.text or "" for one in signature.iterfind(f"{{{DSIG}}}KeyInfo//{{{DSIG}}}X509Certificate")]
    found = {x509.load_der_x509_certificate(base64.b64decode(text)) for text in texts}
    leaves = [one for one in found if not any(_issued(one, other) for other in found if other != one)]
    if len(leaves) != 1:
        raise ValueError(f"KeyInfo has {len(leaves)} end certificates, not one")
    return leaves[0]


def _issued(issuer: x509.Certificate, subject: x509.Certificate) -> bool:
    try:
        subject.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _parser() -> etree.XMLParser:
    return etree.XMLParser(no_network=True, resolve_entities=False, huge_tree=True)


def _id_options(tree: etree._Element, names: Sequence[str]) -> list[str]:
    """`--id-attr` for every element name that carries an Id: without a DTD, xmlsec1 knows none but xml:id."""
    wanted = set(names) - {"xml:id"}
    found = set()
    for element in tree.iter(etree.Element):
        for name in wanted.intersection(element.attrib):
            qualified = etree.QName(element)
            space = f"{qualified.namespace}:" if qualified.namespace else ""
            found.add((name, f"{space}{qualified.localname}"))
    return [part for name, element_name in sorted(found) for part in (f"--id-attr:{name}", element_name)]


def _openssl_result(done: subprocess.CompletedProcess[bytes], *, invalid: bytes) -> JudgeResult:
    output = done.stdout + done.stderr
    text = output.decode(errors="replace").strip()
    if done.returncode == 0:
        return JudgeResult(Verdict.VALID, text)
    return JudgeResult(Verdict.INVALID if re.search(invalid, output) else Verdict.ERROR, f"openssl: {text}")


@contextlib.contextmanager
def on_disk(document: bytes | Path) -> Iterator[Path]:
    """The document as a file: the one that was given, or a temporary one that holds the bytes."""
    if isinstance(document, Path):
        yield document.absolute()
        return
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "document.xml")
        path.write_bytes(document)
        yield path
