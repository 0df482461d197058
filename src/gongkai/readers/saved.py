"""Pages as they are saved: HTML, web archives (MHT, Safari), a JSON answer of a site. Knows no reports."""

from __future__ import annotations

import email
import json
import plistlib
import re
import xml.parsers.expat
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gongkai.errors import ReadError
from gongkai.readers.decode import decoded
from gongkai.readers.document import text_of
from gongkai.readers.formats import Blocks
from gongkai.readers.html import read_html
from gongkai.readers.plain import read_plain
from gongkai.text.clean import HAN

_MAX_FRAMES = 20
_HAN = re.compile(f"[{HAN}]")
_SAVED_FROM = re.compile(
    rb"(?:^Snapshot-Content-Location:|<!--\s*saved from url=\(\d+\)|SingleFile\s+url:)\s*(https?://[^\s<>\"]+)",
    re.IGNORECASE | re.MULTILINE,
)
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


def read_mht(content: bytes, name: str) -> Blocks:
    """Read the page inside a web archive, as browsers save it: of its frames, the one with most text."""
    parts = [p for p in email.message_from_bytes(content).walk() if p.get_content_type() == "text/html"]
    payloads = [part.get_payload(decode=True) for part in parts]
    pages = [payload for payload in payloads if isinstance(payload, bytes) and payload.strip()]
    return _fullest(pages, name) if pages else read_page(content, name)


def read_webarchive(content: bytes, name: str) -> Blocks:
    """Read the page inside a web archive as Safari saves it: of its frames, the one with most text.

    Raises:
        ReadError: The archive is damaged.
    """
    try:
        pages = list(_pages(plistlib.loads(content)))
    except _DAMAGE as error:
        raise ReadError(f"{name}: a damaged web archive ({error}); save the page again") from error
    if not pages:
        raise ReadError(f"{name}: a web archive without a page")
    return _fullest(pages, name)


def _pages(archive: Mapping[str, Any], depth: int = 0) -> Iterator[bytes]:
    main = archive.get("WebMainResource", {})
    content = main.get("WebResourceData")
    is_page = "html" in str(main.get("WebResourceMIMEType", "html"))
    if is_page and isinstance(content, bytes) and content.strip():
        yield content
    for frame in archive.get("WebSubframeArchives", ()) if depth < _MAX_FRAMES else ():
        yield from _pages(frame, depth + 1)


def _fullest(pages: Sequence[bytes], name: str) -> Blocks:
    """Read pages and return the one with most Chinese text; of equals, the first."""
    read = [read_page(page, name) for page in pages[:_MAX_FRAMES]]
    return max(read, key=lambda blocks: len(_HAN.findall(text_of(blocks[0]))))


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
    """Read the page inside a JSON answer of a site: its title, and the longest Chinese text."""
    text, problems = decoded(content)
    try:
        waiting: list[object] = [json.loads(text)]
    except (ValueError, RecursionError):
        return read_plain(content, name)
    titles: list[str] = []
    texts: list[str] = []
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
            titles += [v for k, v in value.items() if "title" in str(k).lower() and isinstance(v, str)]
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, str) and _HAN.search(value):
            texts.append(value)
    if not texts:
        return read_plain(content, name)
    title = next((t for t in titles if re.search("公开.{0,12}(报告|年报)", t)), "")
    body = max(texts, key=len)
    blocks, found = read_html(f"<h1>{title}</h1>{body if '<' in body else body.replace(chr(10), '<br>')}")
    return blocks, [*problems, *found]
