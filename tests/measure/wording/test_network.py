import pytest

from gongkai.measure.wording.copies import copied
from gongkai.measure.wording.network import copy_network
from tests.measure.wording.test_reuse import COPIES, OWN, REPORTS


def test_the_network_says_who_is_above_and_who_was_first():
    network = copy_network(copied(COPIES), REPORTS, sentences=COPIES)
    row = network.iloc[0]
    assert len(network) == 1
    assert (row["agency"], row["other"], row["sentences"]) == ("乙局", "甲市人民政府", 2)
    assert (row["relation"], row["first"], row["cluster"]) == ("superior", "甲市人民政府", 0)
    shared = [OWN[0], OWN[1], OWN[0], OWN[1].replace("滚动", "循环")]
    whole = COPIES[COPIES["agency"].isin(["甲市人民政府", "乙局"])]["text"]
    assert row["share"] == pytest.approx(sum(map(len, shared)) / whole.str.len().sum())


def test_the_network_is_the_same_from_both_sides():
    """Which agency stands first in the row depends on names alone; what they share does not."""
    swapped = {"甲市人民政府": "乙局", "乙局": "甲市人民政府"}
    turned = COPIES.assign(agency=COPIES["agency"].replace(swapped))
    one, two = (
        copy_network(copied(c), r, sentences=c).iloc[0]
        for c, r in ((COPIES, REPORTS), (turned, REPORTS.assign(agency=REPORTS["agency"].replace(swapped))))
    )
    assert one["share"] == pytest.approx(two["share"])
    assert {one["relation"], two["relation"]} == {"superior", "subordinate"}


def test_without_dates_nobody_was_first():
    network = copy_network(copied(COPIES), REPORTS.assign(published=None), sentences=COPIES)
    assert network["first"].isna().all()
