"""Tables that hold a report a row, as crawlers and data frames leave them: CSV, JSON (Lines), Parquet, Excel.

A row is named by its number, `crawl.csv#17`: as a spreadsheet counts (the head of a CSV is 1); else from 1.
Its longest text is the report, HTML or plain. Title, issuer and date of other columns stand before it, as on
a page; an address is where it was fetched from. All other columns are the user's (see `corpus.about`).
"""

from __future__ import annotations

import bisect
import codecs
import contextlib
import csv
import functools
import html
import itertools
import json
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

from gongkai.errors import ReadError
from gongkai.readers.decode import decode
from gongkai.readers.formats import is_html
from gongkai.store import storage
from gongkai.text.lexicon import patterns

if TYPE_CHECKING:
    import pyarrow as pa

ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".xlsx")
MAX_FIELD = 64 * 2**20
"""Characters of one cell, bytes of one line; more is an unclosed quotation mark, or a bomb."""
LONG = 200
"""Characters from which a cell may be a report, and is no property of one."""
_LOOK = 100
"""Rows looked at to tell a table of reports from any other."""
_EXCEL_CELL = 32_767
_TOP = 2**16
_COLUMN = patterns("columns.report")
_ADDRESS = re.compile(r"https?://\S+")
_DIGITS = 18
"""Of a row's number at most."""
MAX_HELD = 2**31
"""Bytes of what is held whole: a JSON array, a workbook unpacked, a group of rows of a Parquet file."""
_DAMAGE = (
    OSError, ValueError, TypeError, AttributeError, LookupError, EOFError, RecursionError, MemoryError,
    NotImplementedError, SyntaxError, csv.Error, zlib.error, zipfile.BadZipFile,
)  # fmt: skip


class _Table(Protocol):
    """What is asked of a table; the numbers of its rows in their order."""

    @property
    def numbers(self) -> Collection[int]: ...

    def record(self, number: int) -> Mapping[str, object]:
        """Return the cells of a row by column; may raise what stands in `_DAMAGE`."""


def is_rowwise(path: str | Path) -> bool:
    """Tell by its ending a file that may hold a report a row."""
    return str(path).lower().endswith(ENDINGS)


def split(path: str | Path) -> tuple[str, int] | None:
    """Split `crawl.csv#17` in two; None for any other path."""
    table, mark, number = str(path).rpartition("#")
    is_number = number.isascii() and number.isdigit() and len(number) <= _DIGITS
    return (table, int(number)) if mark and is_number and is_rowwise(table) else None


def rows(path: str | Path) -> list[str]:
    """List the rows of a table of reports, as `table#number`; none where its cells are short.

    Raises:
        ReadError: The table cannot be read.
    """
    told = [row for _, row in itertools.islice(cells(path, damaged=False), _LOOK)]
    long = [text for row in told if len(text := max(row.values(), key=len, default="")) >= LONG]
    if 2 * len(long) < len(told) or not any(map(_COLUMN["subject"].search, long)) or _is_parts(told):
        return []
    return [f"{path}#{number}" for number in _table(path).numbers]


def cells(path: str | Path, *, damaged: bool = True) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield number and cells of each row; without `damaged`, those that can be read.

    Raises:
        ReadError: The table, or a row of it, cannot be read.
    """
    for number in _table(path).numbers:
        with contextlib.nullcontext() if damaged else contextlib.suppress(ReadError):
            yield number, _row(path, number)


def length(path: str, number: int) -> int:
    """Return the characters of a row's longest cell; -1 where there is no such row."""
    try:
        return max(map(len, _row(path, number).values()), default=0)
    except ReadError:
        return -1


