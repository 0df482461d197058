"""Section five, sentence by sentence: `problems` (what is wrong) or `improvements` (what is done about it).

Four shapes are met (codebook): two headed parts, one sentence that turns, pairs of problem and remedy, and
sentences that hold both. The cues are data (`sections.toml`, `[turn]`); here stands how they change the
state.
"""

from __future__ import annotations

import functools
import re
import tomllib
from dataclasses import dataclass, replace

from gongkai.store.run import bundled

_NUMERALS = "一二三四五六七八九十"
_POINT = re.compile(
    rf"(?:(?P<shi>第?[{_NUMERALS}])(?=是|来|则|，)|其(?P<qi>[{_NUMERALS}])|[（(](?P<bracket>[{_NUMERALS}])[）)]|(?P<digit>\d{{1,2}})[.．、）)]"
    rf"|(?P<circle>[①-⑩])|(?P<first>首先|其次|再次|最后)|(?:问题|不足)之?(?P<named>[{_NUMERALS}\d]))"
)
_ORDER = {"首先": 1, "其次": 2, "再次": 3, "最后": 4}
_LABEL = re.compile(rf"[（(]?[{_NUMERALS}\d]{{0,2}}[）)、.．]?\s*([\u4e00-\u9fff]{{2,12}})[：。]")
# In a remedy's place a sentence that names a lack is still a remedy if it says what is done about the lack.
_REMEDIAL = re.compile(
    r"进一步|不断|持续|切实|着力|加快|加大|强化|完善|提升|解决|避免|防止|杜绝|消除|补齐|弥补|缩小|每(季|月|年|周|半年)|将|已(通过|经|印发|建立|完成|改)|建立|开展|组织"
)


@dataclass(frozen=True, slots=True)
class Half:
    """Where one is in section five.

    `problem_point` is the last enumerated problem (style, number); `fresh` says that no point of that style
    has been counted from one again since the turn to the remedies.
    """

    name: str = "problems"
    problem_point: tuple[str, int] | None = None
    fresh: bool = True
    headed: bool = False


@functools.cache
def _cues() -> dict[str, dict[str, re.Pattern[str]]]:
    table = tomllib.loads(bundled("corpus/lexicon/sections.toml").read_text(encoding="utf-8"))
    return {group: {k: re.compile(p) for k, p in table[group].items()} for group in ("headings", "turn")}


def half_of_heading(heading: str) -> str | None:
    """Return the half that a heading or label names; None where it names neither, or both.

    >>> half_of_heading("（一）存在的主要问题"), half_of_heading("改进打算")
    ('problems', 'improvements')
    >>> half_of_heading("存在的问题及改进措施") is None
    True
    """
    bare = re.sub(rf"^[（(]?[{_NUMERALS}\d]{{0,2}}[）)、.．]?|\s", "", heading)
    key = next((k for k, pattern in _cues()["headings"].items() if pattern.search(bare)), None)
    return key if key in ("problems", "improvements") else None


def is_half_heading(heading: str) -> bool:
    """Tell whether a heading speaks of problems or improvements at all."""
    bare = re.sub(rf"^[（(]?[{_NUMERALS}\d]{{0,2}}[）)、.．]?|\s", "", heading)
    key = next((k for k, pattern in _cues()["headings"].items() if pattern.search(bare)), None)
    return key in ("problems", "improvements", "section5")


def _point(sentence: str) -> tuple[str, int] | None:
    match = _POINT.match(sentence)
    if not match:
        return None
    style = match.lastgroup or ""
    value = match[style]
    if style == "digit":
        return style, int(value)
    if style == "circle":
        return style, ord(value) - ord("①") + 1
    if style == "first":
        return style, _ORDER[value]
    number = _NUMERALS.find(value.lstrip("第")) + 1
    return style, number or (int(value) if value.isdigit() else 0)


def next_half(sentence: str, before: Half, year: int | None = None) -> Half:
    """Return where one is at a sentence, given where one was before it, in a report about `year`."""
    cues = _cues()["turn"]
    point = _point(sentence)
    label = _LABEL.match(sentence)
    named = half_of_heading(label[1]) if label else None
    # 虽然打算…，但… asserts what stands behind 但.
    claim = re.sub(r"虽然?[^。；]*?，但", "", sentence)
    remedy = bool(cues["to_improvements"].search(claim))
    # A year later than the report's is a future marker (codebook).
    later = year is not None and any(int(y) > year for y in re.findall(r"(20\d\d)年", claim))
    forward = later or bool(cues["forward"].search(claim))
    lacking = bool(cues["to_problems"].search(claim))
    if named:
        name = named
    elif before.headed:
        name = "improvements" if remedy else before.name
    elif before.name == "problems":
        bare = not lacking and cues["remedial_start"].search(claim)
        name = "improvements" if remedy or forward or bare else "problems"
    elif point and point[0] == "named":
        name = "problems"
    elif remedy or forward:
        name = "improvements"
    elif point and before.fresh and before.problem_point == (point[0], point[1] - 1):
        # 1 problem, remedy, 2 …: the count goes on, so this is the next pair's problem.
        name = "problems"
    else:
        still = cues["still_lacking"].search(claim)
        name = "problems" if still or (lacking and not _REMEDIAL.search(claim)) else "improvements"
    if name == "problems":
        return Half(name, point or before.problem_point, headed=before.headed and before.name == name)
    turned = replace(before, name=name, headed=before.headed and before.name == name)
    if before.name == "improvements" or point is None or before.problem_point is None:
        restarted = (
            point is not None and before.problem_point is not None and point == (before.problem_point[0], 1)
        )
        return replace(turned, fresh=before.fresh and not restarted)
    return replace(turned, fresh=point[0] != before.problem_point[0] or point[1] != 1)
