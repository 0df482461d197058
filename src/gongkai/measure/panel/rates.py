"""Rates from the statutory cells, each with the interval that its few cases allow.

The indicators are data (`corpus/lexicon/indicators.toml`). Most agencies handle few requests and close fewer
reviews: a rate without an interval says little, and none is given here.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gongkai.errors import MeasureError, SchemaError, refuse_other
from gongkai.form.aligned.annex_form import annex_data
from gongkai.form.form import APPLICANTS, CANNOT_PROVIDE, NOT_PROCESSED, OTHER_HANDLING, REFUSED, RESULTS
from gongkai.measure.inference.groups import KEYS, with_covariates
from gongkai.measure.inference.intervals import upper, wilson
from gongkai.store.progress import progress
from gongkai.tables.columns import refuse_lacking
from gongkai.tables.query import table_parts
from gongkai.tables.schema import Checks, Reports, Statistics, Table
from gongkai.text.lexicon import table

if TYPE_CHECKING:
    Vector = np.ndarray[Any, np.dtype[Any]]

Method = Literal["jeffreys", "wilson"]
ANNEX = "2014"
"""The form of the annex of 2014–2018."""
FEWEST = 5
"""Agencies of a year with cases below which their rates are not pooled."""
_GROUPS = {
    "@refused": REFUSED, "@cannot_provide": CANNOT_PROVIDE, "@not_processed": NOT_PROCESSED,
    "@applicants": APPLICANTS,
}  # fmt: skip
_SUMS = ("requests.handled", "requests.balance", "disputes.total", "annex.sum")
"""Rules that fix a blank cell of the total column: a row of blanks that sums to a blank says nothing."""
_CELLS = ("report_id", "table", "row", "column", "value")
_ORDER = ["agency", "year", "report_id"]
AT_A_TIME = 2_000
"""Reports whose rows are made at a time."""
_ABOUT = ("report_id", "agency", "region_code", "level", "kind", "year", "form")


@dataclass(frozen=True, slots=True)
class Indicator:
    """One rate: its names, the cells above and below the line, and where it is defined."""

    key: str
    zh: str
    en: str
    kind: str
    top: tuple[str, ...]
    bottom: tuple[str, ...]
    forms: tuple[str, ...]
    direction: str
    break_zh: str = ""
    break_en: str = ""
    before: tuple[tuple[str, ...], tuple[str, ...]] | None = None
    """Top and bottom in the annex of 2014; None where it counts nothing like it."""
    before_zh: str = ""
    before_en: str = ""
    per: float = 1
    unit: str = ""
    own: Mapping[str, tuple[float, str, str]] = field(default_factory=dict, hash=False)

    def cells(self, form: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return its cells in a form, top and bottom."""
        return self.before if form == ANNEX and self.before else (self.top, self.bottom)

    @functools.cache  # noqa: B019 -- the indicators are few, and live as long as the process
    def rules(self, form: str | None = None) -> tuple[str, ...]:
        """Return the rules of `checks` in which a cell of it stands."""
        return tuple(sorted({rule for part in self.cells(form) for cell in part for rule in _rules_of(cell)}))


@functools.cache
def _rules_of(cell: str) -> tuple[str, ...]:
    table, row, column = cell.split(".")
    if table == "disputes":
        return (f"disputes.total:{row}",)
    if table == "annex":
        sums = annex_data()["sums"][ANNEX]
        return tuple(f"annex.sum:{whole}" for whole, parts in sums.items() if row in (whole, *parts))
    if table != "requests":
        return ()
    found = [f"requests.row:{row}"]
    if row in (*RESULTS, *OTHER_HANDLING, "other_handling", "total_handled"):
        found.append(f"requests.handled:{column}")
    if row in ("new_requests", "carried_in", "carried_out", "total_handled"):
        found.append(f"requests.balance:{column}")
    return tuple(found)


@functools.cache
def indicators() -> tuple[Indicator, ...]:
    """Return the indicators of `indicators.toml`, those by ground or applicant one by one."""
    found = []
    for key, written in table("indicators").items():
        about = dict(written)
        each = about.pop("each", False)
        top = tuple(cell for pattern in about.pop("top") for cell in _expand(pattern))
        if before := about.pop("before", None):
            about["before"] = (tuple(before["top"]), tuple(before["bottom"]))
        common: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in about.items()}
        if not each:
            found.append(Indicator(key, top=top, **common))
        for cell in top if each else ():
            _, row, column = cell.split(".")
            found.append(Indicator(f"{key}:{column if column != 'total' else row}", top=(cell,), **common))
    return tuple(found)


