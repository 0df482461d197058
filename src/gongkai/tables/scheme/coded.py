"""Codes as numbers: a column per label → indicators, 1, 0 or missing; and which sentences are coded whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gongkai.errors import SchemaError
from gongkai.tables.scheme.codebook import Codebook
from gongkai.tables.scheme.codebooks import given_or_shipped

if TYPE_CHECKING:
    from gongkai.tables.schema import Labels, Table

    Vector = np.ndarray[Any, np.dtype[Any]]


def scheme_of_labels(labels: Labels, codebook: Codebook | None = None) -> Codebook:
    """Return the codebook given, or the one that ships where the labels have its columns.

    Raises:
        SchemaError: The labels lack a column, or were coded by another codebook.
    """
    found = given_or_shipped(codebook)
    if missing := [name for name in found.names if name not in labels.columns]:
        raise SchemaError(
            f"the labels lack {', '.join(missing)} of the codebook {found.stamp}; give the codebook by which "
            "they were coded (--codebook FILE)"
        )
    stamps = labels["codebook"].dropna().unique().tolist() if "codebook" in labels.columns else []
    if strange := [s for s in stamps if not found.accepts(s)]:
        raise SchemaError(f"the labels were coded by the codebook '{strange[0]}', not by {found.stamp}")
    return found


def indicator_codes(labels: Labels, codebook: Codebook) -> Table:
    """Return a column of floats per indicator: 1 or 0, missing where not coded; the index is the labels'."""
    import pandas as pd

    columns: dict[str, Vector] = {}
    for label in codebook.labels:
        given = labels[label.name].astype(object)
        known = given.notna().to_numpy(bool)
        if not label.is_choice:
            columns[label.name] = np.array(
                [float(bool(v)) if k else np.nan for v, k in zip(given, known, strict=True)]
            )
            continue
        for value, indicator in zip(label.class_names, label.indicators, strict=True):
            columns[indicator] = np.where(known, (given == value).to_numpy(bool).astype(float), np.nan)
    return pd.DataFrame(columns, index=labels.index)


def all_true(codes: Mapping[str, Vector], names: Sequence[str]) -> Vector:
    """Return whether all of some indicators are true, of each sentence: 1, 0, or missing where not known.

    One that is false decides, so that what is coded only under a condition need not be coded elsewhere.
    """
    whole = np.stack([np.asarray(codes[name], float) for name in names])
    false = (whole == 0).any(axis=0)
    # The least of numbers with a missing one is missing.
    known: Vector = np.where(false, 0.0, whole.min(axis=0))
    return known


def coded_whole(labels: Labels, codebook: Codebook) -> Vector:
    """Return which rows have every label that applies to them, as booleans."""
    codes = indicator_codes(labels, codebook)
    numbers = {name: codes[name].to_numpy() for name in codes.columns}
    whole = np.ones(len(labels), bool)
    section = labels["section"].to_numpy() if "section" in labels.columns else None
    for label in codebook.labels:
        applies = np.ones(len(labels), bool)
        if label.sections and section is not None:
            applies &= np.isin(section.astype(str), label.sections)
        if under := codebook.conditions(label.name):
            applies &= all_true(numbers, under) == 1
        whole &= ~applies | ~np.isnan(numbers[label.indicators[0]])
    return whole
