"""str → str: width, spaces, radicals, traditional → simplified, stray pinyin, page furniture.

Every function is pure. What a line of page furniture looks like is in `furniture.toml`, apart from the code
that applies it.
"""

from __future__ import annotations

import functools
import html
import re
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from gongkai.text.grammar import PAGE_EDGE
from gongkai.text.lexicon import patterns, words

if TYPE_CHECKING:
    import opencc

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
MAX_FURNITURE = 200
"""Characters of the longest line that can be furniture."""
Script = Literal["simplified", "traditional"]

_HAN_RUN = re.compile(f"[{HAN}]+")
_COMPATIBLE = re.compile("[\u2e80-\u2fdf\uf900-\ufaff]")
_WIDTH = {
    code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))
}
_WIDTH |= {ord(mark): ord(mark) - 0xFEE0 for mark in "％．＋－／＠"}
# Most lines hold none of these: finding that out costs a tenth of the replacement.
_WIDE = re.compile("[０-９Ａ-Ｚａ-ｚ％．＋－／＠]")
_HALF = re.compile("[,;!?:(]")
_HALF_TO_FULL = str.maketrans(",;!?", "，；！？")
_HALF_PUNCTUATION = re.compile(rf"(?<=[{HAN}”’》）\"%])\s*([,;!?])|([,;!?])\s*(?=[{HAN}“‘《（])")
_COLON = re.compile(rf"(?<=[{HAN}”》）)]):|:(?=[{HAN}“《（(])")
_BRACKETED = re.compile(r"\(([^()]*)\)")
_MARKS = "，。；：！？、（）《》“”‘’〔〕【】"
_CJK_SPACE = re.compile(
    rf"(?<=[{HAN}{_MARKS}])[ \t\u00a0\u3000]+(?=[{HAN}\d{_MARKS}])"
    rf"|(?<=[，。；：！？、（《“])[ \t\u00a0\u3000]+|[ \t\u00a0\u3000]+(?=[，。；：！？、）》”])"
    rf"|(?<=[\d%])[ \t\u00a0\u3000]+(?=[{HAN}，。；：！？、（）《》“”])"
)
_SPACES = re.compile(r"[ \t\u00a0\u2000-\u200a\u3000]+")
# Invisible characters, and pictures between words (📢, ⚖️): ticks, boxes and numbers in circles are none.
_NO_TEXT = (
    "\u200b-\u200f\u202a-\u202e\u2060\ufeff\u00ad\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufe0f\u2600-\u260f\u2613-\u26ff"
    "\u2700-\u2712\u2719-\u2775\u2794-\u27bf\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff"
)
_INVISIBLE = re.compile(f"[{_NO_TEXT}]")
_TONED = "āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜḿńňǹ"
_PINYIN = re.compile(rf"(?<=[{HAN}])[（(]([a-zü{_TONED}]{{1,6}})[）)]")
# What is left of a mark whose beginning a wrong decoding swallowed: `當?shù)` for `當(dāng)地(…)`.
_BROKEN_PINYIN = re.compile(rf"(?<=[{HAN}])[?？\ufffd]?[a-z]{{0,5}}[{_TONED}][a-z]{{0,4}}[)）]")
# Left where a page was escaped twice, or saved as text from its source.
_ENTITY = re.compile(
    r"&(?:nbsp|ensp|emsp|amp|quot|ldquo|rdquo|lsquo|rsquo|mdash|ndash|hellip|middot|lt|gt|#\d{2,6});"
)
_HAS_TONE = re.compile(f"[{_TONED}]")
# What one of the steps of `clean_text` acts on; a line without any of these is clean already.
_UNCLEAN = re.compile(
    f"[&,;!?:({_TONED}０-９Ａ-Ｚａ-ｚ％．＋－／＠ \\t\u00a0\u2000-\u200a\u3000\u2e80-\u2fdf\uf900-\ufaff"
    f"{_NO_TEXT}]"
)

