import pytest

from gongkai.report.agency import identify
from gongkai.report.dates import parse_year


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("2019", 2019),
        ("二〇一九", 2019),
        ("二○一七", 2017),
        ("二0一七", 2017),
        ("二零一九", 2019),
        ("二OO八", 2008),
        ("二〇二〇", 2020),
        ("2O19", 2019),
        ("二◯一九", 2019),
        ("3019", None),
    ],
)
def test_years(text, year):
    assert parse_year(text) == year


def test_a_contradicting_period_is_a_problem():
    found = identify(
        "云汀市民政局2021年政府信息公开工作年度报告", ["统计期限自2020年1月1日起至2020年12月31日止。"]
    )
    assert found.year == 2021
    assert "2020" in found.problems[0]


@pytest.mark.parametrize(
    ("lines", "date"),
    [
        (["发布时间：2022-01-24 09:21 来源：本站"], "2022-01-24"),
        (["正文", "2022年1月24日"], "2022-01-24"),
        (["正文", "二〇二二年一月二十四日"], "2022-01-24"),
        (["正文提到2022年1月24日召开会议。"], None),
        (["作者：办公室 | 2022-01-24", "一、总体情况"], "2022-01-24"),
        (["2022-01-24 10:20 云汀市民政局", "一、总体情况"], "2022-01-24"),
        (["（2021年3月2日）", "一、总体情况"], None),
        (["一、总体情况", "完成时限：2022年6月30日"], None),
    ],
)
def test_publication_date(lines, date):
    assert identify("云汀市民政局2021年政府信息公开工作年度报告", lines).published == date


TITLE = "云汀市民政局{}政府信息公开工作年度报告"


@pytest.mark.parametrize(
    "printed",
    [
        "2019年", "2019年度", "2019年年度", "2019年度年度", "2019", "２０１９年".translate(str.maketrans("０１２９", "0129")),
        "二〇一九年", "二0一九年", "二零一九年", "二○一九年度", "二O一九年", "2O19年", "2019 年",
    ],
)  # fmt: skip
def test_spellings_of_the_year_in_a_title(printed):
    found = identify(TITLE.format(printed), [])
    assert (found.agency, found.year, found.problems) == ("云汀市民政局", 2019, ())


PERIOD = "统计期限自{0}年1月1日起至{0}年12月31日止。"


@pytest.mark.parametrize(
    ("title", "period", "printed", "year", "problem"),
    [
        ("2019年", "2019", "2020年1月20日", 2019, None),
        ("2019年", "2018", "2020年1月20日", 2019, "the title says 2019, the reporting period 2018"),
        ("2019年", "2018", "2019年1月20日", 2018, "the title says 2019, the reporting period 2018"),
        ("2019年", "2018", "", 2019, "2019 was taken"),
        ("", "2019", "2020年1月20日", 2019, None),
        ("", "二〇一九", "", 2019, None),
        ("", "", "2020年1月20日", None, "so probably 2019"),
        ("", "", "", None, "set it with --about"),
        ("2018年2019年", "2019", "", 2019, "names several years"),
        ("2019年", "2019", "2019年1月20日", 2019, "published on 2019-01-20; both are kept"),
        ("2019年", "", "2019年1月20日", 2019, "the title says 2019, but it was published on 2019-01-20"),
        ("2019年", "2019", "2019年12月28日", 2019, None),
        ("2019年", "2019", "2023年5月8日", 2019, None),
    ],
)
def test_title_against_period_against_date(title, period, printed, year, problem):
    lines = [line for line in (PERIOD.format(period) if period else "", printed) if line]
    found = identify(TITLE.format(title), lines)
    assert found.year == year
    assert (problem in "".join(found.problems)) if problem else found.problems == ()


@pytest.mark.parametrize(
    ("page", "signed", "published", "said"),
    [
        ("2020-01-22", "2020年1月20日", "2020-01-22", False),
        ("2020-01-22", "2019年1月20日", "2020-01-22", True),  # last year's number, as one writes in January
        ("2023-10-09", "2020年1月20日", "2020-01-20", True),  # a page moved to a new site
        ("2023-10-09", "二〇二〇年一月二十日", "2020-01-20", True),
        ("2020-01-22", "2023-10-09", "2020-01-22", False),  # a list of news behind the report
    ],
)
def test_page_against_signature(page, signed, published, said):
    found = identify(TITLE.format("2019年"), [f"发布时间：{page} 09:21", "正文。", signed])
    assert (found.year, found.published) == (2019, published)
    assert any(f"the page is dated {page}" in p for p in found.problems) == said


def test_the_years_that_growth_is_told_against_are_not_the_period():
    lines = ["2019年收到申请8件，比2018年多3件。", "数据自二〇一九年一月一日至十二月三十一日。"]
    assert identify(TITLE.format(""), lines).year == 2019
