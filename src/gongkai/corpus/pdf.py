"""PDF with a text layer → blocks, with pdfium. Knows nothing of reports.

Tables are read straight from the page's drawing: ruled edges → cells → the characters inside each cell. Text
outside tables is put into lines by baseline and into paragraphs by indent and line length, also over page
breaks.
"""

from __future__ import annotations

import ctypes
import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from gongkai.corpus.document import Block, Cell, Grid, Paragraph
from gongkai.errors import ReadError

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_PAGES = 500
MAX_PATHS = 20_000
# Lines of a table drawn by word processors meet within 2 points; a cell is wider and higher than 4.
SNAP = 3.0
THIN = 3.0
SMALLEST_CELL = 4.0
# Share of characters that are replacement marks, (cid:…) or private-use: above it the text layer is unusable.
GARBLED_SHARE = 0.1
_PAGE_MARK = re.compile(r"[-—–－_·\s]*\d{1,3}[-—–－_·\s]*|第?\s*\d{1,3}\s*页.{0,10}|\d{1,3}\s*/\s*\d{1,3}")


@dataclass(frozen=True, slots=True)
class _Char:
    text: str
    left: float
    bottom: float
    right: float
    top: float
    baseline: float


@dataclass(slots=True)
class _Line:
    text: str
    left: float
    right: float
    y: float
    size: float
    page: int


@dataclass(frozen=True, slots=True)
class _Box:
    left: float
    bottom: float
    right: float
    top: float

    def holds(self, x: float, y: float) -> bool:
        return self.left <= x <= self.right and self.bottom <= y <= self.top


def read_pdf(content: bytes, name: str) -> tuple[list[Block], list[str]]:
    """Read a PDF into paragraphs and grids.

    Raises:
        ReadError: The file is encrypted or damaged, has no text layer, or has one that is garbled.
    """
    try:
        pdf = pdfium.PdfDocument(content)
    except pdfium.PdfiumError as error:
        kind = (
            "is encrypted; remove the password first"
            if "assword" in str(error)
            else f"is a damaged PDF ({error})"
        )
        raise ReadError(f"{name}: {kind}") from error
    try:
        problems = []
        if len(pdf) > MAX_PAGES:
            problems.append(f"only the first {MAX_PAGES} of {len(pdf)} pages were read")
        flow: list[_Line | Grid] = []
        everything: list[str] = []
        for number in range(min(len(pdf), MAX_PAGES)):
            try:
                page = pdf[number]
                chars = _chars(page)
                flow += _page_flow(page, chars, number + 1)
            except pdfium.PdfiumError as error:
                problems.append(f"page {number + 1} is damaged and was not read ({error})")
                continue
            everything += [c.text for c in chars]
    finally:
        pdf.close()
    _refuse_garbled("".join(everything), name)
    return _blocks(flow), problems


def _refuse_garbled(text: str, name: str) -> None:
    letters = len(re.sub(r"\s", "", text))
    if letters < 30:
        raise ReadError(f"{name}: a PDF without a text layer (a scan?); it needs character recognition")
    bad = len(re.findall("[\ufffd\ue000-\uf8ff]", text)) + 6 * text.count("(cid:")
    if bad / letters > GARBLED_SHARE:
        raise ReadError(
            f"{name}: {bad} of {letters} characters of the text layer are garbled; "
            "it needs character recognition"
        )


def _chars(page: pdfium.PdfPage) -> list[_Char]:
    """Return the printed characters of a page with their boxes, white space left out."""
    text_page = page.get_textpage()
    handle = text_page.raw
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    x, y = ctypes.c_double(), ctypes.c_double()
    loose = raw.FS_RECTF()
    chars = []
    for index in range(text_page.count_chars()):
        code = raw.FPDFText_GetUnicode(handle, index)
        if code <= 32 or code == 0xA0 or code == 0x3000 or code == 0xFFFE:
            continue
        if 0xD800 <= code <= 0xDFFF:  # half of a pair, in damaged files
            code = 0xFFFD
        raw.FPDFText_GetCharBox(handle, index, left, right, bottom, top)
        raw.FPDFText_GetCharOrigin(handle, index, x, y)
        # The ink of a narrow digit leaves gaps that look like spaces; the loose box spans its whole advance,
        # except in fonts for vertical writing, where it is many times the ink.
        ink = max(right.value - left.value, top.value - bottom.value)
        if raw.FPDFText_GetLooseCharBox(handle, index, loose) and 0 < loose.right - loose.left <= 2 * ink:
            left.value, right.value = min(left.value, loose.left), max(right.value, loose.right)
        chars.append(_Char(chr(code), left.value, bottom.value, right.value, top.value, y.value))
    return chars


