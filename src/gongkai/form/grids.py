"""Grids → one reading per cell of the statutory form.

A cell is found by its row label and its column head, never by position alone. Blank is None, zero is 0; a row
that does not give as many values as its head has columns gives none, and a problem that says so.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gongkai.form.form import (
    BLOCKS,
    COLUMNS,
    OUTCOMES,
    Found,
    PrintedRow,
    Reading,
    form_data,
    match_key,
    normalize_label,
    parse_number,
    proactive_head,
    read_cell,
    read_rows,
)
from gongkai.problem import Problem, Where
from gongkai.readers.document import Cell, Grid
from gongkai.text.clean import Script
from gongkai.text.grammar import YEAR_OF, parse_year
from gongkai.text.lexicon import patterns

TURNED = 10
"""Rows of the requests table in one row of a grid that is turned."""
TWO_PARTS = 14
"""Columns of a grid in which a table of seven may stand twice."""


_THIS_YEAR, _LAST_YEAR = (patterns("form.years")[name] for name in ("this", "last"))
LONGEST_BLOCK = 12
"""Characters that no head of a block of disputes has."""
LONGEST_YEAR = 6
"""Characters of a cell that says a year and no more."""


def read_grids(grids: Sequence[Grid], script: Script = "simplified") -> Iterator[Found]:
    """Read the statutory tables that stand in grids.

    Args:
        grids: The report's tables in reading order.
        script: The page's script; labels of traditional pages are simplified before they are matched.

    Yields:
        A reading for each cell, and problems. A table that is not there gives neither.
    """
    sheets = _join_sheets([sheet for grid in grids for sheet in _sheets_of(grid, script)])
    for number, sheet in enumerate(sheets, 1):
        words = {text for names in sheet.labels for text in names}
        yield from _read_requests(sheet, number)
        blocks = [text for text in words if match_key(text, "disputes", "blocks")]
        outcomes = {match_key(text, "disputes", "columns") for text in words} if blocks else set()
        by_row = [*_read_disputes_by_row(sheet, number)] if len(outcomes - {None}) > len(OUTCOMES) else []
        yield from by_row
        if not by_row and any(len(text) < LONGEST_BLOCK for text in blocks):
            yield from _read_disputes(sheet, number)
        if any(map(proactive_head, words)):
            yield from _read_proactive(sheet, number)


@dataclass(frozen=True, slots=True)
class FormCells:
    """All cells of a report, the form they show (None without tables), and what went wrong."""

    form: str | None = None
    readings: tuple[Reading, ...] = ()
    problems: tuple[Problem, ...] = ()
    tables: frozenset[str] = frozenset()
    """Of which there are cells."""


def statistics_of(found: Iterable[Found], said: str | None = None) -> FormCells:
    """Gather readings: the first of each cell, those that the form has; and tell the form.

    Args:
        found: Readings and problems, in order.
        said: The form by the words of the heads, where the columns do not tell it.
    """
    readings: dict[tuple[str, str, str], Reading] = {}
    problems: list[Problem] = []
    for one in found:
        if isinstance(one, Problem):
            problems.append(one)
            continue
        key = (one.table, one.row, one.column)
        if key in readings:
            twice = f"{one.where}: a second cell for {'.'.join(key)} ('{one.raw}'); the first is kept"
            problems.append(Problem("second_cell", twice, one.where))
        else:
            readings[key] = one
    form = _detect_form(list(readings.values()), said)
    own = form_data()["proactive"]["cells"].get(form, {})
    kept = []
    for key, one in readings.items():
        if one.table != "proactive" or one.column in own.get(one.row, ()):
            kept.append(one)
        elif one.value is not None:
            name = ".".join(key)
            left_out = f"{one.where}: '{one.raw}' would be {name}, which the form of {form or '?'} has not"
            problems.append(Problem("other_form", left_out, one.where))
    return FormCells(form, tuple(kept), tuple(problems), frozenset([one.table for one in kept]))


def _detect_form(readings: Sequence[Reading], said: str | None) -> str | None:
    """Tell the form by the columns of `proactive`, the rows under 其他处理, or what the heads say."""
    columns = {r.column for r in readings if r.table == "proactive"}
    new = len(columns & {"issued", "repealed", "in_force"})
    old = len(columns & {"made", "disclosed", "disclosed_total", "items_last_year", "change", "items"})
    if new != old:
        return "2021" if new > old else "2019"
    rows = {r.row for r in readings if r.table == "requests"}
    if rows & {"not_corrected_in_time", "fee_not_paid"}:
        return "2021"
    # Some print 其他处理 in one row in the newer form too.
    return (said if readings else None) or ("2019" if "other_handling" in rows else None)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A grid with what each of its cells says as a label, and the row of `requests` that each row is."""

    rows: Sequence[Sequence[Cell | None]]
    labels: Sequence[Sequence[str]]
    requests: Sequence[str | None]
    page: int | None
    places: Sequence[tuple[int, int, bool]] = ()
    """Of each row: its number in the grid, the column of its first cell; swapped if the grid is turned."""

    def printed(
        self, number: int, index: int, cells: Iterable[tuple[str, int, Cell | None]]
    ) -> list[tuple[str, str | None, Where]]:
        """Say of cells of a row (key of the column, its number, cell) what is printed there, and where."""
        at, first, turned = self.places[index]
        told: list[tuple[str, str | None, Where]] = []
        for name, column, cell in cells:
            row, across = (first + column, at) if turned else (at, first + column)
            if cell is None:
                told.append((name, None, Where(self.page, number, row + 1)))
            else:
                told.append((name, cell.text, Where(cell.page or self.page, number, row + 1, across + 1)))
        return told


