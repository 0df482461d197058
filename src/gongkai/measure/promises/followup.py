"""Last year's promises and problems in this year's report: reported done, promised again, or silence."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gongkai.errors import MeasureError
from gongkai.measure.promises.celled import cells_of, named_cells, told_by_cells
from gongkai.measure.promises.kept import KEPT, Later, reported, specific
from gongkai.measure.promises.meanings import (
    bare,
    covered,
    meanings,
    words_by_clause,
    words_of,
)
from gongkai.measure.promises.troubles import is_framing, same_trouble, troubles
from gongkai.measure.wording.reuse import last_reports
from gongkai.measure.wording.similar import AT_A_TIME as TEXTS
from gongkai.measure.wording.similar import PairWeights, mask, owners_weights
from gongkai.store.steps import Laid, Steps, Tables, laid, opened, taken
from gongkai.tables.predicted import INDICATOR, predictions_in
from gongkai.tables.query import Piece, arrow_of, literals, pieces_of, put, session, table_parts
from gongkai.tables.schema import Predictions, Sentences, Statistics, Table
from gongkai.tables.scheme.codebook import Codebook
from gongkai.text.grammar import NUMERALS

if TYPE_CHECKING:
    import duckdb
    import scipy.sparse as sp

    Vector = np.ndarray[Any, np.dtype[Any]]

PROMISED, PROBLEM = 0.08, 0.34
"""Score (of a problem: probability) from which a counterpart counts; how chosen: docs/methods.md."""
PROMISE_OUTCOMES = ("done", "again", "unclear", "silent")
PLACEBO = 5_000
"""Pairs of reports, drawn where there are more, of the placebo: what is found by chance is then known to some
thousandths."""
REVIEW = 0.05
"""A score this near to the threshold is marked for reading."""
_WHEN = {
    "date": re.compile(r"\d+月|季度前|年底前|年内|上半年|下半年|[一二三四]季度"),
    "rhythm": re.compile(r"每(?:年|季|月|周|半年|日)|定期|按季|按月"),
    "open": re.compile(r"逐步|适时|不断|持续|继续|进一步|长期|今后"),
}
"""When a promise falls due, the first that is found."""


def followup(
    sentences: Sentences | str | Path,
    predictions: Predictions | str | Path,
    *,
    statistics: Statistics | str | Path | None = None,
    thresholds: dict[str, float] | None = None,
    codebook: Codebook | None = None,
    placebo: bool = False,
    seed: int = 0,
    steps: Steps | None = None,
) -> Table:
    """Look for each promise and problem of a report in the agency's next one.

    What is a promise the codebook says (`follow`).

    The counterpart is the sentence of the next report (preamble left out) that most probably reports the
    promise done (`kept`), in whatever words; where none does, the one with the highest score: the mean of
    the cosine of `similar.weigh` and the share of the earlier sentence's weight that the later one holds. Of
    a problem it is the most probable one among the next report's problems (`troubles`). Sentences that only
    announce a list (they are the `lead` of others) are no promises of their own.

    Args:
        sentences: `sentences` rows of two or more years, or a tables folder of any size.
        predictions: `predictions` rows of one model, or a folder of them, for the label that the codebook
            follows.
        statistics: `statistics` rows, or a tables folder: a promise that a cell of the next report counts is
            answered by it.
        thresholds: Score from which a counterpart counts, for that label and for `problem`.
        codebook: The scheme; unless given the one that ships, where the predictions' labels are its.
        placebo: Look in the next report of another agency: what is found there is chance, and the shares
            found and done are to be set against it. Cells are not looked at. Of more than `PLACEBO` reports
            so many are drawn.
        seed: Which other agency stands in, for the placebo.
        steps: Who looks through the reports; see `store.steps`.

    Returns:
        One row per promise (`kind` is the label followed) and per sentence of `problems` (`kind` problem)
        that names one of a report whose agency has exactly one report of the year after: `sentence_id,
        agency, year, kind, text, when` (`date`, `rhythm`, `open`, `unsaid`)`, checkable` (names a date, a
        number or a document)`, next_id, next_section, next_text, nearest` (the text with the highest score,
        counterpart or not)`, score, specific` (pairs of characters of both that the genre
        seldom uses)`, kept` (probability that a sentence of the next report reports the promise done; null
        for problems)`, outcome, review`. `outcome` is `done` (`kept` is 0.64 or more), `again` (the
        counterpart is a promise, or stands among the problems), `unclear` (one that shows neither), `silent`
        (none found, which is never "not done"); for problems `returns` or `silent`. Where a cell shows that a
        promise was kept, `silent` and `unclear` become `done`; where the cell is there and does not show
        it, `silent` becomes `unclear`. `evidence` is `sentence`, `cell` or null; `cell, cell_before,
        cell_after` are the cells and their sums of both reports, null where none counts what is promised.
        `review` marks what is within 0.05 of a threshold. A count of these rows is a claim of the tagger;
        read the marked ones before publishing it.

    Raises:
        SchemaError: A column is missing.
        MeasureError: Several models, a codebook that follows no label, or no agency (for a placebo: no two)
            with reports of two successive years.
    """
    pieces = followup_pieces(
        sentences, predictions, statistics=None if placebo else statistics, thresholds=thresholds,
        codebook=codebook, searches=[seed if placebo else None], steps=steps,
    )  # fmt: skip
    return pd.concat([piece for _, piece in pieces], ignore_index=True)


def followup_pieces(
    sentences: Sentences | str | Path,
    predictions: Predictions | str | Path,
    *,
    statistics: Statistics | str | Path | None = None,
    thresholds: dict[str, float] | None = None,
    codebook: Codebook | None = None,
    searches: Sequence[int | None] = (None,),
    problems: bool = True,
    steps: Steps | None = None,
) -> Iterator[tuple[int | None, Table]]:
    """Yield what `followup` returns, of placebos too (a seed each), some hundred reports at a time.

    Without `problems` promises alone are looked for. Several searches, one after the other, read the
    sentences once. Where one finds nothing at all it yields nothing, and the first raises.
    """
    with session() as db:
        scheme, _, _ = predictions_in(db, predictions, codebook)
        if not (follow := scheme.follow):
            raise MeasureError(
                f"the codebook {scheme.stamp} does not say what is followed up; add e.g. "
                f'follow = "{scheme.indicators[0]}"'
            )
        (models,) = db.sql("SELECT count(DISTINCT model) FROM predictions").fetchall()[0]
        if models != 1:
            raise MeasureError(f"expected the predictions of one model, have those of {models}")
        _hold(db, sentences, statistics, steps)
        db.execute(
            "CREATE TABLE tagged AS SELECT DISTINCT sentence_id::VARCHAR AS sentence_id FROM predictions "
            f"WHERE {INDICATOR} = {literals([follow])} AND predicted::BOOLEAN"
        )
        (weights,) = laid(
            steps, "weights", lambda _: {"pairs": owners_weights(_by_agency(db)).table()}, [follow]
        )
        limits = {follow: PROMISED} | ({"problem": PROBLEM} if problems else {}) | (thresholds or {})
        successive = _successive(db)
        for search in searches:
            pairs, found = successive if search is None else _exchanged(successive, search), False
            work = functools.partial(
                _found, weights=weights, follow=follow, uncounted=scheme.uncounted_sections, limits=limits,
                with_cells=search is None,
            )  # fmt: skip
            for piece in taken(steps, "following up", work, _laid_out(db, pairs, steps)):
                if len(piece["rows"]):
                    found = True
                    yield search, piece["rows"].to_pandas()
            if not found and search == searches[0]:
                raise MeasureError("no promise or problem of an agency with reports of two successive years")


@functools.cache
def _may_lack() -> dict[str, Any]:
    """Return the columns that may be empty in all rows of a piece, and their types."""
    import pandas as pd

    text = (
        "str" if int(pd.__version__.split(".")[0]) >= 3 else "string"
    )  # before, "str" makes a text of what is missing
    return {
        **dict.fromkeys(["next_id", "next_section", "next_text", "nearest", "evidence", "cell"], text),
        **dict.fromkeys(["kept", "cell_before", "cell_after"], float),
    }


AT_A_TIME = 500
"""Pairs of reports whose sentences are in the hand at a time."""
NEEDED = ["sentence_id", "report_id", "agency", "year", "section", "lead", "text"]
CELLS = ["report_id", "table", "row", "column", "value"]


def _hold(
    db: duckdb.DuckDBPyConnection,
    sentences: Sentences | str | Path,
    statistics: Statistics | str | Path | None,
    steps: Steps | None,
) -> None:
    """Make the tables `held`, sentences of known agency and year in their order, and `cells`."""
    place = 0
    pieces = pieces_of(sentences, "sentences")
    for piece, found in zip(pieces, taken(steps, "masking", _masked, pieces), strict=True):
        part = piece.read(NEEDED)
        rows = part.append_column("place", pa.array(np.arange(place, place + len(part))))
        place += len(part)
        put(db, "held", rows.filter(_are_dated(rows)).append_column("masked", found["texts"]["masked"]))
    wanted = pa.array(sorted(named_cells()))
    put(db, "cells", pa.table({c: pa.array([], pa.string()) for c in CELLS}))
    for part in table_parts(statistics, "statistics", CELLS) if statistics is not None else ():
        names = (part[c].cast(pa.string()) for c in ("table", "row", "column"))
        put(db, "cells", part.filter(pc.is_in(pc.binary_join_element_wise(*names, "."), wanted)))


def _are_dated(rows: pa.Table) -> pa.ChunkedArray:
    return pc.and_(pc.is_valid(rows["agency"]), pc.is_valid(rows["year"]))


def _masked(piece: Piece) -> Tables:
    rows = piece.read(["agency", "year", "text"])
    texts = rows.filter(_are_dated(rows))["text"].to_pylist()
    return {"texts": pa.table({"masked": pa.array([mask(text) for text in texts], pa.string())})}


def _by_agency(db: duckdb.DuckDBPyConnection) -> Iterator[tuple[list[str], Vector]]:
    """Yield masked texts and whose they are, all of an agency in one piece."""
    rest = pd.DataFrame({"agency": [], "masked": []})
    ordered = db.sql("SELECT agency::VARCHAR AS agency, masked FROM held ORDER BY agency")
    for batch in ordered.to_arrow_reader(TEXTS):
        rows = pd.concat([rest, batch.to_pandas()], ignore_index=True)
        last = rows["agency"] == rows["agency"].iloc[-1]
        whole, rest = rows[~last], rows[last]
        yield whole["masked"].tolist(), whole["agency"].to_numpy()
    yield rest["masked"].tolist(), rest["agency"].to_numpy()


def _laid_out(
    db: duckdb.DuckDBPyConnection, pairs: list[tuple[int, str, str]], steps: Steps | None
) -> Iterable[tuple[list[tuple[int, str, str]], Laid]]:
    """Lay out some pairs of reports at a time: their `sentences`, with `promised`, and their `cells`.

    `held` and `cells` are laid out in that order, so that not all is looked through for each.
    """
    batches = [pairs[start : start + AT_A_TIME] for start in range(0, len(pairs), AT_A_TIME)]
    asked = {(k, report) for k, batch in enumerate(batches) for _, *both in batch for report in both}
    db.register("given_pairs", arrow_of(pd.DataFrame(sorted(asked), columns=["batch", "report_id"])))
    db.execute("CREATE OR REPLACE TABLE asked AS FROM given_pairs")
    for table, more in (
        ("held", ", coalesce(sentence_id::VARCHAR IN (FROM tagged), false) AS promised"),
        ("cells", ""),
    ):
        db.execute(
            f"CREATE OR REPLACE TABLE {table}_of AS SELECT batch, {table}.*{more} "
            f"FROM {table} JOIN asked USING (report_id) ORDER BY batch"
        )

    def of_batch(k: int) -> Tables:
        sources = {
            "sentences": f"held_of WHERE batch = {k} ORDER BY place",
            "cells": f"cells_of WHERE batch = {k}",
        }
        return {
            name: db.sql(f"SELECT * EXCLUDE (batch) FROM {source}").to_arrow_table()
            for name, source in sources.items()
        }

    return zip(batches, laid(steps, "laying out reports", of_batch, range(len(batches))), strict=True)


def _found(
    given: tuple[list[tuple[int, str, str]], Laid],
    *,
    weights: Laid,
    follow: str,
    uncounted: Sequence[str],
    limits: Mapping[str, float],
    with_cells: bool,
) -> Tables:
    """Return as `rows` what is found of the promises and problems of the first reports of some pairs."""
    pairs, tables = given
    frame = opened(tables)["sentences"].to_pandas()
    cells = cells_of(opened(tables)["cells"].to_pandas()) if with_cells else {}
    known = PairWeights.of(opened(weights)["pairs"])
    rows = list(_rows_of(frame, pairs, known, cells, follow, uncounted, limits))
    made = pd.DataFrame(rows).astype(_may_lack()) if rows else pd.DataFrame()
    return {"rows": pa.Table.from_pandas(made, preserve_index=False)}


def _rows_of(
    frame: Table,
    pairs: list[tuple[int, str, str]],
    weights: PairWeights,
    cells: Mapping[str, Mapping[str, float]],
    follow: str,
    uncounted: Sequence[str],
    limits: Mapping[str, float],
) -> Iterator[dict[str, object]]:
    """Yield what is found of each promise and problem of the first report of a pair in the second."""
    held = {str(column): frame[column].tolist() for column in frame.columns}
    promised = frame["promised"].to_numpy(bool)
    leads = set(zip(held["report_id"], held["lead"], strict=True))
    announces = np.array([key in leads for key in zip(held["report_id"], held["text"], strict=True)], bool)
    section, texts = (np.array(held[c], object) for c in ("section", "text"))
    counted = ~np.isin(section, uncounted)
    naming = (section == "problems") & ("problem" in limits)
    naming[naming] = ~is_framing(texts[naming].tolist())
    bared = dict(zip(np.flatnonzero(naming).tolist(), map(bare, texts[naming].tolist()), strict=True))
    compared = [bared.get(k, masked) for k, masked in enumerate(held["masked"])]
    meant, words, wrong = meanings(compared), words_of(compared), troubles(texts[naming].tolist())
    candidates = {follow: promised & ~announces & counted}
    if "problem" in limits:
        candidates["problem"] = naming & ~promised & ~announces
    asking = np.logical_or.reduce([*candidates.values()])
    asked_words, asked_place = words_by_clause(texts[asking].tolist()), np.cumsum(asking) - 1
    matrix = weights.rows([*held["masked"], *bared.values()])
    of_report = frame.groupby("report_id").indices
    sought: list[tuple[int, str, Vector, Vector]] = []
    for k, (_, one, other) in enumerate(pairs):
        now, after = np.asarray(of_report[one]), np.asarray(of_report[other])
        after = after[counted[after]]
        for kind, chosen in candidates.items():
            pool = after[naming[after]] if kind == "problem" else after
            sought.append((k, kind, now[chosen[now]], pool))
    place = np.cumsum(naming) - 1  # of problems, among them
    alike = _alike(matrix, sought, len(frame) + place)
    for k, kind, index, pool in sought:
        match, score, done = index, np.zeros(len(index)), np.zeros(len(index))
        if len(index) and len(pool):
            likeness = next(alike)
            asked = texts[index].tolist()
            cover = covered(asked_words.of(asked_place[index]), words.of(pool), likeness.shape)
            if kind == "problem":
                score = same_trouble(likeness, wrong.of(place[index]), wrong.of(place[pool]), cover)
                match = pool[score.argmax(axis=1)]
                score = score.max(axis=1)
            else:
                told = [Later(texts[j], promised[j], section[j] == "problems") for j in pool.tolist()]
                views = likeness, meant.of(index), meant.of(pool), cover
                nearest, score, done = reported(asked, told, *views, str(held["agency"][index[0]]))
                match = pool[nearest]
        before, later = (cells.get(report, {}) for report in pairs[k][1:])
        for row in _rows(held, index, match, score, done, kind, limits[kind]):
            yield row | ({} if kind == "problem" else _answered(row, before, later))


def _alike(
    matrix: sp.csr_matrix, sought: Sequence[tuple[int, str, Vector, Vector]], bare_row: Vector
) -> Iterator[Vector]:
    """Return the likenesses of what is sought with where, one after the other, where both are something."""
    full = [
        (bare_row[index], bare_row[pool]) if kind == "problem" else (index, pool)
        for _, kind, index, pool in sought
        if len(index) and len(pool)
    ]
    return iter(likenesses(matrix, *zip(*full, strict=True)) if full else ())


def _successive(db: duckdb.DuckDBPyConnection) -> list[tuple[int, str, str]]:
    """Return year and id of a report, and of its series' next one, where each year has exactly one report."""
    found = db.sql(
        "SELECT agency::VARCHAR, try_cast(year AS DOUBLE)::INTEGER AS whole, list(DISTINCT report_id) "
        "FROM held WHERE whole IS NOT NULL GROUP BY 1, 2"
    ).fetchall()
    groups = {(agency, year): np.array(reports, object) for agency, year, reports in sorted(found)}
    return [
        (key[1] - 1, before[0], groups[key][0])
        for key, before in last_reports(groups).items()
        if len(before) == len(groups[key]) == 1
    ]


