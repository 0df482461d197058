"""How these texts count: numerals, years, enumerators, page marks; each stands here once."""

from __future__ import annotations

import re

NUMERALS = "一二三四五六七八九十"
ZEROS = "〇○零OoＯ0"
"""What stands for a zero in a year spelt out."""
FIGURES = f"{ZEROS}一二三四五六七八九\\d"
YEAR = rf"(?:(?:19|20)\d\d|[二2][{ZEROS}][{FIGURES}]{{2}})"
"""A year in digits or spelt out (二〇一九, 二O二O, 2O20)."""
YEAR_OF = re.compile(rf"({YEAR})年")
ENUMERATOR = (
    rf"(?:[（(](?:[{NUMERALS}]{{1,3}}|\d{{1,2}})[）)]、?|\d{{1,2}}[.．、](?!\d)|[{NUMERALS}]{{1,2}}、|[①-⑳])"
)
"""What opens a heading or a point: （一） (1) 1. 一、 ①."""
OPENS_POINT = re.compile(
    rf"\s*(?:{ENUMERATOR}|第[{NUMERALS}]{{1,3}}[部章节]|[{NUMERALS}]是|首先|其次|再次|最后|[㈠-㈩])"
)
OPENS_SECTION = re.compile(rf"\s*[{NUMERALS}]{{1,2}}\s*[、.．]\s*\S")
MEASURES = "年月日件条个次余人家份期宗起篇名场％%"
"""What follows a number in prose."""
BROWSER_LINE = re.compile(
    r"\s*(?:(?:\d{4}/\d{1,2}/\d{1,2}|\d{1,2}/\d{1,2}/\d{2,4})\s*,?\s*(?:[上下]午)?\s*\d{1,2}:\d{2}"
    r"(?::\d{2})?(?:\s*[AP]M)?.*|(?:https?|file):\S+(?:\s+\d{1,3}\s*/\s*\d{1,3})?)\s*"
)
"""What a browser prints above and below a page: date and title, address and page of pages."""
PAGE_MARK = re.compile(
    r"\s*(?:[-—–－―]+\s*\d{1,3}\s*[-—–－―]+|第\s*\d{1,3}\s*页(?:\s*[,，/]?\s*共\s*\d{1,3}\s*页)?|\d{1,3}\s*/\s*\d{1,3})\s*"
)
