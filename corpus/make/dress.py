"""Dress the authored reports as a site would serve them: corpus/truth/reports/*.md → corpus/raw/.

    pip install reportlab python-docx opencc && python -m corpus.make.dress

Text and dress are apart: this script changes no word of a report except where a dress is known to (a mirror copy in
traditional script with pinyin marks, a hard-wrapped text). It is deterministic; running it again gives the same bytes.
"""

from __future__ import annotations

import hashlib
import html
import io
import random
import shutil
import zipfile
import zlib
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from corpus.make.authored import APPLICANTS, Authored, parse, strip_tags

if TYPE_CHECKING:
    from collections.abc import Callable

    from opencc import OpenCC
    from reportlab.pdfgen.canvas import Canvas
    from reportlab.platypus import SimpleDocTemplate

HERE = Path(__file__).parents[1]
REPORTS = HERE / "truth" / "reports"
RAW = HERE / "raw"
Table = list[list[tuple[str, int, int]]]

HEADS = {
    "2019": {
        "regulations": ("第二十条第（一）项", ["本年新制作数量", "本年新公开数量", "对外公开总数量"]),
        "licences": ("第二十条第（五）项", ["上一年项目数量", "本年增/减", "处理决定数量"]),
        "penalties": ("第二十条第（六）项", ["上一年项目数量", "本年增/减", "处理决定数量"]),
        "fees": ("第二十条第（八）项", ["上一年项目数量", "本年增/减"]),
        "procurement": ("第二十条第（九）项", ["采购项目数量", "采购总金额"]),
    },
    "2021": {
        "regulations": ("第二十条第（一）项", ["本年制发件数", "本年废止件数", "现行有效件数"]),
        "licences": ("第二十条第（五）项", ["本年处理决定数量"]),
        "penalties": ("第二十条第（六）项", ["本年处理决定数量"]),
        "fees": ("第二十条第（八）项", ["本年收费金额（单位：万元）"]),
    },
}
ROW_NAMES = {
    "regulations": "规章", "normative_documents": {"2019": "规范性文件", "2021": "行政规范性文件"},
    "licences": "行政许可", "other_services": "其他对外管理服务事项", "penalties": "行政处罚",
    "coercive_measures": "行政强制", "fees": "行政事业性收费", "procurement": "政府集中采购",
}  # fmt: skip
APPLICANT_NAMES = ["自然人", "商业企业", "科研机构", "社会公益组织", "法律服务机构", "其他"]
REQUEST_ROWS = [
    ("（一）予以公开", [("granted", None)]),
    ("（二）部分公开（区分处理的，只计这一情形，不计其他情形）", [("partly_granted", None)]),
    ("（三）不予公开", [
        ("state_secret", "1.属于国家秘密"), ("prohibited_by_law", "2.其他法律行政法规禁止公开"),
        ("security_stability", "3.危及“三安全一稳定”"), ("third_party", "4.保护第三方合法权益"),
        ("internal_affairs", "5.属于三类内部事务信息"), ("deliberative", "6.属于四类过程性信息"),
        ("enforcement_file", "7.属于行政执法案卷"), ("administrative_query", "8.属于行政查询事项")]),
    ("（四）无法提供", [
        ("not_held", "1.本机关不掌握相关政府信息"), ("would_need_creating", "2.没有现成信息需要另行制作"),
        ("unclear_after_correction", "3.补正后申请内容仍不明确")]),
    ("（五）不予处理", [
        ("petition", "1.信访举报投诉类申请"), ("repeated", "2.重复申请"), ("published_material", "3.要求提供公开出版物"),
        ("excessive_repetition", "4.无正当理由大量反复申请"),
        ("confirm_or_reissue", "5.要求行政机关确认或重新出具已获取信息")]),
]  # fmt: skip
OTHER_2021 = ("（六）其他处理", [
    ("not_corrected_in_time", "1.申请人无正当理由逾期不补正、行政机关不再处理其政府信息公开申请"),
    ("fee_not_paid", "2.申请人逾期未按收费通知要求缴纳费用、行政机关不再处理其政府信息公开申请"), ("other", "3.其他")])  # fmt: skip


