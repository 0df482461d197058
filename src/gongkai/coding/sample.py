"""Draw sentences to code: at random, by strata, or by a model's uncertainty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gongkai.errors import MeasureError
from gongkai.tables.codebooks import given_or_shipped
from gongkai.tables.predicted import by_indicator, indicator_names, scheme_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gongkai.tables.codebook import Codebook
    from gongkai.tables.schema import Predictions, Sentences, Table

    Vector = np.ndarray[Any, np.dtype[Any]]


def draw(
    sentences: Sentences,
    n: int,
    *,
    by: Sequence[str] = (),
    predictions: Predictions | None = None,
    random_share: float = 0.5,
    seed: int = 0,
    codebook: Codebook | None = None,
) -> Table:
    """Draw sentences to code, each with the probability with which it was drawn.

    - Simple: every sentence with n / N.
    - Stratified (`by`): the same number from each stratum as far as it has that many, so small strata are
    seen. With `predictions` a stratum may also be what is predicted: name a label or an indicator of it.
    - Uncertain (`predictions` without `by`): a share of n at random; the rest by the model's uncertainty, as
      a sample with probabilities proportional to it and spread over the texts (no two with the same words but
      for numbers).
      For training, and for `dsl`: every sentence keeps a positive, known probability.

    Args:
        sentences: `sentences` rows; what the codebook does not count, or gives no label, is not drawn.
        n: How many.
        by: Columns that make strata, e.g. `("section", "year")`; with `predictions` also
            labels of the scheme.
        predictions: `predictions` rows of one model for these sentences.
        random_share: Share of n drawn at random in the uncertain way, in (0, 1].
        seed: Of the draw.
        codebook: The scheme; the one that ships unless given.

    Returns:
        The drawn rows, in the order of the reports, with `inclusion` in (0, 1].

    Raises:
        MeasureError: There are fewer sentences than n, more strata than n, no such column or label, or a
            sentence without a prediction.
    """
    scheme = given_or_shipped(codebook)
    pool = sentences[~sentences["section"].isin(scheme.uncounted_sections)]
    if all(label.sections for label in scheme.labels):
        pool = pool[pool["section"].isin([s for label in scheme.labels for s in label.sections])]
    pool = pool.reset_index(drop=True)
    if not 0 < n <= len(pool):
        raise MeasureError(f"cannot draw {n} of {len(pool)} sentences")
    generator = np.random.default_rng(seed)
    if by:
        marked = _with_predicted(pool, by, predictions, codebook)
        chosen, inclusion = _stratified(marked, n, list(by), generator)
    elif predictions is not None:
        chosen, inclusion = _uncertain(pool, n, predictions, random_share, generator, codebook)
    else:
        chosen = generator.choice(len(pool), n, replace=False)
        inclusion = np.full(n, n / len(pool))
    order = np.argsort(chosen, kind="stable")
    return pool.iloc[chosen[order]].assign(inclusion=inclusion[order]).reset_index(drop=True)


def design_of(inclusion: Iterable[float | None]) -> str:
    """Say in a line how coded sentences were drawn, by the probabilities that `draw` gave them.

    A draw with equal chances has one probability; of a stratum the weights sum to its size, a whole number;
    a draw by uncertainty gives each sentence a probability of its own.
    """
    pi = np.array([np.nan if v is None else v for v in inclusion], float)
    known = pi[~np.isnan(pi)]
    lacking = f"{len(pi) - len(known)} of {len(pi)} sentences without inclusion"
    if not len(known):
        return "no inclusion: not a probability sample; for training, not to correct shares by"
    if len(known) < len(pi):
        return f"{lacking}: a probability sample and others mixed; correct shares by the former alone"
    weights = 1 / known
    stands = f"{len(known)} for {weights.sum():,.0f} sentences"
    values, counts = np.unique(known, return_counts=True)
    sizes = counts / values
    if len(values) == 1:
        return f"probability sample, simple: {stands}, each drawn with {values[0]:.4f}"
    if np.allclose(sizes, np.rint(sizes), rtol=0, atol=1e-3) or 2 * len(values) <= len(known):
        return f"probability sample, by strata: {stands}, drawn with {values[0]:.4f} to {values[-1]:.4f}; dsl"
    worth = weights.sum() ** 2 / (weights**2).sum()
    return (
        f"training sample, by uncertainty: {stands} on average, each with a probability of its own; dsl can "
        f"correct by it, worth about {worth:.0f} drawn at random"
    )


def _with_predicted(
    pool: Table, by: Sequence[str], predictions: Predictions | None, codebook: Codebook | None
) -> Table:
    """Return the sentences with a column for each name in `by`; of a label it holds what is predicted."""
    wanted = [name for name in by if name not in pool.columns]
    if not wanted:
        return pool
    scheme = given_or_shipped(codebook) if predictions is None else scheme_of(predictions, codebook)
    known = {label.name: label.indicators for label in scheme.labels} | {i: (i,) for i in scheme.indicators}
    if strange := [name for name in wanted if name not in known]:
        raise MeasureError(f"no column or label '{strange[0]}' to draw by; labels: {', '.join(known)}")
    if predictions is None:
        raise MeasureError(f"to draw by the label {wanted[0]} give predictions")
    chosen = predictions[predictions["predicted"]]
    chosen = chosen.assign(indicator=indicator_names(chosen))
    _refuse_unpredicted(pool, predictions["sentence_id"])
    columns = {}
    for name in wanted:
        of_label = chosen[chosen["indicator"].isin(known[name])].set_index("sentence_id")["indicator"]
        columns[name] = pool["sentence_id"].map(of_label).fillna("")
    return pool.assign(**columns)


def _refuse_unpredicted(pool: Table, predicted: Iterable[object]) -> None:
    missing = ~pool["sentence_id"].isin(predicted)
    if missing.any():
        raise MeasureError(
            f"{int(missing.sum())} sentences have no prediction; predict the same tables first"
        )


def _stratified(pool: Table, n: int, by: list[str], generator: np.random.Generator) -> tuple[Vector, Vector]:
    strata = [
        np.asarray(pool.index.get_indexer(g.index)) for _, g in pool.groupby(by, dropna=False, sort=True)
    ]
    if n < len(strata):
        raise MeasureError(
            f"{n} sentences cannot be drawn from {len(strata)} strata ({', '.join(by)}): a stratum without "
            "one could not be corrected; draw more, or name fewer columns"
        )
    takes = np.zeros(len(strata), int)
    while takes.sum() < n:  # one from each stratum in turn, as long as it has any
        for k in generator.permutation(len(strata)):
            if takes[k] < len(strata[k]) and takes.sum() < n:
                takes[k] += 1
    chosen = [generator.choice(s, t, replace=False) for s, t in zip(strata, takes, strict=True)]
    inclusion = [np.full(t, t / len(s)) for s, t in zip(strata, takes, strict=True)]
    return np.concatenate(chosen), np.concatenate(inclusion)


def _uncertain(
    pool: Table,
    n: int,
    predictions: Predictions,
    random_share: float,
    generator: np.random.Generator,
    codebook: Codebook | None,
) -> tuple[Vector, Vector]:
    """Draw by Poisson sampling with pi = random share + share by uncertainty; the size is n on average."""
    scheme = scheme_of(predictions, codebook)
    wanted = predictions[predictions["sentence_id"].isin(pool["sentence_id"])]
    scores = by_indicator(wanted, scheme)[1].droplevel("model")
    _refuse_unpredicted(pool, scores.index)
    p = scores.loc[pool["sentence_id"]].to_numpy()
    doubt = (1 - 2 * np.abs(p - 0.5)).max(axis=1) + 1e-3
    masked = pool["text"].str.replace(r"\d+", "0", regex=True)
    doubt = doubt / masked.map(masked.value_counts()).to_numpy()  # texts that many share are drawn once or so
    pi = np.full(len(pool), n * random_share / len(pool)) + n * (1 - random_share) * doubt / doubt.sum()
    pi = np.clip(pi, 0, 1)
    chosen = np.flatnonzero(generator.random(len(pool)) < pi)
    return chosen, pi[chosen]
