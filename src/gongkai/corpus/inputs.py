"""What a user may give to be predicted: a tables folder, raw reports, or plain files with a column `text`."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from gongkai.coding.labels import read_labels
from gongkai.corpus.build import build
from gongkai.errors import SchemaError
from gongkai.store.run import bundled
from gongkai.tables.schema import PLAIN, as_sentences, read_frame, read_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gongkai.tables.schema import Labels, Sentences

logger = logging.getLogger(__name__)


def read_sentences(inputs: str | Path | Iterable[str | Path]) -> Sentences:
    """Read the sentences of a tables folder, of plain files with a `text` column, or of raw reports.

    A raw report that cannot be read is logged as a warning, and counted in the frame's `attrs["failed"]`.

    Raises:
        ReadError: A path is missing.
        SchemaError: A plain file cannot be read or lacks `text`; kinds are mixed; no report could be read.
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
    return _build_sentences(paths)


def _kind(path: Path) -> str:
    if path.is_dir() and (path / "sentences").is_dir():
        return "tables"
    return "plain" if path.suffix.lower() in PLAIN else "reports"


def _read_plain(path: Path) -> Sentences:
    return as_sentences(read_frame(path, ["text"]), path.stem)


def _build_sentences(paths: list[Path]) -> Sentences:
    with tempfile.TemporaryDirectory(prefix="gongkai-") as folder:
        tables = Path(folder) / "tables"
        summary = build(paths, tables)
        problems = read_table(tables, "problems")
        failures = problems.loc[problems["severity"] == "error", "message"].tolist()
        if not summary.reports:
            raise SchemaError(f"no report could be read; the first problem: {failures[0]}")
        for message in failures:
            logger.warning("%s", message)
        sentences = read_table(tables, "sentences")
        sentences.attrs["failed"] = len(failures)
        return sentences


def load_corpus() -> tuple[Sentences, Labels]:
    """Load the bundled corpus of authored reports: its sentences (built now, in seconds) and labels.

    Returns:
        `sentences` and `labels`; they share `sentence_id`.
    """
    return read_sentences(bundled("corpus/raw")), read_labels(bundled("corpus/labels"))
