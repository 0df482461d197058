"""Runs of numbers that were given rows → readings, only where there are as many numbers as columns."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from gongkai.form.aligned.places import place_blanks
from gongkai.form.aligned.stream import YEAR_INSIDE, Atom, Row, Run, form_rows, spelt
from gongkai.form.form import (
    BLOCKS,
    COLUMNS,
    OTHER_HANDLING,
    OUTCOMES,
    Found,
    Reading,
    form_data,
    match_key,
    parse_number,
    read_cell,
)
from gongkai.form.sums import Cells, columns_hold, recover, ways
from gongkai.problem import Problem, Where
from gongkai.text.lexicon import patterns

HEADED = 90
"""Characters before a run in which the heads of its columns stand."""
LEAST_OUTCOMES = 3
"""Outcomes of disputes named before a run under whose heads it stands."""
_SAID = patterns("form.said")
_HEADS = Counter(form_data()["flattened"]["request_heads"])
"""Characters of the heads of the requests table, which narrow columns tear apart."""
_OUTCOME_HEADS = Counter(form_data()["flattened"]["dispute_heads"])
LONGEST_HEAD = 160
MOST_WAYS = 64
"""Ways to cut a table into rows that are tried."""


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
        if not wanted or len(atoms) != len(wanted):  # as many: then digits glued to a label are one cell's
            yield _not_read(f"proactive.{row.key}", atoms, len(wanted), places)
            continue
        money = 1e4 if "万元" in heads else 1.0
        for name, atom in zip(wanted, atoms, strict=True):
            value, unit, _ = parse_number(atom.text)
            if name == "amount_yuan" and value and not unit and not _SAID["amount"].search(heads):
                said = f"{places[atom.rank]}: no head names the unit of '{atom.text}'; {name} was not read"
                yield Problem("row_not_read", said, places[atom.rank])
                continue
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
    lacks = "do not add up beside a torn row" if len(atoms) == wanted else f"are not {wanted} cells"
    said = f"{where}: '{values[:60]}' {lacks}; {name} was not read"
    return Problem("row_not_read", said, where)


def _rows_apart(
    runs: Sequence[Run], chosen: Sequence[tuple[int, Row]], left_out: Collection[str]
) -> dict[str, Sequence[Atom]]:
    """Return the numbers of each row.

    A run between labels holds the numbers of several rows where a tool printed column by column: it is cut if
    its parts add up, and the labels of the other rows stand before it, or behind it in the form's order.
    """
    given = {row.key for _, row in chosen if row.table == "requests"}
    order = _order({*left_out} - given)
    own: dict[str, Sequence[Atom]] = {}
    for index, row in chosen:
        if row.table != "requests":
            continue
        atoms = _with_rest(runs, index, row)
        parts = _parts_of(atoms)
        at, more = order.index(row.key), len(parts) - 1
        before, behind = [k for k in order[:at] if k not in own][-more:], order[at + 1 : at + 1 + more]
        rest = runs[index + 1].text if index + 1 < len(runs) else ""
        if not more:
            own[row.key] = atoms
        elif len(before) == more and all(_place_of(k, runs[index].text) >= 0 for k in (*before, row.key)):
            own |= dict(zip([*before, row.key], parts, strict=True))
        elif len(behind) == more and not given & {*behind} and _in_order(behind, rest):
            own |= dict(zip([row.key, *behind], parts, strict=True))
        else:
            own[row.key] = atoms
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


def _left_out(runs: Sequence[Run]) -> tuple[str, ...]:
    """Return the rows that a table has not: `other_handling`, or what took its place in the newer form."""
    said = "".join(run.text for run in runs)
    newer = any(_place_of(key, said) >= 0 for key in ("not_corrected_in_time", "fee_not_paid"))
    return ("other_handling",) if newer else OTHER_HANDLING


def _order(left_out: Collection[str]) -> list[str]:
    """Return the rows of the requests table in the form's order, but for some."""
    return [row.key for row in form_rows() if row.table == "requests" and row.key not in left_out]


