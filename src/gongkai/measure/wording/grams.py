"""Runs of words of very many sentences, as numbers: words are coded once, an n-gram is a hash of 64 bits.

Ten million words take 40 MB. That any two of a billion n-grams get the same number has a probability of 3 %.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gongkai.errors import MeasureError
from gongkai.tables.query import table_parts
from gongkai.tables.schema import UNCOUNTED_SECTIONS, Sentences, Table

if TYPE_CHECKING:
    Vector = np.ndarray[Any, np.dtype[Any]]

_FACTOR = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of sentences, one after the other: numbers masked, marks left out.

    Attributes:
        codes: Number of each word.
        starts: Where each sentence begins, and behind the last where it ends.
        values: Of each number a random one, for hashes.
    """

    codes: Vector
    starts: Vector
    values: Vector

    @property
    def lengths(self) -> Vector:
        """Words of each sentence."""
        return np.diff(self.starts)

    def grams(self, rows: Vector, n: int, *, short: bool = False) -> tuple[Vector, Vector]:
        """Return each n-gram of some sentences as a number, and the row that it stands in.

        Args:
            rows: Numbers of sentences.
            n: Words.
            short: Take a sentence of fewer words as one.
        """
        start, length = self.starts[rows], self.lengths[rows]
        count = np.maximum(length - n + 1, 0)
        if short:
            count = np.where((length > 0) & (length < n), 1, count)
        owner = np.repeat(np.arange(len(rows)), count)
        at = start[owner] + np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
        found = np.zeros(len(owner), np.uint64)
        beyond = (length[owner] < n) if short else np.zeros(0, bool)
        end = (start + length)[owner[beyond]] if short else start[:0]
        for step in range(n):
            found *= _FACTOR
            if not short:
                found += self.values[self.codes[at + step]]
                continue
            place = at + step
            inside = np.ones(len(at), bool)
            inside[beyond] = place[beyond] < end
            found[inside] += self.values[self.codes[place[inside]]]
            found[~inside] += np.uint64(1)
        return found, rows[owner]


def read_words(sentences: Sentences | str | Path, columns: Sequence[str]) -> tuple[Table, Words]:
    """Read the words of the sentences that are counted (`known_parts`), and beside them some columns.

    Texts among these are categories, in their order.
    """
    numbers: dict[str, int] = {}
    tables, codes, lengths = [], [], []
    wanted = list(dict.fromkeys(["agency", "year", "section", *columns, "tokens"]))
    for table in known_parts(sentences, wanted, preambles=False):
        tables.append(pa.table({c: _encoded(table[c]) for c in columns}))
        for chunk in table["tokens"].chunks:
            of_chunk, length = coded(chunk, lambda token: _number(token, numbers))
            codes.append(of_chunk)
            lengths.append(length)
    frame: Table = pa.concat_tables(tables, promote_options="permissive").unify_dictionaries().to_pandas()
    for column in frame.select_dtypes("category"):
        frame[column] = frame[column].cat.reorder_categories(sorted(frame[column].cat.categories))
    starts = np.concatenate([[0], np.cumsum(np.concatenate([*lengths, np.zeros(0, int)]))]).astype(np.int64)
    values = np.random.default_rng(0).integers(2**64, size=len(numbers) + 1, dtype=np.uint64)
    return frame, Words(np.concatenate([*codes, np.zeros(0, np.int32)]), starts, values)


def _encoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    return column.cast(pa.string()).dictionary_encode() if text else column


def are_known(part: pa.Table, *, preambles: bool) -> pa.ChunkedArray:
    """Tell which sentences have a known agency and year and, unless `preambles`, a section that counts."""
    kept = pc.and_(pc.is_valid(part["agency"]), pc.is_valid(part["year"]))
    if preambles:
        return kept
    return pc.and_not(kept, pc.is_in(part["section"], pa.array(UNCOUNTED_SECTIONS, part["section"].type)))


def known_parts(
    sentences: Sentences | str | Path, columns: Sequence[str], *, preambles: bool = True
) -> Iterator[pa.Table]:
    """Yield the sentences of reports whose agency and year are known, of a tables folder part by part.

    Args:
        sentences: `sentences` rows, or a tables folder.
        columns: Columns of them, `agency` and `year` among these.
        preambles: With the sentences of sections that are not counted, for which `section` is needed.

    Raises:
        SchemaError: A column is missing.
        MeasureError: No sentence is left.
    """
    found = 0
    for part in table_parts(sentences, "sentences", columns):
        rows = part.filter(are_known(part, preambles=preambles))
        found += len(rows)
        yield rows
    if not found:
        raise MeasureError("no sentence of a report whose agency and year are known")


def coded(tokens: pa.Array, number: Callable[[str], int]) -> tuple[Vector, Vector]:
    """Return the numbers of the words of a piece, -1 leaving one out, and how many each sentence has."""
    length = pc.fill_null(pc.list_value_length(tokens), 0).to_numpy(zero_copy_only=False)
    flat = pc.list_flatten(tokens).dictionary_encode()
    known = [number(token) for token in flat.dictionary.to_pylist()]
    codes = np.array([*known, -1], np.int32)[pc.fill_null(flat.indices, len(known)).to_numpy()]
    kept = codes >= 0
    owner = np.repeat(np.arange(len(length)), length)
    return codes[kept], np.bincount(owner[kept], minlength=len(length))


def _number(token: str, numbers: dict[str, int]) -> int:
    """Return the number of a word, all figures being one; -1 for a mark."""
    masked = "0" if token[:1].isdigit() else token
    if masked != "0" and not any(c.isalpha() for c in masked):
        return -1
    return numbers.setdefault(masked, len(numbers))
