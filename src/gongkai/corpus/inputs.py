"""What a user names on the command line or in a call: files, folders, tables, plain files of sentences."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from gongkai.corpus.read import SUFFIXES
from gongkai.errors import ReadError, SchemaError
from gongkai.schema import hash_text, read_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gongkai.schema import Sentences

_PLAIN = (".csv", ".jsonl", ".parquet")


def find_inputs(paths: Iterable[str | Path]) -> list[str]:
    """List the files below the given paths, each once, sorted; links to folders are not followed.

    Raises:
        ReadError: A path does not exist.
    """
    found: dict[str, None] = {}
    for path in paths:
        place = Path(path)
        if place.is_dir():
            below = [
                Path(root) / name
                for root, folders, names in os.walk(place)
                for name in names
                if name.lower().endswith(SUFFIXES) and not name.startswith((".", "~$"))
            ]
            found |= dict.fromkeys(p.as_posix() for p in sorted(below))
        elif place.exists():
            found[place.as_posix()] = None
        else:
            raise ReadError(f"{place}: no such file or folder")
    return list(found)


def read_sentences(inputs: str | Path | Iterable[str | Path]) -> Sentences:
    """Read the sentences of a tables folder, of plain files with a `text` column, or of raw reports.

    Raises:
        SchemaError: A plain file cannot be read or lacks `text`; tables, plain files and reports are mixed.
    """
    paths = [Path(inputs)] if isinstance(inputs, str | Path) else [Path(p) for p in inputs]
    kinds = {_kind(path) for path in paths}
    if len(kinds) > 1:
        raise SchemaError(
            f"inputs of different kinds ({', '.join(sorted(kinds))}); predict them one kind at a time"
        )
    (kind,) = kinds or {"reports"}
    if kind == "tables":
        return pd.concat([read_table(path, "sentences") for path in paths], ignore_index=True)
    if kind == "plain":
        return pd.concat([_read_plain(path) for path in paths], ignore_index=True)
    with tempfile.TemporaryDirectory(prefix="gongkai-") as folder:
        tables = Path(folder) / "tables"
        from gongkai.corpus.build import build

        summary = build(paths, tables)
        if not summary.reports:
            message = read_table(tables, "problems")["message"].iloc[0]
            raise SchemaError(f"no report could be read; the first problem: {message}")
        return read_table(tables, "sentences")


def _kind(path: Path) -> str:
    if path.is_dir() and (path / "sentences").is_dir():
        return "tables"
    return "plain" if path.suffix.lower() in _PLAIN else "reports"


def _read_plain(path: Path) -> Sentences:
    try:
        if path.suffix.lower() == ".csv":
            frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        elif path.suffix.lower() == ".jsonl":
            lines = path.read_text(encoding="utf-8-sig").splitlines()
            frame = pd.DataFrame([json.loads(line) for line in lines if line.strip()])
        else:
            frame = pq.read_table(path).to_pandas()
    except (OSError, ValueError, pa.ArrowInvalid) as error:
        raise SchemaError(f"{path}: cannot be read: {error}") from error
    if "text" not in frame.columns:
        raise SchemaError(
            f"{path}: lacks the column text; has {', '.join(map(str, frame.columns)) or 'no columns'}"
        )
    frame["text"] = ["" if value is None or value != value else str(value) for value in frame["text"]]
    if "sentence_id" not in frame.columns:
        frame["sentence_id"] = [f"{path.stem}-{i}-{hash_text(t)}" for i, t in enumerate(frame["text"])]
    if "year" in frame.columns:
        frame["year"] = pd.to_numeric(frame["year"], errors="coerce")
    return frame
