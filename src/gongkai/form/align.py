"""Any stream of labels and numbers → the cells of the statutory tables: one alignment with the form.

Tables reach us as lines: a cell a line or a row a line, labels wrapped around their numbers, group labels
broken into single characters between the rows, heads repeated at a page's end, cells apart by spaces, tabs,
pipes, box lines, or by nothing. What never changes is the form: its rows, in their order, and how many cells
each has. So the stream is cut into runs of numbers and the text between them, and the runs are aligned with
the rows of all three tables at once (dynamic programming): a run belongs to the row whose label the text
before it, and what of the label is wrapped behind it, spells best. A run that has not as many numbers as its
row has columns gives no value, unless the form's sums decide (`sums.py`).
"""

from __future__ import annotations

import functools
import operator
import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from gongkai.form.form import (
    BLOCKS,
    OUTCOMES,
    Found,
    Reading,
    form_data,
    match_key,
    parse_number,
    read_cell,
)
from gongkai.form.sums import Cells, recover, ways
from gongkai.problem import Problem, Where
from gongkai.text.clean import HAN, Script, drop_pinyin, fold_width, simplify
from gongkai.text.grammar import MEASURES, PAGE_MARK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

COLUMNS = (
    "natural_person", "business", "research", "nonprofit", "legal_service", "other_org", "total",
)  # fmt: skip
WINDOW = 90
"""Characters of the text before a run in which its label is sought; the longest label has 36."""
LEAST_ROWS = 3
"""Rows below which what was aligned is chance."""
NEAR = 30
"""Characters behind a run in which the rest of a wrapped label is sought."""
MARGIN = 0.5
"""By how much the best row for a run must beat every other for it to be read."""
LEAST = 0.55
"""Share of a label's pairs of characters from which a run is taken to be its row's."""
_BREAKS = re.compile(r"[\s\u3000|│┃║┌┐└┘├┤┬┴┼─━═╔╗╚╝╠╣╦╩╬+]+")
_RULE = re.compile(r"[\s|:+\-─━═]*-{3,}[\s|:+\-─━═]*")
_WORD = re.compile(f"[{HAN}（(]")
_MARKS = re.compile(r"[*#`★☆※\\]+")
_SPELT = re.compile(f"[^{HAN}]")
_YEAR_INSIDE = re.compile(r"[（(]\d{4}年?[）)]")
_DIGITS = re.compile(r"\d+(?:\.\d+)?(?:万元|元)?")
_ENUMERATOR = re.compile(r"\d(?=[.．、][^\d])")
_HEADS_2021, _HEADS_2019 = re.compile("制发|废止|现行有效"), re.compile("新制作|对外公开|增/减|上一年|采购")
_HEAD = re.compile(f"{_HEADS_2021.pattern}|{_HEADS_2019.pattern}|处理决定|收费金额")
_OUTCOME = re.compile("维持|纠正|审结|总计")
_TOP_ORDINAL = re.compile("[一二三四五六七八]、")
_APPLICANTS = ("自然", "商业", "科研", "公益", "法律", "总计")


class Atom(NamedTuple):
    """A piece of a line between breaks: where it stands, what it says, and whether it is a cell's value."""

    line: int
    start: int
    end: int
    text: str
    number: bool
    glued: bool = False
    """Digits that may be those of several cells."""
    rank: int = 0
    """Place in the stream."""


class Run(NamedTuple):
    """Numbers that follow each other, and what stands between them and the run before."""

    atoms: tuple[Atom, ...]
    before: tuple[Atom, ...]
    text: str
    """What `before` says, without the year that some heads carry."""


class Aligned(NamedTuple):
    """What a stream gave: cells and problems, and which parts of its lines are tables."""

    found: tuple[Found, ...] = ()
    spans: tuple[tuple[int, int, int], ...] = ()
    """(line, start, end)"""


