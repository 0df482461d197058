"""How often intervals of shares hold the truth: `python -m benchmarks.coverage [DRAWS] [-o FILE]`.

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

from gongkai.measure.inference.estimate import Coded, corrected, crowd_of
from gongkai.measure.inference.intervals import Moment, Moments, difference_limits, laid, share_intervals

Vector = np.ndarray[Any, np.dtype[Any]]
SHARES, CLUSTERS, SIZES, CORRELATIONS = (
    (0.01, 0.03, 0.1, 0.3, 0.6),
    (5, 10, 20, 80),
    (10, 30, 60, -30),
    (0, 0.1, 0.3),
)
"""A negative size is the mean of unequal ones (log-normal, σ = .6)."""
CODED = (("share", 100), ("share", 300), ("ratio", 300))
"""Quantities and how many sentences are coded for them, at most half of all; 300 where a share is rare."""
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
    """Return which sentences are coded, and with what probability each of them was drawn."""
    n = min(n, len(units) // 2)
    if design == "whole":
        count = units[-1] + 1
        take = min(max(3, round(n * count / len(units))), count)
        chosen = np.zeros(count, bool)
        chosen[generator.permutation(count)[:take]] = True
        coded = np.flatnonzero(chosen[units])
        return coded, np.full(len(coded), take / count)
    strata = [np.arange(len(units))]
    if design == "strata":
        third = np.digitize(strata[0] % 10, [6, 9])
        strata = [np.flatnonzero(third == k) for k in range(3)]
    elif design == "prediction":
        strata = [part for part in (np.flatnonzero(predicted), np.flatnonzero(~predicted)) if len(part)]
    takes = [min(len(part), n // len(strata)) for part in strata]
    drawn = [p[generator.choice(len(p), t, replace=False)] for p, t in zip(strata, takes, strict=True)]
    return np.concatenate(drawn), np.repeat([t / len(p) for p, t in zip(strata, takes, strict=True)], takes)


def estimates(draws: int, seed: list[int], setting: Setting, quantity: str, n: int) -> list[list[Moment]]:
    """Return, of each design, an estimate for each draw; the designs sample the same sentences."""
    found: list[list[Moment]] = [[] for _ in DESIGNS]
    for d in range(draws):
        generator = np.random.default_rng([*seed, d])
        units, codes, scores = sentences(generator, setting, quantity)
        predicted = scores[:, 1 if quantity == "ratio" else 0] >= 0.5
        crowd = crowd_of(units, scores)
        for made, (method, design) in zip(found, DESIGNS, strict=True):
            coded, pi = draw(generator, n, predicted, units, design)
            weights = 1 / pi if method == "dsl" else np.ones(len(coded))
            rows = Coded(units[coded], codes[coded], scores[coded], weights)
            made.append(corrected(crowd, rows, design=method == "dsl"))
    return found


def plain(moments: Moments, given: Vector, truth: float) -> float:
    """Return how often ± t(C − 1) standard errors hold the truth, of the shares that have an interval."""
    count = np.maximum(np.bincount(moments.of, minlength=len(given)), 2)
    error = np.sqrt(np.bincount(moments.of, moments.sums**2, len(given)) * count / (count - 1))
    return float((np.abs(moments.value - truth) <= special.stdtrit(count - 1, 0.975) * error)[given].mean())


def told(low: Vector, high: Vector, truth: float) -> dict[str, float]:
    """Return how often intervals are given, hold the truth, or lie below or above it, and how wide they are."""
    given = ~np.isnan(low)
    low, high = low[given], high[given]
    if not len(low):
        return {"given": 0.0}
    below, above = float((high < truth).mean()), float((low > truth).mean())
    return {"given": float(given.mean()), "draws": len(low), "coverage": 1 - below - above, "below": below,
            "above": above, "width": float(np.mean(high - low))}  # fmt: skip


def grid(draws: int, sizes: tuple[int, ...], given: list[tuple[str, int]]) -> pd.DataFrame:
    """Return one row per setting and design: coverage of either interval, width, and how often there was one."""
    rows: list[dict[str, object]] = []
    columns = list(itertools.product(given, CLUSTERS, sizes, CORRELATIONS))
    for number, ((quantity, n), *rest) in enumerate(tqdm(columns, disable=not sys.stderr.isatty())):
        before: list[list[Moment]] = []
        for k, share in enumerate(s for s in SHARES if n == 100 or quantity == "ratio" or s <= RARE):
            found = estimates(draws, [number, k], (share, *rest), quantity, n)
            for j, ((method, design), made) in enumerate(zip(DESIGNS, found, strict=True)):
                about: dict[str, object] = {"coded": n, "method": method, "design": design, "share": share}
                about |= dict(zip(("clusters", "size", "correlation"), rest, strict=True))
                moments = laid(made)
                ends = share_intervals(moments, 0.95)
                row = {"quantity": quantity} | about | told(ends["low"], ends["high"], share)
                known = ~np.isnan(ends["low"])
                rows.append(row | {"plain": plain(moments, known, share) if known.any() else np.nan})
                if quantity == "share" and before:
                    pairs = laid([m for pair in zip(before[j], made, strict=True) for m in pair])
                    gap = told(*difference_limits(pairs, 0.95), share - SHARES[k - 1])
                    rows.append({"quantity": "difference"} | about | gap)
            before = found
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
    parser.add_argument("--quantity", action="append", default=None, help="only these, e.g. ratio")
    parser.add_argument("--coded", type=int, action="append", default=None, help="only these, 100 or 300")
    parser.add_argument("--made", nargs="+", default=None, help="print the table of earlier outputs")
    asked = parser.parse_args()
    if asked.made:
        measured = pd.concat([pd.read_csv(path) for path in asked.made], ignore_index=True)
    else:
        kept = [
            (quantity, n)
            for quantity, n in CODED
            if quantity in (asked.quantity or [quantity]) and n in (asked.coded or [n])
        ]
        measured = grid(asked.draws, tuple(asked.size or SIZES), kept)
    if asked.output:
        measured.round(4).to_csv(asked.output, index=False, lineterminator="\n")
    print(summary(measured))
