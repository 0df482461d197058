"""Scanned pages → blocks, with RapidOCR (extra `ocr`), offline: the models come in its wheel.

A page is recognised line by line; the rules of its tables are found in the picture, and each cell that looks
printed but in which no line was found is recognised on its own, as are numbers of which the recogniser is not
sure. What stays doubtful is left blank and named, never guessed and never 0.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import logging
import re
import warnings
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from gongkai.errors import ReadError
from gongkai.problem import Problem, Where
from gongkai.readers.document import Grid
from gongkai.readers.formats import Blocks
from gongkai.readers.printed.layout import (
    Box,
    Char,
    PageLine,
    Rules,
    blocks_of,
    cells_of,
    lattices,
    page_flow,
)

if TYPE_CHECKING:
    from PIL import Image

    Edges = tuple[float, float, float, float]
    Pixels = np.ndarray[Any, np.dtype[np.uint8]]

DOTS = 200
"""To the inch; small print of the statutory tables is about 25 pixels high then."""
SURE = 0.85
"""Score from which a number in a cell is taken; text may be less sure, a reader sees its errors."""
LEAST = 0.5
SMALLEST_TABLE = 6
"""Cells; fewer are a stamp, a picture or a frame."""
TALL = 56
"""Pixels of a crop, its margin included, above which it holds more than one line."""
TOUCH = 4.0
"""Pixels within which a rule ends on another."""
MAX_TILT = 3.0
"""Degrees that a page is turned back."""
_NUMBER_LIKE = re.compile(r"[-—\d.,，．%/元件条万\soODQ〇IlL|jJ!·]+")


INSTALL = 'pip install "gongkai[ocr]"'
MAX_PIXELS = 40_000_000
"""Of one picture, and of each page of a TIFF."""
MAX_PAGES = 100
WIDTH = 1654
"""Pixels that a page of A4 is wide at `DOTS`; pictures are scaled to it, whatever they were scanned at."""
LEAST_SIDE = 400
_MODES = frozenset(["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr"])


def available() -> bool:
    """Tell whether the extra `ocr` is installed."""
    return importlib.util.find_spec("rapidocr") is not None


class Recogniser:
    """RapidOCR with its own models, loaded once."""

    def __init__(self) -> None:

        from rapidocr import RapidOCR

        self.engine = RapidOCR(params={"Global.log_level": "critical"})
        logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)

    def lines(self, picture: Pixels) -> list[tuple[tuple[float, float, float, float], str, float]]:
        """Return (left, top, right, bottom in pixels; text; score) of each line found."""
        found = self.engine(picture, use_det=True, use_cls=False, use_rec=True)
        if found.boxes is None:
            return []
        return [
            ((b[:, 0].min(), b[:, 1].min(), b[:, 0].max(), b[:, 1].max()), text, float(score))
            for b, text, score in zip(found.boxes, found.txts, found.scores, strict=True)
        ]

    def one(self, picture: Pixels) -> tuple[str, float]:
        """Recognise a picture that holds one line."""
        found = self.engine(picture, use_det=False, use_cls=False, use_rec=True)
        return (found.txts[0], float(found.scores[0])) if found.txts else ("", 0.0)

    def block(self, picture: Pixels) -> tuple[str, float]:
        """Recognise a picture that holds a few lines; as sure as its least sure line."""
        found = sorted(self.lines(picture), key=lambda line: line[0][1])
        return "".join(line[1] for line in found), min((line[2] for line in found), default=0.0)


_recogniser: Recogniser | None = None


def recogniser() -> Recogniser:
    """Return this process's recogniser."""
    global _recogniser
    _recogniser = _recogniser or Recogniser()
    return _recogniser


def read_scan(pages: Iterable[Pixels], name: str) -> Blocks:
    """Read pictures of pages, RGB at about 200 dots to the inch, into paragraphs and grids.

    Raises:
        ReadError: The extra `ocr` is not installed.
    """
    if not available():
        raise ReadError(f"{name}: a picture; it needs character recognition: {INSTALL}")
    engine = recogniser()
    flow: list[PageLine | Grid] = []
    said = "read by character recognition: compare numbers with the original"
    problems = [Problem("recognised", said)]
    for number, picture in enumerate(pages, start=1):
        chars, rules, doubtful = _page(engine, picture)
        flow += page_flow(chars, rules, number)
        for text, score in doubtful:
            said = f"a cell reads '{text}' ({score:.0%} sure) and is left blank"
            problems.append(Problem("doubtful", said, Where(page=number)))
    return blocks_of(flow), problems


def read_picture(content: bytes, name: str) -> Blocks:
    """Read a picture of a page, or a TIFF of several.

    Raises:
        ReadError: See `open_pictures` and `read_scan`.
    """
    return read_scan(open_pictures(content, name), name)


