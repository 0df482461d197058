"""Differences between two groups, two years, an agency and its peers, a report and the one before."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gongkai.errors import MeasureError
from gongkai.measure.agencies.coverage import uneven_years
from gongkai.measure.inference.estimate import share_of_sums
from gongkai.measure.inference.groups import groups_by, measured
from gongkai.measure.inference.intervals import FEWEST, Moment, difference_interval, share_interval, told
from gongkai.measure.inference.scores import ratio_moment
from gongkai.measure.shares.outcomes import as_sums, sums_of
from gongkai.measure.shares.prevalence import named
from gongkai.measure.shares.years import form_break
from gongkai.measure.wording.similar import mask, weigh
from gongkai.tables.columns import refuse_lacking
from gongkai.tables.schema import Checks, Measures, Sentences, Table

if TYPE_CHECKING:
    Vector = np.ndarray[Any, np.dtype[Any]]

KEPT, EDITED = 0.95, 0.45
"""Cosines from which an aligned sentence counts as kept, and as edited (docs/methods.md)."""


def compare(
    outcomes: Table, *, by: str, first: object, second: object, cluster: str = "agency", level: float = 0.95
) -> Measures:
    """Estimate how far a share differs between two groups: value(second) − value(first).

    Args:
        outcomes: What `outcomes` makes of predictions, with or without `by`: rows with `label`, `outcome` and
            the columns `by` and `cluster`.
        by: Column that holds the groups, e.g. `year`, `kind`, `level`, or `agency`.
        first: The group taken away; None takes all others (an agency against its peers).
        second: The group of interest.
        cluster: What counts as one draw, `agency` or `report_id`. A group that is one agency is drawn by its
            reports where it has three, else by its sentences under one heading.
        level: Coverage of the interval, in (0, 1).

    Returns:
        `measures` rows with `first, second, p_value`, one per label: `value` is a difference of shares in
        [−1, 1], `clusters` the units of both groups, `cluster` what they are (of the first / of the second
        where these differ). The interval joins those of the two shares
        (`intervals.difference_interval`), with what they have in common where clusters stand in both, as
        agencies do in two years; the p-value is the smallest 1 − level whose interval leaves out 0. Both are
        null, and `note` says why, where a group has fewer than three units. `note` also says where the form
        of reports changed between the groups (2021) and, of years, where they rest on different agencies.

    Raises:
        SchemaError: A column is missing.
        MeasureError: A group has no sentence, or both are one.
    """
    refuse_lacking("outcomes", outcomes, (by, cluster, "label", "outcome"))
    if first == second:
        raise MeasureError(f"{by}: first and second are both {first!r}; a difference needs two groups")
    outcomes = as_sums(outcomes)
    in_second = (outcomes[by] == second).to_numpy()
    in_first = ~in_second if first is None else (outcomes[by] == first).to_numpy()
    _refuse_empty(outcomes[by], ((first, in_first), (second, in_second)))
    uneven = []
    if by == "year" and "agency" in outcomes.columns:
        uneven = uneven_years(outcomes.loc[in_first | in_second, ["agency", "year"]].drop_duplicates())
    rows: list[dict[str, object]] = []
    for label, both in outcomes.assign(_first=in_first, _second=in_second).groupby("label", sort=True):
        parts = [both[both["_first"]], both[both["_second"]]]
        units = [unit_of(part, cluster) for part in parts]
        named = [unit_names(part, unit) for part, unit in zip(parts, units, strict=True)]
        joined = units[0] == units[1]
        names = [pd.unique(pd.concat(named))] * 2 if joined else [pd.unique(n) for n in named]
        moments = [
            share_of(part, pd.Categorical(n, categories=known).codes, len(known))
            for part, n, known in zip(parts, named, names, strict=True)
        ]
        found, p_value = difference_interval(moments[0], moments[1], level, joined=joined)
        breaks = [form_break(*parts)] if "year" in both else []
        rows.append(
            {
                "first": "all others" if first is None else first,
                "second": second,
                "p_value": p_value,
                "measure": "difference",
                "method": "difference",
                "label": label,
                "n": int(sum(part["sentences"].sum() for part in parts)),
                "clusters": len(names[0]) if joined else len(names[0]) + len(names[1]),
                "confidence": level,
                "cluster": " / ".join(dict.fromkeys(units)),
            }
            | told(found)
            | {"note": "; ".join(filter(None, [found.note, *breaks, *uneven])) or None}
        )
    return measured(("first", "second", "p_value"), rows)


def _refuse_empty(groups: pd.Series[Any], sides: Sequence[tuple[object, Vector]]) -> None:
    for name, members in sides:
        if not members.any():
            known = ", ".join(sorted(map(str, groups.dropna().unique())))
            raise MeasureError(f"no sentence where {groups.name} is {name!r}; there are {known}")


def unit_of(part: Table, cluster: str) -> str:
    """Return what counts as one draw in a group: its clusters, or what one agency consists of."""
    if cluster != "agency" or len(pd.unique(part["agency"])) > 1 or "report_id" not in part.columns:
        return cluster
    if part["report_id"].nunique() >= FEWEST or "heading" not in part.columns:
        return "report_id"
    return "passage"


def unit_names(part: Table, unit: str) -> pd.Series[str]:
    """Return the unit of each sentence, as a text."""
    columns = ["report_id", "section", "heading"] if unit == "passage" else [unit]
    texts = [named(part[c]) for c in columns if c in part.columns]
    return functools.reduce(lambda one, more: one + "\0" + more, texts)


def share_of(part: Table, index: Vector, count: int) -> Moment:
    """Return a mean outcome, linearised by the number of the cluster of each row; see `as_sums`."""
    return share_of_sums(*sums_of(part, index, count))


def compare_reports(sentences: Sentences, before: str, after: str) -> Table:
    """Align a report with an earlier one, sentence by sentence.

    Args:
        sentences: `sentences` rows that hold both reports.
        before: `report_id` of the earlier one.
        after: `report_id` of the later one.

    Returns:
        One row per sentence of either: `change` (`kept`: equal but for numbers, or cosine and
        common characters ≥ .95; `edited`: cosine ≥ .45;
        `new`, `dropped`), `before_id, before_text, after_id, after_text, similarity`, in the order of the
        later report, dropped sentences last. Each sentence is aligned at most once, the most alike pairs
        first.

    Raises:
        MeasureError: A report has no sentence here.
    """
    old, new = (sentences[sentences["report_id"] == r].reset_index(drop=True) for r in (before, after))
    for name, part in ((before, old), (after, new)):
        if part.empty:
            raise MeasureError(f"no sentence of report {name}")
    masked = [mask(t) for t in (*old["text"], *new["text"])]
    matrix = weigh(masked, [*range(len(masked))])
    cosine = (matrix[len(old) :] @ matrix[: len(old)].T).toarray()
    cosine[np.array(masked[len(old) :])[:, None] == np.array(masked[: len(old)])[None, :]] = 1.0
    pairs: dict[int, tuple[int, float]] = {}
    used: set[int] = set()
    for position in np.argsort(-cosine, axis=None, kind="stable"):
        i, j = divmod(int(position), len(old))
        if cosine[i, j] < EDITED:
            break
        if i not in pairs and j not in used:
            pairs[i] = (j, float(min(cosine[i, j], 1.0)))
            used.add(j)
    rows: list[tuple[str, int | None, int | None, float | None]] = []
    for i in range(len(new)):
        if i not in pairs:
            rows.append(("new", None, i, None))
            continue
        j, similarity = pairs[i]
        one, other = masked[len(old) + i], masked[j]
        same = similarity >= KEPT and SequenceMatcher(None, one, other, autojunk=False).ratio() >= KEPT
        rows.append(("kept" if same else "edited", j, i, similarity))
    rows += [("dropped", j, None, None) for j in range(len(old)) if j not in used]
    table = pd.DataFrame(rows, columns=["change", "before", "after", "similarity"])
    for side, part in (("before", old), ("after", new)):
        for name, column in (("id", "sentence_id"), ("text", "text")):
            table[f"{side}_{name}"] = part[column].reindex(table[side]).to_numpy()
    return table[["change", "before_id", "before_text", "after_id", "after_text", "similarity"]]


def rule_breaks(checks: Checks, *, by: Sequence[str] = ("year",), level: float = 0.95) -> Measures:
    """Estimate the share of reports with at least one broken rule, and of rules that are broken, by group.

    Args:
        checks: `checks` rows; undecided rules count in neither.
        by: Columns that define a group.
        level: Coverage of the interval, in (0, 1).

    Returns:
        `measures` rows `broken_reports` and `broken_rules`; what counts as one draw is a report. With fewer
        than three there is no interval, and `note` says so.

    Raises:
        SchemaError: A column is missing.
    """
    by = groups_by(by)
    refuse_lacking("checks", checks, (*by, "holds", "report_id"))
    decided = checks[checks["holds"].notna()].assign(_broken=lambda t: ~t["holds"].astype(bool))
    groups = decided.groupby(by, sort=True, dropna=False) if by else [((), decided)]
    rows: list[dict[str, object]] = []
    for key, group in groups:
        per = group.groupby("report_id")["_broken"].agg(["sum", "size"])
        broken, size = per["sum"].to_numpy(float), per["size"].to_numpy(float)
        about = dict(zip(by, key if isinstance(key, tuple) else (key,), strict=True))
        about |= {"method": "count", "label": "checks", "cluster": "report", "clusters": len(per)}
        each = np.arange(len(per))
        for measure, top, bottom in (
            ("broken_reports", (broken > 0).astype(float), np.ones(len(per))),
            ("broken_rules", broken, size),
        ):
            found = share_interval(ratio_moment(top, bottom, each, len(per)), level)
            rows.append(
                about | {"measure": measure, "n": int(bottom.sum()), "confidence": level} | told(found)
            )
    return measured(by, rows)
