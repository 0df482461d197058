import pandas as pd
import pytest

from gongkai.errors import SchemaError
from gongkai.tables import schema
from gongkai.tables.ids import sentence_ids
from tests.conftest import check_table


def problems_frame(**changes):
    row = {
        "source_path": "甲.html",
        "report_id": None,
        "code": "unreadable",
        "step": "read",
        "severity": "error",
        "where": "",
        "message": "坏",
    } | changes
    return pd.DataFrame([row])


def test_missing_column_is_named():
    with pytest.raises(SchemaError, match=r"problems: lacks the column message"):
        schema.to_arrow("problems", problems_frame().drop(columns="message"))


def test_null_where_none_may_be_is_refused():
    with pytest.raises(SchemaError, match=r"problems.step: row 0 is empty"):
        schema.to_arrow("problems", problems_frame(step=None))


def test_wrong_type_is_refused():
    frame = (
        schema.frame_of("checks", [])
        .reindex([0])
        .assign(report_id="r", rule="x", note="", where="", left="many")
    )
    with pytest.raises(SchemaError, match=r"checks\.left"):
        schema.to_arrow("checks", frame)


def test_key_must_be_unique():
    row = {"report_id": "r", "rule": "x", "note": "", "where": ""}
    with pytest.raises(AssertionError, match="not unique"):
        check_table("checks", schema.frame_of("checks", [row, row]))


def test_every_field_says_what_it_means():
    for name, table in schema.SCHEMAS.items():
        for field in table:
            assert field.metadata[b"meaning"], f"{name}.{field.name}"


def test_sentence_ids_come_from_the_text_and_survive_reordering():
    one = sentence_ids("r", ["甲。", "乙。", "甲。"])
    two = sentence_ids("r", ["乙。", "甲。", "甲。"])
    assert set(one) == set(two)
    assert len(set(one)) == 3
