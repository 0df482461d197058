"""Where a model errs: confusion, its most confident mistakes, and two models on the same sentences."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd

from gongkai.errors import MeasureError
from gongkai.measure.inference.intervals import paired_difference
from gongkai.measure.inference.scores import metric_moment
from gongkai.measure.shares.prevalence import named
from gongkai.measure.shares.quality import join_gold
from gongkai.tables.predicted import scheme_of
from gongkai.tables.schema import Labels, Predictions, Table
from gongkai.tables.scheme.codebook import Codebook


def confusion(
    predictions: Predictions, labels: Labels, *, annotator: str = "resolved", codebook: Codebook | None = None
) -> Table:
    """Count gold against predicted codes, yes or no; of a choice for each class.

    Returns:
        One row per model and label: `model, label, true_positives, false_positives, false_negatives,
        true_negatives, n`.

    Raises:
        MeasureError: No sentence has both a prediction and a gold label.
    """
    joined = join_gold(predictions, labels, annotator, codebook)
    rows = []
    for (model, label), part in joined.groupby(["model", "label"], sort=True):
        gold, predicted = part["gold"].to_numpy(bool), part["predicted"].to_numpy(bool)
        cells = [gold & predicted, ~gold & predicted, gold & ~predicted, ~gold & ~predicted]
        rows.append((model, label, *(int(cell.sum()) for cell in cells), len(part)))
    names = "model label true_positives false_positives false_negatives true_negatives n"
    return pd.DataFrame(rows, columns=names.split())


def choice_confusion(
    predictions: Predictions, labels: Labels, *, annotator: str = "resolved", codebook: Codebook | None = None
) -> Table:
    """Count which class was coded against which was predicted, of each choice.

    Returns:
        One row per model, choice, class coded and class predicted, in the order of the codebook: `model,
        label, gold, predicted, n`; `predicted` is null where its condition was not predicted. Empty without
        choices.

    Raises:
        MeasureError: No sentence has both a prediction and a gold label.
    """
    scheme = scheme_of(predictions, codebook)
    joined = join_gold(predictions, labels, annotator, scheme)
    rows = []
    for model, of_model in joined.groupby("model", sort=True):
        for label in (one for one in scheme.labels if one.is_choice):
            part = of_model[of_model["label"].isin(label.indicators)]
            coded = part[part["gold"].astype(bool)].set_index("sentence_id")["value"]
            chosen = part[part["predicted"].astype(bool)].set_index("sentence_id")["value"]
            pairs = pd.DataFrame({"gold": coded, "predicted": chosen.reindex(coded.index)})
            both = zip(pairs["gold"].tolist(), pairs["predicted"].astype(object).tolist(), strict=True)
            found = Counter((g, p if isinstance(p, str) else None) for g, p in both)
            for gold in label.class_names:
                for predicted in (*label.class_names, None):
                    n = found[gold, predicted]
                    if n or predicted is not None:
                        about = {"model": model, "label": label.name, "gold": gold}
                        rows.append(about | {"predicted": predicted, "n": n})
    return pd.DataFrame(rows, columns=["model", "label", "gold", "predicted", "n"])


def mistakes(
    predictions: Predictions,
    labels: Labels,
    *,
    annotator: str = "resolved",
    top: int = 20,
    codebook: Codebook | None = None,
) -> Table:
    """List the mistakes of which the model was most certain, to be read.

    Returns:
        Up to `top` rows per model and label, the most certain first: `model, label, gold, score, agency,
        year, section, heading, lead, text, sentence_id`.

    Raises:
        MeasureError: No sentence has both a prediction and a gold label.
    """
    joined = join_gold(predictions, labels, annotator, codebook)
    wrong = joined[joined["gold"].astype(bool) != joined["predicted"].astype(bool)]
    wrong = wrong.assign(_off=(wrong["gold"].astype(float) - wrong["score"]).abs())
    wrong = wrong.sort_values(["model", "label", "_off"], ascending=[True, True, False], kind="stable")
    wrong = wrong.groupby(["model", "label"], sort=False).head(top)
    context = labels.drop_duplicates("sentence_id").set_index("sentence_id")
    for column in ("lead", "text"):
        wrong[column] = context[column].reindex(wrong["sentence_id"]).to_numpy()
    columns = ["model", "label", "gold", "score", "agency", "year", "section", "heading", "lead", "text"]
    return wrong[[*columns, "sentence_id"]].reset_index(drop=True)


def compare_models(
    first: Predictions,
    second: Predictions,
    labels: Labels,
    *,
    cluster: str = "agency",
    annotator: str = "resolved",
    level: float = 0.95,
    codebook: Codebook | None = None,
) -> Table:
    """Compare two models on the sentences that both predicted: difference of F1, paired.

    What makes a sentence hard for both cancels: a cluster adds to the difference what it adds to one F1 less
    what it adds to the other (`intervals.paired_difference`).

    Args:
        first: `predictions` rows of one model.
        second: Of another; the difference is second − first.
        labels: `labels` rows.
        cluster: Column that counts as one draw.
        annotator: Whose codes are gold.
        level: Coverage of the interval.
        codebook: See `evaluate`.

    Returns:
        One row per label: `label, first, second, f1_first, f1_second, difference, low, high, p_value, n,
        clusters`; the interval and the p-value are null with fewer than three clusters.

    Raises:
        MeasureError: A table holds several models, or the two share no coded sentence.
    """
    names = [_only_model(first), _only_model(second)]
    keys = ["sentence_id", "label"]
    other = join_gold(second, labels, annotator, codebook)[[*keys, "predicted"]]
    joined = join_gold(first, labels, annotator, codebook).merge(other, on=keys, suffixes=("", "_2"))
    if joined.empty:
        raise MeasureError(f"{names[0]} and {names[1]} share no coded sentence")
    rows = []
    for label, part in joined.groupby("label", sort=True):
        gold = part["gold"].to_numpy(bool)
        ids, index = np.unique(named(part[cluster]), return_inverse=True)
        score, weights = part["score"].to_numpy(float), part["_weight"].to_numpy(float)
        moments = [
            metric_moment("f1", gold, score, part[c].to_numpy(bool), index, len(ids), weights)
            for c in ("predicted", "predicted_2")
        ]
        found, p_value = paired_difference(moments[0], moments[1], level)
        row = {"label": label, "first": names[0], "second": names[1]}
        row |= {"f1_first": moments[0].value, "f1_second": moments[1].value, "difference": found.value}
        row |= {"low": found.low, "high": found.high, "p_value": p_value}
        rows.append(row | {"n": len(gold), "clusters": len(ids)})
    return pd.DataFrame(rows)


def _only_model(predictions: Predictions) -> str:
    names = predictions["model"].unique()
    if len(names) != 1:
        raise MeasureError(f"predictions of one model are compared; here are {', '.join(names) or 'none'}")
    return str(names[0])
