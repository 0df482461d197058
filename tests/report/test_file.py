import pytest

import gongkai
from gongkai.corpus.build import build
from gongkai.errors import ReadError, ReportError
from gongkai.report.agency import Known
from gongkai.report.file import read_file, read_report
from gongkai.tables.parts import read_table

REPORT = """云汀市民政局{year}年政府信息公开工作年度报告
一、总体情况
全年公开信息{count}条。
二、主动公开政府信息情况
公开了救助标准。
五、存在的主要问题及改进情况
存在的主要问题：栏目更新不及时。下一步，将加强栏目更新。
六、其他需要报告的事项
无其他需要报告的事项。
"""


@pytest.fixture
def two_years(tmp_path):
    path = tmp_path / "两年.txt"
    path.write_text(REPORT.format(year=2020, count=31) + REPORT.format(year=2021, count=42), encoding="utf-8")
    return path


def test_a_file_gives_all_its_reports_as_the_build_does(two_years, tmp_path):
    build(two_years, tmp_path / "tables")
    reports = read_table(tmp_path / "tables", "reports")
    found = read_file(two_years).reports
    assert [r.identity.year for r in found] == [2020, 2021] == reports["year"].tolist()
    assert [len(r.sentences) for r in found] == reports["n_sentences"].tolist()
    assert [r.report_id for r in found] == reports["report_id"].tolist()


def test_one_report_is_asked_of_a_file_of_two(two_years):
    with pytest.raises(ReportError, match=r"holds 2 reports \(云汀市民政局 2020, 云汀市民政局 2021\)"):
        gongkai.read_report(two_years)


def test_the_file_of_one_report_is_that_report(tmp_path):
    path = tmp_path / "一年.txt"
    path.write_text(REPORT.format(year=2022, count=5), encoding="utf-8")
    (only,) = read_file(path).reports
    assert read_report(path) == only


def test_what_cannot_be_read_is_a_problem_of_the_file_and_an_error_of_the_report(tmp_path):
    path = tmp_path / "坏.pdf"
    path.write_bytes(b"%PDF-1.4 broken")
    (problem,) = read_file(path).problems
    assert (problem.code, problem.step, problem.severity) == ("unreadable", "read", "error")
    with pytest.raises(ReadError, match=r"坏\.pdf"):
        read_report(path)


def test_what_is_no_report_is_said(tmp_path):
    path = tmp_path / "信.txt"
    path.write_text("各位同事：明天九点开会，请带笔记本。", encoding="utf-8")
    assert [p.code for p in read_file(path).problems] == ["no_report"]
    with pytest.raises(ReportError, match="not a disclosure report"):
        read_report(path)


def test_what_the_user_knows_wins(tmp_path):
    path = tmp_path / "无年.txt"
    path.write_text(REPORT.format(year="本", count=5).replace("本年", "", 1), encoding="utf-8")
    assert read_report(path).identity.year is None
    report = read_report(path, Known(agency="苇塘县民政局", region_code="110101", year=2017))
    identity = report.identity
    assert (identity.agency, identity.year, identity.region_code, report.form) == (
        "苇塘县民政局", 2017, "110101", "pre-2019",
    )  # fmt: skip
    assert not any(p.code == "identity" for p in report.problems)
