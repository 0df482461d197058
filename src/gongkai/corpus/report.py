"""Document → Report: title, sections, sentences with heading and lead, tables.

The body is found by the report's own markers: its title, its numbered headings, its tables. What stands
before the title and behind the last section is a site's, not the agency's.
"""

from __future__ import annotations

import functools
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gongkai.corpus.agency import Identity, agency_in_title, identify
from gongkai.corpus.document import Document, Grid
from gongkai.corpus.flattened import is_table_line
from gongkai.corpus.halves import Half, half_of_heading, is_half_heading, next_half
from gongkai.corpus.read import read_document
from gongkai.corpus.statistics import Statistics, read_statistics
from gongkai.errors import ReportError
from gongkai.run import bundled
from gongkai.text.clean import Script, clean_text, detect_script, ends_report, is_furniture
from gongkai.text.sentences import split_sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

_NUMERALS = "一二三四五六七八九十"
_ORDINAL = re.compile(
    rf"\s*(?:第?([{_NUMERALS}]{{1,3}})\s*(?:[、.．，,：:。]+|部分[：:、]?|\s)|[（(]([{_NUMERALS}]{{1,3}})[）)]、?)\s*"
)
_RUN_IN = re.compile(
    rf"(?:(?P<bracket>[（(](?:[{_NUMERALS}]{{1,3}}|\d{{1,2}})[）)]、?\s*)(?P<pair>[^。；：！？\d]{{2,18}}|[^。；，：！？]{{2,28}})"
    rf"|(?P<number>\d{{1,2}}[.．、](?!\d)|[{_NUMERALS}]{{1,2}}、|[①-⑳])?\s*(?P<title>[^。；，：！？]{{2,28}}))[。：](?=.)"
)
_SUB_HEADING = re.compile(
    rf"([（(](?:[{_NUMERALS}]{{1,3}}|\d{{1,2}})[）)]、?|\d{{1,2}}[.．、](?!\d)|[{_NUMERALS}]{{1,2}}、|[①-⑳])\s*[^。；！？]{{2,40}}"
)
_FINAL = re.compile(r"[。！？；：:;!?，,、]\s*[”’）)]*$")
_RANK = {
    "overview": 1,
    "proactive": 2,
    "requests": 3,
    "disputes": 4,
    "section5": 5,
    "problems": 5,
    "improvements": 6,
    "other": 7,
}
_LEAD_IN = re.compile(r"[：:]$")
MAX_HEADING = 42
"""Characters of the longest heading; the official titles have at most 27."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One quasi-sentence with what the codebook says it needs; offsets count in the text of its section."""

    section: str
    heading: str
    lead: str
    start: int
    end: int
    page: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """A document understood as a disclosure report."""

    title: str
    script: Script
    identity: Identity
    sections: tuple[tuple[str, str], ...]
    """(section key, heading as printed) in order; `section5` holds both problems and improvements."""
    sentences: tuple[Sentence, ...]
    statistics: Statistics
    problems: tuple[tuple[str, str, str], ...]
    """(step, severity, message)"""

    @property
    def form(self) -> str | None:
        """`2019` or `2021` by the tables, `pre-2019` by the year where there are none, else None."""
        if self.statistics.form:
            return self.statistics.form
        return "pre-2019" if self.identity.year and self.identity.year < 2019 else None


@dataclass(slots=True)
class _Line:
    text: str
    page: int | None
    index: int  # of its block in the document


@dataclass(slots=True)
class _Part:
    section: str
    heading: str
    lines: list[_Line]


@functools.cache
def _cues() -> dict[str, Any]:
    table = tomllib.loads(bundled("corpus/lexicon/sections.toml").read_text(encoding="utf-8"))
    return {group: {k: re.compile(p) for k, p in patterns.items()} for group, patterns in table.items()}


