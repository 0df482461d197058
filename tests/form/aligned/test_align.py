"""Streams of labels and numbers in the ways in which tools leave them; the table is made from a seed."""

import random

import pytest

from gongkai.form.aligned.align import align
from gongkai.form.aligned.stream import is_table_line, table_rests
from gongkai.form.form import COLUMNS, OTHER_HANDLING, RESULTS, Reading
from gongkai.problem import Problem

GROUPS = {
    "granted": "（一）予以公开", "partly_granted": "（二）部分公开（区分处理的，只计这一情形，不计其他情形）",
    "state_secret": "（三）不予公开|1.属于国家秘密", "prohibited_by_law": "2.其他法律行政法规禁止公开",
    "security_stability": "3.危及“三安全一稳定”", "third_party": "4.保护第三方合法权益",
    "internal_affairs": "5.属于三类内部事务信息", "deliberative": "6.属于四类过程性信息",
    "enforcement_file": "7.属于行政执法案卷", "administrative_query": "8.属于行政查询事项",
    "not_held": "（四）无法提供|1.本机关不掌握相关政府信息", "would_need_creating": "2.没有现成信息需要另行制作",
    "unclear_after_correction": "3.补正后申请内容仍不明确", "petition": "（五）不予处理|1.信访举报投诉类申请",
    "repeated": "2.重复申请", "published_material": "3.要求提供公开出版物",
    "excessive_repetition": "4.无正当理由大量反复申请", "confirm_or_reissue": "5.要求行政机关确认或重新出具已获取信息",
    "not_corrected_in_time": "（六）其他处理|1.申请人无正当理由逾期不补正、行政机关不再处理其政府信息公开申请",
    "fee_not_paid": "2.申请人逾期未按收费通知要求缴纳费用、行政机关不再处理其政府信息公开申请", "other": "3.其他",
}  # fmt: skip
HEAD = [
    "申请人情况",
    "自然人",
    "法人或其他组织",
    "总计",
    "商业企业",
    "科研机构",
    "社会公益组织",
    "法律服务机构",
    "其他",
]


@pytest.fixture(scope="module")
def requests():
    """(label, seven values) of each row, obeying the form's arithmetic."""
    rng = random.Random(7)
    rows = {key: [rng.choice([0, 0, 0, 1, 2, 13]) for _ in range(6)] for key in (*RESULTS, *OTHER_HANDLING)}
    handled = [sum(row[c] for row in rows.values()) for c in range(6)]
    carried_in, carried_out = [3, 0, 0, 0, 1, 0], [5, 1, 0, 0, 0, 0]
    new = [h + o - i for h, o, i in zip(handled, carried_out, carried_in, strict=True)]
    named = {
        "new_requests": ("一、本年新收政府信息公开申请数量", new),
        "carried_in": ("二、上年结转政府信息公开申请数量", carried_in),
        **{key: (GROUPS[key], values) for key, values in rows.items()},
        "total_handled": ("（七）总计", handled),
        "carried_out": ("四、结转下年度继续办理", carried_out),
    }
    named["granted"] = ("三、本年度办理结果|" + named["granted"][0], named["granted"][1])
    return {key: (label.split("|"), [*values, sum(values)]) for key, (label, values) in named.items()}


def one_a_line(rows):
    return [*HEAD, *(x for labels, values in rows for x in (*labels, *map(str, values)))]


def a_row_a_line(rows):
    return [" ".join(HEAD), *(f"{''.join(labels)} {' '.join(map(str, values))}" for labels, values in rows)]


def tabbed(rows):
    return ["\t".join(HEAD), *("\t".join([*labels, *map(str, values)]) for labels, values in rows)]


def piped(rows):
    return ["|".join(HEAD), "---|---", *("| ".join([*labels, *map(str, values)]) for labels, values in rows)]


def boxed(rows):
    return [f"│{'│'.join([*labels, *map(str, values)])}│" for labels, values in [(HEAD, []), *rows]]


def in_one_line(rows):
    return [" ".join(one_a_line(rows))]


