"""What a coded sample must be before it corrects or judges: not learned from, and drawn at random."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gongkai.errors import MeasureError, SchemaError
from gongkai.measure.inference.sums import summed
from gongkai.tables.predicted import scheme_of
from gongkai.tables.schema import Labels, Measures, Predictions, Table
from gongkai.tables.scheme.codebook import Codebook
from gongkai.tables.scheme.coded import coded_whole

if TYPE_CHECKING:
    Vector = np.ndarray[Any, np.dtype[Any]]

logger = logging.getLogger(__name__)
ASSUMED = "taken as a random sample"
"""What `note` says, and the column `design` of labels, where nobody knows how the sentences were chosen."""
CELL = 5
"""Drawn sentences of one inclusion probability from which their own share of coded ones is told."""


def leave_out_learned(scored: Table, *, say: int = logging.INFO) -> Table:
    """Return the rows of sentences that their model did not learn from.

    Args:
        scored: Coded sentences with their predictions: a row per model, sentence and label, with `seen`.
        say: Level at which it is logged how many are left out.

    Raises:
        MeasureError: A model learned from all of them.
    """
    if "seen" not in scored.columns:
        return scored
    seen = scored["seen"].eq(True).fillna(value=False).to_numpy(bool)
    for model, rows in scored[seen].groupby("model", sort=True):
        learned = rows["sentence_id"].nunique()
        total = scored.loc[scored["model"] == model, "sentence_id"].nunique()
        if learned == total:
            raise MeasureError(
                f"{model} was trained on all {total} coded sentences, or on their words: its quality there "
                "says nothing. Code other reports; how it does on agencies that it did not see stands in its "
                "folder (metrics.json)"
            )
        logger.log(
            say, "%d of %d coded sentences are left out: %s was trained on them, or on their words",
            learned, total, model,
        )  # fmt: skip
    return scored[~seen]


def refuse_learned(seen: Vector, weights: Vector, *, others: tuple[int, int]) -> None:
    """Refuse a coded sample that the model learned from.

    Usual wording that stands in the training text too is no harm: it is met as often among all sentences as
    among the coded ones, and a correction by a random sample holds whatever the model knows of both alike.
    So a sample is refused where its (weighted) share of such sentences is beyond chance of that among the
    sentences that are not coded, or above one half.

    Args:
        seen: Whether the model learned from each coded sentence or its words.
        weights: 1 / π of each.
        others: Of the sentences that are not coded, how many it learned from, and how many there are.

    Raises:
        MeasureError: Says how many.
    """
    if not seen.any():
        return
    share = float(weights @ seen / weights.sum())
    usual = (others[0] + 1) / (others[1] + 2)
    chance = 4 * float(np.sqrt(usual * (1 - usual) * (weights @ weights))) / float(weights.sum())
    if share > usual + chance or share > 0.5:
        raise MeasureError(
            f"the model was trained on {int(seen.sum())} of the {len(seen)} coded sentences, or on their "
            f"words (and on {usual:.1%} of all others), so its errors there say nothing; predict with "
            "gongkai.cross_fit, or code others"
        )
    logger.info(
        "%d of %d coded sentences have words that the model was trained on, as %.1f %% of all others have: "
        "usual wording, they stay",
        int(seen.sum()), len(seen), 100 * usual,
    )  # fmt: skip


def responded(inclusion: pd.Series[float], coded: Vector, *, say: int = logging.WARNING) -> pd.Series[float]:
    """Return the probability with which each drawn sentence was drawn and coded.

    Those that were drawn and left uncoded are taken as missing at random among the sentences drawn with the
    same probability (weighting classes: Little & Rubin 2020, ch. 3); of fewer than `CELL` such, among all.

    Args:
        inclusion: With which each sentence was drawn; missing where it was not drawn.
        coded: Which of them are coded.
        say: Level at which it is logged.
    """
    drawn = inclusion.notna().to_numpy(bool)
    kept = drawn & coded
    if kept.sum() == drawn.sum() or not kept.any():
        return inclusion
    logger.log(
        say, "%d of %d drawn sentences are not coded: taken as missing at random among those drawn alike",
        int(drawn.sum() - kept.sum()), int(drawn.sum()),
    )  # fmt: skip
    overall = kept.sum() / drawn.sum()
    cells = pd.Series(kept[drawn], inclusion.index[drawn]).groupby(inclusion[drawn].to_numpy())
    size, rate = cells.transform("size"), cells.transform("mean")
    rate = rate.where((size >= CELL) & (rate > 0), overall)
    found = inclusion.copy()
    found[drawn] = (inclusion[drawn] * rate).to_numpy()
    return found


def say_balance(inclusion: Vector, sentences: int) -> None:
    """Say where the weights of a sample do not sum to the sentences that it stands for."""
    drawn = inclusion[(inclusion > 0) & (inclusion <= 1)]
    total = float((1 / drawn).sum())
    chance = 3 * float(np.sqrt(((1 - drawn) / drawn**2).sum()))  # of a sample in which each is drawn alone
    if abs(total - sentences) > max(chance, 0.1 * sentences):
        logger.warning(
            "the weights of the %d coded sentences sum to %.0f, the sentences are %d: drawn sentences were "
            "left uncoded (taken as missing at random) or the sample was not drawn from these sentences",
            len(inclusion), total, sentences,
        )  # fmt: skip


def assume_random(
    labels: Labels, predictions: Predictions | str | Path, *, codebook: Codebook | None = None
) -> Labels:
    """Return labels as if their sentences were a simple random sample of those predicted.

    For codes of which nobody knows how they were chosen. What rests on it says so in `note`: if somebody
    picked telling sentences, no correction repairs that.

    Args:
        labels: `labels` rows without inclusion probabilities.
        predictions: `predictions` rows, or a folder of them, of the sentences that the result shall speak of.
        codebook: See `prevalence`.

    Raises:
        SchemaError: Some labels have inclusion probabilities: the sample was drawn.
    """
    if "inclusion" in labels.columns and labels["inclusion"].notna().any():
        raise SchemaError("the labels have inclusion probabilities; nothing has to be assumed of the sample")
    with summed(
        predictions, [()], cluster="agency", coded=labels["sentence_id"].tolist(), codebook=codebook
    ) as (sums,):
        everything, coded = sums.sentences, sums.coded["sentence_id"].nunique()
    if not coded:
        raise MeasureError("no predicted sentence is coded; do both come from the same build?")
    logger.warning("%d coded sentences are taken as a random sample of %d", coded, everything)
    return labels.assign(inclusion=coded / everything, design=ASSUMED)


def is_assumed(labels: Labels) -> bool:
    """Tell whether nobody knows how coded sentences were chosen."""
    return "design" in labels.columns and bool(labels["design"].eq(ASSUMED).any())


def note_assumed(measures: Measures, labels: Labels | None) -> Measures:
    """Say in `note` that a result rests on an assumed sample."""
    if labels is None or not is_assumed(labels):
        return measures
    notes = measures["note"].astype(object)
    return measures.assign(note=[ASSUMED if n is None or n != n else f"{n}; {ASSUMED}" for n in notes])


def sample_balance(
    predictions: Predictions | str | Path,
    labels: Labels,
    *,
    by: Sequence[str] = ("section", "year"),
    codebook: Codebook | None = None,
) -> Table:
    """Compare a coded sample, weighted by 1 / inclusion, with the sentences that it stands for.

    Args:
        predictions: `predictions` rows of one model, or a folder of them.
        labels: `labels` rows of one annotator with `inclusion`.
        by: Columns whose values are compared, beside the mean score of each label.
        codebook: See `prevalence`.

    Returns:
        One row per quantity: `quantity` (`sentences` first: Σ 1/π against their number), `sample`, `all`, and
        `z`, the difference over its standard error under independent draws. By chance one in twenty lies
        beyond ±2.
    """
    scheme = scheme_of(predictions, codebook)
    whole = coded_whole(labels, scheme)
    inclusion = responded(labels["inclusion"].astype(float), whole, say=logging.DEBUG)
    gold = labels.assign(inclusion=inclusion)[whole].drop_duplicates("sentence_id").dropna(subset="inclusion")
    ids = gold["sentence_id"].tolist()
    with summed(predictions, [by], cluster="agency", scores=True, coded=ids, codebook=scheme) as (sums,):
        if len(sums.models) != 1:
            raise MeasureError(f"a sample stands for the predictions of one model, not of {len(sums.models)}")
        groups = list(sums.groups())
        coded, everything = sums.coded, sums.sentences
    pi = coded["sentence_id"].map(gold.set_index("sentence_id")["inclusion"]).to_numpy(float)
    w, number = 1 / pi, coded["number"].to_numpy()
    values: dict[str, tuple[Vector, float]] = {}
    for k, quantity in enumerate(scheme.quantities):
        if quantity.measure == "prevalence":
            score = np.prod([coded[f"s{scheme.indicators.index(i)}"] for i in quantity.top], axis=0)
            score = (
                np.where(coded["section"].isin(quantity.sections), score, 0.0) if quantity.sections else score
            )
            total = sum(float(run.sums[:, k, 0].sum()) for run in groups)
            values[f"score of {quantity.label}"] = (score, total)
    every = np.concatenate([np.bincount(run.of, run.n.max(axis=1), len(run.keys)) for run in groups])
    for i, column in enumerate(by, start=1):
        held = ["" if key[i] is None else key[i] for run in groups for key in run.keys]
        for value in sorted(set(held), key=str):
            inside = np.array([one == value for one in held])
            values[f"{column}={value}"] = (inside[number].astype(float), float(every[inside].sum()))
    weight, spread = float(w.sum()), float(np.sqrt(((1 - pi) * w**2).sum()))
    rows = [("sentences", weight, float(everything), (weight - everything) / max(spread, 1e-9))]
    for name, (own, total) in values.items() if weight and everything else ():
        share, mean = float(w @ own / weight), total / everything
        error = float(np.sqrt(((1 - pi) * w**2) @ (own - share) ** 2)) / weight
        rows.append((name, share, mean, (share - mean) / max(error, 1e-9)))
    return pd.DataFrame(rows, columns=["quantity", "sample", "all", "z"])
