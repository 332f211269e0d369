"""Making an XML Signature: digests over the original tree, SignedInfo in its place, spliced into the original bytes.

SignedInfo is written in canonical form to begin with. As the apex of its subtree it additionally shows the namespaces
and `xml:` attributes in scope where the signature will stand; so the bytes to be signed are known without writing the
document first (Canonical XML 1.0, section 2.4; XMLDSig 1.1, section 4.4).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import quote

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import utils
from lxml import etree

from .base import SigningIdentity
from .c14n import (
    C14N_10,
    CanonicalXml,
    escape_attribute,
    inherited_xml_attributes,
    require_undisputed_inheritance,
    start_tag,
)
from .errors import ExternalFileError, TargetNotFoundError, WouldBreakSignatureError
from .profiles import Chain
from .signature_value import hash_name, scheme_for
from .xml_paths import contains
from .xml_safety import XmlDocument, is_identifier
from .xml_splice import Splice, last_child
from .xmldsig_algorithms import DIGEST_METHODS, DSIG, ENVELOPED, SIGNATURE_METHODS
from .xmldsig_reading import declared_targets

SIGNATURE = f"{{{DSIG}}}Signature"


@dataclass(frozen=True, eq=False)
class Target:
    """What one Reference covers: an element by its Id, the whole document, or a file by its bare name."""

    uri: str
    element: etree._Element | None = None
    file: bytes | None = None

    @classmethod
    def by_id(cls, identifier: str, element: etree._Element) -> Target:
        """The element with this Id, written `#` and percent-encoded. Raises TargetNotFoundError if that is no name."""
        if not is_identifier(identifier):
            raise TargetNotFoundError(reason="id-not-a-name", target=identifier)
        return cls("#" + quote(identifier, safe=":"), element)

    @classmethod
    def whole_document(cls) -> Target:
        """URI="": the document with its processing instructions, without comments (XMLDSig 1.1, 4.4.3.3)."""
        return cls("")

    @classmethod
    def of_file(cls, name: str, content: bytes) -> Target:
        """A file beside the document. Raises ExternalFileError unless the name is a bare ASCII one without blanks."""
        if not name.isascii() or name != quote(name, safe="") or name in ("", ".", ".."):
            raise ExternalFileError(name=name, reason="not-a-bare-name")
        return cls(name, file=content)


@dataclass(frozen=True)
class PreparedXml:
    """A document with a gap for the signature value; plain data, so that it can be pickled and carried elsewhere."""

    document: bytes
    splice: Splice
    head: bytes
    """The Signature element up to the value, in the document's encoding."""
    tail: bytes
    codec: str
    to_be_signed: bytes
    scheme: str
    signature_id: str
    last: bool = True

    def embed(self, signature: bytes, out: BinaryIO) -> None:
        """Write the document with the signature in its place; every other byte is the original's."""
        value = base64.b64encode(xmldsig_value(self.scheme, signature)).decode()
        original = memoryview(self.document)
        out.write(original[: self.splice.start])
        out.write(self.splice.before + self.head + value.encode(self.codec) + self.tail + self.splice.after)
        out.write(original[self.splice.end :])


def prepare_signature(
    document: XmlDocument,
    parent: etree._Element,
    targets: Sequence[Target],
    identity: SigningIdentity,
    *,
    prefix: str | None,
    chain: Chain,
    last: bool = True,
) -> PreparedXml:
    """Prepare a signature over the targets as the last child of `parent`.

    Raises WouldBreakSignatureError where an earlier signature covers the place, UnsupportedDocumentError for documents
    that verifiers would not read alike, or keys of a kind that XML Signature has no name for here.
    """
    document.require_undisputed_characters()
    for above in (parent, *(target.element.getparent() for target in targets if target.element is not None)):
        require_undisputed_inheritance(above)
    for place, covered in declared_targets(document):
        if covered is None or contains(covered, parent):
            raise WouldBreakSignatureError(place=place)
    scheme = scheme_for(identity.certificate)
    digests = _digests(document, targets, hash_name(scheme))
    writer = _Writer(prefix)
    inner = _signed_info_content(
        writer, scheme, [(t, d, _envelops(t, parent)) for t, d in zip(targets, digests, strict=True)]
    )
    namespaces: dict[str | None, str] = {**parent.nsmap, prefix: DSIG}
    inherited = inherited_xml_attributes(parent, C14N_10)
    to_be_signed = start_tag(writer.name("SignedInfo").encode(), namespaces, (), inherited) + inner.encode()
    to_be_signed += f"</{writer.name('SignedInfo')}>".encode()
    identifier = _fresh_id(document, digests, identity)
    head = writer.open_signature(identifier) + writer.element("SignedInfo", inner)
    head += f"<{writer.name('SignatureValue')}>"
    tail = f"</{writer.name('SignatureValue')}>{_key_info(writer, identity, chain)}</{writer.name('Signature')}>"
    return PreparedXml(
        document=document.data,
        splice=last_child(document, parent),
        head=document.encode(head),
        tail=document.encode(tail),
        codec=document.codec,
        to_be_signed=to_be_signed,
        scheme=scheme,
        signature_id=identifier,
        last=last,
    )


