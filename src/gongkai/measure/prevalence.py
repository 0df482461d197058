"""The share of a label in each group, and the share of commitments that are cheap talk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from gongkai.errors import MeasureError, SchemaError
from gongkai.measure.estimate import adjusted_share, corrected_ratio, dsl_outcomes, shrink
from gongkai.measure.quality import DRAWS, cluster_weights, interval
from gongkai.tables.schema import LABELS, UNCOUNTED_SECTIONS, frame_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gongkai.measure.estimate import Estimate
    from gongkai.tables.schema import Labels, Measures, Predictions, Table

    Vector = np.ndarray[Any, np.dtype[Any]]

Cluster = Literal["auto", "agency", "report", "passage"]
Method = Literal["count", "adjusted", "ppi", "dsl"]
CHEAP_TALK = "commitment+boilerplate"
MEASURES = (("prevalence", "commitment"), ("prevalence", "boilerplate"), ("cheap_talk", CHEAP_TALK))


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
) -> Measures:
    """Estimate the share of each label, and of cheap talk, in each group.

    The share of a label is the number of sentences with it over all sentences; cheap talk is the number of
    sentences with both labels over those with `commitment`, undefined (null, not 0) without commitments.
    Sentences of the preamble are not counted (codebook).

    `count` takes the predictions as they are: where the classifier errs differently in two groups, their
    difference can be wrong by more than its interval. The others correct by coded sentences that the model
    was not trained on (`estimate.py` has the formulas): `ppi` for a simple random sample, `dsl` for a
    sample with known unequal inclusion probabilities, both within each group; `adjusted` for error rates
    that are the same in all groups.

    Args:
        predictions: `predictions` rows with both labels of each sentence; several models are kept apart for
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
    wide = _wide(predictions, by)
    unit = _choose_cluster(wide, by) if cluster == "auto" else cluster
    wide["_stratum"], wide["_unit"] = _units(wide, unit)
    if method != "count":
        wide = _with_codes(wide, labels, method, rates)
    errors = _error_rates(wide, rates, level, seed) if method == "adjusted" else {}
    rows: list[dict[str, object]] = []
    for (model, *key), group in wide.groupby(["model", *by], sort=True, dropna=False, observed=True):
        about = dict(zip(by, key, strict=True)) | {"model": model, "cluster": unit}
        if method == "count":
            found = _group_rows(group, level, seed)
        elif method == "adjusted":
            found = list(_adjusted_rows(group, errors, level, seed))
        else:
            found = list(_corrected_rows(group, method == "dsl", level))
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


def dsl_outcome(predictions: Predictions, labels: Labels) -> Table:
    """Return the corrected outcome of each sentence, to put into any regression as the dependent variable.

    Args:
        predictions: `predictions` rows of one model.
        labels: `labels` rows by one annotator, with the column `inclusion`; sentences the model was not
            trained on.

    Returns:
        One row per sentence and label (`commitment`, `boilerplate`, and both together as
        `commitment+boilerplate`), with the report columns and `outcome`: score + (code − score) / inclusion
        where coded, the score elsewhere. It is no share: single values lie outside [0, 1]; their means, and
        coefficients of linear models with standard errors clustered by agency, are unbiased (Egami et al.
        2023).

    Raises:
        SchemaError: A column is missing.
        MeasureError: See `prevalence`.
    """
    wide = _with_codes(_wide(predictions, ()), labels, "dsl", None)
    keep = [c for c in predictions.columns if c not in ("label", "score", "predicted")]
    about = predictions.drop_duplicates("sentence_id")[keep].set_index("sentence_id").loc[wide["sentence_id"]]
    parts = []
    for name, y, f in _quantities(wide):
        outcome = dsl_outcomes(y, f, wide["_inclusion"].to_numpy(float))
        parts.append(about.reset_index().assign(label=name, outcome=outcome))
    return pd.concat(parts, ignore_index=True)


def counted_outcome(predictions: Predictions) -> Table:
    """Return the outcome of each sentence as predicted, 0 or 1, for `compare` without a coded sample.

    Args:
        predictions: `predictions` rows of one model; preambles are left out.
    """
    kept = predictions[~predictions["section"].isin(UNCOUNTED_SECTIONS)]
    return kept.assign(outcome=kept["predicted"].astype(float))


