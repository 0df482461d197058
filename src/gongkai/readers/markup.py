"""Texts whose tables stand in a markup with spans (LaTeX, AsciiDoc, MediaWiki) → a page. Knows no reports."""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Callable, Iterator

from gongkai.text.grammar import numeral

Rows = list[list[tuple[str, int, int]]]
"""Cells as (text, rows, columns)."""
MAX_SPAN = 100
_SPANS = 3
"""Of one cell, one in the other."""
_BRACED, _OPTION = r"\{(?:[^{}]|\{[^{}]*\})*\}", r"(?:\[[^\[\]]*\])?"
"""An argument that may hold others, and an option."""
_LATEX_TABLE = re.compile(
    r"\\begin\{(tabular[xy*]?|longtable|tabu)\}((?:(?!\\begin\{\1\}).)*?)\\end\{\1\}", re.DOTALL
)
_LATEX_SKIPPED = re.compile(
    rf"(?<!\\)%.*|\\(?:hline|(?:top|mid|bottom)rule|cline\{{[^{{}}]*\}}|(?:begin|end)\{{[^{{}}]*\}}{_OPTION}"
    rf"|(?:usepackage|documentclass|geometry|ctexset|author|date|label|vspace|setlength){_OPTION}(?:{_BRACED})+)"
)
_LATEX_TITLE = re.compile(rf"\\title\s*({_BRACED})")
_LATEX_SECTION = re.compile(rf"\\(section|(?:sub)+section)(\*?)({_BRACED})")
_LATEX_NOTE = re.compile(rf"\\footnote(?:mark|text)?{_OPTION}({_BRACED})?")
_LATEX_SPAN = re.compile(rf"\\multi(column|row)\{{(\d+)\}}{_OPTION}(?:{_BRACED}|\*)\{{(.*)\}}", re.DOTALL)
_LATEX_STACKED = re.compile(rf"\\(?:makecell|shortstack){_OPTION}\{{([^{{}}]*)\}}")
_LATEX_POINT = re.compile(rf"\\item\b{_OPTION}\s*")
_LATEX_WORD = re.compile(rf"\\[a-zA-Z]+\*?{_OPTION}\s?|(?<!\\)[{{}}]")
_LATEX_MARK = re.compile(rf"\\([$%&_#{{}}])|(\\\\){_OPTION}|\\[,;:! /]|[$~]")
"""A character that means itself, a line's end, and blanks; figures stand between dollars."""
_ASCIIDOC_TABLE = re.compile(r"((?:^\[[^\]\n]*\]\n)?^\|===[ \t]*$.*?)^\|===[ \t]*$", re.DOTALL | re.MULTILINE)
_ASCIIDOC_COLUMNS = re.compile(r"cols=\"([^\"]*)\"")
_ASCIIDOC_CELL = re.compile(r"(?<!\S)(?:(\d+)?(?:\.(\d+))?\+)?[<^>]?(?:\.[<^>])?[adehlmsv]?\|")
_ASCIIDOC_SKIPPED = re.compile(
    r"^(?:\[[^\]\n]*\]|:[\w-]+!?:.*|//.*)$|^(?:[*.]{1,5}|-)[ \t]+|footnote:\w*\[[^\[\]]*\]", re.MULTILINE
)
_WIKI_TABLE = re.compile(r"^\{\|[^\n]*$((?:(?!^\{\|).)*?)^\|\}", re.DOTALL | re.MULTILINE)
_WIKI_SPAN = re.compile(r"(col|row)span\s*=\s*\"?(\d+)")
_WIKI_CELLS = re.compile(r"^[|!](?![-+}])|\|\||!!", re.MULTILINE)
_WIKI_TEMPLATE = re.compile(r"^\{\{[^{}]*\}\}[ \t]*$|\{\{(?:[^{}|]*\|([^{}|=]*)|[^{}]*)\}\}", re.MULTILINE)
"""One that stands alone is a box; in a text, its only argument is what it shows."""
_WIKI_SKIPPED = re.compile(
    r"\[\[Category:[^\[\]]*\]\]|\[\[(?:[^\[\]|]*\|)?|\]\]|'{2,}|<ref\b[^<>]*(?:/>|>[^<>]*</ref>)|</?\w[^<>]*>"
    r"|^[*#:;]+[ \t]*",
    re.MULTILINE,
)
_HEADING = re.compile(r"^=+[ \t]+(.*)$", re.MULTILINE)


def as_page(text: str) -> str | None:
    """Return a text as HTML, its tables with their spans; None where it has none in such a markup."""
    if _LATEX_TABLE.search(text):
        return _page(_latex(text), _LATEX_TABLE, _latex_rows, _latex_prose)
    if _ASCIIDOC_TABLE.search(text):
        return _page(text, _ASCIIDOC_TABLE, _asciidoc_rows, lambda prose: _ASCIIDOC_SKIPPED.sub("", prose))
    if _WIKI_TABLE.search(text):
        shown = _WIKI_TEMPLATE.sub(r"\1", text)
        return _page(shown, _WIKI_TABLE, _wiki_rows, lambda prose: _WIKI_SKIPPED.sub("", prose))
    return None


def _page(
    text: str, table: re.Pattern[str], rows_of: Callable[[str], Rows], bare: Callable[[str], str]
) -> str:
    parts: list[str] = []
    at = 0
    for match in [*table.finditer(text), None]:
        prose = _HEADING.sub(
            lambda m: m[1].rstrip(" \t="), bare(text[at : match.start() if match else len(text)])
        )
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
    numbers = itertools.count(1)

    def heading(match: re.Match[str]) -> str:
        counted = match[1] == "section" and not match[2]
        return f"\n\n{numeral(next(numbers)) + '、' if counted else ''}{match[3]}\n\n"

    body = _LATEX_SECTION.sub(heading, text.split(r"\begin{document}")[-1])
    body = _LATEX_STACKED.sub(lambda match: match[1].replace("\\\\", ""), body)
    return f"{title[1] if title else ''}\n\n{body}"


def _latex_prose(text: str) -> str:
    """Return the paragraphs of a text, a line each, notes behind them."""
    notes = [match[1] for match in _LATEX_NOTE.finditer(text) if match[1]]
    text = "\n\n".join([_LATEX_NOTE.sub("", text), *notes])
    words = _LATEX_WORD.sub("", _LATEX_POINT.sub("\n\n", _LATEX_SKIPPED.sub("", text)))
    marked = _LATEX_MARK.sub(lambda m: m[1] or ("\n\n" if m[2] else " " if m[0] == "~" else ""), words)
    return re.sub(r"(?<!\n)\n(?!\n)", "", marked)


def _latex_rows(text: str) -> Rows:
    text = re.sub(rf"\A\s*{_OPTION}(?:{_BRACED}){{1,2}}", "", text)
    rows = (_LATEX_SKIPPED.sub("", row).strip() for row in re.split(rf"\\\\{_OPTION}", text))
    return [[_latex_cell(cell) for cell in re.split(r"(?<!\\)&", row)] for row in rows if row]


def _latex_cell(cell: str) -> tuple[str, int, int]:
    """Return a cell; one over several rows stands in the first, blanks of its own stand below."""
    columns = 1
    cell = _LATEX_NOTE.sub("", cell)
    for _ in range(_SPANS):
        if match := _LATEX_SPAN.search(cell):
            columns = _span(match[2]) if match[1] == "column" else columns
            cell = match[3]
    return _latex_prose(cell).replace("\n", "").strip(), 1, columns


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
