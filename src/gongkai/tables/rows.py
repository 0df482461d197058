"""Each table's row, once: an annotated named tuple that says type, meaning and whether null may stand.

Arrow schema, data dictionary and documentation derive from these (`schema.py`): a column is added here, and
where it is made. Years and counts are 32-bit integers on disk, shares and values 64-bit floats.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, NamedTuple, TypeAlias

SECTIONS = ("preamble", "overview", "proactive", "requests", "disputes", "problems", "improvements", "other")

ReportId: TypeAlias = Annotated[str, "the report"]
SentenceId: TypeAlias = Annotated[str, "the sentence"]
Agency: TypeAlias = Annotated[str | None, "full name of the issuing agency, null when not found"]
RegionCode: TypeAlias = Annotated[
    str | None, "six-digit division code as of the report's year, null when unknown"
]
Year: TypeAlias = Annotated[int | None, "the year reported on, null when not found"]
Section: TypeAlias = Annotated[str | None, f"one of {', '.join(SECTIONS)}"]
Heading: TypeAlias = Annotated[str | None, "nearest heading above it, empty when none"]


class ReportRow(NamedTuple):
    """One report."""

    report_id: Annotated[str, "first 12 hex digits of the digest"]
    same_as: Annotated[str | None, "report_id of the one that stands for it, where the same is held twice"]
    url: Annotated[str | None, "address that the file says it was saved from, null where it does not say"]
    agency: Agency
    kind: Annotated[
        str | None,
        "government, office, department, township, street, development_zone, vertical, institution",
    ]
    level: Annotated[str | None, "nation, province, city, county, township; null when unknown"]
    region: Annotated[str | None, "name of the administrative division"]
    region_code: RegionCode
    year: Year
    form: Annotated[
        str | None,
        "2019 or 2021 by the tables, 2008 or 2014 by the annex of statistics, pre-2019 by the year",
    ]
    scope: Annotated[str | None, "own (the office itself) or whole (sums an area or system); null = not said"]
    title: Annotated[str | None, "title as printed, cleaned"]
    published: Annotated[str | None, "publication date, ISO, null when not found"]
    source_path: Annotated[str, "path as given to build"]
    source_digest: Annotated[
        str, "SHA-256 of the file; of a report among several in a file, of digest#number"
    ]
    media_type: Annotated[str, "html, pdf, docx, doc, rtf, odt, ofd, txt or image"]
    script: Annotated[str, "simplified or traditional (before conversion)"]
    n_sections: Annotated[int, "sections found"]
    n_sentences: Annotated[int, "sentences found"]


class SentenceRow(NamedTuple):
    """One sentence (codebook: quasi-sentence) of a report."""

    sentence_id: Annotated[str, "report_id, hash of the text, occurrence"]
    report_id: Annotated[str, "the report it stands in"]
    agency: Agency
    region_code: RegionCode
    year: Year
    section: Annotated[str, f"one of {', '.join(SECTIONS)}"]
    heading: Annotated[str, "nearest heading above it, empty when none"]
    lead: Annotated[str, "sentence that opened the passage it stands in, empty when none"]
    position: Annotated[int, "0-based rank in the report"]
    start: Annotated[int, "first character in the section's text"]
    end: Annotated[int, "one past the last character in the section's text"]
    page: Annotated[int | None, "1-based page of its first character, null where the format has no pages"]
    text: Annotated[str, "cleaned text"]
    tokens: Annotated[list[str], "jieba tokens of the text"]


class StatisticRow(NamedTuple):
    """One cell of the statutory tables of a report."""

    report_id: ReportId
    agency: Agency
    region_code: RegionCode
    year: Year
    form: Annotated[str | None, "as in reports"]
    table: Annotated[str, "proactive, requests or disputes; annex (before 2019)"]
    row: Annotated[str, "row key of the statutory form"]
    column: Annotated[str, "column key of the statutory form"]
    value: Annotated[float | None, "count, or yuan; null = blank or unreadable, 0 = zero"]
    unit: Annotated[str, "count or yuan"]
    how: Annotated[
        str | None, "printed, or recovered: cells that ran together, told apart by the form's sums"
    ]
    raw: Annotated[str, "the cell as printed"]
    where: Annotated[str, "page or table, row and column it was read from"]


class CheckRow(NamedTuple):
    """One rule of the form's arithmetic, checked."""

    report_id: ReportId
    agency: Agency
    region_code: RegionCode
    year: Year
    rule: Annotated[str, "e.g. requests.row:granted"]
    left: Annotated[float | None, "left side of the rule"]
    right: Annotated[float | None, "right side of the rule"]
    holds: Annotated[bool | None, "null = undecided, because an operand is blank"]
    note: Annotated[str, "how it was decided, empty when plainly"]
    where: Annotated[str, "cells it was computed from"]


