"""Readings from grids and lines → the cells of one report, and the form that they show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gongkai.form.form import Found, Reading, form_data
from gongkai.problem import Problem


@dataclass(frozen=True, slots=True)
class FormCells:
    """All cells of a report, the form they show (None without tables), and what went wrong."""

    form: str | None = None
    readings: tuple[Reading, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def tables(self) -> set[str]:
        """The tables of which there are cells."""
        return {reading.table for reading in self.readings}


def statistics_of(found: Iterable[Found], said: str | None = None) -> FormCells:
    """Gather readings: the first of each cell, those that the form has; and tell the form.

    Args:
        found: Readings and problems, in order.
        said: The form by the words of the heads, where the columns do not tell it.
    """
    readings: dict[tuple[str, str, str], Reading] = {}
    problems: list[Problem] = []
    for one in found:
        if isinstance(one, Problem):
            problems.append(one)
            continue
        key = (one.table, one.row, one.column)
        if key in readings:
            twice = f"{one.where}: a second cell for {'.'.join(key)} ('{one.raw}'); the first is kept"
            problems.append(Problem("second_cell", twice, one.where))
        else:
            readings[key] = one
    form = _detect_form(list(readings.values()), said)
    own = form_data()["proactive"]["cells"].get(form, {})
    kept = []
    for key, one in readings.items():
        if one.table != "proactive" or one.column in own.get(one.row, ()):
            kept.append(one)
        elif one.value is not None:
            name = ".".join(key)
            left_out = f"{one.where}: '{one.raw}' would be {name}, which the form of {form or '?'} has not"
            problems.append(Problem("other_form", left_out, one.where))
    return FormCells(form, tuple(kept), tuple(problems))


def _detect_form(readings: Sequence[Reading], said: str | None) -> str | None:
    """Tell the form by the columns of `proactive`, the rows under 其他处理, or what the heads say."""
    columns = {r.column for r in readings if r.table == "proactive"}
    new = len(columns & {"issued", "repealed", "in_force"})
    old = len(columns & {"made", "disclosed", "disclosed_total", "items_last_year", "change", "items"})
    if new != old:
        return "2021" if new > old else "2019"
    rows = {r.row for r in readings if r.table == "requests"}
    if rows & {"not_corrected_in_time", "fee_not_paid"}:
        return "2021"
    alone = {r.row for r in readings if r.column == "decisions"}  # the older form has two columns before it
    told = "2021" if len(alone) > 1 and not old else None
    # Some print 其他处理 in one row in the newer form too.
    return (said if readings else None) or told or ("2019" if "other_handling" in rows else None)
