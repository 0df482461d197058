"""Lines → a stream of cells: labels and numbers as they follow each other, and the form's own words.

What tells cells apart differs with each tool (spaces, tabs, pipes, box lines, a cell a line, nothing); here
it is taken away. Knows nothing of which row a number belongs to.
"""

from __future__ import annotations

import functools
import itertools
import operator
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gongkai.form.form import COLUMNS, OUTCOMES, form_data, parse_number, proactive_head
from gongkai.problem import Where
from gongkai.text.clean import HAN, Script, drop_pinyin, fold_width, simplify
from gongkai.text.grammar import MEASURES, NUMERALS, PAGE_MARK
from gongkai.text.lexicon import patterns

_BREAKS = re.compile(r"(?:[\s\u3000|│┃║┌┐└┘├┤┬┴┼─━═╔╗╚╝╠╣╦╩╬]|\+(?!\d)|(?<=\d)、(?=\d))+")
_TOLD_ROW = re.compile(
    r"(\s*(?:[^。；：:（）]|（[^（）]*）){2,60})[：:]\s*\d[\d.]*(?:、\d[\d.]*)*[；;。]?\s*"
)
"""A row told in a line: 规章：0、0、3；"""
_ALL_ZERO = patterns("form.said")["zeros"]
_SIZES = {"requests": len(COLUMNS), "disputes": len(OUTCOMES) + 1}
"""Cells of a row of which a list says no more than that all are zero."""
_BAR = re.compile("[|│┃║]")
_RULE = re.compile(r"[\s|:+\-─━═]*-{3,}[\s|:+\-─━═]*")
_APART_FROM_UNIT = re.compile(r"(?<=\d)[ \u3000]+(?=(?:万元|亿元|元)(?:[\s|]|$))")
_TOP = re.compile(f"[{NUMERALS}]、")
"""How the outer rows of the requests table are counted."""
_WORD = re.compile(f"[{HAN}（(]")
_MARKS = re.compile(r"[*#`★☆※\\]+")
_NOTE = re.compile("[①-⑳⑴-⒇¹²³⁰⁴-⁹]+")
_LIKE_DIGITS, _AS_DIGITS = re.compile(r"[\dOolI]{1,7}"), str.maketrans("OolI", "0011")
_SPELT = re.compile(f"[^{HAN}]+")
YEAR_INSIDE = re.compile(r"[（(]\d{4}年?[）)]")
_DIGITS = re.compile(
    r"(?<![A-Za-z\d.,'’])(?:\d{1,3}(?:[,，]\d{3})+|\d+)(?:\.\d+)?(?:万元|元)?(?![A-Za-z\d'’,])"
)
_ENUMERATOR = re.compile(r"\d(?=[.．、][^\d])")
TURNED = 5
"""Lines with the label behind the numbers from which a table is told so."""
GUIDANCE = 10
"""Characters of a label with a remark behind it; a shorter one names a unit."""
RESTS, LONGEST_REST, HEAD = 5, 40, 8
"""Lines in a row, of at most so many characters, that are what is left of a table."""
LONG_CAPTION = 20
"""Characters of a caption that no prose has."""


class Atom(NamedTuple):
    """A piece of a line between breaks: where it stands, what it says, and whether it is a cell's value."""

    line: int
    start: int
    end: int
    text: str
    number: bool
    glued: bool = False
    """Digits that may be those of several cells."""
    doubtful: bool = False
    """Letters that a recogniser put for digits: only a sum can tell."""
    rank: int = 0
    """Place in the stream."""


class Run(NamedTuple):
    """Numbers that follow each other, and what stands between them and the run before."""

    atoms: tuple[Atom, ...]
    before: tuple[Atom, ...]
    text: str
    """What `before` says, without the year that some heads carry."""


class Row(NamedTuple):
    """A row of the form, as its label spells it."""

    table: str
    key: str
    labels: tuple[tuple[str, frozenset[str]], ...]
    """As printed, without marks, and their pairs of characters."""
    own: frozenset[str] = frozenset()
    """Pairs that no other row of its table has."""


