"""Coded sentences: read, validate, write."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Mapping
from pathlib import Path

from gongkai.errors import SchemaError
from gongkai.store.storage import user_text
from gongkai.tables.columns import refuse_missing
from gongkai.tables.predicted import FROM_REPORTS
from gongkai.tables.schema import KEYS, SCHEMAS, Labels, Predictions, Sentences, frame_of
from gongkai.tables.scheme.codebook import Codebook, codes_in_order
from gongkai.tables.scheme.codebooks import given_or_shipped
from gongkai.tables.scheme.coded import coded_whole, indicator_codes, scheme_of_labels

_REQUIRED = ("sentence_id", "annotator", "text")


def read_labels(path: str | Path, codebook: Codebook | None = None) -> Labels:
    """Read coded sentences from a CSV file, or from all CSV files of a folder.

    Args:
        path: UTF-8 (with or without BOM). Wide: one row per sentence and coder with a column for each label;
            or long: one row per sentence, coder and label with the columns `label` and `value`. Beside them
            `sentence_id, annotator, text`, and where known `report_id, agency, year, section, heading, lead,
            codebook, inclusion`. Codes are as people write them (1, 是, TRUE, √ …; of a choice a class), or
            empty.
        codebook: The scheme; the one that ships unless given.

    Returns:
        `labels` rows, a column for each label.

    Raises:
        SchemaError: Names the file and line: not UTF-8, a missing column, an unknown code, a code where its
            condition does not hold, a duplicated key, labels of another codebook.
    """
    scheme = given_or_shipped(codebook)
    source = Path(path)
    files = sorted(source.glob("*.csv")) if source.is_dir() else [source]
    if not files:
        raise SchemaError(f"{source}: no .csv file with labels here")
    rows: list[dict[str, object]] = []
    seen: dict[tuple[object, ...], str] = {}
    for file in files:
        for line, row in _read_rows(file, scheme):
            key = tuple(row[k] for k in KEYS["labels"])
            place = f"{file}, line {line}"
            if key in seen:
                raise SchemaError(
                    f"{place}: {row['annotator']} coded sentence {row['sentence_id']} already in {seen[key]}"
                )
            seen[key] = place
            rows.append(row)
    return frame_of("labels", rows, scheme)


def _read_rows(file: Path, codebook: Codebook) -> list[tuple[int, dict[str, object]]]:
    text = user_text(file)
    csv.field_size_limit(2**31 - 1)  # a sentence may be as long as it likes
    reader = csv.DictReader(text.splitlines(keepends=True))
    columns = reader.fieldnames or ()
    is_long = {"label", "value"} <= set(columns)
    refuse_missing(file, (*_REQUIRED, *(() if is_long else codebook.names)), columns)
    lines = [(reader.line_num, raw) for raw in reader]
    rows = []
    for line, raw in _widened(file, lines, codebook) if is_long else lines:
        try:
            rows.append((line, _row(raw, codebook)))
        except ValueError as error:
            raise SchemaError(f"{file}, line {line}: {error}") from error
    return rows


def _row(raw: Mapping[str, str | None], codebook: Codebook) -> dict[str, object]:
    """Read a row of a file.

    Raises:
        ValueError: Says what is wrong with it.
    """
    row: dict[str, object] = {f.name: raw.get(f.name) or None for f in SCHEMAS["labels"]}
    row |= {name: raw.get(name) or "" for name in ("heading", "lead")}
    if empty := [name for name in _REQUIRED if not row[name]]:
        raise ValueError(f"{empty[0]} is empty")
    if not codebook.accepts(row["codebook"]):
        raise ValueError(
            f"coded by the codebook '{row['codebook']}', not by {codebook.stamp}; "
            "give the one it was coded by (--codebook FILE)"
        )
    row |= {label.name: label.code_of(raw.get(label.name)) for label in codebook.labels}
    if wrong := codes_in_order(codebook, row):
        raise ValueError(wrong)
    year = (raw.get("year") or "").strip().removesuffix(".0")  # as pandas writes it beside empty ones
    if year and not year.isdigit():
        raise ValueError(f"year is '{year}'; expected four digits")
    return row | {"year": int(year) if year else None, "inclusion": _inclusion(raw.get("inclusion") or "")}


def _widened(
    file: Path, lines: list[tuple[int, dict[str, str]]], codebook: Codebook
) -> list[tuple[int, dict[str, str]]]:
    """Put the rows of a sentence and coder, one per label, into one, with the line of the first."""
    found: dict[tuple[str, str], tuple[int, dict[str, str]]] = {}
    for line, raw in lines:
        label = (raw.get("label") or "").strip()
        if label not in codebook.names:
            names = ", ".join(codebook.names)
            raise SchemaError(f"{file}, line {line}: label is '{label}'; the codebook has {names}")
        key = (raw.get("sentence_id") or "", raw.get("annotator") or "")
        row = found.setdefault(key, (line, dict(raw)))[1]
        if label in row:
            raise SchemaError(f"{file}, line {line}: {key[1]} coded {label} of sentence {key[0]} already")
        row[label] = raw.get("value") or ""
    return list(found.values())


def _inclusion(text: str) -> float | None:
    if not text.strip():
        return None
    with contextlib.suppress(ValueError):
        if 0 < float(text) <= 1:
            return float(text)
    raise ValueError(f"inclusion is '{text}'; expected a probability in (0, 1]")


def predictions_from_codes(
    codes: Labels, sentences: Sentences, codebook: Codebook | None = None
) -> Predictions:
    """Take one coder's codes, e.g. a language model's, as predictions, to be corrected by human codes.

    Args:
        codes: `labels` rows by one coder; further passes of it are called `NAME#2` and so on, and a score is
            then the share of passes.
        sentences: `sentences` rows that they are of.
        codebook: The scheme; the one that ships unless given.

    Returns:
        `predictions` rows of the coded sentences, in their order; `model` is the coder. A label that is not
        coded because its condition does not hold has no rows. Sentences without codes are left out.

    Raises:
        SchemaError: Codes by several coders, or of sentences that are not here.
    """
    import numpy as np
    import pandas as pd

    scheme = scheme_of_labels(codes, codebook)
    coders = sorted({str(a).split("#", 1)[0] for a in codes["annotator"]})
    if len(coders) != 1:
        raise SchemaError(f"codes by {', '.join(coders) or 'nobody'}; predictions are made of one coder's")
    if lost := set(codes["sentence_id"]) - set(sentences["sentence_id"]):
        raise SchemaError(f"{len(lost)} coded sentences are not in these tables, e.g. {min(lost)}")
    whole = codes[coded_whole(codes, scheme) & codes[list(scheme.names)].notna().any(axis=1).to_numpy()]
    numbers = indicator_codes(whole, scheme).assign(sentence_id=whole["sentence_id"])
    share = numbers.groupby("sentence_id", sort=False).mean()
    about = sentences.drop_duplicates("sentence_id").set_index("sentence_id")
    share = share.loc[[i for i in about.index if i in share.index]]
    parts = []
    for label in scheme.labels:
        given = share[list(label.indicators)].dropna(how="all")
        best = given.to_numpy().argmax(axis=1) if len(given) else np.zeros(0, int)
        values = label.class_names or (None,)
        for k, (indicator, value) in enumerate(zip(label.indicators, values, strict=True)):
            score = given[indicator]
            chosen = best == k if label.is_choice else score.to_numpy() >= 0.5
            parts.append(
                pd.DataFrame(
                    {"sentence_id": given.index, "model": coders[0], "label": label.name, "value": value,
                     "score": score.to_numpy(), "predicted": chosen, "seen": False,
                     "distance": None}
                )
            )  # fmt: skip
    frame = pd.concat(parts, ignore_index=True)
    place = {name: k for k, name in enumerate(share.index)}
    frame = frame.sort_values("sentence_id", key=lambda ids: ids.map(place), kind="stable")
    columns = [c for c in FROM_REPORTS if c in about.columns]
    frame = frame.join(about[columns], on="sentence_id").reset_index(drop=True)
    frame = frame.assign(**{c: None for c in FROM_REPORTS if c not in columns})
    found: Predictions = frame[SCHEMAS["predictions"].names]
    return found
