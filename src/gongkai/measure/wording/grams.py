"""Runs of words of very many sentences, as numbers: a word and an n-gram are hashes of 64 bits.

Words lie on disk, 4 bytes each, and so do n-grams that are more than `HELD`, 12 bytes each, laid out by their
first bits: in memory each sentence takes a few bytes. That any two of a billion n-grams get the same number
has a probability of 3 %.
"""

from __future__ import annotations

import contextlib
import functools
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gongkai.errors import GongkaiError, MeasureError
from gongkai.store.steps import Laid, Steps, Tables, kept, laid, opened
from gongkai.tables.query import Piece, pieces_of, table_parts
from gongkai.tables.schema import UNCOUNTED_SECTIONS, Sentences, Table

if TYPE_CHECKING:
    Vector = np.ndarray[Any, np.dtype[Any]]

_FACTOR = np.uint64(0x9E3779B97F4A7C15)
ROWS = 50_000
"""Sentences whose n-grams are made at a time."""
HELD, SHELVES = 2_000_000, 64
"""N-grams that are held before they are laid out on disk, and on how many shelves there."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of sentences on disk, part by part: numbers masked, marks left out.

    Attributes:
        lengths: Words of each sentence.
    """

    lengths: Vector
    _parts: Sequence[Laid]

    def grams(self, n: int, *, short: bool = False) -> Iterator[tuple[Vector, Vector]]:
        """Yield each n-gram as a number, and the row that it stands in, of some sentences at a time.

        Args:
            n: Words.
            short: Take a sentence of fewer words as one.
        """
        row = 0
        for part in self._parts:
            tables = opened(part)
            codes, values = tables["words"]["code"].to_numpy(), tables["values"]["value"].to_numpy()
            length = tables["rows"]["_length"].to_numpy()
            ends = np.cumsum([0, *length])
            for first in range(0, len(length), ROWS):
                some = length[first : first + ROWS]
                own = codes[ends[first] : ends[first + len(some)]]
                found, at = _grams(values[own], some, n, short=short)
                yield found, at + np.int32(row + first)
            row += len(length)


def _grams(values: Vector, length: Vector, n: int, *, short: bool) -> tuple[Vector, Vector]:
    """Return the n-grams of sentences whose words have these values, and the row of each."""
    count = np.maximum(length - n + 1, 0)
    few = (length > 0) & (length < n) & short
    count[few] = 1
    row = np.repeat(np.arange(len(length), dtype=np.int32), count)
    at = np.arange(len(row)) + np.repeat(np.cumsum(length) - length - np.cumsum(count) + count, count)
    alone = np.flatnonzero(few[row])
    last = at[alone] + length[row[alone]]
    found = np.zeros(len(row), np.uint64)
    values = np.append(values, np.ones(n, np.uint64))  # what stands behind the last sentence
    for step in range(n):
        word = values[at + step]
        word[alone[at[alone] + step >= last]] = 1
        found *= _FACTOR
        found += word
    return found, row


def by_gram(pieces: Iterable[tuple[Vector, Vector]]) -> Iterator[tuple[Vector, Vector]]:
    """Yield n-grams and their rows anew, equal ones together, sorted; beyond `HELD` by way of the disk.

    Raises:
        GongkaiError: The disk is full.
    """
    waiting: list[tuple[Vector, Vector]] = []
    ends: list[Vector] = []
    try:
        with tempfile.TemporaryFile(prefix="gongkai-") as stream:
            for piece in pieces:
                waiting.append(piece)
                if sum(len(grams) for grams, _ in waiting) > HELD:
                    ends.append(_shelved(stream, *_joined(waiting)))
                    waiting.clear()
            if not ends:
                yield _sorted(*_joined(waiting))
                return
            ends.append(_shelved(stream, *_joined(waiting)))
            waiting.clear()
            for shelf in range(SHELVES):
                yield _sorted(*_joined(list(_taken(stream, ends, shelf))))
    except OSError as error:
        raise GongkaiError(f"out of disk; TMPDIR names a larger one: {error}") from error


def _joined(pieces: Sequence[tuple[Vector, Vector]]) -> tuple[Vector, Vector]:
    grams, row = zip((np.empty(0, np.uint64), np.empty(0, np.int32)), *pieces, strict=True)
    return np.concatenate(grams), np.concatenate(row)


