"""The commands over cells and years, through the runner on the tiny corpus."""

import pandas as pd
import pytest

from gongkai.cli.figures import years_of
from gongkai.errors import GongkaiError
from gongkai.tables.schema import read_frame, read_table
from tests.cli.test_study import call


def test_rates(tables, tmp_path):
    codes = read_table(tables, "reports")["region_code"].dropna().unique()
    pd.DataFrame({"region_code": codes, "residents": 10_000}).to_csv(tmp_path / "own.csv", index=False)
    more = ("--covariates", tmp_path / "own.csv", "--systems", tmp_path / "s.csv")
    out = call("rates", tables, "-o", tmp_path / "r.csv", "--strict", *more)
    assert "予以公开率" in out
    assert "nothing need add up" in out
    assert (tmp_path / "s.csv").exists()
    found = read_frame(tmp_path / "r.csv", ["indicator", "value", "low", "high", "reason"])
    known = found[found["value"].notna() & (found["unit"] != "yuan")]
    assert len(known) > 10
    assert (known["low"] <= known["value"]).all()
    assert (known["value"] <= known["high"]).all()
    assert found.loc[found["value"].isna(), "reason"].notna().all()


def test_coverage(tables, tmp_path):
    names = sorted(read_table(tables, "reports")["agency"].dropna().unique())
    pd.DataFrame({"agency": [*names, "无此局"]}).to_csv(tmp_path / "e.csv", index=False)
    out = call(
        "coverage", tables, "-o", tmp_path / "c.csv", "--expect", tmp_path / "e.csv", "--years", "2018-2025"
    )
    assert "no report of an agency of this name: 无此局, 8 rows" in out
    found = read_frame(tmp_path / "c.csv", ["agency", "year", "status", "evidence"])
    assert (found.loc[found["agency"] == "无此局", "status"] == "missing").all()
    assert found.loc[found["status"] != "missing", "evidence"].notna().all()


def test_years():
    assert years_of("2019-2021, 2024") == [2019, 2020, 2021, 2024]
    assert years_of("") is None
    with pytest.raises(GongkaiError, match="expected e"):
        years_of("this year")
