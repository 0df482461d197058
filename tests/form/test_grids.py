import pytest

from gongkai.form.cells import statistics_of
from gongkai.form.form import Reading
from gongkai.form.grids import read_grids, read_lone_disputes
from gongkai.problem import Where
from gongkai.readers.document import Cell, Grid, grid_from_spans
from gongkai.readers.read import read_document
from gongkai.report.report import parse_report
from tests.conftest import DATA

HEAD = [
    [("申请人情况", 1, 9)],
    [("", 2, 2), ("自然人", 2, 1), ("法人或其他组织", 1, 5), ("总计", 2, 1)],
    [(n, 1, 1) for n in ("商业企业", "科研机构", "社会公益组织", "法律服务机构", "其他")],
]


def row(*labels, values="0000000"):
    return [(label, 1, 2 if len(labels) == 1 else 1) for label in labels] + [(v, 1, 1) for v in values]


def grid(*rows):
    made, _ = grid_from_spans([*HEAD, *rows])
    return made


def read_statistics(grids):
    return statistics_of(read_grids(grids))


def cells(found):
    readings = getattr(found, "readings", found)
    return {(r.table, r.row, r.column): r.value for r in readings}


def test_a_grid_whose_first_row_is_all_holes_is_read():
    first = Grid(((Cell("规章"), Cell("2")), (Cell("行政规范性文件"), Cell("3"))))
    assert list(read_grids([first, Grid(((None, None), *first.rows))])) == list(read_grids([first]))


def test_cells_are_found_by_label_and_head_whatever_the_order():
    found = read_statistics(
        [
            grid(
                row("二、上年结转", values="1234567"),
                row("一、本年新收", values="7654321"),
                row("（一）予以公开"),
            )
        ]
    )
    assert cells(found)["requests", "carried_in", "natural_person"] == 1
    assert cells(found)["requests", "new_requests", "total"] == 1
    assert cells(found)["requests", "new_requests", "natural_person"] == 7
    assert len(found.readings) == 21


def test_swapped_columns_are_followed():
    rows = [
        [("", 1, 2), ("总计", 1, 1), ("自然人", 1, 1), ("商业企业", 1, 1)],
        [("一、本年新收", 1, 2), ("3", 1, 1), ("2", 1, 1), ("1", 1, 1)],
        [("二、上年结转", 1, 2), ("0", 1, 1), ("0", 1, 1), ("0", 1, 1)],
        [("（一）予以公开", 1, 2), ("3", 1, 1), ("2", 1, 1), ("1", 1, 1)],
    ]
    found = read_statistics([grid_from_spans(rows)[0]])
    assert cells(found)["requests", "new_requests", "total"] == 3
    assert cells(found)["requests", "new_requests", "business"] == 1


GRANTED = ["5", "1", "0", "0", "0", "0", "6"]


@pytest.mark.parametrize(
    "values",
    [
        GRANTED[:1] + GRANTED[2:],
        [*GRANTED[:2], "1", *GRANTED[2:]],
        ["5100006", "", "", "", "", "", ""],
    ],
)
def test_a_row_with_a_cell_too_many_or_too_few_has_no_value_and_says_so(values):
    rows = [row("一、本年新收", values=GRANTED), row("二、上年结转"), row("（一）予以公开", values=values)]
    found = read_statistics([grid(*rows)])
    assert {one.row for one in found.readings} == {"new_requests", "carried_in"}
    assert any("requests.granted was not read" in problem.message for problem in found.problems)


def test_a_row_that_breaks_its_sum_is_read_where_it_has_a_cell_for_each_column():
    rows = [
        row("一、本年新收", values="5100009"),
        row("二、上年结转"),
        row("（一）予以公开", values="5100006"),
    ]
    found = cells(read_statistics([grid(*rows)]))
    assert found["requests", "new_requests", "total"] == 9


def test_one_cell_merged_over_a_row_of_zeros_is_each_of_them():
    zeros = [("（一）予以公开", 1, 2), ("0", 1, 7)]
    found = cells(read_statistics([grid(row("一、本年新收"), row("二、上年结转"), zeros)]))
    assert [found["requests", "granted", column] for column in ("business", "total")] == [0, 0]