class _Row(NamedTuple):
    table: str
    key: str
    labels: tuple[tuple[str, frozenset[str]], ...]
    """As printed, without marks, and their pairs of characters."""
    own: frozenset[str] = frozenset()
    """Pairs that no other row of its table has."""


@functools.cache
def _form_rows() -> tuple[_Row, ...]:
    """Return the rows of all tables in the form's order; last one that holds several blocks of disputes."""
    rows: list[_Row] = []
    for table in ("proactive", "requests", "disputes"):
        labels = {
            key: tuple(map(_spelt, words.split("|"))) for key, words in form_data()[table]["labels"].items()
        }
        for key, words in labels.items():
            of_others = [_pairs(word) for other, found in labels.items() if other != key for word in found]
            own = _pairs(words[-1]).difference(*of_others)
            rows.append(_Row(table, key, tuple((word, _pairs(word)) for word in words), own))
    return (*rows, _Row("disputes", "", ()))


@functools.cache
def _vocabulary() -> tuple[frozenset[str], frozenset[str]]:
    """Return the pairs of characters, and the characters, of which the tables' words are made."""
    data = form_data()
    words = [label for row in _form_rows() for label, _ in row.labels]
    words += [_spelt(word) for word in data["flattened"]["said"]]
    return frozenset().union(*map(_pairs, words)), frozenset("".join(words))


def _pairs(text: str) -> frozenset[str]:
    return frozenset(text[i : i + 2] for i in range(len(text) - 1))


def _spelt(text: str) -> str:
    return _SPELT.sub("", text)


def align(
    lines: Sequence[str], *, script: Script = "simplified", pages: Sequence[int | None] = ()
) -> Aligned:
    """Read the statutory tables from lines of text as they stand.

    Args:
        lines: Lines, uncleaned: spaces tell cells apart.
        script: Labels of a traditional page are simplified before they are matched.
        pages: Page of each line, where known.

    Returns:
        What was found, one reading per cell, and which parts of the lines are tables.
    """
    cut = (atom for number, line in enumerate(lines) for atom in _atoms(number, line, script))
    atoms = [atom._replace(rank=rank) for rank, atom in enumerate(cut)]
    runs = list(_runs(atoms))
    rest = atoms[runs[-1].atoms[-1].rank + 1 :] if runs else []
    chosen = _aligned(runs, _spelt("".join(a.text for a in rest[:WINDOW])))
    if len(chosen) < LEAST_ROWS:
        return Aligned()
    places = [Where(pages[atom.line] if pages else None, line=atom.line + 1) for atom in atoms]
    found = (
        *_proactive(runs, chosen, places), *_requests(runs, chosen, places), *_disputes(runs, chosen, places)
    )  # fmt: skip
    return Aligned(found, tuple(_spans(runs, chosen, atoms)))


def _atoms(number_of_line: int, line: str, script: Script) -> Iterator[Atom]:
    """Cut a line at spaces, pipes and box lines; glued labels and digits at their edges."""
    if _RULE.fullmatch(line) or PAGE_MARK.fullmatch(line):
        return
    at, after_number, holes = 0, False, 0
    for gap in [*_BREAKS.finditer(line), None]:
        start, end = at, gap.start() if gap else len(line)
        text = _MARKS.sub("", fold_width(line[start:end]))
        text = simplify(drop_pinyin(text)) if script == "traditional" else text
        if text:
            value, _, readable = parse_number(text)
            # A blank's mark in front of words is a bullet.
            follows = line[gap.end() : gap.end() + 1] if gap else ""
            mark = value is None and (text in ("无", "空") or bool(_WORD.match(follows)))
            number = readable and not mark and not (follows and follows in MEASURES)
            if number and after_number:  # between two numbers an empty cell is a blank one
                yield from (Atom(number_of_line, start, start, "", True) for _ in range(holes))
            if not number and any(c.isdigit() for c in text) and _is_glued(text):
                yield from _unglued(number_of_line, start, end, text)
            else:
                yield Atom(number_of_line, start, end, text, number)
            after_number, holes = number, 0
        if gap:
            at, holes = gap.end(), holes + max(0, len(re.findall("[|│┃║]", gap[0])) - 1)


