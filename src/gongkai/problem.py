"""What went wrong, or should be looked at: values that travel beside a result, never lists to be filled.

A problem's code says what kind it is; `KINDS` says for each kind at which step it arises, how grave it is,
and what to do. The `problems` table has one row for each.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

Step = Literal["read", "report", "agency", "sections", "statistics", "build"]
Severity = Literal["note", "warning", "error"]


class Where(NamedTuple):
    """A place in a file, as far as it is known; all numbers from 1."""

    page: int | None = None
    table: int | None = None
    row: int | None = None
    column: int | None = None
    line: int | None = None

    def __str__(self) -> str:
        return _said(self)


@functools.lru_cache(maxsize=4096)
def _said(where: Where) -> str:
    """Say a place; each is asked for more than once."""
    named = zip(where._fields, where, strict=True)
    return ", ".join(f"{name} {number}" for name, number in named if number is not None)


NOWHERE = Where()


class Kind(NamedTuple):
    """One kind of problem."""

    step: Step
    severity: Severity
    advice: str
    """What it means and what to do."""


KINDS: Mapping[str, Kind] = {
    "unreadable": Kind("read", "error", "the file cannot be read; the message says what would help"),
    "killed": Kind("read", "error", "reading the file ended its process: open and save it anew, or leave it"),
    "slow": Kind("read", "error", "reading took longer than --file-timeout: raise it, or save the file anew"),
    "large": Kind("read", "error", "reading took more memory than --file-memory: raise it, or split it"),
    "copy": Kind("read", "note", "the same bytes as another file, which was read instead"),
    "reader": Kind("read", "warning", "something in the file was not read as it stands: compare with it"),
    "recognised": Kind("read", "warning", "characters were recognised in a picture: compare the numbers"),
    "doubtful": Kind("read", "warning", "a number in a picture is not certain and left blank: compare"),
    "text_layer": Kind("read", "warning", "the PDF's text cannot be used; the message says what helps"),
    "cut": Kind("read", "warning", "only the beginning was read: look for a whole copy"),
    "picture": Kind("read", "warning", "a page is a picture and was not read: have it recognised"),
    "several": Kind("read", "note", "the file holds several reports; each has its rows"),
    "mended": Kind("read", "note", "a wrong decoding before gongkai was undone: compare with the original"),
    "paragraph_cut": Kind("read", "warning", "a paragraph is too long to be one: compare with the file"),
    "characters_lost": Kind("read", "warning", "a wrong decoding before gongkai: look for another copy"),
    "no_report": Kind("report", "error", "not a disclosure report; if it is one, tell us with the message"),
    "unexpected": Kind("report", "error", "an error in gongkai itself: report it, with the file if you may"),
    "identity": Kind("agency", "warning", "agency, place or year is in doubt: set it with --about"),
    "no_section_five": Kind("sections", "warning", "no problems, no improvements: is the file whole?"),
    "tables_only": Kind("sections", "warning", "no narrative was found: is the file whole?"),
    "cell": Kind("statistics", "warning", "what is printed in a cell is no number: compare with the file"),
    "no_cell": Kind("statistics", "warning", "a row lacks a cell: compare with the file"),
    "second_cell": Kind("statistics", "warning", "two cells claim one place; the first was kept"),
    "head": Kind("statistics", "warning", "a table's head was not understood: compare with the file"),
    "row_not_read": Kind(
        "statistics",
        "warning",
        "a row has not as many values as its table has columns: compare with the file",
    ),
    "annex_row": Kind(
        "statistics", "warning", "the annex has a row that its form has not; it is left out: compare"
    ),
    "annex_second": Kind("statistics", "warning", "two annexes of statistics: the first was kept"),
    "annex_not_read": Kind(
        "statistics", "warning", "an annex is announced and was not found: is it a file of its own?"
    ),
    "recovered": Kind(
        "statistics", "note", "cells that ran together were told apart by the form's sums (how: recovered)"
    ),
    "same_report": Kind("build", "note", "held twice and counted once; reports.same_as names the other"),
    "other_report": Kind("build", "note", "two reports of one agency and year: which do you mean?"),
    "row": Kind("build", "error", "a value that its table does not allow; an error in gongkai: report it"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing noticed; `code` is a key of `KINDS`."""

    code: str
    message: str
    where: Where = NOWHERE

    @property
    def step(self) -> Step:
        """Where on the way from file to tables it arose."""
        return KINDS[self.code].step

    @property
    def severity(self) -> Severity:
        """`note` (for completeness), `warning` (compare with the file), `error` (something was left out)."""
        return KINDS[self.code].severity
