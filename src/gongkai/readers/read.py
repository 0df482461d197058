"""Read a file into a Document: pick its reader, digest it. Nothing in a file is executed or fetched."""

from __future__ import annotations

import hashlib
from pathlib import Path

from gongkai.errors import ReadError
from gongkai.readers import archive
from gongkai.readers.document import Document
from gongkai.readers.formats import reader_of


def read_document(path: str | Path) -> Document:
    """Read one file into blocks of text and tables, in reading order.

    Args:
        path: An HTML, PDF, DOCX, DOC, TXT or Markdown file, or a picture of a page; the content decides,
            not the ending. `folder.zip/name` is a file inside an archive,
            `crawl.warc.gz#offset` what a site answered to a crawler.

    Raises:
        ReadError: The file is missing, empty, too large, encrypted, damaged, or of a kind that cannot be
        read.
    """
    content, url = archive.fetch(path)
    return parse_document(content, str(path), url)


def parse_document(content: bytes, name: str, url: str | None = None) -> Document:
    """Parse the bytes of a file; `name` serves messages, `url` is where they were saved from, if known.

    Raises:
        ReadError: See `read_document`.
    """
    if not content.strip():
        raise ReadError(f"{name}: is empty")
    reader = reader_of(content)
    blocks, problems = reader.read(content, name)
    if not blocks or reader.media_type is None:
        raise ReadError(f"{name}: holds no text")
    digest = hashlib.sha256(content).hexdigest()
    return Document(
        name, digest, reader.media_type, tuple(blocks), tuple(problems), url or reader.address(content)
    )
