"""HTML → blocks, with selectolax (lexbor). Knows nothing of reports.

What is never content (scripts, navigation, hidden parts, paragraphs that are wholly links) is dropped here;
what a report is, and where it ends, is decided in `report.py` by the report's own markers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from gongkai.problem import Problem
from gongkai.readers.carried import carried, page_in
from gongkai.readers.document import LAYOUT_CELL, Block, Paragraph, grid_from_spans, text_of
from gongkai.readers.formats import Blocks
from gongkai.readers.plain import read_text
from gongkai.text.grammar import OPENS_SECTION, RAISED
from gongkai.text.lexicon import patterns

_SKIP = frozenset(
    "script style noscript nav footer aside iframe object embed video audio canvas svg select button "
    "textarea template head input img map".split()
)
_BLOCK = frozenset(
    "address article blockquote body center dd div dl dt fieldset figure form h1 h2 h3 h4 h5 h6 header hr "
    "li main ol p pre section table tbody td tfoot th thead tr ul caption br".split()
)
_FRAMES = ("iframe", "template")
_HOLDING = (*_FRAMES, "img")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_WITH_LINES = ("pre", "xmp", "listing")
_LINES = re.compile(r"white-space\s*:\s*(?:pre|break-spaces)", re.IGNORECASE)
_MARKDOWN = re.compile(
    r"(?m)^[^\S\n]*(?:#{1,6} \S|[-*][ \t]+\[[^\]\n]+\]\(|\*\*[^*\n]+\*\*\s*$)|^[^\n<>]+\n[-=]{3,}[ \t]*$"
)
_TABLE, _TABLE_END = re.compile(r"<table\b", re.IGNORECASE), re.compile("</table>", re.IGNORECASE)
_OF_HTML = re.compile(r"<(?:html|body|p|h\d|li)\b", re.IGNORECASE)
_OF_BOTH = re.compile(r"<(?:br|span)\b", re.IGNORECASE)
_HOLDS = re.compile(r"<(?:table|div|section|article|ul|ol|pre|iframe)\b", re.IGNORECASE)
_SURE = 3
"""Marks of Markdown beside which tags that Markdown may hold tell nothing."""
_FRAMED = re.compile(
    r"<html>\s*<body>\s*(<table\b(?:(?!<html>).)*?</table>)\s*</body>\s*</html>", re.IGNORECASE | re.DOTALL
)
"""A table that a tool left in Markdown, as a page of its own."""
_WHOLE_PAGE = re.compile(r"<(?:html|body)\b", re.IGNORECASE)
_SPELLED = 4
"""Texts of one character each, from which a paragraph counts as spelled letter by letter."""
_MAX_PAGES = 2
"""Of pages in pages."""
_RAISED = re.compile(
    r"(?<=\d)((?:\s|<(?:a|span)\b[^<>]{0,300}>|</(?:a|span)>){0,9})<sup\b[^<>]{0,300}>((?:<[^<>]{0,300}>){0,9})"
    r"\s*[\[（(]?(\d{1,2})[\]）)]?\s*(?=<)",
    re.IGNORECASE,
)
"""A note's number behind a figure."""
_SPACE = re.compile(r"[ \t\r\n]+")
_TITLE = patterns("sections.title")["lettering"]
"""How a title ends that a page may show as a picture."""
_MAX_SPAN = 1000
# The parser's time grows with the square of the depth: 100,000 nested tags take it 12 seconds.
_RUN = 1000
_RUN_OF_TAGS = re.compile(rf"(?:<[a-zA-Z]\w{{0,20}}(?:\s[^<>]{{0,300}})?>\s*){{{_RUN},}}")


def read_html(text: str, depth: int = 0) -> Blocks:
    """Read a page into paragraphs and grids in document order.

    Args:
        text: The page.
        depth: How many pages it stands in (frames, shadow roots).

    Returns:
        Blocks, and problems.
    """
    problems: list[Problem] = []
    text = text if text.lstrip().startswith("<html") else _FRAMED.sub(r"\1", text)
    markdown = _is_markdown(text)
    if markdown and not _HOLDS.search(text):
        return read_text(text), problems
    if "<sup" in text:
        text = _RAISED.sub(lambda m: f"{m[1]}<sup>{m[2]}{m[3].translate(RAISED)}", text)
    if max(map(len, text.split("</"))) >= 3 * _RUN:  # no closing tag is in a run
        text, runs = _RUN_OF_TAGS.subn("", text)
        said = f"{runs} runs of a thousand and more opening tags without text were dropped"
        problems += [Problem("reader", said)] if runs else []
    tree = LexborHTMLParser(text)
    root = tree.body or tree.root
    if root is None:
        return [], problems
    blocks, found = _blocks(root, depth, lines=markdown)
    problems += found
    blocks[:0] = _named(tree, blocks)
    if depth < _MAX_PAGES and (inner := carried(tree.root or root, blocks)):
        kept, found = read_html(inner, depth + 1)
        blocks += kept
        problems += found
    return blocks, problems


def _named(tree: LexborHTMLParser, blocks: list[Block]) -> Iterator[Block]:
    """Yield the title that a page's head gives its article, as governments' sites must, if none shows it."""
    for meta in tree.head.css("meta[name][content]") if tree.head and blocks else ():
        name, title = (meta.attributes[key] or "" for key in ("name", "content"))
        if name.lower() == "articletitle" and _SPACE.sub("", title) not in _SPACE.sub("", text_of(blocks)):
            yield Paragraph(title)


