"""Corrected estimates: equal to the reference packages, and right where counting is wrong."""

import numpy as np
import pytest

from gongkai.errors import MeasureError
from gongkai.measure.inference.estimate import (
    Coded,
    adjusted_share,
    corrected,
    crowd_of,
    dsl_outcomes,
    share_of_sums,
)
from gongkai.measure.inference.intervals import difference_interval, share_interval, variance


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


def share(codes, predicted, *, inclusion=None, clusters=None, bottom=None):
    """The corrected share as a moment; each sentence is its own cluster unless told."""
    n = len(codes)
    clusters = np.arange(n) if clusters is None else clusters
    y, f = bottom or (np.where(np.isnan(codes), np.nan, 1.0), np.ones(n))
    coded = ~np.isnan(codes)
    pairs = np.stack([predicted, f], axis=1).astype(float)
    weights = np.ones(n) if inclusion is None else 1 / inclusion
    rows = Coded(clusters[coded], np.stack([codes, y], axis=1)[coded], pairs[coded], weights[coded])
    return corrected(crowd_of(clusters, pairs), rows, design=inclusion is not None)


@pytest.mark.parametrize("seed", range(5))
def test_ppi_equals_the_reference_package(seed):
    ppi_py = pytest.importorskip("ppi_py", reason="reference package of the extra dev")
    _, predicted, codes = sample(seed)
    predicted = predicted * 0.8 + 0.1
    coded = ~np.isnan(codes)
    low, high = ppi_py.ppi_mean_ci(codes[coded], predicted[coded], predicted[~coded], alpha=0.05)
    moment = share(codes, predicted)
    assert moment.value == pytest.approx((low[0] + high[0]) / 2, abs=1e-6)
    error = np.sqrt(variance(moment.sums, moment.sizes)[0])  # with the correction of CR2, ours alone
    assert error == pytest.approx((high[0] - low[0]) / 2 / 1.959964, rel=0.01)


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


def test_a_sample_of_whole_reports_is_corrected_by_its_design():
    """A λ tuned on sentences is none for clusters: with a correlation of .3 its intervals covered 88 %."""
    gold, predicted, _ = sample(1)
    reports = np.repeat(np.arange(20), 20)
    for drawn in (
        np.isin(reports, [2, 5, 11, 17]),
        np.isin(reports, [2, 5, 11, 17]) & (np.arange(400) % 4 > 0),
    ):
        codes = np.where(drawn, gold, np.nan)
        ppi = share(codes, predicted, clusters=reports)
        dsl = share(codes, predicted, clusters=reports, inclusion=np.ones(400))
        np.testing.assert_allclose([ppi.value, *ppi.sums], [dsl.value, *dsl.sums], atol=1e-15)
    codes = sample(1)[2]
    ppi = share(codes, predicted, clusters=reports)
    assert ppi.value != share(codes, predicted, clusters=reports, inclusion=np.full(400, 0.3)).value


def test_of_a_ratio_a_cluster_weighs_what_it_has_in_the_denominator():
    _, predicted, codes = sample(2)
    reports = np.repeat(np.arange(20), 20)
    freedom = []
    for wide in (1.0, (reports < 4).astype(float)):
        bottom = np.maximum(wide * np.ones(400), np.arange(400) % 20 == 0)
        y = np.where(np.isnan(codes), np.nan, bottom)
        made = share(codes * bottom, predicted * bottom, clusters=reports, bottom=(y, bottom))
        freedom.append(variance(made.sums, made.sizes, imputed=made.imputed)[1])
    assert freedom[1] < 0.5 * freedom[0]


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
    with pytest.raises(MeasureError, match="inclusion probability"):
        share(np.array([1.0, 0.0]), np.array([0.6, 0.5]), inclusion=np.array([1.5, 0.5]))


def test_the_design_based_share_by_hand():
    codes, f = np.array([1.0, 0.0, np.nan, np.nan]), np.array([0.5, 0.5, 1.0, 0.0])
    moment = share(codes, f, inclusion=np.array([0.5, 0.25, 0.5, 0.5]))
    assert moment.value == pytest.approx(0.5 + (0.5 * 2 - 0.5 * 4) / (2 + 4))
    assert moment.sums.sum() == pytest.approx(0)


def test_sentences_left_uncoded_at_random_do_not_move_the_design_based_share():
    gold, predicted, _ = sample(4, n=40_000)
    generator = np.random.default_rng(5)
    pi = np.where(predicted == 1, 0.4, 0.2)
    codes = np.where(generator.random(len(gold)) < pi * 0.6, gold, np.nan)  # 40 % of the drawn are left
    assert share(codes, predicted, inclusion=pi).value == pytest.approx(gold.mean(), abs=0.015)


def test_a_perfect_classifier_leaves_the_uncertainty_of_the_whole_sample():
    gold, _, codes = sample(1)
    found = share_interval(share(codes, gold), 0.95)
    whole = 1.96 * gold.std() / np.sqrt(len(gold))
    assert (found.high - found.low) / 2 == pytest.approx(whole, rel=0.05)


