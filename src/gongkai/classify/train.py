"""Labels + settings → model folder: complete, with its card and its honest metrics, or nothing."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from tqdm.auto import tqdm

from gongkai.classify.baselines import baseline_scores, baselines_of
from gongkai.classify.classifier import CARD, CODEBOOK, CONFIG, GOLD, KINDS, METRICS, RUN
from gongkai.classify.linear import train_linear
from gongkai.classify.predict import as_predictions, predictions_of
from gongkai.classify.publish import write_card
from gongkai.classify.real import real_quality
from gongkai.errors import ModelError, SchemaError
from gongkai.measure.quality import evaluate
from gongkai.store.run import manifest, read_settings, whole_folder, write_json
from gongkai.tables.coded import coded_whole, indicator_codes, scheme_of_labels
from gongkai.tables.ids import text_key
from gongkai.tables.predicted import indicator_names
from gongkai.text.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gongkai.classify.classifier import Classifier
    from gongkai.tables.codebook import Codebook
    from gongkai.tables.schema import Labels, Predictions, Sentences, Table

    Vector = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """What decides a training run; `gongkai train --settings FILE` reads it from TOML."""

    model: str = "linear"
    """`linear` or `transformer`."""
    annotator: str = "resolved"
    outer_folds: int = 5
    """For the metrics: each fold's agencies are predicted by a model that never saw them."""
    folds: int = 5
    """Inside each of those, for choosing features, calibration and threshold."""
    regularization: tuple[float, ...] = (10.0,)
    """linear: values of C to choose from."""
    encoder: str = ""
    """transformer: folder or hub name of the encoder to fine-tune."""
    epochs: int = 8
    learning_rate: float = 2e-4
    batch_size: int = 16
    seeds: int = 3
    """transformer: how often the outer folds are run, each time with another seed; the first is saved."""
    comparisons: bool = True
    """linear: score the baselines, a random split and a forward split too, to stand beside the metrics."""
    tested_folds: int = 0
    """How many of the outer folds are run for the metrics; 0 is all. Each costs a transformer a training."""
    seed: int = 0


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
    if settings.model not in KINDS:
        raise ModelError(f"model '{settings.model}' is not known; this version trains: {', '.join(KINDS)}")
    if settings.model == "transformer" and not settings.encoder:
        raise ModelError("a transformer needs the setting encoder: a folder or hub name, e.g. hfl/rbt3")
    scheme = scheme_of_labels(labels, codebook)
    gold = _with_tokens(gold_of(labels, settings.annotator, scheme))
    with whole_folder(folder, overwrite=overwrite) as hidden:
        groups = split_groups(gold)
        metrics = _metrics(gold, groups, folder.name, settings, scheme)
        model, chosen = _fit(gold, groups, folder.name, settings, scheme)
        model.save(hidden)
        about = _about(gold, groups, chosen, settings, scheme)
        kept = json.loads((hidden / CONFIG).read_text("utf-8")) if (hidden / CONFIG).exists() else {}
        metrics = pd.concat([metrics, real_quality(about, folder.name)], ignore_index=True)
        about["origin"] = kept.pop("origin", None)  # how an encoder of our own making tells where it is from
        kind = {"kind": settings.model, "labels": list(model.labels), "thresholds": model.thresholds}
        write_json(hidden / CONFIG, kept | kind | about)
        write_json(hidden / METRICS, metrics.astype(object).where(metrics.notna(), None).to_dict("records"))
        digest = {"labels": about["gold_digest"]}
        write_json(hidden / RUN, manifest("train", asdict(settings), digest))
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
        raise SchemaError(f"no sentence is coded by '{annotator}'; the labels are by {known}")
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
        for value, indicator in zip(label.class_names, label.indicators, strict=False):
            if not (codes[indicator] == 1).any():
                raise ModelError(f"{label.name}: no one coded the class '{value}'")
    if settings.model == "transformer":
        from gongkai.classify.transformer import train_transformer

        apart = replace(settings, outer_folds=max(settings.folds, 2))
        _, held = outer_folds(gold, groups, apart, codebook)[0]
        validation = np.zeros(len(gold), bool)
        validation[held] = True
        fine_tuned, about = train_transformer(
            gold,
            codes,
            validation,
            name=name,
            encoder=settings.encoder,
            epochs=settings.epochs,
            learning_rate=settings.learning_rate,
            batch_size=settings.batch_size,
            seed=settings.seed,
        )
        return replace(fine_tuned, codebook=codebook), about
    linear, about = train_linear(
        gold,
        codes,
        groups,
        name=name,
        regularization=settings.regularization,
        folds=settings.folds,
        seed=settings.seed,
        portable=codebook.portable,
    )
    return replace(linear, codebook=codebook), about


