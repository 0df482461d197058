"""Plain text and Markdown → blocks. Knows nothing of reports."""

from __future__ import annotations

import csv
import io
import itertools
import operator
import re
import textwrap
from collections import Counter

from gongkai.readers.decode import decoded
from gongkai.readers.document import MAX_GRID_COLUMNS, Block, Grid, Paragraph, grid_from_spans
from gongkai.readers.formats import Blocks
from gongkai.text.grammar import RAISED, columns

_MARKUP = re.compile(r"^\s*#{1,6}\s+|^\s*[*>-]\s+(?=[^\s\d-]|\d+[.．、\u4e00-\u9fff])|\*\*")
_TAGS = re.compile(
    r"</?(?:u|b|i|em|strong|mark|sup|sub|span|font|center)(?:\s[^<>]*)?>|!\[[^\[\]\n]*\]\([^()\n]*\)"
)
"""What Markdown takes over from HTML, and pictures."""
_FORMULA = re.compile(r"\$ *(\d[\d .,]*(?:\\?% *)?)\$ ?")
"""A figure that a tool set as one: $2 0 2 3$."""
_ATTRIBUTES = re.compile(
    r"(?<!\s)\s*\{[#.][^{}]*\}\s*$|\[([^\[\]]*)\]\{[^{}]*\}|^\s*:{3,}.*$"
    r"|^\{\d+\}-{3,}\s*$|^\s*\.\. [\w-]+::(?:[^\u4e00-\u9fff]*$|\s*(?=[\u4e00-\u9fff]))"
)
"""How pandoc's Markdown and reStructuredText keep HTML's spans and divisions; a page's end (marker)."""
_COUNT = re.compile(r"[\d,，.]+(?:万?元)?|[-—/]")
_RAISED = re.compile(r"(?<=\d)(?:<sup>\[?(\d{1,2})\]?</sup>|\^\[?(\d{1,2})\]?\^)")
"""A note's number behind a figure."""
_PIPE_ROW = re.compile(r"^\s*\|.*\|\s*$")
_BREAK = re.compile(r"<br\s*/?>")
"""A line's end inside a cell of Markdown; a tool may have put two cells into one there."""
_GRID_RULE = re.compile(r"^\s*\+(?:[-=:]+\+)+\s*$")
"""Between the rows of a grid table (reStructuredText, pandoc, what databases print)."""
_PIPE_RULE = re.compile(r"^[\s|:\-]+$")
_RULE_INSIDE = re.compile(r"\|\s*\|\s*:?-{3,}:?\s*\|[^|]*[^\s|:-]|[^\s|:-]\s*\|\s*\|\s*:?-{3,}:?\s*\|")
_RULE_CELL = re.compile(r"\s*:?-{3,}:?\s*")
LONGEST_LINE, MANY, ROWS, COLUMNS = 2000, 40, 10, 4
"""Characters, commas, rows and columns from which a text may be a spreadsheet's export."""
_COMMA_ROW = re.compile(r"(?!.*\d[^\S\n]+\d)(?:\"[^\"]*\"|[^,\"。；]*)(?:,(?:\"[^\"]*\"|[^,\"。；]*)){2,}")
FEW = 3
"""Rows of cells apart by commas, from which they are a table's among lines of text."""
WRITTEN_OUT = 6
"""Ends of lines written out for each real one, from which a program wrote the text so."""
FRAMED = 6
"""Rows that count on from 0 or 1, from which they are numbered."""
NUMBERED, COUNTED = 10, 0.9
"""Lines that count on, each, from which a tool has numbered them; some may have been taken out since."""
_ESCAPED = re.compile(r"\\([.*_#+()\[\]{}!|>~`-])")
"""What Markdown means as it stands: 1\\. is no list."""
_LINE_NUMBER = re.compile(r"[ \t]*(\d{1,6})(?:[:：|│]|(?=[ \t\u3000])|\s*$)[ \t]?")
_ADDRESS = re.compile(r"[ \t]?<(?:https?://|javascript:|mailto:)[^<>\s]*>")
"""Where a link leads, as browsers print it behind the link."""
_LEADING_MARK = re.compile(r"(?m)^((?:#{1,6} +)?)\\?[-—–] ?(\d{1,3}) ?\\?[-—–] +(?=[^\s\d-]|\d{4})")
_ROW_NUMBER = re.compile(r"[ ]*(\d{1,4})(?:[ ]{2,}|\t)(?=[^\d\s])")
_EDGE = re.compile(r"\A\s*\d{1,3}[ \t]*\n|\n[ \t]*\d{1,3}\s*\Z")


def read_plain(content: bytes, name: str) -> Blocks:
    """Read plain text or Markdown."""
    text, problems = decoded(content)
    text = _ADDRESS.sub("", text)
    if text.count("\n") < text.count("\\n") / WRITTEN_OUT:  # kept as some program wrote them
        text = text.replace("\\n", "\n").replace("\\t", "\t")
    bare = _without_row_numbers(_without_line_numbers(_without_page_marks(text)))
    return read_text(_without_commas(bare)), problems


