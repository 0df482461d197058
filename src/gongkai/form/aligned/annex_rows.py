"""Grids or lines → the rows of an annex of statistics as they are printed: label, unit, number.

Hides how a sheet is laid out: which of several columns of numbers is the report's, parts beside each other,
label and number in one cell, several of them in a line, leaders of dots, notes broken by the number. Knows
the labels of the forms (`annex.toml`) and nothing of which row is which.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gongkai.form.aligned.stream import Atom, cut_atoms, spelt
from gongkai.form.form import normalize_label, parse_number
from gongkai.problem import Where
from gongkai.readers.document import Grid
from gongkai.text.clean import Script, fold_width
from gongkai.text.grammar import NUMERALS
from gongkai.text.lexicon import table

FORMS = ("2014", "2008")
LEAST_ROWS = 8
"""Rows below which what was aligned is no annex."""
LEAST_STEM = 4
"""Characters from which a label counts without its 数."""
LEAST_SUMS = 3
"""Rows, not zero, whose parts sum to it, from which a column of totals is trusted."""
MOST_NUMBERS = 0.6
"""Share of a column's cells from which it is one of numbers."""
_UNITS = "人次|万元|[条件次篇个人元份宗项]"
_UNIT_IN_BRACKETS = re.compile(f"[（(](?:(?:计量)?单位[:：]?)?({_UNITS})[）)]")
_ENUMERATED_WORD = re.compile(r"(?<=范围)[1-9]")
_OPEN_NOTE = re.compile(r"(?<=.{4})[（(](?![一二三四五六七八九十\d]{1,3}$)[^（）()]{0,60}$")
_CLOSED_NOTE = re.compile(r"^(?![一二三四五六七八九十\d]{1,3}[）)])[^（）()]{1,60}[）)]")
_LEADER = re.compile(r"(?:[.．·‥・]{3,}|…+|[_＿]{2,}|[—－-]{4,})+")
_NUMBER = r"(?:\d{1,3}(?:[,，]\d{3})+|\d+)(?:\.\d+)?"
_PAIR = re.compile(
    rf"[：:\s|]*+(?<!范围)(?<![\d.,，])({_NUMBER})(?:\s*+(?:\|\s*+)?({_UNITS}))?"
    r"(?:[（(][^（）()]{0,30}[）)])?(?:(?=[\s|]|$)|[；;]|(?P<clause>[。，,]))"
)
"""A number behind a label, its unit, and what ends it."""
_MEASURED = re.compile(rf"{_NUMBER}(?:{_UNITS}|[名场期家起%％]|[万亿千百余多].{{0,2}})")
"""A number with a measure of its own."""
_APART = re.compile(r"(?<=\d)[ \u3000]+(?=[万亿千百余多](?!元))")
_OF_UNITS = ("单位", "计量单位")
_LOOKED_BACK = 120
"""Characters before a number in which its label is sought."""
_COUNTED = re.compile("(?:总?(?:人次|[次人条篇个])?数量?|量)$")


class Row(NamedTuple):
    """A row of a form."""

    key: str
    """Empty: a heading."""
    labels: tuple[str, ...]
    """Spelt, each way to print them: with 数, 总数, 数量 or the unit's (次数), or without."""
    unit: str


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


def annex_data() -> Mapping[str, Any]:
    """Return `annex.toml`."""
    return table("annex")


@functools.cache
def annex_word(name: str) -> re.Pattern[str]:
    """Return a pattern of `annex.toml`'s words."""
    return re.compile(annex_data()["words"][name])


@functools.cache
def form_rows(form: str) -> tuple[Row, ...]:
    """Return the rows of a form in their order."""
    rows = []
    for key, labels, unit in annex_data()["forms"][form]:
        ways = (way for label in map(spelt_label, labels.split("|")) for way in _ways(label, unit))
        rows.append(Row(key, tuple(dict.fromkeys(ways)), unit))
    return tuple(rows)


