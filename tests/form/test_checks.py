import pandas as pd
import pytest

from gongkai.form.checks import APPLICANTS, BLOCKS, OUTCOMES, RESULTS, check_cells, check_years
from gongkai.form.form import Reading
from gongkai.problem import Where
from gongkai.tables.schema import frame_of

ROWS = ("new_requests", "carried_in", *RESULTS, "other_handling", "total_handled", "carried_out")


def reports(*years, kind="department", form="2019"):
    return frame_of(
        "reports",
        [
            {"report_id": f"r{y}", "agency": "甲局", "kind": kind, "year": y, "form": form, "source_path": f"{y}", "source_digest": "",
             "media_type": "txt", "script": "simplified", "n_sections": 0, "n_sentences": 0}
            for y in years
        ],
    )  # fmt: skip


def statistics(year=2019, **changes):
    """A sound report: three requests by natural persons, two granted, one carried out; one review upheld."""
    values = {("requests", row, column): 0.0 for row in ROWS for column in (*APPLICANTS, "total")}
    for row, value in (("new_requests", 3), ("granted", 2), ("total_handled", 2), ("carried_out", 1)):
        values["requests", row, "natural_person"] = values["requests", row, "total"] = value
    values |= {("disputes", block, column): 0.0 for block in BLOCKS for column in (*OUTCOMES, "total")}
    values["disputes", "review", "upheld"] = values["disputes", "review", "total"] = 1
    for key, value in changes.items():
        table, row, column = key.split("__")
        values[table, row, column] = value
    rows = [
        {"report_id": f"r{year}", "form": "2019", "table": t, "row": r, "column": c, "value": v, "unit": "count", "how": "printed", "raw": "", "where": f"{r}.{c}"}
        for (t, r, c), v in values.items()
    ]  # fmt: skip
    return frame_of("statistics", rows)


def check(reports, statistics, sentences=None):
    """The checks of one report, as a frame."""
    told = (
        ()
        if sentences is None
        else zip(sentences["section"], sentences["heading"], sentences["text"], strict=True)
    )
    cells = (
        statistics.astype(object)
        .where(statistics.notna(), None)
        .assign(by=[()] * len(statistics))
        .itertuples()
    )
    return frame_of("checks", [c._asdict() for c in check_cells(cells, told, kind=reports["kind"].iloc[0])])


def text(*sentences, section="overview", year=2019):
    about = {"report_id": f"r{year}", "section": section, "heading": "", "text": list(sentences)}
    return pd.DataFrame(about)


def broken(found):
    return set(found[found["holds"].eq(False).fillna(False)]["rule"])


def test_a_sound_report_breaks_nothing_and_all_37_rules_and_3_are_checked():
    found = check(reports(2019), statistics())
    assert broken(found) == set()
    assert found["rule"].str.startswith("requests.").sum() == 37
    assert found["rule"].str.startswith("disputes.").sum() == 3


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        ({"requests__granted__total": 9.0}, {"requests.row:granted", "requests.handled:total"}),
        ({"requests__carried_out__total": 0.0}, {"requests.row:carried_out", "requests.balance:total"}),
        ({"requests__total_handled__natural_person": 3.0},
         {"requests.row:total_handled", "requests.handled:natural_person", "requests.balance:natural_person"}),
        ({"disputes__review__total": 0.0}, {"disputes.total:review"}),
    ],
)  # fmt: skip
def test_one_wrong_cell_breaks_exactly_its_rules(change, rules):
    found = check(reports(2019), statistics(**change))
    assert broken(found) == rules
    assert found.loc[found["holds"].eq(False).fillna(False), "where"].ne("").all()


def test_blank_is_undecided_unless_zero_makes_it_hold():
    found = check(
        reports(2019), statistics(requests__granted__business=None, disputes__review__upheld=None)
    ).set_index("rule")
    assert bool(found.loc["requests.row:granted", "holds"])
    assert found.loc["requests.row:granted", "note"] == "holds with blanks read as zero"
    assert pd.isna(found.loc["disputes.total:review", "holds"])
    assert "undecided" in found.loc["disputes.total:review", "note"]


def test_a_table_that_is_not_there_has_no_rules():
    only_disputes = statistics()[lambda s: s["table"] == "disputes"]
    assert not check(reports(2019), only_disputes)["rule"].str.startswith("requests.").any()


def test_what_is_carried_out_must_be_carried_in_next_year():
    both = pd.concat([statistics(2019), statistics(2020)])
    assert broken(check_years(reports(2019, 2020), both)) == {
        "years.carry:natural_person",
        "years.carry:total",
    }
    later = statistics(
        2020, requests__carried_in__natural_person=1.0, requests__carried_in__total=1.0,
        requests__carried_out__natural_person=2.0, requests__carried_out__total=2.0,
    )  # fmt: skip
    assert broken(check_years(reports(2019, 2020), pd.concat([statistics(2019), later]))) == set()


