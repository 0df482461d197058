"""Cells as word processors keep them → grids: by spans, or by the edges that each row carries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gongkai.problem import Problem
from gongkai.readers.document import LAYOUT_CELL, Block, Grid, Paragraph, grid_from_spans
from gongkai.readers.formats import Blocks

# Twentieths of a point within which two edges are one.
_SNAP = 60
JOINED, FIRST_JOINED, BELOW, FIRST_BELOW = 2, 1, 1 << 5, 3 << 5
"""Merge flags: taken up by the cell before it, the first of such, by the cell above it, the first of such."""


class SpannedCell(NamedTuple):
    """A cell: what stands in it, and how many rows and columns it covers."""

    content: list[Block]
    rows: int = 1
    columns: int = 1


class EdgedCell(NamedTuple):
    """A cell: what stands in it, its edges in twentieths of a point, merge flags."""

    content: list[Block]
    left: int
    right: int
    flags: int = 0


def table_blocks(rows: Sequence[Sequence[SpannedCell]]) -> Blocks:
    """Lay out a table as a grid; one that lays out a page is given cell by cell.

    A page layout has tables inside, or cells of prose, or too few cells.
    """
    cells = [cell for row in rows for cell in row]
    texts = [_text(cell.content) for cell in cells]
    nested = any(isinstance(block, Grid) for cell in cells for block in cell.content)
    if nested or len(rows) < 2 or len(cells) < 4 or max(map(len, texts)) > LAYOUT_CELL:
        return [block for cell in cells for block in cell.content], []
    grid, problem = grid_from_spans([[(_text(c.content), c.rows, c.columns) for c in row] for row in rows])
    return [grid] if grid else [], [Problem("reader", problem)] if problem else []


def _text(content: Sequence[Block]) -> str:
    return "".join(block.text for block in content if isinstance(block, Paragraph))


def spans_of_edges(rows: Sequence[Sequence[EdgedCell]]) -> list[list[SpannedCell]]:
    """Turn edges and merge flags into spans; a merged cell is taken up by the one before or above it."""
    edges: list[int] = []
    for edge in sorted({edge for row in rows for cell in row for edge in (cell.left, cell.right)}):
        if not edges or edge - edges[-1] > _SNAP:
            edges.append(edge)

    def place(edge: int) -> int:
        return min(range(len(edges)), key=lambda k: abs(edges[k] - edge))

    laid: list[list[SpannedCell]] = []
    above: dict[int, tuple[int, int]] = {}  # by column: where in `laid` the cell stands that goes on below
    for row in rows:
        here: list[SpannedCell] = []
        joins = False
        for content, left, right, flags in row:
            column, columns = place(left), max(place(right) - place(left), 1)
            r, c = above.get(column, (-1, -1))
            if flags & (JOINED | FIRST_JOINED) and joins and not _text(content).strip():
                here[-1] = here[-1]._replace(columns=here[-1].columns + columns)
            elif (flags >> 5) & 3 == 1 and r >= 0 and laid[r][c].columns == columns:
                laid[r][c] = laid[r][c]._replace(rows=laid[r][c].rows + 1)
                continue
            else:
                above[column] = (len(laid), len(here))
                here.append(SpannedCell(content, 1, columns))
                joins = bool(flags & (JOINED | FIRST_JOINED))
        laid.append(here)
    return laid
