"""Runs of words of very many sentences, as numbers: words are coded once, an n-gram is a hash of 64 bits.

Ten million words take 40 MB. That any two of a billion n-grams get the same number has a probability of 3 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gongkai.tables.schema import parts_of, read_columns, refuse_lacking, set_aside

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from gongkai.tables.schema import Sentences, Table

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
        end = (start + length)[owner]
        found = np.zeros(len(owner), np.uint64)
        for step in range(n):
            found *= _FACTOR
            inside = at + step < end
            found[inside] += self.values[self.codes[at[inside] + step]]
            found[~inside] += np.uint64(1)
        return found, rows[owner]


def read_words(
    sentences: Sentences | str | Path, columns: Sequence[str], *, without: Sequence[str] = ()
) -> tuple[Table, Words]:
    """Read the words of all sentences whose agency and year are known, and beside them some columns.

    Args:
        sentences: Rows with `tokens`, or a tables folder, which is read part by part.
        columns: Columns to return.
        without: Sections to leave out.

    Raises:
        SchemaError: A column is missing.
    """
    numbers: dict[str, int] = {}
    tables, codes, lengths = [], [], []
    wanted = list(dict.fromkeys(["agency", "year", "section", *columns]))
    for table in pieces(sentences, [*wanted, "tokens"]):
        keep = pc.and_(pc.is_valid(table["agency"]), pc.is_valid(table["year"]))
        if without:
            named = pc.is_in(table["section"], pa.array(without, table["section"].type))
            keep = pc.and_(keep, pc.invert(named))
        kept = table.filter(keep)
        tables.append(kept.select(columns))
        for chunk in kept["tokens"].chunks:
            of_chunk, length = _coded(chunk, numbers)
            codes.append(of_chunk)
            lengths.append(length)
    frame: Table = pa.concat_tables(tables, promote_options="permissive").to_pandas()
    starts = np.concatenate([[0], np.cumsum(np.concatenate([*lengths, np.zeros(0, int)]))]).astype(np.int64)
    values = np.random.default_rng(0).integers(2**64, size=len(numbers) + 1, dtype=np.uint64)
    return frame, Words(np.concatenate([*codes, np.zeros(0, np.int32)]), starts, values)


def pieces(sentences: Sentences | str | Path, columns: list[str]) -> Iterator[pa.Table]:
    """Yield sentences, rows or a tables folder part by part, with some columns, `tokens` among them."""
    if isinstance(sentences, pd.DataFrame):
        refuse_lacking("sentences", sentences, columns)
        arrays = {c: pa.array(sentences[c], from_pandas=True) for c in columns if c != "tokens"}
        arrays["tokens"] = pa.array(sentences["tokens"], pa.list_(pa.string()), from_pandas=True)
        for name, array in arrays.items():
            if name != "tokens" and array.null_count == len(array):
                arrays[name] = pa.nulls(len(array), pa.string())
        yield pa.table(arrays)
        return
    aside = pa.array(list(set_aside(sentences)), pa.string())
    for part in parts_of(sentences, "sentences"):
        table = read_columns(part, list(dict.fromkeys([*columns, "report_id"])))
        yield table.filter(pc.invert(pc.is_in(table["report_id"], aside))) if len(aside) else table


def _coded(tokens: pa.Array, numbers: dict[str, int]) -> tuple[Vector, Vector]:
    """Return the numbers of the words of a piece, and how many each sentence has."""
    length = pc.fill_null(pc.list_value_length(tokens), 0).to_numpy(zero_copy_only=False)
    flat = pc.list_flatten(tokens).dictionary_encode()
    known = [_number(token, numbers) for token in flat.dictionary.to_pylist()]
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