def open_pictures(content: bytes, name: str) -> Iterator[Pixels]:
    """Decode a PNG, JPEG or TIFF (its pages one by one) to RGB, scaled as if scanned at 200 dots to the inch.

    Raises:
        ReadError: The extra `ocr` is not installed; the picture is damaged, too small or large for a page, or
            of a kind or number of pages that scans do not have.
    """
    if not available():
        raise ReadError(f"{name}: a picture; it needs character recognition: {INSTALL}")
    with _picture(content, name) as picture:
        # By the heads of all pages, before the first is unpacked: a small file may unpack to gigabytes.
        count = 0
        while _turn_to(picture, count):
            if count == MAX_PAGES:
                raise ReadError(f"{name}: a TIFF of more than {MAX_PAGES} pages; split it")
            width, height = picture.size
            _check_size(width, height, name)
            count += 1
    return (_decoded(content, name, number) for number in range(count))


def _decoded(content: bytes, name: str, number: int) -> Pixels:
    import cv2
    from PIL import ImageOps

    with _picture(content, name) as picture:
        picture.seek(number)
        if picture.mode not in _MODES:
            raise ReadError(f"{name}: a picture of kind {picture.mode}; save it with 8 bits per colour")
        pixels = np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))
    scale = WIDTH / pixels.shape[1]
    if 0.8 < scale < 1.25:
        return pixels
    smooth = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    resized: Pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=smooth)
    return resized


