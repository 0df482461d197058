"""Rates from cells: against hand calculations, textbook intervals, blanks, broken rules and forms."""

import json

import numpy as np
import pandas as pd
import pytest

from gongkai.corpus.build import build
from gongkai.errors import MeasureError, SchemaError
from gongkai.form.form import CANNOT_PROVIDE, NOT_PROCESSED, REFUSED
from gongkai.measure.inference.intervals import wilson
from gongkai.measure.panel.rates import _posterior, _prior, indicators, jeffreys, rates
from gongkai.tables.parts import read_table


def cells(report, values):
    rows = [(report, *name.split("."), value) for name, value in values.items()]
    return pd.DataFrame(rows, columns=["report_id", "table", "row", "column", "value"])


def reports(*rows):
    columns = ["report_id", "agency", "region_code", "level", "kind", "year", "form"]
    return pd.DataFrame([(*r, "320800", "city", "government", 2023, "2021") for r in rows], columns=columns)


def of(found, indicator, report="r"):
    return found[(found["indicator"] == indicator) & (found["report_id"] == report)].iloc[0]


def test_a_report_given_twice_has_its_rates_twice():
    values = {"requests.granted.total": 3, "requests.total_handled.total": 4}
    once = rates(reports(("r", "甲市民政局")), cells("r", values))
    twice = rates(reports(("r", "甲市民政局"), ("r", "甲市民政局")), cells("r", values))
    assert len(twice) == 2 * len(once)
    assert set(twice["value"].dropna()) == set(once["value"].dropna())


def test_every_indicator_has_names_cells_and_a_direction():
    found = {one.key: one for one in indicators()}
    assert len({key.split(":")[0] for key in found}) >= 12
    for one in found.values():
        assert one.zh
        assert one.en
        assert one.top
        assert one.direction in ("up", "down", "none")
        assert set(one.forms) <= {"2019", "2021"}
    assert found["granted"].rules() == (
        "requests.balance:total", "requests.handled:total", "requests.row:granted", "requests.row:total_handled",
    )  # fmt: skip


def test_intervals_are_those_of_the_literature():
    # Brown, Cai & DasGupta (2001): n = 10, k = 3 at 95 %: Wilson [.108, .603], Jeffreys [.093, .606].
    assert np.round(np.ravel(wilson(np.array([0.3]), np.array([10.0]), 0.95)), 3).tolist() == [0.108, 0.603]
    assert np.round(np.ravel(jeffreys(np.array([3.0]), np.array([10.0]), 0.95)), 3).tolist() == [0.093, 0.606]
    low, high = jeffreys(np.array([0.0, 5.0]), np.array([5.0, 5.0]), 0.95)
    assert low[0] == 0
    assert high[1] == 1


def test_jeffreys_covers_at_its_level():
    rng = np.random.default_rng(3)
    p = rng.beta(0.5, 0.5, 20_000)
    k = rng.binomial(12, p).astype(float)
    low, high = jeffreys(k, np.full(len(k), 12.0), 0.9)
    assert abs(((low <= p) & (p <= high)).mean() - 0.9) < 0.03


def test_pooling_draws_few_cases_to_the_mean_and_leaves_many():
    k, n = np.array([0, 1, 300, 20, 18.0]), np.array([1, 2, 1000, 100, 80.0])
    mean = _posterior(k, n, _prior(k, n), 0.95)[:, 0]
    assert 0.1 < mean[0] < 0.35
    assert abs(mean[2] - 0.3) < 0.01


def test_blank_is_zero_only_where_the_sum_holds():
    values = {"requests.granted.total": np.nan, "requests.total_handled.total": 4.0}
    checks = pd.DataFrame({"report_id": ["r"], "rule": ["requests.handled:total"], "holds": [True]})
    alone = of(rates(reports(("r", "甲市政府")), cells("r", values)), "granted")
    assert np.isnan(alone["value"])
    assert alone["reason"] == "blank: requests.granted.total"
    held = of(rates(reports(("r", "甲市政府")), cells("r", values), checks), "granted")
    assert held["value"] == 0
    assert "read as zero" in held["note"]


def test_strict_makes_a_rate_on_a_broken_rule_null_and_names_it():
    values = {"requests.granted.total": 2.0, "requests.total_handled.total": 4.0}
    checks = pd.DataFrame({"report_id": ["r"], "rule": ["requests.handled:total"], "holds": [False]})
    lenient = of(rates(reports(("r", "甲市政府")), cells("r", values), checks), "granted")
    assert (lenient["value"], lenient["broken"]) == (0.5, "requests.handled:total")
    strict = of(rates(reports(("r", "甲市政府")), cells("r", values), checks, strict=True), "granted")
    assert np.isnan(strict["value"])
    assert strict["reason"] == "broken: requests.handled:total"


