"""Predictions of any number of sentences → sums per group and unit, and the coded sentences one by one.

DuckDB reads a frame, or the Parquet parts of a folder some at a time, and lays out on disk what does not fit
into a session's memory. Scores are added as whole numbers of 2⁻⁴⁰, so that no sum depends on its order.
"""

from __future__ import annotations

import contextlib
import functools
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from gongkai.errors import MeasureError, SchemaError
from gongkai.measure.inference.groups import PLACES, with_places
from gongkai.measure.inference.intervals import FEWEST
from gongkai.store.steps import Laid, Steps, Tables, laid, opened, taken
from gongkai.tables.columns import refuse_lacking
from gongkai.tables.predicted import FROM_REPORTS, check_pivoted, pivot_sql, predictions_in
from gongkai.tables.query import arrow_of, literals, put, quoted, see, session
from gongkai.tables.schema import Predictions, Table
from gongkai.tables.scheme.codebook import Codebook, Quantity

if TYPE_CHECKING:
    import duckdb

    Vector = np.ndarray[Any, np.dtype[Any]]

logger = logging.getLogger(__name__)

SCALE = 2**40
CHUNK = 100_000
"""Units in the hand at a time."""


@dataclass(frozen=True, slots=True)
class Groups:
    """The sentences of a run of groups, each of one model, as sums.

    Attributes:
        first: Number of the first of them, as in `Sums.coded`; the others follow.
        keys: Of each group its model, then the values of the `by` columns; None where not found.
        far: Shares of their sentences that are unlike the model's training text.
        kinds: What counts as one draw in each: agency, report or passage.
        of: Place among them of the group that each unit is of, ascending.
        units: Number of each unit, ascending within a group.
        strata: Number of the stratum that each unit is drawn in, from 0.
        n: Sentences of each unit that each quantity is about: units × quantities.
        sums: Sums of top and bottom: units × quantities × 2.
        products: Sums of top², top · bottom and bottom² over all units of a group, of scores only: groups ×
            quantities × 2 × 2.
    """

    first: int
    keys: list[tuple[object, ...]]
    far: list[float]
    kinds: list[str]
    of: Vector
    units: Vector
    strata: Vector
    n: Vector
    sums: Vector
    products: Vector


@dataclass(frozen=True, slots=True)
class Sums:
    """What an estimate needs of all predictions; lives as long as its connection.

    Attributes:
        scheme: Their codebook.
        models: Names of the models.
        sentences: How many are counted.
        seen: How many of these the model learned from.
        coded: The sentences that were asked for: `sentence_id, section, seen`, `number` of their group, their
            unit of each kind as `agency, report, passage`, and for the k-th indicator the decision `dk` and
            the score `sk`.
    """

    scheme: Codebook
    models: tuple[str, ...]
    sentences: int
    seen: int
    coded: Table
    _db: duckdb.DuckDBPyConnection
    _schema: str

    def keys(self, by: Sequence[str]) -> Table:
        """Return `model` and the `by` columns of the groups in order, None where not found."""
        names = ["model", *(f"k{i}" for i in range(len(by)))]
        rows = self._db.sql(f"SELECT {', '.join(names)} FROM {self._schema}.keys ORDER BY number").fetchall()
        columns = zip(*rows, strict=True)
        found: Table = arrow_of(dict(zip(["model", *by], columns, strict=True))).to_pandas()
        return found

    def groups(self) -> Iterator[Groups]:
        """Yield the groups, many at a time, ordered by model and the `by` columns, what is not found last."""
        self._db.execute(f"USE {self._schema}")
        about = self._db.sql("SELECT * EXCLUDE (g, number) FROM keys ORDER BY number").fetchall()
        count = len(self.scheme.quantities)
        for number, units, strata, *values in _whole(self._db.sql(_ORDERED).to_arrow_reader(CHUNK)):
            first, last = int(number[0]), int(number[-1])
            sums = np.stack(values, axis=1).reshape(len(units), count, -1)
            products = np.zeros((last - first + 1, count, 2, 2))
            if sums.shape[2] > 3:
                np.add.at(products, number - first, sums[:, :, [[3, 4], [4, 5]]])
            kinds, far, *key = zip(*about[first : last + 1], strict=True)
            yield Groups(
                first, list(zip(*key, strict=True)), list(far), list(kinds), number - first, units,
                np.unique(strata, return_inverse=True)[1], sums[:, :, 0], sums[:, :, 1:3], products,
            )  # fmt: skip


