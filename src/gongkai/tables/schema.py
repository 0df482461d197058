"""Every table: Arrow schema, check, read, write, ids; `rows.py` says what its columns are.

A tables folder holds one folder per table with `part-*.parquet` files, so that pandas, polars, DuckDB and
`datasets` read it unchanged. In the hand a table is a `pandas.DataFrame`; the Arrow schema is enforced at the
seam.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, TypeAlias, get_args, get_type_hints

import pyarrow as pa
import pyarrow.parquet as pq

from gongkai.errors import SchemaError
from gongkai.store import storage
from gongkai.store.progress import progress
from gongkai.store.run import whole_file
from gongkai.tables.codebook import Codebook
from gongkai.tables.codebooks import given_or_shipped, shipped
from gongkai.tables.columns import refuse_missing
from gongkai.tables.ids import hash_text as hash_text
from gongkai.tables.rows import BUILT as BUILT
from gongkai.tables.rows import KEYS as KEYS
from gongkai.tables.rows import ROWS
from gongkai.tables.rows import SECTIONS as SECTIONS
from gongkai.tables.spreadsheet import guarded_frame, unguarded_frame, write_excel

if TYPE_CHECKING:
    import pandas as pd

Table: TypeAlias = "pd.DataFrame"
Reports: TypeAlias = "pd.DataFrame"
Sentences: TypeAlias = "pd.DataFrame"
Statistics: TypeAlias = "pd.DataFrame"
Checks: TypeAlias = "pd.DataFrame"
Problems: TypeAlias = "pd.DataFrame"
Labels: TypeAlias = "pd.DataFrame"
Predictions: TypeAlias = "pd.DataFrame"
Measures: TypeAlias = "pd.DataFrame"
Filters: TypeAlias = "list[tuple[str, str, object]] | None"

UNCOUNTED_SECTIONS = shipped().uncounted_sections
"""Sections whose sentences are not counted in shares, in the scheme that ships."""


_ARROW = {
    str: pa.string(), int: pa.int32(), float: pa.float64(), bool: pa.bool_(), list[str]: pa.list_(pa.string())
}  # fmt: skip


def _schema_of(row: type) -> pa.Schema:
    """Derive a table's Arrow schema from the annotations of its row."""
    fields = []
    for name, hint in get_type_hints(row, include_extras=True).items():
        kind, meaning = get_args(hint)
        kinds = get_args(kind) if isinstance(kind, UnionType) else (kind,)
        null = NoneType in kinds
        fields.append(pa.field(name, _ARROW[kinds[0]], nullable=null, metadata={"meaning": meaning}))
    return pa.schema(fields)


def labels_schema(codebook: Codebook | None = None) -> pa.Schema:
    """Return the schema of `labels` coded by a codebook: its labels' columns stand behind `text`."""
    fields = []
    for column in _schema_of(ROWS["labels"]):
        fields.append(column)
        for label in given_or_shipped(codebook).labels if column.name == "text" else ():
            kind = pa.string() if label.is_choice else pa.bool_()
            fields.append(pa.field(label.name, kind, metadata={"meaning": label.definition.said("en")}))
    return pa.schema(fields)


SCHEMAS: Mapping[str, pa.Schema] = {
    name: labels_schema() if name == "labels" else _schema_of(row) for name, row in ROWS.items()
}
PLAIN = (".csv", ".jsonl", ".parquet", ".xlsx")
"""Endings of single-file tables."""


def to_arrow(name: str, frame: Table) -> pa.Table:
    """Check a frame against its schema and return it as an Arrow table with the columns in order.

    Args:
        name: A key of `SCHEMAS`.
        frame: Rows; columns outside the schema are dropped.

    Raises:
        SchemaError: A column is missing, has a wrong type, or holds a null where none may be.
    """
    schema = SCHEMAS[name]
    refuse_missing(name, schema.names, frame.columns)
    columns = []
    for field in schema:
        try:
            column = pa.Array.from_pandas(frame[field.name], type=field.type)
        except (pa.ArrowInvalid, pa.ArrowTypeError, ValueError) as error:
            raise SchemaError(f"{name}.{field.name}: expected {field.type}: {error}") from error
        if isinstance(column, pa.ChunkedArray):
            column = column.combine_chunks()
        if not field.nullable and column.null_count:
            row = frame[field.name].isna().to_numpy().argmax()
            raise SchemaError(f"{name}.{field.name}: row {row} is empty, but the column may not be")
        columns.append(column)
    return pa.Table.from_arrays(columns, schema=pa.schema(list(schema)))


