"""Differences between two groups, two years, an agency and its peers, a report and the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gongkai.errors import MeasureError, SchemaError
from gongkai.measure.quality import cluster_weights, interval
from gongkai.measure.similar import mask, weigh
from gongkai.tables.schema import frame_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gongkai.tables.schema import Checks, Measures, Sentences, Table

    Vector = np.ndarray[Any, np.dtype[Any]]

PERMUTATIONS = 2000
KEPT, EDITED = 0.95, 0.45
"""Cosines from which an aligned sentence counts as kept, and as edited (docs/methods.md)."""


def compare(
    outcomes: Table,
    *,
    by: str,
    first: object,
    second: object,
    cluster: str = "agency",
    level: float = 0.95,
    seed: int = 0,
) -> Measures:
    """Estimate how far a share differs between two groups: value(second) − value(first).

    Args:
        outcomes: One row per sentence with `label`, the columns `by` and `cluster`, and `outcome`: 0 or 1,
            or the corrected outcome of `dsl_outcome`; `prevalence.counted_outcome` makes them from
            predictions.
        by: Column that holds the groups, e.g. `year`, `kind`, `level`, or `agency`.
        first: The group taken away; None takes all others (an agency against its peers).
        second: The group of interest.
        cluster: What is resampled and permuted, `agency` or `report_id`.
        level: Coverage of the interval, in (0, 1).
        seed: Of bootstrap and permutations.

    Returns:
        `measures` rows with `first, second, p_value`, one per label: `value` is a difference of shares in
        [−1, 1]. The interval resamples clusters within each group (the same draw for both, where a cluster
        stands in both, as an agency does in two years); it is null where a group has fewer than two clusters.
        The p-value permutes whole clusters between the groups; where clusters stand in both, it swaps the two
        halves of each (a paired permutation). With m clusters it cannot be below 1 / (number of permutations
        + 1), nor below what m allows: an agency against m − 1 peers is compared with each peer against the
        others, so p ≥ 1 / m. Null where nothing can be permuted.

    Raises:
        SchemaError: A column is missing.
        MeasureError: A group has no sentence.
    """
    missing = [c for c in (by, cluster, "label", "outcome") if c not in outcomes.columns]
    if missing:
        raise SchemaError(f"outcomes lack {', '.join(missing)}; they have {', '.join(outcomes.columns)}")
    in_second = (outcomes[by] == second).to_numpy()
    in_first = ~in_second if first is None else (outcomes[by] == first).to_numpy()
    for name, members in ((first, in_first), (second, in_second)):
        if not members.any():
            known = ", ".join(sorted(map(str, outcomes[by].dropna().unique())))
            raise MeasureError(f"no sentence where {by} is {name}; there are {known}")
    part = outcomes[in_first | in_second].assign(_second=in_second[in_first | in_second])
    rows: list[dict[str, object]] = []
    for label, group in part.groupby("label", sort=True):
        ids, index = np.unique(group[cluster].astype(object).fillna("").astype(str), return_inverse=True)
        side = group["_second"].to_numpy()
        value = group["outcome"].to_numpy(float)
        tops = np.stack([np.bincount(index, value * (side == s), len(ids)) for s in (False, True)])
        sizes = np.stack([np.bincount(index, side == s, len(ids)) for s in (False, True)])
        low, high, p_value = _difference_interval(tops, sizes, level, seed)
        rows.append(
            {"measure": "difference", "method": "permutation", "label": label, "n": len(group), "clusters":
            len(ids),
             "cluster": cluster, "value": _difference(tops, sizes, np.ones((1, len(ids))))[0], "low": low,
             "high": high, "level": level, "first": "all others" if first is None else first, "second":
             second, "p_value": p_value}
        )  # fmt: skip
    keys = pd.DataFrame([{c: r[c] for c in ("first", "second", "p_value")} for r in rows])
    return pd.concat([keys, frame_of("measures", rows)], axis=1)


def _difference(tops: Vector, sizes: Vector, weights: Vector) -> Vector:
    """Return share(second) − share(first) for each row of cluster weights."""
    with np.errstate(invalid="ignore", divide="ignore"):
        difference: Vector = (weights @ tops[1]) / (weights @ sizes[1]) - (weights @ tops[0]) / (
            weights @ sizes[0]
        )
    return difference


def _difference_interval(
    tops: Vector, sizes: Vector, level: float, seed: int
) -> tuple[float | None, float | None, float | None]:
    present = sizes > 0
    p_value = _permuted(tops, sizes, seed) if tops.shape[1] > 2 else None
    if present.sum(axis=1).min() < 2:
        return None, None, p_value
    return (*_resampled(tops, sizes, level, seed), p_value)


def _resampled(tops: Vector, sizes: Vector, level: float, seed: int) -> tuple[float, float]:
    """Return the interval over resampled clusters; those in both groups are drawn once for both."""
    present = sizes > 0
    paired = present.all(axis=0)
    weights = np.zeros((1000, tops.shape[1]))
    strata = [paired, present[0] & ~paired, present[1] & ~paired]
    for number, stratum in enumerate(strata):
        if stratum.any():
            weights[:, stratum] = cluster_weights(int(stratum.sum()), seed=seed + number)
    return interval(_difference(tops, sizes, weights), level)


def _permuted(tops: Vector, sizes: Vector, seed: int) -> float:
    """Return the share of permutations with a difference at least as large."""
    present = sizes > 0
    paired = present.all(axis=0)
    generator = np.random.default_rng(seed)
    observed = abs(_difference(tops, sizes, np.ones((1, tops.shape[1])))[0])
    extreme = 0
    single = np.flatnonzero(~paired)
    for _ in range(PERMUTATIONS):
        swap = np.zeros(tops.shape[1], bool)
        swap[paired] = generator.random(int(paired.sum())) < 0.5
        if len(single):  # as many clusters as before stand on each side
            now_second = np.zeros(tops.shape[1], bool)
            now_second[generator.permutation(single)[: int((present[1] & ~paired).sum())]] = True
            swap[single] = now_second[single] != present[1][single]
        t = np.where(swap, tops[::-1], tops)
        s = np.where(swap, sizes[::-1], sizes)
        shuffled = _difference(t, s, np.ones((1, tops.shape[1])))[0]
        extreme += bool(abs(shuffled) >= observed - 1e-12)
    return (extreme + 1) / (PERMUTATIONS + 1)


def compare_reports(sentences: Sentences, before: str, after: str) -> Table:
    """Align a report with an earlier one, sentence by sentence.

    Args:
        sentences: `sentences` rows that hold both reports.
        before: `report_id` of the earlier one.
        after: `report_id` of the later one.

    Returns:
        One row per sentence of either: `change` (`kept`: equal but for numbers, or cosine ≥ .95; `edited`:
        ≥ .45;
        `new`, `dropped`), `before_id, before_text, after_id, after_text, similarity`, in the order of the
        later report, dropped sentences last. Each sentence is aligned at most once, the most alike pairs
        first.

    Raises:
        MeasureError: A report has no sentence here.
    """
    old, new = (sentences[sentences["report_id"] == r].reset_index(drop=True) for r in (before, after))
    for name, part in ((before, old), (after, new)):
        if part.empty:
            raise MeasureError(f"no sentence of report {name}")
    masked = [mask(t) for t in (*old["text"], *new["text"])]
    matrix = weigh(masked, [*range(len(masked))])
    cosine = (matrix[len(old) :] @ matrix[: len(old)].T).toarray()
    cosine[np.array(masked[len(old) :])[:, None] == np.array(masked[: len(old)])[None, :]] = 1.0
    pairs: dict[int, tuple[int, float]] = {}
    used: set[int] = set()
    for position in np.argsort(-cosine, axis=None, kind="stable"):
        i, j = divmod(int(position), len(old))
        if cosine[i, j] < EDITED:
            break
        if i not in pairs and j not in used:
            pairs[i] = (j, float(min(cosine[i, j], 1.0)))
            used.add(j)
    rows: list[dict[str, object]] = []
    for i in range(len(new)):
        if i not in pairs:
            rows.append(_aligned("new", old, None, new, i, None))
            continue
        j, similarity = pairs[i]
        rows.append(_aligned("kept" if similarity >= KEPT else "edited", old, j, new, i, similarity))
    rows += [_aligned("dropped", old, j, new, None, None) for j in range(len(old)) if j not in used]
    return pd.DataFrame(rows)


def _aligned(
    change: str, old: Table, j: int | None, new: Table, i: int | None, similarity: float | None
) -> dict[str, object]:
    return {
        "change": change,
        "before_id": None if j is None else old["sentence_id"].iloc[j],
        "before_text": None if j is None else old["text"].iloc[j],
        "after_id": None if i is None else new["sentence_id"].iloc[i],
        "after_text": None if i is None else new["text"].iloc[i],
        "similarity": similarity,
    }


def rule_breaks(
    checks: Checks, *, by: Sequence[str] = ("year",), level: float = 0.95, seed: int = 0
) -> Measures:
    """Estimate the share of reports with at least one broken rule, and of rules that are broken, by group.

    Args:
        checks: `checks` rows; undecided rules count in neither.
        by: Columns that define a group.
        level: Coverage of the interval, in (0, 1).
        seed: Of the bootstrap.

    Returns:
        `measures` rows `broken_reports` and `broken_rules`; intervals resample reports and are null for one.

    Raises:
        SchemaError: A column is missing.
    """
    if missing := [c for c in (*by, "holds", "report_id") if c not in checks.columns]:
        raise SchemaError(f"checks lack {', '.join(missing)}; they have {', '.join(checks.columns)}")
    decided = checks[checks["holds"].notna()].assign(_broken=lambda t: ~t["holds"].astype(bool))
    groups = decided.groupby(list(by), sort=True, dropna=False) if by else [((), decided)]
    rows: list[dict[str, object]] = []
    for key, group in groups:
        per = group.groupby("report_id")["_broken"].agg(["sum", "size"])
        weights = cluster_weights(len(per), seed=seed)
        broken, size = per["sum"].to_numpy(float), per["size"].to_numpy(float)
        about = dict(zip(by, key if isinstance(key, tuple) else (key,), strict=True))
        for measure, top, bottom in (
            ("broken_reports", broken > 0, np.ones(len(per))),
            ("broken_rules", broken, size),
        ):
            low, high = (
                interval((weights @ top) / (weights @ bottom), level) if len(per) > 1 else (None, None)
            )
            rows.append(
                about | {"measure": measure, "method": "count", "label": "checks", "n": int(bottom.sum()),
                "clusters": len(per),
                         "cluster": "report", "value": float(top.sum() / bottom.sum()), "low": low, "high":
                         high, "level": level}
            )  # fmt: skip
    keys = pd.DataFrame([{c: r[c] for c in by} for r in rows], columns=list(by))
    return pd.concat([keys, frame_of("measures", rows)], axis=1)