def _sheets_of(grid: Grid, script: Script) -> Iterator[_Sheet]:
    """Lay a grid out as the form does: rows of the requests table as rows, parts side by side apart."""
    rows: Sequence[Sequence[Cell | None]] = grid.rows
    labels = [[normalize_label(cell.text, script) if cell else "" for cell in row] for row in rows]
    turned = _is_turned(labels)
    if turned:
        rows, labels = list(zip(*rows, strict=True)), [list(names) for names in zip(*labels, strict=True)]
    for start, end in itertools.pairwise([0, *_cuts(rows, labels), len(rows[0])]):
        part = [row[start:end] for row in rows]
        names = [row[start:end] for row in labels]
        requests = [_request_row(*both) for both in zip(part, names, strict=True)]
        places = [(at, start, turned) for at in range(len(part))]
        yield _Sheet(part, names, requests, grid.page, places)


def _is_turned(labels: Sequence[Sequence[str]]) -> bool:
    """Tell whether the rows of the requests table stand side by side."""
    if not labels or len(labels[0]) < TURNED:
        return False
    said = ({text for text in names if len(text) > 3} for names in labels)
    keys = ({match_key(text, "requests", "rows") for text in texts} for texts in said if len(texts) >= TURNED)
    return any(len(found - {None}) >= TURNED for found in keys)


def _cuts(rows: Sequence[Sequence[Cell | None]], labels: Sequence[Sequence[str]]) -> list[int]:
    """Return the columns at which the requests table begins again, beside its first rows."""
    for row, names in zip(rows, labels, strict=True):
        if len(names) < TWO_PARTS:
            return []
        total = [
            column for column, text in enumerate(names) if match_key(text, "requests", "columns") == "total"
        ]
        persons = [
            column
            for column, text in enumerate(names)
            if match_key(text, "requests", "columns") == "natural_person"
        ]
        if (
            len(total) == len(persons) == 2
            and persons[0] < total[0] < persons[1]
            and row[persons[0]] is not row[persons[1]]
        ):
            return [total[0] + 1] if total[0] + 1 < persons[1] else []  # between them stand its labels
    return []


