"""The forms of the annex of statistics: rows, each way to print their labels, and the words around them.

All is data (`annex.toml`); here it is spelt as labels are compared: Chinese characters only.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from gongkai.form.aligned.stream import spelt
from gongkai.text.grammar import NUMERALS
from gongkai.text.lexicon import table

FORMS = ("2014", "2008")
LEAST_ROWS = 8
"""Rows below which what was aligned is no annex."""
LEAST_STEM = 4
"""Characters from which a label counts without its 数."""


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
