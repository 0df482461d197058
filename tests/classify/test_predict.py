import pandas as pd
import pytest

from gongkai.classify.predict import missing_context, predict
from gongkai.errors import SchemaError
from gongkai.tables.scheme.codebooks import shipped
from tests.conftest import check_table

LABELS = shipped().names


def test_one_row_per_sentence_and_label_in_order(predictions, sentences):
    check_table("predictions", predictions)
    assert predictions["sentence_id"].tolist() == [i for i in sentences["sentence_id"] for _ in LABELS]
    assert predictions["label"].tolist() == list(LABELS) * len(sentences)


def test_report_columns_travel_along(predictions, sentences):
    merged = predictions.merge(sentences, on="sentence_id", suffixes=("", "_s"))
    for column in ("report_id", "agency", "year", "section", "heading"):
        assert (merged[column] == merged[f"{column}_s"]).all()


def test_decisions_follow_scores(predictions, model):
    from gongkai.classify.classifier import load_model

    thresholds = load_model(model).thresholds
    assert (predictions["predicted"] == (predictions["score"] >= predictions["label"].map(thresholds))).all()


def test_text_alone_is_enough(model):
    found = predict(pd.DataFrame({"text": ["将加强培训。", ""]}), model=model)
    assert len(found) == 4
    assert found["agency"].isna().all()
    assert missing_context(pd.DataFrame({"text": []})) == ["section", "heading", "lead"]


def test_no_sentence_is_no_error(model):
    assert predict(pd.DataFrame({"text": []}), model=model).empty


def test_without_text_it_is_refused(model):
    with pytest.raises(SchemaError, match="sentences lack text; they have satz"):
        predict(pd.DataFrame({"satz": ["x"]}), model=model)


def test_the_bundled_model_works_right_after_install():
    found = predict(
        pd.DataFrame(
            {"text": ["一是加强业务培训，提升工作水平。", "全年收到申请12件。"], "section": ["improvements", "overview"],
             "lead": ["下一步，我局将从以下方面改进：", ""], "heading": ["", ""]}
        )
    ).pivot_table(index="sentence_id", columns="label", values="predicted", sort=False)  # fmt: skip
    assert found["commitment"].tolist() == [1, 0]
    assert found["boilerplate"].tolist() == [1, 0]


def test_half_a_character_is_refused_with_its_row(model):
    text = pd.Series(["公开12条。", "公开\ud800条。"], dtype=object)
    with pytest.raises(SchemaError, match="row 1: the text has half a character"):
        predict(pd.DataFrame({"text": text}), model=model)
