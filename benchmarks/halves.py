"""How well problems and improvements are told apart in the authored section fives, as they are and altered.

    python -m benchmarks.halves

The rules of `report/halves.py` were written with these texts in sight; the altered ones are the harder test:
without headings, as pairs of problem and remedy, with the remedies first, without what leads over to the remedies,
and with other words in the place of the usual ones.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from corpus.make.authored import parse
from gongkai.report.outline import Line, Part
from gongkai.report.passages import join_lines, read_passages

TOP = Path(__file__).parents[1]
FIVE = ("section5", "problems", "improvements")
POINT = re.compile(
    r"^(?:[一二三四五六七八九十]+是|[（(][一二三四五六七八九十\d]+[）)]|\d+[.、．]|第[一二三四五]，|首先，|其次，|再次，)"
)
LABELS = re.compile(r"问题|不足|改进|措施|打算|下一步|下步|整改|困难|短板|差距|努力")
SWAPS = tuple(
    pair.split(">")
    for pair in "存在>显现出 不足>欠缺之处 问题>短处 有待>尚要 不够>还谈不上 下一步>往后 今后>往后 下一阶段>随后 针对>就 将>会 "
    "计划>准备 进一步>更 加强>抓紧 完善>补全 薄弱>单薄 滞后>落后 改进>改善 明年>翌年 为此>所以 措施>做法 仍>照旧 还>尚".split()
)


class Text(NamedTuple):
    """A section five: its lines, and the half (P, I) of each of their characters."""

    agency: str
    year: int
    heading: str
    lines: list[tuple[str, str]]


def texts() -> list[Text]:
    """Return the section fives of the truth; where it has two sections, as one with two headings."""
    found = []
    for path in sorted((TOP / "corpus" / "truth" / "reports").glob("*.md")):
        report = parse(path)
        lines: list[tuple[str, str]] = []
        for part in report.parts:
            if part.section not in FIVE:
                continue
            half = "I" if part.section == "improvements" else "P"
            if part.section != "section5":
                title = "（一）" + re.sub("^[一二三四五六七八九十]、", "", part.heading)
                lines.append((title, half * len(title)))
            for paragraph in part.paragraphs:
                text = marks = ""
                for piece in re.split(r"(\{[^{}]*\}|^##\s+|##)", paragraph):
                    half = piece[1] if piece in ("{P}", "{I}") else half
                    if not re.fullmatch(r"\{[^{}]*\}|##\s*", piece):
                        text, marks = text + piece, marks + half * len(piece)
                lines.append((text, marks))
        if lines:
            year = int(report.meta["year"])
            found.append(Text(report.meta["agency"], year, "五、存在的主要问题及改进情况", lines))
    return found


def told(text: Text) -> list[tuple[str, str, str]]:
    """Return the sentences of a text, each with its half as marked and as read."""
    (part,) = join_lines([Part("section5", text.heading, [Line(line, None) for line, _ in text.lines])])
    characters = iter([pair for line, marks in text.lines for pair in zip(line, marks)])
    marks = []
    for character in "\n".join(line.text for line in part.lines):
        marks.append(" " if character == "\n" else next(m for c, m in characters if c == character))
    found = []
    for sentence in read_passages(part, text.year):
        inside = Counter(marks[sentence.start : sentence.end])
        found.append((sentence.text, max("PI", key=lambda half: inside[half]), sentence.section[0].upper()))
    return found


def plain(text: Text, draw: random.Random) -> Text:
    """Return the text as it is."""
    return text


def unheaded(text: Text, draw: random.Random) -> Text:
    """Drop the headings and labels that name a half."""
    lines = []
    for line, marks in text.lines:
        if len(line) <= 20 and not re.search("[。；，]", line) and LABELS.search(line):
            continue
        label = re.match(r"[（(]?[一二三四五六七八九十\d]*[）)、.．]?[^。；，：]{2,14}[：。](?=.{10})", line)
        names = label and LABELS.search(label[0]) and not re.search("有|如下|以下|是|将", label[0])
        at = label.end() if label and names else 0
        lines.append((line[at:], marks[at:]))
    return text._replace(heading="五、工作情况", lines=lines)


def by_half(text: Text, half: str) -> list[str]:
    """Return the sentences of a half."""
    return [sentence for sentence, own, _ in told(text) if own == half]


def paired(text: Text, draw: random.Random) -> Text | None:
    """Put the n-th remedy behind the n-th problem, counted one by one."""
    both = [
        [re.sub("[；，]$", "。", POINT.sub("", s)) for s in by_half(text, half) if not s.endswith("：")]
        for half in "PI"
    ]
    form = draw.choice(("{}是", "{}、", "（{}）"))
    lines = []
    for numeral, problem, remedy in zip("一二三四五六七八九", *both, strict=False):
        point = form.format(numeral) + problem
        lines.append((point + remedy, "P" * len(point) + "I" * len(remedy)))
    return text._replace(lines=lines) if len(lines) > 1 else None


def swapped(text: Text, draw: random.Random) -> Text | None:
    """Put the remedies first, half of the times under headings."""
    problems, remedies = ("".join(by_half(text, half)) for half in "PI")
    if not problems or not remedies:
        return None
    lines = [(remedies, "I" * len(remedies)), (problems, "P" * len(problems))]
    if draw.random() < 0.5:
        lines = [("（一）改进情况", "I" * 7), lines[0], ("（二）存在的问题", "P" * 8), lines[1]]
    return text._replace(heading="五、工作情况", lines=lines)


def unled(text: Text, draw: random.Random) -> Text | None:
    """Drop lead-ins, and short sentences that turn to the remedies."""
    kept, before = [], ""
    for sentence, half, _ in told(text):
        turns = half != before and len(sentence) < 30 and not POINT.match(sentence)
        turns &= bool(re.match(r".{0,3}(下一?步|今后|为此|针对|接下来|下一阶段|明年|20\d\d年)", sentence))
        if not sentence.endswith("：") and not turns:
            kept.append((sentence, half))
        before = half
    line = "".join(s for s, _ in kept), "".join(half * len(s) for s, half in kept)
    return text._replace(heading="五、工作情况", lines=[line]) if len({h for _, h in kept}) > 1 else None


def reworded(text: Text, draw: random.Random) -> Text:
    """Put other words in the place of the usual ones, seven times of ten."""
    lines = []
    for line, marks in text.lines:
        new = halves_of = ""
        at = 0
        while at < len(line):
            usual, other = next((p for p in SWAPS if line.startswith(p[0], at)), ("", ""))
            if usual and draw.random() < 0.7:
                new, halves_of = new + other, halves_of + marks[at] * len(other)
                at += len(usual)
            else:
                new, halves_of = new + line[at], halves_of + marks[at]
                at += 1
        lines.append((new, halves_of))
    return text._replace(lines=lines)


KINDS: dict[str, Callable[[Text, random.Random], Text | None]] = {
    "as authored": plain, "unheaded": unheaded, "paired": paired, "swapped": swapped, "unled": unled,
    "reworded": reworded,
}  # fmt: skip


def main() -> None:
    """Print, for each kind of text, how many sentences and whole texts are told right."""
    print("| texts | sentences | told right | texts whole |\n|---|---|---|---|")
    for name, alter in KINDS.items():
        made = [alter(text, random.Random(f"{name} {k}")) for k, text in enumerate(texts())]
        right = [[own == read for _, own, read in told(text)] for text in made if text is not None]
        flat = [one for part in right for one in part]
        print(
            f"| {name} | {len(flat)} | {sum(flat) / len(flat):.3f} | {sum(map(all, right))} of {len(right)} |"
        )


if __name__ == "__main__":
    main()
