"""Everything gongkai raises.

    GongkaiError
    ├── ReadError      a file cannot be read at all (missing, encrypted, unknown format, no text layer)
    ├── ReportError    a document was read but is not a disclosure report, or cannot be understood as one
    ├── SchemaError    a table lacks a column, has a wrong type, or its keys are not unique
    ├── ModelError     a model folder is missing, incomplete, foreign or not trusted
    └── MeasureError   a measure cannot be computed from the tables given

Each message says what, where, what was expected and what to do. Bad *content* never raises out of a build: it
becomes a row in the `problems` table.
"""

from __future__ import annotations

from collections.abc import Sequence


class GongkaiError(Exception):
    """Base of all errors raised on purpose by this package."""


class ReadError(GongkaiError):
    """A file cannot be read."""


class ReportError(GongkaiError):
    """A document cannot be understood as a disclosure report."""


class SchemaError(GongkaiError):
    """A table does not have the shape it must have."""


class ModelError(GongkaiError):
    """A model cannot be trained, saved or loaded."""


class MeasureError(GongkaiError):
    """A measure is not defined on the tables given."""


def refuse_other(name: str, value: object, known: Sequence[str]) -> None:
    """Refuse a value that is none of those known.

    Raises:
        MeasureError: Names them.
    """
    if value not in known:
        raise MeasureError(f"{name} {value!r}: expected {', '.join(known[:-1])} or {known[-1]}")
