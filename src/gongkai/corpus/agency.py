"""Title and text → agency, kind, level, region and its code, year, publication date.

What is ambiguous is None, with the candidates in a problem; nothing is guessed.
"""

from __future__ import annotations

import csv
import functools
import re
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gongkai.run import bundled

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_TEXT = 300_000
"""Characters in which an agency and its year are looked for."""
_DIGITS = str.maketrans("〇○零Ｏ０一二三四五六七八九", "00000123456789")
_YEAR = r"(?:(?:19|20)\d{2}|二[〇○零0oO]{1}[〇○零0-9一二三四五六七八九][〇○零0-9一二三四五六七八九])"
_TITLE_YEAR = re.compile(rf"({_YEAR})\s*年?度?")
_PERIOD = re.compile(
    rf"({_YEAR})年?度?1月1日.{{0,8}}?({_YEAR})?年?12月31日|统计(?:期限|时间|数据).{{0,12}}?({_YEAR})年"
)
_LEAD_IN = re.compile(r"^(?:关于(?:印发|发布|公布|公开)?|公布|发布)+")
_TITLE_REST = re.compile(
    r"(?:关于)?(?:政府信息公开|环境信息公开|政务公开|信息公开|政府信息|年度政府|年度|政府年度|工作|《)?(?:政府)?(?:信息)?(?:公开)?(?:工作)?(?:年度|情况)?(?:工作)?(?:的)?(?:报告|总结|年报).*$"
)
_DATE = re.compile(r"(20\d{2})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})")
_PUBLISHED = re.compile(rf"(?:发布|发文|成文|公开|公布|生成|更新)?(?:时间|日期)\s*[:：]?\s*{_DATE.pattern}")
_CHINESE_DATE = re.compile(
    r"(二[〇○零][一二三四五六七八九〇○零]{2})年([一二三四五六七八九十]{1,2})月([一二三四五六七八九十]{1,3})日"
)
_DIVISION = re.compile(
    r"[\u4e00-\u9fff]{2,7}?(?:省|自治区|特别行政区)|[\u4e00-\u9fff]{2,8}?(?:自治州|地区|盟|州)|[\u4e00-\u9fff]{1,6}?(?:市|自治县|自治旗|县|旗|林区|特区|区)"
)
_TOWNSHIP = re.compile(r"[\u4e00-\u9fff]{1,8}?(?:街道|镇|乡|苏木)")
_NOT_DIVISION = re.compile(
    r"开发区$|园区$|高新区$|新区$|经开区$|示范区$|保税区$|景区$|地区$|社区$|小区$|城区$|灾区$|山区$|^城市$"
)


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
class _Region:
    name: str
    code: str
    level: str
    city: str
    province: str
    first: int
    last: int


@functools.cache
def _kinds() -> dict[str, re.Pattern[str]]:
    return {key: re.compile(pattern) for key, pattern in _lexicon()["kinds"].items()}


@functools.cache
def _lexicon() -> dict[str, Any]:
    return tomllib.loads(bundled("corpus/lexicon/agencies.toml").read_text(encoding="utf-8"))


