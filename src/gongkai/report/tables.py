"""Document → its statutory tables, and the lines that are none of them.

Which of a tool's lines and grids are tables is decided here: a grid whose cells lost their merging is read as
lines, what a tool tells twice is told once, and of two ways to read a page the one counts that adds up.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from gongkai.form.aligned.align import align
from gongkai.form.aligned.annex import read_annex
from gongkai.form.aligned.annex_form import annex_labels
from gongkai.form.aligned.stream import labels_of, spelt, table_rests
from gongkai.form.aligned.told import form_said
from gongkai.form.cells import FormCells, statistics_of
from gongkai.form.form import COLUMNS, TABLES, Found, parse_number
from gongkai.form.grids import read_grids, read_lone_disputes
from gongkai.form.sums import adds_up
from gongkai.problem import Problem, Where
from gongkai.readers.document import Document, Grid, Paragraph, text_of
from gongkai.report.outline import Line, is_final, is_title, is_told_heading
from gongkai.report.unwrap import sections_apart, without_marks
from gongkai.text.clean import Script, detect_script, drop_pinyin, fold_radicals, simplify
from gongkai.text.grammar import ENUMERATOR, MEASURES, YEAR_OF, parse_year
from gongkai.text.lexicon import patterns

MAX_PARAGRAPH = 200_000
"""Characters; the longest seen has 5,000, a whole report in one paragraph 40,000."""
LEAST_WORDS = 2
"""Words of the statutory tables from which a text or a grid may be one."""
WHOLE = 180
"""Cells from which the tables were read whole; the forms have 198 and 200."""
TWICE = 10
"""Different lines in a row, each told twice, that are no chance."""
LEAST_LINE, TOLD_AGAIN = 10, 3
"""Characters of a line, and such lines in a row, that no report has twice; one broken off counts double."""
LEAST_PROSE = 2
"""Rows of prose that make a grid a page."""
ENOUGH_DIGITS = {digit: 60 if digit in "12" else 400 for digit in "123456789"}
"""Digits but zeros among which each is by chance; the first two stand in every year, a 9 in a twentieth."""
FRAME = re.compile("[|│┃║┌┐└┘├┤┬┴┼─━]+")
"""What draws a table in text."""
_FIGURE = re.compile(
    r"(?<=[^\s\d|])\s*\|\s*(\d[\d.,]*)\s*\|\s*(?=[号项万亿多种类批户届则天元位级倍册台字分秒至。，、；）{MEASURES}])"
    r"|(?<=\|)(\s*\d{1,2}[.．、])\s*\|\s*(?=[\u4e00-\u9fff])".replace("{MEASURES}", MEASURES)
)
"""A figure, or a point's number, that a tool set apart from its sentence by pipes."""
_ROW = re.compile(r"\s*[│┃║](?:[^│┃║。]*[│┃║]){2,}\s*")
_DRAWN = re.compile(rf"\s*{FRAME.pattern}\s*|{_ROW.pattern}")
_FIGURES = re.compile(r"\d[\d\s|]*")
_POINTED = re.compile("[，。；]")
_SAID = patterns("form.said")
_TITLE_YEAR = re.compile(YEAR_OF.pattern + "[^。；，]{0,30}(?:报告|年报)")


class Tables(NamedTuple):
    """A document's statutory tables, and what else it holds."""

    lines: list[Line]
    """Text outside the tables."""
    grids: list[Grid]
    script: Script
    statistics: FormCells
    form: str | None
    """By the tables, by the text where only it tells, or by the annex."""


def read_tables(document: Document) -> Tables:
    """Read the statutory tables or the annex of a document, and keep its other lines apart."""
    tables = _tables(document)
    headless = any(problem.code == "head" for problem in tables.statistics.problems)
    if len(tables.statistics.readings) < WHOLE and (headless or any(map(_is_unmerged, tables.grids))):
        # A tool that lays a page out in pipes makes grids of it whose columns say nothing.
        other = _tables(document, as_lines=True)
        more = _count_values(other.statistics) > _count_values(tables.statistics)
        if more and adds_up(other.statistics.readings):
            tables = other
    if tables.statistics.tables and "disputes" not in tables.statistics.tables:
        tables = _with_lone_disputes(tables)
    return _undamaged(
        _with_zeros(tables if tables.statistics.form else _with_annex(tables), document), document
    )


