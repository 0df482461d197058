"""Texts whose tables stand in a markup with spans (LaTeX, AsciiDoc, MediaWiki) → a page. Knows no reports."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator

from gongkai.text.grammar import NUMERALS

Rows = list[list[tuple[str, int, int]]]
"""Cells as (text, rows, columns)."""
MAX_SPAN = 100
_LATEX_TABLE = re.compile(r"\\begin\{(tabular[xy*]?|longtable|tabu)\}(.*?)\\end\{\1\}", re.DOTALL)
_LATEX_SKIPPED = re.compile(
    r"(?<!\\)%.*|\\(?:hline|(?:top|mid|bottom)rule|cline\{[^}]*\}|(?:begin|end)\{[^}]*\}(?:\[[^\]]*\])?"
    r"|(?:usepackage|documentclass|geometry|ctexset|author|date|label|vspace|setlength)(?:\[[^\]]*\])?(?:\{[^}]*\})+)"
)
_LATEX_TITLE = re.compile(r"\\title\s*\{(.*)\}")
_LATEX_SECTION = re.compile(r"\\section\*?\{([^}]*)\}")
_LATEX_SPAN = re.compile(r"\\multi(column|row)\{(\d+)\}(?:\[[^\]]*\])?\{[^}]*\}\{(.*)\}", re.DOTALL)
_LATEX_STACKED = re.compile(r"\\(?:makecell|shortstack)(?:\[[^\]]*\])?\{([^{}]*)\}")
_LATEX_WORD = re.compile(r"\\[a-zA-Z]+\*?(?:\[[^\]]*\])?\s?|(?<!\\)[{}]")
_ASCIIDOC_TABLE = re.compile(r"((?:^\[[^\]\n]*\]\n)?^\|===[ \t]*$.*?)^\|===[ \t]*$", re.DOTALL | re.MULTILINE)
_ASCIIDOC_COLUMNS = re.compile(r"cols=\"([^\"]*)\"")
_ASCIIDOC_CELL = re.compile(r"(?<!\S)(?:(\d+)?(?:\.(\d+))?\+)?[<^>]?(?:\.[<^>])?[adehlmsv]?\|")
_ASCIIDOC_SKIPPED = re.compile(r"^(?:\[[^\]]*\]|:[\w-]+!?:.*|//.*)$", re.MULTILINE)
_WIKI_TABLE = re.compile(r"^\{\|[^\n]*$(.*?)^\|\}", re.DOTALL | re.MULTILINE)
_WIKI_SPAN = re.compile(r"(col|row)span\s*=\s*\"?(\d+)")
_WIKI_CELLS = re.compile(r"^[|!](?![-+}])|\|\||!!", re.MULTILINE)
_WIKI_SKIPPED = re.compile(
    r"\{\{[^{}]*\}\}|\[\[Category:[^\]]*\]\]|\[\[(?:[^\[\]|]*\|)?|\]\]|'{2,}|</?\w[^<>]*>"
)
_HEADING = re.compile(r"^=+\s+(.*?)(?:\s+=+)?$", re.MULTILINE)


def as_page(text: str) -> str | None:
    """Return a text as HTML, its tables with their spans; None where it has none in such a markup."""
    if _LATEX_TABLE.search(text):
        return _page(_latex(text), _LATEX_TABLE, _latex_rows, _latex_prose)
    if _ASCIIDOC_TABLE.search(text):
        return _page(text, _ASCIIDOC_TABLE, _asciidoc_rows, lambda prose: _ASCIIDOC_SKIPPED.sub("", prose))
    if _WIKI_TABLE.search(text):
        return _page(text, _WIKI_TABLE, _wiki_rows, lambda prose: _WIKI_SKIPPED.sub("", prose))
    return None


def _page(
    text: str, table: re.Pattern[str], rows_of: Callable[[str], Rows], bare: Callable[[str], str]
) -> str:
    parts: list[str] = []
    at = 0
    for match in [*table.finditer(text), None]:
        prose = _HEADING.sub(r"\1", bare(text[at : match.start() if match else len(text)]))
        parts += (f"<p>{html.escape(line.strip())}</p>" for line in prose.split("\n") if line.strip())
        if match:
            parts.append(f"<table>{''.join(map(_row, rows_of(match[match.lastindex or 1])))}</table>")
            at = match.end()
    return "\n".join(parts)


def _row(cells: list[tuple[str, int, int]]) -> str:
    said = (
        f'<td rowspan="{rows}" colspan="{columns}">{html.escape(text)}</td>' for text, rows, columns in cells
    )
    return f"<tr>{''.join(said)}</tr>"


def _latex(text: str) -> str:
    """Return the body of a document below its title, its sections counted."""
    title = _LATEX_TITLE.search(text)
    body = text.split(r"\begin{document}")[-1]
    for numeral in NUMERALS:
        body = _LATEX_SECTION.sub(rf"\n{numeral}、\1\n", body, count=1)
    return (
        f"{title[1] if title else ''}\n\n{_LATEX_STACKED.sub(lambda m: m[1].replace(chr(92) * 2, ''), body)}"
    )


def _latex_prose(text: str) -> str:
    words = _LATEX_WORD.sub("", _LATEX_SKIPPED.sub("", text)).replace(r"\%", "%").replace("\\\\", "\n")
    return re.sub(r"(?<!\n)\n(?!\n)", "", words)


def _latex_rows(text: str) -> Rows:
    text = re.sub(r"\A\s*(?:\{[^}]*\})?\{(?:[^{}]|\{[^{}]*\})*\}", "", text)
    rows = (_LATEX_SKIPPED.sub("", row).strip() for row in re.split(r"\\\\(?:\[[^\]]*\])?", text))
    return [[_latex_cell(cell) for cell in re.split(r"(?<!\\)&", row)] for row in rows if row]


def _latex_cell(cell: str) -> tuple[str, int, int]:
    """Return a cell; one over several rows stands in the first, blanks of its own stand below."""
    columns = 1
    while match := _LATEX_SPAN.search(cell):
        columns = _span(match[2]) if match[1] == "column" else columns
        cell = match[3]
    return _latex_prose(cell).strip(), 1, columns


def _asciidoc_rows(text: str) -> Rows:
    said, _, text = text.partition("|===")
    marks = list(_ASCIIDOC_CELL.finditer(text))
    if not marks:
        return []
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    cells = [
        (text[mark.end() : end].strip(), _span(mark[2]), _span(mark[1]))
        for mark, end in zip(marks, ends, strict=True)
    ]
    first = text.strip().split("\n")[0]
    width = sum(_span(mark[1]) for mark in _ASCIIDOC_CELL.finditer(first))
    named = _ASCIIDOC_COLUMNS.search(said)  # a long first row goes on in the next line
    count = (
        sum(_span(one.partition("*")[0]) if "*" in one else 1 for one in named[1].split(",")) if named else 0
    )
    return list(_filled(cells, min(max(width, count), MAX_SPAN)))


def _span(printed: str | None) -> int:
    """Return how many rows or columns a cell covers: no table has more than `MAX_SPAN`."""
    return min(int(printed), MAX_SPAN) if printed and printed.isdecimal() and len(printed) < 10 else 1


def _filled(cells: list[tuple[str, int, int]], width: int) -> Iterator[list[tuple[str, int, int]]]:
    """Give cells that follow each other without ends of rows in rows of a width."""
    taken = [0] * max(width, 1)
    row: list[tuple[str, int, int]] = []
    for text, rows, columns in cells:
        while all(taken):
            yield row
            row, taken = [], [left - 1 for left in taken]
        at = taken.index(0)
        for column in range(at, min(at + columns, len(taken))):
            taken[column] = rows
        row.append((text, rows, columns))
    yield row


def _wiki_rows(text: str) -> Rows:
    return [
        [_wiki_cell(cell) for cell in _WIKI_CELLS.split(row)[1:]]
        for row in re.split(r"^\|-.*$", text, flags=re.MULTILINE)
        if _WIKI_CELLS.search(row)
    ]


def _wiki_cell(cell: str) -> tuple[str, int, int]:
    spans = {kind: _span(count) for kind, count in _WIKI_SPAN.findall(cell.split("|")[0])}
    said = cell.rpartition("|")[2] if "=" in cell.split("|")[0] else cell
    return _WIKI_SKIPPED.sub("", said).strip(), spans.get("row", 1), spans.get("col", 1)