def read_report(document: Document | str | Path) -> Report:
    """Understand a document, or the file at a path, as a disclosure report.

    Raises:
        ReadError: The file cannot be read.
        ReportError: It is not one: neither a title, nor two of its sections, nor a statutory table is there.
    """
    if isinstance(document, str | Path):
        document = read_document(document)
    lines, grids, script = _clean_lines(document)
    problems: list[tuple[str, str, str]] = [("read", "warning", p) for p in document.problems]
    in_table = [is_table_line(line.text) and not _is_official_heading(line.text) for line in lines]
    flat = [line.text for line, inside in zip(lines, in_table, strict=True) if inside]
    statistics = read_statistics([grid for _, grid in grids], flat, script=script)
    problems += [("statistics", "warning", p) for p in statistics.problems]
    prose = [line for line, inside in zip(lines, in_table, strict=True) if not inside]
    start, title = _find_title(prose)
    # Dates and names also stand in the index block that some sites print as a small table.
    index_block = [
        " ".join(row)
        for _, grid in grids
        if len(grid.rows) <= 6
        for row in grid.texts
        if any("日期" in c for c in row)
    ]
    identity = identify(title, [*index_block, *(line.text for line in lines)])
    problems += [("agency", "warning", p) for p in identity.problems]
    body = prose[start:]
    parts = _find_sections(body, statutory=statistics.form is not None)
    _refuse_other(document, title, parts, statistics)
    parts = _cut_tail(parts)
    if not {"section5", "problems", "improvements"} & {p.section for p in parts}:
        problems.append(("sections", "warning", "no section on problems and improvements was found"))
    sentences = [s for part in parts for s in _sentences(part)]
    if not sentences:
        problems.append(("sections", "warning", "tables only: no sentence was found"))
    sections = tuple((p.section, p.heading) for p in parts)
    return Report(title, script, identity, sections, tuple(sentences), statistics, tuple(problems))


def _clean_lines(document: Document) -> tuple[list[_Line], list[tuple[int, Grid]], Script]:
    """Clean the paragraphs, drop furniture, and set the grids apart."""
    raw = "".join(b.text for b in document.blocks if not isinstance(b, Grid))
    cells = (
        ""
        if len(raw) > 200
        else "".join("".join(r) for b in document.blocks if isinstance(b, Grid) for r in b.texts)
    )
    script = detect_script(raw + cells)
    lines: list[_Line] = []
    grids: list[tuple[int, Grid]] = []
    for index, block in enumerate(document.blocks):
        if isinstance(block, Grid):
            grids.append((index, block))
            continue
        text = clean_text(block.text, script=script)
        if text:
            lines.append(_Line(text, block.page, index))
    return lines, grids, script


def _find_title(lines: Sequence[_Line]) -> tuple[int, str]:
    """Return where the body begins (behind the last printing of the title) and the title on one line."""
    headings = (i for i, line in enumerate(lines[:200]) if _heading(line.text))
    last = next(headings, min(len(lines), 40))
    start, title = 0, ""
    for index, line in enumerate(lines[: last + 1]):
        above = lines[index - 1].text if index else ""
        found = _title_at(above, line.text)
        if found:
            start = index + 1
            title = max(title, found, key=len)
    return start, title.replace(" ", "")


def _title_at(above: str, text: str) -> str:
    """Return the title that a line holds, alone or with the line above it (agency, or first half)."""
    joins = bool(above) and len(above) <= 60 and not is_furniture(above) and not _FINAL.search(above)
    if _is_title(text):
        return above + text if joins and len(above) <= 30 and not agency_in_title(text) else text
    if joins and len(text) <= 16 and not _is_title(above) and _is_title(above + text):
        return above + text
    return ""


def _is_title(text: str) -> bool:
    if len(text) > 70 or re.search(r"[。>＞»›]", text) or _FINAL.search(text):
        return False
    if _heading(text) and not re.search(r"\d{4}", text):
        return False
    return bool(_cues()["title"]["report"].search(text))


