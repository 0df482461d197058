"""One file, one value: everything that is known of it. A build is a map of `read_file`."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path

from gongkai.errors import GongkaiError, ReadError, ReportError
from gongkai.problem import Problem
from gongkai.readers.read import read_document
from gongkai.report.agency import NOTHING_KNOWN, Known
from gongkai.report.report import Report, parse_report
from gongkai.report.split import split_reports
from gongkai.tables.rows import CheckRow, ProblemRow, ReportRow, SentenceRow, StatisticRow
from gongkai.text.tokens import tokenize

logger = logging.getLogger(__name__)


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
    rows.reports.append(
        ReportRow(
            report_id=report.report_id,
            same_as=None,  # known only when all files are read
            url=report.url,
            agency=identity.agency,
            kind=identity.kind,
            level=identity.level,
            region=identity.region,
            region_code=identity.region_code,
            year=identity.year,
            form=report.form,
            scope=report.scope,
            title=report.title or None,
            published=identity.published,
            source_path=report.path,
            source_digest=report.digest,
            media_type=report.media_type,
            script=report.script,
            n_sections=len(report.sections),
            n_sentences=len(report.sentences),
        )
    )
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
