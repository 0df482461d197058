"""Title, reporting period and printed dates → the year reported on and the date of publication."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gongkai.text.grammar import DATE, SIGNED_DATE, SPELT_DATE, parse_numeral, parse_year
from gongkai.text.lexicon import patterns

TITLE_YEAR = patterns("dates.printed")["title_year"]
_PERIODS = tuple(patterns("dates.period").values())
_DATE = re.compile(DATE)
# A line that ends in a date, or in a date with the time of day and a source; no sentence.
_PRINTED = patterns("dates.printed")
LONGEST_DATE = 12
"""Characters of a date, spelt out too."""
_HEAD = 80
"""Lines in which a page says when it was published."""


class Dates(NamedTuple):
    """The year reported on, the ISO date of publication, and what contradicts or lacks."""

    year: int | None
    published: str | None
    problems: tuple[str, ...] = ()


def find_dates(title: str, text: str, lines: Sequence[str], known: int | None = None) -> Dates:
    """Find the year reported on and the date of publication.

    The title's year wins over the reporting period's unless the date of publication agrees with the period.
    The page's date wins over the signature's unless only the latter lies in the year after the report's.

    Args:
        title: The report's, or "".
        text: The lines as one text.
        lines: Cleaned lines, furniture included.
        known: The year as the user gives it; then nothing is said of what contradicts it.
    """
    school = _PRINTED["school_year"].search("".join(f"{title}\n{text[:2000]}".split()))
    certain = known or (parse_year(school[1]) if school else None)
    if certain:  # a school's report is that of the year its year ends in
        return Dates(certain, *_published(lines, certain))
    in_title = _years("".join(title.split()), TITLE_YEAR)
    periods = _years(text, *_PERIODS)
    of_title = in_title[0] if len(set(in_title)) == 1 else None
    of_period = max(set(periods), key=periods.count) if periods else None
    published, twice = _published(lines, of_title or of_period)
    year, *problems = _weighed(of_title, of_period, published)
    spread = f" (it names {', '.join(map(str, in_title))})" if in_title else ""
    if year is None:
        year, said = _only_named(text, published, spread)
        problems.append(said)
    elif not of_title and in_title:
        problems.append(f"the title names several years{spread}; the reporting period's, {year}, was taken")
    problems += _too_early(year, published, of_title)
    return Dates(year, published, (*twice, *problems))


def _years(text: str, *ways: re.Pattern[str]) -> list[int]:
    """Return the years in the groups of patterns, wherever one is found; none is found inside another."""
    told: list[str | None] = []
    ahead = {way: way.search(text) for way in ways}
    while matches := [*filter(None, ahead.values())]:
        first = min(matches, key=lambda match: match.start())
        told += first.groups()
        end = first.end()
        ahead |= {way: way.search(text, end) for way, match in ahead.items() if match and match.start() < end}
    return [year for group in told if group and (year := parse_year(group))]


def _too_early(year: int | None, published: str | None, of_title: int | None) -> Iterator[str]:
    """Say where a report was published before its year was over."""
    if year and published and year > _due(published) and published[5:7] < "12":
        said = f"the title says {year}" if year == of_title else f"the report is about {year}"
        yield f"{said}, but it was published on {published}; both are kept as printed"


def _due(published: str) -> int:
    """Return the year that a report published then is about: it is due in the January that follows."""
    return int(published[:4]) - 1


def _weighed(
    of_title: int | None, of_period: int | None, published: str | None
) -> tuple[int | None, *tuple[str, ...]]:
    """Return the title's year or the reporting period's, and what is said where they differ."""
    if not (of_title and of_period) or of_title == of_period:
        return (of_title or of_period,)
    year = of_period if published and _due(published) == of_period else of_title
    dated = f", and it was published on {published}" if published else ""
    return year, f"the title says {of_title}, the reporting period {of_period}{dated}; {year} was taken"


def _only_named(text: str, published: str | None, spread: str) -> tuple[int | None, str]:
    """Return the only year that the text says to report on, or names; and what is said of it."""
    for pattern in (_PRINTED["told"], _PRINTED["named"]):
        named = set(_years(text, pattern))
        if len(named) == 1:
            (year,) = named
            return year, f"the report's year, {year}, is the only one that the text names; no title says it"
    probably = f" (published on {published}, so probably {_due(published)})" if published else ""
    return None, f"the report's year was not found{spread}{probably}; set it with --about"


def _published(lines: Sequence[str], year: int | None) -> tuple[str | None, tuple[str, ...]]:
    """Return the date printed with the page, or else the signature's; and whether they differ."""
    page, (signed, sure) = _page_date(lines, year), _signature(lines)
    if page and signed and sure and page[:4] != signed[:4]:
        follows = str(year + 1) if year else ""
        taken = signed if signed[:4] == follows != page[:4] else page
        return taken, (f"the page is dated {page}, the signature {signed}; {taken} was taken",)
    return page or signed, ()


def _page_date(lines: Sequence[str], year: int | None) -> str | None:
    """Return the date said to be the page's, or else one above the first section, later than `year`."""
    for line in lines[:_HEAD]:
        if match := _PRINTED["published"].search(line):
            return _iso(*map(int, match.group(1, 2, 3)))
    above = itertools.takewhile(lambda line: not line.startswith("一、"), lines[:_HEAD])
    for match in filter(None, map(_PRINTED["dated"].fullmatch, above)):
        if year and int(match[1]) > year:
            return _iso(*map(int, match.group(1, 2, 3)))
    return None


def _signature(lines: Sequence[str]) -> tuple[str | None, bool]:
    """Return the last line that is a date, and whether it is written as one signs (年月日)."""
    for line in reversed(lines):
        squeezed = "".join(line.split())
        if len(squeezed) > LONGEST_DATE:
            continue
        match = _DATE.match(squeezed)
        if match and len(squeezed) <= len(match[0]) + 1:
            return _iso(*map(int, match.group(1, 2, 3))), SIGNED_DATE.fullmatch(squeezed) is not None
        if chinese := SPELT_DATE.fullmatch(squeezed):
            year = parse_year(chinese[1])
            return (_iso(year, parse_numeral(chinese[2]), parse_numeral(chinese[3])) if year else None), True
    return None, False


def _iso(year: int, month: int, day: int) -> str | None:
    return f"{year}-{month:02d}-{day:02d}" if 1 <= month <= 12 and 1 <= day <= 31 else None
