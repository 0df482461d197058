"""Grids, or tables flattened to lines, → one row per cell of the statutory form.

A cell is found by its row label and its column head, never by position alone. Blank is None, zero is 0; a row that
does not give as many values as its head has columns gives none, and a problem that says so.
"""

from __future__ import annotations

import functools
import re
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gongkai.corpus.document import Cell, Grid
from gongkai.run import bundled
from gongkai.text.clean import Script, fold_width, simplify

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SPACE = re.compile(r"[\s\u3000]+")
_BLANKS = frozenset(["", "/", "—", "——", "-", "--", "–", "－", "\\", "_", "无", "不适用", "空", "／", "…"])
_NUMBER = re.compile(
    r"[约共计]?(?P<sign>[-−－+]?)(?P<digits>\d{1,3}(?:[,，]\d{3})+|\d+)(?P<fraction>\.\d+)?"
    r"(?P<unit>万元|亿元|元|件|项|条|个|宗|起|次|份|%)?(?:[（(][^（）()]*[）)])?"
)
_MARKUP = re.compile(r"[★☆*※]")


@dataclass(frozen=True, slots=True)
class Reading:
    """One cell read: keys, value, unit, the text as printed, and where it stood."""

    table: str
    row: str
    column: str
    value: float | None
    unit: str
    raw: str
    where: str


@dataclass(slots=True)
class Statistics:
    """All cells of a report, the form they show (None without tables), and what went wrong."""

    form: str | None = None
    readings: list[Reading] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@functools.cache
def _form() -> dict[str, Any]:
    return tomllib.loads(bundled("corpus/lexicon/form.toml").read_text(encoding="utf-8"))


@functools.cache
def _patterns(*path: str) -> dict[str, re.Pattern[str]]:
    table = _form()
    for key in path:
        table = table[key]
    return {key: re.compile(pattern) for key, pattern in table.items()}


def _match(text: str, *path: str) -> str | None:
    """Return the key of the first pattern found in a label."""
    return next((key for key, pattern in _patterns(*path).items() if pattern.search(text)), None)


@functools.lru_cache(maxsize=8192)
def _label(text: str, script: Script) -> str:
    folded = _MARKUP.sub("", _SPACE.sub("", fold_width(text))).replace("⼀", "一")
    return simplify(folded) if script == "traditional" else folded


def parse_number(text: str) -> tuple[float | None, str, bool]:
    """Read a printed cell.

    Returns:
        Value (None = blank or unreadable), the unit printed in the cell ("" = none), and whether it was readable.

    >>> parse_number("1,234"), parse_number("297.17万元"), parse_number("/"), parse_number("22（其中修订16件）")
    ((1234.0, '', True), (2971700.0, '元', True), (None, '', True), (22.0, '', True))
    >>> parse_number("见附件")
    (None, '', False)
    """
    content = _SPACE.sub("", fold_width(text))
    if content in _BLANKS:
        return None, "", True
    match = _NUMBER.fullmatch(content)
    if not match:
        return None, "", False
    digits = re.sub("[,，]", "", match["digits"])
    value = float(digits + (match["fraction"] or ""))
    if match["sign"] in ("-", "−", "－"):
        value = -value
    unit = match["unit"] or ""
    if unit in ("万元", "亿元"):
        value = round(value * (1e4 if unit == "万元" else 1e8), 2)
        unit = "元"
    return value, "元" if unit == "元" else "", True


def read_statistics(grids: Sequence[Grid], lines: Sequence[str] = (), *, script: Script = "simplified") -> Statistics:
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
                    f"{reading.where}: a second cell for {'.'.join(key)} ('{reading.raw}'); the first was kept"
                )
            else:
                seen.add(key)
                found.readings.append(reading)

    joined = _join_grids(grids, script)
    for number, grid in enumerate(joined, 1):
        keep(_read_grid(grid, number, script, found.problems))
    missing = {"proactive", "requests", "disputes"} - {reading.table for reading in found.readings}
    if lines and missing:
        keep(r for r in _read_lines(lines, script, found.problems) if r.table in missing)
    found.form = _detect_form(found.readings)
    found.readings = [r for r in found.readings if r.table != "proactive" or _belongs(r, found.form)]
    return found


def _belongs(reading: Reading, form: str | None) -> bool:
    return form is not None and reading.column in _form()["proactive"]["cells"][form].get(reading.row, ())


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


def _join_grids(grids: Sequence[Grid], script: Script) -> list[Grid]:
    """Join a table cut by a page break: the next grid has no head of its own, or repeats the one before."""
    joined: list[Grid] = []
    for grid in grids:
        if joined and _continues(joined[-1], grid, script):
            before = joined[-1]
            width = max(len(before.rows[0]), len(grid.rows[0]))
            # Values stand at the right; a part may show fewer label columns.
            padded = [(None,) * (width - len(row)) + tuple(row) for part in (before, grid) for row in part.rows]
            joined[-1] = Grid(tuple(padded), before.page)
        else:
            joined.append(grid)
    return joined