def _is_glued(text: str) -> bool:
    """Tell whether a text of labels and digits is a table's: nearly all of it is the form's words."""
    spelt = _spelt(_YEAR_INSIDE.sub("", text))
    known = [spelt[i : i + 2] in _vocabulary()[0] for i in range(len(spelt) - 1)]
    covered = sum(map(operator.or_, [*known, False], [False, *known]))
    return len(spelt) > 1 and covered >= 0.95 * len(spelt)


def _unglued(number: int, start: int, end: int, text: str) -> Iterator[Atom]:
    """Cut a glued text into labels and digits; an enumerator's digit (`1.`) is its label's."""
    bare = _YEAR_INSIDE.sub("", text)
    at = 0
    for match in _DIGITS.finditer(bare):
        stop = match.end()
        if _ENUMERATOR.match(bare, stop - 1) and match[0][-1].isdigit():
            stop -= 1
        if stop <= match.start():
            continue
        if bare[at : match.start()]:
            yield Atom(number, start, end, bare[at : match.start()], False)
        yield Atom(number, start, end, bare[match.start() : stop], True, glued=True)
        at = stop
    if bare[at:]:
        yield Atom(number, start, end, bare[at:], False)


def _runs(atoms: Sequence[Atom]) -> Iterator[Run]:
    """Cut the stream into runs of numbers; a line that is a row's numbers is one of its own."""
    on_line = Counter(atom.line for atom in atoms if atom.number)
    before: list[Atom] = []
    numbers: list[Atom] = []

    def run() -> Run:
        text = _YEAR_INSIDE.sub("", "".join(a.text for a in before[-60:]))
        return Run(tuple(numbers), tuple(before), text)

    for atom in (*atoms, None):
        same = numbers and atom is not None and atom.number
        whole = same and on_line[numbers[-1].line] == len(numbers) == len(COLUMNS)
        if numbers and not (same and not (whole and atom and atom.line != numbers[-1].line)):
            if len(numbers) > 1 or numbers[0].text:
                yield run()
                before = []
            numbers = []
        if atom is not None:
            (numbers if atom.number else before).append(atom)


def _aligned(runs: Sequence[Run], rest: str) -> list[tuple[int, _Row]]:
    """Return (number of the run, row) for the best assignment that keeps the order.

    A run that fits another row nearly as well has none.
    """
    rows = _form_rows()
    texts = [*(_spelt(run.text) for run in runs), rest]
    score = [
        [_likeness(row, run, texts[i][-WINDOW:], texts[i + 1][:WINDOW]) for row in rows]
        for i, run in enumerate(runs)
    ]
    n, m = len(runs), len(rows)
    behind = [[0.0] * (m + 1) for _ in range(n + 1)]
    ahead = [[0.0] * (m + 1) for _ in range(n + 1)]
    for i in range(n - 1, -1, -1):
        for j in range(m - 1, -1, -1):
            taken = score[i][j] + behind[i + 1][j + 1] if score[i][j] > 0 else 0.0
            behind[i][j] = max(taken, behind[i + 1][j], behind[i][j + 1])
    for i in range(n):
        for j in range(m):
            taken = score[i][j] + ahead[i][j] if score[i][j] > 0 else 0.0
            ahead[i + 1][j + 1] = max(taken, ahead[i][j + 1], ahead[i + 1][j])
    chosen: list[tuple[int, _Row]] = []
    i = j = 0
    while i < n and j < m:
        if score[i][j] > 0 and behind[i][j] == score[i][j] + behind[i + 1][j + 1]:
            through = [ahead[i][k] + s + behind[i + 1][k + 1] if s else 0.0 for k, s in enumerate(score[i])]
            if through[j] >= max((*through[:j], *through[j + 1 :]), default=0.0) + MARGIN:
                chosen.append((i, rows[j]))
            i, j = i + 1, j + 1
        elif behind[i][j] == behind[i + 1][j]:
            i += 1
        else:
            j += 1
    return chosen


