"""The annex of statistics of the years before 2019 → readings: rows of label, unit and number.

The sheet has one number a row, so it is aligned by labels alone, with the order of the form (`align.py`); its
rows are data (`annex.toml`). A label counts only where it stands whole: behind nothing, an ordinal, 其中, a
unit, or another label. What a place added to the sheet is said and left out.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from gongkai.form.aligned.align import keep_order
from gongkai.form.aligned.stream import Atom, cut_atoms, spelt
from gongkai.form.form import Found, Reading, normalize_label, parse_number, read_cell
from gongkai.problem import Problem, Where
from gongkai.readers.document import Grid
from gongkai.text.clean import Script
from gongkai.text.lexicon import table

TABLE = "annex"
FORMS = ("2014", "2008")
LEAST_ROWS = 8
"""Rows below which what was aligned is no annex."""
PROSE = 25
"""Characters from which a line that ends a sentence is a note between the rows, and kept."""
LONGEST_LABEL = 60
"""Characters of an unknown row's label; what is longer is prose."""
_TRAILING = re.compile(r"(?<=[^\d.,，（(])[\d,，]+(?:\.\d+)?$")
_UNIT_IN_BRACKETS = re.compile("[（(]((?:人次|万元|[条件次篇个人元份宗项]))[）)]")
_ENUMERATED_WORD = re.compile(r"(?<=范围)\d")


class Annex(NamedTuple):
    """What was read: cells and problems, the form (None without an annex), and the sheet's lines."""

    found: tuple[Found, ...] = ()
    form: str | None = None
    lines: frozenset[int] = frozenset()


class _Row(NamedTuple):
    key: str
    labels: tuple[str, ...]
    unit: str


class _Run(NamedTuple):
    """A row as it is printed: its label (spelt, without note and unit), its numbers, where they stand."""

    text: str
    label: str
    money: float | None
    """What the printed unit multiplies amounts by; None where none is printed."""
    numbers: tuple[str, ...]
    where: Where
    lines: tuple[int, int] = (0, 0)
    """Of its first word and its last number."""


def annex_data() -> Mapping[str, Any]:
    """Return `annex.toml`."""
    return table("annex")


@functools.cache
def _rows(form: str) -> tuple[_Row, ...]:
    return tuple(
        _Row(key, tuple(map(spelt, labels.split("|"))), unit)
        for key, labels, unit in annex_data()["forms"][form]
    )


@functools.cache
def _labels() -> tuple[str, ...]:
    return tuple(label for form in FORMS for row in _rows(form) for label in row.labels)


@functools.cache
def _word(name: str) -> re.Pattern[str]:
    return re.compile(annex_data()["words"][name])


def form_of_annex(keys: set[str]) -> str:
    """Return the form whose rows these are."""
    return max(FORMS, key=lambda form: len(keys & {row.key for row in _rows(form)}))


def read_annex(
    lines: Sequence[str],
    grids: Sequence[Grid],
    *,
    script: Script = "simplified",
    pages: Sequence[int | None] = (),
) -> Annex:
    """Read the annex, from the report's grids or else from its lines.

    Args:
        lines: Lines, uncleaned.
        grids: Tables in reading order.
        script: Labels of a traditional page are simplified before they are matched.
        pages: Page of each line, where known.

    Returns:
        One reading per row of `annex`, column `count` or `amount_yuan`; of two annexes the first. Where a
        sheet is announced and not there, a problem says so.
    """
    text = spelt("".join([*lines, *(cell for grid in grids for row in grid.texts for cell in row)]))
    if sum(label in text for label in _labels() if len(label) > 4) < 4 and "统计表" not in text:
        return Annex()
    captions = frozenset(i for i, line in enumerate(lines) if _is_caption(line))
    ruled = _read([run for n, grid in enumerate(grids, 1) for run in _runs_of_grid(grid, n, script)])
    if ruled.form:
        return ruled._replace(lines=captions)
    stream = _read(list(_runs_of_lines(lines, script, pages)))
    if stream.form:
        inside = {
            n for n in range(_start(lines, stream.lines), max(stream.lines) + 1) if not _is_prose(lines[n])
        }
        return stream._replace(lines=captions.union(inside, _rest(lines, max(stream.lines))))
    return _announced(lines, [i for i in sorted(captions) if "统计" in lines[i] and "表" in lines[i]], pages)


def _announced(lines: Sequence[str], titles: Sequence[int], pages: Sequence[int | None]) -> Annex:
    """Say of an annex whose title stands here that no row of it does."""
    if not titles:
        return Annex()
    where = Where(pages[titles[0]] if pages else None, line=titles[0] + 1)
    said = f"{where}: '{lines[titles[0]].strip()[:40]}' announces an annex; no row of it was found here"
    return Annex((Problem("annex_not_read", said, where),), None, frozenset(titles))


