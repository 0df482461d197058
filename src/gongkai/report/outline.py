"""Lines → outline: the title, the top-level headings, and the sections between them.

How sections are headed is data (`sections.toml`); here stands how candidates are told from second outlines,
contents lists and rows of tables, and where a site's own lines begin.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gongkai.report.agency import agency_in_title, is_short_for
from gongkai.report.dates import TITLE_YEAR
from gongkai.text.clean import ends_report, is_furniture
from gongkai.text.grammar import BROWSER_LINE, NUMERALS, OPENS_POINT, ORDINAL, parse_numeral
from gongkai.text.lexicon import first_match, patterns

_BULLET = re.compile(r"^\s*[●■◆▲▼★☆•·○◇□▪►◎※、.．,，]+\s*(?=[\u4e00-\u9fff（(])")
_REPORT = patterns("sections.title")["any"]
_WAY = re.compile(r"[/>＞»›]")
"""Between the steps of the way to a page; the last may be whose page it is."""
_FINAL = tuple("。！？；：:;!?，,、")
_RANK = {
    "overview": 1, "proactive": 2, "requests": 3, "disputes": 4, "section5": 5, "problems": 5,
    "improvements": 6, "other": 7,
}  # fmt: skip
_SIGNED = patterns("sections.signature")
_UNDIVIDED = ("overview", "proactive", "requests", "disputes", "other")
"""Sections that are no part of another; the two halves of section five are."""
OTHERWISE = ("assessment", "other")
"""Reasons against a report that a title beside them outweighs."""
LISTED_TOO = ("guide", "rules")
"""Reasons whose words a site's menu has too."""
LISTED = 2
"""Agencies whose reports may be named in front of one; more are a list of others' reports."""
IN_PLACE = 3
"""Headings with the ordinals of the form, from which one in other words between them counts too."""
CONTENTS = 3
"""Headings one behind the other that make a contents list."""
LOOSE = 22
"""Characters of the longest line before the first heading that is dropped because it ends no sentence."""
MAX_HEADING = 42
"""Characters of the longest heading; the official titles have at most 27."""


class Line(NamedTuple):
    """A line as it stands in the file, what of it is no table, or the paragraph it was joined to."""

    text: str
    page: int | None


@dataclass(slots=True)
class Part:
    """A section: its key (`section5` before its halves are told apart), heading as printed, and lines."""

    section: str
    heading: str
    lines: list[Line]


def is_final(text: str) -> bool:
    """Tell whether a line ends with a mark, as no heading does."""
    return text.rstrip("”’）)").rstrip().endswith(_FINAL)


def find_title(lines: Sequence[Line]) -> tuple[int, str]:
    """Return where the body begins (behind the last printing of the title) and the title on one line."""
    last = _first_heading(lines, min(len(lines), 40))
    start, titles = 0, [""]
    for index, line in enumerate(lines[: last + 1]):
        above = lines[index - 1].text if index else ""
        found = _title_at(above, line.text)
        if (
            found
            and index > 1
            and not agency_in_title(found)
            and agency_in_title(lines[index - 2].text + found)
        ):
            found = lines[index - 2].text + found  # over three lines: agency, year and subject, kind
        if found:
            start = index + 1
            titles.append(found)
    listed = len({agency_in_title(title) for title in titles} - {None}) > LISTED
    title = titles[-1] if listed else max(titles, key=_told)
    for index in range(start, min(start + 4, last) if title else 0):
        if is_final(lines[index].text):
            break
        if is_furniture(lines[index].text) and re.search(r"20\d\d[-/.年]\d", lines[index].text):
            start = index + 1  # what stands between the title and the page's date is the site's
    return start, title.replace(" ", "")


def _told(title: str) -> tuple[bool, bool, int]:
    """Order titles by what they tell: an agency, a year, more."""
    return agency_in_title(title) is not None, bool(TITLE_YEAR.search(title)), len(title)


def _first_heading(lines: Sequence[Line], default: int) -> int:
    """Return where the first heading stands; those of a contents list follow each other and are none."""
    marked = [bool(_heading(line.text)) for line in lines[:200]]
    at = 0
    for is_heading, group in itertools.groupby(marked):
        length = len(list(group))
        if is_heading and length < CONTENTS:
            return at
        at += length
    return default


