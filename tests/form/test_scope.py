from types import SimpleNamespace

import pytest

from gongkai.form.prose import narrative_checks
from gongkai.form.scope import find_scope


def sentences(*texts, section="preamble"):
    return [SimpleNamespace(section=section, text=text) for text in texts]


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("本报告由云汀区人民政府办公室汇总全区各镇街和各部门的年度报告编制而成。", "whole"),
        ("本报告综合了全市各级行政机关的年度报告。", "whole"),
        ("对各县（市、区）政府和市政府各部门2021年的情况进行了汇总，编制本报告。", "whole"),
        ("本报告根据5个县区和44个市政府部门报送的统计表汇总编制。", "whole"),
        ("本报告涵盖市政府及各县（区）政府的情况。", "whole"),
        ("报告反映的是局机关2021年的情况。", "own"),
        ("本报告数据只统计局机关和3个直属单位，不含县区财政部门。", "own"),
        ("云汀县教育局汇总机关各股室情况，编制本报告。", None),
        ("本报告由云汀市民政局编制，统计期限为2021年1月1日至12月31日。", None),
        ("要求各县区、各部门今后凡发文必须标注公开属性。", None),
        ("内容包括总体情况、主动公开、依申请公开。", None),
    ],
)
def test_what_the_preamble_says(text, scope):
    assert find_scope(sentences(text), "government") == scope


def test_whose_requests_a_government_counts_tells_where_nothing_else_does():
    counted = sentences("全市共收到政府信息公开申请84件。", section="overview")
    assert find_scope(counted, "government") == "whole"
    assert find_scope(counted, "department") is None
    assert find_scope(sentences("市政府本级收到申请8件。", section="requests"), "government") == "own"


def test_how_it_was_made_wins_over_what_it_counts():
    told = sentences("报告反映的是局机关的情况。") + sentences("全市共收到申请84件。", section="overview")
    assert find_scope(told, "government") == "own"


def test_a_summary_mentioned_later_on_says_nothing():
    told = sentences("一。", "二。", "三。", "据汇总，全市各级行政机关新收申请1046件。", section="overview")
    assert find_scope(told, "office") is None


@pytest.mark.parametrize(
    ("scope", "kind", "holds"),
    [
        ("whole", "department", False),
        ("own", "government", None),
        (None, "department", None),
        (None, "government", False),
    ],
)
def test_a_number_of_the_whole_is_an_error_only_where_the_tables_count_the_whole(scope, kind, holds):
    cells = {("requests", "new_requests", "total"): (3.0, "page 1")}
    told = [("overview", "", "全市共收到政府信息公开申请9件。")]
    (check,) = narrative_checks(cells, told, {"kind": kind, "scope": scope})
    assert check.holds is holds
