"""OFD (GB/T 33190) → blocks. Knows nothing of reports.

A page is a drawing, as in a PDF: its characters and rules go through `layout`. Coordinates of the format are
millimetres from the upper left corner; text may be moved and scaled by a matrix, and stand in a template.
"""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Iterator

from lxml import etree

from gongkai.errors import ReadError
from gongkai.problem import Problem, Where
from gongkai.readers.document import Grid
from gongkai.readers.formats import Blocks
from gongkai.readers.office.package import Package, local
from gongkai.readers.printed.layout import Box, Char, PageLine, Rules, blocks_of, page_flow

Matrix = tuple[float, float, float, float, float, float]

MAX_PAGES = 500
MAX_CHARACTERS = 200_000
"""Of one page."""
_POINTS = 72 / 25.4
THIN = 1.0 * _POINTS
"""One millimetre, up to which a filled box is a rule."""
_SAME: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_NUMBER = re.compile(r"-?\d{1,7}(?:\.\d{0,12})?(?:[eE]-?\d{1,2})?")


def read_ofd(content: bytes, name: str) -> Blocks:
    """Read an OFD into paragraphs and grids.

    Raises:
        ReadError: The file is damaged or encrypted, or its pages are pictures.
    """
    package = Package(content, name, "OFD")
    if any(part.endswith(("Encryptions.xml", "EncryptInfo.xml")) for part in package.names):
        raise package.encrypted()
    flow: list[PageLine | Grid] = []
    problems: list[Problem] = []
    pictures = 0
    for number, (page, templates, height) in enumerate(_pages(package), start=1):
        if number > MAX_PAGES:
            problems.append(Problem("cut", f"only the first {MAX_PAGES} pages were read"))
            break
        try:
            drawn = [root for part in (*templates, page) for root in _layers(package.xml(part))]
        except ReadError as error:
            problems.append(Problem("reader", f"the page was not read: {error}", Where(page=number)))
            continue
        chars, rules = _drawing(drawn, height)
        if not chars and any(local(e) == "ImageObject" for layer in drawn for e in layer.iter()):
            pictures += 1
            said = "the page is a picture and was not read; save it as PNG or PDF to have it recognised"
            problems.append(Problem("picture", said, Where(page=number)))
        flow += page_flow(chars, rules, number)
    if not flow and pictures:
        raise ReadError(
            f"{name}: an OFD of {pictures} pages that are pictures (a scan); save it as PDF or PNG"
        )
    return blocks_of(flow), problems


def _pages(package: Package) -> Iterator[tuple[str, list[str], float]]:
    """Give the pages of all documents: the part, its templates, its height in millimetres."""
    for root in (e for e in package.xml("OFD.xml").iter() if local(e) == "DocRoot"):
        main = _joined("", root.text)
        document = package.xml(main)
        folder = posixpath.dirname(main)
        named = (e for e in document.iter() if local(e) == "TemplatePage")
        templates = {e.get("ID", ""): _joined(folder, e.get("BaseLoc")) for e in named}
        usual = _height(document)
        for page in (e for e in document.iter() if local(e) == "Page"):
            part = _joined(folder, page.get("BaseLoc"))
            try:
                content = package.xml(part)
            except ReadError:
                yield part, [], usual or 297.0
                continue
            used = [templates.get(e.get("TemplateID", ""), "") for e in content if local(e) == "Template"]
            yield part, [t for t in used if t in package.names], _height(content) or usual or 297.0


def _joined(folder: str, place: str | None) -> str:
    place = (place or "").strip()
    return posixpath.normpath(posixpath.join("" if place.startswith("/") else folder, place.lstrip("/")))


def _height(element: etree._Element) -> float:
    box = next((e for e in element.iter() if local(e) == "PhysicalBox"), None)
    edges = _numbers(box.text if box is not None else "")
    return edges[1] + edges[3] if len(edges) == 4 else 0.0


def _numbers(text: str | None) -> list[float]:
    return [float(number) for number in _NUMBER.findall(text or "")]


def _layers(page: etree._Element) -> list[etree._Element]:
    return [layer for content in page if local(content) == "Content" for layer in content]


def _drawing(layers: list[etree._Element], height: float) -> tuple[list[Char], Rules]:
    """Return the characters and rules of a page, in points from its lower left corner."""
    chars: list[Char] = []
    rules = Rules([], [], [])
    for layer in layers:
        for element in layer.iter():
            kind = local(element)
            if element.get("Visible") == "false":
                continue
            if kind == "TextObject" and len(chars) < MAX_CHARACTERS:
                chars += _characters(element, height)
            elif kind == "PathObject":
                _add_path(element, height, rules)
    return chars[:MAX_CHARACTERS], rules


