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
_PAGE_MARK = re.compile(r"\s*[-—–－]\s*\d{1,3}\s*[-—–－]\s*")
_ORDINAL = re.compile(r"[（(]?[一二三四五六七八九十\d]{1,3}[）)、.．]{1,2}|[①-⑳]")
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
    """Cut plain text or Markdown into blocks: a paragraph a line, pipe tables as grids, wraps joined."""
    blocks: list[Block] = []
    rows: list[list[tuple[str, int, int]]] = []

    def close_table() -> None:
        if rows:
            grid, _ = grid_from_spans(rows)
            if grid:
                blocks.append(grid)
            rows.clear()

    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n").split("\n")
    for line in join_wrapped([line for line in lines if not _PAGE_MARK.fullmatch(line)]):
        if _PIPE_ROW.match(line) and line.count("|") >= 3:
            if not _PIPE_RULE.match(line):
                rows.append([(cell.strip(), 1, 1) for cell in line.strip().strip("|").split("|")])
            continue
        close_table()
        for cell in _cells(line):
            stripped = re.sub(r"^\s*#{1,6}\s+|^\s*[*>-]\s+(?=\S)|\*\*", "", cell).strip()
            if stripped:
                blocks.append(Paragraph(stripped))
    close_table()
    return blocks


def _cells(line: str) -> list[str]:
    """Cut a row copied with tabs into its cells; a tab behind an ordinal (`一、`) only sets it off."""
    cells = line.strip().split("\t")
    return [line] if _ORDINAL.fullmatch(cells[0].strip()) else cells


def join_wrapped(lines: list[str]) -> list[str]:
    """Join lines that a plain-text editor wrapped at a fixed width.

    A text counts as wrapped only if at least three of its lines, and a third of those with 15 characters or
    more, have nearly the greatest length and most of these break inside a sentence.
    """
    long = [len(line.rstrip()) for line in lines if len(line.strip()) >= 15 and not _PIPE_ROW.match(line)]
    if len(long) < 3:
        return lines
    width = max(long)
    full = [line for line in lines if width - 3 <= len(line.rstrip()) <= width and not _PIPE_ROW.match(line)]
    broken = [line for line in full if not re.search(r"[。！？；：:;.!?|]\s*$", line)]
    if width > 100 or len(full) < max(3, len(long) / 3) or len(broken) < 0.6 * len(full):
        return lines
    joined: list[str] = []
    carry = ""
    for line in lines:
        starts_anew = (
            not line.strip()
            or _PIPE_ROW.match(line)
            or re.match(r"[\s\u3000]{2,}|[一二三四五六七八九十]{1,2}、|[（(][一二三四五六七八九十]", line)
        )
        if carry and starts_anew:
            joined.append(carry)
            carry = ""
        carry += line.rstrip() if not carry else line.strip()
        if _PIPE_ROW.match(line) or not width - 3 <= len(line.rstrip()) <= width:
            joined.append(carry)
            carry = ""
    if carry:
        joined.append(carry)
    return joined
