"""Problems that return: last year's problem told again, often in other words.

Sentences are compared by their words (`similar.weigh`) and by what they are about: themes, which are data
(`corpus/lexicon/troubles.toml`) with the odds that two sentences of a theme tell of the same problem.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gongkai.text.lexicon import patterns, table

if TYPE_CHECKING:
    Vector = np.ndarray[Any, np.dtype[Any]]


SAME_WORDS = 0.6
"""Likeness of words from which two problems that share no theme may be the same."""


@functools.lru_cache(maxsize=65_536)
def themes(text: str) -> frozenset[str]:
    """Return what a problem is about.

    >>> sorted(themes("政策解读照搬条文，群众看不懂。")), sorted(themes("一人多岗的老问题仍未解决。"))
    (['interpretation'], ['staff'])
    """
    return frozenset(name for name, pattern in patterns("troubles.themes").items() if pattern.search(text))


def is_framing(text: str) -> bool:
    """Tell whether a sentence only says that there are problems, and not which.

    >>> is_framing("一年来工作取得了一定成绩，但仍存在一些不足。"), is_framing("政策解读还存在不足。")
    (True, False)
    """
    named = themes(text) - set(table("troubles.soft")["themes"])
    return not named and bool(patterns("troubles.framing")["said"].search(text))


def same_trouble(then: Sequence[str], now: Sequence[str], likeness: Vector) -> Vector:
    """Return the probability that two problems are the same.

    Args:
        then: Problems of a report.
        now: Problems of the next.
        likeness: Of their words, in [0, 1], shape (then, now).

    Returns:
        Probabilities of the same shape.
    """
    odds = table("troubles.odds")
    shared, dice = alike_in_theme(then, now)
    told = odds["root_score"] * np.sqrt(likeness) + odds["shared"] * shared + odds["dice"] * dice
    found: Vector = 1 / (1 + np.exp(-(odds["intercept"] + told)))
    # What shares no theme is the same only where it is told in the same words: short sentences share the
    # register of the genre (on real reports of different agencies; on the authored ones it changes nothing).
    found[(shared == 0) & (likeness < SAME_WORDS)] = 0.0
    return found


def alike_in_theme(then: Sequence[str], now: Sequence[str]) -> tuple[Vector, Vector]:
    """Return the weight of the themes that each of `then` shares with each of `now`; its share of both."""
    weights = table("troubles.weights")
    weight = np.array(list(weights.values()))
    left, right = (
        np.array([[name in themes(t) for name in weights] for t in texts]) for texts in (then, now)
    )
    shared = (left * weight) @ right.T.astype(float)
    total = (left @ weight)[:, None] + (right @ weight)[None, :]
    return shared, np.divide(2 * shared, total, out=np.zeros_like(shared), where=total > 0)
