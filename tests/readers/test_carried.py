import json
import urllib.parse

import pytest

from gongkai.readers.html import read_html

PAGE = "<p>云汀市民政局2021年政府信息公开工作年度报告</p><p>一、总体情况</p><p>全年主动公开政府信息12条，收到申请3件，都已按期办结，没有复议和诉讼，也没有收费的情况。</p>"
SHOWN = ["云汀市民政局2021年政府信息公开工作年度报告", "一、总体情况"]


def texts(page):
    return [b.text for b in read_html(page)[0]]


@pytest.mark.parametrize(
    "page",
    [
        f"<textarea>{PAGE}</textarea>",
        f"<textarea style='display:none'>{PAGE.replace('<', '&amp;lt;').replace('>', '&amp;gt;')}</textarea>",
        f"<textarea>{PAGE.replace('<p>', '').replace('</p>', chr(10))}</textarea>",
        f"<script>var body = {json.dumps(PAGE)};</script>",
        f"<script>var body = '{PAGE}'; show(body)</script>",
        f"<script>show(decodeURIComponent('{urllib.parse.quote(PAGE)}'))</script>",
        f"<div style='visibility: hidden; opacity: 0'>{PAGE}</div>",
        f"<p>首页</p><script>window.data = {{text: `{PAGE}`}}</script>",
    ],
)
def test_what_a_script_puts_in_place_is_read(page):
    found = texts(page)
    assert [t for t in found if t != "首页"][:2] == SHOWN


def test_what_the_page_shows_itself_is_not_read_twice():
    assert texts(f"{PAGE}<script>var copy = '{PAGE}';</script>") == texts(PAGE)
    assert texts(f"{PAGE}<div style='visibility:hidden'>{PAGE[:40]}</div>") == texts(PAGE)
    assert texts(f"<p>正文</p><script>var a = '{'x' * 5000}', b = '短';</script>") == ["正文"]
