"""The share of each label in each group, and the shares that a codebook derives from them."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from gongkai.errors import MeasureError, SchemaError
from gongkai.measure.estimate import Coded, adjusted, corrected, counted, crowd_of, dsl_outcomes, none, shrink
from gongkai.measure.guards import note_assumed, refuse_learned, responded
from gongkai.measure.intervals import FEWEST, share_interval
from gongkai.tables.coded import all_true, coded_whole, indicator_codes, scheme_of_labels
from gongkai.tables.predicted import by_indicator, indicator_names, scheme_of
from gongkai.tables.schema import frame_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gongkai.measure.intervals import Moment
    from gongkai.tables.codebook import Codebook, Quantity
    from gongkai.tables.schema import Labels, Measures, Predictions, Table

    Vector = np.ndarray[Any, np.dtype[Any]]

logger = logging.getLogger(__name__)
Cluster = Literal["auto", "agency", "report", "passage"]
Method = Literal["count", "adjusted", "ppi", "dsl"]


def prevalence(
    predictions: Predictions,
    labels: Labels | None = None,
    *,
    by: Sequence[str] = ("agency", "year"),
    method: Method = "count",
    cluster: Cluster = "auto",
    rates: Mapping[str, tuple[float, float]] | None = None,
    level: float = 0.95,
    codebook: Codebook | None = None,
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
        predictions: `predictions` rows with all labels of each sentence; several models are kept apart for
            `count`, the other methods take one.
        labels: `labels` rows by one annotator (`resolved` if there are several), for `ppi`, `dsl` and, unless
            `rates` are given, `adjusted`, with the column `inclusion`, the probability with which each
            sentence was drawn, as `gongkai sample` writes it; of a random sample without it
            `guards.assume_random` makes them. Drawn sentences without codes are taken as missing at random
            among those drawn alike.
        by: Columns that define a group.
        method: `count`, `adjusted`, `ppi` or `dsl`.
        cluster: What is taken as one draw for the intervals: whole agencies, whole reports, or passages
            (sentences of one report under one heading, within its sections). `auto` takes agencies; where
            `by` names the agency, its reports where there are three, else passages; chosen for each group.
        rates: For `adjusted`: sensitivity and specificity by label, taken as exact.
        level: Coverage of the interval, in (0, 1).
        codebook: The scheme; unless given the one that ships, where the labels are its, else one without
            derived measures.

    Returns:
        `measures` rows and the `by` columns: value, low, high are shares in [0, 1], `error` the standard
        error; `n` counts the sentences in the denominator (for `ppi` and `dsl` the coded ones), `clusters`
        what counted as one draw. How a share becomes an interval is in `intervals.py`. Where there can be
        none (fewer than three units, no coded sentence with the label) low and high are null and `note` says
        why; where a counted share cannot vary (0, 1) it is Wilson's with the clusters as its n.

    Raises:
        SchemaError: A column is missing.
        MeasureError: A sentence lacks one of the labels, no sentence is left to count, the labels do not
            fit, or the model was trained on some of them (use `models.train.cross_fit`).
    """
    missing = [column for column in by if column not in predictions.columns]
    if missing:
        raise SchemaError(
            f"predictions lack {', '.join(missing)}; they have {', '.join(predictions.columns)}"
        )
    scheme = scheme_of(predictions, codebook)
    wide = _wide(predictions, by, scheme)
    if method != "count":
        wide = _with_codes(wide, labels, method, rates, scheme)
    rows: list[dict[str, object]] = []
    for (model, *key), group in wide.groupby(["model", *by], sort=True, dropna=False, observed=True):
        unit = _choose_cluster(group, by) if cluster == "auto" else cluster
        about = dict(zip(by, key, strict=True)) | {"model": model, "cluster": unit, "method": method}
        for quantity in scheme.quantities:
            moment, units = _moment(group, wide, unit, method, quantity, rates)
            found = share_interval(moment, level)
            values = {"value": found.value, "low": found.low, "high": found.high, "error": found.error}
            about_quantity = {"measure": quantity.measure, "label": quantity.label, "clusters": units}
            about_quantity |= {"n": int(moment.n), "level": level, "note": found.note or None}
            rows.append(about | about_quantity | {k: None if v != v else v for k, v in values.items()})
    frame = frame_of("measures", rows)
    groups = pd.DataFrame([{c: row[c] for c in by} for row in rows], columns=list(by))
    return note_assumed(pd.concat([groups, frame], axis=1), labels)


