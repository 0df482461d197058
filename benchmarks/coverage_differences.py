"""How often a difference is found where there is none: `python -m benchmarks.coverage_differences [DRAWS] [-o FILE]`.

Two groups of agencies (beta-binomial shares with an intra-cluster correlation of its own in each group; 30 sentences
each, or log-normal sizes of about 15 to 80), the same share in both: `size` is how often the interval of `compare`
leaves out 0 at .05. `coverage` is that of a true difference of 10 points. `paired`: the same agencies in two years, with a
share of their own that both years have in common. Draws without an interval (a group without the label, or whose units do
not differ) are counted apart.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from gongkai.measure.inference.estimate import shares_of
from gongkai.measure.inference.intervals import difference_limits

Vector = np.ndarray[Any, np.dtype[Any]]
GROUPS = ((2, 2), (2, 60), (3, 3), (5, 5), (3, 60), (5, 50), (10, 10), (20, 60), (60, 60))
PAIRS = (5, 10, 40)
SHARES, CORRELATIONS = (0.02, 0.1, 0.3, 0.6), ((0.02, 0.02), (0.1, 0.1), (0.2, 0.02))
DIFFERENCE = 0.1


def sizes_of(generator: np.random.Generator, draws: int, n: int, unequal: bool) -> Vector:
    """Return sentences of each agency: draws × agencies."""
    if not unequal:
        return np.full((draws, n), 30)
    return np.clip(np.round(generator.lognormal(np.log(35), 0.6, (draws, n))), 8, 120).astype(int)


def own_shares(
    generator: np.random.Generator, share: float, correlation: float, size: tuple[int, int]
) -> Vector:
    """Return the share of each agency."""
    a = (1 - correlation) / correlation
    return generator.beta(share * a, (1 - share) * a, size)


def limits(tops: list[Vector], sizes: list[Vector], joined: bool) -> tuple[Vector, Vector]:
    """Return the interval of the difference of the two groups of each draw."""
    draws = len(sizes[0])
    of = np.repeat([0, 1], [sizes[0].shape[1], sizes[1].shape[1]]) + 2 * np.arange(draws)[:, None]
    top, size = (np.concatenate(part, axis=1).ravel().astype(float) for part in (tops, sizes))
    return difference_limits(shares_of(top, size, top, of.ravel(), 2 * draws), 0.95, joined=joined)


def setting(
    seed: int,
    draws: int,
    kind: str,
    counts: tuple[int, int],
    share: float,
    icc: tuple[float, float],
    unequal: bool,
) -> dict[str, float]:
    """Return how often there is an interval, leaves out 0 though nothing differs, and holds a true difference."""
    generator = np.random.default_rng(seed)
    found: dict[str, float] = {}
    for shift in (0.0, DIFFERENCE):
        sizes = [sizes_of(generator, draws, n, unequal) for n in counts]
        if kind == "paired":
            first = own_shares(generator, share, icc[0], (draws, counts[0]))
            shares = [first, first + shift * (1 - first) / (1 - share)]
        else:
            shares = [
                own_shares(generator, s, c, (draws, n))
                for s, c, n in zip((share, share + shift), icc, counts)
            ]
        tops = [generator.binomial(n, p) for n, p in zip(sizes, shares)]
        low, high = limits(tops, sizes, kind == "paired")
        given = ~np.isnan(low)
        held = ((low <= shift) & (shift <= high))[given]
        if shift:
            found["coverage"] = float(held.mean()) if given.any() else np.nan
        else:
            found = {"given": float(given.mean()), "size": float(1 - held.mean()) if given.any() else np.nan}
    return found


def grid(draws: int) -> pd.DataFrame:
    """Return one row per setting."""
    settings = [
        ("apart", g, *rest) for g, *rest in itertools.product(GROUPS, SHARES, CORRELATIONS, (False, True))
    ]
    settings += [
        ("paired", (g, g), *rest)
        for g, *rest in itertools.product(PAIRS, SHARES, CORRELATIONS[:2], (False, True))
    ]
    rows = []
    for number, one in enumerate(tqdm(settings, disable=not sys.stderr.isatty())):
        kind, counts, share, icc, unequal = one
        about = {"kind": kind, "agencies": f"{counts[0]} – {counts[1]}", "share": share}
        about |= {"correlation": f"{icc[0]} – {icc[1]}", "unequal": unequal}
        rows.append(about | setting(number, draws, *one))
    return pd.DataFrame(rows)


def summary(table: pd.DataFrame) -> str:
    """Return the table of docs/methods.md: settings with at least half of the draws given."""
    lines = [
        "| groups | agencies | share | settings | size at .05: mean | highest | within .03–.07 "
        "| coverage: mean | lowest | within .93–.97 |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    table = table.assign(rare=np.where(table["share"] < 0.1, "2 %", "10–60 %"))
    for (kind, agencies, rare), whole in table.groupby(["kind", "agencies", "rare"], sort=False):
        part = whole[whole["given"] >= 0.5]
        if part.empty:
            lines.append(f"| {kind} | {agencies} | {rare} | 0 | no interval, and it is said | | | | | |")
            continue
        size, coverage = part["size"], part["coverage"]
        lines.append(
            f"| {kind} | {agencies} | {rare} | {len(part)} | {size.mean():.3f} | {size.max():.3f} "
            f"| {size.between(0.03, 0.07).mean():.0%} | {coverage.mean():.3f} | {coverage.min():.3f} "
            f"| {coverage.between(0.93, 0.97).mean():.0%} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("draws", type=int, nargs="?", default=2000)
    parser.add_argument("-o", "--output", default=None)
    asked = parser.parse_args()
    measured = grid(asked.draws)
    if asked.output:
        measured.round(4).to_csv(asked.output, index=False, lineterminator="\n")
    print(summary(measured))
