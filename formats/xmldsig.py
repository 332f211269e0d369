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
from itertools import count
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
        value = encoded_value(self.scheme, signature)
        original = memoryview(self.document)
        out.write(original[: self.splice.start])
        out.write(self.splice.before + self.head + value.encode(self.codec) + self.tail + self.splice.after)
        out.write(original[self.splice.end :])


@dataclass(frozen=True)
class WrittenReference:
    """One ds:Reference as it will be written."""

    uri: str
    digest: bytes
    transforms: tuple[str, ...]
    kind: str | None = None
    """Its Type."""
    identifier: str | None = None
    """Its Id."""


@dataclass(frozen=True, eq=False)
class Draft:
    """A Signature that is not written yet: where it will stand, what it covers, and by whose key."""

    document: XmlDocument
    parent: etree._Element
    writer: Writer
    scheme: str
    identifier: str
    references: tuple[WrittenReference, ...]
    key_info: str
    objects: str = ""
    """What it carries besides."""

    def apex(
        self, name: str, attributes: Mapping[str, str] | None = None, namespaces: Mapping[str | None, str] | None = None
    ) -> str:
        """The canonical start tag (C14N_10) of an element inside the Signature, as the apex of its subtree.

        `attributes` without namespace; `namespaces` are those that are declared between the Signature and it.
        """
        own = [(key.encode(), escape_attribute(value)) for key, value in (attributes or {}).items()]
        shown = {**self.parent.nsmap, **self.writer.namespaces, **(namespaces or {})}
        inherited = inherited_xml_attributes(self.parent, C14N_10)
        return start_tag(name.encode(), shown, own, inherited).decode()

    def prepared(self, *, last: bool = True) -> PreparedXml:
        """The Signature written, up to its value."""
        writer = self.writer
        inner = _signed_info_content(writer, self.scheme, self.references)
        name = writer.name("SignedInfo")
        head = writer.open_signature(self.identifier) + writer.element("SignedInfo", inner)
        head += f"<{writer.name('SignatureValue')}>"
        tail = f"</{writer.name('SignatureValue')}>{self.key_info}{self.objects}</{writer.name('Signature')}>"
        return PreparedXml(
            document=self.document.data,
            splice=last_child(self.document, self.parent),
            head=self.document.encode(head),
            tail=self.document.encode(tail),
            codec=self.document.codec,
            to_be_signed=f"{self.apex(name)}{inner}</{name}>".encode(),
            scheme=self.scheme,
            signature_id=self.identifier,
            last=last,
        )


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
    """Prepare a signature over the targets as the last child of `parent`. Raises what `draft_signature` does."""
    return draft_signature(document, parent, targets, identity, prefix=prefix, chain=chain).prepared(last=last)


def draft_signature(
    document: XmlDocument,
    parent: etree._Element,
    targets: Sequence[Target],
    identity: SigningIdentity,
    *,
    prefix: str | None,
    chain: Chain,
) -> Draft:
    """A signature over the targets as the last child of `parent`, not written yet.

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
    writer = Writer(prefix)
    return Draft(
        document=document,
        parent=parent,
        writer=writer,
        scheme=scheme,
        identifier=_fresh_id(document, digests, identity),
        references=tuple(
            WrittenReference(target.uri, digest, _transforms(target, parent))
            for target, digest in zip(targets, digests, strict=True)
        ),
        key_info=_key_info(writer, identity, chain),
    )


def encoded_value(scheme: str, signature: bytes) -> str:
    """The text of SignatureValue."""
    return base64.b64encode(xmldsig_value(scheme, signature)).decode()


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


def _transforms(target: Target, parent: etree._Element) -> tuple[str, ...]:
    if target.file is not None:
        return ()
    envelops = target.element is None or contains(target.element, parent)
    return (ENVELOPED, C14N_10) if envelops else (C14N_10,)


def _fresh_id(document: XmlDocument, digests: Iterable[bytes], identity: SigningIdentity) -> str:
    """An xsd:ID that no other begins with, says nothing about time or person, and comes out the same again."""
    seed = hashlib.sha256(b"".join(digests) + identity.certificate.fingerprint(hashes.SHA256())).hexdigest()[:16]
    taken = [name for name in document.ids if name.startswith(f"_{seed}")]
    names = (f"_{seed}{n or ''}" for n in count())
    return next(name for name in names if not any(one.startswith(name) for one in taken))


class Writer:
    """Elements of XML Signature in canonical form, with one prefix or none."""

    def __init__(self, prefix: str | None) -> None:
        self._prefix = prefix

    @property
    def namespaces(self) -> Mapping[str | None, str]:
        """What the Signature element declares."""
        return {self._prefix: DSIG}

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


def _signed_info_content(writer: Writer, scheme: str, references: Iterable[WrittenReference]) -> str:
    content = writer.method("CanonicalizationMethod", C14N_10)
    content += writer.method("SignatureMethod", SIGNATURE_METHODS[scheme])
    for reference in references:
        transforms = "".join(writer.method("Transform", algorithm) for algorithm in reference.transforms)
        listed = writer.element("Transforms", transforms) if transforms else ""
        digest = writer.method("DigestMethod", DIGEST_METHODS[hash_name(scheme)])
        digest += writer.element("DigestValue", base64.b64encode(reference.digest).decode())
        named = {"Id": reference.identifier, "Type": reference.kind, "URI": reference.uri}  # in canonical order
        attributes = {key: value for key, value in named.items() if value is not None}
        content += writer.element("Reference", listed + digest, attributes)
    return content


def _key_info(writer: Writer, identity: SigningIdentity, chain: Chain) -> str:
    certificates = [identity.certificate, *(identity.issuers if chain is Chain.FULL else ())]
    encoded = (base64.b64encode(c.public_bytes(serialization.Encoding.DER)).decode() for c in certificates)
    written = "".join(writer.element("X509Certificate", text) for text in encoded)
    return writer.element("KeyInfo", writer.element("X509Data", written))
