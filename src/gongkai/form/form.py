"""The statutory form: how its rows, columns and numbers are printed, and what a cell read is.

The words are data (`form.toml`).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from gongkai.problem import Problem, Where
from gongkai.text.clean import Script, fold_width, simplify
from gongkai.text.lexicon import first_match, patterns, table

APPLICANTS = ("natural_person", "business", "research", "nonprofit", "legal_service", "other_org")
TABLES = ("proactive", "requests", "disputes")
"""The statutory tables, each with a section of its own."""
COLUMNS = (*APPLICANTS, "total")
"""Of the requests table."""
REFUSED = (
    "state_secret", "prohibited_by_law", "security_stability", "third_party",
    "internal_affairs", "deliberative", "enforcement_file", "administrative_query",
)  # fmt: skip
CANNOT_PROVIDE = ("not_held", "would_need_creating", "unclear_after_correction")
NOT_PROCESSED = ("petition", "repeated", "published_material", "excessive_repetition", "confirm_or_reissue")
OTHER_HANDLING = ("not_corrected_in_time", "fee_not_paid", "other")
RESULTS = ("granted", "partly_granted", *REFUSED, *CANNOT_PROVIDE, *NOT_PROCESSED)
BLOCKS = ("review", "litigation_direct", "litigation_after_review")
OUTCOMES = ("upheld", "corrected", "other", "pending")
LONGEST_NUMBER = 15
"""Digits of the longest number that a cell may hold; what is longer ran together, or is no count."""
SPACE = re.compile(r"[\s\u3000]+")
_BLANK = patterns("form.cell")["blank"]
_NUMBER = patterns("form.cell")["number"]
_MARKUP = re.compile(r"[★☆*※]")
_NO_NUMBER = re.compile(r"^\s*[0０]\d|[%％]")
"""What a digit glued to a zero, or a share, looks like: no cell is printed so."""


class Reading(NamedTuple):
    """One cell read: keys, value, unit, the text as printed, where it stood, and how it was read."""

    table: str
    row: str
    column: str
    value: float | None
    unit: str
    raw: str
    where: Where
    how: str = "printed"
    """`recovered` where the form's sums told digits apart that ran together."""
    by: tuple[str, ...] = ()
    """The rules that recovered it: `row`, `column`, `total`."""


Found: TypeAlias = Reading | Problem
"""What reading a table gives, one after the other."""


def form_data() -> Mapping[str, Any]:
    """Return `form.toml`."""
    return table("form")


def dispute_cells(blocks: Sequence[str] = BLOCKS, *, total_first: bool = False) -> list[tuple[str, str]]:
    """Return block and outcome of each cell of the table of disputes, in its order."""
    outcomes = ("total", *OUTCOMES) if total_first else (*OUTCOMES, "total")
    return [(block, outcome) for block in blocks for outcome in outcomes]


@functools.lru_cache(maxsize=8192)
def match_key(text: str, *path: str) -> str | None:
    """Return the key of the first pattern found in a label."""
    return first_match(".".join(("form", *path)), text)


@functools.lru_cache(maxsize=8192)
def normalize_label(text: str, script: Script) -> str:
    """Return a label cell's text without spaces and marks, simplified where the page is traditional."""
    folded = _MARKUP.sub("", SPACE.sub("", fold_width(text))).replace("⼀", "一")
    return simplify(folded) if script == "traditional" else folded


@functools.lru_cache(maxsize=8192)
def proactive_head(text: str) -> str | None:
    """Return the column key of a head of the proactive table, of either form."""
    return match_key(text, "proactive", "columns", "2021") or match_key(text, "proactive", "columns", "2019")


_APART = re.compile(r"\d[^\S\n]+\d|(?<!\d)\d{1,2}\n\s*\d")
"""Two cells that a tool put into one, or a number with gaps. A narrow cell breaks long numbers only."""


@functools.lru_cache(maxsize=8192)
def parse_number(text: str) -> tuple[float | None, str, bool]:
    """Read a printed cell.

    Returns:
        Value (None = blank or unreadable), the unit printed in the cell ("" = none), and whether it was
        readable.

    >>> parse_number("1,234"), parse_number("297.17万元"), parse_number("/")
    ((1234.0, '', True), (2971700.0, '元', True), (None, '', True))
    >>> parse_number("22（其中修订16件）"), parse_number("见附件")
    ((22.0, '', True), (None, '', False))
    >>> parse_number("减4项"), parse_number("12①")
    ((-4.0, '', True), (12.0, '', True))
    >>> parse_number("2 0")
    (None, '', False)
    """
    folded = fold_width(text)
    if _APART.search(folded):
        return None, "", False
    content = SPACE.sub("", folded)
    if _BLANK.fullmatch(content):
        return None, "", True
    match = _NUMBER.fullmatch(content)
    if not match:
        return None, "", False
    digits = re.sub("[,，]", "", match["digits"])
    if len(digits) > LONGEST_NUMBER:
        return None, "", False
    value = float(digits + (match["fraction"] or ""))
    if (match["sign"] or "")[:1] in tuple("-−－减"):
        value = -value
    unit = simplify(match["unit"] or "")
    if unit in ("万元", "亿元"):
        value = round(value * (1e4 if unit == "万元" else 1e8), 2)
        unit = "元"
    return value, "元" if unit == "元" else "", True


def read_cell(
    table: str, row: str, column: str, text: str, where: Where, *, money: float = 1.0
) -> tuple[Found, ...]:
    """Read one printed cell; `money` is what its head's unit multiplies amounts by (10,000 for 万元)."""
    value, printed, readable = parse_number(text)
    unit = "count"
    if column == "amount_yuan":
        unit = "yuan"
        value = round(value * money, 2) if value is not None and not printed else value
    if value is not None and (_NO_NUMBER.search(text) or (unit == "count" and value % 1)):
        value, readable = None, False
    reading = Reading(table, row, column, value, unit, text.strip(), where)
    if readable:
        return (reading,)
    said = f"{where}: '{reading.raw[:40]}' is not a number; {table}.{row}.{column} is blank"
    return Problem("cell", said, where), reading


def read_row(
    table: str, row: str, cells: Iterable[tuple[str, str | None, Where]], *, money: float = 1.0
) -> list[Found]:
    """Read the cells of one row: column, text as printed (None: there is no cell) and place of each."""
    found: list[Found] = []
    for column, text, where in cells:
        if text is None:
            said = f"{where}: no cell for {table}.{row}.{column}; it is missing"
            found.append(Problem("no_cell", said, where))
        else:
            found += read_cell(table, row, column, text, where, money=money)
    return found
