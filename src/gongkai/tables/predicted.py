"""Predictions, ours or from elsewhere: read, filled from the tables, seen as indicators."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gongkai.errors import MeasureError, SchemaError
from gongkai.tables.columns import refuse_lacking
from gongkai.tables.frames import read_frame
from gongkai.tables.parts import parts_of, read_table, read_where
from gongkai.tables.query import arrow_of, literals, quoted, see, session
from gongkai.tables.schema import SCHEMAS, as_text
from gongkai.tables.scheme.codebook import Codebook, Label
from gongkai.tables.scheme.codebooks import given_or_shipped, inferred

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

    from gongkai.tables.schema import Predictions, Table

logger = logging.getLogger(__name__)

FAR = 0.95
"""The distance above which a sentence is far from the training text."""
FAR_TEXT = 0.2
"""The share of far sentences above which a text is. Among 40 bundled agencies, each left out in turn, the
largest share was .10, among their 120 reports .16; of four real reports .06; of other genres
above .9."""
FROM_REPORTS = ("report_id", "agency", "region_code", "year", "section", "heading")


def read_predictions(
    path: str | Path, tables: str | Path | None = None, codebook: Codebook | None = None
) -> Predictions:
    """Read predictions: what `predict` wrote, or any model's `sentence_id, label, score` (or `value`).

    Args:
        path: .csv, .jsonl, .parquet, .xlsx, or a folder of `predict`.
        tables: Tables folder from which report columns that are missing are filled.
        codebook: Their scheme. For a choice `value` is the class; a row that gives a binary label's code in
            `value` (1, 0, yes …) and no score counts as certain.

    Returns:
        `predictions` rows with all columns, in the order of the file; the user's own columns stay behind.

    Raises:
        SchemaError: A column is missing that nothing fills; a label, class or score is none of the codebook;
            a sentence is not in the tables.
    """
    frame = read_frame(path, ["sentence_id", "label"])
    return fill_predictions(frame, tables=tables, codebook=codebook, name=str(path))


def fill_predictions(
    frame: Table,
    *,
    tables: str | Path | None = None,
    codebook: Codebook | None = None,
    name: str = "predictions",
) -> Predictions:
    """Fill what predictions lack; see `read_predictions`."""
    import pandas as pd

    frame = frame.assign(sentence_id=frame["sentence_id"].astype(str))
    if not {"score", "value"} & set(frame.columns):
        raise SchemaError(f"{name}: lacks score (or value); has {', '.join(map(str, frame.columns))}")
    if codebook is not None:
        _refuse_strange(frame["label"].astype(str), codebook.names, codebook, name)
    if "value" in frame.columns:
        texts = pd.Series(None, frame.index, dtype=object)
        given = frame["value"].notna()
        texts[given] = [as_text(value) for value in frame.loc[given, "value"].astype(object)]
        frame = frame.assign(value=texts)
    if not {"score", "predicted", "value"} <= set(frame.columns):
        frame = _valued(frame, codebook, name)
    if codebook is not None:
        _refuse_strange(indicator_names(frame), codebook.indicators, codebook, name)
    frame = frame.assign(score=_scores(frame["score"], name))
    if "model" not in frame.columns:
        frame = frame.assign(model=Path(name).stem)
    frame = _about_reports(frame, tables, name)
    frame = frame.assign(**{name: None for name in ("seen", "distance") if name not in frame.columns})
    scheme = scheme_of(frame, codebook)
    if codebook is None and not scheme.source:
        logger.warning(
            "%s: labels of no codebook that is given or ships are taken as they stand: %s (--codebook FILE "
            "says which there are)", name, ", ".join(scheme.names),
        )  # fmt: skip
    frame = _completed(frame, scheme)
    columns = SCHEMAS["predictions"].names
    return frame[[*columns, *(c for c in frame.columns if c not in columns)]]


def _scores(given: pd.Series[Any], name: str) -> pd.Series[float]:
    """Return scores as numbers from 0 to 1."""
    import pandas as pd

    score = pd.to_numeric(given, errors="coerce")
    if (wrong := ~score.between(0, 1)).any():
        at = int(wrong.to_numpy().argmax())
        raise SchemaError(f"{_line_of(name, at)}: score is '{given.iloc[at]}'; expected 0 to 1")
    return score.astype(float)


def _about_reports(frame: Table, tables: str | Path | None, name: str) -> Table:
    """Fill the report columns that are missing from the tables."""
    missing = [c for c in FROM_REPORTS if c not in frame.columns]
    if not missing:
        return frame
    if tables is None:
        raise SchemaError(f"{name}: lacks {', '.join(missing)}; --tables FOLDER fills them")
    about = read_table(tables, "sentences", ["sentence_id", *missing], copies=True)
    if (lost := ~frame["sentence_id"].isin(about["sentence_id"])).any():
        raise SchemaError(
            f"{name}: sentence {frame.loc[lost, 'sentence_id'].iloc[0]} is not in {tables}; "
            "do they come from the same build?"
        )
    return frame.merge(about, on="sentence_id", how="left", validate="many_to_one")


def _refuse_strange(found: pd.Series[str], known: Sequence[str], codebook: Codebook, name: str) -> None:
    if (strange := ~found.isin(known)).any():
        at = int(strange.to_numpy().argmax())
        raise SchemaError(
            f"{_line_of(name, at)}: label {found.iloc[at]} is not in the codebook {codebook.stamp}; it has "
            f"{', '.join(known)}"
        )


def _line_of(name: str, row: int) -> str:
    """Name the line of a row, by its number from 0; tables but lists of JSON have a head."""
    return f"{name}, line {row + 1 + (not name.endswith('.jsonl'))}"


def _valued(frame: Table, codebook: Codebook | None, name: str) -> Table:
    """Give each row class, score and decision, from what it has of them."""
    import pandas as pd

    value = frame["value"] if "value" in frame.columns else pd.Series(None, frame.index, dtype=object)
    value = value.astype(object).where(value.notna(), None)
    found = codebook or inferred(
        (str(label), None if _is_code(v) else str(v)) for label, v in zip(frame["label"], value, strict=True)
    )
    classes: list[object] = []
    scores: list[Any] = []
    given = frame["score"].tolist() if "score" in frame.columns else [None] * len(frame)
    for row, (label, code, score) in enumerate(zip(frame["label"], value, given, strict=True)):
        try:
            read, score = _class_and_score(found.of(str(label)), code, score)
        except ValueError as error:
            raise SchemaError(f"{_line_of(name, row)}: {error}") from error
        classes.append(read)
        scores.append(score)
    frame = frame.assign(value=pd.Series(classes, frame.index, dtype=object), score=scores)
    return frame if "predicted" in frame.columns else frame.assign(predicted=_decided(frame))


def _class_and_score(label: Label, code: object, score: object) -> tuple[object, object]:
    """Return the class of a choice (of a binary label None) and the score; without one a code is certain.

    Raises:
        ValueError: What the row gives is too little, or no code.
    """
    read = label.code_of(code)
    lacks = score is None or score != score
    if label.is_choice and read is None:
        raise ValueError(f"{label.name} names no class; expected {label.expected}")
    if lacks and read is None:
        raise ValueError(f"{label.name} has neither score nor value")
    return read if label.is_choice else None, float(bool(read)) if lacks else score


def _decided(frame: Table) -> pd.Series[Any]:
    """Return what is predicted: a binary label from a score of .5, of a choice the class with the best."""
    import pandas as pd

    numbers = pd.to_numeric(frame["score"], errors="coerce")
    chosen = numbers >= 0.5
    is_class = frame["value"].notna()
    if is_class.any():
        keys = ["sentence_id", "label", *(["model"] if "model" in frame.columns else [])]
        best = numbers[is_class].groupby([frame.loc[is_class, k] for k in keys], sort=False).idxmax()
        chosen[is_class] = frame.index[is_class].isin(best)
    return chosen


def _completed(frame: Table, codebook: Codebook) -> Table:
    """Add the classes of a choice that a file names only the chosen one of: not chosen, with score 0."""
    import pandas as pd

    parts = [frame]
    for label in codebook.labels:
        rows = frame[frame["label"] == label.name] if label.is_choice else frame.iloc[:0]
        keys = pd.MultiIndex.from_frame(rows[["model", "sentence_id", "value"]])
        if keys.has_duplicates:
            raise SchemaError(f"predictions: sentence {rows['sentence_id'].iloc[0]} has a class twice")
        first = rows.drop_duplicates(["model", "sentence_id"])
        if len(rows) == len(first) * len(label.class_names):
            continue
        for value in label.class_names:
            wanted = pd.MultiIndex.from_frame(first[["model", "sentence_id"]].assign(value=value))
            lacking = first[~wanted.isin(keys)]
            parts.append(lacking.assign(value=value, score=0.0, predicted=False))
    return pd.concat(parts, ignore_index=True) if len(parts) > 1 else frame


def _is_code(value: object) -> bool:
    try:
        Label("any").code_of(value)
    except ValueError:
        return False
    return True


def summed_up(predicted: Any, names: Sequence[str], codebook: Codebook) -> dict[str, int]:  # noqa: ANN401
    """Count predictions that stand a row per indicator for each sentence.

    Args:
        predicted: Columns `predicted`, `section`, `distance`, of a frame or of an Arrow table.
        names: The indicators, in the order of the rows.
        codebook: Their scheme.

    Returns:
        `sentences`; `counted sentences`, those outside the sections that are not counted; `far sentences` of
        these, where distances are told; under each indicator how many of these have it, and under `of` and
        the indicator how many it is coded in: in its sections, where its conditions are predicted. A sentence
        without a section counts.
    """
    import numpy as np

    decided = predicted["predicted"].to_numpy().astype(bool).reshape(-1, len(names))
    section = predicted["section"].to_numpy()[:: len(names)]
    distance = predicted["distance"].to_numpy()[:: len(names)].astype(float)
    given = np.array([isinstance(one, str) for one in section], bool)
    section = np.where(given, section, "").astype(str)
    here = ~np.isin(section, codebook.uncounted_sections)
    counts = {"sentences": len(here), "counted sentences": int(here.sum())}
    if not np.isnan(distance).all():
        counts["far sentences"] = int((distance[here] > FAR).sum())
    for quantity in codebook.quantities:
        if quantity.label not in names:
            continue  # derived
        coded = here & (~given | np.isin(section, quantity.sections or section))
        for above in (one for one in quantity.bottom if one in names):
            coded &= decided[:, names.index(above)]
        counts[quantity.label] = int((coded & decided[:, names.index(quantity.label)]).sum())
        counts[f"of {quantity.label}"] = int(coded.sum())
    return counts


def indicator_names(frame: Table) -> pd.Series[str]:
    """Return for each row of predictions the indicator it is about: `label`, or `label=class`."""
    label = frame["label"].astype(str)
    if "value" not in frame.columns or frame["value"].isna().all():
        return label
    value = frame["value"].astype(object)
    return label.where(value.isna(), label + "=" + value.where(value.notna(), "").astype(str))


def scheme_of(predictions: Predictions | str | Path, codebook: Codebook | None = None) -> Codebook:
    """Return the codebook given, or the scheme that the predictions, rows or a folder of them, show.

    Raises:
        SchemaError: The predictions have a label or class that the codebook has not.
    """
    if isinstance(predictions, str | Path):
        with session() as db:
            return predictions_in(db, predictions, codebook)[0]
    refuse_lacking("predictions", predictions, ("label",))
    has_values = "value" in predictions.columns
    pairs = predictions[["label", "value"] if has_values else ["label"]].drop_duplicates()
    values = pairs["value"].tolist() if has_values else [None] * len(pairs)
    return _scheme(list(zip(pairs["label"].astype(str), values, strict=True)), codebook)


def _scheme(
    pairs: Sequence[tuple[str, Any]], codebook: Codebook | None, name: str = "predictions"
) -> Codebook:
    if codebook is None:
        return inferred(pairs)
    codebook = given_or_shipped(codebook)
    names = {f"{name}={value}" if isinstance(value, str) and value else name for name, value in pairs}
    if strange := sorted(names - set(codebook.indicators)):
        raise SchemaError(
            f"{name}: {strange[0]} is not in the codebook {codebook.stamp}; it has "
            f"{', '.join(codebook.indicators)}"
        )
    return codebook


def predictions_of(predictions: Predictions | str | Path, sentences: Iterable[str]) -> Predictions:
    """Return the predictions, of rows or of a folder that `predict` wrote, of some sentences."""
    if isinstance(predictions, str | Path):
        return read_where(predictions, "predictions", [("sentence_id", "in", list(sentences))])
    return predictions[predictions["sentence_id"].isin(sentences)]


def reports_of(predictions: Predictions | str | Path) -> Table:
    """Return what predictions say of their reports: `report_id, agency, region_code, year`, a row each."""
    with session() as db:
        predictions_in(db, predictions)
        found: Table = db.sql(
            "SELECT report_id, min(agency) AS agency, min(region_code) AS region_code, min(year) AS year "
            "FROM predictions WHERE report_id IS NOT NULL GROUP BY report_id ORDER BY report_id"
        ).df()
    return found


INDICATOR = "label::VARCHAR || coalesce('=' || value::VARCHAR, '')"
"""The indicator of a row, as SQL."""
BATCH = 200_000
"""Rows of a folder's parts that are taken at a time."""