def _join_sheets(sheets: Sequence[_Sheet]) -> list[_Sheet]:
    """Join a table cut by a page break: the next grid has no head of its own, or repeats the one before."""
    joined: list[_Sheet] = []
    for sheet in sheets:
        if joined and _continues(joined[-1], sheet):
            before = joined[-1]
            width = max(len(before.rows[0]), len(sheet.rows[0]))
            # Values stand at the right; a part may show fewer label columns.
            rows = [
                (None,) * (width - len(row)) + tuple(row) for part in (before, sheet) for row in part.rows
            ]
            labels = [
                [""] * (width - len(names)) + list(names) for part in (before, sheet) for names in part.labels
            ]
            requests = [*before.requests, *sheet.requests]
            places = [
                (at, first - (width - len(part.rows[0])), turned)
                for part in (before, sheet)
                for at, first, turned in part.places
            ]
            joined[-1] = replace(before, rows=rows, labels=labels, requests=requests, places=places)
        else:
            joined.append(sheet)
    return joined


def _continues(before: _Sheet, sheet: _Sheet) -> bool:
    """Tell whether a grid is the rest of the one before: it opens with data, and repeats no row of it."""
    if abs(len(before.rows[0]) - len(sheet.rows[0])) > 3:
        return False
    rows, following = (set(part.requests) - {None} for part in (before, sheet))
    if rows and following:
        return not rows & following and "carried_out" not in rows
    if len(before.rows[0]) != len(sheet.rows[0]) or rows or following:
        return False
    first = _distinct(sheet.rows[0], sheet.labels[0])
    numeric = [parse_number(text)[2] for text in first]
    opens_with_item = bool(match_key(first[0], "proactive", "rows")) and all(numeric[1:])
    return len(first) > 1 and (all(numeric) or opens_with_item)


def _distinct(row: Sequence[Cell | None], labels: Sequence[str]) -> list[str]:
    """Return what the cells of a row say, each merged cell once."""
    return [*{cell: text for cell, text in zip(row, labels, strict=True) if cell is not None}.values()]


def _request_row(row: Sequence[Cell | None], names: Sequence[str]) -> str | None:
    """Return the request row that a grid's row is, by its deepest label cell."""
    labels: dict[Cell, str] = {}
    for cell, text in zip(row, names, strict=True):
        if cell is not None and not parse_number(text)[2]:
            labels[cell] = text
        elif cell is not None and labels:
            break
    else:
        return None  # a head: labels to the end, no room for values
    for text in reversed(labels.values()):
        key = match_key(text, "requests", "rows")
        if key:
            return key
        if match_key(text, "requests", "groups"):
            return None
    return None


def _read_requests(sheet: _Sheet, number: int) -> Iterator[Found]:
    keys = sheet.requests
    first = next((i for i, key in enumerate(keys) if key in ("new_requests", "carried_in", "granted")), None)
    if first is None or len({k for k in keys if k}) < 3:
        return
    heads = _heads(sheet.labels[:first], "requests")
    yield from _said_of_heads(sheet, first, heads, Where(sheet.page, number))
    if len(heads) < 2:
        return
    width = min(heads)  # of the labels
    told: list[PrintedRow] = []
    for index, (row, key) in enumerate(zip(sheet.rows, keys, strict=True)):
        if index < first or key is None or (key == "other" and "other_handling" in keys[index:]):
            continue
        labels = row[:width]  # one may reach as far as the numbers
        cells = ((name, c, None if row[c] in labels else row[c]) for c, name in heads.items())
        told.append((key, sheet.printed(number, index, cells), 1.0))
    yield from read_rows("requests", told)


def _said_of_heads(sheet: _Sheet, first: int, heads: Mapping[int, str], place: Where) -> Iterator[Problem]:
    """Say which columns of the requests table have no head."""
    if len(heads) < 2:
        said = f"{place}: the head of the requests table was not found; its rows were not read"
        yield Problem("head", said, place)
        return
    width = min(heads)
    cells = [text for text in _distinct(sheet.rows[first][width:], sheet.labels[first][width:]) if text]
    if len(heads) < len(COLUMNS) <= len(cells):
        lacking = ", ".join(name for name in COLUMNS if name not in heads.values())
        yield Problem("head", f"{place}: no column of the requests table is headed {lacking}", place)