def _is_caption(line: str) -> bool:
    squeezed = "".join(line.split()).strip("|│*#")
    if not squeezed or len(squeezed) > 110:
        return False
    return any(re.fullmatch(pattern, squeezed) for pattern in annex_data()["words"]["caption"])


def _start(lines: Sequence[str], of_rows: frozenset[int]) -> int:
    """Return the line from which on all are the sheet's; what stands before the first number may be prose."""
    at = min(of_rows)
    while at and (not lines[at - 1].strip() or _is_caption(lines[at - 1]) or _is_label(lines[at - 1])):
        at -= 1
    return at


def _rest(lines: Sequence[str], last: int) -> range:
    """Return the lines behind the last number that are its label's rest, or blank rows."""
    end = last + 1
    while (
        end < len(lines) and len(lines[end]) <= LONGEST_LABEL and spelt(lines[end]) and _is_label(lines[end])
    ):
        end += 1
    return range(last + 1, end)


def _is_label(line: str) -> bool:
    """Tell whether a line can be (a piece of) the sheet's head or one of its labels."""
    label = _word("unit").sub("", spelt(_word("note").sub("", line)))
    return (
        bool(_word("table").search(label)) or label.endswith(_labels()) or any(label in t for t in _labels())
    )


def _is_prose(line: str) -> bool:
    return line.rstrip().endswith("。") and len(line) > PROSE


def _read(runs: Sequence[_Run]) -> Annex:
    """Align the runs with the form that fits best; of several annexes the first."""
    form, chosen = max(
        ((form, _aligned(runs, _rows(form))) for form in FORMS),
        key=lambda found: _count_rows(found[1], _rows(found[0])),
    )
    rows = _rows(form)
    runs, chosen, second = _first_annex(runs, chosen, form)
    if _count_rows(chosen, rows) < LEAST_ROWS:
        return Annex()
    runs = runs[: _end(runs, chosen[-1][0])]
    found = list(_readings(runs, chosen, rows))
    if _counts_up([one.value for one in found if isinstance(one, Reading)]):
        said = f"{runs[chosen[0][0]].where}: the annex's numbers count its rows; none was read"
        found = [Problem("head", said, runs[chosen[0][0]].where)]
    if second is not None:
        said = f"{second.where}: a second annex of statistics; the first is kept"
        found.append(Problem("annex_second", said, second.where))
    first, last = runs[chosen[0][0]], runs[-1]
    return Annex(tuple(found), form, frozenset(range(first.lines[1], last.lines[1] + 1)))


Aligned: TypeAlias = "list[tuple[int, int]]"
"""Numbers of a run and of the row that it is."""


def _count_rows(aligned: Aligned, rows: Sequence[_Row]) -> int:
    """Count rows that have a number."""
    return sum(bool(rows[j].key) for _, j in aligned)


def _first_annex(
    runs: Sequence[_Run], aligned: Aligned, form: str
) -> tuple[Sequence[_Run], Aligned, _Run | None]:
    """Return the runs up to the end of the first annex, its rows, and where a second one begins."""
    starts = [i for i, run in enumerate(runs) if _spells(rows_first(form), run, "")]
    if len(starts) < 2:
        return runs, aligned, None
    ends = [*starts[1:], len(runs)]
    parts = [
        (b, [(i + a, j) for i, j in _aligned(runs[a:b], _rows(form))])
        for a, b in zip(starts, ends, strict=True)
    ]
    whole = [(end, part) for end, part in parts if len(part) >= LEAST_ROWS]
    if not whole:
        return runs, [], None
    end, first = whole[0]
    return runs[:end], first, runs[whole[1][1][0][0]] if len(whole) > 1 else None


def _counts_up(values: Sequence[float | None]) -> bool:
    """Tell whether numbers are the rows' own: most are one more than the one before."""
    steps = [b - a for a, b in itertools.pairwise(values) if a is not None and b is not None]
    return len(steps) >= LEAST_ROWS - 1 and steps.count(1.0) > 0.6 * len(steps)


def _end(runs: Sequence[_Run], last: int) -> int:
    """Return where the sheet ends: behind the last row known, and those of the place's own that follow it."""
    end = last + 1
    while end < len(runs) and len(runs[end].text) <= LONGEST_LABEL and _follows(runs[end - 1], runs[end]):
        end += 1
    return end


