"""Bytes → text: charsets by evidence, not by declaration; an earlier wrong decoding is undone if certain."""

from __future__ import annotations

import codecs
import re

from gongkai.problem import Problem
from gongkai.text.clean import HAN

_DECLARED = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w-]{3,20})""", re.IGNORECASE)
# Characters frequent in any Chinese official text: a decoding that gives few of them is a wrong one.
_FREQUENT = frozenset(
    "的政府信息公开年度报告情况行和工作主动申请中国一是不人有在年月日一二三四區區開總況會國請報務"
)
# A text that holds none of these is no Chinese official text, or is one wrongly decoded.
_WORDS = re.compile("信息|资讯|資訊|公开|公開|报告|報告|情况|情況|工作|政府")
_WRONG_TURNS = (("gb18030", "utf-8"), ("cp1252", "utf-8"), ("cp1252", "gb18030"))
"""A charset that a text was decoded with, and the one it has."""
_LOST = 0.2
"""Share of characters up to which a line that lost some is taken as mended."""


def decoded(content: bytes) -> tuple[str, list[Problem]]:
    """Decode a page or text, mend what was wrongly decoded before, and say what was lost."""
    text, damage = decode(content)
    said = f"{damage} bytes could not be decoded; they stand as U+FFFD"
    problems = [Problem("characters_lost", said)] if damage else []
    mended, turn = mend(text)
    if turn:
        problems.append(Problem("mended", f"the text was decoded as {turn[0]} though it is {turn[1]}"))
    return mended.replace("_x000D_", "\n"), problems  # as Excel writes a line's end


def decode(content: bytes) -> tuple[str, int]:
    """Decode a page: byte-order mark, strict UTF-8 (a cut tail allowed), then the most plausible charset.

    Strict UTF-8 goes before the declaration: a text that is valid UTF-8 and not ASCII is practically never
    anything else, while pages saved anew often keep a stale `charset=gb2312`.

    Returns:
        The text, and how many characters had to be replaced (0 = undamaged).
    """
    if content.startswith(b"\xef\xbb\xbf"):
        content = content[3:]
    for mark, charset in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if content.startswith(mark):
            text = content[2:].decode(charset, errors="replace")
            return text, text.count("\ufffd")
    if b"\0" in content[:4096] and (text := unmarked_utf16(content)):
        return text, text.count("\ufffd")
    for cut in range(4):
        try:
            return content[: len(content) - cut].decode("utf-8"), 0
        except UnicodeDecodeError as error:
            if error.start < len(content) - 4:
                break
    declared = _DECLARED.search(content[:4096])
    charsets = ["gb18030", "big5", "utf-8"]
    if declared:
        name = declared[1].decode("ascii").lower()
        charsets.insert(0, "gb18030" if name in ("gb2312", "gbk", "gb_2312-80") else name)
    best, best_score, best_damage = "", -1.0, 0
    for charset in dict.fromkeys(charsets):
        try:
            text = content.decode(charset, errors="replace")
        except LookupError:
            continue
        damage = text.count("\ufffd")
        score = _plausibility(text) - 10 * damage / (len(text) + 1)
        if score > best_score:
            best, best_score, best_damage = text, score, damage
    return best, best_damage


def _plausibility(text: str) -> float:
    han = re.findall(f"[{HAN}]", text[:50000])
    return sum(c in _FREQUENT for c in han) / (len(han) + 1)


def unmarked_utf16(content: bytes) -> str:
    """Return UTF-16 without its mark, decoded, if words of a report stand in it; else ""."""
    texts = (content.decode(charset, errors="replace") for charset in ("utf-16-le", "utf-16-be"))
    return next((text for text in texts if _WORDS.search(text)), "")


def mend(text: str) -> tuple[str, tuple[str, str] | None]:
    """Undo a wrong decoding (`鏀垮簻` for `政府`) where it is certain: words appear where there were none.

    No library is asked: ftfy knows the Western charsets only, and here is what it does for them.

    Returns:
        The text, and the charset it was decoded with and that it has; None where nothing was mended.

    >>> mend("主动公开".encode().decode("gb18030") + "政府信息".encode().decode("gb18030"))
    ('主动公开政府信息', ('gb18030', 'utf-8'))
    """
    if text.isascii() or _WORDS.search(text):
        return text, None
    for wrong, right in _WRONG_TURNS:
        lines = [_turned(line, wrong, right) for line in text.split("\n")]
        mended = "\n".join(lines)
        if len(_WORDS.findall(mended)) >= 2:
            return mended, (wrong, right)
    return text, None


def _turned(line: str, wrong: str, right: str) -> str:
    """Encode a line as it was decoded and decode it as it should have been; as it is where that fails."""
    if line.isascii():
        return line
    try:
        raw = bytes(map(_western, line)) if wrong == "cp1252" else _chinese(line)
    except (UnicodeEncodeError, ValueError):
        return line
    turned = re.sub("\ufffd+", "\ufffd", raw.decode(right, errors="replace"))
    return line if turned.count("\ufffd") > _LOST * len(turned) else turned


def _chinese(text: str) -> bytes:
    """Return the bytes of a text in GBK; browsers print 0x80 as €, and what was lost stays lost."""
    parts = re.split("([€\ufffd])", text)
    return b"".join({"€": b"\x80", "\ufffd": b"\xff"}.get(part) or part.encode("gb18030") for part in parts)


def _western(character: str) -> int:
    """Return the byte of a character in Windows-1252; its five holes are those of Latin-1."""
    try:
        return codecs.encode(character, "cp1252")[0]
    except UnicodeEncodeError:
        return ord(character)