def test_其他处理_beside_the_rows_that_took_its_place_is_not_read():
    rows = [
        row("一、本年新收"),
        row("二、上年结转"),
        row("（一）予以公开"),
        row("（六）其他处理", "", values="1000001"),
    ]
    rows += [row("", "2.申请人逾期未按收费通知要求缴纳费用"), row("", "3.其他")]
    found = read_statistics([grid(*rows)])
    assert "other_handling" not in {one.row for one in found.readings}
    assert any("other_handling was not read" in problem.message for problem in found.problems)


def test_a_row_of_disputes_without_one_of_its_cells_is_not_read():
    heads = [
        [("行政复议", 1, 5), ("行政诉讼", 1, 10)],
        [("", 1, 5), ("未经复议直接起诉", 1, 5), ("复议后起诉", 1, 5)],
    ]
    outcomes = [(n, 1, 1) for n in ("结果维持", "结果纠正", "其他结果", "尚未审结", "总计") * 3]
    numbers = [(n, 1, 1) for n in "210030100100000"]
    whole, torn = ([*heads, outcomes, line] for line in (numbers, numbers[:1] + numbers[2:]))
    assert len(read_statistics([grid_from_spans(whole)[0]]).readings) == 15
    found = read_statistics([grid_from_spans(torn)[0]])
    assert not found.readings
    assert found.problems


def test_an_amount_under_two_heads_is_none_of_their_numbers():
    rows = [
        [("信息内容", 1, 1), ("采购项目数量", 1, 1), ("采购总金额", 1, 2)],
        [("政府集中采购", 1, 1), ("5170", 1, 3)],
    ]
    found = read_statistics([grid_from_spans(rows)[0]])
    assert not [one for one in found.readings if one.value]


def test_blank_stays_blank():
    found = read_statistics(
        [
            grid(
                row("一、本年新收", values=["5", "", "/", "", "", "", "5"]),
                row("二、上年结转"),
                row("（一）予以公开"),
            )
        ]
    )
    assert cells(found)["requests", "new_requests", "business"] is None
    assert cells(found)["requests", "new_requests", "research"] is None
    assert found.problems == ()


def test_a_table_cut_by_a_page_break_goes_on_without_its_head():
    first = grid(
        row("一、本年新收", values="2000002"), row("二、上年结转"), row("（一）予以公开", values="1000001")
    )
    second = Grid(
        grid(row("（二）部分公开"), row("（七）总计"), row("四、结转下年度继续办理", values="1000001")).rows[
            3:
        ],
        2,
    )
    found = read_statistics([first, second])
    assert cells(found)["requests", "carried_out", "total"] == 1
    assert len(found.readings) == 42


def test_a_repeated_head_is_no_data():
    first = grid(row("一、本年新收"), row("二、上年结转"), row("（一）予以公开"))
    second = grid(row("（二）部分公开"), row("（七）总计"), row("四、结转下年度继续办理"))
    found = read_statistics([first, second])
    assert len(found.readings) == 42
    assert found.problems == ()


def test_the_single_row_of_other_handling_in_a_new_report():
    found = read_statistics(
        [
            grid(
                row("一、本年新收"),
                row("二、上年结转"),
                row("（一）予以公开"),
                row("（六）其他处理", values="3000003"),
            )
        ]
    )
    assert cells(found)["requests", "other_handling", "total"] == 3
    assert not any(r.row == "other" for r in found.readings)


def test_a_second_copy_of_a_cell_is_reported_not_summed():
    one = grid(row("一、本年新收", values="1000001"), row("二、上年结转"), row("（一）予以公开"))
    found = read_statistics(
        [one, grid(row("一、本年新收", values="9000009"), row("二、上年结转"), row("（一）予以公开"))]
    )
    assert cells(found)["requests", "new_requests", "total"] == 1
    assert any("a second cell" in p.message for p in found.problems)


def test_the_form_is_read_off_the_columns_not_the_year():
    old = [
        [("信息内容", 1, 1), ("本年新制作数量", 1, 1), ("本年新公开数量", 1, 1), ("对外公开总数量", 1, 1)],
        [(t, 1, 1) for t in ("规章", "1", "2", "3")],
    ]
    new = [
        [("信息内容", 1, 1), ("本年制发件数", 1, 1), ("本年废止件数", 1, 1), ("现行有效件数", 1, 1)],
        [(t, 1, 1) for t in ("规章", "1", "2", "3")],
    ]
    assert read_statistics([grid_from_spans(old)[0]]).form == "2019"
    found = read_statistics([grid_from_spans(new)[0]])
    assert found.form == "2021"
    assert cells(found)["proactive", "regulations", "repealed"] == 2


