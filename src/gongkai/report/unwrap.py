"""Lines → paragraphs, by evidence: the one place that joins what a page, a tool or an editor wrapped.

A line goes on in the next where it breaks off: it is as wide as lines of prose are here and ends no sentence,
or it ends with a mark that no paragraph ends with, or the next opens with one that none opens with. What
opens something new is never joined: a heading, a point. Page marks, running heads, and what a browser prints
above and below a page are dropped first, also in the middle of a sentence. Last, of cleaned paragraphs, an
ordinal is joined to its title, digits set apart are, and one that holds several sections is cut.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from gongkai.report.outline import (
    MAX_HEADING,
    Line,
    is_final,
    is_official_heading,
    is_statutory_title,
    is_title,
)
from gongkai.text.clean import clean_text
from gongkai.text.grammar import (
    BROWSER_LINE,
    MEASURES,
    NUMERALS,
    OPENS_POINT,
    OPENS_SECTION,
    ORDINAL_ALONE,
    PAGE_MARK,
    columns,
)
from gongkai.text.lexicon import patterns

LEAST_WIDTH, WIDEST = 30, 260
"""Columns (a Chinese character has two) between which a text counts as wrapped."""
LONGEST_HEADING = 56
"""Columns from which a line with a clause in it is no heading."""
LEAST_BROKEN = 2
"""Lines of prose that break off, without which no text counts as wrapped."""
SLACK = 6
"""Columns by which a wrapped line may differ from the usual width: no line opens with a mark, letters and
digits are narrow."""
SHARE = 0.3
"""Of the longer lines, how many must be as wide for a text to count as wrapped."""
LEAST_HEAD = 5
"""Characters of a running head; what is shorter may be a cell."""
HEAD = 90
"""Characters of the longest line that may be a page's head."""
REPEATED = 2
"""Lines, below the title, that say it again."""
NEAR = 60
"""Lines above a note, among which its mark stands."""
_NOTE = re.compile(r"\s*([\[［]\d{1,2}[\]］]|[①-⑳])(?=\s*[\u4e00-\u9fff])")
"""How a note begins."""
RUNNING = 3
"""Pages on which a line must stand, first or last, to be a running head."""
_ENDS = tuple("。！？；!?;…")
_CLAUSE = re.compile("[，。；]")
_OPENS_LIST = re.compile(r"[：:]\s*$")
_HEADED = re.compile(r"[、.．]\s*[\u4e00-\u9fff]{2,20}\s*")
"""A heading that lost its numeral."""
_LINE = patterns("sections.line")
_CONTINUES = re.compile(r"\s*[，。、；：！？,;!?）)》”’〉】%％]")
LONG = 120
"""Characters from which a line may hold several sections."""
ENOUGH = 3
"""Titles counted in Arabic numerals that make them the report's own."""
LONGEST_TITLE, LONGEST_END = 30, 8
"""Characters of a title, and of what a space sets apart from it: `及改进情况`."""
FIRST = 10
"""Lines among which the title stands."""
LISTED = 4
"""Headings in one line that may be the contents."""
_SPACED = re.compile("[ \u3000]")
_INDENT_INSIDE = re.compile(r"(?<=\S)\s*\u3000{2,}(?=\S)")
"""Where a paragraph begins in the middle of a line."""
_BETWEEN = re.compile(r"(?<=[。！？；：”])\s+")
_WORDS_APART = re.compile(r"(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff])")
_COUNTS = f"{NUMERALS}123456789"
_COUNTED = re.compile(rf"[{NUMERALS}]\s*[、.．]")
"""Without this no official title stands in a line."""
_SPLIT = re.compile(r"[、.．（(]|\u3000{2}")
"""Without any of these a line is no more than one part."""
_LEADER = re.compile(r"\s*(\S.{1,60}?)[.…·．‥]{3,}\s*\d{1,3}\s*")
"""A line of the contents, with the page."""
_UNMARKED = re.compile(
    rf"\s*([{NUMERALS}]{{1,2}})[ \u3000]+([\u4e00-\u9fff][\u4e00-\u9fff、 \u3000]{{1,24}})"
)
"""A heading without a mark behind its numeral."""
_FIGURE = re.compile(r"\s*(?:0|[1-9][\d.,]{0,9})%?\s*")
_REST = re.compile(r"\s*[^，。；：]{1,16}\s*")
"""What may be left of a heading on the next line."""
_GAP = re.compile(r"(?<=\S)[ ]{2,}(?=\S)")

