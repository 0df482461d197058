"""From a linearised share to its interval."""

import numpy as np
import pytest

from gongkai.measure.inference.estimate import none, share_of_sums, shares_of
from gongkai.measure.inference.intervals import (
    NOTES,
    difference_interval,
    laid,
    share_interval,
    share_intervals,
    variance,
    wilson,
)


def counts(tops, sizes):
    """A counted share from the sentences with the label, and all, of each cluster."""
    return share_of_sums(np.array(tops, float), np.array(sizes, float), np.array(tops, float))


def cr2_by_matrices(outcome, index):
    """CR2 variance and Bell & McCaffrey's degrees of freedom of a mean, from their definition."""
    n = len(outcome)
    x = np.ones((n, 1))
    hat = x @ x.T / n
    residual = outcome - outcome.mean()
    pieces, columns = [], []
    for c in np.unique(index):
        inside = np.flatnonzero(index == c)
        own = np.eye(len(inside)) - hat[np.ix_(inside, inside)]
        values, vectors = np.linalg.eigh(own)
        root = vectors @ np.diag(1 / np.sqrt(values)) @ vectors.T
        weight = root @ x[inside] / n
        pieces.append(float(residual[inside] @ weight[:, 0]))
        columns.append((np.eye(n) - hat)[:, inside] @ weight[:, 0])
    g = np.stack(columns, axis=1)
    eigen = np.linalg.eigvalsh(g.T @ g)
    return float(np.sum(np.square(pieces))), float(eigen.sum() ** 2 / (eigen**2).sum())


@pytest.mark.parametrize("sizes", [(3, 3, 3), (2, 5, 9, 4), (1, 1, 1, 30, 8)])
def test_variance_and_freedom_equal_their_definition(sizes):
    index = np.repeat(np.arange(len(sizes)), sizes)
    outcome = np.random.default_rng(0).random(len(index))
    sums = np.bincount(index, (outcome - outcome.mean()) / len(outcome))
    assert variance(sums, np.array(sizes, float)) == pytest.approx(cr2_by_matrices(outcome, index))


def test_strata_leave_out_what_lies_between_them():
    sums, sizes = np.array([0.2, 0.2, -0.2, -0.2]), np.ones(4)
    assert variance(sums, sizes)[0] > 0.1
    assert variance(sums, sizes, np.array([0, 0, 1, 1])) == (pytest.approx(0), pytest.approx(2))


def test_with_clusters_of_one_size_the_error_is_that_of_statsmodels():
    api = pytest.importorskip("statsmodels.api", reason="of the extra dev")
    outcome, index = np.random.default_rng(2).random(60).round(), np.repeat(np.arange(12), 5)
    sums = np.bincount(index, (outcome - outcome.mean()) / 60)
    fitted = api.OLS(outcome, np.ones(60)).fit(cov_type="cluster", cov_kwds={"groups": index})
    found, freedom = variance(sums, np.full(12, 5.0))
    assert np.sqrt(found) == pytest.approx(fitted.bse[0], rel=1e-12)
    assert freedom == pytest.approx(11)


@pytest.mark.parametrize(("few", "many"), [(3, 27), (5, 50), (10, 10)])
def test_the_freedom_of_two_means_is_that_of_the_behrens_fisher_problem(few, many):
    """Imbens & Kolesár (2016), section II: K_BM of a difference of two means, in closed form; 2.5 at 3 and 27."""
    sizes = np.repeat([1 / few**2, 1 / many**2], [few, many])
    sums = np.random.default_rng(0).normal(size=few + many)
    _, freedom = variance(sums, sizes, imputed=np.where(np.arange(few + many) < few, 0, sizes))
    squares = many**2 * (many - 1) + few**2 * (few - 1)
    assert freedom == pytest.approx((few + many) ** 2 * (few - 1) * (many - 1) / squares)


def two_means_by_matrices(sums, coded, imputed):
    """CR2 and degrees of freedom of the sum of two means, from the covariance of what clusters add to it."""
    seen = sum(np.diag(v) - np.outer(v, v) / v.sum() for v in (coded, imputed))
    root = np.sqrt((coded + imputed) / np.diag(seen))
    eigen = np.linalg.eigvalsh(root[:, None] * seen * root)
    return float((root * sums) @ (root * sums)), float(eigen.sum() ** 2 / (eigen**2).sum())


