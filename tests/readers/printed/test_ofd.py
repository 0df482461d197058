import io
import zipfile

import pytest

from gongkai.errors import ReadError
from gongkai.readers.document import Grid
from gongkai.readers.printed.ofd import read_ofd
from gongkai.readers.read import parse_document

SPACE = 'xmlns:ofd="http://www.ofdspec.org/2016"'


def text(words, x, y, size=5.0, more=""):
    """A line of text whose baseline is y; characters stand a step apart, digits half of it."""
    steps = " ".join(str(size if ord(c) > 255 else size / 2) for c in words[:-1])
    return f'<ofd:TextObject Boundary="{x} {y - size} 180 {size}" Size="{size}" {more}><ofd:TextCode X="0" Y="{size}" DeltaX="{steps}">{words}</ofd:TextCode></ofd:TextObject>'


def rule(x1, y1, x2, y2):
    return f'<ofd:PathObject Boundary="{x1} {y1} {x2 - x1 + 0.3} {y2 - y1 + 0.3}"><ofd:AbbreviatedData>M 0 0 L {x2 - x1} {y2 - y1}</ofd:AbbreviatedData></ofd:PathObject>'


def ofd(*pages, template="", extra=()):
    buffer = io.BytesIO()
    body = "<ofd:Page {s}>{t}<ofd:Content><ofd:Layer>{c}</ofd:Layer></ofd:Content></ofd:Page>"
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr(
            "OFD.xml",
            f"<ofd:OFD {SPACE}><ofd:DocBody><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>",
        )
        listed = "".join(f'<ofd:Page ID="{i}" BaseLoc="Pages/{i}/Content.xml"/>' for i in range(len(pages)))
        named = '<ofd:TemplatePage ID="9" BaseLoc="Tpls/T.xml"/>' if template else ""
        made.writestr(
            "Doc_0/Document.xml",
            f"<ofd:Document {SPACE}><ofd:CommonData><ofd:PageArea><ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea>{named}</ofd:CommonData><ofd:Pages>{listed}</ofd:Pages></ofd:Document>",
        )
        for i, content in enumerate(pages):
            used = '<ofd:Template TemplateID="9"/>' if template else ""
            made.writestr(f"Doc_0/Pages/{i}/Content.xml", body.format(s=SPACE, t=used, c=content))
        if template:
            made.writestr("Doc_0/Tpls/T.xml", body.format(s=SPACE, t="", c=template))
        for name in extra:
            made.writestr(name, "<x/>")
    return buffer.getvalue()


def read(content):
    blocks, problems = read_ofd(content, "x.ofd")
    return [b.texts if isinstance(b, Grid) else b.text for b in blocks], [p.code for p in problems]


TABLE = "".join([
    *(rule(20, y, 120, y) for y in (50, 60, 70)), *(rule(x, 50, x, 70) for x in (20, 70, 120)),
    text("信息内容", 22, 58), text("件数", 72, 58), text("规章", 22, 68), text("12", 72, 68),
])  # fmt: skip


def test_lines_and_ruled_tables_stand_in_order():
    page = text("一、总体情况", 20, 30) + TABLE + text("全年公开12条。", 20, 90)
    assert read(ofd(page)) == (["一、总体情况", [["信息内容", "件数"], ["规章", "12"]], "全年公开12条。"], [])
    assert parse_document(ofd(page), "x").media_type == "ofd"


def test_a_box_drawn_whole_a_template_and_a_matrix_are_placed_like_the_rest():
    box = '<ofd:PathObject Boundary="20 50 100 20" Stroke="true" Fill="true"><ofd:AbbreviatedData>M 0 0 L 100 0 L 100 20 L 0 20 C</ofd:AbbreviatedData></ofd:PathObject>'
    inner = rule(20, 60, 120, 60) + rule(70, 50, 70, 70) + TABLE[TABLE.index("<ofd:TextObject") :]
    scaled = text("标题", 20, 30, 2.5, 'CTM="2 0 0 2 0 0"')
    assert read(ofd(scaled + inner, template=box))[0] == ["标题", [["信息内容", "件数"], ["规章", "12"]]]


def test_repeated_steps_are_understood():
    line = '<ofd:TextObject Boundary="20 20 180 10" Size="5"><ofd:TextCode X="0" Y="5" DeltaX="g 2 5 2.5 5">公开1条。</ofd:TextCode></ofd:TextObject>'
    assert read(ofd(line))[0] == ["公开1条。"]


def test_pages_of_pictures_damage_and_passwords_are_said():
    picture = '<ofd:ImageObject Boundary="0 0 210 297" ResourceID="1"/>'
    with pytest.raises(ReadError, match="2 pages that are pictures"):
        read_ofd(ofd(picture, picture), "x.ofd")
    assert read(ofd(text("文字。", 20, 20), picture)) == (["文字。"], ["picture"])
    with pytest.raises(ReadError, match="is encrypted"):
        read_ofd(ofd("", extra=["Doc_0/Encryptions.xml"]), "x.ofd")
    with pytest.raises(ReadError, match="damaged OFD"):
        read_ofd(ofd(text("文", 2, 9))[:300], "x.ofd")
    assert read(ofd(text("甲乙。", 20, 20), "<broken")) == (["甲乙。"], ["reader"])