def wrapped_around(rows):
    """Labels of two lines, the numbers between them, page marks among the rows."""
    lines = ["自然 社会 法律 总计", "人 商业 科研", "公益 服务 其他"]
    for number, (labels, values) in enumerate(rows):
        label = "".join(labels)
        half = len(label) - 4 if len(label) > 12 else len(label)
        lines += [label[:half], " ".join(map(str, values)), label[half:]]
        if number == 9:
            lines.append("- 4 -")
    return lines


def narrow_column(rows):
    """A label column of three characters; the numbers stand beside its first line."""
    lines = [" ".join(HEAD)]
    for labels, values in rows:
        label = labels[-1]
        pieces = [label[i : i + 3] for i in range(0, len(label), 3)]
        lines += [f"{pieces[0]} {' '.join(map(str, values))}", *pieces[1:]]
    return lines


def lone_pipes(rows):
    return [x for cell in one_a_line(rows) for x in (cell, "|")]


def glued(rows):
    return ["".join(HEAD) + "".join("".join(labels) + "".join(map(str, values)) for labels, values in rows)]


def labels_behind(rows):
    """Numbers of the last three rows under the label of the first; the other two labels behind them."""
    (labels, values), *others = rows[-3:]
    numbers = [str(value) for _, row in others for value in row]
    behind = [label for other, _ in others for label in other]
    told = [*one_a_line(rows[:-3]), *labels, *map(str, values), *numbers, "三、", "本", "年", *behind]
    return [*told, "四、行政复议、行政诉讼情况", "全年发生行政复议3件。"]


def spread(rows):
    """Each cell in its pipes, with the empty columns that a tool made of a page's layout."""
    lines = ["| " + " |  | ".join(HEAD) + " |", "|---|---|"]
    return [
        *lines,
        *("| " + " |  |  | ".join([*labels, *map(str, values)]) + " |  |" for labels, values in rows),
    ]


def below(rows):
    """From the sixth row to the fifteenth the labels stand below their numbers."""
    lines = [" ".join(HEAD)]
    for number, (labels, values) in enumerate(rows):
        line = ["".join(labels), " ".join(map(str, values))]
        lines += line[::-1] if 4 < number < 15 else line
    return lines


def values_of(found):
    return {(r.row, r.column): r.value for r in found if isinstance(r, Reading)}


def cells_of(requests):
    return {
        (key, c): v for key, (_, values) in requests.items() for c, v in zip(COLUMNS, values, strict=True)
    }


@pytest.mark.parametrize(
    "told",
    [
        one_a_line,
        a_row_a_line,
        tabbed,
        piped,
        boxed,
        in_one_line,
        wrapped_around,
        narrow_column,
        lone_pipes,
        labels_behind,
        spread,
        below,
    ],
)
def test_every_cell_is_found_however_it_is_told(requests, told):
    aligned = align(told(list(requests.values())))
    assert values_of(aligned.found) == cells_of(requests)
    assert {r.how for r in aligned.found if isinstance(r, Reading)} == {"printed"}


def test_glued_digits_are_right_or_blank_and_say_so(requests):
    found = align(glued(list(requests.values()))).found
    values = values_of(found)
    expected = {
        (key, c): v for key, (_, values) in requests.items() for c, v in zip(COLUMNS, values, strict=True)
    }
    assert all(expected[cell] == value for cell, value in values.items())
    assert len(values) >= 0.85 * len(expected)
    assert {r.how for r in found if isinstance(r, Reading)} == {"recovered"}


def test_the_rest_of_a_line_is_no_table(requests):
    (line,) = in_one_line(list(requests.values()))
    before, behind = "三、收到和处理政府信息公开申请情况 ", " 四、政府信息公开行政复议、行政诉讼情况 未发生。"
    aligned = align([before + line + behind])
    kept = before + line + behind
    for _, start, end in sorted(aligned.spans, reverse=True):
        kept = kept[:start] + kept[end:]
    assert kept.split() == (before + behind).split()


