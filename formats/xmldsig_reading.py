"""Reading a Signature element strictly into plain values, or refusing it with a verdict.

Only what XML Signature 1.1 names may stand in it, in its order; algorithms come from an allow list. Nothing here says
that a signature is good.
"""

from __future__ import annotations

import base64
import binascii
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from cryptography import x509
from lxml import etree

from .c14n import C14N_10, C14N_11, EXCLUSIVE
from .verdict import RefusedSignatureError, SubIndication
from .xml_paths import path_of
from .xml_safety import XmlDocument
from .xmldsig_algorithms import DSIG, DSIG_11, ENVELOPED, HASH_BY_URI, SCHEME_BY_URI, WEAK

MAX_REFERENCES = 100
MAX_CERTIFICATES = 20
_NO_WHITE_SPACE = str.maketrans("", "", " \t\r\n")
# With comments or without: no reference contains comments, and SignedInfo may hold none.
_CANONICALIZATIONS = {
    algorithm + suffix: algorithm
    for algorithm, comments in ((C14N_10, "#WithComments"), (C14N_11, "#WithComments"), (EXCLUSIVE, "WithComments"))
    for suffix in ("", comments)
}


@dataclass(frozen=True)
class Canonicalization:
    """A canonicalisation algorithm (comments never matter) and the PrefixList of the exclusive one."""

    algorithm: str
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reference:
    """One ds:Reference: where it points, what is done to it, and the digest that is claimed."""

    uri: str
    enveloped: bool
    canonicalization: Canonicalization | None
    hash_name: str
    digest: bytes
    kind: str | None = None
    """Its Type, which says what it points to."""
    name: str | None = None
    """Its own Id."""

    @property
    def identifier(self) -> str | None:
        """The Id of a same-document reference, percent-decoded; None for the whole document and for files."""
        return unquote(self.uri[1:]) if self.uri.startswith("#") else None


@dataclass(frozen=True, eq=False)
class ResolvedReference:
    """A reference and what it points to: an element, the whole document (both None) or a file."""

    reference: Reference
    element: etree._Element | None = None
    file: bytes | None = None

    @property
    def path(self) -> str:
        """What it covers, as shown to people."""
        if self.is_whole_document:
            return "/"
        return self.reference.uri if self.element is None else path_of(self.element)

    @property
    def is_whole_document(self) -> bool:
        """Whether it covers everything; nothing else stands for that."""
        return self.element is None and self.file is None


@dataclass(frozen=True, eq=False)
class SignatureElement:
    """A ds:Signature, read."""

    element: etree._Element
    signed_info: etree._Element
    value_element: etree._Element
    key_info: etree._Element | None
    objects: tuple[etree._Element, ...]
    signature_id: str | None
    canonicalization: Canonicalization
    scheme: str
    references: tuple[Reference, ...]
    value: bytes
    certificates: tuple[x509.Certificate, ...]

    @property
    def weak(self) -> bool:
        """Whether SHA-1 is used anywhere in it."""
        return self.scheme in WEAK or any(reference.hash_name in WEAK for reference in self.references)


def read_signature(element: etree._Element) -> SignatureElement:
    """Read one ds:Signature. Raises RefusedSignatureError."""
    children = Children(element)
    signed_info = children.take("SignedInfo")
    value_element = children.take("SignatureValue")
    key_info = children.take_if("KeyInfo")
    objects = tuple(children.take_all("Object"))
    children.finish()
    if next(signed_info.iter(etree.Comment, etree.ProcessingInstruction), None) is not None:
        raise malformed("comment-or-instruction", signed_info)
    parts = Children(signed_info)
    canonicalization = read_canonicalization(parts.take("CanonicalizationMethod"))
    scheme = _named(parts.take("SignatureMethod"), SCHEME_BY_URI)
    references = [_reference(parts.take("Reference"))]
    while (reference := parts.take_if("Reference")) is not None:
        references.append(_reference(reference))
        if len(references) > MAX_REFERENCES:
            raise malformed("too-many-references", signed_info)
    parts.finish()
    return SignatureElement(
        element=element,
        signed_info=signed_info,
        value_element=value_element,
        key_info=key_info,
        objects=objects,
        signature_id=element.get("Id"),
        canonicalization=canonicalization,
        scheme=scheme,
        references=tuple(references),
        value=octets_of(value_element),
        certificates=_certificates(key_info),
    )


def declared_targets(document: XmlDocument) -> Iterator[tuple[str, etree._Element | None]]:
    """What the signatures already in a document say they cover: place of the signature, and element (None: all of it).

    Reads as little as possible: it serves to warn before signing, not to verify.
    """
    for signature in document.root.iter(f"{{{DSIG}}}Signature"):
        for reference in signature.iterfind(f"{{{DSIG}}}SignedInfo/{{{DSIG}}}Reference"):
            uri = reference.get("URI")
            if uri == "":
                yield path_of(signature), None
            elif uri and uri.startswith("#") and (target := document.ids.get(unquote(uri[1:]))) is not None:
                yield path_of(signature), target


def baggage(signature: etree._Element) -> list[etree._Element]:
    """What a Signature carries besides what makes it one: its Objects, and a KeyInfo in which strange elements stand.

    The signature covers them only where a reference of its own does.
    """
    found = signature.findall(f"{{{DSIG}}}Object")
    for key_info in signature.iterfind(f"{{{DSIG}}}KeyInfo"):
        names = [etree.QName(element) for element in key_info.iter(etree.Element)]
        if any(name.namespace not in (DSIG, DSIG_11) or name.localname == "Object" for name in names):
            found.append(key_info)
    return found