def predictions_in(
    db: duckdb.DuckDBPyConnection, predictions: Predictions | str | Path, codebook: Codebook | None = None
) -> tuple[Codebook, list[str], list[str]]:
    """Make predictions the view `predictions` of a connection.

    Args:
        db: A connection.
        predictions: Rows, or a folder that `predict` wrote; a path or an address.
        codebook: Their scheme; unless given, what they show.

    Returns:
        The scheme, their columns, and what to select from, one after the other, to have them all: parts that
        hold whole reports.

    Raises:
        SchemaError: A column is missing, a label is not in the codebook, or there are no parts.
    """
    if isinstance(predictions, str | Path):
        see(db, predictions)
        files = parts_of(predictions, "predictions")
        db.execute(f"CREATE VIEW given AS SELECT * FROM {_read(files)}")
    else:
        files = []
        refuse_lacking("predictions", predictions, ())
        db.register("given", arrow_of(predictions))
    own = [row[0] for row in db.sql("DESCRIBE given").fetchall()]
    needed = ("sentence_id", "model", "label", "score", "predicted")
    if lacking := [c for c in needed if c not in own]:
        raise SchemaError(f"predictions lack {', '.join(lacking)}; they have {', '.join(own)}")
    # Nulls of one type, whatever a frame has for a column without a value.
    types = {"seen": "BOOLEAN", "distance": "DOUBLE"}
    absent = [c for c in SCHEMAS["predictions"].names if c not in own]
    more = "".join(f", NULL::{types.get(c, 'VARCHAR')} AS {c}" for c in absent)
    select = f"SELECT *{more} FROM"
    db.execute(f"CREATE VIEW predictions AS {select} given")
    if isinstance(predictions, str | Path):  # in the order of the rows
        pairs = db.sql(
            f"SELECT label, value FROM ({select} {_read(files, 'file_row_number = true')}) "
            "GROUP BY ALL ORDER BY min(file_row_number), label, value"
        ).fetchall()
        scheme = _scheme(pairs, codebook, str(predictions))
    else:
        scheme = scheme_of(predictions, codebook)
    return scheme, own, [f"({select} {part})" for part in _batches(db, files)]


