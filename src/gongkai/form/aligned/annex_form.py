"""The forms of the annex of statistics: rows, each way to print their labels, the words around them, columns.

All is data (`annex.toml`); here it is spelt as labels are compared: Chinese characters only. Of several
columns the report's is that named so, of years the last, or a total of which the others are the parts; else
none is.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gongkai.form.aligned.stream import spelt
from gongkai.form.form import parse_number
from gongkai.text.grammar import NUMERALS
from gongkai.text.lexicon import table

FORMS = ("2014", "2008")
LEAST_ROWS = 8
"""Rows below which what was aligned is no annex."""
LEAST_STEM = 4
"""Characters from which a label counts without its 数."""
LEAST_SUMS = 3
"""Rows, not zero, whose parts sum to it, from which a column of totals is trusted."""
NUMBER = r"(?:\d{1,3}(?:[,，]\d{3})+|\d+)(?:\.\d+)?"
MOST_NUMBERS = 0.6
"""Share of a column's cells from which it is one of numbers."""


class Row(NamedTuple):
    """A row of a form."""

    key: str
    """Empty: a heading."""
    labels: tuple[str, ...]
    """Spelt, each way to print them: with 数, 总数, 数量 or the unit's (次数), or without."""
    unit: str
    stems: tuple[str, ...] = ()
    """What all ways to print a label begin with."""


def annex_data() -> Mapping[str, Any]:
    """Return `annex.toml`."""
    return table("annex")


@functools.cache
def annex_word(name: str) -> re.Pattern[str]:
    """Return a pattern of `annex.toml`'s words."""
    return re.compile(annex_data()["words"][name])


@functools.cache
def form_rows(form: str) -> tuple[Row, ...]:
    """Return the rows of a form in their order."""
    rows = []
    for key, labels, unit in annex_data()["forms"][form]:
        spelled = [spelt_label(label) for label in labels.split("|")]
        ways = dict.fromkeys(way for label in spelled for way in _ways(label, unit))
        rows.append(Row(key, tuple(ways), unit, tuple(annex_word("counts").sub("", one) for one in spelled)))
    return tuple(rows)


def spelt_label(text: str) -> str:
    """Return the Chinese characters of a text; a digit that tells rows apart is one (范围1数)."""
    return spelt(annex_word("enumerated").sub(lambda match: NUMERALS[int(match[0]) - 1], text))


def _ways(label: str, unit: str) -> Iterator[str]:
    """Yield the ways to print a label; the form's own is the first."""
    yield label
    ways = annex_data()["ways"]
    stem = annex_word("counts").sub("", label)
    if not unit or (stem == label and (len(label) <= LEAST_STEM or unit in ways["amounts"])):
        return
    for tail in ways["whole" if len(stem) >= LEAST_STEM else "short"]:
        yield from (stem + tail.format(unit=measure) for measure in ways["measures"].get(unit, [unit]))


@functools.cache
def annex_labels() -> tuple[str, ...]:
    """Return all labels of all forms, headings too."""
    return tuple(label for form in FORMS for row in form_rows(form) for label in row.labels)


@functools.cache
def counted_labels() -> tuple[str, ...]:
    """Return the labels that no clause of prose has: those with 数."""
    return tuple(label for label in annex_labels() if annex_word("counts").search(label))


def without_unit(text: str) -> str:
    """Return a spelt label without the unit at its end."""
    return annex_word("unit").sub("", text)


def ends_with_label(text: str, *, counted: bool = False) -> bool:
    """Tell whether a text, notes and unit left out, ends with a label; with `counted`, with one in 数."""
    words = spelt_label(annex_word("note").sub("", annex_word("unit_in_brackets").sub("", text)))
    labels = counted_labels() if counted else annex_labels()
    return words.endswith(labels) or without_unit(words).endswith(labels)


def is_row_label(text: str) -> bool:
    """Tell whether a text ends with the label of a row that has a number."""
    return ends_with_label(text) and not spelt_label(text).endswith(_headings())


@functools.cache
def _headings() -> tuple[str, ...]:
    return tuple(label for form in FORMS for row in form_rows(form) for label in row.labels if not row.key)


