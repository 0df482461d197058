"""Grids or lines → the rows of an annex of statistics as they are printed: label, unit, number.

Hides how a sheet is laid out: which of several columns of numbers is the report's, parts beside each other,
label and number in one cell, several of them in a line, leaders of dots, notes broken by the number. Knows
the labels of the forms (`annex.toml`) and nothing of which row is which.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from gongkai.form.aligned.annex_form import (
    LEAST_STEM,
    LEAST_SUMS,
    NUMBER,
    annex_labels,
    annex_word,
    counted_labels,
    ends_with_label,
    is_measured,
    is_number,
    is_other,
    is_row_label,
    number_columns,
    of_report,
    parts_beside,
    spelt_label,
    without_unit,
)
from gongkai.form.aligned.stream import YEAR_INSIDE, Atom, cut_atoms, place_of_line, spelt
from gongkai.form.form import normalize_label, parse_number
from gongkai.problem import Where
from gongkai.readers.document import Cell, Grid
from gongkai.text.clean import Script, fold_width

LOOKED_BACK = 120
"""Characters before a number in which its label is sought."""
WORDS = 60
"""Pieces of text before a number in which its label is sought."""
_BLANKS = re.compile(r"[ \u3000]{40,}")
_LEADER = re.compile(r"(?:[.．·‥・]{3,}|…+|[_＿]+|[—－-]{4,})+")


class Printed(NamedTuple):
    """A row as it is printed: its label (spelt, without note and unit), its numbers, where they stand."""

    text: str
    label: str
    money: float | None
    """What the printed unit multiplies amounts by; None where none is printed."""
    numbers: tuple[str, ...]
    where: Where
    lines: tuple[int, int] = (0, 0)
    """Of its first word and its last number."""
    heads: tuple[str, ...] = ()
    """Of its numbers, where they are several."""


def _printed(
    texts: Sequence[str],
    numbers: Sequence[str],
    where: Where,
    lines: tuple[int, int] = (0, 0),
    heads: Sequence[str] = (),
) -> Printed:
    at = len(texts)
    while at and annex_word("unit").fullmatch(texts[at - 1]):
        at -= 1
    joined = annex_word("unit_in_brackets").sub(r"\1", "".join(texts[:at]))
    text = spelt_label(_without_notes(joined) + "".join(texts[at:]))
    label = without_unit(text)
    tail = text[len(label) :]
    money = 1e4 if tail == "万元" else 1.0 if tail == "元" else None
    return Printed(text, label, money, tuple(numbers), where, lines, tuple(heads))


def _without_notes(text: str) -> str:
    """Leave out notes in brackets, and the beginning or end of one that a number cuts in two."""
    text = annex_word("note").sub("", text)
    opens = annex_word("note_opens").search(text)
    if opens and not any(label in spelt(opens[0]) for label in annex_labels() if len(label) > LEAST_STEM):
        text = text[: opens.start()]
    return annex_word("note_closes").sub("", text)


class _Table(NamedTuple):
    """A grid of which each row is one of the sheet, its number, and which of its rows each row was."""

    rows: tuple[tuple[Cell | None, ...], ...]
    number: int
    page: int | None
    at: tuple[int, ...]

    @classmethod
    def of(cls, grid: Grid, number: int) -> _Table:
        rows = [(i, row) for i, cells in enumerate(grid.rows, 1) for row in _unstacked(cells)]
        return cls(tuple(row for _, row in rows), number, grid.page, tuple(i for i, _ in rows))

    def where(self, index: int, column: int) -> Where:
        cell = self.rows[index][column]
        return Where((cell and cell.page) or self.page, self.number, self.at[index], column + 1)

    def labels(self, script: Script) -> list[list[str]]:
        return [[normalize_label(cell.text, script) if cell else "" for cell in row] for row in self.rows]


def _unstacked(row: tuple[Cell | None, ...]) -> Iterator[tuple[Cell | None, ...]]:
    """Yield the rows that stand in one row's cells, a line each.

    Where cells have not as many lines as there are labels, no number of theirs can be read as one.
    """
    lines = {id(cell): cell.text.split("\n") for cell in row if cell}
    labels = [len(each) for each in lines.values() if sum(map(is_row_label, each)) > 1]
    if not labels:
        yield row
    elif all(len(each) == labels[0] or not "".join(each).strip() for each in lines.values()):
        for k in range(labels[0]):
            yield tuple(cell and replace(cell, text="".join(lines[id(cell)][k : k + 1])) for cell in row)
    else:
        told = {key: each for key, each in lines.items() if any(map(is_number, each))}
        unread = {key: f"（{'/'.join(filter(str.strip, each))}）" for key, each in told.items()}
        yield tuple(cell and replace(cell, text=unread.get(id(cell), cell.text)) for cell in row)


def rows_of_columns(grids: Sequence[Grid], script: Script, year: int | None = None) -> Iterator[Printed]:
    """Yield each row of grids that has a label and a number's place; columns by the head, else by the cells.

    Where the head is told again beside itself the sheet stands in parts, the left one first; a grid without a
    head has that of the one before.
    """
    before: list[str] = []
    for table in map(_Table.of, grids, itertools.count(1)):
        labels = table.labels(script)
        head = next((i for i, names in enumerate(labels[:6]) if any(map(_is_head, names))), -1)
        heads = labels[head] if head >= 0 else before if len(before) == len(labels[0]) else []
        heads = [_of_year(name, year) for name in heads]
        before = heads or before
        for part in parts_beside(heads, labels[head + 1 :]):
            names = [row[part] for row in labels]
            yield from _rows_of_part(table, names, head, heads[part], part.start)


def _is_head(name: str) -> bool:
    return bool(annex_word("table").search(name) or annex_word("heads").fullmatch(name))


def _rows_of_part(
    table: _Table, labels: Sequence[Sequence[str]], head: int, heads: Sequence[str], start: int
) -> Iterator[Printed]:
    """Yield the rows of a sheet that stands in columns of a grid from `start` on."""
    body = labels[head + 1 :]
    columns = number_columns(heads, body)
    others = {c for c, name in enumerate(heads) if is_other(name)}.union(columns)
    names = [heads[c] for c in columns] if heads else [""] * len(columns)
    shown = [[row[c] for c in columns] for row in body] if columns else []
    choose = of_report(names, shown) if len(columns) > 1 else lambda row: 0
    for index, (told, numbers) in enumerate(zip(body, shown, strict=False), head + 1):
        row = table.rows[index][start : start + len(told)]
        said = _said(told, row, others, columns)
        at = choose(numbers)
        kept = columns if at is None else [columns[at]]
        taken = [(c, cell) for c in kept if (cell := row[c]) is not None]
        if said and taken:
            column = taken[0][0]
            where = table.where(index, start + column)
            parts = _label_parts(said, heads, column)
            yield _printed(parts, [cell.text for _, cell in taken], where, heads=names)


def _said(
    told: Sequence[str], row: Sequence[Cell | None], others: set[int], numbers: Sequence[int]
) -> dict[str, int]:
    """Return a row's words, each with its column; a cell merged into one of numbers is none."""
    merged = {id(row[c]) for c in numbers}
    words = (c for c, name in enumerate(told) if c not in others and _is_word(name))
    return {told[c]: c for c in words if id(row[c]) not in merged}


