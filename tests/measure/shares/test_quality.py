import warnings

import krippendorff
import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from gongkai.errors import MeasureError
from gongkai.measure.inference.scores import average_precision, derivatives, f1_scores, metric_moment
from gongkai.measure.shares.quality import agreement, evaluate, krippendorff_alpha, score_label


@pytest.fixture(scope="module")
def scored():
    rng = np.random.default_rng(3)
    gold = rng.random(400) < 0.3
    score = np.clip(np.round(0.3 * gold + 0.7 * rng.random(400), 2), 0, 1)  # rounded: ties
    return gold, score, score > 0.6, np.repeat(np.arange(20), 20)


def test_metrics_equal_scikit_learns(scored):
    gold, score, predicted, clusters = scored
    rows = {r["metric"]: r["value"] for r in score_label(gold, score, predicted, clusters)}
    assert rows["precision"] == pytest.approx(sk.precision_score(gold, predicted))
    assert rows["recall"] == pytest.approx(sk.recall_score(gold, predicted))
    assert rows["f1"] == pytest.approx(sk.f1_score(gold, predicted))
    assert rows["accuracy"] == pytest.approx(sk.accuracy_score(gold, predicted))
    assert rows["brier"] == pytest.approx(sk.brier_score_loss(gold, score))
    assert rows["pr_auc"] == pytest.approx(sk.average_precision_score(gold, score))


def test_ece_of_calibrated_and_of_shifted_scores():
    rng = np.random.default_rng(0)
    score = rng.random(20_000)
    gold = rng.random(20_000) < score
    clusters = np.arange(20_000) % 50
    ece = {r["metric"]: r["value"] for r in score_label(gold, score, score > 0.5, clusters)}["ece"]
    assert ece < 0.02
    shifted = {r["metric"]: r["value"] for r in score_label(gold, score / 2, score > 0.5, clusters)}["ece"]
    assert shifted == pytest.approx(0.25, abs=0.02)


def test_cluster_intervals_cover_and_sentence_intervals_do_not():
    """Accuracy that differs by agency: 95 % intervals over agencies hold the truth about 95 % of the time."""
    rng = np.random.default_rng(1)
    hits = {"agency": 0, "sentence": 0}
    runs = 80
    for _ in range(runs):
        quality = rng.beta(8, 2, 40)  # mean .8
        right = rng.random((40, 30)) < quality[:, None]
        gold = np.ones(1200, bool)
        for name, clusters in (("agency", np.repeat(np.arange(40), 30)), ("sentence", np.arange(1200))):
            rows = score_label(gold, right.ravel().astype(float), right.ravel(), clusters)
            low, high = next((r["low"], r["high"]) for r in rows if r["metric"] == "recall")
            hits[name] += low <= 0.8 <= high
    assert 0.88 <= hits["agency"] / runs <= 0.99
    assert hits["sentence"] / runs < 0.8


def test_derivatives_of_f1_are_those_of_the_ratio(scored):
    gold, score, predicted, clusters = scored
    exact = metric_moment("f1", gold, score, predicted, clusters, 20).sums
    found = derivatives(lambda weights: f1_scores(gold, predicted, weights), clusters, 20)
    assert found == pytest.approx(exact, abs=1e-7)
    assert exact.sum() == pytest.approx(0, abs=1e-12)


def test_clusters_are_weighed_in_parts_as_in_one(scored, monkeypatch):
    gold, score, _, clusters = scored
    whole = derivatives(lambda w: average_precision(gold, score, w), clusters, 20)
    monkeypatch.setattr("gongkai.measure.inference.scores.AT_ONCE", 3 * len(gold))
    parts = derivatives(lambda w: average_precision(gold, score, w), clusters, 20)
    assert parts == pytest.approx(whole, abs=1e-12)


