"""The same report twice (PDF and HTML, a mirror, a page saved again): which of them stands for the others.

Reports of one agency and year are the same where the shorter shares six tenths of its sentences with the
longer, or both give the same cells. Of the same, the one with most cells stands for the others, then the one
with most sentences, then the first by path. Two that are not the same are said too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from gongkai.problem import Problem
from gongkai.report.file import problem_row
from gongkai.tables.parts import parts_of, read_columns, write_part
from gongkai.tables.schema import table_of

SHARED = 0.6
"""Share of the shorter report's sentences from which it is the same. Two years of one agency, which copies
from itself, share at most .46 in the bundled corpus (120 pairs)."""
LEAST = 3
"""Sentences below which their likeness says nothing."""
LEAST_CELLS = 10
"""Cells that are not zero, likewise."""
SAID = "the same report as {}, which stands for it and is counted once"
DIFFERS = "{} is another report of the same agency and year; both count"


@dataclass(frozen=True, slots=True)
class _Held:
    """What a report is compared by."""

    report_id: str
    path: str
    cells: frozenset[tuple[str, float]] = frozenset()
    n_cells: int = 0
    texts: frozenset[str] = frozenset()

    @property
    def rank(self) -> tuple[int, int, str]:
        return -self.n_cells, -len(self.texts), self.path


def mark_same(folder: str | Path, *, first_part: int) -> int:
    """Write `reports.same_as` into a finished tables folder, and what is said of it as a part of `problems`.

    Args:
        folder: Tables folder with all its parts.
        first_part: Number of the part of `problems` to write.

    Returns:
        How many rows of `problems` were written.
    """
    parts = parts_of(folder, "reports")
    groups = _groups(parts)
    stands_for: dict[str, str] = {}
    problems: list[tuple[_Held, str, str]] = []
    for group in _compared(folder, parts, groups):
        same, different = _sorted_out(group)
        stands_for |= {one.report_id: best.report_id for one, best in same}
        problems += [(one, "same_report", SAID.format(best.path)) for one, best in same]
        problems += [(one, "other_report", DIFFERS.format(best.path)) for one, best in different]
    if problems:
        rows = [problem_row(held.path, held.report_id, Problem(code, said)) for held, code, said in problems]
        write_part("problems", table_of("problems", rows), folder, first_part)
    if stands_for:
        _write(folder, parts, stands_for)
    return len(problems)


def _groups(parts: Sequence[str]) -> dict[tuple[str, int], list[tuple[int, str, str]]]:
    """Return (part, report, path) of all reports that share agency and year with another."""
    found: dict[tuple[str, int], list[tuple[int, str, str]]] = defaultdict(list)
    for number, part in enumerate(parts):
        columns = read_columns(part, ["agency", "year", "report_id", "source_path"])
        for agency, year, report_id, path in zip(*(c.to_pylist() for c in columns.columns), strict=True):
            if agency is not None and year is not None:
                found[agency, year].append((number, report_id, path))
    return {key: group for key, group in found.items() if len(group) > 1}


def _compared(
    folder: str | Path, parts: Sequence[str], groups: dict[tuple[str, int], list[tuple[int, str, str]]]
) -> Iterator[list[_Held]]:
    """Yield each group with the cells and sentences of its reports, read from the parts where they stand."""
    held = {r: _Held(r, path) for group in groups.values() for _, r, path in group}
    wanted = sorted({number for group in groups.values() for number, _, _ in group})
    names = [parts[number].rsplit("/", 1)[-1] for number in wanted]
    for name in names:
        for report_id, rows in _of(f"{folder}/statistics/{name}", held, ["table", "row", "column", "value"]):
            cells = [(f"{t}.{r}.{c}", v) for t, r, c, v in rows if v is not None]
            told = frozenset(cell for cell in cells if cell[1])
            held[report_id] = replace(held[report_id], cells=told, n_cells=len(cells))
        for report_id, rows in _of(f"{folder}/sentences/{name}", held, ["text"]):
            held[report_id] = replace(held[report_id], texts=frozenset(text for (text,) in rows))
    for group in groups.values():
        yield [held[report_id] for _, report_id, _ in group]


def _of(part: str, wanted: Iterable[str], columns: list[str]) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    """Yield the rows of a part by report, for the reports wanted."""
    table = read_columns(part, ["report_id", *columns])
    table = table.filter(pc.is_in(table["report_id"], pa.array(list(wanted), pa.string())))
    rows: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for report_id, *values in zip(*(c.to_pylist() for c in table.columns), strict=True):
        rows[report_id].append(tuple(values))
    yield from rows.items()


def _sorted_out(group: list[_Held]) -> tuple[list[tuple[_Held, _Held]], list[tuple[_Held, _Held]]]:
    """Return (copy, what stands for it) and (different report, the one it differs from)."""
    same: list[tuple[_Held, _Held]] = []
    standing: list[_Held] = []
    for one in sorted(group, key=lambda held: held.rank):
        best = next((other for other in standing if _is_same(one, other)), None)
        if best is None:
            standing.append(one)
        else:
            same.append((one, best))
    return same, [(other, standing[0]) for other in standing[1:]]


def _is_same(one: _Held, other: _Held) -> bool:
    shorter = min(len(one.texts), len(other.texts))
    if shorter >= LEAST and len(one.texts & other.texts) >= SHARED * shorter:
        return True
    return len(one.cells) >= LEAST_CELLS and one.cells == other.cells


def _write(folder: str | Path, parts: Sequence[str], stands_for: dict[str, str]) -> None:
    for part in parts:
        table = read_columns(part, None)
        ids = table["report_id"].to_pylist()
        if not stands_for.keys() & set(ids):
            continue
        at = table.schema.get_field_index("same_as")
        values = pa.array([stands_for.get(i) for i in ids], pa.string())
        number = int(part.rsplit("-", 1)[-1].removesuffix(".parquet"))
        write_part("reports", table.set_column(at, table.schema.field(at), values), folder, number)