# Below this share of Han characters that conversion changes, a page counts as simplified. Simplified official
# prose changes under 0.2 % of them (乾, 徵 in names), the traditional mirror page in the development data 31
# %.
TRADITIONAL_SHARE = 0.05


@functools.cache
def _radicals() -> dict[int, str]:
    """Return the characters that text layers of PDFs print as radicals, as simplified text has them."""
    return {ord(radical): character for radical, character in map(str.split, words("radicals"))}


def fold_radicals(text: str) -> str:
    """Put the characters in place of the radicals and compatible forms that text layers of PDFs have.

    >>> fold_radicals("12⽉31⽇")
    '12月31日'
    """
    if not _COMPATIBLE.search(text):
        return text
    return _COMPATIBLE.sub(lambda m: unicodedata.normalize("NFKC", m[0]), text.translate(_radicals()))


def fold_width(text: str) -> str:
    """Fold full-width digits and letters and CJK radicals; drop invisible characters.

    Full-width punctuation stays as it is.

    >>> fold_width("２０２３年⼀、⺠政")
    '2023年一、民政'
    """
    text = _INVISIBLE.sub("", text)
    if text.isascii():
        return text
    text = fold_radicals(text)
    return text.translate(_WIDTH) if _WIDE.search(text) else text


def unify_punctuation(text: str) -> str:
    """Make half-width punctuation between Chinese full-width, so that one sentence has one spelling.

    >>> unify_punctuation("(一)主動公開:收到49件,已辦結;12:30前,共1,234條")
    '（一）主動公開：收到49件，已辦結；12:30前，共1,234條'
    """
    if not _HALF.search(text):
        return text
    text = _HALF_PUNCTUATION.sub(lambda m: (m[1] or m[2]).translate(_HALF_TO_FULL), text)
    text = _COLON.sub("：", text)

    def widen(match: re.Match[str]) -> str:
        inner = match[1]
        before = match.string[match.start() - 1] if match.start() else ""
        after = match.string[match.end()] if match.end() < len(match.string) else ""
        chinese = re.search(f"[{HAN}]", inner + before + after)
        return f"（{inner}）" if chinese else match[0]

    return _BRACKETED.sub(widen, text)


def squeeze_spaces(text: str) -> str:
    """Drop spaces beside Chinese characters and fold the others to one.

    >>> squeeze_spaces("公开  24 件 ， Windows 11 系统")
    '公开24件，Windows 11系统'
    """
    if not _SPACES.search(text):
        return text.strip()
    return _CJK_SPACE.sub("", _SPACES.sub(" ", text)).strip()


def drop_pinyin(text: str) -> str:
    """Drop the bracketed pinyin that some mirror sites put behind ambiguous characters.

    A lower-case syllable is dropped only if it carries a tone mark, or if the text has at least three that
    do.

    >>> drop_pinyin("行政復(fù)議(app)")
    '行政復議(app)'
    """
    if not _HAS_TONE.search(text):
        return text
    found = _PINYIN.findall(text)
    everywhere = sum(bool(_HAS_TONE.search(s)) for s in found) >= 3
    text = _PINYIN.sub(
        lambda m: "" if _HAS_TONE.search(m[1]) or (everywhere and len(m[1]) < 3) else m[0], text
    )
    return _BROKEN_PINYIN.sub("", text)


def count_damage(text: str) -> int:
    """Count the places where a wrong decoding swallowed characters: U+FFFD, and rests of pinyin marks.

    >>> count_damage("強化與當?shù)刂饕的聯(lián)動"), count_damage("正常的文字")
    (1, 0)
    """
    broken = _BROKEN_PINYIN.findall(_PINYIN.sub("", text)) if _HAS_TONE.search(text) else []
    return text.count("\ufffd") + len(broken)


