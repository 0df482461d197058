"""The share of a label in each group, and the share of commitments that are cheap talk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from gongkai.errors import MeasureError, SchemaError
from gongkai.measure.quality import DRAWS, cluster_weights, interval
from gongkai.schema import LABELS, UNCOUNTED_SECTIONS, frame_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gongkai.schema import Measures, Predictions, Table

    Vector = np.ndarray[Any, np.dtype[Any]]

Cluster = Literal["auto", "agency", "report", "passage"]


def prevalence(
    predictions: Predictions,
    *,
    by: Sequence[str] = ("agency", "year"),
    cluster: Cluster = "auto",
    level: float = 0.95,
    seed: int = 0,
) -> Measures:
    """Estimate the share of each label, and of cheap talk, in each group.

    The share of a label is the number of predicted sentences over all sentences; cheap talk is the number of
    sentences with both labels over those with `commitment`, undefined (null, not 0) without commitments.
    Sentences of the preamble are not counted (codebook). This is `method="count"`: classifier errors are not
    corrected.

    Args:
        predictions: `predictions` rows with both labels of each sentence; several models are kept apart.
        by: Columns that define a group.
        cluster: What is resampled for the intervals: whole agencies, whole reports, or passages (sentences of
            one report under one heading). `auto` takes the first of which every group has at least two.
        level: Coverage of the interval, in (0, 1).
        seed: Of the bootstrap.

    Returns:
        `measures` rows and the `by` columns: value, low, high are shares in [0, 1]; `n` counts the sentences
        in the denominator, `clusters` what was resampled. Where the bootstrap cannot vary (a share of 0 or 1,
        one cluster) the interval is Wilson's with the number of clusters as its n, which is wide on purpose.

    Raises:
        SchemaError: A column of `by` is missing.
        MeasureError: A sentence lacks one of the labels, or no sentence is left to count.
    """
    missing = [column for column in by if column not in predictions.columns]
    if missing:
        raise SchemaError(
            f"predictions lack {', '.join(missing)}; they have {', '.join(predictions.columns)}"
        )
    wide = _wide(predictions, by)
    unit = _choose_cluster(wide, by) if cluster == "auto" else cluster
    wide["_stratum"], wide["_unit"] = _units(wide, unit)
    rows: list[dict[str, object]] = []
    for (model, *key), group in wide.groupby(["model", *by], sort=True, dropna=False, observed=True):
        about = dict(zip(by, key, strict=True)) | {"model": model, "cluster": unit}
        rows += [about | row for row in _group_rows(group, level, seed)]
    frame = frame_of("measures", [row | {"method": "count", "level": level} for row in rows])
    groups = pd.DataFrame([{c: row[c] for c in by} for row in rows], columns=list(by))
    return pd.concat([groups, frame], axis=1)


def _wide(predictions: Predictions, by: Sequence[str]) -> Table:
    """Return one row per model and sentence with a boolean column per label."""
    about = list(dict.fromkeys(["model", "sentence_id", "report_id", "agency", "section", "heading", *by]))
    flags = predictions.set_index(["model", "sentence_id", "label"])["predicted"].unstack()  # noqa: PD010
    if not set(LABELS) <= set(flags.columns) or flags[list(LABELS)].isna().any(axis=None):
        raise MeasureError(f"every sentence needs a prediction for {' and '.join(LABELS)}")
    first = predictions.drop_duplicates(["model", "sentence_id"])[about]
    wide = first.merge(flags[list(LABELS)].astype(bool).reset_index(), on=["model", "sentence_id"])
    wide = wide[~wide["section"].isin(UNCOUNTED_SECTIONS)].copy()
    if wide.empty:
        raise MeasureError(f"no sentence to count outside {', '.join(UNCOUNTED_SECTIONS)}")
    return wide


def _units(wide: Table, unit: str) -> tuple[pd.Series[str], pd.Series[str]]:
    """Return for each sentence the stratum it is drawn in and the unit it is drawn with, as texts.

    Agencies and reports are drawn freely. Within a report the statutory sections are fixed, so passages are
    drawn section by section; in a section that is one passage its sentences are the units.
    """
    if unit != "passage":
        units = wide[{"agency": "agency", "report": "report_id"}[unit]].astype(str)
        return units.map(lambda _: ""), units
    strata = wide["model"] + "\0" + wide["report_id"].astype(str) + "\0" + wide["section"].astype(str)
    passages = strata + "\0" + wide["heading"].astype(str)
    alone = passages.groupby(strata).transform("nunique").eq(1)
    return strata, passages.where(~alone, passages + "\0" + wide["sentence_id"])


def _choose_cluster(wide: Table, by: Sequence[str]) -> str:
    for unit in ("agency", "report"):
        column = {"agency": "agency", "report": "report_id"}[unit]
        if wide.groupby(["model", *by], dropna=False, observed=True)[column].nunique().min() >= 2:
            return unit
    return "passage"


def _group_rows(group: Table, level: float, seed: int) -> list[dict[str, object]]:
    ids, index = np.unique(group["_unit"].astype(str), return_inverse=True)
    weights = _weights(group, ids, seed)
    commitment, boilerplate = (group[label].to_numpy(float) for label in LABELS)
    ones = np.ones(len(group))
    pairs = {
        ("prevalence", "commitment"): (commitment, ones),
        ("prevalence", "boilerplate"): (boilerplate, ones),
        ("cheap_talk", "commitment+boilerplate"): (commitment * boilerplate, commitment),
    }
    rows = []
    for (measure, label), (top, bottom) in pairs.items():
        tops = np.bincount(index, weights=top, minlength=len(ids))
        bottoms = np.bincount(index, weights=bottom, minlength=len(ids))
        value, low, high = _share(tops, bottoms, weights, level)
        rows.append(
            {
                "measure": measure,
                "label": label,
                "n": int(bottom.sum()),
                "clusters": int((bottoms > 0).sum()),
                "value": value,
                "low": low,
                "high": high,
            }
        )
    return rows


def _weights(group: Table, ids: Vector, seed: int) -> Vector:
    """Return how often each unit is drawn, within its stratum, in each sample: draws × units."""
    stratum = group.drop_duplicates("_unit").set_index("_unit")["_stratum"].loc[list(ids)].to_numpy()
    weights = np.empty((DRAWS, len(ids)))
    for number, name in enumerate(np.unique(stratum.astype(str))):
        inside = stratum == name
        weights[:, inside] = cluster_weights(int(inside.sum()), seed=seed + number)
    return weights


def _share(
    tops: Vector, bottoms: Vector, weights: Vector, level: float
) -> tuple[float | None, float | None, float | None]:
    """Return a ratio of sums over clusters and its percentile interval."""
    if bottoms.sum() == 0:
        return None, None, None
    value = float(tops.sum() / bottoms.sum())
    denominator = weights @ bottoms
    sample = np.divide(weights @ tops, denominator, out=np.full(len(weights), np.nan), where=denominator > 0)
    finite = sample[np.isfinite(sample)]
    if len(finite) and finite.max() - finite.min() > 1e-12:
        low, high = interval(sample, level)
        return value, min(low, value), max(high, value)
    return (value, *wilson(value, int((bottoms > 0).sum()), level))


def wilson(share: float, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's score interval for a share of n (Wilson 1927).

    >>> [round(x, 4) for x in wilson(0.0, 10)]
    [0.0, 0.2775]
    """
    from statistics import NormalDist

    z = NormalDist().inv_cdf((1 + level) / 2)
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))
