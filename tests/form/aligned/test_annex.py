import dataclasses
import random

import pandas as pd
import pytest

from corpus.make.annex import DRESSES, HERE, body, draw, sentences, sheet, truth, values, write
from gongkai.form.aligned.annex import read_annex
from gongkai.form.aligned.annex_rows import annex_data, rows_of_columns
from gongkai.form.checks import check_cells
from gongkai.form.form import Reading
from gongkai.problem import NOWHERE, Problem
from gongkai.readers.document import grid_from_spans
from gongkai.report.file import read_file, read_report

MEANT = pd.read_csv(HERE / "truth.csv", dtype={"row": str, "annex": str}).set_index(["annex", "row"])["value"]
UNKNOWN_WORDING = {("spaces-4", "partly_granted")}
"""Printed otherwise than any form says it: blank, and said."""


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder, printed = tmp_path_factory.mktemp("annexes"), truth()
    return {dress.name: read_report(write(dress, printed[dress.name], folder)) for dress in DRESSES}


@pytest.mark.parametrize("dress", DRESSES, ids=lambda dress: dress.name)
def test_every_cell_of_an_annex_is_read_and_none_wrongly(dress, written):
    report = written[dress.name]
    read = {cell.row: cell.value for cell in report.cells if cell.table == "annex"}
    meant = {row: None if value != value else value for row, value in MEANT[dress.name].items()}
    assert set(read) <= set(meant)
    lost = {(dress.name, row) for row, value in meant.items() if read.get(row) != value}
    assert lost == {one for one in UNKNOWN_WORDING if one[0] == dress.name}
    assert all(read.get(row) is None for _, row in lost)
    assert report.form == dress.form


@pytest.mark.parametrize("dress", DRESSES, ids=lambda dress: dress.name)
def test_nothing_of_the_sheet_is_a_sentence_and_no_sentence_is_lost(dress, written):
    assert [s.text for s in written[dress.name].sentences] == sentences(dress)


@pytest.mark.parametrize("dress", DRESSES, ids=lambda dress: dress.name)
def test_the_sheets_sums_hold_where_they_are_decided(dress, written):
    rules = [c for c in written[dress.name].checks if c.rule.startswith("annex.")]
    assert len(rules) == sum(len(annex_data()[kind][dress.form]) for kind in ("sums", "within"))
    lost = {row for name, row in UNKNOWN_WORDING if name == dress.name}
    assert not [c.rule for c in rules if c.holds is False and not lost]


def test_rows_of_the_places_own_are_said(written):
    said = {d.name: sum(p.code == "annex_row" for p in written[d.name].problems) for d in DRESSES}
    assert {name: n for name, n in said.items() if n} == {
        d.name: len(d.added) + (d.name == "spaces-4") for d in DRESSES if d.added or d.name == "spaces-4"
    }


SHEET = [
    "统计指标 单位 统计数",
    "（一）收到申请数 件 7", "1.当面申请数 件 1", "2.传真申请数 件 0", "3.网络申请数 件 4", "4.信函申请数 件 2",
    "（二）申请办结数 件 7", "1.按时办结数 件 6", "2.延期办结数 件 1", "（三）申请答复数 件 7",
]  # fmt: skip


def read(lines):
    found = read_annex(lines, []).found
    return (
        {f.row: f.value for f in found if isinstance(f, Reading)},
        [f.code for f in found if isinstance(f, Problem)],
    )


def test_a_number_that_is_none_is_blank_and_said():
    cells, _ = read([line.replace("件 6", "件 见附件") for line in SHEET])
    assert cells["received"] == 7
    assert cells.get("closed_on_time") is None


def test_rows_that_two_parts_share_are_blank_where_the_order_does_not_tell():
    cells, problems = read([*SHEET, "（二）被依法纠错数 件 3"])
    assert not {"review_corrected", "litigation_corrected"} & set(cells)
    assert "annex_row" in problems
    cells, _ = read([*SHEET, "四、行政复议数量 件 4", "（二）被依法纠错数 件 3", "五、行政诉讼数量 件 0"])
    assert (cells["review_corrected"], cells["litigation"]) == (3, 0)