def split_groups(gold: Labels) -> Vector:
    """Return a group number per sentence: agencies, merged where they share many near-duplicate sentences.

    Two agencies are merged when at least a fifth of the smaller one's distinct long sentences (numbers
    masked, twelve characters or more) also stand in the other: the copier and the copied must be on one side
    of a split.
    """
    agency = gold["agency"].astype(object).fillna(gold["report_id"]).fillna("").astype(str)
    masked = [re.sub(r"\d+", "0", re.sub(r"[^\u4e00-\u9fff\d]", "", t)) for t in gold["text"]]
    texts: dict[str, set[str]] = {}
    for name, text in zip(agency, masked, strict=True):
        texts.setdefault(name, set())
        if len(text) >= 12:
            texts[name].add(text)
    names = sorted(texts)
    root = {name: name for name in names}

    def find(name: str) -> str:
        while root[name] != name:
            name = root[name]
        return name

    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            smaller = min(len(texts[a]), len(texts[b]))
            if smaller and len(texts[a] & texts[b]) >= 0.2 * smaller:
                root[find(b)] = find(a)
    number = {name: k for k, name in enumerate(names)}
    return np.array([number[find(name)] for name in agency])


def outer_folds(
    gold: Labels, groups: Vector, settings: TrainSettings, codebook: Codebook | None = None
) -> list[tuple[Vector, Vector]]:
    """Return (training, test) rows of each outer fold; no group stands on both sides of one.

    Raises:
        ModelError: There are fewer than four groups, or a label has positives in fewer than four.
    """
    count = len(np.unique(groups))
    if count < 4:
        raise ModelError(
            f"the labels come from {count} groups of agencies; at least four are needed to train and test"
        )
    scheme = scheme_of_labels(gold, codebook)
    codes = indicator_codes(gold, scheme)
    for label in scheme.labels:
        for indicator in label.indicators:
            with_positives = len(np.unique(groups[(codes[indicator] == 1).to_numpy()]))
            if with_positives == 0 and label.is_choice:
                raise ModelError(f"{label.name}: no one coded the class '{indicator.partition('=')[2]}'")
            if with_positives < 4:
                raise ModelError(
                    f"{indicator}: positive in {with_positives} groups of agencies; at least four are needed"
                )
    folds = min(settings.outer_folds, count)
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=settings.seed)
    return list(splitter.split(np.zeros(len(gold)), _strata(codes, folds), groups))


def _strata(codes: Table, folds: int) -> Vector:
    """Number the combinations of codes; those too rare to stand in each fold go with the commonest."""
    combined = np.zeros(len(codes), np.int64)
    for indicator in codes.columns:
        combined = combined * 2 + np.nan_to_num(codes[indicator].to_numpy()).astype(np.int64)
        known, combined_index, counts = np.unique(combined, return_inverse=True, return_counts=True)
        if len(known) > 64:  # of many labels the first decide
            break
    rare = counts[combined_index] < folds
    return np.where(rare, known[counts.argmax()], combined)


def _metrics(gold: Labels, groups: Vector, name: str, settings: TrainSettings, codebook: Codebook) -> Table:
    """Return the metrics of the outer folds, and for comparison the F1 that says how hard the data is.

    For a linear model: the baselines on the same folds, and the same procedure on a random split by sentence
    (which flatters: the reader has seen the agency) and forward in time. For a transformer: the mean and
    standard deviation of F1 over its seeds.
    """
    folds = outer_folds(gold, groups, settings, codebook)
    folds = folds[: settings.tested_folds or None]

    def tested(parts: Sequence[tuple[Vector, Vector]], chosen: TrainSettings = settings) -> Table:
        return _score(
            _fold_predictions(gold, groups, parts, name, chosen, codebook), gold, settings, codebook
        )

    metrics = tested(folds)
    if settings.model == "transformer":
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
    for training, test in tqdm(folds, desc=f"{name}: testing", unit="fold", disable=None):
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


def random_folds(
    gold: Labels, settings: TrainSettings, codebook: Codebook | None = None
) -> list[tuple[Vector, Vector]]:
    """Return folds by sentence: what nobody should report, kept to show by how much it flatters."""
    scheme = scheme_of_labels(gold, codebook)
    both = _strata(indicator_codes(gold, scheme), settings.outer_folds)
    splitter = StratifiedKFold(settings.outer_folds, shuffle=True, random_state=settings.seed)
    return list(splitter.split(np.zeros(len(gold)), both))


def forward_fold(gold: Labels, codebook: Codebook | None = None) -> list[tuple[Vector, Vector]]:
    """Return one fold: trained on the earlier years, tested on the later, about a third of the sentences.

    An agency may stand on both sides, with text that it repeats: this is the split of somebody who codes up
    to one year and predicts the next. Empty where there are not enough years or positives.
    """
    year = gold["year"].to_numpy(float)
    if np.isnan(year).all():
        return []
    cut = np.nanquantile(year, 2 / 3, method="lower")
    training, test = np.flatnonzero(year <= cut), np.flatnonzero(year > cut)
    part = gold.iloc[training]
    codes = indicator_codes(part, scheme_of_labels(gold, codebook))
    enough = all(part.loc[codes[indicator] == 1, "agency"].nunique() >= 4 for indicator in codes)
    return [(training, test)] if len(test) and enough else []


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
