"""Holes: every status with its evidence, names that match none or two, contradicting dates, uneven years."""

import pandas as pd
import pytest

from gongkai.errors import MeasureError, SchemaError
from gongkai.measure.agencies.coverage import coverage, coverage_shares, uneven_years


def reports(*rows):
    frame = pd.DataFrame(rows, columns=["agency", "year", "published", "source_path"])
    return frame.assign(
        report_id=[f"r{i}" for i in range(len(frame))], level="city", region_code="320100", same_as=None
    )


HELD = reports(
    ("南京市教育局", 2021, "2022-01-20", "a21.html"),
    ("南京市教育局", 2022, "2023-02-03", "a22.html"),
    ("南京市民政局", 2021, None, "b21.html"),
    ("南京市民政局", 2021, "2022-01-30", "b21b.html"),
    ("南京市民政局", 2023, "2022-12-30", "b23.html"),
    (None, 2022, None, "x.html"),
)
PROBLEMS = pd.DataFrame(
    {
        "source_path": ["raw/南京市教育局/2023.pdf"],
        "report_id": [None],
        "severity": ["error"],
        "message": ["encrypted"],
    }
)


def status(found, agency, year):
    return found[(found["agency"] == agency) & (found["year"] == year)].iloc[0]


def test_every_status_has_its_evidence():
    found = coverage(HELD, PROBLEMS)
    assert status(found, "南京市教育局", 2021)["status"] == "held"
    assert status(found, "南京市教育局", 2022)[["status", "evidence"]].tolist() == ["late", "a22.html"]
    assert status(found, "南京市教育局", 2023)[["status", "evidence"]].tolist() == [
        "unreadable", "raw/南京市教育局/2023.pdf: encrypted",
    ]  # fmt: skip
    assert status(found, "南京市民政局", 2021)[["status", "reports"]].tolist() == ["twice", 2]
    assert status(found, "南京市民政局", 2022)["status"] == "missing"
    early = status(found, "南京市民政局", 2023)
    assert early["status"] == "held"
    assert early["note"].startswith("published 2022-12-30, before the year 2023")
    assert found.iloc[-1]["note"] == "agency not found: counts nowhere"


def test_names_of_the_list_that_match_none_or_several_are_said():
    held = reports(("江苏省南京市教育局", 2021, None, "a"), ("南京市鼓楼区文化局", 2021, None, "b"),
                   ("徐州市鼓楼区文化局", 2021, None, "c"))  # fmt: skip
    expect = pd.DataFrame(
        {
            "agency": ["南京市教育局", "鼓楼区文化局", "南京市水务局", "南京市水务局", None],
            "first": [2020] * 5,
        }
    )
    found = coverage(held, expect=expect, years=[2019, 2021]).set_index("agency")
    assert found.loc["南京市教育局", ["status", "note"]].tolist() == ["held", "held as 江苏省南京市教育局"]
    assert found.loc["鼓楼区文化局", "status"] == "missing"
    assert found.loc["鼓楼区文化局", "note"].startswith("name matches several: 南京市鼓楼区文化局, 徐州市")
    assert found.loc["南京市水务局", "note"] == (
        "no report of an agency of this name; listed 2 times: the first row counts"
    )
    assert found.loc["徐州市鼓楼区文化局", "note"] == "not expected"


def test_shares_count_what_was_expected():
    found = coverage_shares(coverage(HELD, PROBLEMS), by=["year"])
    row = found[found["year"] == 2022].iloc[0]
    assert row[["expected", "missing", "dated", "late"]].tolist() == [2, 1, 1, 1]
    assert row["low"] < row["share"] == 0.5 < row["high"]


def test_years_of_different_agencies_are_said():
    assert uneven_years(HELD) == [
        "2021 and 2022 rest on different agencies: 1 in both, 1 only in 2021, 0 only in 2022",
        "2022 and 2023 rest on different agencies: 0 in both, 1 only in 2022, 1 only in 2023",
    ]
    assert uneven_years(HELD.head(2)) == []
    renamed = pd.DataFrame({"agency": ["甲县林业局", "甲县环境保护局", "甲县林业局", "甲县生态环境局"],
                            "year": [2017, 2017, 2018, 2018]})  # fmt: skip
    assert uneven_years(renamed) == []


def test_bad_usage():
    with pytest.raises(SchemaError, match="lack the column agency"):
        coverage(HELD, expect=pd.DataFrame({"name": ["甲"]}))
    with pytest.raises(MeasureError, match="no agency or no year"):
        coverage(HELD.head(0))


def test_before_2019_reports_were_due_by_the_end_of_march():
    held = reports(("甲市教育局", 2018, "2019-03-20", "a.html"), ("甲市教育局", 2017, "2018-04-02", "b.html"),
                   ("甲市教育局", 2019, "2020-03-20", "c.html"))  # fmt: skip
    assert coverage(held)["status"].tolist() == ["late", "held", "late"]
