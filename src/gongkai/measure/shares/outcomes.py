"""The outcomes of any number of sentences, added up by group and report: what `compare` and `trend` rest on.

Neither looks at a sentence alone: of a cluster they need how many sentences it has, the sum of their
outcomes, and how many lie above one half.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gongkai.errors import MeasureError
from gongkai.measure.inference.estimate import dsl_outcomes
from gongkai.measure.inference.intervals import FEWEST
from gongkai.measure.inference.sums import SCALE, counted_sentences, group_joins, of_batches, sentences_sql
from gongkai.measure.shares.prevalence import (
    coded_rows,
    codes_and_scores,
    gold_of,
    is_inside,
    sentence_outcomes,
)
from gongkai.store.steps import Steps, Tables
from gongkai.tables.columns import as_columns
from gongkai.tables.predicted import INDICATOR, predictions_in
from gongkai.tables.query import arrow_of, literals, put, quoted, session
from gongkai.tables.schema import Labels, Predictions, Table
from gongkai.tables.scheme.codebook import Codebook

if TYPE_CHECKING:
    import duckdb

    Vector = np.ndarray[Any, np.dtype[Any]]

ABOUT = ("agency", "report_id", "year", "section", "heading")
SUMS = ("sentences", "outcome", "above")


def outcomes(
    predictions: Predictions | str | Path,
    labels: Labels | None = None,
    *,
    by: Sequence[str] | None = None,
    reports: Table | None = None,
    codebook: Codebook | None = None,
    steps: Steps | None = None,
) -> Table:
    """Return the outcome of each sentence, or their sums by group: for `compare`, `trend`, or a regression.

    Without labels an outcome is what is predicted, 0 or 1. With a coded sample it is corrected: score +
    (code − score) / inclusion where coded, the score elsewhere. It is no share then: single values lie
    outside [0, 1]; their means, and coefficients of linear models with standard errors clustered by agency,
    are unbiased (Egami et al. 2023).

    Args:
        predictions: `predictions` rows of one model; with `by` also a folder that `predict` wrote, of any
            size. What stands in sections that are not counted is left out.
        labels: `labels` rows by one annotator, with the column `inclusion`; sentences the model was not
            trained on.
        by: Sum up by groups of these columns (none: `[]`): of the predictions or of `reports`, `province` or
            `city`. Unless given a row per sentence.
        reports: One row per `report_id`: `reports`, or what `with_covariates` made of it; with `by`.
        codebook: See `prevalence`.
        steps: Whose threads sum up, or who sums up batches of parts elsewhere; see `store.steps`.

    Returns:
        Without `by` one row per sentence and label, with the report columns and `outcome`. Of a class of a
        choice `label` is `label=class`; corrected, a derived measure is its labels joined by `+` (whether a
        sentence has all of them).
        With `by` one row per label, group and report: its columns, `agency, report_id, year`; `sentences`,
        how many they are, `outcome`, the sum over them, `above`, how many outcomes lie above one half.
        A group that is one agency with fewer than three reports has a row for each passage of a report
        (`section, heading`, else null).

    Raises:
        SchemaError: A column is missing.
        MeasureError: See `prevalence`; or there is no sentence to count, or a folder and no `by`.
    """
    if by is None:
        if isinstance(predictions, str | Path):
            raise MeasureError("the outcomes of a folder are summed up: by=[] or columns that define groups")
        return sentence_outcomes(predictions, labels, codebook)
    by = as_columns(by)
    with session(jobs=None if steps is None else steps.jobs) as db:
        scheme, columns, batches = predictions_in(db, predictions, codebook)
        (models,) = db.sql("SELECT count(DISTINCT model) FROM predictions").fetchall()[0]
        if models != 1:
            raise MeasureError(f"the outcome is of one model, not of {models}")
        joins, keys, joined = group_joins(db, by, columns, reports)
        if labels is None:
            sources = [_counted_sql(batch, scheme, keys, joins) for batch in batches]
            for tables in of_batches(db, predictions, sources, _counted, joined, steps):
                put(db, "cells", tables["cells"])
        else:
            gold = gold_of(labels, "dsl")
            joined["wanted"] = arrow_of({"sentence_id": gold["sentence_id"].astype(str).unique().tolist()})
            own = [c for c in by if c in columns]
            sources = [sentences_sql(batch, scheme, [*own, *ABOUT], keys, joins) for batch in batches]
            make = functools.partial(_scored, scheme=scheme, count=len(keys))
            _correct(db, scheme, gold, of_batches(db, predictions, sources, make, joined, steps), len(keys))
        found = _folded(db, by)
    if found.empty:
        raise MeasureError(f"no sentence to count outside {', '.join(scheme.uncounted_sections)}")
    return found


def _counted_sql(batch: str, scheme: Codebook, keys: Sequence[str], joins: str) -> str:
    """Return the query for the cells of what is predicted, yes or no."""
    named = ", ".join([*(f"{key} AS k{i}" for i, key in enumerate(keys)), *(f"p.{c} AS {c}" for c in ABOUT)])
    hits = f"count_if(p.predicted::BOOLEAN) * {SCALE}::HUGEINT"
    return (
        f"SELECT {INDICATOR} AS label, "
        f"{named}, count(*) AS sentences, {hits} AS outcome, count_if(p.predicted::BOOLEAN) AS above "
        f"FROM {batch} p{joins} "
        f"WHERE coalesce(p.section::VARCHAR, '') NOT IN ({literals(scheme.uncounted_sections)}) GROUP BY ALL"
    )


def _counted(db: duckdb.DuckDBPyConnection, source: str) -> Tables:
    return {"cells": db.sql(source).to_arrow_table()}


def _scored(db: duckdb.DuckDBPyConnection, source: str, *, scheme: Codebook, count: int) -> Tables:
    """Return the cells of the scores of a batch, its coded sentences, and how many it has in all."""
    counted_sentences(db, source, scheme)
    named = ", ".join([*(f"k{i}" for i in range(count)), *ABOUT])
    at = {name: k for k, name in enumerate(scheme.indicators)}
    scores = ", ".join(f"s{k} AS {quoted(f'_score_{name}')}" for name, k in at.items())
    cells = []
    for quantity in scheme.quantities:
        score = " * ".join(["1.0", *(f"s{at[n]}" for n in quantity.top)])
        inside = f"section IN ({literals(quantity.sections)})" if quantity.sections else "true"
        cells.append(
            f"(SELECT {literals([quantity.label])} AS label, {named}, count(*) AS sentences, "
            f"sum(CAST(round(({score}) * {SCALE}) AS BIGINT)) AS outcome, "
            f"count_if({score} > 0.5) AS above "
            f"FROM s WHERE {inside} GROUP BY ALL)"
        )
    queries = {
        "cells": " UNION ALL ".join(cells),
        "total": "SELECT count(*) AS sentences, count_if(seen)::BIGINT AS seen FROM s",
        "coded": f"SELECT sentence_id, seen, {named}, {scores} FROM s SEMI JOIN wanted USING (sentence_id)",
    }
    return {name: db.sql(query).to_arrow_table() for name, query in queries.items()}


def _correct(
    db: duckdb.DuckDBPyConnection, scheme: Codebook, gold: Labels, batches: Iterable[Tables], count: int
) -> None:
    """Make `cells` of scores, and of the coded sentences' corrections."""
    totals, coded = np.zeros(2, int), []
    for tables in batches:
        put(db, "cells", tables["cells"])
        totals += [tables["total"][c][0].as_py() for c in ("sentences", "seen")]
        coded.append(tables["coded"].to_pandas())
    whole = pd.concat(coded, ignore_index=True)
    found = coded_rows(whole, gold, "dsl", scheme, (int(totals[0]), int(totals[1])))
    for quantity in scheme.quantities:
        rows = found[is_inside(found, quantity)]
        y, f = codes_and_scores(rows, quantity.top)
        outcome = dsl_outcomes(y, f, rows["_inclusion"].to_numpy(float))
        added = rows[[*(f"k{i}" for i in range(count)), *ABOUT]].assign(
            label=quantity.label, sentences=0, above=(outcome > 0.5).astype(int) - (f > 0.5),
            outcome=np.round((outcome - f) * SCALE).astype(np.int64),
        )  # fmt: skip
        db.register("added", arrow_of(added))
        db.execute("INSERT INTO cells BY NAME SELECT * FROM added")


