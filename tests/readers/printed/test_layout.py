import pytest

from gongkai.readers.document import Cell, Grid
from gongkai.readers.printed.layout import Box, Char, PageLine, Rules, blocks_of, page_flow, running_heads


def line(text, page):
    return PageLine(text, 30, 300, 0, 10, page)


def test_what_stands_above_and_below_most_pages_is_a_running_head_and_its_first_is_kept_apart():
    flow = [part for n in (1, 2, 3) for part in (line(f"11/{n}/26 年度报告", n), line(f"正文{'甲乙丙'[n - 1]}", n), line(f"a.html {n}/3", n))]  # fmt: skip
    heads, rest = running_heads(flow)
    assert [h.text for h in heads] == ["11/1/26 年度报告"]
    assert [part.text for part in rest] == ["正文甲", "正文乙", "正文丙"]


def test_what_stands_once_and_tables_stay():
    grid = Grid(((Cell("1"),),), 2)
    flow = [line("标题", 1), line("正文", 1), grid, line("署名", 2)]
    assert running_heads(flow) == ([], flow)
    assert running_heads([]) == ([], [])


def test_a_gap_between_lines_parts_paragraphs():
    lines = [
        PageLine(text, 30, right, y, 10, 1)
        for text, right, y in [
            ("（二）依申请公开", 190, 700),
            ("没有收到申请，", 190, 673),
            ("也无结转。", 120, 657),
        ]
    ]
    assert [block.text for block in blocks_of(lines)] == ["（二）依申请公开", "没有收到申请，也无结转。"]


def chars_in(texts, xs, ys):
    """A character in the middle of each cell of rows from top to bottom."""
    return [
        Char(text, x + 4, y - 8, x + 10, y - 2, y - 7)
        for row, y in zip(texts, ys, strict=True)
        for text, x in zip(row, xs, strict=True)
    ]


def grid_of(rules, chars):
    (grid,) = (part for part in page_flow(chars, rules, 1) if isinstance(part, Grid))
    return [list(row) for row in grid.texts]


TEXTS = [["甲", "1", "2"], ["乙", "3", "4"], ["丙", "5", "6"]]
XS, YS = [0, 40, 60, 80], [60, 45, 30, 15]


def test_a_rule_may_be_drawn_in_pieces_that_end_where_no_other_rule_stands():
    pieces = [(0, 13), (13, 27), (27, 40), (40, 60), (60, 80)]
    across = [Box(left, y, right, y) for y in YS for left, right in pieces]
    down = [Box(x, 15, x, 60) for x in XS]
    assert grid_of(Rules(across, down, []), chars_in(TEXTS, XS[:3], YS[:3])) == TEXTS


@pytest.mark.parametrize(("top", "bottom"), [(45, 15), (60, 30), (45, 30)])
def test_a_page_that_cuts_a_row_leaves_the_table_open_there(top, bottom):
    across = [Box(0, y, 80, y) for y in YS if bottom <= y <= top]
    down = [Box(x, 15, x, 60) for x in XS]
    assert grid_of(Rules(across, down, []), chars_in(TEXTS, XS[:3], YS[:3])) == TEXTS


def test_a_row_that_a_page_cuts_before_its_text_is_none():
    across = [Box(0, y, 80, y) for y in YS]
    down = [Box(x, 5, x, 60) for x in XS]
    assert grid_of(Rules(across, down, []), chars_in(TEXTS, XS[:3], YS[:3])) == TEXTS


def test_a_table_without_rules_at_its_sides_keeps_its_outer_columns():
    across = [Box(0, y, 80, y) for y in YS]
    down = [Box(x, 15, x, 60) for x in XS[1:3]]
    assert grid_of(Rules(across, down, []), chars_in(TEXTS, XS[:3], YS[:3])) == TEXTS
