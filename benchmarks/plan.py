"""Whether the power that `gongkai plan` promises is had: `python -m benchmarks.plan [DRAWS] [-o FILE]`.

For each setting the plan for a difference of 10 points at power .8; then groups are drawn as planned (shares of agencies
beta-binomial, decisions with the sensitivity and specificity assumed, errors of whole reports with a correlation of their
own), coded by the design, corrected (DSL) and compared by `compare`'s test. `power` is the share of draws in which the
difference is found at .05; `size` the same where there is none.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from gongkai.measure.inference.intervals import difference_interval
from gongkai.measure.shares.compare import share_of
from gongkai.measure.shares.plan import assume, plan

Vector = np.ndarray[Any, np.dtype[Any]]
AGENCIES, SENTENCES, SHARES, CORRELATIONS = (20, 40, 100), (60, 90), (0.1, 0.3, 0.5), (0.02, 0.05)
RATES = ((0.85, 0.95), (0.7, 0.85))
DIFFERENCE, REPORT = 0.1, 30


def own(generator: np.random.Generator, mean: Vector | float, correlation: float, n: int) -> Vector:
    """Return shares with a mean and an intra-cluster correlation."""
    a = (1 - correlation) / correlation
    return generator.beta(np.asarray(mean) * a, (1 - np.asarray(mean)) * a, n)


def outcomes(
    generator: np.random.Generator, share: float, n: int, design: str, agencies: int, sentences: int,
    correlation: float, rates: tuple[float, float],
) -> tuple[Vector, Vector]:  # fmt: skip
    """Return corrected outcomes of a group and the agency of each sentence."""
    total = agencies * sentences
    agency, report = np.repeat(np.arange(agencies), sentences), np.arange(total) // REPORT
    y = generator.random(total) < own(generator, share, correlation, agencies)[agency]
    reports = report[-1] + 1
    wrong = np.where(
        y,
        own(generator, 1 - rates[0], correlation, reports)[report],
        own(generator, 1 - rates[1], correlation, reports)[report],
    )
    f = (y != (generator.random(total) < wrong)).astype(float)
    if design == "reports":
        chosen = generator.permutation(reports)[: -(-n // REPORT)]
        coded, pi = np.isin(report, chosen), np.full(total, len(chosen) / reports)
    elif design == "prediction":
        coded, pi = np.zeros(total, bool), np.ones(total)
        for stratum in (0.0, 1.0):
            inside = np.flatnonzero(f == stratum)
            take = min(len(inside), n // 2)
            coded[generator.permutation(inside)[:take]] = True
            pi[inside] = take / max(len(inside), 1)
    else:
        coded, pi = generator.permutation(total) < n, np.full(total, n / total)
        f = np.zeros(total) if design == "no model" else f
    return f + coded * (y - f) / pi, agency


def grid(draws: int) -> pd.DataFrame:
    """Return one row per setting and design for which a sample is enough."""
    rows = []
    settings = list(itertools.product(AGENCIES, SENTENCES, SHARES, CORRELATIONS, RATES))
    for number, (agencies, sentences, share, correlation, rates) in enumerate(
        tqdm(settings, disable=not sys.stderr.isatty())
    ):
        middle = share + DIFFERENCE / 2
        assumed = assume(middle, *rates, correlation=correlation)
        for row in plan(
            DIFFERENCE, assumed, agencies=agencies, sentences=sentences, report=REPORT
        ).itertuples():
            if not row.n > 0:
                continue
            found = np.zeros((draws, 2))
            for d, k in itertools.product(range(draws), (0, 1)):
                generator = np.random.default_rng([number, d, k])
                shares = (share, share + DIFFERENCE) if k == 0 else (middle, middle)
                moments = [
                    share_of(
                        *outcomes(
                            generator, s, int(row.n), row.design, agencies, sentences, correlation, rates
                        ),
                        agencies,
                    )
                    for s in shares
                ]
                found[d, k] = difference_interval(moments[0], moments[1], 0.95)[1] <= 0.05
            rows.append(
                {"agencies": agencies, "sentences": sentences, "share": share, "correlation": correlation,
                 "sensitivity": rates[0], "specificity": rates[1], "design": row.design, "n": row.n,
                 "planned": row.power, "power": found[:, 0].mean(), "size": found[:, 1].mean()}
            )  # fmt: skip
    return pd.DataFrame(rows)


def summary(table: pd.DataFrame) -> str:
    """Return the table of docs/methods.md."""
    lines = [
        "| design | agencies | settings | n: median | planned | power: mean | lowest | highest | size: mean | highest |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for (design, agencies), part in table.groupby(["design", "agencies"], sort=False):
        lines.append(
            f"| {design} | {agencies} | {len(part)} | {part['n'].median():.0f} | {part['planned'].mean():.2f} "
            f"| {part['power'].mean():.2f} | {part['power'].min():.2f} | {part['power'].max():.2f} "
            f"| {part['size'].mean():.3f} | {part['size'].max():.3f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("draws", type=int, nargs="?", default=500)
    parser.add_argument("-o", "--output", default=None)
    asked = parser.parse_args()
    measured = grid(asked.draws)
    if asked.output:
        measured.round(4).to_csv(asked.output, index=False, lineterminator="\n")
    print(summary(measured))
