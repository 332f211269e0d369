"""Canonical octets (Canonical XML 1.0, 1.1 and Exclusive) of any element of a document, from its original tree.

lxml canonicalises a whole document correctly, but a subelement wrongly (a false `xmlns=""`, lessons.md). So the whole
document is canonicalised once, with processing instructions as bookmarks around the elements of interest, and the
octets of an element are cut out. Only its start tag has to be rendered anew: as the apex of a subtree it shows every
namespace in scope and inherits the `xml:` attributes of its ancestors (Canonical XML 1.0, section 2.4).
"""

from __future__ import annotations

import re
import secrets
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import cast

from lxml import etree

from .errors import UnsupportedDocumentError
from .xml_safety import hardened_parser

C14N_10 = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
C14N_11 = "http://www.w3.org/2006/12/xml-c14n11"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"

_XML = "http://www.w3.org/XML/1998/namespace"
_START_TAG = re.compile(rb'<([^\s/>]+)((?: [^\s=]+="[^"]*")*)>')
_ATTRIBUTE = re.compile(rb' ([^\s=]+)="([^"]*)"')
_DECLARES = re.compile(rb"xmlns(:|$)")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", '"': "&quot;", "\t": "&#x9;", "\n": "&#xA;", "\r": "&#xD;"})
_BOOKMARK = re.compile(rb"<\?bookmark-([0-9a-f]{32}) (\d+) (start|end)\?>")

Octets = Iterator[bytes | memoryview]
Span = tuple[int, int]


class CanonicalXml:
    """The canonical form of one document, ready to give the octets of chosen elements.

    Comments are left out throughout: a same-document reference never contains them (XMLDSig 1.1, 4.4.3.3).
    Raises UnsupportedDocumentError where libxml2 cannot canonicalise, as with relative namespace names.
    """

    def __init__(self, root: etree._Element, elements: Iterable[etree._Element]) -> None:
        inner = [element for element in elements if element is not root]
        with_bookmarks = _Bookmarks(inner)
        self._octets = memoryview(with_bookmarks.around(lambda: _canonicalise(root.getroottree())))
        self._cuts, self._spans = with_bookmarks.find(self._octets)
        start, behind = (_length_of_instructions(root, before=side) for side in (True, False))
        self._spans[root] = (start, len(self._octets) - behind)

    def document(self, *, without: etree._Element | None = None) -> Octets:
        """The whole document, with one of the chosen elements left out if asked (the enveloped-signature transform)."""
        omitted = self._spans[without] if without is not None else None
        return _pieces(self._octets, (0, len(self._octets)), self._cuts, omitted)

    def subtree(self, element: etree._Element, algorithm: str, *, without: etree._Element | None = None) -> Octets:
        """One of the chosen elements as the apex of a document subset, by C14N_10 or C14N_11."""
        start, end = self._spans[element]
        tag = _START_TAG.match(self._octets, start)
        if tag is None:  # pragma: no cover - libxml2 always writes this form
            raise UnsupportedDocumentError(reason="canonicalization", detail="start tag")
        own = [(name, value) for name, value in _ATTRIBUTE.findall(tag[2]) if not _DECLARES.match(name)]
        inherited = inherited_xml_attributes(element.getparent(), algorithm)
        yield start_tag(tag[1], element.nsmap, own, inherited)
        omitted = self._spans[without] if without is not None else None
        yield from _pieces(self._octets, (tag.end(), end), self._cuts, omitted)


def start_tag(
    name: bytes,
    namespaces: Mapping[str | None, str],
    attributes: Iterable[tuple[bytes, bytes]],
    inherited: Mapping[str, bytes],
) -> bytes:
    """The canonical start tag of an apex. Attribute values are canonical; own attributes hide inherited ones."""
    shown = {prefix or "": uri for prefix, uri in namespaces.items() if uri and prefix != "xml"}
    keyed = {_attribute_key(attribute, namespaces): (attribute, value) for attribute, value in attributes}
    for local, value in inherited.items():
        keyed.setdefault((_XML, local), (b"xml:" + local.encode(), value))
    parts = [b"<", name]
    for prefix, uri in sorted(shown.items()):
        parts += [b" xmlns", b":" if prefix else b"", prefix.encode(), b'="', escape_attribute(uri), b'"']
    for _, (attribute, value) in sorted(keyed.items()):
        parts += [b" ", attribute, b'="', value, b'"']
    return b"".join([*parts, b">"])


def inherited_xml_attributes(parent: etree._Element | None, algorithm: str) -> dict[str, bytes]:
    """The `xml:` attributes that an apex below `parent` inherits, nearest first, by local name, values escaped.

    Canonical XML 1.1 inherits only xml:lang and xml:space, and would have to join xml:base values, which is refused.
    """
    found: dict[str, bytes] = {}
    while parent is not None:
        for name, value in parent.attrib.items():
            text = str(name)
            if text.startswith("{" + _XML + "}"):
                found.setdefault(text[len(_XML) + 2 :], escape_attribute(str(value)))
        parent = parent.getparent()
    if algorithm == C14N_11:
        if "base" in found:
            raise UnsupportedDocumentError(reason="canonicalization", detail="xml:base with Canonical XML 1.1")
        found = {local: value for local, value in found.items() if local in ("lang", "space")}
    return found


