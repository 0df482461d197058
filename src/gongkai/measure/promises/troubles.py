"""Problems that return: last year's problem told again, often in other words.

Sentences are compared by their words (`similar.weigh`) and by what they mean (`meanings`): of one thing
another fault may be told. What the likenesses say together is in `corpus/lexicon/troubles.toml`, fitted by
`benchmarks/returns.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gongkai.measure.promises.meanings import CLAUSE, TOPICS, Cover, bare, spans, starts, sums, unit
from gongkai.text.lexicon import patterns, table

if TYPE_CHECKING:
    Vector = np.ndarray[Any, np.dtype[Any]]

NAMED = 50
"""How much more a topic must be told than none; chosen on the frames among the authored problems."""
SIGNS = ("words", "weight", "covered", "covers", "told", "thing", "fault", "clause", "rival", "choice",
         "bodies")  # fmt: skip
"""What speaks for it: words that recur, or cover each other; the views, whole and by clause; whether
another of last year's problems is told rather, or another tells it; and whose problem both are."""
SAME_BODY, ONE_BODY, OTHER_BODY = 1, -1, -4
"""What it counts that both name the same kind of body, one of them none, both others; chosen on six sets."""
SHORT = 4
"""A clause of fewer characters tells no problem."""
SHARES = {"told": 0.42, "thing": 0.12, "fault": 0.46}
"""What each view says of a clause, in the shares of their odds."""


class Trouble(NamedTuple):
    """Problems: which each is, of what, what is wrong, whose; of which each clause is, and all that of it."""

    told: Vector
    thing: Vector
    fault: Vector
    bodies: Vector
    row: Vector
    clauses: Vector

    def of(self, rows: Vector) -> Trouble:
        """Return some rows."""
        row, at = spans(self.row, rows)
        told, thing, fault, bodies = (view[rows] for view in self[:4])
        return Trouble(told, thing, fault, bodies, row, self.clauses[at])


def troubles(texts: Sequence[str]) -> Trouble:
    """Return what problems tell, as a whole and clause by clause.

    >>> late, slow, few = troubles(["解读发布滞后。", "解读没有与文件同步。", "解读数量少。"]).fault
    >>> float(late @ slow) > 0.4 > float(late @ few)
    True
    """
    told: list[list[str]] = []
    for text in texts:
        parts = [part for part in map(bare, CLAUSE.split(text)) if len(part) >= SHORT]
        told.append([bare(text), *(parts if len(parts) > 1 else ())])
    row = np.repeat(np.arange(len(told)), [len(parts) for parts in told])
    views = [unit(view) for view in sums([part for parts in told for part in parts], list(SHARES))]
    clauses = np.hstack([np.sqrt(share) * view for share, view in zip(SHARES.values(), views, strict=True)])
    of, thing, fault = (view[starts(row)] for view in views)
    kinds = patterns("troubles.bodies").values()
    named = np.array([[bool(kind.search(text)) for kind in kinds] for text in texts], np.int8)
    return Trouble(of, thing, fault, named.reshape(len(texts), len(kinds)), row, clauses)


def is_framing(texts: Sequence[str]) -> Vector:
    """Tell which sentences only say that there are problems, and not which.

    >>> is_framing(["一年来工作取得了一定成绩，但仍存在一些不足。", "政策解读还存在不足。"]).tolist()
    [True, False]
    """
    said, framing = (patterns("troubles.framing")[name] for name in ("said", "words"))
    found = np.array([bool(said.search(text)) for text in texts], bool)
    rest = [framing.sub("", text) for text, frames in zip(texts, found, strict=True) if frames]
    topics = sums([bare(text) for text in rest], ["about"])[0][:, -len(TOPICS) :]
    found[found] = topics.max(axis=1, initial=0) - topics[:, TOPICS.index("other")] < NAMED
    return found


def same_trouble(likeness: Vector, then: Trouble, now: Trouble, cover: Cover) -> Vector:
    """Return the probability that two problems are the same.

    Args:
        likeness: Of their words, in [0, 1], shape (then, now).
        then: Problems of a report.
        now: Problems of the next.
        cover: How far these cover those.

    Returns:
        Probabilities of the same shape; of the same words 1, whatever they mean.
    """
    odds = table("troubles.odds")
    signs = same_signs(likeness, then, now, cover)
    told = odds["intercept"] + sum(odds[name] * sign for name, sign in signs.items())
    found: Vector = np.maximum(1 / (1 + np.exp(-told)), likeness**2)
    return found


def same_signs(likeness: Vector, then: Trouble, now: Trouble, cover: Cover) -> dict[str, Vector]:
    """Return what speaks for it, by name; the same words mean the same, known or not."""
    views = [one @ other.T for one, other in zip(then[:3], now[:3], strict=True)]
    clause = _highest(_highest(then.clauses @ now.clauses.T, then.row).T, now.row).T
    known = (np.maximum(view, likeness) for view in (cover.then, cover.now, *views, clause))
    signs = dict(zip(SIGNS, (np.sqrt(likeness), cover.weight, *known), strict=False))
    both = signs["told"] + signs["fault"]
    whose = _whose(then.bodies, now.bodies)
    return signs | {"rival": _beaten(both), "choice": _beaten(both.T).T, "bodies": whose}


def _whose(then: Vector, now: Vector) -> Vector:
    """Return what it says of two problems whose they are; 0 where neither names a body."""
    named = np.any(then, axis=1, keepdims=True).astype(int) + np.any(now, axis=1)
    cases = {SAME_BODY: then @ now.T > 0, ONE_BODY: named == 1, OTHER_BODY: named == 2}
    found: Vector = np.select([*cases.values()], [*cases], 0)
    return found


def _beaten(values: Vector) -> Vector:
    """Return by how much each value falls short of the highest of other rows; 0 where it is the highest."""
    others = np.full_like(values, -np.inf)
    if len(values) > 1:
        order = np.sort(values, axis=0)
        others = np.where(values == order[-1], order[-2], order[-1])
    short: Vector = np.minimum(values - others, 0)
    return short


def _highest(values: Vector, owners: Vector) -> Vector:
    """Return the highest row of each owner, column by column."""
    found: Vector = np.maximum.reduceat(values, starts(owners), axis=0)
    return found