def _in_forms_order(own: dict[str, Sequence[Atom]]) -> dict[str, Sequence[Atom]]:
    """Give several rows behind one label to the form's rows up to the next that has its own.

    Their labels stand elsewhere. They count if there are as many and the columns of the table then add up.
    """
    told = {key: parts for key, atoms in own.items() if len(parts := _parts_of(atoms)) > 1}
    fits: list[dict[str, Sequence[Atom]]] = []
    for left_out in (("other_handling",), OTHER_HANDLING) if told else ():
        order = _order(left_out)
        fixed = dict(own)
        for key in (key for key in told if key in order):
            behind = itertools.takewhile(lambda k: k not in own, order[order.index(key) + 1 :])
            rows = [key, *behind]
            if len(rows) == len(told[key]):
                fixed |= dict(zip(rows, told[key], strict=True))
        if len(fixed) > len(own) and _columns_hold(fixed) and fixed not in fits:
            fits.append(fixed)
    most = [fixed for fixed in fits if len(fixed) == max(map(len, fits))]
    return most[0] if len(most) == 1 else own


def _columns_hold(told: Mapping[str, Sequence[Atom]]) -> bool:
    cells = {key: _numbers(atoms) for key, atoms in told.items() if _is_whole(atoms, len(COLUMNS))}
    return columns_hold({key: row for key, row in cells.items() if row})


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
    cuts = [rows] if _add_up(rows) else []
    for whole in range(count - 1):
        rest = atoms[whole * width :]
        told = [*rows[:whole], *(rest[row :: count - whole] for row in range(count - whole))]
        if _add_up(told, slips=0):
            cuts.append(told)
    return list({tuple(atom.text for row in cut for atom in row): list(cut) for cut in cuts}.values())


def _by_order(
    own: dict[str, Sequence[Atom]], runs: Sequence[Run], chosen: Sequence[tuple[int, Row]]
) -> dict[str, Sequence[Atom]]:
    """Set right what is displaced between a row of numbers without a label and a label without numbers.

    A tool may print labels behind their numbers for a part of the table. If as many rows of numbers stand
    there as the form has rows, and the columns then add up, their order tells them; else none is known.
    """
    at = {row.key: index for index, row in chosen if row.table == "requests" and row.key in own}
    rows = [index for index, run in enumerate(runs) if _is_whole(run.atoms, len(COLUMNS))]
    first, last = min(at.values(), default=0), max(at.values(), default=0)
    new = {"not_corrected_in_time", "fee_not_paid"} & own.keys()
    order = _order(("other_handling",) if new else OTHER_HANDLING)
    fixed = dict(own)
    for orphan in [row for row in rows if first <= row < last and row not in at.values()][: len(order)]:
        displaced, end = _displaced(orphan, order, own, at)
        whole = [row for row in rows if orphan <= row < (len(runs) if end is None else end)]
        for key in displaced:
            fixed.pop(key, None)
        if len(whole) == len(displaced):
            told = fixed | {key: runs[row].atoms for key, row in zip(displaced, whole, strict=True)}
            fixed = told if _columns_hold(told) else fixed
    return fixed


def _whole_table(
    own: dict[str, Sequence[Atom]],
    runs: Sequence[Run],
    chosen: Sequence[tuple[int, Row]],
    left_out: tuple[str, ...],
) -> dict[str, Sequence[Atom]]:
    """Give all rows of numbers to all rows of the form, where one stands for each and the columns add up.

    A tool may print a page's labels, then its numbers column by column: each block holds several rows.
    """
    if all(_is_whole(atoms, len(COLUMNS)) for atoms in own.values()):
        return own  # or there is none
    of_table = [(row.key, index) for index, row in chosen if row.table == "requests"]
    # Rows that took the place of 其他处理 may stand there without their labels.
    orders = [_order(out) for out in dict.fromkeys((left_out, ("other_handling",)))]
    fits = []
    for rows in _rows_of_table(runs, chosen):
        for order in (order for order in orders if len(order) == len(rows)):
            stands = {key: index for key, (index, _) in zip(order, rows, strict=True)}
            told = {key: part for key, (_, part) in zip(order, rows, strict=True)}
            # A label may stand behind its numbers.
            right = all(stands.get(key, index) in (index, index + 1) for key, index in of_table)
            fits += [told] if right and _columns_hold(told) else []
    return fits[0] if len(fits) == 1 else own


