import dataclasses
import itertools
import random

import pandas as pd
import pytest

from corpus.make.annex import DRESSES, HERE, body, draw, sentences, sheet, truth, values, write
from gongkai.form.aligned.annex import read_annex
from gongkai.form.aligned.annex_form import annex_data
from gongkai.form.aligned.annex_rows import rows_of_columns
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
        "blanks": (5441, 10), "lines lost": (5160, 919),
        "6 wide": (2539, 284), "9 wide": (2539, 100), "12 wide": (2539, 40), "18 wide": (2539, 18),
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


def drawn(form, seed):
    """Rows of label, unit and number, headings with neither, and the numbers that they mean."""
    dress = next(d for d in DRESSES if d.form == form)
    printed = draw(dress, seed)
    return [
        (label, unit if key else "", printed.get(key, "")) for key, _, label, unit in sheet(form)
    ], values(dress, printed)


def read_rows(lines=(), rows=()):
    """Read lines, or a grid of rows."""
    wide = max(map(len, rows), default=0)
    spans = [[(text, 1, 1) for text in [*row, *[""] * (wide - len(row))]] for row in rows]
    annex = read_annex(list(lines), [grid_from_spans(spans)[0]] if rows else [])
    cells = {f.row: f.value for f in annex.found if isinstance(f, Reading)}
    return cells, [f.code for f in annex.found if isinstance(f, Problem)], annex


def laid_out(rows):
    """Return the same rows in twelve layouts."""
    told = [f"{label}：{n}{unit}" if n else label for label, unit, n in rows]
    flat = [[label, unit, n] for label, unit, n in rows]
    half = (len(flat) + 1) // 2
    numbered = [row for row in rows if row[2]]
    return [
        {"lines": [f"{label}{'…' * 9}{n}{unit}" if n else label for label, unit, n in rows]},
        {"lines": [f"{label} {'.' * 12} {n} {unit}" if n else label for label, unit, n in rows]},
        {"lines": [f"{label}__{n}__{unit}" if n else label for label, unit, n in rows]},
        {"lines": ["    ".join(told[i : i + 2]) for i in range(0, len(told), 2)]},
        {"lines": ["；".join(told[i : i + 3]) for i in range(0, len(told), 3)]},
        {"lines": [f"| {label} | {n} | {unit} |" for label, unit, n in [("统计指标", "单位", "统计数"), *rows]]},
        {"rows": [["项目", "数量"], *([label, n + unit if n else ""] for label, unit, n in rows)]},
        {"rows": [told[i : i + 2] for i in range(0, len(told), 2)]},
        {"rows": [list(pair) for pair in zip(told[:half], [*told[half:], ""][:half], strict=True)]},
        {"rows": [a + b for a, b in zip(flat[:half], [*flat[half:], [""] * 3][:half], strict=True)]},
        {"rows": [[*a, *b] for a, b in itertools.zip_longest(flat[::2], flat[1::2], fillvalue=["", "", ""])]},
        {"rows": [
            line
            for i in range(0, len(numbered), 5)
            for line in ([f"{a}（单位：{u}）" for a, u, _ in numbered[i : i + 5]], [n for *_, n in numbered[i : i + 5]])
        ]},
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["2014", "2008"])
@pytest.mark.parametrize("number", range(12))
def test_a_row_is_known_however_label_number_and_unit_stand(form, number):
    """Each layout that one met, in other words and numbers; read whole."""
    rows, meant = drawn(form, 40 + number)
    layout = laid_out(rows)[number]
    cells, _, annex = read_rows(**layout)
    assert cells == meant
    lines = layout.get("lines", ())
    assert not lines or annex.lines == frozenset(range(len(lines)))


OWN = [("6.广播电视公开政府信息数", "条"), ("收到申请人数", "人"), ("被撤销数", "件"), ("按时办结率", "件"),
       ("政府网站公开政府信息栏目数", "个"), ("其中：办结数", "件")]  # fmt: skip


@pytest.mark.slow
def test_blanks_rows_of_the_places_own_and_lost_rows_give_no_wrong_cell_in_any_layout():
    """The figures of docs/formats.md: (cells, lost)."""
    rng, counts = random.Random(7), {"blanks and own rows": (0, 0), "rows lost": (0, 0)}
    for form, seed in itertools.product(("2014", "2008"), range(200, 206)):
        rows, meant = drawn(form, seed)
        keys = [key for key, *_ in sheet(form)]
        blank = set(rng.sample([key for key in keys if key], 6))
        blanked = [(a, u, "" if key in blank else n) for key, (a, u, n) in zip(keys, rows, strict=True)]
        for label, unit in OWN:
            blanked.insert(rng.randrange(1, len(blanked)), (label, unit, str(rng.randrange(1, 99))))
        kept = [row for row in rows if rng.random() > 0.2]
        cases = [
            ("blanks and own rows", blanked, {k: v for k, v in meant.items() if k not in blank}),
            ("rows lost", kept, meant),
        ]
        for name, told, known in cases:
            for layout in laid_out(told):
                cells, _, _ = read_rows(**layout)
                assert not {
                    key for key, value in cells.items() if value is not None and value != known.get(key)
                }
                total, lost = counts[name]
                counts[name] = total + len(known), lost + sum(cells.get(key) is None for key in known)
    assert counts == {"blanks and own rows": (5760, 0), "rows lost": (6624, 1333)}


