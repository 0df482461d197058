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
    Found,
    Reading,
    dispute_cells,
    match_key,
    normalize_label,
    parse_number,
    proactive_head,
    read_cell,
    read_row,
)
from gongkai.problem import Problem, Where
from gongkai.readers.document import Cell, Grid
from gongkai.text.clean import Script
from gongkai.text.grammar import YEAR_OF, parse_year
from gongkai.text.lexicon import patterns

TURNED = 10
"""Rows of the requests table in one row of a grid that is turned."""
GLUED = 1e6
"""A count of requests from which cells ran together: seven cells have seven digits."""
TWO_PARTS = 14
"""Columns of a grid in which a table of seven may stand twice."""
_THIS_YEAR, _LAST_YEAR = (patterns("form.years")[name] for name in ("this", "last"))
LONGEST_YEAR = 6
"""Characters of a cell that says a year and no more."""
ADD_UP = 3
"""Rows that add up, from which columns without a head are what they add up to."""


def read_grids(grids: Sequence[Grid], script: Script = "simplified") -> list[Found]:
    """Read the statutory tables that stand in grids.

    Args:
        grids: The report's tables in reading order.
        script: The page's script; labels of traditional pages are simplified before they are matched.

    Returns:
        A reading for each cell, and problems. A table that is not there gives neither.
    """
    sheets = _join_sheets([sheet for grid in grids for sheet in _sheets_of(grid, script)])
    return [found for number, sheet in enumerate(sheets, 1) for found in _read_sheet(sheet, number)]


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A grid with what each of its cells says as a label, and the row of `requests` that each row is."""

    rows: Sequence[Sequence[Cell | None]]
    labels: Sequence[Sequence[str]]
    requests: Sequence[str | None]
    page: int | None
    places: Sequence[tuple[int, int, bool]] = ()
    """Of each row: its number in the grid, the column of its first cell; swapped if the grid is turned."""

    def where(self, place: Where, row: int, column: int) -> Where:
        """Return the place of a cell in the grid as it is printed."""
        at, first, turned = self.places[row]
        across = first + column
        row, column = (across, at) if turned else (at, across)
        return Where(place.page, place.table, row + 1, column + 1)


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
        if joined and (beside := _beside(joined[-1], sheet)):
            joined[-1] = beside
        elif joined and _continues(joined[-1], sheet):
            width = max(len(joined[-1].rows[0]), len(sheet.rows[0]))
            before, rest = (_widened(part, width) for part in (joined[-1], sheet))
            joined[-1] = replace(
                before, rows=[*before.rows, *rest.rows], labels=[*before.labels, *rest.labels],
                requests=[*before.requests, *rest.requests], places=[*before.places, *rest.places],
            )  # fmt: skip
        else:
            joined.append(sheet)
    return joined


def _widened(sheet: _Sheet, width: int) -> _Sheet:
    """Give a part as many columns as the other has.

    Values of the requests table stand at the right, a part may show fewer label columns; elsewhere a row's
    last cell is as wide as it must be.
    """
    more = width - len(sheet.rows[0])
    if any(sheet.requests):
        rows = [[*[None] * more, *row] for row in sheet.rows]
        labels = [[*[""] * more, *names] for names in sheet.labels]
        places = [(at, first - more, turned) for at, first, turned in sheet.places]
        return replace(sheet, rows=rows, labels=labels, places=places)
    rows = [[*row, *[row[-1]] * more] for row in sheet.rows]
    return replace(sheet, rows=rows, labels=[[*names, *[names[-1]] * more] for names in sheet.labels])


def _beside(before: _Sheet, sheet: _Sheet) -> _Sheet | None:
    """Put the last columns of the requests table, cut off by a page, beside its rows if all add up."""
    if len(before.rows) != len(sheet.rows) or not any(before.requests) or any(sheet.requests):
        return None
    rows = [[*row, *more] for row, more in zip(before.rows, sheet.rows, strict=True)]
    labels = [[*names, *more] for names, more in zip(before.labels, sheet.labels, strict=True)]
    whole = replace(before, rows=rows, labels=labels)
    first = next(at for at, key in enumerate(whole.requests) if key)
    heads = _heads(labels[:first], "requests")
    return whole if [*heads.values()] == [*COLUMNS] and _adds_up(whole, [*heads]) else None


def _continues(before: _Sheet, sheet: _Sheet) -> bool:
    """Tell whether a grid is the rest of the one before: it opens with data, and repeats no row of it."""
    if abs(len(before.rows[0]) - len(sheet.rows[0])) > 3:
        return False
    rows, following = (set(part.requests) - {None} for part in (before, sheet))
    if rows and following:
        return not rows & following and "carried_out" not in rows
    if rows or following:
        return False
    first = _distinct(sheet.rows[0], sheet.labels[0])
    heads = _distinct(before.rows[-1], before.labels[-1])
    if len(before.rows[0]) != len(sheet.rows[0]) and not (
        len(heads) == len(first) and any(map(proactive_head, heads))
    ):
        return False
    numeric = [parse_number(text)[2] for text in first]
    opens = len(first) > 1 and (numeric[0] or match_key(first[0], "proactive", "rows"))
    return bool(opens) and all(numeric[1:])


def _distinct(row: Sequence[Cell | None], labels: Sequence[str]) -> list[str]:
    """Return what the cells of a row say, each merged cell once."""
    texts: list[str] = []
    last: Cell | None = None
    for cell, text in zip(row, labels, strict=True):
        if cell is not None and cell is not last:
            texts.append(text)
            last = cell
    return texts


def _request_row(row: Sequence[Cell | None], names: Sequence[str]) -> str | None:
    """Return the request row that a grid's row is, by its deepest label cell."""
    labels = []
    for text in _distinct(row, names):
        if not parse_number(text)[2]:
            labels.append(text)
        elif labels:
            break
    else:
        return None  # a head: labels to the end, no room for values
    for text in reversed(labels):
        key = match_key(text, "requests", "rows")
        if key:
            return key
        if match_key(text, "requests", "groups"):
            return None
    return None