def shown(value: int | None, zero: str, *, money: str = "") -> str:
    """Print a cell as the report does."""
    if value is None:
        return ""
    if value == 0 and zero != "0":
        return zero
    if money == "万元head":
        return f"{value / 10000:.6f}".rstrip("0").rstrip(".")
    if money:
        return f"{value / 10000:g}万元" if value % 100 == 0 else f"{value}元"
    return str(value)


def tables_of(report: Authored) -> dict[str, Table]:
    """Lay the three tables out as printed: rows of (text, rowspan, colspan)."""
    form = report.meta["form"]
    if form == "pre-2019":
        return {}
    zero = {"blank": "", "/": "/", "-": "-", "—": "—"}.get(report.meta.get("zero_as", "0"), "0")
    cells = report.printed
    proactive: Table = []
    previous = None
    for row, values in cells["proactive"].items():
        head = next(
            (
                HEADS[form][k]
                for k in (
                    row,
                    {
                        "normative_documents": "regulations",
                        "other_services": "licences",
                        "coercive_measures": "penalties",
                    }.get(row, row),
                )
                if k in HEADS[form]
            ),
            None,
        )
        if head is not previous:
            spans = {1: [3], 2: [1, 2], 3: [1, 1, 1]}[len(head[1])]
            proactive.append([(head[0], 1, 4)])
            proactive.append([("信息内容", 1, 1), *((h, 1, s) for h, s in zip(head[1], spans, strict=False))])
            previous = head
        name = ROW_NAMES[row]
        name = name[form] if isinstance(name, dict) else name
        money = {"fees": "万元head", "procurement": "万元"}.get(row, "")
        printed = [shown(v, zero, money=money if c == "amount_yuan" else "") for c, v in values.items()]
        proactive.append([(name, 1, 1), *((p, 1, s) for p, s in zip(printed, spans, strict=False))])
    columns = (*APPLICANTS, "total")

    def numbers(row: str) -> list[tuple[str, int, int]]:
        return [(shown(cells["requests"][row][c], zero), 1, 1) for c in columns]

    requests: Table = [
        [
            ("（本列数据的勾稽关系为：第一项加第二项之和，等于第三项加第四项之和）", 3, 3),
            ("申请人情况", 1, 7),
        ],
        [("自然人", 2, 1), ("法人或其他组织", 1, 5), ("总计", 2, 1)],
        [(n, 1, 1) for n in APPLICANT_NAMES[1:]],
        [("一、本年新收政府信息公开申请数量", 1, 3), *numbers("new_requests")],
        [("二、上年结转政府信息公开申请数量", 1, 3), *numbers("carried_in")],
    ]
    single = "other_handling" in cells["requests"]
    groups = [*REQUEST_ROWS, ("（六）其他处理", [("other_handling", None)]) if single else OTHER_2021]
    total = sum(len(rows) for _, rows in groups) + 1
    first = True
    for name, rows in groups:
        for i, (key, label) in enumerate(rows):
            line: list[tuple[str, int, int]] = [("三、本年度办理结果", total, 1)] if first else []
            first = False
            if label is None:
                line.append((name, 1, 2))
            else:
                if i == 0:
                    line.append((name, len(rows), 1))
                if form == "2019" and key == "unclear_after_correction" and int(report.meta["year"]) % 2:
                    label = "3.申请内容不明确"
                line.append((label, 1, 1))
            requests.append([*line, *numbers(key)])
    requests.append([("（七）总计", 1, 2), *numbers("total_handled")])
    requests.append([("四、结转下年度继续办理", 1, 3), *numbers("carried_out")])
    outcomes = ["结果维持", "结果纠正", "其他结果", "尚未审结", "总计"]
    disputes: Table = [
        [("行政复议", 1, 5), ("行政诉讼", 1, 10)],
        [*((o, 2, 1) for o in outcomes), ("未经复议直接起诉", 1, 5), ("复议后起诉", 1, 5)],
        [(o, 1, 1) for _ in range(2) for o in outcomes],
        [(shown(v, zero), 1, 1) for block in cells["disputes"].values() for v in block.values()],
    ]
    return {"proactive": proactive, "requests": requests, "disputes": disputes}


Block = tuple[str, object]
"""("title" | "heading" | "sub" | "p", text) or ("table", Table)"""