_ORDERED = "SELECT * FROM merged ORDER BY number, unit, stratum"


def _whole(batches: Any) -> Iterator[list[Vector]]:  # noqa: ANN401
    """Cut ordered rows anew, so that rows alike in their first column stay together; yield the columns."""
    kept: list[Vector] = []
    for batch in batches:
        columns = [column.to_numpy(zero_copy_only=False) for column in batch.columns]
        if kept:
            columns = [np.concatenate(pair) for pair in zip(kept, columns, strict=True)]
        if not len(columns[0]):
            continue
        end = int(np.searchsorted(columns[0], columns[0][-1]))
        if end:
            yield [column[:end] for column in columns]
        kept = [column[end:] for column in columns]
    if kept:
        yield kept


@contextlib.contextmanager
def summed(
    predictions: Predictions | str | Path,
    groupings: Sequence[Sequence[str]],
    *,
    cluster: str = "auto",
    scores: bool = False,
    coded: Sequence[str] = (),
    reports: Table | None = None,
    codebook: Codebook | None = None,
    steps: Steps | None = None,
) -> Iterator[list[Sums]]:
    """Sum predictions per model, group and unit for each of several groupings, in one pass.

    Args:
        predictions: `predictions` rows, or a folder of them.
        groupings: For each the columns of the predictions or of `reports`, `province` or `city`.
        cluster: `agency`, `report`, `passage`; `auto` as in `prevalence`.
        scores: Sum scores, not decisions.
        coded: Ids of sentences to return whole.
        reports: One row per `report_id` with further columns.
        codebook: The scheme; unless given, what the predictions show.
        steps: Whose threads sum up, or who sums up batches of parts elsewhere; see `store.steps`.

    Raises:
        SchemaError: A column is missing, or a label is not of the codebook.
        MeasureError: A sentence lacks a prediction, or has one twice; no sentence is left to count.
    """
    with session(jobs=None if steps is None else steps.jobs) as db:
        scheme, columns, batches = predictions_in(db, predictions, codebook)
        every = list(dict.fromkeys(c for by in groupings for c in by))
        joins, keys, joined = group_joins(db, every, columns, reports)
        own = [c for c in every if c in columns]
        joined["wanted"] = arrow_of({"sentence_id": list(coded)})
        for k in range(len(groupings)):
            db.execute(f"CREATE SCHEMA grouping{k}")
        total = np.zeros(2)
        passages = any(_finest(by, cluster) == "passage" for by in groupings)
        sources = [sentences_sql(b, scheme, own, keys, joins, passages=passages) for b in batches]
        make = functools.partial(
            _sums_of, scheme=scheme, groupings=groupings, every=every, cluster=cluster, scores=scores
        )
        for tables in of_batches(db, predictions, sources, make, joined, steps):
            total += np.array([tables["total"][c][0].as_py() for c in ("sentences", "seen")], float)
            for k in range(len(groupings)):
                db.execute(f"USE grouping{k}")
                for name in ("keys_", "units", "chosen"):
                    put(db, name, tables[f"{name}{k}"])
        if not total[0]:
            raise MeasureError(f"no sentence to count outside {', '.join(scheme.uncounted_sections)}")
        found = []
        for k, by in enumerate(groupings):
            db.execute(f"USE grouping{k}")
            _merge(db, by, cluster, len(scheme.quantities), scores=scores)
            models = db.sql("SELECT DISTINCT model FROM keys ORDER BY model").fetchall()
            chosen = db.sql(
                "SELECT c.* EXCLUDE (g), number FROM chosen c JOIN keys USING (g) ORDER BY sentence_id"
            )
            found.append(
                Sums(
                    scheme, tuple(row[0] for row in models), int(total[0]), int(total[1]), chosen.df(), db,
                    f"grouping{k}",
                )
            )  # fmt: skip
        yield found


