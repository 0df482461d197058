"""Runs of numbers that were given rows → readings, only where there are as many numbers as columns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gongkai.form.form import (
    BLOCKS,
    COLUMNS,
    OUTCOMES,
    Found,
    Reading,
    form_data,
    match_key,
    parse_number,
    read_cell,
)
from gongkai.form.stream import YEAR_INSIDE, form_rows, spelt
from gongkai.form.sums import Cells, recover, ways
from gongkai.problem import Problem, Where
from gongkai.text.lexicon import patterns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from gongkai.form.stream import Atom, Row, Run

HEADED = 90
"""Characters before a run in which the heads of its columns stand."""
_SAID = patterns("form.said")
_APPLICANTS = ("自然", "商业", "科研", "公益", "法律", "总计")


def form_said(lines: Iterable[str]) -> str | None:
    """Tell the form by the heads that stand in a text, where no cell below them could be read.

    >>> form_said(["信息内容本年制发件数本年废止件数"])
    '2021'
    """
    text = "".join(YEAR_INSIDE.sub("", "".join(line.split())) for line in lines)
    found = [form for form, heads in patterns("form.form_said").items() if heads.search(text)]
    return found[0] if len(found) == 1 else None


def read_proactive(
    runs: Sequence[Run], chosen: Sequence[tuple[int, Row]], places: Sequence[Where]
) -> Iterator[Found]:
    """Read the rows of the table of proactive disclosure, each under the heads above it."""
    heads, last = "", -1
    for index, row in chosen:
        if row.table != "proactive":
            continue
        for run in runs[last + 1 : index + 1]:
            heads = run.text[-HEADED:] if _SAID["head"].search(run.text[-HEADED:]) else heads
        last = index
        atoms = runs[index].atoms
        wanted = _proactive_heads(row.key, heads, len(atoms))
        atoms = tuple(_told_apart(atoms, len(wanted)))
        if not wanted or len(atoms) != len(wanted) or any(a.glued for a in atoms):
            yield _not_read(f"proactive.{row.key}", atoms, len(wanted), places)
            continue
        money = 1e4 if "万元" in heads else 1.0
        for name, atom in zip(wanted, atoms, strict=True):
            yield from read_cell("proactive", row.key, name, atom.text, places[atom.rank], money=money)


def _proactive_heads(row: str, text: str, count: int) -> Sequence[str]:
    """Return the columns of a row: as the heads above it name them, or as the form has them."""
    cells: Mapping[str, Mapping[str, Sequence[str]]] = form_data()["proactive"]["cells"]
    named: dict[int, str] = {}
    text = text[text.rfind("信息内容") + 1 :]
    for form in cells:
        for key, pattern in form_data()["proactive"]["columns"][form].items():
            for match in re.finditer(pattern, text):
                named.setdefault(match.end(), key)
    spelt = [named[at] for at in sorted(named)]
    if len(spelt) == count and any(set(spelt) == set(c.get(row, ())) for c in cells.values()):
        return spelt
    new, old = _SAID["heads_2021"].search(text), _SAID["heads_2019"].search(text)
    if bool(new) != bool(old):
        return cells["2021" if new else "2019"].get(row, ())
    fitting = [c[row] for c in cells.values() if len(c.get(row, ())) == count]
    return fitting[0] if len(fitting) == 1 else ()


def _told_apart(atoms: Sequence[Atom], count: int) -> Sequence[Atom]:
    """Tell glued digits apart where nothing is in doubt: one cell, or as many zeros as cells."""
    if len(atoms) != 1 or not atoms[0].glued:
        return atoms
    (only,) = atoms
    if count == 1:
        return [only._replace(glued=False)]
    zeros = len(only.text) == count and set(only.text) == {"0"}
    return [only._replace(text="0", glued=False)] * count if zeros else atoms


def _not_read(name: str, atoms: Sequence[Atom], wanted: int, places: Sequence[Where]) -> Problem:
    where = places[atoms[0].rank]
    values = " ".join(a.text for a in atoms)
    said = f"{where}: '{values[:60]}' are not {wanted} cells; {name} was not read"
    return Problem("row_not_read", said, where)


def _rows_apart(runs: Sequence[Run], chosen: Sequence[tuple[int, Row]]) -> dict[str, Sequence[Atom]]:
    """Return the numbers of each row; a run behind several labels holds them all, if each part adds up."""
    order = [row.key for row in form_rows() if row.table == "requests"]
    own: dict[str, Sequence[Atom]] = {}
    for index, row in chosen:
        if row.table != "requests":
            continue
        atoms, width = runs[index].atoms, len(COLUMNS)
        parts = [atoms[i : i + width] for i in range(0, len(atoms), width)]
        unmet = [k for k in order[: order.index(row.key)] if k not in own][-(len(parts) - 1) :]
        spelt = all(_stands(key, runs[index].text) for key in unmet)
        sums = [cells for part in parts if (cells := _numbers(part))]
        sound = len(sums) == len(parts) and all(sum(cells[:-1]) == cells[-1] for cells in sums)
        if len(parts) > 1 and len(atoms) % width == 0 and len(unmet) == len(parts) - 1 and spelt and sound:
            own |= dict(zip([*unmet, row.key], parts, strict=True))
        else:
            own[row.key] = atoms
    return own


def _stands(key: str, text: str) -> bool:
    rows = (row for row in form_rows() if row.table == "requests" and row.key == key)
    return any(label in spelt(text) for row in rows for label, _ in row.labels)


def read_requests(
    runs: Sequence[Run], chosen: Sequence[tuple[int, Row]], places: Sequence[Where]
) -> Iterator[Found]:
    """Read the rows of the requests table; glued digits as far as the form's sums decide."""
    own = _rows_apart(runs, chosen)
    first = next((runs[index] for index, row in chosen if row.table == "requests"), None)
    if first is None or len(own) < 2:
        return
    heads = _request_heads(first, own)
    if not heads:
        where = places[first.atoms[0].rank]
        said = f"{where}: the head of the requests table was not found; its rows were not read"
        yield Problem("head", said, where)
        return
    whole = {key: atoms for key, atoms in own.items() if _is_whole(atoms, len(heads))}
    recovered: dict[str, tuple[Cells, bool]] = {}
    if heads == COLUMNS:
        known = {key: cells for key, atoms in whole.items() if (cells := _numbers(atoms))}
        unclear = {k: [a.text for a in atoms] for k, atoms in own.items() if k not in whole and _bare(atoms)}
        recovered = recover(known, unclear)
    for key, atoms in own.items():
        if key in whole:
            for name, atom in zip(heads, atoms, strict=True):
                yield from read_cell("requests", key, name, atom.text, places[atom.rank])
        elif key in recovered:
            cells, by_columns = recovered[key]
            by = ("row", "column") if by_columns else ("row",)
            named = {(key, name): value for name, value in zip(heads, cells, strict=True)}
            yield from _recovered("requests", named, atoms, places, by)
        else:
            yield _not_read(f"requests.{key}", atoms, len(heads), places)


