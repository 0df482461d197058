"""What tools take out of a PDF with its places (pdftohtml, pdftotext, MuPDF, pdfminer) → blocks.

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
_NUMBER = re.compile(r"-?\d[\d.]{0,12}")
_CHARACTER = re.compile(r'<char quad="((?:-?[\d.]{1,12} ){7}-?[\d.]{1,12})"[^<>]*? c="([^"<>]*)"/>')
"""A character as mutool's structured text has it, with its four corners."""
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
    for node in LexborHTMLParser(_CHARACTER.sub(_as_word, text)).css("style, div, page, ltpage"):
        if node.tag == "style":
            styles += node.text(deep=True)
            continue
        if node.tag not in ("page", "ltpage") and not _PAGE.match(node.id or ""):
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
    """Yield the text of a paragraph, a word or a character that says where it stands."""
    if len(box := [float(number) for number in _NUMBER.findall(_box(node))]) == 4:
        left, low, right, high = box
        top, size = (height - low if node.tag == "word" else high), high - low
        if (text := node.text(deep=True)).strip():
            yield _Text(text, left, top, size, right - left)
        return
    if node.tag not in ("p", "text"):
        return
    places = _places(node)
    text = node.text(deep=True)
    if text.strip() and {"top", "left"} <= places.keys():
        of_class = sizes.get(node.attributes.get("class") or "")
        size = of_class or places.get("height") or places.get("line-height") or USUAL
        yield _Text(text, places["left"], height - places["top"], size, places.get("width"))


def _box(node: LexborNode) -> str:
    """Return the edges of a word (pdftotext), from the page's top, or of pdfminer's texts, from below."""
    attributes = node.attributes
    if node.tag == "word":
        return " ".join(attributes.get(edge) or "" for edge in ("xmin", "ymin", "xmax", "ymax"))
    return (attributes.get("bbox") or "") if node.tag in ("text", "lttextlinehorizontal") else ""


def _as_word(character: re.Match[str]) -> str:
    left, high, right, _, _, low, *_ = character[1].split()
    return f'<word xMin="{left}" yMin="{high}" xMax="{right}" yMax="{low}">{character[2]}</word>'


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
