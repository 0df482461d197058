"""Document → Report: title, sections, sentences with heading and lead, tables.

The body is found by the report's own markers: its title, its numbered headings, its tables. What stands
before the title and behind the last section is a site's, not the agency's.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gongkai.errors import ReportError
from gongkai.form.flattened import is_table_line
from gongkai.form.grids import Statistics, read_statistics
from gongkai.form.scope import Scope, find_scope
from gongkai.readers.document import Document, Grid, Paragraph
from gongkai.readers.read import read_document
from gongkai.report.agency import Identity, identify
from gongkai.report.outline import (
    Line,
    Part,
    cut_tail,
    find_sections,
    find_title,
    is_official_heading,
    reason_against,
)
from gongkai.report.passages import Sentence, read_passages, section_text
from gongkai.report.repair import repair_lines
from gongkai.text.clean import Script, clean_text, count_damage, detect_script, drop_adverts, is_furniture

if TYPE_CHECKING:
    from collections.abc import Sequence


MAX_PARAGRAPH = 200_000
"""Characters; the longest seen has 5,000, a whole report in one paragraph 40,000."""
_REASONS = {
    "template": "a writing template (xxxx年)",
    "rules": "rules on annual reports",
    "notice": "a notice on how to write reports",
    "guide": "a disclosure guide",
    "news": "a news item about a report",
    "summary": "a graphic summary of a report",
    "audit": "not a disclosure report but one on audit findings",
}


@dataclass(frozen=True, slots=True)
class Section:
    """A section: its key (`section5` holds both its halves), heading as printed, cleaned text."""

    key: str
    heading: str
    text: str
    """A paragraph a line; `text[s.start : s.end] == s.text` for each sentence `s` whose `part` it is."""


@dataclass(frozen=True, slots=True)
class Report:
    """A document understood as a disclosure report."""

    title: str
    script: Script
    identity: Identity
    scope: Scope | None
    """Whether its numbers count the own office or sum a whole area or system; None where it does not say."""
    sections: tuple[Section, ...]
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


def read_report(document: Document | str | Path) -> Report:
    """Understand a document, or the file at a path, as a disclosure report.

    Raises:
        ReadError: The file cannot be read.
        ReportError: It is not one: neither a title, nor two of its sections, nor a statutory table is there.
    """
    if isinstance(document, str | Path):
        document = read_document(document)
    lines, grids, script = _clean_lines(document)
    lines = repair_lines(lines)
    problems: list[tuple[str, str, str]] = [("read", "warning", p) for p in document.problems]
    if any(len(b.text) > MAX_PARAGRAPH for b in document.blocks if isinstance(b, Paragraph)):
        problems.append(("read", "warning", f"a paragraph was cut at {MAX_PARAGRAPH:,} characters"))
    lost = sum(count_damage(b.text[:MAX_PARAGRAPH]) for b in document.blocks if isinstance(b, Paragraph))
    if lost:
        problems.append(
            ("read", "warning", f"characters are lost in {lost} places (a wrong decoding upstream?)")
        )
    in_table = [is_table_line(line.text) and not is_official_heading(line.text) for line in lines]
    flat = [line.text for line, inside in zip(lines, in_table, strict=True) if inside]
    statistics = read_statistics([grid for _, grid in grids], flat, script=script)
    problems += [("statistics", "warning", p) for p in statistics.problems]
    prose = [line for line, inside in zip(lines, in_table, strict=True) if not inside]
    start, title = find_title(prose)
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
    parts = find_sections(body, statutory=statistics.form is not None)
    _refuse_other(document, title, parts, statistics)
    parts = cut_tail(parts)
    if not {"section5", "problems", "improvements"} & {p.section for p in parts}:
        problems.append(("sections", "warning", "no section on problems and improvements was found"))
    sentences = [s for i, part in enumerate(parts) for s in read_passages(part, identity.year, index=i)]
    if not sentences:
        problems.append(("sections", "warning", "tables only: no sentence was found"))
    return Report(
        title,
        script,
        identity,
        find_scope(sentences, identity.kind),
        tuple(Section(p.section, p.heading, section_text(p)) for p in parts),
        tuple(sentences),
        statistics,
        tuple(problems),
    )


def _clean_lines(document: Document) -> tuple[list[Line], list[tuple[int, Grid]], Script]:
    """Clean the paragraphs, drop furniture, and set the grids apart."""
    raw = "".join(b.text[:MAX_PARAGRAPH] for b in document.blocks if not isinstance(b, Grid))
    cells = (
        ""
        if len(raw) > 200
        else "".join("".join(r) for b in document.blocks if isinstance(b, Grid) for r in b.texts)
    )
    script = detect_script(raw + cells)
    lines: list[Line] = []
    grids: list[tuple[int, Grid]] = []
    for index, block in enumerate(document.blocks):
        if isinstance(block, Grid):
            grids.append((index, block))
            continue
        text = drop_adverts(clean_text(block.text[:MAX_PARAGRAPH], script=script))
        if text:
            lines.append(Line(text, block.page, index))
    return lines, grids, script


def _refuse_other(document: Document, title: str, parts: Sequence[Part], statistics: Statistics) -> None:
    """Raise unless it is a report: three sections or a statutory table, or a title and what it announces."""
    if any("（文字描述" in line.text for p in parts for line in p.lines):
        raise ReportError(f"{document.path}: the blank form with its instructions, not a report")
    found = [p.section for p in parts[1:]]
    text = "".join(line.text for p in parts for line in p.lines)
    speaks = bool(re.search("信息公开|政务公开", title + text + "".join(p.heading for p in parts)))
    outlined = bool(statistics.readings) or (len(set(found)) >= 3 and speaks)
    sure = bool(statistics.readings) or (outlined and bool(title))
    reason = reason_against([title, *_first_lines(document)], outlined=sure)
    if reason:
        raise ReportError(f"{document.path}: {_REASONS[reason]}, not a report")
    if outlined or (title and (found or len(text) > 400)):
        return
    raise ReportError(
        f"{document.path}: not a disclosure report: no title (…政府信息公开工作年度报告), "
        f"{len(found)} of its sections and no statutory table in {len(document.blocks)} blocks"
    )


def _first_lines(document: Document) -> list[str]:
    """Return the first lines that are text, cleaned."""
    paragraphs = (b for b in document.blocks if isinstance(b, Paragraph))
    lines = (clean_text(b.text[:200]) for b in itertools.islice(paragraphs, 30))
    return list(itertools.islice((line for line in lines if line and not is_furniture(line)), 8))
