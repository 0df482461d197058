"""Columns by name: which are meant, and what is refused where they lack."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from gongkai.errors import SchemaError

if TYPE_CHECKING:
    import pandas as pd


def refuse_missing(where: object, needed: Iterable[str], present: Iterable[object]) -> None:
    """Refuse a table that lacks columns.

    Raises:
        SchemaError: Names them, and what it has.
    """
    there = list(present)
    if missing := [name for name in needed if name not in there]:
        raise SchemaError(
            f"{where}: lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; "
            f"has {', '.join(map(str, there)) or 'nothing'}"
        )


def as_columns(by: str | Sequence[str] | None) -> list[str]:
    """Return names of columns, each once; one may be given as it is."""
    return list(dict.fromkeys([by] if isinstance(by, str) else () if by is None else by))


def refuse_lacking(rows: str, frame: pd.DataFrame, needed: Iterable[str]) -> None:
    """Refuse rows that were handed over and lack columns.

    Raises:
        SchemaError: Names them, and what the rows have; or they are no frame.
    """
    if not hasattr(frame, "columns"):
        kind = type(frame).__name__
        raise SchemaError(f"{rows}: expected a frame of pandas, e.g. what gongkai.read gives; not a {kind}")
    if missing := [c for c in needed if c not in frame.columns]:
        raise SchemaError(f"{rows} lack {', '.join(missing)}; they have {', '.join(map(str, frame.columns))}")
