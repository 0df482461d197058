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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

from gongkai.errors import ReadError
from gongkai.readers.decode import decode
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
_MARKUP = re.compile(r"<(?:p|div|table|br|span|html|body|h\d)\b", re.IGNORECASE)
MAX_HELD = 2**31
"""Bytes of what is held whole: a JSON array, a workbook unpacked, a group of rows of a Parquet file."""
_DAMAGE = (
    OSError, ValueError, TypeError, AttributeError, LookupError, EOFError, RecursionError, MemoryError,
    NotImplementedError, SyntaxError, csv.Error, zlib.error, zipfile.BadZipFile,
)  # fmt: skip


class _Table(Protocol):
    def numbers(self) -> Sequence[int]:
        """Return the numbers of the rows."""

    def row(self, number: int) -> Mapping[str, str]:
        """Return the cells of a row by column, as text."""


def is_rowwise(path: str | Path) -> bool:
    """Tell by its ending a file that may hold a report a row."""
    return str(path).lower().endswith(ENDINGS)


def split(path: str | Path) -> tuple[str, int] | None:
    """Split `crawl.csv#17` in two; None for any other path."""
    table, mark, number = str(path).rpartition("#")
    return (
        (table, int(number)) if mark and number.isascii() and number.isdigit() and is_rowwise(table) else None
    )


def rows(path: str | Path) -> list[str]:
    """List the rows of a table of reports, as `table#number`; none where its cells are short.

    Raises:
        ReadError: The table cannot be read.
    """
    table = _table(path)
    numbers = table.numbers()
    told = [max(table.row(n).values(), key=len, default="") for n in numbers[:_LOOK]]
    long = [text for text in told if len(text) >= LONG]
    if 2 * len(long) < len(told) or not any(map(_COLUMN["subject"].search, long)):
        return []
    return [f"{path}#{number}" for number in numbers]


def cells(path: str | Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield number and cells of each row.

    Raises:
        ReadError: The table cannot be read.
    """
    table = _table(path)
    for number in table.numbers():
        yield number, table.row(number)


def length(path: str, number: int) -> int:
    """Return the characters of a row's longest cell; -1 where there is no such row."""
    try:
        return max(map(len, _table(path).row(number).values()), default=0)
    except ReadError:
        return -1


def read_row(path: str, number: int) -> tuple[bytes, str | None]:
    """Return a row's report as the bytes of a page or text, and the address it was fetched from.

    Raises:
        ReadError: There is no such row, its text was cut off by Excel, or the table cannot be read.
    """
    values = _table(path).row(number)
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
    if _MARKUP.search(body):
        body = "".join(f"<p>{html.escape(head)}</p>" for head in heads) + body
    else:
        body = "\n".join([*heads, body])
    return body.encode(errors="replace"), address


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


@dataclass(frozen=True)
class _Held:
    """A table in memory."""

    path: str
    held: Mapping[int, Mapping[str, str]]

    def numbers(self) -> Sequence[int]:
        return list(self.held)

    def row(self, number: int) -> Mapping[str, str]:
        if number not in self.held:
            raise ReadError(f"{self.path}#{number}: there is no such row")
        return self.held[number]


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
    return _Held(path, {number: _texts(one) for number, one in enumerate(listed, 1)})


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
    head = [_text(name) for name in lines[0]] if lines else []
    return _Held(
        path, {n: _texts(dict(zip(head, line, strict=False))) for n, line in enumerate(lines[1:], 2)}
    )


class _Parquet:
    """A Parquet file, by its groups of rows; the last one that was asked for is held."""

    def __init__(self, path: str) -> None:
        import pyarrow.parquet as pq

        with storage.open_binary(path) as stream:
            found = pq.read_metadata(stream)
        groups = [found.row_group(i) for i in range(found.num_row_groups)]
        _refuse_large(max((g.total_byte_size for g in groups), default=0), "write it with smaller row groups")
        self.path = path
        self.ends = list(itertools.accumulate(group.num_rows for group in groups))

        @functools.lru_cache(maxsize=1)
        def group(at: int) -> pa.Table:
            with storage.open_binary(path) as stream:
                return pq.ParquetFile(stream).read_row_group(at)

        self.group = group

    def numbers(self) -> Sequence[int]:
        return range(1, self.ends[-1] + 1 if self.ends else 1)

    def row(self, number: int) -> Mapping[str, str]:
        if number not in self.numbers():
            raise ReadError(f"{self.path}#{number}: there is no such row")
        at = bisect.bisect_left(self.ends, number)
        begins = self.ends[at - 1] if at else 0
        try:
            record = self.group(at).slice(number - 1 - begins, 1).to_pylist()[0]
        except _DAMAGE as error:
            raise ReadError(f"{self.path}#{number}: cannot be read: {error}") from error
        return _texts(record)


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
            self.head: list[str] = (
                [] if self.is_json else [name.strip() for name in next(records, (0, ()))[1]]
            )
            numbered = enumerate(records, 1 if self.is_json else 2)
            self.places = {number: place for number, (place, record) in numbered if record}

    def numbers(self) -> Sequence[int]:
        return list(self.places)

    def row(self, number: int) -> Mapping[str, str]:
        if number not in self.places:
            raise ReadError(f"{self.path}#{number}: there is no such row")
        try:
            with storage.open_binary(self.path) as stream:
                stream.seek(self.places[number])
                record = next(_records(stream, self))[1]
        except _DAMAGE as error:
            raise ReadError(f"{self.path}#{number}: cannot be read: {error}") from error
        return _texts(record if isinstance(record, dict) else dict(zip(self.head, record, strict=False)))


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


def _records(stream: IO[bytes], table: _Lines) -> Iterator[tuple[int, Any]]:
    """Yield where each record begins and what it holds, from where the stream stands."""
    at = begins = stream.tell()

    def lines() -> Iterator[str]:
        nonlocal at
        while line := stream.readline(MAX_FIELD + 1):
            if len(line) > MAX_FIELD:
                raise ValueError(f"a line of more than {MAX_FIELD >> 20} MiB")
            at += len(line)
            yield line.decode(table.charset, errors="replace")

    with _long_fields():
        told = map(_object, lines()) if table.is_json else csv.reader(lines(), delimiter=table.delimiter)
        for record in told:
            yield begins, record
            begins = at


def _object(line: str) -> dict[str, object]:
    found = json.loads(line) if line.strip() else {}
    if not isinstance(found, dict):
        raise ValueError(f"a line is no JSON object: {line[:40]!r}")
    return found


@contextlib.contextmanager
def _long_fields() -> Iterator[None]:
    """Let cells be as long as reports; csv has one limit for the whole process."""
    before = csv.field_size_limit(MAX_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _texts(record: Mapping[str, object]) -> dict[str, str]:
    return {str(name): _text(value) for name, value in record.items()}


def _text(value: object) -> str:
    """Return a cell as text; nothing is empty, and so is a number that is none, or what holds others."""
    if value is None or value != value or isinstance(value, dict | list):
        return ""
    return value if isinstance(value, str) else str(value)
