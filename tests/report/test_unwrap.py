import textwrap

import pytest

from gongkai.report.outline import Line, plain_ordinal
from gongkai.report.unwrap import sections_apart, unwrap
from gongkai.text.grammar import columns

PROSE = (
    "2021年，我局坚持以公开为常态、不公开为例外，全年通过门户网站主动公开救助标准、慈善捐赠收支等各类信息412条，"
    "办理依申请公开7件，均在法定期限内答复，未发生行政复议和行政诉讼，群众满意度进一步提高。"
)
HEADINGS = ["一、总体情况", "（一）主动公开情况", "二、主动公开政府信息情况"]


def pieces(*lines, page=None):
    return [Line(line, page) for line in lines]


def texts(found):
    return [piece.text for piece in found]


def wrapped(text, width):
    return textwrap.wrap(text, width, break_long_words=True)


@pytest.mark.parametrize("width", [20, 28, 40, 60, 100])
def test_wrapped_prose_is_joined_and_headings_stand_alone(width):
    lines = [HEADINGS[0], *wrapped(PROSE, width), *wrapped(PROSE, width), HEADINGS[2], *wrapped(PROSE, width)]
    assert texts(unwrap(pieces(*lines))) == [HEADINGS[0], PROSE, PROSE, HEADINGS[2], PROSE]


@pytest.mark.parametrize("bullet", "●■◆▲▼★☆•○◇□▪►◎※")
def test_a_bullet_opens_a_point_and_a_heading(bullet):
    lines = ["存在的问题：栏目更新不及时", f"{bullet} 解读不够", f"{bullet}回应不够"]
    assert texts(unwrap(pieces(*lines))) == lines
    assert plain_ordinal(f"{bullet} （一）主动公开情况") == "（一）主动公开情况"


@pytest.mark.parametrize("margin", [0, 3, 12])
def test_a_left_margin_of_spaces_is_no_indent(margin):
    """As pdfplumber's layout prints it; the first line of each paragraph stands four further in."""
    before = " " * margin
    paragraph = [before + ("    " if not n else "") + line for n, line in enumerate(wrapped(PROSE, 29))]
    lines = [f"{before}    {HEADINGS[0]}", *paragraph, *paragraph, *paragraph]
    assert [text.strip() for text in texts(unwrap(pieces(*lines)))] == [HEADINGS[0], PROSE, PROSE, PROSE]


def test_blank_lines_between_all_lines_do_not_matter():
    lines = [x for line in [*wrapped(PROSE, 28), *wrapped(PROSE, 28)] for x in (line, "")]
    assert texts(unwrap(pieces(*lines))) == [PROSE, PROSE]


def test_short_lines_that_nothing_wrapped_stay():
    lines = [*HEADINGS[:2], "全年公开信息3条。", HEADINGS[2], "见下表", "注：无。"]
    assert texts(unwrap(pieces(*lines))) == lines


def test_a_page_mark_inside_a_sentence_goes():
    first, *rest = wrapped(PROSE, 28)
    lines = [first, "- 3 -", *rest, *wrapped(PROSE, 28)]
    assert texts(unwrap(pieces(*lines))) == [PROSE, PROSE]


def test_a_running_head_and_what_a_browser_prints_go():
    printed = "2024/1/30 17:20 某局2023年报告", "https://example.cn/a.html 1/3"
    found = [
        Line(text, page)
        for page in (1, 2, 3)
        for text in (printed[0], "某局政务公开", f"正文{page}。", printed[1])
    ]
    assert texts(unwrap(found)) == ["正文1。", "正文2。", "正文3。"]


def test_a_figure_on_a_line_of_its_own_belongs_to_its_sentence():
    assert texts(unwrap(pieces("我局", "2023", "年公开信息", "39", "条。"))) == ["我局2023年公开信息39条。"]


