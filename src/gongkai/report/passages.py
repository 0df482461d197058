"""A section → its sentences, each with its heading, its lead and its half of section five."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from gongkai.form.form import TABLES
from gongkai.report.halves import Half, half_of_heading, is_half_heading, next_half
from gongkai.report.outline import MAX_HEADING, Line, Part, is_final
from gongkai.text.grammar import OPENS_COUNT, count_of
from gongkai.text.lexicon import patterns
from gongkai.text.sentences import split_sentences

_WORDS = patterns("sections.passage")
LABEL = "label"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One quasi-sentence with what the codebook says it needs; offsets count in its section's text."""

    section: str
    heading: str
    lead: str
    start: int
    end: int
    page: int | None
    text: str
    part: int = 0
    """Index of the section it was read from, among the report's."""


def read_passages(part: Part, year: int | None = None, *, index: int = 0) -> list[Sentence]:
    """Cut a section into sentences; each knows its heading, its lead, and its half of section five.

    Args:
        part: The section, with its lines joined.
        year: The report's; a later one in section five marks what is planned.
        index: The section's among the report's, for `Sentence.part`.
    """
    split = part.section in ("section5", "problems", "improvements")
    state = Half("improvements" if part.section == "improvements" else "problems")
    turning = part.section == "section5"
    sub_heading, lead = "", ""
    found: list[Sentence] = []
    offset = 0

    def enter(heading: str) -> None:
        nonlocal state, lead, turning
        turned = state
        if split and (named := half_of_heading(heading)):
            turned = Half(named, headed=True)
        elif (
            split
            and is_half_heading(heading)
            and not OPENS_COUNT.sub("", heading, count=1).startswith("改进")
        ):
            turned, turning = Half(), True  # names both halves: a new round begins with its problems
        elif turning:
            turned = next_half(heading, state, year)  # a heading run into its paragraph makes a point too
        if not split or turned.name != state.name:
            lead = ""
        state = turned

    points = _bare_points(part)
    for number, (line, following) in enumerate(itertools.zip_longest(part.lines, part.lines[1:])):
        text = line.text
        if not split and not OPENS_COUNT.match(text):
            lead = ""  # outside section five a lead opens its paragraph, and paragraphs that count points
        below = following.text if following else ""
        stand_alone = _sub_heading(text, part.section) or _point_above(text, below, split=split)
        if stand_alone and number not in points:
            sub_heading = stand_alone
            enter(stand_alone)
            offset += len(text) + 1
            continue
        run_in = _run_in_heading(text, part.section)
        shift = 0
        if run_in:
            shift, sub_heading = run_in
            enter(sub_heading)
        for start, end in split_sentences(text[shift:]):
            sentence = text[shift + start : shift + end]
            more = shift + end < len(text)
            inside = _heading_inside(sentence, more=more, split=split)
            if inside:
                sub_heading = inside
                enter(inside)
                continue
            if turning:
                turned = next_half(sentence, state, year)
                lead = "" if turned.name != state.name else lead
                state = turned
            opens = _opens_passage(sentence, part.section)
            heading = sub_heading or part.heading
            found.append(
                Sentence(
                    state.name if split else part.section,
                    heading,
                    "" if opens else lead,
                    offset + shift + start,
                    offset + shift + end,
                    line.page,
                    sentence,
                    index,
                )
            )
            if opens:
                lead = sentence
        offset += len(text) + 1
    return found


def join_lines(parts: Sequence[Part]) -> list[Part]:
    """Join each line of sections that breaks off inside a sentence to its successor."""
    return [Part(part.section, part.heading, _joined(part.lines)) for part in parts]


def _joined(lines: Sequence[Line]) -> list[Line]:
    """Join a line that breaks off inside a sentence to its successor, unless that opens a new point."""
    joined: list[Line] = []
    for line in lines:
        before = joined[-1] if joined else None
        broken = before is not None and _breaks_off(before.text)
        if before is not None and broken and not _WORDS["sub_heading"].match(line.text):
            joined[-1] = Line(before.text + line.text, before.page)
        else:
            joined.append(line)
    return joined


def _breaks_off(text: str) -> bool:
    """Tell whether a line ends inside a sentence: no heading is so long, or holds a sentence's end."""
    return (len(text) > MAX_HEADING or "。" in text) and not (is_final(text) or text.endswith("如下"))


