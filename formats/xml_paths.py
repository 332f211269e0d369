"""Naming and comparing places in a tree: paths for people, containment, and what a set of elements leaves uncovered."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import cast

from lxml import etree

_XML = "http://www.w3.org/XML/1998/namespace"
_LIMIT = 50  # paths named at the most; a document made to flood the report gets no further


def path_of(element: etree._Element) -> str:
    """The path by local names, such as `/DATA/RSH0010`, with `[n]` where siblings share a name."""
    parts: list[str] = []
    current: etree._Element | None = element
    while current is not None:
        name, before = etree.QName(current).localname, _twins_before(current)
        more = before or next(current.itersiblings(current.tag), None) is not None
        parts.append(f"{name}[{before + 1}]" if more else name)
        current = current.getparent()
    return "/" + "/".join(reversed(parts))


def _twins_before(element: etree._Element) -> int:
    """How many siblings of the name stand before it; counted by libxml2, as there may be a million of them."""
    if next(element.itersiblings(element.tag, preceding=True), None) is None:
        return 0  # as mostly, and told without an expression to compile
    name = etree.QName(element)
    test, namespaces = (f"n:{name.localname}", {"n": name.namespace}) if name.namespace else (name.localname, None)
    return int(cast("float", element.xpath(f"count(preceding-sibling::{test})", namespaces=namespaces)))


def contains(outer: etree._Element, inner: etree._Element) -> bool:
    """Whether `inner` is `outer` or stands inside it."""
    current: etree._Element | None = inner
    while current is not None:
        if current is outer:
            return True
        current = current.getparent()
    return False


def uncovered_paths(
    parts: Iterable[etree._Element],
    covered: Collection[etree._Element],
    carriers: Mapping[etree._Element, Sequence[etree._Element]],
) -> tuple[str, ...]:
    """Paths of the outermost things in the parts and outside the covered elements: elements, attributes and text.

    `carriers` are elements that are reported otherwise (signatures); only what they carry is looked at. At most 50
    paths are named.
    """
    around = {ancestor for element in covered for ancestor in element.iterancestors()}
    paths: list[str] = []
    for path in chain.from_iterable(_uncovered(part, set(covered), carriers, around) for part in parts):
        if len(paths) == _LIMIT:
            paths.append("…")
            break
        paths.append(path)
    return tuple(paths)


def _uncovered(
    element: etree._Element,
    covered: set[etree._Element],
    carriers: Mapping[etree._Element, Sequence[etree._Element]],
    around: set[etree._Element],
) -> Iterator[str]:
    if element in covered:
        return
    if element in carriers:
        for carried in carriers[element]:
            yield from _uncovered(carried, covered, carriers, around)
        return
    if element not in around:
        yield path_of(element)
        return
    here = path_of(element)
    # An xml: attribute is inherited by the octets of what stands below it, and so covered.
    names = (etree.QName(str(name)) for name in element.attrib)
    yield from (f"{here}/@{name.localname}" for name in names if name.namespace != _XML)
    texts = [element.text, *(child.tail for child in element)]
    if any(text and text.strip() for text in texts):
        yield f"{here}/text()"
    for child in element.iterchildren(etree.Element):
        yield from _uncovered(child, covered, carriers, around)