def _without_page_marks(text: str) -> str:
    r"""Take away page marks that a tool set in front of a page's first line, if they count on.

    >>> _without_page_marks("# - 1 - 年度报告\n\n- 2 - 第二页")
    '# 年度报告\n\n第二页'
    """
    marks = [int(mark[2]) for mark in _LEADING_MARK.finditer(text)]
    counts = len(marks) > 1 and marks == list(range(marks[0], marks[0] + len(marks)))
    return _LEADING_MARK.sub(r"\1", text) if counts else text


def _without_line_numbers(text: str) -> str:
    r"""Take away what a tool that numbers lines put in front of each.

    >>> _without_line_numbers("\n".join(f"{n:>4}  第{n}行" for n in range(1, 12)))[:12]
    '第1行\n第2行\n第3行\n'
    """
    if not text[:8].strip()[:1].isdigit():
        return text
    lines = text.splitlines()
    found = [(line, _LINE_NUMBER.match(line)) for line in lines if line.strip()]
    numbers = [int(match[1]) for _, match in found if match]
    if len(numbers) < max(NUMBERED, len(found)):
        return text
    steps = [after - before for before, after in itertools.pairwise(numbers)]
    in_file = [at for at, line in enumerate(lines) if line.strip()]  # or blank lines, too, are counted
    gaps = [after - before for before, after in itertools.pairwise(in_file)]
    counted = max(steps.count(1), sum(map(operator.eq, steps, gaps)))
    if min(steps) < 1 or counted < COUNTED * len(steps):
        return text
    bare = (line[match.end() :] if (match := _LINE_NUMBER.match(line)) else "" for line in lines)
    return textwrap.dedent("\n".join(bare))


def _without_row_numbers(text: str) -> str:
    r"""Take away what a tool that prints data frames puts in front of the rows of a table, 0, 1, 2 and so on.

    >>> _without_row_numbers("表\n" + "\n".join(f"{n}   行{n}  {n * 3}" for n in range(6)))[:14]
    '表\n行0  0\n行1  3\n'
    """
    kept: list[str] = []
    runs = itertools.groupby(text.split("\n"), key=lambda line: bool(_ROW_NUMBER.match(line)))
    for numbered, run in runs:
        rows = list(run)
        bare = [line[match.end() :] for line in rows if (match := _ROW_NUMBER.match(line))]
        numbers = [int(line.split()[0]) for line in rows] if numbered else []
        counts = len(rows) >= FRAMED and numbers in ([*range(len(rows))], [*range(1, len(rows) + 1)])
        kept += bare if counts else rows
    return "\n".join(kept)


def _without_commas(text: str) -> str:
    """Give rows of a spreadsheet's export as lines, cells apart by bars; other text as it stands."""
    if text.count(",") < MANY:
        return text
    rows = _comma_rows(text)
    head = text[:LONGEST_LINE].split("\n", 1)[0]
    if head.rstrip().endswith((",", '"')) and len(rows) >= ROWS and min(map(len, rows)) >= COLUMNS:
        return "\n".join(row[0] if not any(row[1:]) else _barred(row) for row in rows)
    kept: list[str] = []
    runs = itertools.groupby(text.split("\n"), key=lambda line: bool(_COMMA_ROW.fullmatch(line)))
    for apart, run in runs:
        lines = list(run)
        rows = _comma_rows("\n".join(lines)) if apart and len(lines) >= FEW else []
        counted = rows and rows[0] == [str(number) for number in range(len(rows[0]))]
        kept += map(_barred, rows[1:] if counted else rows) if rows else lines
    return "\n".join(kept)


