import numpy as np
import pandas as pd
import pytest

from gongkai.errors import MeasureError, SchemaError
from gongkai.measure.shares.outcomes import outcomes
from gongkai.measure.shares.prevalence import (
    pool,
    prevalence,
    sentences_behind,
)
from gongkai.tables.schema import SCHEMAS


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


def test_clusters_are_chosen_for_each_group():
    sentences = [(a, y, "overview", i % 2, 1) for a in "甲乙" for y in (2020, 2021) for i in range(6)]
    assert set(prevalence(frame(*sentences), by=["year"])["cluster"]) == {"agency"}
    assert set(prevalence(frame(*sentences), by=["agency"])["cluster"]) == {"passage"}
    more = [*sentences, *(("甲", 2022, "overview", i % 2, 1) for i in range(6))]
    chosen = prevalence(frame(*more), by=["agency"]).drop_duplicates("agency").set_index("agency")["cluster"]
    assert chosen.to_dict() == {"甲": "report", "乙": "passage"}
    assert set(prevalence(frame(*sentences), by=["agency", "year"])["cluster"]) == {"passage"}


def test_intervals_cover_when_agencies_differ():
    rng = np.random.default_rng(5)
    runs = 120
    shares = rng.beta(4, 6, (runs, 30))
    drawn = [
        (f"{run}-{a}", run, "overview", rng.random() < shares[run, a], 0)
        for run in range(runs)
        for a in range(30)
        for _ in range(20)
    ]
    found = prevalence(frame(*drawn), by=["year"]).query("label == 'commitment'")
    assert len(found) == runs
    assert 0.87 <= ((found["low"] <= 0.4) & (found["high"] >= 0.4)).mean() <= 0.99


def test_the_same_rows_give_the_same_table():
    one, two = (prevalence(frame(*MANY), by=["agency"]) for _ in range(2))
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


def test_two_agencies_give_no_interval_and_it_says_why():
    sentences = [(a, 2020, "overview", i % 2, 1) for a in "甲乙" for i in range(30)]
    row = value(prevalence(frame(*sentences), by=["year"]), label="commitment")
    assert row["value"] == 0.5
    assert pd.isna(row["low"])
    assert row["note"] == "fewer than three clusters"


def population(seed=0, agencies=40, n=60):
    """Sentences of two groups with the same shares; the classifier errs more in the second. Gold for all."""
    rng = np.random.default_rng(seed)
    rows, gold = [], []
    for i in range(agencies * n):
        agency = i // n
        late = agency % 2
        truth = {"commitment": rng.random() < 0.3, "boilerplate": rng.random() < 0.5}
        about = {"sentence_id": str(i), "model": "m", "report_id": f"r{agency}", "agency": f"a{agency}", "year": 2020 + late,
                 "section": "overview", "heading": "", "region_code": None, "seen": False}  # fmt: skip
        for label, value in truth.items():
            wrong = rng.random() < (0.3 if late else 0.05)
            rows.append(
                about | {"label": label, "score": 0.8 if value != wrong else 0.1, "predicted": value != wrong}
            )
        gold.append({"sentence_id": str(i), "annotator": "resolved", **truth})
    return pd.DataFrame(rows), pd.DataFrame(gold)


def drawn(gold, *, seed=0, share=0.3, more=()):
    """A coded sample: `share` of all, twice as many of the sentences in `more`."""
    pi = np.where(gold["sentence_id"].isin(more), 2 * share, share)
    return gold.assign(inclusion=pi)[np.random.default_rng(seed).random(len(gold)) < pi]


def test_corrected_shares_are_right_where_counting_is_not():
    predictions, gold = population()
    truth = gold["commitment"].mean()
    found = {"count": prevalence(predictions, by=["year"])}
    found |= {
        m: prevalence(predictions, drawn(gold), by=["year"], method=m, cluster="report")
        for m in ("ppi", "dsl")
    }
    late = {m: value(f, year=2021, label="commitment") for m, f in found.items()}
    assert late["count"]["low"] > truth + 0.05
    for method in ("ppi", "dsl"):
        assert late[method]["low"] < truth < late[method]["high"]
        assert late[method]["n"] == len(drawn(gold).query("sentence_id.astype('int') // 60 % 2 == 1"))


def test_a_sample_that_lacks_most_of_what_was_drawn_is_said(caplog):
    predictions, gold = population()
    coded = drawn(gold)
    prevalence(predictions, coded, by=[], method="dsl")
    assert not caplog.messages
    prevalence(predictions, coded[::2], by=[], method="dsl")
    assert "left uncoded (taken as missing at random)" in caplog.text


def test_corrected_cheap_talk_is_both_over_commitments():
    """With every sentence coded the corrections are the truth itself."""
    predictions, gold = population(agencies=10)
    coded = gold.assign(inclusion=1.0)
    truth = gold.loc[gold["commitment"], "boilerplate"].mean()
    for method in ("ppi", "dsl"):
        found = prevalence(predictions, coded, by=[], method=method)
        assert value(found, measure="cheap_talk")["value"] == pytest.approx(truth)


