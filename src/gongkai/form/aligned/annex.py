"""The annex of statistics of the years before 2019 → readings: rows of label, unit and number.

The sheet has one number a row, so it is aligned by labels alone, with the order of the form (`align.py`); its
rows are data (`annex.toml`). A label counts only where it stands whole: behind nothing, an ordinal, 其中, a
unit, or another label. What a place added to the sheet is said and left out.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

from gongkai.form.aligned.align import keep_order
from gongkai.form.aligned.annex_form import (
    FORMS,
    LEAST_ROWS,
    Row,
    annex_data,
    annex_labels,
    annex_word,
    counts_up,
    ends_with_label,
    form_rows,
    spelt_label,
    without_unit,
)
from gongkai.form.aligned.annex_rows import Printed, rows_below, rows_of_cells, rows_of_columns, rows_of_lines
from gongkai.form.aligned.stream import place_of_line, spelt
from gongkai.form.form import Found, Reading, parse_number, read_cell
from gongkai.problem import Problem, Where
from gongkai.readers.document import Grid
from gongkai.text.clean import Script

TABLE = "annex"
PROSE = 25
"""Characters from which a line that ends a sentence is a note between the rows, and kept."""
LONGEST_LABEL, LONGEST_ROW = 60, 110
"""Characters of an unknown row's label, and of a row with its leader; what is longer is prose."""
AS_MUCH = 0.9
"""Share of an order's numbers from which another order is a rival of it."""
MOST_WORDS = 0.3
"""Share of a line's characters that are no labels' from which it is prose."""


class Annex(NamedTuple):
    """What was read: cells and problems, the form (None without an annex), and the sheet's lines."""

    found: tuple[Found, ...] = ()
    form: str | None = None
    lines: frozenset[int] = frozenset()

    @property
    def values(self) -> dict[str, float]:
        """The numbers by their rows."""
        return {
            one.row: one.value for one in self.found if isinstance(one, Reading) and one.value is not None
        }


def form_of_annex(keys: set[str]) -> str:
    """Return the form whose rows these are."""
    return max(FORMS, key=lambda form: len(keys & {row.key for row in form_rows(form)}))


def read_annex(
    lines: Sequence[str],
    grids: Sequence[Grid],
    *,
    script: Script = "simplified",
    pages: Sequence[int | None] = (),
    year: int | None = None,
) -> Annex:
    """Read the annex, from the report's grids or else from its lines.

    Args:
        lines: Lines, uncleaned.
        grids: Tables in reading order.
        script: Labels of a traditional page are simplified before they are matched.
        pages: Page of each line, where known.
        year: That the report's title names; a column of a later one is not the report's.

    Returns:
        One reading per row of `annex`, column `count` or `amount_yuan`; of two annexes the first. Where a
        sheet is announced and not there, a problem says so.
    """
    told = [*lines, *(cell for grid in grids for row in grid.texts for cell in row)]
    if not _has_labels(spelt("".join(told))):
        return Annex()
    captions = frozenset(i for i, line in enumerate(lines) if _is_caption(line))
    ruled = _of_grids(grids, script, year)
    if ruled.form:
        return ruled._replace(lines=captions)
    stream = _read(rows_of_lines(lines, script, pages, year))
    if stream.form and (captions or not _in_clauses([lines[n] for n in stream.lines])):
        span = range(_start(lines, stream.lines), max(stream.lines) + 1)
        inside = {n for n in span if not _is_prose(lines[n], PROSE if n in stream.lines else 0)}
        return stream._replace(lines=captions.union(inside, _rest(lines, max(stream.lines))))
    return _not_read(lines, grids, captions, pages)


def _in_clauses(lines: Sequence[str]) -> bool:
    """Tell whether most lines are sentences, as where a report tells its numbers without a sheet."""
    return 2 * sum(line.rstrip().endswith(("。", "；")) or "，" in line for line in lines) > len(lines)