def test_of_several_columns_of_numbers_none_is_taken_unless_the_head_says_which_is_the_years():
    several = [SHEET[0].replace("统计数", "区政府 乡镇"), *(f"{line} 99" for line in SHEET[1:])]
    cells, problems = read(several)
    assert not any(cells.values())
    assert set(problems) == {"row_not_read"}
    dated = [SHEET[0].replace("统计数", "2016年度 历年累计"), *(f"{line} 99" for line in SHEET[1:])]
    assert read(dated)[0]["received"] == 7


def test_a_code_is_no_number_where_the_cells_are_blank():
    """As a form is printed that nobody filled in, or only in part."""
    form = ["指 标 名 称", "| 计量 单位 | 代码 | 本期实际 | 本年累计 |", "甲 | 乙 | 丙 | 1 | 2 |"]
    labels = ["申请总数", "其中：1.当面申请数", "2.传真申请数", "3.电子邮件申请数", "4.网上申请数", "5.信函申请数",
              "6.其他形式申请数", "对申请的答复总数", "行政复议数"]  # fmt: skip
    rows = [f"{label} | 条 | {n:02d} | | |" for n, label in enumerate(labels, 10)]
    cells, problems = read([*form, *rows])
    assert len(cells) == 9
    assert not any(cells.values())
    rows[0], rows[1] = "申请总数 | 条 | 10 | 3 | 12 |", "其中：1.当面申请数 | 条 | 11 | 4 | |"
    cells, problems = read([*form, *rows])
    assert cells["received"] == 12
    assert cells.get("received_in_person") is None
    assert problems == ["row_not_read"]


def test_numbers_that_only_count_the_rows_are_not_read():
    rows = [f"{line.rpartition(' ')[0]} {n}" for n, line in enumerate(SHEET[1:], 1)]
    cells, problems = read(rows)
    assert not cells
    assert problems == ["head"]


def test_a_caption_with_a_year_is_no_column():
    cells, _ = read(["2016年度工作", "政府信息公开情况统计表（2016年度）", *SHEET])
    assert cells["received"] == 7


def test_of_two_annexes_the_first_is_read_and_the_second_said():
    first = ["（一）主动公开政府信息数 条 5", *SHEET[1:]]
    second = [line[:-1] + "9" for line in first]
    cells, problems = read([SHEET[0], *first, "附件2：全市汇总", SHEET[0], *second])
    assert (cells["disclosed_items"], cells["received_online"], cells["replied"]) == (5, 4, 7)
    assert "annex_second" in problems


def test_an_amount_without_its_unit_is_blank():
    cells, problems = read([*SHEET, "七、依申请公开信息收取的费用 0.5"])
    assert cells["fees"] is None
    assert "cell" in problems
    assert read([*SHEET, "七、依申请公开信息收取的费用 万元 0.5"])[0]["fees"] == 5000
    assert read([*SHEET, "七、依申请公开信息收取的费用 元 50"])[0]["fees"] == 50


def test_numbers_glued_to_their_labels_are_told_apart():
    assert read([line.replace(" ", "") for line in SHEET])[0]["received_online"] == 4


def test_an_annex_announced_and_absent_is_said(tmp_path):
    path = tmp_path / "甲.txt"
    path.write_text(
        "\n".join([*body(DRESSES[0]), "附件：政府信息公开情况统计表（2016年度）"]), encoding="utf-8"
    )
    (report,) = read_file(path).reports
    assert [s.text for s in report.sentences] == sentences(DRESSES[0])
    assert [p.code for p in report.problems] == ["annex_not_read"]
    assert report.form == "pre-2019"


def test_a_broken_sum_and_a_part_larger_than_its_whole():
    def cell(row, value):
        return Reading("annex", row, "count", value, "count", "", NOWHERE)

    rows = {"received": 8, "received_in_person": 1, "received_fax": 0, "received_online": 4, "received_letter": 2,
            "interviews": 1, "interviews_led": 2}  # fmt: skip
    checks = {c.rule: c for c in check_cells([cell(*pair) for pair in rows.items()])}
    assert (checks["annex.sum:received"].left, checks["annex.sum:received"].holds) == (7, False)
    assert checks["annex.within:interviews_led"].holds is False
    assert checks["annex.sum:closed"].holds is None


