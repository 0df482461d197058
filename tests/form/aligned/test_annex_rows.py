"""Columns of a sheet that is told in lines or in a grid: codes, units between numbers, years beside the report's."""

import pytest

from gongkai.form.aligned.annex import read_annex
from gongkai.problem import Problem
from gongkai.readers.document import grid_from_spans

ROWS = [
    ("disclosed_items", "主动公开政府信息数", "条", 120), ("disclosed_full_text", "其中：全文电子化的主动公开政府信息数", "条", 100),
    ("normative_issued", "新增的行政规范性文件数", "条", 3), ("page_visits", "网站专栏页面访问量", "人次", 800),
    ("visitors", "现场接待人数", "人次", 20), ("phone_queries", "咨询电话接听数", "人次", 12),
    ("received", "申请总数", "条", 9), ("received_in_person", "其中：当面申请数", "条", 4),
    ("replied", "对申请的答复总数", "条", 7), ("granted", "同意公开答复数", "条", 6),
]  # fmt: skip
WANTED = {key: count for key, _, _, count in ROWS}


def read(lines, grids=(), year=2013):
    found = read_annex(["附表：政府信息公开情况统计表", *lines], grids, year=year).found
    said = [one.message for one in found if isinstance(one, Problem)]
    return {r.row: r.value for r in found if not isinstance(r, Problem)}, said


def in_lines(head, *columns, mark=" "):
    """A row a line; each column a function of its number, label, unit and count."""
    cells = [[column(n, *row[1:]) for column in columns] for n, row in enumerate(ROWS, 1)]
    return [mark.join(head.split()), *(mark.join(map(str, row)) for row in cells)]


LABEL, UNIT, COUNT = (lambda n, label, unit, count, at=at: (label, unit, count)[at] for at in range(3))
CODE = lambda n, label, unit, count: f"{n:02}"  # noqa: E731
OTHER = lambda n, label, unit, count: 3 * count + 5  # noqa: E731


@pytest.mark.parametrize("mark", [" ", "\t", " | ", "\n"])
@pytest.mark.parametrize(
    ("head", "columns"),
    [
        ("指标名称 单位 2013年", (LABEL, UNIT, COUNT)),
        ("指标名称 单位 数量", (LABEL, UNIT, COUNT)),
        ("指标名称 单位 统计数（2013年）", (LABEL, UNIT, COUNT)),
        ("指标名称 单位 2012年 2013年", (LABEL, UNIT, OTHER, COUNT)),
        ("指标名称 单位 2013年 2012年", (LABEL, UNIT, COUNT, OTHER)),
        ("指标名称 单位 2013年 2014年", (LABEL, UNIT, COUNT, OTHER)),
        ("指标名称 代码 单位 数量", (LABEL, CODE, UNIT, COUNT)),
        ("代码 指标名称 单位 数量", (CODE, LABEL, UNIT, COUNT)),
    ],
)
def test_the_reports_number_is_read_from_the_first_row_on(head, columns, mark):
    lines = "\n".join(in_lines(head, *columns, mark=mark)).split("\n")
    assert read(lines) == (WANTED, [])


def test_a_column_of_a_later_year_is_not_the_reports_in_a_grid():
    rows = [
        row.split("\t")
        for row in in_lines("指标名称 单位 2013年 2014年", LABEL, UNIT, COUNT, OTHER, mark="\t")
    ]
    grid, _ = grid_from_spans([[(cell, 1, 1) for cell in row] for row in rows])
    assert read([], [grid]) == (WANTED, [])


def test_a_first_row_behind_a_head_that_is_not_known_is_said():
    found, said = read(in_lines("指标名称 单位 2013年 2014年计划", LABEL, UNIT, COUNT, OTHER))
    assert found == {key: count for key, count in WANTED.items() if key != "disclosed_items"}
    assert len(said) == 1


def test_last_years_own_row_is_not_this_years():
    lines = [*in_lines("指标名称 单位 数量", LABEL, UNIT, COUNT), "上年申请总数 条 55"]
    assert read([line for line in lines if not line.startswith("申请总数")])[0].get("received") is None
