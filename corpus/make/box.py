"""Make box.ttf, a font in which every character is the same box.

    pip install fonttools && python -m corpus.make.box

pdfium asks the system for a Chinese font where a PDF has not embedded its own, and without one it loses characters. To
read text no glyph is needed, only that there is one; with this font the same PDF reads the same on every machine.
"""

from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib.tables._c_m_a_p import CmapSubtable


def main() -> None:
    """Write the font beside this script."""
    pen = TTGlyphPen(None)
    pen.moveTo((50, -100))
    for corner in ((50, 800), (450, 800), (450, -100)):
        pen.lineTo(corner)
    pen.closePath()
    empty = TTGlyphPen(None).glyph()
    font = FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder([".notdef", "space", "box"])
    font.setupCharacterMap({0x20: "space"})
    many_to_one = CmapSubtable.newSubtable(13)
    many_to_one.platformID, many_to_one.platEncID, many_to_one.language = 3, 10, 0
    many_to_one.cmap = {0x20: "space"} | dict.fromkeys(range(0x21, 0x30000), "box")
    font.font["cmap"].tables = [many_to_one]
    box = pen.glyph()
    font.setupGlyf({".notdef": box, "space": empty, "box": box})
    font.setupHorizontalMetrics({".notdef": (1000, 50), "space": (500, 0), "box": (1000, 50)})
    font.setupHorizontalHeader(ascent=880, descent=-120)
    font.setupNameTable({"familyName": "gongkai box", "styleName": "Regular"})
    font.setupOS2(sTypoAscender=880, sTypoDescender=-120, usWinAscent=880, usWinDescent=120)
    font.setupPost()
    font.font["head"].created = font.font["head"].modified = 0
    font.font.recalcTimestamp = False
    font.save(Path(__file__).parents[1] / "lexicon" / "box.ttf")


if __name__ == "__main__":
    main()
