import pytest

from gongkai.readers.decode import decode, decoded, mend
from gongkai.readers.read import parse_document

TEXT = "云汀市民政局2021年政府信息公开工作年度报告，主动公开政府信息的情况如下。\n全年共收到申请3件，都已办结。\n"


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be", "utf-16"])
@pytest.mark.parametrize("frame", ["{}", "<html><body><p>{}</p></body></html>"])
def test_utf16_is_known_without_its_mark(charset, frame):
    content = frame.format(TEXT).encode(charset)
    assert decode(content) == (frame.format(TEXT), 0)
    assert parse_document(content, "x").media_type == ("txt" if frame == "{}" else "html")


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("gb18030", "utf-8"), ("latin-1", "utf-8"), ("cp1252", "gb18030"), ("latin-1", "gb18030")],
)
def test_a_wrong_decoding_is_undone_and_said(wrong, right):
    content = TEXT.replace("开", "布").replace("一", "壹").encode(right).decode(wrong, errors="ignore")
    if wrong == "cp1252":
        content = "".join(
            chr(b) if b in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else bytes([b]).decode("cp1252")
            for b in TEXT.encode(right)
        )
    text, problems = decoded(content.encode())
    assert "政府信息" in text
    assert "年度报告" in text
    assert [p.code for p in problems] == ["mended"]


def test_what_a_wrong_decoding_lost_stays_lost():
    broken = TEXT.encode().decode("gbk", errors="replace")
    text, _ = mend(broken)
    assert text.count("\ufffd") > 0
    assert "云汀市民政局2021年政府信" in text
    browser = TEXT.encode().replace("开".encode(), b"\0").decode("gbk", errors="replace").replace("\0", "寮€")
    assert "公开政府信息的情况" in mend(browser)[0]


@pytest.mark.parametrize("text", [TEXT, "Ärger über Öl, naïve façade", "漢字だけの文章である", ""])
def test_what_is_right_stays_as_it_is(text):
    assert mend(text) == (text, None)