def _continues(before: Grid, grid: Grid, script: Script) -> bool:
    if abs(len(before.rows[0]) - len(grid.rows[0])) > 3:
        return False
    rows = [_row_label(row, script) for row in before.rows]
    following = [_row_label(row, script) for row in grid.rows]
    if not any(rows) or not any(following):
        return False
    return not set(filter(None, rows)) & set(filter(None, following)) and "carried_out" not in rows


def _distinct(row: Sequence[Cell | None]) -> list[Cell]:
    """Return the cells of a row, each merged cell once."""
    cells: list[Cell] = []
    for cell in row:
        if cell is not None and (not cells or cells[-1] is not cell):
            cells.append(cell)
    return cells


def _row_label(row: Sequence[Cell | None], script: Script) -> str | None:
    """Return the request row that a grid's row is, by its deepest label cell."""
    labels = []
    for cell in _distinct(row):
        text = _label(cell.text, script)
        if not parse_number(text)[2]:
            labels.append(text)
        elif labels:
            break
    else:
        return None  # a head: labels to the end, no room for values
    for text in reversed(labels):
        key = _match(text, "requests", "rows")
        if key:
            return key
        if _match(text, "requests", "groups"):
            return None
    return None


def _read_grid(grid: Grid, number: int, script: Script, problems: list[str]) -> list[Reading]:
    """Read one grid: each of the three tables may stand in it, also two or three of them in one."""
    place = f"page {grid.page}, table {number}" if grid.page else f"table {number}"
    readings = _read_requests(grid, place, script, problems)
    readings += _read_disputes(grid, place, script, problems)
    readings += _read_proactive(grid, place, script, problems)
    return readings


def _read_requests(grid: Grid, place: str, script: Script, problems: list[str]) -> list[Reading]:
    keys = [_row_label(row, script) for row in grid.rows]
    first = next((i for i, key in enumerate(keys) if key in ("new_requests", "carried_in", "granted")), None)
    if first is None or len({k for k in keys if k}) < 3:
        return []
    heads = _heads(grid, first, script, "requests")
    if len(heads) < 2:
        problems.append(f"{place}: the head of the requests table was not found; its rows were not read")
        return []
    readings = []
    for index, (row, key) in enumerate(zip(grid.rows, keys, strict=True)):
        if index < first or key is None or (key == "other" and "other_handling" in keys[index:]):
            continue
        for column, name in heads.items():
            cell = row[column]
            if cell is None or any(cell is other for other in row[: min(heads)]):
                problems.append(f"{place}, row {index + 1}: no cell for requests.{key}.{name}; it is missing")
                continue
            readings.append(_reading("requests", key, name, cell, place, index, column, problems))
    return readings


def _heads(grid: Grid, rows: int, script: Script, table: str) -> dict[int, str]:
    """Map column positions to keys by the deepest head cell above the first data row."""
    heads: dict[int, str] = {}
    for column in range(len(grid.rows[0])):
        for row in reversed(grid.rows[:rows]):
            cell = row[column]
            key = _match(_label(cell.text, script), table, "columns") if cell else None
            if key and key not in heads.values():
                heads[column] = key
                break
    return heads


def _read_disputes(grid: Grid, place: str, script: Script, problems: list[str]) -> list[Reading]:
    """Read the row of fifteen numbers by its two levels of heads; the table may follow others in the same grid."""
    start = None
    for index, row in enumerate(grid.rows):
        labels = [_label(c.text, script) for c in _distinct(row)]
        if any(_match(t, "disputes", "blocks") == "review" and len(t) < 8 for t in labels) and not any(
            parse_number(t)[0] is not None for t in labels
        ):
            start = index
            break
    if start is None:
        return []
    for index in range(start + 1, min(start + 6, len(grid.rows))):
        row = grid.rows[index]
        values = [cell for cell in row if cell is not None]
        if values and all(parse_number(cell.text)[2] for cell in values) and len(_distinct(row)) >= 5:
            break
    else:
        return []
    readings: list[Reading] = []
    blocks: list[tuple[str, str]] = []
    for column in range(len(row)):
        above = [_label(c.text, script) for r in grid.rows[start:index] if (c := r[column])]
        outcome = next((k for t in reversed(above) if (k := _match(t, "disputes", "columns"))), None)
        block = next((k for t in reversed(above) if (k := _match(t, "disputes", "blocks"))), None)
        cell = row[column]
        if outcome is None or block is None or cell is None:
            continue
        if (block, outcome) in blocks:
            problems.append(f"{place}, row {index + 1}: two columns are headed disputes.{block}.{outcome}")
            continue
        blocks.append((block, outcome))
        readings.append(_reading("disputes", block, outcome, cell, place, index, column, problems))
    return readings


