"""A share and what each cluster adds to its error → an interval that holds with few clusters and rare events.

Every estimator of this package (counted, adjusted, prediction-powered, design-based; means and ratios) is
linearised to the same thing, a `Moment`; here, and nowhere else, a moment becomes an interval.

- Variance: cluster-robust with the correction CR2 (Bell & McCaffrey 2002), each cluster's sum divided by
  √(1 − h), h the share of the variance that the design expects of it.
- Quantile: Student's t with Satterthwaite's degrees of freedom under the same expectation (Bell &
  McCaffrey 2002; Imbens & Kolesár 2016), at most four for each event that was seen, because the variance
  of a rare share is known no better than its events.
- Scale: the interval is symmetric in the log-odds (Korn & Graubard 1999, ch. 5), so it stays inside (0, 1)
  and leans towards one half. With at most five events the end next to them is also no nearer than the gamma
  interval of a weighted count (Fay & Feuer 1997) allows.
- Differences: the limits of the two shares are joined by the method of variance estimates recovery (Zou &
  Donner 2008; Zou 2007 where clusters stand in both), with Welch's degrees of freedom on the log-odds.

Coverage of all this, over shares, clusters, sizes, correlations and designs: `docs/methods.md`, made by
`benchmarks/coverage.py`. Pure numpy and scipy; knows no tables.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    Vector = np.ndarray[Any, np.dtype[Any]]

FEWEST = 3
"""With fewer clusters there is no interval: two give a variance with one degree of freedom at best."""
EVENTS_A_DEGREE = 4
FEW_EVENTS = 5
NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value, its interval, its standard error; NaN where undefined, and `note` says why.

    `note` is empty, or one of the keys of `NOTES`.
    """

    value: float
    low: float
    high: float
    error: float
    note: str = ""


NOTES = {
    "nothing to divide by": "no sentence in the denominator, or an estimate of it that is not positive",
    "fewer than two coded": "a group with fewer than two coded sentences cannot be corrected",
    "no event coded": "none, or all, of the coded sentences have the label: their error rate is unknown",
    "fewer than three clusters": "two units or one say nothing about how much units differ",
    "the model tells positives and negatives apart no better than chance": "no rate can be corrected by it",
    "no rates given for this label": "rates name the labels they are of",
    "no event": "none, or all, of the sentences have the label: Wilson's interval with the clusters as its n",
    "no variation": "all units give the same value: Wilson's interval with the clusters as its n",
}
"""What the column `note` of measures says, with its reason."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A share (a mean or a ratio), linearised.

    Attributes:
        value: The estimate; may lie a little outside [0, 1] where it was corrected.
        sums: What each cluster adds to its error; they sum to zero.
        sizes: The part of the variance that the design expects of each cluster, up to a factor.
        events: How many sentences were seen (coded, where it is corrected) with and without the label, the
            rarer of the two.
        weights: The weighted count of those sentences in each cluster.
        rare: Whether the rarer ones are those with the label.
        n: Sentences seen in the denominator.
        note: Why there can be no interval, or empty.
        strata: Number of the stratum that each cluster is drawn in, from 0; None for one.
    """

    value: float
    sums: Vector
    sizes: Vector
    events: float
    weights: Vector
    rare: bool
    n: float
    note: str = ""
    strata: Vector | None = None


def told(found: Estimate) -> dict[str, object]:
    """Return the columns of `measures` that an estimate fills; null where undefined."""
    numbers = {"value": found.value, "low": found.low, "high": found.high, "error": found.error}
    return {k: None if v != v else v for k, v in numbers.items()} | {"note": found.note or None}


def undefined(note: str) -> Estimate:
    """Return an estimate without a value that says why."""
    return Estimate(NAN, NAN, NAN, NAN, note)


def variance(sums: Vector, sizes: Vector, strata: Vector | None = None) -> tuple[float, float]:
    """Return the CR2 variance of a sum over clusters and Satterthwaite's degrees of freedom.

    Args:
        sums: What each cluster adds to the error of an estimate that is a mean; they sum to zero.
        sizes: Expected variance of each cluster, up to a factor; for a mean over independent sentences the
            number of sentences.
        strata: Number of the stratum that each cluster is drawn in, from 0; None takes one for all. A stratum
            of one cluster adds nothing: it is there in every draw.

    Returns:
        Variance and degrees of freedom; NaN where no stratum has two clusters. With C clusters of equal size
        these are C / (C − 1) Σ sums² and C − 1.

    >>> [round(x, 6) for x in variance(np.array([0.1, -0.1, 0.0]), np.ones(3))]
    [0.03, 2.0]
    """
    code = np.zeros(len(sums), int) if strata is None else strata
    count = np.bincount(code)
    size, own = np.bincount(code, sizes), np.bincount(code, sums)
    share = np.where(size[code] > 0, sizes / np.where(size > 0, size, 1.0)[code], 1 / count[code])
    drawn = (count > 1) & (np.bincount(code, share > 1 - 1e-9) == 0)
    inside = drawn[code]
    if not inside.any():
        return NAN, NAN
    code, share = code[inside], share[inside]
    found = float(((sums[inside] - share * own[code]) ** 2 / (1 - share)).sum())
    # The matrix of the quadratic form under the working model: 1 − h on the diagonal and, elsewhere, what the
    # common mean costs. Its trace is 1, the sum of its squares the inverse of the degrees of freedom.
    cost = share**2 / (1 - share)
    costs = np.bincount(code, cost, len(count))
    squares = np.bincount(code, share**2 - cost**2, len(count)) + costs**2
    total = float(sizes.sum())
    part = size / total if total > 0 else np.ones(len(count))
    inverse = float((part[drawn] ** 2 * squares[drawn]).sum())
    return (found, 1 / inverse) if inverse > 0 else (NAN, NAN)


