import numpy as np
import pandas as pd
import pytest

from gongkai.errors import MeasureError, SchemaError
from gongkai.measure.shares.compare import compare, compare_reports, rule_breaks


def outcomes(shares, *, n=40, seed=0, both_years=False):
    """One row per sentence: agencies of kind a and b, each with its own share."""
    generator = np.random.default_rng(seed)
    rows = []
    for kind, (agencies, share) in shares.items():
        for k in range(agencies):
            name = str(k) if both_years else f"{kind}{k}"
            own = np.clip(share + generator.normal(0, 0.05), 0, 1)
            rows += [
                {"kind": kind, "agency": name, "label": "x", "outcome": float(o)}
                for o in generator.random(n) < own
            ]
    return pd.DataFrame(rows)


def test_the_difference_is_of_shares():
    frame = pd.DataFrame(
        {
            "kind": ["a"] * 6 + ["b"] * 6,
            "agency": list("uuvvxxwwzzyy"),
            "label": "x",
            "outcome": [0, 1, 0, 0, 0, 0, 1, 1, 1, 0, 1, 1],
        }
    )
    row = compare(frame, by="kind", first="a", second="b").iloc[0]
    assert row["value"] == pytest.approx(5 / 6 - 1 / 6)
    assert row["low"] <= row["value"] <= row["high"]
    assert (row["first"], row["second"], row["clusters"]) == ("a", "b", 6)


def test_a_large_difference_is_seen_and_none_is_not():
    far = compare(outcomes({"a": (12, 0.2), "b": (12, 0.5)}), by="kind", first="a", second="b").iloc[0]
    near = compare(outcomes({"a": (12, 0.3), "b": (12, 0.3)}), by="kind", first="a", second="b").iloc[0]
    assert far["p_value"] < 0.01
    assert far["low"] > 0
    assert near["p_value"] > 0.05
    assert near["low"] < 0 < near["high"]


@pytest.mark.slow
@pytest.mark.parametrize("paired", [False, True])
def test_p_values_are_uniform_where_there_is_no_difference(paired):
    p = []
    for seed in range(600):
        frame = outcomes({"a": (8, 0.3), "b": (8, 0.3)}, n=20, seed=seed, both_years=paired)
        p.append(compare(frame, by="kind", first="a", second="b").iloc[0]["p_value"])
    assert 0.02 <= np.mean(np.array(p) <= 0.05) <= 0.07
    assert 0.42 <= np.mean(np.array(p) <= 0.5) <= 0.58


def test_agencies_in_both_years_are_paired():
    frame = outcomes({"a": (10, 0.3), "b": (10, 0.3)}, both_years=True)
    frame.loc[frame["kind"] == "b", "outcome"] = frame.loc[frame["kind"] == "a", "outcome"].to_numpy()
    row = compare(frame, by="kind", first="a", second="b").iloc[0]
    assert (row["value"], row["p_value"]) == (0, 1)
    apart = frame.assign(agency=frame["kind"] + frame["agency"])
    wide = compare(apart, by="kind", first="a", second="b").iloc[0]
    assert row["high"] - row["low"] < 0.2 * (wide["high"] - wide["low"])


def test_an_agency_is_compared_with_its_peers_by_its_own_reports():
    frame = outcomes({"a": (1, 0.9), "b": (9, 0.2)})
    frame["report_id"] = frame["agency"] + (frame.groupby("agency").cumcount() % 4).astype(str)
    row = compare(frame, by="agency", first=None, second="a0").iloc[0]
    assert (row["first"], row["cluster"]) == ("all others", "agency / report_id")
    assert row["low"] > 0.4
    assert row["p_value"] < 0.01
    assert compare(frame, by="agency", first=None, second="b0").iloc[0]["p_value"] > 0.05


def test_a_label_that_one_group_lacks_has_no_difference_and_the_others_have():
    """Found by a world: predictions of one label without a year, of the other with."""
    frame = outcomes({"a": (5, 0.3), "b": (5, 0.3)})
    both = pd.concat([frame, frame[frame["kind"] == "a"].assign(label="y")])
    rows = compare(both, by="kind", first="a", second="b").set_index("label")
    assert pd.isna(rows.loc["y", "value"])
    assert rows.loc["y", "note"].startswith("nothing to divide by")
    assert rows.loc["x", "low"] < rows.loc["x", "high"]