def blocks_of(report: Authored) -> list[Block]:
    """Lay the report out in reading order, tags removed."""
    tables = tables_of(report)
    blocks: list[Block] = [("title", report.meta["title"])]
    for part in report.parts:
        if part.heading:
            blocks.append(("heading", part.heading))
        for paragraph in part.paragraphs:
            if paragraph.startswith("@table"):
                blocks.append(("table", tables[paragraph.split()[1]]))
            elif paragraph.startswith("## "):
                blocks.append(("sub", strip_tags(paragraph[3:])))
            else:
                blocks.append(("p", strip_tags(paragraph)))
    return blocks


# HTML


def html_table(table: Table, cell: str = "td", inner: str = "{}", attributes: str = ' border="1"') -> str:
    rows = []
    for row in table:
        tds = []
        for text, rowspan, colspan in row:
            spans = (f' rowspan="{rowspan}"' if rowspan > 1 else "") + (
                f' colspan="{colspan}"' if colspan > 1 else ""
            )
            tds.append(f"<{cell}{spans}>{inner.format(html.escape(text, quote=False))}</{cell}>")
        rows.append(f"<tr>{''.join(tds)}</tr>")
    return f"<table{attributes}><tbody>{''.join(rows)}</tbody></table>"


def body(blocks: list[Block], p: str, heading: str, sub: str, table: Callable[[Table], str]) -> str:
    out = []
    for kind, content in blocks:
        if kind == "table":
            out.append(table(content))
        elif kind != "title":
            pattern = {"p": p, "heading": heading, "sub": sub}[kind]
            out.append(pattern.format(html.escape(content, quote=False)))
    return "\n".join(out)


def meta_line(report: Authored) -> str:
    return f"发布时间：{report.meta['published']} 09:{int(report.meta['year']) % 60:02d}"


MARK = '<meta name="description" content="Authored sample of the gongkai corpus; agency, place and figures are invented. CC BY 4.0">'


def dress_trs(report: Authored, blocks: list[Block]) -> bytes:
    inner = body(
        blocks,
        '<p style="text-indent: 2em;">　　{}</p>',
        "<p><strong>　　{}</strong></p>",
        "<p><strong>　　{}</strong></p>",
        lambda t: '<div class="t">' + html_table(t, inner="<p style='text-align:center'>{}</p>") + "</div>",
    )
    title = html.escape(report.meta["title"])
    return f"""<!DOCTYPE html><html><head><meta charset="utf-8">{MARK}<title>{title}-{report.meta["region"]}政务公开</title>
<script>var doc={{id:1,title:"x"}};</script><style>.t{{margin:1em}}</style></head><body>
<div class="header"><ul><li><a href="/">首页</a></li><li><a href="/zwgk/">政务公开</a></li><li><a href="/fw/">政务服务</a></li><li><a href="/hd/">互动交流</a></li></ul></div>
<div class="crumb">当前位置：<a href="/">首页</a> &gt; <a href="/zwgk/">政务公开</a> &gt; <a href="/nb/">政府信息公开年报</a></div>
<h1>{title}</h1><div class="info"><span>{meta_line(report)}</span><span>来源：{report.meta["agency"]}</span><span>浏览次数：<em id="n"></em></span>
<span>字体：【<a href="#">大</a> <a href="#">中</a> <a href="#">小</a>】</span></div>
<div class="TRS_Editor">{inner}</div>
<div class="share">分享到：<a href="#">微信</a> <a href="#">微博</a></div><div><a href="#">【打印本页】</a><a href="#">【关闭窗口】</a></div>
<div class="related"><p>相关链接：</p><ul><li><a href="/a.html">上一年度政府信息公开工作年度报告</a></li></ul></div>
<div class="footer"><p>主办：{report.meta["region"]}人民政府办公室　网站标识码：0000000000</p><p>某ICP备00000000号</p></div></body></html>""".encode()