def read_row(path: str, number: int) -> tuple[bytes, str | None]:
    """Return a row's report as the bytes of a page or text, and the address it was fetched from.

    Raises:
        ReadError: There is no such row, it is damaged or its text was cut off by Excel, or the table cannot
        be read.
    """
    values = _row(path, number)
    column = max(values, key=lambda name: len(values[name]), default="")
    body = values.get(column, "")
    if path.lower().endswith(".xlsx") and len(body) >= _EXCEL_CELL:
        raise ReadError(
            f"{path}#{number}: cut off: a cell of Excel holds {_EXCEL_CELL:,} characters; use CSV"
        )
    others = {name: value.strip() for name, value in values.items() if name != column and len(value) < LONG}
    address = next((value for value in others.values() if _ADDRESS.fullmatch(value)), None)
    heads = [
        label + value
        for part, label in (("title", ""), ("issuer", "发布机构："), ("date", "发布日期："))
        for name, value in others.items()
        if value and _COLUMN[part].fullmatch(name.strip()) and value not in body[:2000]
    ]
    if is_html(body.encode(errors="replace")):
        body = "".join(f"<p>{html.escape(head)}</p>" for head in heads) + body
    else:
        body = "\n".join([*heads, body])
    return body.encode(errors="replace"), address


def _is_parts(told: Sequence[Mapping[str, str]]) -> bool:
    """Tell the parts of one document, as tools that parse documents list them, from reports a row."""
    kinds = [value for row in told for name, value in row.items() if _COLUMN["kind"].fullmatch(name)]
    return len(kinds) >= len(told) and len({*kinds}) > 1 and all(map(_COLUMN["part"].fullmatch, kinds))


def _row(path: str | Path, number: int) -> Mapping[str, str]:
    """Return the cells of a row by column, as text."""
    table = _table(path)
    if number not in table.numbers:
        raise ReadError(f"{path}#{number}: there is no such row")
    try:
        return {str(name): _text(value) for name, value in table.record(number).items()}
    except _DAMAGE as error:
        raise ReadError(f"{path}#{number}: cannot be read: {error}") from error


def _table(path: str | Path) -> _Table:
    return _opened(str(path), *storage.state(path))


@functools.lru_cache(maxsize=4)
def _opened(path: str, size: int, changed: str) -> _Table:
    """Open a table once; size and time of change make the cache honest."""
    opener = {".parquet": _Parquet, ".xlsx": _excel, ".json": _json}
    ending = "." + path.lower().rsplit(".", 1)[-1]
    try:
        return opener.get(ending, _Lines)(path)
    except _DAMAGE as error:
        raise ReadError(f"{path}: cannot be read as a table: {error}") from error


class _Held:
    """A table in memory: objects, or below a head rows of cells."""

    def __init__(self, lines: Sequence[Any], head: Sequence[str] | None = None) -> None:
        first = 1 if head is None else 2
        self.lines, self.head, self.numbers = lines, head, range(first, first + len(lines))

    def record(self, number: int) -> Mapping[str, object]:
        line = self.lines[number - self.numbers.start]
        return line if self.head is None else _named(self.head, line)


def _refuse_large(size: int, advice: str) -> None:
    if size > MAX_HELD:
        raise ValueError(f"{size / 2**30:.1f} GiB in one piece; {advice}")


def _json(path: str) -> _Table:
    _refuse_large(storage.size(path), "write it as JSON Lines")
    try:
        found = json.loads(decode(storage.read_bytes(path))[0])
    except (ValueError, RecursionError):
        found = None
    listed = found if isinstance(found, list) and all(isinstance(one, dict) for one in found) else []
    return _Held(listed)


def _excel(path: str) -> _Table:
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        raise ReadError(f'{path}: a table of Excel needs: pip install "gongkai[excel]"') from error
    with storage.open_binary(path) as stream:
        with zipfile.ZipFile(stream) as packed:
            _refuse_large(sum(entry.file_size for entry in packed.infolist()), "save it as CSV")
        sheet = load_workbook(stream, read_only=True, data_only=True).worksheets[0]
        lines = list(sheet.iter_rows(values_only=True))
    return _Held(lines[1:], _head(map(_text, lines[0] if lines else ())))


def _head(names: Iterable[str]) -> list[str]:
    """Return the names of columns up to the last that has one."""
    head = "\n".join(" ".join(name.split()) for name in names).rstrip("\n").split("\n")
    if len({*head}) < len(head):
        (twice, _), *_ = Counter(head).most_common(1)
        raise ValueError(f"two columns are called {twice!r}; rename one")
    return head


