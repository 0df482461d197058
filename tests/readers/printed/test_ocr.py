"""Pictures of pages. What is recognised is judged on drawn pages; what is done with a score, on scores of our own."""

import importlib.util
import io
import struct
import zlib

import numpy as np
import pytest

from gongkai.errors import ReadError
from gongkai.problem import Problem, Where
from gongkai.readers.document import Grid
from gongkai.readers.printed import ocr
from gongkai.readers.printed.ocr import LEAST, LEAST_SIDE, MAX_PAGES, SURE, WIDTH, open_pictures, read_scan

SIDE = 760
"""Pixels of a drawn page: the smallest that the recogniser does not enlarge."""
NUMBERS = [["17", "208", ""], ["56", "0", "1204"]]
WARNING = Problem("recognised", "read by character recognition: compare numbers with the original")
needs_extra = pytest.mark.skipif(
    not ocr.available(), reason="the extra for character recognition is not installed"
)


def drawn(rows, tilt=0.0):
    """Draw a ruled table of short texts as a scanner at 200 dots to the inch gives it; the first cell at (80, 200)."""
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("RGB", (SIDE, SIDE), "white")
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(30)
    for r, row in enumerate(rows):
        for c, text in enumerate(row):
            left, top = 80 + 200 * c, 200 + 70 * r
            pen.rectangle((left, top, left + 200, top + 70), outline="black", width=2)
            pen.text((left + 100, top + 35), text, fill="black", font=font, anchor="mm")
    return np.asarray(picture.rotate(tilt, Image.Resampling.BICUBIC, fillcolor="white"))


class Scores:
    """Finds one line on a page, or none, and reads one text in every cell that is left, with a score."""

    def __init__(self, line, text, score):
        self.line, self.read = line, (text, score)

    def lines(self, picture):
        return [((150, 215, 190, 250), self.line, 0.99)] if self.line else []

    def one(self, picture):
        return self.read


def grid_of(blocks):
    (grid,) = (b for b in blocks if isinstance(b, Grid))
    return grid.texts


def encoded(picture, ending=".png"):
    import cv2

    return cv2.imencode(ending, picture)[1].tobytes()


@needs_extra
@pytest.mark.parametrize("tilt", [0.0, 1.3])
def test_a_drawn_table_is_read_exactly_also_when_it_lies_askew(tilt):
    blocks, problems = read_scan([drawn(NUMBERS, tilt)], "scan.png")
    assert grid_of(blocks) == NUMBERS
    assert problems == [WARNING]


@needs_extra
def test_a_blank_page_has_no_blocks_and_only_the_general_warning():
    assert read_scan([np.full((SIDE, SIDE, 3), 255, np.uint8)], "scan.png") == ([], [WARNING])


@needs_extra
@pytest.mark.parametrize(
    ("score", "line", "taken"),
    [
        (SURE, None, True),
        (SURE - 0.01, None, False),
        (SURE - 0.01, "17", True),
        (SURE - 0.01, "71", False),
        (LEAST, "17", True),
        (LEAST - 0.01, "17", False),
    ],
)
def test_a_doubtful_number_is_left_blank_and_named_unless_two_readings_agree(monkeypatch, score, line, taken):
    monkeypatch.setattr(ocr, "_recogniser", Scores(line, "17", score))
    blocks, problems = read_scan([drawn([["17", "", ""], ["", "", ""]])] * 2, "scan.png")
    said = f"a cell reads '17' ({score:.0%} sure) and is left blank"
    doubts = [Problem("doubtful", said, Where(page=n)) for n in (1, 2)]
    if taken:
        assert [b.texts[0] for b in blocks] == [["17", "", ""]] * 2
    else:
        assert blocks == []
    assert problems == [WARNING, *([] if taken else doubts)]


