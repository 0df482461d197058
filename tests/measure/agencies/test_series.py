"""Whose series: renames, mergers, forks, circles, and the agency above."""

import pandas as pd
import pytest

from gongkai.errors import SchemaError
from gongkai.measure.agencies.series import series, successions


def reports(*rows):
    frame = pd.DataFrame(rows, columns=["agency", "year", "kind", "level", "region_code"])
    return frame.assign(report_id=[f"r{i}" for i in range(len(frame))])


def test_a_rename_carries_the_series_on():
    found = series(
        reports(
            ("南京市环境保护局", 2017, "department", "city", "320100"),
            ("南京市生态环境局", 2019, "department", "city", "320100"),
            ("扬州市环境保护局", 2017, "department", "city", "321000"),
        )
    )
    assert found["series_id"][0] == found["series_id"][1]
    assert found["series_id"][0] != found["series_id"][2]
    assert found["series_name"].tolist() == ["南京市生态环境局"] * 2 + ["扬州市环境保护局"]
    assert (found["note"] == "").all()


def test_the_id_does_not_turn_with_what_is_held():
    old = ("南京市环境保护局", 2017, "department", "city", "320100")
    both = series(reports(old, ("南京市生态环境局", 2019, "department", "city", "320100")))
    assert series(reports(old))["series_id"][0] == both["series_id"][0]


def test_a_merger_ends_a_series_and_names_what_followed():
    found = series(
        reports(
            ("南京市工商行政管理局", 2017, "department", "city", "320100"),
            ("南京市质量技术监督局", 2017, "department", "city", "320100"),
            ("南京市市场监督管理局", 2020, "department", "city", "320100"),
            ("南京市工商行政管理局", 2020, "department", "city", "320100"),
        )
    )
    assert found["series_id"][:3].nunique() == 3
    assert found["merged_into"].fillna("").tolist() == ["南京市市场监督管理局"] * 2 + [
        "",
        "南京市市场监督管理局",
    ]
    assert found["note"][3] == "name used for 2020, after it ended in 2018"


def test_forks_and_circles_are_said_and_end_the_series():
    rows = reports(("甲局", 2019, "department", None, None), ("丙局", 2019, "department", None, None))
    fork = pd.DataFrame(
        [("甲局", "乙局", "rename", 2020), ("甲局", "丁局", "rename", 2021), ("丙局", "戊局", "rename", "2020-03-01"),
         ("戊局", "丙局", "rename", 2021)],
        columns=["old", "new", "kind", "from"],
    )  # fmt: skip
    found = series(rows, fork)
    assert found["note"].tolist() == [
        "renames fork: 甲局 → 丁局, 乙局; the series ends here", "renames go in a circle at 丙局; the series ends here",
    ]  # fmt: skip


def test_the_parent_comes_from_code_and_kind_and_only_where_held_once():
    found = series(
        reports(
            ("南京市人民政府", 2020, "government", "city", "320100"),
            ("南京市教育局", 2020, "department", "city", "320100"),
            ("南京市鼓楼区人民政府", 2020, "government", "county", "320106"),
            ("国家税务总局南京市税务局", 2020, "vertical", "city", "320100"),
            ("江北局", 2020, "department", None, None),
        )
    )
    assert found["parent"].fillna("").tolist() == ["", "南京市人民政府", "南京市人民政府", "", ""]
    assert found["parent_id"][1] == found["series_id"][0]


def test_bundled_rows_are_sound_and_bad_ones_are_refused():
    assert len(successions()) > 30
    assert all(rule.old != rule.new and 2000 < rule.since < 2030 for rule in successions())
    rows = reports(("甲局", 2019, "department", None, None))
    with pytest.raises(SchemaError, match="not a year"):
        series(
            rows, pd.DataFrame([("甲局", "乙局", "rename", "去年")], columns=["old", "new", "kind", "from"])
        )
    with pytest.raises(SchemaError, match="expected rename or merger"):
        series(rows, pd.DataFrame([("甲局", "乙局", "split", 2020)], columns=["old", "new", "kind", "from"]))