def test_what_cannot_be_is_null_and_says_why():
    values = {
        "requests.granted.total": 5.0, "requests.total_handled.total": 4.0, "disputes.review.upheld": 0.0,
        "disputes.review.corrected": 0.0, "disputes.review.other": 0.0, "requests.new_requests.total": 30.0,
    }  # fmt: skip
    found = rates(
        reports(("r", "甲市政府")),
        cells("r", values),
        covariates=pd.DataFrame({"region_code": ["320800"], "residents": [150_000]}),
    )
    assert of(found, "granted")["reason"] == "5 of 4 cannot be"
    assert of(found, "corrected_in_review")["reason"] == "no case"
    assert of(found, "requests_per:residents")["value"] == 2
    assert of(found, "fees")["reason"].startswith("blank")
    old = reports(("r", "甲市政府")).assign(form="2019")
    assert of(rates(old, cells("r", values)), "fees")["reason"] == "not in form 2019"


def test_bad_usage_is_one_line():
    with pytest.raises(MeasureError, match="jeffreys or wilson"):
        rates(reports(("r", "甲")), cells("r", {}), method="wald")
    with pytest.raises(SchemaError, match="statistics lack value"):
        rates(reports(("r", "甲")), cells("r", {}).drop(columns="value"))
    with pytest.raises(MeasureError, match="no report"):
        rates(reports(("r", "甲")).head(0), cells("r", {}))


def test_rates_of_real_reports_equal_a_hand_calculation(shared, tmp_path):
    files = {
        "huaian_2024": "huaian_2024.pdf",
        "hongze_2023": "hongze_2023.pdf",
        "hengyang_2019": "hengyang_2019.txt",
    }
    build([shared / name for name in files.values()], tmp_path / "t")
    tables = [read_table(tmp_path / "t", name) for name in ("reports", "statistics", "checks")]
    found = rates(*tables)
    truth = json.loads((shared / "truth.json").read_text(encoding="utf-8"))
    compared = 0
    for name, file in files.items():
        rid = tables[0].loc[tables[0]["source_path"].str.endswith(file), "report_id"].iloc[0]
        requests, disputes = truth[name]["requests"], truth[name]["disputes"]
        total = requests["total_handled"]["total"]
        review = disputes["review"]
        closed = sum(review[c] or 0 for c in ("upheld", "corrected", "other"))
        court = [disputes[b] for b in ("litigation_direct", "litigation_after_review")]
        judged = sum(b[c] or 0 for b in court for c in ("upheld", "corrected", "other"))
        come = (requests["new_requests"]["total"] or 0) + (requests["carried_in"]["total"] or 0)
        by_hand = {
            "granted": requests["granted"]["total"] / total,
            "carried_over": (requests["carried_out"]["total"] or 0) / come,
            "corrected_in_review": (review["corrected"] or 0) / closed if closed else None,
            "overturned_in_court": sum(b["corrected"] or 0 for b in court) / judged if judged else None,
            "applicants:natural_person": requests["new_requests"]["natural_person"]
            / requests["new_requests"]["total"],
        }
        for indicator, expected in by_hand.items():
            row = of(found, indicator, rid)
            if row["reason"].startswith("blank") or expected is None:
                continue
            assert row["value"] == pytest.approx(expected), (name, indicator)
            assert row["low"] <= row["value"] <= row["high"]
            compared += 1
    assert compared >= 12


def test_rates_of_two_more_real_reports_equal_what_they_print_or_a_hand_calculation():
    """Numbers of two public pages of 2022: a district that prints its own percentages, an office that tells all."""
    district = {"granted": 966, "partly_granted": 67, "refused": 81, "cannot": 182, "not_processed": 61, "other": 96,
                "total_handled": 1453}  # fmt: skip
    printed = {
        "granted": 66.48,
        "partly_granted": 4.61,
        "refused": 5.57,
        "not_held": 12.53,
        "not_processed": 4.20,
    }
    of_group = {"refused": "deliberative", "cannot": "not_held", "not_processed": "petition"}
    values = dict.fromkeys((*REFUSED, *CANNOT_PROVIDE, *NOT_PROCESSED), 0.0)
    values |= {of_group.get(row, row): float(n) for row, n in district.items()}
    found = rates(reports(("r", "甲")), cells("r", {f"requests.{k}.total": v for k, v in values.items()}))
    for indicator, percent in printed.items():
        assert round(100 * of(found, indicator, "r")["value"], 2) == percent, indicator
    office = dict.fromkeys((*REFUSED, *CANNOT_PROVIDE, *NOT_PROCESSED, "carried_in", "carried_out"), 0.0)
    office |= {"new_requests": 8, "granted": 2, "partly_granted": 2, "deliberative": 1, "not_held": 2, "other": 1,
               "total_handled": 8}  # fmt: skip
    found = rates(reports(("r", "甲")), cells("r", {f"requests.{k}.total": v for k, v in office.items()}))
    by_hand = {"granted": 0.25, "partly_granted": 0.25, "refused": 0.125, "refused_ground:deliberative": 0.125,
               "not_held": 0.25, "not_processed": 0.0, "carried_over": 0.0}  # fmt: skip
    for indicator, expected in by_hand.items():
        row = of(found, indicator, "r")
        assert row["value"] == expected, indicator
        assert row["low"] <= expected <= row["high"]