def _with_codes(
    wide: Table, labels: Labels | None, method: str, rates: Mapping[str, tuple[float, float]] | None
) -> Table:
    """Join the codes (NaN where not coded) and the inclusion probability."""
    if (models := len(set(wide["model"]))) != 1:
        raise MeasureError(f"method {method} takes the predictions of one model, not of {models}")
    if labels is None:
        if method != "adjusted" or not rates:
            raise MeasureError(f"method {method} needs labels of a sample of the sentences")
        return wide.assign(_commitment=np.nan, _boilerplate=np.nan, _inclusion=np.nan)
    annotators = set(labels["annotator"])
    chosen = "resolved" if "resolved" in annotators else min(annotators)
    if chosen != "resolved" and len(annotators) > 1:
        raise MeasureError(f"labels by {', '.join(sorted(annotators))}; keep those of one, or resolve them")
    gold = labels[labels["annotator"] == chosen].dropna(subset=list(LABELS)).set_index("sentence_id")
    coded = wide["sentence_id"].isin(gold.index)
    if not coded.any():
        raise MeasureError("no predicted sentence is coded; do both come from the same build?")
    trained_on = coded & wide["seen"].eq(True).fillna(False).astype(bool)
    if trained_on.any():
        raise MeasureError(
            f"the model was trained on {int(trained_on.sum())} of the {int(coded.sum())} coded sentences, so "
            "its errors there say nothing; predict with gongkai.classify.train.cross_fit, or code others"
        )
    wide = wide.assign(**{f"_{c}": wide["sentence_id"].map(gold[c].astype(float)) for c in LABELS})
    if "inclusion" in gold.columns and gold["inclusion"].notna().any():
        wide["_inclusion"] = wide["sentence_id"].map(gold["inclusion"].astype(float))
        if method == "ppi" and len(set(wide.loc[coded, "_inclusion"])) > 1:
            raise MeasureError("the sample was drawn with unequal probabilities: use method dsl")
    elif method == "dsl":
        raise SchemaError("labels lack inclusion, the probability with which each sentence was drawn")
    return wide


def _quantities(group: Table) -> Iterator[tuple[str, Vector, Vector]]:
    """Give (name, codes, predictions) of the two labels and of both together."""
    codes = {c: group[f"_{c}"].to_numpy(float) for c in LABELS}
    scores = {c: group[f"_score_{c}"].to_numpy(float) for c in LABELS}
    for label in LABELS:
        yield label, codes[label], scores[label]
    yield CHEAP_TALK, codes["commitment"] * codes["boilerplate"], scores["commitment"] * scores["boilerplate"]


def _corrected_rows(group: Table, design: bool, level: float) -> Iterator[dict[str, object]]:
    pairs = {name: (y, f) for name, y, f in _quantities(group)}
    inclusion = group["_inclusion"].to_numpy(float) if design else None
    clusters = group["_unit"].to_numpy(str)
    coded = group[~np.isnan(pairs["commitment"][0])]
    for measure, label in MEASURES:
        bottoms = pairs["commitment"] if measure == "cheap_talk" else None
        found = corrected_ratio(pairs[label], bottoms, inclusion, clusters, level)
        n = len(coded) if bottoms is None else int(coded["_commitment"].sum())
        yield _row(measure, label, n, group["_unit"].nunique(), found)


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
    wide: Table, rates: Mapping[str, tuple[float, float]] | None, level: float, seed: int
) -> dict[str, tuple[Vector, Vector]]:
    """Return by label the mean decision on negatives and on positives: the estimate, then draws."""
    found: dict[str, tuple[Vector, Vector]] = {}
    if rates:
        for label, (sensitivity, specificity) in rates.items():
            found[label] = (np.full(DRAWS + 1, 1 - specificity), np.full(DRAWS + 1, sensitivity))
        return found
    coded = wide[wide["_commitment"].notna()]
    ids, index = np.unique(coded["_unit"].astype(str), return_inverse=True)
    weights = np.vstack([np.ones((1, len(ids))), cluster_weights(len(ids), seed=seed + 1)])[:, index]
    both = coded["_commitment"] * coded["_boilerplate"]
    for label, codes, decisions in (
        ("commitment", coded["_commitment"], coded["commitment"]),
        ("boilerplate", coded["_boilerplate"], coded["boilerplate"]),
        (CHEAP_TALK, both, coded["commitment"] & coded["boilerplate"]),
    ):
        y, f = codes.to_numpy(float), decisions.to_numpy(float)
        with np.errstate(invalid="ignore", divide="ignore"):
            found[label] = (
                (weights @ (f * (1 - y))) / (weights @ (1 - y)), (weights @ (f * y)) / (weights @ y)
            )  # fmt: skip
    return found


