"""Runs of numbers → the rows of the requests table that they are: by labels, sums, and the form's order.

A tool may print rows column by column, labels behind their numbers, or all labels of a page before all its
numbers. What is then given to a row is certain only where the columns of the table add up.

One that lays a table out with spaces leaves nothing where a cell is blank, one that sets cells apart by tabs
or bars an empty cell. So a number's column is that of the rows which have all seven, or of the head it stands
under; it counts only if, blanks read as zero, all rows and columns of the table then add up.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from statistics import fmean
from typing import TypeAlias

from gongkai.form.aligned.stream import Atom, Chosen, Row, Run, form_rows, spelt
from gongkai.form.form import COLUMNS, OTHER_HANDLING, RESULTS, match_key, parse_number
from gongkai.form.sums import Counts, columns_hold, sides
from gongkai.text.grammar import columns

MOST_WAYS = 64
"""Ways to cut a table into rows that are tried."""
Rows: TypeAlias = "dict[str, Sequence[Atom]]"
"""Row → its numbers, which may be too many or too few."""
Placed: TypeAlias = "dict[str, tuple[Atom | None, ...]]"
"""Row → its seven cells, None where one is blank."""
Span: TypeAlias = tuple[float, float]
CELLS: list[Span] = [(n, n) for n in range(1, len(COLUMNS) + 1)]
"""Columns where cells are set apart by tabs or bars: the first stands behind the label."""
LEAST_COLUMNS = 2
"""Columns with numbers that must add up."""
_BETWEEN = re.compile(r"[\t|│┃║]")


def request_rows(told: Chosen, left_out: tuple[str, ...]) -> Rows:
    """Give the runs of a stream to the rows of the requests table; `left_out` it has not."""
    return _whole_table(_by_order(_rows_apart(told, left_out), told), told, left_out)


def _rows_apart(told: Chosen, left_out: Collection[str]) -> Rows:
    """Return the numbers of each row.

    A run between labels holds the numbers of several rows where a tool printed column by column: it is cut if
    its parts add up, and the labels of the other rows stand before it, or behind it in the form's order.
    """
    runs, given = told.runs, {row.key for _, row in told.of("requests")}
    order = rows_in_order({*left_out} - given)
    own: Rows = {}
    for index, row in told.of("requests"):
        atoms = _with_rest(runs, index, row)
        parts = _parts_of(atoms)
        at, more = order.index(row.key), len(parts) - 1
        before, behind = [k for k in order[:at] if k not in own][-more:], order[at + 1 : at + 1 + more]
        rest = runs[index + 1].text if index + 1 < len(runs) else ""
        keys, cut = [row.key], [atoms]
        places = [place_of_label(k, runs[index].text) for k in (*before, row.key)]
        if more and len(before) == more and min(places) >= 0:
            keys, cut = [*before, row.key], parts
        elif more and len(behind) == more and not given & {*behind} and _in_order(behind, rest):
            keys, cut = [row.key, *behind], parts
        own |= dict(zip(keys, cut, strict=True))
    return _in_forms_order(own)


def _with_rest(runs: Sequence[Run], index: int, row: Row) -> Sequence[Atom]:
    """Return the numbers of a row, with those that a tool set on its label's next line."""
    atoms = runs[index].atoms
    following = runs[index + 1] if index + 1 < len(runs) else None
    if following is None or len(atoms) + len(following.atoms) != len(COLUMNS) or not following.text:
        return atoms
    rest = spelt(following.text)
    is_rest = len(rest) > 1 and any(label.endswith(rest) and label != rest for label, _ in row.labels)
    return (*atoms, *following.atoms) if is_rest else atoms


def rows_left_out(runs: Sequence[Run]) -> tuple[str, ...]:
    """Return the rows that a table has not: `other_handling`, or what took its place in the newer form."""
    said = "".join(run.text for run in runs)
    newer = any(place_of_label(key, said) >= 0 for key in ("not_corrected_in_time", "fee_not_paid"))
    return ("other_handling",) if newer else OTHER_HANDLING


def rows_in_order(left_out: Collection[str]) -> list[str]:
    """Return the rows of the requests table in the form's order, but for some."""
    return [row.key for row in form_rows() if row.table == "requests" and row.key not in left_out]


def _in_forms_order(own: Rows) -> Rows:
    """Give several rows behind one label to the form's rows up to the next that has its own.

    Their labels stand elsewhere. They count if there are as many and the columns of the table then add up.
    """
    told = {key: parts for key, atoms in own.items() if len(parts := _parts_of(atoms)) > 1}
    fits: list[Rows] = []
    for left_out in (("other_handling",), OTHER_HANDLING) if told else ():
        order = rows_in_order(left_out)
        fixed = dict(own)
        for key in (key for key in told if key in order):
            behind = itertools.takewhile(lambda k: k not in own, order[order.index(key) + 1 :])
            rows = [key, *behind]
            if len(rows) == len(told[key]):
                fixed |= dict(zip(rows, told[key], strict=True))
        if len(fixed) > len(own) and columns_hold(whole_rows(fixed)) and fixed not in fits:
            fits.append(fixed)
    most = [fixed for fixed in fits if len(fixed) == max(map(len, fits))]
    return most[0] if len(most) == 1 else own