def _is_word(text: str) -> bool:
    return bool(text) and not parse_number(text)[2]


def _label_parts(said: Mapping[str, int], heads: Sequence[str], number: int) -> list[str]:
    """Return what of a row's words, each with its column, is its label, and its units behind it.

    `number` is the column of its number.
    """
    units = [name for name in said if annex_word("unit").fullmatch(name)]
    of_units = {c for c, name in enumerate(heads) if annex_word("of_units").fullmatch(name)}
    words = {name: c for name, c in said.items() if name not in units and c not in of_units}
    before = [name for name, c in words.items() if c < number]  # a word behind the number is a remark
    return (before or list(words))[-1:] + units


def rows_of_cells(
    grids: Sequence[Grid], script: Script, year: int | None = None, *, down: bool = False
) -> list[Printed]:
    """Return the rows of grids whose cells follow each other as lines do, row by row or column by column."""
    atoms: list[Atom] = []
    places: list[Where] = []
    for table in map(_Table.of, grids, itertools.count(1)):
        at = [(i, c) for i, row in enumerate(table.rows) for c in range(len(row))]
        seen: set[int] = set()
        for i, c in sorted(at, key=lambda place: place[::-1]) if down else at:
            cell = table.rows[i][c]
            if cell is not None and id(cell) not in seen:
                seen.add(id(cell))
                atoms += _atoms(len(places), "".join(cell.text.split("\n")), script)
                places.append(table.where(i, c))
    return _rows_of_atoms(atoms, lambda line: places[line], year)


