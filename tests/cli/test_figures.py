"""The commands over cells and years, through the runner on the tiny corpus."""

import pandas as pd
import pytest

from gongkai.cli.figures import years_of
from gongkai.errors import GongkaiError
from gongkai.tables.frames import read_frame
from gongkai.tables.parts import read_table
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


def test_years_backwards_are_refused():
    with pytest.raises(GongkaiError, match="expected e"):
        years_of("2024-2019")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("柏垣市教育局,2022,2019", "first 2022 is after last 2019"),
        ("柏垣市教育局,x,", "柏垣市教育局: first x"),
    ],
)
def test_expected_agencies_between_impossible_years_are_refused(tables, tmp_path, row, said):
    (tmp_path / "e.csv").write_text(f"agency,first,last\n{row}\n", "utf-8")
    arguments = ("coverage", tables, "-o", tmp_path / "c.csv", "--expect", tmp_path / "e.csv")
    assert said in call(*arguments, fails=True)


def test_rates_say_what_is_null_and_what_fits_no_report(tables, tmp_path):
    (tmp_path / "own.csv").write_text("agency,staff\n无此局,5\n", "utf-8")
    own = ("--with", tmp_path / "own.csv", "--per", "staff")
    out = call("rates", tables, "-o", tmp_path / "r.csv", *own)
    assert "× staff not given" in out
    assert "1 of 1 rows fit no report" in out
    assert "reports have no row there" in out
    assert pd.read_csv(tmp_path / "r.unmatched.csv")["agency"].tolist() == ["无此局"]
    assert "null:" in out
    said = call("rates", tables, "-o", tmp_path / "r2.csv", "--per", "staff", fails=True)
    assert "no covariates given to divide by staff" in said
    (tmp_path / "own.csv").write_text("agency,year,staff\n无此局,2020,12,000\n", "utf-8")
    assert "more cells than the header" in call("rates", tables, "-o", tmp_path / "r2.csv", *own, fails=True)


def test_the_panel_says_renames_that_fork(tables, tmp_path):
    name = read_table(tables, "reports")["agency"].dropna().iloc[0]
    (tmp_path / "n.csv").write_text(
        f"old,new,kind,from\n{name},甲局,rename,2010\n{name},乙局,rename,2011\n", "utf-8"
    )
    call("predict", tables, "-o", tmp_path / "p.csv")
    given = ("panel", tables, tmp_path / "p.csv", "-o", tmp_path / "panel.csv")
    out = call(*given, "--renames", tmp_path / "n.csv")
    assert f"renames fork: {name} → 乙局, 甲局; the series ends here" in out
    (tmp_path / "n.csv").write_text(f"old,new,kind,from\n{name},,rename,2010\n", "utf-8")
    assert "a name is blank" in call(*given, "--overwrite", "--renames", tmp_path / "n.csv", fails=True)
