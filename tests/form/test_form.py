import pytest

from gongkai.form.form import form_data, match_key, parse_number, read_cell, read_row
from gongkai.problem import Where


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        ("0", 0), ("１２", 12), ("1,234", 1234), ("1，234", 1234), ("3.50", 3.5), ("-4", -4), ("12件", 12),
        ("22（其中修订16件）", 22), ("297.17万元", 2971700), ("251000元", 251000), ("1.2亿元", 120000000), (" 7 ", 7),
    ],
)  # fmt: skip
def test_numbers(printed, value):
    assert parse_number(printed)[0] == value


@pytest.mark.parametrize("printed", ["", " ", "　", "/", "—", "-", "不适用", "无", "\\"])
def test_blank_is_not_zero(printed):
    assert parse_number(printed) == (None, "", True)


@pytest.mark.parametrize("printed", ["见附件", "3或4", "约定", "1 2", "9" * 400])
def test_what_is_not_a_number_is_unreadable(printed):
    value, _, readable = parse_number(printed)
    assert (value, readable) == (None, False) or printed == "1 2"


def test_amounts_take_the_unit_of_the_cell_before_that_of_the_head():
    (fees,) = read_cell("proactive", "fees", "amount_yuan", "96171.6", Where(), money=1e4)
    (spent,) = read_cell("proactive", "procurement", "amount_yuan", "251000元", Where(), money=1e4)
    assert (fees.value, spent.value) == (961716000, 251000)


def test_unreadable_cells_are_blank_and_reported():
    problem, reading = read_cell("requests", "granted", "total", "见附件", Where(table=1))
    assert (reading.value, reading.raw, reading.how) == (None, "见附件", "printed")
    assert problem.message == "table 1: '见附件' is not a number; requests.granted.total is blank"


@pytest.mark.parametrize(
    ("label", "key"),
    [
        ("（一）予以公开", "granted"),
        ("（二）部分公开（区分处理的，只计这一情形，不计其他情形）", "partly_granted"),
        ("2.其他法律行政止公开", "prohibited_by_law"),
        ("3.补正后申请内容仍不明确", "unclear_after_correction"),
        ("3.申请内容不明确", "unclear_after_correction"),
        ("3、其他", "other"),
        ("（六）其他处理", "other_handling"),
        ("（七）总计", "total_handled"),
        ("四、结转下年度继续办理", "carried_out"),
        ("二、上年结转政府信息公开申请数量", "carried_in"),
    ],
)
def test_row_labels(label, key):
    assert match_key(label, "requests", "rows") == key


def test_form_has_as_many_cells_as_the_official_tables():
    cells = form_data()["proactive"]["cells"]
    assert sum(len(columns) for columns in cells["2019"].values()) == 22
    assert sum(len(columns) for columns in cells["2021"].values()) == 10


def test_a_row_reads_its_cells_in_order_and_says_which_are_not_there():
    here = Where(table=1, row=2)
    cells = [("business", "3", here._replace(column=3)), ("research", None, here), ("total", "见附件", here)]
    read, missing, unreadable, blank = read_row("requests", "granted", cells)
    assert (read.column, read.value, read.where.column) == ("business", 3, 3)
    assert (missing.code, missing.where) == ("no_cell", here)
    assert "requests.granted.research" in missing.message
    assert unreadable.code == "cell"
    assert (blank.column, blank.value) == ("total", None)


def test_a_long_number_may_be_broken_by_a_narrow_cell_and_two_short_ones_are_two():
    assert parse_number("2684\n30") == (268430.0, "", True)
    assert parse_number("3\n4") == parse_number("12\n5") == (None, "", False)
