"""Files → the five tables. One bad file costs one row in `problems`, never the run."""

from __future__ import annotations

import hashlib
import logging
import os
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from gongkai.errors import GongkaiError, ReadError
from gongkai.form.checks import check
from gongkai.form.years import write_year_checks
from gongkai.readers import archive
from gongkai.readers.read import SUFFIXES, read_document
from gongkai.report.report import read_report
from gongkai.report.split import split_reports
from gongkai.store import shards, storage
from gongkai.store.run import bundled, file_digest, manifest, version
from gongkai.tables.schema import BUILT, frame_of, read_table, sentence_ids, write_part
from gongkai.text.tokens import engine, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from concurrent.futures import Executor

    from gongkai.readers.document import Document
    from gongkai.report.report import Report
    from gongkai.tables.schema import Table

logger = logging.getLogger(__name__)

SHARD_SIZE = 100
"""Files per part. Small enough to lose little when a run is stopped, large enough for Parquet."""

Rows = dict[str, list[dict[str, object]]]
_KIND = "problem "


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read, or not: it may be a copy of another, or have killed the worker that read it."""

    path: str
    copy_of: str | None = None
    kills: bool = False


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

    Raises:
        ReadError: A path is missing, or no file was found.
        GongkaiError: The output folder may not be written or replaced.
    """
    inputs = find_inputs([paths] if isinstance(paths, str | Path) else paths)
    if limit is not None:
        inputs = inputs[:limit]
    if not inputs:
        raise ReadError(f"{_listing(paths)}: no file to read; expected endings {' '.join(SUFFIXES)}")
    states = [(path, *archive.state(path)) for path in inputs]
    lexicon = {p.name: file_digest(p) for p in sorted(bundled("corpus/lexicon").iterdir()) if p.is_file()}
    listed = shards.digest_of(states)
    plan = {"inputs": listed, "gongkai": version(), "shard_size": SHARD_SIZE, "lexicon": lexicon}
    with shards.only_writer(output, share):
        done = shards.open_folder(output, plan, overwrite=overwrite, resume=resume, share=share)
        copies = _duplicates(states)
        del states  # as long as the inputs are many
        parts = shards.cut([Source(path, copies.get(path)) for path in inputs], SHARD_SIZE)
        numbers = shards.still_to_do(len(parts), done, share)
        shards.run_shards(
            build_shard, parts, output, numbers=numbers, jobs=jobs, executor=executor, poison=_killer
        )
        counts = Counter(shards.sum_marks(output, len(parts), share))
        if share is None:
            counts["checks"] += write_year_checks(output, reports=counts["reports"], first_part=len(parts))
            shards.close_folder(output, _manifest(output, inputs, lexicon))
        return _summary(counts)


def _listing(paths: object) -> str:
    return str(paths) if isinstance(paths, str | Path) else ", ".join(str(p) for p in paths)  # type: ignore[attr-defined]


def find_inputs(paths: Iterable[str | Path]) -> list[str]:
    """List the files below the given paths, each once, sorted; links to folders are not followed.

    A ZIP is listed file by file (`x.zip/name`), or as itself where it cannot be listed. Folders of pictures
    that a browser saves beside a page (`x_files`) are left out.

    Raises:
        ReadError: A path does not exist.
    """
    found: dict[str, None] = {}
    for path in paths:
        if not storage.exists(path):
            raise ReadError(f"{path}: no such file or folder")
        if storage.is_url(path):
            below = storage.files_below(path) if storage.is_folder(path) else [str(path)]
            found |= dict.fromkeys(p for p in below if p == str(path) or _is_wanted(p.rsplit("/", 1)[-1]))
        elif storage.is_folder(path):
            found |= dict.fromkeys(_walk(Path(path).as_posix()))
        else:
            found |= dict.fromkeys(_listed(Path(path).as_posix()))
    return list(found)


