"""Every command through a real process on the tiny corpus, and what it refuses."""

import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from corpus.make.bind import write_labels
from gongkai.cli.app import app
from tests.conftest import DATA


def run(*arguments, cwd=None):
    done = subprocess.run(
        [sys.executable, "-m", "gongkai", *map(str, arguments)],
        capture_output=True, text=True, encoding="utf-8", cwd=cwd, check=False, env=os.environ | {"COLUMNS": "200"},
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def place(tmp_path_factory, labels):
    folder = tmp_path_factory.mktemp("cli")
    write_labels(labels, folder / "labels.csv")
    return folder


@pytest.fixture(scope="module")
def walked(place):
    """build → train → predict → measure → page, as a user types them."""
    outputs = [
        run("build", DATA / "mini", "-o", place / "tables"),
        run("train", place / "labels.csv", "-o", place / "model"),
        run("predict", place / "tables", "-o", place / "p.csv", "--model", place / "model"),
        run("measure", place / "p.csv", "-o", place / "m.parquet", "--by", "agency,year"),
        run("page", place / "tables", place / "p.csv", "-o", place / "page.html"),
    ]
    for code, _, err in outputs:
        assert (code, err) == (0, "")
    return [out for _, out, _ in outputs]


def test_the_whole_way(walked, place):
    assert "3 files: 3 reports" in walked[0]
    assert "f1" in walked[1]
    assert "of them in sections that are not counted;" in walked[2]
    assert len(pd.read_parquet(place / "m.parquet")) == 9
    assert (place / "page.html").stat().st_size > 10_000


def test_check_names_the_broken_rules(walked, place):
    code, out, err = run("check", place / "tables", "-o", place / "broken.csv")
    assert (code, err) == (0, "")
    assert "槐桥县水利局 2021" in out
    assert "requests.row:granted" in out
    assert out.rstrip().endswith("0 undecided")
    assert "2 broken" in out
    assert len(pd.read_csv(place / "broken.csv")) == 2


def test_evaluate_prints_intervals(place, walked):
    labels = pd.read_csv(place / "labels.csv")
    labels.rename(columns={"commitment": "_c", "boilerplate": "_b"}).to_csv(place / "plain.csv", index=False)
    assert run("predict", place / "plain.csv", "-o", place / "pl.jsonl", "--model", place / "model")[0] == 0
    code, _, err = run("evaluate", place / "pl.jsonl", place / "labels.csv", "--by", "section")
    assert code == 2
    assert "was trained on all 240 coded sentences" in err
    for name in ("labels", "plain"):
        frame = pd.read_csv(place / f"{name}.csv")
        frame["sentence_id"], frame["text"] = "new-" + frame["sentence_id"], "今年" + frame["text"]
        frame.to_csv(place / f"new_{name}.csv", index=False)
    predicted = run("predict", place / "new_plain.csv", "-o", place / "new.jsonl", "--model", place / "model")
    assert predicted[0] == 0
    code, out, err = run("evaluate", place / "new.jsonl", place / "new_labels.csv", "--by", "section")
    assert (code, err) == (0, "")
    assert "section=overview" in out


def test_predict_takes_raw_reports(place, walked):
    code, out, err = run("predict", DATA / "mini", "-o", place / "raw.parquet", "--model", place / "model")
    assert (code, err) == (0, "")
    assert "sentences" in out


def test_missing_context_is_said(place, walked):
    (place / "bare.csv").write_text("text\n将改进。\n", encoding="utf-8")
    code, _, err = run("predict", place / "bare.csv", "-o", place / "bare.jsonl", "--model", place / "model")
    assert code == 0
    assert "no section, heading, lead" in err


REFUSED = [
    (["build", "{p}/none", "-o", "{p}/x"], "none: no such file or folder"),
    (["build", "{p}/empty", "-o", "{p}/x"], "no file to read"),
    (["build", "{mini}", "-o", "{p}/tables"], "exists; choose another name or pass --overwrite"),
    (["check", "{p}/empty"], "no table 'checks' here"),
    (
        ["train", "{p}/bare.csv", "-o", "{p}/x"],
        "lacks the columns sentence_id, annotator, commitment, boilerplate",
    ),
    (["train", "{p}/none.csv", "-o", "{p}/x"], "none.csv: cannot be read"),
    (["predict", "{p}/tables", "-o", "{p}/x.csv", "--model", "nonsense"], "nonsense: no such model"),
    (
        ["predict", "{p}/tables", "-o", "{p}/x.csv", "--model", "{p}/model", "--device", "cpu"],
        "a linear model takes neither device nor batch size",
    ),
    (
        ["predict", "{p}/tables", "-o", "{p}/x", "--model", "{p}/model", "--batch-size", "8"],
        "a linear model takes neither device nor batch size",
    ),
    (["predict", "{p}/tables", "-o", "{p}/x.xls"], "the ending decides the format"),
    (["predict", "{p}/tables", "-o", "{p}/p.csv"], "exists"),
    (["measure", "{p}/labels.csv", "-o", "{p}/x.csv"], "lacks the column label"),
    (["measure", "{p}/p.csv", "-o", "{p}/x.csv", "--by", "mood"], "predictions lack mood"),
    (
        ["measure", "{p}/p.csv", "-o", "{p}/x.csv", "--cluster", "moon"],
        "expected auto, agency, report or passage",
    ),
    (["evaluate", "{p}/p.csv", "{p}/labels.csv"], "do both come from the same build"),
    (["page", "{p}/empty", "{p}/p.csv", "-o", "{p}/x.html"], "no table 'reports' here"),
]


@pytest.mark.parametrize(("arguments", "said"), REFUSED, ids=lambda v: v if isinstance(v, str) else v[0])
def test_wrong_usage_is_one_line_on_stderr_and_leaves_nothing(place, walked, arguments, said):
    (place / "empty").mkdir(exist_ok=True)
    (place / "bare.csv").write_text("text\n将改进。\n", encoding="utf-8")
    before = sorted(p.name for p in place.iterdir())
    code, out, err = run(*[a.format(p=place, mini=DATA / "mini") for a in arguments])
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert err.startswith("gongkai: ")
    assert sorted(p.name for p in place.iterdir()) == before


def test_unknown_options_and_commands_exit_with_two():
    assert run("build", "--colour")[0] == 2
    assert run("dance")[0] == 2


def test_some_failed_inputs_exit_with_one(tmp_path):
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "好.html").write_text(
        (DATA / "mini" / "云汀市民政局2021.html").read_text(encoding="utf-8"), encoding="utf-8"
    )
    (tmp_path / "r" / "坏.html").write_text("<p>购物指南</p>", encoding="utf-8")
    code, out, err = run("build", "r", "-o", "t", cwd=tmp_path)
    assert code == 1
    assert "1 × error report" in out
    assert "1 files failed" in err
    code, out, err = run("predict", "r", "-o", "p.csv", cwd=tmp_path)
    assert code == 1
    assert "坏.html: not a disclosure report" in err
    assert "sentences" in out


