"""DOCX → blocks in document order, with python-docx. Knows nothing of reports."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import TYPE_CHECKING

import docx
from docx.table import Table
from lxml import etree

from gongkai.corpus.document import Block, Cell, Grid, Paragraph
from gongkai.errors import ReadError

if TYPE_CHECKING:
    from docx.document import Document as WordFile

# What a real report unpacks to is under 2 MiB without its pictures; more is a bomb or a mistake.
MAX_UNPACKED = 256 * 2**20
# What zipfile, zlib, lxml and python-docx raise on damaged files.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    etree.XMLSyntaxError,
    AttributeError,
    EOFError,
    KeyError,
    NotImplementedError,
    OSError,
    ValueError,
)


def read_docx(content: bytes, name: str) -> tuple[list[Block], list[str]]:
    """Read a Word file into paragraphs and grids.

    Raises:
        ReadError: The file is damaged, encrypted or unpacks to more than 256 MiB.
    """
    word = _open(content, name)
    blocks: list[Block] = []
    for part in word.iter_inner_content():
        if isinstance(part, Table):
            grid = _grid(part)
            if grid:
                blocks.append(grid)
        else:
            blocks += [Paragraph(line) for line in part.text.split("\n") if line.strip()]
    return blocks, []


def _open(content: bytes, name: str) -> WordFile:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > MAX_UNPACKED:
            raise ReadError(f"{name}: unpacks to {size / 2**20:.0f} MiB; not a report")
        return docx.Document(io.BytesIO(content))
    except _DAMAGE as error:
        raise ReadError(f"{name}: a damaged DOCX ({error}); open it in Word and save it again") from error


def _grid(table: Table) -> Grid | None:
    """Lay out a table; python-docx repeats a merged cell, and its XML element tells that it is one cell."""
    made: dict[object, Cell] = {}  # keyed by the element itself: holding it keeps its identity
    rows = []
    for row in table.rows:
        cells: list[Cell | None] = [None] * row.grid_cols_before
        for cell in row.cells:
            element = cell._tc
            if element not in made:
                made[element] = Cell(cell.text.replace("\n", ""))
            cells.append(made[element])
        rows.append(cells)
    width = max((len(row) for row in rows), default=0)
    if not width:
        return None
    return Grid(tuple(tuple(row + [None] * (width - len(row))) for row in rows))