def spelt_label(text: str) -> str:
    """Return the Chinese characters of a text; a digit that tells rows apart is one (范围1数)."""
    return spelt(_ENUMERATED_WORD.sub(lambda match: NUMERALS[int(match[0]) - 1], text))


def _ways(label: str, unit: str) -> Iterator[str]:
    """Yield the ways to print a label; the form's own is the first."""
    yield label
    stem = _COUNTED.sub("", label)
    if not unit or (stem == label and (len(label) <= LEAST_STEM or unit == "万元")):
        return
    measures = ("人次", "次", "人") if unit == "人次" else (unit,)
    if len(stem) >= LEAST_STEM:
        yield from (stem, f"{stem}数", f"{stem}数量")
        yield from (f"{stem}{measure}数" for measure in measures)
    yield from (f"{stem}总数", f"{stem}总数量")
    yield from (f"{stem}总{measure}数" for measure in measures)


@functools.cache
def annex_labels() -> tuple[str, ...]:
    """Return all labels of all forms, headings too."""
    return tuple(label for form in FORMS for row in form_rows(form) for label in row.labels)


@functools.cache
def counted_labels() -> tuple[str, ...]:
    """Return the labels that no clause of prose has: those with 数."""
    return tuple(label for label in annex_labels() if label.endswith(("数", "数量")))


def without_unit(text: str) -> str:
    """Return a spelt label without the unit at its end."""
    return annex_word("unit").sub("", text)


def ends_with_label(text: str, *, counted: bool = False) -> bool:
    """Tell whether a text, notes and unit left out, ends with a label; with `counted`, with one in 数."""
    words = spelt_label(annex_word("note").sub("", _UNIT_IN_BRACKETS.sub("", text)))
    labels = counted_labels() if counted else annex_labels()
    return words.endswith(labels) or without_unit(words).endswith(labels)


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
    joined = annex_word("note").sub("", _UNIT_IN_BRACKETS.sub(r"\1", "".join(texts[:at])))
    open_note = _OPEN_NOTE.search(joined)
    if open_note and not any(
        label in spelt(open_note[0]) for label in annex_labels() if len(label) > LEAST_STEM
    ):
        joined = joined[: open_note.start()]
    joined = _CLOSED_NOTE.sub("", joined) + "".join(texts[at:])
    text = spelt_label(joined)
    label = without_unit(text)
    tail = text[len(label) :]
    money = 1e4 if tail == "万元" else 1.0 if tail == "元" else None
    return Printed(text, label, money, tuple(numbers), where, lines, tuple(heads))


def _is_number(text: str) -> bool:
    """Tell whether a cell is a number, with or without its unit."""
    return bool(_MEASURED.fullmatch(text)) or parse_number(text)[0] is not None


