"""One execution: settings read from a file, the manifest written beside what it made, and bundled files.

A manifest (`run.json`) says which version, settings, seeds and inputs made a folder. It holds nothing that
differs between two runs on the same inputs, so that equal runs stay byte-identical; times go to the log.
"""

from __future__ import annotations

import contextlib
import dataclasses
import glob
import hashlib
import importlib
import json
import platform
import shutil
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

from gongkai.errors import GongkaiError, SchemaError
from gongkai.store import storage
from gongkai.store.storage import write_json as write_json

Settings = TypeVar("Settings")

_MARK = ".gongkai-"
"""In the hidden names of files that are being written."""
_PACKAGE = Path(__file__).parents[1]
_CHECKOUT = _PACKAGE.parents[1]


def version() -> str:
    """Return the installed version of gongkai."""
    return metadata.version("gongkai")


def bundled(name: str) -> Path:
    """Return the path of a file or folder that comes with the package, e.g. `corpus/raw` or `models/linear`.

    An installed wheel carries copies below `gongkai/bundled`; a checkout (editable install) has the
    originals.

    Raises:
        GongkaiError: Neither place has it.
    """
    for place in (_PACKAGE / "bundled" / name, _CHECKOUT / name):
        if place.exists():
            return place
    raise GongkaiError(f"{name}: not in this installation; reinstall gongkai, or run from a checkout")


def file_digest(path: str | Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    if storage.is_url(path):
        return hashlib.sha256(storage.read_bytes(path)).hexdigest()
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_settings(path: str | Path, kind: type[Settings]) -> Settings:
    """Read a TOML file into a frozen dataclass.

    Raises:
        SchemaError: The file cannot be read, holds a key that the dataclass does not have, or a value of
        another type.
    """
    source = Path(path)
    try:
        values = tomllib.loads(storage.user_text(source))
    except tomllib.TOMLDecodeError as error:
        raise SchemaError(f"{source}: cannot read the settings: {error}") from error
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(values.keys() - fields.keys())
    if unknown:
        raise SchemaError(
            f"{source}: unknown setting {', '.join(unknown)}; known are {', '.join(sorted(fields))}"
        )
    default = kind()
    for key, value in values.items():
        expected = type(getattr(default, key))
        if expected is float and isinstance(value, int) and not isinstance(value, bool):
            values[key] = float(value)
        elif expected is tuple and isinstance(value, list):
            values[key] = tuple(value)
        elif type(value) is not expected:
            raise SchemaError(f"{source}: {key} must be of type {expected.__name__}, is {value!r}")
    return kind(**values)


def libraries(names: Iterable[str]) -> dict[str, str | None]:
    """Return the installed version of each distribution, None where it is not installed."""
    found: dict[str, str | None] = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def manifest(
    command: str,
    settings: Mapping[str, object],
    inputs: Mapping[str, str],
    used: Iterable[str] = ("numpy", "pandas", "pyarrow", "scikit-learn"),
) -> dict[str, object]:
    """Describe a run.

    Args:
        command: Name of the function that ran.
        settings: Everything that decides the result, seeds included.
        inputs: Digest by input name.
        used: Distributions whose versions may decide the result.
    """
    listing = json.dumps(dict(sorted(inputs.items())), ensure_ascii=False).encode(errors="backslashreplace")
    return {
        "command": command, "gongkai": version(), "python": platform.python_version(),
        "libraries": libraries(used), "settings": dict(settings), "inputs": len(inputs),
        "inputs_digest": hashlib.sha256(listing).hexdigest(),
    }  # fmt: skip


@contextlib.contextmanager
def _naming(target: Path) -> Iterator[None]:
    """Name what was to be written where the system names nothing, as of a full disk."""
    try:
        yield
    except OSError as error:
        if error.filename is not None or isinstance(error, BrokenPipeError):
            raise  # of another file, which the message names, or of the terminal
        raise GongkaiError(f"{target}: cannot be written: {error.strerror or error}") from error


@contextlib.contextmanager
def whole_folder(target: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Give a temporary folder beside `target` that takes its place only when the block ends well.

    Raises:
        GongkaiError: `target` exists and `overwrite` is False, or cannot be written.
    """
    refuse_existing(target, overwrite=overwrite)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        hidden = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise GongkaiError(f"{target}: cannot write here: {error.strerror or error}") from error
    try:
        with _naming(target):
            yield hidden
            refuse_existing(target, overwrite=overwrite)  # another run may have been faster
            hidden.chmod(0o755)
            if target.exists():
                old = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent))
                target.replace(old / target.name)
                hidden.replace(target)
                shutil.rmtree(old)
            else:
                hidden.replace(target)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


@contextlib.contextmanager
def whole_file(target: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Give a temporary path beside `target` that takes its place only when the block ends well.

    Raises:
        GongkaiError: `target` exists and `overwrite` is False, or cannot be written.
    """
    refuse_existing(target, overwrite=overwrite)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(
            prefix=f".{target.stem}{_MARK}", suffix=target.suffix, dir=target.parent
        )
    except OSError as error:
        raise GongkaiError(f"{target}: cannot write here: {error.strerror or error}") from error
    hidden = Path(name)
    try:
        with _naming(target):
            open(descriptor, "wb").close()  # noqa: PTH123  (closes the descriptor that mkstemp opened)
            yield hidden
            refuse_existing(target, overwrite=overwrite)  # another run may have been faster
            hidden.chmod(0o644)
            hidden.replace(target)
    finally:
        hidden.unlink(missing_ok=True)


def sweep_beside(target: Path) -> None:
    """Delete what killed writers of a file left beside it; for who knows that nobody writes it now."""
    stem, suffix = glob.escape(target.stem), glob.escape(target.suffix)
    for left in target.parent.glob(f".{stem}{_MARK}{'?' * 8}{suffix}"):
        left.unlink(missing_ok=True)


def extra(module: str, what: str, name: str) -> Any:  # noqa: ANN401
    """Import a module that comes with an extra.

    Raises:
        GongkaiError: It is not installed; says what needs it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise GongkaiError(f'{what} needs the extra "{name}": pip install "gongkai[{name}]"') from error


def refuse_input(target: str | Path, inputs: Iterable[object]) -> None:
    """Raise GongkaiError when `target` is one of the paths that are read, or holds one: it would be lost."""
    if storage.is_url(target):
        return
    place = Path(target).resolve()
    for path in inputs:
        if isinstance(path, str | Path) and not storage.is_url(path):
            read = Path(path).resolve()
            if place == read or place in read.parents:
                raise GongkaiError(f"{target}: {path} is read from it and would be lost; choose another name")


def refuse_existing(target: str | Path, *, overwrite: bool) -> None:
    """Raise GongkaiError when `target` exists and may not be replaced.

    A folder is replaced only if gongkai made it (it holds a `run.json`) or it is empty: a typing slip after
    `-o` must not cost anyone their files.
    """
    if not storage.exists(target):
        return
    folder = storage.is_folder(target)
    if folder and not storage.children(target):
        return
    if not overwrite:
        raise GongkaiError(f"{target}: exists; choose another name or pass --overwrite")
    if folder and not storage.exists(f"{target}/run.json"):
        raise GongkaiError(
            f"{target}: is a folder that gongkai did not make (no run.json); it will not be replaced"
        )
