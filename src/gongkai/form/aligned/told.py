"""Runs of numbers that were given rows → readings, only where there are as many numbers as columns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from gongkai.form.aligned.rows import (
    Rows,
    blocks_add_up,
    counts_of,
    place_blanks,
    place_of_label,
    request_rows,
    rows_in_order,
    rows_left_out,
    told_above,
    whole_rows,
)
from gongkai.form.aligned.stream import YEAR_INSIDE, Atom, Chosen, Run, form_rows, spelt
from gongkai.form.form import (
    BLOCKS,
    COLUMNS,
    OTHER_HANDLING,
    OUTCOMES,
    Found,
    Reading,
    dispute_cells,
    form_data,
    match_key,
    parse_number,
    read_cell,
    read_row,
)
from gongkai.form.sums import Counts, recover, ways
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


def form_said(lines: Iterable[str]) -> str | None:
    """Tell the form by the heads that stand in a text, where no cell below them could be read.

    >>> form_said(["信息内容本年制发件数本年废止件数"])
    '2021'
    """
    text = "".join(YEAR_INSIDE.sub("", "".join(line.split())) for line in lines)
    found = [form for form, heads in patterns("form.form_said").items() if heads.search(text)]
    return found[0] if len(found) == 1 else None


def read_proactive(told: Chosen) -> Iterator[Found]:
    """Read the rows of the table of proactive disclosure, each under the heads above it."""
    heads, last = "", -1
    for index, row in told.of("proactive"):
        for run in told.runs[last + 1 : index + 1]:
            heads = run.text[-HEADED:] if _SAID["head"].search(run.text[-HEADED:]) else heads
        last = index
        atoms = told.runs[index].atoms
        wanted = _proactive_heads(row.key, heads, len(atoms))
        atoms = tuple(_told_apart(atoms, len(wanted)))
        if not wanted or len(atoms) != len(wanted):  # as many: then digits glued to a label are one cell's
            yield _not_read(f"proactive.{row.key}", atoms, len(wanted), told.places)
            continue
        money = 1e4 if "万元" in heads else 1.0
        for name, atom in zip(wanted, atoms, strict=True):
            where = told.places[atom.rank]
            value, unit, _ = parse_number(atom.text)
            doubt = f"'{atom.text}' is printed as letters" if atom.doubtful else ""
            if name == "amount_yuan" and value and not unit and not _SAID["amount"].search(heads):
                doubt = f"no head names the unit of '{atom.text}'"
            if doubt:
                yield Problem("cell", f"{where}: {doubt}; proactive.{row.key}.{name} is blank", where)
            else:
                yield from read_cell("proactive", row.key, name, atom.text, where, money=money)


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


def read_requests(told: Chosen, lines: Sequence[str]) -> Iterator[Found]:
    """Read the rows of the requests table; glued digits and blanks as far as the form's sums decide."""
    left_out = rows_left_out(told.runs)
    own = request_rows(told, left_out)
    first = next((told.runs[index] for index, _ in told.of("requests")), None)
    if first is None or len(own) < 2:
        return
    heads, places = _request_heads(first, own), told.places
    where = places[first.atoms[0].rank]
    if not heads:
        said = f"{where}: the head of the requests table was not found; its rows were not read"
        yield Problem("head", said, where)
        return
    doubted = _doubted(own, told, len(heads))
    whole = {k: atoms for k, atoms in own.items() if len(atoms) == len(heads) and k not in doubted}
    placed = place_blanks(own, first.before, lines) if heads == COLUMNS else {}
    yield from _rows_missing(own, rows_in_order(left_out), told.runs, where)
    recovered = _by_sums(own, whole) if heads == COLUMNS and not placed else {}
    recovered |= {key: (counts_of(whole.pop(key)) or (), False) for key in _printed_as_letters(whole)}
    for key, atoms in own.items():
        if key in recovered:
            counts, by_columns = recovered[key]
            named = {(key, name): value for name, value in zip(heads, counts, strict=True)}
            by = ("row", "column") if by_columns else ("row",)
            yield from _recovered("requests", named, atoms, places, by)
        elif cells := placed.get(key, whole.get(key)):
            yield from _row_read(key, heads, cells, places)
        else:
            yield _not_read(f"requests.{key}", atoms, len(heads), places)