def test_the_annex_of_2014_gives_what_it_counts_alike_and_names_the_break():
    annex = {"received": 40, "replied": 30, "granted": 10, "already_public": 5, "partly_granted": 3, "refused_state_secret": 1,
             "refused_trade_secret": 0, "refused_privacy": 1, "refused_security": 0, "refused_by_law": 1, "not_this_agency": 4,
             "not_existing": 2, "review": 4, "review_upheld": 2, "review_corrected": 1, "review_other": 1, "litigation": 0,
             "litigation_upheld": 0, "litigation_corrected": 0, "litigation_other": 0}  # fmt: skip
    both = reports(("old", "甲"), ("new", "甲")).assign(form=["2014", "2021"], year=[2016, 2023])
    held = pd.concat([
        cells("old", {f"annex.{row}.count": float(v) for row, v in annex.items()}),
        cells("new", {"requests.granted.total": 6.0, "requests.total_handled.total": 8.0}),
    ])  # fmt: skip
    broken = pd.DataFrame({"report_id": ["old"], "rule": ["annex.sum:replied"], "holds": [False]})
    found = rates(
        both, held, broken, covariates=pd.DataFrame({"region_code": ["320800"], "residents": [20_000]})
    )
    by_hand = {"granted": 0.5, "partly_granted": 0.1, "refused": 0.1, "not_held": 0.2, "corrected_in_review": 0.25,
               "disputes_per_request": 4 / 30, "requests_per:residents": 20.0}  # fmt: skip
    for indicator, expected in by_hand.items():
        assert of(found, indicator, "old")["value"] == pytest.approx(expected), indicator
    assert of(found, "overturned_in_court", "old")["reason"] == "no case"
    assert of(found, "not_processed", "old")["reason"] == "not in form 2014"
    assert "of replies" in of(found, "granted", "new")["note"]
    assert of(found, "granted", "old")["broken"] == "annex.sum:replied"
    assert np.isnan(of(rates(both, held, broken, strict=True), "granted", "old")["value"])
    assert "of replies" not in of(rates(both.tail(1), held), "granted", "new")["note"]


NEW = {"requests.new_requests.total": 30}


def test_residents_of_a_year_are_that_years():
    """Every year of a panel was divided by the last year's."""
    own = pd.DataFrame({"region_code": "320800", "year": [2021, 2022], "residents": [10_000, 20_000]})
    for year, per_ten_thousand in ((2021, 30), (2022, 15), (2023, None)):
        found = rates(reports(("r", "甲市政府")).assign(year=year), cells("r", NEW), covariates=own)
        row = of(found, "requests_per:residents")
        assert (None if pd.isna(row["value"]) else row["value"]) == per_ten_thousand
    assert row["reason"] == "residents not given"


def test_requests_per_unit_of_any_numeric_column_with_an_exact_poisson_interval():
    own = pd.DataFrame({"agency": ["甲市政府"], "编制": [12], "budget": [1.5], "note": ["几"], "staff": [0]})
    per = ("编制", "budget", "staff")
    found = rates(reports(("r", "甲市政府")), cells("r", NEW), covariates=own, per=per)
    row = of(found, "requests_per:编制")
    assert (row["value"], row["unit"], row["zh"], row["method"]) == (
        2.5,
        "per 编制",
        "每单位编制申请数",
        "exact, Poisson",
    )
    assert row["en"] == "new requests per 编制"
    # Garwood 1936: half the chi-square quantiles with 2k and 2k + 2 degrees of freedom; 30 events: 20.24, 42.83.
    assert row["low"] == pytest.approx(20.24 / 12, abs=1e-3)
    assert row["high"] == pytest.approx(42.83 / 12, abs=1e-3)
    assert of(found, "requests_per:budget")["value"] == 20
    assert of(found, "requests_per:staff")["reason"] == "staff is 0"
    none = rates(
        reports(("r", "甲市政府")),
        cells("r", NEW | {"requests.new_requests.total": 0}),
        covariates=own,
        per=per,
    )
    assert of(none, "requests_per:编制")[["value", "low"]].tolist() == [0, 0]
    assert of(none, "requests_per:编制")["high"] == pytest.approx(3.689 / 12, abs=1e-3)
    for name, said in (("note", "note is no column of numbers"), ("面积", "面积 is no column")):
        with pytest.raises(SchemaError, match=said):
            rates(reports(("r", "甲市政府")), cells("r", NEW), covariates=own, per=[name])


def test_a_number_of_a_place_is_no_denominator_of_its_departments():
    held = reports(("r", "甲市民政局")).assign(kind="department")
    by_place = pd.DataFrame({"region_code": ["320800"], "residents": [150_000]})
    reason = of(rates(held, cells("r", NEW), covariates=by_place), "requests_per:residents")["reason"]
    assert reason == "residents by region_code: not this agency's own"
    by_agency = pd.DataFrame({"agency": ["甲市民政局"], "residents": [150_000]})
    assert of(rates(held, cells("r", NEW), covariates=by_agency), "requests_per:residents")["value"] == 2
