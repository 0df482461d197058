import io
import zipfile

import pytest

from gongkai.errors import ReadError
from gongkai.readers.office.odt import read_odt
from gongkai.readers.read import parse_document
from tests.readers.office.test_office import CASES, converted, shown

SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "text", "table", "style", "drawing")
)
STYLES = (
    '<style:style style:name="hide"><style:text-properties text:display="none"/></style:style>'
    '<style:style style:name="below" style:parent-style-name="hide"/>'
    '<text:list-style style:name="L"><text:list-level-style-number style:num-suffix="、" style:num-format="一, 二, 三, ..."/>'
    '<text:list-level-style-number style:num-prefix="（" style:num-suffix="）" style:num-format="1"/></text:list-style>'
)


def odt(body, manifest=""):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        made.writestr("META-INF/manifest.xml", f"<m>{manifest}</m>")
        made.writestr(
            "content.xml",
            f"<office:document-content {SPACES}><office:automatic-styles>{STYLES}</office:automatic-styles>"
            f"<office:body><office:text>{body}</office:text></office:body></office:document-content>",
        )
    return buffer.getvalue()


def p(text, style=""):
    return f'<text:p text:style-name="{style}">{text}</text:p>'


def points(*texts, more=""):
    items = "".join(f"<text:list-item>{text}</text:list-item>" for text in texts)
    return f'<text:list text:style-name="L" {more}>{items}</text:list>'


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (p('公开<text:s text:c="2"/>12<text:span>条</text:span>。'), ["公开  12条。"]),
        ('<text:h text:outline-level="1">一、总体情况</text:h>' + p("甲<text:line-break/>乙"), ["一、总体情况", "甲", "乙"]),
        ("<text:tracked-changes>" + p("删") + "</text:tracked-changes>" + p('留<text:span text:style-name="below">隐</text:span>'), ["留"]),
        (p("正文<text:note><text:note-citation>1</text:note-citation><text:note-body>" + p("注") + "</text:note-body></text:note>续"), ["正文续", "注"]),
        (p("<drawing:frame><drawing:text-box>" + p("框") + "</drawing:text-box></drawing:frame>文"), ["框", "文"]),
        ("<text:table-of-content>" + p("目录") + "</text:table-of-content><text:section>" + p("节") + "</text:section>", ["节"]),
        (points(p("甲"), p("乙") + points(p("子"))) + points(p("丙"), more='text:continue-numbering="true"') + points(p("丁")),
         ["一、甲", "二、乙", "（1）子", "三、丙", "一、丁"]),
    ],
)  # fmt: skip
def test_what_is_printed_is_read_in_order(body, expected):
    assert shown(read_odt(odt(body), "x.odt")) == expected


def test_spans_and_repeated_cells():
    cells = (
        f'<table:table-row><table:table-cell table:number-columns-spanned="2">{p("a")}</table:table-cell><table:covered-table-cell/>'
        f'<table:table-cell table:number-rows-spanned="2">{p("m")}</table:table-cell></table:table-row>'
        f'<table:table-row><table:table-cell table:number-columns-repeated="2">{p("0")}</table:table-cell><table:covered-table-cell/></table:table-row>'
    )
    body = f"<table:table><table:table-header-rows>{cells}</table:table-header-rows></table:table>"
    assert shown(read_odt(odt(body), "x.odt")) == [[["a", "a", "m"], ["0", "0", "m"]]]


def test_it_is_told_from_other_archives_and_a_password_is_named():
    assert parse_document(odt(p("文")), "x.zip").media_type == "odt"
    with pytest.raises(ReadError, match="is encrypted"):
        read_odt(odt(p("文"), "<encryption-data/>"), "x.odt")
    with pytest.raises(ReadError, match="damaged ODT"):
        read_odt(odt(p("文"))[:200], "x.odt")


@pytest.mark.parametrize("case", CASES)
def test_what_libreoffice_writes_reads_like_the_word_file(case, tmp_path):
    word, other = converted(case, "odt", tmp_path)
    assert shown(read_odt(other, "x.odt")) == word
