"""Lines → paragraphs, by evidence: the one place that joins what a page, a tool or an editor wrapped.

A line goes on in the next where it breaks off: it is as wide as lines of prose are here and ends no sentence,
or it ends with a mark that no paragraph ends with, or the next opens with one that none opens with. What
opens something new is never joined: a heading, a point. Page marks, running heads, and what a browser prints
above and below a page are dropped first, also in the middle of a sentence.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gongkai.report.outline import is_official_heading
from gongkai.text.clean import clean_text
from gongkai.text.grammar import MEASURES, NUMERALS, OPENS_POINT, OPENS_SECTION, PAGE_MARK

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST_WIDTH, WIDEST = 30, 260
"""Columns (a Chinese character has two) between which a text counts as wrapped."""
SLACK = 6
"""Columns by which a wrapped line may differ from the usual width: no line opens with a mark, letters and
digits are narrow."""
SHARE = 0.3
"""Of the longer lines, how many must be as wide for a text to count as wrapped."""
RUNNING = 3
"""Pages on which a line must stand, first or last, to be a running head."""
_ENDS = re.compile(r"[。！？；!?;…][”’」』）)\]】]*\s*$")
_OPENS_LIST = re.compile(r"[：:]\s*$")
_HEADED = re.compile(r"[、.．]\s*[\u4e00-\u9fff]{2,20}\s*")
"""A heading that lost its numeral."""
_OPEN = re.compile(r"[，、,（(《“‘〈]\s*$")
_CONTINUES = re.compile(r"\s*[，。、；：！？,;!?）)》”’〉】%％]")
_PRINTED = re.compile(
    r"\s*(?:(?:\d{4}/\d{1,2}/\d{1,2}|\d{1,2}/\d{1,2}/\d{2,4})\s*,?\s*(?:[上下]午)?\s*\d{1,2}:\d{2}(?::\d{2})?(?:\s*[AP]M)?\b.*"
    r"|(?:https?|file):\S+(?:\s+\d{1,3}\s*/\s*\d{1,3})?)\s*"
)
LONG = 120
"""Characters from which a line may hold several sections."""
_OFFICIAL = re.compile(
    rf"(?:^|(?<=[\s。；：！|]))([{NUMERALS}]\s*[、.．]\s*(?:总体情况|概述|主动公开政府信息(?:情况)?|收到和处理政府信息公开申请(?:的)?情况"
    r"|(?:因)?政府信息公开(?:工作)?(?:被申请|被提起)?行政复议、?(?:提起)?行政诉讼情况"
    r"|(?:政府信息公开工作)?(?:中)?存在的?(?:主要)?(?:问题|不足)(?:及|和|与)(?:其)?改进(?:情况|措施)|其他需要报告的(?:其他)?事项))"
)
_BETWEEN = re.compile(r"(?<=[。！？；：”])\s+")
_FIGURE = re.compile(r"\s*(?:0|[1-9][\d.,]{0,9})%?\s*")
_REST = re.compile(r"\s*[^，。；：]{1,16}\s*")
"""What may be left of a heading on the next line."""
_INDENTED = re.compile(r"[\s\u3000]{4,}\S|\u3000{2}")
_SOFT = str.maketrans("", "", "\u00ad\u200b\ufeff")


@dataclass(frozen=True, slots=True)
class Piece:
    """A line as it stands in the file, or what of it is no table."""

    text: str
    page: int | None
    index: int
    """Of its block in the document."""


def unwrap(pieces: Sequence[Piece]) -> list[Piece]:
    """Join lines to paragraphs; page marks, running heads and a browser's printing are dropped."""
    kept = [p for p in _without_running(pieces) if p.text.strip()]
    full = _full_width([p.text for p in kept])
    joined: list[Piece] = []
    last = ""
    for piece in kept:
        if joined and _goes_on(last, piece.text, full):
            before = joined[-1]
            joined[-1] = Piece(_join(before.text, piece.text), before.page, before.index)
        else:
            joined.append(piece)
        last = piece.text
    return joined


