"""Characters and rules of a page → lines, tables and paragraphs. Knows coordinates, no file format.

Coordinates are points from the lower left corner. Tables: ruled edges → cells → the characters inside each
cell. Text outside tables is put into lines by baseline and into paragraphs by indent and line length, also
over page breaks.
"""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from gongkai.readers.document import Block, Cell, Grid, Paragraph
from gongkai.text.grammar import BROWSER_LINE, NUMERALS, PAGE_EDGE

# Lines of a table drawn by word processors meet within 2 points; a cell is wider and higher than 4.
SNAP = 3.0
LEAST_OPEN = 3
"""Rules that end together where a table is open: its page cut it in a row, or it has no rule at a side."""
SMALLEST_CELL = 4.0
_HEADING = re.compile(rf"[{NUMERALS}]{{1,2}}、[^，。；]{{2,30}}$")
_WHOLE_HEADING = re.compile(rf"[{NUMERALS}]{{1,2}}、[^，。；]{{2,30}}(情况|事项|问题|措施)$")
_ROW = re.compile(r"(?:\s\d[\d.,]*){3}$")
"""A row of a table without rules."""
_UNBROKEN = re.compile(r"[!-~]+")
SPARE, NARROW = 4.0, 0.6
"""Characters that may be left free at a line's end; width of a letter or digit, in heights."""
APART = 2.3
"""Heights from line to line that part paragraphs; inside one browsers have 1.6, official typesetting 2."""
_NUMBER = re.compile(r"\d+")
RUNNING = 0.6
"""Share of the pages on which a line must stand, first or last, to be a running head."""


@dataclass(slots=True)  # not frozen: that takes three times as long to make
class Char:
    """A printed character (or, of a scan, a line) and its box."""

    text: str
    left: float
    bottom: float
    right: float
    top: float
    baseline: float


