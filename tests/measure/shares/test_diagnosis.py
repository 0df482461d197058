import pandas as pd
import pytest

from gongkai.errors import MeasureError
from gongkai.measure.shares.diagnosis import compare_models, confusion, mistakes
from gongkai.measure.shares.quality import evaluate

GOLD = [True, True, True, False, False, False, True, False]


def tables(scores, model="one"):
    n = len(GOLD)
    ids = [f"s{i}" for i in range(n)]
    agencies = ["甲局"] * 3 + ["乙局"] * 3 + ["丙局"] * 2
    predictions = pd.DataFrame(
        {
            "sentence_id": ids,
            "model": model,
            "label": "commitment",
            "score": scores,
            "predicted": [s >= 0.5 for s in scores],
            "report_id": agencies,
            "agency": agencies,
            "year": 2020,
            "section": "improvements",
            "heading": "",
        }
    )
    labels = pd.DataFrame(
        {
            "sentence_id": ids,
            "annotator": "resolved",
            "text": [f"句{i}" for i in range(n)],
            "lead": "",
            "commitment": GOLD,
            "boilerplate": None,
        }
    )
    return predictions, labels


SCORES = [0.9, 0.2, 0.8, 0.1, 0.95, 0.3, 0.7, 0.6]


def test_confusion_counts_every_sentence_once():
    row = confusion(*tables(SCORES)).iloc[0]
    assert (row.true_positives, row.false_positives, row.false_negatives, row.true_negatives) == (3, 2, 1, 2)
    assert row.n == len(GOLD)


def test_mistakes_come_most_certain_first_with_their_text():
    found = mistakes(*tables(SCORES), top=2)
    assert found["text"].tolist() == ["句4", "句1"]
    assert found["score"].tolist() == [0.95, 0.2]


def test_a_perfect_model_makes_none():
    assert mistakes(*tables([float(g) for g in GOLD])).empty


def test_two_models_are_compared_on_the_same_sentences():
    first, labels = tables(SCORES)
    second, _ = tables([float(g) for g in GOLD], "two")
    row = compare_models(first, second, labels, cluster="sentence_id").iloc[0]
    assert row.f1_second == 1.0
    assert row.difference == pytest.approx(1 - 2 * 3 / (4 + 5))
    assert row.low <= row.difference <= row.high
    same = compare_models(first, first.assign(model="same"), labels, cluster="sentence_id").iloc[0]
    assert (same.difference, same.low, same.high, same.p_value) == (0, 0, 0, 1)


def test_several_models_in_one_table_are_refused():
    first, labels = tables(SCORES)
    both = pd.concat([first, first.assign(model="two")])
    with pytest.raises(MeasureError, match="one model"):
        compare_models(both, first, labels)


def test_evaluate_by_columns_of_the_reports():
    predictions, labels = tables(SCORES)
    reports = pd.DataFrame(
        {
            "report_id": ["甲局", "乙局", "丙局"],
            "kind": ["department", "office", "office"],
            "level": "city",
            "form": "2019",
        }
    )
    metrics = evaluate(predictions, labels, by=["kind"], reports=reports)
    n = metrics[metrics["metric"] == "f1"].set_index("group")["n"]
    assert n.to_dict() == {"all": 8, "kind=department": 3, "kind=office": 5}
