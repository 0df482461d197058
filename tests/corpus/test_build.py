import importlib.util
import json
import os
import shutil
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from gongkai.corpus import build as building
from gongkai.corpus.build import broken_rules, build
from gongkai.errors import GongkaiError, ReadError
from gongkai.report import file
from gongkai.report.file import read_file
from gongkai.tables.parts import read_table
from gongkai.tables.schema import BUILT, SCHEMAS
from tests.conftest import DATA, check_table


def contents(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def test_the_five_tables_have_their_schemas_and_keys(tables):
    for name in BUILT:
        check_table(name, read_table(tables, name))
        assert list(read_table(tables, name).columns) == SCHEMAS[name].names


def test_the_manifest_says_what_cut_the_words(tables):
    settings = json.loads((tables / "run.json").read_text(encoding="utf-8"))["settings"]
    assert settings["words"] == ("rjieba" if importlib.util.find_spec("rjieba") else "jieba")


def test_reports_are_identified(tables):
    reports = read_table(tables, "reports").sort_values(["agency", "year"])
    found = reports[["agency", "year", "form", "level", "media_type"]].to_numpy().tolist()
    assert found == [
        ["云汀市民政局", 2020, "2019", "city", "txt"],
        ["云汀市民政局", 2021, "2021", "city", "html"],
        ["槐桥县水利局", 2021, "2021", "county", "pdf"],
    ]


def test_planted_error_is_found_and_nothing_else(tables):
    broken = broken_rules(tables)
    assert set(broken["rule"]) == {"requests.row:granted", "requests.handled:total"}
    assert broken["source_path"].str.contains("槐桥县").all()


def test_report_columns_travel_down(tables):
    assert read_table(tables, "sentences")[["agency", "year"]].notna().all(axis=None)
    assert read_table(tables, "statistics")[["agency", "year"]].notna().all(axis=None)


@pytest.fixture
def many(tmp_path, monkeypatch):
    """Seven files in shards of two, one of them bad, one a copy."""
    monkeypatch.setattr(building, "SHARD_SIZE", 2)
    source = tmp_path / "报告"
    source.mkdir()
    page = (DATA / "mini" / "云汀市民政局2021.html").read_text(encoding="utf-8")
    for i in range(5):
        text = page.replace("民政局", f"{'甲乙丙丁戊'[i]}民政局").replace("412", str(412 + i))
        (source / f"{i}.html").write_text(text, encoding="utf-8")
    (source / "5坏.pdf").write_bytes(b"%PDF-1.4 broken")
    shutil.copy(source / "0.html", source / "6副本.html")
    return source


def test_a_bad_file_costs_one_row_and_a_copy_a_note(many, tmp_path):
    summary = build(many, tmp_path / "t")
    problems = read_table(tmp_path / "t", "problems")
    assert (summary.files, summary.reports, summary.failed) == (7, 5, 1)
    assert problems["severity"].tolist() == ["error", "note"]
    assert "5坏.pdf: is a damaged PDF" in problems["message"].iloc[0]
    assert "same bytes as" in problems["message"].iloc[1]


def test_same_tables_whatever_runs_them(many, tmp_path):
    build(many, tmp_path / "one")
    build(many, tmp_path / "two", jobs=2)
    build(many, tmp_path / "threads", executor=ThreadPoolExecutor(3))
    assert contents(tmp_path / "one") == contents(tmp_path / "two") == contents(tmp_path / "threads")


def test_an_interrupted_build_is_resumed_to_the_same_tables(many, tmp_path, monkeypatch):
    build(many, tmp_path / "whole")
    real = building.build_shard

    def interrupted(inputs, number, folder, **settings):
        if number == 2:
            raise KeyboardInterrupt
        return real(inputs, number, folder, **settings)

    monkeypatch.setattr(building, "build_shard", interrupted)
    with pytest.raises(KeyboardInterrupt):
        build(many, tmp_path / "cut")
    monkeypatch.setattr(building, "build_shard", real)
    with pytest.raises(GongkaiError, match="--resume"):
        build(many, tmp_path / "cut")
    build(many, tmp_path / "cut", resume=True)
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")


REAL = building.build_shard


def dying_at_three(sources, number, folder, **settings):
    """Die as the kernel makes a process die, whenever one file is to be read."""
    if any(s.path.endswith("3.html") and not s.kills for s in sources):
        os.kill(os.getpid(), signal.SIGKILL)
    return REAL(sources, number, folder, **settings)


def test_a_file_known_to_kill_is_not_read_again(tmp_path):
    counts = building.build_shard([building.Source("3.html", kills=True)], 0, str(tmp_path))
    assert (counts["failed"], counts["problem error read"]) == (1, 1)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="kill -9 as on POSIX")
