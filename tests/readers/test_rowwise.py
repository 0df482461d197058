import csv
import json
import random

import pandas as pd
import pytest

from gongkai.corpus.about import read_about
from gongkai.corpus.build import build
from gongkai.corpus.find import find_inputs
from gongkai.errors import ReadError, SchemaError
from gongkai.readers import archive, rowwise
from gongkai.readers.read import read_document
from gongkai.report.file import read_file
from gongkai.tables.parts import read_table
from tests.conftest import DATA
from tests.report.test_file import REPORT

PAGE = (DATA / "mini" / "云汀市民政局2021.html").read_text(encoding="utf-8")
BODY = "\n".join(REPORT.format(year=2020, count=7).split("\n")[1:])


@pytest.fixture
def crawled():
    return pd.DataFrame(
        {
            "url": ["http://a.gov.cn/1.html", "http://a.gov.cn/2.html", "http://a.gov.cn/3.html"],
            "标题": ["云汀市民政局", "槐桥县水务局2020年政府信息公开工作年度报告", "招聘公告"],
            "省份": ["甲省", "甲省", "乙省"],
            "content": [PAGE, BODY.replace("云汀市", ""), "本单位招聘三人，请于三月一日前报名。" * 20],
            "抓取": pd.to_datetime(["2022-02-01", None, None]),
        }
    )


def written(frame, path):
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    elif path.suffix == ".xlsx":
        frame.to_excel(path, index=False)
    elif path.suffix == ".json":
        frame.to_json(path, orient="records", force_ascii=False, date_format="iso")
    elif path.suffix == ".jsonl":
        frame.to_json(path, orient="records", lines=True, date_format="iso")
    else:
        frame.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")
    return path


@pytest.mark.parametrize("ending", rowwise.ENDINGS)
def test_every_row_of_a_table_is_read_as_the_page_it_holds(crawled, tmp_path, ending):
    path = written(crawled, tmp_path / f"抓取{ending if ending != '.ndjson' else '.jsonl'}")
    first = 2 if ending in (".csv", ".tsv", ".xlsx") else 1
    assert find_inputs([path]) == [f"{path.as_posix()}#{first + n}" for n in range(3)]
    build(path, tmp_path / "t")
    reports = read_table(tmp_path / "t", "reports").set_index("url")
    page = read_file(DATA / "mini" / "云汀市民政局2021.html").reports[0]
    sentences = read_table(tmp_path / "t", "sentences")
    own = sentences[sentences["report_id"] == reports.loc["http://a.gov.cn/1.html", "report_id"]]
    assert own["text"].tolist() == [s.text for s in page.sentences]
    other = reports.loc["http://a.gov.cn/2.html"]
    assert (other["agency"], other["year"]) == ("槐桥县水务局", 2020)
    assert other["source_path"].endswith(f"{path.name}#{first + 1}")
    problems = read_table(tmp_path / "t", "problems")
    errors = problems[problems["severity"] == "error"]
    assert errors["source_path"].tolist() == [f"{path.as_posix()}#{first + 2}"]


def test_the_table_itself_says_what_its_rows_are_about(crawled, tmp_path):
    crawled["year"] = ["", "2019", ""]
    path = written(crawled, tmp_path / "a.csv")
    build(path, tmp_path / "t", about=path)
    reports = read_table(tmp_path / "t", "reports").sort_values("source_path")
    assert reports["省份"].tolist() == ["甲省", "甲省"]
    assert reports["year"].tolist() == [2021, 2019]
    assert {"标题", "抓取"} <= set(reports.columns)
    assert "content" not in reports.columns


def test_a_csv_of_excel_in_gbk_and_with_semicolons_is_read(crawled, tmp_path):
    path = tmp_path / "a.csv"
    crawled.to_csv(path, index=False, sep=";", encoding="gb18030", quoting=csv.QUOTE_ALL)
    assert read_document(f"{path}#3").url == "http://a.gov.cn/2.html"
    assert read_file(f"{path}#3").reports[0].identity.agency == "槐桥县水务局"


def test_rows_are_the_same_with_workers_and_a_row_alone(crawled, tmp_path):
    whole = pd.concat([crawled.assign(url=f"http://a.gov.cn/{n}") for n in range(40)], ignore_index=True)
    whole["content"] = [f"{text}\n{n}" for n, text in enumerate(whole["content"])]
    path = written(whole, tmp_path / "a.csv")
    for name, jobs in (("one", 1), ("two", 2)):
        build(path, tmp_path / name, jobs=jobs)
    one, two = (read_table(tmp_path / name, "sentences") for name in ("one", "two"))
    pd.testing.assert_frame_equal(one, two)
    assert [bool(read_file(f"{path}#{n}").reports) for n in (50, 51, 52)] == [True, True, False]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "id,text\n1,短\n2,文\n"),
        ("a.json", '{"title": "题", "content": "文"}'),
        ("a.json", "no json"),
        ("a.jsonl", "{}\n"),
    ],
)
def test_a_file_that_holds_no_reports_a_row_is_one_file(tmp_path, name, content):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    assert find_inputs([path]) == [path.as_posix()]
    assert not read_file(path).reports


