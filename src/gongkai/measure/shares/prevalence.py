"""The share of each label in each group, and the shares that a codebook derives from them."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pandas as pd

from gongkai.errors import MeasureError, SchemaError, refuse_other
from gongkai.measure.inference.estimate import (
    Coded,
    Crowd,
    adjusted,
    corrected,
    dsl_outcomes,
    none,
    shares_of,
)
from gongkai.measure.inference.groups import groups_by
from gongkai.measure.inference.guards import note_assumed, refuse_learned, responded, say_balance
from gongkai.measure.inference.intervals import Moment, Moments, laid, share_intervals
from gongkai.measure.inference.pooling import pooled_shares
from gongkai.measure.inference.sums import Groups, Sums, summed
from gongkai.store.steps import Steps
from gongkai.tables.parts import read_among, read_where
from gongkai.tables.predicted import FAR_TEXT, by_indicator, indicator_names, scheme_of
from gongkai.tables.schema import Labels, Measures, Predictions, Table, frame_of, to_arrow
from gongkai.tables.scheme.codebook import Codebook, Quantity
from gongkai.tables.scheme.coded import all_true, coded_whole, indicator_codes, scheme_of_labels

if TYPE_CHECKING:
    Vector = np.ndarray[Any, np.dtype[Any]]

logger = logging.getLogger(__name__)
Cluster = Literal["auto", "agency", "report", "passage"]
Method = Literal["count", "adjusted", "ppi", "dsl"]


@dataclass(frozen=True, slots=True)
class How:
    """How shares are estimated; see `prevalence`."""

    method: Method = "count"
    cluster: Cluster = "auto"
    rates: Mapping[str, tuple[float, float]] | None = None
    level: float = 0.95
    codebook: Codebook | None = None
    reports: Table | None = None
    steps: Steps | None = None


def prevalence(
    predictions: Predictions | str | Path,
    labels: Labels | None = None,
    *,
    by: Sequence[str] = ("agency", "year"),
    method: Method = "count",
    cluster: Cluster = "auto",
    rates: Mapping[str, tuple[float, float]] | None = None,
    level: float = 0.95,
    codebook: Codebook | None = None,
    reports: Table | None = None,
    steps: Steps | None = None,
) -> Measures:
    """Estimate the share of each label, and what the codebook derives from labels, in each group.

    The share of a label (of each class of a choice: `label=class`) is the number of sentences with it over
    all sentences; of a label that is coded only under a condition, over the sentences where it holds. A
    derived measure is the number of sentences with all of its labels over those with what it is taken
    among. Shares are undefined (null, not 0) over nothing. Sections that the codebook does not count are left
    out.

    `count` takes the predictions as they are: where the classifier errs differently in two groups, their
    difference can be wrong by more than its interval. The others correct by coded sentences that the model
    was not trained on (`estimate.py` has the formulas): `ppi` for a simple random sample, `dsl` for a
    sample with known unequal inclusion probabilities, both within each group; `adjusted` for error rates
    that are the same in all groups.

    Args:
        predictions: `predictions` rows with all labels of each sentence, or a folder that `predict` wrote,
            of any size: of all sentences but the coded ones only sums come into memory. Several models are
            kept apart for `count`, the other methods take one.
        labels: `labels` rows by one annotator (`resolved` if there are several), for `ppi`, `dsl` and, unless
            `rates` are given, `adjusted`, with the column `inclusion`, the probability with which each
            sentence was drawn, as `gongkai sample` writes it; of a random sample without it
            `guards.assume_random` makes them. Drawn sentences without codes are taken as missing at random
            among those drawn alike.
        by: Columns that define a group: of the predictions or of `reports`, `province` or `city`.
        method: `count`, `adjusted`, `ppi` or `dsl`.
        cluster: What is taken as one draw for the intervals: whole agencies, whole reports, or passages
            (sentences of one report under one heading, within its sections). `auto` takes agencies; where
            `by` names the agency, its reports where there are three, else passages; chosen for each group.
        rates: For `adjusted`: sensitivity and specificity by label, taken as exact.
        level: Coverage of the interval, in (0, 1).
        codebook: The scheme; unless given the one that ships, where the labels are its, else one without
            derived measures.
        reports: One row per `report_id`: `reports`, or what `with_covariates` made of it.
        steps: Whose threads sum up, or who sums up batches of parts elsewhere; see `store.steps`.

    Returns:
        `measures` rows and the `by` columns: value, low, high are shares in [0, 1], `error` the standard
        error; `n` counts the sentences in the denominator (for `ppi` and `dsl` the coded ones), `clusters`
        what counted as one draw. How a share becomes an interval is in `intervals.py`. Where there can be
        none (fewer than three units, no coded sentence with the label) low and high are null and `note` says
        why; where a counted share cannot vary (0, 1) it is Wilson's with the clusters as its n. Where more
        than a fifth of the sentences are unlike the model's training text (`distance`), `note` says so.

    Raises:
        SchemaError: A column is missing, or one of `by` is a column of `measures` anyway.
        MeasureError: An unknown method, cluster or level; a sentence lacks one of the labels, no sentence is
            left to count, the labels do not fit, or the model was trained on some of them (use `cross_fit`).
    """
    how = How(method, cluster, rates, level, codebook, reports, steps)
    return prevalences(predictions, labels, [groups_by(by)], how)[0]


def prevalences(
    predictions: Predictions | str | Path, labels: Labels | None, groupings: Sequence[Sequence[str]], how: How
) -> list[Measures]:
    """Return what `prevalence` gives by each of several groupings, in one pass over the predictions."""
    with prevalence_pieces(predictions, labels, groupings, how) as several:
        return [pd.concat(pieces, ignore_index=True) for pieces in several]


@contextlib.contextmanager
def prevalence_pieces(
    predictions: Predictions | str | Path, labels: Labels | None, groupings: Sequence[Sequence[str]], how: How
) -> Iterator[Iterator[Iterator[Measures]]]:
    """Give the same by each grouping in pieces, some thousand groups at a time, while the sums are held."""
    refuse_other("method", how.method, get_args(Method))
    refuse_other("cluster", how.cluster, get_args(Cluster))
    method = how.method
    gold = None if method == "count" or (method == "adjusted" and how.rates) else gold_of(labels, method)
    ids = [] if gold is None else gold["sentence_id"].astype(str).unique().tolist()
    with summed(
        predictions, groupings, cluster=how.cluster, scores=method in ("ppi", "dsl"), coded=ids,
        reports=how.reports, codebook=how.codebook, steps=how.steps,
    ) as several:  # fmt: skip
        first = several[0]
        if method != "count" and len(first.models) != 1:
            raise MeasureError(
                f"method {method} takes the predictions of one model, not of {len(first.models)}"
            )
        coded = None
        if gold is not None:
            coded = coded_rows(first.coded, gold, method, first.scheme, (first.sentences, first.seen))
        made = (
            _measures(sums, by, how, _regrouped(coded, sums.coded))
            for by, sums in zip(groupings, several, strict=True)
        )
        yield ((note_assumed(piece, labels) for piece in pieces) for pieces in made)


def _regrouped(coded: Table | None, held: Table) -> Table | None:
    """Return coded sentences with their group and units in another grouping."""
    units = ["number", "agency", "report", "passage"]
    if coded is None:
        return None
    return coded.drop(columns=units).merge(held[["sentence_id", *units]], on="sentence_id", how="left")


def _measures(sums: Sums, by: Sequence[str], how: How, coded: Table | None) -> Iterator[Measures]:
    quantities = sums.scheme.quantities
    keys = sums.keys(by)
    for groups in sums.groups():
        columns = []
        for k in range(len(quantities)):
            moments, units = _shares(groups, k, sums.scheme, how, coded)
            found = share_intervals(moments, how.level)
            columns.append(found | {"n": moments.n.astype(int), "clusters": units})
        # A group's quantities stand together.
        rows = pd.DataFrame(
            {c: np.stack([column[c] for column in columns], axis=1).ravel() for c in columns[0]}
        )
        far = [
            f"{far:.0%} of the sentences are unlike the training text" if far > FAR_TEXT else ""
            for far in (groups.far if how.method == "count" else [0.0] * len(groups.keys))
            for _ in quantities
        ]
        rows["note"] = ["; ".join(filter(None, two)) or None for two in zip(rows["note"], far, strict=True)]
        rows["cluster"] = np.repeat(groups.kinds, len(quantities))
        rows["measure"] = [q.measure for q in quantities] * len(groups.keys)
        rows["label"] = [q.label for q in quantities] * len(groups.keys)
        at = np.repeat(np.arange(groups.first, groups.first + len(groups.keys)), len(quantities))
        key = keys.iloc[at].reset_index(drop=True)
        rows["model"], rows["method"], rows["confidence"] = key.pop("model"), how.method, how.level
        made: Measures = pd.concat([key, to_arrow("measures", rows).to_pandas()], axis=1)
        yield made


def _shares(
    groups: Groups, k: int, scheme: Codebook, how: How, coded: Table | None
) -> tuple[Moments, Vector]:
    """Return the k-th share of each group, linearised, and how many units each rests on."""
    count, about = len(groups.keys), groups.n[:, k] > 0
    if how.method == "count":
        inside = about & (groups.sums[:, k, 1] > 0)
        (tops, sizes), of = groups.sums[inside, k].T, groups.of[inside]
        strata = groups.strata[inside] if groups.strata.any() else None
        return shares_of(tops, sizes, tops, of, count, strata), np.bincount(of, minlength=count)
    units = np.bincount(groups.of[about], minlength=count)
    quantity, moments = scheme.quantities[k], []
    starts = np.searchsorted(groups.of, np.arange(count + 1))
    rows = coded
    if rows is not None and quantity.sections:
        rows = rows[rows["section"].isin(quantity.sections)]
    for g, kind in enumerate(groups.kinds):
        if not units[g]:
            moments.append(none("nothing to divide by"))
            continue
        own = starts[g] + np.flatnonzero(about[starts[g] : starts[g + 1]])
        crowd = Crowd(groups.units[own], groups.n[own, k], groups.sums[own, k], groups.products[g, k])
        chosen = rows
        if rows is not None and how.method != "adjusted":
            chosen = rows[rows["number"] == groups.first + g]
        moments.append(_corrected(crowd, kind, quantity, scheme, how, chosen))
    return laid(moments), units


def _corrected(
    crowd: Crowd, unit: str, quantity: Quantity, scheme: Codebook, how: How, coded: Table | None
) -> Moment:
    """Return a share corrected by rates, or by the coded sentences that it may be."""
    pair = (quantity.top, quantity.bottom)
    if coded is None:
        rates = how.rates or {}
        wanted = [quantity.label, "+".join(quantity.bottom)]
        if any(name and name not in rates for name in wanted):
            return none("no rates given for this label")
        return adjusted(crowd, None, [rates[name] if name else (1.0, 1.0) for name in wanted])
    rows = _coded_pair(coded, unit, pair, scheme, how.method)
    if how.method == "adjusted":
        return adjusted(crowd, rows)
    return corrected(crowd, rows, design=how.method == "dsl")


def _coded_pair(
    rows: Table, unit: str, pair: Sequence[Sequence[str]], scheme: Codebook, method: str
) -> Coded:
    """Return coded sentences; those that are not coded for this pair are left out."""
    at = {name: k for k, name in enumerate(scheme.indicators)}
    given = "d" if method == "adjusted" else "s"
    columns = {name: rows[f"_{name}"].to_numpy(float) for name in at}
    codes = np.stack([all_true(columns, q) if q else np.ones(len(rows)) for q in pair], axis=1)
    predicted = [
        np.prod([np.ones(len(rows)), *(rows[f"{given}{at[c]}"].to_numpy(float) for c in q)], axis=0)
        for q in pair
    ]
    weights = np.ones(len(rows))
    if method != "ppi" and rows["_inclusion"].notna().any():
        weights = 1 / rows["_inclusion"].fillna(1.0).to_numpy(float)
    known = ~np.isnan(codes).any(axis=1)
    units = rows[unit].to_numpy(np.uint64)
    return Coded(units[known], codes[known], np.stack(predicted, axis=1)[known], weights[known])


def pool(measures: Measures, *, within: Sequence[str] = ()) -> Measures:
    """Pool the groups of a measures table partially, so that groups with few sentences move towards the mean.

    Args:
        measures: What `prevalence` gave, with three groups or more.
        within: Columns inside whose groups to pool, e.g. `("year",)`.

    Returns:
        The rows with `value, low, high` pooled on the log-odds (`pooling.pooled_shares`) and `+pooled` in
        `method`. Rows without an interval stay as they are.

    Raises:
        MeasureError: Fewer than three groups of a measure are defined.
    """
    pooled = measures.copy()
    for _, index in measures.groupby([*within, "measure", "method", "label"], dropna=False).groups.items():
        part = measures.loc[index].dropna(subset=["value", "low", "high"])
        if len(part) < 3:
            raise MeasureError("partial pooling needs three groups with an interval")
        columns = [part[c].to_numpy(float) for c in ("value", "n", "error")]
        found = pooled_shares(
            columns[0], np.maximum(columns[1], 1), columns[2], float(part["confidence"].iloc[0])
        )
        pooled.loc[part.index, ["value", "low", "high"]] = np.stack(found, axis=1)
        pooled.loc[part.index, "error"] = np.nan
        pooled.loc[part.index, "method"] = part["method"] + "+pooled"
    return pooled


def sentence_outcomes(predictions: Predictions, labels: Labels | None, codebook: Codebook | None) -> Table:
    """Return the outcome of each sentence and label, as predicted or corrected; see `outcomes.outcomes`."""
    scheme = scheme_of(predictions, codebook)
    if labels is None:
        kept = predictions[~predictions["section"].isin(scheme.uncounted_sections)]
        kept = kept.assign(label=indicator_names(kept), outcome=kept["predicted"].astype(float))
        return kept.drop(columns="value", errors="ignore")
    wide = _wide(predictions, scheme)
    if (models := wide["model"].nunique()) != 1:
        raise MeasureError(f"the outcome is of one model, not of {models}")
    coded = coded_rows(
        wide, gold_of(labels, "dsl"), "dsl", scheme, (len(wide), int(wide["seen"].sum()))
    ).set_index("sentence_id")
    added = coded[["_inclusion", *(f"_{c}" for c in scheme.indicators)]]
    wide = wide.merge(added, left_on="sentence_id", right_index=True, how="left")
    keep = [c for c in predictions.columns if c not in ("label", "value", "score", "predicted")]
    about = predictions.drop_duplicates("sentence_id")[keep].set_index("sentence_id").loc[wide["sentence_id"]]
    parts = []
    for quantity in scheme.quantities:
        inside = is_inside(wide, quantity)
        y, f = codes_and_scores(wide[inside], quantity.top)
        outcome = dsl_outcomes(y, f, wide["_inclusion"].to_numpy(float)[inside])
        parts.append(about.reset_index()[inside].assign(label=quantity.label, outcome=outcome))
    return pd.concat(parts, ignore_index=True)


def gold_of(labels: Labels | None, method: str) -> Labels:
    """Return the codes of one annotator."""
    if labels is None or labels.empty:
        raise MeasureError(f"method {method} needs labels of a sample of the sentences")
    annotators = set(labels["annotator"])
    chosen = "resolved" if "resolved" in annotators else min(annotators)
    if chosen != "resolved" and len(annotators) > 1:
        raise MeasureError(f"labels by {', '.join(sorted(annotators))}; keep those of one, or resolve them")
    return labels[labels["annotator"] == chosen]


def coded_rows(
    predicted: Table, gold: Labels, method: str, scheme: Codebook, everything: tuple[int, int]
) -> Table:
    """Return the predicted sentences that are coded whole, with their codes and inclusion probability.

    `everything` is the number of all sentences, and of those that the model learned from.
    """
    scheme_of_labels(gold, scheme)
    whole = coded_whole(gold, scheme)
    if "inclusion" in gold.columns:
        gold = gold.assign(inclusion=responded(gold["inclusion"].astype(float), whole))
    gold = gold[whole].set_index("sentence_id")
    rows = predicted[predicted["sentence_id"].isin(gold.index)]
    if rows.empty:
        raise MeasureError("no predicted sentence is coded; do both come from the same build?")
    if "inclusion" not in gold.columns or gold["inclusion"].isna().all():
        raise SchemaError(
            "the labels lack inclusion, the probability with which each sentence was drawn (gongkai sample "
            "writes it); of a random sample without it: --assume-random, in Python assume_random(labels, "
            "predictions), and every result says so. A sample picked by hand corrects nothing"
        )
    codes = indicator_codes(gold, scheme)
    rows = rows.assign(**{f"_{c}": rows["sentence_id"].map(codes[c]) for c in codes.columns})
    rows["_inclusion"] = rows["sentence_id"].map(gold["inclusion"].astype(float))
    if method == "ppi" and len(set(rows["_inclusion"].round(12))) > 1:
        raise MeasureError("the sample was drawn with unequal probabilities: use method dsl")
    own, seen = rows["_inclusion"].to_numpy(float), rows["seen"].to_numpy(bool)
    sentences, learned = everything
    refuse_learned(
        seen, 1 / np.nan_to_num(own, nan=1.0), others=(learned - int(seen.sum()), sentences - len(rows))
    )
    say_balance(own, sentences)
    return rows


def is_inside(group: Table, quantity: Quantity) -> Vector:
    """Return which sentences a quantity is about."""
    if not quantity.sections:
        return np.ones(len(group), bool)
    return group["section"].isin(quantity.sections).to_numpy(bool)


def codes_and_scores(group: Table, names: Sequence[str]) -> tuple[Vector, Vector]:
    """Return whether all of some indicators are coded true (NaN: not coded), and the predicted chance.

    Ones for none.
    """
    if not names:
        return np.ones(len(group)), np.ones(len(group))
    codes = all_true({c: group[f"_{c}"].to_numpy(float) for c in names}, names)
    score: Vector = np.prod([group[f"_score_{c}"].to_numpy(float) for c in names], axis=0)
    return codes, score


def _decided(group: Table, names: Sequence[str]) -> Vector:
    """Return, as 1 or 0, whether all of some indicators are predicted; all sentences for none."""
    decided: Vector = np.prod([np.ones(len(group)), *(group[c].to_numpy(float) for c in names)], axis=0)
    return decided


def _wide(predictions: Predictions, codebook: Codebook) -> Table:
    """Return one row per model and sentence with a boolean column, and a score, per indicator."""
    about = ["model", "sentence_id", "section", *(["seen"] if "seen" in predictions.columns else [])]
    flags, scores = by_indicator(predictions, codebook)
    first = predictions.drop_duplicates(["model", "sentence_id"])[about]
    wide = first.merge(flags.reset_index(), on=["model", "sentence_id"])
    wide = wide.merge(scores.add_prefix("_score_").reset_index(), on=["model", "sentence_id"])
    wide["seen"] = wide["seen"].eq(True).fillna(value=False).astype(bool) if "seen" in wide.columns else False
    wide = wide[~wide["section"].isin(codebook.uncounted_sections)].copy()
    if wide.empty:
        raise MeasureError(f"no sentence to count outside {', '.join(codebook.uncounted_sections)}")
    return wide


def named(column: pd.Series[Any]) -> pd.Series[str]:
    """Return texts; what was not found is one more cluster, not none."""
    return column.astype(object).where(column.notna(), "").astype(str)


def sentences_behind(
    row: Mapping[str, object],
    predictions: Predictions | str | Path,
    sentences: Table | str | Path,
    *,
    reports: Table | None = None,
    codebook: Codebook | None = None,
) -> Table:
    """Return the sentences that a row of a measures table counted.

    Args:
        row: One row of what `prevalence` gave (`measures.iloc[k]`), with its `by` columns.
        predictions: The `predictions` it was computed from, rows or a folder.
        sentences: The `sentences` of the same tables, for text, page and file, or the tables folder.
        reports: Those of `prevalence`, where the row is of a group by their columns.
        codebook: See `prevalence`.

    Returns:
        The counted sentences in the order of the reports, with `counted` (in the numerator) and `score`.

    Raises:
        SchemaError: Neither predictions nor reports have a column that the row's group is by.
        MeasureError: The row is no measure of labels of these predictions.
    """
    scheme = scheme_of(predictions, codebook)
    known = {(q.measure, q.label): q for q in scheme.quantities}
    quantity = known.get((str(row.get("measure")), str(row.get("label"))))
    if quantity is None:
        names = " and ".join(dict.fromkeys(q.measure for q in scheme.quantities))
        raise MeasureError(
            f"sentences stand behind {names}, not behind {row.get('measure')} of {row.get('label')}; "
            "those of reuse are in reused_sentences; copied, followup and terms carry their own"
        )
    kept = _of_group(row, predictions, reports)
    wide = _wide(kept, scheme)
    wide = wide[is_inside(wide, quantity) & (_decided(wide, quantity.bottom) == 1)]
    own_part = [name for name in quantity.top if name not in quantity.bottom] or list(quantity.top)
    score = np.prod([wide[f"_score_{name}"].to_numpy(float) for name in own_part], axis=0)
    wide = wide.assign(counted=_decided(wide, quantity.top) == 1, score=score)
    if isinstance(sentences, str | Path):
        sentences = read_among(sentences, "sentences", "sentence_id", wide["sentence_id"])
    found = sentences.merge(wide[["sentence_id", "counted", "score"]], on="sentence_id", how="inner")
    return found.sort_values(["counted"], ascending=False, kind="stable").reset_index(drop=True)


def _of_group(
    row: Mapping[str, object], predictions: Predictions | str | Path, reports: Table | None
) -> Predictions:
    """Return the predictions of the model and group of a row of a measures table."""
    own = set(frame_of("measures", []).columns)
    by = {c: None if pd.isna(v) else v for c, v in row.items() if c not in own}  # type: ignore[call-overload]
    if isinstance(predictions, str | Path):
        least = [(c, "==", v) for c, v in by.items() if c in ("agency", "year", "section") and v is not None]
        predictions = read_where(predictions, "predictions", [("model", "==", row["model"]), *least])
    kept = predictions[predictions["model"] == row["model"]]
    for column, value in by.items():
        if column in kept.columns:
            values = kept[column]
        elif reports is not None and column in reports.columns:
            of_report = reports.drop_duplicates("report_id").set_index("report_id")[column]
            values = kept["report_id"].map(of_report)
        else:
            raise SchemaError(f"the row is of a group by {column}; neither predictions nor reports have that")
        kept = kept[values.isna() if value is None else values == value]
    if kept.empty:
        group = ", ".join(f"{c} is {v}" for c, v in by.items())
        raise MeasureError(f"no prediction of {row['model']} where {group}")
    return kept
