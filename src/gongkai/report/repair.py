"""Lines → lines: headings set on lines of their own and digits joined, before the outline is looked for."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from gongkai.report.outline import MAX_HEADING, Line, is_final, is_statutory_title
from gongkai.text.grammar import NUMERALS, ORDINAL_ALONE

_YEAR_APART = re.compile(r"(?:1(?<!\d1) 9|2(?<!\d2) 0) \d \d(?! ?\d)")
_FIRST = re.compile(r"\A[—–－] ?、")
"""An ordinal of which a recogniser made a dash."""
_ADJOINING = re.compile(r"\d\d")
_GAP = re.compile(r"(?<=\d) (?=\d)")
_INSIDE = re.compile(rf"[。；：！]\s*(?=[{NUMERALS}]{{1,2}}、([^。；，：！？]{{2,30}})[。：\s])")


def repair_lines(lines: Sequence[Line]) -> list[Line]:
    """Join an ordinal to the title on the next line, and cut a paragraph that holds several sections."""
    lines = [Line(_FIRST.sub("一、", text), page) for text, page in lines]
    return [piece for line in _joined(_with_digits_joined(lines)) for piece in _cut(line)]


def _with_digits_joined(lines: Sequence[Line]) -> Sequence[Line]:
    """Join digits where a page sets all apart: a year in a sentence is, and no two of the line adjoin."""
    apart = [line.text for line in lines if "1 9 " in line.text or "2 0 " in line.text]
    if not any(_YEAR_APART.search(text) and is_final(text) for text in apart):
        return lines
    return [
        line if _ADJOINING.search(line.text) else Line(_GAP.sub("", line.text), line.page) for line in lines
    ]


def _joined(lines: Sequence[Line]) -> list[Line]:
    joined: list[Line] = []
    waiting: Line | None = None
    for line in lines:
        if waiting is not None:
            if len(line.text) <= MAX_HEADING and not is_final(line.text):
                line = Line(waiting.text + line.text, waiting.page)
            else:
                joined.append(waiting)
            waiting = None
        if ORDINAL_ALONE.fullmatch(line.text):
            waiting = line
        else:
            joined.append(line)
    if waiting is not None:
        joined.append(waiting)
    return joined


def _cut(line: Line) -> list[Line]:
    """Cut before each official title inside a paragraph, if there are two; one alone may be a mention."""
    cuts = [m.end() for m in _INSIDE.finditer(line.text) if is_statutory_title(m[1])]
    if len(cuts) < 2:
        return [line]
    limits = [0, *cuts, len(line.text)]
    pieces = (line.text[a:b].strip() for a, b in itertools.pairwise(limits))
    return [Line(piece, line.page) for piece in pieces if piece]
