"""Who shares text with whom: pairs of agencies, their relation, and the groups they make."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from gongkai.measure.wording.copies import connected, possible_date
from gongkai.tables.query import table_parts
from gongkai.tables.schema import Reports, Sentences, Table, records

if TYPE_CHECKING:
    Vector = np.ndarray[Any, np.dtype[Any]]

_LEVELS = {"nation": 0, "province": 1, "city": 2, "county": 3, "township": 4}


def copy_network(copies: Table, reports: Reports, *, sentences: Sentences | str | Path) -> Table:
    """Return which pairs of agencies share text that few others have, and who was probably first.

    Args:
        copies: What `copied` gave.
        reports: `reports` rows; for publication dates, levels and regions.
        sentences: The `sentences`, or the folder, that `copied` took; for the length of the reports.

    Returns:
        One row per pair of reports of two agencies and one year: `agency, other, year, sentences` (of
        `agency` that are shared), `share` (characters of the shared sentences of both over characters of
        both reports: weighted by length and symmetric), `relation` (`superior`: the other stands above it
        in the same region; `subordinate`; `peer`), `first` (which published earlier, null when a date is
        missing or the same),
        `cluster` (number of the connected group of that year). Ordered by `sentences`.
    """
    shared = copies[(copies["kind"] == "other") & (copies["year"] == copies["source_year"])]
    about = {row["report_id"]: row for row in records(reports)}
    pairs: dict[Any, Table] = dict(iter(shared.groupby(["report_id", "source_report_id"], sort=True)))
    whole = _lengths(sentences)
    length = {
        sentence: len(text)
        for side in (("sentence_id", "text"), ("source_id", "source_text"))
        for sentence, text in zip(*(shared[c] for c in side), strict=True)
    }
    rows: list[tuple[object, ...]] = []
    for (report, other), part in pairs.items():
        if str(part["agency"].iloc[0]) > str(part["source_agency"].iloc[0]):
            continue  # the pair stands once, its agencies in order
        mine, theirs = about[report], about[other]
        back = pairs.get((other, report), part)
        shared_ids = {*part["sentence_id"], *part["source_id"], *back["sentence_id"], *back["source_id"]}
        year = int(part["year"].iloc[0])
        dates = [possible_date(one["published"], year) for one in (mine, theirs)]
        known = None not in dates and dates[0] != dates[1]
        rows.append(
            (
                mine["agency"], theirs["agency"], year, int(part["sentence_id"].nunique()),
                sum(length[i] for i in shared_ids) / (whole[report] + whole[other]), _relation(mine, theirs),
                (mine if str(dates[0]) < str(dates[1]) else theirs)["agency"] if known else None,
            )
        )  # fmt: skip
    columns = ["agency", "other", "year", "sentences", "share", "relation", "first"]
    table = pd.DataFrame(rows, columns=columns)
    order = ["sentences", "agency", "other", "year"]
    table = table.assign(cluster=_clusters(table)).sort_values(order, ascending=[False, True, True, True])
    return table.reset_index(drop=True)


def _lengths(sentences: Sentences | str | Path) -> Counter[str]:
    """Return the characters of each report."""
    whole: Counter[str] = Counter()
    for part in table_parts(sentences, "sentences", ["report_id", "text"]):
        size = pc.fill_null(pc.utf8_length(part["text"]), 0)
        for report, characters in zip(part["report_id"].to_pylist(), size.to_pylist(), strict=True):
            whole[report] += characters
    return whole


def _relation(mine: dict[str, Any], theirs: dict[str, Any]) -> str:
    ranks = (_LEVELS.get(str(mine["level"])), _LEVELS.get(str(theirs["level"])))
    if None in ranks or ranks[0] == ranks[1]:
        above = {"government", "office"}
        same_place = mine["region"] == theirs["region"] and isinstance(mine["region"], str)
        if same_place and (mine["kind"] in above) != (theirs["kind"] in above):
            return "superior" if theirs["kind"] in above else "subordinate"
        return "peer"
    return "superior" if ranks[1] < ranks[0] else "subordinate"  # type: ignore[operator]


def _clusters(pairs: Table) -> Vector:
    """Number the connected groups of agencies, year by year."""
    if pairs.empty:
        return np.zeros(0, int)
    ends = [
        pd.MultiIndex.from_frame(pairs[["year", c]], names=["year", "agency"]) for c in ("agency", "other")
    ]
    left, right = pd.factorize(ends[0].append(ends[1]))[0].reshape(2, -1)
    return pd.factorize(connected(left, right)[1][left])[0]
