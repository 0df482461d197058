"""The share of each label in each group, and the shares that a codebook derives from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from gongkai.errors import MeasureError, SchemaError
from gongkai.measure.estimate import UNDEFINED, adjusted_share, corrected_ratio, dsl_outcomes, shrink
from gongkai.measure.quality import DRAWS, cluster_weights, interval
from gongkai.tables.coded import all_true, coded_whole, indicator_codes, scheme_of_labels
from gongkai.tables.predicted import by_indicator, indicator_names, scheme_of
from gongkai.tables.schema import frame_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gongkai.measure.estimate import Estimate
    from gongkai.tables.codebook import Codebook, Quantity
    from gongkai.tables.schema import Labels, Measures, Predictions, Table

    Vector = np.ndarray[Any, np.dtype[Any]]

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
    seed: int = 0,
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
            `rates` are given, `adjusted`. For `dsl` with the column `inclusion`, the probability with which
            each sentence was drawn, as `gongkai sample` writes it.
        by: Columns that define a group.
        method: `count`, `adjusted`, `ppi` or `dsl`.
        cluster: What is taken as one draw for the intervals: whole agencies, whole reports, or passages
            (sentences of one report under one heading). `auto` takes the first of which every group has at
            least two.
        rates: For `adjusted`: sensitivity and specificity by label, taken as exact.
        level: Coverage of the interval, in (0, 1).
        seed: Of the bootstrap (`count`, `adjusted`).
        codebook: The scheme; unless given the one that ships, where the labels are its, else one without
            derived measures.

    Returns:
        `measures` rows and the `by` columns: value, low, high are shares in [0, 1]; `n` counts the sentences
        in the denominator (for `ppi` and `dsl` the coded sentences of the group), `clusters` what was
        resampled. For `count`, where the bootstrap cannot vary (a share of 0 or 1, one cluster) the
        interval is Wilson's with the number of clusters as its n, which is wide on purpose. A group with
        fewer than two coded sentences is null under `ppi` and `dsl`.

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
    unit = _choose_cluster(wide, by) if cluster == "auto" else cluster
    wide["_stratum"], wide["_unit"] = _units(wide, unit)
    if method != "count":
        wide = _with_codes(wide, labels, method, rates, scheme)
    errors = _error_rates(wide, rates, seed, scheme) if method == "adjusted" else {}
    rows: list[dict[str, object]] = []
    for (model, *key), group in wide.groupby(["model", *by], sort=True, dropna=False, observed=True):
        about = dict(zip(by, key, strict=True)) | {"model": model, "cluster": unit}
        if method == "count":
            found = _group_rows(group, level, seed, scheme)
        elif method == "adjusted":
            found = list(_adjusted_rows(group, errors, level, seed, scheme))
        else:
            found = list(_corrected_rows(group, method == "dsl", level, scheme))
        rows += [about | row for row in found]
    frame = frame_of("measures", [row | {"method": method, "level": level} for row in rows])
    groups = pd.DataFrame([{c: row[c] for c in by} for row in rows], columns=list(by))
    return pd.concat([groups, frame], axis=1)


def pool(measures: Measures, *, within: Sequence[str] = ()) -> Measures:
    """Pool the groups of a measures table partially, so that groups with few sentences move towards the mean.

    Args:
        measures: What `prevalence` gave, with three groups or more.
        within: Columns inside whose groups to pool, e.g. `("year",)`.

    Returns:
        The rows with `value, low, high` pooled (empirical Bayes, `estimate.shrink`) and `+pooled` in
        `method`; standard errors are taken from the width of the intervals. Undefined rows stay as they are.

    Raises:
        MeasureError: Fewer than three groups of a measure are defined.
    """
    from statistics import NormalDist

    pooled = measures.copy()
    for _, index in measures.groupby([*within, "measure", "method", "label"], dropna=False).groups.items():
        part = measures.loc[index].dropna(subset=["value", "low", "high"])
        z = NormalDist().inv_cdf((1 + float(part["level"].iloc[0])) / 2) if len(part) else 1.0
        errors = ((part["high"] - part["low"]) / (2 * z)).clip(lower=1e-6)
        values, after, _ = shrink(part["value"].tolist(), errors.tolist())
        pooled.loc[part.index, "value"] = values
        pooled.loc[part.index, "low"] = np.clip(values - z * after, 0, 1)
        pooled.loc[part.index, "high"] = np.clip(values + z * after, 0, 1)
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
    gold = gold[coded_whole(gold, codebook)].set_index("sentence_id")
    coded = wide["sentence_id"].isin(gold.index)
    if not coded.any():
        raise MeasureError("no predicted sentence is coded; do both come from the same build?")
    trained_on = coded & wide["seen"].eq(True).fillna(False).astype(bool)
    if trained_on.any():
        raise MeasureError(
            f"the model was trained on {int(trained_on.sum())} of the {int(coded.sum())} coded sentences, so "
            "its errors there say nothing; predict with gongkai.classify.train.cross_fit, or code others"
        )
    codes = indicator_codes(gold, codebook)
    wide = wide.assign(**{f"_{c}": wide["sentence_id"].map(codes[c]) for c in codes.columns}, _coded=coded)
    if "inclusion" in gold.columns and gold["inclusion"].notna().any():
        wide["_inclusion"] = wide["sentence_id"].map(gold["inclusion"].astype(float))
        if method == "ppi" and len(set(wide.loc[coded, "_inclusion"])) > 1:
            raise MeasureError("the sample was drawn with unequal probabilities: use method dsl")
    elif method == "dsl":
        raise SchemaError("labels lack inclusion, the probability with which each sentence was drawn")
    return wide


def _inside(group: Table, quantity: Quantity) -> Vector:
    """Return which sentences a quantity is about."""
    if not quantity.sections:
        return np.ones(len(group), bool)
    return group["section"].isin(quantity.sections).to_numpy(bool)


def _codes_and_scores(group: Table, names: Sequence[str]) -> tuple[Vector, Vector]:
    """Return whether all of some indicators are coded true (NaN: not coded), and the predicted chance."""
    codes = all_true({c: group[f"_{c}"].to_numpy(float) for c in names}, names)
    score: Vector = np.prod([group[f"_score_{c}"].to_numpy(float) for c in names], axis=0)
    return codes, score


def _decided(group: Table, names: Sequence[str]) -> Vector:
    """Return, as 1 or 0, whether all of some indicators are predicted; all sentences for none."""
    decided: Vector = np.prod([np.ones(len(group)), *(group[c].to_numpy(float) for c in names)], axis=0)
    return decided


def _corrected_rows(
    whole: Table, design: bool, level: float, codebook: Codebook
) -> Iterator[dict[str, object]]:
    for quantity in codebook.quantities:
        group = whole[_inside(whole, quantity)]
        inclusion = group["_inclusion"].to_numpy(float) if design else None
        clusters = group["_unit"].to_numpy(str)
        tops = _codes_and_scores(group, quantity.top)
        bottoms = _codes_and_scores(group, quantity.bottom) if quantity.bottom else None
        found = corrected_ratio(tops, bottoms, inclusion, clusters, level) if len(group) else UNDEFINED
        n = int(group["_coded"].sum()) if bottoms is None else int(np.nansum(bottoms[0]))
        yield _row(quantity.measure, quantity.label, n, group["_unit"].nunique(), found)


def _row(measure: str, label: str, n: int, clusters: int, found: Estimate) -> dict[str, object]:
    value, low, high = (
        None if v != v else min(1.0, max(0.0, v)) for v in (found.value, found.low, found.high)
    )
    return {
        "measure": measure,
        "label": label,
        "n": n,
        "clusters": clusters,
        "value": value,
        "low": low,
        "high": high,
    }


def _error_rates(
    wide: Table, rates: Mapping[str, tuple[float, float]] | None, seed: int, codebook: Codebook
) -> dict[str, tuple[Vector, Vector]]:
    """Return by label the mean decision on negatives and on positives: the estimate, then draws."""
    found: dict[str, tuple[Vector, Vector]] = {}
    if rates:
        for label, (sensitivity, specificity) in rates.items():
            found[label] = (np.full(DRAWS + 1, 1 - specificity), np.full(DRAWS + 1, sensitivity))
        return found
    coded = wide[wide["_coded"]]
    ids, index = np.unique(coded["_unit"].astype(str), return_inverse=True)
    weights = np.vstack([np.ones((1, len(ids))), cluster_weights(len(ids), seed=seed + 1)])[:, index]
    for quantity in codebook.quantities:
        for name, names in ((quantity.label, quantity.top), ("+".join(quantity.bottom), quantity.bottom)):
            if not names or name in found:
                continue
            y, f = _codes_and_scores(coded, names)[0], _decided(coded, names)
            y, weight = np.nan_to_num(y), weights * ~np.isnan(y)
            with np.errstate(invalid="ignore", divide="ignore"):
                found[name] = (
                    (weight @ (f * (1 - y))) / (weight @ (1 - y)), (weight @ (f * y)) / (weight @ y)
                )  # fmt: skip
    return found


def _adjusted_rows(
    whole: Table,
    errors: Mapping[str, tuple[Vector, Vector]],
    level: float,
    seed: int,
    codebook: Codebook,
) -> Iterator[dict[str, object]]:
    for quantity in codebook.quantities:
        group = whole[_inside(whole, quantity)]
        sample, ids = None, np.zeros(0)
        if len(group):
            ids, index = np.unique(group["_unit"].astype(str), return_inverse=True)
            weights = np.vstack([np.ones((1, len(ids))), _weights(group, ids, seed)])
            sizes = np.bincount(index, minlength=len(ids)).astype(float)
            shares: list[Vector] = []
            for name, names in ((quantity.label, quantity.top), ("+".join(quantity.bottom), quantity.bottom)):
                if names and name in errors:
                    sums = weights @ np.bincount(index, _decided(group, names), len(ids))
                    shares.append(adjusted_share(sums / (weights @ sizes), *errors[name]))
            if len(shares) == 1 + bool(quantity.bottom):
                sample = shares[0]
        if sample is not None and quantity.bottom:
            with np.errstate(invalid="ignore", divide="ignore"):
                ratio = np.clip(sample / shares[1], 0, 1)
            sample = np.where(shares[1] > 0, ratio, np.nan)
        about: dict[str, object] = {"measure": quantity.measure, "label": quantity.label}
        about |= {"n": len(group), "clusters": len(ids)}
        if sample is None or np.isnan(sample[0]):
            yield about | {"value": None, "low": None, "high": None}
        else:
            low, high = interval(sample[1:], level)
            yield about | {
                "value": float(sample[0]),
                "low": min(low, sample[0]),
                "high": max(high, sample[0]),
            }


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
        units = _named(wide[{"agency": "agency", "report": "report_id"}[unit]])
        return units.map(lambda _: ""), units
    strata = wide["model"] + "\0" + _named(wide["report_id"]) + "\0" + _named(wide["section"])
    passages = strata + "\0" + _named(wide["heading"])
    alone = passages.groupby(strata).transform("nunique").eq(1)
    return strata, passages.where(~alone, passages + "\0" + wide["sentence_id"])


def _named(column: pd.Series[Any]) -> pd.Series[str]:
    """Return texts; what was not found is one more cluster, not none."""
    return column.astype(object).where(column.notna(), "").astype(str)


def _choose_cluster(wide: Table, by: Sequence[str]) -> str:
    for unit in ("agency", "report"):
        column = {"agency": "agency", "report": "report_id"}[unit]
        if wide.groupby(["model", *by], dropna=False, observed=True)[column].nunique().min() >= 2:
            return unit
    return "passage"


def _group_rows(group: Table, level: float, seed: int, codebook: Codebook) -> list[dict[str, object]]:
    index, ids = pd.factorize(group["_unit"].astype(object), sort=True)  # numpy's would cut a \0 at an end
    weights = _weights(group, np.asarray(ids), seed)
    rows: list[dict[str, object]] = []
    for quantity in codebook.quantities:
        inside = _inside(group, quantity).astype(float)
        top, bottom = (inside * _decided(group, names) for names in (quantity.top, quantity.bottom))
        tops = np.bincount(index, weights=top, minlength=len(ids))
        bottoms = np.bincount(index, weights=bottom, minlength=len(ids))
        value, low, high = _share(tops, bottoms, weights, level)
        rows.append(
            {
                "measure": quantity.measure,
                "label": quantity.label,
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
    codes, names = pd.factorize(stratum, sort=True)
    for number in range(len(names)):
        inside = codes == number
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
