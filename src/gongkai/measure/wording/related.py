"""Agency-years that share what can hardly be chance; DuckDB joins candidates, on disk where they are many."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gongkai.measure.wording.background import background, used_by
from gongkai.measure.wording.similar import PairWeights, pair_codes
from gongkai.store.steps import Laid, Steps, Tables, array_of, laid, opened, taken
from gongkai.tables.query import arrow_of, session
from gongkai.tables.schema import Table

if TYPE_CHECKING:
    import duckdb

    Vector = np.ndarray[Any, np.dtype[Any]]

OTHER_YEAR = 1.5
"""How much more evidence reports of different years need, in nats: there are as many more pairs as years."""
MOST, MOST_SENTENCES = 0.5, 3
"""Or: share of the shorter report's own characters, in so many sentences: a text that everybody copied."""
WORDING = 0.5
"""What a sentence's wording is worth: it counts no more nats than WORDING times the sum of its pairs' rarity
among the authored agencies: a short formula is none."""
PLAIN = 0.7
"""Cosine, every pair of characters weighing the same, from which texts are alike too: where many have one
text, its pairs weigh little and the words that one of them changed weigh much. Chosen on a planted group of
100 (`tests/measure/test_planted_groups.py`)."""
LARGEST_BUCKET, LARGEST_GROUP = 30, 300
"""Texts that one shingle proposes as alike, at most; agency-years with one text whose pairs are all compared
(of a larger group each is compared with the earliest)."""
CHUNK = 20_000
"""Texts, or pairs of texts, in the hand at a time."""
SCALE = 2**40
MEMORY = "384MiB"
"""Of DuckDB, beside which the texts and their weights are held."""


def related(
    held: Table,
    laid_out: Laid,
    own: Vector,
    units: Table,
    strong: float,
    least: tuple[float, int],
    steps: Steps | None,
) -> Vector:
    """Return the pairs of agency-years (later or same, earlier or same) that are related, ordered.

    Args:
        held: The sentences of the agency-years, in order: `text` (number of its masked text), `part`, `unit`
            (number of its agency-year).
        laid_out: The different masked `texts`, and the weights of their `pairs` of characters.
        own: Where among them those in question stand, in order.
        units: `agency` (number of its series) and `year` of each unit.
        strong: Cosine from which two texts are evidence.
        least: Least evidence in nats, and least texts.
        steps: Who compares texts.
    """
    if held.empty:  # nothing that could be evidence: texts too short, or prescribed
        return np.zeros((0, 2), np.int64)
    code = held["text"].to_numpy()
    first = np.unique(code, return_index=True)[1]
    length, count = lengths(laid_out)[own], len(own)
    size = np.bincount(held["unit"], weights=length[code], minlength=len(units))
    with session(memory=MEMORY) as db:
        db.register("given", arrow_of({"text": code, "unit": held["unit"].to_numpy()}))
        db.execute("CREATE TABLE held AS SELECT DISTINCT text, unit FROM given")
        about = {"unit": np.arange(len(units)), "agency": units["agency"].to_numpy(),
                 "year": units["year"].to_numpy(), "size": size}  # fmt: skip
        db.register("units", arrow_of(about))
        left, right = _alike(db, laid_out, own, strong, steps)
        ends = [np.concatenate([np.arange(count), *both]) for both in ((left, right), (right, left))]
        db.register("pairs", arrow_of({"u": ends[0], "v": ends[1]}))
        weight = _evidence(db, laid_out, own, units["agency"].nunique())
        part = held["part"].to_numpy()[first]
        scaled = np.round(weight * SCALE).astype(np.int64)
        db.register(
            "texts",
            arrow_of({"text": np.arange(count), "weight": scaled, "length": length, "part": part}),
        )
        db.execute(_SCORED)
        found = db.execute(
            "SELECT x, y FROM score s JOIN units a ON a.unit = x JOIN units b ON b.unit = y WHERE "
            f"(nats / {SCALE} >= ? + {OTHER_YEAR} * (a.year <> b.year)::INTEGER AND shared >= ?) "
            f"OR (characters >= {MOST} * least(a.size, b.size) AND shared >= {MOST_SENTENCES}) "
            "ORDER BY x, y",
            list(least),
        ).fetchnumpy()
    x, y = found["x"].astype(np.int64), found["y"].astype(np.int64)
    year = units["year"].to_numpy()
    # Of one year: related from both sides.
    both = np.isin(y * len(units) + x, x * len(units) + y)
    kept = (year[x] != year[y]) | both
    return np.stack([x[kept], y[kept]], axis=1)


_SCORED = f"""
CREATE TABLE score AS
WITH spread AS (SELECT text, count(*) AS n, arg_min(h.unit, (year, h.unit)) AS earliest
                FROM held h JOIN units USING (unit) GROUP BY text),
wanted AS (
    SELECT u, v, least(a.weight, b.weight) AS weight, a.length AS length,
           p.n * q.n > {LARGEST_GROUP**2} AS large, q.earliest AS earliest
    FROM pairs JOIN texts a ON a.text = u JOIN texts b ON b.text = v
    JOIN spread p ON p.text = u JOIN spread q ON q.text = v
    WHERE a.weight > 0 AND (u <> v OR p.n > 1) AND (u = v OR a.part = b.part OR b.weight > 0)
),
matched AS (
    SELECT h.unit AS x, g.unit AS y, u, weight, length
    FROM wanted JOIN held h ON h.text = u JOIN held g ON g.text = v WHERE NOT large
    UNION ALL
    SELECT h.unit AS x, earliest AS y, u, weight, length FROM wanted JOIN held h ON h.text = u WHERE large
),
once AS (  -- each text of the later report counts once
    SELECT x, y, u, max(weight) AS weight, any_value(length) AS length
    FROM matched JOIN units a ON a.unit = x JOIN units b ON b.unit = y
    WHERE a.agency <> b.agency AND b.year <= a.year GROUP BY x, y, u
)
SELECT x, y, sum(weight)::DOUBLE AS nats, count(*) AS shared, sum(length) AS characters
FROM once GROUP BY x, y
"""


