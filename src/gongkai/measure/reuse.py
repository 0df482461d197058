"""Text that was there before: at other agencies, in last year's report, in the same report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gongkai.errors import MeasureError, SchemaError
from gongkai.measure.similar import like_pairs, mask, weigh
from gongkai.tables.schema import UNCOUNTED_SECTIONS, frame_of, records

if TYPE_CHECKING:
    from collections.abc import Sequence

    import scipy.sparse as sp

    from gongkai.tables.schema import Measures, Reports, Sentences, Table

    Vector = np.ndarray[Any, np.dtype[Any]]

THRESHOLD, ACROSS_PARTS = 0.5, 0.7
"""Cosine from which a sentence of the own last report counts as taken over, and where it moved between the
problems, the improvements and the rest. THRESHOLD was chosen on the first 72 reports of the bundled truth,
ACROSS_PARTS on all 120 (docs/methods.md)."""
OTHERS_THRESHOLD, OTHERS_WEAK = 0.55, 0.35
"""Cosine of the sentences that show that two reports are related, and of the further ones then counted;
chosen on the first 72 reports."""
MAX_SHARE, MIN_SHARED = 0.1, 2
MIN_LENGTH = 6
_PARTS = {"problems": 1, "improvements": 2}
_NEEDED = ("sentence_id", "report_id", "agency", "year", "section", "text")


def _known(sentences: Sentences, *, preambles: bool) -> Table:
    missing = [c for c in _NEEDED if c not in sentences.columns]
    if missing:
        raise SchemaError(f"sentences lack {', '.join(missing)}; they have {', '.join(sentences.columns)}")
    kept = sentences[sentences["agency"].notna() & sentences["year"].notna()]
    if not preambles:
        kept = kept[~kept["section"].isin(UNCOUNTED_SECTIONS)]
    if kept.empty:
        raise MeasureError("no sentence of a report whose agency and year are known")
    bare = [text.replace(str(a), "") for text, a in zip(kept["text"], kept["agency"], strict=True)]
    return kept.assign(_masked=[mask(t) for t in bare]).reset_index(drop=True)


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
    - `sticky`: (an n-gram of `n_own` words) in the agency's own report of the year before; undefined
    without it;
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
        The `sentences` rows that `reuse` counts, with `words` and, true or false, `shared`, `sticky` (null
        without a report of the year before) and `redundant`. The arguments are those of `reuse`.

    Raises:
        SchemaError: A column is missing.
        MeasureError: No sentence is left, or `share` is not in (0, 1].
    """
    if not 0 < share <= 1:
        raise MeasureError(f"share is {share}; expected a share of agencies in (0, 1]")
    frame = _known(sentences, preambles=False)
    if "tokens" not in frame.columns or any(c not in frame.columns for c in within):
        raise SchemaError(f"sentences need tokens and {', '.join(within)}")
    words = [_words(tokens) for tokens in frame["tokens"]]
    groups = agency_years(frame)
    sticky, defined = _sticky_flags(words, groups, n_own)
    return frame.drop(columns="_masked").assign(
        words=[len(w) for w in words],
        shared=_shared_flags(frame, words, n, share, list(within)),
        sticky=pd.Series(sticky, dtype="boolean").where(defined),
        redundant=_redundant_flags(words, groups, n_within),
    )


def agency_years(frame: Table) -> dict[tuple[str, int], Vector]:
    """Return the rows of each agency and year, in order."""
    found: dict[Any, Any] = frame.groupby(["agency", "year"], sort=True).indices
    return {(str(agency), int(year)): rows for (agency, year), rows in found.items()}


def _words(tokens: Sequence[str]) -> list[str]:
    masked = ("0" if t[:1].isdigit() else t for t in tokens)
    return [t for t in masked if t == "0" or any(c.isalpha() for c in t)]


def _grams(words: Sequence[str], n: int) -> set[tuple[str, ...]]:
    return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)}


def _shared_flags(frame: Table, words: list[list[str]], n: int, share: float, within: list[str]) -> Vector:
    flags = np.zeros(len(frame), bool)
    agency = frame["agency"].to_numpy()
    for _, of_set in frame.groupby(within, sort=False, dropna=False):
        index = frame.index.get_indexer(of_set.index)
        users: dict[tuple[str, ...], set[object]] = {}
        for row in index:
            for gram in _grams(words[row], n):
                users.setdefault(gram, set()).add(agency[row])
        others = len(set(agency[index])) - 1
        needed = max(2, int(np.ceil(share * others)))
        for row in index:
            flags[row] = any(len(users[g] - {agency[row]}) >= needed for g in _grams(words[row], n))
    return flags


def _sticky_flags(
    words: list[list[str]], groups: dict[tuple[str, int], Vector], n: int
) -> tuple[Vector, Vector]:
    flags, defined = np.zeros(len(words), bool), np.zeros(len(words), bool)
    for (agency, year), index in groups.items():
        before = groups.get((agency, year - 1))
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