def _heading(text: str) -> tuple[str, str] | None:
    """Return (ordinal, title) when a line can be a top-level heading."""
    if len(text) > MAX_HEADING or (_FINAL.search(text) and not text.endswith(("：", "。"))):
        return None
    match = _ORDINAL.match(text)
    if not match:
        return None
    title = text[match.end() :].strip("：。:. ")
    if len(title) < 2 or re.search(r"[。；，！？]", title):
        return None
    return (match[1] or match[2]), title


def _is_official_heading(text: str) -> bool:
    heading = _heading(text)
    return (
        heading is not None
        and _match("statutory", heading[1]) is not None
        and heading[1].endswith(("况", "项", "题"))
    )


def _match(group: str, text: str) -> str | None:
    squeezed = re.sub(r"\s", "", text)
    return next((key for key, pattern in _cues()[group].items() if pattern.search(squeezed)), None)


def _find_sections(lines: Sequence[_Line], *, statutory: bool) -> list[_Part]:
    """Cut the body at its top-level headings."""
    candidates = _candidates(lines)
    if statutory or any(
        re.search("收到和处理|其[他它]需要报告", heading) for _, _, _, heading, _ in candidates
    ):
        chosen = _ordered(candidates)
    else:
        chosen = [c for c in candidates if c[2] == "bare" or c[1] is not None]
        chosen = _ascending(chosen)
    parts = [_Part("preamble", "", [])]
    marks = {index: (section, heading, rest) for index, section, _, heading, rest in chosen if section}
    for index, line in enumerate(lines):
        if index in marks:
            section, heading, rest = marks[index]
            parts.append(_Part(section, heading, []))
            if rest:
                parts[-1].lines.append(_Line(rest, line.page, line.index))
        else:
            parts[-1].lines.append(line)
    return parts


_Candidate = tuple[int, "str | None", str, str, str]
"""line number, section key, 'bare' | 'inline' | 'unnumbered', heading, what follows it in the line"""


def _candidates(lines: Sequence[_Line]) -> list[_Candidate]:
    found: list[_Candidate] = []
    for index, line in enumerate(lines):
        text = line.text
        bare = _heading(text)
        if bare:
            found.append((index, _match("headings", bare[1]), "bare", text.strip("：。: "), ""))
            continue
        ordinal = _ORDINAL.match(text)
        if ordinal and ordinal[1]:
            cut = re.match(r"[^。；，：！？]{3,30}[。：\s]", text[ordinal.end() :])
            if cut and (key := _match("statutory", cut[0].strip("。： "))):
                split = ordinal.end() + cut.end()
                found.append((index, key, "inline", text[:split].strip("。： "), text[split:].strip()))
        elif len(text) <= 24 and not _FINAL.search(text) and not re.match(r"[（(\d①-⑳]", text):
            key = _match("statutory", text)
            if key and not re.search(r"[，。；]", text):
                found.append((index, key, "unnumbered", text, ""))
    return found


