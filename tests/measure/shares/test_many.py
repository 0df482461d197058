import numpy as np
import pandas as pd
import pytest

from gongkai.errors import MeasureError, SchemaError
from gongkai.measure.shares.many import benjamini_hochberg, compare_groups, holm, rank_sets


def outcomes(shares, *, reports=6, n=30, seed=0, year=False):
    generator = np.random.default_rng(seed)
    rows = []
    for k, share in enumerate(shares):
        for r in range(reports):
            own = float(np.clip(share + generator.normal(0, 0.03), 0.001, 0.999))
            about = {"agency": f"a{k:02}", "report_id": f"r{k}-{r}", "label": "x", "year": 2015 + r}
            rows += [about | {"outcome": float(o)} for o in generator.random(n) < own]
    return pd.DataFrame(rows)


def test_groups_far_apart_are_ranked_and_equal_ones_are_not():
    far = compare_groups(outcomes([0.1, 0.3, 0.5, 0.7, 0.9], n=200), by="agency")
    assert far["rank"].tolist() == [1, 2, 3, 4, 5]
    assert (far["rank_low_all"] == far["rank"]).all()
    assert (far["rank_high_all"] == far["rank"]).all()
    even = compare_groups(outcomes([0.3] * 5), by="agency")
    assert (even["rank_low_all"].eq(1) & even["rank_high_all"].eq(5)).all()
    assert even["p_holm"].min() > 0.05
    assert ((even["difference_low"] < 0) & (even["difference_high"] > 0)).all()


def test_each_group_stands_against_all_others():
    frame = outcomes([0.2, 0.3, 0.7], n=50)
    table = compare_groups(frame, by="agency").set_index("agency")
    of = frame.groupby("agency")["outcome"].agg(["sum", "size"])
    rest = of.sum() - of
    expected = of["sum"] / of["size"] - rest["sum"] / rest["size"]
    assert table["difference"].to_dict() == pytest.approx(expected.to_dict())
    mean = compare_groups(frame, by="agency", against="mean").set_index("agency")
    shares = of["sum"] / of["size"]
    assert mean.loc["a02", "difference"] == pytest.approx(shares["a02"] - shares[:2].mean())


def test_simultaneous_sets_hold_marginal_ones():
    table = compare_groups(outcomes(np.linspace(0.2, 0.5, 12)), by="agency")
    assert (table["rank_low_all"] <= table["rank_low"]).all()
    assert (table["rank_high_all"] >= table["rank_high"]).all()
    assert (table["p_value"] <= table["p_bh"]).all()
    assert (table["p_bh"] <= table["p_holm"]).all()
    assert table["pooled"].std() < table["value"].std()


def test_a_group_of_which_nothing_is_known_may_have_any_rank():
    frame = pd.concat(
        [outcomes([0.1, 0.5, 0.9], n=200), outcomes([0.5], reports=1, n=1).assign(agency="one")]
    )
    table = compare_groups(frame, by="agency").set_index("agency")
    assert table.loc["one", ["rank_low_all", "rank_high_all"]].tolist() == [1, 4]
    assert table.loc["a02", ["rank_low_all", "rank_high_all"]].tolist() == [1, 2]
    assert table.loc["one", "note"] == "fewer than three clusters"


def test_years_share_their_agencies():
    """The same agencies in each year: what an agency adds to all of them cancels."""
    rng = np.random.default_rng(1)
    own = rng.beta(2, 4, 20)
    rows = [
        {"agency": f"a{k}", "report_id": f"{k}-{y}", "year": y, "label": "x", "outcome": float(o)}
        for y in range(2019, 2023)
        for k in range(20)
        for o in rng.random(100) < np.clip(own[k] + 0.06 * (y - 2019), 0, 1)
    ]
    frame = pd.DataFrame(rows)
    paired = compare_groups(frame, by="year").set_index("year")
    apart = compare_groups(frame.assign(agency=frame["report_id"]), by="year").set_index("year")
    assert paired.loc[2022, ["rank_low_all", "rank_high_all"]].tolist() == [1, 1]
    assert apart.loc[2022, "rank_high_all"] > 1
    assert paired.loc[2022, "p_holm"] < apart.loc[2022, "p_holm"]


def naive(x, se, level, draws=20_000):
    """The sets by their definition, single step and known errors: Mogstad et al. (2024), section 3."""
    rng = np.random.default_rng(5)
    m = len(x)
    e = rng.standard_normal((draws, m)) * se
    root = np.sqrt(se[:, None] ** 2 + se[None, :] ** 2) + np.eye(m)
    t = np.abs(e[:, :, None] - e[:, None, :]) / root
    found = (x[:, None] - x[None, :]) / root
    one = np.quantile(t.reshape(draws, -1).max(axis=1), level)
    each = np.quantile(t.max(axis=2), level, axis=0)
    both = []
    for limit in (each[:, None], one):
        both.append((1 + (found < -limit).sum(axis=1), m - (found > limit).sum(axis=1)))
    return both


@pytest.mark.parametrize("seed", range(4))
def test_sets_are_those_of_the_definition_or_smaller_by_steps(seed):
    rng = np.random.default_rng(seed)
    x, se = rng.normal(0, 2, 12), rng.uniform(0.2, 1.2, 12)
    for (low, high), (low_1, high_1) in zip(rank_sets(x, se, draws=8000), naive(x, se, 0.95), strict=True):
        off = np.abs(low - low_1).sum() + np.abs(high - high_1).sum()
        assert (low >= low_1 - 1).all()
        assert (high <= high_1 + 1).all()
        assert off <= 8


