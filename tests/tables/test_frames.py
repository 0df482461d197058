"""Tables in one file: each ending gives back what was written."""

import pandas as pd
import pytest

from gongkai.errors import GongkaiError, SchemaError
from gongkai.tables import frames


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_plain_files_round_trip(tmp_path, ending):
    frame = pd.DataFrame({"text": ["公开，“甲”\n乙", "=1+1"], "n": [1, 2]})
    path = frames.write_frame(frame, tmp_path / f"表{ending}")
    pd.testing.assert_frame_equal(frames.read_frame(path, ["text", "n"]), frame)


def test_csv_opens_in_excel_as_utf8(tmp_path):
    path = frames.write_frame(pd.DataFrame({"a": ["公开"]}), tmp_path / "x.csv")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")


def test_unknown_ending_and_existing_file_are_refused(tmp_path):
    frame = pd.DataFrame({"a": [1]})
    with pytest.raises(SchemaError, match="the ending decides"):
        frames.write_frame(frame, tmp_path / "x.xls")
    path = frames.write_frame(frame, tmp_path / "x.csv")
    with pytest.raises(GongkaiError, match="--overwrite"):
        frames.write_frame(frame, path)
    assert frames.write_frame(frame, path, overwrite=True) == path


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet", "xlsx"])
def test_a_table_in_pieces_is_written_as_the_whole(ending, tmp_path):
    whole = pd.DataFrame(
        {"id": ["a", "b", "c"], "n": [1, 2, 3], "x": [0.5, None, 2.0], "t": [None, None, "=1"]}
    )
    pieces = (whole.iloc[k : k + 1] for k in range(3))
    frames.write_frames(pieces, tmp_path / f"pieces.{ending}")
    frames.write_frame(whole, tmp_path / f"whole.{ending}")
    read = (frames.read_frame(tmp_path / f"{name}.{ending}", ["id"]) for name in ("pieces", "whole"))
    pd.testing.assert_frame_equal(*read, check_dtype=False)
    if ending in ("csv", "jsonl"):
        assert (tmp_path / f"pieces.{ending}").read_bytes() == (tmp_path / f"whole.{ending}").read_bytes()
