"""Predictions, ours or from elsewhere: read, filled from the tables, seen as indicators."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gongkai.errors import MeasureError, SchemaError
from gongkai.tables.codebooks import inferred
from gongkai.tables.schema import SCHEMAS, read_frame, read_table

if TYPE_CHECKING:
    import pandas as pd

    from gongkai.tables.codebook import Codebook
    from gongkai.tables.schema import Predictions, Table

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
    if codebook is not None and (strange := set(frame["label"]) - set(codebook.names)):
        raise SchemaError(
            f"{name}: label {min(map(str, strange))} is not in the codebook {codebook.stamp}; "
            f"it has {', '.join(codebook.names)}"
        )
    if "value" in frame.columns:
        frame = frame.assign(value=_texts(frame["value"]))
    if "score" not in frame.columns or "predicted" not in frame.columns or "value" not in frame.columns:
        frame = _valued(frame, codebook, name)
    score = pd.to_numeric(frame["score"], errors="coerce")
    if (wrong := ~score.between(0, 1)).any():
        line = int(wrong.to_numpy().argmax()) + 2
        raise SchemaError(f"{name}, line {line}: score is '{frame['score'].iloc[line - 2]}'; expected 0 to 1")
    frame = frame.assign(score=score.astype(float))
    if "model" not in frame.columns:
        frame = frame.assign(model=Path(name).stem)
    missing = [c for c in FROM_REPORTS if c not in frame.columns]
    if missing and tables is not None:
        about = read_table(tables, "sentences", ["sentence_id", *missing], copies=True)
        if (lost := ~frame["sentence_id"].isin(about["sentence_id"])).any():
            raise SchemaError(
                f"{name}: sentence {frame.loc[lost, 'sentence_id'].iloc[0]} is not in {tables}; "
                "do they come from the same build?"
            )
        frame = frame.merge(about, on="sentence_id", how="left", validate="many_to_one")
    elif missing:
        raise SchemaError(f"{name}: lacks {', '.join(missing)}; --tables FOLDER fills them")
    if "seen" not in frame.columns:
        frame = frame.assign(seen=None)
    frame = _completed(frame, scheme_of(frame, codebook))
    columns = SCHEMAS["predictions"].names
    return frame[[*columns, *(c for c in frame.columns if c not in columns)]]


def _texts(values: pd.Series[Any]) -> pd.Series[Any]:
    """Return classes as texts, 5.0 of a spreadsheet as 5; what is empty stays so."""
    import pandas as pd

    plain = [None if v is None or v != v else v for v in values.astype(object).tolist()]
    whole = [str(int(v)) if isinstance(v, float) and v.is_integer() else v for v in plain]
    return pd.Series([None if v is None else str(v) for v in whole], values.index, dtype=object)


def _valued(frame: Table, codebook: Codebook | None, name: str) -> Table:
    """Give each row class, score and decision, from what it has of them."""
    import pandas as pd

    value = frame["value"] if "value" in frame.columns else pd.Series(None, frame.index, dtype=object)
    value = value.astype(object).where(value.notna(), None)
    found = codebook or inferred(
        (str(label), None if _is_code(v) else str(v)) for label, v in zip(frame["label"], value, strict=True)
    )
    classes, scores = [], []
    given = frame["score"].tolist() if "score" in frame.columns else [None] * len(frame)
    for line, (label, code, score) in enumerate(zip(frame["label"], value, given, strict=True), start=2):
        about = found.of(str(label))
        score = None if score is None or score != score else score
        try:
            read = about.code_of(code)
        except ValueError as error:
            raise SchemaError(f"{name}, line {line}: {error}") from error
        if about.is_choice and read is None:
            raise SchemaError(f"{name}, line {line}: {label} names no class; expected {about.expected}")
        if not about.is_choice and score is None and read is None:
            raise SchemaError(f"{name}, line {line}: {label} has neither score nor value")
        classes.append(read if about.is_choice else None)
        scores.append(float(bool(read)) if score is None else score)
    frame = frame.assign(value=pd.Series(classes, frame.index, dtype=object), score=scores)
    if "predicted" not in frame.columns:
        numbers = pd.to_numeric(frame["score"], errors="coerce")
        chosen = numbers >= 0.5
        is_class = frame["value"].notna()
        if is_class.any():
            keys = ["sentence_id", "label", *(["model"] if "model" in frame.columns else [])]
            best = numbers[is_class].groupby([frame.loc[is_class, k] for k in keys], sort=False).idxmax()
            chosen[is_class] = frame.index[is_class].isin(best)
        frame = frame.assign(predicted=chosen)
    return frame


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
    from gongkai.tables.codebook import Label

    try:
        Label("any").code_of(value)
    except ValueError:
        return False
    return True


def indicator_names(frame: Table) -> pd.Series[str]:
    """Return for each row of predictions the indicator it is about: `label`, or `label=class`."""
    label = frame["label"].astype(str)
    if "value" not in frame.columns or frame["value"].isna().all():
        return label
    value = frame["value"].astype(object)
    return label.where(value.isna(), label + "=" + value.where(value.notna(), "").astype(str))


def scheme_of(predictions: Predictions, codebook: Codebook | None = None) -> Codebook:
    """Return the codebook given, or the scheme that the predictions show.

    Raises:
        SchemaError: The predictions have a label or class that the codebook has not.
    """
    has_values = "value" in predictions.columns
    pairs = predictions[["label", "value"] if has_values else ["label"]].drop_duplicates()
    values = pairs["value"].tolist() if has_values else [None] * len(pairs)
    found = list(zip(pairs["label"].astype(str), values, strict=True))
    if codebook is None:
        return inferred(found)
    names = {f"{name}={value}" if isinstance(value, str) and value else name for name, value in found}
    if strange := sorted(names - set(codebook.indicators)):
        raise SchemaError(
            f"the predictions' {strange[0]} is not in the codebook {codebook.stamp}; it has "
            f"{', '.join(codebook.indicators)}"
        )
    return codebook


def by_indicator(predictions: Predictions, codebook: Codebook) -> tuple[Table, Table]:
    """Return decisions and scores, a row per model and sentence and a column per indicator.

    Where a label is not predicted because its condition is not (`only_if`) or its section is another, the
    decision is no and the score 0.

    Raises:
        MeasureError: A sentence lacks a prediction that it needs.
    """
    keys = ["model", "sentence_id"]
    keyed = predictions.assign(_indicator=indicator_names(predictions)).set_index([*keys, "_indicator"])
    flags, scores = keyed["predicted"].unstack(), keyed["score"].unstack()  # noqa: PD010
    names = list(codebook.indicators)
    flags, scores = flags.reindex(columns=names), scores.reindex(columns=names)
    section = None
    for label in codebook.labels:
        needed = flags[[]].assign(_needed=True)["_needed"]
        for above in codebook.conditions(label.name):
            needed &= flags[above].fillna(False).astype(bool)
        if label.sections:
            if section is None:
                section = predictions.drop_duplicates(keys).set_index(keys)["section"].reindex(flags.index)
            needed &= section.isin(label.sections)
        lacks = flags[list(label.indicators)].isna()
        if (needed & (lacks.all(axis=1) if label.is_choice else lacks.any(axis=1))).any():
            raise MeasureError(f"every sentence needs a prediction for {' and '.join(codebook.names)}")
    if flags.isna().any(axis=None):  # filled by way of objects, which is slow
        flags = flags.astype(object).fillna(value=False)
    return flags.astype(bool), scores.astype(float).fillna(0.0)
