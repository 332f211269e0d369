"""Finding things in a document: entries of dictionaries, and its pages. Never changes anything."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pyhanko.pdf_utils import generic

from ..errors import MalformedDocumentError, TargetNotFoundError
from .reading import PdfDocument

_MAX_NODES = 1_000_000  # of the page tree, on the way to a page
_MAX_LEVELS = 100  # of the page tree, above a page


def entry(dictionary: generic.DictionaryObject, key: str, default: Any = None) -> Any:
    """What stands behind the key; null is nothing (ISO 32000-2, 7.3.7)."""
    value = dict.get(dictionary, key)
    value = None if value is None else value.get_object()
    return default if value is None or isinstance(value, generic.NullObject) else value


def dictionary(holder: generic.DictionaryObject, key: str) -> generic.DictionaryObject:
    """The dictionary behind the key, an empty one where there is none. Raises MalformedDocumentError."""
    value = entry(holder, key, generic.DictionaryObject())
    if not isinstance(value, generic.DictionaryObject):
        raise MalformedDocumentError(reason="pdf-entry-malformed", entry=key)
    return value


def array(holder: generic.DictionaryObject, key: str) -> generic.ArrayObject:
    """The array behind the key, an empty one where there is none. Raises MalformedDocumentError."""
    value = entry(holder, key, generic.ArrayObject())
    if not isinstance(value, generic.ArrayObject):
        raise MalformedDocumentError(reason="pdf-entry-malformed", entry=key)
    return value


def integer(holder: generic.DictionaryObject, key: str) -> int:
    """The integer behind the key, such as one of flags; 0 where there is none."""
    value = entry(holder, key)
    return value if isinstance(value, int) and not isinstance(value, generic.BooleanObject) else 0


def text(value: generic.PdfObject) -> str:
    """A text string, or what comes closest to it."""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def find_page(document: PdfDocument, number: int) -> generic.IndirectObject:
    """The page by its number from 0, or from the end by negative numbers (-1 is the last page).

    Raises TargetNotFoundError where there are not as many, MalformedDocumentError.
    """
    pages = dict.get(document.reader.root, "/Pages")
    total = integer(dictionary(document.reader.root, "/Pages"), "/Count")
    before = number if number >= 0 else total + number
    nodes: list[generic.PdfObject | None] = [pages]
    visited = 0
    while nodes and before >= 0:
        node, visited = nodes.pop(), visited + 1
        if not isinstance(node, generic.IndirectObject) or visited > _MAX_NODES:
            raise MalformedDocumentError(reason="pdf-pages", detail="/Kids")
        value = node.get_object()
        if not isinstance(value, generic.DictionaryObject):
            raise MalformedDocumentError(reason="pdf-pages", detail="/Kids")
        if "/Kids" not in value:
            if before == 0:
                return node
            before -= 1
        elif 0 < integer(value, "/Count") <= before:
            before -= integer(value, "/Count")  # the page is not in this branch
        else:
            nodes.extend(reversed(list(list.__iter__(array(value, "/Kids")))))
    raise TargetNotFoundError(reason="pdf-page", target=number + (number >= 0), pages=total)


def visible_area(page: generic.DictionaryObject) -> tuple[float, float, float, float]:
    """What a page shows: left, bottom, right and top of the crop box within the media box (14.11.2).

    Raises MalformedDocumentError where there is no proper media box.
    """
    media = _box(page, "/MediaBox")
    if media is None:
        raise MalformedDocumentError(reason="pdf-pages", detail="/MediaBox")
    crop = _box(page, "/CropBox") or media
    return max(media[0], crop[0]), max(media[1], crop[1]), min(media[2], crop[2]), min(media[3], crop[3])


def _box(page: generic.DictionaryObject, key: str) -> tuple[float, float, float, float] | None:
    """A rectangle that a page has, or inherits from the tree above it (7.7.3.4)."""
    node = page
    for _ in range(_MAX_LEVELS):
        corners = [item.get_object() for item in list.__iter__(array(node, key))]
        if len(corners) == 4 and all(isinstance(corner, int | float | Decimal) for corner in corners):
            x1, y1, x2, y2 = map(float, corners)
            return min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)
        if corners or "/Parent" not in node:
            return None
        node = dictionary(node, "/Parent")
    return None
