import pandas as pd
import pytest

from gongkai.errors import MeasureError, SchemaError
from gongkai.measure.wording.copies import copied
from gongkai.measure.wording.reuse import reuse, reuse_sensitivity, reused_sentences
from gongkai.text.tokens import tokenize


def table(*rows):
    """Sentences from (agency, year, text, …)."""
    made = []
    for agency, year, *texts in rows:
        for i, text in enumerate(texts):
            made.append(
                {"sentence_id": f"{agency}{year}-{i}", "report_id": f"{agency}{year}", "agency": agency, "year": year,
                 "region_code": None, "section": "overview", "text": text, "tokens": tokenize(text)}
            )  # fmt: skip
    return pd.DataFrame(made)


STOCK = "各级各部门高度重视政府信息公开工作，加强组织领导，完善工作机制。"
OWN = [
    "本局在渣土运输领域公布了全部审批结果。",
    "供水收费标准在营业厅电子屏滚动播放。",
    "老年人代办点设在社区食堂门口。",
]
SENTENCES = table(
    ("甲局", 2020, STOCK, OWN[0]),
    ("甲局", 2021, STOCK, OWN[0].replace("全部", "2021年全部"), "全年举办开放日活动。"),
    ("乙局", 2020, STOCK, OWN[1]),
    ("丙局", 2020, STOCK, OWN[2]),
)


def value(measures, **where):
    for column, wanted in where.items():
        measures = measures[measures[column] == wanted]
    assert len(measures) == 1
    return measures["value"].iloc[0]


def test_shared_text_is_weighted_by_words():
    found = reuse(SENTENCES)
    words = [len([t for t in tokenize(x) if t.isalnum()]) for x in (STOCK, OWN[0])]
    assert value(found, agency="甲局", year=2020, measure="shared") == pytest.approx(words[0] / sum(words))


def test_the_sentences_behind_a_share_of_reused_text():
    flags = reused_sentences(SENTENCES)
    found = reuse(SENTENCES)
    for name in ("shared", "sticky", "redundant"):
        part = flags[(flags["agency"] == "甲局") & (flags["year"] == 2021)]
        if part[name].isna().all():
            assert pd.isna(value(found, agency="甲局", year=2021, measure=name))
            continue
        expected = part.loc[part[name].astype(bool), "words"].sum() / part["words"].sum()
        assert value(found, agency="甲局", year=2021, measure=name) == pytest.approx(expected)
    assert flags.loc[flags["year"] == 2020, "sticky"].isna().all()
    shared = flags.loc[flags["text"] == STOCK, "shared"]
    assert shared.fillna(False).tolist() == [True, False, True, True]


def test_the_reference_set_is_explicit():
    """Within a region of its own an agency has nobody to share with."""
    apart = SENTENCES.assign(region_code=SENTENCES["agency"])
    within = ("year", "region_code")
    assert reuse(apart, within=within).query("measure == 'shared'")["value"].isna().all()
    assert reuse_sensitivity(apart, sizes=[4], shares=[0.3], within=within)["mean"].isna().all()


def test_sticky_needs_the_year_before():
    found = reuse(SENTENCES)
    assert pd.isna(value(found, agency="甲局", year=2020, measure="sticky"))
    assert 0 < value(found, agency="甲局", year=2021, measure="sticky") < 1


def test_a_phrase_twice_is_redundant():
    found = reuse(table(("甲局", 2020, STOCK, "经研究，" + STOCK, OWN[0])))
    assert 0.5 < value(found, measure="redundant") < 1
    assert value(reuse(SENTENCES), agency="乙局", measure="redundant") == 0


def test_a_higher_share_finds_less():
    grid = reuse_sensitivity(SENTENCES, sizes=(3, 5), shares=(0.3, 1.0))
    assert len(grid) == 4
    assert grid.groupby("n")["mean"].apply(lambda m: m.iloc[0] >= m.iloc[1]).all()


def test_a_share_of_nothing_is_refused():
    with pytest.raises(MeasureError, match="share is 0"):
        reuse(SENTENCES, share=0)
    with pytest.raises(SchemaError, match="lack section"):
        reuse(SENTENCES.drop(columns="section"))


def test_own_sentences_are_found_with_changed_numbers():
    found = copied(SENTENCES)
    own = found[found["kind"] == "own"].set_index("sentence_id")
    assert set(own.index) == {"甲局2021-0", "甲局2021-1"}
    assert own.loc["甲局2021-0", "source_id"] == "甲局2020-0"
    assert not own.loc["甲局2021-0", "edited"]
    assert own.loc["甲局2021-1", "edited"]


def test_a_stock_phrase_is_no_evidence_of_copying():
    assert copied(SENTENCES)["kind"].eq("own").all()


