from gongkai.form.form import OTHER_HANDLING, RESULTS
from gongkai.form.sums import recover, ways

ZERO = (0, 0, 0, 0, 0, 0, 0)


def test_a_row_that_its_sum_decides_is_recovered_alone():
    assert recover({}, {"granted": ["24161021"]}) == {}
    assert recover({}, {"granted": ["0000000"]}) == {"granted": (ZERO, False)}
    assert recover({}, {"granted": ["900009"], "petition": ["9000009"]}) == {
        "petition": ((9, 0, 0, 0, 0, 0, 9), False)
    }


def test_pieces_stay_apart():
    assert ways(["12", "000", "012"], 7, 7) == []
    assert ways(["12", "00000", "12"], 7, 7) == [(12, 0, 0, 0, 0, 0, 12)]


def test_the_columns_decide_between_two_ways():
    rows = dict.fromkeys((*RESULTS, *OTHER_HANDLING), ZERO)
    digits = "323022131"
    two = ways([digits], 7, 7)
    assert len(two) == 3
    for right in two:
        known = rows | {"granted": right, "total_handled": right}
        del known["granted"]
        assert recover(known, {"granted": [digits]}) == {"granted": (right, True)}


def test_a_broken_report_decides_nothing():
    rows = dict.fromkeys((*RESULTS, *OTHER_HANDLING), ZERO)
    known = {k: v for k, v in rows.items() if k != "granted"} | {"total_handled": (7, 0, 0, 0, 0, 0, 7)}
    assert recover(known, {"granted": ["323022131"]}) == {}


def test_a_hostile_row_is_given_up():
    assert ways(["1" * 60], 7, 7) == []
