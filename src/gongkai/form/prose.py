"""Numbers asserted in the prose against the cells of the tables.

Each pattern asserts that a number of cases equals a sum of cells, or that a growth rate or a share does to
its printed precision. What is qualified by a reason, or speaks of something else than requests, asserts
nothing: a false alarm costs more than a number not compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from gongkai.form.form import CANNOT_PROVIDE, NOT_PROCESSED, REFUSED
from gongkai.form.scope import speaks_of_own, speaks_of_whole
from gongkai.problem import Where
from gongkai.text.lexicon import patterns

Cells = dict[tuple[str, str, str], tuple["float | None", Where | str]]
"""(table, row, column) → value (null = blank) and where it was read."""
Key = tuple[str, str, str]
_SECTIONS = ("overview", "requests", "disputes")
_Claim = tuple[str, float, "Sequence[Sequence[Key]]"]

_REQUEST = patterns("narrative.count")["request"]
_OF_DISCLOSURE = patterns("narrative.count")["of_disclosure"]
_HANDLED = patterns("narrative.count")["handled"]
_CARRIED_IN = patterns("narrative.count")["carried_in"]
_CARRIED_OUT = patterns("narrative.count")["carried_out"]
_FIGURE = re.compile(r"\d")
_ROWS = {
    "granted": ("granted",),
    "partly_granted": ("partly_granted",),
    "refused": REFUSED,
    "cannot_provide": CANNOT_PROVIDE,
    "not_processed": NOT_PROCESSED,
}
_DISPUTE = {"review": ("review",), "litigation": ("litigation_direct", "litigation_after_review")}
_NAMES = patterns("narrative.dispute_name").items()
_RESULTS = patterns("narrative.result")
_DISPUTED = re.compile("复议|诉讼")
_REASONED = re.compile("[因对][^。；]{0,40}$")
"""Before a part of a result, which is told with its reason."""
_DISPUTE_TOTAL = patterns("narrative.dispute")["total"]
_GROWTH = patterns("narrative.growth")["told"]
_GROWN = patterns("narrative.growth")["of_what"]
_SHARE = patterns("narrative.growth")["share"]
# Counts of other things than requests for disclosure.
_ELSEWHERE = patterns("narrative.count")["elsewhere"]
_DOCUMENTS = patterns("narrative.count")["documents"]


class Check(NamedTuple):
    """One rule, checked; the fields are those of the table `checks`."""

    rule: str
    left: float | None
    right: float | None
    holds: bool | None
    note: str
    where: str


def narrative_checks(
    cells: Cells, texts: Iterable[tuple[str, str, str]], report: Mapping[str, object]
) -> Iterator[Check]:
    """Compare counts and shares asserted in the prose with the tables; the first mention of each counts.

    Args:
        cells: The report's.
        texts: (section, heading, sentence) in order.
        report: Its row, for the scope of its numbers.

    Yields:
        One check each.
    """
    if not cells:
        return
    seen: set[str] = set()
    for section, heading, text in texts:
        if section not in _SECTIONS or not _FIGURE.search(text):
            continue
        counts = (
            _compare(name, n, choices, cells, text, report) for name, n, choices in _counts(text, heading)
        )
        for row in (*counts, *_share_checks(text, cells)):
            if row and row.rule not in seen:
                seen.add(row.rule)
                yield row


def growth_checks(cells: Cells, before: Cells, texts: Iterable[tuple[str, str, str]]) -> Iterator[Check]:
    """Compare the first growth of requests that the prose asserts with this year's tables and the last.

    Args:
        cells: The report's.
        before: Those of the same agency's last report.
        texts: (section, heading, sentence) in order.

    Yields:
        At most one check.
    """
    for section, _, text in texts:
        growth = _GROWTH.search(text)
        if section not in _SECTIONS or not growth or _ELSEWHERE.search(text) or speaks_of_own(text):
            continue
        if not _speaks_of_requests(text[: growth.start()]):
            continue
        sign = -1.0 if growth["way"] in ("下降", "减少", "降低") else 1.0
        now, then = _sums(cells), _sums(before)
        if growth["unit"] == "件":
            actual = [a - b for a, b in zip(now, then, strict=False)]
        else:
            actual = [100 * (a / b - 1) for a, b in zip(now, then, strict=False) if b]
        row = _rate("narrative.growth", sign * float(growth["rate"]), growth["rate"], actual, text)
        if row:
            yield row
            return


def _cells_of(*rows: str) -> list[Key]:
    return [("requests", row, "total") for row in rows]


def _counts(text: str, heading: str) -> Iterator[_Claim]:
    """Yield (rule, number, alternatives of cells whose sum it may be) for each count in a sentence."""
    about = ("申请" in text or "申请" in heading) and not _ELSEWHERE.search(text)
    if about and "申请" in text and (match := _REQUEST.search(text)) and _OF_DISCLOSURE.search(match[0]):
        choices = [_cells_of("new_requests"), _cells_of("new_requests", "carried_in")]
        yield "narrative.received", _number(match), choices
    if about and (match := _HANDLED.search(text)):
        yield "narrative.handled", _number(match), [_cells_of("total_handled")]
    if about and (match := _CARRIED_IN.search(text)):
        yield "narrative.carried_in", _number(match), [_cells_of("carried_in")]
    if about and (match := _CARRIED_OUT.search(text)):
        yield "narrative.carried_out", _number(match), [_cells_of("carried_out")]
    if not _DISPUTED.search(text) and not _DOCUMENTS.search(text):
        for name, pattern in _RESULTS.items():
            match = pattern.search(text)
            if match and not _REASONED.search(text[: match.start()]):
                yield f"narrative.{name}", _number(match), [_cells_of(*_ROWS[name])]
    yield from _dispute_counts(text)


def _dispute_counts(text: str) -> Iterator[_Claim]:
    mentions = sorted((m.end(), name) for name, pattern in _NAMES if (m := pattern.search(text)))
    for order, (end, name) in enumerate(mentions):
        blocks = _DISPUTE[name]
        stop = mentions[order + 1][0] if order + 1 < len(mentions) else len(text)
        total = _DISPUTE_TOTAL.match(text, end)
        if total:
            yield f"narrative.{name}", _number(total), [[("disputes", b, "total") for b in blocks]]
        elif not re.match(r"(?:案件)?(?:结果)?(?:维持|纠正)", text[end:]):
            continue
        span = text[total.end() if total else end : stop]
        if total and order == 0 and len(mentions) > 1 and "其中" not in span:
            continue
        for outcome, pattern in patterns("narrative.outcome").items():
            if found := pattern.search(span):
                choices = [[("disputes", b, outcome) for b in blocks]]
                yield f"narrative.{name}.{outcome}", _number(found), choices


def _number(match: re.Match[str]) -> float:
    groups = match.groupdict()
    return float((groups.get("n") or groups.get("m") or "").replace(",", ""))


def _compare(
    name: str,
    number: float,
    choices: Sequence[Sequence[Key]],
    cells: Cells,
    text: str,
    report: Mapping[str, object],
) -> Check | None:
    decided = []
    for keys in choices:
        values = [cells.get(key, (None, ""))[0] for key in keys]
        if all(v is None for v in values):
            continue
        decided.append((sum(v or 0.0 for v in values), None in values, keys))
    if not decided:
        return None
    total, has_blank, keys = next((d for d in decided if d[0] == number), decided[0])
    holds: bool | None = total == number
    note = "holds with blanks read as zero" if holds and has_blank else ""
    if not holds and has_blank:
        holds, note = None, "undecided: an operand is blank"
    elif not holds and (speaks_of_own(text) or (speaks_of_whole(text) and _counts_own(report))):
        holds, note = None, "scope: the sentence and the table may count different bodies"
    places = [cells[key][1] for key in keys if key in cells]
    return Check(name, number, total, holds, note, f"“{text[:60]}” / {places[0]}")


def _counts_own(report: Mapping[str, object]) -> bool:
    """Tell whether a report's tables count the own office; unsaid, those of offices and departments do."""
    scope = report.get("scope")
    if scope in ("own", "whole"):
        return scope == "own"
    return report["kind"] in ("office", "department", "vertical")