@dataclass(frozen=True, slots=True)
class _Side:
    """A moment on the log-odds.

    Attributes:
        moment: What stands here.
        place: Log-odds of its value, half an event away from 0 and 1 at least.
        spread: Its standard error there; 0 where all clusters are alike.
        error: Its standard error as a share.
        freedom: Degrees of freedom.
        clusters: How many it rests on.
    """

    moment: Moment
    place: float
    spread: float
    error: float
    freedom: float
    clusters: int

    def limits(self, quantile: float, level: float) -> tuple[float, float]:
        from scipy import special

        value = min(1.0, max(0.0, self.moment.value))
        if self.spread == 0:
            low, high = wilson(value, self.clusters, level)
            return float(low), float(high)
        low, high = (float(special.expit(self.place + s * quantile * self.spread)) for s in (-1, 1))
        low, high = _gamma(self.moment, low, high, level)
        return min(low, value), max(high, value)


def _side(moment: Moment) -> _Side | str:
    """Return the moment on the log-odds, or why it has no interval."""
    inside = moment.sizes > 0
    clusters = int(inside.sum())
    strata = None if moment.strata is None else moment.strata[inside]
    found, freedom = variance(moment.sums[inside], moment.sizes[inside], strata)
    if moment.note or clusters < FEWEST or found != found:
        return moment.note or "fewer than three clusters"
    floor = 0.5 / max(moment.n, 1.0)
    kept = min(max(moment.value, floor), 1 - floor)
    place, error = float(np.log(kept / (1 - kept))), math.sqrt(found)
    if error < 1e-12:
        return _Side(moment, place, 0.0, 0.0, freedom, clusters)
    freedom = min(freedom, EVENTS_A_DEGREE * max(moment.events, 0.25))
    return _Side(moment, place, error / (kept * (1 - kept)), error, freedom, clusters)


def _gamma(moment: Moment, low: float, high: float, level: float) -> tuple[float, float]:
    """Widen the end next to the rarer outcome to what so few events allow (Fay & Feuer 1997)."""
    from scipy import special

    if not 0 < moment.events <= FEW_EVENTS or not (moment.weights**2).sum():
        return low, high
    effective = float(moment.weights.sum() ** 2 / (moment.weights**2).sum())
    factor = float(special.gammaincinv(effective, (1 - level) / 2)) / effective
    if moment.rare:
        return min(low, factor * max(moment.value, 0.0)), high
    return low, max(high, 1 - factor * max(1 - moment.value, 0.0))


def on_log_odds(moment: Moment) -> tuple[float, float, float]:
    """Return a share's log-odds, their standard error and degrees of freedom; NaN where it has no interval.

    A share that does not vary between its units has no error that could be told: NaN as well.
    """
    side = _side(moment) if moment.value == moment.value else ""
    if isinstance(side, str) or side.spread == 0:
        return NAN, NAN, NAN
    return side.place, side.spread, side.freedom


def share_interval(moment: Moment, level: float) -> Estimate:
    """Return a share with its interval.

    Args:
        moment: The estimate, linearised.
        level: Coverage, in (0, 1).

    Returns:
        The estimate; value and interval lie in [0, 1]. Without an interval (fewer than three clusters, no
        event) low and high are NaN and `note` says why.
    """
    from scipy import special

    if moment.value != moment.value:
        return undefined(moment.note or "nothing to divide by")
    value = min(1.0, max(0.0, moment.value))
    side = _side(moment)
    if isinstance(side, str):
        return Estimate(value, NAN, NAN, NAN, side)
    low, high = side.limits(float(special.stdtrit(side.freedom, (1 + level) / 2)), level)
    note = "" if side.spread else "no event" if value in (0.0, 1.0) else "no variation"
    return Estimate(value, low, high, side.error, note)


