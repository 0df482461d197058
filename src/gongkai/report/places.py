"""An agency's name → level, region and its code as of the report's year.

A name that several divisions have is decided only by what the document prints: a parent right in front of it,
or in the lines that are not prose (site name, breadcrumbs, address). Else it stays open, with its candidates.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gongkai.text.lexicon import patterns, rows

FIRST, LAST = 2000, 2024
"""Years of the table of divisions."""
_HAN = r"[\u4e00-\u9fff]"
_WORDS = patterns("agencies.division")
_NO_CITY = ("市辖区", "县", "直辖县")
"""What the table has for the city of a division right below its province: words of any document, no hint."""
_MAX_TEXT = 300_000
_MAX_FURNITURE = 60
"""Characters of a line that can be a site's name, breadcrumbs or an address."""


@dataclass(frozen=True, slots=True)
class Region:
    """A division between two years; `city` and `province` are its parents, "" where it has none."""

    name: str
    code: str
    level: str
    city: str
    province: str
    first: int
    last: int

    def exists(self, year: int | None) -> bool:
        """Tell whether the division had this name and code in a year; None asks for any year."""
        return year is None or self.first <= min(max(year, FIRST), LAST) <= self.last

    def __str__(self) -> str:
        return f"{self.code} {self.province}{self.city}{self.name}"


@functools.cache
def regions() -> dict[str, list[Region]]:
    """Return the table of divisions by name."""
    by_name: dict[str, list[Region]] = defaultdict(list)
    for row in rows("regions"):
        city = "" if row["city"] in _NO_CITY else row["city"]
        years = {"first": int(row["first"]), "last": int(row["last"])}
        by_name[row["name"]].append(Region(**{**row, "city": city, **years}))  # type: ignore[arg-type]
    return dict(by_name)


def region_of(code: str, year: int | None) -> Region | None:
    """Return the division that has a code in a year."""
    return next((region for region in _by_code().get(code, ()) if region.exists(year)), None)


@functools.cache
def _by_code() -> dict[str, list[Region]]:
    found: dict[str, list[Region]] = defaultdict(list)
    for region in itertools.chain.from_iterable(regions().values()):
        found[region.code].append(region)
    return dict(found)


@functools.cache
def _by_stem() -> dict[str, list[Region]]:
    """Return the divisions by their names cut short (南京 for 南京市)."""
    by_stem: dict[str, list[Region]] = defaultdict(list)
    for name, found in regions().items():
        by_stem[_WORDS["kind"].sub("", name)] += found
    return {stem: found for stem, found in by_stem.items() if len(stem) >= 2}


def split_divisions(name: str) -> list[str]:
    """Cut the administrative divisions off the front of an agency's name, the largest first.

    A known division is preferred to what merely looks like one, so that 市中区 or 城关区 are not torn apart.

    >>> split_divisions("南京市鼓楼区人民政府"), split_divisions("鼓楼街道办事处")
    (['南京市', '鼓楼区'], [])
    """
    return _cut(name)[0]


def _cut(name: str) -> tuple[list[str], str]:
    """Return the divisions in front, and what is left of the name."""
    found: list[str] = []
    rest = patterns("agencies.place")["central"].sub("", name)
    while rest:
        known = _known(rest)
        if known is None and (stem := _stem_before(rest)):
            found.append(stem[1])
            rest = rest[len(stem[0]) :]
            continue
        match = _WORDS["name"].match(rest)
        looks = match[0] if match and not _WORDS["not"].search(match[0]) else ""
        piece = known or looks
        if not piece or _WORDS["township_tail"].match(rest, len(piece)):
            break  # 红旗街道, 东区街道: the township's own name
        found.append(piece)
        rest = rest[len(piece) :]
    return found, rest


def _known(rest: str) -> str | None:
    known = regions()
    return next((rest[:n] for n in range(min(15, len(rest)), 1, -1) if rest[:n] in known), None)


def _stem_before(rest: str) -> tuple[str, str] | None:
    """Return (as printed, in full) for a division cut short in front of one of its own (上海浦东新区)."""
    for length in range(2, 5):
        below = _known(rest[length:])
        if below is None:
            continue
        above = {name for r in regions()[below] for name in (r.city, r.province)}
        parents = {parent.name for parent in _by_stem().get(rest[:length], ())} & above
        if len(parents) == 1:
            return rest[:length], parents.pop()
    return None


class Place(NamedTuple):
    """Level, region and code of an agency, and what is ambiguous about them, with the candidates."""

    level: str | None = None
    region: str | None = None
    code: str | None = None
    problem: str | None = None


def find_place(agency: str, kind: str | None, year: int | None, lines: Sequence[str]) -> Place:
    """Find level, region and code of an agency; what is ambiguous is None.

    Args:
        agency: Its name as printed.
        kind: Its kind.
        year: The report's.
        lines: Cleaned lines of the document.
    """
    words = patterns("agencies.place")
    if words["nation"].fullmatch(agency):
        return Place("nation")
    divisions, below = _cut(agency)
    named = _WORDS["township"].match(below) and kind in ("government", "office")
    is_township = bool(named) or kind in ("township", "street")
    own_level = "township" if is_township else "province" if words["customs"].fullmatch(agency) else None
    if not divisions and is_township:
        said = f"{agency}: no division above it is named in front of it; set region_code with --about"
        return Place(own_level, problem=said)
    found = _decide(divisions, year, lines) if divisions else _from_stem(agency, year, lines)
    return found._replace(level=own_level or found.level)


