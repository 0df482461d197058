"""The numbers that a word processor counts and prints before a paragraph (`一、`); no text holds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gongkai.text.grammar import numeral

_CHINESE = frozenset(
    "chineseCounting chineseCountingThousand ideographDigital japaneseCounting taiwaneseCounting "
    "taiwaneseCountingThousand".split()
)
_UNPRINTED = ("", "bullet", "none")


class Level(NamedTuple):
    """One level of a list."""

    form: str
    """As Word names it (`chineseCounting`, `decimal`); `bullet` and `none` print no number."""
    text: str
    """What is printed; `%1` stands for the number of the first level."""
    first: int = 1


class List(NamedTuple):
    """A list; two that name one counter go on counting."""

    counter: str
    levels: Sequence[Level]


def ordinal(of: List, depth: int, counts: dict[str, list[int]]) -> str:
    """Count a paragraph and return what is printed before it.

    Args:
        of: Its list.
        depth: Its level, from 0.
        counts: Numbers so far by counter, one a level; counted up.
    """
    if depth >= len(of.levels):
        return ""
    so_far = counts.setdefault(of.counter, [])
    so_far += [of.levels[i].first - 1 for i in range(len(so_far), depth + 1)]
    so_far[depth] += 1
    del so_far[depth + 1 :]
    if of.levels[depth].form in _UNPRINTED:
        return ""
    text = of.levels[depth].text
    for i, number in enumerate(so_far):
        text = text.replace(f"%{i + 1}", printed(number, of.levels[i].form))
    return text


def printed(number: int, form: str) -> str:
    """Write a number below 100 as a list does.

    >>> printed(12, "chineseCounting"), printed(3, "decimal")
    ('十二', '3')
    """
    if form in ("decimalEnclosedCircle", "decimalEnclosedCircleChinese"):
        return chr(ord("①") + number - 1) if 0 < number <= 20 else str(number)
    if form not in _CHINESE or not 0 < number < 100:
        return str(number)
    return numeral(number)


Lists = Mapping[str, List]
"""The lists of a file by name."""
