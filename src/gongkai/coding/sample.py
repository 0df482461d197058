"""Draw sentences to code: at random, by strata, or by a model's uncertainty."""

from __future__ import annotations

import contextlib
import numbers
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gongkai.errors import MeasureError
from gongkai.tables.columns import as_columns, refuse_lacking
from gongkai.tables.parts import names_of, read_parts, read_table, read_where
from gongkai.tables.predicted import INDICATOR, keep_pivoted, predictions_in, scheme_of
from gongkai.tables.query import literals, session, table_parts
from gongkai.tables.scheme.codebook import Codebook
from gongkai.tables.scheme.codebooks import given_or_shipped

if TYPE_CHECKING:
    import duckdb

    from gongkai.tables.schema import Predictions, Sentences, Table

    Vector = np.ndarray[Any, np.dtype[Any]]


def draw(
    sentences: Sentences | str | Path,
    n: int,
    *,
    by: Sequence[str] = (),
    predictions: Predictions | str | Path | None = None,
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
        sentences: `sentences` rows, or a tables folder of any size; what the codebook does not count, or
            gives no label, is not drawn.
        n: How many.
        by: Columns that make strata, e.g. `("section", "year")`, of a folder also those of its reports; with
            `predictions` also labels of the scheme.
        predictions: `predictions` rows of one model for these sentences, or a folder of them.
        seed: Of the draw.
        codebook: The scheme; the one that ships unless given.

    Returns:
        The drawn rows, in the order of the reports, with `inclusion` in (0, 1]; of a folder also with
        `before`, the text before each in its report, and its report's `kind` and `level`.

    Raises:
        MeasureError: There are fewer sentences than n, more strata than n, no such column or label, or a
            sentence without a prediction.
    """
    scheme = given_or_shipped(codebook)
    by = as_columns(by)
    if not isinstance(n, numbers.Integral):
        raise MeasureError(f"cannot draw {n} sentences; expected a whole number")
    generator = np.random.default_rng(seed)
    with contextlib.nullcontext() if predictions is None else session() as db:
        pool, places = _pool(sentences, by, scheme, db)
        if not 0 < n <= len(places):
            raise MeasureError(f"cannot draw {n} of {len(places)} sentences")
        if by:
            marked = _with_predicted(pool, by, predictions, codebook, db)
            chosen, inclusion = _stratified(marked, n, list(by), generator)
        elif predictions is not None:
            chosen, inclusion = _uncertain(db, pool["_text"], n, predictions, generator, codebook)
        else:
            chosen = generator.choice(len(places), n, replace=False)
            inclusion = np.full(n, n / len(places))
    order = np.argsort(chosen, kind="stable")
    rows = _whole(sentences, places[chosen[order]])
    return rows.assign(inclusion=inclusion[order]).reset_index(drop=True)


SHEET = (
    "sentence_id", "source_id", "kind", "agency", "year", "text", "nearest", "source_agency", "source_year",
    "source_text",
)  # fmt: skip
"""Columns of pairs that a reader sees: not what the search made of them."""


def draw_pairs(pairs: Table, n: int, *, by: Sequence[str] = (), seed: int = 0) -> Table:
    """Draw pairs of sentences to read: promises and what may have become of them, or copies.

    Args:
        pairs: What `followup` gave, or `copied`.
        n: How many rows.
        by: Columns that make strata, e.g. `("kind", "outcome")`: the same number from each as far as it has
            that many.
        seed: Of the draw.

    Returns:
        The drawn rows in their order, of their columns those that a reader needs, with `inclusion`, the
        probability in (0, 1] with which each was drawn, and an empty `checked` to fill in: an outcome of
        `followup`; of a copy 1 or 0. `followup_shares` and `copied_shares` correct by it.

    Raises:
        MeasureError: There are fewer rows than n, more strata than n, or no such column.
    """
    refuse_lacking("the pairs", pairs, ("sentence_id", "kind", "text", *as_columns(by)))
    if not 0 < n <= len(pairs):
        raise MeasureError(f"cannot draw {n} of {len(pairs)} pairs")
    pool = pairs.reset_index(drop=True).assign(_all=0)
    chosen, inclusion = _stratified(pool, n, as_columns(by) or ["_all"], np.random.default_rng(seed))
    order = np.argsort(chosen)
    rows = pool.iloc[chosen[order]][[c for c in SHEET if c in pool.columns]]
    return rows.assign(inclusion=inclusion[order], checked=None).reset_index(drop=True)


def _pool(
    sentences: Sentences | str | Path,
    by: Sequence[str],
    scheme: Codebook,
    db: duckdb.DuckDBPyConnection | None,
) -> tuple[Table, Vector]:
    """Return of all sentences that may be drawn their strata, as categories, and their places.

    In a connection they are the table `pool`: `place` and a number for each `id`. Without strata they have
    `_text`, a number for equal ones.
    """
    kept: list[pa.Table] = []
    places = [np.zeros(0, np.int32)]
    for rows, at in _drawable(sentences, by, scheme, texts=db is not None and not by):
        found = {c: rows[c].combine_chunks().dictionary_encode() for c in by if c in rows.schema.names}
        if db:
            here = np.arange(len(at)) + sum(map(len, places))
            db.register("drawable", pa.table({"place": here, "sentence_id": rows["sentence_id"]}))
            pool = "SELECT place::INTEGER AS place, hash(sentence_id::VARCHAR) AS id FROM drawable"
            db.execute(f"INSERT INTO pool {pool}" if kept else f"CREATE TABLE pool AS {pool}")
        if db and not by:
            masked = rows["text"].to_pandas().str.replace(r"\d+", "0", regex=True)
            found = {"_text": pd.util.hash_pandas_object(masked, index=False).to_numpy()}
        kept.append(pa.table(found))
        places.append(at)
    made: Table = pa.concat_tables(kept).unify_dictionaries().to_pandas()
    strata = [c for c in made.columns if c != "_text"]
    ordered = {c: made[c].cat.reorder_categories(sorted(made[c].cat.categories)) for c in strata}
    return made.assign(**ordered), np.concatenate(places)


def _drawable(
    sentences: Sentences | str | Path, by: Sequence[str], scheme: Codebook, *, texts: bool
) -> Iterator[tuple[pa.Table, Vector]]:
    """Yield the sentences that may be drawn, part by part, with what strata are made of, and their places."""
    of_report: list[str] = []
    if isinstance(sentences, str | Path):
        names = names_of(sentences, "sentences")
        of_report = [c for c in set(by) - set(names) if c in names_of(sentences, "reports")]
        reports = pa.Table.from_pandas(read_table(sentences, "reports", ["report_id", *of_report]))
    else:
        names = list(sentences.columns)
    wanted = ["sentence_id", "report_id", "section", *(["text"] if texts else []), *by]
    of_labels = pa.array([s for label in scheme.labels for s in label.sections], pa.string())
    start = 0
    for part in table_parts(sentences, "sentences", [c for c in dict.fromkeys(wanted) if c in names]):
        inside = pc.invert(pc.is_in(part["section"], pa.array(scheme.uncounted_sections, pa.string())))
        if all(label.sections for label in scheme.labels):
            inside = pc.and_(inside, pc.is_in(part["section"], of_labels))
        rows = part.filter(inside)
        for column in of_report:
            report = pc.index_in(rows["report_id"], reports["report_id"].combine_chunks())
            rows = rows.append_column(column, reports[column].take(report))
        yield rows, (start + np.flatnonzero(inside)).astype(np.int32)
        start += len(part)


def _whole(sentences: Sentences | str | Path, places: Vector) -> Table:
    """Return the drawn sentences whole; of a folder with the text before, and of their reports."""
    if not isinstance(sentences, str | Path):
        return sentences.iloc[places]
    drawn, start = [], 0
    for part in read_parts(sentences, "sentences", ["sentence_id", "report_id"]):
        here = places[(places >= start) & (places < start + len(part))] - start
        drawn.append(part.take(pa.array(here)))
        start += len(part)
    ids = pa.concat_tables(drawn)
    rows = read_where(sentences, "sentences", [("report_id", "in", ids["report_id"].unique().to_pylist())])
    rows = rows.assign(before=rows.groupby("report_id")["text"].shift(fill_value=""))
    rows = rows[rows["sentence_id"].isin(ids["sentence_id"].to_pandas())]
    reports = read_table(sentences, "reports", ["report_id", "kind", "level"])
    return rows.merge(reports, on="report_id", validate="many_to_one")


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
    pool: Table,
    by: Sequence[str],
    predictions: Predictions | str | Path | None,
    codebook: Codebook | None,
    db: duckdb.DuckDBPyConnection | None,
) -> Table:
    """Return the sentences with a column for each name in `by`; of a label it holds what is predicted."""
    wanted = [name for name in by if name not in pool.columns]
    if not wanted:
        return pool
    scheme = given_or_shipped(codebook) if predictions is None else scheme_of(predictions, codebook)
    known = {label.name: label.indicators for label in scheme.labels} | {i: (i,) for i in scheme.indicators}
    if strange := [name for name in wanted if name not in known]:
        raise MeasureError(f"no column or label '{strange[0]}' to draw by; labels: {', '.join(known)}")
    if predictions is None or db is None:
        raise MeasureError(f"to draw by the label {wanted[0]} give predictions")
    classes = {name: ["", *sorted(known[name])] for name in wanted}
    of = [f"list_position([{literals(classes[name][1:])}], {INDICATOR})" for name in wanted]
    chosen = [
        f"coalesce(max({at}) FILTER (WHERE predicted::BOOLEAN), 0)::TINYINT AS c{k}"
        for k, at in enumerate(of)
    ]
    predictions_in(db, predictions, codebook)
    found = db.sql(
        f"SELECT {', '.join(chosen)}, count(label) = 0 AS lacks FROM pool LEFT JOIN predictions p "
        "ON id = hash(p.sentence_id::VARCHAR) GROUP BY place ORDER BY place"
    ).fetchnumpy()
    _refuse_unpredicted(int(found["lacks"].sum()))
    codes = {name: np.asarray(found[f"c{k}"], np.int8) for k, name in enumerate(wanted)}
    return pool.assign(**{c: pd.Categorical.from_codes(codes[c], pd.Index(classes[c])) for c in wanted})


def _refuse_unpredicted(missing: int) -> None:
    if missing:
        raise MeasureError(f"{missing} sentences have no prediction; predict the same tables first")


def _stratified(pool: Table, n: int, by: list[str], generator: np.random.Generator) -> tuple[Vector, Vector]:
    strata = [
        np.asarray(pool.index.get_indexer(g.index))
        for _, g in pool.groupby(by, dropna=False, sort=True, observed=True)
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
    db: duckdb.DuckDBPyConnection,
    texts: pd.Series[int],
    n: int,
    predictions: Predictions | str | Path,
    generator: np.random.Generator,
    codebook: Codebook | None,
) -> tuple[Vector, Vector]:
    """Draw by Poisson sampling with pi = random share + share by uncertainty; the size is n on average."""
    scheme = scheme_of(predictions, codebook)
    names = [f"s{k}" for k in range(len(scheme.indicators))]
    keep_pivoted(db, predictions, scheme, "pool")
    found = db.sql(
        f"SELECT {', '.join(names)} FROM pool LEFT JOIN kept ON id = hash(sentence_id) ORDER BY place"
    ).fetchnumpy()
    p = np.stack([np.ma.filled(found[name].astype(float), np.nan) for name in names], axis=1)
    if len(p) != len(texts):
        raise MeasureError("several models predicted these sentences; draw by the doubt of one")
    _refuse_unpredicted(int(np.isnan(p).any(axis=1).sum()))
    doubt = (1 - 2 * np.abs(p - 0.5)).max(axis=1) + 1e-3
    _, text, shared = np.unique(texts.to_numpy(), return_inverse=True, return_counts=True)
    doubt = doubt / shared[text]  # texts that many share are drawn once or so
    pi = np.full(len(p), n / 2 / len(p)) + n / 2 * doubt / doubt.sum()
    pi = np.clip(pi, 0, 1)
    chosen = np.flatnonzero(generator.random(len(p)) < pi)
    return chosen, pi[chosen]
