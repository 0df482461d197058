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
