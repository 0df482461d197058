from itertools import pairwise

import pytest

from gongkai.text.sentences import split_sentences


def pieces(text):
    return [text[a:b] for a, b in split_sentences(text)]


GOLDEN = [
    ("一句。两句！三句？四句；五句", ["一句。", "两句！", "三句？", "四句；", "五句"]),
    # not inside a law's name, a quotation, brackets
    ("依据《办法（试行；草案）》办理。完", ["依据《办法（试行；草案）》办理。", "完"]),
    ("开设“你问；我答”专栏。完", ["开设“你问；我答”专栏。", "完"]),
    ("答复3件（含上年1件；另有1件顺延）。完", ["答复3件（含上年1件；另有1件顺延）。", "完"]),
    # before an enumerator, also behind a comma or colon
    ("存在问题：一是甲，二是乙。", ["存在问题：", "一是甲，", "二是乙。"]),
    ("要求：（一）甲；（二）乙。", ["要求：", "（一）甲；", "（二）乙。"]),
    ("措施：1.加强培训；2.完善制度。", ["措施：", "1.加强培训；", "2.完善制度。"]),
    ("措施：①甲；②乙。", ["措施：", "①甲；", "②乙。"]),
    ("首先，甲。其次，乙。最后，丙。", ["首先，甲。", "其次，乙。", "最后，丙。"]),
    ("其一，甲。其二，乙。", ["其一，甲。", "其二，乙。"]),
    # never inside a number, a date, a law's article
    ("增长3.5%，共1.2万条。完", ["增长3.5%，共1.2万条。", "完"]),
    ("第二十条第（一）项所列信息。完", ["第二十条第（一）项所列信息。", "完"]),
    ("截至2024年12月31日，共3件。", ["截至2024年12月31日，共3件。"]),
    ("坚持一是一、二是二的态度。", ["坚持一是一、二是二的态度。"]),
    # a lead-in is a sentence of its own
    ("主要表现在：一是甲；二是乙。", ["主要表现在：", "一是甲；", "二是乙。"]),
    # a heading-like point is a sentence
    ("一是加强领导。成立小组。二是完善制度。", ["一是加强领导。", "成立小组。", "二是完善制度。"]),
    # paragraphs end sentences
    ("没有句号\n下一段。", ["没有句号", "下一段。"]),
    # a bracket that is never closed swallows nothing
    ("甲（没有闭合。乙。丙。", ["甲（没有闭合。", "乙。", "丙。"]),
    ("", []),
    ("  \n ", []),
    ("。", []),
]


@pytest.mark.parametrize(("text", "expected"), GOLDEN)
def test_codebook_rule(text, expected):
    assert pieces(text) == expected


def test_spans_are_ordered_and_lose_no_word():
    text = "总述。存在：一是甲、乙；二是《丙；丁》。\n2024年，完成1.5万件；（一）戊。"
    spans = split_sentences(text)
    assert all(a < b for a, b in spans)
    assert all(x[1] <= y[0] for x, y in pairwise(spans))
    assert "".join(text[a:b] for a, b in spans) == text.replace("\n", "")


def test_long_text_takes_linear_time():
    text = "（" * 50_000 + "甲。" * 50_000
    assert len(split_sentences(text)) == 50_000
