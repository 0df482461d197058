"""Ask many parts: SQL over a tables folder as it is, and the same tables cut anew, a year to a part.

The only module that opens DuckDB.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from gongkai.errors import GongkaiError, SchemaError
from gongkai.store import storage
from gongkai.store.progress import progress
from gongkai.store.run import refuse_input, whole_folder, write_json
from gongkai.tables.columns import refuse_lacking
from gongkai.tables.parts import (
    counting_once,
    parts_of,
    read_part,
    read_parts,
    read_rows,
    types_of,
    write_part,
)
from gongkai.tables.schema import SCHEMAS, Filters, Table

if TYPE_CHECKING:
    import duckdb


ROWS = 20_000
"""Rows from which a part of a year is written."""
LEAST, EACH, MEMORY = 192, 64, 512
"""MiB that DuckDB holds before it lays out on disk: so many for each thread, from the least to the most."""


@contextlib.contextmanager
def session(*, jobs: int | None = None, memory: str | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a DuckDB connection with so much memory; what it lays out on disk goes with it.

    The disk is that of `tempfile.gettempdir()`: set TMPDIR for another.

    Args:
        jobs: Threads; all cores unless given.
        memory: What it holds before it lays out on disk; unless given by its threads: `EACH`.

    Raises:
        GongkaiError: Disk or memory are full.
    """
    import duckdb

    if memory is None:
        memory = f"{min(MEMORY, max(LEAST, EACH * (jobs or os.cpu_count() or 1)))}MiB"
    with tempfile.TemporaryDirectory(prefix="gongkai-") as spill:
        settings: dict[str, Any] = {"memory_limit": memory, "temp_directory": spill}
        settings |= {"preserve_insertion_order": False} | ({"threads": jobs} if jobs else {})
        try:
            with duckdb.connect(":memory:", config=settings) as opened:
                # The bar would stand among the results; a notebook that cannot draw it refuses the setting.
                with contextlib.suppress(duckdb.InvalidInputException):
                    opened.execute("SET enable_progress_bar = false")
                yield opened
        except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
            raise GongkaiError(f"out of memory or disk; TMPDIR names a larger disk: {error}") from error


def quoted(name: str) -> str:
    """Return a name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'


def literals(texts: Iterable[str]) -> str:
    """Return texts as SQL has them, with commas between; never none."""
    return ", ".join("'" + text.replace("'", "''") + "'" for text in texts) or "NULL"


def arrow_of(columns: Table | Mapping[str, Any]) -> pa.Table:
    """Return columns as DuckDB reads them: what is mixed as text, of what is no UTF-8 the codes.

    NaN becomes null.
    """
    arrays = {}
    for name, values in columns.items():
        try:
            arrays[str(name)] = pa.array(values, from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError):
            texts = [None if v is None or v != v else str(v) for v in values]
            plain = [t and t.encode("utf-8", "backslashreplace").decode() for t in texts]
            arrays[str(name)] = pa.array(plain, pa.string())
        if arrays[str(name)].null_count == len(arrays[str(name)]):  # whatever type a frame has for nothing
            arrays[str(name)] = pa.nulls(len(arrays[str(name)]), pa.string())
    return pa.table(arrays)


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows of a table that a step reads: those given, or a part of a tables folder."""

    name: str
    source: Table | str
    filters: Filters = None

    def read(self, columns: Sequence[str]) -> pa.Table:
        """Read some columns.

        Raises:
            SchemaError: One is missing.
        """
        if isinstance(self.source, str):
            return read_rows(self.source, self.name, list(columns), self.filters)
        refuse_lacking(self.name, self.source, columns)
        schema = SCHEMAS[self.name]
        lists = {f.name: f.type for f in schema if pa.types.is_list(f.type) and f.name in columns}
        rows = arrow_of(self.source[[c for c in columns if c not in lists]])
        for column, kind in lists.items():
            rows = rows.append_column(column, pa.array(self.source[column], kind, from_pandas=True))
        return rows.select(list(columns))


def pieces_of(source: Table | str | Path, name: str) -> list[Piece]:
    """Return the rows of a table as one piece, of a tables folder its parts."""
    if not isinstance(source, str | Path):
        return [Piece(name, source)]
    filters = counting_once(source, name) or None
    return [Piece(name, part, filters) for part in parts_of(source, name)]


def table_parts(source: Table | str | Path, name: str, columns: Sequence[str]) -> Iterator[pa.Table]:
    """Yield columns of a table, of rows all at once, of a tables folder part by part.

    Raises:
        SchemaError: A column is missing.
    """
    for piece in progress(pieces_of(source, name), f"reading {name}"):
        yield piece.read(columns)