def _moment(
    group: Table,
    wide: Table,
    unit: str,
    method: str,
    quantity: Quantity,
    rates: Mapping[str, tuple[float, float]] | None,
) -> tuple[Moment, int]:
    """Return a share of a group, linearised, and how many units it rests on."""
    group = group[_inside(group, quantity)]
    if group.empty:
        return none("nothing to divide by"), 0
    strata, units = _units(group, unit)
    numbers, names = pd.factorize(units.astype(object), sort=True)  # numpy's would cut a \0 at an end
    pair = (quantity.top, quantity.bottom)
    decided = np.stack([_decided(group, q) for q in pair], axis=1)
    if method == "count":
        moment = counted(crowd_of(numbers, decided))
        inside = np.unique(numbers[decided[:, 1] > 0])
        if unit == "passage" and len(inside):
            of_unit = pd.Series(strata.to_numpy()).groupby(numbers).first().to_numpy()
            moment = replace(moment, strata=pd.factorize(of_unit[inside])[0])
        return moment, len(inside)
    if method == "adjusted":
        if rates:
            wanted = [quantity.label, "+".join(quantity.bottom)]
            if any(name and name not in rates for name in wanted):
                return none("no rates given for this label"), len(names)
            exact = [rates[name] if name else (1.0, 1.0) for name in wanted]
            return adjusted(crowd_of(numbers, decided), None, exact), len(names)
        rows = wide[_inside(wide, quantity) & wide["_coded"]]
        number_of = {name: k for k, name in enumerate(names)}
        theirs = _units(rows, unit)[1]
        for name in pd.unique(theirs):
            number_of.setdefault(name, len(number_of))
        coded = _coded(rows, theirs.map(number_of).to_numpy(int), pair, scores=False, weighted=True)
        return adjusted(crowd_of(numbers, decided), coded), len(names)
    known = group["_coded"].to_numpy(bool)
    coded = _coded(group[known], numbers[known], pair, scores=True, weighted=method == "dsl")
    scores = np.stack([_codes_and_scores(group, q)[1] for q in pair], axis=1)
    return corrected(crowd_of(numbers, scores), coded, design=method == "dsl"), len(names)


def _coded(
    rows: Table, clusters: Vector, pair: Sequence[Sequence[str]], *, scores: bool, weighted: bool
) -> Coded:
    """Return coded sentences; those that are not coded for this pair are left out."""
    codes = np.stack([_codes_and_scores(rows, q)[0] for q in pair], axis=1)
    predictions = [(_codes_and_scores(rows, q)[1] if scores else _decided(rows, q)) for q in pair]
    weights = np.ones(len(rows))
    if weighted and "_inclusion" in rows.columns:
        weights = 1 / rows["_inclusion"].fillna(1.0).to_numpy(float)
    known = ~np.isnan(codes).any(axis=1)
    return Coded(clusters[known], codes[known], np.stack(predictions, axis=1)[known], weights[known])


def pool(measures: Measures, *, within: Sequence[str] = ()) -> Measures:
    """Pool the groups of a measures table partially, so that groups with few sentences move towards the mean.

    Args:
        measures: What `prevalence` gave, with three groups or more.
        within: Columns inside whose groups to pool, e.g. `("year",)`.

    Returns:
        The rows with `value, low, high` pooled on the log-odds (empirical Bayes, `estimate.shrink`) and
        `+pooled` in `method`. Standard errors on the log-odds are those of the intervals, so what few units
        leave open stays open. Rows without an interval stay as they are.

    Raises:
        MeasureError: Fewer than three groups of a measure are defined.
    """
    from statistics import NormalDist

    pooled = measures.copy()
    for _, index in measures.groupby([*within, "measure", "method", "label"], dropna=False).groups.items():
        part = measures.loc[index].dropna(subset=["value", "low", "high"])
        z = NormalDist().inv_cdf((1 + float(part["level"].iloc[0])) / 2) if len(part) else 1.0
        floor = 0.5 / part["n"].clip(lower=1).to_numpy(float)
        places, lows, highs = (
            np.log(p / (1 - p))
            for p in (np.clip(part[c], floor, 1 - floor) for c in ("value", "low", "high"))
        )
        errors = np.clip(np.maximum(highs - places, places - lows) / z, 1e-6, None)
        values, after, _ = shrink(places.tolist(), errors.tolist())
        for column, shift in (("value", 0.0), ("low", -z), ("high", z)):
            pooled.loc[part.index, column] = 1 / (1 + np.exp(-(values + shift * after)))
        pooled.loc[part.index, "error"] = np.nan
        pooled.loc[part.index, "method"] = part["method"] + "+pooled"
    return pooled