INDENT = 4
"""Spaces before the first line of a paragraph; a tool may print the page's left margin as spaces too."""
_YEAR_APART = re.compile(r"(?:1(?<!\d1) 9|2(?<!\d2) 0) \d \d(?! ?\d)")
_DASH_FIRST = re.compile(r"\A[—–－] ?、")
"""An ordinal of which a recogniser made a dash."""
_ADJOINING = re.compile(r"\d\d")
_GAP_INSIDE = re.compile(r"(?<=\d) (?=\d)")
_INSIDE = re.compile(rf"[。；：！]\s*(?=[{NUMERALS}]{{1,2}}、([^。；，：！？]{{2,30}})[。：\s])")
_SOFT = str.maketrans("", "", "\u00ad\u200b\ufeff")


def unwrap(pieces: Sequence[Line]) -> list[Line]:
    """Join lines to paragraphs; page marks, running heads and a browser's printing are dropped."""
    kept = _without_running(pieces)
    full = _full_width([p.text for p in kept])
    set_in = full is None and _is_set_in([p.text for p in kept])
    joined: list[list[Line]] = []
    last = ""
    for piece in kept:
        piece = _without_pipes(piece, last, full)
        hung = (set_in or (full is None and _runs_on(last, piece.text))) and _is_hung(last, piece.text)
        if joined and (hung or _goes_on(last, piece.text, full)):
            joined[-1].append(piece)
            of_one = full is not None and _width(last) + _width(piece.text) <= full + SLACK
            last = last + piece.text if of_one else piece.text
        else:
            joined.append([piece])
            last = piece.text
    return [Line(_join([piece.text for piece in lines]), lines[0].page) for lines in joined]


def sections_apart(pieces: Sequence[Line]) -> list[Line]:
    """Set official titles apart from what stands before and behind them on their line.

    A page may come in one line; what stands there before its first title is cut at its spaces. Titles
    counted in Arabic numerals (1. 总体情况) are counted as the others.
    """
    texts = [piece.text for piece in pieces if piece.text.lstrip()[:1] in _COUNTS]
    arabic = sum(bool(_LINE["arabic"].fullmatch(text)) for text in texts) >= ENOUGH
    unmarked = [match[1] for text in texts if (match := _UNMARKED.fullmatch(text))]
    counted = len(unmarked) >= ENOUGH and unmarked == list(NUMERALS[: len(unmarked)])
    apart: list[Line] = []
    for piece in _title_apart(_without_contents(_without_front(pieces))):
        text = _UNMARKED.sub(r"\1、\2", piece.text) if counted else piece.text
        if arabic and _LINE["arabic"].fullmatch(text):
            digit = text.strip()[0]
            text = f"{NUMERALS[int(digit) - 1]}、{text.strip()[1:].lstrip(' .．、')}"
        apart += [Line(part, piece.page) for part in _parts(text)]
    return apart


