"""The words of one group against another's: frequencies, distinctive words (keyness), dispersion."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp

from gongkai.errors import MeasureError, SchemaError
from gongkai.measure.wording.grams import coded
from gongkai.store.steps import Laid, Steps, Tables, kept, laid, opened
from gongkai.tables.query import Piece, arrow_of, pieces_of
from gongkai.tables.schema import SCHEMAS, Sentences, Table
from gongkai.tables.scheme.codebook import Codebook
from gongkai.tables.scheme.codebooks import given_or_shipped
from gongkai.text.lexicon import words

if TYPE_CHECKING:
    Vector = np.ndarray[Any, np.dtype[Any]]


AT_A_TIME = 100
"""Words whose dispersion is computed at a time."""


@functools.cache
def stop_words() -> frozenset[str]:
    """Return the bundled stop words: `corpus/lexicon/stopwords.txt`, one a line."""
    return frozenset(words("stopwords"))


def frequencies(
    sentences: Sentences | str | Path,
    *,
    stop: frozenset[str] | None = None,
    min_length: int = 2,
    codebook: Codebook | None = None,
    steps: Steps | None = None,
) -> Table:
    """Count words over agencies.

    Args:
        sentences: `sentences` rows with `tokens`, or a tables folder of any size.
        stop: Words to leave out; the bundled list by default.
        min_length: Characters of the shortest word.
        codebook: Whose uncounted sections are left out; unless given the one that ships, with its preambles.
        steps: Who counts the parts; see `store.steps`.

    Returns:
        One row per word: `term, count, agencies` (that use it), `dispersion` (Gries' DP over agencies,
        Gries 2008: 0 = spread as the text is, 1 = in one small corner), `example_id` and `example` (the
        first sentence with it); ordered by count.

    Raises:
        SchemaError: A column is missing.
        MeasureError: No word is left.
    """
    counts, terms, _, first = _count(sentences, stop, min_length, codebook, steps)
    cuts = [slice(start, start + AT_A_TIME) for start in range(0, len(terms), AT_A_TIME)]
    totals = np.concatenate([counts[cut].sum(axis=1) for cut in cuts])  # of all at once the counts are copied
    sizes = np.sum([counts[cut].sum(axis=0) for cut in cuts], axis=0)
    expected, beyond = sizes / sizes.sum(), np.zeros(len(terms))
    for cut in cuts:
        block = counts[cut]
        here, term = expected[block.indices], np.repeat(np.arange(block.shape[0]), np.diff(block.indptr))
        # Where a word does not stand, it lacks the share that was expected.
        lacking = np.abs(block.data / totals[cut][term] - here) - here
        beyond[cut] = np.bincount(term, lacking, block.shape[0])
    table = pd.DataFrame(
        {
            "term": terms,
            "count": totals.astype(int),
            "agencies": np.diff(counts.indptr),
            "dispersion": (beyond + 1) / 2,
        }
    ).merge(first, on="term")
    return table.sort_values(["count", "term"], ascending=[False, True]).reset_index(drop=True)


def keyness(
    sentences: Sentences | str | Path,
    *,
    by: str,
    first: object,
    second: object,
    stop: frozenset[str] | None = None,
    min_agencies: int = 2,
    prior: float = 500.0,
    seed: int = 0,
    reports: Table | None = None,
    codebook: Codebook | None = None,
    steps: Steps | None = None,
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
        sentences: `sentences` rows with `tokens`, or a tables folder of any size.
        by: Column of the sentences or of `reports` that holds the groups.
        first: The group compared with; None takes all others.
        second: The group of interest.
        stop: Words to leave out; the bundled list by default.
        min_agencies: Fewest agencies that use the word, in both groups together.
        prior: Weight of the prior, in words.
        seed: Of the bootstrap.
        reports: One row per `report_id`: `reports`, or what `with_covariates` made of it.
        codebook: Whose uncounted sections are left out; unless given the one that ships, with its preambles.
        steps: Who counts the parts; see `store.steps`.

    Returns:
        One row per word: `term, log_odds` (> 0: the word of `second`), `z, z_agency, count_first,
        count_second, agencies, example_id, example`, the words of `second` first.

    Raises:
        SchemaError: A column is missing.
        MeasureError: A group has no word.
    """
    split = _split(sentences, by, (first, second), reports, steps)
    counts, terms, units, example = _count(sentences, stop, 2, codebook, steps, split)
    side = np.array([second_side for _, second_side in units])
    if side.all() or not side.any():
        raise MeasureError(f"both groups need words; have only {second if side.all() else first}")
    agencies, agency_of = np.unique(np.array([str(a) for a, _ in units]), return_inverse=True)
    both = sp.csr_array((np.ones(len(units)), (np.arange(len(units)), agency_of)))
    users = np.diff((counts @ both).tocsr().indptr)
    keep = users >= min_agencies
    counts, terms, users = (
        counts[keep].astype(float),
        [t for t, k in zip(terms, keep, strict=True) if k],
        users[keep],
    )
    if not len(terms):
        raise MeasureError(f"no word is used by {min_agencies} agencies")
    if len(terms) < 2:
        raise MeasureError(f"the only word is {terms[0]}; shares of words need two")
    second_counts, first_counts = counts @ side.astype(float), counts @ (~side).astype(float)
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
    # A draw of the bootstrap may hold one word only: what is left for the others is the least of α.
    rest2, rest1 = (np.maximum(n.sum() + prior - y, 1e-12) for n, y in ((second, y2), (first, y1)))
    return np.log(y2 / rest2) - np.log(y1 / rest1), np.sqrt(1 / y2 + 1 / y1)


