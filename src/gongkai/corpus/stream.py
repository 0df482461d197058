"""Predict any number of sentences: Parquet in, Parquet out, part by part, in memory that stays flat."""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from gongkai.classify.classifier import Classifier, find_model, kind_of, load_model
from gongkai.classify.predict import CONTEXT, predicted_rows
from gongkai.corpus.inputs import check_ids
from gongkai.errors import ModelError, SchemaError
from gongkai.store import shards, storage
from gongkai.store.run import file_digest, manifest, refuse_input, version
from gongkai.tables.parts import joint_types, parts_of, read_columns, set_aside
from gongkai.tables.predicted import summed_up
from gongkai.tables.schema import SCHEMAS, as_ids, as_sentences, own_names
from gongkai.tables.scheme.codebooks import given_or_shipped

if TYPE_CHECKING:
    from gongkai.tables.schema import Sentences

WINDOW = 20_000
"""Sentences in the hand at a time. A transformer sorts them by length and gives them back in order."""
_COLUMNS = ("sentence_id", "text", "tokens", "report_id", "agency", "region_code", "year", *CONTEXT)


@dataclass(frozen=True, slots=True)
class RowGroup:
    """A row group of a Parquet file; `first` is the number of its first row in the file."""

    path: str
    group: int
    first: int
    own: bool = False
    """Of a user's file, whose columns are kept, not of a tables folder."""


def predict_tables(
    inputs: str | Path | Iterable[str | Path],
    output: str | Path,
    *,
    model: str | Path = "linear",
    device: str | None = None,
    batch_size: int | None = None,
    jobs: int = 1,
    overwrite: bool = False,
    resume: bool = False,
    executor: Executor | None = None,
    share: tuple[int, int] | None = None,
) -> dict[str, int]:
    """Score and label the sentences of tables folders or Parquet files into a folder of `predictions` parts.

    A report that is held twice (`reports.same_as`) is predicted once. Behind the predictions of a .parquet
    file stand its own columns, as where one file is written.

    Args:
        inputs: Tables folders of `build`, or .parquet files with a column `text`; paths or addresses.
        output: Folder to make, a path or an address; holds `run.json` when it is complete.
        model: A model folder, or the name of a bundled checkpoint.
        device: transformer: where each worker computes; unless given, a GPU where there is one.
        batch_size: transformer: sentences read at once.
        jobs: Worker processes. The parts do not depend on it.
        overwrite: Replace an earlier result.
        resume: Go on with what an interrupted run of the same inputs and model left.
        executor: Any `concurrent.futures` executor to use instead of local processes.
        share: (i, n): do only the i-th of n shares, from 1; a last call with `resume` completes the folder.

    Returns:
        Counts of this share: `sentences`; `counted sentences`, those in sections that the codebook counts;
        `far sentences`, those of them unlike the model's training text, where it can tell; under each label
        how many were predicted to have it, and under `of` and the label how many of them it is coded in.

    Raises:
        SchemaError: An input is neither, or lacks `text`; ids lack or repeat, or columns of two files do not
            go together.
        ModelError: The model cannot be loaded, or does not take these options.
        GongkaiError: The output folder may not be written or replaced.
    """
    places = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    files = [file for place in places for file in _files(str(place))]
    plain = [str(place) for place in places if _is_plain(str(place))]
    own = _own_columns(plain)
    folder = find_model(model)
    kind_of(folder, device=device, batch_size=batch_size)
    learned = _digest(folder)
    settings = {
        "model": Path(model).name, "model_digest": learned, "window": WINDOW, "device": device,
        "batch_size": batch_size,
    }  # fmt: skip
    work = functools.partial(
        predict_shard, model=str(model), digest=learned, device=device, batch_size=batch_size, own=own,
        aside=frozenset(report for place in places for report in set_aside(place)),
    )  # fmt: skip
    listed = shards.digest_of((file, *storage.state(file)) for file in files)
    plan = {"inputs": listed, "gongkai": version(), "settings": settings}
    refuse_input(output, files)
    with shards.only_writer(output, share):
        done = shards.open_folder(output, plan, overwrite=overwrite, resume=resume, share=share)
        parts = [[piece] for file in files for piece in _row_groups(file, own=file in plain)]
        shards.run_shards(
            work, parts, output, numbers=shards.still_to_do(len(parts), done, share),
            jobs=jobs if jobs > 1 else 0,
            executor=executor, unit="part",
        )  # fmt: skip
        counts = shards.sum_marks(output, len(parts), share)
        if share is None:
            shards.close_folder(
                output, manifest("predict", settings, {str(p): _identity(str(p)) for p in places})
            )
    return counts


def _is_plain(place: str) -> bool:
    return place.lower().endswith(".parquet") and storage.exists(place)


def _files(place: str) -> list[str]:
    if _is_plain(place):
        return [place]
    present = storage.children(place)
    if shards.UNFINISHED in present:
        raise SchemaError(f"{place}: its build is not finished; go on with gongkai build --resume first")
    if "sentences" in present:
        return parts_of(place, "sentences")
    raise SchemaError(
        f"{place}: neither a tables folder nor a .parquet file; only these are predicted into a folder. "
        "Build reports first; for .csv and .jsonl give -o a name that ends in .csv, .jsonl or .parquet"
    )


def _identity(place: str) -> str:
    """Return the digest of a tables folder's manifest; of the files themselves where there is none."""
    if storage.exists(f"{place}/run.json"):
        return file_digest(f"{place}/run.json")
    return hashlib.sha256("".join(map(file_digest, _files(place))).encode()).hexdigest()


