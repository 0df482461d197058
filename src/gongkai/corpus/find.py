"""Paths → the files to read, each once, and which of them are copies of others."""

from __future__ import annotations

import hashlib
import logging
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from gongkai.errors import ReadError
from gongkai.readers import archive, crawl, rowwise
from gongkai.readers.formats import SUFFIXES
from gongkai.store import storage

logger = logging.getLogger(__name__)


def find_inputs(paths: Iterable[str | Path]) -> list[str]:
    """List the files below the given paths, each once, sorted; links to folders are not followed.

    A ZIP is listed file by file (`x.zip/name`), a crawl response by response (`x.warc.gz#offset`), a table of
    reports that is named row by row (`x.csv#17`); as itself where it cannot be. Folders of pictures that a
    browser saves beside a page (`x_files`) are left out. Files of a folder whose endings no reader has are
    counted in a warning.

    Raises:
        ReadError: A path does not exist.
    """
    found: dict[str, None] = {}
    passed: Counter[str] = Counter()
    for path in paths:
        if not storage.exists(path):
            raise ReadError(f"{path}: no such file or folder")
        if storage.is_url(path):
            below = storage.files_below(path) if storage.is_folder(path) else [str(path)]
            wanted = (p for p in below if p == str(path) or _is_wanted(p.rsplit("/", 1)[-1]))
            found |= dict.fromkeys(name for p in wanted for name in _listed(p))
        elif storage.is_folder(path):
            found |= dict.fromkeys(_walk(Path(path).as_posix(), passed))
        else:
            found |= dict.fromkeys(_listed(Path(path).as_posix()))
    if passed:
        kinds = ", ".join(f"{count} × {ending or 'no ending'}" for ending, count in passed.most_common(8))
        said = "files passed by, for their endings: %s; name a file to have it read all the same"
        logger.warning(said, kinds + (", …" if len(passed) > 8 else ""))
    return list(found)


def _walk(folder: str, passed: Counter[str]) -> Iterator[str]:
    """Yield the wanted files of a folder and those below, name by name; count the others by ending."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        logger.warning("%s: cannot be listed and is left out: %s", folder, error.strerror)
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):  # a pipe, a broken link: listed; reading it says what it is
            if not entry.name.endswith(("_files", ".files")):
                yield from _walk(f"{folder}/{entry.name}", passed)
        elif Path(entry.path).is_dir() or entry.name.startswith((".", "~$")):
            continue
        elif _is_wanted(entry.name):
            yield from _listed(f"{folder}/{entry.name}".removeprefix("./"))
        else:
            passed[Path(entry.name).suffix.lower()] += 1


def _listed(path: str) -> list[str]:
    """Return a file, the wanted files of an archive, or the likely responses of a crawl."""
    try:
        if crawl.is_crawl(path):
            return crawl.records(path) or [path]
        if rowwise.is_rowwise(path):
            return rowwise.rows(path) or [path]
        if storage.is_url(path) or not archive.is_archive(Path(path)):
            return [path]
        names = archive.members(Path(path))
    except ReadError:
        return [path]  # reading it will say why
    wanted = [n for n in names if _is_wanted(n.rsplit("/", 1)[-1]) and "__MACOSX/" not in n]
    return sorted(wanted) or [path]


def _is_wanted(name: str) -> bool:
    return name.lower().endswith(SUFFIXES) and not name.startswith((".", "~$"))


def find_copies(states: Sequence[tuple[str, int, str]]) -> dict[str, str]:
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
                digest = hashlib.sha256(archive.fetch(path)[0]).digest()
            except ReadError:
                continue
            if first.setdefault(digest, path) != path:
                copies[path] = first[digest]
    return copies
