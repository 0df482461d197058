"""A bar where somebody sees it and a run is long; else nothing."""

from gongkai.store import progress as module
from gongkai.store.progress import progress


def test_quiet_where_nobody_looks(capsys):
    assert list(progress(["a", "b"], "reading")) == ["a", "b"]
    assert capsys.readouterr().err == ""


def test_a_bar_says_what_is_done_on_a_terminal_once_it_takes_a_while(capsys, monkeypatch):
    monkeypatch.setattr(module, "is_terminal", lambda: True)
    assert list(progress(["a", "b"], "reading")) == ["a", "b"]
    assert "reading" not in capsys.readouterr().err
    monkeypatch.setattr(module, "DELAY", 0)
    assert list(progress(iter("ab"), "reading", total=2)) == ["a", "b"]
    assert "reading" in capsys.readouterr().err
