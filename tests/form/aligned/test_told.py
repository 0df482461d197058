"""Rows that tools damaged: read where nothing is in doubt, else blank and said; never another row's numbers."""

import pytest

from gongkai.form.aligned.align import align
from gongkai.form.form import COLUMNS, form_data
from gongkai.problem import Problem
from tests.form.aligned.test_rows import HEADS, ROWS, table

LABELS = {row: form_data()["requests"]["labels"][row].split("|")[-1] for row in ROWS}
PROACTIVE = ["信息内容 本年制发件数 本年废止件数 现行有效件数", "规章 0 0 0", "行政规范性文件 1 0 4"]


def a_row_a_line(cells):
    return [" ".join(HEADS), *(f"{LABELS[row]} {' '.join(map(str, cells[row]))}" for row in cells)]


def one_a_line(cells):
    return [*HEADS, *(text for row in cells for text in (LABELS[row], *map(str, cells[row])))]


def read(lines):
    """Return the values and what was said of rows that were not read."""
    found = align(lines).found
    said = " ".join(one.message for one in found if isinstance(one, Problem))
    return {
        (r.row, r.column): r.value for r in found if not isinstance(r, Problem) and r.value is not None
    }, said


@pytest.fixture
def cells():
    return table(3)


def truth(cells):
    return {(row, name): n for row in cells for name, n in zip(COLUMNS, cells[row], strict=True)}


def is_right_or_blank(found, cells):
    return all(truth(cells)[cell] == value for cell, value in found.items())


def test_a_number_broken_over_two_lines_leaves_its_row_blank(cells):
    lines = a_row_a_line(cells)
    at = 1 + ROWS.index("total_handled")
    assert cells["total_handled"][-1] > 9
    lines[at : at + 1] = [lines[at][:-1], lines[at][-1]]
    found, said = read(lines)
    assert len(found) == len(truth(cells)) - 7
    assert is_right_or_blank(found, cells)
    assert "total_handled" in said


def test_a_page_number_behind_a_row_that_adds_up_harms_nothing(cells):
    lines = a_row_a_line(cells)
    lines.insert(9, "12")
    assert read(lines)[0] == truth(cells)


def test_a_row_of_an_agencys_slip_is_read_in_a_table_of_whole_rows(cells):
    cells["granted"][-1] += 1
    assert read(a_row_a_line(cells))[0] == truth(cells)


def test_a_figure_that_is_no_cell_does_not_tear_a_row_apart_into_others(cells):
    lines = one_a_line(cells)
    at = lines.index(LABELS["deliberative"]) + 4
    lines[at:at] = ["存档号 2023"]
    found, said = read(lines)
    assert is_right_or_blank(found, cells)
    assert "deliberative" in said


@pytest.mark.parametrize("column", range(7))
@pytest.mark.parametrize("told", [a_row_a_line, one_a_line])
def test_of_a_table_without_one_of_its_columns_nothing_is_recovered(cells, column, told):
    less = {row: [*counts[:column], *counts[column + 1 :]] for row, counts in cells.items()}
    assert read(told(less))[0] == {}


@pytest.mark.parametrize("mark", ["①", " ①", "¹"])
def test_what_leads_to_a_note_is_no_part_of_a_number(cells, mark):
    lines = a_row_a_line(cells)
    lines[3] = lines[3].replace(f" {cells['granted'][0]} ", f" {cells['granted'][0]}{mark} ", 1)
    assert read(lines)[0] == truth(cells)


def test_a_digit_glued_to_a_zero_is_no_number(cells):
    lines = one_a_line(cells)
    at = lines.index(LABELS["carried_in"]) + 2
    lines[at] = "01"
    found, said = read(lines)
    assert ("carried_in", "business") not in found
    assert "requests.carried_in.business is blank" in said


def test_rows_under_其他处理_are_not_the_row_itself(cells):
    """As where a tool lost the label of the first of them."""
    lines = [line.replace(LABELS["not_corrected_in_time"], "（六）其他处理") for line in a_row_a_line(cells)]
    found, said = read(lines)
    assert "other_handling" not in {row for row, _ in found}
    assert "other_handling" in said


def test_a_count_has_no_fraction():
    lines = [*PROACTIVE, "信息内容 本年处理决定数量", "行政许可 2.563", "行政处罚 12.0"]
    found, said = read(lines)
    assert ("licences", "decisions") not in found
    assert found["penalties", "decisions"] == 12
    assert "'2.563' is not a number" in said


def test_words_of_another_line_do_not_stand_between_a_label_and_its_number():
    lines = [*PROACTIVE, "信息内容 本年处理决定数量", "行政许可", "仅供查阅 2023", "64", "行政处罚 3"]
    found, _ = read(lines)
    assert found["penalties", "decisions"] == 3
    assert found.get(("licences", "decisions"), 64) == 64


def test_a_figure_between_a_head_and_its_label_is_no_cell():
    lines = [*PROACTIVE, "信息内容 本年收费金额（单位：万元）", "7", "行政事业性收费 56.2"]
    assert read(lines)[0]["fees", "amount_yuan"] == 562_000


def test_an_amount_whose_head_is_lost_has_no_unit():
    lines = [*PROACTIVE, "信息内容 本年处理决定数量", "行政许可 8", "行政事业性收费 56.2"]
    found, said = read(lines)
    assert ("fees", "amount_yuan") not in found
    assert "no head names the unit of '56.2'" in said
    assert read([*lines[:-1], "行政事业性收费 0"])[0]["fees", "amount_yuan"] == 0
    assert read([*lines[:-1], "行政事业性收费 56.2万元"])[0]["fees", "amount_yuan"] == 562_000