def test_a_bracket_or_a_law_cut_in_two_is_joined():
    lines = ["依据《中华人民共和国政府信息公", "开条例》编制（电话", "0000-1234567）。"]
    assert texts(unwrap(pieces(*lines))) == [
        "依据《中华人民共和国政府信息公开条例》编制（电话0000-1234567）。"
    ]


def test_a_page_in_one_line_is_cut_at_its_official_titles():
    line = (
        "某镇2022年政府信息公开工作年度报告 一、总体情况 " + PROSE + " 二、主动公开政府信息情况 见表。 "
        "五、存在的主要问题及改进情况 人手少。 六、其他需要报告的事项 无。"
    )
    found = texts(sections_apart(pieces(line)))
    assert found == [
        "某镇2022年政府信息公开工作年度报告", "一、总体情况", PROSE, "二、主动公开政府信息情况", "见表。",
        "五、存在的主要问题及改进情况", "人手少。", "六、其他需要报告的事项", "无。",
    ]  # fmt: skip


def test_width_counts_wide_characters_twice():
    assert columns("公开 2件") == 8


def test_first_lines_set_in_tell_paragraphs_apart_where_no_width_does():
    lines = [
        HEADINGS[0],
        "    全局共办理咨询三百余件，其中网上留言占了大半，均在规定期限内",
        "办结并公布。",
        "    开展培训2次。",
        "二、其他事项",
        "    没有其他需要报告的事项。",
    ]
    joined = ["全局共办理咨询三百余件，其中网上留言占了大半，均在规定期限内办结并公布。", "开展培训2次。"]
    found = [text.strip() for text in texts(unwrap(pieces(*lines)))]
    assert found == [HEADINGS[0], *joined, *(line.strip() for line in lines[4:])]


def test_a_long_line_with_clauses_that_breaks_off_goes_on_in_a_shorter_one():
    long, rest = "全局共办理咨询三百余件，其中网上留言占了大半，均在规定期限内", "办结并公布。"
    assert texts(unwrap(pieces(HEADINGS[0], long, rest))) == [HEADINGS[0], long + rest]
    apart = [HEADINGS[0], long, f"{long}{rest}"]  # a heading and its paragraph
    assert texts(unwrap(pieces(*apart))) == apart
    opens = [HEADINGS[0], f"{long}答复，现将情况报告如下：", rest]
    assert texts(unwrap(pieces(*opens))) == opens


def test_a_title_that_pages_repeat_goes_where_nothing_marks_them():
    told = ["云汀市水务局", "2021年政府信息公开工作年度报告", "一、概述", "全年公开，"]
    again = "云汀市水务局2021年政府信息公开工作年度报告"
    found = texts(unwrap(pieces(*told, again, "信息12条。", "另有3条。", again, "完。")))
    assert found[2:] == [
        "一、概述", "全年公开，信息12条。", "另有3条。", "完。",
    ]  # fmt: skip


def test_a_note_at_a_pages_foot_goes_behind_the_sentence_that_it_breaks():
    first = pieces("一、概述", "全年公开信息12条[1]，", "[1]不含转载。", page=1)
    assert texts(unwrap([*first, *pieces("其中政策3条。", "另有2次。", page=2)])) == [
        "一、概述", "全年公开信息12条[1]，其中政策3条。", "[1]不含转载。", "另有2次。",
    ]  # fmt: skip


def test_the_title_beside_a_page_mark_goes_also_inside_a_sentence():
    title = "柏川市林业局2022年政府信息公开工作年度报告"
    front = [title, *(f"第{n}段的内容已经说完。" for n in range(10))]
    lines = [*front, "公开目录的更新还不及时，有的栏目空", "第 2 页 共 3 页", title, "白。", f"见{title}。"]
    found = texts(unwrap(pieces(*lines)))
    assert found == [*front, *lines[-5:-4], *lines[-2:]] or found[-2:] == [lines[-5] + "白。", lines[-1]]
    assert found.count(title) == 1
