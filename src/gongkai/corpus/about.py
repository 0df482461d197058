"""What the user knows of files: agency, division, year, and columns of their own, from a table."""

from __future__ import annotations

import logging
import math
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from gongkai.errors import ReadError, SchemaError
from gongkai.readers import rowwise
from gongkai.report.agency import NOTHING_KNOWN, Known
from gongkai.store import storage
from gongkai.store.run import file_digest
from gongkai.tables.rows import ReportRow

logger = logging.getLogger(__name__)

_KNOWN = ("agency", "region_code", "year")
_WILD = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class _Entry:
    line: int
    pattern: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class About:
    """What an about file says, ready to be asked about paths."""

    source: str = ""
    digest: str | None = None
    """SHA-256 of the file; None without one."""
    columns: tuple[str, ...] = ()
    """The user's own."""
    by_name: Mapping[str, list[_Entry]] = field(default_factory=dict)
    """Entries whose last part is a plain name, by that name."""
    wild: tuple[_Entry, ...] = ()
    matched: set[int] = field(default_factory=set)

    def of(self, path: str) -> tuple[Known, Mapping[str, str]]:
        """Return what is known of a file, and its values of the user's own columns."""
        pure = PurePosixPath(path.replace("\\", "/"))
        entries = [*self.by_name.get(pure.name, ()), *self.wild]
        values: dict[str, str] = {}
        for entry in sorted(entries, key=lambda e: e.line):
            if pure.match(entry.pattern):
                values |= entry.values
                self.matched.add(entry.line)
        if not values:
            return NOTHING_KNOWN, {}
        year = values.get("year")
        known = Known(values.get("agency"), values.get("region_code"), int(year) if year else None)
        return known, {c: values[c] for c in self.columns if c in values}

    def warn_unmatched(self) -> None:
        """Log the lines that no file matched: a slip of the pen there would go unseen."""
        lines = {e.line for entries in (*self.by_name.values(), self.wild) for e in entries} - self.matched
        if lines:
            named = ", ".join(map(str, sorted(lines)[:20])) + (", …" if len(lines) > 20 else "")
            logger.warning("%s: %d lines match no input file: %s", self.source, len(lines), named)


def read_about(path: str | Path | None) -> About:
    """Read an about file.

    Args:
        path: A table (CSV, JSON Lines, Parquet, Excel). `source_path` is a file's path or its end
            (`2021/a.pdf`, `a.pdf`), or a pattern (`2021/*.pdf`), compared from the right; of several lines
            that match, later ones win value by value. `agency`, `region_code` (six digits) and `year` replace
            what the file says, where they are not empty; all further columns go to the table `reports` as
            they are. A table that holds a report a row needs no `source_path`: each row speaks of its own
            report. None knows nothing.

    Raises:
        SchemaError: It cannot be read, lacks `source_path`, has a column that `reports` has already, or a
            year or code that is none; the message names the line.
    """
    if path is None:
        return About()
    source = Path(path)
    try:
        of_reports = bool(rowwise.rows(source))
        rows, long = _rows(source, rowwise.LONG if of_reports else math.inf)
        digest = file_digest(source)
    except (ReadError, OSError) as error:
        raise SchemaError(str(error)) from error
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    if of_reports and "source_path" not in names:
        rows = {number: {**row, "source_path": f"{source.name}#{number}"} for number, row in rows.items()}
        theirs = long | {*ReportRow._fields} - {*_KNOWN}
        names = ["source_path", *(name for name in names if name not in theirs)]
    own = tuple(name for name in names if name not in ("source_path", *_KNOWN))
    _refuse_columns(source, names, own)
    by_name: dict[str, list[_Entry]] = defaultdict(list)
    wild: list[_Entry] = []
    for number, row in rows.items():
        entry = _entry(source, number, {name: row.get(name, "") for name in names})
        last = PurePosixPath(entry.pattern).name
        if _WILD.search(last) and not of_reports:
            wild.append(entry)
        else:
            by_name[last].append(entry)
    return About(str(source), digest, own, by_name, tuple(wild))


def _rows(source: Path, longest: float) -> tuple[dict[int, dict[str, str]], set[str]]:
    """Return the rows of a table without cells that are as long as texts of reports, and their columns."""
    rows: dict[int, dict[str, str]] = {}
    long: set[str] = set()
    for number, row in rowwise.cells(source, damaged=longest == math.inf):
        long |= {name for name, value in row.items() if len(value) >= longest}
        rows[number] = {n.strip(): value.strip() for n, value in row.items() if len(value) < longest}
        if any("\ufffd" in value for value in rows[number].values()):
            raise SchemaError(f"{source}, line {number}: {storage.NOT_UTF8}")
    return rows, long


def _refuse_columns(source: Path, names: list[str], own: tuple[str, ...]) -> None:
    if "source_path" not in names:
        raise SchemaError(f"{source}: lacks the column source_path; has {', '.join(names) or 'no columns'}")
    taken = [name for name in own if name in ReportRow._fields or not name]
    if taken or len(set(names)) < len(names):
        named = ", ".join(taken) or "two of one name"
        raise SchemaError(f"{source}: columns that cannot be taken: {named}; rename them")


def _entry(source: Path, line: int, row: Mapping[str, str | None]) -> _Entry:
    values = {k: v.strip() for k, v in row.items() if isinstance(v, str) and v.strip()}
    pattern = values.pop("source_path", "").replace("\\", "/")
    if not pattern:
        raise SchemaError(f"{source}, line {line}: source_path is empty")
    year, code = values.get("year", "2000"), values.get("region_code", "000000")
    if not re.fullmatch(r"(19|20)\d\d(\.0)?", year):
        raise SchemaError(f"{source}, line {line}: year is '{year}'; expected four digits")
    if not re.fullmatch(r"\d{6}", code):
        raise SchemaError(f"{source}, line {line}: region_code is '{code}'; expected six digits")
    if "year" in values:
        values["year"] = year[:4]
    return _Entry(line, pattern, values)
