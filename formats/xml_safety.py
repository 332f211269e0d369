"""The one hardened XML parser: bytes in, a tree with one index of unique Ids out, or an error that says why not.

A DTD is refused before libxml2 sees it, so there are no entities, no default attributes and no Ids by declaration, and
no file is read. The document is decoded here and given to libxml2 as UTF-8: every platform reads the same characters.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast
from weakref import WeakKeyDictionary

from lxml import etree

from .errors import DuplicateIdError, MalformedDocumentError, UnsupportedDocumentError
from .source import Source

ID_ATTRIBUTES = ("id", "ID", "Id", "{http://www.w3.org/XML/1998/namespace}id")
"""What counts as an Id: one space for all of them, as in e-Tax (efiling-xml.md 1.1)."""

_IDENTIFIER = re.compile(r"(?:[A-Za-z0-9_.:-]|[^\x00-\x7f\s])+")

_BEGINNINGS = (
    # what the bytes begin with, how much of that is the byte order mark, the codec
    (codecs.BOM_UTF8, codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, codecs.BOM_UTF16_BE, "utf-16-be"),
    ("<?".encode("utf-16-le"), b"", "utf-16-le"),
    ("<?".encode("utf-16-be"), b"", "utf-16-be"),
)
_DECLARATION = re.compile(
    rb"""<\?xml\s+version\s*=\s*["'](?P<version>[^"']*)["'](?:\s+encoding\s*=\s*["'](?P<encoding>[A-Za-z0-9._-]+)["'])?"""
)
_DOCTYPE = re.compile(rb"(?>\s+|<\?.*?\?>|<!--.*?-->)*+<!DOCTYPE", re.DOTALL)
# libxml2 writes it without escaping it in canonical form (2.14); the JDK escapes it.
_AMPERSAND_IN_NAMESPACE = re.compile(rb"""xmlns[^\s=]*\s*=\s*(?:"[^"&]*&|'[^'&]*&)""")
_MARKUP = re.compile(rb"<[?!A-Za-z_:\x80-\xff]")
_CODECS = {
    # by names that every verifier knows: Python has more
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "us-ascii": "ascii",
    "iso-8859-1": "iso8859-1",
    "shift_jis": "shift_jis",
    "sjis": "shift_jis",
    "windows-31j": "cp932",
    "cp932": "cp932",
    "euc-jp": "euc_jp",
    "eucjp": "euc_jp",
}
# Decoders disagree on these characters of Shift_JIS and EUC-JP: yen or backslash, overline or tilde, the wave dash and
# its like, and what is no character to most. A signature over them would hold for one verifier and fail for another.
_DISPUTED = re.compile("[\\\\~¥‾‖∥〜～−－¢￠£￡¬￢—―…⋯¦￤\x80\uf8f0-\uf8f3]")


_roots: WeakKeyDictionary[Source, tuple[str, str] | None] = WeakKeyDictionary()
"""As `peek_root` found them: several adapters ask in turn."""


@dataclass(frozen=True, eq=False)
class XmlDocument:
    """A parsed document. `data` stays the truth: signatures are spliced into it, the tree is never written out."""

    data: bytes
    codec: str
    """Python's name of the encoding, without the byte order mark."""
    mark: bytes
    """The byte order mark that `data` begins with, or nothing."""
    utf8: bytes
    """The document in UTF-8 without a byte order mark; the same object as `data` where that is what it is."""
    root: etree._Element
    ids: Mapping[str, etree._Element]

    def offset(self, in_utf8: int) -> int:
        """The offset in `data` of an offset in `utf8` that stands before an ASCII character."""
        if self.codec in ("utf-8", "ascii"):
            return len(self.mark) + in_utf8
        before = self.utf8[:in_utf8].decode()
        offset = len(self.mark) + len(before.encode(self.codec))
        if self.data[len(self.mark) : offset].decode(self.codec) != before:
            raise UnsupportedDocumentError(reason="encoding-not-reversible", detail=self.codec)
        return offset

    def encode(self, text: str) -> bytes:
        """Text of ours in the document's encoding."""
        return text.encode(self.codec)

    def require_undisputed_characters(self) -> None:
        """Raise UnsupportedDocumentError where verifiers would decode the document differently; call before signing."""
        if self.codec in ("shift_jis", "cp932", "euc_jp") and (found := _DISPUTED.search(self.utf8.decode())):
            raise UnsupportedDocumentError(reason="disputed-character", detail=f"U+{ord(found[0]):04X}")


def parse(data: bytes) -> XmlDocument:
    """Parse a document of any size.

    Raises MalformedDocumentError where it is not well-formed XML 1.0 with namespaces, UnsupportedDocumentError for a
    DTD or an encoding that is not handled, DuplicateIdError where one Id stands twice.
    """
    codec, mark = _encoding(data)
    utf8 = data[len(mark) :] if mark else data
    if codec != "utf-8":
        try:
            utf8 = utf8.decode(codec).encode()
        except UnicodeError:
            raise MalformedDocumentError(reason="not-in-its-encoding", detail=codec, line=None) from None
    if _DOCTYPE.match(utf8):
        raise UnsupportedDocumentError(reason="dtd", detail="DOCTYPE")
    try:
        root = etree.fromstring(utf8, hardened_parser())
    except etree.XMLSyntaxError as error:
        raise MalformedDocumentError(reason="not-well-formed", detail=error.msg, line=error.lineno) from None
    if _AMPERSAND_IN_NAMESPACE.search(utf8) and any("&" in uri for e in root.iter() for uri in e.nsmap.values() if uri):
        raise UnsupportedDocumentError(reason="canonicalization", detail="& in the name of a namespace")
    return XmlDocument(data, codec, mark, utf8, root, _index(root))


def is_identifier(value: str) -> bool:
    """Whether an attribute's value can be an Id: a name, or what some issuers write, a name but for its first letter.

    Others, such as `xpointer(/)`, would not be read as Ids by everyone.
    """
    return _IDENTIFIER.fullmatch(value) is not None


def peek_root(source: Source) -> tuple[str, str] | None:
    """Namespace (or "") and local name of the root element, parsed no further than its tag; None if it is no XML."""
    if source not in _roots:
        _roots[source] = _root_of(source)
    return _roots[source]


def _root_of(source: Source) -> tuple[str, str] | None:
    if not begins_as_xml(source.head):
        return None
    data = source.read()
    pull = etree.XMLPullParser(events=("start",), encoding="utf-8", resolve_entities=False, no_network=True)
    found = None
    try:
        codec, mark = _encoding(data)
        decoder = codecs.getincrementaldecoder(codec)()
        for start in range(len(mark), len(data), 1024):  # mostly the root stands in the first kilobyte
            pull.feed(decoder.decode(data[start : start + 1024]).encode())
            if found := next(iter(pull.read_events()), None):
                break
        else:
            pull.close()
    except etree.XMLSyntaxError:
        pass  # malformed: what was read before that may still tell the root
    except (MalformedDocumentError, UnsupportedDocumentError, UnicodeError):
        return None
    found = found or next(iter(pull.read_events()), None)
    if found is None:
        return None
    # Not by QName, which refuses the name that an undeclared prefix leaves in the tree.
    namespace, _, local = str(cast("etree._Element", found[1]).tag).removeprefix("{").rpartition("}")
    return namespace, local


def begins_as_xml(data: bytes) -> bool:
    """Whether a file starts with markup, in any encoding that XML knows; it may still be far from well formed."""
    start = data[:1024].removeprefix(codecs.BOM_UTF8).lstrip(b"\xff\xfe\x00 \t\r\n").replace(b"\0", b"")
    return _MARKUP.match(start) is not None


def hardened_parser() -> etree.XMLParser:
    """The parser for text in UTF-8 that is known to have no DTD."""
    return etree.XMLParser(
        encoding="utf-8",  # overrides the declaration: the bytes are UTF-8 by now
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        dtd_validation=False,
        attribute_defaults=False,
        collect_ids=False,  # xml:id is ours to judge. With a DTD this would make libxml2 read the files that it names
        remove_blank_text=False,
        huge_tree=False,  # libxml2's own limits stay: 256 levels, 10 MB in one text node
    )


def _encoding(data: bytes) -> tuple[str, bytes]:
    """The codec and byte order mark, by appendix F of XML 1.0."""
    for beginning, mark, codec in _BEGINNINGS:
        if data.startswith(beginning):
            declaration = data[len(mark) : data.find(b">") + 2].decode(codec, "replace")
            declared = _declared(declaration.encode())
            if declared not in (None, codec, codec[:6]):  # plain UTF-16 may be either
                raise MalformedDocumentError(reason="encoding-contradicts-mark", detail=declared, line=1)
            return codec, mark
    return _declared(data) or "utf-8", b""


def _declared(head: bytes) -> str | None:
    """The codec that the XML declaration names; None where it names none."""
    declaration = _DECLARATION.match(head)
    if declaration is None:
        return None
    if declaration["version"] != b"1.0":
        raise UnsupportedDocumentError(reason="xml-version", detail=declaration["version"].decode(errors="replace"))
    if declaration["encoding"] is None:
        return None
    name = declaration["encoding"].decode()
    if name.lower() not in _CODECS:
        raise UnsupportedDocumentError(reason="encoding", detail=name)
    return _CODECS[name.lower()]


def _index(root: etree._Element) -> dict[str, etree._Element]:
    ids: dict[str, etree._Element] = {}
    for element in root.iter(etree.Element):
        for name, value in element.items():
            # Two Id attributes of one element may be equal: they mean the same.
            if (
                name in ID_ATTRIBUTES
                and is_identifier(str(value))
                and ids.setdefault(str(value), element) is not element
            ):
                raise DuplicateIdError(value=value)
    return ids
