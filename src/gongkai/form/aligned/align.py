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
import itertools
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gongkai.form.aligned.stream import (
    YEAR_INSIDE,
    Atom,
    Chosen,
    Row,
    Run,
    cut_atoms,
    cut_runs,
    form_rows,
    heads_first,
    labels_first,
    labels_of,
    pairs_of,
    place_of_line,
    spelt,
    vocabulary,
)
from gongkai.form.aligned.told import (
    read_disputes,
    read_proactive,
    read_requests,
    under_outcomes,
    with_blocks,
)
from gongkai.form.form import COLUMNS, OUTCOMES, Found, Reading, form_data
from gongkai.form.sums import adds_up
from gongkai.problem import Problem
from gongkai.text.clean import Script
from gongkai.text.grammar import MEASURES, NUMERALS

WINDOW = 90
"""Characters of the text before a run in which its label is sought; the longest label has 36."""
LEAST_PROSE = 8
"""Pairs of characters from which a line may be prose."""
LEAST_CELLS = 3
"""Numbers behind a label that make it a row's."""
LEAST_ROWS = 2
"""Rows below which what was aligned is chance."""
NEAR = 30
"""Characters behind a run in which the rest of a wrapped label is sought."""
MARGIN = 0.5
"""By how much the best row for a run must beat every other for it to be read."""
LONGEST_LEFT = 16
"""Characters of what may be left of a label that was printed behind the table."""
LEAST = 0.55
"""Share of a label's pairs of characters from which a run is taken to be its row's."""
_COUNTS = frozenset(form_data()["flattened"]["behind_labels"] + MEASURES)
"""What may stand between a label and its numbers."""
_OPENING = 6
"""Characters by which a label is known to begin."""
_TOP_ORDINAL = re.compile(f"[{NUMERALS[:8]}]、")


class Aligned(NamedTuple):
    """What a stream gave: cells and problems, and which parts of its lines are tables."""

    found: tuple[Found, ...] = ()
    spans: tuple[tuple[int, int, int], ...] = ()
    """(line, start, end)"""

    @property
    def values(self) -> list[Reading]:
        """The cells that have a value."""
        return [one for one in self.found if isinstance(one, Reading) and one.value is not None]


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
    cut = [atom for number, line in enumerate(lines) for atom in cut_atoms(number, line, script)]
    cut = labels_first(heads_first(cut))
    whole = _align(cut, pages, lines)
    filled = [atom for atom in cut if atom.text]
    if len(filled) == len(cut):
        return whole
    # Empty cells between numbers are blanks, or columns that a tool made of a page's layout: then sums tell.
    closed = _align(filled, pages, lines)
    return closed if len(closed.values) > len(whole.values) and adds_up(closed.values) else whole


def _align(cut: Sequence[Atom], pages: Sequence[int | None], lines: Sequence[str]) -> Aligned:
    atoms = [Atom(*atom[:-1], rank) for rank, atom in enumerate(cut)]
    again = _second_tables(atoms)
    runs = list(cut_runs(atoms[:again]))
    rest = atoms[runs[-1].atoms[-1].rank + 1 :] if runs else []
    chosen = _aligned(runs, spelt("".join(a.text for a in rest[:WINDOW])))
    runs.append(Run((), tuple(rest), "".join(a.text for a in rest[:WINDOW])))  # labels may stand there too
    places = [place_of_line(atom.line, pages) for atom in atoms]
    told = with_blocks(Chosen(runs, chosen, places))
    if len(told.rows) < LEAST_ROWS:
        return Aligned()
    found = [*read_proactive(told), *read_requests(told, lines), *read_disputes(told)]
    if again is not None:
        said = f"{places[again]}: the tables stand here a second time; the first are kept"
        found.append(Problem("second_cell", said, places[again]))
    return Aligned(tuple(found), tuple(_spans(told, atoms)))


def _second_tables(atoms: Sequence[Atom]) -> int | None:
    """Return where tables with other numbers begin, as another year's do; None where they do not."""
    at = {key: _rows_told(atoms, key) for key in ("regulations", "new_requests", "carried_in")}
    whole = [place for place in at["new_requests"] if len(_numbers_behind(atoms, place)) >= LEAST_CELLS]
    if len(whole) < 2:
        return None
    first, second = whole[:2]
    between, behind = (
        any(a < place < b for place in at["carried_in"]) for a, b in (whole[:2], (second, len(atoms)))
    )
    if not (between and behind) or _numbers_behind(atoms, first) == _numbers_behind(atoms, second):
        return None
    return next((place for place in at["regulations"] if first < place < second), second)


def _rows_told(atoms: Sequence[Atom], key: str) -> list[int]:
    """Return where a row's label stands right before a number."""
    label = next(row.labels[0][0] for row in form_rows() if row.key == key)
    pairs = (pair for pair in itertools.pairwise(atoms) if pair[1].number and not pair[0].number)
    said = ((atom.rank, spelt(atom.text)) for atom, _ in pairs)
    return [rank for rank, words in said if words == label or (len(label) > 2 and words.endswith(label))]