def _has_labels(text: str) -> bool:
    """Tell whether a text has the title or some labels of an annex."""
    rows = {row.labels[0]: row for form in FORMS for row in form_rows(form)}.values()
    told = (row for row in rows if any(stem in text for stem in row.stems))
    said = (row for row in told if any(label in text for label in row.labels if len(label) > 4))
    return "统计表" in text or len(list(itertools.islice(said, 4))) == 4


def _of_grids(grids: Sequence[Grid], script: Script, year: int | None) -> Annex:
    """Read grids by their columns; where these give no sheet of numbers, as cells that follow each other.

    Parts beside each other are read one after the other, and row by row across them: the order that gives
    more counts, and what the other tells otherwise, if it gives nearly as much, is blank.
    """
    rows = list(rows_of_columns(grids, script, year))
    ways = [rows, sorted(rows, key=lambda row: (row.where.table or 0, row.where.row or 0))]
    found = [_read(way) for way in ways[: 1 + (ways[0] != ways[1])]]
    if max(len(one.values) for one in found) < LEAST_ROWS:
        found.append(_read(list(rows_below(grids, script))))
        found += [_read(rows_of_cells(grids, script, year, down=down)) for down in (False, True)]
    best = max(found, key=lambda one: len(one.values))
    others = [one.values for one in found if one is not best]
    rivals = [values for values in others if len(values) >= AS_MUCH * len(best.values)]
    return best._replace(found=tuple(_undoubted(best.found, rivals)))


def _undoubted(found: Sequence[Found], rivals: Sequence[dict[str, float]]) -> Iterator[Found]:
    """Yield what was found; blank, and said, what another order of the rows tells otherwise."""
    for one in found:
        told = [values[one.row] for values in rivals if isinstance(one, Reading) and one.row in values]
        if isinstance(one, Reading) and one.value is not None and any(value != one.value for value in told):
            said = f"{one.where}: the order of the rows is not told; annex.{one.row} is blank"
            yield Problem("cell", said, one.where)
            one = one._replace(value=None)
        yield one


def _not_read(
    lines: Sequence[str], grids: Sequence[Grid], captions: frozenset[int], pages: Sequence[int | None]
) -> Annex:
    """Say of an annex that stands here, or whose title does, that no row of it was read."""
    told = (sum(any(ends_with_label(text, counted=True) for text in row) for row in g.texts) for g in grids)
    ruled = next(((n, count) for n, count in enumerate(told, 1) if count >= LEAST_ROWS), None)
    rows = [i for i, line in enumerate(lines) if _is_row(line)]
    titles = [i for i in sorted(captions) if "统计" in lines[i] and "表" in lines[i]]
    if len(rows) >= LEAST_ROWS:
        where, left = place_of_line(rows[0], pages), captions.union(rows)
        said = f"{len(rows)} lines from here have labels of an annex; no number of it was read"
    elif ruled:
        where, left = Where(grids[ruled[0] - 1].page, ruled[0]), captions
        said = f"{ruled[1]} rows have labels of an annex; no number of it was read"
    elif titles:
        where, left = place_of_line(titles[0], pages), frozenset(titles)
        said = f"'{lines[titles[0]].strip()[:40]}' announces an annex; no row of it was found here"
    else:
        return Annex()
    return Annex((Problem("annex_not_read", f"{where}: {said}", where),), None, left)


def _is_row(line: str) -> bool:
    """Tell whether a line can only be a row of the sheet: a label, with a number or without."""
    if len(line) > LONGEST_ROW or line.rstrip().endswith("。"):
        return False
    told = re.sub(r"[\d.,，．…—_＿：:；;|]+", "", "".join(annex_word("note").sub("", line).split()))
    return ends_with_label(told, counted=True)


def _is_caption(line: str) -> bool:
    squeezed = "".join(line.split()).strip("|│*#")
    captions = annex_data()["words"]["caption"] if 0 < len(squeezed) <= 110 else ()
    return any(re.fullmatch(pattern, squeezed) for pattern in captions)


def _start(lines: Sequence[str], of_rows: frozenset[int]) -> int:
    """Return the line from which on all are the sheet's; what stands before the first number may be prose."""
    at = min(of_rows)
    while at and (not lines[at - 1].strip() or _is_caption(lines[at - 1]) or _is_label(lines[at - 1])):
        at -= 1
    return at