class Chosen(NamedTuple):
    """Runs of numbers, which of them are which rows of the form, and where each atom stands."""

    runs: Sequence[Run]
    rows: Sequence[tuple[int, Row]]
    places: Sequence[Where] = ()

    def of(self, table: str) -> list[tuple[int, Row]]:
        """Return the runs, by number, that are rows of a table."""
        return [(index, row) for index, row in self.rows if row.table == table]


@functools.cache
def form_rows() -> tuple[Row, ...]:
    """Return the rows of all tables in the form's order; last one that holds several blocks of disputes."""
    rows: list[Row] = []
    for table in ("proactive", "requests", "disputes"):
        labels = {
            key: tuple(map(spelt, words.split("|"))) for key, words in form_data()[table]["labels"].items()
        }
        for key, words in labels.items():
            of_others = [pairs_of(word) for other, found in labels.items() if other != key for word in found]
            own = pairs_of(words[-1]).difference(*of_others)
            rows.append(Row(table, key, tuple((word, pairs_of(word)) for word in words), own))
    return (*rows, Row("disputes", "", ()))


@functools.cache
def labels_of(*tables: str) -> tuple[str, ...]:
    """Return the labels of all rows of tables, each way in which they are spelt."""
    return tuple(label for row in form_rows() if row.table in tables for label, _ in row.labels)


@functools.cache
def vocabulary() -> tuple[frozenset[str], frozenset[str]]:
    """Return the pairs of characters, and the characters, of which the tables' words are made."""
    data = form_data()
    words = [label for row in form_rows() for label, _ in row.labels]
    words += [spelt(word) for word in data["flattened"]["said"]]
    return frozenset().union(*map(pairs_of, words)), frozenset("".join(words))


def table_rests(lines: Sequence[str]) -> set[int]:
    """Return the numbers of lines that are left of a table: of its words and figures only.

    A tool that tells a page column by column leaves words and figures that no alignment can join; short lines
    count if several follow each other, are a caption of the form, or have the words of a whole head.
    """
    pairs, characters = vocabulary()
    captions = {spelt(words) for words in form_data()["flattened"]["said"] if len(words) > LONG_CAPTION}

    def is_rest(line: str) -> bool:
        words = [spelt(word) for word in line.split()]
        letters = "".join(words)
        if line.rstrip().endswith(("。", "；")) or (len(letters) > LONGEST_REST and len(words) < HEAD):
            return False
        return set(letters) <= characters and all(pairs_of(word) <= pairs for word in words)

    found: set[int] = set()
    filled = [number for number, line in enumerate(lines) if line.strip()]
    runs = itertools.groupby(filled, key=lambda number: is_rest(lines[number]))
    for numbers in (list(run) for rest, run in runs if rest):
        if len(numbers) >= RESTS or any(len(lines[n].split()) >= HEAD for n in numbers):
            found.update(numbers)
        else:
            parts = (numbers[a:b] for a, b in itertools.combinations(range(len(numbers) + 1), 2))
            found.update(*(p for p in parts if spelt("".join(lines[n] for n in p)) in captions))
    return found


def place_of_line(number: int, pages: Sequence[int | None]) -> Where:
    """Return the place of a line, counted from zero; its page where pages are known."""
    return Where(pages[number] if pages else None, line=number + 1)


def pairs_of(text: str) -> frozenset[str]:
    """Return the pairs of characters that follow each other."""
    return frozenset(text[i : i + 2] for i in range(len(text) - 1))


def spelt(text: str) -> str:
    """Return the Chinese characters of a text."""
    return _SPELT.sub("", text)


