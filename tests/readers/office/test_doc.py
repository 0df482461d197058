"""Legacy Word: an authored file, and what is left of it when it is damaged."""

import importlib.util
import struct

import pytest

from gongkai.errors import ReadError
from gongkai.readers.document import Grid, Paragraph
from gongkai.readers.office import doc
from gongkai.readers.office.doc import read_doc
from tests.conftest import DATA

CONTENT = (DATA / "variations" / "13-legacy.doc").read_bytes()
SENTENCE = "公开堤防巡查结果31次。"
needs_extra = pytest.mark.skipif(not doc.available(), reason="the extra for legacy Word is not installed")


def edited(folder, stream, edit):
    """Return the authored file with one of its streams changed by `edit` (bytes of the same length)."""
    import olefile

    path = folder / "edited.doc"
    path.write_bytes(CONTENT)
    with olefile.OleFileIO(path, write_mode=True) as ole:
        ole.write_stream(stream, edit(ole.openstream(stream).read()))
    return path.read_bytes()


def renamed(old, new):
    """Return the authored file with a stream under another name."""
    entry = CONTENT.index(old.encode("utf-16-le"))
    name = new.encode("utf-16-le").ljust(64, b"\0") + struct.pack("<H", 2 * len(new) + 2)
    return CONTENT[:entry] + name + CONTENT[entry + 66 :]


@needs_extra
def test_paragraphs_and_tables_stand_in_reading_order():
    blocks, problems = read_doc(CONTENT, "x.doc")
    assert problems == []
    assert blocks[0] == Paragraph("芦屿市堤防管理处2021年政府信息公开工作年度报告")
    assert [isinstance(b, Grid) for b in blocks] == [False] * 6 + [True, False, True] + [False] * 4
    assert blocks[2] == Paragraph(SENTENCE)


@needs_extra
def test_merged_cells_stand_once_and_cover_their_places():
    first, second = (b for b in read_doc(CONTENT, "x.doc")[0] if isinstance(b, Grid))
    assert {len(row) for row in first.rows} == {10}
    assert first.texts[3][2:] == ["一、本年新收政府信息公开申请数量", "6", "2", "0", "1", "0", "0", "9"]
    results = first.rows[5][0]
    assert results.text == "三、本年度办理结果"
    assert [row[0] is results for row in first.rows] == [False] * 5 + [True] * 22 + [False]
    assert second.rows[0][0] is second.rows[0][4]
    assert second.texts[-1][:5] == ["0", "1", "0", "0", "1"]


@needs_extra
def test_field_codes_are_dropped_their_results_kept_and_soft_breaks_end_a_line(tmp_path):
    printed = "\x13H\x14公开31\x15次\x0b完。"
    assert len(printed) == len(SENTENCE)
    old, new = SENTENCE.encode("utf-16-le"), printed.encode("utf-16-le")
    content = edited(tmp_path, "WordDocument", lambda stream: stream.replace(old, new))
    assert read_doc(content, "x.doc")[0][2:4] == [Paragraph("公开31次"), Paragraph("完。")]


@needs_extra
def test_an_encrypted_file_says_what_to_do(tmp_path):
    def encrypt(stream):
        (flags,) = struct.unpack_from("<H", stream, 0x0A)
        return stream[:0x0A] + struct.pack("<H", flags | 0x0100) + stream[0x0C:]

    with pytest.raises(ReadError, match=r"^x\.doc: is encrypted; remove the password first$"):
        read_doc(edited(tmp_path, "WordDocument", encrypt), "x.doc")


@needs_extra
@pytest.mark.parametrize(("name", "kind"), [("Workbook", "Excel"), ("Book", "Excel"), ("Other", "Office")])
def test_another_office_file_is_named(name, kind):
    with pytest.raises(ReadError, match=rf"^x\.doc: a legacy {kind} file, no Word document$"):
        read_doc(renamed("WordDocument", name), "x.doc")


@needs_extra
@pytest.mark.parametrize(
    "content",
    [b"", b"no compound file", CONTENT[:600], CONTENT[:8] + b"\xff" * 5000, renamed("1Table", "2Table")],
    ids=["empty", "text", "head only", "garbage", "no table stream"],
)
def test_a_damaged_file_is_one_line_that_says_what_to_do(content):
    with pytest.raises(ReadError, match=r"^x\.doc: a damaged Word file.*save it as DOCX or PDF$"):
        read_doc(content, "x.doc")


@needs_extra
@pytest.mark.parametrize("stream", ["WordDocument", "1Table"])
@pytest.mark.parametrize("fill", [b"\0", b"\xff", b"\x7f"])
def test_streams_of_garbage_are_refused(tmp_path, stream, fill):
    with pytest.raises(ReadError, match=r"^x\.doc: .*") as caught:
        read_doc(edited(tmp_path, stream, lambda old: fill * len(old)), "x.doc")
    assert "\n" not in str(caught.value)


@needs_extra
def test_a_file_that_was_cut_off_is_refused():
    for cut in range(0, len(CONTENT), 4999):
        with pytest.raises(ReadError, match=r"^cut\.doc: a damaged Word file"):
            read_doc(CONTENT[:cut], "cut.doc")


@needs_extra
def test_text_that_lies_beyond_the_end_is_counted(tmp_path):
    """The one piece of the file's text is said to begin 100 characters before the end of its stream."""
    length, size = 1202, 22063
    start = struct.pack("<ii", 0, length)

    def move(table):
        at = table.rindex(start) + len(start) + 2
        return table[:at] + struct.pack("<I", size - 200) + table[at + 4 :]

    _, problems = read_doc(edited(tmp_path, "1Table", move), "x.doc")
    assert problems[-1].message.startswith("1102 of 1202 characters lie beyond the end of the file")


def test_without_the_extra_the_message_tells_how_to_install_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert not doc.available()
    with pytest.raises(ReadError, match=r'^x\.doc: .*pip install "gongkai\[doc\]"'):
        read_doc(CONTENT, "x.doc")