def rows_below(grids: Sequence[Grid], script: Script) -> Iterator[Printed]:
    """Yield the rows of grids whose numbers stand below their labels."""
    for table in map(_Table.of, grids, itertools.count(1)):
        labels = table.labels(script)
        for index, (names, texts) in enumerate(itertools.pairwise(labels)):
            words = [c for c, name in enumerate(names) if _is_word(name)]
            told = [c for c in words if ends_with_label(names[c])]
            is_pair = len(told) > 1 and not any(_is_word(text) and not is_number(text) for text in texts)
            for c in words if is_pair and not any(map(is_number, names)) else ():
                cell = table.rows[index + 1][c]
                if cell is not None:
                    yield _printed([names[c]], [cell.text], table.where(index + 1, c))


def rows_of_lines(
    lines: Sequence[str], script: Script, pages: Sequence[int | None], year: int | None = None
) -> list[Printed]:
    """Return the rows of lines: numbers that follow each other, and the words before them."""
    atoms = [a for n, line in enumerate(lines) for a in _atoms(n, line, script)]
    return _rows_of_atoms(atoms, lambda line: place_of_line(line, pages), year)


def _rows_of_atoms(atoms: list[Atom], place: Callable[[int], Where], year: int | None) -> list[Printed]:
    """Cut atoms into rows; where a head names several columns, the report's number is taken."""
    cut = list(_cut_rows(_without_serials(atoms), year))
    told: dict[_Heads, list[list[str]]] = defaultdict(list)
    for _, numbers, heads in cut:
        told[heads].append([atom.text for atom in numbers])
    columns = {heads: _Columns.of(heads, shown) for heads, shown in told.items()}
    rows = []
    for words, numbers, heads in cut:
        shown = columns[heads].shown([a.text for a in numbers])
        lines = ((words or numbers)[0].line, numbers[-1].line)
        where = place(numbers[0].line)
        rows.append(_printed([a.text for a in words[-WORDS:]], shown, where, lines, columns[heads].names))
    return rows


def _cut_rows(atoms: list[Atom], year: int | None) -> Iterator[tuple[list[Atom], list[Atom], _Heads]]:
    """Yield the words before numbers that follow each other, these, and the heads that hold for them."""
    heads = _Heads()
    before: list[Atom] = []
    numbers: list[Atom] = []
    for atom, following in itertools.pairwise([*atoms, None, None]):
        if atom and following and following.number and annex_word("units").fullmatch(atom.text):
            if numbers and len(numbers) < len((_heads(before, year) or heads).named):
                before.append(atom)  # a unit between a row's code and its number
                continue
        if numbers and not (atom and atom.number):
            heads = _heads(before, year) or heads
            yield before, numbers, heads
            before, numbers = [], []
        if atom:
            (numbers if atom.number else before).append(atom)


class _Heads(NamedTuple):
    """What a head names behind 统计指标: the columns of numbers known, and all that stands there."""

    named: tuple[str, ...] = ()
    all: tuple[str, ...] = ()


