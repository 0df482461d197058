"""ODT (OpenDocument text) → blocks in document order. Knows nothing of reports.

Notes and text boxes stand behind their paragraph. What is deleted, hidden, or a table of contents is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from gongkai.problem import Problem
from gongkai.readers.document import MAX_GRID_COLUMNS, MAX_GRID_ROWS, Block, paragraphs
from gongkai.readers.formats import Blocks
from gongkai.readers.office.cells import SpannedCell, table_blocks
from gongkai.readers.office.numbering import Level, List, ordinal
from gongkai.readers.office.package import Package, attribute, local

_DROPPED = frozenset(
    "tracked-changes sequence-decls variable-decls user-field-decls forms table-of-content "
    "alphabetical-index illustration-index table-index bibliography annotation ruby-text hidden-text "
    "hidden-paragraph note-citation title desc image object object-ole event-listeners".split()
)
_APART = ("note", "text-box")
_MARKS = {"tab": "\t", "line-break": "\n", "soft-hyphen": "", "non-breaking-hyphen": "-"}
MAX_DEPTH = 60


@dataclass(slots=True)
class _File:
    """What an ODT says beside its text."""

    lists: dict[str, List]
    styles: dict[str, etree._Element]
    counts: dict[str, list[int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    waiting: list[etree._Element] = field(default_factory=list)
    """Notes of the table that is read."""
    depth: int = 0


def read_odt(content: bytes, name: str) -> Blocks:
    """Read an OpenDocument text into paragraphs and grids.

    Raises:
        ReadError: The file is damaged, encrypted or unpacks to more than 256 MiB.
    """
    package = Package(content, name, "ODT")
    listing = "META-INF/manifest.xml"
    if listing in package.names and b"encryption-data" in package.read(listing):
        raise package.encrypted()
    root = package.xml("content.xml")
    settings = [root, *([package.xml("styles.xml")] if "styles.xml" in package.names else [])]
    known = ("style", "list-style", "outline-style")
    everything = [e for of in settings for e in of.iter() if local(e) in known]
    file = _File(
        lists={attribute(e, "name"): _list(e) for e in everything if local(e) != "style"},
        styles={attribute(e, "name"): e for e in everything if local(e) == "style"},
    )
    bodies = (e for e in root.iter() if local(e) == "body")
    text = next((e for body in bodies for e in body if local(e) == "text"), None)
    if text is None:
        raise package.damaged("no text")
    return list(_blocks(text, file)), file.problems


def _list(style: etree._Element) -> List:
    levels: list[Level] = []
    for element in style:
        if "-level-style" in local(element):
            before, behind = attribute(element, "num-prefix"), attribute(element, "num-suffix")
            printed, form = f"{before}%{len(levels) + 1}{behind}", _form(attribute(element, "num-format"))
            levels.append(Level(form, printed, _number(element, "start-value")))
    return List(attribute(style, "name"), levels)


def _form(printed: str) -> str:
    """Return Word's name for a form of numbers (`一, 二, 三, ...`)."""
    known = {"一": "chineseCounting", "①": "decimalEnclosedCircle", "": "none"}
    return known.get(printed[:1], "decimal")


def _blocks(holder: etree._Element, file: _File, of: str = "", depth: int = -1) -> Iterator[Block]:
    """Give the blocks of a text, a section, a cell or a list.

    `of` is the style of the list that is read, `depth` its level; one that goes on below has the same style.
    """
    style = of
    if file.depth > MAX_DEPTH or depth > MAX_DEPTH:
        return
    for element in holder:
        kind = local(element)
        if kind in ("p", "h"):
            yield from _paragraph(element, file, of, depth)
            of = ""  # only the first paragraph of an item is numbered
        elif kind == "list":
            inner = attribute(element, "style-name") or style
            goes_on = attribute(element, "continue-numbering") or attribute(element, "continue-list")
            if depth < 0 and not goes_on:
                file.counts.pop(inner, None)
            yield from _blocks(element, file, inner, depth + 1)
        elif kind == "table":
            yield from _table(element, file)
        elif kind not in _DROPPED and attribute(element, "display") != "none":
            yield from _blocks(element, file, style if kind == "list-item" else "", depth)