def xmldsig_value(scheme: str, signature: bytes) -> bytes:
    """SignatureValue octets: RSA as it is; ECDSA r and s side by side, each of the order's length (RFC 9231, 2.3.6)."""
    if not scheme.startswith("ecdsa"):
        return signature
    r, s = utils.decode_dss_signature(signature)
    length = _ORDER_BYTES[scheme]
    return r.to_bytes(length, "big") + s.to_bytes(length, "big")


_ORDER_BYTES = {"ecdsa-sha256": 32, "ecdsa-sha384": 48, "ecdsa-sha512": 66}


def _digests(document: XmlDocument, targets: Sequence[Target], algorithm: str) -> list[bytes]:
    """The digest of each target. What the rehearsal computed is kept with the document and not computed again."""

    def key(target: Target) -> tuple[str, object]:
        return algorithm, target.element if target.file is None else target.file

    missing = [target for target in targets if key(target) not in document.digests]
    canonical: CanonicalXml | None = None
    if any(target.file is None for target in missing):
        canonical = CanonicalXml(document.root, [t.element for t in missing if t.element is not None])
    for target in missing:
        digest = hashlib.new(algorithm)
        if canonical is None or target.file is not None:
            digest.update(target.file or b"")
        else:
            for octets in (
                canonical.document() if target.element is None else canonical.subtree(target.element, C14N_10)
            ):
                digest.update(octets)
        document.digests[key(target)] = digest.digest()
    return [document.digests[key(target)] for target in targets]


def _envelops(target: Target, parent: etree._Element) -> bool:
    if target.file is not None:
        return False
    return target.element is None or contains(target.element, parent)


def _fresh_id(document: XmlDocument, digests: Iterable[bytes], identity: SigningIdentity) -> str:
    """An xsd:ID, unique in the document, that says nothing about time or person and comes out the same again."""
    seed = hashlib.sha256(b"".join(digests) + identity.certificate.fingerprint(hashes.SHA256())).hexdigest()
    return next(name for n in range(len(document.ids) + 1) if (name := f"_{seed[:16]}{n or ''}") not in document.ids)


class _Writer:
    """Elements of XML Signature in canonical form, with one prefix or none."""

    def __init__(self, prefix: str | None) -> None:
        self._prefix = prefix

    def name(self, local: str) -> str:
        return f"{self._prefix}:{local}" if self._prefix else local

    def open_signature(self, identifier: str) -> str:
        declaration = f"xmlns:{self._prefix}" if self._prefix else "xmlns"
        return f'<{self.name("Signature")} {declaration}="{DSIG}" Id="{identifier}">'

    def element(self, local: str, content: str = "", attributes: Mapping[str, str] | None = None) -> str:
        written = "".join(f' {k}="{escape_attribute(v).decode()}"' for k, v in (attributes or {}).items())
        return f"<{self.name(local)}{written}>{content}</{self.name(local)}>"

    def method(self, local: str, uri: str) -> str:
        return self.element(local, attributes={"Algorithm": uri})


def _signed_info_content(writer: _Writer, scheme: str, references: Iterable[tuple[Target, bytes, bool]]) -> str:
    content = writer.method("CanonicalizationMethod", C14N_10)
    content += writer.method("SignatureMethod", SIGNATURE_METHODS[scheme])
    for target, digest, enveloped in references:
        transforms = "" if not enveloped else writer.method("Transform", ENVELOPED)
        if target.file is None:
            transforms = writer.element("Transforms", transforms + writer.method("Transform", C14N_10))
        digest_value = writer.element("DigestValue", base64.b64encode(digest).decode())
        method = writer.method("DigestMethod", DIGEST_METHODS[hash_name(scheme)])
        content += writer.element("Reference", transforms + method + digest_value, {"URI": target.uri})
    return content


def _key_info(writer: _Writer, identity: SigningIdentity, chain: Chain) -> str:
    certificates = [identity.certificate, *(identity.issuers if chain is Chain.FULL else ())]
    encoded = (base64.b64encode(c.public_bytes(serialization.Encoding.DER)).decode() for c in certificates)
    written = "".join(writer.element("X509Certificate", text) for text in encoded)
    return writer.element("KeyInfo", writer.element("X509Data", written))