def _without_contents(pieces: Sequence[Line]) -> Sequence[Line]:
    """Drop the contents: lines that lead to a page, or one that lists the headings which stand below it."""
    told = ((at, piece.text) for at, piece in enumerate(pieces) if piece.text.rstrip()[-1:].isdigit())
    leading = {at: match for at, text in told if (match := _LEADER.fullmatch(text))}
    if len(leading) > 1:
        others = [piece for at, piece in enumerate(pieces) if at not in leading]
        words = {"".join(piece.text.split()) for piece in others}
        if sum("".join(match[1].split()) in words for match in leading.values()) >= len(leading) / 2:
            pieces = others
    texts = [piece.text.strip(" 。：:") for piece in pieces]
    for at, piece in enumerate(pieces[:FIRST]):
        listed = [part.strip(" 。：:") for part in re.split("[,，]", piece.text) if part.strip()]
        below = texts[at + 1 :] if len(listed) >= LISTED else []
        if below and sum(part in below for part in listed) >= len(listed) / 2:
            return [*pieces[:at], *pieces[at + 1 :]]
    return pieces


def _title_apart(pieces: Sequence[Line]) -> Iterator[Line]:
    """Set the title apart from a text that a tool put behind it on its line."""
    for piece in pieces[:FIRST]:
        label = _LINE["body"].match(piece.text)
        text = piece.text[label.end() if label else 0 :]
        if match := _title_in_front(text):
            yield Line(match["title"], piece.page)
            text = text[match.end() :]
        yield Line(text, piece.page)
    yield from pieces[FIRST:]


def _title_in_front(text: str) -> re.Match[str] | None:
    """Return the title that stands in front of other text."""
    match = _LINE["title_first"].match(text)
    return match if match and is_title(clean_text(match["title"])) else None


def _without_front(pieces: Sequence[Line]) -> Sequence[Line]:
    """Drop what a crawler wrote before the text, but for the title and the date."""
    at = next((i for i, piece in enumerate(pieces[:30]) if _LINE["front_ends"].fullmatch(piece.text)), None)
    if at is None:
        return pieces
    kept = [p for p in pieces[:at] if re.match(r"\s*(标\s*题|发布时间|发布日期)\s*[:：]", p.text)]
    named = (re.sub(r"^\s*标\s*题\s*[:：]\s*", "", p.text) for p in kept)
    return [*(Line(text, p.page) for text, p in zip(named, kept, strict=True)), *pieces[at + 1 :]]


@functools.lru_cache(maxsize=1024)
def _parts(text: str) -> tuple[str, ...]:
    """Cut a line; most are asked for twice, before and after lines are joined."""
    if not _SPLIT.search(text):
        return (text,)
    text = text.replace("**", "")  # Markdown's
    titles = list(_LINE["official"].finditer(text)) if _COUNTED.search(text) else []
    indents = _INDENT_INSIDE.finditer(text) if "\u3000" * 2 in text else ()
    cuts = _title_cuts(text, titles).union(match.start() for match in indents)
    limits = [0, *sorted(cuts), len(text)]
    parts = [text[a:b].strip() if cuts else text for a, b in itertools.pairwise(limits)]
    if cuts and len(titles) > 1 and len(text) >= LONG:
        parts = _of_page(parts, sum(limit < titles[0].start(1) for limit in limits[:-1]))
    apart = (_LINE["sub_headed"].sub("\\1\\n", p) if _SPACED.search(p) else p for p in parts)
    return tuple(piece for part in apart for piece in part.split("\n") if piece.strip())


def _title_cuts(text: str, titles: Sequence[re.Match[str]]) -> set[int]:
    """Return where official titles that open a line or stand among others begin, and the text behind them."""
    cuts: set[int] = set()
    for match in titles:
        above, rest = text[: match.start(1)].strip(), text[match.end() :]
        if len(titles) == 1 and above and not _ends(above):
            continue
        told = bool(match["mark"]) or _ends(rest) or len(rest) > LONGEST_TITLE
        goes_on = _LINE["goes_on"].match(rest) and len(rest.split()[0]) <= LONGEST_END
        if not rest.strip():
            cuts.add(match.start(1))
        elif told and not goes_on:
            cuts |= {match.start(1), match.end()}
    return cuts