@dataclass(frozen=True, slots=True)
class _Split:
    """Two groups of sentences by a column of theirs or, with `sides`, of their reports."""

    by: str
    first: Any
    second: Any
    sides: Laid | None = None

    def of(self, piece: pa.Table) -> tuple[Vector, Vector]:
        """Return which rows are in one of the groups, and which in the second."""
        if self.sides is None:
            side = self.number(piece[self.by].to_pandas())
        else:
            known = opened(self.sides)["sides"]
            at = pc.index_in(piece["report_id"].combine_chunks(), known["report_id"].combine_chunks())
            side = pc.fill_null(known["side"].combine_chunks().take(at), int(self.first is None)).to_numpy()
        return side > 0, side > 1

    def number(self, values: pd.Series[Any]) -> Vector:
        """Return the group of each value: 1 the first, 2 the second, 0 neither."""
        in_second = values.eq(self.second).fillna(value=False).to_numpy(bool)
        in_first = np.ones(len(values), bool)
        if self.first is not None:
            in_first = values.eq(self.first).fillna(value=False).to_numpy(bool)
        return np.where(in_second, 2, in_first).astype(np.int8)

    def column(self) -> str:
        """Return the column of the sentences that it needs."""
        return self.by if self.sides is None else "report_id"


def _split(
    sentences: Sentences | str | Path,
    by: str,
    groups: tuple[object, object],
    reports: Table | None,
    steps: Steps | None,
) -> _Split:
    present = sentences.columns if isinstance(sentences, pd.DataFrame) else SCHEMAS["sentences"].names
    split = _Split(by, *groups)
    if by in present:
        return split
    if reports is None or by not in reports.columns:
        raise SchemaError(f"sentences lack {by}; they have {', '.join(map(str, present))}")
    numbers = {"report_id": reports["report_id"], "side": split.number(reports[by])}
    (sides,) = laid(steps, "groups", lambda _: {"sides": arrow_of(numbers)}, [by])
    return replace(split, sides=sides)


def _count(
    sentences: Sentences | str | Path,
    stop: frozenset[str] | None,
    min_length: int,
    codebook: Codebook | None,
    steps: Steps | None,
    split: _Split | None = None,
) -> tuple[sp.csr_array, list[str], list[tuple[str, bool]], Table]:
    """Return counts (terms × units), terms, units (agency, side) and each term's first sentence."""
    uncounted = given_or_shipped(codebook).uncounted_sections
    work = functools.partial(_count_piece, stop=stop, min_length=min_length, uncounted=uncounted, split=split)
    with kept(steps) as given:
        parts = laid(given, "counting words", work, pieces_of(sentences, "sentences"), elsewhere=True)
        return _added_up(list(parts))


