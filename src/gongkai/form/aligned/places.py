"""Rows of the requests table with blanks → cells, by where their numbers stand on the line.

A tool that lays a table out with spaces leaves nothing where a cell is blank, one that sets cells apart by
tabs or bars an empty cell. So a number's column is that of the rows which have all seven, or of the head it
stands under; it counts only if, blanks read as zero, all rows and columns of the table then add up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import TypeAlias

from gongkai.form.aligned.stream import Atom
from gongkai.form.form import COLUMNS, OTHER_HANDLING, RESULTS, match_key, parse_number
from gongkai.form.sums import sides
from gongkai.text.grammar import columns

Placed: TypeAlias = "dict[str, tuple[Atom | None, ...]]"
"""Row → its seven cells, None where one is blank."""
Span: TypeAlias = tuple[float, float]
CELLS: list[Span] = [(n, n) for n in range(1, len(COLUMNS) + 1)]
"""Columns where cells are set apart by tabs or bars: the first stands behind the label."""
LEAST_COLUMNS = 2
"""Columns with numbers that must add up."""
_BETWEEN = re.compile(r"[\t|│┃║]")


def place_blanks(own: Mapping[str, Sequence[Atom]], head: Sequence[Atom], lines: Sequence[str]) -> Placed:
    """Place the numbers of rows that have fewer than seven.

    Args:
        own: Rows and their numbers.
        head: What stands before the first row.
        lines: The lines as they stand.

    Returns:
        Those rows; none where their columns are in doubt.
    """
    plain = {key: [atom for atom in atoms if atom.text] for key, atoms in own.items() if _is_plain(atoms)}
    whole = {key: atoms for key, atoms in plain.items() if len(atoms) == len(own[key]) == len(COLUMNS)}
    rows = {key: atoms for key, atoms in plain.items() if len(own[key]) != len(COLUMNS)}
    if not rows or any(len(atoms) != len(COLUMNS) for key, atoms in own.items() if key not in plain):
        return {}
    told = _told(whole, rows, head, lines)
    if not told or any(known != sorted(set(known)) for known in told.values()):
        return {}
    placed = {key: _cells(known, rows[key]) for key, known in told.items()}
    return placed if _add_up({**own, **placed}) else {}


def _told(
    whole: Mapping[str, Sequence[Atom]],
    rows: Mapping[str, Sequence[Atom]],
    head: Sequence[Atom],
    lines: Sequence[str],
) -> dict[str, list[int]]:
    """Return the columns of the numbers of rows, by those of whole rows, or by the heads."""
    barred = all(_BETWEEN.search(lines[atoms[0].line]) for atoms in rows.values())
    place = _cell_of if barred else _span_of
    full = [[place(atom, lines) for atom in atoms] for atoms in whole.values()]
    under = _mean_spans(full) or (CELLS if barred else _heads(head, lines))
    return _columns_of({key: [place(atom, lines) for atom in atoms] for key, atoms in rows.items()}, under)


def _cells(known: Sequence[int], atoms: Sequence[Atom]) -> tuple[Atom | None, ...]:
    cells = dict(zip(known, atoms, strict=True))
    return tuple(cells.get(column) for column in range(len(COLUMNS)))


def _mean_spans(rows: Sequence[Sequence[Span]]) -> list[Span]:
    """Return where the numbers of each column stand on average."""
    return [(fmean(a for a, _ in spans), fmean(b for _, b in spans)) for spans in zip(*rows, strict=True)]


def _columns_of(spans: Mapping[str, Sequence[Span]], under: Sequence[Span]) -> dict[str, list[int]]:
    """Return the columns of the numbers of each row: set at the left, in the middle or at the right.

    The one of these counts by which the numbers stand nearest; each must be much nearer than to any other.
    """
    best: tuple[float, dict[str, list[int]]] = (float("inf"), {})
    for share in (0.0, 0.5, 1.0):
        heads = [a + share * (b - a) for a, b in under]
        told: dict[str, list[int]] = {}
        far = 0.0
        for key, row in spans.items():
            away = [sorted((abs(a + share * (b - a) - x), n) for n, x in enumerate(heads)) for a, b in row]
            if not heads or any(2 * near[0][0] >= near[1][0] for near in away):
                break
            told[key] = [near[0][1] for near in away]
            far += sum(near[0][0] for near in away)
        else:
            best = min(best, (far, told), key=lambda one: one[0])
    return best[1]


def _is_plain(atoms: Sequence[Atom]) -> bool:
    """Tell whether numbers stand on one line, none glued to another."""
    return len({atom.line for atom in atoms}) == 1 and not any(atom.glued for atom in atoms)


def _span_of(atom: Atom, lines: Sequence[str]) -> Span:
    """Return the columns of the line from which to which a piece stands."""
    start = columns(lines[atom.line][: atom.start])
    return start, start + columns(lines[atom.line][atom.start : atom.end])


def _cell_of(atom: Atom, lines: Sequence[str]) -> Span:
    """Return how many cells behind the row's label a number stands."""
    before = lines[atom.line][: atom.start]
    words = re.search(r"[^\s\d.,|│┃║](?=[\s\d.,|│┃║]*$)", before)
    number = len(_BETWEEN.findall(before[words.end() if words else 0 :]))
    return number, number


def _heads(head: Sequence[Atom], lines: Sequence[str]) -> list[Span]:
    """Return where the heads of the columns stand; none unless each is named once."""
    named: dict[str, Span] = {}
    for atom in head:
        key = match_key(atom.text, "requests", "columns") if len(atom.text) <= 8 else None
        if key in named:
            return []
        if key:
            named[key] = _span_of(atom, lines)
    return [named[key] for key in COLUMNS] if len(named) == len(COLUMNS) else []


def _add_up(rows: Mapping[str, Sequence[Atom | None]]) -> bool:
    """Tell whether all rows and columns add up, blanks and rows without a number read as zero."""
    others = () if "other_handling" in rows else OTHER_HANDLING
    keys = ("new_requests", "carried_in", *RESULTS, *others, "total_handled", "carried_out")
    nothing = [0.0] * len(COLUMNS)
    counts = dict.fromkeys(keys, nothing) | {k: [_count(atom) for atom in atoms] for k, atoms in rows.items()}
    balance, results = sides(counts)
    numbered = sum(any(cells) for cells in zip(*balance, strict=True))
    hold = balance[0] == balance[1] and results[0] == results[1]
    told = all(sum(cells[:-1]) == cells[-1] for cells in counts.values())
    return "total_handled" in rows and numbered > LEAST_COLUMNS and hold and told


def _count(atom: Atom | None) -> float:
    return (parse_number(atom.text)[0] or 0.0) if atom else 0.0