def _of_report(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Callable[[Sequence[str]], int | None]:
    """Decide which of several columns of numbers is the report's: that named so, else a total of parts.

    Args:
        heads: Of the columns.
        rows: Their cells.

    Returns:
        What says of a row which of its cells counts; None where nothing tells.
    """
    if (named := _named(heads)) is not None:
        return lambda row: named
    total = _total(heads)
    sums = [_adds_up(row, total) for row in rows] if total is not None else []
    trusted = sums.count(None) + sums.count(True) >= len(sums) - 1 and sums.count(True) >= LEAST_SUMS
    return lambda row: total if trusted and total is not None and _adds_up(row, total) is not False else None


def _named(heads: Sequence[str]) -> int | None:
    """Return which of the columns is named as the year's, of years the last; None where nothing tells."""
    named = [c for c, name in enumerate(heads) if is_column(name) and not annex_word("skip").search(name)]
    years = {c: match[1] for c in named if (match := annex_word("year").fullmatch(heads[c]))}
    if len(named) > 1 and len(set(years.values())) == len(named):
        return max(years, key=years.__getitem__)
    return named[0] if len(named) == 1 else None


def _total(heads: Sequence[str]) -> int | None:
    """Return which column is the total of two or more parts, none of which may be the report's by itself."""
    totals = [c for c, name in enumerate(heads) if annex_word("total").fullmatch(name)]
    parts = [name for c, name in enumerate(heads) if c not in totals]
    own = any(annex_word("own").search(name) or annex_word("skip").search(name) for name in parts)
    return totals[0] if len(totals) == 1 and len(parts) > 1 and not own else None


def _adds_up(row: Sequence[str], total: int) -> bool | None:
    """Tell whether a row's cells sum to its total; None where it has none or all are zero."""
    values = [parse_number(text)[0] for text in row]
    whole = values[total]
    parts = sum(value or 0.0 for c, value in enumerate(values) if c != total)
    return None if not whole and not parts else whole is not None and abs(parts - whole) < 1e-6


def is_column(name: str) -> bool:
    """Tell whether a head is one of a column of numbers."""
    return bool(annex_word("columns").fullmatch(name))


def rows_of_columns(grids: Sequence[Grid], script: Script) -> Iterator[Printed]:
    """Yield each row of grids that has a label and a number's place; columns by the head, else by the cells.

    Where the head is told again beside itself the sheet stands in parts, the left one first; a grid without a
    head has that of the one before.
    """
    before: list[str] = []
    for number, grid in enumerate(grids, 1):
        labels = [[normalize_label(cell.text, script) if cell else "" for cell in row] for row in grid.rows]
        head = next((i for i, names in enumerate(labels[:6]) if any(map(_heads_labels, names))), -1)
        heads = labels[head] if head >= 0 else before if len(before) == len(labels[0]) else []
        before = heads or before
        for part in _parts(heads, labels[head + 1 :]):
            names = [row[part] for row in labels]
            yield from _rows_of_part(grid, number, names, head, heads[part], part.start)


def _parts(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[slice]:
    """Return the columns of each part of a sheet: each has a column of labels and, behind it, of numbers."""
    wide = len(rows[0]) if rows else len(heads)
    for size in range(2, wide):
        if heads and wide % size == 0 and list(heads) == [*heads[:size]] * (wide // size):
            return [slice(at, at + size) for at in range(0, wide, size)]
    labels = [
        c for c in range(wide) if sum(ends_with_label(row[c], counted=True) for row in rows) >= LEAST_SUMS
    ]
    numbers = set(_columns([], rows))
    starts = [b for a, b in itertools.pairwise(labels) if numbers.intersection(range(a + 1, b))]
    return [slice(a, b) for a, b in itertools.pairwise([0, *starts, wide])]


def _heads_labels(name: str) -> bool:
    return bool(annex_word("table").search(name) or annex_word("heads").fullmatch(name))


def _rows_of_part(
    grid: Grid, number: int, labels: Sequence[Sequence[str]], head: int, heads: Sequence[str], start: int
) -> Iterator[Printed]:
    """Yield the rows of a sheet that stands in columns of a grid from `start` on."""
    body = range(head + 1, len(labels))
    columns = _columns(heads, [labels[i] for i in body])
    others = {c for c, name in enumerate(heads) if _is_other(name)}.union(columns)
    names = [heads[c] if heads else "" for c in columns]
    shown = [[labels[i][c] for c in columns] for i in body]
    choose = _of_report(names, shown) if len(columns) > 1 else lambda row: 0
    for index, texts in zip(body, shown if columns else (), strict=bool(columns)):
        row = grid.rows[index][start : start + len(labels[0])]
        cells = [row[c] for c in columns]
        said = {labels[index][c]: c for c in range(len(row)) if c not in others and row[c] not in cells}
        said = {name: c for name, c in said.items() if _is_word(name)}
        at = choose(texts)
        kept = [at] if at is not None else range(len(columns))
        taken = [(columns[k], cell) for k in kept if (cell := cells[k]) is not None]
        if said and taken:
            (column, first), *_ = taken
            where = Where(first.page or grid.page, number, index + 1, start + column + 1)
            numbers = [cell.text for _, cell in taken]
            yield _printed(_label_parts(said, heads, column), numbers, where, heads=names)


def _columns(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    """Return the columns of numbers: that which the head names, else those whose cells are numbers."""
    if (named := _named(heads)) is not None:
        return [named]
    cells = [
        [row[c] for row in rows if row[c] and not _is_blank(row[c])]
        for c in range(len(rows[0]) if rows else 0)
    ]
    found = [
        c
        for c, filled in enumerate(cells)
        if sum(map(_is_number, filled)) >= max(1, MOST_NUMBERS * len(filled))
        and not (heads and _is_other(heads[c], yet=True))
    ]
    counted = [c for c in found if counts_up([parse_number(text)[0] for text in cells[c]])]
    found = [c for c in found if c not in counted] or found
    return found or ([len(cells) - 1] if cells and not heads else [])


def counts_up(values: Sequence[float | None]) -> bool:
    """Tell whether numbers are the rows' own: most are one more than the one before."""
    steps = [b - a for a, b in itertools.pairwise(values) if a is not None and b is not None]
    return len(steps) >= LEAST_ROWS - 1 and steps.count(1.0) > 0.6 * len(steps)


def _is_blank(text: str) -> bool:
    value, _, readable = parse_number(text)
    return readable and value is None


def _is_other(head: str, *, yet: bool = False) -> bool:
    """Tell whether a column is none of labels; with `yet`, none of the report's numbers either."""
    if annex_word("serial").fullmatch(head) or annex_word("remark").fullmatch(head):
        return True
    return bool(annex_word("skip").search(head)) and is_column(head) if yet else is_column(head)


def _is_word(text: str) -> bool:
    return bool(text) and not parse_number(text)[2]


def _label_parts(said: Mapping[str, int], heads: Sequence[str], number: int) -> list[str]:
    """Return what of a row's words, each with its column, is its label, and its units behind it.

    `number` is the column of its number.
    """
    units = [name for name in said if annex_word("unit").fullmatch(name)]
    of_units = {c for c, name in enumerate(heads) if name in _OF_UNITS}
    words = {name: c for name, c in said.items() if name not in units and c not in of_units}
    before = [name for name, c in words.items() if c < number]  # a word behind the number is a remark
    return (before or list(words))[-1:] + units


def rows_of_cells(grids: Sequence[Grid], script: Script, *, down: bool = False) -> list[Printed]:
    """Return the rows of grids whose cells follow each other as lines do, row by row or column by column."""
    atoms: list[Atom] = []
    places: list[Where] = []
    for number, grid in enumerate(grids, 1):
        at = [(i, c) for i, row in enumerate(grid.rows) for c in range(len(row))]
        seen: set[int] = set()
        for i, c in sorted(at, key=lambda place: place[::-1]) if down else at:
            cell = grid.rows[i][c]
            if cell is not None and id(cell) not in seen:
                seen.add(id(cell))
                atoms += _atoms(len(places), "".join(cell.text.split("\n")), script)
                places.append(Where(cell.page or grid.page, number, i + 1, c + 1))
    return _rows_of_atoms(atoms, lambda line: places[line])


def rows_below(grids: Sequence[Grid], script: Script) -> Iterator[Printed]:
    """Yield the rows of grids whose numbers stand below their labels."""
    for number, grid in enumerate(grids, 1):
        labels = [[normalize_label(cell.text, script) if cell else "" for cell in row] for row in grid.rows]
        for index, (names, texts) in enumerate(itertools.pairwise(labels)):
            words = [c for c, name in enumerate(names) if _is_word(name)]
            told = [c for c in words if ends_with_label(names[c])]
            is_pair = len(told) > 1 and not any(_is_word(text) and not _is_number(text) for text in texts)
            for c in words if is_pair and not any(map(_is_number, names)) else ():
                cell = grid.rows[index + 1][c]
                if cell is not None:
                    where = Where(cell.page or grid.page, number, index + 2, c + 1)
                    yield _printed([names[c]], [cell.text], where)


def rows_of_lines(lines: Sequence[str], script: Script, pages: Sequence[int | None]) -> list[Printed]:
    """Return the rows of lines: numbers that follow each other, and the words before them."""
    atoms = [a for n, line in enumerate(lines) for a in _atoms(n, line, script)]
    return _rows_of_atoms(atoms, lambda line: Where(pages[line] if pages else None, line=line + 1))


def _rows_of_atoms(atoms: list[Atom], place: Callable[[int], Where]) -> list[Printed]:
    """Cut atoms into rows; where a head names several columns, the report's number is taken."""
    cut: list[tuple[list[Atom], list[Atom], _Heads]] = []
    heads = _Heads()
    before: list[Atom] = []
    numbers: list[Atom] = []
    for atom in (*_without_serials(atoms), None):
        if numbers and not (atom and atom.number):
            heads = _heads(before) or heads
            cut.append((before, numbers, heads))
            before, numbers = [], []
        if atom:
            (numbers if atom.number else before).append(atom)
    columns = {
        heads: _Columns.of(heads, [[a.text for a in n] for _, n, own in cut if own == heads])
        for *_, heads in cut
    }
    rows = []
    for words, numbers, heads in cut:
        shown = columns[heads].shown([a.text for a in numbers])
        lines = ((words or numbers)[0].line, numbers[-1].line)
        where = place(numbers[0].line)
        rows.append(_printed([a.text for a in words[-60:]], shown, where, lines, columns[heads].names))
    return rows


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
        return cls(names, _of_report(names, [row for row in rows if len(row) == len(names)]))

    def shown(self, numbers: list[str]) -> list[str]:
        """Return the report's number of a row of several; none, or all, where that cannot be told."""
        if len(self.names) < 2:
            return numbers
        if len(numbers) == len(self.names):
            at = self.choose(numbers)
            return numbers if at is None else [numbers[at]]
        codes = sum(bool(annex_word("serial").fullmatch(name)) for name in self.names)
        return [""] if len(numbers) == codes else []  # a row's code alone: its cells are blank


def _heads(before: Sequence[Atom]) -> _Heads | None:
    """Return the heads of columns of numbers that words name behind their last head of labels."""
    text = "".join(atom.text for atom in before)
    end = max((match.end() for match in annex_word("table").finditer(text)), default=None)
    if end is None:
        return None
    starts = itertools.accumulate((len(atom.text) for atom in before), initial=0)
    behind = (atom.text for atom, start in zip(before, starts, strict=False) if start >= end)
    names = itertools.takewhile(lambda name: not _opens_row(name), behind)
    others = (name for name in names if name not in _OF_UNITS and not annex_word("remark").fullmatch(name))
    named = (match[0] for match in annex_word("columns").finditer(text[end:]))
    return _Heads(tuple(named), tuple(others))


def _opens_row(text: str) -> bool:
    """Tell whether the words behind a head are the first row's."""
    return bool(annex_word("opens").match(text)) or ends_with_label(text)


def _atoms(number: int, line: str, script: Script) -> Iterator[Atom]:
    """Cut a line, without leaders; a number behind a label, or with a measure, is one of its own."""
    line = _APART.sub("", _LEADER.sub(" ", fold_width(line)))
    for atom in cut_atoms(number, _PAIR.sub(_apart, line), script, unglue=False):
        yield atom._replace(number=atom.number or bool(_MEASURED.fullmatch(atom.text)))


def _apart(pair: re.Match[str]) -> str:
    """Set a number and its unit apart from the label before it; in a clause the label has its 数."""
    label = without_unit(spelt_label(annex_word("note").sub("", pair.string[: pair.start()][-_LOOKED_BACK:])))
    labels = counted_labels() if pair["clause"] else annex_labels()
    return f" {pair[2] or ''} {pair[1]} " if label.endswith(labels) else pair[0]


def _without_serials(atoms: list[Atom]) -> list[Atom]:
    """Drop the rows' own numbers, where the head has a column for them."""
    if not any(atom.text in ("序号", "行次") for atom in atoms):
        return atoms
    kept, wanted = [], 1
    for atom, following in zip(atoms, [*atoms[1:], None], strict=True):
        if atom.number and atom.text == str(wanted) and following and not following.number:
            wanted += 1
        else:
            kept.append(atom)
    return kept
