import pandas as pd
import pytest

from gongkai.errors import SchemaError
from gongkai.measure.agencies.systems import systems


def rate(report, agency, top, bottom, indicator="granted"):
    value = top / bottom if bottom else None
    return {"report_id": report, "agency": agency, "year": 2021, "indicator": indicator, "top": top,
            "bottom": bottom, "value": value, "low": value, "high": value, "reason": ""}  # fmt: skip


FOUND = pd.DataFrame([
    rate("p", "甲市人民政府", 30, 90), rate("a", "甲市民政局", 1, 10), rate("b", "甲市教育局", 6, 20),
    rate("c", "甲市水利局", 0, 0), rate("x", "乙市民政局", 3, 4),
])  # fmt: skip
IDS = pd.DataFrame({"report_id": list("pabcx"), "parent": [None, *["甲市人民政府"] * 3, None]})
REPORTS = pd.DataFrame({"report_id": list("pabcx"), "scope": ["whole", *["own"] * 4]})


def test_a_parent_stands_beside_its_agencies_and_nothing_need_add_up():
    (row,) = systems(FOUND, IDS, REPORTS).to_dict("records")
    assert (row["parent"], row["value"], row["top"]) == ("甲市人民政府", pytest.approx(1 / 3), 30)
    assert (row["children"], row["with_value"]) == (3, 2)
    assert row["children_value"] == pytest.approx(7 / 30)
    assert (row["lowest"], row["median"], row["highest"]) == pytest.approx((0.1, 0.2, 0.3))
    assert row["note"] == "the parent's number may hold its children's"
    own = systems(FOUND, IDS, REPORTS.assign(scope="own"))
    assert own["note"].tolist() == [""]


def test_two_reports_of_a_parent_give_it_no_number():
    twice = pd.concat([FOUND, FOUND.head(1).assign(report_id="q")])
    reports = pd.concat([REPORTS, pd.DataFrame({"report_id": ["q"], "scope": [None]})])
    ids = pd.concat([IDS, pd.DataFrame({"report_id": ["q"], "parent": [None]})])
    row = systems(twice, ids, reports).iloc[0]
    assert pd.isna(row["value"])
    assert row["children"] == 3


def test_a_missing_column_is_named():
    with pytest.raises(SchemaError, match="series lack parent"):
        systems(FOUND, IDS.drop(columns="parent"), REPORTS)
