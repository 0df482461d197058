"""The panel: one row per agency and year, figures equal to the tables', every format readable again."""

import numpy as np
import pandas as pd
import pytest

from gongkai.errors import GongkaiError, MeasureError, SchemaError
from gongkai.measure.panel.panel import panel, panel_gaps, rate_column, write_panel
from gongkai.measure.panel.rates import indicators
from gongkai.tables.frames import write_frame
from gongkai.tables.parts import read_table
from tests.cli.test_study import call


@pytest.fixture(scope="module")
def parts(tables):
    return {name: read_table(tables, name) for name in ("sentences", "statistics", "checks")}


@pytest.fixture(scope="module")
def made(tables, predictions, parts):
    return panel(read_table(tables, "reports"), predictions, **parts)


def test_one_row_per_agency_and_year_with_figures_and_shares(tables, predictions, parts, made):
    table, dictionary = made
    assert not table.duplicated(["agency", "year"]).any()
    assert dictionary["column"].tolist() == table.columns.tolist()
    assert dictionary[["en", "zh"]].ne("").all(axis=None)
    row = table[table["req_total_handled"].notna()].iloc[0]
    cells = parts["statistics"].set_index(["report_id", "table", "row", "column"])["value"]
    total, granted = (cells[row["report_id"], "requests", r, "total"] for r in ("total_handled", "granted"))
    assert row["req_total_handled"] == total
    assert row["rate_granted"] == pytest.approx(granted / total)
    mine = predictions[
        (predictions["report_id"] == row["report_id"]) & (predictions["section"] != "preamble")
    ]
    share = mine.loc[mine["label"] == "commitment", "predicted"].mean()
    assert row["commitment"] == pytest.approx(share)
    assert row["commitment_n"] == (mine["label"] == "commitment").sum()


def test_names_fit_stata_and_every_indicator_has_its_own():
    names = [f"{rate_column(one.key)}_lo" for one in indicators()]
    assert len(set(names)) == len(names)
    assert max(map(len, names)) <= 32


def test_two_reports_of_a_year_are_one_row_without_figures(tables, predictions, parts):
    reports = read_table(tables, "reports")
    again = reports.head(1).assign(report_id="other", source_path="other.html")
    table, _ = panel(pd.concat([reports, again]), predictions, **parts)
    row = table[(table["agency"] == again["agency"].iloc[0]) & (table["year"] == again["year"].iloc[0])]
    assert len(row) == 1
    assert row["n_reports"].iloc[0] == 2
    assert np.isnan(row["rate_granted"].iloc[0])


def test_columns_of_the_users_own_stand_behind_and_hide_none(tables, predictions, made):
    reports = read_table(tables, "reports").assign(组别="甲", commitment="mine")
    table, dictionary = panel(reports, predictions)
    assert set(table["组别"]) == {"甲"}
    assert set(table["commitment_own"]) == {"mine"}
    assert table["commitment"].tolist() == made[0]["commitment"].tolist()
    assert dictionary["column"].tolist()[-2:] == ["组别", "commitment_own"]


def test_the_dictionary_says_what_each_column_is(made):
    meanings = made[1].set_index("column")["en"]
    assert meanings["level"].startswith("nation, province, city")
    assert not meanings.str.contains("Annotated").any()


@pytest.mark.parametrize("ending", ["parquet", "csv", "xlsx", "dta"])
def test_every_format_holds_the_panel(made, tmp_path, ending):
    table, dictionary = made
    path, beside = write_panel(table, dictionary, tmp_path / f"p.{ending}")
    readers = {"parquet": pd.read_parquet, "csv": pd.read_csv, "xlsx": pd.read_excel, "dta": pd.read_stata}
    again = readers[ending](path)
    assert again["agency"].tolist() == table["agency"].tolist()
    assert np.allclose(
        again["rate_granted"].astype(float), table["rate_granted"].astype(float), equal_nan=True
    )
    assert beside.name == f"p.{ending}.dictionary.csv"
    if ending == "dta":
        with pd.io.stata.StataReader(path) as reader:
            assert reader.variable_labels()["rate_granted"] == "requests granted in full"
            assert "2021" in reader.value_labels()["form"].values()
    with pytest.raises(GongkaiError, match="exists"):
        write_panel(table, dictionary, path)


def test_a_panel_never_takes_another_panels_dictionary(made, tmp_path):
    table, dictionary = made[:2]
    first = write_panel(table, dictionary, tmp_path / "p.csv")
    other = write_panel(table, dictionary.iloc[:3], tmp_path / "p.dta", overwrite=True)
    assert len({*first, *other}) == 4
    assert len(pd.read_csv(first[1])) == len(dictionary)
    other[0].unlink()
    with pytest.raises(GongkaiError, match=r"p\.dta\.dictionary\.csv: exists"):
        write_panel(table, dictionary, tmp_path / "p.dta")
    assert not other[0].exists()


def test_covariates_join_by_code_and_year_and_twice_is_refused(tables, predictions):
    reports = read_table(tables, "reports")
    own = reports[["agency", "year"]].drop_duplicates().assign(gdp=1.5, level="mine")
    table, _ = panel(reports, predictions, covariates=own)
    assert table["gdp"].eq(1.5).all()
    assert table["level_own"].eq("mine").all()
    with pytest.raises(SchemaError, match="several rows for one agency and year"):
        panel(reports, predictions, covariates=pd.concat([own, own]))
    with pytest.raises(SchemaError, match="need one of report_id"):
        panel(reports, predictions, covariates=own[["gdp"]])


def test_gaps_lie_between_an_agencys_first_and_last_report(tables):
    reports = read_table(tables, "reports").head(1)
    three = pd.concat([reports.assign(year=y, report_id=str(y)) for y in (2019, 2020, 2022)])
    assert panel_gaps(three)["year"].tolist() == [2021]


def test_no_agency_is_no_panel(tables, predictions):
    with pytest.raises(MeasureError, match="a panel needs both"):
        panel(read_table(tables, "reports").assign(agency=None), predictions)


def test_the_command(tables, predictions, tmp_path):
    write_frame(predictions, tmp_path / "p.csv")
    out = call("panel", tables, tmp_path / "p.csv", "-o", tmp_path / "panel.dta")
    assert "series" in out
    assert (tmp_path / "panel.dta.dictionary.csv").exists()
    assert "ending decides" in call(
        "panel", tables, tmp_path / "p.csv", "-o", tmp_path / "panel.sav", fails=True
    )


def test_columns_of_any_name_have_one_of_their_own_in_stata(made, tmp_path):
    table, dictionary = made
    long = "a_covariate_of_a_very_long_name_"
    own = {f"{long}one": 1.0, f"{long}two": 2.0, "if": 3.0, "rate granted": 4.0, "2019": 5.0}
    write_panel(table.assign(**own), dictionary, tmp_path / "p.dta")
    again = pd.read_stata(tmp_path / "p.dta")
    assert len(again.columns) == len(table.columns) + len(own)
    assert again["rate_granted"].equals(table["rate_granted"].astype(float))
    names = [long[:32], f"{long[:30]}_2", "_if", "rate_granted_2", "_2019"]
    assert [again[n].iloc[0] for n in names] == list(own.values())
    with pytest.raises(SchemaError, match="the column gdp has an infinite number"):
        write_panel(table.assign(gdp=np.inf), dictionary, tmp_path / "q.dta")
    assert not (tmp_path / "q.dta").exists()