def frame_of(name: str, rows: Iterable[Mapping[str, object]], codebook: Codebook | None = None) -> Table:
    """Make a frame with exactly the columns of a table, in order, from dict rows (none is fine).

    Args:
        name: A key of `SCHEMAS`.
        rows: Values by column; what is not given is null.
        codebook: Whose labels' columns `labels` has; the one that ships unless given.
    """
    schema = labels_schema(codebook) if name == "labels" else SCHEMAS[name]
    columns = {f.name: [] for f in schema}  # type: dict[str, list[object]]
    for row in rows:
        for key, values in columns.items():
            values.append(row.get(key))
    arrays = [pa.array(columns[f.name], type=f.type, from_pandas=True) for f in schema]
    frame: Table = pa.Table.from_arrays(arrays, schema=schema).to_pandas()
    return frame


def table_of(name: str, rows: Sequence[object]) -> pa.Table:
    """Lay rows (the table's named tuples) out as an Arrow table.

    Raises:
        SchemaError: A value does not fit its column, or is null where none may be.
    """
    arrays = []
    for field in SCHEMAS[name]:
        values = list(map(attrgetter(field.name), rows))
        try:
            array = _array(values, field.type)
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
            raise SchemaError(f"{name}.{field.name}: expected {field.type}: {error}") from error
        if array.null_count and not field.nullable:
            raise SchemaError(f"{name}.{field.name}: row {values.index(None)} is empty, but may not be")
        arrays.append(array)
    return pa.Table.from_arrays(arrays, schema=SCHEMAS[name])


def _array(values: list[object], kind: pa.DataType) -> pa.Array:
    """Make a column; of a file name that is not in UTF-8 the strange bytes are written as codes."""
    try:
        return pa.array(values, type=kind)
    except UnicodeEncodeError:
        plain = [v.encode(errors="backslashreplace").decode() if isinstance(v, str) else v for v in values]
        return pa.array(plain, type=kind)


def records(frame: Table) -> list[dict[str, Any]]:
    """Return a frame's rows as dicts by column name."""
    names = [str(name) for name in frame.columns]
    columns = [_plain(frame.iloc[:, k]) for k in range(len(names))]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _plain(column: pd.Series[Any]) -> list[Any]:
    """Return a column's values as Python has them, also those of numpy among values of any kind."""
    if column.dtype == object:
        return [v.item() if getattr(v, "ndim", None) == 0 else v for v in column.tolist()]
    texts: list[Any] = (column.to_numpy(object) if column.dtype == "str" else column).tolist()
    return texts


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


def counting_once(folder: str | Path, name: str) -> list[tuple[str, str, Any]]:
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


