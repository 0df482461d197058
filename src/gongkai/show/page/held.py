"""A table's rows by report: all of them on disk, those of some thousand reports in the hand, and small.

In the hand texts are codes, and rows are cut out as a frame when asked.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, pairwise
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gongkai.tables.parts import read_parts
from gongkai.tables.query import arrow_of
from gongkai.tables.schema import Table

if TYPE_CHECKING:
    Vector = np.ndarray[Any, np.dtype[Any]]

AT_A_TIME = 200_000
"""Rows that are put in order at a time."""


class Held:
    """The rows of one table of a run of reports."""

    def __init__(self, rows: pa.Table, first: int, after: int) -> None:
        """Hold rows.

        Args:
            rows: Rows with `_number`, the place of their report, in this order.
            first: The first report's place.
            after: That behind the last.
        """
        self.first = first
        self.starts = np.searchsorted(rows["_number"].to_numpy(), np.arange(first, after + 1))
        coded = [
            column.dictionary_encode() if pa.types.is_string(column.type) and name not in _OWN else column
            for name, column in zip(rows.column_names, rows.itercolumns(), strict=True)
        ]
        self.table = pa.table(coded, names=rows.column_names).unify_dictionaries().combine_chunks()
        self._texts: dict[str, list[str | None]] = {}

    def _span(self, first: int, after: int) -> tuple[int, int]:
        low, high = int(self.starts[first - self.first]), int(self.starts[after - self.first])
        return low, high - low

    def _slice(self, column: str, first: int, after: int) -> pa.Array:
        chunks: pa.ChunkedArray = self.table[column].slice(*self._span(first, after))
        return chunks.chunk(0) if chunks.num_chunks else pa.array([], chunks.type)

    def column(self, name: str, first: int, after: int) -> list[Any]:
        """Return a column of reports `first` to before `after` as Python has its values."""
        part = self._slice(name, first, after)
        if pa.types.is_dictionary(part.type):
            texts = self.texts(name)
            return [texts[code] for code in self.codes(name, first, after).tolist()]
        values: list[Any] = part.to_numpy(zero_copy_only=False).tolist()
        return values

    def codes(self, name: str, first: int, after: int) -> Vector:
        """Return a column's texts as their places in `texts`; what is missing is the last."""
        codes = self._slice(name, first, after).indices
        known = pc.fill_null(codes, len(self.texts(name)) - 1)
        return np.asarray(known.to_numpy(zero_copy_only=False), np.int64)

    def texts(self, name: str) -> list[str | None]:
        """Return the texts of a column that is held as codes, then None."""
        if name not in self._texts:
            chunks = self.table[name].chunks
            self._texts[name] = [*(chunks[0].dictionary.to_pylist() if chunks else ()), None]
        return self._texts[name]

    def of(self, first: int, after: int, column: str, among: Collection[str]) -> Table:
        """Return the rows of reports `first` to before `after` with one of these values, texts as texts."""
        part = self.table.slice(*self._span(first, after))
        part = part.filter(pc.is_in(part[column].cast(pa.string()), pa.array(sorted(among), pa.string())))
        columns = [
            c.cast(c.type.value_type) if pa.types.is_dictionary(c.type) else c for c in part.itercolumns()
        ]
        frame: Table = pa.table(columns, names=part.column_names).to_pandas()
        return frame