def _ordered(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Choose the headings of the statutory form: in its order, those that fit titles and ordinals best.

    A second outline (一、…六、) inside 总体情况, a contents list, and a table row `三、本年度办理结果` all
    lose to the real headings here, because they break the order or fit the titles worse.
    """
    usable = []
    for candidate in candidates:
        index, key, kind, heading, rest = candidate
        if kind == "bare" and key is not None:
            official = _match("statutory", _ORDINAL.sub("", heading, count=1))
            if official is None and key not in ("problems", "improvements"):
                continue
            if official and key not in ("problems", "improvements", "section5"):
                key = official
        if key is None or key not in _RANK:
            continue
        ordinal = _ORDINAL.match(heading)
        number = _NUMERALS.find(ordinal[1] or ordinal[2]) + 1 if ordinal else 0
        weight = (
            2.0 + (1.0 if ordinal and ordinal[1] else 0.0) + (0.5 if number == min(_RANK[key], 6) else 0.0)
        )
        weight -= 1.5 if kind == "unnumbered" else 0.0
        usable.append((weight, _RANK[key], (index, key, kind, heading, rest)))
    best: list[tuple[float, list[int]]] = []
    for i, (weight, rank, _) in enumerate(usable):
        chains = [best[j] for j in range(i) if usable[j][1] < rank]
        # Of equal chains the later one wins: a contents list stands before the text it announces.
        before = max(enumerate(chains), key=lambda c: (c[1][0], c[0]))[1] if chains else (0.0, [])
        best.append((before[0] + weight, [*before[1], i]))
    if not best:
        return []
    _, chain = max(enumerate(best), key=lambda b: (b[1][0], b[0]))[1]
    return [usable[i][2] for i in chain]


def _ascending(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Choose the top-level outline of a free-form report.

    Its level is that of its first numbered heading (一、 or （一）); a heading that no cue matches belongs to
    the overview before section five and to the rest behind it.
    """
    numbered = [c for c in candidates if c[2] == "bare"]
    outer = next((c for c in numbered if (m := _ORDINAL.match(c[3])) and m[1]), None)
    chosen: list[_Candidate] = []
    last_number = 0
    seen_five = False
    for index, key, kind, heading, rest in candidates:
        ordinal = _ORDINAL.match(heading)
        if kind == "bare" and ordinal:
            if outer is not None and not ordinal[1]:
                continue
            number = _NUMERALS.find((ordinal[1] or ordinal[2])[-1]) + 1
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


def _refuse_other(document: Document, title: str, parts: Sequence[_Part], statistics: Statistics) -> None:
    if any("（文字描述" in line.text for p in parts for line in p.lines):
        raise ReportError(f"{document.path}: the blank form with its instructions, not a report")
    found = [p.section for p in parts[1:]]
    characters = sum(len(line.text) for p in parts for line in p.lines)
    if (
        statistics.readings
        or len(set(found)) >= 3
        or (title and len(found) >= 1)
        or (title and characters > 400)
    ):
        return
    raise ReportError(
        f"{document.path}: not a disclosure report: no title (…政府信息公开工作年度报告), "
        f"{len(found)} of its sections and no statutory table in {len(document.blocks)} blocks"
    )


def _cut_tail(parts: Sequence[_Part]) -> list[_Part]:
    """Drop furniture everywhere, and all that stands behind the line that ends the report."""
    kept: list[_Part] = []
    for number, part in enumerate(parts):
        lines: list[_Line] = []
        for line in part.lines:
            if number > 0 and ends_report(line.text):
                kept.append(_Part(part.section, part.heading, lines))
                return kept
            if not is_furniture(line.text) and not _is_signature(line.text):
                lines.append(line)
        kept.append(_Part(part.section, part.heading, lines))
    return [p for p in kept if p.lines or p.section != "preamble"]


def _is_signature(text: str) -> bool:
    """Tell whether a line is only a date or only an agency's name, as under a letter."""
    squeezed = re.sub(r"\s", "", text)
    return bool(
        re.fullmatch(r"[（(]?(\d{4}|[二〇○零一三四五六七八九]{4})年\S{1,3}月\S{1,3}日[）)]?", squeezed)
        or re.fullmatch(
            r"[\u4e00-\u9fff]{3,24}(局|委员会|厅|人民政府|办公室|办公厅|管委会|办事处|海关)(\d{4}[-年./]\d{1,2}[-月./]\d{1,2}日?)?",
            squeezed,
        )
        or re.fullmatch(r"\d{4}[-./]\d{1,2}[-./]\d{1,2}(\d{1,2}:\d{2}(:\d{2})?)?", squeezed)
    )


def _sentences(part: _Part) -> list[Sentence]:
    """Cut a section into sentences; each knows its heading, its lead, and its half of section five."""
    split = part.section in ("section5", "problems", "improvements")
    state = Half("improvements" if part.section == "improvements" else "problems")
    sub_heading, lead = "", ""
    found: list[Sentence] = []
    offset = 0

    def enter(heading: str) -> None:
        nonlocal state, lead
        named = half_of_heading(heading) if split else None
        if not split or (named and named != state.name):
            lead = ""
        if named:
            state = Half(named, headed=True)

    for line in _joined(part.lines):
        text = line.text
        stand_alone = _sub_heading(text, part.section)
        if stand_alone:
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
            if not split and re.fullmatch(rf"[（(][{_NUMERALS}]{{1,3}}[）)][^，；：]{{2,18}}。", sentence):
                sub_heading = sentence.strip("。")  # several headings run into one paragraph
                continue
            if part.section == "section5":
                turned = next_half(sentence, state)
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
                )
            )
            if opens:
                lead = sentence
        offset += len(text) + 1
    return found


