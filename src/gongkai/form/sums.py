"""The form's arithmetic as an error-correcting code: it tells digits apart that ran together.

A row of the requests table is six applicants and their total; the results of a column add up to what was
handled; what came in equals what was handled and carried out. Where a tool glued cells together, each way to
cut the digits is tried, and a row is recovered only if all ways that the sums allow give it the same values.
A rule that recovered a cell cannot check it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from gongkai.form.form import COLUMNS, OTHER_HANDLING, RESULTS, Reading

Counts: TypeAlias = tuple[int, ...]
MOST = 3000
"""Ways to cut a row, or partial sums of a column, beyond which nothing is decided."""
LONGEST, WIDEST = 26, 6
"""Digits of a block, and of a cell, beyond which none is cut."""


def ways(pieces: Sequence[str], count: int, size: int) -> list[Counts]:
    """Return the ways to cut digits so that in each block the last cell is the sum of the others.

    Breaks between pieces stay, and no cell but zero opens with a zero.

    Args:
        pieces: Digits, as far apart as they are known to be.
        count: Cells.
        size: Cells of a block: 7 of requests, 5 of disputes.

    Returns:
        None of them where there are more than `MOST`, or too many digits to try.

    >>> ways(["1120"], 3, 3), ways(["123"], 3, 3)
    ([], [(1, 2, 3)])
    """
    if sum(map(len, pieces)) > LONGEST * count // size:
        return []
    partial: list[tuple[Counts, tuple[str, ...]]] = [((), tuple(pieces))]
    for _ in range(count // size):
        partial = [
            ((*cells, *block), left) for cells, before in partial for block, left in _block(before, size)
        ]
        if len(partial) > MOST:
            return []
    return [cells for cells, left in partial if not left]


def _block(pieces: tuple[str, ...], size: int) -> Iterator[tuple[Counts, tuple[str, ...]]]:
    """Cut off one block whose last cell is the sum of the others; give it and the digits left."""
    partial: list[tuple[Counts, tuple[str, ...]]] = [((), pieces)]
    for _ in range(size - 1):
        partial = [((*cells, cell), left) for cells, before in partial for cell, left in _cell(before)]
    for cells, left in partial:
        total = str(sum(cells))
        if left and left[0].startswith(total):
            rest = left[0][len(total) :]
            yield (*cells, int(total)), (rest, *left[1:]) if rest else left[1:]


def _cell(pieces: tuple[str, ...]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Cut off one cell in each way."""
    if not pieces:
        return
    first, rest = pieces[0], pieces[1:]
    for length in range(1, 2 if first[0] == "0" else min(len(first), WIDEST) + 1):
        yield int(first[:length]), (first[length:], *rest) if length < len(first) else rest


def recover(
    known: Mapping[str, Counts], unclear: Mapping[str, Sequence[str]]
) -> dict[str, tuple[Counts, bool]]:
    """Recover rows of the requests table whose digits ran together.

    Args:
        known: Rows that were read whole, seven values each.
        unclear: Digits of the other rows, as far apart as they are known to be.

    Returns:
        Rows that only one way is left for: their values, and whether other rows were needed to decide. Where
        most rows are whole, one that does not take part in a sum by column that holds is damaged otherwise;
        where most cannot be cut at all, a column is missing.
    """
    cut = {row: ways(pieces, 7, 7) for row, pieces in unclear.items()}
    if 2 * sum(not found for found in cut.values()) > len(cut):
        return {}
    alone = {row for row in unclear if len(cut[row]) == 1}
    usable: dict[str, list[Counts]] = {row: [cells] for row, cells in known.items()}
    usable |= {row: found for row, found in cut.items() if found}
    while True:
        before = {row: len(found) for row, found in usable.items()}
        held = _balance(usable) | _results(usable)
        if before == {row: len(found) for row, found in usable.items()}:
            break
    sure = (row for row in unclear if len(unclear) > len(known) or row in held)
    return {row: (usable[row][0], row not in alone) for row in sure if len(usable.get(row, ())) == 1}


def columns_hold(rows: Mapping[str, Counts]) -> bool:
    """Tell whether the columns of the requests table add up, as those of displaced rows do not.

    An agency's slip leaves most of them whole; where no column with a number can be judged the answer is no.
    """
    told = [(a, b) for left, right in sides(rows) for a, b in zip(left, right, strict=True) if a or b]
    return bool(told) and 2 * sum(a != b for a, b in told) <= len(told)


def sides(rows: Mapping[str, Sequence[float]]) -> Iterator[tuple[Sequence[float], Sequence[float]]]:
    """Yield the sums by column of both sides of each rule whose rows are all there: balance, then results."""
    others = ("other_handling",) if "other_handling" in rows else OTHER_HANDLING
    for left, right in (
        (("new_requests", "carried_in"), ("total_handled", "carried_out")),
        ((*RESULTS, *others), ("total_handled",)),
    ):
        if all(row in rows for row in (*left, *right)):
            one, other = ([*map(sum, zip(*(rows[r] for r in side), strict=True))] for side in (left, right))
            yield one, other


def adds_up(readings: Iterable[Reading]) -> bool:
    """Tell the same of readings."""
    rows: dict[str, dict[str, int]] = {}
    for one in readings:
        if one.table == "requests" and one.value is not None:
            rows.setdefault(one.row, {})[one.column] = int(one.value)
    whole = {key: tuple(row[c] for c in COLUMNS) for key, row in rows.items() if len(row) == len(COLUMNS)}
    return columns_hold(whole)


def _balance(choices: dict[str, list[Counts]]) -> set[str]:
    """Keep the ways in which what came in equals what was handled and carried out."""
    return _keep(choices, ("new_requests", "carried_in"), ("total_handled", "carried_out"))


def _results(choices: dict[str, list[Counts]]) -> set[str]:
    """Keep the ways in which the results add up to what was handled, where every result row is there."""
    others = ("other_handling",) if "other_handling" in choices else OTHER_HANDLING
    return _keep(choices, (*RESULTS, *others), ("total_handled",))


def _keep(choices: dict[str, list[Counts]], left: Sequence[str], right: Sequence[str]) -> set[str]:
    """Drop the ways of each row with which no choice of the others makes both sides equal in all columns.

    Returns:
        The rows, if all are there and the rule can hold; else it decides nothing.
    """
    if not all(row in choices for row in (*left, *right)):
        return set()
    terms = [(row, 1) for row in left] + [(row, -1) for row in right]
    nothing = (0,) * 7
    ahead: list[set[tuple[int, ...]]] = [{nothing}]
    for row, sign in terms:
        ahead.append({_add(sums, cells, sign) for sums in ahead[-1] for cells in choices[row]})
        if len(ahead[-1]) > MOST:
            return set()
    if nothing not in ahead[-1]:
        return set()  # the report breaks the rule
    wanted: set[tuple[int, ...]] = {nothing}
    for (row, sign), reachable in zip(reversed(terms), reversed(ahead[:-1]), strict=True):
        fits = {cells: {_add(sums, cells, -sign) for sums in wanted} & reachable for cells in choices[row]}
        choices[row] = [cells for cells, before in fits.items() if before]
        wanted = {before for befores in fits.values() for before in befores}
    return {*left, *right}


def _add(sums: Counts, cells: Counts, sign: int) -> Counts:
    return tuple(s + sign * c for s, c in zip(sums, cells, strict=True))
