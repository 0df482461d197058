"""A regression on the panel: a thin seam to pyfixest, with outcomes that carry the coding's uncertainty.

The coefficients and errors are pyfixest's (Python's fixest: Bergé 2018), the wild cluster bootstrap is
wildboottest's (Roodman, MacKinnon, Nielsen & Webb 2019); here are only the formula's names, checked before
anything is estimated, and the corrected outcome.
"""

from __future__ import annotations

import difflib
import importlib.util
import re
import warnings
from pathlib import Path
from typing import Any

import pandas as pd

from gongkai.errors import GongkaiError, MeasureError, SchemaError
from gongkai.measure.shares.outcomes import outcomes
from gongkai.tables.schema import Labels, Predictions, Table
from gongkai.tables.scheme.codebook import Codebook

FEW = 40
"""Clusters below which errors are too small (Cameron, Gelbach & Miller 2008): then bootstrap."""
_FACTOR = re.compile(r"\bi\.(\w+)")
_NAME = re.compile(r"(?<![\w.])([^\W\d]\w*)(?!\w*\s*\()")
COUNTED = "a counted share: the classifier's errors are in the coefficients"


def with_outcomes(
    panel: Table, predictions: Predictions | str | Path, labels: Labels, *, codebook: Codebook | None = None
) -> Table:
    """Add the corrected outcome of each label to a panel: `LABEL_outcome`, the mean of its `outcomes`.

    Where an agency-year has few coded sentences or none its value is noisy or the model's, and may lie
    outside [0, 1]; over all of them it is right, and as a dependent variable it makes coefficients unbiased.
    Because sentences are drawn independently, the noise of the coding is independent between agencies, and
    errors clustered by agency carry it (Egami, Hinck, Stewart & Wei 2023).

    Args:
        panel: One row per `agency` and `year`.
        predictions: `predictions` rows of one model, or a folder of them.
        labels: `labels` rows with `inclusion`, of sentences that the model was not trained on.
        codebook: See `prevalence`.

    Returns:
        The panel with a column per label, and `LABEL_sentences`, by which to weight.

    Raises:
        SchemaError: The panel lacks agency or year, or has such columns already.
        MeasureError: See `prevalence`.
    """
    if missing := [c for c in ("agency", "year") if c not in panel.columns]:
        raise SchemaError(
            f"the panel lacks {', '.join(missing)}; it has {', '.join(map(str, panel.columns[:12]))} …"
        )
    sums = outcomes(predictions, labels, by=["agency", "year", "report_id"], codebook=codebook)
    cells = sums.groupby(["agency", "year", "label"])[["outcome", "sentences"]].sum().reset_index()
    cells = cells.assign(mean=cells["outcome"] / cells["sentences"], size=cells["sentences"].astype(int))
    cells = cells.drop(columns=["outcome", "sentences"])
    found = panel
    for label, part in cells.groupby("label", sort=True):
        name = re.sub(r"\W+", "_", str(label))
        part = part.rename(columns={"mean": f"{name}_outcome", "size": f"{name}_sentences"})
        if f"{name}_outcome" in found.columns:
            raise SchemaError(f"the panel has a column {name}_outcome already")
        found = found.merge(part.drop(columns="label"), on=["agency", "year"], how="left")
    return found


