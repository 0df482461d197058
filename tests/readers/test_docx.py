import io
import zipfile

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from gongkai.errors import ReadError
from gongkai.readers.document import Grid
from gongkai.readers.docx import read_docx
from tests.conftest import DATA

FILE = DATA / "merged-cells.docx"


def test_blocks_stand_in_document_order_with_merged_cells():
    blocks, problems = read_docx(FILE.read_bytes(), "x.docx")
    assert problems == []
    kinds = ["grid" if isinstance(b, Grid) else "p" for b in blocks]
    assert kinds.count("grid") == 3
    requests = [b for b in blocks if isinstance(b, Grid)][1]
    assert requests.texts[0][:4] == [requests.texts[0][0]] * 3 + ["申请人情况"]
    assert requests.rows[5][0] is requests.rows[6][0]


@pytest.mark.parametrize("content", [b"PK\x03\x04 broken", FILE.read_bytes()[:3000]])
def test_damaged_files_are_refused(content):
    with pytest.raises(ReadError, match="damaged DOCX"):
        read_docx(content, "x.docx")


def numbered(lines):
    """Make a Word file of (level or None, text) whose numbers Word counts: 一、 and （1） and a bullet."""
    word = docx.Document()
    numbering = word.part.numbering_part.element
    levels = (("chineseCounting", "%1、"), ("decimal", "（%2）"), ("bullet", "●"))
    printed = "".join(
        f'<w:lvl w:ilvl="{i}"><w:start w:val="1"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/></w:lvl>'
        for i, (form, text) in enumerate(levels)
    )
    space = nsdecls("w")
    numbering.insert(0, parse_xml(f'<w:abstractNum {space} w:abstractNumId="90">{printed}</w:abstractNum>'))
    numbering.append(parse_xml(f'<w:num {space} w:numId="91"><w:abstractNumId w:val="90"/></w:num>'))
    for level, text in lines:
        properties = word.add_paragraph(text)._p.get_or_add_pPr()
        if level is not None:
            numbers = f'<w:numPr {space}><w:ilvl w:val="{level}"/><w:numId w:val="91"/></w:numPr>'
            properties.append(parse_xml(numbers))
    buffer = io.BytesIO()
    word.save(buffer)
    return buffer.getvalue()


def test_numbers_that_word_counts_are_printed_and_begin_anew_under_each_head():
    lines = [
        (0, "甲"),
        (1, "子"),
        (1, "丑"),
        (None, "文"),
        *[(0, "乙")] * 9,
        (0, " "),
        (0, "丙"),
        (1, "寅"),
        (2, "卯"),
    ]
    texts = [block.text for block in read_docx(numbered(lines), "x.docx")[0]]
    assert texts[:5] == ["一、甲", "（1）子", "（2）丑", "文", "二、乙"]
    assert texts[-3:] == ["十二、丙", "（1）寅", "卯"]


def test_bombs_are_refused():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"0" * (300 * 2**20))
    with pytest.raises(ReadError, match="unpacks to"):
        read_docx(buffer.getvalue(), "bomb.docx")


def test_external_entities_are_not_followed(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("机密")
    buffer = io.BytesIO()
    with zipfile.ZipFile(FILE) as source, zipfile.ZipFile(buffer, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "word/document.xml":
                entity = f'<!DOCTYPE d [<!ENTITY x SYSTEM "file://{secret}">]>'.encode()
                content = content.replace(b"<w:document", entity + b"<w:document", 1)
                content = content.replace("抓手".encode(), b"&x;", 1)
            target.writestr(name, content)
    try:
        blocks, _ = read_docx(buffer.getvalue(), "x.docx")
    except ReadError:
        return
    assert "机密" not in "".join(b.text for b in blocks if not isinstance(b, Grid))
