"""What went wrong, or should be looked at: values that travel beside a result, never lists to be filled.

A problem's code says what kind it is; `KINDS` says for each kind at which step it arises, how grave it is,
and what to do. The `problems` table has one row for each.
"""

from __future__ import annotations

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
        named = zip(self._fields, self, strict=True)
        return ", ".join(f"{name} {number}" for name, number in named if number is not None)


NOWHERE = Where()


class Kind(NamedTuple):
    """One kind of problem."""

    step: Step
    severity: Severity
    advice: str
    """What it means and what to do."""


KINDS: Mapping[str, Kind] = {
    "unexpected": Kind("read", "error", "an error in gongkai itself: report it, with the file if you may"),
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