def test_two_reports_of_one_year_decide_nothing_about_the_next():
    twice = pd.concat([reports(2019), reports(2019).assign(report_id="other"), reports(2020)])
    assert (
        not check_years(twice, pd.concat([statistics(2019), statistics(2020)]))["rule"]
        .str.startswith("years.")
        .any()
    )


@pytest.mark.parametrize(
    ("sentence", "rule", "holds"),
    [
        ("全年共收到政府信息公开申请3件。", "narrative.received", True),
        ("全年共收到政府信息公开申请4件。", "narrative.received", False),
        ("受理申请3宗，答复2件。", "narrative.handled", True),
        ("收到公开申请3件，办结3件。", "narrative.handled", False),
        ("结转下年度申请1件。", "narrative.carried_out", True),
        ("收到申请3件，其中予以公开2件。", "narrative.granted", True),
        ("因政府信息公开被申请行政复议1件。", "narrative.review", True),
        ("行政复议1件，其中结果维持1件，结果纠正0件。", "narrative.review.upheld", True),
        ("政府信息公开行政诉讼2起。", "narrative.litigation", False),
        ("行政复议维持1件、纠正0件。", "narrative.review.upheld", True),
        ("上年未办结的申请3件，办理完毕2件。", "narrative.handled", True),
        ("收到申请3件，予以公开2件，占办结总数的100%。", "narrative.share:granted", True),
        ("收到申请3件，予以公开2件，占办结总数的66.7%。", "narrative.share:granted", True),
        ("收到申请3件，予以公开2件，占办结总数的80.0%。", "narrative.share:granted", False),
    ],
)
def test_counts_in_the_prose(sentence, rule, holds):
    found = check(reports(2019), statistics(), text(sentence)).set_index("rule")
    assert bool(found.loc[rule, "holds"]) is holds


@pytest.mark.parametrize(
    "sentence",
    [
        "收到网民留言82件，全部办结。",
        "公示期内收到复核申请2件。",
        "受理行政许可申请350件。",
        "2019年，召开会议5次。",
        "办公室制发的64件公文中，主动公开29件，不予公开23件。",
        "因涉及调查对象资料，依法不予公开4件；因没有相关信息而无法提供44件。",
        "公开信息2386条，同比增长14.7%。",
        "热线受理申请61件，比上年增长26.8%。",
    ],
)
def test_counts_of_other_things_raise_no_alarm(sentence):
    found = check(reports(2019), statistics(), text(sentence))
    assert not found["rule"].str.startswith("narrative.").any()


def test_a_citywide_count_in_an_offices_report_is_scope_not_error():
    found = check(
        reports(2019, kind="office"), statistics(), text("全市各级机关共收到政府信息公开申请1046件。")
    )
    row = found[found["rule"] == "narrative.received"].iloc[0]
    assert pd.isna(row["holds"])
    assert "scope" in row["note"]


@pytest.mark.parametrize(
    ("sentence", "holds"),
    [
        ("收到申请6件，比上年增长100%。", True),
        ("收到申请6件，较2019年增长99.9%。", False),
        ("申请量比上年增加3件，主要来自企业。", True),
        ("新收申请比上年下降10.0%。", False),
        ("收到申请6件，公开信息2386条，同比增长14.7%。", None),
    ],
)
def test_growth_against_last_year_to_its_printed_precision(sentence, holds):
    more = {"requests__new_requests__natural_person": 6.0, "requests__new_requests__total": 6.0}
    both = pd.concat([statistics(2019), statistics(2020, **more)])
    found = check_years(reports(2019, 2020), both, text(sentence, year=2020)).set_index("rule")
    assert ("narrative.growth" in found.index) is (holds is not None)
    if holds is not None:
        assert bool(found.loc["narrative.growth", "holds"]) is holds


def test_a_rule_that_recovered_a_cell_does_not_check_it():
    cells = [r for r in statistics().astype(object).itertuples()]
    readings = [
        Reading(c.table, c.row, c.column, c.value, "count", c.raw, Where(), "recovered", ("row",))
        if c.row == "granted" else Reading(c.table, c.row, c.column, c.value, "count", c.raw, Where())
        for c in cells
    ]  # fmt: skip
    found = {c.rule: c.holds for c in check_cells(readings, kind="department")}
    assert found["requests.row:granted"] is None
    assert found["requests.row:new_requests"] is True
    assert found["requests.handled:total"] is True


def test_a_report_under_the_new_name_is_checked_against_last_years():
    both = reports(2020, 2021).assign(agency=["甲县环境保护局", "甲县生态环境局"])
    cells = pd.concat([statistics(2020), statistics(2021)])
    assert "years.carry:total" not in set(check_years(both, cells)["rule"])
    names = {"甲县环境保护局": "甲县生态环境局"}
    found = check_years(both, cells, series=lambda name: names.get(name, name))
    assert (found["rule"] == "years.carry:total").sum() == 1