def _expand(pattern: str) -> list[str]:
    group = next((name for name in _GROUPS if name in pattern), None)
    return [pattern] if group is None else [pattern.replace(group, row) for row in _GROUPS[group]]


def rates(
    reports: Reports,
    statistics: Statistics | str | Path,
    checks: Checks | str | Path | None = None,
    *,
    covariates: Table | None = None,
    per: Sequence[str] | None = None,
    strict: bool = False,
    method: Method = "jeffreys",
    level: float = 0.95,
    only: Collection[str] | None = None,
) -> Table:
    """Compute the rates that people publish from the statutory cells, with intervals.

    A share of n cases gets Jeffreys' interval (Beta(k + ½, n − k + ½), its ends at k = 0 and k = n drawn to 0
    and 1) or Wilson's (Brown, Cai & DasGupta 2001); events per case or per unit the exact one of a
    Poisson rate (Garwood 1936). `pooled` is the posterior mean under a beta prior fitted to all agencies of
    the year by maximum marginal likelihood: rates of few cases are drawn to the mean of the year, those of
    many stay (empirical Bayes; the prior is taken as known, so its interval is a little short).

    A blank cell is no zero: it is read as zero only where the sum that it stands in holds (`note` says so).

    Args:
        reports: `reports` rows; one that another stands for (`same_as`) is left out.
        statistics: `statistics` rows, or a tables folder.
        checks: `checks` rows, or a tables folder; which rules are broken and which hold.
        covariates: Your columns, as in `with_covariates`.
        per: Columns of `covariates` to divide new requests by, e.g. `["residents", "staff"]`; unless given
            `residents` (per 10,000) where there is one. A number given by region_code is its government's.
        strict: Null where a rule that the rate rests on is broken.
        method: Of the interval of a share: `jeffreys` or `wilson`.
        level: Coverage of the intervals, in (0, 1).
        only: Keys of the indicators wanted; all unless given.

    Returns:
        One row per report and indicator: the report's `report_id, agency, region_code, level, kind, year,
        form`, then `indicator, zh, en, unit` (share, ratio, yuan, per …)`, direction` (up: more
        openness; down; none)`, top, bottom` (the counts)`, value, low, high, method, coverage, pooled,
        pooled_low, pooled_high, broken` (rules it rests on that are broken)`, reason` (why `value` is null,
        else empty)`, note` (blanks read as zero; a break between forms).

    Raises:
        SchemaError: A column is missing, or one of `per` holds no numbers.
        MeasureError: No report, an unknown method, or a level not in (0, 1).
    """
    pieces = rate_pieces(
        reports, statistics, checks, covariates=covariates, per=per, strict=strict, method=method,
        level=level, only=only,
    )  # fmt: skip
    return pd.concat(pieces, ignore_index=True)


def rate_pieces(
    reports: Reports,
    statistics: Statistics | str | Path,
    checks: Checks | str | Path | None,
    *,
    covariates: Table | None = None,
    per: Sequence[str] | None = None,
    strict: bool = False,
    method: Method = "jeffreys",
    level: float = 0.95,
    only: Collection[str] | None = None,
) -> Iterator[Table]:
    """Yield what `rates` returns, some thousand reports at a time: what is known of all is numbers."""
    upper(level)
    refuse_other("method", method, ("jeffreys", "wilson"))
    refuse_lacking("reports", reports, _ABOUT)
    kept = reports[reports["same_as"].isna()] if "same_as" in reports.columns else reports
    if kept.empty:
        raise MeasureError("no report to compute rates of")
    kept = kept.sort_values(_ORDER).reset_index(drop=True)
    read = _read(statistics, checks, kept["report_id"])
    forms = set(kept["form"].dropna())
    two_forms, over_2019 = forms >= {"2019", "2021"}, ANNEX in forms and bool(forms & {"2019", "2021"})
    about, form = kept[list(_ABOUT)], kept["form"].to_numpy(object)
    agency, year = (pd.factorize(about[c], use_na_sentinel=False)[0] for c in ("agency", "year"))
    wanted = [known for known in indicators() if only is None or known.key in only]
    counted = []
    for one, units in [pair for known in wanted for pair in _of_units(known, kept, covariates, per)]:
        said = ((one.break_en, two_forms), (one.before_en, over_2019))
        breaks = [text for text, applies in said if text and applies]
        counts = _counts(one, form, read, units, breaks, strict=strict)
        counted.append((one, counts, _priors(one, counts, agency, year)))
    del read
    new = about["report_id"].ne(about["report_id"].shift()).to_numpy()  # a report may be given twice
    starts = np.flatnonzero(new)[::AT_A_TIME]
    spans = list(zip(starts, [*starts[1:], len(about)], strict=True))
    for start, end in progress(spans, "computing rates"):
        rows = slice(int(start), int(end))
        pieces = []
        for one, counts, priors in counted:
            here = {column: values[rows] for column, values in counts.items()}
            pieces.append(_with_intervals(about[rows], one, here, year[rows], priors, method, level))
        yield pd.concat(pieces, ignore_index=True).sort_values(_ORDER, kind="stable", ignore_index=True)


