"""Legacy DOC (Word 97–2003) → blocks, with olefile (extra `doc`). Knows nothing of reports.

The text is gathered by the piece table; cells end with U+0007, and the paragraph that ends a row carries the
edges of its cells and which of them are merged. What is read is [MS-DOC]; nothing in the file is executed.
"""

from __future__ import annotations

import bisect
import importlib.util
import io
import re
import struct
from dataclasses import dataclass

from gongkai.errors import ReadError
from gongkai.problem import Problem
from gongkai.readers.document import Block, Paragraph, paragraphs
from gongkai.readers.formats import Blocks
from gongkai.readers.office.cells import EdgedCell, spans_of_edges, table_blocks

MAX_TEXT = 4_000_000
"""Characters; a real report has some 20,000."""
# Offsets in the file information block.
_FLAGS, _LENGTH, _PARAGRAPHS, _PIECES = 0x0A, 0x4C, 0x102, 0x1A2
_IN_TABLE, _ENDS_ROW, _TABLE = 0x2416, 0x2417, 0xD608
_ELSEWHERE = (b"\x45\x66", b"\x46\x66", b"\x6b\x64")
_PAGE = 512
_FIELD_CODE = re.compile("\x13[^\x13\x14\x15]*\x14|\x13[^\x13\x14\x15]*\x15|[\x13\x14\x15]")
_MARKS = re.compile("[\x01-\x06\x08\x0e-\x1f]")


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Characters start … end of the text, at an offset of the stream, one or two bytes each."""

    start: int
    end: int
    offset: int
    width: int


@dataclass(frozen=True, slots=True)
class _Mark:
    """A paragraph's end: whether it ends a row, and that row's cells as (left, right, merge flags)."""

    in_table: bool
    ends_row: bool
    cells: tuple[tuple[int, int, int], ...]


def available() -> bool:
    """Tell whether the extra `doc` is installed."""
    return importlib.util.find_spec("olefile") is not None


def read_doc(content: bytes, name: str) -> Blocks:
    """Read a Word 97–2003 file into paragraphs and grids.

    Raises:
        ReadError: The extra `doc` is not installed; the file is encrypted, damaged or no Word document.
    """
    if not available():
        raise ReadError(f'{name}: legacy Word needs: pip install "gongkai[doc]"; or save it as DOCX or PDF')
    main, table, data = _streams(content, name)
    try:
        pieces = _pieces(main, table)
        text = _text(main, pieces)
        marks = _paragraph_marks(main, table, data, pieces)
    except (struct.error, IndexError) as error:
        raise ReadError(f"{name}: a damaged Word file ({error}); save it as DOCX or PDF") from error
    blocks, problems = _blocks(text[: struct.unpack_from("<i", main, _LENGTH)[0]], marks)
    if lost := sum(p.end - p.start - len(_cut(main, p)) // p.width for p in pieces):
        said = f"{lost} of {len(text)} characters lie beyond the end of the file: it was cut off"
        problems.append(Problem("cut", said))
    return blocks, problems


def _streams(content: bytes, name: str) -> tuple[bytes, bytes, bytes]:
    """Return the main stream, the table stream that it names, and the data stream."""
    import olefile

    try:
        with olefile.OleFileIO(io.BytesIO(content)) as ole:
            if not ole.exists("WordDocument"):
                kind = "Excel" if ole.exists("Workbook") or ole.exists("Book") else "Office"
                raise ReadError(f"{name}: a legacy {kind} file, no Word document")
            main = ole.openstream("WordDocument").read()
            if len(main) < _PIECES + 8:
                raise ReadError(f"{name}: a damaged Word file; save it as DOCX or PDF")
            (flags,) = struct.unpack_from("<H", main, _FLAGS)
            if flags & 0x0100:
                raise ReadError(f"{name}: is encrypted; remove the password first")
            table = ole.openstream("1Table" if flags & 0x0200 else "0Table").read()
            return main, table, ole.openstream("Data").read() if ole.exists("Data") else b""
    except (OSError, ValueError, IndexError, KeyError, struct.error, TypeError, AttributeError) as error:
        raise ReadError(f"{name}: a damaged Word file ({error}); save it as DOCX or PDF") from error


def _pieces(main: bytes, table: bytes) -> list[_Stretch]:
    at, length = struct.unpack_from("<ii", main, _PIECES)
    end = at + length
    while at < end and table[at] == 1:  # properties, not text
        at += 3 + struct.unpack_from("<h", table, at + 1)[0]
    if table[at] != 2:
        raise IndexError("no piece table")
    (size,) = struct.unpack_from("<i", table, at + 1)
    count = (size - 4) // 12
    at += 5
    if not 0 < count < 100_000:
        raise IndexError("a piece table of no sensible size")
    limits = struct.unpack_from(f"<{count + 1}i", table, at)
    pieces = []
    for i in range(count):
        (place,) = struct.unpack_from("<I", table, at + 4 * (count + 1) + 8 * i + 2)
        narrow = bool(place & 0x40000000)
        offset = (place & 0x3FFFFFFF) // 2 if narrow else place & 0x3FFFFFFF
        if 0 <= limits[i] < limits[i + 1] <= MAX_TEXT:
            pieces.append(_Stretch(limits[i], limits[i + 1], offset, 1 if narrow else 2))
    return pieces


def _cut(main: bytes, piece: _Stretch) -> bytes:
    return main[piece.offset : piece.offset + (piece.end - piece.start) * piece.width]


def _text(main: bytes, pieces: list[_Stretch]) -> str:
    """Join the pieces; offsets stay those of the file (a character is a UTF-16 unit)."""
    parts = []
    for piece in pieces:
        part = _cut(main, piece).decode("cp1252" if piece.width == 1 else "utf-16-le", errors="replace")
        parts.append(part.ljust(piece.end - piece.start)[: piece.end - piece.start])
    return "".join(parts)


def _paragraph_marks(main: bytes, table: bytes, data: bytes, pieces: list[_Stretch]) -> dict[int, _Mark]:
    """Return the properties of table paragraphs by the position of their last character."""
    at, length = struct.unpack_from("<ii", main, _PARAGRAPHS)
    count = (length - 4) // 8
    marks: dict[int, _Mark] = {}
    ordered = sorted(pieces, key=lambda p: p.offset)
    offsets = [p.offset for p in ordered]
    for i in range(max(count, 0)):
        (number,) = struct.unpack_from("<I", table, at + 4 * (count + 1) + 4 * i)
        page = main[(number & 0x3FFFFF) * _PAGE :][:_PAGE]
        if len(page) < _PAGE:
            continue
        runs = page[-1]
        limits = struct.unpack_from(f"<{runs + 1}I", page, 0)
        for run in range(runs):
            mark = _mark(_properties(page, page[4 * (runs + 1) + 13 * run] * 2), data)
            if not mark.in_table:
                continue
            k = bisect.bisect_right(offsets, limits[run + 1] - 1) - 1
            if k >= 0:
                piece = ordered[k]
                position = piece.start + (limits[run + 1] - piece.offset) // piece.width - 1
                if position < piece.end:
                    marks[position] = mark
    return marks


def _properties(page: bytes, at: int) -> bytes:
    if not at:
        return b""
    size = page[at]
    return page[at + 2 :][: 2 * page[at + 1]][2:] if size == 0 else page[at + 1 :][: 2 * size - 1][2:]


def _mark(properties: bytes, data: bytes) -> _Mark:
    """Walk the modifiers of a paragraph (operation, operand whose size the operation's top bits tell)."""
    if properties[:2] in _ELSEWHERE and len(properties) >= 6:  # too long for the page: in the data stream
        (place,) = struct.unpack_from("<I", properties, 2)
        properties = data[place + 2 :][: struct.unpack_from("<H", data, place)[0]] + properties[6:]
    at, in_table, ends_row = 0, False, False
    cells: tuple[tuple[int, int, int], ...] = ()
    while at + 2 <= len(properties):
        (operation,) = struct.unpack_from("<H", properties, at)
        at += 2
        if operation == _TABLE:
            (size,) = struct.unpack_from("<H", properties, at)
            cells = _row_cells(properties[at + 2 : at + 1 + size])
            at += 1 + size
            continue
        kind = operation >> 13
        if kind == 6:
            size = 1 + properties[at] if at < len(properties) else 1
        else:
            size = (1, 1, 2, 4, 2, 2, 0, 3)[kind]
        if operation == _IN_TABLE:
            in_table = properties[at : at + 1] == b"\x01"
        elif operation == _ENDS_ROW:
            ends_row = properties[at : at + 1] == b"\x01"
        at += size
    return _Mark(in_table or ends_row, ends_row, cells)


def _row_cells(definition: bytes) -> tuple[tuple[int, int, int], ...]:
    """Return (left, right, merge flags) of the cells that a row's definition lists."""
    count = definition[0] if definition else 0
    if not 0 < count <= 63 or len(definition) < 1 + 2 * (count + 1):
        return ()
    edges = struct.unpack_from(f"<{count + 1}h", definition, 1)
    cells = []
    for i in range(count):
        at = 1 + 2 * (count + 1) + 20 * i
        flags = struct.unpack_from("<H", definition, at)[0] if at + 2 <= len(definition) else 0
        cells.append((edges[i], edges[i + 1], flags))
    return tuple(cells)


def _blocks(text: str, marks: dict[int, _Mark]) -> Blocks:
    blocks: list[Block] = []
    problems: list[Problem] = []
    rows: list[list[EdgedCell]] = []
    cells: list[list[Block]] = []

    def close() -> None:
        if rows:
            made, found = table_blocks(spans_of_edges(rows))
            blocks.extend(made)
            problems.extend(found)
            rows.clear()

    start, held = 0, ""
    for match in re.finditer("[\x07\r\x0c]", text):
        mark = marks.get(match.start())
        piece = _plain(text[start : match.start()])
        start = match.end()
        if match[0] == "\x07" and mark and mark.ends_row:
            edges = mark.cells or tuple((1000 * i, 1000 * (i + 1), 0) for i in range(len(cells)))
            rows.append([EdgedCell(words, *edge) for words, edge in zip(cells, edges, strict=False)])
            cells = []
        elif match[0] == "\x07":
            cells.append(paragraphs(held + piece))
            held = ""
        elif mark and mark.in_table:
            held += f"{piece}\n"  # a paragraph inside a cell
        else:
            close()
            blocks += paragraphs(held + piece)
            held = ""
    close()
    if rest := _plain(text[start:]).strip():
        blocks.append(Paragraph(rest))
    return blocks, problems


def _plain(text: str) -> str:
    """Drop field codes (their results stay) and control characters; a soft break is a line's end."""
    return _MARKS.sub("", _FIELD_CODE.sub("", text.replace("\x0b", "\n"))).replace("\x1e", "-")
