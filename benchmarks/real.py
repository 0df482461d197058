"""Measure models on coded sentences of real reports, whose text is not here.

    python -m benchmarks.real REPORTS... [--model models/linear ...] [--write]

REPORTS are files or folders with the coded reports. Their sentences get their codes by the hash of the text
(`corpus/truth/real_codes.csv`, resolved; with `--dev` also the half `dev` of `real_sentences.csv`). `--write`
files the figures in `corpus/truth/real_quality.json`, from where `gongkai train` takes them into the card of
the model that they belong to, and rewrites the tables of `benchmarks/real.md`. `--admitted` does it for models of
that scheme, on the sentences of section five (`real_admitted.csv`: two readers' codes, settled).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from gongkai.classify.classifier import CONFIG, find_model
from gongkai.classify.features.cues import CUES, PORTABILITY, find_cues
from gongkai.classify.folds import split_groups
from gongkai.classify.models.linear import train_linear
from gongkai.classify.predict import predict, predictions_of
from gongkai.classify.real import FILE, SHOWN, key_of
from gongkai.classify.train import gold_of
from gongkai.coding.labels import read_labels
from gongkai.corpus.build import build
from gongkai.errors import ModelError
from gongkai.measure.inference.intervals import paired_difference
from gongkai.measure.inference.scores import ratio_moment
from gongkai.measure.shares.quality import evaluate
from gongkai.tables.ids import hash_text
from gongkai.tables.parts import read_table
from gongkai.tables.scheme.codebooks import read_codebook

LABELS = ("commitment", "boilerplate")
ROOT = Path(__file__).parents[1]
CODES = ROOT / "corpus" / "truth" / "real_codes.csv"
WIDER = ROOT / "corpus" / "truth" / "real_sentences.csv"
PAGE = ROOT / "benchmarks" / "real.md"
TOPICS = ROOT / "corpus" / "truth" / "real_admitted.csv"
START, END = "<!-- python -m benchmarks.real -->", "<!-- end -->"


def coded(paths: list[str], folder: Path, *, wider: bool = False) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return (all sentences of the reports, the coded ones with `gold` codes)."""
    build(paths, folder)
    sentences = read_table(folder, "sentences")
    codes = pd.read_csv(CODES, dtype={"text_hash": str}).query("annotator == 'resolved'")
    gold = sentences.merge(codes[["sentence_id", *LABELS]], on="sentence_id")
    if wider:
        more = pd.read_csv(WIDER, dtype={"text_hash": str}).query("half == 'dev'")
        left = sentences[~sentences["sentence_id"].isin(gold["sentence_id"])]
        left = left.assign(text_hash=left["text"].map(hash_text)).drop_duplicates("text_hash")
        gold = pd.concat([gold, left.merge(more[["text_hash", *LABELS]], on="text_hash")], ignore_index=True)
    gold = gold.astype(dict.fromkeys(LABELS, bool)).assign(annotator="resolved")
    return sentences, gold


def figures(predictions: pd.DataFrame, gold: pd.DataFrame) -> pd.DataFrame:
    """Return the metrics that stand in a card: those of `evaluate`, and the share predicted − coded."""
    predictions = predictions[~predictions["seen"].astype(bool)]  # words that stand in the training too
    metrics = evaluate(predictions, gold)
    metrics = metrics[metrics["metric"].isin(SHOWN)]
    joined = predictions.merge(gold[["sentence_id", *LABELS]], on="sentence_id")
    rows = []
    for label in LABELS:
        part = joined[joined["label"] == label]
        error = part["predicted"].astype(float) - part[label].astype(float)
        index = pd.factorize(part["agency"])[0]
        both = [part[c].astype(float).to_numpy() for c in (label, "predicted")]
        coded, told = (ratio_moment(y, np.ones(len(y)), index, index.max() + 1) for y in both)
        bias, _ = paired_difference(coded, told, 0.95)
        first = metrics[metrics["label"] == label].iloc[0]
        rows.append(
            {"label": label, "group": "all", "metric": "share_bias", "value": error.mean(), "low": bias.low,
             "high": bias.high, "n": first["n"], "positives": first["positives"], "clusters": first["clusters"]}
        )  # fmt: skip
    both = pd.concat([metrics, pd.DataFrame(rows)], ignore_index=True)
    return both.drop(columns="model").sort_values("label", kind="stable", ignore_index=True)


