"""What continues across the four forms since 2008: one number per report and quantity, with what breaks.

The quantities are data (`corpus/lexicon/crosswalk.toml`).
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import pandas as pd

from gongkai.form.form import REFUSED
from gongkai.tables.columns import refuse_lacking
from gongkai.tables.schema import Statistics, Table
from gongkai.text.lexicon import table

FORMS = ("2008", "2014", "2019", "2021")
_NEEDED = ("report_id", "agency", "year", "form", "table", "row", "column", "value")


class Quantity(NamedTuple):
    """A number that several forms print, and from which of their cells it is summed."""

    key: str
    zh: str
    same: bool
    """Whether all forms count the same."""
    note: str
    cells: dict[str, tuple[str, ...]]
    """By form."""


@functools.cache
def quantities() -> tuple[Quantity, ...]:
    """Return the quantities of `crosswalk.toml`."""
    data = table("crosswalk")
    return tuple(
        Quantity(
            key,
            about["zh"],
            about["same"],
            about.get("note", ""),
            {
                form: tuple(cell.replace("@refused", row) for cell in about[form] for row in _grounds(cell))
                for form in FORMS
                if form in about
            },
        )
        for key, about in data.items()
    )


def _grounds(cell: str) -> tuple[str, ...]:
    return REFUSED if "@refused" in cell else ("",)


def crosswalk(statistics: Statistics) -> Table:
    """Give what continues from the annex of 2008–2018 to the tables of 2019 and 2021, in one column.

    Args:
        statistics: `statistics` rows of any forms.

    Returns:
        One row per report and quantity that its form has: `report_id, agency, year, form, quantity, zh,
        value` (counts; null where one of its cells is blank or was not read)`, same` (whether all forms count
        it alike)`, note` (how they do not).

    Raises:
        SchemaError: A column is missing.
    """
    refuse_lacking("statistics", statistics, _NEEDED)
    about = statistics.drop_duplicates("report_id")[["report_id", "agency", "year", "form"]]
    name = statistics["table"] + "." + statistics["row"] + "." + statistics["column"]
    cells: dict[str, dict[str, float]] = {}
    values = pd.to_numeric(statistics["value"]).to_numpy(float)
    for report, cell, value in zip(statistics["report_id"], name, values, strict=True):
        cells.setdefault(report, {})[cell] = value
    rows = [
        {
            **report,
            "quantity": one.key,
            "zh": one.zh,
            "value": sum(cells[report["report_id"]].get(cell, float("nan")) for cell in one.cells[form]),
            "same": one.same,
            "note": one.note,
        }
        for report in about.to_dict("records")
        for one in quantities()
        if (form := report["form"]) in one.cells
    ]
    return pd.DataFrame(rows, columns=[*about.columns, "quantity", "zh", "value", "same", "note"])