def _page_flow(page: pdfium.PdfPage, chars: list[_Char], number: int) -> list[_Line | Grid]:
    """Return the lines and grids of one page from top to bottom, page marks dropped."""
    tables = [_table(lattice, chars, number) for lattice in _lattices(*_edges(page))]
    tables = [(box, grid) for box, grid in tables if grid.texts and any(any(r) for r in grid.texts)]
    loose = [
        c
        for c in chars
        if not any(b.holds((c.left + c.right) / 2, (c.bottom + c.top) / 2) for b, _ in tables)
    ]
    lines = _lines(loose, number)
    if lines and _PAGE_MARK.fullmatch(lines[-1].text):
        lines.pop()
    if lines and _PAGE_MARK.fullmatch(lines[0].text):
        lines.pop(0)
    placed: list[tuple[float, _Line | Grid]] = [(line.y, line) for line in lines]
    placed += [(box.top, grid) for box, grid in tables]
    return [part for _, part in sorted(placed, key=lambda p: -p[0])]


def _lines(chars: Sequence[_Char], page: int) -> list[_Line]:
    """Put characters into lines by baseline, each from left to right, with a space at wide gaps."""
    lines: list[_Line] = []
    row: list[_Char] = []
    for char in sorted(chars, key=lambda c: (-c.baseline, c.left)):
        height = max(char.top - char.bottom, 4.0)
        if row and abs(row[0].baseline - char.baseline) > 0.5 * max(height, row[0].top - row[0].bottom):
            lines.append(_line(row, page))
            row = []
        row.append(char)
    if row:
        lines.append(_line(row, page))
    return lines


def _line(row: list[_Char], page: int) -> _Line:
    row = sorted(row, key=lambda c: c.left)
    heights = sorted(c.top - c.bottom for c in row)
    size = max(heights[(len(heights) * 3) // 4], 4.0)
    text = [row[0].text]
    for before, char in itertools.pairwise(row):
        if char.left - before.right > 0.9 * size or (
            char.left - before.right > 0.25 * size and before.text.isascii() and char.text.isascii()
        ):
            text.append(" ")
        text.append(char.text)
    return _Line("".join(text), row[0].left, row[-1].right, row[0].baseline, size, page)


def _edges(page: pdfium.PdfPage) -> tuple[list[_Box], list[_Box], list[_Box]]:
    """Return horizontal rules, vertical rules and filled boxes drawn on a page.

    Rules are thin strokes, thin filled boxes and the sides of stroked boxes. A filled box without a stroke is
    a
    background: of a table cell, or of a line of text.
    """
    horizontal: list[_Box] = []
    vertical: list[_Box] = []
    filled: list[_Box] = []

    def add(box: _Box, *, stroked: bool) -> None:
        across, down = box.right - box.left, box.top - box.bottom
        if down <= THIN < across:
            horizontal.append(box)
        elif across <= THIN < down:
            vertical.append(box)
        elif across > THIN and down > THIN:
            if stroked:
                _add_sides(box, horizontal, vertical)
            else:
                filled.append(box)

    fill, stroke = ctypes.c_int(), ctypes.c_int()
    for count, path in enumerate(page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH], max_depth=5)):
        if count > MAX_PATHS:
            break
        raw.FPDFPath_GetDrawMode(path.raw, fill, stroke)
        if raw.FPDFPath_CountSegments(path.raw) <= 6:
            add(_Box(*path.get_bounds()), stroked=bool(stroke.value))
        elif stroke.value:
            for segment in _segments(path):
                add(_Box(*segment), stroked=True)
    return horizontal, vertical, filled


def _add_sides(box: _Box, horizontal: list[_Box], vertical: list[_Box]) -> None:
    horizontal += (_Box(box.left, y, box.right, y) for y in (box.bottom, box.top))
    vertical += (_Box(x, box.bottom, x, box.top) for x in (box.left, box.right))


