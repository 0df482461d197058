"""Wrong arguments in a notebook: refused in a line that says what was expected, never read as something else."""

import pandas as pd
import pytest

import gongkai
from gongkai.errors import GongkaiError
from gongkai.tables.columns import as_columns
from gongkai.tables.parts import read_table

WRONG = {
    "method": lambda p, _: gongkai.prevalence(p, method="pip"),
    "cluster": lambda p, _: gongkai.prevalence(p, cluster="agencies"),
    "level 95": lambda p, _: gongkai.prevalence(p, by="year", level=95),
    "level text": lambda p, _: gongkai.prevalence(p, by="year", level="95%"),
    "level 0": lambda p, _: gongkai.prevalence(p, by="year", level=0),
    "column of the measures": lambda p, _: gongkai.prevalence(p, by=["year", "model"]),
    "no frame": lambda p, _: gongkai.prevalence([1, 2]),
    "a path for a frame": lambda p, t: gongkai.prevalence(p, by="kind", reports=str(t)),
    "reports without ids": lambda p, _: gongkai.prevalence(
        p, by="kind", reports=pd.DataFrame({"kind": ["a"]})
    ),
    "a name for a codebook": lambda p, _: gongkai.prevalence(p, codebook="admitted"),
    "one group twice": lambda p, _: gongkai.compare(gongkai.outcomes(p), by="year", first=2021, second=2021),
    "text for a year": lambda p, _: gongkai.compare(
        gongkai.outcomes(p), by="year", first=None, second="2021"
    ),
    "against": lambda p, _: gongkai.measure.compare_groups(gongkai.outcomes(p), by="year", against="all"),
    "rates": lambda _, t: gongkai.rates(read_table(t, "reports"), t, level=95),
    "rule breaks": lambda _, t: gongkai.measure.rule_breaks(read_table(t, "checks"), by="yaer"),
    "shares of coverage": lambda _, t: gongkai.measure.coverage_shares(
        gongkai.coverage(read_table(t, "reports")), by="lvel"
    ),
    "years as text": lambda _, t: gongkai.coverage(read_table(t, "reports"), years="2021-2023"),
    "year as text": lambda _, t: gongkai.read(t, "reports", year="2021-2023"),
    "column": lambda _, t: gongkai.read(t, "sentences", ["txt"]),
    "a path to predict": lambda _, t: gongkai.predict(str(t)),
    "a share to draw": lambda _, t: gongkai.sample(t, 0.1),
    "predictions for labels": lambda p, _: gongkai.evaluate(p, p),
}


@pytest.mark.parametrize("what", WRONG)
def test_it_is_refused_in_a_line(what, predictions, tables):
    with pytest.raises(GongkaiError) as caught:
        WRONG[what](predictions, tables)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_one_column_may_be_named_as_it_is(predictions, tables):
    one, listed = (gongkai.prevalence(predictions, by=by) for by in ("year", ["year", "year"]))
    pd.testing.assert_frame_equal(one, listed)
    assert as_columns("year") == as_columns(["year", "year"]) == ["year"]
    assert as_columns(None) == []
    assert (
        len(gongkai.read(tables, "reports", year="2021"))
        == len(gongkai.read(tables, "reports", year=2021))
        > 0
    )


def test_a_table_of_another_ending_says_which_are_read(tmp_path):
    (tmp_path / "panel.dta").write_bytes(b"x")
    with pytest.raises(GongkaiError, match=r"the ending decides the format; expected one of \.csv"):
        gongkai.read_predictions(tmp_path / "panel.dta")
    with pytest.raises(GongkaiError, match=r"none\.csv: cannot be read: No such file"):
        gongkai.read_predictions(tmp_path / "none.csv")
