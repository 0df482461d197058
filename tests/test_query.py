import re
import sys
from pathlib import Path

import pytest

import gongkai
from gongkai.errors import GongkaiError, SchemaError
from gongkai.schema import BUILT, read_table, write_part

SCALING = Path(__file__).parents[1] / "docs" / "scaling.md"


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


def test_views_have_the_rows_of_the_tables(tables):
    with gongkai.connect(tables) as opened:
        for name in BUILT:
            (count,) = opened.execute(f"SELECT count(*) FROM {name}").fetchone()
            assert count == len(read_table(tables, name))


def test_no_tables_and_no_duckdb_are_said(tmp_path, monkeypatch):
    with pytest.raises(SchemaError, match="no tables here"):
        gongkai.connect(tmp_path)
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(GongkaiError, match=r"pip install \"gongkai\[query\]\""):
        gongkai.connect(tmp_path)


def test_the_documented_queries_run(tables, predictions, tmp_path):
    """Each block of SQL in docs/scaling.md, on the tiny corpus."""
    write_part("predictions", predictions, tmp_path / "predictions")
    queries = re.findall(r"```sql\n(.+?)```", SCALING.read_text(encoding="utf-8"), re.DOTALL)
    assert len(queries) == 5
    with gongkai.connect(tables, tmp_path / "predictions") as opened:
        for query in queries:
            assert opened.execute(query).fetchall(), query