def _likeness(row: _Row, run: Run, before: str, behind: str) -> float:
    """Return how well the text around a run spells a row's label; 0 = not at all."""
    count = sum(len(atom.text) if atom.glued else 1 for atom in run.atoms)
    if row.table == "disputes":
        if len(set(_OUTCOME.findall(before))) >= 3 and count == (5 if row.key else max(count, 6)):
            return 20.0
        if not row.key:
            return 0.0
    short = row.table != "requests"
    best = max(_spells(label, pairs, row.own, before, behind, short) for label, pairs in row.labels)
    return best if count in _counts(row) else best / 2


def _counts(row: _Row) -> set[int]:
    """Return how many cells a row may have."""
    if row.table == "requests":
        return {len(COLUMNS)}
    if row.table == "disputes":
        return {len(OUTCOMES) + 1}
    cells = form_data()["proactive"]["cells"].values()
    return {len(of_form[row.key]) for of_form in cells if row.key in of_form}


def _spells(
    label: str, pairs: frozenset[str], own: frozenset[str], before: str, behind: str, short: bool
) -> float:
    """Return the likeness of one way to print a label: before the numbers, around them, or behind them."""
    if short or len(pairs) <= 4:  # stands as it is, at the end, or wrapped around its numbers
        at = before.rfind(label)
        if at >= 0 and len(before) - at - len(label) <= (0 if len(label) < 3 else 4):
            return 2.0 + len(pairs)
        cuts = range(1, len(label))
        wrapped = any(before.endswith(label[:c]) and behind.startswith(label[c:]) for c in cuts)
        return 1.0 + len(pairs) if wrapped else 0.0
    near = before + behind[:NEAR]
    share = len(pairs & _pairs(near)) / len(pairs)
    if len(pairs & _pairs(before)) >= 0.3 * len(pairs) and share >= LEAST:
        told = 2 * len(own & _pairs(near)) >= len(own)
        adjoins = before[-2:] in label  # else another label begins between it and the numbers
        return share * len(pairs) * (1.0 if adjoins else 0.6) if told else 0.0
    for c in range(
        len(label)
    ):  # a narrow column: its first characters, the numbers, and the rest line by line
        if (c or label[:3] in behind[:6]) and before.endswith(label[:c]):
            rest = iter(behind[: 2 * len(label) + 10])
            if all(character in rest for character in label[c:]):
                return (0.9 if c else 0.8) * len(pairs)
    return 0.0


def _proactive(
    runs: Sequence[Run], chosen: Sequence[tuple[int, _Row]], places: Sequence[Where]
) -> Iterator[Found]:
    heads, last = "", -1
    for index, row in chosen:
        if row.table != "proactive":
            continue
        for run in runs[last + 1 : index + 1]:
            heads = run.text[-WINDOW:] if _HEAD.search(run.text[-WINDOW:]) else heads
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
    new, old = _HEADS_2021.search(text), _HEADS_2019.search(text)
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


def _rows_apart(runs: Sequence[Run], chosen: Sequence[tuple[int, _Row]]) -> dict[str, Sequence[Atom]]:
    """Return the numbers of each row; a run behind several labels holds them all, if each part adds up."""
    order = [row.key for row in _form_rows() if row.table == "requests"]
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
    rows = (row for row in _form_rows() if row.table == "requests" and row.key == key)
    return any(label in _spelt(text) for row in rows for label, _ in row.labels)


def _requests(
    runs: Sequence[Run], chosen: Sequence[tuple[int, _Row]], places: Sequence[Where]
) -> Iterator[Found]:
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