@pytest.mark.skipif(os.name != "posix", reason="signals as on POSIX")
@pytest.mark.parametrize(("jobs", "name"), [("1", signal.SIGTERM), ("2", signal.SIGINT)])
def test_ctrl_c_exits_with_130_and_the_build_goes_on(tmp_path, jobs, name):
    """Interrupted after its first shard, resumed, and equal to one that was left alone."""
    page = (DATA / "mini" / "云汀市民政局2021.html").read_text(encoding="utf-8")
    (tmp_path / "r").mkdir()
    for i in range(230):
        (tmp_path / "r" / f"{i}.html").write_text(page + f"<!-- {i} -->", encoding="utf-8")
    command = [sys.executable, "-m", "gongkai", "build", "r", "-o", "t", "--jobs", jobs]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    mark = tmp_path / "t" / ".unfinished" / "00000.json"
    while not mark.exists() and process.poll() is None:
        time.sleep(0.01)
    os.killpg(process.pid, name)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "what was finished is kept" in err
    assert run("build", "r", "-o", "t", cwd=tmp_path)[0] == 2
    resumed = run("build", "r", "-o", "t", "--resume", cwd=tmp_path)
    assert resumed[0] == 0, resumed
    assert run("build", "r", "-o", "whole", cwd=tmp_path)[0] == 0
    for path in (tmp_path / "whole").rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "t" / path.relative_to(tmp_path / "whole")).read_bytes(), path


COMMANDS = sorted(typer.main.get_command(app).commands)


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "codebook"])
def test_help_has_examples_to_copy_a_line_each(command):
    lines = CliRunner().invoke(app, [command, "--help"]).output.splitlines()
    told = [line.strip() for line in lines if "Example:" in line]
    assert told
    assert all(
        line.startswith(f"Example: gongkai {command}") and line.count("Example:") == 1 for line in told
    )
