"""What a classifier must beat: the majority, a readable rule, and the words of the sentence alone."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

import numpy as np

from gongkai.classify.features import features, normalize
from gongkai.classify.linear import regression
from gongkai.store.run import bundled
from gongkai.tables.schema import LABELS

if TYPE_CHECKING:
    from gongkai.tables.schema import Labels

    Vector = np.ndarray[Any, np.dtype[Any]]

BASELINES = ("majority", "rule", "words")


def baseline_scores(name: str, training: Labels, test: Labels) -> Vector:
    """Score sentences by a baseline; 0.5 and more counts as predicted.

    Args:
        name: `majority` gives every sentence the label's share in training; `rule` applies
            `corpus/lexicon/rule.toml` and learns nothing; `words` is a logistic regression on the words of
            the sentence, without any context.
        training: Coded sentences to learn from.
        test: Sentences to score.

    Returns:
        Scores, sentences × labels.
    """
    if name == "majority":
        share = np.array([training[label].to_numpy(bool).mean() for label in LABELS])
        return np.tile(share, (len(test), 1))
    if name == "rule":
        return _rule(test)
    x, x_test = features(training, ["words"]), features(test, ["words"])
    columns = []
    for label in LABELS:
        fitted = regression(10.0).fit(x, training[label].to_numpy(bool))
        columns.append(fitted.predict_proba(x_test)[:, 1])
    return np.stack(columns, axis=1)


def _rule(sentences: Labels) -> Vector:
    rule = tomllib.loads(bundled("corpus/lexicon/rule.toml").read_text(encoding="utf-8"))
    commitment, boilerplate = rule["commitment"], rule["boilerplate"]
    scores = np.zeros((len(sentences), len(LABELS)))
    years = sentences["year"].tolist() if "year" in sentences else [None] * len(sentences)
    leads = (
        sentences["lead"].astype(object).fillna("").tolist() if "lead" in sentences else [""] * len(sentences)
    )
    for i, (text, section, lead, year) in enumerate(
        zip(sentences["text"], sentences["section"], leads, years, strict=True)
    ):
        marked = normalize(text, year)  # F stands for a later year than the report's, Y for its own
        if section in commitment["sections"]:
            scores[i, 0] = not re.search(commitment["done"], text)
        elif re.search(commitment["future"], text) or "F年" in marked:
            scores[i, 0] = section != "problems" or bool(re.search(commitment["future"], lead))
        plain = re.sub("[PYF]年", "", marked)
        scores[i, 1] = not re.search(boilerplate["particular"], plain) and bool(
            re.search(boilerplate["formula"], text)
        )
    return scores