def _heads(labels: Sequence[Sequence[str]], table: str) -> dict[int, str]:
    """Map column positions to keys by the deepest head cell of the rows above the data."""
    heads: dict[int, str] = {}
    for column in range(len(labels[0]) if labels else 0):
        keys = (match_key(names[column], table, "columns") for names in reversed(labels))
        key = next((key for key in keys if key), None)
        if key:
            heads[column] = key
    own = [*itertools.takewhile(lambda names: not _has_counts(names), reversed(labels))]
    return _first_of_each(_of_last_year(heads, {c: [names[c] for names in own] for c in heads}))


def _has_counts(names: Sequence[str]) -> bool:
    return any(parse_number(text)[0] is not None for text in names)


def _of_last_year(heads: Mapping[int, str], said: Mapping[int, Sequence[str]]) -> dict[int, str]:
    """Leave out columns beside which a column of the same key is headed by a later year."""
    if len({*heads.values()}) == len(heads):
        return {**heads}
    years = {column: max(map(_year, texts), default=0) for column, texts in said.items()}
    last = {key: max(years[column] for column in heads if heads[column] == key) for key in heads.values()}
    return {column: key for column, key in heads.items() if years[column] == last[key]}


def _year(text: str) -> int:
    """Return the year that a head names; 1 for this one without a number, 0 for last year and for none."""
    found = [year for one in YEAR_OF.findall(text) if (year := parse_year(one))]
    return max(found, default=int(bool(_THIS_YEAR.fullmatch(text))))


def _is_year(text: str) -> bool:
    return len(text) <= LONGEST_YEAR and bool(
        YEAR_OF.match(text) or _THIS_YEAR.fullmatch(text) or _LAST_YEAR.fullmatch(text)
    )


def _read_disputes(sheet: _Sheet, number: int) -> Iterator[Found]:
    """Read the row of fifteen numbers by its two levels of heads; other tables may stand above it."""
    start, index = _disputes_at(sheet)
    if index is None:
        return
    seen: dict[tuple[str, str], Cell] = {}
    last = "review"
    for column, cell in enumerate(sheet.rows[index]):
        if _is_year(sheet.labels[index][column]):
            continue
        above = [names[column] for names in reversed(sheet.labels[start:index])]
        outcome = next((k for t in above if (k := match_key(t, "disputes", "columns"))), None)
        block = next((k for t in above if (k := match_key(t, "disputes", "blocks"))), None)
        if block is None and not any("诉讼" in t for t in above):
            # The head's first row was left on the page before, or its cells are not merged.
            block = last
        last = block or last
        if outcome is None or block is None or cell is None or seen.get((block, outcome)) is cell:
            continue
        if (block, outcome) in seen:
            where = Where(sheet.page, number, index + 1)
            said = f"{where}: two columns are headed disputes.{block}.{outcome}"
            yield Problem("second_cell", said, where)
            continue
        seen[block, outcome] = cell
        printed = sheet.printed(number, index, [(outcome, column, cell)])
        yield from read_rows("disputes", [(block, printed, 1.0)])


def _disputes_at(sheet: _Sheet) -> tuple[int, int | None]:
    """Return the row where the table of disputes begins, and the row of its numbers; None without one."""
    starts = (
        index
        for index, names in enumerate(sheet.labels)
        if any(len(t) < LONGEST_BLOCK and match_key(t, "disputes", "blocks") for t in names)
        and not any(parse_number(t)[0] is not None for t in names)
    )
    start = next(starts, len(sheet.rows))
    told: dict[int, str] = {}
    for index in range(start + 1, min(start + 6, len(sheet.rows))):
        row, names = sheet.rows[index], sheet.labels[index]
        values = [text for cell, text in zip(row, names, strict=True) if cell is not None]
        year = values.pop(0) if values and _is_year(values[0]) else ""
        if values and all(parse_number(text)[2] for text in values) and len(_distinct(row, names)) >= 5:
            told[index] = year
            if not year:
                break
    last = max(map(_year, told.values()), default=0)
    return start, next((index for index, year in told.items() if _year(year) == last), None)


