"""The form's arithmetic, the narrative against the tables, this year against last.

A rule is a row: left side, right side, whether it holds. It is undecided (null) while an operand is blank,
unless reading blanks as zero makes it hold; the note then says so. A broken rule can be the agency's slip or
ours: `where` says where its cells were read.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from gongkai.form.aligned.annex import form_of_annex
from gongkai.form.aligned.annex_form import annex_data
from gongkai.form.form import APPLICANTS, BLOCKS, OTHER_HANDLING, OUTCOMES, RESULTS, Reading
from gongkai.form.prose import Cells, Check, Key, growth_checks, narrative_checks
from gongkai.problem import say_places
from gongkai.tables.schema import Checks, Reports, Sentences, Statistics, frame_of, records

_SPENT = "undecided: the rule told the cells apart that it would check"


@dataclass(frozen=True, slots=True)
class _Rule:
    name: str
    left: Sequence[Key]
    right: Sequence[Key]
    minus: Sequence[Key] = ()
    within: bool = False
    """The left side is part of the right one: at most as much."""


def check_cells(
    readings: Iterable[Reading],
    sentences: Iterable[tuple[str, str, str]] = (),
    *,
    scope: str | None = None,
    kind: str | None = None,
) -> list[Check]:
    """Check every rule of the statutory form that a report's cells allow.

    Args:
        readings: Its cells.
        sentences: (section, heading, text) in order; without them no narrative number is checked.
        scope: Whom its numbers count, `own` or `whole`.
        kind: The agency's.

    Returns:
        One check a rule; see `check_years` for the rules between two reports.
    """
    known = list(readings)
    cells: Cells = {(r.table, r.row, r.column): (r.value, r.where) for r in known}
    spent = _spent(known)
    told = narrative_checks(cells, sentences, {"scope": scope, "kind": kind})
    return [
        check._replace(holds=None, note=_SPENT) if check.rule in spent else check
        for check in (*_table_checks(cells), *told)
    ]


def _spent(readings: Iterable[Reading]) -> set[str]:
    """Return the rules that recovered a cell: what they made they cannot check."""
    spent: set[str] = set()
    for reading in (one for one in readings if one.by):
        if "row" in reading.by:
            spent.add(f"requests.row:{reading.row}")
        if "column" in reading.by:
            spent |= {f"requests.handled:{reading.column}", f"requests.balance:{reading.column}"}
        if "total" in reading.by:
            spent.add(f"disputes.total:{reading.row}")
    return spent


def check_years(
    reports: Reports,
    statistics: Statistics,
    sentences: Sentences | None = None,
    *,
    series: Callable[[str], str] = str,
) -> Checks:
    """Check the rules between a report and its agency's of the year before, where exactly one is there.

    Args:
        reports: `reports` rows, with `report_id`, `agency`, `region_code`, `year` and `form`.
        statistics: `statistics` rows of those reports.
        sentences: `sentences` rows; without them no growth asserted in the prose is checked.
        series: Tells under which name an agency goes on (`measure.series.series_name`).

    Returns:
        `checks`, in the order of the reports; a rule stands with the later report.
    """
    cells = _cells_by_report(statistics)
    texts = _texts_by_report(sentences) if sentences is not None else {}
    known = records(reports)
    of_year: dict[tuple[object, object], list[dict[str, object]]] = defaultdict(list)
    for report in known:
        if isinstance(report["agency"], str):
            of_year[series(report["agency"]), report["year"]].append(report)
    rows: list[dict[str, object]] = []
    for report in known:
        own, year = cells.get(str(report["report_id"]), {}), report["year"]
        if not isinstance(report["agency"], str) or not isinstance(year, int | float) or not own:
            continue
        last = of_year.get((series(report["agency"]), year - 1), [])
        own_name = [r for r in last if r["agency"] == report["agency"]]
        last = own_name or last
        if len(last) != 1:
            continue
        before = cells.get(str(last[0]["report_id"]), {})
        both_2021 = report["form"] == last[0]["form"] == "2021"
        key = {name: report[name] for name in ("report_id", "agency", "region_code", "year")}
        told = growth_checks(own, before, texts.get(str(report["report_id"]), ()))
        rows += [key | check._asdict() for check in (*_year_checks(own, before, in_force=both_2021), *told)]
    return frame_of("checks", rows)


def _cells_by_report(statistics: Statistics) -> dict[str, Cells]:
    cells: dict[str, Cells] = defaultdict(dict)
    columns = ("report_id", "table", "row", "column", "value", "where")
    for report_id, table, row, column, value, where in zip(
        *(statistics[c].tolist() for c in columns), strict=True
    ):
        cells[report_id][table, row, column] = (
            None if value is None or value != value else float(value),
            where,
        )
    return cells


def _texts_by_report(sentences: Sentences) -> dict[str, list[tuple[str, str, str]]]:
    texts: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    columns = ("report_id", "section", "heading", "text")
    for report_id, section, heading, text in zip(*(sentences[c].tolist() for c in columns), strict=True):
        texts[report_id].append((section, heading or "", text))
    return texts


def _table_checks(cells: Cells) -> Iterator[Check]:
    """Check the rules of the tables that the report has."""
    rows: dict[str, set[str]] = defaultdict(set)
    for table, row, _ in cells:
        rows[table].add(row)
    rules: list[_Rule] = []
    if of_requests := rows["requests"]:
        rules += _request_rules(("other_handling",) if "other_handling" in of_requests else OTHER_HANDLING)
    if of_annex := rows["annex"]:
        rules += _annex_rules(form_of_annex(of_annex))
    if rows["disputes"]:
        rules += _DISPUTE_RULES
    return (_decide(rule, cells) for rule in rules)


@functools.cache
def _request_rules(others: tuple[str, ...]) -> tuple[_Rule, ...]:
    """Return the rules of the requests table, whose part 其他处理 has these rows."""
    results = (*RESULTS, *others)
    handled = (*results, "total_handled")
    columns = (*APPLICANTS, "total")

    def cells_of(rows: Sequence[str], column: str) -> list[Key]:
        return [("requests", row, column) for row in rows]

    return (
        *(
            _Rule(f"requests.row:{row}", [("requests", row, c) for c in APPLICANTS], cells_of([row], "total"))
            for row in ("new_requests", "carried_in", *handled, "carried_out")
        ),
        *(
            _Rule(f"requests.handled:{c}", cells_of(results, c), cells_of(["total_handled"], c))
            for c in columns
        ),
        *(
            _Rule(
                f"requests.balance:{c}",
                cells_of(["new_requests", "carried_in"], c),
                cells_of(["total_handled", "carried_out"], c),
            )
            for c in columns
        ),
    )


@functools.cache
def _annex_rules(form: str) -> tuple[_Rule, ...]:
    """Return the rules of the annex: what its layers sum, and what stands under 其中."""

    def counts(*rows: str) -> list[Key]:
        return [("annex", row, "count") for row in rows]

    sums, within = (annex_data()[name][form] for name in ("sums", "within"))
    return (
        *(_Rule(f"annex.sum:{whole}", counts(*parts), counts(whole)) for whole, parts in sums.items()),
        *(
            _Rule(f"annex.within:{part}", counts(part), counts(whole), within=True)
            for part, whole in within.items()
        ),
    )


_DISPUTE_RULES = tuple(
    _Rule(f"disputes.total:{b}", [("disputes", b, o) for o in OUTCOMES], [("disputes", b, "total")])
    for b in BLOCKS
)


def _decide(rule: _Rule, cells: Cells) -> Check:
    """Evaluate one rule; see the module for blanks."""
    sides = [[*filter(None, map(cells.get, keys))] for keys in (rule.left, rule.minus, rule.right)]
    values = [[value for value, _ in side if value is not None] for side in sides]
    left, right = sum(values[0]) - sum(values[1]), sum(values[2])
    holds: bool | None = left < right + 0.005 if rule.within else abs(left - right) < 0.005
    note = ""
    if sum(map(len, values)) < len(rule.left) + len(rule.minus) + len(rule.right):
        if holds and not rule.within and (values[0] or values[2]):
            note = "holds with blanks read as zero"
        else:
            holds, note = None, "undecided: an operand is blank"
    places = [where for side in sides for _, where in side]
    said = say_places(places[:: max(len(places) - 1, 1)])  # the first and the last
    return Check(rule.name, left if values[0] else None, right if values[2] else None, holds, note, said)


def _year_checks(own: Cells, before: Cells, *, in_force: bool) -> Iterator[Check]:
    """Compare a report with the same agency's of the year before."""
    both = {("this", *k): v for k, v in own.items()} | {("last", *k): v for k, v in before.items()}
    joined: Cells = {(year, table, f"{row}.{column}"): v for (year, table, row, column), v in both.items()}
    for row in ("regulations", "normative_documents") if in_force else ():
        old, new = ("last", "proactive", f"{row}.in_force"), ("this", "proactive", f"{row}.in_force")
        if old in joined and new in joined:
            issued, repealed = (("this", "proactive", f"{row}.{c}") for c in ("issued", "repealed"))
            yield _decide(_Rule(f"years.in_force:{row}", [old, issued], [new], [repealed]), joined)
    for column in (*APPLICANTS, "total"):
        old, new = ("last", "requests", f"carried_out.{column}"), ("this", "requests", f"carried_in.{column}")
        if old in joined and new in joined:
            yield _decide(_Rule(f"years.carry:{column}", [old], [new]), joined)
