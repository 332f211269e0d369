"""Where in the original bytes an element begins and ends, so that a signature can be spliced in and no more.

libxml2's tree does not remember byte offsets; expat, reading the same UTF-8, does.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.parsers import expat  # nosec B406 - reads only what the hardened parser has accepted: no DTD, no entities

from lxml import etree

from .xml_safety import XmlDocument


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
    """Read the document with expat; the element is found by its number in document order."""
    number = next(n for n, element in enumerate(document.root.iter(etree.Element)) if element is wanted)
    reader = expat.ParserCreate("UTF-8")
    open_elements: list[tuple[int, int]] = []
    edges: list[int] = []
    seen = 0

    def on_start(_name: str, _attributes: object) -> None:
        nonlocal seen
        open_elements.append((seen, reader.CurrentByteIndex))
        seen += 1

    def on_end(_name: str) -> None:
        order, start = open_elements.pop()
        if order == number:
            edges.extend((start, reader.CurrentByteIndex))

    reader.StartElementHandler = on_start
    reader.EndElementHandler = on_end
    reader.Parse(document.utf8, True)
    start, end = edges
    # For an empty-element tag expat gives the offset behind it, else that of the end tag.
    if not len(wanted) and not wanted.text and document.utf8[end - 2 : end] == b"/>":
        return _Extent(start, end, end)
    return _Extent(start, end, document.utf8.index(b">", end) + 1)