def test_disputes_turned_on_their_side():
    heads = [(h, 1, 1) for h in ("", "结果维持", "结果纠正", "其他结果", "尚未审结", "总计")]
    names, numbers = ("行政复议", "未经复议直接起诉", "复议后起诉"), ("10001", "02013", "00000")
    rows = [[(t, 1, 1) for t in (name, *of)] for name, of in zip(names, numbers, strict=True)]
    made, _ = grid_from_spans([heads, *rows])
    found = cells(read_statistics([made]))
    assert len(found) == 15
    assert found["disputes", "review", "upheld"] == 1
    assert found["disputes", "litigation_direct", "corrected"] == 2
    assert found["disputes", "litigation_after_review", "total"] == 0


def test_no_table_no_cell_no_form():
    found = read_statistics([grid_from_spans([[("a", 1, 1), ("b", 1, 1)], [("1", 1, 1), ("2", 1, 1)]])[0]])
    assert (found.form, found.readings, found.problems) == (None, (), ())


FILES = [
    "mini/云汀市民政局2021.html",
    "merged-cells.docx",
    "layout-table-gbk.htm",
    "mirror-traditional.txt",
    "wrapped-gb18030.txt",
]


@pytest.mark.parametrize("name", FILES)
def test_every_dress_of_one_report_gives_the_same_cells_and_sentences(name):
    expected = parse_report(read_document(DATA / FILES[0]))
    found = parse_report(read_document(DATA / name))
    assert cells(found.cells) == cells(expected.cells)
    assert len(found.cells) == 10 + 25 * 7 + 15
    assert cells(found.cells)["proactive", "fees", "amount_yuan"] == 1_250_000
    assert [(s.section, s.heading, s.lead, s.text) for s in found.sentences] == [
        (s.section, s.heading, s.lead, s.text) for s in expected.sentences
    ]


def test_a_second_cell_does_not_tell_the_form():
    one = Reading("disputes", "review", "total", 1.0, "count", "1", Where(table=2, row=4))
    found = statistics_of([one, one], said=None)
    assert found.form is None
    assert [problem.code for problem in found.problems] == ["second_cell"]


def turned(found):
    """A grid on its side; merged cells stay merged."""
    return Grid(tuple(zip(*found.rows, strict=True)))


MANY = [
    row(label, values="2100003")
    for label in (
        "一、本年新收",
        "二、上年结转",
        "（一）予以公开",
        "（二）部分公开",
        "1.属于国家秘密",
        "6.属于四类过程性信息",
    )
] + [
    row(label)
    for label in (
        "7.属于行政执法案卷",
        "2.重复申请",
        "1.信访举报投诉类申请",
        "（七）总计",
        "四、结转下年度继续办理",
    )
]


def test_a_requests_table_on_its_side_is_read_as_the_upright_one():
    upright = grid(*MANY)
    assert cells(read_statistics([turned(upright)])) == cells(read_statistics([upright])) != {}


def test_a_requests_table_in_two_parts_side_by_side_is_one():
    names = ["自然人", "商业企业", "科研机构", "社会公益组织", "法律服务机构", "其他", "总计"]
    plain = [[(cell[0], 1, 1) for cell in one] for one in MANY[:10]]
    rows = [
        [(t, 1, 1) for t in ["情形", *names] * 2],
        *(a + b for a, b in zip(plain[:5], plain[5:], strict=True)),
    ]
    found = read_statistics([grid_from_spans(rows)[0]])
    upright = read_statistics([grid_from_spans([rows[0][:8], *plain])[0]])
    assert cells(found) == cells(upright)
    assert len(found.readings) == 70
    assert not found.problems


def test_columns_of_the_year_before_are_left_out():
    rows = [
        [("信息内容", 2, 1), ("本年制发件数", 1, 2), ("本年废止件数", 1, 2), ("现行有效件数", 1, 2)],
        [(f"{year}年", 1, 1) for year in (2021, 2022) * 3],
        [(t, 1, 1) for t in ["行政规范性文件", "8", "2", "7", "1", "6", "5"]],
        [("信息内容", 1, 1), ("2021年处理决定数量", 1, 3), ("2022年处理决定数量", 1, 3)],
        [("行政许可", 1, 1), ("90", 1, 3), ("70", 1, 3)],
    ]
    found = cells(read_statistics([grid_from_spans(rows)[0]]))
    assert {key[2]: value for key, value in found.items()} == {
        "issued": 2, "repealed": 1, "in_force": 5, "decisions": 70
    }  # fmt: skip


