"""Coded sentences: read, validate, write."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from gongkai.errors import SchemaError
from gongkai.tables.schema import KEYS, SCHEMAS, frame_of

if TYPE_CHECKING:
    from gongkai.tables.schema import Labels

_REQUIRED = ("sentence_id", "annotator", "text", "commitment", "boilerplate")
_TRUTH = {"1": True, "0": False, "true": True, "false": False, "": None}


def read_labels(path: str | Path) -> Labels:
    """Read coded sentences from a CSV file, or from all CSV files of a folder.

    Args:
        path: UTF-8 (with or without BOM), one row per sentence and coder; columns `sentence_id, annotator,
            text, commitment, boilerplate`, and where known `report_id, agency, year, section, heading, lead,
            codebook`. Codes are 1, 0 or empty.

    Raises:
        SchemaError: Names the file and line: not UTF-8, a missing column, an unknown code, a duplicated key.
    """
    source = Path(path)
    files = sorted(source.glob("*.csv")) if source.is_dir() else [source]
    if not files:
        raise SchemaError(f"{source}: no .csv file with labels here")
    rows: list[dict[str, object]] = []
    seen: dict[tuple[object, ...], str] = {}
    for file in files:
        for line, row in _read_rows(file):
            key = tuple(row[k] for k in KEYS["labels"])
            place = f"{file}, line {line}"
            if key in seen:
                raise SchemaError(
                    f"{place}: {row['annotator']} coded sentence {row['sentence_id']} already in {seen[key]}"
                )
            seen[key] = place
            rows.append(row)
    return frame_of("labels", rows)


def _read_rows(file: Path) -> list[tuple[int, dict[str, object]]]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SchemaError(f"{file}: not UTF-8 (saved by Excel as GBK?); save it as 'CSV UTF-8'") from error
    except OSError as error:
        raise SchemaError(f"{file}: cannot be read: {error.strerror or error}") from error
    csv.field_size_limit(2**31 - 1)  # a sentence may be as long as it likes
    reader = csv.DictReader(text.splitlines(keepends=True))
    missing = [c for c in _REQUIRED if c not in (reader.fieldnames or ())]
    if missing:
        have = ", ".join(reader.fieldnames or ()) or "nothing"
        raise SchemaError(
            f"{file}: lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; has {have}"
        )
    rows = []
    for raw in reader:
        line = reader.line_num
        row: dict[str, object] = {f.name: raw.get(f.name) or None for f in SCHEMAS["labels"]}
        for name in ("heading", "lead"):
            row[name] = raw.get(name) or ""
        for name in ("sentence_id", "annotator", "text"):
            if not row[name]:
                raise SchemaError(f"{file}, line {line}: {name} is empty")
        for label in ("commitment", "boilerplate"):
            code = (raw[label] or "").strip().lower()
            if code not in _TRUTH:
                raise SchemaError(f"{file}, line {line}: {label} is '{raw[label]}'; expected 1, 0 or empty")
            row[label] = _TRUTH[code]
        year = (raw.get("year") or "").strip().removesuffix(".0")  # as pandas writes it beside empty ones
        if year and not year.isdigit():
            raise SchemaError(f"{file}, line {line}: year is '{year}'; expected four digits")
        row["year"] = int(year) if year else None
        row["inclusion"] = _inclusion(file, line, raw.get("inclusion"))
        rows.append((line, row))
    return rows


def _inclusion(file: Path, line: int, text: str | None) -> float | None:
    if not (text or "").strip():
        return None
    try:
        value = float(str(text))
    except ValueError:
        value = float("nan")
    if not 0 < value <= 1:
        raise SchemaError(f"{file}, line {line}: inclusion is '{text}'; expected a probability in (0, 1]")
    return value


def write_labels(labels: Labels, path: Path) -> None:
    """Write labels as UTF-8 CSV with codes 1, 0 or empty, in the order given."""
    frame = labels[SCHEMAS["labels"].names].copy()
    for label in ("commitment", "boilerplate"):
        frame[label] = [None if v is None or v != v else int(v) for v in frame[label]]
        frame[label] = frame[label].astype("Int64")
    frame["year"] = frame["year"].astype("Int64")
    frame.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")
