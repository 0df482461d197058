import numpy as np
import pandas as pd
import pytest

from gongkai.errors import MeasureError, SchemaError
from gongkai.measure.wording.terms import frequencies, keyness, stop_words
from gongkai.tables.scheme.codebooks import read_codebook


def table(*rows):
    """Sentences from (agency, group, words)."""
    return pd.DataFrame(
        [
            {"sentence_id": str(i), "agency": agency, "group": group, "section": "overview", "text": words.replace(" ", ""),
             "tokens": words.split()}
            for i, (agency, group, words) in enumerate(rows)
        ]
    )  # fmt: skip


ROWS = table(
    ("甲", "old", "概述 收费 减免 公开"),
    ("乙", "old", "收费 减免 公开 机构"),
    ("丙", "new", "解读 专栏 公开 平台"),
    ("丁", "new", "解读 专栏 公开 的"),
)


def test_frequencies_count_words_and_agencies():
    found = frequencies(ROWS).set_index("term")
    assert found.loc["公开", ["count", "agencies"]].tolist() == [4, 4]
    assert found.loc["公开", "dispersion"] == pytest.approx(0, abs=0.05)
    assert found.loc["平台", "dispersion"] > 0.6
    assert found.loc["收费", ["example_id", "example"]].tolist() == ["0", "概述收费减免公开"]
    assert "的" not in found.index


def test_preambles_are_left_out():
    with pytest.raises(MeasureError, match="no word"):
        frequencies(ROWS.assign(section="preamble"))


def test_what_a_codebook_does_not_count_is_left_out():
    book = read_codebook("admitted")  # section five alone
    rows = ROWS.assign(section=["overview", "problems", "overview", "improvements"])
    assert set(frequencies(rows, codebook=book)["term"]) == {"收费", "减免", "公开", "机构", "解读", "专栏"}
    both = keyness(rows, by="group", first="old", second="new", min_agencies=1, codebook=book)
    assert both["count_first"].sum() == 4


def test_distinctive_words_of_each_side():
    found = keyness(ROWS, by="group", first="old", second="new").set_index("term")
    assert found.loc["解读", "z"] > 0 > found.loc["收费", "z"]
    assert abs(found.loc["公开", "z"]) < 0.5
    assert "平台" not in found.index  # one agency's word is a name, not a difference
    assert found.loc["解读", ["count_first", "count_second"]].tolist() == [0, 2]


def test_log_odds_by_hand():
    found = keyness(ROWS, by="group", first="old", second="new", min_agencies=1, prior=10.0).set_index("term")
    total = found[["count_first", "count_second"]].to_numpy().sum()
    alpha = 10 * 2 / total
    n1, n2 = found["count_first"].sum(), found["count_second"].sum()
    expected = np.log((2 + alpha) / (n2 + 10 - 2 - alpha)) - np.log(alpha / (n1 + 10 - alpha))
    assert found.loc["解读", "log_odds"] == pytest.approx(expected)
    assert found.loc["解读", "z"] == pytest.approx(expected / np.sqrt(1 / (2 + alpha) + 1 / alpha))


def test_swapping_the_groups_turns_the_sign():
    there = keyness(ROWS, by="group", first="old", second="new").set_index("term")["z"]
    back = keyness(ROWS, by="group", first="new", second="old").set_index("term")["z"]
    assert np.allclose(there.sort_index(), -back.sort_index())


def test_one_group_is_not_enough():
    with pytest.raises(MeasureError, match="both groups"):
        keyness(ROWS, by="group", first="neither", second="new")
    with pytest.raises(SchemaError, match="lack nothing"):
        keyness(ROWS, by="nothing", first="old", second="new")


def test_stop_words_are_bundled():
    assert {"的", "和"} <= stop_words()