def _of_page(parts: Sequence[str], ahead: int) -> list[str]:
    """Cut a page that came in one line also at the spaces of what a site prints before and behind it."""
    front = [word for part in parts[:ahead] for word in _front_words(part)]
    whole = [p for part in parts[ahead:] for p in _BETWEEN.split(part)]
    last = whole.pop()  # behind the last sentence stands the site's
    body = [word for part in whole for word in (_front_words(part) if _title_in_front(part) else (part,))]
    return [*front, *body, *([last] if _ends(last) else _WORDS_APART.split(last))]


def _front_words(text: str) -> Iterator[str]:
    """Cut what a site prints in front at its spaces, up to where the agency begins to speak."""
    spoken = _LINE["spoken"].search(text)
    for word in text[: spoken.start() if spoken else None].split():
        if word.strip("|-"):
            yield word
    if spoken:
        yield text[spoken.start() :].strip()


def _width(text: str) -> int:
    """Return the columns of a line, without the gaps by which a tool filled it."""
    return columns(_GAP.sub(" ", text.rstrip()) if "  " in text else text.rstrip())


def _ends(text: str) -> bool:
    """Tell whether a line ends a sentence."""
    return text.rstrip().rstrip("”’」』）)]】").endswith(_ENDS)


def _without_running(pieces: Sequence[Line]) -> list[Line]:
    """Drop page marks, a browser's lines, and lines that stand first or last on several pages."""
    pieces = without_marks(pieces)
    printed = [" ".join(p.text.split()) for p in pieces if BROWSER_LINE.fullmatch(p.text)]
    if len(printed) > 1:  # one alone may be the page's own date
        pieces = [p for p in pieces if not BROWSER_LINE.fullmatch(p.text)]
    pages: dict[int, list[str]] = defaultdict(list)
    for piece in pieces:
        if piece.page is not None:
            pages[piece.page].append(piece.text.strip())
    edges = Counter(text for lines in pages.values() for text in {lines[0], lines[-1]})
    running = {text for text, count in edges.items() if count >= RUNNING and len(text) <= 60}
    return [piece for piece in pieces if piece.text.strip() not in running]


def without_marks(pieces: Sequence[Line]) -> list[Line]:
    """Drop blank lines, page marks and pages' heads: the title, and what stands beside several marks."""
    filled = _notes_behind([piece for piece in pieces if piece.text.strip()])
    marks = {at for at, piece in enumerate(filled) if PAGE_MARK.fullmatch(piece.text)}
    near = sorted({at for mark in marks for at in (mark - 1, mark + 1) if 0 <= at < len(filled)})
    beside = {at: "".join(filled[at].text.split()) for at in near}
    heads = Counter(filter(_may_be_running, beside.values()))
    again = _titles_again(filled)
    dropped = {at for at, text in beside.items() if heads[text] >= RUNNING or at in again}
    dropped |= marks.union(again if len(again) >= REPEATED else ())
    return [piece for at, piece in enumerate(filled) if at not in dropped]


def _titles_again(pieces: Sequence[Line]) -> list[int]:
    """Return which lines of the body say the title again that stands, over one line or several, before it."""
    body = next((at for at, piece in enumerate(pieces[:FIRST]) if OPENS_SECTION.match(piece.text)), FIRST)
    first = "".join("".join(piece.text.split()) for piece in pieces[:body])
    later = [(at, piece.text) for at, piece in enumerate(pieces) if at >= body and len(piece.text) <= HEAD]
    return [at for at, text in later if "".join(text.split()) in first and _may_be_title(text)]


def _notes_behind(pieces: list[Line]) -> list[Line]:
    """Set a note at a page's foot behind the sentence that it breaks."""
    kept: list[Line] = []
    held: list[Line] = []
    for at, piece in enumerate(pieces):
        note = _NOTE.match(piece.text) if piece.page and kept and not _ends(kept[-1].text) else None
        if note and any(note[1] in line.text[1:] for line in pieces[max(0, at - NEAR) : at]):
            held.append(piece)
            continue
        kept.append(piece)
        if held and _ends(piece.text):
            kept += held
            held = []
    return [*kept, *held]