def _exchanged(pairs: list[tuple[int, str, str]], seed: int) -> list[tuple[int, str, str]]:
    """Give each of `PLACEBO` reports the next report of another agency of its year, in a drawn circle."""
    years: dict[int, list[tuple[int, str, str]]] = {}
    if len(pairs) > PLACEBO:
        drawn = np.random.default_rng(seed).choice(len(pairs), PLACEBO, replace=False)
        pairs = [pairs[k] for k in sorted(drawn)]
    for pair in pairs:
        years.setdefault(pair[0], []).append(pair)
    found = []
    for year, of_year in sorted(years.items()):
        order = np.random.default_rng(seed).permutation(len(of_year))
        if len(order) > 1:
            found += [
                (year, of_year[a][1], of_year[b][2]) for a, b in zip(order, np.roll(order, 1), strict=True)
            ]
    return found


def _outcome(kind: str, again: bool, is_done: bool) -> str:
    if kind == "problem":
        return "returns"
    return "done" if is_done else "again" if again else "unclear"


def _answered(
    row: Mapping[str, object], before: Mapping[str, float], after: Mapping[str, float]
) -> dict[str, object]:
    """Return what the cells of both reports change in a promise's row."""
    told = told_by_cells(str(row["text"]), before, after)
    if told is None:
        return {}
    about: dict[str, object] = {"cell": told.cell, "cell_before": told.before, "cell_after": told.after}
    if row["outcome"] not in ("silent", "unclear"):
        return about
    if told.kept:
        return about | {"outcome": "done", "evidence": "cell"}
    return about | ({"outcome": "unclear", "evidence": "cell"} if row["outcome"] == "silent" else {})