def _row_read(
    key: str, heads: Sequence[str], atoms: Sequence[Atom | None], places: Sequence[Where]
) -> Iterator[Found]:
    """Read a row's cells; a blank one stands where its row does."""
    row = next(places[atom.rank] for atom in atoms if atom)
    told = ((atom.text, places[atom.rank]) if atom else ("", row) for atom in atoms)
    yield from read_row("requests", key, ((n, *cell) for n, cell in zip(heads, told, strict=True)))


def _doubted(own: Rows, told: Chosen, width: int) -> set[str]:
    """Return rows that have a number for each column and yet may hold another row's, or lack a part of one.

    That is a row that does not add up beside numbers that are no whole row; and 其他处理 as one row where the
    rows that took its place are there too.
    """
    if told_above(own, told):
        return {*own}
    given = {index for index, _ in told.of("requests")}
    numbers = {n: run.atoms for n, run in enumerate(told.runs) if n in given or not run.text}
    torn = [n for n in range(min(given), max(given) + 2) if len(numbers.get(n, ())) not in (0, width)]
    beside = {atom.rank for n in torn for run in told.runs[max(0, n - 1) : n + 2] for atom in run.atoms}
    doubted = {key for key, atoms in own.items() if atoms[0].rank in beside} | _printed_as_letters(own)
    found = {key for key in doubted if not blocks_add_up([own[key]], slips=0)}
    return found | ({"other_handling"} & own.keys() if {*OTHER_HANDLING} & own.keys() else set())


def _printed_as_letters(rows: Rows) -> set[str]:
    return {key for key, atoms in rows.items() if any(atom.doubtful for atom in atoms)}


def _rows_missing(own: Rows, order: Sequence[str], runs: Sequence[Run], where: Where) -> Iterator[Problem]:
    """Say it where most rows of the requests table were not found; one without numbers is blank."""
    words = "".join(atom.text for run in runs for atom in run.before)
    missing = sum(key not in own and place_of_label(key, words) < 0 for key in order)
    if 2 * missing > len(order):
        said = f"{where}: {missing} of the {len(order)} rows of the requests table were not found"
        yield Problem("row_not_read", said, where)


def _by_sums(own: Rows, whole: Rows) -> dict[str, tuple[Counts, bool]]:
    """Return the cells of rows whose digits ran together, where the sums leave one way."""
    unclear = {k: [a.text for a in atoms] for k, atoms in own.items() if k not in whole and _bare(atoms)}
    return recover(whole_rows(whole), unclear)


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
    how = "has letters for digits" if any(a.doubtful for a in atoms) else f"runs cells of {table} together"
    said = f"{where}: '{raw[:60]}' {how}; the form's sums leave one way"
    yield Problem("recovered", said, where)
    for (row, column), value in cells.items():
        yield Reading(table, row, column, float(value), "count", raw, where, "recovered", by)


def _request_heads(first: Run, own: Rows) -> Sequence[str]:
    """Return the columns of the requests table: as its head names them, or else the form's own."""
    named = [k for a in first.before if len(a.text) <= 8 and (k := match_key(a.text, "requests", "columns"))]
    # In reading order the total of two rowspans may come before the organisations' own columns.
    heads = list(dict.fromkeys(reversed(named)))[::-1]
    if "total" in heads and not _total_stands(own, heads.index("total")):  # unless the rows add up so
        heads.append(heads.pop(heads.index("total")))
    if len(heads) == len(COLUMNS):
        return tuple(heads)
    torn = not _HEADS - Counter(first.text[-LONGEST_HEAD:])
    if torn or len(set(_SAID["applicant"].findall(first.text))) >= 5:
        return () if _total_stands(own, 0) else COLUMNS
    counts = [len(atoms) for atoms in own.values()]
    if len(heads) >= 2 and counts.count(len(heads)) > len(counts) / 2:
        return tuple(heads)
    rows = whole_rows(own)
    telling = [cells for cells in rows.values() if cells[-1]]
    return COLUMNS if len(rows) >= 8 and _count_totals(telling, -1) == len(telling) >= 2 else ()


