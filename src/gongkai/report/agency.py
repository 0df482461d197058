"""Title and text → agency, kind, level, region and its code, year, publication date.

What is ambiguous is None, with the candidates in a problem; nothing is guessed.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from gongkai.report.dates import TITLE_YEAR, find_dates
from gongkai.report.places import Place, find_place, region_of, regions, split_divisions
from gongkai.text.lexicon import first_match, patterns

MAX_TEXT = 300_000
"""Characters in which an agency and its year are looked for."""
_LEAD_IN = patterns("agencies.title")["before"]
_TITLE_REST = patterns("agencies.title")["behind"]
_OFFICES = ("人民政府办公室", "人民政府办公厅")
_DIVISION_BEFORE = patterns("agencies.title")["division"]


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
        agency = _apart(_longest_name(_full_name(agency, text), text), text)
    year, published, contradictions = find_dates(title, text, lines, known.year)
    problems += contradictions
    kind = find_kind(agency) if agency else None
    place = find_place(agency, kind, year, lines) if agency else Place()
    if known.region_code:
        named = region_of(known.region_code, year)
        level = place.level or (named.level if named else None)
        place = Place(level, named.name if named else place.region, known.region_code)
    problems += [place.problem] if place.problem else []
    return Identity(
        agency, kind, place.level, place.region, place.code, year, published, problems=tuple(problems)
    )


def find_kind(agency: str) -> str | None:
    """Return the kind of an agency by its name; one under a central agency is `vertical`.

    >>> find_kind("国家税务总局云汀市税务局"), find_kind("国家税务总局"), find_kind("云汀市审计局")
    ('vertical', 'department', 'department')
    """
    if patterns("agencies.place")["nation"].fullmatch(agency):
        return {"国务院": "government", "国务院办公厅": "office"}.get(agency, "department")
    return first_match("agencies.kinds", agency)


@functools.lru_cache(maxsize=64)
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
    name = _restored(_TITLE_REST.sub("", name))
    name = patterns("agencies.name")["rest"].sub("", name)
    if not 3 <= len(name) <= 40 or not re.fullmatch(r"[\u4e00-\u9fff（）()·]+", name):
        return None
    if patterns("agencies.name")["own"].match(name):
        return None
    return _with_suffix(name) or (name if find_kind(name) else None)


def _restored(name: str) -> str:
    """Give back what was cut off with the report's own words: in 人民政府信息公开, 政府 is the agency's."""
    return f"{name}政府" if name.endswith("人民") else name


def _with_suffix(name: str) -> str | None:
    """Complete the bare name of a division or township to its government (`云汀市` → `云汀市人民政府`)."""
    if find_kind(name) == "development_zone" and name not in regions():
        return None
    if re.fullmatch(r"(?:[\u4e00-\u9fff]{2,16}[师团])?[\u4e00-\u9fff]{2,6}(?:镇|乡|苏木)", name):
        return f"{name}人民政府"
    divisions = split_divisions(name)
    below = name.removeprefix("".join(divisions))
    bare = not below or re.fullmatch(r"[\u4e00-\u9fff]{1,8}(?:镇|乡|苏木)", below)
    return f"{name}人民政府" if divisions and bare else None


def _agency_in_text(text: str) -> str | None:
    """Find the agency that the opening, or the signature, says the report is by."""
    opening, names = text[:4000], patterns("agencies.name")
    sums_others = patterns("agencies.scope")["whole"].search(opening[:600])
    for said, pattern in patterns("agencies.issued").items():
        # Of signatures the last is the report's.
        matches = list(pattern.finditer(text))[-1:] if said == "signed" else pattern.finditer(opening)
        for match in matches:
            # A contact office is no agency: 某区政府信息公开工作领导小组办公室.
            name = _restored(names["disclosure"].sub("", match[1]))
            name = name if name == match[1] or names["whole"].search(name) else ""
            name = names["bureau_office"].sub("", re.sub("^(?:[特现]?将|特|现|为)", "", name))
            if name.endswith(_OFFICES) and (names["sums_up"].match(opening, match.end(1)) or sums_others):
                name = name[:-3]
            name = _with_suffix(name) or name
            if name and find_kind(name) and not names["spoken"].match(name):
                return name
    # Who sums up others and stands on a government's site is that government.
    portal = names["portal"].search(opening) if sums_others else None
    return _with_suffix(portal[1]) if portal else None


def is_short_for(name: str, agency: str) -> bool:
    """Tell whether a name is the agency's, or what is left of it when characters are left out.

    >>> is_short_for("市人社局", "澧阳市人力资源和社会保障局"), is_short_for("市民政局", "澧阳市财政局")
    (True, False)
    """
    rest = iter(agency)
    return 2 < len(name) <= len(agency) and all(character in rest for character in name)


def _full_name(agency: str, text: str) -> str:
    """Write out a name without a place (市人社局) as the issuer's name that the page's index block prints."""
    if agency[0] not in "省市州盟县区旗":
        return agency
    issuers = set(patterns("agencies.issued")["said"].findall(text[:4000]))
    alike = [name for name in issuers if name.find(agency[0]) > 1 and name[-1] == agency[-1]]
    whole = [name for name in alike if is_short_for(agency, name)]
    return whole[0] if len(whole) == 1 else agency


def _apart(agency: str, text: str) -> str:
    """Set two agencies apart that a title names without a mark between them, and the text with one."""
    told = re.findall("、?".join(map(re.escape, agency)), text[:4000])
    return next((name for name in told if name != agency), agency)


def _longest_name(agency: str, text: str) -> str:
    """Put the name of the superior division in front where the text itself does (洪泽区… → 淮安市洪泽区…)."""
    counts: dict[str, int] = {}
    for piece in text.split(agency)[:-1]:
        before = _DIVISION_BEFORE.search(piece, max(0, len(piece) - 12))
        if before is None:
            continue
        prefix = patterns("agencies.title")["announced"].sub("", before[0])
        if patterns("agencies.place")["visited"].search(piece[max(0, before.start() - 4) : before.start()]):
            continue
        for start in range(len(prefix) - 1):
            candidate = prefix[start:]
            if not patterns("agencies.title")["boundary"].search(prefix[:start]):
                continue
            if candidate in regions() or candidate + agency[:1] in regions():
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