def write_frame(frame: pd.DataFrame, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write a table as .csv (UTF-8 with BOM), .jsonl, .parquet or .xlsx, by the ending; whole or not at all.

    In .csv a text that a spreadsheet would read as a formula gets a `'` in front, which `read_frame` takes
    away again; in .xlsx such texts are plain text.

    Raises:
        SchemaError: The ending is another.
        GongkaiError: The file exists, or cannot be written; or .xlsx without the extra `excel`.
    """
    return write_frames([frame], path, overwrite=overwrite)


def write_frames(frames: Iterable[pd.DataFrame], path: str | Path, *, overwrite: bool = False) -> Path:
    """Write a table that comes in pieces, at least one, as `write_frame` does; of .xlsx all are held."""
    import pandas as pd

    target = Path(path)
    ending = target.suffix.lower()
    if ending not in PLAIN:
        raise SchemaError(f"{target}: the ending decides the format; expected one of {', '.join(PLAIN)}")
    with whole_file(target, overwrite=overwrite) as hidden:
        if ending == ".xlsx":
            held = list(frames)
            write_excel(held[0] if len(held) == 1 else pd.concat(held, ignore_index=True), hidden)
        elif ending == ".parquet":
            _write_parquet(iter(frames), hidden)
        else:
            for number, frame in enumerate(frames):
                mode: Any = "a" if number else "w"
                if ending == ".csv":
                    guarded_frame(frame).to_csv(
                        hidden, index=False, mode=mode, header=not number, lineterminator="\n",
                        encoding="utf-8" if number else "utf-8-sig",
                    )  # fmt: skip
                else:
                    frame.to_json(
                        hidden,
                        orient="records",
                        lines=True,
                        mode=mode,
                        force_ascii=False,
                        double_precision=15,
                    )
    return target


def _write_parquet(frames: Iterator[pd.DataFrame], path: Path) -> None:
    """Write pieces of a table; a column without a value in the first of several is text."""
    table = pa.Table.from_pandas(next(frames), preserve_index=False)
    after = next(frames, None)
    if after is not None:
        typed = [f.with_type(pa.string()) if pa.types.is_null(f.type) else f for f in table.schema]
        table = table.cast(pa.schema(typed, table.schema.metadata))
    with pq.ParquetWriter(path, table.schema, compression="zstd") as writer:
        writer.write_table(table)
        while after is not None:
            try:
                writer.write_table(pa.Table.from_pandas(after, table.schema, preserve_index=False))
            except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
                raise SchemaError(f"{path}: a column is of another kind further down: {error}") from error
            after = next(frames, None)


def read_frame(path: str | Path, needed: Sequence[str]) -> pd.DataFrame:
    """Read a table that `write_frame` wrote, or one like it; ids and codes stay text.

    Raises:
        SchemaError: The file cannot be read or lacks a column.
    """
    import pandas as pd

    source = Path(path)
    try:
        if source.suffix.lower() == ".csv":
            texts = dict.fromkeys(("sentence_id", "id", "report_id", "region_code", "text"), "str")
            frame = pd.read_csv(
                source, encoding="utf-8-sig", dtype=texts, keep_default_na=False, na_values=[""]
            )
            if not isinstance(frame.index, pd.RangeIndex):  # pandas makes the first cells an index
                raise ValueError("rows have more cells than the header; quote texts with commas")
            frame = unguarded_frame(frame)
        elif source.suffix.lower() == ".jsonl":
            frame = pd.read_json(source, lines=True, dtype=False)
        elif source.suffix.lower() == ".xlsx":
            frame = pd.read_excel(source, keep_default_na=False, na_values=[""])
        elif source.is_dir():
            frame = read_table(source, "predictions")
        elif not source.exists():
            raise SchemaError(f"{source}: no such file or folder")
        elif source.is_file() and source.suffix.lower() not in PLAIN:
            raise SchemaError(f"{source}: the ending decides the format; expected one of {', '.join(PLAIN)}")
        else:
            frame = pq.read_table(source).to_pandas()
    except (OSError, ValueError, pa.ArrowInvalid) as error:
        said = (
            storage.NOT_UTF8
            if isinstance(error, UnicodeDecodeError)
            else getattr(error, "strerror", None) or error
        )
        raise SchemaError(f"{source}: cannot be read: {said}") from error
    refuse_missing(source, needed, frame.columns)
    return frame


def as_text(value: object) -> str | None:
    """Return an id or a class as text, 7.0 of a spreadsheet as 7; a missing one stays missing."""
    if value is None or value != value:
        return None
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def as_ids(values: pd.Series[Any]) -> pd.Series[str]:
    """Return a user's ids as texts; those that lack stay missing."""
    return values.map(as_text)


def as_sentences(frame: Sentences, stem: str, *, first: int = 0) -> Sentences:
    """Make rows from anywhere with a column `text` sentences: a missing text is empty, years are numbers.

    Args:
        frame: Rows; changed in place.
        stem: Name of their file, for ids where there is neither `sentence_id` nor `id`.
        first: Number of the first row in the file.
    """
    import pandas as pd

    texts = ["" if text is None or text != text else str(text) for text in frame["text"].tolist()]
    frame["text"] = texts
    if "sentence_id" not in frame.columns and "id" in frame.columns:
        frame["sentence_id"] = frame["id"]
    if "sentence_id" in frame.columns:
        frame["sentence_id"] = as_ids(frame["sentence_id"])
    else:
        frame["sentence_id"] = [f"{stem}-{i}-{hash_text(text)}" for i, text in enumerate(texts, first)]
    if "year" in frame.columns:
        frame["year"] = pd.to_numeric(frame["year"], errors="coerce")
    return frame


_CARRIED = {"sentence_id", "report_id", "agency", "region_code", "year", "section", "heading"}


def own_names(columns: Iterable[str]) -> dict[str, str]:
    """Return the columns of a user's table that stand behind `predictions`, each with its name there.

    A column whose name the predictions use for something else (`label`, `score`) gets `own_` in front.
    """
    own = [column for column in columns if column not in _CARRIED]
    taken = {*SCHEMAS["predictions"].names, *own}
    names = {}
    for column in own:
        name = column
        while name in SCHEMAS["predictions"].names or (name != column and name in taken):
            name = f"own_{name}"
        names[column] = name
        taken.add(name)
    return names