def test_the_parts_of_one_report_are_no_table_of_reports(tmp_path):
    path = tmp_path / "a.json"
    parts = [{"type": "Text", "text": part} for part in REPORT.format(year=2020, count=7).split("\n")]
    for more in ("", "主动公开政府信息，及时回应关切。" * 20):
        listed = [{**part, "text": part["text"] + more * (at > 1)} for at, part in enumerate(parts)]
        table = {"type": "Table", "text": "政府信息公开" * 90}
        path.write_text(json.dumps([*listed, table]), encoding="utf-8")
        assert find_inputs([path]) == [path.as_posix()]
        assert read_file(path).reports[0].identity.year == 2020


def test_in_a_folder_such_tables_are_passed_by_and_said(crawled, tmp_path, caplog):
    written(crawled, tmp_path / "a.csv")
    assert find_inputs([tmp_path]) == []
    assert "1 × .csv" in caplog.text


def test_what_is_damaged_costs_its_row_or_file(crawled, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(f'title,text\n题,"{BODY}', encoding="utf-8")
    with pytest.raises(ReadError, match="no such row"):
        read_document(f"{path}#9")
    with pytest.raises(ReadError, match=r"a table of 3 reports; name a row \(.*#2\)"):
        read_document(written(crawled, tmp_path / "b.csv"))
    with pytest.raises(SchemaError, match="lacks the column source_path"):
        read_about(written(crawled.drop(columns="content"), tmp_path / "c.csv"))


def test_a_damaged_row_costs_itself_and_is_named(crawled, tmp_path):
    lines = written(crawled, tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()
    rows = written(crawled, tmp_path / "a.csv").read_bytes()
    for name, content, bad, said in (
        ("b.jsonl", "\n".join([*lines, "", '{"text": 政', "[1]"]).encode(), (5, 6), "no JSON"),
        ("b.csv", rows + b"1,2,3,4,5,6,7\n1,2,3,4,5,,,\n", (5,), "7 cells, 5 names"),
    ):
        (tmp_path / name).write_bytes(content)
        whole, damaged = (find_inputs([tmp_path / n]) for n in (name.replace("b", "a"), name))
        assert [p.rpartition("#")[2] for p in damaged[:3]] == [p.rpartition("#")[2] for p in whole]
        assert len(read_file(damaged[0]).reports) == 1
        for number in bad:
            (problem,) = read_file(f"{tmp_path / name}#{number}").problems
            assert (f"{name}#{number}: " in problem.message, said in problem.message) == (True, True)
        build(tmp_path / name, tmp_path / f"t-{name}", about=tmp_path / name)
        assert len(read_table(tmp_path / f"t-{name}", "reports")) == 2


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_two_columns_of_one_name_are_refused(crawled, tmp_path, ending):
    path = written(crawled.rename(columns={"抓取": "标题"}), tmp_path / f"a{ending}")
    (problem,) = read_file(path).problems
    assert "two columns are called '标题'" in problem.message


def test_a_table_of_one_report_is_that_report(crawled, tmp_path):
    for ending in (".json", ".csv"):
        path = written(crawled.iloc[:1], tmp_path / f"a{ending}")
        assert read_file(path).reports[0].url == "http://a.gov.cn/1.html"


def test_a_number_that_no_table_has_is_none(crawled, tmp_path):
    path = written(crawled, tmp_path / "a.csv")
    for number in ("9" * 18, "9" * 5000, "²"):
        assert read_file(f"{path}#{number}").problems[0].code == "unreadable"


@pytest.mark.parametrize("ending", [e for e in rowwise.ENDINGS if e != ".ndjson"])
def test_damaged_bytes_are_said_and_never_stop_a_run(crawled, tmp_path, ending):
    rng = random.Random(ending)
    whole = written(crawled, tmp_path / f"a{ending}").read_bytes()
    for number in range(8):
        at = rng.randrange(len(whole))
        damaged = [
            whole[:at],
            whole[:at] + b"\0" * 50 + whole[at + 50 :],
            whole[:at] + b'"\xff\n' + whole[at:],
        ]
        path = tmp_path / f"{number}{ending}"
        path.write_bytes(damaged[number % 3])
        for one in find_inputs([path]):
            archive.state(one)
            file = read_file(one)
            assert file.reports or file.problems


def test_a_line_without_end_is_refused(crawled, tmp_path, monkeypatch):
    monkeypatch.setattr(rowwise, "MAX_FIELD", 1000)
    for ending in (".csv", ".jsonl"):
        (problem,) = read_file(written(crawled, tmp_path / f"a{ending}")).problems
        assert "more than" in problem.message or "field larger" in problem.message
    monkeypatch.setattr(rowwise, "MAX_HELD", 1000)
    for ending, advice in ((".json", "JSON Lines"), (".xlsx", "CSV"), (".parquet", "row groups")):
        (problem,) = read_file(written(crawled, tmp_path / f"b{ending}")).problems
        assert advice in problem.message


def test_a_text_that_excel_cut_off_is_refused(crawled, tmp_path):
    crawled.loc[0, "content"] = "政府信息公开" + "文" * 40_000
    crawled["content"] = crawled["content"].str[:32_767]
    (problem,) = read_file(f"{written(crawled, tmp_path / 'a.xlsx')}#2").problems
    assert "cut off" in problem.message