class Children:
    """The element children of an element, taken one by one in the order that the schema gives."""

    def __init__(self, parent: etree._Element, namespace: str = DSIG) -> None:
        self._parent = parent
        self._namespace = namespace
        self._left: deque[etree._Element] = deque()  # millions may stand there
        texts = [parent.text]
        for child in parent:
            texts.append(child.tail)
            if not isinstance(child, etree._Comment | etree._ProcessingInstruction):
                self._left.append(child)
        if any(text and text.strip() for text in texts):
            raise malformed("stray-text", parent)

    def take(self, local: str, namespace: str | None = None) -> etree._Element:
        child = self.take_if(local, namespace)
        if child is None:
            raise malformed("missing-element", self._parent, missing=local)
        return child

    def take_if(self, local: str, namespace: str | None = None) -> etree._Element | None:
        if self._left and self._left[0].tag == f"{{{namespace or self._namespace}}}{local}":
            return self._left.popleft()
        return None

    def take_all(self, local: str) -> Iterator[etree._Element]:
        while (child := self.take_if(local)) is not None:
            yield child

    def rest(self) -> list[etree._Element]:
        """All that are left, whatever they are."""
        left = list(self._left)
        self._left.clear()
        return left

    def finish(self) -> None:
        if self._left:
            raise malformed("unexpected-element", self._left[0])


def _reference(element: etree._Element) -> Reference:
    uri = element.get("URI")
    if uri is None:
        raise malformed("reference-without-uri", element)
    children = Children(element)
    enveloped, canonicalization = _transforms(children.take_if("Transforms"))
    hash_name, digest = read_digest(children)
    children.finish()
    return Reference(uri, enveloped, canonicalization, hash_name, digest, element.get("Type"), element.get("Id"))


def read_digest(children: Children) -> tuple[str, bytes]:
    """DigestMethod and DigestValue: the hash by Python's name, and its value. Raises RefusedSignatureError."""
    hash_name = _named(children.take("DigestMethod", DSIG), HASH_BY_URI)
    return hash_name, octets_of(children.take("DigestValue", DSIG))


def _transforms(element: etree._Element | None) -> tuple[bool, Canonicalization | None]:
    """At most the enveloped-signature transform and then one canonicalisation. XSLT, XPath and the rest are refused."""
    if element is None:
        return False, None
    children = Children(element)
    transforms = [children.take("Transform")]
    while (transform := children.take_if("Transform")) is not None:
        transforms.append(transform)
    children.finish()
    enveloped = transforms[0].get("Algorithm") == ENVELOPED and not len(transforms[0])
    rest = transforms[1:] if enveloped else transforms
    if len(rest) > 1:
        raise malformed("transform-after-canonicalization", element)
    return enveloped, read_canonicalization(rest[0]) if rest else None


def read_canonicalization(element: etree._Element) -> Canonicalization:
    """A canonicalisation method. Raises RefusedSignatureError."""
    algorithm = _named(element, _CANONICALIZATIONS, allow_children=True)
    inclusive = list(element)
    if not inclusive:
        return Canonicalization(algorithm)
    if algorithm != EXCLUSIVE or len(inclusive) != 1 or inclusive[0].tag != f"{{{EXCLUSIVE}}}InclusiveNamespaces":
        raise malformed("unexpected-element", element)
    return Canonicalization(algorithm, tuple(inclusive[0].get("PrefixList", "").split()))


def _named(element: etree._Element, known: dict[str, str], *, allow_children: bool = False) -> str:
    """Our name of the algorithm. A signature algorithm or digest outside the list is a weak or unknown cryptography."""
    uri = element.get("Algorithm", "")
    if uri not in known:
        transform = known is _CANONICALIZATIONS
        sub_indication = SubIndication.FORMAT_FAILURE if transform else SubIndication.CRYPTO_CONSTRAINTS_FAILURE
        reason = "transform-refused" if transform else "algorithm-refused"
        raise RefusedSignatureError(sub_indication, reason, algorithm=uri)
    if len(element) and not allow_children:
        raise malformed("unexpected-element", element)
    return known[uri]


def octets_of(element: etree._Element) -> bytes:
    """Base64 text. White space, and the carriage returns that Java on Windows leaves as `&#13;`, are not part of it."""
    if len(element):
        raise malformed("unexpected-element", element)
    try:
        return base64.b64decode((element.text or "").translate(_NO_WHITE_SPACE), validate=True)
    except (binascii.Error, ValueError):
        raise malformed("not-base64", element) from None


def _certificates(key_info: etree._Element | None) -> tuple[x509.Certificate, ...]:
    """The X509Certificate elements of all X509Data. Other ways to name a key are passed over: they prove nothing."""
    if key_info is None:
        return ()
    found = key_info.findall(f"{{{DSIG}}}X509Data/{{{DSIG}}}X509Certificate")
    if len(found) > MAX_CERTIFICATES:
        raise malformed("too-many-certificates", key_info)
    try:
        return tuple(_certificate(octets_of(element)) for element in found)
    except ValueError:
        raise malformed("certificate-unreadable", key_info) from None


@lru_cache(maxsize=32)  # a folder of documents has few signers
def _certificate(data: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(data)


def malformed(reason: str, element: etree._Element, **facts: object) -> RefusedSignatureError:
    """The refusal of a signature that has not the structure it must have."""
    return RefusedSignatureError(SubIndication.FORMAT_FAILURE, reason, place=path_of(element), **facts)
