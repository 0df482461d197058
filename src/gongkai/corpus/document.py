"""A document: where it came from, and its blocks in reading order. Knows nothing of reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

MediaType = Literal["html", "pdf", "docx", "doc", "txt", "image"]

# Statutory tables have at most 28 × 15 cells; hostile spans must not fill the memory.
MAX_GRID_ROWS = 2000
MAX_GRID_COLUMNS = 200


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A block of running text, uncleaned. `page` is 1-based, None where the format has no pages."""

    text: str
    page: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
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


Block: TypeAlias = Paragraph | Grid


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read."""

    path: str
    digest: str
    media_type: MediaType
    blocks: tuple[Block, ...]
    problems: tuple[str, ...] = field(default=())


def grid_from_spans(
    rows: list[list[tuple[str, int, int]]], *, page: int | None = None
) -> tuple[Grid | None, str]:
    """Lay out rows of (text, rowspan, colspan) as HTML and DOCX give them.

    Returns:
        The grid (None when it has no cell) and a problem message, empty when all went well.
    """
    placed: dict[tuple[int, int], Cell] = {}
    problem = ""
    height = min(len(rows), MAX_GRID_ROWS)
    if len(rows) > height:
        problem = f"a table of {len(rows)} rows was cut at {MAX_GRID_ROWS}"
    width = 0
    for r, row in enumerate(rows[:height]):
        c = 0
        for text, rowspan, colspan in row:
            while (r, c) in placed:
                c += 1
            if c >= MAX_GRID_COLUMNS:
                problem = f"a table row was cut at {MAX_GRID_COLUMNS} columns"
                break
            cell = Cell(text, page)
            right = min(c + max(colspan, 1), MAX_GRID_COLUMNS)
            bottom = min(r + max(rowspan, 1), height)
            for i in range(r, bottom):
                for j in range(c, right):
                    placed.setdefault((i, j), cell)
            width = max(width, right)
            c = right
    if not placed:
        return None, problem
    laid = tuple(tuple(placed.get((r, c)) for c in range(width)) for r in range(height))
    return Grid(laid, page), problem
