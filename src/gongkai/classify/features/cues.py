"""The codebook's portability test as named quantities of a sentence: names, numbers, dates, who acts, tense.

A cue is a yes or no with a name that a reader of the codebook understands (`CUES`), found by shape and by
lists (`cues.toml`, the table of divisions); nothing is learned here. The spans that the cues find also give
the *outline* of a sentence, the text with each name, document and number replaced by a mark of its kind, so
that a model learns `[place]制定[document]` and not the places of the training text.

All texts of a batch are searched as one string, a pattern at a time.
"""

from __future__ import annotations

import functools
import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gongkai.report.places import regions
from gongkai.text.grammar import DIGITS_OF_YEAR, NUMERALS, YEAR_TOLD
from gongkai.text.lexicon import table

if TYPE_CHECKING:
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
}
TENSE = {
    "earlier_year": "names a year before the report's",
    "later_year": "names a year after the report's",
    "done": "says that it is done",
    "future": "says that it will be done",
    "continuing": "continuing effort (further, constantly)",
    "lead_done": "its passage was opened as done",
    "lead_future": "its passage was opened as plans",
    "done_in_plans": "says that it is done, in a passage opened as plans",
}
CUES = {**KINDS, **FLAGS, **TENSE}
"""Every cue with what it says: those of portability, then those of tense."""
PORTABILITY = len(KINDS) + len(FLAGS)
"""How many of the cues are of portability."""

_HAN = "\u4e00-\u9fff"
_EDGE = rf"(?:(?<=[，、。；：“（《\n和与及由在向对以])|(?<=[{NUMERALS}]是))"
_MEASURE = "件次条期场个项人名家篇份批起户部台套处所种类门例宗册张页本位轮届天吨里亩座辆站点栏班幅块支间级"
_BODY = "局|委|厅|中心|公司|医院|[大支]队|分局|监察室|博物馆|集团|学校|大学"
_PATTERNS = {
    "document": "《(?P<title>[^》\n]{1,80})》",
    "quote": "“(?P<quoted>[^”\n]{1,40})”",
    "address": r"(?:https?://|www\.)[\w./?=&%-]+|\d{3,4}[-—－]\d{6,8}|[\w.]+@[\w.]+"
    r"|(?:邮编|联系电话)[:：]?\d*",
    "amount": r"\d[\d,.]*(?:%|％|‰|[万亿千]?美?元|个?百分点|倍|分(?![钟类]))",
    "date": rf"(?:{DIGITS_OF_YEAR}年|[今当去次]年)?"
    rf"(?:\d{{1,2}}月(?:\d{{1,2}}日|份|底|初|[中上下]旬)?|\d{{1,2}}日)"
    rf"|[{NUMERALS[:4]}]季度|[上下]半年(?!度)|[年月]底前|[{NUMERALS}]{{1,3}}月(?:底|份|初|中旬)?(?=[^份])",
    "frequency": r"(?<!一)每(?:个?[年月周日天]|半[年月]|季度?|个?工作日)|按[月季周日](?!期)|逐[月季周日]",
    "year": rf"{DIGITS_OF_YEAR}年",
    "count": rf"\d[\d,.]*[余多]?[万亿千百]?[余多]?[{_MEASURE}]"
    r"|[两二三四五六七八九十百千]{1,5}[余多]?[件次条期场人家篇份批起户部册座](?![员民大分])"
    rf"|第[{NUMERALS}\d]+[期届批次]",
    "number": r"(?<![A-Za-z])\d[\d,.]*",
    "unit": rf"{_EDGE}[省市县区州局镇厅][{_HAN}]{{2,12}}?(?:{_BODY})"
    rf"(?![{_HAN}]?长|员)",
    "place": rf"(?<![{_HAN}])[{_HAN}]{{2,4}}?(?:街道|[县区市镇乡旗])(?![{_HAN}]?长)",
}
LONGEST = 2000
"""Characters of a sentence that are looked at; the longest real ones have some 500."""
_SPAN = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _PATTERNS.items()))
"""What is tried first wins; `year` is no particular and only told from a date."""
_JOINED = re.compile("[和与及的各全是等为将把由]")
_SUFFIX = re.compile("[县区市旗]")
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
    found = table("cues")
    return {
        "slogans": tuple(found["quotes"]),
        "aspects": tuple(found["aspects"]),
        "documents": tuple(found["documents"]),
        "units": tuple(found["units"]),
        "places": tuple(found["places"]),
        "flags": {name: re.compile(rule["pattern"]) for name, rule in found["flags"].items()},
        "leads": {name: re.compile(rule["pattern"]) for name, rule in found["leads"].items()},
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
    texts = [text[:LONGEST] for text in texts]
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
        for start, _, kind in spans:
            if kind != "year":
                cues[row, _COLUMN[kind]] = True
            elif isinstance(year, int | float | np.integer | np.floating) and year == year:
                told = int(whole[start : start + 4])
                cues[row, _COLUMN["earlier_year"]] |= told < year
                cues[row, _COLUMN["later_year"]] |= told > year
        outlines[row] = _outline(texts[row], here, spans)
    for name, pattern in _lists()["flags"].items():
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
        _tense(cues, leads, years or [None] * len(leads))
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


def _tense(cues: Vector, leads: Sequence[str], years: Sequence[object]) -> None:
    """Say how a sentence's passage was opened: as done, or as plans (a later year is one too)."""
    pairs = list(zip(leads, years, strict=True))
    known = {}
    for lead, year in dict.fromkeys(pairs):
        done, future = (rule.search(lead) is not None for rule in _lists()["leads"].values())
        later = isinstance(year, int | float) and any(int(y) > year for y in YEAR_TOLD.findall(lead))
        known[lead, year] = (done and not (future or later), future or later)
    opened = np.array([known[pair] for pair in pairs], bool).reshape(-1, 2)
    cues[:, _COLUMN["lead_done"]], cues[:, _COLUMN["lead_future"]] = opened.T
    cues[:, _COLUMN["done_in_plans"]] = opened[:, 1] & cues[:, _COLUMN["done"]] & ~cues[:, _COLUMN["future"]]


def _spans(whole: str, bounds: Sequence[int], agencies: Sequence[str] | None) -> list[tuple[int, int, str]]:
    """Return (start, end, kind) of every name and number of the joined texts, in order, none in another."""
    lists = _lists()
    found: list[tuple[int, int, str]] = []
    covered = 0
    for match in _SPAN.finditer(whole):
        kind, (start, end) = match.lastgroup or "year", match.span()
        if kind == "document":
            kind = "national_document" if _is_national(match["title"]) else "local_document"
        elif kind == "quote":
            name = match["quoted"]
            common = name.startswith(lists["slogans"]) or name in lists["aspects"]
            kind = "common_quote" if common else "coined_quote"
        elif kind == "unit":
            if any(word in match[0] for word in lists["units"]):
                continue
        elif kind == "place":
            if match[0].endswith(lists["places"]) or _JOINED.search(match[0], 1):
                continue
            # 会同长沙县: what stands before a known name is not of it.
            start = next(
                (end - n for n in (3, 4, 5) if whole[max(start, end - n) : end] in lists["names"]), start
            )
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
