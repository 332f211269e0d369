"""The committed font subset: how wide a text is, which glyphs show it, and the objects that embed it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ._pdf_writer import Name, PdfFile, PdfObject, Ref, Stream

_TO_UNICODE = """/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <FFFF>
endcodespacerange
{ranges}endcmap
CMapName currentdict /CMap defineresource pop
end
end
"""
_SYSTEM_INFO: dict[str, PdfObject] = {"Registry": "Adobe", "Ordering": "Identity", "Supplement": 0}
_SYMBOLIC = 4
_TAG = "MIHONA"
"""Marks a subset: six letters before the font's name (9.6.4)."""
RESOURCE = "Form"
"""The font's name in resource dictionaries."""


@dataclass(frozen=True)
class Font:
    """Metrics in thousandths of the font size."""

    name: str
    ascent: int
    descent: int
    cap_height: int
    box: Sequence[int]
    glyphs: Mapping[str, Sequence[int]]
    """Glyph index and advance, by character."""
    program: bytes

    def width(self, text: str, size: float) -> float:
        """In points."""
        return sum(self.glyphs[char][1] for char in text) * size / 1000

    def shown(self, text: str) -> str:
        """The operand of Tj: two bytes a glyph. KeyError: run make_fonts, the subset lacks a character."""
        return f"<{''.join(f'{self.glyphs[char][0]:04X}' for char in text)}>"

    def embed(self, file: PdfFile) -> Ref:
        """A composite font (9.7) with Identity-H: codes are glyph indices, ToUnicode tells the characters."""
        base = Name(f"{_TAG}+{self.name}")
        program = file.add(Stream({"Length1": len(self.program)}, self.program))
        descriptor: dict[str, PdfObject] = {"Type": Name("FontDescriptor"), "FontName": base, "Flags": _SYMBOLIC}
        descriptor |= {"FontBBox": list(self.box), "ItalicAngle": 0, "Ascent": self.ascent, "Descent": self.descent}
        descriptor |= {"CapHeight": self.cap_height, "StemV": 80, "FontFile2": program}
        widths = dict(sorted((glyph, width) for glyph, width in self.glyphs.values()))
        descendant: dict[str, PdfObject] = {"Type": Name("Font"), "Subtype": Name("CIDFontType2"), "BaseFont": base}
        descendant |= {"CIDSystemInfo": _SYSTEM_INFO, "FontDescriptor": file.add(descriptor), "DW": 1000}
        descendant |= {"W": _widths(widths), "CIDToGIDMap": Name("Identity")}
        unicode = file.add(Stream({}, self._to_unicode().encode()))
        font: dict[str, PdfObject] = {"Type": Name("Font"), "Subtype": Name("Type0"), "BaseFont": base}
        font |= {"Encoding": Name("Identity-H"), "DescendantFonts": [file.add(descendant)], "ToUnicode": unicode}
        return file.add(font)

    def _to_unicode(self) -> str:
        characters = {glyph: char for char, (glyph, _) in sorted(self.glyphs.items(), reverse=True)}
        lines = [f"<{glyph:04X}> <{ord(char):04X}>\n" for glyph, char in sorted(characters.items())]
        groups = [lines[first : first + 100] for first in range(0, len(lines), 100)]
        return _TO_UNICODE.format(ranges="".join(f"{len(g)} beginbfchar\n{''.join(g)}endbfchar\n" for g in groups))


def _widths(widths: Mapping[int, int]) -> list[PdfObject]:
    """W arrays (9.7.4.3): runs of glyphs of one width; a full em is the default and not written."""
    runs: list[list[int]] = []
    for glyph, width in widths.items():
        if width == 1000:
            continue
        if runs and runs[-1][1] == glyph - 1 and runs[-1][2] == width:
            runs[-1][1] = glyph
        else:
            runs.append([glyph, glyph, width])
    return [number for run in runs for number in run]


@cache
def form_font() -> Font:
    """BIZ UDPGothic, as far as the forms need it."""
    folder = files(__package__) / "fonts"
    metrics = json.loads((folder / "form.json").read_text(encoding="utf-8"))
    return Font(program=(folder / "form.ttf").read_bytes(), **metrics)
