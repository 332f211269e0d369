"""Make the font subset in `fonts/` when the forms get new characters: `python -m jitsuin.samples.make_fonts DIR`.

Needs fontTools and the font (Debian: fonts-morisawa-bizud-gothic; SIL Open Font License, no reserved font name). The
subset is committed and the PDFs embed it as it is, so no new release of fontTools or of the font changes a sample.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

SOURCE = Path("/usr/share/fonts/truetype/bizud-gothic/BIZUDPGothic-Regular.ttf")
WRITTEN_IN = ("_pdf_childcare.py", "_pdf_employment.py", "_people.py")
"""The modules whose text the forms show."""
_ALWAYS = {
    chr(code) for first, last in ((0x20, 0x7E), (0x3041, 0x3096), (0x30A1, 0x30FC)) for code in range(first, last + 1)
}


def characters(folder: Path) -> list[str]:
    """Every character of the forms; ASCII and kana whole, for viewers that let their user fill in fields."""
    written = {
        char for name in WRITTEN_IN for char in (folder / name).read_text(encoding="utf-8") if not char.isascii()
    }
    return sorted(written | _ALWAYS)


def make_font(wanted: list[str]) -> tuple[bytes, dict[str, object], list[str]]:
    """A TrueType program with these glyphs only, its metrics in thousandths of an em, and what it has no glyph for."""
    from io import BytesIO

    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    font = TTFont(SOURCE)
    options = Options(hinting=False, layout_features=[], name_IDs=[0, 13], notdef_outline=True, glyph_names=False)
    subsetter = Subsetter(options)
    subsetter.populate(text="".join(wanted))
    subsetter.subset(font)
    em = font["head"].unitsPerEm
    order, cmap = font.getGlyphOrder(), font.getBestCmap()

    def thousandths(value: int) -> int:
        return round(value * 1000 / int(em))

    glyphs = {
        char: [order.index(cmap[ord(char)]), thousandths(font["hmtx"][cmap[ord(char)]][0])]
        for char in wanted
        if ord(char) in cmap
    }
    metrics: dict[str, object] = {
        "name": SOURCE.stem,
        "ascent": thousandths(font["hhea"].ascent),
        "descent": thousandths(font["hhea"].descent),
        "cap_height": thousandths(font["OS/2"].sCapHeight),
        "box": [thousandths(getattr(font["head"], side)) for side in ("xMin", "yMin", "xMax", "yMax")],
        "glyphs": glyphs,
    }
    for table in ("OS/2", "post", "cmap", "GDEF", "GPOS", "GSUB", "vhea", "vmtx", "VORG", "gasp", "DSIG", "meta"):
        if table in font:
            del font[table]  # a PDF reader has no use for them
    font.recalcTimestamp = False
    out = BytesIO()
    font.save(out, reorderTables=True)
    return out.getvalue(), metrics, [char for char in wanted if char not in glyphs]


def main(folder: Path) -> None:
    wanted = characters(folder)
    program, metrics, missing = make_font(wanted)
    (folder / "fonts" / "form.ttf").write_bytes(program)
    text = json.dumps(metrics, ensure_ascii=False, separators=(",", ":")).replace('"glyphs":', '\n"glyphs":')
    (folder / "fonts" / "form.json").write_text(text + "\n", encoding="utf-8")
    print(f"{len(wanted)} characters, {len(program)} bytes; not in the font: {missing}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
