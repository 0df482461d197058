import json

import pandas as pd
import pytest

from gongkai.errors import MeasureError
from gongkai.show.wording import plot_network, plot_terms


def drawn_rows(chart):
    return [row for rows in json.loads(chart.to_json())["datasets"].values() for row in rows]


WORDS_TABLE = pd.DataFrame(
    {"term": list("甲乙"), "z_agency": [2, -3], "count_first": 1, "count_second": 2, "agencies": 3}
)
NETWORK = pd.DataFrame(
    [{"agency": "甲", "other": "乙", "year": 2020, "sentences": 5, "share": 0.2, "relation": "superior"},
     {"agency": "甲", "other": "丙", "year": 2021, "sentences": 1, "share": 0.1, "relation": "peer"}]
)  # fmt: skip


def test_the_network_draws_pairs_that_share_enough():
    rows = drawn_rows(plot_network(NETWORK))
    assert {r["agency"] for r in rows if "other" not in r} == {"甲", "乙"}
    assert [r["sentences"] for r in rows if "other" in r] == [5]
    with pytest.raises(MeasureError, match="share 2 sentences"):
        plot_network(NETWORK, year=2021)


def test_distinctive_words_of_both_sides():
    table = pd.DataFrame(
        {
            "term": list("甲乙丙丁"),
            "z": [3, 1, -1, -4],
            "z_agency": [2, 1, -1, -3],
            "count_first": 1,
            "count_second": 2,
            "agencies": 3,
        }
    )
    assert [r["term"] for r in drawn_rows(plot_terms(table, top=1))] == ["甲", "丁"]
    with pytest.raises(MeasureError, match="no words"):
        plot_terms(table.iloc[:0])
