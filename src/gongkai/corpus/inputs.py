"""What a user may give to be predicted: a tables folder, raw reports, or plain files with a column `text`."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from gongkai.coding.labels import read_labels
from gongkai.corpus.find import find_inputs
from gongkai.errors import SchemaError
from gongkai.report.file import read_file
from gongkai.store.run import bundled
from gongkai.tables.frames import PLAIN, read_frame
from gongkai.tables.parts import read_table
from gongkai.tables.rows import SentenceRow
from gongkai.tables.schema import as_sentences, own_names, table_of

if TYPE_CHECKING:
    from gongkai.tables.schema import Labels, Predictions, Sentences

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
        return _joined(paths)
    return _read_reports(paths)


def _kind(path: Path) -> str:
    if path.is_dir() and (path / "sentences").is_dir():
        return "tables"
    return "plain" if path.suffix.lower() in PLAIN else "reports"


def _joined(paths: list[Path]) -> Sentences:
    frames = [_read_plain(path) for path in paths]
    own = list(dict.fromkeys(column for frame in frames for column in frame.attrs["own"]))
    for frame in frames:
        frame.attrs.clear()
    whole = pd.concat(frames, ignore_index=True)
    if (twice := whole["sentence_id"].duplicated()).any():
        raise SchemaError(f"the id {whole.loc[twice, 'sentence_id'].iloc[0]!r} stands in two of the files")
    whole.attrs["own"] = own
    return whole


def _read_plain(path: Path) -> Sentences:
    frame = read_frame(path, ["text"])
    own = [str(column) for column in frame.columns]
    frame = as_sentences(frame, path.stem)
    check_ids(frame["sentence_id"], path)
    frame.attrs["own"] = own
    return frame


def check_ids(ids: pd.Series[str], path: str | Path) -> None:
    """Refuse the ids of a user's file that lack or repeat.

    Raises:
        SchemaError: So it is; says in which rows, as a spreadsheet numbers them (the head is row 1).
    """
    if ids.isna().any():
        raise SchemaError(f"{path}: row {_rows(ids.isna())} has no id, while others have")
    if (twice := ids.duplicated(keep=False)).any():
        first = ids[twice].iloc[0]
        raise SchemaError(f"{path}: the id {first!r} stands in rows {_rows(ids == first)}")


def _rows(chosen: pd.Series[bool]) -> str:
    numbers = [str(i + 2) for i, one in enumerate(chosen) if one]
    return ", ".join(numbers[:10]) + (" …" if len(numbers) > 10 else "")


def carry_own(predictions: Predictions, sentences: Sentences) -> Predictions:
    """Put the columns of the user's own table behind `predictions`, which has its rows in the same order."""
    times = len(predictions) // max(1, len(sentences))
    names = own_names(sentences.attrs.get("own", []))
    kept = {name: sentences[column].repeat(times).to_numpy() for column, name in names.items()}
    return predictions.assign(**kept)


def _read_reports(paths: list[Path]) -> Sentences:
    rows: list[SentenceRow] = []
    failures: list[str] = []
    reports = 0
    for path in find_inputs(paths):
        file = read_file(path)
        reports += len(file.reports)
        tables = file.tables()
        rows += tables.sentences
        failures += [row.message for row in tables.problems if row.severity == "error"]
    if not reports:
        raise SchemaError(f"no report could be read; the first problem: {(failures or ['no file'])[0]}")
    for message in failures:
        logger.warning("%s", message)
    sentences: Sentences = table_of("sentences", rows).to_pandas()
    sentences.attrs["failed"] = len(failures)
    return sentences


def load_corpus() -> tuple[Sentences, Labels]:
    """Load the bundled corpus of authored reports: its sentences (built now, in seconds) and labels.

    Returns:
        `sentences` and `labels`; they share `sentence_id`.
    """
    return read_sentences(bundled("corpus/raw")), read_labels(bundled("corpus/labels"))
