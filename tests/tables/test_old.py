"""Tables that 0.1.0 wrote (kept for ever) are read: what it did not know is null. Others are refused by name."""

import json
import shutil

import pyarrow.parquet as pq
import pytest

from gongkai.corpus.build import broken_rules
from gongkai.corpus.inputs import read_sentences
from gongkai.errors import SchemaError
from gongkai.measure.shares.prevalence import prevalence
from gongkai.show.page import write_page
from gongkai.tables.parts import read_table
from gongkai.tables.predicted import read_predictions
from gongkai.tables.query import connect, partition
from gongkai.tables.schema import BUILT, SCHEMAS
from tests.conftest import DATA

OLD = DATA / "written-by-0.1.0"


@pytest.mark.parametrize("name", BUILT)
def test_each_table_is_read_whole(name):
    found = read_table(OLD / "tables", name)
    assert list(found.columns) == SCHEMAS[name].names
    assert len(found) or name == "problems"


def test_what_it_did_not_know_is_null():
    assert read_table(OLD / "tables", "reports", ["same_as", "report_id"])["same_as"].isna().all()
    assert read_table(OLD / "tables", "problems", ["code"])["code"].isna().all()


def test_what_stands_on_tables_stands_on_old_ones(tmp_path):
    predictions = read_predictions(OLD / "predictions.csv")
    assert len(read_sentences(OLD / "tables")) * 2 == len(predictions)
    assert len(prevalence(predictions, by=["agency"]))
    broken_rules(OLD / "tables")
    assert write_page(OLD / "tables", predictions, tmp_path / "page.html").stat().st_size > 10_000
    assert connect(OLD / "tables").sql("SELECT count(*) FROM reports").fetchall() == [(3,)]
    assert sum(partition(OLD / "tables", tmp_path / "by-year").values()) == 3


def test_a_column_that_may_not_be_null_is_asked_for_with_the_version(tmp_path):
    shutil.copytree(OLD / "tables", tmp_path / "t")
    part = tmp_path / "t" / "reports" / "part-00000.parquet"
    pq.write_table(pq.read_table(part).drop_columns(["script"]), part)
    with pytest.raises(SchemaError, match=r"lacks script; written by gongkai 0\.1\.0, build the tables anew"):
        read_table(tmp_path / "t", "reports")
    (tmp_path / "t" / "run.json").write_text(json.dumps({}))
    with pytest.raises(SchemaError, match="written by an unknown gongkai"):
        read_table(tmp_path / "t", "reports")
