"""Blanks in a table laid out by spaces or tabs: placed where nothing is in doubt, else not read."""

import random

import pytest

from gongkai.form.aligned.align import align
from gongkai.form.form import COLUMNS, OTHER_HANDLING, RESULTS, form_data
from gongkai.text.grammar import columns

HEADS = ["自然人", "商业企业", "科研机构", "社会公益组织", "法律服务机构", "其他", "总计"]
ROWS = ["new_requests", "carried_in", *RESULTS, *OTHER_HANDLING, "total_handled", "carried_out"]
SMALL = {"carried_in": (2, 0, 0, 0, 1, 0), "carried_out": (1, 0, 0, 0, 0, 0)}


def table(seed):
    """Return the cells of a table that adds up, most of them zero."""
    rng = random.Random(seed)
    cells = {row: [0] * 6 for row in ROWS} | {row: list(counts) for row, counts in SMALL.items()}
    for row in [*RESULTS, *OTHER_HANDLING]:
        cells[row] = [rng.choice([0, 0, 0, 0, rng.randint(1, 30)]) for _ in range(6)]
    cells["granted"][0] += 3
    for column in range(6):
        handled = sum(cells[row][column] for row in [*RESULTS, *OTHER_HANDLING])
        cells["total_handled"][column] = handled
        cells["new_requests"][column] = handled + cells["carried_out"][column] - cells["carried_in"][column]
    return {row: [*counts, sum(counts)] for row, counts in cells.items()}


def filled(text, width, side):
    gap = max(0, width - columns(text))
    left = {"left": 0, "right": gap, "middle": gap // 2}[side]
    return " " * left + text + " " * (gap - left)


def told(cells, sep="", side="left", width=15, shift=0):
    """Lay a table out, zeros blank; `shift` moves all numbers by columns."""
    labels = {row: form_data()["requests"]["labels"][row].split("|")[-1] for row in ROWS}
    lines = ["三、收到和处理政府信息公开申请情况"]
    head = sep.join(["", *HEADS]) if sep else " " * 80 + "".join(filled(h, width, side) for h in HEADS)
    lines.append(head.rstrip("\n"))
    for row in ROWS:
        texts = ["" if n == 0 else str(n) for n in cells[row]]
        if sep:
            lines.append(sep.join([labels[row], *texts]))
        else:
            numbers = "".join(filled(t, width, side) for t in texts)
            lines.append((filled(labels[row], 80 + shift, "left") + numbers).rstrip())
    return [*lines, "四、政府信息公开行政复议、行政诉讼情况"]


def read(lines):
    return {
        (one.row, COLUMNS.index(one.column)): one.value
        for one in align(lines).values
        if one.table == "requests"
    }


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "dress",
    [{"side": "left"}, {"side": "middle"}, {"side": "right"}, {"sep": "\t"}, {"side": "middle", "width": 13}],
)
def test_numbers_beside_blanks_are_placed(seed, dress):
    cells = table(seed)
    found = read(told(cells, **dress))
    assert found == {(row, c): n for row, counts in cells.items() for c, n in enumerate(counts) if n}


def whole_rows(cells):
    return {row for row, counts in cells.items() if all(counts)}


def test_of_a_table_that_does_not_add_up_only_whole_rows_are_read():
    cells = table(1)
    cells["granted"][0] += 1
    lines = told(cells)
    assert {row for row, _ in read(lines)} == whole_rows(cells)
    assert any(getattr(one, "code", "") == "row_not_read" for one in align(lines).found)


def test_cells_pushed_to_the_beginning_of_their_row_are_not_read():
    cells = table(2)
    lines = [line.split("\t") for line in told(cells, sep="\t")]
    pushed = ["\t".join([*line[:1], *(cell for cell in line[1:] if cell)]) for line in lines]
    assert {row for row, _ in read(pushed)} == whole_rows(cells)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60))
def test_nothing_is_wrong_where_numbers_are_shifted(seed):
    rng = random.Random(seed)
    cells = table(seed)
    side = rng.choice(["left", "middle", "right"])
    found = read(told(cells, side=side, width=rng.choice([9, 13, 15]), shift=rng.randint(-6, 6)))
    assert len(found) >= 7 * len(whole_rows(cells))
    truth = {(row, c): n for row, counts in cells.items() for c, n in enumerate(counts)}
    assert not {key: value for key, value in found.items() if truth[key] != value}
