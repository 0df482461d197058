"""PDF with a text layer → blocks, with pdfium. Knows nothing of reports.

Tables are read straight from the page's drawing; `layout.py` makes cells, lines and paragraphs of it.
"""

from __future__ import annotations

import ctypes
import itertools
import re
from collections.abc import Iterator
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from gongkai.errors import ReadError
from gongkai.problem import Problem, Where
from gongkai.readers.document import Block, Grid, Paragraph
from gongkai.readers.formats import Blocks
from gongkai.readers.printed import ocr
from gongkai.readers.printed.glyphs import box_fonts
from gongkai.readers.printed.layout import Box, Char, PageLine, Rules, blocks_of, page_flow, running_heads

MAX_PAGES = 500
MAX_PATHS = 20_000
MAX_DEPTH = 4
"""Of forms inside forms."""
MAX_PIXELS = 40_000_000
"""Of a rendered page: a hostile page size must not fill the memory."""
THIN = 3.0
# Share of characters that are replacement marks, (cid:…) or private-use: above it the text layer is unusable.
GARBLED_SHARE = 0.1


def read_pdf_or_scan(content: bytes, name: str) -> Blocks:
    """Read the text layer, or what the pages show where that cannot be used.

    Raises:
        ReadError: See `read_pdf`; or only character recognition can read it, and that is not installed.
    """
    blocks, problems, fault = read_pdf(content, name)
    if not fault:
        return blocks, problems
    if ocr.available():
        blocks, found = ocr.read_scan(render_pages(content), name)
        return blocks, [*problems, Problem("text_layer", fault), *found]
    if not blocks:
        raise ReadError(f"{name}: {fault}; it needs character recognition: {ocr.INSTALL}")
    said = f"{fault}; with character recognition it can be read: {ocr.INSTALL}"
    return blocks, [*problems, Problem("text_layer", said)]


@box_fonts()
def read_pdf(content: bytes, name: str) -> tuple[list[Block], list[Problem], str]:
    """Read a PDF into paragraphs and grids.

    Returns:
        Blocks, problems, and why the text layer cannot be used (empty when it can).

    Raises:
        ReadError: The file is encrypted or damaged.
    """
    try:
        pdf = pdfium.PdfDocument(content)
    except pdfium.PdfiumError as error:
        locked = "assword" in str(error)
        damaged = f"is a damaged PDF ({error}); fetch it again, or print it to a new PDF"
        kind = "is encrypted; remove the password first" if locked else damaged
        raise ReadError(f"{name}: {kind}") from error
    try:
        problems: list[Problem] = []
        if len(pdf) > MAX_PAGES:
            said = f"only the first {MAX_PAGES} of {len(pdf)} pages were read"
            problems.append(Problem("cut", said))
        flow: list[PageLine | Grid] = []
        everything: list[str] = []
        for number in range(min(len(pdf), MAX_PAGES)):
            try:
                page = pdf[number]
                chars = _chars(page)
                flow += page_flow(chars, _rules(page), number + 1)
            except pdfium.PdfiumError as error:
                said = f"the page is damaged and was not read ({error})"
                problems.append(Problem("reader", said, Where(page=number + 1)))
                continue
            everything += [c.text for c in chars]
    finally:
        pdf.close()
    heads, flow = running_heads(flow)
    blocks = [*(Paragraph(line.text, line.page) for line in heads), *blocks_of(flow)]
    return blocks, problems, _fault("".join(everything))


def _fault(text: str) -> str:
    letters = len(re.sub(r"\s", "", text))
    if letters < 30:
        return "a PDF without a text layer (a scan?)"
    bad = len(re.findall("[\ufffd\ue000-\uf8ff]", text)) + 6 * text.count("(cid:")
    fault = f"{bad} of {letters} characters of the text layer are garbled"
    return fault if bad / letters > GARBLED_SHARE else ""


def render_pages(content: bytes, dots: int = 200) -> Iterator[Any]:
    """Give each page as an array of pixels (height × width × 3, RGB), `dots` to the inch."""
    pdf = pdfium.PdfDocument(content)
    try:
        for number in range(min(len(pdf), MAX_PAGES)):
            page = pdf[number]
            width, height = page.get_size()
            fit = min(1.0, MAX_PIXELS / max(1.0, width * height * (dots / 72) ** 2)) ** 0.5
            yield page.render(scale=fit * dots / 72, rev_byteorder=True).to_numpy()[:, :, :3]
    finally:
        pdf.close()


def _unchecked(function: Any) -> Any:
    """Return a function of pdfium without ctypes' check of its arguments, which takes longer than the call.

    What it is called with must be a handle, an `int`, or `ctypes.byref` of what is to be filled.
    """
    plain = type(function)(ctypes.cast(function, ctypes.c_void_p).value)
    plain.restype = function.restype
    return plain