def _read_proactive(grid: Grid, place: str, script: Script, problems: list[str]) -> list[Reading]:
    readings: list[Reading] = []
    heads: dict[int, str] = {}
    money = 1.0
    for index, row in enumerate(grid.rows):
        labels = [_label(cell.text, script) if cell else "" for cell in row]
        found = {c: key for c, text in enumerate(labels) if (key := _proactive_head(text))}
        if found:
            heads = found
            money = 1e4 if any("万元" in text for text in labels) else 1.0
            continue
        key = _match(labels[0], "proactive", "rows")
        if not key or not heads or len(labels[0]) > 24:
            continue
        for column, name in _first_of_each(heads).items():
            cell = row[column]
            if cell is None or cell is row[0]:
                problems.append(f"{place}, row {index + 1}: no cell for proactive.{key}.{name}; it is missing")
                continue
            readings.append(_reading("proactive", key, name, cell, place, index, column, problems, money=money))
    return readings


def _proactive_head(text: str) -> str | None:
    return _match(text, "proactive", "columns", "2021") or _match(text, "proactive", "columns", "2019")


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


def make_reading(
    table: str, row: str, column: str, text: str, where: str, problems: list[str], *, money: float = 1.0
) -> Reading:
    """Read one printed cell; `money` is what its head's unit multiplies amounts by (10,000 for 万元)."""
    value, printed, readable = parse_number(text)
    if not readable:
        problems.append(f"{where}: '{text.strip()[:40]}' is not a number; {table}.{row}.{column} is blank")
    is_amount = column == "amount_yuan"
    if is_amount and value is not None and not printed:
        value = round(value * money, 2)
    return Reading(table, row, column, value, "yuan" if is_amount else "count", text.strip(), where)


# Flattened tables: one cell a line, or many on one line.


@functools.cache
def _line_vocabulary() -> re.Pattern[str]:
    """Match a whole line that can only be a cell of the statutory tables."""
    form = _form()
    number = r"[-−]?[\d,，]+(?:\.\d+)?(?:万元|元|件)?(?:[（(][^（）()]{0,20}[）)])?"
    prefix = r"(?:[一二三四]、|[（(][一二三四五六七八九][）)]、?|\d[.．、，])?"
    labels = [p for t in ("requests", "proactive") for p in form[t]["rows"].values()]
    labels += [p for t in ("requests", "disputes") for p in form[t]["columns"].values()]
    labels += [*form["requests"]["groups"].values(), *form["disputes"]["blocks"].values()]
    labels += [p for f in ("2019", "2021") for p in form["proactive"]["columns"][f].values()]
    parts = [part for pattern in labels for part in re.split(r"\|(?![^(\[]*[)\]])", pattern)]
    whole = [re.sub(r"[\^$]", "", part) for part in parts if part.startswith("^")]
    words = "|".join([*form["flattened"]["words"], *(prefix + part for part in whole)])
    label = "|".join(part for part in parts if not part.startswith("^"))
    # A label cell has a few characters around the pattern, and no clause mark but the form's own brackets.
    loose = rf"{prefix}[^，。；：！？\d]{{0,14}}(?:{label})[^，。；：！？\d]{{0,22}}(?:[（(][^（）()]{{0,30}}[）)])?"
    return re.compile(rf"(?:{number}|[/／—-]|{words}|{loose})")


def is_table_line(line: str) -> bool:
    """Tell whether a cleaned line is (part of) a flattened statutory table rather than prose.

    >>> is_table_line("（一）予以公开"), is_table_line("297.17万元"), is_table_line("注：职能已迁出。")
    (True, True, False)
    """
    squeezed = _SPACE.sub("", line)
    if not squeezed or len(squeezed) > 200:
        return False
    if _line_vocabulary().fullmatch(squeezed):
        return True
    parts = line.split()
    numbers = sum(parse_number(part)[2] for part in parts)
    if len(parts) >= 4 and numbers >= len(parts) - 3 and numbers >= 3:
        return True
    return len(parts) > 1 and all(_line_vocabulary().fullmatch(_SPACE.sub("", part)) for part in parts)


def _pieces(lines: Sequence[str], script: Script) -> list[tuple[str, int]]:
    """Cut lines into (cell text, line number): a line of several cells is cut at its spaces."""
    pieces = []
    for number, line in enumerate(lines, 1):
        squeezed = _label(line, script)
        if not squeezed:
            continue
        parts = line.split()
        if len(parts) > 1 and sum(parse_number(p)[2] for p in parts) >= 2:
            head = [p for p in parts if not parse_number(p)[2]]
            if head:
                pieces.append((_label("".join(head), script), number))
            pieces += [(p, number) for p in parts if parse_number(p)[2]]
        elif len(parts) > 1 and all(_short_head(_label(p, script)) for p in parts):
            pieces += [(_label(p, script), number) for p in parts]
        else:
            pieces.append((squeezed, number))
    return pieces