PISA = {
    "Australia": (491.360, 1.940), "Austria": (498.942, 2.971), "Belgium": (508.070, 2.263), "Canada": (512.017, 2.357),
    "Chile": (417.407, 2.416), "Colombia": (390.932, 2.990), "Czech Republic": (499.468, 2.461), "Denmark": (509.398, 1.735),
    "Estonia": (523.415, 1.744), "Finland": (507.301, 1.968), "France": (495.408, 2.320), "Germany": (500.044, 2.647),
    "Greece": (451.370, 3.091), "Hungary": (481.083, 2.320), "Iceland": (495.187, 1.953), "Ireland": (499.633, 2.199),
    "Israel": (463.035, 3.499), "Italy": (486.590, 2.780), "Japan": (526.973, 2.471), "Korea": (525.933, 3.121),
    "Latvia": (496.126, 1.963), "Lithuania": (481.191, 1.953), "Luxembourg": (483.421, 1.098), "Mexico": (408.801, 2.493),
    "Netherlands": (519.231, 2.632), "New Zealand": (494.490, 1.706), "Norway": (500.964, 2.219), "Poland": (515.648, 2.602),
    "Portugal": (492.487, 2.685), "Slovak Republic": (486.165, 2.556), "Slovenia": (508.898, 1.364), "Spain": (481.393, 1.462),
    "Sweden": (502.388, 2.654), "Switzerland": (515.315, 2.908), "Turkey": (453.508, 2.260), "United Kingdom": (501.770, 2.564),
    "United States": (478.245, 3.235),
}  # fmt: skip
"""Mathematics in PISA 2018 (OECD): score and standard error."""


def test_sets_are_those_published_of_pisa():
    """The worked example of Mogstad, Romano, Shaikh & Wilhelm, as in the vignette of their R package csranks."""
    names = list(PISA)
    x, se = np.array([*PISA.values()]).T
    (low, high), (low_all, high_all) = rank_sets(x, se, draws=4000)
    kingdom = names.index("United Kingdom")
    assert (x > x[kingdom]).sum() + 1 == 13
    assert low[kingdom] in (7, 8)  # the vignette prints 8 and says 7: the quantile is drawn
    assert high[kingdom] == 23
    best = {name for name, rank in zip(names, low_all, strict=True) if rank <= 5}
    assert best == {"Belgium", "Canada", "Denmark", "Estonia", "Finland", "Japan", "Korea", "Netherlands", "Poland",
                    "Slovenia", "Sweden", "Switzerland"}  # fmt: skip
    last = [names.index(name) for name in ("Chile", "Mexico", "Colombia")]
    assert low_all[last].min() > np.delete(high_all, last).max()


def test_rank_sets_hold_the_true_ranks_together():
    """Ten groups, some of them equal."""
    truth = np.array([0, 0, 0.5, 1, 1, 2, 3, 3.2, 5, 6])
    low_truth = 1 + (truth[None, :] > truth[:, None]).sum(axis=1)
    high_truth = 10 - (truth[None, :] < truth[:, None]).sum(axis=1)
    freedom = np.full(10, 6.0)
    held, singles = 0, 0.0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        x = truth + rng.normal(0, 0.5, 10)
        se = 0.5 * np.sqrt(rng.chisquare(6, 10) / 6)
        marginal, every = rank_sets(x, se, freedom=freedom, draws=400, seed=seed)
        inside = [(lo <= high_truth) & (hi >= low_truth) for lo, hi in (marginal, every)]
        held += inside[1].all()
        singles += inside[0].mean()
    assert held / 150 >= 0.93
    assert singles / 150 >= 0.95


def test_equal_groups_with_few_reports_are_not_ranked():
    """Nothing differs: no pair may be told apart in more than one table of twenty; with known errors many are."""
    told = {"few": 0, "known": 0}
    for seed in range(200):
        rng = np.random.default_rng(seed)
        x, se = rng.normal(0, 0.5, 8), 0.5 * np.sqrt(rng.chisquare(3, 8) / 3)
        for name, freedom in (("few", np.full(8, 3.0)), ("known", None)):
            low, high = rank_sets(x, se, freedom=freedom, draws=400, seed=seed)[1]
            told[name] += not ((low == 1) & (high == 8)).all()
    assert 0.02 <= told["few"] / 200 <= 0.09
    assert told["known"] / 200 > 0.15


def test_adjusted_p_values_equal_statsmodels():
    multitest = pytest.importorskip("statsmodels.stats.multitest", reason="of the extra dev")
    p = np.random.default_rng(0).beta(0.4, 2, 30)
    assert holm(p) == pytest.approx(multitest.multipletests(p, method="holm")[1])
    assert benjamini_hochberg(p) == pytest.approx(multitest.multipletests(p, method="fdr_bh")[1])
    assert np.isnan(holm(np.array([0.01, np.nan]))[1])
    assert holm(np.array([0.01, np.nan]))[0] == 0.01


def test_one_group_and_missing_columns_are_refused():
    with pytest.raises(MeasureError, match="1 groups; a comparison needs two"):
        compare_groups(outcomes([0.3]), by="agency")
    with pytest.raises(SchemaError, match="lack kind"):
        compare_groups(outcomes([0.3]), by="kind")
