"""A stand-in for Chinese fonts that a PDF names but does not hold: it then reads the same on every machine.

Without a Chinese font on the system pdfium gives such characters no size, and drops text of a single one.
Reading needs no glyph, only its place, which the PDF itself tells: here every character gets the same box.
"""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterator
from typing import Any

import pypdfium2 as pdfium

from gongkai.text.lexicon import data

EAST_ASIAN = frozenset([128, 129, 134, 136])
"""Windows charsets: Japanese, Korean, simplified and traditional Chinese."""
_HANDLE = 0x676B
_TTC = 0x74746366


class _BoxFonts(pdfium.PdfSysfontBase):  # type: ignore[misc]
    """Answers pdfium's requests for East Asian fonts; leaves all others to the system."""

    listed: Any = None
    """The system's handler whose fonts pdfium has listed; else it would search the folders for every file."""

    def EnumFonts(self, _: Any, mapper: Any) -> None:
        if _BoxFonts.listed is not self.default:
            self.default.EnumFonts(self.default, mapper)
            _BoxFonts.listed = self.default

    def MapFont(self, _: Any, *request: Any) -> Any:
        if request[2] in EAST_ASIAN:
            return _HANDLE
        return self.default.MapFont(self.default, *request)

    def GetFontData(self, _: Any, font: Any, table: int, buffer: Any, size: int) -> int:
        if font != _HANDLE:
            return int(self.default.GetFontData(self.default, font, table, buffer, size))
        return _filled(buffer, size, data("box.ttf") if table == 0 else b"")

    def GetFaceName(self, _: Any, font: Any, buffer: Any, size: int) -> int:
        if font != _HANDLE:
            return int(self.default.GetFaceName(self.default, font, buffer, size))
        return _filled(buffer, size, b"gongkai box\x00")

    def GetFontCharset(self, _: Any, font: Any) -> int:
        if font != _HANDLE:
            return int(self.default.GetFontCharset(self.default, font))
        return 134

    def DeleteFont(self, _: Any, font: Any) -> None:
        if font != _HANDLE:
            self.default.DeleteFont(self.default, font)


def _filled(buffer: Any, size: int, content: bytes) -> int:
    """Put content into a buffer that is large enough, and return its length."""
    if buffer and content and size >= len(content):
        ctypes.memmove(buffer, content, len(content))
    return len(content)


@contextlib.contextmanager
def box_fonts() -> Iterator[None]:
    """Let pdfium take the box for East Asian fonts that a PDF does not hold, while the block runs."""
    before = pdfium.PdfSysfontBase.SINGLETON
    fonts = _BoxFonts()
    fonts.setup(reusable=True)
    try:
        yield
    finally:
        fonts.close(reusable=True)
        if before is not None:
            before.setup(reusable=True)
