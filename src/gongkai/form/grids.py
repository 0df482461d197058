"""Grids, or tables flattened to lines, → one row per cell of the statutory form.

A cell is found by its row label and its column head, never by position alone. Blank is None, zero is 0; a row
that does not give as many values as its head has columns gives none, and a problem that says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gongkai.form.flattened import read_lines
from gongkai.form.form import (
    Reading,
    form_data,
    make_reading,
    match_key,
    normalize_label,
    parse_number,
    proactive_head,
)
from gongkai.readers.document import Cell, Grid

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gongkai.text.clean import Script


@dataclass(slots=True)
class Statistics:
    """All cells of a report, the form they show (None without tables), and what went wrong."""

    form: str | None = None
    readings: list[Reading] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read_statistics(
    grids: Sequence[Grid], lines: Sequence[str] = (), *, script: Script = "simplified"
) -> Statistics:
    """Read the three statutory tables.

    Args:
        grids: The report's tables in reading order.
        lines: Lines of flattened tables (`is_table_line`), used for a table that no grid gives.
        script: The page's script; labels of traditional pages are simplified before they are matched.

    Returns:
        One reading per cell found. A table that is not there gives no reading and no problem.
    """
    found = Statistics()
    seen: set[tuple[str, str, str]] = set()

    def keep(readings: Iterable[Reading]) -> None:
        for reading in readings:
            key = (reading.table, reading.row, reading.column)
            if key in seen:
                found.problems.append(
                    f"{reading.where}: a second cell for {'.'.join(key)} ('{reading.raw}'); the first is kept"
                )
            else:
                seen.add(key)
                found.readings.append(reading)

    sheets = _join_sheets([_sheet_of(grid, script) for grid in grids])
    for number, sheet in enumerate(sheets, 1):
        keep(_read_sheet(sheet, number, found.problems))
    missing = {"proactive", "requests", "disputes"} - {reading.table for reading in found.readings}
    if lines and missing:
        keep(r for r in read_lines(lines, script, found.problems) if r.table in missing)
    found.form = _detect_form(found.readings)
    found.readings = [r for r in found.readings if r.table != "proactive" or _belongs(r, found.form)]
    return found


def _belongs(reading: Reading, form: str | None) -> bool:
    return form is not None and reading.column in form_data()["proactive"]["cells"][form].get(reading.row, ())


def _detect_form(readings: Sequence[Reading]) -> str | None:
    """Tell the form by the columns of `proactive`, or else by the rows under 其他处理."""
    columns = {r.column for r in readings if r.table == "proactive"}
    new = len(columns & {"issued", "repealed", "in_force"})
    old = len(columns & {"made", "disclosed", "disclosed_total", "items_last_year", "change", "items"})
    if new != old:
        return "2021" if new > old else "2019"
    rows = {r.row for r in readings if r.table == "requests"}
    if rows & {"not_corrected_in_time", "fee_not_paid"}:
        return "2021"
    return "2019" if "other_handling" in rows else None


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A grid with what each of its cells says as a label, and the row of `requests` that each row is."""

    rows: Sequence[Sequence[Cell | None]]
    labels: Sequence[Sequence[str]]
    requests: Sequence[str | None]
    page: int | None


def _sheet_of(grid: Grid, script: Script) -> _Sheet:
    labels = [[normalize_label(cell.text, script) if cell else "" for cell in row] for row in grid.rows]
    requests = [_request_row(row, names) for row, names in zip(grid.rows, labels, strict=True)]
    return _Sheet(grid.rows, labels, requests, grid.page)


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
            joined[-1] = _Sheet(rows, labels, [*before.requests, *sheet.requests], before.page)
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


def _read_sheet(sheet: _Sheet, number: int, problems: list[str]) -> list[Reading]:
    """Read one grid: each of the three tables may stand in it, also two or three of them in one."""
    place = f"page {sheet.page}, table {number}" if sheet.page else f"table {number}"
    words = {text for names in sheet.labels for text in names}
    readings = _read_requests(sheet, place, problems)
    if any(match_key(text, "disputes", "blocks") for text in words):
        readings += _read_disputes(sheet, place, problems)
    if any(map(proactive_head, words)):
        readings += _read_proactive(sheet, place, problems)
    return readings


def _read_requests(sheet: _Sheet, place: str, problems: list[str]) -> list[Reading]:
    keys = sheet.requests
    first = next((i for i, key in enumerate(keys) if key in ("new_requests", "carried_in", "granted")), None)
    if first is None or len({k for k in keys if k}) < 3:
        return []
    heads = _heads(sheet.labels[:first], "requests")
    if len(heads) < 2:
        problems.append(f"{place}: the head of the requests table was not found; its rows were not read")
        return []
    readings = []
    width = min(heads)  # of the labels
    for index, (row, key) in enumerate(zip(sheet.rows, keys, strict=True)):
        if index < first or key is None or (key == "other" and "other_handling" in keys[index:]):
            continue
        for column, name in heads.items():
            cell = row[column]
            if cell is None or cell in row[:width]:
                problems.append(f"{place}, row {index + 1}: no cell for requests.{key}.{name}; it is missing")
                continue
            readings.append(_reading("requests", key, name, cell, place, index, column, problems))
    return readings


