"""Files → the five tables. One bad file costs one row in `problems`, never the run."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import logging
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa

from gongkai.corpus.about import read_about
from gongkai.corpus.find import find_copies, find_inputs
from gongkai.corpus.same import mark_same
from gongkai.errors import ReadError, SchemaError
from gongkai.form.years import write_year_checks
from gongkai.measure.agencies.series import series_name
from gongkai.problem import Problem
from gongkai.readers import archive
from gongkai.readers.formats import SUFFIXES, readers_state
from gongkai.report.agency import NOTHING_KNOWN, Known
from gongkai.report.file import File, Rows, read_file
from gongkai.store import shards
from gongkai.store.run import libraries, manifest, version
from gongkai.store.wall import Wall
from gongkai.tables.parts import read_table, read_where, write_part
from gongkai.tables.schema import BUILT, Table, table_of
from gongkai.text.lexicon import digests
from gongkai.text.tokens import engine

logger = logging.getLogger(__name__)

SHARD_SIZE = 100
"""Files per part. Small enough to lose little when a run is stopped, large enough for Parquet."""

LIBRARIES = ("jieba", "numpy", "opencc", "pandas", "pyarrow", "rjieba")
"""Distributions that decide what a build makes of documents, installed or not; see also `readers_state`."""
_KIND = "problem "


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read, or not: it may be a copy of another, or have killed the worker that read it."""

    path: str
    copy_of: str | None = None
    kills: bool = False
    known: Known = NOTHING_KNOWN
    columns: Mapping[str, str] = field(default_factory=dict)
    """The user's own, for the table `reports`."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a build did: counts, and problems by severity and step."""

    files: int
    reports: int
    sentences: int
    statistics: int
    checks: int
    failed: int
    problems: dict[str, int]


def build(
    paths: str | Path | Iterable[str | Path],
    output: str | Path,
    *,
    jobs: int = 1,
    limit: int | None = None,
    overwrite: bool = False,
    resume: bool = False,
    executor: Executor | None = None,
    share: tuple[int, int] | None = None,
    about: str | Path | None = None,
    wall: Wall | None = None,
) -> Summary:
    """Build the tables `reports`, `sentences`, `statistics`, `checks` and `problems` from files and folders.

    Args:
        paths: A file, a folder (searched for report-like endings), an address (s3://, gs://), or several.
        output: Tables folder to make, a path or an address; holds `run.json` when it is complete.
        jobs: Worker processes. The tables do not depend on it.
        limit: Only the first so many files, for a look.
        overwrite: Replace an earlier result.
        resume: Go on with an interrupted build of the same inputs.
        executor: Any `concurrent.futures` executor to use instead of local processes.
        share: (i, n): do only the i-th of n shares, from 1; a last call with `resume` completes the folder.
        about: What you know of files, as a table; see `read_about`. It wins over what they say.
        wall: How long each file may take, and how much memory; then a worker reads even with `jobs` 1. Not
            with an `executor`. Without it a file that hangs, hangs.

    Raises:
        ReadError: A path is missing, or no file was found.
        SchemaError: `about` cannot be read.
        GongkaiError: The output folder may not be written or replaced.
    """
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    inputs = find_inputs(given)
    if limit is not None:
        inputs = inputs[:limit]
    if not inputs:
        named = ", ".join(map(str, given))
        raise ReadError(f"{named}: no file to read; expected endings {' '.join(SUFFIXES)}")
    told = read_about(about)
    states = [(path, *archive.state(path)) for path in inputs]
    lexicon = digests()
    plan = {
        "inputs": shards.digest_of(states), "gongkai": version(), "shard_size": SHARD_SIZE,
        "lexicon": lexicon, "libraries": libraries(LIBRARIES), "readers": readers_state(),
        "about": told.digest,
    }  # fmt: skip
    with shards.only_writer(output, share), tempfile.TemporaryDirectory(prefix="gongkai-") as notes:
        done = shards.open_folder(output, plan, overwrite=overwrite, resume=resume, share=share)
        copies = find_copies(states)
        del states  # as long as the inputs are many
        sources = [Source(path, copies.get(path), False, *told.of(path)) for path in inputs]
        told.warn_unmatched()
        parts = shards.cut(sources, SHARD_SIZE)
        walled = None if wall is None or executor is not None else replace(wall, notes=notes)
        work = functools.partial(build_shard, columns=told.columns, wall=walled)
        workers = jobs if walled or jobs > 1 else 0
        numbers = shards.still_to_do(len(parts), done, share)
        shards.run_shards(
            work, parts, output, numbers=numbers, jobs=workers, executor=executor,
            poison=lambda source: replace(source, kills=True),
        )  # fmt: skip
        counts = Counter(shards.sum_marks(output, len(parts), share))
        if share is None:
            if said := mark_same(output, first_part=len(parts)):
                counts[f"{_KIND}note build"] += said
            counts["checks"] += write_year_checks(
                output, reports=counts["reports"], first_part=len(parts), series=series_name
            )
            shards.close_folder(output, _manifest(output, inputs, lexicon, told.digest))
        return _summary(counts)


