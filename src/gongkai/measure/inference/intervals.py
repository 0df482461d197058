"""A share and what each cluster adds to its error → an interval that holds with few clusters and rare events.

Every estimator of this package (counted, adjusted, prediction-powered, design-based; means and ratios) is
linearised to the same thing, a `Moment`; here, and nowhere else, a moment becomes an interval.

- Variance: cluster-robust with the correction CR2 (Bell & McCaffrey 2002), each cluster's sum divided by
  √(1 − h), h the share of the variance that the design expects of it; of a corrected share the coded and the
  imputed mean each have shares of their own.
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

import itertools
import math
import numbers
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gongkai.errors import MeasureError

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
            rarer of the two; of unequal weight, how many of equal weight they are worth.
        weights: The weighted count of those sentences in each cluster.
        rare: Whether the rarer ones are those with the label.
        n: Sentences seen in the denominator.
        note: Why there is no value, or can be no interval; else empty.
        imputed: Of a corrected share the part of `sizes` that comes from predictions alone.
    """

    value: float
    sums: Vector
    sizes: Vector
    events: float
    weights: Vector
    rare: bool
    n: float
    note: str = ""
    imputed: Vector | None = None


@dataclass(frozen=True, slots=True)
class Moments:
    """Many shares: of each what a `Moment` has, those of their clusters laid end to end.

    Attributes:
        of: Number of the share that each cluster is of, from 0.
        strata: Number of the stratum that each cluster is drawn in, from 0; None for one.
        imputed: See `Moment`; None where no share has one.
    """

    value: Vector
    events: Vector
    rare: Vector
    n: Vector
    note: Vector
    of: Vector
    sums: Vector
    sizes: Vector
    weights: Vector
    strata: Vector | None = None
    imputed: Vector | None = None


def laid(moments: Sequence[Moment]) -> Moments:
    """Lay shares out as arrays."""
    each = {c: np.array([getattr(m, c) for m in moments]) for c in ("value", "events", "rare", "n")}
    each |= {c: np.concatenate([getattr(m, c) for m in moments]) for c in ("sums", "sizes", "weights")}
    each["of"] = np.repeat(np.arange(len(moments)), [len(m.sums) for m in moments])
    each["note"] = np.array([m.note for m in moments], object)
    if any(m.imputed is not None for m in moments):
        parts = [np.zeros(len(m.sums)) if m.imputed is None else m.imputed for m in moments]
        each["imputed"] = np.concatenate(parts)
    return Moments(**each)


def told(found: Estimate) -> dict[str, object]:
    """Return the columns of `measures` that an estimate fills; null where undefined."""
    numbers = {"value": found.value, "low": found.low, "high": found.high, "error": found.error}
    return {k: None if v != v else v for k, v in numbers.items()} | {"note": found.note or None}


def variance(
    sums: Vector, sizes: Vector, strata: Vector | None = None, imputed: Vector | None = None
) -> tuple[float, float]:
    """Return the CR2 variance of a sum over clusters and Satterthwaite's degrees of freedom.

    Args:
        sums: What each cluster adds to the error of an estimate that is a mean; they sum to zero.
        sizes: Expected variance of each cluster, up to a factor; for a mean over independent sentences the
            number of sentences.
        strata: Number of the stratum that each cluster is drawn in, from 0; None takes one for all. A stratum
            of one cluster adds nothing: it is there in every draw.
        imputed: Of an estimate that is the sum of two means the part of `sizes` that the second one has.

    Returns:
        Variance and degrees of freedom; NaN where no stratum has two clusters. With C clusters of equal size
        these are C / (C − 1) Σ sums² and C − 1.

    >>> [round(x, 6) for x in variance(np.array([0.1, -0.1, 0.0]), np.ones(3))]
    [0.03, 2.0]
    """
    found, freedom = _variances(sums, sizes, np.zeros(len(sums), int), 1, strata, imputed)
    return float(found[0]), float(freedom[0])