def admitted(paths: list[str], folder: Path, model: Path) -> pd.DataFrame:
    """Return the metrics of a model of the scheme `admitted`: of its labels, and F1 of the topics that occur."""
    build(paths, folder)
    sentences = read_table(folder, "sentences")
    book = read_codebook("admitted")
    codes = pd.read_csv(TOPICS, dtype={"text_hash": str}, keep_default_na=False)
    codes = codes[codes["annotator"] == "resolved"]
    rows = sentences.merge(codes, on="sentence_id")
    assert len(rows) == len(codes), "the reports are others, or read otherwise"
    for label in book.labels:
        rows[label.name] = pd.Series([label.code_of(code) for code in rows[label.name]], rows.index, object)
    metrics = evaluate(predict(sentences, model=model), rows, codebook=book)
    whole = {("commitment", "f1"), ("topic", "macro_f1"), ("topic", "accuracy"), ("checkable_by", "accuracy")}
    shown = [
        (row.label, row.metric) in whole
        or (row.label.startswith("topic=") and row.metric == "f1" and row.positives > 0)
        for row in metrics.itertuples()
    ]
    return metrics[shown].drop(columns="model").reset_index(drop=True)


def by_section(predictions: pd.DataFrame, gold: pd.DataFrame) -> pd.DataFrame:
    """Return per label and section: sentences, share coded, share predicted, wrongly tagged, missed."""
    joined = predictions.merge(gold[["sentence_id", *LABELS]], on="sentence_id")
    rows = []
    for (label, section), part in joined.groupby(["label", "section"], observed=True):
        right, told = part[str(label)].to_numpy(bool), part["predicted"].to_numpy(bool)
        rows.append(
            {"label": label, "section": section, "sentences": len(part), "coded": right.mean(),
             "predicted": told.mean(), "wrongly": int((told & ~right).sum()), "missed": int((right & ~told).sum())}
        )  # fmt: skip
    return pd.DataFrame(rows)


def by_kind(predictions: pd.DataFrame, gold: pd.DataFrame) -> pd.DataFrame:
    """Return per cue of portability: sentences that have it, share coded boilerplate, wrongly tagged, missed."""
    joined = predictions[predictions["label"] == "boilerplate"].merge(
        gold[["sentence_id", "boilerplate", "text"]]
    )
    found, _ = find_cues(
        joined["text"].tolist(), agencies=joined["agency"].astype(object).fillna("").tolist()
    )
    right, told = joined["boilerplate"].to_numpy(bool), joined["predicted"].to_numpy(bool)
    rows = []
    for column, says in enumerate(list(CUES.values())[:PORTABILITY]):
        has = found[:, column]
        if has.sum() >= 5:
            rows.append(
                {"a sentence that …": says, "sentences": int(has.sum()), "coded boilerplate": right[has].mean(),
                 "wrongly": int((told & ~right & has).sum()), "missed": int((right & ~told & has).sum())}
            )  # fmt: skip
    return pd.DataFrame(rows)


def lacking(sentences: pd.DataFrame, gold: pd.DataFrame, model: Path) -> pd.DataFrame:
    """Return F1 by what of its context a sentence comes without."""
    rows = []
    for columns in ([], ["lead"], ["heading", "lead"], ["section"], ["section", "heading", "lead"]):
        found = predict(sentences.drop(columns=columns), model=model)
        found = found.assign(section=found["section"].astype(object).fillna(""))
        metrics = evaluate(found[~found["seen"].astype(bool)], gold)
        f1 = metrics[(metrics["metric"] == "f1") & metrics["label"].isin(LABELS)].set_index("label")
        shown = {k: f"{f1['value'][k]:.3f} [{f1['low'][k]:.3f}, {f1['high'][k]:.3f}]" for k in LABELS}
        rows.append({"without": ", ".join(columns) or "–"} | shown)
    return pd.DataFrame(rows)


