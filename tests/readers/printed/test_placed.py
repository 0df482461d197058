"""Pages that say where each text stands, as pdftohtml, pdftotext, MuPDF and pdfminer write them. All invented."""

import pytest

from gongkai.readers.read import read_document
from gongkai.text.grammar import columns

LINES = [
    (100, 150, "2022年，苇塘县教育局主动公开各类政府信息"),
    (140, 110, "共三十条，其中通过县政府网站公开二十条，通过"),
    (180, 110, "公告栏张贴十条，群众满意。"),
    (220, 150, "一、总体情况"),
    *((260 + 40 * n, 110, f"第{n}类信息公开了若干条，均已按时更新完毕。") for n in range(8)),
]


def pdftohtml(lines):
    style = '<style type="text/css"><!-- .ft11{font-size:20px;font-family:A;} --></style>'
    pieces = "".join(
        f'<p style="position:absolute;top:{top}px;left:{left}px;white-space:nowrap" class="ft11">{text}</p>\n'
        for top, left, text in lines
    )
    page = '<div id="page1-div" style="position:relative;width:892px;height:1263px;">'
    return f"<!DOCTYPE html><html><head></head><body>{style}{page}{pieces}</div></body></html>"


def pdf2xml(lines):
    pieces = "".join(
        f'<text top="{top}" left="{left}" width="{10 * columns(text)}" height="20" font="0">{text}</text>\n'
        for top, left, text in lines
    )
    page = '<page number="1" position="absolute" top="0" left="0" height="1263" width="892">'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<pdf2xml>\n{page}{pieces}</page></pdf2xml>'


def mupdf(lines):
    pieces = "".join(
        f'<p style="top:{top}pt;left:{left}pt;line-height:20pt"><span>{text}</span></p>\n'
        for top, left, text in lines
    )
    return f'<div id="page0" style="width:892pt;height:1263pt">\n{pieces}</div>'


def bbox(lines):
    words = "".join(
        f'<word xMin="{left}" yMin="{top}" xMax="{left + 10 * columns(text)}" yMax="{top + 20}">{text}</word>\n'
        for top, left, text in lines
    )
    return f'<html><body><doc><page width="892.0" height="1263.0">\n{words}</page></doc></body></html>'


def stext(lines):
    spread = [
        (top, left + 10 * columns(text[:at]), letter, 10 * columns(letter))
        for top, left, text in lines
        for at, letter in enumerate(text)
    ]
    marks = "".join(
        f'<char quad="{x} {y} {x + wide} {y} {x} {y + 20} {x + wide} {y + 20}" x="{x}" y="{y}" c="{letter}"/>\n'
        for y, x, letter, wide in spread
    )
    return f'<?xml version="1.0"?>\n<document><page width="892" height="1263">{marks}</page></document>'


def pdfminer(lines):
    boxes = "".join(
        f'<text font="A" bbox="{left},{1243 - top},{left + 10 * columns(text)},{1263 - top}">{text}</text>\n'
        for top, left, text in lines
    )
    return f'<?xml version="1.0"?>\n<pages><page id="1" bbox="0,0,892,1263">{boxes}</page></pages>'


@pytest.fixture(params=[pdftohtml, pdf2xml, mupdf, bbox, stext, pdfminer])
def texts(request, tmp_path):
    def read(lines):
        path = tmp_path / "a.html"
        path.write_text(request.param(lines), encoding="utf-8")
        return [block.text for block in read_document(path).blocks]

    return read


def test_lines_are_joined_by_where_they_stand(texts):
    first, heading, *_ = texts(LINES)
    assert first == "".join(text for _, _, text in LINES[:3]).replace(" ", "")
    assert heading == "一、总体情况"


def test_a_figure_of_another_font_stays_in_its_line(texts):
    cut = [(100, 150, "2022年，公开信息"), (96, 310, "30"), (100, 330, "条，均已更新。"), *LINES[3:]]
    assert texts(cut)[0] == "2022年，公开信息30条，均已更新。"


def test_a_row_of_a_table_stays_a_row(texts):
    row = [(100, 110, "（一）予以公开"), *((103, 400 + 60 * n, str(n)) for n in range(7))]
    assert texts([*row, (140, 110, "年"), *LINES[3:]])[:2] == ["（一）予以公开 0 1 2 3 4 5 6", "年"]


def test_more_texts_than_a_page_has_are_cut_and_said(tmp_path, monkeypatch):
    monkeypatch.setattr("gongkai.readers.printed.placed.MAX_TEXTS", 5)
    path = tmp_path / "a.html"
    path.write_text(mupdf(LINES), encoding="utf-8")
    document = read_document(path)
    assert [p.code for p in document.problems] == ["cut"]
    assert "第3类" not in "".join(block.text for block in document.blocks)
