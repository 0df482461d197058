"""Section five, sentence by sentence: `problems` (what is wrong) or `improvements` (what is done about it).

Four shapes are met (codebook): two headed parts, one sentence that turns, pairs of problem and remedy, and
sentences that hold both. A small sequence model tells them: each sentence has a score by its wording and by
cues (`sections.toml`, `[turn]`), each step from one half to the next one by cues and by how points are
counted, and the best path is taken (Viterbi). The weights are data (`corpus/lexicon/halves.json`), learned
from the marks in the authored truth (`python -m corpus.make.halves`).
"""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gongkai.store.run import bundled
from gongkai.text.grammar import COUNTED_POINT, NUMERALS, count_of
from gongkai.text.lexicon import first_match, patterns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HALVES = ("problems", "improvements")
FIVE = ("section5", *HALVES)
"""Keys of sections that hold halves."""
STATES = ("problems", "improvements", "own")
"""`own` is improvements that count their points from one: a count that goes on is not that of the problems."""
WEIGHTS = "corpus/lexicon/halves.json"
_BEFORE = re.compile(rf"^[（(]?[{NUMERALS}\d]{{0,2}}[）)、.．]?|\s")
_LABEL = re.compile(rf"[（(]?[{NUMERALS}\d]{{0,2}}[）)、.．]?\s*([\u4e00-\u9fff]{{2,12}})[：。]")
_YEAR = re.compile(r"(?:19|20)\d\d(?=年)")
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
# 虽然打算…，但… asserts what stands behind 但.
_CONCEDED = re.compile("虽然?[^。；]*?，但")


@dataclass(frozen=True, slots=True)
class Step:
    """A sentence as it stands in section five.

    Attributes:
        text: The sentence.
        opens: Whether it opens a paragraph.
        heading: The heading or label directly before it, empty for none.
        under: The half that the last heading that names one names, empty for none.
    """

    text: str
    opens: bool = False
    heading: str = ""
    under: str = ""


def half_of_heading(heading: str) -> str | None:
    """Return the half that a heading or label names; None where it names neither, or both.

    >>> half_of_heading("（一）存在的主要问题"), half_of_heading("改进打算")
    ('problems', 'improvements')
    >>> half_of_heading("存在的问题及改进措施") is None
    True
    """
    key = _key(heading)
    return key if key in HALVES else None


def is_half_heading(heading: str) -> bool:
    """Tell whether a heading speaks of problems or improvements at all."""
    return _key(heading) in FIVE


def _key(heading: str) -> str | None:
    return first_match("sections.headings", _BEFORE.sub("", heading))


def tell_halves(steps: Sequence[Step], year: int | None = None) -> list[str]:
    """Return the half of each sentence of a section five in a report about `year`."""
    return best_path(seen_in(steps, year), _weights())


def best_path(shown: Sequence[tuple[set[str], tuple[str, ...]]], weights: Mapping[str, Any]) -> list[str]:
    """Return the halves of the path that scores best, of what each step shows (`seen_in`)."""
    words, moves, starts = weights["words"], weights["moves"], weights["starts"]
    came: list[list[int]] = []
    best: list[float] = []
    for wording, kinds in shown:
        score = (weights["bias"] + sum(words.get(name, 0) for name in wording)) / 2
        gains = (-score, score, score)
        if not best:
            best = [g + sum(starts[k][b] for k in kinds if k in starts) for b, g in enumerate(gains)]
            continue
        known = [moves[k] for k in kinds if k in moves]
        paths = [[best[a] + sum(k[a][b] for k in known) for a in range(3)] for b in range(3)]
        came.append([path.index(max(path)) for path in paths])
        best = [max(path) + gain for path, gain in zip(paths, gains, strict=True)]
    told = [best.index(max(best))] if best else []
    for back in reversed(came):
        told.append(back[told[-1]])
    return [HALVES[min(state, 1)] for state in reversed(told)]


@functools.cache
def _weights() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(bundled(WEIGHTS).read_text(encoding="utf-8"))
    return found


def seen_in(steps: Sequence[Step], year: int | None) -> list[tuple[set[str], tuple[str, ...]]]:
    """Return what each step shows: of the sentence's own wording, and of how it follows the one before."""
    last: dict[str, int] = {}
    before, found = "none", []
    for number, step in enumerate(steps):
        point = count_of(step.heading) or count_of(step.text)
        count = "none"
        if point:
            style, at = point
            following = "next" if last.get(style) == at - 1 else "other"
            count = "named" if style == "named" else "first" if at == 1 else following
            last[style] = at
        place = "heading" if step.heading else "opens" if step.opens else "inside"
        cues = _cues(step, year)
        follows = "none" if before == "none" else "point"
        kinds = (f"{count} after {follows}", place, f"{count} {place}", *cues, f"under {step.under}")
        ends = {"first"} if number == 0 else set()
        ends |= {"last"} if number == len(steps) - 1 else set()
        found.append((_wording(step, year) | {f"cue {cue}" for cue in cues} | ends, kinds))
        before = count
    return found


def _cues(step: Step, year: int | None) -> list[str]:
    claim = _CONCEDED.sub("", step.text)
    cues = [name for name, cue in patterns("sections.turn").items() if cue.search(claim)]
    if year is not None and any(int(y) > year for y in _YEAR.findall(claim)):
        cues.append("later")
    label = _LABEL.match(step.text)
    if label and (named := half_of_heading(label[1])):
        cues.append(f"label {named}")
    return cues


def _wording(step: Step, year: int | None) -> set[str]:
    """Return pieces of the text: inside, at its start and end, in its last clause; and of the heading."""
    text = _plain(step.text, year)
    point = COUNTED_POINT.match(text)
    body = text[point.end() :].lstrip("是来则，、.． ") if point else text
    clauses = re.split("[，：]", body.rstrip("。；："))
    found = {body[i : i + n] for n in (2, 3) for i in range(len(body) - n + 1)}
    found |= {f"^{body[:n]}" for n in range(1, 5)} | {f"{body[-n:]}$" for n in range(2, 5)}
    found |= {f">{clauses[-1][i : i + 2]}" for i in range(len(clauses[-1]) - 1)}
    found |= {f"<{clause[:2]}" for clause in clauses[1:]}
    heading = _plain(step.heading, year)
    found |= {f"#{heading[i : i + 2]}" for i in range(len(heading) - 1)}
    return found | ({f"under {step.under}"} if step.under else set())


def _plain(text: str, year: int | None) -> str:
    """Replace numbers by 0, and years by P, Y or F: before, in or after the report's."""

    def mark(match: re.Match[str]) -> str:
        here = int(match[0])
        return "Y" if year is None or here == year else "P" if here < year else "F"

    return _DIGITS.sub("0", _YEAR.sub(mark, text))
