"""Pages as they are saved: HTML, mails, web archives (MHT, Safari), JSON. Knows no reports."""

from __future__ import annotations

import csv
import email
import html
import io
import itertools
import json
import plistlib
import re
import xml.parsers.expat
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gongkai.errors import ReadError
from gongkai.problem import Problem
from gongkai.readers.decode import decoded
from gongkai.readers.document import text_of
from gongkai.readers.formats import Blocks, is_html
from gongkai.readers.html import read_html
from gongkai.readers.markup import as_page
from gongkai.readers.plain import read_plain
from gongkai.text.clean import HAN

_MAX_FRAMES = 20
_HAN = re.compile(f"[{HAN}]")
_SAVED_FROM = re.compile(
    rb"(?:^Snapshot-Content-Location:|<!--\s*saved from url=\(\d+\)|SingleFile\s+url:)\s*(https?://[^\s<>\"]+)",
    re.IGNORECASE | re.MULTILINE,
)
_ELEMENTS = 5
"""Objects of a list from which it is a document, part by part."""
_OWN_TEXT = ("text", "content", "value", "table_caption", "table_footnote")
"""What parsing tools call an element's text; what else they say is about it."""
_SAVED = (b"snapshot-content-location", b"saved from url", b"singlefile")
"""One of them stands where the pattern above matches: finding that out is far quicker."""
# What plistlib raises on damaged files.
_DAMAGE = (
    plistlib.InvalidFileException, xml.parsers.expat.ExpatError, AttributeError, LookupError, OverflowError,
    RecursionError, TypeError, ValueError,
)  # fmt: skip


def read_page(content: bytes, name: str) -> Blocks:
    """Read an HTML page."""
    text, problems = decoded(content)
    blocks, found = read_html(text)
    return blocks, [*problems, *found]


def read_markup(content: bytes, name: str) -> Blocks:
    """Read a text whose tables stand in a markup with spans: LaTeX, AsciiDoc, MediaWiki."""
    text, problems = decoded(content)
    page = as_page(text)
    blocks, found = read_html(page) if page else read_plain(content, name)
    return blocks, [*problems, *found]


def read_mail(content: bytes, name: str) -> Blocks:
    """Read a mail, or a web archive as browsers save it: of its parts the fullest."""
    parts = list(email.message_from_bytes(content).walk())
    held = [(part.get_content_type(), part.get_payload(decode=True)) for part in parts]
    texts = [(kind, text) for kind, text in held if isinstance(text, bytes) and text.strip()]
    blocks, problems = _fullest(texts, name) or read_plain(content, name)
    attached = sum(part.get_content_disposition() == "attachment" for part in parts)
    said = f"{attached} attached files were not read; save them and pass them to build"
    return blocks, [*problems, *([Problem("reader", said)] if attached else [])]


def read_webarchive(content: bytes, name: str) -> Blocks:
    """Read the page inside a web archive as Safari saves it: of its frames, the one with most text.

    Raises:
        ReadError: The archive is damaged.
    """
    try:
        pages = list(_pages(plistlib.loads(content)))
    except _DAMAGE as error:
        raise ReadError(f"{name}: a damaged web archive ({error}); save the page again") from error
    found = _fullest([("text/html", page) for page in pages], name)
    if found is None:
        raise ReadError(f"{name}: a web archive without a page")
    return found


def _pages(archive: Mapping[str, Any], depth: int = 0) -> Iterator[bytes]:
    main = archive.get("WebMainResource", {})
    content = main.get("WebResourceData")
    is_page = "html" in str(main.get("WebResourceMIMEType", "html"))
    if is_page and isinstance(content, bytes) and content.strip():
        yield content
    for frame in archive.get("WebSubframeArchives", ()) if depth < _MAX_FRAMES else ():
        yield from _pages(frame, depth + 1)