def _follows(run: _Run, following: _Run) -> bool:
    """Tell whether a row stands right behind another, in its grid or a few lines below."""
    return run.where.table == following.where.table and following.lines[1] - run.lines[1] <= 3


def rows_first(form: str) -> _Row:
    """Return the first row of a form that has a number."""
    return next(row for row in _rows(form) if row.key)


def _aligned(runs: Sequence[_Run], rows: Sequence[_Row]) -> list[tuple[int, int]]:
    behind = (run.text for run in [*runs[1:], *runs[-1:]])  # behind the last stands nothing that matters
    score = [[_spells(row, run, rest) for row in rows] for run, rest in zip(runs, behind, strict=True)]
    return keep_order(score, len(rows))


def _spells(row: _Row, run: _Run, behind: str) -> float:
    """Return the likeness of a row with a run: its label stands whole or around the number; else 0."""
    for label in row.labels:
        if run.label.endswith(label) and _may_begin(run.label[: -len(label)]):
            return 2.0 + len(label)
        for cut in range(len(label) - 1, 1, -1):
            head = run.label.endswith(label[:cut]) and behind.startswith(label[cut:])
            if head and _may_begin(run.label[:-cut]):
                return 1.0 + len(label)
    return 0.0


@functools.lru_cache(maxsize=8192)
def _may_begin(before: str) -> bool:
    """Tell whether a label may begin behind this text."""
    if not before or _word("before").search(before) or _word("unit").search(before):
        return True
    return any(before.endswith(label) or label.endswith(before) for label in _labels())


def _readings(
    runs: Sequence[_Run], chosen: Sequence[tuple[int, int]], rows: Sequence[_Row]
) -> Iterator[Found]:
    """Give one reading per row with one number; say the rows in between that the form does not have."""
    given = dict(chosen)
    for index in range(chosen[0][0], len(runs)):
        run = runs[index]
        if index in given and rows[given[index]].key:
            yield from _one(rows[given[index]], run)
        elif index not in given and any(re.search(r"\w", n) for n in run.numbers):
            said = f"{run.where}: '{run.text[-30:]}' ({' '.join(run.numbers)[:30]})"
            yield Problem("annex_row", f"{said} is no row of the annex's form", run.where)


def _one(row: _Row, run: _Run) -> Iterator[Found]:
    column = "amount_yuan" if row.unit == "万元" else "count"
    if len(run.numbers) != 1:
        said = f"{run.where}: '{' '.join(run.numbers)[:60]}' is not one number; annex.{row.key} was not read"
        yield Problem("row_not_read", said, run.where)
        return
    text = run.numbers[0]
    value, printed, _ = parse_number(text)
    if column == "amount_yuan" and value and not printed and run.money is None:
        said = f"{run.where}: no unit is printed beside '{text.strip()[:20]}'; annex.{row.key} is blank"
        yield Problem("cell", said, run.where)
        yield Reading(TABLE, row.key, column, None, "yuan", text.strip(), run.where)
        return
    yield from read_cell(TABLE, row.key, column, text, run.where, money=run.money or 1.0)


def _run(texts: Sequence[str], numbers: Sequence[str], where: Where, lines: tuple[int, int] = (0, 0)) -> _Run:
    joined = _word("note").sub("", _UNIT_IN_BRACKETS.sub(r"\1", "".join(texts)))
    text = spelt(_ENUMERATED_WORD.sub("", joined))
    label = _word("unit").sub("", text)
    tail = text[len(label) :]
    money = 1e4 if tail == "万元" else 1.0 if tail == "元" else None
    return _Run(text, label, money, tuple(numbers), where, lines)


