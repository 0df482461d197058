"""Section five, sentence by sentence: `problems` (what is wrong) or `improvements` (what is done about it).

Four shapes are met (codebook): two headed parts, one sentence that turns, pairs of problem and remedy, and
sentences that hold both. The cues are data (`sections.toml`, `[turn]`); here stands how they change the
state.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from gongkai.text.grammar import NUMERALS, YEAR_TOLD, count_of
from gongkai.text.lexicon import first_match, patterns

_BEFORE = re.compile(rf"^[（(]?[{NUMERALS}\d]{{0,2}}[）)、.．]?|\s")
_LABEL = re.compile(
    rf"[（(]?[{NUMERALS}\d]{{0,2}}[）)、.．]?\s*([\u4e00-\u9fff]{{2,12}}?)[{NUMERALS}\d]{{0,2}}[：。]"
)
# In a remedy's place a sentence that names a lack is still a remedy if it says what is done about the lack.
_CONCEDED = re.compile("虽然?[^。；]*?，但")
_REMEDIAL = patterns("sections.turn")["remedial"]


class Half(NamedTuple):
    """Where one is in section five.

    `problem_point` is the last enumerated problem (style, number); `fresh` says that no point of that style
    has been counted from one again since the turn to the remedies.
    """

    name: str = "problems"
    problem_point: tuple[str, int] | None = None
    fresh: bool = True
    headed: bool = False


def half_of_heading(heading: str) -> str | None:
    """Return the half that a heading or label names; None where it names neither, or both.

    >>> half_of_heading("（一）存在的主要问题"), half_of_heading("改进打算")
    ('problems', 'improvements')
    >>> half_of_heading("存在的问题及改进措施") is None
    True
    """
    key = _key(heading)
    return key if key in ("problems", "improvements") else None


def is_half_heading(heading: str) -> bool:
    """Tell whether a heading speaks of problems or improvements at all."""
    return _key(heading) in ("problems", "improvements", "section5")


def _key(heading: str) -> str | None:
    return first_match("sections.headings", _BEFORE.sub("", heading))


class _Said(NamedTuple):
    """What a sentence says that may change the half."""

    point: tuple[str, int] | None
    remedy: bool
    forward: bool
    lacking: bool
    claim: str


def next_half(sentence: str, before: Half, year: int | None = None) -> Half:
    """Return where one is at a sentence, given where one was before it, in a report about `year`."""
    said = _said(sentence, year)
    label = _LABEL.match(sentence)
    named = half_of_heading(label[1]) if label else None
    if named:
        name = named
    elif before.headed:
        name = "improvements" if said.remedy else before.name
    elif before.name == "problems":
        name = _behind_problem(said, before.problem_point)
    else:
        name = _behind_remedy(said, before)
    headed = before.headed and before.name == name
    if name == "problems":
        return Half(name, said.point or before.problem_point, headed=headed)
    return before._replace(name=name, headed=headed, fresh=_is_fresh(said.point, before))


def _said(sentence: str, year: int | None) -> _Said:
    cues = patterns("sections.turn")
    # 虽然打算…，但… asserts what stands behind 但.
    claim = _CONCEDED.sub("", sentence)
    # A year later than the report's is a future marker (codebook).
    later = year is not None and any(int(y) > year for y in YEAR_TOLD.findall(claim))
    return _Said(
        point=count_of(sentence),
        remedy=bool(cues["to_improvements"].search(claim)),
        forward=later or bool(cues["forward"].search(claim)),
        lacking=bool(cues["to_problems"].search(claim)),
        claim=claim,
    )


def _behind_problem(said: _Said, last: tuple[str, int] | None) -> str:
    """Return the half of a sentence that follows the problem counted `last`."""
    if said.remedy or said.forward:
        return "improvements"
    if said.lacking:
        return "problems"
    # 一是 … 三是 …, then 一是 again: remedies that nothing led over to.
    again = last is not None and last[1] > 1 and said.point == (last[0], 1)
    bare = patterns("sections.turn")["remedial_start"].search(said.claim)
    return "improvements" if again or bare else "problems"


def _behind_remedy(said: _Said, before: Half) -> str:
    """Return the half of a sentence that follows a remedy."""
    if said.point and said.point[0] == "named":
        return "problems"
    if said.remedy or said.forward:
        return "improvements"
    if said.point and before.fresh and before.problem_point == (said.point[0], said.point[1] - 1):
        return "problems"  # 1 problem, remedy, 2 …: the count goes on, so this is the next pair's problem
    still = patterns("sections.turn")["still_lacking"].search(said.claim)
    return "problems" if still or (said.lacking and not _REMEDIAL.search(said.claim)) else "improvements"


def _is_fresh(point: tuple[str, int] | None, before: Half) -> bool:
    """Tell whether no point of the problems' style has been counted from one since the turn."""
    restarted = (
        point is not None and before.problem_point is not None and point == (before.problem_point[0], 1)
    )
    turns = before.name == "problems" and point is not None and before.problem_point is not None
    return not restarted and (turns or before.fresh)
