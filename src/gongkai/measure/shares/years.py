"""Years: the trend within agencies, the break where the form changed, who reports apart from how they write.

- Trend: the outcome of each sentence on its year with a fixed effect for each agency (the within estimator);
  variance CR2 and Satterthwaite's degrees of freedom, in which absorbed effects cost nothing because they are
  nested in the clusters (Pustejovsky & Tipton 2018). Where the years lie on both sides of the new form of
  2021, also the trend within forms and the break: year and form together, each partialled out of the other.
- Composition: the difference of two years as change within the agencies that report in both, shift of
  sentences between these, agencies that came and agencies that left (Melitz & Polanec 2015, of Foster,
  Haltiwanger & Krizan 2001).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gongkai.errors import MeasureError
from gongkai.measure.inference.intervals import NAN, symmetric_interval
from gongkai.measure.inference.scores import STEP
from gongkai.measure.shares.outcomes import as_sums
from gongkai.tables.columns import refuse_lacking
from gongkai.tables.schema import Table

if TYPE_CHECKING:
    Vector = np.ndarray[Any, np.dtype[Any]]

NEW_FORM = 2021
"""Reports of this year on follow the form of 国办公开办函〔2021〕30号."""
BREAK = "the form of reports changed in 2021, between the groups"
PARTS = ("total", "within", "between", "came", "left")


def form_break(first: Table, second: Table) -> str:
    """Return what to note where the new form of 2021 lies between two groups, else nothing.

    Args:
        first: Outcomes of one group; see `as_sums`.
        second: Of the other. The form lies between them where their shares of sentences from 2021 on differ
            by more than one half.
    """
    shares = []
    for part in (first, second):
        year, size = part["year"].astype(float).to_numpy(), part["sentences"].to_numpy(float)
        total = float(size[~np.isnan(year)].sum())
        shares.append(float(size[year >= NEW_FORM].sum()) / total if total else NAN)
    return BREAK if abs(shares[0] - shares[1]) > 0.5 else ""


def trend(outcomes: Table, *, cluster: str = "agency", level: float = 0.95) -> Table:
    """Estimate how far a share moves in a year within agencies, and how far it jumped with the form of 2021.

    Args:
        outcomes: See `compare`; with `year` and `agency`.
        cluster: What counts as one draw, `agency` or a column that agencies are nested in.
        level: Coverage of the interval, in (0, 1).

    Returns:
        One row per label and quantity: `label, quantity, value, low, high, p_value, n, clusters, note`.
        `trend` is the change of the share in one year; where years lie on both sides of 2021 also
        `trend_within_forms`, the same with the form held fixed, and `break_2021`, the jump beside it. Null,
        with a note, with fewer than three clusters of several years.

    Raises:
        SchemaError: A column is missing.
        MeasureError: No agency has reports of two years.
    """
    refuse_lacking("outcomes", outcomes, ("label", "outcome", "year", "agency", cluster))
    known = as_sums(outcomes[outcomes["year"].notna() & outcomes["agency"].notna()])
    if known.empty:
        raise MeasureError(
            "no sentence of a report whose agency and year are known: no trend within agencies"
        )
    rows = []
    for label, part in known.groupby("label", sort=True):
        agency = pd.factorize(part["agency"])[0]
        group = pd.factorize(part[cluster].astype(object).fillna(""))[0]
        year = part["year"].to_numpy(float)
        size = part["sentences"].to_numpy(float)
        mean = part["outcome"].to_numpy(float) / size
        y, x, new = (_within(v, agency, size) for v in (mean, year, year >= NEW_FORM))
        if not (np.abs(x) > 1e-9).any():
            raise MeasureError("no agency has reports of two years: no trend within agencies")
        wanted: dict[str, tuple[Vector, list[Vector]]] = {"trend": (x, [])}
        if ((new @ new) * (x @ x) - (new @ x) ** 2) > 1e-9 * (new @ new + 1) * (x @ x):
            wanted |= {"trend_within_forms": (x, [new]), "break_2021": (new, [x])}
        note = BREAK if len(wanted) == 1 and (np.abs(new) > 0).any() else ""
        for quantity, (regressor, others) in wanted.items():
            found = _slope(y, regressor, others, group, level)
            about = {"label": label, "quantity": quantity, "n": int(size.sum())}
            rows.append(about | found | {"note": found["note"] or note or None})
    columns = ["label", "quantity", "value", "low", "high", "p_value", "n", "clusters", "note"]
    return pd.DataFrame(rows)[columns]


def _within(values: Vector, agency: Vector, size: Vector) -> Vector:
    """Return deviations from each agency's mean, times √size: so a row weighs as much as its sentences."""
    means = np.bincount(agency, size * values) / np.bincount(agency, size)
    centred: Vector = (values - means[agency]) * np.sqrt(size)
    return centred


