"""Read a file into a Document: pick its reader, digest it. Nothing in a file is executed or fetched."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from gongkai.errors import ReadError
from gongkai.problem import Problem
from gongkai.readers import archive
from gongkai.readers.document import Block, Document, Paragraph, grid_from_spans
from gongkai.readers.formats import reader_of
from gongkai.text.clean import HAN

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
    """Parse the bytes of a file; `name` serves messages.

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
    return Document(name, digest, reader.media_type, tuple(blocks), tuple(problems))


def read_plain(content: bytes, name: str) -> tuple[list[Block], list[Problem]]:
    """Read plain text or Markdown."""
    text, problems = decoded(content)
    return read_text(text), problems


def decoded(content: bytes) -> tuple[str, list[Problem]]:
    """Decode a page or text, and say what was lost."""
    text, damage = decode(content)
    said = f"{damage} bytes could not be decoded; they stand as U+FFFD"
    return text, [Problem("characters_lost", said)] if damage else []


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