def _fullest(texts: Iterable[tuple[str, bytes]], name: str) -> Blocks | None:
    """Read pages and plain texts, and return the one with most Chinese; of equals, the first.

    A page has its tables: a plain text counts only if it is half as long again.
    """
    readers = {"text/html": (read_page, 3), "text/plain": (read_plain, 2)}
    known = ((*readers[kind], text) for kind, text in texts if kind in readers)
    read = [(weight, reader(text, name)) for reader, weight, text in itertools.islice(known, _MAX_FRAMES)]
    fullest = max(read, key=lambda one: one[0] * len(_HAN.findall(text_of(one[1][0]))), default=None)
    return fullest[1] if fullest else None


def address_of_page(content: bytes) -> str | None:
    """Return where a page was saved from, as browsers, SingleFile and web archives say it."""
    head = content[:20_000]
    lowered = head.lower()
    found = _SAVED_FROM.search(head) if any(mark in lowered for mark in _SAVED) else None
    return found[1].decode("ascii", errors="ignore") if found else None


def address_of_webarchive(content: bytes) -> str | None:
    """Return where a Safari web archive was saved from."""
    try:
        address = plistlib.loads(content)["WebMainResource"]["WebResourceURL"]
    except _DAMAGE:
        return None
    return address if isinstance(address, str) and address.startswith("http") else None


def read_json(content: bytes, name: str) -> Blocks:
    """Read the page inside a JSON answer of a site: its title, and the longest Chinese text.

    Of a list of elements, as tools that parse documents write them, all are read in their order.
    """
    text, problems = decoded(content)
    try:
        is_json = text.lstrip()[:1] in "[{"
        found = json.loads(text) if is_json else list(csv.DictReader(io.StringIO(text, newline="")))
    except (ValueError, RecursionError, csv.Error):
        return read_plain(content, name)
    texts = [(key, text) for key, text in _texts(found) if _HAN.search(text)]
    if not texts:
        return read_plain(content, name)
    if isinstance(found, list) and len(found) >= _ELEMENTS and all(isinstance(one, dict) for one in found):
        tables = itertools.groupby(found, key=_table_of)
        page = "".join(_table(part) if table else "".join(map(_element, part)) for table, part in tables)
    else:
        titles = (t for key, t in texts if "title" in key.lower() and re.search("公开.{0,12}(报告|年报)", t))
        page = f"<h1>{next(titles, '')}</h1>{_marked_up(max((t for _, t in texts), key=len))}"
    blocks, more = read_html(page)
    return blocks, [*problems, *more]


def _texts(value: object) -> Iterator[tuple[str, str]]:
    """Yield the texts of a JSON value with their keys, in their order."""
    waiting: list[tuple[str, object]] = [("", value)]
    while waiting:
        key, value = waiting.pop()
        if isinstance(value, dict):
            waiting += reversed([(str(k), v) for k, v in value.items()])
        elif isinstance(value, list):
            waiting += reversed([(key, v) for v in value])
        elif isinstance(value, str):
            yield key, value


def _element(element: Mapping[str, Any]) -> str:
    """Return an element as HTML: its table if it holds one as such, else its text."""
    texts = list(_texts(element))
    table = next((text for _, text in texts if "<table" in text), None)
    return table or "".join(f"<p>{_marked_up(text)}</p>" for key, text in texts if key in _OWN_TEXT)


def _table_of(element: Mapping[str, Any]) -> str:
    """Return the number of the table of which an element is a cell, "" where it is none."""
    said = [str(element.get(name)) for name in ("doc_index", "row_id", "cell_id")]
    return said[0] if all(number.isdecimal() for number in said) else ""


def _table(cells: Iterable[Mapping[str, Any]]) -> str:
    """Return a table of which each element is a cell, as officer (R) writes them; some are covered."""
    rows: dict[str, str] = {}
    for cell in sorted(cells, key=lambda cell: (int(cell["row_id"]), int(cell["cell_id"]))):
        said, wide = (str(cell.get(name)) for name in ("text", "col_span"))
        shown = f"<td colspan={wide}>{'' if said == 'NA' else said}</td>" if wide != "0" else ""
        rows[cell["row_id"]] = rows.get(cell["row_id"], "<tr>") + shown
    return f"<table>{''.join(rows.values())}</table>"


def _marked_up(text: str) -> str:
    return text if is_html(text.encode(errors="replace")) else html.escape(text).replace("\n", "<br>")
