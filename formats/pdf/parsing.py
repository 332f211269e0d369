"""PDF objects from bytes (ISO 32000-2, 7.3), as pyHanko's types: by tokens instead of by characters, and with limits.

pyHanko reads one byte at a time, recurses without a limit and copies long numbers again and again; the results here
are the same for what both read.
"""

from __future__ import annotations

import re
from binascii import unhexlify
from collections.abc import Callable
from typing import BinaryIO

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import Dereferenceable, PdfObject

MAX_DEPTH = 200  # of arrays and dictionaries
_MAX_TOKENS = 1_000_000  # in one object
_WINDOW = 2048  # bytes that hold most objects
_MARGIN = 64  # tokens this close to the end of a window may go on behind it

_BLANK = rb"(?:[\0\t\n\f\r ]++|%[^\r\n]*+)*+"
_END = rb"(?=[\0\t\n\f\r ()<>\[\]{}/%]|\Z)"
_TOKEN = re.compile(
    _BLANK
    + rb"(?:(?P<reference>(\d{1,10})[\0\t\n\f\r ]++(\d{1,5})[\0\t\n\f\r ]++R(?![A-Za-z]))"
    + rb"|(?P<number>[+-]?(?:\d{1,100}(?:\.\d{0,100})?|\.\d{1,100}))" + _END
    + rb"|/(?P<name>[^\0\t\n\f\r ()<>\[\]{}/%]*+)"
    + rb"|(?P<dictionary><<)|(?P<array>\[)|(?P<close>>>|\])"
    + rb"|(?P<string>\()|<(?P<hex>[0-9A-Fa-f\0\t\n\f\r ]*+)>"
    + rb"|(?P<word>true|false|null)" + _END
    + rb")"
)  # fmt: skip
_UNFINISHED = re.compile(_BLANK + rb"(?:<[0-9A-Fa-f\0\t\n\f\r ]*+)?+")  # how far a token that does not match may go on
_PLAIN_NAME = re.compile(rb"[!-~]*")
_STRING_PART = re.compile(rb"[^()\\]*+")
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|(\r\n|[\r\n])|(.))", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_STREAM = re.compile(_BLANK + rb"stream[\t ]*(?:\r\n|\n|\r)")
_WHITE = b"\0\t\n\f\r "
_PLAIN_TEXT = re.compile(rb"[ -~]*+")
_NO_TEXT = re.compile(rb"[\0-\x17\x7f\x9f\xad]")  # no characters in pyHanko's table of PDFDocEncoding
_MARKS = (b"\xfe\xff", b"\xff\xfe", b"\xef\xbb\xbf")  # of text in other encodings


class Latin1Name(generic.NameObject):
    """A name whose bytes are no UTF-8, read as Latin-1: never equal to one of the same letters in UTF-8.

    To a viewer they are two names, and one may be put in the other's place after signing.
    """

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Latin1Name) and str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((Latin1Name, str(self)))


class PdfSyntaxError(ValueError):
    """The bytes are no PDF object."""


class LimitError(ValueError):
    """The object is longer or deeper than is read; `args` say which."""


class _MoreNeeded(Exception):  # noqa: N818 - no error: the window was too small
    pass


def read_value(stream: BinaryIO, offset: int, container: Dereferenceable) -> tuple[PdfObject, int]:
    """The object at an offset, streams as their dictionary, and the offset behind it. Raises ValueError."""
    size = _WINDOW
    while True:
        stream.seek(offset)
        data = stream.read(size)
        try:
            value, end = _Parser(data, len(data) < size, container).value(0, 0)
        except _MoreNeeded:
            size *= 8
            continue
        return value, offset + end


def read_object(
    stream: BinaryIO,
    offset: int,
    container: Dereferenceable,
    length: Callable[[generic.IndirectObject], object] | None = None,
    stream_type: type[generic.StreamObject] = generic.StreamObject,
) -> tuple[PdfObject, int]:
    """The object at an offset, with its data where it is a stream, and the offset behind it. Raises ValueError.

    `length` resolves an indirect /Length; without it there must be none.
    """
    value, end = read_value(stream, offset, container)
    if type(value) is not generic.DictionaryObject:
        return value, end
    stream.seek(end)
    keyword = _STREAM.match(stream.read(_MARGIN))
    if not keyword:
        return value, end
    size = dict.get(value, "/Length")
    if isinstance(size, generic.IndirectObject) and length is not None:
        size = length(size)
    if not isinstance(size, generic.NumberObject) or size < 0:
        raise PdfSyntaxError("/Length")
    start = end + keyword.end()
    stream.seek(start)
    data = stream.read(size)
    tail = stream.read(_MARGIN)
    white = len(tail) - len(tail.lstrip(_WHITE))
    if len(data) < size or not tail.startswith(b"endstream", white):
        raise PdfSyntaxError("endstream")
    found = stream_type(dict(value), encoded_data=data)
    found.container_ref = container
    return found, start + size + white + len(b"endstream")


def parse(data: bytes, offset: int, container: Dereferenceable) -> PdfObject:
    """The object at an offset of bytes that are all there is. Raises ValueError."""
    return _Parser(data, True, container).value(offset, 0)[0]


