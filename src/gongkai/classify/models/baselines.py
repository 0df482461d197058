"""What a classifier must beat: the majority, a readable rule, and the words of the sentence alone."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from gongkai.classify.features.features import features, normalize
from gongkai.classify.models.linear import regression
from gongkai.tables.schema import Labels
from gongkai.tables.scheme.codebook import Codebook
from gongkai.tables.scheme.coded import indicator_codes
from gongkai.text.lexicon import table

if TYPE_CHECKING:
    Vector = np.ndarray[Any, np.dtype[Any]]

BASELINES = ("majority", "rule", "words")


def baseline_scores(name: str, training: Labels, test: Labels, codebook: Codebook) -> Vector:
    """Score sentences by a baseline; 0.5 and more counts as predicted.

    Args:
        name: `majority` gives every sentence the label's share in training; `rule` applies the codebook's
            readable rule and learns nothing; `words` is a logistic regression on the words of the sentence,
            without any context.
        training: Coded sentences to learn from.
        test: Sentences to score.
        codebook: The scheme.

    Returns:
        Scores, sentences × indicators.
    """
    if name == "rule":
        return _rule(test, codebook)
    codes = indicator_codes(training, codebook)
    if name == "majority":
        share = np.array([codes[indicator].mean() for indicator in codebook.indicators])
        return np.tile(share, (len(test), 1))
    x, x_test = features(training, ["words"]), features(test, ["words"])
    columns = []
    for indicator in codebook.indicators:
        known = codes[indicator].notna().to_numpy()
        y = codes[indicator].to_numpy()[known].astype(bool)
        if y.all() or not y.any():
            columns.append(np.full(len(test), float(y.any())))
            continue
        fitted = regression(10.0).fit(x[np.flatnonzero(known)], y)
        columns.append(fitted.predict_proba(x_test)[:, 1])
    return np.stack(columns, axis=1)


def baselines_of(codebook: Codebook) -> tuple[str, ...]:
    """Return the baselines that a codebook has."""
    return tuple(name for name in BASELINES if name != "rule" or codebook.rule_baseline)


def _rule(sentences: Labels, codebook: Codebook) -> Vector:
    """Apply word lists: `future` and sections of plans, or `formula` without anything particular."""
    rule = table(PurePath(codebook.rule_baseline).stem)
    scores = np.zeros((len(sentences), len(codebook.indicators)))
    years = sentences["year"].tolist() if "year" in sentences else [None] * len(sentences)
    leads = (
        sentences["lead"].astype(object).fillna("").tolist() if "lead" in sentences else [""] * len(sentences)
    )
    for i, (text, section, lead, year) in enumerate(
        zip(sentences["text"], sentences["section"], leads, years, strict=True)
    ):
        marked = normalize(text, year)  # F stands for a later year than the report's, Y for its own
        for k, part in enumerate(rule.get(indicator, {}) for indicator in codebook.indicators):
            if "formula" in part:
                plain = re.sub("[PYF]年", "", marked)
                scores[i, k] = not re.search(part["particular"], plain) and bool(
                    re.search(part["formula"], text)
                )
            elif section in part.get("sections", ()):
                scores[i, k] = not re.search(part["done"], text)
            elif "future" in part and (re.search(part["future"], text) or "F年" in marked):
                scores[i, k] = section != "problems" or bool(re.search(part["future"], lead))
    return scores
