"""Every table: Arrow schema, check, ids; `rows.py` says what its columns are.

In the hand a table is a `pandas.DataFrame`; the Arrow schema is enforced at the seam.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, TypeAlias, get_args, get_type_hints

import pyarrow as pa

from gongkai.errors import SchemaError
from gongkai.tables.columns import refuse_missing
from gongkai.tables.ids import hash_text as hash_text
from gongkai.tables.rows import BUILT as BUILT
from gongkai.tables.rows import KEYS as KEYS
from gongkai.tables.rows import ROWS
from gongkai.tables.rows import SECTIONS as SECTIONS
from gongkai.tables.scheme.codebook import Codebook
from gongkai.tables.scheme.codebooks import given_or_shipped, shipped

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