def _variances(
    sums: Vector, sizes: Vector, of: Vector, count: int, strata: Vector | None, imputed: Vector | None
) -> tuple[Vector, Vector]:
    """Return the same for many estimates; `of` numbers the one that each cluster is of."""
    code, owner = of, np.arange(count)
    if strata is not None:
        width = int(strata.max(initial=0)) + 1
        pairs, code = np.unique(of * width + strata, return_inverse=True)
        owner = pairs // width
    held = np.bincount(code, minlength=len(owner))
    size, own = np.bincount(code, sizes, len(owner)), np.bincount(code, sums, len(owner))
    share = np.where(size[code] > 0, sizes / np.where(size > 0, size, 1.0)[code], 1 / held[code])
    means = [(np.ones(len(code)), share)]
    if imputed is not None:
        means = _two_means(share, imputed / np.where(size > 0, size, 1.0)[code], code, len(owner))
    drawn = (held > 1) & (np.bincount(code, share > 1 - 1e-9, len(owner)) == 0)
    inside = drawn[code]
    code, share, means = code[inside], share[inside], [(w[inside], h[inside]) for w, h in means]
    # Under the working model a cluster's sum has the variance h, of which each mean takes away what it has in
    # common: w h²; it is also the covariance of two clusters. CR2 gives back what lacks on the diagonal. The
    # trace is 1, the sum of the squares the inverse of the degrees of freedom.
    left = share - sum(w * h**2 for w, h in means)
    factor = np.divide(share, left, out=np.ones(len(share)), where=left > 0)
    found = np.bincount(of[inside], factor * (sums[inside] - share * own[code]) ** 2, count)
    squares = np.bincount(code, share**2, len(owner))
    for (w, h), (v, g) in itertools.product(means, means):
        cost = np.sqrt(w * v) * factor * h * g
        squares += np.bincount(code, cost, len(owner)) ** 2 - np.bincount(code, cost**2, len(owner))
    total = np.bincount(of, sizes, count)[owner]
    part = np.divide(size, total, out=np.ones(len(owner)), where=total > 0)
    inverse = np.bincount(owner[drawn], part[drawn] ** 2 * squares[drawn], count)
    known = inverse > 0
    return np.where(known, found, NAN), np.divide(1, inverse, out=np.full(count, NAN), where=known)


def _two_means(share: Vector, imputed: Vector, code: Vector, count: int) -> list[tuple[Vector, Vector]]:
    """Return of either mean, coded and imputed, its part of the variance and each cluster's share of that.

    A mean over one cluster alone shows no variance: both are then taken as one.
    """
    means = []
    for part in (share - imputed, imputed):
        weight = np.bincount(code, part, count)[code]
        means.append((weight, np.divide(part, weight, out=np.zeros(len(part)), where=weight > 0)))
    alone = np.bincount(code, np.maximum(means[0][1], means[1][1]) > 1 - 1e-9, count)[code] > 0
    return [(w, np.where(alone, share, h)) for w, h in means]


@dataclass(frozen=True, slots=True)
class _Sides:
    """Shares on the log-odds.

    Attributes:
        value: As estimated.
        rare: As in `Moments`.
        place: Log-odds of the value, half an event away from 0 and 1 at least.
        spread: Its standard error there; 0 where all clusters are alike.
        error: Its standard error as a share.
        freedom: Degrees of freedom.
        clusters: How many it rests on.
        effective: The number of events that the few that were seen are worth; 0 where they are not few.
        note: Why there is no interval, or empty.
    """

    value: Vector
    rare: Vector
    place: Vector
    spread: Vector
    error: Vector
    freedom: Vector
    clusters: Vector
    effective: Vector
    note: Vector

    def limits(self, quantile: float | Vector, level: float) -> tuple[Vector, Vector]:
        from scipy import special

        value, half = np.clip(self.value, 0.0, 1.0), quantile * self.spread
        low, high = special.expit(self.place - half), special.expit(self.place + half)
        if (few := self.effective > 0).any():  # the end next to the rarer outcome (Fay & Feuer 1997)
            worth = np.where(few, self.effective, 1.0)
            factor = special.gammaincinv(worth, (1 - level) / 2) / worth
            least, most = factor * np.maximum(self.value, 0.0), 1 - factor * np.maximum(1 - self.value, 0.0)
            low = np.where(few & self.rare, np.minimum(low, least), low)
            high = np.where(few & ~self.rare, np.maximum(high, most), high)
        low, high = np.minimum(low, value), np.maximum(high, value)
        if (alike := self.spread == 0).any():
            ends = wilson(value, np.maximum(self.clusters, 1), level)
            low, high = np.where(alike, ends[0], low), np.where(alike, ends[1], high)
        return low, high


