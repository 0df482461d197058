"""Another's name left in: places by code, agencies held, years of period and title."""

import pandas as pd

from gongkai.measure.wording.mentions import mentions
from gongkai.tables.parts import read_table


def found_in(*texts, agency="南京市鼓楼区教育局", code="320106", others=()):
    rows = [(f"s{i}", "r", agency, 2023, "overview", t, code) for i, t in enumerate(texts)]
    rows += [
        (f"o{i}", f"o{i}", name, 2023, "overview", "本局工作平稳。", None) for i, name in enumerate(others)
    ]
    columns = ["sentence_id", "report_id", "agency", "year", "section", "text", "region_code"]
    found = mentions(pd.DataFrame(rows, columns=columns))
    return list(zip(found["what"], found["mentioned"], strict=True))


def test_a_county_of_elsewhere_is_found_and_kin_is_not():
    assert found_in("组织泗洪县各学校公开收费标准。") == [("place", "泗洪县")]
    assert found_in("江苏省和南京市的要求均已落实。", "鼓楼区教育局按期公开。") == []


def test_a_place_that_was_visited_is_no_slip():
    assert found_in("全年两次赴苏州市学习经验。", "与徐州市结对。") == []


def test_the_whole_region_of_a_province_may_be_named_by_the_province():
    assert found_in("对扬州市开展督查。", agency="江苏省人民政府", code="320000") == []


def test_another_agency_that_is_held():
    assert found_in(
        "泗洪县民政局对外公开了名单。", agency="南京市鼓楼区教育局", code=None, others=["泗洪县民政局"]
    ) == [("agency", "泗洪县民政局")]


def test_a_township_names_another_township():
    """Written before the rule was run on it: slips, and what is none."""
    own = {
        "agency": "泗洪县柳泉镇人民政府",
        "code": "321324",
        "others": ["泗洪县青阳街道办事处", "双沟镇人民政府", "睢宁县大古邳镇人民政府", "泗洪县民政局"],
    }
    assert found_in("双沟镇各村居公开财务收支。", **own) == [("place", "双沟镇")]
    assert found_in("2023年，青阳街道主动公开信息120条。", **own) == [("place", "青阳街道")]
    assert found_in("双沟镇人民政府严格执行三审三校。", **own) == [("agency", "双沟镇人民政府")]
    assert found_in("泗洪县青阳街道办事处对外公开名单。", **own) == [("agency", "泗洪县青阳街道办事处")]
    slips = ("大古邳镇党政办统一上传。", "我镇（双沟镇）按月更新。", "由柳泉镇、双沟镇党政办负责。")
    assert [what for what, _ in found_in(*slips, **own)] == ["place"] * 3
    assert not found_in(
        "全镇、各乡镇、本镇均已公开。",
        "柳泉镇人民政府和柳泉镇党政办。",
        "赴双沟镇学习。",
        "与青阳街道结对。",
        **own,
    )
    bureau = own | {"agency": "泗洪县民政局"}
    assert not found_in("双沟镇人民政府、柳泉镇按月公示低保名单。", **bureau)


def test_the_year_of_the_period_and_of_the_title_but_not_of_a_comparison():
    assert found_in("数据统计期限自2022年1月1日起至2022年12月31日止。") == [("year", "2022")]
    assert found_in("现公布2022年政府信息公开工作年度报告。", "比2022年增长三成。") == [("year", "2022")]
    assert found_in("数据统计期限自2023年1月1日起至12月31日止。") == []


def test_nothing_is_found_in_the_tiny_corpus(tables):
    assert mentions(read_table(tables, "sentences")).empty


def of_two_counties(*texts, agency="泗洪县民政局", code="321324"):
    """Names found in `texts`; held beside them: a township and a bureau of another county."""
    held = [
        ("睢宁县大古邳镇人民政府", "320324", "本镇工作平稳。"),
        ("睢宁县教育局", "320324", "岚山镇、姚集镇、梁集镇和桃园镇的学校均已公开。"),
        ("睢宁县民政局", "320324", "由各乡镇、各街道和城镇、村镇办理，东镇、和平镇及普及镇除外。"),
        ("泗洪县教育局", "321324", "双沟镇、归仁镇、梁集镇的学校均已公开。"),
    ]
    rows = [(f"s{i}", "r", agency, 2023, "overview", t, code) for i, t in enumerate(texts)]
    rows += [(f"o{i}", f"o{i}", a, 2023, "overview", t, c) for i, (a, c, t) in enumerate(held)]
    columns = ["sentence_id", "report_id", "agency", "year", "section", "text", "region_code"]
    found = mentions(pd.DataFrame(rows, columns=columns))
    return [*zip(found["what"], found["mentioned"], strict=True)]


def test_a_county_names_a_township_of_another():
    """Written before the rule was run on it: a township held, or listed by another county's report."""
    slips = ["督促大古邳镇按月更新。", "全县桃园镇等12个乡镇公开了低保名单。", "姚集镇党政办负责上传。"]
    assert of_two_counties(*slips) == [("place", "大古邳镇"), ("place", "桃园镇"), ("place", "姚集镇")]
    own = [
        "归仁镇按月公开。",
        "梁集镇按月公开。",
        "赴姚集镇学习。",
        "全县各乡镇、各街道、城镇均已公开。",
        "魏营镇已公开。",
    ]
    assert of_two_counties(*own) == []  # its own, of both, visited, no name, of no one
    assert of_two_counties("桃园镇已公开。", agency="徐州市民政局", code="320300") == []
    assert of_two_counties("桃园镇已公开。", agency="宿迁市民政局", code="321300") == [("place", "桃园镇")]


def test_without_codes_counties_of_different_names_lie_apart():
    assert of_two_counties("桃园镇已公开。", agency="云汀县民政局", code=None) == [("place", "桃园镇")]
    assert of_two_counties("桃园镇已公开。", agency="云汀市民政局", code=None) == []