def test_a_row_with_too_few_values_is_not_shifted(requests):
    rows = [
        (labels, values[:-2] if key == "granted" else values) for key, (labels, values) in requests.items()
    ]
    found = align(one_a_line(rows)).found
    assert "granted" not in {row for row, _ in values_of(found)}
    assert any("requests.granted was not read" in p.message for p in found if isinstance(p, Problem))


def test_numbers_apart_are_never_joined(requests):
    rows = [
        (labels, ["267", "8", "26903"] if key == "petition" else values)
        for key, (labels, values) in requests.items()
    ]
    assert "petition" not in {row for row, _ in values_of(align(one_a_line(rows)).found)}


HEADS_2021 = ["第二十条第（一）项", "信息内容", "本年制发件数", "本年废止件数", "现行有效件数"]


def test_the_form_and_the_unit_are_read_off_the_heads():
    lines = [
        *HEADS_2021, "规章", "2", "0", "11", "行政规范性文件", "8", "1", "66", "第二十条第（五）项", "信息内容",
        "本年处理决定数量", "行政许可", "2563", "第二十条第（八）项", "信息内容", "本年收费金额（单位：万元）", "行政事业性收费", "96.73",
    ]  # fmt: skip
    found = {(r.row, r.column): r.value for r in align(lines).found}
    assert found == {
        ("regulations", "issued"): 2, ("regulations", "repealed"): 0, ("regulations", "in_force"): 11,
        ("normative_documents", "issued"): 8, ("normative_documents", "repealed"): 1,
        ("normative_documents", "in_force"): 66, ("licences", "decisions"): 2563, ("fees", "amount_yuan"): 967300,
    }  # fmt: skip


def test_a_unit_apart_from_its_number_is_its_unit():
    lines = ["信息内容 采购项目数量 采购总金额", "政府集中采购 31 18.6 万元"]
    lines = [
        "信息内容 本年新制作数量 本年新公开数量 对外公开总数量",
        "规章 0 0 0",
        "规范性文件 1 1 4",
        *lines,
    ]
    assert values_of(align(lines).found)["procurement", "amount_yuan"] == 186_000


def test_a_year_in_a_head_is_no_number():
    lines = ["信息内容 | 本年（2023）制发件数 | 本年（2023）废止件数 | 现行有效件数", "规章 | 0 | 0 | 0"]
    lines += ["规范性文件 | 3 | 1 | 4", "信息内容 | 本年（2023）处理决定数量", "行政许可 | 12"]
    assert values_of(align(lines).found)["normative_documents", "in_force"] == 4


def test_glued_cells_without_arithmetic_have_no_value_but_zeros():
    found = values_of(
        align(
            [
                "".join(HEADS_2021)
                + "规章000行政规范性文件4213第二十条第（五）项信息内容本年处理决定数量行政许可2563"
            ]
        ).found
    )
    assert found == {
        ("regulations", "issued"): 0, ("regulations", "repealed"): 0, ("regulations", "in_force"): 0,
        ("licences", "decisions"): 2563,
    }  # fmt: skip


OUTCOMES = "结果维持 结果纠正 其他结果 尚未审结 总计 "
DISPUTES = "行政复议 行政诉讼 " + OUTCOMES + "未经复议直接起诉 复议后起诉 " + OUTCOMES * 2


@pytest.mark.parametrize(
    "numbers", ["2 1 0 0 3 2 0 0 0 2 0 0 0 0 0", "2\n1\n0\n0\n3\n2\n0\n0\n0\n2\n0\n0\n0\n0\n0"]
)
def test_fifteen_disputes(numbers, requests):
    lines = [*a_row_a_line(list(requests.values())), DISPUTES, *numbers.split("\n")]
    found = {(r.row, r.column): r.value for r in align(lines).found if r.table == "disputes"}
    assert len(found) == 15
    assert (found["review", "corrected"], found["litigation_direct", "total"]) == (1, 2)


def test_prose_is_no_table():
    prose = [
        "全年办理行政许可 2563 件，行政处罚 84 件。",
        "规范性文件制定 1 件，收到 31 条意见。",
        "- 3 -",
        "2024 年，我局受理申请 12 件。",
    ]
    assert align(prose) == ((), ())