def _shelved(stream: IO[bytes], grams: Vector, row: Vector) -> Vector:
    """Write n-grams, then their rows, shelf by shelf; return where among them each shelf ends."""
    shelf = (grams >> np.uint64(64 - SHELVES.bit_length() + 1)).astype(np.uint8)
    order = np.argsort(shelf, kind="stable")  # of 8 bits in linear time
    stream.write(grams[order].tobytes())
    stream.write(row[order].tobytes())
    return np.cumsum(np.bincount(shelf, minlength=SHELVES))


def _taken(stream: IO[bytes], ends: Sequence[Vector], shelf: int) -> Iterator[tuple[Vector, Vector]]:
    """Yield what stands on a shelf, as often as was written."""
    start = 0
    for end in ends:
        first, count = (int(end[shelf - 1]) if shelf else 0), int(end[-1])
        size = int(end[shelf]) - first
        stream.seek(start + 8 * first)
        grams = np.frombuffer(stream.read(8 * size), np.uint64)
        stream.seek(start + 8 * count + 4 * first)
        yield grams, np.frombuffer(stream.read(4 * size), np.int32)
        start += 12 * count


def _sorted(grams: Vector, row: Vector) -> tuple[Vector, Vector]:
    order = np.argsort(grams)
    return grams[order], row[order]


@contextlib.contextmanager
def read_words(
    sentences: Sentences | str | Path, columns: Sequence[str], steps: Steps | None = None
) -> Iterator[tuple[Table, Words]]:
    """Read the words of the sentences that are counted (`known_parts`), and beside them some columns.

    Texts among these are categories, in their order. The words are there as long as the context is.
    """
    with kept(steps) as found:
        work = functools.partial(_read, columns=tuple(columns))
        parts = list(laid(found, "reading words", work, pieces_of(sentences, "sentences"), elsewhere=True))
        tables = [opened(part)["rows"] for part in parts]
        refuse_none(sum(map(len, tables)))
        whole = pa.concat_tables(tables, promote_options="permissive").unify_dictionaries()
        lengths = whole["_length"].to_numpy()
        frame: Table = whole.drop_columns("_length").to_pandas()
        for column in frame.select_dtypes("category"):
            frame[column] = frame[column].cat.reorder_categories(sorted(frame[column].cat.categories))
        yield frame, Words(lengths, parts)


def _read(piece: Piece, *, columns: Sequence[str]) -> Tables:
    """Return some columns of the counted sentences of a part, and their words as numbers of their values."""
    table = piece.read(list(dict.fromkeys(["agency", "year", "section", *columns, "tokens"])))
    table = table.filter(are_known(table, preambles=False))
    words: list[str] = []

    def number(token: str) -> int:
        words.append(_masked(token))
        return len(words) - 1 if words[-1] else -1

    codes, length = coded(table["tokens"].combine_chunks(), number)
    values = pd.util.hash_array(np.array(words, object))
    rows = {c: _encoded(table[c]) for c in columns} | {"_length": length.astype(np.int32)}
    return {
        "rows": pa.table(rows),
        "words": pa.table({"code": codes}),
        "values": pa.table({"value": pa.array(values, pa.uint64())}),
    }


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
    refuse_none(found)


def refuse_none(known: int) -> None:
    """Raise MeasureError when there are no sentences of known agency and year."""
    if not known:
        raise MeasureError("no sentence of a report whose agency and year are known")


def coded(tokens: pa.Array, number: Callable[[str], int]) -> tuple[Vector, Vector]:
    """Return the numbers of the words of a piece, -1 leaving one out, and how many each sentence has."""
    length = pc.fill_null(pc.list_value_length(tokens), 0).to_numpy(zero_copy_only=False)
    flat = pc.list_flatten(tokens).dictionary_encode()
    known = list(map(number, flat.dictionary.to_pylist()))
    codes = np.array([*known, -1], np.int32)[pc.fill_null(flat.indices, len(known)).to_numpy()]
    kept = codes >= 0
    owner = np.repeat(np.arange(len(length)), length)
    return codes[kept], np.bincount(owner[kept], minlength=len(length))


@functools.lru_cache(maxsize=200_000)
def _masked(token: str) -> str:
    """Return a word, of a figure 0, of a mark nothing."""
    if token[:1].isdigit():
        return "0"
    return token if token == "0" or any(c.isalpha() for c in token) else ""