def _numbers_behind(atoms: Sequence[Atom], place: int) -> list[str]:
    """Return the numbers that follow a label, blanks left out."""
    following = itertools.takewhile(lambda atom: atom.number, atoms[place + 1 :])
    return [atom.text for atom in following if atom.text]


def _aligned(runs: Sequence[Run], rest: str) -> list[tuple[int, Row]]:
    """Return (number of the run, row) for the best assignment that keeps the order, see `keep_order`."""
    rows = form_rows()
    texts = [*(spelt(run.text) for run in runs), rest]
    around = [_Around.of(run, *texts[i : i + 2]) for i, run in enumerate(runs)]
    score = [[_likeness(row, near) for row in rows] for near in around]
    return [(i, rows[j]) for i, j in keep_order(score, len(rows))]


def keep_order(score: Sequence[Sequence[float]], width: int) -> list[tuple[int, int]]:
    """Return the best assignment of runs to rows that keeps both orders.

    Args:
        score: Of each run with each of `width` rows; 0 = not at all.
        width: How many rows there are.

    Returns:
        (run, row); not of a run that fits another row nearly as well (`MARGIN`).
    """
    n, m = len(score), width
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
    chosen: list[tuple[int, int]] = []
    i = j = 0
    while i < n and j < m:
        if score[i][j] > 0 and behind[i][j] == score[i][j] + behind[i + 1][j + 1]:
            through = [ahead[i][k] + s + behind[i + 1][k + 1] if s else 0.0 for k, s in enumerate(score[i])]
            if through[j] >= max((*through[:j], *through[j + 1 :]), default=0.0) + MARGIN:
                chosen.append((i, j))
            i, j = i + 1, j + 1
        elif behind[i][j] == behind[i + 1][j]:
            i += 1
        else:
            j += 1
    return chosen


class _Around(NamedTuple):
    """What stands around a run: the end of the text before it, the beginning of that behind, their pairs."""

    before: str
    behind: str
    pairs: frozenset[str]
    near: frozenset[str]
    """Pairs of both, with what of the label may be wrapped behind."""
    whole: str
    """The label that stands whole before the run, if one does."""
    outcomes: bool
    """Whether the run stands under heads of outcomes."""
    cells: int
    """How many cells the run's numbers may be."""

    @classmethod
    def of(cls, run: Run, before: str, behind: str) -> _Around:
        before, behind = before[-WINDOW:], behind[:WINDOW]
        near = pairs_of(before + behind[:NEAR])
        count = sum(len(atom.text) if atom.glued else 1 for atom in run.atoms)
        return cls(before, behind, pairs_of(before), near, _whole(before), under_outcomes(before), count)


def _likeness(row: Row, around: _Around) -> float:
    """Return how well the text around a run spells a row's label; 0 = not at all."""
    count = around.cells
    if row.table == "disputes":
        if around.outcomes and count == (5 if row.key else max(count, 6)):
            return 20.0
        if not row.key:
            return 0.0
    short = row.table != "requests"
    # The words of a head count for a row whose label is lost, not for one whose label has its own.
    last = row.labels[-1][0]
    labels = row.labels[-1:] if short and around.behind.endswith(last) else row.labels
    best = max([_spells(label, pairs, row.own, around, short) for label, pairs in labels])
    return best if not best or count in _counts(row) else best / 2


@functools.cache
def _counts(row: Row) -> set[int]:
    """Return how many cells a row may have."""
    if row.table == "requests":
        return {len(COLUMNS)}
    if row.table == "disputes":
        return {len(OUTCOMES) + 1}
    cells = form_data()["proactive"]["cells"].values()
    return {len(of_form[row.key]) for of_form in cells if row.key in of_form}


def _spells(label: str, pairs: frozenset[str], own: frozenset[str], around: _Around, short: bool) -> float:
    """Return the likeness of one way to print a label: before the numbers, around them, or behind them."""
    if short or len(pairs) <= 4:
        return _stands(label, pairs, around, short)
    if around.whole and not label.endswith(around.whole):
        return 0.0  # another row's label stands there
    near = around.near
    share = len(pairs & near) / len(pairs)
    if share >= LEAST and len(pairs & around.pairs) >= 0.3 * len(pairs):
        opens = label[:_OPENING]  # behind the numbers only the label of the row below does
        opens_behind = opens in around.behind and opens not in around.before
        if opens_behind or _is_overtaken(label, around.before, around.behind):
            return 0.0
        told = 2 * len(own & near) >= len(own)
        adjoins = around.before[-2:] in label  # else another label begins between it and the numbers
        return share * len(pairs) * (1.0 if adjoins else 0.6) if told else 0.0
    return _in_column(label, around) * len(pairs)