def _sums_of(
    db: duckdb.DuckDBPyConnection,
    source: str,
    *,
    scheme: Codebook,
    groupings: Sequence[Sequence[str]],
    every: Sequence[str],
    cluster: str,
    scores: bool,
) -> Tables:
    """Return what a batch adds: `total`, and for the k-th grouping `keys_k`, `unitsk` and `chosenk`."""
    counted_sentences(db, source, scheme)
    found = {
        "total": db.sql(
            "SELECT count(*) AS sentences, count_if(seen)::BIGINT AS seen FROM s"
        ).to_arrow_table()
    }
    for k, by in enumerate(groupings):
        db.execute(f"CREATE OR REPLACE TEMP VIEW t AS {_grouped_sql(by, every)}")
        for name, query in _queries(scheme, by, cluster, scores=scores).items():
            found[f"{name}{k}"] = db.sql(query).to_arrow_table()
    return found


def counted_sentences(db: duckdb.DuckDBPyConnection, source: str, scheme: Codebook) -> None:
    """Make the sentences of a batch, `sentences_sql`, that are counted the table `s`.

    Raises:
        MeasureError: One lacks a prediction, or has it twice.
    """
    db.execute(f"CREATE OR REPLACE TEMP TABLE s AS {source}")
    check_pivoted(db, "s", scheme)
    db.execute(f"DELETE FROM s WHERE section IN ({literals(scheme.uncounted_sections)})")


def of_batches(
    db: duckdb.DuckDBPyConnection,
    predictions: Predictions | str | Path,
    sources: Sequence[str],
    make: Callable[[duckdb.DuckDBPyConnection, str], Tables],
    joined: Tables,
    steps: Steps | None,
) -> Iterator[Tables]:
    """Yield what a function gives of each batch of predictions: in a connection with the tables they join.

    In this process it is `db`, with its threads; where an executor runs the steps each opens its own.
    """
    for name, table in joined.items():
        db.register(name, table)
    if steps is not None and steps.executor is not None:
        if isinstance(predictions, str | Path):
            (given,) = laid(steps, "columns to join", lambda _: joined, [None])
            work = functools.partial(_elsewhere, predictions=predictions, make=make, joined=given)
            yield from taken(steps, "summing up", work, sources)
            return
        logger.warning(
            "predictions in one file are summed up in this process; a cluster needs a folder of them"
        )
        steps = replace(steps, executor=None)
    yield from taken(steps, "summing up", functools.partial(make, db), sources, threaded=True)


def _elsewhere(
    source: str,
    *,
    predictions: str | Path,
    make: Callable[[duckdb.DuckDBPyConnection, str], Tables],
    joined: Laid,
) -> Tables:
    with session(jobs=1) as db:
        see(db, predictions)
        for name, table in opened(joined).items():
            db.register(name, table)
        return make(db, source)