@pytest.mark.slow
def test_blanks_without_trace_narrow_columns_and_lost_lines_give_no_wrong_cell(tmp_path):
    """The figures of docs/formats.md: (cells, lost)."""
    rng, counts = random.Random(5), {}
    for number in range(6):
        for dress in DRESSES:
            printed = draw(dress, 900 + 50 * number + rng.randrange(40))
            blanked = printed | dict.fromkeys(rng.sample(list(printed), 8), "")
            cases = [("blanks", dataclasses.replace(dress, name=f"{dress.name}-b", blanks=" "), blanked)]
            if dress.layout == "spaces":
                cases += [(f"{w} wide", dataclasses.replace(dress, name=f"{dress.name}-{w}", wrap=w), p)
                          for w in (6, 9, 12, 18) for p in (printed, blanked)]  # fmt: skip
            if dress.layout != "docx":
                cases.append(("lines lost", dress, printed))
            for name, case, cells in cases:
                path = write(case, cells, tmp_path)
                if name == "lines lost":
                    lines = path.read_text(encoding="utf-8").split("\n")
                    gone = set(rng.sample(range(15, len(lines)), 12))
                    kept = [line for i, line in enumerate(lines) if i not in gone]
                    path.write_text("\n".join(kept), encoding="utf-8")
                for report in read_file(path).reports:
                    read = {c.row: c.value for c in report.cells if c.table == "annex"}
                    meant = values(case, cells)
                    assert not {r for r, v in read.items() if v is not None and v != meant.get(r)}, path.name
                    known = [row for row, value in meant.items() if value is not None]
                    total, lost = counts.get(name, (0, 0))
                    counts[name] = total + len(known), lost + sum(read.get(row) is None for row in known)
    assert counts == {
        "blanks": (5441, 12), "lines lost": (5160, 977),
        "6 wide": (2539, 285), "9 wide": (2539, 101), "12 wide": (2539, 94), "18 wide": (2539, 109),
    }  # fmt: skip


def test_a_label_may_be_merged_over_the_column_of_codes():
    rows = [[("统计指标", 1, 1), ("代码", 1, 1), ("单位", 1, 1), ("统计数", 1, 1)]]
    names = ["主动公开政府信息数", "主动公开规范性文件数", "制发规范性文件总数", "收到申请数", "申请办结数"]
    rows += [[(name, 1, 2), ("条", 1, 1), (str(n), 1, 1)] for n, name in enumerate(names, 7)]
    grid, _ = grid_from_spans(rows)
    runs = list(rows_of_columns([grid], "simplified"))
    assert [(run.label, run.numbers) for run in runs] == [
        (name, (str(n),)) for n, name in enumerate(names, 7)
    ]


BESIDE = {
    "two_sides": lambda cells: [
        ["统计指标", "单位", "统计数"] * 2,
        *(a + b for a, b in zip(cells[: len(cells) // 2], cells[len(cells) // 2 :], strict=True)),
    ],
    "categories": lambda cells: [
        ["类别", "统计指标", "单位", "数量", "备注"],
        *(["公开", *cell, ""] for cell in cells),
    ],
}


@pytest.mark.parametrize("layout", BESIDE)
def test_a_sheet_in_parts_beside_each_other_or_with_categories(layout):
    dress = DRESSES[0]
    printed = draw(dress, 5)
    cells = [[label, unit, printed.get(key, "")] for key, _, label, unit in sheet(dress.form)]
    cells += [["", "", ""]] * (len(cells) % 2)
    grid, _ = grid_from_spans([[(text, 1, 1) for text in row] for row in BESIDE[layout](cells)])
    read = {c.row: c.value for c in read_annex([], [grid]).found if isinstance(c, Reading)}
    assert read == values(dress, printed)


def test_rows_told_with_a_colon_each_on_a_line():
    dress = DRESSES[0]
    printed = draw(dress, 6)
    lines = ["附：", "政府信息公开情况统计表", "统计时段：2016年1月1日至2016年12月31日"]
    for key, _, label, unit in sheet(dress.form):
        lines.append(f"{label}：{printed[key]}{unit}" if key else label)
    annex = read_annex(lines, [])
    assert {c.row: c.value for c in annex.found if isinstance(c, Reading)} == values(dress, printed)
    assert annex.lines == frozenset(range(len(lines)))