def test_a_useless_classifier_leaves_the_coded_mean():
    _, _, codes = sample(2)
    assert share(codes, np.full(len(codes), 0.5)).value == pytest.approx(np.nanmean(codes))


def test_what_cannot_be_corrected_says_why():
    assert share(np.array([1.0, np.nan]), np.array([0.5, 0.5])).note == "fewer than two coded"
    _, f, codes = sample(3)
    none_with_it = share_interval(share(codes * 0, f), 0.95)
    assert (none_with_it.note, np.isnan(none_with_it.low)) == ("no event coded", True)
    two = share_interval(share(codes, f, clusters=np.arange(len(f)) % 2), 0.95)
    assert (two.note, np.isnan(two.low)) == ("fewer than three clusters", True)


def clustered(generator, *, share, clusters, size, correlation, coded):
    """Codes, scores and clusters of sentences of which a simple random part is coded."""
    a = share * (1 - correlation) / correlation
    p = np.repeat(generator.beta(a, a * (1 - share) / share, clusters), size)
    gold = (generator.random(len(p)) < p).astype(float)
    right = np.where(gold == 1, generator.random(len(p)) < 0.8, generator.random(len(p)) < 0.93)
    codes = np.full(len(p), np.nan)
    chosen = generator.permutation(len(p))[:coded]
    codes[chosen] = gold[chosen]
    return codes, np.where(right, gold, 1 - gold), np.repeat(np.arange(clusters), size)


@pytest.mark.parametrize("design", [False, True])
@pytest.mark.parametrize(
    ("true", "clusters", "correlation"), [(0.03, 20, 0.1), (0.1, 10, 0.1), (0.3, 5, 0.1), (0.6, 40, 0.3)]
)
def test_intervals_cover_with_few_clusters_and_rare_events(true, clusters, correlation, design):
    """Where t(C − 1) around the estimate covers as little as .75; the whole grid: benchmarks/coverage.py."""
    hits, tried = 0, 0
    for seed in range(400):
        codes, f, units = clustered(
            np.random.default_rng(seed),
            share=true,
            clusters=clusters,
            size=30,
            correlation=correlation,
            coded=75,
        )
        pi = np.full(len(f), 75 / len(f)) if design else None
        found = share_interval(share(codes, f, inclusion=pi, clusters=units), 0.95)
        if found.low == found.low:
            tried += 1
            hits += found.low <= true <= found.high
    assert tried > 300
    assert 0.92 <= hits / tried <= 0.99


GROUPS = {"few errors": (0.95, 0.97), "many errors": (0.65, 0.75)}


@pytest.mark.parametrize("method", ["count", "ppi", "dsl"])
def test_corrected_differences_are_right_where_error_differs_by_group(method):
    """Two groups with the same share, in one of which the classifier errs more: counting finds a difference."""
    rejected, draws = 0, 300
    for seed in range(draws):
        generator = np.random.default_rng(seed)
        moments = []
        for sensitivity, specificity in GROUPS.values():
            units = np.repeat(np.arange(40), 15)
            gold = (generator.random(600) < np.repeat(generator.beta(6, 14, 40), 15)).astype(float)
            right = np.where(
                gold == 1, generator.random(600) < sensitivity, generator.random(600) < specificity
            )
            f = np.where(right, gold, 1 - gold)
            pi = np.where(f == 1, 0.5, 0.25) if method == "dsl" else np.full(600, 1 / 3)
            codes = np.where(generator.random(600) < pi, gold, np.nan)
            if method == "count":
                moments.append(share_of_sums(np.bincount(units, f), np.full(40, 15.0), np.bincount(units, f)))
            else:
                moments.append(share(codes, f, inclusion=pi if method == "dsl" else None, clusters=units))
        rejected += difference_interval(*moments, 0.95)[1] <= 0.05
    assert rejected / draws > 0.2 if method == "count" else 0.02 <= rejected / draws <= 0.08


def test_the_ratio_of_two_shares_covers():
    covered, draws, truth = 0, 400, 0.5
    for seed in range(draws):
        generator = np.random.default_rng(seed)
        n = 900
        bottom = (generator.random(n) < 0.4).astype(float)
        top = bottom * (generator.random(n) < truth)
        f_bottom = np.where(generator.random(n) < 0.85, bottom, 1 - bottom)
        f_top = np.where(generator.random(n) < 0.85, top, 1 - top)
        chosen = generator.random(n) < 0.3
        y_top, y_bottom = np.where(chosen, top, np.nan), np.where(chosen, bottom, np.nan)
        found = share_interval(share(y_top, f_top, bottom=(y_bottom, f_bottom)), 0.95)
        covered += found.low <= truth <= found.high
    assert 0.925 <= covered / draws <= 0.975