def test_adjusted_by_hand():
    """Rogan–Gladen: (share − fpr) / (tpr − fpr)."""
    predictions, _ = population(agencies=10)
    rates = {"commitment": (0.9, 0.8), "boilerplate": (0.9, 0.8), "commitment+boilerplate": (0.85, 0.95)}
    row = value(prevalence(predictions, by=[], method="adjusted", rates=rates), label="commitment")
    share = predictions.loc[predictions["label"] == "commitment", "predicted"].mean()
    assert row["value"] == pytest.approx((share - 0.2) / 0.7)


def test_labels_the_model_has_seen_are_refused():
    predictions, gold = population(agencies=4)
    coded = drawn(gold)
    seen = predictions.assign(seen=predictions["sentence_id"].isin(coded["sentence_id"][:7]))
    for method in ("ppi", "dsl", "adjusted"):
        with pytest.raises(MeasureError, match=rf"trained on 7 of the {len(coded)} coded .*cross_fit"):
            prevalence(seen, coded, by=[], method=method)


def test_samples_that_do_not_fit_the_method_are_refused():
    predictions, gold = population(agencies=4)
    unequal = drawn(gold, more=gold["sentence_id"][:100])
    with pytest.raises(MeasureError, match="use method dsl"):
        prevalence(predictions, unequal, by=[], method="ppi")
    with pytest.raises(SchemaError, match="lack inclusion"):
        prevalence(predictions, unequal.drop(columns="inclusion"), by=[], method="dsl")
    with pytest.raises(MeasureError, match="needs labels"):
        prevalence(predictions, by=[], method="ppi")
    with pytest.raises(MeasureError, match="is coded; do both come"):
        prevalence(predictions, unequal.assign(sentence_id="none"), by=[], method="dsl")
    two = pd.concat([unequal.assign(annotator="li"), unequal.assign(annotator="wang")])
    with pytest.raises(MeasureError, match="li, wang"):
        prevalence(predictions, two, by=[], method="dsl")


def test_the_corrected_outcome_goes_into_a_regression():
    """The worked example of docs/methods.md: the counted outcome finds a difference of years, where there is none."""
    smf = pytest.importorskip("statsmodels.formula.api", reason="of the extra dev")
    predictions, gold = population()
    sample = drawn(gold, more=gold["sentence_id"][::3])
    fits = {}
    for name, found in (
        ("counted", outcomes(predictions)),
        ("corrected", outcomes(predictions, sample)),
    ):
        rows = found[found["label"] == "commitment"]
        groups = pd.factorize(rows["agency"])[0]
        fits[name] = smf.ols("outcome ~ C(year)", rows).fit(cov_type="cluster", cov_kwds={"groups": groups})
    assert fits["counted"].pvalues["C(year)[T.2021]"] < 1e-6
    low, high = fits["corrected"].conf_int().loc["C(year)[T.2021]"]
    assert low < 0 < high
    both = outcomes(predictions, sample).groupby("label")["outcome"].mean()
    shares = prevalence(predictions, sample, by=[], method="dsl").set_index("label")["value"]
    assert both["commitment"] == pytest.approx(shares["commitment"], abs=2e-3)  # 1/N for 1/Σ1/π
    assert both["commitment+boilerplate"] / both["commitment"] == pytest.approx(
        shares["commitment+boilerplate"], abs=1e-2
    )


def test_pooling_moves_small_groups_most_and_keeps_the_undefined():
    rows = [
        (a, 2021, "overview", i % 10 < share, i % 2)
        for a, n, share in (("大甲", 200, 2), ("大乙", 200, 4), ("大丙", 200, 6), ("小", 10, 9))
        for i in range(n)
    ]
    rows += [("无", 2021, "overview", 0, 1)] * 20
    own = prevalence(frame(*rows), by=["agency"])
    found = pool(own)
    moved = (found["value"] - own["value"]).abs().groupby(own["agency"]).max()
    assert moved["小"] > 2 * moved["大甲"]
    assert pd.isna(value(found, agency="无", measure="cheap_talk")["value"])
    assert set(found["method"]) == {"count", "count+pooled"}
    kept = found.dropna(subset=["value"])
    assert ((kept["low"] >= 0) & (kept["low"] <= kept["value"]) & (kept["value"] <= kept["high"])).all()


def test_from_a_number_back_to_its_sentences():
    predictions = frame(*MANY)
    sentences = predictions.drop_duplicates("sentence_id")[["sentence_id", "report_id"]]
    for row in prevalence(predictions, by=["agency"]).dropna(subset=["value"]).to_dict("records"):
        behind = sentences_behind(row, predictions, sentences)
        assert (len(behind), behind["counted"].mean()) == (row["n"], pytest.approx(row["value"]))
    with pytest.raises(MeasureError, match="not behind difference"):
        sentences_behind({"measure": "difference"}, predictions, sentences)
