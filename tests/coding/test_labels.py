import pandas as pd
import pytest

from corpus.make.bind import write_labels
from gongkai.coding.labels import read_labels
from gongkai.errors import SchemaError

HEAD = "sentence_id,annotator,text,commitment,boilerplate,agency,year\n"


def labels_file(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "labels.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_codes_are_read(tmp_path):
    path = labels_file(tmp_path, HEAD + "a,x,将改进。,1,0,甲局,2021\nb,x,好。,,1,,\n", "utf-8-sig")
    frame = read_labels(path)
    assert frame["commitment"].tolist() == [True, None]
    assert frame["boilerplate"].tolist() == [False, True]
    assert frame["year"].iloc[0] == 2021
    assert pd.isna(frame["year"].iloc[1])


def test_round_trip(tmp_path, labels):
    write_labels(labels, tmp_path / "out.csv")
    pd.testing.assert_frame_equal(read_labels(tmp_path), labels, check_dtype=False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sentence_id,annotator,text,commitment\na,x,t,1\n", "lacks the column boilerplate; has sentence_id"),
        (HEAD + "a,x,t,maybe,0,,\n", "line 2: commitment is 'maybe'; expected 1, 0 or empty"),
        (HEAD + "a,x,t,1,0,,\na,x,t,1,0,,\n", "line 3: x coded sentence a already in"),
        (HEAD + ",x,t,1,0,,\n", "line 2: sentence_id is empty"),
        (HEAD + "a,x,t,1,0,,二〇二一\n", "line 2: year is"),
        ("", "has nothing"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path, text, said):
    with pytest.raises(SchemaError, match=said):
        read_labels(labels_file(tmp_path, text))


def test_gbk_from_excel_is_named(tmp_path):
    with pytest.raises(SchemaError, match="CSV UTF-8"):
        read_labels(labels_file(tmp_path, HEAD + "a,x,将改进。,1,0,,\n", "gbk"))


def test_a_folder_without_labels(tmp_path):
    with pytest.raises(SchemaError, match=r"no \.csv file"):
        read_labels(tmp_path)
