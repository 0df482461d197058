import pandas as pd
import pytest

from gongkai.measure.promises.celled import cells_of, told_by_cells
from gongkai.measure.promises.followup import followup
from gongkai.text.lexicon import patterns, table
from tests.measure.promises.test_followup import tables

REVIEW = "disputes.review.corrected"


@pytest.mark.parametrize(
    ("promise", "before", "after", "kept"),
    [
        ("力争2021年行政复议零纠错。", {REVIEW: 3}, {REVIEW: 0}, True),
        ("力争2021年行政复议零纠错。", {REVIEW: 3}, {REVIEW: 1}, False),
        ("力争2021年行政复议零纠错。", {REVIEW: 0}, {REVIEW: 0}, False),  # nothing changed: it shows nothing
        ("降低行政复议被纠错率。", {REVIEW: 3}, {REVIEW: 2}, True),
        ("全年举办培训班不少于3期。", {}, {"annex.courses.count": 4}, True),
        ("全年举办培训班不少于3期。", {}, {"annex.courses.count": 2}, False),
        ("集中废止一批规范性文件。", {}, {"proactive.normative_documents.repealed": 5}, True),
        (
            "为镇里配备专职人员。",
            {"annex.staff_full_time.count": 1},
            {"annex.staff_full_time.count": 2},
            True,
        ),
        ("减少结转件。", {"requests.carried_out.total": 1}, {"requests.carried_out.total": 4}, False),
    ],
)
def test_a_cell_answers_a_promise_of_what_it_counts(promise, before, after, kept):
    assert told_by_cells(promise, before, after).kept is kept


@pytest.mark.parametrize(
    "promise", ["举办培训班，提高业务水平。", "加强复议案件研究。", "做好规范性文件解读。"]
)
def test_what_no_cell_counts_is_not_answered(promise):
    told = told_by_cells(promise, {REVIEW: 1}, {REVIEW: 0, "annex.courses.count": 9})
    assert told is None or not told.kept


def test_a_blank_cell_answers_nothing():
    assert told_by_cells("力争行政复议零纠错。", {REVIEW: 3}, {}) is None


def test_every_pattern_has_its_cells():
    assert set(patterns("promised.patterns")) == set(table("promised.cells"))


def statistics(before, after):
    rows = [(report, *REVIEW.split("."), value) for report, value in (("r2020", before), ("r2021", after))]
    return pd.DataFrame(rows, columns=["report_id", "table", "row", "column", "value"])


def test_a_cell_makes_silence_done_or_unclear_and_never_undone():
    promise = ("improvements", "确保行政复议零纠错。", "", True)
    other = ("overview", "全年更新栏目四十个。", "", False)
    parts = tables((2020, [promise]), (2021, [other]))
    assert followup(*parts)["outcome"].tolist() == ["silent"]
    found = followup(*parts, statistics=statistics(2, 0)).iloc[0]
    assert (found["outcome"], found["evidence"], found["cell"]) == ("done", "cell", REVIEW)
    assert (found["cell_before"], found["cell_after"]) == (2, 0)
    found = followup(*parts, statistics=statistics(2, 1)).iloc[0]
    assert (found["outcome"], found["evidence"]) == ("unclear", "cell")
    assert cells_of(statistics(2, None)) == {"r2020": {REVIEW: 2.0}}
