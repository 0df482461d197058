"""The form's arithmetic as an error-correcting code: it tells digits apart that ran together.

A row of the requests table is six applicants and their total; the results of a column add up to what was
handled; what came in equals what was handled and carried out. Where a tool glued cells together, each way
to cut the digits is tried; a row is recovered only if all ways that the sums allow give it the same values.
Nothing is recovered from a row alone whose sum says nothing, and a rule that recovered a cell cannot check it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from gongkai.form.form import OTHER_HANDLING, RESULTS

Cells: TypeAlias = tuple[int, ...]
MOST = 3000
"""Ways to cut a row, or partial sums of a column, beyond which nothing is decided."""


def ways(pieces: Sequence[str], count: int, total_every: int) -> list[Cells]:
    """Return the ways to cut digits so that in each block the last cell is the sum of the others.

    Breaks between pieces stay, and no cell but zero opens with a zero.

    >>> ways(["1120"], 3, 3), ways(["0", "9900"], 4, 4), ways(["123"], 3, 3)
    ([], [], [(1, 2, 3)])

    Args:
        pieces: Digits, as far apart as they are known to be.
        count: Cells.
        total_every: Cells of a block: 7 of requests, 5 of disputes.

    Returns:
        None of them where there are more than `MOST`.
    """
    found: list[Cells] = []
    for cells in _blocks(list(pieces), count, total_every):
        found.append(cells)
        if len(found) > MOST:
            return []
    return found


def _blocks(pieces: list[str], count: int, size: int) -> Iterator[Cells]:
    """Cut block by block, so that a block whose sum fails is not gone into."""
    if count == 0:
        if not pieces:
            yield ()
        return
    for cells, left in _some(pieces, size):
        if sum(cells[:-1]) == cells[-1]:
            for further in _blocks(left, count - size, size):
                yield (*cells, *further)


def _some(pieces: list[str], count: int) -> Iterator[tuple[Cells, list[str]]]:
    """Cut off the first `count` cells; give them and the digits left."""
    if count == 0:
        yield (), pieces
        return
    if not pieces:
        return
    first, rest = pieces[0], pieces[1:]
    for length in range(1, 2 if first[0] == "0" else len(first) + 1):
        left = [first[length:], *rest] if length < len(first) else rest
        for cells, remaining in _some(left, count - 1):
            yield (int(first[:length]), *cells), remaining


def recover(
    known: Mapping[str, Cells], unclear: Mapping[str, Sequence[str]]
) -> dict[str, tuple[Cells, bool]]:
    """Recover rows of the requests table whose digits ran together.

    Args:
        known: Rows that were read whole, seven values each.
        unclear: Digits of the other rows, as far apart as they are known to be.

    Returns:
        Rows that only one way is left for: their values, and whether other rows were needed to decide.
    """
    choices: dict[str, list[Cells]] = {row: [cells] for row, cells in known.items()}
    for row, pieces in unclear.items():
        choices[row] = ways(pieces, 7, 7)
    alone = {row for row in unclear if len(choices[row]) == 1}
    usable = {row: found for row, found in choices.items() if found}
    while True:
        before = {row: len(found) for row, found in usable.items()}
        _balance(usable)
        _results(usable)
        if before == {row: len(found) for row, found in usable.items()}:
            break
    return {row: (usable[row][0], row not in alone) for row in unclear if len(usable.get(row, ())) == 1}


def _balance(choices: dict[str, list[Cells]]) -> None:
    """Keep the ways in which what came in equals what was handled and carried out."""
    rows = ("new_requests", "carried_in", "total_handled", "carried_out")
    if all(row in choices for row in rows):
        _keep(choices, rows[:2], rows[2:])


def _results(choices: dict[str, list[Cells]]) -> None:
    """Keep the ways in which the results add up to what was handled, where every result row is there."""
    others = ("other_handling",) if "other_handling" in choices else OTHER_HANDLING
    rows = (*RESULTS, *others)
    if "total_handled" in choices and all(row in choices for row in rows):
        _keep(choices, rows, ("total_handled",))


def _keep(choices: dict[str, list[Cells]], left: Sequence[str], right: Sequence[str]) -> None:
    """Drop the ways of each row with which no choice of the others makes both sides equal in all columns."""
    terms = [(row, 1) for row in left] + [(row, -1) for row in right]
    nothing = (0,) * 7
    ahead: list[set[Cells]] = [{nothing}]
    for row, sign in terms:
        ahead.append({_add(sums, cells, sign) for sums in ahead[-1] for cells in choices[row]})
        if len(ahead[-1]) > MOST:
            return
    if nothing not in ahead[-1]:
        return  # the report breaks the rule: it decides nothing
    wanted = {nothing}
    for (row, sign), reachable in zip(reversed(terms), reversed(ahead[:-1]), strict=True):
        fits = {cells: {_add(sums, cells, -sign) for sums in wanted} & reachable for cells in choices[row]}
        choices[row] = [cells for cells, before in fits.items() if before]
        wanted = {before for befores in fits.values() for before in befores}


def _add(sums: Cells, cells: Cells, sign: int) -> Cells:
    return tuple(s + sign * c for s, c in zip(sums, cells, strict=True))