class Shelved:
    """The rows of one table on disk; a shelf has those of a run of reports."""

    def __init__(
        self,
        stream: IO[bytes],
        pieces: Iterable[pa.Table],
        reports: Sequence[str],
        ends: Sequence[int],
        seen: Callable[[pa.Table], None] | None = None,
    ) -> None:
        """Write rows down by the order of their reports; those of other reports are left out.

        Args:
            stream: An empty file, open as long as rows are read.
            pieces: Arrow tables with `report_id`, one after the other, at least one.
            reports: Ids in the order of the page.
            ends: Behind which report each shelf ends.
            seen: Is called with the rows of these reports, some at a time.
        """
        self.spans = list(pairwise([0, *ends]))
        self.rows = 0
        self._sheets = [list[int]() for _ in self.spans]
        sheets = _sheets(pieces, {report: number for number, report in enumerate(reports)})
        first = next(sheets)
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with pa.ipc.new_file(stream, first.schema, options=options) as writer:
            count = 0
            for sheet in chain([first], sheets):
                bounds = np.searchsorted(sheet["_number"].to_numpy(), [0, *ends])
                self.rows += len(sheet)
                if seen:
                    seen(sheet)
                for shelf, (low, high) in enumerate(pairwise(bounds.tolist())):
                    for batch in sheet.slice(low, high - low).cast(first.schema).to_batches():
                        writer.write_batch(batch)
                        self._sheets[shelf].append(count)
                        count += 1
        self._file = pa.ipc.open_file(stream)

    def take(self, shelf: int) -> Held:
        """Return the rows of a shelf."""
        batches = [self._file.get_batch(number) for number in self._sheets[shelf]]
        rows = pa.Table.from_batches(batches, self._file.schema)
        order = np.argsort(rows["_number"].to_numpy(), kind="stable")
        return Held(rows.take(pa.array(order)), *self.spans[shelf])


def _sheets(pieces: Iterable[pa.Table], place: Mapping[str, int]) -> Iterator[pa.Table]:
    """Yield rows of many pieces together, with `_number`, the place of their report, in this order."""
    waiting: list[pa.Table] = []
    for piece in pieces:
        waiting.append(_numbered(piece, place))
        if sum(map(len, waiting)) >= AT_A_TIME:
            yield _ordered(waiting)
            waiting.clear()
    if waiting:
        yield _ordered(waiting)


def _numbered(piece: pa.Table, place: Mapping[str, int]) -> pa.Table:
    columns = []
    for column in piece.itercolumns():
        text = pa.types.is_null(column.type) or pa.types.is_large_string(column.type)
        columns.append(column.cast(pa.string()) if text else column)
    rows = pa.table(columns, names=piece.column_names)
    ids = rows["report_id"].combine_chunks().dictionary_encode()
    known = np.array([*(place.get(r, -1) for r in ids.dictionary.to_pylist()), -1], np.int32)
    codes = pc.fill_null(ids.indices, len(known) - 1)
    rows = rows.append_column("_number", pa.array(known[codes.to_numpy()]))
    return rows.filter(pc.greater_equal(rows["_number"], 0))


def _ordered(pieces: Sequence[pa.Table]) -> pa.Table:
    rows = pa.concat_tables(pieces, promote_options="permissive")
    return rows.take(pa.array(np.argsort(rows["_number"].to_numpy(), kind="stable"))).combine_chunks()


@contextlib.contextmanager
def shelved(
    source: str | Path | Table,
    name: str,
    columns: Sequence[str],
    reports: Sequence[str],
    ends: Sequence[int],
    seen: Callable[[pa.Table], None] | None = None,
) -> Iterator[Shelved]:
    """Lay columns of a table, the parts of a folder or a frame, out on disk as long as the context is.

    Args:
        source: The folder or the frame.
        name: Of the table.
        columns: What is wanted beside `report_id`.
        reports: Ids in the order of the page.
        ends: Behind which report each shelf ends.
        seen: Is called with the rows of these reports, some at a time.
    """
    wanted = ["report_id", *(c for c in columns if c != "report_id")]
    if isinstance(source, str | Path):
        pieces = read_parts(source, name, wanted)
    else:
        frame = source.assign(**{c: None for c in wanted if c not in source.columns})
        pieces = iter([arrow_of(frame[wanted])])
    with tempfile.TemporaryFile(prefix="gongkai-") as stream:
        yield Shelved(stream, pieces, reports, ends, seen)


_OWN = ("sentence_id", "text", "message")
"""Texts of which hardly two are alike: no codes."""
