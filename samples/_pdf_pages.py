"""Draw a form's page: rules, cells, labels, the places of fields. Millimetres from the upper left corner of A4."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ._pdf_fonts import RESOURCE, form_font
from ._pdf_writer import number

A4 = (595.28, 841.89)
_MM = 72 / 25.4
_GREY = 0.90
_HAIR, RULE, FRAME = 0.25, 0.5, 1.2
_PADDING = 0.6
"""Millimetres between a cell's rule and its content."""
_GAP = 0.8
"""Millimetres between two parts of a line; twice as many before a check box."""
_CHECK = 2.7
_LEADING = 4.2
"""Between the lines of a grey cell, at most."""


@dataclass(frozen=True)
class Entry:
    """A text field. Its width is in millimetres; 0 takes what the line leaves."""

    name: str
    value: str = ""
    width: float = 0
    align: str = "left"
    size: float = 9
    multiline: bool = False
    comb: int = 0


@dataclass(frozen=True)
class Check:
    """A check box before its label."""

    name: str
    label: str
    on: bool = False


@dataclass(frozen=True)
class Choice:
    """A drop-down list."""

    name: str
    value: str
    options: tuple[str, ...]
    width: float = 0
    size: float = 9


@dataclass(frozen=True)
class Signature:
    """An empty signature field."""

    name: str
    about: str


Field = Entry | Check | Choice | Signature
Part = str | Field
Line = Part | tuple[Part, ...]


@dataclass(frozen=True)
class Cell:
    """What stands between four rules: lines of labels and fields, at equal distances."""

    lines: tuple[Line, ...] = ()
    grey: bool = False
    align: str = "left"
    size: float = 7.5


def head(*lines: str, size: float = 7.5) -> Cell:
    """A grey cell that names what stands beside it."""
    return Cell(lines, grey=True, align="center", size=size)


def cell(*lines: Line, align: str = "left", size: float = 7.5) -> Cell:
    return Cell(lines, align=align, size=size)


class Box(NamedTuple):
    x: float
    y: float
    width: float
    height: float

    def points(self) -> tuple[float, float, float, float]:
        """As PDF has it: left, bottom, right, top, in points from the lower left."""
        left, top = self.x * _MM, A4[1] - self.y * _MM
        return (left, top - self.height * _MM, left + self.width * _MM, top)


@dataclass
class Page:
    """The content stream grows as things are drawn; fields are kept for the form."""

    content: list[str] = field(default_factory=list)
    fields: list[tuple[Field, Box]] = field(default_factory=list)

    def rectangle(self, box: Box, *, rule: float = RULE, grey: bool = False) -> None:
        left, bottom, right, top = box.points()
        path = " ".join(map(number, (left, bottom, right - left, top - bottom))) + " re"
        if grey:
            self.content.append(f"{number(_GREY)} g {path} f 0 g")
        self.content.append(f"{number(rule)} w {path} S")

    def text(self, x: float, baseline: float, text: str, size: float) -> None:
        at = f"{number(x * _MM)} {number(A4[1] - baseline * _MM)}"
        self.content.append(f"BT /{RESOURCE} {number(size)} Tf {at} Td {form_font().shown(text)} Tj ET")

    def centred(self, baseline: float, text: str, size: float) -> None:
        self.text((A4[0] / _MM - _length(text, size)) / 2, baseline, text, size)

    def cell(self, box: Box, content: Cell) -> None:
        """Rules, and each line in its share of the height. Labels that are too long are set smaller."""
        self.rectangle(box, grey=content.grey)
        share = (box.height - 0.6) / max(len(content.lines), 1)
        if content.grey:
            share = min(share, _LEADING)
        y = box.y + (box.height - share * len(content.lines)) / 2
        for line in content.lines:
            parts = line if isinstance(line, tuple) else (line,)
            self._line(Box(box.x + _PADDING, y, box.width - 2 * _PADDING, share), parts, content)
            y += share

    def _line(self, box: Box, parts: Sequence[Part], content: Cell) -> None:
        size = content.size
        while (fixed := sum(_before(part) + _natural(part, size) for part in parts)) > box.width and size > 4:
            size -= 0.25
        elastic = sum(1 for part in parts if _natural(part, size) == 0)
        share = (box.width - fixed) / elastic if elastic else 0
        spare = 0 if elastic else box.width - fixed
        x = box.x + {"left": 0, "center": spare / 2, "right": spare}[content.align]
        for part in parts:
            width = _natural(part, size) or share
            x += _before(part)
            self._part(Box(x, box.y, width, box.height), part, size)
            x += width

    def _part(self, box: Box, part: Part, size: float) -> None:
        middle = box.y + box.height / 2
        baseline = middle + form_font().cap_height * size / 2000 / _MM
        if isinstance(part, str):
            self.text(box.x, baseline, part, size)
        elif isinstance(part, Check):
            self.fields.append((part, Box(box.x, middle - _CHECK / 2, _CHECK, _CHECK)))
            self.text(box.x + _CHECK + 0.6, baseline, part.label, size)
        elif isinstance(part, Signature) or (isinstance(part, Entry) and part.multiline):
            self.fields.append((part, Box(box.x, box.y + 0.2, box.width, box.height - 0.4)))
        else:
            height = min(box.height - 0.3, 5.2)
            self.fields.append((part, Box(box.x, middle - height / 2, box.width, height)))

    def row(self, x: float, y: float, height: float, *cells: tuple[float, Cell]) -> float:
        """Cells side by side, each with its width; returns where the row ends."""
        for width, content in cells:
            self.cell(Box(x, y, width, height), content)
            x += width
        return y + height

    def frame(self, box: Box) -> None:
        self.rectangle(box, rule=FRAME)

    def notes(self, x: float, y: float, *lines: str, size: float = 6.5, leading: float = 3.2) -> float:
        """Small print; returns where it ends."""
        for line in lines:
            y += leading
            self.text(x, y, line, size)
        return y

    def footer(self, text: str, page: str) -> None:
        left, _, right, _ = Box(15, 0, 180, 0).points()
        at = number(A4[1] - 285 * _MM)
        self.content.append(f"{number(_HAIR)} w {number(left)} {at} m {number(right)} {at} l S")
        self.text(15, 288.5, text, 6)
        self.text(195 - _length(page, 6.5), 288.5, page, 6.5)


def _natural(part: Part, size: float) -> float:
    """Its width in millimetres; 0 where it takes what is left."""
    if isinstance(part, str):
        return _length(part, size)
    if isinstance(part, Check):
        return _CHECK + 0.6 + _length(part.label, size)
    return 0 if isinstance(part, Signature) else part.width


def _before(part: Part) -> float:
    """The gap on its left."""
    return _GAP * 2 if isinstance(part, Check) else _GAP


def _length(text: str, size: float) -> float:
    return form_font().width(text, size) / _MM
