import pandas as pd
import pytest
from typer.testing import CliRunner

from gongkai.cli.app import app
from gongkai.corpus.about import read_about
from gongkai.corpus.build import build
from gongkai.errors import GongkaiError, SchemaError
from gongkai.measure.shares.prevalence import prevalence
from gongkai.report.agency import NOTHING_KNOWN, Known
from gongkai.tables.parts import read_table
from gongkai.tables.predicted import read_predictions
from tests.report.test_file import REPORT


@pytest.fixture
def write(tmp_path):
    def written(text: str):
        path = tmp_path / "about.csv"
        path.write_text(text, encoding="utf-8-sig")
        return path

    return written


def test_a_path_is_matched_from_its_end_and_later_lines_win(write):
    about = read_about(write("source_path,year,agency\n2021/*.html,2021,甲局\n2021/b.html,,乙局\n"))
    assert about.of("/data/2021/a.html") == (Known("甲局", None, 2021), {})
    assert about.of("C:\\data\\2021\\b.html") == (Known("乙局", None, 2021), {})
    assert about.of("/data/2020/b.html") == (NOTHING_KNOWN, {})


def test_own_columns_are_kept_as_they_are(write):
    about = read_about(write("source_path,样本,year\na.html,甲,2021.0\n"))
    assert about.columns == ("样本",)
    assert about.of("a.html") == (Known(year=2021), {"样本": "甲"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("path,year\na,2021\n", "lacks the column source_path"),
        ("source_path,title\na,题\n", "cannot be taken: title"),
        ("source_path,year\na,21\n", "line 2: year is '21'"),
        ("source_path,region_code\na,12\n", "line 2: region_code is '12'"),
        ("source_path,year\n,2021\n", "line 2: source_path is empty"),
    ],
)
def test_what_cannot_be_used_is_refused_by_line(write, text, said):
    with pytest.raises(SchemaError, match=said):
        read_about(write(text))


def test_a_build_takes_it_before_rows_are_made(write, tmp_path, caplog):
    folder = tmp_path / "reports"
    folder.mkdir()
    for name, year in (("a.txt", 2020), ("b.txt", "")):
        (folder / name).write_text(REPORT.format(year=year, count=3), encoding="utf-8")
    about = write("source_path,year,来源\nb.txt,2021,存档\nc.txt,2022,无\n")
    build(folder, tmp_path / "t", about=about)
    reports = read_table(tmp_path / "t", "reports")
    assert reports["year"].tolist() == [2020, 2021]
    assert reports["来源"].isna().tolist() == [True, False]
    assert reports["来源"].iloc[1] == "存档"
    assert set(read_table(tmp_path / "t", "sentences")["year"]) == {2020, 2021}
    assert "1 lines match no input file: 3" in caplog.text


def test_a_changed_about_file_is_another_plan(write, tmp_path, monkeypatch):
    from gongkai.corpus import build as building

    (tmp_path / "a.txt").write_text(REPORT.format(year=2020, count=3), encoding="utf-8")

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(building, "build_shard", interrupted)
        with pytest.raises(KeyboardInterrupt):
            build(tmp_path / "a.txt", tmp_path / "t", about=write("source_path,year\na.txt,2021\n"))
    with pytest.raises(GongkaiError, match="inputs or settings changed"):
        build(tmp_path / "a.txt", tmp_path / "t", resume=True, about=write("source_path,year\na.txt,2022\n"))


def test_a_file_that_excel_saved_as_gbk_is_read_and_one_of_no_charset_is_refused(tmp_path):
    path = tmp_path / "about.csv"
    path.write_bytes("source_path,组别\na.txt,甲\n".encode("gb18030"))
    assert read_about(path).of("a.txt")[1] == {"组别": "甲"}
    path.write_bytes("source_path,组别\na.txt,甲".encode("gb18030") + b"\xff\xff\n")
    with pytest.raises(SchemaError, match="'CSV UTF-8'"):
        read_about(path)


def test_own_columns_make_groups_in_every_command_that_has_the_tables(tmp_path, write):
    folder = tmp_path / "reports"
    folder.mkdir()
    for number in range(6):
        text = REPORT.format(year=2020, count=number).replace("云汀市", f"云{'甲乙丙丁戊己'[number]}市")
        (folder / f"{number}.txt").write_text(text, encoding="utf-8")
    about = write("source_path,组别\n[0-2].txt,东\n[3-5].txt,西\n")
    tables, predictions = tmp_path / "t", tmp_path / "p.csv"
    build(folder, tables, about=about)

    def call(*arguments):
        done = CliRunner().invoke(app, [str(a) for a in arguments])
        assert done.exit_code == 0, done.exception
        return done.output

    call("predict", tables, "-o", predictions)
    call("measure", predictions, "-o", tmp_path / "m.csv", "--by", "组别", "--tables", tables)
    assert set(pd.read_csv(tmp_path / "m.csv")["组别"]) == {"东", "西"}
    assert "6 × agency" in call(
        "compare", tables, predictions, "-o", tmp_path / "c.csv", "--by", "组别", "--second", "西"
    )
    assert "6 sentences" in call(
        "sample", tables, "-o", tmp_path / "s", "-n", 6, "--by", "组别", "--coder", "a"
    )
    with pytest.raises(SchemaError, match=r"lack 组别;.*--tables"):
        prevalence(read_predictions(predictions), by=["组别"])
