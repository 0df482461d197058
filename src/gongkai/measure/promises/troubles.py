"""Problems that return: last year's problem told again, often in other words.

Sentences are compared by their words (`similar.weigh`) and by what they are about: the sum of a vector for
each character and pair of characters, learned from the genre (`corpus/lexicon/meanings.safetensors`, made
by `corpus/make/meanings.py`). What the two likenesses say together is in `corpus/lexicon/troubles.toml`.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gongkai.measure.wording.similar import mask, pair_codes, sorted_distinct
from gongkai.text.lexicon import data, patterns, table

if TYPE_CHECKING:
    Vector = np.ndarray[Any, np.dtype[Any]]

TOPICS = ("awareness", "content", "grassroots", "interpretation", "management", "other", "oversight",
          "participation", "platforms", "requests", "staff")  # fmt: skip
"""Topics of the codebook `admitted`: the last numbers of a meaning, in this order."""

NAMED = 50
"""How much more a topic must be told than none; chosen on the frames among the authored problems."""


def bare(text: str) -> str:
    """Return a problem without the words that call it one, masked.

    >>> bare("一是公开主动性还需进一步提高；")
    '公开主动性'
    """
    return mask(patterns("troubles.framing")["wanting"].sub("", text))


def meanings(texts: Sequence[str]) -> Vector:
    """Return what texts are about, one row of length 1 each, of length 0 where no pair is known.

    >>> staff, short, plain = meanings(["一人多岗的老问题仍未解决。", "专职力量不足。", "解读照搬条文。"])
    >>> float(staff @ short) > 0.4 > float(staff @ plain)
    True
    """
    found = _sums(texts)
    length = np.linalg.norm(found, axis=1, keepdims=True)
    unit: Vector = np.divide(found, length, out=np.zeros_like(found), where=length > 0)
    return unit


def is_framing(texts: Sequence[str]) -> Vector:
    """Tell which sentences only say that there are problems, and not which.

    >>> is_framing(["一年来工作取得了一定成绩，但仍存在一些不足。", "政策解读还存在不足。"]).tolist()
    [True, False]
    """
    said, framing = (patterns("troubles.framing")[name] for name in ("said", "words"))
    found = np.array([bool(said.search(text)) for text in texts], bool)
    rest = [framing.sub("", text) for text, frames in zip(texts, found, strict=True) if frames]
    topics = _sums(rest)[:, -len(TOPICS) :]
    found[found] = topics.max(axis=1, initial=0) - topics[:, TOPICS.index("other")] < NAMED
    return found


def same_trouble(then: Vector, now: Vector, likeness: Vector) -> Vector:
    """Return the probability that two problems are the same.

    Args:
        then: Meanings of problems of a report.
        now: Meanings of problems of the next.
        likeness: Of their words, in [0, 1], shape (then, now).

    Returns:
        Probabilities of the same shape.
    """
    odds = table("troubles.odds")
    meaning = np.maximum(then @ now.T, likeness)  # the same words mean the same, known or not
    told = odds["intercept"] + odds["words"] * np.sqrt(likeness) + odds["meaning"] * meaning
    found: Vector = 1 / (1 + np.exp(-told))
    return found


def character_codes(masked: Sequence[str]) -> tuple[Vector, Vector]:
    """Return (row, code) of each distinct character and pair of characters of masked texts."""
    rows, pairs = pair_codes(masked)
    alone = np.repeat(np.arange(len(masked)), np.fromiter(map(len, masked), np.int64, len(masked)))
    characters = np.frombuffer("".join(masked).encode("utf-32-le"), np.uint32).astype(np.uint64) << np.uint64(
        32
    )
    codes, place = np.unique(np.concatenate([characters, pairs]), return_inverse=True)
    distinct = sorted_distinct(np.concatenate([alone, rows]) * max(len(codes), 1) + place)
    return distinct // max(len(codes), 1), codes[distinct % max(len(codes), 1)]


def _sums(texts: Sequence[str]) -> Vector:
    import scipy.sparse as sp

    codes, values = _table()
    row, code = character_codes([bare(text) for text in texts])
    place = np.minimum(np.searchsorted(codes, code), len(codes) - 1)
    known = codes[place] == code
    shape = (len(texts), len(codes))
    held = sp.csr_matrix((np.ones(int(known.sum()), np.float32), (row[known], place[known])), shape=shape)
    found: Vector = held @ values
    return found


@functools.cache
def _table() -> tuple[Vector, Vector]:
    from safetensors.numpy import load

    held = load(data("meanings.safetensors"))
    return held["codes"], held["values"].astype(np.float32)
