"""Where in the original bytes an element begins and ends, so that a signature can be spliced in and no more.

libxml2's tree does not remember byte offsets, so the tags are counted in the text. It is known to be well formed and
to have no DTD: that leaves comments, CDATA, instructions and tags. (A second parser might not agree with the first:
expat refuses names such as `項目１`, which the fifth edition of XML 1.0 allows.)
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

from .xml_safety import XmlDocument

_MARKUP = re.compile(
    rb"""<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>"""
    rb"""|(?P<end></[^>]*>)|(?P<start><[^"'>]*(?:"[^"]*"[^"'>]*|'[^']*'[^"'>]*)*>)""",
    re.DOTALL,
)


@dataclass(frozen=True)
class Splice:
    """Replace `data[start:end]` by `before` + something + `after`. Mostly an empty range and nothing around."""

    start: int
    end: int
    before: bytes = b""
    after: bytes = b""


@dataclass(frozen=True)
class _Extent:
    """Offsets of an element in the UTF-8 text."""

    start: int
    end_tag: int
    """Where the end tag begins; the same as `behind` for an empty-element tag."""
    behind: int


def last_child(document: XmlDocument, parent: etree._Element) -> Splice:
    """The place for a new last child of `parent`. An empty-element tag `<a/>` becomes `<a>` … `</a>`."""
    utf8 = document.utf8
    if parent is document.root and parent.getnext() is None and len(parent):
        # Nothing but white space follows the root: its end tag is the last one. It saves reading the return again.
        offset = document.offset(utf8.rindex(b"</"))
        return Splice(offset, offset)
    extent = _extent(document, parent)
    if extent.end_tag != extent.behind:
        offset = document.offset(extent.end_tag)
        return Splice(offset, offset)
    name = utf8[extent.start + 1 : extent.behind - 2].split(None, 1)[0].decode()
    slash = document.offset(extent.behind - 2)
    return Splice(slash, document.offset(extent.behind), document.encode(">"), document.encode(f"</{name}>"))


def cut_out(document: XmlDocument, element: etree._Element) -> bytes:
    """The element alone, in UTF-8, byte for byte as it stands in the document."""
    extent = _extent(document, element)
    return document.utf8[extent.start : extent.behind]


def _extent(document: XmlDocument, wanted: etree._Element) -> _Extent:
    """The element is found by its number in document order."""
    utf8 = document.utf8
    number = next(n for n, element in enumerate(document.root.iter(etree.Element)) if element is wanted)
    start = -1
    depth = 0  # of the tags open since the wanted one
    for token in _MARKUP.finditer(utf8):
        if token.lastgroup == "start":
            number -= 1
            empty = utf8.endswith(b"/>", 0, token.end())
            if number == -1 and empty:
                return _Extent(token.start(), token.end(), token.end())
            if number == -1:
                start = token.start()
            if number < 0 and not empty:
                depth += 1
        elif token.lastgroup == "end" and depth:
            depth -= 1
            if not depth:
                return _Extent(start, *token.span())
    raise AssertionError("a well-formed document closes its elements")