def _from_stem(agency: str, year: int | None, lines: Sequence[str]) -> Place:
    """Resolve a division that the name cuts short (南京海关) by the table, or the text."""
    name = patterns("agencies.place")["central"].sub("", agency)
    text = "\n".join(lines)[:_MAX_TEXT]
    stems = [name[:n] for n in range(min(6, len(name) - 1), 1, -1) if name[:n] in _by_stem()]
    stem = stems[0] if stems else name[:2]
    candidates = [r for r in _by_stem().get(stem, ()) if r.exists(year)]
    if agency.endswith("总队"):
        candidates = [r for r in candidates if r.level == "province"]
    if len({r.code for r in candidates}) == 1 and candidates[0].level != "county":
        return Place(candidates[0].level, candidates[0].name, candidates[0].code)
    full = rf"{re.escape(stem)}{_HAN}?[省市州县区旗盟]"
    whole = {m[0] for m in re.finditer(rf"(?<!{_HAN}){full}", text)}
    whole |= {m[0] for m in re.finditer(rf"{re.escape(stem)}[省市州县区旗盟](?={_HAN})", text)}
    if len(whole) == 1:
        return _decide([whole.pop()], year, lines)
    if not candidates:
        return Place()
    said = f"{agency}: {stem} is cut short and not settled by the text; candidates: {_list(candidates)}"
    return Place(problem=said)


def _candidates(divisions: Sequence[str], year: int | None = None) -> list[Region]:
    """Return the divisions of that name, in a year or in any, that lie in the ones named before it."""
    *above, region = divisions
    found = (r for r in regions().get(region, ()) if r.exists(year))
    return [r for r in found if all(a in (r.city, r.province) for a in above)]


def _decide(divisions: Sequence[str], year: int | None, lines: Sequence[str]) -> Place:
    """Choose the one division that is meant; none, with the reason, where it is not known."""
    candidates = _candidates(divisions, year)
    region = divisions[-1]
    if not candidates and year is not None and _candidates(divisions):
        return _renamed(divisions, year)
    if len({r.code for r in candidates}) > 1 and year is not None:
        candidates = _printed(candidates, region, lines) or candidates
    codes = {r.code for r in candidates}
    if len(codes) == 1:
        return Place(candidates[-1].level, region, candidates[-1].code)
    said = f"{region}: {len(codes)} divisions have this name; candidates: {_list(candidates)}"
    return Place(_level(divisions, year), region, problem=said if codes else None)


def _renamed(divisions: Sequence[str], year: int) -> Place:
    """Decide on a name that no division had at that year's end: one given up in that very year counts."""
    region, others = divisions[-1], _candidates(divisions)
    given_up = [r for r in others if r.last == year - 1]
    if len(given_up) == 1:
        said = f"{region}: given up in {year}; the code that it had until then was taken"
        return Place(given_up[0].level, region, given_up[0].code, said)
    spans = ", ".join(f"{r} ({r.first}-{r.last})" for r in others[:6])
    said = f"{region}: no division had this name in {year}; candidates: {spans}"
    return Place(_level(divisions, year), region, problem=said)


def _printed(candidates: Sequence[Region], region: str, lines: Sequence[str]) -> list[Region]:
    """Return the candidates whose parent is printed before the name, or else in lines that are not prose."""
    text = "\n".join(lines)[:_MAX_TEXT]
    visited = patterns("agencies.place")["visited"]

    def adjoins(candidate: Region) -> bool:
        parents = filter(None, (candidate.city, candidate.province))
        found = (m.start() for p in parents for m in re.finditer(re.escape(p + region), text))
        return any(not visited.search(text[max(0, start - 4) : start]) for start in found)

    short = (line for line in lines if len(line) <= _MAX_FURNITURE)
    furniture = "\n".join(line for line in short if not re.search("[。；，]", line))
    near = [r for r in candidates if adjoins(r)]
    if len({r.code for r in near}) == 1:
        return near
    stands = [r for r in near or candidates if any(p and p in furniture for p in (r.city, r.province))]
    cities = [r for r in stands if r.city and r.city in furniture] or stands
    return cities if len({r.code for r in cities}) == 1 else []


def _list(candidates: Sequence[Region]) -> str:
    return ", ".join(str(r) for r in candidates[:6])


def _level(divisions: Sequence[str], year: int | None) -> str | None:
    """Tell the level by the table or, for a name that is not in it, by its last character."""
    region = divisions[-1]
    levels = {r.level for r in _candidates(divisions, year) or _candidates(divisions)}
    if levels:
        return levels.pop() if len(levels) == 1 else None
    if region.endswith(("省", "自治区")):
        return "province"
    if region.endswith(("州", "盟", "地区")):
        return "city"
    if region.endswith("市"):
        return "county" if any(d.endswith(("市", "州", "盟")) for d in divisions[:-1]) else "city"
    return "county"