def _is_markdown(text: str) -> bool:
    """Tell whether the tags stand in Markdown, in which tools leave tables: there a line's end counts."""
    first, *tables = [text] if _WHOLE_PAGE.search(text) else _TABLE.split(text)
    outside = first + "".join(_TABLE_END.split(part, maxsplit=1)[-1] for part in tables)
    marks = len(_MARKDOWN.findall(outside))
    return not _OF_HTML.search(outside) and marks >= (_SURE if _OF_BOTH.search(outside) else 1)


def _blocks(root: LexborNode, depth: int, *, lines: bool = False) -> Blocks:
    """Give the blocks of what is shown; `lines`: its line ends count."""
    problems: list[Problem] = []
    blocks: list[Block] = []
    buffer: list[str] = []
    linked = 0  # characters of the buffer that stand in links

    def close() -> None:
        nonlocal linked
        if not buffer:
            return
        content = _joined(buffer)
        if content and not (linked >= len(content.replace(" ", "")) > 0):
            blocks.append(Paragraph(content))
        buffer.clear()
        linked = 0

    for event, node in _walk(root, lines):
        if event == "edge":
            close()
        elif event == "table":
            close()
            grid, problem = grid_from_spans(node)
            if grid:
                blocks.append(grid)
            if problem:
                problems.append(Problem("reader", problem))
        elif event == "page":
            close()
            if depth < _MAX_PAGES:
                inner, found = read_html(page_in(node), depth + 1)
                blocks += inner
                problems += found
        else:
            content = node if event == "alt" else node.text_content or ""
            if event == "lines" and "\n" in content:
                close()
                blocks += read_text(content)
                continue
            buffer.append(content)
            if event == "link":
                linked += len(_SPACE.sub("", content))
    close()
    return blocks, problems


def _joined(pieces: list[str]) -> str:
    """Join the texts of a paragraph; where each is a single character, white space between them is none."""
    if len(pieces) >= _SPELLED:
        letters = [piece.strip() for piece in pieces if piece.strip()]
        if len(letters) >= _SPELLED and all(len(letter) == 1 for letter in letters):
            return "".join(letters)
    return _squeezed("".join(pieces))


def _squeezed(text: str) -> str:
    """Fold white space, and drop it at both ends; most texts have none."""
    words = text.split()
    return _SPACE.sub(" ", text).strip() if len(words) > 1 else "".join(words)


def _walk(root: LexborNode, lines: bool) -> Iterator[tuple[str, Any]]:
    """Yield ("text", "link" or "lines", text node), ("alt", text), ("table", rows), ("page", frame), edges.

    "lines" is text whose line ends count, ("edge", block) where a block begins or ends. Without recursion:
    depth is bounded by memory only, and pages with 100,000 open tags exist.
    """
    # Elements entered: node, is it a block, and what a text beside it is.
    above: list[tuple[LexborNode, bool, str]] = []
    texts = "lines" if lines else "text"
    node: LexborNode | None = root
    while node is not None:
        tag = node.tag or ""
        if tag == "-text":
            yield texts, node
        else:
            is_block = tag in _BLOCK
            if is_block:
                yield "edge", node
            if tag in _HOLDING and (held := _held(node, tag)):
                yield held
            elif not (tag.startswith("-") or tag in _SKIP or _is_hidden(attributes := node.attributes)):
                if tag == "table" and (rows := _data_rows(node)) is not None:
                    yield "table", rows
                elif (child := node.child) is not None:
                    above.append((node, is_block, texts))
                    texts, node = _texts_in(tag, attributes, texts), child
                    continue
        node = node.next if above else None
        while node is None and above:
            left, is_block, texts = above.pop()
            if is_block:
                yield "edge", left
            node = left.next if above else None


def _held(node: LexborNode, tag: str) -> tuple[str, Any] | None:
    """Return the page that a frame holds, or the heading or title that a picture shows, as its `alt` says."""
    if tag in _FRAMES:
        return ("page", node) if page_in(node) else None
    alt = node.attributes.get("alt") or ""
    return ("alt", alt) if len(alt) < 80 and (OPENS_SECTION.match(alt) or _TITLE.search(alt)) else None


def _texts_in(tag: str, attributes: Mapping[str, str | None], around: str) -> str:
    """Return what a text in an element is: with "lines" that count, in a "link", or what it is around it."""
    style = attributes.get("style")
    if around == "lines" or tag in _WITH_LINES or (style and _LINES.search(style)):
        return "lines"
    return "link" if tag == "a" and attributes.get("href") else around


def _is_hidden(attributes: Mapping[str, str | None]) -> bool:
    style = attributes.get("style")
    return "hidden" in attributes or (style is not None and bool(_HIDDEN.search(style)))


def _data_rows(table: LexborNode) -> list[list[tuple[str, int, int]]] | None:
    """Return the cells of a table with their spans; None where it lays out a page.

    That is so where it has a table inside, less than four cells or two rows, or a cell of prose.
    """
    if len(table.css("table")) > 1:  # css also matches the node itself
        return None
    rows = []
    for row in table.css("tr"):
        cells = []
        for cell in row.iter():
            if cell.tag in ("td", "th"):
                text = _squeezed(cell.text(deep=True, separator=""))
                if len(text) > LAYOUT_CELL:
                    return None
                attributes = cell.attributes
                cells.append((text, _span(attributes.get("rowspan")), _span(attributes.get("colspan"))))
        rows.append(cells)
    return rows if len(rows) > 1 and sum(map(len, rows)) > 3 else None


def _span(printed: str | None) -> int:
    if not printed:
        return 1
    value = printed.strip()
    return min(int(value), _MAX_SPAN) if value.isascii() and value.isdigit() and len(value) < 10 else 1
