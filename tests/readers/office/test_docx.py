import io
import zipfile

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from gongkai.errors import ReadError
from gongkai.readers.document import Grid
from gongkai.readers.office.docx import read_docx
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


def word_of(body, **parts):
    """Make a Word file of the XML of its body; further parts (`footnotes=…`) likewise."""
    spaces = (
        'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
        'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
        'xmlns:v="urn:schemas-microsoft-com:vml"'
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("word/document.xml", f"<w:document {spaces}><w:body>{body}</w:body></w:document>")
        relations = ""
        for kind, content in parts.items():
            name = "aFChunk" if kind == "chunk" else kind
            made.writestr(
                f"word/{kind}.xml", content if kind == "chunk" else f"<w:{kind} {spaces}>{content}</w:{kind}>"
            )
            relations += f'<Relationship Id="{kind}" Type="http://x/{name}" Target="{kind}.xml"/>'
        made.writestr("word/_rels/document.xml.rels", f"<Relationships>{relations}</Relationships>")
    return buffer.getvalue()


def p(*runs, style=""):
    named = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{named}{''.join(runs)}</w:p>"


def r(text, settings=""):
    return f"<w:r><w:rPr>{settings}</w:rPr><w:t>{text}</w:t></w:r>"


def table(*rows):
    cells = ("".join(f"<w:tc>{cell}</w:tc>" for cell in row) for row in rows)
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl>"


def read(body, **parts):
    blocks, _ = read_docx(word_of(body, **parts), "x.docx")
    return [b.texts if isinstance(b, Grid) else b.text for b in blocks]


BOX = "<w:txbxContent><w:p><w:r><w:t>框内</w:t></w:r></w:p></w:txbxContent>"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (f"<w:sdt><w:sdtContent>{p(r('控件'))}</w:sdtContent></w:sdt>", ["控件"]),
        (p(r("公开"), f"<w:sdt><w:sdtContent>{r('305')}</w:sdtContent></w:sdt>", r("条")), ["公开305条"]),
        (p(r("公开"), f"<w:ins>{r('305')}</w:ins><w:del><w:r><w:delText>299</w:delText></w:r></w:del>", r("条")), ["公开305条"]),
        (p(f"<w:moveFrom>{r('旧')}</w:moveFrom><w:moveTo>{r('新')}</w:moveTo>"), ["新"]),
        (p(f"<w:smartTag>{r('2022年')}</w:smartTag>", r("召开")), ["2022年召开"]),
        (p(f"<w:hyperlink>{r('网站')}</w:hyperlink>", f"<w:fldSimple>{r('7')}</w:fldSimple>"), ["网站7"]),
        (p("<w:r><w:instrText>PAGE</w:instrText></w:r>", r("3")), ["3"]),
        (p(r("文"), f"<w:r><w:pict><v:textbox>{BOX}</v:textbox></w:pict></w:r>"), ["文", "框内"]),
        (p(f"<w:r><mc:AlternateContent><mc:Choice>{BOX}</mc:Choice><mc:Fallback>{BOX}</mc:Fallback></mc:AlternateContent></w:r>", r("文")), ["框内", "文"]),
        (p(r("见"), r("隐", "<w:vanish/>"), r("显", '<w:vanish w:val="0"/>')), ["见显"]),
        (p(r("12"), r("1", '<w:vertAlign w:val="superscript"/>'), r("条")), ["12¹条"]),
        (p(r("目录项"), style="TOC1") + p(r("正文")), ["正文"]),
        ("<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>" + p(r("单击输入")) + "</w:sdtContent></w:sdt>" + p(r("文")), ["文"]),
        (table([p(r("一")) + table([p(r("a")), p(r("b"))], [p(r("1")), p(r("2"))])]), ["一", [["a", "b"], ["1", "2"]]]),
        (table([p(r("标题"))], [p(r("句。")) + p(r("句二。"))]), ["标题", "句。", "句二。"]),
    ],
)  # fmt: skip
def test_all_that_is_printed_is_read_once_and_in_order(body, expected):
    styles = '<w:style w:styleId="TOC1"><w:name w:val="toc 1"/></w:style>'
    assert read(body, styles=styles) == expected


def test_cells_hold_what_stands_in_controls_and_insertions_and_rows_that_are_deleted_are_gone():
    control = f"<w:p><w:sdt><w:sdtContent>{r('12')}</w:sdtContent></w:sdt></w:p>"
    rows = (
        table(["甲", "乙"], [p(f"<w:ins>{r('3')}</w:ins>"), control])
        .replace("甲", p(r("甲")))
        .replace("乙", p(r("乙")))
    )
    gone = f"<w:tr><w:trPr><w:del/></w:trPr><w:tc>{p(r('9'))}</w:tc></w:tr></w:tbl>"
    assert read(rows.replace("</w:tbl>", gone)) == [[["甲", "乙"], ["3", "12"]]]


def test_a_raised_digit_behind_a_number_of_a_table_leads_to_a_note():
    raised = r("1", '<w:vertAlign w:val="superscript"/>')
    assert read(table([p(r("甲")), p(r("2"), raised)], [p(r("m"), raised), p(r("1"))])) == [
        [["甲", "2¹"], ["m¹", "1"]]
    ]
    assert read(p(r("2"), raised)) == ["2¹"]


def test_notes_stand_behind_the_paragraph_that_refers_to_them_and_a_hidden_style_hides():
    note = '<w:footnote w:id="2">' + p(r("注")) + "</w:footnote>"
    body = p(r("正文"), '<w:r><w:footnoteReference w:id="2"/></w:r>', style="h") + p(r("后文"))
    assert read(body, footnotes=note) == ["正文", "注", "后文"]
    styles = '<w:style w:styleId="g"><w:rPr><w:vanish/></w:rPr></w:style><w:style w:styleId="h"><w:basedOn w:val="g"/></w:style>'
    assert read(body, styles=styles) == ["后文"]


def test_a_pasted_page_is_read():
    assert read('<w:altChunk r:id="chunk"/>', chunk="<html><p>一、总体情况</p></html>") == ["一、总体情况"]