def _rest(lines: Sequence[str], last: int) -> range:
    """Return the lines behind the last number that are its label's rest, or blank rows."""
    short = itertools.takewhile(lambda line: len(line) <= LONGEST_LABEL, lines[last + 1 :])
    rest = itertools.takewhile(lambda line: spelt(line) and _is_label(line), short)
    return range(last + 1, last + 1 + len(list(rest)))


def _is_label(line: str) -> bool:
    """Tell whether a line can be (a piece of) the sheet's head or one of its labels."""
    label = without_unit(spelt_label(annex_word("note").sub("", line)))
    labels = annex_labels()
    is_head = bool(annex_word("table").search(label))
    return is_head or label.endswith(labels) or any(label in one for one in labels)


def _is_prose(line: str, least: int) -> bool:
    """Tell whether a line, longer than `least`, is a note between the rows, not labels and numbers."""
    if not line.rstrip().endswith("。") or len(line) <= least:
        return False
    words = spelt_label(annex_word("note").sub("", line))
    return len(_any_label().sub("", words)) >= MOST_WORDS * len(words)


@functools.cache
def _any_label() -> re.Pattern[str]:
    return re.compile("|".join(sorted(annex_labels(), key=len, reverse=True)))


def _read(runs: Sequence[Printed]) -> Annex:
    """Align the runs with the form that fits best; of several annexes the first."""
    fits = {form: _aligned(runs, form_rows(form)) for form in FORMS}
    form = max(FORMS, key=lambda form: _count_rows(fits[form], form_rows(form)))
    chosen, rows = fits[form], form_rows(form)
    runs, chosen, second = _first_annex(runs, chosen, form)
    if _count_rows(chosen, rows) < LEAST_ROWS:
        return Annex()
    runs = runs[: _end(runs, chosen[-1][0])]
    found = list(_readings(runs, chosen, rows))
    several = [runs[i] for i, j in chosen if rows[j].key and len(runs[i].numbers) > 1]
    if len(several) >= LEAST_ROWS and len(several) == _count_rows(chosen, rows):
        heads = f" ({', '.join(several[0].heads)[:60]})" if any(several[0].heads) else ""
        said = f"{len(several)} rows have several numbers{heads}; nothing tells which is the report's"
        found = [Problem("row_not_read", f"{several[0].where}: {said}; none was read", several[0].where)]
    if counts_up([one.value for one in found if isinstance(one, Reading)]):
        said = f"{runs[chosen[0][0]].where}: the annex's numbers count its rows; none was read"
        found = [Problem("head", said, runs[chosen[0][0]].where)]
    if second is not None:
        said = f"{second.where}: a second annex of statistics; the first is kept"
        found.append(Problem("annex_second", said, second.where))
    first, last = runs[chosen[0][0]], runs[-1]
    return Annex(tuple(found), form, frozenset(range(first.lines[1], last.lines[1] + 1)))


Aligned: TypeAlias = "list[tuple[int, int]]"
"""Numbers of a run and of the row that it is."""


def _count_rows(aligned: Aligned, rows: Sequence[Row]) -> int:
    """Count rows that have a number."""
    return sum(bool(rows[j].key) for _, j in aligned)


def _first_annex(
    runs: Sequence[Printed], aligned: Aligned, form: str
) -> tuple[Sequence[Printed], Aligned, Printed | None]:
    """Return the runs up to the end of the first annex, its rows, and where a second one begins."""
    opens = next(row for row in form_rows(form) if row.key)
    starts = [i for i, run in enumerate(runs) if _spells(opens, run, "")]
    if len(starts) < 2:
        return runs, aligned, None
    ends = itertools.pairwise([*starts, len(runs)])
    parts = [(b, [(i + a, j) for i, j in _aligned(runs[a:b], form_rows(form))]) for a, b in ends]
    whole = [(end, part) for end, part in parts if len(part) >= LEAST_ROWS]
    if not whole:
        return runs, [], None
    end, first = whole[0]
    return runs[:end], first, runs[whole[1][1][0][0]] if len(whole) > 1 else None


