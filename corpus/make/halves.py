"""The weights by which `report/halves.py` tells problems from improvements, learned from the authored truth.

    python -m corpus.make.halves             # writes corpus/lexicon/halves.json
    python -m corpus.make.halves --check     # cross-validation by agency, on the texts and on altered ones
    python -m corpus.make.halves --check --without swapped    # … trained without a kind of altered text

A conditional random field: halves of a path score by the sum of what its sentences and steps show
(`halves.seen_in`), and the marks {P} and {I} of the truth are made likely. It learns from the section fives as
they are and from altered ones: without headings, without what leads over to the remedies, as pairs of problem
and remedy, with the remedies first; and from copies that lack a third of what they show. Texts with words put in
the place of the usual ones are for testing only.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.optimize import minimize
from scipy.special import logsumexp

from corpus.make.authored import parse
from gongkai.report import halves
from gongkai.report.outline import Line, Part
from gongkai.report.passages import pieces_of, section_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Vector = np.ndarray[Any, np.dtype[Any]]

TOP = Path(__file__).parents[2]
RARE = 3
WORDS, MOVES = 5.0, 0.2
"""Penalties of the weights of wording and of steps; of four pairs the best on agencies left out."""
ROUNDS = 60
FOLDS = 5
POINT = re.compile(
    r"^(?:[一二三四五六七八九十]+是|[（(][一二三四五六七八九十\d]+[）)]|\d+[.、．]|第[一二三四五]，|首先，|其次，|再次，)"
)
LABELS = re.compile(r"问题|不足|改进|措施|打算|下一步|下步|整改|困难|短板|差距|努力")
SWAPS = tuple(
    pair.split(">")
    for pair in "存在>显现出 不足>欠缺之处 问题>短处 有待>尚要 不够>还谈不上 下一步>往后 今后>往后 下一阶段>随后 针对>就 将>会 "
    "计划>准备 进一步>更 加强>抓紧 完善>补全 薄弱>单薄 滞后>落后 改进>改善 明年>翌年 为此>所以 措施>做法 仍>照旧 还>尚".split()
)
TESTED = "wording"


class Text(NamedTuple):
    """A section five: its lines, and the half (P, I) of each of their characters."""

    agency: str
    year: int
    heading: str
    lines: list[tuple[str, str]]


class Shown(NamedTuple):
    """What the sentences of a section five show, and which state each is in."""

    agency: str
    steps: list[tuple[set[str], tuple[str, ...]]]
    states: list[int]


def texts() -> list[Text]:
    """Return the section fives of the truth; where it has two sections, as one with two headings."""
    found = []
    for path in sorted((TOP / "corpus" / "truth" / "reports").glob("*.md")):
        report = parse(path)
        lines: list[tuple[str, str]] = []
        for part in report.parts:
            if part.section not in halves.FIVE:
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


def told(text: Text) -> list[tuple[halves.Step, str]]:
    """Return the sentences of a text, each with its half."""
    part = Part("section5", text.heading, [Line(line, None, k) for k, (line, _) in enumerate(text.lines)])
    characters = iter([pair for line, marks in text.lines for pair in zip(line, marks, strict=True)])
    marks = []
    for character in section_text(part):
        marks.append(" " if character == "\n" else next(m for c, m in characters if c == character))
    found = []
    for piece in pieces_of(part):
        inside = Counter(marks[piece.sentence.start : piece.sentence.end])
        found.append((piece.step, max("PI", key=lambda half: inside[half])))
    return found


def shown(text: Text) -> Shown:
    """Return what a text shows and its states: `own` begins where a remedy counts its points from one."""
    pairs = told(text)
    steps = halves.seen_in([step for step, _ in pairs], text.year)
    states: list[int] = []
    for (_, kinds), (_, half) in zip(steps, pairs, strict=True):
        own = kinds[0].startswith("first") or bool(states and states[-1] == 2)
        states.append(0 if half == "P" else 2 if own else 1)
    return Shown(text.agency, steps, states)


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
    return [step.text for step, own in told(text) if own == half]


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
    for step, half in told(text):
        turns = half != before and len(step.text) < 30 and not POINT.match(step.text)
        turns &= bool(re.match(r".{0,3}(下一?步|今后|为此|针对|接下来|下一阶段|明年|20\d\d年)", step.text))
        if not step.text.endswith("：") and not turns:
            kept.append((step.text, half))
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
    TESTED: reworded,
}  # fmt: skip


def altered(kind: str) -> list[Shown]:
    """Return what the texts show when they are altered in a way."""
    made = (KINDS[kind](text, random.Random(f"{kind} {k}")) for k, text in enumerate(texts()))
    return [shown(text) for text in made if text is not None and text.lines]


def dropped(one: Shown, draw: random.Random) -> Shown:
    """Return a copy that lacks a third of what it shows."""
    steps = [
        ({w for w in sorted(words) if draw.random() > 0.3},
         (*kinds[:3], *(k for k in kinds[3:] if draw.random() > 0.4)))
        for words, kinds in one.steps
    ]  # fmt: skip
    return one._replace(steps=steps)


def learn(known: Sequence[Shown]) -> dict[str, Any]:
    """Fit the weights and return them as they are kept."""
    counts = Counter(word for one in known for words, _ in one.steps for word in words)
    words = sorted(word for word, count in counts.items() if count >= RARE)
    kinds = sorted({kind for one in known for _, kinds in one.steps for kind in kinds})
    word_at, kind_at = ({name: k for k, name in enumerate(names)} for names in (words, kinds))
    size = len(known), max(len(one.steps) for one in known)
    inside, gold = np.zeros(size, bool), np.zeros(size, int)
    at, moves = [], np.zeros((*size, len(kinds)))
    for d, one in enumerate(known):
        for k, ((own, how), state) in enumerate(zip(one.steps, one.states, strict=True)):
            inside[d, k], gold[d, k] = True, state
            at += [(d * size[1] + k, word_at[w]) for w in own if w in word_at]
            moves[d, k, [kind_at[kind] for kind in how]] = 1
    rows, columns = np.array(at).T
    x = sp.csr_matrix((np.ones(len(rows)), (rows, columns)), (size[0] * size[1], len(words)))
    cut = len(words) + 1, len(words) + 1 + 9 * len(kinds)

    def loss(weights: Vector) -> tuple[float, Vector]:
        w, (t, s) = weights[: len(words)], (weights[slice(*cut)], weights[cut[1] :])
        t, s = t.reshape(-1, 3, 3), s.reshape(-1, 3)
        gain = (x @ w + weights[len(words)]).reshape(size)[:, :, None] * np.array([-0.5, 0.5, 0.5])
        gain[:, 0] += moves[:, 0] @ s
        step = np.einsum("dlk,kab->dlab", moves, t)
        value, by_gain, by_step = _likelihood(gain, step, inside, gold)
        rises = (by_gain * np.array([-0.5, 0.5, 0.5])).sum(axis=2).ravel()
        slope = [x.T @ rises - WORDS * w, [rises.sum()]]
        slope += [(np.einsum("dlk,dlab->kab", moves, by_step) - MOVES * t).ravel()]
        slope += [(moves[:, 0].T @ by_gain[:, 0] - MOVES * s).ravel()]
        penalty = WORDS / 2 * (w @ w) + MOVES / 2 * ((t**2).sum() + (s**2).sum())
        return penalty - value, -np.concatenate(slope)

    start = np.zeros(cut[1] + 3 * len(kinds))
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": ROUNDS}).x
    t, s = found[slice(*cut)].reshape(-1, 3, 3), found[cut[1] :].reshape(-1, 3)
    return {
        "bias": round(float(found[len(words)]), 2),
        "moves": {kind: t[k].round(2).tolist() for kind, k in kind_at.items()},
        "starts": {kind: s[k].round(2).tolist() for kind, k in kind_at.items() if s[k].any()},
        "words": {word: round(float(found[k]), 2) for word, k in word_at.items() if abs(found[k]) >= 0.03},
    }


def _likelihood(gain: Vector, step: Vector, inside: Vector, gold: Vector) -> tuple[float, Vector, Vector]:
    """Return the log-likelihood of the gold paths, and its slope by what states and steps gain."""
    texts, longest = inside.shape
    ahead, behind = np.zeros_like(gain), np.zeros_like(gain)
    ahead[:, 0] = gain[:, 0]
    for k in range(1, longest):
        ahead[:, k] = logsumexp(ahead[:, k - 1][:, :, None] + step[:, k], axis=1) + gain[:, k]
    for k in range(longest - 2, -1, -1):
        later = logsumexp(step[:, k + 1] + (gain[:, k + 1] + behind[:, k + 1])[:, None], axis=2)
        behind[:, k] = np.where(inside[:, k + 1, None], later, 0)
    everyone = np.arange(texts)
    whole = logsumexp(ahead[everyone, inside.sum(axis=1) - 1], axis=1)
    by_gain = (np.eye(3)[gold] - np.exp(ahead + behind - whole[:, None, None])) * inside[:, :, None]
    value = (np.take_along_axis(gain, gold[:, :, None], 2)[:, :, 0] * inside).sum() - whole.sum()
    by_step = np.zeros_like(step)
    for k in range(1, longest):
        into = (gain[:, k] + behind[:, k] - whole[:, None])[:, None]
        by_step[:, k] = -np.exp(ahead[:, k - 1][:, :, None] + step[:, k] + into)
        by_step[everyone, k, gold[:, k - 1], gold[:, k]] += 1
        by_step[:, k] *= inside[:, k, None, None]
        value += (step[everyone, k, gold[:, k - 1], gold[:, k]] * inside[:, k]).sum()
    return float(value), by_gain, by_step


def learned_from(sets: dict[str, list[Shown]]) -> list[Shown]:
    """Return the texts with their copies that lack something."""
    draw = random.Random(0)
    copied = [dropped(one, draw) for kind in ("as authored", "unled") for one in sets.get(kind, ())]
    return [one for part in sets.values() for one in part] + copied


def check(without: Sequence[str]) -> None:
    """Print how many sentences are told right, by weights that did not see the agency."""
    sets = {kind: altered(kind) for kind in KINDS}
    agencies = sorted({one.agency for one in sets["as authored"]})
    order = np.random.default_rng(0).permutation(len(agencies))
    fold = {agencies[k]: int(place % FOLDS) for place, k in enumerate(order)}
    known = {kind: part for kind, part in sets.items() if kind not in (TESTED, *without)}
    counts = {kind: np.zeros(3, int) for kind in sets}
    for number in range(FOLDS):
        inside = {kind: [o for o in part if fold[o.agency] != number] for kind, part in known.items()}
        weights = learn(learned_from(inside))
        for kind, part in sets.items():
            for one in (o for o in part if fold[o.agency] == number):
                right = [
                    h[0] == "pii"[s]
                    for h, s in zip(halves.best_path(one.steps, weights), one.states, strict=True)
                ]
                counts[kind] += sum(right), len(right), all(right)
    for kind, (right, sentences, whole) in counts.items():
        texts = len(sets[kind])
        print(
            f"{kind:12s} {right / sentences:.3f} of {sentences} sentences, {whole / texts:.2f} of {texts} texts whole"
        )


def main() -> None:
    """Learn and write, or check."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--without", action="append", default=[], choices=list(KINDS))
    asked = parser.parse_args()
    if asked.check:
        check(asked.without)
        return
    weights = learn(learned_from({kind: altered(kind) for kind in KINDS if kind != TESTED}))
    lines = ",\n".join(
        f"{json.dumps(key)}: {json.dumps(part, ensure_ascii=False)}" for key, part in weights.items()
    )
    (TOP / halves.WEIGHTS).write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    print(
        f"{halves.WEIGHTS}: {len(weights['words'])} pieces of wording, {len(weights['moves'])} kinds of step"
    )


if __name__ == "__main__":
    main()