def test_a_file_that_kills_its_worker_costs_one_row(many, tmp_path, monkeypatch):
    monkeypatch.setattr(building, "build_shard", dying_at_three)
    summary = build(many, tmp_path / "t", jobs=2)
    assert (summary.files, summary.reports, summary.failed) == (7, 4, 2)
    problems = read_table(tmp_path / "t", "problems")
    assert problems["message"].str.contains("3.html: killed the worker that read it").sum() == 1


def test_an_error_of_ours_is_a_row_that_says_so(monkeypatch):
    def explode(*_):
        raise ZeroDivisionError("boom")

    monkeypatch.setattr(file, "parse_report", explode)
    found = read_file(DATA / "mini" / "云汀市民政局2021.html")
    assert "ZeroDivisionError in gongkai itself" in found.problems[0].message


def test_nothing_to_read_is_wrong_usage(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ReadError, match="no file to read"):
        build(tmp_path / "empty", tmp_path / "t")
    with pytest.raises(ReadError, match="no such file or folder"):
        build(tmp_path / "missing", tmp_path / "t")
    assert not (tmp_path / "t").exists()


def test_existing_results_are_kept_unless_told(many, tmp_path):
    build(many, tmp_path / "t", limit=1)
    with pytest.raises(GongkaiError, match="--overwrite"):
        build(many, tmp_path / "t", limit=1)
    assert build(many, tmp_path / "t", limit=2, overwrite=True).files == 2


def test_a_folder_named_like_a_file_and_a_link_loop_are_survived(tmp_path):
    (tmp_path / "r" / "x.pdf").mkdir(parents=True)
    (tmp_path / "r" / "x.pdf" / "a.html").write_text(
        (DATA / "mini" / "云汀市民政局2021.html").read_text(encoding="utf-8"), encoding="utf-8"
    )
    (tmp_path / "r" / "loop").symlink_to(tmp_path / "r")
    assert build(tmp_path / "r", tmp_path / "t").reports == 1


def test_other_readers_are_another_plan(many, tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(building, "build_shard", interrupted)
        with pytest.raises(KeyboardInterrupt):
            build(many, tmp_path / "t")
    monkeypatch.setattr(building, "libraries", lambda names: dict.fromkeys(names))
    with pytest.raises(GongkaiError, match="inputs or settings changed"):
        build(many, tmp_path / "t", resume=True)


def test_the_manifest_names_what_read_the_files_and_nothing_else(tables):
    run = json.loads((tables / "run.json").read_text(encoding="utf-8"))
    readers = run["settings"]["readers"]
    assert readers["docx"]["libraries"]["lxml"]
    assert {"rapidocr", "onnxruntime"} <= readers["pdf"]["libraries"].keys()
    assert "rjieba" in run["libraries"]
    assert "scikit-learn" not in run["libraries"]


def test_a_row_that_breaks_its_table_costs_its_file_by_name(many, tmp_path, monkeypatch):
    real = building.read_file

    def broken(path, known):
        file = real(path, known)
        if not path.endswith("3.html"):
            return file
        (report,) = file.reports
        return replace(file, reports=(replace(report, media_type=None),))

    monkeypatch.setattr(building, "read_file", broken)
    summary = build(many, tmp_path / "t")
    problems = read_table(tmp_path / "t", "problems")
    (said,) = problems.loc[problems["code"] == "row", "message"]
    assert summary.reports == 4
    assert "3.html: left out: reports.media_type: row 0 is empty" in said