@needs_extra
@pytest.mark.parametrize("width", [WIDTH, WIDTH * 2, WIDTH // 2, 1500])
def test_pictures_are_scaled_as_if_scanned_at_200_dots(width):
    (picture,) = open_pictures(encoded(np.full((900, width, 3), 255, np.uint8)), "scan.png")
    assert picture.shape[1] == (1500 if width == 1500 else WIDTH)


@needs_extra
def test_all_pages_of_a_tiff_are_opened_in_order_as_red_green_blue():
    import cv2

    red, blue = np.zeros((600, WIDTH, 3), np.uint8), np.zeros((600, WIDTH, 3), np.uint8)
    red[:, :, 0], blue[:, :, 2] = 255, 255
    content = cv2.imencodemulti(".tiff", [red[:, :, ::-1], blue[:, :, ::-1]])[1].tobytes()
    pages = open_pictures(content, "scan.tif")
    assert [p[0, 0].tolist() for p in pages] == [[255, 0, 0], [0, 0, 255]]


def tiff(*pages):
    from PIL import Image

    first, *others = [Image.new(mode, size, 1) for mode, size in pages]
    file = io.BytesIO()
    first.save(file, "TIFF", save_all=True, append_images=others)
    return file.getvalue()


@needs_extra
@pytest.mark.parametrize(
    ("pages", "said"),
    [
        ([("1", (900, 900)), ("1", (9000, 5000))], "a picture of 9000 × 5000 pixels"),
        ([("1", (400, 400))] * (MAX_PAGES + 1), "a TIFF of more than 100 pages; split it"),
    ],
    ids=["large", "many"],
)
def test_all_pages_of_a_tiff_are_looked_at_before_the_first_is_unpacked(pages, said):
    with pytest.raises(ReadError, match=f"^scan.tif: {said}"):
        open_pictures(tiff(*pages), "scan.tif")


@needs_extra
def test_a_kind_of_picture_that_would_lose_its_print_is_refused():
    with pytest.raises(ReadError, match="a picture of kind I;16; save it with 8 bits per colour"):
        list(open_pictures(tiff(("I;16", (900, 900))), "scan.tif"))


@needs_extra
@pytest.mark.parametrize("ending", [".png", ".jpg", ".tiff"])
def test_a_picture_cut_off_in_its_middle_is_refused(ending):
    content = encoded(drawn(NUMBERS), ending)
    with pytest.raises(ReadError, match=r"^scan\.png: a damaged picture$"):
        list(open_pictures(content[: len(content) // 2], "scan.png"))


@needs_extra
@pytest.mark.parametrize("ending", [".png", ".jpg", ".tiff"])
def test_a_picture_cut_off_in_its_head_is_refused(ending):
    content = encoded(drawn(NUMBERS), ending)
    for cut in (0, 4, 20):
        with pytest.raises(ReadError, match=r"^scan\.png: a damaged picture$"):
            open_pictures(content[:cut], "scan.png")


@needs_extra
@pytest.mark.parametrize(
    ("width", "height", "said"),
    [
        (900, LEAST_SIDE - 1, "a picture of 900 × 399 pixels; a scanned page has some 1650 × 2340"),
        (12000, 10000, "a picture of 12000 × 10000 pixels"),
        (200000, 200000, "a picture too large for a page"),
    ],
)
def test_a_size_that_no_page_has_is_refused_by_the_head_alone(width, height, said):
    """The rest of the file is missing: whoever unpacks it first says that it is damaged."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", len(head) - 4) + head + struct.pack(">I", zlib.crc32(head))
    with pytest.raises(ReadError, match=f"^scan.png: {said}"):
        open_pictures(b"\x89PNG\r\n\x1a\n" + chunk + b"\xff\xff\xff\xffIDAT", "scan.png")


@pytest.mark.parametrize(
    "read", [lambda: read_scan([], "scan.png"), lambda: open_pictures(b"", "scan.png")], ids=["read", "open"]
)
def test_without_the_extra_the_message_tells_how_to_install_it(monkeypatch, read):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert not ocr.available()
    with pytest.raises(ReadError, match=r'^scan\.png: a picture; .*pip install "gongkai\[ocr\]"$'):
        read()
