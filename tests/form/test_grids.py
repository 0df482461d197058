import pytest

from gongkai.form.form import Reading
from gongkai.form.grids import read_grids, statistics_of
from gongkai.problem import Where
from gongkai.readers.document import Grid, grid_from_spans
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