def _adjusted_rows(
    group: Table, errors: Mapping[str, tuple[Vector, Vector]], level: float, seed: int
) -> Iterator[dict[str, object]]:
    ids, index = np.unique(group["_unit"].astype(str), return_inverse=True)
    weights = np.vstack([np.ones((1, len(ids))), _weights(group, ids, seed)])
    sizes = np.bincount(index, minlength=len(ids)).astype(float)
    flags = {label: group[label].to_numpy(float) for label in LABELS}
    flags[CHEAP_TALK] = flags["commitment"] * flags["boilerplate"]
    shares = {
        label: adjusted_share(
            (weights @ np.bincount(index, flag, len(ids))) / (weights @ sizes), *errors[label]
        )
        for label, flag in flags.items()
        if label in errors
    }
    for measure, label in MEASURES:
        sample = shares.get(label)
        if sample is not None and measure == "cheap_talk":
            with np.errstate(invalid="ignore", divide="ignore"):
                ratio = np.clip(sample / shares["commitment"], 0, 1)
            sample = np.where(shares["commitment"] > 0, ratio, np.nan)
        about = {"measure": measure, "label": label, "n": len(group), "clusters": len(ids)}
        if sample is None or np.isnan(sample[0]):
            yield about | {"value": None, "low": None, "high": None}
        else:
            low, high = interval(sample[1:], level)
            yield about | {
                "value": float(sample[0]),
                "low": min(low, sample[0]),
                "high": max(high, sample[0]),
            }


def _wide(predictions: Predictions, by: Sequence[str]) -> Table:
    """Return one row per model and sentence with a boolean column per label."""
    about = list(dict.fromkeys(["model", "sentence_id", "report_id", "agency", "section", "heading", *by]))
    about += ["seen"] if "seen" in predictions.columns else []
    flags = predictions.set_index(["model", "sentence_id", "label"])["predicted"].unstack()  # noqa: PD010
    if not set(LABELS) <= set(flags.columns) or flags[list(LABELS)].isna().any(axis=None):
        raise MeasureError(f"every sentence needs a prediction for {' and '.join(LABELS)}")
    first = predictions.drop_duplicates(["model", "sentence_id"])[about]
    scores = predictions.set_index(["model", "sentence_id", "label"])["score"].unstack()  # noqa: PD010
    wide = first.merge(flags[list(LABELS)].astype(bool).reset_index(), on=["model", "sentence_id"])
    wide = wide.merge(scores[list(LABELS)].add_prefix("_score_").reset_index(), on=["model", "sentence_id"])
    wide["seen"] = wide["seen"] if "seen" in wide.columns else False
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


def _group_rows(group: Table, level: float, seed: int) -> list[dict[str, object]]:
    index, ids = pd.factorize(group["_unit"].astype(object), sort=True)  # numpy's would cut a \0 at an end
    weights = _weights(group, np.asarray(ids), seed)
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


def sentences_behind(row: Mapping[str, object], predictions: Predictions, sentences: Table) -> Table:
    """Return the sentences that a row of a measures table counted.

    Args:
        row: One row of what `prevalence` gave (`measures.iloc[k]`), with its `by` columns.
        predictions: The `predictions` it was computed from.
        sentences: The `sentences` of the same tables, for text, page and file.

    Returns:
        The counted sentences in the order of the reports, with `counted` (in the numerator) and `score`.

    Raises:
        MeasureError: The row is no prevalence or cheap talk of these predictions.
    """
    if row.get("measure") not in ("prevalence", "cheap_talk"):
        raise MeasureError(
            f"sentences stand behind prevalence and cheap_talk, not behind {row.get('measure')}; those of "
            "reuse are in reused_sentences, and the tables of copied, followup and terms carry their own"
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
    wide = _wide(kept, ())
    label = str(row["label"])
    if row["measure"] == "cheap_talk":
        wide = wide[wide["commitment"]]
        wide = wide.assign(counted=wide["boilerplate"], score=wide["_score_boilerplate"])
    else:
        wide = wide.assign(counted=wide[label], score=wide[f"_score_{label}"])
    found = sentences.merge(wide[["sentence_id", "counted", "score"]], on="sentence_id", how="inner")
    return found.sort_values(["counted"], ascending=False, kind="stable").reset_index(drop=True)
