"""Text that a tool took out of a PDF with its places (pdftohtml's HTML and XML, MuPDF's HTML) → blocks.

A page of such a file is a drawing again: its characters go through `layout`, as a PDF's do. These tools keep
no rules, so that tables come as lines.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from selectolax.lexbor import LexborHTMLParser

from gongkai.readers.decode import decoded
from gongkai.readers.layout import Char, PageLine, Rules, blocks_of, page_flow
from gongkai.text.grammar import columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from selectolax.lexbor import LexborNode

    from gongkai.readers.document import Grid
    from gongkai.readers.formats import Blocks

USUAL = 16.0
"""Height of characters where the file does not say it."""
_SIZES = re.compile(r"\.ft(\d+)\s*\{[^}]*?font-size:\s*([\d.]{1,12})")
_STYLED = re.compile(r"(?<![\w-])(top|left|height|line-height|font-size)\s*:\s*(-?[\d.]{1,12})")
_PAGE = re.compile(r"page\d+")


def read_placed(content: bytes, name: str) -> Blocks:
    """Read the pages of a file whose paragraphs say where they stand."""
    text, problems = decoded(content)
    flow: list[PageLine | Grid] = []
    sizes: dict[str, float] = {}
    styles = ""
    number = 0
    for node in LexborHTMLParser(text).css("style, div, page"):
        if node.tag == "style":
            styles += node.text(deep=True)
            continue
        if node.tag != "page" and not _PAGE.match(node.id or ""):
            continue
        number += 1
        # pdftohtml names a font by page and number, and says its size on the page where it first comes.
        named = {name.removeprefix(str(number)): float(size) for name, size in _SIZES.findall(styles)}
        sizes, styles = {**named, **sizes}, ""
        height = _places(node).get("height", 0.0)
        fonts = {f"ft{number}{font}": size for font, size in sizes.items()}
        chars = [char for placed in node.traverse() for char in _chars(placed, fonts, height)]
        flow += page_flow(chars, Rules([], [], []), number)
    return blocks_of(flow), problems


def _places(node: LexborNode) -> Mapping[str, float]:
    """Return what a node says of its place, in the file's own unit."""
    attributes = node.attributes
    styled = {name: float(value) for name, value in _STYLED.findall(attributes.get("style") or "")}
    named = {name: attributes.get(name) or "" for name in ("top", "left", "width", "height")}
    return styled | {name: float(v) for name, v in named.items() if re.fullmatch(r"-?[\d.]{1,12}", v)}


def _chars(node: LexborNode, sizes: Mapping[str, float], height: float) -> Iterator[Char]:
    """Spread a placed paragraph's characters over its width; a wide one takes two columns."""
    if node.tag not in ("p", "text"):
        return
    places = _places(node)
    text = node.text(deep=True)
    if not text.strip() or not {"top", "left"} <= places.keys():
        return
    of_class = sizes.get(node.attributes.get("class") or "")
    size = of_class or places.get("height") or places.get("line-height") or USUAL
    step = places.get("width", columns(text) * size / 2) / columns(text)
    left, top = places["left"], height - places["top"]
    for letter in text:
        right = left + step * columns(letter)
        if not letter.isspace():
            yield Char(letter, left, top - size, right, top, top - 0.85 * size)
        left = right