def _comma_rows(text: str) -> list[list[str]]:
    """Return the rows of cells apart by commas; none where the text is not such a table."""
    try:
        return [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error:
        return []


def _barred(row: list[str]) -> str:
    return " | ".join(" ".join(cell.split()) for cell in row).rstrip(" |")


def read_text(text: str) -> list[Block]:
    """Cut plain text or Markdown into blocks: a line a paragraph as it stands, whole pipe tables as grids."""
    blocks: list[Block] = []
    rows: list[str] = []
    text = _RAISED.sub(lambda m: (m[1] or m[2]).translate(RAISED), _without_comments(text))
    text = text.replace("\\/", "/")  # as haddock escapes it
    text = _TAGS.sub("", text)
    text = _FORMULA.sub(lambda m: m[1].replace(" ", "").replace("\\", ""), text)
    for line in itertools.chain.from_iterable(map(_rows_of, [*_lines(text), ""])):
        if (_PIPE_ROW.match(line) and line.count("|") >= 3) or _GRID_RULE.match(line):
            rows.append(_BREAK.sub(" ", line))
            continue
        blocks += _pipe_table(rows)
        rows = []
        pieces = [_BREAK.sub("", line)] if line.startswith("#") else _BREAK.split(line)
        for piece in pieces:
            bare = _ESCAPED.sub(r"\1", _without_emphasis(_MARKUP.sub("", _ATTRIBUTES.sub(r"\1", piece))))
            if bare.strip():
                blocks.append(Paragraph(bare.rstrip()))
    return blocks


def _without_comments(text: str) -> str:
    """Take HTML's comments out; one without an end stays."""
    first, *others = text.split("<!--")
    halves = (other.partition("-->") for other in others)
    return first + "".join(after if closed else f"<!--{said}" for said, closed, after in halves)


def _without_emphasis(line: str) -> str:
    """Return what a whole line in italics says."""
    text = line.strip()
    inner = text[1:-1]
    marked = text[:1] in ("*", "_") and text[-1:] == text[0] and text[0] not in inner
    return inner if marked and inner.strip() == inner != "" else line


def _rows_of(line: str) -> list[str]:
    """Cut a line that holds a whole Markdown table into its rows, as wide as the rule below its head.

    Where merged cells left rows of other widths it stays one line of cells.
    """
    if "---" not in line or not _RULE_INSIDE.search(line):
        return [line]
    cells = line.strip().strip("|").split("|")
    width = sum(bool(_RULE_CELL.fullmatch(cell)) for cell in cells)
    rows = [cells[at : at + width] for at in range(0, len(cells), width + 1)]
    apart = [cells[at] for at in range(width, len(cells), width + 1)]
    if all(len(row) == width for row in rows) and not any(map(str.strip, apart)):
        return [f"|{'|'.join(row)}|" for row in rows]
    return [" | ".join(cell.strip() for cell in cells if not _RULE_CELL.fullmatch(cell))]


def _lines(text: str) -> list[str]:
    """Cut a text into lines; a bare number at a page's edge is the page's if others count on from it."""
    pages = text.replace("\r\n", "\n").replace("\r", "\n").split("\f")
    found = [
        (at, bool(edge.start()), int(edge[0]) - at, edge.span())
        for at, page in enumerate(pages)
        for edge in _EDGE.finditer(page)
    ]
    counted = Counter((below, first) for _, below, first, _ in found)
    enough = max(2, sum(bool(page.strip()) for page in pages) / 2)
    for at, below, first, (start, end) in reversed(found):
        if counted[below, first] >= enough:
            pages[at] = pages[at][:start] + "\n" + pages[at][end:]
    return "\n".join(pages).split("\n")


def _grid_table(lines: list[str]) -> Grid | None:
    """Lay out a table that is drawn with rules; None where the lines of a row do not stand alike."""
    rules = [line for line in lines if _GRID_RULE.match(line)]
    if not rules or max(line.count("|") + line.count("+") for line in lines) > MAX_GRID_COLUMNS:
        return None
    edges = sorted({place for rule in rules for place in _places("+", rule)})
    bands = itertools.groupby(lines, key=lambda line: bool(_GRID_RULE.match(line)))
    rows = [_grid_row(list(band), edges) for is_rule, band in bands if not is_rule]
    return None if None in rows else grid_from_spans([row for row in rows if row is not None])[0]


def _places(mark: str, line: str) -> dict[int, int]:
    """Return where a mark stands in a line: by column, its index."""
    return {columns(line[:at]): at for at, character in enumerate(line) if character == mark}


def _grid_row(lines: list[str], edges: list[int]) -> list[tuple[str, int, int]] | None:
    """Return the cells of a row (text, one row, its columns); None where its lines do not stand alike."""
    bars = [_places("|", line) for line in lines]
    (stand, *others) = ([place for place in line if place in edges] for line in bars)
    if any(other != stand for other in others):
        return None
    cells = []
    for a, b in itertools.pairwise(stand):
        pieces = (line[at[a] + 1 : at[b]].strip() for line, at in zip(lines, bars, strict=True))
        text = "".join(_ATTRIBUTES.sub(r"\1", piece) for piece in pieces)
        cells.append((text, 1, edges.index(b) - edges.index(a)))
    return cells


def _pipe_table(rows: list[str]) -> list[Block]:
    """Lay a pipe table out as a grid if its rows have equally many cells; else give its lines as they stand.

    Where cells were merged, tools leave blanks at a row's end or nothing: what they stand below is lost.
    """
    if drawn := _grid_table(rows):
        return [drawn]
    content = [row for row in rows if not (_PIPE_RULE.match(row) or _GRID_RULE.match(row))]
    cells = [[_bare_cell(cell) for cell in row.strip().strip("|").split("|")] for row in content]
    ragged = len({len(row) for row in cells}) > 1
    padded = any(row[0] and row[-2:] == ["", ""] and any(map(_COUNT.fullmatch, row[1:])) for row in cells)
    if ragged or padded:
        return [Paragraph(row) for row in content]
    grid, _ = grid_from_spans([[(cell, 1, 1) for cell in row] for row in cells])
    return [grid] if grid else []


def _bare_cell(cell: str) -> str:
    """Return what a cell of Markdown says, without marks of emphasis around it."""
    text = _ESCAPED.sub(r"\1", cell.strip())
    mark = next((m for m in ("***", "**", "__") if text.startswith(m) and text.endswith(m)), "")
    return text[len(mark) : len(text) - len(mark)].strip() if len(text) > 2 * len(mark) else text
