import numpy as np
import pandas as pd
import pytest

from gongkai.errors import MeasureError
from gongkai.measure.promises.followup import followup, likenesses
from gongkai.measure.wording.similar import weigh

THEN = [
    ("improvements", "下一步将做好以下工作：", "", True),
    ("improvements", "一是3月底前开通居民家庭经济状况核对结果查询；", "下一步将做好以下工作：", True),
    ("improvements", "二是每季度核对一次养老机构收费公示；", "下一步将做好以下工作：", True),
    ("improvements", "三是举办校园开放日，邀请家长旁听听证会。", "下一步将做好以下工作：", True),
    ("problems", "渣土运输企业名单更新滞后。", "", False),
    ("problems", "政策解读形式单一。", "", False),
]
NOW = [
    ("overview", "居民家庭经济状况核对结果查询于3月28日开通，全年查询412次。", "", False),
    ("problems", "渣土运输企业名单更新仍然滞后，最长的拖了两个月。", "", False),
    ("improvements", "继续每季度核对一次养老机构收费公示。", "", True),
]


def tables(*years):
    sentences, predictions = [], []
    for year, rows in years:
        for i, (section, text, lead, promise) in enumerate(rows):
            about = {"sentence_id": f"{year}-{i}", "report_id": f"r{year}", "agency": "甲局", "year": year}
            sentences.append(about | {"section": section, "lead": lead, "text": text})
            predictions.append(
                about | {"model": "m", "label": "commitment", "score": float(promise), "predicted": promise}
            )
    return pd.DataFrame(sentences), pd.DataFrame(predictions)


@pytest.fixture(scope="module")
def found():
    return followup(*tables((2020, THEN), (2021, NOW))).set_index("sentence_id")


def test_each_promise_is_done_again_or_silent(found):
    assert found.loc["2020-1", ["outcome", "next_id"]].tolist() == ["done", "2021-0"]
    assert found.loc["2020-2", ["outcome", "next_id"]].tolist() == ["again", "2021-2"]
    assert found.loc["2020-3", "outcome"] == "silent"
    assert pd.isna(found.loc["2020-3", "next_text"])
    assert found.loc["2020-2", "nearest"] == found.loc["2020-2", "next_text"]


def test_done_needs_the_same_thing_and_a_report_of_it():
    promise = ("improvements", "6月底前在城东客运站增设渔船年检窗口；", "", True)
    other = [
        ("overview", "渔船年检窗口已于6月12日在城东客运站启用。", "done"),
        ("overview", "城东客运站渔船年检窗口因经费未落实，尚未增设。", "unclear"),
        ("overview", "全年组织宣传活动6次，增设栏目3个。", None),
    ]
    for section, text, outcome in other:
        found = followup(*tables((2020, [promise]), (2021, [(section, text, "", False)])))
        if outcome is None:
            assert found["outcome"].iloc[0] in ("silent", "unclear")
        else:
            assert found["outcome"].tolist() == [outcome], text
    assert found["when"].tolist() == ["date"]
    assert found["checkable"].tolist() == [True]


def test_a_placebo_asks_another_agencys_next_report():
    sentences, predictions = tables((2020, THEN), (2021, NOW))
    other, theirs = tables((2020, THEN[:1]), (2021, [("overview", "全年播种油菜三千亩。", "", False)]))
    for frame in (other, theirs):
        frame[["sentence_id", "report_id"]] = "z" + frame[["sentence_id", "report_id"]]
        frame["agency"] = "乙局"
    both = (
        pd.concat([sentences, other], ignore_index=True),
        pd.concat([predictions, theirs], ignore_index=True),
    )
    placebo = followup(*both, placebo=True)
    assert placebo.loc[placebo["agency"] == "甲局", "outcome"].eq("silent").all()
    assert followup(*both)["outcome"].eq("done").any()
    with pytest.raises(MeasureError, match="two successive years"):
        followup(sentences, predictions, placebo=True)


def test_of_many_reports_a_placebo_draws_some(monkeypatch):
    given = [tables((2020, THEN[:2]), (2021, NOW)) for _ in range(5)]
    for k, both in enumerate(given):
        for frame in both:
            frame[["sentence_id", "report_id"]] = f"{k}" + frame[["sentence_id", "report_id"]]
            frame["agency"] = f"{'甲乙丙丁戊'[k]}局"
    both = [pd.concat(frames, ignore_index=True) for frames in zip(*given, strict=True)]
    assert followup(*both, placebo=True)["agency"].nunique() == 5
    monkeypatch.setattr("gongkai.measure.promises.followup.PLACEBO", 3)
    found = followup(*both, placebo=True)
    assert found["agency"].nunique() == 3
    assert len(followup(*both)) == 5 * len(found) / 3
    pd.testing.assert_frame_equal(found, followup(*both, placebo=True))


def test_an_announcement_is_no_promise_of_its_own(found):
    assert "2020-0" not in found.index


def test_problems_return_among_the_problems(found):
    assert found.loc["2020-4", ["kind", "outcome", "next_id"]].tolist() == ["problem", "returns", "2021-1"]
    assert found.loc["2020-5", "outcome"] == "silent"


def test_years_apart_are_not_compared():
    with pytest.raises(MeasureError, match="two successive years"):
        followup(*tables((2018, THEN), (2021, NOW)))


def test_two_reports_of_one_year_are_ambiguous():
    sentences, predictions = tables((2020, THEN), (2021, NOW))
    twice = sentences.assign(report_id=[f"{r}-{i % 2}" for i, r in enumerate(sentences["report_id"])])
    with pytest.raises(MeasureError, match="two successive years"):
        followup(twice, predictions)


def test_one_model_at_a_time():
    sentences, predictions = tables((2020, THEN), (2021, NOW))
    with pytest.raises(MeasureError, match="one model"):
        followup(sentences, pd.concat([predictions, predictions.assign(model="n")]))


def test_a_renamed_agency_keeps_its_promises():
    sentences, predictions = tables((2017, THEN), (2018, NOW))
    sentences["agency"] = sentences["year"].map({2017: "甲县环境保护局", 2018: "甲县生态环境局"})
    found = followup(sentences, predictions).set_index("sentence_id")
    assert found.loc["2017-1", ["outcome", "next_id"]].tolist() == ["done", "2018-0"]


def test_the_scores_of_many_pairs_are_those_of_each():
    texts = [
        "开通查询窗口",
        "举办开放日活动",
        "核对收费公示",
        "查询窗口开通",
        "开放日",
        "公示收费",
        "无关之事",
    ]
    matrix = weigh(texts, texts)
    lefts, rights = (
        [np.array([0, 1]), np.array([2]), np.array([6])],
        [np.array([3, 4, 5]), np.array([5, 3]), np.array([0])],
    )
    together = likenesses(matrix, lefts, rights)
    for found, left, right in zip(together, lefts, rights, strict=True):
        one, other = (matrix[rows].toarray() for rows in (left, right))
        np.testing.assert_allclose(found, (one @ other.T + one**2 @ (other > 0).T) / 2, rtol=0, atol=1e-12)
    assert together[2].tolist() == [[0.0]]