def _placed(element: etree._Element) -> Matrix:
    """Return the matrix that places what an object draws on its page."""
    edges = _numbers(element.get("Boundary"))
    left, top = edges[:2] if len(edges) == 4 else (0.0, 0.0)
    own = _numbers(element.get("CTM"))
    a, b, c, d, e, f = own if len(own) == 6 else _SAME
    return a, b, c, d, e + left, f + top


def _characters(element: etree._Element, height: float) -> Iterator[Char]:
    matrix = _placed(element)
    printed = _numbers(element.get("Size"))
    size = printed[0] if printed else 3.5
    scale = _numbers(element.get("HScale"))
    x = y = 0.0
    for code in (e for e in element if local(e) == "TextCode"):
        text = code.text or ""
        x = (_numbers(code.get("X")) or [x])[0]
        y = (_numbers(code.get("Y")) or [y])[0]
        across, down = _steps(code.get("DeltaX"), len(text)), _steps(code.get("DeltaY"), len(text))
        at, line = x, y
        for index, character in enumerate(text):
            wide = unicodedata.east_asian_width(character) in "WFA"
            width = size * (1.0 if wide else 0.5) * (scale[0] if scale else 1.0)
            step = across[index] if index < len(across) else 0.0
            if 0 < step < width:
                width = step
            if not character.isspace():
                yield _char(character, (at, line), (width, size), matrix, height)
            at += step or (0.0 if index < len(down) and down[index] else width)
            line += down[index] if index < len(down) else 0.0


def _char(
    text: str, at: tuple[float, float], size: tuple[float, float], matrix: Matrix, height: float
) -> Char:
    (x, y), (width, tall) = at, size
    ends = [(x + dx, y + dy) for dx in (0, width) for dy in (0.2 * tall, -0.8 * tall)]
    corners = [_point(matrix, *end, height) for end in ends]
    base = _point(matrix, x, y, height)[1]
    xs, ys = [c[0] for c in corners], [c[1] for c in corners]
    return Char(text, min(xs), min(ys), max(xs), max(ys), base)


def _point(matrix: Matrix, x: float, y: float, height: float) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return (a * x + c * y + e) * _POINTS, (height - (b * x + d * y + f)) * _POINTS


def _steps(printed: str | None, most: int) -> list[float]:
    """Read distances between characters; `g 3 4.2` stands for three of 4.2.

    >>> _steps("1 g 2 4.5 3", 9)
    [1.0, 4.5, 4.5, 3.0]
    """
    steps: list[float] = []
    words = iter((printed or "").split())
    for word in words:
        if word == "g":
            count, step = _numbers(next(words, "")), _numbers(next(words, ""))
            steps += step[:1] * min(int(count[0]) if count else 0, most)
        else:
            steps += _numbers(word)[:1]
        if len(steps) >= most:
            break
    return steps


def _add_path(element: etree._Element, height: float, rules: Rules) -> None:
    """Add the straight strokes of a path; a thin filled box is a rule, a wide one a background."""
    matrix = _placed(element)
    data = next((e.text for e in element if local(e) == "AbbreviatedData"), "")
    stroked, filled = element.get("Stroke") != "false", element.get("Fill") == "true"
    strokes = list(_strokes(data or "", matrix, height))
    if not strokes:
        return
    if filled:
        xs = [x for stroke in strokes for x in stroke[::2]]
        ys = [y for stroke in strokes for y in stroke[1::2]]
        box = Box(min(xs), min(ys), max(xs), max(ys))
        rules.add(box, THIN, stroked=stroked)
        return
    for x1, y1, x2, y2 in strokes:
        box = Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))
        if min(box.right - box.left, box.top - box.bottom) <= THIN:
            rules.add(box, THIN, stroked=True)


def _strokes(data: str, matrix: Matrix, height: float) -> Iterator[tuple[float, float, float, float]]:
    """Give the straight strokes of a path's data (`M 0 0 L 10 0 C`)."""
    here = start = (0.0, 0.0)
    for letter, numbers in re.findall(r"([SMLQBAC])([^SMLQBAC]*)", data[:200_000]):
        values = _numbers(numbers)
        if letter == "C":
            yield (*here, *start)
            here = start
        elif len(values) >= 2:
            there = _point(matrix, values[-2], values[-1], height)
            if letter in "SM":
                start = there
            elif letter == "L":
                yield (*here, *there)
            here = there
