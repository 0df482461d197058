import pandas as pd
import pytest

from gongkai.errors import MeasureError, SchemaError
from gongkai.measure.prevalence import prevalence, wilson
from gongkai.schema import SCHEMAS


def frame(*sentences):
    """Predictions from (agency, year, section, commitment, boilerplate)."""
    rows = []
    for i, (agency, year, section, commitment, boilerplate) in enumerate(sentences):
        for label, value in (("commitment", commitment), ("boilerplate", boilerplate)):
            rows.append(
                {"sentence_id": str(i), "model": "m", "label": label, "score": float(value), "predicted": bool(value),
                 "report_id": f"{agency}{year}", "agency": agency, "region_code": None, "year": year, "section": section,
                 "heading": f"h{i % 3}"}
            )  # fmt: skip
    return pd.DataFrame(rows)


MANY = [("甲", 2021, "overview", i % 2, i % 4 == 1) for i in range(12)] + [("乙", 2021, "overview", 0, 1)] * 8


def value(measures, **where):
    for column, wanted in where.items():
        measures = measures[measures[column] == wanted]
    assert len(measures) == 1
    return measures.iloc[0]


def test_shares_are_counts_over_counts():
    found = prevalence(frame(*MANY), by=["agency"])
    row = value(found, agency="甲", label="commitment")
    assert (row["value"], row["n"]) == (0.5, 12)
    talk = value(found, agency="甲", measure="cheap_talk")
    assert (talk["value"], talk["n"]) == (0.5, 6)


def test_cheap_talk_without_commitments_is_undefined_not_zero():
    talk = value(prevalence(frame(*MANY), by=["agency"]), agency="乙", measure="cheap_talk")
    assert talk["n"] == 0
    assert pd.isna(talk["value"])
    assert pd.isna(talk["low"])


def test_preambles_are_not_counted():
    found = prevalence(frame(*MANY, ("甲", 2021, "preamble", 1, 1)), by=["agency"])
    assert value(found, agency="甲", label="commitment")["n"] == 12


def test_intervals_hold_the_estimate_and_stay_in_bounds():
    found = prevalence(frame(*MANY), by=["agency", "year"]).dropna(subset=["value"])
    assert ((found["low"] <= found["value"]) & (found["value"] <= found["high"])).all()
    assert (found["low"] >= 0).all()
    assert (found["high"] <= 1).all()


def test_a_share_of_zero_has_an_honest_interval():
    row = value(prevalence(frame(*MANY), by=["agency"]), agency="乙", label="commitment")
    assert row["value"] == 0
    assert row["high"] > 0.3


def test_clusters_are_chosen_by_what_every_group_has_two_of():
    sentences = [(a, y, "overview", i % 2, 1) for a in "甲乙" for y in (2020, 2021) for i in range(6)]
    assert set(prevalence(frame(*sentences), by=["year"])["cluster"]) == {"agency"}
    assert set(prevalence(frame(*sentences), by=["agency"])["cluster"]) == {"report"}
    assert set(prevalence(frame(*sentences), by=["agency", "year"])["cluster"]) == {"passage"}


def test_intervals_cover_when_agencies_differ():
    import numpy as np

    rng = np.random.default_rng(5)
    covered, runs = 0, 120
    for run in range(runs):
        shares = rng.beta(4, 6, 30)
        rows = [
            (f"a{a}", 2021, "overview", rng.random() < shares[a], 0) for a in range(30) for _ in range(20)
        ]
        row = value(prevalence(frame(*rows), by=[], seed=run), label="commitment")
        covered += row["low"] <= 0.4 <= row["high"]
    assert 0.87 <= covered / runs <= 0.99


def test_same_seed_same_table():
    one, two = (prevalence(frame(*MANY), by=["agency"], seed=3) for _ in range(2))
    pd.testing.assert_frame_equal(one, two)


def test_missing_column_label_and_sentences():
    with pytest.raises(SchemaError, match="lack region"):
        prevalence(frame(*MANY), by=["region"])
    with pytest.raises(MeasureError, match="every sentence needs"):
        prevalence(frame(*MANY).iloc[1:])
    with pytest.raises(MeasureError, match="no sentence to count"):
        prevalence(frame(("甲", 2021, "preamble", 1, 1)))


def test_columns_are_those_of_the_schema():
    found = prevalence(frame(*MANY), by=["agency", "year"])
    assert list(found.columns) == ["agency", "year", *SCHEMAS["measures"].names]


def test_wilson_equals_the_textbook():
    """Newcombe (1998), table I: 81 of 263."""
    assert [round(x, 4) for x in wilson(81 / 263, 263)] == [0.2553, 0.3662]