def copied(
    sentences: Sentences,
    *,
    threshold: float = THRESHOLD,
    others: float = OTHERS_THRESHOLD,
    weak: float = OTHERS_WEAK,
    max_share: float = MAX_SHARE,
    min_shared: int = MIN_SHARED,
) -> Table:
    """Find the sentences taken over from the agency's own last report, or from another agency's of the year.

    Likeness is the cosine of `similar.weigh`, the agency's own name left out. A promise that next year's
    overview reports as done is alike but no copy (`followup` has it): a sentence that moved between
    problems, improvements and the rest counts from `ACROSS_PARTS` on. For other agencies, stock phrases are
    no evidence: a sentence that more than `max_share` of the other agencies have too (and more than two) is
    left out. Two reports are related when they share `min_shared` sentences of `others`; then all from
    `weak` on count, as in a threshold with hysteresis (Canny 1986).

    Args:
        sentences: `sentences` rows.
        threshold: Cosine from which a sentence of the own last report counts as taken over.
        others: Cosine from which two agencies' sentences are evidence.
        weak: Cosine from which sentences of two related reports count.
        max_share: Largest share of the other agencies of the year with such a sentence; two may always.
        min_shared: Fewest sentences that are evidence for a pair of reports.

    Returns:
        One row per sentence and source: `sentence_id, agency, year, text, source_id, source_agency,
        source_year, source_text, kind` (`own` or `other`)`, similarity, edited` (False: equal but for
        numbers and the agency's name). A sentence shared with another agency stands twice, once on each
        side: who was first is for `copy_network` to say.

    Raises:
        SchemaError: A column is missing.
        MeasureError: No sentence is left.
    """
    frame = _known(sentences, preambles=True)
    frame["_part"] = frame["section"].map(_PARTS).fillna(0).astype(int)
    matrix = weigh(frame["_masked"].tolist(), frame["agency"].tolist())
    pairs = pd.concat(
        [
            _from_own(frame, matrix, threshold).assign(kind="own"),
            _shared_with_others(frame, matrix, (others, weak), max_share, min_shared).assign(kind="other"),
        ],
        ignore_index=True,
    )
    rows, sources = pairs["a"].to_numpy(int), pairs["b"].to_numpy(int)
    about = frame.loc[rows, ["sentence_id", "report_id", "agency", "year", "text"]].reset_index(drop=True)
    source = frame.loc[sources, ["sentence_id", "report_id", "agency", "year", "text"]].reset_index(drop=True)
    source.columns = ["source_id", "source_report_id", "source_agency", "source_year", "source_text"]
    masked = frame["_masked"].to_numpy()
    return pd.concat([about, source], axis=1).assign(
        kind=pairs["kind"], similarity=pairs["cosine"], edited=masked[rows] != masked[sources]
    )


def _from_own(frame: Table, matrix: sp.csr_matrix, threshold: float) -> Table:
    """Return (a, b, cosine): each sentence with the one most like it in the own report of the year before."""
    part = frame["_part"].to_numpy()
    groups = agency_years(frame)
    found = [pd.DataFrame({"a": [], "b": [], "cosine": []})]
    for (agency, year), index in groups.items():
        before = groups.get((agency, year - 1))
        if before is None:
            continue
        cosine = np.minimum((matrix[index] @ matrix[before].T).toarray(), 1.0)
        cosine[(part[index][:, None] != part[before]) & (cosine < ACROSS_PARTS)] = 0
        match, best = cosine.argmax(axis=1), cosine.max(axis=1)
        kept = best >= threshold
        found.append(pd.DataFrame({"a": index[kept], "b": before[match[kept]], "cosine": best[kept]}))
    return pd.concat(found, ignore_index=True)


def _shared_with_others(
    frame: Table, matrix: sp.csr_matrix, limits: tuple[float, float], max_share: float, min_shared: int
) -> Table:
    """Return (a, b, cosine): the best counterpart of each sentence in each related report of the year."""
    strong, weak = limits
    agency = pd.factorize(frame["agency"])[0]
    part = frame["_part"].to_numpy()
    long_enough = frame["_masked"].str.len().to_numpy() >= MIN_LENGTH
    found = [pd.DataFrame({"a": [], "b": [], "cosine": [], "A": [], "B": []})]
    for _, of_year in frame.groupby("year", sort=True):
        index = frame.index.get_indexer(of_year.index)
        rows = index[long_enough[index]]
        left, right, cosine = like_pairs(matrix[rows], matrix[rows], weak)
        a, b = rows[left], rows[right]
        apart = (agency[a] != agency[b]) & ((part[a] == part[b]) | (cosine >= ACROSS_PARTS))
        a, b, cosine = a[apart], b[apart], cosine[apart]
        pairs = pd.DataFrame({"a": a, "b": b, "cosine": cosine, "A": agency[a], "B": agency[b]})
        evidence = pairs[pairs["cosine"] >= strong]
        sharers = evidence.groupby("a")["B"].nunique()
        most = np.maximum(pairs["a"].map(sharers).fillna(0), pairs["b"].map(sharers).fillna(0))
        pairs = pairs[most <= max(2, int(max_share * (of_year["agency"].nunique() - 1)))]
        # The best counterpart in each other report, not all of them.
        order = ["a", "B", "cosine", "b"]
        pairs = pairs.sort_values(order, ascending=[True, True, False, True]).drop_duplicates(["a", "B"])
        strongly = pairs["a"].where(pairs["cosine"] >= strong)
        counts = strongly.groupby([pairs["A"], pairs["B"]]).nunique().to_dict()
        related = [
            min(counts.get((x, y), 0), counts.get((y, x), 0)) >= min_shared
            for x, y in zip(pairs["A"], pairs["B"], strict=True)
        ]
        found.append(pairs[related])
    return pd.concat(found, ignore_index=True).sort_values(["a", "b"])[["a", "b", "cosine"]]