@functools.cache
def _regions() -> dict[str, list[_Region]]:
    regions: dict[str, list[_Region]] = {}
    with bundled("corpus/lexicon/regions.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            first, last = int(row.pop("first")), int(row.pop("last"))
            regions.setdefault(row["name"], []).append(_Region(**row, first=first, last=last))
    return regions


def identify(title: str, lines: Sequence[str]) -> Identity:
    """Find out whose report it is.

    Args:
        title: The title, cleaned, on one line; "" when none was found.
        lines: Cleaned lines of the document, furniture included (dates stand there).
    """
    problems: list[str] = []
    text = "\n".join(lines)[:MAX_TEXT]
    agency = agency_in_title(title)
    if agency is None:
        agency = _agency_in_text(text)
        if agency is None:
            problems.append("the agency was not found in the title or the preamble; set it by hand")
    if agency:
        agency = _longest_name(agency, text)
    published = _published(lines)
    year = _year(title, text, published, problems)
    kind = next((k for k, pattern in _kinds().items() if agency and pattern.search(agency)), None)
    level, region, code = _place(agency, kind, year, text, problems) if agency else (None, None, None)
    return Identity(agency, kind, level, region, code, year, published, tuple(problems))


def parse_year(text: str) -> int | None:
    """Read a year in any of its spellings.

    >>> parse_year("2019"), parse_year("二〇一九"), parse_year("二0一七")
    (2019, 2019, 2017)
    """
    digits = re.sub("[oO]", "0", text.replace("二", "2")).translate(_DIGITS)
    return int(digits) if re.fullmatch(r"(19|20)\d\d", digits) else None


def agency_in_title(title: str) -> str | None:
    """Return the agency that a title names.

    >>> agency_in_title("云汀市民政局2021年政府信息公开工作年度报告"),
    agency_in_title("2021年政府信息公开工作年度报告") ('云汀市民政局', None)
    """
    name = _LEAD_IN.sub("", re.sub(r"[\s《》“”]", "", title))
    name = re.sub(r"\.(docx?|pdf|html?)$", "", name)
    name = _TITLE_YEAR.sub("", name)
    name = _TITLE_REST.sub("", name)
    name = re.sub(r"(关于|年度|工作|的|发布|公布|[—\-_|：:（(].*)$", "", name)
    if not 3 <= len(name) <= 40 or not re.fullmatch(r"[\u4e00-\u9fff（）()·]+", name):
        return None
    if re.match(r"(我|本)(局|委|办|厅|市|县|区|院|镇|乡)$", name):
        return None
    return name if any(pattern.search(name) for pattern in _kinds().values()) else _with_suffix(name)


def _with_suffix(name: str) -> str | None:
    """Complete a division's bare name to its government (`云汀市` → `云汀市人民政府`)."""
    divisions = _divisions(name)
    return f"{name}人民政府" if divisions and "".join(divisions) == name else None


def _agency_in_text(text: str) -> str | None:
    """Find the agency that the preamble says the report is by."""
    end = _lexicon()["name"]["end"]
    patterns = (
        rf"(?:本报告由|现(?:公布|发布|将)|本报告是|由)([\u4e00-\u9fff]{{2,24}}?(?:{end}))(?:根据|依据|按照|编制|{_YEAR}|政府信息公开|负责)",
        rf"请(?:直接)?(?:与|联系|向)([\u4e00-\u9fff]{{2,24}}?(?:{end}))",
    )
    for pattern in patterns:
        match = re.search(pattern, text[:4000])
        if match and any(kind.search(match[1]) for kind in _kinds().values()):
            return match[1]
    return None


def _longest_name(agency: str, text: str) -> str:
    """Put the name of the superior division in front where the text itself does (洪泽区… → 淮安市洪泽区…)."""
    counts: dict[str, int] = {}
    for match in re.finditer(
        rf"([\u4e00-\u9fff]{{2,9}}(?:省|市|州|盟|自治区|县|区)){re.escape(agency)}", text
    ):
        prefix = match[1]
        for start in range(len(prefix) - 1):
            candidate = prefix[start:]
            if candidate in _regions():
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
    return agency if best in agency else best + agency


def _year(title: str, text: str, published: str | None, problems: list[str]) -> int | None:
    """Return the year of the title, unless period and date of publication both say another."""
    in_title = [y for m in _TITLE_YEAR.finditer(re.sub(r"\s", "", title)) if (y := parse_year(m[1]))]
    periods = [y for m in _PERIOD.finditer(text) for g in m.groups() if g and (y := parse_year(g))]
    of_title = in_title[0] if len(set(in_title)) == 1 else None
    of_period = max(set(periods), key=periods.count) if periods else None
    before = int(published[:4]) - 1 if published else None  # a report is due in the January that follows
    if of_title and of_period and of_title != of_period:
        taken = of_period if before == of_period else of_title
        dated = f", and it was published on {published}" if published else ""
        problems.append(
            f"the title says {of_title}, the reporting period {of_period}{dated}; {taken} was taken"
        )
        return taken
    if of_title and not of_period and before is not None and of_title > before and published[5:7] < "12":  # type: ignore[index]
        problems.append(f"the title says {of_title}, but it was published on {published}")
    if not of_title and not of_period:
        spread = f" (the title names {', '.join(map(str, in_title))})" if in_title else ""
        spread += f" (published on {published}, so probably {before})" if published else ""
        problems.append(f"the report's year was not found{spread}; set it by hand")
    return of_title or of_period


def _published(lines: Sequence[str]) -> str | None:
    """Return the date printed with the page, or else that of the signature under the text."""
    for line in lines[:80]:
        match = _PUBLISHED.search(line)
        if match:
            return _iso(int(match[1]), int(match[2]), int(match[3]))
    for line in reversed(lines):
        squeezed = re.sub(r"\s", "", line)
        match = _DATE.match(squeezed)
        if match and len(squeezed) <= len(match[0]) + 1:
            return _iso(int(match[1]), int(match[2]), int(match[3]))
        chinese = _CHINESE_DATE.fullmatch(squeezed)
        if chinese:
            year = parse_year(chinese[1])
            return _iso(year, _small(chinese[2]), _small(chinese[3])) if year else None
    return None


def _small(numeral: str) -> int:
    """Read a Chinese numeral below 100."""
    tens, _, ones = numeral.rpartition("十")
    units = "一二三四五六七八九".find(ones) + 1 if ones else 0
    if "十" not in numeral:
        return units
    return (("一二三四五六七八九".find(tens) + 1) if tens else 1) * 10 + units


def _iso(year: int, month: int, day: int) -> str | None:
    return f"{year}-{month:02d}-{day:02d}" if 1 <= month <= 12 and 1 <= day <= 31 else None


def _divisions(name: str) -> list[str]:
    """Cut the administrative divisions off the front of an agency's name, the largest first.

    A known division is preferred to what merely looks like one, so that 市中区 or 城关区 are not torn apart.
    """
    found = []
    rest = re.sub(r"^(国家税务总局|国家统计局|中华人民共和国|中国人民银行)", "", name)
    while rest:
        known = next((rest[:n] for n in range(min(12, len(rest)), 1, -1) if rest[:n] in _regions()), None)
        match = None if known else _DIVISION.match(rest)
        piece = known or (match[0] if match else None)
        if piece is None or _NOT_DIVISION.search(piece):
            break
        found.append(piece)
        rest = rest[len(piece) :]
    return found


def _place(
    agency: str, kind: str | None, year: int | None, text: str, problems: list[str]
) -> tuple[str | None, str | None, str | None]:
    divisions = _divisions(agency)
    below = re.sub("^" + "".join(map(re.escape, divisions)), "", agency)
    is_township = kind in ("township", "street") or bool(
        _TOWNSHIP.match(below) and kind in ("government", "office")
    )
    if not divisions:
        # 某某高新区, 某某海关: the division's name is cut short in the agency's, and whole in the text.
        whole = {
            m[0]
            for m in re.finditer(
                rf"(?<![\u4e00-\u9fff]){re.escape(agency[:2])}[\u4e00-\u9fff]?[省市州县区]", text
            )
        }
        whole |= {m[0] for m in re.finditer(rf"{re.escape(agency[:2])}[省市州县区](?=[\u4e00-\u9fff])", text)}
        if len(whole) != 1:
            return ("township" if is_township else None), None, None
        divisions = [whole.pop()]
    region = divisions[-1]
    code = _code(divisions, year, text, problems)
    level = _level(region, divisions, year)
    return ("township" if is_township else level), region, code


def _candidates(divisions: Sequence[str], year: int | None) -> list[_Region]:
    """Return the divisions of that name in that year that lie in the ones named before it."""
    *above, region = divisions
    return [
        r
        for r in _regions().get(region, ())
        if (year is None or r.first <= min(max(year, 2000), 2024) <= r.last)
        and all(a in (r.city, r.province) for a in above)
    ]


def _level(region: str, divisions: Sequence[str], year: int | None) -> str | None:
    levels = {r.level for r in _candidates(divisions, year)}
    if len(levels) == 1:
        return levels.pop()
    if levels:
        return None
    if region.endswith(("省", "自治区")):
        return "province"
    if region.endswith(("州", "盟", "地区")):
        return "city"
    if region.endswith("市"):
        return "county" if any(d.endswith(("市", "州", "盟")) for d in divisions[:-1]) else "city"
    return "county"


def _code(divisions: Sequence[str], year: int | None, text: str, problems: list[str]) -> str | None:
    candidates = _candidates(divisions, year)
    if len({r.code for r in candidates}) > 1:
        # The text may name the parent that the agency's name leaves out.
        named = [
            r for r in candidates if (r.city or r.province) in text or (r.province and r.province in text)
        ]
        candidates = named if len({r.code for r in named}) == 1 else candidates
    codes = sorted({r.code for r in candidates})
    if len(codes) == 1:
        return codes[0]
    if len(codes) > 1:
        names = ", ".join(f"{r.code} {r.province}{r.city}{r.name}" for r in candidates[:6])
        problems.append(f"{divisions[-1]}: {len(codes)} divisions have this name; candidates: {names}")
    return None