@pytest.mark.parametrize(
    "line", ["规章", "0", "297.17万元", "本年新公开数量", "（三）不予公开", "尚未审结", "3 0 0 0 0 0 3"]
)
def test_lines_of_tables(line):
    assert is_table_line(line)


@pytest.mark.parametrize(
    "line", ["注：因职能调整，行政许可信息已迁出。", "（一）抓好行政处罚公开。全年公开12件。", "2024年"]
)
def test_lines_of_prose(line):
    assert not is_table_line(line)


WHOLE = ["结果维持", "结果纠正", "其他结果", "尚未审结", "总计"]
TORN = ["结果维", "结果纠", "其他结", "尚未审", "总", "持", "正", "果", "结", "计"]


@pytest.mark.parametrize("heads", [WHOLE, TORN])
def test_blocks_of_disputes_with_the_next_heads_between_them(requests, heads):
    blocks = [[1, 1, 0, 0, 2], [3, 0, 0, 1, 4], [0, 0, 0, 0, 0]]
    first, second, third = [[str(value) for value in block] for block in blocks]
    told = [
        "行政复议",
        "行政诉讼",
        "未经复议直接起诉",
        *heads,
        *first,
        "复议后起诉",
        *heads,
        *heads,
        *second,
        *third,
    ]
    aligned = align([*one_a_line(list(requests.values())), *told])
    found = [r.value for r in aligned.found if isinstance(r, Reading) and r.table == "disputes"]
    assert found == [value for block in blocks for value in block]
    assert not [f for f in aligned.found if isinstance(f, Problem)]
    assert len({line for line, *_ in aligned.spans}) == len(told) + len(one_a_line(list(requests.values())))


def test_blocks_that_do_not_add_up_are_not_put_together(requests):
    told = ["行政复议", "行政诉讼", *WHOLE, *"11005", "复议后起诉", *WHOLE, *WHOLE, *"3001900000"]
    aligned = align([*one_a_line(list(requests.values())), *told])
    assert not [r for r in aligned.found if isinstance(r, Reading) and r.table == "disputes"]
    assert any("disputes was not read" in f.message for f in aligned.found if isinstance(f, Problem))


def test_prose_between_the_rows_of_a_table_is_none_of_it(requests):
    """As where pdfplumber's text and tables of each page stand one behind the other."""
    rows = list(requests.values())
    prose = [
        "五、存在的主要问题及改进情况",
        "2021年，我局政府信息公开工作仍有不足，公开平台不够便民，",
        "解读形式还不够多样，下一步将切实加以改进。",
    ]
    above, below_ = a_row_a_line(rows[:14]), tabbed(rows[14:])[1:]
    aligned = align([*above, *prose, *below_])
    assert len(values_of(aligned.found)) == len(rows) * len(COLUMNS)
    taken = {line for line, _, _ in aligned.spans}
    told = set(range(len(above) + 1, len(above) + len(prose)))
    assert not taken & told
    assert taken >= {len(above) - 1, len(above) + len(prose)}


def test_what_is_left_of_a_table_told_column_by_column():
    lines = [
        "全年公开信息12条。",
        "自然",
        "人",
        "34",
        "商业",
        "企业",
        "0",
        "总计",
        "我局将继续努力。",
        "其他",
    ]
    assert table_rests(lines) == {1, 2, 3, 4, 5, 6, 7}


BLOCK = (*list(GROUPS)[2:12],)
"""Rows that a tool told column by column."""


def in_columns(requests, labels):
    """Rows one a line; those of BLOCK as seven columns of numbers behind the row above, then their labels."""
    lines = list(HEAD)
    for key, (names, values) in requests.items():
        if key == BLOCK[0]:
            lines += [str(requests[row][1][column]) for column in range(7) for row in BLOCK]
            lines += labels
        if key not in BLOCK:
            lines += [*names, *map(str, values)]
    return lines


