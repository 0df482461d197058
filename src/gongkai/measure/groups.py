"""Groups of reports: by their own columns, province and city by their code, the user's columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from gongkai.report.places import region_of

if TYPE_CHECKING:
    from gongkai.tables.schema import Table


def place_names(codes: Table) -> Table:
    """Return the distinct rows `region_code, year` with the names of `province` and `city`.

    Null where the code is none of the table of divisions in that year, and the city of a province, of a
    municipality's districts and of what a province holds directly.

    >>> place_names(pd.DataFrame({"region_code": ["320106"], "year": [2021]}))[["province", "city"]].values
    array([['江苏省', '南京市']], dtype=object)
    """
    distinct = codes[["region_code", "year"]].drop_duplicates()
    named = []
    for code, year in zip(distinct["region_code"], distinct["year"], strict=True):
        found = region_of(str(code), None if pd.isna(year) else int(year)) if isinstance(code, str) else None
        own = {"province": "", "city": ""} | ({found.level: found.name} if found else {})
        places = (found.province or own["province"], found.city or own["city"]) if found else ("", "")
        named.append([place or None for place in places])
    return distinct.assign(
        province=pd.Series([p for p, _ in named], distinct.index, dtype=object),
        city=pd.Series([c for _, c in named], distinct.index, dtype=object),
    )