def test_two_agencies_have_no_interval_and_a_value_lies_in_its_own(scored):
    gold, score, predicted, clusters = scored
    low = {}
    for n in (2, 4, 20):
        rows = {r["metric"]: r for r in score_label(gold, score, predicted, clusters * n // 20)}
        low[n] = rows["f1"]["low"]
        assert rows["f1"]["clusters"] == n
        for row in rows.values():
            assert n == 2 or row["low"] <= row["value"] <= row["high"]
    assert np.isnan(low[2])


def test_alpha_equals_the_reference_package():
    rng = np.random.default_rng(0)
    for _ in range(20):
        codes = (rng.random((3, 60)) < 0.3).astype(float)
        codes[1] = np.where(rng.random(60) < 0.8, codes[0], codes[1])
        codes[rng.random((3, 60)) < 0.2] = np.nan
        expected = krippendorff.alpha(reliability_data=codes, level_of_measurement="nominal")
        assert krippendorff_alpha(codes) == pytest.approx(expected, abs=1e-9)


def test_alpha_limits():
    same = np.array([[1, 0, 1, 0], [1, 0, 1, 0]], float)
    assert krippendorff_alpha(same) == 1
    assert krippendorff_alpha(np.array([[1, 0, 1, 0], [0, 1, 0, 1]], float)) < 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(krippendorff_alpha(np.ones((2, 5))))


def test_agreement_has_an_interval_per_label_and_group(labels):
    second = labels.assign(annotator="b")
    second.loc[::10, "commitment"] = ~second.loc[::10, "commitment"].astype(bool)
    both = pd.concat([labels.assign(annotator="a"), second, labels], ignore_index=True)
    found = agreement(both, by=["section"]).set_index(["label", "group"])
    same = found.loc[("boilerplate", "all")]
    assert (same["alpha"], same["high"]) == (1, 1)
    assert 0.5 < same["low"] < 1  # nothing seen to differ is not nothing that can
    row = found.loc[("commitment", "all")]
    assert row["low"] < row["alpha"] < row["high"] < 1
    assert row["raw_agreement"] == pytest.approx(0.9)
    assert row["coders"] == 2
    assert ("commitment", "section=overview") in found.index


def test_agreement_needs_two_coders(labels):
    with pytest.raises(MeasureError, match="two coders"):
        agreement(labels)


def test_evaluate_needs_common_sentences(labels, predictions):
    with pytest.raises(MeasureError, match="same build"):
        evaluate(predictions, labels)
    with pytest.raises(MeasureError, match="no label by 'nobody'"):
        evaluate(predictions, labels, annotator="nobody")


def test_a_sample_drawn_by_strata_is_weighted(labels):
    """Errors stand in one section, of which few were drawn: unweighted they would hardly count."""
    rng = np.random.default_rng(0)
    n = 4000
    section = np.where(np.arange(n) % 4 == 0, "problems", "overview")
    gold = rng.random(n) < 0.4
    predicted = np.where(section == "overview", gold ^ (rng.random(n) < 0.3), gold)
    about = pd.DataFrame({"sentence_id": [str(i) for i in range(n)], "section": section})
    about["agency"] = [f"a{i % 25}" for i in range(n)]
    frame = about.assign(
        model="m", score=predicted.astype(float), predicted=predicted, report_id=about["agency"]
    )
    predictions = pd.concat([frame.assign(label=x) for x in ("commitment", "boilerplate")])
    pi = np.where(section == "problems", 0.9, 0.15)
    coded = about.assign(annotator="resolved", commitment=gold, boilerplate=gold, inclusion=pi)[
        rng.random(n) < pi
    ]
    truth = sk.f1_score(gold, predicted)
    rows = evaluate(predictions, coded).query("metric == 'f1' and label == 'commitment'").iloc[0]
    plain = (
        evaluate(predictions, coded.drop(columns="inclusion"))
        .query("metric == 'f1' and label == 'commitment'")
        .iloc[0]
    )
    assert rows["low"] < truth < rows["high"]
    assert plain["low"] > truth
    assert rows["n"] == plain["n"] == len(coded)
    drawn = predictions.merge(coded[["sentence_id", "commitment", "inclusion"]]).query(
        "label == 'commitment'"
    )
    told = sk.f1_score(drawn["commitment"], drawn["predicted"], sample_weight=1 / drawn["inclusion"])
    assert rows["value"] == pytest.approx(told)
