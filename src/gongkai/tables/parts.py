"""A tables folder: one of `part-*.parquet` per table; parts are written whole, read by columns and rows.

So pandas, polars, DuckDB and `datasets` read it unchanged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from gongkai.errors import SchemaError
from gongkai.store import storage
from gongkai.store.progress import progress
from gongkai.tables.schema import SCHEMAS, Filters, Table, to_arrow


def write_part(name: str, rows: Table | pa.Table, folder: str | Path, part: int = 0) -> None:
    """Write one part of a table below `folder`; the file appears whole or not at all."""
    buffer = pa.BufferOutputStream()
    table = rows if isinstance(rows, pa.Table) else to_arrow(name, rows)
    pq.write_table(table, buffer, compression="zstd")
    storage.write_bytes(f"{folder}/{name}/part-{part:05d}.parquet", buffer.getvalue().to_pybytes())


_COUNTED = ("sentences", "statistics", "checks")


def parts_of(folder: str | Path, name: str) -> list[str]:
    """Return the parts of one table of a tables folder, in order.

    Raises:
        SchemaError: The folder has no such table.
    """
    place = f"{str(folder).rstrip('/')}/{name}"
    names = [n for n in storage.children(place) if n.startswith("part-") and n.endswith(".parquet")]
    if not names:
        raise SchemaError(
            f"{folder}: no table '{name}' here; expected {place}/part-*.parquet, as `gongkai build` writes it"
        )
    return [f"{place}/{n}" for n in sorted(names, key=lambda n: (len(n), n))]


def read_table(
    folder: str | Path,
    name: str,
    columns: Sequence[str] | None = None,
    *,
    agency: str | Sequence[str] | None = None,
    year: int | Sequence[int] | None = None,
    copies: bool = False,
) -> Table:
    """Read one table of a tables folder, or only the rows of some agencies and years.

    A report that is held twice counts once: rows of the one that another stands for (`reports.same_as`) are
    left out of the other tables, unless `copies` is set.

    Args:
        folder: What `build` (or `predict`, into a folder) wrote; a path or an address (s3://, gs://).
        name: One of `reports`, `sentences`, `statistics`, `checks`, `problems`, `predictions`.
        columns: Only these columns.
        agency: Only this agency, or these.
        year: Only this year, or these (a `range` will do).
        copies: Also the rows of reports that another stands for.

    Returns:
        All parts in order, one frame. Parts that hold none of the rows asked for are not read beyond their
        statistics.

    Raises:
        SchemaError: The folder has no such table, a part is not of its schema, or the table has no such
        column.
    """
    return read_where(folder, name, _filters(name, agency, year), columns, copies=copies)


def read_where(
    folder: str | Path,
    name: str,
    filters: Filters,
    columns: Sequence[str] | None = None,
    *,
    copies: bool = False,
) -> Table:
    """Read the rows of a table that filters (as `pyarrow.parquet` takes them) keep; see `read_table`."""
    # Of no value at all the type is not told.
    filters = [
        (c, op, v if v != [] else pa.array([], SCHEMAS[name].field(c).type)) for c, op, v in filters or ()
    ]
    pieces: list[pa.Table] = []
    for piece in read_parts(folder, name, columns, filters=filters or None, copies=copies):
        if piece.num_rows or not pieces:
            pieces.append(piece)
    frame: Table = pa.concat_tables(pieces).to_pandas()
    return frame


def read_among(folder: str | Path, name: str, column: str, values: Iterable[str]) -> Table:
    """Read the rows with one of very many texts in a column; as a filter these cost time for each part."""
    import pandas as pd

    known = pd.Index(values).unique()
    pieces: list[pa.Table] = []
    for part in read_parts(folder, name):
        piece = part.filter(pa.array(known.get_indexer(part[column].to_pandas()) >= 0))
        if piece.num_rows or not pieces:
            pieces.append(piece)
    frame: Table = pa.concat_tables(pieces).to_pandas()
    return frame


def read_parts(
    folder: str | Path,
    name: str,
    columns: Sequence[str] | None = None,
    *,
    filters: Filters = None,
    copies: bool = False,
) -> Iterator[pa.Table]:
    """Give the parts of a table one after the other, as Arrow tables; see `read_table`."""
    filters = filters if copies else [*(filters or ()), *counting_once(folder, name)] or None
    for part in progress(parts_of(folder, name), f"reading {name}"):
        yield read_rows(part, name, None if columns is None else list(columns), filters)


def counting_once(folder: str | Path, name: str) -> list[tuple[str, str, object]]:
    """Return the filters of a table without the reports that another stands for."""
    aside = set_aside(folder) if name in _COUNTED else {}
    return [("report_id", "not in", list(aside))] if aside else []


def set_aside(folder: str | Path) -> dict[str, str]:
    """Return the reports of a tables folder that another stands for, each with that other."""
    if not storage.exists(f"{str(folder).rstrip('/')}/reports"):
        return {}
    found: dict[str, str] = {}
    for part in parts_of(folder, "reports"):
        if "same_as" in read_names(part):
            pairs = read_columns(part, ["report_id", "same_as"])
            found |= {one: other for one, other in zip(*pairs.to_pydict().values(), strict=True) if other}
    return found


def names_of(folder: str | Path, name: str) -> list[str]:
    """Return the columns of a table of a folder: those of its schema, and behind them the user's own."""
    names = SCHEMAS[name].names
    return [*names, *(c for c in read_names(parts_of(folder, name)[0]) if c not in names)]


def read_names(part: str) -> list[str]:
    """Return the column names of a part."""
    return list(_schema_in(part).names)


def _schema_in(part: str) -> pa.Schema:
    system, path = storage.filesystem(part)
    return pq.read_schema(path, filesystem=system)


def types_of(folder: str | Path, name: str) -> dict[str, pa.DataType]:
    """Return the columns that the parts of a table have on disk, each with its type."""
    return joint_types((part, _schema_in(part)) for part in parts_of(folder, name))


def joint_types(schemas: Iterable[tuple[str, pa.Schema]]) -> dict[str, pa.DataType]:
    """Return the columns of all files (path, schema), each of the type that holds the values of all.

    What is of two kinds is text.

    Raises:
        SchemaError: A column is a list in one file and none in another.
    """
    types: dict[str, pa.DataType] = {}
    for path, schema in schemas:
        for column, kind in zip(schema.names, schema.types, strict=True):
            known = types.setdefault(column, kind)
            if known != kind:
                types[column] = _both(known, kind, f"{path}: column {column}")
    return types


def _both(one: pa.DataType, other: pa.DataType, where: str) -> pa.DataType:
    """Return the type that holds the values of both."""
    try:
        merged = [pa.schema([("x", kind)]) for kind in (one, other)]
        return pa.unify_schemas(merged, promote_options="permissive").field("x").type
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        if pa.types.is_nested(one) or pa.types.is_nested(other):
            raise SchemaError(f"{where}: is {other} here and {one} in another file") from error
        return pa.string()


def read_columns(part: str, columns: list[str] | None) -> pa.Table:
    """Read columns (None: all) of a part as it stands on disk."""
    system, path = storage.filesystem(part)
    return pq.read_table(path, columns=columns, filesystem=system)


def read_part(part: str, name: str) -> Table:
    """Read one part of a table; see `parts_of`."""
    frame: Table = read_rows(part, name, None).to_pandas()
    return frame


def read_rows(part: str, name: str, columns: list[str] | None, filters: Filters = None) -> pa.Table:
    """Read columns of a part; None reads those of the schema, and behind them the user's own."""
    system, path = storage.filesystem(part)
    schema = SCHEMAS[name]
    try:
        present = read_names(part)
        wanted = (
            [*schema.names, *(c for c in present if c not in schema.names)] if columns is None else columns
        )
        if strange := [c for c in wanted if c not in schema.names and c not in present]:
            raise SchemaError(f"{part}: {name} lack {', '.join(strange)}; they have {', '.join(present)}")
        lacking = [c for c in wanted if c in schema.names and c not in present]
        if needed := [c for c in lacking if not schema.field(c).nullable]:
            raise SchemaError(
                f"{part}: lacks {', '.join(needed)}; written by {_writer(part)}, build the tables anew"
            )
        table = pq.read_table(
            path, columns=[c for c in wanted if c not in lacking], filters=filters, filesystem=system
        )
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError, KeyError) as error:
        raise SchemaError(f"{part}: not a part of '{name}': {error}") from error
    for column in lacking:  # of tables that an earlier gongkai wrote
        table = table.append_column(schema.field(column), pa.nulls(len(table), schema.field(column).type))
    return table.select(wanted) if lacking else table


def _writer(part: str) -> str:
    """Return who wrote a part, as its folder's manifest says."""
    manifest = f"{part.rsplit('/', 2)[0]}/run.json"
    try:
        return f"gongkai {storage.read_json(manifest)['gongkai']}"
    except (OSError, ValueError, KeyError):
        return "an unknown gongkai"


def _filters(name: str, agency: str | Sequence[str] | None, year: int | Sequence[int] | None) -> Filters:
    if name not in SCHEMAS:
        raise SchemaError(f"no table is called '{name}'; expected one of {', '.join(SCHEMAS)}")
    asked: dict[str, list[object]] = {}
    if agency is not None:
        asked["agency"] = [agency] if isinstance(agency, str) else list(agency)
    if year is not None:
        years = list(year) if isinstance(year, Iterable) and not isinstance(year, str) else [year]
        try:
            asked["year"] = [int(y) for y in years]
        except (TypeError, ValueError) as error:
            raise SchemaError(f"year {year!r}: expected whole numbers, e.g. range(2019, 2025)") from error
    for column in asked:
        if column not in SCHEMAS[name].names:
            raise SchemaError(f"{name}: has no column {column} to choose rows by")
    return [(column, "in", values) for column, values in asked.items()] or None
