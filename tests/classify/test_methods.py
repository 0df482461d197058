"""The methods paragraph says what the run.json files say, in both languages, and nothing else."""

import json
import re

import pytest

from gongkai.classify.methods import methods_paragraph
from gongkai.errors import SchemaError
from tests.cli.test_study import call


def test_what_the_files_say_stands_in_both_languages(tables, model):
    text = methods_paragraph([model, tables])
    english, chinese = text.split("\n\n")
    run, metrics = (json.loads((model / name).read_text()) for name in ("run.json", "metrics.json"))
    config = json.loads((model / "config.json").read_text())
    f1 = next(m for m in metrics if m["metric"] == "f1" and m["group"] == "all" and m["model"] == model.name)
    for part in (english, chinese):
        assert run["gongkai"] in part
        assert f"{config['sentences']:,}" in part
        assert f"{f1['value']:.3f} [{f1['low']:.3f}, {f1['high']:.3f}]" in part
    assert english.index("read into tables") < english.index("The model")
    assert "nothing is said here of coders" in english
    assert re.search("[\u4e00-\u9fff]", english) is None


def test_a_sample_is_named_with_its_size_and_seed(tables, tmp_path):
    call("sample", tables, "-o", tmp_path / "tasks", "-n", 6, "--coder", "li", "--seed", 4)
    text = call("cite", "--methods", tables, tmp_path / "tasks")
    assert "6 sentences were drawn for coding, at random (seed 4)." in text
    assert "抽取 6 个句子供编码，简单随机（随机种子 4）。" in text


def test_a_folder_without_a_run_is_one_line(tmp_path):
    with pytest.raises(SchemaError, match="no run of gongkai"):
        methods_paragraph([tmp_path])
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(SchemaError, match="lacks command"):
        methods_paragraph([tmp_path])
    assert "needs the folders" in call("cite", "--methods", fails=True)


def test_a_build_that_names_neither_words_nor_libraries_is_told_all_the_same(tmp_path):
    run = {"gongkai": "0.1.0", "command": "build", "settings": {}, "inputs": 3, "inputs_digest": "ab" * 32}
    (tmp_path / "run.json").write_text(json.dumps(run))
    english, chinese = methods_paragraph([tmp_path]).split("\n\n")
    assert "3 files (digest abababababab) were read into tables. " in english
    assert "共读入 3 个文件" in chinese
    assert "分词" not in chinese
