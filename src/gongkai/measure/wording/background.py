"""What everybody in the genre writes: document frequencies from our authored corpus, and mandated phrases.

With two agencies every official phrase looks like something the two have in common. So the words' weights
and the odds of a chance agreement start from how many authored agencies use them
(`corpus/lexicon/background.txt`), to which the user's own corpus adds.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gongkai.text.lexicon import words

if TYPE_CHECKING:
    Vector = np.ndarray[Any, np.dtype[Any]]

LEFT = 6
"""Characters that a sentence must have beside mandated phrases, to be of the agency's own."""


class Background(NamedTuple):
    """How many of `agencies` use each pair of characters (`codes`, sorted) and some whole sentences."""

    agencies: int
    codes: Vector
    used_by: Vector
    sentences: dict[str, int]


@functools.cache
def background() -> Background:
    """Return the genre's document frequencies; pairs of one agency alone are left out."""
    agencies, codes, used_by, sentences = 0, [], [], {}
    for line in words("background"):
        key, _, text = line.partition("\t")
        if not text:
            continue
        if key == "agencies":
            agencies = int(text)
        elif key.startswith("s"):
            sentences[text] = int(key[1:])
        else:
            points = np.frombuffer(text.encode("utf-32-le"), np.uint32).astype(np.uint64).reshape(-1, 2)
            codes.append((points[:, 0] << np.uint64(32)) | points[:, 1])
            used_by.append(np.full(len(points), int(key)))
    joined, counts = np.concatenate(codes), np.concatenate(used_by)
    order = np.argsort(joined)
    return Background(agencies, joined[order], counts[order], sentences)


def used_by(codes: Vector) -> Vector:
    """Return how many authored agencies use each pair of characters; 0 where fewer than two do."""
    known = background()
    place = np.minimum(np.searchsorted(known.codes, codes), len(known.codes) - 1)
    found: Vector = np.where(known.codes[place] == codes, known.used_by[place], 0)
    return found


@functools.cache
def _mandated() -> re.Pattern[str]:
    """Return the mandated words as one pattern, by their first character, the longest first."""
    by_first: dict[str, list[str]] = {}
    for word in sorted({w for line in words("mandated") for w in line.split()}, key=len, reverse=True):
        by_first.setdefault(word[0], []).append(word[1:])
    return re.compile("|".join(f"{first}(?:{'|'.join(rest)})" for first, rest in by_first.items()))


def own_length(masked: str, further: Iterable[str] = ()) -> int:
    """Return how many characters of a masked text are left without mandated words.

    Args:
        masked: A text as `similar.mask` gives it.
        further: Phrases of your own, masked too.

    >>> own_length("本报告所列数据的统计期限自0年0月0日起至0年0月0日止")  # 本 的 自 止
    4
    """
    for phrase in further:
        masked = masked.replace(phrase, "")
    return len(_mandated().sub("", masked))


def is_mandated(texts: Iterable[str], further: Iterable[str] = ()) -> Vector:
    """Tell which masked texts are nothing but mandated phrases."""
    phrases = [p for p in further if p]
    return np.array([own_length(text, phrases) < LEFT for text in texts], bool)