def _rows_of_table(
    runs: Sequence[Run], chosen: Sequence[tuple[int, Row]]
) -> Iterator[list[tuple[int, Sequence[Atom]]]]:
    """Yield each way to cut into rows what stands between the tables beside it, with numbers of runs."""
    own = [index for index, row in chosen if row.table == "requests"]
    others = [index for index, row in chosen if row.table != "requests"]
    first = max((index for index in others if index < own[0]), default=-1) + 1
    last = min((index for index in others if index > own[-1]), default=len(runs))
    whole = [index for index in range(first, last) if len(runs[index].atoms) >= len(COLUMNS)]
    for cuts in itertools.islice(
        itertools.product(*(_cuts_of(runs[index].atoms) for index in whole)), MOST_WAYS
    ):
        yield [(index, part) for index, cut in zip(whole, cuts, strict=True) for part in cut]


def _displaced(
    orphan: int, order: Sequence[str], own: Mapping[str, Sequence[Atom]], at: Mapping[str, int]
) -> tuple[Sequence[str], int | None]:
    """Return the form's rows from a row of numbers without a label to one without numbers; what ends them."""
    before = max((k for k in at if at[k] < orphan and k in order), key=at.__getitem__, default=None)
    rows = order[order.index(before) + 1 if before else 0 :]
    lacking = (n for n, key in enumerate(rows) if not _is_whole(own.get(key, ()), len(COLUMNS)))
    count = next(lacking, -1) + 1
    return rows[:count], min((at[key] for key in rows[count:] if key in at), default=None)


def _in_order(keys: Sequence[str], text: str) -> bool:
    """Tell whether the labels of rows stand in a text, one behind the other; of ten one may be garbled."""
    places = [_place_of(key, text) for key in keys]
    found = [place for place in places if place >= 0]
    return places[0] >= 0 and found == sorted(found) and len(found) >= 0.9 * len(places)


def _place_of(key: str, text: str) -> int:
    """Return where a row's label stands in a text, -1 where it does not."""
    rows = (row for row in form_rows() if row.table == "requests" and row.key == key)
    return max(spelt(text).find(label) for row in rows for label, _ in row.labels)


def read_requests(
    runs: Sequence[Run], chosen: Sequence[tuple[int, Row]], places: Sequence[Where], lines: Sequence[str]
) -> Iterator[Found]:
    """Read the rows of the requests table; glued digits and blanks as far as the form's sums decide."""
    left_out = _left_out(runs)
    own = _by_order(_rows_apart(runs, chosen, left_out), runs, chosen)
    own = _whole_table(own, runs, chosen, left_out)
    first = next((runs[index] for index, row in chosen if row.table == "requests"), None)
    if first is None or len(own) < 2:
        return
    heads = _request_heads(first, own)
    if not heads:
        where = places[first.atoms[0].rank]
        said = f"{where}: the head of the requests table was not found; its rows were not read"
        yield Problem("head", said, where)
        return
    doubted = _doubted(own, runs, chosen, len(heads))
    whole = {k: atoms for k, atoms in own.items() if _is_whole(atoms, len(heads)) and k not in doubted}
    placed = place_blanks(own, first.before, lines) if heads == COLUMNS else {}
    yield from _rows_missing(own, left_out, runs, places[first.atoms[0].rank])
    recovered = _by_sums(own, whole) if heads == COLUMNS and not placed else {}
    for key, atoms in own.items():
        if key in whole or key in placed:
            for name, atom in zip(heads, placed.get(key, atoms), strict=True):
                text, at = (atom.text, atom) if atom else ("", atoms[0])
                yield from read_cell("requests", key, name, text, places[at.rank])
        elif key in recovered:
            cells, by_columns = recovered[key]
            by = ("row", "column") if by_columns else ("row",)
            named = {(key, name): value for name, value in zip(heads, cells, strict=True)}
            yield from _recovered("requests", named, atoms, places, by)
        else:
            yield _not_read(f"requests.{key}", atoms, len(heads), places)