def group_joins(
    db: duckdb.DuckDBPyConnection, by: Sequence[str], columns: Sequence[str], reports: Table | None
) -> tuple[str, list[str], Tables]:
    """Return the joins that the `by` columns need, where each comes from, and the tables that are joined."""
    if reports is not None:
        refuse_lacking("reports", reports, ("report_id",))
    own = [] if reports is None else [str(c) for c in reports.columns]
    source = dict.fromkeys(PLACES, "places") | dict.fromkeys(own, "reports") | dict.fromkeys(columns, "p")
    if missing := [c for c in by if c not in source]:
        known = dict.fromkeys([*columns, *own, *PLACES])
        hint = "" if own else "; a column of the reports comes with reports= (--tables FOLDER)"
        raise SchemaError(f"predictions lack {', '.join(missing)}; they have {', '.join(known)}{hint}")
    joins, joined = "", dict[str, pa.Table]()
    if reports is not None and (wanted := [c for c in by if source[c] == "reports"]):
        joined["reports"] = arrow_of(reports[["report_id", *wanted]].drop_duplicates("report_id"))
        joins += " LEFT JOIN reports ON reports.report_id = p.report_id::VARCHAR"
    if any(source[c] == "places" for c in by):
        year = "try_cast(year AS INTEGER)"
        codes = db.sql(
            f"SELECT DISTINCT region_code::VARCHAR AS region_code, {year} AS year FROM predictions"
        )
        joined["places"] = arrow_of(with_places(codes.df()))
        joins += (
            " LEFT JOIN places ON places.region_code = p.region_code::VARCHAR"
            " AND try_cast(places.year AS INTEGER) IS NOT DISTINCT FROM try_cast(p.year AS INTEGER)"
        )
    return joins, [f"{source[c]}.{quoted(c)}" for c in by], joined


def sentences_sql(
    batch: str,
    scheme: Codebook,
    own: Sequence[str],
    keys: Sequence[str],
    joins: str,
    *,
    passages: bool = False,
) -> str:
    """Return the query for one row per sentence: indicators, keys of its group, numbers of its units.

    Of what is told of its report it has `own`, the section, and what the joins need. Unless `passages` are
    asked for, all are one.
    """
    named = "".join(f", {key} AS k{i}" for i, key in enumerate(keys))
    group = ", ".join(["model", *(f"k{i}" for i in range(len(keys)))])
    agency, report, section, heading = (
        f"coalesce({column}::VARCHAR, '')" for column in ("agency", "report_id", "section", "heading")
    )
    # Hashed row by row: the least of the numbers is quicker found than that of the texts.
    numbers = {"report": "hash(report_id)", "agency_": f"hash({agency})"}
    numbers |= {"stratum": f"hash({report}, {section})", "passage": f"hash({report}, {section}, {heading})"}
    if not passages:
        numbers |= dict.fromkeys(("stratum", "passage"), "0::UBIGINT")
    about = [*own, "section", *(c for c in FROM_REPORTS if f"p.{c}" in joins)]
    inner = f"SELECT p.*{named} FROM ({pivot_sql(batch, scheme, about, numbers)}) p{joins}"
    return f"SELECT *, hash({group}, 0) AS g FROM ({inner})"


def _grouped_sql(by: Sequence[str], every: Sequence[str]) -> str:
    """Return the query for the sentences of `s`, which holds the keys of all groupings, by those of one."""
    keys = "".join(f", k{every.index(c)}" for c in by)
    named = "".join(f", k{every.index(c)} AS k{i}" for i, c in enumerate(by))
    others = ", ".join(["g", *(f"k{i}" for i in range(len(every)))])
    return f"SELECT * EXCLUDE ({others}), hash(model{keys}, 0) AS g{named} FROM s"


def _queries(scheme: Codebook, by: Sequence[str], cluster: str, *, scores: bool) -> dict[str, str]:
    """Return, by table, what a batch adds to the keys, the units and the coded sentences."""
    groups = ", ".join(["g", "model", *(f"k{i}" for i in range(len(by)))])
    # In a section that is one passage its sentences are the units.
    alone = (
        "SELECT t.* REPLACE (CASE WHEN alone THEN hash(passage, sentence_id) ELSE passage END AS passage) "
        "FROM t JOIN (SELECT g, stratum, min(passage) = max(passage) AS alone FROM t GROUP BY g, stratum) "
        "USING (g, stratum)"
    )
    kind = _finest(by, cluster)
    whole = f"({alone})" if kind == "passage" else "t"
    unit = {"agency": "agency_", "report": "coalesce(report, 0)", "passage": "passage"}[kind]
    late = kind == "passage" and cluster == "auto" and "report_id" not in by
    values = [sql for quantity in scheme.quantities for sql in _sums_sql(quantity, scheme, scores=scores)]
    pivoted = ", ".join(f"d{k}, s{k}" for k in range(len(scheme.indicators)))
    return {
        "keys_": f"SELECT {groups}, count(*) AS whole, count_if(_far) AS far FROM t GROUP BY ALL",
        "units": f"SELECT g, {unit} AS unit, {'stratum' if kind == 'passage' else '0::UBIGINT'} AS stratum, "
        f"{'report' if late else 'NULL::UBIGINT'} AS report, "
        f"{', '.join(f'{v} AS v{i}' for i, v in enumerate(values))} FROM {whole} GROUP BY ALL",
        "chosen": f"SELECT sentence_id, section, seen, g, agency_ AS agency, coalesce(report, 0) AS report, "
        f"passage, {pivoted} FROM {whole if kind == 'passage' else 't'} SEMI JOIN wanted USING (sentence_id)",
    }


