import re
import shutil
import tempfile
from pathlib import Path

import pandas as pd
import pytest

import gongkai
from gongkai.errors import GongkaiError, SchemaError
from gongkai.tables import query
from gongkai.tables.parts import parts_of, read_part, read_table, write_part
from gongkai.tables.query import arrow_of, partition, session
from gongkai.tables.schema import BUILT, KEYS

SCALING = Path(__file__).parents[2] / "docs" / "scaling.md"


def test_read_gives_the_rows_of_an_agency_and_a_year(tables):
    whole = gongkai.read(tables, "sentences")
    found = gongkai.read(tables, "sentences", agency="云汀市民政局", year=2021)
    chosen = whole[(whole["agency"] == "云汀市民政局") & (whole["year"] == 2021)]
    assert found["sentence_id"].tolist() == chosen["sentence_id"].tolist()
    assert len(gongkai.read(tables, "reports", ["report_id"], year=range(2020, 2022))) == 3
    assert gongkai.read(tables, "reports", agency=["无此局"]).empty
    with pytest.raises(SchemaError, match="problems: has no column year"):
        gongkai.read(tables, "problems", year=2021)
    with pytest.raises(SchemaError, match="no table is called 'senteces'"):
        gongkai.read(tables, "senteces")


def test_read_leaves_parts_out_that_hold_nothing_asked_for(tables, tmp_path):
    """A part whose data pages are spoilt but whose statistics exclude it is not read."""
    reports = read_table(tables, "reports").sort_values("year")
    write_part("reports", reports[reports["year"] == 2020], tmp_path, 0)
    write_part("reports", reports[reports["year"] == 2021], tmp_path, 1)
    part = tmp_path / "reports" / "part-00000.parquet"
    spoilt = bytearray(part.read_bytes())
    spoilt[4:400] = bytes(396)
    part.write_bytes(spoilt)
    assert set(gongkai.read(tmp_path, "reports", year=2021)["year"]) == {2021}
    with pytest.raises(SchemaError, match="part-00000"):
        gongkai.read(tmp_path, "reports")


def test_partition_puts_each_year_into_parts_of_its_own(tables, tmp_path, monkeypatch):
    monkeypatch.setattr(query, "ROWS", 10)
    reports = read_table(tables, "reports")
    undated = reports.assign(year=reports["year"].astype("float64").mask(reports["year"] == 2020))
    for name in BUILT:
        write_part(name, undated if name == "reports" else read_table(tables, name), tmp_path / "built")
    sentences = read_table(tables, "sentences")
    for number, half in enumerate((sentences[::2], sentences[1::2])):
        write_part("sentences", half, tmp_path / "built", number)
    (tmp_path / "built" / "run.json").write_text("{}")
    counts = partition(tmp_path / "built", tmp_path / "out")
    assert counts == {None: 1, 2021: 2}
    for name in BUILT:
        key = list(KEYS.get(name, ("message",)))
        before, after = (read_table(tmp_path / f, name).sort_values(key) for f in ("built", "out"))
        assert before.reset_index(drop=True).equals(after.reset_index(drop=True))
    parts = [read_part(part, "sentences") for part in parts_of(tmp_path / "out", "sentences")]
    assert all(len(set(part["year"])) == 1 for part in parts)
    assert len(parts) == 3  # each half of 2020 fills a part, both of the other year one together
    own = read_table(tmp_path / "built", "sentences", year=2021)
    assert gongkai.read(tmp_path / "out", "sentences", year=2021)["text"].tolist() == own["text"].tolist()
    with pytest.raises(GongkaiError, match="exists"):
        partition(tmp_path / "built", tmp_path / "out")


def test_views_have_the_rows_of_the_tables(tables):
    with gongkai.connect(tables) as opened:
        for name in BUILT:
            (count,) = opened.execute(f"SELECT count(*) FROM {name}").fetchone()
            assert count == len(read_table(tables, name))


def test_no_tables_are_said(tmp_path):
    with pytest.raises(SchemaError, match="no tables here"):
        gongkai.connect(tmp_path)


def test_what_does_not_fit_is_laid_out_on_disk_and_leaves_nothing(tmp_path, monkeypatch):
    """A sort of more than the memory allowed goes by way of files, which are gone afterwards, also after an error."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(query, "MEMORY", 64)
    many = "SELECT hash(i) AS h, repeat('字', 20) AS t FROM range(3_000_000) r(i) ORDER BY h"
    with session(jobs=1) as db:
        db.execute(f"CREATE TABLE sorted AS {many}")
        assert any(path.is_file() for path in tmp_path.rglob("*"))
        assert db.sql("SELECT count(*) FROM sorted").fetchall() == [(3_000_000,)]
    assert not list(tmp_path.iterdir())
    with pytest.raises(GongkaiError, match="TMPDIR"), session() as db:
        db.execute(f"SET max_temp_directory_size = '1MiB'; CREATE TABLE sorted AS {many}")
    assert not list(tmp_path.iterdir())


def test_a_long_query_prints_no_bar_among_the_results():
    with session() as db:
        assert db.sql("SELECT current_setting('enable_progress_bar')").fetchall() == [(False,)]


def test_a_connection_holds_what_a_session_holds(tables, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(query, "MEMORY", 64)
    with gongkai.connect(tables) as db:
        assert db.sql("SELECT current_setting('memory_limit')").fetchall() == [("64.0 MiB",)]
        db.execute("CREATE TABLE t AS SELECT hash(i) AS h, repeat('字', 20) AS t FROM range(3_000_000) r(i)")
        assert any(path.is_file() for path in tmp_path.rglob("*"))
    assert not list(tmp_path.iterdir())


def test_columns_of_any_kind_become_arrow():
    frame = pd.DataFrame(
        {"mixed": [1, "a", None], "odd": ["\ud800", "b", None], "none": [None] * 3}, dtype=object
    )
    assert arrow_of(frame).to_pydict() == {
        "mixed": ["1", "a", None], "odd": ["\\ud800", "b", None], "none": [None] * 3,
    }  # fmt: skip


def test_the_documented_queries_run(tables, predictions, tmp_path):
    """Each block of SQL in docs/scaling.md, on the tiny corpus."""
    write_part("predictions", predictions, tmp_path / "predictions")
    queries = re.findall(r"```sql\n(.+?)```", SCALING.read_text(encoding="utf-8"), re.DOTALL)
    assert len(queries) == 5
    with gongkai.connect(tables, tmp_path / "predictions") as opened:
        for query in queries:
            assert opened.execute(query).fetchall(), query


def test_partition_keeps_columns_of_ones_own(tables, tmp_path):
    shutil.copytree(tables, tmp_path / "t")
    for part in (tmp_path / "t" / "reports").iterdir():
        pd.read_parquet(part).assign(mine="x").to_parquet(part)
    partition(tmp_path / "t", tmp_path / "o")
    assert read_table(tmp_path / "o", "reports")["mine"].eq("x").all()


def test_partition_takes_columns_of_ones_own_that_are_of_two_kinds(tables, tmp_path):
    shutil.copytree(tables, tmp_path / "t")
    (part,) = (tmp_path / "t" / "reports").iterdir()
    frame = pd.read_parquet(part)
    frame[::2].assign(mine=1).to_parquet(part)
    frame[1::2].assign(mine="x").to_parquet(part.with_name("part-99999.parquet"))
    partition(tmp_path / "t", tmp_path / "o")
    assert set(read_table(tmp_path / "o", "reports")["mine"]) == {"1", "x"}