class _Columns(NamedTuple):
    """The columns of numbers of lines, and how the report's is told."""

    names: tuple[str, ...]
    choose: Callable[[Sequence[str]], int | None]

    @classmethod
    def of(cls, heads: _Heads, rows: Sequence[Sequence[str]]) -> _Columns:
        whole = [row for row in rows if len(row) == len(heads.all)]
        names = heads.all if len(heads.all) > len(heads.named) and len(whole) >= LEAST_SUMS else heads.named
        return cls(names, of_report(names, [row for row in rows if len(row) == len(names)]))

    def shown(self, numbers: list[str]) -> list[str]:
        """Return the report's number of a row of several; none, or all, where that cannot be told."""
        if len(self.names) < 2:
            return numbers
        if len(numbers) == len(self.names):
            at = self.choose(numbers)
            return numbers if at is None else [numbers[at]]
        codes = sum(bool(annex_word("serial").fullmatch(name)) for name in self.names)
        return [""] if len(numbers) == codes else []  # a row's code alone: its cells are blank


def _of_year(head: str, year: int | None) -> str:
    """Return a head; of a year after the report's, that it is of the next."""
    named = annex_word("year").match(head)
    return "下年" if named and year and int(named[1]) > year else head


def _heads(before: Sequence[Atom], year: int | None) -> _Heads | None:
    """Return the heads of columns of numbers that words name behind their last head of labels."""
    before = [atom._replace(text=_of_year(YEAR_INSIDE.sub("", atom.text), year)) for atom in before]
    text = "".join(atom.text for atom in before)
    end = max((match.end() for match in annex_word("table").finditer(text)), default=None)
    if end is None:
        return None
    starts = itertools.accumulate((len(atom.text) for atom in before), initial=0)
    behind = (atom.text for atom, start in zip(before, starts, strict=False) if start >= end)
    # Behind the heads stands the first row.
    names = itertools.takewhile(lambda n: not (annex_word("opens").match(n) or ends_with_label(n)), behind)
    of_units, remark = annex_word("of_units"), annex_word("remark")
    others = (name for name in names if not (of_units.fullmatch(name) or remark.fullmatch(name)))
    named = (match[0] for match in annex_word("columns").finditer(text[end:]))
    return _Heads(tuple(named), tuple(others))


def _atoms(number: int, line: str, script: Script) -> Iterator[Atom]:
    """Cut a line, without leaders; a number behind a label, or with a measure, is one of its own."""
    line = _BLANKS.sub(" " * 40, annex_word("apart").sub("", _LEADER.sub(" ", fold_width(line))))
    for atom in cut_atoms(number, _pair().sub(_apart, line), script, unglue=False):
        yield atom._replace(number=atom.number or is_measured(atom.text))


@functools.cache
def _pair() -> re.Pattern[str]:
    """Match a number behind a label, its unit, and what ends it."""
    unit = rf"(?:\s*+(?:\|\s*+)?({annex_word('units').pattern}))?"
    note, end = r"(?:[（(][^（）()]{0,30}[）)])?", r"(?:(?=[\s|]|$)|[；;]|(?P<clause>[。，,]))"
    return re.compile(rf"[：:\s|]*+(?<![\d.,，])({NUMBER}){unit}{note}{end}")


def _apart(pair: re.Match[str]) -> str:
    """Set a number and its unit apart from the label before it; in a clause the label has its 数."""
    if annex_word("enumerated").match(pair.string, pair.start(1)):
        return pair[0]  # the digit is the label's
    label = without_unit(spelt_label(annex_word("note").sub("", pair.string[: pair.start()][-LOOKED_BACK:])))
    labels = counted_labels() if pair["clause"] else annex_labels()
    if not label.endswith(labels):
        return pair[0]
    unit = pair[2] or ""
    return f" {pair[1]}{unit} " if unit.endswith("元") else f" {unit} {pair[1]} "


def _without_serials(atoms: list[Atom]) -> list[Atom]:
    """Drop the rows' own numbers, where the head has a column for them, or opens with one of codes."""
    words = [atom.text for atom in atoms]
    codes, table, counted = map(annex_word, ("codes", "table", "counted"))
    in_front = any(codes.fullmatch(a) and table.search(b) for a, b in itertools.pairwise(words))
    if not in_front and not any(map(counted.fullmatch, words)):
        return atoms
    kept, wanted = [], 1
    for atom, following in zip(atoms, [*atoms[1:], None], strict=True):
        if atom.number and atom.text.lstrip("0") == str(wanted) and following and not following.number:
            wanted += 1
        else:
            kept.append(atom)
    return kept