def _walk(folder: str) -> Iterator[str]:
    """Yield the wanted files of a folder and those below, name by name."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        logger.warning("%s: cannot be listed and is left out: %s", folder, error.strerror)
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if not entry.name.endswith(("_files", ".files")):
                yield from _walk(f"{folder}/{entry.name}")
        elif _is_wanted(entry.name) and not entry.is_dir():
            yield from _listed(f"{folder}/{entry.name}".removeprefix("./"))


def _listed(path: str) -> list[str]:
    """Return a file, or the wanted files of an archive."""
    if not archive.is_archive(Path(path)):
        return [path]
    try:
        names = archive.members(Path(path))
    except ReadError:
        return [path]  # reading it will say why
    wanted = [n for n in names if _is_wanted(n.rsplit("/", 1)[-1]) and "__MACOSX/" not in n]
    return sorted(wanted) or [path]


def _is_wanted(name: str) -> bool:
    return name.lower().endswith(SUFFIXES) and not name.startswith((".", "~$"))


def _duplicates(states: Sequence[tuple[str, int, str]]) -> dict[str, str]:
    """Map each file whose bytes an earlier one has to that earlier one; sizes are compared first."""
    by_size: dict[int, list[str]] = defaultdict(list)
    for path, size, _ in states:
        by_size[size].append(path)
    copies: dict[str, str] = {}
    for paths in by_size.values():
        if len(paths) < 2:
            continue
        first: dict[bytes, str] = {}
        for path in paths:
            try:
                digest = hashlib.sha256(archive.read_bytes(path)).digest()
            except ReadError:
                continue
            if first.setdefault(digest, path) != path:
                copies[path] = first[digest]
    return copies


def build_shard(inputs: list[Source], number: int, folder: str) -> dict[str, int]:
    """Build the parts of one shard; returns row counts. Runs in a worker."""
    rows: Rows = {name: [] for name in BUILT}
    for source in inputs:
        for name, found in build_file(source.path, duplicate_of=source.copy_of, kills=source.kills).items():
            rows[name] += found
    frames = {name: frame_of(name, rows[name]) for name in BUILT if name != "checks"}
    frames["checks"] = check(frames["reports"], frames["statistics"], frames["sentences"])
    for name in BUILT:
        write_part(name, frames[name], folder, number)
    kinds = Counter(f"{_KIND}{row['severity']} {row['step']}" for row in rows["problems"])
    failed = sum(row["severity"] == "error" for row in rows["problems"])
    return {"files": len(inputs), "failed": failed, **{n: len(frames[n]) for n in BUILT}, **kinds}


def _killer(source: Source) -> Source:
    return replace(source, kills=True)


def build_file(path: str, *, duplicate_of: str | None = None, kills: bool = False) -> Rows:
    """Build the rows of one file; one that killed its worker is only reported."""
    if duplicate_of is not None:
        message = f"{path}: has the same bytes as {duplicate_of}; only that one was read"
        return {"problems": [_problem(path, None, "read", "note", message)]}
    if kills:
        message = f"{path}: killed the worker that read it (out of memory, or a crash in a reader); left out"
        return {"problems": [_problem(path, None, "read", "error", message)]}
    try:
        document = read_document(path)
    except GongkaiError as error:
        return {"problems": [_problem(path, None, "read", "error", str(error))]}
    except Exception as error:
        return {"problems": [_unexpected(path, "read", error)]}
    rows: Rows = defaultdict(list)
    try:
        parts = split_reports(document)
    except Exception as error:
        return {"problems": [_unexpected(path, "report", error)]}
    for part in parts:
        try:
            found = rows_of(part, read_report(part))
        except GongkaiError as error:
            found = {"problems": [_problem(path, None, "report", "error", str(error))]}
        except Exception as error:
            found = {"problems": [_unexpected(path, "report", error)]}
        for name, more in found.items():
            rows[name] += more
    return dict(rows)


def _unexpected(path: str, step: str, error: Exception) -> dict[str, object]:
    logger.exception("%s", path)
    message = f"{path}: {type(error).__name__} in gongkai itself: {error}; please report it with the file"
    return _problem(path, None, step, "error", message)


def _problem(path: str, report_id: str | None, step: str, severity: str, message: str) -> dict[str, object]:
    return {
        "source_path": path,
        "report_id": report_id,
        "step": step,
        "severity": severity,
        "message": message,
    }


def rows_of(document: Document, report: Report) -> Rows:
    """Lay a report out as rows of the tables (checks are computed from these)."""
    report_id = document.digest[:12]
    identity = report.identity
    key: dict[str, object] = {
        "report_id": report_id,
        "agency": identity.agency,
        "region_code": identity.region_code,
        "year": identity.year,
    }
    texts = [s.text for s in report.sentences]
    sentences = [
        {
            **key,
            "sentence_id": sentence_id,
            "section": s.section,
            "heading": s.heading,
            "lead": s.lead,
            "position": position,
            "start": s.start,
            "end": s.end,
            "page": s.page,
            "text": s.text,
            "tokens": tokenize(s.text),
        }
        for position, (s, sentence_id) in enumerate(
            zip(report.sentences, sentence_ids(report_id, texts), strict=True)
        )
    ]
    statistics = [
        {
            **key,
            "form": report.form,
            "table": r.table,
            "row": r.row,
            "column": r.column,
            "value": r.value,
            "unit": r.unit,
            "raw": r.raw,
            "where": r.where,
        }
        for r in report.statistics.readings
    ]
    row = key | {
        "kind": identity.kind,
        "level": identity.level,
        "region": identity.region,
        "form": report.form,
        "scope": report.scope,
        "title": report.title or None,
        "published": identity.published,
        "source_path": document.path,
        "source_digest": document.digest,
        "media_type": document.media_type,
        "script": report.script,
        "n_sections": len(report.sections),
        "n_sentences": len(sentences),
    }
    problems = [
        _problem(document.path, report_id, step, severity, message)
        for step, severity, message in report.problems
    ]
    return {"reports": [row], "sentences": sentences, "statistics": statistics, "problems": problems}


def _manifest(folder: str | Path, inputs: Sequence[str], lexicon: dict[str, str]) -> dict[str, object]:
    reports = read_table(folder, "reports", ["source_path", "source_digest"])
    digests = dict(zip(reports["source_path"], reports["source_digest"], strict=True))
    settings = {
        "shard_size": SHARD_SIZE,
        "words": engine(),
        "lexicon": hashlib.sha256("".join(lexicon.values()).encode()).hexdigest(),
    }
    return manifest("build", settings, {path: digests.get(path, "") for path in inputs})


def _summary(counts: Counter[str]) -> Summary:
    kinds = {key.removeprefix(_KIND): n for key, n in sorted(counts.items()) if key.startswith(_KIND)}
    return Summary(
        **{k: counts[k] for k in ("files", "reports", "sentences", "statistics", "checks", "failed")},
        problems=kinds,
    )


def broken_rules(tables: str | Path) -> Table:
    """Return the broken rules of a tables folder, the reports with most of them first.

    Returns:
        `checks` rows with `holds` False, and the report's `source_path`.
    """
    found = read_table(tables, "checks")
    found = found[found["holds"].eq(False).fillna(False)]
    paths = read_table(tables, "reports", ["report_id", "source_path"])
    found = found.merge(paths, on="report_id", how="left")
    count = found.groupby("report_id")["rule"].transform("size")
    return (
        found.assign(_n=-count)
        .sort_values(["_n", "source_path"], kind="stable")
        .drop(columns="_n")
        .reset_index(drop=True)
    )