def _named(head: Sequence[str], line: Sequence[object]) -> dict[str, object]:
    """Return the cells of a row by column."""
    if any(map(_text, line[len(head) :])):
        said = "cells stand where the head names no column; is a quotation mark missing?"
        raise ValueError(f"{said} ({len(line)} cells, {len(head)} names)")
    return dict(zip(head, line, strict=False))


class _Parquet:
    """A Parquet file, by its groups of rows; the last one that was asked for is held."""

    def __init__(self, path: str) -> None:
        import pyarrow.parquet as pq

        with storage.open_binary(path) as stream:
            found = pq.read_metadata(stream)
        groups = [found.row_group(i) for i in range(found.num_row_groups)]
        _refuse_large(max((g.total_byte_size for g in groups), default=0), "write it with smaller row groups")
        _head(found.schema.to_arrow_schema().names)
        self.ends = list(itertools.accumulate(group.num_rows for group in groups))

        @functools.lru_cache(maxsize=1)
        def group(at: int) -> pa.Table:
            with storage.open_binary(path) as stream:
                return pq.ParquetFile(stream).read_row_group(at)

        self.group = group
        self.numbers = range(1, self.ends[-1] + 1 if self.ends else 1)

    def record(self, number: int) -> Mapping[str, object]:
        at = bisect.bisect_left(self.ends, number)
        begins = self.ends[at - 1] if at else 0
        record: Mapping[str, object] = self.group(at).slice(number - 1 - begins, 1).to_pylist()[0]
        return record


class _Lines:
    """A CSV or JSON Lines: where each record begins is found in one pass, then it is read alone."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.is_json = path.lower().endswith((".jsonl", ".ndjson"))
        with storage.open_binary(path) as stream:
            top = stream.read(_TOP)
            self.charset, self.mark = _charset(top)
            first = top[self.mark :].decode(self.charset, errors="replace").partition("\n")[0]
            self.delimiter = max(",\t;", key=first.count)
            stream.seek(self.mark)
            records = _records(stream, self)
            self.head = [] if self.is_json else _head(next(records, (0, ()))[1])
            numbered = enumerate(records, 1 if self.is_json else 2)
            self.numbers = {number: at for number, (at, record) in numbered if any(map(str.strip, record))}

    def record(self, number: int) -> Mapping[str, object]:
        with storage.open_binary(self.path) as stream:
            stream.seek(self.numbers[number])
            record = next(_records(stream, self))[1]
        return _object(record) if isinstance(record, str) else _named(self.head, record)


def _charset(top: bytes) -> tuple[str, int]:
    """Return the charset of a CSV by its first bytes, and how many of them only mark it."""
    if top.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ValueError("UTF-16; save it as UTF-8, in Excel as 'CSV UTF-8'")
    if top.startswith(codecs.BOM_UTF8):
        return "utf-8", len(codecs.BOM_UTF8)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(top)
    except UnicodeDecodeError:
        return "gb18030", 0
    return "utf-8", 0


def _records(stream: IO[bytes], table: _Lines) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield where each record begins, and its line of JSON or its cells, from where the stream stands."""
    at = begins = stream.tell()

    def lines() -> Iterator[str]:
        nonlocal at
        while line := stream.readline(MAX_FIELD + 1):
            if len(line) > MAX_FIELD:
                raise ValueError(f"a line of more than {MAX_FIELD >> 20} MiB")
            at += len(line)
            yield line.decode(table.charset, errors="replace")

    with _long_fields():
        told = lines() if table.is_json else csv.reader(lines(), delimiter=table.delimiter)
        for record in told:
            yield begins, record
            begins = at


def _object(line: str) -> dict[str, object]:
    try:
        found = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON: {error.msg} at its character {error.colno}") from error
    if not isinstance(found, dict):
        raise ValueError(f"no JSON object: {line[:40]!r}")
    return found


@contextlib.contextmanager
def _long_fields() -> Iterator[None]:
    """Let cells be as long as reports; csv has one limit for the whole process."""
    before = csv.field_size_limit(MAX_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _text(value: object) -> str:
    """Return a cell as text; nothing is empty, and so is a number that is none, or what holds others."""
    if value is None or value != value or isinstance(value, dict | list):
        return ""
    return value if isinstance(value, str) else str(value)