def test_of_disputes_with_a_row_a_year_the_last_is_read():
    outcomes = ["结果维持", "结果纠正", "其他结果", "尚未审结", "总计"]
    rows = [
        [("年度", 3, 1), ("行政复议", 1, 5), ("行政诉讼", 1, 10)],
        [(t, 2, 1) for t in outcomes] + [("未经复议直接起诉", 1, 5), ("复议后起诉", 1, 5)],
        [(t, 1, 1) for t in outcomes * 2],
        [("2021年", 1, 1), *((n, 1, 1) for n in "100010000000000")],
        [("2022年", 1, 1), *((n, 1, 1) for n in "020020000000000")],
    ]
    found = cells(read_statistics([grid_from_spans(rows)[0]]))
    assert found["disputes", "review", "corrected"] == 2
    assert found["disputes", "review", "upheld"] == 0
    assert len(found) == 15


def test_a_column_without_a_known_head_is_said():
    rows = [
        [
            (t, 1, 1)
            for t in ("情形", "自然人", "商业企业", "科研机构", "社会公益组织", "律所", "其他", "总计")
        ]
    ]
    rows += [[(cell[0], 1, 1) for cell in one] for one in MANY[:3]]
    found = read_statistics([grid_from_spans(rows)[0]])
    (problem,) = found.problems
    assert problem.code == "head"
    assert "legal_service" in problem.message


def test_fifteen_numbers_without_a_head_count_if_their_blocks_add_up():
    known = (Where(line=1), ["0", "0", "1", "0", "1"] + ["0"] * 5 + ["2", "0", "0", "1", "3"])
    found = cells(read_lone_disputes([(Where(line=2), ["3"] * 4), known]))
    assert found["disputes", "litigation_after_review", "total"] == 3
    assert len(found) == 15
    (problem,) = read_lone_disputes([(Where(line=1), [*known[1][:14], "4"])])
    assert problem.code == "head"


def test_a_cell_of_a_turned_or_joined_grid_says_where_it_is_printed():
    upright = grid(*MANY)
    wanted = {(r.row, r.column): (r.where.row, r.where.column) for r in read_statistics([upright]).readings}
    found = read_statistics([turned(upright)]).readings
    assert {(r.row, r.column): (r.where.column, r.where.row) for r in found} == wanted
    names = ["自然人", "商业企业", "科研机构", "社会公益组织", "法律服务机构", "其他", "总计"]
    plain = [[(cell[0], 1, 1) for cell in one] for one in MANY[:10]]
    rows = [
        [(t, 1, 1) for t in ["情形", *names] * 2],
        *(a + b for a, b in zip(plain[:5], plain[5:], strict=True)),
    ]
    (first,) = [
        r
        for r in read_statistics([grid_from_spans(rows)[0]]).readings
        if r.column == "total" and r.row == "repeated"
    ]
    assert (first.where.row, first.where.column) == (4, 16)


def test_years_in_heads_count_only_between_columns_of_one_key():
    rows = [
        [
            (t, 1, 1)
            for t in (
                "信息内容",
                "本年制发件数（2023年）",
                "本年废止件数（2023年）",
                "现行有效件数（截至2024年1月）",
            )
        ],
        [(t, 1, 1) for t in ("规章", "1（2023年制发）", "1（2015年制定）", "5")],
        [(t, 1, 1) for t in ("行政规范性文件", "2", "1", "7")],
    ]
    assert sorted(cells(read_statistics([grid_from_spans(rows)[0]])).values()) == [1, 1, 1, 2, 5, 7]