def _of_units(
    one: Indicator, kept: Reports, covariates: Table | None, per: Sequence[str] | None
) -> Iterator[tuple[Indicator, tuple[Vector, Vector] | None]]:
    """Yield an indicator and each report's units below its line, and why it has none."""
    if one.kind != "per_unit":
        yield one, None
        return
    if covariates is None:
        if per:
            raise SchemaError(
                f"no covariates given to divide by {', '.join(per)}: a table with these columns"
            )
        return
    joined, _ = with_covariates(kept, covariates)
    place = next(c for c in KEYS if c in covariates.columns)
    for name in ["residents"] if per is None and "residents" in covariates.columns else per or ():
        try:
            pd.to_numeric(covariates[name])
        except (KeyError, ValueError, TypeError) as error:
            have = ", ".join(map(str, covariates.columns))
            raise SchemaError(
                f"{name} is no column of numbers of the covariates; they have {have}"
            ) from error
        given = pd.to_numeric(joined[f"{name}_own" if name in kept.columns else name]).astype(float)
        times, zh, en = one.own.get(name, (1, f"单位{name}", name))
        value = given.to_numpy()
        governs = np.full(len(kept), place in ("report_id", "series_id", "agency"))
        if place == "region_code":
            governs = kept["kind"].isin(["government", "office"]).to_numpy()
        lacks = [f"{name} is {v:g}" if v == v else f"{name} not given" for v in value.tolist()]
        why = np.where(governs, _said(~(value > 0), lacks), f"{name} by {place}: not this agency's own")
        names = (f"{one.key}:{name}", one.zh.format(zh), one.en.format(en))
        yield replace(one, key=names[0], zh=names[1], en=names[2], per=times, unit=f"per {en}"), (value, why)


class _Read(NamedTuple):
    """What stands in the reports, a row for each and a column for each cell, or rule."""

    printed: Table
    """Numbers; NaN where a cell is blank or was not read."""
    known: Table
    """Whether a cell was read."""
    holds: Table
    broken: Table


def _read(
    statistics: Statistics | str | Path, checks: Checks | str | Path | None, reports: pd.Series[str]
) -> _Read:
    every = [(one, form) for one in indicators() for form in (ANNEX, None)]
    cells = sorted({cell for one, form in every for part in one.cells(form) for cell in part})
    rules = sorted({rule for one, form in every for rule in one.rules(form)})
    again, place = pd.factorize(reports)  # a report may be given twice
    place = pd.Index(place)
    values = np.full((len(place), len(cells)), np.nan)
    known = np.zeros(values.shape, bool)
    for part in table_parts(statistics, "statistics", _CELLS):
        names = pc.binary_join_element_wise(*(part[c].cast(pa.string()) for c in _CELLS[1:4]), ".")
        column = pc.fill_null(pc.index_in(names, pa.array(cells)), -1).to_numpy()
        row = place.get_indexer(part["report_id"].to_pandas())
        used = (column >= 0) & (row >= 0)
        values[row[used], column[used]] = part["value"].to_numpy()[used].astype(float)
        known[row[used], column[used]] = True
    holds, broken = (np.zeros((len(place), len(rules)), bool) for _ in range(2))
    for part in table_parts(checks, "checks", ("report_id", "rule", "holds")) if checks is not None else ():
        decided = part.filter(pc.is_valid(part["holds"]))
        row = place.get_indexer(decided["report_id"].to_pandas())
        column = pc.fill_null(pc.index_in(decided["rule"].cast(pa.string()), pa.array(rules)), -1).to_numpy()
        used = (column >= 0) & (row >= 0)
        told = decided["holds"].cast(pa.bool_()).to_numpy()[used]
        for target, flags in ((holds, told), (broken, ~told)):
            target[row[used][flags], column[used][flags]] = True
    frames = ((values, cells), (known, cells), (holds, rules), (broken, rules))
    twice = len(place) < len(reports)
    return _Read(*(pd.DataFrame(held[again] if twice else held, columns=names) for held, names in frames))