def dsl_outcome(predictions: Predictions, labels: Labels, *, codebook: Codebook | None = None) -> Table:
    """Return the corrected outcome of each sentence, to put into any regression as the dependent variable.

    Args:
        predictions: `predictions` rows of one model.
        labels: `labels` rows by one annotator, with the column `inclusion`; sentences the model was not
            trained on.
        codebook: See `prevalence`.

    Returns:
        One row per sentence and label (a derived measure is its labels joined by `+`: whether a sentence has
        all of them), with the report columns and `outcome`: score + (code − score) / inclusion
        where coded, the score elsewhere. It is no share: single values lie outside [0, 1]; their means, and
        coefficients of linear models with standard errors clustered by agency, are unbiased (Egami et al.
        2023).

    Raises:
        SchemaError: A column is missing.
        MeasureError: See `prevalence`.
    """
    scheme = scheme_of(predictions, codebook)
    wide = _with_codes(_wide(predictions, (), scheme), labels, "dsl", None, scheme)
    keep = [c for c in predictions.columns if c not in ("label", "value", "score", "predicted")]
    about = predictions.drop_duplicates("sentence_id")[keep].set_index("sentence_id").loc[wide["sentence_id"]]
    parts = []
    for quantity in scheme.quantities:
        inside = _inside(wide, quantity)
        y, f = _codes_and_scores(wide[inside], quantity.top)
        outcome = dsl_outcomes(y, f, wide["_inclusion"].to_numpy(float)[inside])
        parts.append(about.reset_index()[inside].assign(label=quantity.label, outcome=outcome))
    return pd.concat(parts, ignore_index=True)


def counted_outcome(predictions: Predictions, *, codebook: Codebook | None = None) -> Table:
    """Return the outcome of each sentence as predicted, 0 or 1, for `compare` without a coded sample.

    Args:
        predictions: `predictions` rows of one model; sections that are not counted are left out.
        codebook: See `prevalence`.

    Returns:
        The rows with `outcome`; `label` of a class of a choice is `label=class`.
    """
    scheme = scheme_of(predictions, codebook)
    kept = predictions[~predictions["section"].isin(scheme.uncounted_sections)]
    kept = kept.assign(label=indicator_names(kept), outcome=kept["predicted"].astype(float))
    return kept.drop(columns="value", errors="ignore")


def _with_codes(
    wide: Table,
    labels: Labels | None,
    method: str,
    rates: Mapping[str, tuple[float, float]] | None,
    codebook: Codebook,
) -> Table:
    """Join the codes (NaN where not coded) and the inclusion probability."""
    if (models := len(set(wide["model"]))) != 1:
        raise MeasureError(f"method {method} takes the predictions of one model, not of {models}")
    if labels is None:
        if method != "adjusted" or not rates:
            raise MeasureError(f"method {method} needs labels of a sample of the sentences")
        return wide.assign(**{f"_{c}": np.nan for c in codebook.indicators}, _inclusion=np.nan, _coded=False)
    scheme_of_labels(labels, codebook)
    annotators = set(labels["annotator"])
    chosen = "resolved" if "resolved" in annotators else min(annotators)
    if chosen != "resolved" and len(annotators) > 1:
        raise MeasureError(f"labels by {', '.join(sorted(annotators))}; keep those of one, or resolve them")
    gold = labels[labels["annotator"] == chosen]
    whole = coded_whole(gold, codebook)
    if "inclusion" in gold.columns:
        gold = gold.assign(inclusion=responded(gold["inclusion"].astype(float), whole))
    gold = gold[whole].set_index("sentence_id")
    coded = wide["sentence_id"].isin(gold.index)
    if not coded.any():
        raise MeasureError("no predicted sentence is coded; do both come from the same build?")
    codes = indicator_codes(gold, codebook)
    wide = wide.assign(**{f"_{c}": wide["sentence_id"].map(codes[c]) for c in codes.columns}, _coded=coded)
    if "inclusion" not in gold.columns or gold["inclusion"].isna().all():
        raise SchemaError(
            "the labels lack inclusion, the probability with which each sentence was drawn (gongkai sample "
            "writes it); of a random sample without it: --assume-random, in Python assume_random(labels, "
            "predictions), and every result says so. A sample picked by hand corrects nothing"
        )
    wide["_inclusion"] = wide["sentence_id"].map(gold["inclusion"].astype(float))
    if method == "ppi" and len(set(wide.loc[coded, "_inclusion"].round(12))) > 1:
        raise MeasureError("the sample was drawn with unequal probabilities: use method dsl")
    own = wide["_inclusion"].to_numpy(float)
    refuse_learned(
        wide["seen"].eq(True).fillna(value=False).to_numpy(bool),
        coded.to_numpy(bool),
        1 / np.nan_to_num(own, nan=1.0),
    )
    _balance(own[coded.to_numpy(bool)], len(wide))
    return wide