def _added_up(parts: Sequence[Laid]) -> tuple[sp.csr_array, list[str], list[tuple[str, bool]], Table]:
    """Add up what parts count, which are read twice: for the names, and to put counts in their places."""
    numbers: dict[str, int] = {}
    units: dict[tuple[str, bool], int] = {}
    examples: list[pa.Table] = []
    numbered: list[tuple[Vector, Vector, Vector]] = []
    for piece in map(opened, parts):
        terms, owners = piece["terms"], piece["units"]
        before = len(numbers)
        of_term = np.array([numbers.setdefault(t, len(numbers)) for t in terms["term"].to_pylist()], np.int32)
        pairs = zip(owners["agency"].to_pylist(), owners["side"].to_pylist(), strict=True)
        of_unit = np.array([units.setdefault(pair, len(units)) for pair in pairs], np.int32)
        examples.append(terms.filter(pa.array(of_term >= before)))
        held = np.bincount(piece["counts"]["term"].to_numpy(), minlength=len(of_term))
        numbered.append((of_term, of_unit, held.astype(np.int32)))
    if not numbers:
        raise MeasureError("no word is left to count")
    first = pa.concat_tables(examples).rename_columns(["term", "example_id", "example"]).to_pandas()
    names, owned = sorted(numbers), sorted(units)
    term_at, unit_at = np.empty(len(names), np.int32), np.empty(len(owned), np.int32)
    term_at[[numbers[t] for t in names]] = np.arange(len(names))
    unit_at[[units[u] for u in owned]] = np.arange(len(owned))
    sizes = np.zeros(len(names), np.int64)
    for of_term, _, held in numbered:
        sizes[term_at[of_term]] += held
    ends = np.concatenate([[0], np.cumsum(sizes)])
    index, counts, place = np.empty(ends[-1], np.int32), np.empty(ends[-1], np.int32), ends[:-1].copy()
    for piece, (of_term, of_unit, held) in zip(map(opened, parts), numbered, strict=True):
        unit, count = (piece["counts"][c].to_numpy() for c in ("unit", "count"))
        rows = term_at[of_term]
        at = np.arange(len(unit)) + np.repeat(place[rows] - (np.cumsum(held) - held), held)  # ordered by term
        index[at], counts[at] = unit_at[of_unit[unit]], count
        place[rows] += held
    starts = ends.astype(np.int32 if ends[-1] < 2**31 else np.int64)  # with long ones all would be long
    whole = sp.csr_array((counts, index, starts), shape=(len(names), len(owned)))
    whole.sum_duplicates()
    inside = np.zeros(len(owned), bool)
    inside[whole.indices] = True
    used = np.flatnonzero(inside)
    if len(used) < len(owned):
        whole = whole[:, used]
    return whole, names, [owned[k] for k in used], first


def _count_piece(
    piece: Piece,
    *,
    stop: frozenset[str] | None,
    min_length: int,
    uncounted: Sequence[str],
    split: _Split | None,
) -> Tables:
    """Count the words of a part: `terms` with a first sentence, `units`, `counts` by the numbers of both."""
    left_out = stop_words() if stop is None else stop
    columns = [
        "sentence_id",
        "agency",
        "section",
        "tokens",
        "text",
        *([] if split is None else [split.column()]),
    ]
    rows = piece.read(list(dict.fromkeys(columns)))
    kept = rows.filter(pc.invert(pc.is_in(rows["section"], pa.array(uncounted, rows["section"].type))))
    side = np.zeros(len(kept), bool)
    if split is not None:
        inside, side = split.of(kept)
        kept, side = kept.filter(pa.array(inside)), side[inside]
    numbers: dict[str, int] = {}
    units: dict[tuple[str, bool], int] = {}

    def number(term: str) -> int:
        used = len(term) >= min_length and term.isalpha() and term not in left_out
        return numbers.setdefault(term, len(numbers)) if used else -1

    agencies = ["" if a is None else str(a) for a in kept["agency"].to_pylist()]
    of_row = [units.setdefault(u, len(units)) for u in zip(agencies, side.tolist(), strict=True)]
    code, length = coded(kept["tokens"].combine_chunks(), number)
    row = np.repeat(np.arange(len(kept)), length)
    first = row[np.unique(code, return_index=True)[1]]
    keys, times = np.unique(
        code.astype(np.int64) * 2**31 + np.array(of_row, np.int64)[row], return_counts=True
    )
    examples = kept.select(["sentence_id", "text"]).take(pa.array(first))
    return {
        "terms": examples.add_column(0, "term", pa.array(list(numbers), pa.string())),
        "units": pa.table({
            "agency": pa.array([agency for agency, _ in units], pa.string()),
            "side": pa.array([second for _, second in units], pa.bool_()),
        }),
        "counts": pa.table({
            "term": (keys >> 31).astype(np.int32),
            "unit": (keys & (2**31 - 1)).astype(np.int32),
            "count": times.astype(np.int32),
        }),
    }  # fmt: skip