def _slope(y: Vector, x: Vector, others: list[Vector], group: Vector, level: float) -> dict[str, Any]:
    """Return the coefficient of x beside others, all centred within agencies, with its interval."""
    every = np.stack([x, *others], axis=1)
    coefficients = np.linalg.lstsq(every, y, rcond=None)[0]
    residual = y - every @ coefficients
    if others:
        other = np.stack(others, axis=1)
        x = x - other @ np.linalg.lstsq(other, x, rcond=None)[0]
    square = float(x @ x)
    sums, sizes = np.bincount(group, x * residual) / square, np.bincount(group, x**2)
    inside = sizes > 1e-9
    return _interval(float(coefficients[0]), sums[inside], sizes[inside], level)


def _interval(value: float, sums: Vector, sizes: Vector, level: float) -> dict[str, Any]:
    """Return the columns of a value with its interval."""
    found, p_value = symmetric_interval(value, sums, sizes, level)
    about = {"value": value, "low": found.low, "high": found.high, "p_value": p_value}
    return about | {"clusters": len(sums), "note": found.note}


def composition(outcomes: Table, first: int, second: int, *, level: float = 0.95) -> Table:
    """Take the difference of two years apart: how agencies write, and who reports.

    Args:
        outcomes: See `compare`; with `year` and `agency`.
        first: The earlier year.
        second: The later one.
        level: Coverage of the intervals, in (0, 1).

    Returns:
        One row per label and part: `label, part, value, low, high, p_value, clusters, note`. `total` is the
        difference of the shares of all sentences, the sum of the others: `within`, what the agencies that
        report in both years changed, at their mean number of sentences; `between`, that some of them wrote
        more and others less; `came` and `left`, that agencies of one year only differ from those.

    Raises:
        SchemaError: A column is missing.
        MeasureError: A year has no sentence, or no agency reports in both.
    """
    refuse_lacking("outcomes", outcomes, ("label", "outcome", "year", "agency"))
    rows = []
    for label, part in as_sums(outcomes).groupby("label", sort=True):
        index, names = pd.factorize(part["agency"].astype(object).where(part["agency"].notna(), ""))
        sums = np.zeros((len(names), 4))
        for k, year in enumerate((first, second)):
            at = (part["year"] == year).to_numpy(bool)
            if not at.any():
                raise MeasureError(f"no sentence of {year}")
            sums[:, 2 * k] = np.bincount(index[at], part["outcome"].to_numpy(float)[at], len(names))
            sums[:, 2 * k + 1] = np.bincount(index[at], part["sentences"].to_numpy(float)[at], len(names))
        sums = sums[(sums[:, 1] > 0) | (sums[:, 3] > 0)]
        both = (sums[:, 1] > 0) & (sums[:, 3] > 0)
        if not both.any():
            raise MeasureError(f"no agency reports in {first} and in {second}")
        values = _parts(np.ones(len(sums)), sums)
        adds = np.zeros((len(sums), len(PARTS)))
        for k in range(len(sums)):
            ends = []
            for sign in (1, -1):
                weights = np.ones(len(sums))
                weights[k] += sign * STEP
                ends.append(_parts(weights, sums))
            adds[k] = (ends[0] - ends[1]) / (2 * STEP)
        note = BREAK if min(first, second) < NEW_FORM <= max(first, second) else ""
        for j, name in enumerate(PARTS):
            found = _interval(
                float(values[j]), adds[:, j] - adds[:, j].mean(), sums[:, 1] + sums[:, 3], level
            )
            rows.append({"label": label, "part": name} | found | {"note": found["note"] or note or None})
    return pd.DataFrame(rows)[["label", "part", "value", "low", "high", "p_value", "clusters", "note"]]


def _parts(weights: Vector, sums: Vector) -> Vector:
    """Return the parts of the difference; `sums` holds outcome and sentences of either year per agency."""
    top_1, n_1, top_2, n_2 = (weights * column for column in sums.T)
    both = (sums[:, 1] > 0) & (sums[:, 3] > 0)
    share_1, share_2 = n_1[both] / n_1[both].sum(), n_2[both] / n_2[both].sum()
    own_1, own_2 = sums[both, 0] / sums[both, 1], sums[both, 2] / sums[both, 3]
    within = float((share_1 + share_2) / 2 @ (own_2 - own_1))
    between = float((share_2 - share_1) @ (own_1 + own_2) / 2)
    stay_1, stay_2 = float(share_1 @ own_1), float(share_2 @ own_2)
    all_1, all_2 = float(top_1.sum() / n_1.sum()), float(top_2.sum() / n_2.sum())
    return np.array([all_2 - all_1, within, between, all_2 - stay_2, stay_1 - all_1])
