"""Arrays → an estimate with its interval, corrected for classifier error by a coded sample.

Three estimators of a mean (and of a ratio of two means), over sentences that all have a prediction f and of
which some have a code y:

- prediction-powered (Angelopoulos, Duchi & Zrnic 2023, PPI++): for a simple random coded sample,
      λ · mean f over the uncoded + mean (y − λ f) over the coded,
  with λ in [0, 1] chosen to make the variance least;
- design-based (Egami, Hinck, Stewart & Wei 2023, DSL): for a coded sample with known inclusion
probabilities π,
      mean of f + (y − f) / π over the coded and f over the uncoded;
- adjusted (Gart & Buck 1966; Forman 2008; with scores in place of decisions: Bella et al. 2010):
      (mean f − f̄₀) / (f̄₁ − f̄₀), f̄₁ and f̄₀ the mean of f where y is 1 and 0 — right only when these two
      rates
  are the same in the group as where they were measured.

The first two stay right when the classifier errs differently in each group. Pure numpy; knows no tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gongkai.errors import MeasureError

if TYPE_CHECKING:
    from collections.abc import Sequence

    Vector = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value, its interval, and its standard error; `value` is NaN where it is undefined."""

    value: float
    low: float
    high: float
    error: float


UNDEFINED = Estimate(float("nan"), float("nan"), float("nan"), float("nan"))


def tuning(y: Vector, f: Vector, unlabelled: Vector) -> float:
    """Return the λ in [0, 1] that makes the variance of the mean least (PPI++, section 6)."""
    n, size = len(y), len(unlabelled)
    spread = float(np.var(np.concatenate([f, unlabelled]), ddof=1))
    if n < 2 or size == 0 or spread == 0:
        return 0.0
    together = float(np.mean((y - y.mean()) * (f - f.mean())))
    return float(np.clip(together / ((1 + n / size) * spread), 0, 1))


def ppi_contributions(y: Vector, f: Vector) -> tuple[float, Vector]:
    """Return the prediction-powered mean and what each sentence adds to its error (they sum to zero).

    Args:
        y: Codes, NaN where not coded.
        f: Predictions, one for each.
    """
    coded = ~np.isnan(y)
    n, size = int(coded.sum()), int((~coded).sum())
    weight = tuning(y[coded], f[coded], f[~coded])
    errors = np.zeros(len(y))
    imputed = float(weight * f[~coded].mean()) if size else 0.0
    rectifier = y[coded] - weight * f[coded]
    if size:
        errors[~coded] = (weight * f[~coded] - imputed) / size
    errors[coded] = (rectifier - rectifier.mean()) / n
    return imputed + float(rectifier.mean()), errors


def dsl_outcomes(y: Vector, f: Vector, inclusion: Vector) -> Vector:
    """Return the corrected outcome of each sentence: f + (y − f) / π where coded, f elsewhere.

    Raises:
        MeasureError: A coded sentence has no inclusion probability in (0, 1].
    """
    coded = ~np.isnan(y)
    pi = inclusion[coded]
    if not ((pi > 0) & (pi <= 1)).all():
        raise MeasureError("each coded sentence needs its inclusion probability, in (0, 1]")
    outcome = f.astype(float).copy()
    outcome[coded] += (y[coded] - f[coded]) / pi
    return outcome


def dsl_contributions(y: Vector, f: Vector, inclusion: Vector) -> tuple[float, Vector]:
    """Return the design-based mean and what each sentence adds to its error."""
    outcome = dsl_outcomes(y, f, inclusion)
    return float(outcome.mean()), (outcome - outcome.mean()) / len(outcome)