def read_lone_disputes(rows: Iterable[tuple[Where, Sequence[str]]]) -> Iterator[Found]:
    """Read fifteen numbers that lost their head, in the form's order, if each block adds up.

    Args:
        rows: Lines and rows of a report whose table of disputes was not found: where, and the cells.

    Yields:
        Readings of the only such row; a problem where there are others, it does not add up, or is all zeros.
    """
    names = [(block, outcome) for block in BLOCKS for outcome in (*OUTCOMES, "total")]
    told: dict[tuple[float, ...], tuple[Where, Sequence[str]]] = {}
    for where, cells in rows:
        values = [value for cell in cells if (value := parse_number(cell)[0]) is not None]
        if len(cells) == len(names) == len(values):
            told.setdefault(tuple(values), (where, cells))
    for counts, (where, cells) in told.items():
        blocks = [counts[at : at + 5] for at in range(0, len(names), 5)]
        if len(told) == 1 and any(counts) and all(sum(block[:-1]) == block[-1] for block in blocks):
            for column, ((block, outcome), cell) in enumerate(zip(names, cells, strict=True), 1):
                yield from read_cell("disputes", block, outcome, cell, where._replace(column=column))
        else:
            yield Problem("head", f"{where}: fifteen numbers have no head; disputes were not read", where)


def _read_disputes_by_row(sheet: _Sheet, number: int) -> Iterator[Found]:
    """Read the table turned on its side: outcomes as heads, a row for review and each kind of litigation."""
    heads: dict[int, str] = {}
    for index, (row, names) in enumerate(zip(sheet.rows, sheet.labels, strict=True)):
        found = {c: k for c, t in enumerate(names) if (k := match_key(t, "disputes", "columns"))}
        if len(found) == 5 == len(set(found.values())):
            heads = found
            continue
        labels = names[: min(heads, default=0)]
        block = next((k for t in reversed(labels) if (k := match_key(t, "disputes", "blocks"))), None)
        cells = [(name, column, row[column]) for column, name in heads.items()]
        if block and all(cell and parse_number(cell.text)[2] for _, _, cell in cells):
            yield from read_rows("disputes", [(block, sheet.printed(number, index, cells), 1.0)])


def _read_proactive(sheet: _Sheet, number: int) -> Iterator[Found]:
    heads: dict[int, str] = {}
    told: list[PrintedRow] = []
    money = 1.0
    above: Sequence[str] = ()
    for index, (row, labels) in enumerate(zip(sheet.rows, sheet.labels, strict=True)):
        found = {c: key for c, text in enumerate(labels) if (key := proactive_head(text))}
        heads = _heads_with(heads, found, labels, above)
        above = labels
        if found:
            money = 1e4 if any("万元" in text for text in labels) else 1.0
            continue
        key = match_key(labels[0], "proactive", "rows") if heads else None
        if not key or len(labels[0]) > 24:
            continue
        columns = _first_of_each(heads).items()
        cells = ((name, c, None if row[c] is row[0] else row[c]) for c, name in columns)
        told.append((key, sheet.printed(number, index, cells), money))
    yield from read_rows("proactive", told)


def _heads_with(
    heads: dict[int, str], found: dict[int, str], labels: Sequence[str], above: Sequence[str]
) -> dict[int, str]:
    """Return the heads behind a row: its own, with the years above them, or those before by its years."""
    if found:
        return _of_last_year(found, {c: [labels[c], *filter(_is_year, above[c : c + 1])] for c in found})
    if heads and all(_is_year(labels[c]) for c in heads):
        return _of_last_year(heads, {c: [labels[c]] for c in heads})
    return heads


def _first_of_each(heads: dict[int, str]) -> dict[int, str]:
    """Keep the first position of each key (a merged head covers several)."""
    firsts: dict[int, str] = {}
    for column, name in heads.items():
        if name not in firsts.values():
            firsts[column] = name
    return firsts