def _sub_heading(text: str, section: str) -> str | None:
    """Return the heading that a whole line is: short, nominal, without an end mark."""
    if section not in ("section5", "problems", "improvements") and _WORDS["headed"].fullmatch(text):
        return text.strip("。：")
    if section == "overview" and _WORDS["bare"].fullmatch(text):
        return text
    if len(text) > MAX_HEADING or is_final(text):
        return text.strip("：") if text.endswith("：") and _is_label(text.strip("：")) else None
    if _WORDS["sub_heading"].fullmatch(text):
        return text
    return text if is_half_heading(text) and len(text) <= 20 else None


def _bare_points(part: Part) -> set[int]:
    """Return the lines that look like headings and are points: two or more in a row, no text below them."""
    if part.section in TABLES:
        return set()  # what is counted there may be left of a table
    texts = [line.text for line in part.lines]
    styles = [_style(text) for text in texts]
    depth = {style: styles.index(style) for style in styles if style} | {LABEL: -1}

    def is_bare(at: int) -> bool:
        style, below = styles[at], styles[at + 1] if at + 1 < len(styles) else styles[at]
        outer = style is not None and below is not None and depth[below] <= depth[style]
        named = style == LABEL or _is_label(texts[at])
        return outer and not (named or (part.section == "overview" and _WORDS["nominal"].search(texts[at])))

    runs = itertools.groupby(range(len(texts)), key=lambda at: styles[at] if is_bare(at) else None)
    points = [list(run) for style, run in runs if style]
    rows = [run for run in points if len(run) > 1]
    last = {run[-1] + 1 for run in rows if styles[run[-1]] == [*styles, None][run[-1] + 1]}
    return {at for run in rows for at in run} | last


def _style(text: str) -> str | None:
    """Return how a line is counted that may be a heading; a label counts nothing."""
    if text.endswith("：") and _is_label(text.strip("：")):
        return LABEL
    heads = len(text) <= MAX_HEADING and _WORDS["sub_heading"].fullmatch(text) and not is_final(text)
    count = count_of(text) if heads else None
    return count[0] if count else None


def _point_above(text: str, below: str, *, split: bool) -> str | None:
    """Return the heading that a short point is which ends like a sentence, on a line above its text.

    In section five it names a half: `（一）主要问题。`
    """
    if not text.endswith("。") or not below or OPENS_COUNT.match(below):
        return None
    named = OPENS_COUNT.match(text) and _is_label(text.strip("。"))
    point = _WORDS["point"].fullmatch(text) and not _WORDS["asserts"].search(text)
    point = point and not split and len(below) > len(text)
    return text.strip("。") if (named if split else point) else None


def _run_in_heading(text: str, section: str) -> tuple[int, str] | None:
    """Return (where the text goes on, heading) for `（一）主动公开情况。2024年，…`.

    An enumerated clause is a heading only if more follows in its paragraph; `一是…。` is always a sentence.
    """
    match = _WORDS["run_in"].match(text)
    if not match:
        return None
    title = match["pair"] or match["title"]
    end = match.end() - 1
    split = section in ("section5", "problems", "improvements")
    nominal = bool(_WORDS["nominal"].search(title))
    label = text[end] == "：" and _is_label(title)
    if match["bracket"]:
        run_in = text[end] == "。" or label or (nominal and not split)
    elif match["number"]:
        run_in = label or (not split and text[end] == "。")
    else:
        plain = nominal and len(title) <= 10 and title[1:2] != "是" and text[end] == "。"
        run_in = (label and split) or (section == "overview" and plain)
    return (match.end(), text[:end]) if run_in else None


def _heading_inside(sentence: str, *, more: bool, split: bool) -> str | None:
    """Return the heading that a sentence is if more follows it: a short point, in section five a label."""
    if not more:
        return None
    if split:
        label = sentence.removesuffix("：")
        return label if label != sentence and _is_label(label) else None
    return sentence.strip("。") if _WORDS["point"].fullmatch(sentence) else None


def _is_label(text: str) -> bool:
    """Tell a label (`存在问题：`) from a lead-in, which is a sentence (`主要有以下问题：`)."""
    return len(text) <= 14 and is_half_heading(text) and not _WORDS["says_more"].search(text)


def _opens_passage(sentence: str, section: str) -> bool:
    """Tell whether a sentence opens a passage: it ends in a colon, or turns to what will be done."""
    if sentence.endswith(("：", ":")) or _WORDS["opens"].match(sentence):
        return True
    five = section in ("section5", "problems", "improvements")
    return five and bool(_WORDS["opens_remedy"].match(sentence))
