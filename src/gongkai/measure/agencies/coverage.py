"""Which reports are held: agency × year, each with its evidence, and what is missing of a list.

A fifth of these documents disappears within two years. A comparison of years that rests on different agencies
compares agencies.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gongkai.errors import MeasureError, SchemaError
from gongkai.measure.agencies.series import series_name
from gongkai.measure.inference.intervals import wilson
from gongkai.report.places import split_divisions
from gongkai.store.progress import progress
from gongkai.tables.columns import as_columns, refuse_lacking
from gongkai.tables.schema import Problems, Reports, Table, records

DEADLINES = {2008: "-03-31", 2019: "-01-31"}
"""When reports of a year are due in the next, from which year on: by 31 March under the regulation of 2008
(article 31), by 31 January under that of 2019 (article 50)."""
_ABOUT = ["level", "region_code", "published", "source_path"]
_COLUMNS = ["agency", "level", "province", "region_code", "year", "status", "reports", "published", "late",
            "evidence", "note"]  # fmt: skip


def coverage(
    reports: Reports,
    problems: Problems | None = None,
    *,
    expect: Table | None = None,
    years: Sequence[int] | None = None,
) -> Table:
    """Say for each agency and year whether its report is held, late, held twice, unreadable or missing.

    Args:
        reports: `reports` rows; files that hold the same report (`same_as`) count once.
        problems: `problems` rows: a file that could not be read and whose path names agency and year makes
            it `unreadable` instead of `missing`.
        expect: Agencies that ought to be there: column `agency`, and if you have them `level, region_code,
            first, last` (years between which it existed). Without it the agencies held are expected in all
            years.
        years: Years expected; by default from the first to the last held.

    Returns:
        One row per agency and year: `agency, level, province, region_code, year, status` (the first that
        applies of `twice`: several different reports; `late`: published after it was due, `DEADLINES`;
        `held`; `unreadable`; `missing`)`, reports` (how many)`, published` (dates)`, late` (true, false, null
        without a date)`, evidence` (source paths, or the problem)`, note` (a name of `expect` that matches
        no agency or several; dates that contradict; a report that was not expected). Reports without agency
        or year stand at the end with null there.

    Raises:
        SchemaError: A column is missing.
        MeasureError: No agency and no year to expect.
    """
    needed = ("report_id", "agency", "level", "region_code", "year", "published", "source_path")
    refuse_lacking("reports", reports, needed)
    if expect is not None and "agency" not in expect.columns:
        raise SchemaError(
            f"expected agencies lack the column agency; have {', '.join(map(str, expect.columns))}"
        )
    kept = reports[reports["same_as"].isna()] if "same_as" in reports.columns else reports
    known = kept[kept["agency"].notna() & kept["year"].notna()]
    span = _span(years, known["year"])
    wanted = _expected(known, expect)
    if not span or not wanted:
        raise MeasureError(
            "no agency or no year to expect: give agencies and years, or reports that name theirs"
        )
    failed = _failed(problems)
    groups: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for one in records(known[["agency", "year", *_ABOUT]].sort_values(["agency", "year"], kind="stable")):
        groups.setdefault((str(one["agency"]), int(one["year"])), []).append(one)
    rows: list[list[object]] = []
    used: set[tuple[str, int]] = set()
    for about in progress(wanted, "looking for reports"):
        names = about.pop("names")
        for year in (year for year in span if about["first"] <= year <= about["last"]):
            held = [one for name in names for one in groups.get((name, year), ())]
            used |= {(name, year) for name in names}
            rows.append(_row(about, year, _status(held, str(about["agency"]), year, failed), about["note"]))
    strange = "not expected" if expect is not None else "outside the years asked for"
    for (name, year), part in groups.items():
        if (name, year) not in used:
            rows.append(_row(_place(part[0], name), year, _status(part, name, year, failed), strange))
    lost = kept[kept["agency"].isna() | kept["year"].isna()]
    rows += [_unplaced(one) for one in records(lost[["agency", "year", *_ABOUT]])]
    table = pd.DataFrame(rows, columns=_COLUMNS)
    return table.assign(year=table["year"].astype("Int32"), late=table["late"].astype("boolean"))


def _row(place: Mapping[str, Any], year: int | None, status: Mapping[str, Any], note: str) -> list[object]:
    said = "; ".join(filter(None, [note, status.get("note")]))
    found = {**place, "year": year, **status, "note": said}
    return [found[column] for column in _COLUMNS]


def _unplaced(report: Mapping[Any, Any]) -> list[object]:
    """Return the row of a report without agency or year."""
    lacking = [c for c in ("agency", "year") if pd.isna(report[c])]
    status = {"status": "held", "reports": 1, "published": report["published"] or "", "late": None,
              "evidence": str(report["source_path"])}  # fmt: skip
    year = None if pd.isna(report["year"]) else int(report["year"])
    name = None if pd.isna(report["agency"]) else str(report["agency"])
    return _row(_place(report, name), year, status, f"{' and '.join(lacking)} not found: counts nowhere")


def _span(years: Sequence[int] | None, held: pd.Series[int]) -> list[int]:
    if isinstance(years, str):
        raise MeasureError(f"years {years!r}: expected whole numbers, e.g. range(2019, 2025)")
    if years is None:
        return [] if held.empty else list(range(int(held.min()), int(held.max()) + 1))
    return sorted({int(y) for y in years})


def _province(code: object) -> str | None:
    return f"{code[:2]}0000" if isinstance(code, str) and len(code) >= 2 else None


def _place(row: Mapping[Any, Any], name: str | None) -> dict[str, Any]:
    code = None if pd.isna(row["region_code"]) else row["region_code"]
    level = None if pd.isna(row["level"]) else row["level"]
    return {"agency": name, "level": level, "province": _province(code), "region_code": code}


def _expected(known: Reports, expect: Table | None) -> list[dict[str, Any]]:
    """Return the agencies to look for, each with the names under which reports of it are held."""
    latest = known[["agency", *_ABOUT]].drop_duplicates("agency", keep="last").sort_values("agency")
    of_name = {str(row["agency"]): row for row in records(latest)}
    if expect is None:
        return [
            _place(row, name) | {"names": [name], "first": -9999, "last": 9999, "note": ""}
            for name, row in of_name.items()
        ]
    listed = expect["agency"].astype(str).str.replace(r"\s", "", regex=True).value_counts()
    wanted: list[dict[str, Any]] = []
    seen: set[str] = set()
    for row in expect.to_dict("records"):
        name = "" if pd.isna(row["agency"]) else re.sub(r"\s", "", str(row["agency"]))
        if not name or name in seen:
            continue
        seen.add(name)
        names, note = _match(name, list(of_name))
        if listed[name] > 1:
            note = "; ".join(filter(None, [note, f"listed {listed[name]} times: the first row counts"]))
        given = {c: v for c in ("region_code", "level") if pd.notna(v := row.get(c)) and v != ""}
        if "region_code" in given:
            given["region_code"] = str(given["region_code"]).removesuffix(".0")
        held = of_name[names[0]] if names else {"region_code": None, "level": None}
        place = _place({**held, **given}, name)
        first, last = _between(row, name)
        wanted.append(place | {"names": names, "first": first, "last": last, "note": note})
    return wanted


def _between(row: Mapping[Any, Any], name: str) -> tuple[int, int]:
    """Return the years from and to which an agency is expected."""
    try:
        first, last = (
            default if pd.isna(row.get(c, np.nan)) else int(row[c])
            for c, default in (("first", -9999), ("last", 9999))
        )
    except ValueError as error:
        said = f"first {row.get('first')}, last {row.get('last')}"
        raise SchemaError(f"expected agencies: {name}: {said}: not years") from error
    if first > last:
        raise SchemaError(f"expected agencies: {name}: first {first} is after last {last}")
    return first, last


@functools.lru_cache(maxsize=100_000)
def _divisions(name: str) -> tuple[str, ...]:
    return tuple(split_divisions(name))


def _match(name: str, held: list[str]) -> tuple[list[str], str]:
    """Find the agency held that a list calls `name`: the same name, or the same behind further divisions."""
    if name in held:
        return [name], ""
    divisions = list(_divisions(name))
    tail = name.removeprefix("".join(divisions))
    place = divisions[-1:] if divisions else []
    like = [h for h in held if h.endswith(name) or name.endswith(h)]
    like = like or [
        h
        for h in held
        if (d := _divisions(h)) and d[-1:] == tuple(place) and h.removeprefix("".join(d)) == tail
    ]
    if len(like) == 1:
        return like, f"held as {like[0]}"
    if not like:
        return [], "no report of an agency of this name"
    return [], f"name matches several: {', '.join(sorted(like))}"


def _failed(problems: Problems | None) -> list[tuple[str, str]]:
    if problems is None:
        return []
    lost = problems[(problems["severity"] == "error") & problems["report_id"].isna()]
    return list(zip(lost["source_path"].astype(str), lost["message"].astype(str), strict=True))


def _status(
    held: Sequence[Mapping[str, Any]], agency: str, year: int, failed: Iterable[tuple[str, str]]
) -> dict[str, Any]:
    if not held:
        short = agency.removeprefix("".join(_divisions(agency)[:-1]))
        lost = [f"{path}: {said}" for path, said in failed if short in path and str(year) in path]
        return {"status": "unreadable" if lost else "missing", "reports": 0, "published": "", "late": None,
                "evidence": "; ".join(lost[:3])}  # fmt: skip
    dates = sorted({str(one["published"]) for one in held if pd.notna(one["published"])})
    # Of several, the first decides: the obligation was met when one of them stood.
    due = DEADLINES[max((since for since in DEADLINES if since <= year), default=min(DEADLINES))]
    late = dates[0][:10] > f"{year + 1}{due}" if dates else None
    found: dict[str, Any] = {
        "reports": len(held),
        "published": "; ".join(dates),
        "late": late,
        "evidence": "; ".join(str(one["source_path"]) for one in held),
        "status": "twice" if len(held) > 1 else "late" if late else "held",
    }
    if dates and dates[0][:7] < f"{year}-12":
        note = f"published {dates[0]}, before the year {year} that it reports on was over"
        found |= {"note": note, "late": None, "status": "twice" if len(held) > 1 else "held"}
    return found


def coverage_shares(found: Table, *, by: Sequence[str] = ("year",), level: float = 0.95) -> Table:
    """Return the share of reports missing, and of those held late, in each group.

    Args:
        found: What `coverage` gave; rows without agency or year, or not expected, count in none.
        by: Columns that define a group: `year`, `level`, `province`.
        level: Coverage of Wilson's intervals, in (0, 1).

    Returns:
        One row per group: the columns of `by`, `expected, missing, share, low, high` (missing or
        unreadable)`, dated, late, late_share` (of those held whose date is known).

    Raises:
        SchemaError: A column is missing.
    """
    by = as_columns(by)
    refuse_lacking("rows of coverage", found, (*by, "agency", "year", "note", "status", "late"))
    counted = found[
        found["agency"].notna() & found["year"].notna() & ~found["note"].str.startswith("not expected")
    ]
    rows = []
    for key, part in counted.groupby(by, dropna=False, sort=True):
        gone = int(part["status"].isin(["missing", "unreadable"]).sum())
        low, high = wilson(gone / len(part), len(part), level)
        dated, late = int(part["late"].notna().sum()), int(part["late"].fillna(False).sum())
        rows.append(
            dict(zip(by, key, strict=True))
            | {"expected": len(part), "missing": gone, "share": gone / len(part),
               "low": low, "high": high,
               "dated": dated, "late": late, "late_share": late / dated if dated else None}
        )  # fmt: skip
    columns = [*by, "expected", "missing", "share", "low", "high", "dated", "late", "late_share"]
    return pd.DataFrame(rows, columns=columns)


def uneven_years(agencies: Table) -> list[str]:
    """Say of which successive years a comparison would rest on different agencies; renamed ones are the same.

    Args:
        agencies: Rows with `agency` and `year`, one or more per report held.

    Returns:
        One line per pair of successive years held whose agencies differ; empty where all are the same.
    """
    known = agencies[agencies["agency"].notna() & agencies["year"].notna()]
    of_year = {
        int(y): set(map(series_name, known.loc[known["year"] == y, "agency"].unique()))
        for y in sorted(set(known["year"]))
    }
    lines = []
    for first, second in itertools.pairwise(of_year):
        a, b = of_year[first], of_year[second]
        if a != b:
            lines.append(
                f"{first} and {second} rest on different agencies: {len(a & b)} in both, "
                f"{len(a - b)} only in {first}, {len(b - a)} only in {second}"
            )
    return lines
