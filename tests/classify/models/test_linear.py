import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from gongkai.classify.classifier import load_model
from gongkai.classify.models.linear import LinearClassifier, grouped_folds
from gongkai.errors import ModelError


def test_scores_are_probabilities_in_the_order_of_the_labels(model, labels):
    classifier = load_model(model)
    scores = classifier.scores(labels)
    assert classifier.labels == ("commitment", "boilerplate")
    assert scores.shape == (len(labels), 2)
    assert ((scores >= 0) & (scores <= 1)).all()


def test_it_learned_what_the_labels_say(model, labels):
    classifier = load_model(model)
    scores = classifier.scores(labels)
    for column, label in enumerate(classifier.labels):
        right = (scores[:, column] >= classifier.thresholds[label]) == labels[label].to_numpy(bool)
        assert right.mean() > 0.95


def test_missing_context_still_works(model):
    classifier = load_model(model)
    assert classifier.scores(pd.DataFrame({"text": ["将培训。", ""]})).shape == (2, 2)


def test_explanations_add_up_to_the_score(model, labels):
    classifier = load_model(model)
    row = labels.iloc[0].to_dict()
    for label, head in classifier.heads.items():
        found = classifier.explain(row, label, top=10_000)
        margin = (
            sum(weight for _, _, weight in found)
            + head.calibration.slope * head.intercept
            + head.calibration.offset
        )
        score = classifier.scores(labels.iloc[[0]])[0, classifier.labels.index(label)]
        assert 1 / (1 + np.exp(-margin)) == pytest.approx(score, abs=1e-6)
    with pytest.raises(ModelError, match="no label 'mood'"):
        classifier.explain(row, "mood")


def test_save_and_load_give_the_same_scores(model, labels, tmp_path):
    classifier = load_model(model)
    classifier.save(tmp_path)
    assert (LinearClassifier.load(tmp_path).scores(labels) == classifier.scores(labels)).all()


def test_folds_never_tear_a_group_apart():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(10), 12)
    y = rng.random(120) < 0.3
    for train, test in grouped_folds(y, groups, folds=4, seed=1, label="x"):
        assert not set(groups[train]) & set(groups[test])


def test_too_few_groups_are_refused():
    with pytest.raises(ModelError, match="positives in 1 of 2 groups"):
        grouped_folds(np.array([True, False, False]), np.array([0, 0, 1]), folds=2, seed=0, label="x")


@pytest.mark.parametrize("damage", ["missing", "truncated", "text"])
def test_a_damaged_file_is_one_clear_error(model, tmp_path, damage):
    content = (model / "model.safetensors").read_bytes()
    if damage != "missing":
        (tmp_path / "model.safetensors").write_bytes(
            content[: len(content) // 2] if damage == "truncated" else b"no model"
        )
    with pytest.raises(ModelError, match=r"model\.safetensors"):
        LinearClassifier.load(tmp_path)


def test_foreign_contents_are_refused(tmp_path):
    head = {
        "blocks": ["smell"],
        "intercept": 0.0,
        "calibration": {"slope": 1.0, "offset": 0.0, "threshold": 0.5},
    }
    cases = {
        "not a linear gongkai model": {},
        "unknown feature blocks smell": {"heads": json.dumps({"commitment": head})},
        r"shape \(3,\), expected": {"heads": json.dumps({"commitment": head | {"blocks": ["section"]}})},
    }
    for message, metadata in cases.items():
        save_file({"commitment": np.zeros(3)}, tmp_path / "model.safetensors", metadata=metadata)
        with pytest.raises(ModelError, match=message):
            LinearClassifier.load(tmp_path)


def test_weights_that_are_no_numbers_are_refused(model, tmp_path):
    classifier = load_model(model)
    head = classifier.heads["commitment"]
    broken = replace(head, weights=np.full_like(head.weights, np.nan))
    replace(classifier, heads={"commitment": broken}).save(tmp_path)
    with pytest.raises(ModelError, match="finite"):
        LinearClassifier.load(tmp_path)


def test_explanations_speak_the_codebooks_words():
    classifier = load_model("linear")
    plain = classifier.explain({"text": "进一步加强业务培训，提高工作水平。"}, "boilerplate")
    assert ("cues", "no name, no number, no date") in [part[:2] for part in plain]
    local = classifier.explain({"text": "鹤澜县进一步加强业务培训，提高工作水平。"}, "boilerplate", top=40)
    told = {says: weight for block, says, weight in local if block == "cues"}
    assert told["names a place"] < 0
    assert "no name, no number, no date" not in told