def _undamaged(tables: Tables, document: Document) -> Tables:
    """Give no value where a tool lost a digit, as it does where a font does not say what its shapes are."""
    text = text_of(document.blocks)
    lost = [digit for digit in ENOUGH_DIGITS if digit not in text]
    if not lost or sum(map(text.count, ENOUGH_DIGITS)) < min(map(ENOUGH_DIGITS.__getitem__, lost)):
        return tables
    said = f"there is no {' or '.join(lost)} in the whole text: a digit was lost, and no cell was read"
    problems = (*tables.statistics.problems, Problem("characters_lost", said))
    return tables._replace(statistics=replace(tables.statistics, readings=(), problems=problems))


def _with_zeros(tables: Tables, document: Document) -> Tables:
    """Read a dash as zero where a note says that it is; one on a table of its own counts for no other."""
    readings = tables.statistics.readings
    blank = [one for one in readings if one.value is None and one.raw]
    if not blank:
        return tables
    cells = itertools.chain(*(row for grid in tables.grids for row in grid.texts))
    text = "".join([*(b.text for b in document.blocks if isinstance(b, Paragraph)), *cells])
    said = list(_SAID["zero_mark"].finditer(text))
    marks = {note["mark"] or note["other"] for note in said}
    zeros = {one: one._replace(value=0.0) for one in blank if one.raw in marks}
    of_one = any("本表" in text[: note.start()][-8:] for note in said)
    if not zeros or (of_one and len({one.table for one in zeros}) > 1):
        return tables
    told = tuple(zeros.get(one, one) for one in readings)
    return tables._replace(statistics=replace(tables.statistics, readings=told))


def _with_lone_disputes(tables: Tables) -> Tables:
    """Read the numbers of disputes where nothing is left of the table but they."""
    cells = [(number, line.text.strip(" |\t\u3000")) for number, line in enumerate(tables.lines, 1)]
    runs = itertools.groupby(cells, key=lambda cell: bool(_FIGURES.fullmatch(cell[1])))
    told = [list(run) for figures, run in runs if figures]
    lines = [(Where(line=run[0][0]), re.split(r"[\s|]+", " ".join(text for _, text in run))) for run in told]
    alone = [(number, grid) for number, grid in enumerate(tables.grids, 1) if len(grid.rows) == 1]
    grids = [(Where(grid.page, number), grid.texts[0]) for number, grid in alone]
    found = tuple(read_lone_disputes([*lines, *grids]))
    if not found:
        return tables
    known: tuple[Found, ...] = (*tables.statistics.problems, *tables.statistics.readings)
    return tables._replace(statistics=statistics_of((*known, *found), tables.form))


def _with_annex(tables: Tables) -> Tables:
    """Read the annex of 2008–2018, where there is one."""
    lines, statistics = tables.lines, tables.statistics
    texts, pages = [line.text for line in lines], [line.page for line in lines]
    titles = (match for text in texts if (match := _TITLE_YEAR.search(text)))
    year = next((parse_year(match[1]) for match in titles), None)
    annex = read_annex(texts, tables.grids, script=tables.script, pages=pages, year=year)
    if annex.found:
        chance = () if annex.form else statistics.readings  # an annex's report has no statutory tables
        statistics = statistics_of((*statistics.problems, *chance, *annex.found))
    return tables._replace(
        lines=[line for number, line in enumerate(lines) if number not in annex.lines],
        statistics=statistics,
        form=statistics.form or tables.form or annex.form,
    )


def _tables(document: Document, *, as_lines: bool = False) -> Tables:
    """Read the statutory tables from grids, and from lines what grids do not give.

    Args:
        document: What was read.
        as_lines: Take grids as lines.
    """
    pieces, grids = _apart(document, as_lines=as_lines)
    raw = "".join(piece.text for piece in pieces)
    cells = "" if len(raw) > 200 else "".join("".join(row) for grid in grids for row in grid.texts)
    script = detect_script(raw + cells)
    if script == "traditional":
        pieces = [Line(simplify(drop_pinyin(p.text)), p.page) for p in pieces]
    pieces = sections_apart(pieces)
    statistics = statistics_of(read_grids(grids, script))
    form = statistics.form or form_said([piece.text for piece in pieces])
    tables = Tables(pieces, grids, script, statistics, form)
    told = statistics.tables < {*TABLES} and _table_words([p.text for p in pieces])
    return _aligned(tables) if told and len({*told}) >= LEAST_WORDS else tables


