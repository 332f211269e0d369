"""Form fields (ISO 32000-1, 12.7) with their appearances, as another program would have left them after filling in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ._pdf_fonts import RESOURCE, form_font
from ._pdf_pages import Box, Check, Choice, Entry, Field, Signature
from ._pdf_writer import Name, PdfFile, PdfObject, Ref, Stream, number

_TINT = (0.95, 0.97, 1.0)
_PRINT = 4
_MULTILINE, _COMB, _COMBO = 1 << 12, 1 << 24, 1 << 17
_QUADDING = {"left": 0, "center": 1, "right": 2}
_MARGIN = 1.5
"""Points between a field's edge and its text."""


@dataclass
class _Node:
    """A field or a part of its name: `child.name` is the kid `name` of `child`."""

    ref: Ref
    kids: dict[str, _Node] = field(default_factory=dict)


class Form:
    """The interactive form of one document; widgets and fields are merged."""

    def __init__(self, file: PdfFile, resources: PdfObject) -> None:
        self._file, self._resources = file, resources
        self._tree: dict[str, _Node] = {}

    def add(self, part: Field, box: Box, page: Ref) -> Ref:
        """Raises ValueError if there is a field of that name already."""
        node, parent = self._place(part.name.split("."))
        left, bottom, right, top = box.points()
        widget: dict[str, PdfObject] = {"Type": Name("Annot"), "Subtype": Name("Widget"), "F": _PRINT, "P": page}
        widget |= {"Rect": [left, bottom, right, top], "T": part.name.split(".")[-1]}
        widget |= {"Parent": parent} if parent else {}
        self._file.put(node.ref, widget | self._specific(part, right - left, top - bottom))
        return node.ref

    def _place(self, path: list[str]) -> tuple[_Node, Ref | None]:
        level, parent = self._tree, None
        for name in path[:-1]:
            node = level.setdefault(name, _Node(self._file.reserve()))
            level, parent = node.kids, node.ref
        if path[-1] in level:
            raise ValueError(f"two fields named {'.'.join(path)}")
        level[path[-1]] = _Node(self._file.reserve())
        return level[path[-1]], parent

    def dictionary(self) -> Ref:
        """AcroForm, once every field is there."""
        self._branches(self._tree, None)
        fields = [node.ref for node in self._tree.values()]
        appearance = f"/{RESOURCE} 9 Tf 0 g"
        return self._file.add({"Fields": fields, "DR": self._resources, "DA": appearance})

    def _branches(self, level: Mapping[str, _Node], parent: Ref | None) -> None:
        for name, node in level.items():
            if node.kids:
                branch: dict[str, PdfObject] = {"T": name, "Kids": [kid.ref for kid in node.kids.values()]}
                self._file.put(node.ref, branch | ({"Parent": parent} if parent else {}))
                self._branches(node.kids, node.ref)

    def _specific(self, part: Field, width: float, height: float) -> dict[str, PdfObject]:
        match part:
            case Signature():
                return {"FT": Name("Sig"), "TU": part.about}
            case Check():
                state = Name("Yes" if part.on else "Off")
                looks: PdfObject = {"Yes": self._box(width, height, on=True), "Off": self._box(width, height, on=False)}
                return {"FT": Name("Btn"), "TU": part.label, "V": state, "AS": state, "AP": {"N": looks}}
            case Choice():
                choice: dict[str, PdfObject] = {"FT": Name("Ch"), "Ff": _COMBO, "Opt": list(part.options)}
                return choice | self._written(part, width, height)
            case Entry():
                flags = _MULTILINE * part.multiline | _COMB * bool(part.comb)
                text: dict[str, PdfObject] = {"FT": Name("Tx"), "Q": _QUADDING[part.align]}
                text |= {"Ff": flags} if flags else {}
                text |= {"MaxLen": part.comb} if part.comb else {}
                return text | self._written(part, width, height)

    def _written(self, part: Entry | Choice, width: float, height: float) -> dict[str, PdfObject]:
        """The value, and what shows it."""
        look = f"/{RESOURCE} {number(_fitting(part, width))} Tf 0 g"
        return {
            "V": part.value,
            "DA": look,
            "MK": {"BG": list(_TINT)},
            "AP": {"N": self._text(part, width, height)},
        }

    def _appearance(self, width: float, height: float, content: str, resources: PdfObject) -> Ref:
        dictionary: dict[str, PdfObject] = {"Type": Name("XObject"), "Subtype": Name("Form")}
        dictionary |= {"BBox": [0, 0, width, height], "Resources": resources}
        return self._file.add(Stream(dictionary, content.encode()))

    def _box(self, width: float, height: float, *, on: bool) -> Ref:
        w, h = width, height
        content = f"1 g 0.6 w 0.3 0.3 {number(w - 0.6)} {number(h - 0.6)} re B"
        if on:
            tick = [(0.20, 0.52), (0.42, 0.24), (0.82, 0.80)]
            points = [f"{number(x * w)} {number(y * h)}" for x, y in tick]
            content += f" 1.2 w 1 j 1 J {points[0]} m {points[1]} l {points[2]} l S"
        return self._appearance(width, height, content, {})

    def _text(self, part: Entry | Choice, width: float, height: float) -> Ref:
        """12.7.3.3: the tint, and between BMC and EMC what a viewer would write anew."""
        tint = f"{' '.join(map(number, _TINT))} rg 0 0 {number(width)} {number(height)} re f"
        lines = "\n".join(self._shown(part, width, height))
        clip = f"1 1 {number(width - 2)} {number(height - 2)} re W n"
        content = f"{tint}\n/Tx BMC q {clip}\nBT /{RESOURCE} {number(_fitting(part, width))} Tf 0 g\n{lines}\nET Q EMC"
        return self._appearance(width, height, content, self._resources)

    def _shown(self, part: Entry | Choice, width: float, height: float) -> list[str]:
        """Each piece of text at its place."""
        font, size = form_font(), _fitting(part, width)
        middle = height / 2 - font.cap_height * size / 2000
        if isinstance(part, Entry) and part.comb:
            pitch = width / part.comb
            pieces = [((at + 0.5) * pitch - font.width(c, size) / 2, middle, c) for at, c in enumerate(part.value)]
        elif isinstance(part, Entry) and part.multiline:
            top = height - _MARGIN - font.ascent * size / 1000
            pieces = [(_MARGIN, top - at * size * 1.3, line) for at, line in enumerate(part.value.split("\n"))]
        else:
            spare = width - 2 * _MARGIN - font.width(part.value, size)
            share = {"left": 0.0, "center": 0.5, "right": 1.0}[part.align if isinstance(part, Entry) else "left"]
            pieces = [(_MARGIN + spare * share, middle, part.value)]
        return [f"1 0 0 1 {number(x)} {number(y)} Tm {font.shown(text)} Tj" for x, y, text in pieces if text]


def _fitting(part: Entry | Choice, width: float) -> float:
    """The font size, smaller than wanted by half points until each line fits. Raises ValueError where none does."""
    longest = max(form_font().width(line, 1) for line in part.value.split("\n"))
    size = part.size
    while longest * size > width - 2 * _MARGIN:
        size -= 0.5
        if size < 5:
            raise ValueError(f"{part.name} is too narrow")
    return size
