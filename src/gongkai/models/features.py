"""Sentences with their context → sparse features, by hashing n-grams; there is no vocabulary to grow.

Each block (the sentence's characters, its words, its section, heading, lead) has columns of its own, so that
a label can use some and leave others. All n-grams of all sentences are hashed at once with numpy, the hash of
each from that of the one a character shorter.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from gongkai.schema import SECTIONS
from gongkai.text.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

BLOCKS = ("characters", "words", "section", "heading", "lead")
WIDTH = 2**16
"""Columns of each hashed block; the bundled corpus has about 10^5 distinct n-grams, most of them met once."""
NGRAMS = {"characters": (1, 4), "words": (1, 2), "heading": (1, 2), "lead": (1, 3)}

_BASE = np.uint64(0x9E3779B97F4A7C15)
_SALT = {"characters": 1, "words": 2, "heading": 3, "lead": 4}
_YEAR = re.compile(r"(?:19|20)\d\d(?=年)")
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")


def features(frame: pd.DataFrame, blocks: Sequence[str] = BLOCKS) -> sp.csr_matrix:
    """Return one row of features per sentence; each block is binary and of unit length.

    Args:
        frame: Columns `text`, and where there are any `section`, `heading`, `lead`, `year`, `tokens`.
        blocks: Which blocks, in this order.
    """
    years = frame["year"].to_numpy() if "year" in frame else None
    parts = []
    for block in blocks:
        if block == "section":
            parts.append(_one_hot(_column(frame, "section")))
        elif block == "words":
            tokens = frame["tokens"] if "tokens" in frame else [tokenize(t) for t in frame["text"]]
            parts.append(_hash_words([[normalize(t, None) for t in row] for row in tokens]))
        else:
            texts = _column(frame, "text" if block == "characters" else block)
            marked = [normalize(t, None if years is None else years[i]) for i, t in enumerate(texts)]
            parts.append(_hash_characters(marked, block))
    return sp.hstack(parts, format="csr") if parts else sp.csr_matrix((len(frame), 0))


def normalize(text: str, year: object) -> str:
    """Replace numbers by 0, and years by P, Y or F: before, in or after the report's (Y when unknown).

    >>> normalize("2023年受理1,234件，2024年将改进", 2023)
    'Y年受理0件，F年将改进'
    """

    def mark(match: re.Match[str]) -> str:
        if not isinstance(year, int | float | np.integer | np.floating) or year != year:
            return "Y"
        here = int(match[0])
        return "P" if here < year else "Y" if here == year else "F"

    return _DIGITS.sub("0", _YEAR.sub(mark, text))


def _column(frame: pd.DataFrame, name: str) -> list[str]:
    if name not in frame:
        return [""] * len(frame)
    return [value if isinstance(value, str) else "" for value in frame[name]]


def _one_hot(sections: Sequence[str]) -> sp.csr_matrix:
    index = {name: i for i, name in enumerate(SECTIONS)}
    rows = [i for i, s in enumerate(sections) if s in index]
    columns = [index[sections[i]] for i in rows]
    shape = (len(sections), len(SECTIONS))
    return sp.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)


def _hash_characters(texts: Sequence[str], block: str) -> sp.csr_matrix:
    low, high = NGRAMS[block]
    joined = "".join(f"\x02{t}\x03" for t in texts if t)
    codes = np.frombuffer(joined.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    lengths = np.fromiter((len(t) + 2 if t else 0 for t in texts), dtype=np.int64, count=len(texts))
    owner = np.repeat(np.arange(len(texts)), lengths)
    rows, hashes = [], []
    rolling = np.full(len(codes), _SALT[block], dtype=np.uint64)
    with np.errstate(over="ignore"):
        for n in range(1, high + 1):
            # The hash of each n-gram from that of the (n-1)-gram at the same start.
            span = len(codes) - n + 1
            if span <= 0:
                break
            rolling = (rolling[:span] * _BASE) + codes[n - 1 :] + np.uint64(n)
            if n < low:
                continue
            inside = owner[:span] == owner[n - 1 :]
            if n == 1:
                inside &= codes > 3
            rows.append(owner[:span][inside])
            hashes.append(_mix(rolling[inside]))
    return _binary(rows, hashes, len(texts))


def _hash_words(tokens: Sequence[Sequence[str]]) -> sp.csr_matrix:
    """Hash words and pairs of neighbouring words."""
    flat = [token for row in tokens for token in row]
    distinct = {token: i for i, token in enumerate(dict.fromkeys(flat))}
    ids = np.fromiter((distinct[t] for t in flat), dtype=np.int64, count=len(flat))
    word_hash = np.array([_string_hash(t) for t in distinct], dtype=np.uint64)
    owner = np.repeat(np.arange(len(tokens)), [len(row) for row in tokens])
    if not len(flat):
        return sp.csr_matrix((len(tokens), WIDTH))
    with np.errstate(over="ignore"):
        single = word_hash[ids]
        pair = single[:-1] * _BASE + single[1:]
        same = owner[:-1] == owner[1:]
        return _binary([owner, owner[:-1][same]], [_mix(single), _mix(pair[same])], len(tokens))


def _string_hash(text: str) -> int:
    value = _SALT["words"]
    for character in text:
        value = (value * int(_BASE) + ord(character) + 1) % 2**64
    return value


def _mix(hashes: np.ndarray[Any, np.dtype[np.uint64]]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Spread a hash over the columns of a block (the finaliser of MurmurHash3)."""
    hashes = (hashes ^ (hashes >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    hashes = (hashes ^ (hashes >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return ((hashes ^ (hashes >> np.uint64(33))) % np.uint64(WIDTH)).astype(np.int64)


def _binary(rows: list[Any], columns: list[Any], n_rows: int) -> sp.csr_matrix:
    """Make a matrix of ones at (row, column), each once, every row scaled to unit length."""
    if not rows:
        return sp.csr_matrix((n_rows, WIDTH))
    keys = np.unique(np.concatenate(rows) * WIDTH + np.concatenate(columns))
    row, column = keys // WIDTH, keys % WIDTH
    counts = np.bincount(row, minlength=n_rows)
    indptr = np.concatenate([[0], np.cumsum(counts)])
    values = 1.0 / np.sqrt(np.maximum(counts, 1))[row]
    return sp.csr_matrix((values, column, indptr), shape=(n_rows, WIDTH))


def named_columns(text: str, block: str, year: object = None) -> dict[int, list[str]]:
    """Return which n-grams of a text stand behind each column of a block, for explanations."""
    if block == "words":
        words = [normalize(t, None) for t in tokenize(text)]
        grams: list[tuple[str, ...]] = [(w,) for w in words]
        grams += itertools.pairwise(words)
        named: dict[int, list[str]] = {}
        for gram in dict.fromkeys(grams):
            matrix = _hash_words([list(gram)])
            column = (
                matrix.indices
                if len(gram) == 1
                else np.setdiff1d(matrix.indices, np.concatenate([_hash_words([[w]]).indices for w in gram]))
            )
            for c in column:
                named.setdefault(int(c), []).append("+".join(gram))
        return named
    low, high = NGRAMS[block]
    marked = f"\x02{normalize(text, year)}\x03" if text else ""
    named = {}
    with np.errstate(over="ignore"):
        for start in range(len(marked)):
            value = np.uint64(_SALT[block])
            for n in range(1, high + 1):
                if start + n > len(marked):
                    break
                value = value * _BASE + np.uint64(ord(marked[start + n - 1])) + np.uint64(n)
                shown = marked[start : start + n]
                if n >= low and not (n == 1 and shown in "\x02\x03"):
                    column = int(_mix(np.array([value], dtype=np.uint64))[0])
                    shown = shown.replace("\x02", "⟨").replace("\x03", "⟩")
                    if shown not in named.setdefault(column, []):
                        named[column].append(shown)
    return named
