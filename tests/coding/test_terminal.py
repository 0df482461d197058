import pandas as pd
import pytest

from gongkai.coding.exchange import read_tasks, write_tasks
from gongkai.coding.terminal import CLASS_KEYS, code_in_terminal
from gongkai.errors import SchemaError
from gongkai.tables.scheme.codebooks import read_codebook
from tests.conftest import DATA

BOOK = read_codebook(DATA / "codebooks" / "veripromise.toml")


def play(tasks, output, keys, notes=()):
    """Press keys; the session ends with them."""
    pressed, lines, said = iter(keys), iter(notes), []
    done = code_in_terminal(
        tasks, output, key=lambda: next(pressed), line=lambda _: next(lines), tell=said.append, codebook=BOOK
    )
    return done, "\n".join(said)


@pytest.fixture
def tasks(sentences, tmp_path):
    return write_tasks(sentences.head(4), tmp_path / "t.csv", codebook=BOOK)


def test_only_what_applies_is_asked_and_the_file_is_read_like_any(tasks, tmp_path, sentences):
    (done, total), said = play(tasks, tmp_path / "o.csv", "0" + "1c121" + "103" + "q", ["half a promise"])
    assert (done, total) == (3, 4)
    assert "[2/4, 1 coded]" in said
    assert sentences["text"].iloc[1] in said
    read = read_tasks(tmp_path / "o.csv", "me", sentences, codebook=BOOK)
    assert read["promise"].tolist()[:3] == [False, True, True]
    assert read["evidence"].astype(object).tolist()[1:3] == [True, False]
    assert read["clarity"].fillna("").tolist() == ["", "not clear", "", ""]
    assert read["timing"].fillna("").tolist() == ["", "soon", "open", ""]
    assert read["comment"].fillna("").tolist()[1] == "half a promise"
    assert pd.isna(read["promise"].iloc[3])


def test_it_goes_on_where_it_was_left_and_undoes(tasks, tmp_path):
    play(tasks, tmp_path / "o.csv", "00q")
    (done, _), said = play(tasks, tmp_path / "o.csv", "0" + "u" + "s" + "0")
    assert done == 3
    assert "[3/4, 2 coded]" in said
    read = read_tasks(tmp_path / "o.csv", "me", codebook=BOOK)
    assert read["promise"].notna().tolist() == [True, True, False, True]


def test_other_tasks_are_refused(tasks, tmp_path, sentences):
    play(tasks, tmp_path / "o.csv", "0q")
    other = write_tasks(sentences.tail(2), tmp_path / "u.csv", codebook=BOOK)
    with pytest.raises(SchemaError, match="which is not in"):
        play(other, tmp_path / "o.csv", "q")


def test_no_key_means_two_things():
    assert not set(CLASS_KEYS) & set("usc?q")