@pytest.fixture
def block_labels(requests):
    return [name for row in BLOCK for name in requests[row][0]]


def test_rows_told_column_by_column_are_cut_where_the_sums_leave_one_way(requests, block_labels):
    assert values_of(align(in_columns(requests, block_labels)).found) == cells_of(requests)


def test_columns_that_do_not_add_up_are_not_cut(requests, block_labels):
    broken = {**requests, BLOCK[3]: (requests[BLOCK[3]][0], [*requests[BLOCK[3]][1][:6], 99])}
    found = values_of(align(in_columns(broken, block_labels)).found)
    assert found
    assert not {row for row, _ in found} & {*BLOCK}


def test_rows_whose_labels_stand_elsewhere_are_told_by_the_forms_order(requests):
    away = list(requests)[3:6]
    lines = list(HEAD)
    for key, (names, values) in requests.items():
        lines += [*(names if key not in away else ()), *map(str, values)]
    lines += [name for key in away for name in requests[key][0]]
    assert values_of(align(lines).found) == cells_of(requests)


def by_pages(requests, cut):
    """Two pages, each with all its labels and then its rows as seven columns of numbers."""
    lines, keys = list(HEAD), list(requests)
    for page in (keys[:cut], keys[cut:]):
        lines += [name for key in page for name in requests[key][0]]
        lines += [str(requests[key][1][column]) for column in range(7) for key in page]
    return lines


@pytest.mark.parametrize("cut", [12, 13, 14])
def test_pages_told_column_by_column_are_rows_in_the_forms_order(requests, cut):
    assert values_of(align(by_pages(requests, cut)).found) == cells_of(requests)


def test_a_label_torn_over_two_pages_does_not_move_the_rows(requests):
    lines = by_pages(requests, 13)
    at = lines.index(requests[list(requests)[13]][0][0])
    lines[at : at + 1] = [lines[at][:3], lines[at][3:]]
    found = values_of(align(lines).found)
    assert found == cells_of(requests)


def test_blocks_of_columns_behind_the_last_of_their_labels_are_rows(requests):
    lines, keys = list(HEAD), list(requests)
    blocks = (keys[:1], keys[1:3], keys[3:13], keys[13:17], keys[17:19], keys[19:23], keys[23:])
    for block in blocks:
        lines += requests[block[-1]][0]
        lines += [str(requests[key][1][column]) for column in range(7) for key in block]
    lines += [name for block in blocks for key in block[:-1] for name in requests[key][0]]
    assert values_of(align(lines).found) == cells_of(requests)


def test_blocks_with_a_row_too_few_give_no_row(requests):
    fewer = {key: row for key, row in requests.items() if key != "petition"}
    found = values_of(align(by_pages(fewer, 13)).found)
    right = cells_of(requests)
    assert all(right[cell] == value for cell, value in found.items())


def test_totals_in_front_are_totals_where_the_rows_add_up_so(requests):
    head = ["申请人情况", "总计", *HEAD[1:3], *HEAD[4:]]
    lines = [*head]
    for names, values in requests.values():
        lines += [*names, str(values[-1]), *map(str, values[:-1])]
    assert values_of(align(lines).found) == cells_of(requests)


def test_tables_of_another_year_behind_are_left_out_and_said(requests):
    others = {key: (names, [value + 1 for value in values]) for key, (names, values) in requests.items()}
    aligned = align([*one_a_line(requests.values()), "附：上年统计表", *one_a_line(others.values())])
    assert values_of(aligned.found) == cells_of(requests)
    assert [p.code for p in aligned.found if isinstance(p, Problem)] == ["second_cell"]


def test_rows_told_with_commas_and_a_stop(requests):
    lines = [*HEAD]
    for names, values in requests.values():
        lines += [*names[:-1], f"{names[-1]}：{'、'.join(map(str, values))}；"]
    assert values_of(align(lines).found) == cells_of(requests)


def test_a_rows_words_in_prose_are_no_second_table(requests):
    told = ["本年新收政府信息公开申请数量：112。", "本年新收政府信息公开申请数量 112件"]
    assert values_of(align([*told, *one_a_line(requests.values())]).found) == cells_of(requests)


