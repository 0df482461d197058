import numpy as np
import pandas as pd
import pytest

from gongkai.coding.sample import draw_pairs
from gongkai.errors import MeasureError, SchemaError
from gongkai.measure.promises.pairs import copied_shares, followup_shares

OUTCOMES = np.array(["done", "again", "unclear", "silent"])
PROMISES = pd.DataFrame(
    {"sentence_id": ["a", "b", "c", "d", "e"], "agency": "甲局", "text": "x",
     "kind": ["commitment"] * 3 + ["problem"] * 2,
     "outcome": ["done", "again", "silent", "returns", "silent"]}
)  # fmt: skip


def searched(generator, agencies=40):
    """Rows as of followup, of a search that calls half of what was done silent; and what was true."""
    sizes = generator.integers(5, 25, agencies)
    of = np.repeat(np.arange(agencies), sizes)
    done = generator.beta(3, 7, agencies)[of]
    true = np.where(
        generator.random(len(of)) < done, 0, generator.choice([1, 2, 3], len(of), p=[0.3, 0.2, 0.5])
    )
    found = np.where((true == 0) & (generator.random(len(of)) < 0.5), 3, true)
    found = np.where((true == 3) & (generator.random(len(of)) < 0.1), 0, found)
    rows = {"sentence_id": [f"s{k}" for k in range(len(of))], "kind": "commitment", "text": "x"}
    return pd.DataFrame(rows | {"agency": of.astype(str), "outcome": OUTCOMES[found], "true": OUTCOMES[true]})


def test_shares_add_up_and_one_agency_has_no_interval():
    shares = followup_shares(PROMISES)
    assert shares["label"].str.startswith("commitment").all()  # problems count only as read
    assert shares["value"].sum() == pytest.approx(1)
    assert shares["low"].isna().all()


def test_what_was_read_counts_in_place_of_what_was_found():
    read = PROMISES.assign(checked=["silent", "again", "silent", "returns", None])
    shares = followup_shares(read).set_index("label")
    assert shares.loc["commitment:done", "value"] == 0
    assert shares.loc["commitment:silent", "value"] == pytest.approx(2 / 3)
    assert shares.loc["problem:returns", ["value", "n"]].tolist() == [1, 1]
    assert set(shares["method"]) == {"checked"}
    with pytest.raises(MeasureError, match="'maybe' of a commitment"):
        followup_shares(PROMISES.assign(checked="maybe"))


def test_a_drawn_and_read_part_corrects_a_search_that_errs():
    held, counted, values = [], [], []
    for seed in range(200):
        found = searched(np.random.default_rng(seed))
        sheet = draw_pairs(found, 150, by=("outcome",), seed=seed)
        read = sheet.drop(columns="checked").merge(
            found[["sentence_id", "true"]].rename(columns={"true": "checked"})
        )
        given = found.merge(read[["sentence_id", "inclusion", "checked"]], how="left")
        row = followup_shares(given).set_index("label").loc["commitment:done"]
        plain = followup_shares(found).set_index("label").loc["commitment:done"]
        assert row[["method", "n"]].tolist() == ["dsl", 150]
        values.append(row["value"])
        held.append(row["low"] <= 0.3 <= row["high"])
        counted.append(plain["low"] <= 0.3 <= plain["high"])
    assert np.mean(values) == pytest.approx(0.3, abs=0.01)
    assert np.mean(held) >= 0.93  # more than .95: it does not know what the strata gain
    assert np.mean(counted) < 0.3


def test_the_corrected_share_is_the_formula():
    found = searched(np.random.default_rng(3))
    sheet = draw_pairs(found, 60, by="outcome", seed=1).drop(columns="checked")
    given = found.merge(sheet[["sentence_id", "inclusion"]], how="left")
    given = given.assign(checked=given["true"].where(given["inclusion"].notna()))
    shares = followup_shares(given).set_index("label")
    y, f = ((given[c] == "silent").to_numpy(float) for c in ("true", "outcome"))
    weights = np.nan_to_num(1 / given["inclusion"].to_numpy(float))
    naive = f.mean() + weights @ (y - f) / weights.sum()
    assert shares.loc["commitment:silent", "value"] == pytest.approx(naive, abs=1e-12)
    assert shares["value"].sum() == pytest.approx(1)


def test_drawn_pairs_hide_what_the_search_made_of_them():
    found = searched(np.random.default_rng(0)).assign(score=0.5, nearest="y")
    sheet = draw_pairs(found, 40, by=("outcome",))
    assert list(sheet.columns) == ["sentence_id", "kind", "agency", "text", "nearest", "inclusion", "checked"]
    assert (1 / sheet["inclusion"]).sum() == pytest.approx(len(found))
    assert draw_pairs(found, 10)["inclusion"].tolist() == [10 / len(found)] * 10
    with pytest.raises(MeasureError, match=r"cannot draw 0 of \d+ pairs"):
        draw_pairs(found, 0)
    with pytest.raises(SchemaError, match="lack nosuch"):
        draw_pairs(found, 5, by=("nosuch",))


def copies():
    rows = [(f"s{k}", f"t{k}", "own", f"a{k % 8}", k / 100, "x") for k in range(100)]
    rows += [(f"s{k}", f"u{k}", "other", f"a{k % 8}", 0.9, "x") for k in range(40)]
    return pd.DataFrame(rows, columns=["sentence_id", "source_id", "kind", "agency", "similarity", "text"])


def test_shares_of_copies_are_counted_or_corrected():
    pairs = copies()
    counted = copied_shares(pairs)
    assert counted[["label", "value", "n", "method"]].to_numpy().tolist() == [["own", 0.5, 100, "count"]]
    every = pairs.assign(inclusion=1.0, checked=["是" if s >= 0.3 else "否" for s in pairs["similarity"]])
    read = copied_shares(every).set_index("label")
    assert read.loc["own", ["value", "n", "method"]].tolist() == [pytest.approx(0.7), 100, "dsl"]
    assert read.loc["other", "value"] == 1


def test_pairs_that_are_no_sample_are_refused():
    pairs = copies()
    with pytest.raises(MeasureError, match="no probability sample"):
        copied_shares(pairs.assign(checked=1))
    with pytest.raises(MeasureError, match="'maybe'; expected 1, 0 or empty"):
        copied_shares(pairs.assign(checked="maybe"))
    with pytest.raises(MeasureError, match=r"inclusion is 2.0; expected a probability"):
        copied_shares(pairs.assign(checked=1, inclusion=2.0))


def test_pairs_drawn_from_another_search_are_said(caplog):
    found = copies().query("similarity >= .5").assign(inclusion=0.5, checked=1)
    others = copies().query("similarity < .3 and kind == 'own'")
    copied_shares(pd.concat([found, *[others.assign(sentence_id=f"n{k}") for k in range(9)]]))
    assert "was not drawn from these" in caplog.text


def test_finds_among_finds_are_no_share():
    assert copied_shares(copies().query("similarity >= .5")).empty