@functools.cache
def _converter(direction: str = "t2s") -> opencc.OpenCC:
    import opencc

    return opencc.OpenCC(direction)


@functools.cache
def _changing(direction: str) -> re.Pattern[str]:
    """Return what matches the characters that a conversion changes, each taken by itself."""
    common = [chr(code) for code in range(0x3400, 0x9FFF)]
    converted = _converter(direction).convert("\n".join(common)).split("\n")
    return re.compile(f"[{''.join(old for old, new in zip(common, converted, strict=True) if old != new)}]")


def detect_script(text: str) -> Script:
    """Tell whether a text is written in traditional characters.

    >>> detect_script("政府信息公開年度報告"), detect_script("政府信息公开年度报告")
    ('traditional', 'simplified')
    """
    sample = text[:20000]
    changed = len(_changing("t2s").findall(sample))
    if not changed or changed <= TRADITIONAL_SHARE * sum(map(len, _HAN_RUN.findall(sample))):
        return "simplified"
    # A few simplified characters (乾, 著) also have a traditional reading; a short text may hold one of ten.
    return "traditional" if changed > len(_changing("s2t").findall(sample)) else "simplified"


def simplify(text: str) -> str:
    """Convert traditional to simplified characters (OpenCC `t2s`), and the words of `mirror.txt` back.

    >>> simplify("政府資訊公開、行政覆議")
    '政府信息公开、行政复议'
    """
    simplified = str(_converter().convert(text))
    printed, originals = _mirror_words()
    return printed.sub(lambda m: originals[m[0]], simplified)


@functools.cache
def _mirror_words() -> tuple[re.Pattern[str], dict[str, str]]:
    originals = dict(line.split() for line in words("mirror"))
    return re.compile("|".join(map(re.escape, originals))), originals


def clean_text(text: str, *, script: Script = "simplified") -> str:
    """Clean one paragraph: entities, width, pinyin, script, punctuation, spaces; in this order."""
    if script == "simplified" and not _UNCLEAN.search(text):
        return text.strip()
    if "&" in text:
        text = _ENTITY.sub(lambda m: html.unescape(m[0]), text)
    text = drop_pinyin(fold_width(text))
    if script == "traditional":
        text = simplify(text)
    return squeeze_spaces(unify_punctuation(text))


def clean_lines(lines: Iterable[str], *, script: Script = "simplified") -> list[str]:
    """Clean lines as `clean_text` does, and cut the advertising of copies out of them.

    >>> clean_lines(["公开 9 项。更多精彩内容请关注www.example.com。另有4次。"])
    ['公开9项。另有4次。']
    """
    inline, advertised = (patterns("furniture")[name] for name in ("inline", "advertised"))
    texts = [clean_text(line, script=script) for line in lines]
    return [inline.sub("", text) if advertised.search(text) else text for text in texts]


def is_furniture(line: str) -> bool:
    """Tell whether a cleaned line is page furniture: a page mark, a tool, a share bar, a breadcrumb.

    >>> is_furniture("- 3 -"), is_furniture("字体：大 中 小"), is_furniture("本年度收到申请3件。")
    (True, True, False)
    """
    line = line.strip()
    if len(line) > MAX_FURNITURE:
        return False
    if line.endswith(("。", "；")):
        return False
    return bool(patterns("furniture")["line"].fullmatch(line) or PAGE_EDGE.fullmatch(line))


def ends_report(line: str, *, last: bool = True) -> bool:
    """Tell whether a cleaned line opens what a site puts behind a report: related links, spam, imprint.

    Args:
        line: A cleaned line.
        last: No further section follows; only then an address is the site's.

    >>> ends_report("相关阅读："), ends_report("地址：甲路1号 邮编：000000", last=False)
    (True, False)
    """
    furniture = patterns("furniture")
    begins = line.strip()[:MAX_FURNITURE]
    return bool(furniture["end"].match(begins) or (last and furniture["foot"].match(begins)))