def _joined(lines: Sequence[_Line]) -> list[_Line]:
    """Join a line that breaks off inside a sentence to its successor, unless that opens a new point."""
    joined: list[_Line] = []
    for line in lines:
        before = joined[-1] if joined else None
        broken = before is not None and not _FINAL.search(before.text) and len(before.text) > MAX_HEADING
        if before is not None and broken and not _SUB_HEADING.match(line.text):
            joined[-1] = _Line(before.text + line.text, before.page, before.index)
        else:
            joined.append(_Line(line.text, line.page, line.index))
    return joined


def _sub_heading(text: str, section: str) -> str | None:
    """Return the heading that a whole line is: short, nominal, without an end mark."""
    if section not in ("section5", "problems", "improvements") and re.fullmatch(
        rf"[（(](?:[{_NUMERALS}]{{1,3}}|\d{{1,2}})[）)]、?[^，；：]{{2,24}}(情况|方面|工作|建设|管理|保障|公开)[。：]",
        text,
    ):
        return text.strip("。：")
    if _FINAL.search(text) or len(text) > MAX_HEADING:
        return text.strip("：") if text.endswith("：") and _is_label(text.strip("：")) else None
    if _SUB_HEADING.fullmatch(text):
        return text
    return text if is_half_heading(text) and len(text) <= 20 else None


def _run_in_heading(text: str, section: str) -> tuple[int, str] | None:
    """Return (where the text goes on, heading) for `（一）主动公开情况。2024年，…`.

    An enumerated clause is a heading only if more follows in its paragraph; `一是…。` is always a sentence.
    """
    match = _RUN_IN.match(text)
    if not match:
        return None
    title = match["pair"] or match["title"]
    end = match.end() - 1
    split = section in ("section5", "problems", "improvements")
    nominal = bool(re.search(r"(情况|工作|方面|公开|管理|建设|保障)$", title))
    label = text[end] == "：" and _is_label(title)
    if match["bracket"]:
        run_in = text[end] == "。" or label or (nominal and not split)
    elif match["number"]:
        run_in = label or (section == "overview" and text[end] == "。")
    else:
        plain = nominal and len(title) <= 10 and title[1:2] != "是"
        run_in = (label and split) or (section == "overview" and plain)
    return (match.end(), text[:end]) if run_in else None


def _is_label(text: str) -> bool:
    """Tell a label (`存在问题：`) from a lead-in, which is a sentence (`主要有以下问题：`)."""
    return (
        len(text) <= 14
        and is_half_heading(text)
        and not re.search(r"有|如下|以下|表现|采取|做好|抓好|将|是", text)
    )


def _opens_passage(sentence: str, section: str) -> bool:
    """Tell whether a sentence opens a passage: it ends in a colon, or turns to what will be done."""
    if _LEAD_IN.search(sentence) or re.match(r"(下一?步|今后|接下来|明年)", sentence):
        return True
    five = section in ("section5", "problems", "improvements")
    return five and bool(re.match(r"(针对|为此|对此|20\d\d年.{0,8}将)", sentence))
