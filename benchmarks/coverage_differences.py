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

from gongkai.measure.estimate import share_of_sums
from gongkai.measure.intervals import Moment, difference_interval

Vector = np.ndarray[Any, np.dtype[Any]]
GROUPS = ((3, 3), (5, 5), (3, 60), (5, 50), (10, 10), (20, 60), (60, 60))
PAIRS = (5, 10, 40)
SHARES, CORRELATIONS = (0.02, 0.1, 0.3, 0.6), ((0.02, 0.02), (0.1, 0.1), (0.2, 0.02))
DIFFERENCE = 0.1


def sizes_of(generator: np.random.Generator, n: int, unequal: bool) -> Vector:
    """Return sentences of each agency."""
    if not unequal:
        return np.full(n, 30)
    return np.clip(np.round(generator.lognormal(np.log(35), 0.6, n)), 8, 120).astype(int)


def own_shares(generator: np.random.Generator, share: float, correlation: float, n: int) -> Vector:
    """Return the share of each agency."""
    a = (1 - correlation) / correlation
    return generator.beta(share * a, (1 - share) * a, n)


def group(generator: np.random.Generator, shares: Vector, sizes: Vector) -> Moment:
    """Return the counted share of a group, linearised."""
    tops = generator.binomial(sizes, shares).astype(float)
    return share_of_sums(tops, sizes.astype(float), tops)


def once(
    seed: list[int], kind: str, counts: tuple[int, int], share: float, icc: tuple[float, float], unequal: bool
) -> list[float]:
    """Return whether 0 is left out though there is no difference, and whether a true one is held."""
    generator = np.random.default_rng(seed)
    found = []
    for shift in (0.0, DIFFERENCE):
        sizes = [sizes_of(generator, n, unequal) for n in counts]
        if kind == "paired":
            first = own_shares(generator, share, icc[0], counts[0])
            shares = [first, first + shift * (1 - first) / (1 - share)]
        else:
            shares = [own_shares(generator, s, c, n) for s, c, n in zip((share, share + shift), icc, counts)]
        one, two = (group(generator, s, m) for s, m in zip(shares, sizes))
        estimate, _ = difference_interval(one, two, 0.95, joined=kind == "paired")
        if estimate.low != estimate.low:
            found.append(np.nan)
        else:
            held = estimate.low <= shift <= estimate.high
            found.append(float(not held) if not shift else float(held))
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
    for number, setting in enumerate(tqdm(settings, disable=not sys.stderr.isatty())):
        found = np.array([once([number, d], *setting) for d in range(draws)])
        given = ~np.isnan(found)
        means = [float(found[given[:, k], k].mean()) if given[:, k].any() else np.nan for k in (0, 1)]
        rows.append(
            {"kind": setting[0], "agencies": f"{setting[1][0]} – {setting[1][1]}", "share": setting[2],
             "correlation": f"{setting[3][0]} – {setting[3][1]}", "unequal": setting[4], "given": given[:, 0].mean(),
             "size": means[0], "coverage": means[1]}
        )  # fmt: skip
    return pd.DataFrame(rows)


def summary(table: pd.DataFrame) -> str:
    """Return the table of docs/methods.md: settings with at least half of the draws given."""
    lines = [
        "| groups | agencies | share | settings | size at .05: mean | highest | coverage: mean | lowest |",
        "|---|---|---|---|---|---|---|---|",
    ]
    kept = table[table["given"] >= 0.5].assign(rare=lambda t: np.where(t["share"] < 0.1, "2 %", "10–60 %"))
    for (kind, agencies, rare), part in kept.groupby(["kind", "agencies", "rare"], sort=False):
        lines.append(
            f"| {kind} | {agencies} | {rare} | {len(part)} | {part['size'].mean():.3f} | {part['size'].max():.3f} "
            f"| {part['coverage'].mean():.3f} | {part['coverage'].min():.3f} |"
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