def _total_stands(own: Rows, at: int) -> bool:
    """Tell whether the total of a row is its number at a place, as more rows say than that it is the last."""
    rows = whole_rows(own).values()
    return _count_totals(rows, at) > _count_totals(rows, -1)


def _count_totals(rows: Collection[Counts], at: int) -> int:
    """Count the rows whose number at a place is the sum of the others."""
    return sum(2 * cells[at] == sum(cells) for cells in rows)


def read_disputes(told: Chosen) -> Iterator[Found]:
    """Read the row of three blocks of five, in one run or several; or a row a block."""
    own = [(row, told.runs[index]) for index, row in told.of("disputes")]
    atoms = [atom for _, run in own for atom in run.atoms]
    if not atoms:
        return
    width = len(OUTCOMES) + 1
    # Labelled blocks stand where each has a row to itself, else the form's three.
    labelled = all(row.key and spelt(run.text).endswith(row.labels[0][0]) for row, run in own)
    by_key = labelled and all(len(run.atoms) == width for _, run in own)
    blocks = [row.key for row, _ in own] if by_key else BLOCKS
    names = dispute_cells(blocks, total_first=_total_is_first(atoms, own[0][1].text))
    told_in_order = not any(atom.doubtful for atom in atoms) and not _is_shuffled(atoms)
    if len(atoms) == len(names) and told_in_order:
        for (block, outcome), atom in zip(names, atoms, strict=True):
            yield from read_cell("disputes", block, outcome, atom.text, told.places[atom.rank])
        return
    found = ways([a.text for a in atoms], len(names), width) if _bare(atoms) else []
    if len(found) == 1:
        cells = dict(zip(names, found[0], strict=True))
        yield from _recovered("disputes", cells, atoms, told.places, ("total",))
    else:
        yield _not_read("disputes", atoms, len(names), told.places)


def _is_shuffled(atoms: Sequence[Atom]) -> bool:
    """Tell whether of two and more blocks of disputes none adds up: a tool then lost their order."""
    width, cells = len(OUTCOMES) + 1, counts_of(atoms) or ()
    blocks = [b for at in range(0, len(cells), width) if any(b := cells[at : at + width])]
    totals = _count_totals(blocks, 0) + _count_totals(blocks, -1)
    return len(blocks) > 1 and not totals and all(block[0] and block[-1] for block in blocks)


def _total_is_first(atoms: Sequence[Atom], text: str) -> bool:
    """Tell whether blocks of disputes open with their total: heads say so, and only so they add up."""
    width, cells = len(OUTCOMES) + 1, counts_of(atoms)
    if not cells or len(cells) % width or not _SAID["total_first"].search(text):
        return False
    blocks = [cells[at : at + width] for at in range(0, len(cells), width)]
    return _count_totals(blocks, 0) == len(blocks) > _count_totals(blocks, -1)


def with_blocks(told: Chosen) -> Chosen:
    """Add the blocks of disputes between whose numbers a tool printed the heads of the next.

    The runs before and behind that stand under heads of outcomes belong to the row, if there are fifteen
    numbers then and its blocks add up.
    """
    runs, own = told.runs, [index for index, _ in told.of("disputes")]
    if not own:
        return told
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
    said = _SAID["blocks"].search(runs[first].text)
    if last + 1 - first == len(own) or len(blocks) != len(BLOCKS) or not said or not blocks_add_up(blocks):
        return told
    others = [one for one in told.rows if one[1].table != "disputes"]
    rows = [*others, *((index, form_rows()[-1]) for index in range(first, last + 1))]
    return told._replace(rows=sorted(rows, key=lambda one: one[0]))


def under_outcomes(text: str) -> bool:
    """Tell whether a text has heads of outcomes, whole or torn apart by narrow columns.

    >>> under_outcomes("结果维持结果纠正尚未审结"), under_outcomes("结果维结果纠其他结尚未审总持正果结计")
    (True, True)
    """
    return len(set(_SAID["outcome"].findall(text))) >= LEAST_OUTCOMES or not _OUTCOME_HEADS - Counter(text)
