"""Promises reported done: how probable it is that a sentence of the next report says so, in whatever words.

For each promise the nearest sentences of the next report are weighed by what speaks for it: the same words,
the same meaning, words covered by others of nearly the same meaning, an act told with its number; and
against: another thing behind the same verb, all promised and not all told, a promise, a problem. A list, or
"not yet" of the same, reports nothing done. Log-odds of the signs are in `corpus/lexicon/promised.toml`,
fitted by `benchmarks/promises.py`.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gongkai.measure.promises.meanings import CLAUSE, Cover, Meaning
from gongkai.measure.wording.background import background
from gongkai.measure.wording.similar import mask
from gongkai.text.lexicon import patterns, table

if TYPE_CHECKING:
    Vector = np.ndarray[Any, np.dtype[Any]]

KEPT = 0.72
"""Probability from which a promise counts as reported done; how chosen: docs/methods.md."""
NEAREST = 3
"""Sentences that are weighed for each promise."""
NEAR = 1.0
"""So near a sentence must be: no promise known to be done has its telling below."""
REMEMBERED = 5000
"""Texts whose pairs of characters are kept in mind: each is weighed several times."""
OF_GENRE, OBJECT = 4, 0.3
"""Specific is a pair of characters that at most OF_GENRE authored agencies use; the same object is the last
word of a clause and a share OBJECT of its pairs."""
_REPORTED = re.compile(r"已|了|完成|建成|印发|出台|上线|实现|开通|建立|修订|全部|均|达|起|全年|\d")
_NOT_DONE = re.compile(r"未|没有|尚|还需|不足|有待|仍|不够|将")
_LIST = re.compile(r"(?:、[^，。；、]{1,14}){2,}等")
_COUNT = re.compile("^(?:了|[一0][次期场])")
_NAMED = re.compile(r"[《“]([^》”]{3,})[》”]")


_masked = functools.lru_cache(maxsize=REMEMBERED)(mask)


class Later(NamedTuple):
    """A sentence of the next report."""

    text: str
    promised: bool
    is_problem: bool


class Evidence(NamedTuple):
    """What speaks for and against: promise and sentence by their places, and the signs, one row each."""

    promise: Vector
    sentence: Vector
    signs: Vector


SIGNS = ("words", "about", "told", "covered", "covers", "clause", "weight", "first", "margin",
         "specific", "same_object", "other_object", "partly", "reported", "counted", "ahead", "promised",
         "problem", "length")  # fmt: skip


def evidence(
    promises: Sequence[str],
    later: Sequence[Later],
    likeness: Vector,
    then: Meaning,
    now: Meaning,
    cover: Cover,
    agency: str = "",
) -> Evidence:
    """Return the signs of the `NEAREST` sentences of each promise that may report it.

    Args:
        promises: Of a report.
        later: Sentences of the next.
        likeness: Of their words, in [0, 1], shape (promises, later).
        then: Meanings of the promises.
        now: Meanings of the later sentences.
        cover: How far these cover those.
        agency: Its name says nothing of what two sentences have in common.

    Returns:
        Signs in the order of `SIGNS`.
    """
    views = [np.sqrt(likeness), then.about @ now.about.T, then.told @ now.told.T, *cover]
    near = 3 * views[0] + 2 * views[2] + 4 * views[3]
    order = _highest(near, NEAREST + 1)
    promise, sentence, signs = [], [], []
    for i, text in enumerate(promises):
        best = near[i, order[i]].tolist()
        for rank, j in enumerate(order[i, :NEAREST].tolist()):
            if best[rank] < NEAR:
                break
            if not _may_report(text, later[j].text):
                continue
            rival = best[0] if rank else best[1] if len(best) > 1 else 0.0
            promise.append(i)
            sentence.append(j)
            alike = [view[i, j] for view in views]
            signs.append([*alike, float(not rank), best[rank] - rival, *_signs(text, later[j], agency)])
    shape = (len(signs), len(SIGNS))
    return Evidence(np.array(promise, int), np.array(sentence, int), np.array(signs, float).reshape(shape))


def kept(found: Evidence, promises: int) -> tuple[Vector, Vector]:
    """Return which sentence most probably reports each promise done, and its probability."""
    odds = table("promised.odds")
    told = odds["intercept"] + found.signs @ np.array([odds[name] for name in SIGNS])
    probability = 1 / (1 + np.exp(-told))
    order = np.lexsort((-found.sentence, probability))
    place, value = np.zeros(promises, int), np.zeros(promises)
    place[found.promise[order]] = found.sentence[order]
    value[found.promise[order]] = probability[order]
    return place, value


def reported(
    promises: Sequence[str],
    later: Sequence[Later],
    likeness: Vector,
    then: Meaning,
    now: Meaning,
    cover: Cover,
    agency: str = "",
) -> tuple[Vector, Vector, Vector]:
    """Return the place of each promise's counterpart, its likeness, and how probably it is reported done.

    The counterpart is the sentence that reports it done; where none does, the most alike. Arguments as of
    `evidence`.
    """
    best, done = kept(evidence(promises, later, likeness, then, now, cover, agency), len(promises))
    place = np.where(done >= KEPT, best, likeness.argmax(axis=1))
    return place, likeness[np.arange(len(promises)), place], done


def specific(text: str, other: str, agency: str) -> int:
    """Count the pairs of characters of both texts that the genre seldom uses."""
    return len(_seldom(text, agency) & _seldom(other, agency))


@functools.lru_cache(maxsize=REMEMBERED)
def _seldom(text: str, agency: str) -> frozenset[str]:
    bare = patterns("promised.stock")["said"].sub("", text.replace(agency, "") if agency else text)
    return _pairs(mask(bare)) - _of_genre()


def _signs(text: str, later: Later, agency: str) -> list[float]:
    other, said = later.text, patterns("promised.signs")
    whole = said["whole_promised"].search(text) and not said["whole_told"].search(other)
    return [
        min(specific(text, other, agency), 12) / 6,
        *map(float, (_same_object(text, other), _other_object(text, other), bool(whole))),
        float(bool(_REPORTED.search(other))),
        float(bool(said["counted"].search(other))),
        float(bool(said["ahead"].search(other))),
        float(later.promised),
        float(later.is_problem),
        min(len(text), 80) / 40,
    ]


@functools.cache
def _of_genre() -> frozenset[str]:
    """Return the pairs of characters that more than OF_GENRE authored agencies use."""
    known = background()
    codes = known.codes[known.used_by > OF_GENRE]
    return frozenset(chr(int(code) >> 32) + chr(int(code) & 0xFFFFFFFF) for code in codes)


def _highest(values: Vector, count: int) -> Vector:
    """Return the places of the highest values of each row, the highest and of equals the first in front."""
    left, found = values.copy(), []
    for _ in range(min(count, values.shape[1])):
        found.append(left.argmax(axis=1))
        left[np.arange(len(left)), found[-1]] = -np.inf
    return np.array(found, int).T.reshape(len(values), -1)


@functools.lru_cache(maxsize=REMEMBERED)
def _pairs(text: str) -> frozenset[str]:
    return frozenset(map("".join, itertools.pairwise(text)))


@functools.lru_cache(maxsize=REMEMBERED)
def _clauses(text: str) -> tuple[str, ...]:
    return tuple(c for c in map(mask, CLAUSE.split(text)) if len(c) > 2)


def _same_object(text: str, other: str) -> bool:
    """Tell whether the other sentence names what a clause of the text is about: its last word or a name."""
    told = _masked(other)
    if any(mask(name) in told for name in _NAMED.findall(text)):
        return True
    held = _pairs(told)
    return any(c[-2:] in told and len(_pairs(c) & held) >= OBJECT * len(_pairs(c)) for c in _clauses(text))


def _other_object(text: str, other: str) -> bool:
    """Tell whether behind the same verb something else stands: ledgers of complaints, of repairs."""
    held = _pairs(_masked(other))
    for clause in _clauses(text):
        verb = patterns("promised.stock")["verbs"].match(clause)
        for later in _clauses(other) if verb else ():
            if verb and later.startswith(verb.group()):
                one, two = (_COUNT.sub("", c[verb.end() :]) for c in (clause, later))
                for change, a, b, c, d in SequenceMatcher(None, one, two, autojunk=False).get_opcodes():
                    if change == "replace" and min(b - a, d - c) > 1 and not _pairs(one[a:b]) & held:
                        return True
    return False


def _may_report(text: str, other: str) -> bool:
    """Tell whether a sentence can report it done: no list, nothing begun, no formula; a change as one."""
    said = patterns("promised.signs")
    begun = said["begun"].search(other)
    return not (
        _LIST.search(other)
        or (said["formula"].search(other) and not _REPORTED.search(other))
        or (begun and begun.group() not in text)
        or (said["change_promised"].search(text) and not said["change_told"].search(other))
        or _denied(text, other)
    )


def _denied(text: str, other: str) -> bool:
    """Tell whether a clause that speaks of the same says "not yet"."""
    if not _NOT_DONE.search(other):
        return False
    asked = _pairs(_masked(text))
    return any(_NOT_DONE.search(c) and len(_pairs(_masked(c)) & asked) > 1 for c in CLAUSE.split(other))