def test_labels_that_say_otherwise_how_they_count():
    said = {
        "收到申请数": "收到申请总数",
        "当面申请数": "当面申请数量",
        "申请办结数": "申请办结件数",
        "申请答复数": "申请答复",
    }
    lines = SHEET
    for label, other in said.items():
        lines = [line.replace(label, other) for line in lines]
    assert read(lines)[0] == read(SHEET)[0]
    # Another measure is another row; a share is none.
    cells, problems = read([line.replace("收到申请数", "收到申请人数") for line in SHEET])
    assert "received" not in cells
    cells, problems = read([line.replace("按时办结数 件 6", "按时办结率 98%") for line in SHEET])
    assert "closed_on_time" not in cells
    assert not problems or problems == ["annex_row"]


@pytest.mark.parametrize("told", ["6.5", "2万元", "1.2万", "3 万", "98%"])
def test_what_is_no_count_is_blank_and_said(told):
    cells, problems = read([line.replace("按时办结数 件 6", f"按时办结数 件 {told}") for line in SHEET])
    assert cells.get("closed_on_time") is None
    assert problems == ["cell"]
    assert cells["closed_extended"] == 1


PARTS = ["统计指标", "单位", "县直部门", "乡镇（街道）", "合计"]


def parted(rows):
    """Rows with a number for each of two parts, and their sum."""
    for label, unit, n in rows:
        whole = float(n.replace(",", "")) if n else 0.0
        part = round(whole / 3)
        yield [label, unit, str(part), f"{whole - part:g}", n] if n else [label, unit, "", "", ""]


def test_of_columns_of_parts_the_total_is_the_reports():
    rows, meant = drawn("2014", 61)
    sheet_of_parts = [PARTS, *parted(rows)]
    assert read_rows(rows=sheet_of_parts)[0] == meant
    assert read_rows(lines=["\t".join(row) for row in sheet_of_parts])[0] == meant
    halves = [["指标名称", "单位", "上半年", "下半年", "全年"], *sheet_of_parts[1:]]
    assert read_rows(rows=halves)[0] == meant


def test_a_total_that_its_parts_do_not_make_is_blank_and_said():
    rows, meant = drawn("2014", 62)
    wrong = list(parted(rows))
    at = next(i for i, row in enumerate(wrong) if "收到申请数" in row[0])
    wrong[at][2] = str(int(wrong[at][2]) + 2)
    for told in ({"rows": [PARTS, *wrong]}, {"lines": ["\t".join(row) for row in [PARTS, *wrong]]}):
        cells, problems, _ = read_rows(**told)
        assert cells == {key: value for key, value in meant.items() if key != "received"}
        assert problems == ["row_not_read"]


@pytest.mark.parametrize(
    "heads",
    [
        ["本级", "下属单位", "合计"],
        ["局机关", "二级单位", "合计"],
        ["县直部门", "乡镇", "其他"],
        ["", "", ""],
    ],
)
def test_where_nothing_tells_which_column_is_the_reports_none_is_read_and_that_is_said_once(heads):
    rows, _ = drawn("2014", 63)
    cells, problems, annex = read_rows(rows=[["统计指标", "单位", *heads], *parted(rows)])
    assert not any(cells.values())
    assert problems == ["row_not_read"]
    assert annex.form == "2014"


def test_of_years_beside_each_other_the_last_is_the_reports():
    rows, meant = drawn("2014", 64)
    beside = [[label, unit, "7" if n else "", n, "-3" if n else ""] for label, unit, n in rows]
    for heads in (["2015年", "2016年", "增减"], ["上年数", "本年数", "同比"], ["去年", "2016年度", "增长率"]):
        assert read_rows(rows=[["统计指标", "单位", *heads], *beside])[0] == meant


def test_a_remark_is_no_label_and_a_group_is_none():
    rows, meant = drawn("2014", 65)
    remarked = [["综合", *row, "含行政复议数量" if i % 2 else "收到申请数"] for i, row in enumerate(rows)]
    assert read_rows(rows=[["类别", "统计指标", "单位", "统计数", "情况"], *remarked])[0] == meant
    remarked = [["行政复议数量", "被撤回数", "件", "5", ""], *remarked]
    assert read_rows(rows=remarked)[0] == meant