def dress_zoom(report: Authored, blocks: list[Block]) -> bytes:
    inner = body(
        blocks,
        '<p><span style="font-family:仿宋_GB2312;font-size:16pt">{}</span></p>',
        '<p><span style="font-family:黑体">{}</span></p>',
        '<p><span style="font-family:楷体">{}</span></p>',
        lambda t: html_table(t, inner="<span>{}</span>", attributes=' class="MsoTable"'),
    )
    title = html.escape(report.meta["title"])
    return f"""<html lang="zh"><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"><meta name="ArticleTitle" content="{title}"><meta name="PubDate" content="{report.meta["published"]}">{MARK}
<title>{title}</title></head><body><nav><a href="/">网站首页</a>|<a href="/zw">政务</a></nav>
<table width="100%"><tr><td>索引号：</td><td>000000/{report.meta["year"]}-00001</td><td>主题分类：</td><td>政府信息公开</td></tr>
<tr><td>发文机关：</td><td>{report.meta["agency"]}</td><td>发文日期：</td><td>{report.meta["published"]}</td></tr></table>
<div class="article"><div class="title">{title}</div><div id="zoom">{inner}</div></div>
<div style="display:none">隐藏的广告文字：在线投注平台</div>
<video src="x.mp4">您的浏览器不支持 video 标签</video><footer>版权所有：{report.meta["agency"]} | 联系我们 | 网站地图</footer></body></html>""".encode()


def dress_layout_gbk(report: Authored, blocks: list[Block]) -> bytes:
    inner = body(
        blocks,
        "<P>　　{}",
        "<P><B>{}</B>",
        "<P>　　{}",
        lambda t: html_table(t, inner="<FONT size=2>{}</FONT>"),
    )
    title = html.escape(report.meta["title"])
    text = f"""<HTML><HEAD><META http-equiv=Content-Type content="text/html; charset=gb2312">{MARK}<TITLE>{title}</TITLE></HEAD><BODY>
<TABLE width=900 align=center><TR><TD colspan=2><IMG src="top.jpg"></TD></TR><TR><TD width=180 valign=top><A href="a.htm">信息公开指南</A><BR><A href="b.htm">信息公开目录</A><BR><A href="c.htm">信息公开年报</A></TD>
<TD><TABLE width="100%"><TR><TD align=center><FONT size=5><B>{title}</B></FONT></TD></TR><TR><TD align=center>发布日期：{report.meta["published"]}　　阅读：１２３次</TD></TR>
<TR><TD>{inner}</TD></TR></TABLE></TD></TR><TR><TD colspan=2 align=center>版权所有 {report.meta["agency"]}　地址：某路1号　邮编：000000</TD></TR></TABLE></BODY></HTML>"""
    return text.encode("gb18030")


def dress_word(report: Authored, blocks: list[Block]) -> bytes:
    def spans(text: str) -> str:  # Word cuts digits and characters into runs
        out, run, ascii_run = [], "", False
        for c in text:
            if run and (c.isascii() != ascii_run):
                out.append(f'<span lang="EN-US">{run}</span>' if ascii_run else f"<span>{run}</span>")
                run = ""
            ascii_run = c.isascii()
            run += html.escape(c, quote=False)
        out.append(f'<span lang="EN-US">{run}</span>' if ascii_run else f"<span>{run}</span>")
        return "".join(out)

    out = []
    for kind, content in blocks:
        if kind == "table":
            out.append(html_table(content, inner='<p class="MsoNormal" align="center">{}<o:p></o:p></p>'))
        elif kind != "title":
            out.append(f'<p class="MsoNormal" style="text-indent:32.0pt">{spans(content)}<o:p></o:p></p>')
    title = html.escape(report.meta["title"])
    return f"""<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><meta charset="utf-8">{MARK}<title>信息公开年报</title></head><body>
<div id="top"><a href="/">返回首页</a></div><div class="content_title"><p>{title}</p></div><div class="ly">信息来源：{report.meta["agency"]}　　{meta_line(report)}</div>
<div class="Section1">{chr(10).join(out)}</div><p align="right">{report.meta["agency"]}</p><p align="right">{report.meta["published"][:4]}年{int(report.meta["published"][5:7])}月{int(report.meta["published"][8:])}日</p>
<div class="page">上一篇：没有了</div><div>下一篇：关于开展宣传活动的通知</div></body></html>""".encode()


def dress_br(report: Authored, blocks: list[Block]) -> bytes:
    inner = body(
        blocks,
        "&emsp;&emsp;{}<br/><br/>",
        "<b>&emsp;&emsp;{}</b><br/>",
        "&emsp;&emsp;{}<br/>",
        lambda t: html_table(t) + "<br>",
    )
    title = html.escape(report.meta["title"])
    return f"""<!doctype html><html><head><meta charset="UTF-8">{MARK}<title>{title}</title></head><body><header><div>无障碍浏览 | 繁体 | English</div></header>
<div class="main"><h2>{title}</h2><p class="date">日期：{report.meta["published"]}　来源：本站</p><div class="con">{inner}</div></div>
<div class="qr">扫一扫在手机打开当前页</div><aside>热门推荐</aside></body></html>""".encode()


