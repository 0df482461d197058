import pandas as pd
import pytest

from gongkai.errors import SchemaError
from gongkai.measure.inference.groups import with_covariates, with_places
from gongkai.measure.shares.prevalence import prevalence
from tests.measure.shares.test_prevalence import frame

REPORTS = pd.DataFrame(
    {
        "report_id": ["甲2020", "甲2021", "乙2021"],
        "agency": ["甲", "甲", "乙"],
        "region_code": ["320106", "110101", None],
        "year": [2020, 2021, 2021],
        "level": ["county", "county", None],
    }
)
SENTENCES = [
    (a, y, "overview", i % 2, 1) for a, y in (("甲", 2020), ("甲", 2021), ("乙", 2021)) for i in range(4)
]


def test_province_and_city_are_those_of_the_code_in_its_year():
    found = with_places(REPORTS)
    assert found["province"].tolist() == ["江苏省", "北京市", None]
    assert found["city"].tolist() == ["南京市", None, None]  # a municipality's district is of no city
    gone = with_places(pd.DataFrame({"region_code": ["110103", "110103"], "year": [2005, 2020]}))
    assert gone["province"].tolist() == ["北京市", None]  # 崇文区, until 2009


def test_shares_by_columns_of_the_reports_and_of_ones_own():
    own = pd.DataFrame({"agency": ["甲", "丙"], "tier": ["first", "second"]})
    reports, unmatched = with_covariates(REPORTS, own)
    assert unmatched["agency"].tolist() == ["丙"]
    found = prevalence(frame(*SENTENCES), by=["tier", "level"], reports=reports)
    counts = found[found["label"] == "commitment"].set_index("tier", drop=False)["n"]
    assert counts.tolist() == [8, 4]
    assert found.columns.is_unique
    assert found["level"].tolist()[:3] == ["county"] * 3
    assert found["tier"].isna().tolist() == [False] * 3 + [True] * 3  # not found, last
    places = prevalence(
        frame(*SENTENCES).merge(REPORTS[["report_id", "region_code"]].rename(columns={"region_code": "code"}))
        .assign(region_code=lambda f: f["code"]), by=["province"],
    )  # fmt: skip
    assert places["province"].drop_duplicates().tolist()[:2] == ["北京市", "江苏省"]
    with pytest.raises(SchemaError, match=r"lack tier; they have .*province, city"):
        prevalence(frame(*SENTENCES), by=["tier"])


def test_the_narrowest_key_counts_and_years_join_years():
    by_year = pd.DataFrame(
        {"agency": ["甲", "甲"], "year": ["2020", 2021.0], "gdp": [1, 2], "level": ["x", "y"]}
    )
    found, unmatched = with_covariates(REPORTS, by_year)
    assert found["gdp"].tolist()[:2] == [1, 2]
    assert pd.isna(found["gdp"].iloc[2])
    assert found["level_own"].tolist()[:2] == ["x", "y"]
    assert unmatched.empty
    code = pd.DataFrame({"region_code": [320106], "gdp": [3]})  # as a spreadsheet has it
    assert with_covariates(REPORTS, code)[0]["gdp"].iloc[0] == 3
    place = pd.DataFrame({"province": ["江苏省"], "coast": [True]})
    assert with_covariates(REPORTS, place)[0]["coast"].iloc[0]


def test_several_rows_for_one_report_are_refused_with_their_key():
    twice = pd.DataFrame({"agency": ["甲", "甲", "乙"], "gdp": [1, 2, 3]})
    with pytest.raises(SchemaError, match="several rows for one agency, 1 times: 甲; keep one"):
        with_covariates(REPORTS, twice)
    with pytest.raises(SchemaError, match=r"need one of report_id, .*; have gdp"):
        with_covariates(REPORTS, twice[["gdp"]])