def _counts(
    one: Indicator,
    form: Vector,
    read: _Read,
    units: tuple[Vector, Vector] | None,
    breaks: Sequence[str],
    *,
    strict: bool,
) -> dict[str, Vector]:
    """Return the counts of one indicator of each report, or why there are none; equal texts are one."""
    top, bottom = np.full((2, len(form)), np.nan)
    broken, blank, zero = (np.full(len(form), "", object) for _ in range(3))
    old = (form == ANNEX) & (one.before is not None)
    wrong = np.full(len(form), "", object)
    for rows, of_form in ((np.flatnonzero(~old), None), (np.flatnonzero(old), ANNEX)):
        rules = list(one.rules(of_form))
        broken[rows] = _joined(rules, read.broken[rules].to_numpy()[rows])
        if strict:
            wrong[rows] = _joined(rules, read.broken[rules].to_numpy()[rows], "broken: ")
        above, below = one.cells(of_form)
        cells = [*above, *below]
        values, known = (held[cells].to_numpy()[rows] for held in (read.printed, read.known))
        zeros = np.isnan(values) & known
        for k, cell in enumerate(cells):
            sums = [rule for rule in _rules_of(cell) if rule.split(":")[0] in _SUMS]
            zeros[:, k] &= read.holds[sums].to_numpy(bool)[rows].any(axis=1)
        blank[rows] = _joined(cells, np.isnan(values) & ~zeros, "blank: ")
        zero[rows] = _joined(cells, zeros, "blank read as zero: ")
        values = np.nan_to_num(values)
        top[rows], bottom[rows] = values[:, : len(above)].sum(axis=1), values[:, len(above) :].sum(axis=1)
    strange = np.array([isinstance(f, str) and f not in one.forms for f in form], bool) & ~old
    bottom, why = (bottom, blank) if units is None else units
    odd = {f: f"not in form {f}" for f in set(form)}
    no_count = [_said(strange, [odd[f] for f in form]), blank, why, wrong]
    counted = ~functools.reduce(np.logical_or, [reason != "" for reason in no_count])
    top, bottom = np.where(counted, top, np.nan), np.where(counted, bottom, np.nan)
    cannot = (top < 0) | (bottom < 0) | ((one.kind == "share") & (top > bottom))
    reasons = [
        *no_count,
        _said((bottom == 0) & (one.kind != "amount"), "no case"),
        np.full(len(form), "", object),
    ]
    for row in np.flatnonzero(cannot):
        reasons[-1][row] = f"{top[row]:g} of {bottom[row]:g} cannot be"
    notes = _said(counted, zero)
    whole = {note: "; ".join(filter(None, [note, *breaks])) for note in set(notes)}
    return {
        "top": top, "bottom": bottom, "broken": broken,
        "reason": np.select([reason != "" for reason in reasons], reasons, ""),
        "note": np.array([whole[note] for note in notes], object),
    }  # fmt: skip


def _said(where: Vector, text: str | list[str] | Vector) -> Vector:
    """Return the text where something holds, else nothing."""
    said: Vector = np.where(where, np.array(text, object), "")
    return said


def _joined(names: Sequence[str], flags: Vector, before: str = "") -> Vector:
    """Return for each row the names that are flagged, with commas between, behind a text; or nothing."""
    known: dict[bytes, str] = {}
    texts = np.full(len(flags), "", object)
    for row in np.flatnonzero(flags.any(axis=1)).tolist():
        key = flags[row].tobytes()
        if key not in known:
            known[key] = before + ", ".join(n for n, flag in zip(names, flags[row], strict=True) if flag)
        texts[row] = known[key]
    return texts


Priors = dict[int, tuple[float, float]]
"""The beta prior of each year, by its number; of years with too few agencies there is none."""


def _priors(one: Indicator, counts: Mapping[str, Vector], agency: Vector, year: Vector) -> Priors:
    """Fit the prior of each year to the agencies that have the rate."""
    found: Priors = {}
    known = np.flatnonzero(counts["reason"] == "") if one.kind == "share" else np.zeros(0, int)
    for number in np.unique(year[known]).tolist():
        rows = known[year[known] == number]
        if len(np.unique(agency[rows])) >= FEWEST:
            found[number] = _prior(counts["top"][rows], counts["bottom"][rows])
    return found


