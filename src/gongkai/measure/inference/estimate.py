"""Coded sentences and sums over all others → a share, corrected for classifier error, as a `Moment`.

Three estimators of a mean (and of a ratio of two means), over sentences that all have a prediction f and of
which some have a code y:

- prediction-powered (Angelopoulos, Duchi & Zrnic 2023, PPI++), for a simple random coded sample:
      λ · mean f over the uncoded + mean (y − λ f) over the coded,
  with λ in [0, 1] chosen to make the variance least;
- design-based (Egami, Hinck, Stewart & Wei 2023, DSL), for a coded sample with known inclusion
  probabilities π:
      mean f over all + Σ (y − f) / π ÷ Σ 1 / π over the coded;
  the second term divides by Σ 1 / π and not by N (Hájek 1971), which is right to the same order, varies less
  where the sample has a fixed size, and stays right where coded sentences are missing at random;
- adjusted (Gart & Buck 1966; Forman 2008; with scores in place of decisions: Bella et al. 2010):
      (mean f − f̄₀) / (f̄₁ − f̄₀), f̄₁ and f̄₀ the mean of f where y is 1 and 0 — right only when these two
  rates are the same in the group as where they were measured.

The first two stay right when the classifier errs differently in each group. The coded sentences are held one
by one; of all others only sums per cluster are needed, so a corpus may be of any size. Pure numpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gongkai.errors import MeasureError
from gongkai.measure.inference.intervals import NAN, Moment, Moments

if TYPE_CHECKING:
    Vector = np.ndarray[Any, np.dtype[Any]]

FEWER = 3
"""Standard errors by which a sample stands in fewer clusters than sentences drawn one by one would."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """The predictions of any number of sentences as sums.

    A share is a ratio of two quantities of each sentence: top and bottom (for a plain mean the bottom is 1).

    Attributes:
        clusters: Number of each cluster.
        n: Sentences of each cluster.
        sums: Sum of top and of bottom in each cluster: clusters × 2.
        products: Sums of top², top · bottom and bottom² over all sentences, as a 2 × 2 matrix.
    """

    clusters: Vector
    n: Vector
    sums: Vector
    products: Vector


@dataclass(frozen=True, slots=True)
class Coded:
    """Coded sentences, one by one.

    Attributes:
        clusters: Number of the cluster each stands in, as in `Crowd`.
        codes: Code of top and of bottom: sentences × 2.
        predictions: Their predictions: sentences × 2.
        weights: 1 / π, or ones.
    """

    clusters: Vector
    codes: Vector
    predictions: Vector
    weights: Vector

    def __post_init__(self) -> None:
        if not (self.weights >= 1).all():
            raise MeasureError("each coded sentence needs its inclusion probability, in (0, 1]")


def crowd_of(clusters: Vector, predictions: Vector) -> Crowd:
    """Sum the predictions (sentences × 2) of sentences by the number of their cluster."""
    numbers, index = np.unique(clusters, return_inverse=True)
    sums = np.stack([np.bincount(index, p, len(numbers)) for p in predictions.T], axis=1)
    return Crowd(
        numbers, np.bincount(index, minlength=len(numbers)).astype(float), sums, predictions.T @ predictions
    )


def without(crowd: Crowd, coded: Coded) -> Crowd:
    """Return the crowd without its coded sentences; a cluster may be left empty."""
    index = np.searchsorted(crowd.clusters, coded.clusters)
    count = len(crowd.clusters)
    sums = np.stack([np.bincount(index, p, count) for p in coded.predictions.T], axis=1)
    return Crowd(
        crowd.clusters,
        crowd.n - np.bincount(index, minlength=count).astype(float),
        crowd.sums - sums,
        crowd.products - coded.predictions.T @ coded.predictions,
    )


def tuning(codes: Vector, predictions: Vector, n_all: float, mean: float, square: float) -> float:
    """Return the λ in [0, 1] that makes the variance of the mean least (PPI++, section 6).

    It is chosen on sentences, not on clusters: a λ that minimises the cluster-robust variance adapts to few
    clusters, and its intervals cover less (measured in benchmarks/coverage.py).

    Args:
        codes: Codes of the coded sentences.
        predictions: Their predictions.
        n_all: Number of all sentences, coded or not.
        mean: Mean prediction of all.
        square: Mean squared prediction of all.
    """
    n = len(codes)
    spread = (square - mean**2) * n_all / max(n_all - 1, 1)
    if n < 2 or n_all <= n or spread <= 1e-15:
        return 0.0
    together = float(np.mean((codes - codes.mean()) * (predictions - predictions.mean())))
    return float(np.clip(together / ((1 + n / (n_all - n)) * spread), 0, 1))


def shares_of(
    tops: Vector, sizes: Vector, above: Vector, of: Vector, count: int, strata: Vector | None = None
) -> Moments:
    """Return `count` shares Σ top / Σ size, linearised, from the sums of their clusters.

    Args:
        tops: Sum of the outcomes of each cluster; outcomes may be corrected ones, outside [0, 1].
        sizes: What each cluster has in the denominator: sentences.
        above: How many outcomes lie above one half; of decisions the same as `tops`.
        of: Number of the share that each cluster is of.
        count: How many shares there are.
        strata: See `Moments`.
    """
    total, top = np.bincount(of, sizes, count), np.bincount(of, tops, count)
    value = np.divide(top, total, out=np.full(count, NAN), where=total > 0)
    rare = value <= 0.5
    events = np.where(rare[of], above, sizes - above)
    sums = (tops - value[of] * sizes) / np.where(total > 0, total, 1.0)[of]
    note = np.where(total > 0, "", "nothing to divide by").astype(object)
    return Moments(value, np.bincount(of, events, count), rare, total, note, of, sums, sizes, events, strata)


def share_of_sums(tops: Vector, sizes: Vector, above: Vector) -> Moment:
    """Return one share of `shares_of`."""
    made = shares_of(tops, sizes, above, np.zeros(len(tops), int), 1)
    one = (x[0].item() for x in (made.value, made.events, made.rare, made.n))
    value, events, rare, n = one
    return Moment(value, made.sums, sizes, events, made.weights, rare, n, made.note[0])


def corrected(crowd: Crowd, coded: Coded, *, design: bool) -> Moment:
    """Return the share corrected by coded sentences.

    Args:
        crowd: Scores of all sentences, the coded ones among them.
        coded: The coded ones.
        design: Design-based (DSL, with the weights) or prediction-powered (PPI++, without). Where
            whole clusters were drawn both are the former: a λ tuned on sentences is none for clusters.
    """
    if len(coded.codes) < 2:
        return none("fewer than two coded")
    index = np.searchsorted(crowd.clusters, coded.clusters)
    if not design and _drawn_together(crowd.n, index):
        design, coded = True, replace(coded, weights=np.ones(len(coded.codes)))
    base = crowd if design else without(crowd, coded)
    weights = coded.weights if design else np.ones(len(coded.codes))
    total, size = float(weights.sum()), float(base.n.sum())
    n_all = float(crowd.n.sum())
    tunings = np.ones(2)
    if not design:
        means, squares = crowd.sums.sum(axis=0) / n_all, np.diag(crowd.products) / n_all
        tunings = np.array(
            [tuning(coded.codes[:, k], coded.predictions[:, k], n_all, means[k], squares[k]) for k in (0, 1)]
        )
    imputed = tunings * base.sums.sum(axis=0) / size if size else np.zeros(2)
    rectifiers = coded.codes - tunings * coded.predictions
    top, bottom = (float(x) for x in imputed + weights @ rectifiers / total)
    if bottom <= 0:
        return none("nothing to divide by")
    value = top / bottom
    # The ratio, linearised: what each sentence adds to the error of top − value · bottom.
    slope = np.array([1.0, -value]) / bottom
    of_coded = weights * (rectifiers @ slope - weights @ (rectifiers @ slope) / total) / total
    sums: Vector = np.bincount(index, of_coded, len(crowd.clusters))
    sizes: Vector = np.zeros(len(crowd.clusters))
    for under in (coded.codes[:, 1] == 1, coded.codes[:, 1] != 1):  # of the latter a mean has none
        held: Vector = np.bincount(index[under], weights[under] ** 2, len(crowd.clusters))
        sizes += held * ((of_coded[under] ** 2).sum() / max(held.sum(), 1e-300))
    imputed = None
    if size:
        lead = slope * tunings
        mean = float(base.sums.sum(axis=0) @ lead) / size
        sums += (base.sums @ lead - base.n * mean) / size
        within = base.sums[:, 1] if base.sums[:, 1].any() else base.n
        spread = max(float(lead @ base.products @ lead) - size * mean**2, 0.0) / size**2
        imputed = within / within.sum() * spread
        sizes += imputed
    return _seen(value, sums, sizes, imputed, coded, index, weights)


def _drawn_together(sizes: Vector, index: Vector) -> bool:
    """Tell whether coded sentences, whose clusters are given, stand in too few of them for a draw."""
    hit = 1 - (1 - min(len(index) / sizes.sum(), 1.0)) ** sizes
    fewest = hit.sum() - FEWER * np.sqrt((hit * (1 - hit)).sum())
    return len(np.unique(index)) < float(fewest) - 1e-9


def _seen(
    value: float, sums: Vector, sizes: Vector, imputed: Vector | None, coded: Coded, index: Vector, w: Vector
) -> Moment:
    """Return the share with the coded sentences of its rarer outcome, weighted by `w`."""
    top, bottom = coded.codes.T
    rare = top.sum() <= bottom.sum() - top.sum()
    events = top if rare else bottom - top
    note = "" if events.sum() else "no event coded"
    weights = np.bincount(index, w * events, len(sums))
    worth = float(w @ events) ** 2 / max(float(w**2 @ events), 1e-300)  # Kish (1965)
    return Moment(value, sums, sizes, worth, weights, bool(rare), float(bottom.sum()), note, imputed)


def none(note: str) -> Moment:
    """Return a share that is undefined, and why."""
    empty = np.zeros(0)
    return Moment(NAN, empty, empty, 0.0, empty, rare=True, n=0.0, note=note)


def adjusted(crowd: Crowd, coded: Coded | None, rates: Sequence[tuple[float, float]] | None = None) -> Moment:
    """Return the share corrected by error rates that hold for all groups.

    Args:
        crowd: Decisions of the group, 0 or 1; bottoms may be ones.
        coded: Coded sentences of all groups, with decisions; clusters may be others than the crowd's.
        rates: Sensitivity and specificity for top and bottom, taken as exact, in place of `coded`.

    Returns:
        Shares clipped to [0, 1]; undefined where decisions are no more frequent on positives.
    """
    clusters = crowd.clusters if coded is None else np.union1d(crowd.clusters, coded.clusters)
    at = np.searchsorted(clusters, crowd.clusters)
    n = float(crowd.n.sum())
    shares, errors, sizes = [], [], []
    for k in (0, 1):
        plain = bool((crowd.sums[:, k] == crowd.n).all()) and (
            coded is None or bool((coded.codes[:, k] == 1).all())
        )
        mean = float(crowd.sums[:, k].sum()) / n
        if plain:  # a bottom of ones
            shares.append(1.0)
            errors.append(np.zeros(len(clusters)))
            sizes.append(np.zeros(len(clusters)))
            continue
        if rates is None:
            assert coded is not None  # the callers give one or the other
            y, d, w = coded.codes[:, k], coded.predictions[:, k], coded.weights
            of = [(w * (1 - y), d), (w * y, d)]
            if min(u.sum() for u, _ in of) <= 0:
                return none("no event coded")
            off, on = (float(u @ d / u.sum()) for u, _ in of)
        else:
            sensitivity, specificity = rates[k]
            off, on = 1 - specificity, sensitivity
        share = float(adjusted_share(mean, off, on))
        if share != share:
            return none("the model tells positives and negatives apart no better than chance")
        error = np.zeros(len(clusters))
        error[at] = (crowd.sums[:, k] - mean * crowd.n) / n
        expected = np.zeros(len(clusters))
        expected[at] = crowd.n * mean * (1 - mean) / n**2
        if rates is None and coded is not None:
            index = np.searchsorted(clusters, coded.clusters)
            parts = [u * (d - m) / u.sum() for (u, _), m in zip(of, (off, on), strict=True)]
            each = -(1 - share) * parts[0] - share * parts[1]
            each[np.abs(each) < 1e-12] = 0.0  # what rounding leaves where the model never errs
            error += np.bincount(index, each, len(clusters))
            expected += np.bincount(index, w**2, len(clusters)) * float((each**2).sum() / (w**2).sum())
        shares.append(share)
        errors.append(error / (on - off))
        sizes.append(expected / (on - off) ** 2)
    top, bottom = shares
    if bottom <= 0:
        return none("nothing to divide by")
    value = top / bottom
    sums = (errors[0] - value * errors[1]) / bottom
    expected = (sizes[0] + value**2 * sizes[1]) / bottom**2
    decided, under = crowd.sums.sum(axis=0)
    rare = decided <= under - decided
    held = np.zeros(len(clusters))
    held[at] = crowd.sums[:, 0] if rare else crowd.sums[:, 1] - crowd.sums[:, 0]
    return Moment(min(value, 1.0), sums, expected, float(held.sum()), held, bool(rare), float(under))


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


def adjusted_share(mean: Any, on_negatives: Any, on_positives: Any) -> Any:  # noqa: ANN401
    """Return (mean − f̄₀) / (f̄₁ − f̄₀), clipped to [0, 1]; NaN where f̄₁ ≤ f̄₀.

    >>> round(adjusted_share(0.3, 0.1, 0.9), 3)
    0.25
    """
    gap = np.asarray(on_positives, float) - on_negatives
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(gap > 0, np.clip((np.asarray(mean, float) - on_negatives) / gap, 0, 1), np.nan)
    return share if share.ndim else float(share)
