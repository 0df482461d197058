"""Quality of the published checkpoint as floors, beside a digest of what it is measured on. Raise floors in the same commit.

`python -m tests.gate.test_gate` prints the current values.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.real import TOPICS, admitted
from gongkai.classify.folds import split_groups
from gongkai.classify.kinds import TrainSettings
from gongkai.classify.predict import predict
from gongkai.classify.train import _metrics, _with_tokens, gold_of
from gongkai.coding.labels import read_labels
from gongkai.corpus.build import build
from gongkai.measure.shares.quality import evaluate
from gongkai.tables.parts import read_table
from gongkai.tables.schema import hash_text
from gongkai.tables.scheme.codebooks import read_codebook, shipped
from tests import truth
from tests.conftest import SHARED

FLOORS = json.loads((Path(__file__).parent / "floors.json").read_text(encoding="utf-8"))
MODEL = Path(__file__).parents[2] / "models" / "linear"
ADMITTED = MODEL.parent / "admitted"


def f1_of(metrics: pd.DataFrame) -> dict[str, float]:
    """Return F1 of each label, of a choice the mean over its classes."""
    f1 = metrics["metric"].isin(["f1", "macro_f1"]) & ~metrics["label"].str.contains("=")
    rows = metrics[f1 & (metrics["group"] == "all") & (metrics["label"] != "macro")]
    return dict(zip(rows["label"], rows["value"], strict=True))


def by_agency(model: Path = MODEL) -> tuple[str, dict[str, float]]:
    """Return (digest of the gold, F1 on agencies not seen) as the run that made the checkpoint wrote them."""
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    metrics = pd.DataFrame(json.loads((model / "metrics.json").read_text(encoding="utf-8")))
    metrics = metrics[(metrics["model"] == model.name) & (metrics["split"] == "agency")]
    return config["gold_digest"], f1_of(metrics)


REAL = ("hengyang_2019.txt", "huaian_2024.pdf", "hongze_2023.pdf", "suqian_2023.txt")


def real(folder: Path, model: Path = MODEL) -> tuple[str, dict[str, float], dict[str, float]]:
    """Return (digest of the codes, F1, share predicted − share coded) on the coded sentences of four real reports.

    A development set: the features were chosen with it in sight.
    """
    build([SHARED / n for n in REAL], folder)
    sentences = read_table(folder, "sentences")
    path = truth.CORPUS / "truth" / "real_codes.csv"
    codes = pd.read_csv(path).query("annotator == 'resolved'")
    gold = sentences.merge(codes.drop(columns="annotator"), on="sentence_id", how="inner").assign(
        annotator="resolved"
    )
    assert len(gold) == len(codes) == len(sentences)
    assert [hash_text(t) for t in gold["text"]] == gold["text_hash"].tolist()
    gold = gold.astype({"commitment": bool, "boilerplate": bool})
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    predictions = predict(sentences, model=model)
    shares = predictions.groupby("label")["predicted"].mean()
    bias = {label: float(shares[label] - gold[label].mean()) for label in shares.index}
    return digest, f1_of(evaluate(predictions, gold)), bias


def other_register() -> tuple[str, dict[str, float]]:
    """Return (digest, F1) on authored sentences of a register that the corpus has little of; never trained on.

    Boilerplate was measured once; how promises told as done are learned was chosen with these in sight.
    """
    path = truth.CORPUS / "truth" / "other_register.csv"
    gold = pd.read_csv(path, keep_default_na=False)
    gold = gold.assign(
        sentence_id=[f"r{k}" for k in range(len(gold))],
        report_id=gold["agency"],
        region_code=None,
        annotator="resolved",
        codebook="2",
    ).astype({"commitment": bool, "boilerplate": bool})
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return digest, f1_of(evaluate(predict(gold, model=MODEL), gold))


def test_another_register():
    digest, found = other_register()
    assert digest == FLOORS["other_register"]["digest"]
    for label, floor in FLOORS["other_register"]["f1"].items():
        assert found[label] >= floor, label


def test_the_checkpoint_belongs_to_the_bundled_labels():
    gold = gold_of(read_labels(truth.CORPUS / "labels"))
    columns = ["sentence_id", "text", "commitment", "boilerplate"]
    digest = hashlib.sha256(gold[columns].sort_values("sentence_id").to_csv(index=False).encode()).hexdigest()
    assert digest == by_agency()[0], "labels changed since the checkpoint was made: make model"


def test_by_agency():
    digest, found = by_agency()
    floors = FLOORS["by_agency"]
    assert digest == floors["digest"], "the gold changed: look at the metrics, then update floors.json"
    for label, floor in floors["f1"].items():
        assert found[label] >= floor, label


def fold_by_agency() -> dict[str, float]:
    """Return F1 on the agencies of the first fold, of a model that is trained now on those of the others."""
    gold, book = gold_of(read_labels(truth.CORPUS / "labels")), shipped()
    settings = TrainSettings(tested_folds=1, comparisons=False)
    return f1_of(_metrics(_with_tokens(gold), split_groups(gold), MODEL.name, settings, book))


def test_what_is_trained_now_is_as_good_as_what_is_published():
    found = fold_by_agency()
    assert found.keys() == FLOORS["fold_by_agency"]["f1"].keys()
    for label, floor in FLOORS["fold_by_agency"]["f1"].items():
        assert found[label] >= floor, label


def test_the_second_scheme_by_agency():
    digest, found = by_agency(ADMITTED)
    assert digest == FLOORS["admitted"]["digest"], "codes changed: make admitted, look, update floors.json"
    for label, floor in FLOORS["admitted"]["f1"].items():
        assert found[label] >= floor, label
    book = read_codebook(ADMITTED / "codebook.toml")
    assert book == read_codebook("admitted"), "the codebook changed since the checkpoint was made"
    gold = gold_of(read_labels(truth.CORPUS / "admitted", book), codebook=book)
    rows = gold[["sentence_id", "text", *book.names]].sort_values("sentence_id").to_csv(index=False)
    assert hashlib.sha256(rows.encode()).hexdigest() == digest


def test_real_sentences(shared, tmp_path):
    digest, found, bias = real(tmp_path / "t")
    assert digest == FLOORS["real"]["digest"]
    for label, floor in FLOORS["real"]["f1"].items():
        assert found[label] >= floor, label
        assert abs(bias[label]) <= FLOORS["real"]["bias"][label], label


def test_the_card_says_what_real_sentences_say(shared, tmp_path):
    _, found, bias = real(tmp_path / "t")
    metrics = pd.DataFrame(json.loads((MODEL / "metrics.json").read_text(encoding="utf-8")))
    told = metrics[metrics["split"] == "real"].set_index(["label", "metric"])["value"]
    for label, value in found.items():
        assert told[label, "f1"] == pytest.approx(value, abs=0.0005), "python -m benchmarks.real, make model"
        assert told[label, "share_bias"] == pytest.approx(bias[label], abs=0.0005)


def test_topics_of_real_sentences_are_as_the_card_says(shared, tmp_path):
    """36 sentences, which decide nothing; a fall of several is a fault."""
    assert hashlib.sha256(TOPICS.read_bytes()).hexdigest() == FLOORS["real_admitted"]["digest"]
    found = admitted([SHARED / n for n in REAL], tmp_path / "t", ADMITTED).set_index(["label", "metric"])[
        "value"
    ]
    for label, floor in FLOORS["real_admitted"]["accuracy"].items():
        assert found[label, "accuracy"] >= floor, label
    metrics = pd.DataFrame(json.loads((ADMITTED / "metrics.json").read_text(encoding="utf-8")))
    told = metrics[metrics["split"] == "real"].set_index(["label", "metric"])["value"]
    assert told.to_dict() == pytest.approx(found.to_dict(), abs=0.0005), (
        "python -m benchmarks.real --admitted"
    )


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        found = {"by_agency": by_agency(), "admitted": by_agency(ADMITTED)}
        found |= {
            "fold_by_agency": fold_by_agency(),
            "real": real(Path(place) / "t"),
            "other": other_register(),
        }
        print(json.dumps(found, indent=2))  # noqa: T201