def likenesses(matrix: sp.csr_matrix, lefts: Sequence[Vector], rights: Sequence[Vector]) -> list[Vector]:
    """Return the score of each row of a left with each of its right, pair by pair.

    One product for all of them, in which each pair has columns of its own.
    """
    import scipy.sparse as sp

    sides = []
    for groups in (lefts, rights):
        part = matrix[np.concatenate(groups)]
        owner = np.repeat(np.arange(len(groups)), [len(rows) for rows in groups])
        sides.append((part, np.repeat(owner, np.diff(part.indptr)) * matrix.shape[1] + part.indices))
    used, columns = np.unique(np.concatenate([keys for _, keys in sides]), return_inverse=True)
    cut = len(sides[0][1])
    left, right = (
        sp.csr_matrix((part.data, of, part.indptr), shape=(part.shape[0], len(used)))
        for (part, _), of in zip(sides, (columns[:cut], columns[cut:]), strict=True)
    )
    present = right.copy()
    present.data = np.ones_like(present.data)
    score = (left @ right.T + left.multiply(left).tocsr() @ present.T).tocoo()
    n, m = (np.array([len(rows) for rows in groups]) for groups in (lefts, rights))
    first, one, other = (np.cumsum(sizes) - sizes for sizes in (n * m, n, m))
    pair = np.searchsorted(np.cumsum(n), score.row, side="right")
    flat = np.zeros(int((n * m).sum()))
    at = first[pair] + (score.row - one[pair]) * m[pair] + score.col - other[pair]
    flat[at] = np.minimum(score.data / 2, 1.0)
    return [flat[k : k + i * j].reshape(i, j) for k, i, j in zip(first, n, m, strict=True)]


