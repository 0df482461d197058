"""How many sentences to code, drawn how, to see a difference: before anything is coded.

Two groups (years, kinds) of A agencies with M sentences each; a label of share p whose agencies differ with
intra-cluster correlation ρ. The variance of a corrected share (`dsl`) is that of text and that of coding:

    V(n) = p(1 − p) [(1 − ρ) / AM + ρ (1 − r) / A]  +  (1 − n / AM) σ² D / n

with r the correlation of an agency's share in the two groups (0 for different agencies), σ² the mean square
of code − prediction (not its variance: how many sentences of an agency are drawn is chance, and the errors by
agency that `compare` makes hold that too), and D = 1 for a simple sample, its strata's for one drawn by what
is predicted, and 1 + (m − 1) ρₑ where whole reports of m sentences are coded and errors come with correlation
ρₑ (Kish 1965).
A difference d is seen at level 1 − α with the power wanted where d ≥ (t_{1−α/2} + t_{power}) √(2 V(n)), t
with 2(A − 1) degrees of freedom (A − 1 for the same agencies). Where the text alone varies too much, no
coding is enough.
Checked by simulation: `benchmarks/plan.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gongkai.errors import MeasureError
from gongkai.measure.inference.intervals import upper
from gongkai.measure.shares.quality import join_gold
from gongkai.tables.schema import Labels, Predictions, Table
from gongkai.tables.scheme.codebook import Codebook

if TYPE_CHECKING:
    Vector = np.ndarray[Any, np.dtype[Any]]

DESIGNS = ("simple", "prediction", "reports", "no model")


@dataclass(frozen=True, slots=True)
class Assumed:
    """What a plan takes for granted of a label.

    Attributes:
        share: Its share, in (0, 1).
        flagged: Share of sentences predicted to have it.
        spread: Variance of code − prediction among these, and among the others.
        mean: Mean of code − prediction among these, and among the others.
        correlation: Of sentences of one agency: how far agencies differ.
        error_correlation: Of the classifier's errors within a report.
        overlap: Correlation of an agency's share in the two groups, 0 where they are different agencies.
    """

    share: float
    flagged: float
    spread: tuple[float, float]
    mean: tuple[float, float]
    correlation: float = 0.05
    error_correlation: float = 0.05
    overlap: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.share < 1 or not 0 <= self.flagged <= 1:
            raise MeasureError(f"share {self.share}, predicted {self.flagged}: expected shares in (0, 1)")
        for name in ("correlation", "error_correlation", "overlap"):
            if not 0 <= getattr(self, name) < 1:
                raise MeasureError(f"{name} {getattr(self, name)}: expected a number in [0, 1)")


def assume(
    share: float, sensitivity: float, specificity: float, *, correlation: float = 0.05, overlap: float = 0.0
) -> Assumed:
    """Return what a plan takes for granted, from error rates of decisions.

    Args:
        share: Share of the label, in (0, 1).
        sensitivity: Share of the sentences with it that are predicted to have it, in (0, 1].
        specificity: Share of those without it that are predicted not to, in (0, 1].
        correlation: See `Assumed`; .02–.15 for labels of annual reports; taken for that of errors too.
        overlap: See `Assumed`.

    Raises:
        MeasureError: A number outside its range.
    """
    if not (0 < sensitivity <= 1 and 0 < specificity <= 1):
        raise MeasureError(f"sensitivity {sensitivity}, specificity {specificity}: expected shares in (0, 1]")
    hits, alarms = share * sensitivity, (1 - share) * (1 - specificity)
    flagged = hits + alarms
    right = hits / flagged if flagged else 0.0  # of those predicted to have it
    missed = (share - hits) / (1 - flagged) if flagged < 1 else 0.0  # of the others
    return Assumed(
        share, flagged, (right * (1 - right), missed * (1 - missed)), (right - 1, missed), correlation,
        correlation, overlap,
    )  # fmt: skip


def pilot(
    predictions: Predictions,
    labels: Labels,
    label: str,
    *,
    annotator: str = "resolved",
    overlap: float = 0.0,
    codebook: Codebook | None = None,
) -> Assumed:
    """Return what a plan takes for granted, from a coded pilot.

    Args:
        predictions: `predictions` rows of one model.
        labels: `labels` rows, a random sample of these sentences; with `inclusion` they are weighted.
        label: Which label (of a choice `label=class`).
        annotator: Whose codes are gold.
        overlap: See `Assumed`: a pilot of one year does not tell it.
        codebook: See `prevalence`.

    Returns:
        Shares, spread and means, weighted; correlations by analysis of variance (Donner 1986) over agencies
        and reports, at least 0. A pilot of fifty sentences tells them roughly: try twice the correlation too.

    Raises:
        MeasureError: No such label, or fewer than ten coded sentences of two agencies.
    """
    joined = join_gold(predictions, labels, annotator, codebook)
    rows = joined[joined["label"] == label]
    if rows.empty:
        raise MeasureError(f"no label '{label}'; there are {', '.join(sorted(set(joined['label'])))}")
    y, f = rows["gold"].to_numpy(float), rows["score"].to_numpy(float)
    told = rows["predicted"].to_numpy(bool)
    agencies = pd.factorize(rows["agency"].astype(object).fillna(""))[0]
    if len(y) < 10 or agencies.max() < 1 or y.min() == y.max():
        raise MeasureError(
            f"{len(y)} coded sentences of {agencies.max() + 1} agencies, {int(y.sum())} with {label}: a "
            "pilot needs ten, of two agencies, with the label and without; or assume error rates"
        )
    pi = (
        labels.set_index("sentence_id")["inclusion"]
        if "inclusion" in labels.columns
        else pd.Series(dtype=float)
    )
    w = 1 / pi.groupby(level=0).first().reindex(rows["sentence_id"]).fillna(1.0).to_numpy(float)
    off = y - f
    parts = []
    for inside in (told, ~told):
        mean = float(np.average(off[inside], weights=w[inside])) if inside.any() else 0.0
        spread = float(np.average((off[inside] - mean) ** 2, weights=w[inside])) if inside.any() else 0.0
        parts.append((spread, mean))
    reports = pd.factorize(rows["report_id"].astype(object).fillna(""))[0]
    return Assumed(
        float(np.average(y, weights=w)), float(np.average(told, weights=w)),
        (parts[0][0], parts[1][0]), (parts[0][1], parts[1][1]),
        _correlation(y, agencies), _correlation(off, reports), overlap,
    )  # fmt: skip


def _correlation(values: Vector, groups: Vector) -> float:
    """Return the intra-cluster correlation by analysis of variance, in [0, .9] (Donner 1986)."""
    sizes = np.bincount(groups)
    k, n = len(sizes), len(values)
    if k < 2 or n <= k:
        return 0.0
    means = np.bincount(groups, values) / sizes
    between = float(sizes @ (means - values.mean()) ** 2) / (k - 1)
    within = float(((values - means[groups]) ** 2).sum()) / (n - k)
    typical = (n - float(sizes @ sizes) / n) / (k - 1)
    total = between + (typical - 1) * within
    return float(np.clip((between - within) / total, 0.0, 0.9)) if total > 0 else 0.0


def plan(
    difference: float,
    assumed: Assumed,
    *,
    agencies: int,
    sentences: int,
    report: int = 30,
    power: float = 0.8,
    level: float = 0.95,
) -> Table:
    """Say how many sentences of each group to code, and what can be seen at all.

    Args:
        difference: Of the two groups' shares that should be seen, in (0, 1).
        assumed: From `assume` or `pilot`.
        agencies: In each group; at least three.
        sentences: Of each agency in each group.
        report: Sentences of a report, where whole reports are coded.
        power: With which the difference should be seen, in (0, 1).
        level: Of the interval that is to leave out 0, in (0, 1).

    Returns:
        One row per design: `design` (`simple`; `prediction`, half of them predicted to have the label and
        half not; `reports`, whole ones; `no model`, a simple sample with nothing predicted), `n` sentences to
        code in each group, `reports` of each group (where whole ones are coded), `power` with these, and
        `smallest`, the difference that would be seen with every sentence coded. `n` is null where even that
        is more than the difference: then only more agencies help.

    Raises:
        MeasureError: A number outside its range.
    """
    if not 0 < difference < 1 or not 0 < power < 1 or not 0 < level < 1:
        raise MeasureError("the difference, the power and the level lie between 0 and 1")
    if agencies < 3 or sentences < 1:
        raise MeasureError(f"{agencies} agencies of {sentences} sentences: fewer than three give no interval")
    total = agencies * sentences

    def variance(n: int, design: str) -> float:
        return _variance(n, design, assumed, agencies, sentences, report)

    rows: list[dict[str, object]] = []
    for design in DESIGNS:
        smallest = _seen(variance(total, design), assumed, agencies, power, level)
        row: dict[str, object] = {"design": design, "n": None, "reports": None, "power": None}
        if smallest <= difference:
            low, high = 2, total
            while low < high:
                middle = (low + high) // 2
                enough = _seen(variance(middle, design), assumed, agencies, power, level) <= difference
                low, high = (low, middle) if enough else (middle + 1, high)
            if design == "reports":
                row["reports"] = -(-low // report)
                low = min(total, -(-low // report) * report)
            row |= {"n": low, "power": _power(difference, variance(low, design), assumed, agencies, level)}
        rows.append(row | {"smallest": smallest})
    return pd.DataFrame(rows).astype({"n": float, "reports": float, "power": float})


def _variance(n: int, design: str, assumed: Assumed, agencies: int, sentences: int, report: int) -> float:
    """Return the variance of the difference with n coded in each group."""
    p, rho = assumed.share, assumed.correlation
    total = agencies * sentences
    text = p * (1 - p) * ((1 - rho) / total + rho * (1 - assumed.overlap) / agencies)
    shares = np.array([assumed.flagged, 1 - assumed.flagged])
    square = np.array(assumed.spread) + np.array(assumed.mean) ** 2
    if design == "prediction":
        there = np.maximum(shares * total, 1e-9)
        takes = np.minimum(n / 2, there)
        return 2 * (text + float((shares**2 * square * (1 - takes / there) / takes).sum()))
    plain = p if design == "no model" else float(shares @ square)
    if design == "reports":
        centre = float(shares @ np.array(assumed.mean)) ** 2
        plain = (plain - centre) * (1 + (report - 1) * assumed.error_correlation) + report * centre
    return 2 * (text + (1 - n / total) * plain / n)


def _freedom(assumed: Assumed, agencies: int) -> float:
    return float(agencies - 1 if assumed.overlap else 2 * (agencies - 1))


def _seen(variance: float, assumed: Assumed, agencies: int, power: float, level: float) -> float:
    """Return the difference that is seen with the power wanted."""
    from scipy import special

    quantiles = special.stdtrit(_freedom(assumed, agencies), [upper(level), power])
    return float(quantiles.sum() * np.sqrt(variance))


def _power(difference: float, variance: float, assumed: Assumed, agencies: int, level: float) -> float:
    from scipy import special

    freedom = _freedom(assumed, agencies)
    limit = special.stdtrit(freedom, upper(level))
    return float(special.stdtr(freedom, difference / np.sqrt(variance) - limit))