def _evidence(db: duckdb.DuckDBPyConnection, laid_out: Laid, own: Vector, agencies: int) -> Vector:
    """Return each text's evidence: −log of the share of agencies with it, two of them left out."""
    known = background()
    found = db.execute(
        "SELECT u, count(DISTINCT agency) AS n FROM pairs JOIN held ON text = v JOIN units USING (unit) "
        "GROUP BY u"
    ).fetchnumpy()
    users = np.ones(len(own))
    users[found["u"]] += np.maximum(found["n"] - 2, 0)
    wording = np.zeros(len(users))
    for start, part in _chunks(laid_out, own):
        rows, codes = pair_codes(part)
        rarity = np.log((known.agencies + 1) / (used_by(codes) + 1))
        wording[start : start + len(part)] = WORDING * np.bincount(rows, weights=rarity, minlength=len(part))
        users[start : start + len(part)] += [known.sentences.get(t, 0) for t in part]
    total = agencies - 2 + known.agencies + 1
    evidence: Vector = np.maximum(np.minimum(-np.log(users / max(total, 1)), wording), 0.0)
    return evidence


def lengths(laid_out: Laid) -> Vector:
    """Return how long all texts are."""
    found: Vector = pc.utf8_length(array_of(opened(laid_out)["texts"]["text"])).to_numpy()
    return found


def _chunks(laid_out: Laid, own: Vector) -> Iterator[tuple[int, list[str]]]:
    """Yield the texts in question; between two chunks none are in memory."""
    for start in range(0, len(own), CHUNK):
        chosen = pa.array(own[start : start + CHUNK])
        yield start, array_of(opened(laid_out)["texts"]["text"]).take(chosen).to_pylist()


def _alike(
    db: duckdb.DuckDBPyConnection, laid_out: Laid, own: Vector, strong: float, steps: Steps | None
) -> tuple[Vector, Vector]:
    """Return pairs (left < right) of different texts that are alike, proposed by runs of four characters.

    Alike: of cosine `strong`, or of cosine `PLAIN` where all pairs of characters weigh the same. A run that
    more than `LARGEST_BUCKET` texts have proposes nothing: it is a phrase of the genre. Two texts are
    compared when they share three runs that are rarer.
    """

    def proposed(_: object) -> Tables:
        db.execute("CREATE TABLE runs (run UBIGINT, text INTEGER)")
        for start, part in _chunks(laid_out, own):
            rows, codes = pair_codes(part)
            # A run of four: this pair of characters with the one two places on, in the same text.
            together = rows[:-2] == rows[2:] if len(rows) > 2 else np.zeros(0, bool)
            runs = (codes[:-2] * np.uint64(0x9E3779B97F4A7C15) ^ codes[2:])[together]
            chunk = {"run": runs, "text": (rows[:-2][together] + start).astype(np.int32)}
            db.register("chunk", arrow_of(chunk))
            db.execute("INSERT INTO runs SELECT DISTINCT run, text FROM chunk")
        db.execute(
            "CREATE TABLE rare AS SELECT run, text FROM runs SEMI JOIN (SELECT run FROM runs GROUP BY run "
            f"HAVING count(*) BETWEEN 2 AND {LARGEST_BUCKET}) USING (run)"
        )
        db.execute("DROP TABLE runs")
        pairs = db.sql(
            "SELECT l.text AS l, r.text AS r FROM rare l JOIN rare r ON l.run = r.run AND l.text < r.text "
            "GROUP BY ALL HAVING count(*) >= 3 ORDER BY l, r"
        )
        return {"pairs": pairs.to_arrow_table(), "own": pa.table({"place": own})}

    (pairs,) = laid(steps, "proposed pairs", proposed, [None])
    given = opened(pairs)["pairs"]
    work = functools.partial(_are_alike, texts=laid_out, proposed=pairs, strong=strong)
    alike = [np.zeros(0, bool)]
    for found in taken(steps, "comparing texts", work, range(0, len(given), CHUNK)):
        alike.append(found["alike"]["alike"].to_numpy())
    left, right = (given[c].to_numpy()[np.concatenate(alike)].astype(np.int64) for c in ("l", "r"))
    return left, right


def _are_alike(start: int, *, texts: Laid, proposed: Laid, strong: float) -> Tables:
    """Tell which of some proposed pairs of texts are alike."""
    held, given = opened(texts), opened(proposed)
    batch = given["pairs"].slice(start, CHUNK)
    pair = np.stack([batch[c].to_numpy().astype(np.int64) for c in ("l", "r")])
    own, place = np.unique(pair, return_inverse=True)
    left, right = place.reshape(pair.shape)
    chosen = held["texts"]["text"].take(pa.array(given["own"]["place"].to_numpy()[own])).to_pylist()
    weights = PairWeights.of(held["pairs"])
    alike = np.zeros(len(left), bool)
    for by, least in ((weights, strong), (PairWeights(weights.codes, np.ones(len(weights.codes))), PLAIN)):
        matrix = by.rows(chosen)
        alike |= np.asarray(matrix[left].multiply(matrix[right]).sum(axis=1)).ravel() >= least
    return {"alike": pa.table({"alike": alike})}