def _paragraph(element: etree._Element, file: _File, of: str, depth: int) -> Iterator[Block]:
    if _is_hidden(element, file):
        return
    text = ""
    before: list[etree._Element] = []
    behind: list[etree._Element] = []
    for piece in _pieces(element, file):
        if isinstance(piece, str):
            text += piece
        else:
            (behind if text.strip() else before).append(piece)
    if local(element) == "h" and depth < 0:
        level = attribute(element, "outline-level")
        of, depth = "Outline", int(level) - 1 if level.isdigit() and len(level) < 3 else 0
    found = file.lists.get(of)
    number = ordinal(found, max(depth, 0), file.counts) if found and text.strip() else ""
    yield from _apart(before, file)
    if text.strip():
        yield from paragraphs(number + text)
    if file.depth:  # in a table: a note is no part of a cell
        file.waiting += [piece for piece in behind if local(piece) == "note"]
        behind = [piece for piece in behind if local(piece) != "note"]
    yield from _apart(behind, file)


def _apart(pieces: list[etree._Element], file: _File) -> Iterator[Block]:
    """Give the blocks of text boxes and notes."""
    for piece in pieces:
        yield from _blocks(piece, file)


def _pieces(element: etree._Element, file: _File) -> Iterator[str | etree._Element]:
    """Give what stands in a paragraph: text (white space folded, as the format asks), boxes and notes."""
    if element.text:
        yield " ".join(element.text.split()) if element.text.isspace() else element.text
    for child in element:
        kind = local(child)
        if kind in _APART:
            yield child
        elif kind == "s":
            count = attribute(child, "c")
            yield " " * (min(int(count), 100) if count.isdigit() and len(count) < 4 else 1)
        elif kind in _MARKS:
            yield _MARKS[kind]
        elif kind not in _DROPPED and not _is_hidden(child, file):
            yield from _pieces(child, file)
        if child.tail:
            yield child.tail


def _is_hidden(element: etree._Element, file: _File) -> bool:
    style = file.styles.get(attribute(element, "style-name"))
    for _ in range(10):
        if style is None:
            return False
        for settings in style:
            if local(settings) == "text-properties" and (said := attribute(settings, "display")):
                return said == "none"
        style = file.styles.get(attribute(style, "parent-style-name"))
    return False


def _table(element: etree._Element, file: _File) -> Iterator[Block]:
    """Give the blocks of a table, then its notes."""
    file.depth += 1
    rows: list[list[SpannedCell]] = []
    for row in _rows(element):
        cells = []
        for cell in row:
            if local(cell) == "table-cell":
                spans = (_number(cell, f"number-{what}-spanned") for what in ("rows", "columns"))
                spanned = SpannedCell(list(_blocks(cell, file)), *spans)
                cells += [spanned] * min(_number(cell, "number-columns-repeated"), MAX_GRID_COLUMNS)
        rows += [cells] * min(_number(row, "number-rows-repeated"), MAX_GRID_ROWS - len(rows))
    file.depth -= 1
    blocks, problems = table_blocks(rows)
    file.problems += problems
    yield from blocks
    if not file.depth:
        waiting, file.waiting = file.waiting, []
        yield from _apart(waiting, file)


def _rows(element: etree._Element) -> Iterator[etree._Element]:
    for child in element:
        if local(child) == "table-row":
            yield child
        elif local(child) in ("table-header-rows", "table-row-group", "table-rows"):
            yield from _rows(child)


def _number(element: etree._Element, name: str) -> int:
    printed = attribute(element, name)
    return max(int(printed), 1) if printed.isdigit() and len(printed) < 6 else 1
