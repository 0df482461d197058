"""A tables folder: parts are written whole, and read in order."""

import pandas as pd
import pytest

from gongkai.errors import SchemaError
from gongkai.tables import parts, schema
from tests.tables.test_schema import problems_frame


def test_write_and_read_a_part_gives_the_same_rows(tmp_path):
    frame = schema.frame_of("problems", problems_frame().to_dict("records"))
    parts.write_part("problems", frame, tmp_path)
    pd.testing.assert_frame_equal(parts.read_table(tmp_path, "problems"), frame)


def test_parts_are_read_in_order(tmp_path):
    for part, path in enumerate(["b", "a"]):
        parts.write_part("problems", problems_frame(source_path=path), tmp_path, part)
    assert parts.read_table(tmp_path, "problems")["source_path"].tolist() == ["b", "a"]


def test_missing_table_says_what_was_expected(tmp_path):
    with pytest.raises(SchemaError, match="no table 'sentences' here"):
        parts.read_table(tmp_path, "sentences")