@pytest.mark.parametrize("printed", ["5l.7万元", "5'170万元"])
def test_digits_beside_a_letter_are_no_number_of_their_own(printed):
    lines = [*PROACTIVE, "信息内容 采购项目数量 采购总金额", f"政府集中采购 31 {printed}"]
    assert ("procurement", "amount_yuan") not in read(lines)[0]


def test_thousands_are_set_apart_in_glued_numbers_too():
    lines = [
        *PROACTIVE,
        "信息内容本年处理决定数量行政许可1,234第二十条第（六）项信息内容本年处理决定数量行政处罚56",
    ]
    assert read(lines)[0]["licences", "decisions"] == 1234


def by_heads(cells, zeros=None):
    """Each number behind its head, below its row's label, as language models list a table."""
    lines = []
    for row in cells:
        if zeros and not any(cells[row]):
            lines.append(f"{LABELS[row]}：{zeros}")
            continue
        named = [f"{head}：{n}" for head, n in zip(HEADS, cells[row], strict=True)]
        lines += [LABELS[row], named[0], "法人或其他组织", *named[1:]]
    return lines


@pytest.mark.parametrize("zeros", [None, "各列均为 0", "各项都为0。"])
def test_a_list_of_heads_and_numbers_is_a_table(cells, zeros):
    cells["state_secret"] = [0] * 7
    cells["fee_not_paid"] = [0] * 7
    assert read(by_heads(cells, zeros))[0] == truth(cells)


def test_a_label_may_hold_its_head_in_brackets():
    told = ["行政许可（本年处理决定数量）：8", "行政事业性收费（本年收费金额，单位：万元）：56.2"]
    found = read([*PROACTIVE, *told])[0]
    assert (found["licences", "decisions"], found["fees", "amount_yuan"]) == (8, 562_000)


def test_letters_for_digits_count_where_the_sum_tells(cells):
    cells["carried_in"], cells["carried_out"] = [1, 0, 0, 0, 1, 0, 2], [10, 0, 0, 0, 0, 0, 10]
    lines = a_row_a_line(cells)
    lines[2] = f"{LABELS['carried_in']} l O 0 0 I 0 2"
    lines[-1] = f"{LABELS['carried_out']} 1O O 0 0 0 0 11"
    found = align(lines).found
    cell = {(r.row, r.column): r for r in found if not isinstance(r, Problem)}
    assert (cell["carried_in", "natural_person"].value, cell["carried_in", "natural_person"].how) == (
        1,
        "recovered",
    )
    assert "carried_out" not in {row for row, _ in cell}
    found, said = read([*PROACTIVE[:2], "行政规范性文件 l 0 1O"])
    assert (found["normative_documents", "in_force"], found.get(("normative_documents", "issued"))) == (
        10,
        None,
    )
    assert "printed as letters" in said


@pytest.mark.parametrize("bar", ["|", "│"])
def test_blank_cells_between_bars_are_their_rows(cells, bar):
    """As where the label of the row below is lost."""
    cells["third_party"], cells["internal_affairs"] = [0] * 7, [1, 0, 0, 0, 0, 0, 1]
    lines = [bar.join(["", "", *HEADS, ""])]
    for row, counts in cells.items():
        label = "" if row == "internal_affairs" else LABELS[row]
        lines.append(bar.join(["", label, *(str(n or " ") for n in counts), ""]))
    found, _ = read(lines)
    assert not {row for row, _ in found} & {"third_party", "internal_affairs"}


def test_blank_cells_beside_the_rest_of_a_label_are_no_row(cells):
    """Where besides a cell is lost no row is given another's numbers."""
    lines = ["│".join(["", "", *HEADS, ""])]
    for row, counts in cells.items():
        texts = [*map(str, counts)]
        if row == "internal_affairs":
            texts = [" ", *texts[1:]]
        label = LABELS[row]
        cut = 12 if row == "partly_granted" else len(label)
        lines.append("│".join(["", label[:cut], *texts, ""]))
        if label[cut:]:
            lines.append("│".join(["", label[cut:], *[" "] * 7, ""]))
    found, _ = read(lines)
    assert is_right_or_blank(found, cells)
    assert len(found) >= len(truth(cells)) - 7


def test_a_page_number_inside_a_rows_heads_is_no_cell():
    lines = [
        *PROACTIVE,
        "第二十条第（八）项",
        "12",
        "信息内容 本年收费金额（单位：万元）",
        "行政事业性收费 0",
    ]
    assert read(lines)[0]["fees", "amount_yuan"] == 0


def test_a_row_without_numbers_does_not_take_those_of_a_row_told_again(cells):
    blank = {row: counts for row, counts in cells.items() if row != "carried_in"}
    head, new, *others = a_row_a_line(blank)
    lines = [head, new, f"{LABELS['carried_in']}  ", head, new, f"{LABELS['carried_in']}  ", *others]
    found, _ = read(lines)
    assert not {row for row, _ in found} & {"carried_in"}


def test_a_label_wrapped_around_its_numbers_is_not_the_next_ones(cells):
    label, following = LABELS["not_corrected_in_time"], LABELS["fee_not_paid"]
    lines = a_row_a_line(cells)
    at = 1 + ROWS.index("not_corrected_in_time")
    numbers = " ".join(map(str, cells["not_corrected_in_time"]))
    lines[at : at + 2] = [f"{label[:24]} {numbers}", label[24:], following]
    found, _ = read(lines)
    assert is_right_or_blank(found, cells)
    assert "not_corrected_in_time" in {row for row, _ in found}
