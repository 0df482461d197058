"""One document that holds several reports → one document each.

A file may hold the reports of several years, or of all offices of a county, one behind the other. It is cut
before a title that names another agency or year, if sections of a report stand between the titles.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from gongkai.problem import Problem
from gongkai.readers.document import Document, Paragraph
from gongkai.report.agency import agency_in_title
from gongkai.report.outline import is_official_heading, is_title
from gongkai.text.clean import clean_text, detect_script
from gongkai.text.grammar import YEAR_OF, parse_year

_REPORT = re.compile("[报報总總]")
"""In every title (报告, 年报, 总结), in either script."""
Whose: TypeAlias = tuple[str | None, int | None]
"""Agency and year, as far as a title names them."""
LEAST_HEADINGS = 3
"""Sections between two titles, below which the first of them is a mention or a link."""


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
