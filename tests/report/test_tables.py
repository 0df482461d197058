"""Which lines and grids are statutory tables, and which are none."""

import pytest

from gongkai.form.form import COLUMNS
from gongkai.report.file import read_file
from tests.form.aligned.test_rows import HEADS, table
from tests.form.aligned.test_told import LABELS, a_row_a_line, one_a_line, truth

TITLE = "苇塘县水务局2021年政府信息公开工作年度报告\n一、总体情况\n公开信息30条。\n"
END = "\n五、存在的主要问题及改进情况\n更新不及时。\n六、其他需要报告的事项\n"


@pytest.fixture
def read(tmp_path):
    def written(text, name="a.txt"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        (report,) = read_file(path).reports
        return report

    return written


def test_a_table_of_the_places_own_set_with_tabs_is_no_text(read):
    own = "表1　窗口受理情况\n类别\t件数\t办结率\n报修\t14\t99%\n合计\t14\n"
    assert [s.text for s in read(TITLE + own + END + "无。").sentences] == [
        "公开信息30条。",
        "更新不及时。",
        "无。",
    ]


def test_lines_with_one_tab_stay(read):
    front = "发布机构：\t苇塘县水务局\n发布日期：\t2022-01-12\n"
    assert read(front + TITLE.replace("苇塘县水务局", "") + END + "无。").identity.agency == "苇塘县水务局"


NOTES = ["注：“—”表示数值为零。", "说明：数量为0的以“—”表示。"]


@pytest.mark.parametrize("note", NOTES)
@pytest.mark.parametrize("told", [a_row_a_line, one_a_line])
def test_a_dash_is_zero_where_a_note_says_so(read, note, told):
    cells = table(5)
    lines = told({row: [n or "—" for n in counts] for row, counts in cells.items()})
    found = {
        (c.row, c.column): (c.value, c.how)
        for c in read(TITLE + "\n".join([*lines, note]) + END + "无。").cells
    }
    assert {cell: value for cell, (value, _) in found.items()} == truth(cells)
    assert {how for _, how in found.values()} == {"printed"}


@pytest.mark.parametrize("note", ["", "注：“—”表示无此项业务。", "注：“/”表示数值为零。"])
def test_a_dash_is_blank_where_no_note_says_that_it_is_zero(read, note):
    cells = table(5)
    lines = a_row_a_line({row: [n or "—" for n in counts] for row, counts in cells.items()})
    found = {(c.row, c.column): c.value for c in read(TITLE + "\n".join([*lines, note]) + END + "无。").cells}
    assert found == {cell: n or None for cell, n in truth(cells).items()}


def test_markdown_whose_blanks_stand_in_their_places_is_a_grid(read):
    cells = table(5)
    columns = ["（本列数据的勾稽关系）", "", "", *HEADS]
    rows = [columns, *([LABELS[row], "", "", *(str(n or "") for n in cells[row])] for row in cells)]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    page = "\n".join([lines[0], "|---" * len(columns) + "|", *lines[1:]])
    found = {(c.row, c.column): c.value for c in read(TITLE + page + END + "无。", "a.md").cells if c.value}
    assert found == {cell: n for cell, n in truth(cells).items() if n}
    assert len(found) > len(COLUMNS)


@pytest.mark.parametrize("sentence", ["无其他需要报告的事项", "没有其他需要报告的事项"])
def test_a_sentence_without_its_mark_is_no_heading(read, sentence):
    end = END.replace("五、", "").replace("六、", "")
    assert (read(TITLE.replace("一、", "") + end + sentence).sentences[-1].text) == sentence


def test_a_dash_for_the_first_numeral_opens_a_heading(read):
    told = read(TITLE.replace("一、", "—、") + END + "无。\n苇塘县水务局\n二〇二—年—月五日")
    assert [s.section for s in told.sentences] == ["overview", "section5", "other"] or [
        s.section for s in told.sentences
    ] == ["overview", "problems", "other"]


@pytest.mark.parametrize("said", ["如需我继续核对，请随时告诉我。", "说明：原图上的印章无法辨认；日期不清。"])
def test_what_a_program_says_of_the_copy_ends_the_report(read, said):
    assert read(TITLE + END + "无。\n" + said).sentences[-1].text == "无。"


def test_headings_of_old_reports_and_who_publishes(read):
    text = (
        TITLE.replace("苇塘县水务局2021年", "")
        + "按照要求，苇塘县水务局向社会公布2021年政府信息公开工作年度报告。\n"
    )
    text += (
        "复议、诉讼和投诉情况\n未发生。\n收费情况\n未收费。"
        + END.replace("五、", "").replace("六、", "")
        + "无。"
    )
    report = read(text)
    assert report.identity.agency == "苇塘县水务局"
    assert [s.section for s in report.sentences if s.text == "未发生。"] == ["disputes"]


def test_a_whole_report_in_the_cells_of_a_spreadsheet(read):
    rows = [
        TITLE.split("\n")[0],
        "一、总体情况",
        "公开信息30条，其中图解4期。",
        "五、存在的主要问题及改进情况",
        "河道信息的更新不及时。",
    ]
    cells = [
        ["信息内容", "本年制发件数", "本年废止件数", "现行有效件数"],
        ["规章", "0", "0", "0"],
        ["行政规范性文件", "2", "1", "9"],
    ]
    wide = [f"<tr><td colspan=4>{row}</td></tr>" for row in rows]
    table = ["<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in cells]
    head = "<tr><td colspan=4>二、主动公开政府信息情况</td></tr>"
    found = read(f"<table>{''.join([*wide[:3], head, *table, *wide[3:]])}</table>", "a.htm")
    assert found.identity.agency == "苇塘县水务局"
    assert [(s.section, s.text) for s in found.sentences] == [("overview", rows[2]), ("problems", rows[4])]
    assert [c.value for c in found.cells if c.row == "normative_documents"] == [2, 1, 9]


def test_the_first_row_of_requests_is_said_where_it_gave_no_cell(read):
    heads = "".join(f"<td>{name}</td>" for name in ("", "自然人", "商业企业", "总计"))
    names = ("二、上年结转政府信息公开申请数量", "（一）予以公开", "（七）总计")
    rows = "".join(f"<tr><td>{name}</td><td>1</td><td>0</td><td>1</td></tr>" for name in names)
    found = read(
        f"<p>{TITLE.split(chr(10))[0]}</p><p>一、总体情况</p><table><tr>{heads}</tr>{rows}</table>", "a.htm"
    )
    said = [problem.message for problem in found.problems]
    assert "requests: no cell was found in the row new_requests" in said
    assert "of the statutory tables nothing was found of proactive and disputes" in said


def test_columns_of_requests_that_gave_no_cell_are_said(read):
    heads = "<tr><td></td><td>自然人</td><td>商业企业</td><td>科研机构</td></tr>"
    rows = "".join(
        f"<tr><td>{name}</td><td>1</td><td>0</td><td>2</td></tr>"
        for name in ("一、本年新收政府信息公开申请数量", "二、上年结转政府信息公开申请数量", "（一）予以公开")
    )
    found = read(
        f"<p>{TITLE.split(chr(10))[0]}</p><p>一、总体情况</p><p>公开30条。</p><table>{heads}{rows}</table>",
        "a.htm",
    )
    said = "requests: no cell was found in the columns nonprofit, legal_service, other_org, total"
    assert said in [problem.message for problem in found.problems]


def test_a_whole_report_in_a_table_with_its_headings_beside_the_text(read):
    rows = [
        ("<td rowspan=2>一、概述</td><td colspan=2>公开信息30条，其中图解4期。</td>"),
        "<td colspan=2>另有专栏2个，每月更新一次。</td>",
        "<td>渠道</td><td>条数</td><td>占比</td>",
        "<td>网站</td><td>30</td><td>100%</td>",
        "<td>五、存在的主要问题及改进情况</td><td colspan=2>河道信息的更新不及时。</td>",
    ]
    page = f"<p>{TITLE.split(chr(10))[0]}</p><table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"
    assert [(s.section, s.text) for s in read(page, "a.htm").sentences] == [
        ("overview", "公开信息30条，其中图解4期。"),
        ("overview", "另有专栏2个，每月更新一次。"),
        ("problems", "河道信息的更新不及时。"),
    ]


def test_rows_of_two_cells_and_short_ones_of_a_spreadsheet_are_text(read):
    rows = [
        [TITLE.split("\n")[0]],
        ["一、", "总体情况"],
        ["主动公开", "公开信息30条，其中图解4期。"],
        ["（一）", "及时更新河道信息三十次。"],
        ["三、收到和处理政府信息公开申请情况"],
        ["无。"],
        ["五、存在的主要问题及改进情况"],
        ["1.", "河道信息的更新不及时。"],
        ["改进情况", "加强更新", "加强更新"],
    ]
    table = ["<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows]
    found = read(f"<table>{''.join(table)}</table>", "a.htm")
    assert [(s.section, s.text) for s in found.sentences] == [
        ("overview", "公开信息30条，其中图解4期。"),
        ("overview", "（一）及时更新河道信息三十次。"),
        ("requests", "无。"),
        ("problems", "1.河道信息的更新不及时。"),
        ("improvements", "加强更新"),
    ]


def test_a_running_head_between_the_cells_of_a_table_is_no_part_of_it(read):
    cells = table(5)
    told = [*HEADS, *(text for row in cells for text in (LABELS[row], *map(str, cells[row])))]
    front = f"{TITLE}三、收到和处理政府信息公开申请情况\n"
    whole = read(front + "\n".join(told) + END + "无。")
    for number, at in enumerate((90, 60, 30), 1):
        told[at:at] = [f"— {number} —", "苇塘县水务局年度报告"]
    paged = read(front + "\n".join(told) + END + "无。")
    assert {(c.row, c.column): c.value for c in paged.cells} == truth(cells)
    assert [s.text for s in paged.sentences] == [s.text for s in whole.sentences]


def test_a_text_in_which_a_digit_was_lost_has_no_values(read):
    lines = [f"第{n}项办结{n}件。" for n in range(1, 40)]
    text = TITLE + "\n".join(lines) + "\n".join(a_row_a_line(table(3))) + END
    assert any(cell.value is not None for cell in read(text).cells)
    lost = read(text.replace("2", "-"))
    assert not any(cell.value is not None for cell in lost.cells)
    assert "characters_lost" in {problem.code for problem in lost.problems}