def put(db: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> None:
    """Add rows to a table of a connection, which is made if need be."""
    db.register("rows_to_put", rows)
    db.execute(f"CREATE TABLE IF NOT EXISTS {name} AS FROM rows_to_put LIMIT 0")
    db.execute(f"INSERT INTO {name} FROM rows_to_put")
    db.unregister("rows_to_put")


def connect(*folders: str | Path) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB connection with a view for each table of the folders.

    Args:
        folders: A tables folder of `build`, and if you like a folder of `predict`; paths or addresses. Where
            two folders have a table of one name, the view has the rows of both.

    Returns:
        A connection in memory: `connect("tables").sql("SELECT count(*) FROM reports").df()`. The views know
        the parts that stood there when it was opened. It holds at most `MEMORY` (SET memory_limit takes
        another) and lays out on disk what is more, in a folder of `tempfile.gettempdir()` until it is closed.

    Raises:
        SchemaError: A folder has none of the tables.
    """
    import duckdb

    parts: dict[str, list[str]] = {}
    for folder in folders:
        for name in _present(folder):
            parts[name] = parts.get(name, []) + parts_of(folder, name)
    spill = Path(tempfile.gettempdir(), f"gongkai-{uuid.uuid4().hex}")  # DuckDB makes it, and takes it away
    opened = duckdb.connect(":memory:", config={"memory_limit": f"{MEMORY}MiB", "temp_directory": str(spill)})
    for folder in folders:
        see(opened, folder)
    for name, files in parts.items():
        opened.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet([{literals(files)}])")
    return opened


def _present(folder: str | Path) -> list[str]:
    if found := [name for name in storage.children(folder) if name in SCHEMAS]:
        return found
    raise SchemaError(f"{folder}: no tables here; expected what `gongkai build` or `predict` wrote")


def see(db: duckdb.DuckDBPyConnection, folder: str | Path) -> None:
    """Let a connection read the parts of a folder that is an address."""
    if storage.is_url(folder):
        system = storage.filesystem(folder)[0]
        first = system.protocol if isinstance(system.protocol, str) else system.protocol[0]
        if not db.filesystem_is_registered(first):
            db.register_filesystem(system)


def partition(folder: str | Path, output: str | Path, *, overwrite: bool = False) -> dict[int | None, int]:
    """Write the tables of a folder anew, each part one year: `read(…, year=…)` then touches few.

    Nothing else changes: same schema, same rows, within a year in the same order. The parts of 2021 are named
    `part-2021….parquet`, those of reports without a year `part-0….parquet`. `problems` has no year and is
    copied. Memory holds at most `ROWS` rows of each year.

    Args:
        folder: What `build` or `predict` wrote; a path or an address.
        output: Folder to make, a path.
        overwrite: Replace an earlier one.

    Returns:
        Reports (of a folder of `predict`: predictions) by year, None for those without one.

    Raises:
        SchemaError: There are no tables.
        GongkaiError: The output exists, or cannot be written.
    """
    refuse_input(output, [folder])
    present = _present(folder)
    counts: dict[int | None, int] = {}
    with whole_folder(Path(output), overwrite=overwrite) as hidden:
        for name in present:
            if "year" not in SCHEMAS[name].names:
                for number, part in enumerate(parts_of(folder, name)):
                    write_part(name, read_part(part, name), hidden, number)
                continue
            rows = _by_year(folder, name, hidden)
            if name in ("reports", "predictions"):
                counts = rows
        about = storage.read_json(f"{folder}/run.json")
        write_json(hidden / "run.json", about | {"parts": "one year each"})
    return counts


def _by_year(folder: str | Path, name: str, output: Path) -> dict[int | None, int]:
    """Write one table, a year to a part; return its rows by year."""
    waiting: dict[int | None, list[pa.Table]] = defaultdict(list)
    written: dict[int | None, int] = defaultdict(int)
    counts: dict[int | None, int] = defaultdict(int)
    schema, types = SCHEMAS[name], types_of(folder, name)

    def write(year: int | None) -> None:
        rows = pa.concat_tables(waiting.pop(year), promote_options="permissive").combine_chunks()
        write_part(name, rows, output, (year or 0) * 10_000 + written[year])
        written[year] += 1

    for part in read_parts(folder, name, copies=True):
        own = [pa.field(name, types[name]) for name in part.schema.names if name not in schema.names]
        table = part.cast(pa.schema([*schema, *own]))
        for year in sorted(set(table["year"].to_pylist()), key=lambda y: y or 0):
            here = pc.is_null(table["year"]) if year is None else pc.equal(table["year"], year)
            rows = table.filter(here)
            waiting[year].append(rows)
            counts[year] += len(rows)
            if sum(map(len, waiting[year])) >= ROWS:
                write(year)
    for left in sorted(waiting, key=lambda y: y or 0):
        write(left)
    if not counts:
        write_part(name, table, output)
    return dict(sorted(counts.items(), key=lambda item: item[0] or 0))