@dataclass(slots=True)
class PageLine:
    """A line of running text; `y` is its baseline, `size` the height of its characters."""

    text: str
    left: float
    right: float
    y: float
    size: float
    page: int


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle."""

    left: float
    bottom: float
    right: float
    top: float

    def holds(self, x: float, y: float) -> bool:
        """Tell whether a point lies in it."""
        return self.left <= x <= self.right and self.bottom <= y <= self.top


@dataclass(slots=True)
class Rules:
    """What is drawn on a page: horizontal rules, vertical rules, filled boxes."""

    horizontal: list[Box]
    vertical: list[Box]
    filled: list[Box]

    def add(self, box: Box, thin: float, *, stroked: bool) -> None:
        """Add a box that is drawn: one not wider than `thin` is a rule, of others those stroked have four."""
        across, down = box.right - box.left, box.top - box.bottom
        if down <= thin < across:
            self.horizontal.append(box)
        elif across <= thin < down:
            self.vertical.append(box)
        elif across > thin and stroked:
            add_sides(box, self.horizontal, self.vertical)
        elif across > thin:
            self.filled.append(box)


def page_flow(chars: list[Char], rules: Rules, number: int) -> list[PageLine | Grid]:
    """Return the lines and grids of one page from top to bottom, page marks dropped.

    Where two pages, or two columns, stand side by side, the left one is read first.
    """
    middle = gutter(chars)
    if middle is None or any(b.left < middle < b.right for b in rules.horizontal):
        return _column_flow(chars, rules, number)
    flow = []
    for left in (True, False):
        drawn = (rules.horizontal, rules.vertical, rules.filled)
        own = Rules(*([b for b in group if (b.left + b.right < 2 * middle) == left] for group in drawn))
        flow += _column_flow([c for c in chars if (c.left + c.right < 2 * middle) == left], own, number)
    return flow


def gutter(chars: Sequence[Char]) -> float | None:
    """Return the x between two columns of text, None where the page has one.

    A gutter is empty from top to bottom, wider than two characters, near the middle, and lines of most
    heights stand on both of its sides.
    """
    if len(chars) < 200:
        return None
    left, right = min(c.left for c in chars), max(c.right for c in chars)
    size = sorted(c.top - c.bottom for c in chars)[len(chars) // 2]
    low, high = left + 0.4 * (right - left), left + 0.6 * (right - left)
    edge, best = low, (0.0, 0.0)
    for char in sorted((c for c in chars if c.right > low and c.left < high), key=lambda c: c.left):
        best = max(best, (char.left - edge, (char.left + edge) / 2))
        edge = max(edge, char.right)
    best = max(best, (high - edge, (high + edge) / 2))
    width, middle = best
    if width < max(2 * size, 12.0):
        return None
    for side in (True, False):
        lines = [round(c.baseline / size) for c in chars if (c.left < middle) == side]
        # Prose fills its lines; two columns of a table without rules do not.
        if not 8 <= len(set(lines)) <= len(lines) / 8:
            return None
    return middle


def _column_flow(chars: list[Char], rules: Rules, number: int) -> list[PageLine | Grid]:
    tables = [_table(lattice, chars, number) for lattice in lattices(rules)]
    tables = [(box, grid) for box, grid in tables if grid.texts and any(any(r) for r in grid.texts)]
    loose = chars
    for box, _ in tables:
        loose = [c for c in loose if not box.holds((c.left + c.right) / 2, (c.bottom + c.top) / 2)]
    lines = _lines(loose, number)
    if lines and PAGE_EDGE.fullmatch(lines[-1].text):
        lines.pop()
    if lines and PAGE_EDGE.fullmatch(lines[0].text):
        lines.pop(0)
    placed: list[tuple[float, PageLine | Grid]] = [(line.y, line) for line in lines]
    placed += [(box.top, grid) for box, grid in tables]
    return [part for _, part in sorted(placed, key=lambda p: -p[0])]


def _lines(chars: Sequence[Char], page: int) -> list[PageLine]:
    """Put characters into lines by baseline, each from left to right, with a space at wide gaps."""
    lines: list[PageLine] = []
    row: list[Char] = []
    for char in sorted(chars, key=lambda c: (-c.baseline, c.left)):
        drop = row[0].baseline - char.baseline if row else 0.0
        if drop and drop > 0.5 * max(char.top - char.bottom, row[0].top - row[0].bottom, 4.0):
            lines.append(_line(row, page))
            row = []
        row.append(char)
    if row:
        lines.append(_line(row, page))
    return lines


def _line(row: list[Char], page: int) -> PageLine:
    row = sorted(row, key=lambda c: c.left)
    heights = sorted([c.top - c.bottom for c in row])
    size = max(heights[(len(heights) * 3) // 4], 4.0)
    text = [row[0].text]
    for before, char in itertools.pairwise(row):
        gap = char.left - before.right
        if gap > 0.25 * size and (gap > 0.9 * size or (before.text.isascii() and char.text.isascii())):
            text.append(" ")
        text.append(char.text)
    return PageLine("".join(text), row[0].left, row[-1].right, row[0].baseline, size, page)


def add_sides(box: Box, horizontal: list[Box], vertical: list[Box]) -> None:
    """Add the four sides of a box to the rules."""
    horizontal += (Box(box.left, y, box.right, y) for y in (box.bottom, box.top))
    vertical += (Box(x, box.bottom, x, box.top) for x in (box.left, box.right))


def _cell_backgrounds(filled: list[Box]) -> list[Box]:
    """Keep the filled boxes that stand side by side with one as high, as the cells of a row do.

    Some tables paint each cell and leave out the rule at a page break; the backgrounds then close the cells.
    """
    rows: dict[tuple[int, int], list[Box]] = {}
    for box in filled:
        rows.setdefault((round(box.bottom / 2), round(box.top / 2)), []).append(box)
    return [
        box
        for row in rows.values()
        for box in row
        if any(abs(box.right - o.left) <= 1.5 or abs(o.right - box.left) <= 1.5 for o in row if o is not box)
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
class Lattice:
    """Grid lines of one ruled table and which of their unit segments are drawn."""

    xs: list[float]
    ys: list[float]
    across: set[tuple[int, int]]  # (y index, x index): segment from xs[i] to xs[i + 1] on ys[j]
    down: set[tuple[int, int]]  # (x index, y index): segment from ys[j] to ys[j + 1] on xs[i]


@dataclass(slots=True)
class Group:
    """Rules that touch one another."""

    box: Box
    across: list[Box]
    down: list[Box]


def lattices(rules: Rules) -> list[Lattice]:
    """Group touching rules into tables and lay each on a lattice of its own."""
    groups: list[Group] = []
    for box, is_across in [(b, True) for b in rules.horizontal] + [(b, False) for b in rules.vertical]:
        grown = Group(box, [box] if is_across else [], [] if is_across else [box])
        apart = []
        for group in groups:
            if _touch(grown.box, group.box):
                grown = Group(
                    _hull(grown.box, group.box), group.across + grown.across, group.down + grown.down
                )
            else:
                apart.append(group)
        groups = [*apart, grown]
    tables = [g for g in groups if len(g.across) >= 2 and len(g.down) >= 2]
    backgrounds = _cell_backgrounds(rules.filled)
    for group in tables:
        for box in backgrounds:
            if _touch(group.box, box):
                add_sides(box, group.across, group.down)
    return [_lattice(group.across, group.down) for group in tables]


def _touch(a: Box, b: Box) -> bool:
    return (
        a.left - SNAP <= b.right
        and b.left <= a.right + SNAP
        and a.bottom - SNAP <= b.top
        and b.bottom <= a.top + SNAP
    )


def _hull(a: Box, b: Box) -> Box:
    return Box(min(a.left, b.left), min(a.bottom, b.bottom), max(a.right, b.right), max(a.top, b.top))


def _lattice(across: list[Box], down: list[Box]) -> Lattice:
    xs = _edges([(b.left + b.right) / 2 for b in down], [(b.left, b.right) for b in across])
    ys = _edges([(b.bottom + b.top) / 2 for b in across], [(b.bottom, b.top) for b in down])
    on_ys = [(_nearest(ys, (b.bottom + b.top) / 2), b.left, b.right) for b in across]
    on_xs = [(_nearest(xs, (b.left + b.right) / 2), b.bottom, b.top) for b in down]
    return Lattice(xs, ys, _drawn(on_ys, xs), _drawn(on_xs, ys))


def _edges(rules: list[float], crossing: list[tuple[float, float]]) -> list[float]:
    """Return where the rules of one direction stand, and where those that cross them end in the open."""
    edges = _snap(rules)
    lows, highs = ([end[side] for end in crossing] for side in (0, 1))
    first, last = min(lows), max(highs)
    if edges[0] - first > SMALLEST_CELL and sum(low - first <= SNAP for low in lows) >= LEAST_OPEN:
        edges.insert(0, first)
    if last - edges[-1] > SMALLEST_CELL and sum(last - high <= SNAP for high in highs) >= LEAST_OPEN:
        edges.append(last)
    return edges


def _drawn(rules: list[tuple[int, float, float]], edges: list[float]) -> set[tuple[int, int]]:
    """Return which segments between edges are drawn, by rules (line, begin, end) that may be in pieces."""
    found: set[tuple[int, int]] = set()
    reach: dict[int, tuple[float, float]] = {}
    for line, begin, end in sorted(rules):
        low, high = reach.get(line, (begin, begin))
        low, high = (low, max(high, end)) if begin <= high + SNAP else (begin, end)
        reach[line] = low, high
        first = bisect.bisect_left(edges, low - SNAP)
        found |= {(line, i) for i in range(first, bisect.bisect_right(edges, high + SNAP) - 1)}
    return found


def _merged(lattice: Lattice) -> dict[tuple[int, int], tuple[int, int]]:
    """Map each unit field to the first of its cell: no rule divides the fields of a cell."""
    columns, rows = len(lattice.xs) - 1, len(lattice.ys) - 1
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
    return {unit: find(unit) for unit in root}


def cells_of(lattice: Lattice) -> list[Box]:
    """Return the box of each cell that is large enough to hold something."""
    boxes: dict[tuple[int, int], Box] = {}
    for (i, j), first in _merged(lattice).items():
        unit = Box(lattice.xs[i], lattice.ys[j], lattice.xs[i + 1], lattice.ys[j + 1])
        boxes[first] = _hull(boxes[first], unit) if first in boxes else unit
    return [b for b in boxes.values() if min(b.right - b.left, b.top - b.bottom) > SMALLEST_CELL]


def _table(lattice: Lattice, chars: list[Char], page: int) -> tuple[Box, Grid]:
    """Fill the cells of a lattice with their characters."""
    xs, ys = lattice.xs, lattice.ys
    columns, rows = len(xs) - 1, len(ys) - 1
    first = _merged(lattice)
    inside: dict[tuple[int, int], list[Char]] = {}
    box = Box(xs[0], ys[0], xs[-1], ys[-1])
    for char in chars:
        x, y = (char.left + char.right) / 2, (char.bottom + char.top) / 2
        if box.holds(x, y):
            i = min(bisect.bisect_right(xs, x) - 1, columns - 1)
            j = min(bisect.bisect_right(ys, y) - 1, rows - 1)
            inside.setdefault(first[i, j], []).append(char)
    cells = {
        unit: Cell("".join(line.text for line in _lines(inside.get(unit, ()), page)), page)
        for unit in set(first.values())
    }
    laid = [
        tuple(cells[first[i, j]] for i in range(columns) if xs[i + 1] - xs[i] > SMALLEST_CELL)
        for j in reversed(range(rows))
        if ys[j + 1] - ys[j] > SMALLEST_CELL
    ]
    ruled = {line for line, _ in lattice.across}
    # A row that a page cuts may have its text on the other page.
    for edge, last, beside in ((0, -1, -2), (rows, 0, 1)):
        if edge in ruled or len(laid) < 3:
            continue
        if all(not c.text or c is b for c, b in zip(laid[last], laid[beside], strict=True)):
            del laid[last]
    return box, Grid(tuple(laid), page)


def running_heads(flow: Sequence[PageLine | Grid]) -> tuple[list[PageLine], list[PageLine | Grid]]:
    """Take out what stands above and below the text on most pages, but for its numbers.

    Returns:
        Each head as it stands on its first page (a browser prints date and title there), and the rest.
    """
    pages: dict[int, list[PageLine | Grid]] = {}
    for part in flow:
        pages.setdefault(part.page or 0, []).append(part)
    edges = [(parts[at], at) for parts in pages.values() for at in (0, -1)]
    seen: dict[tuple[str, int], list[PageLine]] = {}
    for part, at in edges:
        if isinstance(part, PageLine):
            seen.setdefault((_NUMBER.sub("0", part.text), at), []).append(part)
    least = max(2, RUNNING * len(pages))
    running = {key: lines for key, lines in seen.items() if len(lines) >= least}
    dropped = {id(line) for lines in running.values() for line in lines}
    heads = [lines[0] for (_, at), lines in running.items() if at == 0]
    return heads, [part for part in flow if id(part) not in dropped]


def blocks_of(flow: list[PageLine | Grid]) -> list[Block]:
    """Join lines to paragraphs: a line that fills the measure goes on in the next unless that is indented."""
    flow = [x for x in flow if not (isinstance(x, PageLine) and BROWSER_LINE.fullmatch(x.text))]
    lines = [part for part in flow if isinstance(part, PageLine)]
    if not lines:
        return [part for part in flow if isinstance(part, Grid)]
    left, right = _measure(lines)
    blocks: list[Block] = []
    run: list[PageLine] = []  # the lines of a paragraph so far
    for part in [*flow, None]:
        if isinstance(part, PageLine) and run and _goes_on(run[-1], part, left, right):
            run.append(part)
            continue
        if text := "".join(line.text for line in run):
            blocks.append(Paragraph(text, run[0].page))
        run = [part] if isinstance(part, PageLine) else []
        if isinstance(part, Grid):
            blocks.append(part)
    return blocks


def _goes_on(line: PageLine, following: PageLine, left: float, right: float) -> bool:
    """Tell whether two lines are of one paragraph."""
    return (
        (line.right >= right - 1.6 * line.size or _breaks_off(line, following, left, right))
        and following.left <= left + 0.8 * following.size
        and not _HEADING.match(following.text)
        and not _WHOLE_HEADING.match(line.text)
        and not _ROW.search(line.text)
        and abs(following.size - line.size) <= 0.35 * line.size
        and (line.page != following.page or line.y - following.y <= APART * line.size)
    )


def _breaks_off(line: PageLine, following: PageLine, left: float, right: float) -> bool:
    """Tell whether a line that is short stops inside a sentence, because what follows did not fit.

    That is a long address, or a character or two and the mark behind them.
    """
    if line.right - left <= 0.6 * (right - left) or line.left > left + 3 * line.size:
        return False
    word = _UNBROKEN.match(following.text)
    room = right - line.right
    if room > max(SPARE, len(word[0]) * NARROW if word else 0.0) * line.size:
        return False
    return line.text[-1] not in "。！？；：”）" or (line.text[-1] == "：" and following.text[0].isascii())


def _measure(lines: list[PageLine]) -> tuple[float, float]:
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
