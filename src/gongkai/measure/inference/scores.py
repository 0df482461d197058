"""Gold, scores and decisions of sentences → a metric of quality with its interval.

A metric that is a ratio of sums (precision, recall, F1, accuracy, the Brier score) is linearised exactly, any
other (average precision, calibration error, macro F1, α) by its derivative along the weight of each cluster
(the infinitesimal jackknife: Jaeckel 1972; Efron 1982, ch. 6). From there on it is a `Moment`, and becomes an
interval where shares do. Pure numpy; knows no tables.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gongkai.measure.inference.estimate import none, share_of_sums
from gongkai.measure.inference.intervals import FEWEST, NAN, Moment, symmetric_interval, wilson

if TYPE_CHECKING:
    Vector = np.ndarray[Any, np.dtype[Any]]

ECE_BINS = 10
METRICS = ("precision", "recall", "f1", "pr_auc", "brier", "ece", "accuracy")
STEP = 1e-4
AT_ONCE = 2_000_000
"""Weights held in memory while derivatives are taken."""


def metric_moment(
    metric: str,
    gold: Vector,
    score: Vector,
    predicted: Vector,
    index: Vector,
    clusters: int,
    weights: Vector | None = None,
) -> Moment:
    """Return a metric of one label, linearised.

    Args:
        metric: One of `METRICS`.
        gold: Codes, boolean.
        score: Scores in [0, 1].
        predicted: Decisions, boolean.
        index: Number of the cluster of each sentence; clusters without one have size 0.
        clusters: How many there are.
        weights: Of each sentence, 1 / π; None weighs them alike.
    """
    w = np.ones(len(gold)) if weights is None else weights
    hits, ones = (gold & predicted).astype(float), np.ones(len(gold))
    ratios = {
        "precision": (hits, predicted.astype(float)),
        "recall": (hits, gold.astype(float)),
        "f1": (hits, (gold.astype(float) + predicted) / 2),
        "accuracy": ((gold == predicted).astype(float), ones),
        "brier": ((score - gold) ** 2, ones),
    }
    if metric in ratios:
        return ratio_moment(*ratios[metric], index, clusters, weights)
    compute = average_precision if metric == "pr_auc" else calibration_error
    rarer = float(min(gold.sum(), (~gold).sum()))
    moment = smooth_moment(lambda factors: compute(gold, score, factors * w), index, clusters, rarer)
    return (
        replace(moment, sizes=np.bincount(index, w**2, clusters)) if moment.value == moment.value else moment
    )


def ratio_moment(
    top: Vector, bottom: Vector, index: Vector, clusters: int, weights: Vector | None = None
) -> Moment:
    """Return Σ w top / Σ w bottom, linearised; w is one unless given."""
    w = np.ones(len(top)) if weights is None else weights
    tops, bottoms, sizes = (np.bincount(index, x, clusters) for x in (w * top, w * bottom, w**2 * bottom))
    found = share_of_sums(tops, bottoms, tops)
    seen = float((top if found.rare else bottom - top).sum())
    return replace(found, sizes=sizes, events=seen, n=float(bottom.sum()))


def smooth_moment(compute: Callable[[Vector], Vector], index: Vector, clusters: int, events: float) -> Moment:
    """Return a function of weighted sentences in [0, 1], linearised by its derivatives.

    Args:
        compute: Weights, draws × sentences → a value for each row; the same when all weights are multiplied.
        index: Number of the cluster of each sentence.
        clusters: How many there are.
        events: How many sentences the rarer outcome has.
    """
    sizes = np.bincount(index, minlength=clusters).astype(float)
    value = float(compute(np.ones((1, len(index))))[0]) if len(index) else NAN
    if value != value:
        return none("nothing to divide by")
    sums = derivatives(compute, index, clusters)
    return Moment(value, sums, sizes, events, np.zeros(clusters), rare=True, n=float(len(index)))


def derivatives(compute: Callable[[Vector], Vector], index: Vector, clusters: int) -> Vector:
    """Return the derivative of a weighted value along the weight of each cluster; they sum to zero."""
    found = np.zeros(clusters)
    part = max(1, AT_ONCE // max(len(index), 1))
    for start in range(0, clusters, part):
        inside = index == np.arange(start, min(start + part, clusters))[:, None]
        ends = [compute(1 + sign * STEP * inside) for sign in (1, -1)]
        found[start : start + part] = (ends[0] - ends[1]) / (2 * STEP)
    centred: Vector = found - found.mean()
    return centred


def ratio(top: Vector, bottom: Vector) -> Vector:
    """Return top / bottom; NaN where the bottom is not positive."""
    quotient: Vector = np.divide(top, bottom, out=np.full(np.shape(top), np.nan), where=bottom > 0)
    return quotient


def f1_scores(gold: Vector, predicted: Vector, weights: Vector) -> Vector:
    """Return F1 for each row of sentence weights."""
    return ratio(2 * (weights @ (gold & predicted)), weights @ gold + weights @ predicted)


def average_precision(gold: Vector, score: Vector, weights: Vector) -> Vector:
    """Return precision at each positive, weighted by the recall it adds; ties count as one."""
    order = np.argsort(-score, kind="stable")
    # With ties the precision is that behind the last of equal scores.
    last = np.searchsorted(-score[order], -score[order], side="right") - 1
    sorted_weights = weights[:, order]
    hits = np.cumsum(sorted_weights * gold[order], axis=1)
    known = np.cumsum(sorted_weights, axis=1)
    precision = ratio(hits[:, last], known[:, last])
    gained = sorted_weights * gold[order]
    return ratio(np.nansum(gained * precision, axis=1), hits[:, -1])


def calibration_error(gold: Vector, score: Vector, weights: Vector) -> Vector:
    """Return the expected calibration error over ten bins of equal width (Guo et al. 2017)."""
    bins = np.minimum((score * ECE_BINS).astype(int), ECE_BINS - 1)
    total = np.zeros(len(weights))
    for b in range(ECE_BINS):
        inside = bins == b
        total += np.abs(weights[:, inside] @ (score[inside] - gold[inside]))
    return ratio(total, weights.sum(axis=1))


def alpha_interval(
    alpha: Callable[[Vector], Vector], index: Vector, clusters: int, level: float
) -> tuple[float, float]:
    """Return the interval of Krippendorff's α, symmetric in log (1 − α), the log ratio of disagreements.

    Without any disagreement the lower end takes Wilson's upper limit for none, with the clusters as its n, as
    1 − α (of as much as chance would give). NaN with fewer than three clusters, or where α is undefined.
    """
    value = float(alpha(np.ones((1, len(index))))[0])
    if value != value or clusters < FEWEST:
        return NAN, NAN
    if value > 1 - 1e-9:
        return 1 - float(wilson(0.0, clusters, level)[1]), 1.0
    with np.errstate(invalid="ignore", divide="ignore"):
        sums = derivatives(lambda weights: np.log(1 - alpha(weights)), index, clusters)
    sizes = np.bincount(index, minlength=clusters).astype(float)
    found, _ = symmetric_interval(float(np.log(1 - value)), sums, sizes, level)
    return 1 - float(np.exp(found.high)), 1 - float(np.exp(found.low))
