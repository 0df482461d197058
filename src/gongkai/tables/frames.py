"""A table in one file: .csv, .jsonl, .parquet or .xlsx, by the ending."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from gongkai.errors import SchemaError
from gongkai.store import storage
from gongkai.store.run import whole_file
from gongkai.tables.columns import refuse_missing
from gongkai.tables.parts import read_table
from gongkai.tables.spreadsheet import guarded_frame, unguarded_frame, write_excel

if TYPE_CHECKING:
    import pandas as pd

PLAIN = (".csv", ".jsonl", ".parquet", ".xlsx")
"""Endings of single-file tables."""


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
