"""Text that was there before: at other agencies, in last year's report, in the same report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gongkai.errors import MeasureError, SchemaError
from gongkai.measure.series import series_name
from gongkai.tables.schema import UNCOUNTED_SECTIONS, frame_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gongkai.tables.schema import Measures, Sentences, Table

    Vector = np.ndarray[Any, np.dtype[Any]]

_NEEDED = ("sentence_id", "report_id", "agency", "year", "section", "text")


def known_sentences(sentences: Sentences, *, preambles: bool) -> Table:
    """Return the sentences of reports whose agency and year are known, with or without preambles.

    Raises:
        SchemaError: A column is missing.
        MeasureError: No sentence is left.
    """
    missing = [c for c in _NEEDED if c not in sentences.columns]
    if missing:
        raise SchemaError(f"sentences lack {', '.join(missing)}; they have {', '.join(sentences.columns)}")
    kept = sentences[sentences["agency"].notna() & sentences["year"].notna()]
    if not preambles:
        kept = kept[~kept["section"].isin(UNCOUNTED_SECTIONS)]
    if kept.empty:
        raise MeasureError("no sentence of a report whose agency and year are known")
    return kept.reset_index(drop=True)


def reuse(
    sentences: Sentences,
    *,
    n: int = 4,
    share: float = 0.3,
    n_own: int = 8,
    n_within: int = 10,
    within: Sequence[str] = ("year",),
) -> Measures:
    """Measure how much of each report's text was there before (Lang & Stice-Lawrence 2015).

    A word counts as reused when its sentence holds an n-gram of words (numbers masked) that also stands

    - `shared`: in at least `share` of the other agencies' reports of the same reference set, and in two;
    undefined where the set has fewer than two others;
    - `sticky`: (an n-gram of `n_own` words) in the agency's own report of the year before, also under an
    earlier name (`series`); undefined without it;
    - `redundant`: (of `n_within` words) twice in the same report.

    Longer n-grams for the last two, as in the source: there a phrase must be carried over, not merely usual.
    Each measure is weighted by words, so short sentences weigh little.

    Args:
        sentences: `sentences` rows with `tokens`; several reports of one agency and year are taken together.
        n: Words of an n-gram for `shared`.
        share: Of the other agencies in the reference set, in (0, 1].
        n_own: Words of an n-gram for `sticky`.
        n_within: Words of an n-gram for `redundant`.
        within: Columns that define the reference set; `("year", "region_code")` compares inside a region.

    Returns:
        `measures` rows with `agency, year`: `value` is a share of words, `n` the sentences; no interval,
        because the reports are compared whole. `method` names n and the share.

    Raises:
        SchemaError: A column is missing.
        MeasureError: No sentence is left.
    """
    flags = reused_sentences(sentences, n=n, share=share, n_own=n_own, n_within=n_within, within=within)
    method = {"redundant": f"{n_within}-gram twice", "shared": f"{n}-gram in {share:g} of others",
              "sticky": f"{n_own}-gram in own last report"}  # fmt: skip
    return _measured(flags, method)


def _measured(flags: Table, method: dict[str, str]) -> Measures:
    """Return the share of words in flagged sentences, by agency and year, of each measure."""
    rows: list[dict[str, object]] = []
    for (agency, year), index in agency_years(flags).items():
        part = flags.iloc[index]
        total = int(part["words"].sum())
        for name in method:
            known = total and part[name].notna().all()
            value = float((part[name].astype(float) * part["words"]).sum() / total) if known else None
            rows.append(
                {"agency": agency, "year": year, "measure": name, "method": method[name], "label": "words",
                 "n": len(part), "clusters": 1, "cluster": "report", "value": value, "level": 0.95}
            )  # fmt: skip
    keys = pd.DataFrame([{c: r[c] for c in ("agency", "year")} for r in rows])
    return pd.concat([keys, frame_of("measures", rows)], axis=1)


def reuse_placebo(sentences: Sentences, *, n_own: int = 8, seed: int = 0) -> Measures:
    """Measure `sticky` against another agency's report of the year before: what the genre alone gives.

    Args:
        sentences: As in `reuse`.
        n_own: As in `reuse`.
        seed: Which other agency stands in; each stands in once.

    Returns:
        `measures` rows with `agency, year` of measure `sticky_placebo`, as `reuse` gives `sticky`; null where
        no other agency has reports of the same two years.

    Raises:
        SchemaError: A column is missing.
        MeasureError: No sentence is left.
    """
    frame = known_sentences(sentences, preambles=False)
    if "tokens" not in frame.columns:
        raise SchemaError("sentences need tokens")
    words = [_words(tokens) for tokens in frame["tokens"]]
    groups = agency_years(frame)
    last = last_reports(groups)
    strange: dict[tuple[str, int], Vector] = {}
    for year in sorted({year for _, year in last}):
        of_year = [key for key in last if key[1] == year]
        order = np.random.default_rng(seed).permutation(len(of_year))
        if len(of_year) > 1:
            strange |= {of_year[a]: last[of_year[b]] for a, b in zip(order, np.roll(order, 1), strict=True)}
    flags, defined = _sticky_flags(words, groups, n_own, strange)
    return _measured(
        frame.assign(
            words=[len(w) for w in words],
            sticky_placebo=pd.Series(flags, dtype="boolean").where(defined),
        ),
        {"sticky_placebo": f"{n_own}-gram in another agency's last report"},
    )


def reused_sentences(
    sentences: Sentences,
    *,
    n: int = 4,
    share: float = 0.3,
    n_own: int = 8,
    n_within: int = 10,
    within: Sequence[str] = ("year",),
) -> Table:
    """Return the sentences behind `reuse`: which hold text that was there before.

    Returns:
        The `sentences` rows that `reuse` counts, with `words` and, true or false, `shared` (null with fewer
        than two other agencies), `sticky` (null without a report of the year before) and `redundant`. The
        arguments are those of `reuse`.

    Raises:
        SchemaError: A column is missing.
        MeasureError: No sentence is left, or `share` is not in (0, 1].
    """
    if not 0 < share <= 1:
        raise MeasureError(f"share is {share}; expected a share of agencies in (0, 1]")
    frame = known_sentences(sentences, preambles=False)
    if "tokens" not in frame.columns or any(c not in frame.columns for c in within):
        raise SchemaError(f"sentences need tokens and {', '.join(within)}")
    words = [_words(tokens) for tokens in frame["tokens"]]
    groups = agency_years(frame)
    sticky, defined = _sticky_flags(words, groups, n_own, last_reports(groups))
    shared, enough = _shared_flags(frame, words, n, share, list(within))
    return frame.assign(
        words=[len(w) for w in words],
        shared=pd.Series(shared, dtype="boolean").where(enough),
        sticky=pd.Series(sticky, dtype="boolean").where(defined),
        redundant=_redundant_flags(words, groups, n_within),
    )


def agency_years(frame: Table) -> dict[tuple[str, int], Vector]:
    """Return the rows of each agency and year, in order."""
    found: dict[Any, Any] = frame.groupby(["agency", "year"], sort=True).indices
    return {(str(agency), int(year)): rows for (agency, year), rows in found.items()}


def last_reports(groups: dict[tuple[str, int], Vector]) -> dict[tuple[str, int], Vector]:
    """Return for each agency and year the rows of its series' year before, also under an earlier name.

    There are none where two agencies of the series have a report of that year.
    """
    of_series: dict[tuple[str, int], list[Vector]] = {}
    for (agency, year), rows in groups.items():
        of_series.setdefault((series_name(agency), year), []).append(rows)
    found = {}
    for agency, year in groups:
        before = of_series.get((series_name(agency), year - 1), [])
        own = groups.get((agency, year - 1))
        if own is not None or len(before) == 1:
            found[agency, year] = before[0] if own is None else own
    return found


def _words(tokens: Sequence[str]) -> list[str]:
    masked = ("0" if t[:1].isdigit() else t for t in tokens)
    return [t for t in masked if t == "0" or any(c.isalpha() for c in t)]


def _grams(words: Sequence[str], n: int) -> set[tuple[str, ...]]:
    return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)}


def _shared_flags(
    frame: Table, words: list[list[str]], n: int, share: float, within: list[str]
) -> tuple[Vector, Vector]:
    flags, enough = np.zeros(len(frame), bool), np.zeros(len(frame), bool)
    agency = frame["agency"].to_numpy()
    for _, of_set in frame.groupby(within, sort=False, dropna=False):
        index = frame.index.get_indexer(of_set.index)
        users: dict[tuple[str, ...], set[object]] = {}
        for row in index:
            for gram in _grams(words[row], n):
                users.setdefault(gram, set()).add(agency[row])
        others = len(set(agency[index])) - 1
        needed = max(2, int(np.ceil(share * others)))
        enough[index] = others >= 2
        for row in index:
            flags[row] = any(len(users[g] - {agency[row]}) >= needed for g in _grams(words[row], n))
    return flags, enough


def _sticky_flags(
    words: list[list[str]],
    groups: dict[tuple[str, int], Vector],
    n: int,
    last: dict[tuple[str, int], Vector],
) -> tuple[Vector, Vector]:
    flags, defined = np.zeros(len(words), bool), np.zeros(len(words), bool)
    for key, index in groups.items():
        before = last.get(key)
        if before is None:
            continue
        defined[index] = True
        known = set().union(*(_grams(words[row], n) for row in before))
        whole = {tuple(words[row]) for row in before}  # a sentence shorter than n words, taken over whole
        for row in index:
            flags[row] = bool(_grams(words[row], n) & known) or (
                0 < len(words[row]) < n and tuple(words[row]) in whole
            )
    return flags, defined


def _redundant_flags(words: list[list[str]], groups: dict[tuple[str, int], Vector], n: int) -> Vector:
    flags = np.zeros(len(words), bool)
    for index in groups.values():
        seen: dict[tuple[str, ...], int] = {}
        for row in index:
            for gram in [tuple(words[row][i : i + n]) for i in range(len(words[row]) - n + 1)]:
                seen[gram] = seen.get(gram, 0) + 1
        for row in index:
            flags[row] = any(seen[g] > 1 for g in _grams(words[row], n))
    return flags


def reuse_sensitivity(
    sentences: Sentences,
    *,
    sizes: Sequence[int] = (3, 4, 5),
    shares: Sequence[float] = (0.1, 0.3, 0.5),
    within: Sequence[str] = ("year",),
) -> Table:
    """Return the mean of `shared` for each n and share: a result that turns with them is none.

    Args:
        sentences: `sentences` rows with `tokens`.
        sizes: Words of an n-gram.
        shares: Of the other agencies in the reference set, each in (0, 1].
        within: Columns that define the reference set.

    Returns:
        One row per choice: `n, share, mean, low_agency, high_agency` (the smallest and largest agency-year).
    """
    rows = []
    for n in sizes:
        for share in shares:
            found = reuse(sentences, n=n, share=share, within=within)
            values = found.loc[found["measure"] == "shared", "value"]
            rows.append(
                {
                    "n": n,
                    "share": share,
                    "mean": values.mean(),
                    "low_agency": values.min(),
                    "high_agency": values.max(),
                }
            )
    return pd.DataFrame(rows)