_unicode = _unchecked(raw.FPDFText_GetUnicode)
_char_box = _unchecked(raw.FPDFText_GetCharBox)
_char_origin = _unchecked(raw.FPDFText_GetCharOrigin)
_loose_char_box = _unchecked(raw.FPDFText_GetLooseCharBox)


def _chars(page: pdfium.PdfPage) -> list[Char]:
    """Return the printed characters of a page with their boxes, white space left out."""
    text_page = page.get_textpage()
    handle = text_page.raw
    left, right, bottom, top, x, y = (ctypes.c_double() for _ in range(6))
    loose = raw.FS_RECTF()
    box, origin = [ctypes.byref(v) for v in (left, right, bottom, top)], [ctypes.byref(v) for v in (x, y)]
    loose_box = ctypes.byref(loose)
    chars = []
    for index in range(text_page.count_chars()):
        code = _unicode(handle, index)
        if code <= 32 or code == 0xA0 or code == 0x3000 or code == 0xFFFE:
            continue
        if 0xD800 <= code <= 0xDFFF:  # half of a pair, in damaged files
            code = 0xFFFD
        _char_box(handle, index, *box)
        _char_origin(handle, index, *origin)
        start, end, low, high = left.value, right.value, bottom.value, top.value
        # The ink of a narrow digit leaves gaps that look like spaces; the loose box spans its whole advance,
        # except in fonts for vertical writing, where it is many times the ink.
        if _loose_char_box(handle, index, loose_box):
            first, last = loose.left, loose.right
            if 0 < last - first <= 2 * max(end - start, high - low):
                start, end = min(start, first), max(end, last)
        chars.append(Char(chr(code), start, low, end, high, y.value))
    return chars


def _rules(page: pdfium.PdfPage) -> Rules:
    """Return horizontal rules, vertical rules and filled boxes drawn on a page.

    Rules are thin strokes, thin filled boxes and the sides of stroked boxes. A filled box without a stroke is
    a background: of a table cell, or of a line of text.
    """
    rules = Rules([], [], [])
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    for path, matrix in itertools.islice(_paths(page.raw), MAX_PATHS):
        raw.FPDFPath_GetDrawMode(path, fill, stroke)
        if raw.FPDFPath_CountSegments(path) <= 6:
            raw.FPDFPageObj_GetBounds(path, left, bottom, right, top)
            edges = left.value, bottom.value, right.value, top.value
            rules.add(Box(*(matrix.on_rect(*edges) if matrix else edges)), THIN, stroked=bool(stroke.value))
        elif stroke.value:
            for segment in _segments(path, matrix):
                rules.add(Box(*segment), THIN, stroked=True)
    return rules


def _paths(
    holder: Any, matrix: pdfium.PdfMatrix | None = None, depth: int = 0
) -> Iterator[tuple[Any, pdfium.PdfMatrix | None]]:
    """Give the handles of the paths of a page, and of those in its forms with the matrix that places them."""
    if depth:
        count, get = raw.FPDFFormObj_CountObjects, raw.FPDFFormObj_GetObject
    else:
        count, get = raw.FPDFPage_CountObjects, raw.FPDFPage_GetObject
    for index in range(count(holder)):
        found = get(holder, index)
        kind = raw.FPDFPageObj_GetType(found)
        if kind == raw.FPDF_PAGEOBJ_PATH:
            yield found, matrix
        elif kind == raw.FPDF_PAGEOBJ_FORM and depth < MAX_DEPTH:
            placed = _matrix(found)
            yield from _paths(found, placed.multiply(matrix) if matrix else placed, depth + 1)


def _matrix(handle: Any) -> pdfium.PdfMatrix:
    values = raw.FS_MATRIX(1, 0, 0, 1, 0, 0)
    raw.FPDFPageObj_GetMatrix(handle, values)
    return pdfium.PdfMatrix.from_raw(values)


def _segments(path: Any, placed: pdfium.PdfMatrix | None) -> list[tuple[float, float, float, float]]:
    """Return the straight axis-parallel strokes of a path with many segments (a whole table in one path)."""
    matrix = _matrix(path).multiply(placed) if placed else _matrix(path)
    x, y = ctypes.c_float(), ctypes.c_float()
    strokes = []
    last = start = (0.0, 0.0)
    for index in range(min(raw.FPDFPath_CountSegments(path), 5000)):
        segment = raw.FPDFPath_GetPathSegment(path, index)
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        here = matrix.on_point(x.value, y.value)
        kind = raw.FPDFPathSegment_GetType(segment)
        if kind == raw.FPDF_SEGMENT_MOVETO:
            start = here
        elif kind == raw.FPDF_SEGMENT_LINETO:
            strokes.append((last, here))
        last = here
        if raw.FPDFPathSegment_GetClose(segment):
            strokes.append((here, start))
    return [
        (min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1]))
        for a, b in strokes
        if abs(a[0] - b[0]) < 0.5 or abs(a[1] - b[1]) < 0.5
    ]
