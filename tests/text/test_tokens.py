import random
import re
import subprocess
import sys

import pytest

from gongkai.text import tokens
from gongkai.text.tokens import tokenize
from tests import truth


def test_domain_words_stay_whole():
    assert "依申请公开" in tokenize("依申请公开政府信息的办理")
    assert "规范性文件" in tokenize("本年制发规范性文件3件")


def test_tokens_give_the_text_back():
    text = "2024年，市政府网站公开A类信息1,234条。"
    assert "".join(tokenize(text)) == text


def test_the_global_jieba_and_the_temporary_folder_stay_untouched(tmp_path):
    code = (
        "import os, sys, tempfile; tempfile.tempdir = sys.argv[1]\n"
        "from gongkai.text.tokens import tokenize; tokenize('政府信息公开')\n"
        "import jieba; assert not jieba.dt.initialized and not os.listdir(sys.argv[1])"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)


def without_spaces(text):
    return [token for token in tokens.tokenizer().lcut(text) if not token.isspace()]


def real_like():
    """Every paragraph of the authored reports, and its clauses."""
    for report in truth.reports().values():
        for part in report.parts:
            for paragraph in part.paragraphs:
                plain = truth.strip_tags(paragraph)
                yield plain
                yield from re.split("[，。；：]", plain)


def hostile(count, seed=0):
    """Strings of common and rare characters, digits, Latin, marks, spaces, emoji, radicals, in runs of any length."""
    rng = random.Random(seed)
    common = "政府信息公开工作年度报告的情况一二三十不了在是有和人这中大为上个国我以要他时来用们生到"
    pools = [
        common, common, [chr(c) for c in range(0x4E00, 0x9FD6)], [chr(c) for c in range(0x3400, 0x3450)], "0123456789",
        "abcXYZ", "+#&._%-", "，。；：、（）《》“”！？…—·", " \t\n\r\u3000", "⼀⺠😀𠀀\u200bＡ１",
    ]  # fmt: skip
    for _ in range(count):
        yield "".join(
            "".join(rng.choices(rng.choice(pools), k=rng.randint(1, 6))) for _ in range(rng.randint(1, 6))
        )


def repeats(count, seed=0):
    """Strings of a few characters that come back: several cuts of equal probability, in words and in the HMM."""
    rng = random.Random(seed)
    words = [w for w, n in tokens.tokenizer().FREQ.items() if n and re.fullmatch("[\u4e00-\u9fd5]{2,4}", w)]
    for _ in range(count):
        few = sorted(set(rng.choice(words))) if rng.random() < 0.7 else [chr(rng.randrange(0x4E00, 0x9FD6))]
        ends = ["".join(rng.choices("政府信息公开的情况", k=rng.randint(0, 4))) for _ in range(2)]
        yield "".join(rng.choices(few, k=rng.randint(3, 10))).join(ends)


def different(texts):
    """Texts that are not cut as jieba cuts them."""
    if tokens.engine() != "rjieba":
        pytest.skip("the extra fast is not installed")
    return [t for t in texts if tokenize(t) != without_spaces(t)]


def test_the_accelerator_gives_identical_tokens():
    texts = [*dict.fromkeys(real_like()), *hostile(50_000)]
    assert len(texts) > 50_000
    assert different(texts) == []


def test_it_does_so_where_cuts_have_equal_probability():
    known = [
        "一下一下一下",
        "两万两万两",
        "口口册册口口户户口册府",
        "人希来伯伯希来伯来伯息政",
        "开必必当当必必开",
    ]
    assert different([*known, *repeats(10_000)]) == []


def test_a_route_of_words_has_the_same_sums_of_probabilities():
    fast = tokens._accelerator()
    if fast is None:
        pytest.skip("the extra fast is not installed")
    plain = tokens.tokenizer()
    texts = ["一下一下一下", "两万两万两", "丁是丁是丁是丁", *repeats(5_000)]
    assert [t for t in texts if fast.cut(t, False) != plain.lcut(t, HMM=False)] == []


def test_it_does_so_for_every_character_beside_words_and_numbers():
    every = [c for c in map(chr, range(0xD800)) if not "\u4e00" <= c <= "\u9fd5"] + [
        *map(chr, range(0xE000, 0x10000))
    ]
    texts = [t for c in every for t in (f"公开{c}{c}信息", f"12.5%{c}3A{c}")]
    sure = [t for t in texts if tokens._is_sure(t)]
    assert 500 < len(sure) < 1000
    assert different([*sure, "公开".join(every), "3".join(every), "A".join(every)]) == []


@pytest.mark.parametrize(
    "text", ["1.规范", "12.5%", "A股", "卡拉OK和T恤", "1号店", "2023年", "3.5.", "50%，", "AA制3人"]
)
def test_rjieba_itself_cuts_common_numbers_and_words(text):
    assert tokens._is_sure(text)
    assert different([text]) == []


@pytest.mark.parametrize(
    "text", ["0731-1234", "example.cn", "1.2.3", "3%以", "a_b", "C++", "㐀", "公 开", "兵兵兵"]
)
def test_what_the_two_may_cut_differently_is_left_to_jieba(text):
    assert tokens._is_sure(text) == (text == "3%以")
    assert different([text]) == []


def test_without_the_accelerator_the_tokens_are_the_same(monkeypatch):
    texts = ["2024年，市政府网站公开A类信息1,234条。", "卡拉OK和T恤", "依申请公开", " 公 开\u3000信息\r\n1 "]
    fast = [tokenize(t) for t in texts]
    monkeypatch.setitem(sys.modules, "rjieba", None)
    tokens._accelerator.cache_clear()
    assert tokens.engine() == "jieba"
    assert [tokenize(t) for t in texts] == fast
    tokens._accelerator.cache_clear()
