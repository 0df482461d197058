"""What doctor says, and that it ends with 1 when something is wrong."""

import shutil
import tomllib
from collections import namedtuple
from pathlib import Path

from typer.testing import CliRunner

from gongkai.cli.app import app
from gongkai.cli.doctor import EXTRAS

run = CliRunner().invoke


def test_all_that_an_issue_needs_is_said():
    done = run(app, ["doctor"])
    assert done.exit_code == 0, done.output
    for said in (
        "Python",
        "pandas",
        *EXTRAS,
        "cores",
        "memory",
        "disk",
        "locale",
        "font",
        "built 1 report",
        "model loads",
    ):
        assert said in done.output
    assert done.output.endswith("All is well\n")


def test_what_an_extra_lacks_is_named(monkeypatch):
    monkeypatch.setitem(EXTRAS, "charts", ("altair", "no_such_module"))
    assert 'lacks no_such_module: pip install "gongkai[charts]"' in run(app, ["doctor"]).output


def test_what_is_wrong_is_named_and_the_rest_goes_on(monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: namedtuple("Usage", "free")(5))
    monkeypatch.setattr("gongkai.classify.classifier.find_model", lambda _: 1 / 0)
    done = run(app, ["doctor"])
    assert done.exit_code == 1
    assert "less than 1 GiB free" in done.output
    assert "WRONG: ZeroDivisionError" in done.output
    assert done.output.endswith("Something is wrong with: Machine, Self-test\n")


def test_it_knows_every_extra():
    told = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    named = set(told["project"]["optional-dependencies"]) - {"dev", "docs", "page"}
    assert set(EXTRAS) == named