def of_report(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Callable[[Sequence[str]], int | None]:
    """Decide which of several columns of numbers is the report's: that named so, else a total of parts.

    Args:
        heads: Of the columns.
        rows: Their cells.

    Returns:
        What says of a row which of its cells counts; None where nothing tells.
    """
    if (named := _named(heads)) is not None:
        return lambda row: named
    total = _total(heads)
    sums = [_adds_up(row, total) for row in rows] if total is not None else []
    trusted = sums.count(None) + sums.count(True) >= len(sums) - 1 and sums.count(True) >= LEAST_SUMS
    return lambda row: total if trusted and total is not None and _adds_up(row, total) is not False else None


def _named(heads: Sequence[str]) -> int | None:
    """Return which of the columns is named as the year's, of years the last; None where nothing tells."""
    named = [c for c, name in enumerate(heads) if is_column(name) and not annex_word("skip").search(name)]
    years = {c: match[1] for c in named if (match := annex_word("year").fullmatch(heads[c]))}
    if len(named) > 1 and len(set(years.values())) == len(named):
        return max(years, key=years.__getitem__)
    return named[0] if len(named) == 1 else None


def _total(heads: Sequence[str]) -> int | None:
    """Return which column is the total of two or more parts, none of which may be the report's by itself."""
    totals = [c for c, name in enumerate(heads) if annex_word("total").fullmatch(name)]
    parts = [name for c, name in enumerate(heads) if c not in totals]
    own = any(annex_word("own").search(name) or annex_word("skip").search(name) for name in parts)
    return totals[0] if len(totals) == 1 and len(parts) > 1 and not own else None


def _adds_up(row: Sequence[str], total: int) -> bool | None:
    """Tell whether a row's cells sum to its total; None where it has none or all are zero."""
    values = [parse_number(text)[0] for text in row]
    whole = values[total]
    parts = sum(value or 0.0 for c, value in enumerate(values) if c != total)
    return None if not whole and not parts else whole is not None and abs(parts - whole) < 1e-6


def is_column(name: str) -> bool:
    """Tell whether a head is one of a column of numbers."""
    return bool(annex_word("columns").fullmatch(name))


def parts_beside(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[slice]:
    """Return the columns of each part of a sheet: each has a column of labels and, behind it, of numbers."""
    wide = len(rows[0]) if rows else len(heads)
    for size in range(2, wide):
        if heads and wide % size == 0 and list(heads) == [*heads[:size]] * (wide // size):
            return [slice(at, at + size) for at in range(0, wide, size)]
    labels = [
        c for c in range(wide) if sum(ends_with_label(row[c], counted=True) for row in rows) >= LEAST_SUMS
    ]
    numbers = set(number_columns([], rows))
    starts = [b for a, b in itertools.pairwise(labels) if numbers.intersection(range(a + 1, b))]
    return [slice(a, b) for a, b in itertools.pairwise([0, *starts, wide])]


def number_columns(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    """Return the columns of numbers: that which the head names, else those whose cells are numbers."""
    if (named := _named(heads)) is not None:
        return [named]
    cells = [
        [row[c] for row in rows if row[c] and not _is_blank(row[c])]
        for c in range(len(rows[0]) if rows else 0)
    ]
    found = [
        c
        for c, filled in enumerate(cells)
        if sum(map(_is_amount, filled)) >= max(1, MOST_NUMBERS * len(filled))
        and not (heads and is_other(heads[c], yet=True))
    ]
    counted = [c for c in found if counts_up([parse_number(text)[0] for text in cells[c]])]
    found = [c for c in found if c not in counted] or found
    return found or ([len(cells) - 1] if cells and not heads else [])


def counts_up(values: Sequence[float | None]) -> bool:
    """Tell whether numbers are the rows' own: most are one more than the one before."""
    steps = [b - a for a, b in itertools.pairwise(values) if a is not None and b is not None]
    return len(steps) >= LEAST_ROWS - 1 and steps.count(1.0) > 0.6 * len(steps)


def _is_blank(text: str) -> bool:
    value, _, readable = parse_number(text)
    return readable and value is None


def is_other(head: str, *, yet: bool = False) -> bool:
    """Tell whether a column is none of labels; with `yet`, none of the report's numbers either."""
    if annex_word("serial").fullmatch(head) or annex_word("remark").fullmatch(head):
        return True
    return bool(annex_word("skip").search(head)) and is_column(head) if yet else is_column(head)


def is_number(text: str) -> bool:
    """Tell whether a cell is a number, with or without its unit."""
    return parse_number(text)[0] is not None or is_measured(text)


def _is_amount(text: str) -> bool:
    """Tell whether a cell is a number and no share."""
    return is_number(text) and text[-1] not in "%％"


def is_measured(text: str) -> bool:
    """Tell whether a text is a number with a measure of its own."""
    return bool(_measured().fullmatch(text))


@functools.cache
def _measured() -> re.Pattern[str]:
    return re.compile(f"{NUMBER}(?:{annex_word('measures').pattern})")