def cut_atoms(number_of_line: int, line: str, script: Script, *, unglue: bool = True) -> Iterator[Atom]:
    """Cut a line at spaces, pipes and box lines; glued labels and digits at their edges."""
    if _RULE.fullmatch(line) or PAGE_MARK.fullmatch(line):
        return
    line = _as_cells(line)
    at, after_number, holes = 0, False, 0
    for gap in [*_BREAKS.finditer(line), None]:
        start, end = at, gap.start() if gap else len(line)
        text = _MARKS.sub("", fold_width(line[start:end]))
        text = simplify(drop_pinyin(text)) if script == "traditional" else text
        if text and not (after_number and _NOTE.fullmatch(text)):
            head, text = _without_guidance(text)
            if head:
                yield Atom(number_of_line, start, start, head, False)
            text, doubtful = _letters_read(text)
            number = _is_number(text, line[gap.end() : gap.end() + 1] if gap else "")
            if number and after_number:  # between two numbers an empty cell is a blank one
                yield from itertools.repeat(Atom(number_of_line, start, start, "", True), holes)
            if unglue and not number and _is_glued(text):
                yield from _unglued(number_of_line, start, end, text)
            else:
                yield Atom(number_of_line, start, end, text, number, doubtful=doubtful)
            after_number, holes = number, 0
        if gap:
            at, holes = gap.end(), holes + max(0, len(_BAR.findall(gap[0])) - 1)
    # A row of the requests table of which only the label is printed.
    if not after_number and holes == len(COLUMNS) and spelt(line).endswith(labels_of("requests")):
        yield from itertools.repeat(Atom(number_of_line, len(line), len(line), "", True), holes)


def _as_cells(line: str) -> str:
    """Set the cells of a row that is told in words apart by spaces, and a unit to its number."""
    if zeros := _ALL_ZERO.search(line):
        words = spelt(line[: zeros.start()])
        size = next((size for table, size in _SIZES.items() if words.endswith(labels_of(table))), 0)
        line = line[: zeros.start()] + " 0" * size if size else line
    if told := _TOLD_ROW.fullmatch(line):
        line = line[: told.end(1)] + " " + line[told.end(1) + 1 :].rstrip("；;。 ")
    return _APART_FROM_UNIT.sub(lambda m: "\u2060" * len(m[0]), line)  # as long, and no break


def _letters_read(text: str) -> tuple[str, bool]:
    """Read letters that stand for digits (1O, l), and tell whether only a sum can say so."""
    if text.isdigit() or not _LIKE_DIGITS.fullmatch(text):
        return text, False
    return text.translate(_AS_DIGITS), not re.fullmatch(r"[Oo]*\d[\dOo]*", text)


def _without_guidance(text: str) -> tuple[str, str]:
    """Take out what a label says in brackets: a head, kept apart, or how to fill it in (设区的市填报)."""
    label, _, said = text.partition("（")
    guided = text.endswith("）") and len(label) < GUIDANCE < len(text)
    if not guided or label not in labels_of("proactive"):
        return "", text
    return (said[:-1] if proactive_head(said) else ""), label


def _is_number(text: str, follows: str) -> bool:
    """Tell whether a text is a number's or a blank's cell; `follows` is the character behind its gap."""
    value, _, readable = parse_number(text)
    # A blank's mark in front of words is a bullet.
    bullet = value is None and (text in ("无", "空") or bool(_WORD.match(follows)))
    return readable and not bullet and not (follows and follows in MEASURES)


def _is_glued(text: str) -> bool:
    """Tell whether a text of labels and digits is a table's: nearly all of it is the form's words."""
    if not any(c.isdigit() for c in text):
        return False
    words = spelt(YEAR_INSIDE.sub("", _TOP.sub("", text)))
    known = [words[i : i + 2] in vocabulary()[0] for i in range(len(words) - 1)]
    covered = sum(map(operator.or_, [*known, False], [False, *known]))
    return len(words) > 1 and covered >= 0.95 * len(words)