def _opened(path: str) -> pq.ParquetFile:
    system, inside = storage.filesystem(path)
    try:
        return pq.ParquetFile(inside, filesystem=system)
    except (pa.ArrowInvalid, OSError) as error:
        raise SchemaError(f"{path}: cannot be read: {error}") from error


def _own_columns(files: list[str]) -> pa.Schema:
    """Return the columns of users' files that stand behind the predictions; refuse ids that repeat.

    Several files give the columns of all, so that every part has the same; what a file lacks is null there,
    and what is of two kinds is text.
    """
    schemas: dict[str, pa.Schema] = {}
    with_ids: dict[str, str] = {}
    stems: set[str] = set()
    for path in files:
        with _opened(path) as file:
            schema = schemas[path] = file.schema_arrow
        if column := next((c for c in ("sentence_id", "id") if c in schema.names), None):
            with_ids[path] = column
        elif Path(path).stem in stems:  # of which ids are made
            raise SchemaError(f"{path}: another file is called so too; give them a column id, or other names")
        else:
            stems.add(Path(path).stem)
    types = joint_types(schemas.items())
    _check_ids(with_ids)
    return pa.schema([(name, types[name]) for name in own_names(types)])


def _check_ids(columns: Mapping[str, str]) -> None:
    """Refuse ids (a column of each file) that lack or repeat; eight bytes an id, unless they do."""
    hashes = [np.empty(0, np.uint64)]
    lacking = False
    for path, column in columns.items():
        with _opened(path) as file:
            for batch in file.iter_batches(WINDOW, columns=[column]):
                ids = as_ids(batch.column(0).to_pandas())
                lacking |= bool(ids.isna().any())
                hashes.append(pd.util.hash_array(ids.to_numpy(object)))
    ordered = np.sort(np.concatenate(hashes))
    if not lacking and (ordered[1:] != ordered[:-1]).all():
        return
    seen: set[str] = set()
    for path, column in columns.items():
        ids = as_ids(read_columns(path, [column])[column].to_pandas())
        check_ids(ids, path)
        if twice := seen.intersection(ids):
            raise SchemaError(f"the id {min(twice)!r} stands in two of the files, again in {path}")
        seen.update(ids)


def _row_groups(path: str, *, own: bool = False) -> Iterator[RowGroup]:
    with _opened(path) as file:
        names = file.schema_arrow.names
        if "text" not in names:
            raise SchemaError(f"{path}: lacks the column text; has {', '.join(names)}")
        first = 0
        for group in range(file.num_row_groups):
            yield RowGroup(path, group, first, own)
            first += file.metadata.row_group(group).num_rows


def predict_shard(
    pieces: list[RowGroup],
    number: int,
    folder: str,
    *,
    model: str,
    digest: str,
    device: str | None,
    batch_size: int | None,
    aside: frozenset[str] = frozenset(),
    own: pa.Schema | None = None,
) -> dict[str, int]:
    """Predict the sentences of some row groups into one part; returns counts. Runs in a worker.

    `own`: the users' columns that stand behind those of `predictions`.
    """
    classifier = _loaded(model, digest, device, batch_size)
    counts: Counter[str] = Counter(dict.fromkeys(("sentences", *classifier.labels), 0))
    buffer = pa.BufferOutputStream()
    own = own or pa.schema([])
    renamed = zip(own_names(own.names).values(), own.types, strict=True)
    schema = pa.schema([*SCHEMAS["predictions"], *(pa.field(*pair) for pair in renamed)])
    with pq.ParquetWriter(buffer, schema, compression="zstd") as writer:
        for sentences, carried in (window for piece in pieces for window in _windows(piece, aside, own)):
            if not len(sentences):
                continue  # all of these reports are set aside
            predicted = predicted_rows(classifier, sentences)
            again = np.repeat(np.arange(len(sentences)), len(classifier.labels))
            columns = [*predicted.columns, *carried.take(again).columns]
            writer.write_table(pa.table(columns, schema=schema))
            scheme = given_or_shipped(classifier.codebook)
            counts.update(summed_up(predicted, classifier.labels, scheme))
    storage.write_bytes(f"{folder}/predictions/part-{number:05d}.parquet", buffer.getvalue().to_pybytes())
    return dict(counts)


def _windows(piece: RowGroup, aside: frozenset[str], own: pa.Schema) -> Iterator[tuple[Sentences, pa.Table]]:
    """Yield the sentences of a piece, some thousand at a time, and beside them the columns `own`.

    Those of reports set aside are left out.
    """
    first = piece.first
    with _opened(piece.path) as file:
        present = file.schema_arrow.names
        wanted = {*_COLUMNS, "id", *own.names} if piece.own else {*_COLUMNS}
        columns = [name for name in present if name in wanted]
        for batch in file.iter_batches(WINDOW, row_groups=[piece.group], columns=columns):
            frame: Sentences = as_sentences(batch.to_pandas(), Path(piece.path).stem, first=first)
            first += len(frame)
            if aside and not piece.own:
                frame = frame[~frame["report_id"].isin(aside)]
            beside = [
                batch.column(f.name).cast(f.type)
                if piece.own and f.name in present
                else pa.nulls(len(frame), f.type)
                for f in own
            ]
            yield frame, pa.table(beside, schema=own)


def _digest(folder: Path) -> str:
    found = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        found.update(f"{path.relative_to(folder).as_posix()} {file_digest(path)}\n".encode())
    return found.hexdigest()


@functools.lru_cache(maxsize=1)
def _loaded(model: str, digest: str, device: str | None = None, batch_size: int | None = None) -> Classifier:
    """Load the model once per process, and only if it is the one that the run was planned with."""
    if _digest(find_model(model)) != digest:
        raise ModelError(f"{model}: is not the same model here as where the run was started")
    return load_model(model, device=device, batch_size=batch_size)
