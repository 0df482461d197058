from gongkai.readers.document import Cell, Grid
from gongkai.readers.printed.layout import PageLine, blocks_of, running_heads


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