class _Parser:
    def __init__(self, data: bytes, final: bool, container: Dereferenceable) -> None:
        self._data = data
        self._safe = len(data) if final else len(data) - _MARGIN
        self._final = final
        self._left = _MAX_TOKENS
        self._container = container
        self._handler = container.get_pdf_handler()

    def value(self, position: int, depth: int) -> tuple[PdfObject, int]:
        """The object that begins here, perhaps after blanks, and where it ends."""
        kind, match = self._token(position)
        return self._value(kind, match, depth)

    def _token(self, position: int) -> tuple[str, re.Match[bytes]]:
        match = _TOKEN.match(self._data, position)
        self._left -= 1
        if not self._left:
            raise LimitError("tokens")
        if match is None:
            possible = _UNFINISHED.match(self._data, position)
            if self._final or (possible is not None and possible.end() < self._safe):
                raise PdfSyntaxError
            raise _MoreNeeded
        if match.end() > self._safe:
            raise _MoreNeeded
        kind = match.lastgroup
        assert kind is not None  # noqa: S101 - every alternative has its name
        return kind, match

    def _value(self, kind: str, match: re.Match[bytes], depth: int) -> tuple[PdfObject, int]:
        end = match.end()
        result: PdfObject
        if kind == "name":
            result = _name(match["name"])
        elif kind == "number":
            text = match["number"].decode()
            result = generic.FloatObject(text) if "." in text else generic.NumberObject(text)
        elif kind == "reference":
            number = int(match[2])
            if not number:
                raise PdfSyntaxError
            result = generic.IndirectObject(number, int(match[3]), self._handler)
        elif kind == "string":
            result, end = self._string(end)
        elif kind == "hex":
            digits = match["hex"].translate(None, _WHITE)
            result = _string_object(unhexlify(digits + b"0" * (len(digits) % 2)))
        elif kind in ("dictionary", "array"):
            if depth == MAX_DEPTH:
                raise LimitError("nesting")
            result, end = self._dictionary(end, depth + 1) if kind == "dictionary" else self._array(end, depth + 1)
        elif kind == "word":
            word = match["word"]
            result = generic.NullObject() if word == b"null" else generic.BooleanObject(word == b"true")
        else:
            raise PdfSyntaxError
        result.container_ref = self._container
        return result, end

    def _dictionary(self, position: int, depth: int) -> tuple[PdfObject, int]:
        entries: dict[generic.NameObject, PdfObject] = {}
        while True:
            kind, match = self._token(position)
            position = match.end()
            if kind == "close" and match["close"] == b">>":
                found = generic.DictionaryObject()
                dict.update(found, entries)  # the keys are names already: no need to look at each once more
                return found, position
            if kind != "name":
                raise PdfSyntaxError
            key = _name(match["name"])
            if key in entries:
                raise PdfSyntaxError
            key.container_ref = self._container
            entries[key], position = self.value(position, depth)

    def _array(self, position: int, depth: int) -> tuple[PdfObject, int]:
        items = generic.ArrayObject()
        while True:
            kind, match = self._token(position)
            if kind == "close" and match["close"] == b"]":
                return items, match.end()
            item, position = self._value(kind, match, depth)
            items.append(item)

    def _string(self, position: int) -> tuple[PdfObject, int]:
        """A literal string (7.3.4.2), from behind its first parenthesis."""
        data, parts, open_parentheses = self._data, [], 1
        while True:
            part = _STRING_PART.match(data, position)
            assert part is not None  # noqa: S101 - it matches nothing, too
            parts.append(part[0])
            position = part.end()
            sign = data[position : position + 1]
            if sign == b"\\" and (escape := _ESCAPE.match(data, position)):
                octal, line_end, character = escape.groups()
                if octal:
                    parts.append(bytes([int(octal, 8) & 0xFF]))
                elif not line_end:
                    parts.append(_ESCAPED.get(character, character))
                position = escape.end()
            elif sign in (b"(", b")") and sign:
                position += 1
                open_parentheses += 1 if sign == b"(" else -1
                if not open_parentheses:
                    break
                parts.append(sign)
            elif self._final:
                raise PdfSyntaxError
            else:
                raise _MoreNeeded
        if position > self._safe:
            raise _MoreNeeded
        return _string_object(b"".join(parts)), position


def _string_object(data: bytes) -> generic.TextStringObject | generic.ByteStringObject:
    """A string's bytes as pyHanko takes them: text if they can be decoded. What is plainly either is told quickly."""
    if _PLAIN_TEXT.fullmatch(data):
        text = generic.TextStringObject(data.decode("ascii"))
        text.autodetected_encoding = generic.TextStringEncoding.PDF_DOC
        return text
    if _NO_TEXT.search(data) and not data.startswith(_MARKS):
        return generic.ByteStringObject(data)
    return generic.pdf_string(data)


def _name(text: bytes) -> generic.NameObject:
    """A name (7.3.5) from what stands behind its slash."""
    if b"#" in text:
        first, *escaped = text.split(b"#")
        try:
            decoded = first + b"".join(unhexlify(part[:2]) + part[2:] for part in escaped)
        except ValueError as error:
            raise PdfSyntaxError from error
        if any(len(part) < 2 for part in escaped) or not all(map(_PLAIN_NAME.fullmatch, (first, *escaped))):
            raise PdfSyntaxError
    elif _PLAIN_NAME.fullmatch(text):
        return generic.NameObject("/" + text.decode("ascii"))
    else:
        raise PdfSyntaxError
    try:
        return generic.NameObject("/" + decoded.decode("utf-8"))
    except UnicodeDecodeError:
        return Latin1Name("/" + decoded.decode("latin-1"))
