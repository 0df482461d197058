"""The codebook's portability test as named quantities of a sentence: names, numbers, dates, who acts, done or to be done.

A cue is a yes or no with a name that a reader of the codebook understands (`CUES`), found by shape and by a few
lists (`cues.toml`, the table of divisions); nothing is learned here. The spans that the cues find also give the
*outline* of a sentence: the text with each name, document and number replaced by a mark of its kind, so that a
model learns `⟨place⟩制定⟨document⟩` and not the places of the training text.

All texts of a batch are searched as one string, a pattern at a time.
"""

from __future__ import annotations

import functools
import re
import tomllib
from bisect import bisect_right
from typing import TYPE_CHECKING, Any

import numpy as np

from gongkai.report.places import regions
from gongkai.store.run import bundled

if TYPE_CHECKING:
    from collections.abc import Sequence

    Vector = np.ndarray[Any, np.dtype[Any]]

KINDS = {
    "place": "names a place",
    "unit": "names a unit that not every agency has",
    "local_document": "names a document that is not a national one",
    "national_document": "names a national law or document",
    "coined_quote": "quotes a name or slogan of its own",
    "common_quote": "quotes a slogan in general use",
    "count": "counts with a unit",
    "amount": "gives an amount or a rate",
    "date": "gives a date finer than the year",
    "frequency": "says how often",
    "address": "gives an address, a telephone or a page",
    "number": "holds another number",
}
"""Kinds of span; each is a cue, and the order is that of `MARKS`."""
MARKS = {kind: chr(0xE001 + i) for i, kind in enumerate(KINDS)}
"""The private-use character that stands for a span in an outline."""
FLAGS = {
    "none": "no name, no number, no date",
    "several": "two particulars or more",
    "zero": "says that there was none",
    "earlier_year": "names a year before the report's",
    "later_year": "names a year after the report's",
    "platform": "names a platform, an account or a hotline",
    "award": "a rank, an award or a pilot",
    "event": "an event of its own (issued, held, opened, piloted)",
    "deadline": "sets a deadline",
    "own_actor": "the agency itself acts",
    "about_report": "speaks of the report itself",
    "generic_gap": "admits a generic gap",
    "evaluation": "evaluates without evidence",
    "lead_in": "leads in",
    "point": "opens a numbered point",
    "list_3": "lists three or four things",
    "list_5": "lists five things or more",
    "short": "fewer than 13 characters",
    "middling": "13 to 30 characters",
    "long": "31 to 60 characters",
    "very_long": "more than 60 characters",
    "done": "says that it is done",
    "future": "says that it will be done",
    "continuing": "continuing effort (further, constantly)",
    "lead_done": "its passage was opened as done",
    "lead_future": "its passage was opened as plans",
    "done_in_plans": "says that it is done, in a passage opened as plans",
}
CUES = {**KINDS, **FLAGS}
"""Every cue with what it says; the columns of the block `cues`, in this order."""

