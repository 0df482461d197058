"""How often intervals of shares hold the truth: `python -m benchmarks.coverage [DRAWS] [-o FILE] [--size N]`.

Sentences come in clusters, each with a share of its own (beta-binomial with a given intra-cluster correlation);
a classifier scores them (sensitivity .80, specificity .93, scores not calibrated); some are coded. The truth is
the share that the clusters come from, so an interval has to carry what clusters, coding and classifier add.

Quantities: a share; a ratio of two shares (cheap talk: of the sentences with one label, .4 of all, those with the
other too); a difference of two shares, each with its own clusters and sample (this setting's share and the next
rarer one's).

Designs: simple random; stratified (three strata of 60, 30 and 10 % of the sentences, coded alike often); by
prediction (as many coded with as without the predicted label); whole reports (all sentences of some clusters).
The first and last for `ppi`, all for `dsl`. Draws in which no interval is given (no coded sentence with the
label, too few clusters) are counted apart. Beside each share stands the interval that this package gave before:
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
from gongkai.measure.intervals import Moment, difference_limits, laid, share_intervals

Vector = np.ndarray[Any, np.dtype[Any]]
SHARES, CLUSTERS, SIZES, CORRELATIONS = (
    (0.01, 0.03, 0.1, 0.3, 0.6),
    (5, 10, 20, 80),
    (10, 30, 60, -30),
    (0, 0.1, 0.3),
)
"""A negative size is the mean of unequal ones (log-normal, σ = .6)."""
CODED = (("share", 100), ("share", 300), ("ratio", 300))
"""Quantities and how many sentences are coded for them, at most half of all; 300 for a share only where it is rare."""
RARE = 0.03
BOTTOM = 0.4
"""What a ratio is taken among, as a share of all sentences."""
DESIGNS = (
    ("ppi", "simple"),
    ("ppi", "whole"),
    ("dsl", "simple"),
    ("dsl", "strata"),
    ("dsl", "prediction"),
    ("dsl", "whole"),
)
Setting = tuple[float, int, int, float]


def labelled(
    generator: np.random.Generator, share: float, correlation: float, units: Vector
) -> tuple[Vector, Vector]:
    """Return codes of a label, whose share differs between units, and a classifier's scores."""
    own = np.full(units[-1] + 1, share)
    if correlation:
        a = (1 - correlation) / correlation
        own = generator.beta(share * a, (1 - share) * a, len(own))
    gold = (generator.random(len(units)) < own[units]).astype(float)
    place = np.where(gold == 1, special.ndtri(0.80), special.ndtri(0.07)) + generator.normal(size=len(units))
    return gold, 1 / (1 + np.exp(-1.7 * place))


def sentences(
    generator: np.random.Generator, setting: Setting, quantity: str
) -> tuple[Vector, Vector, Vector]:
    """Return the unit of each sentence, and codes and scores of top and bottom: sentences × 2."""
    share, clusters, size, correlation = setting
    sizes = np.full(clusters, size)
    if size < 0:
        sizes = np.maximum(2, np.round(generator.lognormal(np.log(-size) - 0.18, 0.6, clusters))).astype(int)
    units = np.repeat(np.arange(clusters), sizes)
    gold, score = labelled(generator, share, correlation, units)
    under = (np.ones(len(units)), np.ones(len(units)))
    if quantity == "ratio":
        under = labelled(generator, BOTTOM, correlation, units)
    return (
        units,
        np.stack([gold * under[0], under[0]], axis=1),
        np.stack([score * under[1], under[1]], axis=1),
    )