def _may_be_running(text: str) -> bool:
    """Tell whether what stands beside a page mark is neither a cell nor a sentence."""
    return len(text) >= LEAST_HEAD and not text.endswith("。")


def _full_width(texts: Sequence[str]) -> int | None:
    """Return the width at which the text is wrapped, None where it is not.

    Wrapped text has many lines of about one width, hardly any wider, and most of these end inside a sentence.
    """
    wide = (text for text in texts if 2 * len(text) >= LEAST_WIDTH - SLACK and not _ends(text))
    if sum(map(_is_prose, wide)) < LEAST_BROKEN:
        return None
    widths = [(_width(text), text) for text in texts if _is_prose(text)]
    long = Counter(width for width, _ in widths if width >= LEAST_WIDTH)
    count = sum(long.values())
    if count < 3:
        return None
    full = max(long, key=lambda w: (sum(long[v] for v in range(w - SLACK, w + SLACK + 1)), w))
    near = [text for width, text in widths if abs(width - full) <= SLACK]
    wider = sum(n for width, n in long.items() if width > full + 2 * SLACK)
    broken = sum(not _ends(text) for text in near)
    wrapped = full <= WIDEST and len(near) >= max(3, SHARE * count) and wider <= count // 20
    return full if wrapped and broken >= 0.5 * len(near) else None


def _is_set_in(texts: Sequence[str]) -> bool:
    """Tell whether lines are set in where a sentence or a heading ended above, and only there."""
    if not any(map(_is_first, texts)):
        return False
    told = [(before, text) for before, text in itertools.pairwise(texts) if _is_prose(text)]
    opens = [_is_first(text) for before, text in told if _ends(before) or _is_heading(before)]
    hung = [not _is_first(text) for before, text in told if _breaks_off(before)]
    return len(opens) >= ENOUGH and all(opens) and bool(hung) and all(hung)


def _is_hung(line: str, following: str) -> bool:
    """Tell whether a line of prose breaks off and the next one, not set in, is prose that ends a sentence."""
    return _breaks_off(line) and not _is_first(following) and _is_prose(following) and _ends(following)


def _runs_on(line: str, following: str) -> bool:
    """Tell whether a line is longer than a heading, has clauses as prose has, and is not the shorter one."""
    if _ends(line) or _OPENS_LIST.search(line) or not _CLAUSE.search(line):
        return False
    return _width(line) >= max(LONGEST_HEADING, _width(following) - SLACK)


def _breaks_off(line: str) -> bool:
    broken = _width(line) >= LEAST_WIDTH and not _ends(line) and not _GAP.search(line.strip())
    return broken and _is_prose(line)


def _is_first(text: str) -> bool:
    return text[:1] in " \t\u3000"


def _is_prose(text: str) -> bool:
    """Tell a line that may be wrapped from a row, a heading and a title."""
    return "|" not in text and not _is_heading(text) and not _may_be_title(text)


def _may_be_title(text: str) -> bool:
    return "报" in text and is_title(clean_text(text[:80]))


def _without_pipes(piece: Line, before: str, full: int | None) -> Line:
    """Make a line of prose one again that a tool set apart by pipes: it fills, or ends, a wrapped line."""
    if full is None or "|" not in piece.text:
        return piece
    text = "".join(cell.strip() for cell in piece.text.split("|"))
    fills = full - 2 * SLACK <= columns(text) <= full + SLACK
    ends = _width(before) >= full - 2 * SLACK and not _ends(before) and _ends(text)
    return Line(text, piece.page) if fills or ends else piece