def build_shard(
    inputs: list[Source], number: int, folder: str, *, columns: Sequence[str] = (), wall: Wall | None = None
) -> dict[str, int]:
    """Build the parts of one shard; returns row counts. Runs in a worker.

    Args:
        inputs: Files.
        number: The shard's.
        folder: Where the parts go.
        columns: The user's own columns, which stand behind those of `reports`.
        wall: Around each file.
    """
    files = [_read(source, wall).tables() for source in inputs]
    try:
        parts = _parts(files)
    except SchemaError:  # some file's rows; the others stand
        parts = _parts([_sound(source, rows) for source, rows in zip(inputs, files, strict=True)])
    own = {source.path: source.columns for source in inputs}
    for column in columns:
        values = [own.get(path, {}).get(column) for path in parts["reports"]["source_path"].to_pylist()]
        parts["reports"] = parts["reports"].append_column(column, pa.array(values, pa.string()))
    for name, part in parts.items():
        write_part(name, part, folder, number)
    problems = parts["problems"].select(["severity", "step"]).to_pylist()
    kinds = Counter(f"{_KIND}{row['severity']} {row['step']}" for row in problems)
    failed = sum(row["severity"] == "error" for row in problems)
    return {"files": len(inputs), "failed": failed, **{n: parts[n].num_rows for n in BUILT}, **kinds}


def _parts(files: Sequence[Rows]) -> dict[str, pa.Table]:
    chained = {name: [row for rows in files for row in getattr(rows, name)] for name in BUILT}
    return {name: table_of(name, rows) for name, rows in chained.items()}


def _sound(source: Source, rows: Rows) -> Rows:
    """Return a file's rows; where one breaks its table's schema, a problem that names column and value."""
    try:
        _parts([rows])
    except SchemaError as error:
        logger.error("%s: %s", source.path, error)
        return File(source.path, problems=(Problem("row", f"{source.path}: left out: {error}"),)).tables()
    return rows


def _read(source: Source, wall: Wall | None) -> File:
    """Read one file, unless it is a copy or killed the worker that read it."""
    path = source.path
    if source.copy_of is not None:
        said = f"{path}: has the same bytes as {source.copy_of}; only that one was read"
        return File(path, problems=(Problem("copy", said),))
    if wall is not None and wall.stopped(path):
        said = f"{path}: took longer than {wall.seconds:g} s (--file-timeout); left out"
        return File(path, problems=(Problem("slow", said),))
    if source.kills:
        said = f"{path}: killed the worker that read it (out of memory, or a crash in a reader); left out"
        return File(path, problems=(Problem("killed", said),))
    with contextlib.nullcontext() if wall is None else wall.around(path):
        return read_file(path, source.known)


def _manifest(
    folder: str | Path, inputs: Sequence[str], lexicon: dict[str, str], about: str | None
) -> dict[str, object]:
    reports = read_table(folder, "reports", ["source_path", "source_digest"])
    digests = dict(zip(reports["source_path"], reports["source_digest"], strict=True))
    words = hashlib.sha256("".join(lexicon.values()).encode()).hexdigest()
    settings = {
        "shard_size": SHARD_SIZE, "words": engine(), "lexicon": words, "about": about,
        "readers": readers_state(),
    }  # fmt: skip
    return manifest("build", settings, {path: digests.get(path, "") for path in inputs}, LIBRARIES)


def _summary(counts: Counter[str]) -> Summary:
    kinds = {key.removeprefix(_KIND): n for key, n in sorted(counts.items()) if key.startswith(_KIND)}
    numbers = ("files", "reports", "sentences", "statistics", "checks", "failed")
    return Summary(**{k: counts[k] for k in numbers}, problems=kinds)


def broken_rules(tables: str | Path) -> Table:
    """Return the broken rules of a tables folder, the reports with most of them first.

    Returns:
        `checks` rows with `holds` False, and the report's `source_path`.
    """
    found = read_where(tables, "checks", [("holds", "==", False)])
    paths = read_table(tables, "reports", ["report_id", "source_path"])
    found = found.merge(paths, on="report_id", how="left")
    count = found.groupby("report_id")["rule"].transform("size")
    found = found.assign(_n=-count).sort_values(["_n", "source_path"], kind="stable")
    return found.drop(columns="_n").reset_index(drop=True)