def regress(
    panel: Table,
    formula: str,
    *,
    cluster: str = "agency",
    weights: str | None = None,
    level: float = 0.95,
    draws: int = 9999,
    seed: int = 0,
) -> Table:
    """Estimate a linear regression with fixed effects and errors clustered by agency.

    Args:
        panel: One row per agency and year, as `panel` makes it, or any frame.
        formula: `outcome ~ regressors | fixed effects`, as in fixest; `i.year` or `C(year)` are dummies. Rows
            with a missing value are left out.
        cluster: Column of the clusters.
        weights: Column of the weights, e.g. the sentences that an outcome rests on.
        level: Coverage of the intervals, in (0, 1).
        draws: Of the wild cluster bootstrap, run where there are fewer than `FEW` clusters; 0 for none.
        seed: Of the bootstrap.

    Returns:
        One row per coefficient: `term, value, error, t, p_value, low, high, p_wild, n, clusters, note`;
        errors are CRV1 with t(clusters − 1), equal to fixest's `cluster = ~agency`. `p_wild` is null for
        dummies and where there are many clusters. `note` says so where the outcome is a counted share.

    Raises:
        MeasureError: The formula cannot be read, names no column, or nothing is left to estimate.
        GongkaiError: pyfixest is not installed.
    """
    if importlib.util.find_spec("pyfixest") is None:
        raise GongkaiError('regressions need pyfixest: pip install "gongkai[regress]"')
    outcome, names = _names(formula)
    needed = [*names, cluster, *([weights] if weights else [])]
    _check(panel, needed)
    used = panel.dropna(subset=needed)
    groups = used[cluster].nunique()
    if groups < 3:
        raise MeasureError(
            f"{len(used)} rows of {groups} {cluster} have all of {', '.join(names)}; expected three"
        )
    if not len(_of_several(used, formula)):
        raise MeasureError(
            f"'{formula}': every row is the only one of its fixed effect; nothing varies within"
        )
    used = used.assign(
        **{cluster: pd.factorize(used[cluster], sort=True)[0]}
    )  # wildboottest takes numbers only
    model, found, dropped = _fitted(formula, used, cluster, weights, level)
    found = found.assign(p_wild=float("nan"), n=int(model._N), clusters=groups, note=None)
    if draws and groups < FEW:
        found["p_wild"] = [
            _wild(model, term, cluster, draws, seed) if "[" not in term and ":" not in term else float("nan")
            for term in found["term"]
        ]
    notes = [COUNTED] if f"{outcome}_n" in panel.columns and f"{outcome}_se" in panel.columns else []
    if draws and groups < FEW and weights:
        notes.append("no wild bootstrap with weights: with few clusters the errors are too small")
    notes += [f"dropped as collinear: {', '.join(dropped)}"] if dropped else []
    table: Table = found.assign(note="; ".join(notes) or None)
    return table


def _fitted(
    formula: str, used: Table, cluster: str, weights: str | None, level: float
) -> tuple[Any, Table, list[str]]:
    """Return the model, its coefficients, and the names of those that were dropped as collinear."""
    import pyfixest

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            plain = _FACTOR.sub(r"C(\1)", formula)
            model = pyfixest.feols(plain, used, vcov={"CRV1": cluster}, weights=weights)
            found = model.tidy(alpha=1 - level).reset_index()
        except Exception as error:
            reason = next((x for x in str(error).splitlines() if x.strip()), type(error).__name__)
            raise MeasureError(f"'{formula}' cannot be estimated: {reason.strip()}") from error
    found.columns = pd.Index(["term", "value", "error", "t", "p_value", "low", "high"])
    told = [str(w.message) for w in said if "collinear" in str(w.message)]
    return model, found, sorted({name for text in told for name in re.findall(r"'([^']+)'", text)})


def _wild(model: Any, term: str, cluster: str, draws: int, seed: int) -> float:  # noqa: ANN401
    """Return the p-value of the wild cluster bootstrap with the null imposed; NaN where it cannot be had."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = model.wildboottest(param=term, cluster=cluster, reps=draws, seed=seed)
        except (NotImplementedError, ImportError):  # weights, or the package is missing
            return float("nan")
    return float(found["Pr(>|t|)"])


def _names(formula: str) -> tuple[str, list[str]]:
    """Return the outcome and all names of columns in a formula."""
    left, tilde, right = formula.partition("~")
    if not tilde or not left.strip() or not right.strip():
        raise MeasureError(f"'{formula}': expected outcome ~ regressors | fixed effects")
    text = _FACTOR.sub(r"\1", formula)
    names = list(dict.fromkeys(_NAME.findall(text)))
    return left.strip(), [name for name in names if name != "np"]


def _of_several(rows: Table, formula: str) -> Table:
    """Return the rows left when each stands alone in no fixed effect; with none pyfixest ends Python."""
    effects = [
        re.findall(r"\w+", effect) for effect in formula.partition("|")[2].partition("|")[0].split("+")
    ]
    effects = [columns for columns in effects if columns and set(columns) <= set(rows.columns)]
    before = -1
    while len(rows) != before:
        before = len(rows)
        for columns in effects:
            rows = rows[rows.duplicated(columns, keep=False)]
    return rows


def _check(panel: Table, names: list[str]) -> None:
    columns = [str(c) for c in panel.columns]
    for name in names:
        if name not in columns:
            near = difflib.get_close_matches(name, columns, 3)
            hint = f"did you mean {' or '.join(near)}?" if near else f"it has {_some(panel)}"
            raise MeasureError(f"the panel has no column {name}; {hint}")


def _some(panel: Table) -> str:
    return ", ".join(map(str, panel.columns[:12])) + (" …" if len(panel.columns) > 12 else "")