def _balance(inclusion: Vector, sentences: int) -> None:
    """Say where the weights of a sample do not sum to the sentences that it stands for."""
    drawn = inclusion[(inclusion > 0) & (inclusion <= 1)]
    total = float((1 / drawn).sum())
    chance = 3 * float(np.sqrt(((1 - drawn) / drawn**2).sum()))  # of a sample in which each is drawn alone
    if abs(total - sentences) > max(chance, 0.1 * sentences):
        logger.warning(
            "the weights of the %d coded sentences sum to %.0f, the sentences are %d: drawn sentences were "
            "left uncoded (taken as missing at random) or the sample was not drawn from these sentences",
            len(inclusion), total, sentences,
        )  # fmt: skip


def _inside(group: Table, quantity: Quantity) -> Vector:
    """Return which sentences a quantity is about."""
    if not quantity.sections:
        return np.ones(len(group), bool)
    return group["section"].isin(quantity.sections).to_numpy(bool)


def _codes_and_scores(group: Table, names: Sequence[str]) -> tuple[Vector, Vector]:
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


def _wide(predictions: Predictions, by: Sequence[str], codebook: Codebook) -> Table:
    """Return one row per model and sentence with a boolean column, and a score, per indicator."""
    about = list(dict.fromkeys(["model", "sentence_id", "report_id", "agency", "section", "heading", *by]))
    about += ["seen"] if "seen" in predictions.columns else []
    flags, scores = by_indicator(predictions, codebook)
    first = predictions.drop_duplicates(["model", "sentence_id"])[about]
    wide = first.merge(flags.reset_index(), on=["model", "sentence_id"])
    wide = wide.merge(scores.add_prefix("_score_").reset_index(), on=["model", "sentence_id"])
    wide["seen"] = wide["seen"] if "seen" in wide.columns else False
    wide = wide[~wide["section"].isin(codebook.uncounted_sections)].copy()
    if wide.empty:
        raise MeasureError(f"no sentence to count outside {', '.join(codebook.uncounted_sections)}")
    return wide


def _units(wide: Table, unit: str) -> tuple[pd.Series[str], pd.Series[str]]:
    """Return for each sentence the stratum it is drawn in and the unit it is drawn with, as texts.

    Agencies and reports are drawn freely. Within a report the statutory sections are fixed, so passages are
    drawn section by section; in a section that is one passage its sentences are the units.
    """
    if unit != "passage":
        units = named(wide[{"agency": "agency", "report": "report_id"}[unit]])
        return units.map(lambda _: ""), units
    strata = wide["model"] + "\0" + named(wide["report_id"]) + "\0" + named(wide["section"])
    passages = strata + "\0" + named(wide["heading"])
    alone = passages.groupby(strata).transform("nunique").eq(1)
    return strata, passages.where(~alone, passages + "\0" + wide["sentence_id"])


def named(column: pd.Series[Any]) -> pd.Series[str]:
    """Return texts; what was not found is one more cluster, not none."""
    return column.astype(object).where(column.notna(), "").astype(str)


def _choose_cluster(group: Table, by: Sequence[str]) -> str:
    """Return what counts as one draw in this group: agencies, unless the group is one by its definition."""
    if not {"agency", "report_id"} & set(by):
        return "agency"
    if "report_id" not in by and group["report_id"].nunique() >= FEWEST:
        return "report"
    return "passage"


def sentences_behind(
    row: Mapping[str, object],
    predictions: Predictions,
    sentences: Table,
    *,
    codebook: Codebook | None = None,
) -> Table:
    """Return the sentences that a row of a measures table counted.

    Args:
        row: One row of what `prevalence` gave (`measures.iloc[k]`), with its `by` columns.
        predictions: The `predictions` it was computed from.
        sentences: The `sentences` of the same tables, for text, page and file.
        codebook: See `prevalence`.

    Returns:
        The counted sentences in the order of the reports, with `counted` (in the numerator) and `score`.

    Raises:
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
    own = set(frame_of("measures", []).columns)
    by = [c for c in row if c not in own and c in predictions.columns]
    kept = predictions[predictions["model"] == row["model"]]
    for column in by:
        same = kept[column].isna() if row[column] != row[column] else kept[column] == row[column]
        kept = kept[same]
    if kept.empty:
        raise MeasureError(
            f"no prediction of {row['model']} where " + ", ".join(f"{c} is {row[c]}" for c in by)
        )
    wide = _wide(kept, (), scheme)
    wide = wide[_inside(wide, quantity) & (_decided(wide, quantity.bottom) == 1)]
    own_part = [name for name in quantity.top if name not in quantity.bottom] or list(quantity.top)
    score = np.prod([wide[f"_score_{name}"].to_numpy(float) for name in own_part], axis=0)
    wide = wide.assign(counted=_decided(wide, quantity.top) == 1, score=score)
    found = sentences.merge(wide[["sentence_id", "counted", "score"]], on="sentence_id", how="inner")
    return found.sort_values(["counted"], ascending=False, kind="stable").reset_index(drop=True)
