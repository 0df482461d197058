"""Kind, level, region and code of real, well-known divisions' agencies (names only)."""

import pytest

from gongkai.report.agency import identify
from gongkai.report.places import FIRST, LAST, find_place, regions, split_divisions

NAMES = """
江苏省人民政府 government province
淮安市人民政府 government city
洪泽区人民政府 government county
北京市人民政府 government province
阿克苏地区行政公署 government city
延边朝鲜族自治州人民政府 government city
锡林郭勒盟行政公署 government city
新疆维吾尔自治区人民政府 government province
上海市浦东新区人民政府 government county
三江侗族自治县人民政府 government county
鄂伦春自治旗人民政府 government county
神农架林区人民政府 government county
景德镇市人民政府 government city
芒市人民政府 government county
国务院办公厅 office nation
江苏省人民政府办公厅 office province
淮安市人民政府办公室 office city
盱眙县政府办 office county
阿克苏地区行政公署办公室 office city
江苏省教育厅 department province
淮安市公安局 department city
淮安市国有资产监督管理委员会 department city
北京市城市管理委员会 department province
淮安市地方金融监督管理局 department city
淮安市市场监督管理局 department city
淮安市住房公积金管理中心 department city
洪泽区住房和城乡建设局 department county
浦东新区民政局 department county
淮安市残疾人联合会 department city
淮安市城市管理综合行政执法支队 department city
国家税务总局 department nation
海关总署 department nation
中国气象局 department nation
国家统计局 department nation
审计署 department nation
生态环境部 department nation
国家发展和改革委员会 department nation
洪泽区蒋坝镇人民政府 township township
禄劝彝族苗族自治县翠华镇人民政府 township township
镇江市丹徒区高桥镇人民政府 township township
鄂尔多斯市乌审旗苏力德苏木人民政府 township township
淮安市清江浦区长西街道办事处 street township
攀枝花市东区炳草岗街道办事处 street township
红旗街道办事处 street township
苏州工业园区管理委员会 development_zone city
南京江北新区管理委员会 development_zone city
昆明市高新技术产业开发区管委会 development_zone city
雄安新区管理委员会 development_zone -
国家税务总局淮安市税务局 vertical city
国家税务总局江苏省税务局 vertical province
国家税务总局淮安市洪泽区税务局 vertical county
淮安市国家税务局 vertical city
国家税务总局上海市浦东新区税务局 vertical county
南京海关 vertical province
拱北海关 vertical province
中华人民共和国南京海关 vertical province
江苏省气象局 vertical province
盱眙县气象局 vertical county
淮安市邮政管理局 vertical city
江苏省烟草专卖局 vertical province
淮安市烟草专卖局 vertical city
国家金融监督管理总局江苏监管局 vertical province
江苏银保监局 vertical province
中国证券监督管理委员会江苏监管局 vertical province
国家统计局江苏调查总队 vertical province
国家统计局吉林调查总队 vertical province
江苏海事局 vertical province
连云港海事局 vertical city
淮安市消防救援支队 vertical city
江苏省消防救援总队 vertical province
江苏省通信管理局 vertical province
江苏省地震局 vertical province
上海出入境边防检查总站 vertical province
中国人民银行江苏省分行 vertical province
国家能源局江苏监管办公室 vertical province
财政部江苏监管局 vertical province
国家矿山安全监察局山西局 vertical province
民航华东地区管理局 vertical -
水利部太湖流域管理局 vertical -
"""


def whose(agency, *lines, year=2021):
    return identify(f"{agency}{year}年政府信息公开工作年度报告", lines)


@pytest.mark.parametrize("row", NAMES.strip().splitlines())
def test_kind_and_level(row):
    agency, kind, level = row.split()
    found = whose(agency)
    assert (found.agency, found.kind, found.level or "-") == (agency, kind, level)


