"""Model + sentences → predictions table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from gongkai.classify.classifier import Classifier, learned_from, load_model
from gongkai.classify.features.distance import Familiar
from gongkai.errors import SchemaError
from gongkai.tables.columns import refuse_lacking
from gongkai.tables.schema import Predictions, Sentences, frame_of, hash_text, to_arrow
from gongkai.tables.scheme.codebook import Codebook
from gongkai.tables.scheme.codebooks import given_or_shipped

if TYPE_CHECKING:
    Vector = np.ndarray[Any, np.dtype[Any]]

CONTEXT = ("section", "heading", "lead")

_HALF = re.compile("[\ud800-\udfff]")


def predict(sentences: Sentences, *, model: str | Path | Classifier = "linear") -> Predictions:
    """Score and label sentences.

    Args:
        sentences: A column `text`; `section`, `heading`, `lead`, `year` and `tokens` are used where they are
            there, `sentence_id` and the report columns are carried along. `gongkai.read_sentences` makes such
            a frame from a tables folder, from reports, or from a .csv, .jsonl or .parquet file.
        model: A classifier, a model folder, or the name of a bundled checkpoint.

    Returns:
        `predictions`, one row per sentence and label, in the order of the input.

    Raises:
        SchemaError: There is no column `text`, or a text has half a character.
        ModelError: The model cannot be loaded.
    """
    refuse_lacking("sentences", sentences, ("text",))
    halved = next((i for i, text in enumerate(sentences["text"]) if _HALF.search(str(text))), None)
    if halved is not None:
        raise SchemaError(
            f"row {halved}: the text has half a character (a lone surrogate), which UTF-8 cannot hold; "
            "repair it: text.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace')"
        )
    if "sentence_id" not in sentences.columns:
        ids = [f"row-{i}-{hash_text(str(text))}" for i, text in enumerate(sentences["text"])]
        sentences = sentences.assign(sentence_id=ids)
    return predictions_of(load_model(model) if isinstance(model, str | Path) else model, sentences)


def missing_context(sentences: Sentences) -> list[str]:
    """Return the context columns that the sentences lack; scores are then less certain."""
    return [column for column in CONTEXT if column not in sentences.columns]


def predictions_of(model: Classifier, sentences: Sentences) -> Predictions:
    """Score sentences with a loaded model; one row per sentence and label, in order."""
    frame: Predictions = predicted_rows(model, sentences).to_pandas()
    return frame


def predicted_rows(model: Classifier, sentences: Sentences) -> pa.Table:
    """Score sentences with a loaded model; `predictions` as an Arrow table."""
    scores = shared_out(model.scores(sentences), model.labels, model.codebook)
    return as_predictions(
        scores, sentences, name=model.name, thresholds=model.thresholds, learned=model.trained_on,
        codebook=model.codebook, familiar=model.familiar,
    )  # fmt: skip


def as_predictions(
    scores: Vector,
    sentences: Sentences,
    *,
    name: str,
    thresholds: Mapping[str, float],
    learned: frozenset[str] = frozenset(),
    codebook: Codebook | None = None,
    familiar: Familiar | None = None,
) -> pa.Table:
    """Put scores, sentences × indicators in the order of `thresholds`, into an Arrow table `predictions`.

    Of a choice the class with the highest score is predicted; its thresholds are not used. What is coded only
    under a condition is predicted only where that is.
    """
    n, labels = len(sentences), tuple(thresholds)
    names, _, classes = zip(*(indicator.partition("=") for indicator in labels), strict=True)

    def repeated(column: str) -> object:
        if column not in sentences.columns:
            return [None] * (n * len(labels))
        return sentences[column].repeat(len(labels)).reset_index(drop=True)

    distances = None if familiar is None else familiar.distance([str(text) for text in sentences["text"]])
    columns: dict[str, object] = {
        "sentence_id": repeated("sentence_id"),
        "model": [name] * (n * len(labels)),
        "label": list(names) * n,
        "value": [c or None for c in classes] * n,
        "score": scores.ravel(),
        "predicted": decisions(scores, thresholds, codebook).ravel(),
        "seen": np.repeat(learned_from(sentences, learned), len(labels)),
        "distance": None if distances is None else np.repeat(distances, len(labels)),
    }
    for column in ("report_id", "agency", "region_code", "year", "section", "heading"):
        columns[column] = repeated(column)
    frame = pd.DataFrame(columns)
    return to_arrow("predictions", frame_of("predictions", []) if frame.empty else frame)


def shared_out(scores: Vector, indicators: Sequence[str], codebook: Codebook | None = None) -> Vector:
    """Make the scores of a choice's classes sum to 1, by their odds; each class was scored on its own."""
    for label in given_or_shipped(codebook).labels:
        columns = [k for k, indicator in enumerate(indicators) if indicator in label.indicators]
        if label.is_choice and columns:
            part = np.clip(scores[:, columns], 1e-9, 1 - 1e-9)
            odds = part / (1 - part)
            scores[:, columns] = odds / odds.sum(axis=1, keepdims=True)
    return scores


def decisions(scores: Vector, thresholds: Mapping[str, float], codebook: Codebook | None = None) -> Vector:
    """Return what is predicted, sentences × indicators, from scores in the order of `thresholds`."""
    chosen: Vector = scores >= np.array(list(thresholds.values()))
    at = {indicator: k for k, indicator in enumerate(thresholds)}
    scheme = given_or_shipped(codebook)
    for label in scheme.labels:
        columns = [at[i] for i in label.indicators if i in at]
        if label.is_choice and columns:
            best = scores[:, columns].argmax(axis=1)
            chosen[:, columns] = best[:, None] == np.arange(len(columns))
    for label in scheme.labels:  # conditions after all choices; those above a condition hold with it
        for above in scheme.conditions(label.name):
            for indicator in label.indicators:
                if indicator in at and above in at:
                    chosen[:, at[indicator]] &= chosen[:, at[above]]
    return chosen
