"""Options that had another name work for one version, with a note."""

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from gongkai.cli.app import app
from gongkai.cli.renamed import RENAMED


@pytest.mark.parametrize(("command", "option"), RENAMED)
def test_an_old_option_is_the_new_one_with_a_note(command, option):
    found = CliRunner().invoke(app, [command, f"{option}=x", "--help"])
    assert found.exit_code == 0
    assert f"{command} {option} is now {RENAMED[command, option]}" in found.stderr


def test_every_new_name_is_an_option_and_no_old_one_is():
    commands = get_command(app).commands
    for (command, old), new in RENAMED.items():
        known = {name for parameter in commands[command].params for name in parameter.opts}
        assert new in known
        assert old not in known


@pytest.mark.parametrize(
    "given",
    [["measure", "p.csv"], ["predict", "p.csv"], ["panel", "p.csv", "q.csv"], ["agree", "q.csv", "p.csv"]],
)
def test_what_a_command_reads_is_never_what_it_replaces(given, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.csv").write_text("text\n将改进。\n", encoding="utf-8")
    found = CliRunner().invoke(app, [*given, "-o", "../" + tmp_path.name + "/p.csv", "--overwrite"])
    assert "p.csv is read from it and would be lost" in str(found.exception)
    assert (tmp_path / "p.csv").read_text(encoding="utf-8") == "text\n将改进。\n"


@pytest.mark.parametrize("output", ["", ".", "-"])
@pytest.mark.parametrize("command", ["predict", "measure", "build"])
def test_an_output_that_names_nothing_is_refused(command, output, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.csv").write_text("text\n将改进。\n", encoding="utf-8")
    found = CliRunner().invoke(app, [command, "p.csv", "-o", output, "--overwrite"])
    assert "names no file or folder" in str(found.exception)
    assert [p.name for p in tmp_path.iterdir()] == ["p.csv"]