def sections_apart(pieces: Sequence[Piece]) -> list[Piece]:
    """Cut a page in one line at its official titles; what stands before the first is cut at its spaces."""
    apart: list[Piece] = []
    for piece in pieces:
        found = [m for m in _OFFICIAL.finditer(piece.text)]
        if len(piece.text) < LONG or len(found) < 2:
            apart.append(piece)
            continue
        cuts = sorted({at for m in found for at in m.span(1)})
        limits = [0, *cuts, len(piece.text)]
        parts = [piece.text[a:b] for a, b in itertools.pairwise(limits)]
        texts = [*parts[0].split(), *(p for part in parts[1:] for p in _BETWEEN.split(part))]
        apart += [Piece(text, piece.page, piece.index) for text in texts if text.strip()]
    return apart


def columns(text: str) -> int:
    """Return how many columns a text takes: two for a wide character.

    >>> columns("公开2件")
    7
    """
    return len(text) + sum(unicodedata.east_asian_width(c) in "WF" for c in text)


def _without_running(pieces: Sequence[Piece]) -> list[Piece]:
    """Drop page marks, a browser's lines, and lines that stand first or last on several pages."""
    pieces = [p for p in pieces if not PAGE_MARK.fullmatch(p.text) and not _PRINTED.fullmatch(p.text)]
    pages: dict[int, list[str]] = defaultdict(list)
    for piece in pieces:
        if piece.page is not None:
            pages[piece.page].append(piece.text.strip())
    edges = Counter(text for lines in pages.values() for text in {lines[0], lines[-1]})
    running = {text for text, count in edges.items() if count >= RUNNING and len(text) <= 60}
    return [piece for piece in pieces if piece.text.strip() not in running]


def _full_width(texts: Sequence[str]) -> int | None:
    """Return the width at which the text is wrapped, None where it is not.

    Wrapped text has many lines of about one width, hardly any wider, and most of these end inside a sentence.
    """
    widths = [(columns(text.rstrip()), text) for text in texts if not _is_heading(text)]
    long = Counter(width for width, _ in widths if width >= LEAST_WIDTH)
    count = sum(long.values())
    if count < 3:
        return None
    full = max(long, key=lambda w: (sum(long[v] for v in range(w - SLACK, w + SLACK + 1)), w))
    near = [text for width, text in widths if abs(width - full) <= SLACK]
    wider = sum(n for width, n in long.items() if width > full + 2 * SLACK)
    broken = sum(not _ENDS.search(text) for text in near)
    wrapped = full <= WIDEST and len(near) >= max(3, SHARE * count) and wider <= count // 20
    return full if wrapped and broken >= 0.5 * len(near) else None


def _goes_on(line: str, following: str, full: int | None) -> bool:
    """Tell whether a line goes on in the next."""
    is_full = full is not None and columns(line.rstrip()) >= full - SLACK
    if _ENDS.search(line) or (_OPENS_LIST.search(line) and not is_full) or _HEADED.fullmatch(following):
        return False
    if _CONTINUES.match(following):
        return True
    if _is_heading(following) or OPENS_POINT.match(following):
        return False
    if _OPEN.search(line) or _is_cut(line, following) or _is_figure(line, following):
        return True
    if not is_full or _INDENTED.match(following):
        return False
    return not _is_heading(line) or bool(_REST.fullmatch(following))


def _is_heading(text: str) -> bool:
    return bool(OPENS_SECTION.match(text)) or is_official_heading(clean_text(text[:80]))


def _is_cut(line: str, following: str) -> bool:
    """Tell whether a break stands inside a bracket, a quotation or a law's name that the next line closes."""
    for opens, closes in ("《》", "“”", "（）", "()"):
        if line.rfind(opens) > line.rfind(closes):
            end, again = following.find(closes), following.find(opens)
            if 0 <= end < 80 and (again < 0 or end < again):
                return True
    return False


def _is_figure(line: str, following: str) -> bool:
    """Tell whether a tool set a figure inside a sentence on a line of its own."""
    if _FIGURE.fullmatch(following) or _FIGURE.fullmatch(line):
        return True
    return line[-1:].isdigit() and following.strip()[:1] in MEASURES


def _join(line: str, following: str) -> str:
    """Join two lines; a space stays only between words of letters."""
    a, b = line.rstrip().translate(_SOFT), following.strip().translate(_SOFT)
    if a.endswith("-") and a[-2:-1].isascii() and a[-2:-1].isalpha() and b[:1].islower():
        return a[:-1] + b
    spaced = a[-1:].isascii() and a[-1:].isalpha() and b[:1].isascii() and b[:1].isalpha()
    return f"{a} {b}" if spaced else a + b