def test_the_coded_and_the_imputed_mean_have_their_own_degrees_of_freedom():
    sums = np.array([0.3, -0.1, 0.2, -0.3, -0.1])
    for coded, imputed in (([4, 2, 3, 1, 5], [2, 2, 2, 2, 2]), ([4, 2, 3, 0, 0], [0, 0, 0, 2, 1])):
        parts = np.array(coded, float), np.array(imputed, float)
        found = variance(sums, parts[0] + parts[1], imputed=parts[1])
        assert found == pytest.approx(two_means_by_matrices(sums, *parts))
    alone = variance(sums, np.array([4.0, 2, 3, 1, 2]), imputed=np.array([0.0, 0, 0, 0, 2]))
    assert alone == pytest.approx(variance(sums, np.array([4.0, 2, 3, 1, 2])))


def test_intervals_lie_in_the_unit_interval_and_hold_the_value():
    for tops in ([0, 0, 1], [3, 4, 4], [0, 1, 4], [2, 2, 3]):
        found = share_interval(counts(tops, [4, 4, 4]), 0.95)
        assert 0 <= found.low <= found.value <= found.high <= 1


def test_nothing_seen_gets_wilsons_interval_with_the_clusters_as_its_n():
    found = share_interval(counts([0] * 10, [4] * 10), 0.95)
    assert (found.low, found.high) == wilson(0, 10)
    assert found.note in NOTES


def test_one_event_among_many_leaves_almost_nothing_ruled_out_below():
    found = share_interval(counts([1] + [0] * 29, [30] * 30), 0.95)
    assert 0 < found.low < found.value / 30
    assert found.high < 0.02


def test_two_clusters_have_no_interval_and_say_why():
    found = share_interval(counts([1, 2], [4, 4]), 0.95)
    assert (np.isnan(found.low), found.note) == (True, "fewer than three clusters")


def test_wilson_equals_the_textbook():
    """Newcombe (1998), table I: 81 of 263."""
    assert [round(x, 4) for x in wilson(81 / 263, 263)] == [0.2553, 0.3662]


def test_the_p_value_is_that_of_the_interval():
    first, second = counts([2, 3, 1, 4, 2], [10] * 5), counts([5, 6, 4, 7, 6], [10] * 5)
    found, p_value = difference_interval(first, second, 0.95)
    assert found.low > 0
    assert difference_interval(first, second, 1 - p_value)[0].low == pytest.approx(0, abs=1e-6)


def test_what_two_years_have_in_common_narrows_their_difference():
    before, after = counts([2, 5, 8, 4, 1], [10] * 5), counts([3, 6, 9, 5, 2], [10] * 5)
    paired, apart = (difference_interval(before, after, 0.95, joined=joined)[0] for joined in (True, False))
    assert paired.value == pytest.approx(0.1)
    assert paired.high - paired.low < 0.5 * (apart.high - apart.low)


def test_many_shares_at_once_are_those_one_by_one():
    generator = np.random.default_rng(0)
    sizes = [generator.integers(0, 30, n).astype(float) for n in (1, 2, 5, 40, 8, 8)]
    tops = [
        generator.binomial(n.astype(int), p).astype(float)
        for n, p in zip(sizes, (0.5, 0.5, 0.3, 0.01, 0, 1), strict=True)
    ]
    moments = [share_of_sums(t, n, t) for t, n in zip(tops, sizes, strict=True)] + [
        none("nothing to divide by")
    ]
    many = share_intervals(laid(moments), 0.95)
    for k, moment in enumerate(moments):
        alone = share_interval(moment, 0.95)
        assert many["note"][k] == alone.note
        for column in ("value", "low", "high", "error"):
            assert many[column][k] == pytest.approx(getattr(alone, column), rel=1e-12, nan_ok=True), column
    assert set(many["note"]) == {"", "no event", "nothing to divide by", "fewer than three clusters"}


def test_strata_of_many_shares_stay_apart():
    generator = np.random.default_rng(1)
    of, strata = np.repeat(np.arange(3), 20), generator.integers(0, 4, 60)
    sizes = generator.integers(1, 20, 60).astype(float)
    tops = generator.binomial(sizes.astype(int), 0.3).astype(float)
    many = share_intervals(shares_of(tops, sizes, tops, of, 3, strata), 0.95)
    for k in range(3):
        own = of == k
        moment = share_of_sums(tops[own], sizes[own], tops[own])
        error = np.sqrt(variance(moment.sums, moment.sizes, strata[own])[0])
        assert many["error"][k] == pytest.approx(error, rel=1e-12)
