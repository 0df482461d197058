"""The last net: what nobody foresaw ends in one line and a report file, never in a traceback."""

from __future__ import annotations

import errno
import os
import platform
import shlex
import sys
import tempfile
import traceback
from importlib import metadata

LIBRARIES = (
    "jieba", "lxml", "numpy", "opencc", "pandas", "pyarrow", "pypdfium2", "rjieba", "scikit-learn",
    "selectolax", "torch", "transformers", "typer",
)  # fmt: skip
_REFUSALS = {
    errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EMFILE,
    errno.ENAMETOOLONG, errno.ENOMEM,
}  # fmt: skip


def catch(error: Exception, *, verbose: bool) -> str:
    """Write the report file and return what to print: one line, and the traceback if asked for.

    The file holds no word of any report: of the errors only their kinds, since a message may quote a text.
    """
    lines = [
        "gongkai ended with an error of its own. This file holds no text of your reports,",
        "but names of files in the command line. Please send it to the makers of gongkai.", "",
        *versions(), f"command line: {shlex.join(['gongkai', *sys.argv[1:]])}", "", *_stack(error), "",
    ]  # fmt: skip
    where = _written("\n".join(lines))
    line = f"gongkai: unexpected {type(error).__name__}, an error in gongkai itself; {where}"
    return "\n".join([*traceback.format_exception(error), line]) if verbose else line


def refusal(error: Exception) -> str | None:
    """Return what the machine refused (a full disk, a folder of others), None where gongkai erred."""
    if not isinstance(error, OSError) or error.errno not in _REFUSALS:
        return None
    said = os.strerror(error.errno)
    advice = "; TMPDIR names another place for what is temporary" if error.errno == errno.ENOSPC else ""
    return f"{error.filename}: {said}{advice}" if error.filename else f"{said}{advice}"


def versions() -> list[str]:
    """List the versions of everything that decides what gongkai does."""
    from gongkai.store.run import libraries

    found = [f"gongkai {metadata.version('gongkai')}, Python {sys.version.split()[0]}, {platform.platform()}"]
    return found + [f"  {name} {known or 'not installed'}" for name, known in libraries(LIBRARIES).items()]


def _stack(error: BaseException) -> list[str]:
    """Lay out where an error arose, causes first, without its message."""
    cause = error.__cause__ or error.__context__
    lines = [*_stack(cause), "", "which led to", ""] if cause is not None else []
    return [*lines, *"".join(traceback.format_tb(error.__traceback__)).splitlines(), type(error).__qualname__]


def _written(text: str) -> str:
    try:
        descriptor, path = tempfile.mkstemp(prefix="gongkai-error-", suffix=".txt")
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(text)
    except OSError as error:
        return f"its report could not be written ({error.strerror}); run again with -v"
    return f"please send us {path}"