def curve(gold: pd.DataFrame) -> pd.DataFrame:
    """Return F1 on real sentences by what a linear model learned from: authored, real of other reports, both."""
    authored = gold_of(read_labels(ROOT / "corpus" / "labels"))
    agencies = np.random.default_rng(0).permutation(sorted(authored["agency"].unique()))
    columns = ["text", "section", "heading", "lead", "year", "agency", "report_id", *LABELS]
    trainings: list[tuple[str, pd.DataFrame | None, bool]] = [
        (f"{n} authored agencies", authored[authored["agency"].isin(agencies[:n])], False)
        for n in (5, 10, 20)
    ]
    trainings += [("40 authored agencies", authored, False), ("the other real reports", None, True)]
    trainings += [("40 authored agencies and the other real reports", authored, True)]
    rows = []
    for name, own, others in trainings:
        parts = []
        for report in sorted(gold["report_id"].unique()) if others else [None]:
            held = gold[(gold["report_id"] == report) | (report is None)]
            real = gold[gold["report_id"] != report] if others else gold.iloc[:0]
            training = pd.concat([p[columns] for p in (own, real) if p is not None], ignore_index=True)
            codes = {label: training[label].to_numpy(float) for label in LABELS}
            try:
                model, _ = train_linear(
                    training, codes, split_groups(training), name="x", portable=LABELS[1], promised=LABELS[0]
                )
            except (ModelError, ValueError):  # a fold without a commitment: three reports hold all of them
                parts = []
                break
            parts.append(predictions_of(model, held))
        if not parts:
            rows.append({"learned from": name} | dict.fromkeys(LABELS, "too few to fold"))
            continue
        scored = evaluate(pd.concat(parts, ignore_index=True), gold)
        f1 = scored[scored["metric"] == "f1"].set_index("label")
        shown = {k: f"{f1['value'][k]:.3f} [{f1['low'][k]:.3f}, {f1['high'][k]:.3f}]" for k in LABELS}
        rows.append({"learned from": name} | shown)
    return pd.DataFrame(rows)


def markdown(frame: pd.DataFrame) -> str:
    """Lay a frame out as Markdown."""
    lines = ["| " + " | ".join(frame.columns) + " |", "|" + "---|" * len(frame.columns)]
    for row in frame.itertuples(index=False):
        cells = [("–" if v != v else f"{v:.3f}") if isinstance(v, float) else str(v) for v in row]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def keep(model: Path, metrics: pd.DataFrame, codes: Path) -> None:
    """File a model's figures, from where `gongkai train` takes them."""
    path = ROOT / FILE
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"models": {}}
    about = json.loads((model / CONFIG).read_text(encoding="utf-8"))
    kept["models"][key_of(about)] = {
        "model": model.name,
        "codes": hashlib.sha256(codes.read_bytes()).hexdigest()[:12],
        "metrics": json.loads(metrics.to_json(orient="records")),
    }
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Measure, print, and with --write keep."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reports", nargs="+")
    parser.add_argument("--model", action="append", default=[])
    parser.add_argument("--dev", action="store_true")
    parser.add_argument("--curve", action="store_true", help="also train on less, and on the other reports")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--admitted", action="store_true", help="models of the scheme admitted")
    asked = parser.parse_args()
    if asked.admitted:
        for name in asked.model or [str(ROOT / "models" / "admitted")]:
            with tempfile.TemporaryDirectory() as place:
                metrics = admitted(asked.reports, Path(place) / "t", find_model(name))
            print(markdown(metrics[["label", "metric", "value", "low", "high", "n", "positives"]]))
            if asked.write:
                keep(find_model(name), metrics, TOPICS)
        return
    with tempfile.TemporaryDirectory() as place:
        sentences, gold = coded(asked.reports, Path(place) / "t", wider=asked.dev)
    pieces = []
    for name in asked.model or [str(ROOT / "models" / "linear")]:
        folder = find_model(name)
        predictions = predict(sentences, model=folder)
        metrics = figures(predictions, gold)
        if asked.write:
            keep(folder, metrics, CODES)
        shown = metrics[metrics["low"].notna()][["label", "metric", "value", "low", "high", "n"]]
        pieces += [
            f"### {folder.name}",
            markdown(shown),
            markdown(by_section(predictions, gold)),
            markdown(by_kind(predictions, gold)),
            markdown(lacking(sentences, gold, folder)),
        ]
    if asked.curve:
        pieces += ["### Learning curve, F1", markdown(curve(gold))]
    text = "\n\n".join(pieces)
    print(text)
    if asked.write:
        page = PAGE.read_text(encoding="utf-8")
        block = f"{START}\n{text}\n{END}"
        PAGE.write_text(re.sub(f"{START}.*?{END}", lambda _: block, page, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main()