@pytest.mark.parametrize(
    ("name", "divisions"),
    [
        ("南京市鼓楼区人民政府", ["南京市", "鼓楼区"]),
        ("国家税务总局上海市浦东新区税务局", ["上海市", "浦东新区"]),
        ("上海浦东新区税务局", ["上海市", "浦东新区"]),
        ("镇江市丹徒区高桥镇人民政府", ["镇江市", "丹徒区"]),
        ("乐山市市中区人民政府", ["乐山市", "市中区"]),
        ("鼓楼街道办事处", []),
        ("红旗街道办事处", []),
        ("东区街道办事处", []),
        ("淮安经济技术开发区管理委员会", []),
    ],
)
def test_divisions_in_front_of_a_name(name, divisions):
    assert split_divisions(name) == divisions


AMBIGUOUS = {
    "朝阳区": ("110105", "220104"),
    "鼓楼区": ("320106", "320302", "350102", "410204"),
    "城关区": ("540102", "620102"),
    "市中区": ("370103", "370402", "511002", "511102"),
    "永定区": ("350803", "430802"),
    "通州区": ("110112", "320612"),
    "城区": ("140302", "140502", "441502"),
}


@pytest.mark.parametrize("region", AMBIGUOUS)
def test_a_name_that_several_divisions_have_is_null_with_all_candidates(region):
    found = whose(f"{region}人民政府", "区人民政府认真贯彻落实《条例》，赴北京市学习，与南京市交流。")
    assert (found.region, found.region_code, found.level) == (region, None, "county")
    (problem,) = found.problems
    for code in AMBIGUOUS[region]:
        assert code in problem


def shared_names(year):
    """Return the names that several divisions have in a year, with those divisions."""
    living = {name: [r for r in found if r.exists(year)] for name, found in regions().items()}
    return {name: found for name, found in living.items() if len({r.code for r in found}) > 1}


def test_only_districts_share_a_name_so_a_county_needs_no_hint():
    shared = set().union(*(shared_names(year) for year in range(FIRST, LAST + 1)))
    assert {"朝阳区", "鼓楼区", "新城区", "通州区", "永定区"} <= shared
    assert [name for name in sorted(shared) if not name.endswith("区")] == []


@pytest.mark.parametrize("year", [2008, 2014, 2021])
def test_every_county_has_the_code_of_its_year_by_its_name_alone(year):
    wrong = []
    for name, found in regions().items():
        (*_, code) = {r.code for r in found if r.exists(year)} or [None]
        if code and name.endswith("县"):
            settled = find_place(f"{name}人民政府", "government", year, [])
            if settled != ("county", name, code, None):
                wrong.append(settled)
    assert wrong == []


@pytest.mark.parametrize("year", [2008, 2014, 2021])
def test_every_shared_name_is_null_with_all_candidates_and_settled_by_a_parent(year):
    for name, found in shared_names(year).items():
        agency = f"{name}人民政府"
        *open_, problem = find_place(agency, "government", year, [])
        assert open_ == ["county", name, None]
        assert all(str(r) in problem for r in found), problem
        for r in found:
            for parent in (r.province + r.city, r.city or r.province):
                site = f"{parent}{name}人民政府门户网站"
                assert find_place(agency, "government", year, [site]) == ("county", name, r.code, None), site


@pytest.mark.parametrize(
    ("agency", "lines", "code"),
    [
        ("永定县人民政府", [], "350822"),
        ("永定区人民政府", [], "430802"),
        ("永定县教育局", ["地址：张家界市永定区"], "350822"),
        ("普安县人民政府", [], "522323"),
        ("普安县人民政府", ["县长赴永定区学习经验。"], "522323"),
    ],
)
def test_a_county_is_not_mistaken_for_a_district_of_another_province(agency, lines, code):
    """Before 2014 永定县 lay in 福建, 永定区 in 湖南 only."""
    found = whose(agency, *lines, year=2012)
    assert (found.region_code, found.problems) == (code, ())


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["统计范围：市辖区"], None),
        (["重庆市"], "500105"),
        (["浙江省"], "330205"),
        (["宁波市市辖区江北区"], "330205"),
        (["浙江省宁波市江北区", "友情链接：重庆市"], "330205"),
        (["浙江省", "重庆市"], None),
        (["宁波市", "浙江省", "重庆市"], "330205"),
    ],
)
def test_a_district_of_a_municipality_is_no_more_likely_than_one_of_a_city(lines, code):
    """The table's word for its city, 市辖区, is no hint; the municipality counts as a province, as in lists of links."""
    assert whose("江北区人民政府", *lines).region_code == code


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("本报告由南京市鼓楼区人民政府编制。", "320106"),
        ("当前位置：首页 > 徐州市 > 鼓楼区", "320302"),
        ("福州市鼓楼区人民政府门户网站", "350102"),
        ("地址：河南省开封市鼓楼区解放路1号", "410204"),
        ("区人民政府按照江苏省的要求开展工作。", None),
        ("主办单位：江苏省某某中心", None),
        ("区人民政府赴南京市鼓楼区学习经验。", None),
        ("南京市鼓楼区人民政府、徐州市鼓楼区人民政府", None),
    ],
)
def test_only_what_the_document_prints_of_the_parent_decides(line, code):
    assert whose("鼓楼区人民政府", line).region_code == code


