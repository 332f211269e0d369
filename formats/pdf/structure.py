"""Finding things in a document to be signed: entries of dictionaries, its form, its pages. Never changes anything."""

from __future__ import annotations

from typing import Any

from pyhanko.pdf_utils import generic

from ..errors import MalformedDocumentError, TargetNotFoundError
from .reading import PdfDocument

_MAX_NODES = 1_000_000  # of the page tree, on the way to a page


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