def _read(files: Sequence[str], more: str = "hive_partitioning = false") -> str:
    return f"read_parquet([{literals(files)}], union_by_name = true, {more})"


def _batches(db: duckdb.DuckDBPyConnection, files: Sequence[str]) -> list[str]:
    """Return parts together, some at a time; all at once where a report stands in several."""
    if not files:
        return ["given"]
    if len(files) < 2:
        return [_read(files)]
    listed = literals(files)
    counts = db.sql(f"SELECT file_name, num_rows FROM parquet_file_metadata([{listed}])").fetchall()
    if sum(rows for _, rows in counts) <= BATCH:
        return [_read(files)]
    (torn,) = db.sql(
        "SELECT count(*) FROM (SELECT report_id FROM "
        f"read_parquet([{listed}], filename = true) GROUP BY report_id HAVING min(filename) <> max(filename))"
    ).fetchall()[0]
    if torn:
        return [_read(files)]
    batches: list[list[str]] = [[]]
    total = 0
    for file, rows in counts:
        if total and total + rows > BATCH:
            batches.append([])
            total = 0
        batches[-1].append(file)
        total += rows
    return [_read(batch) for batch in batches]


def pivot_sql(source: str, codebook: Codebook, about: Sequence[str], numbers: Mapping[str, str]) -> str:
    """Return the query for one row per model and sentence.

    Beside `about`, whole numbers of the rows (name → SQL), `seen` and `_far` (from the training text) it has,
    for the k-th indicator, `dk` (decided: predicted, else false), `sk` (its score, else 0) and `hk` (how many
    rows it has).
    """
    columns = [f"min({quoted(c)}) AS {quoted(c)}" for c in dict.fromkeys(about)]
    columns += [f"min({name}) AS {name}" for name in numbers]
    which = ""
    for k, indicator in enumerate(codebook.indicators):
        name, _, value = indicator.partition("=") if codebook.of(indicator).is_choice else (indicator, "", "")
        which += f" WHEN label::VARCHAR = {literals([name])} AND coalesce(value::VARCHAR, '') = "
        which += f"{literals([value])} THEN {k}"
        columns += [
            f"coalesce(bool_or(predicted::BOOLEAN AND _k = {k}), false) AS d{k}",
            f"coalesce(max(score::DOUBLE) FILTER (WHERE _k = {k}), 0.0) AS s{k}",
            f"count_if(_k = {k}) AS h{k}",
        ]
    made = "".join(f", {sql} AS {name}" for name, sql in numbers.items())
    return (
        "SELECT model, sentence_id::VARCHAR AS sentence_id, "
        "coalesce(bool_or(seen::BOOLEAN), false) AS seen, "
        f"coalesce(bool_or(distance::DOUBLE > {FAR}), false) AS _far, {', '.join(columns)} "
        f"FROM (SELECT *{made}, CASE{which} END AS _k FROM {source}) GROUP BY ALL"
    )