class ProblemRow(NamedTuple):
    """One thing noticed about a file or a report."""

    source_path: Annotated[str, "file"]
    report_id: Annotated[str | None, "report, null when none was made"]
    code: Annotated[str | None, "kind of problem, a key of gongkai.problem.KINDS"]
    step: Annotated[str, "read, report, agency, sections, statistics, build"]
    severity: Annotated[str, "note, warning or error"]
    where: Annotated[str | None, "page, table, row, column or line, empty when not known"]
    message: Annotated[str, "what, where, what to do"]


class LabelRow(NamedTuple):
    """One sentence as one coder coded it; behind `text` stands a column per label of the codebook."""

    sentence_id: SentenceId
    annotator: Annotated[str, "who coded; 'resolved' after adjudication"]
    report_id: Annotated[str | None, "the report it stands in"]
    agency: Agency
    year: Annotated[int | None, "the year reported on"]
    section: Annotated[str | None, "section"]
    heading: Annotated[str | None, "nearest heading"]
    lead: Annotated[str | None, "opening sentence of the passage"]
    text: Annotated[str, "the sentence"]
    rule: Annotated[str | None, "resolved rows: the rule that decided where the coders differed, else null"]
    codebook: Annotated[str | None, "name and version of the codebook"]
    inclusion: Annotated[float | None, "probability with which the sentence was drawn, null if not drawn"]


class PredictionRow(NamedTuple):
    """One label of one sentence as one model sees it."""

    sentence_id: SentenceId
    model: Annotated[str, "name of the model folder"]
    label: Annotated[str, "a label of the codebook"]
    value: Annotated[str | None, "class of a choice, which has a row per class; null for a binary label"]
    score: Annotated[
        float, "calibrated probability, 0 to 1; of a label with only_if where its condition holds"
    ]
    predicted: Annotated[bool, "score reaches the model's threshold; of a choice, the class chosen"]
    seen: Annotated[
        bool | None, "the model learned from this sentence or its words: its quality there says nothing"
    ]
    distance: Annotated[
        float | None,
        "unlike the training text: the share of training sentences that are nearer to it, 0 to 1; above 0.95 "
        "far, where figures of quality do not hold; null of models that do not tell",
    ]
    report_id: Annotated[str | None, "the report"]
    agency: Agency
    region_code: RegionCode
    year: Year
    section: Annotated[str | None, "section"]
    heading: Annotated[str | None, "nearest heading"]


class MeasureRow(NamedTuple):
    """One estimate for one group; the columns that define the group stand in front."""

    measure: Annotated[str, "prevalence, or a measure that the codebook derives"]
    method: Annotated[str, "how it was estimated"]
    model: Annotated[str | None, "whose predictions"]
    label: Annotated[str, "label"]
    n: Annotated[int, "sentences in the denominator"]
    clusters: Annotated[int, "units that count as one draw each"]
    cluster: Annotated[str, "what counts as one draw: agency, report, passage"]
    value: Annotated[float | None, "estimate; null where undefined"]
    low: Annotated[float | None, "lower end of the interval; null where undefined"]
    high: Annotated[float | None, "upper end of the interval; null where undefined"]
    confidence: Annotated[float, "coverage of the interval aimed at"]
    error: Annotated[float | None, "standard error; null where undefined"] = None
    note: Annotated[
        str | None, "why there is no interval, or what kind it is; that the text is unlike the training text"
    ] = None


ROWS: Mapping[str, type] = {
    "reports": ReportRow, "sentences": SentenceRow, "statistics": StatisticRow, "checks": CheckRow,
    "problems": ProblemRow, "labels": LabelRow, "predictions": PredictionRow, "measures": MeasureRow,
}  # fmt: skip
BUILT = ("reports", "sentences", "statistics", "checks", "problems")
"""The five tables that `build` gives."""
KEYS: Mapping[str, tuple[str, ...]] = {
    "reports": ("report_id",), "sentences": ("sentence_id",),
    "statistics": ("report_id", "table", "row", "column"), "checks": ("report_id", "rule"),
    "labels": ("sentence_id", "annotator"), "predictions": ("sentence_id", "model", "label", "value"),
}  # fmt: skip