def _read_sheet(sheet: _Sheet, number: int) -> Iterator[Found]:
    """Read one grid: each of the three tables may stand in it, also two or three of them in one."""
    place = Where(sheet.page, number)
    words = {text for names in sheet.labels for text in names}
    yield from _read_requests(sheet, place)
    if any(match_key(text, "disputes", "blocks") for text in words):
        yield from _read_disputes(sheet, place)
    if any(map(proactive_head, words)):
        yield from _read_proactive(sheet, place)


def _read_requests(sheet: _Sheet, place: Where) -> Iterator[Found]:
    keys = sheet.requests
    first = next((i for i, key in enumerate(keys) if key in ("new_requests", "carried_in", "granted")), None)
    if first is None or len({*keys} - {None}) < 3:
        return
    heads = _with_outer(_heads(sheet.labels[:first], "requests"), sheet)
    yield from _said_of_heads(sheet, first, heads, place)
    if len(heads) < 2:
        return
    width = min(heads)  # of the labels
    wide = _wide_rows(sheet, max(heads))
    for index, (row, key) in enumerate(zip(sheet.rows, keys, strict=True)):
        if index < first or key is None or (key == "other" and "other_handling" in keys[index:]):
            continue
        values = [None if cell in row[:width] else cell for cell in row]  # a label may reach so far
        cells = [_printed(name, values[c], sheet, place, (index, c)) for c, name in heads.items()]
        counts = {name: _count(text) for name, text, _ in cells}
        if _is_lost(key, keys) or not _row_holds(counts, [values[c] for c in heads], doubtful=index in wide):
            yield _row_displaced(f"requests.{key}", cells[0][2])
        else:
            yield from read_row("requests", key, cells)


def _is_lost(key: str, keys: Sequence[str | None]) -> bool:
    """Tell whether a row is the first of those that took the place of 其他处理, and its own label is lost."""
    return key == "other_handling" and bool({*keys} & {"not_corrected_in_time", "fee_not_paid"})


def _wide_rows(sheet: _Sheet, last: int) -> set[int]:
    """Return the rows that have numbers behind the last column of the table, where most have none."""
    numbers = (map(parse_number, names[last + 1 :]) for names in sheet.labels)
    wide = {index for index, row in enumerate(numbers) if any(value is not None for value, _, _ in row)}
    return wide if 2 * len(wide) < sum(key is not None for key in sheet.requests) else set()


def _row_holds(counts: Mapping[str, float | None], cells: Sequence[Cell | None], *, doubtful: bool) -> bool:
    """Tell whether a row of requests stands under its heads: it adds up, or has a cell for each."""
    parts = sum(count or 0.0 for name, count in counts.items() if name != "total")
    if None in counts.values() and parts >= GLUED:
        return False
    return parts == (counts.get("total") or 0.0) or not (doubtful or _is_moved(cells))


def _is_moved(cells: Sequence[Cell | None]) -> bool:
    """Tell whether a row has fewer cells than columns, so that what it has may be another's."""
    return None in cells or len({*map(id, cells)}) < len(cells)


def _count(text: str | None) -> float | None:
    return parse_number(text or "")[0]


def _row_displaced(name: str, where: Where) -> Problem:
    """Say of a row with more or fewer cells than columns that they may be other columns'."""
    return Problem("row_not_read", f"{where}: not as many cells as columns; {name} was not read", where)


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