_HAN = "\u4e00-\u9fff"
_EDGE = r"(?:(?<=[，、。；：“（《\n和与及由在向对以])|(?<=[一二三四五六七八九十]是))"
_MEASURE = "件次条期场个项人名家篇份批起户台部套处所种类门例宗册张页本位字余万千轮届天年吨里亩座辆站点栏轮班幅块股支栋间级"
_SPAN = re.compile(
    r"《(?P<document>[^》\n]{1,80})》"
    r"|“(?P<quote>[^”\n]{1,40})”"
    r"|(?P<address>(?:https?://|www\.)[\w./?=&%-]+|\d{3,4}[-—－]\d{6,8}|[\w.]+@[\w.]+|邮编[:：]?\d*|联系电话[:：]?\d*)"
    r"|(?P<amount>\d[\d,.]*(?:%|％|‰|[万亿千]?(?:美)?元|个?百分点|倍|分(?![钟类])))"
    r"|(?P<date>(?:(?:19|20)\d\d年|今年|当年|去年|次年|[PYF]年)?(?:\d{1,2}月(?:\d{1,2}日|份|底|初|中旬|上旬|下旬)?|\d{1,2}日)"
    r"|[一二三四]季度|[上下]半年(?!度)|年底前|月底前|[一二三四五六七八九十]{1,3}月(?:底|份|初|中旬)?(?=[^份]))"
    r"|(?P<frequency>(?<!一)每(?:个?[年月周日天]|半[年月]|季度?|个?工作日)|按[月季周日](?!期)|逐[月季周日])"
    r"|(?P<year>(?:19|20)\d\d年)"
    rf"|(?P<count>\d[\d,.]*(?:余|多)?[万亿千百]?(?:余|多)?[{_MEASURE}]|[两二三四五六七八九十百千]{{1,5}}(?:余|多)?[件次条期场人家篇份批起户部册座](?![员民大])|第[一二三四五六七八九十\d]+[期届批次])"
    r"|(?P<number>(?<![A-Za-z])\d[\d,.]*)"
    rf"|{_EDGE}(?P<unit>[省市县区州局镇厅](?:[{_HAN}]{{2,12}}?)(?:局|委|厅|中心|公司|医院|大队|支队|分局|监察室|博物馆|集团|学校|大学)(?![{_HAN}]?长|员))"
    rf"|(?P<place>(?<![{_HAN}])[{_HAN}]{{2,4}}?(?:街道|[县区市镇乡旗])(?![{_HAN}]?长))"
)
_SUFFIX = re.compile("[县区市旗]")
_FLAG_PATTERNS = {
    name: re.compile(pattern)
    for name, pattern in {
        "zero": "(?<![1-9])0[件次人条起宗元]|没有(?:收到|发生|收取|出现|产生|因)|未(?:收到|发生|收取|出现|产生|受理|接到|发现)|无(?:行政|收费|依申请|此类|相关申请)",
        "platform": "公众号|微博|APP|小程序|客户端|热线|头条号|抖音|视频号|12345|信箱",
        "award": "第[一二三四五六七八九十\\d]+名|位[列居]|荣获|表彰|获评|被评|被授予|试点|示范[点区县市单]|优秀|先进单位|排名",
        "event": "印发|出台|制定了|制定《|举办|召开|开展了|开设|新设|设立|开发|打造|创建了?|编制|推出|上线|建成|探索|首创|联合|组织了|发放|赴",
        "deadline": "\\d+个?(?:工作日|小时|天)(?:内|之内)|前完成|前全部|底前|日前",
        "own_actor": "\n(?:\\d+[.、]|[一二三四五六七八九十]是)?(?:我[市县区局委厅镇乡省街旗院校]|本[机单局街]|全[市县区局省镇]|我们)",
        "about_report": "本报告|年度报告|统计期限|电子版|下载|特向社会公布|编制(?:并|而)?",
        "generic_gap": "有待|不够|不足|还需|仍需|欠缺|薄弱|不高|不强|滞后",
        "evaluation": "取得了?(?:一定|明显|良好|较好|积极|新的?|显著)|成效|稳步|有序|扎实|高度重视|切实|全面",
        "lead_in": "[：:]\n",
        "point": "\n(?:[一二三四五六七八九十]+是|[（(][一二三四五六七八九十\\d]+[)）]|\\d{1,2}[.、．]|[一二三四五六七八九十]、|首先|其次|最后|第[一二三四五])",
        "done": "已经?|了|完成|取得|得到|去年|上年|全年|过程中|共[^同性享]|先后|累计",
        "future": "将(?!.{0,12}(?:作为|纳入了|列入了))|下一步|今后|明年|来年|新的一年|下一阶段|下步|拟于|计划于|力争",
        "continuing": "进一步|继续|不断|持续",
    }.items()
}
"""Flags that a pattern finds; \\n stands before and behind every sentence."""
_LEAD = {
    "lead_done": re.compile("(?:已|了|进行|采取)[^将]*$"),
    "lead_future": re.compile("将|下一步|今后|明年|新的一年|下一阶段|下步|打算|改进措施|对策"),
}
_COLUMN = {name: i for i, name in enumerate(CUES)}
_PARTICULARS = (
    "place",
    "unit",
    "local_document",
    "coined_quote",
    "count",
    "amount",
    "date",
    "frequency",
    "number",
    "address",
)


@functools.cache
def _lists() -> dict[str, Any]:
    found = tomllib.loads(bundled("corpus/lexicon/cues.toml").read_text(encoding="utf-8"))
    return {
        "quotes": tuple(found["quotes"]),
        "documents": tuple(found["documents"]),
        "units": tuple(found["units"]),
        "places": tuple(found["places"]),
        "names": frozenset(n for n in regions() if len(n) > 2),
    }