def _sides(moments: Moments) -> _Sides:
    """Return shares on the log-odds; where there is no interval spread and error are NaN."""
    count, inside = len(moments.value), moments.sizes > 0
    of, sums, sizes = (x[inside] for x in (moments.of, moments.sums, moments.sizes))
    strata, imputed = (None if x is None else x[inside] for x in (moments.strata, moments.imputed))
    clusters = np.bincount(of, minlength=count)
    found, freedom = _variances(sums, sizes, of, count, strata, imputed)
    few = (clusters < FEWEST) | np.isnan(found)
    note = np.where((moments.note == "") & few, "fewer than three clusters", moments.note)
    floor = 0.5 / np.maximum(moments.n, 1.0)
    kept = np.clip(moments.value, floor, 1 - floor)
    error = np.sqrt(np.where(note == "", found, NAN))
    error = np.where(error < 1e-12, 0.0, error)
    freedom = np.where(
        error > 0, np.minimum(freedom, EVENTS_A_DEGREE * np.maximum(moments.events, 0.25)), freedom
    )
    total, squares = (np.bincount(moments.of, w, count) for w in (moments.weights, moments.weights**2))
    few = (moments.events > 0) & (moments.events <= FEW_EVENTS) & (squares > 0)
    effective = np.divide(total**2, squares, out=np.zeros(count), where=few)
    return _Sides(
        moments.value, moments.rare, np.log(kept / (1 - kept)), error / (kept * (1 - kept)), error, freedom,
        clusters, effective, note,
    )  # fmt: skip


def on_log_odds(moments: Moments) -> tuple[Vector, Vector, Vector]:
    """Return log-odds of shares, their standard errors and degrees of freedom; NaN where one has no interval.

    A share that does not vary between its units has no error that could be told: NaN as well.
    """
    sides = _sides(moments)
    known = sides.spread > 0
    place, spread, freedom = (np.where(known, x, NAN) for x in (sides.place, sides.spread, sides.freedom))
    return place, spread, freedom


def upper(level: float) -> float:
    """Return the probability below the upper end of an interval.

    Raises:
        MeasureError: The level is no share in (0, 1).
    """
    if not (isinstance(level, numbers.Real) and 0 < level < 1):
        raise MeasureError(f"level {level!r}: expected a share in (0, 1), e.g. 0.95")
    return (1 + level) / 2


def share_intervals(moments: Moments, level: float) -> dict[str, Vector]:
    """Return shares with their intervals.

    Args:
        moments: The estimates, linearised.
        level: Coverage, in (0, 1).

    Returns:
        What an `Estimate` has, as arrays; values and intervals lie in [0, 1]. Without an interval (fewer than
        three clusters, no event) low and high are NaN and `note` says why.
    """
    from scipy import special

    sides, value = _sides(moments), np.clip(moments.value, 0.0, 1.0)
    low, high = sides.limits(special.stdtrit(sides.freedom, upper(level)), level)
    known = sides.note == ""
    why = np.where((value == 0.0) | (value == 1.0), "no event", "no variation")
    note = np.where(known & (sides.spread == 0), why, sides.note)
    found = {"value": value, "low": low, "high": high, "error": sides.error}
    return {c: np.where(known | (c == "value"), x, NAN) for c, x in found.items()} | {"note": note}


def share_interval(moment: Moment, level: float) -> Estimate:
    """Return a share with its interval: `share_intervals` of one."""
    return Estimate(**{c: x.item() for c, x in share_intervals(laid([moment]), level).items()})


def wilson(share: Any, n: Any, level: float = 0.95) -> tuple[Any, Any]:  # noqa: ANN401 -- numbers or arrays
    """Return Wilson's score interval for a share of n, or for arrays of both (Wilson 1927).

    >>> [round(float(x), 4) for x in wilson(0.0, 10)]
    [0.0, 0.2775]
    """
    from statistics import NormalDist

    z = NormalDist().inv_cdf(upper(level))
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
    from scipy import optimize

    pair = laid([first, second])
    sides = _sides(pair)
    a, b = np.clip(sides.value, 0.0, 1.0).tolist()
    if note := sides.note[0] or sides.note[1]:
        return Estimate(b - a, NAN, NAN, NAN, note), NAN
    tie, most = _ties(pair) if joined else (np.zeros(1), np.full(1, np.inf))

    def ends(at: float) -> tuple[float, float]:
        low, high = _gaps(sides, at, tie, most)
        return low.item(), high.item()

    def beyond(at: float) -> float:
        low, high = ends(at)
        return low if b > a else -high

    upper(level)
    low, high = ends(level)
    if a == b or beyond(1e-9) <= 0:
        p_value = 1.0
    elif beyond(1 - 1e-9) > 0:
        p_value = 1e-9
    else:
        p_value = 1 - float(optimize.brentq(beyond, 1e-9, 1 - 1e-9, xtol=1e-10))
    one, two = sides.error.tolist()
    error = math.sqrt(max(one**2 + two**2 - 2 * tie.item() * one * two, 0.0))
    return Estimate(b - a, max(low, -1.0), min(high, 1.0), error), p_value


