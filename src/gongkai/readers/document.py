"""A document: where it came from, and its blocks in reading order. Knows nothing of reports."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from gongkai.problem import Problem

# Statutory tables have at most 28 × 15 cells; hostile spans must not fill the memory.
MAX_GRID_ROWS = 2000
MAX_GRID_COLUMNS = 200


class Paragraph(NamedTuple):
    """A block of running text, uncleaned. `page` is 1-based, None where the format has no pages."""

    text: str
    page: int | None = None


@dataclass(slots=True, eq=False)  # frozen would take twice as long to make, and pages are mostly cells
class Cell:
    """One cell of a grid, uncleaned. A merged cell stands once; every place it covers refers to it."""

    text: str
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: equally long rows of cells, None where the table has a hole."""

    rows: tuple[tuple[Cell | None, ...], ...]
    page: int | None = None

    @property
    def texts(self) -> list[list[str]]:
        """Cell texts with merged cells repeated, for reading by eye."""
        return [["" if cell is None else cell.text for cell in row] for row in self.rows]

    @property
    def lines(self) -> list[list[str]]:
        """Cell texts of each row, a merged cell once, a hole as an empty text."""
        return [
            ["" if cell is None else cell.text for before, cell in itertools.pairwise((None, *row))
             if cell is None or cell is not before]
            for row in self.rows
        ]  # fmt: skip


Block: TypeAlias = Paragraph | Grid


def text_of(blocks: Iterable[Block]) -> str:
    """Return all text of blocks."""
    cells = (itertools.chain(*block.texts) if isinstance(block, Grid) else (block.text,) for block in blocks)
    return "".join(itertools.chain.from_iterable(cells))


def paragraphs(text: str) -> list[Block]:
    """Return the lines of a text that are not blank as paragraphs."""
    return [Paragraph(line.strip()) for line in text.split("\n") if line.strip()]


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read."""

    path: str
    digest: str
    media_type: str
    blocks: tuple[Block, ...]
    problems: tuple[Problem, ...] = ()
    url: str | None = None
    """Where it was saved from, if the file says so."""


LAYOUT_CELL = 400
"""Characters of a cell from which it is a page layout's, not a statistic's."""


def grid_from_spans(rows: list[list[tuple[str, int, int]]]) -> tuple[Grid | None, str]:
    """Lay out rows of (text, rowspan, colspan) as HTML and DOCX give them.

    Returns:
        The grid (None when it has no cell) and a problem message, empty when all went well.
    """
    problem = ""
    height = min(len(rows), MAX_GRID_ROWS)
    if len(rows) > height:
        problem = f"a table of {len(rows)} rows was cut at {MAX_GRID_ROWS}"
    laid: list[list[Cell | None]] = [[] for _ in range(height)]
    for r, row in enumerate(rows[:height]):
        first = laid[r]
        c = 0
        for text, rowspan, colspan in row:
            while c < len(first) and first[c] is not None:
                c += 1
            if c >= MAX_GRID_COLUMNS:
                problem = f"a table row was cut at {MAX_GRID_COLUMNS} columns"
                break
            cell = Cell(text)
            if rowspan <= 1 and colspan <= 1 and c == len(first):
                first.append(cell)
                c += 1
                continue
            right = min(c + max(colspan, 1), MAX_GRID_COLUMNS)
            for line in laid[r : r + max(rowspan, 1)]:
                line += [None] * (right - len(line))
                for j in range(c, right):
                    if line[j] is None:
                        line[j] = cell
            c = right
    width = max(map(len, laid), default=0)
    if not width:
        return None, problem
    return Grid(tuple((*line, *[None] * (width - len(line))) for line in laid)), problem
