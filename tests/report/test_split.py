"""What is cut, and what only looks like a second report. Agencies are invented."""

import pytest

from gongkai.problem import Problem
from gongkai.readers.document import Cell, Document, Grid, Paragraph
from gongkai.report.file import LEAST_HEADINGS, split_reports

HEADINGS = [
    "一、总体情况",
    "二、主动公开政府信息情况",
    "三、收到和处理政府信息公开申请情况",
    "四、政府信息公开行政复议、行政诉讼情况",
    "五、存在的主要问题及改进情况",
    "六、其他需要报告的事项",
]
TABLE = Grid(((Cell("制发件数"), Cell("3")),))


def title(agency, year):
    return f"{agency}{year}年政府信息公开工作年度报告"


def report(agency="云汀市水务局", year=2021, headings=6):
    return [title(agency, year), *(line for h in HEADINGS[:headings] for line in (h, "公开水情通报6则。"))]


DAMAGE = Problem("characters_lost", "2 bytes damaged")


def document(*lines, problems=()):
    blocks = tuple(Paragraph(line) if isinstance(line, str) else line for line in lines)
    return Document("全部.txt", "d1", "txt", blocks, problems)


def first_lines(parts):
    return [part.blocks[0].text for part in parts]


@pytest.mark.parametrize(
    "other", [("云汀市水务局", 2020), ("云汀市审计局", 2021), ("云汀市审计局", 2020)], ids=str
)
def test_a_file_is_cut_before_a_title_of_another_agency_or_year(other):
    parts = split_reports(document(*report(), *report(*other)))
    assert first_lines(parts) == [title("云汀市水务局", 2021), title(*other)]


def test_no_block_is_lost_or_moved_and_a_table_stays_with_its_report():
    whole = document("云汀市政府网站", *report(), TABLE, *report(year=2020), TABLE, "打印本页")
    parts = split_reports(whole)
    assert [b for part in parts for b in part.blocks] == list(whole.blocks)
    assert [part.blocks[-1] for part in parts] == [TABLE, Paragraph("打印本页")]
    assert first_lines(parts)[0] == "云汀市政府网站"


def test_parts_tell_their_number_and_keep_what_else_is_known_of_the_file():
    whole = document(*report(), *report(year=2020), *report(year=2019), problems=(DAMAGE,))
    parts = split_reports(whole)
    assert [p.problems for p in parts] == [
        (Problem("several", f"report {n} of 3 in this file"), DAMAGE) for n in (1, 2, 3)
    ]
    assert {(p.path, p.media_type) for p in parts} == {("全部.txt", "txt")}


def test_digests_differ_from_each_other_and_the_files_own_and_are_the_same_again():
    whole = document(*report(), *report(year=2020))
    digests = [p.digest for p in split_reports(whole)]
    assert len({*digests, whole.digest}) == 3
    assert [p.digest for p in split_reports(whole)] == digests


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([], id="nothing"),
        pytest.param(report(), id="one"),
        pytest.param([title("云汀市水务局", 2020), *report()], id="link in front"),
        pytest.param([*report(), f"上一篇：{title('云汀市水务局', 2020)}"], id="link behind"),
        pytest.param([title("云汀市审计局", y) for y in (2018, 2019, 2020)] + report(), id="list of links"),
        pytest.param(
            [*report(), title("云汀市审计局", 2021), "附件：统计表", title("云汀市民政局", 2021)],
            id="list of links behind",
        ),
        pytest.param(
            [*report(headings=5), f"我局已发布{title('云汀市水务局', 2020)}。", *HEADINGS[5:]], id="mention"
        ),
        pytest.param(
            [x for h in HEADINGS for x in (title("云汀市水务局", 2021), h, "共6则。")], id="running head"
        ),
    ],
)
def test_a_file_with_one_report_or_none_is_given_back_as_it_is(lines):
    whole = document(*lines)
    assert split_reports(whole) == [whole]


def test_a_running_head_belongs_to_the_report_it_stands_in():
    def headed(year):
        return [x for h in HEADINGS for x in (title("云汀市水务局", year), h, "共6则。")]

    parts = split_reports(document(*headed(2020), *headed(2021)))
    assert [len(p.blocks) for p in parts] == [18, 18]
    assert first_lines(parts) == [title("云汀市水务局", 2020), title("云汀市水务局", 2021)]


@pytest.mark.parametrize(("headings", "count"), [(LEAST_HEADINGS - 1, 1), (LEAST_HEADINGS, 2)])
def test_a_title_needs_sections_of_its_own(headings, count):
    assert len(split_reports(document(*report(), *report(year=2020, headings=headings)))) == count


def test_years_in_chinese_numerals_tell_reports_apart():
    first, second = (title("云汀市水务局", y) for y in ("二〇一九", "二〇二〇"))
    parts = split_reports(document(first, *report()[1:], second, *report()[1:]))
    assert first_lines(parts) == [first, second]


def test_traditional_characters_are_cut_too():
    def traditional(year):
        return [
            f"雲汀市水務局{year}年政府資訊公開工作年度報告",
            "一、總體情況",
            "二、主動公開政府信息情況",
            "三、收到和處理政府信息公開申請情況",
            "五、存在的主要問題及改進情況",
        ]

    parts = split_reports(document(*traditional(2020), *traditional(2021)))
    assert [p.blocks[0].text[6:10] for p in parts] == ["2020", "2021"]