@contextlib.contextmanager
def _picture(content: bytes, name: str) -> Iterator[Image.Image]:
    """Open a picture; what goes wrong with it inside is an error of that file."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of size and damage, which are checked here
            with Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "TIFF")) as picture:
                yield picture
    except Image.DecompressionBombError as error:
        raise ReadError(f"{name}: a picture too large for a page ({error})") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise ReadError(f"{name}: a damaged picture") from error


def _turn_to(picture: Image.Image, number: int) -> bool:
    """Turn to a page, from 0; returns whether there is one. Only a TIFF has several."""
    if number and picture.format != "TIFF":
        return False
    try:
        picture.seek(number)
    except EOFError:
        return False
    return True


def _check_size(width: int, height: int, name: str) -> None:
    if min(height, width) < LEAST_SIDE or height * width > MAX_PIXELS:
        raise ReadError(
            f"{name}: a picture of {width} × {height} pixels; a scanned page has some 1650 × 2340"
        )


def _page(engine: Recogniser, picture: Pixels) -> tuple[list[Char], Rules, list[tuple[str, float]]]:
    picture = _straighten(picture)
    height = picture.shape[0]
    points = 72 / DOTS

    def box(left: float, top: float, right: float, bottom: float) -> Box:
        return Box(left * points, (height - bottom) * points, right * points, (height - top) * points)

    dark = _dark(picture)
    across, down = _framed(_strokes(dark, 1), _strokes(dark, 0))
    rules = Rules([box(*r) for r in across], [box(*r) for r in down], [])
    tables = [cells_of(lattice) for lattice in lattices(rules)]
    cells = [cell for table in tables if len(table) >= SMALLEST_TABLE for cell in table]
    found = [(box(*edges), text, score) for edges, text, score in engine.lines(picture)]
    chars, numbers = _sorted_by_cell(found, cells)
    picture = _without(picture, (*across, *down))
    dark = _dark(picture)
    doubtful: list[tuple[str, float]] = []
    for cell in cells:
        crop = None if any(_holds(cell, c) for c in chars) else _crop(picture, dark, cell, points)
        if crop is None:
            continue
        text, score = engine.block(crop) if crop.shape[0] > TALL else engine.one(crop)
        # Two readings that agree are surer than either: with and without the rules, in the line and alone.
        if text.strip() and (score >= SURE or (score >= LEAST and text == numbers.get(cell))):
            chars.append(_char(text, Box(cell.left + 1, cell.bottom + 1, cell.right - 1, cell.top - 1)))
        elif text.strip() or cell in numbers:
            doubtful.append((text or numbers[cell], score))
    return chars, rules, doubtful


def _sorted_by_cell(
    lines: list[tuple[Box, str, float]], cells: list[Box]
) -> tuple[list[Char], dict[Box, str]]:
    """Return what is taken as it was read, and the numbers in cells, which are read again on their own."""
    chars: list[Char] = []
    numbers: dict[Box, str] = {}
    for place, text, score in lines:
        cell = next((c for c in cells if _holds(c, place)), None)
        # A line that reaches into the cells beside its own is of several cells.
        spans = cell is not None and (place.left < cell.left - 3 or place.right > cell.right + 3)
        if cell is None or not (_NUMBER_LIKE.fullmatch(text) or spans):
            if score >= LEAST and text.strip():
                chars.append(_char(text, place))
        elif not spans:
            numbers[cell] = text
    return chars, numbers


def _without(picture: Pixels, rules: Iterable[Edges]) -> Pixels:
    """Paint rules over: one beside a digit reads as 1."""
    picture = picture.copy()
    for left, top, right, bottom in rules:
        picture[int(top) : int(bottom) + 1, int(left) : int(right) + 1] = 255
    return picture


def _holds(cell: Box, place: Box | Char) -> bool:
    """Tell whether the middle of what is printed lies in a cell."""
    return cell.holds((place.left + place.right) / 2, (place.bottom + place.top) / 2)


def _char(text: str, place: Box) -> Char:
    return Char(text, place.left, place.bottom, place.right, place.top, place.bottom)


def _dark(picture: Pixels) -> Pixels:
    """Return where a page is dark: 255 there, 0 elsewhere."""
    import cv2

    grey = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY)
    dark: Pixels = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 25, 15)
    return dark


def _straighten(picture: Pixels) -> Pixels:
    """Turn a page that was laid askew on the scanner: rows of ink are sharpest when it lies straight."""
    import cv2

    dark = _dark(picture)
    shrunk = cv2.resize(dark, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    height, width = shrunk.shape
    centre = (width / 2, height / 2)

    def sharpness(angle: float) -> float:
        turned = cv2.warpAffine(shrunk, cv2.getRotationMatrix2D(centre, angle, 1), (width, height))
        sums = turned.sum(axis=1, dtype=np.float64)
        return float(np.square(np.diff(sums)).sum())

    best = 0.0
    for step, reach in ((0.5, MAX_TILT), (0.1, 0.4), (0.03, 0.09)):
        angles = np.arange(best - reach, best + reach + step / 2, step)
        best = max((*angles, best), key=sharpness)
    if abs(best) < 0.05 or sharpness(best) < 1.05 * sharpness(0.0):
        return picture
    height, width = dark.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), best, 1)
    page, white = np.ascontiguousarray(picture), (255, 255, 255)
    turned: Pixels = cv2.warpAffine(page, matrix, (width, height), flags=cv2.INTER_CUBIC, borderValue=white)
    return turned


def _strokes(dark: Pixels, across: int) -> list[tuple[float, float, float, float]]:
    """Return (left, top, right, bottom) of long thin strokes, horizontal (1) or vertical (0)."""
    import cv2

    shape = (45, 1) if across else (1, 30)
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, shape)
    bridge = cv2.getStructuringElement(cv2.MORPH_RECT, (5, 1) if across else (1, 5))
    kept = cv2.morphologyEx(cv2.morphologyEx(dark, cv2.MORPH_CLOSE, bridge), cv2.MORPH_OPEN, kernel)
    kept = cv2.dilate(kept, np.ones((3, 3), np.uint8))  # closes the gaps of a scan
    _, _, stats, _ = cv2.connectedComponentsWithStats(kept, connectivity=8)
    found = []
    for left, top, width, height, _ in stats[1:]:
        long, thick = (width, height) if across else (height, width)
        if thick <= 14 and long >= 5 * thick:
            found.append((float(left), float(top), float(left + width), float(top + height)))
    return found


def _framed(across: list[Edges], down: list[Edges]) -> tuple[list[Edges], list[Edges]]:
    """Keep strokes that end on strokes of the other direction; those of characters do not."""
    for _ in range(3):
        down = [d for d in down if all(_meets(d, y, across, 0) for y in (d[1], d[3]))]
        across = [a for a in across if all(_meets(a, x, down, 1) for x in (a[0], a[2]))]
    return across, down


def _meets(stroke: Edges, end: float, others: list[Edges], axis: int) -> bool:
    """Tell whether an end of a stroke lies on one of the others; `axis` 0: the stroke is vertical."""
    at = (stroke[axis] + stroke[axis + 2]) / 2
    return any(
        o[axis] - TOUCH <= at <= o[axis + 2] + TOUCH and o[1 - axis] - TOUCH <= end <= o[3 - axis] + TOUCH
        for o in others
    )


def _crop(picture: Pixels, dark: Pixels, cell: Box, points: float) -> Pixels | None:
    """Return the inside of a cell around what is printed there; None where nothing is."""
    height, width = dark.shape
    margin = 4
    left, right = int(cell.left / points) + margin, int(cell.right / points) - margin
    top, bottom = height - int(cell.top / points) + margin, height - int(cell.bottom / points) - margin
    left, top, right, bottom = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
    if right - left < 8 or bottom - top < 8:
        return None
    ink = dark[top:bottom, left:right] > 0
    rows, columns = np.flatnonzero(ink.sum(axis=1) > 0), np.flatnonzero(ink.sum(axis=0) > 0)
    if ink.sum() < 12 or not len(rows) or rows[-1] - rows[0] < 8:
        return None
    pad = 8
    y0, y1 = max(top + rows[0] - pad, 0), min(top + rows[-1] + pad, height)
    x0, x1 = max(left + columns[0] - pad, 0), min(left + columns[-1] + pad, width)
    return np.ascontiguousarray(picture[y0:y1, x0:x1])
