"""How often intervals of a model's quality hold the truth: `python -m benchmarks.coverage_quality [DRAWS] [-o FILE]`.

Agencies differ in how many sentences they write (log-normal, σ = .5 about the mean), in their share of the label
and in how often the model is right (both beta-binomial with the given intra-cluster correlation). The truth is the
metric of infinitely many such agencies. `difference`: F1 of two models of equal quality that err together on half of
the sentences, on the same sentences; coverage is then one less the size of the test. Beside each stands what this
package gave before: the percentile interval of a bootstrap of whole agencies (300 draws here).
"""

from __future__ import annotations

import argparse
import itertools
import sys
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from gongkai.measure.inference.intervals import paired_difference, share_interval
from gongkai.measure.inference.scores import calibration_error, f1_scores, metric_moment

Vector = np.ndarray[Any, np.dtype[Any]]
AGENCIES, SIZES, SHARES, CORRELATIONS = (4, 5, 10, 20, 80), (15, 40), (0.05, 0.15, 0.4), (0.02, 0.1)
SENSITIVITY, FALSE_ALARMS = 0.85, 0.05
BOOTSTRAP = 300


def rates(generator: np.random.Generator, mean: float, correlation: float, n: int) -> Vector:
    """Return a rate of each agency."""
    a = (1 - correlation) / correlation
    return generator.beta(mean * a, (1 - mean) * a, n)


def sentences(
    generator: np.random.Generator, agencies: int, size: int, share: float, correlation: float
) -> tuple[Vector, Vector, Vector, Vector]:
    """Return codes, what two models say, and the agency of each sentence."""
    sizes = np.maximum(1, np.round(generator.lognormal(np.log(size) - 0.125, 0.5, agencies))).astype(int)
    index = np.repeat(np.arange(agencies), sizes)
    gold = generator.random(len(index)) < rates(generator, share, correlation, agencies)[index]
    hit = rates(generator, SENSITIVITY, correlation, agencies)[index]
    alarm = rates(generator, FALSE_ALARMS, correlation, agencies)[index]
    limit = np.where(gold, hit, alarm)
    both, own = generator.random(len(index)), generator.random((2, len(index)))
    together = generator.random(len(index)) < 0.5
    said = np.where(together, both, own) < limit
    return gold, said[0], said[1], index


def once(seed: list[int], setting: tuple[int, int, float, float]) -> dict[str, tuple[float, float, float]]:
    """Return for each quantity whether there was an interval, whether it held the truth, and the bootstrap's."""
    generator = np.random.default_rng(seed)
    agencies, _, share, _ = setting
    gold, one, two, index = sentences(generator, *setting)
    hits, alarms = share * SENSITIVITY, (1 - share) * FALSE_ALARMS
    truths = {
        "precision": hits / (hits + alarms),
        "recall": SENSITIVITY,
        "f1": 2 * hits / (share + hits + alarms),
    }
    truths["accuracy"] = hits + (1 - share) * (1 - FALSE_ALARMS)
    weights = generator.multinomial(agencies, [1 / agencies] * agencies, BOOTSTRAP)[:, index].astype(float)
    drawn = f1_scores(gold, one, weights)
    found = {}
    for metric, truth in truths.items():
        moment = metric_moment(metric, gold, one.astype(float), one, index, agencies)
        estimate = share_interval(moment, 0.95)
        old = np.nan
        if metric == "f1" and np.isfinite(drawn).any():
            low, high = np.nanquantile(drawn, [0.025, 0.975])
            old = low <= truth <= high
        held = estimate.low <= truth <= estimate.high if estimate.low == estimate.low else np.nan
        found[metric] = (held, old, estimate.high - estimate.low)
    moments = [metric_moment("f1", gold, m.astype(float), m, index, agencies) for m in (one, two)]
    estimate, p_value = paired_difference(moments[0], moments[1], 0.95)
    gap = f1_scores(gold, two, weights) - drawn
    low, high = np.nanquantile(gap, [0.025, 0.975]) if np.isfinite(gap).any() else (np.nan, np.nan)
    found["difference"] = (
        p_value > 0.05 if p_value == p_value else np.nan,
        low <= 0 <= high if low == low else np.nan,
        estimate.high - estimate.low,
    )
    found["ece"] = calibration(generator, agencies, index)
    return found


def calibration(generator: np.random.Generator, agencies: int, index: Vector) -> tuple[float, float, float]:
    """Return the same of ECE: scores are .1 too high in every bin, so the truth is .1."""
    score = generator.random(len(index)) * 0.8 + 0.15
    gold = generator.random(len(index)) < score - 0.1
    estimate = share_interval(metric_moment("ece", gold, score, score > 0.5, index, agencies), 0.95)
    weights = generator.multinomial(agencies, [1 / agencies] * agencies, BOOTSTRAP)[:, index].astype(float)
    low, high = np.quantile(calibration_error(gold, score, weights), [0.025, 0.975])
    held = estimate.low <= 0.1 <= estimate.high if estimate.low == estimate.low else np.nan
    return held, low <= 0.1 <= high, estimate.high - estimate.low


def grid(draws: int) -> pd.DataFrame:
    """Return one row per setting and quantity."""
    rows = []
    for number, setting in enumerate(
        tqdm(list(itertools.product(AGENCIES, SIZES, SHARES, CORRELATIONS)), disable=not sys.stderr.isatty())
    ):
        found = [once([number, d], setting) for d in range(draws)]
        for metric in found[0]:
            values = np.array([f[metric] for f in found], float)
            given = ~np.isnan(values[:, 0])
            means = values[given].mean(axis=0) if given.any() else [np.nan] * 3
            rows.append(
                dict(zip(("agencies", "size", "share", "correlation"), setting))
                | {"quantity": metric, "given": given.mean(), "draws": int(given.sum())}
                | dict(zip(("coverage", "bootstrap", "width"), means))
            )
    return pd.DataFrame(rows)


def summary(table: pd.DataFrame) -> str:
    """Return the table of docs/methods.md: settings with at least half of the draws given."""
    lines = [
        "| quantity | agencies | settings | mean | lowest | within .93–.97 | width | bootstrap: mean | lowest |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for (quantity, agencies), part in table[table["given"] >= 0.5].groupby(
        ["quantity", "agencies"], sort=False
    ):
        inside = part["coverage"].between(0.93, 0.97).mean()
        old = (
            f"{part['bootstrap'].mean():.3f} | {part['bootstrap'].min():.3f}"
            if part["bootstrap"].notna().any()
            else "– | –"
        )
        lines.append(
            f"| {quantity} | {agencies} | {len(part)} | {part['coverage'].mean():.3f} | {part['coverage'].min():.3f} "
            f"| {inside:.0%} | {part['width'].mean():.2f} | {old} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("draws", type=int, nargs="?", default=1000)
    parser.add_argument("-o", "--output", default=None)
    asked = parser.parse_args()
    measured = grid(asked.draws)
    if asked.output:
        measured.round(4).to_csv(asked.output, index=False, lineterminator="\n")
    print(summary(measured))
