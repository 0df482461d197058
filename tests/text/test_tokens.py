import random
import re
import subprocess
import sys

import pytest

from gongkai.text import tokens
from gongkai.text.tokens import stop_words, tokenize
from tests import truth


def test_domain_words_stay_whole():
    assert "依申请公开" in tokenize("依申请公开政府信息的办理")
    assert "规范性文件" in tokenize("本年制发规范性文件3件")


def test_tokens_give_the_text_back():
    text = "2024年，市政府网站公开A类信息1,234条。"
    assert "".join(tokenize(text)) == text


def test_stop_words_hold_function_words():
    assert {"的", "，"} <= stop_words()
    assert "公开" not in stop_words()


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


def test_the_accelerator_gives_identical_tokens():
    if tokens.engine() != "rjieba":
        pytest.skip("the extra fast is not installed")
    texts = [*dict.fromkeys(real_like()), *hostile(50_000)]
    assert len(texts) > 50_000
    assert [t for t in texts if tokenize(t) != without_spaces(t)] == []


def test_without_the_accelerator_the_tokens_are_the_same(monkeypatch):
    texts = ["2024年，市政府网站公开A类信息1,234条。", "卡拉OK和T恤", "依申请公开"]
    fast = [tokenize(t) for t in texts]
    monkeypatch.setattr(tokens, "_accelerator", lambda: None)
    assert tokens.engine() == "jieba"
    assert [tokenize(t) for t in texts] == fast