def _title_at(above: str, text: str) -> str:
    """Return the title that a line holds, alone or with the line above it (agency, or first half)."""
    if not _REPORT.search(above + text):
        return ""
    text = bare_title(text)
    way = _WAY.split(above)
    above = way[-1].strip() if len(way) > 2 else above
    if not above or len(above) > 60 or is_final(above) or is_furniture(above):
        return text if is_title(text) else ""
    if is_title(text):
        lacks = not agency_in_title(text) or (TITLE_YEAR.search(above) and not TITLE_YEAR.search(text))
        told = agency_in_title(above + text) or TITLE_YEAR.search(above)
        return above + text if len(above) <= 30 and lacks and told else text
    if len(text) <= 16 and not is_title(above) and is_title(above + text):
        return above + text
    return ""


def bare_title(text: str) -> str:
    """Cut off what a page prints in one line with its title: the way there, date, source.

    >>> bare_title("返回首页云汀市民政局2021年政府信息公开工作年度报告发布日期：2022-01-25阅读：3次")
    '云汀市民政局2021年政府信息公开工作年度报告'
    """
    words = patterns("sections.title")
    return words["behind"].sub("", words["before"].sub("", text, count=1), count=1)


def is_title(text: str) -> bool:
    """Tell whether a cleaned line is the title of a report."""
    if len(text) > 70 or not _REPORT.search(text) or re.search(r"[。，>＞»›]", text) or is_final(text):
        return False
    if _heading(text) and not re.search(r"\d{4}", text):
        return False
    words = patterns("sections.title")
    return bool(words["report"].search(text)) and not words["not"].search(text)


@functools.lru_cache(maxsize=1024)
def _heading(text: str) -> tuple[str, str] | None:
    """Return (ordinal, title) when a line can be a top-level heading."""
    if len(text) > MAX_HEADING or (is_final(text) and not text.endswith(("：", "。"))):
        return None
    text = plain_ordinal(text)
    match = ORDINAL.match(text)
    if not match:
        return None
    title = text[match.end() :].strip("：。:. ")
    if len(title) < 2 or re.search(r"[。；，：！？]", title):
        return None
    return (match[1] or match[2]), title


def plain_ordinal(text: str) -> str:
    """Write an ordinal as most do: ㈠ as （一）; a bullet, and a mark whose numeral was lost, are dropped.

    >>> plain_ordinal("㈠总体情况"), plain_ordinal("● 总体情况"), plain_ordinal("、总体情况")
    ('（一）总体情况', '总体情况', '总体情况')
    """
    if "㈠" <= text[:1] <= "㈩":
        return f"（{NUMERALS[ord(text[0]) - ord('㈠')]}）{text[1:]}"
    bullet = _BULLET.match(text)
    return text[bullet.end() :] if bullet else text


def is_official_heading(text: str) -> bool:
    """Tell whether a line is an official title, which words of the tables may look like."""
    heading = _heading(text)
    title = heading[1] if heading else plain_ordinal(text)
    if not heading and (len(title) > 24 or len(title) < 6):
        return False
    return _match("statutory", title) is not None and _ends_title(title)


def _ends_title(title: str) -> bool:
    return title.endswith(("况", "项", "题"))


def is_told_heading(text: str) -> bool:
    """Tell whether a line heads a section where no statutory table is, whose rows may be numbered too."""
    heading = _heading(text)
    numbered = ORDINAL.match(plain_ordinal(text))
    told = heading and numbered and numbered[1] and _match("headings", heading[1])
    return bool(told) or is_official_heading(text)


def _match(group: str, text: str) -> str | None:
    return first_match(f"sections.{group}", "".join(text.split()))


def is_statutory_title(text: str) -> bool:
    """Tell whether a heading without its ordinal is one of the six titles of the statutory form."""
    return _match("statutory", text) is not None


