"""Promises that a cell of the next report answers: fewer corrections, documents repealed, courses held.

Which words promise what a cell counts is data (`corpus/lexicon/promised.toml`). A cell shows that a promise
was kept, or that this cannot be told; never more: a number that did not fall is no proof of idleness.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

from gongkai.tables.schema import Statistics
from gongkai.text.lexicon import patterns, table


class Told(NamedTuple):
    """What cells say of a promise."""

    cell: str
    """The cells, joined by ` + `."""
    before: float | None
    after: float | None
    kept: bool
    """True: the cells show it. False: they do not show it."""


def named_cells() -> set[str]:
    """Return the cells that promises can name, as `table.row.column`."""
    return {cell for about in table("promised.cells").values() for cell in about["cells"]}


def cells_of(statistics: Statistics | None) -> dict[str, dict[str, float]]:
    """Return the cells that promises can name, by report; blank ones are left out."""
    if statistics is None:
        return {}
    wanted = named_cells()
    name = statistics["table"] + "." + statistics["row"] + "." + statistics["column"]
    values = pd.to_numeric(statistics["value"])
    found: dict[str, dict[str, float]] = {}
    chosen = name.isin(wanted) & values.notna()
    for report, cell, value in zip(
        statistics["report_id"][chosen], name[chosen], values[chosen], strict=True
    ):
        found.setdefault(report, {})[cell] = float(value)
    return found


def told_by_cells(text: str, before: Mapping[str, float], after: Mapping[str, float]) -> Told | None:
    """Say what the next report's cells tell of a promise; None where it promises nothing that they count.

    Args:
        text: The promise.
        before: Cells of the report that makes it.
        after: Cells of the next report; without them nothing is told.
    """
    found = (
        (key, m) for key, pattern in patterns("promised.patterns").items() if (m := pattern.search(text))
    )
    key, match = next(found, ("", None))
    if match is None:
        return None
    about = table("promised.cells")[key]
    if any(cell not in after for cell in about["cells"]):
        return None
    now = sum(after[cell] for cell in about["cells"])
    known = all(cell in before for cell in about["cells"])
    then = sum(before[cell] for cell in about["cells"]) if known else None
    number = next((int(n) for n in match.groupdict().values() if n), None)
    kept = {
        "at_least": number is not None and now >= number,
        "zero": now == 0 and then is not None and then > 0,
        "fewer": then is not None and now < then,
        "more": then is not None and now > then,
        "some": now > 0,
    }[about["kept"]]
    return Told(" + ".join(about["cells"]), then, now, kept)