def test_a_row_printed_twice_is_no_second_table(requests):
    rows = list(requests.values())
    found = values_of(align(one_a_line([rows[0], *rows])).found)
    assert {
        cell: value for cell, value in cells_of(requests).items() if found.get(cell) == value
    } == cells_of(requests)


def test_totals_in_front_under_a_torn_head_are_not_read(requests):
    lines = ["申请人情况", "总", "计", *HEAD[1:3], *HEAD[4:]]
    for names, values in requests.values():
        lines += [*names, str(values[-1]), *map(str, values[:-1])]
    found, right = values_of(align(lines).found), cells_of(requests)
    assert all(right[cell] == value for cell, value in found.items())


def test_numbers_in_front_of_their_label_on_its_line_are_its_own(requests):
    lines = [*HEAD]
    for names, values in requests.values():
        lines += [*names[:-1], f"{' '.join(map(str, values))} {names[-1]}"]
    assert values_of(align(lines).found) == cells_of(requests)


def test_a_table_of_which_most_rows_are_not_found_says_so(requests):
    found = align(one_a_line(list(requests.values())[:4])).found
    said = [p.message for p in found if isinstance(p, Problem)]
    assert [message.endswith("rows of the requests table were not found") for message in said] == [True]
    assert not [p for p in align(one_a_line(requests.values())).found if isinstance(p, Problem)]


BELOW = ["信息内容 本年制发件数 本年废止件数 现行有效件数", "1 0 11", "规章", "8 26 66", "行政规范性文件"]
BEHIND = ["信息内容 本年处理决定数量", "4119", "行政处罚", "195", "行政强制", "第二十条第（八）项"]


@pytest.mark.parametrize("between", ["\n", " "])
def test_labels_below_their_numbers(between):
    lines = ["二、主动公开政府信息情况", *BELOW, "第二十条第（六）项", *BEHIND]
    told = align("\n".join(line.replace(" ", between) for line in lines).split("\n")).values
    cells = {(one.row, one.column): one.value for one in told}
    assert cells["regulations", "issued"] == 1
    assert cells["normative_documents", "in_force"] == 66
    assert cells["penalties", "decisions"] == 4119
    assert cells["coercive_measures", "decisions"] == 195


def test_a_label_in_front_of_which_its_numbers_stand_leaves_none_to_the_blank_row_above():
    head = "信息内容 本年制发件数 本年废止件数 现行有效件数"
    told = align([head, "规章", "6 6 33 行政规范性文件", "信息内容 本年处理决定数量", "行政许可 5"]).values
    assert {(one.row, one.value) for one in told if one.column == "in_force"} == {("normative_documents", 33)}


def test_numbers_above_all_labels_of_a_table(requests):
    lines = [line for labels, values in requests.values() for line in (" ".join(map(str, values)), *labels)]
    found = align([*HEAD, *lines])
    assert {(one.row, one.value) for one in found.values if one.column == "total"} == {
        (key, values[-1]) for key, (_, values) in requests.items()
    }
    spoilt = [" ".join(["9", *line.split()[1:]]) if line.startswith("3 0") else line for line in lines]
    assert not align([*HEAD, *spoilt]).values


def test_disputes_of_which_no_block_adds_up_are_in_no_order():
    heads = ["行政复议", *("结果维持 结果纠正 其他结果 尚未审结 总计".split() * 3)]
    proactive = ["信息内容 本年处理决定数量", "行政许可 5", "行政处罚 7", "行政强制 0"]
    shuffled = align([*proactive, *heads, "72 64 178 37 12 1 1 6 351 13 4 8 1 26 20"])
    assert {one.table for one in shuffled.values} == {"proactive"}
    assert any(one.code == "row_not_read" for one in shuffled.found if isinstance(one, Problem))
    sound = align([*proactive, *heads, "72 64 178 37 351 13 4 8 1 26 12 1 1 6 20"])
    assert sum(one.table == "disputes" for one in sound.values) == 15
