"""Files → the five tables. One bad file costs one row in `problems`, never the run."""

from __future__ import annotations

import hashlib
import logging
import os
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from gongkai import shards
from gongkai.corpus import archive
from gongkai.corpus.checks import check
from gongkai.corpus.read import SUFFIXES, read_document
from gongkai.corpus.report import read_report
from gongkai.corpus.several import split_reports
from gongkai.errors import GongkaiError, ReadError
from gongkai.run import bundled, file_digest, manifest, version, write_json
from gongkai.schema import BUILT, frame_of, read_table, sentence_ids, write_part
from gongkai.text.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from concurrent.futures import Executor

    from gongkai.corpus.document import Document
    from gongkai.corpus.report import Report
    from gongkai.schema import Table

logger = logging.getLogger(__name__)

SHARD_SIZE = 100
"""Files per part. Small enough to lose little when a run is stopped, large enough for Parquet."""

Rows = dict[str, list[dict[str, object]]]


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
) -> Summary:
    """Build the tables `reports`, `sentences`, `statistics`, `checks` and `problems` from files and folders.

    Args:
        paths: A file, a folder (searched for report-like endings), or several.
        output: Tables folder to make; holds `run.json` when it is complete.
        jobs: Worker processes. The tables do not depend on it.
        limit: Only the first so many files, for a look.
        overwrite: Replace an earlier result.
        resume: Go on with an interrupted build of the same inputs.
        executor: Any `concurrent.futures` executor to use instead of local processes.

    Raises:
        ReadError: A path is missing, or no file was found.
        GongkaiError: The output folder may not be written or replaced.
    """
    inputs = find_inputs([paths] if isinstance(paths, str | Path) else paths)
    if limit is not None:
        inputs = inputs[:limit]
    if not inputs:
        raise ReadError(f"{_listing(paths)}: no file to read; expected endings {' '.join(SUFFIXES)}")
    folder = Path(output)
    states = _states(inputs)
    lexicon = {p.name: file_digest(p) for p in sorted(bundled("corpus/lexicon").iterdir()) if p.is_file()}
    plan = {"inputs": states, "gongkai": version(), "shard_size": SHARD_SIZE, "lexicon": lexicon}
    duplicates = _duplicates(states)
    work = [(path, duplicates.get(path)) for path in inputs]
    with shards.only_writer(folder):
        done = shards.open_folder(folder, plan, overwrite=overwrite, resume=resume)
        parts = shards.cut(work, SHARD_SIZE)
        shards.run_shards(build_shard, parts, folder, done=done, jobs=jobs, executor=executor)
        return _finish(folder, inputs, lexicon)


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
        place = Path(path)
        if place.is_dir():
            below = [
                Path(root) / name
                for root, folders, names in os.walk(place)
                for name in names
                if _is_wanted(name) and not root.endswith(("_files", ".files"))
            ]
            for file in sorted(below):
                found |= dict.fromkeys(_listed(file))
        elif place.exists():
            found |= dict.fromkeys(_listed(place))
        else:
            raise ReadError(f"{place}: no such file or folder")
    return list(found)


def _is_wanted(name: str) -> bool:
    return name.lower().endswith(SUFFIXES) and not name.startswith((".", "~$"))


def _listed(path: Path) -> list[str]:
    if archive.is_archive(path):
        try:
            names = archive.members(path)
        except ReadError:
            return [path.as_posix()]  # reading it will say why
        wanted = [n for n in names if _is_wanted(n.rsplit("/", 1)[-1]) and "__MACOSX/" not in n]
        return sorted(wanted) or [path.as_posix()]
    return [path.as_posix()]


def _states(inputs: Sequence[str]) -> list[tuple[str, int, int]]:
    """Return (path, size, what changes when the file does) of each input."""
    states = []
    listed: dict[str, tuple[int, int]] = {}
    for path in inputs:
        if path not in listed and not Path(path).exists():
            parent = next(p for p in Path(path).parents if p.is_file())
            listed = archive.members(parent)
        if path in listed:
            states.append((path, *listed[path]))
        else:
            state = Path(path).stat()
            states.append((path, state.st_size, state.st_mtime_ns))
    return states


