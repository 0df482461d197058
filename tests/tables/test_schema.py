import pandas as pd
import pytest

from gongkai.errors import GongkaiError, SchemaError
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


def test_write_and_read_a_part_gives_the_same_rows(tmp_path):
    frame = schema.frame_of("problems", problems_frame().to_dict("records"))
    schema.write_part("problems", frame, tmp_path)
    pd.testing.assert_frame_equal(schema.read_table(tmp_path, "problems"), frame)


def test_parts_are_read_in_order(tmp_path):
    for part, path in enumerate(["b", "a"]):
        schema.write_part("problems", problems_frame(source_path=path), tmp_path, part)
    assert schema.read_table(tmp_path, "problems")["source_path"].tolist() == ["b", "a"]


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


def test_missing_table_says_what_was_expected(tmp_path):
    with pytest.raises(SchemaError, match="no table 'sentences' here"):
        schema.read_table(tmp_path, "sentences")


def test_every_field_says_what_it_means():
    for name, table in schema.SCHEMAS.items():
        for field in table:
            assert field.metadata[b"meaning"], f"{name}.{field.name}"


def test_sentence_ids_come_from_the_text_and_survive_reordering():
    one = sentence_ids("r", ["甲。", "乙。", "甲。"])
    two = sentence_ids("r", ["乙。", "甲。", "甲。"])
    assert set(one) == set(two)
    assert len(set(one)) == 3


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_plain_files_round_trip(tmp_path, ending):
    frame = pd.DataFrame({"text": ["公开，“甲”\n乙", "=1+1"], "n": [1, 2]})
    path = schema.write_frame(frame, tmp_path / f"表{ending}")
    pd.testing.assert_frame_equal(schema.read_frame(path, ["text", "n"]), frame)


def test_csv_opens_in_excel_as_utf8(tmp_path):
    path = schema.write_frame(pd.DataFrame({"a": ["公开"]}), tmp_path / "x.csv")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")


def test_unknown_ending_and_existing_file_are_refused(tmp_path):
    frame = pd.DataFrame({"a": [1]})
    with pytest.raises(SchemaError, match="the ending decides"):
        schema.write_frame(frame, tmp_path / "x.xls")
    path = schema.write_frame(frame, tmp_path / "x.csv")
    with pytest.raises(GongkaiError, match="--overwrite"):
        schema.write_frame(frame, path)
    assert schema.write_frame(frame, path, overwrite=True) == path


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet", "xlsx"])
def test_a_table_in_pieces_is_written_as_the_whole(ending, tmp_path):
    whole = pd.DataFrame(
        {"id": ["a", "b", "c"], "n": [1, 2, 3], "x": [0.5, None, 2.0], "t": [None, None, "=1"]}
    )
    pieces = (whole.iloc[k : k + 1] for k in range(3))
    schema.write_frames(pieces, tmp_path / f"pieces.{ending}")
    schema.write_frame(whole, tmp_path / f"whole.{ending}")
    read = (schema.read_frame(tmp_path / f"{name}.{ending}", ["id"]) for name in ("pieces", "whole"))
    pd.testing.assert_frame_equal(*read, check_dtype=False)
    if ending in ("csv", "jsonl"):
        assert (tmp_path / f"pieces.{ending}").read_bytes() == (tmp_path / f"whole.{ending}").read_bytes()