def _rows(
    held: Mapping[str, list[Any]],
    index: Vector,
    counterpart: Vector,
    score: Vector,
    done: Vector,
    kind: str,
    limit: float,
) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for row, match, points, probably in zip(
        *(v.tolist() for v in (index, counterpart, score, done)), strict=True
    ):
        is_done = probably >= KEPT
        found = points >= limit or is_done
        again = held["promised"][match] or held["section"][match] == "problems"
        text, other = str(held["text"][row]), str(held["text"][match])
        rows.append(
            {
                **{c: held[c][row] for c in ("sentence_id", "agency", "year")},
                "kind": kind,
                "text": text,
                "when": next((name for name, pattern in _WHEN.items() if pattern.search(text)), "unsaid"),
                "checkable": bool(re.search(rf"\d|《|[{NUMERALS}百]+[个项次件场期]", text)),
                "next_id": held["sentence_id"][match] if found else None,
                "next_section": held["section"][match] if found else None,
                "next_text": held["text"][match] if found else None,
                "nearest": held["text"][match] if points > 0 else None,
                "score": float(points),
                "specific": specific(text, other, str(held["agency"][row])) if found else 0,
                "kept": None if kind == "problem" else float(probably),
                "outcome": _outcome(kind, bool(again), is_done) if found else "silent",
                "review": abs(float(points) - limit) < REVIEW
                or (kind != "problem" and abs(float(probably) - KEPT) < REVIEW),
                "evidence": "sentence" if found else None,
                "cell": None,
                "cell_before": None,
                "cell_after": None,
            }
        )
    return rows