def copy_network(copies: Table, reports: Reports, *, sentences: Sentences) -> Table:
    """Return which pairs of agencies share text that few others have, and who was probably first.

    Args:
        copies: What `copied` gave.
        reports: `reports` rows; for publication dates, levels and regions.
        sentences: The `sentences` that `copied` took; for the length of the reports.

    Returns:
        One row per pair of reports of two agencies and one year: `agency, other, year, sentences` (of
        `agency` that are shared), `share` (characters of the shared sentences of both over characters of
        both reports: weighted by length and symmetric), `relation` (`superior`: the other stands above it
        in the same region; `subordinate`; `peer`), `first` (which published earlier, null when a date is
        missing or the same),
        `cluster` (number of the connected group of that year). Ordered by `sentences`.
    """
    shared = copies[copies["kind"] == "other"]
    about = {row["report_id"]: row for row in records(reports)}
    length = dict(zip(sentences["sentence_id"], sentences["text"].str.len(), strict=True))
    whole = sentences["text"].str.len().groupby(sentences["report_id"]).sum().to_dict()
    rows: list[dict[str, object]] = []
    for key, part in shared.groupby(["report_id", "source_report_id"], sort=True):
        report, other = key
        if str(part["agency"].iloc[0]) > str(part["source_agency"].iloc[0]):
            continue  # the pair stands once, its agencies in order
        mine, theirs = about[str(report)], about[str(other)]
        back = shared[(shared["report_id"] == other) & (shared["source_report_id"] == report)]
        shared_ids = {*part["sentence_id"], *part["source_id"], *back["sentence_id"], *back["source_id"]}
        dates = (mine["published"], theirs["published"])
        known = all(isinstance(d, str) for d in dates) and dates[0] != dates[1]
        rows.append(
            {
                "agency": mine["agency"],
                "other": theirs["agency"],
                "year": int(part["year"].iloc[0]),
                "sentences": int(part["sentence_id"].nunique()),
                "share": sum(length[i] for i in shared_ids) / (whole[report] + whole[other]),
                "relation": _relation(mine, theirs),
                "first": (mine if dates[0] < dates[1] else theirs)["agency"] if known else None,
            }
        )
    columns = ["agency", "other", "year", "sentences", "share", "relation", "first", "cluster"]
    table = pd.DataFrame(rows, columns=columns[:-1])
    table["cluster"] = _clusters(table)
    return table.sort_values(["sentences", "agency", "other", "year"], ascending=[False, True, True, True])[
        columns
    ].reset_index(drop=True)


_LEVELS = {"nation": 0, "province": 1, "city": 2, "county": 3, "township": 4}


def _relation(mine: dict[str, Any], theirs: dict[str, Any]) -> str:
    ranks = (_LEVELS.get(str(mine["level"])), _LEVELS.get(str(theirs["level"])))
    if None in ranks or ranks[0] == ranks[1]:
        above = {"government", "office"}
        same_place = mine["region"] == theirs["region"] and isinstance(mine["region"], str)
        if same_place and (mine["kind"] in above) != (theirs["kind"] in above):
            return "superior" if theirs["kind"] in above else "subordinate"
        return "peer"
    return "superior" if ranks[1] < ranks[0] else "subordinate"  # type: ignore[operator]


def _clusters(pairs: Table) -> list[int]:
    """Number the connected groups of agencies, year by year."""
    root: dict[tuple[object, object], tuple[object, object]] = {}

    def find(key: tuple[object, object]) -> tuple[object, object]:
        while root.setdefault(key, key) != key:
            key = root[key]
        return key

    for row in pairs.itertuples():
        root[find((row.year, row.other))] = find((row.year, row.agency))
    numbers: dict[tuple[object, object], int] = {}
    return [numbers.setdefault(find((row.year, row.agency)), len(numbers)) for row in pairs.itertuples()]
