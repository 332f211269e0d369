"""Write form markup: values, groups of fields, numbered element names. Strings in, lines out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from string import ascii_uppercase
from xml.sax.saxutils import escape

_ERAS = ((date(2019, 5, 1), 5), (date(1989, 1, 8), 4), (date(1926, 12, 25), 3))


@dataclass(frozen=True)
class Ref:
    """Points at an item of IT; the form repeats no name and no address."""

    item: str


@dataclass(frozen=True)
class Parts:
    """A value made of child elements. A name without prefix belongs to the form's own namespace."""

    parts: tuple[tuple[str, str], ...]


Value = int | str | Parts | Ref | None


@dataclass(frozen=True)
class Group:
    """Fields under one heading."""

    label: str
    nodes: Sequence[Node]


@dataclass(frozen=True)
class Rows:
    """A table: the same fields once for each row."""

    label: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Value, ...]]


Node = tuple[str, Value] | Group | Rows
"""A label for the reader of this code, and a value. A field whose value is None keeps its number and is not written."""


def era(day: date) -> tuple[str, str]:
    """The code of the era (3 Shōwa, 4 Heisei, 5 Reiwa) and the year in it."""
    for start, code in _ERAS:
        if day >= start:
            return str(code), str(day.year - start.year + 1)
    raise ValueError(f"no era for {day}")


def day(value: date) -> Parts:
    code, year = era(value)
    return Parts((("gen:era", code), ("gen:yy", year), ("gen:mm", str(value.month)), ("gen:dd", str(value.day))))


def month(value: date) -> Parts:
    return Parts(day(value).parts[:3])


def year(value: int) -> Parts:
    return Parts(day(date(value, 12, 31)).parts[:2])


def month_day(value: date) -> Parts:
    return Parts(day(value).parts[2:])


def kubun(code: int) -> Parts:
    """A choice, by number."""
    return Parts((("kubun_CD", str(code)),))


def render_value(name: str, value: int | str | Parts | Ref, prefix: str = "", attributes: str = "") -> str:
    if isinstance(value, Ref):
        return f'<{name}{attributes} IDREF="{value.item}"/>'
    if isinstance(value, Parts):
        inner = "".join(
            f"<{part}>{escape(text)}</{part}>"
            for part, text in ((p if ":" in p else prefix + p, text) for p, text in value.parts)
        )
    else:
        inner = escape(str(value))
    return f"<{name}{attributes}>{inner}</{name}>"


class Codes:
    """Element names in the published manner: letters for a heading, a number for a field (ABA00000, ABA00010, …)."""

    def __init__(self, letters: str) -> None:
        self._letters = letters
        self._headings = -1
        self._number = 0

    def heading(self) -> str:
        self._headings += 1
        self._number = 0
        return f"{self._letters}{ascii_uppercase[self._headings]}00000"

    def field(self) -> str:
        self._number += 10
        return f"{self._letters}{ascii_uppercase[self._headings]}{self._number:05d}"


def render_nodes(
    nodes: Iterable[Node], codes: Codes, indent: str, step: str = "  ", prefix: str = "", top: bool = True
) -> Iterator[str]:
    """Lines without line ends. Groups and tables at the top get letters of their own."""
    for node in nodes:
        name = prefix + (codes.heading() if top else codes.field())
        if isinstance(node, Group):
            yield f"{indent}<{name}>"
            yield from render_nodes(node.nodes, codes, indent + step, step, prefix, top=False)
            yield f"{indent}</{name}>"
        elif isinstance(node, Rows):
            columns = [prefix + codes.field() for _ in node.columns]
            for row in node.rows:
                yield f"{indent}<{name}>"
                for column, value in zip(columns, row, strict=True):
                    if value is not None:
                        yield f"{indent}{step}{render_value(column, value, prefix)}"
                yield f"{indent}</{name}>"
        elif node[1] is not None:
            yield f"{indent}{render_value(name, node[1], prefix)}"
