import pytest

from gongkai.classify.predict import predict
from gongkai.corpus.build import build
from gongkai.corpus.stream import predict_tables
from gongkai.tables.parts import read_table, set_aside
from tests.conftest import DATA
from tests.report.test_file import REPORT

PAGE = DATA / "mini" / "云汀市民政局2021.html"


@pytest.fixture
def twice(tmp_path):
    """A page, the page saved again, another report of the same agency and year, one of the year before."""
    folder = tmp_path / "reports"
    folder.mkdir()
    page = PAGE.read_text(encoding="utf-8")
    (folder / "a.html").write_text(page, encoding="utf-8")
    (folder / "b.html").write_text(page.replace("</body>", "<p>返回顶部</p></body>"), encoding="utf-8")
    (folder / "c.txt").write_text(REPORT.format(year=2021, count=42), encoding="utf-8")
    (folder / "d.txt").write_text(REPORT.format(year=2020, count=42), encoding="utf-8")
    assert build(folder, tmp_path / "tables").problems["note build"] == 2
    return tmp_path / "tables"


def test_the_same_report_is_named_and_another_one_is_said(twice):
    reports = read_table(twice, "reports").set_index("source_path")
    reports.index = [path[-6:] for path in reports.index]
    assert reports["same_as"].dropna().to_dict() == {"b.html": reports.loc["a.html", "report_id"]}
    problems = read_table(twice, "problems").set_index("code")["message"]
    assert "a.html" in problems["same_report"]
    assert "a.html is another report" in problems["other_report"]


def test_it_counts_once_unless_asked_for(twice):
    (aside,) = set_aside(twice)
    for table in ("sentences", "statistics", "checks"):
        assert aside not in set(read_table(twice, table)["report_id"])
        assert aside in set(read_table(twice, table, copies=True)["report_id"])


def test_predictions_leave_it_out_streamed_or_not(twice, tmp_path, model):
    predict_tables(twice, tmp_path / "p", model=model)
    streamed = read_table(tmp_path / "p", "predictions")
    held = predict(read_table(twice, "sentences"), model=model)
    assert sorted(streamed["sentence_id"]) == sorted(held["sentence_id"])


def test_years_are_compared_though_one_is_held_twice(tmp_path):
    folder = tmp_path / "reports"
    folder.mkdir()
    page = PAGE.read_text(encoding="utf-8")
    for name, text in (("a", page), ("b", page + " "), ("c", page.replace("2021", "2022"))):
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    build(folder, tmp_path / "t")
    assert read_table(tmp_path / "t", "checks")["rule"].str.startswith("years.").any()
