"""Labels + settings → model folder: complete, with its card and its honest metrics, or nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gongkai.classify.classifier import CARD, CODEBOOK, CONFIG, GOLD, METRICS, RUN, Classifier
from gongkai.classify.features.distance import familiar
from gongkai.classify.folds import forward_fold, no_one_coded, outer_folds, random_folds, split_groups
from gongkai.classify.kinds import KINDS, Coded, TrainSettings, kind_named
from gongkai.classify.models.baselines import baseline_scores, baselines_of
from gongkai.classify.predict import as_predictions, predictions_of
from gongkai.classify.publish import write_card
from gongkai.classify.real import real_quality
from gongkai.errors import ModelError, SchemaError
from gongkai.measure.shares.quality import evaluate
from gongkai.store.progress import progress
from gongkai.store.run import manifest, read_settings, whole_folder, write_json
from gongkai.tables.ids import text_key
from gongkai.tables.predicted import indicator_names
from gongkai.tables.schema import Labels, Predictions, Sentences, Table
from gongkai.tables.scheme.codebook import Codebook
from gongkai.tables.scheme.codebooks import with_examples
from gongkai.tables.scheme.coded import coded_whole, indicator_codes, scheme_of_labels
from gongkai.text.tokens import tokenize

if TYPE_CHECKING:
    Vector = np.ndarray[Any, np.dtype[Any]]


def train(
    labels: Labels,
    output: str | Path,
    *,
    settings: TrainSettings | str | Path | None = None,
    overwrite: bool = False,
    codebook: Codebook | None = None,
) -> Table:
    """Train a model on coded sentences and write its folder.

    The metrics come from outer cross-validation by agency: the whole procedure (choosing features,
    calibration, threshold) is repeated without the agencies of each fold, nor those that share their text,
    and predicts these. The model that is saved is trained on all agencies in the same way.

    Args:
        labels: `labels` rows, e.g. from `gongkai.read_labels`.
        output: Model folder to make; its name is the model's name.
        settings: `TrainSettings`, or a TOML file with some of its keys.
        overwrite: Replace an earlier model.
        codebook: The scheme of the labels; the one that ships unless given. The folder keeps it.

    Returns:
        The metrics that stand in the card: one row per label and metric, with intervals over agencies.

    Raises:
        SchemaError: The labels or the settings are malformed.
        ModelError: Too few agencies or positives to train and test.
        GongkaiError: The folder exists, or cannot be written.
    """
    folder = Path(output)
    if not isinstance(settings, TrainSettings):
        settings = TrainSettings() if settings is None else read_settings(settings, TrainSettings)
    for needed, what in kind_named(settings.model).needs.items():
        if not getattr(settings, needed):
            raise ModelError(f"a {settings.model} needs the setting {needed}: {what}")
    scheme = scheme_of_labels(labels, codebook)
    gold = _with_tokens(gold_of(labels, settings.annotator, scheme))
    digests = {}
    if settings.examples and not KINDS[settings.model].examples:
        raise ModelError(f"a {settings.model} does not learn from examples; leave out the setting examples")
    if settings.examples:
        scheme = with_examples(scheme, settings.examples)
        digests["examples"] = hashlib.sha256(Path(settings.examples).read_bytes()).hexdigest()
    with whole_folder(folder, overwrite=overwrite) as hidden:
        groups = split_groups(gold)
        metrics = _metrics(gold, groups, folder.name, settings, scheme)
        model, chosen = _fit(gold, groups, folder.name, settings, scheme)
        model.save(hidden)
        familiar(gold["text"].tolist(), groups).save(hidden)
        about = _about(gold, groups, chosen, settings, scheme)
        kept = json.loads((hidden / CONFIG).read_text("utf-8")) if (hidden / CONFIG).exists() else {}
        metrics = pd.concat([metrics, real_quality(about, folder.name)], ignore_index=True)
        about["origin"] = kept.pop("origin", None)  # how an encoder of our own making tells where it is from
        kind = {"kind": settings.model, "labels": list(model.labels), "thresholds": model.thresholds}
        write_json(hidden / CONFIG, kept | kind | about)
        write_json(hidden / METRICS, metrics.astype(object).where(metrics.notna(), None).to_dict("records"))
        digests["labels"] = about["gold_digest"]
        write_json(hidden / RUN, manifest("train", asdict(settings), digests))
        known = zip(gold["sentence_id"], gold["text"].map(text_key), strict=True)
        (hidden / GOLD).write_text("".join(f"{name} {key}\n" for name, key in known), encoding="utf-8")
        (hidden / CODEBOOK).write_text(scheme.source, encoding="utf-8")
        write_card(hidden / CARD, folder.name, about, metrics, scheme)
    return metrics


def cross_fit(
    sentences: Sentences,
    labels: Labels,
    *,
    settings: TrainSettings | None = None,
    name: str = "cross-fit",
    codebook: Codebook | None = None,
) -> Predictions:
    """Predict every sentence by models that saw neither its agency nor agencies that share its text.

    This is what `prevalence(method="ppi")` and `"dsl"` need when the coded sentences are also those to train
    on (Zrnic & Candès 2024). The coded agencies are cut into folds; the sentences of a fold's agencies, coded
    or not, are predicted by the model trained without the fold, and those of agencies without any code by the
    mean of all folds' scores.

    Args:
        sentences: `sentences` rows to predict.
        labels: `labels` rows.
        settings: `outer_folds`, `annotator` and what else decides the training.
        name: Written into the column `model`.
        codebook: The scheme of the labels; the one that ships unless given.

    Returns:
        `predictions`, in the order of the sentences; `seen` is False throughout.

    Raises:
        SchemaError: That annotator coded nothing.
        ModelError: Too few agencies or positives.
    """
    chosen = settings or TrainSettings()
    scheme = scheme_of_labels(labels, codebook)
    gold = _with_tokens(gold_of(labels, chosen.annotator, scheme))
    groups = split_groups(gold)
    own = gold["agency"].astype(object).fillna(gold["report_id"]).fillna("").astype(str).to_numpy()
    agency = sentences["agency"].astype(object).fillna(sentences["report_id"]).fillna("").astype(str)
    parts: list[Predictions] = []
    for training, test in outer_folds(gold, groups, chosen, scheme):
        model, _ = _fit(gold.iloc[training], groups[training], name, chosen, scheme)
        theirs = agency.isin(set(own[test])) | ~agency.isin(set(own))
        parts.append(predictions_of(model, sentences[theirs.to_numpy()]))
    both = pd.concat(parts, ignore_index=True)
    both = both.assign(_indicator=indicator_names(both))
    keys = ["sentence_id", "_indicator"]
    mean = both.groupby(keys, sort=False)[["score", "predicted"]].mean()
    frame = both.drop_duplicates(keys).set_index(keys)
    frame["score"], frame["predicted"] = mean["score"], mean["predicted"] >= 0.5
    order = pd.MultiIndex.from_product([sentences["sentence_id"], scheme.indicators], names=keys)
    frame = frame.loc[order].reset_index()
    is_class = frame["value"].notna().to_numpy()
    if is_class.any():  # of a choice one class, also where folds disagree
        best = frame[is_class].groupby(["sentence_id", "label"], sort=False)["score"].idxmax()
        frame.loc[is_class, "predicted"] = frame.index[is_class].isin(best) & _not_barred(
            frame[is_class], mean
        )
    return frame[[c for c in both.columns if c != "_indicator"]]


def _not_barred(rows: Predictions, mean: Table) -> Vector:
    """Return which classes belong to a choice that at least half of the folds made (`only_if`)."""
    shares = mean["predicted"].loc[pd.MultiIndex.from_frame(rows[["sentence_id", "_indicator"]])]
    total = shares.groupby([rows["sentence_id"].to_numpy(), rows["label"].to_numpy()]).transform("sum")
    barred: Vector = total.to_numpy() >= 0.5
    return barred


def gold_of(labels: Labels, annotator: str = "resolved", codebook: Codebook | None = None) -> Labels:
    """Return the rows of one annotator that have all codes that apply.

    Raises:
        SchemaError: That annotator coded nothing.
    """
    scheme = scheme_of_labels(labels, codebook)
    gold = labels[(labels["annotator"] == annotator) & coded_whole(labels, scheme)]
    if gold.empty:
        known = ", ".join(sorted(set(labels["annotator"]))) or "nobody"
        raise SchemaError(
            f"no sentence is coded by '{annotator}'; the labels are by {known}: name one as annotator"
        )
    return gold.reset_index(drop=True)


def _with_tokens(gold: Labels) -> Labels:
    """Cut the words once; every fold would do it again."""
    return gold.assign(tokens=gold["text"].map(tokenize))


def _fit(
    gold: Labels, groups: Vector, name: str, settings: TrainSettings, codebook: Codebook
) -> tuple[Classifier, dict[str, dict[str, object]]]:
    made = indicator_codes(gold, codebook)
    codes = {indicator: made[indicator].to_numpy() for indicator in codebook.indicators}
    for label in codebook.labels:
        for indicator in label.indicators if label.is_choice else ():
            if not (codes[indicator] == 1).any():
                raise ModelError(no_one_coded(codebook, indicator))
    model, about = KINDS[settings.model].train(Coded(name, gold, codes, groups, codebook), settings)
    return replace(model, codebook=codebook), about


def _metrics(gold: Labels, groups: Vector, name: str, settings: TrainSettings, codebook: Codebook) -> Table:
    """Return the metrics of the outer folds, and for comparison the F1 that says how hard the data is.

    The baselines on the same folds, and the same procedure on a random split by sentence (which flatters: the
    reader has seen the agency) and forward in time. Where two trainings differ by the seed: mean and standard
    deviation of F1 over seeds.
    """
    folds = outer_folds(gold, groups, settings, codebook)
    folds = folds[: settings.tested_folds or None]

    def tested(parts: Sequence[tuple[Vector, Vector]], chosen: TrainSettings = settings) -> Table:
        return _score(
            _fold_predictions(gold, groups, parts, name, chosen, codebook), gold, settings, codebook
        )

    metrics = tested(folds)
    if KINDS[settings.model].random:
        seeds = range(settings.seed + 1, settings.seed + settings.seeds)
        return _with_seeds([metrics, *(tested(folds, replace(settings, seed=s)) for s in seeds)], name)
    if not settings.comparisons:
        return metrics
    parts = [metrics]
    for baseline in baselines_of(codebook):
        predictions = [
            as_predictions(
                baseline_scores(baseline, gold.iloc[training], gold.iloc[test], codebook),
                gold.iloc[test],
                name=baseline,
                thresholds=dict.fromkeys(codebook.indicators, 0.5),
                codebook=codebook,
            ).to_pandas()
            for training, test in folds
        ]
        parts.append(_f1_only(_score(predictions, gold, settings, codebook)))
    others = (("random", random_folds(gold, settings, codebook)), ("forward", forward_fold(gold, codebook)))
    parts += [_f1_only(tested(other)).assign(split=split) for split, other in others if other]
    return pd.concat(parts, ignore_index=True)


def _with_seeds(runs: Sequence[Table], name: str) -> Table:
    """Put mean and standard deviation of F1 over the runs behind the metrics of the first."""
    f1 = pd.concat(runs).query("metric == 'f1'").groupby("label")["value"]
    rows = [
        {"model": name, "label": label, "group": "all", "metric": metric, "value": value, "n": len(runs)}
        for metric, values in (("f1_mean_of_seeds", f1.mean()), ("f1_sd_of_seeds", f1.std(ddof=1)))
        for label, value in values.items()
    ]
    return pd.concat([runs[0], pd.DataFrame(rows).assign(split="agency")], ignore_index=True)


def _fold_predictions(
    gold: Labels,
    groups: Vector,
    folds: Sequence[tuple[Vector, Vector]],
    name: str,
    settings: TrainSettings,
    codebook: Codebook,
) -> list[Predictions]:
    """Predict the test sentences of each fold by a model trained on its training sentences alone."""
    parts = []
    for training, test in progress(folds, f"{name}: testing"):
        inside = gold.iloc[training].reset_index(drop=True)
        model, _ = _fit(inside, groups[training], name, settings, codebook)
        parts.append(predictions_of(model, gold.iloc[test]))
    return parts


def _score(
    predictions: Sequence[Predictions], gold: Labels, settings: TrainSettings, codebook: Codebook
) -> Table:
    table = pd.concat(predictions, ignore_index=True)
    gold = gold.assign(annotator=settings.annotator)
    common = {"annotator": settings.annotator, "codebook": codebook}
    return evaluate(table, gold, **common).assign(split="agency")  # type: ignore[arg-type]


def _f1_only(metrics: Table) -> Table:
    return metrics[(metrics["metric"] == "f1") & (metrics["label"] != "macro")]


def _about(
    gold: Labels,
    groups: Vector,
    chosen: dict[str, dict[str, object]],
    settings: TrainSettings,
    codebook: Codebook,
) -> dict[str, Any]:
    columns = ["sentence_id", "text", *codebook.names]
    codes = indicator_codes(gold, codebook)
    digest = hashlib.sha256(gold[columns].sort_values("sentence_id").to_csv(index=False).encode()).hexdigest()
    return {
        "codebook": sorted({str(c) for c in gold["codebook"].dropna()}),
        "sentences": len(gold),
        "agencies": int(gold["agency"].nunique()),
        "reports": int(gold["report_id"].nunique()),
        "years": [int(gold["year"].min()), int(gold["year"].max())] if gold["year"].notna().any() else [],
        "prevalence": {indicator: float(codes[indicator].mean()) for indicator in codes},
        "groups": len(np.unique(groups)),
        "gold_digest": digest,
        "chosen": chosen,
        "settings": asdict(settings),
    }