def _is_whole(atoms: Sequence[Atom], count: int) -> bool:
    return len(atoms) == count


def _numbers(atoms: Sequence[Atom]) -> Cells | None:
    """Return whole counts, None where a cell is blank or something else."""
    values = [parse_number(a.text)[0] for a in atoms]
    return tuple(int(v) for v in values if v is not None) if all(v is not None for v in values) else None


def _bare(atoms: Sequence[Atom]) -> bool:
    return all(a.text.isascii() and a.text.isdigit() for a in atoms)


def _recovered(
    table: str,
    cells: Mapping[tuple[str, str], int],
    atoms: Sequence[Atom],
    places: Sequence[Where],
    by: tuple[str, ...],
) -> Iterator[Found]:
    where, raw = places[atoms[0].rank], " ".join(a.text for a in atoms)
    said = f"{where}: '{raw[:60]}' runs cells of {table} together; the form's sums leave one way"
    yield Problem("recovered", said, where)
    for (row, column), value in cells.items():
        yield Reading(table, row, column, float(value), "count", raw, where, "recovered", by)


def _request_heads(first: Run, own: Mapping[str, Sequence[Atom]]) -> Sequence[str]:
    """Return the columns of the requests table: as its head names them, or else the form's own."""
    named = [k for a in first.before if len(a.text) <= 8 and (k := match_key(a.text, "requests", "columns"))]
    # In reading order the total of two rowspans may come before the organisations' own columns.
    heads = list(dict.fromkeys(reversed(named)))[::-1]
    if "total" in heads:
        heads.append(heads.pop(heads.index("total")))
    if len(heads) == len(COLUMNS):
        return tuple(heads)
    if sum(word in first.text for word in _APPLICANTS) >= 5:
        return COLUMNS
    counts = [len(atoms) for atoms in own.values()]
    if len(heads) >= 2 and counts.count(len(heads)) > len(counts) / 2:
        return tuple(heads)
    rows = [cells for atoms in own.values() if len(atoms) == len(COLUMNS) and (cells := _numbers(atoms))]
    telling = [cells for cells in rows if cells[-1]]
    sound = sum(sum(cells[:-1]) == cells[-1] for cells in telling)
    return COLUMNS if len(rows) >= 8 and len(telling) >= 2 and sound == len(telling) else ()


def read_disputes(
    runs: Sequence[Run], chosen: Sequence[tuple[int, Row]], places: Sequence[Where]
) -> Iterator[Found]:
    """Read the row of three blocks of five, in one run or several; or a row a block."""
    own = [(row.key, runs[index].atoms) for index, row in chosen if row.table == "disputes"]
    atoms = [atom for _, part in own for atom in part]
    if not atoms:
        return
    outcomes = (*OUTCOMES, "total")
    texts = {row.key: spelt(runs[index].text) for index, row in chosen if row.table == "disputes"}
    labels = {row.key: row.labels[0][0] for _, row in chosen if row.table == "disputes" and row.key}
    by_key = all(k in labels and texts[k].endswith(labels[k]) and len(a) == len(outcomes) for k, a in own)
    blocks = [key for key, _ in own] if by_key else BLOCKS
    names = [(block, outcome) for block in blocks for outcome in outcomes]
    if _is_whole(atoms, len(names)):
        for (block, outcome), atom in zip(names, atoms, strict=True):
            yield from read_cell("disputes", block, outcome, atom.text, places[atom.rank])
        return
    found = ways([a.text for a in atoms], len(names), len(outcomes)) if _bare(atoms) else []
    if len(found) == 1:
        yield from _recovered("disputes", dict(zip(names, found[0], strict=True)), atoms, places, ("total",))
    else:
        yield _not_read("disputes", atoms, len(names), places)
