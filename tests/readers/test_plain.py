"""Tables that are drawn in plain text."""

from gongkai.readers.document import Grid, Paragraph
from gongkai.readers.plain import read_plain, read_text

DRAWN = """表
+--------+------+------+
| 信息   | 本年 | 现行 |
| 内容   | 件数 | 件数 |
+========+======+======+
| 合并的一行    | 3    |
+--------+------+------+
| :::    | 0    |      |
| 规章   |      |      |
+--------+------+------+
完"""


def grids(text):
    return [block for block in read_text(text) if isinstance(block, Grid)]


def test_a_table_drawn_with_rules_is_a_grid():
    (grid,) = grids(DRAWN)
    assert grid.texts == [
        ["信息内容", "本年件数", "现行件数"],
        ["合并的一行", "合并的一行", "3"],
        ["规章", "0", ""],
    ]
    assert grid.rows[1][0] is grid.rows[1][1]


def test_lines_that_do_not_stand_alike_stay_lines():
    assert grids(DRAWN.replace("| 内容   |", "| 内   |")) == []


def test_directives_of_restructured_text_are_no_text():
    lines = [block.text for block in read_text(".. container:: main\n.. rubric:: 标题\n\n正文。")]
    assert lines == ["标题", "正文。"]


def texts(page):
    return [block.text for block in read_text(page) if isinstance(block, Paragraph)]


def test_numbers_at_the_edges_that_count_the_pages_are_theirs():
    assert texts("正文一。\n1\n\f正文二。\n2\n\f正文三。\n3\n") == ["正文一。", "正文二。", "正文三。"]
    assert texts("7\n正文一。\n\f8\n正文二。\n\f正文三。\n") == ["正文一。", "正文二。", "正文三。"]


def test_a_number_at_an_edge_that_counts_no_pages_is_the_texts():
    """The last cell of a table that goes on overleaf."""
    assert texts("正文一。\n\f二、\n769\n\f正文三。\n") == ["正文一。", "二、", "769", "正文三。"]


def test_a_table_whose_rows_a_tool_put_on_one_line_is_cut_into_them():
    line = "| 信息内容 | 件数 | | --- | --- | | 规章 | 0 | | 规范性文件 | 3 |"
    (grid,) = grids(f"二、主动公开\n\n{line}\n\n三、申请\n")
    assert grid.texts == [["信息内容", "件数"], ["规章", "0"], ["规范性文件", "3"]]


def test_what_pandoc_says_of_a_heading_is_no_text():
    assert texts("# 一、总体情况 {#一总体情况}\n公开12条。\n") == ["一、总体情况", "公开12条。"]


def test_an_export_of_a_spreadsheet_is_rows_of_cells():
    rows = ['"云汀市水务局2021年年报"', '"一、总体情况"', '"公开信息1,204条，回应12次。"', "规章,0,0,0"] * 4
    page = "\n".join(row + "," * (5 - (row.count(",") if row[0] != '"' else 0)) for row in rows)
    blocks, _ = read_plain(page.encode(), "a.txt")
    assert [block.text for block in blocks[:4]] == [
        "云汀市水务局2021年年报",
        "一、总体情况",
        "公开信息1,204条，回应12次。",
        "规章 | 0 | 0 | 0",
    ]


def test_rows_of_cells_apart_by_commas_stand_among_lines_of_text():
    prose = "收到申请1,204件，办结1,190件，结转14,此外无。"
    rows = [
        "0,1,2,3",
        "第二十条第（一）项,,,",
        '信息内容,制发,"废止, 失效",有效',
        "规章,0,1204,3",
        *["政府采购,2,1,1"] * 10,
    ]
    blocks, _ = read_plain(
        "\n".join(["二、主动公开", prose, *rows, "三、申请", "规章 1,204 2,310 3,000"]).encode(), "a.txt"
    )
    read = [block.text for block in blocks]
    assert read[:2] == ["二、主动公开", prose]
    assert read[2:5] == ["第二十条第（一）项", "信息内容 | 制发 | 废止, 失效 | 有效", "规章 | 0 | 1204 | 3"]
    assert read[-2:] == ["三、申请", "规章 1,204 2,310 3,000"]


def test_a_blank_cell_of_a_table_on_one_line_stays_one():
    line = "| 信息内容 | 制发 | 废止 | 有效 | | --- | --- | --- | --- | | 规章 | 1 |  | 3 |"
    (grid,) = grids(line)
    assert grid.texts[1] == ["规章", "1", "", "3"]


def test_a_table_on_one_line_with_merged_cells_stays_one_line():
    assert texts("| 表 | | --- | | 信息 | 数 | | 规章 | 1 |") == ["表 |  |  | 信息 | 数 |  | 规章 | 1"]


def test_cells_at_the_edges_of_pages_are_kept():
    assert texts("表\n规章\n0\f1\n处罚\n3") == ["表", "规章", "0", "1", "处罚", "3"]
    assert texts("0\n规章\n0\n处罚\n0") == ["0", "规章", "0", "处罚", "0"]


def test_lines_inside_a_spreadsheets_cell_stay_lines():
    cell = "（一）制度建设\n健全了公开制度。"
    page = "\n".join(f'"{text}",,,,' for text in ["年报", "一、总体情况", cell] * 6)
    blocks, _ = read_plain(page.encode(), "a.txt")
    assert [block.text for block in blocks[:4]] == [
        "年报",
        "一、总体情况",
        "（一）制度建设",
        "健全了公开制度。",
    ]


