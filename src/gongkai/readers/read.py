"""Read a file into a Document: sniff what it is, pick the reader, digest it.

The ending of the name is a hint only; the first bytes decide. Nothing in a file is executed, followed or
fetched.
"""

from __future__ import annotations

import email
import hashlib
import json
import re
from pathlib import Path

from gongkai.errors import ReadError
from gongkai.readers import archive
from gongkai.readers.document import Block, Document, MediaType, Paragraph, grid_from_spans
from gongkai.text.clean import HAN

MAX_BYTES = archive.MAX_BYTES
PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
SUFFIXES = (
    ".html", ".htm", ".shtml", ".mht", ".mhtml", ".pdf", ".docx", ".doc", ".wps", ".txt", ".md", ".zip",
    *PICTURES,
)  # fmt: skip
"""Endings that `build` picks up from a folder."""
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# What is known by its first bytes, and not read.
_REFUSED = {
    b"{\\rtf": "an RTF file; save it as DOCX or PDF",
    b"Rar!": "a RAR archive; unpack it and pass the folder",
    b"7z\xbc\xaf": "a 7z archive; unpack it and pass the folder",
    b"\x1f\x8b": "a gzip archive; unpack it and pass the folder",
    b"GIF8": "a GIF picture; save it as PNG",
}

_DECLARED = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w-]{3,20})""", re.IGNORECASE)
# Characters frequent in any Chinese official text: a decoding that gives few of them is a wrong one.
_FREQUENT = frozenset(
    "的政府信息公开年度报告情况行和工作主动申请中国一是不人有在年月日一二三四區區開總況會國請報務"
)
_MARKUP = re.compile(r"^\s*#{1,6}\s+|^\s*[*>-]\s+(?=[^\s\d-])|\*\*")
_PIPE_ROW = re.compile(r"^\s*\|.*\|\s*$")
_PIPE_RULE = re.compile(r"^[\s|:\-]+$")


def read_document(path: str | Path) -> Document:
    """Read one file into blocks of text and tables, in reading order.

    Args:
        path: An HTML, PDF, DOCX, DOC, TXT or Markdown file, or a picture of a page; the content decides,
            not the ending. `folder.zip/name` reads a file inside an archive.

    Raises:
        ReadError: The file is missing, empty, too large, encrypted, damaged, or of a kind that cannot be
        read.
    """
    return parse_document(archive.read_bytes(path), str(path))


def parse_document(content: bytes, name: str) -> Document:
    """Parse the bytes of a file; `name` serves messages and, where the bytes leave a doubt, its ending.

    Raises:
        ReadError: See `read_document`.
    """
    if not content.strip():
        raise ReadError(f"{name}: is empty")
    media_type = sniff(content, name)
    blocks: list[Block]
    problems: list[str] = []
    if media_type == "pdf":
        blocks, problems = _read_pdf(content, name)
    elif media_type == "image":
        from gongkai.readers.ocr import open_pictures, read_scan

        blocks, problems = read_scan(open_pictures(content, name), name)
    elif media_type == "doc":
        from gongkai.readers.doc import read_doc

        blocks, problems = read_doc(content, name)
    elif media_type == "docx":
        from gongkai.readers.docx import read_docx

        blocks, problems = read_docx(content, name)
    else:
        text, damage = decode(_page_in(content))
        if damage:
            problems.append(f"{damage} bytes could not be decoded; they stand as U+FFFD")
        if (page := _page_in_json(text)) is not None:
            media_type, text = "html", page
        if media_type == "html":
            from gongkai.readers.html import read_html

            blocks, found = read_html(text)
            problems += found
        else:
            blocks = read_text(text)
    if not blocks:
        raise ReadError(f"{name}: holds no text")
    digest = hashlib.sha256(content).hexdigest()
    return Document(name, digest, media_type, tuple(blocks), tuple(problems))


def _read_pdf(content: bytes, name: str) -> tuple[list[Block], list[str]]:
    """Read the text layer, or what the pages show where that cannot be used."""
    from gongkai.readers.ocr import INSTALL, available, read_scan
    from gongkai.readers.pdf import read_pdf, render_pages

    blocks, problems, fault = read_pdf(content, name)
    if not fault:
        return blocks, problems
    if available():
        blocks, found = read_scan(render_pages(content), name)
        return blocks, [*problems, fault, *found]
    if not blocks:
        raise ReadError(f"{name}: {fault}; it needs character recognition: {INSTALL}")
    return blocks, [*problems, f"{fault}; with character recognition it can be read: {INSTALL}"]


def _page_in_json(text: str) -> str | None:
    """Return the page inside a JSON answer of a site: its title, and the longest Chinese text."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        waiting: list[object] = [json.loads(text)]
    except (ValueError, RecursionError):
        return None
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
        return None
    title = next((t for t in titles if re.search("公开.{0,12}(报告|年报)", t)), "")
    body = max(texts, key=len)
    return f"<h1>{title}</h1>{body if '<' in body else body.replace(chr(10), '<br>')}"


_ARCHIVED_PAGE = re.compile(
    rb"\A(?:[\w-]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*?content-type:\s*multipart/related", re.IGNORECASE
)


