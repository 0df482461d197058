"""Problems that return: last year's problem told again, often in other words.

Sentences are compared by their words (`similar.weigh`) and by what they mean (`meanings`). What the
likenesses say together is in `corpus/lexicon/troubles.toml`, fitted by `benchmarks/returns.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gongkai.measure.promises.meanings import TOPICS, Cover, Meaning, bare, sums
from gongkai.text.lexicon import patterns, table

if TYPE_CHECKING:
    Vector = np.ndarray[Any, np.dtype[Any]]

NAMED = 50
"""How much more a topic must be told than none; chosen on the frames among the authored problems."""


def is_framing(texts: Sequence[str]) -> Vector:
    """Tell which sentences only say that there are problems, and not which.

    >>> is_framing(["一年来工作取得了一定成绩，但仍存在一些不足。", "政策解读还存在不足。"]).tolist()
    [True, False]
    """
    said, framing = (patterns("troubles.framing")[name] for name in ("said", "words"))
    found = np.array([bool(said.search(text)) for text in texts], bool)
    rest = [framing.sub("", text) for text, frames in zip(texts, found, strict=True) if frames]
    topics = sums([bare(text) for text in rest])[0][:, -len(TOPICS) :]
    found[found] = topics.max(axis=1, initial=0) - topics[:, TOPICS.index("other")] < NAMED
    return found


def same_trouble(likeness: Vector, then: Meaning, now: Meaning, cover: Cover) -> Vector:
    """Return the probability that two problems are the same.

    Args:
        likeness: Of their words, in [0, 1], shape (then, now).
        then: Meanings of problems of a report.
        now: Meanings of problems of the next.
        cover: How far these cover those.

    Returns:
        Probabilities of the same shape.
    """
    odds = table("troubles.odds")
    signs = same_signs(likeness, then, now, cover)
    told = odds["intercept"] + sum(odds[name] * sign for name, sign in signs.items())
    found: Vector = 1 / (1 + np.exp(-told))
    return found


def same_signs(likeness: Vector, then: Meaning, now: Meaning, cover: Cover) -> dict[str, Vector]:
    """Return what speaks for it, by name; the same words mean the same, known or not."""
    return {
        "words": np.sqrt(likeness),
        "about": np.maximum(then.about @ now.about.T, likeness),
        "told": np.maximum(then.told @ now.told.T, likeness),
        "covered": np.maximum(cover.then, likeness),
    }
