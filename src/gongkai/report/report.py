"""Document → Report: title, sections, sentences with heading and lead, tables.

The body is found by the report's own markers: its title, its numbered headings, its tables. What stands
before the title and behind the last section is a site's, not the agency's.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gongkai.errors import ReportError
from gongkai.form.aligned.stream import is_table_line
from gongkai.form.cells import FormCells
from gongkai.form.checks import check_cells
from gongkai.form.form import COLUMNS, TABLES, Reading
from gongkai.form.prose import Check
from gongkai.form.scope import Scope, find_scope
from gongkai.problem import Problem
from gongkai.readers.document import Document, Paragraph
from gongkai.report.agency import NOTHING_KNOWN, Identity, Known, identify
from gongkai.report.outline import (
    OTHERWISE,
    Line,
    Part,
    cut_tail,
    find_sections,
    find_title,
    is_official_heading,
    is_statutory_title,
    is_told_heading,
    reason_against,
)
from gongkai.report.passages import Sentence, join_lines, read_passages
from gongkai.report.tables import FRAME, MAX_PARAGRAPH, Tables, read_tables
from gongkai.report.unwrap import repair_lines, sections_apart, unwrap
from gongkai.tables.ids import sentence_ids
from gongkai.text.clean import Script, clean_lines, clean_text, count_damage, is_furniture
from gongkai.text.grammar import NUMERALS
from gongkai.text.lexicon import patterns

_MARK = re.compile(r"(?!\*\*)\s*(?:#{1,6}|[*>•)）]|-(?=\s*\[))\s*")
_MARKDOWN = re.compile(r"\*\*|!\[[^\[\]]{0,200}\]\([^()\s]{0,300}\)|\[([^\[\]]{0,200})\]\([^()\s]{0,300}\)")
_INDEX = patterns("sections.index")
LABEL = 4
"""Characters of a label of an issuer."""
FIRST_OF_FORM = 2019
"""The first year whose reports have the statutory tables."""
_REASONS = {
    "template": "a writing template (xxxx年)",
    "rules": "rules on annual reports",
    "notice": "a notice on how to write reports",
    "guide": "a disclosure guide",
    "news": "a news item about a report",
    "summary": "a graphic summary of a report",
    "audit": "not a disclosure report but one on audit findings",
    "assessment": "an assessment of reports",
    "plan": "a plan of what is to be done",
    "index": "an index of reports",
    "other": "a yearly report on something else",
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
    """A document understood as a disclosure report: everything that the tables say of it."""

    report_id: str
    """First 12 hex digits of the digest."""
    path: str
    digest: str
    media_type: str
    url: str | None
    """Address that the file says it was saved from."""
    title: str
    script: Script
    identity: Identity
    form: str | None
    """`2019` or `2021` by the tables, `2008` or `2014` by the annex, `pre-2019` by the year, else None."""
    scope: Scope | None
    """Whether its numbers count the own office or sum a whole area or system; None where it does not say."""
    sections: tuple[Section, ...]
    sentences: tuple[Sentence, ...]
    cells: tuple[Reading, ...]
    checks: tuple[Check, ...]
    problems: tuple[Problem, ...]

    @property
    def sentence_ids(self) -> list[str]:
        """One id a sentence: report, hash of the text, occurrence."""
        return sentence_ids(self.report_id, [s.text for s in self.sentences])


def parse_report(document: Document, known: Known = NOTHING_KNOWN) -> Report:
    """Understand a document as one disclosure report.

    Args:
        document: What was read.
        known: What the user knows of it; wins over what it says.

    Raises:
        ReportError: It is not one: neither a title, nor two of its sections, nor a statutory table is there.
    """
    tables = read_tables(document)
    statistics = tables.statistics
    lines = repair_lines(_cleaned(sections_apart(unwrap(tables.lines)), tables.script))
    prose = _prose(lines, official=bool(tables.form))
    start, title = find_title(prose)
    index_block = [*_index_block(tables)]
    identity = identify(title, [*index_block, *(line.text for line in lines)], known)
    parts = find_sections(prose[start:], statutory=statistics.form is not None)
    _refuse_other(document, title, parts, statistics)
    parts = join_lines(cut_tail(parts, identity.agency))
    sentences = [s for i, part in enumerate(parts) for s in read_passages(part, identity.year, index=i)]
    said = (Problem("identity", message) for message in identity.problems)
    problems = [*_damage(document), *statistics.problems, *said]
    if not {"section5", "problems", "improvements"} & {p.section for p in parts}:
        problems.append(Problem("no_section_five", "no section on problems and improvements was found"))
    if not sentences:
        problems.append(Problem("tables_only", "tables only: no sentence was found"))
    problems += _lacking(statistics, identity.year)
    scope = find_scope(sentences, identity.kind)
    told = [(s.section, s.heading, s.text) for s in sentences]
    before = "pre-2019" if identity.year and identity.year < FIRST_OF_FORM else None
    return Report(
        report_id=document.digest[:12], path=document.path, digest=document.digest,
        media_type=document.media_type, url=document.url, title=title, script=tables.script,
        identity=identity, form=tables.form or before, scope=scope,
        sections=tuple(Section(p.section, p.heading, "\n".join(x.text for x in p.lines)) for p in parts),
        sentences=tuple(sentences), cells=statistics.readings,
        checks=tuple(check_cells(statistics.readings, told, scope=scope, kind=identity.kind)),
        problems=tuple(problems),
    )  # fmt: skip


def _prose(lines: Sequence[Line], *, official: bool) -> list[Line]:
    """Leave out what is left of the tables; a word that they have too, 其他, may stand above a text."""
    is_title_here = is_official_heading if official else is_told_heading
    texts = [*(line.text for line in lines), ""]
    numbered = any(text[:1] in NUMERALS and is_official_heading(text) for text in texts if text)
    return [
        line
        for line, following in zip(lines, texts[1:], strict=True)
        if line.text.endswith("。")
        or not is_table_line(line.text)
        or is_title_here(line.text)
        or (not numbered and following.endswith("。") and is_statutory_title(line.text))
    ]


def _damage(document: Document) -> Iterator[Problem]:
    """Say what the reader noticed, and what was lost before it."""
    yield from document.problems
    texts = [b.text for b in document.blocks if isinstance(b, Paragraph)]
    if any(len(text) > MAX_PARAGRAPH for text in texts):
        yield Problem("paragraph_cut", f"a paragraph was cut at {MAX_PARAGRAPH:,} characters")
    lost = count_damage("\n".join(text[:MAX_PARAGRAPH] for text in texts))
    if lost:
        yield Problem("characters_lost", f"characters are lost in {lost} places (a wrong decoding upstream?)")


def _lacking(statistics: FormCells, year: int | None) -> Iterator[Problem]:
    """Say which statutory tables, columns and first row of requests gave no cell, not even a blank one."""
    found = {reading.table for reading in statistics.readings}
    tables = [table for table in TABLES if table not in found]
    if not statistics.readings and (year or 0) >= FIRST_OF_FORM:
        yield Problem("no_tables", f"a report of {year} should have the statutory tables, and none was found")
    elif 0 < len(tables) < len(TABLES):
        yield Problem("no_tables", f"of the statutory tables nothing was found of {' and '.join(tables)}")
    cells = [reading for reading in statistics.readings if reading.table == "requests"]
    told = {reading.column for reading in cells}
    lacking = [column for column in COLUMNS if column not in told]
    if told and lacking:
        yield Problem("head", f"requests: no cell was found in the columns {', '.join(lacking)}")
    if cells and all(reading.row != "new_requests" for reading in cells):
        yield Problem("row_not_read", "requests: no cell was found in the row new_requests")


def _index_block(tables: Tables) -> Iterator[str]:
    """Yield what the small table or the lines of pipes say in which sites print dates and names.

    A row that dates, as it stands; and the issuer, beside its label or below it.
    """
    small = [grid.texts for grid in tables.grids if len(grid.rows) <= 6]
    for texts in small:
        yield from (" ".join(row) for row in texts if any("日期" in cell for cell in row))
    for rows in (*small, [piece.text.split("|") for piece in tables.lines[:30]]):
        cells = [[cell.strip(" :：*") for cell in row] for row in rows]
        for row, below in itertools.pairwise([*cells, []]):
            for at, cell in enumerate(row):
                if len(cell) == LABEL and _INDEX["issuer"].fullmatch(cell):
                    values = (*row[at + 1 : at + 2], *below[at : at + 1])
                    named = (value for value in values if value and not _INDEX["label"].search(value))
                    yield from (f"发布机构：{value}" for value in named)


def _cleaned(pieces: Sequence[Line], script: Script) -> list[Line]:
    """Clean the paragraphs; what frames or marks them (pipes, box lines, Markdown) goes."""
    framed = FRAME.search("".join([piece.text for piece in pieces])) is not None
    parts = [(part, p.page) for p in pieces for part in (FRAME.split(p.text) if framed else (p.text,))]
    texts = clean_lines([_without_marks(part) for part, _ in parts], script=script)
    return [Line(text, page) for text, (_, page) in zip(texts, parts, strict=True) if text]


def _without_marks(text: str) -> str:
    """Leave out what marks a line of Markdown."""
    mark = _MARK.match(text)
    return _MARKDOWN.sub(lambda match: match[1] or "", text[mark.end() if mark else 0 :])


def _refuse_other(document: Document, title: str, parts: Sequence[Part], statistics: FormCells) -> None:
    """Raise unless it is a report: three sections or a statutory table, or a title and what it announces."""
    if any("（文字描述" in line.text for p in parts for line in p.lines):
        raise ReportError(f"{document.path}: the blank form with its instructions, not a report")
    found = [p.section for p in parts[1:]]
    text = "".join(line.text for p in parts for line in p.lines)
    said = title + text + "".join(p.heading for p in parts)
    outlined = bool(statistics.readings or (len({*found}) >= 3 and _INDEX["subject"].search(said)))
    first = _first_lines(document)
    announced = bool(title) or _is_announced(first)
    sure = bool(statistics.readings) or (outlined and announced)
    reason = reason_against(title, first, outlined=sure)
    if reason:
        raise ReportError(f"{document.path}: {_REASONS[reason]}, not a report")
    if outlined or (announced and (found or len(text) > 400)):
        return
    raise ReportError(
        f"{document.path}: not a disclosure report: no title (…政府信息公开工作年度报告), "
        f"{len(found)} of its sections and no statutory table in {len(document.blocks)} blocks"
    )


def _is_announced(first: Sequence[str]) -> bool:
    """Tell whether first lines announce a report on openness, and none on anything else."""
    refuse = patterns("sections.refuse")
    otherwise = any(refuse[kind].search(line) for kind in OTHERWISE for line in first)
    return not otherwise and any(map(_INDEX["announces"].search, first))


def _first_lines(document: Document) -> list[str]:
    """Return the first lines that are text, cleaned."""
    paragraphs = (b for b in document.blocks if isinstance(b, Paragraph))
    lines = (clean_text(b.text[:300]) for b in itertools.islice(paragraphs, 30))
    return list(itertools.islice((line for line in lines if line and not is_furniture(line)), 8))