def _goes_on(line: str, following: str, full: int | None) -> bool:
    """Tell whether a line goes on in the next."""
    is_full = full is not None and _width(line) >= full - SLACK
    if _ends(line) or (_OPENS_LIST.search(line) and not is_full) or _HEADED.fullmatch(following):
        return False
    if _CONTINUES.match(following):
        return True
    if len(_LINE["index"].findall(line)) > 1:
        return False  # a site's index block
    if not is_full and (_may_be_title(following) or _may_be_title(line)):
        return False
    if _is_heading(following) or OPENS_POINT.match(following):
        return False
    no_end = _LINE["open"].search(line)  # as no paragraph ends
    if no_end or _is_cut(line, following) or _is_figure(line, following):
        return True
    if not is_full or _is_indented(line, following):
        return False
    return not _is_heading(line) or bool(_REST.fullmatch(following))


def _is_indented(line: str, following: str) -> bool:
    before, spaces = (len(text) - len(text.lstrip()) for text in (line, following))
    return following.startswith("\u3000\u3000") or spaces >= max(INDENT, before + 2)


def _is_heading(text: str) -> bool:
    if OPENS_SECTION.match(text):
        return True
    ends = len(text) <= 60 and text.rstrip(" ：:。").endswith(("况", "项", "题"))
    return ends and is_official_heading(clean_text(text))


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
    if _LINE["head_alone"].fullmatch(line):
        return False  # a heading that is whole: what follows it is text
    alone = _FIGURE.fullmatch(following) or _FIGURE.fullmatch(line)
    measured = line[-1:].isdigit() and following.strip()[:1] in MEASURES
    return bool(alone or measured or _LINE["broken_date"].search(f"{line[-8:]}\n{following[:8]}"))


def _join(lines: Sequence[str]) -> str:
    """Join lines; a space stays only between words of letters."""
    joined = [lines[0]]
    for line in lines[1:]:
        a, b = joined[-1].rstrip().translate(_SOFT), line.strip().translate(_SOFT)
        cut = a.endswith("-") and a[-2:-1].isascii() and a[-2:-1].isalpha() and b[:1].islower()
        spaced = a[-1:].isascii() and a[-1:].isalpha() and b[:1].isascii() and b[:1].isalpha()
        joined[-1] = a[:-1] if cut else f"{a} " if spaced else a
        joined.append(b)
    return "".join(joined)


def repair_lines(lines: Sequence[Line]) -> list[Line]:
    """Join an ordinal to the title on the next line, and cut a paragraph that holds several sections."""
    lines = [Line(_DASH_FIRST.sub("一、", text), page) for text, page in lines]
    return [piece for line in _ordinals_joined(_with_digits_joined(lines)) for piece in _sections_cut(line)]


def _with_digits_joined(lines: Sequence[Line]) -> Sequence[Line]:
    """Join digits where a page sets all apart: a year in a sentence is, and no two of the line adjoin."""
    apart = [line.text for line in lines if "1 9 " in line.text or "2 0 " in line.text]
    if not any(_YEAR_APART.search(text) and is_final(text) for text in apart):
        return lines
    return [
        line if _ADJOINING.search(line.text) else Line(_GAP_INSIDE.sub("", line.text), line.page)
        for line in lines
    ]


def _ordinals_joined(lines: Sequence[Line]) -> list[Line]:
    joined: list[Line] = []
    for line in lines:
        may_be_title = len(line.text) <= MAX_HEADING and not is_final(line.text)
        if joined and may_be_title and ORDINAL_ALONE.fullmatch(joined[-1].text):
            joined[-1] = Line(joined[-1].text + line.text, joined[-1].page)
        else:
            joined.append(line)
    return joined


def _sections_cut(line: Line) -> list[Line]:
    """Cut before each official title inside a paragraph, if there are two; one alone may be a mention."""
    cuts = [m.end() for m in _INSIDE.finditer(line.text) if is_statutory_title(m[1])]
    if len(cuts) < 2:
        return [line]
    limits = [0, *cuts, len(line.text)]
    pieces = (line.text[a:b].strip() for a, b in itertools.pairwise(limits))
    return [Line(piece, line.page) for piece in pieces if piece]
