"""How these texts count: numerals, years, dates, enumerators, page marks; each stands here once."""

from __future__ import annotations

import re

NUMERALS = "一二三四五六七八九十"
ZEROS = "〇○◯零oOＯ０0"
"""What stands for a zero in a year spelt out."""
FIGURES = f"{ZEROS}一二三四五六七八九\\d"
DIGITS_OF_YEAR = r"(?:19|20)\d\d"
YEAR = rf"(?:19\d\d|2[{ZEROS}][{FIGURES}]{{2}}|二[{ZEROS}][{FIGURES}—]{{2}})"
"""A year in digits or spelt out (二〇一九, 二O二O, 2O20; 二〇—九, a dash that is no more than a thin 一)."""
YEAR_OF = re.compile(rf"({YEAR})年")
YEAR_TOLD = re.compile(rf"{DIGITS_OF_YEAR}(?=年)")
"""A year in figures, as a sentence names it."""
_FIGURE = str.maketrans("〇○◯零oOＯ０一二三四五六七八九—", "000000001234567891")

DATE = r"(20\d{2})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})"
SIGNED_DATE = re.compile(r"(20\d{2})年(\d{1,2})月(\d{1,2})日?")
SPELT_DATE = re.compile(rf"([二2][{ZEROS}][{FIGURES}—]{{2}})年([{NUMERALS}]{{1,2}})月([{NUMERALS}]{{1,3}})日")
"""As one signs: 二〇二二年一月三十日."""

BRACKETED = rf"[（(](?:[{NUMERALS}]{{1,3}}|\d{{1,2}})[）)]"
"""（一） (1)"""
NUMBERED = r"\d{1,2}[.．、](?!\d)"
"""1. 1、"""
ENUMERATOR = rf"(?:{BRACKETED}、?|{NUMBERED}|[{NUMERALS}]{{1,2}}、|[①-⑳㈠-㈩])"
"""What opens a heading or a point: （一） (1) 1. 一、 ①."""
OPENS_POINT = re.compile(
    rf"\s*(?:[●■◆▲▼★☆•○◇□▪►◎※]|{ENUMERATOR}|第[{NUMERALS}]{{1,3}}[部章节]|[{NUMERALS}]是|首先|其次|再次|最后|[㈠-㈩])"
)
OPENS_SECTION = re.compile(rf"\s*[{NUMERALS}]{{1,2}}\s*[、.．]\s*\S")
ORDINAL = re.compile(
    rf"\s*(?:第?([{NUMERALS}]{{1,3}})\s*(?:[、.．，,：:。]+|部分[：:、]?|\s)|[（(]([{NUMERALS}]{{1,3}})[）)]、?)\s*"
)
"""Before a heading: 一、 or, in the second group, （一）."""
ORDINAL_ALONE = re.compile(
    rf"(?:[{NUMERALS}]{{1,2}}\s*[、.．,，]+|[（(][{NUMERALS}]{{1,2}}[）)]|第[{NUMERALS}]部分)"
)
POINT = re.compile(
    rf"(?:第?[{NUMERALS}]{{1,2}}(?:是要|是|则|来)(?!否|一|样|个|年|月|日|种|律|些|次|家)"
    rf"|其[{NUMERALS}](?:[，,是])"
    rf"|第[{NUMERALS}](?=[，,])"
    rf"|{BRACKETED}|{NUMBERED}"
    r"|\d{1,2}[）)]"
    r"|[①-⑳⑴-⒇㈠-㈩]"
    r"|(?:首先|其次|再次|再者|最后)(?=[，,是要])"
    r")"
)
"""What opens a new point in running text."""
COUNTED_POINT = re.compile(
    rf"(?:(?P<shi>第?[{NUMERALS}])(?=是|来|则|，)|其(?P<qi>[{NUMERALS}])|[（(](?P<bracket>[{NUMERALS}])[）)]|(?P<digit>\d{{1,2}})[.．、）)]"
    rf"|(?P<circle>[①-⑩])|(?P<first>首先|其次|再次|最后)|(?:问题|不足)之?(?P<named>[{NUMERALS}\d]))"
)
"""What opens a point, each way to count it a group of its own."""
_FIRST = {"首先": 1, "其次": 2, "再次": 3, "最后": 4}
OPENS_COUNT = re.compile(
    rf"[{NUMERALS}]是|第[{NUMERALS}]|其[{NUMERALS}]|[（(][{NUMERALS}\d]{{1,2}}[）)]|\d{{1,2}}[.．、]|[①-⑳]|首先|其次|最后"
)
"""What opens a paragraph that counts points."""
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
"""Digits as they stand above the line: those of a note are none of the number before them."""
MEASURES = "年月日件条个次余人家份期宗起篇名场％%"
"""What follows a number in prose."""
BROWSER_LINE = re.compile(
    r"\s*(?:(?:\d{4}/\d{1,2}/\d{1,2}|\d{1,2}/\d{1,2}/\d{2,4})\s*,?\s*(?:[上下]午)?\s*\d{1,2}:\d{2}"
    r"(?::\d{2})?(?:\s*[AP]M)?.*|(?:https?|file):\S+(?:\s+\d{1,3}\s*/\s*\d{1,3})?)\s*"
)
"""What a browser prints above and below a page: date and title, address and page of pages."""
PAGE_MARK = re.compile(
    r"\s*(?:[-—–－―]+\s*\d{1,3}\s*[-—–－―]+|第\s*\d{1,3}\s*页(?:\s*[,，/]?\s*共\s*\d{1,3}\s*页)?|\d{1,3}\s*/\s*\d{1,3}"
    r"|共\s*\d{1,3}\s*页|[Pp](?:age)?\.?\s*\d{1,3}(?:\s*(?:of|/)\s*\d{1,3})?(?:\s*[-–—]\s*[^。，；]{0,60}(?:报告|年报))?"
    r"|[^\s见。，；][^见。，；]{3,60}(?:报告|年报)\s*[（(]\s*第\s*\d{1,3}\s*页\s*[）)])\s*"
)
PAGE_EDGE = re.compile(
    r"[-—–－_·\s]*\d{1,3}[-—–－_·\s]*|第?\s*\d{1,3}\s*页.{0,10}|\d{1,3}\s*/\s*\d{1,3}|Page \d+( of \d+)?"
)
"""What numbers a page where it is known to stand at its edge, or among a site's lines: a number alone too."""