def _with_intervals(
    about: Table,
    one: Indicator,
    counts: Mapping[str, Vector],
    year: Vector,
    priors: Priors,
    method: Method,
    level: float,
) -> Table:
    """Return the rows of one indicator of some reports, whose years have these numbers."""
    from scipy import special

    k, n = counts["top"], counts["bottom"]
    known = counts["reason"] == ""
    value, low, high = (np.full(len(about), np.nan) for _ in range(3))
    tail = (1 - level) / 2
    a, b = k[known], n[known]
    if one.kind == "amount":
        value[known] = a
    elif one.kind == "share":
        value[known] = a / b
        low[known], high[known] = wilson(a / b, b, level) if method == "wilson" else jeffreys(a, b, level)
    else:
        value[known] = a / b * one.per
        low[known] = np.where(a > 0, special.gammaincinv(a, tail), 0) / b * one.per
        high[known] = special.gammaincinv(a + 1, 1 - tail) / b * one.per
    pooled = np.full((len(about), 3), np.nan)
    for number, prior in priors.items():
        rows = np.flatnonzero(known & (year == number))
        if len(rows):
            pooled[rows] = _posterior(k[rows], n[rows], prior, level)
    units = {"share": "share", "ratio": "ratio", "amount": "yuan", "per_unit": one.unit}
    return about.assign(
        indicator=one.key, zh=one.zh, en=one.en, unit=units[one.kind], direction=one.direction,
        top=k, bottom=n, value=value, low=low, high=high,
        method="" if one.kind == "amount" else method if one.kind == "share" else "exact, Poisson",
        coverage=level, pooled=pooled[:, 0], pooled_low=pooled[:, 1], pooled_high=pooled[:, 2],
        broken=counts["broken"], reason=counts["reason"], note=counts["note"],
    )  # fmt: skip


def jeffreys(k: Vector, n: Vector, level: float) -> tuple[Vector, Vector]:
    """Return Jeffreys' interval of shares k/n; the ends at k = 0 and k = n are 0 and 1."""
    from scipy import special

    k, n, _, places = _pairs(k, n)
    tail = (1 - level) / 2
    low = np.where(k > 0, special.betaincinv(k + 0.5, n - k + 0.5, tail), 0.0)
    high = np.where(k < n, special.betaincinv(k + 0.5, n - k + 0.5, 1 - tail), 1.0)
    return low[places], high[places]


def _pairs(k: Vector, n: Vector) -> tuple[Vector, Vector, Vector, Vector]:
    """Return the different pairs (k, n), how often each stands, and where each row's is.

    The same few stand in thousands of rows, and quantiles of the beta are dear.
    """
    pairs, places, times = np.unique(np.column_stack([k, n]), axis=0, return_inverse=True, return_counts=True)
    return pairs[:, 0], pairs[:, 1], times, places.ravel()


def _prior(k: Vector, n: Vector) -> tuple[float, float]:
    """Fit a beta prior to shares k/n: α and β.

    Its mean and size maximise the beta-binomial likelihood on a grid: sizes from 1 to 10,000, means
    around the pooled share. A grid cannot fail to converge, and its steps are far below the intervals.
    """
    from scipy import special

    share = (k.sum() + 0.5) / (n.sum() + 1)
    odds = np.log(share / (1 - share)) + np.linspace(-2, 2, 61)
    mean, size = np.meshgrid(1 / (1 + np.exp(-odds)), np.logspace(0, 4, 49), indexing="ij")
    alpha, beta = mean * size, (1 - mean) * size
    fit = np.zeros_like(mean)
    k, n, times, _ = _pairs(k, n)
    prior = special.betaln(alpha, beta)
    for one, of, count in zip(k, n, times, strict=True):
        fit += count * (special.betaln(one + alpha, of - one + beta) - prior)
    best = np.unravel_index(fit.argmax(), fit.shape)
    return float(alpha[best]), float(beta[best])


def _posterior(k: Vector, n: Vector, prior: tuple[float, float], level: float) -> Vector:
    """Return posterior mean, low, high of each share under a beta prior (rows × 3)."""
    from scipy import special

    k, n, _, places = _pairs(k, n)
    a, b = k + prior[0], n - k + prior[1]
    tail = (1 - level) / 2
    found = np.column_stack([a / (a + b), special.betaincinv(a, b, tail), special.betaincinv(a, b, 1 - tail)])
    return found[places]
