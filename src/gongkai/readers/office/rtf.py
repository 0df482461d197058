r"""RTF → blocks in document order. Knows nothing of reports.

What is read is the Rich Text Format 1.9.1: groups, control words, text in the code page of its font or as
Unicode. A row's cells are known by the edges and merge flags of its definition (`\cellx`, `\clvmrg`).
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field, replace

from gongkai.errors import ReadError
from gongkai.problem import Problem
from gongkai.readers.document import Block, paragraphs
from gongkai.readers.formats import Blocks
from gongkai.readers.office.cells import (
    BELOW,
    FIRST_BELOW,
    FIRST_JOINED,
    JOINED,
    EdgedCell,
    spans_of_edges,
    table_blocks,
)
from gongkai.text.grammar import RAISED

MAX_DEPTH = 500
"""Of groups in groups."""
_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n]+|([^\\{}\r\n]+)"
)
# Groups that hold no text of the document, beside those marked with `\*`.
_DROPPED = frozenset(
    b"fonttbl colortbl stylesheet info pict object header headerl headerr headerf footer footerl footerr "
    b"footerf ftnsep ftnsepc ftncn aftnsep aftnsepc aftncn fldinst listtable listoverridetable revtbl "
    b"rsidtbl filetbl xmlnstbl nonshppict shprslt sp tc tcn xe bkmkstart bkmkend template private".split()
)
_STARRED = frozenset([b"shpinst", b"nesttableprops"])
_APART = frozenset([b"footnote", b"shptxt", b"dptxbxtext"])
_MARKS = {
    b"tab": "\t", b"line": "\n", b"lquote": "‘", b"rquote": "’", b"ldblquote": "“", b"rdblquote": "”",
    b"emdash": "—", b"endash": "–", b"bullet": "•", b"emspace": " ", b"enspace": " ", b"qmspace": " ",
}  # fmt: skip
_BULLETS = "\t•●○■□◆◇▪·\uf06c\uf0b7"
"""Of what is printed before a point in a list, no part of its number."""
_CHARSETS = {128: "cp932", 129: "cp949", 134: "gb18030", 136: "big5", 204: "cp1251"}
_FLAGS = {b"clmgf": FIRST_JOINED, b"clmrg": JOINED, b"clvmgf": FIRST_BELOW, b"clvmrg": BELOW}


@dataclass(slots=True)
class _Group:
    """What holds until a group ends."""

    dropped: bool = False
    hidden: bool = False
    raised: bool = False
    replaced: int = 1
    """Characters behind a Unicode one that stand for it."""
    charset: str = ""
    in_table: bool = False
    level: int = 1
    """Of the table that a paragraph stands in."""
    fonts: bool = False
    number: bool = False
    """It holds the number of a paragraph in a list."""
    inner: bool = False
    """It defines a row of a table inside a cell."""
    into: _Flow | None = None
    """The flow that this group began."""


@dataclass(slots=True)
class _Row:
    """A row's definition: edges and merge flags."""

    edges: list[int] = field(default_factory=list)
    flags: list[int] = field(default_factory=list)
    pending: int = 0

    def lay(self, cells: list[list[Block]]) -> list[EdgedCell]:
        """Return what stands in the cells with their edges; made up where the definition has too few."""
        edges = self.edges
        if len(edges) < len(cells):
            edges = [1000 * i for i in range(1, len(cells) + 1)]
        lefts = [min(0, edges[0] - 1) if edges else 0, *edges]
        flags = [*self.flags, *[0] * len(cells)]
        return [EdgedCell(*cell) for cell in zip(cells, lefts, edges, flags, strict=False)]


