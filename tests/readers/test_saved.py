import json
import plistlib
from email.message import EmailMessage

import pytest

from gongkai.errors import ReadError
from gongkai.readers.read import parse_document

PAGE = "<html><body><p>云汀市民政局年度报告</p></body></html>"


def texts(content, name="x"):
    document = parse_document(content, name)
    return [b.text for b in document.blocks], document.media_type, document.url


def resource(page, url="http://a.gov.cn/1.html"):
    return {"WebMainResource": {"WebResourceData": page.encode(), "WebResourceMIMEType": "text/html", "WebResourceURL": url}}  # fmt: skip


@pytest.mark.parametrize("form", [plistlib.FMT_BINARY, plistlib.FMT_XML])
def test_a_safari_web_archive_is_read_and_of_its_frames_the_fullest(form):
    whole = plistlib.dumps(
        {**resource("<p>栏</p>"), "WebSubframeArchives": [resource(PAGE), resource("<p>x</p>")]}, fmt=form
    )
    assert texts(whole) == (["云汀市民政局年度报告"], "html", "http://a.gov.cn/1.html")
    with pytest.raises(ReadError, match="damaged web archive"):
        parse_document(whole[:-40], "x.webarchive")


def test_an_mht_archive_is_read_and_of_its_frames_the_fullest():
    parts = "".join(
        f"--b\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{page}\n"
        for page in ("<p>栏</p>", PAGE)
    )
    head = 'From: <Saved by Blink>\nSnapshot-Content-Location: https://a.gov.cn/2.html\nContent-Type: multipart/related; boundary="b"\n\n'
    assert texts(f"{head}{parts}--b--".encode()) == (
        ["云汀市民政局年度报告"],
        "html",
        "https://a.gov.cn/2.html",
    )


@pytest.mark.parametrize("kind", ["html", "plain"])
def test_a_mail_is_read_and_what_hangs_on_it_is_said(kind):
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "办公室 <a@example.org>", "年报"
    mail.set_content(
        PAGE if kind == "html" else "云汀市民政局年度报告\n正文。", subtype=kind, cte="quoted-printable"
    )
    read = ["云汀市民政局年度报告"] if kind == "html" else ["云汀市民政局年度报告", "正文。"]
    assert texts(mail.as_bytes())[0] == read
    mail.add_attachment(b"%PDF-", maintype="application", subtype="pdf", filename="年报.pdf")
    (problem,) = parse_document(mail.as_bytes(), "x.eml").problems
    assert "1 attached files were not read" in problem.message
    assert texts(mail.as_bytes())[0] == read


def test_of_a_mail_the_far_longer_part_is_read():
    for plain, page, read in (
        ("云汀市民政局年度报告\n公开9条。", "<p>见正文</p>", "云汀市民政局年度报告"),
        ("见正文。", PAGE, "云汀市民政局年度报告"),
        ("云汀市民政局年度报告（正文）", PAGE, "云汀市民政局年度报告"),
    ):
        mail = EmailMessage()
        mail.set_content(plain)
        mail.add_alternative(page, subtype="html")
        assert texts(mail.as_bytes())[0][0] == read


def test_a_smaller_than_sign_makes_no_page_of_a_json_text():
    content = json.dumps({"content": "受理<5件，\n办结>4件。"}, ensure_ascii=False).encode()
    assert texts(content)[0] == ["受理<5件，", "办结>4件。"]


def test_the_elements_of_a_tool_that_parses_documents_are_one_document():
    table = "<table><tr><td>甲</td><td>乙</td></tr><tr><td>1</td><td>2</td></tr></table>"
    said = ["云汀市民政局年度报告", "一、总体情况", "公开9条。", "收到申请2件。"]
    elements = [{"type": "Text", "text": text, "metadata": {"languages": ["zho"]}} for text in said]
    for held in ({"metadata": {"text_as_html": table}}, {"table_body": table}):
        content = json.dumps([*elements, {"type": "table", "text": "甲 乙 1 2", **held}]).encode()
        *paragraphs, grid = parse_document(content, "x.json").blocks
        assert [b.text for b in paragraphs] == said
        assert [list(row) for row in grid.texts] == [["甲", "乙"], ["1", "2"]]


def test_a_table_of_elements_is_one_document():
    said = 'type,text,element_id,text_as_html\nTitle,云汀市民政局年度报告,a,\nText,"公开9条，\n共2类。",b,\nText,收到申请2件。,d,\nText,完。,e,\n'
    table = "Table,甲 乙,c,<table><tr><td>甲</td><td>乙</td></tr><tr><td>1</td><td>2</td></tr></table>\n"
    title, line, *_, grid = parse_document((said + table).encode(), "x.csv").blocks
    assert (title.text, line.text) == ("云汀市民政局年度报告", "公开9条，")
    assert [list(row) for row in grid.texts] == [["甲", "乙"], ["1", "2"]]


def test_a_table_of_elements_whose_cells_are_elements():
    cells = [
        ("1", "1", "2", "甲"),
        ("2", "1", "1", "丙"),
        ("1", "2", "0", "NA"),
        ("2", "2", "1", "5"),
        ("3", "1", "1", "丁"),
        ("3", "2", "1", "NA"),
    ]
    rows = [f'2,"table cell",{text},{row},{cell},{wide}' for row, cell, wide, text in cells]
    head = '"doc_index","content_type","text","row_id","cell_id","col_span"\n1,"paragraph","云汀市年度报告",NA,NA,NA\n'
    title, grid = parse_document((head + "\n".join(rows)).encode(), "x.csv").blocks
    assert title.text == "云汀市年度报告"
    assert [list(row) for row in grid.texts] == [["甲", "甲"], ["丙", "5"], ["丁", ""]]


@pytest.mark.parametrize(
    "comment",
    [
        "<!-- saved from url=(0025)https://a.gov.cn/3.html -->",
        "<!--\n Page saved with SingleFile \n url: https://a.gov.cn/3.html \n saved date: x\n-->",
    ],
)
def test_a_saved_page_says_where_it_is_from(comment):
    picture = f"<img src=data:image/png;base64,{'A' * 9999}>"
    page = PAGE.replace("<html>", f"<!DOCTYPE html><html>{comment}").replace("</p>", f"</p>{picture}")
    assert texts(page.encode()) == (["云汀市民政局年度报告"], "html", "https://a.gov.cn/3.html")
    assert texts(PAGE.encode())[2] is None