def _runs_of_grid(grid: Grid, number: int, script: Script) -> Iterator[_Run]:
    """Yield each row that has a label and a number's place; columns by the head, else the last one.

    Where the head is told again beside itself the sheet stands in parts, the left one first.
    """
    labels = [[normalize_label(cell.text, script) if cell else "" for cell in row] for row in grid.rows]
    head = next((i for i, names in enumerate(labels[:6]) if any(map(_word("table").search, names))), -1)
    heads = labels[head] if head >= 0 else []
    wide = len(labels[0])
    size = next(
        (n for n in range(2, wide) if wide % n == 0 and heads and heads == heads[:n] * (wide // n)), wide
    )
    for start in range(0, wide, size):
        part = slice(start, start + size)
        yield from _runs_of_part(grid, number, [names[part] for names in labels], head, start)


def _runs_of_part(
    grid: Grid, number: int, labels: Sequence[Sequence[str]], head: int, start: int
) -> Iterator[_Run]:
    """Yield the rows of a sheet that stands in columns of a grid from `start` on."""
    heads = labels[head] if head >= 0 else []
    wanted = _wanted(heads) if heads else len(labels[0]) - 1
    if wanted is None:
        return
    others = {c for c, name in enumerate(heads) if _is_other(name)}
    for index in range(head + 1, len(labels)):
        row = grid.rows[index][start : start + len(labels[0])]
        value = row[wanted]
        texts = [c for c, cell in enumerate(row) if c not in others and cell is not value]
        said = {labels[index][c]: c for c in texts if _is_word(labels[index][c])}
        if said and value is not None:
            where = Where(value.page or grid.page, number, index + 1, start + wanted + 1)
            yield _run(_label_parts(said, heads), [value.text], where)


def _is_other(head: str) -> bool:
    """Tell whether a column is of the rows' own numbers, or one of numbers."""
    return bool(_word("serial").fullmatch(head)) or _is_column(head)


def _is_word(text: str) -> bool:
    return bool(text) and not parse_number(text)[2]


def _label_parts(said: Mapping[str, int], heads: Sequence[str]) -> list[str]:
    """Return what of a row's words, each with its column, is its label, and its units behind it."""
    units = [name for name in said if _word("unit").fullmatch(name)]
    of_units = {c for c, name in enumerate(heads) if name in ("单位", "计量单位")}
    return [name for name, c in said.items() if name not in units and c not in of_units][-1:] + units


def _is_column(name: str) -> bool:
    return bool(_word("columns").fullmatch(name))


def _wanted(heads: Sequence[str]) -> int | None:
    """Return which of the columns is the year's; None where the heads do not tell."""
    named = [(c, name) for c, name in enumerate(heads) if _is_column(name)]
    ours = [(c, name) for c, name in named if not _word("skip").search(name)]
    return ours[0][0] if len(ours) == 1 else None


def _runs_of_lines(lines: Sequence[str], script: Script, pages: Sequence[int | None]) -> Iterator[_Run]:
    atoms = _without_serials([a for n, line in enumerate(lines) for a in _atoms(n, line, script)])
    heads: list[str] = []
    before: list[Atom] = []
    numbers: list[Atom] = []
    for atom in (*atoms, None):
        if numbers and not (atom and atom.number):
            heads = _heads("".join(a.text for a in before)) or heads
            where = Where(pages[numbers[0].line] if pages else None, line=numbers[0].line + 1)
            texts = [a.text for a in before[-60:]]
            shown = _of_year([a.text for a in numbers], heads)
            yield _run(texts, shown, where, (before[0].line if before else numbers[0].line, numbers[-1].line))
            before, numbers = [], []
        if atom:
            (numbers if atom.number else before).append(atom)


def _heads(text: str) -> list[str]:
    """Return the heads of columns of numbers that a text names behind its last head of labels."""
    at = max((m.end() for m in _word("table").finditer(text)), default=None)
    return [] if at is None else _word("columns").findall(text[at:])


def _of_year(numbers: list[str], heads: Sequence[str]) -> list[str]:
    """Return the year's number of a row of several; none, or all, where that cannot be told."""
    at = _wanted(heads)
    if len(numbers) == len(heads):
        return numbers if at is None else [numbers[at]]
    if len(heads) == 1 or not heads:
        return numbers
    codes = sum(bool(_word("serial").fullmatch(head)) for head in heads)
    return [""] if len(numbers) == codes else []  # a row's code alone: its cells are blank


def _atoms(number: int, line: str, script: Script) -> Iterator[Atom]:
    """Cut a line; a number at the end of a label is one of its own."""
    told = _word("told").search(line)  # `label：N unit`
    if told and spelt(_word("note").sub("", line[: told.start()])).endswith(_labels()):
        line = f"{line[: told.start()]} {told[2] or ''} {told[1]}"
    for atom in cut_atoms(number, line, script, unglue=False):
        tail = None if atom.number else _TRAILING.search(atom.text)
        if tail and _word("unit").sub("", spelt(atom.text[: tail.start()])).endswith(_labels()):
            yield atom._replace(text=atom.text[: tail.start()])
            yield atom._replace(text=tail[0], number=True)
        else:
            yield atom


def _without_serials(atoms: list[Atom]) -> list[Atom]:
    """Drop the rows' own numbers, where the head has a column for them."""
    if not any(atom.text in ("序号", "行次") for atom in atoms):
        return atoms
    kept, wanted = [], 1
    for atom, following in zip(atoms, [*atoms[1:], None], strict=True):
        if atom.number and atom.text == str(wanted) and following and not following.number:
            wanted += 1
        else:
            kept.append(atom)
    return kept
