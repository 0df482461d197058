import pytest

from gongkai.report.agency import agency_in_title, identify


@pytest.mark.parametrize(
    ("title", "agency"),
    [
        ("云汀市民政局2021年政府信息公开工作年度报告", "云汀市民政局"),
        ("2019年云汀市民政局政府信息公开工作年度报告", "云汀市民政局"),
        ("关于云汀市民政局2019年度政府信息公开年度报告", "云汀市民政局"),
        ("云汀市槐桥县人民政府办公室2020年政府信息公开工作年度报告", "云汀市槐桥县人民政府办公室"),
        ("国家税务总局云汀市税务局2022年政府信息公开工作年度报告", "国家税务总局云汀市税务局"),
        ("2021年云汀市人民政府信息公开工作年度报告", "云汀市人民政府"),
        ("云汀市2019年年度政府信息公开年度报告", "云汀市人民政府"),
        ("二〇一九年度云汀市民政局政府信息公开年度报告", "云汀市民政局"),
        ("洪泽区蒋坝镇2021年政府信息公开工作年度报告", "洪泽区蒋坝镇人民政府"),
        ("浦东新区2021年政府信息公开工作年度报告", "浦东新区人民政府"),
        ("2021年政府信息公开工作年度报告", None),
        ("我局2021年政府信息公开工作年度报告", None),
    ],
)
def test_agency_in_title(title, agency):
    assert agency_in_title(title) == agency


@pytest.mark.parametrize(
    ("agency", "kind", "level"),
    [
        ("云汀市人民政府", "government", "city"),
        ("云汀市人民政府办公室", "office", "city"),
        ("云汀市教育局", "department", "city"),
        ("槐桥县柳渡镇人民政府", "township", "township"),
        ("云汀市槐桥区望江街道办事处", "street", "township"),
        ("云汀市经济技术开发区管理委员会", "development_zone", "city"),
        ("国家税务总局云汀市税务局", "vertical", "city"),
        ("云汀省统计局", "department", "province"),
    ],
)
def test_kind_and_level(agency, kind, level):
    found = identify(f"{agency}2021年政府信息公开工作年度报告", [])
    assert (found.agency, found.kind, found.level, found.year) == (agency, kind, level, 2021)


def test_codes_follow_the_year():
    """洪泽 was a county of 淮安 until 2016 and a district since."""
    county = identify("洪泽县人民政府2014年政府信息公开工作年度报告", [])
    district = identify("洪泽区人民政府2023年政府信息公开工作年度报告", [])
    assert (county.region_code, district.region_code) == ("320829", "320813")
    assert identify("洪泽区人民政府2014年政府信息公开工作年度报告", []).region_code is None


def test_ambiguous_divisions_are_null_with_candidates():
    found = identify("朝阳区人民政府2020年政府信息公开工作年度报告", [])
    assert found.region_code is None
    assert "110105" in found.problems[0]
    assert "220104" in found.problems[0]


def test_the_text_may_settle_what_the_name_leaves_open():
    found = identify(
        "朝阳区人民政府2020年政府信息公开工作年度报告", ["长春市朝阳区人民政府根据条例编制本报告。"]
    )
    assert found.region_code == "220104"


def test_the_preamble_names_the_agency_when_the_title_does_not():
    found = identify("2021年政府信息公开工作年度报告", ["本报告由云汀市民政局根据《条例》编制。"])
    assert found.agency == "云汀市民政局"


def test_a_short_name_without_a_place_is_written_out_as_the_index_block_has_it():
    lines = ["发布机构：云汀市人力资源和社会保障局", "市人社局2021年政府信息公开工作年度报告"]
    assert identify(lines[1], lines).agency == "云汀市人力资源和社会保障局"
    assert identify(lines[1], ["发布机构：云汀市财政局", lines[1]]).agency == "市人社局"


def test_two_agencies_that_the_text_sets_apart():
    title = "甲澧县国家税务局甲澧县地方税务局2012年政府信息公开工作年度报告"
    found = identify(title, [title, "本报告由甲澧县国家税务局、甲澧县地方税务局联合编制。"])
    assert found.agency == "甲澧县国家税务局、甲澧县地方税务局"


def test_a_mark_inside_a_name_stays():
    title = "云汀·甲澧开发区管委会2021年政府信息公开工作年度报告"
    assert identify(title, [title, "云汀·甲澧开发区管委会编制了本报告。"]).agency == "云汀·甲澧开发区管委会"


def test_nothing_found_is_null_and_said():
    found = identify("", ["一段没有署名的文字。"])
    assert (found.agency, found.year, found.region_code) == (None, None, None)
    assert len(found.problems) == 2


def test_a_division_is_not_cut_out_of_a_longer_name():
    lines = ["请与甲澧县白杨垦殖场联系。", "甲澧县白杨垦殖场编制。"]
    assert identify("白杨垦殖场2023年政府信息公开工作年度报告", lines).agency == "白杨垦殖场"


def test_the_name_below_a_title_is_whose_it_is():
    lines = ["2020年度信息公开工作年度报告", "甲岭农林学院", "现将工作总结如下。"]
    assert identify("2020年度信息公开工作年度报告", lines).agency == "甲岭农林学院"


def test_a_province_named_before_its_department_is_its():
    lines = ["现公布贵州省山区振兴厅2012年度报告。"]
    assert identify("省山区振兴厅2012年度政府信息公开工作报告", lines).agency == "贵州省山区振兴厅"