def _doubted(
    own: Mapping[str, Sequence[Atom]], runs: Sequence[Run], chosen: Sequence[tuple[int, Row]], width: int
) -> set[str]:
    """Return rows that have a number for each column and yet may hold another row's, or lack a part of one.

    That is a row that does not add up beside numbers that are no whole row; and 其他处理 as one row where the
    rows that took its place are there too.
    """
    given = {index for index, row in chosen if row.table == "requests"}
    torn = {n for n in range(min(given), max(given) + 2) if n < len(runs) and runs[n].atoms}
    torn -= {n for n in torn if _is_whole(runs[n].atoms, width) or (n not in given and runs[n].text)}
    beside = {atom.rank for n in torn for m in (n - 1, n + 1) if 0 <= m < len(runs) for atom in runs[m].atoms}
    found = {key for key, atoms in own.items() if atoms[0].rank in beside and not _add_up([atoms])}
    return found | ({"other_handling"} & own.keys() if {*OTHER_HANDLING} & own.keys() else set())


def _rows_missing(
    own: Collection[str], left_out: Collection[str], runs: Sequence[Run], where: Where
) -> Iterator[Problem]:
    """Say it where most rows of the requests table were not found; one without numbers is blank."""
    order = _order(left_out)
    words = "".join(atom.text for run in runs for atom in run.before)
    missing = sum(key not in own and _place_of(key, words) < 0 for key in order)
    if 2 * missing > len(order):
        said = f"{where}: {missing} of the {len(order)} rows of the requests table were not found"
        yield Problem("row_not_read", said, where)


def _by_sums(
    own: Mapping[str, Sequence[Atom]], whole: Mapping[str, Sequence[Atom]]
) -> Mapping[str, tuple[Cells, bool]]:
    """Return the cells of rows whose digits ran together, where the sums leave one way."""
    known = {key: cells for key, atoms in whole.items() if (cells := _numbers(atoms))}
    unclear = {k: [a.text for a in atoms] for k, atoms in own.items() if k not in whole and _bare(atoms)}
    return recover(known, unclear)


def _is_whole(atoms: Sequence[Atom], count: int) -> bool:
    return len(atoms) == count


def _numbers(atoms: Sequence[Atom]) -> Cells | None:
    """Return whole counts, None where a cell is blank or something else."""
    values = [parse_number(a.text)[0] for a in atoms]
    return tuple(int(v) for v in values if v is not None) if all(v is not None for v in values) else None


def _add_up(parts: Sequence[Sequence[Atom]], slips: int = 1) -> bool:
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
    if "total" in heads and not _total_stands(own, heads.index("total")):  # unless the rows add up so
        heads.append(heads.pop(heads.index("total")))
    if len(heads) == len(COLUMNS):
        return tuple(heads)
    if len(set(_SAID["applicant"].findall(first.text))) >= 5 or not _HEADS - Counter(
        first.text[-LONGEST_HEAD:]
    ):
        return () if _total_stands(own, 0) else COLUMNS
    counts = [len(atoms) for atoms in own.values()]
    if len(heads) >= 2 and counts.count(len(heads)) > len(counts) / 2:
        return tuple(heads)
    rows = _whole_rows(own)
    telling = [cells for cells in rows if cells[-1]]
    sound = _count_totals(telling, -1)
    return COLUMNS if len(rows) >= 8 and len(telling) >= 2 and sound == len(telling) else ()


def _whole_rows(own: Mapping[str, Sequence[Atom]]) -> list[Cells]:
    """Return the rows that have a count in each column."""
    return [cells for atoms in own.values() if _is_whole(atoms, len(COLUMNS)) and (cells := _numbers(atoms))]


def _total_stands(own: Mapping[str, Sequence[Atom]], at: int) -> bool:
    """Tell whether the total of a row is its number at a place, as more rows say than that it is the last."""
    rows = _whole_rows(own)
    return _count_totals(rows, at) > _count_totals(rows, -1)


def _count_totals(rows: Sequence[Cells], at: int) -> int:
    """Count the rows whose number at a place is the sum of the others."""
    return sum(2 * cells[at] == sum(cells) for cells in rows)