def _finest(by: Sequence[str], cluster: str) -> str:
    """Return the kind of unit that sums must be kept for."""
    if cluster != "auto":
        return cluster
    return "passage" if {"agency", "report_id"} & set(by) else "agency"


def _sums_sql(quantity: Quantity, scheme: Codebook, *, scores: bool) -> list[str]:
    """Return sums over sentences: how many, top, bottom and, of scores, their products."""
    at = {name: k for k, name in enumerate(scheme.indicators)}
    inside = f"section IN ({literals(quantity.sections)})" if quantity.sections else "true"

    def value(names: Sequence[str]) -> str:
        if scores:
            return " * ".join(["1.0", *(f"s{at[n]}" for n in names)])
        return f"CAST({' AND '.join(['true', *(f'd{at[n]}' for n in names)])} AS BIGINT)"

    top, bottom = value(quantity.top), value(quantity.bottom)
    if not scores:
        summands = [top, bottom]
    else:
        products = (top, bottom, f"({top}) * ({top})", f"({top}) * ({bottom})", f"({bottom}) * ({bottom})")
        summands = [f"CAST(round(({p}) * {SCALE}) AS BIGINT)" for p in products]
    return [f"sum({s}) FILTER (WHERE {inside})" for s in ("1::BIGINT", *summands)]


def _merge(
    db: duckdb.DuckDBPyConnection, by: Sequence[str], cluster: str, count: int, *, scores: bool
) -> None:
    """Number the groups, choose the unit of each, and add up what the batches gave."""
    names = ["model", *(f"k{i}" for i in range(len(by)))]
    order = ", ".join(f"{name} NULLS LAST" for name in names)
    kind = _finest(by, cluster)
    chosen = (
        f"CASE WHEN reports >= {FEWEST} THEN 'report' ELSE '{kind}' END" if kind == "passage" else f"'{kind}'"
    )
    db.execute(
        f"CREATE TABLE keys AS SELECT g, row_number() OVER (ORDER BY {order}) - 1 AS number, "
        f"{chosen} AS kind, far, {', '.join(names)} FROM "
        f"(SELECT g, {', '.join(names)}, sum(far) / sum(whole) AS far FROM keys_ GROUP BY ALL) "
        "JOIN (SELECT g, count(report) AS reports FROM (SELECT DISTINCT g, report FROM units) GROUP BY g) "
        "USING (g)"
    )
    values = []
    for i in range(count * (6 if scores else 3)):
        scale = SCALE if scores and i % 6 else 1
        values.append(f"coalesce(sum(v{i}::HUGEINT), 0)::DOUBLE / {scale} AS v{i}")
    late = "kind = 'report'" if kind == "passage" else "false"
    db.execute(
        "CREATE VIEW merged AS SELECT number, "
        f"CASE WHEN {late} THEN coalesce(report, 0) ELSE unit END AS unit, "
        f"CASE WHEN {late} THEN 0::UBIGINT ELSE stratum END AS stratum, {', '.join(values)} "
        "FROM units JOIN keys USING (g) GROUP BY ALL"
    )
