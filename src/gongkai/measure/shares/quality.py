"""Scores against gold, and agreement between coders — all with intervals.

What counts as one draw are whole agencies (or reports), because sentences of one agency resemble each other;
how a metric becomes an interval is in `scores.py` and `intervals.py`.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gongkai.errors import MeasureError, SchemaError
from gongkai.measure.inference.guards import leave_out_learned
from gongkai.measure.inference.intervals import share_interval
from gongkai.measure.inference.scores import (
    METRICS,
    alpha_interval,
    f1_scores,
    metric_moment,
    ratio,
    ratio_moment,
    smooth_moment,
)
from gongkai.measure.shares.prevalence import named
from gongkai.tables.columns import as_columns, refuse_lacking
from gongkai.tables.predicted import indicator_names, predictions_of, scheme_of
from gongkai.tables.schema import Labels, Predictions, Reports, Table
from gongkai.tables.scheme.codebook import Codebook
from gongkai.tables.scheme.coded import indicator_codes, scheme_of_labels

if TYPE_CHECKING:
    Vector = np.ndarray[Any, np.dtype[Any]]


def evaluate(
    predictions: Predictions | str | Path,
    labels: Labels,
    *,
    by: Sequence[str] = (),
    reports: Reports | None = None,
    cluster: str = "agency",
    annotator: str = "resolved",
    level: float = 0.95,
    codebook: Codebook | None = None,
) -> Table:
    """Score predictions against gold labels.

    A sample drawn with unequal probabilities is weighted by 1 / `inclusion` (a choice's own rows are not).
    Sentences that the model learned from (`seen`: it knew them or their words) are left out, and said.

    Args:
        predictions: `predictions` rows, or a folder that `predict` wrote: the coded sentences are read.
        labels: `labels` rows; those of `annotator` are the gold.
        by: Also score within groups of these columns (e.g. `section`); the whole always comes first.
        reports: `reports` rows, or what `with_covariates` made of them; with them `by` may also name their
            columns.
        cluster: Column that counts as one draw, `agency` or `report_id`.
        annotator: Whose codes are gold.
        level: Coverage of the intervals.
        codebook: The scheme; unless given the one that ships, where the predictions' labels are its.

    Returns:
        One row per model, label, group and metric: `model, label, group, metric, value, low, high, n,
        positives, clusters`. Metrics: precision, recall, f1, pr_auc, brier, ece, accuracy; a choice has them
        for each class (`label=class`), and for itself macro_f1 (the mean over the classes that occur) and
        accuracy. Intervals are null with fewer than three clusters. `macro` rows average the labels' F1.
        What is coded only under a condition is scored where the gold has it coded.

    Raises:
        SchemaError: Nothing has a column of `by`.
        MeasureError: No sentence has both a prediction and a gold label, or the model learned from all.
    """
    rows: list[dict[str, Any]] = []
    by = as_columns(by)
    refuse_lacking("labels", labels, ("sentence_id", "annotator"))
    scheme = scheme_of(predictions, codebook)
    coded = predictions_of(predictions, labels["sentence_id"])
    models = list(coded.groupby("model", sort=True)) or [("", coded)]  # `join_gold` says why there is none
    for model, of_model in models:
        joined = join_gold(of_model, labels, annotator, scheme, say=logging.WARNING)
        if reports is not None:
            further = [c for c in reports.columns if c == "report_id" or c not in joined.columns]
            joined = joined.merge(reports[further], on="report_id", how="left")
        if missing := [c for c in (*by, cluster) if c not in joined.columns]:
            known = ", ".join(c for c in joined.columns if not c.startswith("_"))
            raise SchemaError(f"nothing has a column {', '.join(missing)} to score by; there are {known}")
        for group, part in [("all", joined), *_groups(joined, by)]:
            rows += [{"model": model, "group": group} | r for r in _scored(part, scheme, cluster, level)]
    columns = ["model", "label", "group", "metric", "value", "low", "high", "n", "positives", "clusters"]
    return pd.DataFrame(rows).reindex(columns=columns)


def _scored(part: Table, scheme: Codebook, cluster: str, level: float) -> list[dict[str, Any]]:
    """Return one row per label and metric, and the mean of the labels' F1."""
    rows: list[dict[str, Any]] = []
    values: dict[str, float] = {}
    for label, of_label in part.groupby("label", sort=True):
        gold, predicted = (of_label[c].to_numpy(bool) for c in ("gold", "predicted"))
        score, weights = (of_label[c].to_numpy(float) for c in ("score", "_weight"))
        clusters = named(of_label[cluster]).to_numpy()
        scored = score_label(gold, score, predicted, clusters, weights=weights, level=level)
        rows += [{"label": label} | r for r in scored]
        values |= {str(label): r["value"] for r in scored if r["metric"] == "f1"}
    for choice in (one for one in scheme.labels if one.is_choice):
        of_choice = part[part["label"].isin(choice.indicators)]
        scored = score_choice(of_choice, cluster, level=level) if len(of_choice) else []
        rows += [{"label": choice.name} | r for r in scored]
        values = {k: v for k, v in values.items() if k not in choice.indicators}
        if scored:
            values[choice.name] = scored[0]["value"]
    if len(values) > 1:
        macro = float(np.mean(list(values.values())))
        rows.append({"label": "macro", "metric": "f1", "value": macro, "n": len(part)})
    return rows


def join_gold(
    predictions: Predictions | str | Path,
    labels: Labels,
    annotator: str,
    codebook: Codebook | None = None,
    *,
    say: int = logging.INFO,
) -> Table:
    """Return the predictions of coded sentences with a column `gold`; `label` is the indicator.

    Sentences that the model learned from are left out, which is logged at the level `say`.

    Raises:
        MeasureError: That annotator coded nothing, or none of the predicted sentences; or the model learned
            from all of them.
    """
    coded = labels[labels["annotator"] == annotator]
    if coded.empty:
        known = ", ".join(sorted(labels["annotator"].unique()))
        raise MeasureError(f"no label by '{annotator}'; the labels are by {known}: name one as annotator")
    scheme = scheme_of(predictions, codebook)
    codes = indicator_codes(coded, scheme_of_labels(coded, scheme)).assign(sentence_id=coded["sentence_id"])
    long = codes.melt(id_vars=["sentence_id"], var_name="label", value_name="gold").dropna(subset=["gold"])
    long = long.assign(gold=long["gold"].astype(bool))
    keys = ["sentence_id", "label"]
    rows = predictions_of(predictions, coded["sentence_id"])
    joined = rows.assign(label=indicator_names(rows)).merge(
        long, on=keys, how="inner", validate="many_to_one"
    )
    if joined.empty:
        raise MeasureError("no predicted sentence has a gold label; do both come from the same build?")
    return leave_out_learned(joined.assign(_weight=_weights(joined, coded)), say=say)


def _weights(joined: Table, coded: Labels) -> Vector:
    """Return 1 / inclusion of each row, up to a factor; ones where the sample was not drawn, or all alike."""
    if "inclusion" not in coded.columns:
        return np.ones(len(joined))
    pi = coded.set_index("sentence_id")["inclusion"].astype(float).reindex(joined["sentence_id"]).to_numpy()
    if np.isnan(pi).any():
        return np.ones(len(joined))
    weights: Vector = pi.mean() / pi
    return weights


def _groups(frame: Table, by: Sequence[str]) -> list[tuple[str, Table]]:
    return [
        (f"{column}={value}", part)
        for column in by
        for value, part in frame.groupby(column, sort=True, dropna=False, observed=True)
    ]


def score_label(
    gold: Vector,
    score: Vector,
    predicted: Vector,
    clusters: Vector,
    *,
    weights: Vector | None = None,
    level: float = 0.95,
) -> list[dict[str, Any]]:
    """Return one row per metric for one label, with intervals over clusters."""
    ids, index = np.unique(clusters.astype(str), return_inverse=True)
    about = {"n": len(gold), "positives": int(gold.sum()), "clusters": len(ids)}
    rows: list[dict[str, Any]] = []
    for metric in METRICS:
        moment = metric_moment(metric, gold, score, predicted, index, len(ids), weights)
        found = share_interval(moment, level)
        rows.append({"metric": metric, "value": found.value, "low": found.low, "high": found.high} | about)
    return rows


def score_choice(joined: Table, cluster: str, *, level: float = 0.95) -> list[dict[str, Any]]:
    """Return macro F1 and accuracy of a choice, with intervals over clusters.

    Args:
        joined: Rows of `join_gold` for all its classes.
        cluster: Column that counts as one draw.
        level: Coverage of the intervals.
    """
    wide = joined.pivot_table(
        index="sentence_id", columns="label", values=["gold", "predicted"], aggfunc="first"
    )
    gold, predicted = (
        wide[c].astype(object).fillna(value=False).to_numpy(bool) for c in ("gold", "predicted")
    )
    place = joined.drop_duplicates("sentence_id").set_index("sentence_id")[cluster].reindex(wide.index)
    ids, index = np.unique(named(place), return_inverse=True)
    occurring = np.flatnonzero(gold.any(axis=0))

    def macro(weights: Vector) -> Vector:
        each = [np.nan_to_num(f1_scores(gold[:, k], predicted[:, k], weights)) for k in occurring]
        mean: Vector = np.mean(each, axis=0)
        return mean

    right = (gold & predicted).any(axis=1)
    wrong = float(min(right.sum(), (~right).sum()))
    moments = {
        "macro_f1": smooth_moment(macro, index, len(ids), wrong),
        "accuracy": ratio_moment(right.astype(float), np.ones(len(right)), index, len(ids)),
    }
    about = {"n": len(gold), "positives": len(gold), "clusters": len(ids)}
    found = {metric: share_interval(moment, level) for metric, moment in moments.items()}
    return [{"metric": m, "value": f.value, "low": f.low, "high": f.high} | about for m, f in found.items()]


def krippendorff_alpha(codes: Vector) -> float:
    """Return Krippendorff's α for nominal codes.

    Args:
        codes: coders × units, NaN where a coder did not code the unit.

    Returns:
        1 = perfect, 0 = as by chance; NaN when no unit has two codes or all codes are equal (no variance).

    Source: Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, §C.
    """
    return float(_alpha(*_coincidence_counts(codes), np.ones((1, codes.shape[1])))[0])


def _coincidence_counts(codes: Vector) -> tuple[Vector, Vector]:
    """Return per unit how often each value was given (units × values) and how often anything was."""
    values = np.unique(codes[~np.isnan(codes)])
    counts = np.stack([(codes == v).sum(axis=0) for v in values], axis=1).astype(float)
    return counts, counts.sum(axis=1)


def _alpha(counts: Vector, per_unit: Vector, weights: Vector) -> Vector:
    """Return α for each row of unit weights."""
    pairable = per_unit > 1
    counts, per_unit, weights = counts[pairable], per_unit[pairable], weights[:, pairable]
    if not len(per_unit):
        return np.full(len(weights), np.nan)
    disagreeing = (per_unit**2 - (counts**2).sum(axis=1)) / (per_unit - 1)
    observed = weights @ disagreeing
    marginals = weights @ counts
    n = marginals.sum(axis=1)
    expected = (n**2 - (marginals**2).sum(axis=1)) / np.maximum(n - 1, 1)
    return 1 - ratio(observed, expected)


def agreement(
    labels: Labels,
    *,
    by: Sequence[str] = (),
    cluster: str = "report_id",
    level: float = 0.95,
    codebook: Codebook | None = None,
) -> Table:
    """Measure how far coders agree, before adjudication; codes of a choice are nominal.

    Args:
        labels: `labels` rows of two or more coders (`resolved` is left out).
        by: Also within groups of these columns, e.g. `section`.
        cluster: Column that counts as one draw.
        level: Coverage of the interval.
        codebook: The scheme of the labels; the one that ships unless given.

    Returns:
        One row per label and group: `label, group, alpha, low, high, raw_agreement, prevalence, n, clusters,
        coders`; only sentences with two codes count; `raw_agreement` is the share of sentences on which all
        coders agree, `prevalence` the share of codes that are yes (of a choice: its commonest class).

    Raises:
        MeasureError: Fewer than two coders, or no sentence coded by two.
    """
    by = as_columns(by)
    refuse_lacking("labels", labels, ("sentence_id", "annotator", *by))
    coded = labels[labels["annotator"] != "resolved"]
    coders = sorted(coded["annotator"].unique())
    if len(coders) < 2:
        raise MeasureError(f"agreement needs two coders; the labels have {', '.join(coders) or 'none'}")
    rows = []
    for about_label in scheme_of_labels(labels, codebook).labels:
        label = about_label.name
        given = coded.set_index(["sentence_id", "annotator"])[label]
        if about_label.is_choice:
            given = given.map({name: k for k, name in enumerate(about_label.class_names)})
        wide = given.unstack().astype(float)  # noqa: PD010
        wide = wide[wide.notna().sum(axis=1) > 1]
        if wide.empty and about_label.only_if:
            continue  # its condition never held with both coders
        if wide.empty:
            raise MeasureError(f"no sentence is coded twice for {label}")
        about = coded.drop_duplicates("sentence_id").set_index("sentence_id").reindex(wide.index)
        for group, part in [("all", about), *_groups(about, by)]:
            codes = wide.loc[part.index].to_numpy().T
            ids, index = np.unique(named(part[cluster]), return_inverse=True)
            counts = _coincidence_counts(codes)
            low, high = alpha_interval(functools.partial(_alpha, *counts), index, len(ids), level)
            both = codes[:, (~np.isnan(codes)).sum(axis=0) == len(coders)]
            raw = float((both == both[0]).all(axis=0).mean()) if both.size else float("nan")
            usual = _commonest(codes) if about_label.is_choice else float(np.nanmean(codes))
            alpha = krippendorff_alpha(codes)
            rows.append((label, group, alpha, low, high, raw, usual, codes.shape[1], len(ids), len(coders)))
    columns = "label group alpha low high raw_agreement prevalence n clusters coders"
    return pd.DataFrame(rows, columns=columns.split())


def _commonest(codes: Vector) -> float:
    """Return the share of the commonest code."""
    known = codes[~np.isnan(codes)]
    return float(np.unique(known, return_counts=True)[1].max() / len(known))