def reason_against(title: str, first: Sequence[str], *, outlined: bool) -> str | None:
    """Return what a document is that speaks of reports and is none; None where nothing says so.

    Args:
        title: Its title as a report; with one, another report's title beside it says nothing.
        first: Its first lines.
        outlined: It has the sections or tables of a report; then a template is refused, and what its first
            lines call otherwise where it has no title.
    """
    for name, pattern in patterns("sections.refuse").items():
        if name == "template" or not (outlined or (name in OTHERWISE and title)):
            told = [title, *first]
        else:  # what stands first of all names the document, if no title does and it is no entry of a menu
            told = [] if title or name in LISTED_TOO else [*first[:2]]
        if any(map(pattern.search, told)):
            return name
    return None


def find_sections(lines: Sequence[Line], *, statutory: bool) -> list[Part]:
    """Cut the body at its top-level headings."""
    candidates = _candidates(lines)
    if statutory or any(_SIGNED["form"].search(heading) for _, _, _, heading, _ in candidates):
        chosen = _ordered(candidates)
    else:
        chosen = [c for c in candidates if c[2] == "bare" or c[1] is not None]
        chosen = _ascending(chosen)
    parts = [Part("preamble", "", [])]
    marks = {index: (section, heading, rest) for index, section, _, heading, rest in chosen if section}
    unused = _unused(candidates, marks, len(lines))
    if not marks:
        return _by_cues(lines)
    for index, line in enumerate(lines):
        if index in marks:
            section, heading, rest = marks[index]
            parts.append(Part(section, heading, []))
            if rest:
                parts[-1].lines.append(Line(rest, line.page))
        elif index not in unused:
            parts[-1].lines.append(line)
    return parts


def _unused(candidates: Sequence[_Candidate], marks: Collection[int], end: int) -> set[int]:
    """Return titles that head nothing: another stands right below, as in contents or above a caption."""
    titles = {at for at, _, kind, heading, _ in candidates if kind == "unnumbered" and _ends_title(heading)}
    headed = {at for at, *_ in candidates}
    return {at for at in titles.difference(marks) if at + 1 in headed or at + 1 == end}


def _by_cues(lines: Sequence[Line]) -> list[Part]:
    """Cut a body without headings: what is told of the year, and from where it turns to what is lacking."""
    lack, other = (patterns("sections.turn")[name] for name in ("opens_lack", "opens_other"))
    turn = next((i for i, line in enumerate(lines) if lack.search(line.text)), None)
    if turn is None:
        return [Part("preamble", "", list(lines))]
    last = next((i for i in range(turn + 1, len(lines)) if other.search(lines[i].text)), len(lines))
    told = (("overview", lines[:turn]), ("section5", lines[turn:last]), ("other", lines[last:]))
    return [Part("preamble", "", []), *(Part(key, "", list(own)) for key, own in told if own)]


_Candidate = tuple[int, "str | None", str, str, str]
"""line number, section key, 'bare' | 'inline' | 'unnumbered', heading, what follows it in the line"""


def _candidates(lines: Sequence[Line]) -> list[_Candidate]:
    found: list[_Candidate] = []
    for index, line in enumerate(lines):
        text = line.text
        bare = _heading(text)
        text = plain_ordinal(text) if bare else text
        if bare:
            found.append((index, _match("headings", bare[1]), "bare", text.strip("：。: "), ""))
            continue
        ordinal = ORDINAL.match(text)
        if ordinal and ordinal[1]:
            cut = re.match(r"[^。；，：！？]{3,30}[。：\s]", text[ordinal.end() :])
            if cut and (key := _match("statutory", cut[0].strip("。： "))):
                split = ordinal.end() + cut.end()
                found.append((index, key, "inline", text[:split].strip("。： "), text[split:].strip()))
        elif len(text) <= 26 and not is_final(text) and not re.match(r"[（(\d①-⑳无没未暂]", text):
            title = plain_ordinal(text)
            key = _match("statutory", title)
            if key and not re.search(r"[，。；]", title):
                found.append((index, key, "unnumbered", text, ""))
    return found