def difference_limits(pairs: Moments, level: float, *, joined: bool = False) -> tuple[Vector, Vector]:
    """Return the limits of `difference_interval` of many pairs of shares, laid one after the other.

    NaN where a share of the pair has no interval.
    """
    sides = _sides(pairs)
    known = (sides.note[::2] == "") & (sides.note[1::2] == "")
    tie, most = _ties(pairs) if joined else (np.zeros(len(known)), np.full(len(known), np.inf))
    low, high = _gaps(sides, level, tie, most)
    return np.where(known, low, NAN), np.where(known, high, NAN)


def _ties(pairs: Moments) -> tuple[Vector, Vector]:
    """Return how the two of each pair, which have the same clusters, correlate; and its freedom at most."""
    second = pairs.of % 2 == 1
    of, one, two = pairs.of[second] // 2, pairs.sums[~second], pairs.sums[second]
    count = len(pairs.value) // 2
    both, first, last = (np.bincount(of, x, count) for x in (one * two, one**2, two**2))
    tie = np.divide(both, np.sqrt(first * last), out=np.zeros(len(both)), where=first * last > 0)
    lacking = np.bincount(of, (pairs.sizes[~second] <= 0) | (pairs.sizes[second] <= 0), count)
    return tie, np.where(
        lacking > 0, np.inf, np.bincount(of, minlength=count) - 1
    )  # wholly paired: pairs less one


def _gaps(sides: _Sides, level: float, tie: Vector, most: Vector) -> tuple[Vector, Vector]:
    """Return the limits of each second share less the one before it, whose sums correlate by `tie`."""
    from scipy import special

    squares = (sides.spread**2).reshape(-1, 2)
    freedom = squares.sum(axis=1) ** 2 / np.maximum(
        (squares**2 / sides.freedom.reshape(-1, 2)).sum(axis=1), 1e-300
    )
    quantile = special.stdtrit(np.minimum(freedom, most), upper(level))
    value = np.clip(sides.value, 0.0, 1.0)
    low, high = sides.limits(np.repeat(quantile, 2), level)
    down, up = (value - low).reshape(-1, 2), (high - value).reshape(-1, 2)
    gap = np.diff(value.reshape(-1, 2), axis=1)[:, 0]

    def joined(a: Vector, b: Vector) -> Vector:
        both: Vector = np.sqrt(np.maximum(a**2 + b**2 - 2 * tie * a * b, 0.0))
        return both

    return gap - joined(up[:, 0], down[:, 1]), gap + joined(down[:, 0], up[:, 1])


def paired_difference(first: Moment, second: Moment, level: float) -> tuple[Estimate, float]:
    """Return value(second) − value(first) of the same sentences, with its interval and p-value.

    A cluster adds to the difference what it adds to the second less what it adds to the first, so that
    what both have in common cancels (`symmetric_interval`).

    Args:
        first: One quantity.
        second: The other, over the same clusters in the same order.
        level: Coverage of the interval, in (0, 1).

    Returns:
        The difference, and the p-value of none; NaN, with a note, with fewer than three clusters. Where no
        cluster differs both ends are the difference, and the p-value of none is 1.
    """
    if first.value != first.value or second.value != second.value:
        return Estimate(NAN, NAN, NAN, NAN, first.note or second.note), NAN
    found, p_value = symmetric_interval(
        second.value - first.value, second.sums - first.sums, first.sizes + second.sizes, level
    )
    return replace(found, low=max(found.low, -1.0), high=min(found.high, 1.0)), p_value


def symmetric_interval(value: float, sums: Vector, sizes: Vector, level: float) -> tuple[Estimate, float]:
    """Return value ± t · error with CR2 and Satterthwaite's degrees of freedom, and the p-value of 0.

    Args:
        value: An estimate.
        sums: See `variance`.
        sizes: See `variance`; clusters of size 0 are none.
        level: Coverage of the interval, in (0, 1).
    """
    from scipy import special

    inside = sizes > 0
    found, freedom = variance(sums[inside], sizes[inside])
    if inside.sum() < FEWEST or found != found:
        return Estimate(value, NAN, NAN, NAN, "fewer than three clusters"), NAN
    error = math.sqrt(found)
    if error < 1e-12:
        return Estimate(value, value, value, 0.0), float(abs(value) < 1e-12)
    half = float(special.stdtrit(freedom, upper(level))) * error
    p_value = 2 * float(special.stdtr(freedom, -abs(value) / error))
    return Estimate(value, value - half, value + half, error), p_value