def _short_head(text: str) -> bool:
    return bool(
        _match(text, "requests", "columns") or _match(text, "disputes", "columns") or _proactive_head(text)
    ) and len(text) > 1


def _read_lines(lines: Sequence[str], script: Script, problems: list[str]) -> list[Reading]:
    """Read flattened tables: a label opens a row, the heads above it say how many values follow and what they are."""
    pieces = _pieces(lines, script)
    readings = _flat_proactive(pieces, problems)
    readings += _flat_requests(pieces, problems)
    readings += _flat_disputes(pieces, problems)
    return readings


def _is_value(text: str) -> bool:
    return bool(text) and parse_number(text)[2]


def _values_after(pieces: Sequence[tuple[str, int]], start: int) -> list[tuple[str, int]]:
    values = []
    for text, number in pieces[start:]:
        if not _is_value(text):
            break
        values.append((text, number))
    return values


def _flat_row(
    table: str,
    row: str,
    heads: Sequence[str],
    pieces: Sequence[tuple[str, int]],
    at: int,
    problems: list[str],
    money: float = 1.0,
) -> list[Reading]:
    values = _values_after(pieces, at + 1)
    if not values:
        return []
    if len(values) != len(heads):
        problems.append(
            f"line {pieces[at][1]} of the flattened tables: '{pieces[at][0][:20]}' has {len(values)} values under "
            f"{len(heads)} heads; {table}.{row} was not read"
        )
        return []
    return [
        make_reading(table, row, head, text, f"flattened tables, line {number}", problems, money=money)
        for head, (text, number) in zip(heads, values, strict=True)
    ]


def _flat_requests(pieces: Sequence[tuple[str, int]], problems: list[str]) -> list[Reading]:
    start = next((i for i, (t, _) in enumerate(pieces) if _match(t, "requests", "rows") == "new_requests"), None)
    if start is None:
        return []
    above = [key for text, _ in pieces[:start] if (key := _match(text, "requests", "columns"))]
    # The head is read in reading order, where 总计 of two rowspans may come before the organisations' own columns.
    heads = list(dict.fromkeys(reversed(above)))[::-1]
    if "total" in heads:
        heads.append(heads.pop(heads.index("total")))
    if len(heads) < 2:
        problems.append("the head of the flattened requests table was not found; its rows were not read")
        return []
    readings = []
    done: set[str] = set()
    for at in range(start, len(pieces)):
        text = pieces[at][0]
        if _is_value(text):
            continue
        row = _match(text, "requests", "rows")
        if row is None or row in done:
            continue
        rows = _flat_row("requests", row, heads, pieces, at, problems)
        readings += rows
        if rows:
            done.add(row)
        if row == "carried_out":
            break
    return readings


def _flat_proactive(pieces: Sequence[tuple[str, int]], problems: list[str]) -> list[Reading]:
    readings = []
    heads: list[str] = []
    money = 1.0
    fresh = False
    for at, (text, _) in enumerate(pieces):
        if _is_value(text):
            fresh = False
            continue
        if _match(text, "requests", "rows") == "new_requests":
            break
        head = _proactive_head(text)
        if head:
            if not fresh:
                heads, money = [], 1.0
            heads.append(head)
            money = 1e4 if "万元" in text else money
            fresh = True
            continue
        row = _match(text, "proactive", "rows")
        if row and heads and len(text) <= 24:
            readings += _flat_row("proactive", row, heads, pieces, at, problems, money)
            fresh = False
    return readings


def _flat_disputes(pieces: Sequence[tuple[str, int]], problems: list[str]) -> list[Reading]:
    starts = [
        i for i, (t, _) in enumerate(pieces) if _match(t, "disputes", "blocks") == "review" and len(t) <= 6
    ]
    for start in starts:
        heads: list[str] = []
        at = start
        for at in range(start, len(pieces)):  # noqa: B007
            text = pieces[at][0]
            if _is_value(text):
                break
            outcome = _match(text, "disputes", "columns")
            if outcome and len(text) <= 8:
                heads.append(outcome)
        values = _values_after(pieces, at)
        if len(heads) == 15 and len(values) == 15 and [i for i, h in enumerate(heads) if h == "total"] == [4, 9, 14]:
            blocks = ("review", "litigation_direct", "litigation_after_review")
            return [
                make_reading("disputes", blocks[k // 5], heads[k], text, f"flattened tables, line {number}", problems)
                for k, (text, number) in enumerate(values)
            ]
        if heads:
            problems.append(
                f"line {pieces[start][1]} of the flattened tables: the disputes table has {len(heads)} heads and "
                f"{len(values)} values, not 15; it was not read"
            )
    return []