def _disputes(
    runs: Sequence[Run], chosen: Sequence[tuple[int, _Row]], places: Sequence[Where]
) -> Iterator[Found]:
    """Read the row of three blocks of five, in one run or several; or a row a block."""
    own = [(row.key, runs[index].atoms) for index, row in chosen if row.table == "disputes"]
    atoms = [atom for _, part in own for atom in part]
    if not atoms:
        return
    outcomes = (*OUTCOMES, "total")
    texts = {row.key: _spelt(runs[index].text) for index, row in chosen if row.table == "disputes"}
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


def _spans(
    runs: Sequence[Run], chosen: Sequence[tuple[int, _Row]], atoms: Sequence[Atom]
) -> Iterator[tuple[int, int, int]]:
    """Yield the parts of the lines that are tables: from each table's head to the end of its last label."""
    for table in ("proactive", "requests", "disputes"):
        own = [(index, row) for index, row in chosen if row.table == table]
        if not own:
            continue
        first, last = runs[own[0][0]], runs[own[-1][0]]
        start = first.atoms[0].rank
        while start and _is_of_form(atoms[start - 1]):
            start -= 1
        end = last.atoms[-1].rank + 1
        while end < len(atoms) and own[-1][1].key and _is_rest(atoms[end], last, own[-1][1]):
            end += 1
        yield from ((a.line, a.start, a.end) for a in atoms[start:end] if a.number or not _is_prose(a))


def _is_of_form(atom: Atom) -> bool:
    """Tell whether an atom can stand in a table's head or be one of its labels."""
    if atom.number:
        return False
    text = _YEAR_INSIDE.sub("", atom.text)
    spelt = _spelt(text)
    if _TOP_ORDINAL.match(text) and not re.match(r"[一二三四]、(本年|上年|结转|三、)", text):
        return False
    return len(text) <= 80 and not text.endswith("。") and set(spelt) <= _vocabulary()[1]


def _is_rest(atom: Atom, run: Run, row: _Row) -> bool:
    """Tell whether an atom behind the last numbers is what is left of their label."""
    spelt = _spelt(atom.text)
    whole = any(label in _spelt(run.text) for label, _ in row.labels)
    return not atom.number and 0 < len(spelt) <= 14 and not whole and row.labels[-1][0].endswith(spelt)


def _is_prose(atom: Atom) -> bool:
    """Tell a note between the rows of a table from its labels."""
    return bool(re.match("[备附]?注[：:]", atom.text)) or (
        len(atom.text) > 12
        and atom.text.endswith(("。", "；"))
        and not set(_spelt(atom.text)) <= _vocabulary()[1]
    )


@functools.cache
def _line_vocabulary() -> re.Pattern[str]:
    """Match a whole line that can only be a cell of the statutory tables."""
    form = form_data()
    number = r"[-−+＋]?[\d,，]+(?:\.\d+)?(?:万元|元|件)?(?:[（(][^（）()]{0,20}[）)])?"
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
    other = r"[^，。；：！？\d]"
    loose = rf"{prefix}{other}{{0,14}}(?:{label}){other}{{0,22}}(?:[（(][^（）()]{{0,30}}[）)])?"
    return re.compile(rf"(?:{number}|[/／—-]|{words}|{loose})")


def is_table_line(line: str) -> bool:
    """Tell whether a cleaned line is (part of) a flattened statutory table rather than prose.

    >>> is_table_line("（一）予以公开"), is_table_line("297.17万元"), is_table_line("注：职能已迁出。")
    (True, True, False)
    """
    squeezed = "".join(line.split())
    if not squeezed or len(squeezed) > 200 or squeezed.endswith("。"):
        return False
    if _line_vocabulary().fullmatch(squeezed):
        return True
    parts = line.split()
    numbers = sum(parse_number(part)[2] for part in parts)
    if len(parts) >= 4 and numbers >= len(parts) - 3 and numbers >= 3:
        return True
    return len(parts) > 1 and all(_line_vocabulary().fullmatch(part) for part in parts)
