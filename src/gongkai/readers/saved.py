"""Pages as they are saved: HTML, a web archive (MHT), a JSON answer of a site. Knows nothing of reports."""

from __future__ import annotations

import email
import json
import re
from typing import TYPE_CHECKING

from gongkai.readers.html import read_html
from gongkai.readers.read import decoded, read_plain
from gongkai.text.clean import HAN

if TYPE_CHECKING:
    from gongkai.readers.formats import Blocks


def read_page(content: bytes, name: str) -> Blocks:
    """Read an HTML page."""
    text, problems = decoded(content)
    blocks, found = read_html(text)
    return blocks, [*problems, *found]


def read_mht(content: bytes, name: str) -> Blocks:
    """Read the page inside a web archive, as browsers save it."""
    for part in email.message_from_bytes(content).walk():
        payload = part.get_payload(decode=True)
        if part.get_content_type() == "text/html" and isinstance(payload, bytes) and payload.strip():
            return read_page(payload, name)
    return read_page(content, name)


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
        elif isinstance(value, str) and re.search(f"[{HAN}]", value):
            texts.append(value)
    if not texts:
        return read_plain(content, name)
    title = next((t for t in titles if re.search("公开.{0,12}(报告|年报)", t)), "")
    body = max(texts, key=len)
    blocks, found = read_html(f"<h1>{title}</h1>{body if '<' in body else body.replace(chr(10), '<br>')}")
    return blocks, [*problems, *found]
