"""One file, one value: everything that is known of it. A build is a map of `read_file`.

A file may hold the reports of several years, or of all offices of a county, one behind the other. It is cut
before a title that names another agency or year, if sections of a report stand between the titles.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from gongkai.errors import GongkaiError, ReadError, ReportError
from gongkai.problem import Problem
from gongkai.readers.document import Document, Paragraph
from gongkai.readers.read import read_document
from gongkai.report.agency import NOTHING_KNOWN, Known, agency_in_title
from gongkai.report.outline import is_official_heading, is_title
from gongkai.report.report import Report, parse_report
from gongkai.tables.rows import CheckRow, ProblemRow, ReportRow, SentenceRow, StatisticRow
from gongkai.text.clean import clean_text, detect_script
from gongkai.text.grammar import YEAR_OF, parse_year
from gongkai.text.tokens import tokenize

logger = logging.getLogger(__name__)
_REPORT = re.compile("[报報总總]")
"""In every title (报告, 年报, 总结), in either script."""
Whose: TypeAlias = tuple[str | None, int | None]
"""Agency and year, as far as a title names them."""
LEAST_HEADINGS = 3
"""Sections between two titles, below which the first of them is a mention or a link."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of the five tables."""

    reports: list[ReportRow] = field(default_factory=list)
    sentences: list[SentenceRow] = field(default_factory=list)
    statistics: list[StatisticRow] = field(default_factory=list)
    checks: list[CheckRow] = field(default_factory=list)
    problems: list[ProblemRow] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was understood: its reports (none, one, or several), and what is wrong with the rest."""

    path: str
    reports: tuple[Report, ...] = ()
    problems: tuple[Problem, ...] = ()
    """Of the file itself; each report has its own."""

    def tables(self) -> Rows:
        """Lay the file out as rows of the five tables, reports in order."""
        rows = Rows()
        for report in self.reports:
            _lay_out(report, rows)
        rows.problems.extend(problem_row(self.path, None, problem) for problem in self.problems)
        return rows


def read_file(path: str | Path, known: Known = NOTHING_KNOWN) -> File:
    """Read all reports of a file; what cannot be read is a problem, never an error.

    Args:
        path: An HTML, PDF, DOCX, … file; `folder.zip/name` is a file inside an archive.
        known: What the user knows of it, e.g. the year; wins over what the file says.
    """
    name = str(path)
    reports: list[Report] = []
    problems: list[Problem] = []
    try:
        for document in split_reports(read_document(path)):
            try:
                reports.append(parse_report(document, known))
            except ReportError as error:
                problems.append(Problem("no_report", str(error)))
    except GongkaiError as error:
        problems.append(Problem("unreadable", str(error)))
    except MemoryError:
        problems.append(Problem("large", f"{name}: takes more memory than a file may (--file-memory)"))
    except Exception as error:
        logger.exception("%s", name)
        said = f"{name}: {type(error).__name__} in gongkai itself: {error}; please report it with the file"
        problems.append(Problem("unexpected", said))
    return File(name, tuple(reports), tuple(problems))


def read_report(path: str | Path, known: Known = NOTHING_KNOWN) -> Report:
    """Read a file that holds one report.

    Args:
        path: See `read_file`.
        known: See `read_file`.

    Raises:
        ReadError: The file cannot be read.
        ReportError: It holds no report; or several, which `read_file` gives.
    """
    file = read_file(path, known)
    if len(file.reports) > 1:
        named = ", ".join(f"{r.identity.agency or '?'} {r.identity.year or '?'}" for r in file.reports)
        raise ReportError(f"{path}: holds {len(file.reports)} reports ({named}); use read_file(path).reports")
    if not file.reports:
        first = file.problems[0]
        raise (ReadError if first.code == "unreadable" else ReportError)(first.message)
    return file.reports[0]


def problem_row(path: str, report_id: str | None, problem: Problem) -> ProblemRow:
    """Lay a problem out as a row."""
    return ProblemRow(
        path, report_id, problem.code, problem.step, problem.severity, str(problem.where), problem.message
    )


def _lay_out(report: Report, rows: Rows) -> None:
    """Add a report's rows."""
    identity = report.identity
    key = (report.report_id, identity.agency, identity.region_code, identity.year)
    told = ("agency", "kind", "level", "region", "region_code", "year", "published")
    row = ReportRow(
        report_id=report.report_id, url=report.url, form=report.form, scope=report.scope,
        title=report.title or None, source_path=report.path, source_digest=report.digest,
        media_type=report.media_type, script=report.script,
        same_as=None,  # known only when all files are read
        n_sections=len(report.sections), n_sentences=len(report.sentences),
        **{name: getattr(identity, name) for name in told},
    )  # fmt: skip
    rows.reports.append(row)
    numbered = enumerate(zip(report.sentence_ids, report.sentences, strict=True))
    rows.sentences.extend(
        SentenceRow(
            sentence_id, *key, s.section, s.heading, s.lead, position, s.start, s.end, s.page, s.text,
            tokenize(s.text),
        )
        for position, (sentence_id, s) in numbered
    )  # fmt: skip
    rows.statistics.extend([
        StatisticRow(*key, report.form, r.table, r.row, r.column, r.value, r.unit, r.how, r.raw, str(r.where))
        for r in report.cells
    ])  # fmt: skip
    rows.checks.extend(
        CheckRow(*key, c.rule, c.left, c.right, c.holds, c.note, c.where) for c in report.checks
    )
    rows.problems.extend(problem_row(report.path, report.report_id, problem) for problem in report.problems)