def find_cues(
    texts: Sequence[str],
    *,
    agencies: Sequence[str] | None = None,
    leads: Sequence[str] | None = None,
    years: Sequence[object] | None = None,
) -> tuple[Vector, list[str]]:
    """Return the cues of each sentence, and its outline.

    Args:
        texts: Sentences.
        agencies: Name of each sentence's agency: the places in it are no particulars.
        leads: The sentence that opened each one's passage.
        years: Year of each sentence's report.

    Returns:
        Booleans, sentences × `CUES`; and the outlines, with years left as they are.
    """
    cues = np.zeros((len(texts), len(CUES)), dtype=bool)
    whole = "\n" + "\n".join(t.replace("\n", " ") for t in texts) + "\n"
    lengths = np.fromiter((len(t) for t in texts), np.int64, count=len(texts))
    starts = 1 + np.cumsum(lengths + 1) - (lengths + 1)

    def mark(name: str, at: Vector) -> None:
        if len(at):
            cues[np.searchsorted(starts, at, side="right") - 1, _COLUMN[name]] = True

    bounds = starts.tolist()
    outlines = list(texts)
    rows: dict[int, list[tuple[int, int, str]]] = {}
    for start, end, kind in _spans(whole, bounds, agencies):
        rows.setdefault(bisect_right(bounds, start) - 1, []).append((start, end, kind))
    for row, spans in rows.items():
        here = bounds[row]
        year = years[row] if years is not None else None
        for start, end, kind in spans:
            if kind != "year":
                cues[row, _COLUMN[kind]] = True
            elif isinstance(year, int | float | np.integer | np.floating) and year == year:
                told = int(whole[start : start + 4])
                cues[row, _COLUMN["earlier_year"]] |= told < year
                cues[row, _COLUMN["later_year"]] |= told > year
        outlines[row] = _outline(texts[row], here, spans)
    for name, pattern in _FLAG_PATTERNS.items():
        # A pattern that ends at the line's end marks its own sentence, not the next.
        mark(
            name,
            np.fromiter(
                (max(m.start(), m.end() - 1 - (m[0][-1] == "\n")) for m in pattern.finditer(whole)), np.int64
            ),
        )
    codes = np.frombuffer(whole.encode("utf-32-le", "replace"), dtype=np.uint32)
    commas = np.bincount(
        np.searchsorted(starts, np.flatnonzero(codes == ord("、")), side="right") - 1, minlength=len(texts)
    )
    _derive(cues, lengths, commas)
    if leads is not None:
        _tense(cues, leads)
    return cues, outlines


def _derive(cues: Vector, lengths: Vector, commas: Vector) -> None:
    """Fill the cues that follow from others, and from what can be counted."""
    particulars = cues[:, [_COLUMN[k] for k in _PARTICULARS]].sum(axis=1)
    cues[:, _COLUMN["none"]] = (particulars == 0) & ~cues[:, _COLUMN["zero"]]
    cues[:, _COLUMN["several"]] = particulars > 1
    cues[:, _COLUMN["list_3"]] = (commas >= 2) & (commas < 4)
    cues[:, _COLUMN["list_5"]] = commas >= 4
    for name, low, high in (
        ("short", 0, 12),
        ("middling", 13, 30),
        ("long", 31, 60),
        ("very_long", 61, 10**9),
    ):
        cues[:, _COLUMN[name]] = (lengths >= low) & (lengths <= high)


def _tense(cues: Vector, leads: Sequence[str]) -> None:
    """Say how a sentence's passage was opened."""
    for name, pattern in _LEAD.items():
        known = {lead: pattern.search(lead) is not None for lead in set(leads)}
        cues[:, _COLUMN[name]] = [known[lead] for lead in leads]
    cues[:, _COLUMN["lead_done"]] &= ~cues[:, _COLUMN["lead_future"]]
    cues[:, _COLUMN["done_in_plans"]] = (
        cues[:, _COLUMN["lead_future"]] & cues[:, _COLUMN["done"]] & ~cues[:, _COLUMN["future"]]
    )


def _spans(whole: str, bounds: Sequence[int], agencies: Sequence[str] | None) -> list[tuple[int, int, str]]:
    """Return (start, end, kind) of every name and number of the joined texts, in order, none in another."""
    lists = _lists()
    found: list[tuple[int, int, str]] = []
    covered = 0
    for match in _SPAN.finditer(whole):
        kind, (start, end) = match.lastgroup or "", match.span()
        if kind == "document":
            kind = "national_document" if _is_national(match["document"]) else "local_document"
        elif kind == "quote":
            kind = "common_quote" if match["quote"].startswith(lists["quotes"]) else "coined_quote"
        elif kind == "unit":
            if any(word in match[0] for word in lists["units"]):
                continue
        elif kind == "place" and match[0].endswith(lists["places"]):
            continue
        found += _known_places(whole, covered, start)
        found.append((start, end, kind))
        covered = end
    found += _known_places(whole, covered, len(whole))
    if agencies is None:
        return found
    return [
        span
        for span in found
        if span[2] not in ("place", "unit")
        or whole[span[0] : max(span[1] - 1, span[0] + 2)] not in agencies[bisect_right(bounds, span[0]) - 1]
    ]


def _is_national(name: str) -> bool:
    if re.match(f"[{_HAN}]{{1,6}}[省市县区州]", name):
        return False
    return name.startswith(_lists()["documents"]) or name.endswith(("法", "条例"))


def _known_places(whole: str, start: int, end: int) -> list[tuple[int, int, str]]:
    """Return the places of the table of divisions between two spans, wherever they stand."""
    if end - start < 3:
        return []
    names, found = _lists()["names"], []
    for match in _SUFFIX.finditer(whole, start + 2, end):
        last = match.end()
        for size in (3, 4, 5):
            if last - size >= start and whole[last - size : last] in names:
                found.append((last - size, last, "place"))
                start = last
                break
    return found


def _outline(text: str, here: int, spans: Sequence[tuple[int, int, str]]) -> str:
    pieces, at = [], 0
    for start, end, kind in spans:
        if kind in MARKS and kind != "common_quote":
            pieces += [text[at : start - here], MARKS[kind]]
            at = end - here
    return "".join([*pieces, text[at:]])
