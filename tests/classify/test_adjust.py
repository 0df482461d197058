import json

import numpy as np
import pandas as pd
import pytest

from gongkai.classify import adjust
from gongkai.classify.adjust import calibrate
from gongkai.classify.classifier import load_model
from gongkai.errors import GongkaiError, ModelError
from tests.classify.models.test_choices import ABCD


@pytest.fixture
def coded():
    """160 sentences of eight agencies, some of the kinds that the tiny model tells apart."""
    kinds = [
        "进一步加强第{}类业务培训，提高能力水平。",
        "全年公开第{}类信息5条。",
        "落实第{}项要求。",
        "办理第{}件申请。",
    ]
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "sentence_id": [f"s{i}" for i in range(160)],
            "annotator": "resolved",
            "report_id": [f"r{i % 8}" for i in range(160)],
            "agency": [f"{i % 8}局" for i in range(160)],
            "year": 2023,
            "section": "overview",
            "heading": "",
            "lead": "",
            "text": [kinds[i % 3 if i % 5 else 3].format(i) for i in range(160)],
            "commitment": False,
            "boilerplate": [bool(rng.random() < 0.1 + 0.6 * (i % 3 == 0)) for i in range(160)],
            "codebook": "2",
        }
    )


def test_a_model_that_is_too_sure_is_set_right(coded, model, monkeypatch):
    real = load_model(model)

    class Sure:
        codebook = None
        name, labels, thresholds, trained_on = (
            "sure",
            real.labels,
            dict.fromkeys(real.labels, 0.5),
            frozenset(),
        )

        def scores(self, sentences):
            rng = np.random.default_rng(1)
            return np.stack(
                [0.2 + 0.75 * sentences["boilerplate"] * rng.random(len(sentences)) ** 0.2] * 2, axis=1
            )

    monkeypatch.setattr(adjust, "load_model", lambda folder: Sure())
    rare = coded.assign(boilerplate=np.arange(160) % 10 < 2)
    found = calibrate(model, rare).set_index("label").loc["boilerplate"]
    assert found["slope"] > 1
    assert abs(found["bias_after"]) <= 0.05
    assert found["brier_after"] < found["brier_before"]


def test_the_new_model_gives_what_was_fitted(model, coded, tmp_path):
    found = calibrate(model, coded, tmp_path / "mine").set_index("label")
    row = found.loc["boilerplate"]
    assert row["n"] == 160
    assert row["clusters"] == 8
    assert np.isnan(found.loc["commitment", "slope"])  # none coded: left as it is
    mine, old = load_model(tmp_path / "mine"), load_model(model)
    assert mine.thresholds["commitment"] == old.thresholds["commitment"]
    assert mine.thresholds["boilerplate"] == pytest.approx(row["threshold"])
    before, after = old.scores(coded)[:, 1], mine.scores(coded)[:, 1]
    odds = row["slope"] * np.log(before / (1 - before)) + row["offset"]
    assert after == pytest.approx(1 / (1 + np.exp(-odds)), abs=1e-3)
    assert "Calibrated anew" in (tmp_path / "mine" / "README.md").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "mine" / "config.json").read_text(encoding="utf-8"))["calibrated"]
    with pytest.raises(GongkaiError, match="exists"):
        calibrate(model, coded, tmp_path / "mine")


def test_too_few_codes_are_refused(model, coded):
    with pytest.raises(ModelError, match="10 coded sentences"):
        calibrate(model, coded.iloc[:10])


def test_what_it_was_trained_on_does_not_count(model, labels):
    with pytest.raises(ModelError, match="0 coded sentences"):
        calibrate(model, labels)


class Taught:
    """A model of the scheme ABCD that was taught where `a` is frequent: it chooses it too often."""

    name, trained_on, codebook = "taught", frozenset(), ABCD
    labels = ABCD.indicators
    thresholds = dict.fromkeys(labels, 0.99)  # not used: of a choice the best class is chosen

    def scores(self, sentences):
        rng = np.random.default_rng(1)
        at = sentences["topic"].map("abcd".index).to_numpy()
        odds = rng.normal(size=(len(at), 4)) + 2.5 * np.eye(4)[at] + np.array([1.5, 0, 0, -0.5])
        return 1 / (1 + np.exp(-2 * odds))


def test_the_classes_of_a_choice_are_chosen_as_often_as_they_are_coded(coded, monkeypatch):
    rng = np.random.default_rng(2)
    gold = coded.assign(topic=rng.choice(list("abcd"), p=[0.2, 0.4, 0.3, 0.1], size=160), codebook=ABCD.stamp)
    monkeypatch.setattr(adjust, "find_model", lambda name: name)
    monkeypatch.setattr(adjust, "load_model", lambda folder: Taught())
    found = calibrate("taught", gold).set_index("label")
    assert found["n"].tolist() == [160] * 4
    assert found["bias_before"].sum() == pytest.approx(0), "each sentence has one class"
    assert found["bias_before"]["topic=a"] > 0.1
    assert found["bias_after"].sum() == pytest.approx(0)
    assert found["bias_after"].abs().max() < 0.05
    assert found["brier_after"].sum() < found["brier_before"].sum()
    assert found["f1_after"].mean() > found["f1_before"].mean()
    assert len(set(found["slope"])) == 1
    assert found["threshold"].isna().all()
    few = calibrate("taught", gold.assign(topic=["b"] * 157 + list("acd")))
    assert few["slope"].isna().all(), "one class alone tells nothing"
