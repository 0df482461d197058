import subprocess
import sys

from gongkai.text.tokens import stop_words, tokenize


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