def _aligned(tables: Tables) -> Tables:
    """Read from lines what grids do not give."""
    lines, statistics, known = tables.lines, tables.statistics, tables.statistics.tables
    aligned = align([p.text for p in lines], script=tables.script, pages=[p.page for p in lines])
    more = (f for f in aligned.found if isinstance(f, Problem) or f.table not in known)
    statistics = statistics_of((*statistics.problems, *statistics.readings, *more), tables.form)
    pieces = _without(lines, aligned.spans)
    rests = table_rests([p.text for p in pieces])
    left = [piece for number, piece in enumerate(pieces) if number not in rests]
    return tables._replace(lines=left, statistics=statistics, form=statistics.form or tables.form)


def _count_values(statistics: FormCells) -> int:
    return sum(reading.value is not None for reading in statistics.readings)


def _apart(document: Document, *, as_lines: bool) -> tuple[list[Line], list[Grid]]:
    """Return the lines of text and the grids."""
    pieces: list[Line] = []
    grids: list[Grid] = []
    text = "".join(block.text for block in document.blocks if isinstance(block, Paragraph))
    has_radicals = fold_radicals(text) != text
    for block in document.blocks:
        if isinstance(block, Paragraph):
            text = block.text[:MAX_PARAGRAPH]
            lines = (fold_radicals(text) if has_radicals else text).splitlines()
            texts = [_FIGURE.sub(r"\1\2", line) if "|" in line and "。" in line else line for line in lines]
        elif as_lines or (_is_unmerged(block) and _is_displaced(block)):
            texts = [" | ".join(row) for row in block.lines]
        else:
            texts, tables = _laid_out(block)
            grids += tables
        pieces += [Line(text, block.page) for text in texts]
    return _told_once(_said_once(_without_drawn(without_marks(pieces)))), grids


def _laid_out(grid: Grid) -> tuple[list[str], list[Grid]]:
    """Return lines and tables of a grid that holds a whole report, as a spreadsheet's does; else the grid."""
    rows = [_said_in(row) for row in grid.texts]
    few = [said if len(said) <= 2 else [] for said in rows]
    prose = sum(any(len(text) >= LEAST_LINE and "。" in text for text in said) for said in few)
    if prose < LEAST_PROSE or not any(map(is_told_heading, itertools.chain(*few))):
        return [], [grid]
    lines: list[str] = []
    grids: list[Grid] = []
    told = zip((any(map(_is_line, said)) for said in few), rows, grid.rows, strict=True)
    for is_line, run in itertools.groupby(told, key=lambda row: row[0]):
        _, texts, cells = zip(*run, strict=True)
        words = [*itertools.chain(*texts)]
        if is_line or (max(map(len, texts)) <= 2 and not any(text[-1:].isdigit() for text in words)):
            lines += [text for text in words if text not in lines or is_final(text)]  # a merged head once
        else:
            grids.append(Grid(cells, grid.page))
    return lines, grids


def _is_line(text: str) -> bool:
    return is_final(text) or is_told_heading(text) or is_title(text)


def _said_in(row: Sequence[str]) -> list[str]:
    """Return what the cells of a row say, each once; a number goes with its point."""
    said = [*dict.fromkeys(text.strip() for text in row if text.strip())]
    return ["".join(said)] if len(said) == 2 and re.fullmatch(ENUMERATOR, said[0]) else said


def _without_drawn(pieces: list[Line]) -> list[Line]:
    """Leave out tables, drawn or tabbed, that are no statutory ones; a page in a frame has one column."""
    kept: list[Line] = []
    runs = itertools.groupby(pieces, key=lambda piece: _drawn(piece.text))
    for drawn, run in runs:
        block = list(run)
        tabbed = sum(piece.text.count("\t") > 1 for piece in block) > 1
        rows = [piece.text for piece in block if tabbed or _ROW.fullmatch(piece.text)] if drawn else []
        framed = tabbed if drawn > 1 else not {block[0].text, block[-1].text} & {*rows}
        if not framed or len(rows) <= drawn:
            kept += block
            continue
        words = simplify(spelt("".join(rows)))
        labels = (*labels_of(*sorted(TABLES)), *annex_labels())
        known = any(label in words for label in labels if len(label) > 2)
        said = any(
            len(cell.strip()) >= LEAST_LINE or "，" in cell
            for row in rows
            for cell in re.split("[│┃║\t]", row)
        )
        kept += block if known or said else []
    return kept