def test_a_street_whose_district_is_not_named_has_no_region():
    found = whose("鼓楼街道办事处", "辖区面积3平方公里。")
    assert (found.kind, found.level, found.region, found.region_code) == ("street", "township", None, None)
    assert "鼓楼街道办事处: no division above it is named" in found.problems[0]
    assert whose("鼓楼街道办事处", "本报告由鼓楼区鼓楼街道办事处编制。").region_code is None
    named = whose("鼓楼街道办事处", "本报告由鼓楼区鼓楼街道办事处编制。", "南京市鼓楼区人民政府门户网站")
    assert (named.region, named.region_code) == ("鼓楼区", "320106")


@pytest.mark.parametrize(
    ("agency", "year", "code", "problem"),
    [
        ("襄樊市人民政府", 2009, "420600", None),
        ("襄樊市人民政府", 2010, "420600", "given up in 2010"),
        ("襄樊市人民政府", 2012, None, "2000-2009"),
        ("襄阳市人民政府", 2011, "420600", None),
        ("襄阳市人民政府", 2008, None, "2010-2024"),
        ("莱芜市人民政府", 2016, "371200", None),
        ("莱芜市人民政府", 2018, "371200", "given up in 2018"),
        ("莱芜市人民政府", 2020, None, "371200"),
        ("莱芜区人民政府", 2019, "370116", None),
        ("济南市莱芜区人民政府", 2022, "370116", None),
        ("巢湖市人民政府", 2009, "341400", None),
        ("巢湖市人民政府", 2015, "340181", None),
        ("密云县人民政府", 2014, "110228", None),
        ("密云区人民政府", 2016, "110118", None),
        ("楚州区人民政府", 2009, "320803", None),
        ("淮安区人民政府", 2015, "320803", None),
        ("通州区人民政府", 2008, "110112", None),
        ("即墨区人民政府", 2020, "370215", None),
    ],
)
def test_codes_are_those_of_the_year_of_the_report(agency, year, code, problem):
    found = whose(agency, year=year)
    assert found.region_code == code
    assert (problem in found.problems[0]) if problem else found.problems == ()


def test_levels_follow_the_year():
    assert [whose("巢湖市人民政府", year=y).level for y in (2009, 2015)] == ["city", "county"]


@pytest.mark.parametrize(
    ("agency", "lines", "region"),
    [
        ("淮安海关", [], None),
        ("淮安海关", ["淮安市淮海东路1号"], "淮安市"),
        ("西安高新区管理委员会", [], None),
        ("太湖流域管理局", [], None),
        ("国家统计局盱眙调查队", ["地址：盱眙县淮河北路"], "盱眙县"),
        ("国家统计局吉林调查总队", [], "吉林省"),
    ],
)
def test_a_division_cut_short_is_taken_from_the_text_or_if_only_one_city_can_be_meant(agency, lines, region):
    found = whose(agency, *lines)
    assert found.region == region
    assert bool(found.problems) == (region is None)


def test_invented_divisions_have_no_code_and_no_problem():
    found = whose("云汀市民政局")
    assert (found.region, found.level, found.region_code, found.problems) == ("云汀市", "city", None, ())
