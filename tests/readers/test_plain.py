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