def _page_in(content: bytes) -> bytes:
    """Return the page inside a web archive (MHT, as browsers save it); any other content as it is."""
    if b"ultipart/related" not in content[:2000] or not _ARCHIVED_PAGE.match(
        content[:4000].replace(b"\r", b"")
    ):
        return content
    for part in email.message_from_bytes(content).walk():
        payload = part.get_payload(decode=True)
        if part.get_content_type() == "text/html" and isinstance(payload, bytes) and payload.strip():
            return payload
    return content


def sniff(content: bytes, name: str) -> MediaType:
    """Tell the kind of a file from its first bytes.

    Raises:
        ReadError: A kind that is known but not read (archives, RTF, Excel), with what to do.
    """
    head = content[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if b"%PDF-" in content[:1024]:
        return "pdf"
    if content[:4] == b"PK\x03\x04":
        if b"word/" in content[:4096] or b"word/document.xml" in content:
            return "docx"
        if b"xl/workbook.xml" in content:
            raise ReadError(f"{name}: an Excel workbook, not a report")
        raise ReadError(f"{name}: a ZIP archive; name the files in it (folder.zip/name), or pass it to build")
    if content.startswith(OLE):
        return "doc"
    if content.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*")):
        return "image"
    for mark, what in _REFUSED.items():
        if content.startswith(mark):
            raise ReadError(f"{name}: {what}")
    if _ARCHIVED_PAGE.match(content[:4000].replace(b"\r", b"")):
        return "html"
    lowered = head[:1024].lower()
    if lowered.startswith(b"<") or re.search(
        rb"<(html|head|body|div|p|table|meta)[\s>]", content[:65536].lower()
    ):
        return "html"
    if (
        content[:2] not in (b"\xff\xfe", b"\xfe\xff")
        and content[:4096].count(b"\0") > len(content[:4096]) // 20
    ):
        raise ReadError(f"{name}: binary data of an unknown kind; expected HTML, PDF, DOCX or text")
    return "txt"


def decode(content: bytes) -> tuple[str, int]:
    """Decode a page: byte-order mark, strict UTF-8 (a cut tail allowed), then the most plausible charset.

    Strict UTF-8 goes before the declaration: a text that is valid UTF-8 and not ASCII is practically never
    anything else, while pages saved anew often keep a stale `charset=gb2312`.

    Returns:
        The text, and how many characters had to be replaced (0 = undamaged).
    """
    if content.startswith(b"\xef\xbb\xbf"):
        content = content[3:]
    for mark, charset in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if content.startswith(mark):
            text = content[2:].decode(charset, errors="replace")
            return text, text.count("\ufffd")
    for cut in range(4):
        try:
            return content[: len(content) - cut].decode("utf-8"), 0
        except UnicodeDecodeError as error:
            if error.start < len(content) - 4:
                break
    declared = _DECLARED.search(content[:4096])
    charsets = ["gb18030", "big5", "utf-8"]
    if declared:
        name = declared[1].decode("ascii").lower()
        charsets.insert(0, "gb18030" if name in ("gb2312", "gbk", "gb_2312-80") else name)
    best, best_score, best_damage = "", -1.0, 0
    for charset in dict.fromkeys(charsets):
        try:
            text = content.decode(charset, errors="replace")
        except LookupError:
            continue
        damage = text.count("\ufffd")
        score = _plausibility(text) - 10 * damage / (len(text) + 1)
        if score > best_score:
            best, best_score, best_damage = text, score, damage
    return best, best_damage


def _plausibility(text: str) -> float:
    han = re.findall(f"[{HAN}]", text[:50000])
    return sum(c in _FREQUENT for c in han) / (len(han) + 1)


def read_text(text: str) -> list[Block]:
    """Cut plain text or Markdown into blocks: a line a paragraph as it stands, whole pipe tables as grids."""
    blocks: list[Block] = []
    rows: list[str] = []
    for line in [*_lines(text), ""]:
        if _PIPE_ROW.match(line) and line.count("|") >= 3:
            rows.append(line)
            continue
        blocks += _pipe_table(rows)
        rows = []
        bare = _MARKUP.sub("", line)
        if bare.strip():
            blocks.append(Paragraph(bare.rstrip()))
    return blocks


def _lines(text: str) -> list[str]:
    """Cut a text into lines; a bare number at a page's edge is the page's."""
    pages = text.replace("\r\n", "\n").replace("\r", "\n").split("\f")
    edge = re.compile(r"\A\s*\d{1,3}[ \t]*\n|\n[ \t]*\d{1,3}\s*\Z")
    return "\n".join(edge.sub("\n", page) if len(pages) > 2 else page for page in pages).split("\n")


def _pipe_table(rows: list[str]) -> list[Block]:
    """Lay a pipe table out as a grid if its rows have equally many cells; else give its lines as they stand.

    Where cells were merged, tools leave blanks at the row's end or nothing: what stands below what is lost.
    """
    content = [row for row in rows if not _PIPE_RULE.match(row)]
    cells = [[cell.strip() for cell in row.strip().strip("|").split("|")] for row in content]
    ragged = len({len(row) for row in cells}) > 1
    padded = any(len(row) > 2 and row[0] and row[-2:] == ["", ""] and any(row[1:]) for row in cells)
    if ragged or padded:
        return [Paragraph(row) for row in content]
    grid, _ = grid_from_spans([[(cell, 1, 1) for cell in row] for row in cells])
    return [grid] if grid else []
