"""The form's arithmetic, the narrative against the tables, this year against last.

A rule is a row: left side, right side, whether it holds. It is undecided (null) while an operand is blank,
unless reading blanks as zero makes it hold; the note then says so. A broken rule can be the agency's slip or
ours: `where` says where its cells were read.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gongkai.schema import frame_of, records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from gongkai.schema import Checks, Reports, Sentences, Statistics

APPLICANTS = ("natural_person", "business", "research", "nonprofit", "legal_service", "other_org")
REFUSED = (
    "state_secret", "prohibited_by_law", "security_stability", "third_party",
    "internal_affairs", "deliberative", "enforcement_file", "administrative_query",
)  # fmt: skip
CANNOT_PROVIDE = ("not_held", "would_need_creating", "unclear_after_correction")
NOT_PROCESSED = ("petition", "repeated", "published_material", "excessive_repetition", "confirm_or_reissue")
OTHER_HANDLING = ("not_corrected_in_time", "fee_not_paid", "other")
RESULTS = ("granted", "partly_granted", *REFUSED, *CANNOT_PROVIDE, *NOT_PROCESSED)
BLOCKS = ("review", "litigation_direct", "litigation_after_review")
OUTCOMES = ("upheld", "corrected", "other", "pending")

_Cells = dict[tuple[str, str, str], tuple["float | None", str]]
_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class _Rule:
    name: str
    left: Sequence[_Key]
    right: Sequence[_Key]
    minus: Sequence[_Key] = ()


def check(reports: Reports, statistics: Statistics, sentences: Sentences | None = None) -> Checks:
    """Check every rule of the statutory form that the tables allow.

    Args:
        reports: `reports` rows.
        statistics: `statistics` rows of those reports.
        sentences: `sentences` rows; without them no narrative number is checked.

    Returns:
        `checks`, one row per report and rule, in the order of the reports; see `check_years` for the rules
        between two of them.
    """
    cells = _cells_by_report(statistics)
    rows: list[dict[str, object]] = []
    texts = _texts_by_report(sentences) if sentences is not None else {}
    for report in records(reports):
        own = cells.get(str(report["report_id"]), {})
        key = {name: report[name] for name in ("report_id", "agency", "region_code", "year")}
        for found in (
            *_table_checks(own),
            *_narrative_checks(own, texts.get(str(report["report_id"]), ()), report),
        ):
            rows.append(key | found)
    return frame_of("checks", rows)


def check_years(reports: Reports, statistics: Statistics) -> Checks:
    """Check the rules between a report and its agency's of the year before.

    Args:
        reports: `reports` rows, with `report_id`, `agency`, `region_code`, `year` and `form`.
        statistics: `statistics` rows of those reports.

    Returns:
        `checks`, in the order of the reports; a rule stands with the later report.
    """
    cells = _cells_by_report(statistics)
    known = records(reports)
    of_year: dict[tuple[object, object], list[dict[str, object]]] = defaultdict(list)
    for report in known:
        of_year[report["agency"], report["year"]].append(report)
    rows: list[dict[str, object]] = []
    for report in known:
        own, year = cells.get(str(report["report_id"]), {}), report["year"]
        if not isinstance(report["agency"], str) or not isinstance(year, int | float) or not own:
            continue
        last = of_year.get((report["agency"], year - 1), [])
        if len(last) != 1:
            continue
        before = cells.get(str(last[0]["report_id"]), {})
        both_2021 = report["form"] == last[0]["form"] == "2021"
        key = {name: report[name] for name in ("report_id", "agency", "region_code", "year")}
        rows += [key | found for found in _year_checks(own, before, both_2021=both_2021)]
    return frame_of("checks", rows)


def _cells_by_report(statistics: Statistics) -> dict[str, _Cells]:
    cells: dict[str, _Cells] = defaultdict(dict)
    columns = ("report_id", "table", "row", "column", "value", "where")
    for report_id, table, row, column, value, where in zip(*(statistics[c] for c in columns), strict=True):
        cells[report_id][table, row, column] = (
            None if value is None or value != value else float(value),
            where,
        )
    return cells


def _texts_by_report(sentences: Sentences) -> dict[str, list[tuple[str, str]]]:
    texts: dict[str, list[tuple[str, str]]] = defaultdict(list)
    columns = ("report_id", "section", "text")
    for report_id, section, text in zip(*(sentences[c] for c in columns), strict=True):
        texts[report_id].append((section, text))
    return texts


def _table_checks(cells: _Cells) -> Iterator[dict[str, object]]:
    for rule in _table_rules(cells):
        yield _decide(rule, cells)


def _table_rules(cells: _Cells) -> Iterator[_Rule]:
    """Yield the rules of the tables that the report has."""
    rows = {row for table, row, _ in cells if table == "requests"}
    if rows:
        if "other_handling" in rows:
            others: tuple[str, ...] = ("other_handling",)
        else:
            others = OTHER_HANDLING
        results = (*RESULTS, *others)
        for row in ("new_requests", "carried_in", *results, "total_handled", "carried_out"):
            yield _Rule(
                f"requests.row:{row}",
                [("requests", row, c) for c in APPLICANTS],
                [("requests", row, "total")],
            )
        for column in (*APPLICANTS, "total"):
            yield _Rule(
                f"requests.handled:{column}",
                [("requests", row, column) for row in results],
                [("requests", "total_handled", column)],
            )
        for column in (*APPLICANTS, "total"):
            yield _Rule(
                f"requests.balance:{column}",
                [("requests", "new_requests", column), ("requests", "carried_in", column)],
                [("requests", "total_handled", column), ("requests", "carried_out", column)],
            )
    if any(table == "disputes" for table, _, _ in cells):
        for block in BLOCKS:
            yield _Rule(
                f"disputes.total:{block}",
                [("disputes", block, o) for o in OUTCOMES],
                [("disputes", block, "total")],
            )


def _decide(rule: _Rule, cells: _Cells) -> dict[str, object]:
    """Evaluate one rule; see the module for blanks."""

    def total(keys: Sequence[_Key]) -> tuple[float, int, bool]:
        values = [cells.get(key, (None, ""))[0] for key in keys]
        return sum(v for v in values if v is not None), values.count(None), all(v is None for v in values)

    left, left_blank, left_empty = total(rule.left)
    right, right_blank, right_empty = total(rule.right)
    minus, minus_blank, _ = total(rule.minus)
    left -= minus
    holds: bool | None = abs(left - right) < 0.005
    note = ""
    if left_blank or right_blank or minus_blank:
        if holds and not (left_empty and right_empty):
            note = "holds with blanks read as zero"
        else:
            holds, note = None, "undecided: an operand is blank"
    places = [cells[key][1] for key in (*rule.left, *rule.minus, *rule.right) if key in cells]
    where = f"{places[0]} … {places[-1]}" if len(places) > 1 else "".join(places)
    return {
        "rule": rule.name,
        "left": None if left_empty else left,
        "right": None if right_empty else right,
        "holds": holds,
        "note": note,
        "where": where,
    }


def _year_checks(own: _Cells, before: _Cells, *, both_2021: bool) -> Iterator[dict[str, object]]:
    """Compare a report's cells with the same agency's of the year before."""
    both = {("this", *k): v for k, v in own.items()} | {("last", *k): v for k, v in before.items()}
    joined: _Cells = {(year, table, f"{row}.{column}"): v for (year, table, row, column), v in both.items()}
    if both_2021:
        for row in ("regulations", "normative_documents"):
            if ("last", "proactive", f"{row}.in_force") in joined and (
                "this",
                "proactive",
                f"{row}.in_force",
            ) in joined:
                yield _decide(
                    _Rule(
                        f"years.in_force:{row}",
                        [("last", "proactive", f"{row}.in_force"), ("this", "proactive", f"{row}.issued")],
                        [("this", "proactive", f"{row}.in_force")],
                        [("this", "proactive", f"{row}.repealed")],
                    ),
                    joined,
                )
    for column in (*APPLICANTS, "total"):
        old, new = ("last", "requests", f"carried_out.{column}"), ("this", "requests", f"carried_in.{column}")
        if old in joined and new in joined:
            yield _decide(_Rule(f"years.carry:{column}", [old], [new]), joined)


# Narrative numbers. Each pattern asserts that a number of cases equals a sum of cells.

_N = r"(?P<n>\d[\d,]*)\s*(?:余|多)?\s*[件宗起条份项次]"
_REQUEST = re.compile(
    rf"(?:收到|受理|新收|收办|接收|接到|收)[^。；\d]{{0,24}}?(?:申请|事项|依申请公开)[^，。；\d]{{0,14}}{_N}"
)
_OF_DISCLOSURE = re.compile(
    r"公开|^(?:收到|受理|新收|收办|接收|接到|收)(?:各类|新|书面|网上|有效|的|共|本年)*申请"
)
_HANDLED = re.compile(rf"(?:答复|办结|办理完毕|回复|已办理|审结)[^，。；\d]{{0,8}}{_N}")
_M = _N.replace("?P<n>", "?P<m>")
_CARRIED_IN = re.compile(
    rf"(?:上年|上一年|上年度|20\d\d年)(?:度)?(?:结转|转结|转来)[^，。；\d）)]{{0,10}}{_N}"
    rf"|含[^，。；\d）)]{{0,12}}结转[^，。；\d）)]{{0,6}}{_M}"
)
_NEXT_YEAR = r"(?:下一?年度?|次年|20\d\d年)"
_CARRIED_OUT = re.compile(
    rf"{_N}[^，。；\d（(]{{0,8}}(?:顺延|结转|转)[^，。；\d]{{0,4}}{_NEXT_YEAR}"
    rf"|结转(?:至|到)?{_NEXT_YEAR}[^，。；\d]{{0,10}}{_M}"
)
_RESULT = {
    "granted": (re.compile(rf"(?<!不)予以公开[^，。；\d]{{0,4}}{_N}"), ("granted",)),
    "partly_granted": (re.compile(rf"部分公开[^，。；\d]{{0,4}}{_N}"), ("partly_granted",)),
    "refused": (re.compile(rf"不予公开[^，。；\d]{{0,4}}{_N}"), REFUSED),
    "cannot_provide": (re.compile(rf"无法提供[^，。；\d]{{0,4}}{_N}"), CANNOT_PROVIDE),
    "not_processed": (re.compile(rf"不予处理[^，。；\d]{{0,4}}{_N}"), NOT_PROCESSED),
}
_DISPUTE = {
    "review": (re.compile(rf"行政复议[^，。；\d]{{0,10}}{_N}"), ("review",)),
    "litigation": (
        re.compile(rf"行政诉讼[^，。；\d]{{0,10}}{_N}"),
        ("litigation_direct", "litigation_after_review"),
    ),
}
_OUTCOME = {
    "upheld": re.compile(rf"(?:结果)?维持[^，。；\d]{{0,4}}{_N}"),
    "corrected": re.compile(rf"(?:结果)?纠正[^，。；\d]{{0,4}}{_N}"),
    "other": re.compile(rf"其[他它]结果[^，。；\d]{{0,4}}{_N}"),
    "pending": re.compile(rf"尚未审结[^，。；\d]{{0,4}}{_N}"),
}
_WHOLE = re.compile(r"全市|全县|全区|全省|全州|全镇|全系统|各级|各地|各县")
_OWN = re.compile(r"本级|本机关|本办|办公[室厅]本身|机关本级")


def _narrative_checks(
    cells: _Cells, texts: Iterable[tuple[str, str]], report: Mapping[str, object]
) -> Iterator[dict[str, object]]:
    """Compare counts asserted in the prose with their cells; the first mention of each count counts."""
    if not cells:
        return
    seen: set[str] = set()
    for section, text in texts:
        if section not in ("overview", "requests", "disputes"):
            continue
        for name, number, choices in _assertions(text):
            if name in seen:
                continue
            found = _compare(name, number, choices, cells, text, report)
            if found:
                seen.add(name)
                yield found


def _assertions(text: str) -> Iterator[tuple[str, float, Sequence[Sequence[_Key]]]]:
    """Yield (rule, number, alternatives of cells whose sum it may be) for each count in a sentence."""

    def cells_of(*rows: str) -> list[_Key]:
        return [("requests", row, "total") for row in rows]

    about_requests = "申请" in text and not re.search(r"留言|信箱|热线|提案|建议|来信|咨询", text)
    if about_requests and (match := _REQUEST.search(text)) and _OF_DISCLOSURE.search(match[0]):
        yield (
            "narrative.received",
            _number(match),
            [cells_of("new_requests"), cells_of("new_requests", "carried_in")],
        )
    if about_requests and (match := _HANDLED.search(text)):
        # 办结 is also said of the new requests alone.
        yield "narrative.handled", _number(match), [cells_of("total_handled")]
    if about_requests and (match := _CARRIED_IN.search(text)):
        yield "narrative.carried_in", _number(match), [cells_of("carried_in")]
    if about_requests and (match := _CARRIED_OUT.search(text)):
        yield "narrative.carried_out", _number(match), [cells_of("carried_out")]
    if not re.search(r"复议|诉讼", text):
        for name, (pattern, rows) in _RESULT.items():
            if match := pattern.search(text):
                yield f"narrative.{name}", _number(match), [cells_of(*rows)]
    mentions = [
        (m.start(), name, m) for name, (pattern, _) in _DISPUTE.items() if (m := pattern.search(text))
    ]
    for order, (start, name, match) in enumerate(sorted(mentions, key=lambda m: m[0])):
        blocks = _DISPUTE[name][1]
        yield f"narrative.{name}", _number(match), [[("disputes", b, "total") for b in blocks]]
        later = sorted(m[0] for m in mentions if m[0] > start)
        span = text[match.end() : later[0] if later else len(text)]
        if order == 0 and len(mentions) > 1 and "其中" not in span:
            continue
        for outcome, pattern in _OUTCOME.items():
            if found := pattern.search(span):
                yield (
                    f"narrative.{name}.{outcome}",
                    _number(found),
                    [[("disputes", b, outcome) for b in blocks]],
                )


def _number(match: re.Match[str]) -> float:
    groups = match.groupdict()
    return float((groups.get("n") or groups.get("m") or "").replace(",", ""))


def _compare(
    name: str,
    number: float,
    choices: Sequence[Sequence[_Key]],
    cells: _Cells,
    text: str,
    report: Mapping[str, object],
) -> dict[str, object] | None:
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
    elif not holds and (
        (_WHOLE.search(text) and report["kind"] in ("office", "department")) or _OWN.search(text)
    ):
        holds, note = None, "scope: the sentence and the table may count different bodies"
    places = [cells[key][1] for key in keys if key in cells]
    return {
        "rule": name,
        "left": number,
        "right": total,
        "holds": holds,
        "note": note,
        "where": f"“{text[:60]}” / {places[0]}",
    }
