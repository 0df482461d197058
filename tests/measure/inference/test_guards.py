import logging

import numpy as np
import pandas as pd
import pytest

from gongkai.errors import MeasureError, SchemaError
from gongkai.measure.inference.guards import ASSUMED, assume_random, refuse_learned, responded, sample_balance
from gongkai.measure.shares.outcomes import outcomes
from gongkai.measure.shares.prevalence import prevalence
from gongkai.measure.shares.quality import evaluate
from gongkai.tables.ids import text_key


def tables(n=600, *, seed=0, agencies=20):
    """Predictions of n sentences, and codes of them all; half in the overview."""
    rng = np.random.default_rng(seed)
    rows, gold = [], []
    for i in range(n):
        about = {"sentence_id": str(i), "model": "m", "report_id": f"r{i % agencies}", "agency": f"a{i % agencies}",
                 "year": 2021, "section": "overview" if i < n / 2 else "improvements", "heading": "", "seen": False}  # fmt: skip
        truth = {"commitment": rng.random() < 0.3, "boilerplate": rng.random() < 0.5}
        rows += [
            about | {"label": k, "score": 0.8 if v else 0.1, "predicted": bool(v)} for k, v in truth.items()
        ]
        gold.append({"sentence_id": str(i), "annotator": "resolved", **truth})
    return pd.DataFrame(rows), pd.DataFrame(gold)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2023年，受理申请 12 件。", "2024年受理申请7件", True),
        ("ＡＢＣ局“公开”指南", "ABC局公开指南。", True),
        ("受理申请", "受理投诉", False),
    ],
)
def test_a_sentence_is_known_by_its_words(one, other, same):
    assert (text_key(one) == text_key(other)) is same


def test_a_model_knows_its_sentences_in_a_page_saved_again(labels, model):
    """Other report ids, other dates, other marks: the ids differ, the words do not."""
    import gongkai

    again = labels.assign(
        sentence_id="x" + labels["sentence_id"], text=labels["text"].str.replace("，", ", ")
    )
    new = again.assign(sentence_id="y" + labels["sentence_id"], text="全新的" + labels["text"])
    found = gongkai.predict(pd.concat([again, new]), model=model).drop_duplicates("sentence_id")
    assert found.groupby(found["sentence_id"].str[0])["seen"].mean().to_dict() == {"x": 1.0, "y": 0.0}


def test_evaluate_leaves_out_what_was_learned_and_says_so(caplog):
    predictions, gold = tables()
    known = predictions["sentence_id"].astype(int) < 100
    wrong = predictions.assign(
        seen=known, predicted=predictions["predicted"] ^ (~known & (np.arange(1200) % 7 == 0))
    )
    rows = evaluate(wrong, gold)
    assert set(rows.loc[rows["label"] != "macro", "n"]) == {500}
    assert "100 of 600 coded sentences are left out" in caplog.text
    pd.testing.assert_frame_equal(rows, evaluate(wrong[~known], gold))
    with pytest.raises(MeasureError, match="trained on all 600 coded"):
        evaluate(predictions.assign(seen=True), gold)


def refuse(seen, coded):
    others = (int(seen[~coded].sum()), int((~coded).sum()))
    refuse_learned(seen[coded], np.full(coded.sum(), 10.0), others=others)


def test_usual_wording_is_no_training_and_a_sample_learned_from_is():
    rng = np.random.default_rng(0)
    for seed in range(200):  # sentences of which 8 % are usual wording; a random sample
        rng = np.random.default_rng(seed)
        seen, coded = rng.random(2000) < 0.08, rng.random(2000) < 0.1
        refuse(seen, coded)
    learned = coded & (rng.random(2000) < 0.3)
    with pytest.raises(
        MeasureError, match=rf"trained on {(learned | (seen & coded)).sum()} of the {coded.sum()}"
    ):
        refuse(seen | learned, coded)
    with pytest.raises(MeasureError, match="trained on"):  # all of it, as a model of these very reports has
        refuse(np.ones(2000, bool), coded)


def test_sentences_left_uncoded_are_weighted_within_those_drawn_alike(caplog):
    """Two strata, one coded by half: without the weights the other would count double."""
    inclusion = pd.Series([0.1] * 40 + [0.4] * 40 + [np.nan])
    coded = np.r_[np.ones(40, bool), np.tile([True, False], 20), False]
    found = responded(inclusion, coded)
    assert found[:40].eq(0.1).all()
    assert found[40:80].eq(0.2).all()
    assert np.isnan(found[80])
    assert "20 of 80 drawn sentences are not coded" in caplog.text
    assert responded(inclusion, np.ones(81, bool)) is inclusion


def test_shares_with_one_stratum_half_coded_are_right():
    values = []
    for seed in range(60):
        predictions, gold = tables(seed=seed)
        late = gold["sentence_id"].astype(int) >= 300
        gold["commitment"] = np.where(late, np.random.default_rng(seed).random(600) < 0.8, gold["commitment"])
        rng = np.random.default_rng(seed + 1000)
        drawn = gold.assign(inclusion=np.where(late, 0.5, 0.2))[rng.random(600) < np.where(late, 0.5, 0.2)]
        lost = (drawn["sentence_id"].astype(int) >= 300) & (rng.random(len(drawn)) < 0.5)
        drawn = drawn.astype({"commitment": object, "boilerplate": object})
        drawn.loc[lost, ["commitment", "boilerplate"]] = None
        row = prevalence(predictions, drawn, by=[], method="dsl").query("label == 'commitment'").iloc[0]
        values.append(row["value"] - gold["commitment"].mean())
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(60)


def test_labels_without_inclusion_are_refused_or_said(caplog):
    predictions, gold = tables()
    picked = gold[:150]
    for method in ("ppi", "dsl", "adjusted"):
        with pytest.raises(SchemaError, match=r"lack inclusion.*assume-random"):
            prevalence(predictions, picked, by=[], method=method)
    with pytest.raises(SchemaError, match="lack inclusion"):
        outcomes(predictions, picked)
    assumed = assume_random(picked, predictions)
    assert "150 coded sentences are taken as a random sample of 600" in caplog.text
    assert assumed["inclusion"].eq(0.25).all()
    for method in ("ppi", "dsl", "adjusted"):
        assert prevalence(predictions, assumed, by=[], method=method)["note"].str.contains(ASSUMED).all()
    with pytest.raises(SchemaError, match="have inclusion"):
        assume_random(assumed, predictions)


def test_balance_shows_where_a_sample_lies_off(caplog):
    predictions, gold = tables()
    with caplog.at_level(logging.WARNING):
        fair = sample_balance(
            predictions, gold.assign(inclusion=0.2)[np.random.default_rng(3).random(600) < 0.2]
        )
    assert fair["z"].abs().max() < 3
    early = gold.assign(inclusion=0.2)[gold["sentence_id"].astype(int) < 120]
    table = sample_balance(predictions, early).set_index("quantity")
    assert table.loc["section=overview", ["sample", "all"]].tolist() == [1.0, 0.5]
    assert table.loc["section=overview", "z"] > 100
    assert table.loc["sentences", ["sample", "all"]].tolist() == [600.0, 600.0]
