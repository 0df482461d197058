from gongkai.readers.document import Grid
from gongkai.readers.html import read_html


def texts(page):
    return [b.text for b in read_html(page)[0] if not isinstance(b, Grid)]


def grids(page):
    return [b.texts for b in read_html(page)[0] if isinstance(b, Grid)]


def test_blocks_end_paragraphs_and_inline_tags_do_not():
    assert texts("<div><p>一<b>二</b>三</p>四<br>五<section>六</section></div>") == [
        "一二三",
        "四",
        "五",
        "六",
    ]


def test_scripts_navigation_and_hidden_parts_are_dropped():
    page = """<head><title>t</title></head><nav>首页</nav><script>alert(1)</script><style>p{}</style>
    <p>正文</p><div style="display: none">博彩广告</div><p hidden>隐藏</p><footer>版权</footer>"""
    assert texts(page) == ["正文"]


def test_paragraphs_that_are_wholly_links_are_navigation():
    page = '<ul><li><a href="#1">一、总体情况</a></li></ul><p><a name="x">一、总体情况</a></p><p>见<a href="y">附件</a></p>'
    assert texts(page) == ["一、总体情况", "见附件"]


def test_data_tables_are_grids_and_layout_tables_are_not():
    layout = "<table><tr><td>导航</td><td><p>正文。</p><table><tr><td>a</td><td>b</td></tr><tr><td>1</td><td>2</td></tr></table></td></tr></table>"
    assert grids(layout) == [[["a", "b"], ["1", "2"]]]
    assert texts(layout) == ["导航", "正文。"]
    prose = f"<table><tr><td>x</td><td>{'长' * 500}</td></tr><tr><td>y</td><td>z</td></tr></table>"
    assert grids(prose) == []


def test_a_notes_number_is_none_of_the_figure_before_it():
    note = '<a href="#n1"><sup class="x">[1]</sup></a>'
    assert texts(f"<p>公开12<sup>3</sup>条，图解7{note}条，绿地5km<sup>2</sup>。</p>") == [
        "公开12³条，图解7¹条，绿地5km2。"
    ]
    page = f"<table><tr><td>年</td><td>件</td></tr><tr><td>2022</td><td>7{note}</td></tr></table>"
    assert grids(page) == [[["年", "件"], ["2022", "7¹"]]]


def test_rowspan_and_colspan():
    page = '<table><tr><td rowspan="2">a</td><td colspan="2">b</td></tr><tr><td>c</td><td>d</td></tr></table>'
    assert grids(page) == [[["a", "b", "b"], ["a", "c", "d"]]]


def test_a_raised_digit_behind_a_number_of_a_table_leads_to_a_note():
    page = "<table><tr><td>面积（m<sup>2</sup>）</td><td>2<sup>1</sup></td></tr><tr><td>3<sup>注</sup></td><td>12</td></tr></table>"
    assert grids(page) == [[["面积（m2）", "2¹"], ["3注", "12"]]]


def test_hostile_spans_and_depth_are_survived():
    page = '<table><tr><td colspan="999999999999">a</td><td rowspan="-5">b</td></tr><tr><td>c</td><td>d</td></tr></table>'
    assert len(grids(page)[0][0]) <= 200
    deep = "<div>" * 100_000 + "文" + "</div>" * 100_000
    assert texts(deep) == ["文"]
    assert "opening tags" in read_html(deep)[1][0].message
    assert texts("<div>" * 900 + "文") == ["文"]


def test_unclosed_tags():
    assert texts("<P>一<P>二<TABLE><TR><TD>甲<TD>乙<TR><TD>1<TD>2") == ["一", "二"]


def test_a_text_spelled_letter_by_letter_is_joined_and_numbers_of_other_texts_are_not():
    letters = "\n".join(f"<span>{c}</span>" for c in "公开12条。")
    assert texts(f"<p>{letters}</p><p><b>1</b> <b>2</b></p>") == ["公开12条。", "1 2"]


def test_lines_of_preformatted_text_are_paragraphs():
    assert texts("<pre>一\n二\n</pre><p style='white-space: pre-wrap'>三\n四\n</p><p>五\n六</p>") == [
        "一",
        "二",
        "三",
        "四",
        "五 六",
    ]
    assert grids("<pre>| a | b |\n| - | - |\n| 1 | 2 |\n</pre>") == [[["a", "b"], ["1", "2"]]]


def test_pages_in_frames_and_shadow_roots_are_read_where_the_file_holds_them():
    frame = '<p>甲</p><iframe srcdoc="&lt;p&gt;乙&lt;/p&gt;"></iframe><iframe src="x.html">丙</iframe>'
    assert texts(frame) == ["甲", "乙"]
    assert texts(
        '<div><template shadowrootmode="open"><p>丁</p></template></div><template><p>戊</p></template>'
    ) == ["丁"]
    nested = "<p>x</p>"
    for _ in range(5):
        nested = f'<iframe srcdoc="{nested.replace("&", "&amp;").replace(chr(34), "&quot;")}"></iframe>'
    assert texts(nested) == []


def test_markdown_with_tags_of_its_own_or_with_whole_tables_keeps_its_lines():
    tagged = '<span id="1"></span>\n# 甲局\n\n#### 一、总体情况\n\n公开5条。\n\n| 项<br>目 | 数 | 注 |\n|---|---|---|\n| a | 1 | x |\n\n## 二、其他\n'
    assert texts(tagged) == ["甲局", "一、总体情况", "公开5条。", "二、其他"]
    assert grids(tagged) == [[["项 目", "数", "注"], ["a", "1", "x"]]]
    table = (
        "<html><body><table><tr><td>a</td><td>b</td></tr><tr><td>1</td><td>2</td></tr></table></body></html>"
    )
    framed = f"![](a.jpg)\n\n# 甲局\n\n公开$1 2$ 条。\n\n{table}\n\n二、其他\n"
    assert [text.strip() for text in texts(framed)] == ["甲局", "公开12条。", "二、其他"]
    assert grids(framed) == [[["a", "b"], ["1", "2"]]]


def test_markdown_in_which_a_tool_left_its_tables_keeps_its_lines():
    table = "<table><tr><td><p>a</p></td><td>b</td></tr><tr><td>1</td><td>2</td></tr></table>"
    page = (
        f"甲局年度报告\n------\n\n\u2003\u2003一、总体情况  \n\u2003\u2003公开5条。\n\n{table}\n\n收到3件。\n"
    )
    assert [text.strip() for text in texts(page)][-3:] == ["一、总体情况", "公开5条。", "收到3件。"]
    assert grids(page) == [[["a", "b"], ["1", "2"]]]
    assert texts(f"<html><body>**甲**\n乙{table}") == ["**甲** 乙"]


def test_a_heading_or_title_that_is_a_picture_is_read_by_what_stands_for_it():
    page = '<body><img alt="云汀市水务局2021年政府信息公开工作年度报告"><img alt="标志"><h3><img alt="一、总体情况"></h3><p>甲</p>'
    assert texts(page) == ["云汀市水务局2021年政府信息公开工作年度报告", "一、总体情况", "甲"]


def test_the_articles_title_in_the_head_stands_first_if_the_body_has_none():
    page = '<head><meta name="ArticleTitle" content="甲局 年报"></head><body>{}<p>乙</p>'
    assert texts(page.format("")) == ["甲局 年报", "乙"]
    assert texts(page.format("<h1>甲局年报</h1>")) == ["甲局年报", "乙"]
