"""A government and its departments, a city and its counties: rates above and below, side by side.

Nothing is demanded to add up: a parent's report may count its own office or its whole system, and no corpus
holds all children.
"""

from __future__ import annotations

import pandas as pd

from gongkai.tables.columns import refuse_lacking
from gongkai.tables.schema import Table

_RATES = ("report_id", "agency", "year", "indicator", "top", "bottom", "value", "low", "high", "reason")
_COLUMNS = ["parent", "year", "indicator", "value", "low", "high", "top", "bottom", "scope", "children",
            "with_value", "children_value", "lowest", "median", "highest", "children_top", "children_bottom",
            "note"]  # fmt: skip


def systems(found: Table, ids: Table, reports: Table) -> Table:
    """Set each parent's rates beside those of the agencies below it that are held for the year.

    Args:
        found: What `rates` gave.
        ids: What `series` gave for the same reports: `report_id, parent`.
        reports: `reports` rows, for `scope`.

    Returns:
        One row per parent with at least one child held, year and indicator: the parent's `value, low, high,
        top, bottom` (null where it has none) and `scope` (`own` office or `whole` system, null where it does
        not say); of its `children` (reports held) `with_value`, `children_value` (their cases together),
        `lowest, median, highest` of their rates, `children_top, children_bottom`; `note` where the parent's
        number may hold its children's. No difference is tested: the two are not drawn from one population.

    Raises:
        SchemaError: A column is missing.
    """
    refuse_lacking("rates", found, _RATES)
    refuse_lacking("series", ids, ("report_id", "parent"))
    refuse_lacking("reports", reports, ("report_id", "scope"))
    below = found.merge(ids[["report_id", "parent"]], on="report_id").dropna(subset=["parent", "year"])
    key_columns = ["agency", "year", "indicator"]
    above = found.merge(reports[["report_id", "scope"]], on="report_id").dropna(subset=key_columns)
    above = above.set_index(key_columns).sort_index()
    rows = []
    for (parent, year, indicator), part in below.groupby(["parent", "year", "indicator"], sort=True):
        key = (parent, year, indicator)
        # Of two reports of a parent and year none is taken: which holds the figures is not known.
        own = above.loc[[key]] if key in above.index else above.head(0)
        known = part[part["value"].notna()]
        cases = known["bottom"].sum()
        about = own.iloc[0].to_dict() if len(own) == 1 else {}
        whole = about.get("scope") != "own"
        rows.append(
            {"parent": parent, "year": year, "indicator": indicator}
            | {c: about.get(c) for c in ("value", "low", "high", "top", "bottom", "scope")}
            | {
                "children": len(part),
                "with_value": len(known),
                "children_value": known["top"].sum() / cases if cases else None,
                "lowest": known["value"].min(),
                "median": known["value"].median(),
                "highest": known["value"].max(),
                "children_top": known["top"].sum(),
                "children_bottom": cases,
                "note": "the parent's number may hold its children's" if about and whole else "",
            }
        )
    return pd.DataFrame(rows, columns=_COLUMNS)
