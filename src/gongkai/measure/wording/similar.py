"""How alike two sentences are: the ground of `reuse`, `followup` and `compare`.

A sentence is compared by its character pairs, numbers masked, enumerators dropped, each pair weighted by how
few agencies use it. So two counts of the year are not alike because both say 收到申请, and a promise whose
date was moved still is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from gongkai.measure.wording import background as genre
from gongkai.text.grammar import NUMERALS

if TYPE_CHECKING:
    import scipy.sparse as sp

    Vector = np.ndarray[Any, np.dtype[Any]]

_ENUMERATOR = re.compile(rf"^(?:第?[{NUMERALS}]{{1,2}}[是、来则]|其[{NUMERALS}]|首先|其次|再次|最后)")

_NUMBER, _MARK = re.compile(r"\d+"), re.compile(r"[^\u4e00-\u9fffA-Za-z0]")


def mask(text: str) -> str:
    """Return a text without numbers, marks and enumerator: what stays when only figures and years change.

    >>> mask("二是2021年，共收到申请13件，办结12件。")
    '0年共收到申请0件办结0件'
    """
    return _ENUMERATOR.sub("", _MARK.sub("", _NUMBER.sub("0", text)))


def pair_codes(texts: Sequence[str]) -> tuple[Vector, Vector]:
    """Return (row, code) of every character pair of the texts; a text of one character is its own pair."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    rows = np.repeat(np.arange(len(texts)), lengths)
    codes = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32).astype(np.uint64)
    if not len(codes):
        return rows, codes
    following = np.append(codes[1:], np.uint64(0))
    inside = np.append(rows[1:] == rows[:-1], False)
    following[~inside] = 0
    kept = inside | (lengths[rows] == 1)
    return rows[kept], (codes[kept] << np.uint64(32)) | following[kept]


@dataclass(frozen=True, slots=True)
class PairWeights:
    """What each pair of characters weighs.

    A pair used by d of N owners and by D of the genre's M authored agencies (`background.py`) weighs
    log((N + M + 1) / (d + D)), as in tf-idf with the agency as the document (Spärck Jones 1972); how often a
    text repeats it is ignored.
    """

    codes: Vector
    values: Vector

    @classmethod
    def of(cls, table: pa.Table) -> PairWeights:
        """Return what `table` gave."""
        codes, values = (table[c].to_numpy() for c in ("code", "value"))
        return cls(codes, values)

    def table(self) -> pa.Table:
        """Return them as a table, a row per pair."""
        return pa.table({"code": self.codes, "value": self.values})

    def rows(self, texts: Sequence[str]) -> sp.csr_matrix:
        """Return texts × character pairs, each row of length 1, so that a product of rows is their cosine."""
        import scipy.sparse as sp

        rows, codes = pair_codes(texts)
        place, own = pd.factorize(codes)  # far fewer are looked up, and a product takes time for every column
        used, column = np.unique(np.searchsorted(self.codes, own), return_inverse=True)
        shape = (len(texts), len(used))
        matrix = sp.csr_matrix((np.ones(len(rows)), (rows, column[place])), shape=shape)
        matrix.data = self.values[used][matrix.indices]
        norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
        return (sp.diags(np.divide(1, norms, out=np.zeros(len(norms)), where=norms > 0)) @ matrix).tocsr()


def whole_owners(owners: Vector) -> Iterator[Vector]:
    """Yield rows by their owners' numbers, some owners at a time, each with all its rows."""
    order = np.argsort(owners, kind="stable")
    starts = np.append(np.flatnonzero(np.diff(owners[order], prepend=-1)), len(order))
    first = 0
    while first < len(starts) - 1:
        last = max(first + 1, int(np.searchsorted(starts, starts[first] + AT_A_TIME, side="right")) - 1)
        yield order[starts[first] : starts[last]]
        first = last


def owners_weights(pieces: Iterable[tuple[Sequence[str], Vector]]) -> PairWeights:
    """Return the weights of the character pairs of masked texts that come in pieces, each with its owners.

    An owner's texts all stand in one piece.
    """
    codes, used, count = np.zeros(0, np.uint64), np.zeros(0, np.int64), 0
    waiting: list[tuple[Vector, Vector]] = []
    for texts, owners in pieces:
        numbers, known = pd.factorize(owners)
        rows, pairs = pair_codes(texts)
        place, own = pd.factorize(pairs)
        users = sorted_distinct(place * len(known) + numbers[rows])
        waiting.append((own, np.bincount(users // len(known), minlength=len(own))))
        count += len(known)
        if sum(len(new) for new, _ in waiting) > len(codes):  # seldom: all known codes are sorted anew
            codes, used = _merged([(codes, used), *waiting])
            waiting.clear()
    codes, used = _merged([(codes, used), *waiting])
    together = np.maximum(used, 1) + genre.used_by(codes)
    return PairWeights(codes, np.log((count + genre.background().agencies + 1) / together))


def _merged(counts: Sequence[tuple[Vector, Vector]]) -> tuple[Vector, Vector]:
    """Return the different codes of several counts, in order, and their sums."""
    codes, where = np.unique(np.concatenate([codes for codes, _ in counts]), return_inverse=True)
    return codes, np.bincount(where, np.concatenate([used for _, used in counts]), len(codes))


AT_A_TIME = 25_000
"""Texts whose character pairs are counted at a time."""


def weigh(texts: Sequence[str], owners: Sequence[object]) -> sp.csr_matrix:
    """Return sentences × character pairs, each row of length 1; see `PairWeights`."""
    named = np.array(["" if o is None else str(o) for o in owners], dtype=object)
    return owners_weights([(texts, named)]).rows(texts)


def sorted_distinct(values: Vector) -> Vector:
    """Return the distinct values of integers from 0, sorted.

    As `np.unique`, which since numpy 2.3 hashes them: that takes 30 times as long for millions.
    """
    ordered = np.sort(values)
    distinct: Vector = ordered[np.diff(ordered, prepend=-1) > 0]
    return distinct
