"""Outcomes added up give what the outcomes of single sentences give."""

import itertools

import numpy as np
import pandas as pd
import pytest

from gongkai.errors import MeasureError, SchemaError
from gongkai.measure.shares.compare import compare
from gongkai.measure.shares.many import compare_groups
from gongkai.measure.shares.outcomes import outcomes
from gongkai.measure.shares.years import composition, trend
from gongkai.tables.parts import write_part
from gongkai.tables.schema import SCHEMAS


@pytest.fixture(scope="module")
def predictions():
    """Nine agencies with reports of one to four years, each of two passages; some without an agency's name."""
    rng = np.random.default_rng(0)
    rows = []
    for agency, year in itertools.product(range(9), range(2019, 2023)):
        if year - 2019 > agency % 4 + (agency == 8):
            continue
        for k in range(int(rng.integers(6, 14))):
            about = {"report_id": f"r{agency}-{year}", "agency": f"第{agency}局" if agency else None, "year": year,
                     "sentence_id": f"s{agency}-{year}-{k}", "section": "overview" if k else "preamble",
                     "heading": f"h{k % 3}" if agency != 7 else None, "region_code": None, "model": "m", "seen": False}  # fmt: skip
            for label in ("commitment", "boilerplate"):
                score = float(rng.beta(0.5, 1))
                rows.append(about | {"label": label, "score": score, "predicted": score >= 0.5})
    return pd.DataFrame(rows).reindex(columns=SCHEMAS["predictions"].names)


@pytest.fixture(scope="module")
def labels(predictions):
    rng = np.random.default_rng(1)
    ids = predictions.loc[predictions["section"] != "preamble", "sentence_id"].drop_duplicates()
    drawn = ids.sample(80, random_state=0)
    codes = {label: rng.random(80) < 0.4 for label in ("commitment", "boilerplate")}
    return pd.DataFrame({"sentence_id": drawn, "annotator": "resolved", "inclusion": 80 / len(ids), **codes})


def both(predictions, labels, folder, **options):
    """The outcomes of sentences, and their sums, of a folder of several parts."""
    for k, (_, part) in enumerate(predictions.groupby("year")):
        write_part("predictions", part.reset_index(drop=True), folder, k)
    if labels is None:
        return outcomes(predictions), outcomes(folder, **{"by": []} | options)
    return outcomes(predictions, labels), outcomes(folder, labels, **{"by": []} | options)


def same(one, other):
    pd.testing.assert_frame_equal(one, other, rtol=0, atol=1e-9, check_dtype=False)


@pytest.mark.parametrize("corrected", [False, True])
@pytest.mark.parametrize(
    ("by", "first", "second", "cluster"),
    [
        ("year", 2019, 2021, "agency"),
        ("year", None, 2019, "report_id"),
        ("agency", None, "第1局", "agency"),  # two reports: passages
        ("agency", "第4局", "第3局", "agency"),  # one report against four
        ("heading", "h0", "h1", "agency"),
    ],
)
def test_differences(predictions, labels, tmp_path, corrected, by, first, second, cluster):
    single, sums = both(predictions, labels if corrected else None, tmp_path, by=[by])
    options = {"by": by, "first": first, "second": second, "cluster": cluster}
    same(compare(sums, **options), compare(single, **options))


@pytest.mark.parametrize("corrected", [False, True])
def test_ranks_trends_and_parts(predictions, labels, tmp_path, corrected):
    given = labels if corrected else None
    for by in ("agency", "year"):
        single, sums = both(predictions, given, tmp_path / by, by=[by])
        same(compare_groups(sums, by=by), compare_groups(single, by=by))
    single, sums = both(predictions, given, tmp_path / "x")
    same(trend(sums), trend(single))
    same(composition(sums, 2019, 2021), composition(single, 2019, 2021))


def test_only_passages_that_are_needed_are_kept_apart(predictions, tmp_path):
    _, sums = both(predictions, None, tmp_path, by=["agency"])
    assert sums.loc[sums["section"].notna(), "agency"].nunique(dropna=False) == 5  # with one report or two
    assert sums["sentences"].sum() == (predictions["section"] != "preamble").sum()


def test_a_report_without_a_year_is_in_no_group_of_years(predictions):
    """Years with gaps are numbers, as those of `read_predictions` are."""
    undated = predictions.assign(year=predictions["year"].where(predictions["agency"] != "第3局"))
    sums = outcomes(undated, by=["year"])
    assert sums["year"].dtype == undated["year"].dtype == float
    same(
        compare(sums, by="year", first=None, second=2021),
        compare(outcomes(undated), by="year", first=None, second=2021),
    )


def test_what_is_refused(predictions):
    with pytest.raises(MeasureError, match="one model, not of 2"):
        outcomes(pd.concat([predictions, predictions.assign(model="n")]), by=[])
    with pytest.raises(MeasureError, match="no sentence to count outside preamble"):
        outcomes(predictions[predictions["section"] == "preamble"], by=[])
    with pytest.raises(SchemaError, match="lack tier"):
        outcomes(predictions, by=["tier"])
    with pytest.raises(MeasureError, match=r"of a folder are summed up: by=\[\]"):
        outcomes("predicted")
