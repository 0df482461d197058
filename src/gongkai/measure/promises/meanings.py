"""What sentences are about, by tables learned from the genre (`corpus/lexicon/meanings.safetensors`).

Two views. A text's `Meaning` is the sum of a vector for each of its characters and pairs of characters:
what it is about, and which of the genre's problems and promises it tells, whatever the words (of problems
more: `troubles`). And word by word: how much of a sentence another covers, where a word is covered by one
that means nearly the same. How the tables are made: `corpus/make/meanings.py`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from gongkai.measure.wording.similar import mask, pair_codes, sorted_distinct
from gongkai.text.lexicon import data, patterns

if TYPE_CHECKING:
    import scipy.sparse as sp

    Vector = np.ndarray[Any, np.dtype[Any]]

TOPICS = ("awareness", "content", "grassroots", "interpretation", "management", "other", "oversight",
          "participation", "platforms", "requests", "staff")  # fmt: skip
"""Topics of the codebook `admitted`: the last numbers of what a text is about, in this order."""
UNLIKE = 0.35
"""Words whose vectors are no nearer than this say nothing of each other."""
CLAUSE = re.compile(r"[，；。：,;]")


class Meaning(NamedTuple):
    """Rows of length 1 each, of length 0 where nothing of a text is known."""

    about: Vector
    told: Vector

    def of(self, rows: Vector) -> Meaning:
        """Return some rows."""
        return Meaning(*(view[rows] for view in self))


class Words(NamedTuple):
    """Known words of texts: whose (row, clause of all) and which, rows in order."""

    row: Vector
    clause: Vector
    word: Vector

    def of(self, rows: Vector) -> Words:
        """Return the words of some rows, which then count from 0."""
        owner, at = spans(self.row, rows)
        return Words(owner, self.clause[at], self.word[at])


class Cover(NamedTuple):
    """How far sentences cover others, each of shape (then, now)."""

    then: Vector
    """Share of the earlier one's weight of words."""
    now: Vector
    """Share of the later one's."""
    clause: Vector
    """Share of the best covered clause of the earlier one."""
    weight: Vector
    """Weight of words of the earlier one that is covered."""


def bare(text: str) -> str:
    """Return a problem without the words that call it one, masked.

    >>> bare("一是公开主动性还需进一步提高；")
    '公开主动性'
    """
    return mask(patterns("troubles.framing")["wanting"].sub("", text))


def meanings(masked: Sequence[str]) -> Meaning:
    """Return what masked texts are about and which problem or promise they tell.

    >>> staff, short, plain = meanings(["人员多为兼职", "身兼数职精力不够", "解读照搬条文"]).told
    >>> float(staff @ short) > 0.4 > float(staff @ plain)
    True
    """
    return Meaning(*map(unit, sums(masked, Meaning._fields)))


def sums(masked: Sequence[str], views: Sequence[str]) -> list[Vector]:
    """Return the sums of the vectors of what masked texts hold, view by view."""
    known = tables()
    held = _known(*_codes(masked), known["codes"], len(masked))
    return [held @ known[view] for view in views]


def words_of(masked: Sequence[str]) -> Words:
    """Return the known words of masked texts, each once."""
    held = _known(*pair_codes(masked), tables()["word_codes"], len(masked))
    row = np.repeat(np.arange(len(masked)), np.diff(held.indptr))
    return Words(row, row, held.indices)


def words_by_clause(texts: Sequence[str]) -> Words:
    """Return the known words of texts, each once per clause."""
    pieces = [(k, mask(clause)) for k, text in enumerate(texts) for clause in CLAUSE.split(text) if clause]
    _, clause, word = words_of([piece for _, piece in pieces])
    return Words(np.array([k for k, _ in pieces], np.int64)[clause], clause, word)