@dataclass(slots=True)
class _Flow:
    """Blocks that follow each other: of the document, a note, a text box; and the tables that are open."""

    blocks: list[Block] = field(default_factory=list)
    text: str = ""
    apart: list[Block] = field(default_factory=list)
    rows: dict[int, list[list[EdgedCell]]] = field(default_factory=dict)
    cells: dict[int, list[list[Block]]] = field(default_factory=dict)
    content: dict[int, list[Block]] = field(default_factory=dict)
    """By level of the table: rows, the cells of the row, and what stands in the cell that is read."""


def read_rtf(content: bytes, name: str) -> Blocks:
    """Read a Rich Text file into paragraphs and grids.

    Raises:
        ReadError: It holds more groups in groups than any writer makes.
    """
    return _Reader(name).read(content)


class _Reader:
    """Reads one file, token by token."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.group = _Group()
        self.above: list[_Group] = []
        self.flow = _Flow()
        self.flows: list[_Flow] = []
        self.page = "cp1252"
        self.fonts: dict[int, str] = {}
        self.font = 0
        self.defined = [_Row(), _Row()]
        """Definitions of a row, and of one in a table inside a cell."""
        self.raw = bytearray()
        self.skip = 0
        self.starred = False
        self.fresh = False
        """The group has just begun: a word names its destination."""
        self.problems: list[Problem] = []

    def read(self, content: bytes) -> Blocks:
        for match in _TOKEN.finditer(content):
            word, number, code, sign, brace, text = match.groups()
            if text is not None or code is not None:
                self._bytes(text if text is not None else bytes([int(code, 16)]))
                continue
            self._flush()
            if brace == b"{":
                self._open()
            elif brace == b"}":
                self._close()
            elif sign is not None:
                self._sign(sign)
            elif word is not None:
                self._word(word, int(number) if number else None)
        self._flush()
        while self.above:
            self._close()
        self._paragraph()
        self._end_tables(0)
        return self.flow.blocks, self.problems

    def _open(self) -> None:
        if len(self.above) > MAX_DEPTH:
            raise ReadError(f"{self.name}: more than {MAX_DEPTH} groups inside each other; not a report")
        old = self.group
        self.above.append(old)
        self.group = replace(old, into=None)
        self.fresh, self.starred = True, False

    def _close(self) -> None:
        if self.group.into is not None:
            self._paragraph()
            self._end_tables(0)
            done = self.flow
            self.flow = self.flows.pop()
            self.flow.apart += done.blocks
        self.group = self.above.pop() if self.above else _Group()
        self.fresh = self.starred = False
        self.skip = 0

    def _sign(self, sign: bytes) -> None:
        if sign == b"*":
            self.starred = True
            return
        self.fresh = False
        if sign in b"\\{}":
            self._bytes(sign)
        elif sign in (b"~", b"_"):
            self._add(" " if sign == b"~" else "-")
        elif sign in (b"\n", b"\r"):
            self._word(b"par", None)

    def _bytes(self, content: bytes) -> None:
        self.fresh = False
        if self.skip:  # what stands for the Unicode character before it
            dropped = min(self.skip, len(content))
            self.skip -= dropped
            content = content[dropped:]
        if not self.group.dropped:
            self.raw += content

    def _flush(self) -> None:
        """Decode the bytes gathered: a character may take several."""
        if self.raw:
            self._add(bytes(self.raw).decode(self.group.charset or self.page, errors="replace"))
            self.raw.clear()

    def _add(self, text: str) -> None:
        unprinted = self.group.number and text in _BULLETS
        if not (self.group.dropped or self.group.hidden or unprinted):
            self.flow.text += text.translate(RAISED) if self.group.raised else text

    def _word(self, word: bytes, number: int | None) -> None:
        if self.fresh:
            self.fresh = False
            self._destination(word)
        if self.group.fonts and word == b"f":
            self.font = number or 0
        elif self.group.fonts and word == b"fcharset":
            self.fonts[self.font] = _CHARSETS.get(number or 0, "")
        if self.group.dropped:
            return
        if word == b"u":
            self.skip = self.group.replaced
            self._add(chr((number or 0) % 0x10000))
            return
        self.skip = 0
        if word in _MARKS:
            self._add(_MARKS[word])
        elif word in (b"par", b"sect", b"page", b"row", b"cell", b"nestcell", b"nestrow"):
            self._end(word)
        elif word in _FLAGS or word in (b"trowd", b"cellx"):
            self._define(word, number or 0)
        else:
            self._set(word, number)

    def _destination(self, word: bytes) -> None:
        if word in _APART:
            self.flows.append(self.flow)
            self.flow = self.group.into = _Flow()
            self.group.in_table = False
            return
        self.group.fonts = self.group.fonts or word == b"fonttbl"
        self.group.number = word in (b"listtext", b"pntext")
        self.group.inner = self.group.inner or word == b"nesttableprops"
        if word in _DROPPED or (self.starred and word not in _STARRED):
            self.group.dropped = True

    def _set(self, word: bytes, number: int | None) -> None:
        """Apply a word that sets something for what follows."""
        group = self.group
        on = number != 0
        if word == b"uc":
            group.replaced = min(max(number or 0, 0), 10)
        elif word == b"f":
            group.charset = self.fonts.get(number or 0, "")
        elif word in (b"v", b"deleted"):
            group.hidden = on
        elif word in (b"super", b"nosupersub"):
            group.raised = word == b"super" and on
        elif word == b"plain":
            group.hidden, group.charset, group.raised = False, "", False
        elif word == b"pard":
            group.in_table, group.level = False, 1
        elif word == b"intbl":
            group.in_table = on
        elif word == b"itap":
            group.level = min(max(number or 0, 1), 20)
            group.in_table = group.in_table or bool(number)
        elif word == b"ansicpg" and number:
            self.page = {936: "gb18030", 950: "big5", 65001: "utf-8"}.get(number, _known(f"cp{number}"))

    def _define(self, word: bytes, number: int) -> None:
        row = self.defined[self.group.inner]
        if word == b"trowd":
            self.defined[self.group.inner] = _Row()
        elif word == b"cellx":
            row.edges.append(number)
            row.flags.append(row.pending)
            row.pending = 0
        else:
            row.pending |= _FLAGS[word]

    def _end(self, word: bytes) -> None:
        """End a paragraph, a cell or a row."""
        level = self.group.level if self.group.in_table else 0
        if word in (b"cell", b"nestcell"):
            level = 1 if word == b"cell" else max(level, 2)
            self._paragraph(level)
            self._end_tables(level)
            self.flow.cells.setdefault(level, []).append(self.flow.content.pop(level, []))
        elif word in (b"row", b"nestrow"):
            level = 1 if word == b"row" else max(level, 2)
            cells = self.flow.cells.pop(level, [])
            self.flow.rows.setdefault(level, []).append(self.defined[level > 1].lay(cells))
        else:
            self._paragraph(level)

    def _paragraph(self, level: int = 0) -> None:
        """End a paragraph, and the deeper tables before it."""
        flow = self.flow
        # A character beyond the first plane is written as a pair.
        text = flow.text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        lines = paragraphs(text)
        if lines or flow.apart:
            self._end_tables(level)
        into = flow.content.setdefault(level, []) if level else flow.blocks
        into += [*lines, *flow.apart]
        flow.text, flow.apart = "", []

    def _end_tables(self, level: int) -> None:
        """Lay out the tables that are deeper than a level, into what holds them."""
        flow = self.flow
        for deeper in sorted((k for k in {*flow.rows, *flow.content} if k > level), reverse=True):
            made, problems = table_blocks(spans_of_edges(flow.rows.pop(deeper, [])))
            self.problems += problems
            into = flow.content.setdefault(deeper - 1, []) if deeper > 1 else flow.blocks
            into += [*made, *flow.content.pop(deeper, [])]


def _known(charset: str) -> str:
    try:
        codecs.lookup(charset)
    except LookupError:
        return "cp1252"
    return charset
