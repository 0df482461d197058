"""What nobody foresaw: one line, exit 70, a report file without a word of any report, nothing half-written."""

import errno
import os
import sys
import tempfile

import pytest

from gongkai.cli import app

QUOTED = "机密的句子"


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """Let `measure` fail in its midst, with an error that quotes a report."""
    (tmp_path / "here").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "here"))

    def fail(*_, **__):
        try:
            raise KeyError(QUOTED)
        except KeyError as error:
            raise ZeroDivisionError(QUOTED) from error

    monkeypatch.setattr("gongkai.tables.predicted.read_predictions", fail)
    return tmp_path


def ended(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["gongkai", *arguments])
    with pytest.raises(SystemExit) as done:
        app.main()
    return done.value.code, capsys.readouterr().err


def test_one_line_and_a_report(broken, monkeypatch, capsys):
    code, err = ended(monkeypatch, capsys, "measure", "p.csv", "-o", str(broken / "m.csv"))
    (report,) = (broken / "here").iterdir()
    assert code == 70
    assert err == (
        f"gongkai: unexpected ZeroDivisionError, an error in gongkai itself; please send us {report}\n"
    )
    written = report.read_text(encoding="utf-8")
    assert "command line: gongkai measure p.csv" in written
    assert "KeyError" in written
    assert "in measure" in written
    assert "pandas" in written
    assert "机密" not in written
    assert [p.name for p in broken.iterdir()] == ["here"]


def test_verbose_shows_the_traceback_too(broken, monkeypatch, capsys):
    monkeypatch.setattr("logging.Logger.isEnabledFor", lambda *_: True)
    code, err = ended(monkeypatch, capsys, "-v", "measure", "p.csv", "-o", "m.csv")
    assert code == 70
    assert "Traceback" in err
    assert err.splitlines()[-1].startswith("gongkai: unexpected ZeroDivisionError")


def test_where_no_report_can_be_written_it_says_so(broken, monkeypatch, capsys):
    monkeypatch.setattr(tempfile, "tempdir", str(broken / "nowhere"))
    code, err = ended(monkeypatch, capsys, "measure", "p.csv", "-o", "m.csv")
    assert code == 70
    assert "could not be written" in err


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_what_the_machine_refuses_is_no_error_of_gongkai(broken, monkeypatch, capsys, code):
    def fail(*_, **__):
        raise OSError(code, os.strerror(code), "p.csv")

    monkeypatch.setattr("gongkai.tables.predicted.read_predictions", fail)
    ended_with, err = ended(monkeypatch, capsys, "measure", "p.csv", "-o", "m.csv")
    assert ended_with == 2
    assert err.startswith(f"gongkai: p.csv: {os.strerror(code)}")
    assert not list((broken / "here").iterdir())