def read_disputes(
    runs: Sequence[Run], chosen: Sequence[tuple[int, Row]], places: Sequence[Where]
) -> Iterator[Found]:
    """Read the row of three blocks of five, in one run or several; or a row a block."""
    own = [(row.key, runs[index].atoms) for index, row in chosen if row.table == "disputes"]
    atoms = [atom for _, part in own for atom in part]
    if not atoms:
        return
    outcomes = (*OUTCOMES, "total")
    if _total_is_first(atoms, runs, chosen):
        outcomes = ("total", *OUTCOMES)
    names = [(block, outcome) for block in _blocks_of(own, runs, chosen) for outcome in outcomes]
    if _is_whole(atoms, len(names)):
        for (block, outcome), atom in zip(names, atoms, strict=True):
            yield from read_cell("disputes", block, outcome, atom.text, places[atom.rank])
        return
    found = ways([a.text for a in atoms], len(names), len(outcomes)) if _bare(atoms) else []
    if len(found) == 1:
        yield from _recovered("disputes", dict(zip(names, found[0], strict=True)), atoms, places, ("total",))
    else:
        yield _not_read("disputes", atoms, len(names), places)


def _total_is_first(atoms: Sequence[Atom], runs: Sequence[Run], chosen: Sequence[tuple[int, Row]]) -> bool:
    """Tell whether blocks of disputes open with their total: heads say so, and only so they add up."""
    index = next(index for index, row in chosen if row.table == "disputes")
    width, cells = len(OUTCOMES) + 1, _numbers(atoms)
    if not cells or len(cells) % width or not _SAID["total_first"].search(runs[index].text):
        return False
    blocks = [cells[at : at + width] for at in range(0, len(cells), width)]
    return _count_totals(blocks, 0) == len(blocks) > _count_totals(blocks, -1)


def _blocks_of(
    own: Sequence[tuple[str, Sequence[Atom]]], runs: Sequence[Run], chosen: Sequence[tuple[int, Row]]
) -> Sequence[str]:
    """Return the blocks of a row: the labelled ones where each has a row to itself, else the form's three."""
    said = [(row, spelt(runs[index].text)) for index, row in chosen if row.table == "disputes"]
    labelled = all(row.key and text.endswith(row.labels[0][0]) for row, text in said)
    by_key = labelled and all(_is_whole(atoms, len(OUTCOMES) + 1) for _, atoms in own)
    return [key for key, _ in own] if by_key else BLOCKS


def with_blocks(runs: Sequence[Run], chosen: Sequence[tuple[int, Row]]) -> list[tuple[int, Row]]:
    """Add the blocks of disputes between whose numbers a tool printed the heads of the next.

    The runs before and behind that stand under heads of outcomes belong to the row, if there are fifteen
    numbers then and its blocks add up.
    """
    own = [index for index, row in chosen if row.table == "disputes"]
    if not own:
        return list(chosen)
    width = len(OUTCOMES) + 1
    first, last = own[0], own[-1]

    def belongs(index: int) -> bool:
        count = len(runs[index].atoms)
        return count > 0 and count % width == 0 and under_outcomes(runs[index].text)

    while first and belongs(first - 1):
        first -= 1
    while last + 1 < len(runs) and belongs(last + 1):
        last += 1
    atoms = [atom for run in runs[first : last + 1] for atom in run.atoms]
    blocks = [atoms[i : i + width] for i in range(0, len(atoms), width)]
    told = _SAID["blocks"].search(runs[first].text)
    if last + 1 - first == len(own) or len(blocks) != len(BLOCKS) or not told or not _add_up(blocks):
        return list(chosen)
    row = form_rows()[-1]
    others = [one for one in chosen if one[1].table != "disputes"]
    return sorted([*others, *((index, row) for index in range(first, last + 1))], key=lambda one: one[0])


def under_outcomes(text: str) -> bool:
    """Tell whether a text has heads of outcomes, whole or torn apart by narrow columns.

    >>> under_outcomes("结果维持结果纠正尚未审结"), under_outcomes("结果维结果纠其他结尚未审总持正果结计")
    (True, True)
    """
    return len(set(_SAID["outcome"].findall(text))) >= LEAST_OUTCOMES or not _OUTCOME_HEADS - Counter(text)