def _share_checks(text: str, cells: Cells) -> Iterator[Check | None]:
    if _ELSEWHERE.search(text):
        return
    for name in ("granted", "partly_granted"):
        match = _RESULTS[name].search(text)
        share = _SHARE.match(text, match.end()) if match else None
        if share and not speaks_of_own(text):
            actual = _shares(name, cells, both=bool(share["both"]))
            yield _rate(f"narrative.share:{name}", float(share["rate"]), share["rate"], actual, text)


def _shares(name: str, cells: Cells, *, both: bool) -> list[float]:
    """Return the shares that 予以公开N件，占… may mean; behind 部分公开N件 it may be of both (合计: is)."""

    def value(row: str) -> float | None:
        return cells.get(("requests", row, "total"), (None, ""))[0]

    granted, partly = value("granted"), value("partly_granted")
    tops = [] if both else [granted if name == "granted" else partly]
    if name == "partly_granted" and granted is not None and partly is not None:
        tops.append(granted + partly)
    bases = [value("total_handled"), value("new_requests")]
    return [100 * top / base for top in tops if top is not None for base in bases if base]


def _speaks_of_requests(text: str) -> bool:
    """Tell whether what stands before 比上年… ends with requests received, or names them in its clause."""
    clauses = re.split(r"[，,；：]", text)
    if clauses[-1].strip():
        return _GROWN.fullmatch(clauses[-1].strip()) is not None
    before = clauses[-2] if len(clauses) > 1 else ""
    match = _REQUEST.search(before)
    return bool(match and match.end() == len(before) and _OF_DISCLOSURE.search(match[0]))


def _sums(cells: Cells) -> list[float]:
    """Return the requests received, and these with the ones carried in; what is blank is left out."""
    new = cells.get(("requests", "new_requests", "total"), (None, ""))[0]
    carried = cells.get(("requests", "carried_in", "total"), (None, ""))[0]
    return [] if new is None else [new] if carried is None else [new, new + carried]


def _rate(rule: str, rate: float, printed: str, actual: Sequence[float], text: str) -> Check | None:
    """Compare a rate with what the tables give, to its printed precision; any of `actual` may be meant."""
    if not actual:
        return None
    slack = 0.5 * 10.0 ** -len(printed.partition(".")[2]) + 1e-9
    near = min(actual, key=lambda a: abs(a - rate))
    holds = abs(near - rate) <= slack
    right = near if holds else actual[0]
    return Check(rule, rate, round(right, 4), holds, "", f"“{text[:60]}”")
