"""Partial pooling: each group's share moves towards the others as far as its error warrants.

On the log-odds, normal within and between groups, the spread τ between them integrated out under a uniform
prior (Gelman et al. 2013, Bayesian data analysis, section 5.4): an interval that took an estimate of τ for
the truth would be too short, most of all where it is 0. Errors of groups of few units are smoothed by one
design effect for all (a generalised variance function: Wolter 2007, ch. 7), because an error with two degrees
of freedom says little by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    Vector = np.ndarray[Any, np.dtype[Any]]

GRID = 200
EXTRA = 80
"""Sentences of the common share that steady a group's own in its variance."""


def pooled_shares(values: Vector, n: Vector, errors: Vector, level: float) -> tuple[Vector, Vector, Vector]:
    """Return pooled shares with their intervals.

    Args:
        values: Shares of three groups or more, in [0, 1].
        n: Sentences that each rests on.
        errors: Their standard errors; NaN or 0 where unknown.
        level: Of the intervals, in (0, 1).

    Returns:
        Posterior means and limits, as shares.
    """
    from scipy import special

    common = float(np.clip((values * n).sum() / n.sum(), 1e-6, 1 - 1e-6))
    steady = (values * n + EXTRA * common) / (n + EXTRA)
    plain = steady * (1 - steady) / n
    known = np.isfinite(errors) & (errors > 0)
    effect = float((errors[known] ** 2).sum() / plain[known].sum()) if known.any() else 1.0
    y = special.logit((values * n + 0.5) / (n + 1))
    v = effect / (n * steady * (1 - steady))
    tau = np.linspace(0, 4 * max(float(y.std(ddof=1)), 1e-3), GRID)[:, None]
    total = v + tau**2
    weight = 1 / total
    of_centre = 1 / weight.sum(axis=1, keepdims=True)
    centre = (weight * y).sum(axis=1, keepdims=True) * of_centre
    fit = np.log(of_centre[:, 0]) - np.log(total).sum(axis=1) - (weight * (y - centre) ** 2).sum(axis=1)
    chance = np.exp((fit - fit.max()) / 2)[:, None]
    chance /= chance.sum()
    keep = tau**2 / total
    means = centre + keep * (y - centre)
    spreads = np.sqrt(keep * v + (1 - keep) ** 2 * of_centre)
    spreads = np.maximum(spreads, 1e-9)
    ends = []
    for side in ((1 - level) / 2, (1 + level) / 2):
        low, high = means.min(axis=0) - 10 * spreads.max(axis=0), means.max(axis=0) + 10 * spreads.max(axis=0)
        for _ in range(60):
            middle = (low + high) / 2
            below = (chance * special.ndtr((middle - means) / spreads)).sum(axis=0) < side
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        ends.append(special.expit((low + high) / 2))
    return special.expit((chance * means).sum(axis=0)), ends[0], ends[1]
