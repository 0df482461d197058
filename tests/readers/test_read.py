import pytest

from gongkai.errors import ReadError
from gongkai.readers.decode import decode
from gongkai.readers.document import Grid, Paragraph, grid_from_spans
from gongkai.readers.plain import read_text
from gongkai.readers.read import parse_document, read_document

TEXT = "云汀市民政局2021年政府信息公开工作年度报告，主动公开政府信息的情况如下。"


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_charsets_are_recognised_without_a_declaration(charset):
    assert decode(TEXT.encode(charset)) == (TEXT, 0)


def test_big5_is_recognised():
    text = "政府資訊公開年度報告，主動公開的情況如下，共有三件申請。"
    assert decode(text.encode("big5")) == (text, 0)


def test_a_stale_declaration_loses_to_valid_utf8():
    page = f'<meta charset="gb2312"><p>{TEXT}</p>'
    assert TEXT in decode(page.encode())[0]


def test_a_cut_tail_is_no_damage():
    assert decode(TEXT.encode()[:-1]) == (TEXT[:-1], 0)


def test_damage_is_counted():
    text, damage = decode(TEXT.encode("gb18030")[:20] + b"\xff\xff" + TEXT.encode("gb18030")[20:])
    assert damage >= 1
    assert "报告" in text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"  \n ", "is empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "a damaged Word file|gongkai.doc"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "a damaged picture|gongkai.ocr"),
        (b"{\\rtf1 }", "holds no text"),
        (b"PK\x03\x04" + b"\0" * 50, "ZIP archive"),
        (b"\0\1\2\3" * 400, "binary data"),
        (b"%PDF-1.4 nothing more", "damaged PDF"),
    ],
)
def test_what_cannot_be_read_says_why_and_what_to_do(content, said):
    with pytest.raises(ReadError, match=said):
        parse_document(content, "甲.bin")


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(ReadError, match="cannot be read"):
        read_document(tmp_path / "没有.html")
    with pytest.raises(ReadError, match="is a folder"):
        read_document(tmp_path)


def test_pipe_tables_are_grids():
    blocks = read_text("## 标题\n\n| a | b |\n| --- | --- |\n| 1 |  |\n\n后文")
    assert blocks[0] == Paragraph("标题")
    assert isinstance(blocks[1], Grid)
    assert blocks[1].texts == [["a", "b"], ["1", ""]]
    assert blocks[2] == Paragraph("后文")


def test_lines_stay_as_they_are_their_spaces_tell_cells_apart():
    lines = "一、\t总体情况\n行政许可\t31\t+6\t20845\n> 发布日期：2022-01-24"
    texts = [block.text for block in read_text(lines)]
    assert texts == ["一、\t总体情况", "行政许可\t31\t+6\t20845", "发布日期：2022-01-24"]


def test_spans_are_laid_out():
    grid, problem = grid_from_spans([[("a", 2, 1), ("b", 1, 2)], [("c", 1, 1), ("d", 1, 1)]])
    assert not problem
    assert grid.texts == [["a", "b", "b"], ["a", "c", "d"]]
    assert grid.rows[0][0] is grid.rows[1][0]


def test_hostile_spans_are_cut_and_said():
    grid, problem = grid_from_spans([[("a", 10**9, 10**9)]] * 3)
    assert "cut at 200 columns" in problem
    assert (len(grid.rows), len(grid.rows[0])) == (3, 200)


def test_marks_of_markdown_are_no_text():
    """As pandoc and pymupdf4llm write them."""
    lines = '::: {#top}\n[2021]{lang="EN-US"}年公开[12]{.num}条。\n:::\n- 1.公开不够主动。\n<u>注：职能已迁出。</u>'
    table = "|项|数|\n|---|---|\n|行政<br>许可|3<br>4|"
    blocks = read_text(f"{lines}\n{table}\n")
    assert [b.text for b in blocks if isinstance(b, Paragraph)] == [
        "2021年公开12条。", "1.公开不够主动。", "注：职能已迁出。",
    ]  # fmt: skip
    (grid,) = (b for b in blocks if isinstance(b, Grid))
    assert grid.texts[1] == ["行政 许可", "3 4"]