def _unglued(number: int, start: int, end: int, text: str) -> Iterator[Atom]:
    """Cut a glued text into labels and digits; an enumerator's digit (`1.`) is its label's."""
    bare = YEAR_INSIDE.sub("", text)
    at = 0
    for match in _DIGITS.finditer(bare):
        stop = match.end()
        if _ENUMERATOR.match(bare, stop - 1) and match[0][-1].isdigit():
            stop -= 1
        if stop <= match.start():
            continue
        if bare[at : match.start()]:
            yield Atom(number, start, end, bare[at : match.start()], False)
        yield Atom(number, start, end, bare[match.start() : stop], True, glued=True)
        at = stop
    if bare[at:]:
        yield Atom(number, start, end, bare[at:], False)


def labels_first(atoms: Sequence[Atom]) -> list[Atom]:
    """Put rows' labels before their numbers where the lines of a table have them behind, or below."""
    atoms = _from_below(atoms)
    lines = [list(line) for _, line in itertools.groupby(atoms, key=lambda atom: atom.line)]
    labels = labels_of("proactive", "requests", "disputes")

    def is_told(line: Sequence[Atom], *, behind: bool) -> bool:
        words, numbers = (line[-1], line[:-1]) if behind else (line[0], line[1:])
        if not numbers or words.number or not all(atom.number for atom in numbers):
            return False
        return spelt(words.text).endswith(labels)

    turned = [number for number, line in enumerate(lines) if is_told(line, behind=True)]
    if len(turned) < TURNED or len(turned) <= sum(is_told(line, behind=False) for line in lines):
        return list(atoms)
    for number in turned:
        lines[number] = [lines[number][-1], *lines[number][:-1]]
    return list(itertools.chain(*lines))


def _from_below(atoms: Sequence[Atom]) -> Sequence[Atom]:
    """Put labels before numbers that stand above them, or in front of them on their line.

    So they stand where a head, or a label on the line before, precedes the first numbers, and none follow the
    last label.
    """
    labels, told, at = labels_of("proactive"), list(atoms), 0
    while at < len(told):
        parts: list[list[Atom]] = []
        end = at + 1
        while not told[at].number and end < len(told) and told[end].number:
            numbers = list(itertools.takewhile(lambda atom: atom.number, told[end:]))
            below = told[end + len(numbers) : end + len(numbers) + 1]
            if not below or spelt(below[0].text) not in labels:
                break
            if not (proactive_head(told[at].text) or told[at].line < numbers[0].line == below[0].line):
                break
            parts.append([*below, *numbers])
            end += len(numbers) + 1
        following = told[end : end + 1]
        if parts and not (following and (following[0].number or spelt(following[0].text) in labels)):
            told[at + 1 : end] = itertools.chain(*parts)
        at = max(end, at + 1)
    return told


def heads_first(atoms: Sequence[Atom]) -> list[Atom]:
    """Put the heads that stand before each number of a row before its label, as a table has them."""
    atoms = [a for n, a in enumerate(atoms) if not _is_group(atoms[max(0, n - 2) : n + 2])]
    labels = labels_of("proactive", "requests", "disputes")
    told: list[Atom] = []
    at = 0
    while at < len(atoms):
        heads = _told_with(atoms, at)
        pairs = atoms[at : at + 2 * len(heads)]
        apart = heads and spelt(pairs[0].text) == heads[0] and told and not told[-1].number
        above = [told.pop()] if apart and spelt(told[-1].text).endswith(labels) else []
        told += [atom._replace(text=head) for atom, head in zip(pairs[::2], heads, strict=True)]
        told += above
        if heads and (label := spelt(pairs[0].text).removesuffix(heads[0])):
            told.append(pairs[0]._replace(text=label))
        told += [number._replace(glued=False) for number in pairs[1::2]] or [atoms[at]]
        at += max(1, len(pairs))
    return told


def _is_group(around: Sequence[Atom]) -> bool:
    """Tell whether the third of four pieces is the head above columns whose numbers a list names."""
    if [atom.number for atom in around] != [False, True, False, False]:
        return False
    return around[2].text == form_data()["flattened"]["group"] and around[0].text.endswith(
        _heads_told()[0][0]
    )


