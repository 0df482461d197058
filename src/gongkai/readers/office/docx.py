"""DOCX → blocks in document order. Knows nothing of reports.

All that is printed is read: also what stands in content controls, insertions, smart tags, links, results of
fields, text boxes, notes, tables inside tables. What is deleted, hidden, or a table of contents is not. Names
of elements are compared without their namespace, which differs between the two editions of the standard.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from gongkai.errors import ReadError
from gongkai.problem import Problem
from gongkai.readers.document import Block, Paragraph
from gongkai.readers.formats import Blocks, reader_of
from gongkai.readers.office.cells import SpannedCell, table_blocks
from gongkai.readers.office.numbering import Level, List, Lists, ordinal
from gongkai.readers.office.package import Package, attribute, local
from gongkai.text.grammar import RAISED

TextOrElement = str | etree._Element
"""Text, a text box, or the reference to a note."""

_DROPPED = frozenset(
    "del moveFrom delText instrText delInstrText pPr rPr tblPr tblGrid trPr tcPr sdtPr sdtEndPr rt fldData "
    "numberingChange annotationRef binData OLEObject imagedata".split()
)
_TEXT = frozenset(["t", "tab", "br", "cr", "noBreakHyphen", "sym"])
_NOTES = {"footnoteReference": "footnote", "endnoteReference": "endnote"}
_CODE = re.compile(r"(?![dD][89a-fA-F])[0-9a-fA-F]{4}")
_OFF = ("0", "false", "off")
MAX_DEPTH = 60
"""Of tables in tables and text boxes in text boxes."""


@dataclass(slots=True)
class _Word:
    """What a Word file says beside its text."""

    package: Package
    parts: dict[str, str]
    """Parts that the text refers to, by id."""
    lists: Lists
    styles: dict[str, etree._Element]
    notes: dict[tuple[str, str], etree._Element]
    counts: dict[str, list[int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    waiting: list[etree._Element] = field(default_factory=list)
    """Notes of the table that is read."""
    depth: int = 0


def read_docx(content: bytes, name: str) -> Blocks:
    """Read a Word file into paragraphs and grids.

    Raises:
        ReadError: The file is damaged, encrypted or unpacks to more than 256 MiB.
    """
    package = Package(content, name, "DOCX")
    kinds = dict(package.related("").values())
    main = kinds.get("officeDocument", "word/document.xml")
    body = next((e for e in package.xml(main) if local(e) == "body"), None)
    if body is None:
        raise package.damaged("no text")
    word = _word(package, main)
    return list(_blocks(body, word)), word.problems


def _word(package: Package, main: str) -> _Word:
    related = package.related(main)

    def children(kind: str) -> list[etree._Element]:
        part = next((part for of, part in related.values() if of == kind and part in package.names), None)
        try:
            return [] if part is None else list(package.xml(part))
        except ReadError:
            return []  # the text does without

    return _Word(
        package=package,
        parts={key: part for key, (_, part) in related.items()},
        lists=_lists(children("numbering")),
        styles={attribute(e, "styleId"): e for e in children("styles") if local(e) == "style"},
        notes={(local(e), attribute(e, "id")): e for kind in _NOTES.values() for e in children(f"{kind}s")},
    )


def _blocks(holder: etree._Element, word: _Word) -> Iterator[Block]:
    """Give the blocks of a body, a cell, a text box or a note."""
    for element in holder:
        kind = local(element)
        if kind == "p":
            yield from _paragraph(element, word)
        elif kind == "tbl":
            yield from _table(element, word)
        elif kind == "altChunk":
            yield from _chunk(element, word)
        elif kind not in _DROPPED and not _is_contents(element):
            yield from _blocks(_chosen(element), word)


def _chosen(element: etree._Element) -> etree._Element:
    """Return the one of several renderings of the same that is read."""
    return element[0] if local(element) == "AlternateContent" and len(element) else element


def _is_contents(element: etree._Element) -> bool:
    """Tell a content control that holds the table of contents, or only asks to be filled in."""
    settings = _child(element, "sdtPr")
    said = [] if settings is None else [(local(e), attribute(e, "val")) for e in settings.iter()]
    return any(kind == "showingPlcHdr" for kind, _ in said) or ("docPartGallery", "Table of Contents") in said


def _paragraph(element: etree._Element, word: _Word) -> Iterator[Block]:
    style = word.styles.get(_value(element, "pPr", "pStyle"))
    if style is not None and _value(style, "name").lower().startswith("toc "):
        return
    text = ""
    before: list[etree._Element] = []
    behind: list[etree._Element] = []
    for piece in _pieces(element, word, _is_hidden(style, word)):
        if isinstance(piece, str):
            text += piece
        else:
            (behind if text.strip() else before).append(piece)
    number = _ordinal(element, style, word)  # an empty paragraph is counted, too
    yield from _apart(before, word)
    if text.strip():
        yield from (Paragraph(line) for line in (number + text).split("\n") if line.strip())
    if word.depth:  # in a table: a note is no part of a cell
        word.waiting += [piece for piece in behind if local(piece) in _NOTES]
        behind = [piece for piece in behind if local(piece) not in _NOTES]
    yield from _apart(behind, word)


def _apart(pieces: list[etree._Element], word: _Word) -> Iterator[Block]:
    """Give the blocks of text boxes and notes."""
    if word.depth > MAX_DEPTH:
        return
    word.depth += 1
    for piece in pieces:
        note = word.notes.pop((_NOTES.get(local(piece), ""), attribute(piece, "id")), None)
        if note is not None or local(piece) == "txbxContent":
            yield from _blocks(piece if note is None else note, word)
    word.depth -= 1


def _pieces(element: etree._Element, word: _Word, hidden: bool) -> Iterator[TextOrElement]:
    """Give what stands in a paragraph: text, text boxes, references to notes."""
    for child in element:
        kind = local(child)
        if kind in _TEXT:
            if not hidden:
                yield _characters(child, kind)
        elif kind in _NOTES or kind == "txbxContent":
            yield child
        elif kind == "r":
            pieces = _pieces(child, word, _run_is_hidden(child, word, hidden))
            raised = _value(child, "rPr", "vertAlign") == "superscript"
            yield from (p.translate(RAISED) if raised and isinstance(p, str) else p for p in pieces)
        elif kind not in _DROPPED and not _is_contents(child):
            yield from _pieces(_chosen(child), word, hidden)


def _characters(element: etree._Element, kind: str) -> str:
    if kind == "t":
        return element.text or ""
    if kind == "sym":
        code = attribute(element, "char")
        return chr(int(code, 16)) if _CODE.fullmatch(code) else ""
    return {"tab": "\t", "noBreakHyphen": "-"}.get(kind, "\n")


def _run_is_hidden(run: etree._Element, word: _Word, hidden: bool) -> bool:
    settings = _child(run, "rPr")
    if settings is None:
        return hidden
    own = _child(settings, "vanish")
    if own is not None:
        return attribute(own, "val") not in _OFF
    style = word.styles.get(_value(settings, "rStyle"))
    return hidden or _is_hidden(style, word)


def _is_hidden(style: etree._Element | None, word: _Word) -> bool:
    return any(
        attribute(vanish, "val") not in _OFF
        for of in _lineage(style, word)
        if (vanish := _child(of, "rPr", "vanish")) is not None
    )


def _lineage(style: etree._Element | None, word: _Word) -> Iterator[etree._Element]:
    """Give a style and those it is based on."""
    for _ in range(10):
        if style is None:
            return
        yield style
        style = word.styles.get(_value(style, "basedOn"))


def _table(element: etree._Element, word: _Word) -> Iterator[Block]:
    """Give the blocks of a table, then its notes."""
    if word.depth > MAX_DEPTH:
        return
    word.depth += 1
    rows: list[list[SpannedCell]] = []
    above: dict[int, tuple[int, int]] = {}  # by column: where in `rows` the cell stands that goes on below
    for row in _inside(element, "tr"):
        if _child(row, "trPr", "del") is not None or _child(row, "trPr", "hidden") is not None:
            continue
        column = _count(_value(row, "trPr", "gridBefore"), 0)
        cells = [SpannedCell([], 1, column)] if column else []
        for holder in _inside(row, "tc"):
            if _child(holder, "tcPr", "cellDel") is not None:
                continue
            columns = max(_count(_value(holder, "tcPr", "gridSpan"), 1), 1)
            merged = _child(holder, "tcPr", "vMerge")
            if merged is not None and attribute(merged, "val") != "restart" and column in above:
                r, c = above[column]
                rows[r][c] = rows[r][c]._replace(rows=rows[r][c].rows + 1)
            else:
                above[column] = (len(rows), len(cells))
                cells.append(SpannedCell(list(_blocks(holder, word)), 1, columns))
            column += columns
        rows.append(cells)
    word.depth -= 1
    blocks, problems = table_blocks(rows)
    word.problems += problems
    yield from blocks
    if not word.depth:
        yield from _apart(word.waiting, word)
        word.waiting = []


def _inside(element: etree._Element, kind: str) -> Iterator[etree._Element]:
    """Give the rows of a table or the cells of a row, also those in content controls and insertions."""
    for child in element:
        if local(child) == kind:
            yield child
        elif local(child) not in ("p", "tbl", "tr", "tc") and local(child) not in _DROPPED:
            yield from _inside(_chosen(child), kind)


def _chunk(element: etree._Element, word: _Word) -> Iterator[Block]:
    """Give the blocks of a page that stands in the file as it was pasted."""
    part = word.parts.get(attribute(element, "id"), "")
    if part not in word.package.names:
        return
    content = word.package.read(part)
    reader = reader_of(content)
    if reader.media_type in ("html", "txt", "rtf"):
        blocks, problems = reader.read(content, f"{word.package.name}/{part}")
        word.problems += problems
        yield from blocks
    else:
        word.problems.append(Problem("reader", f"a part of the kind '{reader.name}' was not read"))


def _ordinal(element: etree._Element, style: etree._Element | None, word: _Word) -> str:
    """Return the number that Word prints before a paragraph: its own list's, or its style's."""
    for of in (element, *_lineage(style, word)):
        settings = _child(of, "pPr", "numPr")
        if settings is not None:
            found = word.lists.get(_value(settings, "numId"))
            depth = _count(_value(settings, "ilvl"), 0)
            return ordinal(found, depth, word.counts) if found else ""
    return ""


def _lists(numbering: list[etree._Element]) -> Lists:
    """Return the lists of a file by name."""
    levels = {
        attribute(abstract, "abstractNumId"): [
            Level(_value(e, "numFmt"), _value(e, "lvlText"), _count(_value(e, "start"), 1))
            for e in abstract
            if local(e) == "lvl"
        ]
        for abstract in numbering
        if local(abstract) == "abstractNum"
    }
    found = {}
    for instance in numbering:
        if local(instance) == "num":
            name, of = attribute(instance, "numId"), _value(instance, "abstractNumId")
            restarts = any(local(e) == "startOverride" for e in instance.iter())
            found[name] = List(f"own {name}" if restarts else of, levels.get(of, []))
    return found


def _child(element: etree._Element, *path: str) -> etree._Element | None:
    found: etree._Element | None = element
    for name in path:
        found = None if found is None else next((e for e in found if local(e) == name), None)
    return found


def _value(element: etree._Element, *path: str) -> str:
    """Return the value of a setting, "" where it is not made."""
    found = _child(element, *path)
    return "" if found is None else attribute(found, "val")


def _count(text: str, default: int) -> int:
    """Read a number below 1,000; a damaged file may hold anything."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else default
