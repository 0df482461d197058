"""A table's rows by report, small in memory: texts as codes, cut out as a frame when asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gongkai.tables.query import arrow_of
from gongkai.tables.schema import read_parts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from gongkai.tables.schema import Table


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
        self.table = table.take(pa.array(order))
        self.starts = np.searchsorted(number[order], np.arange(len(reports) + 1))

    def cut(self, first: int, after: int) -> pa.Table:
        """Return the rows of reports `first` to before `after`, texts as codes."""
        low, high = int(self.starts[first]), int(self.starts[after])
        return self.table.slice(low, high - low)

    def of(self, first: int, after: int, column: str = "", among: Collection[str] = ()) -> Table:
        """Return the rows of reports `first` to before `after`, texts as texts; only those with a value."""
        part = self.cut(first, after)
        if column:
            part = _where(part, column, among)
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