def draw(
    generator: np.random.Generator, n: int, predicted: Vector, units: Vector, design: str
) -> tuple[Vector, Vector]:
    """Return which sentences are coded, and with what probability each was drawn."""
    n = min(n, len(units) // 2)
    if design == "whole":
        count = units[-1] + 1
        take = min(max(3, round(n / np.bincount(units).mean())), count)
        return np.isin(units, generator.permutation(count)[:take]), np.full(len(units), take / count)
    strata = np.zeros(len(units), int)
    if design == "strata":
        strata = np.digitize(np.arange(len(units)) % 10, [6, 9])
    elif design == "prediction":
        strata = predicted.astype(int)
    coded, pi = np.zeros(len(units), bool), np.zeros(len(units))
    present = np.unique(strata)
    for stratum in present:
        inside = np.flatnonzero(strata == stratum)
        take = min(len(inside), n // len(present))
        coded[generator.permutation(inside)[:take]] = True
        pi[inside] = take / len(inside)
    return coded, pi


def once(seed: list[int], setting: Setting, quantity: str, n: int, method: str, design: str) -> Moment:
    """Return one estimate."""
    generator = np.random.default_rng(seed)
    units, codes, scores = sentences(generator, setting, quantity)
    coded, pi = draw(generator, n, scores[:, 1 if quantity == "ratio" else 0] >= 0.5, units, design)
    weights = 1 / pi[coded] if method == "dsl" else np.ones(coded.sum())
    rows = Coded(units[coded], codes[coded], scores[coded], weights)
    return corrected(crowd_of(units, scores), rows, design=method == "dsl")


def plain(moment: Moment, truth: float) -> bool:
    """Return whether ± t(C − 1) standard errors hold the truth."""
    count = len(moment.sums)
    error = np.sqrt((moment.sums**2).sum() * count / (count - 1))
    return bool(abs(moment.value - truth) <= special.stdtrit(count - 1, 0.975) * error)


def told(low: Vector, high: Vector, truth: float) -> dict[str, float]:
    """Return how often intervals are given, hold the truth, or lie below or above it, and how wide they are."""
    given = ~np.isnan(low)
    low, high = low[given], high[given]
    if not len(low):
        return {"given": 0.0}
    below, above = float((high < truth).mean()), float((low > truth).mean())
    return {"given": float(given.mean()), "draws": len(low), "coverage": 1 - below - above, "below": below,
            "above": above, "width": float(np.mean(high - low))}  # fmt: skip


def grid(draws: int, sizes: tuple[int, ...] = SIZES) -> pd.DataFrame:
    """Return one row per setting and design: coverage of either interval, width, and how often there was one."""
    rows = []
    columns = list(itertools.product(CODED, DESIGNS, CLUSTERS, sizes, CORRELATIONS))
    for number, ((quantity, n), design, *rest) in enumerate(tqdm(columns, disable=not sys.stderr.isatty())):
        before: list[Moment] = []
        for k, share in enumerate(s for s in SHARES if n == 100 or quantity == "ratio" or s <= RARE):
            setting = (share, *rest)
            made = [once([number, k, d], setting, quantity, n, *design) for d in range(draws)]
            about = dict(zip(("coded", "method", "design", "share"), (n, *design, share), strict=True))
            about |= dict(zip(("clusters", "size", "correlation"), rest, strict=True))
            found = share_intervals(laid(made), 0.95)
            row = {"quantity": quantity} | about | told(found["low"], found["high"], share)
            given = ~np.isnan(found["low"])
            if quantity == "share" and given.any():
                row["plain"] = np.mean([plain(m, share) for m, kept in zip(made, given, strict=True) if kept])
            rows.append(row)
            if quantity == "share" and before:
                pairs = laid([moment for pair in zip(before, made, strict=True) for moment in pair])
                gap = told(*difference_limits(pairs, 0.95), share - SHARES[k - 1])
                rows.append({"quantity": "difference"} | about | gap)
            before = made
    return pd.DataFrame(rows)


def summary(table: pd.DataFrame) -> str:
    """Return the table of docs/methods.md: settings with at least half of the draws given."""
    kept = table[table["given"] >= 0.5]
    lines = [
        "| quantity | coded | estimator, sample | share | settings | mean | lowest | highest | below .93 "
        "| within .93–.97 | above .97 | ± t(C − 1): mean | lowest |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    keys = ["quantity", "coded", "method", "design", "share"]
    order = [list(SHARES).index, ["share", "ratio", "difference"].index]
    for key, part in sorted(kept.groupby(keys), key=lambda p: (order[1](p[0][0]), order[0](p[0][4]), p[0])):
        quantity, coded, method, design, share = key
        coverage = part["coverage"]
        cells = [f"{coverage.mean():.3f}", f"{coverage.min():.3f}", f"{coverage.max():.3f}"]
        cells += [
            f"{inside.mean():.0%}"
            for inside in (coverage < 0.93, coverage.between(0.93, 0.97), coverage > 0.97)
        ]
        old = part["plain"].dropna()
        cells += [f"{old.mean():.3f}", f"{old.min():.3f}"] if len(old) else ["–", "–"]
        lines.append(
            f"| {quantity} | {coded} | {method}, {design} | {share:.0%} | {len(part)} | {' | '.join(cells)} |"
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
