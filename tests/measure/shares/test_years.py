import numpy as np
import pandas as pd
import pytest

from gongkai.errors import MeasureError, SchemaError
from gongkai.measure.shares.compare import compare
from gongkai.measure.shares.years import BREAK, composition, trend


def panel(*, agencies=20, years=range(2017, 2025), slope=0.0, jump=0.0, n=25, seed=0):
    """One row per sentence; agencies differ in level, some report in some years only."""
    rng = np.random.default_rng(seed)
    rows = []
    for k in range(agencies):
        own = rng.uniform(0.2, 0.4)
        for year in years:
            if rng.random() < 0.2:
                continue
            share = np.clip(own + slope * (year - 2020) + jump * (year >= 2021) + rng.normal(0, 0.03), 0, 1)
            about = {"agency": f"a{k}", "year": year, "label": "x", "report_id": f"{k}-{year}"}
            rows += [about | {"outcome": float(o)} for o in rng.random(n) < share]
    return pd.DataFrame(rows)


def test_slopes_are_those_of_dummies():
    smf = pytest.importorskip("statsmodels.formula.api", reason="of the extra dev")
    frame = panel(slope=0.01, jump=0.05)
    found = trend(frame).set_index("quantity")
    frame["new"] = (frame["year"] >= 2021).astype(float)
    groups = {"groups": pd.factorize(frame["agency"])[0], "use_correction": False}
    one = smf.ols("outcome ~ year + C(agency)", frame).fit(cov_type="cluster", cov_kwds=groups)
    two = smf.ols("outcome ~ year + new + C(agency)", frame).fit(cov_type="cluster", cov_kwds=groups)
    assert found.loc["trend", "value"] == pytest.approx(one.params["year"], abs=1e-9)
    assert found.loc["trend_within_forms", "value"] == pytest.approx(two.params["year"], abs=1e-9)
    assert found.loc["break_2021", "value"] == pytest.approx(two.params["new"], abs=1e-9)
    half = (found["high"] - found["low"]) / 2  # CR2 and t: a little wider than 1.96 errors without correction
    assert 1 < half["trend"] / (1.96 * one.bse["year"]) < 1.25
    assert 1 < half["break_2021"] / (1.96 * two.bse["new"]) < 1.25


def test_a_jump_with_the_form_is_no_trend():
    found = trend(panel(jump=0.15, agencies=40)).set_index("quantity")
    assert found.loc["trend", "low"] > 0
    assert found.loc["trend_within_forms", "low"] < 0 < found.loc["trend_within_forms", "high"]
    assert found.loc["break_2021", "low"] < 0.15 < found.loc["break_2021", "high"]
    before = trend(panel(years=range(2012, 2020)))
    assert before["quantity"].tolist() == ["trend"]


def test_intervals_of_trends_hold_with_eight_agencies():
    held = 0
    for seed in range(150):
        row = trend(panel(agencies=8, years=range(2013, 2019), slope=0.0, seed=seed)).iloc[0]
        held += row["low"] <= 0 <= row["high"]
    assert 0.9 <= held / 150 <= 0.99


def test_without_two_years_of_an_agency_there_is_no_trend():
    frame = panel(years=[2020])
    with pytest.raises(MeasureError, match="two years"):
        trend(frame)
    with pytest.raises(SchemaError, match="lack year"):
        trend(frame.drop(columns="year"))


def test_parts_add_up_and_name_who_came():
    frame = panel(years=[2021, 2022], n=40)
    late = frame[(frame["year"] == 2022)].iloc[:200].assign(agency="new", outcome=1.0)
    found = composition(pd.concat([frame, late]), 2021, 2022).set_index("part")
    assert found.loc["total", "value"] == pytest.approx(found["value"].drop("total").sum())
    shares = pd.concat([frame, late]).groupby("year")["outcome"].mean()
    assert found.loc["total", "value"] == pytest.approx(shares[2022] - shares[2021])
    assert found.loc["came", "value"] > 0.1
    same = frame[frame["year"] == 2021]
    twin = pd.concat([same, same.assign(year=2022)])
    assert composition(twin, 2021, 2022)["value"].abs().max() == pytest.approx(0, abs=1e-12)
    with pytest.raises(MeasureError, match="no sentence of 2030"):
        composition(frame, 2021, 2030)


def test_within_is_the_change_of_agencies_in_both_by_hand():
    rows = [
        ("a", 2021, 1, 4),
        ("a", 2022, 3, 4),
        ("b", 2021, 2, 4),
        ("b", 2022, 2, 12),
        ("c", 2021, 4, 4),
        ("d", 2022, 1, 8),
    ]
    frame = pd.DataFrame(
        [
            {"agency": a, "year": y, "label": "x", "outcome": float(i < k)}
            for a, y, k, n in rows
            for i in range(n)
        ]
    )
    value = composition(frame, 2021, 2022).set_index("part")["value"]
    assert value["within"] == pytest.approx(
        (1 / 2 + 1 / 4) / 2 * (3 / 4 - 1 / 4) + (1 / 2 + 3 / 4) / 2 * (1 / 6 - 1 / 2)
    )
    assert value["came"] == pytest.approx(6 / 24 - 5 / 16)
    assert value["left"] == pytest.approx(3 / 8 - 7 / 12)


def test_the_change_of_form_is_named_wherever_it_lies_between_the_groups():
    frame = panel()
    assert BREAK in compare(frame, by="year", first=2019, second=2022).iloc[0]["note"]
    assert BREAK not in str(compare(frame, by="year", first=2021, second=2022).iloc[0]["note"])
    kinds = frame.assign(kind=np.where(frame["year"] >= 2021, "late", "early"))
    assert BREAK in compare(kinds, by="kind", first="early", second="late").iloc[0]["note"]
    even = frame.assign(kind=np.where(frame["agency"] < "a2", "one", "other"))
    assert BREAK not in str(compare(even, by="kind", first="one", second="other").iloc[0]["note"])
    assert composition(frame, 2020, 2021)["note"].eq(BREAK).all()