def require_undisputed_inheritance(parent: etree._Element | None) -> None:
    """Raise UnsupportedDocumentError where verifiers differ on what is inherited below `parent`; call before signing.

    Of an `xml:` attribute on several ancestors, Canonical XML 1.0 inherits the nearest and the JDK the outermost.
    """
    seen: dict[str, str] = {}
    while parent is not None:
        for name, value in parent.attrib.items():
            if str(name).startswith("{" + _XML + "}") and seen.setdefault(str(name), str(value)) != value:
                detail = f"xml:{etree.QName(str(name)).localname} differs on the elements around"
                raise UnsupportedDocumentError(reason="canonicalization", detail=detail)
        parent = parent.getparent()


def escape_attribute(value: str) -> bytes:
    """An attribute value as Canonical XML 1.0, section 2.3, writes it."""
    return value.translate(_ESCAPES).encode()


def exclusive_octets(
    source: etree._Element | etree._ElementTree, prefixes: Iterable[str], *, without: etree._Element | None = None
) -> Octets:
    """Exclusive Canonical XML 1.0 of an element or a whole document, with its InclusiveNamespaces PrefixList.

    A subtree is written out with the namespaces in scope and parsed again, so that it can be canonicalised as a whole
    document; exclusive canonicalisation asks for nothing else of the ancestors.
    """
    bookmarks = _Bookmarks([] if without is None else [without])
    names = list(prefixes)
    if "#default" in names:
        # lxml passes on only what its dictionary of names holds, and drops this one unless it has been seen.
        etree.fromstring(b'<name xmlns="#default"/>')
    written = bookmarks.around(lambda: etree.tostring(source, encoding="UTF-8", with_tail=False))
    alone = etree.fromstring(written, hardened_parser())
    octets = memoryview(_canonicalise(alone.getroottree(), exclusive=True, prefixes=names))
    cuts, spans = bookmarks.find(octets)
    return _pieces(octets, (0, len(octets)), cuts, spans[without] if without is not None else None)


class _Bookmarks:
    """Processing instructions around elements, there only while something is written out."""

    def __init__(self, elements: list[etree._Element]) -> None:
        self._elements = elements
        self._token = secrets.token_hex(16)  # unguessable, so that no document can contain the bookmarks

    def around(self, write: Callable[[], bytes]) -> bytes:
        """What `write` gives while the bookmarks stand in the tree, which is then as before."""
        target = f"bookmark-{self._token}"
        for number, element in enumerate(self._elements):
            end = etree.ProcessingInstruction(target, f"{number} end")
            end.tail, element.tail = element.tail, None
            element.addnext(end)
            element.addprevious(etree.ProcessingInstruction(target, f"{number} start"))
        try:
            return write()
        finally:
            for element in self._elements:
                parent, before, behind = element.getparent(), element.getprevious(), element.getnext()
                if parent is None or before is None or behind is None:  # pragma: no cover - they were put there above
                    raise AssertionError("bookmarks gone")
                element.tail, behind.tail = behind.tail, None
                parent.remove(behind)
                parent.remove(before)

    def find(self, octets: memoryview) -> tuple[list[Span], dict[etree._Element, Span]]:
        """Where the bookmarks themselves stand in the output, and the span of each element."""
        cuts: list[Span] = []
        edges: dict[tuple[int, bytes], int] = {}
        for mark in _BOOKMARK.finditer(octets):
            token, number, side = mark.groups()
            if token == self._token.encode():
                cuts.append(mark.span())
                edges[int(number), side] = mark.end() if side == b"start" else mark.start()
        spans = {element: (edges[n, b"start"], edges[n, b"end"]) for n, element in enumerate(self._elements)}
        return cuts, spans


def _canonicalise(tree: etree._ElementTree, *, exclusive: bool = False, prefixes: list[str] | None = None) -> bytes:
    try:
        return etree.tostring(
            tree, method="c14n", exclusive=exclusive, with_comments=False, inclusive_ns_prefixes=prefixes or None
        )
    except etree.C14NError as error:
        raise UnsupportedDocumentError(reason="canonicalization", detail=str(error)) from None


def _length_of_instructions(root: etree._Element, *, before: bool) -> int:
    """How many octets the processing instructions outside the root take, each with its line feed."""
    length = 0
    for sibling in root.itersiblings(etree.ProcessingInstruction, preceding=before):
        instruction = cast("etree._ProcessingInstruction", sibling)
        data = f" {instruction.text}" if instruction.text else ""
        length += len(f"<?{instruction.target!s}{data}?>\n".encode())
    return length


def _pieces(octets: memoryview, span: Span, cuts: list[Span], omitted: Span | None) -> Octets:
    """The octets of a span, less the bookmarks and one omitted element; no copy is made."""
    position, end = span
    holes = cuts[bisect_left(cuts, (position,)) : bisect_left(cuts, (end,))]
    if omitted is not None:
        holes = [hole for hole in holes if not (omitted[0] <= hole[0] and hole[1] <= omitted[1])]
        holes.append(omitted)
    for start, stop in sorted(holes):
        yield octets[position:start]
        position = stop
    yield octets[position:end]


def _attribute_key(name: bytes, namespaces: Mapping[str | None, str]) -> tuple[str, str]:
    """Sort key of an attribute: namespace name, then local name (Canonical XML 1.0, section 2.2)."""
    prefix, colon, local = name.decode().partition(":")
    if not colon:
        return "", prefix
    return (_XML if prefix == "xml" else namespaces[prefix]), local
