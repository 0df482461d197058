"""Title and text → agency, kind, level, region and its code, year, publication date.

What is ambiguous is None, with the candidates in a problem; nothing is guessed.
"""

from __future__ import annotations

import functools
import re
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gongkai.report.dates import TITLE_YEAR, YEAR, find_dates
from gongkai.report.places import find_place, region_of, regions, split_divisions
from gongkai.store.run import bundled

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_TEXT = 300_000
"""Characters in which an agency and its year are looked for."""
_LEAD_IN = re.compile(r"^(?:关于(?:印发|发布|公布|公开)?|公布|发布)+")
_TITLE_REST = re.compile(
    r"(?:关于)?(?:政府信息公开|环境信息公开|政务公开|信息公开|政府信息|年度政府|年度|政府年度|工作|《)?(?:政府)?(?:信息)?(?:公开)?(?:工作)?(?:年度|情况)?(?:工作)?(?:的)?(?:报告|总结|年报).*$"
)
_DIVISION_BEFORE = re.compile(r"[\u4e00-\u9fff]{2,9}(?:省|市|州|盟|自治区|县|区)\Z")


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose report it is, about which year. None = not found or ambiguous."""

    agency: str | None = None
    kind: str | None = None
    level: str | None = None
    region: str | None = None
    region_code: str | None = None
    year: int | None = None
    published: str | None = None
    problems: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Known:
    """What the user knows of a file; each wins over what the file says, None leaves it to the file."""

    agency: str | None = None
    region_code: str | None = None
    year: int | None = None


NOTHING_KNOWN = Known()


@functools.cache
def _kinds() -> dict[str, re.Pattern[str]]:
    return {key: re.compile(pattern) for key, pattern in _lexicon()["kinds"].items()}


@functools.cache
def _lexicon() -> dict[str, Any]:
    return tomllib.loads(bundled("corpus/lexicon/agencies.toml").read_text(encoding="utf-8"))


def identify(title: str, lines: Sequence[str], known: Known = NOTHING_KNOWN) -> Identity:
    """Find out whose report it is.

    Args:
        title: The title, cleaned, on one line; "" when none was found.
        lines: Cleaned lines of the document, furniture included (dates stand there).
        known: What the user says of it.
    """
    problems: list[str] = []
    text = "\n".join(lines)[:MAX_TEXT]
    agency = known.agency or agency_in_title(title)
    if agency is None:
        agency = _agency_in_text(text)
        if agency is None:
            problems.append("the agency was not found in the title or the preamble; set it with --about")
    if agency and not known.agency:
        agency = _longest_name(agency, text)
    year, published = find_dates(title, text, lines, problems, known.year)
    kind = find_kind(agency) if agency else None
    unplaced: list[str] = []
    level, region, code = find_place(agency, kind, year, lines, unplaced) if agency else (None, None, None)
    if known.region_code:
        named = region_of(known.region_code, year)
        code, region = known.region_code, named.name if named else region
        level = level or (named.level if named else None)
    else:
        problems += unplaced
    return Identity(agency, kind, level, region, code, year, published, tuple(problems))


def find_kind(agency: str) -> str | None:
    """Return the kind of an agency by its name; one under a central agency is `vertical`.

    >>> find_kind("国家税务总局云汀市税务局"), find_kind("国家税务总局"), find_kind("云汀市审计局")
    ('vertical', 'department', 'department')
    """
    lexicon = _lexicon()
    if re.fullmatch(lexicon["place"]["nation"], agency):
        return {"国务院": "government", "国务院办公厅": "office"}.get(agency, "department")
    return next((kind for kind, pattern in _kinds().items() if pattern.search(agency)), None)


def agency_in_title(title: str) -> str | None:
    """Return the agency that a title names.

    >>> agency_in_title("云汀市民政局2021年政府信息公开工作年度报告")
    '云汀市民政局'
    >>> agency_in_title("2021年政府信息公开工作年度报告") is None
    True
    """
    name = _LEAD_IN.sub("", re.sub(r"[\s《》“”]", "", title))
    name = re.sub(r"\.(docx?|pdf|html?)$", "", name)
    name = TITLE_YEAR.sub("", name)
    name = re.sub(r"人民$", "人民政府", _TITLE_REST.sub("", name))  # 人民政府信息公开: 政府 is the agency's
    name = re.sub(r"(关于|年度|工作|的|发布|公布|[—\-_|：:（(].*)$", "", name)
    if not 3 <= len(name) <= 40 or not re.fullmatch(r"[\u4e00-\u9fff（）()·]+", name):
        return None
    if re.match(r"(我|本)(局|委|办|厅|市|县|区|院|镇|乡)$", name):
        return None
    return _with_suffix(name) or (name if find_kind(name) else None)


def _with_suffix(name: str) -> str | None:
    """Complete the bare name of a division or township to its government (`云汀市` → `云汀市人民政府`)."""
    if find_kind(name) == "development_zone" and name not in regions():
        return None
    if re.fullmatch(r"[\u4e00-\u9fff]{2,6}(?:镇|乡|苏木)", name):
        return f"{name}人民政府"
    divisions = split_divisions(name)
    below = name.removeprefix("".join(divisions))
    bare = not below or re.fullmatch(r"[\u4e00-\u9fff]{1,8}(?:镇|乡|苏木)", below)
    return f"{name}人民政府" if divisions and bare else None


def _agency_in_text(text: str) -> str | None:
    """Find the agency that the opening says the report is by."""
    names = _lexicon()["name"]
    end, body = names["end"], r"([\u4e00-\u9fff]{2,24}?(?:" + names["end"] + "))"
    report = rf"(?:了)?(?:本|{YEAR}年?度?)(?:政府|政务)?(?:信息公开)?(?:工作)?(?:年度)?(?:报告|年报)"
    opening = text[:4000]
    for pattern in (
        rf"(?:本(?:报告|年报)[由是]|现(?:公布|发布|将)|由){body}"
        rf"(?:根据|依据|按照|编制|{YEAR}|政府信息公开|负责|汇总)",
        rf"(?:向社会公布|公布|发布){body}(?:{YEAR}年|政府信息公开)",
        rf"(?:^|[，。\n]){body}[^。\n]{{0,30}}?(?:特|组织)?(?:编制|编写|撰写|形成)(?:完成)?{report}",
        rf"请(?:直接)?(?:与|联系|向){body}",
        r"(?m)^(?:发布|发文|公开|制发)(?:机构|机关|单位)[：:]\s*([\u4e00-\u9fff]{3,30})\s*$",
    ):
        for match in re.finditer(pattern, opening):
            # A contact office is no agency: 某区政府信息公开工作领导小组办公室.
            name = re.sub(r"(?:政府信息公开|政务公开|信息公开).*$", "", match[1])
            name = name if name == match[1] or re.search(rf"(?:{end})$", name) else ""
            name = re.sub("^(?:特|现|为)", "", name)
            if (
                name
                and find_kind(name)
                and not re.match("(?:我|本|该|各|全)|[省市州县区镇乡](?:人民)?[政委级]", name)
            ):
                return name
    return None


def _longest_name(agency: str, text: str) -> str:
    """Put the name of the superior division in front where the text itself does (洪泽区… → 淮安市洪泽区…)."""
    counts: dict[str, int] = {}
    for piece in text.split(agency)[:-1]:
        before = _DIVISION_BEFORE.search(piece, max(0, len(piece) - 12))
        if before is None:
            continue
        prefix = before[0]
        if re.search(_lexicon()["place"]["visited"], piece[max(0, before.start() - 4) : before.start()]):
            continue
        for start in range(len(prefix) - 1):
            candidate = prefix[start:]
            if candidate in regions():
                counts[candidate] = counts.get(candidate, 0) + 1
                break
        else:
            invented = re.search(
                r"(?:^|[由与是在和对为向、，。：（])([\u4e00-\u9fff]{2,4}(?:省|市|州|盟))$", prefix
            )
            if invented:
                counts[invented[1]] = counts.get(invented[1], 0) + 1
    if not counts:
        return agency
    best = max(counts, key=lambda p: (counts[p], len(p)))
    if any(n == counts[best] and p not in best and best not in p for p, n in counts.items()):
        return agency  # two divisions named alike are named as often: neither is known to be meant
    return agency if best in agency else best + agency
