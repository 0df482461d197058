import pytest

from gongkai.readers.document import Grid
from gongkai.readers.markup import as_page
from gongkai.readers.read import parse_document

TABLE = [["甲", "甲", "乙"], ["丙", "1", "2"], ["丁", "3", "3"]]
TEXTS = {
    "latex": r"""% 说明
\documentclass{ctexart}
\title{云汀市民政局年度报告}
\begin{document}
\maketitle
\section{总体情况}
公开12条，占98.6\%，
其中图解3条。

\begin{table}[htbp]\centering\setlength{\tabcolsep}{3pt}
\begin{tabular}{|c|p{2cm}|c|}
\hline
\multicolumn{2}{|c|}{甲} & \makecell{乙} \\ \hline
\multirow{1}{*}{丙} & 1 & 2 \\ \hline
丁 & \multicolumn{2}{c|}{3} \\[2pt]
\end{tabular}
\end{table}
\end{document}""",
    "asciidoc": """= 云汀市民政局年度报告
:lang: zh-cn

== 一、总体情况
公开12条，占98.6%，其中图解3条。

[cols="3*"]
|===
2+h|甲 h|乙

|丙 |1
|2

|丁 2+|3
|===""",
    "wiki": """{{文件头|甲}}
'''云汀市民政局年度报告'''
== 一、总体情况 ==
公开12条，占[[百分比|98.6%]]，其中图解3条。
{| class="wikitable"
|+ 表
|-
! colspan="2" | 甲
! 乙
|-
| 丙 || 1
| 2
|-
| 丁
| colspan="2" style="x" | 3
|}""",
}


@pytest.mark.parametrize("kind", TEXTS)
def test_tables_keep_their_spans_and_marks_are_no_text(kind):
    document = parse_document(TEXTS[kind].encode(), "a.txt")
    assert document.media_type == "txt"
    *lines, last = [b for b in document.blocks if not isinstance(b, Grid)], document.blocks[-1]
    assert [line.text for line in lines[0]] == [
        "云汀市民政局年度报告", "一、总体情况", "公开12条，占98.6%，其中图解3条。",
    ]  # fmt: skip
    assert [list(row) for row in last.texts] == TABLE


def test_a_cell_over_rows_leaves_its_place_to_none_of_the_next():
    text = "|===\n.2+|甲 |1 |2\n|3 |4\n|乙 |5 |6\n|==="
    (grid,) = parse_document(text.encode(), "a.adoc").blocks
    assert [list(row) for row in grid.texts] == [["甲", "1", "2"], ["甲", "3", "4"], ["乙", "5", "6"]]


SAID = {
    r"""\section*{一、总体情况}
主动公开\textbf{12}条\footnote{含\emph{栏目}外的。}，
占$98.6\%$，经费3\,万元，A\&B、a\_b。
\subsection{公开渠道}
\begin{itemize}
\item 网站；
\item[（2）] 公众号。
\end{itemize}
\begin{tabular}[t]{|p{2cm}|>{\centering}c|}
\multicolumn{2}{|>{\centering}p{4cm}|}{甲\footnote{注}} \\
乙 & 3\,400 \\
丙 & 7 \\
\end{tabular}""": [
        "一、总体情况", "主动公开12条，占98.6%，经费3万元，A&B、a_b。", "公开渠道", "网站；", "公众号。", "含栏目外的。",
        [["甲", "甲"], ["乙", "3400"], ["丙", "7"]],
    ],
    """{{文件头
|甲=1}}
公开{{数|5}}条{{来源请求|日期=1}}<ref name="a">见附件</ref>。
* 网站；
# 公众号。
{|
|-
| 甲 || {{nowrap|3}}
|-
| 乙 || 4
|}""": ["公开5条。", "网站；", "公众号。", [["甲", "3"], ["乙", "4"]]],
    """公开5条footnote:[见附件]。
* 网站；
. 公众号。
|===
|甲 |3

|乙 |4
|===""": ["公开5条。", "网站；", "公众号。", [["甲", "3"], ["乙", "4"]]],
}  # fmt: skip


@pytest.mark.parametrize("text", SAID)
def test_what_markup_shows_is_read_and_no_more(text):
    blocks = parse_document(text.encode(), "a.txt").blocks
    said = [[*map(list, block.texts)] if isinstance(block, Grid) else block.text for block in blocks]
    assert said == SAID[text]


def test_other_texts_have_no_such_tables_and_huge_spans_are_bounded():
    assert as_page("| 甲 | 乙 |\n|---|---|\n| 1 | 2 |") is None
    blocks = parse_document("|===\n999999999+|甲\n.99999+|乙 |丙\n|===".encode(), "a").blocks
    assert all(len(block.rows) < 1000 for block in blocks if isinstance(block, Grid))


def test_a_long_first_row_goes_on_in_the_next_line():
    text = '[cols="40%,30%,30%",options="header",]\n|===\n|甲甲甲甲 |\n|乙\n\n|丙 |1 |2\n|==='
    (grid,) = parse_document(text.encode(), "a.adoc").blocks
    assert [list(row) for row in grid.texts] == [["甲甲甲甲", "", "乙"], ["丙", "1", "2"]]


def test_a_wiki_text_that_begins_with_a_division_is_no_page():
    text = f'<div class="main">\n<span>全文</span>\n{TEXTS["wiki"].split("{{文件头|甲}}")[1]}\n</div>'
    *_, grid, _ = [*parse_document(text.encode(), "a.wiki").blocks, None]
    assert [list(row) for row in grid.texts] == TABLE