def parse_year(text: str) -> int | None:
    """Read a year in any of its spellings.

    >>> parse_year("2019"), parse_year("二〇一九"), parse_year("二0一七")
    (2019, 2019, 2017)
    """
    digits = text.translate(_FIGURE)
    return int(digits) if re.fullmatch(r"(19|20)\d\d", digits) else None


def parse_numeral(text: str) -> int:
    """Read a number below 100; 0 where it is none.

    >>> parse_numeral("三十一"), parse_numeral("十"), parse_numeral("7")
    (31, 10, 7)
    """
    if text.isdigit():
        return int(text)
    tens, ten, ones = text.rpartition("十")
    units = NUMERALS[:9].find(ones) + 1 if ones else 0
    return (10 * (NUMERALS[:9].find(tens) + 1 if tens else 1) + units) if ten else units


def numeral(number: int) -> str:
    """Write a number below 100.

    >>> numeral(12), numeral(20), numeral(7)
    ('十二', '二十', '七')
    """
    tens, ones = divmod(number, 10)
    before = (NUMERALS[tens - 1] if tens > 1 else "") + "十" if tens else ""
    return before + (NUMERALS[ones - 1] if ones else "")


def count_of(sentence: str) -> tuple[str, int] | None:
    """Return how the point that a sentence opens is counted, and its number.

    >>> count_of("（三）公开不及时"), count_of("其次，内容不全"), count_of("公开不及时")
    (('bracket', 3), ('first', 2), None)
    """
    point = COUNTED_POINT.match(sentence)
    if point is None:
        return None
    style = point.lastgroup or ""
    value = point[style].lstrip("第")
    if style == "circle":
        return style, ord(value) - ord("①") + 1
    return style, _FIRST.get(value) or parse_numeral(value)


_WIDE = re.compile(
    "[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]+"
)


def columns(text: str) -> int:
    """Return how many columns a text takes: two for a wide character.

    >>> columns("公开2件")
    7
    """
    return len(text) + (len(text) - len(_WIDE.sub("", text)))
