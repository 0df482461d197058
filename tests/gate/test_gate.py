"""Quality of the published checkpoint as floors, beside a digest of what it is measured on. Raise floors in the same commit.

`python -m tests.gate.test_gate` prints the current values.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest

from gongkai.classify.predict import predict
from gongkai.coding.labels import read_labels
from gongkai.corpus.build import build
from gongkai.measure.quality import evaluate
from gongkai.tables.schema import hash_text, read_table
from tests import truth
from tests.conftest import SHARED

FLOORS = json.loads((Path(__file__).parent / "floors.json").read_text(encoding="utf-8"))
MODEL = Path(__file__).parents[2] / "models" / "linear"
TRANSFORMER = MODEL.parent / "transformer"


def f1_of(metrics: pd.DataFrame) -> dict[str, float]:
    rows = metrics[(metrics["metric"] == "f1") & (metrics["group"] == "all") & (metrics["label"] != "macro")]
    return dict(zip(rows["label"], rows["value"], strict=True))


def by_agency(model: Path = MODEL) -> tuple[str, dict[str, float]]:
    """Return (digest of the gold, F1 on agencies not seen) as the run that made the checkpoint wrote them."""
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    metrics = pd.DataFrame(json.loads((model / "metrics.json").read_text(encoding="utf-8")))
    metrics = metrics[(metrics["model"] == model.name) & (metrics["split"] == "agency")]
    return config["gold_digest"], f1_of(metrics)


def real(folder: Path, model: Path = MODEL) -> tuple[str, dict[str, float]]:
    """Return (digest of the codes, F1) on the coded sentences of the three real reports: the development set."""
    build([SHARED / n for n in ("hengyang_2019.txt", "huaian_2024.pdf", "hongze_2023.pdf")], folder)
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
    return digest, f1_of(evaluate(predict(sentences, model=model), gold))


def test_the_checkpoint_belongs_to_the_bundled_labels():
    from gongkai.classify.train import gold_of

    gold = gold_of(read_labels(truth.CORPUS / "labels"))
    columns = ["sentence_id", "text", "commitment", "boilerplate"]
    digest = hashlib.sha256(gold[columns].sort_values("sentence_id").to_csv(index=False).encode()).hexdigest()
    assert digest == by_agency()[0], "labels changed since the checkpoint was made: make model"
    assert digest == by_agency(TRANSFORMER)[0], "labels changed since then: make transformer"


def test_by_agency():
    for name, model in (("by_agency", MODEL), ("by_agency_transformer", TRANSFORMER)):
        digest, found = by_agency(model)
        assert digest == FLOORS[name]["digest"], (
            "the gold changed: look at the metrics, then update floors.json"
        )
        for label, floor in FLOORS[name]["f1"].items():
            assert found[label] >= floor, (name, label)


def test_real_sentences(shared, tmp_path):
    digest, found = real(tmp_path / "t")
    assert digest == FLOORS["real"]["digest"]
    for label, floor in FLOORS["real"]["f1"].items():
        assert found[label] >= floor, label


def test_real_sentences_by_the_transformer(shared, tmp_path):
    pytest.importorskip("transformers", reason="needs the extra transformers")
    digest, found = real(tmp_path / "t", TRANSFORMER)
    assert digest == FLOORS["real_transformer"]["digest"]
    for label, floor in FLOORS["real_transformer"]["f1"].items():
        assert found[label] >= floor, label


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        print(json.dumps({"by_agency": by_agency(), "real": real(Path(place) / "t")}, indent=2))  # noqa: T201
