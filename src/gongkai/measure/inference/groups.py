"""Groups of reports: by their own columns, province and city by their code, columns of the user's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from gongkai.errors import SchemaError
from gongkai.report.places import region_of
from gongkai.tables.columns import as_columns
from gongkai.tables.schema import SCHEMAS, Measures, Table, frame_of

PLACES = ("province", "city")
KEYS = ("report_id", "series_id", "agency", "region_code", "city", "province")
"""By what a user's table can be joined, the narrowest first; with `year` where it has that too."""


def groups_by(by: str | Sequence[str] | None) -> list[str]:
    """Return the columns that define the groups of `measures`.

    Raises:
        SchemaError: One is a column that every row of `measures` has.
    """
    columns = as_columns(by)
    if taken := [c for c in columns if c in SCHEMAS["measures"].names]:
        raise SchemaError(f"by: {', '.join(taken)} stands in the measures already; rename the column")
    return columns


def measured(by: Sequence[str], rows: Sequence[Mapping[str, object]]) -> Measures:
    """Return rows as `measures`, the columns that define their group in front."""
    keys = pd.DataFrame([{c: row[c] for c in by} for row in rows], columns=list(by))
    return pd.concat([keys, frame_of("measures", rows)], axis=1)


def with_places(reports: Table) -> Table:
    """Return reports (or anything with `region_code` and `year`) with the names of `province` and `city`.

    Null where the code is none of the table of divisions in that year, and the city of a province, of a
    municipality's districts and of what a province holds directly.

    >>> with_places(pd.DataFrame({"region_code": ["320106"], "year": [2021]}))[["province", "city"]].values
    array([['江苏省', '南京市']], dtype=object)
    """
    known: dict[tuple[object, object], tuple[str | None, str | None]] = {}
    pairs = list(zip(reports["region_code"].tolist(), reports["year"].tolist(), strict=True))
    for code, year in pairs:
        if isinstance(code, str) and (code, year) not in known:
            found = region_of(code, None if pd.isna(year) else int(year))
            own = {found.level: found.name} if found else {}
            places = (found.province or own.get("province"), found.city or own.get("city")) if found else ()
            known[code, year] = (places[0] or None, places[1] or None) if places else (None, None)
    columns = zip(*(known.get(pair, (None, None)) for pair in pairs), strict=True) if pairs else ((), ())
    return reports.assign(
        **{
            name: pd.Series(column, reports.index, dtype=object)
            for name, column in zip(PLACES, columns, strict=True)
        }
    )


def with_covariates(reports: Table, covariates: Table) -> tuple[Table, Table]:
    """Join the user's columns to reports.

    Args:
        reports: One row per report (or per agency and year).
        covariates: A column of `KEYS`, the first it has being the key, `year` if it varies by year, and
            columns of any name; one that the reports have too gets `_own` behind it.

    Returns:
        The reports in their order with the columns, null where no row fits; and the rows of the covariates
        that fit no report.

    Raises:
        SchemaError: There is no key, or two rows have the same.
    """
    place = next((c for c in KEYS if c in covariates.columns), None)
    if place is None:
        have = ", ".join(map(str, covariates.columns))
        raise SchemaError(f"covariates need one of {', '.join(KEYS)} to be joined by; have {have}")
    if place in PLACES and place not in reports.columns:
        reports = with_places(reports)
    if place not in reports.columns:
        raise SchemaError(
            f"covariates are by {place}, which the reports lack; have {', '.join(reports.columns)}"
        )
    key = [place, *(["year"] if "year" in covariates.columns and place != "report_id" else [])]
    own = _as_key(covariates, key).dropna(subset="_key")
    if (twice := own.duplicated("_key", keep=False)).any():
        named = own.loc[twice, key].drop_duplicates()
        shown = "; ".join(" ".join(map(str, row)) for row in named.head(5).itertuples(index=False))
        raise SchemaError(
            f"covariates have several rows for one {' and '.join(key)}, {len(named)} times: {shown}; keep one"
        )
    rest = [c for c in own.columns if c not in (*key, "_key")]
    names = {c: str(c) if c not in reports.columns else f"{c}_own" for c in rest}
    base = _as_key(reports, key)
    joined = base.merge(own[["_key", *rest]].rename(columns=names), on="_key", how="left")
    joined.index = reports.index
    fits = own["_key"].isin(base["_key"]).reindex(covariates.index, fill_value=False)
    return joined.drop(columns="_key"), covariates[~fits]


def _as_key(frame: Table, key: Sequence[str]) -> Table:
    """Add `_key`: place as text, year as a whole number; missing where one of them is."""
    texts = frame[key[0]].map(lambda v: str(int(v)) if isinstance(v, float) and v.is_integer() else str(v))
    known = frame[key[0]].notna()
    if len(key) > 1:
        years = pd.to_numeric(frame[key[1]], errors="coerce")
        known &= years.notna()
        texts = texts + "\0" + years.fillna(0).astype(int).astype(str)
    return frame.assign(_key=texts.astype(object).where(known, None))
