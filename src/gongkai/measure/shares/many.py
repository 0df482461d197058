"""Many groups at once: each against its peers, and its rank, with intervals that hold for all together.

- Simultaneous intervals: each at the level `level^(1/m)` (Šidák 1967: of jointly normal estimates, whatever
  their correlation, all hold together at least as often as if they were independent).
- Adjusted p-values: Holm (1979), for no false claim at all; Benjamini & Hochberg (1995), for a share of them.
- Ranks: the confidence sets of Mogstad, Romano, Shaikh & Wilhelm (2024): all ordered pairs of groups are
  tested with one critical value, the quantile of the largest studentised difference, step by step (Romano &
  Wolf 2005); the rank of a group lies between one more than the groups surely above it and m less those
  surely below. Marginal sets hold for one group named beforehand, simultaneous sets for the whole table.

Ranks compare log-odds, in which a share's error is known with Satterthwaite's degrees of freedom; the largest
difference is drawn with as many, so few reports widen the sets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pandas as pd

from gongkai.errors import MeasureError, refuse_other
from gongkai.measure.inference.estimate import share_of_sums
from gongkai.measure.inference.intervals import (
    NAN,
    Moment,
    difference_interval,
    laid,
    on_log_odds,
    share_interval,
)
from gongkai.measure.inference.pooling import pooled_shares
from gongkai.measure.shares.compare import share_of, unit_names, unit_of
from gongkai.measure.shares.outcomes import as_sums, sums_of
from gongkai.measure.shares.prevalence import named
from gongkai.measure.shares.years import form_break
from gongkai.tables.columns import refuse_lacking
from gongkai.tables.schema import Table

if TYPE_CHECKING:
    Vector = np.ndarray[Any, np.dtype[Any]]

DRAWS = 1000
AT_ONCE = 1_000_000
"""Differences of a draw held in memory."""
MOST = 500
"""Groups: their pairs are drawn `DRAWS` times."""
Against = Literal["peers", "mean"]


def compare_groups(
    outcomes: Table,
    *,
    by: str,
    against: Against = "peers",
    cluster: str = "agency",
    level: float = 0.95,
    seed: int = 0,
) -> Table:
    """Compare every group with its peers, and rank the groups, with error rates that hold for all together.

    Args:
        outcomes: See `compare`.
        by: Column that holds the groups, e.g. `agency`.
        against: `peers`, all sentences of the other groups; or `mean`, the mean of the other groups' shares,
            each counting once.
        cluster: See `compare`.
        level: Coverage of the intervals and sets, in (0, 1).
        seed: Of the draws for the ranks.

    Returns:
        One row per label and group, the highest first: `label`, `by`, `n` sentences, `clusters`, `cluster`;
        `value, low, high`, its share with its own interval; `difference` from `against`, with
        `difference_low, difference_high`, which hold for all groups together; `p_value`, `p_holm`, `p_bh`;
        `pooled, pooled_low, pooled_high`, the share partially pooled (see `pool`); `rank` (1 the highest
        share), `rank_low, rank_high`, its marginal confidence set, `rank_low_all, rank_high_all`, the
        simultaneous one; `note`.
        A group without an interval may have any rank.

    Raises:
        SchemaError: A column is missing.
        MeasureError: Fewer than two groups, or more than `MOST`.
    """
    refuse_other("against", against, get_args(Against))
    refuse_lacking("outcomes", outcomes, (by, cluster, "label", "outcome"))
    outcomes = as_sums(outcomes)
    known = outcomes[outcomes[by].notna()].reset_index(drop=True)
    if known[by].nunique() < 2:
        raise MeasureError(f"{by} holds {known[by].nunique()} groups; a comparison needs two")
    if known[by].nunique() > MOST:
        raise MeasureError(
            f"{by} holds {known[by].nunique():,} groups; ranks take up to {MOST:,}: compare within a "
            "province or a level"
        )
    tables = []
    for label, part in known.groupby("label", sort=True):
        table = _of_label(part, by, against, cluster, level, seed)
        tables.append(table.assign(label=label))
    found = pd.concat(tables, ignore_index=True)
    return found[["label", by, *(c for c in found.columns if c not in ("label", by))]]


def _of_label(part: Table, by: str, against: str, cluster: str, level: float, seed: int) -> Table:
    groups = part.groupby(by, sort=True, observed=True)
    names, m = list(groups.groups), groups.ngroups
    part = part.assign(_at=pd.factorize(named(part[cluster]))[0])
    count = int(part["_at"].max()) + 1
    every = sums_of(part, part["_at"].to_numpy(), count)
    own: list[Moment] = []
    joined: list[tuple[Moment, Moment]] = []
    rows: list[dict[str, object]] = []
    errors: list[float] = []
    for name in names:
        group = part.loc[groups.groups[name]]
        unit = unit_of(group, cluster)
        index, units = pd.factorize(unit_names(group, unit))
        moment = share_of(group, index, len(units))
        sums = sums_of(group, group["_at"].to_numpy(), count)
        others = share_of_sums(*(a - b for a, b in zip(every, sums, strict=True)))
        own.append(moment)
        joined.append((others, share_of_sums(*sums) if unit == cluster else moment))
        share = share_interval(moment, level)
        errors.append(share.error)
        rest = part.loc[part.index.difference(group.index)] if by == "year" else None
        notes = [share.note, "" if rest is None else form_break(rest, group)]
        rows.append(
            {by: name, "n": int(group["sentences"].sum()), "clusters": len(units), "cluster": unit,
             "value": share.value, "low": share.low, "high": share.high,
             "note": "; ".join(n for n in notes if n) or None}
        )  # fmt: skip
    if against == "mean":
        joined = [(_mean_of([v for k, v in enumerate(own) if k != j]), own[j]) for j in range(m)]
    table = pd.DataFrame(rows)
    each = level ** (1 / m)
    for j, (others, moment) in enumerate(joined):
        shared = against == "peers" and rows[j]["cluster"] == cluster
        gap, p_value = difference_interval(others, moment, each, joined=shared)
        table.loc[j, ["difference", "difference_low", "difference_high", "p_value"]] = [
            gap.value, gap.low, gap.high, p_value,
        ]  # fmt: skip
    table["p_holm"] = holm(table["p_value"].to_numpy(float))
    table["p_bh"] = benjamini_hochberg(table["p_value"].to_numpy(float))
    table = pd.concat(
        [table, _pooled(table, np.array(errors), level), _ranks(own, part, groups.groups, level, seed)],
        axis=1,
    )
    order = table["value"].sort_values(ascending=False, kind="stable").index
    return table.loc[order, [c for c in table.columns if c != "note"] + ["note"]]


def _mean_of(moments: list[Moment]) -> Moment:
    """Return the mean of several shares, each counting once, with the groups as what is drawn."""
    values = np.array([m.value for m in moments])
    mean, count = float(values.mean()), len(values)
    events = np.array([m.events for m in moments])
    total = float(sum(m.n for m in moments))
    return Moment(
        mean, (values - mean) / count, np.ones(count), float(events.sum()), events, mean <= 0.5, total
    )


def _pooled(table: Table, errors: Vector, level: float) -> Table:
    """Pool the shares that have an interval partially."""
    found = pd.DataFrame(NAN, table.index, ["pooled", "pooled_low", "pooled_high"])
    kept = table.index[table["low"].notna()]
    if len(kept) >= 3:
        values, n = (table.loc[kept, c].to_numpy(float) for c in ("value", "n"))
        found.loc[kept] = np.stack(pooled_shares(values, n, errors[kept], level), axis=1)
    return found


def _ranks(own: list[Moment], part: Table, groups: Any, level: float, seed: int) -> Table:  # noqa: ANN401
    """Return ranks with their sets; groups that share clusters (agencies in several years) are correlated."""
    values = np.array([m.value for m in own])
    place, spread, freedom = on_log_odds(laid(own))
    adds = np.zeros((len(own), int(part["_at"].max()) + 1))
    for j, index in enumerate(groups.values()):
        group = part.loc[index]
        top, size, _ = sums_of(group, group["_at"].to_numpy(), adds.shape[1])
        adds[j] = top - values[j] * size
    norm = np.sqrt((adds**2).sum(axis=1))
    adds /= np.where(norm > 0, norm, 1.0)[:, None]
    tie = adds @ adds.T
    np.fill_diagonal(tie, 1.0)
    marginal, together = rank_sets(place, spread, freedom=freedom, correlation=tie, level=level, seed=seed)
    rank = 1 + (values[:, None] < values[None, :] - 1e-12).sum(axis=1)
    table = pd.DataFrame({"rank": rank})
    for name, bounds in (("", marginal), ("_all", together)):
        table[f"rank_low{name}"], table[f"rank_high{name}"] = bounds
    return table


def rank_sets(
    estimates: Vector,
    errors: Vector,
    *,
    freedom: Vector | None = None,
    correlation: Vector | None = None,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> tuple[tuple[Vector, Vector], tuple[Vector, Vector]]:
    """Return confidence sets of ranks, 1 the highest estimate (Mogstad, Romano, Shaikh & Wilhelm 2024).

    Args:
        estimates: One per group; NaN where nothing is known of it: it may have any rank.
        errors: Their standard errors.
        freedom: Degrees of freedom of each error; None takes them as known.
        correlation: Between the estimates; None for none.
        level: Coverage, in (0, 1).
        draws: Of the largest studentised difference.
        seed: Of the draws.

    Returns:
        Lowest and highest rank of each group: marginal sets, and sets that hold for all groups together.
    """
    m = len(estimates)
    known = np.isfinite(estimates) & (errors > 0)
    x, s = np.where(known, estimates, 0.0), np.where(known, errors, 1.0)
    tie = np.eye(m) if correlation is None else correlation
    generator = np.random.default_rng(seed)
    root = _root(tie)
    wild = np.full(m, np.inf) if freedom is None else np.where(known, freedom, np.inf)
    noise = generator.standard_normal((draws, m)) @ root.T * s
    scale = _scales(wild, draws, generator, together=bool((tie != np.eye(m)).any()))
    pairs = known[:, None] & known[None, :] & ~np.eye(m, dtype=bool)

    def studentised(value: Vector, spread: Vector) -> Vector:
        one, other = spread[..., :, None], spread[..., None, :]
        square = one**2 + other**2 - 2 * tie * one * other
        with np.errstate(divide="ignore", invalid="ignore"):
            gap = value[..., :, None] - value[..., None, :]
            t: Vector = np.where(square > 1e-24, gap / np.sqrt(square), 0.0)
        return t

    found, part = studentised(x, s), max(1, AT_ONCE // m**2)
    above = {"marginal": np.zeros((m, m), bool), "all": np.zeros((m, m), bool)}  # row surely above column
    below = np.zeros((m, m), bool)  # marginal: row surely below column
    while True:
        largest, single = np.full((draws, m), -np.inf), np.full(draws, -np.inf)
        for start in range(0, draws, part):
            at = slice(start, start + part)
            t = studentised(noise[at], s * np.sqrt(scale[at]))
            up = np.where(pairs & ~above["marginal"], t, -np.inf).max(axis=2)
            down = np.where(pairs & ~below, -t, -np.inf).max(axis=2)
            largest[at] = np.maximum(up, down)
            single[at] = np.where(pairs & ~above["all"], t, -np.inf).max(axis=(1, 2))
        limit, one = (
            np.quantile(largest, level, axis=0, method="higher"),
            np.quantile(single, level, method="higher"),
        )
        more = [pairs & (found > limit[:, None]), pairs & (-found > limit[:, None]), pairs & (found > one)]
        old = [above["marginal"], below, above["all"]]
        if not any((new & ~before).any() for new, before in zip(more, old, strict=True)):
            break
        above["marginal"] |= more[0]
        below |= more[1]
        above["all"] |= more[2]
    lower = (1 + below.sum(axis=1), 1 + above["all"].sum(axis=0))
    upper = (m - above["marginal"].sum(axis=1), m - above["all"].sum(axis=1))
    return (lower[0], upper[0]), (lower[1], upper[1])


def _scales(freedom: Vector, draws: int, generator: np.random.Generator, *, together: bool) -> Vector:
    """Return draws of estimated over true variances; of groups that share what is drawn, moving together."""
    from scipy import special

    chance = generator.random((draws, 1 if together else len(freedom)))
    half = np.where(np.isfinite(freedom), freedom, 2.0) / 2
    drawn: Vector = np.where(np.isfinite(freedom), special.gammaincinv(half, chance) / half, 1.0)
    return drawn


def _root(correlation: Vector) -> Vector:
    """Return a matrix whose product with its transpose is the correlation."""
    values, vectors = np.linalg.eigh(correlation)
    root: Vector = vectors * np.sqrt(np.maximum(values, 0.0))
    return root


def holm(p_values: Vector) -> Vector:
    """Return p-values adjusted so that no claim at all is false (Holm 1979); missing ones stay missing."""
    found = np.full(len(p_values), NAN)
    known = np.flatnonzero(~np.isnan(p_values))
    order = known[np.argsort(p_values[known], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    found[order] = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1.0)
    return found


def benjamini_hochberg(p_values: Vector) -> Vector:
    """Return p-values adjusted for the share of false claims (Benjamini & Hochberg 1995)."""
    from scipy import stats

    found = np.full(len(p_values), NAN)
    known = ~np.isnan(p_values)
    if known.any():
        found[known] = stats.false_discovery_control(p_values[known])
    return found