def dress_p_per_cell(report: Authored, blocks: list[Block]) -> bytes:
    def flat(t: Table) -> str:
        return "\n".join(f"<p>{html.escape(text, quote=False)}</p>" for row in t for text, _, _ in row)

    inner = body(blocks, "<p>{}</p>", "<p>{}</p>", "<p>{}</p>", flat)
    title = html.escape(report.meta["title"])
    return f"""<html><head><meta charset="utf-8">{MARK}<title>{title}</title></head><body><div class="nav"><a href="/">首页</a> &gt; <a href="/x">年报</a></div>
<h3>{title}</h3><p>{meta_line(report)}　　字号：大 中 小</p>{inner}<p>相关附件：</p><p><a href="x.doc">附件下载</a></p></body></html>""".encode()


def dress_section(report: Authored, blocks: list[Block]) -> bytes:
    inner = body(
        blocks,
        '<section><span style="letter-spacing:1px">{}</span></section>',
        "<section><strong>{}</strong></section>",
        "<section><strong>{}</strong></section>",
        lambda t: "<section>" + html_table(t, inner="<section>{}</section>") + "</section>",
    )
    title = html.escape(report.meta["title"])
    return f"""<!DOCTYPE html><html><head><meta charset="utf-8"><meta property="og:title" content="{title}">{MARK}</head><body>
<div id="page-content"><h1 class="rich_media_title">{title}</h1><div id="meta_content"><span>{report.meta["agency"]}</span> <em>{report.meta["published"]}</em></div>
<div id="js_content">{inner}</div></div><div class="tool"><a>收藏</a><a>分享</a></div><script>window.x=1</script></body></html>""".encode()


def dress_contents(report: Authored, blocks: list[Block]) -> bytes:
    links = "".join(
        f'<li><a href="#s{i}">{html.escape(c)}</a></li>' for i, (k, c) in enumerate(blocks) if k == "heading"
    )
    inner = body(blocks, "<div>{}</div>", "<h4>{}</h4>", "<h5>{}</h5>", lambda t: html_table(t, cell="th"))
    title = html.escape(report.meta["title"])
    return f"""<html><head><meta charset="utf-8">{MARK}<title>{title}_年度报告_{report.meta["agency"]}</title></head><body>
<div><ul><li><a href="/">机构职能</a></li><li><a href="/">法定主动公开内容</a></li><li><a href="/">政府信息公开年报</a></li><li><a href="/">依申请公开</a></li></ul></div>
<div class="toc"><p><a href="#t">目录</a></p><ul>{links}</ul></div><div><h2 id="t">{title}</h2><p>成文日期：{report.meta["published"]}</p><article>{inner}</article></div>
<div class="friend"><p>友情链接</p><select><option>其他网站</option></select></div></body></html>""".encode()


PINYIN = {
    "行": "xíng",
    "重": "zhòng",
    "度": "dù",
    "法": "fǎ",
    "会": "huì",
    "处": "chù",
    "种": "zhǒng",
    "长": "zhǎng",
    "应": "yīng",
    "复": "fù",
    "请": "qǐng",
    "数": "shù",
}


def mirrored(text: str, converter: OpenCC, rng: random.Random) -> str:
    """Convert to traditional and put pinyin in brackets behind some ambiguous characters."""
    out = []
    for original, converted in zip(text, converter.convert(text), strict=False):
        out.append(converted)
        if original in PINYIN and original != converted and rng.random() < 0.8:
            out.append(f"({PINYIN[original]})")
    return "".join(out)


def dress_mirror(report: Authored, blocks: list[Block]) -> bytes:
    import opencc

    converter = opencc.OpenCC("s2t")
    rng = random.Random(report.meta["id"])
    lines = [
        mirrored(report.meta["title"], converter, rng),
        f"發(fā)布時間:{report.meta['published']} 08:30 瀏覽量:",
        "字體:",
        "",
    ]
    for kind, content in blocks:
        if kind == "table":
            lines += [mirrored(text, converter, rng) for row in content for text, _, _ in row]
        elif kind == "title":
            lines.append(mirrored(content, converter, rng))
        else:
            halved = str(content).translate(str.maketrans("，：；（）", ",:;()"))
            lines.append(mirrored(halved, converter, rng))
    lines += [
        "",
        "相關(guān)閱讀:",
        "",
        "掃一掃在手機打開當前頁",
        "",
        "主站蜘蛛池模板: 甲安县| 乙宁县| 丙川市| 丁阳县| 戊水市| 己山县|",
    ]
    return "\n\n".join(lines).encode()


