"""Sentences that name another place, agency or year than their report's own: what a copy leaves standing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from gongkai.measure.wording.grams import known_parts
from gongkai.report.places import regions, split_divisions
from gongkai.tables.schema import Sentences, Table

_PLACE_NAME = re.compile(r"[\u4e00-\u9fff]{1,12}?(?:自治区|自治州|自治县|地区|省|市|县|区|旗|盟)")
_VISITED = re.compile(r"(?:赴|与|到|学习|借鉴|对标|考察|参观|向|支援|对口|来自|调研|等)$")
_PERIOD = re.compile(r"(?:自|从)?(20\d\d)年1月1日(?:起)?(?:至|到|—|-)+.{0,8}12月31日")
_TITLE = re.compile(r"(20\d\d)年(?:度)?政府信息公开(?:工作)?(?:情况)?年度报告")
_TOWNSHIP = re.compile(r"[\u4e00-\u9fff]{1,8}?(?:街道|镇|乡|苏木)(?=办事处|人民政府|政府)")
_TOWN = "[\u4e00-\u9fff]{2,3}(?:街道|镇|乡|苏木)"
_LISTED = re.compile(
    f"(?<=镇|乡)(?:[、和及]{_TOWN})+(?![\u4e00-\u9fff]?镇)|(?<=街道|苏木)(?:[、和及]{_TOWN})+"
)
SHORTEST = 3
"""Characters of a division's name: 东区 and 矿区 are words of any text."""
_NEXT = re.compile(f"[、和及]({_TOWN})")
_NO_NAME = re.compile("[各每该本全我某两几多个等其他]|[乡村城]镇|镇[街乡]|街镇")
SHARED = 2
"""Places up to which a township's name is a place's; what more of them have is a word."""
Home = tuple[str, ...]
"""Code of a region, empty where unknown, and the name of its last division, if there is one."""


def mentions(sentences: Sentences | str | Path) -> Table:
    """Find sentences that name another place or agency, or report on another year.

    A place counts as other when it is a division of our table that is not the report's own, above or below
    it by code, and was not only visited or compared with. An agency: the full name of another agency of the
    sentences given, unless the own name holds it. In a township's report another township of theirs counts,
    by its short name too; in others a township that is known to be another county's alone: because its
    government is held, or because that county's reports list it (甲镇、乙镇). A year: that of the period or
    of the report, as the sentence itself says them; a year compared with is none.

    Args:
        sentences: `sentences` rows with `region_code`, or a tables folder; preambles are searched too.

    Returns:
        One row per sentence and name: `sentence_id, report_id, agency, year, section, text, what` (`place`,
        `agency`, `year`)`, mentioned`. A report whose region is unknown is not searched for places.

    Raises:
        SchemaError: A column is missing.
        MeasureError: No sentence is left.
    """
    columns = ["sentence_id", "report_id", "agency", "year", "section", "text"]
    coded = isinstance(sentences, str | Path) or "region_code" in sentences.columns
    read = [*columns, *(["region_code"] if coded else [])]
    agencies, lying = _held(known_parts(sentences, read))
    others = _any_of(a for a in agencies if len(a) > 5)
    towns = _any_of(town for a in agencies if len(town := _township(a)) >= SHORTEST)
    known = _any_of(lying)
    rows = []
    for part in known_parts(sentences, read):
        for *row, code in _rows(part):
            text, agency = str(row[5]), str(row[2])
            found = [*_named(text, agency, int(row[3]), code, others, towns)]
            if not _township(agency):
                elsewhere = _elsewhere(text, agency, code, known, lying, others)
                found += (("place", town) for town in dict.fromkeys(elsewhere))
            rows += [(*row, what, said) for what, said in found]
    return pd.DataFrame(rows, columns=[*columns, "what", "mentioned"])


def _rows(part: pa.Table) -> Iterator[list[Any]]:
    columns = [part[c].to_pylist() for c in part.column_names if c != "region_code"]
    codes = part["region_code"].to_pylist() if "region_code" in part.column_names else [None] * len(part)
    return map(list, zip(*columns, codes, strict=True))


