"""Where inputs and tables stand: a local path, or an address that fsspec knows (s3://, gs://, memory://).

Only what an object store can do too: read, write a whole file, list, delete. A local file is written beside
its place and renamed; a store shows an object only when it is whole. Neither needs a rename there.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import uuid
from pathlib import Path
from typing import IO, Any

from gongkai.errors import GongkaiError, SchemaError

Place = str | Path
WRITING = ".writing"
"""Ending of what a killed writer may leave behind."""
NOT_UTF8 = "not UTF-8 (saved by Excel as GBK?); save it as UTF-8, in Excel as 'CSV UTF-8'"


def user_text(path: str | Path) -> str:
    """Return a text that the user wrote: UTF-8, marked as such or not.

    Raises:
        SchemaError: It cannot be read.
    """
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SchemaError(f"{path}: {NOT_UTF8}") from error
    except OSError as error:
        raise SchemaError(f"{path}: cannot be read: {error.strerror or error}") from error


def is_url(place: Place) -> bool:
    """Tell an address with a protocol from a local path."""
    return "://" in str(place)


def filesystem(place: Place) -> tuple[Any, str]:
    """Return the fsspec file system of an address and the path in it; (None, path) for a local path.

    Raises:
        GongkaiError: fsspec, or the package of that protocol, is not installed.
    """
    if not is_url(place):
        return None, str(place)
    try:
        from fsspec.core import url_to_fs

        # Others write there too: a remembered listing would be a wrong one.
        found, path = url_to_fs(str(place), use_listings_cache=False)
    except (ImportError, ValueError) as error:
        raise GongkaiError(
            f'{place}: addresses need the extra "cloud": pip install "gongkai[cloud]", and the package of '
            f"the protocol (s3fs, gcsfs): {error}"
        ) from error
    return found, path


def exists(place: Place) -> bool:
    """Return whether a file or folder stands there."""
    system, path = filesystem(place)
    if system is None:
        return Path(path).exists()
    return bool(system.exists(path))


def is_folder(place: Place) -> bool:
    """Return whether it is a folder (at a store: a prefix of objects)."""
    system, path = filesystem(place)
    return Path(path).is_dir() if system is None else bool(system.isdir(path))


def open_binary(place: Place) -> IO[bytes]:
    """Open a file to read in it here and there."""
    system, path = filesystem(place)
    opened: IO[bytes] = Path(path).open("rb") if system is None else system.open(path, "rb")
    return opened


def is_regular(place: Place) -> bool:
    """Return whether it is no pipe, socket or device; what is missing is for the opener to tell."""
    system, path = filesystem(place)
    return system is not None or Path(path).is_file() or not os.path.lexists(path)


def size(place: Place) -> int:
    """Return the size of a file in bytes."""
    system, path = filesystem(place)
    return Path(path).stat().st_size if system is None else int(system.size(path))


def state(place: Place) -> tuple[int, str]:
    """Return size and time of a file, or what its store offers instead of a time; -1 where it is gone."""
    system, path = filesystem(place)
    try:
        if system is None:
            found = Path(path).stat()
            return found.st_size, str(found.st_mtime_ns)
        return int(system.size(path)), str(system.ukey(path))
    except OSError:
        return -1, ""


def read_bytes(place: Place) -> bytes:
    """Read a whole file."""
    system, path = filesystem(place)
    return Path(path).read_bytes() if system is None else bytes(system.cat_file(path))


def read_json(place: Place) -> Any:  # noqa: ANN401
    """Read JSON."""
    return json.loads(read_bytes(place))


def children(folder: Place) -> list[str]:
    """Return the names in a folder, sorted; none where there is no folder."""
    system, path = filesystem(folder)
    try:
        if system is None:
            return sorted(p.name for p in Path(path).iterdir())
        return sorted({str(p).rstrip("/").rsplit("/", 1)[-1] for p in system.ls(path, detail=False)})
    except (FileNotFoundError, NotADirectoryError):
        return []


def files_below(folder: Place) -> list[str]:
    """Return the addresses of all objects below a prefix, sorted."""
    system, path = filesystem(folder)
    return sorted(str(system.unstrip_protocol(found)) for found in system.find(path))


def write_bytes(place: Place, content: bytes) -> None:
    """Write a file that appears whole or not at all; folders above it are made.

    Raises:
        GongkaiError: It cannot be written.
    """
    system, path = filesystem(place)
    try:
        if system is not None:
            if getattr(system, "local_file", False):  # file://; a store has no folders to make
                system.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
            system.pipe_file(path, content)
            return
        target = Path(path)
        hidden = target.with_name(f".{target.name}.{uuid.uuid4().hex[:12]}{WRITING}")
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            hidden.write_bytes(content)
            hidden.replace(target)
        except OSError:
            with contextlib.suppress(OSError):
                hidden.unlink()
            raise
    except OSError as error:
        raise GongkaiError(f"{place}: cannot be written: {error.strerror or error}") from error


def write_json(place: Place, content: object) -> None:
    """Write JSON for people: UTF-8, indented, keys in the order given."""
    text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    write_bytes(place, text.encode(errors="backslashreplace"))  # a path may be in no Unicode


def delete(place: Place) -> None:
    """Delete a file, or a folder with all below it; nothing happens where there is none."""
    system, path = filesystem(place)
    try:
        if system is not None:
            system.rm(path, recursive=True)
        elif Path(path).is_dir() and not Path(path).is_symlink():
            shutil.rmtree(path)
        else:
            Path(path).unlink()
    except FileNotFoundError:
        return
    except OSError as error:
        raise GongkaiError(f"{place}: cannot write here: {error.strerror or error}") from error


def sweep(folder: Place) -> None:
    """Delete what killed writers left in a local folder of tables."""
    if not is_url(folder):
        for left in Path(folder).glob(f"*/.*{WRITING}"):
            left.unlink(missing_ok=True)