def whole_rows(told: Rows) -> dict[str, Counts]:
    """Return the rows that have a count in each column."""
    cells = {key: counts_of(atoms) for key, atoms in told.items() if len(atoms) == len(COLUMNS)}
    return {key: row for key, row in cells.items() if row}


def _parts_of(atoms: Sequence[Atom]) -> list[Sequence[Atom]]:
    """Cut a run of numbers into rows; one part where nothing says how.

    A tool tells rows one behind the other, or the rest of a table column by column. A cut counts if the last
    number of each row is the sum of the others, and no other cut does that with other numbers.
    """
    cuts = _cuts_of(atoms)
    return cuts[0] if len(cuts) == 1 else [atoms]


def _cuts_of(atoms: Sequence[Atom]) -> list[list[Sequence[Atom]]]:
    """Return the ways to cut a run of numbers into rows that add up; of equal ones the first."""
    width = len(COLUMNS)
    count, left = divmod(len(atoms), width)
    if left or count < 2:
        return [[atoms]]
    rows = [atoms[i : i + width] for i in range(0, len(atoms), width)]
    cuts = [rows] if blocks_add_up(rows) else []
    for whole in range(count - 1):
        rest = atoms[whole * width :]
        told = [*rows[:whole], *(rest[row :: count - whole] for row in range(count - whole))]
        if blocks_add_up(told, slips=0):
            cuts.append(told)
    return list({tuple(atom.text for row in cut for atom in row): list(cut) for cut in cuts}.values())


def _by_order(own: Rows, told: Chosen) -> Rows:
    """Set right what is displaced between a row of numbers without a label and a label without numbers.

    A tool may print labels behind their numbers for a part of the table. If as many rows of numbers stand
    there as the form has rows, and the columns then add up, their order tells them; else none is known.
    """
    runs, at = told.runs, {row.key: index for index, row in told.of("requests") if row.key in own}
    rows = [index for index, run in enumerate(runs) if len(run.atoms) == len(COLUMNS)]
    first, last = min(at.values(), default=0), max(at.values(), default=0)
    new = {"not_corrected_in_time", "fee_not_paid"} & own.keys()
    order = rows_in_order(("other_handling",) if new else OTHER_HANDLING)
    fixed = dict(own)
    for orphan in [row for row in rows if first <= row < last and row not in at.values()][: len(order)]:
        displaced, end = _displaced(orphan, order, own, at)
        whole = [row for row in rows if orphan <= row < (len(runs) if end is None else end)]
        for key in displaced:
            fixed.pop(key, None)
        if len(whole) == len(displaced):
            moved = fixed | {key: runs[row].atoms for key, row in zip(displaced, whole, strict=True)}
            fixed = moved if columns_hold(whole_rows(moved)) else fixed
    return fixed


def _whole_table(own: Rows, told: Chosen, left_out: tuple[str, ...]) -> Rows:
    """Give all rows of numbers to all rows of the form, where one stands for each and the columns add up.

    A tool may print a page's labels, then its numbers column by column: each block holds several rows.
    """
    if all(len(atoms) == len(COLUMNS) for atoms in own.values()) and not told_above(own, told):
        return own  # or there is none
    of_table = [(row.key, index) for index, row in told.of("requests")]
    # Rows that took the place of 其他处理 may stand there without their labels.
    orders = [rows_in_order(out) for out in dict.fromkeys((left_out, ("other_handling",)))]
    fits = []
    for rows in _rows_of_table(told):
        for order in (order for order in orders if len(order) == len(rows)):
            stands = {key: index for key, (index, _) in zip(order, rows, strict=True)}
            moved = {key: part for key, (_, part) in zip(order, rows, strict=True)}
            # A label may stand behind its numbers.
            right = all(abs(stands.get(key, index) - index) <= 1 for key, index in of_table)
            fits += [moved] if right and columns_hold(whole_rows(moved)) else []
    return fits[0] if len(fits) == 1 else own


def told_above(own: Rows, told: Chosen) -> bool:
    """Tell whether a row of numbers stands above the first label, and without it columns do not add up."""
    first = min((index for index, _ in told.of("requests")), default=0)
    atoms = told.runs[first - 1].atoms if first else ()
    given = {index for index, _ in told.rows}
    if len(atoms) != len(COLUMNS) or first - 1 in given or not blocks_add_up([atoms], slips=0):
        return False
    return not columns_hold(whole_rows(own))


def _rows_of_table(told: Chosen) -> Iterator[list[tuple[int, Sequence[Atom]]]]:
    """Yield each way to cut into rows what stands between the tables beside it, with numbers of runs."""
    own = [index for index, _ in told.of("requests")]
    others = [index for index, row in told.rows if row.table != "requests"]
    first = max((index for index in others if index < own[0]), default=-1) + 1
    last = min((index for index in others if index > own[-1]), default=len(told.runs))
    whole = [index for index in range(first, last) if len(told.runs[index].atoms) >= len(COLUMNS)]
    ways = itertools.product(*(_cuts_of(told.runs[index].atoms) for index in whole))
    for cuts in itertools.islice(ways, MOST_WAYS):
        yield [(index, part) for index, cut in zip(whole, cuts, strict=True) for part in cut]