def _heads(labels: Sequence[Sequence[str]], table: str) -> dict[int, str]:
    """Map column positions to keys by the deepest head cell of the rows above the data."""
    heads: dict[int, str] = {}
    for column in range(len(labels[0]) if labels else 0):
        for names in reversed(labels):
            key = match_key(names[column], table, "columns")
            if key and key not in heads.values():
                heads[column] = key
                break
    return heads


def _read_disputes(sheet: _Sheet, place: str, problems: list[str]) -> list[Reading]:
    """Read the row of fifteen numbers by its two levels of heads; other tables may stand above it."""
    by_row = _read_disputes_by_row(sheet, place, problems)
    if by_row:
        return by_row
    start = None
    for index, names in enumerate(sheet.labels):
        named = any(len(t) < 12 and match_key(t, "disputes", "blocks") for t in names)
        if named and not any(parse_number(t)[0] is not None for t in names):
            start = index
            break
    if start is None:
        return []
    for index in range(start + 1, min(start + 6, len(sheet.rows))):
        row, names = sheet.rows[index], sheet.labels[index]
        values = [text for cell, text in zip(row, names, strict=True) if cell is not None]
        if values and all(parse_number(text)[2] for text in values) and len(_distinct(row, names)) >= 5:
            break
    else:
        return []
    readings: list[Reading] = []
    seen: dict[tuple[str, str], Cell] = {}
    for column, cell in enumerate(row):
        above = [names[column] for names in reversed(sheet.labels[start:index])]
        outcome = next((k for t in above if (k := match_key(t, "disputes", "columns"))), None)
        block = next((k for t in above if (k := match_key(t, "disputes", "blocks"))), None)
        if block is None and not any("诉讼" in t for t in above):
            block = "review"  # the head's first row, 行政复议 | 行政诉讼, was left on the page before
        if outcome is None or block is None or cell is None:
            continue
        if seen.get((block, outcome)) is cell:
            continue
        if (block, outcome) in seen:
            problems.append(f"{place}, row {index + 1}: two columns are headed disputes.{block}.{outcome}")
            continue
        seen[block, outcome] = cell
        readings.append(_reading("disputes", block, outcome, cell, place, index, column, problems))
    return readings


def _read_disputes_by_row(sheet: _Sheet, place: str, problems: list[str]) -> list[Reading]:
    """Read the table turned on its side: outcomes as heads, a row for review and each kind of litigation."""
    readings: list[Reading] = []
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
        for column, name in heads.items():
            cell = row[column]
            if cell is not None:
                readings.append(_reading("disputes", block, name, cell, place, index, column, problems))
    return readings


def _read_proactive(sheet: _Sheet, place: str, problems: list[str]) -> list[Reading]:
    readings: list[Reading] = []
    heads: dict[int, str] = {}
    money = 1.0
    for index, (row, labels) in enumerate(zip(sheet.rows, sheet.labels, strict=True)):
        found = {c: key for c, text in enumerate(labels) if (key := proactive_head(text))}
        if found:
            heads = found
            money = 1e4 if any("万元" in text for text in labels) else 1.0
            continue
        key = match_key(labels[0], "proactive", "rows") if heads else None
        if not key or len(labels[0]) > 24:
            continue
        for column, name in _first_of_each(heads).items():
            cell = row[column]
            if cell is None or cell is row[0]:
                problems.append(
                    f"{place}, row {index + 1}: no cell for proactive.{key}.{name}; it is missing"
                )
                continue
            readings.append(
                _reading("proactive", key, name, cell, place, index, column, problems, money=money)
            )
    return readings


def _first_of_each(heads: dict[int, str]) -> dict[int, str]:
    """Keep the first position of each key (a merged head covers several)."""
    firsts: dict[int, str] = {}
    for column, name in heads.items():
        if name not in firsts.values():
            firsts[column] = name
    return firsts


def _reading(
    table: str,
    row: str,
    column: str,
    cell: Cell,
    place: str,
    at_row: int,
    at_column: int,
    problems: list[str],
    *,
    money: float = 1.0,
) -> Reading:
    if cell.page:
        place = re.sub(r"page \d+", f"page {cell.page}", place)
    where = f"{place}, row {at_row + 1}, column {at_column + 1}"
    return make_reading(table, row, column, cell.text, where, problems, money=money)