def test_parts_beside_each_other_whose_order_is_not_told_leave_what_two_of_them_share_blank():
    """One part each for review and litigation, with the same labels, and nothing that says which is which."""
    shared = [["维持具体行政行为数", "1"], ["被依法纠错数", "2"], ["其他情形数", "3"]]
    left = [["当面申请数", "4"], ["传真申请数", "5"], ["网络申请数", "6"], ["信函申请数", "7"], *shared]
    right = [["按时办结数", "8"], ["延期办结数", "9"], ["专职人员数", "1"], ["兼职人员数", "2"], ["", ""],
             ["被依法纠错数", "8"], ["其他情形数", "9"]]  # fmt: skip
    cells, _, _ = read_rows(rows=[a + b for a, b in zip(left, right, strict=True)])
    assert cells["received_in_person"] == 4
    assert (cells.get("review_corrected"), cells.get("litigation_corrected")) in ((2, 8), (None, None))


def test_a_note_that_the_number_cuts_in_two_is_no_part_of_the_label():
    cut = ["1.专职人员数（不包括政府公报及政府网站工作   人    3", "人员数）", "2.兼职人员数    人   4",
           "（四）政府信息公开专项经费（不包括用于政府   万元    2.5", "公报编辑管理方面的经费）"]  # fmt: skip
    cells, problems = read([*SHEET, *cut])
    assert (cells["staff_full_time"], cells["staff_part_time"], cells["budget"]) == (3, 4, 25000)
    assert not problems


@pytest.mark.parametrize("headed", [True, False])
def test_rows_stacked_in_cells_are_told_apart_by_lines_or_blank(headed):
    rows, meant = drawn("2014", 68)
    head = [["统计指标", "单位", "统计数"]] if headed else []
    stacks = [
        ["\n".join(texts) for texts in zip(*rows[i : i + 3], strict=True)] for i in range(0, len(rows), 3)
    ]
    assert read_rows(rows=[*head, *stacks])[0] == meant
    first = [[label, unit, number.strip().split("\n")[0]] for label, unit, number in stacks]
    one_unit = [[label, unit.strip().split("\n")[0], number] for label, unit, number in stacks]
    for ragged in (first, one_unit):
        cells, problems, _ = read_rows(rows=[*head, *ragged])
        assert all(value in (None, meant[key]) for key, value in cells.items())
        assert problems


def test_a_heading_above_a_label_in_its_cell_and_a_share_beside_the_number_change_nothing():
    rows, meant = drawn("2014", 69)
    headed, heading = [], ""
    for label, unit, number in rows:
        if unit:
            headed.append([f"{heading}\n{label}" if heading else label, unit, number, "3.5%"])
        heading = "" if unit else label
    assert read_rows(rows=headed)[0] == meant


def test_a_table_that_goes_on_without_its_head_has_the_head_of_the_one_before():
    rows, meant = drawn("2014", 66)
    coded = [[label, f"{i:02d}", unit, n] for i, (label, unit, n) in enumerate(rows, 1)]
    grids = [
        grid_from_spans([[(text, 1, 1) for text in row] for row in part])[0]
        for part in ([["统计指标", "代码", "单位", "统计数"], *coded[:30]], coded[30:])
    ]
    annex = read_annex(["附件：政府信息公开情况统计表", "（续表）"], grids)
    assert {f.row: f.value for f in annex.found if isinstance(f, Reading)} == meant
    assert annex.lines == {0, 1}


def test_lines_that_are_a_sheets_and_were_not_read_are_said_and_no_sentences():
    lines = ["我局公开工作有序。", *(f"{line.split()[0]}……（见附件）" for line in SHEET[1:])]
    annex = read_annex(lines, [])
    assert [(f.code, f.where.line) for f in annex.found] == [("annex_not_read", 2)]
    assert annex.lines == frozenset(range(1, len(lines)))


def test_an_annex_of_which_cells_look_like_a_statutory_table_gives_none_of_that(tmp_path):
    rows, meant = drawn("2014", 67)
    numbered = [row for row in rows if row[2]]
    cells = [
        line
        for i in range(0, len(numbered), 6)
        for line in ([a for a, _, _ in numbered[i : i + 6]], [n for *_, n in numbered[i : i + 6]])
    ]
    table = "".join(f"<tr>{''.join(f'<td>{text}</td>' for text in row)}</tr>" for row in cells)
    path = tmp_path / "甲.html"
    texts = "".join(f"<p>{line}</p>" for line in body(DRESSES[0]))
    path.write_text(f"<meta charset='utf-8'>{texts}<table>{table}</table>", encoding="utf-8")
    report = read_report(path)
    assert {cell.table for cell in report.cells} == {"annex"}
    counts = {key: value for key, value in meant.items() if key not in ("fees", "budget")}
    assert {cell.row: cell.value for cell in report.cells if cell.column == "count"} == counts


def test_numbers_told_in_sentences_are_no_sheet():
    told = ["主动公开政府信息数120条，其中主动公开规范性文件数7条。", "政府网站公开政府信息数100条，政务微博公开政府信息数12条。",
            "收到申请数5件，当面申请数1件，网络申请数4件。", "申请办结数5件，按时办结数5件。", "行政复议数量0件，行政诉讼数量0件。",
            "举报投诉数量0件。"]  # fmt: skip
    annex = read_annex(told, [], script="simplified", pages=[None] * len(told))
    assert annex.form is None
    assert not annex.lines