def _drawn(text: str) -> int:
    """Return 1 for a drawn line, 2 for one of cells set apart by tabs, else 0."""
    return 2 if "\t" in text.strip() and "。" not in text else int(bool(_DRAWN.fullmatch(text)))


def _said_once(pieces: list[Line]) -> list[Line]:
    """Leave every second line out where a tool has told each cell twice, as itself and as its paragraph."""
    if sum(piece.text == before.text for before, piece in itertools.pairwise(pieces)) < TWICE:
        return pieces
    runs = [list(same) for _, same in itertools.groupby(pieces, key=lambda piece: piece.text)]
    kept: list[Line] = []
    for even, stretch in itertools.groupby(runs, key=lambda run: len(run) % 2 == 0):
        told = list(stretch)
        kept += list(itertools.chain(*told))[:: 2 if even and len(told) >= TWICE else 1]
    return kept


def _told_once(pieces: list[Line]) -> list[Line]:
    """Leave out lines of prose that a tool tells again in the same order, as text and as a table."""
    filled = [piece for piece in pieces if piece.text.strip()]
    words = ["".join(piece.text.split()) for piece in filled]
    words = [FRAME.sub("", word) for word in words] if FRAME.search("".join(words)) else words
    long = [word for word in words if len(word) >= LEAST_LINE]
    if len({*long}) == len(long):
        return filled
    first: dict[str, int] = {}
    kept: list[Line] = []
    at = 0
    while at < len(filled):
        before = first.setdefault(words[at], at) if len(words[at]) >= LEAST_LINE else at
        again = 0
        while before + again < at < len(words) - again and _is_same(words[before + again], words[at + again]):
            again += 1
        told = [word for word in words[at : at + again] if len(word) >= LEAST_LINE and _POINTED.search(word)]
        # Only a tool breaks two lines off at the same character.
        prose = len(told) + sum(not word.endswith("。") for word in told)
        end = at + max(again, 1)
        if prose < TOLD_AGAIN:
            kept += filled[at:end]
        at = end
    return kept


def _is_same(line: str, other: str) -> bool:
    """Tell whether two lines are one; a tool may lose the mark at its end."""
    return line == other or (len(line) >= LEAST_LINE and line.rstrip("，。、；") == other.rstrip("，。、；"))


def _is_unmerged(grid: Grid) -> bool:
    cells = [id(cell) for row in grid.rows for cell in row if cell is not None]
    return len(set(cells)) == len(cells)


def _is_displaced(grid: Grid) -> bool:
    """Tell whether a table that lost its merged cells has numbers under no head: it is read by its labels."""
    texts = [[text.strip() for text in row] for row in grid.texts]
    if len(_table_words(itertools.chain(*texts))) < LEAST_WORDS:
        return False
    first, columns = 0, range(0)
    for number, (row, said) in enumerate(zip(grid.rows, texts, strict=True)):
        end = sum(cell is not None for cell in row)
        start = end - sum(
            1 for _ in itertools.takewhile(lambda text: parse_number(text)[2], reversed(said[:end]))
        )
        start = next((at for at in range(start, end) if said[at]), end)
        if end - start >= len(COLUMNS):
            first, columns = number, range(start, end)
            break
    return first > 0 and any(not any(row[i] for row in texts[:first]) for i in columns)


def _without(pieces: Sequence[Line], spans: Sequence[tuple[int, int, int]]) -> list[Line]:
    """Return what of the lines is no table, piece by piece."""
    cuts: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for line, start, end in spans:
        cuts[line].append((start, end))
    left: list[Line] = []
    for number, piece in enumerate(pieces):
        at = 0
        for start, end in [*sorted(cuts[number]), (len(piece.text), 0)]:
            rest = piece.text[at:start]
            if rest.strip(" \t\u3000|│┃║*") or number not in cuts:
                left.append(Line(rest, piece.page))
            at = max(at, end)
    return left


def _table_words(texts: Iterable[str]) -> list[str]:
    return _SAID["tabled"].findall(re.sub(r"[\s|│()（）\d]+", "", "".join(texts)))