def _end(runs: Sequence[Printed], last: int) -> int:
    """Return where the sheet ends: behind the last row known, and those of the place's own that follow it."""
    end = last + 1
    while end < len(runs) and len(runs[end].text) <= LONGEST_LABEL and _follows(runs[end - 1], runs[end]):
        end += 1
    return end


def _follows(run: Printed, following: Printed) -> bool:
    """Tell whether a row stands right behind another, in its grid or a few lines below."""
    return run.where.table == following.where.table and following.lines[1] - run.lines[1] <= 3


def _aligned(runs: Sequence[Printed], rows: Sequence[Row]) -> Aligned:
    behind = (run.text for run in [*runs[1:], *runs[-1:]])  # behind the last stands nothing that matters
    score = [[_spells(row, run, rest) for row in rows] for run, rest in zip(runs, behind, strict=True)]
    return keep_order(score, len(rows))


def _spells(row: Row, run: Printed, behind: str) -> float:
    """Return the likeness of a row with a run: its label stands whole or around the number; else 0."""
    best, end = 0.0, len(run.label)
    near = run.text[-LONGEST_LABEL:] + "|" + run.label[-LONGEST_LABEL:] + behind[:LONGEST_LABEL]
    if not any(stem in near for stem in row.stems):
        return 0.0
    around = run.label + behind[:LONGEST_LABEL]
    for label in row.labels:
        for text in {run.label, run.text}:
            if text.endswith(label) and _may_begin(text[: -len(label)]):
                best = max(best, 2.0 + len(label))
        at = around.find(label, max(0, end - len(label) + 1))
        if 0 <= at <= end - 2 and _may_begin(run.label[:at]):
            best = max(best, 1.0 + len(label))
    return best


@functools.lru_cache(maxsize=8192)
def _may_begin(before: str) -> bool:
    """Tell whether a label may begin behind this text."""
    if not before or annex_word("before").search(before) or annex_word("unit").search(before):
        return True
    return any(before.endswith(label) or label.endswith(before) for label in annex_labels())


def _readings(runs: Sequence[Printed], chosen: Aligned, rows: Sequence[Row]) -> Iterator[Found]:
    """Give one reading per row with one number; say the rows in between that the form does not have."""
    given = dict(chosen)
    start = chosen[0][0]
    while start and _follows(runs[start - 1], runs[start]) and ends_with_label(runs[start - 1].label):
        start -= 1
    for index in range(start, len(runs)):
        run = runs[index]
        if index in given and rows[given[index]].key:
            yield from _one(rows[given[index]], run)
        elif index not in given and any(re.search(r"\w", n) for n in run.numbers):
            said = f"{run.where}: '{run.text[-30:]}' ({' '.join(run.numbers)[:30]})"
            yield Problem("annex_row", f"{said} is no row of the annex's form", run.where)


def _one(row: Row, run: Printed) -> Iterator[Found]:
    column, unit = ("amount_yuan", "yuan") if row.unit == "万元" else ("count", "count")
    if len(run.numbers) != 1:
        said = f"{run.where}: '{' '.join(run.numbers)[:60]}' is not one number; annex.{row.key} was not read"
        yield Problem("row_not_read", said, run.where)
        return
    raw = text = run.numbers[0].strip()
    if unit == "count" and not text.endswith("元"):
        text = without_unit(text).strip()
    value, printed, _ = parse_number(text)
    if unit == "yuan":
        why = "no unit is printed beside" if value and not printed and run.money is None else ""
    else:
        counts = value is None or not (value % 1 or printed or text[-1:] in "%％" or run.money)
        why = "" if counts else "no count is"
    if why:
        said = f"{run.where}: {why} '{raw[:20]}'; annex.{row.key} is blank"
        yield Problem("cell", said, run.where)
        yield Reading(TABLE, row.key, column, None, unit, raw, run.where)
    else:
        yield from read_cell(TABLE, row.key, column, text, run.where, money=run.money or 1.0)