def split_reports(document: Document) -> list[Document]:
    """Cut a document at the titles of its reports.

    Returns:
        The document itself where it holds one report; else one for each, told apart by its digest.
    """
    lines = [
        (index, block.text)
        for index, block in enumerate(document.blocks)
        if isinstance(block, Paragraph) and len(block.text) <= 200
    ]
    likely = [(index, text) for index, text in lines if "。" not in text and _REPORT.search(text)]
    # A sample will do for titles; `read_report` looks at all.
    script = detect_script("".join(b.text for b in document.blocks[:50] if isinstance(b, Paragraph))[:2000])
    short = ((index, clean_text(text, script=script)) for index, text in likely)
    titles = [(index, _whose(text)) for index, text in short if len(text) <= 70 and is_title(text)]
    if not any(_differ(a, b) for (_, a), (_, b) in itertools.combinations(titles, 2)):
        return [document]
    headings = [index for index, text in lines if is_official_heading(clean_text(text, script=script))]
    starts = _starts(titles, headings, len(document.blocks))
    if len(starts) < 2:
        return [document]
    limits = [0, *starts[1:], len(document.blocks)]
    return [
        replace(
            document,
            digest=hashlib.sha256(f"{document.digest}#{number}".encode()).hexdigest(),
            blocks=document.blocks[start:end],
            problems=(
                Problem("several", f"report {number} of {len(starts)} in this file"),
                *document.problems,
            ),
        )
        for number, (start, end) in enumerate(itertools.pairwise(limits), 1)
    ]


def _whose(text: str) -> Whose:
    year = YEAR_OF.search(re.sub(r"\s", "", text))
    return agency_in_title(text), parse_year(year[1]) if year else None


def _differ(one: Whose, other: Whose) -> bool:
    """Tell whether two titles name different agencies or years; what one does not name is no difference."""
    return any(a is not None and b is not None and a != b for a, b in zip(one, other, strict=True))


def _starts(titles: Sequence[tuple[int, Whose]], headings: Sequence[int], end: int) -> list[int]:
    """Return where reports begin: titles that differ from the last one and have sections of their own."""
    starts: list[int] = []
    last: Whose = (None, None)
    for number, (index, whose) in enumerate(titles):
        until = next((i for i, other in titles[number + 1 :] if _differ(other, whose)), end)
        if (not starts or _differ(whose, last)) and sum(
            index < h < until for h in headings
        ) >= LEAST_HEADINGS:
            starts.append(index)
            last = whose
    return starts
