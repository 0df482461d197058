import numpy as np
import pandas as pd
import pytest

from gongkai.measure.wording import grams
from gongkai.measure.wording.grams import by_gram, read_words

SENTENCES = pd.DataFrame(
    {
        "agency": ["甲局", "甲局", "乙局", None],
        "year": [2020, 2021, 2020, 2020],
        "section": ["overview", "overview", "preamble", "overview"],
        "tokens": [["公开", "信息", "3", "，", "公开", "信息"], ["公开", "信息"], ["公开"], ["公开"]],
    }
)


def test_words_are_those_of_counted_sentences_without_marks():
    with read_words(SENTENCES, ["agency"]) as (frame, words):
        assert frame["agency"].tolist() == ["甲局", "甲局"]
        assert words.lengths.tolist() == [5, 2]


def test_equal_runs_of_words_have_equal_numbers():
    with read_words(SENTENCES, ["agency"]) as (_, words):
        ((found, row),) = words.grams(2)
    assert row.tolist() == [0, 0, 0, 0, 1]
    assert found[0] == found[3] == found[4]
    assert len(set(found.tolist())) == 3


def test_a_sentence_of_fewer_words_is_one_run_if_asked():
    with read_words(SENTENCES, ["agency"]) as (_, words):
        assert [row.tolist() for _, row in words.grams(3)] == [[0, 0, 0]]
        assert [row.tolist() for _, row in words.grams(3, short=True)] == [[0, 0, 0, 1]]


def test_some_sentences_at_a_time_have_the_same_runs(monkeypatch):
    with read_words(SENTENCES, ["agency"]) as (_, words):
        whole = [np.concatenate(part) for part in zip(*words.grams(3, short=True), strict=True)]
        monkeypatch.setattr(grams, "ROWS", 1)
        apart = [np.concatenate(part) for part in zip(*words.grams(3, short=True), strict=True)]
    assert all((a == b).all() for a, b in zip(whole, apart, strict=True))


@pytest.mark.parametrize("held", [10, 10_000])
def test_equal_runs_come_together_from_memory_and_from_disk(monkeypatch, held):
    monkeypatch.setattr(grams, "HELD", held)
    rng = np.random.default_rng(0)
    numbers = rng.integers(2**64, size=20, dtype=np.uint64)[rng.integers(20, size=300)]
    rows = np.arange(300, dtype=np.int32)
    pieces = list(by_gram((numbers[k : k + 7], rows[k : k + 7]) for k in range(0, 300, 7)))
    found, row = (np.concatenate(part) for part in zip(*pieces, strict=True))
    assert (np.sort(found) == found).all()
    assert sorted(row.tolist()) == rows.tolist()
    assert (numbers[row] == found).all()


def test_without_runs_there_are_none():
    assert [len(found) for found, _ in by_gram([])] == [0]
