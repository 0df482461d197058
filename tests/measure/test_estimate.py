"""Corrected estimates: equal to the reference packages, and right where counting is wrong."""

import numpy as np
import pytest

from gongkai.errors import MeasureError
from gongkai.measure.estimate import (
    adjusted_share,
    corrected_ratio,
    dsl_outcomes,
    mean_interval,
    ppi_contributions,
    shrink,
)


def sample(seed, n=400, coded=120, share=0.3, sensitivity=0.8, specificity=0.85):
    """Gold, scores of a classifier with these error rates, and codes (NaN where not coded)."""
    generator = np.random.default_rng(seed)
    gold = (generator.random(n) < share).astype(float)
    right = np.where(gold == 1, generator.random(n) < sensitivity, generator.random(n) < specificity)
    predicted = np.where(right, gold, 1 - gold)
    codes = np.full(n, np.nan)
    chosen = generator.permutation(n)[:coded]
    codes[chosen] = gold[chosen]
    return gold, predicted, codes


@pytest.mark.parametrize("seed", range(5))
def test_ppi_equals_the_reference_package(seed):
    ppi_py = pytest.importorskip("ppi_py", reason="reference package of the extra dev")
    _, predicted, codes = sample(seed)
    predicted = predicted * 0.8 + 0.1
    coded = ~np.isnan(codes)
    low, high = ppi_py.ppi_mean_ci(codes[coded], predicted[coded], predicted[~coded], alpha=0.05)
    found = mean_interval(*ppi_contributions(codes, predicted), None, 0.95)
    assert (found.low, found.high) == pytest.approx((low[0], high[0]), abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_adjusted_equals_pacc_of_the_reference_package(seed):
    quapy = pytest.importorskip("quapy", reason="reference package of the extra dev")
    from quapy.method.aggregative import PACC
    from sklearn.linear_model import LogisticRegression

    generator = np.random.default_rng(seed)
    y = (generator.random(600) < 0.4).astype(int)
    x = generator.normal(size=(600, 3)) + y[:, None]
    model = LogisticRegression().fit(x[:300], y[:300])
    quantifier = PACC(model, fit_classifier=False, val_split=None).fit(x[300:450], y[300:450])
    expected = quantifier.predict(x[450:])[1]
    scores = model.predict_proba(x)[:, 1]
    on = [scores[300:450][y[300:450] == c].mean() for c in (0, 1)]
    assert adjusted_share(scores[450:].mean(), *on) == pytest.approx(expected, abs=1e-6)
    assert quapy.__version__


def test_rogan_gladen_by_hand():
    assert adjusted_share(0.38, 0.2, 0.8) == pytest.approx(0.3)
    assert np.isnan(adjusted_share(0.3, 0.5, 0.5))
    assert adjusted_share(0.05, 0.2, 0.8) == 0


def test_dsl_outcomes_by_hand():
    outcome = dsl_outcomes(
        np.array([1.0, np.nan, 0.0]), np.array([0.6, 0.3, 0.5]), np.array([0.5, np.nan, 1.0])
    )
    assert outcome.tolist() == pytest.approx([0.6 + 0.4 / 0.5, 0.3, 0.0])


def test_dsl_needs_inclusion_probabilities():
    with pytest.raises(MeasureError, match="inclusion probability"):
        dsl_outcomes(np.array([1.0]), np.array([0.6]), np.array([0.0]))


def test_a_perfect_classifier_leaves_the_uncertainty_of_the_whole_sample():
    gold, _, codes = sample(1)
    value, errors = ppi_contributions(codes, gold)
    found = mean_interval(value, errors, None, 0.95)
    whole = 1.96 * gold.std() / np.sqrt(len(gold))
    assert (found.high - found.low) / 2 == pytest.approx(whole, rel=0.05)


def test_a_useless_classifier_leaves_the_coded_mean():
    _, _, codes = sample(2)
    value, _ = ppi_contributions(codes, np.full(len(codes), 0.5))
    assert value == pytest.approx(np.nanmean(codes))


def test_one_cluster_has_no_interval():
    value, errors = ppi_contributions(*reversed(sample(3)[1:]))
    assert np.isnan(mean_interval(value, errors, np.zeros(len(errors)), 0.95).low)


def test_fewer_than_two_codes_are_undefined():
    assert np.isnan(
        corrected_ratio((np.array([1.0, np.nan]), np.array([0.5, 0.5])), None, None, None, 0.95).value
    )


GROUPS = {"few errors": (0.95, 0.97), "many errors": (0.65, 0.75)}


def coded_only(codes, pi, clusters):
    """Width of the interval from the coded sentences alone, weighted by 1/π (Hájek)."""
    kept = ~np.isnan(codes)
    weights = 1 / pi[kept]
    mean = np.average(codes[kept], weights=weights)
    errors = weights * (codes[kept] - mean) / weights.sum()
    found = mean_interval(mean, errors, None if clusters is None else clusters[kept], 0.95)
    return found.high - found.low


def coverage(method, *, clusters=None, draws=2000, n=600, coded=200, share=0.3):
    """Coverage, bias and mean width of the difference of two groups that the classifier treats differently.

    With `clusters`, sentences come in that many groups of different shares, as agencies do.
    """
    covered, error, width, only = 0, 0.0, 0.0, 0.0
    for seed in range(draws):
        generator = np.random.default_rng(seed)
        parts = []
        for sensitivity, specificity in GROUPS.values():
            unit = generator.integers(0, clusters, n) if clusters else None
            p = generator.beta(6, 14, clusters)[unit] if clusters else np.full(n, share)
            gold = (generator.random(n) < p).astype(float)
            right = np.where(gold == 1, generator.random(n) < sensitivity, generator.random(n) < specificity)
            f = np.where(right, gold, 1 - gold)
            pi = (
                np.where(f == 1, min(1.0, 1.5 * coded / n), 0.75 * coded / n)
                if method == "dsl"
                else np.full(n, coded / n)
            )
            codes = np.where(generator.random(n) < pi, gold, np.nan)
            if method == "count":
                parts.append(mean_interval(f.mean(), (f - f.mean()) / n, unit, 0.95))
            else:
                parts.append(corrected_ratio((codes, f), None, pi if method == "dsl" else None, unit, 0.95))
            only += coded_only(codes, pi, unit) / 2
        difference = parts[1].value - parts[0].value
        spread = 1.96 * np.hypot(parts[0].error, parts[1].error)
        covered += abs(difference) <= spread  # the true difference is 0
        error += difference
        width += sum(p.high - p.low for p in parts) / 2
    return covered / draws, error / draws, width / draws, only / draws


@pytest.mark.slow
@pytest.mark.parametrize("method", ["ppi", "dsl"])
@pytest.mark.parametrize("clusters", [None, 40])
def test_corrected_intervals_cover_where_error_differs_by_group(method, clusters):
    covers, bias, width, only = coverage(method, clusters=clusters)
    assert 0.93 <= covers <= 0.97
    assert abs(bias) < 0.01
    assert width < only  # narrower than the coded sentences alone
    naive, naive_bias, _, _ = coverage("count", clusters=clusters, draws=300, n=6000)
    assert naive < 0.1  # counting, with ten times the sentences
    assert abs(naive_bias) > 0.03


def test_counting_fails_where_error_differs_by_group():
    covers, bias, _, _ = coverage("count", draws=300, n=6000, coded=200)
    assert covers < 0.05
    assert abs(bias) > 0.03


def test_the_ratio_of_two_shares_covers():
    covered, draws, truth = 0, 500, 0.5
    for seed in range(draws):
        generator = np.random.default_rng(seed)
        n = 900
        bottom = (generator.random(n) < 0.4).astype(float)
        top = bottom * (generator.random(n) < truth)
        f_bottom = np.where(generator.random(n) < 0.85, bottom, 1 - bottom)
        f_top = np.where(generator.random(n) < 0.85, top, 1 - top)
        chosen = generator.random(n) < 0.3
        y_top, y_bottom = np.where(chosen, top, np.nan), np.where(chosen, bottom, np.nan)
        found = corrected_ratio((y_top, f_top), (y_bottom, f_bottom), None, None, 0.95)
        covered += found.low <= truth <= found.high
    assert 0.925 <= covered / draws <= 0.975


def test_shrinking_moves_uncertain_groups_most_and_none_when_all_is_known():
    values, errors, between = shrink([0.1, 0.3, 0.5, 0.9], [0.001, 0.001, 0.001, 0.3])
    assert between > 0
    assert abs(values[0] - 0.1) < 0.01
    assert 0.9 - values[3] > 0.2
    assert errors[3] < 0.3


def test_groups_that_do_not_differ_are_pooled_wholly():
    values, _, between = shrink([0.30, 0.31, 0.29], [0.1, 0.1, 0.1])
    assert between == 0
    assert np.ptp(values) < 1e-12


def test_pooling_needs_three_groups():
    with pytest.raises(MeasureError, match="three groups"):
        shrink([0.1, 0.2], [0.1, 0.1])