def check_pivoted(db: duckdb.DuckDBPyConnection, table: str, codebook: Codebook) -> None:
    """Refuse sentences that lack a prediction that they need, or have one twice.

    Where a label is not predicted because its condition is not (`only_if`) or its section is another, none is
    needed.

    Raises:
        MeasureError: Says which.
    """
    at = {name: k for k, name in enumerate(codebook.indicators)}
    lacks = []
    for label in codebook.labels:
        needed = [f"d{at[above]}" for above in codebook.conditions(label.name)]
        needed += [f"section IN ({literals(label.sections)})"] if label.sections else []
        empty = [f"h{at[name]} = 0" for name in label.indicators]
        lacks.append(
            " AND ".join(["true", *needed, f"({(' AND ' if label.is_choice else ' OR ').join(empty)})"])
        )
    twice = " OR ".join(f"h{k} > 1" for k in at.values())
    found = db.sql(
        f"SELECT any_value(sentence_id) FILTER (WHERE {' OR '.join(f'({one})' for one in lacks)}), "
        f"any_value(sentence_id) FILTER (WHERE {twice}) FROM {table}"
    ).fetchall()[0]
    if found[0] is not None:
        raise MeasureError(
            f"every sentence needs a prediction for {' and '.join(codebook.names)}; {found[0]} lacks one"
        )
    if found[1] is not None:
        raise MeasureError(f"sentence {found[1]} has two predictions of one label by one model; keep one")