def _cell_backgrounds(filled: list[_Box]) -> list[_Box]:
    """Keep the filled boxes that stand side by side with one as high, as the cells of a row do.

    Some tables paint each cell and leave out the rule at a page break; the backgrounds then close the cells.
    """
    rows: dict[tuple[int, int], list[_Box]] = {}
    for box in filled:
        rows.setdefault((round(box.bottom / 2), round(box.top / 2)), []).append(box)
    return [
        box
        for row in rows.values()
        for box in row
        if any(abs(box.right - o.left) <= 1.5 or abs(o.right - box.left) <= 1.5 for o in row if o is not box)
    ]


def _segments(path: pdfium.PdfObject) -> list[tuple[float, float, float, float]]:
    """Return the straight axis-parallel strokes of a path with many segments (a whole table in one path)."""
    matrix = path.get_matrix()
    x, y = ctypes.c_float(), ctypes.c_float()
    strokes = []
    last = start = (0.0, 0.0)
    for index in range(min(raw.FPDFPath_CountSegments(path.raw), 5000)):
        segment = raw.FPDFPath_GetPathSegment(path.raw, index)
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


def _snap(values: list[float]) -> list[float]:
    """Merge coordinates closer than SNAP into their mean."""
    groups: list[list[float]] = []
    for value in sorted(values):
        if groups and value - groups[-1][-1] <= SNAP:
            groups[-1].append(value)
        else:
            groups.append([value])
    return [sum(g) / len(g) for g in groups]


def _nearest(grid: list[float], value: float) -> int:
    return min(range(len(grid)), key=lambda i: abs(grid[i] - value))


@dataclass(slots=True)
class _Lattice:
    """Grid lines of one ruled table and which of their unit segments are drawn."""

    xs: list[float]
    ys: list[float]
    across: set[tuple[int, int]]  # (y index, x index): segment from xs[i] to xs[i + 1] on ys[j]
    down: set[tuple[int, int]]  # (x index, y index): segment from ys[j] to ys[j + 1] on xs[i]


@dataclass(slots=True)
class _Group:
    """Rules that touch one another."""

    box: _Box
    across: list[_Box]
    down: list[_Box]


def _lattices(horizontal: list[_Box], vertical: list[_Box], filled: list[_Box]) -> list[_Lattice]:
    """Group touching rules into tables and lay each on a lattice of its own."""
    groups: list[_Group] = []
    for box, is_across in [(b, True) for b in horizontal] + [(b, False) for b in vertical]:
        grown = _Group(box, [box] if is_across else [], [] if is_across else [box])
        apart = []
        for group in groups:
            if _touch(grown.box, group.box):
                grown = _Group(
                    _hull(grown.box, group.box), group.across + grown.across, group.down + grown.down
                )
            else:
                apart.append(group)
        groups = [*apart, grown]
    tables = [g for g in groups if len(g.across) >= 2 and len(g.down) >= 2]
    backgrounds = _cell_backgrounds(filled)
    for group in tables:
        for box in backgrounds:
            if _touch(group.box, box):
                _add_sides(box, group.across, group.down)
    return [_lattice(group.across, group.down) for group in tables]


def _touch(a: _Box, b: _Box) -> bool:
    return (
        a.left - SNAP <= b.right
        and b.left <= a.right + SNAP
        and a.bottom - SNAP <= b.top
        and b.bottom <= a.top + SNAP
    )


def _hull(a: _Box, b: _Box) -> _Box:
    return _Box(min(a.left, b.left), min(a.bottom, b.bottom), max(a.right, b.right), max(a.top, b.top))


def _lattice(across: list[_Box], down: list[_Box]) -> _Lattice:
    xs = _snap([(b.left + b.right) / 2 for b in down])
    ys = _snap([(b.bottom + b.top) / 2 for b in across])
    lattice = _Lattice(xs, ys, set(), set())
    for box in across:
        j = _nearest(ys, (box.bottom + box.top) / 2)
        for i in range(len(xs) - 1):
            if box.left - SNAP <= xs[i] and xs[i + 1] <= box.right + SNAP:
                lattice.across.add((j, i))
    for box in down:
        i = _nearest(xs, (box.left + box.right) / 2)
        for j in range(len(ys) - 1):
            if box.bottom - SNAP <= ys[j] and ys[j + 1] <= box.top + SNAP:
                lattice.down.add((i, j))
    return lattice