def _held(parts: Iterable[pa.Table]) -> tuple[set[str], dict[str, set[Home]]]:
    """Return the agencies, and in which places the townships lie that are held or listed by one of them."""
    homes: dict[str, Home] = {}
    lying: dict[str, set[Home]] = {}
    for part in parts:
        for *row, code in _rows(part):
            agency = str(row[2])
            if agency not in homes:
                homes[agency] = (code if isinstance(code, str) else "", *split_divisions(agency)[-1:])
                if len(town := _township(agency)) >= SHORTEST:
                    lying.setdefault(town, set()).add(homes[agency])
            for listed in _LISTED.findall(str(row[5])):
                for town in _NEXT.findall(listed):
                    lying.setdefault(town, set()).add(homes[agency])
    names = {town: of for town, of in lying.items() if len(of) <= SHARED and not _NO_NAME.search(town)}
    return set(homes), names


def _elsewhere(
    text: str,
    agency: str,
    code: object,
    known: re.Pattern[str],
    lying: Mapping[str, set[Home]],
    others: re.Pattern[str],
) -> Iterator[str]:
    """Yield the townships a text names that are known to lie in other counties only."""
    own: Home = (code if isinstance(code, str) else "", *split_divisions(agency)[-1:])
    rest = others.sub("，", text.replace(agency, ""))
    for match in known.finditer(rest):
        if all(_apart(own, home) for home in lying[match.group()]):
            if not _VISITED.search(rest[: match.start()]):
                yield match.group()


def _apart(own: Home, other: Home) -> bool:
    """Tell whether two places are known to lie apart: by code, or as two counties of different names."""
    if own[0] and other[0]:
        return not _related(own[0], other[0])
    counties = [home[1] for home in (own, other) if len(home) > 1 and home[1][-1] in "县区旗"]
    return len(counties) == 2 and counties[0] != counties[1]


def _any_of(names: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern of names, the longer first; of none it matches nothing."""
    return re.compile("|".join(map(re.escape, sorted(set(names), key=lambda n: (-len(n), n)))) or r"(?!)")


def _named(
    text: str, agency: str, year: int, code: object, others: re.Pattern[str], towns: re.Pattern[str]
) -> Iterator[tuple[str, str]]:
    yield from (("year", y) for y in _years(text, year))
    rest = text.replace(agency, "")
    for name in dict.fromkeys(others.findall(rest)):
        if name not in agency and agency not in name and not _kin(name, agency):
            yield "agency", name
    if own := _township(agency):
        short = others.sub("，", rest).replace(own, "，")
        found = [m.group() for m in towns.finditer(short) if not _VISITED.search(short[: m.start()])]
        yield from (("place", town) for town in dict.fromkeys(found))
    if isinstance(code, str):
        yield from (("place", p) for p in _places(rest, code, agency))


def _years(text: str, year: int) -> Iterable[str]:
    said = {int(y) for pattern in (_PERIOD, _TITLE) for y in pattern.findall(text)}
    return [str(y) for y in sorted(said) if y != year]


def _kin(name: str, agency: str) -> bool:
    """Tell whether a name is of the own place or one above it: an agency speaks of those by right."""
    if _township(agency) and _township(name):
        return False
    mine, theirs = split_divisions(agency), split_divisions(name)
    return not theirs or theirs[-1] in mine


def _township(agency: str) -> str:
    """Return the township that an agency is the office of, without what it lies in; empty for others."""
    for division in split_divisions(agency):
        agency = agency.rpartition(division)[2]
    found = _TOWNSHIP.match(agency)
    return found.group() if found else ""


def _places(text: str, code: str, agency: str) -> list[str]:
    known = regions()
    found: dict[str, None] = {}
    for match in _PLACE_NAME.finditer(text):
        whole = match.group()
        # The longest ending that is a division: 组织南通市 holds 南通市.
        name = next((whole[k:] for k in range(len(whole) - SHORTEST + 1) if whole[k:] in known), None)
        if name is None or name in agency or _VISITED.search(text[: match.end() - len(name)]):
            continue
        if not any(_related(code, region.code) for region in known[name]):
            found[name] = None
    return list(found)


def _related(own: str, other: str) -> bool:
    """Tell whether one code lies within the other: province, city, county."""
    a, b = own.rstrip("0"), other.rstrip("0")
    a, b = a + "0" * (len(a) % 2), b + "0" * (len(b) % 2)
    return a.startswith(b) or b.startswith(a)