def by_indicator(predictions: Predictions | str | Path, codebook: Codebook) -> tuple[Table, Table]:
    """Return decisions and scores, a row per model and sentence and a column per indicator.

    Where a label is not predicted because its condition is not (`only_if`) or its section is another, the
    decision is no and the score 0.

    Raises:
        MeasureError: A sentence lacks a prediction that it needs.
    """
    with session() as db:
        keep_pivoted(db, predictions, codebook)
        found = db.sql("SELECT * FROM kept ORDER BY model, sentence_id").df()
    found = found.set_index(["model", "sentence_id"])
    count, names = len(codebook.indicators), list(codebook.indicators)
    flags, scores = ([f"{kind}{k}" for k in range(count)] for kind in "ds")
    return found[flags].set_axis(names, axis=1).astype(bool), found[scores].set_axis(names, axis=1)


def keep_pivoted(
    db: duckdb.DuckDBPyConnection,
    predictions: Predictions | str | Path,
    codebook: Codebook,
    wanted: str | None = None,
) -> None:
    """Make the table `kept`: model, sentence, and of each indicator decision and score; see `pivot_sql`.

    Args:
        db: A connection.
        predictions: Rows, or a folder that `predict` wrote.
        codebook: Their scheme.
        wanted: A table whose `id` holds the hashes of the sentences that are wanted; all unless given.

    Raises:
        MeasureError: A sentence lacks a prediction that it needs.
    """
    columns = ", ".join(f"d{k}, s{k}" for k in range(len(codebook.indicators)))
    _, _, batches = predictions_in(db, predictions, codebook)
    for number, batch in enumerate(batches):
        source = batch
        if wanted is not None:
            source = f"(SELECT * FROM {batch} b SEMI JOIN {wanted} w ON w.id = hash(b.sentence_id::VARCHAR))"
        db.execute(f"CREATE OR REPLACE TEMP TABLE pivoted AS {pivot_sql(source, codebook, ['section'], {})}")
        check_pivoted(db, "pivoted", codebook)
        kept = f"SELECT model, sentence_id, {columns} FROM pivoted"
        db.execute(f"INSERT INTO kept {kept}" if number else f"CREATE TABLE kept AS {kept}")
