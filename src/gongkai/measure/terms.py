"""The words of one group against another's: frequencies, distinctive words (keyness), dispersion."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gongkai.errors import MeasureError, SchemaError
from gongkai.tables.schema import UNCOUNTED_SECTIONS
from gongkai.text.lexicon import words

if TYPE_CHECKING:
    from gongkai.tables.schema import Sentences, Table

    Vector = np.ndarray[Any, np.dtype[Any]]


@functools.cache
def stop_words() -> frozenset[str]:
    """Return the bundled stop words: `corpus/lexicon/stopwords.txt`, one a line."""
    return frozenset(words("stopwords"))


def frequencies(sentences: Sentences, *, stop: frozenset[str] | None = None, min_length: int = 2) -> Table:
    """Count words over agencies.

    Args:
        sentences: `sentences` rows with `tokens`; preambles are left out.
        stop: Words to leave out; the bundled list by default.
        min_length: Characters of the shortest word.

    Returns:
        One row per word: `term, count, agencies` (that use it), `dispersion` (Gries' DP over agencies,
        Gries 2008: 0 = spread as the text is, 1 = in one small corner), `example_id` and `example` (the
        first sentence with it); ordered by count.

    Raises:
        SchemaError: A column is missing.
        MeasureError: No word is left.
    """
    counts, terms, _, first = _count(sentences, stop, min_length)
    sizes = counts.sum(axis=0)
    expected = sizes / sizes.sum()
    observed = counts / counts.sum(axis=1, keepdims=True)
    dispersion = np.abs(observed - expected).sum(axis=1) / 2
    table = pd.DataFrame(
        {
            "term": terms,
            "count": counts.sum(axis=1).astype(int),
            "agencies": (counts > 0).sum(axis=1),
            "dispersion": dispersion,
        }
    ).merge(first, on="term")
    return table.sort_values(["count", "term"], ascending=[False, True]).reset_index(drop=True)


def keyness(
    sentences: Sentences,
    *,
    by: str,
    first: object,
    second: object,
    stop: frozenset[str] | None = None,
    min_agencies: int = 2,
    prior: float = 500.0,
    seed: int = 0,
) -> Table:
    """Rank the words that set one group apart from another: log-odds with an informative Dirichlet prior.

    For word w with counts y₁, y₂ in groups of n₁, n₂ words and prior counts α = `prior` · (its share of
    both):

        δ = log (y₂ + α) / (n₂ + α₀ − y₂ − α) − log (y₁ + α) / (n₁ + α₀ − y₁ − α),    σ² ≈ 1/(y₂ + α) +
        1/(y₁ + α)

    with α₀ = `prior` (Monroe, Colaresi & Quinn 2008, eqs. 16, 19 and 22). σ takes words as independent, which
    they are not within an agency: `z_agency` divides δ by its bootstrap deviation over agencies where that is
    larger than σ, and is the one to trust. A word that one agency alone uses is a name, not a difference:
    `min_agencies`.

    Args:
        sentences: `sentences` rows with `tokens` and the column `by`; preambles are left out.
        by: Column that holds the groups.
        first: The group compared with; None takes all others.
        second: The group of interest.
        stop: Words to leave out; the bundled list by default.
        min_agencies: Fewest agencies that use the word, in both groups together.
        prior: Weight of the prior, in words.
        seed: Of the bootstrap.

    Returns:
        One row per word: `term, log_odds` (> 0: the word of `second`), `z, z_agency, count_first,
        count_second, agencies, example_id, example`, the words of `second` first.

    Raises:
        SchemaError: A column is missing.
        MeasureError: A group has no word.
    """
    if by not in sentences.columns:
        raise SchemaError(f"sentences lack {by}; they have {', '.join(sentences.columns)}")
    in_second = sentences[by] == second
    in_first = ~in_second if first is None else sentences[by] == first
    kept = sentences[in_first | in_second].assign(_second=in_second)
    counts, terms, units, example = _count(kept, stop, 2, split="_second")
    side = np.array([second_side for _, second_side in units])
    if side.all() or not side.any():
        raise MeasureError(f"both groups need words; have only {second if side.all() else first}")
    agencies, agency_of = np.unique(np.array([str(a) for a, _ in units]), return_inverse=True)
    users = np.stack([counts[:, agency_of == k].sum(axis=1) > 0 for k in range(len(agencies))]).sum(axis=0)
    keep = users >= min_agencies
    counts, terms, users = counts[keep], [t for t, k in zip(terms, keep, strict=True) if k], users[keep]
    if not len(terms):
        raise MeasureError(f"no word is used by {min_agencies} agencies")
    if len(terms) < 2:
        raise MeasureError(f"the only word is {terms[0]}; shares of words need two")
    second_counts, first_counts = counts[:, side].sum(axis=1), counts[:, ~side].sum(axis=1)
    delta, sigma = _log_odds(second_counts, first_counts, prior)
    drawn = np.random.default_rng(seed).multinomial(len(agencies), [1 / len(agencies)] * len(agencies), 200)
    draws = drawn.astype(float)[:, agency_of]
    sample = np.stack([_log_odds(counts @ (w * side), counts @ (w * ~side), prior)[0] for w in draws])
    table = pd.DataFrame(
        {
            "term": terms,
            "log_odds": delta,
            "z": delta / sigma,
            "z_agency": delta / np.maximum(sample.std(axis=0, ddof=1), sigma),
            "count_first": first_counts.astype(int),
            "count_second": second_counts.astype(int),
            "agencies": users,
        }
    ).merge(example, on="term")
    return table.sort_values(["z_agency", "term"], ascending=[False, True]).reset_index(drop=True)


def _log_odds(second: Vector, first: Vector, prior: float) -> tuple[Vector, Vector]:
    """Return δ and σ of the formula in `keyness`."""
    together = second + first
    alpha = np.maximum(prior * together / max(together.sum(), 1.0), 1e-12)
    y2, y1 = second + alpha, first + alpha
    n2, n1 = second.sum() + prior, first.sum() + prior
    return np.log(y2 / (n2 - y2)) - np.log(y1 / (n1 - y1)), np.sqrt(1 / y2 + 1 / y1)


def _count(
    sentences: Sentences, stop: frozenset[str] | None, min_length: int, split: str | None = None
) -> tuple[Vector, list[str], list[tuple[object, object]], Table]:
    """Return counts (terms × units), terms, units (agency, side) and each term's first sentence."""
    missing = [
        c for c in ("sentence_id", "agency", "section", "tokens", "text") if c not in sentences.columns
    ]
    if missing:
        raise SchemaError(f"sentences lack {', '.join(missing)}; they have {', '.join(sentences.columns)}")
    left_out = stop_words() if stop is None else stop
    kept = sentences[~sentences["section"].isin(UNCOUNTED_SECTIONS)]
    long = kept.assign(
        agency=kept["agency"].astype(object).fillna("").astype(str), _side=kept[split] if split else False
    )
    long = (
        long[["sentence_id", "agency", "_side", "tokens"]]
        .assign(row=np.arange(len(long)))
        .explode("tokens")
        .rename(columns={"tokens": "term"})
    )
    long = long[long["term"].notna()]
    usable = long["term"].map(lambda t: len(t) >= min_length and t.isalpha() and t not in left_out)
    long = long[usable.astype(bool)]
    if long.empty:
        raise MeasureError("no word is left to count")
    codes, terms = pd.factorize(long["term"], sort=True)
    units = pd.MultiIndex.from_frame(long[["agency", "_side"]])
    unit_codes, unit_names = pd.factorize(units, sort=True)
    counts = np.zeros((len(terms), len(unit_names)))
    np.add.at(counts, (codes, unit_codes), 1)
    first = long.drop_duplicates("term")[["term", "sentence_id", "row"]]
    first = first.assign(row=kept["text"].to_numpy()[first["row"].to_numpy(int)])
    first.columns = ["term", "example_id", "example"]
    return counts, list(terms), list(unit_names), first
