import numpy as np
import pytest

from gongkai.measure.inference.estimate import share_of_sums
from gongkai.measure.inference.intervals import share_interval
from gongkai.measure.inference.pooling import pooled_shares


def test_uncertain_groups_move_most():
    values, n = np.array([0.1, 0.3, 0.5, 0.9]), np.array([5000, 5000, 5000, 10])
    found, low, high = pooled_shares(values, n, np.sqrt(values * (1 - values) / n), 0.95)
    assert found[:3] == pytest.approx(values[:3], abs=0.01)
    assert found[3] < 0.88
    assert (low < found).all()
    assert (found < high).all()


def test_groups_that_do_not_differ_nearly_are_one():
    values, n = np.array([0.30, 0.31, 0.29, 0.30]), np.full(4, 50.0)
    found, low, high = pooled_shares(values, n, np.sqrt(values * (1 - values) / n), 0.95)
    assert np.ptp(found) < 0.01
    alone = 2 * 1.96 * np.sqrt(0.21 / 50)
    assert (high - low < alone).all()
    assert (high - low > alone / 3).all()  # that they do not differ is not known


def test_a_group_without_error_has_the_common_design_effect():
    values, n = np.array([0.0, 0.3, 0.4, 0.2]), np.full(4, 60.0)
    errors = np.array([0.0, 0.08, 0.09, 0.07])
    found, _, high = pooled_shares(values, n, errors, 0.95)
    assert 0 < found[0] < high[0] < 0.35


@pytest.mark.parametrize("share", [0.05, 0.3])
def test_intervals_hold_with_three_reports_a_group(share):
    """Where the spread between groups is estimated and taken for the truth, a third of these held."""
    held = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        truth = 1 / (1 + np.exp(-(np.log(share / (1 - share)) + rng.normal(0, 0.5, 20))))
        counts = rng.binomial(30, rng.beta(truth * 32, (1 - truth) * 32, (3, 20))).T.astype(float)
        own = [share_interval(share_of_sums(k, np.full(3, 30.0), k), 0.95) for k in counts]
        values, errors = np.array([o.value for o in own]), np.array([o.error for o in own])
        _, low, high = pooled_shares(values, np.full(20, 90.0), errors, 0.95)
        held += list((low <= truth) & (truth <= high))
    assert 0.9 <= np.mean(held) <= 0.98
