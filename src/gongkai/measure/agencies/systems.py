"""A government and its departments, a city and its counties: rates above and below, side by side.

Nothing is demanded to add up: a parent's report may count its own office or its whole system, and no corpus
holds all children.
"""

from __future__ import annotations

import numpy as np

from gongkai.tables.columns import refuse_lacking
from gongkai.tables.schema import Table

NEEDED = ("report_id", "agency", "year", "indicator", "top", "bottom", "value", "low", "high", "reason")
_OF_PARENT = ["value", "low", "high", "top", "bottom"]
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
    refuse_lacking("rates", found, NEEDED)
    refuse_lacking("series", ids, ("report_id", "parent"))
    refuse_lacking("reports", reports, ("report_id", "scope"))
    keys = ["parent", "year", "indicator"]
    own = found[["agency", "year", "indicator", *_OF_PARENT]].rename(columns={"agency": "parent"})
    scopes = reports.drop_duplicates("report_id").set_index("report_id")["scope"]
    own = own.assign(scope=found["report_id"].map(scopes))
    # Of two reports of a parent and year none is taken: which holds the figures is not known.
    own = own.dropna(subset=keys).drop_duplicates(keys, keep=False)
    below = found[["year", "indicator", "top", "bottom", "value"]]
    parents = ids.drop_duplicates("report_id").set_index("report_id")["parent"]
    below = below.assign(parent=found["report_id"].map(parents))
    below = below.dropna(subset=["parent", "year"])
    known = below[below["value"].notna()].groupby(keys)
    of_children = known.agg(
        with_value=("value", "size"), lowest=("value", "min"), median=("value", "median"),
        highest=("value", "max"), children_top=("top", "sum"), children_bottom=("bottom", "sum"),
    )  # fmt: skip
    table = below.groupby(keys, sort=True).size().rename("children").reset_index()
    table = table.merge(of_children.reset_index(), on=keys, how="left")
    table = table.merge(own, on=keys, how="left", indicator="held")
    counts = ["with_value", "children_top", "children_bottom"]
    table[counts] = table[counts].fillna(0)
    cases = table["children_bottom"]
    whole = (table["held"] == "both") & (table["scope"] != "own")
    return table.assign(
        with_value=table["with_value"].astype(int),
        children_value=table["children_top"] / cases.where(cases > 0),
        note=np.where(whole, "the parent's number may hold its children's", ""),
    )[_COLUMNS]