def test_two_agencies_against_two_are_too_few_and_it_says_so():
    row = compare(outcomes({"a": (2, 0.2), "b": (2, 0.5)}), by="kind", first="a", second="b").iloc[0]
    assert pd.isna(row["p_value"])
    assert pd.isna(row["low"])
    assert row["note"] == "fewer than three clusters"
    assert row["value"] > 0.1


def test_few_varied_agencies_against_many_even_ones_are_not_called_different():
    """The case in which a permutation of whole agencies rejected 37 % at .05."""
    rejected, draws = 0, 150
    for seed in range(draws):
        generator = np.random.default_rng(seed)
        shares = [*generator.beta(2, 4.67, 6), *generator.beta(60, 140, 60)]  # mean .3 in both
        rows = [
            {"kind": "a" if k < 6 else "b", "agency": str(k), "label": "x", "outcome": float(o)}
            for k, p in enumerate(shares)
            for o in generator.random(20) < p
        ]
        rejected += compare(pd.DataFrame(rows), by="kind", first="a", second="b").iloc[0]["p_value"] <= 0.05
    assert rejected / draws <= 0.09


def test_an_unknown_group_names_those_there_are():
    frame = outcomes({"a": (3, 0.2), "b": (3, 0.5)})
    with pytest.raises(MeasureError, match="there are a, b"):
        compare(frame, by="kind", first="a", second="c")
    with pytest.raises(SchemaError, match="lack outcome"):
        compare(frame.drop(columns="outcome"), by="kind", first="a", second="b")


def report(name, *texts):
    return pd.DataFrame(
        {"sentence_id": [f"{name}{i}" for i in range(len(texts))], "report_id": name, "text": texts}
    )


def test_a_report_is_aligned_with_the_one_before():
    before = report(
        "甲", "一是加强业务培训，提高答复水平。", "全年受理申请12件。", "渣土运输审批结果全部公布。"
    )
    after = report(
        "乙", "全年受理申请31件。", "一是进一步加强业务培训，提高答复水平。", "供水价格在营业厅公布。"
    )
    found = compare_reports(pd.concat([before, after]), "甲", "乙")
    assert found["change"].tolist() == ["kept", "edited", "new", "dropped"]
    assert found["before_id"].tolist()[:2] == ["甲1", "甲0"]
    assert found["after_id"].tolist()[:3] == ["乙0", "乙1", "乙2"]
    assert found["after_id"].isna().tolist() == [False, False, False, True]


def test_each_sentence_is_aligned_once():
    found = compare_reports(
        pd.concat([report("甲", "无其他事项。"), report("乙", "无其他事项。", "无其他事项。")]), "甲", "乙"
    )
    assert found["change"].tolist() == ["kept", "new"]


def test_a_missing_report_is_named():
    with pytest.raises(MeasureError, match="丙"):
        compare_reports(report("甲", "一句。"), "甲", "丙")


def test_rule_breaks_count_reports_and_rules_but_nothing_undecided():
    checks = pd.DataFrame(
        {
            "report_id": ["r", "r", "s", "s"],
            "year": 2020,
            "rule": list("abab"),
            "holds": [True, False, True, None],
        }
    )
    found = rule_breaks(checks).set_index("measure")
    assert found.loc["broken_reports", ["value", "n"]].tolist() == [0.5, 2]
    assert found.loc["broken_rules", ["value", "n"]].tolist() == [pytest.approx(1 / 3), 3]


def test_years_that_rest_on_different_agencies_are_said():
    frame = pd.DataFrame(
        {
            "year": [2021] * 8 + [2022] * 8,
            "agency": list("uuvvwwxx") + list("uuvvwwyy"),
            "label": "x",
            "outcome": [0, 1] * 8,
        }
    )
    note = compare(frame, by="year", first=2021, second=2022)["note"].iloc[0]
    assert "3 in both, 1 only in 2021, 1 only in 2022" in note
    frame["agency"] = list("uuvvwwxx") * 2
    assert pd.isna(compare(frame, by="year", first=2021, second=2022)["note"].iloc[0])
