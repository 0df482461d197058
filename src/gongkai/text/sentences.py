"""Section text → sentence spans, by the codebook's rule for quasi-sentences.

A sentence ends at 。！？； (full- or half-width) outside 《》 “” （）, and before an enumerator that opens a
new point (一是, （一）, 1., ①, 首先) at the start or behind 。！？；，：、.
"""

from __future__ import annotations

import itertools
import re

from gongkai.text.grammar import NUMERALS, POINT

_OPEN = "《“（(〔【「‘"
_CLOSE = "》”）)〕】」’"
_ENDS = "。！？!?；;"
_BRACKET = re.compile(f"[\n{_OPEN}{_CLOSE}]")
_END = re.compile(f"[\n{_ENDS}]")

_MARKS = _ENDS + _CLOSE + _OPEN + "，,、：: .·"
_WORD = re.compile(rf"[^{re.escape(_MARKS)}\s\d{NUMERALS}．①-⑳⑴-⒇㈠-㈩第其是要则来首先次再者最后]")
"""A character that neither an enumerator nor a mark has."""
# Points that may follow a comma or a colon inside a sentence.
_POINT = re.compile(rf"(?<![^。！？!?；;，,：:、\n]){POINT.pattern}")
# （一） and 1. after a comma also stand inside law citations (第二十条第（一）项) and dates, never behind
# these marks alone; 、 is only followed by a new point for 一是-like and bracketed enumerators.
_REFERENCE = re.compile(r"[第条款至和及与]\s*$")
# A quotation or bracket that is never closed must not swallow the rest of the section.
MAX_NESTED = 400


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Return the (start, end) of each sentence, without the white space around it.

    Args:
        text: Cleaned text of a section; a newline is a paragraph's end and always ends a sentence.

    >>> text = "存在一些问题：一是人手不足，二是《条例（修订；草案）》学得不够。下一步将改进；谢谢"
    >>> [text[a:b] for a, b in split_sentences(text)]
    ['存在一些问题：', '一是人手不足，', '二是《条例（修订；草案）》学得不够。', '下一步将改进；', '谢谢']
    """
    inside = _nesting(text)
    cuts = sorted({0, len(text), *_ends(text, inside), *_points(text, inside)})
    spans = []
    for start, end in itertools.pairwise(cuts):
        piece = text[start:end]
        stripped = piece.strip()
        if not stripped:
            continue
        left = start + len(piece) - len(piece.lstrip())
        spans.append((left, left + len(stripped)))
    return _join_fragments(text, spans)


def _nesting(text: str) -> list[bool]:
    """Return for each character whether it stands inside brackets or quotes that are closed soon after."""
    inside = [False] * len(text)
    stack: list[tuple[int, str]] = []
    for match in _BRACKET.finditer(text):
        index, character = match.start(), match[0]
        if character == "\n":
            stack.clear()
        elif character in _OPEN:
            stack.append((index, _CLOSE[_OPEN.index(character)]))
        else:
            for depth in range(len(stack) - 1, -1, -1):
                opened, closer = stack[depth]
                if closer == character:
                    if index - opened <= MAX_NESTED:
                        inside[opened + 1 : index] = [True] * (index - opened - 1)
                    del stack[depth:]
                    break
    return inside


def _ends(text: str, inside: list[bool]) -> list[int]:
    """Return the offsets just behind sentence ends."""
    ends = []
    behind = 0  # what stands before it belongs to an end already found
    for match in _END.finditer(text):
        index, character = match.start(), match[0]
        if index < behind:
            continue
        if character == "\n":
            ends.append(index)
        elif character in _ENDS and not inside[index]:
            behind = index + 1
            while behind < len(text) and _still_ends(text[behind], inside[behind - 1]):
                behind += 1
            ends.append(behind)
        elif character in "。！？" and inside[index] and text[index + 1 : index + 2] in ("”", "’"):
            # “……。” closes a quoted sentence: what follows the quote is a new one, unless it goes on (”的).
            after = text[index + 2 : index + 3]
            if after and not re.match(r"[的等这为是和、，,；;。）)》]", after) and not inside[index + 1]:
                ends.append(index + 2)
    return ends


def _still_ends(character: str, after_inside: bool) -> bool:
    """Tell whether a character behind an end belongs to it: another end, or a closing mark of its level."""
    return character in _ENDS or (character in "”’）)" and not after_inside)


def _points(text: str, inside: list[bool]) -> list[int]:
    """Return the offsets of enumerators that open a new point."""
    points = []
    for match in _POINT.finditer(text):
        start = match.start()
        if inside[start]:
            continue
        before = text[start - 1] if start else "\n"
        if before == "、" and match[0][0] in NUMERALS:
            continue
        if before in "，,、：:" and match[0][0].isdigit() and not _is_numbered_list(text, match):
            continue
        if _REFERENCE.search(text[max(0, start - 2) : start]):
            continue
        points.append(start)
    return points


def _is_numbered_list(text: str, match: re.Match[str]) -> bool:
    """Tell whether `1.` behind a comma or colon opens a point: Han text or a bracket must follow."""
    after = text[match.end() : match.end() + 1]
    return bool(after) and (after in "《“（(" or "\u4e00" <= after <= "\u9fff")


def _join_fragments(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join pieces without a word of their own (a lone enumerator, a closing mark) to what follows."""
    joined: list[tuple[int, int]] = []
    pending: int | None = None
    for start, end in spans:
        piece = text[start:end]
        if _WORD.search(piece) or POINT.sub("", piece).strip(_MARKS):
            joined.append((start if pending is None else pending, end))
            pending = None
        elif POINT.match(piece) and "\n" not in text[end : end + 1]:
            pending = start if pending is None else pending
        elif joined and "\n" not in text[joined[-1][1] : start]:
            joined[-1] = (joined[-1][0], end)
        elif re.search("[\u4e00-\u9fff]", piece):  # an enumerator behind a mark that opens
            joined.append((start if pending is None else pending, end))
            pending = None
    if pending is not None:
        joined.append((pending, spans[-1][1]))
    return joined