def _stands(label: str, pairs: frozenset[str], around: _Around, short: bool) -> float:
    """Return the likeness of a label that stands as it is before the numbers, or wrapped around them."""
    before, behind = around.before, around.behind
    at = before.rfind(label)
    rest = before[at + len(label) :]
    if at >= 0 and len(rest) <= (0 if len(label) < 3 else 4) and {*rest} <= _COUNTS:
        overtaken = not short and _is_overtaken(label, before, behind)
        return 0.0 if overtaken else 2.0 + len(pairs)
    if before[-1:] not in label or behind[:1] not in label:
        return 0.0
    cuts = (c for c in range(1, len(label)) if before.endswith(label[:c]))
    return 1.0 + len(pairs) if any(behind.startswith(label[c:]) for c in cuts) else 0.0


def _in_column(label: str, around: _Around) -> float:
    """Return how likely a label is in a narrow column: its beginning, the numbers, the rest line by line."""
    before, behind = around.before, around.behind
    opens = label[:3] in behind[:6]
    if before[-1:] not in label and not opens:
        return 0.0
    for c in range(len(label)):
        if (c or opens) and before.endswith(label[:c]):
            rest = iter(behind[: 2 * len(label) + 10])
            if all(character in rest for character in label[c:]):
                return 0.9 if c else 0.8
    return 0.0


def _is_overtaken(label: str, before: str, behind: str) -> bool:
    """Tell whether another row's label begins between a label's end and the numbers.

    Then these are the other's. So it is where blank cells left no trace.
    """
    end = label[-6:]
    at = before.rfind(end)
    rest = before[at + len(end) :]
    if at < 0 or len(rest) < 2:
        return False
    return any(
        rest.endswith(other[:c]) and behind.startswith(other[c:])
        for other in labels_of("requests")
        if other != label and not label.endswith(other)
        for c in range(min(len(other), len(rest)), 1, -1)
    )


def _whole(before: str) -> str:
    # Of two characters a label may also be a column's head; with its ordinal it is a row's.
    labels = (*(label for label in labels_of("requests") if len(label) > 3), "七总计")
    ends = (label for label in labels if before.endswith(label))
    return max(ends, key=len, default="")


def _spans(told: Chosen, atoms: Sequence[Atom]) -> Iterator[tuple[int, int, int]]:
    """Yield the parts of the lines that are tables: from each table's head to the end of its last label.

    A table may be told again behind the prose that follows it: what is prose in between stays.
    """
    prose = _prose_lines(atoms)
    for table in ("proactive", "requests", "disputes"):
        own = told.of(table)
        if not own:
            continue
        last = told.runs[own[-1][0]]
        start = told.runs[own[0][0]].atoms[0].rank
        while start and _is_of_form(atoms[start - 1]):
            start -= 1
        end = last.atoms[-1].rank + 1
        while end < len(atoms) and own[-1][1].key and _is_rest(atoms[end], last, own[-1][1]):
            end += 1
        while table == "requests" and end < len(atoms) and _is_left(atoms[end]):
            end += 1
        yield from (
            (a.line, a.start, a.end)
            for a in atoms[start:end]
            if a.line not in prose and (a.number or not _is_prose(a))
        )


def _prose_lines(atoms: Sequence[Atom]) -> set[int]:
    """Return the lines that say, two or more in a row, what no table says."""
    said: dict[int, set[str]] = defaultdict(set)
    for atom in atoms:
        said[atom.line] |= set() if atom.number else pairs_of(spelt(atom.text))

    def is_foreign(line: int) -> bool:
        pairs = said[line]
        return len(pairs) >= LEAST_PROSE and len(pairs & vocabulary()[0]) < 0.5 * len(pairs)

    runs = [list(run) for foreign, run in itertools.groupby(said, key=is_foreign) if foreign]
    return {line for run in runs if len(run) > 1 for line in run}


def _is_of_form(atom: Atom) -> bool:
    """Tell whether an atom can stand in a table's head or be one of its labels."""
    if atom.number:
        return False
    text = YEAR_INSIDE.sub("", atom.text)
    words = spelt(text)
    if _TOP_ORDINAL.match(text) and not re.match(rf"[{NUMERALS[:4]}]、(本年|上年|结转|三、)", text):
        return False
    return len(text) <= 80 and not text.endswith("。") and set(words) <= vocabulary()[1]


def _is_rest(atom: Atom, run: Run, row: Row) -> bool:
    """Tell whether an atom behind the last numbers is what is left of their label."""
    words = spelt(atom.text)
    whole = any(label in spelt(run.text) for label, _ in row.labels)
    return not atom.number and 0 < len(words) <= 14 and not whole and row.labels[-1][0].endswith(words)


def _is_left(atom: Atom) -> bool:
    """Tell whether an atom behind the table is left of labels that were printed in another column."""
    words, pairs = spelt(atom.text), vocabulary()[0]
    if atom.number or not words or len(atom.text) > LONGEST_LEFT or atom.text.endswith(("。", "；", "：")):
        return False
    return all(words[i : i + 2] in pairs for i in range(len(words) - 1))


def _is_prose(atom: Atom) -> bool:
    """Tell a note between the rows of a table from its labels."""
    if re.match("[备附]?注[：:]", atom.text):
        return True
    told = len(atom.text) > 12 and atom.text.endswith(("。", "；"))
    return told and not set(spelt(atom.text)) <= vocabulary()[1]