def covered(then: Words, now: Words, shape: tuple[int, int]) -> Cover:
    """Return how far the words of later texts cover those of earlier ones.

    Args:
        then: Words of the earlier texts.
        now: Words of the later ones.
        shape: How many texts of each.

    >>> promise, after = words_of(["修订申请办理规程"]), words_of(["修改申请处理规则", "举办歌咏会"])
    >>> covered(promise, after, (1, 2)).then.round(1).tolist()
    [[0.5, 0.0]]
    """
    found = Cover(*(np.zeros(shape) for _ in Cover._fields))
    if not len(then.word) or not len(now.word):
        return found
    known = tables()
    near = known["words"][then.word] @ known["words"][now.word].T
    near = np.maximum((near - UNLIKE) / (1 - UNLIKE), 0)
    heavy, later = known["weights"][then.word], known["weights"][now.word]
    one, two = starts(then.row), starts(now.row)
    rows, columns = then.row[one], now.row[two]
    by_text = np.maximum.reduceat(near, two, axis=1) * heavy[:, None]
    clauses = starts(then.clause)
    of_clause = np.add.reduceat(by_text, clauses, axis=0)
    whole = np.add.reduceat(heavy, clauses)
    weight = np.add.reduceat(by_text, one, axis=0)
    where = np.ix_(rows, columns)
    found.weight[where] = weight
    found.then[where] = weight / np.add.reduceat(heavy, one)[:, None]
    first = np.searchsorted(clauses, one)
    found.clause[where] = np.maximum.reduceat(of_clause / whole[:, None], first, axis=0)
    back = np.add.reduceat(np.maximum.reduceat(near, one, axis=0) * later, two, axis=1)
    found.now[where] = back / np.add.reduceat(later, two)
    return found


def character_codes(masked: Sequence[str]) -> tuple[Vector, Vector]:
    """Return (row, code) of each distinct character and pair of characters of masked texts."""
    row, code = _codes(masked)
    codes, place = np.unique(code, return_inverse=True)
    distinct = sorted_distinct(row * max(len(codes), 1) + place)
    return distinct // max(len(codes), 1), codes[distinct % max(len(codes), 1)]


def _codes(masked: Sequence[str]) -> tuple[Vector, Vector]:
    """Return (row, code) of all characters and pairs of characters."""
    rows, pairs = pair_codes(masked)
    alone = np.repeat(np.arange(len(masked)), np.fromiter(map(len, masked), np.int64, len(masked)))
    points = np.frombuffer("".join(masked).encode("utf-32-le"), np.uint32).astype(np.uint64)
    return np.concatenate([alone, rows]), np.concatenate([points << np.uint64(32), pairs])


@functools.cache
def tables() -> dict[str, Vector]:
    """Return the tables; the vectors of words have length 1."""
    from safetensors.numpy import load

    held: dict[str, Vector] = load(data("meanings.safetensors"))
    vectors = {name: table.astype(np.float32) for name, table in held.items() if "codes" not in name}
    return held | vectors | {"words": unit(vectors["words"])}


def _known(row: Vector, code: Vector, known: Vector, rows: int) -> sp.csr_matrix:
    """Return rows × known codes: 1 where a row holds one, columns in order."""
    import scipy.sparse as sp

    place, own = pd.factorize(code)  # far fewer are looked up
    at = np.minimum(np.searchsorted(known, own), len(known) - 1)
    found = (known[at] == own)[place]
    shape = (rows, len(known))
    held = sp.csr_matrix((np.ones(found.sum(), np.float32), (row[found], at[place[found]])), shape=shape)
    held.data[:] = 1
    return held


def spans(owners: Vector, rows: Vector) -> tuple[Vector, Vector]:
    """Return whose what some rows own is, counted from 0, and its places, row by row; owners are in order."""
    start, stop = np.searchsorted(owners, rows), np.searchsorted(owners, rows, side="right")
    sizes = stop - start
    ends = np.cumsum(sizes)
    at = np.arange(ends[-1] if len(ends) else 0) + np.repeat(start - ends + sizes, sizes)
    return np.repeat(np.arange(len(rows)), sizes), at


def starts(owners: Vector) -> Vector:
    """Return where another owner begins."""
    found: Vector = np.flatnonzero(np.append(True, owners[1:] != owners[:-1])[: len(owners)])
    return found


def unit(vectors: Vector) -> Vector:
    """Return rows of length 1; what is 0 stays so."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    found: Vector = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
    return found
