"""Archives of crawls (WARC, WACZ), with warcio (extra `web`): record by record, from a file or an address.

A record is named by where it begins: `crawl.warc.gz#48213`; in a WACZ too, as its crawls are stored unpacked.
One pass lists the responses that may be reports; a record is then read alone.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import io
import logging
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from gongkai.errors import ReadError
from gongkai.readers.formats import READERS
from gongkai.store import storage

logger = logging.getLogger(__name__)

SUFFIXES = next(reader.suffixes for reader in READERS if reader.name == "crawl")
INSTALL = 'pip install "gongkai[web]"'
MAX_RECORD = 64 * 2**20
_BLOCK = 2**20
_LEAST = 16
"""Bytes left behind the last record, up to which they are blank lines."""
_LIKELY = re.compile("|".join(["octet-stream", *(re.escape(r.served) for r in READERS if r.served)]))
"""What may be a report, by what the site says it is; the first says nothing."""
_MEMBER = re.compile(rb"\x1f\x8b\x08|(?<=\r\n)WARC/1\.")
_DAMAGE = (
    EOFError, OSError, ValueError, zlib.error, zipfile.BadZipFile, struct.error, AttributeError, KeyError,
)  # fmt: skip
_LOCAL_HEAD = struct.Struct("<26xHH")


def is_crawl(path: str | Path) -> bool:
    """Tell an archive of a crawl by its ending."""
    return str(path).lower().endswith(SUFFIXES)


def split(path: str | Path) -> tuple[str, str] | None:
    """Split `crawl.warc.gz#48213` in two; None for any other path."""
    crawl, mark, place = str(path).rpartition("#")
    return (crawl, place) if mark and is_crawl(crawl) else None


def records(path: str | Path) -> list[str]:
    """List the responses that may be reports, and what is damaged, as `crawl#place`.

    Raises:
        ReadError: The extra `web` is not installed, or the archive cannot be opened.
    """
    return [f"{path}#{place}" for place in _entries(str(path), *storage.state(path))]


def length(crawl: str, place: str) -> int:
    """Return how long a record says it is; -1 where there is none."""
    return _entries(crawl, *storage.state(crawl)).get(place, -1)


@functools.lru_cache(maxsize=4)
def _entries(path: str, size: int, changed: str) -> dict[str, int]:
    """List an archive once, place → length; size and time of change make the cache honest."""
    _need(path)
    with _opened(path) as stream:
        found: dict[str, int] = {}
        for name, start, end in _parts(stream, path, size):
            found |= dict(_listed(stream, start, end)) if start >= 0 else {name: 0}
    return found


def _need(path: str) -> None:
    if importlib.util.find_spec("warcio") is None:
        raise ReadError(f"{path}: archives of crawls need: {INSTALL}")


@contextlib.contextmanager
def _opened(path: str) -> Iterator[IO[bytes]]:
    if not storage.is_regular(path):
        raise ReadError(f"{path}: is a pipe, a socket or a device; expected a file")
    try:
        stream = storage.open_binary(path)
    except OSError as error:
        raise ReadError(f"{path}: cannot be read: {error.strerror or error}") from error
    with stream:
        yield stream


def _parts(stream: IO[bytes], path: str, size: int) -> Iterator[tuple[str, int, int]]:
    """Give the name and the limits of each crawl in a file; -1 where it cannot be read in place."""
    if not path.lower().endswith(".wacz"):
        yield "", 0, size
        return
    try:
        with zipfile.ZipFile(stream) as opened:
            entries = [e for e in opened.infolist() if e.filename.lower().endswith(SUFFIXES[:2])]
        for entry in entries:
            stream.seek(entry.header_offset)
            lengths = _LOCAL_HEAD.unpack(stream.read(_LOCAL_HEAD.size))
            start = entry.header_offset + _LOCAL_HEAD.size + sum(lengths)
            readable = entry.compress_type == zipfile.ZIP_STORED and not entry.flag_bits & 1
            yield entry.filename, start if readable else -1, start + entry.compress_size
    except _DAMAGE as error:
        raise ReadError(f"{path}: a damaged WACZ ({error}); fetch it again") from error


class _Section(io.RawIOBase):
    """A file up to some place, as warcio reads it."""

    def __init__(self, stream: IO[bytes], end: int) -> None:
        self.stream, self.end = stream, end

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.stream.tell()

    def read(self, size: int = -1) -> bytes:
        left = max(self.end - self.stream.tell(), 0)
        return self.stream.read(left if size < 0 else min(size, left))


def _listed(stream: IO[bytes], start: int, end: int) -> Iterator[tuple[str, int]]:
    """List the responses of a crawl (place, length); behind a damaged or overlong one at the next."""
    at = start
    while at < end:
        stream.seek(at)
        iterator = _iterator(_Section(stream, end))
        last, left = -1, False
        try:
            for record in iterator:
                last = iterator.offset
                size = int(record.rec_headers.get_header("Content-Length") or 0)
                if _is_likely(record):
                    yield str(last), size
                if left := size > 4 * MAX_RECORD:
                    break
                iterator.read_to_end()
                if left := record.raw_stream.limit > 0:  # damaged; warcio goes on as if it were whole
                    break
        except _failures() as error:
            logger.debug("%s", error)
        stopped = last if left else max(iterator.offset, at)
        if stopped > last and end - stopped > _LEAST:  # not even its head can be read
            yield str(stopped), 0
        at = _next(stream, stopped + 1, end)


def _iterator(stream: Any) -> Any:
    from warcio.archiveiterator import ArchiveIterator

    return ArchiveIterator(stream)


def _failures() -> tuple[type[Exception], ...]:
    from warcio.exceptions import ArchiveLoadFailed

    return (ArchiveLoadFailed, StopIteration, *_DAMAGE)


def _is_likely(record: Any) -> bool:
    if not (record.rec_headers.get_header("WARC-Target-URI") or "").lstrip("<").startswith("http"):
        return False  # what the crawler says of itself
    if record.rec_type == "resource":
        return bool(_LIKELY.search(record.rec_headers.get_header("Content-Type") or ""))
    if record.rec_type != "response" or record.http_headers is None:
        return False
    kind = record.http_headers.get_header("Content-Type") or "html"
    return record.http_headers.get_statuscode() == "200" and bool(_LIKELY.search(kind.lower()))


def _next(stream: IO[bytes], at: int, end: int) -> int:
    """Return where the next record begins, `end` where none does."""
    while at < end:
        stream.seek(at)
        block = stream.read(min(_BLOCK, end - at))
        for match in _MEMBER.finditer(block):
            begins = at + match.start()
            if match[0].startswith(b"WARC") or _opens_record(stream, begins):
                return begins
        if len(block) < 16:
            break
        at += max(len(block) - 16, 1)
    return end


def _opens_record(stream: IO[bytes], at: int) -> bool:
    stream.seek(at)
    try:
        return zlib.decompressobj(31).decompress(stream.read(512), 5) == b"WARC/"
    except zlib.error:
        return False


def read_record(crawl: str, place: str) -> tuple[bytes, str | None]:
    """Return what a site answered, and the address it was fetched from.

    Raises:
        ReadError: There is no such record; it is cut off, damaged, too large, or cannot be read in place.
    """
    name = f"{crawl}#{place}"
    _need(crawl)
    if not place.isdigit():
        raise ReadError(f"{name}: is packed twice or encrypted; unpack the WACZ and pass the folder")
    with _opened(crawl) as stream:
        try:
            stream.seek(int(place))
            record = next(_iterator(stream))
            content = record.content_stream().read(MAX_RECORD + 1)
            missing = 0 if len(content) > MAX_RECORD else record.raw_stream.limit
        except _failures() as error:
            said = "the record is damaged or cut off; the others are read"
            raise ReadError(f"{name}: {said} ({error})") from error
        url = (record.rec_headers.get_header("WARC-Target-URI") or "").strip("<>") or None
    if len(content) > MAX_RECORD:
        raise ReadError(f"{name}: more than {MAX_RECORD >> 20} MiB; not a report ({url})")
    if missing > 0:
        raise ReadError(f"{name}: cut off, {missing} bytes are missing; fetch {url} again")
    if not content.strip():
        raise ReadError(f"{name}: the record is empty or damaged; the others are read")
    return content, url