def _displaced(
    orphan: int, order: Sequence[str], own: Rows, at: Mapping[str, int]
) -> tuple[Sequence[str], int | None]:
    """Return the form's rows from a row of numbers without a label to one without numbers; what ends them."""
    before = max((k for k in at if at[k] < orphan and k in order), key=at.__getitem__, default=None)
    rows = order[order.index(before) + 1 if before else 0 :]
    lacking = (n for n, key in enumerate(rows) if len(own.get(key, ())) != len(COLUMNS))
    count = next(lacking, -1) + 1
    return rows[:count], min((at[key] for key in rows[count:] if key in at), default=None)


def _in_order(keys: Sequence[str], text: str) -> bool:
    """Tell whether the labels of rows stand in a text, one behind the other; of ten one may be garbled."""
    places = [place_of_label(key, text) for key in keys]
    found = [place for place in places if place >= 0]
    return places[0] >= 0 and found == sorted(found) and len(found) >= 0.9 * len(places)


def place_of_label(key: str, text: str) -> int:
    """Return where a row's label stands in a text, -1 where it does not."""
    rows = (row for row in form_rows() if row.table == "requests" and row.key == key)
    return max(spelt(text).find(label) for row in rows for label, _ in row.labels)


def counts_of(atoms: Sequence[Atom]) -> Counts | None:
    """Return whole counts, None where a cell is blank or something else."""
    values = [parse_number(a.text)[0] for a in atoms]
    return tuple(int(v) for v in values if v is not None) if all(v is not None for v in values) else None


def blocks_add_up(parts: Sequence[Sequence[Atom]], slips: int = 1) -> bool:
    """Tell whether in each part the last number is the sum of the others, blanks read as zero.

    One that does not is the agency's slip, if `slips` allow it and another, not all zero, adds up.
    """
    read = [[parse_number(atom.text) for atom in part] for part in parts]
    if not all(readable for part in read for _, _, readable in part):
        return False
    values = [[value or 0.0 for value, _, _ in part] for part in read]
    wrong = sum(sum(part[:-1]) != part[-1] for part in values)
    sound = any(part[-1] and sum(part[:-1]) == part[-1] for part in values)
    return not wrong or (wrong <= slips and sound)


def place_blanks(own: Rows, head: Sequence[Atom], lines: Sequence[str]) -> Placed:
    """Place the numbers of rows that have fewer than seven.

    Args:
        own: Rows and their numbers.
        head: What stands before the first row.
        lines: The lines as they stand.

    Returns:
        Those rows; none where their columns are in doubt.
    """
    plain: Rows = {k: [a for a in atoms if a.text] for k, atoms in own.items() if _is_plain(atoms)}
    whole: Rows = {key: atoms for key, atoms in plain.items() if len(atoms) == len(own[key]) == len(COLUMNS)}
    rows = {key: atoms for key, atoms in plain.items() if len(own[key]) != len(COLUMNS)}
    if not rows or any(len(atoms) != len(COLUMNS) for key, atoms in own.items() if key not in plain):
        return {}
    cells = {k: dict(zip(at, rows[k], strict=True)) for k, at in _told(whole, rows, head, lines).items()}
    placed = {key: tuple(map(row.get, range(len(COLUMNS)))) for key, row in cells.items()}
    return placed if placed and _add_up({**own, **placed}) else {}


def _told(whole: Rows, rows: Rows, head: Sequence[Atom], lines: Sequence[str]) -> dict[str, list[int]]:
    """Return the columns of the numbers of rows, by where those of whole rows stand on average, or heads."""
    barred = all(_BETWEEN.search(lines[atoms[0].line]) for atoms in rows.values())
    place = _cell_of if barred else _span_of
    full = [[place(atom, lines) for atom in atoms] for atoms in whole.values()]
    means = [(fmean(a for a, _ in spans), fmean(b for _, b in spans)) for spans in zip(*full, strict=True)]
    under = means or (CELLS if barred else _heads(head, lines))
    return _columns_of({key: [place(atom, lines) for atom in atoms] for key, atoms in rows.items()}, under)


def _columns_of(spans: Mapping[str, Sequence[Span]], under: Sequence[Span]) -> dict[str, list[int]]:
    """Return the columns of the numbers of each row: set at the left, in the middle or at the right.

    The one of these counts by which the numbers stand nearest; each must be much nearer than to any other,
    and no two of a row may stand under one, or in another order.
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
    return best[1] if all(known == sorted(set(known)) for known in best[1].values()) else {}


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
    keys = [(match_key(atom.text, "requests", "columns"), atom) for atom in head if len(atom.text) <= 8]
    told = [(key, _span_of(atom, lines)) for key, atom in keys if key]
    named = dict(told)
    return [named[key] for key in COLUMNS] if len(named) == len(told) == len(COLUMNS) else []


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