def _with_outer(heads: dict[int, str], sheet: _Sheet) -> dict[int, str]:
    """Add the columns at both sides, whose heads a page's end cut off, where all rows add up with them."""
    first, last = min(heads, default=0) - 1, max(heads, default=0) + 1
    if [*heads.values()] != [*COLUMNS[1:-1]] or first < 0 or last >= len(sheet.labels[0]):
        return heads
    return (
        {first: COLUMNS[0], **heads, last: COLUMNS[-1]} if _adds_up(sheet, [first, *heads, last]) else heads
    )


def _adds_up(sheet: _Sheet, columns: Sequence[int]) -> bool:
    """Tell whether the last of some columns is the sum of the others in all rows of requests."""
    rows = (names for names, key in zip(sheet.labels, sheet.requests, strict=True) if key)
    told = ([_count(names[column]) for column in columns] for names in rows)
    whole = [[count for count in counts if count is not None] for counts in told]
    sums = [sum(counts[:-1]) == counts[-1] for counts in whole if len(counts) == len(columns) and counts[-1]]
    return len(sums) >= ADD_UP and all(sums)


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


def _read_disputes(sheet: _Sheet, place: Where) -> Iterator[Found]:
    """Read the row of fifteen numbers by its two levels of heads; other tables may stand above it."""
    by_row = list(_read_disputes_by_row(sheet, place))
    if by_row:
        yield from by_row
        return
    start, index = _disputes_at(sheet)
    if index is None:
        return
    found = list(_read_disputes_row(sheet, place, start, index))
    named = [one for one in found if isinstance(one, Reading)]
    printed = sum(
        parse_number(text)[0] is not None for text in _distinct(sheet.rows[index], sheet.labels[index])
    )
    # A cell too many or too few moves the others under other heads, and no block adds up then.
    moved = printed != sum(one.value is not None for one in named) or None in sheet.rows[index]
    blocks = [[one for one in named if one.row == block] for block in BLOCKS]
    sums = [
        sum((one.value or 0.0) * (-1 if one.column == "total" else 1) for one in block) for block in blocks
    ]
    if moved and any(sums) and not any(map(_is_year, sheet.labels[index])):
        yield _row_displaced("disputes", place._replace(row=index + 1))
    else:
        yield from found


def _read_disputes_row(sheet: _Sheet, place: Where, start: int, index: int) -> Iterator[Found]:
    """Read a row of numbers by the heads between it and the row where they start."""
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
            where = place._replace(row=index + 1)
            said = f"{where}: two columns are headed disputes.{block}.{outcome}"
            yield Problem("second_cell", said, where)
            continue
        seen[block, outcome] = cell
        yield from read_row("disputes", block, [_printed(outcome, cell, sheet, place, (index, column))])


def _disputes_at(sheet: _Sheet) -> tuple[int, int | None]:
    """Return the row where the table of disputes begins, and the row of its numbers; None without one."""
    starts = (
        index
        for index, names in enumerate(sheet.labels)
        if any(len(t) < 12 and match_key(t, "disputes", "blocks") for t in names)
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
    names = dispute_cells()
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


def _read_disputes_by_row(sheet: _Sheet, place: Where) -> Iterator[Found]:
    """Read the table turned on its side: outcomes as heads, a row for review and each kind of litigation."""
    heads: dict[int, str] = {}
    for index, (row, names) in enumerate(zip(sheet.rows, sheet.labels, strict=True)):
        found = {c: k for c, t in enumerate(names) if (k := match_key(t, "disputes", "columns"))}
        if len(found) == 5 == len(set(found.values())):
            heads = found
            continue
        labels = names[: min(heads, default=0)]
        block = next((k for t in reversed(labels) if (k := match_key(t, "disputes", "blocks"))), None)
        cells = {name: row[column] for column, name in heads.items()}
        if block is None or not all(cell and parse_number(cell.text)[2] for cell in cells.values()):
            continue
        told = [_printed(name, row[column], sheet, place, (index, column)) for column, name in heads.items()]
        yield from read_row("disputes", block, told)


def _read_proactive(sheet: _Sheet, place: Where) -> Iterator[Found]:
    heads: dict[int, str] = {}
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
        values = [None if cell is row[0] else cell for cell in row]
        columns = _first_of_each(heads)
        cells = [_printed(name, values[c], sheet, place, (index, c)) for c, name in columns.items()]
        own = [values[column] for column in columns]
        if len(cells) > 1 and _is_moved(own) and any(_count(text) for _, text, _ in cells):
            yield _row_displaced(f"proactive.{key}", cells[0][2])
        else:
            yield from read_row("proactive", key, cells, money=money)


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


def _printed(
    name: str, cell: Cell | None, sheet: _Sheet, place: Where, at: tuple[int, int]
) -> tuple[str, str | None, Where]:
    """Say what is printed in a row under a column's name, and where."""
    where = sheet.where(place, *at)
    if cell is None:
        return name, None, where._replace(column=None)
    return name, cell.text, where._replace(page=cell.page) if cell.page else where