def _duplicates(states: Sequence[tuple[str, int, int]]) -> dict[str, str]:
    """Map each file whose bytes an earlier one has to that earlier one; sizes are compared first."""
    by_size: dict[int, list[str]] = defaultdict(list)
    for path, size, _ in states:
        by_size[size].append(path)
    copies: dict[str, str] = {}
    for paths in by_size.values():
        if len(paths) < 2:
            continue
        first: dict[str, str] = {}
        for path in paths:
            try:
                digest = hashlib.sha256(archive.read_bytes(path)).hexdigest()
            except ReadError:
                continue
            if first.setdefault(digest, path) != path:
                copies[path] = first[digest]
    return copies


def build_shard(inputs: list[tuple[str, str | None]], number: int, folder: Path) -> dict[str, int]:
    """Build the parts of one shard; returns row counts. Runs in a worker."""
    rows: Rows = {name: [] for name in BUILT}
    for path, original in inputs:
        for name, found in build_file(path, duplicate_of=original).items():
            rows[name] += found
    frames = {name: frame_of(name, rows[name]) for name in BUILT if name != "checks"}
    frames["checks"] = check(frames["reports"], frames["statistics"], frames["sentences"])
    # Rules between years need all shards; `_finish` adds them.
    frames["checks"] = frames["checks"][~frames["checks"]["rule"].str.startswith("years.")]
    for name in BUILT:
        write_part(name, frames[name], folder, number)
    failed = sum(row["severity"] == "error" for row in rows["problems"])
    return {"files": len(inputs), "failed": failed, **{name: len(frames[name]) for name in BUILT}}


def build_file(path: str, *, duplicate_of: str | None = None) -> Rows:
    """Build the rows of one file."""
    if duplicate_of is not None:
        message = f"{path}: has the same bytes as {duplicate_of}; only that one was read"
        return {"problems": [_problem(path, None, "read", "note", message)]}
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
        key
        | {
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
        key
        | {"form": report.form, "table": r.table, "row": r.row, "column": r.column}
        | {"value": r.value, "unit": r.unit, "raw": r.raw, "where": r.where}
        for r in report.statistics.readings
    ]
    row = key | {
        "kind": identity.kind,
        "level": identity.level,
        "region": identity.region,
        "form": report.form,
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


def _finish(folder: Path, inputs: Sequence[str], lexicon: dict[str, str]) -> Summary:
    """Add the rules between years, write the manifest, and sum up."""
    reports = read_table(folder, "reports")
    statistics = read_table(folder, "statistics")
    between = check(reports, statistics)
    between = between[between["rule"].str.startswith("years.")]
    write_part("checks", between, folder, len(list((folder / "checks").glob("part-*"))))
    problems = read_table(folder, "problems")
    counts: Counter[str] = Counter()
    for mark in shards.close_folder(folder):
        counts.update(mark)
    digests = dict(zip(reports["source_path"], reports["source_digest"], strict=True))
    settings = {
        "shard_size": SHARD_SIZE,
        "lexicon": hashlib.sha256("".join(lexicon.values()).encode()).hexdigest(),
    }
    write_json(
        folder / "run.json", manifest("build", settings, {path: digests.get(path, "") for path in inputs})
    )
    kinds = (
        problems.groupby(["severity", "step"], observed=True).size()
        if len(problems)
        else pd.Series(dtype=int)
    )
    return Summary(
        files=counts["files"],
        reports=counts["reports"],
        sentences=counts["sentences"],
        statistics=counts["statistics"],
        checks=counts["checks"] + len(between),
        failed=counts["failed"],
        problems={" ".join(map(str, kind)): int(n) for kind, n in zip(kinds.index, kinds, strict=True)},
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