def dress_txt(report: Authored, blocks: list[Block]) -> bytes:
    lines = []
    for kind, content in blocks:
        lines += [text for row in content for text, _, _ in row] if kind == "table" else [str(content)]
    return "\r\n".join([lines[0], "", *lines[1:], ""]).encode("utf-8-sig")


def dress_wrapped(report: Authored, blocks: list[Block]) -> bytes:
    """Hard-wrapped at 38 characters, tables as pipes (GB18030)."""
    lines: list[str] = []
    for kind, content in blocks:
        if kind == "table":
            lines += ["| " + " | ".join(cells) + " |" for cells in expand(content)]
            lines.append("")
        else:
            text = ("" if kind in ("title", "heading") else "　　") + str(content)
            lines += [text[i : i + 38] for i in range(0, len(text), 38)]
    return "\n".join(lines).encode("gb18030")


def dress_markdown(report: Authored, blocks: list[Block]) -> bytes:
    lines = []
    for kind, content in blocks:
        if kind == "table":
            rows = expand(content)
            lines += [
                "| " + " | ".join(rows[0]) + " |",
                "|" + " --- |" * len(rows[0]),
                *("| " + " | ".join(r) + " |" for r in rows[1:]),
                "",
            ]
        else:
            lines += [{"title": "# ", "heading": "## ", "sub": "### "}.get(kind, "") + str(content), ""]
    return "\n".join(lines).encode()


def expand(table: Table) -> list[list[str]]:
    """Repeat merged cells."""
    placed: dict[tuple[int, int], str] = {}
    width = 0
    for r, row in enumerate(table):
        c = 0
        for text, rowspan, colspan in row:
            while (r, c) in placed:
                c += 1
            for i in range(rowspan):
                for j in range(colspan):
                    placed[r + i, c + j] = text
            c += colspan
            width = max(width, c)
    return [[placed.get((r, c), "") for c in range(width)] for r in range(len(table))]


# DOCX and PDF


