"""Text that a tool took out of a PDF with its places (pdftohtml's HTML and XML, MuPDF's HTML) → blocks.

A page of such a file is a drawing again: its characters go through `layout`, as a PDF's do. These tools keep
no rules, so that tables come as lines.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from gongkai.problem import Problem, Where
from gongkai.readers.decode import decoded
from gongkai.readers.document import Grid
from gongkai.readers.formats import Blocks
from gongkai.readers.printed.layout import Char, PageLine, Rules, blocks_of, page_flow
from gongkai.text.grammar import columns

MAX_TEXTS = 2000
"""Of one page; a page of numbers in cells has 300."""
USUAL = 16.0
"""Height of characters where the file does not say it."""
_SIZES = re.compile(r"\.ft(\d+)\s*\{[^{}]*?font-size:\s*([\d.]{1,12})")
_STYLED = re.compile(r"(?<![\w-])(top|left|height|line-height|font-size)\s*:\s*(-?[\d.]{1,12})")
_PAGE = re.compile(r"page\d+")


class _Text(NamedTuple):
    """A text and where it stands, from the lower left corner of its page."""

    text: str
    left: float
    top: float
    size: float
    width: float | None


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
        texts = [text for placed in node.traverse() for text in _placed(placed, fonts, height)]
        if len(texts) > MAX_TEXTS:
            said = f"only the first {MAX_TEXTS} texts of the page were read"
            problems.append(Problem("cut", said, Where(page=number)))
        flow += page_flow(list(_chars(texts[:MAX_TEXTS])), Rules([], [], []), number)
    return blocks_of(flow), problems


def _places(node: LexborNode) -> Mapping[str, float]:
    """Return what a node says of its place, in the file's own unit."""
    attributes = node.attributes
    styled = {name: float(value) for name, value in _STYLED.findall(attributes.get("style") or "")}
    named = {name: attributes.get(name) or "" for name in ("top", "left", "width", "height")}
    return styled | {name: float(v) for name, v in named.items() if re.fullmatch(r"-?[\d.]{1,12}", v)}


def _placed(node: LexborNode, sizes: Mapping[str, float], height: float) -> Iterator[_Text]:
    """Yield the text of a paragraph that says where it stands."""
    if node.tag not in ("p", "text"):
        return
    places = _places(node)
    text = node.text(deep=True)
    if text.strip() and {"top", "left"} <= places.keys():
        of_class = sizes.get(node.attributes.get("class") or "")
        size = of_class or places.get("height") or places.get("line-height") or USUAL
        yield _Text(text, places["left"], height - places["top"], size, places.get("width"))


def _chars(texts: Sequence[_Text]) -> Iterator[Char]:
    """Spread each text over its width, a wide character over two columns.

    Where the width is not said, it is as usual, but ends before the next text of the line.
    """
    for text in texts:
        wide = columns(text.text)
        room = (
            o.left - text.left for o in texts if o.left > text.left and abs(o.top - text.top) < text.size / 2
        )
        step = (text.width or min(wide * text.size / 2, min(room, default=math.inf))) / wide
        left, top = text.left, text.top
        for letter in text.text:
            right = left + step * columns(letter)
            if not letter.isspace():
                yield Char(letter, left, top - text.size, right, top, top - 0.85 * text.size)
            left = right
