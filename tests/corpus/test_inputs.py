import json

import pandas as pd
import pytest

from gongkai.classify.predict import predict
from gongkai.corpus.build import find_inputs
from gongkai.corpus.inputs import carry_own, read_sentences
from gongkai.errors import ReadError, SchemaError
from tests.conftest import DATA


def test_files_are_found_sorted_and_once_and_the_others_counted(tmp_path, caplog):
    for name in ("b.html", "a.PDF", "c.xlsx", "d.XLSX", "Makefile", ".hidden.html", "~$lock.docx"):
        (tmp_path / name).write_text("x")
    found = find_inputs([tmp_path, tmp_path / "b.html"])
    assert [f.rsplit("/", 1)[1] for f in found] == ["a.PDF", "b.html"]
    assert "2 × .xlsx, 1 × no ending" in caplog.text


def test_tables_and_raw_reports_give_the_same_sentences(tables):
    pd.testing.assert_frame_equal(read_sentences(tables), read_sentences(DATA / "mini"))


def test_plain_files(tmp_path):
    (tmp_path / "a.csv").write_text("text,section\n将改进。,improvements\n", encoding="utf-8-sig")
    (tmp_path / "b.jsonl").write_text(json.dumps({"text": "将改进。"}) + "\n")
    assert read_sentences(tmp_path / "a.csv")[["text", "section"]].to_numpy().tolist() == [
        ["将改进。", "improvements"]
    ]
    both = read_sentences([tmp_path / "a.csv", tmp_path / "b.jsonl"])
    assert both["sentence_id"].is_unique


def test_a_file_without_text_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("satz\nx\n")
    with pytest.raises(SchemaError, match="lacks the column text; has satz"):
        read_sentences(tmp_path / "a.csv")


def test_kinds_are_not_mixed(tables, tmp_path):
    (tmp_path / "a.csv").write_text("text\nx\n")
    with pytest.raises(SchemaError, match="different kinds"):
        read_sentences([tables, tmp_path / "a.csv"])


def test_missing_and_unreadable(tmp_path):
    with pytest.raises((ReadError, SchemaError), match=r"none\.csv"):
        read_sentences(tmp_path / "none.csv")
    (tmp_path / "a.html").write_text("<p>购物指南</p>")
    with pytest.raises(SchemaError, match="no report could be read; the first problem"):
        read_sentences(tmp_path / "a.html")


def test_a_report_that_fails_is_said_and_counted(tmp_path, caplog):
    (tmp_path / "坏.html").write_text("<p>购物指南</p>")
    (tmp_path / "好.html").write_bytes((DATA / "mini" / "云汀市民政局2021.html").read_bytes())
    assert read_sentences(tmp_path).attrs["failed"] == 1
    assert "坏.html: not a disclosure report" in caplog.text


def test_texts_that_look_like_blanks_or_numbers_stay_texts(tmp_path):
    (tmp_path / "a.csv").write_text("sentence_id,text\n007,NA\n008,12\n")
    frame = read_sentences(tmp_path / "a.csv")
    assert frame["sentence_id"].tolist() == ["007", "008"]
    assert frame["text"].tolist() == ["NA", "12"]


def test_columns_order_and_ids_of_ones_own_table_are_kept(tmp_path, model):
    (tmp_path / "my.csv").write_text(
        "id,who,text,score\n9,li,将改进。,3\n007,wang,已公开。,4\n", encoding="utf-8"
    )
    mine = read_sentences(tmp_path / "my.csv")
    found = carry_own(predict(mine, model=model), mine)
    assert found["sentence_id"].tolist() == ["9", "9", "007", "007"]
    assert found["who"].tolist() == ["li", "li", "wang", "wang"]
    assert found["own_score"].tolist() == [3, 3, 4, 4]
    assert {"id", "text", "score"} <= set(found.columns)


@pytest.mark.parametrize("column", ["id", "sentence_id"])
def test_ids_that_repeat_or_lack_are_refused_with_their_rows(tmp_path, column):
    (tmp_path / "my.csv").write_text(f"{column},text\n7,a\n8,b\n7,c\n")
    with pytest.raises(SchemaError, match=r"my\.csv: the id '7' stands in rows 2, 4"):
        read_sentences(tmp_path / "my.csv")
    (tmp_path / "my.csv").write_text(f"{column},text\n7,a\n,b\n")
    with pytest.raises(SchemaError, match="row 3 has no id"):
        read_sentences(tmp_path / "my.csv")
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(f"{column},text\n7,a\n")
    with pytest.raises(SchemaError, match="stands in two of the files"):
        read_sentences([tmp_path / "a.csv", tmp_path / "b.csv"])
