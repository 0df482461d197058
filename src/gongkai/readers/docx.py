"""DOCX → blocks in document order, with python-docx. Knows nothing of reports."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import TYPE_CHECKING

import docx
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import qn
from docx.table import Table
from lxml import etree

from gongkai.errors import ReadError
from gongkai.readers.document import Block, Cell, Grid, Paragraph

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docx.document import Document as WordFile
    from docx.text.paragraph import Paragraph as WordParagraph

    from gongkai.readers.formats import Blocks

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


_NUMERALS = "一二三四五六七八九"
_CHINESE = frozenset(
    "chineseCounting chineseCountingThousand ideographDigital japaneseCounting taiwaneseCounting "
    "taiwaneseCountingThousand".split()
)


def read_docx(content: bytes, name: str) -> Blocks:
    """Read a Word file into paragraphs and grids.

    Raises:
        ReadError: The file is damaged, encrypted or unpacks to more than 256 MiB.
    """
    word = _open(content, name)
    blocks: list[Block] = []
    levels, counts = _list_levels(word), dict[str, list[int]]()
    for part in word.iter_inner_content():
        if isinstance(part, Table):
            grid = _grid(part)
            if grid:
                blocks.append(grid)
        else:
            text = _ordinal(part, levels, counts) + part.text  # an empty paragraph is counted, too
            if part.text.strip():
                blocks += [Paragraph(line) for line in text.split("\n") if line.strip()]
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


def _list_levels(word: WordFile) -> dict[str, tuple[str, list[tuple[str, str, int]]]]:
    """Map each list to the name of its counter and its levels: (format, text, first number)."""
    try:
        root = parse_xml(word.part.part_related_by(RELATIONSHIP_TYPE.NUMBERING).blob)
    except (KeyError, etree.XMLSyntaxError):
        return {}
    levels = {
        abstract.get(qn("w:abstractNumId"), ""): [
            (_value(level, "w:numFmt"), _value(level, "w:lvlText"), _count(_value(level, "w:start"), 1))
            for level in abstract.iterchildren(qn("w:lvl"))
        ]
        for abstract in root.iterchildren(qn("w:abstractNum"))
    }
    found = {}
    for instance in root.iterchildren(qn("w:num")):
        name, of = instance.get(qn("w:numId"), ""), _value(instance, "w:abstractNumId")
        restarts = next(instance.iter(qn("w:startOverride")), None) is not None
        found[name] = (f"own {name}" if restarts else of, levels.get(of, []))
    return found


def _value(element: etree._Element, child: str) -> str:
    found = element.find(qn(child))
    return "" if found is None else found.get(qn("w:val"), "")


def _count(text: str, default: int) -> int:
    """Read a number below 1,000; a damaged file may hold anything."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else default


def _ordinal(
    paragraph: WordParagraph,
    lists: dict[str, tuple[str, list[tuple[str, str, int]]]],
    counts: dict[str, list[int]],
) -> str:
    """Return the number that Word prints before a paragraph (`一、`, `（二）`); it is not in its text."""
    numbering = next(_numberings(paragraph), None)
    if numbering is None:
        return ""
    counter, levels = lists.get(_value(numbering, "w:numId"), ("", []))
    depth = _count(_value(numbering, "w:ilvl"), 0)
    if depth >= len(levels):
        return ""
    so_far = counts.setdefault(counter, [])
    so_far += [levels[i][2] - 1 for i in range(len(so_far), depth + 1)]
    so_far[depth] += 1
    del so_far[depth + 1 :]
    if levels[depth][0] in ("bullet", "none"):
        return ""
    text = levels[depth][1]
    for i, number in enumerate(so_far):
        text = text.replace(f"%{i + 1}", _numeral(number, levels[i][0]))
    return text


def _numberings(paragraph: WordParagraph) -> Iterator[etree._Element]:
    """Give the list settings of a paragraph: its own before those of its style."""
    style = paragraph.style
    elements = [paragraph._p]
    while style is not None and len(elements) < 10:
        elements.append(style.element)
        style = style.base_style
    for element in elements:
        yield from element.iterfind(f"{qn('w:pPr')}/{qn('w:numPr')}")


def _numeral(number: int, form: str) -> str:
    """Write a number below 100 as a list does.

    >>> _numeral(12, "chineseCounting"), _numeral(3, "decimal")
    ('十二', '3')
    """
    if form in ("decimalEnclosedCircle", "decimalEnclosedCircleChinese"):
        return chr(ord("①") + number - 1) if 0 < number <= 20 else str(number)
    if form not in _CHINESE or not 0 < number < 100:
        return str(number)
    tens, ones = divmod(number, 10)
    before = (_NUMERALS[tens - 1] if tens > 1 else "") + "十" if tens else ""
    return before + (_NUMERALS[ones - 1] if ones else "")
