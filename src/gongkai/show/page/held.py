"""A table's rows by report, small in memory: texts as codes, cut out as a frame when asked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gongkai.tables.parts import read_parts
from gongkai.tables.query import arrow_of
from gongkai.tables.schema import Table

if TYPE_CHECKING:
    Vector = np.ndarray[Any, np.dtype[Any]]


class Held:
    """The rows of one table, those of a report together."""

    def __init__(self, pieces: Iterable[pa.Table], reports: Sequence[str]) -> None:
        """Put rows into the order of the reports; those of other reports are left out.

        Args:
            pieces: Arrow tables with `report_id`, one after the other.
            reports: Ids in the order of the page.
        """
        encoded = [_encoded(piece) for piece in pieces]
        table = pa.concat_tables(encoded, promote_options="permissive").unify_dictionaries().combine_chunks()
        place = {report: number for number, report in enumerate(reports)}
        column = table["report_id"].combine_chunks()
        known = np.array([place.get(r, -1) for r in column.dictionary.to_pylist()] + [-1])
        codes = pc.fill_null(column.indices, len(known) - 1).to_numpy(zero_copy_only=False).astype(np.int64)
        number = known[codes]
        order = np.argsort(number, kind="stable")
        order = order[np.searchsorted(number[order], 0) :]
        self.table = table.take(pa.array(order)).combine_chunks()
        self.starts = np.searchsorted(number[order], np.arange(len(reports) + 1))
        self._texts: dict[str, list[str | None]] = {}

    def _slice(self, column: str, first: int, after: int) -> pa.Array:
        low, high = int(self.starts[first]), int(self.starts[after])
        chunks: pa.ChunkedArray = self.table[column].slice(low, high - low)
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
        low, high = int(self.starts[first]), int(self.starts[after])
        part = _where(self.table.slice(low, high - low), column, among)
        columns = [
            c.cast(c.type.value_type) if pa.types.is_dictionary(c.type) else c for c in part.itercolumns()
        ]
        frame: Table = pa.table(columns, names=part.column_names).to_pandas()
        return frame

    def where(self, column: str, among: Collection[str]) -> pa.Table:
        """Return the rows of all reports with one of these values."""
        return _where(self.table, column, among)

    def values(self, column: str) -> list[str]:
        """Return the texts that stand in a column, each once, in order."""
        return sorted(v for v in pc.unique(self.table[column]).to_pylist() if v is not None)

    def __len__(self) -> int:
        return len(self.table)


def held(source: str | Path | Table, name: str, columns: Sequence[str], reports: Sequence[str]) -> Held:
    """Hold columns of a table: the parts of a folder, or a frame."""
    wanted = ["report_id", *(c for c in columns if c != "report_id")]
    if isinstance(source, str | Path):
        return Held(read_parts(source, name, wanted), reports)
    frame = source.assign(**{c: None for c in wanted if c not in source.columns})
    return Held([arrow_of(frame[wanted])], reports)


def _where(table: pa.Table, column: str, among: Collection[str]) -> pa.Table:
    return table.filter(pc.is_in(table[column].cast(pa.string()), pa.array(sorted(among), pa.string())))


_OWN = ("sentence_id", "text", "message")
"""Texts of which hardly two are alike: no codes."""


def _encoded(piece: pa.Table) -> pa.Table:
    columns = []
    for name, column in zip(piece.column_names, piece.itercolumns(), strict=True):
        if pa.types.is_null(column.type):
            column = column.cast(pa.string())
        if pa.types.is_large_string(column.type):
            column = column.cast(pa.string())
        is_text = pa.types.is_string(column.type)
        columns.append(column.dictionary_encode() if is_text and name not in _OWN else column)
    return pa.table(columns, names=piece.column_names)
