"""Coded sentences → folds in which no agency, and none that shares its text, stands on both sides."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from gongkai.classify.kinds import TrainSettings
from gongkai.errors import ModelError
from gongkai.tables.schema import Labels, Table
from gongkai.tables.scheme.codebook import Codebook
from gongkai.tables.scheme.coded import indicator_codes, scheme_of_labels

if TYPE_CHECKING:
    Vector = np.ndarray[Any, np.dtype[Any]]


def split_groups(gold: Labels) -> Vector:
    """Return a group number per sentence: agencies, merged where they share many near-duplicate sentences.

    Two agencies are merged when at least a fifth of the smaller one's distinct long sentences (numbers
    masked, twelve characters or more) also stand in the other: the copier and the copied must be on one side
    of a split.
    """
    agency = gold["agency"].astype(object).fillna(gold["report_id"]).fillna("").astype(str)
    masked = [re.sub(r"\d+", "0", re.sub(r"[^\u4e00-\u9fff\d]", "", t)) for t in gold["text"]]
    texts: dict[str, set[str]] = {}
    for name, text in zip(agency, masked, strict=True):
        texts.setdefault(name, set())
        if len(text) >= 12:
            texts[name].add(text)
    names = sorted(texts)
    root = {name: name for name in names}

    def find(name: str) -> str:
        while root[name] != name:
            name = root[name]
        return name

    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            smaller = min(len(texts[a]), len(texts[b]))
            if smaller and len(texts[a] & texts[b]) >= 0.2 * smaller:
                root[find(b)] = find(a)
    number = {name: k for k, name in enumerate(names)}
    return np.array([number[find(name)] for name in agency])


def outer_folds(
    gold: Labels, groups: Vector, settings: TrainSettings, codebook: Codebook | None = None
) -> list[tuple[Vector, Vector]]:
    """Return (training, test) rows of each outer fold; no group stands on both sides of one.

    Raises:
        ModelError: There are fewer than four groups, or a label has positives in fewer than four.
    """
    count = len(np.unique(groups))
    if count < 4:
        raise ModelError(
            f"the labels come from {count} groups of agencies; at least four are needed to train and test"
        )
    scheme = scheme_of_labels(gold, codebook)
    codes = indicator_codes(gold, scheme)
    for label in scheme.labels:
        for indicator in label.indicators:
            with_positives = len(np.unique(groups[(codes[indicator] == 1).to_numpy()]))
            if with_positives == 0 and label.is_choice:
                raise ModelError(no_one_coded(scheme, indicator))
            if with_positives < 4:
                raise ModelError(
                    f"{indicator}: positive in {with_positives} groups of agencies; at least four are needed"
                )
    folds = min(settings.outer_folds, count)
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=settings.seed)
    return list(splitter.split(np.zeros(len(gold)), _strata(codes, folds), groups))


def no_one_coded(codebook: Codebook, indicator: str) -> str:
    """Say that a class has no coded sentence, and what to do."""
    label, _, value = indicator.partition("=")
    return (
        f"{label}: no one coded the class '{value}' ({codebook.place_of(indicator)}); code sentences of it, "
        "or train by a codebook without it"
    )


def _strata(codes: Table, folds: int) -> Vector:
    """Number the combinations of codes; those too rare to stand in each fold go with the commonest."""
    combined = np.zeros(len(codes), np.int64)
    for indicator in codes.columns:
        combined = combined * 2 + np.nan_to_num(codes[indicator].to_numpy()).astype(np.int64)
        known, combined_index, counts = np.unique(combined, return_inverse=True, return_counts=True)
        if len(known) > 64:  # of many labels the first decide
            break
    rare = counts[combined_index] < folds
    return np.where(rare, known[counts.argmax()], combined)


def random_folds(
    gold: Labels, settings: TrainSettings, codebook: Codebook | None = None
) -> list[tuple[Vector, Vector]]:
    """Return folds by sentence: what nobody should report, kept to show by how much it flatters."""
    scheme = scheme_of_labels(gold, codebook)
    both = _strata(indicator_codes(gold, scheme), settings.outer_folds)
    splitter = StratifiedKFold(settings.outer_folds, shuffle=True, random_state=settings.seed)
    return list(splitter.split(np.zeros(len(gold)), both))


def forward_fold(gold: Labels, codebook: Codebook | None = None) -> list[tuple[Vector, Vector]]:
    """Return one fold: trained on the earlier years, tested on the later, about a third of the sentences.

    An agency may stand on both sides, with text that it repeats: this is the split of somebody who codes up
    to one year and predicts the next. Empty where there are not enough years or positives.
    """
    year = gold["year"].to_numpy(float)
    if np.isnan(year).all():
        return []
    cut = np.nanquantile(year, 2 / 3, method="lower")
    training, test = np.flatnonzero(year <= cut), np.flatnonzero(year > cut)
    part = gold.iloc[training]
    codes = indicator_codes(part, scheme_of_labels(gold, codebook))
    enough = all(part.loc[codes[indicator] == 1, "agency"].nunique() >= 4 for indicator in codes)
    return [(training, test)] if len(test) and enough else []
