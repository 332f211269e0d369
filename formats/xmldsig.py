"""Making an XML Signature: digests over the original tree, SignedInfo in its place, spliced into the original bytes.

SignedInfo is written in canonical form to begin with. As the apex of its subtree it additionally shows the namespaces
and `xml:` attributes in scope where the signature will stand; so the bytes to be signed are known without writing the
document first (Canonical XML 1.0, section 2.4; XMLDSig 1.1, section 4.4).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import BinaryIO
from urllib.parse import quote

from lxml import etree

from .base import Outline, SigningIdentity
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
from .source import Source
from .xml_paths import contains
from .xml_safety import XmlDocument, is_identifier
from .xml_splice import Splice, last_child
from .xmldsig_algorithms import DSIG, ENVELOPED
from .xmldsig_reading import declared_targets
from .xmldsig_writing import Writer, WrittenReference, encoded_value, key_info, signed_info_content

SIGNATURE = f"{{{DSIG}}}Signature"
_LIKE_OURS = re.compile("_[0-9a-f]{16}")


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
    outline: Outline | None = None
    """What another signer of the same document needs not do again; None for an inner signature."""

    def embed(self, signature: bytes, out: BinaryIO) -> None:
        """Write the document with the signature in its place; every other byte is the original's."""
        value = encoded_value(self.scheme, signature)
        original = memoryview(self.document)
        out.write(original[: self.splice.start])
        out.write(self.splice.before + self.head + value.encode(self.codec) + self.tail + self.splice.after)
        out.write(original[self.splice.end :])


@dataclass(frozen=True)
class XmlOutline:
    """A Signature but for its signer: where it will stand, what it covers. Small plain data, without the document."""

    splice: Splice
    codec: str
    namespaces: Mapping[str | None, str]
    """In scope where the Signature will stand."""
    inherited: Mapping[str, bytes]
    """The `xml:` attributes in scope there, as `inherited_xml_attributes` gives them."""
    ids: tuple[str, ...]
    """Those of the document that look like one of ours."""
    hash_name: str
    references: tuple[WrittenReference, ...]
    prefix: str | None
    chain: Chain

    def fits(self, identity: SigningIdentity) -> bool:
        """Whether the signer's key goes with the digests."""
        return hash_name(scheme_for(identity.certificate)) == self.hash_name

    def prepared(self, source: Source, identity: SigningIdentity) -> PreparedXml | None:
        """As `prepare` of the adapter; None for a key that wants other digests."""
        return self.draft(source.read(), identity).prepared() if self.fits(identity) else None

    def draft(self, data: bytes, identity: SigningIdentity) -> Draft:
        """With the signer."""
        return Draft(
            data=data,
            outline=self,
            writer=Writer(self.prefix),
            scheme=scheme_for(identity.certificate),
            identifier=self._fresh_id(identity),
            references=self.references,
            key_info=key_info(Writer(self.prefix), identity, self.chain),
        )

    def _fresh_id(self, identity: SigningIdentity) -> str:
        """An xsd:ID that no other begins with, says nothing about time or person, and comes out the same again."""
        digests = b"".join(reference.digest for reference in self.references)
        seed = hashlib.sha256(digests + identity.fingerprint).hexdigest()[:16]
        taken = [name for name in self.ids if name.startswith(f"_{seed}")]
        names = (f"_{seed}{n or ''}" for n in count())
        return next(name for name in names if not any(one.startswith(name) for one in taken))


@dataclass(frozen=True, eq=False)
class Draft:
    """A Signature that is not written yet: where it will stand, what it covers, and by whose key."""

    data: bytes
    outline: XmlOutline
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
        shown = {**self.outline.namespaces, **self.writer.namespaces, **(namespaces or {})}
        return start_tag(name.encode(), shown, own, self.outline.inherited).decode()

    def prepared(self) -> PreparedXml:
        """The Signature written, up to its value."""
        writer, codec = self.writer, self.outline.codec
        inner = signed_info_content(writer, self.scheme, self.references)
        name = writer.name("SignedInfo")
        head = writer.open_signature(self.identifier) + writer.element("SignedInfo", inner)
        head += f"<{writer.name('SignatureValue')}>"
        tail = f"</{writer.name('SignatureValue')}>{self.key_info}{self.objects}</{writer.name('Signature')}>"
        return PreparedXml(
            document=self.data,
            splice=self.outline.splice,
            head=head.encode(codec),
            tail=tail.encode(codec),
            codec=codec,
            to_be_signed=f"{self.apex(name)}{inner}</{name}>".encode(),
            scheme=self.scheme,
            signature_id=self.identifier,
            outline=self.outline,
        )


def prepare_signature(
    document: XmlDocument,
    parent: etree._Element,
    targets: Sequence[Target],
    identity: SigningIdentity,
    *,
    prefix: str | None,
    chain: Chain,
) -> PreparedXml:
    """Prepare a signature over the targets as the last child of `parent`. Raises what `outline_signature` does."""
    outline = outline_signature(document, parent, targets, identity, prefix=prefix, chain=chain)
    return outline.draft(document.data, identity).prepared()


def outline_signature(
    document: XmlDocument,
    parent: etree._Element,
    targets: Sequence[Target],
    identity: SigningIdentity,
    *,
    prefix: str | None,
    chain: Chain,
) -> XmlOutline:
    """A signature over the targets as the last child of `parent`, by a key such as that of `identity`.

    Raises WouldBreakSignatureError where an earlier signature covers the place, UnsupportedDocumentError for documents
    that verifiers would not read alike, or keys of a kind that XML Signature has no name for here.
    """
    document.require_undisputed_characters()
    for above in (parent, *(target.element.getparent() for target in targets if target.element is not None)):
        require_undisputed_inheritance(above)
    for place, covered in declared_targets(document):
        if covered is None or contains(covered, parent):
            raise WouldBreakSignatureError(place=place)
    algorithm = hash_name(scheme_for(identity.certificate))
    return XmlOutline(
        splice=last_child(document, parent),
        codec=document.codec,
        namespaces=dict(parent.nsmap),
        inherited=inherited_xml_attributes(parent, C14N_10),
        ids=tuple(name for name in document.ids if _LIKE_OURS.match(name)),
        hash_name=algorithm,
        references=tuple(
            WrittenReference(target.uri, digest, _transforms(target, parent))
            for target, digest in zip(targets, _digests(document, targets, algorithm), strict=True)
        ),
        prefix=prefix,
        chain=chain,
    )


def _digests(document: XmlDocument, targets: Sequence[Target], algorithm: str) -> list[bytes]:
    elements = [target.element for target in targets if target.element is not None]
    canonical = None
    if any(target.file is None for target in targets):
        canonical = CanonicalXml(document.root, elements)
    found = []
    for target in targets:
        digest = hashlib.new(algorithm, target.file or b"")
        if canonical is not None and target.file is None:
            of = target.element
            for octets in canonical.document() if of is None else canonical.subtree(of, C14N_10):
                digest.update(octets)
        found.append(digest.digest())
    return found


def _transforms(target: Target, parent: etree._Element) -> tuple[str, ...]:
    if target.file is not None:
        return ()
    envelops = target.element is None or contains(target.element, parent)
    return (ENVELOPED, C14N_10) if envelops else (C14N_10,)