def _folded(db: duckdb.DuckDBPyConnection, by: Sequence[str]) -> Table:
    """Return the cells of reports, of passages where a group is one agency with few reports."""
    keys = [f"k{i}" for i in range(len(by))]
    about = [c for c in ABOUT if c not in by]
    passages = [c for c in about if c in ("section", "heading") and "report_id" not in by]
    # Counts of different values cannot be laid out on disk, different rows can.
    of = ", ".join(["label", *keys])
    each = f"SELECT DISTINCT {of}, coalesce(agency::VARCHAR, '') AS of_agency, report_id FROM cells"
    few = f"min(of_agency) = max(of_agency) AND count(report_id) < {FEWEST}"
    same = " AND ".join(["f.label = c.label", *(f"f.{k} IS NOT DISTINCT FROM c.{k}" for k in keys)])
    columns = [f"c.{k} AS {quoted(name)}" for k, name in zip(keys, by, strict=True)]
    columns += [f"c.{c}" for c in about if c not in ("section", "heading")]
    columns += [f"CASE WHEN f.label IS NULL THEN NULL ELSE c.{c} END AS {c}" for c in passages]
    found: Table = (
        db.sql(
            f"SELECT c.label, {', '.join(columns)}, sum(sentences)::DOUBLE AS sentences, "
            f"sum(outcome::HUGEINT)::DOUBLE / {SCALE} AS outcome, sum(above)::DOUBLE AS above "
            f"FROM cells c LEFT JOIN "
            f"(SELECT {of} FROM ({each}) GROUP BY ALL HAVING {few}) f "
            f"ON {same} GROUP BY ALL HAVING sum(sentences) > 0 ORDER BY ALL"
        )
        .to_arrow_table()
        .to_pandas()
    )
    return found


def as_sums(outcomes: Table) -> Table:
    """Return outcomes as sums, whether each row is a sentence's or is one already."""
    if set(SUMS) <= set(outcomes.columns):
        return outcomes
    return outcomes.assign(sentences=1.0, above=(outcomes["outcome"] > 0.5).astype(float))


def sums_of(part: Table, index: Vector, count: int) -> tuple[Vector, Vector, Vector]:
    """Return outcomes, sentences, and outcomes above one half, added up by the number of their cluster."""
    top, size, above = (
        np.bincount(index, part[c].to_numpy(float), count) for c in ("outcome", "sentences", "above")
    )
    return top, size, above