def wilson(share: Any, n: Any, level: float = 0.95) -> tuple[Any, Any]:  # noqa: ANN401 -- numbers or arrays
    """Return Wilson's score interval for a share of n, or for arrays of both (Wilson 1927).

    >>> [round(float(x), 4) for x in wilson(0.0, 10)]
    [0.0, 0.2775]
    """
    from statistics import NormalDist

    z = NormalDist().inv_cdf((1 + level) / 2)
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)


def difference_interval(
    first: Moment, second: Moment, level: float, *, joined: bool = False
) -> tuple[Estimate, float]:
    """Return share(second) − share(first) with its interval, and the p-value of no difference.

    Args:
        first: One share.
        second: The other. Where `joined`, its clusters are those of the first in the same order, with size 0
            where a cluster stands in one of them only.
        level: Coverage of the interval, in (0, 1).
        joined: Whether the two share clusters, as agencies in two years do.

    Returns:
        The difference in [−1, 1], and the smallest 1 − level whose interval leaves out 0; NaN, with a note,
        where a share has no interval.
    """
    from scipy import optimize, special

    if first.value != first.value or second.value != second.value:
        return undefined(first.note or second.note or "nothing to divide by"), NAN
    a, b = (min(1.0, max(0.0, m.value)) for m in (first, second))
    sides = [_side(m) for m in (first, second)]
    if any(isinstance(side, str) for side in sides):
        return Estimate(b - a, NAN, NAN, NAN, next(s for s in sides if isinstance(s, str))), NAN
    one, two = (s for s in sides if isinstance(s, _Side))
    tie = 0.0
    if joined and (product := float((first.sums**2).sum() * (second.sums**2).sum())) > 0:
        tie = float((first.sums * second.sums).sum()) / float(np.sqrt(product))
    spread = one.spread**2 + two.spread**2
    freedom = spread**2 / max(one.spread**4 / one.freedom + two.spread**4 / two.freedom, 1e-300)
    if joined and ((first.sizes > 0) & (second.sizes > 0)).all():
        freedom = min(freedom, len(first.sizes) - 1)  # wholly paired

    def ends(at: float) -> tuple[float, float]:
        quantile = float(special.stdtrit(freedom, (1 + at) / 2))
        (low_1, high_1), (low_2, high_2) = one.limits(quantile, at), two.limits(quantile, at)
        down = (b - low_2) ** 2 + (high_1 - a) ** 2 - 2 * tie * (b - low_2) * (high_1 - a)
        up = (high_2 - b) ** 2 + (a - low_1) ** 2 - 2 * tie * (high_2 - b) * (a - low_1)
        return b - a - float(np.sqrt(max(down, 0.0))), b - a + float(np.sqrt(max(up, 0.0)))

    def beyond(at: float) -> float:
        low, high = ends(at)
        return low if b > a else -high

    low, high = ends(level)
    if a == b or beyond(1e-9) <= 0:
        p_value = 1.0
    elif beyond(1 - 1e-9) > 0:
        p_value = 1e-9
    else:
        p_value = 1 - float(optimize.brentq(beyond, 1e-9, 1 - 1e-9, xtol=1e-10))
    error = float(np.sqrt(max(one.error**2 + two.error**2 - 2 * tie * one.error * two.error, 0.0)))
    return Estimate(b - a, max(low, -1.0), min(high, 1.0), error), p_value


def paired_difference(first: Moment, second: Moment, level: float) -> tuple[Estimate, float]:
    """Return value(second) − value(first) of the same sentences, with its interval and p-value.

    A cluster adds to the difference what it adds to the second less what it adds to the first, so that
    what both have in common cancels: CR2 and Student's t with Satterthwaite's degrees of freedom, symmetric.

    Args:
        first: One quantity.
        second: The other, over the same clusters in the same order.
        level: Coverage of the interval, in (0, 1).

    Returns:
        The difference, and the p-value of none; NaN, with a note, with fewer than three clusters. Where no
        cluster differs both ends are the difference, and the p-value of none is 1.
    """
    from scipy import special

    if first.value != first.value or second.value != second.value:
        return undefined(first.note or second.note or "nothing to divide by"), NAN
    gap, sums = second.value - first.value, second.sums - first.sums
    sizes = first.sizes + second.sizes
    inside = sizes > 0
    found, freedom = variance(sums[inside], sizes[inside])
    if inside.sum() < FEWEST or found != found:
        return Estimate(gap, NAN, NAN, NAN, "fewer than three clusters"), NAN
    error = float(np.sqrt(found))
    if error < 1e-12:
        return Estimate(gap, gap, gap, 0.0), float(abs(gap) < 1e-12)
    half = float(special.stdtrit(freedom, (1 + level) / 2)) * error
    p_value = 2 * float(special.stdtr(freedom, -abs(gap) / error))
    return Estimate(gap, max(gap - half, -1.0), min(gap + half, 1.0), error), p_value
