import numpy as np
import pandas as pd
import pytest

from gongkai.errors import MeasureError
from gongkai.measure.shares.compare import compare
from gongkai.measure.shares.plan import assume, pilot, plan


def test_without_agencies_that_differ_it_is_the_textbook_formula():
    """Two samples, drawn sentence by sentence from infinite texts: n = (z + z)² 2 p / d²."""
    assumed = assume(0.3, 0.85, 0.95, correlation=0.0)
    row = plan(0.1, assumed, agencies=5000, sentences=5000).set_index("design").loc["no model"]
    assert row["n"] == pytest.approx((1.959964 + 0.841621) ** 2 * 2 * 0.3 / 0.01, abs=1.5)


def test_a_good_model_saves_coding_and_whole_reports_cost_it():
    table = plan(0.1, assume(0.3, 0.9, 0.97), agencies=40, sentences=90).set_index("design")
    assert table.loc["simple", "n"] < table.loc["no model", "n"] / 3
    assert table.loc["reports", "n"] > table.loc["simple", "n"]
    assert table.loc["reports", "n"] == 30 * table.loc["reports", "reports"]
    assert (table["power"] >= 0.8).all()
    rare = plan(0.05, assume(0.05, 0.8, 0.97), agencies=40, sentences=90).set_index("design")
    assert rare.loc["prediction", "n"] < rare.loc["simple", "n"]


def test_where_the_text_alone_varies_too_much_no_coding_is_enough():
    table = plan(0.02, assume(0.3, 0.9, 0.97, correlation=0.1), agencies=10, sentences=60)
    assert table["n"].isna().all()
    assert (table["smallest"] > 0.02).all()
    paired = plan(0.06, assume(0.3, 0.9, 0.97, correlation=0.1, overlap=0.95), agencies=20, sentences=90)
    apart = plan(0.06, assume(0.3, 0.9, 0.97, correlation=0.1), agencies=20, sentences=90)
    assert paired["n"].notna().all()
    assert apart["n"].isna().all()


def drawn(rng, group, share, n, *, agencies, sentences, correlation, rates):
    """Corrected outcomes of one group: n of its sentences coded at random."""
    a = (1 - correlation) / correlation
    own = np.repeat(rng.beta(share * a, (1 - share) * a, agencies), sentences)
    y = rng.random(len(own)) < own
    f = np.where(y, rng.random(len(own)) < rates[0], rng.random(len(own)) > rates[1]).astype(float)
    coded = rng.permutation(len(own)) < n
    outcome = f + coded * (y - f) * len(own) / n
    names = [f"{group}{k}" for k in np.repeat(np.arange(agencies), sentences)]
    return pd.DataFrame({"group": group, "agency": names, "label": "x", "outcome": outcome})


def test_the_power_is_that_of_the_test_that_will_be_made():
    setting = {"agencies": 20, "sentences": 60, "correlation": 0.03}
    assumed = assume(0.3, 0.85, 0.93, correlation=0.03)
    row = plan(0.1, assumed, agencies=20, sentences=60).set_index("design").loc["simple"]
    rng, seen = np.random.default_rng(0), 0
    for _ in range(200):
        parts = [
            drawn(rng, g, s, int(row["n"]), rates=(0.85, 0.93), **setting)
            for g, s in (("a", 0.25), ("b", 0.35))
        ]
        seen += compare(pd.concat(parts), by="group", first="a", second="b").iloc[0]["p_value"] <= 0.05
    assert row["power"] - 0.09 <= seen / 200 <= row["power"] + 0.09


def test_a_pilot_tells_what_the_plan_takes_for_granted():
    rng = np.random.default_rng(0)
    own = np.repeat(rng.beta(0.3 * 9, 0.7 * 9, 200), 30)  # correlation .1
    y = rng.random(6000) < own
    told = np.where(y, rng.random(6000) < 0.8, rng.random(6000) < 0.1)
    about = {"sentence_id": [str(i) for i in range(6000)]}
    frame = pd.DataFrame(about).assign(model="m", label="commitment", score=told.astype(float), predicted=told,
        section="overview", report_id=[f"r{i // 30}" for i in range(6000)], agency=[f"a{i // 30}" for i in range(6000)])  # fmt: skip
    predictions = pd.concat([frame, frame.assign(label="boilerplate")])
    gold = pd.DataFrame(about).assign(annotator="resolved", commitment=y, boilerplate=y)
    found, told = pilot(predictions, gold, "commitment"), assume(0.3, 0.8, 0.9, correlation=0.1)
    assert found.share == pytest.approx(told.share, abs=0.03)
    assert found.flagged == pytest.approx(told.flagged, abs=0.03)
    assert found.spread == pytest.approx(told.spread, abs=0.03)
    assert found.correlation == pytest.approx(0.1, abs=0.03)
    with pytest.raises(MeasureError, match="no label 'other'"):
        pilot(predictions, gold, "other")
    with pytest.raises(MeasureError, match="a pilot needs ten"):
        pilot(predictions, gold[:5], "commitment")


def test_numbers_outside_their_range_are_refused():
    with pytest.raises(MeasureError, match="expected shares in"):
        assume(1.3, 0.9, 0.9)
    with pytest.raises(MeasureError, match="fewer than three give no interval"):
        plan(0.1, assume(0.3, 0.9, 0.9), agencies=2, sentences=50)