OTHERS = [
    ("丁局", 2020, "公交线路调整前在站牌张贴说明。"),
    ("戊局", 2020, "中小学学区划分图附在招生简章后面。"),
    ("己局", 2020, "气象预警信号的发布渠道增加到九个。"),
]
COPIES = table(
    ("甲市人民政府", 2020, OWN[0], OWN[1], "甲市独有的一句话讲的是财政资金直达基层。"),
    ("乙局", 2020, OWN[0], OWN[1].replace("滚动", "循环"), "乙局自己的话讲的是校外培训机构检查。"),
    ("丙局", 2020, "丙局讲的是气象预警信号的发布渠道。"),
    *OTHERS,
)
REPORTS = pd.DataFrame(
    [
        {"report_id": "甲市人民政府2020", "agency": "甲市人民政府", "kind": "government", "level": "city", "region": "甲市",
         "published": "2021-01-10", "n_sentences": 3},
        {"report_id": "乙局2020", "agency": "乙局", "kind": "department", "level": "county", "region": "乙县",
         "published": "2021-01-20", "n_sentences": 3},
    ]
)  # fmt: skip


def test_copies_of_another_agency_stand_on_both_sides():
    found = copied(COPIES)
    pairs = set(zip(found["sentence_id"], found["source_id"], strict=True))
    assert ("乙局2020-1", "甲市人民政府2020-1") in pairs
    assert ("甲市人民政府2020-1", "乙局2020-1") in pairs
    assert not found["agency"].eq("丙局").any()


def test_weaker_likeness_counts_only_beside_evidence():
    """An edited sentence is taken where two others show that the reports are related, and not alone."""
    texts = [
        "每周三为局长接待日，群众可当面询问办理进度。",
        "每周三为局长接待日，群众可当面询问进度，来访者先在前台登记。",
    ]
    alone = table(("甲局", 2020, texts[0], "渣土车"), ("乙局", 2020, texts[1]), *OTHERS)
    beside = table(("甲局", 2020, texts[0], *OWN[:2]), ("乙局", 2020, texts[1], *OWN[:2]), *OTHERS)
    similarity = copied(beside).set_index("sentence_id")["similarity"]
    assert 0.35 <= similarity["甲局2020-0"] < 0.55
    assert copied(alone).empty


def test_a_promise_reported_done_is_no_copy():
    """The same words count as taken over within the improvements, and not from there into the overview."""
    then, now = "将渣土运输审批结果合并到一个栏目。", "渣土运输审批结果已归并到城管审批栏目，访问量上升。"
    frame = table(("甲局", 2020, then), ("甲局", 2021, now), *OTHERS).assign(section="improvements")
    assert copied(frame)["kind"].tolist() == ["own"]
    frame.loc[frame["year"] == 2021, "section"] = "overview"
    assert copied(frame).empty


def test_the_agency_own_name_is_no_likeness():
    frame = table(
        ("琅玡海关", 2020, "琅玡海关没有收费。"), ("琅玡海关", 2021, "琅玡海关将抓好下列各项。"), *OTHERS
    )
    assert copied(frame).empty


RENAMED = table(
    ("甲县环境保护局", 2017, STOCK, OWN[0]),
    ("甲县生态环境局", 2018, STOCK, OWN[0]),
    ("乙县林业局", 2017, STOCK, OWN[1]),
    ("乙县林业局", 2018, OWN[2]),
)


def test_last_year_under_an_earlier_name_is_the_own_last_report():
    found = reuse(RENAMED, n_own=3)
    assert value(found, agency="甲县生态环境局", year=2018, measure="sticky") == 1
    own = copied(RENAMED)
    assert set(own[own["agency"] == "甲县生态环境局"]["kind"]) == {"own"}


def test_the_placebo_of_stickiness_is_another_agencys_last_report():
    both = reuse(RENAMED, n_own=3, placebo=True)
    pd.testing.assert_frame_equal(
        both[both["measure"] != "sticky_placebo"].reset_index(drop=True), reuse(RENAMED, n_own=3)
    )
    found = both[both["measure"] == "sticky_placebo"]
    words = [len([t for t in tokenize(x) if t.isalnum()]) for x in (STOCK, OWN[0])]
    expected = words[0] / sum(words)
    assert value(found, agency="甲县生态环境局", year=2018) == pytest.approx(expected)
    assert value(found, agency="乙县林业局", year=2018) == 0
    assert found.loc[found["year"] == 2017, "value"].isna().all()
    none = reuse(SENTENCES, placebo=True)
    assert none.loc[none["measure"] == "sticky_placebo", "value"].isna().all()


def test_ngrams_counted_some_at_a_time_are_those_counted_at_once(tables, monkeypatch):
    whole = reused_sentences(tables)
    monkeypatch.setattr("gongkai.measure.wording.grams.HELD", 500)
    monkeypatch.setattr("gongkai.measure.wording.grams.ROWS", 7)
    pd.testing.assert_frame_equal(reused_sentences(tables), whole)