def told(text):
    blocks, _ = read_plain(text.encode(), "x.txt")
    return [block.text if isinstance(block, Paragraph) else block.texts for block in blocks]


def test_numbers_that_a_tool_put_before_all_lines_go():
    lines = ["一、总体情况", "　　全年公开信息12条，", "其中图解3条。", *(f"第{n}点内容。" for n in range(9))]
    wanted = [line for line in lines if line]
    for mark in ("  ", "\t", ":", "| "):
        assert told("\n".join(f"{n:>4}{mark}{line}" for n, line in enumerate(lines, 1))) == wanted
    sparse = [lines[0], "", *lines[1:]]  # `nl` and editors that number blank lines, too
    assert told("\n".join(f"{n} {line}" if line else "" for n, line in enumerate(sparse, 1))) == wanted

    numbered = [f"{n:>4}  {line}" for n, line in enumerate(lines, 1)]
    assert told("\n".join(numbered[:5] + numbered[6:])) == wanted[:5] + wanted[6:]


def test_a_notes_number_is_none_of_the_figure_before_it():
    assert told("公开12<sup>1</sup>条，图解3^[2]^条。") == ["公开12¹条，图解3²条。"]
    assert told("| 年 | 件 |\n|---|---|\n| 2022 | 7<sup>1</sup> |") == [[["年", "件"], ["2022", "7¹"]]]


def test_numbers_that_some_lines_open_with_stay():
    lines = [f"{n} 件" for n in range(1, 12)] + ["完"]
    assert told("\n".join(lines)) == lines


def test_emphasis_of_markdown_is_no_text():
    assert told("*（单位：件）*\n\n_注：口径不变。_\n\n* 一项\n") == [
        "（单位：件）",
        "注：口径不变。",
        "一项",
    ]
    assert told("| **项** | 数 |\n|---|---|\n| 许可 | **1846** |\n| 处罚 | * |\n") == [
        [["项", "数"], ["许可", "1846"], ["处罚", "*"]]
    ]


def test_figures_set_as_formulas_are_figures():
    assert told("自$2 0 2 3$ 年起公开$1 1 2 6$ 条，占$1 0 0 \\%$。") == ["自2023年起公开1126条，占100%。"]
    assert told("价格为 $5 至 $6，见 $x$。") == ["价格为 $5 至 $6，见 $x$。"]


def test_tags_pictures_and_page_ends_in_markdown_are_no_text():
    page = '<span id="p1"></span>![](a.jpg)\n\n# **甲县2020年<br>年度报告**\n\n公开5条。<br>收到3件。\n\n{1}----------\n<!-- 2 -->'
    assert told(page) == ["甲县2020年年度报告", "公开5条。", "收到3件。"]


def test_a_point_of_markdown_may_open_with_a_figure():
    assert told("- 2021年收到3件。\n- 12\n- 1. 加强培训。") == ["2021年收到3件。", "- 12", "1. 加强培训。"]


def test_a_table_with_blanks_at_a_rows_end_is_a_grid_where_no_number_may_be_displaced():
    rows = "| 姓名 | 电话 |  |  |\n|---|---|---|---|\n| 张某 | 0000-8000000 |  |  |\n"
    assert told(rows) == [[["姓名", "电话", "", ""], ["张某", "0000-8000000", "", ""]]]
    assert len(told(rows.replace("0000-8000000", "12"))) == 2


def test_what_markdown_escapes_is_meant_as_it_stands():
    assert told("1\\. 主动公开\n\n| 项 | 数 |\n|---|---|\n| 规章 | \\- |\n") == [
        "1. 主动公开",
        [["项", "数"], ["规章", "-"]],
    ]
    assert texts("本年增\\/减 3") == ["本年增/减 3"]


def test_stars_inside_a_line_are_not_taken_for_emphasis():
    lines = ["予以公开 2 *1* 0 0", "3*4*5", "f_name_v2.pdf", "公开_3_条，办结_5_件"]
    assert told("\n".join(lines)) == lines


def test_the_rows_of_a_data_frame_lose_their_numbers_and_other_numbers_stay():
    rows = [f"{label}  {number}" for label, number in zip("甲乙丙丁戊己", (3, 1, 4, 1, 5, 9), strict=True)]
    framed = [f"{n:<4}{row}" for n, row in enumerate(rows)]
    assert told("\n".join(["表", *framed, "完"])) == ["表", *rows, "完"]
    for other in (
        framed[:4],
        framed[2:],
        [f"{n}.{row}" for n, row in enumerate(rows)],
        [f"{n} {n}" for n in range(9)],
    ):
        assert told("\n".join(other)) == other


def test_where_a_link_leads_is_no_text():
    assert told("见条例\n<http://a.gov.cn/1.html>第五条。 大 <javascript:;> 小") == [
        "见条例",
        "第五条。 大 小",
    ]


def test_ends_of_lines_that_a_program_wrote_out_are_ends_of_lines():
    def lines(text):
        return [block.text for block in read_plain(text.encode(), "甲.txt")[0]]

    assert lines("甲_x000D_乙") == ["甲", "乙"]
    assert lines("甲\\n乙\\n丙\\n丁\\n戊\\n己\\n庚") == list("甲乙丙丁戊己庚")
    assert lines("路径 C:\\new\n乙\n丙") == ["路径 C:\\new", "乙", "丙"]
