"""How often intervals of shares hold the truth: `python -m benchmarks.coverage [DRAWS] [--size N]`.

Sentences come in clusters, each with a share of its own (beta-binomial with a given intra-cluster correlation);
a classifier scores them (sensitivity .80, specificity .93, scores not calibrated); some are coded. The truth is
the share that the clusters come from, so an interval has to carry what clusters, coding and classifier add.

Designs: simple random; stratified (three strata of 60, 30 and 10 % of the sentences, coded alike often); by
prediction (as many coded with as without the predicted label); whole reports (all sentences of some clusters).
The first and last for `ppi`, all for `dsl`. Draws in which no interval is given (no coded sentence with the
label, fewer than three clusters) are counted apart. Beside each stands the interval that this package gave before:
the estimate ± t(C − 1) standard errors.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from typing import Any

import numpy as np
import pandas as pd
from scipy import special
from tqdm import tqdm

from gongkai.measure.estimate import Coded, corrected, crowd_of
from gongkai.measure.intervals import share_interval

Vector = np.ndarray[Any, np.dtype[Any]]
SHARES, CLUSTERS, SIZES, CORRELATIONS = (
    (0.01, 0.03, 0.1, 0.3, 0.6),
    (5, 10, 20, 80),
    (10, 30, 60, -30),
    (0, 0.1, 0.3),
)
"""A negative size is the mean of unequal ones (log-normal, σ = .6)."""
CODED = 100
DESIGNS = (
    ("ppi", "simple"),
    ("ppi", "whole"),
    ("dsl", "simple"),
    ("dsl", "strata"),
    ("dsl", "prediction"),
    ("dsl", "whole"),
)


def sentences(
    generator: np.random.Generator, share: float, clusters: int, size: int, correlation: float
) -> tuple[Vector, Vector, Vector]:
    """Return codes, scores and clusters."""
    own = np.full(clusters, share)
    if correlation:
        a = (1 - correlation) / correlation
        own = generator.beta(share * a, (1 - share) * a, clusters)
    sizes = np.full(clusters, size)
    if size < 0:
        sizes = np.maximum(2, np.round(generator.lognormal(np.log(-size) - 0.18, 0.6, clusters))).astype(int)
    units = np.repeat(np.arange(clusters), sizes)
    gold = (generator.random(len(units)) < own[units]).astype(float)
    place = np.where(gold == 1, special.ndtri(0.80), special.ndtri(0.07)) + generator.normal(size=len(units))
    return gold, 1 / (1 + np.exp(-1.7 * place)), units


def draw(generator: np.random.Generator, score: Vector, units: Vector, design: str) -> tuple[Vector, Vector]:
    """Return which sentences are coded, and with what probability each was drawn."""
    n = min(CODED, len(score) // 2)
    if design == "whole":
        count = max(units.max() + 1, 1)
        take = min(max(3, round(n / np.bincount(units).mean())), count)
        return np.isin(units, generator.permutation(count)[:take]), np.full(len(score), take / count)
    strata = np.zeros(len(score), int)
    if design == "strata":
        strata = np.digitize(np.arange(len(score)) % 10, [6, 9])
    elif design == "prediction":
        strata = (score >= 0.5).astype(int)
    coded, pi = np.zeros(len(score), bool), np.zeros(len(score))
    present = np.unique(strata)
    for stratum in present:
        inside = np.flatnonzero(strata == stratum)
        take = min(len(inside), n // len(present))
        coded[generator.permutation(inside)[:take]] = True
        pi[inside] = take / len(inside)
    return coded, pi


def once(seed: list[int], setting: tuple[float, int, int, float], method: str, design: str) -> Vector:
    """Return whether an interval was given, whether it held the share, its width, and the same of ± t(C − 1)."""
    generator = np.random.default_rng(seed)
    gold, score, units = sentences(generator, *setting)
    coded, pi = draw(generator, score, units, design)
    pairs = np.stack([score, np.ones(len(score))], axis=1)
    codes = np.stack([gold, np.ones(len(gold))], axis=1)
    weights = 1 / pi if method == "dsl" else np.ones(len(gold))
    rows = Coded(units[coded], codes[coded], pairs[coded], weights[coded])
    moment = corrected(crowd_of(units, pairs), rows, design=method == "dsl")
    found = share_interval(moment, 0.95)
    truth = setting[0]
    if found.low != found.low:
        return np.array([0, np.nan, np.nan, np.nan])
    count = len(moment.sums)
    error = np.sqrt((moment.sums**2).sum() * count / (count - 1))
    plain = abs(moment.value - truth) <= special.stdtrit(count - 1, 0.975) * error
    return np.array([1, found.low <= truth <= found.high, found.high - found.low, plain])


def grid(draws: int, sizes: tuple[int, ...] = SIZES) -> pd.DataFrame:
    """Return one row per setting and design: coverage of either interval, width, and how often there was one."""
    rows = []
    settings = list(itertools.product(SHARES, CLUSTERS, sizes, CORRELATIONS))
    for number, setting in enumerate(tqdm(settings, disable=not sys.stderr.isatty())):
        for kind, (method, design) in enumerate(DESIGNS):
            if design == "whole" and setting[1] < 4:
                continue
            found = np.array([once([number, kind, d], setting, method, design) for d in range(draws)])
            given = found[found[:, 0] == 1]
            names = dict(zip(("share", "clusters", "size", "correlation"), setting, strict=True))
            means = given[:, 1:].mean(axis=0) if len(given) else np.full(3, np.nan)
            rows.append(
                names
                | {"method": method, "design": design, "given": found[:, 0].mean(), "draws": len(given)}
                | dict(zip(("coverage", "width", "plain"), means, strict=True))
            )
    return pd.DataFrame(rows)


def summary(table: pd.DataFrame) -> str:
    """Return the table of docs/methods.md: settings with at least half of the draws given."""
    kept = table[(table["given"] >= 0.5)]
    lines = [
        "| estimator, sample | share | settings | mean | lowest | within .93–.97 | ± t(C − 1): mean | lowest |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (method, design, share), part in kept.groupby(["method", "design", "share"], sort=False):
        inside = part["coverage"].between(0.93, 0.97).mean()
        lines.append(
            f"| {method}, {design} | {share:.0%} | {len(part)} | {part['coverage'].mean():.3f} "
            f"| {part['coverage'].min():.3f} | {inside:.0%} | {part['plain'].mean():.3f} | {part['plain'].min():.3f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("draws", type=int, nargs="?", default=2000)
    parser.add_argument("-o", "--output", default=None)
    parser.add_argument("--size", type=int, action="append", default=None, help="only these; -30: unequal")
    asked = parser.parse_args()
    measured = grid(asked.draws, tuple(asked.size or SIZES))
    if asked.output:
        measured.round(4).to_csv(asked.output, index=False, lineterminator="\n")
    print(summary(measured))