def _table(lattice: _Lattice, chars: list[_Char], page: int) -> tuple[_Box, Grid]:
    """Merge unit fields that no rule divides into cells, and fill them with their characters."""
    xs, ys = lattice.xs, lattice.ys
    columns, rows = len(xs) - 1, len(ys) - 1
    root = {(i, j): (i, j) for i in range(columns) for j in range(rows)}

    def find(unit: tuple[int, int]) -> tuple[int, int]:
        while root[unit] != unit:
            root[unit] = root[root[unit]]
            unit = root[unit]
        return unit

    for i, j in list(root):
        if i + 1 < columns and (i + 1, j) not in lattice.down:
            root[find((i + 1, j))] = find((i, j))
        if j + 1 < rows and (j + 1, i) not in lattice.across:
            root[find((i, j + 1))] = find((i, j))
    inside: dict[tuple[int, int], list[_Char]] = {}
    box = _Box(xs[0], ys[0], xs[-1], ys[-1])
    for char in chars:
        x, y = (char.left + char.right) / 2, (char.bottom + char.top) / 2
        if box.holds(x, y):
            i = max(k for k in range(columns) if xs[k] <= x)
            j = max(k for k in range(rows) if ys[k] <= y)
            inside.setdefault(find((i, j)), []).append(char)
    cells = {
        unit: Cell("".join(line.text for line in _lines(inside.get(unit, ()), page)), page)
        for unit in {find(u) for u in root}
    }
    laid = tuple(
        tuple(cells[find((i, j))] for i in range(columns) if xs[i + 1] - xs[i] > SMALLEST_CELL)
        for j in reversed(range(rows))
        if ys[j + 1] - ys[j] > SMALLEST_CELL
    )
    return box, Grid(laid, page)


def _blocks(flow: list[_Line | Grid]) -> list[Block]:
    """Join lines to paragraphs: a line that fills the measure goes on in the next unless that is indented."""
    lines = [part for part in flow if isinstance(part, _Line)]
    if not lines:
        return [part for part in flow if isinstance(part, Grid)]
    left, right = _measure(lines)
    blocks: list[Block] = []
    text, page = "", 0
    last: _Line | None = None
    for part in flow:
        if isinstance(part, Grid):
            if text:
                blocks.append(Paragraph(text, page))
            text, last = "", None
            blocks.append(part)
            continue
        goes_on = (
            last is not None
            and (last.right >= right - 1.6 * last.size or _breaks_off(last, part, left, right))
            and part.left <= left + 0.8 * part.size
            and abs(part.size - last.size) <= 0.35 * last.size
        )
        if goes_on:
            text += part.text
        else:
            if text:
                blocks.append(Paragraph(text, page))
            text, page = part.text, part.page
        last = part
    if text:
        blocks.append(Paragraph(text, page))
    return blocks


def _breaks_off(line: _Line, following: _Line, left: float, right: float) -> bool:
    """Tell whether a line that is a little short stops inside a sentence, as before a long address."""
    if line.right - left <= 0.6 * (right - left) or line.left > left + 3 * line.size:
        return False
    return line.text[-1] not in "。！？；：”）" or (line.text[-1] == "：" and following.text[0].isascii())


def _measure(lines: list[_Line]) -> tuple[float, float]:
    """Return the left and right margin of the body.

    The left one is the leftmost start that at least two lines share; first lines of paragraphs are indented,
    so the most frequent start would be wrong in a short text. The right one is the far end of full lines.
    """
    starts: dict[int, int] = {}
    for line in lines:
        starts[round(line.left / 3)] = starts.get(round(line.left / 3), 0) + 1
    shared = [s for s, n in starts.items() if n >= 2] or list(starts)
    left = 3.0 * min(shared)
    ends = sorted(line.right for line in lines if line.left <= left + 40)
    right = ends[int(0.9 * (len(ends) - 1))] if ends else max(line.right for line in lines)
    return left, right