@pytest.mark.parametrize("years", [("2022年", "2023年"), ("上年度", "本年度")])
def test_of_two_years_side_by_side_the_later_is_read(years):
    names = ["自然人", "商业企业", "科研机构", "社会公益组织", "法律服务机构", "其他", "总计"]
    rows = [[("", 1, 1), (years[0], 1, 7), (years[1], 1, 7)], [("", 1, 1), *((t, 1, 1) for t in names * 2)]]
    rows += [[(one[0][0], 1, 1), *((n, 1, 1) for n in "90000092000002")] for one in MANY[:4]]
    found = cells(read_statistics([grid_from_spans(rows)[0]]))
    assert {value for key, value in found.items() if key[2] == "natural_person"} == {2}
    three = ["本年制发件数", "本年废止件数", "现行有效件数"]
    rows = [[("", 1, 1), (years[0], 1, 3), (years[1], 1, 3)], [(t, 1, 1) for t in ["信息内容", *three * 2]]]
    rows += [[(t, 1, 1) for t in ["行政规范性文件", "9", "9", "9", "1", "2", "3"]]]
    assert list(cells(read_statistics([grid_from_spans(rows)[0]])).values()) == [1, 2, 3]


def test_of_fifteen_numbers_told_twice_or_all_zero_none_is_read():
    rows = [(Where(line=n), [str(n), "0", "0", "0", str(n)] + ["0"] * 10) for n in (1, 2)]
    assert {one.code for one in read_lone_disputes(rows)} == {"head"}
    assert [one.code for one in read_lone_disputes([(Where(line=1), ["0"] * 15)])] == ["head"]


def test_decisions_alone_are_of_the_newer_form():
    rows = [["信息内容", "本年处理决定数量"], ["行政许可", "3"], ["行政处罚", "2"], ["行政强制", "0"]]
    found = read_statistics([grid_from_spans([[(text, 1, 1) for text in row] for row in rows])[0]])
    assert (found.form, cells(found)["proactive", "penalties", "decisions"]) == ("2021", 2)


def _table(rows):
    return grid_from_spans([[(text, 1, 1) for text in row] for row in rows])[0]


NAMES = ["一、本年新收", "二、上年结转", "（一）予以公开", "（七）总计", "四、结转下年度继续办理"]
HEADS = ["自然人", "商业企业", "科研机构", "社会公益组织", "法律服务机构", "其他", "总计"]
COUNTS = [
    ["5", "1", "0", "2", "0", "1", "9"],
    ["1", "0", "0", "0", "0", "0", "1"],
    *[["3", "0", "0", "1", "0", "0", "4"]] * 3,
]


def test_columns_whose_heads_a_page_cut_off_are_read_where_all_rows_add_up():
    heads = ["", "", *HEADS[1:6], ""]
    rows = [[name, *counts] for name, counts in zip(NAMES, COUNTS, strict=True)]
    found = cells(read_statistics([_table([heads, *rows])]))
    assert (
        found["requests", "new_requests", "natural_person"],
        found["requests", "new_requests", "total"],
    ) == (5, 9)
    rows[2][7] = "5"
    assert len(cells(read_statistics([_table([heads, *rows])]))) == 5 * len(rows)


def test_columns_that_stand_on_the_next_page_go_beside_their_rows():
    left = [["", *HEADS[:4]], *([name, *counts[:4]] for name, counts in zip(NAMES, COUNTS, strict=True))]
    right = [HEADS[4:], *(counts[4:] for counts in COUNTS)]
    found = cells(read_statistics([_table(left), _table(right)]))
    assert found["requests", "new_requests", "total"] == 9
    assert len(found) == 7 * len(NAMES)
    assert len(cells(read_statistics([_table(left), _table(right[:-1])]))) == 4 * len(NAMES)


def test_a_table_that_a_page_cuts_below_a_head_goes_on_with_fewer_columns():
    first = [
        [("信息内容", 1, 1), ("本年制发件数", 1, 1), ("本年废止件数", 1, 1), ("现行有效件数", 1, 1)],
        [("规章", 1, 1), ("1", 1, 1), ("0", 1, 1), ("4", 1, 1)],
        [("信息内容", 1, 1), ("本年处理决定数量", 1, 3)],
    ]
    rest = [
        [("行政许可", 1, 1), ("7", 1, 1)],
        [("信息内容", 1, 1), ("本年收费金额（单位：万元）", 1, 1)],
        [("行政事业性收费", 1, 1), ("2.5", 1, 1)],
    ]
    found = cells(read_statistics([grid_from_spans(first)[0], grid_from_spans(rest)[0]]))
    assert found["proactive", "regulations", "in_force"] == 4
    assert found["proactive", "licences", "decisions"] == 7
    assert found["proactive", "fees", "amount_yuan"] == 25_000
