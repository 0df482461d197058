import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from gongkai.errors import GongkaiError, MeasureError, SchemaError
from gongkai.measure.panel.regress import COUNTED, regress, with_outcomes

pytest.importorskip("pyfixest", reason="of the extra regress")


@pytest.fixture(scope="module")
def panel():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"agency": np.repeat([f"a{k}" for k in range(20)], 6), "year": np.tile(range(2018, 2024), 20)}
    )
    frame["requests"] = rng.gamma(2, 10, 120) + np.repeat(rng.normal(0, 5, 20), 6)
    frame["share"] = (
        0.3 + 0.002 * frame["requests"] + np.repeat(rng.normal(0, 0.1, 20), 6) + rng.normal(0, 0.05, 120)
    )
    return frame


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of pyfixest itself, under pandas 3.1
def test_numbers_are_those_of_pyfixest_and_of_dummies_in_statsmodels(panel):
    import pyfixest

    found = regress(panel, "share ~ requests + i.year | agency", draws=0).set_index("term")
    own = pyfixest.feols("share ~ requests + C(year) | agency", panel, vcov={"CRV1": "agency"}).tidy()
    assert found["value"].tolist() == own["Estimate"].tolist()
    assert found["error"].tolist() == own["Std. Error"].tolist()
    smf = pytest.importorskip("statsmodels.formula.api", reason="of the extra dev")
    groups = {"groups": pd.factorize(panel["agency"])[0]}
    dummies = smf.ols("share ~ requests + C(year) + C(agency)", panel).fit(
        cov_type="cluster", cov_kwds=groups
    )
    assert found.loc["requests", "value"] == pytest.approx(dummies.params["requests"], rel=1e-8)
    # statsmodels counts the dummies of the agencies among the parameters, fixest not: they are nested in the clusters
    scale = np.sqrt((120 - 1) / (120 - 26) / ((120 - 1) / (120 - 7)))
    assert dummies.bse["requests"] / found.loc["requests", "error"] == pytest.approx(scale, rel=1e-6)


def test_few_clusters_get_a_wild_bootstrap_and_it_can_be_had_again(panel):
    found = regress(panel, "share ~ requests + i.year | agency", draws=999).set_index("term")
    again = regress(panel, "share ~ requests + i.year | agency", draws=999).set_index("term")
    assert 0 <= found.loc["requests", "p_wild"] <= 1
    assert found.loc["requests", "p_wild"] == again.loc["requests", "p_wild"]
    assert found["p_wild"].notna().sum() == 1  # not of the dummies
    assert found["clusters"].eq(20).all()


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("share ~ requsts | agency", r"no column requsts; did you mean requests\?"),
        ("share ~ requests | district", "no column district; it has agency, year"),
        ("share", "expected outcome ~ regressors"),
        ("share ~ requests +* | agency", "cannot be estimated"),
    ],
)
def test_what_cannot_be_estimated_is_one_line(panel, formula, said):
    with pytest.raises(MeasureError, match=said) as caught:
        regress(panel, formula)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("effects", ["agency", "agency + year", "agency^year"])
def test_one_row_an_agency_is_refused(panel, effects):
    """Nothing is left of such a panel, and what pyfixest does with nothing ends the process (found by a world)."""
    one = panel if "^" in effects else panel[panel["year"] == 2020]
    with pytest.raises(MeasureError, match="nothing varies within"):
        regress(one, f"share ~ requests | {effects}")


def test_functions_are_no_columns(panel):
    assert regress(panel, "share ~ np.log(requests + 100) | agency", draws=0)["value"].notna().all()


def test_a_counted_share_is_named(panel):
    counted = panel.assign(share_n=30, share_se=0.05)
    assert regress(counted, "share ~ requests | agency", draws=0)["note"].eq(COUNTED).all()
    assert regress(panel, "share ~ requests | agency", draws=0)["note"].isna().all()


def world(seed, *, agencies=30, n=40):
    """Two years of the same true share; the model errs more in the second; a tenth is coded."""
    rng = np.random.default_rng(seed)
    rows, gold = [], []
    for k in range(agencies):
        own = rng.beta(6, 14)
        for year in (2021, 2022):
            for i in range(n):
                y = bool(rng.random() < own)
                f = y if rng.random() > (0.3 if year == 2022 else 0.05) else not y
                name = f"{k}-{year}-{i}"
                about = {"sentence_id": name, "model": "m", "report_id": f"{k}-{year}", "agency": f"a{k}", "year": year,
                         "section": "overview", "heading": "", "region_code": None, "seen": False}  # fmt: skip
                rows += [
                    about | {"label": x, "score": float(f), "predicted": f}
                    for x in ("commitment", "boilerplate")
                ]
                gold.append(
                    {
                        "sentence_id": name,
                        "annotator": "resolved",
                        "commitment": y,
                        "boilerplate": y,
                        "inclusion": 0.1,
                    }
                )
    labels = pd.DataFrame(gold)
    return pd.DataFrame(rows), labels[rng.random(len(labels)) < 0.1]


def test_a_difference_that_only_the_classifier_makes_is_gone_with_corrected_outcomes():
    held, found_by_count = 0, 0
    for seed in range(12):
        predictions, labels = world(seed)
        base = predictions.drop_duplicates(["agency", "year"])[["agency", "year"]].reset_index(drop=True)
        counted = (
            predictions.query("label == 'commitment'")
            .groupby(["agency", "year"])["predicted"]
            .mean()
            .rename("counted")
        )
        panel = with_outcomes(base, predictions, labels).merge(counted.reset_index())
        row = regress(panel, "commitment_outcome ~ i.year | agency", draws=0).iloc[0]
        held += row["low"] <= 0 <= row["high"]
        found_by_count += regress(panel, "counted ~ i.year | agency", draws=0).iloc[0]["p_value"] < 0.05
    assert held >= 10
    assert found_by_count >= 10
    with pytest.raises(SchemaError, match="already"):
        with_outcomes(panel, predictions, labels)


def test_without_pyfixest_the_line_to_install_it(panel, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyfixest", None)
    with pytest.raises(GongkaiError, match=r"pip install .gongkai\[regress\]"):
        regress(panel, "share ~ requests")


def test_it_loads_nothing_before_it_is_asked():
    code = "import sys, gongkai.measure.panel.regress; print('pyfixest' in sys.modules)"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "False"
    )
