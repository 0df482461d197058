"""The command line in Chinese: nothing lacks in its table, nothing is left over, and a terminal's language decides."""

import ast
import re
import string
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import gongkai
from gongkai.cli import chinese
from gongkai.cli.app import app
from gongkai.errors import GongkaiError
from gongkai.problem import KINDS

SOURCES = [*(Path(gongkai.__file__).parent / "cli").glob("*.py"), Path(gongkai.__file__).parent / "demo.py"]


@pytest.fixture
def in_chinese(monkeypatch):
    monkeypatch.setenv("GONGKAI_LANG", "zh")
    return lambda *args: CliRunner().invoke(app, list(map(str, args)))


def spoken():
    """Every text that is handed to `say`: there, under a name, or as the name of a step."""
    found = set()
    for path in SOURCES:
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        named = {
            n.targets[0].id: n.value
            for n in nodes
            if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name)
        }
        for node in nodes:
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "say":
                text = node.args[0]
                text = named.get(text.id, text) if isinstance(text, ast.Name) else text
                found |= {text.value} if isinstance(text, ast.Constant) else set()
    return found


def test_every_line_of_the_main_path_is_said_in_chinese_and_nothing_else_is():
    lines = chinese.table()["lines"]
    assert set(lines) == spoken()
    for english, said in lines.items():
        fields = [{name for _, name, _, _ in string.Formatter().parse(t) if name} for t in (english, said)]
        assert fields[0] == fields[1], english
        assert not re.search("[a-z]{2,} [a-z]{2,} [a-z]{2,}", said), english
    words = chinese.table()["words"]
    assert {k.step for k in KINDS.values()} | {k.severity for k in KINDS.values()} <= set(words)


@pytest.mark.parametrize(
    ("settings", "asked"),
    [({"LANG": "zh_CN.UTF-8"}, True), ({"LANG": "zh_CN.UTF-8", "GONGKAI_LANG": "en"}, False),
     ({"LANG": "de_DE.UTF-8", "GONGKAI_LANG": "zh"}, True), ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, False),
     ({"LANG": "C.UTF-8"}, False)],
)  # fmt: skip
def test_the_language_of_the_terminal_decides(monkeypatch, settings, asked):
    for name in ("GONGKAI_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert chinese.is_asked() is asked


def test_help_is_chinese(in_chinese):
    for words in ([], ["build"], ["page"], ["codebook"], ["codebook", "show"]):
        text = in_chinese(*words, "-h").output
        assert re.search("[一-鿿]", text)
        kept = re.sub(r"-[-\w, ]+|<[^>]+>|例：.*|gongkai.*|`[^`]*`|^  \w+ ", "", text, flags=re.M)
        assert not re.search(r"[a-z]{3,} [a-z]{3,} [a-z]{3,}", kept), kept
    assert in_chinese("build", "-h").output == in_chinese("build", "--help").output


def test_from_reports_to_the_page_in_chinese(in_chinese, tmp_path):
    data = Path(__file__).parents[1] / "data" / "mini"
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "notes.txt").write_text("nothing", encoding="utf-8")
    built = in_chinese("build", data, tmp_path / "r", "-o", tmp_path / "t")
    assert built.exit_code == 1
    assert "4 个文件：3 份年报" in built.output
    assert "1 × 遗漏 识别年报" in built.output
    found = in_chinese("predict", tmp_path / "t", "-o", tmp_path / "p.csv")
    assert re.search(r"：\d+ 句，.*% 承诺, .*% 套话", found.output)
    assert "条成立" in in_chinese("check", tmp_path / "t").output
    assert "行" in in_chinese("measure", tmp_path / "p.csv", "-o", tmp_path / "m.csv").output
    assert in_chinese("page", tmp_path / "t", tmp_path / "p.csv", "-o", tmp_path / "p.html").exit_code == 0


def refused(*words):
    """What a command is refused with."""
    with pytest.raises(GongkaiError) as caught:
        CliRunner().invoke(app, list(map(str, words)), catch_exceptions=False)
    return str(caught.value)


def test_errors_that_are_met_most_are_chinese(tmp_path, tables, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "p.csv").write_text("text\n下一步将公开。\n", encoding="utf-8")
    assert CliRunner().invoke(app, ["predict", "p.csv", "-o", "q.csv"]).exit_code == 0
    met = [
        refused("build", "nope", "-o", "x"), refused("build", "empty", "-o", "x"), refused("predict", "p.csv", "-o", "q.csv"),
        refused("predict", tables, "-o", "p.docx"), refused("check", "nope"), refused("predict", tables, "-o", "z.csv", "-m", "nope"),
        refused("measure", "nope", "-o", "m.csv"), refused("build", "p.csv", "-o", "x", "--about", "nope.csv"),
        refused("predict", "empty", "-o", "z.csv"), refused("build", "p.csv", "-o", ""),
        refused("measure", "q.csv", "-o", "m.csv", "--by", "mood"), refused("measure", "q.csv", "-o", "m.csv", "--method", "ppi", "--by", "year"),
    ]  # fmt: skip
    monkeypatch.setenv("GONGKAI_LANG", "zh")
    for text in met:
        assert re.search("[一-鿿]{3}", chinese.error(text)), text
    uneven = "2023 and 2024 rest on different agencies: 25 in both, 6 only in 2023, 1 only in 2024"
    assert (
        chinese.error(uneven)
        == "2023 年与 2024 年的机关不尽相同：两年都有的 25 个，只有 2023 年有的 6 个，只有 2024 年有的 1 个"
    )
    assert chinese.error("--scheduler x: no Dask scheduler answers: no").startswith("--scheduler x：")
    assert chinese.error("something rare") == "something rare"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("measure --nope", "没有 --nope 这个选项"),
        ("measure", "缺少 'predictions'"),
        ("measure p.csv", "缺少 '--output' / '-o'"),
        ("measure p.csv -o", "-o 后面要写一个值"),
        ("build x -o y --jobs 0", "'--jobs' / '-j' 最小为 1"),
        ("measure x -o y --level 2", "'--level' 最大为 0.999"),
        ("build x -o y --jobs zwei", "'--jobs' / '-j' 要写整数"),
        ("build x -o y --file-timeout lang", "'--file-timeout' 要写数字"),
        ("check a b", "多余的参数：b"),
        ("dance", "没有 dance 这个命令"),
    ],
)
def test_wrong_usage_is_said_in_chinese(monkeypatch, arguments, said):
    wrong = typer.BadParameter.__mro__[2]
    with pytest.raises(wrong) as caught:
        app(arguments.split(), standalone_mode=False)
    assert "Error: " in chinese.usage(caught.value)
    monkeypatch.setenv("GONGKAI_LANG", "zh")
    told = chinese.usage(caught.value)
    assert told.splitlines()[-1] == f"gongkai: {said}" or told.splitlines()[-1].startswith(
        f"gongkai: {said}；"
    )


def test_a_command_without_arguments_is_helped_and_nothing_else(monkeypatch):
    wrong = typer.BadParameter.__mro__[2]
    for language in ("en", "zh"):
        monkeypatch.setenv("GONGKAI_LANG", language)
        for words in ([], ["codebook"]):
            with pytest.raises(wrong) as caught:
                app(words, standalone_mode=False)
            assert chinese.usage(caught.value) == caught.value.format_message().rstrip()