def mean_interval(value: float, errors: Vector, clusters: Vector | None, level: float) -> Estimate:
    """Return the interval of a mean from its sentences' error contributions.

    Args:
        value: The estimate.
        errors: What each sentence adds to the error.
        clusters: Which sentences belong together; None takes each alone. With clusters the variance is the
            cluster-robust one with the factor C / (C − 1) and Student's t with C − 1 degrees of freedom.
        level: Coverage, in (0, 1).
    """
    from scipy import stats

    if clusters is None:
        error = float(np.sqrt((errors**2).sum()))
        quantile = float(stats.norm.ppf((1 + level) / 2))
    else:
        sums = np.bincount(np.unique(clusters, return_inverse=True)[1], weights=errors)
        count = len(sums)
        if count < 2:
            return Estimate(value, float("nan"), float("nan"), float("nan"))
        error = float(np.sqrt((sums**2).sum() * count / (count - 1)))
        quantile = float(stats.t.ppf((1 + level) / 2, count - 1))
    return Estimate(value, value - quantile * error, value + quantile * error, error)


def corrected_ratio(
    tops: tuple[Vector, Vector],
    bottoms: tuple[Vector, Vector] | None,
    inclusion: Vector | None,
    clusters: Vector | None,
    level: float,
) -> Estimate:
    """Estimate a mean, or a ratio of two means, by DSL where `inclusion` is given and by PPI elsewhere.

    Args:
        tops: (codes, predictions) of the numerator.
        bottoms: The same of the denominator; None for a plain mean.
        inclusion: Inclusion probability of each sentence, or None.
        clusters: Which sentences belong together, or None.
        level: Coverage of the interval.
    """

    def mean_of(pair: tuple[Vector, Vector]) -> tuple[float, Vector]:
        return ppi_contributions(*pair) if inclusion is None else dsl_contributions(*pair, inclusion)

    if (~np.isnan(tops[0])).sum() < 2:
        return UNDEFINED
    top, errors = mean_of(tops)
    if bottoms is None:
        return mean_interval(top, errors, clusters, level)
    bottom, bottom_errors = mean_of(bottoms)
    if bottom <= 0:
        return UNDEFINED
    value = top / bottom
    return mean_interval(value, (errors - value * bottom_errors) / bottom, clusters, level)  # linearised


def adjusted_share(mean: Any, on_negatives: Any, on_positives: Any) -> Any:  # noqa: ANN401
    """Return (mean − f̄₀) / (f̄₁ − f̄₀), clipped to [0, 1]; NaN where f̄₁ ≤ f̄₀.

    >>> round(adjusted_share(0.3, 0.1, 0.9), 3)
    0.25
    """
    gap = np.asarray(on_positives, float) - on_negatives
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(gap > 0, np.clip((np.asarray(mean, float) - on_negatives) / gap, 0, 1), np.nan)
    return share if share.ndim else float(share)


def shrink(values: Sequence[float], errors: Sequence[float]) -> tuple[Vector, Vector, float]:
    """Pool groups partially: each estimate moves to the precision-weighted mean as far as its error warrants.

    Empirical Bayes for normal means with unequal variances (Morris 1983); the variance between groups τ² by
    Paule & Mandel (1982).

    Args:
        values: Estimates of the groups.
        errors: Their standard errors, each > 0.

    Returns:
        Pooled values, their standard errors, τ². With τ² = 0 all values are the common mean.
    """
    y, v = np.asarray(values, float), np.asarray(errors, float) ** 2
    if len(y) < 3 or not (v > 0).all():
        raise MeasureError("partial pooling needs three groups, each with a positive standard error")

    def excess(t2: float) -> float:
        w = 1 / (v + t2)
        return float((w * (y - (w * y).sum() / w.sum()) ** 2).sum() - (len(y) - 1))

    low, high = 0.0, max(float(np.var(y)) * 10, 1e-9)
    if excess(0.0) <= 0:
        between = 0.0
    else:
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (middle, high) if excess(middle) > 0 else (low, middle)
        between = (low + high) / 2
    w = 1 / (v + between)
    centre = float((w * y).sum() / w.sum())
    keep = between / (between + v)
    # The last term is the error of the centre itself (Morris 1983, eq. 1.17).
    variance = keep * v + (1 - keep) ** 2 / w.sum()
    return centre + keep * (y - centre), np.sqrt(variance), float(between)