def _told_with(atoms: Sequence[Atom], at: int) -> tuple[str, ...]:
    """Return the heads of a row whose first number stands behind an atom; none where they are not told so."""
    if atoms[at].number or not atoms[at + 1 : at + 2] or not atoms[at + 1].number:
        return ()
    words = spelt(atoms[at].text)
    for heads in _heads_told():
        told = atoms[at : at + 2 * len(heads)]
        if not words.endswith(heads[0]) or [a.number for a in told] != [False, True] * len(heads):
            continue
        if all(spelt(a.text).endswith(h) for a, h in zip(told[::2], heads, strict=True)):
            return heads if len(heads) > 1 or words != heads[0] else ()
    return ()


@functools.cache
def _heads_told() -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(map(spelt, row.split("|"))) for row in form_data()["flattened"]["told_with"])


def cut_runs(atoms: Sequence[Atom]) -> Iterator[Run]:
    """Cut the stream into runs of numbers; a line that is a row's numbers is one of its own."""
    on_line = Counter(atom.line for atom in atoms if atom.number)
    before: list[Atom] = []
    numbers: list[Atom] = []

    for atom in (*atoms, None):
        same = numbers and atom is not None and atom.number
        whole = same and on_line[numbers[-1].line] == len(numbers) == len(COLUMNS)
        if numbers and not (same and not (whole and atom and atom.line != numbers[-1].line)):
            if len(numbers) > 1 or numbers[0].text:
                text = YEAR_INSIDE.sub("", "".join(a.text for a in before[-60:]))
                yield Run(tuple(numbers), tuple(before), text)
                before = []
            numbers = []
        if atom is not None:
            (numbers if atom.number else before).append(atom)


@functools.cache
def _line_vocabulary() -> re.Pattern[str]:
    """Match a whole line that can only be a cell of the statutory tables."""
    form = form_data()
    number = r"[-−+＋]?[\d,，]+(?:\.\d+)?(?:万元|元|件)?(?:[（(][^（）()]{0,20}[）)])?"
    prefix = rf"(?:[{NUMERALS[:4]}]、|[（(][{NUMERALS[:9]}][）)]、?|\d[.．、，])?"
    labels = [p for t in ("requests", "proactive") for p in form[t]["rows"].values()]
    labels += [p for t in ("requests", "disputes") for p in form[t]["columns"].values()]
    labels += [*form["requests"]["groups"].values(), *form["disputes"]["blocks"].values()]
    labels += [p for f in ("2019", "2021") for p in form["proactive"]["columns"][f].values()]
    parts = [part for pattern in labels for part in re.split(r"\|(?![^(\[]*[)\]])", pattern)]
    whole = [re.sub(r"[\^$]", "", part) for part in parts if part.startswith("^")]
    words = "|".join([*form["flattened"]["words"], *(prefix + part for part in whole)])
    label = "|".join(part for part in parts if not part.startswith("^"))
    # A label cell has a few characters around the pattern, and no clause mark but the form's own brackets.
    other = r"[^，。；：！？\d]"
    loose = rf"{prefix}{other}{{0,14}}(?:{label}){other}{{0,22}}(?:[（(][^（）()]{{0,30}}[）)])?"
    return re.compile(rf"(?:{number}|[/／—-]|{words}|{loose})")


def is_table_line(line: str) -> bool:
    """Tell whether a cleaned line is (part of) a flattened statutory table rather than prose.

    >>> is_table_line("（一）予以公开"), is_table_line("297.17万元"), is_table_line("注：职能已迁出。")
    (True, True, False)
    """
    squeezed = "".join(line.split())
    if not squeezed or len(squeezed) > 200 or squeezed.endswith("。"):
        return False
    if _line_vocabulary().fullmatch(squeezed):
        return True
    parts = line.split()
    numbers = sum(parse_number(part)[2] for part in parts)
    if len(parts) >= 4 and numbers >= max(3, len(parts) - 3):
        return True
    return len(parts) > 1 and all(map(_line_vocabulary().fullmatch, parts))