def dress_docx(report: Authored, blocks: list[Block]) -> bytes:
    import docx

    word = docx.Document()
    word.core_properties.comments = (
        "Authored sample of the gongkai corpus; agency, place and figures are invented. CC BY 4.0"
    )
    word.core_properties.created = word.core_properties.modified = datetime(2026, 1, 1)
    for kind, content in blocks:
        if kind == "table":
            rows = expand(content)
            table = word.add_table(len(rows), len(rows[0]))
            taken: set[tuple[int, int]] = set()
            for r, row in enumerate(content):
                c = 0
                for text, rowspan, colspan in row:
                    while (r, c) in taken:
                        c += 1
                    cell = table.cell(r, c)
                    if rowspan * colspan > 1:
                        cell = cell.merge(table.cell(r + rowspan - 1, c + colspan - 1))
                    cell.text = text
                    taken |= {(r + i, c + j) for i in range(rowspan) for j in range(colspan)}
                    c += colspan
        else:
            word.add_paragraph(str(content))
    buffer = io.BytesIO()
    word.save(buffer)
    fixed = io.BytesIO()
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in sorted(
            source.infolist(), key=lambda e: (e.filename != "[Content_Types].xml", e.filename)
        ):
            info = zipfile.ZipInfo(entry.filename, (2026, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, source.read(entry.filename))
    return fixed.getvalue()


def dress_pdf(report: Authored, blocks: list[Block]) -> bytes:
    from reportlab.lib import colors
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.platypus import Paragraph, SimpleDocTemplate
    from reportlab.platypus import Table as PdfTable

    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    base = {"fontName": "STSong-Light", "wordWrap": "CJK"}
    styles = {
        "title": ParagraphStyle("t", fontSize=18, leading=28, alignment=1, **base),
        "heading": ParagraphStyle("h", fontSize=14, leading=26, firstLineIndent=28, **base),
        "sub": ParagraphStyle("s", fontSize=14, leading=26, firstLineIndent=28, **base),
        "p": ParagraphStyle("p", fontSize=14, leading=26, firstLineIndent=28, **base),
        "cell": ParagraphStyle("c", fontSize=8, leading=10, alignment=1, **base),
    }

    def number(canvas: Canvas, document: SimpleDocTemplate) -> None:
        canvas.setFont("STSong-Light", 10)
        canvas.drawCentredString(A4[0] / 2, 36, f"- {document.page} -")

    story = []
    for kind, content in blocks:
        if kind == "table":
            rows = expand(content)
            style = [("GRID", (0, 0), (-1, -1), 0.6, colors.black), ("VALIGN", (0, 0), (-1, -1), "MIDDLE")]
            laid = [["" for _ in rows[0]] for _ in rows]
            taken: set[tuple[int, int]] = set()
            for r, row in enumerate(content):
                c = 0
                for text, rowspan, colspan in row:
                    while (r, c) in taken:
                        c += 1
                    laid[r][c] = Paragraph(html.escape(text), styles["cell"])
                    if rowspan * colspan > 1:
                        style.append(("SPAN", (c, r), (c + colspan - 1, r + rowspan - 1)))
                    taken |= {(r + i, c + j) for i in range(rowspan) for j in range(colspan)}
                    c += colspan
            width = A4[0] - 160
            widths = {
                4: [width / 4] * 4,
                10: [24, 60, width - 84 - 7 * 34, *[34] * 7],
                15: [width / 15] * 15,
            }[len(rows[0])]
            if (
                len(rows[0]) == 10
            ):  # a 25-row span cannot break over pages: print the outer label once per row group
                style = [s for s in style if not (s[0] == "SPAN" and s[1][0] == 0 and s[2][1] - s[1][1] > 8)]
            story.append(
                PdfTable(
                    laid,
                    colWidths=widths,
                    style=style,
                    repeatRows=3 if len(rows[0]) == 10 and int(report.meta["year"]) % 2 else 0,
                )
            )
        else:
            story.append(Paragraph(html.escape(str(content)), styles[kind]))
    buffer = io.BytesIO()
    document = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=80,
        rightMargin=80,
        topMargin=80,
        bottomMargin=72,
        invariant=1,
        title=report.meta["title"],
        subject="Authored sample of the gongkai corpus; invented agency. CC BY 4.0",
    )
    document.build(story, onFirstPage=number, onLaterPages=number)
    return buffer.getvalue()


DRESSES = {
    "trs": (dress_trs, "html"), "pdf": (dress_pdf, "pdf"), "zoom": (dress_zoom, "html"), "docx": (dress_docx, "docx"),
    "layout_gbk": (dress_layout_gbk, "htm"), "txt": (dress_txt, "txt"), "word": (dress_word, "html"),
    "br": (dress_br, "html"), "mirror": (dress_mirror, "txt"), "p_per_cell": (dress_p_per_cell, "html"),
    "section": (dress_section, "html"), "wrapped": (dress_wrapped, "txt"), "contents": (dress_contents, "html"),
    "markdown": (dress_markdown, "md"),
}  # fmt: skip


def main() -> None:
    """Dress every report; which dress it gets depends on its agency and year only."""
    names = list(DRESSES)
    paths = sorted(REPORTS.glob("*.md"))
    reports = [parse(path) for path in paths]
    if RAW.exists():
        shutil.rmtree(RAW)
    RAW.mkdir()
    for report in reports:
        slug, year = report.path.stem.rsplit("-", 1)
        name = names[(zlib.crc32(slug.encode()) + int(year)) % len(names)]
        blank = None in [v for rows in report.printed.values() for row in rows.values() for v in row.values()]
        if (blank or report.meta.get("zero_as") == "blank") and name in ("txt", "mirror", "p_per_cell"):
            name = "trs"  # flattening loses blank cells: nobody could read them back
        dress, ending = DRESSES[name]
        folder = RAW / slug
        folder.mkdir(exist_ok=True)
        (folder / f"{year}.{ending}").write_bytes(dress(report, blocks_of(report)))
    digest = hashlib.sha256(
        b"".join(p.read_bytes() for p in sorted(RAW.rglob("*")) if p.is_file())
    ).hexdigest()
    print(f"{len(reports)} reports in {RAW}, {len({n for n in names})} dresses, digest {digest[:16]}")


if __name__ == "__main__":
    main()