def _ordered(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Choose the headings of the statutory form: in its order, those that fit titles and ordinals best.

    A second outline (一、…六、) inside 总体情况, a contents list, and a table row `三、本年度办理结果` all
    lose to the real headings here, because they break the order or fit the titles worse.
    """
    usable = [c for c in map(_official, _outermost(candidates)) if c]
    chosen = _best_chain(usable, _rank)
    more = len({c[1] for c in usable}) > len(chosen)
    counted = _best_chain([c for c in usable if _number(c)], _number) if more else []
    if len(counted) > len(chosen) and len({c[1] for c in counted}) == len(counted):
        chosen = counted  # an order of the report's own, which it counts
    return _completed(chosen, candidates)


def _best_chain(usable: Sequence[_Candidate], order: Callable[[_Candidate], int]) -> list[_Candidate]:
    """Choose of headings those in ascending order that fit best."""
    best: list[tuple[float, list[_Candidate]]] = []
    for candidate in usable:
        chains = [one for one in best if order(one[1][-1]) < order(candidate)]
        score, before = _later_best(chains)
        best.append((score + _fit(candidate), [*before, candidate]))
    return _later_best(best)[1]


def _completed(chosen: Sequence[_Candidate], candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Put headings in words of their own between the chosen ones, whose ordinals are those of the form."""
    if sum(_number(c) == min(_rank(c), 6) for c in chosen) < IN_PLACE:
        return list(chosen)
    found = list(chosen)
    for key in _UNDIVIDED:
        place = min(_RANK[key], 6)
        if any(_rank(c) == _RANK[key] for c in found):
            continue
        after = max((c[0] for c in found if _rank(c) < _RANK[key]), default=-1)
        until = min((c[0] for c in found if _rank(c) > _RANK[key]), default=candidates[-1][0] + 1)
        own = [c for c in candidates if after < c[0] < until and c[2] == "bare" and _number(c) == place]
        found += [(own[0][0], key, *own[0][2:])] if len(own) == 1 else []
    return sorted(found)


def _later_best(chains: Sequence[tuple[float, list[_Candidate]]]) -> tuple[float, list[_Candidate]]:
    """Return the best chain, of equals the later: a contents list stands before the text it announces."""
    return max(reversed(chains), key=lambda chain: chain[0], default=(0.0, []))


def _outermost(candidates: Sequence[_Candidate]) -> Iterator[_Candidate]:
    """Leave out points （一） that stand below headings 一、."""
    numbered = [c for c in candidates if c[1] in _RANK and (m := ORDINAL.match(c[3])) and m[1]]
    outer = {c[1] for c in numbered}
    for candidate in candidates:
        index, key, _, heading, _ = candidate
        inner = ORDINAL.match(heading)
        below = len(outer) > 1 and index > numbered[0][0] and key in _UNDIVIDED
        if not (inner and inner[2] and (key in outer or below)):
            yield candidate


def _official(candidate: _Candidate) -> _Candidate | None:
    """Return a heading under the section that its official title names; None where it has none."""
    index, key, kind, heading, rest = candidate
    if kind == "bare" and key is not None and key not in ("problems", "improvements"):
        official = _match("statutory", ORDINAL.sub("", heading, count=1))
        if official is None and not _in_place(key, heading):
            return None
        key = key if key == "section5" or official is None else official
    return (index, key, kind, heading, rest) if key in _RANK else None


def _in_place(key: str, heading: str) -> bool:
    """Tell whether a heading in other words has the ordinal of its section: 五、困难和下一步思考."""
    return key in ("section5", "other") and _counted(heading)[0] == min(_RANK[key], 6)


def _number(candidate: _Candidate) -> int:
    """Return the number of a heading counted 一、二、; 0 where it is counted otherwise or not."""
    return _counted(candidate[3])[0]


@functools.lru_cache(maxsize=256)
def _counted(heading: str) -> tuple[int, int]:
    """Return the number of a heading counted 一、, and of one counted that way or （一）; 0 for none."""
    ordinal = ORDINAL.match(heading)
    outer, either = (ordinal[1], ordinal[1] or ordinal[2]) if ordinal else (None, None)
    return parse_numeral(outer) if outer else 0, parse_numeral(either) if either else 0


def _fit(candidate: _Candidate) -> float:
    """Weigh how much a line looks like the heading of its section: by its ordinal, best of its own place."""
    outer, number = _counted(candidate[3])
    weight = 3.0 if outer else 2.0
    weight += 0.5 if number == min(_rank(candidate), 6) else 0.0
    return weight - (1.5 if candidate[2] == "unnumbered" else 0.0)


def _rank(candidate: _Candidate) -> int:
    """Return the place of a heading's section in the form."""
    return _RANK[candidate[1] or ""]


def _ascending(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Choose the top-level outline of a free-form report.

    Its level is that of its first numbered heading (一、 or （一）); a heading that no cue matches belongs to
    the overview before section five and to the rest behind it.
    """
    numbered = [c for c in candidates if c[2] == "bare"]
    outer = next((c for c in numbered if (m := ORDINAL.match(c[3])) and m[1]), None)
    chosen: list[_Candidate] = []
    last_number = 0
    seen_five = False
    for index, key, kind, heading, rest in candidates:
        ordinal = ORDINAL.match(heading)
        if kind == "bare" and ordinal:
            if outer is not None and not ordinal[1]:
                continue
            number = parse_numeral(ordinal[1] or ordinal[2])
            if number <= last_number and key not in (
                "section5",
                "problems",
                "improvements",
                "other",
                "disputes",
            ):
                continue
            last_number = number
        elif kind == "unnumbered" and outer is not None:
            continue
        resolved = key or ("other" if seen_five else "overview")
        seen_five = seen_five or resolved in ("section5", "problems", "improvements")
        chosen.append((index, resolved, kind, heading, rest))
    return chosen


def cut_tail(parts: Sequence[Part], agency: str | None = None) -> list[Part]:
    """Drop furniture everywhere, and all that stands behind the line that ends the report.

    Args:
        parts: The sections with their lines.
        agency: Whose report it is; its name, or a short one, alone below the text is its signature.
    """
    kept: list[Part] = []
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        ends = (at for at, line in enumerate(part.lines) if number and ends_report(line.text, last=last))
        end = next(ends, _signed_at(part.lines, agency) if last else None)
        lines = [line for line in part.lines[:end] if not _is_printed(line.text, part, in_front=number == 0)]
        kept.append(Part(part.section, part.heading, lines))
        if end is not None:
            break
    return [p for p in kept if p.lines or p.section != "preamble"]


def _signed_at(lines: Sequence[Line], agency: str | None) -> int | None:
    """Return where the agency signs: its name, or a short one, above a date or below all text."""
    for at, (line, below) in enumerate(itertools.zip_longest(lines, lines[1:])):
        dated = below is None or _SIGNED["date"].fullmatch("".join(below.text.split()))
        if agency and dated and is_short_for(line.text, agency):
            return at
    return None


def _is_printed(text: str, part: Part, *, in_front: bool) -> bool:
    """Tell whether a line of a section is none of its text: a site's, a signature, its heading once more."""
    # Before the report, what is short and ends no sentence is of an index block or a tool bar.
    loose = len(text) <= LOOSE and not is_final(text)
    if in_front and (loose or _SIGNED["addressed"].fullmatch(text)):
        return True
    told = text.endswith(("。", "；"))  # as no furniture and no signature does
    printed = not told and (is_furniture(text) or _is_signature(text) or _is_others_title(text))
    return printed or bool(BROWSER_LINE.fullmatch(text)) or text == ORDINAL.sub("", part.heading, count=1)


def _is_others_title(text: str) -> bool:
    """Tell whether a line is a title of a report, of a list of them or of a page's head, and no point."""
    title = bare_title(text)
    return is_title(title) and agency_in_title(title) is not None and not OPENS_POINT.match(text)


def _is_signature(text: str) -> bool:
    """Tell whether a line is only a date or only an agency's name, as under a letter."""
    squeezed = "".join(text.split())
    return bool(
        _SIGNED["date"].fullmatch(squeezed)
        or _SIGNED["agency"].fullmatch(squeezed)
        or re.fullmatch(r"\d{4}[-./]\d{1,2}[-./]\d{1,2}(\d{1,2}:\d{2}(:\d{2})?)?", squeezed)
    )
