"""Files, also those inside a ZIP: bounded, so that no archive can fill the memory.

A file in an archive is named like one in a folder: `reports.zip/2021/x.html`.
"""

from __future__ import annotations

import functools
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gongkai.errors import ReadError
from gongkai.readers import crawl, rowwise
from gongkai.store import storage

MAX_BYTES = 64 * 2**20
"""Of one file; a report with its pictures has a few MiB."""
MAX_MEMBERS = 20_000
MAX_TOTAL = 4 * 2**30
"""Unpacked bytes of one archive."""
MAX_RATIO = 200
"""Unpacked to packed size of one file: text reaches 30, a bomb 1,000."""
_SMALL = 2**20
_HOLDERS: tuple[tuple[Callable[..., Any], ...], ...] = (
    (crawl.split, crawl.read_record, crawl.length),
    (rowwise.split, rowwise.read_row, rowwise.length),
)
"""Of what holds files beside a ZIP: how its name and a part's are told, the part is read, and its length."""
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError, ValueError)


def fetch(path: str | Path) -> tuple[bytes, str | None]:
    """Return the bytes of a file, and the address it was saved from if what holds it says so.

    Args:
        path: A file; one inside a ZIP (`a.zip/name`); a record of a crawl (`a.warc.gz#offset`); a row of a
            table (`a.csv#17`); an address of either (s3://, gs://).

    Raises:
        ReadError: It is missing, a folder or no file, too large, or its archive cannot be read.
    """
    for split, read, _ in _HOLDERS:
        if part := split(path):
            content: tuple[bytes, str | None] = read(*part)
            return content
    if inside := _split(path):
        return _read_member(*inside), None
    if crawl.is_crawl(path):
        found = next(iter(crawl.records(path)), None)
        said = f"name a record ({found}), or pass it to build" if found else "no response in it is likely"
        raise ReadError(f"{path}: an archive of a crawl; {said}")
    try:
        if storage.is_folder(path):
            raise ReadError(f"{path}: is a folder; expected a file")
        if not storage.is_regular(path):
            raise ReadError(f"{path}: is a pipe, a socket or a device, or leads nowhere; expected a file")
        if rowwise.is_rowwise(path) and (listed := rowwise.rows(path)):
            if len(listed) == 1:
                return fetch(listed[0])
            said = f"a table of {len(listed)} reports; name a row ({listed[0]}), or pass it to build"
            raise ReadError(f"{path}: {said}")
        size = storage.size(path)
        if size > MAX_BYTES:
            raise ReadError(
                f"{path}: {size / 2**20:.0f} MiB is more than a report can be ({MAX_BYTES >> 20} MiB)"
            )
        return storage.read_bytes(path), None
    except OSError as error:
        raise ReadError(f"{path}: cannot be read: {error.strerror or error}") from error


def state(path: str) -> tuple[int, str]:
    """Return size and what changes when the file does; -1 where it is gone."""
    for split, _, length in _HOLDERS:
        if part := split(path):
            return length(*part), storage.state(part[0])[1]
    inside = _split(path)
    if inside is None:
        return storage.state(path)
    try:
        entry = _directory(inside[0])[inside[1]]
    except (ReadError, KeyError):
        return -1, ""
    return entry.file_size, str(entry.CRC)


def is_archive(path: Path) -> bool:
    """Tell whether a file is a ZIP by its ending and first bytes."""
    try:
        if path.suffix.lower() != ".zip" or not path.is_file():
            return False
        with path.open("rb") as stream:
            return stream.read(4) == b"PK\x03\x04"
    except OSError:
        return False


def members(path: Path) -> list[str]:
    """List the files of an archive, by the names that `fetch` takes.

    Raises:
        ReadError: The archive is damaged, or larger than any folder of reports.
    """
    found = _directory(path)
    if len(found) > MAX_MEMBERS:
        raise ReadError(
            f"{path}: holds {len(found)} files; more than {MAX_MEMBERS} are refused, unpack it first"
        )
    total = sum(entry.file_size for entry in found.values())
    if total > MAX_TOTAL:
        raise ReadError(
            f"{path}: unpacks to {total / 2**30:.1f} GiB; more than {MAX_TOTAL >> 30} GiB are refused"
        )
    return [f"{path.as_posix()}/{name}" for name in found]


def _split(path: str | Path) -> tuple[Path, str] | None:
    """Split a path that leads into an archive; None for any other."""
    if storage.is_url(path) or ".zip/" not in str(path).lower().replace("\\", "/"):
        return None
    for parent in Path(path).parents:
        if parent.suffix.lower() == ".zip" and parent.is_file():
            return parent, Path(path).relative_to(parent).as_posix()
    return None


def _directory(path: Path) -> dict[str, zipfile.ZipInfo]:
    state = path.stat()
    return _entries(str(path), state.st_size, state.st_mtime_ns)


@functools.lru_cache(maxsize=4)
def _entries(path: str, size: int, changed: int) -> dict[str, zipfile.ZipInfo]:
    """Return the files of an archive by name; size and time of change make the cache honest."""
    try:
        with zipfile.ZipFile(path) as opened:
            entries = opened.infolist()
    except _DAMAGE as error:
        raise ReadError(f"{path}: a damaged ZIP archive ({error})") from error
    return {_name(entry): entry for entry in entries if not entry.is_dir()}


def _name(entry: zipfile.ZipInfo) -> str:
    """Return a file's name; archives made in China often hold GBK names without saying so."""
    name = entry.filename
    if not entry.flag_bits & 0x800:
        try:
            raw = name.encode("cp437")
        except UnicodeEncodeError:
            raw = b""
        for charset in ("utf-8", "gb18030"):
            try:
                name = raw.decode(charset) or name
                break
            except UnicodeDecodeError:
                continue
    # A name is only ever looked up, never written to: ".." cannot lead anywhere.
    return name.replace("\\", "/").strip("/")


def _read_member(path: Path, name: str) -> bytes:
    whole = f"{path}/{name}"
    entry = _directory(path).get(name)
    if entry is None:
        raise ReadError(f"{whole}: no such file in the archive")
    if name.lower().endswith((".zip", ".rar", ".7z")):
        raise ReadError(f"{whole}: an archive inside an archive; unpack it and pass the folder")
    if entry.flag_bits & 1:
        raise ReadError(f"{whole}: is encrypted; unpack it with its password")
    ratio = entry.file_size / max(entry.compress_size, 1)
    if entry.file_size > MAX_BYTES or (entry.file_size > _SMALL and ratio > MAX_RATIO):
        raise ReadError(
            f"{whole}: unpacks to {entry.file_size / 2**20:.0f} MiB ({ratio:.0f} times its size); refused"
        )
    try:
        with zipfile.ZipFile(path) as opened, opened.open(entry) as stream:
            content = stream.read(MAX_BYTES + 1)
    except _DAMAGE as error:
        raise ReadError(f"{whole}: damaged in the archive ({error})") from error
    if len(content) > MAX_BYTES:
        raise ReadError(f"{whole}: unpacks to more than {MAX_BYTES >> 20} MiB; refused")
    return content
